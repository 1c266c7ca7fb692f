"""Cells of a two-way layout in prose: "g1/t1 80, g1/t2 84", "booth1: g1 82 g2 88. booth2: …"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from havoc.reading.crossed_cells import Cell, crossed_cells

_NUM = r"[-+]?\d++(?:\.\d++)?"
_VALUES = rf"(?P<values>{_NUM}(?:[\s,/]+{_NUM}(?![\w]))*)"
_NAME = r"[A-Za-z]{1,20}\d{0,3}"
_CROSSED = re.compile(
    rf"(?<![\w])(?P<first>{_NAME})\s?(?:/|-|,\s?|\s)\s?(?P<second>{_NAME})\s?[:=]?\s+{_VALUES}"
)
_NAMED = re.compile(
    rf"(?<![\w.])(?P<first>\w{{1,20}})\s?[/\-]\s?(?P<second>\w{{1,20}})\s?:\s*{_VALUES}"
)
_OUTER = re.compile(rf"(?<![\w])(?P<outer>{_NAME}(?:\s{_NAME})?(?:\s\d)?)\s?:\s")
_INNER = re.compile(rf"(?P<second>{_NAME})\s?[:=]?\s?(?P<values>{_NUM}(?:[,/ ]+{_NUM}(?!\w))*)")


def read_cells(text: str) -> list[Cell]:
    """Measurements of a complete two-way layout, or an empty list if the text holds none."""
    for found in (list(_nested(text)), list(_crossed(text)), list(_named(text))):
        kept = _crossing(found)
        if _complete(kept):
            return kept
    return crossed_cells(text)


def _named(text: str) -> Iterator[Cell]:
    """Both levels before a colon: "S1/680: 5.1 5.3"."""
    for match in _NAMED.finditer(text):
        yield from _cells(match["first"], match["second"], match)


def _crossing(cells: list[Cell]) -> list[Cell]:
    """Without chance finds: every level kept stands with two or more of the other factor."""
    while True:
        seconds: dict[str, set[str]] = {}
        firsts: dict[str, set[str]] = {}
        for cell in cells:
            seconds.setdefault(cell.first, set()).add(cell.second)
            firsts.setdefault(cell.second, set()).add(cell.first)
        kept = [
            cell for cell in cells if len(seconds[cell.first]) > 1 and len(firsts[cell.second]) > 1
        ]
        if len(kept) == len(cells):
            return kept
        cells = kept


def _crossed(text: str) -> Iterator[Cell]:
    for match in _CROSSED.finditer(text):
        yield from _cells(match["first"], match["second"], match)


def _nested(text: str) -> Iterator[Cell]:
    """An outer label with a colon, then inner labels with their values up to the next one."""
    labels = list(_OUTER.finditer(text))
    for position, label in enumerate(labels):
        end = labels[position + 1].start() if position + 1 < len(labels) else len(text)
        for inner in _INNER.finditer(text, label.end(), end):
            yield from _cells(label["outer"].strip(), inner["second"], inner)


def _cells(first: str, second: str, match: re.Match[str]) -> Iterator[Cell]:
    start, end = match.span("values")
    for value in re.findall(_NUM, match["values"]):
        yield Cell(first=first, second=second, value=float(value), start=start, end=end)


def _complete(cells: list[Cell]) -> bool:
    """At least two levels of either factor, and every combination measured."""
    first, second = {cell.first for cell in cells}, {cell.second for cell in cells}
    combinations = {(cell.first, cell.second) for cell in cells}
    return len(first) >= 2 and len(second) >= 2 and len(combinations) == len(first) * len(second)
