"""Factors of an experiment in prose: "temp 150-200 C, pressure 1..5 bar, resin (A, B)".

A factor has a name and either a range or a list of levels, and often a unit.
"""

from __future__ import annotations

import re

import msgspec

from havoc.reading.prose import MASK, STOPWORDS, UNITS, mask, word_set

_NUM = r"[-+]?(?:\d+(?:\.\d+)?|\.\d+)"
_WORD = r"(?<![\w.])(?<!\w-)[A-Za-zµμΑ-ω](?:[\w\-µμ]|\.(?=\w)){0,40}"
_UNIT = r"(?:\s*(?P<{name}>°[CF]?|%|[a-zA-Zµμ]{{1,8}}(?:/[a-zA-Zµμ]{{1,5}}\d?)?(?![\w]*[=:\d])))?"
_TO = r"\s*(?:-|–|—|à|\bto\b|\.\.\.?|…|/|\band\b|&|\btill\b|\buntil\b|\bbis\b)\s*"
_NAME = rf"(?P<name>{_WORD}(?:\s+(?:{_WORD}|\d(?=\s)))?(?:\s+{_WORD})?)"
_OPEN = r"\s*(?:[:=(\[]|\(coded\)|from|between|at|in|of|is|,)?\s*(?:from\s+|between\s+)?"

_RANGE = re.compile(
    rf"{_NAME}{_OPEN}(?P<low>{_NUM}){_UNIT.format(name='u1')}{_TO}(?P<high>{_NUM}){_UNIT.format(name='u2')}(?!\s*/\s*[\d.])",
    re.IGNORECASE,
)
_PLUS_MINUS = re.compile(
    rf"{_NAME}{_OPEN}(?P<center>{_NUM}){_UNIT.format(name='u1')}\s*(?:±|\+\s*/\s*-|\+-)\s*(?P<half>{_NUM}){_UNIT.format(name='u2')}",
    re.IGNORECASE,
)
_UNNAMED = re.compile(
    rf"(?P<low>{_NUM})\s*(?:-|–|to|\.\.\.?)\s*(?P<high>{_NUM})\s*(?P<u2>°[CF]|%|bar|min|h|hours?|rpm|C|s|mm|kg|g/L|mM)\b",
    re.IGNORECASE,
)
_ITEM = r"[\w.+\-µ°%]{1,40}(?:\s[\w.+\-]{1,40})?"
_BRACKETED = re.compile(
    rf"{_NAME}\s*[:=]?\s*[({{\[]\s*(?P<items>{_ITEM}(?:\s*[,;/|]\s*{_ITEM})+)\s*[)}}\]]{_UNIT.format(name='unit')}"
)
_SLASHED = re.compile(
    rf"{_NAME}\s*[:=]?\s*(?<![\w.])(?P<items>[\w.+\-]{{1,40}}(?:\s?/\s?[\w.+\-]{{1,40}})+)(?!\w)", re.IGNORECASE
)
_NUMBERS = re.compile(
    rf"{_NAME}\s*[:=]?\s*(?<![\w.])(?P<items>{_NUM}(?:\s*[,&]?\s+{_NUM})+)(?!\s*[-/]\s*\d)"
)
_WORDS = re.compile(
    rf"{_NAME}\s+(?P<items>low[\s,/]+high|lo[\s,/]+hi|off[\s,/]+on|on[\s,/]+off|yes[\s,/]+no|no[\s,/]+yes|old[\s,/]+new|min[\s,/]+max)\b",
    re.IGNORECASE,
)
_LETTER_RUN = re.compile(r"(?<![\w/])[A-Z](?:(?:\s*[,;]\s*|\s+|\s*(?:&|and)\s+)[A-Z](?![\w'])){1,}")
_NUMBERED = re.compile(r"\b([a-zA-Z])1\s*(?:\.\.+|…|-|–|to|,)\s*\1(\d{1,2})\b")
_LETTER_SPAN = re.compile(r"(?<![\w/])([A-Z])\s*(?:-|–|to|\.\.+|through|thru)\s*([A-Z])(?![\w])")
_NOT_NAMES = (STOPWORDS - {"die", "der", "das", "set", "list"}) | word_set(
    """
    factor factors design designs level levels low high range ranges coded plan runs run
    screening doe rotatable ccd bbd box behnken composite central between from inscribed
    face centred centered circumscribed three two four five six seven eight points point
    centre center cp cps variables variable parameters knobs inputs reps rep replicate
    replicates seed blocks block full factorial fractional resolution res alpha only max min
    budget over within plus minus them mix either set ingredients settings spec limits
    tolerance general fact experiment trial trials continuous
    """
)


class FactorText(msgspec.Struct, kw_only=True):
    """A factor as written. Either ``low`` and ``high`` or ``levels`` are set, or only a name."""

    name: str
    start: int
    end: int
    low: float | None = None
    high: float | None = None
    levels: list[float | str] = []
    unit: str = ""

    @property
    def source(self) -> str:
        return f"question[{self.start}:{self.end}]"


def read_factors(text: str) -> list[FactorText]:
    """Factors with a range or levels, in the order of the text (normalised text expected)."""
    found: list[FactorText] = []
    for pattern in (_PLUS_MINUS, _BRACKETED, _WORDS):
        text = _collect(pattern, text, found)
    text = _collect(_SLASHED, text, found, slashed=True)
    text = _collect(_RANGE, text, found)
    text = _collect(_NUMBERS, text, found)
    return sorted(found, key=lambda factor: factor.start)


def _collect(
    pattern: re.Pattern[str], text: str, found: list[FactorText], *, slashed: bool = False
) -> str:
    position = 0
    while match := pattern.search(text, position):
        name = _clean(match["name"])
        groups = match.groupdict()
        items = match.groupdict().get("items") or ""
        if MASK in match[0] or not name or re.search(r"\d\s*-\s*\d", items):
            position = match.start() + 1 if not name else match.end()
            continue
        factor = FactorText(name=name, start=match.start(), end=match.end())
        if groups.get("half") is not None:
            center, half = float(groups["center"]), abs(float(groups["half"]))
            factor.low, factor.high = round(center - half, 12), round(center + half, 12)
            factor.unit = groups.get("u2") or groups.get("u1") or ""
        elif groups.get("high") is not None:
            factor.low, factor.high = float(groups["low"]), float(groups["high"])
            factor.unit = groups.get("u2") or groups.get("u1") or ""
        else:
            factor.levels = _levels(match["items"])
            factor.unit = groups.get("unit") or ""
            if slashed and not _plausible(factor.levels):
                position = match.end()
                continue
            if len(factor.levels) < 2:
                position = match.end()
                continue
        if factor.unit.lower() not in UNITS:
            factor.unit = ""
        found.append(factor)
        text = mask(text, *match.span())
        position = match.end()
    return text


def _levels(items: str) -> list[float | str]:
    separator = r"\s*[,;/|&]\s*" if re.search(r"[,;/|&]", items) else r"\s+"
    levels: list[float | str] = []
    for item in re.split(separator, items.strip()):
        if item:
            levels.append(float(item) if re.fullmatch(_NUM, item) else item)
    return levels


def _plausible(levels: list[float | str]) -> bool:
    """A slash may also be a unit (mL/min) or a ratio: all numbers or all short words."""
    numbers = [isinstance(level, float) for level in levels]
    if all(numbers):
        return len(set(levels)) == len(levels)
    if any(numbers):
        return False
    words = [str(level).lower() for level in levels]
    return not any(word in UNITS and len(word) <= 3 for word in words) or words in (
        ["a", "b"],
        ["x", "y"],
    )


def _stop(word: str) -> bool:
    """A word that cannot name a factor. A single capital letter can."""
    return word.lower().strip(".-") in _NOT_NAMES and not (len(word) == 1 and word.isupper())


def _clean(name: str) -> str:
    words = name.split()
    while words and (
        words[0].lower().strip(".-") in _NOT_NAMES
        or (words[0].lower() in UNITS and len(words) > 1 and len(words[0]) > 1)
    ):
        words.pop(0)
    while words and words[-1].lower() in {"from", "between", "at", "is", "of", "in", "and"}:
        words.pop()
    for index in range(len(words) - 1, -1, -1):
        if _stop(words[index]):
            words = words[index + 1 :]
            break
    return " ".join(words)


def read_names(text: str) -> list[str]:
    """Bare factor names: "A B C D", "x1..x10", "A to G", "factors speed, feed and depth"."""
    numbered = _NUMBERED.search(text)
    if numbered and 1 < int(numbered[2]) <= 40:
        return [f"{numbered[1]}{index}" for index in range(1, int(numbered[2]) + 1)]
    span = _LETTER_SPAN.search(text)
    if span and span[1] < span[2]:
        letters = [chr(code) for code in range(ord(span[1]), ord(span[2]) + 1)]
        return letters if len(letters) > 2 else []
    runs = [re.findall(r"[A-Z]", match[0]) for match in _LETTER_RUN.finditer(text)]
    longest = max(runs, key=len, default=[])
    if len(longest) >= 2:
        return longest
    listed = re.search(
        r"\b(?:factors?|variables?|parameters?|for|of|ingredients?|components?)\s*:?\s+((?:[a-zA-Z][\w\-]*\s*(?:,|/|and|&|\s)\s*){1,12}[a-zA-Z][\w\-]*)",
        text,
    )
    if listed:
        words = [word for word in re.split(r"\s*(?:,|/|&|\band\b)\s*", listed[1]) if word]
        words = [_clean(word) for word in words]
        return [word for word in words if word] if len(words) >= 2 else []
    return []
