"""Arguments of life studies: distributions, groups compared, warranty."""

from __future__ import annotations

import re

from havoc.reading.number_pieces import APART, UNSIGNED
from havoc.reading.number_words import with_digits
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.counted_lives import one_by_one, read_counted_lives
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.inspections import read_inspections
from havoc.reason.binding.life_segments import groups_in_clauses
from havoc.reason.binding.life_tables import (
    Group,
    counted_in_tables,
    number_column,
    number_in,
)
from havoc.reason.binding.lifetimes import (
    no_times,
    read_lifetimes,
    set_lifetimes,
    without_levels,
)
from havoc.reason.binding.marked_times import without
from havoc.reason.binding.reliability import percentages, times_asked
from havoc.reason.binding.warranty import read_warranty

_NUMBER = rf"{APART}({UNSIGNED})"
_DISTRIBUTIONS: tuple[tuple[str, str], ...] = (
    (r"\b(?:3|three)[\s-]?param\w*\s+log-?normal|\blog-?normal\s+(?:with\s+)?(?:a\s+)?threshold", "lognormal_3"),
    (r"\b(?:3|three)[\s-]?param\w*\s+log-?logistic", "loglogistic_3"),
    (r"\b(?:3|three)[\s-]?param\w*(?:\s+weibull)?|\bweibull\s+(?:with\s+)?(?:a\s+)?threshold", "weibull_3"),
    (r"\blog-?logistic", "loglogistic"),
    (r"\blog-?normal", "lognormal"),
    (r"\bsmallest\s+extreme|\bsev\b", "smallest_extreme_value"),
    (r"\blargest\s+extreme|\bgumbel", "largest_extreme_value"),
    (r"\bgamma\b", "gamma"),
    (r"\bweibull", "weibull"),
    (r"\bexponential\b", "exponential"),
    (r"\blogistic\b", "logistic"),
    (r"\bnormal\b(?!\s+(?:approx|limits?|inspection))", "normal"),
)  # fmt: skip
_THRESHOLD = frozenset({"weibull_3", "lognormal_3", "loglogistic_3"})
WITHOUT_THRESHOLD = frozenset({"weibull", "lognormal", "exponential", "loglogistic"})


def _named_distributions(evidence: Evidence) -> list[str]:
    """Distributions in the order of the list; a more special name hides the general one."""
    rest, found = evidence.text, []
    for pattern, name in _DISTRIBUTIONS:
        if re.search(pattern, rest):
            found.append(name)
            rest = re.sub(pattern, " ", rest)
    return found


def set_distribution(evidence: Evidence, binding: Binding, offered: frozenset[str]) -> None:
    """The first distribution that is named and that the tool offers."""
    named = [name for name in _named_distributions(evidence) if name in offered]
    if named:
        binding.set("distribution", named[0], "question")


def _set_lives(evidence: Evidence, binding: Binding, what: str) -> str:
    """Exact and right-censored times, failures between inspections, or counted lives.

    Returns the text without what was read.
    """
    if _limits_column(evidence, binding):
        return evidence.reading.plain
    text = with_digits(without_levels(evidence, evidence.reading.plain))
    found = None if evidence.tables else read_inspections(text)
    if found is not None:
        source = f"question[{found.start}:{found.end}]"
        binding.set("lower", found.lower, source)
        binding.set("upper", found.upper, source)
        binding.set("counts", found.counts, source)
        if found.unit:
            binding.set("unit", found.unit, source)
        return without(text, [(found.start, found.end)])
    counted = counted_in_tables(evidence) or (None if evidence.tables else read_counted_lives(text))
    if counted is not None and max(counted.counts) > 1 and not all(counted.censored):
        counted = one_by_one(counted)
        binding.set("time", counted.time, counted.source)
        if max(counted.counts) > 1:
            binding.set("counts", counted.counts, counted.source)
        if any(counted.censored):
            binding.set("censored", counted.censored, counted.source)
        return without(text, counted.spans)
    lives = read_lifetimes(evidence)
    series = [item for item in evidence.series() if len(item.numbers) >= 3]
    if not lives.groups and len(series) == 1 and min(series[0].numbers) > 0:
        binding.set("time", series[0].numbers, series[0].source)
        if series[0].unit:
            binding.set("unit", series[0].unit, series[0].source)
        return text
    if not lives.groups:
        raise no_times(what)
    set_lifetimes(binding, lives.groups[0])
    return lives.rest


def _limits_column(evidence: Evidence, binding: Binding) -> bool:
    """A table with columns lower and upper (and count)."""
    for table in evidence.tables:
        low = number_column(table, r"^(?:lower|low|start|from|last_?ok|left|begin)\b")
        high = number_column(table, r"^(?:upper|high|end|to|found|right|until)\b")
        if low is None or high is None:
            continue
        rows = range(table.rows)
        binding.set("lower", [number_in(low, i) for i in rows], f"{table.source}#{low.name}")
        binding.set("upper", [number_in(high, i) for i in rows], f"{table.source}#{high.name}")
        count = number_column(table, r"^(?:count|counts|freq\w*|n|number|qty|quantity|units)$")
        others = [
            column
            for column in table.columns
            if column.kind == "number" and column not in (low, high)
        ]
        if count is None and len(others) == 1:
            count = others[0]
        if count is not None:
            values = [int(number_in(count, i) or 0) for i in rows]
            if min(values) >= 1:
                binding.set("counts", values, f"{table.source}#{count.name}")
        return True
    return False


def bind_life_distribution(evidence: Evidence, binding: Binding) -> None:
    rest = _set_lives(evidence, binding, "a life distribution")
    named = _named_distributions(evidence)
    if named:
        threshold = f"{named[0]}_3"
        three = evidence.has(r"\b(?:3|three)[\s-]?p(?:ar\w*)?s?\b") and threshold in _THRESHOLD
        binding.set("distribution", threshold if three else named[0], "question")
    if evidence.has(
        r"\blikelihood(?:[\s-]ratio)?\s+(?:confidence\s+)?(?:limits|bounds|intervals?)|\blikelihood[\s-]ratio\b"
    ):
        binding.set("interval", "likelihood_ratio", "question")
    evidence.confidence_of_limits(binding)
    percentages(binding, evidence.reading.plain, rest)
    times_asked(binding, rest)


def bind_distribution_comparison(evidence: Evidence, binding: Binding) -> None:
    _set_lives(evidence, binding, "a comparison of distributions")
    named = _named_distributions(evidence)
    if len(named) >= 2:
        binding.set("distributions", named, "question")


def several(evidence: Evidence, what: str) -> list[Group]:
    """Groups of lifetimes; lists without a mark of a survivor are all failures."""
    clauses = groups_in_clauses(evidence.reading.text) if not _has_group_table(evidence) else []
    try:
        found = [group for group in read_lifetimes(evidence).groups if len(group.time) >= 2]
    except NeedsInput:
        if len(clauses) < 2:
            raise
        return clauses
    if len(found) < 2:
        series = [item for item in evidence.groups() if len(item.numbers) >= 2]
        if len(series) >= 2:
            found = [
                Group(
                    name=item.name,
                    time=item.numbers,
                    censored=[0] * len(item.numbers),
                    source=item.source,
                    unit=item.unit,
                )
                for item in series
            ]
    impossible = any(time <= 0 for group in found for time in group.time)
    if len(clauses) >= 2 and (impossible or _units(clauses) >= _units(found)):
        return clauses
    if not found:
        raise no_times(what)
    return found


def _units(groups: list[Group]) -> tuple[int, int]:
    """Survivors count first: a reading that missed one took it for something else."""
    return (
        sum(len(group.time) for group in groups) if len(groups) >= 2 else 0,
        sum(sum(group.censored) for group in groups),
    )


def _has_group_table(evidence: Evidence) -> bool:
    return any(
        table.header and len(table.columns) >= 2 and table.rows >= 3 for table in evidence.tables
    )


def bind_life_comparison(evidence: Evidence, binding: Binding) -> None:
    groups = several(evidence, "a comparison of lives")
    if len(groups) < 2:
        raise NeedsInput(
            "lives of two or more groups are compared, and one was found",
            "which times belong to which group?",
        )
    binding.set(
        "groups",
        {
            group.name or f"group {index}": {"time": group.time, "censored": group.censored}
            for index, group in enumerate(groups, start=1)
        },
        groups[0].source,
    )
    set_distribution(evidence, binding, WITHOUT_THRESHOLD)
    if groups[0].unit:
        binding.set("unit", groups[0].unit, groups[0].source)
    evidence.alpha(binding)


def bind_warranty_prediction(evidence: Evidence, binding: Binding) -> None:
    read_warranty(evidence, binding)
    set_distribution(evidence, binding, WITHOUT_THRESHOLD)


BINDERS: dict[str, Binder] = {
    "life_distribution": bind_life_distribution,
    "distribution_comparison": bind_distribution_comparison,
    "life_comparison": bind_life_comparison,
    "warranty_prediction": bind_warranty_prediction,
}
