"""Failures in one list, survivors told in words: "12 19 25, 2 still running at 50"."""

from __future__ import annotations

import re

import msgspec

from havoc.reason.binding.arguments import NeedsInput
from havoc.reason.binding.life_tables import MOST_UNITS, SURVIVED, Group
from havoc.reason.binding.marked_times import (
    IN_WORDS,
    TIME_UNIT,
    Found,
    Run,
    count_of,
    one_group,
    runs,
    words_before,
)

_LONGEST_SENTENCE = 2000
_SENTENCE = re.compile(r"(?<=[.;])\s+|\n")


def in_sentences(text: str) -> Found:
    """Two groups in two sentences, each with its own survivors."""
    groups: list[Group] = []
    spans: list[tuple[int, int]] = []
    heads: list[list[str]] = []
    begin = 0
    for end in [*(match.start() for match in _SENTENCE.finditer(text)), len(text)]:
        # blanks keep every place in the text
        part = " " * begin + text[begin:end] if end - begin < _LONGEST_SENTENCE else ""
        counted = _COUNT_AT.search(part, begin) if part else None
        if counted is not None:
            read, own = told_in_words(part)
            if read and len(read[0].time) > sum(read[0].censored) > 0:
                groups += read
                spans += own
                heads.append(words_before(text, own[0][0], [begin]))
        begin = end
    if len(groups) != 2:
        return [], []
    names = [
        next((word for word in head if word[:1].isupper()), head[-1] if head else "")
        for head in heads
    ]
    if len(set(names)) < len(names) or not all(names):
        names = [f"group {index}" for index in range(1, len(groups) + 1)]
    return [
        msgspec.structs.replace(group, name=name) for group, name in zip(groups, names, strict=True)
    ], spans


_NUMBER = r"(\d++(?:\.\d++)?)(\s?k\b)?"


# A word between a count and "still running at"; not another count.
_PLAIN_WORD = rf"(?!(?:and|{IN_WORDS})\b)(?:[a-z][\w'\-]*|\d{{1,3}}(?:st|nd|rd|th|er|eme|ème|e)\b)"


_COUNT_AT = re.compile(
    rf"(?<![\w.])(\d+|\b(?:{IN_WORDS}))\s+(?:{_PLAIN_WORD}\s+){{0,4}}?{SURVIVED}\b[^\d.;:]{{0,30}}?(?=\d)",
    re.IGNORECASE,
)


_OTHERS_AT = re.compile(
    rf"\b(?:others?|remaining|rest)\s+(\d+|{IN_WORDS})\s+(?:[a-z][\w'\-]*\s+){{0,3}}?{SURVIVED}\b[^\d.;:]{{0,30}}?(?=\d)",
    re.IGNORECASE,
)


_AT_COUNT = re.compile(
    rf"\b{SURVIVED}\b[^\d.;:]{{0,20}}?\b(?:at|to|until|till|by)\s+{_NUMBER}\s*(?:{TIME_UNIT})?\s*[:,(]?\s*"
    rf"(\d+|{IN_WORDS})\s*(?:pieces|units|pcs|parts|of\s+them|others?|more)\b",
    re.IGNORECASE,
)


_STOPPED_WITH = re.compile(
    rf"\b(?:stopped|ended|finished|halted|over)\s+(?:at|after)\s+{_NUMBER}\s*(?:{TIME_UNIT})?\s*"
    rf"(?:,|with|and)\s*(?:with\s+)?(\d+|{IN_WORDS})\s+(?:[a-z]+\s+){{0,2}}?{SURVIVED}\b",
    re.IGNORECASE,
)


_LIVED = re.compile(r"\b(?:lasted|lived|surviv(?:ed|al)|reached)\b", re.IGNORECASE)


_SURVIVORS = re.compile(rf"\b{SURVIVED}\b[^\d.;:]{{0,24}}?(?:\bat\b|:)?\s*(?=\d)", re.IGNORECASE)


def told_in_words(text: str) -> Found:
    """Failures in one list, survivors told in words."""
    found = runs(text)
    survivors: list[float] = []
    spans: list[tuple[int, int]] = []
    used: list[Run] = []
    match = _AT_COUNT.search(text) or _STOPPED_WITH.search(text)
    if match:
        survivors = [_thousand(match[1], match[2])] * _survivors(match[3])
        spans.append(match.span())
    else:
        counted = next(
            (hit for pattern in (_OTHERS_AT, _COUNT_AT) if (hit := pattern.search(text))), None
        )
        if counted:
            behind = [run for run in found if run.start == counted.end()]
            for run in behind:
                count = _survivors(counted[1])
                several = len(run.items) > 1 and not (
                    len(run.items) != count and ";" in text[run.items[0].end : run.items[1].start]
                )
                survivors = run.values if several else run.values[:1] * count
                used.append(run)
                spans.append((counted.start(), run.end))
        else:
            told = next(
                (
                    (marker.start(), run)
                    for marker in _SURVIVORS.finditer(text)
                    for run in found
                    if run.start == marker.end() and len(run.items) >= 2
                ),
                None,
            )
            if told is not None:
                begin, run = told
                survivors = run.values
                used.append(run)
                spans.append((begin, run.end))
    free = [
        run
        for run in found
        if run not in used
        and len(run.items) >= 2
        and not any(start <= run.start < end for start, end in spans)
    ]
    if not free and not match and len(used) == 1 and _LIVED.match(text, spans[0][0]):
        free, survivors, spans = used, [], []  # "they lasted 30 41 52 days": their lives
    if not free:
        return [], []
    main = max(free, key=lambda run: len(run.items))
    # "12 19 25, 2 still running at 50": the count of survivors is no lifetime.
    own_items = [
        item for item in main.items if not any(low <= item.start < high for low, high in spans)
    ]
    main = Run(items=own_items)
    times = [*main.values, *survivors]
    censored = [0] * len(main.items) + [1] * len(survivors)
    groups, own = one_group(text, times, censored, main.start, main.end)
    return groups, [*own, *spans]


def _survivors(said: str) -> int:
    count = count_of(said)
    if count > MOST_UNITS:
        raise NeedsInput(f"{count} survivors are too many", "how many units were still working?")
    return count


def _thousand(number: str, kilo: str | None) -> float:
    return float(number) * (1000 if kilo else 1)
