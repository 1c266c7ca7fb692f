"""Phase I: control limits without the points that an assignable cause put out.

Source: Montgomery, Introduction to Statistical Quality Control, chapters 6 and 7 (trial
limits, revised without the out-of-control points that have an assignable cause).
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta

from havoc.charts import ChartSpec
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Name, Unit
from havoc.tools.spc.chart_input import Given, choose
from havoc.tools.spc.chart_kinds import Request, build
from havoc.tools.spc.chart_result import CHART_NAMES
from havoc.tools.spc.detectors import RULES
from havoc.tools.spc.panels import Basis, ChartPanel, draw, judge, scalar
from havoc.tools.spc.phase_one_result import Kept, PhaseOne, Removal, Round, narrate, verify
from havoc.tools.spc.rules import Findings, Rules, Violation, merged, name_points, rule_ids
from havoc.tools.spc.shared_parameters import (
    InspectedUnits,
    SubgroupSize,
    UnevenSubgroups,
    ValuesOrCounts,
)
from havoc.tools.spc.subgroups import SigmaMethod
from havoc.tools.spc.variables import Chart

Kind = Literal["auto", "xbar_r", "xbar_s", "i_mr", "p", "np", "c", "u", "laney_p", "laney_u"]

# Beyond this share removed, the limits describe a process that was not there.
_LARGE_SHARE = 0.2
_FEW_POINTS = 20
_MOST_ROUNDS = 50


@tool(
    "phase_one",
    title="Phase I control limits",
    source="Montgomery, Introduction to Statistical Quality Control, 6.2.1 and 7.2.1",
)
def phase_one(
    kind: Annotated[
        Kind, Meta(description="chart; auto chooses it from the data and says why")
    ] = "auto",
    data: ValuesOrCounts = None,
    subgroup_size: SubgroupSize = None,
    subgroups: UnevenSubgroups = None,
    defectives: Annotated[
        list[float] | None, Meta(description="defective units in each sample (p, np, laney_p)")
    ] = None,
    defects: Annotated[
        list[float] | None, Meta(description="defects in each sample (c, u, laney_u)")
    ] = None,
    sample_size: InspectedUnits = None,
    assignable_causes: Annotated[
        dict[str, str] | None,
        Meta(description="cause found for a point, by its number: {'4': 'tool broke'}"),
    ] = None,
    remove: Annotated[
        Literal["signals", "with_cause"],
        Meta(description="signals: every point that signals; with_cause: only with a stated cause"),
    ] = "signals",
    max_rounds: Annotated[
        int, Meta(ge=1, le=_MOST_ROUNDS, description="how often limits are computed afresh")
    ] = 10,
    sigma_method: Annotated[
        SigmaMethod,
        Meta(description="estimate of sigma within subgroups; auto follows the kind of chart"),
    ] = "auto",
    n_sigma: Annotated[
        float, Meta(gt=0, le=10, description="distance of the limits in sigma")
    ] = 3.0,
    rules: Rules = "limits",
    name: Name = "the process",
    unit: Unit = "",
) -> PhaseOne:
    """Which points belong out of the control limits' basis, and what are the limits without them?

    Use it when limits are set for the first time: points beyond the trial limits are taken
    out, the limits computed afresh, until no point left signals. Every removal is logged with
    its round, its rule, its cause and the limits before and after; nothing is left out in
    silence, and points removed stay on the chart. Take out only what has an assignable cause
    (remove with_cause): removing by the figures alone narrows the limits of a process that
    was never calm. Assumes values independent in time. A subgroup goes as a whole, for its
    mean or its spread; of single values only those beyond the limits of the I chart go, since
    a moving range blames two. With run rules, only the point at which a rule fires goes.
    """
    given = Given(
        data=data,
        subgroup_size=subgroup_size,
        subgroups=subgroups,
        defectives=defectives,
        defects=defects,
        sample_size=sample_size,
        means=None,
        ranges=None,
        sds=None,
    )
    chosen, because = choose(kind, given, has_rbar=False, has_sbar=False)
    selected = rule_ids(rules) or ["nelson_1"]
    request = Request(
        given=given,
        basis=Basis(n_sigma=n_sigma),
        rules=selected,
        named_set=isinstance(rules, str),
        sigma_method=sigma_method,
    )
    points = given.points(chosen)
    causes = _causes(assignable_causes or {}, points)
    chart = build(chosen, request)
    history = [_round(0, chart, points, [])]
    log: list[Removal] = []
    removed: list[int] = []
    kept: dict[tuple[int, str], Kept] = {}
    settled = False
    for number in range(1, max_rounds + 1):
        signals = _signals(chart, n_sigma, removed)
        going, staying = _sort(signals, causes, remove, chosen)
        kept = {(item.point, item.panel): item for item in staying}
        if not going:
            settled = True
            break
        out = sorted({signal.point for signal in going})
        if points - len(removed) - len(out) < 2:
            raise InputError(
                f"{len(removed) + len(out)} of {points} points signal, which leaves none to set "
                "limits from",
                where="phase_one",
                remedy="look for two processes in one series (stages of a control chart), or "
                "remove only points with a cause",
            )
        removed = sorted({*removed, *out})
        basis = Basis(n_sigma=n_sigma, exclude=removed)
        after = build(chosen, msgspec.structs.replace(request, basis=basis))
        log += [_entry(number, signal, chart, after, causes) for signal in going]
        chart = after
        history.append(_round(number, chart, points - len(removed), out))
    if not settled:
        left = _signals(chart, n_sigma, removed)
        going, staying = _sort(left, causes, remove, chosen)
        settled = not going
        kept = {(item.point, item.panel): item for item in staying} | {
            (signal.point, signal.panel.name): _keep(signal, "the rounds were used up")
            for signal in going
        }
    return _result(
        chosen, because, chart, history, log, list(kept.values()), removed, points,
        n_sigma, selected, name, unit,
    )  # fmt: skip


class _Signal(msgspec.Struct, frozen=True):
    point: int
    rule: str
    panel: ChartPanel
    value: float
    side: str


def _causes(given: dict[str, str], points: int) -> dict[int, str]:
    causes = {}
    for key, cause in given.items():
        if not key.strip().isdigit() or not 1 <= int(key) <= points:
            raise InputError(
                f"there is no point {key!r} among {points}",
                where="assignable_causes",
                remedy="name points by their number, counted from 1",
            )
        causes[int(key)] = cause
    return causes


def _signals(chart: Chart, n_sigma: float, removed: list[int]) -> list[_Signal]:
    """The points still in use at which a rule fires, first rule first."""
    found: dict[tuple[int, str], _Signal] = {}
    for panel in chart.panels:
        for item in _findings(panel, n_sigma, removed).violations:
            if item.warning_only:
                continue
            for point in item.signal_points:
                if (point, panel.name) not in found:
                    i = int(np.searchsorted(panel.positions, point))
                    side = "above" if panel.values[i] > panel.center[i] else "below"
                    found[point, panel.name] = _Signal(
                        point, item.rule, panel, float(panel.values[i]), side
                    )
    return list(found.values())


def _findings(panel: ChartPanel, n_sigma: float, removed: list[int]) -> Findings:
    """Rules over the points still in use, as if the others had not been measured."""
    used = ~np.isin(panel.positions, removed)
    if panel.name == "MR":
        used &= ~np.isin(panel.positions - 1, removed)
    return judge(
        msgspec.structs.replace(
            panel,
            values=panel.values[used],
            positions=panel.positions[used],
            center=panel.center[used],
            lcl=panel.lcl[used],
            ucl=panel.ucl[used],
            sigma=panel.sigma[used],
        ),
        n_sigma,
    )


def _sort(
    signals: list[_Signal], causes: dict[int, str], remove: str, kind: str
) -> tuple[list[_Signal], list[Kept]]:
    going, staying = [], []
    for signal in signals:
        if signal.panel.name == "MR":
            staying.append(_keep(signal, "a moving range blames two points, neither alone"))
        elif remove == "with_cause" and signal.point not in causes:
            staying.append(_keep(signal, "no assignable cause is stated"))
        else:
            going.append(signal)
    return going, staying


def _keep(signal: _Signal, why: str) -> Kept:
    return Kept(
        point=signal.point,
        panel=signal.panel.name,
        value=signal.value,
        reason=RULES[signal.rule].name,
        why_kept=why,
    )


def _at(panel: ChartPanel, point: int) -> tuple[float, float]:
    i = int(np.searchsorted(panel.positions, point))
    return float(panel.lcl[i]), float(panel.ucl[i])


def _entry(
    number: int, signal: _Signal, before: Chart, after: Chart, causes: dict[int, str]
) -> Removal:
    place = [panel.name for panel in before.panels].index(signal.panel.name)
    lcl_before, ucl_before = _at(before.panels[place], signal.point)
    lcl_after, ucl_after = _at(after.panels[place], signal.point)
    return Removal(
        round=number,
        point=signal.point,
        panel=signal.panel.name,
        value=signal.value,
        rule=signal.rule,
        reason=f"{RULES[signal.rule].name}, {signal.side} the center line",
        lcl_before=lcl_before,
        ucl_before=ucl_before,
        lcl_after=lcl_after,
        ucl_after=ucl_after,
        cause=causes.get(signal.point, "not stated"),
    )


def _round(number: int, chart: Chart, used: int, removed: list[int]) -> Round:
    main = chart.panels[0]
    spread = chart.panels[1] if len(chart.panels) > 1 else None
    return Round(
        round=number,
        points_used=used,
        removed=removed,
        center=scalar(main.center),
        lcl=scalar(main.lcl),
        ucl=scalar(main.ucl),
        spread_center=None if spread is None else scalar(spread.center),
        spread_lcl=None if spread is None else scalar(spread.lcl),
        spread_ucl=None if spread is None else scalar(spread.ucl),
    )


def _result(
    kind: str,
    because: str | None,
    chart: Chart,
    history: list[Round],
    log: list[Removal],
    kept: list[Kept],
    removed: list[int],
    points: int,
    n_sigma: float,
    rules: list[str],
    name: str,
    unit: str,
) -> PhaseOne:
    first, last = history[0], history[-1]
    share = len(removed) / points
    warnings = list(chart.warnings)
    if share > _LARGE_SHARE:
        warnings.append(
            f"{share:.0%} of the points were taken out: that is not a stable process with a few "
            "disturbances; look for a change of level (stages) or a wrong subgrouping"
        )
    unknown = sorted({item.point for item in log if item.cause == "not stated"})
    if unknown:
        warnings.append(
            f"taken out without a stated cause: {name_points(unknown)}; find the cause, or keep "
            "what has none"
        )
    if points - len(removed) < _FEW_POINTS:
        warnings.append(
            f"limits from {points - len(removed)} points are provisional; {_FEW_POINTS} to 25 "
            "are usual"
        )
    counted = kind not in ("i_mr", "xbar_r", "xbar_s")
    return PhaseOne(
        method=f"phase I by rounds: points that signal are taken out and the limits computed "
        f"afresh; {chart.method}",
        unit="" if counted else unit,
        assumptions=chart.assumptions,
        warnings=warnings,
        charts=[_chart(kind, chart, log, removed, n_sigma, name, "" if counted else unit)],
        kind=kind,
        chosen_because=because,
        name=name,
        points=points,
        points_used=points - len(removed),
        removed=removed,
        removed_count=len(removed),
        share_removed=share,
        rounds=len(history) - 1,
        in_control=not kept,
        center=last.center,
        lcl=last.lcl,
        ucl=last.ucl,
        trial_center=first.center,
        trial_lcl=first.lcl,
        trial_ucl=first.ucl,
        spread_center=last.spread_center,
        spread_lcl=last.spread_lcl,
        spread_ucl=last.spread_ucl,
        sigma_within=chart.figures.get("sigma_within"),
        sigma_z=chart.figures.get("sigma_z"),
        log=log,
        kept_signals=kept,
        history=history,
        rules=rules,
    )


def _chart(
    kind: str,
    chart: Chart,
    log: list[Removal],
    removed: list[int],
    n_sigma: float,
    name: str,
    unit: str,
) -> ChartSpec:
    """The final limits with every point: those removed are marked, those that signal flagged."""
    findings = []
    for panel in chart.panels:
        out = Findings(
            violations=[
                Violation(
                    rule="removed",
                    name="taken out of the limits",
                    points=[item.point],
                    signal_points=[item.point],
                    reason=item.reason,
                    panel=panel.name,
                )
                for item in log
                if item.panel == panel.name
            ]
        )
        findings.append(merged([out, _findings(panel, n_sigma, removed)]))
    count = len(removed)
    said = "no point" if not count else f"{count} point{'s' if count > 1 else ''}"
    title = f"{CHART_NAMES[kind]} chart of {name}, phase I: {said} taken out of the limits"
    x_label = {"i_mr": "observation", "xbar_r": "subgroup", "xbar_s": "subgroup"}
    return draw(kind, title, chart.panels, findings, x_label.get(kind, "sample"), unit)


phase_one.narrates(narrate)
phase_one.verifies(verify)
