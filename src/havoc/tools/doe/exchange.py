"""Exchange algorithms for the best design of a given number of runs.

The design is changed one row at a time, each time by what improves the criterion
most: a row takes another candidate, or one of its factors another setting. With
M = X'X, a row x that is replaced by y changes the criteria by

    D: det(M) grows by the factor (1 + d_y)(1 - d_x) + d_xy^2
    A, I: trace(W M^-1) falls by (v_y (1 - d_x) + 2 v_xy d_xy - v_x (1 + d_y)) / that factor

where d_xy = x'M^-1 y and v_xy = x'M^-1 W M^-1 y.

Sources: V. V. Fedorov, Theory of Optimal Experiments (1972); R. D. Cook and
C. J. Nachtsheim, Technometrics 22 (1980) 315-324 (one exchange for every
row); R. K. Meyer and C. J. Nachtsheim, Technometrics 37 (1995) 60-69
(coordinate exchange).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from havoc.tools.parameters import FloatArray

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Expand = Callable[[FloatArray], FloatArray]
Options = Callable[[int], tuple[Any, FloatArray]]
"""What a row may become: the states, and their rows of the model matrix."""
GAIN = 1e-9
PASSES = 60
RIDGE = 1e-7
KICK = 15
# Products of a matrix multiplication below which no second thread is woken.
SMALL = 200_000
STEPS = (0.25, 0.1, 0.04, 0.015, 0.005, 0.002, 0.0005)


def log_determinant(model: FloatArray) -> float:
    """Logarithm of det(X'X); minus infinity if the model cannot be estimated."""
    values = np.linalg.svd(model, compute_uv=False)
    if len(values) < model.shape[1] or values[-1] <= values[0] * 1e-9:
        return float("-inf")
    return float(2 * np.log(values).sum())


def worth(model: FloatArray, weights: FloatArray | None) -> float:
    """The criterion, larger is better: log det(X'X), or minus log trace(W (X'X)^-1)."""
    logarithm = log_determinant(model)
    if weights is None or logarithm == float("-inf"):
        return logarithm
    return -float(np.log(np.sum(np.linalg.inv(model.T @ model) * weights)))


def exchange_points(
    candidates: FloatArray,
    fixed: FloatArray,
    runs: int,
    starts: int,
    generator: np.random.Generator,
    *,
    weights: FloatArray | None = None,
    attached: FloatArray | None = None,
) -> IntArray:
    """Rows of ``candidates`` (model matrix) that, with ``fixed``, are best.

    Without ``weights`` that is the largest determinant. ``attached`` holds columns
    that belong to the place of a row and not to its candidate, as those of blocks.
    """
    problem = _Problem(fixed=fixed, weights=weights, attached=attached, repeats=1)
    chosen = _best_of(
        starts,
        runs,
        lambda count: generator.integers(0, len(candidates), size=count),
        lambda state: _climb_candidates(state, candidates, problem),
        generator,
        problem,
    )
    return chosen if attached is not None else np.sort(chosen)


def exchange_coordinates(
    scales: Sequence[FloatArray],
    expand: Expand,
    feasible: Callable[[FloatArray], BoolArray] | None,
    fixed: FloatArray,
    runs: int,
    starts: int,
    generator: np.random.Generator,
    *,
    weights: FloatArray | None = None,
    attached: FloatArray | None = None,
) -> FloatArray:
    """Settings (levels as positions in ``scales``) found by changing one factor at a time."""
    neighbours = _neighbours(scales)
    problem = _Problem(fixed=fixed, weights=weights, attached=attached, repeats=len(scales))
    if len(_feasible_start(scales, feasible, runs, generator)) < runs:
        return np.empty((0, len(scales)))

    def options_of(points: FloatArray) -> Options:
        def options(place: int) -> tuple[FloatArray, FloatArray]:
            trial = neighbours(points[place])
            if feasible is not None:
                trial = trial[feasible(trial)]
            return trial, expand(trial)

        return options

    points: FloatArray = _best_of(
        starts,
        runs,
        lambda count: _feasible_start(scales, feasible, count, generator),
        lambda state: _improved(state, expand(state), options_of(state), problem),
        generator,
        problem,
    )
    return points


def polish(
    points: FloatArray,
    movable: Sequence[int],
    expand: Expand,
    feasible: Callable[[FloatArray], BoolArray] | None,
    fixed: FloatArray,
    *,
    weights: FloatArray | None = None,
    attached: FloatArray | None = None,
) -> FloatArray:
    """The settings of the ``movable`` factors shifted in ever smaller steps within -1 and 1."""
    points = points.copy()
    for step in STEPS:

        def options(place: int, step: float = step) -> tuple[FloatArray, FloatArray]:
            trial = np.repeat(points[place : place + 1], 2 * len(movable), axis=0)
            for row, column in enumerate(movable):
                trial[2 * row, column] += step
                trial[2 * row + 1, column] -= step
            trial = np.clip(trial, -1, 1).round(6)
            if feasible is not None:
                trial = trial[feasible(trial)]
            if not len(trial):
                trial = points[place : place + 1].copy()
            return trial, expand(trial)

        problem = _Problem(
            fixed=fixed, weights=weights, attached=attached, repeats=4 * len(movable)
        )
        _improved(points, expand(points), options, problem)
    return points


def _neighbours(scales: Sequence[FloatArray]) -> Callable[[FloatArray], FloatArray]:
    """All points that differ from a point in one factor, and the point itself."""
    place = np.concatenate([np.full(len(scale), index) for index, scale in enumerate(scales)])
    value = np.concatenate(list(scales))
    rows = np.arange(len(value))

    def around(point: FloatArray) -> FloatArray:
        trial = np.tile(point, (len(value), 1))
        trial[rows, place] = value
        return trial

    return around


def _feasible_start(
    scales: Sequence[FloatArray],
    feasible: Callable[[FloatArray], BoolArray] | None,
    runs: int,
    generator: np.random.Generator,
) -> FloatArray:
    kept: list[FloatArray] = []
    for _ in range(200):
        points = np.column_stack([generator.choice(scale, size=4 * runs) for scale in scales])
        kept += list(points[feasible(points)] if feasible is not None else points)
        if len(kept) >= runs:
            break
    return np.array(kept[:runs]) if len(kept) >= runs else np.empty((0, len(scales)))


class _Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What is made best. ``repeats`` is how often a row may change before the next one's turn."""

    fixed: FloatArray
    weights: FloatArray | None
    attached: FloatArray | None
    repeats: int


def _best_of(
    starts: int,
    runs: int,
    draw: Callable[[int], Any],
    climb: Callable[[Any], FloatArray],
    generator: np.random.Generator,
    problem: _Problem,
) -> Any:
    """The best state of several climbs: half from random starts, half from the best so far.

    The latter have some rows drawn anew, which finds what a climb from nowhere misses.
    ``climb`` changes a state in place and returns its model rows.
    """
    best: tuple[float, Any] | None = None
    for number in range(starts):
        if best is None or 2 * number <= starts:
            state = draw(runs)
        else:
            state = best[1].copy()
            kicked = generator.choice(runs, size=max(1, runs // KICK), replace=False)
            state[kicked] = draw(len(kicked))
        rows = climb(state)
        value = worth(np.vstack([problem.fixed, rows]), problem.weights)
        if best is None or value > best[0] + GAIN:
            best = (value, state)
    assert best is not None
    return best[1]


def _improved(state: Any, rows: FloatArray, options: Options, problem: _Problem) -> FloatArray:
    """Change ``state`` in place, row after row, until nothing helps; its model rows."""
    if problem.attached is not None:
        rows = np.hstack([rows, problem.attached])
    if problem.weights is not None:
        # A design that determines the model well is where the search for A and I begins.
        rows = _climb(state, rows, options, problem, None)
    return _climb(state, rows, options, problem, problem.weights)


def _climb(
    state: Any,
    rows: FloatArray,
    options: Options,
    problem: _Problem,
    weights: FloatArray | None,
) -> FloatArray:
    own_columns = rows.shape[1] - (0 if problem.attached is None else problem.attached.shape[1])
    for _ in range(PASSES):
        inverse = _inverse(np.vstack([problem.fixed, rows]))
        moved = False
        for place in range(len(rows)):
            for _ in range(problem.repeats):
                states, trial = options(place)
                tail = rows[place, own_columns:]
                gain = _gains(inverse, rows[place], trial, tail, weights)
                pick = int(gain.argmax())
                if gain[pick] <= 10 * GAIN:
                    break
                new = np.concatenate([trial[pick], tail])
                inverse = _exchanged(inverse, rows[place], new)
                state[place], rows[place] = states[pick], new
                moved = True
        if not moved:
            break
    return rows


def _climb_candidates(chosen: IntArray, candidates: FloatArray, problem: _Problem) -> FloatArray:
    """Every row in turn takes the candidate that helps most, until none helps."""
    rows = candidates[chosen]
    if problem.attached is not None:
        rows = np.hstack([rows, problem.attached])
    for weights in (None,) if problem.weights is None else (None, problem.weights):
        for _ in range(PASSES):
            spread = _Spread(candidates, _inverse(np.vstack([problem.fixed, rows])), weights)
            moved = False
            for place in range(len(rows)):
                tail = rows[place, candidates.shape[1] :]
                gain = spread.gains(rows[place], tail)
                pick = int(gain.argmax())
                if gain[pick] <= 10 * GAIN:
                    continue
                new = np.concatenate([candidates[pick], tail])
                spread.exchange(rows[place], new)
                chosen[place], rows[place] = pick, new
                moved = True
            if not moved:
                break
    return rows


class _Spread:
    """C M^-1 for a list C of candidates, kept up to date as rows are exchanged.

    Only sums over a candidate are worked out anew for every row, so a row costs as many
    products as the list has numbers. They are not left to the matrix library, whose threads
    wait for each other on a busy machine.
    """

    def __init__(
        self, candidates: FloatArray, inverse: FloatArray, weights: FloatArray | None
    ) -> None:
        self.candidates, self.inverse, self.weights = candidates, inverse, weights
        self.count = candidates.shape[1]
        self.spread = _product(candidates, inverse[: self.count])
        self.variance = np.einsum("ij,ij->i", self.spread[:, : self.count], candidates)
        self.along: FloatArray | None = None

    def gains(self, own: FloatArray, tail: FloatArray) -> FloatArray:
        through = self.inverse @ own
        variance, covariance = self.variance, np.einsum("ij,j->i", self.spread, own)
        if len(tail):
            beside = np.einsum("ij,j->i", self.spread[:, self.count :], tail)
            corner = self.inverse[self.count :]
            variance = variance + 2 * beside + float(tail @ corner[:, self.count :] @ tail)
            covariance = covariance + float(tail @ through[self.count :])
        own_variance = float(own @ through)
        growth: FloatArray = (1 + variance) * (1 - own_variance) + covariance**2
        if self.weights is None:
            return growth - 1
        full = self.spread
        if len(tail):
            full = full + tail @ self.inverse[self.count :]
        if len(tail) or self.along is None:
            along = np.einsum("ij,ij->i", _product(full, self.weights), full)
            self.along = None if len(tail) else along
        else:
            along = self.along
        around = self.weights @ through
        across = np.einsum("ij,j->i", full, around)
        fall = (
            along * (1 - own_variance)
            + 2 * across * covariance
            - float(through @ around) * (1 + variance)
        )
        usable = growth > 1e-6
        gain = np.where(usable, fall / np.where(usable, growth, 1.0), -np.inf)
        return np.asarray(gain / max(float(np.sum(self.inverse * self.weights)), 1e-300))

    def exchange(self, old: FloatArray, new: FloatArray) -> None:
        """The row ``old`` becomes ``new`` (Sherman and Morrison)."""
        step = self.inverse @ new
        self._shift(step, -1 / (1 + float(new @ step)))
        step = self.inverse @ old
        self._shift(step, 1 / max(1 - float(old @ step), 1e-12))
        self.along = None

    def _shift(self, step: FloatArray, scale: float) -> None:
        reach = np.einsum("ij,j->i", self.candidates, step[: self.count])
        self.inverse = self.inverse + scale * np.outer(step, step)
        self.spread += np.multiply.outer(scale * reach, step)
        self.variance = self.variance + scale * reach**2


def _product(rows: FloatArray, matrix: FloatArray) -> FloatArray:
    """``rows @ matrix`` in pieces that are too small for several threads."""
    size = max(1, SMALL // max(matrix.size, 1))
    if len(rows) <= size:
        return np.asarray(rows @ matrix)
    whole = len(rows) // size * size
    pieces = rows[:whole].reshape(-1, size, rows.shape[1]) @ matrix
    product = np.empty((len(rows), matrix.shape[1]))
    product[:whole] = pieces.reshape(whole, -1)
    product[whole:] = rows[whole:] @ matrix
    return product


def _gains(
    inverse: FloatArray,
    own: FloatArray,
    trial: FloatArray,
    tail: FloatArray,
    weights: FloatArray | None,
) -> FloatArray:
    """Relative gain of the criterion for every row of ``trial`` in the place of ``own``."""
    count = trial.shape[1]
    spread = _product(trial, inverse[:count])
    through = inverse @ own
    variance = np.einsum("ij,ij->i", spread[:, :count], trial)
    covariance = np.einsum("ij,j->i", trial, through[:count])
    if len(tail):
        spread = spread + tail @ inverse[count:]
        variance = np.einsum("ij,ij->i", spread[:, :count], trial) + spread[:, count:] @ tail
        covariance = covariance + float(tail @ through[count:])
    own_variance = float(own @ through)
    growth: FloatArray = (1 + variance) * (1 - own_variance) + covariance**2
    if weights is None:
        return growth - 1
    around = weights @ through
    own_spread = float(through @ around)
    across = np.einsum("ij,j->i", spread, around)
    along = np.einsum("ij,ij->i", _product(spread, weights), spread)
    fall = along * (1 - own_variance) + 2 * across * covariance - own_spread * (1 + variance)
    usable = growth > 1e-6
    gain = np.where(usable, fall / np.where(usable, growth, 1.0), -np.inf)
    return np.asarray(gain / max(float(np.sum(inverse * weights)), 1e-300), dtype=np.float64)


def _inverse(rows: FloatArray) -> FloatArray:
    """(X'X)^-1; a small ridge lets a search start from rows that do not determine the model."""
    ridged = _product(np.ascontiguousarray(rows.T), rows) + RIDGE * np.eye(rows.shape[1])
    return np.asarray(np.linalg.inv(ridged), dtype=np.float64)


def _exchanged(inverse: FloatArray, old: FloatArray, new: FloatArray) -> FloatArray:
    """The inverse after one row is added and one removed (Sherman and Morrison)."""
    step = inverse @ new
    added = inverse - np.outer(step, step) / (1 + new @ step)
    step = added @ old
    remaining: FloatArray = added + np.outer(step, step) / max(1 - float(old @ step), 1e-12)
    return remaining
