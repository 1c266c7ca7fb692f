"""One panel of a chart on one matplotlib Axes."""

from __future__ import annotations

import math
import textwrap
from typing import Any, NamedTuple

import numpy as np
from matplotlib import ticker, transforms
from matplotlib.axes import Axes
from matplotlib.text import Annotation

from havoc.charts import style
from havoc.charts.prepare import (
    CATEGORY_LENGTH,
    categories,
    is_mean,
    lies_flat,
    limit_text,
    limit_value,
    limit_x,
    names_its_category,
    thin,
)
from havoc.charts.series import draw_series, safe
from havoc.charts.spec import Limit, Panel

MOST_CATEGORY_TICKS = 30
ROW_OF_NAMES = 96
TICK_STEPS = [1, 2, 2.5, 5, 10]


class PanelLabels(NamedTuple):
    """Labels that the figure spreads once it knows where the axes lie."""

    right: list[Annotation]
    top: list[Annotation]


def draw_panel(axes: Axes, panel: Panel) -> PanelLabels:
    """Draw ``panel`` and return the labels of its limits."""
    names = categories(panel)
    flat = lies_flat(panel)
    _scales(axes, panel, names)
    if panel.grid is not None:
        _draw_surface(axes, panel)
    else:
        axes.grid(True, axis="x" if flat else "y")
    draw_series(axes, panel, names, flat)
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
            axes.xaxis.set_major_locator(
                ticker.MaxNLocator(nbins=10, integer=whole, steps=TICK_STEPS)
            )
            _close_ends(axes, panel)
    else:
        _name_ticks(axes, names, flat)
    if panel.y_scale == "linear" and panel.grid is None and not flat:
        axes.yaxis.set_major_locator(ticker.MaxNLocator(nbins=7, steps=TICK_STEPS))
    no_bars = not any(series.kind == "bars" for series in panel.series)
    if panel.grid is None and no_bars and panel.y_scale == "linear":
        axes.margins(y=0.1)
    if panel.y_ticks:
        _write_ticks(axes, panel)


def _write_ticks(axes: Axes, panel: Panel) -> None:
    """The written ticks that lie within the data, without moving the ends of the axis."""
    low, high = axes.get_ylim()
    inside = {label: place for label, place in panel.y_ticks.items() if low <= place <= high}
    axes.set_yticks(list(inside.values()), [safe(label, 12) for label in inside])
    axes.set_ylim(low, high)


def _close_ends(axes: Axes, panel: Panel) -> None:
    """Half a step of room before the first and after the last of numbered points."""
    if any(series.kind == "bars" for series in panel.series):
        axes.margins(x=0.03)
    else:
        axes.margins(x=0.02)


def _name_ticks(axes: Axes, names: list[str], flat: bool) -> None:
    shown = thin(len(names), 40 if flat else MOST_CATEGORY_TICKS)
    if flat:
        axes.set_yticks(shown, [safe(names[index], CATEGORY_LENGTH + 10) for index in shown])
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        return
    axes.set_xlim(-0.6, len(names) - 0.4)
    # As many characters as stand side by side in the width of one panel.
    room = ROW_OF_NAMES // len(shown)
    texts = [safe(names[index], max(2 * room, CATEGORY_LENGTH)) for index in shown]
    longest = max(len(text) for text in texts)
    if longest <= room:
        axes.set_xticks(shown, texts)
    elif room >= 12 and longest <= 2 * room:
        axes.set_xticks(shown, ["\n".join(textwrap.wrap(text, room)) for text in texts])
    else:
        texts = [safe(text, CATEGORY_LENGTH) for text in texts]
        axes.set_xticks(shown, texts, rotation=38, ha="right", rotation_mode="anchor")


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
    if len(entries) > 5:
        axes.legend(
            handles, texts, loc="best", frameon=True, framealpha=0.85, edgecolor=style.FAINT
        )
        return
    if top_taken:
        below = transforms.ScaledTranslation(0, -34 / 72, axes.figure.dpi_scale_trans)
        axes.legend(
            handles,
            texts,
            loc="upper center",
            bbox_to_anchor=(0.5, 0.0),
            bbox_transform=axes.transAxes + below,
            ncols=len(entries),
            borderaxespad=0.1,
        )
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
        markerscale=0.6 if any(is_mean(series) for series in panel.series) else 1.0,
    )
