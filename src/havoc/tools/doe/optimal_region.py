"""Where an optimal design looks for its runs: candidates, and the mean over the region."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from havoc.errors import InputError
from havoc.tools.doe.axes import (
    Axis,
    Feasible,
    axis_of,
    corners,
    grid_of,
    intersections,
    with_middles,
)
from havoc.tools.doe.extreme_vertices import implied_bounds
from havoc.tools.doe.factors import Factor
from havoc.tools.doe.optimal_model import OptimalModel
from havoc.tools.doe.region import Constraint
from havoc.tools.parameters import FloatArray

MANY_CANDIDATES = 1100
MOST_CANDIDATES = 50_000
FINE_LEVELS = 11
SAMPLE = 20_000


class Region(msgspec.Struct, frozen=True, kw_only=True):
    """Where runs may lie. ``candidates`` is None where there are too many to list.

    ``spread`` are points all over the region, at which prediction variances are compared;
    ``weights`` is the mean of f(x) f(x)' over it, and ``mean`` says over what it was taken.
    """

    axes: list[Axis]
    scales: list[FloatArray]
    candidates: FloatArray | None
    spread: FloatArray
    weights: FloatArray | None
    mean: str


def component_axes(
    names: Sequence[tuple[str, float, float | None, str]], total: float, where: str
) -> list[Axis]:
    """Components with the amounts that the bounds of the others leave them."""
    low = np.array([item[1] for item in names])
    high = np.array([total if item[2] is None else item[2] for item in names])
    bottom, top = implied_bounds(low, high, total, where)
    if np.any(bottom > top):
        raise InputError(
            "the bounds leave no blend", where=where, remedy="widen a bound or give the total"
        )
    return [
        Axis(
            factor=Factor(name=name, low=least, high=most, unit=unit),
            kind="component",
            low=least / total,
            high=most / total,
            total=total,
        )
        for (name, _, _, unit), least, most in zip(
            names, bottom.tolist(), top.tolist(), strict=True
        )
    ]


def process_axes(factors: Sequence[Factor]) -> list[Axis]:
    return [axis_of(factor) for factor in factors]


def build(
    axes: list[Axis],
    model: OptimalModel,
    feasible: Feasible | None,
    constraints: Sequence[Constraint],
    levels: int | None,
    fine: bool,
    listed: FloatArray | None,
    generator: np.random.Generator,
    where: str,
) -> Region:
    """The region of the factors; ``listed`` are the candidates of the user, if any.

    ``fine`` asks for many levels where their number is free.
    """
    scales = [_scale(axis, model, fine, bool(constraints), levels, len(axes)) for axis in axes]
    components = [axis for axis in axes if axis.kind == "component"]
    if listed is not None:
        points = np.unique(listed, axis=0)
        points = points[feasible(points)] if feasible is not None else points
    elif components:
        points = _blends_with_process(components, scales, constraints, where)
        points = points[feasible(points)] if feasible is not None else points
    elif math.prod(map(len, scales)) <= MANY_CANDIDATES:
        points = grid_of(scales)
        if feasible is not None:
            points = np.vstack([points[feasible(points)], _cut(axes, scales, constraints)])
            points = np.unique(np.round(points[feasible(points)], 12), axis=0)
    else:
        spread = np.column_stack([generator.choice(scale, size=4096) for scale in scales])
        spread = spread[feasible(spread)] if feasible is not None else spread
        if len(spread) < 40:
            raise InputError(
                "the constraints leave hardly any setting", where=where, remedy="relax a constraint"
            )
        weights, mean = _mean(axes, model, feasible, generator)
        return Region(
            axes=axes, scales=scales, candidates=None, spread=spread, weights=weights, mean=mean
        )
    if not len(points):
        raise InputError(
            "the constraints leave no setting", where=where, remedy="relax a constraint"
        )
    if listed is not None or components:
        rows = model.expand(points)
        weights, mean = np.asarray(rows.T @ rows / len(rows)), "over the candidates"
    else:
        weights, mean = _mean(axes, model, feasible, generator)
    return Region(
        axes=axes, scales=scales, candidates=points, spread=points, weights=weights, mean=mean
    )


def _scale(
    axis: Axis, model: OptimalModel, fine: bool, constrained: bool, levels: int | None, count: int
) -> FloatArray:
    """The coded settings that are tried."""
    if not axis.continuous:
        return np.array(axis.listed)
    if levels is None:
        text = " ".join(model.names)
        levels = 4 if "^3" in text else 3 if "^2" in text else 2
        if constrained:
            levels = FINE_LEVELS if count <= 2 else 5
        if fine:
            levels = FINE_LEVELS
    return np.round(np.linspace(-1, 1, levels), 12)


def _cut(
    axes: Sequence[Axis], scales: Sequence[FloatArray], constraints: Sequence[Constraint]
) -> FloatArray:
    """Corners that limits cut into the grid, at every combination of the other factors."""
    ranges = [index for index, axis in enumerate(axes) if axis.continuous]
    found = corners(constraints, axes)
    others = [index for index in range(len(axes)) if index not in ranges]
    rest = grid_of([scales[index] for index in others])
    if len(found) * len(rest) > MANY_CANDIDATES:
        found = found[:0]
    points = np.empty((len(found) * len(rest), len(axes)))
    points[:, ranges] = np.repeat(found, len(rest), axis=0)
    if others:
        points[:, others] = np.tile(rest, (len(found), 1))
    return points


def _blends_with_process(
    components: Sequence[Axis],
    scales: Sequence[FloatArray],
    constraints: Sequence[Constraint],
    where: str,
) -> FloatArray:
    """Corners of the blends and the middles between them, at all process settings."""
    blends = mixture_corners(components, constraints)
    if len(blends) < len(components):
        raise InputError(
            f"the bounds leave {len(blends)} corners for {len(components)} components",
            where=f"{where} components",
            remedy="widen a bound or relax a constraint",
        )
    center = blends.mean(axis=0)
    blends = with_middles(blends)
    blends = np.unique(np.round(np.vstack([blends, (blends + center) / 2]), 12), axis=0)
    rest = grid_of(scales[len(components) :])
    if len(blends) * max(len(rest), 1) > MOST_CANDIDATES:
        raise InputError(
            f"{len(blends)} blends at {len(rest)} process settings are too many candidates",
            where=where,
            remedy="use fewer components or process factors, or give candidates",
        )
    return np.hstack([np.repeat(blends, len(rest), axis=0), np.tile(rest, (len(blends), 1))])


def mixture_corners(components: Sequence[Axis], constraints: Sequence[Constraint]) -> FloatArray:
    """Corners of the blends that bounds and linear limits on components leave, as shares."""
    names = [axis.factor.name for axis in components]
    count = len(components)
    low = np.array([axis.low for axis in components])
    high = np.array([axis.high for axis in components])
    sides, ends = [*np.eye(count), *np.eye(count)], [*low, *high]
    limits = []
    for constraint in constraints:
        if not constraint.coefficients or not set(constraint.coefficients) <= set(names):
            continue
        row = np.zeros(count)
        for name, coefficient in constraint.coefficients.items():
            row[names.index(name)] = coefficient * components[0].total
        for limit, sign in ((constraint.least, -1.0), (constraint.most, 1.0)):
            if limit is not None:
                sides.append(row)
                ends.append(limit)
                limits.append((sign * row, sign * limit))
    found = intersections(np.array(sides), np.array(ends), (np.ones(count), 1.0))
    inside = np.all((found >= low - 1e-9) & (found <= high + 1e-9), axis=1)
    for row, end in limits:
        inside &= found @ row <= end + 1e-9 * (1 + abs(end))
    return np.clip(found[inside], low, high)


def _mean(
    axes: Sequence[Axis],
    model: OptimalModel,
    feasible: Feasible | None,
    generator: np.random.Generator,
) -> tuple[FloatArray | None, str]:
    """Mean of f(x) f(x)' over the region: exact, or over a sample where limits cut it."""
    if feasible is None:
        return model.moments([nodes_of(axis) for axis in axes]), "over the region, exact"
    points = sample_of(axes, SAMPLE, generator)
    points = points[feasible(points)]
    if len(points) < 200:
        return None, "not known: the region is too narrow to sample"
    rows = model.expand(points)
    return rows.T @ rows / len(rows), "over a random sample of the region"


def nodes_of(axis: Axis) -> tuple[FloatArray, FloatArray]:
    """Settings and weights whose mean is that over the axis, exact for polynomials."""
    if axis.continuous:
        values, weights = np.polynomial.legendre.leggauss(6)
        return values, weights / 2
    return np.array(axis.listed), np.full(len(axis.listed), 1 / len(axis.listed))


def sample_of(axes: Sequence[Axis], count: int, generator: np.random.Generator) -> FloatArray:
    """Points spread at random over ranges, listed numbers and labels."""
    return np.column_stack(
        [
            generator.uniform(-1, 1, count)
            if axis.continuous
            else generator.choice(np.array(axis.listed), count)
            for axis in axes
        ]
    )
