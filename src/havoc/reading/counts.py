"""Counts in prose: "12/250 bad", "9 bad of 200", "Of 500 vials, 23 were rejected", "x=26 n=200".

Numbers may be spelled out ("six returned of 150"), and none is a count of zero.
"""

from __future__ import annotations

import re

import msgspec

from havoc.reading.number_words import as_digits
from havoc.reading.prose import MASK, mask

_WORDS = r"(?:[^\W\d][\w'’%\-]*+[\s,]++)"
_PLAIN_WORDS = r"(?:[^\W\d][\w'’%\-]*+\s++)"
_INT = r"(?<![\w.,\-])(\d{1,9})(?![\w.,]*\d)"
_ZERO = r"(?<![\w.,\-])(\d{1,9}|zero|no|none|nil)(?![\w.,]*\d)"
_GOOD = r"(?:ok|okay|good|pass\w*|conform\w*|accept\w*|not\b|dry|clean|fine|without|intact|negative|unaffected)"
_BAD = r"(?:bad|damaged|fail\w*|leak\w*|infected|defect\w*|reject\w*|scrap\w*|short\w*|flash|nok|broken|positive|crack\w*|not ok|ng\b)"

_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    *(
        form
        for index in ("", "1", "2")
        for form in (
            ("n x", re.compile(rf"\bn{index}\s*=\s*{_INT}[\s,;:]*x{index}\s*=\s*{_INT}", re.I)),
            ("x n", re.compile(rf"\bx{index}\s*=\s*{_INT}[\s,;]*n{index}\s*=\s*{_INT}", re.I)),
        )
    ),
    (
        "x n",
        re.compile(
            rf"\b(?:events?|success(?:es)?|hits|occurrences|defectives?|failures|rejects|bad)\s*[:=]?\s*{_INT}[\s,;]*(?:trials?|n|sample\s+size|total|inspected|tested)\s*[:=]?\s*{_INT}",
            re.IGNORECASE,
        ),
    ),
    ("x n", re.compile(rf"{_INT}\s*/\s*{_INT}")),
    ("x n", re.compile(rf"{_INT}\s+[a-z]{{3,20}}\s*/\s*{_INT}", re.IGNORECASE)),
    (
        "x n",
        re.compile(
            rf"{_ZERO}\s+(?:{_WORDS}{{0,5}}?(?:out\s+of|outta|of)|{_PLAIN_WORDS}{{0,5}}?(?:in|from|among|by|on|over))\s+{_WORDS}{{0,3}}?{_INT}(?!\s*(?:%|percent))",
            re.IGNORECASE,
        ),
    ),
    (
        "n x",
        re.compile(
            rf"\b(?:out\s+of|of|from|among|in|tested|inspected|checked|tried|sampled?)\s+{_WORDS}{{0,2}}?{_INT}[\s,]+{_WORDS}{{0,9}}?{_ZERO}(?!\s*(?:%|percent|\d))",
            re.IGNORECASE,
        ),
    ),
    ("split", re.compile(rf"{_INT}\s*{_BAD}[\s,;/]*(?:and\s+)?{_INT}\s*{_GOOD}", re.IGNORECASE)),
    (
        "n x",
        re.compile(
            rf"{_INT}\s+{_WORDS}{{0,5}}?[a-z]++\s*[,:;]\s*{_WORDS}{{0,3}}?{_ZERO}(?:\s+[a-z]|\s*[.,;:?]|\s*$)",
            re.IGNORECASE,
        ),
    ),
    (
        "n x",
        re.compile(
            rf"{_INT}\s+{_WORDS}{{0,5}}?[a-z]++\s*[.,;:]\s*(?:and\s+)?(none|zero|no|nil|not\s+one)\b(?!\s*\d)",
            re.IGNORECASE,
        ),
    ),
    (
        "n x",
        re.compile(
            rf"{_INT}\s+{_WORDS}{{1,4}}?{_ZERO}\s+(?:were\s+|was\s+|got\s+|had\s+)?{_BAD}",
            re.IGNORECASE,
        ),
    ),
)


_DATES = re.compile(
    r"\b(?:since|until|(?<!\d )(?<!\d)in)\s+(?:19|20)\d\d\b|(?<![\d/])(?:0?[1-9]|[12]\d|3[01])/(?:0[1-9]|1[0-2])(?:/\d{2,4})?(?![\d/])"
    r"(?!\s+(?:were\s+|are\s+|is\s+|was\s+)?(?:bad|def|fail|nok|rej|nonconf|scrap|broken|leak|good|ok|pass))"
    r"|\b\d{4}-\d{2}-\d{2}\b",
    re.IGNORECASE,
)


class CountPair(msgspec.Struct, kw_only=True):
    """``successes`` out of ``trials``, and where both stood."""

    successes: int
    trials: int
    start: int
    end: int

    @property
    def source(self) -> str:
        return f"question[{self.start}:{self.end}]"


def read_counts(text: str) -> list[CountPair]:
    """Every count of events out of trials, in the order of the text."""
    found: list[CountPair] = []
    text = as_digits(text)
    for match in _DATES.finditer(text):
        text = text[: match.start()] + " " * len(match[0]) + text[match.end() :]
    for form, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            if MASK in text[match.start() : match.end()]:
                continue
            first, second = (_number(match[1]), _number(match[2]))
            if form == "n x":
                first, second = second, first
            elif form == "split":
                second = first + second
            if form != "x n" and first > second:
                continue
            if form == "x n" and first > second and "/" not in match[0]:
                continue
            found.append(
                CountPair(successes=first, trials=second, start=match.start(), end=match.end())
            )
            text = mask(text, match.start(), match.end())
    return sorted(found, key=lambda pair: pair.start)


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0


_NAMED_COUNT = re.compile(
    r"(?<![\w.])(?<![A-Za-z]-)([A-Za-z][\w\-]*)\s*+(?:[:=]\s*+)?(\d++)(?![\w.]*\d)"
)
_COUNT_NAMED = re.compile(r"(?<![\w.])(\d+)\s+([A-Za-z][\w\-]*)")


def read_repeated(text: str) -> tuple[list[str], list[list[float]]] | None:
    """Rows of counts whose names repeat: "A billing 40 tech 22, B billing 35 tech 41".

    Returns the column names and the rows, or None.
    """
    for found in (
        [(match[1].lower(), float(match[2])) for match in _NAMED_COUNT.finditer(text)],
        [(match[2].lower(), float(match[1])) for match in _COUNT_NAMED.finditer(text)],
    ):
        repeated = [item for item in found if sum(item[0] == other[0] for other in found) > 1]
        names = list(dict.fromkeys(name for name, _ in repeated))
        if len(names) < 2 or len(repeated) % len(names):
            continue
        rows = [
            repeated[start : start + len(names)] for start in range(0, len(repeated), len(names))
        ]
        if len(rows) >= 2 and all([name for name, _ in row] == names for row in rows):
            return names, [[count for _, count in row] for row in rows]
    return None


_TALLY = re.compile(
    r"(?<![\w.])(\d{1,2})\s*(?:[a-z]+s?)?\s*(?:->|→|:|,|on|in)\s*(\d+)\s*(?:x\b|plates?|boards?|times?|days?|units?|parts?)?",
    re.IGNORECASE,
)


def read_tally(text: str) -> tuple[list[float], list[float]] | None:
    """A tally "1→25, 2→17, 3→15" or "0 defects on 60 boards, 1 on 28": values and counts."""
    found = [(int(match[1]), float(match[2])) for match in _TALLY.finditer(text)]
    for start in range(len(found)):
        run = [found[start]]
        for value, count in found[start + 1 :]:
            if value == run[-1][0] + 1:
                run.append((value, count))
            else:
                break
        if len(run) >= 3 and run[0][0] in {0, 1}:
            return [float(value) for value, _ in run], [count for _, count in run]
    return None
