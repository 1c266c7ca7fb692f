"""Readings on lines of their own behind their labels, and parallel lists of labels and readings.

"A 1 220 224" on every line (with or without a line of names above), and
"y 50 52 60 61; part x x z z; operator o1 o2 o1 o2".
"""

from __future__ import annotations

import re

import msgspec

from havoc.reading.table import Column

MAX_TEXT = 60_000
_NUMBER = re.compile(r"[-+]?(?:\d++(?:\.\d++)?|\.\d++)$")
_MISSING = frozenset({"-", "–", "na", "n/a", "nan", "missing", "?"})
_LEAST_ROWS = 4
_MOST_CELLS = 12
_LEAST_LISTED = 6
_LONGEST_LIST = 2000


class LabelledReadings(msgspec.Struct, frozen=True):
    """Every reading with its level of every factor; a factor without a name has an empty one.

    ``factors`` pairs the name of a factor with its levels, which are as many as ``values``.
    """

    factors: list[tuple[str, list[str]]]
    values: list[float | None]


def is_number(cell: str) -> bool:
    return _NUMBER.match(cell) is not None


def read_lines(text: str) -> LabelledReadings | None:
    """The longest block of lines with as many cells each, labels first and readings last."""
    text = text[:MAX_TEXT]
    return _read_block(text.split("\n")) or _read_block(_pieces(text))


def _pieces(text: str) -> list[str]:
    """ "part/operator/value: 1 a .31; 1 b .33; …": what semicolons set apart, the names first."""
    pieces = re.split(r";[ \n]", text)
    head, colon, first = pieces[0].rpartition(": ")
    names = head.split("\n")[-1].split(" ")[-1] if colon else ""
    return [names.replace("/", " "), first, *pieces[1:]]


def _read_block(told: list[str]) -> LabelledReadings | None:
    lines = [_cells(line) for line in told]
    best: tuple[int, int] = (0, 0)
    start = 0
    for index in range(len(lines) + 1):
        fits = (
            index < len(lines)
            and _is_row(lines[start])
            and len(lines[index]) == len(lines[start])
            and _is_row(lines[index])
        )
        if not fits:
            if index - start > best[1] - best[0]:
                best = (start, index)
            start = index
    rows = lines[best[0] : best[1]]
    if len(rows) < _LEAST_ROWS:
        return None
    header = lines[best[0] - 1] if best[0] else []
    named = 2 < len(header) <= len(rows[0]) and not any(map(is_number, header))
    return from_rows(rows, header if named else [])


def _cells(line: str) -> list[str]:
    """Cells between tabs, semicolons or bars where there are any, else between blanks."""
    line = line.strip().rstrip(".")
    for separator in ("\t", ";", "|"):
        if line.count(separator) >= 2:
            return [cell.strip() for cell in line.split(separator)]
    if "," in line and " " not in line:
        return line.split(",")
    return [cell.rstrip(":") for cell in re.split(r"[\s,]+", line) if cell]


def _is_row(cells: list[str]) -> bool:
    return 3 <= len(cells) <= _MOST_CELLS and is_number(cells[-1])


def from_rows(rows: list[list[str]], header: list[str]) -> LabelledReadings | None:
    """Labels and readings of rows of cells; readings of one row repeat one measurement."""
    width = len(rows[0])
    columns = [[row[place] for row in rows] for place in range(width)]
    readings = width - 1
    while readings > 1 and _alike(columns[readings - 1], columns[-1]):
        readings -= 1
    if header and len(header) < width:
        readings = max(readings, len(header) - 1)
        header = [*header[:readings], *[header[-1]] * (width - readings)]
    factors = []
    for place in range(readings):
        levels = columns[place]
        if len(set(levels)) < 2:
            continue  # a noun that stands in every row ("shaft 1 …") names the column behind it
        before = columns[place - 1] if place else []
        noun = before[0] if before and len(set(before)) == 1 and not is_number(before[0]) else ""
        factors.append((header[place] if header else noun, levels))
    count = width - readings
    values = [_value(cell) for row in rows for cell in row[readings:]]
    if not factors or any(value is None for value in values[:1]):
        return None
    return LabelledReadings(
        factors=[
            (name, [level for level in levels for _ in range(count)]) for name, levels in factors
        ],
        values=values,
    )


def _value(cell: str) -> float | None:
    return float(cell) if is_number(cell) else None


def _alike(first: list[str], last: list[str]) -> bool:
    """Do two columns repeat one measurement: numbers of one range, not both few and whole?"""
    if not all(is_number(cell) or cell.lower() in _MISSING for cell in (*first, *last)):
        return False
    one, other = ([float(cell) for cell in cells if is_number(cell)] for cells in (first, last))
    if not one or not other:
        return False
    reach = max(other) - min(other) or abs(max(other))
    return (
        min(one) <= max(other) + reach
        and max(one) >= min(other) - reach
        and (len(set(one)) > len(one) / 2 or any("." in cell for cell in first))
    )


def readings_of_columns(columns: list[Column]) -> LabelledReadings | None:
    """The same of a table whose columns have no names."""
    cells = [
        [
            "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
            for value in column.values
        ]
        for column in columns
    ]
    return from_rows([list(row) for row in zip(*cells, strict=True)], [])


_SEGMENT = re.compile(r"[;\n:]|\.\s")


def read_parallel_lists(text: str) -> LabelledReadings | None:
    """ "y 5 6 7 8 …; part a a b b …; day 1 2 1 2 …": lists of one length with a name each."""
    lists: list[tuple[str, list[str]]] = []
    name = ""
    for segment in _SEGMENT.split(text[:MAX_TEXT]):
        words = [word for word in re.split(r"[\s,]+", segment.strip()) if word][:_LONGEST_LIST]
        if len(words) >= _LEAST_LISTED and _repeats(words):
            lists.append((name, words))
        elif len(words) > _LEAST_LISTED and (_repeats(words[1:]) or all(map(is_number, words[1:]))):
            lists.append((words[0], words[1:]))
        elif len(words) >= _LEAST_LISTED and all(map(is_number, words)):
            lists.append((name, words))
        name = words[-1] if 0 < len(words) <= 6 else ""
    measured = [item for item in lists if all(map(is_number, item[1]))]
    if len(lists) < 3 or not measured:
        return None
    response = max(measured, key=lambda item: len(set(item[1])))
    factors = [
        (label, levels)
        for label, levels in lists
        if levels is not response[1] and len(levels) == len(response[1])
    ]
    if len(factors) < 2:
        return None
    return LabelledReadings(factors=factors, values=[float(cell) for cell in response[1]])


def _repeats(words: list[str]) -> bool:
    """Levels: few different ones, short, each more than once."""
    return (
        1 < len(set(words)) <= len(words) / 2
        and all(len(word) <= 12 for word in words)
        and min(words.count(word) for word in set(words)) > 1
    )
