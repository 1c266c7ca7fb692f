"""Log lifetimes as a linear function of covariates: ln T = X b + sigma times a standard error.

Maximum likelihood with right-censored times, Newton steps with analytic derivatives.

Source: W. Q. Meeker and L. A. Escobar, Statistical Methods for Reliability Data (1998),
17.2 and 19.2; the model of R's survival::survreg.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.reliability import life_families as families
from havoc.tools.reliability.life_data import Lives

_MAX_STEPS = 200


class Regression(msgspec.Struct, kw_only=True):
    """Coefficients and ln sigma's with the covariance of all of them, in that order.

    ``sigma_of`` tells which sigma each unit has; a fixed sigma has no place in the covariance.
    """

    standard: str
    coefficients: FloatArray
    log_sigma: FloatArray
    loglik: float
    covariance: FloatArray | None

    @property
    def sigma(self) -> float:
        return math.exp(float(self.log_sigma[0]))


def fit_regression(
    distribution: str,
    lives: Lives,
    design: FloatArray,
    sigma_of: np.ndarray | None = None,
    *,
    fixed_sigma: float | None = None,
) -> Regression:
    """``design`` has one row for every time of ``lives`` (in its order)."""
    standard = families.standard_of(distribution)
    y, w, failed = np.log(lives.time), lives.weight, lives.failed
    group = np.zeros(y.size, dtype=np.int64) if sigma_of is None else sigma_of
    sigmas = int(group.max()) + 1
    p = design.shape[1]
    start, *_ = np.linalg.lstsq(design * np.sqrt(w)[:, None], y * np.sqrt(w), rcond=None)
    residual = y - design @ start
    spread = math.sqrt(float(np.average(residual**2, weights=w)))
    theta = np.concatenate([start, np.full(sigmas, math.log(max(spread, 1e-3)))])
    free = np.ones(theta.size, dtype=bool)
    if fixed_sigma is not None:
        theta[p:] = math.log(fixed_sigma)
        free[p:] = False
    one_hot = np.eye(sigmas)[group]

    def parts(theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        sigma = np.exp(np.clip(theta[p:], -50, 50))[group]
        return np.clip((y - design @ theta[:p]) / sigma, -1e6, 1e6), sigma

    def value(theta: FloatArray) -> float:
        z, sigma = parts(theta)
        density = families.log_density(standard, z) - np.log(sigma) - y
        return float(w @ np.where(failed, density, families.log_survival(standard, z)))

    def derivatives(theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        z, sigma = parts(theta)
        first, second = _slopes(standard, z, failed)
        by_eta = -first / sigma
        by_log = -first * z - failed
        gradient = np.concatenate([design.T @ (w * by_eta), one_hot.T @ (w * by_log)])
        eta_eta = w * second / sigma**2
        eta_log = w * (second * z + first) / sigma
        log_log = w * (second * z * z + first * z)
        hessian = np.block(
            [
                [design.T @ (eta_eta[:, None] * design), design.T @ (eta_log[:, None] * one_hot)],
                [one_hot.T @ (eta_log[:, None] * design), one_hot.T @ (log_log[:, None] * one_hot)],
            ]
        )
        return gradient[free], hessian[np.ix_(free, free)]

    best = value(theta)
    for _ in range(_MAX_STEPS):
        gradient, hessian = derivatives(theta)
        step = np.zeros(theta.size)
        step[free] = _ascent(gradient, hessian)
        size = 1.0
        while size > 1e-10:
            reached = value(theta + size * step)
            if math.isfinite(reached) and reached >= best - 1e-13 * abs(best):
                break
            size /= 2
        else:
            break
        theta, best = theta + size * step, max(best, reached)
        if float(np.max(np.abs(size * step))) < 1e-10:
            break
    else:
        raise InputError(
            "the likelihood has no maximum that was found",
            where="time",
            remedy="check that every stress or group has failures",
        )
    _, hessian = derivatives(theta)
    return Regression(
        standard=standard,
        coefficients=theta[:p],
        log_sigma=theta[p:],
        loglik=best,
        covariance=_inverse(hessian),
    )


def _slopes(standard: str, z: FloatArray, failed: np.ndarray) -> tuple[FloatArray, FloatArray]:
    """First and second derivative of a unit's log likelihood with respect to z."""
    slope = families.slope_of_log_density(standard, z)
    hazard = np.exp(families.log_density(standard, z) - families.log_survival(standard, z))
    first = np.where(failed, slope, -hazard)
    if standard == "sev":
        curve = slope - 1
    elif standard == "normal":
        curve = np.full_like(z, -1.0)
    else:
        curve = -(1 - slope**2) / 2
    second = np.where(failed, curve, -hazard * (slope + hazard))
    return first, second


def _ascent(gradient: FloatArray, hessian: FloatArray) -> FloatArray:
    values = np.linalg.eigvalsh(hessian)
    if float(values.max()) < 0:
        step = -np.linalg.solve(hessian, gradient)
    else:
        step = np.linalg.solve(np.eye(gradient.size) * (1 + np.abs(values).max()), gradient)
    largest = float(np.max(np.abs(step)))
    return np.asarray(step * (2 / largest) if largest > 2 else step, dtype=np.float64)


def _inverse(hessian: FloatArray) -> FloatArray | None:
    if not np.isfinite(hessian).all() or float(np.linalg.eigvalsh(hessian).max()) >= 0:
        return None
    inverse = np.asarray(-np.linalg.inv(hessian), dtype=np.float64)
    return inverse if (np.diag(inverse) > 0).all() else None
