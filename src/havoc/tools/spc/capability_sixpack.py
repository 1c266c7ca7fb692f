"""Stability, distribution and capability of one process on one page.

Sources: NIST/SEMATECH e-Handbook 6.3.2 (charts) and 7.1.6 (capability); ISO 22514-4 where a
distribution is fitted. The figures are those of control_chart, capability and
capability_nonnormal.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, cast

import msgspec
import numpy as np
from msgspec import Meta
from scipy import special

from havoc.charts import ChartSpec, Limit, Panel, Series, decimate
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Confidence, FloatArray, Name, Unit
from havoc.tools.result import Check, Narrative, Recomputed
from havoc.tools.spc import anderson_darling
from havoc.tools.spc import subgroups as grouping
from havoc.tools.spc.capability import capability
from havoc.tools.spc.capability_indices import Specification, checked_specification
from havoc.tools.spc.capability_nonnormal import capability_nonnormal
from havoc.tools.spc.capability_result import Capability
from havoc.tools.spc.chart_result import CHART_NAMES, ControlChart
from havoc.tools.spc.control_chart import control_chart
from havoc.tools.spc.fitted_models import fit_normal
from havoc.tools.spc.nonnormal_result import WORDS, NonnormalCapability
from havoc.tools.spc.rules import Rules, Violation
from havoc.tools.spc.subgroups import SigmaMethod, Subgroups

_LAST = 25
_Distribution = Literal[
    "normal",
    "auto",
    "box_cox",
    "johnson",
    "weibull",
    "lognormal",
    "gamma",
    "exponential",
    "largest_extreme_value",
    "smallest_extreme_value",
    "logistic",
    "loglogistic",
    "exponential_2p",
    "weibull_3p",
    "lognormal_3p",
    "gamma_3p",
    "loglogistic_3p",
    "percentile",
]


class CapabilitySixpack(Capability):
    """The figures of a capability study, with those of its control chart before them.

    ``center``, ``lcl``, ``ucl`` belong to the chart of single values or means,
    ``spread_*`` to that of ranges, standard deviations or moving ranges.
    ``violations`` are all signals, ``anderson_darling_p`` tests ``distribution``.
    """

    chart: str | None = None
    points: int | None = None
    center: float | list[float] | None = None
    signals: int | None = None
    violations: list[Violation] | None = None
    distribution: str = ""
    lcl: float | list[float] | None = None
    ucl: float | list[float] | None = None
    spread_center: float | list[float] | None = None
    spread_lcl: float | list[float] | None = None
    spread_ucl: float | list[float] | None = None
    out_of_limits: list[int] | None = None
    anderson_darling: float | None = None
    anderson_darling_p: float | None = None
    parameters: dict[str, float] | None = None
    normal_Ppk: float | None = None


@tool(
    "capability_sixpack",
    title="Capability sixpack",
    source="NIST/SEMATECH e-Handbook 6.3.2 and 7.1.6; ISO 22514-4",
)
def capability_sixpack(
    data: Annotated[
        list[float] | None, Meta(description="measured values in order of production")
    ] = None,
    subgroup_size: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="how many consecutive values form a subgroup"),
    ] = None,
    subgroups: Annotated[
        list[list[float]] | None, Meta(description="instead of data: values of each subgroup")
    ] = None,
    lsl: Annotated[float | None, Meta(description="lower specification limit")] = None,
    usl: Annotated[float | None, Meta(description="upper specification limit")] = None,
    target: Annotated[float | None, Meta(description="target value, for Cpm")] = None,
    distribution: Annotated[
        _Distribution,
        Meta(
            description="normal, or a distribution or transformation of capability_nonnormal; "
            "auto takes the first that fits"
        ),
    ] = "normal",
    cpk_required: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="smallest Cpk (Ppk of a fitted distribution) that is accepted"),
    ] = None,
    sigma_method: Annotated[
        SigmaMethod, Meta(description="within sigma, as in capability")
    ] = "auto",
    confidence: Confidence = 0.95,
    rules: Rules = "western_electric",
    name: Name = "the process",
    unit: Unit = "",
) -> CapabilitySixpack:
    """Is the process stable, does its distribution fit, and is it capable: on one page?

    Use it as the first look at a process with a specification. Read it in this order: the
    two control charts and the last subgroups (stable?), the histogram and the probability
    plot (does the distribution fit?), then the capability plot and the indices, which mean
    nothing if one of the first two fails. Assumes values in order of production, in
    subgroups if there are any. For values that are not normal choose a distribution; Cp and
    Cpk then do not exist, and Pp and Ppk are those of the fit.
    """
    spec = checked_specification(lsl, usl, target, False, False)
    if (data is None) == (subgroups is None):
        raise InputError(
            "no values given" if data is None else "data and subgroups are both given",
            where="data, subgroups",
            remedy="give data, or subgroups",
        )
    groups = _subgroups(data, subgroup_size, subgroups)
    values = groups.values
    drawn = cast(
        ControlChart,
        control_chart(
            data=data,
            subgroup_size=None if (subgroup_size or 1) == 1 else subgroup_size,
            subgroups=subgroups,
            sigma_method="auto" if sigma_method == "mr" else sigma_method,
            rules=rules,
            name=name,
            unit=unit,
        ),
    )
    common: dict[str, Any] = {"lsl": lsl, "usl": usl, "target": target, "name": name, "unit": unit}
    if distribution == "normal":
        study = cast(
            Capability,
            capability(
                data=data,
                subgroup_size=subgroup_size,
                subgroups=subgroups,
                cpk_required=cpk_required,
                sigma_method=sigma_method,
                confidence=confidence,
                rules=rules,
                **common,
            ),
        )
        result = _joined(study, drawn)
        _normal_fit(result, values)
        plot = study.charts[0].panels[0]
        probability = _probability_plot(result, values)
    else:
        fitted = cast(
            NonnormalCapability,
            capability_nonnormal(
                data=values.tolist(),
                method=distribution,
                ppk_required=cpk_required,
                confidence=confidence,
                **common,
            ),
        )
        result = _joined(_as_capability(fitted), drawn)
        _fitted(result, fitted)
        plot = fitted.charts[0].panels[0]
        probability = (
            fitted.charts[1].panels[0]
            if len(fitted.charts) > 1
            else _probability_plot(result, values)
        )
    result.charts = [_page(result, drawn, groups, plot, probability, spec)]
    return result


def _subgroups(
    data: list[float] | None, size: int | None, rows: list[list[float]] | None
) -> Subgroups:
    if rows is not None:
        return grouping.from_rows(rows)
    return grouping.from_values(data or [], size or 1)


def _joined(study: Capability, drawn: ControlChart) -> CapabilitySixpack:
    spread = {"xbar_r": "r", "xbar_s": "s", "i_mr": "mr"}[drawn.kind]
    fields = msgspec.structs.asdict(study)
    fields["charts"] = []
    fields["stable"] = bool(drawn.in_control)
    fields["warnings"] = list(dict.fromkeys([*drawn.warnings, *study.warnings]))
    others = [check for check in study.assumptions if check.name != "stable process"]
    stable = Check(
        name="stable process",
        status="ok" if drawn.in_control else "violated",
        detail="no signal on the control charts"
        if drawn.in_control
        else f"{drawn.violations_count} signals on the control charts",
    )
    fields["assumptions"] = [stable, *drawn.assumptions, *others]
    return CapabilitySixpack(
        **fields,
        chart=CHART_NAMES[drawn.kind],
        points=drawn.points,
        center=drawn.center,
        lcl=drawn.lcl,
        ucl=drawn.ucl,
        spread_center=getattr(drawn, f"{spread}_center"),
        spread_lcl=getattr(drawn, f"{spread}_lcl"),
        spread_ucl=getattr(drawn, f"{spread}_ucl"),
        signals=drawn.violations_count or 0,
        violations=drawn.violations or [],
        out_of_limits=drawn.out_of_limits,
        distribution="normal",
    )


def _normal_fit(result: CapabilitySixpack, values: FloatArray) -> None:
    """Anderson-Darling test of the normal distribution, as the probability plot shows it."""
    if values.size < 8:
        return
    ordered = np.sort(values)
    model = fit_normal(ordered)
    result.anderson_darling = anderson_darling.statistic(
        model.log_cdf(ordered), model.log_sf(ordered)
    )
    result.anderson_darling_p = anderson_darling.p_value(
        "normal", result.anderson_darling, values.size
    )
    result.normal = result.anderson_darling_p >= 0.05
    result.assumptions = [
        check for check in result.assumptions if check.name != "normal values"
    ] + [
        Check(
            name="normal values",
            status="ok" if result.normal else "violated",
            detail=f"Anderson-Darling {result.anderson_darling:.3g}, "
            f"p = {result.anderson_darling_p:.3g}",
        )
    ]


def _as_capability(fitted: NonnormalCapability) -> Capability:
    """The figures that both kinds of study have."""
    return Capability(
        method=fitted.method,
        unit=fitted.unit,
        name=fitted.name,
        level=fitted.level if fitted.level is not None else 0.95,
        criterion=fitted.criterion,
        criterion_given=fitted.criterion_given,
        n=fitted.n,
        mean=fitted.mean,
        sigma_overall=fitted.sd,
        lsl=fitted.lsl,
        usl=fitted.usl,
        target=fitted.target,
        Pp=fitted.Pp,
        Ppl=fitted.Ppl,
        Ppu=fitted.Ppu,
        Ppk=fitted.Ppk,
        Ppk_ci_low=fitted.Ppk_ci_low,
        Ppk_ci_high=fitted.Ppk_ci_high,
        capable=fitted.capable,
        ppm_overall=fitted.ppm,
        ppm_overall_below=fitted.ppm_below,
        ppm_overall_above=fitted.ppm_above,
        ppm_observed=fitted.ppm_observed,
        fraction_out=fitted.fraction_out,
        observed_out=fitted.observed_out,
        assumptions=[check for check in fitted.assumptions if check.name != "stable process"],
        warnings=fitted.warnings,
    )


def _fitted(result: CapabilitySixpack, fitted: NonnormalCapability) -> None:
    result.distribution, result.parameters = fitted.distribution, fitted.parameters
    result.anderson_darling = fitted.anderson_darling
    result.anderson_darling_p = fitted.anderson_darling_p
    result.normal_Ppk = fitted.normal_Ppk


def _page(
    result: CapabilitySixpack,
    drawn: ControlChart,
    groups: Subgroups,
    histogram: Panel,
    probability: Panel,
    spec: Specification,
) -> ChartSpec:
    """Two columns: charts of the process on the left, the distribution on the right."""
    charts = drawn.charts[0].panels
    right = [
        msgspec.structs.replace(histogram, title="Capability histogram"),
        msgspec.structs.replace(probability, title=f"{_word(result)} plot"),
        _capability_plot(result, spec),
    ]
    left = [*charts[:2], _last(groups, result.unit)]
    pages = [panel for pair in zip(left, right, strict=False) for panel in pair]
    state = "stable" if result.stable else "not stable"
    index = result.Cpk if result.Cpk is not None else result.Ppk
    name = "Cpk" if result.Cpk is not None else "Ppk"
    shown = "no index" if index is None else f"{name} = {index:.3g}"
    return ChartSpec(
        kind="capability_sixpack",
        title=f"{result.name}: {state}, {shown}",
        panels=pages,
        notes=list(drawn.charts[0].notes),
    )


def _word(result: CapabilitySixpack) -> str:
    words = WORDS.get(result.distribution, result.distribution).replace(" distribution", "")
    return words[:1].upper() + words[1:]


def _last(groups: Subgroups, unit: str) -> Panel:
    """The values of the last subgroups, one column each."""
    count = groups.sizes.size
    first = max(count - _LAST, 0)
    starts = np.concatenate(([0], np.cumsum(groups.sizes)))
    x: list[float] = []
    y: list[float] = []
    for i in range(first, count):
        column = groups.values[starts[i] : starts[i + 1]]
        chosen = decimate(column.size, 60)
        x += [float(i + 1)] * len(chosen)
        y += [float(column[k]) for k in chosen]
    series = [Series(name="values", kind="points", x=x, y=y)]
    return Panel(
        title=f"Last {count - first} " + ("subgroups" if groups.size != 1 else "values"),
        x_label="subgroup" if groups.size != 1 else "observation",
        y_label=f"value ({unit})" if unit else "value",
        series=series,
        limits=[Limit(label="mean", role="center", value=float(np.mean(y)))],
    )


def _probability_plot(result: CapabilitySixpack, values: FloatArray) -> Panel:
    ordered = np.sort(values)
    n = ordered.size
    scores = special.ndtri((np.arange(1, n + 1) - 0.375) / (n + 0.25))
    shown = decimate(n)
    mean, sd = float(values.mean()), float(values.std(ddof=1))
    ends = [float(scores[0]), float(scores[-1])]
    return Panel(
        x_label="normal score",
        y_label=result.unit or "value",
        series=[
            Series(
                name="values",
                kind="points",
                x=[float(scores[i]) for i in shown],
                y=[float(ordered[i]) for i in shown],
            ),
            Series(name="normal", kind="line", x=ends, y=[mean + sd * end for end in ends]),
        ],
    )


def _capability_plot(result: CapabilitySixpack, spec: Specification) -> Panel:
    """Six sigma within, six sigma overall and the specification as bars side by side."""
    assert result.mean is not None and result.sigma_overall is not None
    names, middles, lows, highs = [], [], [], []
    for label, sigma in (("within", result.sigma_within), ("overall", result.sigma_overall)):
        if sigma is None:
            continue
        names.append(label)
        middles.append(result.mean)
        lows.append(result.mean - 3 * sigma)
        highs.append(result.mean + 3 * sigma)
    if spec.lsl is not None and spec.usl is not None:
        names.append("specification")
        middles.append((spec.lsl + spec.usl) / 2)
        lows.append(spec.lsl)
        highs.append(spec.usl)
    lines = [
        Limit(label=text, role="specification", value=value)
        for text, value in (("LSL", spec.lsl), ("USL", spec.usl))
        if value is not None
    ]
    return Panel(
        title="Capability plot",
        y_label=result.unit or "value",
        x_scale="category",
        series=[Series(name="six sigma", kind="points", x=names, y=middles, low=lows, high=highs)],
        limits=lines,
    )


@capability_sixpack.narrates
def _narrate(result: CapabilitySixpack) -> Narrative:
    """Stability first, then the distribution, then capability."""
    state = (
        "{{name}} is stable"
        if result.stable
        else "{{name}} is not stable (signals on the {{chart}} chart: {{signals}})"
    )
    words = WORDS.get(result.distribution, result.distribution)
    fits = "fits" if (result.anderson_darling_p or 1.0) >= 0.05 else "does not fit"
    index = "Cpk" if result.Cpk is not None else "Ppk"
    if getattr(result, index) is None:
        verdict = "no index exists, since the model cannot pass the limits"
    elif result.capable is None:
        verdict = f"{index} = {{{{{index}}}}} is not to be trusted"
    else:
        reach = "reaches" if result.capable else "does not reach"
        needed = "required" if result.criterion_given else "usual"
        verdict = f"{index} = {{{{{index}}}}} {reach} the {needed} {{{{criterion}}}}"
    conclusion = f"{state}; the {words} {fits}; {verdict}."
    if result.stable is False:
        conclusion += " Find the causes of the signals before the indices are used."
    details = [
        f"{{{{violations.{i}.panel}}}}: {{{{violations.{i}.reason}}}}."
        for i in range(min(len(result.violations or []), 5))
    ]
    if result.anderson_darling_p is not None:
        details.append(
            f"Fit of the {words}: Anderson-Darling {{{{anderson_darling}}}}, "
            "p {{anderson_darling_p:p}}."
        )
    if result.ppm_overall is not None:
        details.append(
            "About {{ppm_overall}} parts per million are expected outside the specification."
        )
    if result.observed_out:
        details.append("{{observed_out}} of {{n}} measured values are outside.")
    figures = [
        (label, f"{{{{{field}}}}}")
        for label, field in (
            ("Cp", "Cp"),
            ("Cpk", "Cpk"),
            ("Pp", "Pp"),
            ("Ppk", "Ppk"),
            ("Cpm", "Cpm"),
            ("mean", "mean"),
            ("standard deviation within", "sigma_within"),
            ("standard deviation overall", "sigma_overall"),
            ("expected parts per million outside", "ppm_overall"),
            ("signals", "signals"),
        )
        if getattr(result, field) is not None
    ]
    return Narrative(conclusion=conclusion, details=details, key_figures=figures)


@capability_sixpack.verifies
def _verify(
    result: CapabilitySixpack,
    data: list[float] | None,
    subgroups: list[list[float]] | None,
    **_: object,
) -> list[Recomputed]:
    """Mean and standard deviation by exact summation; Ppk from them."""
    values = data or [value for row in subgroups or [] for value in row]
    if len(values) > 20_000 or result.mean is None or result.sigma_overall is None:
        return []
    mean = math.fsum(values) / len(values)
    sd = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
    checks = [
        Recomputed(
            name="sigma_overall",
            value=result.sigma_overall,
            recomputed=sd,
            route="exact summation of squared deviations",
        )
    ]
    if result.distribution == "normal" and result.Ppk is not None:
        sides = []
        if result.lsl is not None:
            sides.append((mean - result.lsl) / (3 * sd))
        if result.usl is not None:
            sides.append((result.usl - mean) / (3 * sd))
        checks.append(
            Recomputed(
                name="Ppk", value=result.Ppk, recomputed=min(sides), route="nearer limit over 3 s"
            )
        )
    return checks
