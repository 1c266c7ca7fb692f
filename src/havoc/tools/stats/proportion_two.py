"""Two proportions against each other: test, difference, ratios.

Sources: NIST/SEMATECH e-Handbook 7.3.3; R. G. Newcombe (1998), Statistics in
Medicine 17, 873 (method 10); risk ratio: D. Katz et al. (1978).
"""

from __future__ import annotations

import math

from scipy import special

from havoc.charts import ChartSpec
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, Alternative, Count, Name
from havoc.tools.result import Check, Narrative, Outcome, Recomputed
from havoc.tools.stats.binomial import Trials, check_counts, cohen_h, normal_p_value, wilson
from havoc.tools.stats.direction_words import relation_of
from havoc.tools.stats.fisher import exact_p_value
from havoc.tools.stats.group_charts import interval_chart


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
    check_counts(successes1, trials1, "successes1, trials1")
    check_counts(successes2, trials2, "successes2, trials2")
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
        cohen_h=cohen_h(first, second),
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
    relation = relation_of(result.alternative, result.significant, result.difference)
    if result.significant:
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
