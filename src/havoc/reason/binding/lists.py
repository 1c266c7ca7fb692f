"""Lists of numbers as arguments: named, joined, paired, complete or said not to be."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from havoc.reading.prose import PRONOUNS, STOPWORDS
from havoc.reading.question import Series
from havoc.reading.table import Column, Table
from havoc.reason.binding.arguments import Binding, NeedsInput


def joined(series: Sequence[Series]) -> Series:
    """Replicate columns read row by row, as they were measured."""
    rows = zip(*(item.values for item in series), strict=True)
    return Series(
        name="",
        values=[value for row in rows for value in row],
        source=f"{series[0].source} to {series[-1].source}",
        unit=series[0].unit,
    )


def series_of(table: Table, column: Column) -> Series:
    return Series(
        name=column.name if table.header else "",
        values=list(column.values),  # type: ignore[arg-type]
        source=f"{table.source}#{column.name}",
        unit=column.unit,
    )


def complete(binding: Binding, series: Series, label: str = "") -> list[float]:
    """The numbers of a series; what was missing is said, not hidden."""
    if series.missing:
        binding.warn(
            "{} of {} values of {} are missing and were left out",
            (series.missing, series.source),
            (len(series.values), series.source),
            (label or series.name or "the data", series.source),
        )
    return series.numbers


def complete_pairs(binding: Binding, *series: Series) -> list[list[float]]:
    """Rows without a missing value, listwise. Lengths must agree."""
    lengths = {len(item.values) for item in series}
    if len(lengths) > 1:
        counts = " and ".join(str(len(item.values)) for item in series)
        raise NeedsInput(
            f"the columns have {counts} values, but every value needs its partner",
            "which value is missing?",
        )
    rows = [
        row
        for row in zip(*(item.values for item in series), strict=True)
        if all(value is not None for value in row)
    ]
    dropped = lengths.pop() - len(rows) if lengths else 0
    if dropped:
        binding.warn("{} rows with a missing value were left out", (dropped, series[0].source))
    return [
        [float(value) for value in column if value is not None]
        for column in zip(*rows, strict=True)
    ] or [[] for _ in series]


def is_even_steps(column: Column) -> bool:
    """Whole numbers that rise in even steps, as hours and sample numbers do."""
    values = [value for value in column.present if isinstance(value, float)]
    if len(values) < 3 or any(value != int(value) for value in values):
        return False
    return (
        len({after - before for before, after in pairwise(values)}) == 1 and values[1] > values[0]
    )


_LEVEL_WORDS = frozenset({"now", "or", "on", "off", "in", "out", "here", "there", "no", "yes"})
"""Small words that name a level where they stand before a list."""


def named_apart(series: Sequence[Series]) -> list[Series]:
    """Give unnamed groups names; duplicate names a number."""
    taken: set[str] = set()
    named = []
    letters = sum(len(item.name) == 1 for item in series)
    for index, item in enumerate(series, start=1):
        name = item.name
        letter = len(name) == 1 and (name.isupper() or letters > 1)
        common = name.lower() in STOPWORDS - PRONOUNS - _LEVEL_WORDS and not letter
        if not name or name.lower() in taken or common:
            name = f"{name} {index}" if name and not common else f"group {index}"
        taken.add(name.lower())
        named.append(msgspec.structs.replace(item, name=name))
    return named


def transposed(points: Sequence[Series], series: Sequence[Series]) -> tuple[Series, Series]:
    source = f"{series[0].source}…{series[-1].source}"
    return (
        Series(name="x", values=[item.values[0] for item in points], source=source),
        Series(name="y", values=[item.values[1] for item in points], source=source),
    )
