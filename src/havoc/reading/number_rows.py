"""Numbers in prose that are set apart into rows: "5.0/5.1, 5.2/5.1", "day 1 7.0 7.1; day 8 7 8".

Numbers that stand together make a run; the separator that cuts a run into rows of equal
length is the one between the rows, whatever it is. A number behind the name of a time or a
number with a colon labels its row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import msgspec

from havoc.reading.prose import UNITS

MAX_TEXT = 60_000
_NUMBER = re.compile(r"(?<![\w.$#])[-+]?(?:\d++(?:\.\d++)?+|\.\d++)(?![\w%]|\.\d)")
_TIME_WORD = re.compile(
    r"(?:days?|d|weeks?|wks?|wk|months?|hours?|h|hrs?|shifts?|years?|quarters?|q|visits?|sessions?|occasions?|rounds?|mon|tue|wed|thu|fri)",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?<![\w.])(?:(?P<word>[a-z]{1,12})\.?[ \t]?(?P<number>\d{1,5}+)"
    r"|(?P<bare>\d{1,5}+)(?=\s?[:→]))"
    r"\s?[:=(→-]?(?=\s{0,3}[-+.]?\d)",
    re.IGNORECASE,
)
UNIT_WORDS = "|".join(
    sorted((unit for unit in UNITS - {"in", "a", "at"} if unit.isalpha()), key=len, reverse=True)
)
_CLOSE = re.compile(
    rf"\s*+(?:(?:{UNIT_WORDS})\b)?+[,;|/()\[\]\s]*+(?:and\b|&)?+\s*+", re.IGNORECASE
)
_SEPARATORS = ("\n", "|", ";", ")", "/", ",", "and")


class Token(msgspec.Struct, frozen=True):
    value: float
    start: int
    end: int


class Row(msgspec.Struct, frozen=True):
    """``time`` is the number of the label in front, where there is one."""

    values: list[float]
    start: int
    end: int
    label: str = ""
    time: float | None = None


def numbers(text: str) -> list[Token]:
    """Every number that stands by itself."""
    return [
        Token(value=float(match[0]), start=match.start(), end=match.end())
        for match in _NUMBER.finditer(text[:MAX_TEXT])
    ]


def number_runs(text: str) -> Iterator[list[Token]]:
    """Numbers with nothing but separators and units between them, in the order of the text."""
    run: list[Token] = []
    for token in numbers(text):
        if run and not _CLOSE.fullmatch(text, run[-1].end, token.start):
            yield run
            run = []
        run.append(token)
    if run:
        yield run


def rows_of(text: str, run: list[Token]) -> list[Row]:
    """The run cut into two or more rows of equal length, at least two values each; else nothing."""
    gaps = [text[first.end : second.start] for first, second in pairwise(run)]
    for separator in _SEPARATORS:
        rows, row = [], run[:1]
        for gap, token in zip(gaps, run[1:], strict=True):
            if separator in gap:
                rows.append(row)
                row = []
            row.append(token)
        rows.append(row)
        if len(rows) >= 2 and len({len(item) for item in rows}) == 1 and len(rows[0]) >= 2:
            return [
                Row(values=[token.value for token in item], start=item[0].start, end=item[-1].end)
                for item in rows
            ]
    return []


def labelled_rows(text: str) -> list[Row]:
    """Rows behind "day 3", "wk1", "Q2" or "30:", all with the same word and as many values."""
    text = text[:MAX_TEXT]
    labels = [
        match
        for match in _LABEL.finditer(text)
        if match["bare"] or _TIME_WORD.fullmatch(match["word"])
    ]
    found: dict[str, list[Row]] = {}
    for label, after in pairwise([*labels, None]):
        assert label is not None
        end = after.start() if after else len(text)
        run = next(number_runs(text[label.end() : end]), [])
        if not run or text[label.end() : label.end() + run[0].start].strip(" \t:=(→-"):
            continue
        start = label.end()
        row = Row(
            values=[token.value for token in run],
            start=start + run[0].start,
            end=start + run[-1].end,
            label=label[0].strip(" :=(→-"),
            time=float(label["bare"] or label["number"]),
        )
        found.setdefault((label["word"] or "").lower(), []).append(row)
    rows = max(found.values(), key=len, default=[])
    return rows if len(rows) >= 3 and len({len(row.values) for row in rows}) == 1 else []


def apart_rows(text: str) -> list[Row]:
    """The rows of the run that holds most numbers, or those that carry labels."""
    labelled = labelled_rows(text)
    plain: list[Row] = []
    for run in number_runs(text):
        rows = rows_of(text, run) or rows_of(text, run[1:])
        if sum(len(row.values) for row in rows) > sum(len(row.values) for row in plain):
            plain = rows
    count = sum(len(row.values) for row in plain)
    return labelled if sum(len(row.values) for row in labelled) * 1.25 >= count else plain
