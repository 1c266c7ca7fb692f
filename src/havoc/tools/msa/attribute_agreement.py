"""Attribute agreement: do inspectors agree with one another and with the standard?

Source: AIAG, Measurement Systems Analysis, 4th edition, chapter III-C; the
statistics and their sources are in ``agreement``.
"""

from __future__ import annotations

import itertools
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta
from scipy import special

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.msa import agreement
from havoc.tools.msa.agreement import Kappa
from havoc.tools.msa.agreement_trials import add_kendall, add_trials, read_long
from havoc.tools.msa.attribute_result import (
    AttributeAgreement,
    CategoryKappa,
    PairAgreement,
    RaterAgreement,
    chart,
    narrate,
)
from havoc.tools.msa.ratings import Ratings, category_places, read_raters
from havoc.tools.msa.study import Labels, label
from havoc.tools.parameters import Alpha, FloatArray, Name
from havoc.tools.result import Recomputed

_GOOD, _POOR = 0.75, 0.40


@tool(
    "attribute_agreement",
    title="Attribute agreement",
    source="AIAG Measurement Systems Analysis, 4th edition, III-C; Cohen (1960); Fleiss (1971)",
)
def attribute_agreement(
    table: Annotated[
        list[list[Annotated[float, Meta(ge=0)]]] | None,
        Meta(
            description="square table of counts of two raters; with method fleiss, counts of the "
            "ratings of each unit (rows) in each category (columns)"
        ),
    ] = None,
    ratings: Annotated[
        list[Ratings] | None, Meta(description="one row a unit, one rating of each rater")
    ] = None,
    raters: Annotated[
        dict[str, Ratings] | None, Meta(description="instead: the ratings of each named rater")
    ] = None,
    rater1: Annotated[Ratings | None, Meta(description="instead: ratings of one rater")] = None,
    rater2: Annotated[Ratings | None, Meta(description="and of the other")] = None,
    standard: Annotated[
        Ratings | None, Meta(description="the right answer for each unit, if it is known")
    ] = None,
    categories: Annotated[
        list[str] | None, Meta(description="names of the rows and columns of table, in order")
    ] = None,
    method: Annotated[
        Literal["auto", "cohen", "fleiss"],
        Meta(description="auto takes Cohen's kappa for two raters, Fleiss's for more"),
    ] = "auto",
    weights: Annotated[
        Literal["none", "linear", "quadratic"],
        Meta(description="Cohen's kappa of ordered categories: credit for near misses"),
    ] = "none",
    response: Annotated[
        Ratings | None,
        Meta(description="instead: one rating a row, with parts and operators; trials repeat them"),
    ] = None,
    parts: Annotated[Labels | None, Meta(description="unit of each row, with response")] = None,
    operators: Annotated[
        Labels | None, Meta(description="rater of each row, with response")
    ] = None,
    bad: Annotated[
        str | None,
        Meta(description="the category that means a bad unit, for miss and false alarm rates"),
    ] = None,
    ordinal: Annotated[
        bool, Meta(description="the categories are ordered: give Kendall's coefficients too")
    ] = False,
    alpha: Alpha = 0.05,
    name: Name = "the inspection",
) -> AttributeAgreement:
    """Do inspectors agree beyond chance, with one another and with the standard?

    Use it for pass/fail or other categories that two or more people gave to the
    same units. Kappa is one for full agreement and zero for chance; above 0.75 is
    good, below 0.40 poor (AIAG). Where every rater judges every unit several times (rows
    of response, parts, operators), each rater is judged by himself and against the
    standard: repeatability, effectiveness, miss and false alarm rate. Ordered ratings
    (ordinal) have Kendall's coefficients too. Assumes raters who judge independently, and
    trials in which nobody remembers the unit.
    """
    given = sum(item is not None for item in (table, ratings, raters, rater1, response))
    if given != 1:
        raise InputError(
            "no ratings given" if given == 0 else "ratings are given more than once",
            where="attribute_agreement",
            remedy="give one of table, ratings, raters, rater1 with rater2, or response",
        )
    if table is not None:
        return _from_table(table, categories, method, weights, alpha, name)
    if response is not None:
        raters_named, cube, truth = read_long(response, parts, operators, standard)
    else:
        raters_named, rated = read_raters(ratings, raters, rater1, rater2)
        cube = [[column] for column in rated]
        truth = None if standard is None else [label(value) for value in standard]
    columns = [column for trials in cube for column in trials]
    if truth is not None and len(truth) != len(columns[0]):
        raise InputError(
            f"{len(columns[0])} units but {len(truth)} standard values",
            where="standard",
            remedy="give the right answer for every unit",
        )
    known = category_places([*columns, truth] if truth is not None else columns, categories)
    codes = np.asarray([[known[value] for value in column] for column in columns])
    trials = len(cube[0])
    if trials == 1:
        names = raters_named
    else:
        names = [f"{rater}, trial {t + 1}" for rater in raters_named for t in range(trials)]
    result = _compute(codes, truth, known, names, method, weights, alpha, name)
    right = None if truth is None else np.asarray([known[value] for value in truth])
    by_trial = codes.reshape(len(cube), trials, -1)
    if trials > 1 or right is not None:
        add_trials(result, by_trial, raters_named, right, list(known), bad)
        if trials > 1:
            result.against_standard = None
        result.charts = [chart(result)]
    if ordinal:
        add_kendall(result, by_trial, raters_named, right)
    return result


def _compute(
    codes: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    truth: list[str] | None,
    known: dict[str, int],
    names: list[str],
    method: str,
    weights: str,
    alpha: float,
    name: str,
) -> AttributeAgreement:
    labels = list(known)
    raters, units = codes.shape
    right = None if truth is None else np.asarray([known[value] for value in truth])
    if raters == 1 and right is None:
        raise InputError(
            "one rater and no standard: there is nothing to compare with",
            where="raters",
            remedy="give a second rater or the standard",
        )
    if method == "cohen" and raters > 2:
        raise InputError(
            f"Cohen's kappa compares two raters, {raters} are given",
            where="method",
            remedy="use fleiss",
        )
    counts = None
    if raters == 1:
        assert right is not None
        kind, kappa = "standard", agreement.cohen(_cross(codes[0], right, len(labels)), weights)
    elif raters == 2 and method != "fleiss":
        kind, kappa = "cohen", agreement.cohen(_cross(codes[0], codes[1], len(labels)), weights)
    else:
        counts = np.stack([np.sum(codes == i, axis=0) for i in range(len(labels))], axis=1)
        kind, kappa = "fleiss", agreement.fleiss(counts.astype(np.float64))
    result = _result(kind, kappa, units, raters, labels, weights, alpha, name)
    same = np.all(codes == codes[0], axis=0)
    if right is not None:
        same &= codes[0] == right
    result.all_agree = float(same.mean())
    if kappa is None:
        result.agreement = 1.0
    if counts is not None:
        result.by_category = _by_category(counts.astype(np.float64), labels)
    if raters > 2:
        result.pairs = [
            _pair(codes[i], codes[j], names[i], names[j], len(labels), weights)
            for i, j in itertools.combinations(range(min(raters, 12)), 2)
        ]
    if right is not None:
        result.against_standard = [
            _against(codes[i], right, names[i], len(labels), weights, alpha) for i in range(raters)
        ]
    return result


def _from_table(
    table: list[list[float]],
    categories: list[str] | None,
    method: str,
    weights: str,
    alpha: float,
    name: str,
) -> AttributeAgreement:
    widths = {len(row) for row in table}
    if not table or len(widths) != 1 or not widths.pop():
        raise InputError(
            "the rows of the table differ in length",
            where="table",
            remedy="give every row the same number of values",
        )
    counts = np.asarray(table, dtype=np.float64)
    if not np.isfinite(counts).all() or np.any(counts != np.floor(counts)):
        raise InputError("a count is not a whole number", where="table", remedy="give counts")
    if counts.sum() == 0:
        raise InputError("all counts are zero", where="table", remedy="give counts")
    size = counts.shape[1]
    labels = categories or [f"category {i + 1}" for i in range(size)]
    if len(labels) != size:
        raise InputError(
            f"{len(labels)} names for {size} categories", where="categories", remedy="name each one"
        )
    if method == "fleiss":
        totals = counts.sum(axis=1)
        if totals.min() != totals.max() or totals[0] < 2:
            unit = int(np.argmax(totals != totals[0])) + 1
            raise InputError(
                f"unit {unit} has {totals[unit - 1]:g} ratings, the first has {totals[0]:g}",
                where="table",
                remedy="every unit needs the same number of ratings, two or more",
            )
        kappa = agreement.fleiss(counts)
        result = _result("fleiss", kappa, len(counts), int(totals[0]), labels, weights, alpha, name)
        result.all_agree = float(np.mean(counts.max(axis=1) == totals[0]))
        result.by_category = _by_category(counts, labels)
    else:
        if counts.shape[0] != size:
            raise InputError(
                f"the table has {counts.shape[0]} rows and {size} columns",
                where="table",
                remedy="give a square table, or method fleiss for units by categories",
            )
        kappa = agreement.cohen(counts, weights)
        result = _result("cohen", kappa, int(counts.sum()), 2, labels, weights, alpha, name)
        result.all_agree = float(np.trace(counts) / counts.sum())
    if kappa is None:
        result.agreement = 1.0
    return result


def _result(
    kind: str,
    kappa: Kappa | None,
    units: int,
    raters: int,
    labels: list[str],
    weights: str,
    alpha: float,
    name: str,
) -> AttributeAgreement:
    weighted = "" if weights == "none" or kind == "fleiss" else f", {weights} weights"
    methods = {
        "cohen": f"Cohen's kappa of two raters{weighted}, large-sample standard errors",
        "standard": f"Cohen's kappa of the rater and the standard{weighted}",
        "fleiss": "Fleiss's kappa, z from the standard error under chance agreement, interval "
        "from the jackknife over units",
    }
    result = AttributeAgreement(
        method=methods[kind],
        kind=kind,
        name=name,
        units=units,
        raters=raters,
        categories=labels,
        agreement=1.0 if kappa is None else kappa.observed,
        expected_agreement=1.0 if kappa is None else kappa.expected,
        verdict="undefined",
        alpha=alpha,
        level=1 - alpha,
    )
    if kappa is None:
        result.warnings.append(
            "all ratings are in one category, so kappa does not exist; include units of every "
            "category"
        )
        return result
    result.kappa, result.se, result.se_null = kappa.value, kappa.se, kappa.se_null
    result.verdict = (
        "good" if kappa.value > _GOOD else "poor" if kappa.value < _POOR else "moderate"
    )
    if kappa.z is not None:
        result.z = kappa.z
        result.p_value = float(special.ndtr(-kappa.z))
        result.significant = result.p_value < alpha
    if kappa.se is not None:
        margin = float(special.ndtri(1 - alpha / 2)) * kappa.se
        result.ci_low, result.ci_high = kappa.value - margin, min(kappa.value + margin, 1.0)
    if units < 30:
        result.warnings.append(f"{units} units make a wide interval; 50 are usual (AIAG)")
    return result


def _cross(
    first: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    second: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    size: int,
) -> FloatArray:
    table = np.zeros((size, size))
    np.add.at(table, (first, second), 1)
    return table


def _by_category(counts: FloatArray, labels: list[str]) -> list[CategoryKappa]:
    units, raters = counts.shape[0], float(counts[0].sum())
    error = float(np.sqrt(2 / (units * raters * (raters - 1))))
    return [
        CategoryKappa(
            category=category, share=share, kappa=kappa, z=None if kappa is None else kappa / error
        )
        for category, (kappa, share) in zip(
            labels, agreement.fleiss_by_category(counts), strict=True
        )
    ]


def _pair(
    first: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    second: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    name1: str,
    name2: str,
    size: int,
    weights: str,
) -> PairAgreement:
    kappa = agreement.cohen(_cross(first, second, size), weights)
    return PairAgreement(
        rater1=name1,
        rater2=name2,
        agreement=float(np.mean(first == second)),
        kappa=None if kappa is None else kappa.value,
    )


def _against(
    codes: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    right: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    rater: str,
    size: int,
    weights: str,
    alpha: float,
) -> RaterAgreement:
    agreed = int(np.sum(codes == right))
    low, high = agreement.wilson(agreed, codes.size, float(special.ndtri(1 - alpha / 2)))
    kappa = agreement.cohen(_cross(codes, right, size), weights)
    return RaterAgreement(
        rater=rater,
        n=codes.size,
        agreed=agreed,
        agreement=agreed / codes.size,
        ci_low=low,
        ci_high=high,
        kappa=None if kappa is None else kappa.value,
    )


attribute_agreement.narrates(narrate)


@attribute_agreement.verifies
def _verify(
    result: AttributeAgreement,
    table: list[list[float]] | None,
    ratings: list[Ratings] | None,
    raters: dict[str, Ratings] | None,
    weights: str,
    **_: object,
) -> list[Recomputed]:
    """Agreement counted pair by pair, chance from the shares of the categories."""
    columns = [list(column) for column in zip(*ratings, strict=True)] if ratings else None
    if raters is not None:
        columns = list(raters.values())
    if result.kappa is None or weights != "none":
        return []
    if table is not None and result.kind == "cohen":
        total = sum(map(sum, table))
        same = sum(table[i][i] for i in range(len(table))) / total
        chance = (
            sum(sum(row) * sum(other[i] for other in table) for i, row in enumerate(table))
            / total**2
        )
    elif columns is not None and result.kind == "fleiss" and len(columns[0]) <= 20_000:
        pairs = list(itertools.combinations(columns, 2))
        same = sum(a == b for one, two in pairs for a, b in zip(one, two, strict=True)) / (
            len(pairs) * len(columns[0])
        )
        everything = [value for column in columns for value in column]
        chance = sum((everything.count(v) / len(everything)) ** 2 for v in set(everything))
    else:
        return []
    return [
        Recomputed(
            name="kappa",
            value=result.kappa,
            recomputed=(same - chance) / (1 - chance),
            route="agreeing pairs counted one by one",
        )
    ]
