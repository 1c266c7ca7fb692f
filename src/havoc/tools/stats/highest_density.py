"""The shortest interval that holds a given probability, of a distribution with one peak."""

from __future__ import annotations

from collections.abc import Callable

from scipy import optimize

Bounds = tuple[float, float]
_LEAST_TAIL = 1e-9


def shortest(
    quantile: Callable[[float], float], density: Callable[[float], float], level: float
) -> Bounds:
    """At both ends of the shortest interval the density is the same."""

    def excess(tail: float) -> float:
        return density(quantile(tail)) - density(quantile(tail + level))

    low, high = _LEAST_TAIL, 1 - level - _LEAST_TAIL
    if excess(low) >= 0:
        tail = low
    elif excess(high) <= 0:
        tail = high
    else:
        tail = float(optimize.brentq(excess, low, high, xtol=1e-7))
    return quantile(tail), quantile(tail + level)
