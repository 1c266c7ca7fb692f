"""The factors of a design: names, ranges, levels, and how many there are."""

from __future__ import annotations

import re
from typing import Any

from havoc.reading.factor_names import read_count, read_loose_count, read_names
from havoc.reading.factors import FactorText, common_ends, read_all_factors
from havoc.reading.notation import normalise
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Evidence

DESIGN_TOKEN = re.compile(r"\b([23])\s*\^\s*[({]?\s*(\d+)\s*(?:-\s*(\d+))?\s*[)}]?")


def factors(
    evidence: Evidence, binding: Binding, *, stated: int | None = None, text: str | None = None
) -> int:
    """Set ``factors`` (with ranges or names) or ``n_factors``; returns how many.

    ``text`` is the question, or the part of it that speaks of the factors.
    """
    text = evidence.reading.plain if text is None else text
    stated = stated_count(evidence) if stated is None else stated
    read = read_all_factors(text)
    if evidence.reading.pasted and len(read.factors) < (stated or 0):
        # Lines "heat 80/100" look like a table.
        typed = read_all_factors(normalise(evidence.reading.text))
        read = typed if len(typed.factors) == stated else read
    found = [item for item in read.factors if _is_factor(item)]
    if stated is not None and len(found) > stated:
        ranked = sorted(found, key=lambda item: (not item.named, item.low is None))[:stated]
        found = [item for item in found if item in ranked]
    names = read_names(read.remaining, stated)
    if len(found) == 1 and stated is not None and len(found[0].levels) == stated > 2:
        # As many words in brackets as factors are meant: they are the factors.
        names, found = [str(level) for level in found[0].levels], []
    found = _paired_with_names(found, read.unnamed, names)
    if found:
        check_ranges(found)
        listed = [factor_of(item) for item in found]
        listed = _completed(listed, found, names, stated, read.common)
        binding.set("factors", listed, ", ".join(item.source for item in found)[:400])
        for item in found:
            if item.low is not None:
                binding.echo(
                    "{} from {} to {} {}",
                    (item.name, item.source),
                    (item.low, item.source),
                    (item.high, item.source),
                    (item.unit, item.source),
                )
        return len(listed)
    ends = common_ends(read.common) if read.common is not None else None
    if names and (stated is None or len(names) == stated):
        binding.set("factors", [with_range({"name": name}, ends) for name in names], "question")
        return len(names)
    if stated is None:
        stated = read_loose_count(text)
    if stated is None:
        raise NeedsInput(
            "the factors are missing",
            "which factors, each with its low and high setting, should the design vary?",
        )
    if ends is not None and (ends != (-1.0, 1.0) or binding.operation == "latin_hypercube"):
        listed = [with_range({"name": f"x{index}"}, ends) for index in range(1, stated + 1)]
        binding.set("factors", listed, "question")
    else:
        binding.set("n_factors", stated, "question")
    return stated


def _is_factor(item: FactorText) -> bool:
    """Leave out what only looks like settings, such as "mains + 2FI"."""
    return item.levels != [-1.0, 1.0] or item.named


def _paired_with_names(
    found: list[FactorText], unnamed: list[FactorText], names: list[str]
) -> list[FactorText]:
    """ "limits 20-80 % and 1-4 h, factors humidity and duration": ranges take the names in order."""
    if not unnamed or len(unnamed) != len(names) or any(item.named for item in found):
        return found
    for item, name in zip(unnamed, names, strict=True):
        item.name = name
    return unnamed


def _completed(
    listed: list[dict[str, Any]],
    found: list[FactorText],
    names: list[str],
    stated: int | None,
    common: FactorText | None,
) -> list[dict[str, Any]]:
    """Factors that are counted or named but have no settings of their own."""
    if stated == len(listed):
        return listed
    known = {item.name.lower() for item in found}
    others = [name for name in names if name.lower() not in known]
    overlap = len(names) - len(others)
    ends = common_ends(common) if common is not None else None
    only_labels = all(item.low is None for item in found)
    if others and (
        overlap or (only_labels and stated in (None, len(names), len(names) + len(found)))
    ):
        if ends is None and overlap and not only_labels and len(names) == len(known) + 1:
            raise NeedsInput(
                f"the settings of {others[0]} are missing",
                f"what are the low and high setting of {others[0]}?",
            )
        if overlap or stated is not None or ends is not None:
            return [with_range({"name": name}, ends) for name in others] + listed
    missing = (stated or 0) - len(listed)
    if missing > 0:
        if not only_labels and ends is None:
            raise NeedsInput(
                f"{stated} factors are meant, and the settings of {len(listed)} were given",
                "what are the name, the low and the high setting of the other factors?"
                if missing > 1
                else "what are the name, the low and the high setting of the last factor?",
            )
        letters = [letter for letter in "ABCDEFGHJKLMNOPQ" if letter.lower() not in known]
        return listed + [with_range({"name": letter}, ends) for letter in letters[:missing]]
    return listed


def with_range(factor: dict[str, Any], ends: tuple[float, float] | None) -> dict[str, Any]:
    return factor if ends is None else factor | {"low": ends[0], "high": ends[1]}


def stated_count(evidence: Evidence) -> int | None:
    token = DESIGN_TOKEN.search(evidence.text)
    if token:
        return int(token[2])
    count = read_count(evidence.reading.plain)
    if count is not None:
        return count
    scalar = evidence.scalar("n_factors")
    if (
        scalar is not None
        and scalar.value == int(scalar.value) >= 1
        and not re.match(r"\s*-?(?:settings|factor\s+inter|way\s+inter)", evidence.after(scalar))
    ):
        return int(scalar.value)
    return None


def factor_of(item: FactorText) -> dict[str, Any]:
    factor: dict[str, Any] = {"name": item.name}
    if item.low is not None:
        factor |= {"low": item.low, "high": item.high}
    else:
        factor["levels"] = item.levels
    if item.unit:
        factor["unit"] = item.unit
    return factor


def check_ranges(found: list[FactorText]) -> None:
    for item in found:
        if item.low is None or item.high is None:
            continue
        if item.low == item.high:
            raise NeedsInput(
                f"the low and high setting of {item.name} are both {item.low:g}",
                f"what are the low and high setting of {item.name}?",
            )
        if item.low > item.high:
            raise NeedsInput(
                f"{item.name} has low {item.low:g} above high {item.high:g}",
                f"which is the low and which the high setting of {item.name}?",
            )


def two_levels(binding: Binding) -> None:
    """Two listed levels that are numbers are a range."""
    for factor in binding.args.get("factors", []):
        levels = factor.get("levels")
        if levels and len(levels) == 2 and all(isinstance(level, float) for level in levels):
            if levels[0] > levels[1]:
                raise NeedsInput(
                    f"{factor['name']} has low {levels[0]:g} above high {levels[1]:g}",
                    f"which is the low and which the high setting of {factor['name']}?",
                )
            factor["low"], factor["high"] = levels
            del factor["levels"]
