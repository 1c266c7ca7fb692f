"""Which groups differ from which, by a named method; or p-values adjusted for their number.

Sources: see ``comparisons``.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from scipy import special

from havoc.charts import ChartSpec
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, Name, Summary, Unit
from havoc.tools.result import Check, Narrative, Outcome, Recomputed
from havoc.tools.stats.adjustments import METHODS, adjusted
from havoc.tools.stats.assumption_checks import INDEPENDENCE, equal_variances, normal_residuals
from havoc.tools.stats.comparisons import (
    METHOD_NAMES,
    Comparison,
    compare,
    pooled,
)
from havoc.tools.stats.group_charts import interval_chart
from havoc.tools.stats.group_input import GroupsOrSummaries, PreparedGroups, prepare


class MultipleComparison(Outcome):
    """``comparisons`` are named "B-A": the mean of B minus the mean of A.

    With Hsu's method a pair is a group and the best of the others, ``best_candidates``
    are the groups that can be the best and ``not_best`` those that cannot.
    ``error_df`` and ``residual_stdev`` are those of the pooled error. With
    p-values as input only ``p_adjusted`` and ``rejected`` (counted) are given.
    """

    procedure: str
    alpha: float
    level: float
    significant: bool
    count: int
    rejected: int
    comparisons: list[Comparison] = msgspec.field(default_factory=list)
    different_pairs: list[str] = msgspec.field(default_factory=list)
    control: str | None = None
    best: str | None = None
    best_candidates: list[str] = msgspec.field(default_factory=list)
    not_best: list[str] = msgspec.field(default_factory=list)
    error_df: float | None = None
    residual_stdev: float | None = None
    largest_difference: float | None = None
    p_adjusted: list[float] = msgspec.field(default_factory=list)


@tool(
    "multiple_comparison",
    title="Multiple comparisons of group means",
    source="Tukey (1953); Games and Howell (1976); Dunnett (1955); Hsu (1984)",
)
def multiple_comparison(
    groups: GroupsOrSummaries | None = None,
    method: Annotated[
        Literal[
            "tukey",
            "games_howell",
            "dunnett",
            "hsu_mcb",
            "scheffe",
            "bonferroni",
            "holm",
            "sidak",
            "fisher_lsd",
            "benjamini_hochberg",
        ],
        Meta(description="how the error over all comparisons is held; the last for p_values only"),
    ] = "tukey",
    control: Annotated[str | None, Meta(description="group that Dunnett compares with")] = None,
    best: Annotated[
        Literal["largest", "smallest"], Meta(description="Hsu: which mean is the best")
    ] = "largest",
    p_values: Annotated[
        list[Annotated[float, Meta(ge=0, le=1)]] | None,
        Meta(description="instead of groups: p-values to adjust for their number"),
    ] = None,
    alpha: Alpha = 0.05,
    name: Name = "group",
    unit: Unit = "",
) -> MultipleComparison:
    """Which groups differ from which, without false alarms from many comparisons?

    Use it after an analysis of variance. Tukey (Tukey-Kramer with unequal sizes)
    for all pairs with equal variances, Games-Howell where variances differ,
    Dunnett against one control, Hsu's MCB to find which groups can be the best,
    Scheffé for any contrast, Holm or Bonferroni for pairwise t tests. Every
    method but Fisher's holds the error rate over all pairs. Assumes independent
    values, near-normal means and, but for Games-Howell, equal variances.
    """
    if (groups is None) == (p_values is None):
        raise InputError(
            "give either groups or p_values",
            where="multiple_comparison",
            remedy="give exactly one of them",
        )
    if p_values is not None:
        return _adjust(p_values, method, alpha)
    if method == "benjamini_hochberg":
        raise InputError(
            "Benjamini-Hochberg adjusts p-values and gives no intervals for groups",
            where="method",
            remedy="give p_values, or use holm",
        )
    prepared = prepare(groups or {}, minimum=2)
    if any(size < 2 for size in prepared.sizes):
        raise InputError(
            "each group needs at least 2 values", where="groups", remedy="add measurements"
        )
    moments = pooled(prepared.names, prepared.sizes, prepared.shifts, prepared.variances)
    if control is not None and method == "tukey":
        method = "dunnett"
    comparisons = compare(moments, method, alpha, control, best)
    different = [item.pair for item in comparisons if item.significant]
    by_best = method == "hsu_mcb"
    warnings = list(prepared.warnings)
    checks = _checks(prepared, method)
    if method != "games_howell" and any(check.status == "violated" for check in checks[:1]):
        warnings.append("the variances differ: consider the Games-Howell method")
    return MultipleComparison(
        method=METHOD_NAMES[method],
        unit=unit,
        procedure=method,
        alpha=alpha,
        level=1 - alpha,
        significant=bool(different),
        count=len(comparisons),
        rejected=len(different),
        comparisons=comparisons,
        different_pairs=different,
        control=(control or prepared.names[0]) if method == "dunnett" else None,
        best=best if by_best else None,
        best_candidates=[
            name
            for name, item in zip(prepared.names, comparisons, strict=True)
            if not item.significant
        ]
        if by_best
        else [],
        not_best=[
            name for name, item in zip(prepared.names, comparisons, strict=True) if item.significant
        ]
        if by_best
        else [],
        error_df=moments.error_df,
        residual_stdev=moments.error_variance**0.5,
        largest_difference=max((item.difference for item in comparisons), key=abs),
        p_adjusted=[item.p_adjusted for item in comparisons],
        assumptions=checks,
        warnings=warnings,
        charts=[_chart(comparisons, name, unit, by_best)],
    )


def _adjust(p_values: list[float], method: str, alpha: float) -> MultipleComparison:
    if method == "tukey":
        method = "holm"
    if method not in METHODS:
        raise InputError(
            f"{method} needs the groups, not p-values",
            where="method",
            remedy="use holm, bonferroni, sidak or benjamini_hochberg",
        )
    if not p_values:
        raise InputError(
            "no p-value given", where="p_values", remedy="give the p-values of the tests"
        )
    result = adjusted(p_values, method)
    rejected = sum(value < alpha for value in result)
    return MultipleComparison(
        method=f"p-values adjusted by {METHODS[method]}",
        procedure=method,
        alpha=alpha,
        level=1 - alpha,
        significant=rejected > 0,
        count=len(result),
        rejected=rejected,
        p_adjusted=result,
    )


@multiple_comparison.narrates
def _narrate(result: MultipleComparison) -> Narrative:
    if not result.comparisons:
        return Narrative(
            conclusion="{{rejected}} of {{count}} hypotheses are rejected at level {{alpha}} "
            "after adjustment.",
            details=["Adjusted p-values in the order given: {{p_adjusted}}."],
            key_figures=[("adjusted p-values", "{{p_adjusted}}"), ("rejected", "{{rejected}}")],
        )
    against = " from {{control}}" if result.control else ""
    if result.best is not None:
        single = len(result.best_candidates) == 1
        conclusion = (
            "{{best_candidates}} has the {{best}} mean"
            if single
            else "These groups can have the {{best}} mean: {{best_candidates}}"
        )
        conclusion += "; {{not_best}} cannot." if result.not_best else "; none can be ruled out."
    elif result.significant:
        conclusion = (
            f"{{{{rejected}}}} of {{{{count}}}} comparisons differ{against}: "
            "{{different_pairs}}."
        )
    else:
        conclusion = (
            f"None of the {{{{count}}}} comparisons differs{against} at level {{{{alpha}}}}."
        )
    return Narrative(
        conclusion=conclusion,
        details=["The standard deviation within groups is {{residual_stdev:unit}}."],
        key_figures=[
            (
                f"{{{{comparisons.{i}.pair}}}}",
                f"{{{{comparisons.{i}.difference:unit}}}} "
                f"[{{{{comparisons.{i}.ci_low}}}}, {{{{comparisons.{i}.ci_high}}}}], "
                f"p {{{{comparisons.{i}.p_adjusted:p}}}}",
            )
            for i in range(len(result.comparisons[:20]))
        ],
    )


@multiple_comparison.verifies
def _verify(
    result: MultipleComparison, groups: dict[str, list[float] | Summary] | None, **_: object
) -> list[Recomputed]:
    if groups is None or result.procedure != "tukey" or len(groups) != 2:
        return _verify_tukey(result, groups)
    # With two groups Tukey's test is the pooled t test.
    item = result.comparisons[0]
    moments = prepare(groups)
    pooled_moments = pooled(moments.names, moments.sizes, moments.shifts, moments.variances)
    error = pooled_moments.error_variance * sum(1 / size for size in moments.sizes)
    t = abs(item.difference) / error**0.5
    return [
        Recomputed(
            name="comparisons.0.p_adjusted",
            value=item.p_adjusted,
            recomputed=2 * float(special.stdtr(pooled_moments.error_df, -t)),
            route="pooled t test",
        )
    ]


def _verify_tukey(
    result: MultipleComparison, groups: dict[str, list[float] | Summary] | None
) -> list[Recomputed]:
    if groups is None or result.procedure != "tukey" or len(groups) > 8:
        return []
    from scipy import stats

    sizes = {
        name: group.n if isinstance(group, Summary) else len(group)
        for name, group in groups.items()
    }
    names = list(sizes)
    later, earlier = names[1], names[0]
    item = result.comparisons[0]
    error = (result.residual_stdev or 0.0) * ((1 / sizes[later] + 1 / sizes[earlier]) / 2) ** 0.5
    peer = stats.studentized_range.sf(abs(item.difference) / error, len(names), result.error_df)
    return [
        Recomputed(
            name="comparisons.0.p_adjusted",
            value=item.p_adjusted,
            recomputed=float(peer),
            route="scipy studentized_range",
            atol=1e-8,
        )
    ]


def _checks(prepared: PreparedGroups, method: str) -> list[Check]:
    if not prepared.deviations:
        return [INDEPENDENCE]
    checks = [equal_variances(prepared.deviations)] if method != "games_howell" else []
    return [*checks, normal_residuals(prepared.residuals), INDEPENDENCE]


def _chart(comparisons: list[Comparison], name: str, unit: str, best: bool) -> ChartSpec:
    return interval_chart(
        f"Pairs of {name} whose interval crosses zero do not differ"
        if not best
        else f"{name} less the best of the others: a bound at zero decides",
        [item.pair for item in comparisons],
        [item.difference for item in comparisons],
        [item.ci_low for item in comparisons],
        [item.ci_high for item in comparisons],
        label=f"difference{f' [{unit}]' if unit else ''}",
        reference=0.0,
        kind="comparisons",
    )
