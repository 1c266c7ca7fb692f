"""Beta posteriors of proportions and of their difference, by quadrature.

An expectation over a beta distribution is an integral of quantiles over (0, 1), in panels
graded towards both ends, where the quantiles of small shapes have their singularities.

Sources: A. Gelman et al. (2013), Bayesian Data Analysis, 2.4 and 3.
"""

from __future__ import annotations

import functools
import math

import msgspec
import numpy as np
from scipy import optimize, special

from havoc.tools.parameters import FloatArray
from havoc.tools.stats.highest_density import Bounds, shortest

_NODES = 8


class Beta(msgspec.Struct, frozen=True, kw_only=True):
    """A beta distribution."""

    a: float
    b: float

    @property
    def mean(self) -> float:
        return self.a / (self.a + self.b)

    @property
    def variance(self) -> float:
        total = self.a + self.b
        return self.a * self.b / (total * total * (total + 1))

    def at_most(self, value: FloatArray) -> FloatArray:
        return np.asarray(special.betainc(self.a, self.b, np.clip(value, 0.0, 1.0)))

    def quantile(self, level: float) -> float:
        return float(special.betaincinv(self.a, self.b, level))

    def density(self, value: FloatArray) -> FloatArray:
        return np.asarray(
            np.exp(
                special.xlogy(self.a - 1, value)
                + special.xlog1py(self.b - 1, -value)
                - special.betaln(self.a, self.b)
            )
        )

    def shortest(self, level: float) -> Bounds:
        """Interval of highest density; at an end of the range where the density has no peak."""
        if self.a <= 1 < self.b:
            return 0.0, self.quantile(level)
        if self.b <= 1 < self.a:
            return self.quantile(1 - level), 1.0
        if self.a <= 1 and self.b <= 1:
            return self.quantile((1 - level) / 2), self.quantile((1 + level) / 2)
        return shortest(self.quantile, lambda value: float(self.density(np.asarray(value))), level)


class DifferenceOfProportions:
    """Posterior of first minus second, independent of each other."""

    def __init__(self, first: Beta, second: Beta) -> None:
        self.first, self.second = first, second

    @property
    def mean(self) -> float:
        return self.first.mean - self.second.mean

    @property
    def sd(self) -> float:
        return math.sqrt(self.first.variance + self.second.variance)

    def at_most(self, value: float) -> float:
        """P(first - second <= value), the second integrated over its quantiles.

        Below zero the first cannot reach where value + second is negative: the integral
        starts where the second equals -value, so that its bend falls on an edge.
        """
        if value <= -1:
            return 0.0
        if value >= 1:
            return 1.0
        start = float(self.second.at_most(np.asarray(-value))) if value < 0 else 0.0
        end = float(self.second.at_most(np.asarray(1 - value))) if value > 0 else 1.0
        beyond = 1 - end
        if end <= start:
            return beyond
        level, rest, weight = _levels(start, end)
        second = np.where(
            level < 0.5,
            special.betaincinv(self.second.a, self.second.b, level),
            special.betainccinv(self.second.a, self.second.b, rest),
        )
        return float(weight @ self.first.at_most(value + second)) + beyond

    def quantile(self, level: float) -> float:
        low, high = max(self.mean - 9 * self.sd, -1.0), min(self.mean + 9 * self.sd, 1.0)
        if not self.at_most(low) < level < self.at_most(high):
            low, high = -1.0, 1.0
        return float(
            optimize.brentq(
                lambda value: self.at_most(value) - level, low, high, xtol=1e-9 * (high - low)
            )
        )

    def interval(self, level: float) -> Bounds:
        return self.quantile((1 - level) / 2), self.quantile((1 + level) / 2)

    def shortest(self, level: float) -> Bounds:
        """Interval of highest density."""
        return shortest(
            self.quantile, lambda value: float(self.density(np.asarray([value]))[0]), level
        )

    def density(self, values: FloatArray) -> FloatArray:
        """By differences of the distribution function."""
        step = 3e-4 * self.sd
        return np.asarray(
            [(self.at_most(v + step) - self.at_most(v - step)) / (2 * step) for v in values]
        )


@functools.cache
def _graded() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Nodes on (0, 1) with their distance to 1, and weights."""
    steps = 2.0 ** -np.arange(1.0, 36.0)
    edges = np.concatenate([[0.0], steps[::-1]])
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    half = np.diff(edges) / 2
    left = ((edges[:-1] + edges[1:])[:, None] / 2 + half[:, None] * nodes).ravel()
    weight = (half[:, None] * weights).ravel()
    return (
        np.concatenate([left, (1 - left)[::-1]]),
        np.concatenate([1 - left, left[::-1]]),
        np.concatenate([weight, weight[::-1]]),
    )


def _levels(start: float, end: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Nodes between two levels, their distance to 1 without cancellation, and weights."""
    node, rest, weight = _graded()
    width = end - start
    return start + width * node, (1 - end) + width * rest, width * weight
