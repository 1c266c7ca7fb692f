"""Arguments of capability of batches, of counts, and of the six charts at once."""

from __future__ import annotations

import re

from havoc.reading.counts import read_counts
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.capability import within_sigma
from havoc.reason.binding.counted_samples import DEFECT_WORDS, DEFECTIVE_WORDS, counted_samples
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.measured_subgroups import grouped_rows, measurements
from havoc.reason.binding.study_settings import (
    labelled_subgroups,
    required_index,
    study_limits,
    told_size,
    told_target,
    with_told_size,
)

_BATCH = re.compile(
    r"^(?:batch|lot|subgroup|sub-?group|group|sample|sg|wafer|coil|roll|sheet|cast|heat|cavity|hour|day|run)(?:[\s_-]?(?:no\.?|nr\.?|id|number))?$",
    re.IGNORECASE,
)
_DISTRIBUTIONS: tuple[tuple[str, str], ...] = (
    (r"\b(?:3|three)[\s-]*param\w*[\s-]+weibull|\bweibull[^.?]{0,20}\bthreshold", "weibull_3p"),
    (
        r"\b(?:3|three)[\s-]*param\w*[\s-]+log-?\s?normal|\blog-?\s?normal[^.?]{0,20}\bthreshold",
        "lognormal_3p",
    ),
    (r"\b(?:3|three)[\s-]*param\w*[\s-]+gamma|\bgamma[^.?]{0,20}\bthreshold", "gamma_3p"),
    (
        r"\b(?:3|three)[\s-]*param\w*[\s-]+log-?\s?logistic|\blog-?\s?logistic[^.?]{0,20}\bthreshold",
        "loglogistic_3p",
    ),
    (
        r"\b(?:2|two)[\s-]*param\w*[\s-]+exponential|\bexponential[^.?]{0,20}\bthreshold",
        "exponential_2p",
    ),
    (r"box[\s-]*cox", "box_cox"),
    (r"\bjohnson", "johnson"),
    (r"\bweibull", "weibull"),
    (r"\blog[\s-]*normal", "lognormal"),
    (r"\blog[\s-]*logistic", "loglogistic"),
    (r"\blogistic", "logistic"),
    (r"\bgamma\b", "gamma"),
    (r"\bexponential", "exponential"),
    (r"\bsmallest[\s-]+extreme", "smallest_extreme_value"),
    (r"\blargest[\s-]+extreme|\bgumbel|\bextreme[\s-]+value", "largest_extreme_value"),
    (r"\bpercentile|\bquantile", "percentile"),
    (r"\bnon-?\s?normal\b|\bskewed\b", "auto"),
)


def named_distributions(text: str) -> list[str]:
    """Distributions in the text, each stretch of it read once, the longest name first."""
    found: list[tuple[int, str]] = []
    for pattern, name in _DISTRIBUTIONS:
        for match in re.finditer(pattern, text, re.IGNORECASE):
            found.append((match.start(), name))
            text = text[: match.start()] + "\x00" * len(match[0]) + text[match.end() :]
    return [name for _, name in sorted(found)]


def bind_capability_sixpack(evidence: Evidence, binding: Binding) -> None:
    _data_and_limits(evidence, binding)
    within_sigma(evidence, binding)
    named = [name for name in named_distributions(evidence.reading.plain) if name != "percentile"]
    if named:
        binding.set("distribution", named[0], "question")
    if "target" not in binding.args:
        binding.take("target", evidence.scalar("target"))
    required_index(evidence, binding)
    evidence.confidence_of_limits(binding)


def bind_capability_between_within(evidence: Evidence, binding: Binding) -> None:
    _data_and_limits(evidence, binding)
    if "subgroups" not in binding.args and binding.args.get("subgroup_size", 1) < 2:
        raise NeedsInput(
            "the batches (subgroups) are missing",
            "which values belong to one batch, or how many consecutive values form one?",
        )
    if evidence.has(r"\banova\b|\bcomponents? of variance|\bvariance components?"):
        binding.set("between_method", "anova", "question")
    if "target" not in binding.args:
        binding.take("target", evidence.scalar("target"))
    required_index(evidence, binding)
    evidence.confidence_of_limits(binding)


def _data_and_limits(evidence: Evidence, binding: Binding) -> None:
    try:
        _data(evidence, binding)
    except NeedsInput:
        study_limits(evidence, binding)  # what is asked for first, where both are missing
        raise
    study_limits(evidence, binding)


def _data(evidence: Evidence, binding: Binding) -> None:
    labelled = not evidence.tables and labelled_subgroups(evidence, binding)
    if not (labelled or _batches(evidence, binding) or _rows(evidence, binding)):
        measurements(evidence, binding)
    told_size(evidence, binding)


def _rows(evidence: Evidence, binding: Binding) -> bool:
    """A row for each batch: its label, and its values in the columns beside."""
    for table in evidence.tables:
        label = next((column for column in table.columns if _BATCH.match(column.name)), None)
        if label is None or len(set(label.present)) < len(label.present) or not table.header:
            continue
        values = [c for c in table.columns if c.kind == "number" and c is not label]
        rows = [
            [value for c in values if isinstance(value := c.values[row], float)]
            for row in range(table.rows)
        ]
        if len(values) == 1 and len(rows) >= 3:
            binding.set("data", [row[0] for row in rows if row], f"{table.source}#{values[0].name}")
            return True
        if len(values) >= 2 and min(map(len, rows)) >= 1 and not evidence.named(values):
            binding.set("subgroups", rows, table.source)
            return True
    return False


def _batches(evidence: Evidence, binding: Binding) -> bool:
    """A column of values beside a column that names the batch of each."""
    for table in evidence.tables:
        label = next((column for column in table.columns if _BATCH.match(column.name)), None)
        label = label or next(iter(evidence.factor_columns(table)), None)
        if label is None or len(set(label.present)) == len(label.present):
            continue
        values = [
            column
            for column in table.columns
            if column.kind == "number" and column is not label and not _BATCH.match(column.name)
        ]
        values = evidence.named(values) or values
        if len(values) != 1:
            continue
        rows = grouped_rows(label, values[0])
        if len(rows) < 2 or max(map(len, rows)) < 2:
            continue
        source = f"{table.source}#{values[0].name}"
        binding.set("subgroups", rows, source)
        binding.echo(
            "{} holds the values, {} the batches",
            (values[0].name, source),
            (label.name, f"{table.source}#{label.name}"),
        )
        return True
    return False


def bind_capability_attribute(evidence: Evidence, binding: Binding) -> None:
    names = " ".join(column.name for table in evidence.tables for column in table.columns).lower()
    text = f"{evidence.text} {names}"
    poisson = re.search(r"\bpoisson|\bdpu\b|\bdefects?\s+per\s+unit", text)
    binomial = re.search(rf"\bbinomial|{DEFECTIVE_WORDS}", text)
    kind = "u" if poisson or (re.search(DEFECT_WORDS, text) and not binomial) else "p"
    pairs = read_counts(evidence.reading.plain)
    if pairs and not evidence.series():
        name = "defectives" if kind == "p" else "defects"
        binding.set(name, [float(pair.successes) for pair in pairs], "question")
        binding.set("sample_size", [float(pair.trials) for pair in pairs], "question")
    elif not with_told_size(evidence, binding, kind):
        try:
            counted_samples(evidence, binding, kind)
        except NeedsInput as needed:
            raise NeedsInput(
                needed.what.replace(f"a {kind} chart", "capability"), needed.ask
            ) from None
    evidence.confidence_of_limits(binding)
    told_target(evidence, binding)
    if evidence.has(r"\bnelson"):
        binding.set("rules", "nelson", "question")


BINDERS: dict[str, Binder] = {
    "capability_attribute": bind_capability_attribute,
    "capability_between_within": bind_capability_between_within,
    "capability_sixpack": bind_capability_sixpack,
}
