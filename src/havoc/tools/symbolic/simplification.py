"""Simplify, expand or factor a formula, and evaluate one with values and units."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.result import Narrative, Outcome, Recomputed
from havoc.tools.symbolic.bounded import bounded
from havoc.tools.symbolic.calculus import PROBES, Formula, formula, reading_notes
from havoc.tools.symbolic.evaluation import evaluate as value_of
from havoc.tools.symbolic.syntax import read
from havoc.tools.symbolic.tree import names


class Simplified(Outcome):
    """``result`` is the new form; ``value`` its number if no variable is left."""

    result: str
    expression: str
    kind: str
    latex: str
    value: float | None = None
    excluded: list[str] = []  # noqa: RUF012


@tool(
    "simplify",
    title="Simplify a formula",
    source="sympy, checked at sample points",
    any_magnitude=True,
)
def simplify(
    expression: Formula,
    kind: Annotated[
        Literal["simplify", "expand", "factor", "partial_fractions", "together", "collect"],
        Meta(description="what to do with the formula"),
    ] = "simplify",
) -> Simplified:
    """What is a shorter, expanded or factored form of a formula?

    Use it before a formula goes into a report or a program. Assumes positive variables
    in roots and logarithms where that helps, and the answer says so; values that the
    original excludes (a zero denominator) are named.
    """
    formula(expression, [])
    answer = bounded("simplify", {"expression": expression, "how": kind})
    notes = reading_notes(expression)
    if answer["assumed_positive"]:
        notes.append("this form holds for positive variables")
    if answer["excluded"]:
        notes.append(f"the original has no value at {', '.join(answer['excluded'])}")
    return Simplified(
        method=f"symbolic: {kind.replace('_', ' ')}",
        result=answer["text"],
        expression=expression,
        kind=kind,
        latex=answer["latex"],
        value=answer["value"],
        excluded=answer["excluded"],
        warnings=notes,
    )


@simplify.narrates
def _narrate(result: Simplified) -> Narrative:
    details = []
    if result.excluded:
        details.append("The original has no value at {{excluded}}.")
    return Narrative(
        conclusion="{{expression}} is {{result}}.",
        details=details,
        key_figures=[("result", "{{result}}")],
    )


@simplify.verifies
def _verify(result: Simplified, **_: object) -> list[Recomputed]:
    """Both forms at positive sample points."""
    before = read(result.expression)
    present = names(before)
    try:
        after = read(result.result, present)
    except InputError:
        return []
    for shift in range(4):
        point = {name: PROBES[(i + shift) % 4] + 0.21 * i for i, name in enumerate(present)}
        first, second = float(value_of(before, point)), float(value_of(after, point))
        if math.isfinite(first) and math.isfinite(second):
            return [
                Recomputed(
                    name="value at a sample point",
                    value=second,
                    recomputed=first,
                    route="the original formula at the same point",
                    rtol=1e-8,
                )
            ]
    return []
