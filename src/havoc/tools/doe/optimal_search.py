"""One search for the best runs: which exchange, how often, and for which criterion."""

from __future__ import annotations

import msgspec
import numpy as np

from havoc.errors import InputError
from havoc.tools.doe.axes import Feasible
from havoc.tools.doe.exchange import exchange_coordinates, exchange_points, polish, worth
from havoc.tools.doe.optimal_model import OptimalModel, contrasts_of
from havoc.tools.doe.optimal_region import Region
from havoc.tools.parameters import FloatArray

MOST_STARTS = 200
# Seconds that a search with an unspecified number of starts takes, about.
PATIENCE = 2.5


def with_blocks(rows: FloatArray, blocks: list[int]) -> FloatArray:
    if max(blocks) == 1:
        return rows
    return np.hstack([rows, contrasts_of(max(blocks))[np.array(blocks) - 1]])


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What is searched for, apart from the region."""

    model: OptimalModel
    feasible: Feasible | None
    done: FloatArray
    blocks: list[int]
    criterion: str
    starts: int | None
    continuous: bool

    def rows(self, points: FloatArray) -> FloatArray:
        """Model rows of the existing runs and the new ones, with the columns of blocks."""
        return with_blocks(self.model.expand(np.vstack([self.done, points])), self.blocks)

    def worth(self, points: FloatArray, region: Region) -> float:
        return worth(self.rows(points), _weights(self, region, ""))


def search(
    task: Task, region: Region, generator: np.random.Generator, where: str
) -> tuple[FloatArray, int]:
    """The new settings, and from how many starts."""
    expand, feasible, listed = task.model.expand, task.feasible, region.candidates
    fixed, attached = expand(task.done), None
    if max(task.blocks) > 1:
        contrasts = contrasts_of(max(task.blocks))[np.array(task.blocks) - 1]
        fixed = np.hstack([fixed, contrasts[: len(task.done)]])
        attached = contrasts[len(task.done) :]
    weights = _weights(task, region, where)
    runs = len(task.blocks) - len(task.done)
    options = len(listed) if listed is not None else sum(map(len, region.scales))
    times = task.starts or _affordable(
        runs, options, fixed.shape[1], listed is None, task.criterion
    )
    if listed is not None:
        rows = expand(listed)
        chosen = exchange_points(
            rows, fixed, runs, times, generator, weights=weights, attached=attached
        )
        points = listed[chosen]
    else:
        points = exchange_coordinates(
            region.scales,
            expand,
            feasible,
            fixed,
            runs,
            times,
            generator,
            weights=weights,
            attached=attached,
        )
        if not len(points):
            raise InputError(
                "no start within the constraints was found",
                where=where,
                remedy="relax a constraint, or give candidates",
            )
    movable = [index for index, axis in enumerate(region.axes) if axis.continuous]
    # Where limits cut the grid of many factors, the best settings lie on their edges.
    if movable and (task.continuous or (listed is None and feasible is not None)):
        points = polish(
            points, movable, expand, feasible, fixed, weights=weights, attached=attached
        )
    return points, times


def _weights(task: Task, region: Region, where: str) -> FloatArray | None:
    """What A and I give the variances of the coefficients; blocks do not count."""
    if task.criterion == "D":
        return None
    count = len(task.model.names)
    weights = np.zeros((count + max(task.blocks) - 1,) * 2)
    if task.criterion == "A":
        weights[:count, :count] = np.eye(count)
        return weights
    if region.weights is None:
        raise InputError(
            "the region is too narrow to average predictions over it",
            where=f"{where} criterion",
            remedy="use criterion D, or give candidates",
        )
    weights[:count, :count] = region.weights
    return weights


def _affordable(runs: int, options: int, parameters: int, coordinates: bool, criterion: str) -> int:
    """Starts that take a few seconds: rows tried a pass, times what one trial costs."""
    trials = 7 * runs
    cost = 5e-5 + options * parameters * (parameters + 30) * 2e-10
    if not coordinates:
        cost = 3e-5 + options * parameters * 8e-10
    share = PATIENCE / (trials * cost * (1 if criterion == "D" else 4))
    return int(np.clip(share, 2, MOST_STARTS))
