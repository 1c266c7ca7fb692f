"""The series of a panel on a matplotlib Axes: lines, points, bars, intervals, flags."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes

from havoc.charts import style
from havoc.charts.prepare import (
    LABEL_LENGTH,
    FloatArray,
    Points,
    is_mean,
    marks,
    names_its_category,
    points,
    thin_extremes,
)
from havoc.charts.spec import Panel, Series
from havoc.text import printable

MOST_POINTS = 10_000
MOST_MARK_TEXTS = 40
JITTER_BINS = 45
BOX_WIDTH = 0.5


class Look(NamedTuple):
    """How a series is told from the others."""

    color: str
    marker: str
    dashes: Any


def safe(text: object, limit: int = LABEL_LENGTH) -> str:
    """Text on one line and not too long; the settings switch mathtext off."""
    return printable(text, limit)


def draw_series(axes: Axes, panel: Panel, names: list[str] | None, flat: bool) -> None:
    bars = [series for series in panel.series if series.kind == "bars"]
    with_intervals = [
        series for series in panel.series if series.low and series.kind in ("points", "line_points")
    ]
    number = 0
    for series in panel.series:
        data = points(series, names)
        if is_mean(series) and len(panel.series) > 1:
            look = Look(style.MEAN_COLOR, style.MEAN_MARKER if series.low else "_", "-")
        elif bars and series.kind == "points":
            look = Look(style.MEAN_COLOR, style.MEAN_MARKER, "-")
        elif names is not None and names_its_category(series):
            look = Look(style.SERIES_COLORS[0], style.SERIES_MARKERS[0], "-")
        else:
            look = _look(number)
            number += 1
        if names is not None and len(with_intervals) > 1 and series in with_intervals:
            # Intervals of several series at one category stand beside each other.
            aside = with_intervals.index(series) - (len(with_intervals) - 1) / 2
            data = data._replace(x=data.x + min(0.08, 0.6 / len(with_intervals)) * aside)
        if series.kind == "bars":
            _draw_bars(axes, series, data, bars, names is not None, flat, look)
        elif series.kind == "points":
            _draw_points(axes, panel, series, data, names is not None, look)
        else:
            _draw_line(axes, panel, series, data, look)


def _look(number: int) -> Look:
    """Color and marker of the series ``number``; dashes change when the colors are used up."""
    colors, markers, dashes = style.SERIES_COLORS, style.SERIES_MARKERS, style.SERIES_DASHES
    return Look(
        colors[number % len(colors)],
        markers[number % len(markers)],
        dashes[number // len(colors) % len(dashes)],
    )


def _draw_line(axes: Axes, panel: Panel, series: Series, data: Points, look: Look) -> None:
    shown = thin_extremes(data.y, MOST_POINTS)
    x, y = data.x[shown], data.y[shown]
    label = safe(series.name)
    if series.kind == "step":
        axes.step(
            x, y, where="mid", color=look.color, linewidth=1.4, linestyle=look.dashes, label=label
        )
    else:
        many = len(x) > 250
        axes.plot(
            x,
            y,
            color=look.color,
            linestyle=look.dashes,
            linewidth=1.9 if series.kind == "line" else (0.7 if many else 1.2),
            marker=look.marker if series.kind == "line_points" and not many else "",
            markersize=4.2 if len(x) <= 80 else 2.6,
            label=label,
        )
    if data.low is not None and data.high is not None:
        if series.kind == "line_points" and len(x) <= 60:
            _draw_intervals(axes, data, look.color)
        else:
            axes.fill_between(
                data.x, data.low, data.high, color=look.color, alpha=0.16, linewidth=0, zorder=1.5
            )
    _draw_marks(axes, panel, series, data)


def _draw_points(
    axes: Axes, panel: Panel, series: Series, data: Points, on_names: bool, look: Look
) -> None:
    mean = look.color == style.MEAN_COLOR
    if on_names and not mean and not series.low:
        data = data._replace(x=_spread(data))
    shown = thin_extremes(data.y, MOST_POINTS)
    on_surface = panel.grid is not None
    size = 24.0 if len(shown) <= 300 else 7.0
    if mean or series.low:
        size = 900.0 if look.marker == "_" else 38.0
    axes.scatter(
        data.x[shown],
        data.y[shown],
        s=size * 1.4 if on_surface else size,
        color="white" if on_surface else look.color,
        marker=look.marker,
        alpha=1.0 if mean or on_surface else 0.8,
        linewidth=2.2 if look.marker == "_" else (1.2 if on_surface else 0.6),
        edgecolor=style.INK if on_surface or mean else "white",
        zorder=2.8 if look.marker == "_" else (4 if mean or on_surface else 3),
        clip_on=not on_surface,
        label=safe(series.name),
    )
    _draw_intervals(axes, data, look.color)
    if series.box_low:
        _draw_boxes(axes, series, data)
    _draw_marks(axes, panel, series, data)


def _draw_boxes(axes: Axes, series: Series, data: Points) -> None:
    """The box of a box plot over its whiskers, with the point as a line across it."""
    for x, middle, low, high in zip(data.x, data.y, series.box_low, series.box_high, strict=False):
        axes.bar(
            x,
            high - low,
            BOX_WIDTH,
            bottom=low,
            color=style.SERIES_COLORS[0],
            alpha=0.55,
            edgecolor=style.INK,
            linewidth=1.0,
            zorder=3.2,
        )
        half = BOX_WIDTH / 2
        axes.hlines(middle, x - half, x + half, color=style.INK, linewidth=2.0, zorder=3.4)


def _spread(data: Points) -> FloatArray:
    """x of points on a category axis, moved sideways where several would hide each other."""
    x = np.array(data.x)
    known = ~np.isnan(data.y)
    if known.sum() < 2:
        return x
    span = float(np.ptp(data.y[known])) or 1.0
    rows = np.zeros(len(x), dtype=np.int64)
    rows[known] = np.round((data.y[known] - data.y[known].min()) / span * JITTER_BINS)
    together: dict[tuple[float, int], list[int]] = {}
    for index, spot in enumerate(zip(data.x.tolist(), rows.tolist(), strict=True)):
        together.setdefault(spot, []).append(index)
    gap = min(0.045, 0.7 / max(len(cell) for cell in together.values()))
    for cell in together.values():
        x[cell] += gap * (np.arange(len(cell)) - (len(cell) - 1) / 2)
    return x


def _draw_bars(
    axes: Axes,
    series: Series,
    data: Points,
    bars: list[Series],
    on_names: bool,
    flat: bool,
    look: Look,
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
        color=look.color,
        alpha=alpha,
        edgecolor="white",
        linewidth=0.6,
        label=safe(series.name),
        zorder=2,
    )
    if data.low is not None and data.high is not None:
        _draw_intervals(axes, Points(places, data.y, data.low, data.high), style.INK, flat)
    for mark in marks(series):
        drawn.patches[mark.place].set(facecolor=style.FLAG_COLOR, hatch="///", alpha=0.95)
        end = (places[mark.place], heights[mark.place])
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


def _draw_marks(axes: Axes, panel: Panel, series: Series, data: Points) -> None:
    found = [mark for mark in marks(series) if np.isfinite(data.y[mark.place])]
    if not found:
        return
    middle = _middle(panel, data)
    behind = {"facecolor": "white", "alpha": 0.8, "pad": 0.8, "linewidth": 0}
    indices = [mark.place for mark in found]
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
        above = data.y[mark.place] >= middle
        axes.annotate(
            safe(mark.text),
            (data.x[mark.place], data.y[mark.place]),
            xytext=(0, 6 if above else -6),
            textcoords="offset points",
            ha="center",
            va="bottom" if above else "top",
            color=style.FLAG_COLOR,
            fontsize=8,
            fontweight="bold",
            zorder=6,
            bbox=behind if panel.grid is not None else None,
        )
