"""Several proportions: do they differ, which from which, and do they follow a trend?

Sources: NIST/SEMATECH e-Handbook 7.4.5 (chi-square) and 7.4.7.4 (Marascuilo procedure);
W. G. Cochran (1954) and P. Armitage (1955) for the trend.
"""

from __future__ import annotations

import itertools
import math
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta
from scipy import special

from havoc.charts import ChartSpec, Limit
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, Count, FloatArray
from havoc.tools.result import Check, Narrative, Outcome, Recomputed
from havoc.tools.stats.assumption_checks import INDEPENDENCE
from havoc.tools.stats.binomial import Trials, check_counts, wilson
from havoc.tools.stats.group_charts import interval_chart

MOST_GROUPS = 60


class ProportionGroup(msgspec.Struct, frozen=True, kw_only=True):
    """``ci_low`` to ``ci_high`` is Wilson's interval."""

    name: str
    successes: int
    trials: int
    proportion: float
    ci_low: float
    ci_high: float


class ProportionPair(msgspec.Struct, frozen=True, kw_only=True):
    """``difference`` of pair "B-A" is B minus A; beyond ``critical_range`` they differ."""

    pair: str
    difference: float
    critical_range: float
    ci_low: float
    ci_high: float
    significant: bool


class SeveralProportions(Outcome):
    """``p_value`` is that of ``decided_by``: any difference, or with ``trend`` the trend.

    ``trend_slope`` is the change of the proportion for one step of the score.
    """

    p_value: float
    significant: bool
    alpha: float
    level: float
    decided_by: str
    chi2: float
    df: float
    p_any: float
    group_count: int
    n: int
    pooled_proportion: float
    cramers_v: float
    smallest_expected: float
    proportions: list[ProportionGroup]
    pairs: list[ProportionPair]
    different_pairs: list[str]
    highest: str
    lowest: str
    trend_chi2: float | None = None
    trend_z: float | None = None
    trend_p: float | None = None
    trend_slope: float | None = None
    scores: list[float] | None = None


@tool(
    "proportions_k",
    title="Comparison of several proportions",
    source="NIST/SEMATECH e-Handbook 7.4.5 and 7.4.7.4; Cochran (1954); Armitage (1955)",
)
def proportions_k(
    successes: Annotated[list[Count], Meta(description="number found in each group")],
    trials: Annotated[list[Trials], Meta(description="number looked at in each group")],
    names: Annotated[list[str] | None, Meta(description="name of each group")] = None,
    trend: Annotated[
        bool, Meta(description="the groups have an order: test for a rise or fall along it")
    ] = False,
    scores: Annotated[
        list[float] | None,
        Meta(description="trend: position of each group, such as dose or month; default 1 2 3 …"),
    ] = None,
    alpha: Alpha = 0.05,
) -> SeveralProportions:
    """Do several proportions differ, and which; or do they rise or fall with an order?

    Use it for scrap of several lines, suppliers or shifts, and with trend (the
    Cochran-Armitage test) for months, doses or settings in order. Marascuilo's
    procedure says which pairs differ. Assumes independent parts and expected
    counts of 5 or more.
    """
    if len(successes) != len(trials):
        raise InputError(
            f"{len(successes)} successes but {len(trials)} trials",
            where="successes, trials",
            remedy="give both for every group",
        )
    if not 2 <= len(successes) <= MOST_GROUPS:
        raise InputError(
            f"{len(successes)} groups given, 2 to {MOST_GROUPS} possible",
            where="successes",
            remedy="give another number of groups",
        )
    labels = names or [f"group {i + 1}" for i in range(len(successes))]
    if len(labels) != len(successes):
        raise InputError(
            f"{len(labels)} names for {len(successes)} groups",
            where="names",
            remedy="give as many names",
        )
    for i, (found, looked) in enumerate(zip(successes, trials, strict=True)):
        check_counts(found, looked, f"group {labels[i]}")
    x, n = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    pooled = float(x.sum() / n.sum())
    if pooled in (0.0, 1.0):
        raise InputError(
            "all groups have the same extreme proportion, so nothing can be compared",
            where="successes",
            remedy="give a larger sample, or proportion_one for its upper limit",
        )
    chi2 = float((n * (x / n - pooled) ** 2).sum()) / (pooled * (1 - pooled))
    df = float(x.size - 1)
    p_any = float(special.chdtrc(df, chi2))
    smallest = float(n.min()) * min(pooled, 1 - pooled)
    pairs = _pairs(x, n, labels, alpha)
    groups = [
        ProportionGroup(
            name=label, successes=found, trials=looked, proportion=found / looked,
            ci_low=interval[0], ci_high=interval[1],
        )
        for label, found, looked in zip(labels, successes, trials, strict=True)
        for interval in [wilson(found, looked, alpha)]
    ]  # fmt: skip
    check = Check(
        name="expected counts of 5 or more",
        status="ok" if smallest >= 5 else "violated",
        detail=f"the smallest expected count is {smallest:.3g}",
    )
    result = SeveralProportions(
        method="Pearson chi-square of the proportions, no correction; Marascuilo's pairs",
        p_value=p_any,
        significant=p_any < alpha,
        alpha=alpha,
        level=1 - alpha,
        decided_by="chi-square test of any difference",
        chi2=chi2,
        df=df,
        p_any=p_any,
        group_count=x.size,
        n=int(n.sum()),
        pooled_proportion=pooled,
        cramers_v=math.sqrt(chi2 / float(n.sum())),
        smallest_expected=smallest,
        proportions=groups,
        pairs=pairs,
        different_pairs=[pair.pair for pair in pairs if pair.significant],
        highest=max(groups, key=lambda item: item.proportion).name,
        lowest=min(groups, key=lambda item: item.proportion).name,
        assumptions=[check, INDEPENDENCE],
        warnings=[] if smallest >= 5 else [f"{check.detail}: the p-value is approximate"],
        charts=[_chart(groups, pooled, alpha)],
    )
    if trend or scores is not None:
        _trend(result, x, n, scores, pooled)
    return result


@proportions_k.narrates
def _narrate(result: SeveralProportions) -> Narrative:
    if result.trend_slope is not None:
        way = "rises" if result.trend_slope > 0 else "falls"
        verdict = (
            f"The proportion {way} with the order of the groups"
            if result.significant
            else "There is no evidence that the proportion rises or falls with the order"
        )
        conclusion = f"{verdict} (trend z = {{{{trend_z}}}}, p {{{{trend_p:p}}}})."
        details = [
            "The proportion changes by {{trend_slope}} for one step of the score; any difference "
            "at all: chi-square = {{chi2}}, p {{p_any:p}}."
        ]
    else:
        verdict = (
            "The proportions differ: {{highest}} is highest and {{lowest}} lowest"
            if result.significant
            else "There is no evidence that the proportions differ"
        )
        conclusion = f"{verdict} (chi-square = {{{{chi2}}}}, df = {{{{df}}}}, p {{{{p_value:p}}}})."
        details = [
            "Pairs that differ by Marascuilo's procedure: {{different_pairs}}."
            if result.different_pairs
            else "No single pair differs by Marascuilo's procedure."
        ]
    return Narrative(
        conclusion=conclusion,
        details=details,
        key_figures=[
            (
                f"{{{{proportions.{i}.name}}}}",
                f"{{{{proportions.{i}.proportion:%}}}} ({{{{proportions.{i}.successes}}}} of "
                f"{{{{proportions.{i}.trials}}}})",
            )
            for i in range(min(len(result.proportions), 16))
        ],
    )


@proportions_k.verifies
def _verify(
    result: SeveralProportions, successes: list[int], trials: list[int], **_: object
) -> list[Recomputed]:
    # Sum x^2 / n less the pooled part, which needs no expected counts.
    p = result.pooled_proportion
    total = math.fsum(x * x / n for x, n in zip(successes, trials, strict=True))
    again = (total - p * sum(successes)) / (p * (1 - p))
    return [
        Recomputed(
            name="chi2",
            value=result.chi2,
            recomputed=again,
            route="(Σ x² / n − p Σ x) / (p (1 − p))",
            atol=1e-12 * result.n,
        )
    ]


def _pairs(x: FloatArray, n: FloatArray, names: list[str], alpha: float) -> list[ProportionPair]:
    """Marascuilo: |difference| beyond sqrt(chi-square quantile) times its standard error."""
    critical = math.sqrt(float(special.chdtri(x.size - 1, alpha)))
    share = x / n
    found = []
    for earlier, later in itertools.combinations(range(x.size), 2):
        difference = float(share[later] - share[earlier])
        variance = sum(float(share[i] * (1 - share[i]) / n[i]) for i in (earlier, later))
        reach = critical * math.sqrt(variance)
        found.append(
            ProportionPair(
                pair=f"{names[later]}-{names[earlier]}",
                difference=difference,
                critical_range=reach,
                ci_low=max(difference - reach, -1.0),
                ci_high=min(difference + reach, 1.0),
                significant=abs(difference) > reach,
            )
        )
    return found


def _trend(
    result: SeveralProportions,
    x: FloatArray,
    n: FloatArray,
    scores: list[float] | None,
    pooled: float,
) -> None:
    score = np.arange(1.0, x.size + 1) if scores is None else np.asarray(scores, dtype=np.float64)
    if score.size != x.size:
        raise InputError(
            f"{score.size} scores for {x.size} groups", where="scores", remedy="give one for each"
        )
    if not np.isfinite(score).all() or np.ptp(score) == 0:
        raise InputError(
            "the scores must be finite and differ",
            where="scores",
            remedy="give rising numbers, such as the doses",
        )
    centred = score - float(n @ score / n.sum())
    squares = float(n @ centred**2)
    slope = float(centred @ x) / squares
    z = slope * math.sqrt(squares / (pooled * (1 - pooled)))
    result.trend_slope, result.trend_z, result.trend_chi2 = slope, z, z * z
    result.trend_p = 2 * float(special.ndtr(-abs(z)))
    result.scores = score.tolist()
    result.p_value, result.significant = result.trend_p, result.trend_p < result.alpha
    result.decided_by = "Cochran-Armitage test of a trend"
    result.method = "Cochran-Armitage test of a trend in proportions, no correction (as R)"


def _chart(groups: list[ProportionGroup], pooled: float, alpha: float) -> ChartSpec:
    chart = interval_chart(
        f"Proportion of every group with {1 - alpha:.0%} Wilson interval",
        [item.name for item in groups],
        [item.proportion for item in groups],
        [item.ci_low for item in groups],
        [item.ci_high for item in groups],
        label="proportion",
    )
    panel = msgspec.structs.replace(
        chart.panels[0], limits=[Limit(label="all groups", role="center", value=pooled)]
    )
    return msgspec.structs.replace(chart, panels=[panel])
