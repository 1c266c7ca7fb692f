"""Rows of equal make-up in running text: "Ines P1 40 88; Ines P2 44 91; …", "70/20/10 5.2, …".

One sign parts the rows, blanks, slashes or brackets part their entries. The first row may stand
behind other words and the last before others; all have labels and figures at the same places.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from havoc.reading.prose import UNITS
from havoc.reading.table import Column, Table

LONGEST = 40_000
_LEAST_ROWS = 4
_MOST_ENTRIES = 12
_PARTS = (
    r"\n",
    r"[;\n]",
    r"[|\n]",
    r"[ \t]/[ \t]|\n",
    r",[ \t]|\n|,(?=[^\W\d_])",
    r"[ \t\n]+",
    r"\(",
)
_ENTRY = re.compile(
    r"(?P<number>(?<![\w.])[-+]?(?:\d++(?:\.\d++)?|\.\d++)(?=$|[^\w.]|\.\D|\.$|[^\W\d_]{1,3}(?!\w)))"
    r"|(?P<word>[^\W_][\w.-]*+)"
)
_NAME = re.compile(r"[^\W\d_][\w-]*(?:\s[^\W\d_][\w-]*)?")


class _Entry(msgspec.Struct, frozen=True):
    number: bool
    text: str
    start: int
    end: int


class _Row(msgspec.Struct):
    entries: list[_Entry]
    words: int = 0
    """Words of the row that were left aside."""

    @property
    def start(self) -> int:
        return self.entries[0].start

    @property
    def end(self) -> int:
        return self.entries[-1].end


def told_records(text: str, *, numbers_only: bool = False, wanted: int = 0) -> Table | None:
    """The rows as a table with the response last, or None.

    ``numbers_only``: words inside the rows are left aside ("oil .6 water .4 gave 210").
    ``wanted``: how many rows there must be, where that is known.
    """
    text = text[:LONGEST]
    best: list[_Row] = []
    for parts in _PARTS:
        rows = _longest(list(_rows(text, parts, numbers_only=numbers_only)), wanted)
        if _size(rows) > _size(best):
            best = rows
    if len(best) < _LEAST_ROWS:
        return None
    width = len(best[1].entries)
    names = _names(text, best[0].start, width)
    columns = []
    for place, name in enumerate(names):
        entries = [row.entries[place] for row in best]
        if entries[0].number:
            numbers: list[float | None] = [float(entry.text) for entry in entries]
            columns.append(Column(name=name, kind="number", values=numbers))
        else:
            words: list[str | None] = [entry.text for entry in entries]
            columns.append(Column(name=name, kind="text", values=words))
    return Table(source=f"question[{best[0].start}:{best[-1].end}]", columns=columns)


def _rows(text: str, parts: str, *, numbers_only: bool) -> Iterator[_Row]:
    start = 0
    for match in [*re.finditer(parts, text), None]:
        end = match.start() if match else len(text)
        entries: list[_Entry] = []
        words = 0
        for entry in _ENTRY.finditer(text, start, end):
            number = entry.lastgroup == "number"
            word = entry[0].strip(".-")
            unit = not number and entries and entries[-1].number and word.lower() in UNITS
            words += not number and not unit
            if not (unit or (numbers_only and not number)):
                entries.append(_Entry(number, entry[0] if number else word, *entry.span()))
        yield _Row(entries, words)
        start = match.end() if match else end


def _longest(rows: list[_Row], wanted: int) -> list[_Row]:
    """The longest stretch of rows of one make-up; its ends without what else stands there."""
    best: list[_Row] = []
    index = 0
    while index < len(rows):
        kinds = _kinds(rows[index])
        if not (2 <= len(kinds) <= _MOST_ENTRIES and kinds[-1] and kinds.count(True) >= 1):
            index += 1
            continue
        end = index
        while end < len(rows) and _kinds(rows[end]) == kinds:
            end += 1
        found = rows[index:end]
        if wanted and len(found) >= wanted:
            starts = range(len(found) - wanted + 1)
            spare = min(
                starts,
                key=lambda at: sum(row.words for row in rows[index:][at + 1 : at + wanted - 1]),
            )
            found = found[spare : spare + wanted]
        elif len(found) > 1:
            width = len(kinds)
            if index and _kinds(rows[index - 1])[-width:] == kinds:
                first = rows[index - 1]
                found = [_Row(first.entries[-width:]), *found]
            if end < len(rows) and _kinds(rows[end])[:width] == kinds:
                last = rows[end]
                found = [*found, _Row(last.entries[:width])]
        fits = len(found) == wanted if wanted else len(found) >= _LEAST_ROWS
        if fits and _size(found) > _size(best) and _tells(found):
            best = found
        index = max(end, index + 1)
    return best


def _size(rows: list[_Row]) -> int:
    return len(rows) * len(rows[1].entries) if len(rows) > 1 else 0


def _kinds(row: _Row) -> list[bool]:
    return [entry.number for entry in row.entries]


def _tells(rows: list[_Row]) -> bool:
    """At least two columns, and a last one that is no constant."""
    width = len(rows[1].entries)
    return width >= 2 and len({row.entries[-1].text for row in rows}) > 1


def _names(text: str, start: int, width: int) -> list[str]:
    """Names before the rows, in brackets or behind each other; else by their place."""
    ahead = text[max(0, start - 160) : start]
    around = text[max(0, start - 600) : start + 600]
    for pattern in (
        r"([^\W\d_][\w-]*(?:\s?/\s?[^\W\d_][\w-]*)+)\s*%?\s*:\s*$",
        r"\(([^()\n]{3,80})\)",
        r"(?:^|[\n.?!;(]\s*|\bare\s)([^\n.?!;()]{3,80}?)\s*[:\n]\s*$",
    ):
        for match in re.finditer(pattern, around if pattern.startswith(r"\(") else ahead):
            names = _split(match[1])
            for kept in (names, names[1:]):
                if len(kept) == width:
                    return _apart(kept)
                if len(kept) == width - 1 and width > 2:
                    return _apart([*kept, "response"])
    return [f"x{place}" for place in range(1, width)] + ["response"]


def _split(text: str) -> list[str]:
    for joint in (r"\s*(?:->|→|/|,|;|\||\bvs\b)\s*", r"\s+"):
        names = [name.strip() for name in re.split(joint, text) if name.strip(" %")]
        if len(names) > 1 and all(
            _NAME.fullmatch(re.sub(r"\s*(?:%|\(.*)$", "", name)) for name in names
        ):
            return [re.sub(r"\s*(?:%|\(.*)$", "", name) for name in names]
    return []


def _apart(names: list[str]) -> list[str]:
    return [
        name if names.index(name) == place else f"{name} {place}"
        for place, name in enumerate(names)
    ]
