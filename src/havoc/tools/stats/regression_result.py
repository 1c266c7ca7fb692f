"""What a regression reports, the same for a line, a polynomial and several predictors.

Sources: NIST/SEMATECH e-Handbook 4.4 (process modelling) and 4.6.1 (load cell);
D. C. Montgomery, E. A. Peck, G. G. Vining, Introduction to Linear Regression
Analysis, chapters 2-4 and 6 (PRESS, lack of fit, Cook's distance); R. Koenker
(1981) for the studentised Breusch-Pagan test.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
from scipy import stats

from havoc.formatting import figure
from havoc.tools.parameters import FloatArray
from havoc.tools.result import Outcome
from havoc.tools.stats import precise_sums
from havoc.tools.stats.least_squares import Fit

MOST_INFLUENTIAL = 20
MOST_RESIDUALS = 2000


class Term(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One coefficient with its standard error, t test and confidence interval."""

    name: str
    estimate: float
    std_error: float
    t: float
    p_value: float
    ci_low: float
    ci_high: float
    vif: float | None = None


class UnusualRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row (counted from one) whose removal would move the fit."""

    row: int
    cooks_distance: float
    leverage: float
    residual: float
    studentized_residual: float


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """Fitted value at a setting: ``ci`` is for the mean there, ``pi`` for one new value."""

    at: dict[str, float]
    fit: float
    std_error: float
    ci_low: float
    ci_high: float
    pi_low: float
    pi_high: float


class Regression(Outcome, kw_only=True):
    """Result of a least-squares fit.

    ``coefficients`` and ``std_errors`` start with the intercept if there is one;
    ``coef_k`` and ``se_k`` repeat them in the numbering of NIST (B0 is the
    intercept, so a model through the origin starts with ``coef_1``).
    ``r_squared`` and ``F`` of a model without intercept are about zero, not about
    the mean, as NIST and R report them. ``press`` is the sum of squared
    leave-one-out residuals, ``r_squared_predicted`` is one minus press over the
    total sum of squares. Lack of fit is tested when rows repeat the same settings.
    ``influential`` lists rows with a Cook's distance above ``influence_limit`` (4/n).
    """

    response: str
    predictors: list[str]
    equation: str
    terms: list[Term]
    coefficients: list[float]
    std_errors: list[float]
    n: int
    df_model: int
    df_residual: int
    F: float
    p_value: float
    significant: bool
    alpha: float
    level: float
    has_intercept: bool
    r_squared: float
    adj_r_squared: float
    residual_stdev: float
    ss_model: float
    ss_residual: float
    ss_total: float
    ms_model: float
    ms_residual: float
    effect_size_f2: float | None = None
    press: float | None = None
    r_squared_predicted: float | None = None
    max_cooks_distance: float | None = None
    max_leverage: float | None = None
    influence_limit: float | None = None
    influential: list[UnusualRow] = msgspec.field(default_factory=list)
    influential_rows: list[int] = msgspec.field(default_factory=list)
    vif: list[float] = msgspec.field(default_factory=list)
    max_vif: float | None = None
    durbin_watson: float | None = None
    breusch_pagan_p: float | None = None
    F_lack_of_fit: float | None = None
    p_lack_of_fit: float | None = None
    df_lack_of_fit: int | None = None
    df_pure_error: int | None = None
    ss_lack_of_fit: float | None = None
    ss_pure_error: float | None = None
    predictions: list[Prediction] = msgspec.field(default_factory=list)
    predicted: float | None = None
    residuals: list[float] = msgspec.field(default_factory=list)
    coef_0: float | None = None
    coef_1: float | None = None
    coef_2: float | None = None
    coef_3: float | None = None
    coef_4: float | None = None
    coef_5: float | None = None
    coef_6: float | None = None
    coef_7: float | None = None
    coef_8: float | None = None
    coef_9: float | None = None
    coef_10: float | None = None
    se_0: float | None = None
    se_1: float | None = None
    se_2: float | None = None
    se_3: float | None = None
    se_4: float | None = None
    se_5: float | None = None
    se_6: float | None = None
    se_7: float | None = None
    se_8: float | None = None
    se_9: float | None = None
    se_10: float | None = None


MOST_NUMBERED = 10


def regression_quantities(
    fit: Fit,
    y: FloatArray,
    *,
    response: str,
    predictors: list[str],
    term_names: list[str],
    alpha: float,
    with_vif: bool = False,
) -> dict[str, Any]:
    """Every field of :class:`Regression` except method, charts and predictions."""
    intercept = fit.columns.intercept
    variance = fit.residual_variance
    errors = np.sqrt(np.diag(fit.unscaled) * variance)
    quantile = float(stats.t.ppf(1 - alpha / 2, fit.df_residual))
    vif = _vif(fit) if with_vif and intercept and fit.df_model > 1 else []
    names = ["intercept", *term_names] if intercept else list(term_names)
    vif_by_name = dict(zip(term_names, vif, strict=False))
    terms = [
        _term(name, estimate, error, quantile, fit.df_residual, vif_by_name.get(name))
        for name, estimate, error in zip(
            names, fit.coefficients.tolist(), errors.tolist(), strict=True
        )
    ]
    ss_model = max(fit.ss_total - fit.ss_residual, 0.0)
    ms_model = ss_model / fit.df_model
    f_value = _ratio(ms_model, variance)
    p_value = float(stats.f.sf(f_value, fit.df_model, fit.df_residual))
    r_squared = 1 - fit.ss_residual / fit.ss_total if fit.ss_total > 0 else 0.0
    total_df = fit.n - (1 if intercept else 0)
    first = 0 if intercept else 1
    numbered = {
        f"{prefix}_{k + first}": value
        for prefix, values in (("coef", fit.coefficients.tolist()), ("se", errors.tolist()))
        for k, value in enumerate(values)
        if k + first <= MOST_NUMBERED
    }
    return {
        "response": response,
        "predictors": predictors,
        "equation": equation(response, names, fit.coefficients.tolist()),
        "terms": terms,
        "coefficients": fit.coefficients.tolist(),
        "std_errors": errors.tolist(),
        "n": fit.n,
        "df_model": fit.df_model,
        "df_residual": fit.df_residual,
        "F": f_value,
        "p_value": p_value,
        "significant": p_value < alpha,
        "alpha": alpha,
        "level": 1 - alpha,
        "has_intercept": intercept,
        "r_squared": r_squared,
        "adj_r_squared": 1 - (1 - r_squared) * total_df / fit.df_residual,
        "residual_stdev": math.sqrt(variance),
        "ss_model": ss_model,
        "ss_residual": fit.ss_residual,
        "ss_total": fit.ss_total,
        "ms_model": ms_model,
        "ms_residual": variance,
        "effect_size_f2": r_squared / (1 - r_squared) if r_squared < 1 else None,
        "vif": vif,
        "max_vif": max(vif) if vif else None,
        "residuals": fit.residuals.tolist() if fit.n <= MOST_RESIDUALS else [],
        **numbered,
        **_influence(fit),
        **_lack_of_fit(fit, y),
        **_residual_tests(fit),
    }


def _term(
    name: str, estimate: float, error: float, quantile: float, df: int, vif: float | None
) -> Term:
    t = _ratio(estimate, error)
    return Term(
        name=name,
        estimate=estimate,
        std_error=error,
        t=t,
        p_value=float(2 * stats.t.sf(abs(t), df)),
        ci_low=estimate - quantile * error,
        ci_high=estimate + quantile * error,
        vif=vif,
    )


def _ratio(numerator: float, denominator: float) -> float:
    if denominator > 0:
        return numerator / denominator
    return math.copysign(math.inf, numerator) if numerator else 0.0


def _vif(fit: Fit) -> list[float]:
    """Variance inflation: own variance times own sum of squares about the mean."""
    raw = fit.columns.raw
    squares = ((raw - raw.mean(axis=0)) ** 2).sum(axis=0)
    return [float(v) for v in np.diag(fit.unscaled)[1:] * squares]


def _influence(fit: Fit) -> dict[str, Any]:
    """PRESS, Cook's distance and the rows that stand out."""
    alone = fit.leverage > 1 - 1e-9
    if fit.perfect or alone.any():
        return {"max_leverage": float(fit.leverage.max())}
    spare = 1 - fit.leverage
    deleted = fit.residuals / spare
    press = math.fsum((deleted**2).tolist())
    variance = fit.residual_variance
    cook = fit.residuals**2 * fit.leverage / (fit.columns.count * variance * spare**2)
    limit = 4 / fit.n
    order = np.argsort(-cook)[:MOST_INFLUENTIAL]
    rows = [int(i) for i in order if cook[i] > limit]
    others = np.maximum(fit.ss_residual - fit.residuals**2 / spare, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        studentized = fit.residuals / np.sqrt(others / max(fit.df_residual - 1, 1) * spare)
    return {
        "press": press,
        "r_squared_predicted": 1 - press / fit.ss_total if fit.ss_total > 0 else None,
        "max_cooks_distance": float(cook.max()),
        "max_leverage": float(fit.leverage.max()),
        "influence_limit": limit,
        "influential_rows": sorted(i + 1 for i in rows),
        "influential": [
            UnusualRow(
                row=i + 1,
                cooks_distance=float(cook[i]),
                leverage=float(fit.leverage[i]),
                residual=float(fit.residuals[i]),
                studentized_residual=float(studentized[i]),
            )
            for i in rows
        ],
    }


def _lack_of_fit(fit: Fit, y: FloatArray) -> dict[str, Any]:
    """F test of the scatter about the model against the scatter of repeated settings."""
    settings = np.zeros(fit.n, dtype=np.int64)
    for column in fit.columns.raw.T:
        _, codes = np.unique(column, return_inverse=True)
        _, settings = np.unique(settings * (codes.max() + 1) + codes, return_inverse=True)
    count = int(settings.max()) + 1
    df_pure, df_lack = fit.n - count, count - fit.columns.count
    if df_pure < 1 or df_lack < 1:
        return {}
    deviations = precise_sums.deviations(y)
    sizes = np.bincount(settings)
    means = np.bincount(settings, weights=deviations) / sizes
    ss_pure = math.fsum(((deviations - means[settings]) ** 2).tolist())
    ss_lack = max(fit.ss_residual - ss_pure, 0.0)
    f_value = _ratio(ss_lack / df_lack, ss_pure / df_pure)
    return {
        "F_lack_of_fit": f_value,
        "p_lack_of_fit": float(stats.f.sf(f_value, df_lack, df_pure)),
        "df_lack_of_fit": df_lack,
        "df_pure_error": df_pure,
        "ss_lack_of_fit": ss_lack,
        "ss_pure_error": ss_pure,
    }


def _residual_tests(fit: Fit) -> dict[str, Any]:
    """Durbin-Watson, and the studentised Breusch-Pagan test on the fitted values."""
    if fit.perfect:
        return {}
    steps = np.diff(fit.residuals)
    squares = fit.residuals**2
    tests: dict[str, Any] = {"durbin_watson": float(steps @ steps) / fit.ss_residual}
    if fit.n >= 5 and np.ptp(fit.fitted) > 0 and np.ptp(squares) > 0:
        correlation = float(np.corrcoef(fit.fitted, squares)[0, 1])
        tests["breusch_pagan_p"] = float(stats.chi2.sf(fit.n * correlation**2, 1))
    return tests


def equation(response: str, names: list[str], coefficients: list[float]) -> str:
    """``strength = 1.2 + 0.034 temperature - 0.5 time``."""
    text = ""
    for name, value in zip(names, coefficients, strict=True):
        size = figure(abs(value))
        term = size if name == "intercept" else f"{size} {name}"
        sign = "-" if value < 0 else "+"
        text += f" {sign} {term}" if text else (f"-{term}" if value < 0 else term)
    return f"{response} = {text}"


def predictions(fit: Fit, names: list[str], settings: FloatArray, alpha: float) -> list[Prediction]:
    """Fitted value, interval of the mean and interval of one new value at each setting."""
    values, leverage = fit.predict(settings)
    quantile = float(stats.t.ppf(1 - alpha / 2, fit.df_residual))
    sigma = math.sqrt(fit.residual_variance)
    results = []
    for row, value, h in zip(settings.tolist(), values.tolist(), leverage.tolist(), strict=True):
        error = sigma * math.sqrt(h)
        spread = sigma * math.sqrt(1 + h)
        results.append(
            Prediction(
                at=dict(zip(names, row, strict=True)),
                fit=value,
                std_error=error,
                ci_low=value - quantile * error,
                ci_high=value + quantile * error,
                pi_low=value - quantile * spread,
                pi_high=value + quantile * spread,
            )
        )
    return results
