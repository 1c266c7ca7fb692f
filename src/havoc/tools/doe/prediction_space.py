"""The prediction variance of a design over its region, as it is reported."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
from scipy import special

from havoc.tools.doe.axes import feasibility
from havoc.tools.doe.evaluated_design import Judged
from havoc.tools.doe.optimal_model import OptimalModel
from havoc.tools.doe.optimal_region import nodes_of
from havoc.tools.doe.prediction_variance import (
    Shape,
    largest_variance,
    region_sample,
    variance_at,
)
from havoc.tools.doe.region import Constraint
from havoc.tools.parameters import FloatArray

FRACTIONS = (0.0, 0.05, 0.1, 0.25, 0.5, 0.75, 0.8, 0.9, 0.95, 1.0)


class SpacePoint(msgspec.Struct, frozen=True, kw_only=True):
    """``variance`` is not exceeded in this fraction of the region; in error variances."""

    fraction: float
    variance: float
    standard_error: float


class PredictionSpace:
    """Predictions over the region."""

    def __init__(
        self,
        judged: Judged,
        model: OptimalModel,
        inverse: FloatArray,
        shape: Shape,
        constraints: list[Constraint],
        seed: int,
    ) -> None:
        self.judged, self.model, self.inverse = judged, model, inverse
        axes, feasible = judged.axes, feasibility(constraints, judged.axes)
        ranges = [index for index, axis in enumerate(axes) if axis.continuous]
        distance = np.linalg.norm(judged.points[:, ranges], axis=1) if ranges else np.ones(1)
        radius = float(distance.max())
        sample = region_sample(axes, shape, feasible, radius, np.random.default_rng(seed))
        self.enough = len(sample) >= 500
        self.exact = shape == "cuboid" and feasible is None and not judged.components
        self.described = (
            "region between low and high"
            if shape == "cuboid"
            else (f"sphere of radius {radius:.4g}")
        )
        self.sorted_variance: FloatArray = np.empty(0)
        if self.enough:
            self.sorted_variance = np.sort(variance_at(model, inverse, sample))
            self.largest, self.place = largest_variance(
                model, inverse, axes, shape, feasible, sample
            )

    def figures(self, runs: int, count: int) -> dict[str, Any]:
        if not self.enough:
            return {}
        mean = float(self.sorted_variance.mean())
        if self.exact:
            moments = self.model.moments([nodes_of(axis) for axis in self.judged.axes])
            mean = float(np.sum(self.inverse * moments))
        variance = np.quantile(self.sorted_variance, FRACTIONS)
        variance[-1] = self.largest
        return {
            "average_variance": mean,
            "maximum_variance": self.largest,
            "median_variance": float(np.median(self.sorted_variance)),
            "G_efficiency": 100 * count / (runs * self.largest),
            "G_efficiency_root": 100 * math.sqrt(count / runs / self.largest),
            "worst_settings": {
                axis.factor.name: axis.settings(np.round(self.place[index : index + 1], 4))[0]
                for index, axis in enumerate(self.judged.axes)
            },
            "fraction_of_design_space": [
                SpacePoint(fraction=share, variance=value, standard_error=math.sqrt(value))
                for share, value in zip(FRACTIONS, variance.tolist(), strict=True)
            ],
        }


def precision(
    space: PredictionSpace, half_width: float | None, sigma: float, alpha: float, df: int
) -> dict[str, Any]:
    """Share of the region where the interval of the mean is as narrow as wanted."""
    if half_width is None or not space.enough:
        return {}
    factor = (
        float(special.stdtrit(df, 1 - alpha / 2)) if df > 0 else float(special.ndtri(1 - alpha / 2))
    )
    reached = factor * sigma * np.sqrt(space.sorted_variance) <= half_width
    return {"half_width": half_width, "fraction_precise": float(reached.mean())}
