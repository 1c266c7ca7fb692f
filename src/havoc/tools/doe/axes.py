"""How each factor is varied in an optimal design, and the region they span together.

A number is coded -1 at low and +1 at high, a label is the position in its list,
and a component of a mixture is its share of the whole.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from havoc.errors import InputError
from havoc.tools.doe.factors import Factor, coded_value, natural_value
from havoc.tools.doe.levels import scale_of, sorted_levels
from havoc.tools.doe.region import Condition, Constraint
from havoc.tools.parameters import FloatArray

BoolArray = NDArray[np.bool_]
Feasible = Callable[[FloatArray], BoolArray]
MOST_CORNER_SYSTEMS = 20_000
SLACK = 1e-9


class Axis(msgspec.Struct, frozen=True, kw_only=True):
    """One factor. ``listed`` are the coded settings it is limited to, empty for a range."""

    factor: Factor
    kind: Literal["number", "label", "component"]
    low: float = -1.0
    high: float = 1.0
    total: float = 1.0
    listed: list[float] = []

    @property
    def continuous(self) -> bool:
        return self.kind == "number" and not self.listed

    def natural(self, column: FloatArray) -> FloatArray:
        """Settings in real units, fast; labels stay positions."""
        if self.kind == "label":
            return column
        if self.kind == "component":
            return column * self.total
        return (self.low + self.high) / 2 + column * (self.high - self.low) / 2

    def settings(self, column: FloatArray) -> list[float | str]:
        """Settings as they are listed to the operator, in decimal arithmetic."""
        if self.kind == "label":
            return [self.factor.levels[round(value)] for value in column.tolist()]
        if self.kind == "component":
            return [round(value * self.total, 10) for value in column.tolist()]
        span = Factor(name=self.factor.name, low=self.low, high=self.high)
        known = {value: natural_value(span, value) for value in set(column.tolist())}
        return [known[value] for value in column.tolist()]

    def coded(self, value: float | str, place: str, *, is_coded: bool = False) -> float:
        """The coded setting. Raises InputError at ``place``."""
        if self.kind == "label":
            if value not in self.factor.levels:
                raise InputError(
                    f"{value} is not a level of {self.factor.name}",
                    where=place,
                    remedy=f"its levels are {', '.join(map(str, self.factor.levels[:8]))}",
                )
            return float(self.factor.levels.index(value))
        if isinstance(value, str) or not math.isfinite(value):
            raise InputError(
                f"the setting of {self.factor.name} is not a number",
                where=place,
                remedy="correct it",
            )
        if is_coded:
            return value
        if self.kind == "component":
            return value / self.total
        return coded_value(Factor(name=self.factor.name, low=self.low, high=self.high), value)


def axis_of(factor: Factor) -> Axis:
    """A range, listed numbers or labels; a count of levels becomes numbered labels."""
    if factor.levels:
        ordered = sorted_levels(factor)
        if factor.categorical:
            return Axis(factor=ordered, kind="label", listed=_positions(ordered))
        numbers = [float(level) for level in ordered.levels]
        factor = msgspec.structs.replace(ordered, low=numbers[0], high=numbers[-1])
        return Axis(
            factor=factor, kind="number", low=numbers[0], high=numbers[-1], listed=scale_of(factor)
        )
    if factor.n_levels is not None and factor.low is None and factor.n_levels > 2:
        labels: list[float | str] = [f"level {index}" for index in range(1, factor.n_levels + 1)]
        factor = Factor(name=factor.name, levels=labels, unit=factor.unit)
        return Axis(factor=factor, kind="label", listed=_positions(factor))
    low = -1.0 if factor.low is None else factor.low
    high = 1.0 if factor.high is None else factor.high
    factor = Factor(name=factor.name, low=low, high=high, unit=factor.unit)
    return Axis(factor=factor, kind="number", low=low, high=high)


def _positions(factor: Factor) -> list[float]:
    return [float(position) for position in range(len(factor.levels))]


def coded_points(
    rows: Sequence[Sequence[float | str]],
    axes: Sequence[Axis],
    where: str,
    *,
    is_coded: bool = False,
) -> FloatArray:
    """Rows of settings as they are typed, coded. ``where`` names them, as in "existing run"."""
    points = np.empty((len(rows), len(axes)))
    for number, row in enumerate(rows):
        place = f"{where} {number + 1}"
        if len(row) != len(axes):
            raise InputError(
                f"{len(row)} settings for {len(axes)} factors",
                where=place,
                remedy="give one setting for every factor",
            )
        for index, (axis, value) in enumerate(zip(axes, row, strict=True)):
            points[number, index] = axis.coded(value, place, is_coded=is_coded)
    return points


def natural_rows(axes: Sequence[Axis], points: FloatArray) -> list[list[float | str]]:
    columns = [axis.settings(column) for axis, column in zip(axes, points.T, strict=True)]
    return [list(row) for row in zip(*columns, strict=True)]


def feasibility(constraints: Sequence[Constraint], axes: Sequence[Axis]) -> Feasible | None:
    """Which coded points keep to all constraints; None where there is none."""
    if not constraints:
        return None
    names = [axis.factor.name for axis in axes]

    def feasible(points: FloatArray) -> BoolArray:
        natural = {
            name: axis.natural(points[:, index])
            for index, (name, axis) in enumerate(zip(names, axes, strict=True))
        }
        kept = np.ones(len(points), dtype=bool)
        for constraint in constraints:
            if constraint.coefficients:
                total: FloatArray = np.zeros(len(points))
                for name, coefficient in constraint.coefficients.items():
                    total = total + coefficient * natural[name]
                slack = SLACK * (1 + np.abs(total))
                if constraint.most is not None:
                    kept &= total <= constraint.most + slack
                if constraint.least is not None:
                    kept &= total >= constraint.least - slack
            else:
                together = np.ones(len(points), dtype=bool)
                for name, condition in constraint.forbidden.items():
                    together &= _holds(condition, axes[names.index(name)], natural[name])
                kept &= ~together
        return kept

    return feasible


def _holds(condition: Condition, axis: Axis, values: FloatArray) -> BoolArray:
    held = np.ones(len(values), dtype=bool)
    slack = SLACK * (1 + np.abs(values))
    if condition.equals:
        if axis.kind == "label":
            wanted = [
                float(axis.factor.levels.index(level))
                for level in condition.equals
                if level in axis.factor.levels
            ]
        else:
            wanted = [level for level in condition.equals if isinstance(level, (int, float))]
        held &= (
            np.any(np.abs(values[:, None] - np.array(wanted)) <= slack[:, None], axis=1)
            if wanted
            else False
        )
    if condition.above is not None:
        held &= values > condition.above + slack
    if condition.below is not None:
        held &= values < condition.below - slack
    return held


def grid_of(scales: Sequence[FloatArray]) -> FloatArray:
    return np.array(list(itertools.product(*scales)))


def corners(constraints: Sequence[Constraint], axes: Sequence[Axis]) -> FloatArray:
    """Corners of the region that ranges and linear limits leave, with the middles between them.

    One row a point, only the columns of the ranges. Empty where a limit holds for a factor
    that is no range, or where there are too many planes to intersect.
    """
    ranges = [index for index, axis in enumerate(axes) if axis.continuous]
    names = [axes[index].factor.name for index in ranges]
    linear = [
        item for item in constraints if item.coefficients and set(item.coefficients) <= set(names)
    ]
    planes, limits = [], []
    for constraint in linear:
        row, middle = np.zeros(len(ranges)), 0.0
        for name, coefficient in constraint.coefficients.items():
            axis = axes[ranges[names.index(name)]]
            row[names.index(name)] = coefficient * (axis.high - axis.low) / 2
            middle += coefficient * (axis.high + axis.low) / 2
        for limit in (constraint.least, constraint.most):
            if limit is not None:
                planes.append(row)
                limits.append(limit - middle)
    kept = feasibility(linear, [axes[index] for index in ranges])
    if kept is None:
        return np.empty((0, len(ranges)))
    sides = np.vstack([np.eye(len(ranges)), np.eye(len(ranges)), *planes])
    ends = np.array([*[-1.0] * len(ranges), *[1.0] * len(ranges), *limits])
    found = intersections(sides, ends)
    return with_middles(found[np.all(np.abs(found) <= 1 + SLACK, axis=1) & kept(found)])


def intersections(
    sides: FloatArray, ends: FloatArray, whole: tuple[FloatArray, float] | None = None
) -> FloatArray:
    """Points where as many of the planes ``sides @ x = ends`` meet as there are dimensions.

    ``whole`` is a plane that all points lie on. Empty where there are too many planes.
    """
    dimensions = sides.shape[1]
    free = dimensions - (whole is not None)
    if math.comb(len(sides), free) > MOST_CORNER_SYSTEMS:
        return np.empty((0, dimensions))
    chosen = np.array(list(itertools.combinations(range(len(sides)), free)), dtype=np.int64)
    systems, values = sides[chosen], ends[chosen]
    if whole is not None:
        systems = np.concatenate(
            [systems, np.broadcast_to(whole[0], (len(systems), 1, dimensions))], axis=1
        )
        values = np.hstack([values, np.full((len(values), 1), whole[1])])
    size = np.abs(systems).max(axis=2).prod(axis=1)
    solvable = np.abs(np.linalg.det(systems)) > 1e-10 * np.maximum(size, 1e-300)
    found = np.linalg.solve(systems[solvable], values[solvable][:, :, None])[:, :, 0]
    return np.unique(np.round(found, 12) + 0.0, axis=0)


def with_middles(found: FloatArray) -> FloatArray:
    """The points, the middle of every two of them, and the middle of all."""
    if not 2 <= len(found) <= 80:
        return found
    pairs = np.array(list(itertools.combinations(range(len(found)), 2)))
    between = (found[pairs[:, 0]] + found[pairs[:, 1]]) / 2
    return np.unique(np.round(np.vstack([found, between, found.mean(axis=0)]), 12), axis=0)
