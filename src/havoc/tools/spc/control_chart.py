"""The control chart tool: one declaration for every kind of chart.

Sources: NIST/SEMATECH e-Handbook 6.3; W. A. Shewhart (1931); Montgomery,
Introduction to Statistical Quality Control, chapters 6, 7 and 9.
"""

from __future__ import annotations

import itertools
import math
import statistics
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from havoc.tools.declaration import tool
from havoc.tools.parameters import Name, Unit
from havoc.tools.result import Check, Recomputed
from havoc.tools.spc import chart_input
from havoc.tools.spc.attributes import counts_chart, dispersion_check
from havoc.tools.spc.chart_input import independence
from havoc.tools.spc.chart_result import ControlChart, chart_title, narrate
from havoc.tools.spc.panels import Basis, draw, judge
from havoc.tools.spc.rules import MOST_VIOLATIONS, Rules, limits_only, rule_ids, without_zones
from havoc.tools.spc.subgroups import SigmaMethod
from havoc.tools.spc.variables import Chart, individuals_chart, xbar_chart
from havoc.tools.spc.weighted import cusum_chart, ewma_chart

_COUNTED = ("p", "np", "c", "u")
# So many points are usual before limits are trusted (Montgomery 6.2).
_FEW_POINTS = 20
_X_LABELS = {"i_mr": "observation", "xbar_r": "subgroup", "xbar_s": "subgroup"}
_GIVEN = ("mean", "sigma", "rbar", "sbar", "mr_bar", "pbar", "cbar", "ubar", "means")


@tool(
    "control_chart",
    title="Control chart",
    source="NIST/SEMATECH e-Handbook 6.3",
)
def control_chart(
    kind: Annotated[
        chart_input.Kind, Meta(description="chart; auto chooses it from the data and says why")
    ] = "auto",
    data: Annotated[
        list[float] | None,
        Meta(description="measured values in order of production, or counts for a c chart"),
    ] = None,
    subgroup_size: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="how many consecutive values form a subgroup"),
    ] = None,
    subgroups: Annotated[
        list[list[float]] | None,
        Meta(description="instead of data: the values of each subgroup, sizes may differ"),
    ] = None,
    defectives: Annotated[
        list[float] | None, Meta(description="defective units in each sample (p, np)")
    ] = None,
    defects: Annotated[
        list[float] | None, Meta(description="defects in each sample (c, u)")
    ] = None,
    sample_size: Annotated[
        float | list[float] | None,
        Meta(description="units inspected in each sample: one number, or one for every count"),
    ] = None,
    means: Annotated[
        list[float] | None, Meta(description="subgroup means where the values are not at hand")
    ] = None,
    ranges: Annotated[list[float] | None, Meta(description="subgroup ranges, with means")] = None,
    sds: Annotated[
        list[float] | None, Meta(description="subgroup standard deviations, with means")
    ] = None,
    mean: Annotated[
        float | None, Meta(description="given center line: process mean or grand mean")
    ] = None,
    sigma: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="given standard deviation of single values"),
    ] = None,
    rbar: Annotated[
        Annotated[float, Meta(gt=0)] | None, Meta(description="given mean range")
    ] = None,
    sbar: Annotated[
        Annotated[float, Meta(gt=0)] | None, Meta(description="given mean standard deviation")
    ] = None,
    mr_bar: Annotated[
        Annotated[float, Meta(gt=0)] | None, Meta(description="given mean moving range")
    ] = None,
    pbar: Annotated[
        Annotated[float, Meta(gt=0, lt=1)] | None,
        Meta(description="given fraction defective (p, np)"),
    ] = None,
    cbar: Annotated[
        Annotated[float, Meta(gt=0)] | None, Meta(description="given mean count (c)")
    ] = None,
    ubar: Annotated[
        Annotated[float, Meta(gt=0)] | None, Meta(description="given defects per unit (u)")
    ] = None,
    target: Annotated[
        float | None, Meta(description="aim of an EWMA or CUSUM chart; the mean if not given")
    ] = None,
    lambda_: Annotated[
        float, Meta(gt=0, le=1, description="EWMA weight of the newest value")
    ] = msgspec.field(default=0.2, name="lambda"),
    k: Annotated[
        Annotated[float, Meta(ge=0)] | None, Meta(description="CUSUM allowance (default 0.5 sigma)")
    ] = None,
    h: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="CUSUM decision limit (default 5 sigma)"),
    ] = None,
    cusum_units: Annotated[
        Literal["auto", "sigma", "data"],
        Meta(
            description="what k and h count: multiples of sigma, or data units; auto takes sigma "
            "if sigma is given and data units otherwise"
        ),
    ] = "auto",
    steady_limits: Annotated[
        bool, Meta(description="EWMA: the same steady-state limits for all points")
    ] = False,
    sigma_method: Annotated[
        SigmaMethod,
        Meta(description="estimate of sigma within subgroups; auto follows the kind of chart"),
    ] = "auto",
    n_sigma: Annotated[
        float,
        Meta(gt=0, le=10, description="distance of the limits in sigma (L of an EWMA chart)"),
    ] = 3.0,
    baseline: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="phase I: only the first so many points set the limits"),
    ] = None,
    exclude: Annotated[
        list[Annotated[int, Meta(ge=1)]] | None,
        Meta(description="numbers (from 1) of points left out of the limits, still plotted"),
    ] = None,
    rules: Rules = "western_electric",
    name: Name = "the process",
    unit: Unit = "",
) -> ControlChart:
    """Is the process stable, what are its control limits, which points are out?

    Use it for values or counts in the order of production. Xbar-R for subgroups
    of up to eight, Xbar-S for larger or unequal ones, I-MR for single values, p
    and np for defective units, c and u for defects, EWMA and CUSUM for small
    lasting shifts. Given mean and sigma (phase II) replace the estimates;
    without data the limits alone are computed from summaries. Assumes values
    independent in time. Zone rules apply to means and single values only, and
    on count charts a set of rules is reduced to those without zones.
    """
    given = chart_input.Given(
        data=data,
        subgroup_size=subgroup_size,
        subgroups=subgroups,
        defectives=defectives,
        defects=defects,
        sample_size=sample_size,
        means=means,
        ranges=ranges,
        sds=sds,
    )
    chosen, because = chart_input.choose(
        kind, given, has_rbar=rbar is not None, has_sbar=sbar is not None
    )
    selected = rule_ids(rules)
    basis = Basis(mean=mean, sigma=sigma, n_sigma=n_sigma, baseline=baseline, exclude=exclude or ())
    assumptions: list[Check] = []
    if chosen in _COUNTED:
        counts, sizes = given.counts(chosen)
        standard = {"p": pbar, "np": pbar, "c": cbar, "u": ubar}[chosen]
        standard = mean if standard is None else standard
        selected = without_zones(selected) if isinstance(rules, str) else selected
        chart = counts_chart(chosen, counts, sizes, standard, basis, selected)
        if counts is not None:
            assumptions.append(dispersion_check(chosen, counts, sizes, chart.rate))
    elif chosen in ("ewma", "cusum"):
        selected = limits_only(selected) or ["nelson_1"]
        location = given.location(chosen, basis, target, sigma_method)
        if chosen == "ewma":
            chart = ewma_chart(location, lambda_, n_sigma, steady_limits)
        else:
            chart = cusum_chart(location, k, h, cusum_units)
        for panel in chart.panels:
            panel.rules = selected
    elif chosen == "i_mr":
        values = given.individuals()
        chart = individuals_chart(values, basis, selected, mr_bar)
        if values is not None:
            assumptions.append(independence(values))
    else:
        groups = given.groups()
        chart = xbar_chart(chosen, groups, subgroup_size, basis, sigma_method, selected, rbar, sbar)
        if groups is not None and groups.incomplete:
            chart.warnings.append(
                f"the last subgroup holds only {int(groups.sizes[-1])} of {subgroup_size} values"
            )
    return _result(chosen, because, chart, basis, selected, assumptions, name, unit)


def _result(
    kind: str,
    because: str | None,
    chart: Chart,
    basis: Basis,
    rules: list[str],
    assumptions: list[Check],
    name: str,
    unit: str,
) -> ControlChart:
    findings = [judge(panel, basis.n_sigma) for panel in chart.panels]
    main = chart.panels[0]
    result = ControlChart(
        method=chart.method,
        unit="" if kind in _COUNTED else unit,
        kind=kind,
        chosen_because=because,
        name=name,
        points=main.values.size,
        n_sigma=basis.n_sigma,
        rules=rules,
        baseline=basis.baseline,
        excluded=sorted(set(basis.exclude)) or None,
        assumptions=assumptions,
        warnings=chart.warnings,
        **chart.figures,
    )
    if main.values.size == 0:
        return result
    result.violations = [item for found in findings for item in found.violations]
    result.violations_count = sum(found.total for found in findings)
    result.rule_counts = {}
    for found in findings:
        for rule, number in found.counts.items():
            result.rule_counts[rule] = result.rule_counts.get(rule, 0) + number
    above, below = list(findings[0].above), list(findings[0].below)
    if kind == "cusum":
        below = findings[1].above
    elif len(findings) > 1 and chart.panels[1].values.size:
        result.spread_out_of_limits = [*findings[1].above, *findings[1].below]
    result.above_limits, result.below_limits = above, below
    result.out_of_limits = [*above, *below]
    result.out_of_limits_count = len(result.out_of_limits)
    result.in_control = not (
        result.out_of_limits
        or result.spread_out_of_limits
        or any(not item.warning_only for item in result.violations)
    )
    if result.violations_count > len(result.violations):
        result.warnings.append(
            f"{result.violations_count} violations, the first {MOST_VIOLATIONS} of each panel "
            "are listed"
        )
    used = basis.used(main.values.size)
    if basis.mean is None and used.sum() < _FEW_POINTS and kind not in ("ewma", "cusum"):
        result.warnings.append(
            f"limits from {int(used.sum())} points are provisional; {_FEW_POINTS} to 25 are usual"
        )
    result.charts = [
        draw(
            kind,
            chart_title(result),
            chart.panels,
            findings,
            _X_LABELS.get(kind, "sample"),
        )
    ]
    return result


control_chart.narrates(narrate)


@control_chart.verifies
def _verify(
    result: ControlChart,
    data: list[float] | None,
    subgroups: list[list[float]] | None,
    subgroup_size: int | None,
    defectives: list[float] | None,
    defects: list[float] | None,
    sample_size: float | list[float] | None,
    **given: object,
) -> list[Recomputed]:
    if result.points > 20_000:
        return []
    if result.sh is not None or result.ewma is not None:
        if data is None or (subgroup_size or 1) > 1:
            return []
        return _verify_cusum(result, data) if result.sh else _verify_ewma(result, data)
    if result.baseline is not None or result.excluded:
        return []
    if any(given[name] is not None for name in _GIVEN):
        return []
    counts = defectives or defects or (data if result.kind == "c" else None)
    if result.kind in _COUNTED and counts is not None:
        return _verify_counts(result, counts, sample_size)
    if result.kind == "i_mr" and data is not None:
        return _verify_individuals(result, data)
    if result.kind in ("xbar_r", "xbar_s"):
        rows = subgroups
        if rows is None and data is not None and subgroup_size:
            rows = [data[i : i + subgroup_size] for i in range(0, len(data), subgroup_size)]
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
