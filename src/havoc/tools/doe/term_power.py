"""Chance that a design finds each term of its model, and how terms disturb each other.

Sources: R. H. Myers, D. C. Montgomery and C. M. Anderson-Cook, Response Surface
Methodology (4th ed., 2016), sections 2.3 and 8.2; D. A. Belsley, E. Kuh and R. E. Welsch,
Regression Diagnostics (1980), chapter 3 (variance inflation).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
from scipy import special

from havoc.tools.doe.optimal_model import OptimalModel
from havoc.tools.parameters import FloatArray

Convention = Literal["coefficient", "range"]


class Coefficient(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One column of the model. ``standard_error`` is that of the coefficient in error standard
    deviations, ``vif`` how often its variance is that of an orthogonal design."""

    name: str
    term: str
    standard_error: float
    vif: float | None = None
    r_squared: float | None = None
    power: float | None = None


class EffectPower(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A term as a whole; a factor with m labels has m - 1 columns."""

    name: str
    df: int
    noncentrality: float
    power: float | None = None


def power_of(df: int, error_df: int, noncentrality: float, alpha: float) -> float | None:
    """Power of the F test of ``df`` coefficients together; None without error."""
    if error_df < 1:
        return None
    critical = special.fdtri(df, error_df, 1 - alpha)
    # ncfdtr loses its way far out, where the power is one to the last digit.
    if noncentrality > 60 * (1 + critical) * df:
        return 1.0
    missed = float(special.ncfdtr(df, error_df, noncentrality, critical))
    return float(np.clip(1 - missed, 0.0, 1.0))


def coefficients_of(
    model: OptimalModel,
    rows: FloatArray,
    inverse: FloatArray,
    error_df: int,
    ratio: float,
    alpha: float,
    convention: Convention,
) -> list[Coefficient]:
    """Every column; ``ratio`` is the effect to find in error standard deviations."""
    found = []
    centered = rows - rows.mean(axis=0)
    spread = (centered**2).sum(axis=0)
    with_intercept = model.names[0] == "intercept"
    for index, name in enumerate(model.names):
        variance = float(inverse[index, index])
        vif = variance * float(spread[index]) if with_intercept and index else None
        shift = (ratio * _share(name, convention)) ** 2 / variance
        found.append(
            Coefficient(
                name=name,
                term=model.term_of[index],
                standard_error=float(np.sqrt(variance)),
                vif=vif,
                r_squared=None if vif is None else max(0.0, 1 - 1 / max(vif, 1.0)),
                power=None if name == "intercept" else power_of(1, error_df, shift, alpha),
            )
        )
    return found


def effects_of(
    model: OptimalModel,
    inverse: FloatArray,
    error_df: int,
    ratio: float,
    alpha: float,
    convention: Convention,
) -> list[EffectPower]:
    """Every term, all its columns together."""
    effects = []
    for term in dict.fromkeys(model.term_of):
        columns = [index for index, own in enumerate(model.term_of) if own == term]
        if term == "intercept":
            continue
        precision = np.asarray(np.linalg.inv(inverse[np.ix_(columns, columns)]), dtype=np.float64)
        shift = _noncentrality(model, term, columns, precision, ratio, convention)
        effects.append(
            EffectPower(
                name=term,
                df=len(columns),
                noncentrality=shift,
                power=power_of(len(columns), error_df, shift, alpha),
            )
        )
    return effects


def _share(name: str, convention: Convention) -> float:
    """Coefficient that makes an effect of one: half of it, but a square goes from 0 to 1."""
    squares = [part for part in name.split("*") if part.endswith("^2")]
    if convention == "range" and squares and len(squares) == len(name.split("*")):
        return 1.0
    return 0.5


def _noncentrality(
    model: OptimalModel,
    term: str,
    columns: Sequence[int],
    precision: FloatArray,
    ratio: float,
    convention: Convention,
) -> float:
    if len(columns) == 1:
        share = _share(model.names[columns[0]], convention)
        return float((ratio * share) ** 2 * precision[0, 0])
    names = [factor.name for factor in model.factors]
    if term not in names:
        # No single pattern stands for an interaction of labels: the one that is found worst.
        return float((ratio / 2) ** 2 * np.linalg.eigvalsh(precision)[0])
    contrasts = model.contrasts[names.index(term)]
    levels = len(contrasts)
    shifts = []
    for first, second in itertools.combinations(range(levels), 2):
        coefficients = ratio / 2 * (contrasts[first] - contrasts[second]) / levels
        shifts.append(float(coefficients @ precision @ coefficients))
    return min(shifts)


def correlations(rows: FloatArray) -> FloatArray:
    """Correlation of the columns; a column that does not vary has none with any other."""
    centered = rows - rows.mean(axis=0)
    length = np.sqrt((centered**2).sum(axis=0))
    varying = length > 1e-9
    scaled = np.where(varying, centered / np.where(varying, length, 1.0), 0.0)
    matrix = scaled.T @ scaled
    np.fill_diagonal(matrix, 1.0)
    return np.clip(np.round(matrix, 10) + 0.0, -1, 1)
