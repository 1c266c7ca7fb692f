"""Histories of repaired systems as people type them: "R1 at 200, 650 h (seen to 1200); R2 …".

A system has a name out of a family (P1 P2, "unit 1" "unit 2", A B C, "1)" "2)"), or stands
between semicolons, bars or lines with its name in front. Behind its repairs stands the age to
which it was seen, or one age for all of them at the end.
"""

from __future__ import annotations

import re
from itertools import pairwise

import msgspec

from havoc.reading.number_pieces import APART, UNSIGNED
from havoc.reason.binding.marked_times import TIME_UNIT

MOST_WORDS = 4
"""Words between the name of a system and its first repair: "was repaired at"."""


class History(msgspec.Struct, kw_only=True):
    """Ages of the repairs of one system, the age it was seen to, costs where they are told."""

    name: str
    repairs: list[float]
    costs: list[float]
    end: float | None
    start: int
    stop: int


_NONE = r"(?:none|never|nothing|nil|no\s+(?:repairs?|failures?|fixes|events?)|not\s+(?:yet|once)|-{1,2}(?!\d))"
_WORDS_BETWEEN = (
    rf"(?:[\s:=,(]++(?!{_NONE}\b)[a-z][a-z.'’]{{0,14}}+){{0,{MOST_WORDS}}}[\s:=,(\[{{]{{0,4}}"
)
_FOLLOWED = rf"(?={_WORDS_BETWEEN}(?:{UNSIGNED}|{_NONE}\b))"
_FAMILIES: tuple[re.Pattern[str], ...] = (
    re.compile(
        rf"(?<![\w.,/-])(?P<family>[a-z]{{1,16}}+)(?P<member>[-_]?(?:\d{{1,4}}|[A-Z]))(?![\w%]|[.-]\w){_FOLLOWED}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?<![\w.,/-])(?P<family>[a-z]{{2,16}}+)\s(?P<member>#?\d{{1,4}}|[a-h])(?=\s*:|\s+[a-z]{{2}}|\s+\d){_FOLLOWED}",
        re.IGNORECASE,
    ),
    re.compile(rf"(?<![\w.])(?P<family>\#)(?P<member>\d{{1,5}})(?![\w.]\d){_FOLLOWED}"),
    re.compile(rf"(?<![\w.,'’(-])(?P<family>)(?P<member>[A-Z])(?![\w'’.-]){_FOLLOWED}"),
    re.compile(rf"(?<![\w.,'’(-])(?P<family>)(?P<member>[a-h])(?=\s*:)(?![\w'’.-]){_FOLLOWED}"),
    re.compile(rf"(?<![\w.(])(?P<family>)(?P<member>\d{{1,2}})(?=\)){_FOLLOWED.replace('[', '[)', 1)}"),
)  # fmt: skip
_UNIT_WORDS = re.compile(rf"(?:{TIME_UNIT}|by|at|to|of|in|on|and|for|after|age)$", re.IGNORECASE)
_END_WORD = (
    r"(?:until|till?|til|to|thru|through|ends?|ended|end\s+of\s+(?:log|record)|now|today|aged?|old|seen|observed|watched|followed|"
    r"known|of|in|out\s+of|so\s+far|last\s+seen|service|current(?:ly)?|censored)"
)
COMMON = re.compile(
    rf"\b(?:all|both|each|every\s+one)\b(?:\s+[a-z]+){{0,4}}?\s+{APART}({UNSIGNED})|\({APART}({UNSIGNED})\s*(?:{TIME_UNIT})?\s+(?:each|all|both)\b",
    re.IGNORECASE,
)
_AGES = re.compile(
    rf"\bages?\s*(?:are|:|=|of)?\s*((?:{UNSIGNED}[\s,/]{{1,3}}(?:and\s+)?){{1,20}}{UNSIGNED})",
    re.IGNORECASE,
)
_STOP = re.compile(r"[?!]|\.(?!\d)(?=\s|$)|\n|\s[-–—]\s|\s(?=(?:all|both)\s(?!\w+\s+other))")
_SEPARATOR = re.compile(r";|\||//|\n|\.(?!\d)(?=\s)")
_MONEY = r"(?:€|\$|£|eur\b|euros?\b|usd\b|dollars?\b|chf\b|k€|e\b)"
_NUMBER = re.compile(
    rf"(?P<before>(?:€|\$|£)\s?)?(?<![\w.]){APART}(?P<value>{UNSIGNED})(?![.]?\d)(?P<money>\s?{_MONEY})?",
    re.IGNORECASE,
)
_PAID = re.compile(rf"\d\s?{_MONEY}|[€$£]|\bcosts?\b", re.IGNORECASE)
_WHEN = re.compile(rf"(?:\b(?:{TIME_UNIT})\.?|\bat|@)\s*$", re.IGNORECASE)
_END_BEFORE = re.compile(
    rf"\b{_END_WORD}(?:\s+(?:to|at|until|till?|til|is|was|for|up\s+to|after|a|an|the|of|{TIME_UNIT})){{0,3}}\s*[:=]?\s*(?:{TIME_UNIT})?\s*$",
    re.IGNORECASE,
)
_END_BEHIND = re.compile(
    rf"\s*(?:{TIME_UNIT})?\s*(?:old\b|now\b|today\b|of\s+age\b|so\s+far\b)", re.IGNORECASE
)


def read_histories(text: str, typed: str) -> list[History]:
    """The systems of a text in order, none where fewer than two stand there.

    ``typed`` is the text before decimal commas became points: a comma may part two cells.
    """
    rows = _by_lines(typed)
    if rows:
        return rows
    paid = _PAID.search(text) is not None
    for segments in (*_by_family(text), _by_separator(text)):
        histories = [_history(text, segment, paid) for segment in segments]
        found = [item for item in histories if item is not None]
        if len(found) < 2 or sum(len(item.repairs) for item in found) < 2:
            continue
        _common_end(text, found)
        if all(item.end is not None and item.end >= max(item.repairs, default=0) for item in found):
            return found
    return []


END_HEADER = re.compile(
    r"\b(?:seen|until|till?|now|end|ended|ages?|in[\s_]use|observed|today|current|followed|watched|censor\w*)(?![a-z])|seen_",
    re.IGNORECASE,
)
_CELLS = ("\t", ";", "|", " / ", ",")


def _by_lines(text: str) -> list[History]:
    """A head line and a line for each system: name, repairs in one cell, age seen to."""
    lines = [(match.start(), match[0]) for match in re.finditer(r"[^\n]+", text)]
    for index, (_, head) in enumerate(lines):
        for mark in _CELLS:
            names = head.split(mark)
            last = next(
                (i for i in range(len(names) - 1, -1, -1) if END_HEADER.search(names[i])), None
            )
            if last is None or not 2 <= len(names) <= 3 or re.search(r"\d", head):
                continue
            found: list[History] = []
            for start, line in lines[index + 1 :]:
                history = _of_cells(line.split(mark), len(names), last, start, line)
                if history is None:
                    break
                found.append(history)
            if len(found) >= 2 and all(
                item.end is not None and item.end >= max(item.repairs, default=0) for item in found
            ):
                return found
    return []


def _of_cells(cells: list[str], count: int, last: int, start: int, line: str) -> History | None:
    if len(cells) != count:
        return None
    if count == 2:
        # the name stands in the first cell in front of its figures
        name, _, rest = cells[0].strip().partition(" ")
        cells, last = [name, rest, cells[1]], last + 1
    other = 3 - last
    end = re.fullmatch(rf"\s*({UNSIGNED})\s*(?:{TIME_UNIT})?\s*", cells[last], re.IGNORECASE)
    if end is None or last == 0 or not re.search(rf"{UNSIGNED}|\b{_NONE}|^\s*$", cells[other]):
        return None
    repairs = [float(number) for number in re.findall(rf"(?<![\w.]){UNSIGNED}", cells[other])]
    return History(
        name=cells[0].strip(), repairs=repairs, costs=[], end=float(end[1]), start=start,
        stop=start + len(line),
    )  # fmt: skip


Segment = tuple[str, int, int, int]
"""Name, begin of the name, begin of the figures, end."""


def _by_family(text: str) -> list[list[Segment]]:
    ways: list[list[Segment]] = []
    for pattern in _FAMILIES:
        families: dict[str, dict[str, re.Match[str]]] = {}
        for match in pattern.finditer(text):
            apart = " " in match[0]
            if not apart or _UNIT_WORDS.match(match["family"]) is None:
                members = families.setdefault(match["family"].lower(), {})
                members.setdefault(match["member"], match)
        ways += [
            _segments(text, list(members.values()))
            for members in families.values()
            if len(members) >= 2
        ]
    return sorted(ways, key=len, reverse=True)


def _segments(text: str, members: list[re.Match[str]]) -> list[Segment]:
    begins = [member.start() for member in members] + [len(text)]
    segments = []
    for member, behind in zip(members, begins[1:], strict=True):
        stop = _STOP.search(text, member.end()) if behind == len(text) else None
        end = stop.start() if stop else behind
        segments.append((member[0].strip(), member.start(), member.end(), end))
    return segments


def _by_separator(text: str) -> list[Segment]:
    """ "Bern 1.1, 2.5, seen to 4; Graz 0.7, to 3": the words before the first figure are the name."""
    cuts = [0, *(match.end() for match in _SEPARATOR.finditer(text)), len(text)]
    segments = []
    for begin, end in pairwise(cuts):
        first = re.search(rf"(?<![\w.]){UNSIGNED}|\b{_NONE}\b", text[begin:end], re.IGNORECASE)
        if first is None or len(_NUMBER.findall(text[begin:end])) < 1:
            continue
        name = re.split(r"[:()]", text[begin : begin + first.start()].rstrip(" :"))[-1]
        words = [word for word in name.split() if not _UNIT_WORDS.match(word)]
        segments.append((" ".join(words[-2:]), begin, begin + first.start(), end))
    # the longest stretch of neighbours: a question behind them is no system
    runs: list[list[Segment]] = []
    for segment in segments:
        told = _history(text, segment, False)
        if told is None or told.end is None:
            continue
        if runs and not text[runs[-1][-1][3] : segment[1]].strip(" ;|/\n."):
            runs[-1].append(segment)
        else:
            runs.append([segment])
    chosen = max(runs, key=len, default=[])
    return [
        (name or f"system {index}", start, begin, stop)
        for index, (name, start, begin, stop) in enumerate(chosen, start=1)
    ]


def _history(text: str, segment: Segment, paid: bool) -> History | None:
    """What a segment tells; ``paid``: a figure behind a dated repair is its cost."""
    name, start, begin, stop = segment
    part = text[begin:stop]
    repairs: list[float] = []
    costs: list[float] = []
    end: float | None = None
    bracketed: list[float] = []
    for told_once in (COMMON, _AGES):
        common = told_once.search(part)
        if common:
            part = part[: common.start()]
    numbers = list(_NUMBER.finditer(part))
    empty = re.search(rf"(?<!\w){_NONE}", part, re.IGNORECASE)
    if empty and sum(number.start() > empty.start() for number in numbers) <= 1:
        numbers = [number for number in numbers if number.start() > empty.start()]
        end = float(numbers[0]["value"]) if numbers else None
        return History(
            name=name, repairs=[], costs=[], end=end, start=start, stop=begin + len(part)
        )
    dated = False
    for index, match in enumerate(numbers):
        value = float(match["value"])
        head = part[numbers[index - 1].end() if index else 0 : match.start()]
        if match["money"] or match["before"]:
            costs.append(value)
        elif repairs and (_END_BEFORE.search(head) or _END_BEHIND.match(part, match.end())):
            end = value
        elif head.rstrip().endswith("(") and re.match(
            rf"\s*(?:{TIME_UNIT})?\s*\)", part[match.end() :]
        ):
            bracketed.append(value)
        elif dated and paid and not head.strip():
            costs.append(value)
        else:
            repairs.append(value)
            dated = _WHEN.search(head) is not None
            continue
        dated = False
    if bracketed and end is None:
        end = bracketed.pop()
    if len(bracketed) + len(costs) == len(repairs):
        costs += bracketed
    if not repairs:
        return None
    costs = costs if len(costs) == len(repairs) else []
    return History(
        name=name, repairs=repairs, costs=costs, end=end, start=start, stop=begin + len(part)
    )


def _common_end(text: str, found: list[History]) -> None:
    """ "all seen to 400 d", "(365 days each)", "ages 700, 650, 600": ages told once for all."""
    without = [item for item in found if item.end is None]
    if not without:
        return
    common = COMMON.search(text, found[0].start)
    if common:
        for item in without:
            item.end = float(common[1] or common[2])
        return
    ages = _AGES.search(text, found[-1].stop - 1)
    values = re.findall(UNSIGNED, ages[1]) if ages else []
    if len(values) == len(found):
        for item, value in zip(found, values, strict=True):
            item.end = float(value)
