"""Capability of batches: variation between subgroups and within them together.

Sources: D. J. Wheeler, Advanced Topics in Statistical Process Control (1995), chapter 8
(three-way chart: means as individual values); Montgomery, Introduction to Statistical
Quality Control, 6.3 and 8.7 (components of variance); F. E. Satterthwaite (1946), Biometrics
Bulletin 2, 110 (degrees of freedom); A. F. Bissell (1990), Applied Statistics 39, 331.
"""

from __future__ import annotations

import itertools
import math
import statistics
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta
from scipy import special

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Confidence, LowerLimit, Name, Unit, UpperLimit, as_sample
from havoc.tools.result import Check, Recomputed
from havoc.tools.spc import capability_indices as formulas
from havoc.tools.spc import subgroups as grouping
from havoc.tools.spc.between_within_result import BetweenWithin, draw, narrate
from havoc.tools.spc.capability_indices import Specification, checked_specification
from havoc.tools.spc.constants import MOVING_RANGE_D2
from havoc.tools.spc.panels import Basis, ChartPanel, judge
from havoc.tools.spc.rules import Rules, rule_ids
from havoc.tools.spc.shared_parameters import SubgroupValues, TargetForCpm, ValuesInOrder
from havoc.tools.spc.subgroups import Subgroups
from havoc.tools.spc.variables import individuals_chart, xbar_chart
from havoc.tools.stats.assumption_checks import normal_residuals

USUAL_CRITERION = 1.33
# Degrees of freedom of the mean moving range over those of the standard deviation: 1 / (2 x 0.826).
_MOVING_RANGE_EFFICIENCY = 0.605


_LEAST_VARIANCE = 1e-150


@tool(
    "capability_between_within",
    title="Between/within capability",
    source="Wheeler, Advanced Topics in Statistical Process Control (1995), chapter 8; "
    "Montgomery, Introduction to Statistical Quality Control, 8.7",
)
def capability_between_within(
    data: ValuesInOrder = None,
    subgroup_size: Annotated[
        Annotated[int, Meta(ge=2)] | None,
        Meta(description="how many consecutive values form a subgroup (a batch)"),
    ] = None,
    subgroups: SubgroupValues = None,
    lsl: LowerLimit = None,
    usl: UpperLimit = None,
    target: TargetForCpm = None,
    sigma_method: Annotated[
        Literal["pooled", "rbar", "sbar"],
        Meta(description="within sigma: pooled standard deviation / c4, mean range or mean s"),
    ] = "pooled",
    between_method: Annotated[
        Literal["moving_range", "anova"],
        Meta(
            description="between sigma: moving range of the subgroup means (Minitab, JMP), or "
            "components of variance"
        ),
    ] = "moving_range",
    cpk_required: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="smallest Cpk that is accepted (1.33 is usual)"),
    ] = None,
    confidence: Confidence = 0.95,
    rules: Rules = "western_electric",
    name: Name = "the process",
    unit: Unit = "",
) -> BetweenWithin:
    """Can a process that makes batches hold the specification?

    Use it where values within a subgroup are alike and subgroups differ by nature: wafers
    of a lot, places on a sheet, pieces of a batch. Cp and Cpk then use the standard
    deviation between and within subgroups together; the within variation alone would be
    too favourable. Pp and Ppk use the overall standard deviation (n - 1). Assumes subgroup
    means and values within subgroups that are normal, and a stable process, judged by a
    chart of the means as individual values and a chart of the variation within.
    """
    spec = checked_specification(lsl, usl, target, False, False)
    groups = _groups(data, subgroup_size, subgroups)
    result = _study(groups, spec, sigma_method, between_method, confidence, name, unit)
    result.criterion = USUAL_CRITERION if cpk_required is None else cpk_required
    result.criterion_given = cpk_required is not None
    result.capable = result.Cpk >= result.criterion
    panels = _stability(result, groups, rule_ids(rules))
    _check(result, groups)
    result.charts = draw(result, groups, panels, spec)
    return result


def _groups(
    data: list[float] | None, size: int | None, rows: list[list[float]] | None
) -> Subgroups:
    if (data is None) == (rows is None):
        raise InputError(
            "no values given" if data is None else "data and subgroups are both given",
            where="data, subgroups",
            remedy="give data with subgroup_size, or subgroups",
        )
    if rows is not None:
        groups = grouping.from_rows(rows)
    elif size is None:
        raise InputError(
            "the subgroup size is missing",
            where="subgroup_size",
            remedy="say how many consecutive values form a subgroup",
        )
    else:
        groups = grouping.from_values(data or [], size)
    if groups.sizes.size < 3:
        raise InputError(
            f"{groups.sizes.size} subgroups, at least 3 are needed to see variation between them",
            where="subgroups",
            remedy="give more subgroups",
        )
    if groups.sizes.max() < 2:
        raise InputError(
            "every subgroup has one value, so within cannot be told from between",
            where="subgroups",
            remedy="use capability, or subgroups of two values or more",
        )
    as_sample(groups.values.tolist(), "data", minimum=2, varying=True)
    return groups


class _Parts(msgspec.Struct, frozen=True, kw_only=True):
    """Variances, and the degrees of freedom that stand behind their sum."""

    within: float
    between: float
    negative: bool
    df: float
    of_mean: float


def _parts(groups: Subgroups, sigma_method: str, between_method: str) -> _Parts:
    used = np.ones(groups.sizes.size, np.bool_)
    within = grouping.within_sigma(groups, sigma_method, used).sigma ** 2
    sizes = groups.sizes.astype(np.float64)
    k, total = sizes.size, float(sizes.sum())
    means = groups.means - groups.means[0]
    if between_method == "moving_range":
        spread = (float(np.abs(np.diff(means)).mean()) / MOVING_RANGE_D2) ** 2
        share = float(np.mean(1 / sizes))
        df_means = _MOVING_RANGE_EFFICIENCY * (k - 1)
        between = spread - within * share
    else:
        center = float(sizes @ means) / total
        mean_square = float(sizes @ (means - center) ** 2) / (k - 1)
        n0 = (total - float(sizes @ sizes) / total) / (k - 1)
        squares = float(np.nansum((sizes - 1) * np.where(sizes > 1, groups.sds, 0.0) ** 2))
        within = squares / (total - k)
        spread, share, df_means = mean_square / n0, 1 / n0, float(k - 1)
        between = spread - within * share
    # squares of variances are formed below, so these must not vanish in them
    if max(within, between) <= _LEAST_VARIANCE:
        raise InputError(
            "the values are equal, or as good as equal", where="data", remedy="check the resolution"
        )
    df_within = total - k
    if between <= 0:
        df, of_mean = df_within, within / total
    else:
        rest = within * (1 - share)
        df = (between + within) ** 2 / (spread**2 / df_means + rest**2 / df_within)
        of_mean = spread / k
    return _Parts(
        within=within, between=max(between, 0.0), negative=between < 0, df=df, of_mean=of_mean
    )


def _study(
    groups: Subgroups,
    spec: Specification,
    sigma_method: str,
    between_method: str,
    confidence: float,
    name: str,
    unit: str,
) -> BetweenWithin:
    parts = _parts(groups, sigma_method, between_method)
    sigma = math.sqrt(parts.within + parts.between)
    origin = float(groups.values[0])
    shifted = groups.values - origin
    mean, overall = origin + float(shifted.mean()), float(shifted.std(ddof=1))
    potential = formulas.indices(mean, sigma, spec)
    performance = formulas.indices(mean, overall, spec)
    expected, of_overall = formulas.tails(mean, sigma, spec), formulas.tails(mean, overall, spec)
    outside = int(np.sum(groups.values < (spec.lsl if spec.lsl is not None else -math.inf)))
    outside += int(np.sum(groups.values > (spec.usl if spec.usl is not None else math.inf)))
    words = {"pooled": "pooled standard deviation / c4", "rbar": "mean range / d2"}
    within_words = words.get(sigma_method, "mean standard deviation / c4")
    between_words = "mean moving range of the subgroup means / 1.128, less within variance / n"
    if between_method == "anova":
        within_words = "mean square within"
        between_words = "(mean square between less within) / n, analysis of variance"
    result = BetweenWithin(
        method=f"sigma within: {within_words}; sigma between: {between_words}; Cp and Cpk with "
        "the root of the sum of their squares, Pp and Ppk with the standard deviation (n - 1); "
        "intervals: Satterthwaite degrees of freedom, chi-square for Cp and Pp, Bissell's form "
        "for Cpk and Ppk",
        unit=unit,
        name=name,
        n=groups.values.size,
        subgroup_count=groups.sizes.size,
        subgroup_size=groups.size,
        mean=mean,
        lsl=spec.lsl,
        usl=spec.usl,
        target=spec.target,
        sigma_within=math.sqrt(parts.within),
        sigma_between=math.sqrt(parts.between),
        sigma_between_within=sigma,
        sigma_overall=overall,
        pct_between=100 * parts.between / sigma**2,
        df=parts.df,
        level=confidence,
        Cp=potential.both,
        Cpl=potential.lower,
        Cpu=potential.upper,
        Cpk=potential.smaller,
        Pp=performance.both,
        Ppl=performance.lower,
        Ppu=performance.upper,
        Ppk=performance.smaller,
        Cpm=formulas.cpm(mean, overall, spec)[0],
        Cpk_within=None
        if parts.within <= 0
        else formulas.indices(mean, math.sqrt(parts.within), spec).smaller,
        z_bench=expected.z_bench,
        z_bench_overall=of_overall.z_bench,
        ppm_between_within=expected.total,
        ppm_overall=of_overall.total,
        ppm_observed=formulas.PER_MILLION * outside / groups.values.size,
        observed_out=outside,
    )
    if parts.negative:
        result.warnings.append(
            "the estimate of the variance between subgroups is negative and was set to zero: the "
            "subgroups do not differ more than their values do"
        )
    _intervals(result, parts)
    return result


def _intervals(result: BetweenWithin, parts: _Parts) -> None:
    """The mean of a few batches is uncertain by the batches, not by the values."""
    tail = (1 - result.level) / 2
    df = parts.df
    if result.Cp is not None:
        result.Cp_ci_low = result.Cp * math.sqrt(float(special.chdtri(df, 1 - tail)) / df)
        result.Cp_ci_high = result.Cp * math.sqrt(float(special.chdtri(df, tail)) / df)
    variance = parts.within + parts.between
    error = math.sqrt(parts.of_mean / (9 * variance) + result.Cpk**2 / (2 * df))
    margin = float(special.ndtri(1 - tail)) * error
    result.Cpk_ci_low, result.Cpk_ci_high = result.Cpk - margin, result.Cpk + margin
    if result.Pp is not None:
        result.Pp_ci_low, result.Pp_ci_high = formulas.ratio_interval(
            result.Pp, result.n, result.level
        )
    result.Ppk_ci_low, result.Ppk_ci_high = formulas.smaller_interval(
        result.Ppk, result.n, result.level
    )


def _stability(
    result: BetweenWithin, groups: Subgroups, rules: list[str]
) -> list[tuple[ChartPanel, object]]:
    """Three-way chart: means as individual values, their moving range, variation within."""
    panels: list[ChartPanel] = []
    basis = Basis()
    if np.ptp(groups.means) > 0:
        chart = individuals_chart(groups.means, basis, rules)
        chart.panels[0].name, chart.panels[0].axis = "I of means", "subgroup mean"
        chart.panels[1].name = "MR of means"
        panels += chart.panels
    if result.sigma_within > 0:
        kind = "xbar_r" if (groups.size or 99) <= grouping.LARGEST_FOR_RANGE else "xbar_s"
        panels.append(xbar_chart(kind, groups, None, basis, "auto", rules).panels[1])
    found = [judge(panel, basis.n_sigma) for panel in panels]
    result.signals = sum(item.total for item in found)
    result.stable = result.signals == 0
    first = next((item for one in found for item in one.violations), None)
    detail = "no signal on the three charts"
    if first is not None:
        detail = f"{result.signals} signals, first {first.reason} ({first.panel})"
    result.assumptions.append(
        Check(name="stable process", status="ok" if result.stable else "violated", detail=detail)
    )
    return list(zip(panels, found, strict=True))


def _check(result: BetweenWithin, groups: Subgroups) -> None:
    residuals = groups.values - np.repeat(groups.means, groups.sizes)
    result.assumptions += [
        normal_residuals(groups.means, "normal subgroup means"),
        normal_residuals(residuals, "normal values within subgroups"),
    ]
    if result.subgroup_count < 20:
        result.warnings.append(
            f"{result.subgroup_count} subgroups make a rough estimate of the variation between "
            "them; 20 to 25 are usual"
        )
    if groups.incomplete:
        result.warnings.append("the last subgroup is incomplete")


capability_between_within.narrates(narrate)


@capability_between_within.verifies
def _verify(
    result: BetweenWithin,
    data: list[float] | None,
    subgroup_size: int | None,
    subgroups: list[list[float]] | None,
    between_method: str,
    sigma_method: str,
    **_: object,
) -> list[Recomputed]:
    """From the values again, with the standard library alone."""
    rows = subgroups
    if rows is None and data is not None and subgroup_size:
        rows = [data[i : i + subgroup_size] for i in range(0, len(data), subgroup_size)]
    if not rows or result.n > 20_000:
        return []
    values = [value for row in rows for value in row]
    checks = [
        Recomputed(
            name="sigma_overall",
            value=result.sigma_overall,
            recomputed=statistics.stdev(values),
            route="statistics.stdev, exact rational arithmetic",
        )
    ]
    if between_method == "moving_range" and result.sigma_between > 0:
        means = [statistics.fmean(row) for row in rows]
        steps = [abs(b - a) for a, b in itertools.pairwise(means)]
        squared = (statistics.fmean(steps) / MOVING_RANGE_D2) ** 2
        squared += result.sigma_within**2 * (1 - statistics.fmean(1 / len(row) for row in rows))
        checks.append(
            Recomputed(
                name="sigma_between_within",
                value=result.sigma_between_within,
                recomputed=math.sqrt(squared),
                route="moving range of the means plus the rest of the within variance",
            )
        )
    return checks
