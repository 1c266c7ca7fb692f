"""Anderson-Darling statistic and p-value of a distribution whose parameters were estimated.

Sources: M. A. Stephens in R. B. D'Agostino and M. A. Stephens (1986), Goodness-of-Fit
Techniques, chapter 4, tables 4.9 (normal), 4.12 (exponential), 4.18 (extreme value),
4.22 (logistic) and 4.24 (gamma).
"""

from __future__ import annotations

import math

import numpy as np

from havoc.tools.parameters import FloatArray

# Level of significance and the critical value of the modified statistic.
_EXTREME_VALUE = ((0.25, 0.474), (0.10, 0.637), (0.05, 0.757), (0.025, 0.877), (0.01, 1.038))
_LOGISTIC = (
    (0.25, 0.426), (0.10, 0.563), (0.05, 0.660), (0.025, 0.769), (0.01, 0.906), (0.005, 1.010),
)  # fmt: skip
_EXPONENTIAL = (
    (0.25, 0.736), (0.20, 0.816), (0.15, 0.916), (0.10, 1.062), (0.05, 1.321), (0.025, 1.591),
    (0.01, 1.959),
)  # fmt: skip
_GAMMA_LEVELS = (0.25, 0.10, 0.05, 0.025, 0.01)
# Critical values by shape; a shape below one takes the row of one.
_GAMMA = {
    1.0: (0.486, 0.657, 0.786, 0.917, 1.092),
    2.0: (0.477, 0.643, 0.768, 0.894, 1.062),
    3.0: (0.475, 0.639, 0.762, 0.886, 1.052),
    5.0: (0.472, 0.635, 0.758, 0.881, 1.045),
    10.0: (0.471, 0.633, 0.754, 0.877, 1.040),
    math.inf: (0.470, 0.631, 0.752, 0.873, 1.035),
}


def statistic(log_cdf: FloatArray, log_sf: FloatArray) -> float:
    """A squared from the logarithms of the distribution function at the ordered values."""
    n = log_cdf.size
    weights = 2 * np.arange(1, n + 1) - 1
    return -n - float(np.mean(weights * (log_cdf + log_sf[::-1])))


def p_value(kind: str, a2: float, n: int, shape: float = 1.0) -> float:
    """p-value; outside the tabled levels (0.25 to 0.01) the nearest level is given."""
    if kind == "normal":
        return _normal(a2 * (1 + 0.75 / n + 2.25 / n**2))
    if kind == "extreme_value":
        return _interpolate(_EXTREME_VALUE, a2 * (1 + 0.2 / math.sqrt(n)))
    if kind == "logistic":
        return _interpolate(_LOGISTIC, a2 * (1 + 0.25 / n))
    if kind == "exponential":
        return _interpolate(_EXPONENTIAL, a2 * (1 + 0.6 / n))
    row = _GAMMA[max(key for key in _GAMMA if key <= max(shape, 1.0))]
    return _interpolate(tuple(zip(_GAMMA_LEVELS, row, strict=True)), a2)


def _interpolate(table: tuple[tuple[float, float], ...], a2: float) -> float:
    levels = [math.log(level) for level, _ in table]
    return math.exp(float(np.interp(a2, [critical for _, critical in table], levels)))


def _normal(a: float) -> float:
    if a < 0.2:
        return 1 - math.exp(-13.436 + 101.14 * a - 223.73 * a**2)
    if a < 0.34:
        return 1 - math.exp(-8.318 + 42.796 * a - 59.938 * a**2)
    if a < 0.6:
        return math.exp(0.9177 - 4.279 * a - 1.38 * a**2)
    if a < 10:
        return math.exp(1.2937 - 5.709 * a + 0.0186 * a**2)
    return 3.7e-24
