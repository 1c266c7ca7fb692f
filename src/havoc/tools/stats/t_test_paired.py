"""Student's t test for pairs: do measurements of the same parts differ on average?"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta
from scipy import stats

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import (
    Alpha,
    Alternative,
    Name,
    Sample,
    Summary,
    Unit,
    as_sample,
    as_summary,
    same_length,
)
from havoc.tools.result import Narrative, Outcome, Recomputed
from havoc.tools.stats.direction_words import relation_of
from havoc.tools.stats.t_shared import dot_chart, interval_of, p_value_of, standard_error_of


class PairedT(Outcome):
    """``mean_difference`` (also ``mean_diff``) is the mean of group1 - group2 within pairs."""

    t: float
    df: float
    p_value: float
    significant: bool
    alpha: float
    level: float
    alternative: str
    name1: str
    name2: str
    n: int
    mean_difference: float
    sd_difference: float
    standard_error: float
    ci_low: float
    ci_high: float
    cohen_d: float


@tool(
    "t_test_paired",
    title="Paired t test",
    source="NIST/SEMATECH e-Handbook 7.3.1.1",
)
def t_test_paired(
    group1: Sample | None = None,
    group2: Sample | None = None,
    differences: Annotated[
        list[float] | Summary | None,
        Meta(description="instead of groups: group1 - group2 of each pair, or {n, mean, sd}"),
    ] = None,
    alternative: Alternative = "two_sided",
    alpha: Alpha = 0.05,
    name1: Name = "first",
    name2: Name = "second",
    unit: Unit = "",
) -> PairedT:
    """Do paired measurements of the same parts differ on average?

    Use it when every value of the first column has its partner in the second:
    before and after, two instruments on the same parts; or for differences
    given as values or as {n, mean, sd}. Assumes independent pairs whose
    differences have a near-normal mean.
    """
    within = _pair_differences(group1, group2, differences)
    summary = as_summary(within, "group1 - group2")
    standard_error = standard_error_of(summary, "group1 - group2")
    t = summary.mean / standard_error
    df = float(summary.n - 1)
    p_value = p_value_of(t, df, alternative)
    low, high = interval_of(summary.mean, standard_error, df, alpha, alternative)
    label = f"{name1} minus {name2}"
    return PairedT(
        method="paired t test on the differences",
        unit=unit,
        t=t,
        df=df,
        p_value=p_value,
        significant=p_value < alpha,
        alpha=alpha,
        level=1 - alpha,
        alternative=alternative,
        name1=name1,
        name2=name2,
        n=summary.n,
        mean_difference=summary.mean,
        sd_difference=summary.sd,
        standard_error=standard_error,
        ci_low=low,
        ci_high=high,
        cohen_d=summary.mean / summary.sd,
        charts=[dot_chart({label: within}, label, unit, reference=0.0)]
        if not isinstance(within, Summary)
        else [],
    )


@t_test_paired.narrates
def _narrate(result: PairedT) -> Narrative:
    relation = relation_of(result.alternative, result.significant, result.mean_difference)
    if result.significant:
        verdict = f"On average {{{{name1}}}} {relation} {{{{name2}}}} in the same pair"
    else:
        verdict = f"There is no evidence that {{{{name1}}}} {relation} {{{{name2}}}} on average"
    return Narrative(
        conclusion=f"{verdict} (t = {{{{t}}}}, df = {{{{df}}}}, p {{{{p_value:p}}}}).",
        details=[
            "The mean difference is {{mean_difference:unit}}; its {{level:%}} confidence interval "
            "runs from {{ci_low}} to {{ci_high:unit}}."
        ],
        key_figures=[
            ("pairs", "{{n}}"),
            ("mean difference", "{{mean_difference:unit}}"),
            ("t", "{{t}}"),
            ("p-value", "{{p_value}}"),
            ("effect size (Cohen's d of the differences)", "{{cohen_d}}"),
        ],
    )


@t_test_paired.verifies
def _verify(
    result: PairedT, group1: list[float] | None, group2: list[float] | None, **_: object
) -> list[Recomputed]:
    if group1 is None or group2 is None:
        return []
    peer = stats.ttest_rel(group1, group2)
    return [
        Recomputed(
            name="t", value=result.t, recomputed=float(peer.statistic), route="scipy ttest_rel"
        )
    ]


def _pair_differences(
    group1: list[float] | None,
    group2: list[float] | None,
    differences: list[float] | Summary | None,
) -> list[float] | Summary:
    if differences is not None and group1 is None and group2 is None:
        return differences
    if differences is not None or group1 is None or group2 is None:
        raise InputError(
            "give either both groups or the differences",
            where="t_test_paired",
            remedy="group1 and group2 of equal length, or differences",
        )
    same_length(group1, group2, "group1, group2")
    first, second = as_sample(group1, "group1", minimum=2), as_sample(group2, "group2", minimum=2)
    return [float(value) for value in first - second]
