"""Charts as files: PNG, SVG and PDF, drawn by matplotlib.

Only matplotlib's object interface is used. Its settings are replaced for the
time of the drawing, under a lock, so that a user's own configuration neither
changes a chart nor is changed by it.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import textwrap
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation

from havoc.charts import style
from havoc.charts.panel import PanelLabels, draw_panel
from havoc.charts.prepare import apart, categories, flag_key, lies_flat
from havoc.charts.series import safe
from havoc.charts.spec import ChartSpec, Panel
from havoc.errors import InputError
from havoc.files import write_atomic
from havoc.text import printable

WIDTH = 9.0
DPI = 160
MOST_PANELS = 16

_NO_DATES: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None, "Type": None, "Format": None},
    "pdf": {"CreationDate": None, "Creator": "havoc", "Producer": None},
}
_UNSET = ("backend", "backend_fallback", "interactive", "toolbar", "timezone", "webagg")
_LOCK = threading.Lock()


def save_figure(chart: ChartSpec, path: str | os.PathLike[str]) -> Path:
    """Draw ``chart`` into ``path``; the suffix (.png, .svg, .pdf) decides the format."""
    suffix = Path(path).suffix.lower().lstrip(".")
    if suffix not in _NO_DATES:
        raise InputError(
            f"charts cannot be written as {'.' + suffix if suffix else 'a file without suffix'}",
            where=str(path),
            remedy="end the name in .png, .svg or .pdf",
        )
    return write_atomic(path, _drawn(chart, suffix))


def figure_svg(chart: ChartSpec) -> str:
    """``chart`` as one ``<svg>`` element to stand in a page.

    It holds no script, no reference to the outside and no date; the same chart
    gives the same text. Its ids carry a digest, so that several can stand in
    one page.
    """
    drawn = _drawn(chart, "svg").decode("utf-8")
    digest = hashlib.sha256(drawn.encode()).hexdigest()[:10]
    body = drawn[drawn.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, flags=re.DOTALL)
    # The style rule of the file would hold for the whole page.
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", body, count=1, flags=re.DOTALL)
    body = re.sub(r'\bid="([^"]+)"', rf'id="c{digest}-\1"', body)
    body = re.sub(r'href="#([^"]+)"', rf'href="#c{digest}-\1"', body)
    body = re.sub(r"url\(#([^)]+)\)", rf"url(#c{digest}-\1)", body)
    title = escape(printable(chart.title, 200))
    described = escape(printable(chart.description, 600))
    size = re.search(r'viewBox="0 0 ([\d.]+) [\d.]+"', body)
    width = f"{float(size[1]) * 96 / 72:.0f}" if size else "860"
    opening = re.match(r"<svg[^>]*>", body)
    start = opening.end() if opening else 0
    box = re.search(r'viewBox="[^"]*"', body[:start])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'{box[0] if box else ""} width="{width}" role="img" aria-label="{title}" '
        f'style="stroke-linejoin:round;stroke-linecap:butt">'
        f"<title>{title}</title>"
        + (f"<desc>{described}</desc>" if described else "")
        + body[start:].strip()
    )


def _drawn(chart: ChartSpec, format_name: str) -> bytes:
    buffer = io.BytesIO()
    with _settings(), warnings.catch_warnings(), np.errstate(all="ignore"):
        # A font without a character, or a limit that leaves no room, is no news to the user.
        warnings.simplefilter("ignore")
        figure = _figure(chart)
        figure.savefig(buffer, format=format_name, dpi=DPI, metadata=_NO_DATES[format_name])
    return buffer.getvalue()


@contextmanager
def _settings() -> Iterator[None]:
    settings: dict[Any, Any] = {
        key: value
        for key, value in matplotlib.rcParamsDefault.items()
        if not key.startswith(_UNSET)
    }
    settings.update(style.SETTINGS)
    with _LOCK, matplotlib.rc_context(settings):
        yield


def _figure(chart: ChartSpec) -> Figure:
    panels = chart.panels[:MOST_PANELS] or [Panel()]
    rows, columns = _arrangement(panels)
    heights = [
        max(_height(panel, len(panels)) for panel in panels[row * columns : (row + 1) * columns])
        for row in range(rows)
    ]
    title = textwrap.wrap(safe(chart.title, 200), 92)
    notes = _notes(chart)
    figure = Figure(
        figsize=(WIDTH, sum(heights) + 0.26 * len(title) + 0.17 * len(notes) + 0.2),
        layout="constrained",
        facecolor="white",
    )
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.07, hspace=0.03, wspace=0.03)  # type: ignore[union-attr,call-arg]
    if title:
        figure.suptitle(
            "\n".join(title), x=0.012, ha="left", fontsize=11.8, fontweight="bold", color=style.INK
        )
    if notes:
        figure.supxlabel("\n".join(notes), x=0.012, ha="left", fontsize=8, color=style.MUTED)
    spots = figure.add_gridspec(rows, columns, height_ratios=heights)
    drawn: list[tuple[Axes, PanelLabels]] = []
    for number, panel in enumerate(panels):
        axes = figure.add_subplot(spots[number // columns, number % columns])
        drawn.append((axes, draw_panel(axes, panel)))
    if columns == 1:
        _align(panels, [axes for axes, _ in drawn])
    figure.align_ylabels([axes for axes, _ in drawn])
    figure.draw_without_rendering()
    for axes, labels in drawn:
        _spread_right(axes, labels.right)
        _spread_top(axes, labels.top)
    return figure


def _arrangement(panels: list[Panel]) -> tuple[int, int]:
    """Stacked; four or more panels that share no x axis stand two in a row."""
    shared = len({(panel.x_label, len(categories(panel) or [])) for panel in panels}) == 1
    columns = 2 if len(panels) >= 4 and not (shared and panels[0].x_label) else 1
    return -(-len(panels) // columns), columns


def _align(panels: list[Panel], stacked: list[Axes]) -> None:
    """One x range for stacked panels over the same observations, as in an I-MR chart."""
    if any(p.grid or p.x_scale != "linear" or categories(p) or not p.series for p in panels):
        return
    ranges = [axes.get_xlim() for axes in stacked]
    low, high = min(a for a, _ in ranges), max(b for _, b in ranges)
    if all(b - a > 0.8 * (high - low) for a, b in ranges):
        for axes in stacked:
            axes.set_xlim(low, high)


def _height(panel: Panel, count: int) -> float:
    """Inches. Bars that lie flat need room for every name."""
    height = {1: 4.4, 2: 2.9, 3: 2.5}.get(count, 2.8)
    if panel.grid is not None:
        height = max(height, 4.2)
    if lies_flat(panel):
        height = max(height if count > 1 else 2.2, 0.8 + 0.3 * len(categories(panel) or []))
    return height


def _notes(chart: ChartSpec) -> list[str]:
    lines = list(chart.notes[:4])
    key = flag_key(chart.panels)
    if key:
        lines.append("Marked points: " + "; ".join(key))
    return [line for note in lines for line in textwrap.wrap(safe(note, 400), 125)][:8]


def _spread_right(axes: Axes, labels: list[Annotation]) -> None:
    """Move labels of close limits apart, keeping their order."""
    scale = 72.0 / axes.figure.dpi
    places = [float(axes.transData.transform((0.0, label.xy[1]))[1]) * scale for label in labels]
    if axes.get_yscale() == "log":
        places = [place if np.isfinite(place) else 0.0 for place in places]
    for label, place, moved in zip(labels, places, apart(places, 11.0), strict=True):
        if abs(moved - place) > 0.5:
            label.set_position((6, moved - place))


def _spread_top(axes: Axes, labels: list[Annotation]) -> None:
    """Labels of vertical limits that would overlap go one row higher."""
    scale = 72.0 / axes.figure.dpi
    ends: list[float] = []
    placed = sorted(labels, key=lambda label: float(label.xy[0]))
    for label in placed:
        center = float(axes.transData.transform((label.xy[0], 0.0))[0]) * scale
        half = 0.5 * 5.2 * len(label.get_text())
        row = next((i for i, end in enumerate(ends) if center - half > end + 4), len(ends))
        ends[row : row + 1] = [center + half]
        label.set_position((0, 3 + 11 * row))
    if placed and axes.get_title(loc="left"):
        axes.set_title(axes.get_title(loc="left"), pad=6 + 12 * len(ends))
