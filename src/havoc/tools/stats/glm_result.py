"""What a general linear model reports, and its charts."""

from __future__ import annotations

import msgspec
import numpy as np

from havoc.charts import ChartSpec, Panel, Series, decimate
from havoc.tools.parameters import FloatArray
from havoc.tools.result import Outcome
from havoc.tools.stats.linear_model_fit import LinearFit


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """One term of the table of the analysis of variance."""

    term: str
    df: int
    ss: float
    ms: float
    F: float
    p_value: float
    significant: bool
    partial_eta_squared: float


class Slope(msgspec.Struct, frozen=True, kw_only=True):
    """Change of the response for one more unit of a covariate."""

    covariate: str
    slope: float
    se: float
    t: float
    p_value: float
    ci_low: float
    ci_high: float
    mean: float


class AdjustedMean(msgspec.Struct, frozen=True, kw_only=True):
    """Mean of a level with the covariates at their means and the other factors averaged
    evenly (least-squares mean); ``raw_mean`` is the plain mean of its ``n`` values."""

    factor: str
    level: str
    n: int
    mean: float
    se: float
    ci_low: float
    ci_high: float
    raw_mean: float


class MeanDifference(msgspec.Struct, frozen=True, kw_only=True):
    """``pair`` "B-A" is the adjusted mean of B minus that of A."""

    factor: str
    pair: str
    difference: float
    se: float
    t: float
    p_adjusted: float
    ci_low: float
    ci_high: float
    significant: bool


class GeneralLinearModel(Outcome, kw_only=True):
    """``by_name`` holds F, p, ss and df of each term under F_term, p_term and so on.

    ``p_slopes`` tests whether the covariates have the same slope at all levels of the
    factors; adjusted means answer a clear question only where they have.
    """

    response_name: str
    factors: list[str]
    covariates: list[str]
    ss_type: int
    ss_name: str
    effects: list[Effect]
    by_name: dict[str, float]
    significant_terms: list[str]
    n: int
    df_model: int
    df_error: int
    ss_model: float
    ss_error: float
    ss_total: float
    ms_error: float
    F: float
    p_value: float
    significant: bool
    alpha: float
    level: float
    r_squared: float
    r_squared_adjusted: float
    residual_stdev: float
    balanced: bool
    coefficients: list[Slope] = msgspec.field(default_factory=list)
    adjusted_means: list[AdjustedMean] = msgspec.field(default_factory=list)
    compared: str | None = None
    adjustment: str | None = None
    comparisons: list[MeanDifference] = msgspec.field(default_factory=list)
    highest: str | None = None
    lowest: str | None = None
    r_squared_predicted: float | None = None
    F_slopes: float | None = None
    df_slopes: int | None = None
    p_slopes: float | None = None


def means_chart(result: GeneralLinearModel, unit: str) -> ChartSpec:
    label = unit or result.response_name
    panels = []
    for name in result.factors:
        means = [item for item in result.adjusted_means if item.factor == name]
        panels.append(
            Panel(
                title=name,
                x_label=name,
                y_label=label,
                x_scale="category",
                series=[
                    Series(
                        name="adjusted mean with its interval",
                        kind="points",
                        x=[item.level for item in means],
                        y=[item.mean for item in means],
                        low=[item.ci_low for item in means],
                        high=[item.ci_high for item in means],
                    ),
                    Series(
                        name="plain mean",
                        kind="points",
                        x=[item.level for item in means],
                        y=[item.raw_mean for item in means],
                    ),
                ],
            )
        )
    return ChartSpec(
        kind="main_effects",
        title=f"Adjusted means of {result.response_name} at each level",
        panels=panels,
    )


def covariance_chart(fit: LinearFit, y: FloatArray, response: str, unit: str) -> ChartSpec:
    """Points and fitted line of each level over the one covariate."""
    ((name, x),) = fit.terms.covariates.items()
    (factor,) = fit.terms.factors.values()
    series = []
    for i, level in enumerate(factor.levels):
        inside = np.flatnonzero(factor.codes == i)
        shown = inside[decimate(inside.size)]
        ends = [float(x[inside].min()), float(x[inside].max())]
        line = [fit.estimate(fit.terms.row({factor.name: level}, {name: end}))[0] for end in ends]
        series += [
            Series(name=level, kind="points", x=x[shown].tolist(), y=y[shown].tolist()),
            Series(name=f"{level}, fitted", kind="line", x=ends, y=line),
        ]
    return ChartSpec(
        kind="fitted_line",
        title=f"{response} against {name} at each level of {factor.name}",
        panels=[Panel(x_label=name, y_label=unit or response, series=series)],
        notes=["at most 2000 points a level are drawn"] if y.size > 2000 else [],
    )
