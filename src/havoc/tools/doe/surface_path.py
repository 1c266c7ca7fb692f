"""Paths over a fitted surface: predictions with their intervals, steepest ascent, ridges.

Sources: A. E. Hoerl (1959), Chem. Eng. Progress 55, 69; N. R. Draper (1963), Technometrics 5, 469
(ridge analysis); Box & Draper (2007), Response Surfaces, Mixtures, and Ridge Analyses, chapter 12.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from scipy import optimize, stats

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.tools.doe.quadratic import Quadratic
from havoc.tools.doe.surface_fit import FittedSurface, Region
from havoc.tools.doe.surface_input import Scale
from havoc.tools.parameters import FloatArray


class PathPoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A point of a path. The confidence interval is that of the mean response, the prediction
    interval that of one further run. ``inside`` says whether the tested region holds it."""

    step: int
    distance: float
    coded: list[float]
    actual: list[float]
    predicted: float
    inside: bool
    std_error: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    pi_low: float | None = None
    pi_high: float | None = None


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """Prediction at a point of the surface."""

    mean: float
    error: float
    ci_low: float
    ci_high: float
    pi_low: float
    pi_high: float


def band_at(fitted: FittedSurface, point: FloatArray, alpha: float) -> Band | None:
    """Mean response with its confidence and prediction interval; None without error."""
    covariance, variance = fitted.covariance, fitted.variance
    if covariance is None or variance is None:
        return None
    row = fitted.row(point)
    error = math.sqrt(max(float(row @ covariance @ row), 0.0))
    # One further run comes from a block of its own where blocks are random.
    blocks = 0.0 if fitted.mixed is None else float(fitted.mixed.components[:-1].sum())
    critical = float(stats.t.ppf(1 - alpha / 2, fitted.freedom(row)))
    mean = fitted.surface(point)
    margin, single = critical * error, critical * math.sqrt(error**2 + variance + blocks)
    return Band(
        mean=mean,
        error=error,
        ci_low=mean - margin,
        ci_high=mean + margin,
        pi_low=mean - single,
        pi_high=mean + single,
    )


def path_points(
    fitted: FittedSurface,
    region: Region,
    points: Sequence[FloatArray],
    alpha: float,
    origin: FloatArray | None = None,
    distances: Sequence[float] | None = None,
) -> list[PathPoint]:
    """Coded points with what the surface predicts there."""
    found = []
    for number, point in enumerate(points):
        band = band_at(fitted, point, alpha)
        from_origin = point if origin is None else point - origin
        found.append(
            PathPoint(
                step=number,
                distance=distances[number]
                if distances is not None
                else float(np.linalg.norm(from_origin)),
                coded=(point + 0.0).tolist(),
                actual=actual_of(fitted.scales, point),
                predicted=fitted.surface(point),
                inside=region.holds(point),
                std_error=band.error if band else None,
                ci_low=band.ci_low if band else None,
                ci_high=band.ci_high if band else None,
                pi_low=band.pi_low if band else None,
                pi_high=band.pi_high if band else None,
            )
        )
    return found


def actual_of(scales: Sequence[Scale], point: FloatArray) -> list[float]:
    return [scale.actual(float(value)) for scale, value in zip(scales, point, strict=True)]


def ridge_point(surface: Quadratic, radius: float, goal: str) -> tuple[FloatArray, float]:
    """The highest (or lowest) point at a distance from the centre, and its multiplier.

    Stationary on the sphere: (B - m I) x = -b / 2. The maximum has m above the largest
    eigenvalue of B, and its distance falls steadily as m rises.
    """
    sign = -1.0 if goal == "minimize" else 1.0
    values, vectors = np.linalg.eigh(sign * surface.curvature)
    slopes = vectors.T @ (sign * surface.linear) / 2
    if radius == 0:
        return np.zeros(len(values)), math.inf * sign
    top = float(values[-1])
    size = max(float(np.abs(slopes).max()), float(np.abs(values).max()) * radius, 1e-300)

    def reach(multiplier: float) -> float:
        return float(np.linalg.norm(slopes / (multiplier - values)))

    above = top + float(np.linalg.norm(slopes)) / radius + 1e-12 * size
    near = top + 1e-12 * max(abs(top), size / radius)
    if reach(near) <= radius:
        # The slope does not lead towards the best axis: the rest of the way is along that axis.
        weights = np.zeros(len(values))
        far = top - values > 1e-9 * max(abs(top), 1e-300)
        weights[far] = slopes[far] / (top - values[far])
        left = math.sqrt(max(radius**2 - float(weights @ weights), 0.0))
        weights[-1] = left
        return vectors @ weights, sign * top
    multiplier = float(
        optimize.brentq(lambda m: reach(m) - radius, near, above, xtol=1e-14 * max(1, abs(above)))
    )
    point: FloatArray = vectors @ (slopes / (multiplier - values))
    return point, sign * multiplier


def path_chart(
    path: Sequence[PathPoint], level: float, response_name: str, unit: str, title: str
) -> ChartSpec:
    """Prediction along the path with both intervals, and the end of the tested region."""
    x = [point.distance for point in path]
    series = [
        Series(
            name=f"predicted, {100 * level:g} % prediction interval",
            x=x,
            y=[point.predicted for point in path],
            low=[point.pi_low for point in path if point.pi_low is not None],
            high=[point.pi_high for point in path if point.pi_high is not None],
        )
    ]
    inside = [point.distance for point in path if point.inside]
    limits = (
        [
            Limit(
                label="end of the tested region",
                role="reference",
                value=max(inside),
                orientation="vertical",
            )
        ]
        if inside and len(inside) < len(path)
        else []
    )
    return ChartSpec(
        kind="path",
        title=title,
        panels=[
            Panel(
                x_label="distance from the start, coded",
                y_label=unit or response_name,
                series=series,
                limits=limits,
            )
        ],
    )


def coordinate_panel(path: Sequence[PathPoint], names: Sequence[str]) -> Panel:
    """How each factor moves along the path, coded."""
    return Panel(
        x_label="distance from the start, coded",
        y_label="coded setting",
        series=[
            Series(
                name=name,
                kind="line",
                x=[point.distance for point in path],
                y=[point.coded[index] for point in path],
            )
            for index, name in enumerate(names)
        ],
    )
