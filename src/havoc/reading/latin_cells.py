"""A Latin square whose cells are told in their order: "A 82 B 88 C 79 / B 86 C 80 A 83 / …".

No words are known: what is a square shows itself, because every treatment stands once in every
row and once at every place of the rows.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from havoc.reading.nested_cells import labelled_values

_LARGEST = 9
_MOST_CELLS = 300
_PAIR = re.compile(r"[A-Z][a-z]$")


class Square(NamedTuple):
    """Row, column and treatment of every value; None where a value was lost."""

    rows: list[str | float]
    columns: list[str | float]
    treatments: list[str | float]
    greek: list[str | float]
    values: list[float | None]
    source: str


class _Value(NamedTuple):
    labels: tuple[str, ...]
    value: float
    start: int
    end: int


def read_square(text: str) -> Square | None:
    """The largest square that the text holds, or None."""
    values = [
        _Value(labels, figures[0], start, end)
        for labels, figures, start, end in labelled_values(text)
        if labels and len(figures) == 1
    ][:_MOST_CELLS]
    for size in range(_LARGEST, 2, -1):
        for first in range(len(values) - size * size + 1):
            found = _square(values[first : first + size * size], size)
            if found is not None:
                return found
    return None


def _square(cells: list[_Value], size: int) -> Square | None:
    treatments = [cell.labels[-1] for cell in cells]
    greek: list[str | float] = []
    if len(set(treatments)) == size * size and all(_PAIR.match(item) for item in treatments):
        greek = [item[1] for item in treatments]
        treatments = [item[0] for item in treatments]
    if len(set(treatments)) != size:
        return None
    places = [index % size for index in range(size * size)]
    rows = [index // size for index in range(size * size)]
    if len(set(zip(rows, treatments, strict=True))) < size * size:
        return None
    columns = _told_columns(cells, size)
    told = columns is not None and len(set(zip(columns, treatments, strict=True))) == size * size
    if not told and len(set(zip(places, treatments, strict=True))) < size * size:
        return None
    heads = [cells[row * size].labels[0] for row in range(size)]
    named = len(set(heads)) == size and not set(heads) & set(treatments)
    return Square(
        rows=[heads[row] if named else float(row + 1) for row in rows],
        columns=list(columns) if told and columns else [float(place + 1) for place in places],
        treatments=list(treatments),
        greek=greek,
        values=[None if cell.value != cell.value else cell.value for cell in cells],
        source=f"question[{cells[0].start}:{cells[-1].end}]",
    )


def _told_columns(cells: list[_Value], size: int) -> list[str] | None:
    """The label before the treatment, where every cell has one and each row has all."""
    if any(len(cell.labels) < 2 for cell in cells):
        return None
    columns = [cell.labels[-2] for cell in cells]
    alike = all(
        set(columns[row * size : (row + 1) * size]) == set(columns[:size]) for row in range(size)
    )
    return columns if alike and len(set(columns)) == size else None
