"""Prediction variance over the region of a design: its spread, mean and largest value.

Source: A. Zahran, C. M. Anderson-Cook and R. H. Myers, Fraction of Design Space to Assess
Prediction Capability of Response Surface Designs, J. Quality Technology 35 (2003) 377-386.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Literal

import numpy as np

from havoc.tools.doe.axes import Axis, Feasible
from havoc.tools.doe.exchange import STEPS
from havoc.tools.doe.optimal_model import OptimalModel
from havoc.tools.doe.optimal_region import mixture_corners, sample_of
from havoc.tools.parameters import FloatArray

Shape = Literal["cuboid", "sphere"]
SAMPLE = 10_000
MOST_DRAWN = 400_000
MOST_CORNERS = 4096


def variance_at(model: OptimalModel, inverse: FloatArray, points: FloatArray) -> FloatArray:
    """x'(X'X)^-1 x at every point, in error variances."""
    rows = model.expand(points)
    return np.asarray(np.einsum("ij,ij->i", rows @ inverse, rows), dtype=np.float64)


def region_sample(
    axes: Sequence[Axis],
    shape: Shape,
    feasible: Feasible | None,
    radius: float,
    generator: np.random.Generator,
) -> FloatArray:
    """Points spread evenly over the region; fewer, or none, where it is a narrow part of it."""
    kept: list[FloatArray] = []
    drawn = 0
    while sum(map(len, kept)) < SAMPLE and drawn < MOST_DRAWN:
        points = _draw(axes, shape, radius, generator)
        drawn += len(points)
        if feasible is not None:
            points = points[feasible(points)]
        kept.append(points)
    return np.vstack(kept)[:SAMPLE]


def _draw(
    axes: Sequence[Axis], shape: Shape, radius: float, generator: np.random.Generator
) -> FloatArray:
    mixed = [index for index, axis in enumerate(axes) if axis.kind == "component"]
    others = [index for index in range(len(axes)) if index not in mixed]
    points = np.empty((SAMPLE, len(axes)))
    if others:
        points[:, others] = sample_of([axes[index] for index in others], SAMPLE, generator)
    ranges = [index for index, axis in enumerate(axes) if axis.continuous]
    if shape == "sphere" and ranges:
        directions = generator.normal(size=(SAMPLE, len(ranges)))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        distance = radius * generator.uniform(size=(SAMPLE, 1)) ** (1 / len(ranges))
        points[:, ranges] = directions * distance
    if mixed:
        low = np.array([axes[index].low for index in mixed])
        high = np.array([axes[index].high for index in mixed])
        shares = generator.dirichlet(np.ones(len(mixed)), size=SAMPLE)
        points[:, mixed] = low + (1 - low.sum()) * shares
        points = points[np.all(points[:, mixed] <= high + 1e-12, axis=1)]
    return points


def largest_variance(
    model: OptimalModel,
    inverse: FloatArray,
    axes: Sequence[Axis],
    shape: Shape,
    feasible: Feasible | None,
    sample: FloatArray,
) -> tuple[float, FloatArray]:
    """The largest prediction variance and where: the worst of corners and sample, climbed up."""
    points = [sample]
    if all(axis.kind == "component" for axis in axes):
        points.append(mixture_corners(axes, []))
    elif shape == "cuboid" and not any(axis.kind == "component" for axis in axes):
        ends = [(-1.0, 1.0) if axis.continuous else tuple(axis.listed) for axis in axes]
        if np.prod([len(end) for end in ends]) <= MOST_CORNERS:
            points.append(np.array(list(itertools.product(*ends))))
    trial = np.vstack(points)
    if feasible is not None:
        trial = trial[feasible(trial)]
    value = variance_at(model, inverse, trial)
    best = trial[np.argsort(value)[-8:]]
    movable = [index for index, axis in enumerate(axes) if axis.continuous]
    if shape == "sphere" or not movable:
        place = int(value.argmax())
        return float(value[place]), trial[place]
    climbed = [_climb(point, movable, model, inverse, feasible) for point in best]
    return max(climbed, key=lambda item: item[0])


def _climb(
    point: FloatArray,
    movable: Sequence[int],
    model: OptimalModel,
    inverse: FloatArray,
    feasible: Feasible | None,
) -> tuple[float, FloatArray]:
    current = float(variance_at(model, inverse, point[None, :])[0])
    for step in STEPS:
        for _ in range(40):
            trial = np.repeat(point[None, :], 2 * len(movable), axis=0)
            for row, column in enumerate(movable):
                trial[2 * row, column] += step
                trial[2 * row + 1, column] -= step
            trial[:, movable] = np.clip(trial[:, movable], -1, 1)
            if feasible is not None:
                trial = trial[feasible(trial)]
            if not len(trial):
                break
            value = variance_at(model, inverse, trial)
            place = int(value.argmax())
            if value[place] <= current * (1 + 1e-12):
                break
            point, current = trial[place], float(value[place])
    return current, point
