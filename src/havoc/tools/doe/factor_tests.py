"""Tests of the terms of a model of factors: rows of the analysis of variance, reduction."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from scipy import stats

from havoc.errors import InputError
from havoc.tools.doe.factor_model import (
    FactorFit,
    LevelFactor,
    contains_only,
    fit_terms,
    sums_of_squares,
    term_label,
)
from havoc.tools.doe.least_squares import PureError, fit
from havoc.tools.parameters import FloatArray
from havoc.tools.result import Check
from havoc.tools.stats.assumption_checks import INDEPENDENCE, equal_variances, normal_residuals


class FactorTest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row of the analysis of variance; ``contribution`` is its share of the total."""

    source: str
    df: int
    ss: float
    ms: float | None = None
    F: float | None = None
    p_value: float | None = None
    significant: bool | None = None
    contribution: float | None = None
    partial_eta_squared: float | None = None


SUB_ROWS = frozenset({"lack of fit", "pure error", "total"})


def refuse_without_error(model: FactorFit, values: FloatArray, where: str) -> None:
    if model.fit.df < 1:
        raise InputError(
            "no degree of freedom is left for the error",
            where=f"{where} response",
            remedy="replicate runs, or leave the highest interaction out (order)",
        )
    if model.fit.rss <= 1e-24 * float(values @ values):
        raise InputError(
            "the model fits every value exactly, so there is no error to compare with",
            where=f"{where} response",
            remedy="check the resolution of the measurement",
        )


def backward(
    model: FactorFit,
    factors: Sequence[LevelFactor],
    base: FloatArray,
    values: FloatArray,
    ss_type: int,
    alpha: float,
    where: str,
) -> tuple[FactorFit, list[str]]:
    """Drop the least significant removable term until all that may go are significant."""
    removed = []
    while len(model.terms) > 1:
        sums = sums_of_squares(model, base, values, 3 if ss_type == 3 else 2)
        error = model.fit.rss / model.fit.df
        candidates = [
            (float(stats.f.sf(ss / width_of(place) / error, width_of(place), model.fit.df)), index)
            for index, (ss, place) in enumerate(zip(sums, model.places, strict=True))
            if contains_only(model.terms[index], model.terms)
        ]
        p_value, weakest = max(candidates)
        if p_value <= alpha:
            break
        removed.append(term_label(model.terms[weakest], factors))
        kept = [term for index, term in enumerate(model.terms) if index != weakest]
        model = fit_terms(kept, factors, base, values, where)
    return model, removed


def width_of(place: slice) -> int:
    return int(place.stop - place.start)


def term_row(
    source: str,
    df: int,
    ss: float,
    error: float,
    df_error: int,
    total: float,
    ss_error: float,
    alpha: float,
) -> FactorTest:
    f = ss / df / error
    p_value = float(stats.f.sf(f, df, df_error))
    return FactorTest(
        source=source,
        df=df,
        ss=ss,
        ms=ss / df,
        F=f,
        p_value=p_value,
        significant=p_value < alpha,
        contribution=ss / total,
        partial_eta_squared=ss / (ss + ss_error),
    )


def block_row(
    model: FactorFit,
    base: FloatArray,
    values: FloatArray,
    error: float,
    df_error: int,
    total: float,
    alpha: float,
    ss_type: int,
) -> list[FactorTest]:
    if base.shape[1] == 1:
        return []
    ones = np.ones((len(values), 1))
    if ss_type == 1:
        ss = total - fit(base, values).rss
    else:
        without = np.hstack([ones, model.columns[:, base.shape[1] :]])
        ss = fit(without, values).rss - model.fit.rss
    return [
        term_row(
            "blocks",
            base.shape[1] - 1,
            max(ss, 0.0),
            error,
            df_error,
            total,
            model.fit.rss,
            alpha,
        )
    ]


def error_rows(
    model: FactorFit, pure: PureError | None, total: float, count: int
) -> list[FactorTest]:
    rows = [
        FactorTest(
            source="error", df=model.fit.df, ss=model.fit.rss, ms=model.fit.rss / model.fit.df
        )
    ]
    if pure is not None and pure.df_lack_of_fit:
        rows += [
            FactorTest(
                source="lack of fit",
                df=pure.df_lack_of_fit,
                ss=pure.ss_lack_of_fit,
                ms=pure.ss_lack_of_fit / pure.df_lack_of_fit,
                F=pure.f,
                p_value=pure.p_value,
            ),
            FactorTest(
                source="pure error",
                df=pure.df_pure_error,
                ss=pure.ss_pure_error,
                ms=pure.ss_pure_error / pure.df_pure_error,
            ),
        ]
    return [*rows, FactorTest(source="total", df=count - 1, ss=total)]


def checks_of(model: FactorFit, codes: FloatArray) -> list[Check]:
    checks = [normal_residuals(model.fit.residuals)]
    groups = np.unique(codes, axis=0, return_inverse=True)[1].ravel()
    sizes = np.bincount(groups)
    if sizes.min() > 2 and len(sizes) <= 100:
        checks.append(
            equal_variances([model.fit.residuals[groups == cell] for cell in range(len(sizes))])
        )
    return [*checks, INDEPENDENCE]
