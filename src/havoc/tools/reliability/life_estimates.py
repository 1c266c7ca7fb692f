"""Parameters, percentiles and probabilities of a fitted life distribution, with their limits.

Normal limits are taken on the scale on which the estimate is nearly normal: the logarithm
of positive quantities, the standardised time for probabilities (the logit for gamma and
distributions with a threshold). Likelihood-ratio limits need no such choice.

Source: W. Q. Meeker and L. A. Escobar, Statistical Methods for Reliability Data (1998), 8.4.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
import numpy as np
from scipy import special

from havoc.tools.parameters import FloatArray
from havoc.tools.reliability import life_families as families
from havoc.tools.reliability.life_fit import Fitted, mean_of
from havoc.tools.reliability.life_likelihood import place_of, quantile_at, share_at
from havoc.tools.reliability.likelihood_limits import Profile
from havoc.tools.reliability.weibull_result import AtTime, BLife

Limits = tuple[float | None, float | None]


class Parameter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One parameter of a distribution with its standard error and limits."""

    name: str
    estimate: float
    se: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None


def parameters(fitted: Fitted, z: float, profile: Profile | None) -> list[Parameter]:
    first, second = float(fitted.theta[0]), float(fitted.theta[1])
    name = fitted.distribution
    rows: list[Parameter] = []
    if name == "gamma":
        rows = [
            _positive("shape", math.exp(first), _error(fitted, 0), z),
            _positive("scale", math.exp(second), _error(fitted, 1), z),
        ]
    elif families.standard_of(name) == "sev" and families.on_log(name):
        if name != "exponential":
            rows.append(
                _positive(
                    "shape",
                    math.exp(-second),
                    _error(fitted, 1),
                    z,
                    None if profile is None else _swap(profile.log_sigma_limits(), -1.0),
                )
            )
        limits = None if profile is None else _swap(profile.mu_limits(), 1.0)
        rows.append(_positive("scale", math.exp(first), _error(fitted, 0), z, limits))
    else:
        error = _error(fitted, 0)
        low, high = (
            profile.mu_limits()
            if profile is not None
            else (None, None)
            if error is None
            else (first - z * error, first + z * error)
        )
        rows.append(Parameter(name="mu", estimate=first, se=error, ci_low=low, ci_high=high))
        limits = None if profile is None else _swap(profile.log_sigma_limits(), 1.0)
        rows.append(_positive("sigma", math.exp(second), _error(fitted, 1), z, limits))
    if families.has_threshold(name):
        error, value = _error(fitted, 2), fitted.threshold
        rows.append(
            Parameter(
                name="threshold",
                estimate=value,
                se=error,
                ci_low=None if error is None else value - z * error,
                ci_high=None if error is None else value + z * error,
            )
        )
    return rows


def _swap(limits: Limits, power: float) -> Limits:
    """Limits of exp(x) or exp(-x) from those of x."""
    low, high = (None if x is None else math.exp(min(power * x, 700.0)) for x in limits)
    return (low, high) if power > 0 else (high, low)


def _error(fitted: Fitted, place: int) -> float | None:
    if fitted.covariance is None or place >= fitted.covariance.shape[0]:
        return None
    return math.sqrt(float(fitted.covariance[place, place]))


def _positive(
    name: str, value: float, log_error: float | None, z: float, limits: Limits | None = None
) -> Parameter:
    low, high = limits if limits is not None else log_limits(value, log_error, z)
    return Parameter(
        name=name,
        estimate=value,
        se=None if log_error is None else value * log_error,
        ci_low=low,
        ci_high=high,
    )


def log_limits(value: float, log_error: float | None, z: float) -> Limits:
    if log_error is None or value <= 0:
        return None, None
    factor = math.exp(min(z * log_error, 700.0))
    return value / factor, value * factor


def _limits_of(
    fitted: Fitted, function: Callable[[FloatArray], float], z: float, *, positive: bool
) -> Limits:
    value = function(fitted.theta)
    if positive and value > 0:
        return log_limits(value, fitted.error(lambda theta: math.log(function(theta))), z)
    error = fitted.error(function)
    return (None, None) if error is None else (value - z * error, value + z * error)


def life_at(fitted: Fitted, percent: float, z: float, profile: Profile | None) -> BLife:
    share = np.array([percent / 100])
    name = fitted.distribution

    def life(theta: FloatArray) -> float:
        return float(quantile_at(name, theta, share)[0])

    positive = families.on_log(name) or name == "gamma"
    low, high = (
        profile.quantile_limits(percent / 100)
        if profile is not None
        else _limits_of(fitted, life, z, positive=positive)
    )
    return BLife(
        percent=percent, share=percent / 100, life=life(fitted.theta), ci_low=low, ci_high=high
    )


def at_time(fitted: Fitted, time: float, z: float, profile: Profile | None) -> AtTime:
    t = np.array([time])
    failed = float(fitted.share(t)[0])
    low, high = _share_limits(fitted, t, failed, z, profile)
    row: dict[str, float] = {}
    if low is not None and high is not None:
        row = {"F_low": low, "F_high": high, "reliability_low": 1 - high}
        row["reliability_high"] = 1 - low
    return AtTime(time=time, F=failed, reliability=1 - failed, **row)


def _share_limits(
    fitted: Fitted, t: FloatArray, failed: float, z: float, profile: Profile | None
) -> Limits:
    name = fitted.distribution
    if not 0 < failed < 1:
        return None, None
    if profile is not None:
        return profile.share_limits(float(t[0]))
    if name == "gamma" or families.has_threshold(name):
        error = fitted.error(lambda theta: float(special.logit(share_at(name, theta, t)[0])))
        if error is None:
            return None, None
        center = float(special.logit(failed))
        return float(special.expit(center - z * error)), float(special.expit(center + z * error))
    error = fitted.error(lambda theta: float(place_of(name, theta, t)[0]))
    if error is None:
        return None, None
    place = float(place_of(name, fitted.theta, t)[0])
    standard = families.standard_of(name)
    ends = families.share(standard, np.array([place - z * error, place + z * error]))
    return float(ends[0]), float(ends[1])


def mean_limits(fitted: Fitted, z: float) -> Limits:
    def mean(theta: FloatArray) -> float:
        return mean_of(msgspec.structs.replace(fitted, theta=theta))

    if not math.isfinite(mean(fitted.theta)):
        return None, None
    positive = families.on_log(fitted.distribution) or fitted.distribution == "gamma"
    low, high = _limits_of(fitted, mean, z, positive=positive)
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return None, None
    return low, high
