"""From a request to a chart: which function draws which kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from havoc.tools.spc.attributes import counts_chart, dispersion_check
from havoc.tools.spc.chart_input import Given, independence
from havoc.tools.spc.laney import ORDINARY, laney_chart
from havoc.tools.spc.moving_average import DEFAULT_SPAN, moving_average_chart
from havoc.tools.spc.multivariate import multivariate_chart
from havoc.tools.spc.multivariate_input import Joint
from havoc.tools.spc.panels import Basis
from havoc.tools.spc.rare_events import EventLimits, choose_limits, g_chart, t_chart
from havoc.tools.spc.rules import limits_only, without_zones
from havoc.tools.spc.short_run import PartSigma, ShortRunMethod, read_parts, short_run_chart
from havoc.tools.spc.subgroups import SigmaMethod
from havoc.tools.spc.three_way import three_way_chart
from havoc.tools.spc.variables import Chart, individuals_chart, xbar_chart
from havoc.tools.spc.weighted import cusum_chart, ewma_chart
from havoc.tools.spc.zone import zone_chart


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The data, what the limits rest on, and the settings of single kinds of chart.

    ``rules`` are ids; ``named_set`` says that they came as a set and not one by one.
    """

    given: Given
    basis: Basis
    rules: list[str]
    named_set: bool = True
    sigma_method: SigmaMethod = "auto"
    rbar: float | None = None
    sbar: float | None = None
    mr_bar: float | None = None
    pbar: float | None = None
    cbar: float | None = None
    ubar: float | None = None
    target: float | None = None
    weight: float = 0.2
    k: float | None = None
    h: float | None = None
    cusum_units: Literal["auto", "sigma", "data"] = "auto"
    steady_limits: bool = False
    joint: Joint = Joint()
    parts: list[str | float] | None = None
    nominals: dict[str, float] | list[float] | None = None
    short_run_method: ShortRunMethod | None = None
    part_sigma: PartSigma | None = None
    span: int | None = None
    event_limits: EventLimits = "auto"

    @property
    def rules_without_zones(self) -> list[str]:
        """The rules on a chart without symmetry; rules asked for one by one stay."""
        return without_zones(self.rules) if self.named_set else self.rules


def build(kind: str, request: Request) -> Chart:
    """The chart of ``kind``, its rules set on the panels."""
    return BUILDERS[kind](kind, request)


def _counts(kind: str, request: Request) -> Chart:
    counts, sizes = request.given.counts(kind)
    given = {"p": request.pbar, "np": request.pbar, "c": request.cbar, "u": request.ubar}[kind]
    standard = request.basis.mean if given is None else given
    rules = request.rules_without_zones
    chart = counts_chart(kind, counts, sizes, standard, request.basis, rules)
    if counts is not None:
        used = request.basis.used(counts.size, "samples")
        kept = None if sizes is None else sizes[used]
        chart.assumptions.append(dispersion_check(kind, counts[used], kept, chart.rate))
    return chart


def _laney(kind: str, request: Request) -> Chart:
    counts, sizes = request.given.counts(ORDINARY[kind])
    given = request.pbar if kind == "laney_p" else request.ubar
    standard = request.basis.mean if given is None else given
    rules = request.rules_without_zones
    return laney_chart(kind, counts, sizes, standard, request.basis, rules)


def _rare_events(kind: str, request: Request) -> Chart:
    data, rules = request.given.data, request.rules_without_zones
    method = choose_limits(kind, request.event_limits)
    if kind == "g":
        return g_chart(data, request.basis, rules, method, request.pbar)
    return t_chart(data, request.basis, rules, method)


def _short_run(_: str, request: Request) -> Chart:
    given = request.given
    grouped = (given.subgroup_size or 1) > 1 or given.subgroups is not None
    groups = given.groups() if grouped or given.means is not None else None
    values = given.individuals() if groups is None else None
    points = 0 if values is None else values.size
    parts = read_parts(
        points if groups is None else groups.sizes.size, request.parts, request.nominals
    )
    method = request.short_run_method or "deviation"
    return short_run_chart(
        values, groups, parts, method, request.part_sigma, request.basis, request.rules
    )


def _three_way(_: str, request: Request) -> Chart:
    return three_way_chart(
        request.given.groups(), request.basis, request.rules, request.sigma_method
    )


def _weighted(kind: str, request: Request) -> Chart:
    basis = request.basis
    location = request.given.location(kind, basis, request.target, request.sigma_method)
    if kind == "ewma":
        chart = ewma_chart(location, request.weight, basis.n_sigma, request.steady_limits)
    elif kind == "moving_average":
        chart = moving_average_chart(location, request.span or DEFAULT_SPAN, basis.n_sigma)
    elif kind == "zone":
        return zone_chart(location)
    else:
        chart = cusum_chart(location, request.k, request.h, request.cusum_units)
    for panel in chart.panels:
        panel.rules = limits_only(request.rules) or ["nelson_1"]
    return chart


def _individuals(_: str, request: Request) -> Chart:
    values = request.given.individuals()
    chart = individuals_chart(values, request.basis, request.rules, request.mr_bar)
    if values is not None:
        chart.assumptions.append(independence(values))
    return chart


def _subgroups(kind: str, request: Request) -> Chart:
    given = request.given
    groups = given.groups()
    chart = xbar_chart(
        kind,
        groups,
        given.subgroup_size,
        request.basis,
        request.sigma_method,
        request.rules,
        request.rbar,
        request.sbar,
    )
    if groups is not None and groups.incomplete:
        chart.warnings.append(
            f"the last subgroup holds only {int(groups.sizes[-1])} of {given.subgroup_size} values"
        )
    return chart


def _multivariate(kind: str, request: Request) -> Chart:
    chart = multivariate_chart(
        kind,
        request.joint,
        request.basis,
        request.given.subgroup_size or 1,
        weight=request.weight,
        limit=request.h,
        steady=request.steady_limits,
    )
    chart.panels[0].rules = limits_only(request.rules) or ["nelson_1"]
    return chart


BUILDERS: dict[str, Callable[[str, Request], Chart]] = {
    "xbar_r": _subgroups,
    "xbar_s": _subgroups,
    "i_mr": _individuals,
    "p": _counts,
    "np": _counts,
    "c": _counts,
    "u": _counts,
    "ewma": _weighted,
    "cusum": _weighted,
    "moving_average": _weighted,
    "zone": _weighted,
    "laney_p": _laney,
    "laney_u": _laney,
    "g": _rare_events,
    "t": _rare_events,
    "short_run": _short_run,
    "three_way": _three_way,
    "t2": _multivariate,
    "generalized_variance": _multivariate,
    "mewma": _multivariate,
}
