"""Tables of a mixture analysis: coefficients, analysis of variance, warnings."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
from scipy import stats

from havoc.tools.doe.anova_row import AnovaRow, residual_rows
from havoc.tools.doe.least_squares import Fit, PureError, fit
from havoc.tools.doe.mixture_model import (
    scheffe_columns,
)
from havoc.tools.parameters import FloatArray


class BlendTerm(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One coefficient. Of a pure component it is the response predicted there, and testing it
    against zero says nothing; ``significant`` is given for blending terms."""

    term: str
    coefficient: float
    std_error: float | None = None
    t: float | None = None
    p_value: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    significant: bool | None = None
    vif: float | None = None


def terms_of(
    labels: list[str], own: Fit, pure_count: int, columns: FloatArray, alpha: float
) -> list[BlendTerm]:
    if own.df == 0:
        return [
            BlendTerm(term=label, coefficient=value)
            for label, value in zip(labels, own.coefficients.tolist(), strict=True)
        ]
    errors = np.sqrt(own.rss / own.df * own.unscaled)
    critical = float(stats.t.ppf(1 - alpha / 2, own.df))
    # Without a constant, inflation compares with columns at right angles about the origin.
    inflation = own.unscaled * (columns**2).sum(axis=0)
    found = []
    for index, (label, value, error) in enumerate(
        zip(labels, own.coefficients.tolist(), errors.tolist(), strict=True)
    ):
        p_value = float(2 * stats.t.sf(abs(value / error), own.df))
        found.append(
            BlendTerm(
                term=label,
                coefficient=value,
                std_error=error,
                t=value / error,
                p_value=p_value,
                ci_low=value - critical * error,
                ci_high=value + critical * error,
                significant=p_value < alpha if index >= pure_count else None,
                vif=float(inflation[index]),
            )
        )
    return found


def anova_of(
    names: list[str],
    order: str,
    own: Fit,
    pure: PureError | None,
    total: float,
    values: FloatArray,
    shares: FloatArray,
) -> list[AnovaRow]:
    """Sequential: linear mixture, blending terms; residual and its parts; total about the mean."""
    error = own.rss / own.df if own.df else None
    columns = scheffe_columns(shares, order)
    q, pairs = len(names), math.comb(len(names), 2)
    sizes = [("linear", q)]
    if order != "linear":
        sizes.append(("two-component blending", pairs))
    if order == "full_cubic":
        sizes.append(("cubic differences", pairs))
    if order in {"special_cubic", "full_cubic"}:
        sizes.append(("three-component blending", math.comb(q, 3)))
    rows: list[AnovaRow] = []
    used, before = 0, total
    for source, size in sizes:
        if size == 0:
            continue
        used += size
        after = fit(columns[:, :used], values).rss if used < len(own.coefficients) else own.rss
        df = size - 1 if source == "linear" else size
        ss = max(before - after, 0.0)
        before = after
        statistic = ss / df / error if error else None
        rows.append(
            AnovaRow(
                source=source,
                df=df,
                ss=ss,
                ms=ss / df,
                F=statistic,
                p_value=None if statistic is None else float(stats.f.sf(statistic, df, own.df)),
            )
        )
    return [*rows, *residual_rows(own.df, own.rss, pure, total, len(values))]


def test_fields(
    own: Fit, total: float, count: int, middle: float, spread: float, alpha: float
) -> dict[str, Any]:
    """Test of the model and the intervals at the best blend; nothing without error."""
    if own.df == 0:
        return {}
    error, df_model = own.rss / own.df, len(own.coefficients) - 1
    f = (total - own.rss) / df_model / error
    p_value = float(stats.f.sf(f, df_model, own.df))
    critical = float(stats.t.ppf(1 - alpha / 2, own.df)) * math.sqrt(error)
    margin, single = critical * spread, critical * math.hypot(1, spread)
    return {
        "r_squared_adjusted": 1 - error / (total / (count - 1)),
        "residual_sd": math.sqrt(error),
        "F": f,
        "p_value": p_value,
        "significant": p_value < alpha,
        "best_ci_low": middle - margin,
        "best_ci_high": middle + margin,
        "best_pi_low": middle - single,
        "best_pi_high": middle + single,
    }


def lack_fields(pure: PureError | None, lacking: bool | None) -> dict[str, Any]:
    if pure is None:
        return {}
    fields: dict[str, Any] = {
        "ss_pure_error": pure.ss_pure_error,
        "df_pure_error": pure.df_pure_error,
    }
    if pure.df_lack_of_fit:
        fields |= {
            "ss_lack_of_fit": pure.ss_lack_of_fit,
            "df_lack_of_fit": pure.df_lack_of_fit,
            "F_lack_of_fit": pure.f,
            "p_lack_of_fit": pure.p_value,
            "lack_of_fit_significant": lacking,
        }
    return fields


def warnings_of(
    order: str,
    suggested: str,
    lacking: bool | None,
    shares: FloatArray,
    terms: list[BlendTerm],
    df: int,
) -> list[str]:
    warnings = []
    if df == 0:
        warnings.append("the model uses up all blends, so nothing can be tested")
    if lacking:
        warnings.append("the lack of fit is significant: the blend acts in a more complicated way")
    if suggested != order:
        warnings.append(f"the tests of added terms suggest the {suggested.replace('_', ' ')} model")
    if float(shares.max()) < 0.5 and max(term.vif or 0.0 for term in terms) > 1000:
        warnings.append(
            "the coefficients describe pure components far outside the tested blends; use "
            "pseudo-components and read the traces"
        )
    return warnings
