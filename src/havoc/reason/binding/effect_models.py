"""Arguments of models with factors and covariates, and of models with random factors."""

from __future__ import annotations

import re

from havoc.reading.table import Column
from havoc.reason.binding.evidence import Binder, Binding, Evidence, NeedsInput
from havoc.reason.binding.linear_models import (
    Frame,
    choose_response,
    complete_rows,
    frame_of,
    predictors_of,
)

_FACTOR_NAME = re.compile(
    r"^(?:group|treatment|treat|level|factor|line|machine|lab|laboratory|operator|supplier|class|lot|batch|shift"
    r"|cavity|tool|block|day|subject|part|plant|site|wafer|furnace|oven|position|method|type|material|head|week)s?\b",
    re.IGNORECASE,
)
_MOST_CODES = 12


def _is_factor(evidence: Evidence, column: Column) -> bool:
    """Labels, or whole-number codes that the name or the question makes a factor."""
    if column.kind == "text":
        return True
    levels = set(column.present)
    name = re.escape(column.name.lower())
    if evidence.has(
        rf"\bcovariates?\W{{1,3}}(?:is\s+|are\s+|=\s*)?(?:\w+\s+(?:and|,)\s+)?{name}(?!\w)"
        rf"|(?<!\w){name}\s+(?:is|as|being)\s+(?:the\s+|a\s+)?covariate"
    ):
        return False
    told = evidence.has(
        rf"\b(?:factors?|blocks?|random(?:\s+effect)?)\W{{1,3}}(?:is\s+|are\s+|of\s+|for\s+)?{name}(?!\w)"
        rf"|(?<!\w){name}\s+(?:is|as|are|being)\s+(?:the\s+|a\s+)?(?:fixed\s+|random\s+)?(?:factor|block|random)"
    )
    whole = all(isinstance(value, float) and value == int(value) for value in levels)
    few = whole and 2 <= len(levels) <= _MOST_CODES and len(levels) < len(column.present)
    return (told and len(levels) < len(column.present)) or (
        few and _FACTOR_NAME.match(column.name) is not None
    )


def bind_general_linear_model(evidence: Evidence, binding: Binding) -> None:
    frame = frame_of(evidence, "a general linear model")
    response = choose_response(evidence, frame)
    if _is_factor(evidence, response):
        numbers = [
            column
            for column in frame.columns
            if column.kind == "number" and not _is_factor(evidence, column)
        ]
        response = numbers[-1] if numbers else response
    columns = predictors_of(evidence, frame, response)
    if not columns:
        raise NeedsInput("no factor stands beside the response", "what may influence it?")
    values = complete_rows(binding, frame, [response, *columns])
    binding.set("response", values[0], frame.source(response))
    binding.set("response_name", response.name, frame.source(response))
    factors = [column for column in columns if _is_factor(evidence, column)]
    covariates = [column for column in columns if column not in factors]
    by_name = {column.name: value for column, value in zip(columns, values[1:], strict=True)}
    _set_columns(binding, frame, "factors", factors, by_name)
    _set_columns(binding, frame, "covariates", covariates, by_name)
    _interactions(evidence, binding, factors, covariates)
    types = {"i": 1, "1": 1, "ii": 2, "2": 2, "iii": 3, "3": 3}
    told = re.search(r"\btype[\s-]+(iii|ii|i|[123])\b", evidence.text)
    if told:
        binding.set("ss_type", types[told[1]], "question")
    elif evidence.has(r"\bsequential\b"):
        binding.set("ss_type", 1, "question")
    for name in ("tukey", "bonferroni", "sidak"):
        if evidence.has(rf"\b{name}"):
            binding.set("adjust", name, "question")
    compared = [
        column
        for column in factors
        if evidence.has(
            rf"\b(?:compar\w*|means?\s+(?:of|for)|differ\w*|between)\b[^.?]{{0,60}}?"
            rf"(?<!\w){re.escape(column.name.lower())}"
        )
    ]
    if len(compared) == 1 and len(factors) > 1:
        binding.set("compare", compared[0].name, "question")
    if response.unit and "%" not in response.unit:
        binding.set("unit", response.unit, frame.source(response))
    evidence.alpha(binding)
    binding.echo(
        "{} is the response, {}",
        (response.name, frame.source(response)),
        (
            "; ".join(
                f"{what} {', '.join(column.name for column in found)}"
                for what, found in (("factors", factors), ("covariates", covariates))
                if found
            ),
            frame.source(columns[0]),
        ),
    )


def _set_columns(
    binding: Binding,
    frame: Frame,
    name: str,
    columns: list[Column],
    values: dict[str, list[float | str]],
) -> None:
    if columns:
        binding.set(
            name,
            {column.name: values[column.name] for column in columns},
            ", ".join(frame.source(column) for column in columns)[:400],
        )


def _interactions(
    evidence: Evidence, binding: Binding, factors: list[Column], covariates: list[Column]
) -> None:
    if evidence.has(r"\b(?:no|without(?: the| any)?) interactions?\b"):
        return
    columns = [*factors, *covariates]
    products = [
        f"{first.name}*{second.name}"
        for first in columns
        for second in columns
        if first is not second
        and evidence.has(
            rf"(?<!\w){re.escape(first.name.lower())}\s*[*×:]\s*{re.escape(second.name.lower())}(?!\w)"
        )
    ]
    if products:
        binding.set("interactions", products, "question")
    elif len(factors) >= 2 and evidence.has(r"\binteract"):
        binding.set("interactions", True, "question")
    elif (
        evidence.has(r"\binteract|\bseparate slopes|\bdifferent slopes") and factors and covariates
    ):
        binding.set(
            "interactions", [f"{f.name}*{c.name}" for f in factors for c in covariates], "question"
        )


BINDERS: dict[str, Binder] = {"general_linear_model": bind_general_linear_model}
