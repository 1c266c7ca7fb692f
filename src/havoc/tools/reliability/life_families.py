"""Distributions of lifetimes: location-scale families of the time or its logarithm, and gamma.

Source: W. Q. Meeker and L. A. Escobar, Statistical Methods for Reliability Data (1998),
chapters 4 and 5.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from scipy import special

from havoc.tools.parameters import FloatArray

Distribution = Literal[
    "weibull",
    "lognormal",
    "exponential",
    "loglogistic",
    "gamma",
    "normal",
    "logistic",
    "smallest_extreme_value",
    "largest_extreme_value",
    "weibull_3",
    "lognormal_3",
    "loglogistic_3",
]
TWO_PARAMETER: tuple[Distribution, ...] = (
    "weibull", "lognormal", "exponential", "loglogistic", "gamma", "normal", "logistic",
    "smallest_extreme_value", "largest_extreme_value",
)  # fmt: skip
LABELS: dict[str, str] = {
    "weibull": "Weibull",
    "lognormal": "lognormal",
    "exponential": "exponential",
    "loglogistic": "loglogistic",
    "gamma": "gamma",
    "normal": "normal",
    "logistic": "logistic",
    "smallest_extreme_value": "smallest extreme value",
    "largest_extreme_value": "largest extreme value",
    "weibull_3": "three-parameter Weibull",
    "lognormal_3": "three-parameter lognormal",
    "loglogistic_3": "three-parameter loglogistic",
}
_STANDARD = {
    "weibull": "sev", "exponential": "sev", "smallest_extreme_value": "sev", "weibull_3": "sev",
    "lognormal": "normal", "normal": "normal", "lognormal_3": "normal",
    "loglogistic": "logistic", "logistic": "logistic", "loglogistic_3": "logistic",
    "largest_extreme_value": "lev",
}  # fmt: skip
_ON_TIME = frozenset({"normal", "logistic", "smallest_extreme_value", "largest_extreme_value"})
_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


def standard_of(distribution: str) -> str:
    """The standard distribution of a location-scale family; gamma has none."""
    return _STANDARD[distribution]


def on_log(distribution: str) -> bool:
    """The logarithm of the time follows the location-scale family."""
    return distribution not in _ON_TIME


def has_threshold(distribution: str) -> bool:
    return distribution.endswith("_3")


def log_density(standard: str, z: FloatArray) -> FloatArray:
    if standard == "sev":
        return z - _exp(z)
    if standard == "lev":
        return -z - _exp(-z)
    if standard == "normal":
        return -0.5 * z * z - _HALF_LOG_TWO_PI
    return np.asarray(-np.abs(z) - 2 * np.log1p(np.exp(-np.abs(z))), dtype=np.float64)


def slope_of_log_density(standard: str, z: FloatArray) -> FloatArray:
    if standard == "sev":
        return 1 - _exp(z)
    if standard == "lev":
        return _exp(-z) - 1
    if standard == "normal":
        return -z
    return np.asarray(1 - 2 * special.expit(z), dtype=np.float64)


def log_survival(standard: str, z: FloatArray) -> FloatArray:
    if standard == "sev":
        return -_exp(z)
    if standard == "lev":
        power = _exp(-z)
        # ln(1 - exp(-power)), accurate at both ends
        return np.asarray(
            np.where(power < 0.7, np.log(-np.expm1(-power)), np.log1p(-np.exp(-power))),
            dtype=np.float64,
        )
    if standard == "normal":
        return np.asarray(special.log_ndtr(-z), dtype=np.float64)
    return np.asarray(-np.logaddexp(0.0, z), dtype=np.float64)


def share(standard: str, z: FloatArray) -> FloatArray:
    """Distribution function."""
    if standard == "sev":
        values = -np.expm1(-_exp(z))
    elif standard == "lev":
        values = np.exp(-_exp(-z))
    elif standard == "normal":
        values = special.ndtr(z)
    else:
        values = special.expit(z)
    return np.asarray(values, dtype=np.float64)


def quantile(standard: str, p: FloatArray) -> FloatArray:
    if standard == "sev":
        values = np.log(-np.log1p(-p))
    elif standard == "lev":
        values = -np.log(-np.log(p))
    elif standard == "normal":
        values = special.ndtri(p)
    else:
        values = special.logit(p)
    return np.asarray(values, dtype=np.float64)


def _exp(z: FloatArray) -> FloatArray:
    return np.asarray(np.exp(np.minimum(z, 700.0)), dtype=np.float64)
