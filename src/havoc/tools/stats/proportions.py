"""One proportion against a value, and two proportions against each other.

Sources: NIST/SEMATECH e-Handbook 7.2.4 and 7.3.3; E. B. Wilson (1927);
C. J. Clopper and E. S. Pearson (1934); R. G. Newcombe (1998), Statistics in
Medicine 17, 873 (method 10); risk ratio: D. Katz et al. (1978).
"""

from __future__ import annotations

import math
from typing import Annotated

from msgspec import Meta
from scipy import special

from havoc.charts import ChartSpec
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, Alternative, Count, Name
from havoc.tools.result import Check, Narrative, Outcome, Recomputed
from havoc.tools.stats.binomial import binomial_p_value, clopper_pearson, normal_p_value, wilson
from havoc.tools.stats.fisher import exact_p_value
from havoc.tools.stats.group_charts import interval_chart

Trials = Annotated[int, Meta(ge=1, description="number of parts looked at")]


class OneProportion(Outcome):
    """``ci_low`` to ``ci_high`` is Clopper and Pearson's exact interval (also named so).

    With a one-sided alternative the intervals are one-sided bounds. ``upper``
    and ``lower`` are always the exact one-sided limits at ``level``: with no
    success ``upper`` is what the proportion stays below. ``p_value`` is the exact one.
    """

    successes: int
    trials: int
    proportion: float
    level: float
    alpha: float
    ci_low: float
    ci_high: float
    wilson_low: float
    wilson_high: float
    clopper_pearson_low: float
    clopper_pearson_high: float
    lower: float
    upper: float
    name: str
    alternative: str
    p0: float | None = None
    difference: float | None = None
    z: float | None = None
    z_p_value: float | None = None
    exact_p_value: float | None = None
    p_value: float | None = None
    significant: bool | None = None
    cohen_h: float | None = None


class TwoProportions(Outcome):
    """``difference`` is proportion1 minus proportion2, with Newcombe's interval.

    Ratios are of the first to the second; when a count is zero the odds ratio
    adds a half to every count (Haldane), and an undefined ratio is left out.
    """

    z: float
    p_value: float
    significant: bool
    alpha: float
    level: float
    alternative: str
    name1: str
    name2: str
    successes1: int
    trials1: int
    successes2: int
    trials2: int
    proportion1: float
    proportion2: float
    pooled_proportion: float
    difference: float
    ci_low: float
    ci_high: float
    chi2: float
    fisher_p_value: float
    odds_ratio: float
    odds_ratio_low: float
    odds_ratio_high: float
    cohen_h: float
    risk_ratio: float | None = None
    risk_ratio_low: float | None = None
    risk_ratio_high: float | None = None


@tool(
    "proportion_one",
    title="Test and interval of one proportion",
    source="NIST/SEMATECH e-Handbook 7.2.4; Clopper and Pearson (1934); Wilson (1927)",
)
def proportion_one(
    successes: Annotated[int, Meta(ge=0, description="parts with the property counted")],
    trials: Trials,
    p0: Annotated[
        Annotated[float, Meta(gt=0, lt=1)] | None,
        Meta(description="the proportion to compare with; only intervals without it"),
    ] = None,
    alternative: Alternative = "two_sided",
    alpha: Alpha = 0.05,
    name: Name = "the proportion",
) -> OneProportion:
    """How large is a proportion, and does it differ from a given one?

    Use it for a count of good or bad parts out of a known number. Assumes
    independent parts with one common probability. The exact test is valid at
    any size, the z test from about ten expected of either kind.
    """
    _check(successes, trials, "successes, trials")
    proportion = successes / trials
    exact = clopper_pearson(successes, trials, alpha, alternative)
    score = wilson(successes, trials, alpha, alternative)
    result = OneProportion(
        method="exact binomial test and Clopper-Pearson interval; z with the variance of p0"
        if p0 is not None
        else "Clopper-Pearson exact interval, Wilson score interval",
        successes=successes,
        trials=trials,
        proportion=proportion,
        level=1 - alpha,
        alpha=alpha,
        ci_low=exact[0],
        ci_high=exact[1],
        wilson_low=score[0],
        wilson_high=score[1],
        clopper_pearson_low=exact[0],
        clopper_pearson_high=exact[1],
        lower=clopper_pearson(successes, trials, alpha, "greater")[0],
        upper=clopper_pearson(successes, trials, alpha, "less")[1],
        name=name,
        alternative=alternative,
        charts=[
            interval_chart(
                f"{name} with {1 - alpha:.0%} intervals",
                ["exact", "Wilson"],
                [proportion, proportion],
                [exact[0], score[0]],
                [exact[1], score[1]],
                label="proportion",
                reference=p0,
                reference_label="compared with",
            )
        ],
    )
    if p0 is None:
        return result
    result.p0 = p0
    result.difference = proportion - p0
    result.z = (proportion - p0) / math.sqrt(p0 * (1 - p0) / trials)
    result.z_p_value = normal_p_value(result.z, alternative)
    result.exact_p_value = binomial_p_value(successes, trials, p0, alternative)
    result.p_value = result.exact_p_value
    result.significant = result.p_value < alpha
    result.cohen_h = _cohen_h(proportion, p0)
    fewest = trials * min(p0, 1 - p0)
    result.assumptions = [
        Check(
            name="enough expected for the z test",
            status="ok" if fewest >= 5 else "violated",
            detail=f"{fewest:.3g} expected of the rarer kind; the exact test needs none",
        )
    ]
    return result


@proportion_one.narrates
def _narrate_one(result: OneProportion) -> Narrative:
    counted = "{{successes}} of {{trials}}"
    side = {"two_sided": "differs from", "less": "is below", "greater": "is above"}
    if result.p0 is None:
        conclusion = (
            f"{{{{name}}}} is {{{{proportion:%}}}} ({counted}); its {{{{level:%}}}} interval runs "
            "from {{ci_low:%}} to {{ci_high:%}}."
        )
        if result.successes == 0:
            conclusion = (
                "None was counted in {{trials}}: with {{level:%}} confidence {{name}} is "
                "below {{upper:%}}."
            )
    elif result.significant:
        relation = side[result.alternative]
        if result.alternative == "two_sided":
            relation = "is above" if (result.difference or 0) > 0 else "is below"
        conclusion = f"{{{{name}}}} {relation} {{{{p0:%}}}} ({counted}, exact p {{{{p_value:p}}}})."
    else:
        conclusion = (
            f"There is no evidence that {{{{name}}}} {side[result.alternative]} {{{{p0:%}}}} "
            f"({counted}, exact p {{{{p_value:p}}}})."
        )
    figures = [
        ("proportion", "{{proportion:%}}"),
        ("exact interval", "{{ci_low:%}} to {{ci_high:%}}"),
        ("Wilson interval", "{{wilson_low:%}} to {{wilson_high:%}}"),
        ("one-sided upper limit", "{{upper:%}}"),
    ]
    if result.p0 is not None:
        figures += [("z", "{{z}}"), ("exact p-value", "{{exact_p_value}}")]
    return Narrative(
        conclusion=conclusion,
        details=[
            "{{proportion:%}} was seen; the {{level:%}} exact interval runs from {{ci_low:%}} to "
            "{{ci_high:%}}, Wilson's from {{wilson_low:%}} to {{wilson_high:%}}."
        ],
        key_figures=figures,
    )


@proportion_one.verifies
def _verify_one(result: OneProportion, **_: object) -> list[Recomputed]:
    if result.trials > 100_000:
        return []
    from scipy import stats

    names = {"two_sided": "two-sided", "less": "less", "greater": "greater"}
    peer = stats.binomtest(
        result.successes, result.trials, result.p0 or 0.5, names[result.alternative]
    )
    interval = peer.proportion_ci(result.level)
    checks = [
        Recomputed(
            name="ci_low",
            value=result.ci_low,
            recomputed=float(interval.low),
            route="scipy binomtest",
        ),
        Recomputed(
            name="ci_high",
            value=result.ci_high,
            recomputed=float(interval.high),
            route="scipy binomtest",
        ),
    ]
    if result.p_value is not None:
        checks.append(
            Recomputed(
                name="p_value",
                value=result.p_value,
                recomputed=float(peer.pvalue),
                route="scipy binomtest",
            )
        )
    return checks


@tool(
    "proportion_two",
    title="Comparison of two proportions",
    source="NIST/SEMATECH e-Handbook 7.3.3; Newcombe (1998) method 10",
)
def proportion_two(
    successes1: Count,
    trials1: Trials,
    successes2: Count,
    trials2: Trials,
    alternative: Alternative = "two_sided",
    alpha: Alpha = 0.05,
    name1: Name = "group 1",
    name2: Name = "group 2",
) -> TwoProportions:
    """Do two proportions differ, by how much and by what ratio?

    Use it for bad parts of two lines, shifts or suppliers. The z test pools
    both; Fisher's p-value stands beside it for small counts. Assumes
    independent parts with one probability in each group.
    """
    _check(successes1, trials1, "successes1, trials1")
    _check(successes2, trials2, "successes2, trials2")
    first, second = successes1 / trials1, successes2 / trials2
    pooled = (successes1 + successes2) / (trials1 + trials2)
    difference = first - second
    variance = pooled * (1 - pooled) * (1 / trials1 + 1 / trials2)
    warnings = []
    if variance == 0:
        warnings.append("both proportions are the same extreme: nothing speaks for a difference")
    z = difference / math.sqrt(variance) if variance > 0 else 0.0
    p_value = normal_p_value(z, alternative) if variance > 0 else 1.0
    low, high = _newcombe(successes1, trials1, successes2, trials2, alpha, alternative)
    risk = _risk_ratio(successes1, trials1, successes2, trials2, alpha)
    odds = _odds_ratio(successes1, trials1, successes2, trials2, alpha)
    fewest = min(pooled, 1 - pooled) * min(trials1, trials2)
    if fewest < 5:
        warnings.append(
            f"only {fewest:.3g} expected of the rarer kind in the smaller group: "
            "prefer Fisher's exact p-value"
        )
    return TwoProportions(
        method="z test with pooled variance, no continuity correction; Newcombe interval",
        z=z,
        p_value=p_value,
        significant=p_value < alpha,
        alpha=alpha,
        level=1 - alpha,
        alternative=alternative,
        name1=name1,
        name2=name2,
        successes1=successes1,
        trials1=trials1,
        successes2=successes2,
        trials2=trials2,
        proportion1=first,
        proportion2=second,
        pooled_proportion=pooled,
        difference=difference,
        ci_low=low,
        ci_high=high,
        chi2=z * z,
        fisher_p_value=exact_p_value(
            successes1, trials1 - successes1, successes2, trials2 - successes2, alternative
        ),
        odds_ratio=odds[0],
        odds_ratio_low=odds[1],
        odds_ratio_high=odds[2],
        cohen_h=_cohen_h(first, second),
        risk_ratio=risk[0] if risk else None,
        risk_ratio_low=risk[1] if risk else None,
        risk_ratio_high=risk[2] if risk else None,
        assumptions=[
            Check(
                name="5 or more expected of either kind",
                status="ok" if fewest >= 5 else "violated",
                detail=f"{fewest:.3g} expected of the rarer kind in the smaller group",
            )
        ],
        warnings=warnings,
        charts=[_chart_two(name1, name2, successes1, trials1, successes2, trials2, alpha)],
    )


@proportion_two.narrates
def _narrate_two(result: TwoProportions) -> Narrative:
    side = {"two_sided": "differs from", "less": "is below", "greater": "is above"}
    relation = side[result.alternative]
    if result.significant:
        if result.alternative == "two_sided":
            relation = "is above" if result.difference > 0 else "is below"
        verdict = f"The proportion of {{{{name1}}}} {relation} that of {{{{name2}}}}"
    else:
        verdict = (
            f"There is no evidence that the proportion of {{{{name1}}}} {relation} that of "
            "{{name2}}"
        )
    figures = [
        ("{{name1}}", "{{proportion1:%}} ({{successes1}} of {{trials1}})"),
        ("{{name2}}", "{{proportion2:%}} ({{successes2}} of {{trials2}})"),
        ("difference", "{{difference:%}}"),
        ("z", "{{z}}"),
        ("p-value", "{{p_value}}"),
        ("Fisher's exact p-value", "{{fisher_p_value}}"),
        ("odds ratio", "{{odds_ratio}}"),
    ]
    if result.risk_ratio is not None:
        figures.append(("risk ratio", "{{risk_ratio}}"))
    return Narrative(
        conclusion=f"{verdict} ({{{{proportion1:%}}}} against {{{{proportion2:%}}}}, "
        "z = {{z}}, p {{p_value:p}}).",
        details=[
            "The difference {{name1}} minus {{name2}} is {{difference:%}}; its {{level:%}} "
            "interval runs from {{ci_low:%}} to {{ci_high:%}}."
        ],
        key_figures=figures,
    )


@proportion_two.verifies
def _verify_two(result: TwoProportions, **_: object) -> list[Recomputed]:
    # The squared pooled z equals Pearson's chi-square of the two-by-two table.
    a, b = result.successes1, result.trials1 - result.successes1
    c, d = result.successes2, result.trials2 - result.successes2
    if (a + c) * (b + d) == 0:
        return []
    n = a + b + c + d
    chi2 = n * (a * d - b * c) ** 2 / ((a + b) * (c + d) * (a + c) * (b + d))
    return [
        Recomputed(
            name="z",
            value=abs(result.z),
            recomputed=math.sqrt(chi2),
            route="root of Pearson's chi-square from the four counts",
        )
    ]


def _check(successes: int, trials: int, where: str) -> None:
    if successes > trials:
        raise InputError(
            f"{successes} successes of {trials} trials",
            where=where,
            remedy="successes cannot exceed trials",
        )


def _newcombe(
    x1: int, n1: int, x2: int, n2: int, alpha: float, alternative: str
) -> tuple[float, float]:
    tail = alpha if alternative == "two_sided" else 2 * alpha
    first, second = x1 / n1, x2 / n2
    low1, high1 = wilson(x1, n1, tail)
    low2, high2 = wilson(x2, n2, tail)
    difference = first - second
    low = difference - math.hypot(first - low1, high2 - second)
    high = difference + math.hypot(high1 - first, second - low2)
    if alternative == "less":
        return -1.0, high
    return (low, 1.0) if alternative == "greater" else (low, high)


def _risk_ratio(
    x1: int, n1: int, x2: int, n2: int, alpha: float
) -> tuple[float, float, float] | None:
    if x1 == 0 or x2 == 0:
        return None
    ratio = (x1 / n1) / (x2 / n2)
    margin = _z(alpha) * math.sqrt(1 / x1 - 1 / n1 + 1 / x2 - 1 / n2)
    return ratio, ratio * math.exp(-margin), ratio * math.exp(margin)


def _odds_ratio(x1: int, n1: int, x2: int, n2: int, alpha: float) -> tuple[float, float, float]:
    cells = [x1, n1 - x1, x2, n2 - x2]
    add = 0.5 if 0 in cells else 0.0
    a, b, c, d = (cell + add for cell in cells)
    ratio = a * d / (b * c)
    margin = _z(alpha) * math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    return ratio, ratio * math.exp(-margin), ratio * math.exp(margin)


def _cohen_h(first: float, second: float) -> float:
    return 2 * math.asin(math.sqrt(first)) - 2 * math.asin(math.sqrt(second))


def _z(alpha: float) -> float:
    return -float(special.ndtri(alpha / 2))


def _chart_two(
    name1: str, name2: str, x1: int, n1: int, x2: int, n2: int, alpha: float
) -> ChartSpec:
    intervals = [wilson(x1, n1, alpha), wilson(x2, n2, alpha)]
    return interval_chart(
        f"Proportions of {name1} and {name2} with {1 - alpha:.0%} Wilson intervals",
        [name1, name2],
        [x1 / n1, x2 / n2],
        [low for low, _ in intervals],
        [high for _, high in intervals],
        label="proportion",
    )
