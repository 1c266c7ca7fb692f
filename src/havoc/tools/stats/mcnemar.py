"""McNemar's test: did a share change between two looks at the same parts?

Sources: Q. McNemar (1947); A. Agresti (2013), Categorical Data Analysis, 11.1;
M. W. Fagerland, S. Lydersen and P. Laake (2013) for the mid-p version; D. G. Bonett and
R. M. Price (2012) for the interval of the difference.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from msgspec import Meta
from scipy import special

from havoc.charts import ChartSpec, Panel, Series
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, Alternative, Count, Name
from havoc.tools.result import Check, Narrative, Outcome, Recomputed
from havoc.tools.stats.binomial import (
    binomial_p_value,
    clopper_pearson,
    normal_p_value,
)
from havoc.tools.stats.contingency import as_table

# Below so many pairs that changed, chi-square is no good approximation.
EXACT_BELOW = 25


class McNemar(Outcome):
    """``first_only`` and ``second_only`` count the pairs that differ.

    ``difference`` is the share positive at the first look minus that at the second;
    ``odds_ratio`` is first_only over second_only. ``chi2`` is without and
    ``chi2_corrected`` with continuity correction (the default of R).
    """

    p_value: float
    significant: bool
    alpha: float
    level: float
    alternative: str
    decided_by: str
    first_only: int
    second_only: int
    discordant: int
    chi2: float
    df: float
    p_chi2: float
    chi2_corrected: float
    p_corrected: float
    p_exact: float
    p_mid: float
    name1: str
    name2: str
    n: int | None = None
    proportion1: float | None = None
    proportion2: float | None = None
    difference: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    odds_ratio: float | None = None
    odds_ratio_low: float | None = None
    odds_ratio_high: float | None = None


METHOD_NAMES = {
    "exact": "McNemar's exact test (binomial)",
    "mid_p": "McNemar's mid-p test",
    "chi_square": "McNemar's chi-square test, no correction",
    "chi_square_corrected": "McNemar's chi-square test with continuity correction",
}


@tool(
    "mcnemar",
    title="McNemar's test of paired proportions",
    source="McNemar (1947); Agresti (2013) 11.1; Bonett and Price (2012)",
)
def mcnemar(
    table: Annotated[
        list[list[Annotated[float, Meta(ge=0)]]] | None,
        Meta(description="counts of pairs: rows the first look (yes, no), columns the second"),
    ] = None,
    first_only: Annotated[
        Count | None, Meta(description="instead of table: pairs positive at the first look only")
    ] = None,
    second_only: Annotated[
        Count | None, Meta(description="instead of table: pairs positive at the second look only")
    ] = None,
    method: Annotated[
        Literal["auto", "exact", "mid_p", "chi_square", "chi_square_corrected"],
        Meta(description="which decides; auto: exact below 25 pairs that differ, else chi-square"),
    ] = "auto",
    alternative: Alternative = "two_sided",
    alpha: Alpha = 0.05,
    name1: Name = "the first look",
    name2: Name = "the second look",
) -> McNemar:
    """Did a share change between two looks at the same parts?

    Use it where the same parts, people or stations are judged twice: before and
    after a change, by two inspectors, with two test methods. Only pairs that
    differ count. Assumes independent pairs. For different parts in the two
    groups use proportion_two; for more than two looks a Cochran Q test.
    """
    cells = _cells(table, first_only, second_only)
    b, c = cells[1], cells[2]
    changed = b + c
    if changed == 0:
        raise InputError(
            "no pair differs, so nothing speaks for a change either way",
            where="table",
            remedy="the two looks agree on every part; no test is needed",
        )
    z = (b - c) / math.sqrt(changed)
    corrected = max(abs(b - c) - 1, 0) ** 2 / changed
    exact = binomial_p_value(b, changed, 0.5, alternative)
    p_values = {
        "exact": exact,
        "mid_p": _mid_p(b, changed, alternative),
        "chi_square": normal_p_value(z, alternative),
        "chi_square_corrected": normal_p_value(
            math.copysign(math.sqrt(corrected), b - c), alternative
        ),
    }
    chosen = method
    if chosen == "auto":
        chosen = "exact" if changed < EXACT_BELOW else "chi_square"
    result = McNemar(
        method=METHOD_NAMES[chosen],
        p_value=p_values[chosen],
        significant=p_values[chosen] < alpha,
        alpha=alpha,
        level=1 - alpha,
        alternative=alternative,
        decided_by=METHOD_NAMES[chosen],
        first_only=b,
        second_only=c,
        discordant=changed,
        chi2=z * z,
        df=1.0,
        p_chi2=float(special.chdtrc(1, z * z)),
        chi2_corrected=corrected,
        p_corrected=float(special.chdtrc(1, corrected)),
        p_exact=exact,
        p_mid=p_values["mid_p"],
        name1=name1,
        name2=name2 if name2 != name1 else f"{name2} (2)",
        assumptions=[
            Check(
                name="25 or more pairs that differ",
                status="ok"
                if changed >= EXACT_BELOW or chosen in ("exact", "mid_p")
                else "violated",
                detail=f"{changed} pairs differ; {METHOD_NAMES[chosen]} decides",
            )
        ],
    )
    _odds(result, alternative)
    if table is not None:
        _shares(result, cells)
        result.charts = [_chart(result, cells)]
    return result


@mcnemar.narrates
def _narrate(result: McNemar) -> Narrative:
    side = {"two_sided": "differs between", "less": "is lower at", "greater": "is higher at"}
    if result.alternative == "two_sided":
        claim = "the share differs between {{name1}} and {{name2}}"
        if result.significant:
            higher, lower = ("name1", "name2") if result.first_only > result.second_only else (
                "name2", "name1"
            )  # fmt: skip
            claim = f"the share is higher at {{{{{higher}}}}} than at {{{{{lower}}}}}"
    else:
        claim = f"the share {side[result.alternative]} {{{{name1}}}} than at {{{{name2}}}}"
    verdict = (
        claim[0].upper() + claim[1:] if result.significant else f"There is no evidence that {claim}"
    )
    details = [
        "{{first_only}} pairs were positive at {{name1}} only and {{second_only}} at {{name2}} "
        "only; pairs that agree say nothing about a change."
    ]
    figures = [
        ("pairs that differ", "{{discordant}}"),
        ("exact p-value", "{{p_exact}}"),
        ("chi-square without correction", "{{chi2}} (p {{p_chi2:p}})"),
        ("chi-square with correction", "{{chi2_corrected}} (p {{p_corrected:p}})"),
    ]
    if result.difference is not None:
        details.append(
            "The share is {{proportion1:%}} at {{name1}} and {{proportion2:%}} at {{name2}}: a "
            "difference of {{difference:%}}, with {{level:%}} confidence between {{ci_low:%}} and "
            "{{ci_high:%}}."
        )
    if result.odds_ratio is not None:
        figures.append(("odds ratio", "{{odds_ratio}}"))
    return Narrative(
        conclusion=f"{verdict} ({{{{decided_by}}}}, p {{{{p_value:p}}}}).",
        details=details,
        key_figures=figures,
    )


@mcnemar.verifies
def _verify(result: McNemar, **_: object) -> list[Recomputed]:
    """The exact p-value as a sum of integers over a power of two."""
    b, n = result.first_only, result.discordant
    if n > 2000:
        return []
    lower = sum(math.comb(n, k) for k in range(b + 1))
    upper = sum(math.comb(n, k) for k in range(b, n + 1))
    tails = {"less": lower, "greater": upper, "two_sided": 2 * min(lower, upper)}
    again = min(tails[result.alternative] / 2**n, 1.0)
    return [
        Recomputed(
            name="p_exact", value=result.p_exact, recomputed=again, route="sum of whole numbers"
        )
    ]


def _cells(
    table: list[list[float]] | None, first_only: int | None, second_only: int | None
) -> tuple[int, int, int, int]:
    if (table is None) == (first_only is None or second_only is None):
        raise InputError(
            "give either table, or first_only and second_only",
            where="mcnemar",
            remedy="give exactly one of them",
        )
    if table is None:
        return 0, first_only or 0, second_only or 0, 0
    counts = as_table(table, minimum=2)
    if counts.shape != (2, 2):
        raise InputError(
            f"a table of {counts.shape[0]} by {counts.shape[1]} given, two by two needed",
            where="table",
            remedy="rows: yes and no at the first look, columns: at the second",
        )
    (a, b), (c, d) = counts.astype(int).tolist()
    return a, b, c, d


def _mid_p(b: int, n: int, alternative: str) -> float:
    """The exact tail with half the probability of the count observed."""

    def tail(k: int) -> float:
        """P(at most k) less half of P(k)."""
        at_most = float(special.bdtr(k, n, 0.5))
        below = float(special.bdtr(k - 1, n, 0.5)) if k else 0.0
        return (at_most + below) / 2

    if alternative == "less":
        return tail(b)
    if alternative == "greater":
        return tail(n - b)
    return min(2 * min(tail(b), tail(n - b)), 1.0)


def _odds(result: McNemar, alternative: str) -> None:
    low, high = clopper_pearson(result.first_only, result.discordant, result.alpha, alternative)
    if result.second_only > 0:
        result.odds_ratio = result.first_only / result.second_only
    result.odds_ratio_low = low / (1 - low) if low < 1 else None
    result.odds_ratio_high = high / (1 - high) if high < 1 else None


def _shares(result: McNemar, cells: tuple[int, int, int, int]) -> None:
    a, b, c, d = cells
    n = a + b + c + d
    result.n = n
    result.proportion1, result.proportion2 = (a + b) / n, (a + c) / n
    result.difference = (b - c) / n
    # Bonett and Price: one pair added to either kind of change.
    first, second = (b + 1) / (n + 2), (c + 1) / (n + 2)
    tail = result.alpha / 2 if result.alternative == "two_sided" else result.alpha
    z = -float(special.ndtri(tail))
    margin = z * math.sqrt((first + second - (first - second) ** 2) / (n + 2))
    result.ci_low = -1.0 if result.alternative == "less" else max(first - second - margin, -1.0)
    result.ci_high = 1.0 if result.alternative == "greater" else min(first - second + margin, 1.0)


def _chart(result: McNemar, cells: tuple[int, int, int, int]) -> ChartSpec:
    a, b, c, d = cells
    return ChartSpec(
        kind="paired_counts",
        title="Pairs that agree and pairs that changed",
        panels=[
            Panel(
                y_label="pairs",
                x_scale="category",
                series=[
                    Series(
                        name="pairs",
                        kind="bars",
                        x=[
                            "both",
                            f"{result.name1} only",
                            f"{result.name2} only",
                            "neither",
                        ],
                        y=[float(a), float(b), float(c), float(d)],
                    )
                ],
            )
        ],
    )
