"""Failures found between inspections: "0-250: 2, 250-500: 5, 3 still ok at 500".

Ranges that follow each other ("0-7: 2, 7-14: 5", "4 times in days 0-30, 6 in 30-60"), or the ends of
the ranges ("by 10 h 1, by 20 h 2", "week 1: 2, week 2: 3"), or both as lists.
"""

from __future__ import annotations

import re
from itertools import pairwise

import msgspec

from havoc.reading.number_pieces import UNSIGNED
from havoc.reason.binding.life_tables import SURVIVED
from havoc.reason.binding.marked_times import TIME_UNIT, runs


class Inspections(msgspec.Struct, kw_only=True):
    """A row for each range: last inspection that was passed, first that failed, units.

    ``upper`` is None for the units that passed the last inspection, ``lower`` is None where
    only the first inspection is told.
    """

    lower: list[float | None]
    upper: list[float | None]
    counts: list[int]
    unit: str
    start: int
    end: int


_UNIT = rf"(?:{TIME_UNIT}|M(?![\w])|kkm\b|strokes?\b|runs?\b|shots?\b)"
_RANGE = re.compile(
    rf"(?<![\w.])({UNSIGNED})\s*(?:{_UNIT})?\s*(?:[-–—]|\.\.+|\bto\b)\s*({UNSIGNED})(?![\w.]*\d)\s?({_UNIT})?"
    rf"|\bbetween\s+(?:[a-z]+\s+){{0,3}}?({UNSIGNED})\s*(?:{_UNIT})?\s*(?:and|to|&)\s*({UNSIGNED})(?![\w.]*\d)\s?({_UNIT})?",
    re.IGNORECASE,
)  # fmt: skip
_WHOLE = re.compile(r"(?<![\w.])(\d{1,7})(?!\.?\d)")
_COUNT_BEHIND = re.compile(
    r"\s*[:=(/,|]?\s*(?:[a-z]{1,12}\s+){0,2}?(\d{1,7})\s?x?(?![\w.]*\d)", re.IGNORECASE
)
_KEY = r"(?:by|to|till?|until|up\s+to|at|before|weeks?|wks?|months?|mo|days?|years?|shift|phase)"
_END_PAIR = re.compile(
    rf"(?:\b(?P<key>{_KEY})\s*|(?<![\w.]))(?P<key2>(?:week|wk|month|day|year)\s*)?(?P<end>{UNSIGNED})(?!\.?\d)\s?(?P<unit>{_UNIT})?\s?(?P<mark>[:=,/]?)\s*"
    rf"(?P<count>\d{{1,6}})(?![\w.]*\d)(?![ ]*(?:%|{TIME_UNIT}))",
    re.IGNORECASE,
)  # fmt: skip
_LINE_PAIR = re.compile(
    rf"^[ ]*(?P<end>{UNSIGNED})[ ]?(?P<unit>{_UNIT})?[ ]*[/:;,\t|-][ ]*(?P<count>\d{{1,6}})[ a-z]*$",
    re.IGNORECASE | re.MULTILINE,
)
_NOT_FAILED = re.compile(
    rf"\b(?:{SURVIVED}|none|no|not|never|without|clear|white|tight|un\w+ed|beyond|past|more\s+than|over|left|rest|remain\w*|others?)\b",
    re.IGNORECASE,
)
_LEFT_AT = re.compile(
    rf"(?<![\w.])(\d{{1,7}})\s+(?:[a-z]+\s+){{0,4}}?(?:still\s+\w+|surviv\w*|unfailed|working|running|intact|ok)\s+(?:\w+\s+){{0,2}}?(?:at|after|to|until|beyond|past)\s+({UNSIGNED})",
    re.IGNORECASE,
)
_LOOKED = re.compile(
    r"\b(?:inspect\w*|check\w*|look\w*|visit\w*|rounds?|pulls?|opened|interval\w*)\b", re.IGNORECASE
)
_TAIL = 90


class _Cell(msgspec.Struct, kw_only=True):
    low: float | None
    high: float
    count: int
    start: int
    end: int


def read_inspections(text: str) -> Inspections | None:
    """The ranges of a text with digits, or nothing."""
    cells, unit = _of_ranges(text)
    if not cells:
        cells, unit = _of_ends(text, list(_END_PAIR.finditer(text)))
    if not cells and _LOOKED.search(text):
        cells = _of_lists(text)
    if len(cells) < 2:
        return None
    cells = _first(text, cells)
    lower = [cell.low for cell in cells]
    upper: list[float | None] = [cell.high for cell in cells]
    counts = [cell.count for cell in cells]
    end = cells[-1].end
    for time, count, stop in _survivors(text, end, cells[-1].high):
        lower.append(time)
        upper.append(None)
        counts.append(count)
        end = max(end, stop)
    # a range without a failure tells nothing
    kept = [index for index, count in enumerate(counts) if count > 0]
    return Inspections(
        lower=[lower[index] for index in kept],
        upper=[upper[index] for index in kept],
        counts=[counts[index] for index in kept],
        unit=unit,
        start=min(cell.start for cell in cells),
        end=end,
    )


def read_ends(text: str) -> tuple[list[float], list[int], str, int, int] | None:
    """Ends of intervals with the events in each: of ranges, of pairs or of lines."""
    cells, unit = _of_ranges(text)
    for pattern in (_END_PAIR, _LINE_PAIR):
        if not cells:
            cells, unit = _of_ends(text, list(pattern.finditer(text)))
    if len(cells) < 2:
        return None
    ends, counts = [cell.high for cell in cells], [cell.count for cell in cells]
    return ends, counts, unit, min(cell.start for cell in cells), cells[-1].end


def _of_ranges(text: str) -> tuple[list[_Cell], str]:
    chain: list[re.Match[str]] = []
    best: list[re.Match[str]] = []
    for match in _RANGE.finditer(text):
        low, high = _bounds(match)
        if high <= low:
            continue
        follows = chain and low - _bounds(chain[-1])[1] in (0.0, 1.0)
        chain = [*chain, match] if follows else [match]
        best = chain if len(chain) > len(best) else best
    if len(best) < 2:
        return [], ""
    counts = _counts_behind(text, best) or _counts_before(text, best)
    if not counts:
        pairs, _ = _of_ends(text, list(_END_PAIR.finditer(text)))
        counts = [(cell.count, cell.start, cell.end) for cell in pairs]
        if len(counts) != len(best):
            return [], ""
    cells = [
        _Cell(
            low=_bounds(match)[0],
            high=_bounds(match)[1],
            count=count,
            start=min(match.start(), start),
            end=max(match.end(), end),
        )
        for match, (count, start, end) in zip(best, counts, strict=True)
    ]
    unit = next((match[3] or match[6] for match in best if match[3] or match[6]), "")
    if not unit:
        before = re.search(
            rf"\b({_UNIT})\s*$", text[max(0, best[0].start() - 12) : best[0].start()], re.I
        )
        unit = before[1] if before else ""
    return cells, unit


def _bounds(match: re.Match[str]) -> tuple[float, float]:
    return float(match[1] or match[4]), float(match[2] or match[5])


_Counts = list[tuple[int, int, int]]


def _counts_behind(text: str, ranges: list[re.Match[str]]) -> _Counts:
    counts: _Counts = []
    for index, match in enumerate(ranges):
        stop = ranges[index + 1].start() if index + 1 < len(ranges) else match.end() + 40
        found = _COUNT_BEHIND.match(text[:stop], match.end())
        if found is None or re.search(r"[,;]", text[match.end() : found.start(1)]):
            return []
        counts.append((int(found[1]), match.start(), found.end()))
    return counts


def _counts_before(text: str, ranges: list[re.Match[str]]) -> _Counts:
    counts: _Counts = []
    before = max(0, ranges[0].start() - 60)
    for match in ranges:
        numbers = list(_WHOLE.finditer(text, before, match.start()))
        if not numbers or (counts and len(numbers) > 1):
            return []
        counts.append((int(numbers[-1][1]), numbers[-1].start(), match.end()))
        before = match.end()
    return counts


def _of_ends(text: str, pairs: list[re.Match[str]]) -> tuple[list[_Cell], str]:
    """Pairs of a rising end and a count; a word or a colon says that they are pairs."""
    chain: list[re.Match[str]] = []
    best: list[re.Match[str]] = []
    for match in pairs:
        follows = bool(chain) and float(match["end"]) > float(chain[-1]["end"])
        if follows:
            gap = text[chain[-1].end() : match.start()]
            follows = len(gap) <= 32 and re.search(r"\d|\.\s", gap) is None
        chain = [*chain, match] if follows else [match]
        best = chain if len(chain) > len(best) else best
    named = [
        match
        for match in best
        if "key" not in match.re.groupindex or match["key"] or match["mark"] == ":"
    ]
    if len(best) < 3 or len(named) < len(best):
        return [], ""
    lows: list[float | None] = [0.0, *(float(match["end"]) for match in best[:-1])]
    cells = [
        _Cell(
            low=low,
            high=float(match["end"]),
            count=int(match["count"]),
            start=match.start(),
            end=match.end(),
        )
        for low, match in zip(lows, best, strict=True)
    ]
    unit = next((match["unit"] for match in best if match["unit"]), "")
    if not unit and "key" in best[0].re.groupindex:
        key = best[0]["key"] or ""
        unit = key if re.fullmatch(_UNIT, key, re.IGNORECASE) else ""
    return cells, unit


def _of_lists(text: str) -> list[_Cell]:
    """ "checked at 2, 4, 8 and 12. found dead: 2 then 3 then 7 then 5"."""
    found = [run for run in runs(re.sub(r"\bthen\b", ",   ", text)) if len(run.items) >= 3]
    for ends, counts in pairwise(found):
        rising = all(low < high for low, high in pairwise(ends.values))
        whole = all(value == int(value) for value in counts.values)
        if rising and whole and len(ends.items) == len(counts.items) and _LOOKED.search(text):
            lows: list[float | None] = [0.0, *ends.values[:-1]]
            return [
                _Cell(low=low, high=high, count=int(count), start=ends.start, end=counts.end)
                for low, high, count in zip(lows, ends.values, counts.values, strict=True)
            ]
    return []


def _first(text: str, cells: list[_Cell]) -> list[_Cell]:
    """ "by month 2: 3" or "1 failed before the first look at 24 h" in front of the ranges."""
    low = cells[0].low
    if not low:
        return cells
    head = text[max(0, cells[0].start - 120) : cells[0].start]
    offset = max(0, cells[0].start - 120)
    value = re.escape(f"{low:g}")
    behind = re.search(
        rf"\b(by|before|until|up\s+to|at)\s+(?:[a-z]+\s+)?{value}\s*(?:{_UNIT})?\s*[:=]?\s*(\d{{1,7}})(?!\.?\d)",
        head,
        re.I,
    )
    ahead = re.search(
        rf"(?<![\w.])(\d{{1,7}})\s+[^\d.;,]{{0,40}}\b(before|by|until)\b[^\d.;,]{{0,24}}{value}(?!\.?\d)",
        head,
        re.I,
    )
    told = behind or ahead
    if told is None:
        return cells
    word, count = (told[1], told[2]) if told is behind else (told[2], told[1])
    first = _Cell(
        low=None if word.lower() == "before" else 0.0,
        high=low,
        count=int(count),
        start=offset + told.start(),
        end=offset + told.end(),
    )
    return [first, *cells]


def _survivors(text: str, end: int, last: float) -> list[tuple[float, int, int]]:
    """Units that passed an inspection: (time, units, where it ends)."""
    told = [(float(match[2]), int(match[1]), match.end()) for match in _LEFT_AT.finditer(text)]
    if told:
        return told
    stop = re.search(r"[?!]|\.(?!\d)(?=\s|$)|(?<=\n)[^\n]*(\n)", text[end : end + _TAIL])
    tail = text[end : end + ((stop.start(1) if stop[1] else stop.start()) if stop else _TAIL)]
    numbers = list(_WHOLE.finditer(tail))
    others = [number for number in numbers if float(number[1]) != last]
    if not _NOT_FAILED.search(tail) or (not others and len(numbers) != 2):
        return []
    chosen = others[0] if others else numbers[-1]
    if len(others) > 1:
        return []
    return [(last, int(chosen[1]), end + max(number.end() for number in numbers))]
