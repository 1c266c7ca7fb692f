"""Returns under warranty: from shipments and returns by period to ages of units.

A unit shipped in period i and returned in period j failed at an age between j - i and
j - i + 1 periods; units not yet returned are as old as the last period allows. This is the
shape of the "Nevada" table: a row for each shipment, a column for each period of return.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.reliability.observations import Observations

_MOST_PERIODS = 400


class Fleet(msgspec.Struct, kw_only=True):
    """Observed lifetimes, and the units at risk with their ages (in the unit of the times)."""

    data: Observations
    age: FloatArray
    at_risk: FloatArray
    shipped: int
    returned: int
    period: float


def from_table(
    shipped: Sequence[int], returns: Sequence[Sequence[int | None]], period: float
) -> Fleet:
    """Ages from a table whose first column is the period of the first shipment."""
    rows = len(shipped)
    if not 1 <= rows <= _MOST_PERIODS or len(returns) != rows:
        raise InputError(
            f"{rows} shipments and {len(returns)} rows of returns",
            where="shipped, returns",
            remedy=f"give one row of returns for each shipment, at most {_MOST_PERIODS}",
        )
    columns = max(len(row) for row in returns)
    if columns < rows or columns > 2 * _MOST_PERIODS:
        raise InputError(
            f"the rows of returns have up to {columns} periods for {rows} shipments",
            where="returns",
            remedy="every row starts with the period of the first shipment and ends today",
        )
    lower: list[float] = []
    upper: list[float] = []
    weight: list[float] = []
    ages: list[float] = []
    left: list[float] = []
    for i, row in enumerate(returns):
        remaining = int(shipped[i])
        for j, cell in enumerate(row):
            count = int(cell or 0)
            if count == 0:
                continue
            if j < i:
                raise InputError(
                    f"shipment {i + 1} has returns in period {j + 1}, before it was shipped",
                    where="returns",
                    remedy="leave the cells before the shipment empty or zero",
                )
            lower.append((j - i) * period)
            upper.append((j - i + 1) * period)
            weight.append(count)
            remaining -= count
        if remaining < 0:
            raise InputError(
                f"shipment {i + 1} has {shipped[i] - remaining} returns of {shipped[i]} units",
                where="shipped, returns",
                remedy="correct the row",
            )
        age = (columns - i) * period
        if remaining:
            lower.append(age)
            upper.append(math.inf)
            weight.append(remaining)
            ages.append(age)
            left.append(remaining)
    return Fleet(
        data=_merged(lower, upper, weight),
        age=np.array(ages),
        at_risk=np.array(left),
        shipped=int(sum(shipped)),
        returned=int(sum(shipped)) - int(sum(left)),
        period=period,
    )


def _merged(lower: list[float], upper: list[float], weight: list[float]) -> Observations:
    pairs, place = np.unique(np.array([lower, upper]), axis=1, return_inverse=True)
    total = np.bincount(place.ravel(), np.array(weight), pairs.shape[1])
    return Observations(lower=pairs[0], upper=pairs[1], weight=np.asarray(total, dtype=float))


def from_lives(data: Observations, period: float) -> Fleet:
    """The units still working are at risk at their present ages."""
    right = data.right
    return Fleet(
        data=data,
        age=data.lower[right],
        at_risk=data.weight[right],
        shipped=data.n,
        returned=data.failures,
        period=period,
    )
