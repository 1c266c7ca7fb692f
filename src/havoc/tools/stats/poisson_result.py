"""What a Poisson regression reports, and its charts."""

from __future__ import annotations

import msgspec
import numpy as np
from scipy import special

from havoc.charts import ChartSpec, Limit, Panel, Series, decimate
from havoc.tools.parameters import FloatArray
from havoc.tools.result import Outcome
from havoc.tools.stats.poisson_fit import CountFit, deviance_residuals
from havoc.tools.stats.predictor_columns import PredictorColumns


class RateTerm(msgspec.Struct, frozen=True, kw_only=True):
    """One term; the rate ratio is for a change of ``per``, or against the first label."""

    term: str
    labelled: bool
    coefficient: float
    se: float
    statistic: float
    p_value: float
    significant: bool
    ci_low: float
    ci_high: float
    rate_ratio: float
    rate_ratio_low: float
    rate_ratio_high: float


class RatePrediction(msgspec.Struct, frozen=True, kw_only=True):
    """Mean count for one unit of exposure at a setting, with its interval."""

    at: str
    rate: float
    ci_low: float
    ci_high: float


class PoissonRegression(Outcome):
    """``coefficients`` and ``std_errors`` begin with the intercept.

    ``p_value`` is that of the test of all predictors together: the likelihood ratio, or
    with quasi-Poisson an F test. ``dispersion`` is Pearson's chi-squared over its degrees
    of freedom: near one for Poisson counts, larger with overdispersion; ``theta`` is the
    negative binomial's (the variance is mean + mean squared over theta).
    """

    name: str
    family: str
    n: int
    total: float
    coefficients: list[float]
    std_errors: list[float]
    terms: list[RateTerm]
    intercept: float
    intercept_se: float
    deviance: float
    null_deviance: float
    df_residual: int
    deviance_p: float
    pearson_chi2: float
    pearson_p: float
    dispersion: float
    overdispersed: bool
    zeros: int
    zeros_expected: float
    statistic_name: str
    p_value: float
    significant: bool
    alpha: float
    level: float
    per: float
    iterations: int
    lr_chi2: float | None = None
    lr_df: int | None = None
    F: float | None = None
    log_likelihood: float | None = None
    aic: float | None = None
    theta: float | None = None
    theta_se: float | None = None
    slope: float | None = None
    rate_ratio: float | None = None
    rate_ratio_ci_low: float | None = None
    rate_ratio_ci_high: float | None = None
    predictions: list[RatePrediction] | None = None
    prediction: float | None = None


def rate_band(
    result: PoissonRegression, model: CountFit, rows: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    design = np.column_stack([np.ones(len(rows)), rows])
    quasi = result.statistic_name == "t"
    quantile = float(
        special.stdtrit(result.df_residual, 1 - result.alpha / 2)
        if quasi
        else special.ndtri(1 - result.alpha / 2)
    )
    spread = result.dispersion if quasi else 1.0
    linear = design @ model.coefficients
    margin = quantile * np.sqrt(np.sum(design @ model.covariance * design, axis=1) * spread)
    bounds = [
        np.exp(np.minimum(value, 700)) for value in (linear, linear - margin, linear + margin)
    ]
    return bounds[0], bounds[1], bounds[2]


def rate_curve(
    result: PoissonRegression,
    found: PredictorColumns,
    model: CountFit,
    counts: FloatArray,
    offset: FloatArray,
) -> ChartSpec:
    column = found.columns[:, 0]
    shown = decimate(column.size)
    grid = np.linspace(column.min(), column.max(), 101)
    rate, low, high = rate_band(result, model, grid[:, None])
    observed = counts / np.exp(offset)
    return ChartSpec(
        kind="fitted_line",
        title=f"Rate of {result.name} against {found.terms[0]} with the fitted curve",
        panels=[
            Panel(
                x_label=found.terms[0],
                y_label="rate",
                series=[
                    Series(
                        name="observed",
                        kind="points",
                        x=[float(column[i]) for i in shown],
                        y=[float(observed[i]) for i in shown],
                    ),
                    Series(
                        name="fitted, with its interval",
                        kind="line",
                        x=grid.tolist(),
                        y=rate.tolist(),
                        low=low.tolist(),
                        high=high.tolist(),
                    ),
                ],
            )
        ],
        notes=[]
        if len(shown) == column.size
        else [f"{len(shown)} of {column.size} counts are drawn"],
    )


def residual_chart(result: PoissonRegression, model: CountFit, counts: FloatArray) -> ChartSpec:
    residuals = deviance_residuals(counts, model.fitted, model.theta)
    shown = decimate(counts.size)
    return ChartSpec(
        kind="residuals_vs_fits",
        title=f"Deviance residuals of {result.name} lie between the lines if the scatter fits",
        panels=[
            Panel(
                x_label="fitted count",
                y_label="deviance residual",
                series=[
                    Series(
                        name="residual",
                        kind="points",
                        x=model.fitted[shown].tolist(),
                        y=residuals[shown].tolist(),
                    )
                ],
                limits=[
                    Limit(label="zero", role="center", value=0.0),
                    Limit(label="+2", role="warning", value=2.0),
                    Limit(label="-2", role="warning", value=-2.0),
                ],
            )
        ],
        notes=[]
        if len(shown) == counts.size
        else [f"{len(shown)} of {counts.size} counts are drawn"],
    )
