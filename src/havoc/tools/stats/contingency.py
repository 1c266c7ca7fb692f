"""Counts in a table: chi-square test of independence.

Sources: NIST/SEMATECH e-Handbook 7.4.5; A. Agresti (2013), Categorical Data
Analysis, 3.2 and 3.3; F. Yates (1934); Cramér's V interval by Smithson (2003).
"""

from __future__ import annotations

import math
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta
from scipy import special

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, FloatArray
from havoc.tools.result import Check, Narrative, Outcome, Recomputed
from havoc.tools.stats.assumption_checks import INDEPENDENCE
from havoc.tools.stats.effect_intervals import noncentrality_chi_square

Table = Annotated[
    list[list[Annotated[float, Meta(ge=0)]]],
    Meta(description="counts, one list for each row of the table"),
]
Labels = Annotated[list[str] | None, Meta(description="names, in the order of the table")]


class Independence(Outcome):
    """``residuals`` are adjusted standardised residuals: beyond 2 in size a cell stands out.

    ``largest_row`` and ``largest_column`` name the cell that departs most.
    ``proportions`` is given for two columns: the share of the first in each row.
    """

    chi2: float
    df: float
    p_value: float
    significant: bool
    alpha: float
    level: float
    correction: bool
    n: float
    row_count: int
    column_count: int
    g_statistic: float
    g_p_value: float
    cramers_v: float
    rows: list[str]
    columns: list[str]
    expected: list[list[float]]
    residuals: list[list[float]]
    contributions: list[list[float]]
    smallest_expected: float
    largest_row: str
    largest_column: str
    largest_residual: float
    largest_excess: bool
    cramers_v_low: float | None = None
    cramers_v_high: float | None = None
    proportions: list[float] = msgspec.field(default_factory=list)


MOST_ITEMS = 1e9
"""Beyond this the exact tails are no longer computed in whole numbers."""


@tool(
    "chi_square_independence",
    title="Chi-square test of independence",
    source="NIST/SEMATECH e-Handbook 7.4.5; Agresti (2013) 3.2",
)
def chi_square_independence(
    table: Table | None = None,
    rows: Labels = None,
    columns: Labels = None,
    correction: Annotated[
        bool, Meta(description="Yates' continuity correction, for tables of two by two only")
    ] = False,
    successes: Annotated[
        list[float] | None,
        Meta(description="instead of table: how many of the trials of each row"),
    ] = None,
    trials: Annotated[
        list[float] | None, Meta(description="with successes: trials of each row")
    ] = None,
    alpha: Alpha = 0.05,
) -> Independence:
    """Are two classifications related: does the mix of one depend on the other?

    Use it for counts of independent items in a table of rows and columns, also
    to compare several proportions (successes and trials of each). Assumes that
    every item is counted once and expected counts of 5 or more in most cells;
    with fewer use fisher_exact.
    """
    if table is None:
        table, columns = _from_proportions(successes, trials, columns)
    counts = as_table(table, minimum=2)
    row_names = labels(rows, counts.shape[0], "row", "rows")
    column_names = labels(columns, counts.shape[1], "column", "columns")
    row_sums, column_sums = counts.sum(axis=1), counts.sum(axis=0)
    _no_empty(row_sums, row_names, "row")
    _no_empty(column_sums, column_names, "column")
    n = float(counts.sum())
    expected = np.outer(row_sums, column_sums) / n
    two_by_two = counts.shape == (2, 2)
    warnings = []
    if correction and not two_by_two:
        warnings.append("the continuity correction applies to two-by-two tables only: not used")
    shift = np.minimum(0.5, np.abs(counts - expected)) if correction and two_by_two else 0.0
    contributions = (np.abs(counts - expected) - shift) ** 2 / expected
    chi2 = math.fsum(contributions.ravel().tolist())
    df = float((counts.shape[0] - 1) * (counts.shape[1] - 1))
    p_value = float(special.chdtrc(df, chi2))
    g = 2 * math.fsum(special.xlogy(counts, counts / expected).ravel().tolist())
    smaller = min(counts.shape) - 1
    plain = math.fsum(((counts - expected) ** 2 / expected).ravel().tolist())
    interval = noncentrality_chi_square(plain, df, 1 - alpha)
    variance = expected * np.outer(1 - row_sums / n, 1 - column_sums / n)
    residuals = (counts - expected) / np.sqrt(variance)
    position = np.unravel_index(int(np.argmax(np.abs(residuals))), residuals.shape)
    check = _expected_check(expected)
    if check.status == "violated":
        warnings.append(
            f"{check.detail}: the chi-square approximation is doubtful; "
            + ("use fisher_exact" if two_by_two else "merge rows or columns")
        )
    return Independence(
        method="Pearson chi-square"
        + (" with Yates' correction" if correction and two_by_two else ", no correction"),
        chi2=chi2,
        df=df,
        p_value=p_value,
        significant=p_value < alpha,
        alpha=alpha,
        level=1 - alpha,
        correction=correction and two_by_two,
        n=n,
        row_count=counts.shape[0],
        column_count=counts.shape[1],
        g_statistic=g,
        g_p_value=float(special.chdtrc(df, max(g, 0.0))),
        cramers_v=math.sqrt(plain / (n * smaller)),
        rows=row_names,
        columns=column_names,
        expected=expected.tolist(),
        residuals=residuals.tolist(),
        contributions=contributions.tolist(),
        smallest_expected=float(expected.min()),
        largest_row=row_names[int(position[0])],
        largest_column=column_names[int(position[1])],
        largest_residual=float(residuals[position]),
        largest_excess=bool(residuals[position] > 0),
        cramers_v_low=min(math.sqrt(interval[0] / (n * smaller)), 1.0) if interval else None,
        cramers_v_high=min(math.sqrt(interval[1] / (n * smaller)), 1.0) if interval else None,
        proportions=(counts[:, 0] / row_sums).tolist() if counts.shape[1] == 2 else [],
        assumptions=[check, INDEPENDENCE],
        warnings=warnings,
        charts=[share_chart(counts, row_names, column_names)],
    )


@chi_square_independence.narrates
def _narrate_independence(result: Independence) -> Narrative:
    verdict = (
        "Rows and columns are related"
        if result.significant
        else "There is no evidence that rows and columns are related"
    )
    direction = "more" if result.largest_excess else "fewer"
    figures = [
        ("chi-square", "{{chi2}}"),
        ("degrees of freedom", "{{df}}"),
        ("p-value", "{{p_value}}"),
        ("Cramér's V", "{{cramers_v}}"),
        ("smallest expected count", "{{smallest_expected}}"),
    ]
    figures += [
        (f"share of {{{{columns.0}}}} in {{{{rows.{i}}}}}", f"{{{{proportions.{i}:%}}}}")
        for i in range(min(len(result.proportions), 12))
    ]
    return Narrative(
        conclusion=f"{verdict} (chi-square = {{{{chi2}}}}, df = {{{{df}}}}, p {{{{p_value:p}}}}).",
        details=[
            f"{{{{largest_row}}}} has {direction} {{{{largest_column}}}} than independence would "
            "give (adjusted residual {{largest_residual}}), the largest departure in the table."
        ],
        key_figures=figures,
    )


@chi_square_independence.verifies
def _verify_independence(
    result: Independence, table: list[list[float]] | None, **_: object
) -> list[Recomputed]:
    if table is None or result.correction:
        return []
    # chi2 = n (sum of O^2 / (row sum * column sum) - 1), which needs no expected counts.
    counts = np.asarray(table, dtype=np.float64)
    share = counts**2 / np.outer(counts.sum(axis=1), counts.sum(axis=0))
    return [
        Recomputed(
            name="chi2",
            value=result.chi2,
            recomputed=result.n * (math.fsum(share.ravel().tolist()) - 1),
            route="n (sum O² / (row sum · column sum) − 1)",
            atol=1e-12 * result.n,
        )
    ]


def as_table(table: list[list[float]], minimum: int) -> FloatArray:
    width = len(table[0]) if table else 0
    for number, row in enumerate(table, start=1):
        if len(row) != width:
            raise InputError(
                f"{len(row)} counts, but row 1 has {width}",
                where=f"table, row {number}",
                remedy="give every row the same number of counts",
            )
    if len(table) < minimum or width < minimum:
        raise InputError(
            f"{len(table)} by {width} counts given, at least {minimum} by {minimum} needed",
            where="table",
            remedy="give counts by row and column, good and bad alike",
        )
    counts = np.asarray(table, dtype=np.float64)
    if not np.isfinite(counts).all() or (counts < 0).any():
        raise InputError(
            "counts must be finite and not negative",
            where="table",
            remedy="enter counts of zero or more",
        )
    if (counts != np.round(counts)).any():
        raise InputError(
            "counts must be whole numbers",
            where="table",
            remedy="enter counts, not percentages or measurements",
        )
    if counts.sum() == 0:
        raise InputError("all counts are 0", where="table", remedy="enter the counts")
    if counts.sum() > MOST_ITEMS:
        raise InputError(
            f"the counts add up to {counts.sum():g}, more than {MOST_ITEMS:g} items",
            where="table",
            remedy="check the counts; with so many items every difference is significant",
        )
    return counts


def labels(given: list[str] | None, count: int, stem: str, where: str) -> list[str]:
    if given is None:
        return [f"{stem} {i + 1}" for i in range(count)]
    if len(given) != count:
        raise InputError(
            f"{len(given)} names for {count} {stem}s",
            where=where,
            remedy=f"name every {stem} of the table once",
        )
    return list(given)


def _no_empty(sums: FloatArray, names: list[str], what: str) -> None:
    for total, name in zip(sums, names, strict=True):
        if total == 0:
            raise InputError(
                f"{what} {name!r} holds only zeros",
                where="table",
                remedy=f"leave the {what} out",
            )


def _from_proportions(
    successes: list[float] | None, trials: list[float] | None, columns: list[str] | None
) -> tuple[list[list[float]], list[str]]:
    if successes is None or trials is None:
        raise InputError(
            "no table given",
            where="chi_square_independence",
            remedy="give table, or successes and trials",
        )
    if len(successes) != len(trials):
        raise InputError(
            f"{len(successes)} successes but {len(trials)} trials",
            where="successes, trials",
            remedy="give both for every row",
        )
    for i, (part, whole) in enumerate(zip(successes, trials, strict=True), start=1):
        if not 0 <= part <= whole:
            raise InputError(
                f"{part:g} successes of {whole:g} trials in row {i}",
                where="successes, trials",
                remedy="successes cannot exceed trials",
            )
    table = [[part, whole - part] for part, whole in zip(successes, trials, strict=True)]
    return table, columns or ["successes", "others"]


def _expected_check(expected: FloatArray) -> Check:
    few = int((expected < 5).sum())
    smallest = float(expected.min())
    detail = f"{few} of {expected.size} expected counts below 5, the smallest {smallest:.3g}"
    violated = few > 0.2 * expected.size or smallest < 1
    return Check(
        name="expected counts of 5 or more",
        status="violated" if violated else "ok",
        detail=detail,
    )


def share_chart(counts: FloatArray, rows: list[str], columns: list[str]) -> ChartSpec:
    shares = counts / counts.sum(axis=1, keepdims=True)
    overall = counts.sum(axis=0) / counts.sum()
    shown = range(min(len(columns), 8))
    return ChartSpec(
        kind="shares",
        title="Share of each column within each row, against the share overall",
        panels=[
            Panel(
                title=columns[j],
                y_label="share",
                x_scale="category",
                series=[Series(name=columns[j], kind="bars", x=rows, y=shares[:, j].tolist())],
                limits=[Limit(label="overall", role="reference", value=float(overall[j]))],
            )
            for j in shown
        ],
        notes=[] if len(columns) <= 8 else [f"the first 8 of {len(columns)} columns are drawn"],
    )
