"""Adjusted (least-squares) means of a linear model, and their differences in pairs.

Sources: S. R. Searle, F. M. Speed, G. A. Milliken (1980), Am. Stat. 34, 216; C. Y. Kramer
(1956), Biometrics 12, 307.
"""

from __future__ import annotations

import itertools
import math
from typing import Literal

import numpy as np
from scipy import special

from havoc.tools.parameters import FloatArray
from havoc.tools.stats.adjustments import adjusted
from havoc.tools.stats.glm_result import AdjustedMean, GeneralLinearModel, MeanDifference
from havoc.tools.stats.linear_model_fit import LinearFit
from havoc.tools.stats.range_distributions import studentized_range_quantile, studentized_range_sf

Adjustment = Literal["tukey", "bonferroni", "sidak", "none"]
ADJUSTMENTS = {
    "tukey": "Tukey-Kramer",
    "bonferroni": "Bonferroni",
    "sidak": "Šidák",
    "none": "no adjustment",
}
MOST_COMPARED = 30


def add_means(result: GeneralLinearModel, fit: LinearFit, y: FloatArray) -> None:
    """The mean of every level of every factor at the means of the covariates."""
    at = {name: float(values.mean()) for name, values in fit.terms.covariates.items()}
    quantile = float(special.stdtrit(fit.df_error, 1 - result.alpha / 2))
    for factor in fit.terms.factors.values():
        sizes = np.bincount(factor.codes)
        plain = fit.origin + np.bincount(factor.codes, weights=y - fit.origin) / sizes
        for i, level in enumerate(factor.levels):
            mean, error = fit.estimate(fit.terms.row({factor.name: level}, at))
            result.adjusted_means.append(
                AdjustedMean(
                    factor=factor.name,
                    level=level,
                    n=int(sizes[i]),
                    mean=mean,
                    se=error,
                    ci_low=mean - quantile * error,
                    ci_high=mean + quantile * error,
                    raw_mean=float(plain[i]),
                )
            )


def add_comparisons(result: GeneralLinearModel, fit: LinearFit, name: str, adjust: str) -> None:
    """All pairs of levels of one factor."""
    factor = fit.terms.factors[name]
    means = {item.level: item.mean for item in result.adjusted_means if item.factor == name}
    result.compared = name
    result.highest = max(means, key=lambda level: means[level])
    result.lowest = min(means, key=lambda level: means[level])
    count = len(factor.levels)
    if count > MOST_COMPARED:
        result.warnings.append(f"{count} levels make too many pairs; none are compared")
        return
    at = {key: float(values.mean()) for key, values in fit.terms.covariates.items()}
    pairs = [(b, a) for a, b in itertools.combinations(factor.levels, 2)]
    values = []
    for later, earlier in pairs:
        row = fit.terms.row({name: later}, at) - fit.terms.row({name: earlier}, at)
        values.append(fit.estimate(row))
    statistics = [value / error for value, error in values]
    df = fit.df_error
    if adjust == "tukey":
        p_values = [studentized_range_sf(abs(t) * math.sqrt(2), count, df) for t in statistics]
        critical = studentized_range_quantile(1 - result.alpha, count, df) / math.sqrt(2)
    else:
        raw = [2 * float(special.stdtr(df, -abs(t))) for t in statistics]
        p_values = adjusted(raw, adjust)
        share = {
            "bonferroni": result.alpha / len(pairs),
            "sidak": -math.expm1(math.log1p(-result.alpha) / len(pairs)),
            "none": result.alpha,
        }[adjust]
        critical = float(special.stdtrit(df, 1 - share / 2))
    result.adjustment = ADJUSTMENTS[adjust]
    result.comparisons = [
        MeanDifference(
            factor=name,
            pair=f"{later}-{earlier}",
            difference=value,
            se=error,
            t=t,
            p_adjusted=p_value,
            ci_low=value - critical * error,
            ci_high=value + critical * error,
            significant=p_value < result.alpha,
        )
        for (later, earlier), (value, error), t, p_value in zip(
            pairs, values, statistics, p_values, strict=True
        )
    ]
