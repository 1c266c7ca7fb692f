"""The power-law process of failures of a repairable system (Crow-AMSAA).

N(t) is a Poisson process with mean lambda t^beta; beta below one means growth.

Sources: MIL-HDBK-189C (2011), chapter 5; L. H. Crow, Technometrics 24 (1982) 67-72
(confidence limits of the present MTBF); NIST/SEMATECH e-Handbook 8.1.7.2 and 8.4.5.1.
"""

from __future__ import annotations

import functools
import math

import msgspec
import numpy as np
from scipy import integrate, optimize, special, stats

from havoc.tools.parameters import FloatArray

_SIMULATED = 4000
_SEED = 20_210
_MOST_SIMULATED = 300


class Growth(msgspec.Struct, kw_only=True):
    """Estimates of the process; ``end`` is the end of the observation."""

    beta: float
    rate: float
    failures: int
    end: float

    def expected(self, time: float) -> float:
        """Mean number of failures up to ``time``."""
        return float(self.rate * time**self.beta) if time > 0 else 0.0

    def mtbf(self, time: float) -> float:
        """Reciprocal of the intensity at ``time``."""
        return float(1 / (self.rate * self.beta * time ** (self.beta - 1)))


def from_times(times: FloatArray, end: float, *, stopped: bool, unbiased: bool) -> Growth:
    """Maximum likelihood; ``stopped`` at a time, otherwise at the last failure.

    Unbiased: beta (n - 1) / n, or (n - 2) / n for a test that ends with a failure.
    """
    n = times.size
    beta = n / float(np.sum(np.log(end / times)))
    if unbiased:
        beta *= (n - 1) / n if stopped else (n - 2) / n
    return Growth(beta=beta, rate=n / end**beta, failures=n, end=end)


def from_counts(ends: FloatArray, counts: FloatArray) -> Growth:
    """Maximum likelihood from the numbers of failures between inspections."""
    total, last = float(counts.sum()), float(ends[-1])
    # on the scale of the end of the test: logarithms are at most zero
    right = ends / last
    left = np.concatenate([[0.0], right[:-1]])
    with np.errstate(divide="ignore"):
        log_right, log_left = np.log(right), np.where(left > 0, np.log(left), 0.0)

    def slope(beta: float) -> float:
        high, low = right**beta, left**beta
        return float(counts @ ((high * log_right - low * log_left) / (high - low)))

    low, high = 1e-3, 1.0
    while slope(high) > 0 and high < 1e3:
        high *= 2
    beta = float(optimize.brentq(slope, low, high, xtol=1e-13)) if slope(high) < 0 else high
    return Growth(beta=beta, rate=total / last**beta, failures=int(total), end=last)


def counts_information(growth: Growth, ends: FloatArray) -> FloatArray:
    """Covariance of (ln lambda T^beta, ln beta) of grouped counts, Fisher information."""
    right = ends / growth.end
    left = np.concatenate([[0.0], right[:-1]])

    def means(theta: FloatArray) -> FloatArray:
        beta = math.exp(float(theta[1]))
        return np.asarray(math.exp(float(theta[0])) * (right**beta - left**beta))

    theta = np.array([math.log(growth.failures), math.log(growth.beta)])
    h = 1e-5
    slopes = np.stack(
        [(means(theta + h * e) - means(theta - h * e)) / (2 * h) for e in np.eye(2)], axis=1
    )
    information = slopes.T @ (slopes / means(theta)[:, None])
    return np.asarray(np.linalg.inv(information), dtype=np.float64)


def beta_limits(beta: float, n: int, confidence: float, *, stopped: bool) -> tuple[float, float]:
    """Exact limits from 2 n beta / estimate, chi-squared with 2n (or 2n - 2) degrees of freedom."""
    df = 2 * n if stopped else 2 * (n - 1)
    low, high = stats.chi2.ppf([(1 - confidence) / 2, (1 + confidence) / 2], df)
    return beta * float(low) / (2 * n), beta * float(high) / (2 * n)


def mtbf_factors(n: int, confidence: float, *, stopped: bool) -> tuple[float, float]:
    """Limits of the present MTBF over its maximum likelihood estimate (Crow 1982).

    Stopped at a time: given the sum of logarithms the count has probabilities proportional
    to x^k / (k! (k - 1)!). Stopped at a failure: 4 n^2 over a product of two independent
    chi-squared variables with 2n - 2 and 2n degrees of freedom.
    """
    tail = (1 - confidence) / 2
    if stopped:
        low = n * n / _count_limit(n, tail, upper=True)
        high = math.inf if n < 2 else n * n / _count_limit(n, tail, upper=False)
        return low, high
    return (
        4 * n * n / _product_quantile(n, 1 - tail),
        4 * n * n / _product_quantile(n, tail),
    )


def _count_limit(n: int, tail: float, *, upper: bool) -> float:
    def chance(log_x: float) -> float:
        top = int(2 * math.exp(log_x / 2) + 40 * (1 + math.exp(log_x / 4))) + 3 * n
        k = np.arange(1, top)
        terms = k * log_x - special.gammaln(k + 1) - special.gammaln(k)
        terms = np.exp(terms - terms.max())
        chosen = terms[:n] if upper else terms[n - 1 :]
        return float(chosen.sum() / terms.sum()) - tail

    center = 2 * math.log(n)
    return math.exp(float(optimize.brentq(chance, center - 14, center + 8, xtol=1e-10)))


@functools.cache
def _nodes() -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.legendre.leggauss(160)
    return np.asarray(nodes, dtype=np.float64), np.asarray(weights, dtype=np.float64)


def _product_quantile(n: int, share: float) -> float:
    one, other = stats.chi2(2 * (n - 1)), stats.chi2(2 * n)
    ends = float(one.ppf(1e-12)), float(one.isf(1e-12))
    nodes, weights = _nodes()
    x = 0.5 * (ends[1] - ends[0]) * nodes + 0.5 * (ends[1] + ends[0])
    density = weights * 0.5 * (ends[1] - ends[0]) * one.pdf(x)

    def gap(log_product: float) -> float:
        return float(density @ other.cdf(math.exp(log_product) / x)) - share

    center = math.log(4.0 * n * n)
    return math.exp(float(optimize.brentq(gap, center - 12, center + 5, xtol=1e-11)))


def trend_test(times: FloatArray, end: float, *, stopped: bool) -> tuple[float, int, float]:
    """Military Handbook test: 2 sum ln(T / t) is chi-squared without a trend; two-sided p."""
    used = times if stopped else times[:-1]
    chi2 = 2 * float(np.sum(np.log(end / used)))
    df = 2 * used.size
    return chi2, df, min(2 * float(min(stats.chi2.cdf(chi2, df), stats.chi2.sf(chi2, df))), 1.0)


def laplace_test(times: FloatArray, end: float, *, stopped: bool) -> tuple[float, float]:
    """Standardised mean of the failure times; positive when failures come faster."""
    used = times if stopped else times[:-1]
    u = (float(used.mean()) - end / 2) / (end * math.sqrt(1 / (12 * used.size)))
    return u, 2 * float(special.ndtr(-abs(u)))


def cramer_von_mises(times: FloatArray, end: float, *, stopped: bool) -> tuple[float, float | None]:
    """Distance of the times from the power law, with a simulated p-value (MIL-HDBK-189, 5.5)."""
    used = times if stopped else times[:-1]
    m = used.size
    statistic = float(_cvm(used[None, :] / end)[0])
    if m > _MOST_SIMULATED:
        return statistic, None
    rng = np.random.default_rng(_SEED)
    simulated = _cvm(np.sort(rng.random((_SIMULATED, m)), axis=1))
    return statistic, float((1 + np.sum(simulated >= statistic)) / (_SIMULATED + 1))


def _cvm(shares: FloatArray) -> FloatArray:
    """Rows of ordered times over the end; beta is estimated without bias from each row."""
    m = shares.shape[1]
    beta = (m - 1) / -np.log(shares).sum(axis=1)
    places = (2 * np.arange(1, m + 1) - 1) / (2 * m)
    gaps = shares ** beta[:, None] - places
    return np.asarray(1 / (12 * m) + (gaps**2).sum(axis=1), dtype=np.float64)


def recomputed_mtbf_factor(n: int, confidence: float) -> float:
    """The lower factor of a test that ends with a failure, by adaptive quadrature."""
    x = 4 * n * n / mtbf_factors(n, confidence, stopped=False)[0]
    one, other = stats.chi2(2 * (n - 1)), stats.chi2(2 * n)
    value, _ = integrate.quad(lambda w: float(one.pdf(w) * other.cdf(x / w)), 0, np.inf, limit=400)
    return float(value)
