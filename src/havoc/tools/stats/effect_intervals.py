"""Confidence intervals of effect sizes by inverting noncentral distributions.

Sources: J. H. Steiger (2004), Beyond the F test, Psychological Methods 9, for
eta squared; M. Smithson (2003), Confidence Intervals, for Cramér's V.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from scipy import optimize, special


def noncentrality_f(
    statistic: float, df1: float, df2: float, confidence: float
) -> tuple[float, float] | None:
    """Two-sided interval of the noncentrality of an F statistic."""
    return _interval(
        lambda noncentrality: float(special.ncfdtr(df1, df2, noncentrality, statistic)),
        statistic * df1,
        confidence,
    )


def noncentrality_chi_square(
    statistic: float, df: float, confidence: float
) -> tuple[float, float] | None:
    """Two-sided interval of the noncentrality of a chi-square statistic."""
    return _interval(
        lambda noncentrality: float(special.chndtr(statistic, df, noncentrality)),
        statistic,
        confidence,
    )


def eta_squared_interval(
    statistic: float, df1: float, df2: float, confidence: float
) -> tuple[float, float] | None:
    """Interval of (partial) eta squared: noncentrality / (noncentrality + df1 + df2 + 1)."""
    interval = noncentrality_f(statistic, df1, df2, confidence)
    if interval is None:
        return None
    total = df1 + df2 + 1
    return interval[0] / (interval[0] + total), interval[1] / (interval[1] + total)


def _interval(
    cumulative: Callable[[float], float], start: float, confidence: float
) -> tuple[float, float] | None:
    """Noncentralities at which the statistic sits at the two tail probabilities."""
    tail = (1 - confidence) / 2
    if not math.isfinite(start):
        return None
    low = _invert(cumulative, 1 - tail, start)
    high = _invert(cumulative, tail, start)
    return None if low is None or high is None else (low, high)


def _invert(cumulative: Callable[[float], float], target: float, start: float) -> float | None:
    """The noncentrality with the given cumulative probability, which falls with it."""
    at_zero = cumulative(0.0)
    if not math.isfinite(at_zero):
        return None
    if at_zero <= target:
        return 0.0
    upper = max(start, 1.0)
    for _ in range(60):
        reached = cumulative(upper)
        if not math.isfinite(reached):
            return None
        if reached < target:
            break
        upper *= 2
    else:
        return None
    return float(optimize.brentq(lambda value: cumulative(value) - target, 0.0, upper, xtol=1e-10))
