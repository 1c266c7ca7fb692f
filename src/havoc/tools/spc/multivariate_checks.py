"""The figures of multivariate charts once more, by determinants and eigenvalues."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from havoc.tools.parameters import FloatArray
from havoc.tools.result import Recomputed
from havoc.tools.spc.chart_result import ControlChart


def verify_joint(
    result: ControlChart, columns: Mapping[str, Sequence[float]] | None, size: int
) -> list[Recomputed]:
    if columns is None or not result.points:
        return []
    rows = np.array(list(columns.values()), dtype=np.float64).T
    if result.generalized_variance is not None:
        return _variance(result.generalized_variance, rows, size)
    assert result.mean_vector is not None and result.covariance is not None
    covariance = np.asarray(result.covariance)
    means = rows.reshape(-1, size, rows.shape[1]).mean(axis=1) - np.asarray(result.mean_vector)
    if result.t2 is not None:
        at = int(np.argmax(result.t2))
        checks = [_distance("largest T²", result.t2[at], means[at], covariance, float(size))]
        if "sample covariance" in result.method and not (result.baseline or result.excluded):
            p, m = rows.shape[1], rows.shape[0]
            if "mean vector from the data" in result.method and size == 1:
                checks.append(
                    Recomputed(
                        name="sum of T²",
                        value=math.fsum(result.t2),
                        recomputed=float(p * (m - 1)),
                        route="characteristics times degrees of freedom",
                    )
                )
        return checks
    assert result.mewma is not None and result.lambda_ is not None
    n, weight = means.shape[0], result.lambda_
    decay = weight * (1 - weight) ** np.arange(n - 1, -1, -1, dtype=np.float64)
    share = weight / (2 - weight)
    if "exact covariance" in result.method:
        share = math.fsum(decay**2)
    return [_distance("last MEWMA", result.mewma[-1], decay @ means, covariance, size / share)]


def _distance(
    name: str, value: float, deviation: FloatArray, covariance: FloatArray, weight: float
) -> Recomputed:
    widened = covariance + np.outer(deviation, deviation)
    ratio = np.linalg.slogdet(widened)[1] - np.linalg.slogdet(covariance)[1]
    return Recomputed(
        name=name,
        value=value,
        recomputed=weight * math.expm1(float(ratio)),
        route="ratio of determinants",
    )


def _variance(stated: Sequence[float], rows: FloatArray, size: int) -> list[Recomputed]:
    at = int(np.argmax(stated))
    within = np.cov(rows[at * size : (at + 1) * size], rowvar=False)
    return [
        Recomputed(
            name="largest generalized variance",
            value=stated[at],
            recomputed=float(np.prod(np.linalg.eigvalsh(within))),
            route="product of the eigenvalues of the covariance matrix",
        )
    ]
