"""One panel of a chart on one matplotlib Axes."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.text import Annotation

from havoc.charts import style
from havoc.charts.prepare import (
    CATEGORY_LENGTH,
    LABEL_LENGTH,
    FloatArray,
    Points,
    categories,
    is_mean,
    lies_flat,
    limit_text,
    limit_value,
    limit_x,
    marks,
    names_its_category,
    points,
    thin,
    thin_extremes,
)
from havoc.charts.spec import Limit, Panel, Series
from havoc.text import printable

MOST_POINTS = 10_000
MOST_MARK_TEXTS = 40
MOST_CATEGORY_TICKS = 30
JITTER_BINS = 45


class PanelLabels(NamedTuple):
    """Labels that the figure spreads once it knows where the axes lie."""

    right: list[Annotation]
    top: list[Annotation]


def safe(text: object, limit: int = LABEL_LENGTH) -> str:
    """Text on one line and not too long; the settings switch mathtext off."""
    return printable(text, limit)


def draw_panel(axes: Axes, panel: Panel) -> PanelLabels:
    """Draw ``panel`` and return the labels of its limits."""
    names = categories(panel)
    flat = lies_flat(panel)
    _scales(axes, panel, names)
    if panel.grid is not None:
        _draw_surface(axes, panel)
    else:
        axes.grid(True, axis="x" if flat else "y")
    _draw_series(axes, panel, names, flat)
    labels = PanelLabels([], [])
    for limit in panel.limits:
        _draw_limit(axes, panel, limit, names, flat, labels)
    _label_axes(axes, panel, names, flat)
    if panel.grid is None and not any(len(series.y) for series in panel.series):
        axes.text(0.5, 0.5, "no data", transform=axes.transAxes, ha="center", color=style.MUTED)
    _legend(axes, panel, bool(labels.top))
    return labels


def _scales(axes: Axes, panel: Panel, names: list[str] | None) -> None:
    if panel.y_scale == "log":
        axes.set_yscale("log", nonpositive="mask")
        _log_ticks(axes, "y", [value for series in panel.series for value in series.y])
    if panel.x_scale == "log" and names is None:
        axes.set_xscale("log", nonpositive="mask")
        _log_ticks(
            axes, "x", [v for series in panel.series for v in series.x if isinstance(v, float)]
        )


def _log_ticks(axes: Axes, which: str, values: list[float]) -> None:
    """Plain numbers on a logarithmic axis, 2 and 5 too where there are few decades."""
    positive = [value for value in values if value is not None and value > 0]
    positive = [value for value in positive if math.isfinite(value)]
    decades = math.log10(max(positive) / min(positive)) if positive else 1.0
    axis = axes.yaxis if which == "y" else axes.xaxis
    axis.set_major_locator(ticker.LogLocator(subs=(1.0, 2.0, 5.0) if decades < 3 else (1.0,)))
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(ticker.NullFormatter())


def _draw_series(axes: Axes, panel: Panel, names: list[str] | None, flat: bool) -> None:
    bars = [series for series in panel.series if series.kind == "bars"]
    index = 0
    for series in panel.series:
        data = points(series, names)
        if is_mean(series) and len(panel.series) > 1:
            color, marker = style.MEAN_COLOR, style.MEAN_MARKER
        elif names is not None and names_its_category(series):
            color, marker = style.SERIES_COLORS[0], style.SERIES_MARKERS[0]
        else:
            color = style.SERIES_COLORS[index % len(style.SERIES_COLORS)]
            marker = style.SERIES_MARKERS[index % len(style.SERIES_MARKERS)]
            index += 1
        label = safe(series.name)
        if series.kind == "bars":
            _draw_bars(axes, series, data, bars, names is not None, flat, color)
        elif series.kind == "points":
            _draw_points(axes, series, data, names is not None, color, marker, label)
        else:
            _draw_line(axes, panel, series, data, index, color, marker, label)


def _draw_line(
    axes: Axes,
    panel: Panel,
    series: Series,
    data: Points,
    index: int,
    color: str,
    marker: str,
    label: str,
) -> None:
    shown = thin_extremes(data.y, MOST_POINTS)
    x, y = data.x[shown], data.y[shown]
    dashes = style.SERIES_DASHES[(index - 1) // len(style.SERIES_COLORS) % 4]
    if series.kind == "step":
        axes.step(x, y, where="mid", color=color, linewidth=1.4, linestyle=dashes, label=label)
    else:
        many = len(x) > 250
        axes.plot(
            x,
            y,
            color=color,
            linestyle=dashes,
            linewidth=1.9 if series.kind == "line" else (0.7 if many else 1.2),
            marker=marker if series.kind == "line_points" and not many else "",
            markersize=4.2 if len(x) <= 80 else 2.6,
            label=label,
        )
    if data.low is not None and data.high is not None:
        if series.kind == "line_points" and len(x) <= 60:
            _draw_intervals(axes, data, color)
        else:
            axes.fill_between(
                data.x, data.low, data.high, color=color, alpha=0.16, linewidth=0, zorder=1.5
            )
    _draw_marks(axes, series, data, _middle(panel, data))


def _draw_points(
    axes: Axes,
    series: Series,
    data: Points,
    on_names: bool,
    color: str,
    marker: str,
    label: str,
) -> None:
    mean = color == style.MEAN_COLOR
    x = _spread(data) if on_names and not mean else data.x
    spread = Points(x, data.y, data.low, data.high)
    shown = thin_extremes(data.y, MOST_POINTS)
    axes.scatter(
        x[shown],
        data.y[shown],
        s=34 if mean else (22 if len(x) <= 300 else 7),
        color=color,
        marker=marker,
        alpha=1.0 if mean else 0.8,
        linewidth=0.6,
        edgecolor="white",
        zorder=4 if mean else 3,
        label=label,
    )
    if data.low is not None:
        _draw_intervals(axes, spread, color)
    _draw_marks(axes, series, spread, float(np.nanmedian(data.y)) if len(x) else 0.0)


def _spread(data: Points) -> FloatArray:
    """x of points on a category axis, moved sideways where several would hide each other."""
    x = np.array(data.x)
    known = ~np.isnan(data.y)
    if known.sum() < 2:
        return x
    span = float(np.ptp(data.y[known])) or 1.0
    rows = np.zeros(len(x), dtype=np.int64)
    rows[known] = np.round((data.y[known] - data.y[known].min()) / span * JITTER_BINS)
    taken: dict[tuple[float, int], int] = {}
    order: list[int] = []
    for place, row in zip(data.x, rows, strict=True):
        order.append(taken.get((place, row), 0))
        taken[(place, row)] = order[-1] + 1
    widest = max(taken.values())
    gap = min(0.045, 0.7 / widest)
    for position, rank in enumerate(order):
        count = taken[(float(data.x[position]), int(rows[position]))]
        x[position] += gap * (rank - (count - 1) / 2)
    return x


def _draw_bars(
    axes: Axes,
    series: Series,
    data: Points,
    bars: list[Series],
    on_names: bool,
    flat: bool,
    color: str,
) -> None:
    """Side by side on a category axis, one over the other (histograms) on a numeric one."""
    number = next(i for i, other in enumerate(bars) if other is series)
    if on_names:
        width = 0.72 / len(bars)
        places = data.x + (number - (len(bars) - 1) / 2) * width
        alpha = 0.9
    else:
        gaps = np.diff(np.unique(data.x[~np.isnan(data.x)]))
        width = float(gaps.min()) if len(gaps) else 1.0
        places = data.x
        alpha = 0.75 if len(bars) == 1 else 0.45
    heights = np.nan_to_num(data.y)
    draw = axes.barh if flat else axes.bar
    drawn = draw(
        places,
        heights,
        width,
        color=color,
        alpha=alpha,
        edgecolor="white",
        linewidth=0.6,
        label=safe(series.name),
        zorder=2,
    )
    if data.low is not None and data.high is not None:
        _draw_intervals(axes, Points(places, data.y, data.low, data.high), style.INK, flat)
    for mark in marks(series):
        drawn.patches[mark.index].set(facecolor=style.FLAG_COLOR, hatch="///", alpha=0.95)
        end = (places[mark.index], heights[mark.index])
        axes.annotate(
            safe(mark.text),
            end[::-1] if flat else end,
            xytext=(4, 0) if flat else (0, 4),
            textcoords="offset points",
            ha="left" if flat else "center",
            va="center" if flat else "bottom",
            color=style.FLAG_COLOR,
            fontsize=8,
            fontweight="bold",
        )


def _draw_intervals(axes: Axes, data: Points, color: str, flat: bool = False) -> None:
    if data.low is None or data.high is None:
        return
    options: dict[str, Any] = {"color": color, "linewidth": 1.2, "zorder": 3}
    caps: dict[str, Any] = {"color": color, "linestyle": "", "markersize": 7, "zorder": 3}
    if flat:
        axes.hlines(data.x, data.low, data.high, **options)
    else:
        axes.vlines(data.x, data.low, data.high, **options)
    for end in (data.low, data.high):
        if flat:
            axes.plot(end, data.x, marker="|", **caps)
        else:
            axes.plot(data.x, end, marker="_", **caps)


def _middle(panel: Panel, data: Points) -> float:
    """What is above it gets its mark above, what is below it below."""
    for limit in panel.limits:
        if limit.role == "center" and limit.value is not None:
            return limit.value
    return float(np.nanmedian(data.y)) if np.isfinite(data.y).any() else 0.0


def _draw_marks(axes: Axes, series: Series, data: Points, middle: float) -> None:
    found = [mark for mark in marks(series) if np.isfinite(data.y[mark.index])]
    if not found:
        return
    indices = [mark.index for mark in found]
    axes.plot(
        data.x[indices],
        data.y[indices],
        linestyle="",
        marker=style.FLAG_MARKER,
        markersize=7,
        markerfacecolor=style.FLAG_COLOR,
        markeredgecolor="white",
        markeredgewidth=0.8,
        zorder=5,
    )
    for mark in found[:MOST_MARK_TEXTS]:
        above = data.y[mark.index] >= middle
        axes.annotate(
            safe(mark.text),
            (data.x[mark.index], data.y[mark.index]),
            xytext=(0, 6 if above else -6),
            textcoords="offset points",
            ha="center",
            va="bottom" if above else "top",
            color=style.FLAG_COLOR,
            fontsize=8,
            fontweight="bold",
            zorder=6,
        )


def _draw_limit(
    axes: Axes,
    panel: Panel,
    limit: Limit,
    names: list[str] | None,
    flat: bool,
    labels: PanelLabels,
) -> None:
    value = limit_value(limit)
    if value is None:
        return
    look = style.LIMIT_STYLES[limit.role]
    options: dict[str, Any] = {
        "color": look.color,
        "linestyle": look.dashes,
        "linewidth": look.width,
        "zorder": 2.5,
    }
    text: dict[str, Any] = {
        "textcoords": "offset points",
        "color": look.color,
        "fontsize": 7.5 if limit.role == "warning" else 8.5,
        "annotation_clip": False,
    }
    upright = (limit.orientation == "vertical") != flat
    if limit.values:
        x = limit_x(limit, panel, names)
        y = np.array([np.nan if v is None else v for v in limit.values], dtype=np.float64)
        y[~np.isfinite(y)] = np.nan
        axes.step(x, y, where="mid", **options)
    elif upright:
        axes.axvline(value, **options)
    else:
        axes.axhline(value, **options)
    if upright:
        labels.top.append(
            axes.annotate(
                safe(limit_text(limit)),
                (value, 1.0),
                xycoords=("data", "axes fraction"),
                xytext=(0, 3),
                ha="center",
                va="bottom",
                **text,
            )
        )
    else:
        labels.right.append(
            axes.annotate(
                safe(limit_text(limit)),
                (1.0, value),
                xycoords=("axes fraction", "data"),
                xytext=(6, 0),
                ha="left",
                va="center",
                **text,
            )
        )


def _draw_surface(axes: Axes, panel: Panel) -> None:
    grid = panel.grid
    if grid is None:
        return
    z = np.array(grid.z, dtype=np.float64)
    z = np.ma.masked_invalid(z)
    known = z.compressed()
    shaped = z.ndim == 2 and z.shape == (len(grid.y), len(grid.x)) and min(z.shape) >= 2
    if not shaped or not known.size:
        axes.text(0.5, 0.5, "no surface to draw", transform=axes.transAxes, ha="center")
        return
    if np.ptp(known) == 0:
        axes.set_facecolor("#e8ecf0")
        axes.text(0.5, 0.5, f"constant at {known[0]:g}", transform=axes.transAxes, ha="center")
        axes.set(xlim=(min(grid.x), max(grid.x)), ylim=(min(grid.y), max(grid.y)))
        return
    levels = ticker.MaxNLocator(nbins=10).tick_values(float(known.min()), float(known.max()))
    filled = axes.contourf(grid.x, grid.y, z, levels=levels, cmap=style.SURFACE, alpha=0.85)
    lines = axes.contour(grid.x, grid.y, z, levels=levels, colors="white", linewidths=0.9)
    for label in axes.clabel(lines, fontsize=8, fmt=lambda level: f"{level:g}"):
        label.set(color=style.INK, bbox={"facecolor": "white", "alpha": 0.75, "pad": 0.8, "lw": 0})
    parent = axes.get_figure()
    if parent is not None:
        bar = parent.colorbar(filled, ax=axes, pad=0.02, aspect=28)
        bar.set_label(safe(grid.z_label))
        bar.outline.set_visible(False)
    axes.margins(0)


def _label_axes(axes: Axes, panel: Panel, names: list[str] | None, flat: bool) -> None:
    if panel.title:
        axes.set_title(safe(panel.title, 90))
    first, second = safe(panel.x_label), safe(panel.y_label)
    axes.set_xlabel(second if flat else first)
    axes.set_ylabel(first if flat else second)
    if names is None:
        whole = all(
            float(value).is_integer()
            for series in panel.series
            for value in series.x
            if not isinstance(value, str) and value is not None and math.isfinite(value)
        )
        if panel.x_scale == "linear" and panel.grid is None:
            axes.xaxis.set_major_locator(ticker.MaxNLocator(nbins=9, integer=whole))
            _close_ends(axes, panel)
    else:
        _name_ticks(axes, names, flat)
    if panel.y_scale == "linear" and panel.grid is None and not flat:
        axes.yaxis.set_major_locator(ticker.MaxNLocator(nbins=6))
    no_bars = not any(series.kind == "bars" for series in panel.series)
    if panel.grid is None and no_bars and panel.y_scale == "linear":
        axes.margins(y=0.1)


def _close_ends(axes: Axes, panel: Panel) -> None:
    """Half a step of room before the first and after the last of numbered points."""
    if any(series.kind == "bars" for series in panel.series):
        axes.margins(x=0.03)
    else:
        axes.margins(x=0.02)


def _name_ticks(axes: Axes, names: list[str], flat: bool) -> None:
    shown = thin(len(names), MOST_CATEGORY_TICKS if not flat else 40)
    texts = [safe(names[index], CATEGORY_LENGTH + (10 if flat else 0)) for index in shown]
    if flat:
        axes.set_yticks(shown, texts)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        return
    crowded = sum(len(text) + 3 for text in texts) > 92
    if crowded:
        axes.set_xticks(shown, texts, rotation=38, ha="right", rotation_mode="anchor")
    else:
        axes.set_xticks(shown, texts)
    axes.set_xlim(-0.6, len(names) - 0.4)


def _legend(axes: Axes, panel: Panel, top_taken: bool) -> None:
    handles, texts = axes.get_legend_handles_labels()
    redundant = {safe(series.name) for series in panel.series if names_its_category(series)}
    entries = [
        (handle, text)
        for handle, text in zip(handles, texts, strict=True)
        if text not in redundant or len(panel.series) == 1
    ]
    if len(panel.series) < 2 or not entries:
        return
    handles, texts = [entry[0] for entry in entries[:14]], [entry[1] for entry in entries[:14]]
    if top_taken or len(entries) > 5:
        axes.legend(handles, texts, loc="best", frameon=True, framealpha=0.85, edgecolor="#e8ecf0")
        return
    axes.legend(
        handles,
        texts,
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=len(entries),
        borderaxespad=0.1,
        handlelength=1.6,
        columnspacing=1.4,
    )
