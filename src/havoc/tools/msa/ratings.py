"""Ratings as they come, turned into named columns and ordered categories."""

from __future__ import annotations

from havoc.errors import InputError
from havoc.tools.msa.study import label

Ratings = list[str | float]
_MOST_CATEGORIES = 200


def read_raters(
    ratings: list[Ratings] | None,
    raters: dict[str, Ratings] | None,
    rater1: Ratings | None,
    rater2: Ratings | None,
) -> tuple[list[str], list[list[str]]]:
    """Names and ratings, one list a rater, all of the same length."""
    if raters is not None:
        names, columns = list(raters), list(raters.values())
    elif ratings is not None:
        width = len(ratings[0]) if ratings else 0
        for i, row in enumerate(ratings):
            if len(row) != width:
                raise InputError(
                    f"unit {i + 1} has {len(row)} ratings, the first has {width}",
                    where="ratings",
                    remedy="every unit needs one rating of each rater",
                )
        columns = [list(column) for column in zip(*ratings, strict=True)]
        names = [f"rater {i + 1}" for i in range(width)]
    else:
        if rater1 is None or rater2 is None:
            raise InputError(
                "the ratings of the second rater are missing", where="rater2", remedy="give rater2"
            )
        names, columns = ["rater 1", "rater 2"], [rater1, rater2]
    if not columns or not columns[0]:
        raise InputError("no ratings given", where="ratings", remedy="give at least two units")
    for rater, column in zip(names, columns, strict=True):
        if len(column) != len(columns[0]):
            raise InputError(
                f"{rater} rated {len(column)} units, {names[0]} rated {len(columns[0])}",
                where="raters",
                remedy="every rater must rate every unit",
            )
    return names, [[label(value) for value in column] for column in columns]


def category_places(columns: list[list[str]], named: list[str] | None) -> dict[str, int]:
    """Categories with their place: the order given, otherwise numbers by size, then names."""
    seen = {value for column in columns for value in column}
    if named is not None:
        missing = sorted(seen - set(named))
        if missing:
            raise InputError(
                f"the rating {missing[0]!r} is not among the categories",
                where="categories",
                remedy="name every category that was used",
            )
        return {value: i for i, value in enumerate(dict.fromkeys(named))}
    if len(seen) > _MOST_CATEGORIES:
        raise InputError(
            f"{len(seen)} different ratings are not categories",
            where="ratings",
            remedy="for measured values use gage_rr",
        )
    return {value: i for i, value in enumerate(sorted(seen, key=_order))}


def _order(value: str) -> tuple[int, float, str]:
    try:
        return 0, float(value), value
    except ValueError:
        return 1, 0.0, value
