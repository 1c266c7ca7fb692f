"""Where the mean of independent normal values changes.

``likely_split`` finds the most likely single change, ``best_partitions`` the exact least
squares partition for every number of changes (dynamic programming, as R's strucchange), and
``change_p_value`` how often random order gives a change as clear.

Sources: D. V. Hinkley (1970), Biometrika 57, 1; J. Bai and P. Perron (2003), J. Appl.
Econometrics 18, 1; M. Csörgő and L. Horváth (1997), Limit Theorems in Change-Point Analysis,
1.3; J. Bai (1997), Rev. Econ. Stat. 79, 551 (interval of the date of a change).
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
from scipy import optimize, special

from havoc.tools.parameters import FloatArray
from havoc.tools.spc.detectors import IntArray

# Values drawn in all permutations of one test.
_MOST_DRAWN = 4_000_000
_FEWEST_PERMUTATIONS = 199
MOST_EXACT = 3000


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """The likeliest place: ``first`` values come before it; ``f`` is its F statistic."""

    first: int
    f: float


def likely_split(values: FloatArray, least: int) -> Split | None:
    """The split with the largest F, at least ``least`` values on either side."""
    n = values.size
    if n < 2 * least or n < 3:
        return None
    gains, total = _gains(values, least)
    at = int(np.argmax(gains))
    gain = float(gains[at])
    rest = max(total - gain, 0.0)
    return Split(first=at + least, f=gain * (n - 2) / rest if rest > 0 else math.inf)


def _gains(values: FloatArray, least: int) -> tuple[FloatArray, float]:
    """By how much the sum of squares falls for every split, and the sum of squares."""
    n = values.size
    centred = values - values.mean()
    sums = np.cumsum(centred)[least - 1 : n - least]
    before = np.arange(least, n - least + 1)
    return sums**2 * (n / (before * (n - before))), float(centred @ centred)


def f_statistics(values: FloatArray, least: int) -> FloatArray:
    """F of every split, as strucchange's Fstats."""
    gains, total = _gains(values, least)
    return np.asarray(gains * (values.size - 2) / (total - gains), dtype=np.float64)


def change_p_value(
    values: FloatArray, least: int, permutations: int, seed: int
) -> tuple[float, int]:
    """Chance of a change as clear in values without one, and by how many permutations.

    Long series (0 permutations) have the asymptotic tail of the standardised bridge.
    """
    split = likely_split(values, least)
    if split is None:
        return 1.0, 0
    n = values.size
    count = min(permutations, _MOST_DRAWN // n)
    gains, total = _gains(values, least)
    largest = float(gains.max()) * (1 - 1e-9)
    if count < _FEWEST_PERMUTATIONS:
        return _bridge_tail(math.sqrt(largest / (total - largest) * (n - 2)), n, least), 0
    source = np.random.default_rng(seed)
    before = np.arange(least, n - least + 1)
    scale = n / (before * (n - before))
    centred = values - values.mean()
    as_clear, done = 0, 0
    block = max(1, min(count, 2_000_000 // n))
    while done < count:
        rows = min(block, count - done)
        drawn = source.permuted(np.broadcast_to(centred, (rows, n)), axis=1)
        sums = np.cumsum(drawn, axis=1)[:, least - 1 : n - least]
        as_clear += int(np.count_nonzero((sums**2 * scale).max(axis=1) >= largest))
        done += rows
    return (as_clear + 1) / (count + 1), count


def _bridge_tail(x: float, n: int, least: int) -> float:
    """P(max of the standardised bridge > x) (Vostrikova; Csörgő and Horváth 1.3.26)."""
    if x <= 1:
        return 1.0
    low = least / n
    span = 2 * math.log((1 - low) / low)
    tail = x * math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    return min(max(tail * (span - span / x**2 + 4 / x**2), 0.0), 1.0)


def cusum_statistic(values: FloatArray) -> tuple[float, float]:
    """Largest OLS-CUSUM and its p-value by Kolmogorov's distribution."""
    n = values.size
    centred = values - values.mean()
    sigma = math.sqrt(float(centred @ centred) / (n - 1))
    statistic = float(np.abs(np.cumsum(centred)).max()) / (sigma * math.sqrt(n))
    return statistic, float(special.kolmogorov(statistic))


def binary_splits(
    values: FloatArray, least: int, most: int, alpha: float, permutations: int, seed: int
) -> list[int]:
    """Splits found one after another, each clear within its own segment."""
    splits: list[int] = []
    open_segments = [(0, values.size)]
    while open_segments and len(splits) < most:
        best: tuple[float, int, tuple[int, int]] | None = None
        for segment in list(open_segments):
            part = values[segment[0] : segment[1]]
            split = likely_split(part, least)
            if split is None:
                open_segments.remove(segment)
                continue
            p, _ = change_p_value(part, least, permutations, seed)
            if p >= alpha:
                open_segments.remove(segment)
            elif best is None or split.f > best[0]:
                best = (split.f, segment[0] + split.first, segment)
        if best is None:
            break
        _, at, segment = best
        splits.append(at)
        open_segments.remove(segment)
        open_segments += [(segment[0], at), (at, segment[1])]
    return sorted(splits)


def best_partitions(values: FloatArray, least: int, most: int) -> list[list[int]]:
    """The partition of least squares for 0, 1 … ``most`` changes, by dynamic programming."""
    n = values.size
    centred = values - values.mean()
    total = np.concatenate(([0.0], np.cumsum(centred)))
    squares = np.concatenate(([0.0], np.cumsum(centred**2)))

    def cost(starts: IntArray, end: int) -> FloatArray:
        length = end - starts
        return np.asarray(
            squares[end] - squares[starts] - (total[end] - total[starts]) ** 2 / length
        )

    ends = np.arange(n + 1)
    first = np.full(n + 1, np.inf)
    first[least:] = squares[least:] - total[least:] ** 2 / ends[least:]
    costs, back = [first], []
    for changes in range(1, most + 1):
        if (changes + 1) * least > n:
            break
        row, origin = np.full(n + 1, np.inf), np.zeros(n + 1, dtype=np.int64)
        for end in range((changes + 1) * least, n + 1):
            starts = np.arange(changes * least, end - least + 1)
            candidates = costs[-1][starts] + cost(starts, end)
            at = int(np.argmin(candidates))
            row[end], origin[end] = candidates[at], starts[at]
        costs.append(row)
        back.append(origin)
    partitions: list[list[int]] = [[]]
    for changes in range(1, len(costs)):
        splits, end = [], n
        for level in range(changes - 1, -1, -1):
            end = int(back[level][end])
            splits.append(end)
        partitions.append(sorted(splits))
    return partitions


def residual_sum(values: FloatArray, splits: list[int]) -> float:
    """Sum of squares around the means of the segments."""
    return math.fsum(float(((part - part.mean()) ** 2).sum()) for part in np.split(values, splits))


def bic(values: FloatArray, splits: list[int]) -> float:
    """Bayesian information criterion with a mean and a place a change, as strucchange."""
    n = values.size
    rss = residual_sum(values, splits)
    if rss <= 0:
        return -math.inf
    return n * (math.log(rss / n) + 1 + math.log(2 * math.pi)) + math.log(n) * (2 * len(splits) + 2)


def place_quantile(confidence: float) -> float:
    """Quantile of the place of a maximum of a two-sided Wiener process with drift (Bai)."""

    def miss(x: float) -> float:
        root = math.sqrt(x)
        # exp(x) times a tail that is as small: together, so that neither overflows
        product = math.exp(x + float(special.log_ndtr(-1.5 * root)))
        cdf = (
            1
            + math.sqrt(x / (2 * math.pi)) * math.exp(-x / 8)
            + 1.5 * product
            - (x + 5) / 2 * float(special.ndtr(-root / 2))
        )
        return cdf - (1 + confidence) / 2

    return float(optimize.brentq(miss, 1e-9, 500.0))


def place_interval(
    first: int, shift: float, sigma: float, confidence: float, low: int, high: int
) -> tuple[int, int]:
    """Interval of the last value before a change, as strucchange's confint."""
    if sigma == 0:
        return first, first
    width = place_quantile(confidence) * (sigma / shift) ** 2
    return max(first - math.floor(width) - 1, low), min(first + math.floor(width) + 1, high)
