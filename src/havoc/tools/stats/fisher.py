"""Fisher's exact test of a two-by-two table, with the exact interval of the odds ratio.

With all sums of rows and columns fixed, the upper left count follows the
noncentral hypergeometric distribution whose parameter is the odds ratio.

Sources: R. A. Fisher (1935); Agresti (2013), Categorical Data Analysis, 3.5 and 16.6.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import optimize, special

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, Alternative, FloatArray
from havoc.tools.result import Narrative, Outcome, Recomputed
from havoc.tools.stats.binomial import SAME_PROBABILITY
from havoc.tools.stats.contingency import Labels, Table, as_table, labels, share_chart


class FisherExact(Outcome):
    """``odds_ratio`` is the conditional estimate as in R, with its exact interval.

    ``sample_odds_ratio`` is the plain cross product. Infinite limits mean that
    a cell is empty. ``proportion1`` and ``proportion2``: the first column's share.
    """

    p_value: float
    significant: bool
    alpha: float
    level: float
    alternative: str
    odds_ratio: float
    ci_low: float
    ci_high: float
    sample_odds_ratio: float
    n: int
    proportion1: float
    proportion2: float
    risk_difference: float
    rows: list[str]
    columns: list[str]


MOST_TABLES = 1_000_000
"""Tables with the same totals that are weighed one by one."""


@tool(
    "fisher_exact",
    title="Fisher's exact test",
    source="Fisher (1935); Agresti (2013) 3.5",
)
def fisher_exact(
    table: Table,
    rows: Labels = None,
    columns: Labels = None,
    alternative: Alternative = "two_sided",
    alpha: Alpha = 0.05,
) -> FisherExact:
    """Do two groups differ in a yes-or-no outcome, when counts are small?

    Use it for a table of two rows (groups) and two columns (outcomes), exact at
    any size. The alternative is about the odds ratio: greater means that the
    first column is more frequent in the first row. Assumes independent items.
    """
    counts = as_table(table, minimum=2)
    if counts.shape != (2, 2):
        raise InputError(
            f"the table is {counts.shape[0]} by {counts.shape[1]}, two by two needed",
            where="table",
            remedy="merge rows or columns, or use chi_square_independence",
        )
    row_names = labels(rows, 2, "row", "rows")
    column_names = labels(columns, 2, "column", "columns")
    (a, b), (c, d) = ([int(value) for value in row] for row in counts)
    if a + b == 0 or c + d == 0:
        raise InputError("a row holds only zeros", where="table", remedy="enter both groups")
    if min(a + b, c + d, a + c, b + d) > MOST_TABLES:
        raise InputError(
            f"more than {MOST_TABLES:,} tables have these totals",
            where="table",
            remedy="use chi_square_independence, which is as good with counts so large",
        )
    support, log_weight = _hypergeometric(a, b, c, d)
    p_value = _p_value(a, support, log_weight, alternative)
    low, high = _odds_interval(a, support, log_weight, alpha, alternative)
    first, second = a / (a + b), c / (c + d)
    return FisherExact(
        method="Fisher's exact test; two-sided p sums the tables no more likely than this one"
        if alternative == "two_sided"
        else "Fisher's exact test, one-sided",
        p_value=p_value,
        significant=p_value < alpha,
        alpha=alpha,
        level=1 - alpha,
        alternative=alternative,
        odds_ratio=_conditional_estimate(a, support, log_weight),
        ci_low=low,
        ci_high=high,
        sample_odds_ratio=_cross_product(a, b, c, d),
        n=a + b + c + d,
        proportion1=first,
        proportion2=second,
        risk_difference=first - second,
        rows=row_names,
        columns=column_names,
        warnings=["a column holds only zeros: the table says nothing about the odds ratio"]
        if support.size == 1
        else [],
        charts=[share_chart(counts, row_names, column_names)],
    )


@fisher_exact.narrates
def _narrate(result: FisherExact) -> Narrative:
    compared = "more" if result.risk_difference > 0 else "less"
    if result.significant:
        verdict = (
            f"{{{{columns.0}}}} is {compared} frequent in {{{{rows.0}}}} than in {{{{rows.1}}}}"
        )
    else:
        side = {"two_sided": "differs", "greater": "is higher", "less": "is lower"}
        verdict = (
            f"There is no evidence that the share of {{{{columns.0}}}} "
            f"{side[result.alternative]} in {{{{rows.0}}}} against {{{{rows.1}}}}"
        )
    return Narrative(
        conclusion=f"{verdict} (Fisher's exact test, p {{{{p_value:p}}}}).",
        details=[
            "The share is {{proportion1:%}} in {{rows.0}} and {{proportion2:%}} in {{rows.1}}; "
            "the odds ratio is {{odds_ratio}}, its {{level:%}} interval {{ci_low}} to {{ci_high}}."
        ],
        key_figures=[
            ("share of {{columns.0}} in {{rows.0}}", "{{proportion1:%}}"),
            ("share of {{columns.0}} in {{rows.1}}", "{{proportion2:%}}"),
            ("p-value", "{{p_value}}"),
            ("odds ratio", "{{odds_ratio}}"),
        ],
    )


@fisher_exact.verifies
def _verify(result: FisherExact, table: list[list[float]], **_: object) -> list[Recomputed]:
    (a, b), (c, d) = ([int(value) for value in row] for row in table)
    if a + b + c + d > 2000:
        return []
    ways = {
        k: math.comb(a + b, k) * math.comb(c + d, a + c - k)
        for k in range(max(0, a - d), min(a + b, a + c) + 1)
    }
    chosen = {
        "two_sided": [way for way in ways.values() if way <= ways[a] * SAME_PROBABILITY],
        "less": [way for k, way in ways.items() if k <= a],
        "greater": [way for k, way in ways.items() if k >= a],
    }[result.alternative]
    return [
        Recomputed(
            name="p_value",
            value=result.p_value,
            recomputed=sum(chosen) / sum(ways.values()),
            route="counting tables in whole numbers",
        )
    ]


def exact_p_value(a: int, b: int, c: int, d: int, alternative: str) -> float:
    """Fisher's p-value of the table [[a, b], [c, d]]."""
    support, log_weight = _hypergeometric(a, b, c, d)
    return _p_value(a, support, log_weight, alternative)


def _hypergeometric(a: int, b: int, c: int, d: int) -> tuple[FloatArray, FloatArray]:
    """Possible upper left counts, and the log weight of each at odds ratio one."""
    first, second, column = a + b, c + d, a + c
    support = np.arange(max(0, column - second), min(first, column) + 1, dtype=np.float64)
    log_weight = -(
        special.gammaln(support + 1)
        + special.gammaln(first - support + 1)
        + special.gammaln(column - support + 1)
        + special.gammaln(second - column + support + 1)
    )
    return support, np.asarray(log_weight - log_weight.max())


def _probabilities(log_odds: float, support: FloatArray, log_weight: FloatArray) -> FloatArray:
    weight = log_weight + log_odds * support
    weight = np.exp(weight - weight.max())
    return np.asarray(weight / weight.sum())


def _p_value(a: int, support: FloatArray, log_weight: FloatArray, alternative: str) -> float:
    probability = _probabilities(0.0, support, log_weight)
    observed = probability[support == a][0]
    if alternative == "less":
        chosen = probability[support <= a]
    elif alternative == "greater":
        chosen = probability[support >= a]
    else:
        chosen = probability[probability <= observed * SAME_PROBABILITY]
    return min(math.fsum(chosen.tolist()), 1.0)


def _conditional_estimate(a: int, support: FloatArray, log_weight: FloatArray) -> float:
    """The odds ratio whose expected count is the observed one."""
    if support.size == 1:
        return math.nan
    if a == support[0]:
        return 0.0
    if a == support[-1]:
        return math.inf
    return math.exp(
        _solve(lambda log_odds: float(_probabilities(log_odds, support, log_weight) @ support) - a)
    )


def _odds_interval(
    a: int, support: FloatArray, log_weight: FloatArray, alpha: float, alternative: str
) -> tuple[float, float]:
    tail = alpha / 2 if alternative == "two_sided" else alpha
    low, high = 0.0, math.inf
    if alternative != "less" and a > support[0]:
        above = support >= a
        low = math.exp(
            _solve(lambda x: float(_probabilities(x, support, log_weight)[above].sum()) - tail)
        )
    if alternative != "greater" and a < support[-1]:
        below = support <= a
        high = math.exp(
            _solve(lambda x: tail - float(_probabilities(x, support, log_weight)[below].sum()))
        )
    return low, high


def _solve(rising: Callable[[float], float]) -> float:
    """Root over the log odds ratio of a function that rises with it."""
    bound = 2.0
    while rising(-bound) > 0 or rising(bound) < 0:
        bound *= 2
    return float(optimize.brentq(rising, -bound, bound, xtol=1e-12))


def _cross_product(a: int, b: int, c: int, d: int) -> float:
    if b * c == 0:
        return math.nan if a * d == 0 else math.inf
    return a * d / (b * c)
