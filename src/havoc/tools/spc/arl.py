"""Average run length of a control chart: how long until it signals?

Sources: Montgomery, Introduction to Statistical Quality Control, chapters 5, 6, 7, 9 and 11;
the Markov chains and their sources are in ``run_length_chains``, ``rule_chains`` and
``multivariate_run_length``. ``arl_checks`` solves Crowder's and Page's integral equations.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from scipy import special

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Name
from havoc.tools.result import Check, Narrative
from havoc.tools.spc import run_length_chains as chains
from havoc.tools.spc.arl_charts import (
    JOINT,
    USUAL_ARL0,
    CountDesign,
    Design,
    RunLengthFound,
    check,
    count_design,
    solve,
)
from havoc.tools.spc.arl_checks import verify
from havoc.tools.spc.arl_result import AverageRunLength, RunLengthAt
from havoc.tools.spc.rules import Rules, limits_only, rule_ids

_Kind = Literal["xbar", "i_mr", "ewma", "cusum", "t2", "mewma", "zone", "p", "np", "c", "u"]
_Positive = Annotated[float, Meta(gt=0)] | None
_COUNTS = ("p", "np", "c", "u")
CURVE_POINTS = 16
_LARGEST_SHIFT = 1000
_SLOW_CURVE_POINTS = 8
# The false alarm rate of three sigma on one side, as that of a T² chart.
_T2_ALPHA = 0.0013498980316300957


@tool(
    "arl",
    title="Average run length",
    source="Brook and Evans (1972); Lucas and Saccucci (1990); Champ and Woodall (1987)",
)
def arl(
    kind: Annotated[_Kind, Meta(description="kind of chart")] = "xbar",
    shift: Annotated[
        float | list[float],
        Meta(
            description="shift of the mean in standard deviations of single values, or several; "
            "for t2 and mewma the Mahalanobis distance"
        ),
    ] = 1.0,
    subgroup_size: Annotated[
        int,
        Meta(ge=1, le=10_000_000, description="values behind a point; units inspected (p, np, u)"),
    ] = 1,
    limits: Annotated[
        Annotated[float, Meta(gt=0, le=10)] | None,
        Meta(description="distance of the limits in standard deviations (L); 3 if absent"),
    ] = None,
    lambda_: Annotated[
        float, Meta(gt=0, le=1, description="weight of the newest point (ewma, mewma)")
    ] = msgspec.field(default=0.2, name="lambda"),
    k: Annotated[
        float, Meta(ge=0, le=10, description="reference value in standard deviations (cusum)")
    ] = 0.5,
    h: Annotated[
        Annotated[float, Meta(gt=0, le=1000)] | None,
        Meta(
            description="decision interval in standard deviations (cusum; 5 if absent), or the "
            "limit of the statistic (t2, mewma; for 741 and 200 points in control if absent)"
        ),
    ] = None,
    rules: Rules = "none",
    sides: Annotated[
        Literal["two_sided", "upper"], Meta(description="signal on both sides or above only")
    ] = "two_sided",
    interval_hours: Annotated[_Positive, Meta(description="hours between two points")] = None,
    arl0: Annotated[
        Annotated[float, Meta(gt=1, le=1e8)] | None,
        Meta(description="wanted run length in control: the limits (or h) are solved for"),
    ] = None,
    mean: Annotated[
        _Positive,
        Meta(description="in control: mean count (c), defects per unit (u), fraction (p, np)"),
    ] = None,
    shifted_mean: Annotated[
        float | list[float] | None, Meta(description="the same after the shift, one or several")
    ] = None,
    lcl: Annotated[float | None, Meta(description="lower limit of a chart of counts")] = None,
    ucl: Annotated[float | None, Meta(description="upper limit of a chart of counts")] = None,
    characteristics: Annotated[
        int, Meta(ge=1, description="characteristics charted together (t2, mewma)")
    ] = 2,
    seed: Annotated[int, Meta(ge=0, description="seed of a simulation")] = 1,
    name: Name = "the chart",
) -> AverageRunLength:
    """How many points until a control chart signals, after a shift and by false alarm?

    Use it to choose a chart, its limits, its run rules, the subgroup size and the
    interval. Exact by a Markov chain or integral equation for limits, EWMA, CUSUM,
    T², MEWMA, zone charts, charts of counts and all run rules that look at zones;
    with rules that compare neighbours (trend, alternation) by simulation with a
    fixed seed and its standard error. Zero state: the shift is there from the first
    point on. Assumes independent normal points (binomial or Poisson counts) and
    known parameters; limits estimated from few data give more false alarms than
    this says.
    """
    shifts = list(shift) if isinstance(shift, list) else [shift]
    if not shifts or not all(math.isfinite(value) for value in shifts):
        raise InputError(
            "a shift must be a finite number",
            where="shift",
            remedy="give the shift in standard deviations, 0 for in control",
        )
    if max(abs(value) for value in shifts) > _LARGEST_SHIFT:
        raise InputError(
            f"a shift of more than {_LARGEST_SHIFT} standard deviations is seen at once",
            where="shift",
            remedy="give the shift in standard deviations of one value",
        )
    if len(shifts) > 200:
        raise InputError("more than 200 shifts", where="shift", remedy="give fewer")
    if kind in _COUNTS:
        after = shifted_mean if isinstance(shifted_mean, list) else [shifted_mean]
        given = [value for value in after if value is not None]
        design, low, high = count_design(kind, mean, given, subgroup_size, lcl, ucl, limits or 3.0)
        result = _counts(design, given, low, high, name)
    else:
        chosen = rule_ids(rules)
        beside = [rule for rule in chosen if rule not in limits_only(chosen)]
        chart = Design(
            kind=kind,
            sides=sides,
            size=subgroup_size,
            limits=limits or 3.0,
            weight=lambda_,
            k=k,
            h=h or _usual_h(kind, characteristics, _T2_ALPHA),
            rules=beside,
            characteristics=characteristics,
            seed=seed,
        )
        check(chart)
        if arl0 is not None or (kind == "mewma" and h is None):
            solve(chart, arl0 or USUAL_ARL0)
        result = _run_lengths(chart, shifts)
        if arl0 is not None:
            result.solved_for = chart.solved
        result.charts = [_curve(chart, result, name)]
    result.assumptions = [
        Check(
            name="known parameters",
            status="unknown",
            detail="limits from few points give other run lengths",
        )
    ]
    result.name = name
    if interval_hours is not None:
        result.interval_hours = interval_hours
        result.time_to_signal = result.arl * interval_hours
        result.time_to_false_alarm = result.arl0 * interval_hours
        result.table = [
            msgspec.structs.replace(row, time=row.arl * interval_hours) for row in result.table
        ]
    return result


def _usual_h(kind: str, characteristics: int, alpha: float) -> float:
    return float(special.chdtri(characteristics, alpha)) if kind == "t2" else 5.0


def _run_lengths(chart: Design, shifts: list[float]) -> AverageRunLength:
    base = chart.at(0.0)
    if not math.isfinite(base.mean):
        raise InputError(
            "in control the run length is beyond 1e11, so the chart never gives a false alarm",
            where="limits",
            remedy="bring the limits nearer",
        )
    rows = [_row(chart, value, base if value == 0 else chart.at(value)) for value in shifts]
    shown = next((row for row in rows if row.shift != 0), rows[0])
    result = AverageRunLength(
        method=chart.method,
        name="",
        kind=chart.kind,
        sides=chart.sides,
        shift=shown.shift,
        arl=shown.arl,
        arl0=base.mean,
        table=rows,
        subgroup_size=chart.size,
        sd_run_length=shown.sd,
        standard_error=shown.standard_error,
        arl0_standard_error=base.standard_error,
        runs=base.runs,
        seed=chart.seed if chart.simulated else None,
        rules=chart.rules or None,
        states=chart.states,
    )
    if shown.shift != 0:
        result.arl1 = shown.arl
    if chart.kind in ("cusum", *JOINT):
        result.h = chart.h
    else:
        result.limits = chart.limits
    if chart.kind == "cusum":
        result.k = chart.k
    if chart.kind in ("ewma", "mewma"):
        result.weight = chart.weight
    if chart.kind in JOINT:
        result.characteristics = chart.characteristics
    if chart.memoryless:
        result.p_signal, result.beta = 1 / shown.arl, 1 - 1 / shown.arl
        result.false_alarm_rate = 1 / base.mean
        result.median_run_length = _geometric_median(1 / shown.arl)
    return result


def _row(chart: Design, shift: float, found: RunLengthFound) -> RunLengthAt:
    if not math.isfinite(found.mean):
        raise InputError(
            f"at a shift of {shift:g} the run length is beyond 1e11",
            where="limits",
            remedy="bring the limits nearer",
        )
    return RunLengthAt(
        shift=shift,
        arl=found.mean,
        sd=found.sd if math.isfinite(found.sd) else None,
        p_signal=1 / found.mean if chart.memoryless else None,
        standard_error=found.standard_error,
    )


def _geometric_median(p: float) -> float:
    return float(math.ceil(math.log(0.5) / math.log1p(-p))) if p < 1 else 1.0


def _counts(
    design: CountDesign, shifted: list[float], low: float, high: float, name: str
) -> AverageRunLength:
    rows = []
    for value in (design.mean, *shifted):
        p = design.p_signal(value)
        length, sd = chains.geometric(p)
        if not math.isfinite(length):
            raise InputError("the run length is beyond 1e11", where="ucl", remedy="lower the limit")
        rows.append(
            RunLengthAt(
                shift=(value - design.mean) / design.sigma(),
                arl=length,
                sd=sd,
                p_signal=p,
                mean=value,
            )
        )
    base, shown = rows[0], rows[1]
    p = shown.p_signal or 0.0
    law = "binomial" if design.binomial else "Poisson"
    result = AverageRunLength(
        method=f"{law} counts; a point beyond the limits signals, one on a limit does not",
        name="",
        kind=design.kind,
        sides="two_sided",
        shift=shown.shift,
        arl=shown.arl,
        arl0=base.arl,
        arl1=shown.arl,
        table=rows,
        subgroup_size=design.size,
        sd_run_length=shown.sd,
        median_run_length=_geometric_median(p),
        p_signal=p,
        beta=1 - p,
        false_alarm_rate=base.p_signal,
        mean=design.mean,
        shifted_mean=shifted[0],
        lcl=low,
        ucl=high,
    )
    result.charts = [_count_curve(design, result, name)]
    return result


def _curve(chart: Design, result: AverageRunLength, name: str) -> ChartSpec:
    """Exact run lengths over the shift; simulated ones only where they were asked for."""
    furthest = max(3 / math.sqrt(chart.size), 1.2 * max(abs(row.shift) for row in result.table))
    count = _SLOW_CURVE_POINTS if chart.kind == "mewma" else CURVE_POINTS
    x = [furthest * i / (count - 1) for i in range(count)]
    if chart.simulated:
        known = {abs(row.shift): row.arl for row in result.table} | {0.0: result.arl0}
        x = sorted(known)
        y = [known[value] for value in x]
    else:
        y = [chart.at(value).mean for value in x]
    label = "distance" if chart.kind in JOINT else "shift"
    points = [row for row in result.table if math.isfinite(row.arl)]
    return _drawn(
        name,
        f"{label} in standard deviations",
        (x, y),
        ([abs(row.shift) for row in points], [row.arl for row in points]),
        result.arl0,
    )


def _count_curve(design: CountDesign, result: AverageRunLength, name: str) -> ChartSpec:
    asked = [row.mean or design.mean for row in result.table]
    low, high = min(*asked, design.mean), max(*asked, design.mean + 4 * design.sigma())
    if design.binomial:
        high = min(high, 1.0)
    x = [low + (high - low) * i / (CURVE_POINTS - 1) for i in range(CURVE_POINTS)]
    found = [(value, design.p_signal(value)) for value in x]
    curve = [(value, 1 / p) for value, p in found if p > 1 / chains.LONGEST]
    label = {"p": "fraction defective", "np": "fraction defective", "u": "defects per unit"}
    return _drawn(
        name,
        label.get(design.kind, "mean count"),
        ([value for value, _ in curve], [length for _, length in curve]),
        (asked, [row.arl for row in result.table]),
        result.arl0,
    )


def _drawn(
    name: str,
    x_label: str,
    curve: tuple[list[float], list[float]],
    asked: tuple[list[float], list[float]],
    arl0: float,
) -> ChartSpec:
    return ChartSpec(
        kind="arl",
        title=f"{name}: a larger shift is found after fewer points",
        panels=[
            Panel(
                x_label=x_label,
                y_label="average run length",
                y_scale="log",
                series=[
                    Series(name="average run length", kind="line", x=curve[0], y=curve[1]),
                    Series(name="asked for", kind="points", x=asked[0], y=asked[1]),
                ],
                limits=[Limit(label="in control", role="reference", value=arl0)]
                if math.isfinite(arl0)
                else [],
            )
        ],
    )


@arl.narrates
def _narrate(result: AverageRunLength) -> Narrative:
    false_alarm = "In control a false alarm comes every {{arl0}} points on average"
    if result.time_to_false_alarm is not None:
        false_alarm += ", that is every {{time_to_false_alarm}} hours"
    details = []
    if result.shift == 0:
        conclusion = false_alarm
    else:
        moved = {
            "c": "a shift of the mean count to {{shifted_mean}}",
            "u": "a shift to {{shifted_mean}} defects per unit",
            "p": "a shift of the fraction defective to {{shifted_mean}}",
            "np": "a shift of the fraction defective to {{shifted_mean}}",
            "t2": "a shift of the mean vector by a Mahalanobis distance of {{shift}}",
            "mewma": "a shift of the mean vector by a Mahalanobis distance of {{shift}}",
        }.get(
            result.kind,
            "a shift of {{shift}} standard deviation"
            if result.shift == 1
            else "a shift of {{shift}} standard deviations",
        )
        points = "point" if result.arl == 1 else "points"
        conclusion = f"On average {{{{name}}}} signals {moved} after {{{{arl}}}} {points}"
        if result.time_to_signal is not None:
            conclusion += ", that is after {{time_to_signal}} hours"
        details.append(false_alarm + ".")
    if result.solved_for == "h" and result.kind == "cusum":
        conclusion = f"The decision interval must be h = {{{{h}}}}. {conclusion}"
    elif result.solved_for == "h":
        conclusion = f"The limit of the statistic must be h = {{{{h}}}}. {conclusion}"
    elif result.solved_for == "limits":
        conclusion = (
            f"The limits must lie {{{{limits}}}} standard deviations from the center. {conclusion}"
        )
    if result.p_signal is not None and result.beta is not None and result.shift != 0:
        details.append(
            "One point signals with probability {{p_signal:%}} and misses the shift with "
            "{{beta:%}}; in half of the cases the signal comes "
            + (
                "at the first point."
                if result.median_run_length == 1
                else "within {{median_run_length}} points."
            )
        )
    if result.standard_error is not None:
        details.append(
            "The run lengths were simulated in {{runs}} runs or more; the standard error is "
            "{{standard_error}} after the shift and {{arl0_standard_error}} in control."
        )
    others = [i for i, row in enumerate(result.table) if row.shift not in (0.0, result.shift)]
    details.extend(
        f"At a shift of {{{{table.{i}.shift}}}} standard deviations it takes {{{{table.{i}.arl}}}} "
        "points."
        for i in others[:8]
    )
    figures = [("average run length", "{{arl}}"), ("in control", "{{arl0}}")]
    if result.sd_run_length is not None:
        figures.append(("standard deviation of the run length", "{{sd_run_length}}"))
    if result.standard_error is not None:
        figures.append(("standard error of the simulation", "{{standard_error}}"))
    if result.time_to_signal is not None:
        figures.append(("hours to a signal", "{{time_to_signal}}"))
    return Narrative(conclusion=conclusion + ".", details=details, key_figures=figures)


arl.verifies(verify)
