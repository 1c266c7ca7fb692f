"""Wilcoxon signed-rank test of pairs or of one sample, with the pseudo-median.

Sources: F. Wilcoxon (1945); M. Hollander and D. A. Wolfe (1999), chapter 3
(Hodges-Lehmann estimate and interval).
"""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from msgspec import Meta
from scipy import stats

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import (
    Alpha,
    Alternative,
    FloatArray,
    Name,
    Sample,
    Unit,
    as_sample,
    same_length,
)
from havoc.tools.result import Check, Narrative, Outcome, Recomputed
from havoc.tools.stats import rank_inputs
from havoc.tools.stats.direction_words import relation_of
from havoc.tools.stats.group_charts import individual_values


class SignedRank(Outcome):
    """``V`` is the sum of the ranks of positive differences, as in R.

    ``n_used`` counts differences that are not zero; ``pseudo_median`` is the
    Hodges-Lehmann estimate (of the differences when paired).
    """

    V: float
    p_value: float
    significant: bool
    alpha: float
    level: float
    alternative: str
    exact: bool
    paired: bool
    name1: str
    name2: str
    n: int
    n_used: int
    n_zero: int
    median_difference: float
    pseudo_median: float
    ci_low: float
    ci_high: float
    rank_biserial: float
    mu0: float
    z: float | None = None


@tool(
    "wilcoxon_signed_rank",
    title="Wilcoxon signed-rank test",
    source="Wilcoxon (1945); Hollander and Wolfe (1999) 3.1 to 3.3",
)
def wilcoxon_signed_rank(
    group1: Sample | None = None,
    group2: Sample | None = None,
    data: Annotated[
        list[float] | None, Meta(description="one sample, or the differences of pairs")
    ] = None,
    mu0: Annotated[float, Meta(description="the median to compare with")] = 0.0,
    alternative: Alternative = "two_sided",
    alpha: Alpha = 0.05,
    name1: Name = "first",
    name2: Name = "second",
    unit: Unit = "",
) -> SignedRank:
    """Do pairs differ, or does a sample's median differ from a value, without normality?

    Use it for paired values (group1, group2) or one sample (data) against mu0.
    Assumes differences that are symmetric about their median. Zero differences
    are dropped; exact below fifty without ties (as R).
    """
    differences, paired = _differences(group1, group2, data, mu0)
    kept = differences[differences != 0]
    if kept.size == 0:
        raise InputError(
            "all differences are zero", where="wilcoxon_signed_rank", remedy="nothing to rank"
        )
    n = kept.size
    ranks = stats.rankdata(np.abs(kept))
    positive = math.fsum(ranks[kept > 0].tolist())
    ties = rank_inputs.tie_sum(np.abs(kept))
    zeros = differences.size - n
    exact = ties == 0 and zeros == 0 and n < rank_inputs.EXACT_BELOW
    sigma = math.sqrt(n * (n + 1) * (2 * n + 1) / 24 - ties / 48)
    distribution = rank_inputs.signed_rank_distribution(n) if exact else None
    z: float | None = None
    if distribution is not None:
        p_value = rank_inputs.exact_p_value(distribution, positive, alternative)
    else:
        z, p_value = rank_inputs.normal_p_value(positive, n * (n + 1) / 4, sigma, alternative)
    middle, low, high = _pseudo_median(kept, distribution, sigma, alpha, alternative)
    origin = 0.0 if paired else mu0
    warnings = []
    if (ties or zeros) and n < rank_inputs.EXACT_BELOW:
        warnings.append("differences are tied or zero: the p-value is the normal approximation")
    if 2.0 ** (1 - n) > alpha:
        warnings.append(
            f"with {n} differences the two-sided p-value cannot be below {2.0 ** (1 - n):.3g}"
        )
    skewness = float(stats.skew(kept)) if n > 7 and np.ptp(kept) > 0 else 0.0
    label = f"{name1} minus {name2}" if paired else name1
    shown = (differences + origin).tolist()
    return SignedRank(
        method="Wilcoxon signed-rank, exact"
        if exact
        else "Wilcoxon signed-rank, normal approximation with tie and continuity correction",
        unit=unit,
        V=positive,
        p_value=p_value,
        significant=p_value < alpha,
        alpha=alpha,
        level=1 - alpha,
        alternative=alternative,
        exact=exact,
        paired=paired,
        name1=name1,
        name2=name2,
        n=differences.size,
        n_used=n,
        n_zero=zeros,
        median_difference=float(np.median(differences)),
        pseudo_median=middle + origin,
        ci_low=low + origin,
        ci_high=high + origin,
        rank_biserial=4 * positive / (n * (n + 1)) - 1,
        mu0=mu0,
        z=z,
        assumptions=[
            Check(
                name="symmetric differences",
                status="unknown" if n <= 7 else ("ok" if abs(skewness) < 1 else "violated"),
                detail="too few values to tell" if n <= 7 else f"skewness {skewness:.2f}",
            )
        ],
        warnings=warnings,
        charts=[
            individual_values(
                {label: shown},
                f"{label}: every value and the median",
                unit,
                reference=mu0,
                center={label: float(np.median(shown))},
                center_name="median",
            )
        ],
    )


@wilcoxon_signed_rank.narrates
def _narrate_signed_rank(result: SignedRank) -> Narrative:
    relation = relation_of(result.alternative, result.significant, result.rank_biserial)
    if result.paired:
        claim = f"{{{{name1}}}} {relation} {{{{name2}}}} in the same pair"
        estimate = "the difference"
    else:
        claim = f"the median {relation} {{{{mu0:unit}}}}"
        estimate = "the median"
    verdict = (
        claim[0].upper() + claim[1:] if result.significant else f"There is no evidence that {claim}"
    )
    return Narrative(
        conclusion=f"{verdict} (V = {{{{V}}}}, p {{{{p_value:p}}}}).",
        details=[
            f"The estimate of {estimate} (pseudo-median) is {{{{pseudo_median:unit}}}}; the "
            "{{level:%}} interval runs from {{ci_low}} to {{ci_high:unit}}."
        ],
        key_figures=[
            ("V", "{{V}}"),
            ("p-value", "{{p_value}}"),
            ("differences used", "{{n_used}}"),
            ("effect size (rank-biserial)", "{{rank_biserial}}"),
        ],
    )


@wilcoxon_signed_rank.verifies
def _verify_signed_rank(
    result: SignedRank,
    group1: list[float] | None,
    group2: list[float] | None,
    data: list[float] | None,
    mu0: float,
    **_: object,
) -> list[Recomputed]:
    differences, _paired = _differences(group1, group2, data, mu0)
    names = {"two_sided": "two-sided", "less": "less", "greater": "greater"}
    peer = stats.wilcoxon(
        differences,
        zero_method="wilcox",
        correction=True,
        alternative=names[result.alternative],
        method="exact" if result.exact else "asymptotic",
    )
    return [
        Recomputed(
            name="p_value",
            value=result.p_value,
            recomputed=float(peer.pvalue),
            route="scipy wilcoxon",
        )
    ]


def _differences(
    group1: list[float] | None, group2: list[float] | None, data: list[float] | None, mu0: float
) -> tuple[FloatArray, bool]:
    if data is not None and group1 is None and group2 is None:
        return rank_inputs.exact_difference(as_sample(data, "data"), mu0), False
    if data is None and group1 is not None and group2 is not None:
        same_length(group1, group2, "group1, group2")
        first, second = as_sample(group1, "group1"), as_sample(group2, "group2")
        return rank_inputs.exact_difference(first, second) - mu0, True
    raise InputError(
        "give either data, or group1 and group2",
        where="wilcoxon_signed_rank",
        remedy="one sample: data and mu0; pairs: group1 and group2",
    )


def _pseudo_median(
    differences: FloatArray,
    distribution: FloatArray | None,
    sigma: float,
    alpha: float,
    alternative: str,
) -> tuple[float, float, float]:
    """Median of all means of two differences (each with itself too), with its interval."""
    n = differences.size
    pairs = n * (n + 1) // 2
    tail = alpha / 2 if alternative == "two_sided" else alpha
    cut = rank_inputs.lower_rank(distribution, pairs / 2, sigma, tail)
    x = np.sort(differences)
    listed = None
    if pairs <= rank_inputs.MOST_PAIRS:
        upper = np.triu_indices(n)
        listed = np.sort((x[upper[0]] + x[upper[1]]) / 2)

    def count_at_most(t: float) -> int:
        ordered = int(np.sum(np.searchsorted(x, 2 * t - x, side="right")))
        diagonal = int(np.searchsorted(x, t, side="right"))
        return (ordered + diagonal) // 2

    return rank_inputs.center_and_interval(
        listed, pairs, cut, alternative, count_at_most, (float(x[0]), float(x[-1]))
    )
