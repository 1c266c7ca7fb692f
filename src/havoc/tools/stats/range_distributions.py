"""Distributions of the largest of several t statistics: Tukey's range and Dunnett's.

Both are integrals over the common centre and over the pooled standard
deviation, done by Gauss-Legendre quadrature, so that the same call gives the
same digits every time (the usual library route for Dunnett is randomised).

Sources: J. W. Tukey (1953); C. W. Dunnett (1955), J. Am. Stat. Assoc. 50, 1096;
M. D. Copenhaver and B. Holland (1988), J. Stat. Comput. Simul. 30, 1.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import optimize, special

from havoc.tools.parameters import FloatArray

_NODES = 96
# Beyond this many degrees of freedom the standard deviation counts as known.
_KNOWN_SIGMA = 25_000.0


def studentized_range_sf(q: float, groups: int, df: float) -> float:
    """P(range / s > q) of ``groups`` means with ``df`` degrees of freedom."""
    if q <= 0:
        return 1.0
    return _over_sigma(lambda scale: _range_sf(q * scale, groups), df)


def studentized_range_quantile(probability: float, groups: int, df: float) -> float:
    """The q that is exceeded with 1 - ``probability``."""
    return _quantile(lambda q: studentized_range_sf(q, groups, df), probability)


def dunnett_sf(
    t: float, sizes: Sequence[int], control_size: int, df: float, alternative: str = "two_sided"
) -> float:
    """P(largest of the t statistics against one control exceeds t).

    ``sizes`` are those of the treated groups. One-sided: the largest in the
    direction of the alternative.
    """
    two_sided = alternative == "two_sided"
    if two_sided and t <= 0:
        return 1.0
    share = np.asarray(sizes, dtype=np.float64)
    loading = np.sqrt(share / (share + control_size))
    return _over_sigma(lambda scale: _dunnett_known_sf(t * scale, loading, two_sided), df)


def dunnett_quantile(
    probability: float,
    sizes: Sequence[int],
    control_size: int,
    df: float,
    alternative: str = "two_sided",
) -> float:
    """The t that the largest statistic exceeds with 1 - ``probability``."""
    return _quantile(lambda t: dunnett_sf(t, sizes, control_size, df, alternative), probability)


def _over_sigma(known: Callable[[FloatArray], FloatArray], df: float) -> float:
    """Average ``known(s / sigma)`` over the distribution of s with ``df``."""
    if df > _KNOWN_SIGMA:
        return float(np.clip(known(np.ones(1))[0], 0.0, 1.0))
    # s / sigma = sqrt(chi2 / df): integrate between far quantiles of it.
    low = math.sqrt(float(special.chdtri(df, 1 - 1e-15)) / df)
    high = math.sqrt(float(special.chdtri(df, 1e-15)) / df)
    scale, weight = _legendre(low, high)
    log_density = (
        math.log(2)
        + df / 2 * math.log(df / 2)
        - float(special.gammaln(df / 2))
        + (df - 1) * np.log(scale)
        - df * scale**2 / 2
    )
    return float(np.clip(np.sum(weight * np.exp(log_density) * known(scale)), 0.0, 1.0))


def _range_sf(width: FloatArray, groups: int) -> FloatArray:
    """P(range of ``groups`` standard normals > width), for every width."""
    z, weight = _legendre(-8.5, 8.5)
    # The largest value at z: the others within [z - width, z].
    inside = special.ndtr(z)[None, :] - special.ndtr(z[None, :] - width[:, None])
    below = special.ndtr(z)[None, :]
    density = _normal_density(z)[None, :]
    # k phi(z) (Phi(z)^(k-1) - inside^(k-1)) integrates to 1 - P(range <= width),
    # so small tail probabilities do not come out of 1 - (something near 1).
    difference = below ** (groups - 1) - inside ** (groups - 1)
    return np.asarray(groups * np.sum(weight * density * difference, axis=1))


def _dunnett_known_sf(t: FloatArray, loading: FloatArray, two_sided: bool) -> FloatArray:
    z, weight = _legendre(-8.5, 8.5)
    density = _normal_density(z)
    noise = np.sqrt(1 - loading**2)
    log_inside = np.zeros((t.size, z.size))
    for b, c in zip(loading, noise, strict=True):
        upper = special.log_ndtr((t[:, None] - b * z[None, :]) / c)
        if two_sided:
            lower = special.log_ndtr((-t[:, None] - b * z[None, :]) / c)
            with np.errstate(divide="ignore"):
                upper = upper + np.log1p(-np.exp(np.minimum(lower - upper, 0.0)))
        log_inside += upper
    return np.asarray(np.sum(weight * density * -np.expm1(log_inside), axis=1))


def _quantile(tail: Callable[[float], float], probability: float) -> float:
    target = 1 - probability
    low, high = -10.0, 10.0
    while tail(high) > target:
        high *= 2
    return float(optimize.brentq(lambda value: tail(value) - target, low, high, xtol=1e-10))


def _normal_density(z: FloatArray) -> FloatArray:
    return np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)


@functools.cache
def _standard_nodes() -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return nodes, weights


def _legendre(low: float, high: float) -> tuple[FloatArray, FloatArray]:
    nodes, weights = _standard_nodes()
    half = (high - low) / 2
    return half * nodes + (high + low) / 2, half * weights
