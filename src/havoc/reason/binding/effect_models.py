"""Arguments of models with factors and covariates, and of models with random factors."""

from __future__ import annotations

import re
from itertools import pairwise

from havoc.reading.table import Column
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.linear_models import (
    Frame,
    choose_response,
    complete_rows,
    frame_of,
    predictors_of,
)
from havoc.reason.binding.told_frames import is_told, or_told

_FACTOR_NAME = re.compile(
    r"^(?:group|treatment|treat|level|factor|line|machine|lab|laboratory|operator|supplier|class|lot|batch|shift"
    r"|cavity|tool|block|day|subject|part|plant|site|wafer|furnace|oven|position|method|type|material|head|week)s?\b",
    re.IGNORECASE,
)
_MOST_CODES = 12
_MOST_FACTORS = 3
"""A small table holds the model; of a larger one the question names the columns."""


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
    columns = [column for column in frame.columns if column is not response]
    if len(columns) > _MOST_FACTORS:
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


# random factors ------------------------------------------------------------------------

_RANDOM_NAME = re.compile(
    r"^(?:batch|block|lot|subject|worker|operator|day|week|run|plant|site|lab|laboratory|wafer|part|cask|patient"
    r"|animal|supplier|coil|heat|cavity|plot|field|oven|furnace)s?\b",
    re.IGNORECASE,
)


def bind_mixed_model(evidence: Evidence, binding: Binding) -> None:
    frame = frame_of(evidence, "a mixed model")
    response = choose_response(evidence, frame)
    rest = [column for column in frame.columns if column is not response]
    if _is_factor(evidence, response):
        numbers = [
            column
            for column in rest
            if column.kind == "number" and not _is_factor(evidence, column)
        ]
        response = numbers[-1] if numbers else response
        rest = [column for column in frame.columns if column is not response]
    nested = _nested(evidence, frame, rest)
    random = _random_columns(evidence, frame, rest)
    random += [
        column
        for column in rest
        if column not in random and (column.name in nested or column.name in nested.values())
    ]
    if not random:
        raise NeedsInput(
            "a mixed model needs a random factor, whose levels stand for many others",
            f"which of {', '.join(column.name for column in rest[:8])} is random (batch, block, "
            "operator, day)?",
        )
    fixed = [
        column
        for column in (
            rest if is_told(frame.table) else predictors_of(evidence, frame, response, *random)
        )
        if column not in random
    ]
    named = evidence.named(rest)
    if not is_told(frame.table) and all(column in random for column in named):
        labelled = [column for column in fixed if column.kind == "text"]
        fixed = labelled if any(_stem(column.name) in evidence.text for column in labelled) else []
    columns = [response, *random, *fixed]
    values = complete_rows(binding, frame, columns)
    by_name = {column.name: value for column, value in zip(columns, values, strict=True)}
    binding.set("response", values[0], frame.source(response))
    binding.set("response_name", response.name, frame.source(response))
    _set_columns(binding, frame, "random", random, by_name)
    factors = [column for column in fixed if _is_factor(evidence, column)]
    covariates = [column for column in fixed if column not in factors]
    _set_columns(binding, frame, "factors", factors, by_name)
    _set_columns(binding, frame, "covariates", covariates, by_name)
    if nested:
        binding.set("nested", nested, "question")
    _products(evidence, binding, random, factors, covariates)
    if evidence.has(r"\bkenward"):
        binding.set("df_method", "kenward_roger", "question")
    if evidence.has(r"\b(?:full|plain) maximum likelihood\b|\bby ml\b|\(ml\)|\busing ml\b"):
        binding.set("estimation", "ml", "question")
    if response.unit and "%" not in response.unit:
        binding.set("unit", response.unit, frame.source(response))
    evidence.alpha(binding)
    binding.echo(
        "{} is the response, {} is random" + (", {} is fixed" if fixed else ""),
        (response.name, frame.source(response)),
        (", ".join(column.name for column in random), frame.source(random[0])),
        *([(", ".join(column.name for column in fixed), frame.source(fixed[0]))] if fixed else []),
    )


_SAMPLED = (
    r"(?:random\w*|sampled?|samples|drawn|draws|draw|picked|taken|grabbed|population|represent\w*|"
    r"belong\s+together|stick\s+together|as\s+they\s+came|blocks?)"
)


def _stem(name: str) -> str:
    """What the name begins with, whether one or several are meant."""
    word = re.split(r"[\s_]", name.lower())[-1]
    return re.sub(r"(?:es|s|y|e)$", "", word) if len(word) > 3 else word


def _nested(evidence: Evidence, frame: Frame, rest: list[Column]) -> dict[str, str]:
    """Factors that are said to lie in others, or whose told labels all lie in one of another."""
    found = {
        inner.name: outer.name
        for inner in rest
        for outer in rest
        if inner is not outer
        and evidence.has(
            rf"(?<!\w){re.escape(inner.name.lower())}s?\s+(?:is\s+|are\s+)?(?:nested\s+)?(?:with)?in(?:side)?\s+(?:the\s+|each\s+)?"
            rf"{re.escape(outer.name.lower())}"
        )
    }
    if found or not is_told(frame.table):
        return found
    for outer, inner in pairwise(rest):
        pairs = set(zip(inner.values, outer.values, strict=True))
        fewer = 1 < len(set(outer.values)) < len(set(inner.values))
        if fewer and len(pairs) == len(set(inner.values)) < len(inner.values):
            found[inner.name] = outer.name
    return found


def _random_columns(evidence: Evidence, frame: Frame, columns: list[Column]) -> list[Column]:
    """Columns that the question calls random, else those whose name says so.

    Of labels that are told without a name the outermost group the values, so that these are
    the random ones.
    """
    names = "|".join(re.escape(column.name.lower()) for column in columns)
    clause = rf"(?:{names})s?(?:\s*(?:,|and|&|,\s*and)\s*(?:the\s+)?(?:{names})s?)*"
    told: set[str] = set()
    for pattern in (
        rf"\brandom\s+(?:(?:block|effect|factor|intercept|term|group|sample)s?\s*)?(?:are\s+|is\s+|of\s+|for\s+|:|=)?\s*(?:the\s+)?({clause})(?!\w|\s*[*×])",
        rf"(?<!\w)({clause})\s+(?:(?:is|are|as|being)\s+|\(\s*)(?:both\s+|a\s+|the\s+)?(?:drawn\s+at\s+|to\s+be\s+)?random",
    ):
        for match in re.finditer(pattern, evidence.text):
            told |= set(re.findall(rf"(?<!\w)({names})s?(?!\w)", match[1]))
    found = [column for column in columns if column.name.lower() in told]
    if evidence.has(r"\bboth\s+(?:are\s+)?(?:\w+\s+){0,2}random"):
        labels = [column for column in columns if _is_factor(evidence, column)]
        found = labels if len(labels) == 2 else found
    if not found:
        found = [
            column
            for column in columns
            if len(_stem(column.name)) > 1
            and not _is_covariate(column)
            and evidence.has(
                rf"\b{re.escape(_stem(column.name))}\w{{0,3}}\s+(?:[\w-]+\s+){{0,5}}?{_SAMPLED}\b"
            )
        ]
    found = found or [column for column in columns if _RANDOM_NAME.match(column.name)]
    if not found and is_told(frame.table):
        found = list(columns[:1])
    return found


def _is_covariate(column: Column) -> bool:
    return column.kind == "number" and len(set(column.present)) * 2 > len(column.present)


def _products(
    evidence: Evidence,
    binding: Binding,
    random: list[Column],
    factors: list[Column],
    covariates: list[Column],
) -> None:
    """Products with a random factor are random, the others fixed."""
    crossed = [
        f"{first.name}*{second.name}"
        for i, first in enumerate([*random, *factors])
        for second in [*random, *factors][i + 1 :]
        if (first in random or second in random)
        and any(
            evidence.has(
                rf"(?<!\w){re.escape(a.name.lower())}\s*[*×:]\s*{re.escape(b.name.lower())}(?!\w)"
            )
            for a, b in ((first, second), (second, first))
        )
    ]
    if crossed:
        binding.set("random_interactions", crossed, "question")
    else:
        _interactions(evidence, binding, factors, covariates)


BINDERS: dict[str, Binder] = {
    "general_linear_model": or_told(bind_general_linear_model, covariates=True),
    "mixed_model": or_told(bind_mixed_model, least_depth=1),
}
