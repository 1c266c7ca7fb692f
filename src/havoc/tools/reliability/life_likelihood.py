"""Likelihood, distribution function and quantiles of a life distribution by its parameters.

A location-scale family has the parameters (mu, ln sigma), gamma (ln shape, ln scale); a
threshold is a third one.

Source: W. Q. Meeker and L. A. Escobar, Statistical Methods for Reliability Data (1998), 2.4.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from havoc.tools.parameters import FloatArray
from havoc.tools.reliability import life_families as families
from havoc.tools.reliability.observations import Observations


def log_likelihood(distribution: str, theta: FloatArray, data: Observations) -> float:
    if distribution == "gamma":
        return gamma_likelihood(theta, data)
    threshold = float(theta[2]) if families.has_threshold(distribution) else 0.0
    value, _ = location_scale_likelihood(distribution, theta, threshold, data)
    return value


def location_scale_likelihood(
    distribution: str, theta: FloatArray, threshold: float, data: Observations
) -> tuple[float, FloatArray]:
    """Log likelihood and its slopes by mu and ln sigma."""
    standard = families.standard_of(distribution)
    mu, sigma = float(theta[0]), math.exp(min(max(float(theta[1]), -300.0), 300.0))
    logs = families.on_log(distribution)
    value, by_mu, by_sigma = 0.0, 0.0, 0.0
    exact, right = data.exact, data.right
    between = ~exact & ~right

    def place(time: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            y = np.log(np.maximum(time - threshold, 0.0)) if logs else time
        return np.asarray((y - mu) / sigma, dtype=np.float64)

    if exact.any():
        time, w = data.lower[exact], data.weight[exact]
        if logs and bool((time <= threshold).any()):
            return -math.inf, np.zeros(2)
        z = place(time)
        jacobian = np.log(time - threshold) if logs else 0.0
        value += float(w @ (families.log_density(standard, z) - math.log(sigma) - jacobian))
        slope = families.slope_of_log_density(standard, z)
        by_mu -= float(w @ slope) / sigma
        by_sigma -= float(w @ (slope * z + 1))
    if right.any():
        z, w = place(data.lower[right]), data.weight[right]
        z = np.where(np.isneginf(z), -1e300, z)
        survival = families.log_survival(standard, np.maximum(z, -1e6))
        value += float(w @ survival)
        hazard = np.exp(families.log_density(standard, np.maximum(z, -1e6)) - survival)
        by_mu += float(w @ hazard) / sigma
        by_sigma += float(w @ (hazard * np.where(hazard > 0, z, 0.0)))
    if between.any():
        w = data.weight[between]
        # a unit that failed before its first inspection lies below it, without another limit
        low = np.where(data.lower[between] > 0, data.lower[between], -np.inf)
        z_low = np.clip(np.where(np.isneginf(low), -np.inf, place(np.maximum(low, 0.0))), -1e6, 1e6)
        z_high = np.clip(place(data.upper[between]), -1e6, 1e6)
        mass = np.where(
            z_low > 0,
            np.exp(families.log_survival(standard, z_low))
            - np.exp(families.log_survival(standard, z_high)),
            families.share(standard, z_high) - families.share(standard, z_low),
        )
        if bool((mass <= 0).any()) or not np.isfinite(mass).all():
            return -math.inf, np.zeros(2)
        value += float(w @ np.log(mass))
        f_low = np.exp(families.log_density(standard, z_low))
        f_high = np.exp(families.log_density(standard, z_high))
        by_mu -= float(w @ ((f_high - f_low) / mass)) / sigma
        by_sigma -= float(w @ ((z_high * f_high - z_low * f_low) / mass))
    return value, np.array([by_mu, by_sigma])


def gamma_likelihood(theta: FloatArray, data: Observations) -> float:
    if float(np.max(np.abs(theta))) > 300:
        return -math.inf
    shape, scale = math.exp(float(theta[0])), math.exp(float(theta[1]))
    exact, right = data.exact, data.right
    between = ~exact & ~right
    value = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        if exact.any():
            x, w = data.lower[exact] / scale, data.weight[exact]
            term = (shape - 1) * np.log(x) - x - special.gammaln(shape) - math.log(scale)
            value += float(w @ term)
        if right.any():
            survival = special.gammaincc(shape, data.lower[right] / scale)
            value += float(data.weight[right] @ np.log(survival))
        if between.any():
            high, low = data.upper[between] / scale, data.lower[between] / scale
            upper_side = special.gammaincc(shape, low) - special.gammaincc(shape, high)
            lower_side = special.gammainc(shape, high) - special.gammainc(shape, low)
            mass = np.where(low > shape, upper_side, lower_side)
            value += float(data.weight[between] @ np.log(mass))
    return value if math.isfinite(value) else -math.inf


def share_at(distribution: str, theta: FloatArray, time: FloatArray) -> FloatArray:
    if distribution == "gamma":
        x = np.maximum(time, 0.0) / math.exp(float(theta[1]))
        return np.asarray(special.gammainc(math.exp(float(theta[0])), x), dtype=np.float64)
    z = place_of(distribution, theta, time)
    values = families.share(families.standard_of(distribution), np.clip(z, -1e6, 1e6))
    return np.where(np.isneginf(z), 0.0, values)


def place_of(distribution: str, theta: FloatArray, time: FloatArray) -> FloatArray:
    """Standardised time of a location-scale family."""
    threshold = float(theta[2]) if families.has_threshold(distribution) else 0.0
    with np.errstate(divide="ignore"):
        y = (
            np.log(np.maximum(time - threshold, 0.0))
            if families.on_log(distribution)
            else np.asarray(time, dtype=np.float64)
        )
    return np.asarray((y - theta[0]) / math.exp(float(theta[1])), dtype=np.float64)


def quantile_at(distribution: str, theta: FloatArray, p: FloatArray) -> FloatArray:
    if distribution == "gamma":
        shape, scale = math.exp(float(theta[0])), math.exp(float(theta[1]))
        return np.asarray(scale * special.gammaincinv(shape, p), dtype=np.float64)
    z = families.quantile(families.standard_of(distribution), p)
    y = theta[0] + math.exp(float(theta[1])) * z
    if not families.on_log(distribution):
        return np.asarray(y, dtype=np.float64)
    threshold = float(theta[2]) if families.has_threshold(distribution) else 0.0
    return np.asarray(threshold + np.exp(np.minimum(y, 700.0)), dtype=np.float64)
