"""What a permutation test relabels: two groups, pairs, several groups, or two columns.

Each form of the data becomes a :class:`Problem`: how many relabellings there are, how
they are listed or drawn, and the statistic of each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec
import numpy as np

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray, as_sample, same_length
from havoc.tools.stats import permutation_draws as draws

StatisticName = Literal[
    "difference_of_means", "difference_of_medians", "mean_of_differences", "f", "correlation"
]


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What is relabelled: all ways, a random draw, and the statistic of each.

    ``shift`` says how much of a shift of the first group (or slope) each relabelling keeps;
    ``unit_shift`` is the statistic of a shift (slope) of one. ``sorts``: needs the order.
    """

    size: int
    total: int
    unchanged: Any
    listed: Callable[[], Any]
    drawn: Callable[[int, np.random.Generator], Any]
    compute: Callable[[Any], FloatArray]
    shift: Callable[[Any], FloatArray] | None = None
    unit_shift: float = 1.0
    sorts: bool = False


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A problem with the samples it came from and its effect size."""

    problem: Problem
    kind: StatisticName
    samples: dict[str, FloatArray]
    effect_name: str
    effect_size: float


def case_of(
    group1: list[float] | None,
    group2: list[float] | None,
    groups: Mapping[str, list[float]] | None,
    x: list[float] | None,
    y: list[float] | None,
    statistic: StatisticName | None,
    paired: bool,
    name1: str,
    name2: str,
) -> Case:
    two = group1 is not None and group2 is not None
    columns = x is not None and y is not None
    if two + columns + (groups is not None) != 1:
        raise InputError(
            "give group1 and group2, or groups, or x and y",
            where="permutation_test",
            remedy="one of the three forms",
        )
    if columns:
        _only(statistic, ("correlation",), "x and y")
        names = [
            given if given != usual else axis
            for given, usual, axis in ((name1, "group 1", "x"), (name2, "group 2", "y"))
        ]
        return _correlation(x or [], y or [], names)
    if two:
        if name1 == name2:
            name1, name2 = f"{name1} (1)", f"{name2} (2)"
        groups = {name1: group1 or [], name2: group2 or []}
    samples = {
        name: as_sample(values, f"groups, {name}") for name, values in (groups or {}).items()
    }
    if len(samples) < 2:
        raise InputError(
            f"{len(samples)} group given, at least 2 needed", where="groups", remedy="add a group"
        )
    if len(samples) > 2 or statistic == "f":
        _only(statistic, ("f",), "more than two groups")
        if paired:
            raise InputError("pairs are two groups", where="paired", remedy="use friedman")
        return _several(samples)
    first, second = samples.values()
    if paired:
        _only(statistic, ("mean_of_differences",), "pairs")
        same_length(first.tolist(), second.tolist(), "group1, group2")
        return _pairs(first, second, samples)
    _only(statistic, ("difference_of_means", "difference_of_medians"), "two groups")
    return _two_groups(first, second, samples, statistic or "difference_of_means")


def _only(statistic: str | None, allowed: tuple[str, ...], form: str) -> None:
    if statistic is not None and statistic not in allowed:
        raise InputError(
            f"{statistic} does not fit {form}",
            where="statistic",
            remedy=f"use {' or '.join(allowed)}"
            + (", or say paired" if statistic == "mean_of_differences" else ""),
        )


def _varying(values: FloatArray, where: str) -> None:
    if np.ptp(values) == 0:
        raise InputError(
            "all values are equal, so every relabelling gives the same",
            where=where,
            remedy="check the resolution of the measurement",
        )


def _two_groups(
    first: FloatArray, second: FloatArray, samples: dict[str, FloatArray], kind: StatisticName
) -> Case:
    both = np.concatenate([first, second])
    _varying(both, "group1, group2")
    center = float(np.median(both))
    both = both - center
    n1, n = first.size, both.size
    member = (np.arange(n) < n1).astype(np.float64)

    def means(orders: Any) -> FloatArray:
        dealt = both[orders]
        return np.asarray(dealt[:, :n1].mean(axis=1) - dealt[:, n1:].mean(axis=1))

    def medians(orders: Any) -> FloatArray:
        dealt = both[orders]
        return np.asarray(np.median(dealt[:, :n1], axis=1) - np.median(dealt[:, n1:], axis=1))

    def shift(orders: Any) -> FloatArray:
        dealt = member[orders]
        return np.asarray(dealt[:, :n1].mean(axis=1) - dealt[:, n1:].mean(axis=1))

    by_means = kind == "difference_of_means"
    spread = _pooled_sd([first, second])
    difference = float(first.mean() - second.mean())
    return Case(
        problem=Problem(
            size=n,
            total=draws.split_count([n1, n - n1]),
            unchanged=np.arange(n)[None, :],
            listed=lambda: draws.all_splits([n1, n - n1]),
            drawn=lambda count, generator: draws.random_orders(n, count, generator),
            compute=means if by_means else medians,
            shift=shift if by_means else None,
            sorts=not by_means,
        ),
        kind=kind,
        samples=samples,
        effect_name="Cohen's d" if spread > 0 else "difference of means",
        effect_size=difference / spread if spread > 0 else difference,
    )


def _pooled_sd(samples: list[FloatArray]) -> float:
    squares = sum(float(((sample - sample.mean()) ** 2).sum()) for sample in samples)
    df = sum(sample.size for sample in samples) - len(samples)
    return math.sqrt(squares / df) if df > 0 else 0.0


def _pairs(first: FloatArray, second: FloatArray, samples: dict[str, FloatArray]) -> Case:
    differences = first - second
    n = differences.size
    if not differences.any():
        raise InputError(
            "all differences are zero",
            where="group1, group2",
            remedy="the groups agree value by value; no test is needed",
        )
    spread = float(differences.std(ddof=1)) if n > 1 else 0.0
    mean = float(differences.mean())
    return Case(
        problem=Problem(
            size=n,
            total=2 ** min(n, 60),
            unchanged=np.ones((1, n)),
            listed=lambda: draws.all_signs(n),
            drawn=lambda count, generator: draws.random_signs(n, count, generator),
            compute=lambda signs: np.asarray(signs @ differences / n),
            shift=lambda signs: np.asarray(signs.mean(axis=1)),
        ),
        kind="mean_of_differences",
        samples=samples,
        effect_name="Cohen's d of the differences" if spread > 0 else "mean of the differences",
        effect_size=mean / spread if spread > 0 else mean,
    )


def _several(
    samples: dict[str, FloatArray],
) -> Case:
    sizes = [sample.size for sample in samples.values()]
    everything = np.concatenate(list(samples.values()))
    _varying(everything, "groups")
    n, k = everything.size, len(sizes)
    if n <= k:
        raise InputError(
            "no group has two values, so there is no scatter within groups",
            where="groups",
            remedy="add measurements",
        )
    values = everything - everything.mean()
    total = float(values @ values)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])

    def f_ratio(orders: Any) -> FloatArray:
        sums = np.add.reduceat(values[orders], starts, axis=1)
        between = (sums**2 / np.asarray(sizes)).sum(axis=1)
        within = np.maximum(total - between, 0.0)
        with np.errstate(divide="ignore"):
            return np.asarray(between / (k - 1) / (within / (n - k)))

    observed = float(f_ratio(np.arange(n)[None, :])[0])
    if not math.isfinite(observed) or observed > 1e12:
        raise InputError(
            "every group is constant, so F is not defined",
            where="groups",
            remedy="check the resolution of the measurement",
        )
    share = observed * (k - 1) / (observed * (k - 1) + n - k)
    return Case(
        problem=Problem(
            size=n,
            total=draws.split_count(sizes),
            unchanged=np.arange(n)[None, :],
            listed=lambda: draws.all_splits(sizes),
            drawn=lambda count, generator: draws.random_orders(n, count, generator),
            compute=f_ratio,
        ),
        kind="f",
        samples=samples,
        effect_name="eta squared",
        effect_size=share,
    )


def _correlation(x: list[float], y: list[float], names: list[str]) -> Case:
    same_length(x, y, "x, y")
    first, second = (
        as_sample(values, where, minimum=3, varying=True) for values, where in ((x, "x"), (y, "y"))
    )
    n = first.size
    a, b = first - first.mean(), second - second.mean()
    length_x, length_y = math.sqrt(float(a @ a)), math.sqrt(float(b @ b))
    a, b = a / length_x, b / length_y
    return Case(
        problem=Problem(
            size=n,
            total=math.factorial(min(n, 20)),
            unchanged=np.arange(n)[None, :],
            listed=lambda: draws.all_orders(n),
            drawn=lambda count, generator: draws.random_orders(n, count, generator),
            compute=lambda orders: np.asarray(a[orders] @ b),
            shift=lambda orders: np.asarray(a[orders] @ a),
            unit_shift=length_x / length_y,
        ),
        kind="correlation",
        samples={names[0]: first, names[1] if names[1] != names[0] else f"{names[1]} (2)": second},
        effect_name="r squared",
        effect_size=float(a @ b) ** 2,
    )
