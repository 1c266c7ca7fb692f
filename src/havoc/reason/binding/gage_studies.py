"""Arguments of gage studies beside the crossed one: nested, expanded, stability, go/no-go."""

from __future__ import annotations

import re

from havoc.reading.table import Column, Table
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.measurement import bind_gage_rr
from havoc.reason.binding.study_rows import text_of

_PART = re.compile(
    r"^(?:parts?|pieces?|samples?|items?|units?|specimens?|wafers?|batch(?:es)?|lots?)(?:[\s_-]?(?:no\.?|nr\.?|id|number))?$",
    re.IGNORECASE,
)
_ORDER = re.compile(r"^(?:order|run|run[\s_-]?order|seq\w*|no\.?|#|row|trials?|reps?|replicates?|repeat)$", re.IGNORECASE)  # fmt: skip
_RATING = re.compile(r"^(?:y|value|values|measurements?|meas\w*|result|response|reading|readings?|data)$", re.IGNORECASE)  # fmt: skip


def bind_gage_rr_nested(evidence: Evidence, binding: Binding) -> None:
    """The columns are those of the crossed study."""
    try:
        bind_gage_rr(evidence, binding)
    except NeedsInput as needed:
        raise NeedsInput(
            "a nested gage study needs each measurement with its part and its operator", needed.ask
        ) from None
    if "data" not in binding.args:
        raise NeedsInput(
            "a nested gage study needs each measurement with its part and its operator",
            "which part (batch) and operator does each measurement belong to?",
        )
    binding.args.pop("method", None)
    evidence.confidence(binding)


def bind_gage_rr_expanded(evidence: Evidence, binding: Binding) -> None:
    for table in evidence.tables:
        found = _columns(evidence, table)
        if found is None:
            continue
        response, factors = found
        part = next((column for column in factors if _PART.match(column.name)), None)
        if part is None:
            part = _mentioned_part(evidence, factors)
        binding.set("data", list(response.values), f"{table.source}#{response.name}")
        binding.set(
            "factors",
            {
                column.name: ["" if value is None else text_of(value) for value in column.values]
                for column in factors
            },
            table.source,
        )
        binding.set("part", part.name, f"{table.source}#{part.name}")
        _fixed_and_nested(evidence, binding, factors)
        _tolerance(evidence, binding)
        if evidence.has(r"\banova\b|\bmean squares?\b"):
            binding.set("method", "anova", "question")
        binding.echo(
            "{} is the measurement, {} the part, {} the factors",
            (response.name, f"{table.source}#{response.name}"),
            (part.name, f"{table.source}#{part.name}"),
            ([column.name for column in factors], table.source),
        )
        evidence.confidence(binding)
        return
    raise NeedsInput(
        "an expanded gage study needs a table: the measurements beside a column for every factor",
        "which part, operator and further factors belong to each measurement?",
    )


def _columns(evidence: Evidence, table: Table) -> tuple[Column, list[Column]] | None:
    """The measurements, and the columns whose levels repeat."""
    usable = [column for column in table.columns if not _ORDER.match(column.name)]
    numbers = [
        column
        for column in usable
        if column.kind == "number" and not _PART.match(column.name) and len(set(column.present)) > 2
    ]
    if not numbers:
        return None
    response = next((column for column in numbers if _RATING.match(column.name)), None)
    if response is None:
        named = evidence.named(numbers)
        response = named[0] if named else max(numbers, key=lambda item: len(set(item.present)))
    factors = [
        column
        for column in usable
        if column is not response and 1 < len(set(column.present)) < len(column.present)
    ]
    return (response, factors) if len(factors) >= 2 else None


def _mentioned_part(evidence: Evidence, factors: list[Column]) -> Column:
    for column in factors:
        if re.search(
            rf"\b{re.escape(column.name.lower())}s?\s+(?:is|are|as)\s+(?:the\s+)?parts?\b",
            evidence.text,
        ):
            return column
    names = ", ".join(column.name for column in factors)
    raise NeedsInput(
        f"none of the factors ({names}) is named as the part", "which column holds the part?"
    )


def _fixed_and_nested(evidence: Evidence, binding: Binding, factors: list[Column]) -> None:
    fixed, nested = [], {}
    for column in factors:
        name = re.escape(column.name.lower())
        if re.search(
            rf"\bfixed\s+(?:factors?\s+)?{name}s?\b|\b{name}s?\b[^.;?]{{0,20}}\bfixed\b",
            evidence.text,
        ):
            fixed.append(column.name)
        for other in factors:
            outer = re.escape(other.name.lower())
            if other is not column and re.search(
                rf"\b{name}s?\b[^.;?]{{0,24}}\b(?:nested\s+)?(?:within|in)\s+(?:each\s+|the\s+)?{outer}s?\b",
                evidence.text,
            ):
                nested[column.name] = other.name
    part = str(binding.args["part"])
    operator = next(
        (c.name for c in factors if re.match(r"(?i)^(?:operator|appraiser|inspector)s?$", c.name)),
        "",
    )
    if not nested and operator and operator != part and evidence.has(r"\bnested\b"):
        nested[part] = operator
    if fixed:
        binding.set("fixed", fixed, "question")
    if nested:
        binding.set("nested", nested, "question")


def _tolerance(evidence: Evidence, binding: Binding) -> None:
    match = re.search(r"\b(?:tolerance|tol)\b\s*(?:width|is|of|=|:)?\s*(\d*\.?\d+)", evidence.text)
    if match:
        binding.set("tolerance", float(match[1]), f"question[{match.start(1)}:{match.end(1)}]")
        return
    low, high = evidence.scalar("lsl"), evidence.scalar("usl")
    if low is not None and high is not None:
        binding.take("lsl", low)
        binding.take("usl", high)


BINDERS: dict[str, Binder] = {
    "gage_rr_expanded": bind_gage_rr_expanded,
    "gage_rr_nested": bind_gage_rr_nested,
}
