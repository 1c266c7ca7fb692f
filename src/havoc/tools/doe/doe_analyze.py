"""Analysis of two-level experiments: effects, tests, curvature, lack of fit, reduction.

An effect is the mean at the high setting minus the mean at the low one, twice
the coefficient in coded units. Effects are tested by t against the residual
mean square; a saturated model has none and is judged by Lenth's method.

Sources: Montgomery, Design and Analysis of Experiments, chapters 6-8; Lenth
(1989), Technometrics 31, 469; NIST/SEMATECH e-Handbook 5.4 and 5.5.9.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray
from scipy import stats

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.doe import effect_charts
from havoc.tools.doe.effect_terms import (
    MAX_TERMS,
    Term,
    TermSet,
    all_terms,
    parse_term,
    removable,
    separable_terms,
    term_name,
)
from havoc.tools.doe.factors import Factor
from havoc.tools.doe.least_squares import (
    Fit,
    PureError,
    block_dummies,
    fit,
    lack_of_fit,
    r_squared_predicted,
)
from havoc.tools.doe.lenth import Lenth, lenth
from havoc.tools.doe.two_level_data import TwoLevelData, from_columns, in_standard_order
from havoc.tools.parameters import Alpha, FloatArray, Name, Sample, Unit, as_sample
from havoc.tools.result import Check, Narrative, Outcome, Recomputed

BoolArray = NDArray[np.bool_]
FEWEST_FOR_LENTH = 5

Columns = Annotated[
    dict[str, list[float | str]],
    Meta(description="settings of each factor: natural units, -1 and 1, + and -, or two labels"),
]
Coding = Annotated[
    dict[str, float] | list[float],
    Meta(description="coding of each factor, by name or in the order of the factors"),
]


class EffectRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One effect. ``std_error`` belongs to the coefficient, half that of the effect."""

    term: str
    effect: float
    coefficient: float
    significant: bool
    std_error: float | None = None
    t: float | None = None
    p_value: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None


class AnovaRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row of an analysis of variance."""

    source: str
    df: int
    ss: float
    ms: float | None = None
    F: float | None = None
    p_value: float | None = None


class DoeAnalysis(Outcome):
    """``effects`` in model order with the interval of each effect; ``effects_by_name`` holds them
    as effect_A, effect_AB, …; ``coefficients`` are coded: intercept, blocks, then the effects.

    ``lack_of_fit`` quantities compare the model without a curvature term with pure error, as R's
    rsm does. ``lenth_*`` are given when the effects are judged by Lenth's method: pseudo standard
    error, its degrees of freedom, individual and simultaneous margin.
    """

    response_name: str
    n: int
    factor_names: list[str]
    factors: list[Factor]
    mean: float
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
    r_squared: float
    anova: list[AnovaRow]
    aliased: dict[str, list[str]]
    not_estimable: list[str]
    confounded_with_blocks: list[str]
    terms_removed: list[str]
    center_points: int
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


class _Model(msgspec.Struct, kw_only=True):
    """A fit with and without the curvature term."""

    terms: list[Term]
    plain: Fit
    full: Fit
    n_blocks: int
    curvature: bool


@tool(
    "doe_analyze",
    title="Analysis of a two-level experiment",
    source="Montgomery, DAE, ch. 6-8; Lenth (1989); NIST/SEMATECH e-Handbook 5.4",
)
def doe_analyze(
    response: Sample,
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
    fitted = _fit(separable.terms, separable, base, values, is_center)
    if method == "t" and fitted.full.df == 0:
        raise InputError(
            "the model uses up all runs, so there is no residual to test against",
            where=f"{where} method",
            remedy="use method lenth, a smaller model, or replicates",
        )
    removed: list[str] = []
    judgement: Lenth | None = None
    effects = 2 * fitted.plain.coefficients[base.shape[1] :]
    if method == "lenth" and len(effects) < 3:
        raise InputError(
            f"{len(effects)} effects are too few for Lenth's method",
            where=f"{where} method",
            remedy="replicate the runs",
        )
    if method == "lenth" or (fitted.full.df == 0 and len(effects) >= FEWEST_FOR_LENTH):
        judgement = lenth(effects, alpha)
        # Most effects exactly zero (rounded responses): there is no scale to judge by.
        judgement = judgement if judgement.pse > 0 else None
    if reduce == "backward":
        kept = (
            _kept_by_lenth(fitted, base.shape[1], judgement)
            if judgement is not None
            else _backward(fitted, separable, base, values, is_center, alpha)
        )
        removed = [term_name(term, names) for term in fitted.terms if term not in kept]
        if removed and kept:
            fitted = _fit(kept, separable, base, values, is_center)
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
            ("mean", "{{mean:unit}}"),
            ("R squared", "{{r_squared}}"),
        ],
    )


@doe_analyze.verifies
def _recompute(result: DoeAnalysis, response: list[float], **arguments: object) -> list[Recomputed]:
    """Main effects as differences of means, where no blocks stand between."""
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
    for index, name in enumerate(result.factor_names):
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
            _coding(center, names, f"{where} center"),
            _coding(half_range, names, f"{where} half_range"),
            where,
        )
    return in_standard_order(len(values), n_factors, factor_names, generators, design, where)


def _coding(
    given: dict[str, float] | list[float], names: list[str], where: str
) -> dict[str, float]:
    if isinstance(given, dict):
        unknown = [name for name in given if name not in names]
        if unknown:
            raise InputError(f"there is no factor {unknown[0]}", where=where, remedy="correct it")
        return given
    if len(given) != len(names):
        raise InputError(
            f"{len(given)} values for {len(names)} factors", where=where, remedy="give one each"
        )
    return dict(zip(names, given, strict=True))


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


def _fit(
    terms: list[Term],
    separable: TermSet,
    base: FloatArray,
    values: FloatArray,
    is_center: BoolArray,
) -> _Model:
    """The model as it is, and with a term for curvature, which keeps it out of the error."""
    positions = [separable.terms.index(term) for term in terms]
    columns = np.column_stack([base, separable.columns[:, positions]])
    plain = fit(columns, values)
    curved = bool(is_center.any() and not is_center.all()) and plain.df > 0
    full = fit(np.column_stack([columns, is_center.astype(float)]), values) if curved else plain
    return _Model(terms=terms, plain=plain, full=full, n_blocks=base.shape[1] - 1, curvature=curved)


def _backward(
    fitted: _Model,
    separable: TermSet,
    base: FloatArray,
    values: FloatArray,
    is_center: BoolArray,
    alpha: float,
) -> list[Term]:
    """Drop the least significant removable term until all that may go are significant."""
    current = fitted
    while current.terms and current.full.df > 0 and current.full.rss > 0:
        p_values = _p_values(current, base.shape[1])
        weakest = max(
            (
                (p_value, index)
                for index, p_value in enumerate(p_values)
                if removable(current.terms[index], current.terms)
            ),
        )
        if weakest[0] <= alpha:
            break
        rest = [term for index, term in enumerate(current.terms) if index != weakest[1]]
        if not rest:
            return []
        current = _fit(rest, separable, base, values, is_center)
    return current.terms


def _p_values(model: _Model, offset: int) -> list[float]:
    scale = model.full.rss / model.full.df
    count = len(model.terms)
    errors = np.sqrt(scale * model.full.unscaled[offset : offset + count])
    t = model.full.coefficients[offset : offset + count] / errors
    return [float(value) for value in 2 * stats.t.sf(np.abs(t), model.full.df)]


def _kept_by_lenth(model: _Model, offset: int, judgement: Lenth) -> list[Term]:
    """Terms beyond Lenth's margin and, for the hierarchy, the terms that they contain."""
    effects = 2 * model.plain.coefficients[offset:]
    large = [
        term
        for term, effect in zip(model.terms, effects, strict=True)
        if abs(effect) > judgement.margin
    ]
    return [
        term for term in model.terms if term in large or any(set(term) < set(big) for big in large)
    ]


def _result(
    data: TwoLevelData,
    values: FloatArray,
    model: _Model,
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
    rows = _effect_rows(model, terms, offset, judgement, alpha)
    total = float(((values - values.mean()) ** 2).sum())
    pure = lack_of_fit(data.coded, block_columns, values, model.plain)
    tested = judgement is not None or any(row.p_value is not None for row in rows)
    significant = [row.term for row in rows if row.significant]
    largest = max(rows, key=lambda row: abs(row.effect))
    aliased = {name: others for name, others in separable.aliased.items() if name in terms}
    curvature = _curvature(model, values, is_center, alpha)
    limit = (
        judgement.margin
        if judgement is not None
        else _margin(model, offset, alpha)
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
        anova=_anova(model, terms, block_names, offset, values, pure, curvature, total),
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


def _effect_rows(
    model: _Model, terms: list[str], offset: int, judgement: Lenth | None, alpha: float
) -> list[EffectRow]:
    coefficients = model.plain.coefficients[offset:]
    if judgement is not None:
        ratios = 2 * coefficients / judgement.pse
        return [
            EffectRow(
                term=term,
                effect=float(2 * coefficient),
                coefficient=float(coefficient),
                significant=bool(abs(2 * coefficient) > judgement.margin),
                std_error=judgement.pse / 2,
                t=float(ratio),
                p_value=float(2 * stats.t.sf(abs(ratio), judgement.df)),
                ci_low=float(2 * coefficient - judgement.margin),
                ci_high=float(2 * coefficient + judgement.margin),
            )
            for term, coefficient, ratio in zip(terms, coefficients, ratios, strict=True)
        ]
    full = model.full
    if full.df == 0 or full.rss == 0:
        exact = full.df > 0
        return [
            EffectRow(
                term=term,
                effect=float(2 * coefficient),
                coefficient=float(coefficient),
                significant=exact and abs(coefficient) > 1e-12 * float(np.abs(coefficients).max()),
            )
            for term, coefficient in zip(terms, coefficients, strict=True)
        ]
    # Where curvature and the terms are orthogonal, as in every standard design, both fits agree.
    estimates = full.coefficients[offset : offset + len(terms)]
    errors = np.sqrt(full.rss / full.df * full.unscaled[offset : offset + len(terms)])
    critical = float(stats.t.ppf(1 - alpha / 2, full.df))
    rows = []
    for term, coefficient, error in zip(terms, estimates.tolist(), errors.tolist(), strict=True):
        t = coefficient / error
        p_value = float(2 * stats.t.sf(abs(t), full.df))
        rows.append(
            EffectRow(
                term=term,
                effect=2 * coefficient,
                coefficient=coefficient,
                significant=p_value < alpha,
                std_error=error,
                t=t,
                p_value=p_value,
                ci_low=2 * (coefficient - critical * error),
                ci_high=2 * (coefficient + critical * error),
            )
        )
    return rows


def _margin(model: _Model, offset: int, alpha: float) -> float | None:
    """Size that an effect must exceed, when all have the same standard error."""
    errors = model.full.unscaled[offset : offset + len(model.terms)]
    if np.ptp(errors) > 1e-9 * errors.max():
        return None
    scale = model.full.rss / model.full.df
    return float(stats.t.ppf(1 - alpha / 2, model.full.df) * 2 * np.sqrt(scale * errors[0]))


def _curvature(
    model: _Model, values: FloatArray, is_center: BoolArray, alpha: float
) -> dict[str, Any]:
    if not is_center.any() or is_center.all():
        return {}
    found: dict[str, Any] = {
        "factorial_mean": float(values[~is_center].mean()),
        "center_mean": float(values[is_center].mean()),
        "curvature": float(values[is_center].mean() - values[~is_center].mean()),
    }
    if not model.curvature:
        return found
    found["curvature"] = float(model.full.coefficients[-1])
    ss = model.plain.rss - model.full.rss
    found["ss_curvature"] = ss
    if model.full.df > 0 and model.full.rss > 0:
        f = ss / (model.full.rss / model.full.df)
        p_value = float(stats.f.sf(f, 1, model.full.df))
        found |= {
            "F_curvature": f,
            "p_curvature": p_value,
            "curvature_significant": p_value < alpha,
        }
    return found


def _anova(
    model: _Model,
    terms: list[str],
    block_names: list[str],
    offset: int,
    values: FloatArray,
    pure: PureError | None,
    curvature: dict[str, Any],
    total: float,
) -> list[AnovaRow]:
    """One row a term (adjusted for all others), curvature, residual and its parts, total."""
    full = model.full
    error = full.rss / full.df if full.df > 0 and full.rss > 0 else None

    def row(source: str, df: int, ss: float) -> AnovaRow:
        if error is None or df == 0:
            return AnovaRow(source=source, df=df, ss=ss, ms=ss / df if df else None)
        f = ss / df / error
        return AnovaRow(
            source=source, df=df, ss=ss, ms=ss / df, F=f, p_value=float(stats.f.sf(f, df, full.df))
        )

    rows = []
    if block_names:
        rows.append(row("blocks", len(block_names), _explained_by_blocks(model, offset)))
    sums = full.coefficients**2 / full.unscaled
    rows += [
        row(term, 1, float(ss))
        for term, ss in zip(terms, sums[offset : offset + len(terms)], strict=True)
    ]
    if model.curvature:
        rows.append(row("curvature", 1, float(curvature["ss_curvature"] or 0.0)))
    rows.append(
        AnovaRow(
            source="residual", df=full.df, ss=full.rss, ms=full.rss / full.df if full.df else None
        )
    )
    if pure is not None and full.df > pure.df_pure_error:
        rest = max(full.rss - pure.ss_pure_error, 0.0)
        rows.append(AnovaRow(source="other lack of fit", df=full.df - pure.df_pure_error, ss=rest))
        rows.append(AnovaRow(source="pure error", df=pure.df_pure_error, ss=pure.ss_pure_error))
    rows.append(AnovaRow(source="total", df=len(values) - 1, ss=total))
    return rows


def _explained_by_blocks(model: _Model, offset: int) -> float:
    """Sum of squares of the block terms, adjusted for all others."""
    full = model.full
    positions = list(range(1, offset))
    root = full.inverse_root[positions]
    covariance = root @ root.T
    estimates = full.coefficients[positions]
    return float(estimates @ np.linalg.solve(covariance, estimates))


def _assumptions(model: _Model) -> list[Check]:
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
        warnings.append(
            "Lenth's method assumes that most effects are inactive; with many real effects it "
            "finds too few"
        )
    return warnings
