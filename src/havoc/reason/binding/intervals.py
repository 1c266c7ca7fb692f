"""Arguments of confidence, prediction and tolerance intervals.

The data are a list, or n with mean and standard deviation, or counts. A level such
as 95 may stand alone, at the end of the list, or with a word that tells the share
of the population from the confidence.
"""

from __future__ import annotations

import re

from havoc.reading.counts import read_counts
from havoc.reading.prose import UNITS
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.levels import Level, levels_of
from havoc.reason.binding.means import bind_two_sample_t
from havoc.reason.binding.models import bind_regression_linear, has_point
from havoc.reason.binding.proportions import bind_proportion_one
from havoc.reason.binding.samples import (
    COUNTED,
    check_summary,
    list_level,
    samples,
    set_data,
    summary_of,
)

_RATIO = re.compile(r"(?<![\d.])(\d\d(?:\.\d+)?)\s*%?\s*/\s*(\d\d(?:\.\d+)?)\s*%?(?![\d.])")


# options -----------------------------------------------------------------------


def _levels(evidence: Evidence) -> list[Level]:
    return levels_of(evidence, [source for _, source in summary_of(evidence).values()])


def _set_confidence(evidence: Evidence, binding: Binding) -> None:
    """The confidence level: with its word, as alpha, or a level that stands alone."""
    levels = [item for item in _levels(evidence) if item.role != "coverage"]
    chosen = next((item for item in levels if item.role), None)
    newest = levels[0] if levels and "\n" in evidence.reading.plain else None
    chosen = newest or chosen
    if chosen is None and evidence.scalar("alpha") is not None:
        evidence.confidence(binding)
        return
    chosen = chosen or (levels[0] if levels else None) or list_level(evidence)
    if chosen is not None:
        binding.set("confidence", _checked(chosen, "confidence"), chosen.source)


def _checked(level: Level, name: str) -> float:
    if not 0 < level.value < 1:
        raise NeedsInput(
            f"a {name} of {100 * level.value:g} % is impossible: it must lie between 0 and 100 %",
            f"which {name} do you mean, for example 95 %?",
        )
    return round(level.value, 12)


def _one_sided(evidence: Evidence, binding: Binding) -> None:
    if evidence.has(r"\blower and upper|\bupper and lower|\btwo[\s-]?sides?d?\b|\bboth\b"):
        return
    if evidence.has(
        r"\bupper\b.{0,40}(?:limit|bound|conf|tol|one|sided|only|spec)|\bshould\b[^.?]{0,40}\bnot\s+exceed"
        r"|\bmax(?:imum|imal)?\s+(?:[a-z]+\s+){1,2}(?:which|that|for\s+which)\b|\bat\s+most\b.{0,20}\bwhat\b|\b\d+\s?%?\s*upper\b|\b(?:highest|worst)\b|\bone[\s-]sided?\s+(?:upper|above)|\babove which\b|\bnot (?:be )?(?:overtaken|exceeded)"
    ):
        binding.set("side", "upper", "question")
    elif evidence.has(
        r"\blower\b.{0,40}(?:limit|bound|conf|tol|one|sided|only|spec)"
        r"|\bmin(?:imum|imal)?\s+(?:[a-z]+\s+){1,2}(?:which|that|for\s+which)\b|\bguarantee\w*\s+(?:a\s+)?min\w*|\blowest\b|\bone[\s-]sided?\s+(?:lower|under|below)|\bbelow which\b"
        r"|\b(?:will|to|that)\s+(?:beat|exceed|surpass|last past|outlast)|\bexceed(?:s|ed)?\s+(?:it|by)\b|\blast past\b"
    ):
        binding.set("side", "lower", "question")


# confidence interval -----------------------------------------------------------


def bind_confidence_interval(evidence: Evidence, binding: Binding) -> None:
    """A mean by default; spread, median, proportion or difference where it is said."""
    text = evidence.reading.plain
    if evidence.has(
        r"\bmeans?\s+difference|\bdifference\s+(?:of|between|in)\b.{0,20}\bmeans?\b|\b(?:saving|gain|improvement|reduction|gap)\b"
    ) and (len(samples(evidence)) == 2):
        binding.operation = "t_test_two_sample"
        bind_two_sample_t(evidence, binding)
        level = next((item for item in _levels(evidence) if item.value < 1), None)
        if level is not None and "alpha" not in binding.args:
            binding.set("alpha", round(1 - level.value, 12), level.source)
        return
    lists = samples(evidence)
    summary = summary_of(evidence)
    counted = _is_proportion(evidence) and not any(len(item.values) > 2 for item in lists)
    if (not lists or read_counts(text)) and "mean" not in summary and counted:
        _proportion(evidence, binding)
    elif not lists and {"sd", "n"} <= set(summary) and "mean" not in summary:
        check_summary(summary)
        binding.set("n", int(summary["n"][0]), summary["n"][1])
        binding.set("sd", summary["sd"][0], summary["sd"][1])
        binding.set("parameter", "sd", "question")
    else:
        set_data(evidence, binding)
        if re.search(r"\bmedian\b", text, re.IGNORECASE):
            binding.set("parameter", "median", "question")
        elif _wants_spread(evidence):
            binding.set("parameter", "sd", "question")
    _one_sided(evidence, binding)
    _set_confidence(evidence, binding)


def _wants_spread(evidence: Evidence) -> bool:
    return evidence.has(
        r"\b(?:sd|sigma|std\.?\s?dev\.?)\s+(?:uncertainty|bounds?|limits?|ci)\b|\bhow\s+(?:wrong|sure|certain)\b.{0,20}\b(?:spread|scatter|sd|sigma)\b"
        r"|\b(?:ci|interval|limits|bounds?|range|uncertainty|precision)\b.{0,30}\b(?:sd|sigma|standard deviation|variance|std? ?dev|stdev|st\.? ?dev)\b"
        r"|\b(?:true|on the|for the|of the) (?:sd|sigma|standard deviation|variance)\b"
        r"|\b(?:sd|sigma|standard deviation)\s+(?:ci\b|interval|conf)|\bbound for (?:sd|sigma)\b"
    ) and not (
        evidence.has(r"\b(?:mean|average)\b")
        and not evidence.has(r"\bnot (?:the |of the )?(?:mean|average)")
    )


def _is_proportion(evidence: Evidence) -> bool:
    return bool(read_counts(evidence.reading.plain)) or evidence.has(
        r"\b(?:defects?|defectives?|fails?|failures?|failed|bad|nonconform\w*|rejects?|rate|fraction|proportion)\b"
    )


def _proportion(evidence: Evidence, binding: Binding) -> None:
    inner = Binding(operation="proportion_one")
    bind_proportion_one(evidence, inner)
    for name in ("successes", "trials"):
        binding.set(name, inner.args[name], inner.provenance.get(name, "question"))
    binding.set("parameter", "proportion", "question")
    for pattern, kind in (
        (r"\bclopper|\bexact\b", "clopper_pearson"),
        (r"\bwilson\b", "wilson"),
        (r"\bagresti\b", "agresti_coull"),
        (r"\bjeffreys\b", "jeffreys"),
        (r"\bwald\b", "wald"),
    ):
        if evidence.has(pattern):
            if "kind" in binding.args:
                more = Binding(operation="confidence_interval")
                more.args, more.provenance = dict(binding.args), dict(binding.provenance)
                more.set("kind", kind, "question")
                _one_sided(evidence, more)
                _set_confidence(evidence, more)
                binding.more.append(more)
            else:
                binding.set("kind", kind, "question")


# prediction interval -----------------------------------------------------------

_NUMBER_WORDS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "ten": 10, "a dozen": 12}
_FUTURE = re.compile(
    r"\b(?:next|future|coming|following|capture)\s+(?P<a>\d+|two|three|four|five|six|ten|a dozen)\b(?!\s*(?:%|mm|min|h\b))"
    r"|\b(?P<b>\d+|two|three|four|five|six|ten)\s+(?:future|further|more|new|next|following|coming)\b"
    r"|\b(?P<c>\d+|two|three|four|five|six|ten)\s+(?:pcs|pieces|parts|units|values|samples|results|bottles|tests)\s+(?:more|further|to\s+come|tomorrow)\b",
    re.IGNORECASE,
)


def bind_prediction_interval(evidence: Evidence, binding: Binding) -> None:
    """The next value or the next m; at a setting of x the prediction of a regression."""
    if _is_regression(evidence):
        binding.operation = "regression_linear"
        bind_regression_linear(evidence, binding)
        levels = [item for item in _levels(evidence) if item.value < 1]
        if levels and "alpha" not in binding.args:
            binding.set("alpha", round(1 - levels[0].value, 12), levels[0].source)
        return
    set_data(evidence, binding)
    future = _FUTURE.search(evidence.reading.plain)
    number = (future["a"] or future["b"] or future["c"]).lower() if future else ""
    count, source = 1, "default"
    if future and number:
        count = _NUMBER_WORDS.get(number) or int(number)
        source = f"question[{future.start()}:{future.end()}]"
    elif evidence.has(r"\b(?:triplicate|three results|three determinations)\b"):
        count, source = 3, "question"
    elif evidence.has(r"\bduplicate\b"):
        count, source = 2, "question"
    binding.set("m", count, source)
    if count > 1 and evidence.has(
        r"\b(?:mean|average)\s+(?:of|for|over)\s+(?:the\s+)?(?:next|future|following|coming|\d+|two|three|four|five|six|ten)\b"
    ):
        binding.set("of", "mean", "question")
    _one_sided(evidence, binding)
    _set_confidence(evidence, binding)


def _is_regression(evidence: Evidence) -> bool:
    """Two lists of the same length and a setting at which to predict."""
    lengths = [len(item.values) for item in samples(evidence) if len(item.values) >= 3]
    return len(lengths) == 2 and lengths[0] == lengths[1] and has_point(evidence)


# tolerance interval ------------------------------------------------------------


def bind_tolerance_interval(evidence: Evidence, binding: Binding) -> None:
    """Share of the population and confidence must not be mistaken for each other."""
    _content_and_confidence(evidence, binding)
    if samples(evidence):
        set_data(evidence, binding, least=3)
        summary = summary_of(evidence)
        if "n" in summary and summary["n"][0] < 2:
            check_summary(summary)
    else:
        _summary_or_size(evidence, binding)
    if evidence.has(
        r"distribution[\s-]free|non-?parametric|distribution\b.{0,40}\bunknown|\bnot normal|min\s*-\s*max"
    ):
        binding.set("kind", "nonparametric", "question")
    elif evidence.has(r"\bhowe\b"):
        binding.set("kind", "howe", "question")
    if "side" not in binding.args:
        side = _covered_side(evidence)
        if side:
            binding.set("side", side, "question")
        else:
            _one_sided(evidence, binding)
    if "n" not in binding.args and "data" not in binding.args:
        _smallest_size(evidence, binding)


_SHARE = r"(?<![\w.])(?P<share>\d{1,2}(?:\.\d+)?)\s*(?:%|percent\b|pct\b)[^.?;\d]{0,40}?"
_ABOVE = r"\b(?:(?:to\s+be|be|are|is|lie|lies|fall|falls|stay|stays|come)\s+(?:all\s+)?above|exceed\w*|(?:or|and)\s+(?:more|higher|stronger)|at\s+least|surviv\w*|outlast\w*|beat)\b"
_BELOW = r"\b(?:(?:to\s+be|be|are|is|lie|lies|fall|falls|stay|stays|come)\s+(?:all\s+)?(?:below|under)|not\s+exceed|(?:or|and)\s+(?:less|lower)|at\s+most)\b"
_SIDES = (
    ("upper", re.compile(_SHARE + _BELOW)),
    ("lower", re.compile(_SHARE + _ABOVE)),
    ("lower", re.compile(r"\babove\s+(?:which|what|where)\b[^.?;\d]{0,30}?" + _SHARE)),
    ("upper", re.compile(r"\b(?:below|under)\s+(?:which|what|where)\b[^.?;\d]{0,30}?" + _SHARE)),
)


def _covered_side(evidence: Evidence) -> str:
    """Where the share that is covered lies: "99 % of all bolts lie above" asks for a lower limit."""
    if evidence.has(r"\btwo[\s-]?sided\b|\bboth\b|\bbetween\b"):
        return ""
    for side, pattern in _SIDES:
        match = pattern.search(evidence.text)
        if match:
            small = float(match["share"]) < 50  # "below which at most 1 % fall"
            return side if not small else {"upper": "lower", "lower": "upper"}[side]
    if evidence.has(r"\b(?:biggest|largest)\b.{0,30}\bexpect"):
        return "upper"
    return ""


def _summary_or_size(evidence: Evidence, binding: Binding) -> None:
    """n, mean and sd; n alone for the factor k."""
    summary = summary_of(evidence)
    check_summary(summary)
    if {"mean", "sd"} & set(summary):
        set_data(evidence, binding)
        return
    size = summary.get("n")
    if size is None:
        counted = next(
            (
                match
                for match in COUNTED.finditer(evidence.reading.plain)
                if match[2].lower() not in UNITS - {"pieces", "units", "pcs"}
            ),
            None,
        )
        if counted:
            size = float(counted[1]), f"question[{counted.start(1)}:{counted.end(1)}]"
    if size is not None:
        binding.set("n", int(size[0]), size[1])
    elif not evidence.has(r"\bhow many\b|\bsample size\b|\bwhat n\b"):
        raise NeedsInput("the data, or their number n, are missing", "which values were measured?")


def _smallest_size(evidence: Evidence, binding: Binding) -> None:
    """ "How many so that min-max covers 95 %": the least n of the distribution-free interval."""
    if binding.args.get("kind") != "nonparametric":
        raise NeedsInput(
            "the number of values is missing",
            "how many values do you plan to measure, or should the interval be distribution-free?",
        )
    content, confidence = binding.args["coverage"], binding.args.get("confidence", 0.95)
    one_sided = "side" in binding.args
    size = 2
    while size < 100_000:
        # Wilks (1941): chance that the extremes of n values hold the content.
        outside = content**size
        if not one_sided:
            outside += size * (1 - content) * content ** (size - 1)
        if 1 - outside >= confidence:
            break
        size += 1
    binding.set("n", size, "derived")
    binding.echo("{} is the least number of values that suffices", (size, "derived"))


def _content_and_confidence(evidence: Evidence, binding: Binding) -> None:
    basis = re.search(r"\b([ab])[\s-]basis\b", evidence.text)
    if basis:
        source = f"question[{basis.start()}:{basis.end()}]"
        binding.set("coverage", 0.9 if basis[1] == "b" else 0.99, source)
        binding.set("confidence", 0.95, source)
        binding.set("side", "lower", source)
        return
    levels = _levels(evidence)
    newest = [item for item in levels if item.role]
    ratio = _RATIO.search(evidence.reading.plain)
    if ratio and float(ratio[1]) >= 50 and float(ratio[2]) >= 50:
        _from_ratio(binding, ratio, newest)
        return
    content = next((item for item in levels if item.role == "coverage"), None)
    confidence = next((item for item in levels if item.role == "confidence"), None)
    loose = [item for item in levels if not item.role]
    if content is None and loose:
        content = loose.pop(0)
    if confidence is None and loose:
        confidence = loose.pop(0)
    if content is None and confidence is not None and newest.count(confidence) == len(newest):
        others = [item for item in levels if item is not confidence]
        content = others[0] if others else None
    if content is None:
        raise NeedsInput(
            "the share of the population and the confidence are missing"
            if confidence is None
            else "the share of the population is missing",
            "which share of all parts should lie between the limits, and with what confidence, for example 99 % with 95 %?",
        )
    binding.set("coverage", _checked(content, "coverage"), content.source)
    if confidence is not None:
        binding.set("confidence", _checked(confidence, "confidence"), confidence.source)
    else:
        binding.echo("a confidence of {} was assumed", (0.95, "default"))


def _from_ratio(binding: Binding, ratio: re.Match[str], worded: list[Level]) -> None:
    """ "95/99": the words decide, else the 95 is the confidence, else content comes first."""
    first, second = float(ratio[1]) / 100, float(ratio[2]) / 100
    content, confidence = first, second
    if first == 0.95 and second != 0.95:
        content, confidence = second, first
    for level in worded:
        other = second if level.value == first else first
        if level.role == "coverage" and level.start < ratio.start() and other == first:
            content = level.value  # said anew in a follow-up
        elif level.role == "coverage" and level.value in {first, second}:
            content, confidence = level.value, other
        elif level.role == "confidence" and level.value in {first, second}:
            content, confidence = other, level.value
        elif level.role == "confidence" and level.start < ratio.start():
            confidence = level.value
    source = f"question[{ratio.start()}:{ratio.end()}]"
    binding.set("coverage", round(content, 12), source)
    binding.set("confidence", round(confidence, 12), source)
    if content != confidence:
        binding.echo(
            "{} is read as the share of the population and {} as the confidence",
            (content, source),
            (confidence, source),
        )


BINDERS: dict[str, Binder] = {
    "confidence_interval": bind_confidence_interval,
    "prediction_interval": bind_prediction_interval,
    "tolerance_interval": bind_tolerance_interval,
}
