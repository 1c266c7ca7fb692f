"""What the test of equal variances reports: its figures, its words and its chart."""

from __future__ import annotations

import msgspec

from havoc.charts import ChartSpec
from havoc.tools.result import Narrative, Outcome
from havoc.tools.stats.direction_words import TESTED
from havoc.tools.stats.group_charts import interval_chart


class GroupSpread(msgspec.Struct, frozen=True, kw_only=True):
    """``ci_low`` to ``ci_high`` is the chi-square interval of the standard deviation."""

    name: str
    n: int
    sd: float
    variance: float
    ci_low: float
    ci_high: float


class EqualVariance(Outcome):
    """``p_value`` is that of ``decided_by``.

    ``F`` is the variance of the first group over that of the second, with the
    interval ``ci_low`` to ``ci_high`` of the ratio; for one variance against
    ``sigma0``, ``chi2`` is its statistic and the interval holds the standard deviation.
    ``bonett_low`` to ``bonett_high`` is Bonett's interval, which needs no normality, of the
    ratio of the standard deviations (one sample: of the standard deviation).
    """

    p_value: float
    significant: bool
    alpha: float
    level: float
    alternative: str
    decided_by: str
    name: str
    group_count: int
    largest: str
    smallest: str
    groups: list[GroupSpread]
    df: float | None = None
    bartlett_K2: float | None = None
    bartlett_p: float | None = None
    levene_F: float | None = None
    levene_p: float | None = None
    levene_df1: float | None = None
    levene_df2: float | None = None
    fligner_chi2: float | None = None
    fligner_p: float | None = None
    F: float | None = None
    F_p: float | None = None
    df1: float | None = None
    df2: float | None = None
    variance_ratio: float | None = None
    sd_ratio: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    chi2: float | None = None
    sigma0: float | None = None
    bonett_p: float | None = None
    bonett_low: float | None = None
    bonett_high: float | None = None


def narrate(result: EqualVariance) -> Narrative:
    figures = [
        (f"standard deviation of {{{{groups.{i}.name}}}}", f"{{{{groups.{i}.sd:unit}}}}")
        for i in range(min(len(result.groups), 12))
    ]
    optional = [
        ("Levene F", "{{levene_F}} (p {{levene_p:p}})", result.levene_F),
        ("Bartlett", "{{bartlett_K2}} (p {{bartlett_p:p}})", result.bartlett_K2),
        ("Fligner-Killeen", "{{fligner_chi2}} (p {{fligner_p:p}})", result.fligner_chi2),
        ("F", "{{F}} (p {{F_p:p}})", result.F),
        ("Bonett", "p {{bonett_p:p}}", result.bonett_p),
        ("chi-square", "{{chi2}}", result.chi2),
    ]
    figures += [(label, text) for label, text, value in optional if value is not None]
    relation = TESTED[result.alternative]
    details = []
    if result.sigma0 is not None:
        claim = f"the standard deviation {relation} {{{{sigma0:unit}}}}"
        details.append(
            "It is {{groups.0.sd:unit}}; the {{level:%}} interval runs from {{ci_low}} to "
            "{{ci_high:unit}}."
        )
    elif result.alternative != "two_sided" and result.group_count == 2:
        claim = f"the variance of {{{{groups.0.name}}}} {relation} that of {{{{groups.1.name}}}}"
    else:
        claim = "the variances differ"
        if result.significant:
            claim += ": {{largest}} scatters most and {{smallest}} least"
    verdict = (
        claim[0].upper() + claim[1:]
        if result.significant
        else (f"There is no evidence that {claim}")
    )
    if result.F is not None and result.sigma0 is None:
        details.append(
            "The ratio of the variances is {{variance_ratio}}; its {{level:%}} interval runs "
            "from {{ci_low}} to {{ci_high}}."
        )
    if result.bonett_low is not None and result.bonett_high is not None:
        what = "standard deviation" if result.sigma0 is not None else "ratio of standard deviations"
        details.append(
            f"Without assuming a normal distribution the {what} lies between {{{{bonett_low}}}} "
            "and {{bonett_high}} (Bonett)."
        )
    return Narrative(
        conclusion=f"{verdict} ({{{{decided_by}}}}, p {{{{p_value:p}}}}).",
        details=details,
        key_figures=figures,
    )


def chart(result: EqualVariance, unit: str) -> ChartSpec:
    return interval_chart(
        f"Standard deviation of each {result.name} with {result.level:.0%} interval",
        [group.name for group in result.groups],
        [group.sd for group in result.groups],
        [group.ci_low for group in result.groups],
        [group.ci_high for group in result.groups],
        label=f"standard deviation{f' [{unit}]' if unit else ''}",
    )
