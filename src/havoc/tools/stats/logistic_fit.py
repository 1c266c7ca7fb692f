"""Maximum likelihood of a logistic model by Newton's method.

Sources: P. McCullagh and J. A. Nelder, Generalized Linear Models (1989), chapter 4;
A. Albert and J. A. Anderson (1984), Biometrika 71, 1 (separation); D. W. Hosmer and
S. Lemeshow, Applied Logistic Regression (2000), chapter 5.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from scipy import special

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.stats.predictor_columns import standardised

STEPS = 60
# Last step of the coefficients of standardised columns.
_CONVERGED = 1e-4


class LogisticFit(msgspec.Struct, frozen=True, kw_only=True):
    """Coefficients in the units of the columns, the intercept first."""

    coefficients: FloatArray
    covariance: FloatArray
    fitted: FloatArray
    log_likelihood: float
    null_log_likelihood: float
    iterations: int


def fit(
    columns: FloatArray, terms: Sequence[str], events: FloatArray, trials: FloatArray
) -> LogisticFit:
    """``columns`` without the intercept, one row an observation of ``trials`` units."""
    design, back = standardised(columns, terms)
    share = float(events.sum() / trials.sum())
    beta = np.zeros(design.shape[1])
    beta[0] = math.log(share / (1 - share))
    null = _log_likelihood(np.full(trials.size, beta[0]), events, trials)
    value, move, steps = null, np.ones(beta.size), 0
    while steps < STEPS and float(np.abs(move).max()) > 1e-9:
        steps += 1
        probability = special.expit(design @ beta)
        weight = trials * probability * (1 - probability)
        score = design.T @ (events - trials * probability)
        information = design.T @ (design * weight[:, None])
        try:
            move = np.linalg.solve(information, score)
        except np.linalg.LinAlgError:
            break
        factor, proposed = 1.0, _log_likelihood(design @ (beta + move), events, trials)
        while proposed < value - 1e-12 * abs(value) and factor > 1e-6:
            factor /= 2
            proposed = _log_likelihood(design @ (beta + factor * move), events, trials)
        beta, value = beta + factor * move, proposed
    # Without separation the steps shrink quadratically; with it they stay near one for ever.
    if float(np.abs(move).max()) > _CONVERGED:
        raise _separated()
    linear = design @ beta
    probability = special.expit(linear)
    weight = trials * probability * (1 - probability)
    covariance = np.linalg.inv(design.T @ (design * weight[:, None]))
    return LogisticFit(
        coefficients=back @ beta,
        covariance=back @ covariance @ back.T,
        fitted=probability,
        log_likelihood=value,
        null_log_likelihood=null,
        iterations=steps,
    )


def _log_likelihood(linear: FloatArray, events: FloatArray, trials: FloatArray) -> float:
    return -float(
        events @ np.logaddexp(0.0, -linear) + (trials - events) @ np.logaddexp(0.0, linear)
    )


def _separated() -> InputError:
    return InputError(
        "the predictors separate the outcomes completely, so the coefficients have no finite value",
        where="y",
        remedy="measure units between the last of one outcome and the first of the other",
    )


class HosmerLemeshow(msgspec.Struct, frozen=True, kw_only=True):
    chi2: float
    df: int
    p_value: float


def hosmer_lemeshow(
    fitted: FloatArray, events: FloatArray, trials: FloatArray, groups: int = 10
) -> HosmerLemeshow | None:
    """Observed against expected events in groups of about equal size by fitted probability."""
    order = np.argsort(fitted, kind="stable")
    total = float(trials.sum())
    groups = int(min(groups, total // 5))
    # Units of equal fitted probability stay together.
    before = np.concatenate([[0.0], np.cumsum(trials[order])[:-1]])
    first = np.searchsorted(fitted[order], fitted[order] * (1 - 1e-12), side="left")
    place = np.minimum((before[first] * groups / total).astype(np.int64), groups - 1)
    _, place = np.unique(place, return_inverse=True)
    count = int(place.max()) + 1
    if count < 3:
        return None
    size = np.bincount(place, weights=trials[order])
    expected = np.bincount(place, weights=(trials * fitted)[order])
    observed = np.bincount(place, weights=events[order])
    spread = expected * (1 - expected / size)
    if spread.min() <= 0:
        return None
    chi2 = float(np.sum((observed - expected) ** 2 / spread))
    return HosmerLemeshow(chi2=chi2, df=count - 2, p_value=float(special.chdtrc(count - 2, chi2)))


def concordance(fitted: FloatArray, events: FloatArray, trials: FloatArray) -> float:
    """Share of pairs in which the event has the higher probability; ties count half (AUC)."""
    levels, index = np.unique(fitted, return_inverse=True)
    hits = np.bincount(index, weights=events, minlength=levels.size)
    misses = np.bincount(index, weights=trials - events, minlength=levels.size)
    below = np.concatenate([[0.0], np.cumsum(misses)[:-1]])
    return float(hits @ (below + misses / 2)) / float(hits.sum() * misses.sum())
