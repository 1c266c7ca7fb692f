"""Linear least squares that keeps its digits, and what a fitted model leaves behind.

Coefficients are solved by orthogonalisation, never by normal equations. Small
problems are worked in decimal arithmetic of 80 digits on the values as they were
written, so that a polynomial of degree ten in an uncentred variable loses nothing;
large ones by Householder QR of centred and scaled columns in float64.

Reference: NIST Statistical Reference Datasets, linear regression (Longley, Filip,
Wampler); A. Bjorck, Numerical Methods for Least Squares Problems (1996), chapter 2.
"""

from __future__ import annotations

import dataclasses
import decimal
import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray, alike
from havoc.tools.stats import precise_sums

DECIMAL_DIGITS = 80
# Values times squared columns up to which decimal arithmetic takes about a tenth of a second.
DECIMAL_WORK = 120_000
# A column whose part orthogonal to the columns before it is smaller than this is dependent.
DEPENDENT = 1e-10
# Residual over total sum of squares below which the fit is perfect up to rounding.
PERFECT = 1e-26
MOST_VALUES = 20_000_000

ObjectArray = NDArray[Any]


@dataclasses.dataclass(frozen=True)
class Columns:
    """The model matrix, as raw columns (without the constant) or as powers of one column.

    ``centre`` and ``scale`` define the working variables (x - centre) / scale, in
    which float64 is safe.
    """

    raw: FloatArray
    degree: int
    intercept: bool
    centre: FloatArray
    scale: FloatArray

    @property
    def count(self) -> int:
        """Columns of the model matrix, the constant included."""
        slopes = self.degree if self.degree else int(self.raw.shape[1])
        return slopes + (1 if self.intercept else 0)

    def working(self, raw: FloatArray) -> FloatArray:
        """Rows of the model matrix in working variables."""
        scaled = (raw - self.centre) / self.scale
        if self.degree:
            scaled = scaled[:, :1] ** np.arange(1, self.degree + 1)
        return np.column_stack([np.ones(len(raw)), scaled]) if self.intercept else scaled

    def to_raw(self) -> FloatArray:
        """Matrix that turns working coefficients into coefficients of the raw variables."""
        matrix = np.zeros((self.count, self.count))
        first = 1 if self.intercept else 0
        if self.degree:
            centre, scale = float(self.centre[0]), float(self.scale[0])
            for k in range(1 - first, self.degree + 1):
                row = k if self.intercept else k - 1
                for i in range(1 - first, k + 1):
                    target = i if self.intercept else i - 1
                    matrix[target, row] = math.comb(k, i) * (-centre) ** (k - i) / scale**k
            return matrix
        slopes = np.arange(first, self.count)
        matrix[slopes, slopes] = 1 / self.scale
        if self.intercept:
            matrix[0, 0] = 1.0
            matrix[0, 1:] = -self.centre / self.scale
        return matrix


@dataclasses.dataclass(frozen=True)
class Fit:
    """A fitted linear model. ``unscaled`` is the covariance of the coefficients over sigma²."""

    columns: Columns
    coefficients: FloatArray
    unscaled: FloatArray
    fitted: FloatArray
    residuals: FloatArray
    leverage: FloatArray
    ss_residual: float
    ss_total: float
    triangle: FloatArray
    working_coefficients: FloatArray
    origin: float
    perfect: bool

    @property
    def n(self) -> int:
        return int(self.fitted.size)

    @property
    def df_residual(self) -> int:
        return self.n - self.columns.count

    @property
    def df_model(self) -> int:
        return self.columns.count - (1 if self.columns.intercept else 0)

    @property
    def residual_variance(self) -> float:
        return self.ss_residual / self.df_residual if self.df_residual else math.nan

    def predict(self, raw: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Fitted value and leverage at new rows of the raw variables."""
        rows = self.columns.working(raw)
        solved = linalg.solve_triangular(self.triangle, rows.T, trans="T")
        return self.origin + rows @ self.working_coefficients, (solved**2).sum(axis=0)


def model_columns(raw: FloatArray, names: Sequence[str], *, intercept: bool, where: str) -> Columns:
    """Columns of a model that is linear in its predictors."""
    if raw.size > MOST_VALUES:
        raise InputError(f"{raw.size} values are too many", where=where, remedy="use fewer rows")
    centre = raw.mean(axis=0) if intercept else np.zeros(raw.shape[1])
    scale = np.linalg.norm(raw - centre, axis=0)
    for j, name in enumerate(names):
        if intercept and alike(raw[:, j]):
            raise InputError(
                f"all values of {name} are equal, so it has no effect that could be estimated",
                where=where,
                remedy="leave it out or vary it",
            )
        if scale[j] == 0:
            raise InputError(f"all values of {name} are 0", where=where, remedy="leave it out")
    return Columns(raw=raw, degree=0, intercept=intercept, centre=centre, scale=scale)


def polynomial_columns(x: FloatArray, degree: int, *, intercept: bool, where: str) -> Columns:
    """Columns x, x², … of a polynomial."""
    distinct = np.unique(x).size
    needed = degree + (1 if intercept else 0)
    if distinct < needed or (distinct == needed and x.size == distinct):
        possible = max(min(distinct, x.size - 1) - 1, 1)
        raise InputError(
            f"{distinct} different x values among {x.size} rows do not carry degree {degree}",
            where=where,
            remedy=f"use degree {possible} or measure at more settings",
        )
    low, high = float(x.min()), float(x.max())
    centre = (low + high) / 2 if intercept else 0.0
    scale = (high - low) / 2 if intercept else max(abs(low), abs(high))
    return Columns(
        raw=x[:, None],
        degree=degree,
        intercept=intercept,
        centre=np.array([centre]),
        scale=np.array([scale]),
    )


def least_squares(columns: Columns, y: FloatArray, names: Sequence[str], where: str) -> Fit:
    """Fit ``y`` on the columns. Raises InputError if a column depends on those before it."""
    n, p = y.size, columns.count
    if n <= p:
        raise InputError(
            f"{n} rows for {p} coefficients leave nothing to estimate the scatter from",
            where=where,
            remedy="add rows or use a smaller model",
        )
    rows = columns.working(columns.raw)
    origin = precise_sums.mean(y) if columns.intercept else 0.0
    response = precise_sums.deviations(y) if columns.intercept else y
    q, triangle = np.linalg.qr(rows)
    _refuse_dependent(rows, triangle, columns, names, where)
    projected = q.T @ response
    working = linalg.solve_triangular(triangle, projected)
    # Projecting a second time removes what rounding left of the first projection.
    residuals = response - q @ projected
    residuals = residuals - q @ (q.T @ residuals)
    inverse = linalg.solve_triangular(triangle, np.eye(p))
    transform = columns.to_raw() @ inverse
    coefficients = columns.to_raw() @ working
    if columns.intercept:
        coefficients[0] += origin
    unscaled = transform @ transform.T
    ss_residual = math.fsum((residuals**2).tolist())
    ss_total = math.fsum((response**2).tolist())
    if n * p * p <= DECIMAL_WORK:
        exact = _decimal_fit(columns, y)
        coefficients, residuals = exact.coefficients, exact.residuals
        np.fill_diagonal(unscaled, exact.unscaled_variances)
        ss_residual, ss_total = exact.ss_residual, exact.ss_total
    uncentred = float((y * y).sum())
    perfect = ss_residual <= PERFECT * max(uncentred, ss_total)
    if perfect:
        ss_residual, residuals = 0.0, np.zeros(n)
    return Fit(
        columns=columns,
        coefficients=coefficients,
        unscaled=unscaled,
        fitted=y - residuals,
        residuals=residuals,
        leverage=np.minimum((q**2).sum(axis=1), 1.0),
        ss_residual=ss_residual,
        ss_total=ss_total,
        triangle=triangle,
        working_coefficients=working,
        origin=origin,
        perfect=perfect,
    )


def _refuse_dependent(
    rows: FloatArray, triangle: FloatArray, columns: Columns, names: Sequence[str], where: str
) -> None:
    sizes = np.linalg.norm(rows, axis=0)
    own = np.abs(np.diag(triangle))
    dependent = np.flatnonzero(own <= DEPENDENT * sizes)
    if dependent.size:
        j = int(dependent[0]) - (1 if columns.intercept else 0)
        raise InputError(
            f"{names[j]} is an exact combination of the terms before it, "
            "so their effects cannot be told apart",
            where=where,
            remedy=f"leave {names[j]} out",
        )


@dataclasses.dataclass(frozen=True)
class _Exact:
    coefficients: FloatArray
    unscaled_variances: FloatArray
    residuals: FloatArray
    ss_residual: float
    ss_total: float


def _decimal_fit(columns: Columns, y: FloatArray) -> _Exact:
    """Modified Gram-Schmidt in decimal arithmetic on the values as they were written."""
    with decimal.localcontext() as context:
        context.prec = DECIMAL_DIGITS
        context.Emax, context.Emin = decimal.MAX_EMAX, decimal.MIN_EMIN
        raw = [_decimals(column) for column in columns.raw.T]
        if columns.degree:
            raw = [raw[0] ** k for k in range(1, columns.degree + 1)]
        response = _decimals(y)
        n = Decimal(int(y.size))
        means = [column.sum() / n if columns.intercept else Decimal(0) for column in raw]
        response_mean = response.sum() / n if columns.intercept else Decimal(0)
        basis = [column - mean for column, mean in zip(raw, means, strict=True)]
        rest = response - response_mean
        ss_total = rest @ rest
        p = len(basis)
        triangle = np.full((p, p), Decimal(0), dtype=object)
        projected = np.full(p, Decimal(0), dtype=object)
        for j in range(p):
            triangle[j, j] = (basis[j] @ basis[j]).sqrt()
            unit = basis[j] / triangle[j, j]
            for k in range(j + 1, p):
                triangle[j, k] = unit @ basis[k]
                basis[k] = basis[k] - triangle[j, k] * unit
            projected[j] = unit @ rest
            rest = rest - projected[j] * unit
        inverse = _inverse(triangle)
        slopes = inverse @ projected
        variances = [(row @ row) for row in inverse]
        coefficients = list(slopes)
        if columns.intercept:
            mean_row = np.array(means, dtype=object)
            coefficients.insert(0, response_mean - mean_row @ slopes)
            shifted = mean_row @ inverse
            variances.insert(0, 1 / n + shifted @ shifted)
        return _Exact(
            coefficients=np.array(coefficients, dtype=np.float64),
            unscaled_variances=np.array(variances, dtype=np.float64),
            residuals=rest.astype(np.float64),
            ss_residual=float(rest @ rest),
            ss_total=float(ss_total),
        )


def _decimals(values: FloatArray) -> ObjectArray:
    return np.array([Decimal(repr(value)) for value in values.tolist()], dtype=object)


def _inverse(triangle: ObjectArray) -> ObjectArray:
    """Inverse of an upper triangular matrix by back substitution."""
    p = len(triangle)
    inverse = np.full((p, p), Decimal(0), dtype=object)
    for j in range(p):
        inverse[j, j] = 1 / triangle[j, j]
        for i in range(j - 1, -1, -1):
            inverse[i, j] = (
                -(triangle[i, i + 1 : j + 1] @ inverse[i + 1 : j + 1, j]) / triangle[i, i]
            )
    return inverse
