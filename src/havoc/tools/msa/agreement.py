"""Kappa statistics: agreement beyond chance, with standard errors.

Sources: J. Cohen (1960), Educ. Psychol. Meas. 20, 37, and (1968), Psychol. Bull.
70, 213 (weights); J. L. Fleiss, J. Cohen and B. S. Everitt (1969), Psychol. Bull.
72, 323 (standard errors); J. L. Fleiss (1971), Psychol. Bull. 76, 378, and J. L.
Fleiss, J. C. M. Nee and J. R. Landis (1979), Psychol. Bull. 86, 974.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np

from havoc.tools.parameters import FloatArray


class Kappa(msgspec.Struct, frozen=True, kw_only=True):
    """``se_null`` is the standard error if there were chance agreement only.

    ``se`` is the standard error for the interval, None where it does not exist.
    """

    value: float
    observed: float
    expected: float
    se_null: float
    se: float | None = None

    @property
    def z(self) -> float | None:
        return self.value / self.se_null if self.se_null > 0 else None


def cohen(table: FloatArray, weights: str = "none") -> Kappa | None:
    """Kappa of two raters from their square table; None if both use one category only."""
    shares = table / table.sum()
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    weight = _weights(table.shape[0], weights)
    chance = np.outer(rows, columns)
    observed, expected = float(np.sum(weight * shares)), float(np.sum(weight * chance))
    if expected >= 1:
        return None
    kappa = (observed - expected) / (1 - expected)
    row_weight, column_weight = weight @ columns, rows @ weight
    mean_weight = row_weight[:, None] + column_weight[None, :]
    n = float(table.sum())
    scale = n * (1 - expected) ** 2
    null = (float(np.sum(chance * (weight - mean_weight) ** 2)) - expected**2) / scale
    spread = weight - mean_weight * (1 - kappa)
    actual = float(np.sum(shares * spread**2)) - (kappa - expected * (1 - kappa)) ** 2
    return Kappa(
        value=kappa,
        observed=observed,
        expected=expected,
        se_null=math.sqrt(max(null, 0.0)),
        se=math.sqrt(max(actual / scale, 0.0)),
    )


def _weights(size: int, kind: str) -> FloatArray:
    """Full credit on the diagonal; linear and quadratic credit falls with the distance."""
    if kind == "none" or size == 1:
        return np.eye(size)
    distance = np.abs(np.subtract.outer(np.arange(size), np.arange(size))) / (size - 1)
    return np.asarray(1 - (distance if kind == "linear" else distance**2), dtype=np.float64)


def fleiss(counts: FloatArray) -> Kappa | None:
    """Kappa of several raters from units by categories; None if one category only."""
    units, raters = counts.shape[0], float(counts[0].sum())
    value, observed, expected = _fleiss_value(counts)
    if value is None:
        return None
    share = counts.sum(axis=0) / (units * raters)
    spread = share * (1 - share)
    total = float(spread.sum())
    null = 2 * (total**2 - float(np.sum(spread * (1 - 2 * share))))
    null /= units * raters * (raters - 1) * total**2
    return Kappa(
        value=value,
        observed=observed,
        expected=expected,
        se_null=math.sqrt(null),
        se=_jackknife(counts),
    )


def _fleiss_value(counts: FloatArray) -> tuple[float | None, float, float]:
    units, raters = counts.shape[0], float(counts[0].sum())
    share = counts.sum(axis=0) / (units * raters)
    expected = float(share @ share)
    pairs = np.sum(counts * (counts - 1), axis=1) / (raters * (raters - 1))
    observed = float(pairs.mean())
    if expected >= 1:
        return None, observed, expected
    return (observed - expected) / (1 - expected), observed, expected


def _jackknife(counts: FloatArray) -> float | None:
    """Standard error over units, each left out once."""
    units, raters = counts.shape[0], float(counts[0].sum())
    if units < 3:
        return None
    pairs = np.sum(counts * (counts - 1), axis=1) / (raters * (raters - 1))
    share = (counts.sum(axis=0) - counts) / ((units - 1) * raters)
    expected = np.sum(share * share, axis=1)
    if np.any(expected >= 1):
        return None
    observed = (pairs.sum() - pairs) / (units - 1)
    values = (observed - expected) / (1 - expected)
    return math.sqrt((units - 1) / units * float(np.sum((values - values.mean()) ** 2)))


def fleiss_by_category(counts: FloatArray) -> list[tuple[float | None, float]]:
    """Kappa of each category against all others, and its share of the ratings.

    The standard error if there were chance agreement only is the same for all:
    the square root of 2 / (units x raters x (raters - 1)).
    """
    units, raters = counts.shape[0], float(counts[0].sum())
    found: list[tuple[float | None, float]] = []
    for column in counts.T:
        share = float(column.sum() / (units * raters))
        if share in (0.0, 1.0):
            found.append((None, share))
            continue
        disagreement = float(np.sum(column * (raters - column)))
        scale = units * raters * (raters - 1) * share * (1 - share)
        found.append((1 - disagreement / scale, share))
    return found


def wilson(successes: int, n: int, z: float) -> tuple[float, float]:
    """Score interval of a proportion."""
    share = successes / n
    center = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    margin = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(center - margin, 0.0), min(center + margin, 1.0)
