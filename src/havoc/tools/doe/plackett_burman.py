"""Plackett-Burman designs: up to N - 1 two-level factors in N runs, N a multiple of 4.

Sizes with a published first row are built by shifting it; the others from
Hadamard matrices by Paley's second construction or by doubling.

Source: R. L. Plackett and J. P. Burman, The Design of Optimum Multifactorial
Experiments, Biometrika 33 (1946) 305-325; NIST/SEMATECH e-Handbook 5.3.3.5.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.doe.design import (
    CenterPoints,
    Design,
    Points,
    Randomize,
    Replicates,
    assemble,
    check_size,
    design_narrative,
    in_block_order,
    is_balanced,
    is_orthogonal,
    middle_rows,
    order_in_words,
    recount,
    refuse_unless,
    repeated,
)
from havoc.tools.doe.factors import FactorCount, Factors, named_factors, two_level
from havoc.tools.parameters import FloatArray, Seed
from havoc.tools.result import Narrative, Recomputed

FIRST_ROWS = {
    4: "++-",
    8: "+++-+--",
    12: "++-+++---+-",
    16: "++++-+-++--+---",
    20: "++--++++-+-+----++-",
    24: "+++++-+-++--++--+-+----",
    32: "----+-+-+++-++---+++++--++-+--+",
    36: "-+-+++---+++++-+++--+----+-+-++--+-",
    44: "++--+-+--+++-+++++---+-+++-----+---++-+-++-",
    48: "+++++-++++--+-+-+++--+--++-++---+-+-++----+----",
}
PALEY_PRIME = {28: 13, 60: 29, 76: 37}
MAX_RUNS = 96
SIZES = [
    size
    for size in range(4, MAX_RUNS + 1, 4)
    if size in FIRST_ROWS or size in PALEY_PRIME or size in (40, 56, 64, 72, 88, 96)
]


class PlackettBurman(Design):
    """``dummy_columns`` carry no factor and estimate the error; ``dummy_coded`` are their rows.

    ``first_row_generator`` is the row that is shifted (empty where the design is not cyclic).
    """

    distinct_runs: int
    orthogonal: bool
    column_sum: int
    first_row_generator: list[int]
    dummy_columns: int
    dummy_coded: list[list[float]]
    foldover: bool
    resolution: int
    resolution_roman: str
    construction: str


@tool(
    "plackett_burman",
    title="Plackett-Burman screening design",
    source="Plackett & Burman (1946), Biometrika 33, 305; NIST/SEMATECH e-Handbook 5.3.3.5",
)
def plackett_burman(
    factors: Factors = [],  # noqa: B006
    n_factors: FactorCount = None,
    runs: Annotated[int, Meta(ge=4, description="runs, a multiple of 4")] | None = None,
    foldover: Annotated[
        bool, Meta(description="add the mirror image, which clears main effects")
    ] = False,
    center_points: CenterPoints = 0,
    replicates: Replicates = 1,
    randomize: Randomize = True,
    seed: Seed = 1,
) -> PlackettBurman:
    """Which runs screen many two-level factors for main effects only?

    Use it to find the few important of many factors in few runs; only main
    effects are estimated, and each is partially aliased with two-factor
    interactions. A fold-over doubles the runs and clears the main effects.
    Unused columns are dummies that estimate the error. Assumes that interactions
    are small beside the main effects. Coded -1 is low, +1 high.
    """
    where = "plackett_burman"
    if not factors and n_factors is None and runs is not None:
        n_factors = runs - 1
    given = named_factors(factors, n_factors, where=where, minimum=2, maximum=MAX_RUNS - 1)
    listed = two_level(given, where)
    k = len(listed)
    size = _size(k, runs, where)
    matrix, construction = _matrix(size)
    rows = np.vstack([matrix, -matrix]) if foldover else matrix
    check_size(len(rows) * replicates + center_points, where)
    points = Points.of(rows[:, :k], "factorial")
    if foldover:
        points.blocks = [1] * size + [2] * size
    points = repeated(points, replicates)
    corners = points.coded
    blocks = 2 if foldover else 1
    points = in_block_order(points + middle_rows(listed, center_points, blocks, where))
    refuse_unless(len(corners) == len(rows) * replicates, "number of runs")
    refuse_unless(points.types.count("center") == center_points, "number of centre points")
    refuse_unless(is_balanced(rows) and is_orthogonal(rows), "balance and orthogonality")
    refuse_unless(bool(np.all(np.abs(corners) == 1)), "two levels")
    row = FIRST_ROWS.get(size, "")
    resolution = 4 if foldover else 3
    warnings = []
    if not foldover:
        warnings.append(
            "resolution III: main effects are aliased with two-factor interactions; confirm what "
            "it finds, or fold it over"
        )
    if k == size - 1 and replicates == 1 and not center_points:
        warnings.append("every column carries a factor, so nothing is left to estimate the error")
    return PlackettBurman(
        method=(
            f"Plackett-Burman design of {size} runs, {construction}"
            f"{', folded over' if foldover else ''}; coded -1 low, +1 high; "
            f"{order_in_words(randomize, seed, blocks)}"
        ),
        **assemble(
            "plackett_burman",
            listed,
            points,
            replicates=replicates,
            randomize=randomize,
            seed=seed,
        ),
        distinct_runs=len(rows),
        orthogonal=is_orthogonal(points.coded),
        column_sum=int(np.abs(points.coded.sum(axis=0)).max()),
        first_row_generator=[1 if sign == "+" else -1 for sign in row],
        dummy_columns=size - 1 - k,
        dummy_coded=rows[:, k:].tolist(),
        foldover=foldover,
        resolution=resolution,
        resolution_roman="IV" if foldover else "III",
        construction=construction,
        warnings=warnings,
    )


@plackett_burman.narrates
def _narrate(result: PlackettBurman) -> Narrative:
    details = [
        "Main effects are clear of two-factor interactions, which are aliased with each other."
        if result.foldover
        else "It estimates main effects only; two-factor interactions are partly aliased with them."
    ]
    if result.dummy_columns:
        details.append("Unused columns that estimate the error: {{dummy_columns}}.")
    return design_narrative(
        result,
        "The Plackett-Burman design screens {{n_factors}} factors in {{runs}} runs.",
        details,
        [("resolution", "{{resolution_roman}}"), ("unused columns", "{{dummy_columns}}")],
    )


@plackett_burman.verifies
def _recompute(result: PlackettBurman, **_: object) -> list[Recomputed]:
    rows = np.array(result.coded)
    products = rows.T @ rows
    largest = float(np.abs(products - np.diag(np.diag(products))).max())
    return [
        *recount(result),
        Recomputed(
            name="column_sum",
            value=result.column_sum,
            recomputed=float(np.abs(np.ones(len(rows)) @ rows).max()),
            route="ones times X",
        ),
        Recomputed(
            name="orthogonal",
            value=0.0 if result.orthogonal else 1.0,
            recomputed=0.0 if largest == 0 else 1.0,
            route="largest off-diagonal element of X'X",
        ),
    ]


def published_matrix(runs: int, n_factors: int, where: str) -> FloatArray:
    """The coded design of ``runs`` runs in standard order, all N - 1 columns."""
    return _matrix(_size(n_factors, runs, where))[0]


def _size(k: int, runs: int | None, where: str) -> int:
    if runs is None:
        return next(size for size in SIZES if size > k)
    if runs % 4 or runs not in SIZES:
        near = [size for size in SIZES if size > max(k, runs - 8)][:2]
        what = "is not a multiple of 4" if runs % 4 else "is not available"
        raise InputError(
            f"{runs} runs: the number {what}",
            where=f"{where} runs",
            remedy="use " + " or ".join(map(str, near)) if near else f"use at most {MAX_RUNS}",
        )
    if runs <= k:
        raise InputError(
            f"{runs} runs cannot hold {k} factors",
            where=f"{where} runs",
            remedy=f"use at least {next(size for size in SIZES if size > k)} runs",
        )
    return runs


def _matrix(size: int) -> tuple[FloatArray, str]:
    """The N x (N - 1) design and how it was built."""
    if size in FIRST_ROWS:
        row = np.array([1.0 if sign == "+" else -1.0 for sign in FIRST_ROWS[size]])
        # A row with one more minus than plus is completed by a row of plus signs.
        last = -np.sign(row.sum()) * np.ones(size - 1)
        shifted = [np.roll(row, shift) for shift in range(size - 1)]
        return np.vstack([*shifted, last]), "cyclic shifts of the published first row"
    if size in PALEY_PRIME:
        return _without_first_column(_paley_second(PALEY_PRIME[size])), "Paley's construction"
    half, construction = _matrix(size // 2)
    hadamard = np.column_stack([np.ones(size // 2), half])
    doubled = np.block([[hadamard, hadamard], [hadamard, -hadamard]])
    return doubled[:, 1:], f"doubled from {size // 2} runs ({construction})"


def _paley_second(prime: int) -> FloatArray:
    """Hadamard matrix of order 2 (q + 1) from the quadratic residues of q = 1 (mod 4)."""
    residues = {value * value % prime for value in range(1, prime)}
    difference = (np.arange(prime)[:, None] - np.arange(prime)) % prime
    jacobsthal = np.where(np.isin(difference, list(residues)), 1.0, -1.0)
    np.fill_diagonal(jacobsthal, 0.0)
    conference = np.ones((prime + 1, prime + 1))
    conference[0, 0] = 0.0
    conference[1:, 1:] = jacobsthal
    identity = np.eye(prime + 1)
    return np.kron(conference, [[1.0, 1.0], [1.0, -1.0]]) + np.kron(
        identity, [[1.0, -1.0], [-1.0, -1.0]]
    )


def _without_first_column(hadamard: FloatArray) -> FloatArray:
    """Rows signed so that the first column is +1, which is then dropped."""
    return (hadamard * hadamard[:, :1])[:, 1:]
