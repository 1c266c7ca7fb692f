"""Arguments of the analysis of factorials and of paths on a response surface."""

from __future__ import annotations

import re

from havoc.reading.table import Column, Table
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.experiment_analysis import design_table, prose_columns
from havoc.reason.binding.mention import mentioned
from havoc.reason.binding.path_settings import set_coding, set_radii, set_step, set_steps
from havoc.reason.binding.told_frames import or_told

REPLICATE = re.compile(r"^(?:block|rep(?:licate|lication)?|day|week|shift)s?$", re.IGNORECASE)

Rows = list[int]


def design_columns(
    evidence: Evidence, what: str
) -> tuple[Table, list[Column], Column, Column | None]:
    try:
        return design_table(evidence)
    except NeedsInput:
        raise NeedsInput(
            f"{what} needs one column a factor and one with the response",
            "which settings were run, and what was measured in each run?",
        ) from None


def cells_of(column: Column, rows: Rows) -> list[float | str]:
    """The settings of the runs that count; a missing one is a question."""
    found: list[float | str] = []
    for row in rows:
        value = column.values[row]
        if value is None:
            raise NeedsInput(
                f"a setting of {column.name} is missing",
                f"which {column.name} was used in run {row + 1}?",
            )
        found.append(value)
    return found


def measured_rows(binding: Binding, table: Table, response: Column) -> Rows:
    """Runs with a response; those without are left out, and said so."""
    rows = [row for row, value in enumerate(response.values) if value is not None]
    if len(rows) < len(response.values):
        binding.warn(
            "{} runs without a response were left out",
            (len(response.values) - len(rows), table.source),
        )
    return rows


def set_response(binding: Binding, table: Table, response: Column, rows: Rows) -> None:
    values = [response.values[row] for row in rows]
    binding.set("response", values, f"{table.source}#{response.name}")
    binding.set("response_name", response.name, table.source)
    if response.unit:
        binding.set("unit", response.unit, table.source)


def column_called(columns: list[Column], pattern: re.Pattern[str]) -> Column | None:
    return next((column for column in columns if pattern.match(column.name)), None)


def _reduction(evidence: Evidence, binding: Binding) -> None:
    if evidence.has(r"\breduc\w+|\bbackward|\bdrop (?:the )?(?:in|non)significant|\bprune\b"):
        binding.set("reduce", "backward", "question")


def interaction_order(evidence: Evidence, binding: Binding) -> None:
    if evidence.has(
        r"\bmain[\s-]effects?\s+only|\b(?:only|just)\s+(?:the\s+)?(?:\w+\s+)?main[\s-]effects?"
        r"|\bno (?:interactions?|cross[\s-]terms?)\b|without (?:the )?interactions?"
    ):
        binding.set("order", 1, "question")
    elif evidence.has(
        r"\b(?:two|2)-?\s?(?:factor|way) interactions? only|\bup to (?:two|2)-?\s?(?:factor|way)"
        r"|\b(?:pairs|interactions? of two)\s+at\s+most"
    ):
        binding.set("order", 2, "question")


def bind_factorial_anova(evidence: Evidence, binding: Binding) -> None:
    table, columns, response, block = design_columns(evidence, "a factorial analysis")
    rows = measured_rows(binding, table, response)
    named = mentioned(columns, evidence.text)
    if block is None and evidence.has(r"\bblock"):
        block = column_called(columns, REPLICATE)
    factors = [column for column in columns if column is not block]
    if len(named) >= 2 and len(named) < len(factors) and block not in named:
        factors = [column for column in factors if column in named]
    binding.set(
        "factors", {column.name: cells_of(column, rows) for column in factors}, table.source
    )
    set_response(binding, table, response, rows)
    if block is not None:
        binding.set("block", cells_of(block, rows), f"{table.source}#{block.name}")
    for pattern, value in ((r"type\s*(?:iii|3)\b", 3), (r"type\s*(?:ii|2)\b", 2)):
        if evidence.has(pattern):
            binding.set("ss_type", value, "question")
            break
    interaction_order(evidence, binding)
    _reduction(evidence, binding)
    evidence.alpha(binding)
    binding.echo(
        "factors {}, response {}",
        ([column.name for column in factors], table.source),
        (response.name, table.source),
    )


def set_goal(evidence: Evidence, binding: Binding) -> None:
    if evidence.has(
        r"\b(?:lowest|minimi[sz]e\w*|(?<!nor a )minimum|least|smallest|descent|reduce|as low as|lower|"
        r"down\s+fast|downhill)\b"
    ) and not evidence.has(r"\b(?:neither|nor)\s+an?\s+minimum"):
        binding.set("goal", "minimize", "question")


def _surface_columns(evidence: Evidence, binding: Binding) -> None:
    if not evidence.tables:
        found = prose_columns(evidence)
        if found is None:
            raise NeedsInput(
                "the settings and the response of every run are needed",
                "which settings were run, and what was measured in each?",
            )
        others, response = found
        binding.set("factors", {item.name: item.numbers for item in others}, others[0].source)
        binding.set("response", response.numbers, response.source)
        binding.set("response_name", response.name, response.source)
        return
    table, columns, measured, block = design_columns(evidence, "a response surface")
    rows = measured_rows(binding, table, measured)
    if block is None:
        block = column_called(columns, REPLICATE)
    numeric = [column for column in columns if column.kind == "number" and column is not block]
    binding.set(
        "factors", {column.name: cells_of(column, rows) for column in numeric}, table.source
    )
    set_response(binding, table, measured, rows)
    if block is not None:
        binding.set("block", cells_of(block, rows), f"{table.source}#{block.name}")
    binding.echo(
        "factors {}, response {}",
        ([column.name for column in numeric], table.source),
        (measured.name, table.source),
    )


def bind_ridge_analysis(evidence: Evidence, binding: Binding) -> None:
    _surface_columns(evidence, binding)
    set_goal(evidence, binding)
    set_steps(evidence, binding)
    set_radii(evidence, binding)
    set_coding(evidence, binding)
    evidence.alpha(binding)


def bind_steepest_ascent(evidence: Evidence, binding: Binding) -> None:
    _surface_columns(evidence, binding)
    if evidence.has(r"\bdescent\b") or not evidence.has(r"\bascent\b"):
        set_goal(evidence, binding)
    if evidence.has(r"\bcanonical\s+path"):
        binding.set("kind", "canonical", "question")
    elif evidence.has(r"\bsecond[\s-]order|\bquadratic|\bridge\b|\bcurved path"):
        binding.set("kind", "ridge", "question")
    set_steps(evidence, binding)
    set_step(evidence, binding)
    set_coding(evidence, binding)
    evidence.alpha(binding)


BINDERS: dict[str, Binder] = {
    "factorial_anova": or_told(bind_factorial_anova),
    "ridge_analysis": or_told(bind_ridge_analysis, settings=True),
    "steepest_ascent": or_told(bind_steepest_ascent, settings=True),
}
