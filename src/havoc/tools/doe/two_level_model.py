"""The fitted model of a two-level experiment: tests of effects, curvature, ANOVA, reduction."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import stats

from havoc.tools.doe.anova_row import AnovaRow
from havoc.tools.doe.effect_terms import Term, TermSet, removable
from havoc.tools.doe.least_squares import Fit, PureError, fit
from havoc.tools.doe.lenth import Lenth
from havoc.tools.parameters import FloatArray

BoolArray = NDArray[np.bool_]


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


class TwoLevelModel(msgspec.Struct, kw_only=True):
    """A fit with and without the curvature term."""

    terms: list[Term]
    plain: Fit
    full: Fit
    n_blocks: int
    curvature: bool


def fit_with_curvature(
    terms: list[Term],
    separable: TermSet,
    base: FloatArray,
    values: FloatArray,
    is_center: BoolArray,
) -> TwoLevelModel:
    """The model as it is, and with a term for curvature, which keeps it out of the error."""
    positions = [separable.terms.index(term) for term in terms]
    columns = np.column_stack([base, separable.columns[:, positions]])
    plain = fit(columns, values)
    curved = bool(is_center.any() and not is_center.all()) and plain.df > 0
    full = fit(np.column_stack([columns, is_center.astype(float)]), values) if curved else plain
    return TwoLevelModel(
        terms=terms, plain=plain, full=full, n_blocks=base.shape[1] - 1, curvature=curved
    )


def backward(
    fitted: TwoLevelModel,
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
        current = fit_with_curvature(rest, separable, base, values, is_center)
    return current.terms


def _p_values(model: TwoLevelModel, offset: int) -> list[float]:
    scale = model.full.rss / model.full.df
    count = len(model.terms)
    errors = np.sqrt(scale * model.full.unscaled[offset : offset + count])
    t = model.full.coefficients[offset : offset + count] / errors
    return [float(value) for value in 2 * stats.t.sf(np.abs(t), model.full.df)]


def kept_by_lenth(model: TwoLevelModel, offset: int, judgement: Lenth) -> list[Term]:
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


def lenth_rows(terms: list[str], effects: FloatArray, judgement: Lenth) -> list[EffectRow]:
    """Effects with Lenth's pseudo t ratio, margin and interval."""
    return [
        EffectRow(
            term=term,
            effect=effect,
            coefficient=effect / 2,
            significant=abs(effect) > judgement.margin,
            std_error=judgement.pse / 2,
            t=effect / judgement.pse,
            p_value=float(2 * stats.t.sf(abs(effect / judgement.pse), judgement.df)),
            ci_low=effect - judgement.margin,
            ci_high=effect + judgement.margin,
        )
        for term, effect in zip(terms, effects.tolist(), strict=True)
    ]


def effect_rows(
    model: TwoLevelModel, terms: list[str], offset: int, judgement: Lenth | None, alpha: float
) -> list[EffectRow]:
    coefficients = model.plain.coefficients[offset:]
    if judgement is not None:
        return lenth_rows(terms, 2 * coefficients, judgement)
    full = model.full
    if full.df == 0 or full.rss == 0:
        exact = full.df > 0
        return [
            EffectRow(
                term=term,
                effect=float(2 * coefficient),
                coefficient=float(coefficient),
                significant=exact
                and bool(abs(coefficient) > 1e-12 * float(np.abs(coefficients).max())),
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


def margin_of_t(model: TwoLevelModel, offset: int, alpha: float) -> float | None:
    """Size that an effect must exceed, when all have the same standard error."""
    errors = model.full.unscaled[offset : offset + len(model.terms)]
    if np.ptp(errors) > 1e-9 * errors.max():
        return None
    scale = model.full.rss / model.full.df
    return float(stats.t.ppf(1 - alpha / 2, model.full.df) * 2 * np.sqrt(scale * errors[0]))


def curvature_of(
    model: TwoLevelModel, values: FloatArray, is_center: BoolArray, alpha: float
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


def anova_of(
    model: TwoLevelModel,
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


def _explained_by_blocks(model: TwoLevelModel, offset: int) -> float:
    """Sum of squares of the block terms, adjusted for all others."""
    full = model.full
    positions = list(range(1, offset))
    root = full.inverse_root[positions]
    covariance = root @ root.T
    estimates = full.coefficients[positions]
    return float(estimates @ np.linalg.solve(covariance, estimates))
