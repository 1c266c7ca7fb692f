"""Run lengths once more, by integral equations and closed formulas, for the audit."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from havoc.tools.parameters import FloatArray
from havoc.tools.result import Recomputed
from havoc.tools.spc import run_length_chains as chains
from havoc.tools.spc.arl_result import AverageRunLength


def verify(result: AverageRunLength, **_: object) -> list[Recomputed]:
    """EWMA and CUSUM by integral equations, limits alone by the complementary error function."""
    moved = result.shift * math.sqrt(result.subgroup_size)
    if result.kind == "ewma" and result.weight is not None and result.limits is not None:
        route, rtol = "integral equation of Crowder, Gauss-Legendre quadrature", 2e-4
        value = _ewma_integral(moved, result.weight, result.limits)
    elif result.kind == "cusum" and result.k is not None and result.h is not None:
        route, rtol = "integral equation of Page, Gauss-Legendre quadrature", 2e-4
        up = _cusum_integral(moved, result.k, result.h)
        down = _cusum_integral(-moved, result.k, result.h)
        value = up if result.sides == "upper" else 1 / (1 / up + 1 / down)
    elif result.kind in ("xbar", "i_mr") and not result.rules and result.limits is not None:
        route, rtol = "complementary error function", 1e-6
        root = math.sqrt(2)
        p = math.erfc((result.limits - moved) / root) / 2
        if result.sides == "two_sided":
            p += math.erfc((result.limits + moved) / root) / 2
        value = 1 / p
    elif result.kind == "t2" and result.h is not None and result.characteristics is not None:
        route, rtol = "Poisson mixture of chi-square tails", 1e-6
        value = 1 / _noncentral_tail(result.h, result.characteristics, moved**2)
    elif result.kind in ("c", "u", "p", "np") and result.shifted_mean is not None:
        route, rtol = "sum of the probabilities between the limits", 1e-6
        value = 1 / (1 - _between(result, result.shifted_mean))
    else:
        return []
    return [Recomputed(name="arl", value=result.arl, recomputed=value, route=route, rtol=rtol)]


def _noncentral_tail(limit: float, p: int, noncentrality: float) -> float:
    half = noncentrality / 2
    last = int(half + 12 * math.sqrt(half) + 60)
    weights = [
        math.exp(j * math.log(half) - half - math.lgamma(j + 1)) if half else float(j == 0)
        for j in range(last)
    ]
    tails = special.chdtrc(p + 2 * np.arange(last), limit)
    return math.fsum(w * float(t) for w, t in zip(weights, tails, strict=True))


def _between(result: AverageRunLength, mean: float) -> float:
    """Probability of a count on or between the limits, term by term."""
    assert result.lcl is not None and result.ucl is not None
    n, counted = result.subgroup_size, 1 if result.kind in ("np", "c") else result.subgroup_size
    first = math.ceil(result.lcl * counted - 1e-9)
    last = math.floor(result.ucl * counted + 1e-9)
    x = np.arange(max(first, 0), last + 1, dtype=np.float64)
    if result.kind in ("p", "np"):
        x = x[x <= n]
        logs = special.gammaln(n + 1) - special.gammaln(x + 1) - special.gammaln(n - x + 1)
        logs = logs + special.xlogy(x, mean) + special.xlog1py(n - x, -mean)
    else:
        expected = mean * (1 if result.kind == "c" else n)
        logs = special.xlogy(x, expected) - expected - special.gammaln(x + 1)
    return math.fsum(np.exp(logs).tolist())


def _ewma_integral(shift: float, weight: float, limit: float) -> float:
    edge = limit * math.sqrt(weight / (2 - weight))
    nodes, weights = _quadrature(-edge, edge, weight)
    origin = np.concatenate([[0.0], nodes])
    scores = (nodes[None, :] - (1 - weight) * origin[:, None]) / weight - shift
    kernel = _density(scores) * weights[None, :] / weight
    inner = np.linalg.solve(np.eye(nodes.size) - kernel[1:], np.ones(nodes.size))
    return 1 + float(kernel[0] @ inner)


def _cusum_integral(shift: float, k: float, h: float) -> float:
    """The run length from zero stands for itself; the others are at the nodes."""
    nodes, weights = _quadrature(0.0, h, 1.0)
    origin = np.concatenate([[0.0], nodes])
    kernel = np.empty((origin.size, origin.size))
    kernel[:, 0] = special.ndtr(k - shift - origin)
    kernel[:, 1:] = _density(nodes[None, :] + k - shift - origin[:, None]) * weights
    try:
        lengths = np.linalg.solve(np.eye(origin.size) - kernel, np.ones(origin.size))
    except np.linalg.LinAlgError:
        # so far from the limit that no point moves towards it
        return math.inf
    value = float(lengths[0])
    return value if 0 < value < chains.LONGEST else math.inf


def _quadrature(low: float, high: float, width: float) -> tuple[FloatArray, FloatArray]:
    count = int(min(max(40, 12 * (high - low) / width), 600))
    nodes, weights = np.polynomial.legendre.leggauss(count)
    half = (high - low) / 2
    return low + half * (nodes + 1), half * weights


def _density(z: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi), dtype=np.float64)
