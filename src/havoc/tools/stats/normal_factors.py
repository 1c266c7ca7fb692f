"""Factors k of normal intervals mean ± k s: tolerance (exact, Howe) and prediction (exact).

The exact factors are integrals over the sampling distribution of the mean,
solved for k: with X = (mean - mu)/sigma ~ N(0, 1/n) and S the sample standard
deviation, an interval keeps its promise with the stated probability over X and S.

Sources: A. Wald and J. Wolfowitz (1946); K. Krishnamoorthy and T. Mathew,
Statistical Tolerance Regions (2009), section 2.3; W. G. Howe (1969);
G. J. Hahn (1969) for several future observations.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import optimize, stats

from havoc.tools.parameters import FloatArray

# Gauss-Legendre nodes over ±9 standard deviations: doubling them changes no printed digit.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(201)
_SPAN = 9.0


def tolerance_two_sided(n: int, coverage: float, confidence: float) -> float:
    """Exact k: mean ± k s holds ``coverage`` of the population with ``confidence``."""
    df = n - 1
    z = _SPAN * _NODES
    weights = _SPAN * _WEIGHTS * stats.norm.pdf(z)
    radius = _central_radius(z / math.sqrt(n), coverage)

    def missing(k: float) -> float:
        held = float(weights @ stats.chi2.sf(df * (radius / k) ** 2, df))
        return held - confidence

    start = tolerance_howe(n, coverage, confidence)
    return _root(missing, start)


def _central_radius(offset: FloatArray, coverage: float) -> FloatArray:
    """r with P(|Z - offset| < r) = coverage for standard normal Z, by Newton's method."""
    a = np.abs(offset)
    r = a + stats.norm.ppf(coverage)
    r = np.maximum(r, stats.norm.ppf((1 + coverage) / 2))
    for _ in range(60):
        value = stats.norm.cdf(a + r) - stats.norm.cdf(a - r) - coverage
        slope = stats.norm.pdf(a + r) + stats.norm.pdf(a - r)
        step = value / slope
        r = np.maximum(r - step, r / 2)
        if float(np.abs(step).max()) < 1e-13:
            break
    return np.asarray(r, dtype=np.float64)


def tolerance_howe(n: int, coverage: float, confidence: float) -> float:
    """Howe's approximation to the two-sided factor (NIST e-Handbook 7.2.6.3)."""
    z = float(stats.norm.ppf((1 + coverage) / 2))
    return z * math.sqrt((n - 1) * (1 + 1 / n) / float(stats.chi2.ppf(1 - confidence, n - 1)))


def tolerance_one_sided(n: int, coverage: float, confidence: float) -> float:
    """Exact k of a one-sided bound: a quantile of the noncentral t distribution."""
    z = float(stats.norm.ppf(coverage))
    return float(stats.nct.ppf(confidence, n - 1, z * math.sqrt(n))) / math.sqrt(n)


def prediction_exact(n: int, future: int, confidence: float, *, two_sided: bool) -> float:
    """Exact k: all of the next ``future`` values fall within mean ± k s."""
    df = n - 1
    z = _SPAN * _NODES
    weights = _SPAN * _WEIGHTS * stats.norm.pdf(z)
    centre = z / math.sqrt(n)
    low, high = stats.chi2.ppf([1e-15, 1 - 1e-15], df)
    s_low, s_high = math.sqrt(low / df), math.sqrt(high / df)
    s = (s_high - s_low) / 2 * _NODES + (s_high + s_low) / 2
    density = stats.chi2.pdf(df * s * s, df) * 2 * df * s
    s_weights = (s_high - s_low) / 2 * _WEIGHTS * density
    s_weights /= s_weights.sum()

    def missing(k: float) -> float:
        upper = stats.norm.cdf(centre[:, None] + k * s[None, :])
        inside = upper - stats.norm.cdf(centre[:, None] - k * s[None, :]) if two_sided else upper
        return float(weights @ (inside**future @ s_weights)) - confidence

    return _root(missing, prediction_bonferroni(n, future, confidence, two_sided=two_sided))


def prediction_bonferroni(n: int, future: int, confidence: float, *, two_sided: bool) -> float:
    """k by Student's t with the error shared among the future values; exact for one."""
    tail = (1 - confidence) / future / (2 if two_sided else 1)
    return float(stats.t.isf(tail, n - 1)) * math.sqrt(1 + 1 / n)


def _root(function: Callable[[float], float], start: float) -> float:
    """Root of an increasing function of k > 0 near ``start``."""
    low, high = start / 2, start * 1.5 + 0.1
    while function(low) > 0:
        low /= 2
    while function(high) < 0:
        high *= 2
    return float(optimize.brentq(function, low, high, xtol=1e-12, rtol=1e-12))
