"""One control chart for each of many characteristics, kept as one line each.

The charts are those of ``control_chart``; here nothing is drawn and only what decides is kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
from scipy import special

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.spc import constants
from havoc.tools.spc.chart_input import Given
from havoc.tools.spc.chart_kinds import Request, build
from havoc.tools.spc.panels import Basis, judge
from havoc.tools.spc.rule_chains import needs_simulation, simulate, zones
from havoc.tools.spc.rules import limits_only, rule_ids

MonitorKind = Literal["i_mr", "xbar_r", "xbar_s", "ewma", "c"]
MONITOR_KINDS: tuple[MonitorKind, ...] = ("i_mr", "xbar_r", "xbar_s", "ewma", "c")
# So many points beyond the limits are named in a line; their number is complete.
NAMED_POINTS = 20
DISCOVERY_RATE = 0.05


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """How every characteristic is charted."""

    kind: MonitorKind = "i_mr"
    rules: str | list[int | str] = "nelson"
    subgroup_size: int | None = None
    baseline: int | None = None
    n_sigma: float = 3.0


class Characteristic(msgspec.Struct, kw_only=True):
    """The chart of one characteristic in figures.

    ``points`` are the first of those beyond the limits of the main panel, by the number of
    their row (of their subgroup on Xbar charts); ``spread_points_count`` counts those of the R,
    S or MR panel. ``rules`` counts how often each rule fired. ``status`` is ``not charted``
    where ``reason`` says why. ``p_beyond`` is the chance of so many points beyond the limits in
    a stable process; ``stands_out`` marks those that chance does not explain among all
    characteristics (false discovery rate of 5 %).
    """

    name: str
    status: Literal["in control", "out of control", "not charted"]
    n: int
    missing: int
    reason: str = ""
    center: float | None = None
    lcl: float | None = None
    ucl: float | None = None
    sigma: float | None = None
    points: list[int] = []
    points_count: int = 0
    spread_points_count: int = 0
    violations: int = 0
    rules: dict[str, int] = {}
    first_signal: int | None = None
    p_beyond: float | None = None
    stands_out: bool | None = None


def watch_characteristic(name: str, values: FloatArray, watch: Watch) -> Characteristic:
    """Chart one column; values that are NaN are missing."""
    present = np.isfinite(values)
    kept = values[present]
    line = Characteristic(
        name=name, status="not charted", n=int(kept.size), missing=int(values.size - kept.size)
    )
    rows = np.flatnonzero(present) + 1
    try:
        given = _given(values, kept, watch)
        chart = build(
            watch.kind,
            Request(
                given=given,
                basis=Basis(n_sigma=watch.n_sigma, baseline=watch.baseline),
                rules=rule_ids(watch.rules),
                named_set=isinstance(watch.rules, str),
            ),
        )
    except InputError as error:
        line.reason = error.what
        return line
    main = chart.panels[0]
    if watch.kind not in ("xbar_r", "xbar_s"):
        for panel in chart.panels:
            panel.positions = rows[panel.positions - 1]
    findings = [judge(panel, watch.n_sigma) for panel in chart.panels]
    line.center = float(main.center[-1])
    line.lcl, line.ucl = float(main.lcl[-1]), float(main.ucl[-1])
    line.sigma = chart.figures.get("sigma_within")
    beyond = sorted({*findings[0].above, *findings[0].below})
    line.points, line.points_count = beyond[:NAMED_POINTS], len(beyond)
    if watch.kind != "c":
        # Of points that are independent; those of an EWMA are not, so that its rate is a guide.
        rate = float(2 * special.ndtr(-watch.n_sigma))
        line.p_beyond = float(special.bdtrc(len(beyond) - 1, main.values.size, rate))
    line.spread_points_count = sum(len(f.above) + len(f.below) for f in findings[1:])
    signals: list[int] = []
    for found in findings:
        for rule, count in found.counts.items():
            line.rules[rule] = line.rules.get(rule, 0) + count
        signals += [v.signal_points[0] for v in found.violations if not v.warning_only]
        line.violations += found.total
    stable = not (beyond or line.spread_points_count or signals)
    line.status = "in control" if stable else "out of control"
    line.first_signal = min([*signals, *beyond], default=None)
    return line


def _given(values: FloatArray, kept: FloatArray, watch: Watch) -> Given:
    grouped = watch.kind in ("xbar_r", "xbar_s") or (watch.subgroup_size or 1) > 1
    data: list[float] | None = kept.tolist()
    subgroups = None
    if grouped and kept.size < values.size:
        size = watch.subgroup_size
        if size is None:
            raise InputError(
                "the subgroup size is missing",
                where="subgroup_size",
                remedy="give subgroup_size, or the subgroups",
            )
        cut = [values[at : at + size] for at in range(0, values.size, size)]
        rows = [part[np.isfinite(part)].tolist() for part in cut]
        data, subgroups = None, [row for row in rows if row]
    return Given(
        data=data,
        subgroup_size=watch.subgroup_size,
        subgroups=subgroups,
        defectives=None,
        defects=None,
        sample_size=None,
        means=None,
        ranges=None,
        sds=None,
    )


def expected_false_alarms(points: int, watch: Watch) -> float | None:
    """Share of stable characteristics that signal by chance within so many points.

    From the in-control run length of the limits and rules on independent normal points with
    known parameters; None for charts whose points are not like that.
    """
    if watch.kind not in ("i_mr", "xbar_r", "xbar_s") or points < 1:
        return None
    if watch.kind != "i_mr":
        points = max(points // (watch.subgroup_size or 1), 1)
    chosen = rule_ids(watch.rules)
    if not chosen:
        return None
    beside = [rule for rule in chosen if rule not in limits_only(chosen)]
    if needs_simulation(beside):
        length = simulate(beside, watch.n_sigma, 0.0, seed=1).mean
    else:
        length = zones(tuple(beside), watch.n_sigma).run_length(0.0)[0]
    spread = _spread_rate(watch) if limits_only(chosen) else 0.0
    return -math.expm1(-points * (1 / length + spread))


def _spread_rate(watch: Watch) -> float:
    """Chance that one range, moving range or standard deviation of a stable process signals."""
    size = 2 if watch.kind == "i_mr" else watch.subgroup_size or 2
    if watch.kind == "xbar_s":
        mean = constants.c4(size)
        upper = mean + watch.n_sigma * math.sqrt(1 - mean**2)
        return float(special.chdtrc(size - 1, (size - 1) * upper**2))
    mean, sd = constants.range_moments(size)
    upper = mean + watch.n_sigma * sd
    if size == 2:
        return float(2 * special.ndtr(-upper / math.sqrt(2)))
    from scipy.stats import studentized_range

    return float(studentized_range.sf(upper, size, math.inf))


def mark_those_that_stand_out(lines: Sequence[Characteristic]) -> None:
    """Set ``stands_out`` by the false discovery rate (Benjamini and Hochberg 1995)."""
    tested = sorted(
        (line for line in lines if line.p_beyond is not None), key=lambda line: line.p_beyond or 0.0
    )
    last = 0
    for rank, line in enumerate(tested, start=1):
        if (line.p_beyond or 0.0) <= DISCOVERY_RATE * rank / len(tested):
            last = rank
    for rank, line in enumerate(tested, start=1):
        line.stands_out = rank <= last


def worst_first(lines: Sequence[Characteristic]) -> list[Characteristic]:
    """Those out of control, the largest share of points beyond the limits first."""
    out = [line for line in lines if line.status == "out of control"]
    return sorted(
        out,
        key=lambda line: (
            not line.stands_out,
            -line.points_count / max(line.n, 1),
            -line.violations,
            line.name,
        ),
    )
