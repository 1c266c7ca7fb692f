"""Further distributions: logistic, loglogistic, smallest extreme value, and thresholds.

A distribution with a threshold is that of x - threshold. Its likelihood grows without
bound as the threshold comes near the smallest value, so the estimate is the local
maximum below it, where there is one.

Sources: N. L. Johnson, S. Kotz and N. Balakrishnan, Continuous Univariate Distributions
(1994 and 1995), chapters 14, 17, 19, 21, 22 and 23; R. C. H. Cheng and N. A. K. Amin (1983),
J. Roy. Statist. Soc. B 45, 394 (unbounded likelihood).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import optimize, stats

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.spc.fitted_models import (
    Model,
    fit_gamma,
    fit_largest_extreme_value,
    fit_lognormal,
    fit_weibull,
    of_scipy,
    positive,
)

Fitter = Callable[[FloatArray], Model]
# Thresholds tried, as distances below the smallest value in ranges of the data.
_DISTANCES = np.geomspace(1e-4, 30.0, 120)
_FEWEST = 6


def fit_smallest_extreme_value(values: FloatArray) -> Model:
    """Gumbel distribution of minima: the mirror image of that of maxima."""
    mirrored = fit_largest_extreme_value(-values[::-1])
    location, scale = -mirrored.parameters["location"], mirrored.parameters["scale"]
    return of_scipy(
        "smallest_extreme_value",
        "extreme_value",
        {"location": location, "scale": scale},
        stats.gumbel_l(location, scale),
        -math.inf,
    )


def fit_logistic(values: FloatArray) -> Model:
    location, scale = _logistic(values)
    law = stats.logistic(location, scale)
    return of_scipy("logistic", "logistic", {"location": location, "scale": scale}, law, -math.inf)


def fit_loglogistic(values: FloatArray) -> Model:
    """Logistic distribution of the logarithms."""
    positive(values, "a loglogistic distribution")
    location, scale = _logistic(np.log(values))
    law = stats.fisk(1 / scale, scale=math.exp(location))
    return of_scipy("loglogistic", "logistic", {"location": location, "scale": scale}, law, 0.0)


def _logistic(values: FloatArray) -> tuple[float, float]:
    """Maximum likelihood on values of mean zero and standard deviation one."""
    center, spread = float(values.mean()), float(values.std())
    if spread <= 1e-12 * max(abs(center), 1e-300):
        raise InputError(
            "the values are too alike to fit this distribution",
            where="data",
            remedy="check the resolution of the measurement",
        )
    z = (values - center) / spread

    def loss(theta: FloatArray) -> tuple[float, FloatArray]:
        scale = math.exp(theta[1])
        u = (z - theta[0]) / scale
        tanh = np.tanh(u / 2)
        value = float(np.sum(u + 2 * np.logaddexp(0, -u))) + z.size * theta[1]
        slopes = [-float(tanh.sum()) / scale, z.size - float(tanh @ u)]
        return value / z.size, np.asarray(slopes) / z.size

    found = optimize.minimize(
        loss,
        np.asarray([float(np.median(z)), math.log(math.sqrt(3) / math.pi)]),
        jac=True,
        method="BFGS",
        options={"gtol": 1e-10},
    )
    location, log_scale = (float(x) for x in found.x)
    return center + spread * location, spread * math.exp(log_scale)


def fit_exponential_threshold(values: FloatArray) -> Model:
    """Scale and threshold free of bias: the smallest value lies above the threshold."""
    n = values.size
    smallest = float(values.min())
    scale = n * (float(values.mean()) - smallest) / (n - 1)
    threshold = smallest - scale / n
    law = stats.expon(threshold, scale)
    return of_scipy(
        "exponential_2p",
        "exponential",
        {"scale": scale, "threshold": threshold},
        law,
        threshold,
    )


def _with_threshold(name: str, fit: Fitter) -> Fitter:
    def fitted(values: FloatArray) -> Model:
        if values.size < _FEWEST:
            raise InputError(
                f"{values.size} values, and a threshold needs {_FEWEST} at least",
                where="data",
                remedy="measure more, or use a distribution without a threshold",
            )
        threshold = _best_threshold(values, fit)
        inner = fit(values - threshold)
        return Model(
            name=name,
            goodness=inner.goodness,
            parameters={**inner.parameters, "threshold": threshold},
            log_cdf=lambda x: inner.log_cdf(np.asarray(x) - threshold),
            log_sf=lambda x: inner.log_sf(np.asarray(x) - threshold),
            quantile=lambda p: threshold + inner.quantile(p),
            density=lambda x: inner.density(np.asarray(x) - threshold),
            low=threshold,
        )

    return fitted


def _best_threshold(values: FloatArray, fit: Fitter) -> float:
    """The local maximum of the profile likelihood below the smallest value."""
    smallest, spread = float(values.min()), float(np.ptp(values))

    def likelihood(log_distance: float) -> float:
        threshold = smallest - spread * math.exp(log_distance)
        return log_likelihood(fit(values - threshold), values - threshold)

    grid = np.log(_DISTANCES)
    heights = np.asarray([likelihood(float(x)) for x in grid])
    inside = [i for i in range(1, grid.size - 1) if heights[i - 1] <= heights[i] > heights[i + 1]]
    if not inside:
        far = heights[-1] >= heights[0]
        raise InputError(
            "the likelihood has no maximum in the threshold: "
            + (
                "it moves far below the values, which means nearly symmetric values"
                if far
                else "it runs to the smallest value"
            ),
            where="data",
            remedy="use the distribution without a threshold, or another one",
        )
    best = max(inside, key=lambda i: float(heights[i]))
    found = optimize.minimize_scalar(
        lambda x: -likelihood(x),
        bounds=(float(grid[best - 1]), float(grid[best + 1])),
        method="bounded",
        options={"xatol": 1e-8},
    )
    return smallest - spread * math.exp(float(found.x))


def log_likelihood(model: Model, values: FloatArray) -> float:
    with np.errstate(divide="ignore"):
        return float(np.sum(np.log(model.density(values))))


FURTHER_FITS: dict[str, Fitter] = {
    "logistic": fit_logistic,
    "loglogistic": fit_loglogistic,
    "smallest_extreme_value": fit_smallest_extreme_value,
}
"""Tried after the others by ``auto``."""

THRESHOLD_FITS: dict[str, Fitter] = {
    "exponential_2p": fit_exponential_threshold,
    "weibull_3p": _with_threshold("weibull_3p", fit_weibull),
    "lognormal_3p": _with_threshold("lognormal_3p", fit_lognormal),
    "gamma_3p": _with_threshold("gamma_3p", fit_gamma),
    "loglogistic_3p": _with_threshold("loglogistic_3p", fit_loglogistic),
}
"""Only by name: with a free threshold nearly everything fits."""

WITHOUT_THRESHOLD: dict[str, str] = {
    "exponential_2p": "exponential",
    "weibull_3p": "weibull",
    "lognormal_3p": "lognormal",
    "gamma_3p": "gamma",
    "loglogistic_3p": "loglogistic",
}
