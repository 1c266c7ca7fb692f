"""Distributions and transformations fitted to measured values.

A model knows the distribution function of the values (as logarithms of both tails),
its quantiles and its density. Maximum likelihood throughout, except that the normal
and the lognormal distribution take the standard deviation with n - 1.

Sources: N. L. Johnson, S. Kotz and N. Balakrishnan, Continuous Univariate
Distributions (1994), chapters 17, 21 and 22; G. E. P. Box and D. R. Cox (1964),
J. Roy. Statist. Soc. B 26, 211.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
import numpy as np
from scipy import optimize, special, stats

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.spc.johnson import JohnsonCurve, fit_johnson

LAMBDA_BOUND = 5.0
Curve = Callable[[FloatArray], FloatArray]


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """``forward`` maps values to a scale on which they are near normal (transformations).

    ``goodness`` names the table of p-values; ``low`` and ``high`` bound the values
    that the model allows.
    """

    name: str
    goodness: str
    parameters: dict[str, float]
    log_cdf: Curve
    log_sf: Curve
    quantile: Curve
    density: Curve
    low: float = -math.inf
    high: float = math.inf
    forward: Curve | None = None
    mean: float = 0.0
    sd: float = 1.0


def positive(values: FloatArray, name: str) -> None:
    if values.min() <= 0:
        raise InputError(
            f"the smallest value is {values.min():g}, and {name} needs values above zero",
            where="data",
            remedy="correct the value (a zero is often half a resolution step), or use johnson, "
            "largest_extreme_value or percentile",
        )


def of_scipy(
    name: str, goodness: str, parameters: dict[str, float], frozen: object, low: float
) -> Model:
    law: stats.rv_frozen = frozen
    return Model(
        name=name,
        goodness=goodness,
        parameters=parameters,
        log_cdf=law.logcdf,
        log_sf=law.logsf,
        quantile=law.ppf,
        density=law.pdf,
        low=low,
    )


def fit_normal(values: FloatArray) -> Model:
    mean, sd = float(values.mean()), float(values.std(ddof=1))
    return of_scipy("normal", "normal", {"mean": mean, "sd": sd}, stats.norm(mean, sd), -math.inf)


def fit_lognormal(values: FloatArray) -> Model:
    positive(values, "a lognormal distribution")
    logs = np.log(values)
    mu, sigma = float(logs.mean()), float(logs.std(ddof=1))
    law = stats.lognorm(sigma, scale=math.exp(mu))
    return of_scipy("lognormal", "normal", {"mu": mu, "sigma": sigma}, law, 0.0)


def fit_weibull(values: FloatArray) -> Model:
    """The likelihood equation of the shape, solved on values scaled by their largest."""
    positive(values, "a Weibull distribution")
    largest = float(values.max())
    logs = np.log(values / largest)
    mean_log = float(logs.mean())

    def equation(shape: float) -> float:
        powers = np.exp(shape * logs)
        return float(powers @ logs) / float(powers.sum()) - 1 / shape - mean_log

    start = 1.2 / float(logs.std())
    shape = _root(equation, start)
    scale = largest * float(np.mean(np.exp(shape * logs))) ** (1 / shape)
    law = stats.weibull_min(shape, scale=scale)
    return of_scipy("weibull", "extreme_value", {"shape": shape, "scale": scale}, law, 0.0)


def fit_gamma(values: FloatArray) -> Model:
    positive(values, "a gamma distribution")
    mean = float(values.mean())
    gap = math.log(mean) - float(np.log(values).mean())

    def equation(shape: float) -> float:
        return gap - math.log(shape) + float(special.digamma(shape))

    start = (3 - gap + math.sqrt((gap - 3) ** 2 + 24 * gap)) / (12 * gap)
    shape = _root(equation, start)
    law = stats.gamma(shape, scale=mean / shape)
    return of_scipy("gamma", "gamma", {"shape": shape, "scale": mean / shape}, law, 0.0)


def fit_exponential(values: FloatArray) -> Model:
    positive(values, "an exponential distribution")
    mean = float(values.mean())
    law = stats.expon(scale=mean)
    return of_scipy("exponential", "exponential", {"scale": mean}, law, 0.0)


def fit_largest_extreme_value(values: FloatArray) -> Model:
    """Gumbel distribution of maxima; the likelihood equation of the scale."""
    origin = float(values.min())
    shifted = values - origin
    mean = float(shifted.mean())

    def equation(inverse: float) -> float:
        weights = np.exp(-shifted * inverse)
        return 1 / inverse - mean + float(weights @ shifted) / float(weights.sum())

    scale = 1 / _root(equation, math.pi / math.sqrt(6) / float(shifted.std()))
    location = origin - scale * math.log(float(np.mean(np.exp(-shifted / scale))))
    law = stats.gumbel_r(location, scale)
    return of_scipy(
        "largest_extreme_value",
        "extreme_value",
        {"location": location, "scale": scale},
        law,
        -math.inf,
    )


def _root(equation: Callable[[float], float], start: float) -> float:
    """The root of a monotone equation near a positive start."""
    low = high = start
    while equation(low) * equation(high) > 0:
        low, high = low / 2, high * 2
        if high > 1e9 * start:
            raise InputError(
                "the values are too alike to fit this distribution",
                where="data",
                remedy="check the resolution of the measurement",
            )
    return float(optimize.brentq(equation, low, high, xtol=1e-14 * start, rtol=1e-13))


def box_cox_log_likelihood(logs: FloatArray, power: float) -> float:
    """Profile log-likelihood of lambda, up to a constant; ``logs`` are centred logarithms.

    Centring divides the values by their geometric mean, which leaves the
    likelihood as it is and the powers in range.
    """
    transformed = logs if power == 0 else np.expm1(power * logs) / power
    variance = float(np.var(transformed))
    return -logs.size / 2 * math.log(variance) if variance > 0 else -math.inf


def best_lambda(values: FloatArray) -> tuple[float, float | None, float | None]:
    """Lambda of maximum likelihood with its 95 % profile interval, within plus or minus five."""
    logs = np.log(values)
    logs = logs - logs.mean()
    found = optimize.minimize_scalar(
        lambda power: -box_cox_log_likelihood(logs, power),
        bounds=(-LAMBDA_BOUND, LAMBDA_BOUND),
        method="bounded",
        options={"xatol": 1e-9},
    )
    best, peak = float(found.x), -float(found.fun)
    drop = float(special.chdtri(1, 0.05)) / 2

    def above(power: float) -> float:
        return box_cox_log_likelihood(logs, power) - peak + drop

    ends: list[float | None] = []
    for bound in (-LAMBDA_BOUND, LAMBDA_BOUND):
        inside = above(bound) < 0 < above(best)
        ends.append(float(optimize.brentq(above, best, bound, xtol=1e-8)) if inside else None)
    return best, ends[0], ends[1]


def fit_box_cox(values: FloatArray, power: float | None = None) -> Model:
    """Normal after the Box-Cox transformation, (x^lambda - 1) / lambda or ln x."""
    positive(values, "the Box-Cox transformation")
    parameters: dict[str, float] = {}
    if power is None:
        power, low, high = best_lambda(values)
        if low is not None:
            parameters["lambda_low"] = low
        if high is not None:
            parameters["lambda_high"] = high
    exponent = power
    scale = math.exp(float(np.log(values).mean()))

    def forward(x: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log(np.asarray(x, dtype=np.float64) / scale)
            return logs if exponent == 0 else np.asarray(np.expm1(exponent * logs) / exponent)

    def backward(y: FloatArray) -> FloatArray:
        if exponent == 0:
            return np.asarray(scale * np.exp(y))
        with np.errstate(invalid="ignore", divide="ignore"):
            base = np.maximum(1 + exponent * np.asarray(y), 0.0)
            return np.asarray(scale * base ** (1 / exponent))

    def slope(x: FloatArray) -> FloatArray:
        return np.asarray((np.asarray(x) / scale) ** (exponent - 1) / scale)

    return _transformed(
        "box_cox", {"lambda": exponent, **parameters}, values, forward, backward, slope, 0.0
    )


def fit_johnson_model(values: FloatArray) -> Model:
    """Normal after Johnson's transformation (bounded, lognormal or unbounded family)."""
    curve: JohnsonCurve = fit_johnson(values)
    return _transformed(
        f"johnson_{curve.family.lower()}",
        curve.parameters,
        values,
        curve.forward,
        curve.backward,
        curve.slope,
        curve.low,
        curve.high,
    )


def _transformed(
    name: str,
    parameters: dict[str, float],
    values: FloatArray,
    forward: Curve,
    backward: Curve,
    slope: Curve,
    low: float,
    high: float = math.inf,
) -> Model:
    scores = forward(values)
    mean, sd = float(scores.mean()), float(scores.std(ddof=1))

    def standard(x: FloatArray) -> FloatArray:
        return np.asarray((forward(x) - mean) / sd)

    def density(x: FloatArray) -> FloatArray:
        z = standard(x)
        return np.asarray(np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi) / sd * slope(x))

    return Model(
        name=name,
        goodness="normal",
        parameters=parameters,
        log_cdf=lambda x: np.asarray(special.log_ndtr(standard(x))),
        log_sf=lambda x: np.asarray(special.log_ndtr(-standard(x))),
        quantile=lambda p: backward(mean + sd * special.ndtri(p)),
        density=density,
        low=low,
        high=high,
        forward=forward,
        mean=mean,
        sd=sd,
    )


FITS: dict[str, Callable[[FloatArray], Model]] = {
    "lognormal": fit_lognormal,
    "weibull": fit_weibull,
    "gamma": fit_gamma,
    "exponential": fit_exponential,
    "largest_extreme_value": fit_largest_extreme_value,
    "box_cox": fit_box_cox,
    "johnson": fit_johnson_model,
}
"""In the order in which ``auto`` tries them: physical models first, transformations last."""
