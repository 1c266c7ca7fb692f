"""Subgroups of measured values: reading them in, their means, ranges and sigma."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Literal

import msgspec
import numpy as np

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray, as_sample
from havoc.tools.spc import constants
from havoc.tools.spc.detectors import BoolArray, IntArray

SigmaMethod = Literal["auto", "rbar", "sbar", "pooled", "mr"]

# Ranges waste information in larger subgroups; from here standard deviations are used.
LARGEST_FOR_RANGE = 8


class Subgroups(msgspec.Struct, frozen=True, kw_only=True):
    """One row a subgroup. Ranges and standard deviations are NaN where they are not known."""

    sizes: IntArray
    means: FloatArray
    ranges: FloatArray
    sds: FloatArray
    values: FloatArray
    incomplete: bool = False

    @property
    def size(self) -> int | None:
        """The common subgroup size, None if sizes differ."""
        first = int(self.sizes[0])
        return first if bool(np.all(self.sizes == first)) else None


def from_values(data: list[float], subgroup_size: int) -> Subgroups:
    """Consecutive values, ``subgroup_size`` at a time; the last subgroup may be shorter."""
    values = as_sample(data, "data", minimum=1)
    if subgroup_size > values.size:
        raise InputError(
            f"a subgroup of {subgroup_size} is larger than the {values.size} values given",
            where="subgroup_size",
            remedy="give more data or a smaller subgroup size",
        )
    whole, rest = divmod(values.size, subgroup_size)
    sizes = np.full(whole + (1 if rest else 0), subgroup_size, dtype=np.int64)
    if rest:
        sizes[-1] = rest
    return _summarise(values, sizes, incomplete=bool(rest))


def from_rows(rows: list[list[float]]) -> Subgroups:
    """Subgroups given as lists, of equal or different sizes."""
    if not rows:
        raise InputError("no subgroup given", where="subgroups", remedy="give at least two")
    sizes = np.fromiter((len(row) for row in rows), dtype=np.int64, count=len(rows))
    if not sizes.all():
        empty = int(np.flatnonzero(sizes == 0)[0]) + 1
        raise InputError(
            f"subgroup {empty} is empty", where="subgroups", remedy="remove it or fill it"
        )
    flat = np.fromiter(
        itertools.chain.from_iterable(rows), dtype=np.float64, count=int(sizes.sum())
    )
    bad = np.flatnonzero(~np.isfinite(flat))
    if bad.size:
        group = int(np.searchsorted(np.cumsum(sizes), bad[0], side="right")) + 1
        raise InputError(
            f"a value of subgroup {group} is not a finite number",
            where="subgroups",
            remedy="remove it or enter the measured value",
        )
    return _summarise(flat, sizes)


def from_summaries(
    means: list[float], ranges: list[float], sds: list[float], subgroup_size: int
) -> Subgroups:
    """Subgroups of which only the mean and the range or standard deviation is known."""
    center = as_sample(means, "means")
    spread = {}
    for name, given in (("ranges", ranges), ("sds", sds)):
        column = as_sample(given, name) if given else np.full(center.size, np.nan)
        if column.size != center.size:
            raise InputError(
                f"{center.size} means and {column.size} {name}",
                where=f"means, {name}",
                remedy="give one of each for every subgroup",
            )
        if np.any(column < 0):
            raise InputError(f"{name} cannot be negative", where=name, remedy="enter zero or more")
        spread[name] = column
    return Subgroups(
        sizes=np.full(center.size, subgroup_size, dtype=np.int64),
        means=center,
        ranges=spread["ranges"],
        sds=spread["sds"],
        values=np.empty(0),
    )


def _summarise(values: FloatArray, sizes: IntArray, incomplete: bool = False) -> Subgroups:
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    # Deviations from the first value keep the digits of 74.003 and of 1e9 + 0.003 alike.
    origin = float(values[0])
    shifted = values - origin
    means = np.add.reduceat(shifted, starts) / sizes
    ranges = np.maximum.reduceat(shifted, starts) - np.minimum.reduceat(shifted, starts)
    deviations = shifted - np.repeat(means, sizes)
    squares = np.add.reduceat(deviations * deviations, starts)
    single = sizes < 2
    with np.errstate(invalid="ignore", divide="ignore"):
        sds = np.sqrt(squares / np.where(single, np.nan, sizes - 1))
    return Subgroups(
        sizes=sizes,
        means=origin + means,
        ranges=np.where(single, np.nan, ranges),
        sds=sds,
        values=values,
        incomplete=incomplete,
    )


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """Within-subgroup standard deviation and how it was found."""

    sigma: float
    method: str


def per_size(sizes: IntArray, factor: Callable[[int], float]) -> FloatArray:
    """``factor(n)`` of every subgroup, worked out once for each size."""
    distinct, inverse = np.unique(sizes, return_inverse=True)
    values = [factor(int(n)) if n > 1 else np.nan for n in distinct]
    return np.asarray(values, dtype=np.float64)[inverse]


def within_sigma(groups: Subgroups, method: str, used: BoolArray) -> Spread:
    """Sigma within subgroups, over the subgroups marked in ``used``.

    ``rbar``: mean of range / d2; ``sbar``: mean of standard deviation / c4;
    ``pooled``: root mean variance, divided by c4 of its degrees of freedom.
    """
    marked = used & (groups.sizes > 1)
    column = groups.ranges if method == "rbar" else groups.sds
    marked &= np.isfinite(column)
    if not marked.any():
        raise InputError(
            "no subgroup has two values, so the variation within subgroups is unknown",
            where="subgroups",
            remedy="use an individuals chart (i_mr) or give sigma",
        )
    sizes = groups.sizes[marked]
    if method == "rbar":
        sigma = float(np.mean(column[marked] / per_size(sizes, constants.d2)))
        return Spread(sigma=sigma, method="mean range / d2")
    if method == "sbar":
        sigma = float(np.mean(column[marked] / per_size(sizes, constants.c4)))
        return Spread(sigma=sigma, method="mean standard deviation / c4")
    degrees = sizes - 1
    freedom = int(degrees.sum())
    pooled = float(np.sqrt(np.sum(degrees * column[marked] ** 2) / freedom))
    return Spread(
        sigma=pooled / constants.c4(freedom + 1),
        method="pooled standard deviation / c4 of its degrees of freedom",
    )
