"""Counts in prose: "12/250 bad", "9 bad of 200", "Of 500 vials, 23 were rejected", "x=26 n=200"."""

from __future__ import annotations

import re

import msgspec

from havoc.reading.prose import MASK, mask

_WORDS = r"(?:[^\W\d]+[\w'’%\-]*[\s,]+)"
_INT = r"(?<![\w.,\-])(\d{1,9})(?![\w.,]*\d)"
_ZERO = r"(?<![\w.,\-])(\d{1,9}|zero|no|none|nil)(?![\w.,]*\d)"
_GOOD = r"(?:ok|okay|good|pass\w*|conform\w*|accept\w*|not\b|dry|clean|fine|without|intact|negative|unaffected)"
_BAD = r"(?:bad|damaged|fail\w*|leak\w*|infected|defect\w*|reject\w*|scrap\w*|short\w*|flash|nok|broken|positive|crack\w*|not ok|ng\b)"

_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("x n", re.compile(rf"\bx[12]?\s*=\s*{_INT}[\s,;]*n[12]?\s*=\s*{_INT}", re.IGNORECASE)),
    (
        "n x",
        re.compile(rf"\bn[12]?\s*=\s*{_INT}[\s,;:]*(?:\w+\s+)?x[12]?\s*=\s*{_INT}", re.IGNORECASE),
    ),
    ("x n", re.compile(rf"{_INT}\s*/\s*{_INT}")),
    (
        "x n",
        re.compile(
            rf"{_ZERO}\s+{_WORDS}{{0,5}}?(?:out\s+of|outta|of|in|from|among|by|on|over)\s+{_WORDS}{{0,3}}?{_INT}(?!\s*(?:%|percent))",
            re.IGNORECASE,
        ),
    ),
    (
        "n x",
        re.compile(
            rf"\b(?:out\s+of|of|from|among|in|tested|inspected|checked|tried|sampled?)\s+{_WORDS}{{0,2}}?{_INT}[\s,]+{_WORDS}{{0,9}}?{_ZERO}(?!\s*(?:%|percent))",
            re.IGNORECASE,
        ),
    ),
    ("split", re.compile(rf"{_INT}\s*{_BAD}[\s,;/]*(?:and\s+)?{_INT}\s*{_GOOD}", re.IGNORECASE)),
    (
        "n x",
        re.compile(rf"{_INT}\s+[a-z]+\s*[,:;]\s*{_WORDS}{{0,3}}?{_ZERO}\s+[a-z]", re.IGNORECASE),
    ),
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
