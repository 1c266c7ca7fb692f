"""What the rank tests share: ties, exact null distributions and shift estimates.

Exact null distributions are counted by convolution. Hodges-Lehmann estimates
are order statistics of all pairwise differences (or means); where these are
too many to list, they are found by bisection on their count.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import optimize, special

from havoc.tools.parameters import FloatArray

# As R: exact p-values below this size, where no value is tied.
EXACT_BELOW = 50
# More pairs than this are not listed.
MOST_PAIRS = 4_000_000


def tie_sum(values: FloatArray) -> float:
    """Sum of t^3 - t over groups of equal values."""
    _, counts = np.unique(values, return_counts=True)
    count = counts.astype(np.float64)
    return float(np.sum(count**3 - count))


def rank_sum_distribution(n1: int, n2: int) -> FloatArray:
    """P(U = 0), P(U = 1), … of the Mann-Whitney statistic."""
    # The largest value belongs to the first group with chance i / (i + j), and
    # then exceeds all j values of the second. Only sums of positive terms.
    column = [np.ones(1) for _ in range(n2 + 1)]
    for i in range(1, n1 + 1):
        fresh = [np.ones(1)]
        for j in range(1, n2 + 1):
            chance = np.zeros(i * j + 1)
            chance[j:] = i / (i + j) * column[j]
            chance[: i * (j - 1) + 1] += j / (i + j) * fresh[j - 1]
            fresh.append(chance)
        column = fresh
    return column[n2]


def signed_rank_distribution(n: int) -> FloatArray:
    """P(V = 0), P(V = 1), … of the Wilcoxon signed-rank statistic."""
    chance = np.zeros(n * (n + 1) // 2 + 1)
    chance[0] = 1.0
    for rank in range(1, n + 1):
        shifted = np.zeros_like(chance)
        shifted[rank:] = chance[:-rank]
        chance = (chance + shifted) / 2
    return chance


def exact_p_value(distribution: FloatArray, statistic: float, alternative: str) -> float:
    """Tail of a symmetric exact distribution; two-sided doubles the smaller tail, as R."""
    k = round(statistic)
    below = math.fsum(distribution[: k + 1].tolist())
    above = math.fsum(distribution[k:].tolist())
    if alternative == "less":
        return min(below, 1.0)
    if alternative == "greater":
        return min(above, 1.0)
    return min(2 * min(below, above), 1.0)


def normal_p_value(
    statistic: float, center: float, sigma: float, alternative: str
) -> tuple[float, float]:
    """z with continuity correction, and its p-value, as R."""
    distance = statistic - center
    shift = {
        "two_sided": math.copysign(0.5, distance) if distance else 0.0,
        "less": -0.5,
        "greater": 0.5,
    }[alternative]
    z = (distance - shift) / sigma
    if alternative == "less":
        return z, float(special.ndtr(z))
    if alternative == "greater":
        return z, float(special.ndtr(-z))
    return z, min(2 * float(special.ndtr(-abs(z))), 1.0)


def lower_rank(distribution: FloatArray | None, center: float, sigma: float, tail: float) -> int:
    """How many order statistics to cut from each end for a tail probability (at least one)."""
    if distribution is not None:
        cumulative = np.cumsum(distribution)
        return max(int(np.searchsorted(cumulative, tail * (1 - 1e-12))), 1)
    return max(round(center + float(special.ndtri(tail)) * sigma), 1)


def order_statistics(
    count_at_most: Callable[[float], int],
    bounds: tuple[float, float],
    ranks: Sequence[int],
) -> list[float]:
    """Order statistics (1-based) of a list known only by how many are at most t."""
    low, high = bounds
    result = []
    for rank in ranks:
        if high <= low:
            result.append(low)
            continue
        span = high - low

        def distance(t: float, rank: int = rank) -> float:
            return count_at_most(t) - rank + 0.5

        result.append(
            float(
                optimize.brentq(
                    distance, low - 1e-9 * span, high + 1e-9 * span, xtol=1e-7 * span, maxiter=80
                )
            )
        )
    return result


def center_and_interval(
    listed: FloatArray | None,
    pairs: int,
    cut: int,
    alternative: str,
    count_at_most: Callable[[float], int],
    bounds: tuple[float, float],
) -> tuple[float, float, float]:
    """Median and interval of the pairwise quantities, or the one-sided bound."""
    ranks = [(pairs + 1) // 2, pairs // 2 + 1, cut, pairs + 1 - cut]
    if listed is not None:
        lower, upper, low, high = (float(listed[rank - 1]) for rank in ranks)
    else:
        lower, low, high = order_statistics(count_at_most, bounds, [ranks[0], ranks[2], ranks[3]])
        upper = lower
    if alternative == "less":
        low = -math.inf
    elif alternative == "greater":
        high = math.inf
    return (lower + upper) / 2, low, high


def exact_difference(first: FloatArray, second: FloatArray | float) -> FloatArray:
    """``first - second`` with equal decimals giving equal differences.

    0.3 - 0.2 and 0.2 - 0.1 are the same to the engineer and must tie, so the
    last two of the sixteen digits of the larger value are rounded away.
    """
    difference = first - second
    scale = float(np.max(np.abs(first), initial=0.0))
    scale = max(scale, float(np.max(np.abs(second))))
    if scale == 0:
        return difference
    decimals = 13 - math.floor(math.log10(scale))
    return np.round(difference, decimals) if abs(decimals) < 300 else difference
