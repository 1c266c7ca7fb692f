"""Average run length of a control chart: how long until it signals?

Sources: Montgomery, Introduction to Statistical Quality Control, chapters 5, 6 and 9;
the Markov chains and their sources are in ``run_length_chains``. The verification
solves Crowder's and Page's integral equations by Gauss-Legendre quadrature.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta
from scipy import optimize, special

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import FloatArray, Name
from havoc.tools.result import Check, Narrative, Outcome, Recomputed
from havoc.tools.spc import run_length_chains as chains
from havoc.tools.spc.run_length_chains import RunLength

_Kind = Literal["xbar", "i_mr", "ewma", "cusum", "c"]
_Positive = Annotated[float, Meta(gt=0)] | None
CURVE_POINTS = 16


class RunLengthAt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``sd`` is the standard deviation of the run length, ``time`` the mean time to a signal."""

    shift: float
    arl: float
    sd: float | None = None
    p_signal: float | None = None
    time: float | None = None


class AverageRunLength(Outcome):
    """``arl0`` is the run length in control, ``arl`` (and ``arl1``) that at ``shift``.

    Shifts are in standard deviations of single values. ``p_signal`` is the chance
    that one point signals and ``beta`` that it does not (charts with limits only).
    ``time_to_signal`` and ``time_to_false_alarm`` are in hours.
    """

    name: str
    kind: str
    sides: str
    shift: float
    arl: float
    arl0: float
    table: list[RunLengthAt]
    subgroup_size: int = 1
    limits: float | None = None
    weight: float | None = msgspec.field(default=None, name="lambda")
    k: float | None = None
    h: float | None = None
    arl1: float | None = None
    sd_run_length: float | None = None
    median_run_length: float | None = None
    p_signal: float | None = None
    beta: float | None = None
    false_alarm_rate: float | None = None
    solved_for: str | None = None
    interval_hours: float | None = None
    time_to_signal: float | None = None
    time_to_false_alarm: float | None = None
    mean: float | None = None
    shifted_mean: float | None = None
    lcl: float | None = None
    ucl: float | None = None


class _Chart(msgspec.Struct, kw_only=True):
    """What decides the run length; shifts are in sigma of single values."""

    kind: str
    sides: str
    size: int
    limits: float
    weight: float
    k: float
    h: float
    rules: str

    def at(self, shift: float) -> RunLength:
        moved = shift * math.sqrt(self.size)
        if self.kind == "ewma":
            return chains.ewma(moved, self.weight, self.limits)
        if self.kind == "cusum":
            up = chains.cusum(moved, self.k, self.h)
            if self.sides == "upper":
                return up
            down = chains.cusum(-moved, self.k, self.h)
            total = 1 / up[0] + 1 / down[0]
            return (1 / total if total > 0 else math.inf), math.nan
        if self.rules == "western_electric":
            return chains.western_electric(moved, self.limits)
        if self.sides == "upper":
            return chains.geometric(float(special.ndtr(moved - self.limits)))
        return chains.shewhart(moved, self.limits)

    @property
    def memoryless(self) -> bool:
        return self.kind in ("xbar", "i_mr") and self.rules == "none"


@tool(
    "arl",
    title="Average run length",
    source="Brook and Evans (1972); Lucas and Saccucci (1990); Champ and Woodall (1987)",
)
def arl(
    kind: Annotated[_Kind, Meta(description="kind of chart")] = "xbar",
    shift: Annotated[
        float | list[float],
        Meta(description="shift of the mean in standard deviations of single values, or several"),
    ] = 1.0,
    subgroup_size: Annotated[
        int, Meta(ge=1, le=1000, description="values behind every plotted point")
    ] = 1,
    limits: Annotated[
        Annotated[float, Meta(gt=0, le=10)] | None,
        Meta(description="distance of the limits in standard deviations (L); 3 if absent"),
    ] = None,
    lambda_: Annotated[
        float, Meta(gt=0, le=1, description="weight of the newest point (ewma)")
    ] = msgspec.field(default=0.2, name="lambda"),
    k: Annotated[
        float, Meta(ge=0, le=10, description="reference value in standard deviations (cusum)")
    ] = 0.5,
    h: Annotated[
        Annotated[float, Meta(gt=0, le=100)] | None,
        Meta(description="decision interval in standard deviations (cusum); 5 if absent"),
    ] = None,
    rules: Annotated[
        Literal["none", "western_electric"],
        Meta(description="zone rules beside the limits (xbar, i_mr)"),
    ] = "none",
    sides: Annotated[
        Literal["two_sided", "upper"], Meta(description="signal on both sides or above only")
    ] = "two_sided",
    interval_hours: Annotated[_Positive, Meta(description="hours between two points")] = None,
    arl0: Annotated[
        Annotated[float, Meta(gt=1, le=1e8)] | None,
        Meta(description="wanted run length in control: the limits (or h) are solved for"),
    ] = None,
    mean: Annotated[_Positive, Meta(description="mean count in control (c chart)")] = None,
    shifted_mean: Annotated[_Positive, Meta(description="mean count after the shift (c)")] = None,
    lcl: Annotated[float | None, Meta(description="lower limit of the c chart")] = None,
    ucl: Annotated[float | None, Meta(description="upper limit of the c chart")] = None,
    name: Name = "the chart",
) -> AverageRunLength:
    """How many points until a control chart signals, after a shift and by false alarm?

    Use it to choose a chart, its limits, the subgroup size and the interval. Zero
    state: the shift is there from the first point on. Assumes independent normal
    points (Poisson counts for c) and known mean and standard deviation; limits
    estimated from few data give more false alarms than this says.
    """
    shifts = list(shift) if isinstance(shift, list) else [shift]
    if not shifts or not all(math.isfinite(value) for value in shifts):
        raise InputError(
            "a shift must be a finite number",
            where="shift",
            remedy="give the shift in standard deviations, 0 for in control",
        )
    if len(shifts) > 200:
        raise InputError("more than 200 shifts", where="shift", remedy="give fewer")
    if kind == "c":
        result = _counts(mean, shifted_mean, lcl, ucl, limits or 3.0)
    else:
        chart = _Chart(
            kind=kind,
            sides=sides,
            size=subgroup_size,
            limits=limits or 3.0,
            weight=lambda_,
            k=k,
            h=h or 5.0,
            rules=rules,
        )
        _check(chart)
        if arl0 is not None:
            _solve(chart, arl0)
        result = _run_lengths(chart, shifts)
        if arl0 is not None:
            result.solved_for = "h" if kind == "cusum" else "limits"
        result.charts = [_curve(chart, result, name)]
        result.assumptions = [
            Check(
                name="known mean and sigma",
                status="unknown",
                detail="limits from few subgroups give other run lengths",
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


def _check(chart: _Chart) -> None:
    if chart.kind == "i_mr" and chart.size > 1:
        raise InputError(
            f"an individuals chart has single values, not {chart.size}",
            where="subgroup_size",
            remedy="use kind xbar",
        )
    if chart.rules != "none" and (chart.kind not in ("xbar", "i_mr") or chart.sides == "upper"):
        raise InputError(
            "zone rules belong to two-sided xbar and individuals charts",
            where="rules",
            remedy="leave rules out",
        )
    if chart.rules != "none" and chart.limits <= 2:
        raise InputError(
            "zone rules need limits beyond two standard deviations",
            where="limits",
            remedy="use 3",
        )
    if chart.kind == "ewma" and chart.sides == "upper":
        raise InputError("an ewma is two-sided here", where="sides", remedy="use two_sided")


def _solve(chart: _Chart, wanted: float) -> None:
    """Limits (or h) whose run length in control is the wanted one."""

    def miss(value: float) -> float:
        if chart.kind == "cusum":
            chart.h = value
        else:
            chart.limits = value
        return math.log(min(chart.at(0.0)[0], 1e300)) - math.log(wanted)

    low, high = (0.05, 5.0) if chart.kind == "cusum" else (0.05, 3.0)
    if chart.rules != "none":
        raise InputError(
            "limits are not solved for together with zone rules", where="arl0", remedy="give limits"
        )
    if miss(low) > 0:
        raise InputError(
            f"a run length of {wanted:g} in control is too short for this chart",
            where="arl0",
            remedy="ask for a longer one",
        )
    while miss(high) < 0:
        low, high = high, 2 * high
    found = float(optimize.brentq(miss, low, high, xtol=1e-9))
    miss(found)


def _run_lengths(chart: _Chart, shifts: list[float]) -> AverageRunLength:
    base = chart.at(0.0)[0]
    rows = []
    for value in shifts:
        mean, sd = chart.at(value)
        if not math.isfinite(mean):
            raise InputError(
                f"at a shift of {value:g} the run length is beyond 1e11",
                where="limits",
                remedy="bring the limits nearer",
            )
        rows.append(
            RunLengthAt(
                shift=value,
                arl=mean,
                sd=sd if math.isfinite(sd) else None,
                p_signal=1 / mean if chart.memoryless else None,
            )
        )
    shown = next((row for row in rows if row.shift != 0), rows[0])
    result = AverageRunLength(
        method=_method(chart),
        name="",
        kind=chart.kind,
        sides=chart.sides,
        shift=shown.shift,
        arl=shown.arl,
        arl0=base,
        table=rows,
        subgroup_size=chart.size,
        sd_run_length=shown.sd,
    )
    if shown.shift != 0:
        result.arl1 = shown.arl
    if chart.kind == "cusum":
        result.k, result.h = chart.k, chart.h
    else:
        result.limits = chart.limits
    if chart.kind == "ewma":
        result.weight = chart.weight
    if chart.memoryless:
        result.p_signal, result.beta = 1 / shown.arl, 1 - 1 / shown.arl
        result.false_alarm_rate = 1 / base
        result.median_run_length = _geometric_median(1 / shown.arl)
    return result


def _geometric_median(p: float) -> float:
    return float(math.ceil(math.log(0.5) / math.log1p(-p))) if p < 1 else 1.0


def _method(chart: _Chart) -> str:
    sides = "two-sided" if chart.sides == "two_sided" else "upper side only"
    if chart.kind == "ewma":
        return "Markov chain of the EWMA with asymptotic limits, zero state (Lucas and Saccucci)"
    if chart.kind == "cusum":
        return f"Markov chain of the tabular CUSUM, zero state, {sides} (Brook and Evans)"
    if chart.rules != "none":
        return "Markov chain of the limits and the four zone rules (Champ and Woodall)"
    return f"geometric run length of limits on independent normal points, {sides}"


def _counts(
    mean: float | None,
    shifted: float | None,
    lcl: float | None,
    ucl: float | None,
    limits: float,
) -> AverageRunLength:
    """A c chart: a point signals beyond the limits, not on them."""
    if mean is None or shifted is None:
        raise InputError(
            "the mean count before or after the shift is missing",
            where="mean, shifted_mean",
            remedy="give both",
        )
    high = mean + limits * math.sqrt(mean) if ucl is None else ucl
    low = max(mean - limits * math.sqrt(mean), 0.0) if lcl is None else lcl
    if ucl is not None and lcl is None and high < mean:
        raise InputError("the upper limit is below the mean", where="ucl", remedy="correct it")
    if not low < high:
        raise InputError("the lower limit is not below the upper one", where="lcl, ucl")
    rows = []
    for value in (mean, shifted):
        below = float(special.pdtr(math.ceil(low) - 1, value)) if low > 0 else 0.0
        p = below + float(special.pdtrc(math.floor(high), value))
        length, sd = chains.geometric(p)
        if not math.isfinite(length):
            raise InputError("the run length is beyond 1e11", where="ucl", remedy="lower the limit")
        rows.append(
            RunLengthAt(shift=(value - mean) / math.sqrt(mean), arl=length, sd=sd, p_signal=p)
        )
    p = rows[1].p_signal or 0.0
    return AverageRunLength(
        method="Poisson counts; a point beyond the limits signals, one on a limit does not",
        name="",
        kind="c",
        sides="two_sided",
        shift=rows[1].shift,
        arl=rows[1].arl,
        arl0=rows[0].arl,
        arl1=rows[1].arl,
        table=rows,
        sd_run_length=rows[1].sd,
        median_run_length=_geometric_median(p),
        p_signal=p,
        beta=1 - p,
        false_alarm_rate=rows[0].p_signal,
        mean=mean,
        shifted_mean=shifted,
        lcl=low,
        ucl=high,
    )


def _curve(chart: _Chart, result: AverageRunLength, name: str) -> ChartSpec:
    furthest = max(3 / math.sqrt(chart.size), 1.2 * max(abs(row.shift) for row in result.table))
    x = [furthest * i / (CURVE_POINTS - 1) for i in range(CURVE_POINTS)]
    y = [chart.at(value)[0] for value in x]
    points = [row for row in result.table if math.isfinite(row.arl)]
    return ChartSpec(
        kind="arl",
        title=f"{name}: a larger shift is found after fewer points",
        panels=[
            Panel(
                x_label="shift in standard deviations",
                y_label="average run length",
                y_scale="log",
                series=[
                    Series(name="average run length", kind="line", x=x, y=y),
                    Series(
                        name="asked for",
                        kind="points",
                        x=[abs(row.shift) for row in points],
                        y=[row.arl for row in points],
                    ),
                ],
                limits=[Limit(label="in control", role="reference", value=result.arl0)]
                if math.isfinite(result.arl0)
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
        moved = (
            "a shift of the mean count to {{shifted_mean}}"
            if result.kind == "c"
            else "a shift of {{shift}} standard deviations"
        )
        conclusion = f"On average {{{{name}}}} signals {moved} after {{{{arl}}}} points"
        if result.time_to_signal is not None:
            conclusion += ", that is after {{time_to_signal}} hours"
        details.append(false_alarm + ".")
    if result.solved_for == "h":
        conclusion = f"The decision interval must be h = {{{{h}}}}. {conclusion}"
    elif result.solved_for == "limits":
        conclusion = (
            f"The limits must lie {{{{limits}}}} standard deviations from the center. {conclusion}"
        )
    if result.p_signal is not None and result.beta is not None and result.shift != 0:
        details.append(
            "One point signals with probability {{p_signal:%}} and misses the shift with "
            "{{beta:%}}; in half of the cases the signal comes within {{median_run_length}} points."
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
    if result.time_to_signal is not None:
        figures.append(("hours to a signal", "{{time_to_signal}}"))
    return Narrative(conclusion=conclusion + ".", details=details, key_figures=figures)


@arl.verifies
def _verify(result: AverageRunLength, rules: str, **_: object) -> list[Recomputed]:
    """EWMA and CUSUM by integral equations, limits alone by the complementary error function."""
    moved = result.shift * math.sqrt(result.subgroup_size)
    if result.kind == "ewma" and result.weight is not None and result.limits is not None:
        route, rtol = "integral equation of Crowder, Gauss-Legendre quadrature", 2e-4
        value = _ewma_integral(moved, result.weight, result.limits)
    elif result.kind == "cusum" and result.k is not None and result.h is not None:
        route, rtol = "integral equation of Page, Gauss-Legendre quadrature", 2e-4
        up = _cusum_integral(moved, result.k, result.h)
        down = _cusum_integral(-moved, result.k, result.h)
        value = up if result.sides == "upper" else 1 / (1 / up + 1 / down)
    elif result.kind in ("xbar", "i_mr") and rules == "none" and result.limits is not None:
        route, rtol = "complementary error function", 1e-6
        root = math.sqrt(2)
        p = math.erfc((result.limits - moved) / root) / 2
        if result.sides == "two_sided":
            p += math.erfc((result.limits + moved) / root) / 2
        value = 1 / p
    else:
        return []
    return [Recomputed(name="arl", value=result.arl, recomputed=value, route=route, rtol=rtol)]


def _ewma_integral(shift: float, weight: float, limit: float) -> float:
    edge = limit * math.sqrt(weight / (2 - weight))
    nodes, weights = _quadrature(-edge, edge, weight)
    origin = np.concatenate([[0.0], nodes])
    scores = (nodes[None, :] - (1 - weight) * origin[:, None]) / weight - shift
    kernel = _density(scores) * weights[None, :] / weight
    inner = np.linalg.solve(np.eye(nodes.size) - kernel[1:], np.ones(nodes.size))
    return 1 + float(kernel[0] @ inner)


def _cusum_integral(shift: float, k: float, h: float) -> float:
    """The run length from zero stands for itself; the others are at the nodes."""
    nodes, weights = _quadrature(0.0, h, 1.0)
    origin = np.concatenate([[0.0], nodes])
    kernel = np.empty((origin.size, origin.size))
    kernel[:, 0] = special.ndtr(k - shift - origin)
    kernel[:, 1:] = _density(nodes[None, :] + k - shift - origin[:, None]) * weights
    lengths = np.linalg.solve(np.eye(origin.size) - kernel, np.ones(origin.size))
    value = float(lengths[0])
    return value if 0 < value < chains.LONGEST else math.inf


def _quadrature(low: float, high: float, width: float) -> tuple[FloatArray, FloatArray]:
    count = int(min(max(40, 12 * (high - low) / width), 600))
    nodes, weights = np.polynomial.legendre.leggauss(count)
    half = (high - low) / 2
    return low + half * (nodes + 1), half * weights


def _density(z: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi), dtype=np.float64)
