"""The control chart tool: one declaration for every kind of chart.

Sources: NIST/SEMATECH e-Handbook 6.3; W. A. Shewhart (1931); Montgomery,
Introduction to Statistical Quality Control, chapters 6, 7 and 9.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Name, Unit
from havoc.tools.spc import chart_input
from havoc.tools.spc.chart_checks import verify
from havoc.tools.spc.chart_kinds import Request, build
from havoc.tools.spc.chart_narrative import chart_title, narrate
from havoc.tools.spc.chart_result import CHART_NAMES, COUNT_CHARTS, ControlChart
from havoc.tools.spc.multivariate_input import MULTIVARIATE, CovarianceMethod, Joint
from havoc.tools.spc.multivariate_signals import contribution_chart
from havoc.tools.spc.panels import Basis, draw, judge
from havoc.tools.spc.rare_events import EventLimits
from havoc.tools.spc.rules import MOST_VIOLATIONS, Rules, rule_ids
from havoc.tools.spc.shared_parameters import (
    InspectedUnits,
    SubgroupSize,
    UnevenSubgroups,
    ValuesOrCounts,
)
from havoc.tools.spc.short_run import PartSigma, ShortRunMethod
from havoc.tools.spc.stages import STAGED, staged_chart
from havoc.tools.spc.subgroups import SigmaMethod
from havoc.tools.spc.variables import Chart

# So many points are usual before limits are trusted (Montgomery 6.2).
_FEW_POINTS = 20
_X_LABELS = {
    "i_mr": "observation",
    "xbar_r": "subgroup",
    "xbar_s": "subgroup",
    "three_way": "subgroup",
    "g": "event",
    "t": "event",
    "short_run": "observation",
}
_BELONGS = {
    "parts": ("short_run",),
    "nominals": ("short_run",),
    "short_run_method": ("short_run",),
    "part_sigma": ("short_run",),
    "span": ("moving_average",),
    "event_limits": ("g", "t"),
    "stages": STAGED,
}
_SPREAD_PANELS = ("R", "S", "MR")


@tool(
    "control_chart",
    title="Control chart",
    source="NIST/SEMATECH e-Handbook 6.3",
)
def control_chart(
    kind: Annotated[
        chart_input.Kind, Meta(description="chart; auto chooses it from the data and says why")
    ] = "auto",
    data: ValuesOrCounts = None,
    subgroup_size: SubgroupSize = None,
    subgroups: UnevenSubgroups = None,
    defectives: Annotated[
        list[float] | None, Meta(description="defective units in each sample (p, np)")
    ] = None,
    defects: Annotated[
        list[float] | None, Meta(description="defects in each sample (c, u)")
    ] = None,
    sample_size: InspectedUnits = None,
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
    columns: Annotated[
        dict[str, list[float]] | None,
        Meta(description="values of each characteristic (t2, generalized_variance, mewma)"),
    ] = None,
    mean_vector: Annotated[
        list[float] | None, Meta(description="given means in the order of the columns")
    ] = None,
    covariance: Annotated[
        list[list[float]] | None, Meta(description="given covariance matrix of single values")
    ] = None,
    covariance_samples: Annotated[
        Annotated[int, Meta(ge=2)] | None,
        Meta(description="points that the given mean vector and covariance were estimated from"),
    ] = None,
    covariance_method: Annotated[
        CovarianceMethod,
        Meta(description="covariance of single observations: sample, or successive differences"),
    ] = "sample",
    alpha: Annotated[
        Annotated[float, Meta(gt=0, lt=0.5)] | None,
        Meta(description="false alarms a point of a T² chart; 0.00135 (beyond n_sigma) if absent"),
    ] = None,
    arl0: Annotated[
        float, Meta(gt=1, le=1e6, description="in-control run length that sets h of a MEWMA chart")
    ] = 200.0,
    parts: Annotated[
        list[str | float] | None,
        Meta(description="short_run: the part of every value (of every subgroup)"),
    ] = None,
    nominals: Annotated[
        dict[str, float] | list[float] | None,
        Meta(description="short_run: nominal of each named part, or one for every value"),
    ] = None,
    short_run_method: Annotated[
        ShortRunMethod | None,
        Meta(description="short_run: deviation from nominal (default), or z, standardised"),
    ] = None,
    part_sigma: Annotated[
        PartSigma | None,
        Meta(description="short_run z: sigma of each part (default), run, pooled, or pooled logs"),
    ] = None,
    span: Annotated[
        Annotated[int, Meta(ge=2)] | None,
        Meta(description="moving_average: how many points are averaged (default 3)"),
    ] = None,
    event_limits: Annotated[
        EventLimits,
        Meta(
            description="g: probability (as Minitab) or sigma; t: weibull (as Minitab), "
            "exponential or nelson"
        ),
    ] = "auto",
    stages: Annotated[
        list[int | str] | None,
        Meta(
            description="limits for each stage: a label for every point, or the numbers of the "
            "points where a new stage begins"
        ),
    ] = None,
    rules: Rules = "western_electric",
    name: Name = "the process",
    unit: Unit = "",
) -> ControlChart:
    """Is the process stable, what are its control limits, which points are out?

    Use it for values or counts in the order of production. Xbar-R for subgroups
    of up to eight, Xbar-S for larger or unequal ones, I-MR for single values, p
    and np for defective units, c and u for defects, EWMA and CUSUM for small
    lasting shifts; T², generalized variance and MEWMA for several characteristics
    of the same parts (columns). Laney p and u where the samples are so large that ordinary
    limits are too narrow, g and t for what lies between rare events, short runs of
    many parts as deviations from nominal or standardised, moving averages, zone scores,
    three-way for subgroups that differ by nature, stages for limits before and after a
    change. Given mean and sigma (phase II) replace the estimates;
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
        kind,
        given,
        has_rbar=rbar is not None,
        has_sbar=sbar is not None,
        has_columns=columns is not None,
        has_parts=parts is not None,
    )
    _refuse_settings_of_others(
        chosen,
        parts=parts,
        nominals=nominals,
        short_run_method=short_run_method,
        part_sigma=part_sigma,
        span=span,
        event_limits=None if event_limits == "auto" else event_limits,
        stages=stages,
    )
    request = Request(
        given=given,
        basis=Basis(
            mean=mean, sigma=sigma, n_sigma=n_sigma, baseline=baseline, exclude=exclude or ()
        ),
        rules=rule_ids(rules),
        named_set=isinstance(rules, str),
        sigma_method=sigma_method,
        rbar=rbar,
        sbar=sbar,
        mr_bar=mr_bar,
        pbar=pbar,
        cbar=cbar,
        ubar=ubar,
        target=target,
        weight=lambda_,
        k=k,
        h=h,
        cusum_units=cusum_units,
        steady_limits=steady_limits,
        joint=Joint(
            columns=columns,
            mean_vector=mean_vector,
            covariance=covariance,
            samples=covariance_samples,
            method=covariance_method,
            alpha=alpha,
            arl0=arl0,
        ),
        parts=parts,
        nominals=nominals,
        short_run_method=short_run_method,
        part_sigma=part_sigma,
        span=span,
        event_limits=event_limits,
    )
    chart = build(chosen, request) if stages is None else staged_chart(chosen, request, stages)
    return _result(chosen, because, chart, request.basis, name, unit)


def _refuse_settings_of_others(kind: str, **settings: object) -> None:
    """Settings that would change nothing are an error, not a silence."""
    for setting, value in settings.items():
        if value is not None and kind not in _BELONGS[setting]:
            raise InputError(
                f"the {CHART_NAMES[kind]} chart has no {setting.replace('_', ' ')}",
                where=setting,
                remedy=f"leave it out, or choose kind {' or '.join(_BELONGS[setting])}",
            )


def _result(
    kind: str,
    because: str | None,
    chart: Chart,
    basis: Basis,
    name: str,
    unit: str,
) -> ControlChart:
    findings = [judge(panel, basis.n_sigma) for panel in chart.panels]
    main = chart.panels[0]
    result = ControlChart(
        method=chart.method,
        unit="" if kind in COUNT_CHARTS else unit,
        kind=kind,
        chosen_because=because,
        name=name,
        points=main.values.size,
        n_sigma=basis.n_sigma,
        rules=list(main.rules),
        baseline=basis.baseline,
        excluded=sorted(set(basis.exclude)) or None,
        assumptions=chart.assumptions,
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
    spread = [
        found
        for found, panel in zip(findings, chart.panels, strict=True)
        if panel.name in _SPREAD_PANELS and panel.values.size
    ]
    if spread:
        beyond = [point for found in spread for point in (*found.above, *found.below)]
        result.spread_out_of_limits = list(dict.fromkeys(beyond))
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
    if (
        basis.mean is None
        and used.sum() < _FEW_POINTS
        and kind not in ("ewma", "cusum", *MULTIVARIATE)
        and result.stages is None
    ):
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
            result.unit,
        )
    ]
    if result.signals:
        largest = max(result.signals, key=lambda signal: signal.statistic / signal.ucl)
        result.charts.append(contribution_chart(name, largest))
    return result


control_chart.narrates(narrate)
control_chart.verifies(verify)
