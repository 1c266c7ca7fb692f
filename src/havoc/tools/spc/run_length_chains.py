"""Run lengths of control charts as absorbing Markov chains.

Everything is in standard deviations of the plotted statistic; ``shift`` is the shift
of its mean. Each function returns mean and standard deviation of the run length
that starts in the zero state.

Sources: D. Brook and D. A. Evans (1972), Biometrika 59, 539 (CUSUM); J. M. Lucas and
M. S. Saccucci (1990), Technometrics 32, 1 (EWMA).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

import numpy as np
from scipy import linalg, special

from havoc.tools.parameters import FloatArray

FEWEST_STATES, MOST_STATES = 41, 1201
# Beyond this the linear system has no correct digits left.
LONGEST = 1e11

RunLength = tuple[float, float]
Chain = Callable[[int], tuple[FloatArray, int]]
NEVER: RunLength = (math.inf, math.inf)


def shewhart(shift: float, limit: float) -> RunLength:
    """Geometric run length of a chart with limits only."""
    p = float(special.ndtr(-limit - shift) + special.ndtr(-limit + shift))
    return geometric(p)


def geometric(p: float) -> RunLength:
    if p < 1 / LONGEST:
        return NEVER
    return 1 / p, math.sqrt(1 - p) / p


def ewma(shift: float, weight: float, limit: float) -> RunLength:
    """EWMA with its asymptotic limits: states are equal strips between them."""
    edge = limit * math.sqrt(weight / (2 - weight))
    strips = _odd(12 * edge / weight)

    def transitions(count: int) -> tuple[FloatArray, int]:
        width = 2 * edge / count
        centers = -edge + width * (np.arange(count) + 0.5)
        lines = -edge + width * np.arange(count + 1)
        scores = (lines[None, :] - (1 - weight) * centers[:, None]) / weight - shift
        return np.diff(special.ndtr(scores), axis=1), count // 2

    return _extrapolated(transitions, strips)


def cusum(shift: float, k: float, h: float) -> RunLength:
    """One side of a tabular CUSUM: a state at zero and equal strips up to h."""

    def transitions(count: int) -> tuple[FloatArray, int]:
        width = 2 * h / (2 * count - 1)
        places = np.arange(count)
        step = (places[None, :] - places[:, None]) * width + k - shift
        upper = special.ndtr(step + width / 2)
        lower = special.ndtr(step - width / 2)
        lower[:, 0] = 0.0
        return upper - lower, 0

    return _extrapolated(transitions, _odd(8 * h))


def _odd(wanted: float) -> int:
    count = int(min(max(wanted, FEWEST_STATES), MOST_STATES / 2))
    return count | 1


def _extrapolated(transitions: Chain, count: int) -> RunLength:
    """Two numbers of states; the error falls with the square of the strip width."""
    coarse, fine = count, 2 * count + 1
    first, second = _moments(*transitions(coarse)), _moments(*transitions(fine))
    gain = (fine / coarse) ** 2 - 1
    if not (math.isfinite(first[0]) and math.isfinite(second[0])):
        return NEVER
    mean = second[0] + (second[0] - first[0]) / gain
    sd = second[1] + (second[1] - first[1]) / gain
    return max(mean, 1.0), max(sd, 0.0)


def _moments(matrix: FloatArray, start: int) -> RunLength:
    """Mean and standard deviation of the time to absorption."""
    with warnings.catch_warnings():
        # A singular system is a chart that never signals; it shows in the values below.
        warnings.simplefilter("ignore", linalg.LinAlgWarning)
        factors = linalg.lu_factor(np.eye(matrix.shape[0]) - matrix, check_finite=False)
        mean = linalg.lu_solve(factors, np.ones(matrix.shape[0]), check_finite=False)
        double = linalg.lu_solve(factors, mean, check_finite=False)
    value = float(mean[start])
    if not 0 < value < LONGEST:
        return NEVER
    variance = 2 * float(double[start]) - value - value**2
    return value, math.sqrt(max(variance, 0.0))
