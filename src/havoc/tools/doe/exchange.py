"""Exchange algorithms that maximise det(X'X) for a given number of runs.

Sources: V. V. Fedorov, Theory of Optimal Experiments (1972); R. D. Cook and
C. J. Nachtsheim, Technometrics 22 (1980) 315-324 (one exchange for every
row); R. K. Meyer and C. J. Nachtsheim, Technometrics 37 (1995) 60-69
(coordinate exchange).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from havoc.tools.parameters import FloatArray

IntArray = NDArray[np.int64]
Expand = Callable[[FloatArray], FloatArray]
GAIN = 1e-9
PASSES = 25
RIDGE = 1e-7


def log_determinant(model: FloatArray) -> float:
    """Logarithm of det(X'X); minus infinity if the model cannot be estimated."""
    values = np.linalg.svd(model, compute_uv=False)
    if len(values) < model.shape[1] or values[-1] <= values[0] * 1e-9:
        return float("-inf")
    return float(2 * np.log(values).sum())


def exchange_points(
    candidates: FloatArray,
    fixed: FloatArray,
    runs: int,
    starts: int,
    generator: np.random.Generator,
) -> IntArray:
    """Rows of ``candidates`` (model matrix) that, with ``fixed``, have the largest determinant."""
    best: tuple[float, IntArray] | None = None
    for _ in range(starts):
        chosen = generator.integers(0, len(candidates), size=runs)
        chosen = _improved(candidates, fixed, chosen)
        value = log_determinant(np.vstack([fixed, candidates[chosen]]))
        if best is None or value > best[0] + GAIN:
            best = (value, np.sort(chosen))
    assert best is not None
    return best[1]


def _improved(candidates: FloatArray, fixed: FloatArray, chosen: IntArray) -> IntArray:
    """Every row in turn takes the candidate that helps most, until none helps."""
    rows = np.vstack([fixed, candidates[chosen]])
    inverse = _inverse(rows)
    for _ in range(PASSES):
        moved = False
        for place in range(len(chosen)):
            spread = candidates @ inverse
            variance = np.einsum("ij,ij->i", spread, candidates)
            own = candidates[chosen[place]]
            own_variance = float(own @ inverse @ own)
            covariance = spread @ own
            gain = variance - own_variance - variance * own_variance + covariance**2
            pick = int(np.argmax(gain))
            if gain[pick] <= GAIN * 10:
                continue
            inverse = _exchanged(inverse, own, candidates[pick])
            chosen[place] = pick
            moved = True
        if not moved:
            break
        rows = np.vstack([fixed, candidates[chosen]])
        inverse = _inverse(rows)
    return chosen


def _inverse(rows: FloatArray) -> FloatArray:
    """(X'X)^-1; a small ridge lets a search start from rows that do not determine the model."""
    ridged = rows.T @ rows + RIDGE * np.eye(rows.shape[1])
    return np.asarray(np.linalg.inv(ridged), dtype=np.float64)


def _exchanged(inverse: FloatArray, old: FloatArray, new: FloatArray) -> FloatArray:
    """The inverse after one row is added and one removed (Sherman and Morrison)."""
    step = inverse @ new
    added = inverse - np.outer(step, step) / (1 + new @ step)
    step = added @ old
    remaining: FloatArray = added + np.outer(step, step) / max(1 - float(old @ step), 1e-12)
    return remaining


def exchange_coordinates(
    scales: Sequence[FloatArray],
    expand: Expand,
    feasible: Callable[[FloatArray], NDArray[np.bool_]],
    fixed: FloatArray,
    runs: int,
    starts: int,
    generator: np.random.Generator,
) -> FloatArray:
    """Settings (levels as positions in ``scales``) found by changing one factor at a time."""
    best: tuple[float, FloatArray] | None = None
    for _ in range(starts):
        points = _feasible_start(scales, feasible, runs, generator)
        points = _improved_coordinates(points, scales, expand, feasible, fixed)
        value = log_determinant(np.vstack([fixed, expand(points)]))
        if best is None or value > best[0] + GAIN:
            best = (value, points)
    assert best is not None
    return best[1]


def _feasible_start(
    scales: Sequence[FloatArray],
    feasible: Callable[[FloatArray], NDArray[np.bool_]],
    runs: int,
    generator: np.random.Generator,
) -> FloatArray:
    kept: list[FloatArray] = []
    for _ in range(200):
        points = np.column_stack([generator.choice(scale, size=4 * runs) for scale in scales])
        kept += list(points[feasible(points)])
        if len(kept) >= runs:
            break
    return np.array(kept[:runs]) if len(kept) >= runs else np.empty((0, len(scales)))


def _improved_coordinates(
    points: FloatArray,
    scales: Sequence[FloatArray],
    expand: Expand,
    feasible: Callable[[FloatArray], NDArray[np.bool_]],
    fixed: FloatArray,
) -> FloatArray:
    if not len(points):
        return points
    rows = np.vstack([fixed, expand(points)])
    inverse = _inverse(rows)
    for _ in range(PASSES):
        moved = False
        for place in range(len(points)):
            for factor, scale in enumerate(scales):
                trial = np.tile(points[place], (len(scale), 1))
                trial[:, factor] = scale
                trial = trial[feasible(trial)]
                own = expand(points[place : place + 1])[0]
                options = expand(trial)
                spread = options @ inverse
                variance = np.einsum("ij,ij->i", spread, options)
                own_variance = float(own @ inverse @ own)
                gain = variance - own_variance - variance * own_variance + (spread @ own) ** 2
                pick = int(np.argmax(gain))
                if gain[pick] > GAIN * 10:
                    inverse = _exchanged(inverse, own, options[pick])
                    points[place] = trial[pick]
                    moved = True
        if not moved:
            break
        rows = np.vstack([fixed, expand(points)])
        inverse = _inverse(rows)
    return points
