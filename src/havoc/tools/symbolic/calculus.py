"""Derivative and integral of a formula.

Computed symbolically by sympy on an expression built by our own parser, in a worker
process with a deadline; checked by finite differences and by adaptive quadrature.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Annotated

import numpy as np
from msgspec import Meta
from scipy import integrate

from havoc.charts import ChartSpec, Panel, Series
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.result import Narrative, Outcome, Recomputed
from havoc.tools.symbolic.bounded import bounded
from havoc.tools.symbolic.evaluation import evaluate
from havoc.tools.symbolic.syntax import read
from havoc.tools.symbolic.tree import Equation, Tree, names

Formula = Annotated[str, Meta(max_length=2000, description="a formula such as 3x^2 + 5/x")]
Variable = Annotated[str, Meta(max_length=50, description="the variable; may be left out if alone")]
Values = Annotated[dict[str, float], Meta(description="numbers for other names in the formula")]
Bound = Annotated[
    float | str | None, Meta(description="a limit of integration: a number, pi/2, inf")
]

PROBES = (0.37, 0.83, 1.61, 2.9)


class Derivative(Outcome):
    """``derivative`` is the formula, ``value`` its value at ``at`` (if a point is given)."""

    derivative: str
    expression: str
    variable: str
    order: int
    latex: str
    at: float | None = None
    value: float | None = None


class Integral(Outcome):
    """``value`` of a definite integral, or ``antiderivative`` (up to a constant)."""

    expression: str
    variable: str
    latex: str
    antiderivative: str | None = None
    exact: str | None = None
    value: float | None = None
    lower: str | None = None
    upper: str | None = None
    error_estimate: float | None = None


@tool(
    "derivative",
    title="Derivative",
    source="sympy, checked by finite differences",
    any_magnitude=True,
)
def derivative(
    expression: Formula,
    variable: Variable = "",
    order: Annotated[int, Meta(ge=1, le=10, description="1 for the first derivative")] = 1,
    at: Annotated[float | None, Meta(description="point at which to evaluate it")] = None,
    values: Values = {},  # noqa: B006
) -> Derivative:
    """What is the derivative of a formula, and its value at a point?

    Use it for rates of change, sensitivities and optima. Other names in the formula
    stay symbols unless ``values`` gives numbers for them. Assumes a formula that is
    smooth at the point asked for.
    """
    tree = formula(expression, [variable] if variable else [])
    variable = chosen_variable(tree, variable)
    _finite(values)
    point: dict[str, float] = dict(values)
    if at is not None:
        if not math.isfinite(at):
            raise InputError(
                "the point must be a finite number", where="at", remedy="give a number"
            )
        point[variable] = at
    answer = bounded(
        "derivative",
        {"expression": expression, "variable": variable, "order": order, "at": point},
    )
    notes = reading_notes(expression)
    if at is not None and answer["value"] is None:
        open_names = [name for name in names(tree) if name not in point]
        notes.append(
            f"no value at this point: {', '.join(open_names)} have no number"
            if open_names
            else "the derivative has no real value at this point"
        )
    return Derivative(
        method="symbolic differentiation",
        derivative=answer["text"],
        expression=expression,
        variable=variable,
        order=order,
        latex=answer["latex"],
        at=at,
        value=answer["value"] if at is not None else None,
        warnings=notes,
    )


@tool(
    "integral",
    title="Integral",
    source="sympy, checked by adaptive quadrature (QUADPACK)",
    any_magnitude=True,
)
def integral(
    expression: Formula,
    variable: Variable = "",
    lower: Bound = None,
    upper: Bound = None,
    values: Values = {},  # noqa: B006
) -> Integral:
    """What is the integral of a formula, between limits or in general?

    Use it for totals, areas and averages. With limits the value is exact where a
    closed form exists and numerical otherwise. Assumes positive parameters for names
    without a value.
    """
    tree = formula(expression, [variable] if variable else [])
    variable = chosen_variable(tree, variable)
    _finite(values)
    if (lower is None) != (upper is None):
        missing = "lower" if lower is None else "upper"
        raise InputError(f"{missing} is missing", where=missing, remedy="give both limits or none")
    notes = reading_notes(expression)
    result = Integral(
        method="symbolic integration", expression=expression, variable=variable, latex=""
    )
    limits = [_limit_text(lower, "lower"), _limit_text(upper, "upper")]
    ends = [
        _limit_value(text, where, values)
        for text, where in zip(limits, ("lower", "upper"), strict=True)
    ]
    open_names = [name for name in names(tree) if name != variable and name not in values]
    numeric = lower is not None and not open_names and None not in ends
    if numeric:
        result.value, result.error_estimate = _quadrature(tree, variable, values, ends)
        result.method = "adaptive quadrature (no closed form)"
    if not values:
        try:
            _add_exact(result, limits)
        except InputError:
            if not numeric:
                raise
    elif not numeric:
        raise InputError(
            f"no value for {', '.join(open_names) or 'the limits'}",
            where="values",
            remedy="give all values and both limits, or none",
        )
    if open_names:
        notes.append(f"taken as positive: {', '.join(open_names)}")
    if lower is not None:
        result.lower, result.upper = limits
        if numeric:
            result.charts = _area_chart(tree, variable, values, ends, expression)
    result.warnings = notes
    return result


def _add_exact(result: Integral, limits: list[str]) -> None:
    """Put in the closed form, if there is one and quadrature agrees with it."""
    answer = bounded(
        "integral",
        {
            "expression": result.expression,
            "variable": result.variable,
            "lower": limits[0],
            "upper": limits[1],
        },
    )
    if not limits[0]:
        result.antiderivative, result.latex = answer["text"], answer["latex"]
        return
    exact = answer["value"]
    if exact is not None and result.value is not None:
        scale = 1e-6 * max(abs(exact), abs(result.value)) + 1e-9
        if abs(exact - result.value) > scale + 10 * (result.error_estimate or 0.0):
            return
    result.exact, result.latex = answer["text"], answer["latex"]
    result.method = "symbolic integration"
    if exact is not None:
        result.value, result.error_estimate = exact, None


def _quadrature(
    tree: Tree, variable: str, values: Mapping[str, float], ends: list[float | None]
) -> tuple[float, float]:
    low, high = ends
    assert low is not None and high is not None
    with warnings.catch_warnings():
        warnings.simplefilter("error", integrate.IntegrationWarning)
        try:
            value, error = integrate.quad(
                lambda x: float(evaluate(tree, {**values, variable: x})), low, high, limit=400
            )
        except (integrate.IntegrationWarning, OverflowError):
            value, error = math.nan, math.nan
    if not math.isfinite(value):
        raise InputError(
            "the integral between these limits is not finite",
            where="lower, upper",
            remedy="look for a point where the integrand has no value",
        )
    return float(value), float(error)


def _limit_text(limit: float | str | None, where: str) -> str:
    if limit is None:
        return ""
    if isinstance(limit, str):
        return limit
    if math.isnan(limit):
        raise InputError(
            "the limit must be a number",
            where=where,
            remedy="give the limit as a number, or leave it out",
        )
    if math.isinf(limit):
        return "inf" if limit > 0 else "-inf"
    return repr(limit)


def _limit_value(text: str, where: str, values: Mapping[str, float]) -> float | None:
    """Number of a limit; None if there is none or it holds a name without a value."""
    if not text:
        return None
    tree = read(text, where=where)
    if any(name not in values for name in names(tree)):
        return None
    return float(evaluate(tree, values, where))


def formula(expression: str, variables: list[str]) -> Tree:
    """The tree of an expression that is not an equation."""
    tree = read(expression, variables)
    if isinstance(tree, Equation):
        raise InputError(
            "this is an equation, a formula is needed",
            where="expression",
            remedy="give one side, or use solve",
        )
    return tree


def chosen_variable(tree: Tree, variable: str) -> str:
    """The variable as given, or the only one in the formula."""
    if variable:
        if not variable.replace("_", "").isalnum() or variable[0].isdigit():
            raise InputError(f"{variable!r} is not a name", where="variable", remedy="such as x")
        return variable
    present = names(tree)
    if len(present) == 1:
        return present[0]
    if not present:
        return "x"
    raise InputError(
        f"the formula holds {', '.join(present)}", where="variable", remedy="name the variable"
    )


def reading_notes(expression: str) -> list[str]:
    """What a reader could have meant otherwise."""
    lowered = expression.lower()
    return (
        ["log is read as the natural logarithm; write log10 for base ten"]
        if "log(" in lowered.replace("log10(", "").replace("log2(", "")
        else []
    )


def _finite(values: Mapping[str, float]) -> None:
    for name, value in values.items():
        if not math.isfinite(value):
            raise InputError(
                f"{name} must be a finite number", where="values", remedy="give a number"
            )


def _area_chart(
    tree: Tree,
    variable: str,
    values: Mapping[str, float],
    ends: list[float | None],
    expression: str,
) -> list[ChartSpec]:
    low, high = ends
    if low is None or high is None or not math.isfinite(low) or not math.isfinite(high):
        return []
    grid = np.linspace(low, high, 101)
    heights = np.broadcast_to(evaluate(tree, {**values, variable: grid}), grid.shape)
    if not np.isfinite(heights).all():
        return []
    return [
        ChartSpec(
            kind="area",
            title=f"The integral is the area under {expression}",
            panels=[
                Panel(
                    x_label=variable,
                    y_label=expression,
                    series=[
                        Series(
                            name=expression,
                            kind="line",
                            x=grid.tolist(),
                            y=heights.tolist(),
                            low=np.minimum(heights, 0.0).tolist(),
                            high=np.maximum(heights, 0.0).tolist(),
                        )
                    ],
                )
            ],
        )
    ]


@derivative.narrates
def _narrate_derivative(result: Derivative) -> Narrative:
    kind = "derivative" if result.order == 1 else "derivative of order {{order}}"
    text = f"The {kind} of {{{{expression}}}} by {{{{variable}}}} is {{{{derivative}}}}"
    if result.value is not None:
        text += "; at {{variable}} = {{at}} it is {{value}}"
    figures = [("derivative", "{{derivative}}")]
    if result.value is not None:
        figures.append(("value", "{{value}}"))
    return Narrative(conclusion=f"{text}.", key_figures=figures)


@integral.narrates
def _narrate_integral(result: Integral) -> Narrative:
    if result.lower is None:
        return Narrative(
            conclusion="The integral of {{expression}} over {{variable}} is {{antiderivative}} "
            "plus a constant.",
            key_figures=[("antiderivative", "{{antiderivative}}")],
        )
    span = "The integral of {{expression}} over {{variable}} from {{lower}} to {{upper}}"
    figures = []
    details = []
    if result.exact is not None:
        figures.append(("exact", "{{exact}}"))
        details.append("In closed form it is {{exact}}.")
    if result.value is None:
        return Narrative(conclusion=f"{span} is {{{{exact}}}}.", key_figures=figures)
    return Narrative(
        conclusion=f"{span} is {{{{value}}}}.",
        details=details,
        key_figures=[("value", "{{value}}"), *figures],
    )


@derivative.verifies
def _verify_derivative(
    result: Derivative, values: dict[str, float], **_: object
) -> list[Recomputed]:
    """Derivatives by Richardson differences of the formula, at probe points."""
    tree = read(result.expression, [result.variable])
    answer = read(result.derivative, [result.variable, *names(tree)])
    others = [name for name in names(tree) if name != result.variable]
    given = {name: values.get(name, PROBES[i % 4] + 0.1 * i) for i, name in enumerate(others)}
    for x in (result.at, *PROBES):
        if x is None:
            continue
        value = float(evaluate(answer, {**given, result.variable: x}))
        again = _differences(tree, result.variable, given, x, result.order)
        if math.isfinite(value) and math.isfinite(again):
            return [
                Recomputed(
                    name="derivative at a probe point",
                    value=value,
                    recomputed=again,
                    route="polynomial through neighbouring points",
                    rtol=1e-4 * 10 ** max(result.order - 2, 0),
                    atol=1e-5 * 10 ** max(result.order - 2, 0),
                )
            ]
    return []


def _differences(
    tree: Tree, variable: str, given: Mapping[str, float], x: float, order: int
) -> float:
    """Derivative of the Chebyshev interpolant of the formula near ``x``."""
    radius = 0.1 * max(abs(x), 0.5)
    nodes = np.polynomial.chebyshev.chebpts1(20)
    heights = np.broadcast_to(evaluate(tree, {**given, variable: x + radius * nodes}), nodes.shape)
    if not np.isfinite(heights).all():
        return math.nan
    series = np.polynomial.Chebyshev.fit(nodes, heights, 15, domain=[-1, 1])
    return float(series.deriv(order)(0.0)) / radius**order


@integral.verifies
def _verify_integral(result: Integral, values: dict[str, float], **_: object) -> list[Recomputed]:
    tree = read(result.expression, [result.variable])
    others = [name for name in names(tree) if name != result.variable]
    given = {name: values.get(name, PROBES[i % 4]) for i, name in enumerate(others)}
    text = result.antiderivative
    if text is not None:
        try:
            answer = read(text, [result.variable, *others])
        except InputError:
            return []
        for x in PROBES:
            slope = _differences(answer, result.variable, given, x, 1)
            height = float(evaluate(tree, {**given, result.variable: x}))
            if math.isfinite(slope) and math.isfinite(height):
                return [
                    Recomputed(
                        name="integrand at a probe point",
                        value=height,
                        recomputed=slope,
                        route="slope of the antiderivative",
                        rtol=1e-5,
                        atol=1e-7,
                    )
                ]
        return []
    ends = [
        _limit_value(end or "", where, values)
        for end, where in ((result.lower, "lower"), (result.upper, "upper"))
    ]
    if result.value is None or None in ends or any(name not in values for name in others):
        return []
    again, _error = _quadrature(tree, result.variable, values, ends)
    return [
        Recomputed(name="value", value=result.value, recomputed=again, route="adaptive quadrature")
    ]
