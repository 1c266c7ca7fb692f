"""Run lengths of MEWMA and T² charts with known mean vector and covariance.

The run length of a MEWMA chart solves an integral equation over the states inside its
limit: one radius in control (S. E. Rigdon 1995, J. Stat. Comput. Simul. 52, 351), after a
shift the part along the shift and the radius across it (G. C. Runger and S. S. Prabhu 1996,
J. Amer. Statist. Assoc. 91, 1701). Both are solved by Gauss-Legendre quadrature (S. Knoth
2017, J. Quality Technology 49, 78). Zero state; the covariance is that of the steady state.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from scipy import linalg, optimize, special

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.spc.run_length_chains import LONGEST, NEVER, RunLength

MOST_DIMENSIONS = 100
_ALONG, _ACROSS = 30, 18


def t2(distance: float, p: int, limit: float) -> float:
    """Probability that one point of a T² chart signals at a shift of this distance."""
    if distance == 0:
        return float(special.chdtrc(p, limit))
    return float(1 - special.chndtr(limit, p, distance**2))


def mewma(distance: float, p: int, weight: float, limit: float) -> RunLength:
    """Mean and standard deviation of the run length at a shift of this Mahalanobis distance."""
    radius = math.sqrt(limit * weight / (2 - weight))
    if distance == 0:
        kernel, first = _in_control(p, weight, radius)
    else:
        kernel, first = _shifted(distance, p, weight, radius)
    system = np.eye(kernel.shape[0]) - kernel
    factors = linalg.lu_factor(system, check_finite=False)
    mean = linalg.lu_solve(factors, np.ones(kernel.shape[0]), check_finite=False)
    value = 1 + float(first @ mean)
    if not 0 < value < LONGEST:
        return NEVER
    # E N(N+1) / 2 solves the same equation with the mean on the right-hand side.
    double = linalg.lu_solve(factors, mean, check_finite=False)
    half = value + float(first @ double)
    return max(value, 1.0), math.sqrt(max(2 * half - value - value**2, 0.0))


@lru_cache(maxsize=64)
def mewma_limit(p: int, weight: float, arl0: float) -> float:
    """The limit h whose run length in control is ``arl0``."""
    if p > MOST_DIMENSIONS:
        raise InputError(
            f"the limit for {p} characteristics is not computed, at most {MOST_DIMENSIONS}",
            where="columns",
            remedy="give h",
        )
    # A T² chart of the same limit signals sooner: its limit is above, and bounds the search.
    high = float(special.chdtri(p, 1 / arl0))

    def miss(limit: float) -> float:
        return math.log(min(mewma(0.0, p, weight, limit)[0], 1e300)) - math.log(arl0)

    if weight == 1:
        return high
    low = high
    while miss(low) > 0:
        low *= 0.6
    return float(optimize.brentq(miss, low, high * (1 + 1e-9), xtol=1e-9))


def _in_control(p: int, weight: float, radius: float) -> tuple[FloatArray, FloatArray]:
    count = int(min(max(30, 6 * radius / weight), 400))
    nodes, weights = np.polynomial.legendre.leggauss(count)
    at, share = radius * (nodes + 1) / 2, radius * weights / 2
    kernel = _radial(at[None, :], (1 - weight) * at[:, None], weight, p) * share
    return kernel, _radial(at, np.zeros(1), weight, p) * share


def _shifted(
    distance: float, p: int, weight: float, radius: float
) -> tuple[FloatArray, FloatArray]:
    """States (along, across) inside the sphere; along the shift a normal step, across a radius."""
    along = int(min(max(_ALONG, 3.4 * radius / weight), 80))
    across = int(min(max(_ACROSS, 2 * radius / weight), 40))
    angle, angle_weight = np.polynomial.legendre.leggauss(along)
    angle, angle_weight = angle * math.pi / 2, angle_weight * math.pi / 2
    z = radius * np.sin(angle)
    z_weight = radius * np.cos(angle) * angle_weight
    part, part_weight = np.polynomial.legendre.leggauss(across)
    part, part_weight = (part + 1) / 2, part_weight / 2
    edge = np.sqrt(radius**2 - z**2)
    u = (edge[:, None] * part).ravel()
    u_weight = (edge[:, None] * part_weight).ravel()
    z_all = np.repeat(z, across)
    share = np.repeat(z_weight, across) * u_weight

    def normal(origin: FloatArray) -> FloatArray:
        score = (z_all[None, :] - (1 - weight) * origin[:, None]) / weight - distance
        return np.asarray(np.exp(-0.5 * score**2) / (math.sqrt(2 * math.pi) * weight))

    kernel = normal(z_all) * _radial(u[None, :], (1 - weight) * u[:, None], weight, p - 1) * share
    first = normal(np.zeros(1))[0] * _radial(u, np.zeros(1), weight, p - 1) * share
    return kernel, first


def _radial(at: FloatArray, origin: FloatArray, weight: float, p: int) -> FloatArray:
    """Density of the length of a vector of ``p`` normal parts around one of length origin."""
    variance = weight**2
    order = p / 2 - 1
    if not np.any(origin):
        logs = (p - 1) * np.log(at) - at**2 / (2 * variance)
        logs = logs - p * math.log(weight) - order * math.log(2) - special.gammaln(p / 2)
        shape = np.broadcast_shapes(at.shape, origin.shape)
        return np.asarray(np.broadcast_to(np.exp(logs), shape), dtype=np.float64)
    bessel = special.ive(order, origin * at / variance)
    with np.errstate(divide="ignore"):
        logs = np.log(at / variance) + order * np.log(at / origin) + np.log(bessel)
    return np.asarray(np.exp(logs - (at - origin) ** 2 / (2 * variance)), dtype=np.float64)
