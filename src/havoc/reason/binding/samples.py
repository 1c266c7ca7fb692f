"""The data of an interval: a list of values, or n with mean and standard deviation."""

from __future__ import annotations

import re

import msgspec

from havoc.reading.number_pieces import NO_MORE_DIGITS, UNSIGNED
from havoc.reading.prose import UNITS
from havoc.reading.question import Series
from havoc.reading.summaries import read_summaries
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Evidence
from havoc.reason.binding.levels import LEVELS, Level
from havoc.reason.binding.lists import complete

_NUMBER = rf"(-?{UNSIGNED}){NO_MORE_DIGITS}"
_IS = r"\s*(?:is|was|were|came\s+back\s+as|gave|of|=|:|about|around|~|≈)*\s*"
_MEAN = re.compile(
    rf"(?<!\bi )\b(?:mean|avg\.?|averages?|averaged|x-?bar|x̄|mittelwert|mu)(?!\w)(?:\s+(?!sd\b|s\b|n\b)[a-z]+){{0,3}}?{_IS}{_NUMBER}(?!\s+[a-z]{{3,}}\s+(?:averag|gave|had|show|have))",
    re.IGNORECASE,
)
_SPREAD = re.compile(
    rf"(?:\b(?:sd|s\.d\.|stdev|std\.?\s?dev\.?|sigma|standard\s+deviation)(?!\w)(?:\s+(?:from|of|for)\s+(?:the\s+)?\d+\s+[a-z]+)?(?:\s+[a-z]+){{0,2}}?{_IS}|(?<![\w'’])s\s*(?:=|:|\s)\s*){_NUMBER}",
    re.IGNORECASE,
)
_SIZE = re.compile(r"(?<![\w^])n\s*(?:=|:|of|is)?\s*(\d+)(?![\d.]*\d)", re.IGNORECASE)
COUNTED = re.compile(r"(?<![\w.=±+\-])(\d+)\s+(of\s+(?:em|them)|[a-z]{3,})\b", re.IGNORECASE)
_COMING = re.compile(r"\b(?:next|future|coming|following|more|new)\s*$", re.IGNORECASE)


def summary_of(evidence: Evidence) -> dict[str, tuple[float, str]]:
    """n, mean and sd as far as the words give them."""
    text = evidence.reading.plain
    found: dict[str, tuple[float, str]] = {}
    # "the mean with 99 % interval": the level is no mean
    used = {item.start for item in evidence.reading.scalars if item.role == "confidence"}
    for name, pattern in (("sd", _SPREAD), ("mean", _MEAN), ("n", _SIZE)):
        for match in pattern.finditer(text):
            if match.start(1) not in used:
                used.add(match.start(1))
                found[name] = (float(match[1]), f"question[{match.start(1)}:{match.end(1)}]")
                break
    if "n" not in found and "sd" in found:
        for match in COUNTED.finditer(text):
            word = match[2].lower()
            before = text[: match.start()]
            if (
                match.start(1) in used
                or (word in UNITS and word not in {"pieces", "units", "pcs"})
                or word in {"percent", "pct", "conf", "confidence", "sure", "upper", "lower"}
                or _COMING.search(before)
            ):
                continue
            found["n"] = (float(match[1]), f"question[{match.start(1)}:{match.end(1)}]")
            break
    for item in read_summaries(text)[:1]:
        for name, value in (("sd", item.sd), ("mean", item.mean), ("n", item.n)):
            if name not in found and value is not None:
                start, end = item.places[name]
                found[name] = (float(value), f"question[{start}:{end}]")
    return found


def samples(evidence: Evidence) -> list[Series]:
    """Lists of measurements, without a level at the end and without pairs such as 95/95."""
    found = []
    summary = summary_of(evidence)
    for item in evidence.series():
        item = without_level(item)
        if len(item.values) == 2 and "#" not in item.source:
            first, second = item.values
            both = {first, second} <= LEVELS
            if both or _is_summary_pair(summary, item):
                continue
        if len(item.values) >= 2:
            found.append(item)
    return found


def without_level(item: Series) -> Series:
    """ "0.61 0.64 0.66, 99 %": a level far from the other values is no measurement."""
    values = item.numbers
    if "#" in item.source or len(values) < 3 or values[-1] not in LEVELS or item.missing:
        return item
    others = values[:-1]
    reach = 3 * (max(others) - min(others)) or abs(others[0]) * 0.1
    if min(others) - reach <= values[-1] <= max(others) + reach:
        return item
    return msgspec.structs.replace(
        item, values=list(others), unit="" if item.unit == "%" else item.unit
    )


def _is_summary_pair(summary: dict[str, tuple[float, str]], item: Series) -> bool:
    """ "sd 4, 90%" is no list."""
    start = re.match(r"question\[(\d+):", item.source)
    return start is not None and any(
        source.startswith(f"question[{start[1]}:") for _, source in summary.values()
    )


def list_level(evidence: Evidence) -> Level | None:
    """The level that stood at the end of a list."""
    for item in evidence.series():
        kept = without_level(item)
        position = re.match(r"question\[\d+:(\d+)\]", item.source)
        if len(kept.values) < len(item.values) and position:
            value = item.numbers[-1]
            end = int(position[1])
            return Level(value / 100, end - len(f"{value:g}"), end)
    return None


def set_data(evidence: Evidence, binding: Binding, *, least: int = 2) -> None:
    """A list of values, else n, mean and standard deviation."""
    lists = samples(evidence)
    if lists:
        one = lists[0] if len(lists) == 1 else without_level(evidence.one())
        values = complete(binding, one)
        if len(values) < least:
            raise NeedsInput(
                f"there are only {len(values)} values", "which further values were measured?"
            )
        binding.set("data", values, one.source)
        if one.name:
            binding.set("name", one.name, one.source)
        if one.unit:
            binding.set("unit", one.unit, one.source)
        return
    summary = summary_of(evidence)
    check_summary(summary)
    for name in ("n", "mean", "sd"):
        if name not in summary:
            continue
        value, source = summary[name]
        binding.set(name, int(value) if name == "n" else value, source)
    missing = [
        words
        for name, words in (
            ("n", "number of values behind the mean"),
            ("mean", "mean"),
            ("sd", "standard deviation"),
        )
        if name not in summary
    ]
    if len(missing) == 3:
        raise NeedsInput(
            "the data are missing", "which values were measured, or what are n, mean and sd?"
        )
    if missing:
        raise NeedsInput(f"the {missing[0]} is missing", f"what is the {missing[0]}?")


def check_summary(summary: dict[str, tuple[float, str]]) -> None:
    if "sd" in summary and summary["sd"][0] < 0:
        raise NeedsInput(
            "a standard deviation cannot be negative", "what is the standard deviation?"
        )
    if "n" in summary and (summary["n"][0] < 2 or summary["n"][0] != int(summary["n"][0])):
        raise NeedsInput("an interval needs at least 2 values", "how many values were measured?")
