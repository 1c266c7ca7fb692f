"""Binomial tails and intervals that several tests share.

Two-sided exact p-values sum the outcomes that are no more likely than the
observed one, as R does.

Sources: Clopper and Pearson (1934); Wilson (1927).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated

from msgspec import Meta
from scipy import special

from havoc.errors import InputError

Trials = Annotated[int, Meta(ge=1, description="number of parts looked at")]

# Two probabilities count as equal, as in R, if they agree to this.
SAME_PROBABILITY = 1 + 1e-7


def normal_p_value(z: float, alternative: str) -> float:
    """P-value of a standard normal statistic."""
    if alternative == "less":
        return float(special.ndtr(z))
    if alternative == "greater":
        return float(special.ndtr(-z))
    return float(2 * special.ndtr(-abs(z)))


def binomial_p_value(successes: int, trials: int, p0: float, alternative: str) -> float:
    """Exact p-value of ``successes`` in ``trials`` under probability ``p0``."""
    if alternative == "less":
        return _at_most(successes, trials, p0)
    if alternative == "greater":
        return _at_least(successes, trials, p0)
    expected = trials * p0
    if successes == expected:
        return 1.0

    def log_mass(k: int) -> float:
        return float(
            special.gammaln(trials + 1)
            - special.gammaln(k + 1)
            - special.gammaln(trials - k + 1)
            + special.xlogy(k, p0)
            + special.xlog1py(trials - k, -p0)
        )

    bound = log_mass(successes) + math.log(SAME_PROBABILITY)
    if successes < expected:
        opposite = first_true(lambda k: log_mass(k) <= bound, math.ceil(expected), trials + 1)
        return min(
            _at_most(successes, trials, p0)
            + (_at_least(opposite, trials, p0) if opposite <= trials else 0.0),
            1.0,
        )
    # Below the mode the probability rises: the last k that is still no more likely.
    above = first_true(lambda k: log_mass(k) > bound, 0, math.floor(expected) + 1)
    return min(
        _at_least(successes, trials, p0) + (_at_most(above - 1, trials, p0) if above else 0.0), 1.0
    )


def clopper_pearson(
    successes: int, trials: int, alpha: float, alternative: str = "two_sided"
) -> tuple[float, float]:
    """Exact interval, or the one-sided bound that matches the alternative."""
    tail = alpha / 2 if alternative == "two_sided" else alpha
    low, high = 0.0, 1.0
    if alternative != "less" and successes > 0:
        low = float(special.betaincinv(successes, trials - successes + 1, tail))
    if alternative != "greater" and successes < trials:
        high = float(special.betainccinv(successes + 1, trials - successes, tail))
    return low, high


def wilson(
    successes: int, trials: int, alpha: float, alternative: str = "two_sided"
) -> tuple[float, float]:
    """Score interval, or the one-sided bound that matches the alternative."""
    z = -float(special.ndtri(alpha / 2 if alternative == "two_sided" else alpha))
    share = successes / trials
    center = share + z * z / (2 * trials)
    margin = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    low = 0.0 if successes == 0 or alternative == "less" else (center - margin) / scale
    high = 1.0 if successes == trials or alternative == "greater" else (center + margin) / scale
    return max(low, 0.0), min(high, 1.0)


def _at_most(k: int, trials: int, p: float) -> float:
    if k < 0:
        return 0.0
    return 1.0 if k >= trials else float(special.bdtr(k, trials, p))


def _at_least(k: int, trials: int, p: float) -> float:
    if k <= 0:
        return 1.0
    return 0.0 if k > trials else float(special.bdtrc(k - 1, trials, p))


def first_true(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Smallest k in [low, high) from which ``holds`` is true onwards, or ``high``."""
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low


def check_counts(successes: int, trials: int, where: str) -> None:
    """Raise InputError if there are more successes than trials."""
    if successes > trials:
        raise InputError(
            f"{successes} successes of {trials} trials",
            where=where,
            remedy="successes cannot exceed trials",
        )


def cohen_h(first: float, second: float) -> float:
    """Cohen's h, the difference of two proportions on the arcsine scale."""
    return 2 * math.asin(math.sqrt(first)) - 2 * math.asin(math.sqrt(second))
