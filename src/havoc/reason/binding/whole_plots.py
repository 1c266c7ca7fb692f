"""Arguments of the analysis of split plots: what was set once for several runs, and what varied."""

from __future__ import annotations

import re

from havoc.reading.table import Column
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Binder, Evidence
from havoc.reason.binding.experiment_models import (
    REPLICATE,
    cells_of,
    column_called,
    design_columns,
    interaction_order,
    measured_rows,
    set_response,
)
from havoc.reason.binding.told_frames import is_told, or_told

_WHOLE_PLOT = re.compile(r"^(?:whole[\s_-]?plots?|wp|main[\s_-]?plots?|plots?)$", re.IGNORECASE)
_SUB_PLOT = re.compile(r"^(?:sub[\s_-]?plots?|sp)$", re.IGNORECASE)


def bind_split_plot_analysis(evidence: Evidence, binding: Binding) -> None:
    table, columns, response, block = design_columns(evidence, "a split-plot analysis")
    rows = measured_rows(binding, table, response)
    plots, inner = column_called(columns, _WHOLE_PLOT), column_called(columns, _SUB_PLOT)
    if plots is None:
        nesting = [column for column in columns if column is not inner and _nests(column, columns)]
        nesting.sort(key=lambda column: len(set(column.values)))
        plots = nesting[0] if nesting else None
        inner = nesting[1] if len(nesting) > 1 and inner is None else inner
    if block is None:
        rest = [column for column in columns if column not in (plots, inner)]
        block = _block(evidence, rest, told=is_told(table))
    factors = [column for column in columns if column not in (plots, inner, block)]
    hard = _hard_factors(evidence, factors)
    if plots is not None and not hard:
        hard = [column for column in factors if _follows(column, plots)]
    if not hard and is_told(table) and len(factors) == 2:
        # what was told first of a group holds for all values of the group
        hard = factors[:1]
    if plots is None and not hard:
        names = " or ".join(column.name for column in factors[:6])
        raise NeedsInput(
            "it is not said which factors were hard to change",
            f"which factor was set only once for several runs: {names}?",
        )
    binding.set("factors", {c.name: cells_of(c, rows) for c in factors}, table.source)
    set_response(binding, table, response, rows)
    if hard:
        binding.set("whole_plot_factors", [column.name for column in hard], "question")
    for name, column in (("whole_plot", plots), ("block", block), ("sub_plot", inner)):
        if column is not None:
            binding.set(name, cells_of(column, rows), f"{table.source}#{column.name}")
    _method(evidence, binding)
    interaction_order(evidence, binding)
    evidence.alpha(binding)
    binding.echo(
        "factors {}, hard to change {}, response {}",
        ([column.name for column in factors], table.source),
        ([column.name for column in hard] or "as the whole plots say", table.source),
        (response.name, table.source),
    )


def _method(evidence: Evidence, binding: Binding) -> None:
    if evidence.has(r"\breml\b(?<!not reml)|restricted maximum|mixed model"):
        binding.set("approach", "reml", "question")
    if evidence.has(r"\b(?:classical )?strata\b|\bnot\s+reml\b"):
        binding.set("approach", "strata", "question")
    if evidence.has(r"\bsatterthwaite|\blmertest"):
        binding.set("df_method", "satterthwaite", "question")
        binding.set("approach", "reml", "question")
    elif evidence.has(r"\bkenward|\bkr\b"):
        binding.set("df_method", "kenward_roger", "question")
        binding.set("approach", "reml", "question")


def _follows(column: Column, plots: Column) -> bool:
    """Does the whole plot settle this factor?"""
    pairs = set(zip(plots.values, column.values, strict=True))
    return len(pairs) == len(set(plots.values))


def _nests(column: Column, columns: list[Column]) -> bool:
    """Whole plots: three or more labels, of several runs each, that settle a factor."""
    levels = set(column.present)
    if len(levels) < 3 or len(levels) * 2 > len(column.values):
        return False
    return any(
        2 <= len(set(other.present)) < len(levels) and _follows(other, column)
        for other in columns
        if other is not column
    )


def _block(evidence: Evidence, columns: list[Column], *, told: bool) -> Column | None:
    """A replicate by its name, or a column of which the question says that it is the block."""
    named = column_called(columns, REPLICATE)
    if named is not None or len(columns) < 3:
        return named
    for column in columns:
        name = re.escape(column.name.lower())
        if evidence.has(rf"(?<!\w){name}s?\s*(?:=|is|are|as|being)\s*(?:the\s+|a\s+)?block"):
            return column
    if told and evidence.has(r"\bblock|\brep(?:licate)?s?\b|\bdays?\b|\bweeks?\b"):
        return columns[0]
    return None


_HARD_WORDS = (
    r"hard(?:er)?[\s-]to[\s-]change|hard|whole[\s-]?plots?(?:\s+factors?)?|main[\s-]?plots?|htc|"
    r"set\s+once|(?:changed|set)\s+only\s+once|batch\s+factors?|per\s+(?:batch|load|day)"
)


_EASY_WORDS = r"easy|easily|sub[\s-]?plots?|split[\s-]?plot\s+factors?|etc\b"
_BE = r"(?:is|was|were|are|being|as|a|the|very)\s+"


def _hard_factors(evidence: Evidence, factors: list[Column]) -> list[Column]:
    """ "temperature is hard to change", "whole-plot factor: temperature".

    In "oven temp whole plot, coating sub plot" the words stand behind each factor, so that
    "whole plot" is taken by the one before it.
    """
    taken: set[int] = set()
    found = []
    names = {
        column.name: re.sub(r"\\ |_|\\-", r"[\\s_-]", re.escape(column.name.lower()))
        for column in factors
    }
    for column in factors:
        name = names[column.name]
        before = rf"\b{name}\b\s*(?:{_BE}|\(){{0,3}}(?P<words>{_HARD_WORDS})"
        match = re.search(before, evidence.text)
        if match:
            taken.add(match.end("words"))
            found.append(column)
    for column in factors:
        name = names[column.name]
        after = rf"\b(?P<words>{_HARD_WORDS})\s*(?:factors?)?\s*(?:{_BE}|[:=(]\s*){{0,3}}{name}\b"
        easy = re.search(rf"\b{name}\b\s*(?:{_BE}|\(){{0,3}}(?:{_EASY_WORDS})", evidence.text)
        match = re.search(after, evidence.text)
        if match and not easy and match.end("words") not in taken and column not in found:
            found.append(column)
    return [column for column in factors if column in found]


BINDERS: dict[str, Binder] = {"split_plot_analysis": or_told(bind_split_plot_analysis)}
