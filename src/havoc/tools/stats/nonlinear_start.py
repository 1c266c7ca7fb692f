"""Starting values for a model that nobody gave any for.

Parameters that enter linearly are solved for, so only the others are searched: on a grid
of the sizes that the data suggest (places and reciprocals of the predictors, sizes of the
response, small whole numbers), or on a fixed sample of it where the grid would be large.

Source: D. M. Bates and D. G. Watts, Nonlinear Regression Analysis and Its Applications
(1988), 3.3 (conditionally linear parameters, starting estimates).
"""

from __future__ import annotations

import itertools
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.stats.nonlinear_fit import Model, linear_parameters
from havoc.tools.symbolic.gradient import value_and_slopes

MOST_ROWS = 150
MOST_CANDIDATES = 2500
KEPT = 6
_SEED = 20_240_117
_BLOCK = 400


def starting_values(
    model: Model, y: FloatArray, positive: Collection[str] = ()
) -> list[FloatArray]:
    """The most promising starts, best first. Raises InputError if the model fits nowhere."""
    rows = _rows(y.size)
    data = {name: values[rows] for name, values in model.data.items()}
    response = y[rows]
    linear = linear_parameters(model.tree, model.parameters)
    others = [name for name in model.parameters if name not in linear]
    grid = _grid(model, data, response, others, positive)
    found: list[tuple[float, FloatArray]] = []
    for first in range(0, len(grid), _BLOCK):
        found += _solved(model, data, response, linear, others, grid[first : first + _BLOCK])
    found.sort(key=lambda item: item[0])
    if not found:
        raise InputError(
            "no starting values were found at which the model is finite",
            where="start",
            remedy="give a starting value for every parameter",
        )
    return [start for _, start in found[:KEPT]]


def _rows(size: int) -> NDArray[np.int64]:
    step = max(size // MOST_ROWS, 1)
    return np.arange(0, size, step)


def _grid(
    model: Model,
    data: dict[str, FloatArray],
    y: FloatArray,
    others: list[str],
    positive: Collection[str],
) -> FloatArray:
    """Candidates, one a row, one column a parameter that is not linear."""
    if not others:
        return np.zeros((1, 0))
    sizes = _sizes(data, y)
    choices = [sizes[sizes > 0] if name in positive else sizes for name in others]
    count = int(np.prod([choice.size for choice in choices]))
    if count <= MOST_CANDIDATES:
        return np.array(list(itertools.product(*choices)), dtype=np.float64)
    draw = np.random.default_rng(_SEED)
    return np.column_stack([draw.choice(choice, MOST_CANDIDATES) for choice in choices])


def _sizes(data: dict[str, FloatArray], y: FloatArray) -> FloatArray:
    """Values that a parameter may well have, from the scales of the data."""
    values: list[float] = []
    for x in data.values():
        values += [float(q) for q in np.quantile(x, [0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])]
        reach = float(np.ptp(x)) or 1.0
        large = float(np.abs(x).max()) or 1.0
        values += [reach * share for share in (0.03, 0.1, 0.25, 0.5)]
        for share in (0.03, 0.1, 0.3, 1.0, 2.0, 5.0, 12.0, 30.0):
            values += [share / large, -share / large]
    for number in (0.1, 0.3, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0):
        values += [number, -number]
    values += [float(y.max()), float(y.min()), float(y.mean())]
    return np.unique(np.round(np.array(values), 12))


def _solved(
    model: Model,
    data: dict[str, FloatArray],
    y: FloatArray,
    linear: list[str],
    others: list[str],
    grid: FloatArray,
) -> list[tuple[float, FloatArray]]:
    """Sum of squares and parameters of every candidate, the linear ones solved for."""
    count, n = len(grid), y.size
    values: dict[str, FloatArray] = {name: column[None, :] for name, column in data.items()}
    values |= {name: grid[:, [i]] for i, name in enumerate(others)}
    values |= {name: np.zeros(()) for name in linear}
    offset, slopes = value_and_slopes(model.tree, values, linear)
    target = y - np.broadcast_to(offset, (count, n))
    solution = np.zeros((count, len(linear)))
    with np.errstate(all="ignore"):
        if linear:
            columns = np.stack(
                [np.broadcast_to(slopes.get(name, 0.0), (count, n)) for name in linear], axis=2
            )
            usable = np.isfinite(columns).all(axis=(1, 2)) & np.isfinite(target).all(axis=1)
            columns = np.where(usable[:, None, None], columns, 0.0)
            target = np.where(usable[:, None], target, 0.0)
            size = np.sqrt((columns**2).sum(axis=1))
            columns = columns / np.where(size > 0, size, 1.0)[:, None, :]
            gram = np.einsum("mni,mnj->mij", columns, columns) + 1e-12 * np.eye(len(linear))
            right = np.einsum("mni,mn->mi", columns, target)
            solution = np.linalg.solve(gram, right[:, :, None])[:, :, 0]
            target = target - np.einsum("mni,mi->mn", columns, solution)
            solution = solution / np.where(size > 0, size, 1.0)
        else:
            usable = np.isfinite(target).all(axis=1)
        squares = (target**2).sum(axis=1)
    result = []
    order = np.argsort(np.where(usable & np.isfinite(squares), squares, np.inf), kind="stable")
    for i in order[: 3 * KEPT]:
        if not usable[i] or not np.isfinite(squares[i]) or not np.isfinite(solution[i]).all():
            continue
        named = dict(zip(linear, solution[i], strict=True))
        named |= dict(zip(others, grid[i], strict=True))
        start = np.array([named[name] for name in model.parameters], dtype=np.float64)
        result.append((float(squares[i]), start))
    return result
