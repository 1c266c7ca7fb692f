"""Sign test: only the direction of each difference counts.

Sources: W. J. Dixon and A. M. Mood (1946); Hollander and Wolfe (1999) 3.4 to
3.6 (interval of the median by order statistics).
"""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from msgspec import Meta
from scipy import special

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import (
    Alpha,
    Alternative,
    Count,
    FloatArray,
    Name,
    Unit,
    as_sample,
    same_length,
)
from havoc.tools.result import Narrative, Outcome, Recomputed
from havoc.tools.stats.assumption_checks import INDEPENDENCE
from havoc.tools.stats.binomial import binomial_p_value, clopper_pearson
from havoc.tools.stats.group_charts import individual_values
from havoc.tools.stats.rank_inputs import exact_difference


class SignTest(Outcome):
    """``ci_low`` to ``ci_high`` holds the median (of the differences when paired).

    Its true level ``ci_level`` is at least the one asked for; with few values
    the whole range falls short and the interval is left out. ``proportion``
    is the share of positive signs, with its exact interval.
    """

    positive: int
    negative: int
    ties: int
    n_used: int
    p_value: float
    significant: bool
    alpha: float
    level: float
    alternative: str
    proportion: float
    proportion_low: float
    proportion_high: float
    name1: str
    name2: str
    mu0: float
    median: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    ci_level: float | None = None


@tool("sign_test", title="Sign test", source="Hollander and Wolfe (1999) 3.4")
def sign_test(
    positive: Count | None = None,
    negative: Count | None = None,
    ties: Count = 0,
    data: Annotated[
        list[float] | None, Meta(description="one sample, or the differences of pairs")
    ] = None,
    group1: list[float] | None = None,
    group2: list[float] | None = None,
    mu0: Annotated[float, Meta(description="the median to compare with")] = 0.0,
    alternative: Alternative = "two_sided",
    alpha: Alpha = 0.05,
    name1: Name = "first",
    name2: Name = "second",
    unit: Unit = "",
) -> SignTest:
    """Are more values above than below, when only the direction can be trusted?

    Use it for better-or-worse counts (positive, negative, ties), for a sample
    against a median (data, mu0) or for pairs (group1, group2). Exact; ties are
    left out. Assumes only independence.
    """
    values = _values(positive, negative, data, group1, group2, mu0)
    if values is not None:
        differences, center = values
        positive, negative = int((differences > 0).sum()), int((differences < 0).sum())
        ties = differences.size - positive - negative
    positive, negative = positive or 0, negative or 0
    used = positive + negative
    if used == 0:
        raise InputError(
            "no value differs from the median to compare with",
            where="sign_test",
            remedy="there is nothing to count",
        )
    p_value = binomial_p_value(positive, used, 0.5, alternative)
    low, high = clopper_pearson(positive, used, alpha, alternative)
    result = SignTest(
        method="exact sign test, ties left out",
        unit=unit,
        positive=positive,
        negative=negative,
        ties=ties,
        n_used=used,
        p_value=p_value,
        significant=p_value < alpha,
        alpha=alpha,
        level=1 - alpha,
        alternative=alternative,
        proportion=positive / used,
        proportion_low=low,
        proportion_high=high,
        name1=name1,
        name2=name2,
        mu0=mu0,
        assumptions=[INDEPENDENCE],
    )
    least = 2.0 ** (1 - used) if alternative == "two_sided" else 2.0**-used
    if least > alpha:
        result.warnings.append(f"with {used} signs the p-value cannot be below {least:.3g}")
    if values is not None:
        _add_median(result, differences + center, alternative)
        label = f"{name1} minus {name2}" if group1 is not None else name1
        result.charts = [
            individual_values(
                {label: (differences + center).tolist()},
                f"{label}: every value and the median",
                unit,
                reference=mu0,
                center={label: result.median or 0.0},
                center_name="median",
            )
        ]
    return result


@sign_test.narrates
def _narrate(result: SignTest) -> Narrative:
    counted = "{{positive}} positive, {{negative}} negative, {{ties}} ties"
    if result.significant:
        more = "More" if result.proportion > 0.5 else "Fewer"
        verdict = f"{more} signs are positive than chance would give"
    else:
        verdict = "There is no evidence that positive and negative signs differ in frequency"
    details = []
    if result.ci_low is not None:
        details.append(
            "The median is {{median:unit}}; its {{ci_level:%}} interval runs from {{ci_low}} to "
            "{{ci_high:unit}}."
        )
    return Narrative(
        conclusion=f"{verdict} ({counted}; p {{{{p_value:p}}}}).",
        details=details,
        key_figures=[
            ("positive", "{{positive}}"),
            ("negative", "{{negative}}"),
            ("p-value", "{{p_value}}"),
            ("share positive", "{{proportion:%}}"),
        ],
    )


@sign_test.verifies
def _verify(result: SignTest, **_: object) -> list[Recomputed]:
    n, k = result.n_used, result.positive
    if n > 1000:
        return []
    # Whole numbers: heads in n fair tosses.
    ways = [math.comb(n, i) for i in range(n + 1)]
    below, above = sum(ways[: k + 1]), sum(ways[k:])
    tail = {"less": below, "greater": above, "two_sided": 2 * min(below, above)}
    return [
        Recomputed(
            name="p_value",
            value=result.p_value,
            recomputed=min(tail[result.alternative] / 2**n, 1.0),
            route="binomial coefficients in whole numbers",
        )
    ]


def _values(
    positive: int | None,
    negative: int | None,
    data: list[float] | None,
    group1: list[float] | None,
    group2: list[float] | None,
    mu0: float,
) -> tuple[FloatArray, float] | None:
    """Differences and what to add to them for display; None when counts are given."""
    counted = positive is not None and negative is not None
    paired = group1 is not None and group2 is not None
    if counted + paired + (data is not None) != 1:
        raise InputError(
            "give counts, or data, or pairs",
            where="sign_test",
            remedy="positive and negative; or data and mu0; or group1 and group2",
        )
    if data is not None:
        return exact_difference(as_sample(data, "data"), mu0), mu0
    if group1 is not None and group2 is not None:
        same_length(group1, group2, "group1, group2")
        first, second = as_sample(group1, "group1"), as_sample(group2, "group2")
        return exact_difference(exact_difference(first, second), mu0), mu0
    return None


def _add_median(result: SignTest, values: FloatArray, alternative: str) -> None:
    """Median and its interval by order statistics, at least at the level asked for."""
    ordered = np.sort(values)
    n = ordered.size
    result.median = float(np.median(ordered))
    sides = 2 if alternative == "two_sided" else 1
    # Largest k with P(binomial < k) within the tail: the k-th value from each end.
    k = int(special.bdtrik(result.alpha / sides, n, 0.5)) + 2 if n else 0
    while k > 0 and float(special.bdtr(k - 1, n, 0.5)) > result.alpha / sides:
        k -= 1
    if k < 1:
        result.warnings.append(
            f"{n} values are too few for an interval of the median at level {result.level:g}"
        )
        return
    result.ci_level = 1 - sides * float(special.bdtr(k - 1, n, 0.5))
    result.ci_low = -math.inf if alternative == "less" else float(ordered[k - 1])
    result.ci_high = math.inf if alternative == "greater" else float(ordered[n - k])
