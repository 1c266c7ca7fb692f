"""Levels that stand without their word: "Grubbs at 5 %", "one-sided, 5 %", "CI on the delta at 90".

Only customary levels count, and only where nothing else claims the number: a share that
is an argument already, a percentage of something, a value in a list.
"""

from __future__ import annotations

import re

import msgspec

from havoc.reading.number_words import as_digits

_ALPHAS = frozenset({0.001, 0.005, 0.01, 0.02, 0.025, 0.05, 0.1})
_CONFIDENCES = frozenset({0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999})
_PERCENTS = frozenset({0.1, 0.5, 1.0, 2.0, 2.5, 5.0, 10.0})
_BEFORE = (
    r"(?:^|[,;:.?!()\n]\s*|\b(?:at|to|with|on|upper|lower|sided|tailed|test|error(?:\s+rate)?|alfa|error(?:\s+is)?\s+held\s+at|"
    r"grubbs|dixon|tukey|dunnett|pearson|wilson|exact|ci|pi|limits?|bounds?|interval|sure|wants?|stricter)\s*)(?:a\s+|the\s+|about\s+|only\s+)?"
)
_PERCENT = re.compile(
    rf"{_BEFORE}(?P<value>\d{{1,2}}(?:\.\d+)?)\s*(?:%|percent\b|pct\b)(?=\s*(?:[.,;:?!()\n]|$|levels?\b|niveau\b|please\b|pls\b|in\s+total\b|(?:and|do|does|is|are|which|what)\b))"
)
_FRACTION = re.compile(
    rf"{_BEFORE}(?P<value>0?\.\d{{1,3}})(?=\s*(?:[,;?!)\n]|\.(?!\d)|$|on\b|level\b|for\b))"
)
_BARE = re.compile(
    r"(?:\bat|[(?,.;:]|\b(?:upper|lower|sided|pearson|wilson|exact|ci|pi|limits?|bounds?|wants?|conf))\s*(?P<value>(?:80|90|95|98|99)(?:\.\d)?)"
    r"(?=\s*(?:[;?!)\n]|,?\s*(?:instead|please|pls)\b|\.(?!\d)|$|(?:upper|lower|on\s+(?:the\s+)?(?:rate|mean|delta))\b))"
)
_TIMES = re.compile(
    r"\b(?P<part>\d+)\s+(?:times?|cases?|out)\s+(?:in|of|out\s+of)\s+(?P<whole>\d+)"
)
_ONE_TIME = re.compile(r"\bone\s+(?:time\s+)?(?:in|out\s+of)\s+(?P<whole>\d+)")


_CUSTOMARY = r"(?P<value>(?:80|90|95|98|99)(?:\.\d)?)"
_LIMITS = r"(?:range|bands?|limits?|lims?|lim\.|bounds?|ci\b|confid\w*|conf\b|intervals?|plus[\s/-]*minus)"
_OF_LIMITS = (
    re.compile(rf"(?<![\w.]){_CUSTOMARY}\s*(?:%|percent|pct)?\s*(?:[a-z-]+\s+)?{_LIMITS}"),
    re.compile(rf"\b{_LIMITS}\s*(?:of|at|with|to|for|:|=)?\s*{_CUSTOMARY}\s*(?:%|percent|pct)"),
    re.compile(rf"(?:[,;.]|\bw(?:ith)?\b)\s*{_CUSTOMARY}\s*(?:%|percent|pct)?\s*(?:pls\s*|please\s*)?[.?!]?\s*$"),
)  # fmt: skip


class BareLevel(msgspec.Struct, frozen=True, kw_only=True):
    """A significance level or a confidence, with its place."""

    value: float
    start: int
    end: int

    @property
    def source(self) -> str:
        return f"question[{self.start}:{self.end}]"

    @property
    def alpha(self) -> float:
        return self.value if self.value < 0.5 else round(1 - self.value, 12)

    @property
    def confidence(self) -> float:
        return self.value if self.value > 0.5 else round(1 - self.value, 12)


def bare_level(text: str, taken: list[tuple[int, int]]) -> BareLevel | None:
    """The first customary level outside the places that are ``taken``."""
    found: list[BareLevel] = []

    def add(value: float, start: int, end: int) -> None:
        if not any(a <= start < b for a, b in taken):
            found.append(BareLevel(value=value, start=start, end=end))

    for match in _PERCENT.finditer(text):
        value = float(match["value"])
        if value in _PERCENTS or round(value / 100, 6) in _CONFIDENCES:
            add(round(value / 100, 6), match.start("value"), match.end("value"))
    for match in _FRACTION.finditer(text):
        value = float(match["value"])
        if value in _ALPHAS or value in _CONFIDENCES:
            add(value, match.start("value"), match.end("value"))
    for match in _BARE.finditer(text):
        add(float(match["value"]) / 100, match.start("value"), match.end("value"))
    if found:
        return min(found, key=lambda item: item.start)
    digits = as_digits(text)
    for pattern in (_TIMES, _ONE_TIME):
        odds = pattern.search(digits)
        if odds is not None and int(odds["whole"]) in {10, 20, 100}:
            part = int(odds["part"]) if "part" in odds.re.groupindex else 1
            value = round(part / int(odds["whole"]), 6)
            if value in _ALPHAS or value in _CONFIDENCES:
                add(value, odds.start(), odds.end())
    return found[0] if found else None


def level_of_limits(text: str) -> BareLevel | None:
    """The confidence of limits that are asked for: "95 range", "90 % bands", "…, 90%" at the end."""
    for pattern in _OF_LIMITS:
        match = pattern.search(text)
        if match:
            value = round(float(match["value"]) / 100, 6)
            return BareLevel(value=value, start=match.start("value"), end=match.end("value"))
    return None


_ANY_PERCENT = re.compile(r"(?<![\w.])(\d{1,3}(?:\.\d{1,2})?)\s*(?:%|percent\b|pct\b)")
_ENDS = re.compile(r"\s*(?:[.,;:?!()\n]|$|(?:levels?|is|ok|risk|alpha|please|pls)\b)")


def lone_level(text: str) -> BareLevel | None:
    """A customary level that is the only percentage of a text and stands at the end of a phrase.

    For tests whose data hold no percentages: "dont want to accuse anybody on luck so 1 %".
    """
    found = list(_ANY_PERCENT.finditer(text))
    if len(found) != 1 or _ENDS.match(text, found[0].end()) is None:
        return None
    value = round(float(found[0][1]) / 100, 6)
    if value not in _ALPHAS and value not in _CONFIDENCES:
        return None
    return BareLevel(value=value, start=found[0].start(1), end=found[0].end(1))
