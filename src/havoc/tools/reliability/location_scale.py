"""Maximum likelihood of log-location-scale lifetimes: Weibull, exponential, lognormal.

With z = (ln t - mu) / sigma the log lifetime follows the smallest extreme value
distribution (Weibull: mu = ln scale, sigma = 1 / shape) or the normal one
(lognormal). The information is taken in (mu, ln sigma), so that every interval
stays in its range.

Source: W. Q. Meeker and L. A. Escobar, Statistical Methods for Reliability Data
(1998), chapters 7 and 8.
"""

from __future__ import annotations

import math
from typing import Literal

import msgspec
import numpy as np
from scipy import special

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.reliability.life_data import Lives

Family = Literal["weibull", "lognormal"]
_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)
_MAX_STEPS = 200


class Fit(msgspec.Struct, kw_only=True):
    """Location and scale of the log lifetime; covariance of (mu, ln sigma)."""

    family: Family
    mu: float
    sigma: float
    loglik: float
    covariance: FloatArray | None = None

    def quantile(self, share: float) -> float:
        """Time by which ``share`` of the units has failed."""
        return math.exp(self.mu + self.sigma * standard_quantile(self.family, share))

    def failed_share(self, time: float) -> float:
        if time <= 0:
            return 0.0
        z = (math.log(time) - self.mu) / self.sigma
        return standard_share(self.family, z)

    def mean(self) -> float:
        if self.family == "weibull":
            return _exp(self.mu + math.lgamma(1 + self.sigma))
        return _exp(self.mu + self.sigma**2 / 2)

    def error(self, by_mu: float, by_log_sigma: float) -> float | None:
        """Standard error of a quantity with these derivatives (delta method)."""
        if self.covariance is None:
            return None
        slope = np.array([by_mu, by_log_sigma])
        return math.sqrt(max(float(slope @ self.covariance @ slope), 0.0))


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf


def standard_quantile(family: Family, share: float) -> float:
    if family == "weibull":
        return math.log(-math.log1p(-share))
    return float(special.ndtri(share))


def standard_share(family: Family, z: float) -> float:
    if family == "weibull":
        return -math.expm1(-_exp(z))
    return float(special.ndtr(z))


def log_likelihood(family: Family, lives: Lives, mu: float, sigma: float) -> float:
    log_time = np.log(lives.time)
    z = (log_time - mu) / sigma
    density, survival = _terms(family, z)
    failed = density - math.log(sigma) - log_time
    return float(np.dot(lives.weight, np.where(lives.failed, failed, survival)))


def _terms(family: Family, z: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Log density and log survival of the standard distribution."""
    if family == "weibull":
        power = np.exp(np.minimum(z, 700.0))
        return z - power, -power
    return -0.5 * z * z - _HALF_LOG_TWO_PI, special.log_ndtr(-z)


def _slopes(family: Family, z: FloatArray, failed: FloatArray) -> tuple[FloatArray, FloatArray]:
    """First and second derivative of each unit's log likelihood with respect to z."""
    if family == "weibull":
        power = np.exp(np.minimum(z, 700.0))
        return failed - power, -power
    hazard = np.exp(-0.5 * z * z - _HALF_LOG_TWO_PI - special.log_ndtr(-z))
    first = np.where(failed > 0, -z, -hazard)
    second = np.where(failed > 0, -1.0, -hazard * (hazard - z))
    return first, second


def _gradient_and_hessian(
    family: Family, lives: Lives, mu: float, sigma: float
) -> tuple[FloatArray, FloatArray]:
    z = (np.log(lives.time) - mu) / sigma
    failed = lives.failed.astype(np.float64)
    first, second = _slopes(family, z, failed)
    w = lives.weight
    gradient = np.array([-np.dot(w, first) / sigma, -np.dot(w, first * z + failed)])
    cross = np.dot(w, second * z + first) / sigma
    hessian = np.array(
        [
            [np.dot(w, second) / sigma**2, cross],
            [cross, np.dot(w, second * z * z + first * z)],
        ]
    )
    return gradient, hessian


def covariance(family: Family, lives: Lives, mu: float, sigma: float) -> FloatArray | None:
    """Inverse of the observed information, None where it is not positive definite."""
    information = -_gradient_and_hessian(family, lives, mu, sigma)[1]
    if not np.isfinite(information).all() or np.linalg.det(information) <= 0:
        return None
    inverse = np.asarray(np.linalg.inv(information), dtype=np.float64)
    return inverse if np.all(np.diag(inverse) > 0) else None


def fit(family: Family, lives: Lives) -> Fit:
    """Maximum likelihood by Newton steps that are halved until the likelihood rises."""
    check_estimable(lives)
    log_failures = np.log(lives.time[lives.failed])
    weight = lives.weight[lives.failed]
    mu = float(np.average(log_failures, weights=weight))
    spread = float(np.sqrt(np.average((log_failures - mu) ** 2, weights=weight)))
    sigma = max(spread, 0.1 * float(np.ptp(np.log(lives.time))), 1e-6)
    best = log_likelihood(family, lives, mu, sigma)
    for _ in range(_MAX_STEPS):
        gradient, hessian = _gradient_and_hessian(family, lives, mu, sigma)
        step = _ascent(gradient, hessian)
        size = 1.0
        while size > 1e-10:
            new_mu, new_sigma = mu + size * step[0], sigma * _exp(min(size * step[1], 20.0))
            value = log_likelihood(family, lives, new_mu, new_sigma)
            if math.isfinite(value) and value >= best:
                break
            size /= 2
        else:
            break
        moved = max(abs(size * step[0]) / sigma, abs(size * step[1]))
        mu, sigma, best = float(new_mu), float(new_sigma), value
        if moved < 1e-11:
            break
    return Fit(
        family=family,
        mu=mu,
        sigma=sigma,
        loglik=best,
        covariance=covariance(family, lives, mu, sigma),
    )


def _ascent(gradient: FloatArray, hessian: FloatArray) -> FloatArray:
    """The Newton step, or one of steepest ascent where the surface is not concave."""
    determinant = hessian[0, 0] * hessian[1, 1] - hessian[0, 1] ** 2
    if hessian[0, 0] < 0 and determinant > 0:
        step = -np.asarray(np.linalg.solve(hessian, gradient), dtype=np.float64)
    else:
        step = gradient / (1 + np.abs(np.diag(hessian)))
    largest = float(np.max(np.abs(step)))
    return step * (2.0 / largest) if largest > 2.0 else step


def check_estimable(lives: Lives) -> None:
    """Two parameters need two failures that differ from the longest time."""
    if lives.failures < 2:
        count = "no failure" if lives.failures == 0 else "a single failure"
        raise InputError(
            f"{count} among {lives.n} units cannot give a shape",
            where="event",
            remedy="wait for at least two failures, or give a known shape",
        )
    if lives.time[lives.failed].min() == lives.time.max():
        raise InputError(
            "all failures are at the longest time, so there is no spread to fit",
            where="time",
            remedy="record the times with a finer resolution",
        )


Ranks = Literal["benard", "exact"]
Regression = Literal["rank_regression", "rank_regression_y"]


def adjusted_ranks(lives: Lives, ranks: Ranks = "benard") -> tuple[FloatArray, FloatArray]:
    """Times of failure and their median ranks by Johnson's adjusted ranks.

    Benard's approximation, or the exact median of the beta distribution of the rank.
    W. Nelson, Applied Life Data Analysis (1982); R. B. Abernethy, The New Weibull
    Handbook, 2.4 and 2.5.
    """
    counts = lives.weight.astype(np.int64)
    time, failed = np.repeat(lives.time, counts), np.repeat(lives.failed, counts)
    n = time.size
    remaining = n - np.flatnonzero(failed)
    rank = (n + 1) * (1 - np.cumprod(remaining / (remaining + 1.0)))
    if ranks == "exact":
        share = special.betaincinv(rank, n + 1 - rank, 0.5)
    else:
        share = (rank - 0.3) / (n + 0.4)
    return time[failed], np.asarray(share, dtype=np.float64)


def rank_regression(
    family: Family,
    lives: Lives,
    regression: Regression = "rank_regression",
    ranks: Ranks = "benard",
) -> Fit:
    """Least squares between log time and the standard quantile of the median ranks."""
    check_estimable(lives)
    time, share = adjusted_ranks(lives, ranks)
    x = np.log(time)
    if np.ptp(x) == 0:
        raise InputError(
            "all failures have the same time, so a line cannot be drawn",
            where="time",
            remedy="use method mle, or record the times with a finer resolution",
        )
    y = np.log(-np.log1p(-share)) if family == "weibull" else special.ndtri(share)
    mu, sigma = line_through(x, y, regression)
    return Fit(
        family=family,
        mu=mu,
        sigma=sigma,
        loglik=log_likelihood(family, lives, mu, sigma),
        covariance=covariance(family, lives, mu, sigma),
    )


def line_through(x: FloatArray, y: FloatArray, regression: str) -> tuple[float, float]:
    """mu and sigma of x = mu + sigma y: X on Y, or Y on X (``rank_regression_y``)."""
    dx, dy = x - x.mean(), y - y.mean()
    if regression == "rank_regression_y":
        sigma = float(np.dot(dx, dx) / np.dot(dx, dy))
    else:
        sigma = float(np.dot(dy, dx) / np.dot(dy, dy))
    return float(x.mean() - sigma * y.mean()), sigma
