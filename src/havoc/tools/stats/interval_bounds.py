"""Bounds of proportions, rates and medians with a given probability outside each.

Sources: C. J. Clopper and E. S. Pearson (1934); E. B. Wilson (1927); A. Agresti and
B. A. Coull (1998); L. D. Brown, T. T. Cai and A. DasGupta (2001) for Jeffreys;
F. Garwood (1936) for the Poisson rate; W. J. Conover for the median.
"""

from __future__ import annotations

import math

from scipy import stats

from havoc.tools.parameters import FloatArray
from havoc.tools.stats import binomial

Bounds = tuple[float, float]


def sided(two: Bounds, lower: float, upper: float, side: str, limits: Bounds) -> Bounds:
    """The interval asked for, out of the two-sided one and the two bounds."""
    if side == "lower":
        return lower, limits[1]
    if side == "upper":
        return limits[0], upper
    return two


def proportion_bounds(successes: int, trials: int, tail: float, kind: str) -> Bounds:
    """Bounds of a proportion by the named method."""
    if kind == "clopper_pearson":
        return binomial.clopper_pearson(successes, trials, 2 * tail)
    if kind == "wilson":
        return binomial.wilson(successes, trials, 2 * tail)
    if kind == "jeffreys":
        a, b = successes + 0.5, trials - successes + 0.5
        low = float(stats.beta.ppf(tail, a, b)) if successes > 0 else 0.0
        return low, float(stats.beta.isf(tail, a, b)) if successes < trials else 1.0
    z = float(stats.norm.isf(tail))
    if kind == "agresti_coull":
        size = trials + z * z
        centre = (successes + z * z / 2) / size
    else:
        size, centre = float(trials), successes / trials
    margin = z * math.sqrt(centre * (1 - centre) / size)
    return max(centre - margin, 0.0), min(centre + margin, 1.0)


def rate_bounds(events: int, exposure: float, tail: float) -> Bounds:
    """Exact bounds of a Poisson rate."""
    low = float(stats.chi2.ppf(tail, 2 * events)) / 2 if events else 0.0
    return low / exposure, float(stats.chi2.isf(tail, 2 * events + 2)) / 2 / exposure


def median_rank(n: int, tail: float) -> int:
    """Largest r with P(fewer than r of n below the median) at most ``tail``; 0 if none."""
    candidate = int(stats.binom.ppf(tail, n, 0.5))
    while candidate > 0 and float(stats.binom.cdf(candidate - 1, n, 0.5)) > tail:
        candidate -= 1
    return candidate


def median_bounds(ordered: FloatArray, tail: float) -> Bounds:
    """Order statistics of these ranks; infinite if there are too few values."""
    r = median_rank(ordered.size, tail)
    if r == 0:
        return -math.inf, math.inf
    return float(ordered[r - 1]), float(ordered[ordered.size - r])
