"""Johnson's system of transformations, fitted to four percentiles.

Sources: N. L. Johnson (1949), Biometrika 36, 149; J. F. Slifker and S. S. Shapiro
(1980), Technometrics 22, 239 (the four percentiles); Y.-M. Chou, A. M. Polansky and
R. L. Mason (1998), J. Quality Technology 30, 133 (choice of z by goodness of fit).
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
from scipy import special

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.spc import anderson_darling

FEWEST_VALUES = 6
# The z of the percentiles: as Chou, Polansky and Mason.
_Z = np.arange(0.25, 1.2501, 0.01)
# The fit is judged on at most this many order statistics.
_JUDGED = 2000


class JohnsonCurve(msgspec.Struct, frozen=True, kw_only=True):
    """z = gamma + eta g((x - epsilon) / scale), g by family: SU asinh, SB logit, SL log."""

    family: str
    gamma: float
    eta: float
    epsilon: float
    scale: float
    z: float

    @property
    def low(self) -> float:
        return -math.inf if self.family == "SU" else self.epsilon

    @property
    def high(self) -> float:
        return self.epsilon + self.scale if self.family == "SB" else math.inf

    @property
    def parameters(self) -> dict[str, float]:
        found = {"gamma": self.gamma, "eta": self.eta, "epsilon": self.epsilon}
        if self.family != "SL":
            found["lambda"] = self.scale
        return found | {"z": self.z}

    def forward(self, x: FloatArray) -> FloatArray:
        u = (np.asarray(x, dtype=np.float64) - self.epsilon) / self.scale
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.family == "SU":
                g = np.arcsinh(u)
            elif self.family == "SB":
                g = np.log(np.maximum(u, 0.0)) - np.log(np.maximum(1 - u, 0.0))
            else:
                g = np.log(np.maximum(u, 0.0))
        return np.asarray(self.gamma + self.eta * g)

    def backward(self, score: FloatArray) -> FloatArray:
        g = (np.asarray(score, dtype=np.float64) - self.gamma) / self.eta
        if self.family == "SU":
            u = np.sinh(g)
        elif self.family == "SB":
            u = special.expit(g)
        else:
            u = np.exp(g)
        return np.asarray(self.epsilon + self.scale * u)

    def slope(self, x: FloatArray) -> FloatArray:
        u = (np.asarray(x, dtype=np.float64) - self.epsilon) / self.scale
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.family == "SU":
                derivative = 1 / np.sqrt(1 + u * u)
            elif self.family == "SB":
                derivative = 1 / (u * (1 - u))
            else:
                derivative = 1 / u
        return np.asarray(self.eta / self.scale * derivative)


def fit_johnson(values: FloatArray) -> JohnsonCurve:
    """The curve among all z whose transformed values are nearest to normal."""
    if values.size < FEWEST_VALUES:
        raise InputError(
            f"{values.size} values, and Johnson's system needs {FEWEST_VALUES} at least",
            where="data",
            remedy="measure more, or use another method",
        )
    ordered = np.sort(values)
    judged = ordered
    if ordered.size > _JUDGED:
        judged = ordered[np.linspace(0, ordered.size - 1, _JUDGED).astype(np.int64)]
    best: JohnsonCurve | None = None
    smallest = math.inf
    for z in _Z.tolist():
        curve = _curve(ordered, z)
        if curve is None or not (curve.low < ordered[0] and ordered[-1] < curve.high):
            continue
        scores = curve.forward(judged)
        sd = float(scores.std(ddof=1))
        if not math.isfinite(sd) or sd <= 0:
            continue
        standard = (scores - scores.mean()) / sd
        a2 = anderson_darling.statistic(special.log_ndtr(standard), special.log_ndtr(-standard))
        if a2 < smallest:
            best, smallest = curve, a2
    if best is None:
        raise InputError(
            "no curve of Johnson's system fits the percentiles of these values",
            where="data",
            remedy="use another method; many equal values are a usual reason",
        )
    return best


def percentile(ordered: FloatArray, z: float) -> float:
    """The value at the normal score z, by interpolation at the rank n Phi(z) + 1/2."""
    n = ordered.size
    rank = min(max(n * float(special.ndtr(z)) + 0.5, 1.0), float(n))
    return float(np.interp(rank, [math.floor(rank), math.floor(rank) + 1], _pair(ordered, rank)))


def _pair(ordered: FloatArray, rank: float) -> list[float]:
    first = math.floor(rank) - 1
    return [float(ordered[first]), float(ordered[min(first + 1, ordered.size - 1)])]


def _curve(ordered: FloatArray, z: float) -> JohnsonCurve | None:
    """Slifker and Shapiro's estimates from the percentiles at -3z, -z, z and 3z."""
    outer_low, low, high, outer_high = (
        percentile(ordered, factor * z) for factor in (-3.0, -1.0, 1.0, 3.0)
    )
    m, n, p = outer_high - high, low - outer_low, high - low
    if min(m, n, p) <= 0:
        return None
    middle, ratio = (high + low) / 2, m * n / p**2
    try:
        if ratio > 1.001:
            return _unbounded(m / p, n / p, p, middle, z)
        if ratio < 0.999:
            return _bounded(p / m, p / n, p, middle, z)
        return _lognormal(m / p, p, middle, z)
    except ValueError:
        return None


def _unbounded(a: float, b: float, p: float, middle: float, z: float) -> JohnsonCurve:
    root = math.sqrt(a * b - 1)
    eta = 2 * z / math.acosh((a + b) / 2)
    return JohnsonCurve(
        family="SU",
        gamma=eta * math.asinh((b - a) / (2 * root)),
        eta=eta,
        epsilon=middle + p * (b - a) / (2 * (a + b - 2)),
        scale=2 * p * root / ((a + b - 2) * math.sqrt(a + b + 2)),
        z=z,
    )


def _bounded(a: float, b: float, p: float, middle: float, z: float) -> JohnsonCurve:
    product = (1 + a) * (1 + b)
    excess = a * b - 1
    eta = z / math.acosh(math.sqrt(product) / 2)
    scale = p * math.sqrt((product - 2) ** 2 - 4) / excess
    return JohnsonCurve(
        family="SB",
        gamma=eta * math.asinh((b - a) * math.sqrt(product - 4) / (2 * excess)),
        eta=eta,
        epsilon=middle - scale / 2 + p * (b - a) / (2 * excess),
        scale=scale,
        z=z,
    )


def _lognormal(a: float, p: float, middle: float, z: float) -> JohnsonCurve | None:
    if a <= 1:
        return None
    eta = 2 * z / math.log(a)
    return JohnsonCurve(
        family="SL",
        gamma=eta * math.log((a - 1) / (p * math.sqrt(a))),
        eta=eta,
        epsilon=middle - p / 2 * (a + 1) / (a - 1),
        scale=1.0,
        z=z,
    )
