"""What a nonlinear fit reports, and its charts."""

from __future__ import annotations

import math

import msgspec
import numpy as np
from scipy import special

from havoc.charts import ChartSpec, Panel, Series, decimate
from havoc.tools.parameters import FloatArray
from havoc.tools.result import Check, Narrative, Outcome
from havoc.tools.stats import precise_sums
from havoc.tools.stats.assumption_checks import LEVEL, normal_residuals
from havoc.tools.stats.nonlinear_fit import NonlinearFit
from havoc.tools.stats.regression_charts import CURVE_POINTS


class Parameter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``ci`` by linearisation at the solution, ``profile`` by profile likelihood.

    A profile limit that is missing does not exist: no value on that side fits worse enough.
    """

    name: str
    estimate: float
    std_error: float
    t: float
    p_value: float
    ci_low: float
    ci_high: float
    start: float
    profile_low: float | None = None
    profile_high: float | None = None


class CurvePrediction(msgspec.Struct, frozen=True, kw_only=True):
    """Fitted value at a setting: ``ci`` is for the mean there, ``pi`` for one new value."""

    at: dict[str, float]
    fit: float
    std_error: float
    ci_low: float
    ci_high: float
    pi_low: float
    pi_high: float


class NonlinearRegression(Outcome, kw_only=True):
    """Result of a nonlinear fit.

    ``by_name`` holds each estimate under the name of its parameter and each standard
    error under ``se_`` and that name. ``residual_ss`` is the sum of squared residuals.
    ``r_squared`` compares with the mean and is no test of a nonlinear model;
    ``relative_offset`` is the convergence criterion of Bates and Watts.
    """

    response: str
    predictors: list[str]
    formula: str
    equation: str
    curve: str | None = None
    parameters: list[Parameter]
    estimates: list[float]
    std_errors: list[float]
    by_name: dict[str, float]
    n: int
    df_residual: int
    residual_ss: float
    residual_stdev: float
    r_squared: float
    log_likelihood: float
    aic: float
    bic: float
    alpha: float
    level: float
    start_source: str
    relative_offset: float
    iterations: int
    max_correlation: float | None = None
    correlated_first: str | None = None
    correlated_second: str | None = None
    F_lack_of_fit: float | None = None
    p_lack_of_fit: float | None = None
    df_lack_of_fit: int | None = None
    df_pure_error: int | None = None
    predictions: list[CurvePrediction] = msgspec.field(default_factory=list)
    predicted: float | None = None


def predict(
    fit: NonlinearFit, settings: dict[str, FloatArray], alpha: float
) -> list[CurvePrediction]:
    """Linearised intervals (Bates and Watts, 2.3.2) of the mean and of one new value."""
    model = fit.model.at(settings)
    values = model.value(fit.estimates)
    slopes = model.derivatives(fit.estimates)
    lever = np.einsum("ij,jk,ik->i", slopes, fit.unscaled, slopes)
    margin = float(special.stdtrit(fit.df_residual, 1 - alpha / 2)) * math.sqrt(fit.variance)
    results = []
    for i, (value, h) in enumerate(zip(values.tolist(), lever.tolist(), strict=True)):
        wide, wider = margin * math.sqrt(max(h, 0.0)), margin * math.sqrt(1 + max(h, 0.0))
        results.append(
            CurvePrediction(
                at={name: float(column[i]) for name, column in settings.items()},
                fit=value,
                std_error=math.sqrt(max(h, 0.0) * fit.variance),
                ci_low=value - wide,
                ci_high=value + wide,
                pi_low=value - wider,
                pi_high=value + wider,
            )
        )
    return results


def lack_of_fit(fit: NonlinearFit, y: FloatArray) -> dict[str, float]:
    """F test of the scatter about the curve against the scatter of repeated settings."""
    table = np.column_stack(list(fit.model.data.values()))
    _, group = np.unique(table, axis=0, return_inverse=True)
    group = group.reshape(-1)
    sizes = np.bincount(group)
    df_pure, df_lack = y.size - sizes.size, sizes.size - fit.estimates.size
    if df_pure < 1 or df_lack < 1:
        return {}
    centred = precise_sums.deviations(y)
    rest = centred - (np.bincount(group, weights=centred) / sizes)[group]
    pure = float(rest @ rest)
    if pure <= 0:
        return {}
    statistic = max(fit.ss_residual - pure, 0.0) / df_lack / (pure / df_pure)
    return {
        "F_lack_of_fit": statistic,
        "p_lack_of_fit": float(special.fdtrc(df_lack, df_pure, statistic)),
        "df_lack_of_fit": df_lack,
        "df_pure_error": df_pure,
    }


def correlation(fit: NonlinearFit) -> tuple[float, int, int] | None:
    """The largest correlation of two estimates, and which they are."""
    if fit.estimates.size < 2:
        return None
    errors = np.sqrt(np.diag(fit.unscaled))
    table = fit.unscaled / np.outer(errors, errors) - np.eye(errors.size)
    first, second = divmod(int(np.abs(table).argmax()), errors.size)
    first, second = sorted((first, second))
    return float(table[first, second]), first, second


def checks(fit: NonlinearFit, p_lack: float | None) -> list[Check]:
    if p_lack is None:
        form = Check(
            name="form of the model",
            status="unknown",
            detail="no repeated settings to test lack of fit with; see the residual chart",
        )
    else:
        form = Check(
            name="form of the model",
            status="ok" if p_lack >= LEVEL else "violated",
            detail=f"lack of fit p = {p_lack:.3g} against repeated settings",
        )
    return [form, normal_residuals(fit.residuals), _scatter(fit)]


def _scatter(fit: NonlinearFit) -> Check:
    """Spearman's correlation of the size of the residuals with the fitted value."""
    name = "constant scatter"
    size = np.abs(fit.residuals)
    if fit.residuals.size < 8 or np.ptp(size) == 0 or np.ptp(fit.fitted) == 0:
        return Check(name=name, status="unknown", detail="too few values to tell")
    ranks = [np.argsort(np.argsort(values)) for values in (size, fit.fitted)]
    rho = float(np.corrcoef(ranks[0], ranks[1])[0, 1])
    df = fit.residuals.size - 2
    t = rho * math.sqrt(df / max(1 - rho * rho, 1e-12))
    p_value = 2 * float(special.stdtr(df, -abs(t)))
    return Check(
        name=name,
        status="ok" if p_value >= LEVEL else "violated",
        detail=f"size of the residuals against fitted values: rank correlation {rho:.2f}, "
        f"p = {p_value:.3g}",
    )


def curve_chart(
    fit: NonlinearFit, y: FloatArray, x_name: str, y_name: str, alpha: float
) -> ChartSpec:
    """Points, fitted curve, band of the mean and limits of single values."""
    ((name, x),) = fit.model.data.items()
    grid = np.linspace(float(x.min()), float(x.max()), CURVE_POINTS)
    band = [point for point in predict(fit, {name: grid}, alpha) if math.isfinite(point.fit)]
    level = f"{100 * (1 - alpha):g} %"
    shown = decimate(x.size)
    places = [point.at[name] for point in band]
    return ChartSpec(
        kind="fitted_line",
        title=f"{y_name} against {x_name} with the fitted curve",
        panels=[
            Panel(
                x_label=x_name,
                y_label=y_name,
                series=[
                    Series(
                        name="measured", kind="points", x=x[shown].tolist(), y=y[shown].tolist()
                    ),
                    Series(
                        name=f"fit with {level} confidence band",
                        kind="line",
                        x=places,
                        y=[point.fit for point in band],
                        low=[point.ci_low for point in band],
                        high=[point.ci_high for point in band],
                    ),
                    Series(
                        name=f"{level} prediction, lower",
                        kind="line",
                        x=places,
                        y=[point.pi_low for point in band],
                    ),
                    Series(
                        name=f"{level} prediction, upper",
                        kind="line",
                        x=places,
                        y=[point.pi_high for point in band],
                    ),
                ],
            )
        ],
        notes=[] if len(shown) == x.size else [f"{len(shown)} of {x.size} points are drawn"],
    )


def narrate(result: NonlinearRegression) -> Narrative:
    shown = range(min(len(result.parameters), 10))
    values = ", ".join(
        f"{{{{parameters.{k}.name}}}} = {{{{parameters.{k}.estimate}}}}" for k in shown
    )
    details = []
    for k in shown:
        item = result.parameters[k]
        bounds = (
            f"; profile likelihood {{{{parameters.{k}.profile_low}}}} to "
            f"{{{{parameters.{k}.profile_high}}}}"
            if item.profile_low is not None and item.profile_high is not None
            else ""
        )
        details.append(
            f"{{{{parameters.{k}.name}}}}: standard error {{{{parameters.{k}.std_error}}}}, "
            f"{{{{level:%}}}} interval {{{{parameters.{k}.ci_low}}}} to "
            f"{{{{parameters.{k}.ci_high}}}} by linearisation{bounds}."
        )
    if result.p_lack_of_fit is not None:
        lacks = "shows" if result.p_lack_of_fit < result.alpha else "shows no"
        details.append(
            f"The test against repeated settings {lacks} lack of fit (p {{{{p_lack_of_fit:p}}}})."
        )
    if result.predictions:
        details.append(
            "The predicted mean is {{predictions.0.fit:unit}} ({{level:%}} interval "
            "{{predictions.0.ci_low}} to {{predictions.0.ci_high}}); one new value lies between "
            "{{predictions.0.pi_low}} and {{predictions.0.pi_high:unit}}."
        )
    figures = [
        ("residual standard deviation", "{{residual_stdev:unit}}"),
        ("residual sum of squares", "{{residual_ss}}"),
        ("degrees of freedom", "{{df_residual}}"),
        ("Akaike's criterion", "{{aic}}"),
    ]
    if result.predicted is not None:
        figures.insert(0, ("prediction", "{{predicted:unit}}"))
    name = "{{curve}} ({{formula}})" if result.curve else "{{formula}}"
    return Narrative(
        conclusion=f"The best fit of {name} to {{{{response}}}} has {values}; the residual "
        "standard deviation is {{residual_stdev:unit}} with {{df_residual}} degrees of freedom.",
        details=details,
        key_figures=figures,
    )
