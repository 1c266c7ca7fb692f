"""Analysis of two-level experiments: effects, tests, curvature, lack of fit, reduction.

An effect is the mean at the high setting minus the mean at the low one, twice
the coefficient in coded units. Effects are tested by t against the residual
mean square; a saturated model has none and is judged by Lenth's method.

Sources: Montgomery, Design and Analysis of Experiments, chapters 6-8; Lenth
(1989), Technometrics 31, 469; NIST/SEMATECH e-Handbook 5.4 and 5.5.9.
"""

from __future__ import annotations

import math
import statistics
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta
from scipy import stats

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.doe import effect_charts
from havoc.tools.doe.anova_row import AnovaRow
from havoc.tools.doe.effect_terms import (
    MAX_TERMS,
    Term,
    TermSet,
    all_terms,
    parse_term,
    separable_terms,
    term_name,
)
from havoc.tools.doe.factors import Coding, Factor, by_name
from havoc.tools.doe.least_squares import (
    block_dummies,
    lack_of_fit,
    r_squared_predicted,
)
from havoc.tools.doe.lenth import Lenth, lenth
from havoc.tools.doe.two_level_data import TwoLevelData, from_columns, in_standard_order
from havoc.tools.doe.two_level_model import (
    BoolArray,
    EffectRow,
    TwoLevelModel,
    anova_of,
    backward,
    curvature_of,
    effect_rows,
    fit_with_curvature,
    kept_by_lenth,
    lenth_rows,
    margin_of_t,
)
from havoc.tools.parameters import Alpha, FloatArray, Name, Sample, Unit, as_sample
from havoc.tools.result import Check, Narrative, Outcome, Recomputed

FEWEST_FOR_LENTH = 5
LENTH_WARNING = (
    "Lenth's method assumes that most effects are inactive; with many real effects it finds too few"
)

Columns = Annotated[
    dict[str, list[float | str]],
    Meta(description="settings of each factor: natural units, -1 and 1, + and -, or two labels"),
]


class DoeAnalysis(Outcome):
    """``effects`` in model order with the interval of each effect; ``effects_by_name`` holds them
    as effect_A, effect_AB, …; ``coefficients`` are coded: intercept, blocks, then the effects.

    ``lack_of_fit`` quantities compare the model without a curvature term with pure error, as R's
    rsm does. ``lenth_*`` are given when the effects are judged by Lenth's method: pseudo standard
    error, its degrees of freedom, individual and simultaneous margin.
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


@tool(
    "doe_analyze",
    title="Analysis of a two-level experiment",
    source="Montgomery, DAE, ch. 6-8; Lenth (1989); NIST/SEMATECH e-Handbook 5.4",
)
def doe_analyze(
    response: Sample = [],  # noqa: B006
    factors: Columns = {},  # noqa: B006
    n_factors: Annotated[int, Meta(ge=1, le=47, description="when in standard order")]
    | None = None,
    factor_names: Annotated[
        list[str], Meta(description="names of the factors of responses in standard order")
    ] = [],  # noqa: B006
    generators: Annotated[
        list[str], Meta(description="generators of a fraction in standard order, such as D=ABC")
    ] = [],  # noqa: B006
    design: Annotated[
        Literal["factorial", "plackett_burman"],
        Meta(description="design of responses in standard order"),
    ] = "factorial",
    center_response: Annotated[
        list[float], Meta(description="responses at centre points, in addition to response")
    ] = [],  # noqa: B006
    block: Annotated[list[str | float], Meta(description="block of every run")] = [],  # noqa: B006
    model: Annotated[
        Literal["auto", "full", "two_factor", "main"],
        Meta(
            description="highest interactions considered; auto is full, or main if interactions "
            "are partly aliased with main effects (Plackett-Burman)"
        ),
    ] = "auto",
    terms: Annotated[
        list[str], Meta(description="exact terms of the model, such as A, B, AB")
    ] = [],  # noqa: B006
    reduce: Annotated[
        Literal["none", "backward"],
        Meta(description="drop terms that are not significant, keeping the hierarchy"),
    ] = "none",
    effects: Annotated[
        dict[str, float] | list[float],
        Meta(description="instead of data: the effects themselves, judged by Lenth's method"),
    ] = [],  # noqa: B006
    method: Annotated[
        Literal["auto", "t", "lenth"], Meta(description="how effects are judged")
    ] = "auto",
    center: Coding = {},  # noqa: B006
    half_range: Coding = {},  # noqa: B006
    alpha: Alpha = 0.05,
    response_name: Name = "the response",
    unit: Unit = "",
) -> DoeAnalysis:
    """Which factors and interactions change the response, and is there curvature?

    Use it for the results of two-level experiments: full or fractional
    factorials and Plackett-Burman designs, with or without replicates, centre
    points and blocks. Give the settings of every run, or only the responses in
    standard order (A changes fastest) with the number of factors. Assumes
    independent errors of constant variance, normal for the tests. Effects are
    in the unit of the response.
    """
    where = "doe_analyze"
    if effects and not response:
        return _of_effects(effects, alpha, response_name, unit, where)
    values = as_sample(response, f"{where} response", minimum=2)
    data = _read(
        values, factors, n_factors, factor_names, generators, design, center, half_range, where
    )
    if center_response:
        extra = as_sample(center_response, f"{where} center_response")
        values = np.concatenate([values, extra])
        middle = np.zeros((len(extra), len(data.factors)))
        data = TwoLevelData(factors=data.factors, coded=np.vstack([data.coded, middle]))
    if np.ptp(values) == 0:
        raise InputError(
            f"all {len(values)} responses equal {values[0]:g}, so there is nothing to explain",
            where=f"{where} response",
            remedy="check the resolution of the measurement",
        )
    names = [factor.name for factor in data.factors]
    block_names, block_columns = _blocks(block, len(values), where)
    base = np.column_stack([np.ones(len(values)), block_columns])
    candidates = _candidates(names, model, terms, where)
    separable = separable_terms(candidates, data.coded, base, block_columns, names)
    if separable.dropped and model == "auto" and not terms:
        main = all_terms(len(names), 1)
        separable = separable_terms(main, data.coded, base, block_columns, names)
    if not separable.terms:
        raise InputError(
            "no effect can be estimated from these settings",
            where=f"{where} factors",
            remedy="check that every factor has runs at two levels",
        )
    is_center = data.is_center
    fitted = fit_with_curvature(separable.terms, separable, base, values, is_center)
    if method == "t" and fitted.full.df == 0:
        raise InputError(
            "the model uses up all runs, so there is no residual to test against",
            where=f"{where} method",
            remedy="use method lenth, a smaller model, or replicates",
        )
    removed: list[str] = []
    judgement: Lenth | None = None
    estimates = 2 * fitted.plain.coefficients[base.shape[1] :]
    if method == "lenth" and len(estimates) < 3:
        raise InputError(
            f"{len(estimates)} effects are too few for Lenth's method",
            where=f"{where} method",
            remedy="replicate the runs",
        )
    if method == "lenth" or (fitted.full.df == 0 and len(estimates) >= FEWEST_FOR_LENTH):
        judgement = lenth(estimates, alpha)
        # Most effects exactly zero (rounded responses): there is no scale to judge by.
        judgement = judgement if judgement.pse > 0 else None
    if reduce == "backward":
        kept = (
            kept_by_lenth(fitted, base.shape[1], judgement)
            if judgement is not None
            else backward(fitted, separable, base, values, is_center, alpha)
        )
        removed = [term_name(term, names) for term in fitted.terms if term not in kept]
        if removed and kept:
            fitted = fit_with_curvature(kept, separable, base, values, is_center)
            judgement = None if fitted.full.df > 0 else judgement
        elif removed:
            removed = []
    return _result(
        data,
        values,
        fitted,
        separable,
        names,
        block_names,
        block_columns,
        removed=removed,
        judgement=judgement,
        alpha=alpha,
        response_name=response_name,
        unit=unit,
        is_center=is_center,
    )


@doe_analyze.narrates
def _narrate(result: DoeAnalysis) -> Narrative:
    if result.significant:
        conclusion = (
            "The effects that stand out on {{response_name}} are {{significant_terms}}; the "
            "largest is {{largest_term}} with {{largest_effect:unit}} from low to high."
        )
    elif result.judged_by == "none":
        conclusion = (
            "The largest effect on {{response_name}} is {{largest_term}} with "
            "{{largest_effect:unit}} from low to high; there are too few runs to test it."
        )
    else:
        conclusion = (
            "No effect on {{response_name}} stands out at the significance level {{alpha}}; the "
            "largest is {{largest_term}} with {{largest_effect:unit}} from low to high."
        )
    details = []
    if result.judged_by == "lenth":
        details.append(
            "There are no degrees of freedom for error, so effects beyond Lenth's margin of "
            "{{lenth_margin:unit}} are taken as real."
        )
    if result.curvature_significant is not None:
        details.append(
            "The centre points differ from the factorial mean by {{curvature:unit}}: there is "
            "curvature (p {{p_curvature:p}}), so a straight-line model is not enough."
            if result.curvature_significant
            else "The centre points show no evidence of curvature (p {{p_curvature:p}})."
        )
    if result.aliased:
        details.append("Some effects are aliased with others and stand for their sum.")
    if result.terms_removed:
        details.append("Dropped from the model: {{terms_removed}}.")
    return Narrative(
        conclusion=conclusion,
        details=details,
        key_figures=[
            *(
                (f"effect of {{{{effects.{index}.term}}}}", f"{{{{effects.{index}.effect:unit}}}}")
                for index in range(min(len(result.effects), 7))
            ),
            *([("mean", "{{mean:unit}}")] if result.mean is not None else []),
            *([("R squared", "{{r_squared}}")] if result.r_squared is not None else []),
        ],
    )


@doe_analyze.verifies
def _recompute(result: DoeAnalysis, response: list[float], **arguments: object) -> list[Recomputed]:
    """Main effects as differences of means, where no blocks stand between."""
    if not response:
        sizes = sorted(abs(row.effect) for row in result.effects)
        start = 1.5 * statistics.median(sizes)
        again = 1.5 * statistics.median(size for size in sizes if size < 2.5 * start)
        return [
            Recomputed(
                name="lenth_pse",
                value=result.lenth_pse or 0.0,
                recomputed=again,
                route="medians of the sorted effects",
            )
        ]
    if arguments.get("block"):
        return []
    data = _read(
        np.asarray(response, dtype=np.float64),
        arguments.get("factors") or {},  # type: ignore[arg-type]
        arguments.get("n_factors"),  # type: ignore[arg-type]
        arguments.get("factor_names") or [],  # type: ignore[arg-type]
        arguments.get("generators") or [],  # type: ignore[arg-type]
        str(arguments.get("design") or "factorial"),
        arguments.get("center") or {},  # type: ignore[arg-type]
        arguments.get("half_range") or {},  # type: ignore[arg-type]
        "doe_analyze",
    )
    corners = ~data.is_center
    coded, values = data.coded[corners], np.asarray(response, dtype=np.float64)[corners]
    products = coded.T @ coded
    if np.any(products != np.diag(np.diag(products))) or np.any(coded.sum(axis=0) != 0):
        return []
    checks = []
    by_term = {row.term: row.effect for row in result.effects}
    for index, name in enumerate(result.factor_names or []):
        if name in by_term:
            high, low = values[coded[:, index] > 0], values[coded[:, index] < 0]
            checks.append(
                Recomputed(
                    name=f"effect of {name}",
                    value=by_term[name],
                    recomputed=float(high.mean() - low.mean()),
                    route="difference of the two means",
                    atol=1e-9 * float(np.abs(values).max() or 1.0),
                )
            )
    return checks


def _of_effects(
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


def _read(
    values: FloatArray,
    factors: dict[str, list[float | str]],
    n_factors: int | None,
    factor_names: list[str],
    generators: list[str],
    design: str,
    center: dict[str, float] | list[float],
    half_range: dict[str, float] | list[float],
    where: str,
) -> TwoLevelData:
    if factors:
        names = list(factors)
        return from_columns(
            factors,
            len(values),
            by_name(center, names, f"{where} center"),
            by_name(half_range, names, f"{where} half_range"),
            where,
        )
    return in_standard_order(len(values), n_factors, factor_names, generators, design, where)


def _blocks(block: list[str | float], rows: int, where: str) -> tuple[list[str], FloatArray]:
    if not block:
        return [], np.zeros((rows, 0))
    if len(block) != rows:
        raise InputError(
            f"{len(block)} blocks but {rows} responses",
            where=f"{where} block",
            remedy="give the block of every run",
        )
    return block_dummies(block)


def _candidates(names: list[str], model: str, terms: list[str], where: str) -> list[Term]:
    if terms:
        return list(dict.fromkeys(parse_term(term, names, f"{where} terms") for term in terms))
    k = len(names)
    order = {"auto": k, "full": k, "two_factor": 2, "main": 1}[model]
    while order > 1 and sum(math.comb(k, size) for size in range(1, order + 1)) > MAX_TERMS:
        order -= 1
    return all_terms(k, min(order, k))


def _result(
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
) -> DoeAnalysis:
    offset = 1 + model.n_blocks
    terms = [term_name(term, names) for term in model.terms]
    # Without a curvature column the intercept is the plain one; effects agree in both fits.
    coefficients = model.plain.coefficients
    rows = effect_rows(model, terms, offset, judgement, alpha)
    total = float(((values - values.mean()) ** 2).sum())
    pure = lack_of_fit(data.coded, block_columns, values, model.plain)
    tested = judgement is not None or any(row.p_value is not None for row in rows)
    significant = [row.term for row in rows if row.significant]
    largest = max(rows, key=lambda row: abs(row.effect))
    aliased = {name: others for name, others in separable.aliased.items() if name in terms}
    curvature = curvature_of(model, values, is_center, alpha)
    limit = (
        judgement.margin
        if judgement is not None
        else margin_of_t(model, offset, alpha)
        if tested
        else None
    )
    judged_by = "lenth" if judgement is not None else "t" if tested else "none"
    df = model.plain.df
    coding = "coded -1 low, +1 high; effect = mean at high minus mean at low"
    error = {
        "lenth": "effects judged by Lenth's pseudo standard error",
        "t": "t tests against the residual mean square"
        + (" after removing curvature" if model.curvature else ""),
        "none": "too few runs for a test",
    }[judged_by]
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
        residual_sd=float(np.sqrt(model.full.rss / model.full.df)) if model.full.df else None,
        df_residual=model.full.df,
        anova=anova_of(model, terms, block_names, offset, values, pure, curvature, total),
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
        assumptions=_assumptions(model),
        warnings=_warnings(separable, aliased, removed, judgement, curvature),
        charts=effect_charts.charts(
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
    )


def _assumptions(model: TwoLevelModel) -> list[Check]:
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


def _warnings(
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
