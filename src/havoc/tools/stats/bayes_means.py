"""Posterior distributions of means and of a standardised effect, by numerical integration.

Sources: A. Gelman et al. (2013), Bayesian Data Analysis, 3.2 and 3.3 (reference and
normal-inverse-chi-square priors); G. E. P. Box and G. C. Tiao (1973), 2.5 (Behrens-Fisher
posterior); J. N. Rouder et al. (2009), Psychonomic Bulletin and Review 16, 225 (JZS).
"""

from __future__ import annotations

import functools
import math

import msgspec
import numpy as np
from scipy import optimize, special

from havoc.tools.parameters import FloatArray
from havoc.tools.stats.highest_density import Bounds, shortest

_PANELS = 24
_NODES = 12


class ScaledT(msgspec.Struct, frozen=True, kw_only=True):
    """A posterior: Student's t with ``df``, moved to ``center`` and stretched by ``scale``."""

    center: float
    scale: float
    df: float

    def at_most(self, value: FloatArray) -> FloatArray:
        return np.asarray(special.stdtr(self.df, (value - self.center) / self.scale))


class Prior(msgspec.Struct, frozen=True, kw_only=True):
    """Normal-inverse-chi-square prior of one mean; all sizes zero: the reference prior."""

    mean: float = 0.0
    n: float = 0.0
    sd: float = 0.0
    df: float = 0.0


def posterior_mean(n: int, mean: float, sd: float, prior: Prior) -> ScaledT:
    """Marginal posterior of a mean (Gelman et al. 3.3)."""
    size = prior.n + n
    # With the reference prior the degrees of freedom are n - 1.
    df = prior.df + n if prior.df > 0 else n - 1.0
    squares = (
        prior.df * prior.sd**2 + (n - 1) * sd**2 + prior.n * n / size * (mean - prior.mean) ** 2
    )
    return ScaledT(
        center=(prior.n * prior.mean + n * mean) / size,
        scale=math.sqrt(squares / df / size),
        df=df,
    )


class Difference:
    """Posterior of first minus second, independent of each other; symmetric about ``center``."""

    def __init__(self, first: ScaledT, second: ScaledT | None) -> None:
        self.first, self.second = first, second
        self.center = first.center - (second.center if second else 0.0)

    def at_most(self, value: float) -> float:
        """P(difference <= value)."""
        if self.second is None:
            return float(self.first.at_most(np.asarray(value)))
        z, weight = _t_nodes(self.second.df)
        return float(
            weight @ self.first.at_most(value + self.second.center + self.second.scale * z)
        )

    def interval(self, level: float) -> Bounds:
        """Equal tails, which by symmetry is the interval of highest density too."""
        if self.second is None:
            margin = float(special.stdtrit(self.first.df, (1 + level) / 2)) * self.first.scale
            return self.center - margin, self.center + margin
        step = self.first.scale + self.second.scale
        high = step
        while self.at_most(self.center + high) < (1 + level) / 2:
            high *= 2
        margin = optimize.brentq(
            lambda distance: self.at_most(self.center + distance) - (1 + level) / 2,
            0.0,
            high,
            xtol=1e-12 * step,
        )
        return self.center - float(margin), self.center + float(margin)

    def density(self, values: FloatArray) -> FloatArray:
        """By differences of the distribution function, for a chart."""
        step = 1e-3 * (self.first.scale + (self.second.scale if self.second else 0.0))
        return np.asarray(
            [(self.at_most(v + step) - self.at_most(v - step)) / (2 * step) for v in values]
        )


@functools.lru_cache(maxsize=32)
def _t_nodes(df: float) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of an integral over Student's t: panels graded into both tails."""
    edges = np.concatenate([[0.0], np.geomspace(1e-2, 1e12 if df < 3 else 1e6, 3 * _PANELS)])
    z, weight = _panels(edges)
    density = np.exp(
        special.gammaln((df + 1) / 2)
        - special.gammaln(df / 2)
        - 0.5 * math.log(df * math.pi)
        - (df + 1) / 2 * np.log1p(z * z / df)
    )
    half = weight * density
    both = np.concatenate([half[::-1], half])
    return np.concatenate([-z[::-1], z]), both / both.sum()


def _panels(edges: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Gauss-Legendre nodes and weights on every panel between the edges."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    half = np.diff(edges) / 2
    middle = (edges[:-1] + edges[1:]) / 2
    return (
        (middle[:, None] + half[:, None] * nodes[None, :]).ravel(),
        (half[:, None] * weights[None, :]).ravel(),
    )


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """Posterior of the standardised effect under the JZS prior, and its Bayes factor."""

    log_bayes_factor: float
    median: float
    highest_density: Bounds
    equal_tailed: Bounds
    probability_above: float


def jzs_effect(t: float, df: float, size: float, scale: float, level: float) -> Effect:
    """Cauchy(0, ``scale``) on the effect; ``size`` is n, or n1 n2 / (n1 + n2).

    The likelihood of t given an effect d is noncentral t with noncentrality
    d sqrt(size); times the Cauchy density and over the central t it integrates to the
    Bayes factor, and normalised it is the posterior of d.
    """
    root = math.sqrt(size)
    peak = t / root
    # The likelihood has about the width of a standard error around the observed effect.
    width = math.sqrt(1 / size + peak**2 / (2 * df))
    reach = np.concatenate([np.linspace(0.0, 8.0, 97), np.geomspace(8.2, 60.0, 12)])
    around = np.concatenate([peak - width * reach[::-1], peak + width * reach[1:]])
    prior_edges = scale * np.geomspace(1e-3, 1e3, 30)
    edges = np.unique(
        np.concatenate([around, -prior_edges, prior_edges, [0.0]]).clip(
            peak - 60 * width, peak + 60 * width
        )
    )
    posterior = _EffectPosterior(t, df, root, scale, edges)
    tail = (1 - level) / 2
    log_factor = posterior.log_whole
    return Effect(
        log_bayes_factor=log_factor,
        median=posterior.quantile(0.5),
        highest_density=shortest(posterior.quantile, posterior.density, level),
        equal_tailed=(posterior.quantile(tail), posterior.quantile(1 - tail)),
        probability_above=1 - posterior.at_most(0.0),
    )


class _EffectPosterior:
    """Likelihood times prior of the effect, integrated over panels between ``edges``."""

    def __init__(self, t: float, df: float, root: float, scale: float, edges: FloatArray) -> None:
        self.t, self.df, self.root, self.scale, self.edges = t, df, root, scale, edges
        nodes, weight = _panels(edges)
        total = self._log_product(nodes)
        top = float(total.max())
        mass = (weight * np.exp(total - top)).reshape(-1, _NODES).sum(axis=1)
        self.log_whole = top + math.log(float(mass.sum()))
        self.cumulative = np.concatenate([[0.0], np.cumsum(mass)]) / float(mass.sum())

    def _log_product(self, effect: FloatArray) -> FloatArray:
        log_prior = -np.log(math.pi * self.scale * (1 + (effect / self.scale) ** 2))
        return np.asarray(_log_noncentral_ratio(self.t, self.df, effect * self.root) + log_prior)

    def density(self, effect: float) -> float:
        return math.exp(float(self._log_product(np.asarray([effect]))[0]) - self.log_whole)

    def at_most(self, effect: float) -> float:
        """Whole panels below, and what lies below in the panel of ``effect``."""
        place = int(np.searchsorted(self.edges, effect))
        if place == 0:
            return 0.0
        if place == self.edges.size:
            return 1.0
        nodes, weight = _panels(np.asarray([self.edges[place - 1], effect]))
        part = float(weight @ np.exp(self._log_product(nodes) - self.log_whole))
        return float(self.cumulative[place - 1]) + part

    def quantile(self, level: float) -> float:
        place = int(np.searchsorted(self.cumulative, level))
        low = float(self.edges[max(place - 1, 0)])
        high = float(self.edges[min(place, self.edges.size - 1)])
        if self.at_most(low) >= level or low == high:
            return low
        if self.at_most(high) <= level:
            return high
        return float(optimize.brentq(lambda value: self.at_most(value) - level, low, high))


def _log_noncentral_ratio(t: float, df: float, noncentrality: FloatArray) -> FloatArray:
    """Log density of noncentral t over that of central t, at t.

    With w = t / sqrt(t^2 + df) and x the root of a chi-square with df + 1, the ratio is
    exp(-(1 - w^2) d^2 / 2) times the mean of exp(w d x - w^2 d^2 / 2).
    """
    w = t / math.sqrt(t * t + df)
    shift = w * noncentrality
    # x^df exp(-(x - shift)^2 / 2) has its peak at this x, and a width below one.
    peak = (shift + np.sqrt(shift**2 + 4 * df)) / 2
    z, weight = _panels(np.linspace(-9.0, 9.0, 13))
    x = peak[:, None] + z[None, :]
    inside = x > 0
    safe = np.where(inside, x, 1.0)
    exponent = df * np.log(safe) - (safe - shift[:, None]) ** 2 / 2
    top = df * np.log(peak) - (peak - shift) ** 2 / 2
    integral = np.where(inside, np.exp(exponent - top[:, None]), 0.0) @ weight
    central = special.gammaln((df + 1) / 2) + (df - 1) / 2 * math.log(2)
    return np.asarray(top + np.log(integral) - central - (1 - w * w) * noncentrality**2 / 2)
