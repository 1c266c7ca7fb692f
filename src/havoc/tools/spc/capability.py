"""Process capability: Cp, Cpk, Pp, Ppk, Cpm with intervals, Z and parts per million.

Sources: NIST/SEMATECH e-Handbook 7.1.6; Montgomery, Introduction to Statistical
Quality Control, chapter 8; the formulas are in ``capability_indices``.
"""

from __future__ import annotations

import math
import statistics
from typing import Annotated

import numpy as np
from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Confidence, FloatArray, LowerLimit, Name, Unit, UpperLimit
from havoc.tools.result import Check, Recomputed
from havoc.tools.spc import capability_indices as formulas
from havoc.tools.spc.capability_indices import Specification, checked_specification
from havoc.tools.spc.capability_input import Process, from_data, from_summary
from havoc.tools.spc.capability_result import Capability, draw, narrate
from havoc.tools.spc.panels import Basis, judge
from havoc.tools.spc.rules import Rules, rule_ids
from havoc.tools.spc.shared_parameters import (
    SubgroupSize,
    SubgroupValues,
    TargetForCpm,
    ValuesInOrder,
)
from havoc.tools.spc.subgroups import SigmaMethod
from havoc.tools.spc.variables import Chart, individuals_chart, xbar_chart
from havoc.tools.stats.assumption_checks import normal_residuals

USUAL_CRITERION = 1.33
_Sigma = Annotated[float, Meta(gt=0)] | None


@tool("capability", title="Process capability", source="NIST/SEMATECH e-Handbook 7.1.6")
def capability(
    data: ValuesInOrder = None,
    subgroup_size: SubgroupSize = None,
    subgroups: SubgroupValues = None,
    mean: Annotated[float | None, Meta(description="mean, where no values are given")] = None,
    sd: Annotated[_Sigma, Meta(description="overall standard deviation, with mean")] = None,
    sigma: Annotated[
        _Sigma, Meta(description="process standard deviation; with data it is the within sigma")
    ] = None,
    sigma_within: Annotated[_Sigma, Meta(description="standard deviation within subgroups")] = None,
    sigma_overall: Annotated[_Sigma, Meta(description="overall standard deviation")] = None,
    n: Annotated[
        Annotated[int, Meta(ge=2)] | None,
        Meta(description="number of values behind a summary, for the intervals"),
    ] = None,
    lsl: LowerLimit = None,
    usl: UpperLimit = None,
    target: TargetForCpm = None,
    lower_boundary: Annotated[
        bool, Meta(description="the lower limit is physical: no value can be below it")
    ] = False,
    upper_boundary: Annotated[
        bool, Meta(description="the upper limit is physical: no value can be above it")
    ] = False,
    cp: Annotated[_Sigma, Meta(description="a known Cp, to get its interval from n")] = None,
    cpk: Annotated[
        float | None, Meta(description="a known Cpk, to get its interval from n")
    ] = None,
    cpk_required: Annotated[
        _Sigma, Meta(description="smallest Cpk that is accepted (1.33 is usual)")
    ] = None,
    sigma_method: Annotated[
        SigmaMethod,
        Meta(
            description="within sigma: auto takes the mean range for subgroups of up to eight, "
            "the pooled standard deviation for larger or unequal ones, and the moving range for "
            "single values"
        ),
    ] = "auto",
    confidence: Confidence = 0.95,
    rules: Rules = "western_electric",
    name: Name = "the process",
    unit: Unit = "",
) -> Capability:
    """Can the process hold the specification: Cp, Cpk, Pp, Ppk, Cpm, parts per million?

    Use it with values (in subgroups if there are any) or with mean and standard
    deviation. Cp and Cpk use the variation within subgroups, Pp and Ppk the
    overall standard deviation (n - 1). Assumes a stable process and normal
    values; both are checked. One limit is enough; Cp and Pp then do not exist.
    """
    criterion = USUAL_CRITERION if cpk_required is None else cpk_required
    if cpk is not None or cp is not None:
        return _from_index(cp, cpk, n, criterion, cpk_required is not None, confidence, name)
    spec = checked_specification(lsl, usl, target, lower_boundary, upper_boundary)
    standards = {"sd": sd, "sigma": sigma, "sigma_within": sigma_within}
    standards["sigma_overall"] = sigma_overall
    given_data = data is not None or subgroups is not None
    if not given_data and mean is not None and not any(standards.values()) and cpk_required:
        return _largest_sigma(mean, spec, criterion, confidence, name, unit)
    if given_data:
        process = from_data(data, subgroup_size, subgroups, mean, standards, sigma_method)
    else:
        process = from_summary(mean, standards, n)
    result = _study(process, spec, criterion, cpk_required is not None, confidence, name, unit)
    if process.values is not None:
        _check_assumptions(result, process, rule_ids(rules))
    _warn(result, process, spec)
    chart = draw(result, spec, process.values, unit)
    result.charts = [chart] if chart else []
    return result


def _study(
    process: Process,
    spec: Specification,
    criterion: float,
    criterion_given: bool,
    confidence: float,
    name: str,
    unit: str,
) -> Capability:
    """All figures that follow from mean, sigmas and limits."""
    potential = formulas.indices(process.mean, process.within, spec)
    performance = formulas.indices(process.mean, process.overall, spec)
    within = formulas.tails(process.mean, process.within, spec)
    overall = formulas.tails(process.mean, process.overall, spec)
    # Rational subgroups: within sigma, as R's qcc. Single values: overall, as first defined.
    taguchi_sigma = process.within if process.groups is not None else process.overall
    taguchi, star = formulas.cpm(process.mean, taguchi_sigma, spec)
    room = min(
        abs(distance)
        for distance in (
            None if spec.low is None else process.mean - spec.low,
            None if spec.high is None else spec.high - process.mean,
        )
        if distance is not None
    )
    result = Capability(
        method=f"{process.convention}; Cpm with the "
        f"{'within' if process.groups is not None else 'overall'} sigma; intervals: chi-square "
        "with n - 1 degrees of freedom for Cp and Pp, Bissell for Cpk and Ppk",
        unit=unit,
        name=name,
        level=confidence,
        n=process.n,
        mean=process.mean,
        lsl=spec.lsl,
        usl=spec.usl,
        target=spec.target,
        sigma_within=process.within,
        sigma_overall=process.overall,
        Cp=potential.both,
        Cpl=potential.lower,
        Cp_l=potential.lower,
        Cpu=potential.upper,
        Cp_u=potential.upper,
        Cpk=potential.smaller,
        Cpm=taguchi,
        Cpm_star=star,
        Pp=performance.both,
        Ppl=performance.lower,
        Ppu=performance.upper,
        Ppk=performance.smaller,
        criterion=criterion,
        criterion_given=criterion_given,
        capable=potential.smaller >= criterion,
        sigma_required=room / (3 * criterion) if potential.smaller > 0 else None,
        z_lsl=within.z_lsl,
        z_usl=within.z_usl,
        z_bench=within.z_bench,
        z_bench_overall=overall.z_bench,
        ppm_within=within.total,
        ppm_within_below=within.below,
        ppm_within_above=within.above,
        ppm_overall=overall.total,
        ppm_overall_below=overall.below,
        ppm_overall_above=overall.above,
        fraction_out=overall.total / formulas.PER_MILLION,
    )
    if process.values is not None:
        _count_outside(result, process.values, spec)
    if process.n is not None:
        _add_intervals(result, process, taguchi_sigma, spec)
    return result


def _count_outside(result: Capability, values: FloatArray, spec: Specification) -> None:
    below = 0 if spec.lsl is None else int(np.sum(values < spec.lsl))
    above = 0 if spec.usl is None else int(np.sum(values > spec.usl))
    share = formulas.PER_MILLION / values.size
    result.observed_out = below + above
    result.ppm_observed_below = below * share
    result.ppm_observed_above = above * share
    result.ppm_observed = (below + above) * share


def _add_intervals(
    result: Capability, process: Process, taguchi_sigma: float, spec: Specification
) -> None:
    n, level = process.n, result.level
    assert n is not None
    if result.Cp is not None and result.Pp is not None:
        result.Cp_ci_low, result.Cp_ci_high = formulas.ratio_interval(result.Cp, n, level)
        result.Pp_ci_low, result.Pp_ci_high = formulas.ratio_interval(result.Pp, n, level)
    if result.Cpk is not None:
        result.Cpk_ci_low, result.Cpk_ci_high = formulas.smaller_interval(result.Cpk, n, level)
        result.Cpk_lower_bound = formulas.smaller_bound(result.Cpk, n, level)
        result.capable_with_confidence = result.Cpk_lower_bound >= result.criterion
    if result.Ppk is not None:
        result.Ppk_ci_low, result.Ppk_ci_high = formulas.smaller_interval(result.Ppk, n, level)
        result.Ppk_lower_bound = formulas.smaller_bound(result.Ppk, n, level)
    if result.Cpm is not None and spec.target is not None:
        offset = (process.mean - spec.target) / taguchi_sigma
        result.Cpm_ci_low, result.Cpm_ci_high = formulas.cpm_interval(result.Cpm, offset, n, level)


def _from_index(
    cp: float | None,
    cpk: float | None,
    n: int | None,
    criterion: float,
    criterion_given: bool,
    confidence: float,
    name: str,
) -> Capability:
    """Interval of an index that is already known."""
    if n is None:
        raise InputError(
            "the number of values behind the index is missing",
            where="n",
            remedy="give n",
        )
    result = Capability(
        method="intervals: chi-square with n - 1 degrees of freedom for Cp, Bissell for Cpk",
        name=name,
        level=confidence,
        n=n,
        Cp=cp,
        Cpk=cpk,
        criterion=criterion,
        criterion_given=criterion_given,
    )
    if cp is not None:
        result.Cp_ci_low, result.Cp_ci_high = formulas.ratio_interval(cp, n, confidence)
        result.capable = cp >= criterion
    if cpk is not None:
        result.Cpk_ci_low, result.Cpk_ci_high = formulas.smaller_interval(cpk, n, confidence)
        result.Cpk_lower_bound = formulas.smaller_bound(cpk, n, confidence)
        result.capable = cpk >= criterion
        result.capable_with_confidence = result.Cpk_lower_bound >= criterion
    return result


def _largest_sigma(
    mean: float,
    spec: Specification,
    criterion: float,
    confidence: float,
    name: str,
    unit: str,
) -> Capability:
    """The standard deviation that the required index leaves room for."""
    distances = []
    if spec.low is not None:
        distances.append(mean - spec.low)
    if spec.high is not None:
        distances.append(spec.high - mean)
    if min(distances) <= 0:
        raise InputError(
            f"the mean {mean:g} is not inside the specification",
            where="mean",
            remedy="no standard deviation reaches the index; move the mean first",
        )
    return Capability(
        method="distance from the mean to the nearer limit over three times the index",
        unit=unit,
        name=name,
        level=confidence,
        mean=mean,
        lsl=spec.lsl,
        usl=spec.usl,
        target=spec.target,
        criterion=criterion,
        criterion_given=True,
        sigma_required=min(distances) / (3 * criterion),
    )


def _check_assumptions(result: Capability, process: Process, rules: list[str]) -> None:
    assert process.values is not None
    basis = Basis()
    chart: Chart
    if process.groups is None:
        chart = individuals_chart(process.values, basis, rules)
        drawn = "I-MR"
    else:
        kind = "xbar_r" if "range" in process.convention else "xbar_s"
        chart = xbar_chart(kind, process.groups, None, basis, "auto", rules)
        drawn = "Xbar-R" if kind == "xbar_r" else "Xbar-S"
    if rules:
        findings = [judge(panel, basis.n_sigma) for panel in chart.panels]
        signals = sum(found.total for found in findings)
        result.stable = signals == 0
        first = next((item for found in findings for item in found.violations), None)
        detail = f"{drawn} chart of the same values: no signal"
        if first is not None:
            detail = f"{drawn} chart of the same values: {signals} signal"
            detail += f"{'s' if signals > 1 else ''}, first {first.reason} ({first.panel})"
        result.assumptions.append(
            Check(name="stable process", status="ok" if signals == 0 else "violated", detail=detail)
        )
    normal = normal_residuals(process.values, "normal values")
    result.normal = None if normal.status == "unknown" else normal.status == "ok"
    result.assumptions.append(normal)


def _warn(result: Capability, process: Process, spec: Specification) -> None:
    if process.one_sigma:
        result.warnings.append(
            "one standard deviation is given, so Cp, Cpk and Pp, Ppk are the same figures"
        )
    if process.n is not None and process.n < 30:
        result.warnings.append(f"{process.n} values make a wide interval; 50 to 100 are usual")
    if spec.target is not None and not (
        (spec.lsl is None or spec.target >= spec.lsl)
        and (spec.usl is None or spec.target <= spec.usl)
    ):
        result.warnings.append("the target is outside the specification limits")
    outside = (spec.low is not None and process.mean < spec.low) or (
        spec.high is not None and process.mean > spec.high
    )
    if outside:
        result.warnings.append(
            "the mean itself is outside the specification, which makes Cpk negative"
        )


capability.narrates(narrate)


@capability.verifies
def _verify(
    result: Capability,
    data: list[float] | None,
    subgroups: list[list[float]] | None,
    **_: object,
) -> list[Recomputed]:
    """From the values again, with the standard library alone."""
    if result.mean is None or result.sigma_overall is None or result.Ppk is None:
        return []
    values = data or [value for row in subgroups or [] for value in row]
    mean, overall, checks = result.mean, result.sigma_overall, []
    if values and len(values) <= 20_000:
        mean, overall = math.fsum(values) / len(values), statistics.stdev(values)
        checks.append(
            Recomputed(
                name="sigma_overall",
                value=result.sigma_overall,
                recomputed=overall,
                route="statistics.stdev, exact rational arithmetic",
            )
        )
    normal = statistics.NormalDist(mean, overall)
    low = 0.0 if result.lsl is None or result.ppm_overall_below == 0 else normal.cdf(result.lsl)
    high = (
        0.0
        if result.usl is None or result.ppm_overall_above == 0
        else normal.cdf(2 * mean - result.usl)
    )
    checks.append(
        Recomputed(
            name="ppm_overall",
            value=result.ppm_overall or 0.0,
            recomputed=1e6 * (low + high),
            route="normal distribution of the Python standard library",
            rtol=1e-5,
            atol=1e-6,
        )
    )
    if result.Cpl is not None and result.Cpu is not None and result.Cp is not None:
        checks.append(
            Recomputed(
                name="Cp",
                value=result.Cp,
                recomputed=(result.Cpl + result.Cpu) / 2,
                route="mean of Cpl and Cpu",
            )
        )
    return checks
