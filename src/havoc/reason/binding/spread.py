"""Arguments of tests on shape and spread: normality, equal variances, outliers."""

from __future__ import annotations

import re

from havoc.reading.number_words import as_digits
from havoc.reading.question import Series
from havoc.reason.binding.arguments import Binding, NeedsInput, source_of
from havoc.reason.binding.direction import one_sample_direction, set_direction, spread_direction
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.groups import bind_groups
from havoc.reason.binding.lists import complete
from havoc.reason.binding.summarised import sample_summaries


def bind_normality(evidence: Evidence, binding: Binding) -> None:
    series = evidence.one()
    binding.set("data", complete(binding, series), series.source)
    if series.name:
        binding.set("name", series.name, series.source)
    # Only where one test is named: with several, all are in the result anyway.
    named = [
        method
        for pattern, method in (
            (r"\bshapiro", "shapiro_wilk"),
            (r"\banderson", "anderson_darling"),
            (r"\blil+iefors|\bkolmogorov", "lilliefors"),
            (r"\bryan[\s-]*joiner", "ryan_joiner"),
        )
        if evidence.has(pattern)
    ]
    if len(named) == 1:
        binding.set("method", named[0], "question")
    evidence.alpha(binding)


def _two_spreads(evidence: Evidence, binding: Binding) -> bool:
    """Two standard deviations with their numbers of values."""
    read = sample_summaries(evidence, spreads_only=True)
    if len(read) < 2 or any(item.n is None for item in read[:2]):
        return False
    for index, item in enumerate(read[:2], start=1):
        binding.set(
            f"group{index}", {"n": item.n, "mean": item.mean or 0.0, "sd": item.sd}, item.source
        )
    names = [item.name or f"group {index}" for index, item in enumerate(read[:2], start=1)]
    if names[0] != names[1]:
        binding.set("name1", names[0], read[0].source)
        binding.set("name2", names[1], read[1].source)
    set_direction(binding, spread_direction(evidence, names[0], names[1]))
    evidence.alpha(binding)
    return True


def bind_equal_variance(evidence: Evidence, binding: Binding) -> None:
    if _two_spreads(evidence, binding):
        return
    if len(evidence.series()) == 1 and evidence.has(
        r"\b(?:sigma|sd|standard deviation|variance|variation|stdev|spread|scatter\w*|wobbl\w*|wander\w*)\b"
    ):
        series = evidence.one()
        binding.set("data", complete(binding, series), series.source)
        given = evidence.scalar("sd", "reference", "maximum", "minimum", "target")
        limit = given or next(iter(evidence.singles()), None)
        if limit is None:
            raise NeedsInput(
                "one group was given, and nothing to compare its spread with",
                "which second group, or which known standard deviation, should it be compared with?",
            )
        binding.take("sigma0", limit)
        set_direction(binding, one_sample_direction(evidence))
        evidence.alpha(binding)
        return
    if not evidence.series():
        spreads, sizes = evidence.reading.all("sd"), evidence.reading.all("n")
        if len(spreads) >= 2 and sizes:
            for index in (0, 1):
                size = sizes[index] if index < len(sizes) else sizes[0]
                binding.set(
                    f"group{index + 1}",
                    {"n": int(size.value), "mean": 0.0, "sd": spreads[index].value},
                    f"{source_of(spreads[index])}, {source_of(size)}",
                )
            evidence.alpha(binding)
            set_direction(binding, one_sample_direction(evidence))
            return
        raise NeedsInput(
            "the groups to compare are missing",
            "which values, or which standard deviations with their n, should be compared?",
        )
    bind_groups(evidence, binding)
    if len(binding.args["groups"]) == 2:
        first, second = binding.args["groups"]
        set_direction(binding, spread_direction(evidence, first, second))
    if evidence.has(r"\bbonett") and len(binding.args["groups"]) == 2:
        binding.set("method", "bonett", "question")
    evidence.alpha(binding)


_SUSPECT = re.compile(
    r"(?<![\w.,])(-?\d++(?:\.\d+)?|-?\.\d+)(?![\w.]*\d)[^\d\x00]{0,80}?"
    r"\b(?:among(?:st)?|the\s+rest|rest|(?:all\s+)?(?:the\s+)?others?|other\s+\w+|remaining|against|versus|vs\.?|while)\b[^\d\x00]{0,24}$",
    re.IGNORECASE,
)
_MOST = re.compile(
    r"\b(?:up\s+to|max\w*|at\s+most|as\s+many\s+as)\s+(\d)\b|(?<![\w.])(\d)\s+(?:susp\w*|outliers)\b"
)


def _with_suspect(evidence: Evidence, series: Series) -> tuple[list[float], str] | None:
    """ "one bar broke at 31, the others 48 50 47 49": the value told apart belongs to the data."""
    place = re.fullmatch(r"question\[(\d+):(\d+)\]", series.source)
    if place is None or series.missing:
        return None
    start, end = int(place[1]), int(place[2])
    before = evidence.reading.plain[:start].rsplit("\n", 1)[-1]
    told = _SUSPECT.search(before)
    if told is None or float(told[1]) in series.numbers:
        return None
    at = start - len(before) + told.start(1)
    return [float(told[1]), *series.numbers], f"question[{at}:{end}]"


def bind_outlier(evidence: Evidence, binding: Binding) -> None:
    series = evidence.one()
    apart = _with_suspect(evidence, series)
    if apart is not None:
        binding.set("data", *apart)
        binding.echo("{} was told apart and is tested with the others", (apart[0][0], apart[1]))
    else:
        binding.set("data", complete(binding, series), series.source)
    if evidence.has(r"\bdixon|\bq[\s-]test"):
        binding.set("method", "dixon", "question")
    elif evidence.has(r"\besd\b|\b(?:two|2)\s+susp|up to|\bmax\s*\d"):
        binding.set("method", "generalized_esd", "question")
        most = _MOST.search(as_digits(evidence.text))
        if most and int(most[1] or most[2]) >= 1:
            group = 1 if most[1] else 2
            place = f"question[{most.start(group)}:{most.end(group)}]"
            binding.set("max_outliers", int(most[group]), place)
    evidence.alpha(binding)


BINDERS: dict[str, Binder] = {
    "normality": bind_normality,
    "equal_variance": bind_equal_variance,
    "outlier_test": bind_outlier,
}
