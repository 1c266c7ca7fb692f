"""A bar chart (Pareto, effects) as lines of text."""

from __future__ import annotations

import math

from havoc.charts.prepare import limit_text, limit_value, marks, thin
from havoc.charts.spec import Panel, Series
from havoc.formatting import figure
from havoc.text import printable, shorten


def text_bars(panel: Panel, series: Series, width: int) -> list[str]:
    """One line a bar: name, bar, value, mark. Long names stay readable."""
    names = [printable(name, 28) for name in series.x]
    values = [value if value is not None and math.isfinite(value) else 0.0 for value in series.y]
    shown = thin(min(len(names), len(values)), 30).tolist()
    texts = {mark.place: mark.text for mark in marks(series)}
    values_of_limits = [limit_value(limit) for limit in panel.limits]
    limit = next((value for value in values_of_limits if value is not None), None)
    label = max((len(names[index]) for index in shown), default=0)
    figures = [figure(values[index]) for index in shown]
    tail = max((len(text) for text in figures), default=0)
    tail += max((len(text) + 3 for text in texts.values()), default=0)
    room = max(width - label - tail - 4, 8)
    largest = max([abs(values[index]) for index in shown] + [abs(limit or 0.0)], default=0.0) or 1.0
    lines: list[str] = []
    for index, figure_text in zip(shown, figures, strict=True):
        bar = "█" * round(room * abs(values[index]) / largest)
        row = bar.ljust(room)
        if limit is not None:
            at = min(max(round(room * abs(limit) / largest) - 1, 0), room - 1)
            row = f"{row[:at]}│{row[at + 1 :]}"
        mark = f" ■ {texts[index]}" if index in texts else ""
        lines.append(f"{names[index]:>{label}} {row.rstrip()} {figure_text}{mark}")
    lines += [f"{'│':>{label + 2}} {limit_text(line)}" for line in panel.limits]
    if panel.y_label:
        lines.append(f"{'':{label}} {printable(panel.y_label, room)}")
    return [shorten(line, width) for line in lines]
