"""Columns and geometry of the full second-order polynomial in coded units."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec
import numpy as np
from scipy import optimize

from havoc.tools.parameters import FloatArray


def second_order_columns(coded: FloatArray) -> FloatArray:
    """Intercept, linear, two-factor interactions, pure quadratics, in this order."""
    k = coded.shape[1]
    columns = [np.ones(len(coded)), *coded.T]
    columns += [coded[:, i] * coded[:, j] for i, j in itertools.combinations(range(k), 2)]
    columns += [column**2 for column in coded.T]
    return np.column_stack(columns)


def second_order_terms(names: Sequence[str]) -> list[str]:
    """Names of the columns after the intercept: ``A``, ``A:B``, ``A^2``."""
    pairs = [f"{a}:{b}" for a, b in itertools.combinations(names, 2)]
    return [*names, *pairs, *(f"{name}^2" for name in names)]


Kind = Literal["maximum", "minimum", "saddle", "ridge", "none"]


class Quadratic(msgspec.Struct, kw_only=True):
    """constant + x'linear + x'curvature x, with a symmetric curvature matrix."""

    constant: float
    linear: FloatArray
    curvature: FloatArray

    def __call__(self, point: FloatArray) -> float:
        return float(self.constant + point @ self.linear + point @ self.curvature @ point)

    def gradient(self, point: FloatArray) -> FloatArray:
        slope: FloatArray = self.linear + 2 * self.curvature @ point
        return slope

    @classmethod
    def of(cls, coefficients: FloatArray, k: int) -> Quadratic:
        """From intercept, linear, two-factor interactions and pure quadratics."""
        curvature = np.zeros((k, k))
        for value, (i, j) in zip(
            coefficients[1 + k :], itertools.combinations(range(k), 2), strict=False
        ):
            curvature[i, j] = curvature[j, i] = value / 2
        np.fill_diagonal(curvature, coefficients[len(coefficients) - k :])
        return cls(
            constant=float(coefficients[0]), linear=coefficients[1 : 1 + k], curvature=curvature
        )


class Canonical(msgspec.Struct, kw_only=True):
    """Canonical analysis: eigenvalues, largest first, and the stationary point."""

    eigenvalues: FloatArray
    eigenvectors: FloatArray
    kind: Kind
    stationary: FloatArray | None


def canonical_analysis(surface: Quadratic) -> Canonical:
    """Kind and place of the stationary point (Box & Draper 2007, chapter 10)."""
    values, vectors = np.linalg.eigh(surface.curvature)
    order = np.argsort(values)[::-1]
    values, vectors = values[order], vectors[:, order]
    size = float(np.abs(values).max())
    scale = max(size, float(np.abs(surface.linear).max()))
    if size <= 1e-12 * max(scale, 1e-300):
        kind: Kind = "none"
        return Canonical(eigenvalues=values, eigenvectors=vectors, kind=kind, stationary=None)
    if np.abs(values).min() <= 1e-10 * size:
        return Canonical(eigenvalues=values, eigenvectors=vectors, kind="ridge", stationary=None)
    kind = "maximum" if values[0] < 0 else "minimum" if values[-1] > 0 else "saddle"
    stationary = -np.linalg.solve(surface.curvature, surface.linear) / 2 + 0.0
    return Canonical(eigenvalues=values, eigenvectors=vectors, kind=kind, stationary=stationary)


def best_point(
    surface: Quadratic,
    low: FloatArray,
    high: FloatArray,
    radius: float | None,
    starts: FloatArray,
    loss: Callable[[float], tuple[float, float]],
) -> FloatArray:
    """The point of least loss in the box and, with ``radius``, inside the sphere.

    ``loss`` gives the loss of a predicted value and its derivative. Local
    searches from every start; the result does not depend on chance.
    """

    def value(point: FloatArray) -> float:
        return loss(surface(point))[0]

    def slope(point: FloatArray) -> FloatArray:
        derivative: FloatArray = loss(surface(point))[1] * surface.gradient(point)
        return derivative

    inside = (
        [
            {
                "type": "ineq",
                "fun": lambda point: radius**2 - point @ point,
                "jac": lambda point: -2 * point,
            }
        ]
        if radius is not None
        else []
    )
    best: FloatArray = starts[0]
    best_value = value(best)
    for start in starts:
        found = optimize.minimize(
            value,
            start,
            jac=slope,
            bounds=list(zip(low, high, strict=True)),
            constraints=inside,
            method="SLSQP",
            options={"maxiter": 200, "ftol": 1e-14},
        )
        point: FloatArray = np.clip(np.asarray(found.x, dtype=np.float64), low, high)
        if radius is not None and point @ point > radius**2:
            point = point * (radius / float(np.sqrt(point @ point)))
        for candidate in (point, start):
            if value(candidate) < best_value:
                best, best_value = candidate, value(candidate)
    return best
