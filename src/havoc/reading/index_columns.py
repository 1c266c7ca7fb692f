"""Columns that only count: sample number, subgroup, hour. They are no measurements."""

from __future__ import annotations

import re
from itertools import pairwise

from havoc.reading.table import Column, Table

INDEX_NAMES = re.compile(
    r"^(?:#|no\.?|nr\.?|num(?:ber)?|id|idx|index|i|obs(?:ervation)?|row|sample(?: ?(?:no|#|id))?|"
    r"subgroup|run(?: ?order)?|std ?order|order|batch|lot|unit|item|time ?stamp|date|day|week|"
    r"month|hour|h|time|sg|probe|nr|patient|subject|\w{1,20}[_ ](?:id|no|nr))$",
    re.IGNORECASE,
)

IDENTIFIER_NAMES = re.compile(
    r"^(?:lot|batch|order|serial|id|subgroup)(?:[ _]?(?:no|nr|id))?$", re.IGNORECASE
)

_NUMBER_MARK = re.compile(r"(?:(?<!\s)\s++)?+[\[(](?:no|nr|#|id)\.?[\])]$", re.IGNORECASE)
LIMIT_NAMES = frozenset({"lsl", "usl", "ltl", "utl"})


def is_index(column: Column, *, first: bool, header: bool) -> bool:
    """Does the column count in even steps under the name of an index (or nameless, in front)?"""
    name = _NUMBER_MARK.sub("", column.name)
    return counts_evenly(column) and bool(INDEX_NAMES.match(name) or (first and not header))


def is_identifier(column: Column) -> bool:
    """Whole numbers that never fall, under the name of a lot: the rows of one lot together."""
    if not IDENTIFIER_NAMES.match(column.name):
        return False
    values = [value for value in column.present if isinstance(value, float)]
    return all(value == int(value) for value in values) and all(
        after >= before for before, after in pairwise(values)
    )


def counts_evenly(column: Column) -> bool:
    """1, 2, 3 … without a gap, or under the name of an index any even steps (06, 08, 10 h)."""
    values = [value for value in column.present if isinstance(value, float)]
    if len(values) < 2 or len(values) < len(column.values):
        return False
    step = values[1] - values[0]
    if step <= 0 or any(abs(after - before - step) > 1e-9 for before, after in pairwise(values)):
        return False
    return (step == 1 and values[0] in {0.0, 1.0}) or bool(INDEX_NAMES.match(column.name))


def measured_columns(table: Table) -> list[Column]:
    """The columns of numbers without an index column; all of them if nothing else is left."""
    columns = [column for column in table.columns if column.kind == "number"]
    kept = [
        column
        for position, column in enumerate(columns)
        if not is_index(column, first=position == 0, header=table.header)
    ]
    measured = [
        column
        for column in kept
        if not is_identifier(column) and column.name.lower() not in LIMIT_NAMES
    ]
    if len(measured) >= 2 or (measured and any(c.name.lower() in LIMIT_NAMES for c in kept)):
        return measured
    return kept if len(columns) > 1 and kept else columns
