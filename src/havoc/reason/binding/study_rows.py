"""Gage studies in tables, and in rows of readings whose order is told or shows."""

from __future__ import annotations

import re
from collections import Counter

from havoc.reading.question import Series
from havoc.reading.study_layout import PART_NOUNS, Study
from havoc.reading.table import Column, Table
from havoc.reason.binding.evidence import Evidence
from havoc.reason.binding.marked_times import IN_WORDS, count_of
from havoc.reason.binding.mention import are_replicates

PART = re.compile(
    r"^(?:parts?|p|pieces?|pcs?|samples?|items?|units?|batch|lot|specimen|mould|tubes?|wafers?)$",
    re.IGNORECASE,
)
_TRIAL = re.compile(r"^(?:trials?|reps?|replicates?|repeat|run|no\.?|order|seq\w*)$", re.IGNORECASE)
OPERATOR = re.compile(
    r"^(?:operators?|ops?|appraisers?|inspectors?|insp|persons?|people|who|man|name|analysts?|testers?|"
    r"techs?|technicians?|labs?|workers?|fitters?|users?)$",
    re.IGNORECASE,
)
_Found = tuple[Table, Column, Column | None, Column]


def study_in_table(evidence: Evidence) -> _Found | None:
    """Table, part, operator and measurements; the operator is None where no column holds him."""
    for table in evidence.tables:
        part = next((column for column in table.columns if PART.match(column.name)), None)
        operator = next((column for column in table.columns if OPERATOR.match(column.name)), None)
        numbers = [
            column
            for column in table.columns
            if column.kind == "number"
            and column not in (part, operator)
            and not _TRIAL.match(column.name)
        ]
        if part is not None and operator is None:
            repeated = [
                column
                for column in evidence.factor_columns(table)
                if column is not part and not _TRIAL.match(column.name)
            ]
            operator = repeated[0] if len(repeated) == 1 else None
        if part is not None and len(numbers) == 1:
            return table, part, operator, numbers[0]
        if part is not None and operator is not None and are_replicates(numbers):
            return _stacked(table, part, [operator] * len(numbers), numbers)
        if part is not None and len(numbers) >= 3 and operator is None:
            return _by_operator_columns(table, part, numbers)
        repeated = [
            column for column in table.columns if 1 < len(set(column.present)) < len(column.present)
        ]
        measured = [column for column in numbers if column not in repeated[:2]]
        if len(repeated) >= 2 and measured and part is None:
            first, second = repeated[0], repeated[1]
            if first.kind == "text" and second.kind == "number":
                first, second = second, first
            return table, first, second, measured[-1]
    return None


def _by_operator_columns(table: Table, part: Column, numbers: list[Column]) -> _Found | None:
    """ "part, Amy 1, Amy 2, Ron 1, Ron 2" or "insp1a, insp1b": the operator is in the names."""
    for trial in (r"[\s_-]*(?:t|trial|r|rep)?\d+$", r"(?<=\d)[\s_-]*[a-d]$"):
        owners = [re.sub(trial, "", column.name, flags=re.IGNORECASE) for column in numbers]
        counts = {owners.count(owner) for owner in owners}
        if len(set(owners)) >= 2 and all(owners) and len(counts) == 1 and counts != {1}:
            columns = [
                Column(name=owner, kind="text", values=list[str | None]([owner]))
                for owner in owners
            ]
            return _stacked(table, part, columns, numbers)
    return None


def _stacked(table: Table, part: Column, operators: list[Column], numbers: list[Column]) -> _Found:
    """Columns of readings one below the other; an operator of one value holds for his column."""
    parts: list[str | None] = []
    persons: list[str | None] = []
    values: list[float | None] = []
    for operator, column in zip(operators, numbers, strict=True):
        names = [_text(value) for value in operator.values]
        parts += [_text(value) for value in part.values]
        persons += names * len(part.values) if len(names) == 1 else names
        values += [value if isinstance(value, float) else None for value in column.values]
    return (
        table,
        Column(name=part.name, kind="text", values=parts),
        Column(name="operator", kind="text", values=persons),
        Column(name="measurement", kind="number", values=values),
    )


def text_of(value: float | str | None) -> str:
    """A label as text: a whole number without its point."""
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value)


def _text(value: float | str | None) -> str | None:
    return None if value is None else text_of(value)


# rows in prose --------------------------------------------------------------------

_COUNT = rf"(?<![\w.])(\d{{1,3}}|{IN_WORDS})\s+(?:same\s+|different\s+)?"
_TRIALS = re.compile(
    rf"{_COUNT}(?:trials?|reps?|repeats?|replicates?|times|readings?\s+each|x\b)", re.IGNORECASE
)
_SERIES_OF_LEVELS = re.compile(
    rf"(?<![\w.])(?:\d{{1,2}}|{IN_WORDS})(?:[\s,]+(?:\d{{1,2}}|{IN_WORDS})(?![\w.]))+",
    re.IGNORECASE,
)
_CLEARLY = 0.1


def study_in_rows(evidence: Evidence) -> Study | None:
    """ "A 1.1 1.2 2.0 2.1; B 1.2 1.2 2.1 2.1": a row a person (or a part), its repeats in order.

    The order is the one that the question tells ("pieces 1 1 2 2 each"). Without it the
    repeats of a part are those that lie together, if they clearly do.
    """
    text = evidence.reading.text
    rows = [item for item in evidence.reading.series if item.name and len(item.numbers) >= 4]
    lengths = Counter(len(row.numbers) for row in rows)
    length = max(lengths, key=lambda size: lengths[size], default=0)
    order = _told_order(text, length)
    rows = [row for row in rows if len(row.numbers) == length and row.numbers != order]
    names = [row.name for row in rows]
    if len(rows) < 2 or len(set(names)) < len(rows):
        return None
    by_part = all(re.split(r"[\s\d]", name.lower())[0] in PART_NOUNS for name in names)
    if order is None and not by_part:
        order = _visible_order(rows, _levels(text, length))
    if order is None:
        return None
    inner = [f"{'operator' if by_part else 'part'} {level}" for level in order] * len(rows)
    outer = [name for name in names for _ in range(length)]
    values = [value for row in rows for value in row.numbers]
    parts, persons = (outer, inner) if by_part else (inner, outer)
    return Study(parts=parts, operators=persons, values=values)


def _told_order(text: str, length: int) -> list[int] | None:
    """A list of as many levels as a row has values, each equally often: "1 1 2 2 3 3"."""
    for match in _SERIES_OF_LEVELS.finditer(text):
        found = re.findall(rf"\d{{1,2}}|\b(?:{IN_WORDS})\b", match[0], re.IGNORECASE)
        levels = [count_of(item) for item in found]
        counts = {levels.count(level) for level in levels}
        if len(levels) == length and len(counts) == 1 and 1 < min(counts) < length:
            return levels
    return None


def _levels(text: str, length: int) -> int | None:
    """How many parts stand in a row of so many values, from the parts or the trials named."""
    nouns = "|".join(sorted((noun for noun in PART_NOUNS if len(noun) > 1), key=len, reverse=True))
    parts = re.search(rf"{_COUNT}(?:[a-z]+\s+)?(?:{nouns})\b", text, re.IGNORECASE)
    trials = _TRIALS.search(text)
    repeats = count_of(trials[1]) if trials else 2 if re.search(r"(?i)\btwice\b", text) else None
    levels = count_of(parts[1]) if parts else length // repeats if repeats else None
    if levels is None or levels < 2 or length % levels or levels == length:
        return None
    return levels if repeats is None or repeats * levels == length else None


def _visible_order(rows: list[Series], levels: int | None) -> list[int] | None:
    """Do the repeats of a part stand side by side, or one round after the other?"""
    if levels is None:
        return None
    length = len(rows[0].numbers)
    repeats = length // levels
    orders = ([i // repeats for i in range(length)], [i % levels for i in range(length)])
    spreads = [
        sum(_spread([row.numbers[i] for i in range(length) if order[i] == level]))
        for order in orders
        for level in range(levels)
        for row in rows
    ]
    half = len(spreads) // 2
    side, round_ = sum(spreads[:half]), sum(spreads[half:])
    if side < _CLEARLY * round_:
        return [level + 1 for level in orders[0]]
    if round_ < _CLEARLY * side:
        return [level + 1 for level in orders[1]]
    return None


def _spread(values: list[float]) -> list[float]:
    mean = sum(values) / len(values)
    return [(value - mean) ** 2 for value in values]
