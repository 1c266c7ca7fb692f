"""Autoregression and EWMA forecast of one series, and its autocorrelations."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
from scipy import linalg, optimize

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.spc.weighted import smooth

# Above this condition number of the lagged values the coefficients are rounding.
_COLLINEAR = 1e12
_EXACT = 1e-13
_MOST_IN_GRID = 20_000


def autocorrelations(values: FloatArray, lags: int) -> FloatArray:
    """Autocorrelations from lag 1 on, divided by n (as R's acf)."""
    centred = values - values.mean()
    total = float(centred @ centred)
    if total == 0:
        return np.zeros(lags)
    return np.asarray([float(centred[lag:] @ centred[:-lag]) / total for lag in range(1, lags + 1)])


def ljung_box(values: FloatArray, lags: int) -> float:
    n = values.size
    r = autocorrelations(values, lags)
    return float(n * (n + 2) * np.sum(r**2 / (n - np.arange(1, lags + 1))))


class Autoregression(msgspec.Struct, frozen=True, kw_only=True):
    """x(t) = intercept + sum of coefficients x(t - lag) + residual."""

    intercept: float
    coefficients: FloatArray
    standard_errors: list[float] | None
    fit: str

    @property
    def parameters(self) -> int:
        return int(self.coefficients.size)

    @property
    def first(self) -> int:
        """So many values have no residual."""
        return self.parameters

    @property
    def mean(self) -> float | None:
        rest = 1 - float(self.coefficients.sum())
        return self.intercept / rest if self.stationary and abs(rest) > 1e-9 else None

    @property
    def stationary(self) -> bool:
        order = self.parameters
        companion = np.zeros((order, order))
        companion[0] = self.coefficients
        companion[1:, :-1] = np.eye(order - 1)
        return bool(np.abs(np.linalg.eigvals(companion)).max() < 1)

    @property
    def method(self) -> str:
        how = "least squares" if self.fit == "least_squares" else "the Yule-Walker equations"
        return f"autoregression of order {self.parameters} by {how}"

    def residuals(self, values: FloatArray) -> FloatArray:
        order, n = self.parameters, values.size
        predicted = np.full(n - order, self.intercept)
        for lag, coefficient in enumerate(self.coefficients.tolist(), start=1):
            predicted += coefficient * values[order - lag : n - lag]
        return np.asarray(values[order:] - predicted, dtype=np.float64)


class EwmaForecast(msgspec.Struct, frozen=True, kw_only=True):
    """The forecast is the EWMA of the values before, which starts at the first one."""

    weight: float
    sse: float
    fitted: bool

    parameters = 1
    first = 1

    @property
    def method(self) -> str:
        how = "of the smallest sum of squared errors" if self.fitted else "given"
        return f"one-step EWMA forecast, lambda {self.weight:.6g} {how}"

    def residuals(self, values: FloatArray) -> FloatArray:
        return _forecast_errors(values, self.weight)


def fit_autoregression(values: FloatArray, order: int, fit: str) -> Autoregression:
    """Least squares on the values before, or Yule-Walker from the autocorrelations."""
    # Around the mean, so that a large level costs no digits.
    mean = float(values.mean())
    centred = values - mean
    errors: list[float] | None = None
    if fit == "yule_walker":
        r = autocorrelations(values, order)
        coefficients = linalg.solve_toeplitz(np.concatenate(([1.0], r[:-1])), r)
        shift = 0.0
    else:
        gram, products, total = _products(centred, order)
        scale = np.sqrt(np.diag(gram))
        if np.linalg.cond(gram / np.outer(scale, scale)) > _COLLINEAR:
            raise InputError(
                "the values repeat so regularly that the lagged values are collinear",
                where="data",
                remedy="use a lower order",
            )
        solution = np.linalg.solve(gram, products)
        shift, coefficients = float(solution[0]), solution[1:]
        rss = max(total - float(solution @ products), 0.0)
        errors = _errors(gram, rss, centred.size - order, mean)
    intercept = shift + mean * (1 - float(coefficients.sum()))
    return Autoregression(
        intercept=intercept,
        coefficients=np.asarray(coefficients, dtype=np.float64),
        standard_errors=errors,
        fit=fit,
    )


def _errors(gram: FloatArray, rss: float, count: int, mean: float) -> list[float] | None:
    """Standard errors of the intercept of the values as they are, and of the coefficients."""
    degrees = count - gram.shape[0]
    if degrees < 1:
        return None
    covariance = np.linalg.inv(gram) * rss / degrees
    turned = np.ones(gram.shape[0])
    turned[1:] = -mean
    variances = [float(turned @ covariance @ turned), *np.diag(covariance)[1:].tolist()]
    return [math.sqrt(max(variance, 0.0)) for variance in variances]


def _products(values: FloatArray, order: int) -> tuple[FloatArray, FloatArray, float]:
    """X'X, X'y and y'y of the regression on an intercept and the values before.

    From products of shifted slices, so that the matrix X of a long series is never held.
    """
    n = values.size
    columns = [values[order - lag : n - lag] for lag in range(order + 1)]
    whole = np.empty((order + 1, order + 1))
    for i, first in enumerate(columns):
        for j in range(i, order + 1):
            whole[i, j] = whole[j, i] = float(first @ columns[j])
    sums = np.asarray([float(column.sum()) for column in columns])
    gram = np.empty((order + 1, order + 1))
    gram[0, 0] = n - order
    gram[0, 1:] = gram[1:, 0] = sums[1:]
    gram[1:, 1:] = whole[1:, 1:]
    return gram, np.concatenate(([sums[0]], whole[0, 1:])), float(whole[0, 0])


def best_order(values: FloatArray, most: int, fit: str) -> int:
    """The order with the smallest AIC, at least one; the same values for every order."""
    if fit == "yule_walker":
        variances = _levinson(autocorrelations(values, most))
        criteria = [values.size * math.log(v) + 2 * (k + 1) for k, v in enumerate(variances, 1)]
        return 1 + int(np.argmin(criteria))
    centred = values - values.mean()
    count = values.size - most
    gram, products, total = _products(centred, most)
    scores: list[float] = []
    for order in range(1, most + 1):
        part = gram[: order + 1, : order + 1]
        solution = np.linalg.lstsq(part, products[: order + 1], rcond=None)[0]
        rss = total - float(solution @ products[: order + 1])
        if rss <= _EXACT * total:
            return order
        scores.append(count * math.log(rss / count) + 2 * (order + 1))
    return 1 + int(np.argmin(scores))


def _levinson(r: FloatArray) -> list[float]:
    """Prediction variances, as shares of the variance, of the orders 1, 2 …"""
    variance, coefficients, found = 1.0, np.zeros(0), []
    for k in range(r.size):
        gain = (float(r[k]) - float(coefficients @ r[:k][::-1])) / variance
        coefficients = np.concatenate((coefficients - gain * coefficients[::-1], [gain]))
        variance *= max(1 - gain**2, 1e-300)
        found.append(variance)
    return found


def fit_ewma(values: FloatArray, weight: float | None) -> EwmaForecast:
    """The weight of the smallest sum of squared one-step errors, unless it is given."""

    def sse(candidate: float) -> float:
        errors = _forecast_errors(values, candidate)
        return float(errors @ errors)

    if weight is not None:
        return EwmaForecast(weight=weight, sse=sse(weight), fitted=False)
    # The sum can have several minima: the best of a grid (over some of the values, if they
    # are many), then refined over all.
    grid = np.linspace(0.02, 1.0, 50)
    some = values[-_MOST_IN_GRID:]
    errors = [_forecast_errors(some, float(candidate)) for candidate in grid]
    at = int(np.argmin([float(error @ error) for error in errors]))
    found: Any = optimize.minimize_scalar(
        sse,
        bounds=(float(grid[max(at - 1, 0)]) if at else 1e-6, float(grid[min(at + 1, 49)])),
        method="bounded",
        options={"xatol": 1e-8 if values.size <= _MOST_IN_GRID else 1e-5},
    )
    best = float(found.x)
    return EwmaForecast(weight=best, sse=sse(best), fitted=True)


def _forecast_errors(values: FloatArray, weight: float) -> FloatArray:
    origin = float(values[0])
    levels = smooth(values[1:-1] - origin, 0.0, weight)
    return np.asarray(values[1:] - origin - np.concatenate(([0.0], levels)), dtype=np.float64)
