"""Box-Behnken designs: three levels, no corners, for a second-order model.

Source: G. E. P. Box and D. W. Behnken, Some New Three Level Designs for the
Study of Quantitative Variables, Technometrics 2 (1960) 455-475; run counts also
in NIST/SEMATECH e-Handbook 5.3.3.6.3.
"""

from __future__ import annotations

import itertools

import numpy as np

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.doe.design import (
    Blocks,
    CenterPoints,
    Design,
    Points,
    Randomize,
    Replicates,
    assemble,
    blocks_are_orthogonal,
    center_rows,
    check_size,
    design_narrative,
    is_balanced,
    is_orthogonal,
    order_in_words,
    recount,
    refuse_unless,
    repeated,
)
from havoc.tools.doe.factors import FactorCount, Factors, continuous, named_factors
from havoc.tools.doe.quadratic import second_order_columns
from havoc.tools.parameters import Seed
from havoc.tools.result import Narrative, Recomputed

# Factors that vary together (1-based) while the others stay in the middle; the inner lists are
# the orthogonal blocks of the paper where it forms them by groups.
GROUPS: dict[int, list[list[tuple[int, ...]]]] = {
    3: [[(1, 2), (1, 3), (2, 3)]],
    4: [[(1, 2), (3, 4)], [(1, 4), (2, 3)], [(1, 3), (2, 4)]],
    5: [
        [(1, 2), (3, 4), (2, 5), (1, 3), (4, 5)],
        [(2, 3), (1, 4), (3, 5), (2, 4), (1, 5)],
    ],
    6: [[(1, 2, 4), (2, 3, 5), (3, 4, 6), (1, 4, 5), (2, 5, 6), (1, 3, 6)]],
    7: [[(4, 5, 6), (1, 6, 7), (2, 5, 7), (1, 2, 4), (3, 4, 7), (1, 3, 5), (2, 3, 6)]],
}
CENTER_POINTS = {3: 3, 4: 3, 5: 6, 6: 6, 7: 6}
BLOCK_CHOICES = {3: (1,), 4: (1, 3), 5: (1, 2), 6: (1, 2), 7: (1, 2)}


class BoxBehnken(Design):
    """``edge_runs`` are the runs off the centre, ``corner_runs`` those with all factors extreme."""

    levels: int
    edge_runs: int
    corner_runs: int
    center_runs: int
    n_coefficients: int
    blocks_orthogonal: bool


@tool(
    "box_behnken",
    title="Box-Behnken design",
    source="Box & Behnken (1960), Technometrics 2, 455; NIST/SEMATECH e-Handbook 5.3.3.6.2",
)
def box_behnken(
    factors: Factors = [],  # noqa: B006
    n_factors: FactorCount = None,
    center_points: CenterPoints | None = None,
    replicates: Replicates = 1,
    blocks: Blocks = 1,
    randomize: Randomize = True,
    seed: Seed = 1,
) -> BoxBehnken:
    """Which runs fit a second-order model without ever setting all factors to their extremes?

    Use it for three to seven numeric factors when corners are dangerous or
    impossible and the range must not be left. Three centre points with three or
    four factors, six with more, unless a number is given. Four factors can be
    run in three orthogonal blocks, five to seven in two. Replicates repeat the
    runs off the centre. Assumes a quadratic response over the range; predictions
    at the corners are extrapolations.
    """
    where = "box_behnken"
    given = named_factors(factors, n_factors, where=where, minimum=3, maximum=7)
    listed = continuous(given, where)
    k = len(listed)
    centers = CENTER_POINTS[k] if center_points is None else center_points
    _check_blocks(k, blocks, centers)
    edge = _edge_points(k, blocks)
    check_size(len(edge.coded) * replicates + centers, where)
    edge = repeated(edge, replicates)
    points = _by_block(edge, centers, blocks, k)
    orthogonal_blocks = blocks_are_orthogonal(
        second_order_columns(points.coded)[:, 1:], points.blocks
    )
    groups = [group for part in GROUPS[k] for group in part]
    expected = len(groups) * 2 ** len(groups[0]) * replicates
    refuse_unless(len(edge.coded) == expected, "number of runs")
    refuse_unless(points.types.count("center") == centers, "number of centre points")
    refuse_unless(is_balanced(points.coded) and is_orthogonal(points.coded), "orthogonality")
    refuse_unless(not np.any(np.all(np.abs(edge.coded) == 1, axis=1)), "no corner is run")
    refuse_unless(orthogonal_blocks, "orthogonality of the blocks")
    model = second_order_columns(points.coded)
    estimable = int(np.linalg.matrix_rank(model)) == model.shape[1]
    refuse_unless(estimable or centers == 0, "every coefficient can be estimated")
    warnings = []
    if centers < 3:
        warnings.append(
            "fewer than 3 centre points: pure error is poorly estimated and the prediction in the "
            "middle is imprecise"
        )
    if not estimable:
        warnings.append("without centre points the second-order model cannot be fitted")
    return BoxBehnken(
        method=(
            f"Box-Behnken design of {k} factors, coded -1 low, 0 middle, +1 high; "
            f"{order_in_words(randomize, seed, blocks)}"
        ),
        **assemble(
            "box_behnken",
            listed,
            points,
            replicates=replicates,
            randomize=randomize,
            seed=seed,
        ),
        levels=3,
        edge_runs=len(edge.coded),
        corner_runs=0,
        center_runs=centers,
        n_coefficients=model.shape[1],
        blocks_orthogonal=orthogonal_blocks,
        warnings=warnings,
    )


@box_behnken.narrates
def _narrate(result: BoxBehnken) -> Narrative:
    return design_narrative(
        result,
        "The Box-Behnken design in {{factor_names}} takes {{runs}} runs: {{edge_runs}} off the "
        "centre and {{center_runs}} centre points, none of them at a corner.",
        ["It fits the second-order model with its {{n_coefficients}} coefficients."],
        [("runs off the centre", "{{edge_runs}}"), ("corner runs", "{{corner_runs}}")],
    )


@box_behnken.verifies
def _recompute(result: BoxBehnken, **_: object) -> list[Recomputed]:
    active = [sum(value != 0 for value in row) for row in result.coded]
    return [
        *recount(result),
        Recomputed(
            name="center_runs",
            value=result.center_runs,
            recomputed=float(active.count(0)),
            route="rows with every factor in the middle",
        ),
        Recomputed(
            name="corner_runs",
            value=result.corner_runs,
            recomputed=float(active.count(result.n_factors)),
            route="rows with every factor at an end",
        ),
    ]


def _check_blocks(k: int, blocks: int, centers: int) -> None:
    choices = BLOCK_CHOICES[k]
    if blocks not in choices:
        allowed = " or ".join(map(str, choices))
        raise InputError(
            f"a Box-Behnken design of {k} factors cannot be run in {blocks} orthogonal blocks",
            where="box_behnken blocks",
            remedy=f"use {allowed}, or a central composite design",
        )
    if centers % blocks:
        raise InputError(
            f"{centers} centre points cannot be shared equally by {blocks} blocks",
            where="box_behnken center_points",
            remedy=f"give a multiple of {blocks}",
        )


def _edge_points(k: int, blocks: int) -> Points:
    rows: list[list[float]] = []
    in_block: list[int] = []
    for part, groups in enumerate(GROUPS[k], 1):
        for group in groups:
            for signs in itertools.product((-1.0, 1.0), repeat=len(group)):
                row = [0.0] * k
                for factor, sign in zip(group, reversed(signs), strict=True):
                    row[factor - 1] = sign
                rows.append(row)
                # Six and seven factors: half replicates by the sign of the triple product.
                half = 1 if np.prod(signs) > 0 else 2
                in_block.append(1 if blocks == 1 else part if len(GROUPS[k]) == blocks else half)
    return Points(coded=np.array(rows), types=["edge"] * len(rows), blocks=in_block)


def _by_block(edge: Points, centers: int, blocks: int, k: int) -> Points:
    labels = np.asarray(edge.blocks)
    parts = [
        Points.of(edge.coded[labels == block], "edge", block)
        + center_rows(centers // blocks, k, block)
        for block in range(1, blocks + 1)
    ]
    points = parts[0]
    for part in parts[1:]:
        points = points + part
    return points
