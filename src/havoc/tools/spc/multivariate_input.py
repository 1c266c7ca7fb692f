"""Several characteristics of the same parts, as arrays, and given mean and covariance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray, as_sample

CovarianceMethod = Literal["sample", "differences"]
MULTIVARIATE = ("t2", "generalized_variance", "mewma")
MOST_CHARACTERISTICS = 500
# Below this share of the largest one, an eigenvalue of the correlation matrix is rounding.
_SINGULAR = 1e-11


class Characteristics(msgspec.Struct, frozen=True, kw_only=True):
    """``values`` has one row an observation, one column a characteristic."""

    names: list[str]
    values: FloatArray

    @property
    def count(self) -> int:
        return len(self.names)

    def points(self, size: int) -> int:
        return int(self.values.shape[0]) // size

    def means(self, size: int) -> FloatArray:
        """Mean vectors of the subgroups; the observations themselves if ``size`` is 1."""
        if size == 1:
            return self.values
        return np.asarray(self._rows(size).mean(axis=1), dtype=np.float64)

    def within(self, size: int) -> FloatArray:
        """Covariance matrix of every subgroup."""
        rows = self._rows(size)
        centred = rows - rows.mean(axis=1, keepdims=True)
        return np.asarray(
            np.einsum("gij,gik->gjk", centred, centred) / (size - 1), dtype=np.float64
        )

    def _rows(self, size: int) -> FloatArray:
        return self.values.reshape(-1, size, self.count)


class Standards(msgspec.Struct, frozen=True, kw_only=True):
    """Given mean vector and covariance; ``samples`` is how many points are behind them."""

    mean: FloatArray | None = None
    covariance: FloatArray | None = None
    samples: int | None = None

    @property
    def given(self) -> bool:
        """Both are given, so that the data set no limits."""
        return self.mean is not None and self.covariance is not None


def as_characteristics(
    columns: Mapping[str, Sequence[float]] | None, size: int
) -> Characteristics | None:
    """Columns of equal length as one matrix, checked."""
    if columns is None:
        return None
    if len(columns) < 2:
        raise InputError(
            f"{len(columns)} characteristic given, and a multivariate chart needs at least 2",
            where="columns",
            remedy="use i_mr or an Xbar chart for one characteristic",
        )
    if len(columns) > MOST_CHARACTERISTICS:
        raise InputError(
            f"{len(columns)} characteristics are more than {MOST_CHARACTERISTICS}",
            where="columns",
            remedy="chart them one by one with havoc monitor, or choose those that belong together",
        )
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} has {count}" for name, count in list(lengths.items())[:4])
        raise InputError(
            f"the characteristics have different numbers of values: {told}",
            where="columns",
            remedy="give one value of every characteristic for each observation",
        )
    length = next(iter(lengths.values()))
    if size > 1 and length % size:
        raise InputError(
            f"{length} observations do not divide into subgroups of {size}",
            where="subgroup_size",
            remedy="leave out the incomplete subgroup",
        )
    return Characteristics(
        names=list(columns),
        values=np.column_stack(
            [
                as_sample(values, f"columns {name}", minimum=2, varying=True)
                for name, values in columns.items()
            ]
        ),
    )


def as_standards(
    mean: Sequence[float] | None,
    covariance: Sequence[Sequence[float]] | None,
    samples: int | None,
    names: Sequence[str] | None,
) -> tuple[Standards, list[str]]:
    """Given mean vector and covariance in the order of the columns, and the names."""
    count = len(names) if names else len(mean or covariance or [])
    if count < 2:
        raise InputError(
            "no characteristics given",
            where="columns",
            remedy="give columns (a name and the values of each), or mean_vector and covariance",
        )
    if not names and (mean is None or covariance is None):
        raise InputError(
            "limits without data need the mean vector and the covariance matrix",
            where="mean_vector, covariance",
            remedy="give both, or columns",
        )
    center = matrix = None
    if mean is not None:
        center = as_sample(mean, "mean_vector")
        if center.size != count:
            raise _wrong_size(f"{center.size} means", count, "mean_vector")
    if covariance is not None:
        if len(covariance) != count or any(len(row) != count for row in covariance):
            raise _wrong_size(f"a matrix of {len(covariance)} rows", count, "covariance")
        matrix = np.vstack([as_sample(row, "covariance") for row in covariance])
        if not np.allclose(matrix, matrix.T, rtol=1e-8, atol=0.0):
            raise InputError(
                "the covariance matrix is not symmetric", where="covariance", remedy="correct it"
            )
    named = list(names) if names else [f"characteristic {i + 1}" for i in range(count)]
    return Standards(mean=center, covariance=matrix, samples=samples), named


def _wrong_size(what: str, count: int, where: str) -> InputError:
    return InputError(
        f"{what} for {count} characteristics",
        where=where,
        remedy="give one for each characteristic, in the order of the columns",
    )


def covariance_factor(covariance: FloatArray, names: Sequence[str]) -> FloatArray:
    """Lower Cholesky factor. Raises InputError naming what is collinear or constant."""
    variances = np.diag(covariance)
    still = np.flatnonzero(variances <= 0)
    if still.size:
        raise InputError(
            f"{names[int(still[0])]} has no variation, so the covariance matrix is singular",
            where="columns",
            remedy="leave it out, or check the resolution of the measurement",
        )
    spread = np.sqrt(variances)
    values, vectors = np.linalg.eigh(covariance / np.outer(spread, spread))
    if values[0] < _SINGULAR * values[-1]:
        if values[0] < -1e-8:
            raise InputError(
                "the covariance matrix is not positive definite",
                where="covariance",
                remedy="correct it",
            )
        weights = np.abs(vectors[:, 0])
        tied = [names[i] for i in np.argsort(-weights) if weights[i] > 0.1][:5]
        raise InputError(
            "the covariance matrix is singular, these characteristics determine one another: "
            + ", ".join(tied),
            where="columns",
            remedy=f"leave out one of them, such as {tied[0]}",
        )
    return np.asarray(np.linalg.cholesky(covariance), dtype=np.float64)


class Joint(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of a chart of several characteristics, as they came."""

    columns: dict[str, list[float]] | None = None
    mean_vector: list[float] | None = None
    covariance: list[list[float]] | None = None
    samples: int | None = None
    method: CovarianceMethod = "sample"
    alpha: float | None = None
    arl0: float = 200.0
