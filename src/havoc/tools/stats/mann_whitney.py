"""Mann-Whitney test of two independent groups, with the shift between them.

Sources: H. B. Mann and D. R. Whitney (1947); M. Hollander and D. A. Wolfe
(1999), chapter 4 (Hodges-Lehmann estimate and interval).
"""

from __future__ import annotations

import math

import numpy as np
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
)
from havoc.tools.result import Check, Narrative, Outcome, Recomputed
from havoc.tools.stats import rank_inputs
from havoc.tools.stats.group_charts import individual_values


class MannWhitney(Outcome):
    """``U`` counts the pairs in which the value of group1 is larger (R calls it W).

    ``shift`` is the Hodges-Lehmann estimate of group1 minus group2;
    ``probability_greater`` is the share of pairs in which group1 is larger
    (ties half); ``rank_biserial`` runs from -1 to 1.
    """

    U: float
    U1: float
    U2: float
    p_value: float
    significant: bool
    alpha: float
    level: float
    alternative: str
    exact: bool
    name1: str
    name2: str
    n1: int
    n2: int
    median1: float
    median2: float
    shift: float
    ci_low: float
    ci_high: float
    rank_biserial: float
    probability_greater: float
    z: float | None = None


@tool(
    "mann_whitney",
    title="Mann-Whitney test",
    source="Mann and Whitney (1947); Hollander and Wolfe (1999) 4.1 to 4.3",
)
def mann_whitney(
    group1: Sample,
    group2: Sample,
    alternative: Alternative = "two_sided",
    alpha: Alpha = 0.05,
    name1: Name = "group 1",
    name2: Name = "group 2",
    unit: Unit = "",
) -> MannWhitney:
    """Are the values of one group larger than those of another, whatever their distribution?

    Use it for two independent groups of skewed values, ratings or values with
    outliers. Exact below fifty values without ties, else normal with tie and
    continuity correction (as R). As a test of medians it assumes equal shapes.
    """
    first = as_sample(group1, "group1")
    second = as_sample(group2, "group2")
    n1, n2 = first.size, second.size
    both = np.concatenate([first, second])
    if np.ptp(both) == 0:
        raise InputError(
            "all values of both groups are equal", where="group1, group2", remedy="nothing to rank"
        )
    ranks = stats.rankdata(both)
    u1 = math.fsum(ranks[:n1].tolist()) - n1 * (n1 + 1) / 2
    ties = rank_inputs.tie_sum(both)
    exact = ties == 0 and max(n1, n2) < rank_inputs.EXACT_BELOW
    total = n1 + n2
    sigma = math.sqrt(n1 * n2 / 12 * (total + 1 - ties / (total * (total - 1))))
    distribution = rank_inputs.rank_sum_distribution(n1, n2) if exact else None
    z: float | None = None
    if distribution is not None:
        p_value = rank_inputs.exact_p_value(distribution, u1, alternative)
    else:
        z, p_value = rank_inputs.normal_p_value(u1, n1 * n2 / 2, sigma, alternative)
    shift, low, high = _shift(first, second, distribution, sigma, alpha, alternative)
    warnings = []
    if ties and max(n1, n2) < rank_inputs.EXACT_BELOW:
        warnings.append("values are tied: the p-value is the normal approximation, not exact")
    best = 2 / math.comb(total, n1) if total <= 40 else 0.0
    if best > alpha:
        warnings.append(
            f"with {n1} and {n2} values the two-sided p-value cannot be below {best:.3g}"
        )
    return MannWhitney(
        method="Mann-Whitney, exact"
        if exact
        else "Mann-Whitney, normal approximation with tie and continuity correction",
        unit=unit,
        U=u1,
        U1=u1,
        U2=n1 * n2 - u1,
        p_value=p_value,
        significant=p_value < alpha,
        alpha=alpha,
        level=1 - alpha,
        alternative=alternative,
        exact=exact,
        name1=name1,
        name2=name2,
        n1=n1,
        n2=n2,
        median1=float(np.median(first)),
        median2=float(np.median(second)),
        shift=shift,
        ci_low=low,
        ci_high=high,
        rank_biserial=2 * u1 / (n1 * n2) - 1,
        probability_greater=u1 / (n1 * n2),
        z=z,
        assumptions=[
            Check(
                name="equal shapes",
                status="unknown",
                detail="needed only to read the result as a difference of medians",
            )
        ],
        warnings=warnings,
        charts=[
            individual_values(
                _named(name1, first, name2, second),
                f"{name1} and {name2}: every value and the median",
                unit,
                center=dict(
                    zip(
                        _named(name1, first, name2, second),
                        [float(np.median(first)), float(np.median(second))],
                        strict=True,
                    )
                ),
                center_name="median",
            )
        ],
    )


@mann_whitney.narrates
def _narrate_mann_whitney(result: MannWhitney) -> Narrative:
    side = {"two_sided": "differ from", "less": "are smaller than", "greater": "are larger than"}
    relation = side[result.alternative]
    if result.significant:
        if result.alternative == "two_sided":
            relation = "are larger than" if result.rank_biserial > 0 else "are smaller than"
        verdict = f"Values of {{{{name1}}}} {relation} those of {{{{name2}}}}"
    else:
        verdict = (
            f"There is no evidence that values of {{{{name1}}}} {relation} those of {{{{name2}}}}"
        )
    return Narrative(
        conclusion=f"{verdict} (U = {{{{U}}}}, p {{{{p_value:p}}}}).",
        details=[
            "The typical difference {{name1}} minus {{name2}} is {{shift:unit}} (Hodges-Lehmann); "
            "the {{level:%}} interval runs from {{ci_low}} to {{ci_high:unit}}. In "
            "{{probability_greater:%}} of all pairs the value of {{name1}} is larger."
        ],
        key_figures=[
            ("median of {{name1}}", "{{median1:unit}}"),
            ("median of {{name2}}", "{{median2:unit}}"),
            ("U", "{{U}}"),
            ("p-value", "{{p_value}}"),
            ("effect size (rank-biserial)", "{{rank_biserial}}"),
        ],
    )


@mann_whitney.verifies
def _verify_mann_whitney(
    result: MannWhitney, group1: list[float], group2: list[float], **_: object
) -> list[Recomputed]:
    names = {"two_sided": "two-sided", "less": "less", "greater": "greater"}
    peer = stats.mannwhitneyu(
        group1,
        group2,
        alternative=names[result.alternative],
        method="exact" if result.exact else "asymptotic",
    )
    return [
        Recomputed(
            name="U", value=result.U, recomputed=float(peer.statistic), route="scipy mannwhitneyu"
        ),
        Recomputed(
            name="p_value",
            value=result.p_value,
            recomputed=float(peer.pvalue),
            route="scipy mannwhitneyu",
        ),
    ]


def _named(name1: str, first: FloatArray, name2: str, second: FloatArray) -> dict[str, list[float]]:
    return {name1: first.tolist(), name2 if name2 != name1 else f"{name2} (2)": second.tolist()}


def _shift(
    first: FloatArray,
    second: FloatArray,
    distribution: FloatArray | None,
    sigma: float,
    alpha: float,
    alternative: str,
) -> tuple[float, float, float]:
    """Median of all differences first - second, with its interval."""
    pairs = first.size * second.size
    tail = alpha / 2 if alternative == "two_sided" else alpha
    cut = rank_inputs.lower_rank(distribution, pairs / 2, sigma, tail)
    x, y = np.sort(first), np.sort(second)

    def count_at_most(t: float) -> int:
        return int(np.sum(y.size - np.searchsorted(y, x - t, side="left")))

    listed = np.sort(np.subtract.outer(x, y).ravel()) if pairs <= rank_inputs.MOST_PAIRS else None
    bounds = (float(x[0] - y[-1]), float(x[-1] - y[0]))
    return rank_inputs.center_and_interval(listed, pairs, cut, alternative, count_at_most, bounds)
