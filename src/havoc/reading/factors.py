"""Factors of an experiment in prose: "temp 150-200 C, pressure 1..5 bar, resin (A, B)".

Settings are found first (a range, a list of levels), then the name that stands
before them. Positions refer to the text as it was given; every pattern reads a
stretch of text once.
"""

from __future__ import annotations

import re

import msgspec

from havoc.reading.factor_names import (
    MAX_PROSE,
    is_common_word,
    name_after,
    name_before,
    name_in_brackets,
)
from havoc.reading.number_pieces import EXPONENT, SIGNED, SIGNED_APART
from havoc.reading.prose import MASK, UNITS, mask, word_set

# possessive (++): in a run of ten thousand digits nothing is tried twice
NUM = rf"{SIGNED}{EXPONENT}"
_MORE_UNITS = word_set(
    "deg cst mpa·s sccm mtorr torr mbar cfm lpm gpm slm wt% vol% w% v% ppm mol% mn/m "
    "ma/cm2 a/dm2 kv/cm cm/h u/ml iu parts n·m n.m nm kgf tons ton knots micron microns "
    "stunden sek turns ph-units 1/min 1/s 1/h"
)
_ATOMS = "|".join(
    re.escape(unit) for unit in sorted(UNITS | _MORE_UNITS | {"% rh"}, key=len, reverse=True)
)
# A single letter before a figure names the next factor: "B 10-20 C 0.1-0.9", "v 1-9 w 0-4". So
# does a unit before a range: "yeast 1-3 pH 5-7 rpm 120-200".
UNIT = (
    rf"(?:(?:1/(?:min|s|h)|(?!(?:{_ATOMS})\s[-+]?[.\d]{{1,9}}\s?[-–]\s?[.\d])(?!(?-i:[A-Z])\s+[-+]?\.?\d|[a-z]\s+[-+]?[.\d]{{1,9}}\s?(?:-|–|\.\.|to\b)\s?[-+.\d])(?:{_ATOMS})(?:\s?/\s?(?:{_ATOMS})\d?)?)"
    r"(?![\w°])(?!\s*[=:]\s*\d))"
)
_U = rf"(?:\s?{UNIT})?"
_TO = r"(?:\s?(?:-|–|—|→|~|\.\.\.?|…)\s?|\s+(?:-|–|to|till|until|bis|à|through)\s+)"

_PLUS_MINUS = re.compile(
    rf"(?<!\d)(?P<center>{NUM})(?P<u1>{_U})\s*(?:±|\+\s?/\s?-|\+-)\s*(?P<half>{NUM})(?P<u2>{_U})",
    re.I,
)
_HALF = re.compile(
    rf"(?<=[A-Za-z:=(])\s*(?P<half>(?:±|\+\s?/\s?-)\s*(?P<size>{NUM}))(?P<u2>{_U})", re.I
)
_MARGIN_NAME = re.compile(
    r"\b(?:margin|error|precision|tol\w*|uncertain\w*|accura\w*|share)$", re.I
)
_LOW_HIGH = re.compile(
    rf"\b(?:low|lo|min)\s*[:=]?\s*(?P<low>{NUM})(?P<u1>{_U})\s*[,;/]?\s*(?:and\s+)?"
    rf"(?:high|hi|max)\s*[:=]?\s*(?P<high>{NUM})(?P<u2>{_U})(?![\w.]*\d)"
    rf"|(?<![\w.])(?P<low2>{NUM}){_U}\s*\(?(?:low|lo|min)\b\)?\s*[,;/]?\s*(?:and\s+|to\s+)?"
    rf"(?P<high2>{NUM})(?P<u3>{_U})\s*\(?(?:high|hi|max)\b\)?",
    re.I,
)
_BRACKET = re.compile(r"[({\[](?P<inside>[^(){}\[\]\n]{1,160})[)}\]]")
_RANGE = re.compile(
    rf"(?<![\w.^])(?P<low>{NUM})(?P<u1>{_U}){_TO}(?P<high>{NUM})(?P<u2>{_U})"
    r"(?![\w.]*\d)(?!\s?/\s?[\d.])(?!-\w)",
    re.I,
)
_BETWEEN = re.compile(
    rf"\b(?:between|from)\s+(?P<low>{NUM})(?P<u1>{_U})\s*(?:and|&)\s*(?P<high>{NUM})(?P<u2>{_U})"
    r"(?![\w.]*\d)",
    re.I,
)
_PAIR_WORDS = re.compile(
    r"\b(?P<items>"
    + "|".join(
        r"(?:[\s,/|]+|\s+(?:or|vs\.?)\s+)".join(pair)
        for pair in (
            ("low", "high"), ("lo", "hi"), ("high", "low"), ("hi", "lo"), ("off", "on"),
            ("on", "off"), ("yes", "no"), ("no", "yes"), ("old", "new"), ("new", "old"),
            ("min", "max"), ("thin", "thick"), ("slow", "fast"), ("with", "without"),
        )
    )
    + r")\b",
    re.I,
)  # fmt: skip
_SLASHED = re.compile(
    r"(?<![\w./|°])(?P<items>[-+\w.]{1,40}(?:\s?[/|]\s?[-+\w.]{0,40}[\w+\-])+)(?![\w/|])"
)
# "coolant A or B," and "1K or 2K paint": the name with two levels fills the clause
_WORD = r"[A-Za-z][\w\-]{0,24}"
_EITHER = re.compile(
    rf"(?:^|[,;:.(\n]\s*|\b(?:and|with|either)\s+)(?P<stem>{_WORD}(?:\s{_WORD}){{0,2}}\s(?:is\s|either\s)?)"
    rf"(?P<items>{_WORD}\s(?:or|vs\.?|versus)\s{_WORD})(?=\s*(?:[,;)?\n]|\.(?:\s|$)|$|and\b))",
)
_CODES = re.compile(
    r"(?<![\w./])(?P<items>\d{1,4}(?P<tail>[A-Za-z]{1,3})(?:(?:\s(?:or|vs\.?|and)\s|\s?[,/]\s?|\s)\d{1,4}(?P=tail)){1,5})(?!\w)"
)
# "K3PO4, Cs2CO3 or KOtBu as base": the name behind its levels
_AS = re.compile(
    r"(?<![\w,./-])(?P<items>[^\W\d_]\w{0,24}(?:(?:\s?,\s?|\sor\s|,\sor\s)[^\W\d_]\w{0,24}){1,7})"
    r"\s(?:as|for)\s(?:the\s|a\s)?(?P<behind>[^\W\d_][\w\-]{1,24})\b"
)
# "adhesives Loctite Sika 3M,": the name before labels with capitals or figures fills the clause
_CAPITAL = re.compile(
    r"(?:^|[,;:.\n]\s?)(?P<stem>[a-z][\w\-]{2,24})\s(?P<items>(?=[^,;.\n]{0,60}[A-Z])(?:[A-Z]\w{0,15}|\d{1,3}[A-Z]\w{0,9})"
    r"(?:\s(?:[A-Z]\w{0,15}|\d{1,3}[A-Z]\w{0,9})){1,4})(?=\s?[,;\n]|\.\s|\.?$)"
)
_NUMBERS = re.compile(
    rf"(?<![\w.^/])(?P<items>{NUM}{_U}(?:(?:\s*,\s*(?:or\s+|and\s+)?|\s+(?:or|and|&|vs\.?|versus)\s+|\s+){NUM}{_U})+)"
    r"(?![\w.]*\d)(?!\s?[-/]\s?\d)",
    re.I,
)
_LABELS = re.compile(
    r"(?<![\w/])(?P<items>(?P<stem>[A-Za-z])\d(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s+)(?P=stem)\d){1,11}"
    r"|[A-Za-z](?:(?:\s*,\s*|\s+)[A-Za-z]){1,8})(?![\w/]|\s*[-+.:]|\s+\d)"
)
_KINDS = re.compile(
    r"(?:\(\s*)?\b(?P<count>[2-9]|two|three|four|five|six)\s*(?:lvls?|levels?|types?|kinds?|sorts?|"
    r"settings|grades|variants)?\b(?:\s*\))?",
    re.I,
)
_SPAN = re.compile(
    r"(?<![\w/])(?P<stem>[A-Za-z])1\s*(?:-|–|\.\.+|…|to|through)\s*(?P=stem)(?P<last>[2-9])(?!\w)"
)
_ENUMERATED = re.compile(
    r"(?<![\w/°])([A-H])(?=\s+(?!(?:from|between|at|in|to|of|is|and)\b)[a-zµ][\w\-]*\s*(?:\(\s*)?[-+.\d{A-Z])"
)
_RUN_NOUN = re.compile(
    r"\s*(?:runs?|trials?|experiments?|points?|pts|centres?|centers?|blocks?|reps?|replicates?|"
    r"factors?|levels?|lvls?|settings|samples|blends|recipes|steps)\b",
    re.I,
)
_BY_UNIT = {
    "temperature": word_set("c °c degc f °f k ° deg"),
    "time": word_set("s sec min mins minutes h hr hrs hours days"),
    "pressure": word_set("bar mbar psi pa kpa mpa torr mtorr"),
    "speed": word_set("rpm m/min mm/s m/s mm/min 1/min"),
    "voltage": word_set("v kv mv"),
    "current": word_set("a ma"),
    "concentration": word_set("% ppm g/l mg/l mol/l wt%"),
    "pH": word_set("ph"),
}


class FactorText(msgspec.Struct, kw_only=True):
    """A factor as written: ``low`` and ``high``, or ``levels``, or only a name.

    ``named`` is False where the name was taken from the unit.
    """

    name: str
    start: int
    end: int
    low: float | None = None
    high: float | None = None
    levels: list[float | str] = []
    unit: str = ""
    named: bool = True

    @property
    def source(self) -> str:
        return f"question[{self.start}:{self.end}]"


class FactorsText(msgspec.Struct, kw_only=True):
    """All factors that were read, a range that was said to hold for each of them, ranges without
    a name of their own (also those that are called after their unit), and the text without the
    settings."""

    factors: list[FactorText] = []
    common: FactorText | None = None
    unnamed: list[FactorText] = []
    remaining: str = ""


def read_factors(text: str) -> list[FactorText]:
    """Factors with a range or levels, in the order of the text (normalised text expected)."""
    return read_all_factors(text).factors


def read_all_factors(text: str) -> FactorsText:
    """Factors with a range or levels, and the range that is common to all factors, if one is."""
    text = _without_letters(text[:MAX_PROSE])
    found: list[FactorText] = []
    for pattern in (
        _PLUS_MINUS, _HALF, _LOW_HIGH, _BETWEEN, _BRACKET, _PAIR_WORDS, _RANGE, _SLASHED, _NUMBERS, _AS
    ):  # fmt: skip
        text = _collect(pattern, text, found)
    if any(item.name for item in found):
        for pattern in (_LABELS, _SPAN, _EITHER, _CODES, _CAPITAL):
            text = _collect(pattern, text, found)
        _name_a(text, found)
    common = next((item for item in found if _holds_for_all(text, item)), None)
    named = [item for item in found if item.name]
    if common is not None:
        named = [item for item in named if item is not common]
    else:
        named += _by_unit([item for item in found if not item.name], bool(named))
    unnamed = [
        item
        for item in found
        if item is not common and item.low is not None and not (item.name and item.named)
    ]
    return FactorsText(
        factors=_distinct(sorted(named, key=lambda item: item.start)),
        common=common,
        unnamed=sorted(unnamed, key=lambda item: item.start),
        remaining=text,
    )


def _name_a(text: str, found: list[FactorText]) -> None:
    """ "a 1-3, b 10-20": the article is a name where the next letter is one, too."""
    if "b" not in {item.name for item in found}:
        return
    for item in found:
        before = text[max(0, item.start - 4) : item.start]
        if not item.name and re.search(r"(?<![\w'])a\s?[:=(\[]?\s?$", before):
            item.name = "a"


def _without_letters(text: str) -> str:
    """ "A temp 60-80, B time 5-7": the letters count the factors; they are no units or names."""
    letters = list(_ENUMERATED.finditer(text))
    if [match[1] for match in letters][:2] != ["A", "B"]:
        return text
    characters = list(text)
    for match in letters:
        characters[match.start()] = " "
    return "".join(characters)


def _collect(pattern: re.Pattern[str], text: str, found: list[FactorText]) -> str:
    position = 0
    while match := pattern.search(text, position):
        position = match.end()
        if MASK in match[0]:
            position = match.start() + 1
            continue
        factor = _settings(match)
        if factor is None:
            if pattern is _BRACKET:
                position = match.start() + 1
            continue
        if pattern is _RANGE and _part_number(text, factor):
            position = factor.end
            continue
        if not factor.name and sorted(map(str, factor.levels)) != ["-1.0", "1.0"]:
            factor.name = name_before(text, factor.start)
        if not factor.name and factor.low is not None and not _RUN_NOUN.match(text, factor.end):
            factor.name = name_after(text, factor.end)
        if not factor.name and pattern is _PAIR_WORDS:
            factor.name = name_in_brackets(text, factor.end)
        if not factor.name and (pattern is _CODES or " or " in match[0]) and factor.levels:
            factor.name = name_after(text, factor.end)
        if pattern is _HALF and (not factor.name or _MARGIN_NAME.search(factor.name)):
            continue
        counts = bool(factor.levels) or _RUN_NOUN.match(text, factor.end) is not None
        if not factor.name and counts and sorted(map(str, factor.levels)) != ["-1.0", "1.0"]:
            continue
        found.append(factor)
        text = mask(text, factor.start, factor.end)
    return text


_LARGEST_RATIO = 20.0


def _part_number(text: str, factor: FactorText) -> bool:
    """ "the leak on 77-4410": a number of a part is no range."""
    if factor.unit or factor.low is None or factor.high is None or factor.low <= 0:
        return False
    before = text[max(0, factor.start - 12) : factor.start]
    return factor.high >= _LARGEST_RATIO * factor.low and bool(
        re.search(r"\b(?:on|for|of|part|pn|job|no\.?|order)\s*#?$", before, re.I)
    )


def _settings(match: re.Match[str]) -> FactorText | None:
    """The settings that a pattern found; None if they are none."""
    groups = match.groupdict()
    factor = FactorText(name="", start=match.start(), end=match.end())
    unit = (groups.get("u2") or groups.get("u3") or groups.get("u1") or "").strip()
    if groups.get("size") is not None:
        size = abs(float(groups["size"]))
        factor.start = match.start("half")
        factor.low, factor.high, factor.unit = -size, size, unit
        return factor
    if groups.get("low2") is not None:
        groups["low"], groups["high"] = groups["low2"], groups["high2"]
    if groups.get("half") is not None:
        center, half = float(groups["center"]), abs(float(groups["half"]))
        factor.low, factor.high, factor.unit = (
            round(center - half, 12), round(center + half, 12), unit,
        )  # fmt: skip
        return factor
    if groups.get("high") is not None:
        factor.low, factor.high, factor.unit = float(groups["low"]), float(groups["high"]), unit
        return factor
    if groups.get("last") is not None:
        factor.levels = [f"{groups['stem']}{index}" for index in range(1, int(groups["last"]) + 1)]
        return factor
    if groups.get("inside") is not None:
        return _bracketed(factor, groups["inside"])
    factor.start, factor.end = match.span("items")
    if groups.get("behind") is not None:
        return _levels_before_name(factor, groups["items"], groups["behind"])
    factor.levels, factor.unit = split_levels(groups["items"])
    if match.re is _CAPITAL and (is_common_word(groups["stem"]) or not _labels(factor.levels)):
        return None
    if match.re is _EITHER and not _are_levels(factor.levels, groups["stem"]):
        return None
    if match.re is _SLASHED and not _plausible(factor.levels):
        return None
    if match.re is _LABELS and not _consecutive(factor.levels):
        return None
    return factor if 1 < len(set(map(str, factor.levels))) == len(factor.levels) else None


def _labels(levels: list[float | str]) -> bool:
    return all(isinstance(level, str) for level in levels)


def _levels_before_name(factor: FactorText, items: str, name: str) -> FactorText | None:
    """ "SPhos, XPhos or dppf as ligand": two or more words of which none is talk."""
    levels = [item for item in re.split(r"\s?,\s?(?:or\s)?|\sor\s", items) if item]
    if len(set(levels)) != len(levels) or " or " not in items or is_common_word(name):
        return None
    if any(is_common_word(level) or level.lower() in UNITS for level in levels if len(level) > 1):
        return None
    factor.levels, factor.name = list(levels), name
    return factor


def _bracketed(factor: FactorText, inside: str) -> FactorText | None:
    """Levels in brackets, perhaps after a name or a count: "(nozzle: round, flat)"."""
    head, colon, rest = inside.partition(":")
    if colon and rest:
        if not re.match(r"\s*(?:\d|one|two|three|four|five|six)", head):
            factor.name = name_before(inside, len(head))
            factor.start += 1 + len(head) - len(head.lstrip())
        inside = rest
    if re.search(rf"\d{_TO}[-+]?\.?\d", inside) or re.search(r"[=<>]|\d\s?\^", inside):
        return None
    items, unit = split_levels(inside)
    words = [item for item in items if isinstance(item, str)]
    if len(items) < 2 or len(set(map(str, items))) != len(items):
        return None
    if any(not re.search(r"\w", word) or len(word.split()) > 3 for word in words):
        return None
    if any(re.search(r"\s[-+]?[\d.]+(?:$|\s|/)|\w/\w.*,|,.*\w/\w", word) for word in words):
        return None
    if "," in inside and "/" in inside:
        return None
    separated = re.search(r"[,;/|&]|\s(?:or|and)\s", inside) is not None
    if not separated and words and not _consecutive(items):
        return None
    factor.levels, factor.unit = items, unit
    return factor


def split_levels(items: str) -> tuple[list[float | str], str]:
    """The levels of a list with their common unit: "0.5, 0.8 mm" is [0.5, 0.8] and mm."""
    joined = re.sub(r"(?<!\s)\s++(?:or|and|n|vs\.?)\s++", ",", items.strip(), flags=re.I)
    separator = r"(?:(?<!\s)\s++)?+[,;/|&]\s*+" if re.search(r"[,;/|&]", joined) else r"\s+"
    if separator == r"\s+":
        joined = re.sub(
            rf"({SIGNED_APART}{EXPONENT})\s({UNIT})(?=\s|$)", r"\1\2", joined, flags=re.I
        )
    levels: list[float | str] = []
    unit = ""
    parts = [_bare(part) for part in re.split(separator, joined)]
    if (
        separator != r"\s+"
        and "/" in joined
        and (tail := re.search(rf"\d\s?({UNIT})$", joined, re.I))
    ):
        cut = joined[: tail.start(1)]
        parts, unit = [_bare(part) for part in re.split(separator, cut)], tail[1]
    numeric = [re.fullmatch(rf"({NUM})\s?({UNIT})?", part, re.I) for part in parts]
    if all(numeric):
        for found in numeric:
            assert found is not None
            levels.append(float(found[1]))
            unit = found[2] or unit
        return levels, unit
    return [part for part in parts if part], ""


def _bare(part: str) -> str:
    """A level without blanks and without the full stop that ends the sentence."""
    return part.strip().rstrip(".").strip()


def _are_levels(levels: list[float | str], name: str) -> bool:
    """Are two words behind a name its settings ("glass or epoxy"), and no talk?"""
    words = [str(level) for level in levels]
    return len(words) == 2 and not any(
        (len(word) > 1 and is_common_word(word)) or word.lower() in {"more", "less", "not"}
        for word in [*words, *name.split()[-1:]]
    )


def _plausible(levels: list[float | str]) -> bool:
    """A slash may also be a unit (mL/min) or a ratio: all numbers or all short words."""
    numbers = [isinstance(level, float) for level in levels]
    if all(numbers):
        return len(set(levels)) == len(levels)
    if any(numbers):
        return False
    words = [str(level).lower() for level in levels]
    if any(re.fullmatch(r"[-+\d.]+", word) for word in words):
        return False
    if all(word in UNITS for word in words):
        return words in (["a", "b"], ["x", "y"], ["l", "m"], ["s", "m"], ["h", "c"])
    return not (words[0] in UNITS and len(words) == 2 and words[1] in UNITS) and words != [
        "and",
        "or",
    ]


def _consecutive(levels: list[float | str]) -> bool:
    """Labels that count: a b c, K L M, V1 V2 V3."""
    words = [str(level) for level in levels]
    if all(len(word) == 1 for word in words):
        codes = [ord(word) for word in words]
        return codes == list(range(codes[0], codes[0] + len(codes)))
    return all(re.fullmatch(r"[A-Za-z]+\d", word) for word in words)


def _holds_for_all(text: str, factor: FactorText) -> bool:
    """ "all -1 to 1", "each input 0-1", "range -1 1", "coded -1/+1": a range without a name."""
    if factor.name or factor.unit:
        return False
    ends = factor.levels if len(factor.levels) == 2 else [factor.low, factor.high]
    if None in ends or not all(isinstance(end, float) for end in ends):
        return False
    if sorted(float(end) for end in ends if isinstance(end, float)) == [-1.0, 1.0]:
        return True
    before = text[max(0, factor.start - 32) : factor.start]
    return re.search(
        r"\b(?:all|each|every|both|inputs?|vars?|variables?|parameters?|factors?|ranges?|scaled|"
        r"coded|normali[sz]ed|unit)\b[\s:(]*(?:\w+\s+)?(?:in|on|from|between|to)?[\s:(]*$",
        before,
        re.I,
    ) is not None  # fmt: skip


def common_ends(factor: FactorText) -> tuple[float, float]:
    """Low and high of a range that is common to all factors."""
    if factor.low is not None and factor.high is not None:
        return factor.low, factor.high
    low, high = sorted(float(level) for level in factor.levels)
    return low, high


def _by_unit(unnamed: list[FactorText], others: bool) -> list[FactorText]:
    """Ranges without a name take the quantity that their unit measures."""
    named = []
    for item in unnamed:
        name = next((name for name, units in _BY_UNIT.items() if item.unit.lower() in units), "")
        if name and item.low is not None and (others or len(unnamed) > 1):
            item.name, item.named = name, False
            item.unit = "" if name == "pH" else item.unit
            named.append(item)
    return named


def _distinct(factors: list[FactorText]) -> list[FactorText]:
    """A name that comes again (in the earlier turn) is the same factor; the first counts."""
    kept: dict[str, FactorText] = {}
    for factor in factors:
        kept.setdefault(factor.name, factor)
    return list(kept.values())


def level_counts(text: str) -> list[tuple[str, int]]:
    """ "supplier has 5 levels, resin (3 types)": names with a number of levels."""
    counts = []
    for match in _KINDS.finditer(text[:MAX_PROSE]):
        unit_word = re.search(r"[a-z]{4,}\s*\)?$|lvls?", match[0], re.I)
        bare = match[0].startswith("(") and match[0].endswith(")")
        if not bare and not (unit_word and re.search(r"level|lvl|type|kind|sort", match[0], re.I)):
            continue
        name = name_before(text, match.start())
        if name:
            words = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
            counts.append((name, words.get(match["count"].lower()) or int(match["count"])))
    return counts
