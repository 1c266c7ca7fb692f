"""Maximum likelihood of Poisson and negative binomial models of counts, logarithmic link.

Sources: P. McCullagh and J. A. Nelder, Generalized Linear Models (1989), chapters 2, 6 and 9
(quasi-likelihood); W. N. Venables and B. D. Ripley, Modern Applied Statistics with S (2002),
7.4 (negative binomial with estimated theta).
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

STEPS = 80
_CONVERGED = 1e-6
# Beyond this the negative binomial is a Poisson distribution to six digits.
LARGEST_THETA = 1e6


class CountFit(msgspec.Struct, frozen=True, kw_only=True):
    """Coefficients in the units of the columns, the constant first. ``theta`` is infinite
    for a Poisson model; the variance of a count is mu + mu² / theta."""

    coefficients: FloatArray
    covariance: FloatArray
    fitted: FloatArray
    log_likelihood: float
    deviance: float
    theta: float
    theta_se: float
    iterations: int


def fit_counts(
    columns: FloatArray,
    terms: Sequence[str],
    counts: FloatArray,
    offset: FloatArray,
    negative_binomial: bool = False,
) -> CountFit:
    """``columns`` without the constant (none of them for the null model)."""
    if columns.shape[1]:
        design, back = standardised(columns, terms)
    else:
        design, back = np.ones((counts.size, 1)), np.eye(1)
    theta, theta_se, steps = math.inf, 0.0, 0
    beta, used = _scoring(design, counts, offset, theta, None, terms)
    steps += used
    if negative_binomial:
        for _ in range(STEPS):
            fitted = np.exp(design @ beta + offset)
            before = theta
            theta, theta_se = _theta(counts, fitted)
            beta, used = _scoring(design, counts, offset, theta, beta, terms)
            steps += used
            if abs(theta - before) < 1e-10 * theta:
                break
        else:
            raise InputError(
                "no convergence: the scatter of the negative binomial keeps changing",
                where="counts",
                remedy="use the quasi-Poisson model",
            )
    fitted = np.exp(design @ beta + offset)
    weight = fitted / (1 + fitted / theta)
    covariance = np.linalg.inv(design.T @ (design * weight[:, None]))
    return CountFit(
        coefficients=back @ beta,
        covariance=back @ covariance @ back.T,
        fitted=fitted,
        log_likelihood=log_likelihood(counts, fitted, theta),
        deviance=deviance(counts, fitted, theta),
        theta=theta,
        theta_se=theta_se,
        iterations=steps,
    )


def _scoring(
    design: FloatArray,
    counts: FloatArray,
    offset: FloatArray,
    theta: float,
    start: FloatArray | None,
    terms: Sequence[str],
) -> tuple[FloatArray, int]:
    """Fisher scoring with step halving; infinite coefficients are refused by name."""
    beta: FloatArray
    if start is None:
        beta = np.zeros(design.shape[1])
        beta[0] = math.log(counts.sum() / np.exp(offset).sum())
    else:
        beta = start
    value = log_likelihood(counts, np.exp(design @ beta + offset), theta)
    move: FloatArray = np.ones(beta.size)
    steps = 0
    while steps < STEPS and float(np.abs(move).max()) > 1e-10:
        steps += 1
        fitted = np.exp(design @ beta + offset)
        weight = fitted / (1 + fitted / theta)
        score = design.T @ ((counts - fitted) / (1 + fitted / theta))
        information = design.T @ (design * weight[:, None])
        try:
            move = np.asarray(np.linalg.solve(information, score), dtype=np.float64)
        except np.linalg.LinAlgError:
            break
        factor = 1.0
        with np.errstate(over="ignore", invalid="ignore"):
            proposed = _value_at(design, beta + move, counts, offset, theta)
            while not proposed >= value - 1e-12 * abs(value) and factor > 1e-8:
                factor /= 2
                proposed = _value_at(design, beta + factor * move, counts, offset, theta)
        if not math.isfinite(proposed):
            break
        beta, value = beta + factor * move, proposed
    if float(np.abs(move).max()) > _CONVERGED:
        worst = int(np.abs(beta[1:]).argmax()) if beta.size > 1 else 0
        name = terms[worst] if terms else "the mean"
        raise InputError(
            f"no convergence: the coefficient of {name} grows without end, as it does where all "
            "counts of a level are zero (separation)",
            where="counts",
            remedy="join the level with another, or leave the predictor out",
        )
    return beta, steps


def _value_at(
    design: FloatArray, beta: FloatArray, counts: FloatArray, offset: FloatArray, theta: float
) -> float:
    return log_likelihood(counts, np.exp(design @ beta + offset), theta)


def log_likelihood(counts: FloatArray, fitted: FloatArray, theta: float) -> float:
    if math.isinf(theta):
        terms = special.xlogy(counts, fitted) - fitted - special.gammaln(counts + 1)
    else:
        terms = (
            special.gammaln(counts + theta)
            - special.gammaln(theta)
            - special.gammaln(counts + 1)
            + special.xlogy(counts, fitted)
            - counts * np.log(fitted + theta)
            - theta * np.log1p(fitted / theta)
        )
    return float(terms.sum())


def deviance(counts: FloatArray, fitted: FloatArray, theta: float) -> float:
    return float(np.square(deviance_residuals(counts, fitted, theta)).sum())


def deviance_residuals(counts: FloatArray, fitted: FloatArray, theta: float) -> FloatArray:
    parts = special.xlogy(counts, counts / fitted)
    if math.isinf(theta):
        parts = parts - (counts - fitted)
    else:
        parts = parts - (counts + theta) * np.log((counts + theta) / (fitted + theta))
    return np.asarray(np.sign(counts - fitted) * np.sqrt(2 * np.maximum(parts, 0.0)))


def pearson(counts: FloatArray, fitted: FloatArray, theta: float) -> float:
    return float(((counts - fitted) ** 2 / (fitted + fitted**2 / theta)).sum())


def _theta(counts: FloatArray, fitted: FloatArray) -> tuple[float, float]:
    """Maximum likelihood of theta for given means, by Newton on its logarithm."""
    spread = float(((counts / fitted - 1) ** 2).sum())
    log_theta = math.log(max(counts.size / spread, 1e-3)) if spread > 0 else 5.0
    information = 1.0
    for _ in range(100):
        theta = math.exp(log_theta)
        score = float(
            (
                special.digamma(counts + theta)
                - special.digamma(theta)
                + math.log(theta)
                + 1
                - np.log(fitted + theta)
                - (counts + theta) / (fitted + theta)
            ).sum()
        )
        information = float(
            (
                special.polygamma(1, theta)
                - special.polygamma(1, counts + theta)
                - 1 / theta
                + 2 / (fitted + theta)
                - (counts + theta) / (fitted + theta) ** 2
            ).sum()
        )
        # curvature by log(theta); where it is not concave, a plain step uphill
        curve = information * theta * theta - score * theta
        step = score * theta / curve if curve > 0 else math.copysign(0.5, score)
        log_theta += max(min(step, 1.0), -1.0)
        if log_theta > math.log(LARGEST_THETA):
            raise InputError(
                "the counts scatter no more than a Poisson distribution, so the negative "
                "binomial has no finite theta",
                where="counts",
                remedy="use the Poisson model",
            )
        if abs(step) < 1e-12:
            break
    return math.exp(log_theta), 1 / math.sqrt(information) if information > 0 else 0.0
