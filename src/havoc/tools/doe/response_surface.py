"""Second-order response surfaces: fit, canonical analysis, best setting, steepest ascent.

The model is fitted in coded units. Blocks are indicators against the first
block, as in R. Lack of fit compares with the variation between replicates.

Sources: Box & Wilson (1951), J. R. Statist. Soc. B 13, 1; Myers, Montgomery &
Anderson-Cook, Response Surface Methodology, chapters 5-6; NIST/SEMATECH
e-Handbook 5.5.3.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.doe.anova_row import AnovaRow
from havoc.tools.doe.contour_chart import contour
from havoc.tools.doe.effect_charts import residual_chart
from havoc.tools.doe.factors import Coding
from havoc.tools.doe.polynomial import read_polynomial
from havoc.tools.doe.quadratic import (
    Quadratic,
    canonical_analysis,
    second_order_terms,
)
from havoc.tools.doe.surface_fit import (
    Region,
    SourceTest,
    SurfaceTerm,
    best_setting_of,
    fit_surface,
    limits_of,
    region_of,
)
from havoc.tools.doe.surface_input import (
    Scale,
    polynomial_of_coefficients,
    quadratic_of,
)
from havoc.tools.doe.surface_precision import precision_of, region_chart
from havoc.tools.doe.surface_report import (
    PathStep,
    geometry_of,
    path_of,
    tests_of,
    upper_of,
    warnings_of,
)
from havoc.tools.parameters import Alpha, FloatArray, Name, Unit
from havoc.tools.result import Narrative, Outcome, Recomputed


class ResponseSurface(Outcome):
    """``coefficients`` (coded): intercept, blocks, linear, two-factor interactions, squares.

    ``kind`` is maximum, minimum, saddle, ridge (a line of stationary points) or none (no
    curvature). ``best_*`` is the best predicted setting within the tested region: the range of
    every factor, and for designs with axial points no further out than the outermost run.
    ``stationary_ci`` is the linearised interval of each coordinate; ``stationary_region`` the
    smallest box around the Box-Hunter confidence region inside the tested range, of which it
    takes ``stationary_region_share`` (``stationary_region_open``: it reaches the edge).
    ``kind_certain`` says whether no eigenvalue could be zero.
    """

    response_name: str
    factor_names: list[str]
    coding: list[Scale]
    coefficients: list[float]
    coefficient_names: list[str]
    eigenvalues: list[float]
    eigenvectors: list[list[float]]
    kind: str
    goal: str
    alpha: float
    level: float
    n: int | None = None
    terms: list[SurfaceTerm] | None = None
    significant_terms: list[str] | None = None
    stationary_point_coded: list[float] | None = None
    stationary_point_actual: list[float] | None = None
    stationary_point: dict[str, float] | None = None
    predicted_at_stationary: float | None = None
    stationary_in_region: bool | None = None
    best_setting_coded: list[float] | None = None
    best_setting_actual: list[float] | None = None
    best_setting: dict[str, float] | None = None
    best_predicted: float | None = None
    best_ci_low: float | None = None
    best_ci_high: float | None = None
    best_pi_low: float | None = None
    best_pi_high: float | None = None
    best_on_edge: bool | None = None
    eigenvalue_std_errors: list[float] | None = None
    eigenvalue_ci_low: list[float] | None = None
    eigenvalue_ci_high: list[float] | None = None
    kind_certain: bool | None = None
    stationary_std_error: list[float] | None = None
    stationary_ci: dict[str, list[float]] | None = None
    stationary_region: dict[str, list[float]] | None = None
    stationary_region_share: float | None = None
    stationary_region_open: bool | None = None
    block_sd: float | None = None
    source_tests: list[SourceTest] | None = None
    r_squared: float | None = None
    r_squared_adjusted: float | None = None
    r_squared_predicted: float | None = None
    residual_sd: float | None = None
    df_residual: int | None = None
    F: float | None = None
    p_value: float | None = None
    significant: bool | None = None
    anova: list[AnovaRow] | None = None
    ss_pure_error: float | None = None
    df_pure_error: int | None = None
    ss_lack_of_fit: float | None = None
    df_lack_of_fit: int | None = None
    F_lack_of_fit: float | None = None
    p_lack_of_fit: float | None = None
    lack_of_fit_significant: bool | None = None
    path: list[PathStep] | None = None


@tool(
    "response_surface",
    title="Response surface analysis",
    source="Box & Wilson (1951); Myers, Montgomery & Anderson-Cook, ch. 5-6",
)
def response_surface(
    factors: Annotated[
        dict[str, list[float]], Meta(description="settings of each factor, natural or coded")
    ] = {},  # noqa: B006
    response: Annotated[list[float], Meta(description="measured response of every run")] = [],  # noqa: B006
    expression: Annotated[
        str, Meta(description="instead of data: a polynomial such as 80 + 3*x1 - 4*x1^2 + x1*x2")
    ] = "",
    coefficients: Annotated[
        dict[str, float], Meta(description="instead of data: b0, b1, b2, b12, b11, b22 …")
    ] = {},  # noqa: B006
    block: Annotated[list[str | float], Meta(description="block of every run")] = [],  # noqa: B006
    random_block: Annotated[
        bool, Meta(description="blocks are a sample (days, batches): REML instead of fixed effects")
    ] = False,
    model: Annotated[
        Literal["second_order", "interactions", "first_order"], Meta(description="model to fit")
    ] = "second_order",
    goal: Annotated[
        Literal["maximize", "minimize", "target"], Meta(description="what is wanted")
    ] = "maximize",
    target: Annotated[float, Meta(description="wanted response for goal target")] | None = None,
    bounds: Annotated[
        dict[str, list[float]] | list[float],
        Meta(description="low and high limit for the best setting, of each factor or of all"),
    ] = {},  # noqa: B006
    center: Coding = {},  # noqa: B006
    half_range: Coding = {},  # noqa: B006
    steps: Annotated[
        int, Meta(ge=0, le=1000, description="points on the path of steepest ascent")
    ] = 0,
    step: Annotated[
        float, Meta(gt=0, description="coded step of the factor with the largest slope")
    ] = 1.0,
    alpha: Alpha = 0.05,
    response_name: Name = "the response",
    unit: Unit = "",
) -> ResponseSurface:
    """Where is the optimum of the response, and is it a maximum, a minimum or a saddle?

    Use it for the results of a central composite, Box-Behnken or three-level
    design (or for a given polynomial up to the second order). Settings may be
    natural or coded; they are coded with the factorial points at -1 and +1
    unless center and half_range are given. Assumes independent errors of
    constant variance and a smooth surface. Predictions are trusted only inside
    the tested region. Beyond it use ridge_analysis or steepest_ascent.
    """
    where = "response_surface"
    if (goal == "target") != (target is not None):
        raise InputError(
            "goal target needs a target value, and only that goal",
            where=f"{where} target",
            remedy="give goal target and the target together",
        )
    if not response:
        return _of_polynomial(
            list(factors),
            expression,
            coefficients,
            goal,
            target,
            bounds,
            steps,
            step,
            alpha,
            response_name,
            unit,
            where,
        )
    fitted = fit_surface(
        factors, response, block, model, center, half_range, where, random_block=random_block
    )
    canonical = canonical_analysis(fitted.surface)
    region = region_of(fitted, bounds, where)
    best = best_setting_of(fitted.surface, region, fitted.coded, goal, target)
    geometry = geometry_of(fitted.scales, fitted.surface, canonical, region, best)
    tests = tests_of(fitted, alpha, best) | precision_of(fitted, canonical, region, alpha)
    blocks = (
        "random blocks by restricted maximum likelihood with Kenward-Roger tests"
        if random_block
        else "blocks against the first block, for which the predictions hold"
    )
    return ResponseSurface(
        method=(
            f"{model.replace('_', '-')} model by least squares in coded units; {blocks}; lack of "
            "fit against replicates; best setting inside the tested region"
        ),
        unit=unit,
        response_name=response_name,
        goal=goal,
        alpha=alpha,
        level=1 - alpha,
        n=len(fitted.values),
        coefficients=[float(value) for value in fitted.fit.coefficients],
        coefficient_names=fitted.names,
        path=path_of(fitted.surface, fitted.scales, steps, step, goal) if steps else None,
        **geometry,
        **tests,
        warnings=warnings_of(geometry, tests, goal),
        charts=[
            *contour(fitted.surface, fitted.scales, region, best, fitted.coded, response_name),
            *region_chart(fitted, canonical, region, alpha, response_name),
            *(
                [residual_chart(fitted.fit.fitted, fitted.fit.residuals, response_name, unit)]
                if fitted.fit.df
                else []
            ),
        ],
    )


def _of_polynomial(
    names: list[str],
    expression: str,
    coefficients: dict[str, float],
    goal: str,
    target: float | None,
    bounds: dict[str, list[float]] | list[float],
    steps: int,
    step: float,
    alpha: float,
    response_name: str,
    unit: str,
    where: str,
) -> ResponseSurface:
    """Canonical analysis of a polynomial that was given, not fitted."""
    if bool(expression) == bool(coefficients):
        raise InputError(
            "there is nothing to analyse" if not expression else "two polynomials are given",
            where=where,
            remedy="give factors and response, or an expression, or coefficients",
        )
    place = f"{where} expression" if expression else f"{where} coefficients"
    polynomial = (
        read_polynomial(expression, place)
        if expression
        else polynomial_of_coefficients(coefficients, place)
    )
    ordered, surface = quadratic_of(polynomial, names, place)
    scales = [Scale(name=name, center=0.0, half_range=1.0) for name in ordered]
    canonical = canonical_analysis(surface)
    region: Region | None = None
    best: FloatArray | None = None
    if bounds:
        low, high = limits_of(scales, bounds, None, where)
        region = Region(low=low, high=high, radius=None)
        best = best_setting_of(surface, region, np.array([(low + high) / 2]), goal, target)
    geometry = geometry_of(scales, surface, canonical, region, best)
    columns = upper_of(surface)
    shown = region or Region(low=-np.ones(len(ordered)), high=np.ones(len(ordered)), radius=None)
    return ResponseSurface(
        method="canonical analysis of the polynomial as given, in its own units",
        unit=unit,
        response_name=response_name,
        goal=goal,
        alpha=alpha,
        level=1 - alpha,
        coefficients=columns,
        coefficient_names=["intercept", *second_order_terms(ordered)],
        path=path_of(surface, scales, steps, step, goal) if steps else None,
        **geometry,
        warnings=warnings_of(geometry, {}, goal),
        charts=contour(surface, scales, shown, best, None, response_name),
    )


@response_surface.narrates
def _narrate(result: ResponseSurface) -> Narrative:
    kind = {
        "maximum": "The fitted surface of {{response_name}} has a maximum",
        "minimum": "The fitted surface of {{response_name}} has a minimum",
        "saddle": "The fitted surface of {{response_name}} has a saddle point",
    }.get(result.kind)
    details = []
    if kind is not None:
        names = list(result.stationary_point or {})
        place = ", ".join(
            f"{{{{factor_names.{index}}}}} = {{{{stationary_point_actual.{index}}}}}"
            for index in range(len(names))
        )
        conclusion = f"{kind} at {place}, where {{{{predicted_at_stationary:unit}}}} is predicted."
        if result.stationary_in_region is False:
            details.append("That point lies outside the tested region, so do not rely on it.")
    elif result.kind == "ridge":
        conclusion = (
            "The fitted surface of {{response_name}} is a ridge: it has no single stationary point."
        )
    else:
        conclusion = (
            "The surface of {{response_name}} is a plane without curvature: the optimum lies in "
            "the direction of its slope."
        )
    if result.best_setting_actual is not None:
        place = ", ".join(
            f"{{{{factor_names.{index}}}}} = {{{{best_setting_actual.{index}}}}}"
            for index in range(len(result.factor_names))
        )
        interval = (
            "; the {{level:%}} confidence interval of the mean runs from {{best_ci_low}} to "
            "{{best_ci_high:unit}}, a single run lies between {{best_pi_low}} and "
            "{{best_pi_high:unit}}"
            if result.best_ci_low is not None
            else ""
        )
        where = "bounds" if result.n is None else "tested region"
        details.append(
            f"Within the {where} the best setting is {place} with a predicted "
            f"{{{{best_predicted:unit}}}}{interval}."
        )
    if result.kind_certain is False and kind is not None:
        details.append(
            "Its nature is not certain: the confidence interval of an eigenvalue holds zero."
        )
    if result.stationary_region_share is not None and result.stationary_in_region:
        details.append(
            "The {{level:%}} confidence region of the stationary point takes "
            "{{stationary_region_share:%}} of the tested region."
        )
    if result.p_lack_of_fit is not None:
        details.append(
            "The model does not fit: the lack of fit is significant (p {{p_lack_of_fit:p}})."
            if result.lack_of_fit_significant
            else "There is no evidence of lack of fit (p {{p_lack_of_fit:p}})."
        )
    if result.path:
        last = len(result.path) - 1
        details.append(
            f"After {{{{path.{last}.step}}}} steps along the path of steepest change the "
            f"prediction is {{{{path.{last}.predicted:unit}}}}."
        )
    figures = [("kind of stationary point", "{{kind}}"), ("eigenvalues", "{{eigenvalues}}")]
    if result.r_squared is not None:
        figures.append(("R squared", "{{r_squared}}"))
    return Narrative(conclusion=conclusion, details=details, key_figures=figures)


@response_surface.verifies
def _recompute(result: ResponseSurface, response: list[float], **_: object) -> list[Recomputed]:
    """The stationary point by Newton's step from a far point, eigenvalues by their sum."""
    checks: list[Recomputed] = []
    k = len(result.factor_names)
    names = result.coefficient_names
    tail = [
        value
        for name, value in zip(names, result.coefficients, strict=True)
        if not name.startswith("block ")
    ]
    if len(tail) < 1 + k + k * (k + 1) // 2:
        return checks
    surface = Quadratic.of(np.array(tail), k)
    checks.append(
        Recomputed(
            name="sum of eigenvalues",
            value=math.fsum(result.eigenvalues),
            recomputed=math.fsum(tail[-k:]),
            route="sum of the pure quadratic coefficients (trace)",
            atol=1e-9 * max(abs(value) for value in tail),
        )
    )
    if result.stationary_point_coded is not None:
        # A quadratic reaches its stationary point in one Newton step, from wherever it starts.
        start = np.full(k, 10.0)
        hessian = np.array(
            [surface.gradient(start + unit) - surface.gradient(start) for unit in np.eye(k)]
        )
        reached = start - np.linalg.inv(hessian) @ surface.gradient(start)
        checks += [
            Recomputed(
                name=f"stationary_point_coded.{index}",
                value=value,
                recomputed=float(again),
                route="one Newton step on the fitted polynomial",
                atol=1e-7,
            )
            for index, (value, again) in enumerate(
                zip(result.stationary_point_coded, reached, strict=True)
            )
        ]
    if result.r_squared is not None and result.anova is not None:
        values = np.asarray(response, dtype=np.float64)
        residual = next(row.ss for row in result.anova if row.source == "residual")
        checks.append(
            Recomputed(
                name="r_squared",
                value=result.r_squared,
                recomputed=1 - residual / (float(values.var()) * len(values)),
                route="residual and total sums of squares",
            )
        )
    return checks
