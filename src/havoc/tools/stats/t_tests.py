"""Student's t tests: one sample, two samples (Welch or pooled).

Both accept a sample as values or as {n, mean, sd}, because half of the
questions from a shop floor come with a summary and no data.

Sources: NIST/SEMATECH e-Handbook sections 7.2.2 and 7.3.1; B. L. Welch (1947);
effect sizes: J. Cohen (1988), small-sample correction L. Hedges (1981).
"""

from __future__ import annotations

import math
from typing import Annotated

from msgspec import Meta
from scipy import stats

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import (
    Alpha,
    Alternative,
    Name,
    SampleOrSummary,
    Summary,
    Unit,
    as_summary,
)
from havoc.tools.result import Narrative, Outcome, Recomputed
from havoc.tools.stats.direction_words import TESTED, relation_of
from havoc.tools.stats.t_shared import dot_chart, interval_of, p_value_of, standard_error_of


class OneSampleT(Outcome):
    """``mean_difference`` is mean minus mu0; the interval is for the mean."""

    t: float
    df: float
    p_value: float
    significant: bool
    alpha: float
    level: float
    alternative: str
    name: str
    n: int
    mean: float
    sd: float
    standard_error: float
    mu0: float
    mean_difference: float
    ci_low: float
    ci_high: float
    cohen_d: float


class TwoSampleT(Outcome):
    """``mean_difference`` is mean of group1 minus mean of group2, so is its interval."""

    t: float
    df: float
    p_value: float
    significant: bool
    alpha: float
    level: float
    alternative: str
    equal_var: bool
    name1: str
    name2: str
    n1: int
    n2: int
    mean1: float
    mean2: float
    sd1: float
    sd2: float
    mean_difference: float
    standard_error: float
    ci_low: float
    ci_high: float
    cohen_d: float
    hedges_g: float


@tool(
    "t_test_one_sample",
    title="One-sample t test",
    source="NIST/SEMATECH e-Handbook 7.2.2",
)
def t_test_one_sample(
    data: SampleOrSummary,
    mu0: Annotated[float, Meta(description="the value that the mean is compared with")],
    alternative: Alternative = "two_sided",
    alpha: Alpha = 0.05,
    name: Name = "the sample",
    unit: Unit = "",
) -> OneSampleT:
    """Is the mean different from a given value?

    Use it for one group of measurements and a nominal, target or claimed mean.
    Assumes independent values whose mean is near normal (15 or more values, or
    values that are normal themselves).
    """
    if not math.isfinite(mu0):
        raise InputError(
            "the value to compare with is not a finite number",
            where="mu0",
            remedy="give the value that the mean is compared with",
        )
    summary = as_summary(data, "data")
    standard_error = standard_error_of(summary, "data")
    difference = summary.mean - mu0
    t = difference / standard_error
    df = float(summary.n - 1)
    low, high = interval_of(summary.mean, standard_error, df, alpha, alternative)
    return OneSampleT(
        method="one-sample t test, standard deviation with n - 1",
        unit=unit,
        t=t,
        df=df,
        p_value=p_value_of(t, df, alternative),
        significant=p_value_of(t, df, alternative) < alpha,
        alpha=alpha,
        level=1 - alpha,
        alternative=alternative,
        name=name,
        n=summary.n,
        mean=summary.mean,
        sd=summary.sd,
        standard_error=standard_error,
        mu0=mu0,
        mean_difference=difference,
        ci_low=low,
        ci_high=high,
        cohen_d=difference / summary.sd,
        charts=[dot_chart({name: data}, f"{name} against {mu0:g}", unit, reference=mu0)]
        if not isinstance(data, Summary)
        else [],
    )


@t_test_one_sample.narrates
def _narrate_one_sample(result: OneSampleT) -> Narrative:
    side = TESTED[result.alternative]
    if result.significant:
        verdict = f"The mean of {{{{name}}}} {side} {{{{mu0:unit}}}}"
    else:
        verdict = f"There is no evidence that the mean of {{{{name}}}} {side} {{{{mu0:unit}}}}"
    return Narrative(
        conclusion=f"{verdict} (t = {{{{t}}}}, df = {{{{df}}}}, p {{{{p_value:p}}}}).",
        details=[
            "The mean is {{mean:unit}}; its {{level:%}} confidence interval runs from {{ci_low}} "
            "to {{ci_high:unit}}."
        ],
        key_figures=[
            ("mean", "{{mean:unit}}"),
            ("difference from the given value", "{{mean_difference:unit}}"),
            ("t", "{{t}}"),
            ("p-value", "{{p_value}}"),
            ("effect size (Cohen's d)", "{{cohen_d}}"),
        ],
    )


@t_test_one_sample.verifies
def _verify_one_sample(
    result: OneSampleT, data: list[float] | Summary, **_: object
) -> list[Recomputed]:
    if isinstance(data, Summary):
        return []
    mean = math.fsum(data) / len(data)
    variance = math.fsum((value - mean) ** 2 for value in data) / (len(data) - 1)
    t = (mean - result.mu0) / math.sqrt(variance / len(data))
    return [Recomputed(name="t", value=result.t, recomputed=t, route="exact summation")]


@tool(
    "t_test_two_sample",
    title="Two-sample t test",
    source="NIST/SEMATECH e-Handbook 7.3.1; Welch (1947)",
)
def t_test_two_sample(
    group1: SampleOrSummary,
    group2: SampleOrSummary,
    alternative: Alternative = "two_sided",
    equal_var: Annotated[
        bool, Meta(description="pool the variances (Student) instead of Welch's test")
    ] = False,
    alpha: Alpha = 0.05,
    name1: Name = "group 1",
    name2: Name = "group 2",
    unit: Unit = "",
) -> TwoSampleT:
    """Do two independent groups have different means?

    Use it for two groups of measurements of different parts. Welch's test, the
    default, does not assume equal variances. Assumes independent values and
    means that are near normal.
    """
    first, second = as_summary(group1, "group1"), as_summary(group2, "group2")
    if first.n < 2 or second.n < 2:
        raise InputError(
            "each group needs at least 2 values",
            where="t_test_two_sample",
            remedy="add measurements",
        )
    if first.sd == 0 and second.sd == 0:
        raise InputError(
            "both groups are constant, so there is no variation to compare with",
            where="group1, group2",
            remedy="check the resolution of the measurement",
        )
    variance1, variance2 = first.sd**2 / first.n, second.sd**2 / second.n
    pooled_variance = ((first.n - 1) * first.sd**2 + (second.n - 1) * second.sd**2) / (
        first.n + second.n - 2
    )
    if equal_var:
        df = float(first.n + second.n - 2)
        standard_error = math.sqrt(pooled_variance * (1 / first.n + 1 / second.n))
    else:
        df = (variance1 + variance2) ** 2 / (
            variance1**2 / (first.n - 1) + variance2**2 / (second.n - 1)
        )
        standard_error = math.sqrt(variance1 + variance2)
    difference = first.mean - second.mean
    t = difference / standard_error
    p_value = p_value_of(t, df, alternative)
    low, high = interval_of(difference, standard_error, df, alpha, alternative)
    cohen_d = difference / math.sqrt(pooled_variance)
    values = {
        name: group
        for name, group in ((name1, group1), (name2, group2))
        if not isinstance(group, Summary)
    }
    return TwoSampleT(
        method="pooled two-sample t test" if equal_var else "Welch's two-sample t test",
        unit=unit,
        t=t,
        df=df,
        p_value=p_value,
        significant=p_value < alpha,
        alpha=alpha,
        level=1 - alpha,
        alternative=alternative,
        equal_var=equal_var,
        name1=name1,
        name2=name2,
        n1=first.n,
        n2=second.n,
        mean1=first.mean,
        mean2=second.mean,
        sd1=first.sd,
        sd2=second.sd,
        mean_difference=difference,
        standard_error=standard_error,
        ci_low=low,
        ci_high=high,
        cohen_d=cohen_d,
        hedges_g=cohen_d * (1 - 3 / (4 * (first.n + second.n - 2) - 1)),
        charts=[dot_chart(values, f"{name1} and {name2}: every value and the mean", unit)]
        if len(values) == 2
        else [],
    )


@t_test_two_sample.narrates
def _narrate_two_sample(result: TwoSampleT) -> Narrative:
    relation = relation_of(result.alternative, result.significant, result.mean_difference)
    if result.significant:
        verdict = f"The mean of {{{{name1}}}} {relation} that of {{{{name2}}}}"
    else:
        verdict = (
            f"There is no evidence that the mean of {{{{name1}}}} {relation} that of {{{{name2}}}}"
        )
    return Narrative(
        conclusion=f"{verdict} (t = {{{{t}}}}, df = {{{{df}}}}, p {{{{p_value:p}}}}).",
        details=[
            "The difference {{name1}} minus {{name2}} is {{mean_difference:unit}}; its {{level:%}} "
            "confidence interval runs from {{ci_low}} to {{ci_high:unit}}."
        ],
        key_figures=[
            ("mean of {{name1}}", "{{mean1:unit}}"),
            ("mean of {{name2}}", "{{mean2:unit}}"),
            ("difference", "{{mean_difference:unit}}"),
            ("t", "{{t}}"),
            ("p-value", "{{p_value}}"),
            ("effect size (Hedges' g)", "{{hedges_g}}"),
        ],
    )


@t_test_two_sample.verifies
def _verify_two_sample(
    result: TwoSampleT, group1: list[float] | Summary, group2: list[float] | Summary, **_: object
) -> list[Recomputed]:
    if isinstance(group1, Summary) or isinstance(group2, Summary):
        return []
    peer = stats.ttest_ind(group1, group2, equal_var=result.equal_var)
    return [
        Recomputed(
            name="t", value=result.t, recomputed=float(peer.statistic), route="scipy ttest_ind"
        ),
        Recomputed(name="df", value=result.df, recomputed=float(peer.df), route="scipy ttest_ind"),
    ]
