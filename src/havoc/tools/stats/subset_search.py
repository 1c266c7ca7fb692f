"""Selection of predictors: all models from one factorisation, stepwise or all subsets.

Every submodel of [1, X] has the same residuals as the submodel of R and Q'y of its QR
factorisation, so the rows are read once. All subsets are searched by leaps and bounds:
leaving predictors out never lowers the residual sum of squares, so a branch whose sum is
above the best known of every size it still holds can be cut without losing a model.

Sources: G. M. Furnival and R. W. Wilson (1974), Technometrics 16, 499; C. Gatu and E. J.
Kontoghiorghes (2006), J. Comput. Graph. Stat. 15, 139; A. Miller, Subset Selection in
Regression (2002), chapters 2 and 3.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence

import msgspec
import numpy as np

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.stats import precise_sums

MOST_NODES = 400_000
# Length of the part of a column that the others do not explain, below which it depends on them.
DEPENDENT = 1e-9
# Residual over total sum of squares of a perfect fit.
PERFECT = 1e-20


class Reduced(msgspec.Struct, frozen=True, kw_only=True):
    """Triangle and projected response of centred columns of unit length."""

    triangle: FloatArray
    projected: FloatArray
    rest: float
    ss_total: float
    n: int

    def ss_residual(self, columns: Sequence[int]) -> float:
        """Residual sum of squares of the model with these columns; inf if they depend."""
        if not columns:
            return self.ss_total
        part = self.triangle[:, list(columns)]
        q, r = np.linalg.qr(part)
        if np.abs(np.diag(r)).min() < DEPENDENT or part.shape[0] < part.shape[1]:
            return math.inf
        gap = self.projected - q @ (q.T @ self.projected)
        return self.rest + float(gap @ gap)


def reduce(columns: FloatArray, y: FloatArray) -> Reduced:
    """Columns without the constant, which is always in the model."""
    centred = columns - columns.mean(axis=0)
    size = np.linalg.norm(centred, axis=0)
    response = precise_sums.deviations(y)
    q, triangle = np.linalg.qr(centred / np.where(size > 0, size, 1.0))
    projected = q.T @ response
    gap = response - q @ projected
    return Reduced(
        triangle=triangle,
        projected=projected,
        rest=float(gap @ gap),
        ss_total=float(response @ response),
        n=y.size,
    )


def refuse_dependent(reduced: Reduced, names: Sequence[str]) -> None:
    """Raise InputError naming the first column that follows from those before it."""
    own = np.abs(np.diag(reduced.triangle))
    dependent = np.flatnonzero(own < DEPENDENT)
    if dependent.size:
        raise InputError(
            f"collinear predictors: {names[int(dependent[0])]} follows from the columns before "
            "it, so the full model has no unique fit",
            where="predictors",
            remedy="leave it out",
        )


class Subset(msgspec.Struct, frozen=True, kw_only=True):
    columns: tuple[int, ...]
    ss_residual: float


def all_subsets(
    reduced: Reduced, keep: Sequence[int], largest: int, each: int
) -> dict[int, list[Subset]]:
    """The ``each`` best models of every size up to ``largest``, ``keep`` being in all of them.

    Exact. Raises InputError where more branches than ``MOST_NODES`` had to be looked at.
    """
    count = reduced.triangle.shape[1]
    found: dict[int, list[tuple[float, tuple[int, ...]]]] = {
        size: [] for size in range(len(keep), largest + 1)
    }

    def note(columns: tuple[int, ...], square: float) -> None:
        best = found.get(len(columns))
        if best is None or any(known == columns for _, known in best):
            return
        bisect.insort(best, (square, columns))
        del best[each:]

    def bound(low: int, high: int) -> float:
        """The largest sum of squares that could still enter a list of these sizes."""
        limits = [
            math.inf if len(found[size]) < each else found[size][-1][0]
            for size in range(max(low, len(keep)), min(high, largest) + 1)
        ]
        return max(limits, default=-math.inf)

    fixed = tuple(keep)
    start = [column for column in range(count) if column not in set(keep)]
    gram = reduced.triangle.T @ reduced.triangle
    order = [*fixed, *start]
    inverse = np.asarray(np.linalg.inv(gram[np.ix_(order, order)]), dtype=np.float64)
    slopes = inverse @ (reduced.triangle.T @ reduced.projected)[order]
    nodes = 0
    # a node: its columns in order, the number of them that stay, and its fit
    stack: list[tuple[list[int], int, FloatArray, FloatArray, float]] = [
        (order, len(fixed), inverse, slopes, reduced.rest)
    ]
    note(tuple(sorted(order)), reduced.rest)
    while stack:
        columns, stay, inverse, slopes, square = stack.pop()
        size = len(columns)
        if square >= bound(stay, size - 1):
            continue
        nodes += 1
        if nodes > MOST_NODES:
            raise InputError(
                f"the {count} predictors are too alike for an exact search of all subsets",
                where="predictors",
                remedy="keep some of them in every model, leave some out, or use stepwise",
            )
        # what leaving out each of the free columns costs
        costs = slopes[stay:] ** 2 / np.diag(inverse)[stay:]
        rank = np.argsort(-costs, kind="stable")
        place = [*range(stay), *(stay + int(i) for i in rank)]
        columns = [columns[i] for i in place]
        inverse = inverse[np.ix_(place, place)]
        slopes, costs = slopes[place], costs[rank]
        children = []
        for i in range(stay, size):
            total = square + float(costs[i - stay])
            rest = [*columns[:i], *columns[i + 1 :]]
            note(tuple(sorted(rest)), total)
            # this child leaves columns i and later free; those before it stay
            if i < size - 1 and total < bound(i, size - 2):
                children.append((i, rest, total))
        for i, rest, total in children:
            others = [k for k in range(size) if k != i]
            row = inverse[i, others]
            pivot = inverse[i, i]
            stack.append(
                (
                    rest,
                    i,
                    inverse[np.ix_(others, others)] - np.outer(row, row) / pivot,
                    slopes[others] - row * (slopes[i] / pivot),
                    total,
                )
            )
    return {
        size: [Subset(columns=columns, ss_residual=square) for square, columns in best]
        for size, best in found.items()
    }
