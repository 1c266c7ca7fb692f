"""The figures of a control chart once more, by a second route, for the audit."""

from __future__ import annotations

import itertools
import math
import statistics

from havoc.tools.result import Recomputed
from havoc.tools.spc.chart_result import COUNT_CHARTS, ControlChart
from havoc.tools.spc.laney import ORDINARY, verify_laney
from havoc.tools.spc.moving_average import verify_moving_average
from havoc.tools.spc.multivariate_checks import verify_joint
from havoc.tools.spc.multivariate_input import MULTIVARIATE
from havoc.tools.spc.rare_events import verify_rare_events
from havoc.tools.spc.short_run import verify_short_run
from havoc.tools.spc.three_way import verify_three_way
from havoc.tools.spc.zone import verify_zone

_GIVEN = ("mean", "sigma", "rbar", "sbar", "mr_bar", "pbar", "cbar", "ubar", "means")


def verify(
    result: ControlChart,
    data: list[float] | None,
    subgroups: list[list[float]] | None,
    subgroup_size: int | None,
    defectives: list[float] | None,
    defects: list[float] | None,
    sample_size: float | list[float] | None,
    columns: dict[str, list[float]] | None = None,
    **given: object,
) -> list[Recomputed]:
    if result.points > 20_000:
        return []
    if result.kind in MULTIVARIATE:
        return verify_joint(result, columns, subgroup_size or 1)
    if result.sh is not None or result.ewma is not None:
        if data is None or (subgroup_size or 1) > 1:
            return []
        return _verify_cusum(result, data) if result.sh else _verify_ewma(result, data)
    if data is not None and (subgroup_size or 1) == 1:
        if result.kind == "moving_average":
            return verify_moving_average(result, data)
        if result.kind == "zone":
            return verify_zone(result, data)
    if result.baseline is not None or result.excluded:
        return []
    if any(given[name] is not None for name in _GIVEN):
        return []
    counts = defectives or defects or (data if result.kind == "c" else None)
    if result.stages is not None:
        return []
    if result.kind in ORDINARY and counts is not None:
        return verify_laney(result, counts, sample_size)
    if result.kind == "short_run":
        return verify_short_run(result)
    if result.kind in ("g", "t") and data is not None:
        return verify_rare_events(result, data)
    if result.kind in COUNT_CHARTS and counts is not None:
        return _verify_counts(result, counts, sample_size)
    if result.kind == "i_mr" and data is not None:
        return _verify_individuals(result, data)
    if result.kind in ("xbar_r", "xbar_s", "three_way"):
        rows = subgroups
        if rows is None and data is not None and subgroup_size:
            rows = [data[i : i + subgroup_size] for i in range(0, len(data), subgroup_size)]
        if rows and result.kind == "three_way":
            return verify_three_way(result, rows)
        return _verify_subgroups(result, rows) if rows else []
    return []


def _verify_counts(
    result: ControlChart, counts: list[float], sample_size: float | list[float] | None
) -> list[Recomputed]:
    from fractions import Fraction

    sizes = sample_size if isinstance(sample_size, list) else [sample_size or 1.0] * len(counts)
    if len(sizes) == 1:
        sizes = sizes * len(counts)
    inspected = Fraction(len(counts)) if result.kind == "c" else sum(map(Fraction, sizes))
    rate = float(sum(map(Fraction, counts)) / inspected)
    stated = next(value for value in (result.pbar, result.cbar, result.ubar) if value is not None)
    checks = [
        Recomputed(name="average", value=stated, recomputed=rate, route="exact rational arithmetic")
    ]
    if isinstance(result.ucl, float):
        n = 1.0 if result.kind == "c" else sizes[0]
        variance = rate * (1 - rate) / n if result.kind in ("p", "np") else rate / n
        scale = n if result.kind == "np" else 1.0
        upper = scale * (rate + result.n_sigma * math.sqrt(variance))
        if result.kind in ("p", "np"):
            upper = min(upper, scale)
        checks.append(
            Recomputed(name="ucl", value=result.ucl, recomputed=upper, route="textbook formula")
        )
    return checks


def _verify_individuals(result: ControlChart, data: list[float]) -> list[Recomputed]:
    center = math.fsum(data) / len(data)
    steps = [abs(b - a) for a, b in itertools.pairwise(data)]
    mean_step = math.fsum(steps) / len(steps)
    half = result.n_sigma * mean_step / 1.128
    outside = sum(1 for value in data if abs(value - center) > half * (1 + 1e-9))
    return [
        Recomputed(
            name="center",
            value=_number(result.center),
            recomputed=center,
            route="exact summation",
        ),
        Recomputed(
            name="ucl",
            value=_number(result.ucl),
            recomputed=center + half,
            route="mean + 2.66 mean moving ranges, exact summation",
        ),
        Recomputed(
            name="out_of_limits_count",
            value=float(result.out_of_limits_count or 0),
            recomputed=float(outside),
            route="count of values further than the limit from the mean",
        ),
    ]


def _verify_subgroups(result: ControlChart, rows: list[list[float]]) -> list[Recomputed]:
    flat = [value for row in rows for value in row]
    checks = [
        Recomputed(
            name="xbarbar",
            value=_number(result.xbarbar),
            recomputed=math.fsum(flat) / len(flat),
            route="exact summation over all values",
        )
    ]
    if isinstance(result.rbar, float) and "mean range" in result.method:
        mean_range = math.fsum(max(row) - min(row) for row in rows) / len(rows)
        checks.append(
            Recomputed(
                name="rbar", value=result.rbar, recomputed=mean_range, route="exact summation"
            )
        )
    if isinstance(result.sbar, float) and "mean standard deviation" in result.method:
        mean_sd = math.fsum(statistics.stdev(row) for row in rows) / len(rows)
        checks.append(
            Recomputed(
                name="sbar",
                value=result.sbar,
                recomputed=mean_sd,
                route="statistics.stdev, exact rational arithmetic",
            )
        )
    return checks


def _verify_cusum(result: ControlChart, data: list[float]) -> list[Recomputed]:
    assert result.target is not None and result.k is not None and result.sh is not None
    high = 0.0
    for value in data:
        high = max(0.0, high + value - result.target - result.k)
    return [
        Recomputed(
            name="last sh",
            value=result.sh[-1],
            recomputed=high,
            route="recursion point by point",
            atol=1e-9 * max(1.0, abs(result.target)),
        )
    ]


def _verify_ewma(result: ControlChart, data: list[float]) -> list[Recomputed]:
    assert result.target is not None and result.lambda_ is not None and result.ewma is not None
    n, weight = len(data), result.lambda_
    last = (1 - weight) ** n * result.target + math.fsum(
        weight * (1 - weight) ** (n - 1 - i) * value for i, value in enumerate(data)
    )
    return [
        Recomputed(
            name="last ewma",
            value=result.ewma[-1],
            recomputed=last,
            route="weighted sum of all values",
        )
    ]


def _number(value: float | list[float] | None) -> float:
    return value if isinstance(value, float) else math.nan
