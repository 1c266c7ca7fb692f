"""What a logistic regression reports, and its chart."""

from __future__ import annotations

import msgspec
import numpy as np
from scipy import special

from havoc.charts import ChartSpec, Panel, Series, decimate
from havoc.tools.result import Outcome
from havoc.tools.stats.logistic_fit import LogisticFit
from havoc.tools.stats.logistic_input import Observations


class Coefficient(msgspec.Struct, frozen=True, kw_only=True):
    """One term; the odds ratio is for a change of ``per``, or against the first label."""

    term: str
    labelled: bool
    coefficient: float
    se: float
    z: float
    p_value: float
    significant: bool
    ci_low: float
    ci_high: float
    odds_ratio: float
    odds_ratio_low: float
    odds_ratio_high: float


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """Chance of the event at a setting, with its interval."""

    at: str
    probability: float
    ci_low: float
    ci_high: float


class LogisticRegression(Outcome):
    """``coefficients`` and ``std_errors`` begin with the intercept; tests are Wald's z.

    ``p_value`` (``lr_p``) is that of the likelihood-ratio test of all predictors
    together. With one predictor ``slope``, ``odds_ratio`` and ``x_at`` (the level
    at which the chance is ``probability``; ``ed50`` at one half) have fields of
    their own. ``hosmer_lemeshow_p`` tests the fit, ``auc`` is the concordance.
    """

    name: str
    event: str
    n: int
    observations: int
    events: int
    coefficients: list[float]
    std_errors: list[float]
    terms: list[Coefficient]
    intercept: float
    intercept_se: float
    intercept_p: float
    log_likelihood: float
    deviance: float
    null_deviance: float
    df_residual: int
    lr_chi2: float
    lr_df: int
    lr_p: float
    p_value: float
    significant: bool
    alpha: float
    level: float
    mcfadden_r2: float
    aic: float
    auc: float
    per: float
    iterations: int
    slope: float | None = None
    slope_se: float | None = None
    slope_z: float | None = None
    slope_p: float | None = None
    odds_ratio: float | None = None
    odds_ratio_ci_low: float | None = None
    odds_ratio_ci_high: float | None = None
    probability: float | None = None
    x_at: float | None = None
    x_at_ci_low: float | None = None
    x_at_ci_high: float | None = None
    ed50: float | None = None
    predictions: list[Prediction] | None = None
    prediction: float | None = None
    hosmer_lemeshow_chi2: float | None = None
    hosmer_lemeshow_df: int | None = None
    hosmer_lemeshow_p: float | None = None


def logistic_chart(result: LogisticRegression, seen: Observations, model: LogisticFit) -> ChartSpec:
    column = seen.columns[:, 0]
    shown = decimate(column.size)
    grid = np.linspace(column.min(), column.max(), 101)
    design = np.column_stack([np.ones(grid.size), grid])
    linear = design @ model.coefficients
    quantile = float(special.ndtri(1 - result.alpha / 2))
    margin = quantile * np.sqrt(np.sum(design @ model.covariance * design, axis=1))
    return ChartSpec(
        kind="logistic",
        title=f"The chance of {result.name} against {seen.terms[0]}",
        panels=[
            Panel(
                x_label=seen.terms[0],
                y_label="chance",
                series=[
                    Series(
                        name="observed",
                        kind="points",
                        x=[float(column[i]) for i in shown],
                        y=[float(seen.events[i] / seen.trials[i]) for i in shown],
                    ),
                    Series(
                        name="fitted, with its interval",
                        kind="line",
                        x=grid.tolist(),
                        y=special.expit(linear).tolist(),
                        low=special.expit(linear - margin).tolist(),
                        high=special.expit(linear + margin).tolist(),
                    ),
                ],
            )
        ],
        notes=[]
        if len(shown) == column.size
        else [f"{len(shown)} of {column.size} outcomes are drawn"],
    )
