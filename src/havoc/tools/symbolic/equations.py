"""Solve an equation or a system of equations for its unknowns.

Closed forms come from sympy in a worker process with a deadline; an equation in one
unknown without a closed form is searched for real roots. Every real solution is put
back into the equations.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.result import Narrative, Outcome, Recomputed
from havoc.tools.symbolic import roots
from havoc.tools.symbolic.bounded import DeadlineError, bounded
from havoc.tools.symbolic.calculus import Values, reading_notes
from havoc.tools.symbolic.evaluation import evaluate
from havoc.tools.symbolic.syntax import read
from havoc.tools.symbolic.tree import Equation, Tree, names

MOST_EQUATIONS = 20
CLOSED_FORM_SECONDS = 3.5


class Solution(msgspec.Struct, frozen=True, kw_only=True):
    """One solution: ``text`` and, where it is a real number, ``value`` of each unknown."""

    text: dict[str, str]
    value: dict[str, float]
    real: bool


class Solved(Outcome):
    """All solutions found; ``values`` and ``texts`` list them for a single unknown.

    ``value`` is the first real solution. Complex solutions are counted and kept in
    ``solutions``, but not in ``values``.
    """

    equations: list[str]
    variables: list[str]
    solutions: list[Solution]
    values: list[float]
    texts: list[str]
    real_count: int
    complex_count: int
    unknown: str
    value: float | None = None


@tool(
    "solve",
    title="Solve equations",
    source="sympy; Brent (1973) for numerical roots",
    any_magnitude=True,
)
def solve(
    expression: Annotated[
        str | list[str], Meta(description="equations such as 3x + 2 = 8; without = they equal 0")
    ],
    variable: Annotated[
        str | list[str], Meta(description="the unknowns; may be left out if they are all names")
    ] = [],  # noqa: B006
    values: Values = {},  # noqa: B006
    constraint: Annotated[
        Literal["none", "real", "positive"], Meta(description="which solutions to keep")
    ] = "none",
) -> Solved:
    """For which value of the unknown does an equation hold?

    Use it to turn a formula round, for roots, and for systems of equations. Other
    names stay symbols unless ``values`` gives numbers. Assumes, for equations without a
    closed form, real roots whose size lies between one billionth and one billion.
    """
    texts = [expression] if isinstance(expression, str) else expression
    unknowns = [variable] if isinstance(variable, str) and variable else list(variable or [])
    if not texts or len(texts) > MOST_EQUATIONS:
        raise InputError(
            f"{len(texts)} equations given", where="expression", remedy=f"1 to {MOST_EQUATIONS}"
        )
    for name, number in values.items():
        if not math.isfinite(number):
            raise InputError(
                f"{name} must be a finite number", where="values", remedy="give a number"
            )
    trees = [read(text, [*unknowns, *values], _where(i, texts)) for i, text in enumerate(texts)]
    unknowns = unknowns or _unknowns(trees, values)
    notes = [note for text in texts for note in reading_notes(text)]
    others = sorted({name for tree in trees for name in names(tree)} - {*unknowns, *values})
    searchable = len(unknowns) == 1 and len(texts) == 1 and not others
    method = "closed form"
    try:
        found = bounded(
            "solve",
            {"equations": texts, "variables": unknowns, "values": values},
            CLOSED_FORM_SECONDS,
        )
    except DeadlineError:
        if not searchable:
            raise
        found = []
    except InputError as error:
        unsolved = "closed form" in error.what or "worked out" in error.what
        if not (searchable and unsolved):
            raise
        found = []
    solutions = [
        Solution(
            text=item["texts"],
            value={name: value for name, value in item["values"].items() if value is not None},
            real=item["real"],
        )
        for item in found
    ]
    if searchable:
        solutions, searched = _completed(solutions, trees[0], unknowns[0], values)
        if searched:
            method = "search for sign changes, refined by Brent's method"
        if roots.is_periodic(trees[0]):
            notes.append("the equation is periodic: there may be further solutions")
    kept = [solution for solution in solutions if _allowed(solution, constraint)]
    real = [solution for solution in kept if solution.real]
    single = len(unknowns) == 1
    numbers = [s.value[unknowns[0]] for s in real if unknowns[0] in s.value] if single else []
    return Solved(
        method=method,
        equations=texts,
        variables=unknowns,
        unknown=unknowns[0],
        solutions=kept,
        values=numbers,
        texts=[_text(solution, unknowns) for solution in kept],
        real_count=len(real),
        complex_count=len(kept) - len(real),
        value=numbers[0] if numbers else None,
        warnings=notes,
    )


def _where(index: int, texts: list[str]) -> str:
    return "equation" if len(texts) == 1 else f"equation {index + 1}"


def _unknowns(trees: list[Tree], values: dict[str, float]) -> list[str]:
    present = sorted({name for tree in trees for name in names(tree)} - set(values))
    if not present:
        raise InputError("there is no unknown", where="expression", remedy="write one as x")
    if len(present) > len(trees):
        raise InputError(
            f"{len(present)} names ({', '.join(present)}) in {len(trees)} equations",
            where="variable",
            remedy="name the unknown to solve for",
        )
    return present


def _completed(
    solutions: list[Solution], tree: Tree, unknown: str, values: dict[str, float]
) -> tuple[list[Solution], bool]:
    """Drop what does not hold, add real roots that only a search finds, in rising order."""
    holding = [s for s in solutions if not s.real or _holds(tree, s, values)]
    exact = [s.value[unknown] for s in holding if s.real and unknown in s.value]
    if exact and roots.is_periodic(tree):
        extra: list[float] = []
    else:
        extra = roots.merge(exact, roots.real_roots(tree, unknown, values))
    holding += [
        Solution(text={unknown: f"{root:.10g}"}, value={unknown: root}, real=True) for root in extra
    ]
    holding.sort(key=lambda s: (not s.real, s.value.get(unknown, 0.0)))
    return holding, bool(extra) and not exact


def _holds(tree: Tree, solution: Solution, values: dict[str, float]) -> bool:
    point = {**values, **solution.value}
    if any(name not in point for name in names(tree)):
        return True
    left, right = _sides(tree, point)
    if math.isnan(left) or math.isnan(right):
        return False
    return math.isclose(left, right, rel_tol=1e-6, abs_tol=1e-6 * max(abs(left), 1e-3))


def _sides(tree: Tree, point: dict[str, float]) -> tuple[float, float]:
    if isinstance(tree, Equation):
        return float(evaluate(tree.left, point)), float(evaluate(tree.right, point))
    return float(evaluate(tree, point)), 0.0


def _allowed(solution: Solution, constraint: str) -> bool:
    if constraint == "none":
        return True
    positive = all(value > 0 for value in solution.value.values())
    return solution.real and (constraint == "real" or positive)


def _text(solution: Solution, unknowns: list[str]) -> str:
    return ", ".join(f"{name} = {solution.text[name]}" for name in unknowns)


@solve.narrates
def _narrate(result: Solved) -> Narrative:
    if not result.solutions:
        return Narrative(conclusion="There is no solution that could be found.")
    if result.real_count == 0:
        return Narrative(
            conclusion="There is no real solution; the complex ones are {{texts}}.",
            key_figures=[("complex solutions", "{{complex_count}}")],
        )
    figures = [("solution", f"{{{{texts.{i}}}}}") for i in range(min(len(result.texts), 6))]
    details = []
    if result.complex_count:
        details.append("Besides, there are {{complex_count}} complex solutions.")
    if len(result.variables) > 1 or len(result.values) != result.real_count:
        shown = " or ".join(f"{{{{texts.{i}}}}}" for i in range(min(result.real_count, 6)))
    else:
        shown = "{{unknown}} = " + " or ".join(
            f"{{{{values.{i}}}}}" for i in range(min(result.real_count, 6))
        )
    return Narrative(conclusion=f"Solution: {shown}.", details=details, key_figures=figures)


@solve.verifies
def _verify(
    result: Solved, expression: Any, values: dict[str, float], **_: object
) -> list[Recomputed]:
    """Left side against right side at every real solution."""
    texts = [expression] if isinstance(expression, str) else expression
    again = []
    for text in texts:
        tree = read(text, [*result.variables, *values])
        for solution in result.solutions:
            point = {**values, **solution.value}
            if not solution.real or any(name not in point for name in names(tree)):
                continue
            left, right = _sides(tree, point)
            again.append(
                Recomputed(
                    name="left side of the equation",
                    value=left,
                    recomputed=right,
                    route="solution put back into the equation",
                    atol=1e-7 * max(1.0, abs(left)),
                )
            )
    return again
