"""Columns and geometry of the full second-order polynomial in coded units."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np

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
