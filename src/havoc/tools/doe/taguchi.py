"""Taguchi designs: factors on the columns of a standard orthogonal array.

Source: G. Taguchi and S. Konishi, Orthogonal Arrays and Linear Graphs (1987);
NIST/SEMATECH e-Handbook 5.5.6.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.doe.aberration import fraction_columns
from havoc.tools.doe.design import (
    Design,
    Points,
    Randomize,
    Replicates,
    assemble,
    check_size,
    design_narrative,
    level_pairs_are_balanced,
    order_in_words,
    recount,
    refuse_unless,
    repeated,
)
from havoc.tools.doe.factors import FactorCount, Factors, named_factors
from havoc.tools.doe.levels import as_range, coded_rows, natural_rows, with_levels
from havoc.tools.doe.orthogonal_arrays import LEVELS, orthogonal_array
from havoc.tools.parameters import Seed
from havoc.tools.result import Narrative, Recomputed

ArrayName = Literal["L4", "L8", "L9", "L12", "L16", "L18", "L25", "L27", "L32"]


class Taguchi(Design):
    """``array`` is its name; ``columns_used`` are the columns of the factors, counted from one;
    ``level_matrix`` holds the levels of each run, counted from one."""

    array: str
    levels: int | list[int]
    distinct_runs: int
    columns_used: list[int]
    array_columns: int
    level_matrix: list[list[int]]
    orthogonal: bool


@tool(
    "taguchi",
    title="Taguchi orthogonal array",
    source="Taguchi & Konishi (1987); NIST/SEMATECH e-Handbook 5.5.6",
)
def taguchi(
    factors: Factors = [],  # noqa: B006
    n_factors: FactorCount = None,
    n_levels: Annotated[
        int, Meta(ge=2, le=5, description="levels of every factor that has no range or levels")
    ] = 2,
    array: Annotated[ArrayName, Meta(description="the array; the smallest that fits if none")]
    | None = None,
    runs: Annotated[int, Meta(description="runs of the array, where it is not called by name")]
    | None = None,
    replicates: Replicates = 1,
    randomize: Randomize = True,
    seed: Seed = 1,
) -> Taguchi:
    """Which runs of a standard orthogonal array test these factors?

    Use it for main effects of several factors at two, three or five levels in
    few runs. Assumes that interactions are negligible: they are confused with
    main effects. Factors at two levels take the columns that confuse them
    least.
    """
    where = "taguchi"
    called = _array_of(array, runs, where)
    if not factors and n_factors is None and called is not None:
        n_factors = len(LEVELS[called])
        n_levels = max(LEVELS[called])
    listed = named_factors(factors, n_factors, where=where, minimum=1, maximum=31)
    if called == "L18" and not factors and n_factors == 8:
        full = [with_levels(factor, 3 if index else 2) for index, factor in enumerate(listed)]
    else:
        full = [with_levels(factor, n_levels) for factor in listed]
    wanted = [len(factor.levels) for factor in full]
    name = called or _smallest(wanted, where)
    columns = columns_for(name, wanted, where)
    matrix = orthogonal_array(name)
    check_size(len(matrix) * replicates, where)
    used = matrix[:, [column - 1 for column in columns]]
    refuse_unless(
        level_pairs_are_balanced(matrix.T.tolist()), "balance of every pair of array columns"
    )
    points = repeated(Points.of(coded_rows(full, used - 1), "array"), replicates)
    natural = natural_rows(full, points.coded)
    equal = len(set(wanted)) == 1
    return Taguchi(
        method=(
            f"Taguchi array {name}, factors on columns {', '.join(map(str, columns))}; "
            f"{order_in_words(randomize, seed)}"
        ),
        **assemble(
            "taguchi",
            [as_range(factor) for factor in full],
            points,
            replicates=replicates,
            randomize=randomize,
            seed=seed,
            natural=natural,
        ),
        array=name,
        levels=wanted[0] if equal else wanted,
        distinct_runs=len(matrix),
        columns_used=columns,
        array_columns=matrix.shape[1],
        level_matrix=np.tile(used, (replicates, 1)).tolist(),
        orthogonal=True,
        warnings=[
            "main effects are confused with interactions; confirm the best setting with extra runs"
        ],
    )


@taguchi.narrates
def _narrate(result: Taguchi) -> Narrative:
    return design_narrative(
        result,
        "The array {{array}} holds {{factor_names}} in {{runs}} runs.",
        ["The factors take the columns {{columns_used}} of {{array_columns}}."],
        [("array", "{{array}}"), ("levels", "{{levels}}")],
    )


@taguchi.verifies
def _recompute(result: Taguchi, **_: object) -> list[Recomputed]:
    counts = [
        len({tuple(pair) for pair in np.array(result.level_matrix)[:, [i, j]].tolist()})
        for i in range(result.n_factors)
        for j in range(i)
    ]
    sizes = [len(set(column)) for column in zip(*result.level_matrix, strict=True)]
    expected = sum(sizes[i] * sizes[j] for i in range(len(sizes)) for j in range(i))
    return [
        *recount(result),
        Recomputed(
            name="pairs of levels",
            value=float(expected),
            recomputed=float(sum(counts)),
            route="distinct pairs of levels in the array",
        ),
    ]


def _array_of(array: str | None, runs: int | None, where: str) -> str | None:
    """The array by its name or its number of runs."""
    if runs is None or array == f"L{runs}":
        return array
    if array is not None:
        raise InputError(
            f"{array} does not have {runs} runs", where=where, remedy="give exactly one of them"
        )
    if f"L{runs}" not in LEVELS:
        raise InputError(
            f"no standard array has {runs} runs",
            where=f"{where} runs",
            remedy=f"use one of {', '.join(name[1:] for name in LEVELS)}",
        )
    return f"L{runs}"


def _smallest(wanted: list[int], where: str) -> str:
    for name in LEVELS:
        if _places(name, wanted) is not None:
            return name
    raise InputError(
        f"no standard array holds factors with {', '.join(map(str, wanted[:8]))} levels",
        where=where,
        remedy="use two, three or five levels for all factors (L18 takes one with two), or "
        "full_factorial",
    )


def columns_for(name: str, wanted: list[int], where: str) -> list[int]:
    """Column (from 1) of every factor. Raises InputError if the array does not hold them."""
    places = _places(name, wanted)
    if places is None:
        described = " and ".join(
            f"{LEVELS[name].count(level)} with {level} levels"
            for level in sorted(set(LEVELS[name]))
        )
        raise InputError(
            f"{name} cannot hold {len(wanted)} factors with "
            f"{', '.join(map(str, wanted[:8]))} levels",
            where=f"{where} array",
            remedy=f"it has columns for {described}; choose another array",
        )
    return places


def _places(name: str, wanted: list[int]) -> list[int] | None:
    """Column (from 1) of every factor, or None if the array does not hold them."""
    offered = LEVELS[name]
    if any(wanted.count(level) > offered.count(level) for level in set(wanted)):
        return None
    runs = len(offered) + 1
    if set(offered) == {2} and runs & (runs - 1) == 0:
        # A regular array: column j is the product of the basic columns in the bits of j.
        basic = runs.bit_length() - 1
        if len(wanted) <= basic:
            return [1 << bit for bit in range(len(wanted))]
        return fraction_columns(len(wanted), basic)
    free = {
        level: [i + 1 for i, own in enumerate(offered) if own == level] for level in set(wanted)
    }
    return [free[level].pop(0) for level in wanted]
