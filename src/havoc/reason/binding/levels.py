"""Levels of an interval: which percentage is the confidence, which the share of the population."""

from __future__ import annotations

import re

import msgspec

from havoc.reason.binding.evidence import Evidence

LEVELS = frozenset({80.0, 90.0, 95.0, 98.0, 99.0, 99.5, 99.7, 99.73, 99.9})


class Level(msgspec.Struct):
    """A level between 0 and 1 and what the words say it is."""

    value: float
    start: int
    end: int
    role: str = ""

    @property
    def source(self) -> str:
        return f"question[{self.start}:{self.end}]"


_LEVEL = re.compile(
    r"(?:(?<![\w.\-])|(?<=\bpi)|(?<=\bci)|(?<=\bti))((?:\d{1,3}(?:\.\d+)?)|0?\.\d+)\s*(%|percent|pct|per\s?cent)?(?![\w]*\d)",
    re.IGNORECASE,
)
_CONFIDENCE_AFTER = re.compile(
    r"[\s-]*(?:(?:one|two)[\s-]sided\s+|upper\s+|lower\s+)*(?:conf\w*(?!\s*(?:of|is|=|:)?\s*\d)|certain\w*|sure\b|trust|security|safe\w*|probab\w*|ci\b|pi\b|level\b|greenwood)",
    re.IGNORECASE,
)
_CONFIDENCE_BEFORE = re.compile(
    r"\b[pct]i$|(?:\b(?:conf(?:idence|ident|\.)?|certainty|gamma|security|1\s*-\s*alpha)|γ)\s*(?:level|limits?|interval|bounds?)?\s*(?:of|is|=|:|at)?\s*$",
    re.IGNORECASE,
)
_COVERAGE_AFTER = re.compile(
    r"\s*(?:of\b(?!\s+(?:the\s+)?(?:true\s+)?(?:mean|average|sd|sigma|median))|content|coverage|reliab\w*|population|units\b|parts\b)",
    re.IGNORECASE,
)
_COVERAGE_BEFORE = re.compile(
    r"\b(?:content|coverage|covers?|covering|contains?|holds?|reliab\w*|share|proportion|population|p)\s*(?:of|is|=|:|at\s+least)?\s*$",
    re.IGNORECASE,
)
_AT_MOST = re.compile(
    r"\b(?:no\s+more\s+than|at\s+most|not\s+more\s+than|less\s+than|only|maximum|max\.?)\s*$",
    re.IGNORECASE,
)


def levels_of(evidence: Evidence, taken: list[str]) -> list[Level]:
    """Percentages and fractions outside the lists, with the role that the words give.

    ``taken`` are the places of numbers that are means, spreads or sizes.
    """
    text = evidence.reading.plain
    spans = [
        (item.start, item.end)
        for block in evidence.reading.blocks
        for item in block.lists
        if len(item.values) > 2
    ]
    found = []
    for match in _LEVEL.finditer(text):
        value, percent = float(match[1]), match[2] is not None
        start = match.start(1)
        if any(a <= start < b for a, b in spans) or any(
            source.startswith(f"question[{start}:") for source in taken
        ):
            continue
        before, after = text[max(0, start - 40) : start], text[match.end() : match.end() + 40]
        at_most = percent and value < 50 and _AT_MOST.search(before)
        role = ""
        if at_most:
            found.append(Level(1 - value / 100, start, match.end(1), "coverage"))
            continue
        if _CONFIDENCE_AFTER.match(after):
            role = "confidence"
        elif _COVERAGE_BEFORE.search(before):
            role = "coverage"
        elif _CONFIDENCE_BEFORE.search(before):
            role = "confidence"
        elif percent and _COVERAGE_AFTER.match(after):
            role = "coverage"
        if not percent and not role and value not in LEVELS:
            continue
        fraction = value / 100 if percent or value > 1 else value
        if not role and percent and re.search(r"\bat\s+(?:an?\s+)?$", before):
            role = "confidence"
        if fraction < 0.5 or (not role and fraction >= 1):
            continue
        found.append(Level(fraction, start, match.end(1), role))
    return found
