"""Regression on one predictor: a straight line, a polynomial.

Sources: NIST/SEMATECH e-Handbook 4.1.4.1 (linear least squares); D. C. Montgomery,
E. A. Peck, G. G. Vining, Introduction to Linear Regression Analysis; inverse
prediction: E. C. Fieller (1954).
"""

from __future__ import annotations

import math
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta
from scipy import stats

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import (
    Alpha,
    FloatArray,
    Name,
    Sample,
    Unit,
    as_sample,
    same_length,
)
from havoc.tools.result import Narrative, Recomputed
from havoc.tools.stats.least_squares import (
    Fit,
    least_squares,
    model_columns,
    polynomial_columns,
)
from havoc.tools.stats.regression_charts import fitted_curve, residual_charts
from havoc.tools.stats.regression_checks import (
    extrapolation_warnings,
    regression_checks,
    regression_warnings,
)
from havoc.tools.stats.regression_result import (
    Regression,
    predictions,
    regression_quantities,
)
from havoc.tools.stats.regression_shared import (
    Intercept,
    by_singular_values,
    common_details,
    constant_response,
    key_figures,
    prediction_text,
)

At = Annotated[
    float | list[float] | None, Meta(description="settings of x at which to predict the response")
]


class LinearRegression(Regression, kw_only=True):
    """Result of a straight-line fit; see :class:`Regression` for the rest.

    ``x_at_target`` is the setting at which the line reaches ``y_target``, with its
    Fieller interval for the mean response (left out if the slope is not
    significantly different from zero, when the interval is unbounded).
    """

    slope: float
    se_slope: float
    slope_ci_low: float
    slope_ci_high: float
    slope_p_value: float
    intercept: float
    r: float
    se_intercept: float | None = None
    y_target: float | None = None
    x_at_target: float | None = None
    x_at_target_low: float | None = None
    x_at_target_high: float | None = None


class TurningPoint(msgspec.Struct, frozen=True, kw_only=True):
    """A maximum or minimum of the fitted curve inside the measured range."""

    x: float
    y: float
    kind: str


class PolynomialRegression(Regression, kw_only=True):
    """Result of a polynomial fit; the last term's t test says whether its degree pays.

    ``optimum_x`` and ``optimum_y`` are the turning point of the fitted curve in the
    measured range (the highest maximum if there is one, else the lowest minimum).
    """

    degree: int
    highest_term_p_value: float
    turning_points: list[TurningPoint] = msgspec.field(default_factory=list)
    optimum_x: float | None = None
    optimum_y: float | None = None
    optimum_kind: str | None = None


@tool(
    "regression_linear",
    title="Straight-line regression",
    source="NIST/SEMATECH e-Handbook 4.1.4.1; Fieller (1954)",
)
def regression_linear(
    x: Sample,
    y: Sample,
    intercept: Intercept = True,
    at: At = None,
    y_target: Annotated[
        float | None, Meta(description="response for which to find the setting of x")
    ] = None,
    alpha: Alpha = 0.05,
    x_name: Name = "x",
    y_name: Name = "y",
    unit: Unit = "",
) -> LinearRegression:
    """How does a response change along a straight line with one predictor?

    Use it for calibration lines, trends and "how much more y per x"; give ``at`` to
    predict and ``y_target`` to read the line backwards. Assumes a straight relation,
    independent rows, and scatter in y only that is normal with constant spread.
    """
    same_length(x, y, "x, y")
    predictor = as_sample(x, "x", minimum=3, varying=intercept)
    response = as_sample(y, "y", minimum=3)
    columns = model_columns(predictor[:, None], [x_name], intercept=intercept, where="x")
    fit = least_squares(columns, response, [x_name], "x, y")
    common = regression_quantities(
        fit, response, response=y_name, predictors=[x_name], term_names=[x_name], alpha=alpha
    )
    slope = common["terms"][-1]
    result = LinearRegression(
        method="least squares by orthogonalisation"
        + ("" if intercept else ", through the origin; R-squared and F about zero"),
        unit=unit,
        slope=slope.estimate,
        se_slope=slope.std_error,
        slope_ci_low=slope.ci_low,
        slope_ci_high=slope.ci_high,
        slope_p_value=slope.p_value,
        intercept=float(fit.coefficients[0]) if intercept else 0.0,
        r=math.copysign(math.sqrt(common["r_squared"]), slope.estimate),
        se_intercept=common["se_0"] if intercept else None,
        assumptions=regression_checks(fit, common),
        warnings=regression_warnings(fit, common) + constant_response(response, y_name),
        charts=[
            fitted_curve(
                fit, predictor, response, x_name, y_name, alpha, f"{100 * (1 - alpha):g} %"
            ),
            *residual_charts(fit, y_name),
        ],
        **common,
    )
    _predict(result, fit, [x_name], _settings(at))
    if y_target is not None:
        _read_backwards(result, fit, predictor, y_target)
    return result


@tool(
    "regression_polynomial",
    title="Polynomial regression",
    source="NIST/SEMATECH e-Handbook 4.1.4.1; NIST StRD (Wampler, Filip)",
)
def regression_polynomial(
    x: Sample,
    y: Sample,
    degree: Annotated[int, Meta(ge=1, le=10, description="highest power of x")] = 2,
    intercept: Intercept = True,
    at: At = None,
    alpha: Alpha = 0.05,
    x_name: Name = "x",
    y_name: Name = "y",
    unit: Unit = "",
) -> PolynomialRegression:
    """Which curve of a given degree describes a response, and where does it turn?

    Use it when a straight line leaves a bend in the residuals: degree two for one
    bend. The t test of the highest power says whether that degree pays. Assumes
    independent rows and normal scatter of constant spread; never extrapolate.
    """
    same_length(x, y, "x, y")
    predictor = as_sample(x, "x", minimum=3, varying=True)
    response = as_sample(y, "y", minimum=3)
    term_names = [x_name if k == 1 else f"{x_name}^{k}" for k in range(1, degree + 1)]
    columns = polynomial_columns(predictor, degree, intercept=intercept, where="x")
    fit = least_squares(columns, response, term_names, "x, y")
    common = regression_quantities(
        fit, response, response=y_name, predictors=[x_name], term_names=term_names, alpha=alpha
    )
    turning = _turning_points(fit, predictor) if not constant_response(response, y_name) else []
    best = _optimum(turning)
    result = PolynomialRegression(
        method=f"polynomial of degree {degree}, least squares by orthogonalisation",
        unit=unit,
        degree=degree,
        highest_term_p_value=common["terms"][-1].p_value,
        turning_points=turning,
        optimum_x=best.x if best else None,
        optimum_y=best.y if best else None,
        optimum_kind=best.kind if best else None,
        assumptions=regression_checks(fit, common),
        warnings=regression_warnings(fit, common) + constant_response(response, y_name),
        charts=[
            fitted_curve(
                fit, predictor, response, x_name, y_name, alpha, f"{100 * (1 - alpha):g} %"
            ),
            *residual_charts(fit, y_name),
        ],
        **common,
    )
    _predict(result, fit, [x_name], _settings(at))
    return result


def _settings(at: float | list[float] | None) -> FloatArray:
    if at is None:
        return np.empty((0, 1))
    return as_sample(at if isinstance(at, list) else [at], "at")[:, None]


def _predict(result: Regression, fit: Fit, names: list[str], settings: FloatArray) -> None:
    if len(settings):
        result.predictions = predictions(fit, names, settings, result.alpha)
        result.predicted = result.predictions[0].fit
        result.warnings += extrapolation_warnings(fit.columns.raw, names, settings)


def _read_backwards(result: LinearRegression, fit: Fit, x: FloatArray, y_target: float) -> None:
    """Setting at which the line reaches ``y_target``, with Fieller's interval."""
    if not math.isfinite(y_target):
        raise InputError(
            "y_target must be a finite number", where="y_target", remedy="give a number"
        )
    if result.slope == 0:
        raise InputError(
            "the slope is 0, so no x leads to the target", where="y_target", remedy="check the data"
        )
    result.y_target = y_target
    centre = float(x.mean()) if result.has_intercept else 0.0
    level = result.intercept + result.slope * centre
    offset = (y_target - level) / result.slope
    result.x_at_target = centre + offset
    if not float(x.min()) <= result.x_at_target <= float(x.max()):
        result.warnings.append(
            f"extrapolation: the target is reached outside the measured range "
            f"{float(x.min()):g} to {float(x.max()):g}"
        )
    squares = float(((x - centre) ** 2).sum())
    quantile = float(stats.t.ppf(1 - result.alpha / 2, result.df_residual))
    g = (quantile * result.se_slope / result.slope) ** 2
    if g < 1:
        constant = 1 / fit.n if result.has_intercept else 0.0
        half = (
            quantile
            * result.residual_stdev
            / abs(result.slope)
            * math.sqrt(constant * (1 - g) + offset**2 / squares)
        )
        result.x_at_target_low = centre + (offset - half) / (1 - g)
        result.x_at_target_high = centre + (offset + half) / (1 - g)


def _turning_points(fit: Fit, x: FloatArray) -> list[TurningPoint]:
    """Roots of the derivative in the measured range, in the well-scaled variable."""
    centre, scale = float(fit.columns.centre[0]), float(fit.columns.scale[0])
    working = fit.working_coefficients
    if not fit.columns.intercept:
        working = np.concatenate([[0.0], working])
    curve = np.polynomial.Polynomial(working)
    slope, bend = curve.deriv(1), curve.deriv(2)
    low, high = (float(x.min()) - centre) / scale, (float(x.max()) - centre) / scale
    points = []
    for root in sorted(slope.roots(), key=lambda value: float(value.real)):
        t = float(root.real)
        if abs(root.imag) > 1e-9 * (1 + abs(t)) or not low < t < high or bend(t) == 0:
            continue
        points.append(
            TurningPoint(
                x=centre + scale * t,
                y=fit.origin + float(curve(t)),
                kind="maximum" if bend(t) < 0 else "minimum",
            )
        )
    return points


def _optimum(points: list[TurningPoint]) -> TurningPoint | None:
    maxima = [point for point in points if point.kind == "maximum"]
    if maxima:
        return max(maxima, key=lambda point: point.y)
    return min(points, key=lambda point: point.y) if points else None


@regression_linear.narrates
def _narrate_linear(result: LinearRegression) -> Narrative:
    if result.significant:
        direction = "rises" if result.slope > 0 else "falls"
        verdict = (
            f"{{{{response}}}} {direction} with {{{{predictors.0}}}}: the slope is {{{{slope}}}} "
            "({{level:%}} interval {{slope_ci_low}} to {{slope_ci_high}}, p {{p_value:p}})"
        )
    else:
        verdict = (
            "There is no evidence of a straight-line relation between {{response}} and "
            "{{predictors.0}} (slope {{slope}}, p {{p_value:p}})"
        )
    details = ["Fitted line: {{equation}}."]
    if result.predictions:
        details.append(prediction_text())
    if result.x_at_target is not None:
        text = "{{response}} of {{y_target}} is reached at {{predictors.0}} = {{x_at_target}}"
        if result.x_at_target_low is not None:
            text += " ({{level:%}} interval {{x_at_target_low}} to {{x_at_target_high}})"
        details.append(f"{text}.")
    return Narrative(
        conclusion=f"{verdict}; R-squared {{{{r_squared:%}}}}.",
        details=details + common_details(result),
        key_figures=[
            ("slope", "{{slope}}"),
            ("intercept", "{{intercept}}"),
            *key_figures(result),
        ],
    )


@regression_polynomial.narrates
def _narrate_polynomial(result: PolynomialRegression) -> Narrative:
    if result.significant:
        verdict = (
            "A curve of degree {{degree}} describes {{response}} with R-squared {{r_squared:%}}"
        )
    else:
        verdict = (
            "A curve of degree {{degree}} explains no significant part of {{response}} "
            "(R-squared {{r_squared:%}})"
        )
    pays = "pays" if result.highest_term_p_value < result.alpha else "is not shown to pay"
    details = [
        "Fitted curve: {{equation}}.",
        f"The highest power {pays} (p {{{{highest_term_p_value:p}}}}).",
    ]
    if result.optimum_x is not None:
        details.append(
            "The curve has a {{optimum_kind}} of {{optimum_y:unit}} at "
            "{{predictors.0}} = {{optimum_x}}."
        )
    if result.predictions:
        details.append(prediction_text())
    return Narrative(
        conclusion=f"{verdict} (F = {{{{F}}}}, p {{{{p_value:p}}}}).",
        details=details + common_details(result),
        key_figures=key_figures(result),
    )


@regression_linear.verifies
def _verify_linear(
    result: LinearRegression, x: list[float], y: list[float], **_: object
) -> list[Recomputed]:
    predictor, response = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    again = by_singular_values(result, predictor[:, None], response)
    if result.has_intercept:
        peer = stats.linregress(predictor, response)
        again.append(
            Recomputed(
                name="slope",
                value=result.slope,
                recomputed=float(peer.slope),
                route="scipy linregress",
            )
        )
    return again


@regression_polynomial.verifies
def _verify_polynomial(
    result: PolynomialRegression, x: list[float], y: list[float], **_: object
) -> list[Recomputed]:
    values = np.asarray(x, dtype=np.float64)
    if not result.has_intercept:
        powers = (values / np.abs(values).max())[:, None] ** np.arange(1, result.degree + 1)
        return by_singular_values(result, powers, np.asarray(y, dtype=np.float64))
    unit = 2 * (values - values.min()) / np.ptp(values) - 1
    columns = np.polynomial.chebyshev.chebvander(unit, result.degree)[:, 1:]
    return by_singular_values(result, columns, np.asarray(y, dtype=np.float64))
