"""Arguments of a unit conversion: a value, its unit, and the unit wanted.

A unit is what the unit reader of the tool accepts; the words around it say which
is the source and which the target, and where they do not, the kind of quantity does.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import msgspec

from havoc.errors import InputError
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence

MOST_WORDS = 4
# Words that are units to a unit reader (attosecond, are, technical atmosphere), but not in a sentence.
_COMMON = frozenset(
    """
    a an as at are is in to into i of on or so me my do us it be we by for and how much many
    what the that this with from per not no need want wants says say show shows convert turn
    please pls bitte hi hey you he she day drawing point only tool takes value log which pin
    bit count them table right make makes made gives given give can will has have had per our
    """.split()
)
_NUMBER = re.compile(
    r"(?<![\w./^])(?:(?P<whole>\d+)[\s-])?(?P<top>\d+)\s?/\s?(?P<bottom>[1-9]\d*)(?![\d./])\s*-?\s*"
    r"|(?<![\w./^])(?P<number>[-+]?(?:\d++(?:\.\d++)?|\.\d++)(?:e[-+]?\d+)?)"
    r"(?:\s?[x*×·]\s?10\s?\^?\s?(?P<power>[-+]?\d+))?(?![\d.]*\d)\s*-?\s*",
    re.IGNORECASE,
)
_SLASHED = re.compile(r"(?<![\w./])\d++(?:\.\d++)?(?:\s?/\s?\d++(?:\.\d++)?){2,}+(?![\w./]*\d)")
"""Three figures or more between slashes are a list, two may be a fraction."""
_PIECE = re.compile(r"[^\s,;:?!()=>→]++")
_CHUNK = re.compile(rf"\s*+({_PIECE.pattern})")
_BRACKETED = re.compile(r"\s*+([^\W\d_][\w^]{0,7}/\([^\W\d_][\w*^·]{0,20}\))")
_CUE = re.compile(
    r"(?:\b(?:in|to|into|as|zu|many|much|needs?|wants?|takes?|works?\s+with|demands?|requires?|uses?|only|recorded\s+in|display\s+in)\s+(?:the\s+)?|[=>→]\s*\??\s*)$",
    re.IGNORECASE,
)
_DIRECT = re.compile(
    r"\s*+(?:[?,]\s*+)?(?:(?:is|are)\s++)?(?:in|to|into|as|=|->|→|zu|makes?)\s*+(?:\?\s*+)?$"
)
_MOLAR_MASS = re.compile(
    r"\b(?:molar mass|molecular weight|mol\.? ?wt\.?|mw)\s*(?:is|of|=|:)?\s*(\d++(?:\.\d++)?)\s*(?:g\s*/\s*mol)?",
    re.IGNORECASE,
)


class Unit(msgspec.Struct):
    text: str
    start: int
    end: int
    unit: Any


class _Mention(msgspec.Struct):
    value: float
    start: int
    end: int
    unit: Unit | None


def bind_unit_conversion(evidence: Evidence, binding: Binding) -> None:
    """One conversion, or several that stand side by side."""
    text = _SLASHED.sub(lambda run: run[0].replace("/", ","), evidence.reading.plain)
    molar = _MOLAR_MASS.search(text)
    if molar:
        text = text[: molar.start()] + " " * len(molar[0]) + text[molar.end() :]
    mentions = _mentions(text)
    units = units_in(text)
    direct = [(item, _direct_target(text, item, units)) for item in mentions if item.unit]
    complete = [(item, target) for item, target in direct if target is not None]
    if len(complete) > 1 and "\n" not in text[complete[0][0].start : complete[-1][0].start]:
        chosen = complete
    else:
        mention, target = _single(text, mentions, units)
        chosen = [(item, target) for item in [*_lower_end(text, mentions, mention), mention]]
    for index, (mention, target) in enumerate(chosen):
        call = binding if index == 0 else Binding(operation="unit_conversion")
        _set(evidence, call, mention, target, float(molar[1]) if molar else None)
        if index:
            binding.more.append(call)


def _set(
    evidence: Evidence, binding: Binding, mention: _Mention, target: Unit, molar: float | None
) -> None:
    from havoc.tools.symbolic.units import is_temperature, kind_of

    source = mention.unit
    assert source is not None
    if source.unit.dimensionality != target.unit.dimensionality and molar is None:
        kinds = kind_of(source.unit), kind_of(target.unit)
        amount = ("[substance]" in str(source.unit.dimensionality)) != (
            "[substance]" in str(target.unit.dimensionality)
        )
        raise NeedsInput(
            f"{source.text} measures {kinds[0]} and {target.text} measures {kinds[1]}",
            "what is the molar mass in g/mol?"
            if amount
            else f"which unit of {kinds[0]} do you want, or is {source.text} mistyped?",
        )
    binding.set("value", mention.value, f"question[{mention.start}:{mention.end}]")
    binding.set("from_unit", source.text, f"question[{source.start}:{source.end}]")
    binding.set("to_unit", target.text, f"question[{target.start}:{target.end}]")
    if molar is not None:
        binding.set("molar_mass", molar, "question")
    if is_temperature(source.unit) and evidence.has(
        r"\bdifference|\bdelta\b|\brise of\b|\bdrop of\b|\bincrease of\b|\buncertainty\b|\btolerance\b|±"
    ):
        binding.set("difference", True, "question")
        binding.echo("{} is read as a temperature difference", (mention.value, "question"))


def _single(text: str, mentions: list[_Mention], units: list[Unit]) -> tuple[_Mention, Unit]:
    """The first value with a unit, and the unit it should become."""
    first = mentions[0] if mentions else None
    mention = next((item for item in mentions if item.unit), None)
    if first is None or mention is None or (first.unit is None and _newer(text, first, mention)):
        earlier = mention.unit if mention else None
        if first is not None and earlier is not None:
            mention = _Mention(first.value, first.start, first.end, earlier)
        elif first is not None:
            raise NeedsInput(
                "the unit of the value is missing", "in which unit is the value given?"
            )
        else:
            raise NeedsInput(
                "a conversion needs a value with its unit and the unit wanted",
                "which value, in which unit, should become which unit?",
            )
    source = mention.unit
    assert source is not None
    others = [
        item
        for item in units
        if not (source.start <= item.start < source.end) and item.unit != source.unit
    ]
    claimed = {item.unit.start for item in mentions if item.unit}
    cued = [item for item in others if _CUE.search(text[: item.start])]
    alike = [item for item in others if item.unit.dimensionality == source.unit.dimensionality]
    free = [item for item in alike if item.start not in claimed]
    for group in (
        [item for item in cued if item in free],
        free,
        [item for item in cued if item in alike],
        alike,
        cued,
    ):
        if group:
            return mention, group[0]
    raise NeedsInput(
        "the unit wanted is missing", f"into which unit should {source.text} be converted?"
    )


def _direct_target(text: str, mention: _Mention, units: list[Unit]) -> Unit | None:
    """The unit right behind "30 psi to"."""
    assert mention.unit is not None
    end = mention.unit.end
    following = next((item for item in units if item.start >= end), None)
    if following is None or not _DIRECT.match(text[end : following.start]):
        return None
    return following


_JOINED = re.compile(r"\s*(?:-|–|to|and|or|,\s*(?:and|or)?|;|/)?\s*")


def _lower_end(text: str, mentions: list[_Mention], upper: _Mention) -> list[_Mention]:
    """The 12 of "12-15 gpm" and the 10, 20 of "10, 20, 30 psi": the unit stands once."""
    found: list[_Mention] = []
    last = upper
    for item in reversed([item for item in mentions if item.end <= upper.start]):
        between = text[item.end : last.start]
        if item.unit is not None or not _JOINED.fullmatch(between):
            break
        found.insert(0, _Mention(item.value, item.start, item.end, upper.unit))
        last = item
    bare = any(not text[one.end : other.start].strip() for one, other in pairwise([*found, upper]))
    return [] if bare and len(found) < 2 else found


def _newer(text: str, first: _Mention, mention: _Mention) -> bool:
    """A value without a unit on an earlier line than the one with it, as in a follow-up."""
    return "\n" in text[first.end : mention.start]


def _mentions(text: str) -> list[_Mention]:
    found = []
    for match in _NUMBER.finditer(text):
        unit = unit_at(text, match.end(), after_number=True)
        end = match.start() + len(match[0].rstrip(" -"))
        found.append(_Mention(_value(match), match.start(), end, unit))
    return found


def _value(match: re.Match[str]) -> float:
    """A number, a fraction (3/8, 1 1/2) or a power of ten (3 x 10^5)."""
    if match["number"] is None:
        return int(match["whole"] or 0) + int(match["top"]) / int(match["bottom"])
    return float(match["number"] + (f"e{match['power']}" if match["power"] else ""))


def units_in(text: str) -> list[Unit]:
    """Every unit in the text, the longest reading at each place."""
    found: list[Unit] = []
    position = 0
    while (chunk := _PIECE.search(text, position)) is not None:
        start = chunk.start()
        inner = re.match(r"[-+]?\d[\d.]*(?:e[-+]?\d+)?", chunk[0])
        if inner:
            start += inner.end()
        unit = unit_at(text, start, after_number=inner is not None or _after_number(text, start))
        if unit is not None:
            found.append(unit)
            position = max(unit.end, position + 1)
        else:
            position = chunk.end()
    return found


def _after_number(text: str, start: int) -> bool:
    return re.search(r"\d\s*-?$", text[max(0, start - 4) : start]) is not None


def unit_at(text: str, start: int, *, after_number: bool) -> Unit | None:
    """The longest run of words from ``start`` on that is a unit."""
    bracketed = _BRACKETED.match(text, start)
    if bracketed and (unit := _parsed(bracketed[1])) is not None:
        return Unit(bracketed[1], bracketed.start(1), bracketed.end(1), unit)
    ends: list[int] = []
    position = start
    while len(ends) < MOST_WORDS:
        chunk = _CHUNK.match(text, position)
        if chunk is None or "\n" in text[position : chunk.start(1)]:
            break
        word = chunk[1].rstrip(".'’").lower()
        listed = len(word) == 1 and text[chunk.end() : chunk.end() + 1] == ")"
        per = word in {"a", "an"} and _TIME.match(text, chunk.end()) is not None
        common = word in _COMMON - {"per", "us", "of"} and not per
        sentence = ends and text[ends[-1] - 1] == "." and chunk[1][0].isupper()
        if ends and (common or word[:1].isdigit() or listed or sentence):
            break
        if not re.search(r"\w|[%°\"']", chunk[1]):
            break  # "psi -> bar", "lb/ft3 is ... kg/m3": a mark is no unit
        ends.append(chunk.end())
        position = chunk.end()
    for count in range(len(ends), 0, -1):
        written = text[start : ends[count - 1]].strip().rstrip(".'’").strip()
        first = written.split()[0] if written else ""
        if first.lower() in _COMMON - {"us"} and not _is_inch(text, start, first, after_number):
            return None
        unit = _parsed(written)
        if unit is not None and not (count > 1 and _are_two(written)):
            begin = text.index(written, start)
            return Unit(written, begin, begin + len(written), unit)
    return None


_TIME = re.compile(
    r"\s+(?:s|secs?|seconds?|min|mins|minutes?|h|hrs?|hours?|days?|weeks?|months?|years?)\b",
    re.IGNORECASE,
)


def _are_two(written: str) -> bool:
    """ "psi kPa": two units of one kind side by side are source and target, not a product."""
    first, *rest = written.split()
    one, other = _parsed(first), _parsed(" ".join(rest))
    return (
        one is not None
        and other is not None
        and one != other
        and one.dimensionality == other.dimensionality
    )


def _is_inch(text: str, start: int, word: str, after_number: bool) -> bool:
    """ "in" is an inch right after a number or a "to"; other common words are no units."""
    if word.lower() != "in":
        return False
    if after_number:
        return True
    following = _CHUNK.match(text, text.index(word, start) + len(word))
    return re.search(r"\b(?:to|into|in|as)\s*$", text[max(0, start - 8) : start]) is not None and (
        following is None or _parsed(following[1].rstrip(".")) is None
    )


def _parsed(written: str) -> Any | None:
    from havoc.tools.symbolic import units

    if (
        not written
        or len(written) > units.MOST_CHARACTERS
        or not re.search(r"[A-Za-zµμ°%Ω\"'\u00c5\u212b]", written)
    ):
        return None
    try:
        return units.unit(written, "unit")
    except InputError:
        return None


BINDERS: dict[str, Binder] = {"unit_conversion": bind_unit_conversion}
