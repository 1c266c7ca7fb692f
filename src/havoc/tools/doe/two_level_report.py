"""Result of the analysis of a two-level experiment, and how it is put together."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from havoc.errors import InputError
from havoc.tools.doe import effect_charts
from havoc.tools.doe.anova_row import AnovaRow
from havoc.tools.doe.dispersion import DispersionEffect, dispersion_chart, dispersion_effects
from havoc.tools.doe.effect_terms import (
    TermSet,
    term_name,
)
from havoc.tools.doe.factors import Factor
from havoc.tools.doe.least_squares import (
    lack_of_fit,
    r_squared_predicted,
)
from havoc.tools.doe.lenth import Lenth, lenth
from havoc.tools.doe.two_level_data import TwoLevelData
from havoc.tools.doe.two_level_model import (
    BoolArray,
    EffectRow,
    TwoLevelModel,
    anova_of,
    curvature_of,
    effect_rows,
    lenth_rows,
    margin_of_t,
)
from havoc.tools.doe.two_level_random import RANDOM_BLOCKS, RandomBlocks
from havoc.tools.parameters import FloatArray, as_sample
from havoc.tools.result import Check, Outcome

LENTH_WARNING = (
    "Lenth's method assumes that most effects are inactive; with many real effects it finds too few"
)


class DoeAnalysis(Outcome):
    """``effects`` in model order with the interval of each effect; ``effects_by_name`` holds them
    as effect_A, effect_AB, …; ``coefficients`` are coded: intercept, blocks, then the effects.

    ``lack_of_fit`` quantities compare the model without a curvature term with pure error, as R's
    rsm does. ``lenth_*`` are given when the effects are judged by Lenth's method: pseudo standard
    error, its degrees of freedom, individual and simultaneous margin. ``block_sd`` is the standard
    deviation between random blocks. ``dispersion`` (if asked for) compares the scatter of the
    residuals at high and low.
    """

    response_name: str
    effects: list[EffectRow]
    effects_by_name: dict[str, float]
    coefficients: list[float]
    coefficient_names: list[str]
    significant_terms: list[str]
    significant: bool
    largest_term: str
    largest_effect: float
    alpha: float
    level: float
    judged_by: str
    aliased: dict[str, list[str]]
    not_estimable: list[str]
    confounded_with_blocks: list[str]
    terms_removed: list[str]
    center_points: int
    n: int | None = None
    mean: float | None = None
    factor_names: list[str] | None = None
    factors: list[Factor] | None = None
    r_squared: float | None = None
    anova: list[AnovaRow] | None = None
    r_squared_adjusted: float | None = None
    r_squared_predicted: float | None = None
    residual_sd: float | None = None
    df_residual: int = 0
    lenth_pse: float | None = None
    lenth_df: float | None = None
    lenth_margin: float | None = None
    lenth_simultaneous_margin: float | None = None
    limit: float | None = None
    block_sd: float | None = None
    dispersion: list[DispersionEffect] | None = None
    factorial_mean: float | None = None
    center_mean: float | None = None
    curvature: float | None = None
    ss_curvature: float | None = None
    F_curvature: float | None = None
    p_curvature: float | None = None
    curvature_significant: bool | None = None
    ss_pure_error: float | None = None
    df_pure_error: int | None = None
    ss_lack_of_fit: float | None = None
    df_lack_of_fit: int | None = None
    F_lack_of_fit: float | None = None
    p_lack_of_fit: float | None = None


def of_effects(
    effects: dict[str, float] | list[float],
    alpha: float,
    response_name: str,
    unit: str,
    where: str,
) -> DoeAnalysis:
    """Effects that were computed elsewhere, judged by Lenth's method."""
    named = (
        effects
        if isinstance(effects, dict)
        else {f"effect {index}": value for index, value in enumerate(effects, 1)}
    )
    sizes = as_sample(list(named.values()), f"{where} effects", minimum=3)
    judgement = lenth(sizes, alpha)
    if judgement.pse == 0:
        raise InputError(
            "most effects are zero, so there is no scale to judge by",
            where=f"{where} effects",
            remedy="give the effects with more digits",
        )
    rows = lenth_rows(list(named), sizes, judgement)
    significant = [row.term for row in rows if row.significant]
    largest = max(rows, key=lambda row: abs(row.effect))
    return DoeAnalysis(
        method="effects as given, judged by Lenth's pseudo standard error",
        unit=unit,
        response_name=response_name,
        effects=rows,
        effects_by_name={f"effect_{name}": value for name, value in named.items()},
        coefficients=(sizes / 2).tolist(),
        coefficient_names=list(named),
        significant_terms=significant,
        significant=bool(significant),
        largest_term=largest.term,
        largest_effect=largest.effect,
        alpha=alpha,
        level=1 - alpha,
        judged_by="lenth",
        aliased={},
        not_estimable=[],
        confounded_with_blocks=[],
        terms_removed=[],
        center_points=0,
        lenth_pse=judgement.pse,
        lenth_df=judgement.df,
        lenth_margin=judgement.margin,
        lenth_simultaneous_margin=judgement.simultaneous_margin,
        limit=judgement.margin,
        charts=effect_charts.effect_sizes(
            [(row.term, row.effect, row.significant) for row in rows],
            judgement.margin,
            response_name,
            unit,
        ),
        warnings=[LENTH_WARNING],
    )


def result_of(
    data: TwoLevelData,
    values: FloatArray,
    model: TwoLevelModel,
    separable: TermSet,
    names: list[str],
    block_names: list[str],
    block_columns: FloatArray,
    *,
    removed: list[str],
    judgement: Lenth | None,
    alpha: float,
    response_name: str,
    unit: str,
    is_center: BoolArray,
    mixed: RandomBlocks | None = None,
    dispersion: bool = False,
) -> DoeAnalysis:
    offset = 1 + model.n_blocks
    terms = [term_name(term, names) for term in model.terms]
    # Without a curvature column the intercept is the plain one; effects agree in both fits.
    coefficients = model.plain.coefficients if mixed is None else mixed.coefficients
    rows = effect_rows(model, terms, offset, judgement, alpha) if mixed is None else mixed.rows
    total = float(((values - values.mean()) ** 2).sum())
    pure = lack_of_fit(data.coded, block_columns, values, model.plain) if mixed is None else None
    tested = judgement is not None or any(row.p_value is not None for row in rows)
    significant = [row.term for row in rows if row.significant]
    largest = max(rows, key=lambda row: abs(row.effect))
    aliased = {name: others for name, others in separable.aliased.items() if name in terms}
    curvature = curvature_of(model, values, is_center, alpha)
    if mixed is not None and curvature:
        curvature |= mixed.curvature
    scatter = (
        dispersion_effects(data.coded, model.full.residuals, names)
        if dispersion and model.full.df and model.full.rss > 0
        else None
    )
    limit = (
        judgement.margin
        if judgement is not None
        else margin_of_t(model, offset, alpha)
        if tested and mixed is None
        else None
    )
    judged_by = "lenth" if judgement is not None else "t" if tested else "none"
    df = model.plain.df
    coding = "coded -1 low, +1 high; effect = mean at high minus mean at low"
    error = (
        RANDOM_BLOCKS
        if mixed is not None
        else {
            "lenth": "effects judged by Lenth's pseudo standard error",
            "t": "t tests against the residual mean square"
            + (" after removing curvature" if model.curvature else ""),
            "none": "too few runs for a test",
        }[judged_by]
    )
    r_squared = 1 - model.plain.rss / total
    return DoeAnalysis(
        method=f"two-level analysis by least squares, {coding}; {error}",
        unit=unit,
        response_name=response_name,
        n=len(values),
        factor_names=names,
        factors=data.factors,
        mean=float(values.mean()),
        effects=rows,
        effects_by_name={f"effect_{row.term}": row.effect for row in rows},
        coefficients=[float(value) for value in coefficients],
        coefficient_names=["intercept", *(f"block {name}" for name in block_names), *terms],
        significant_terms=significant,
        significant=bool(significant),
        largest_term=largest.term,
        largest_effect=largest.effect,
        alpha=alpha,
        level=1 - alpha,
        judged_by=judged_by,
        r_squared=r_squared,
        r_squared_adjusted=1 - (model.plain.rss / df) / (total / (len(values) - 1)) if df else None,
        r_squared_predicted=r_squared_predicted(model.plain, total),
        residual_sd=mixed.residual_sd
        if mixed is not None
        else float(np.sqrt(model.full.rss / model.full.df))
        if model.full.df
        else None,
        block_sd=mixed.block_sd if mixed is not None else None,
        df_residual=model.full.df,
        dispersion=scatter,
        anova=anova_of(model, terms, block_names, offset, values, pure, curvature, total)
        if mixed is None
        else None,
        aliased=aliased,
        not_estimable=[*separable.with_mean, *separable.dropped],
        confounded_with_blocks=separable.with_blocks,
        terms_removed=removed,
        center_points=int(is_center.sum()),
        lenth_pse=judgement.pse if judgement else None,
        lenth_df=judgement.df if judgement else None,
        lenth_margin=judgement.margin if judgement else None,
        lenth_simultaneous_margin=judgement.simultaneous_margin if judgement else None,
        limit=limit,
        **curvature,
        ss_pure_error=pure.ss_pure_error if pure else None,
        df_pure_error=pure.df_pure_error if pure else None,
        ss_lack_of_fit=pure.ss_lack_of_fit if pure and pure.df_lack_of_fit else None,
        df_lack_of_fit=pure.df_lack_of_fit if pure and pure.df_lack_of_fit else None,
        F_lack_of_fit=pure.f if pure else None,
        p_lack_of_fit=pure.p_value if pure else None,
        assumptions=assumptions_of(model),
        warnings=warnings_of(separable, aliased, removed, judgement, curvature),
        charts=[
            *effect_charts.charts(
                rows=[(row.term, row.effect, row.significant) for row in rows],
                limit=limit,
                factors=data.factors,
                coded=data.coded,
                values=values,
                terms=model.terms,
                fitted=model.full.fitted,
                residuals=model.full.residuals if model.full.df else None,
                response_name=response_name,
                unit=unit,
            ),
            *([dispersion_chart(scatter, response_name)] if scatter else []),
        ],
    )


def assumptions_of(model: TwoLevelModel) -> list[Check]:
    residuals = model.full.residuals
    if model.full.df < 3 or len(residuals) > 5000 or model.full.rss == 0:
        return [
            Check(
                name="normal residuals",
                status="unknown",
                detail="too few degrees of freedom for a check of the residuals"
                if model.full.df < 3
                else "not tested for this many runs",
            )
        ]
    p_value = float(stats.shapiro(residuals).pvalue)
    return [
        Check(
            name="normal residuals",
            status="ok" if p_value >= 0.05 else "violated",
            detail=f"Shapiro-Wilk test of the residuals: p = {p_value:.3g}",
        )
    ]


def warnings_of(
    separable: TermSet,
    aliased: dict[str, list[str]],
    removed: list[str],
    judgement: Lenth | None,
    curvature: dict[str, Any],
) -> list[str]:
    warnings = []
    if aliased:
        shown = [f"{name} = {' = '.join(others[:3])}" for name, others in list(aliased.items())[:6]]
        warnings.append(f"aliased effects, of which only the sum is estimated: {'; '.join(shown)}")
    if separable.dropped:
        warnings.append(
            f"{len(separable.dropped)} interactions are partly aliased with the effects in the "
            "model and were left out"
        )
    if separable.with_blocks:
        warnings.append(f"confounded with blocks: {', '.join(separable.with_blocks[:8])}")
    if curvature.get("curvature_significant"):
        warnings.append(
            "curvature is significant: the effects describe the corners, not the middle; add "
            "axial runs (central composite design) for a second-order model"
        )
    if removed:
        warnings.append("p-values after the reduction of a model are smaller than they should be")
    if judgement is not None:
        warnings.append(LENTH_WARNING)
    return warnings
