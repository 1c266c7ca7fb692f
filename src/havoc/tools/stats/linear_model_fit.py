"""Least squares of a model of terms, and the sums of squares of its effects.

Sources: S. R. Searle, Linear Models for Unbalanced Data (1987), chapters 4 and 9; F. M.
Speed, R. R. Hocking, O. P. Hackney (1978), J. Am. Stat. Assoc. 73, 105 (types of sums).
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
from scipy import special

from havoc.tools.parameters import FloatArray
from havoc.tools.stats import precise_sums
from havoc.tools.stats.linear_terms import Terms


class LinearFit:
    """The fit of all terms; submodels are fitted from its triangle, not from the rows."""

    def __init__(self, terms: Terms, y: FloatArray) -> None:
        self.terms = terms
        self.origin = precise_sums.mean(y)
        response = precise_sums.deviations(y)
        size = np.linalg.norm(terms.matrix, axis=0)
        q, triangle = np.linalg.qr(terms.matrix / size)
        self._triangle, self._projected = triangle, q.T @ response
        gap = response - q @ self._projected
        gap = gap - q @ (q.T @ gap)
        self.residuals = gap
        self.fitted = y - gap
        self.ss_error = math.fsum((gap * gap).tolist())
        self.ss_total = math.fsum((response * response).tolist())
        self.n, self.width = terms.matrix.shape
        self.df_error = self.n - self.width
        inverse = np.linalg.inv(triangle) / size[:, None]
        self.coefficients = inverse @ self._projected
        self.unscaled = inverse @ inverse.T
        self.leverage = (q * q).sum(axis=1)

    @property
    def ms_error(self) -> float:
        return float(self.ss_error / self.df_error)

    def ss_of(self, columns: list[int]) -> float:
        """Residual sum of squares of the model of these columns."""
        q, _ = np.linalg.qr(self._triangle[:, columns])
        gap = self._projected - q @ (q.T @ self._projected)
        return self.ss_error + float(gap @ gap)

    def sums(self, ss_type: int) -> list[float]:
        """Sum of squares of every term."""
        parts = self.terms.parts
        everything = list(range(len(parts)))
        result = []
        for i, part in enumerate(parts):
            if ss_type == 1:
                model = everything[: i + 1]
            elif ss_type == 2:
                # after every term that does not contain this one
                model = [k for k in everything if k == i or not set(part) < set(parts[k])]
            else:
                model = everything
            less = [k for k in model if k != i]
            gain = self.ss_of(self.terms.columns(less)) - self.ss_of(self.terms.columns(model))
            result.append(max(gain, 0.0))
        return result

    def estimate(self, row: FloatArray) -> tuple[float, float]:
        """A linear function of the coefficients (the mean of y included), and its error."""
        value = float(row @ self.coefficients) + self.origin * float(row[0])
        return value, math.sqrt(max(float(row @ self.unscaled @ row) * self.ms_error, 0.0))


class JointTest(msgspec.Struct, frozen=True, kw_only=True):
    F: float
    df: int
    p_value: float


def joint_test(gain: float, df: int, ss_error: float, df_error: int) -> JointTest:
    statistic = min(gain / df / (ss_error / df_error), 1e300) if ss_error > 0 else 1e300
    return JointTest(F=statistic, df=df, p_value=float(special.fdtrc(df, df_error, statistic)))
