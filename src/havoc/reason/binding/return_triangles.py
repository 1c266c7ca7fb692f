"""Shipments and their returns in prose: "shipped 500 520 480; returns 2 3 5 / 1 4 / 2".

A shipment of the first of m periods has m periods of returns, the next one m - 1, the last
one. So m shipments and their returns are m + m (m + 1) / 2 figures, told one list after the other or
shipment by shipment, whatever words stand between them.
"""

from __future__ import annotations

import re

import msgspec

MOST_PERIODS = 60
MOST_FIGURES = 500
_INDEX = re.compile(
    r"\b(?:lot|batch|month|mo|quarter|q|m|week|wk|delivery|shipment|period|ship|year|cohort)s?[\s#-]{1,2}$",
    re.IGNORECASE,
)
_FIGURE = re.compile(
    r"(?<![\w.#])(?<!\d,)(\d{1,9})(?![\w%]|\.\d|\s?%)|(?<=\d,)(\d{1,9})(?![\w%]|\.\d)"
)
_EACH = re.compile(
    r"\s+(?:[a-z]+\s+){0,2}?(?:a|an|per|each|every)\s*(?:months?|mon?|weeks?|wk|quarters?|q|period|year)\b"
    r"|\s*/\s*(?:months?|mon?|weeks?|wk|quarters?|q|period|year)\b",
    re.IGNORECASE,
)


class Triangle(msgspec.Struct, kw_only=True):
    """Shipments, and for each the returns from the period of the first shipment on."""

    shipped: list[int]
    returns: list[list[int | None]]
    start: int
    end: int


def read_triangle(text: str) -> Triangle | None:
    """The largest triangle of the text. Settings must have been taken out."""
    figures = [
        (int(match[1] or match[2]), match.start(), match.end()) for match in _FIGURE.finditer(text)
    ]
    numbered = [
        figure for figure in figures if _INDEX.search(text[max(0, figure[1] - 12) : figure[1]])
    ]
    in_order = [value for value, *_ in numbered] == list(range(1, len(numbered) + 1))
    indices = set(numbered)
    without = [figure for figure in figures if figure not in indices]
    for found in [without, figures] if in_order and len(numbered) > 1 else [figures]:
        triangle = _largest(text, found)
        if triangle is not None:
            return triangle
    return None


def _largest(text: str, figures: list[tuple[int, int, int]]) -> Triangle | None:
    values = [value for value, *_ in figures]
    if len(values) > MOST_FIGURES:
        return None
    for periods in range(min(MOST_PERIODS, int((2 * len(values)) ** 0.5) + 1), 1, -1):
        cells = periods * (periods + 1) // 2
        if 3 * cells < len(values):
            break  # most figures of the text would be something else
        for begin in range(len(values) - cells):
            each = _EACH.match(text, figures[begin][2])
            for count, shipped, rows in _ways(values, begin, periods, each is not None):
                if _plausible(shipped, rows):
                    return Triangle(
                        shipped=shipped,
                        returns=[[None] * index + row for index, row in enumerate(rows)],
                        start=figures[begin][1],
                        end=figures[begin + count - 1][2],
                    )
    return None


Way = tuple[int, list[int], list[list[int]]]


def _ways(values: list[int], begin: int, periods: int, each: bool) -> list[Way]:
    """How the figures from ``begin`` on can be read: figures used, shipments, returns."""
    ways: list[Way] = []
    lengths = range(periods, 0, -1)
    cells = periods * (periods + 1) // 2
    if each and begin + 1 + cells <= len(values):
        ways.append((1 + cells, [values[begin]] * periods, _rows(values[begin + 1 :], lengths)))
    if begin + periods + cells > len(values):
        return ways
    shipped = values[begin : begin + periods]
    ways.append((periods + cells, shipped, _rows(values[begin + periods :], lengths)))
    rows, place, firsts = [], begin, []
    for length in lengths:
        firsts.append(values[place])
        rows.append(values[place + 1 : place + 1 + length])
        place += 1 + length
    ways.append((periods + cells, firsts, rows))
    return ways


def _rows(values: list[int], lengths: range) -> list[list[int]]:
    rows, place = [], 0
    for length in lengths:
        rows.append(values[place : place + length])
        place += length
    return rows


def _plausible(shipped: list[int], rows: list[list[int]]) -> bool:
    most = max(max(row) for row in rows)
    return (
        all(units > sum(row) for units, row in zip(shipped, rows, strict=True))
        and min(shipped) > 2 * most
    )
