"""Latin squares: one treatment factor, two blocking factors, each as many levels.

Source: R. A. Fisher, The Design of Experiments (1935); NIST/SEMATECH e-Handbook
5.3.3.2.1; Graeco-Latin squares 5.3.3.2.2.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.doe.design import (
    Design,
    Points,
    Randomize,
    assemble,
    level_pairs_are_balanced,
    recount,
    refuse_unless,
)
from havoc.tools.doe.factors import LETTERS, Factor
from havoc.tools.doe.levels import IntArray, coded_rows, natural_rows
from havoc.tools.parameters import Seed
from havoc.tools.result import Narrative, Recomputed

# Products with a root of these polynomials modulo two make a second square of four, eight, …
_POLYNOMIALS = {4: 0b111, 8: 0b1011, 16: 0b10011, 32: 0b100101}


class LatinSquare(Design):
    """``square`` has one row a level of the first blocking factor; each treatment stands once in
    every row and column. ``second_square`` holds the second treatments, if any."""

    size: int
    square: list[list[str]]
    second_square: list[list[str]] | None = None


Labels = list[str | float]


@tool(
    "latin_square",
    title="Latin square design",
    source="NIST/SEMATECH e-Handbook 5.3.3.2.1",
)
def latin_square(
    size: Annotated[int, Meta(ge=3, le=50, description="number of treatments")] | None = None,
    treatments: Annotated[Labels, Meta(description="names of the treatments")] = [],  # noqa: B006
    rows: Annotated[Labels, Meta(description="levels of the first nuisance factor")] = [],  # noqa: B006
    columns: Annotated[Labels, Meta(description="levels of the second nuisance factor")] = [],  # noqa: B006
    treatments2: Annotated[
        Labels, Meta(description="second treatments, for a Graeco-Latin square")
    ] = [],  # noqa: B006
    treatment_name: str = "treatment",
    row_name: str = "row",
    column_name: str = "column",
    randomize: Randomize = True,
    seed: Seed = 1,
) -> LatinSquare:
    """Which treatment is run where, when two nuisance factors must be balanced out?

    Use it for one treatment factor and two blocking factors with equally many
    levels (operators and days, machines and batches). Assumes that treatment
    and blocks do not interact. A second list of treatments makes it a
    Graeco-Latin square (odd sizes and multiples of four).
    """
    where = "latin_square"
    given = {"treatments": treatments, "rows": rows, "columns": columns, "treatments2": treatments2}
    n = _size(size, given, where)
    graeco = bool(treatments2)
    if graeco and n % 4 == 2:
        raise InputError(
            f"a Graeco-Latin square of {n} " + ("does not exist" if n == 6 else "is not built"),
            where=f"{where} treatments2",
            remedy="use an odd number of treatments or a multiple of four",
        )
    base, second = _squares(n, graeco)
    generator = np.random.default_rng(seed)
    if randomize:
        order_rows, order_columns = generator.permutation(n), generator.permutation(n)
        base = base[order_rows][:, order_columns]
        relabel = generator.permutation(n)
        base = relabel[base]
        second = second[order_rows][:, order_columns]
    names = [_labels(treatments, [str(letter) for letter in LETTERS[:n]])]
    factor_names = [treatment_name, row_name, column_name]
    levels = [names[0], _labels(rows, _numbers(n)), _labels(columns, _numbers(n))]
    grid_row, grid_column = (index.ravel() for index in np.indices((n, n)))
    settings = [base.ravel(), grid_row, grid_column]
    if graeco:
        factor_names.append(f"second {treatment_name}")
        levels.append(_labels(treatments2, []))
        settings.append(second.ravel())
    refuse_unless(
        level_pairs_are_balanced([column.tolist() for column in settings]),
        "each treatment once in every row and column",
    )
    factors = [
        Factor(name=name, levels=list(labels))
        for name, labels in zip(factor_names, levels, strict=True)
    ]
    combinations: IntArray = np.column_stack(settings)
    coded = coded_rows(factors, combinations)
    points = Points.of(coded, "cell")
    how = f"rows, columns and treatments randomised with seed {seed}" if randomize else "cyclic"
    return LatinSquare(
        method=f"{'Graeco-Latin' if graeco else 'Latin'} square of {n}, {how}",
        **assemble(
            "latin_square",
            factors,
            points,
            replicates=1,
            randomize=False,
            seed=seed,
            natural=natural_rows(factors, coded),
        ),
        size=n,
        square=[[levels[0][value] for value in row] for row in base.tolist()],
        second_square=(
            [[levels[3][value] for value in row] for row in second.tolist()] if graeco else None
        ),
        warnings=["the analysis assumes that treatments and blocks do not interact"],
    )


@latin_square.narrates
def _narrate(result: LatinSquare) -> Narrative:
    return Narrative(
        conclusion=(
            "The Latin square takes {{runs}} runs: each of the {{size}} treatments once in every "
            "row and once in every column."
        ),
        details=[
            f"Row {{{{natural.{index * result.size}.1}}}}: {{{{square.{index}}}}}."
            for index in range(min(result.size, 12))
        ],
        key_figures=[("runs", "{{runs}}"), ("treatments", "{{size}}")],
    )


@latin_square.verifies
def _recompute(result: LatinSquare, **_: object) -> list[Recomputed]:
    rows_complete = sum(len(set(row)) for row in result.square)
    columns_complete = sum(len(set(column)) for column in zip(*result.square, strict=True))
    return [
        *recount(result),
        Recomputed(
            name="treatments a row",
            value=float(result.size**2),
            recomputed=float(rows_complete),
            route="distinct treatments in each row",
        ),
        Recomputed(
            name="treatments a column",
            value=float(result.size**2),
            recomputed=float(columns_complete),
            route="distinct treatments in each column",
        ),
    ]


def _size(size: int | None, given: dict[str, Labels], where: str) -> int:
    lengths = {name: len(labels) for name, labels in given.items() if labels}
    n = size if size is not None else next(iter(lengths.values()), None)
    if n is None:
        raise InputError("no size given", where=where, remedy="give size or the treatments")
    for name, length in lengths.items():
        if length != n:
            raise InputError(
                f"{length} {name} but the square is {n} by {n}",
                where=f"{where} {name}",
                remedy="a Latin square needs as many rows and columns as treatments",
            )
        if len(set(map(str, given[name]))) != length:
            raise InputError(
                f"two {name} have the same name", where=f"{where} {name}", remedy="rename one"
            )
    if not 3 <= n <= 50:
        raise InputError(
            f"a Latin square of {n} is not useful", where=where, remedy="use 3 to 50 treatments"
        )
    return n


def _squares(n: int, graeco: bool) -> tuple[IntArray, IntArray]:
    """Two Latin squares, orthogonal to each other where a Graeco-Latin square is wanted.

    An even size is a power of two times an odd number: the squares of both, one within the
    other (MacNeish).
    """
    row, column = np.indices((n, n))
    if not graeco or n % 2:
        return (row + column) % n, (row - column) % n
    power = n & -n
    odd = n // power
    inner_row, inner_column = row % power, column % power
    outer_row, outer_column = row // power, column // power
    first = (inner_row ^ inner_column) + power * ((outer_row + outer_column) % odd)
    second = (_doubled(power)[inner_row] ^ inner_column) + power * (
        (outer_row - outer_column) % odd
    )
    return first, second


def _doubled(size: int) -> IntArray:
    """Each element of the field of ``size`` times its root."""
    twice = 2 * np.arange(size)
    return np.where(twice >= size, twice ^ _POLYNOMIALS[size], twice)


def _labels(given: Labels, default: list[str]) -> list[str]:
    if not given:
        return default
    return [label if isinstance(label, str) else f"{label:g}" for label in given]


def _numbers(n: int) -> list[str]:
    return [str(number) for number in range(1, n + 1)]
