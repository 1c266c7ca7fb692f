"""Charts for a terminal, drawn by plotext as a string."""

from __future__ import annotations

import math
import re
import textwrap
import threading
from typing import Any

import numpy as np
import plotext

from havoc.charts.prepare import (
    FloatArray,
    Points,
    apart,
    categories,
    flag_key,
    is_mean,
    limit_text,
    limit_value,
    limit_x,
    marks,
    names_its_category,
    points,
    thin,
    thin_extremes,
)
from havoc.charts.scale import Scale
from havoc.charts.spec import ChartSpec, Limit, Panel, Series
from havoc.charts.text_bars import text_bars
from havoc.text import printable, shorten, to_ascii

SMALLEST_WIDTH, SMALLEST_HEIGHT = 40, 8
MOST_PANELS = 8
SERIES_COLORS = ("blue+", "orange", "cyan", "magenta+", "green", "gray")
LINE_SIGNS = ("+", "×", "*")
SERIES_MARKERS = ("●", "■", "▲", "◆", "○", "□")
FLAG_COLOR = "red+"
# plotext paints a background and knows no foreground "as the terminal has it". So what
# has no color of its own is drawn black, and black and backgrounds are taken out again.
UNCOLORED = "black"
_BLACK_OR_BACKGROUND = re.compile("\x1b\\[(?:38;5;0|48;5;[0-9]+)m")
LIMIT_STROKES = {"default": "│", "dotted": "┊", "double": "║"}
SHADES = "·░▒▓█"
LIMIT_LOOKS = {
    "center": ("green", "default"),
    "control": ("red", "dotted"),
    "warning": ("gray", "dotted"),
    "specification": ("magenta", "double"),
    "target": ("magenta", "dotted"),
    "reference": ("gray", "dotted"),
}
# plotext draws on one figure of its own, so one chart at a time.
_LOCK = threading.Lock()


def terminal_chart(
    chart: ChartSpec,
    *,
    width: int = 80,
    height: int = 22,
    use_color: bool = False,
    use_unicode: bool = True,
) -> str:
    """``chart`` in at most ``width`` columns; ``height`` rows are shared by the panels.

    Without ``use_color`` there is no escape sequence in the text. No line is
    longer than ``width``, and nothing in a user's names reaches the terminal
    as a command.
    """
    width, height = max(width, SMALLEST_WIDTH), max(height, SMALLEST_HEIGHT)
    panels = chart.panels[:MOST_PANELS]
    rows = max(height // max(len(panels), 1), SMALLEST_HEIGHT)
    lines = textwrap.wrap(printable(chart.title, 240), width)
    with _LOCK, np.errstate(all="ignore"):
        for panel in panels:
            lines += _panel(panel, width, rows, use_color)
    key = flag_key(chart.panels, limit=4)
    notes = [*chart.notes[:2], *(["Marked points: " + "; ".join(key)] if key else [])]
    for note in notes:
        lines += textwrap.wrap(printable(note, 300), width)
    text = "\n".join(lines)
    return text if use_unicode else to_ascii(text)


def _panel(panel: Panel, width: int, rows: int, use_color: bool) -> list[str]:
    names = categories(panel)
    lines = [printable(panel.title, width)] if panel.title else []
    bars = [series for series in panel.series if series.kind == "bars"]
    if names and len(bars) == len(panel.series) == 1:
        return lines + text_bars(panel, bars[0], width)
    has_data = any(np.isfinite(points(series, names).y).any() for series in panel.series)
    if panel.grid is None and not has_data:
        return [*lines, "(no data)"]
    caption = _caption(panel, names, width, use_color)
    if caption:
        lines.append(caption)
    lines += _canvas(panel, names, width, rows, use_color)
    if panel.x_label:
        lines.append(printable(panel.x_label, width).center(width).rstrip())
    return lines + _shade_key(panel, width)


def _caption(panel: Panel, names: list[str] | None, width: int, use_color: bool) -> str:
    """What the y axis shows and, of several series, which symbol is which."""
    caption = f"↑ {printable(panel.y_label, 30)}" if panel.y_label else ""
    used = len(caption)
    entries: dict[str, tuple[str, Any]] = {}
    for number, series in _numbered(panel, names) if len(panel.series) > 1 else []:
        if names is None or not names_its_category(series):
            look = (_marker(series, number), _series_color(series, number))
            entries.setdefault(printable(series.name, 24), look)
    for name, (marker, color) in entries.items():
        if used + len(name) + 4 > width:
            return f"{caption}…" if used < width else caption
        colored = use_color and color != UNCOLORED
        sign = plotext.colorize(marker, color).string() if colored else marker
        caption += f"{'  ' if caption else ''}{sign} {name}"
        used += len(name) + len(marker) + 3
    return caption


def _numbered(panel: Panel, names: list[str] | None) -> list[tuple[int, Series]]:
    """The series with the number of their look; groups named on the axis look alike."""
    numbered: list[tuple[int, Series]] = []
    count = 0
    for series in panel.series:
        alike = is_mean(series) or (names is not None and names_its_category(series))
        numbered.append((0 if alike else count, series))
        count += 0 if alike else 1
    return numbered


def _marker(series: Series, number: int) -> str:
    """The sign of a series in the legend, and what its points are drawn with."""
    if is_mean(series):
        return "◆"
    if series.kind in ("line", "step"):
        return "─" if number < 2 else LINE_SIGNS[number % len(LINE_SIGNS)]
    if series.kind == "bars":
        return "█" if number == 0 else "▒"
    return SERIES_MARKERS[number % len(SERIES_MARKERS)]


def _series_color(series: Series, number: int) -> str:
    return UNCOLORED if is_mean(series) else SERIES_COLORS[number % len(SERIES_COLORS)]


def _canvas(
    panel: Panel, names: list[str] | None, width: int, rows: int, use_color: bool
) -> list[str]:
    drawn = [points(series, names) for series in panel.series]
    horizontal = [limit for limit in panel.limits if limit.orientation == "horizontal"]
    upright = [limit for limit in panel.limits if limit.orientation == "vertical"]
    bars = any(series.kind == "bars" for series in panel.series)
    grid = panel.grid
    y = Scale(
        [
            *(value for data in drawn for value in _heights(data)),
            *(v for limit in horizontal for v in (limit.value, *limit.values) if v is not None),
            *([0.0] if bars and panel.y_scale == "linear" else []),
            *(grid.y if grid else []),
        ],
        panel.y_scale == "log",
        0.0 if grid else 0.05,
    )
    x = Scale(
        [
            *(value for data in drawn for value in data.x.tolist()),
            *(value for data in drawn if bars and not names for value in _outer_edges(data)),
            *(limit.value for limit in upright if limit.value is not None),
            *(grid.x if grid else []),
        ],
        panel.x_scale == "log" and names is None,
        0.0 if grid else (0.5 / len(names) if names else 0.02),
    )
    canvas = plotext.figure
    plotext.terminal.limit(False, False)
    canvas.clear()
    canvas.plot_size(width, rows)
    canvas.canvas("default")
    for axis, side in (("x", 0), ("y", 0), ("x", 1), ("y", 1)):
        canvas.axes(side == 0, pixel=UNCOLORED, axis=axis, side=side)
        canvas.ruler(axis, side).pixel(UNCOLORED)
    canvas.legend(False)
    canvas.ruler("x").lim(x.low, x.high)
    for side in (0, 1):
        canvas.ruler("y", side).lim(y.low, y.high)
    written = {k: v for k, v in panel.y_ticks.items() if y.low <= v <= y.high}
    if written:
        canvas.ruler("y", 0).ticks(list(written.values()), list(written))
    else:
        canvas.ruler("y", 0).ticks(*y.ticks(max(rows // 4, 2)))
    canvas.ruler("x", 0).ticks(*(_name_ticks(names, width) if names else x.ticks(width // 12)))
    if grid is not None:
        _draw_surface(canvas, panel, x, y, width, rows)
    _right_labels(canvas, horizontal, y, rows)
    left_out = _top_labels(canvas, upright, x, width)
    for limit in horizontal:
        _draw_limit(canvas, limit, panel, names, x, y, width)
    numbered = zip(_numbered(panel, names), drawn, strict=True)
    # Lines would hide the points on them, so they go first, and flagged points last.
    for (number, series), data in sorted(numbered, key=lambda item: _layer(item[0][1])):
        _draw_series(canvas, series, data, number, x, y, width)
    row = (y.high - y.low) / max(rows - 3 - bool(upright), 1)
    for series, data in zip(panel.series, drawn, strict=True):
        _draw_marks(canvas, series, data, x, y, row)
    built: str = canvas.build().string(colorless=not use_color)
    built = _BLACK_OR_BACKGROUND.sub("", built)
    plotext.terminal.limit()
    lines = [line if use_color else line.rstrip() for line in built.rstrip("\n").split("\n")]
    return [*lines, *left_out]


def _outer_edges(data: Points) -> list[float]:
    """Where the first bar begins and the last one ends."""
    places = np.unique(data.x[np.isfinite(data.x)])
    if len(places) < 2:
        return []
    half = float(np.diff(places).min()) / 2
    return [float(places[0]) - half, float(places[-1]) + half]


def _layer(series: Series) -> int:
    return {"bars": 0, "line": 1, "step": 1, "line_points": 2, "points": 3}[series.kind]


def _heights(data: Points) -> list[float]:
    found: list[float] = data.y.tolist()
    for bound in (data.low, data.high):
        found += [] if bound is None else bound.tolist()
    return found


def _name_ticks(names: list[str], width: int) -> tuple[list[float], list[str]]:
    longest = min(max(len(name) for name in names), 14)
    shown = thin(len(names), max(min((width - 22) // (longest + 2), 20), 2)).tolist()
    ticks = [float(index) for index in shown]
    return ticks, [printable(names[index], 14) for index in shown]


def _right_labels(canvas: Any, limits: list[Limit], y: Scale, rows: int) -> None:
    """Names and values of the limits at the right edge, one a row."""
    labelled = [(limit_value(limit), limit_text(limit)) for limit in limits]
    known = [(y.one(value), text) for value, text in labelled if value is not None]
    known = [(place, text) for place, text in known if math.isfinite(place)]
    row = (y.high - y.low) / max(rows - 4, 1)
    places = apart([place for place, _ in known], row * 1.001)
    texts = [shorten(text, 20) for _, text in known]
    canvas.ruler("y", 1).ticks([min(max(p, y.low), y.high) for p in places], texts)


def _top_labels(canvas: Any, limits: list[Limit], x: Scale, width: int) -> list[str]:
    """Vertical limits with their labels above; those without room go into lines below."""
    places: list[float] = []
    texts: list[str] = []
    left_out: list[str] = []
    cell = (x.high - x.low) / max(width - 12, 1)
    for limit in sorted(limits, key=lambda limit: limit_value(limit) or 0.0):
        value = limit_value(limit)
        if value is None or not math.isfinite(place := x.one(value)):
            continue
        color, look = LIMIT_LOOKS[limit.role]
        canvas.line(place, "vertical", pixel=color, style=look)
        text = limit_text(limit)
        room = 0.5 * cell * (len(text) + (len(texts[-1]) if texts else 0) + 2)
        if not places or place - places[-1] > room:
            places.append(place)
            texts.append(text)
        else:
            left_out.append(f"{LIMIT_STROKES[look]} {text}")
    canvas.ruler("x", 1).lim(x.low, x.high).ticks(places, texts)
    return textwrap.wrap("   ".join(left_out), width)


def _draw_limit(
    canvas: Any,
    limit: Limit,
    panel: Panel,
    names: list[str] | None,
    x: Scale,
    y: Scale,
    width: int,
) -> None:
    color, look = LIMIT_LOOKS[limit.role]
    if limit.values:
        # Of every column, the value at the nearest point.
        at = x(limit_x(limit, panel, names))
        columns = np.linspace(x.low, x.high, 2 * width)
        nearest = np.abs(np.nan_to_num(at)[None, :] - columns[:, None]).argmin(axis=1)
        heights = y(np.array(limit.values, dtype=np.float64))[nearest]
        inside = (columns >= at.min() - 0.5) & (columns <= at.max() + 0.5) & np.isfinite(heights)
        columns, heights = columns[inside], heights[inside]
    elif limit.value is None or not math.isfinite(place := y.one(limit.value)):
        return
    elif limit.role != "warning":
        canvas.line(place, "horizontal", pixel=color, style=look)
        return
    else:
        columns = np.linspace(x.low, x.high, max(width // 4, 2))
        heights = np.full(len(columns), place)
    if len(columns):
        stroke = "·" if limit.role == "warning" else "┈"
        marker = _colored(stroke, color)
        canvas.draw(canvas.signal(columns.tolist(), heights.tolist(), marker=marker))


def _colored(marker: str, color: Any) -> Any:
    return plotext.marker(marker, color)


def _draw_series(
    canvas: Any, series: Series, data: Points, number: int, x: Scale, y: Scale, width: int
) -> None:
    color = _series_color(series, number)
    sign = _colored(_marker(series, number), color)
    shown = thin_extremes(data.y, 6 * width)
    places, heights = x(data.x)[shown], y(data.y)[shown]
    known = np.isfinite(places) & np.isfinite(heights)
    if not known.any():
        return
    places, heights = places[known], heights[known]
    if series.kind == "bars":
        _draw_bars(canvas, places, heights, y, sign, width)
        return
    _draw_intervals(canvas, data, x, y, color, series.kind == "line")
    signal = (places.tolist(), heights.tolist())
    if series.kind != "points":
        fine = series.kind == "line_points" or number < 2
        stroke = _colored("braille", color) if fine else sign
        canvas.draw(canvas.signal(*signal, marker=stroke).lines())
    if series.kind == "points" or (series.kind == "line_points" and len(places) <= width):
        canvas.draw(canvas.signal(*signal, marker=sign))


def _draw_bars(
    canvas: Any, places: FloatArray, heights: FloatArray, y: Scale, marker: Any, width: int
) -> None:
    """Bars as filled columns of cells; they touch, as the bars of a histogram do."""
    order = np.argsort(places)
    places, heights = places[order], heights[order]
    half = 0.45 * float(np.diff(np.unique(places)).min() if len(np.unique(places)) > 1 else 1.0)
    base = 0.0 if y.low <= 0.0 <= y.high and not y.logarithmic else y.low
    across: list[float] = []
    up: list[float] = []
    for place, height in zip(places.tolist(), heights.tolist(), strict=True):
        if height == base:
            continue
        for column in np.linspace(place - half, place + half, max(2 * width // len(places), 3)):
            levels = np.linspace(base, height, 60).tolist()
            across += [float(column)] * len(levels)
            up += levels
    if across:
        canvas.draw(canvas.signal(across, up, marker=marker))


def _draw_intervals(canvas: Any, data: Points, x: Scale, y: Scale, color: str, band: bool) -> None:
    """An upright line at every point, or the two edges of a band."""
    if data.low is None or data.high is None:
        return
    places, low, high = x(data.x), y(data.low), y(data.high)
    known = np.isfinite(places) & np.isfinite(low) & np.isfinite(high)
    if band or known.sum() > 30:
        for edge in (low, high):
            signal = canvas.signal(
                places[known].tolist(), edge[known].tolist(), marker=_colored("·", color)
            )
            canvas.draw(signal.lines())
        return
    for place, bottom, top in zip(places[known], low[known], high[known], strict=True):
        bar = canvas.signal(
            [float(place)] * 2, [float(bottom), float(top)], marker=_colored("│", color)
        )
        canvas.draw(bar.lines())


def _draw_marks(canvas: Any, series: Series, data: Points, x: Scale, y: Scale, row: float) -> None:
    places, heights = x(data.x), y(data.y)
    for mark in marks(series)[:60]:
        place, height = float(places[mark.place]), float(heights[mark.place])
        if not math.isfinite(place + height):
            continue
        canvas.draw(canvas.signal([place], [height], marker=_colored("■", FLAG_COLOR)))
        above = height + 1.05 * row if height + 1.5 * row < y.high else height - 1.05 * row
        canvas.draw(canvas.text(place, above, plotext.colorize(mark.text, FLAG_COLOR)))


def _draw_surface(canvas: Any, panel: Panel, x: Scale, y: Scale, width: int, rows: int) -> None:
    """The surface as shades, the darkest being the lowest."""
    grid = panel.grid
    if grid is None:
        return
    z = np.array(grid.z, dtype=np.float64)
    known = z[np.isfinite(z)]
    if z.shape != (len(grid.y), len(grid.x)) or not known.size:
        return
    across = np.linspace(x.low, x.high, 2 * width)
    up = np.linspace(y.low, y.high, 2 * rows)
    columns = np.abs(x(np.array(grid.x))[None, :] - across[:, None]).argmin(axis=1)
    lines = np.abs(y(np.array(grid.y))[None, :] - up[:, None]).argmin(axis=1)
    shown = z[np.ix_(lines, columns)]
    edges = np.linspace(known.min(), known.max(), len(SHADES) + 1)
    level = np.clip(np.searchsorted(edges, shown, side="right") - 1, 0, len(SHADES) - 1)
    for index, shade in enumerate(SHADES):
        row, column = np.nonzero((level == index) & np.isfinite(shown))
        if row.size:
            signal = canvas.signal(
                across[column].tolist(), up[row].tolist(), marker=_colored(shade, UNCOLORED)
            )
            canvas.draw(signal)


def _shade_key(panel: Panel, width: int) -> list[str]:
    """From which value to which a shade reaches."""
    z = np.array(panel.grid.z if panel.grid else [], dtype=np.float64)
    known = z[np.isfinite(z)]
    if panel.grid is None or not known.size:
        return []
    edges = np.linspace(known.min(), known.max(), len(SHADES) + 1)
    ends = [f"{edge:.4g}" for edge in edges]
    key = [f"{shade}={a}–{b}" for shade, a, b in zip(SHADES, ends[:-1], ends[1:], strict=True)]
    return textwrap.wrap(f"{printable(panel.grid.z_label, 30)}:  {'  '.join(key)}", width)
