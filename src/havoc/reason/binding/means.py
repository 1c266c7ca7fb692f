"""Arguments of tests and summaries of means: one sample, two samples, pairs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from havoc.reading.question import Series
from havoc.reading.roles import Scalar
from havoc.reason.binding.arguments import Binding, NeedsInput, source_of
from havoc.reason.binding.direction import (
    names_of,
    one_sample_direction,
    set_direction,
    two_sample_direction,
)
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.lists import complete, complete_pairs
from havoc.reason.binding.mention import mentioned
from havoc.reason.binding.summarised import sample_summaries, summary_arguments

MAX_COLUMNS = 3


RESPONSE_NAMES = re.compile(r"^(?:y\d?|response|result|output|yield|dependent)$", re.IGNORECASE)


_BETWEEN = r"\W*(?:\w+\W+){0,3}$"
_TARGET_WORDS = re.compile(
    r"\b(?:against|versus|vs\.?|target|nominal|set\s*point|set\s+(?:to|at)|supposed|sposed|meant|should|than|from|claim\w*|"
    r"promis\w*|spec\w*|declared|label\w*|assigned|certified|reference|beat|exceed|under|over|above|below|mu0?|h0|theor\w*|"
    r"norm|norma|catalog\w*|data\s?sheet|expect\w*|required|requirement|rule|metric|goal|guarantee\w*|says|historic\w*|"
    r"drawing|limit|allowed|hypothesi\w*|equals?)" + _BETWEEN
)
_WEAK_TARGET_WORDS = re.compile(r"\b(?:median|mean|average|of|to|be|is|at)" + _BETWEEN)
_COUNTED = re.compile(r"\s*(?!\d)[a-z]{3,}s\b(?!\s*(?:\?|$))")
_UNITY = re.compile(
    r"\b(?:than|from|below|above|under|over|against|vs\.?|versus|to|at|is|be)\s+(unity)\b"
)
_ZERO = re.compile(
    r"\b(?:is|from|against|than|be|above|below|vs\.?)\s+(?:\w+\s+){0,2}?zero\b|[?>→]\s*zero\b|\bzero\s*\?"
)


def reference_value(evidence: Evidence, binding: Binding, name: str = "mu0") -> None:
    """The value that a mean or median is compared with."""
    for role in ("reference", "target", "mu0", "maximum", "minimum", "mean"):
        if role == "mean" and not evidence.series():
            continue
        used = set(re.findall(r"question\[\d+:\d+\]", " ".join(binding.provenance.values())))
        given = next((x for x in evidence.reading.all(role) if source_of(x) not in used), None)
        if binding.take(name, given):
            return
    sizes = {float(len(item.values)) for item in evidence.series()}
    singles = [
        item
        for item in evidence.singles()
        if source_of(item) not in used
        and (not item.percent or item.value < 80 or evidence.has(r"%.*%|percent"))
        and not (item.value in sizes and _COUNTED.match(evidence.after(item)))
    ]
    for word, value in ((_ZERO, 0.0), (_UNITY, 1.0)):
        found = word.search(evidence.text)
        if not singles and found:
            binding.set(name, value, f"question[{found.start()}:{found.end()}]")
            return
    near = [
        [item for item in singles if words.search(evidence.before(item, 40))]
        for words in (_TARGET_WORDS, _WEAK_TARGET_WORDS)
    ]
    candidates = near[0] or near[1] or singles
    if not candidates:
        raise NeedsInput(
            "the value to compare with is missing",
            "which target or claimed value should the mean be compared with?",
        )
    binding.take(name, candidates[0])
    binding.echo("compared with {}", (candidates[0].value, source_of(candidates[0])))


def summaries(evidence: Evidence) -> list[tuple[dict[str, float], str]]:
    """Samples given as n, mean and standard deviation, in the order of the text."""
    read = sample_summaries(evidence)
    if read and all(item.complete for item in read):
        return [(summary_arguments(item), item.source) for item in read]
    means, spreads, sizes = (
        evidence.reading.all("mean"),
        evidence.reading.all("sd"),
        evidence.reading.all("n"),
    )
    found = []
    for index, mean in enumerate(means):
        if index >= len(spreads):
            break
        spread = spreads[index]
        size = sizes[index] if index < len(sizes) else (sizes[0] if len(sizes) == 1 else None)
        size = size or _nearby_size(evidence, index, len(means))
        if size is None:
            raise NeedsInput(
                "the number of measurements behind the mean and standard deviation is missing",
                "how many values is each mean based on (n)?",
            )
        if size.value != int(size.value) or size.value < 1:
            raise NeedsInput(
                "n must be a whole number of 1 or more", "how many values were measured?"
            )
        if spread.value < 0:
            raise NeedsInput(
                "a standard deviation cannot be negative", "what is the standard deviation?"
            )
        entry = {"n": int(size.value), "mean": mean.value, "sd": spread.value}
        found.append((entry, f"{source_of(mean)}, {source_of(spread)}, {source_of(size)}"))
    return found


def _nearby_size(evidence: Evidence, index: int, count: int) -> Scalar | None:
    counted = [
        item
        for item in evidence.singles()
        if item.value == int(item.value)
        and item.value >= 2
        and re.match(
            r"\s*(?:values?|samples?|parts?|pieces?|pcs|units?|determinations|measurements?|readings?|coils|"
            r"specimens|patients|batches|packs|bottles|tests|assays|items|wafers|bars|runs|days|subjects)\b",
            evidence.after(item),
        )
    ]
    if len(counted) == count:
        return counted[index]
    return counted[0] if counted else None


_TRIMMED = re.compile(
    r"(?<![\w.])(\d{1,2}(?:\.\d+)?)\s*(?:%|percent|pct)[\s-]*(?:trim\w*|truncated)"
)
_TRIM_OF = re.compile(
    r"\b(?:trim\w*|truncated)(?:\s+mean)?\s*(?:\(|of|at|by|=|:)?\s*(\d{1,2}(?:\.\d+)?)\s*(?:%|percent)"
)
_ONE_PERCENTILE = r"\d{1,2}(?:\.\d+)?"
_PERCENTILES = (
    re.compile(rf"(?<![\w.])({_ONE_PERCENTILE}(?:\s*(?:st|nd|rd|th|%|percent)?\s*(?:,|and|&|/)\s*{_ONE_PERCENTILE}){{0,8}})\s*(?:st|nd|rd|th|%|percent)?[\s-]*(?:percentiles?|quantiles?|pctl?s?\b)"),
    re.compile(rf"\b(?:percentiles?|quantiles?)\s*(?:of|at|=|:)?\s*({_ONE_PERCENTILE}(?:\s*(?:%|th)?\s*(?:,|and|&|/)\s*{_ONE_PERCENTILE}){{0,8}})(?!\s*[\d.])"),
    re.compile(r"(?<![\w.])(p\d{1,2}(?:\.\d+)?(?:\s*(?:,|and|&|/|-)\s*p\d{1,2}(?:\.\d+)?){0,8})(?![\w.]*\d)"),
)  # fmt: skip


def _shares(evidence: Evidence, binding: Binding) -> None:
    """ "the 10 % trimmed mean", "P5 and P95", "the 90th percentile"."""
    trim = _TRIMMED.search(evidence.text) or _TRIM_OF.search(evidence.text)
    if trim and 0 < float(trim[1]) < 50:
        place = f"question[{trim.start(1)}:{trim.end(1)}]"
        binding.set("trim", round(float(trim[1]) / 100, 12), place)
    hits = [hit for pattern in _PERCENTILES for hit in pattern.finditer(evidence.text)]
    values = [float(item) for hit in hits for item in re.findall(_ONE_PERCENTILE, hit[1])]
    if values:
        place = ", ".join(f"question[{hit.start(1)}:{hit.end(1)}]" for hit in hits)
        binding.set("percentiles", list(dict.fromkeys(values)), place)


def bind_describe(evidence: Evidence, binding: Binding) -> None:
    _shares(evidence, binding)
    columns = [item for item in evidence.series() if "#" in item.source]
    named = mentioned(
        [column for table in evidence.tables for column in evidence.numeric_columns(table)],
        evidence.text,
    )
    if len(columns) >= 2 and len(columns) == len(evidence.series()) and len(named) != 1:
        for index, item in enumerate(columns[:MAX_COLUMNS]):
            target = (
                binding
                if index == 0
                else Binding(
                    operation=binding.operation,
                    args={k: v for k, v in binding.args.items() if k in {"trim", "percentiles"}},
                    provenance={**binding.provenance},
                )
            )
            target.set("data", [*item.values], item.source)
            target.set("name", item.name, item.source)
            pass_unit(target, item)
            if index:
                binding.more.append(target)
        return
    groups = evidence.groups()
    if len(groups) >= 2 and _asks_by_group(evidence, groups):
        binding.set(
            "groups",
            {item.name: [*item.values] for item in groups},
            ", ".join(item.source for item in groups)[:400],
        )
        pass_unit(binding, groups[0])
        return
    series = evidence.one("values to describe")
    binding.set("data", [*series.values], series.source)
    if series.name:
        binding.set("name", series.name, series.source)
    pass_unit(binding, series)


def _asks_by_group(evidence: Evidence, groups: Sequence[Series]) -> bool:
    """Every list has a name of its own, in prose; or a table has a column of groups."""
    if any(" where " in item.source for item in groups):
        return evidence.has(r"\b(?:by|per|each|every|separate\w*|both|respective\w*)\b")
    return not evidence.tables and all(
        item.name and not item.name.startswith("group ") for item in groups
    )


def bind_one_sample_t(evidence: Evidence, binding: Binding) -> None:
    read = sample_summaries(evidence)
    if len(read) == 1 and read[0].complete:
        binding.set("data", summary_arguments(read[0]), read[0].source)
    elif evidence.series():
        series = evidence.one()
        binding.set("data", complete(binding, series), series.source)
        if series.name:
            binding.set("name", series.name, series.source)
        pass_unit(binding, series)
    else:
        given = summaries(evidence)
        if not given:
            missing = "standard deviation" if evidence.scalar("mean") else "measurements"
            raise NeedsInput(
                f"the {missing} are missing"
                if missing == "measurements"
                else f"the {missing} is missing",
                f"what is the {missing}?"
                if missing != "measurements"
                else "which values were measured?",
            )
        binding.set("data", given[0][0], given[0][1])
    reference_value(evidence, binding)
    evidence.alpha(binding)
    set_direction(binding, one_sample_direction(evidence))


def two_samples(evidence: Evidence, binding: Binding) -> tuple[str, str]:
    """Set group1, group2 and their names; returns the names."""
    read = sample_summaries(evidence)
    if len(read) >= 2 and all(item.complete for item in read):
        labels = [item.name or f"group {index}" for index, item in enumerate(read, start=1)]
        if labels[0] == labels[1]:
            labels[1] += " 2"
        for index in (0, 1):
            binding.set(f"group{index + 1}", summary_arguments(read[index]), read[index].source)
            binding.set(f"name{index + 1}", labels[index], read[index].source)
        return labels[0], labels[1]
    if not evidence.series():
        given = summaries(evidence)
        if len(given) >= 2:
            names = _summary_names(evidence)
            for index in (0, 1):
                binding.set(f"group{index + 1}", given[index][0], given[index][1])
                binding.set(f"name{index + 1}", names[index], "question")
            return names
    first, second = evidence.two_groups()
    binding.set("group1", complete(binding, first), first.source)
    binding.set("group2", complete(binding, second), second.source)
    names_of(binding, first, second)
    binding.echo(
        "{} has {} values, {} has {}",
        (first.name, first.source),
        (len(first.numbers), first.source),
        (second.name, second.source),
        (len(second.numbers), second.source),
    )
    pass_unit(binding, second if second.unit else first)
    return first.name, second.name


def _summary_names(evidence: Evidence) -> tuple[str, str]:
    found = re.findall(
        r"(?:^|[,;.:]\s*|\band\s+|\bvs\.?\s+|\s)([A-Za-z][\w\- ]{0,24}?)\s*[:(,=]?\s*\(?\s*\b(?:n|mean|x-?bar|avg)\b",
        evidence.reading.text,
    )
    names = [
        name.strip()
        for name in found
        if name.strip() and name.strip().lower() not in {"n", "s", "sd", "mean"}
    ]
    return (
        (names[0], names[1]) if len(names) >= 2 and names[0] != names[1] else ("group 1", "group 2")
    )


def bind_two_sample_t(evidence: Evidence, binding: Binding) -> None:
    names = two_samples(evidence, binding)
    if evidence.has(
        r"\bwelch|\bun-?equal|\b(?:no|without|don'?t\s+assume|not\s+assuming)\s+(?:an?\s+|the\s+)?equal|equal\s+var\w*\W+(?:\w+\s+){0,2}?not\b|(?:varian\w*|spread|scatter)\s+(?:is|are|was|were)(?:n'?t| not)\s+(?:equal|the same)|not\s+(?:assum\w*\s+|be\s+)?(?:to be\s+)?equal|wasn?'?t\s+equal"
        r"|\b(?:without|not|never|cannot|can'?t|don'?t)\b[^.?!;]{0,40}\bvarian\w*[^.?!;]{0,16}\bequal"
        r"|\bvarian\w*[^.?!;]{0,12}\b(?:not|cannot|can'?t)\b[^.?!;,]{0,20}\bequal"
    ):
        binding.set("equal_var", False, "question")
    elif evidence.has(
        r"\bpooled\b|\bstudent|\bequal(?:\s+\w+)?\s+varian|\bvarian\w*\s+(?:are\s+)?(?:assumed\s+)?equal|same\s+varian|equal\s+sd|assume\s+equal"
    ):
        binding.set("equal_var", True, "question")
    evidence.alpha(binding)
    set_direction(binding, two_sample_direction(evidence, *names))


def bind_paired_t(evidence: Evidence, binding: Binding) -> None:
    series = evidence.series()
    if not series:
        given = summaries(evidence)
        if given:
            binding.set("differences", given[0][0], given[0][1])
            evidence.alpha(binding)
            set_direction(binding, one_sample_direction(evidence))
            return
    if len(series) == 1 and evidence.has(r"\bdifferences?\b|\bdeltas?\b|minus"):
        binding.set("differences", complete(binding, series[0]), series[0].source)
        evidence.alpha(binding)
        set_direction(binding, one_sample_direction(evidence))
        return
    names = paired_columns(evidence, binding)
    evidence.alpha(binding)
    set_direction(binding, two_sample_direction(evidence, *names))


def paired_columns(evidence: Evidence, binding: Binding) -> tuple[str, str]:
    """Set group1 and group2 as columns of pairs."""
    series = evidence.series()
    if len(series) >= 3 and all(len(item.values) == 2 for item in series):
        first, second = evidence.pair("the two members of every pair")
        words = re.search(
            r"\b(before|old|dry|left|first)\b.{0,30}\b(after|new|wet|right|second)\b", evidence.text
        )
        if words:
            first, second = _renamed(first, words[1]), _renamed(second, words[2])
    else:
        first, second = _without_index(series) or evidence.two_groups("columns of pairs")
    columns = complete_pairs(binding, first, second)
    binding.set("group1", columns[0], first.source)
    binding.set("group2", columns[1], second.source)
    names_of(binding, first, second)
    binding.echo(
        "{} pairs: {} with {}",
        (len(columns[0]), first.source),
        (first.name or "first", first.source),
        (second.name or "second", second.source),
    )
    return first.name or "first", second.name or "second"


def _without_index(series: list[Series]) -> tuple[Series, Series] | None:
    """Two measured columns beside one that only counts the rows."""
    rest = [
        item
        for item in series
        if item.numbers != [float(number) for number in range(1, len(item.values) + 1)]
    ]
    tabled = all("#" in item.source for item in series)
    return (rest[0], rest[1]) if tabled and len(series) == 3 and len(rest) == 2 else None


def _renamed(series: Series, name: str) -> Series:
    return Series(name=name, values=series.values, source=series.source, unit=series.unit)


def pass_unit(binding: Binding, series: Series) -> None:
    if series.unit and series.unit.lower() not in {"points", "values"}:
        binding.set("unit", series.unit, series.source)


BINDERS: dict[str, Binder] = {
    "describe": bind_describe,
    "t_test_one_sample": bind_one_sample_t,
    "t_test_two_sample": bind_two_sample_t,
    "t_test_paired": bind_paired_t,
}
