"""Lifetimes known exactly or only within limits: right, left and interval censored.

``lower`` and ``upper`` enclose the unknown lifetime: equal for an exact failure, an
infinite ``upper`` for a unit still working at ``lower``, a ``lower`` of zero for one that
had failed before its first inspection at ``upper``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.reliability.life_data import read_lives

Lower = Annotated[
    list[float | None],
    Meta(description="instead of time: last inspection at which each unit worked; null: none"),
]
Upper = Annotated[
    list[float | None],
    Meta(description="with lower: first inspection that found it failed; null: still working"),
]


class Observations(msgspec.Struct, kw_only=True):
    """One row for every distinct pair of limits, with the number of units."""

    lower: FloatArray
    upper: FloatArray
    weight: FloatArray

    @property
    def exact(self) -> NDArray[np.bool_]:
        return np.asarray(self.lower == self.upper)

    @property
    def right(self) -> NDArray[np.bool_]:
        return np.asarray(np.isinf(self.upper))

    @property
    def left(self) -> NDArray[np.bool_]:
        return np.asarray(self.lower <= 0)

    @property
    def n(self) -> int:
        return int(self.weight.sum())

    @property
    def failures(self) -> int:
        return int(self.weight[~self.right].sum())

    def count(self, mask: NDArray[np.bool_]) -> int:
        return int(self.weight[mask].sum())


def read_observations(
    time: Sequence[float] | None,
    event: Sequence[int] | None,
    censored: Sequence[int] | None,
    counts: Sequence[int] | None,
    lower: Sequence[float | None] | None,
    upper: Sequence[float | None] | None,
) -> Observations:
    """Checked observations, equal ones counted together."""
    if (time is None) == (lower is None and upper is None):
        raise InputError(
            "no times given" if time is None else "time and lower or upper are both given",
            where="time",
            remedy="give time (with event or censored), or lower and upper",
        )
    if time is not None:
        lives = read_lives(time, event, censored, counts)
        low, weight = lives.time, lives.weight
        high = np.where(lives.failed, lives.time, np.inf)
    else:
        low, high, weight = _limits(lower, upper, counts)
    pairs, place = np.unique(np.stack([low, high]), axis=1, return_inverse=True)
    merged = np.bincount(place.ravel(), weight, pairs.shape[1])
    return Observations(lower=pairs[0], upper=pairs[1], weight=np.asarray(merged, dtype=np.float64))


def _limits(
    lower: Sequence[float | None] | None,
    upper: Sequence[float | None] | None,
    counts: Sequence[int] | None,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    if lower is None or upper is None or len(lower) != len(upper) or not len(lower):
        raise InputError(
            "lower and upper must be given for the same units",
            where="lower, upper",
            remedy="give both lists with one entry for every unit, null where there is no limit",
        )
    if counts is not None and len(counts) != len(lower):
        raise InputError(
            f"{len(lower)} pairs but {len(counts)} values of counts",
            where="counts",
            remedy="give one for every pair",
        )
    low = np.array([0.0 if x is None else x for x in lower], dtype=np.float64)
    high = np.array([math.inf if x is None else x for x in upper], dtype=np.float64)
    bad = ~np.isfinite(low) | (low < 0) | np.isnan(high) | (high <= 0) | (high < low)
    bad |= (low == 0) & np.isinf(high)
    if bad.any():
        place = int(np.flatnonzero(bad)[0])
        raise InputError(
            f"unit {place + 1} has the limits {low[place]:g} and {high[place]:g}",
            where="lower, upper",
            remedy="limits are positive, rise, and at least one of them is known",
        )
    weight = np.ones(low.size) if counts is None else np.asarray(counts, dtype=np.float64)
    return low, high, weight
