"""Second-order response surfaces: fit, canonical analysis, best setting, steepest ascent.

The model is fitted in coded units. Blocks are indicators against the first
block, as in R. Lack of fit compares with the variation between replicates.

Sources: Box & Wilson (1951), J. R. Statist. Soc. B 13, 1; Myers, Montgomery &
Anderson-Cook, Response Surface Methodology, chapters 5-6; NIST/SEMATECH
e-Handbook 5.5.3.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta
from scipy import stats

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.doe.anova_row import AnovaRow
from havoc.tools.doe.contour_chart import contour
from havoc.tools.doe.effect_charts import residual_chart
from havoc.tools.doe.factors import Coding
from havoc.tools.doe.least_squares import (
    r_squared_predicted,
)
from havoc.tools.doe.polynomial import read_polynomial
from havoc.tools.doe.quadratic import (
    Canonical,
    Quadratic,
    canonical_analysis,
    second_order_columns,
    second_order_terms,
)
from havoc.tools.doe.surface_fit import (
    FittedSurface,
    Region,
    SurfaceTerm,
    anova_of,
    best_setting_of,
    fit_surface,
    limits_of,
    region_of,
    terms_of,
)
from havoc.tools.doe.surface_input import (
    Scale,
    polynomial_of_coefficients,
    quadratic_of,
)
from havoc.tools.parameters import Alpha, FloatArray, Name, Unit
from havoc.tools.result import Narrative, Outcome, Recomputed


class PathStep(msgspec.Struct, frozen=True, kw_only=True):
    """One point on the path of steepest ascent or descent."""

    step: int
    coded: list[float]
    actual: list[float]
    predicted: float


class ResponseSurface(Outcome):
    """``coefficients`` (coded): intercept, blocks, linear, two-factor interactions, squares.

    ``kind`` is maximum, minimum, saddle, ridge (a line of stationary points) or none (no
    curvature). ``best_*`` is the best predicted setting within the tested region: the range of
    every factor, and for designs with axial points no further out than the outermost run.
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
    best_on_edge: bool | None = None
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
    the tested region.
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
    fitted = fit_surface(factors, response, block, model, center, half_range, where)
    canonical = canonical_analysis(fitted.surface)
    region = region_of(fitted, bounds, where)
    best = best_setting_of(fitted.surface, region, fitted.coded, goal, target)
    geometry = _geometry(fitted.scales, fitted.surface, canonical, region, best)
    tests = _tests(fitted, alpha, best)
    return ResponseSurface(
        method=(
            f"{model.replace('_', '-')} model by least squares in coded units; blocks against the "
            "first block, for which the predictions hold; lack of fit against replicates; "
            "best setting inside the tested region"
        ),
        unit=unit,
        response_name=response_name,
        goal=goal,
        alpha=alpha,
        level=1 - alpha,
        n=len(fitted.values),
        coefficients=[float(value) for value in fitted.fit.coefficients],
        coefficient_names=fitted.names,
        path=_path(fitted.surface, fitted.scales, steps, step, goal) if steps else None,
        **geometry,
        **tests,
        warnings=_warnings(geometry, tests, goal),
        charts=[
            *contour(fitted.surface, fitted.scales, region, best, fitted.coded, response_name),
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
    geometry = _geometry(scales, surface, canonical, region, best)
    columns = _upper(surface)
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
        path=_path(surface, scales, steps, step, goal) if steps else None,
        **geometry,
        warnings=_warnings(geometry, {}, goal),
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
            "{{best_ci_high:unit}}"
            if result.best_ci_low is not None
            else ""
        )
        where = "bounds" if result.n is None else "tested region"
        details.append(
            f"Within the {where} the best setting is {place} with a predicted "
            f"{{{{best_predicted:unit}}}}{interval}."
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


def _geometry(
    scales: list[Scale],
    surface: Quadratic,
    canonical: Canonical,
    region: Region | None,
    best: FloatArray | None,
) -> dict[str, Any]:
    """Stationary point and best setting, coded and actual."""
    names = [scale.name for scale in scales]

    def actual(point: FloatArray) -> list[float]:
        return [scale.actual(float(value)) for scale, value in zip(scales, point, strict=True)]

    found: dict[str, Any] = {
        "factor_names": names,
        "coding": scales,
        "eigenvalues": canonical.eigenvalues.tolist(),
        "eigenvectors": canonical.eigenvectors.T.tolist(),
        "kind": canonical.kind,
    }
    if canonical.stationary is not None:
        place = canonical.stationary
        found |= {
            "stationary_point_coded": place.tolist(),
            "stationary_point_actual": actual(place),
            "stationary_point": dict(zip(names, actual(place), strict=True)),
            "predicted_at_stationary": surface(place),
            "stationary_in_region": region.holds(place) if region is not None else None,
        }
    if best is not None and region is not None:
        edge = np.any((best <= region.low + 1e-6) | (best >= region.high - 1e-6))
        rim = region.radius is not None and float(best @ best) >= region.radius**2 * (1 - 1e-6)
        found |= {
            "best_setting_coded": (best + 0.0).tolist(),
            "best_setting_actual": actual(best),
            "best_setting": dict(zip(names, actual(best), strict=True)),
            "best_predicted": surface(best),
            "best_on_edge": bool(edge) or rim,
        }
    return found


def _tests(fitted: FittedSurface, alpha: float, best: FloatArray) -> dict[str, Any]:
    """Tests of the coefficients and of the model, and the interval at the best setting."""
    ols, values = fitted.fit, fitted.values
    total = float(((values - values.mean()) ** 2).sum())
    tests: dict[str, Any] = {
        "r_squared": 1 - ols.rss / total,
        "r_squared_predicted": r_squared_predicted(ols, total),
        "df_residual": ols.df,
        "anova": anova_of(fitted, total),
        "terms": terms_of(fitted, alpha),
    }
    pure = fitted.pure
    if pure is not None:
        tests |= {"ss_pure_error": pure.ss_pure_error, "df_pure_error": pure.df_pure_error}
        if pure.df_lack_of_fit:
            tests |= {
                "ss_lack_of_fit": pure.ss_lack_of_fit,
                "df_lack_of_fit": pure.df_lack_of_fit,
                "F_lack_of_fit": pure.f,
                "p_lack_of_fit": pure.p_value,
                "lack_of_fit_significant": None if pure.p_value is None else pure.p_value < alpha,
            }
    if ols.df == 0 or ols.rss == 0:
        return tests
    mean_square = ols.rss / ols.df
    df_model = fitted.model.shape[1] - 1
    f = (total - ols.rss) / df_model / mean_square
    p_value = float(stats.f.sf(f, df_model, ols.df))
    row = second_order_columns(best[None, :])[0, : fitted.model.shape[1] - fitted.n_blocks]
    point = np.concatenate([row[:1], np.zeros(fitted.n_blocks), row[1:]])
    error = math.sqrt(mean_square) * float(np.linalg.norm(point @ ols.inverse_root))
    margin = float(stats.t.ppf(1 - alpha / 2, ols.df)) * error
    predicted = fitted.surface(best)
    return tests | {
        "r_squared_adjusted": 1 - mean_square / (total / (len(values) - 1)),
        "residual_sd": math.sqrt(mean_square),
        "F": f,
        "p_value": p_value,
        "significant": p_value < alpha,
        "significant_terms": [
            term.term for term in tests["terms"] if term.significant and term.term != "intercept"
        ],
        "best_ci_low": predicted - margin,
        "best_ci_high": predicted + margin,
    }


def _path(
    surface: Quadratic, scales: list[Scale], steps: int, step: float, goal: str
) -> list[PathStep]:
    """Steepest ascent (descent for minimize) of the linear part from the centre."""
    slope = surface.linear if goal != "minimize" else -surface.linear
    largest = float(np.abs(slope).max())
    if largest == 0:
        return []
    direction = slope / largest * step
    path = []
    for count in range(steps + 1):
        point = count * direction
        path.append(
            PathStep(
                step=count,
                coded=point.tolist(),
                actual=[
                    scale.actual(float(value)) for scale, value in zip(scales, point, strict=True)
                ],
                predicted=surface(point),
            )
        )
    return path


def _upper(surface: Quadratic) -> list[float]:
    """Coefficients in the order of :func:`second_order_terms`."""
    k = len(surface.linear)
    pairs = [2 * surface.curvature[i, j] for i in range(k) for j in range(i + 1, k)]
    squares = [surface.curvature[i, i] for i in range(k)]
    return [float(value) for value in [surface.constant, *surface.linear, *pairs, *squares]]


def _warnings(geometry: dict[str, Any], tests: dict[str, Any], goal: str) -> list[str]:
    warnings = []
    if geometry.get("stationary_in_region") is False:
        warnings.append("the stationary point lies outside the tested region")
    if geometry["kind"] == "saddle":
        warnings.append("the stationary point is a saddle point: neither a maximum nor a minimum")
    wanted = {"maximize": "maximum", "minimize": "minimum"}.get(goal)
    other = {"maximum": "minimum", "minimum": "maximum"}.get(geometry["kind"])
    if wanted is not None and wanted == other:
        warnings.append(f"the stationary point is a {geometry['kind']}, but a {wanted} is wanted")
    if geometry.get("best_on_edge"):
        warnings.append(
            "the best setting lies on the edge of the tested region; the optimum may be beyond it"
        )
    if tests.get("lack_of_fit_significant"):
        warnings.append("the lack of fit is significant: the surface is more complicated")
    if tests and tests.get("df_residual") == 0:
        warnings.append("the model uses up all runs, so nothing can be tested")
    return warnings
