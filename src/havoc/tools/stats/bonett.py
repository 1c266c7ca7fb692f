"""Bonett's interval of a standard deviation, and of a ratio of two, without normality.

Both estimate the kurtosis about a trimmed mean. For two samples the test and its inversion
use the kurtosis pooled at the ratio in question, as Minitab; without inversion
(Bonett's own closed form) the interval is slightly different.

Sources: D. G. Bonett (2006a), Computational Statistics and Data Analysis 50, 775, for one
sample; D. G. Bonett (2006b), Applied Psychological Measurement 30, 432, for two.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import optimize, special

from havoc.tools.parameters import FloatArray

Bounds = tuple[float, float]
# The trimmed mean needs n - 4 above zero, the interval some freedom beyond.
LEAST = 6


def _fourth_power(sample: FloatArray) -> float:
    """Sum of fourth powers about the mean trimmed by 1 / (2 sqrt(n - 4)) from each end."""
    ordered = np.sort(sample)
    cut = int(ordered.size / (2 * math.sqrt(ordered.size - 4)))
    center = float(ordered[cut : ordered.size - cut].mean())
    return float(((ordered - center) ** 4).sum())


def one_sample(sample: FloatArray, tail: float) -> Bounds | None:
    """Interval of the standard deviation with probability ``tail`` outside each end."""
    n = sample.size
    z = -float(special.ndtri(tail))
    if n < LEAST or z >= n or np.ptp(sample) == 0:
        return None
    variance = float(sample.var(ddof=1))
    kurtosis = n * _fourth_power(sample) / ((n - 1) * variance) ** 2
    correction = n / (n - z)
    inside = (kurtosis - (n - 3) / n) / (n - 1)
    if inside <= 0:
        return None
    error = correction * math.sqrt(inside)
    center = math.log(correction * variance)
    return math.exp((center - z * error) / 2), math.exp((center + z * error) / 2)


def two_samples(first: FloatArray, second: FloatArray, alpha: float) -> tuple[float, Bounds] | None:
    """P-value of equal standard deviations, and the interval of their ratio."""
    if min(first.size, second.size) < LEAST or min(np.ptp(first), np.ptp(second)) == 0:
        return None
    n1, n2 = first.size, second.size
    variance1, variance2 = float(first.var(ddof=1)), float(second.var(ddof=1))
    log_ratio = math.log(variance1 / variance2)
    # Scaled, so that the fourth powers of large values do not overflow.
    fourth1 = _fourth_power(first / math.sqrt(variance1))
    fourth2 = _fourth_power(second / math.sqrt(variance2))

    def error(log_sd_ratio: float) -> float:
        """Standard error of the log variance ratio when the true ratio is this one."""
        square = math.exp(2 * log_sd_ratio - log_ratio)
        kurtosis = (n1 + n2) * (fourth1 + square**2 * fourth2)
        kurtosis /= ((n1 - 1) + square * (n2 - 1)) ** 2
        inside = (kurtosis - (n1 - 3) / n1) / (n1 - 1) + (kurtosis - (n2 - 3) / n2) / (n2 - 1)
        return math.sqrt(max(inside, 0.0))

    def equalizer(z: float) -> float:
        return math.log(n1 / (n1 - z)) - math.log(n2 / (n2 - z))

    z = -float(special.ndtri(alpha / 2))
    if z >= min(n1, n2) / 2:
        return None
    center = (log_ratio + equalizer(z)) / 2
    low = _crossing(lambda v: center - v - z * error(v) / 2, center, -1)
    high = _crossing(lambda v: center - v + z * error(v) / 2, center, 1)
    p_value = _p_value(log_ratio, equalizer, error(0.0), min(n1, n2) / 2)
    if low is None or high is None or p_value is None:
        return None
    return p_value, (math.exp(low), math.exp(high))


def _crossing(distance: Callable[[float], float], start: float, side: int) -> float | None:
    """The nearest zero of ``distance`` from ``start`` in the direction ``side``."""
    step = 0.02
    before = start
    for _ in range(800):
        after = before + side * step
        if (distance(before) > 0) != (distance(after) > 0):
            return float(optimize.brentq(distance, *sorted((before, after)), xtol=1e-13))
        before = after
    return None


def _p_value(
    log_ratio: float, equalizer: Callable[[float], float], error: float, limit: float
) -> float | None:
    """The level at which the interval of the ratio just reaches one."""
    sign = 1.0 if log_ratio > 0 else -1.0

    def reach(z: float) -> float:
        return sign * (log_ratio + equalizer(z)) - z * error

    if reach(0.0) <= 0:
        return 1.0
    grid = np.linspace(0.0, limit, 400)
    beyond = next((i for i, z in enumerate(grid) if reach(float(z)) <= 0), None)
    if beyond is None:
        return 2 * float(special.ndtr(-limit)) if limit > 8 else None
    z = float(optimize.brentq(reach, grid[beyond - 1], grid[beyond], xtol=1e-13))
    return min(2 * float(special.ndtr(-z)), 1.0)
