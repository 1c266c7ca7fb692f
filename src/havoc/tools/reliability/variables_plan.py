"""Sampling by measured values: estimate of the share nonconforming, OC curve, plan for two risks.

A lot passes if (limit - mean) / s >= k, or if the estimated share nonconforming is at
most M. The measured value is normal.

Sources: G. J. Lieberman and G. J. Resnikoff, JASA 50 (1955) 457-516 (estimate, k and M);
D. C. Montgomery, Introduction to Statistical Quality Control, 7th edition, 16.1-16.3;
A. J. Duncan, Quality Control and Industrial Statistics (1986), chapter 11 (OC curve from
the noncentral t distribution).
"""

from __future__ import annotations

import math

import numpy as np
from scipy import optimize, special, stats

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray

_LARGEST = 100_000


def share_beyond(q: float, n: int, *, known: bool) -> float:
    """Estimated share beyond a limit that lies ``q`` standard deviations from the mean.

    Unknown sigma: the beta distribution of Lieberman and Resnikoff; known: normal.
    """
    if known:
        return float(special.ndtr(-q * math.sqrt(n / (n - 1))))
    x = min(max(0.5 - q * math.sqrt(n) / (2 * (n - 1)), 0.0), 1.0)
    return float(special.betainc(n / 2 - 1, n / 2 - 1, x))


def constant_of(m: float, n: int, *, known: bool) -> float:
    """k of the plan with the limit ``m`` of the estimated share (inverse of share_beyond)."""
    if known:
        return -float(special.ndtri(m)) * math.sqrt((n - 1) / n)
    x = float(special.betaincinv(n / 2 - 1, n / 2 - 1, m))
    return (1 - 2 * x) * (n - 1) / math.sqrt(n)


def acceptance(p: FloatArray | float, n: int, k: float, *, known: bool) -> FloatArray:
    """Probability of acceptance, all nonconforming units beyond one limit."""
    share = np.atleast_1d(np.asarray(p, dtype=np.float64))
    inside = np.clip(share, 1e-15, 1 - 1e-15)
    distance = -special.ndtri(inside)
    if known:
        values = special.ndtr(math.sqrt(n) * (distance - k))
    else:
        values = stats.nct.sf(math.sqrt(n) * k, n - 1, math.sqrt(n) * distance)
    values = np.where(share <= 0, 1.0, np.where(share >= 1, 0.0, values))
    return np.clip(np.asarray(values, dtype=np.float64), 0.0, 1.0)


def quality_at(probability: float, n: int, k: float, *, known: bool) -> float:
    """Fraction nonconforming that is accepted with this probability."""

    def gap(distance: float) -> float:
        share = np.array([float(special.ndtr(-distance))])
        return float(acceptance(share, n, k, known=known)[0]) - probability

    return float(special.ndtr(-optimize.brentq(gap, -8.0, 8.0 + abs(k) * 3, xtol=1e-12)))


def find_plan(
    aql: float, ltpd: float, alpha: float, beta: float, *, known: bool
) -> tuple[int, float]:
    """Smallest n, and k, with acceptance >= 1 - alpha at ``aql`` and <= beta at ``ltpd``."""
    good, bad = -float(special.ndtri(aql)), -float(special.ndtri(ltpd))
    z_alpha, z_beta = -float(special.ndtri(alpha)), -float(special.ndtri(beta))
    exact = ((z_alpha + z_beta) / (good - bad)) ** 2
    if z_alpha + z_beta <= 0 or not math.isfinite(exact) or exact > _LARGEST:
        raise InputError(
            f"no plan of up to {_LARGEST} units tells {100 * aql:g} % from {100 * ltpd:g} %",
            where="aql, ltpd",
            remedy="move the two apart, or allow other risks",
        )
    if known:
        n = max(math.ceil(exact - 1e-9), 2)
        return n, (z_beta * good + z_alpha * bad) / (z_alpha + z_beta)

    def limits(n: int) -> tuple[float, float]:
        """Smallest k for the consumer, largest k for the producer."""
        root = math.sqrt(n)
        return (
            float(stats.nct.ppf(1 - beta, n - 1, root * bad)) / root,
            float(stats.nct.ppf(alpha, n - 1, root * good)) / root,
        )

    def enough(n: int) -> bool:
        low, high = limits(n)
        return low <= high

    low, high = 2, max(math.ceil(exact), 3)
    while not enough(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high, sum(limits(high)) / 2
