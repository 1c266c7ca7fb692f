"""Differences that do not matter, and levels that stand without their word."""

from __future__ import annotations

import re

import msgspec

from havoc.reading.number_pieces import APART, UNSIGNED
from havoc.reading.number_words import with_digits
from havoc.reason.binding.arguments import Binding

_SIGNED = rf"(?<![\w.])[-+]?{UNSIGNED}(?![\w.]*\d)"
_RANGE = re.compile(
    rf"(?P<low>(?<![\w.])-\s?{UNSIGNED})\s*(?:[a-z%]{{1,4}}\s+)?(?:to|and|until|\.\.+|…|,|;|–|-)\s*(?P<high>\+?\s?{APART}{UNSIGNED})"
)
_SIZE = re.compile(
    rf"(?:±|\+/?-|\bplus\s+or\s+minus|\brope\b\s*(?:of|is|=|:|within)?|\b(?:under|below|within|inside|beyond|exceeds?|exceeding|over|up\s+to"
    r"|up\s+from|from|until|only|(?:less|more|smaller|larger|bigger|greater)\s+than|at\s+least|by\s+more\s+than))"
    rf"\s*(?:about\s+|a\s+|±\s*|only\s+)?{APART}(?P<size>{UNSIGNED})(?![\w.]*\d)"
    r"\s*(?P<percent>%\s*-?\s*points?|percentage\s+points?|points?\b|%|percent\b|pp\b)?"
    rf"|(?<![\w.])(?P<either>{UNSIGNED})\s*(?:[a-z%/]+\s+){{1,3}}(?:either\s+way|up|of\s+difference)",
    re.IGNORECASE,
)
_MATTERS = re.compile(
    r"\b(?:irrelevant\w*|nothing\s+to|relevan\w*|matters?|mattering|cares?|practical\w*|negligible|indifferent|notice\w*|the\s+same|alike|equal"
    r"|equivalent|important|rope|meaningful|each\s+other|same\s+to\s+me|trivial|gap|differences?|differ|saves?|better\s+by|exceeds?)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?:[.?!;](?=\s|$)|\n)")


class Margin(msgspec.Struct, kw_only=True):
    """``low`` to ``high`` is the range of differences that do not matter."""

    low: float
    high: float
    start: int
    end: int
    percent: bool = False

    @property
    def source(self) -> str:
        return f"question[{self.start}:{self.end}]"


def practical_margin(text: str, taken: list[tuple[int, int]]) -> Margin | None:
    """ "less than 3 pcs/h i dont care", "a shift beyond 1.0 matters", "within -0.3 to +0.3 s".

    A figure in the same sentence as a word that says whether a difference matters. Places in
    ``taken`` (lists, counts) are no margins. "half a newton" is 0.5.
    """
    plain = with_digits(text.lower(), one=True)
    start = 0
    bounds = [match.end() for match in _SENTENCE.finditer(plain)]
    for end in [*bounds, len(plain)]:
        sentence = plain[start:end]
        if _MATTERS.search(sentence):
            found = _margin(sentence, start, taken)
            if found is not None:
                return found
        start = end
    return None


def _margin(sentence: str, at: int, taken: list[tuple[int, int]]) -> Margin | None:
    def free(position: int) -> bool:
        return not any(a <= at + position < b for a, b in taken)

    for match in _RANGE.finditer(sentence):
        low, high = _figure(match["low"]), _figure(match["high"])
        if low < high and free(match.start()):
            return Margin(low=low, high=high, start=at + match.start(), end=at + match.end())
    for match in _SIZE.finditer(sentence):
        group = "size" if match["size"] else "either"
        size = float(match[group])
        if size > 0 and free(match.start(group)):
            return Margin(
                low=-size,
                high=size,
                start=at + match.start(group),
                end=at + match.end(group),
                percent=bool(match["percent"]),
            )
    return None


def _figure(written: str) -> float:
    return float(written.replace(" ", ""))


_PERCENT = re.compile(r"(?<![\w.])(\d{1,2}(?:\.\d)?)\s*(?:%|percent\b|pct\b)")
_BARE_CONFIDENCE = re.compile(
    r"\b(?:range|int|interval|limits?|ci|cri|hdi|conf\w*|credible)\b[^.;:\n\d]{0,20}(?<![\w.])(80|90|95|98|99)(?![\w.]*\d)"
)
_CONFIDENCES = frozenset({80.0, 90.0, 95.0, 97.5, 98.0, 99.0})
_ALPHAS = frozenset({0.1, 0.5, 1.0, 2.0, 2.5, 5.0, 10.0, 20.0})


def set_lone_confidence(binding: Binding, text: str) -> None:
    """ "and by how much (90 %)": the only percentage that is a customary confidence."""
    found = [match for match in _PERCENT.finditer(text) if float(match[1]) in _CONFIDENCES]
    found = found or list(_BARE_CONFIDENCE.finditer(text))
    if "confidence" not in binding.args and len(found) == 1:
        source = f"question[{found[0].start(1)}:{found[0].end(1)}]"
        binding.set("confidence", round(float(found[0][1]) / 100, 6), source)


def set_lone_alpha(binding: Binding, text: str) -> None:
    """ "10 pct risk", "below 5 %": the only percentage, where the data hold none."""
    found = list(_PERCENT.finditer(with_digits(text)))
    if "alpha" in binding.args or len({match[1] for match in found}) != 1:
        return
    value = float(found[0][1])
    source = f"question[{found[0].start(1)}:{found[0].end(1)}]"
    if value in _ALPHAS:
        binding.set("alpha", round(value / 100, 6), source)
    elif value in _CONFIDENCES:
        binding.set("alpha", round(1 - value / 100, 6), source)
