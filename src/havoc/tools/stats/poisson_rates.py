"""Rates of events: one against a given rate, or two against each other, exactly.

Sources: F. Garwood (1936), Biometrika 28, 437 (interval of a mean);
J. Przyborowski and H. Wilenski (1940) (two rates by the binomial condition).
"""

from __future__ import annotations

import math
from typing import Annotated, Any

from msgspec import Meta
from scipy import special

from havoc.charts import ChartSpec
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, Alternative, Count, Name, Positive, Unit
from havoc.tools.result import Narrative, Outcome, Recomputed
from havoc.tools.stats.assumption_checks import INDEPENDENCE
from havoc.tools.stats.binomial import (
    SAME_PROBABILITY,
    binomial_p_value,
    clopper_pearson,
    first_true,
)
from havoc.tools.stats.direction_words import TESTED, relation_of
from havoc.tools.stats.group_charts import interval_chart

Exposure = Annotated[
    float, Meta(gt=0, description="time, area, length or units over which was counted")
]


class PoissonRate(Outcome):
    """One rate: ``rate`` with ``ci_low`` to ``ci_high``, and the test if ``rate0`` is given.

    Two rates: ``rate_ratio`` is rate1 over rate2 with ``ci_low`` to ``ci_high``
    (absent where a count of zero leaves it open). With a one-sided alternative
    the interval is a one-sided bound. ``upper`` is the exact one-sided upper
    limit of a single rate.
    """

    kind: str
    alpha: float
    level: float
    alternative: str
    rate: float | None = None
    count: int | None = None
    exposure: float | None = None
    rate0: float | None = None
    expected: float | None = None
    upper: float | None = None
    rate1: float | None = None
    rate2: float | None = None
    count1: int | None = None
    count2: int | None = None
    exposure1: float | None = None
    exposure2: float | None = None
    name1: str | None = None
    name2: str | None = None
    rate_ratio: float | None = None
    ratio0: float | None = None
    rate_difference: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    z: float | None = None
    p_value: float | None = None
    significant: bool | None = None


_LEAST_SHARE = 1e-15
"""Of both exposures; below it the other one is all there is in double precision."""


@tool(
    "poisson_rate",
    title="Test and interval of event rates",
    source="Garwood (1936); Przyborowski and Wilenski (1940)",
)
def poisson_rate(
    count: Count | None = None,
    exposure: Exposure = 1.0,
    rate0: Annotated[
        Positive | None, Meta(description="one rate: the rate to compare with")
    ] = None,
    count1: Count | None = None,
    exposure1: Exposure = 1.0,
    count2: Count | None = None,
    exposure2: Exposure = 1.0,
    ratio0: Annotated[float, Meta(gt=0, description="two rates: the ratio to test")] = 1.0,
    alternative: Alternative = "two_sided",
    alpha: Alpha = 0.05,
    name1: Name = "period 1",
    name2: Name = "period 2",
    unit: Unit = "",
) -> PoissonRate:
    """How often do events occur, and does the rate differ from another?

    Use it for defects, stops or accidents counted over time, area or units:
    ``count`` and ``exposure`` for one rate (against ``rate0`` if given), or two
    counts with their exposures. Assumes independent events at a steady rate.
    """
    if count is not None and count1 is None and count2 is None:
        return _one(count, exposure, rate0, alternative, alpha, unit)
    if count is None and count1 is not None and count2 is not None:
        return _two(
            (count1, exposure1, name1), (count2, exposure2, name2), ratio0, alternative, alpha, unit
        )
    raise InputError(
        "give either count, or count1 and count2",
        where="poisson_rate",
        remedy="one rate: count and exposure; two rates: count1, exposure1, count2, exposure2",
    )


def _one(
    count: int, exposure: float, rate0: float | None, alternative: str, alpha: float, unit: str
) -> PoissonRate:
    low, high = _garwood(count, alpha, alternative)
    rate = count / exposure
    result = PoissonRate(
        method="Garwood's exact interval" + ("; exact Poisson test" if rate0 else ""),
        unit=unit,
        kind="one rate",
        alpha=alpha,
        level=1 - alpha,
        alternative=alternative,
        rate=rate,
        count=count,
        exposure=exposure,
        upper=_garwood(count, alpha, "less")[1] / exposure,
        ci_low=low / exposure,
        ci_high=high / exposure,
        assumptions=[INDEPENDENCE],
        charts=[
            interval_chart(
                f"Rate with {1 - alpha:.0%} exact interval",
                ["rate"],
                [rate],
                [low / exposure],
                [high / exposure],
                label=unit or "rate",
                reference=rate0,
                reference_label="compared with",
            )
        ]
        if math.isfinite(high)
        else [],
    )
    if rate0 is not None:
        expected = rate0 * exposure
        result.rate0 = rate0
        result.expected = expected
        result.z = (count - expected) / math.sqrt(expected)
        result.p_value = _poisson_p_value(count, expected, alternative)
        result.significant = result.p_value < alpha
        result.rate_ratio = rate / rate0
    return result


def _two(
    first: tuple[int, float, str],
    second: tuple[int, float, str],
    ratio0: float,
    alternative: str,
    alpha: float,
    unit: str,
) -> PoissonRate:
    (count1, exposure1, name1), (count2, exposure2, name2) = first, second
    total = count1 + count2
    share0 = ratio0 * exposure1 / (ratio0 * exposure1 + exposure2)
    if not _LEAST_SHARE < share0 < 1 - _LEAST_SHARE:
        raise InputError(
            f"beside {exposure1:g} and {exposure2:g} one of the exposures is nothing",
            where="exposure1, exposure2",
            remedy="give both exposures in the same unit",
        )
    rate1, rate2 = count1 / exposure1, count2 / exposure2
    result = PoissonRate(
        method="exact comparison of two Poisson rates, conditional on the total count",
        unit=unit,
        kind="two rates",
        alpha=alpha,
        level=1 - alpha,
        alternative=alternative,
        rate1=rate1,
        rate2=rate2,
        count1=count1,
        count2=count2,
        exposure1=exposure1,
        exposure2=exposure2,
        name1=name1,
        name2=name2,
        ratio0=ratio0,
        rate_ratio=rate1 / rate2 if count2 else None,
        rate_difference=rate1 - rate2,
        p_value=1.0,
        significant=False,
        assumptions=[INDEPENDENCE],
        charts=[_chart_two(first, second, alpha, unit)],
    )
    if total == 0:
        result.warnings.append("no event was counted in either: nothing can be compared")
        return result
    p_value = binomial_p_value(count1, total, share0, alternative)
    low, high = clopper_pearson(count1, total, alpha, alternative)
    result.ci_low = low / (1 - low) * exposure2 / exposure1 if low < 1 else math.inf
    result.ci_high = high / (1 - high) * exposure2 / exposure1 if high < 1 else math.inf
    result.z = (count1 - total * share0) / math.sqrt(total * share0 * (1 - share0))
    result.p_value = p_value
    result.significant = p_value < alpha
    return result


@poisson_rate.narrates
def _narrate(result: PoissonRate) -> Narrative:
    if result.kind == "one rate":
        return _narrate_one(result, TESTED[result.alternative])
    relation = relation_of(result.alternative, result.significant, result.z or 0)
    verdict = "The" if result.significant else "There is no evidence that the"
    conclusion = (
        f"{verdict} rate of {{{{name1}}}} {relation} that of {{{{name2}}}} "
        "({{rate1:unit}} against {{rate2:unit}}, exact p {{p_value:p}})."
    )
    details = []
    if result.rate_ratio is not None and result.ci_low is not None:
        details.append(
            "The ratio of the rates is {{rate_ratio}}; its {{level:%}} interval runs from "
            "{{ci_low}} to {{ci_high}}."
        )
    return Narrative(
        conclusion=conclusion,
        details=details,
        key_figures=[
            ("rate of {{name1}}", "{{rate1:unit}}"),
            ("rate of {{name2}}", "{{rate2:unit}}"),
            ("p-value", "{{p_value}}"),
        ],
    )


def _narrate_one(result: PoissonRate, relation: str) -> Narrative:
    interval = "its {{level:%}} exact interval runs from {{ci_low}} to {{ci_high:unit}}"
    figures = [
        ("rate", "{{rate:unit}}"),
        ("interval", "{{ci_low}} to {{ci_high:unit}}"),
        ("one-sided upper limit", "{{upper:unit}}"),
    ]
    if result.rate0 is None:
        return Narrative(
            conclusion=f"The rate is {{{{rate:unit}}}}; {interval}.", key_figures=figures
        )
    if result.significant and result.alternative == "two_sided":
        relation = "is above" if (result.z or 0) > 0 else "is below"
    verdict = "The" if result.significant else "There is no evidence that the"
    return Narrative(
        conclusion=f"{verdict} rate {relation} {{{{rate0:unit}}}} ({{{{count}}}} events, "
        "{{expected}} expected, exact p {{p_value:p}}).",
        details=[f"The rate is {{{{rate:unit}}}}; {interval}."],
        key_figures=[*figures, ("p-value", "{{p_value}}")],
    )


@poisson_rate.verifies
def _verify(result: PoissonRate, **_: Any) -> list[Recomputed]:
    if result.kind == "two rates" or result.count is None or result.exposure is None:
        return []
    from scipy import stats

    tail = result.alpha / 2 if result.alternative == "two_sided" else result.alpha
    checks = []
    # At the limits the tail of the counting distribution itself must equal the tail probability.
    if result.ci_high is not None and math.isfinite(result.ci_high):
        checks.append(
            Recomputed(
                name="tail at ci_high",
                value=tail,
                recomputed=float(stats.poisson.cdf(result.count, result.ci_high * result.exposure)),
                route="Poisson distribution at the limit",
            )
        )
    return checks


def _garwood(count: int, alpha: float, alternative: str) -> tuple[float, float]:
    """Exact interval of a Poisson mean, or the one-sided bound of the alternative."""
    tail = alpha / 2 if alternative == "two_sided" else alpha
    low, high = 0.0, math.inf
    if alternative != "less" and count > 0:
        low = float(special.gammaincinv(count, tail))
    if alternative != "greater":
        high = float(special.gammainccinv(count + 1, tail))
    return low, high


def _poisson_p_value(count: int, expected: float, alternative: str) -> float:
    if alternative == "less":
        return float(special.pdtr(count, expected))
    if alternative == "greater":
        return float(special.pdtrc(count - 1, expected)) if count > 0 else 1.0
    if count == expected:
        return 1.0

    def log_mass(k: int) -> float:
        return float(special.xlogy(k, expected) - special.gammaln(k + 1))

    bound = log_mass(count) + math.log(SAME_PROBABILITY)
    if count < expected:
        high = math.ceil(expected)
        while log_mass(high) > bound:
            high += max(high - math.floor(expected), 1)
        opposite = first_true(lambda k: log_mass(k) <= bound, math.ceil(expected), high)
        tail = float(special.pdtrc(opposite - 1, expected)) if opposite > 0 else 1.0
        return min(float(special.pdtr(count, expected)) + tail, 1.0)
    above = first_true(lambda k: log_mass(k) > bound, 0, math.floor(expected) + 1)
    tail = float(special.pdtr(above - 1, expected)) if above > 0 else 0.0
    return min(float(special.pdtrc(count - 1, expected)) + tail, 1.0)


def _chart_two(
    first: tuple[int, float, str], second: tuple[int, float, str], alpha: float, unit: str
) -> ChartSpec:
    both = (first, second)
    limits = [_garwood(count, alpha, "two_sided") for count, _, _ in both]
    return interval_chart(
        f"Rates of {first[2]} and {second[2]} with {1 - alpha:.0%} exact intervals",
        [name for _, _, name in both],
        [count / exposure for count, exposure, _ in both],
        [low / exposure for (low, _), (_, exposure, _) in zip(limits, both, strict=True)],
        [high / exposure for (_, high), (_, exposure, _) in zip(limits, both, strict=True)],
        label=unit or "rate",
    )
