"""Lives with the number of units that have each of them, as people type them.

"2 failed at 200 h, 3 at 450", "500 x1, 650 x2", "5 (1), 6 (2)", "1:5 2:3 3:3", "times 2 4 7
failed (1, 3, 2 pcs)", "700 + 650 others have completed 365 days".
"""

from __future__ import annotations

import itertools
import re

import msgspec

from havoc.reading.number_pieces import APART, UNSIGNED
from havoc.reason.binding.life_tables import MOST_UNITS, SURVIVED, CountedLives
from havoc.reason.binding.marked_times import TIME_UNIT, runs


class _Item(msgspec.Struct, kw_only=True):
    times: list[float]
    counts: list[int]
    start: int
    end: int
    form: str = "pair"
    """A pair, a count "at" a time, or a list without counts."""


MOST_LISTED = 100
_COUNT = r"\d{1,7}"
_COUNTS = rf"(?<![\w.,]){_COUNT}(?:(?:\s?,\s?{_COUNT}){{0,10}}\s?(?:,\s?and|\+|and|&)\s?{_COUNT})?(?![\w.]?\d)"
_PIECES = r"(?:pcs?|pieces?|units?|parts?|items?|devices?|of\s+them)\b"
_TIME = rf"{APART}(?P<time>{UNSIGNED})(?![.]?\d)"
_COUNT_AT_TIME = re.compile(
    rf"(?P<counts>{_COUNTS})(?P<between>(?:\s+[^\d\s.;:()]{{1,20}}+){{0,6}}?)\s+"
    rf"(?:at|aged?|reached|completed|after|until|till?|beyond|past|passed|to|on)\s+(?:an?\s+)?(?:ages?\s+)?(?:of\s+)?(?:{TIME_UNIT}\.?\s+)?{_TIME}",
    re.IGNORECASE,
)
_TIME_BY_COUNT = (
    # 500 x1, 8x2
    re.compile(rf"(?<![\w.]){_TIME}\s?x\s?(?P<counts>{_COUNT})(?!\w|\.\d)", re.IGNORECASE),
    # 5 (1), 4 (2x)
    re.compile(
        rf"(?<![\w.]){_TIME}\s?(?:{TIME_UNIT})?\s?\(\s?(?P<counts>{_COUNT})\s?x?\s?(?:{_PIECES})?\s?\)",
        re.IGNORECASE,
    ),
    # 1:5 2:3, 9: 180 pc
    re.compile(
        rf"(?<![\w.:]){_TIME}\s?(?:{TIME_UNIT})?:\s?(?P<counts>{_COUNT})(?![\w.:]*\d)(?:\s?x?\s?{_PIECES})?",
        re.IGNORECASE,
    ),
)
_STOPPED = (
    r"(?:un\w+ed|without\s+\w+|not\s+(?:yet\s+)?\w+ed|no\s+(?:failures?|faults?|trouble)|health\w*|completed|"
    rf"good|{SURVIVED})"
)
_FAILED = (
    r"(?:(?<!without )(?<!no )(?<!not )(?:fail\w*|dead|died|broke\w*|bust\w*|back|claims?|crack\w*|leak\w*|burst|gone|"
    r"defect\w*|worn|dropp?ed|returned|faulty|lost))"
)
_STATUS = re.compile(rf"\b(?:(?P<failed>{_FAILED})|(?P<alive>{_STOPPED}))\b", re.IGNORECASE)
_FIELD = re.compile(
    r"\b(?:in\s+(?:the\s+)?(?:field|service|use)|stand\w*|others?|rest|aged)\b", re.IGNORECASE
)
_TAIL = re.compile(
    rf"\s*(?:{TIME_UNIT})?[\s(]*(?:and\s+)?(?:are\s+|were\s+|all\s+)?(?P<words>[a-z]+(?:\s[a-z]+)?)",
    re.IGNORECASE,
)
_NUMBERS_OF = re.compile(
    rf"\(|\bwith\b|\b(?:numbers?|counts?|qty|quantit\w+|freq\w*|{_PIECES})|{_FAILED}|{_STOPPED}",
    re.IGNORECASE,
)


def read_counted_lives(text: str) -> CountedLives | None:
    """What the text tells, or nothing where units are not counted.

    Raises nothing: a count that is too large is no count.
    """
    text = re.sub(r"\bresp(?:\.|ectively)?(?=\s)", lambda found: ",".ljust(len(found[0])), text)
    items = _parallel(text)
    for pattern, least in zip(_TIME_BY_COUNT, (2, 3, 2), strict=True):
        found = [_item(match) for match in pattern.finditer(text)]
        found = [item for item in found if not _taken(item, items)]
        if len(found) >= least and _one_list(text, found):
            items += found
    lists: list[_Item] = []
    for match in _COUNT_AT_TIME.finditer(text):
        item = msgspec.structs.replace(_item(match), form="at")
        if _taken(item, items):
            continue
        follows = re.match(
            rf"\s*(?:,|and\b)\s*(?:and\s+)?({UNSIGNED})", text[item.end : item.end + 24]
        )
        begin = item.end + follows.start(1) if follows else -1
        if follows and _COUNT_AT_TIME.match(text, begin) is None:
            lists.append(item)  # "5 came back at 100, 180, 240": a list with its length
            continue
        items.append(item)
    if not items:
        return None
    items += _plain(text, items, lists)
    items.sort(key=lambda item: item.start)
    if sum(len(item.times) for item in items) < 2:
        return None
    return _with_status(text, items)


def _item(match: re.Match[str]) -> _Item:
    counts = [int(number) for number in re.findall(r"\d+", match["counts"])]
    return _Item(
        times=[float(match["time"])] * len(counts),
        counts=counts,
        start=match.start(),
        end=match.end(),
    )


def _taken(item: _Item, items: list[_Item]) -> bool:
    return any(item.start < other.end and other.start < item.end for other in items[-200:])


def _one_list(text: str, found: list[_Item]) -> bool:
    """No figure stands between the pairs, and as a rule their times rise."""
    gaps = sum(
        re.search(r"\d", text[before.end : behind.start]) is not None
        for before, behind in itertools.pairwise(found)
    )
    follows = re.match(r"\s*[,/]?\s*\d", text[found[-1].end :][:6])
    return gaps <= 1 and follows is None


def _parallel(text: str) -> list[_Item]:
    """ "2 4 7 8 failed (1, 3, 2, 2 pcs)": a list of times, then as many counts."""
    found = [run for run in runs(text) if len(run.items) >= 2]
    items: list[_Item] = []
    used = -1
    for index, (times, counts) in enumerate(itertools.pairwise(found)):
        between = text[times.end : counts.start]
        alike = len(times.items) == len(counts.items) and index > used
        whole = all(value == int(value) and 1 <= value <= MOST_UNITS for value in counts.values)
        named = _NUMBERS_OF.search(between)
        pieces = re.match(
            rf"\s*\)?\s*(?:{_PIECES}|fail\w*|found\b)", text[counts.end :][:14], re.IGNORECASE
        )
        told = pieces is not None or re.search(
            r"\b(?:numbers?|counts?|qty|quantit\w+|freq\w*)\b", between
        )
        if (
            alike
            and whole
            and len(between) <= 40
            and named
            and told
            and "\n" not in between.strip()
        ):
            items.append(
                _Item(
                    times=times.values,
                    counts=[int(value) for value in counts.values],
                    start=times.start,
                    end=counts.end,
                )
            )
            used = index + 1
    return items


def _plain(text: str, items: list[_Item], lists: list[_Item]) -> list[_Item]:
    """Lists of times without counts: one unit each."""
    plain: list[_Item] = []
    covered = bytearray(len(text) + 1)
    for item in items:
        covered[item.start : item.end] = b"\x01" * (item.end - item.start)
    for head in lists:
        # the time of "5 came back at 100, 180" is the first of the list, 5 is its length
        covered[head.start : head.end - 1] = b"\x01" * (head.end - 1 - head.start)
    heads = {item.end: item for item in lists}
    for run in runs(text):
        inside = [part for part in run.items if not covered[part.end - 1]]
        counted = any(part.end in heads for part in inside)
        if len(inside) >= 2 or counted:
            plain.append(
                _Item(
                    times=[part.value for part in inside],
                    counts=[1] * len(inside),
                    start=inside[0].start,
                    end=inside[-1].end,
                    form="list",
                )
            )
    return plain


def _with_status(text: str, items: list[_Item]) -> CountedLives | None:
    times: list[float] = []
    censored: list[int] = []
    counts: list[int] = []
    alive, before, latest = 0, 0, 0.0
    for index, item in enumerate(items):
        clause = max(
            before,
            *(text.rfind(mark, max(0, item.start - 200), item.start) + 1 for mark in ",;.\n"),
        )
        told = _told(text[before : item.start])
        own = _told(text[clause : item.end])
        if own is None and item.form == "at" and index and items[index - 1].form == "list":
            # "80 95 105 h, 2 not at 150": units that are counted apart at the end
            own = 1 if item.times[0] >= latest else None
        alive = own if own is not None else told if told is not None else alive
        behind = items[index + 1].start if index + 1 < len(items) else len(text)
        tail = _TAIL.match(text[item.end : min(behind, item.end + 40)])
        word = _STATUS.match(tail["words"]) if tail else None
        flag = alive if word is None else int(word["alive"] is not None)
        times += item.times
        counts += item.counts
        censored += [flag] * len(item.times)
        before, latest = item.end, max(latest, *item.times)
    # a time that is called alive throughout has no failure to fit
    if all(censored) or max(counts) > MOST_UNITS or min(counts) < 1 or min(times) <= 0:
        return None
    return CountedLives(
        time=times,
        censored=censored,
        counts=counts,
        source=f"question[{items[0].start}:{items[-1].end}]",
        spans=[(item.start, item.end) for item in items],
    )


def _told(said: str) -> int | None:
    """1 for units that are said to work, 0 for failed ones; words of the field alone say work."""
    status = list(_STATUS.finditer(said))
    if status:
        return int(status[-1]["alive"] is not None)
    return 1 if _FIELD.search(said) else None


def one_by_one(lives: CountedLives) -> CountedLives:
    """Every unit with its life, where only few survivors were counted and no failures."""
    failures = [n for n, flag in zip(lives.counts, lives.censored, strict=True) if not flag]
    if max(failures) > 1 or sum(lives.counts) > MOST_LISTED:
        return lives
    units = list(zip(lives.time, lives.censored, lives.counts, strict=True))
    return CountedLives(
        time=[time for time, _, count in units for _ in range(count)],
        censored=[flag for _, flag, count in units for _ in range(count)],
        counts=[1] * sum(lives.counts),
        source=lives.source,
        spans=lives.spans,
    )
