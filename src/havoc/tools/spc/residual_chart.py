"""Residual chart: I-MR of what a time series model does not explain.

Sources: Montgomery, Introduction to Statistical Quality Control, 10.4; L. C. Alwan and H. V.
Roberts (1988), J. Bus. Econ. Stat. 6, 87; D. C. Montgomery and C. M. Mastrangelo (1991), J.
Quality Technology 23, 179 (EWMA forecast); G. M. Ljung and G. E. P. Box (1978), Biometrika 65,
297.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta
from scipy import special

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import FloatArray, Name, Sample, Unit, alike, as_sample
from havoc.tools.result import Narrative, Outcome, Recomputed
from havoc.tools.spc.constants import MOVING_RANGE_D2
from havoc.tools.spc.panels import Basis, draw, judge
from havoc.tools.spc.rules import Rules, Violation, rule_ids
from havoc.tools.spc.time_series import (
    Autoregression,
    EwmaForecast,
    autocorrelations,
    best_order,
    fit_autoregression,
    fit_ewma,
    ljung_box,
)
from havoc.tools.spc.variables import individuals_chart

MOST_ORDER = 24
_LAGS = 10


class Coefficient(msgspec.Struct, frozen=True, kw_only=True):
    """``lag`` 0 is the intercept."""

    lag: int
    estimate: float
    standard_error: float | None = None


class Portmanteau(msgspec.Struct, frozen=True, kw_only=True):
    """Ljung and Box: is there autocorrelation up to so many lags?"""

    lags: int
    q: float
    df: int
    p_value: float


class ResidualChart(Outcome):
    """Limits are those of the residuals; points keep the number of their value.

    ``acf_before`` and ``acf_after`` are the autocorrelations of values and residuals from lag 1
    on, ``acf_limit`` bounds those of independent values. ``raw_*`` is the I chart of the values
    themselves, as a model-free chart would show it.
    """

    name: str
    model: str
    order: int
    points: int
    residuals_count: int
    coefficients: list[Coefficient]
    sigma_residuals: float
    center: float
    lcl: float
    ucl: float
    mr_bar: float
    mr_ucl: float
    sigma_within: float
    in_control: bool
    out_of_limits: list[int]
    out_of_limits_count: int
    violations: list[Violation]
    violations_count: int
    rules: list[str]
    acf_before: list[float]
    acf_after: list[float]
    acf_limit: float
    ljung_box_before: Portmanteau
    ljung_box_after: Portmanteau
    adequate: bool
    alpha: float
    raw_lcl: float
    raw_ucl: float
    raw_out_of_limits_count: int
    residuals: list[float]
    spread_out_of_limits: list[int] | None = None
    process_mean: float | None = None
    weight: float | None = msgspec.field(default=None, name="lambda")
    sse: float | None = None
    baseline: int | None = None


@tool(
    "residual_chart",
    title="Residual control chart",
    source="Alwan and Roberts (1988), J. Bus. Econ. Stat. 6, 87; Montgomery and Mastrangelo (1991)",
)
def residual_chart(
    data: Sample,
    model: Annotated[
        Literal["ar", "ewma"],
        Meta(description="autoregression, or one-step EWMA forecast for a wandering level"),
    ] = "ar",
    order: Annotated[
        Annotated[int, Meta(ge=1, le=MOST_ORDER)] | None,
        Meta(description="order of the autoregression; by AIC if absent"),
    ] = None,
    fit: Annotated[
        Literal["least_squares", "yule_walker"],
        Meta(description="estimate of the autoregression (R: ar.ols, ar.yw)"),
    ] = "least_squares",
    lambda_: Annotated[
        Annotated[float, Meta(gt=0, le=1)] | None,
        Meta(description="EWMA weight; that of the smallest forecast errors if absent"),
    ] = msgspec.field(default=None, name="lambda"),
    rules: Rules = "western_electric",
    n_sigma: Annotated[
        float, Meta(gt=0, le=10, description="distance of the limits in standard deviations")
    ] = 3.0,
    baseline: Annotated[
        Annotated[int, Meta(ge=5)] | None,
        Meta(description="phase I: model and limits rest on the first so many values"),
    ] = None,
    alpha: Annotated[
        float, Meta(gt=0, lt=1, description="level of the tests of autocorrelation")
    ] = 0.05,
    name: Name = "the process",
    unit: Unit = "",
) -> ResidualChart:
    """Is an autocorrelated process stable, once its own memory is taken out?

    Use it where neighbouring values are alike (chemical processes, automatic gauging,
    temperatures), so that an ordinary chart signals too often. A time series model
    predicts every value from those before it; what it does not predict is charted.
    Assumes equal time steps, a model that fits (the residuals must be free of
    autocorrelation, which is tested) and normal residuals. After a sustained shift the
    residuals show it fully only at once: look at the first residual after it.
    """
    values = as_sample(data, "data", minimum=8, varying=True)
    if baseline is not None and baseline > values.size:
        raise InputError(
            f"{baseline} is more than the {values.size} values given",
            where="baseline",
            remedy="use a smaller baseline",
        )
    learnt = values[: baseline or values.size]
    if alike(learnt):
        raise InputError(
            "the baseline values are all equal, so there is nothing to model",
            where="data",
            remedy="use a longer baseline",
        )
    if model == "ar":
        fitted: Autoregression | EwmaForecast = _autoregression(learnt, order, fit)
    else:
        fitted = fit_ewma(learnt, lambda_)
    first = fitted.first
    residuals = fitted.residuals(values)
    if alpha < 1e-9:
        raise InputError(
            f"a level of {alpha:g} leaves no finite limits", where="alpha", remedy="such as 0.05"
        )
    scale = float(np.abs(values - values[0]).max())
    if float(np.abs(residuals[: learnt.size - first]).max()) <= 1e-10 * scale:
        raise InputError(
            "the model predicts every value exactly, so there are no residuals to chart",
            where="data",
            remedy="check that these are measurements",
        )
    basis = Basis(n_sigma=n_sigma, baseline=baseline - first if baseline else None)
    chosen = rule_ids(rules)
    chart = individuals_chart(residuals, basis, chosen)
    for panel in chart.panels:
        panel.positions = panel.positions + first
    findings = [judge(panel, n_sigma) for panel in chart.panels]
    lags = min(_LAGS, max(learnt.size // 5, 1))
    own = residuals[: learnt.size - first]
    after = autocorrelations(own, lags)
    tested = min(max(fitted.parameters + 5, lags), own.size - 2)
    before_test = _portmanteau(learnt, tested, 0)
    after_test = _portmanteau(own, tested, fitted.parameters)
    raw_center = float(learnt.mean())
    raw_sigma = float(np.abs(np.diff(learnt)).mean()) / MOVING_RANGE_D2
    raw_low, raw_high = raw_center - n_sigma * raw_sigma, raw_center + n_sigma * raw_sigma
    above, below = findings[0].above, findings[0].below
    spread = [*findings[1].above, *findings[1].below]
    violations = [item for found in findings for item in found.violations]
    signals = any(not item.warning_only for item in violations)
    figures = chart.figures
    result = ResidualChart(
        method=f"{fitted.method}, I-MR chart of the one-step residuals: {chart.method}",
        unit=unit,
        name=name,
        model=model,
        order=fitted.parameters if model == "ar" else 0,
        points=values.size,
        residuals_count=residuals.size,
        coefficients=_coefficients(fitted),
        sigma_residuals=math.sqrt(float(own @ own) / max(own.size - fitted.parameters - 1, 1)),
        # Least squares leaves a mean of rounding errors, which is no center to report.
        center=0.0
        if abs(figures["center"]) < 1e-9 * figures["sigma_within"]
        else figures["center"],
        lcl=figures["lcl"],
        ucl=figures["ucl"],
        mr_bar=figures["mr_bar"],
        mr_ucl=figures["mr_ucl"],
        sigma_within=figures["sigma_within"],
        in_control=not (above or below or spread or signals),
        out_of_limits=[*above, *below],
        out_of_limits_count=len(above) + len(below),
        spread_out_of_limits=spread or None,
        violations=violations,
        violations_count=sum(found.total for found in findings),
        rules=chosen,
        acf_before=autocorrelations(learnt, lags).tolist(),
        acf_after=after.tolist(),
        acf_limit=float(special.ndtri(1 - alpha / 2)) / math.sqrt(learnt.size),
        ljung_box_before=before_test,
        ljung_box_after=after_test,
        adequate=after_test.p_value >= alpha,
        alpha=alpha,
        raw_lcl=raw_low,
        raw_ucl=raw_high,
        raw_out_of_limits_count=int(np.sum((values > raw_high) | (values < raw_low))),
        residuals=residuals.tolist(),
        process_mean=fitted.mean if isinstance(fitted, Autoregression) else None,
        weight=fitted.weight if isinstance(fitted, EwmaForecast) else None,
        sse=fitted.sse if isinstance(fitted, EwmaForecast) else None,
        baseline=baseline,
        assumptions=[],
    )
    _warn(result, before_test, fitted)
    verdict = "no signal" if result.in_control else f"{result.violations_count} signals"
    result.charts = [
        draw(
            "i_mr", f"Residuals of {name}: {verdict}", chart.panels, findings, "observation", unit
        ),
        _acf_chart(result),
    ]
    return result


def _autoregression(values: FloatArray, order: int | None, fit: str) -> Autoregression:
    most = min(MOST_ORDER, (values.size - 3) // 3)
    if order is not None and order > most:
        raise InputError(
            f"an autoregression of order {order} needs at least {3 * order + 3} values",
            where="order",
            remedy="use a lower order or more data",
        )
    chosen = order or best_order(values, min(most, max(1, int(10 * math.log10(values.size)))), fit)
    return fit_autoregression(values, chosen, fit)


def _coefficients(fitted: Autoregression | EwmaForecast) -> list[Coefficient]:
    if isinstance(fitted, EwmaForecast):
        return []
    errors = fitted.standard_errors
    return [
        Coefficient(
            lag=lag, estimate=value, standard_error=errors[lag] if errors is not None else None
        )
        for lag, value in enumerate([fitted.intercept, *fitted.coefficients.tolist()])
    ]


def _portmanteau(values: FloatArray, lags: int, fitted: int) -> Portmanteau:
    q = ljung_box(values, lags)
    df = max(lags - fitted, 1)
    return Portmanteau(lags=lags, q=q, df=df, p_value=float(special.chdtrc(df, q)))


def _warn(
    result: ResidualChart, before: Portmanteau, fitted: Autoregression | EwmaForecast
) -> None:
    if not result.adequate:
        result.warnings.append(
            f"the residuals are still autocorrelated (Ljung-Box p = "
            f"{result.ljung_box_after.p_value:.2g}); try another order or model"
        )
    if before.p_value >= result.alpha:
        result.warnings.append(
            f"the values themselves show no autocorrelation (Ljung-Box p = {before.p_value:.2g}); "
            "an ordinary individuals chart serves"
        )
    if isinstance(fitted, Autoregression) and not fitted.stationary:
        result.warnings.append(
            "the fitted autoregression is not stationary: the level wanders; an EWMA forecast or "
            "the differences may serve better"
        )


def _acf_chart(result: ResidualChart) -> ChartSpec:
    lags = [float(lag) for lag in range(1, len(result.acf_before) + 1)]
    bounds = [
        Limit(label="limit", role="control", value=result.acf_limit),
        Limit(label="limit", role="control", value=-result.acf_limit),
    ]
    return ChartSpec(
        kind="acf",
        title="Autocorrelation of the values and of the residuals",
        panels=[
            Panel(
                title=title,
                x_label="lag",
                y_label="autocorrelation",
                series=[Series(name=title, kind="bars", x=lags, y=heights)],
                limits=bounds,
            )
            for title, heights in (
                ("values", result.acf_before),
                ("residuals", result.acf_after),
            )
        ],
    )


@residual_chart.narrates
def _narrate(result: ResidualChart) -> Narrative:
    what = {
        "ar": "the autoregression of order {{order}}",
        "ewma": "the EWMA forecast with lambda {{lambda}}",
    }[result.model]
    if result.in_control:
        conclusion = (
            "{{name}} is in statistical control once its autocorrelation is taken out by "
            f"{what}: no residual is beyond the limits."
        )
    else:
        if result.out_of_limits:
            seen = "the residuals of points {{out_of_limits}} are beyond the limits"
        elif result.violations:
            seen = "{{violations.0.reason}}"
        else:
            seen = "the moving ranges of the residuals leave their limits"
        conclusion = (
            f"{{{{name}}}} is not in statistical control, also after its autocorrelation is taken "
            f"out by {what}: {seen}."
        )
    remaining = "no autocorrelation is left" if result.adequate else "some autocorrelation is left"
    details = [
        "The lag-one autocorrelation falls from {{acf_before.0}} to {{acf_after.0}} "
        f"(limit {{{{acf_limit}}}}); {remaining} (Ljung-Box p {{{{ljung_box_after.p_value:p}}}}).",
        "Residuals: center {{center}}, limits {{lcl}} to {{ucl:unit}}.",
        "A chart of the values themselves would put {{raw_out_of_limits_count}} of {{points}} "
        "points beyond its limits {{raw_lcl}} to {{raw_ucl}}.",
    ]
    if result.coefficients:
        details.append(
            "A value depends on the one before it with {{coefficients.1.estimate}}; the process "
            "mean is {{process_mean:unit}}."
        )
    return Narrative(
        conclusion=conclusion,
        details=details,
        key_figures=[
            ("standard deviation of the residuals", "{{sigma_residuals:unit}}"),
            ("lower control limit", "{{lcl}}"),
            ("upper control limit", "{{ucl}}"),
            ("lag-one autocorrelation before", "{{acf_before.0}}"),
            ("lag-one autocorrelation after", "{{acf_after.0}}"),
            ("signals", "{{violations_count}}"),
        ],
    )


@residual_chart.verifies
def _verify(result: ResidualChart, data: list[float], **_: object) -> list[Recomputed]:
    if len(data) > 20_000:
        return []
    if result.model == "ewma" and result.weight is not None:
        level, errors = data[0], []
        for value in data[1:]:
            errors.append(value - level)
            level += result.weight * (value - level)
        again = errors[-1]
    else:
        again = data[-1] - math.fsum(
            item.estimate * (1.0 if item.lag == 0 else data[-1 - item.lag])
            for item in result.coefficients
        )
    return [
        Recomputed(
            name="last residual",
            value=result.residuals[-1],
            recomputed=again,
            route="prediction of the last value term by term",
            rtol=1e-6,
            atol=1e-9 * max(abs(value) for value in data),
        )
    ]
