"""Lives of one group in a stretch of text: "140 260 310 and one quiet until 390", "9.1 and 10.0 intact"."""

from __future__ import annotations

import itertools
import re

import msgspec

from havoc.reading.number_pieces import UNSIGNED
from havoc.reading.number_words import with_digits
from havoc.reason.binding.life_tables import SURVIVED, Group, survivor_flag
from havoc.reason.binding.marked_times import TIME_UNIT, Item, items_of, without

_ALIVE = rf"(?:{SURVIVED}|un\w{{3,}}ed|quiet|stopped|burn\w*|lives?|no\s+\w+|not\s+\w+|not(?=\s+(?:at|by))|without\s+\w+|off\s+test|runs)"
_DEAD = r"(?:fail\w*|dead|died|broke\w*|gone|burst|blew|crack\w*|leak\w*|worn\w*|popped|went|snapped|all\s+(?:fail\w*|dead|gone|broke\w*))"
_FILLER = rf"(?:(?:{TIME_UNIT}|and|all|were|was|are|is|have|had|of\s+them|ones?|units?|pcs|strokes|k\s*cycles)\s*)"
_BEHIND = re.compile(
    rf"[\s,(]{{0,3}}(?:{_FILLER}){{0,4}}(?:(?P<alive>{_ALIVE})|(?P<dead>{_DEAD}))(?!\w)",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    rf"(?<![\w.])(?P<count>\d{{1,4}}|one|an?other|last\s+one)\s+(?P<words>(?:(?!(?:and|one|two|three)\b)[a-z'’]+\s+){{1,5}}?)(?:(?:at|until|till?|to|beyond|past|after|by|for)\s+)?(?P<time>{UNSIGNED})(?P<kilo>k\b)?(?![.]?\d)",
    re.IGNORECASE,
)
_WITHOUT_TIME = re.compile(
    rf"(?<![\w.])(?P<count>\d{{1,4}}|one)\s+(?:[a-z]+\s+){{0,2}}?(?:{_ALIVE})(?!\s*(?:at|until|till?|to|after)\b)",
    re.IGNORECASE,
)
_PAIR = re.compile(r"(?<![\w./])(?P<time>\d{1,7}(?:\.\d+)?)/(?P<flag>[01])(?![\w./])")
_GLUED = re.compile(r"(?<=\d)(?:h|hrs?|d|days?|wks?|mo|min|cyc|kcyc)\b", re.IGNORECASE)
_STOPPED = re.compile(
    rf"\b(?:test|trial|study|everything|all)\s+(?:was\s+)?(?:stopped|ended|over|closed|cut\s+off)\s+(?:at|after)\s+({UNSIGNED})",
    re.IGNORECASE,
)


class Told(msgspec.Struct, kw_only=True, frozen=True):
    """What a text says once for all groups: when the test was stopped, which flag survives."""

    stopped: float | None = None
    survivor: int = 0


def told_once(text: str) -> Told:
    stopped = _STOPPED.search(text)
    survivor = 1 - survivor_flag(0, text) if _PAIR.search(text) else 0
    return Told(stopped=float(stopped[1]) if stopped else None, survivor=survivor)


def lives_of(
    text: str, start: int, end: int, name: str = "", told_before: Told | None = None
) -> Group | None:
    """The lives that ``text[start:end]`` tells, or nothing."""
    told_before = told_before or Told()
    part = with_digits(text[start:end], one=False)
    pairs = list(_PAIR.finditer(part))
    if len(pairs) >= 2:
        return _group(
            name,
            [
                (float(pair["time"]), int(int(pair["flag"]) == told_before.survivor))
                for pair in pairs
            ],
            start + pairs[0].start(),
            start + pairs[-1].end(),
            part,
        )
    part = re.sub(r"(?<=\d)/(?=[\d.])", " ", part)
    part = _GLUED.sub(lambda found: " " * len(found[0]), part)
    told: list[tuple[int, float, int]] = []
    taken: list[tuple[int, int]] = []
    for match in list(_COUNTED.finditer(part)):
        words = match["words"] or ""
        alive = re.search(rf"\b{_ALIVE}\b", words, re.IGNORECASE)
        if alive is None or re.search(
            rf"\b(?:{TIME_UNIT})\b", words.strip().split(" ")[0] if words else "", re.I
        ):
            continue
        count = int(match["count"]) if match["count"].isdigit() else 1
        time = float(match["time"]) * (1000 if match["kilo"] else 1)
        told += [(match.start(), time, 1)] * count
        taken.append(match.span())
    stopped = told_before.stopped
    for match in _WITHOUT_TIME.finditer(part) if stopped is not None else ():
        count = int(match["count"]) if match["count"].isdigit() else 1
        told += [(match.start(), stopped or 0.0, 1)] * count
        taken.append(match.span())
    part = without(part, taken)
    items = [item for item in items_of(part) if item.value > 0]
    if not items and not told:
        return None
    flags = _flags(part, items)
    told += [(item.start, item.value, flag) for item, flag in zip(items, flags, strict=True)]
    told.sort(key=lambda entry: entry[0])
    lives = [(value, flag) for _, value, flag in told]
    return _group(name, lives, start + told[0][0], end, part)


def _flags(part: str, items: list[Item]) -> list[int]:
    """A status behind a number holds for those since the last status; alone only for its own."""
    flags = [
        int(bool(item.mark) and not re.match(r"f|dead|died|broke", item.mark)) for item in items
    ]
    since = 0
    for index, item in enumerate(items):
        status = _BEHIND.match(part, item.end)
        if status is None or item.mark:
            continue
        if status["alive"]:
            alone = since == 0 and index > 0
            for place in range(index if alone else since, index + 1):
                flags[place] = 1
        since = index + 1
    return flags


def _group(name: str, lives: list[tuple[float, int]], start: int, end: int, part: str) -> Group:
    unit = re.search(rf"\d\s?({TIME_UNIT})", part, re.IGNORECASE)
    return Group(
        name=name,
        time=[value for value, _ in lives],
        censored=[flag for _, flag in lives],
        source=f"question[{start}:{end}]",
        unit=unit[1] if unit else "",
    )


_CUT = re.compile(r";|\n|\||//|\.(?!\d)(?=\s|$)|[?!](?=\s|$)")
_SMALL = frozenset(
    "the a an of at after by in on for with and from hours cycles days weeks months years h until to "
    "failed died broke blew lasted lives life were was those ones".split()
)


class _Part(msgspec.Struct, kw_only=True):
    name: str
    start: int
    end: int


def groups_in_clauses(text: str) -> list[Group]:
    """Groups in clauses of their own: "EtO 33, 47 broken and 2 unbroken at 70; gamma 21, 30, 36"."""
    cuts = [0, *(match.end() for match in _CUT.finditer(text)), len(text)]
    found: list[list[Group]] = [[]]
    once = told_once(text)
    for begin, end in itertools.pairwise(cuts):
        part = _named(text, begin, end)
        group = None if part is None else lives_of(text, part.start, part.end, part.name, once)
        if group is not None and len(group.time) >= 2 and group.name:
            found[-1].append(group)
        elif text[begin:end].strip(" \n;.|"):
            found.append([])
    groups = max(found, key=len)
    names = [group.name.lower() for group in groups]
    return groups if len(groups) >= 2 and len(set(names)) == len(names) else []


def _named(text: str, begin: int, end: int) -> _Part | None:
    """The name in front of the first number, and where the lives begin."""
    first = re.search(rf"(?<![\w.\-]){UNSIGNED}(?![\w.]*-?\d*[a-z]*-\d)", text[begin:end])
    if first is None:
        return None
    head = text[begin : begin + first.start()]
    start = begin + first.start()
    numbered = re.match(r"\s*\d{1,4}\s*:", text[start:end])
    if numbered and re.search(r"[^\W\d_]\s$", head):
        head, start = head + numbered[0].rstrip(" :"), start + numbered.end()
    words = [
        word
        for word in re.findall(
            r"[^\W_][\w\-+]*",
            re.sub(r"\([^()]{0,60}\)", " ", re.split(r"[:,](?=\s+\S+\s)", head)[-1]),
        )
        if word.lower() not in _SMALL
    ]
    return _Part(name=" ".join(words[-2:]), start=start, end=end) if words else None
