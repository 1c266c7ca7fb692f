"""Specification limits in the words they come in.

"min. 60 N", "55 or more", "top 40, bottom 30", "allowed 7.3 up to 7.6", "6.00 -0.02/+0.05",
and in a follow-up "the upper limit is 12, sorry". Data are masked before, so that only
numbers that stand alone are read.
"""

from __future__ import annotations

import re

import msgspec

from havoc.reading.prose import MASK, mask
from havoc.reading.question import Reading

_NUM = r"([-+]?(?:\d++(?:[.,]\d++)?|\.\d++)(?![\d]))"
_AT = rf"(?<![\w.,]){_NUM}"
_UNIT = r"(?:\s*(?!to\b|and\b|or\b|is\b|at\b)[a-zA-Zµμ°%][\w/µμ²³°·%]{0,7})?"
_BETWEEN = r"\s*(?:-|–|—|~|to|up\s+to|till|until|through|and|n(?=\s)|&|\.\.+|…|/)\s*"
_GAP = rf"(?:(?!\bmean|\baver|\bsigma|\bsd\b)[^\d{MASK}\n;?)]){{0,28}}?(?<![\w.])"
_NARROW = r"(?:[\s:=(]|\"|of\b|is\b|it\b|be\b|than\b|limit\b|value\b|allowed\b|spec\b|one\b|only\b|[a-z-]{1,20}\s){0,5}?(?<![\w.])"
_PAIR_CUE = (
    r"(?:spec\w*|limits?|toleran\w+|tol\b|allow\w*|permit\w*|window|drawing|print|blueprint|gate|requir\w+|"
    r"must|shall|should|between|accept\w*|range|borders?|anything|now|tighten\w*|widen\w*|relax\w*|chang\w+|within)"
)
_PAIRS = (
    re.compile(rf"\b{_PAIR_CUE}[^\d{MASK}\n;?]{{0,24}}?{_AT}{_UNIT}{_BETWEEN}{_NUM}", re.I),
    re.compile(rf"{_AT}{_UNIT}{_BETWEEN}{_NUM}{_UNIT}\s*(?:is|are)?\s*(?:allowed|accept\w*|permitted|tolerated|spec\b|limits)", re.I),
)  # fmt: skip
_BARE = (re.compile(rf"{_AT}\s?(?:-|–|—|~|\.\.+|…)\s?{_NUM}{_UNIT}(?!\s*[-,;/]?\s*\d)"),)
_AROUND = re.compile(
    rf"{_AT}{_UNIT}\s*(?P<first>[-−+])\s*(\d*\.?\d+)\s*[/,;]?\s*(?P<second>[-−+])\s*(\d*\.?\d+)",
    re.I,
)
_LOWER = r"(?:lsl|ltl|usg|ugs|lower\b|bottom\b|floor\b)"
_UPPER = r"(?:usl|utl|osg|ogs|upper\b|top\b|ceiling\b)"
_NEVER = r"(?:not?|never|n['’]t)\s+(?:be\s+|go\s+|get\s+|fall\s+|drop\s+|come\s+|any\s+)*"
_SIDES: dict[str, tuple[re.Pattern[str], ...]] = {
    "lsl": (
        re.compile(rf"\b{_LOWER}{_GAP}{_NUM}", re.I),
        re.compile(rf"\b{_NEVER}(?:less|lower|below|under|smaller){_NARROW}{_NUM}", re.I),
        re.compile(
            rf"(?:\bnlt\b|\bat\s+least|>=|≥|=>(?=\s*\d)|\b(?:must|should|has\s+to|needs?\s+to)\s+(?:be\s+)?(?:exceed|reach|>|over|above|more)){_NARROW}{_NUM}",
            re.I,
        ),
        re.compile(
            rf"{_AT}{_UNIT}\s*(?:or\s+(?:more|above|higher|better|over)\b|and\s+(?:up|above)\b|"
            rf"(?:as\s+(?:a\s+)?)?min(?:imum)?\b|upwards\b|at\s+least\b)",
            re.I,
        ),
        re.compile(rf"\bmin(?:imum|imal)?\b\.?\"?{_NARROW}{_NUM}", re.I),
        re.compile(rf"(?<![<>=\-→])>\s*{_NUM}"),
    ),
    "usl": (
        re.compile(rf"\b{_UPPER}{_GAP}{_NUM}", re.I),
        re.compile(
            rf"\b{_NEVER}(?:more|higher|above|over|greater|larger|exceed\w*|beyond){_NARROW}{_NUM}",
            re.I,
        ),
        re.compile(
            rf"(?<!lower )(?<!bottom )\b(?:limit|promised?)\s*(?:value\s+)?(?:is|was|of|=|:)\s*(?:at\s+|set\s+)*{_NUM}",
            re.I,
        ),
        re.compile(
            rf"{_AT}{_UNIT}\s*(?:or\s+(?:less|below|lower|under)\b|(?:as\s+(?:a\s+)?)?max(?:imum)?\b|at\s+most\b|\(upper\b)",
            re.I,
        ),
        re.compile(
            rf"(?:\bmax(?:imum|imal)?\b\.?\"?|\bnmt\b|\bat\s+most|<=|≤|=<|\b(?:must|should|has\s+to|needs?\s+to)\s+(?:be\s+|stay\s+|remain\s+)?(?:<|under|below|less)){_NARROW}{_NUM}",
            re.I,
        ),
        re.compile(rf"(?<![<>=])<\s*{_NUM}"),
    ),
}
_INDEX = re.compile(r"\b[cp]pk?\b|\bindex\b|\bindices\b|\b[cp]m?k\b", re.IGNORECASE)
_GOALS = frozenset({1.0, 1.25, 1.33, 1.5, 1.67, 2.0})
_WHEN = re.compile(r"\b(?:at|after|within|for|in|every|over|from|each|per)\s+$", re.IGNORECASE)
_CHANGED = re.compile(
    r"\b(?:instead|now|wrong|sorry|sry|false|relax\w*|tighten\w*|widen\w*|chang\w+|amend\w*|actually|correct\w*|moved|should\s+be)\b",
    re.IGNORECASE,
)
# "between 1,9 and 2,1" beside data with points: two numbers, not four
_DECIMAL_COMMAS = re.compile(r"\d{1,6},\d{1,6}\s*(?:-|to|and)\s*\d{1,6},\d{1,6}")
_LONGEST = 20_000
_REACH = 3
"""Limits lie no further from the values than so many times their range."""


class Limit(msgspec.Struct, frozen=True):
    value: float
    source: str


def read_specification(reading: Reading, *, newest: bool = False) -> dict[str, Limit]:
    """Lower and upper limit as far as they are said; of the newest turn only on demand."""
    text = _without_data(reading)
    if newest:
        text = text.split("\n", 1)[0]
        if not _CHANGED.search(text):
            return {}
    found = _around(text) or _pair(text, _PAIRS) or _sides(text)
    if found:
        return found
    found = _pair(text, _BARE)
    return found if found and is_near(reading, found["lsl"].value, found["usl"].value) else {}


def is_near(reading: Reading, low: float, high: float) -> bool:
    """Could two bare numbers be limits of what was measured: "55-1023" is a drawing, not a torque?"""
    lists = [item.numbers for item in reading.series if len(item.numbers) >= 3]
    for table in reading.tables:
        lists += [
            [value for value in column.present if isinstance(value, float)]
            for column in table.columns
            if column.kind == "number"
        ]
    mean = reading.scalar("mean")
    if mean is not None:
        lists.append([mean.value])
    lists = [values for values in lists if values]
    return not lists or any(
        min(values) - _REACH * (max(values) - min(values)) <= high
        and low <= max(values) + _REACH * (max(values) - min(values))
        for values in lists
    )


def _without_data(reading: Reading) -> str:
    text = reading.plain
    for block in reading.blocks:
        for item in block.lists:
            commas = _DECIMAL_COMMAS.fullmatch(text[item.start : item.end])
            if len(item.values) >= 3 and item.end <= len(text) and not commas:
                text = mask(text, item.start, item.end)
    return text[:_LONGEST]


def _limit(match: re.Match[str], group: int) -> Limit:
    value = float(match[group].replace(",", "."))
    return Limit(value, f"question[{match.start(group)}:{match.end(group)}]")


def _around(text: str) -> dict[str, Limit]:
    """A nominal with what is allowed below and above it."""
    for match in _AROUND.finditer(text):
        signs = {match["first"].replace("−", "-"), match["second"].replace("−", "-")}
        if signs != {"-", "+"}:
            continue
        first, second = float(match[3]), float(match[5])
        down, up = (first, second) if match["first"] != "+" else (second, first)
        nominal = _limit(match, 1).value
        place = f"question[{match.start()}:{match.end()}]"
        return {
            "lsl": Limit(round(nominal - down, 12), place),
            "usl": Limit(round(nominal + up, 12), place),
        }
    return {}


def _pair(text: str, patterns: tuple[re.Pattern[str], ...]) -> dict[str, Limit]:
    for pattern in patterns:
        for match in pattern.finditer(text):
            low, high = _limit(match, 1), _limit(match, 2)
            if low.value < high.value and not _of_index(text, match, 1):
                return {"lsl": low, "usl": high}
    return {}


def _sides(text: str) -> dict[str, Limit]:
    found: dict[str, Limit] = {}
    for role, patterns in _SIDES.items():
        for pattern in patterns:
            match = next(
                (
                    m
                    for m in pattern.finditer(text)
                    if not (_of_index(text, m, 1) or _of_time(text, m))
                ),
                None,
            )
            if match is not None:
                found[role] = _limit(match, 1)
                break
    return found


def _of_time(text: str, match: re.Match[str]) -> bool:
    """Minutes rather than a minimum: "85 % at 30 min"."""
    return match[0].endswith("min") and _WHEN.search(text[: match.start(1)][-12:]) is not None


def _of_index(text: str, match: re.Match[str], group: int) -> bool:
    """Is the number a goal for Cpk or a level of confidence rather than a limit?"""
    begin, end = match.span(group)
    goal = float(match[group].replace(",", ".")) in _GOALS
    around = text[max(0, begin - 30) : begin] + " " + text[end : end + 12]
    return (goal and _INDEX.search(around) is not None) or (
        re.match(r"\s*(?:%|percent)?\s*(?:conf|sure|certain)", text[end : end + 20], re.I)
        is not None
    )
