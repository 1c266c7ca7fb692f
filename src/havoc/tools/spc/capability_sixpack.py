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

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Confidence, FloatArray, LowerLimit, Name, Unit, UpperLimit
from havoc.tools.result import Check, Recomputed
from havoc.tools.spc import anderson_darling
from havoc.tools.spc import subgroups as grouping
from havoc.tools.spc.capability import capability
from havoc.tools.spc.capability_indices import checked_specification
from havoc.tools.spc.capability_nonnormal import NonnormalMethod, capability_nonnormal
from havoc.tools.spc.capability_result import Capability
from havoc.tools.spc.chart_result import CHART_NAMES, ControlChart
from havoc.tools.spc.control_chart import control_chart
from havoc.tools.spc.fitted_models import fit_normal
from havoc.tools.spc.nonnormal_result import NonnormalCapability
from havoc.tools.spc.rules import Rules
from havoc.tools.spc.shared_parameters import (
    SubgroupSize,
    SubgroupValues,
    TargetForCpm,
    ValuesInOrder,
)
from havoc.tools.spc.sixpack_result import CapabilitySixpack, narrate, normal_plot, page
from havoc.tools.spc.subgroups import SigmaMethod, Subgroups

_Distribution = Literal["normal", NonnormalMethod]


@tool(
    "capability_sixpack",
    title="Capability sixpack",
    source="NIST/SEMATECH e-Handbook 6.3.2 and 7.1.6; ISO 22514-4",
)
def capability_sixpack(
    data: ValuesInOrder = None,
    subgroup_size: SubgroupSize = None,
    subgroups: SubgroupValues = None,
    lsl: LowerLimit = None,
    usl: UpperLimit = None,
    target: TargetForCpm = None,
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
        probability = normal_plot(result, values)
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
            fitted.charts[1].panels[0] if len(fitted.charts) > 1 else normal_plot(result, values)
        )
    result.charts = [page(result, drawn, groups, plot, probability, spec)]
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


capability_sixpack.narrates(narrate)


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
