"""Arguments of an adjustment of p-values: the values, their names, the method, the level."""

from __future__ import annotations

import re

from havoc.reading.number_words import fraction_in_words
from havoc.reading.question import Series
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.lists import complete
from havoc.reason.binding.margins import set_lone_alpha

_ADJUSTMENTS = (
    (r"\bhochberg\b(?<!benjamini-hochberg)(?<!benjamini hochberg)", "hochberg"),
    (r"\bhommel", "hommel"),
    (r"\byekutieli|\bby\b\s+(?:procedure|method|adjust)", "benjamini_yekutieli"),
    (r"\bbenjamini|\bfdr\b|\bfalse[\s-]discovery|\bb-?h\b", "benjamini_hochberg"),
    (r"\bholm[\s-]+[sš]id[aá]k", "holm_sidak"),
    (r"\bholm", "holm"),
    (r"\b[sš]id[aá]k", "sidak"),
    (r"\bbonf", "bonferroni"),
)
_VALUE = re.compile(
    r"(?<![\w.,])(?<!\d\s/)(?P<value>0?\.\d+(?:e-\d+)?|[01]\.\d+(?:e-\d+)?|\d(?:\.\d+)?e-\d+)"
    r"(?![\w.]*\d)(?!\s*(?:%|percent|pct|levels?\b))",
    re.IGNORECASE,
)
_LEVEL_BEFORE = re.compile(
    r"(?:\b(?:alpha|level|fdr|q|rate|familywise|fwer|significance|threshold|limit|at|below|under|cut-?off)|α)"
    r"\s*(?:of|is|=|:|<|≤|at|to|held|kept|\s){0,4}$",
    re.IGNORECASE,
)
_NAME_BEFORE = re.compile(
    r"([^\W\d_][\w\-/]*+(?:\s[^\W\d_][\w\-/]*+)?)\s*+(?:\(?p(?:-?values?)?\)?\s*+)?(?:[=:<]\s*+)*$",
    re.IGNORECASE,
)
_NO_NAMES = frozenset(
    "p ps and of on for values value p-values p-value the got are were in order adjust these".split()
)


def bind_p_value_adjustment(evidence: Evidence, binding: Binding) -> None:
    values, names = _p_values(evidence)
    if len(values.numbers) < 2:
        raise NeedsInput("the p-values are missing", "which p-values should be adjusted?")
    wrong = [value for value in values.numbers if not 0 <= value <= 1]
    if wrong:
        raise NeedsInput(
            f"{wrong[0]:g} is no p-value, it must lie between 0 and 1",
            "which p-values should be adjusted?",
        )
    binding.set("p_values", complete(binding, values), values.source)
    for table in evidence.tables:
        labels = evidence.text_columns(table)
        if labels and len(labels[0].values) == len(values.values):
            names = [str(value) for value in labels[0].values]
            break
    if len(names) == len(values.numbers) == len(set(names)):
        binding.set("names", names, values.source)
    for pattern, method in _ADJUSTMENTS:
        if evidence.has(pattern):
            binding.set("method", method, "question")
            break
    evidence.alpha(binding)
    set_lone_alpha(binding, evidence.text)
    share = fraction_in_words(evidence.text)
    if "alpha" not in binding.args and share is not None and 0 < share[0] <= 0.25:
        binding.set("alpha", round(share[0], 6), f"question[{share[1]}:{share[2]}]")


def _p_values(evidence: Evidence) -> tuple[Series, list[str]]:
    """The column of the p-values, or every figure from 0 to 1 that is no level, with its name."""
    if evidence.tables:
        series = evidence.series()
        named = [
            item for item in series if re.match(r"^p(?:[\s_-]?val\w*)?$", item.name, re.IGNORECASE)
        ]
        inside = [item for item in series if all(0 <= value <= 1 for value in item.numbers)]
        if named or inside:
            return (named or [max(inside, key=lambda item: len(item.values))])[0], []
    text = evidence.reading.plain
    found = [
        match
        for match in _VALUE.finditer(text)
        if not _LEVEL_BEFORE.search(text[max(0, match.start() - 32) : match.start()])
    ]
    longest = max(evidence.series(), key=lambda item: len(item.numbers), default=None)
    if longest is not None and len(longest.numbers) > len(found):
        return longest, []
    if not found:
        return Series(name="", values=[], source=""), []
    names = []
    previous = 0
    for match in found:
        named_before = _NAME_BEFORE.search(text[max(previous, match.start() - 40) : match.start()])
        if named_before:
            words = [word for word in named_before[1].split() if word.lower() not in _NO_NAMES]
            if words:
                names.append(" ".join(words[-2:]))
        previous = match.end()
    return (
        Series(
            name="",
            values=[float(match["value"]) for match in found],
            source=f"question[{found[0].start()}:{found[-1].end()}]",
        ),
        names,
    )


BINDERS: dict[str, Binder] = {"p_value_adjustment": bind_p_value_adjustment}
