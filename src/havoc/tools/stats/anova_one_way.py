"""One-way analysis of variance, classical and Welch, with comparisons of the groups.

Sources: NIST/SEMATECH e-Handbook 7.4.3; B. L. Welch (1951), Biometrika 38, 330;
effect sizes: W. L. Hays (1963), interval by Steiger (2004).
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta
from scipy import special, stats

from havoc.charts import ChartSpec
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, Name, Summary, Unit
from havoc.tools.result import Check, Narrative, Outcome, Recomputed
from havoc.tools.stats.assumption_checks import INDEPENDENCE, equal_variances, normal_residuals
from havoc.tools.stats.comparisons import (
    METHOD_NAMES,
    Comparison,
    GroupMean,
    Moments,
    compare,
    pooled,
)
from havoc.tools.stats.effect_intervals import eta_squared_interval
from havoc.tools.stats.group_charts import individual_values, interval_chart
from havoc.tools.stats.group_input import GroupsOrSummaries, PreparedGroups, prepare

PostHoc = Literal["tukey", "games_howell", "dunnett", "none"]


class OneWayAnova(Outcome):
    """Sums of squares are the classical ones; with Welch's test ``F`` and ``df_within`` are his.

    ``eta_squared`` equals ``r_squared``; ``comparisons`` are named "B-A":
    the mean of B minus the mean of A. ``different_pairs`` names those that differ.
    """

    F: float
    df_between: float
    df_within: float
    p_value: float
    significant: bool
    alpha: float
    level: float
    ss_between: float
    ss_within: float
    ss_total: float
    ms_between: float
    ms_within: float
    r_squared: float
    r_squared_adjusted: float
    residual_stdev: float
    eta_squared: float
    omega_squared: float
    grand_mean: float
    n: int
    group_count: int
    name: str
    response: str
    highest: str
    lowest: str
    posthoc: str
    eta_squared_low: float | None = None
    eta_squared_high: float | None = None
    groups: list[GroupMean] = msgspec.field(default_factory=list)
    comparisons: list[Comparison] = msgspec.field(default_factory=list)
    different_pairs: list[str] = msgspec.field(default_factory=list)
    control: str | None = None


@tool(
    "anova_one_way",
    title="One-way analysis of variance",
    source="NIST/SEMATECH e-Handbook 7.4.3; Welch (1951)",
)
def anova_one_way(
    groups: GroupsOrSummaries,
    equal_var: Annotated[
        bool, Meta(description="classical analysis; false for Welch's, where variances differ")
    ] = True,
    posthoc: Annotated[
        PostHoc,
        Meta(description="comparisons of the groups; Games-Howell replaces Tukey with Welch"),
    ] = "tukey",
    control: Annotated[str | None, Meta(description="group that Dunnett compares with")] = None,
    alpha: Alpha = 0.05,
    name: Name = "group",
    response: Name = "response",
    unit: Unit = "",
) -> OneWayAnova:
    """Do several groups have different means, and which?

    Use it for two or more groups of independent measurements. Assumes values
    near normal within each group and, unless ``equal_var`` is false, equal
    variances. The sums of squares hold their digits under a large offset.
    """
    prepared = prepare(groups)
    total = sum(prepared.sizes)
    count = len(prepared.names)
    if total <= count:
        raise InputError(
            "every group has a single value, so there is no error to compare with",
            where="groups",
            remedy="measure at least one group twice",
        )
    moments = pooled(prepared.names, prepared.sizes, prepared.shifts, prepared.variances)
    if moments.error_variance == 0:
        raise InputError(
            "every group is constant, so there is no variation within groups to compare with",
            where="groups",
            remedy="check the resolution of the measurement",
        )
    weights = np.asarray(prepared.sizes, dtype=np.float64)
    center = math.fsum((weights * prepared.shifts).tolist()) / total
    ss_between = math.fsum((weights * (prepared.shifts - center) ** 2).tolist())
    df_between, df_within = float(count - 1), moments.error_df
    ms_between, ms_within = ss_between / df_between, moments.error_variance
    ss_within = ms_within * df_within
    classical = ms_between / ms_within
    statistic, error_df = (classical, df_within) if equal_var else _welch(prepared)
    p_value = float(special.fdtrc(df_between, error_df, statistic))
    eta = ss_between / (ss_between + ss_within)
    interval = eta_squared_interval(classical, df_between, df_within, 1 - alpha)
    if posthoc == "tukey" and not equal_var:
        posthoc = "games_howell"
    chosen: PostHoc = "dunnett" if control is not None else posthoc
    warnings = list(prepared.warnings)
    if chosen == "games_howell" and min(prepared.sizes) < 2:
        warnings.append("a group with a single value has no variance: no comparisons were made")
        chosen = "none"
    comparisons = compare(moments, chosen, alpha, control) if chosen != "none" else []
    if chosen == "dunnett" and control is None:
        control = prepared.names[0]
    means = _group_means(prepared, moments, alpha, equal_var)
    checks = _checks(prepared, equal_var)
    if equal_var and any(check.status == "violated" for check in checks[:1]):
        warnings.append("the variances differ: consider Welch's test (equal_var false)")
    method = "one-way ANOVA" if equal_var else "Welch's one-way ANOVA"
    return OneWayAnova(
        method=f"{method}; {METHOD_NAMES[chosen]}" if chosen != "none" else method,
        unit=unit,
        F=statistic,
        df_between=df_between,
        df_within=error_df,
        p_value=p_value,
        significant=p_value < alpha,
        alpha=alpha,
        level=1 - alpha,
        ss_between=ss_between,
        ss_within=ss_within,
        ss_total=ss_between + ss_within,
        ms_between=ms_between,
        ms_within=ms_within,
        r_squared=eta,
        r_squared_adjusted=1 - ms_within * (total - 1) / (ss_between + ss_within),
        residual_stdev=math.sqrt(ms_within),
        eta_squared=eta,
        omega_squared=max(
            (ss_between - df_between * ms_within) / (ss_between + ss_within + ms_within), 0.0
        ),
        grand_mean=prepared.origin + center,
        n=total,
        group_count=count,
        name=name,
        response=response,
        highest=prepared.names[int(np.argmax(prepared.shifts))],
        lowest=prepared.names[int(np.argmin(prepared.shifts))],
        posthoc=chosen,
        eta_squared_low=interval[0] if interval else None,
        eta_squared_high=interval[1] if interval else None,
        groups=means,
        comparisons=comparisons,
        different_pairs=[item.pair for item in comparisons if item.significant],
        control=control,
        assumptions=checks,
        warnings=warnings,
        charts=_charts(prepared, means, comparisons, unit, name, response, alpha),
    )


@anova_one_way.narrates
def _narrate(result: OneWayAnova) -> Narrative:
    if result.significant:
        verdict = (
            "The means of the {{group_count}} groups differ: {{highest}} is highest and "
            "{{lowest}} lowest"
        )
    else:
        verdict = "There is no evidence that the means of the {{group_count}} groups differ"
    details = [
        "Differences between groups account for {{r_squared:%}} of the variation; the standard "
        "deviation within groups is {{residual_stdev:unit}}."
    ]
    against = " from {{control}}" if result.control else ""
    if result.different_pairs:
        details.append(f"Pairs that differ{against}: {{{{different_pairs}}}}.")
    elif result.comparisons:
        details.append(f"No single pair differs{against} when all are compared together.")
    figures = [
        (f"mean of {{{{groups.{i}.name}}}}", f"{{{{groups.{i}.mean:unit}}}}")
        for i in range(len(result.groups[:12]))
    ]
    figures += [
        ("F", "{{F}}"),
        ("p-value", "{{p_value}}"),
        ("effect size (eta squared)", "{{eta_squared}}"),
    ]
    figures += [
        (
            f"{{{{comparisons.{i}.pair}}}}",
            f"{{{{comparisons.{i}.difference}}}} (p {{{{comparisons.{i}.p_adjusted:p}}}})",
        )
        for i in range(len(result.comparisons[:15]))
    ]
    return Narrative(
        conclusion=f"{verdict} (F = {{{{F}}}}, df = {{{{df_between}}}} and {{{{df_within}}}}, "
        "p {{p_value:p}}).",
        details=details,
        key_figures=figures,
    )


@anova_one_way.verifies
def _verify(
    result: OneWayAnova, groups: dict[str, list[float] | Summary], equal_var: bool, **_: object
) -> list[Recomputed]:
    samples = [np.asarray(group) for group in groups.values() if not isinstance(group, Summary)]
    if len(samples) < len(groups) or not equal_var:
        return []
    shifted = [sample - samples[0][0] for sample in samples]
    peer = stats.f_oneway(*shifted)
    offset = max(float(np.abs(sample).max()) for sample in samples) / result.residual_stdev
    return [
        Recomputed(
            name="F",
            value=result.F,
            recomputed=float(peer.statistic),
            route="scipy f_oneway after subtracting the first value",
            rtol=max(1e-6, 1e-15 * offset),
        )
    ]


def _welch(prepared: PreparedGroups) -> tuple[float, float]:
    """Welch's F and its error degrees of freedom."""
    sizes = np.asarray(prepared.sizes, dtype=np.float64)
    if sizes.min() < 2 or prepared.variances.min() == 0:
        raise InputError(
            "Welch's test needs two different values in every group",
            where="groups",
            remedy="use equal_var true, or add measurements",
        )
    weights = sizes / prepared.variances
    share = weights / weights.sum()
    center = float(np.sum(share * prepared.shifts))
    count = sizes.size
    spread = float(np.sum((1 - share) ** 2 / (sizes - 1)))
    between = float(np.sum(weights * (prepared.shifts - center) ** 2)) / (count - 1)
    statistic = between / (1 + 2 * (count - 2) / (count**2 - 1) * spread)
    return statistic, (count**2 - 1) / (3 * spread)


def _group_means(
    prepared: PreparedGroups, moments: Moments, alpha: float, equal_var: bool
) -> list[GroupMean]:
    result = []
    for name, size, shift, variance in zip(
        prepared.names, prepared.sizes, prepared.shifts, prepared.variances, strict=True
    ):
        error = moments.error_variance if equal_var else float(variance)
        df = moments.error_df if equal_var else float(size - 1)
        margin = float(special.stdtrit(df, 1 - alpha / 2)) * math.sqrt(error / size)
        mean = prepared.origin + float(shift)
        result.append(
            GroupMean(
                name=name,
                n=size,
                mean=mean,
                sd=math.sqrt(variance),
                ci_low=mean - margin,
                ci_high=mean + margin,
            )
        )
    return result


def _checks(prepared: PreparedGroups, equal_var: bool) -> list[Check]:
    if not prepared.deviations:
        return [INDEPENDENCE]
    checks = [equal_variances(prepared.deviations)] if equal_var else []
    return [*checks, normal_residuals(prepared.residuals), INDEPENDENCE]


def _charts(
    prepared: PreparedGroups,
    means: list[GroupMean],
    comparisons: list[Comparison],
    unit: str,
    name: str,
    response: str,
    alpha: float,
) -> list[ChartSpec]:
    title = f"{response} by {name}: every value and the mean of each group"
    charts: list[ChartSpec] = []
    if prepared.values:
        charts.append(individual_values(prepared.values, title, unit))
    charts.append(
        interval_chart(
            f"{response}: mean of each {name} with {1 - alpha:.0%} interval",
            [group.name for group in means],
            [group.mean for group in means],
            [group.ci_low for group in means],
            [group.ci_high for group in means],
            label=unit or response,
        )
    )
    if comparisons:
        charts.append(
            interval_chart(
                "Pairs whose interval crosses zero do not differ",
                [item.pair for item in comparisons],
                [item.difference for item in comparisons],
                [item.ci_low for item in comparisons],
                [item.ci_high for item in comparisons],
                label=f"difference{f' [{unit}]' if unit else ''}",
                reference=0.0,
                kind="comparisons",
            )
        )
    return charts
