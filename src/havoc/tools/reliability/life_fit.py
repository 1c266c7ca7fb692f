"""Maximum likelihood of lifetimes under any censoring, for the families of ``life_families``.

A location-scale family has the parameters (mu, ln sigma), gamma (ln shape, ln scale), and a
threshold is added as a third one; the information is the second derivative of the log
likelihood at the maximum.

Source: W. Q. Meeker and L. A. Escobar, Statistical Methods for Reliability Data (1998),
2.4 (likelihood of censored data), 8.4 (intervals), 11.7 (threshold parameters).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
import numpy as np
from scipy import optimize, special

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.reliability import life_families as families
from havoc.tools.reliability.life_families import LABELS
from havoc.tools.reliability.life_likelihood import (
    gamma_likelihood,
    location_scale_likelihood,
    log_likelihood,
    quantile_at,
    share_at,
)
from havoc.tools.reliability.observations import Observations

_MAX_STEPS = 100
_THRESHOLDS = 48


class Fitted(msgspec.Struct, kw_only=True):
    """Estimates; ``theta`` are the parameters in which ``covariance`` is given."""

    distribution: str
    theta: FloatArray
    loglik: float
    covariance: FloatArray | None = None

    @property
    def free(self) -> int:
        """Number of estimated parameters."""
        return 1 if self.distribution == "exponential" else self.theta.size

    @property
    def threshold(self) -> float:
        return float(self.theta[2]) if families.has_threshold(self.distribution) else 0.0

    def share(self, time: FloatArray | float) -> FloatArray:
        """Fraction failed by ``time``."""
        t = np.atleast_1d(np.asarray(time, dtype=np.float64))
        return share_at(self.distribution, self.theta, t)

    def quantile(self, p: FloatArray | float) -> FloatArray:
        """Time by which the fraction ``p`` has failed."""
        return quantile_at(self.distribution, self.theta, np.atleast_1d(np.asarray(p, dtype=float)))

    def error(self, function: Callable[[FloatArray], float]) -> float | None:
        """Standard error of a function of the parameters (delta method)."""
        if self.covariance is None:
            return None
        slope = _gradient(function, self.theta)
        if self.distribution == "exponential":
            slope = slope[:1]
        variance = float(slope @ self.covariance @ slope)
        return math.sqrt(variance) if math.isfinite(variance) and variance >= 0 else None


def mean_of(fitted: Fitted) -> float:
    """Mean life; infinite for a loglogistic with a scale of one or more."""
    first, second = float(fitted.theta[0]), math.exp(min(float(fitted.theta[1]), 700.0))
    name = fitted.distribution
    if name == "gamma":
        return math.exp(first) * second
    if name in ("normal", "logistic"):
        return first
    if name in ("smallest_extreme_value", "largest_extreme_value"):
        sign = -1.0 if name.startswith("smallest") else 1.0
        return first + sign * float(np.euler_gamma) * second
    with np.errstate(over="ignore"):
        standard = families.standard_of(name)
        if standard == "sev":
            value = np.exp(first + special.gammaln(1 + second))
        elif standard == "normal":
            value = np.exp(first + second**2 / 2)
        else:
            value = np.exp(first) * special.gamma(1 + second) * special.gamma(1 - second)
            value = value if second < 1 else np.inf
    return float(value) + fitted.threshold


def fit(distribution: str, data: Observations) -> Fitted:
    """Maximum likelihood. Raises InputError where the data cannot carry the distribution."""
    check(distribution, data)
    if families.has_threshold(distribution):
        return _with_threshold(distribution, data)
    return _two_parameters(distribution, data)


def check(distribution: str, data: Observations) -> None:
    if data.failures == 0:
        raise InputError(
            f"none of {data.n} units failed, so no distribution can be fitted",
            where="time",
            remedy="use demonstration_test for what a test without failure shows",
        )
    if distribution == "exponential":
        return
    failed = ~data.right
    if data.failures < 2:
        raise InputError(
            f"a single failure among {data.n} units cannot give two parameters",
            where="time",
            remedy="wait for more failures, or fit the exponential distribution",
        )
    low, high = data.lower[failed], data.upper[failed]
    one_point = np.ptp(low) == 0 and np.ptp(high) == 0
    # survivors beyond one interval of failures still tell a spread
    informative = data.right.any() and not (data.exact & failed).all()
    if one_point and not (informative and bool((data.lower[data.right] != low[0]).any())):
        raise InputError(
            "all failures are at the same time, so there is no spread to fit",
            where="time",
            remedy="record the times with a finer resolution",
        )


def _start(distribution: str, data: Observations) -> FloatArray:
    """Moments of the failures, intervals at their middle, survivors at their time."""
    middle = np.where(data.right, data.lower, (data.lower + np.minimum(data.upper, 1e300)) / 2)
    if distribution == "gamma":
        mean = float(np.average(middle, weights=data.weight)) * data.n / data.failures
        return np.array([math.log(1.5), math.log(mean / 1.5)])
    y = np.log(middle) if families.on_log(distribution) else middle
    mu = float(np.average(y, weights=data.weight))
    spread = math.sqrt(float(np.average((y - mu) ** 2, weights=data.weight)))
    sigma = max(spread, 0.05 * float(np.ptp(y)), 1e-3 * max(abs(mu), 1e-3))
    return np.array([mu, math.log(sigma)])


def _two_parameters(distribution: str, data: Observations) -> Fitted:
    if distribution == "exponential":
        return _exponential(data)

    def slopes(theta: FloatArray) -> FloatArray:
        if distribution == "gamma":
            return _gradient(lambda x: gamma_likelihood(x, data), theta)
        return location_scale_likelihood(distribution, theta, 0.0, data)[1]

    def value(theta: FloatArray) -> float:
        return log_likelihood(distribution, theta, data)

    theta = _climb(value, slopes, _start(distribution, data), distribution)
    return Fitted(
        distribution=distribution,
        theta=theta,
        loglik=value(theta),
        covariance=_inverse(_jacobian(slopes, theta)),
    )


def _exponential(data: Observations) -> Fitted:
    """The Weibull likelihood with ln sigma held at zero."""

    def value(mu: float) -> float:
        return location_scale_likelihood("exponential", np.array([mu, 0.0]), 0.0, data)[0]

    def slope(mu: float) -> float:
        return float(location_scale_likelihood("exponential", np.array([mu, 0.0]), 0.0, data)[1][0])

    total = float(data.weight @ np.where(data.right, data.lower, np.minimum(data.upper, 1e300)))
    center = math.log(total / data.failures)
    low, high = center - 5, center + 5
    while slope(low) < 0:
        low -= 5
    while slope(high) > 0:
        high += 5
    mu = float(optimize.brentq(slope, low, high, xtol=1e-13))
    h = 1e-4
    information = -(slope(mu + h) - slope(mu - h)) / (2 * h)
    return Fitted(
        distribution="exponential",
        theta=np.array([mu, 0.0]),
        loglik=value(mu),
        covariance=np.array([[1 / information]]) if information > 0 else None,
    )


def _climb(
    value: Callable[[FloatArray], float],
    slopes: Callable[[FloatArray], FloatArray],
    theta: FloatArray,
    distribution: str,
) -> FloatArray:
    """Newton steps, halved until the likelihood rises."""
    if not math.isfinite(value(theta)):
        theta = theta + np.array([0.0, 1.0])
    best = value(theta)
    for _ in range(_MAX_STEPS):
        gradient = slopes(theta)
        hessian = _jacobian(slopes, theta, fine=False)
        step = _ascent(gradient, hessian, theta, distribution)
        size = 1.0
        while size > 1e-9:
            new = theta + size * step
            reached = value(new)
            if math.isfinite(reached) and reached >= best - 1e-12 * abs(best):
                break
            size /= 2
        else:
            return theta
        unit = 1.0 if distribution == "gamma" else math.exp(float(theta[1]))
        moved = size * max(abs(float(step[0])) / unit, abs(float(step[1])))
        theta, best = new, max(best, reached)
        if moved < 1e-9:
            return theta
    raise InputError(
        f"the likelihood of the {LABELS[distribution]} distribution has no maximum that was found",
        where="distribution",
        remedy="try another distribution, or check the data for extreme values",
    )


def _ascent(
    gradient: FloatArray, hessian: FloatArray, theta: FloatArray, distribution: str
) -> FloatArray:
    """The Newton step, or a rise along the slopes; never farther than the data spread."""
    unit = np.array([1.0 if distribution == "gamma" else math.exp(float(theta[1])), 1.0])
    scaled = hessian * np.outer(unit, unit)
    rise = gradient * unit
    if bool(np.all(np.linalg.eigvalsh(scaled) < 0)):
        step = -np.asarray(np.linalg.solve(scaled, rise), dtype=np.float64)
    else:
        step = rise / (1 + np.abs(np.diag(scaled)))
    largest = float(np.max(np.abs(step) / np.array([2.0, 1.0])))
    return np.asarray((step / largest if largest > 1 else step) * unit, dtype=np.float64)


def _gradient(function: Callable[[FloatArray], float], theta: FloatArray) -> FloatArray:
    """Fourth-order central differences."""
    slope = np.empty(theta.size)
    for i in range(theta.size):
        h = np.zeros(theta.size)
        h[i] = 1e-3 * max(1.0, abs(float(theta[i])) * 1e-1)
        near = function(theta + h) - function(theta - h)
        far = function(theta + 2 * h) - function(theta - 2 * h)
        slope[i] = (8 * near - far) / (12 * h[i])
    return slope


def _jacobian(
    slopes: Callable[[FloatArray], FloatArray], theta: FloatArray, *, fine: bool = True
) -> FloatArray:
    """Differences of the slopes: fourth order for the information, second order on the way."""
    matrix = np.empty((theta.size, theta.size))
    for i in range(theta.size):
        h = np.zeros(theta.size)
        h[i] = 1e-4 * max(1.0, abs(float(theta[i])) * 1e-1)
        near = slopes(theta + h) - slopes(theta - h)
        if fine:
            far = slopes(theta + 2 * h) - slopes(theta - 2 * h)
            matrix[i] = (8 * near - far) / (12 * h[i])
        else:
            matrix[i] = near / (2 * h[i])
    return (matrix + matrix.T) / 2


def _inverse(hessian: FloatArray) -> FloatArray | None:
    """Covariance from the second derivatives, None where they show no maximum."""
    if not np.isfinite(hessian).all():
        return None
    try:
        if float(np.max(np.linalg.eigvalsh(hessian))) >= 0:
            return None
        inverse = np.asarray(-np.linalg.inv(hessian), dtype=np.float64)
    except np.linalg.LinAlgError:
        return None
    return inverse if np.isfinite(inverse).all() and (np.diag(inverse) > 0).all() else None


# --- threshold -------------------------------------------------------------------------------


def _with_threshold(distribution: str, data: Observations) -> Fitted:
    """The highest maximum of the profile likelihood of the threshold inside its range.

    Where the threshold nears the first failure the likelihood of a density grows without
    bound; that end is no estimate, so the range is searched for a maximum of its own.
    """
    if data.failures < 4:
        raise InputError(
            f"{data.failures} failures are too few for a distribution with a threshold",
            where="distribution",
            remedy="fit the two-parameter distribution",
        )
    base = distribution.removesuffix("_3")
    failed = ~data.right
    first = float(np.min(np.where(data.exact[failed], data.lower[failed], data.upper[failed])))
    spread = float(np.max(data.lower[failed | data.right])) - first
    if spread <= 0:
        raise InputError("all times are equal", where="time", remedy="check the resolution")
    gaps = np.geomspace(1e-3 * spread, 30 * spread, _THRESHOLDS)

    def profile(gap: float) -> tuple[float, FloatArray]:
        moved = _shifted(data, first - gap)
        try:
            part = _two_parameters(base, moved)
        except InputError:
            return -math.inf, np.zeros(2)
        return part.loglik, part.theta

    heights = np.array([profile(float(gap))[0] for gap in gaps])
    inside = [
        i
        for i in range(1, gaps.size - 1)
        if math.isfinite(heights[i])
        and heights[i] >= heights[i - 1]
        and heights[i] > heights[i + 1]
    ]
    if not inside:
        rises = heights[0] >= heights[-1]
        raise InputError(
            "the likelihood rises without end as the threshold nears the first failure"
            if rises
            else "the data show no threshold: the likelihood keeps rising as it moves away",
            where="distribution",
            remedy="fit the two-parameter distribution, or use weibull_fit with rank regression"
            if rises
            else "fit the two-parameter distribution",
        )
    best = max(inside, key=lambda i: float(heights[i]))
    found = optimize.minimize_scalar(
        lambda u: -profile(math.exp(u))[0],
        bounds=(math.log(gaps[best - 1]), math.log(gaps[best + 1])),
        method="bounded",
        options={"xatol": 1e-9},
    )
    gap = math.exp(float(found.x))
    loglik, pair = profile(gap)
    theta = np.array([*pair, first - gap])

    def scaled(x: FloatArray) -> float:
        return log_likelihood(distribution, np.array([x[0], x[1], x[2] * gap]), data)

    unit = np.array([theta[0], theta[1], theta[2] / gap])
    hessian = _second_differences(scaled, unit)
    covariance = _inverse(hessian)
    if covariance is not None:
        stretch = np.diag([1.0, 1.0, gap])
        covariance = stretch @ covariance @ stretch
    return Fitted(distribution=distribution, theta=theta, loglik=loglik, covariance=covariance)


def _shifted(data: Observations, threshold: float) -> Observations:
    """Times from the threshold on; a survivor before it tells nothing."""
    low = data.lower - threshold
    high = data.upper - threshold
    left = data.left & ~data.exact
    keep = ~(data.right & (low <= 0))
    low = np.where(left, 0.0, np.maximum(low, 0.0))
    return Observations(lower=low[keep], upper=high[keep], weight=data.weight[keep])


def _second_differences(function: Callable[[FloatArray], float], x: FloatArray) -> FloatArray:
    size = x.size
    step = 2e-3
    matrix = np.empty((size, size))
    unit = np.eye(size) * step
    for i in range(size):
        for j in range(i, size):
            total = (
                function(x + unit[i] + unit[j])
                - function(x + unit[i] - unit[j])
                - function(x - unit[i] + unit[j])
                + function(x - unit[i] - unit[j])
            )
            matrix[i, j] = matrix[j, i] = total / (4 * step * step)
    return matrix
