"""Variance components, fixed effects and predicted levels of a fitted mixed model."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from havoc.tools.parameters import FloatArray
from havoc.tools.stats.linear_terms import Terms
from havoc.tools.stats.mixed_fit import MixedModel, Solved
from havoc.tools.stats.mixed_inference import Inference, profile_interval
from havoc.tools.stats.mixed_result import (
    MOST_SHOWN,
    Component,
    FixedCoefficient,
    FixedEffect,
    LevelMean,
    RandomEffect,
)
from havoc.tools.stats.random_terms import RandomTerm

# Levels of the random factors together up to which profiles take less than some seconds.
PROFILED_LEVELS = 150


def variance_components(
    y: FloatArray,
    terms: Terms,
    groups: list[RandomTerm],
    model: MixedModel,
    fit: Solved,
    alpha: float,
) -> list[Component]:
    profiled = int(model.edges[-1]) <= PROFILED_LEVELS
    full = MixedModel(y, terms.matrix, [group.codes for group in groups], reml=False)
    full_fit = full.fit() if profiled else None
    total = fit.sigma2 * (1 + float(fit.ratios.sum()))
    components = []
    for k, group in enumerate(groups):
        variance = float(fit.ratios[k]) * fit.sigma2
        ratio = max(model.fit(fixed=[k]).deviance - fit.deviance, 0.0)
        bounds = profile_interval(full, full_fit, k, 1 - alpha) if full_fit else (None, None)
        components.append(
            Component(
                name=group.name,
                levels=len(group.levels),
                variance=variance,
                sd=math.sqrt(variance),
                share=variance / total,
                sd_low=bounds[0],
                sd_high=bounds[1],
                lr_chi2=ratio,
                p_value=float(special.chdtrc(1, ratio)),
            )
        )
    bounds = profile_interval(full, full_fit, None, 1 - alpha) if full_fit else (None, None)
    components.append(
        Component(
            name="error",
            levels=y.size,
            variance=fit.sigma2,
            sd=math.sqrt(fit.sigma2),
            share=fit.sigma2 / total,
            sd_low=bounds[0],
            sd_high=bounds[1],
        )
    )
    return components


def fixed_effects(terms: Terms, inference: Inference, alpha: float) -> list[FixedEffect]:
    everything = np.eye(terms.matrix.shape[1])
    effects = []
    for name, places in zip(terms.names, terms.places, strict=True):
        test = inference.test(everything[places])
        effects.append(
            FixedEffect(
                term=name,
                df_num=test.df_num,
                df_den=test.df_den,
                F=test.F,
                p_value=test.p_value,
                significant=test.p_value < alpha,
            )
        )
    return effects


def fixed_coefficients(terms: Terms, inference: Inference, alpha: float) -> list[FixedCoefficient]:
    """The mean (at the means of the covariates), and the slope of each covariate."""
    at = {name: float(values.mean()) for name, values in terms.covariates.items()}
    rows = [("mean", terms.row({}, at))]
    for name in terms.covariates:
        row = np.zeros(terms.matrix.shape[1])
        row[terms.places[terms.parts.index((name,))][0]] = 1.0
        rows.append((name, row))
    found = []
    for name, row in rows:
        value, error, df = inference.estimate(row)
        margin = float(special.stdtrit(df, 1 - alpha / 2)) * error
        found.append(
            FixedCoefficient(
                name=name,
                estimate=value,
                se=error,
                df=df,
                t=value / error,
                p_value=2 * float(special.stdtr(df, -abs(value / error))),
                ci_low=value - margin,
                ci_high=value + margin,
            )
        )
    return found


def level_means(terms: Terms, inference: Inference, alpha: float) -> list[LevelMean]:
    at = {name: float(values.mean()) for name, values in terms.covariates.items()}
    means = []
    for factor in terms.factors.values():
        for level in factor.levels:
            value, error, df = inference.estimate(terms.row({factor.name: level}, at))
            margin = float(special.stdtrit(df, 1 - alpha / 2)) * error
            means.append(
                LevelMean(
                    factor=factor.name,
                    level=level,
                    mean=value,
                    se=error,
                    df=df,
                    ci_low=value - margin,
                    ci_high=value + margin,
                )
            )
    return means


def predicted_levels(
    groups: list[RandomTerm], model: MixedModel, fit: Solved
) -> list[RandomEffect]:
    found = []
    for k, group in enumerate(groups):
        if len(group.levels) > MOST_SHOWN:
            continue
        ratio = float(fit.ratios[k])
        values = ratio * fit.zpy[model.block(k)]
        kept = np.diag(fit.zpz)[model.block(k)]
        errors = np.sqrt(np.maximum(fit.sigma2 * (ratio - ratio**2 * kept), 0.0))
        found += [
            RandomEffect(factor=group.name, level=level, effect=float(value), se=float(error))
            for level, value, error in zip(group.levels, values, errors, strict=True)
        ]
    return found
