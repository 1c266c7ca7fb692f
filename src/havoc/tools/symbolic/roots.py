"""Real roots of one equation by search: for what has no solution in closed form."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import optimize

from havoc.tools.parameters import FloatArray
from havoc.tools.symbolic.evaluation import evaluate
from havoc.tools.symbolic.tree import Call, Equation, Tree, walk

# Powers of ten searched on both sides of zero, with this many points to a power.
DECADES = (-9, 9)
POINTS_A_DECADE = 400
MOST_ROOTS = 20
PERIODIC = frozenset({"sin", "cos", "tan", "cot", "sec", "csc"})


def is_periodic(tree: Tree) -> bool:
    return any(isinstance(node, Call) and node.function in PERIODIC for node in walk(tree))


def real_roots(tree: Tree, variable: str, values: Mapping[str, float]) -> list[float]:
    """Sign changes of left minus right on a logarithmic grid, refined by Brent's method.

    A root where the sign does not change is missed, and so is one of two roots
    closer together than the grid. A sign change at a pole is not a root.
    """
    count = (DECADES[1] - DECADES[0]) * POINTS_A_DECADE
    positive = np.logspace(*DECADES, count)
    grid = np.concatenate([-positive[::-1], [0.0], positive])
    height = _heights(tree, {**values, variable: grid}, grid)

    def difference(x: float) -> float:
        return float(evaluate(tree, {**values, variable: x}))

    found = []
    zero = np.flatnonzero(height == 0)
    for run in np.split(zero, np.flatnonzero(np.diff(zero) > 1) + 1):
        if run.size:
            found.append(float(grid[run[np.argmin(np.abs(grid[run]))]]))
    crossing = np.isfinite(height[:-1]) & np.isfinite(height[1:])
    crossing &= np.sign(height[:-1]) * np.sign(height[1:]) < 0
    for i in np.flatnonzero(crossing):
        low, high = float(grid[i]), float(grid[i + 1])
        root = float(optimize.brentq(difference, low, high, xtol=1e-300, rtol=1e-14))
        ends = min(abs(height[i]), abs(height[i + 1]))
        if abs(difference(root)) <= 1e-6 * float(ends) + 1e-12:
            found.append(root)
    nearest_zero = sorted(found, key=abs)[:MOST_ROOTS]
    return sorted(_distinct(nearest_zero))


def _heights(tree: Tree, point: Mapping[str, Any], grid: FloatArray) -> FloatArray:
    """Left minus right, exactly zero where the difference is only rounding."""
    sides = [tree.left, tree.right] if isinstance(tree, Equation) else [tree]
    left, *rest = (
        np.broadcast_to(np.asarray(evaluate(side, point), dtype=np.float64), grid.shape)
        for side in sides
    )
    right = rest[0] if rest else np.zeros_like(grid)
    with np.errstate(invalid="ignore", over="ignore"):
        height = left - right
        rounding = 8 * np.finfo(np.float64).eps * np.minimum(np.abs(left), np.abs(right))
        return np.where(np.abs(height) <= rounding, 0.0, height)


def _distinct(roots: list[float]) -> list[float]:
    kept: list[float] = []
    for root in roots:
        if not any(math.isclose(root, other, rel_tol=1e-9, abs_tol=1e-12) for other in kept):
            kept.append(root)
    return kept


def merge(exact: list[float], searched: list[float]) -> list[float]:
    """Roots that the search found and that are not among the exact ones."""
    return [
        root
        for root in searched
        if not any(math.isclose(root, other, rel_tol=1e-7, abs_tol=1e-9) for other in exact)
    ]
