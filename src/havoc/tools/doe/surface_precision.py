"""How well the stationary point and the axes of a surface are known.

Sources: G. E. P. Box and J. S. Hunter (1954), Biometrika 41, 190 (confidence region of a
stationary point); S. Bisgaard and B. Ankenman (1996), Technometrics 38, 238 (standard errors of
the eigenvalues); Myers, Montgomery & Anderson-Cook, Response Surface Methodology, 6.5.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from havoc.charts import ChartSpec, Grid, Panel, Series
from havoc.tools.doe.quadratic import Canonical
from havoc.tools.doe.surface_fit import FittedSurface, Region
from havoc.tools.parameters import FloatArray

POINTS = {1: 2001, 2: 141, 3: 37, 4: 15}


def slope_rows(fitted: FittedSurface, point: FloatArray) -> FloatArray:
    """Rows that take the coefficients to the gradient at a point."""
    k = len(point)
    start = 1 + fitted.n_blocks
    rows = np.zeros((k, fitted.model.shape[1]))
    place = start + k
    for i in range(k):
        rows[i, start + i] = 1.0
    for i in range(k):
        for j in range(i + 1, k):
            rows[i, place], rows[j, place] = point[j], point[i]
            place += 1
    for i in range(k):
        rows[i, place + i] = 2 * point[i]
    return rows


def precision_of(
    fitted: FittedSurface, canonical: Canonical, region: Region, alpha: float
) -> dict[str, Any]:
    """Standard errors of eigenvalues and stationary point, and its confidence region."""
    covariance = fitted.covariance
    k = len(fitted.scales)
    full = 1 + fitted.n_blocks + 2 * k + k * (k - 1) // 2
    if covariance is None or fitted.model.shape[1] != full or canonical.kind == "none":
        return {}
    found = _eigenvalues(fitted, canonical, covariance, alpha)
    if canonical.stationary is None:
        return found
    rows = slope_rows(fitted, canonical.stationary)
    inverse = np.linalg.inv(fitted.surface.curvature)
    spread = inverse @ rows @ covariance @ rows.T @ inverse / 4
    errors = np.sqrt(np.clip(np.diag(spread), 0, None))
    critical = float(stats.t.ppf(1 - alpha / 2, fitted.fit.df))
    found["stationary_std_error"] = errors.tolist()
    found["stationary_ci"] = {
        scale.name: sorted(
            (scale.actual(float(at - critical * error)), scale.actual(float(at + critical * error)))
        )
        for scale, at, error in zip(fitted.scales, canonical.stationary, errors, strict=True)
    }
    return found | _region(fitted, covariance, region, alpha)


def _eigenvalues(
    fitted: FittedSurface, canonical: Canonical, covariance: FloatArray, alpha: float
) -> dict[str, Any]:
    """An eigenvalue is the curvature along its axis: a combination of second-order terms."""
    k = len(fitted.scales)
    start = 1 + fitted.n_blocks + k
    errors = []
    for axis in canonical.eigenvectors.T:
        row = np.zeros(fitted.model.shape[1])
        place = start
        for i in range(k):
            for j in range(i + 1, k):
                row[place] = axis[i] * axis[j]
                place += 1
        row[place : place + k] = axis**2
        errors.append(float(np.sqrt(max(float(row @ covariance @ row), 0.0))))
    critical = float(stats.t.ppf(1 - alpha / 2, fitted.fit.df))
    low = [v - critical * e for v, e in zip(canonical.eigenvalues.tolist(), errors, strict=True)]
    high = [v + critical * e for v, e in zip(canonical.eigenvalues.tolist(), errors, strict=True)]
    return {
        "eigenvalue_std_errors": errors,
        "eigenvalue_ci_low": low,
        "eigenvalue_ci_high": high,
        "kind_certain": all(a * b > 0 for a, b in zip(low, high, strict=True)),
    }


def _statistics(fitted: FittedSurface, covariance: FloatArray, points: FloatArray) -> FloatArray:
    """F of the hypothesis that the gradient is zero, at many points at once."""
    coefficients = fitted.fit.coefficients
    # The rows are straight functions of the point.
    k = points.shape[1]
    base = slope_rows(fitted, np.zeros(k))
    moves = np.stack([slope_rows(fitted, unit) - base for unit in np.eye(k)])
    rows = base + np.tensordot(points, moves, axes=1)
    slopes = rows @ coefficients
    spreads = rows @ covariance @ rows.transpose(0, 2, 1)
    solved = np.linalg.solve(spreads, slopes[:, :, None])[:, :, 0]
    ratio: FloatArray = (slopes * solved).sum(axis=1) / points.shape[1]
    return ratio


def _region(
    fitted: FittedSurface, covariance: FloatArray, region: Region, alpha: float
) -> dict[str, Any]:
    """Box-Hunter region on a grid over the tested range of the factors."""
    k = len(fitted.scales)
    if k not in POINTS:
        return {}
    axes = [np.linspace(a, b, POINTS[k]) for a, b in zip(region.low, region.high, strict=True)]
    points = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
    limit = float(stats.f.ppf(1 - alpha, k, fitted.fit.df))
    inside = _statistics(fitted, covariance, points) <= limit
    found: dict[str, Any] = {"stationary_region_share": float(inside.mean())}
    if inside.any():
        held = points[inside]
        ends = held.min(axis=0), held.max(axis=0)
        found["stationary_region"] = {
            scale.name: sorted((scale.actual(float(a)), scale.actual(float(b))))
            for scale, a, b in zip(fitted.scales, *ends, strict=True)
        }
        step = (region.high - region.low) / (POINTS[k] - 1)
        found["stationary_region_open"] = bool(
            np.any(ends[0] <= region.low + step / 2) or np.any(ends[1] >= region.high - step / 2)
        )
    return found


def region_chart(
    fitted: FittedSurface,
    canonical: Canonical,
    region: Region,
    alpha: float,
    response_name: str,
) -> list[ChartSpec]:
    """Confidence region of the stationary point over two factors."""
    covariance = fitted.covariance
    if len(fitted.scales) != 2 or canonical.stationary is None or covariance is None:
        return []
    if fitted.model.shape[1] != 6 + fitted.n_blocks or not region.holds(canonical.stationary):
        return []
    axes = [np.linspace(a, b, 61) for a, b in zip(region.low, region.high, strict=True)]
    across, up = np.meshgrid(*axes)
    points = np.column_stack([across.ravel(), up.ravel()])
    p_values = stats.f.sf(_statistics(fitted, covariance, points), 2, fitted.fit.df)
    first, second = fitted.scales
    return [
        ChartSpec(
            kind="contour",
            title=f"Where the stationary point of {response_name} may lie: p-value of a zero slope",
            panels=[
                Panel(
                    x_label=first.name,
                    y_label=second.name,
                    series=[
                        Series(
                            name="stationary point",
                            kind="points",
                            x=[first.actual(float(canonical.stationary[0]))],
                            y=[second.actual(float(canonical.stationary[1]))],
                        )
                    ],
                    grid=Grid(
                        x=[first.actual(float(value)) for value in axes[0]],
                        y=[second.actual(float(value)) for value in axes[1]],
                        z=p_values.reshape(61, 61).tolist(),
                        z_label="p-value",
                    ),
                )
            ],
            notes=[f"the confidence region holds the points with p above {alpha:g}"],
        )
    ]
