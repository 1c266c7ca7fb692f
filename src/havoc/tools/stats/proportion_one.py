"""One proportion: its intervals, and a test against a given value.

Sources: NIST/SEMATECH e-Handbook 7.2.4; E. B. Wilson (1927); C. J. Clopper and
E. S. Pearson (1934).
"""

from __future__ import annotations

import math
from typing import Annotated

from msgspec import Meta

from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, Alternative, Name
from havoc.tools.result import Check, Narrative, Outcome, Recomputed
from havoc.tools.stats.binomial import (
    Trials,
    binomial_p_value,
    check_counts,
    clopper_pearson,
    cohen_h,
    normal_p_value,
    wilson,
)
from havoc.tools.stats.direction_words import TESTED, relation_of
from havoc.tools.stats.group_charts import interval_chart


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
    check_counts(successes, trials, "successes, trials")
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
    result.cohen_h = cohen_h(proportion, p0)
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
        found = relation_of(result.alternative, True, result.difference or 0)
        conclusion = f"{{{{name}}}} {found} {{{{p0:%}}}} ({counted}, exact p {{{{p_value:p}}}})."
    else:
        conclusion = (
            f"There is no evidence that {{{{name}}}} {TESTED[result.alternative]} {{{{p0:%}}}} "
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
