"""Ordinary least squares by QR, with what an analysis of an experiment needs of it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import stats

from havoc.tools.parameters import FloatArray


class Fit(msgspec.Struct, kw_only=True):
    """A fitted linear model. ``unscaled`` is the diagonal of (X'X)^-1."""

    coefficients: FloatArray
    unscaled: FloatArray
    inverse_root: FloatArray
    fitted: FloatArray
    residuals: FloatArray
    leverages: FloatArray
    rss: float
    df: int


def fit(model: FloatArray, response: FloatArray) -> Fit:
    """Fit ``response`` on the columns of ``model``, which must be independent."""
    gram = model.T @ model
    scales = np.diag(gram)
    if np.all(gram == np.diag(scales)):
        # Orthogonal columns, as in most designs: exact sums, no decomposition needed.
        inverse = np.diag(1 / np.sqrt(scales))
        coefficients = (model.T @ response) / scales
        leverages = (model**2) @ (1 / scales)
    else:
        q, r = np.linalg.qr(model)
        inverse = np.linalg.inv(r)
        coefficients = inverse @ (q.T @ response)
        leverages = (q**2).sum(axis=1)
    # A coefficient at the level of rounding is zero; it would read as 3e-15.
    coefficients[np.abs(coefficients) < 1e-14 * float(np.abs(response).max())] = 0.0
    fitted = model @ coefficients
    residuals = response - fitted
    df = len(response) - model.shape[1]
    rss = float(residuals @ residuals)
    # A saturated model leaves rounding errors only.
    if df == 0 or rss <= 1e-24 * float(response @ response):
        rss = 0.0
    return Fit(
        coefficients=coefficients,
        unscaled=(inverse**2).sum(axis=1),
        inverse_root=inverse,
        fitted=fitted,
        residuals=residuals,
        leverages=leverages,
        rss=rss,
        df=df,
    )


def independent_columns(columns: FloatArray, base: FloatArray) -> list[int]:
    """Indices of the columns that add something to ``base`` and to those before them."""
    q, _ = np.linalg.qr(base)
    basis = [q[:, index] for index in range(q.shape[1])]
    kept: list[int] = []
    space = np.array(basis)
    for index in range(columns.shape[1]):
        if len(space) == len(columns):
            break
        column = columns[:, index]
        # Twice is enough (Kahan): the second pass removes what rounding left of the first.
        rest = column - space.T @ (space @ column)
        rest = rest - space.T @ (space @ rest)
        norm = float(np.linalg.norm(rest))
        if norm > 1e-8 * max(float(np.linalg.norm(column)), 1e-300):
            kept.append(index)
            space = np.vstack([space, rest / norm])
    return kept


class PureError(msgspec.Struct, frozen=True, kw_only=True):
    """Variation between runs at the same settings, and what the model misses beyond it."""

    ss_pure_error: float
    df_pure_error: int
    ss_lack_of_fit: float
    df_lack_of_fit: int
    f: float | None = None
    p_value: float | None = None


def lack_of_fit(
    settings: FloatArray, block_columns: FloatArray, response: FloatArray, fitted: Fit
) -> PureError | None:
    """Lack of fit against pure error, or None without replicated settings.

    Pure error is what remains after a separate mean for every setting, and an
    additive block effect.
    """
    groups = group_of_rows(settings)
    count = int(groups.max()) + 1
    if count == len(response):
        return None
    if block_columns.shape[1] == 0:
        means = np.bincount(groups, response) / np.bincount(groups)
        difference = response - means[groups]
        ss_pure, df_pure = float(difference @ difference), len(response) - count
    else:
        indicator = np.zeros((len(response), count))
        indicator[np.arange(len(response)), groups] = 1.0
        added = independent_columns(block_columns, indicator)
        full = fit(np.column_stack([indicator, block_columns[:, added]]), response)
        ss_pure, df_pure = full.rss, full.df
    if df_pure <= 0:
        return None
    df_lack = fitted.df - df_pure
    ss_lack = max(fitted.rss - ss_pure, 0.0) if df_lack > 0 else 0.0
    if df_lack <= 0 or ss_pure <= 0:
        return PureError(
            ss_pure_error=ss_pure,
            df_pure_error=df_pure,
            ss_lack_of_fit=ss_lack,
            df_lack_of_fit=max(df_lack, 0),
        )
    f = (ss_lack / df_lack) / (ss_pure / df_pure)
    return PureError(
        ss_pure_error=ss_pure,
        df_pure_error=df_pure,
        ss_lack_of_fit=ss_lack,
        df_lack_of_fit=df_lack,
        f=f,
        p_value=float(stats.f.sf(f, df_lack, df_pure)),
    )


def group_of_rows(settings: FloatArray) -> NDArray[np.int64]:
    """Number of the distinct setting of every row (equal to nine decimals)."""
    groups = np.zeros(len(settings), dtype=np.int64)
    for column in np.round(settings, 9).T:
        values, position = np.unique(column, return_inverse=True)
        groups = np.unique(groups * len(values) + position.ravel(), return_inverse=True)[1].ravel()
    return groups


def block_dummies(blocks: Sequence[str | float]) -> tuple[list[str], FloatArray]:
    """Labels of all blocks but the first, and their indicator columns."""
    column = np.array([block if isinstance(block, str) else f"{block:g}" for block in blocks])
    labels = list(dict.fromkeys(column.tolist()))
    if not labels:
        return [], np.zeros((0, 0))
    return labels[1:], np.column_stack(
        [np.zeros((len(column), 0)), *[(column == label).astype(float) for label in labels[1:]]]
    )


def r_squared_predicted(fitted: Fit, total: float) -> float | None:
    """1 - PRESS / total, or None if a run determines its own prediction."""
    rest = 1 - fitted.leverages
    if total <= 0 or np.any(rest < 1e-9):
        return None
    press = float(((fitted.residuals / rest) ** 2).sum())
    return 1 - press / total
