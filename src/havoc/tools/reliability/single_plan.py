"""What a single sampling plan does: accept the lot if the sample has at most c defectives.

Sources: D. C. Montgomery, Introduction to Statistical Quality Control, 7th edition,
15.2 (OC curve, rectifying inspection); NIST/SEMATECH e-Handbook 6.2.3.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
from scipy import optimize, stats

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray

Law = Literal["binomial", "hypergeometric", "poisson"]
_MOST_ACCEPTED = 2_000
_LARGEST_SAMPLE = 10_000_000


def acceptance(
    p: FloatArray | float, n: int, c: int, law: Law = "binomial", lot_size: int | None = None
) -> FloatArray:
    """Probability of acceptance at each fraction defective."""
    share = np.atleast_1d(np.asarray(p, dtype=np.float64))
    if law == "hypergeometric":
        assert lot_size is not None
        bad = np.rint(share * lot_size).astype(np.int64)
        values = stats.hypergeom.cdf(c, lot_size, bad, n)
    elif law == "poisson":
        values = stats.poisson.cdf(c, n * share)
    else:
        values = stats.binom.cdf(c, n, share)
    return np.clip(np.asarray(values, dtype=np.float64), 0.0, 1.0)


def smallest_sample(
    c: int,
    p: float,
    most: float,
    law: Law = "binomial",
    lot_size: int | None = None,
    above: int = 0,
) -> int | None:
    """Smallest n whose probability of acceptance at ``p`` is at most ``most``; None if none.

    ``above`` is a size known to be too small.
    """
    largest = lot_size if law == "hypergeometric" and lot_size is not None else _LARGEST_SAMPLE

    def passes(n: int) -> bool:
        return float(acceptance(p, n, c, law, lot_size)[0]) <= most

    low = max(c, above)
    high = low + 1
    while high < largest and not passes(high):
        low, high = high, min(high + 2 * (high - max(c, above)), largest)
    if high >= largest and not passes(largest):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if passes(middle) else (middle, high)
    return high


def find_plan(
    aql: float,
    ltpd: float,
    alpha: float,
    beta: float,
    law: Law = "binomial",
    lot_size: int | None = None,
) -> tuple[int, int]:
    """Smallest n and c with acceptance >= 1 - alpha at ``aql`` and <= beta at ``ltpd``."""
    too_small = 0
    for c in range(_MOST_ACCEPTED):
        n = smallest_sample(c, ltpd, beta, law, lot_size, above=too_small)
        if n is None:
            break
        too_small = n
        if float(acceptance(aql, n, c, law, lot_size)[0]) >= 1 - alpha:
            return n, c
    raise InputError(
        f"no plan up to c = {_MOST_ACCEPTED} tells {100 * aql:g} % from {100 * ltpd:g} % defective",
        where="aql, ltpd",
        remedy="move the two apart, or allow larger risks",
    )


def quality_at(
    probability: float, n: int, c: int, law: Law = "binomial", lot_size: int | None = None
) -> float | None:
    """Fraction defective whose probability of acceptance is ``probability``."""
    if law == "hypergeometric":
        return None
    upper = 1.0 if law == "binomial" else (c + 40.0 + 10 * math.sqrt(c + 1)) / n

    def gap(p: float) -> float:
        return float(acceptance(p, n, c, law, lot_size)[0]) - probability

    if c >= n or gap(upper) > 0:
        return None
    return float(optimize.brentq(gap, 0.0, upper, xtol=1e-14))


def outgoing(
    p: FloatArray, n: int, c: int, law: Law, lot_size: int
) -> tuple[FloatArray, FloatArray]:
    """AOQ and ATI with rejected lots screened and defectives replaced."""
    pa = acceptance(p, n, c, law, lot_size)
    return pa * p * (lot_size - n) / lot_size, n + (1 - pa) * (lot_size - n)


def outgoing_limit(n: int, c: int, law: Law, lot_size: int) -> tuple[float, float]:
    """AOQL, the worst average outgoing quality, and the incoming quality where it occurs."""

    def quality(p: FloatArray) -> FloatArray:
        return outgoing(p, n, c, law, lot_size)[0]

    return _maximum(quality, n, c, law, lot_size)


def _maximum(
    quality: Callable[[FloatArray], FloatArray], n: int, c: int, law: Law, lot_size: int
) -> tuple[float, float]:
    if law == "hypergeometric":
        bad = np.unique(np.rint(np.linspace(0, lot_size, min(lot_size, 200_000) + 1)))
        grid = bad / lot_size
    else:
        top = min(1.0, (c + 1 + 12 * math.sqrt(c + 1)) / n)
        grid = np.linspace(0.0, top, 2001)
    values = quality(grid)
    best = int(np.argmax(values))
    if law == "hypergeometric" or best in (0, len(grid) - 1):
        return float(values[best]), float(grid[best])
    found = optimize.minimize_scalar(
        lambda p: -float(quality(np.array([p]))[0]),
        bounds=(float(grid[best - 1]), float(grid[best + 1])),
        method="bounded",
        options={"xatol": 1e-12},
    )
    return float(-found.fun), float(found.x)
