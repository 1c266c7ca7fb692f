"""The design that is to be judged: its columns, or the call that makes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.declaration import registry
from havoc.tools.doe.axes import Axis, axis_of, coded_points
from havoc.tools.doe.design import Design
from havoc.tools.doe.factors import Factor, named_factors
from havoc.tools.doe.optimal_model import ModelName, OptimalModel, model_of
from havoc.tools.doe.optimal_region import component_axes
from havoc.tools.parameters import FloatArray

MOST_RUNS = 2000
MOST_FACTORS = 40
MOST_COLUMNS = 300


class DesignCall(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A design that another operation makes."""

    operation: str
    arguments: Annotated[dict[str, Any], Meta(description="arguments of the operation")] = {}


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A design with coded points, one row a run."""

    axes: list[Axis]
    points: FloatArray
    blocks: list[int]
    source: str
    components: int


def from_call(call: DesignCall, where: str) -> Judged:
    outcome = registry.get(call.operation)(**call.arguments)
    if not isinstance(outcome, Design):
        raise InputError(
            f"{call.operation} does not make a design",
            where=f"{where} made_by",
            remedy="name an operation that does, such as box_behnken or d_optimal",
        )
    if outcome.design_type == "split_plot":
        raise InputError(
            "a split-plot design has two error terms, which this evaluation does not know",
            where=f"{where} made_by",
            remedy="use the degrees of freedom that split_plot reports",
        )
    blend = outcome.design_type in {"simplex_lattice", "simplex_centroid", "extreme_vertices"}
    components = len(outcome.factors) if blend else getattr(outcome, "n_components", 0)
    columns = dict(zip(outcome.factor_names, zip(*outcome.natural, strict=True), strict=True))
    total = 1.0
    if components:
        total = float(
            sum(value for value in outcome.natural[0][:components] if isinstance(value, float))
        )
    return _judged(
        outcome.factors, columns, outcome.blocks, components, total, outcome.design_type, where
    )


def from_columns(
    design: Mapping[str, Sequence[float | str]],
    factors: Sequence[Factor | str],
    components: Sequence[str],
    total: float,
    blocks: Sequence[float | str],
    where: str,
) -> Judged:
    """Columns as they are typed; ranges are those of ``factors``, or the ends of the column."""
    lengths = {len(column) for column in design.values()}
    if len(lengths) != 1 or lengths == {0}:
        raise InputError(
            "the columns of the design differ in length or are empty",
            where=f"{where} design",
            remedy="give one setting of every factor for each run",
        )
    known = {
        factor.name: factor
        for factor in (
            named_factors(factors, None, where=where, minimum=1, maximum=MOST_FACTORS)
            if factors
            else []
        )
    }
    unknown = [name for name in [*known, *components] if name not in design]
    if unknown:
        raise InputError(
            f"{unknown[0]} is no column of the design",
            where=where,
            remedy=f"its columns are {', '.join(list(design)[:10])}",
        )
    ordered = [*components, *(name for name in design if name not in components)]
    listed = [known.get(name) or _from_column(name, design[name], where) for name in ordered]
    labels = _block_numbers(blocks, lengths.pop(), where)
    return _judged(
        listed,
        {name: design[name] for name in ordered},
        labels,
        len(components),
        total,
        "the given runs",
        where,
    )


def _judged(
    factors: Sequence[Factor],
    columns: Mapping[str, Sequence[float | str]],
    blocks: list[int],
    components: int,
    total: float,
    source: str,
    where: str,
) -> Judged:
    rows = [list(row) for row in zip(*columns.values(), strict=True)]
    if not 2 <= len(rows) <= MOST_RUNS or len(factors) > MOST_FACTORS:
        raise InputError(
            f"{len(rows)} runs of {len(factors)} factors",
            where=where,
            remedy=f"judge 2 to {MOST_RUNS} runs of at most {MOST_FACTORS} factors",
        )
    axes: list[Axis] = []
    if components:
        bounds = [
            (factor.name, factor.low or 0.0, factor.high, factor.unit)
            for factor in factors[:components]
        ]
        axes = component_axes(bounds, total, where)
    axes += [_continuous(factor) for factor in factors[components:]]
    points = coded_points(rows, axes, f"{where} run")
    if components and not np.allclose(points[:, :components].sum(axis=1), 1.0, atol=1e-6):
        raise InputError(
            f"the components do not add up to {total:g} in every run",
            where=f"{where} components",
            remedy="correct the runs or the total",
        )
    return Judged(axes=axes, points=points, blocks=blocks, source=source, components=components)


def _continuous(factor: Factor) -> Axis:
    """Numbers span a range, also where only some of them were run."""
    if factor.levels and not factor.categorical:
        numbers = [float(level) for level in factor.levels]
        factor = Factor(name=factor.name, low=min(numbers), high=max(numbers), unit=factor.unit)
    return axis_of(factor)


def _from_column(name: str, column: Sequence[float | str], where: str) -> Factor:
    place = f"{where} design {name}"
    if any(isinstance(value, str) for value in column):
        labels = list(dict.fromkeys(str(value) for value in column))
        if len(labels) < 2:
            raise InputError("it has one label", where=place, remedy="leave it out")
        if not all(isinstance(value, str) for value in column):
            raise InputError("numbers and labels are mixed", where=place, remedy="correct it")
        return Factor(name=name, levels=list(labels))
    numbers = [float(value) for value in column]
    if not np.all(np.isfinite(numbers)):
        raise InputError("a setting is not a finite number", where=place, remedy="correct it")
    if min(numbers) == max(numbers):
        raise InputError(
            "it is constant, so its effect cannot be estimated",
            where=place,
            remedy="leave it out, or give its range as low and high",
        )
    return Factor(name=name, low=min(numbers), high=max(numbers))


def _block_numbers(blocks: Sequence[float | str], runs: int, where: str) -> list[int]:
    if not blocks:
        return [1] * runs
    if len(blocks) != runs:
        raise InputError(
            f"{len(blocks)} blocks for {runs} runs",
            where=f"{where} blocks",
            remedy="give the block of every run",
        )
    names = list(dict.fromkeys(blocks))
    return [names.index(block) + 1 for block in blocks]


def model_for(
    judged: Judged, model: ModelName | None, terms: Sequence[str], where: str
) -> tuple[ModelName, OptimalModel]:
    """The named model, or the largest of the usual ones that the runs determine.

    A model that leaves nothing for the error is taken if no smaller one is possible, or for
    a mixture, whose lattices are made to be just determined.
    """
    factors = [axis.factor for axis in judged.axes]
    names: tuple[ModelName, ...] = (
        (model,) if model is not None else ("quadratic", "interactions", "linear")
    )
    found: list[tuple[ModelName, OptimalModel]] = []
    for name in names:
        described = model_of(factors, name, terms, where, judged.components)
        if len(described.names) > MOST_COLUMNS:
            continue
        if determined(described.expand(judged.points), judged.blocks):
            found.append((name, described))
            error = len(judged.points) - len(described.names) - len(set(judged.blocks)) + 1
            if error > 0 or judged.components:
                return found[-1]
    if found:
        return found[0]
    smallest = model_of(factors, names[-1], terms, where, judged.components)
    if len(smallest.names) > MOST_COLUMNS:
        raise InputError(
            f"the model has {len(smallest.names)} columns",
            where=where,
            remedy="use a smaller model",
        )
    lost = _lost(smallest, judged)
    raise InputError(
        f"the {len(judged.points)} runs do not determine the {names[-1]} model of "
        f"{len(smallest.names)} parameters: {lost} cannot be told from the terms before it",
        where=where,
        remedy="use a smaller model or add runs",
    )


def _lost(model: OptimalModel, judged: Judged) -> str:
    """The first column that depends on those before it."""
    rows = model.expand(judged.points)
    for count in range(1, len(model.names) + 1):
        if not determined(rows[:, :count], judged.blocks):
            return model.names[count - 1]
    return "blocks"


def block_columns(blocks: Sequence[int]) -> FloatArray:
    """Indicators of all blocks but the first."""
    labels = np.asarray(blocks)
    return np.column_stack(
        [np.empty((len(labels), 0))]
        + [(labels == block).astype(np.float64) for block in sorted(set(blocks))[1:]]
    )


def determined(rows: FloatArray, blocks: Sequence[int]) -> bool:
    matrix = np.hstack([rows, block_columns(blocks)])
    if matrix.shape[0] < matrix.shape[1]:
        return False
    length = np.linalg.norm(matrix, axis=0)
    if not np.all(length > 0):
        return False
    values = np.linalg.svd(matrix / length, compute_uv=False)
    return bool(values[-1] > values[0] * 1e-8)
