"""Central composite designs: a two-level core, axial (star) runs and centre points.

The axial distance decides what kind of design it is: rotatable
alpha = F^(1/4); orthogonal quadratics alpha^2 = (sqrt(F N) - F) / 2 (for runs
that are not replicated, F core runs of N); face-centred 1; inscribed: rotatable
shrunk into the range.

Sources: Box & Hunter (1957), Annals of Mathematical Statistics 28, 195;
NIST/SEMATECH e-Handbook 5.3.3.6.1 and 5.3.3.6.3 (centre points); Myers,
Montgomery & Anderson-Cook, Response Surface Methodology, section 8.4.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.doe.aberration import fraction_columns, two_level_rows
from havoc.tools.doe.confounding import choose_block_columns
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
    shares,
)
from havoc.tools.doe.factors import (
    Factor,
    FactorCount,
    Factors,
    continuous,
    named_factors,
    natural_value,
)
from havoc.tools.doe.quadratic import second_order_columns
from havoc.tools.parameters import FloatArray, Seed
from havoc.tools.result import Narrative, Recomputed

AlphaType = Annotated[
    Literal[
        "rotatable",
        "orthogonal",
        "orthogonal_blocks",
        "face_centered",
        "inscribed",
        "spherical",
        "custom",
        "circumscribed",
        "face",
    ],
    Meta(
        description="where the axial points sit; circumscribed means rotatable, face means "
        "face_centered, custom takes alpha"
    ),
]
SYNONYMS = {"circumscribed": "rotatable", "face": "face_centered"}

# Basic runs (log2) of the smallest fraction of resolution V or more.
FRACTION_OF_RESOLUTION_V = {5: 4, 6: 5, 7: 6, 8: 6, 9: 7, 10: 7, 11: 7}
# NIST table 5.3.3.6.3 up to six factors, the uniform-precision numbers of Box & Hunter beyond.
CENTER_POINTS_FULL = {2: 5, 3: 6, 4: 6, 5: 10, 6: 15, 7: 21, 8: 28}
CENTER_POINTS_FRACTION = {5: 7, 6: 10, 7: 14, 8: 20}


class CentralComposite(Design):
    """``alpha`` is the axial distance in units of the factorial distance.

    ``axial`` and ``factorial_coordinate`` are the coded positions of both kinds of points: alpha
    and one, except in an inscribed design, where the axial points sit at the ends of the range.
    """

    alpha: float
    alpha_type: str
    axial: float
    factorial_coordinate: float
    core: str
    factorial_runs: int
    axial_runs: int
    center_runs: int
    n_coefficients: int
    rotatable: bool
    orthogonal_quadratics: bool
    blocks_orthogonal: bool


@tool(
    "central_composite",
    title="Central composite design",
    source="Box & Hunter (1957), Ann. Math. Stat. 28, 195; NIST/SEMATECH e-Handbook 5.3.3.6.1",
)
def central_composite(
    factors: Factors = [],  # noqa: B006
    n_factors: FactorCount = None,
    alpha_type: AlphaType = "rotatable",
    alpha: Annotated[float, Meta(gt=0, le=100, description="axial distance for custom")]
    | None = None,
    core: Annotated[
        Literal["auto", "full", "fractional"],
        Meta(description="factorial part; auto is full up to five factors"),
    ] = "auto",
    center_points: CenterPoints | None = None,
    replicates: Replicates = 1,
    blocks: Blocks = 1,
    randomize: Randomize = True,
    seed: Seed = 1,
) -> CentralComposite:
    """Which runs fit a second-order model, starting from a two-level factorial?

    Use it for two or more numeric factors to find an optimum, in particular
    when a two-level factorial with centre points has shown curvature. low and
    high are the factorial points (coded -1 and +1); the axial points lie
    outside them at alpha, except in the face-centred and the inscribed design,
    which stay inside. Two or more blocks: the factorial part in all but the
    last block, the axial part in the last. Assumes a quadratic response and that
    the axial settings can be run.
    """
    where = "central_composite"
    given = named_factors(factors, n_factors, where=where, minimum=2, maximum=11)
    listed = continuous(given, where)
    k = len(listed)
    kind = SYNONYMS.get(alpha_type, alpha_type)
    if kind == "custom" and alpha is None:
        raise InputError(
            "alpha is missing", where=f"{where} alpha", remedy="give the axial distance"
        )
    if kind == "face_centered" and alpha not in (None, 1.0):
        raise InputError(
            f"alpha is {alpha:g}, but a face-centred design has alpha 1",
            where=f"{where} alpha",
            remedy="leave alpha or alpha_type out",
        )
    asked = kind
    if alpha is not None and kind not in ("face_centered", "inscribed"):
        kind = "custom"
    fractional = core == "fractional" or (core == "auto" and k > 5)
    columns = _core_columns(k, fractional)
    basic = max(column.bit_length() for column in columns)
    factorial_runs = (1 << basic) * replicates
    axial_runs = 2 * k * replicates
    centers = _center_points(k, fractional, center_points)
    check_size(factorial_runs + axial_runs + centers, where)
    cube_blocks = max(blocks - 1, 1)
    in_block = shares(centers, blocks)
    distance = _alpha(
        kind, alpha, k, factorial_runs, replicates, centers, in_block[-1] if blocks > 1 else centers
    )
    cube = _cube(columns, basic, cube_blocks, replicates)
    star = repeated(_star(k, distance, blocks), replicates)
    points = _with_centers(cube, star, in_block, k)
    if kind == "inscribed":
        points.coded = points.coded / distance
    axial = 1.0 if kind == "inscribed" else distance
    corner = 1.0 / distance if kind == "inscribed" else 1.0
    model = second_order_columns(points.coded)
    blocks_orthogonal = blocks_are_orthogonal(model[:, 1:], points.blocks)
    rotatable = _is_rotatable(points.coded)
    orthogonal_quadratics = _quadratics_are_orthogonal(points.coded)
    _verify(points, kind if alpha is None else "custom", factorial_runs, axial_runs, centers)
    names = {"full": "full factorial", "fractional": "fraction of resolution V or more"}
    core_name = "fractional" if fractional else "full"
    return CentralComposite(
        method=(
            f"central composite design, {kind.replace('_', '-')} axial distance, "
            f"{names[core_name]} core; coded -1 is low, +1 is high; "
            f"{order_in_words(randomize, seed, blocks)}"
        ),
        **assemble(
            "central_composite",
            listed,
            points,
            replicates=replicates,
            randomize=randomize,
            seed=seed,
        ),
        alpha=distance,
        alpha_type=kind,
        axial=axial,
        factorial_coordinate=corner,
        core=core_name,
        factorial_runs=factorial_runs,
        axial_runs=axial_runs,
        center_runs=centers,
        n_coefficients=model.shape[1],
        rotatable=rotatable,
        orthogonal_quadratics=orthogonal_quadratics,
        blocks_orthogonal=blocks_orthogonal,
        warnings=[
            *_warnings(listed, axial, centers, blocks, blocks_orthogonal, model),
            *(
                [f"alpha {distance:g} as given makes neither the quadratics nor blocks orthogonal"]
                if asked.startswith("orthogonal")
                and not orthogonal_quadratics
                and (blocks == 1 or not blocks_orthogonal)
                else []
            ),
        ],
    )


@central_composite.narrates
def _narrate(result: CentralComposite) -> Narrative:
    details = []
    if result.alpha_type == "inscribed":
        details.append(
            "The axial points sit at the ends of the ranges and the factorial points inside, at "
            "coded {{factorial_coordinate}}."
        )
    elif result.alpha > 1:
        details.append(
            "The axial points lie outside the low and high settings, at coded {{axial}}: check "
            "that these settings can be run."
        )
    if result.n_blocks > 1:
        details.append(
            "The blocks are orthogonal to the model."
            if result.blocks_orthogonal
            else "The blocks are not orthogonal to the model, so fit it with a block term."
        )
    return design_narrative(
        result,
        "The central composite design in {{factor_names}} takes {{runs}} runs: "
        "{{factorial_runs}} factorial, {{axial_runs}} axial at alpha {{alpha}}, and "
        "{{center_runs}} centre points.",
        details,
        [
            ("alpha", "{{alpha}}"),
            ("factorial runs", "{{factorial_runs}}"),
            ("axial runs", "{{axial_runs}}"),
        ],
    )


@central_composite.verifies
def _recompute(result: CentralComposite, **_: object) -> list[Recomputed]:
    rows = np.array(result.coded)
    axial = [row for row in rows if np.count_nonzero(row) == 1]
    corners = [row for row in rows if np.count_nonzero(row) > 1]
    return [
        *recount(result),
        Recomputed(
            name="axial_runs",
            value=result.axial_runs,
            recomputed=float(len(axial)),
            route="rows with one factor off the centre",
        ),
        Recomputed(
            name="alpha",
            value=result.alpha,
            recomputed=float(np.abs(axial).max() / np.abs(corners).max()),
            route="ratio of axial to factorial distance in the design",
        ),
    ]


def _core_columns(k: int, fractional: bool) -> list[int]:
    if not fractional:
        check_size(1 << k, "central_composite")
        return [1 << bit for bit in range(k)]
    if k not in FRACTION_OF_RESOLUTION_V:
        raise InputError(
            f"{k} factors have no fraction of resolution V as core",
            where="central_composite core",
            remedy="use core full",
        )
    return fraction_columns(k, FRACTION_OF_RESOLUTION_V[k])


def _center_points(k: int, fractional: bool, given: int | None) -> int:
    if given is not None:
        return given
    return (CENTER_POINTS_FRACTION if fractional else CENTER_POINTS_FULL).get(k, 20)


def _alpha(
    kind: str,
    given: float | None,
    k: int,
    factorial_runs: int,
    replicates: int,
    centers: int,
    axial_centers: int,
) -> float:
    """Axial distance; F core runs, each axial point ``replicates`` times, N runs in all."""
    axial_runs = 2 * k * replicates
    total = factorial_runs + axial_runs + centers
    if given is not None:
        return given
    if kind in ("rotatable", "inscribed"):
        # [iiii] = 3 [iijj]:  F + 2 r alpha^4 = 3 F.
        return math.sqrt(math.sqrt(factorial_runs / replicates))
    if kind == "orthogonal":
        # Centred squares are orthogonal: F = (F + 2 r alpha^2)^2 / N.
        square = (math.sqrt(factorial_runs * total) - factorial_runs) / (2 * replicates)
        return math.sqrt(square)
    if kind == "orthogonal_blocks":
        # Equal mean squares in both parts: F / (F + nc) = 2 r alpha^2 / (2 k r + na).
        core_centers = centers - axial_centers
        axial_part = axial_runs + axial_centers
        core_part = factorial_runs + core_centers
        return math.sqrt(factorial_runs * axial_part / (2 * replicates * core_part))
    if kind == "face_centered":
        return 1.0
    return math.sqrt(k)


def _cube(columns: list[int], basic: int, blocks: int, replicates: int) -> Points:
    rows = two_level_rows(columns, [1] * len(columns), basic)
    points = Points.of(rows, "factorial")
    if blocks > 1:
        power = blocks.bit_length() - 1
        if blocks != 1 << power or power >= basic:
            raise InputError(
                f"the factorial part cannot be split into {blocks} blocks",
                where="central_composite blocks",
                remedy="use 2, 3 or 5 blocks in all: the last one holds the axial runs",
            )
        chosen = choose_block_columns(columns, basic, power)
        if chosen.two_factor_interactions:
            raise InputError(
                f"{blocks} blocks of the factorial part would be confounded with two-factor "
                "interactions",
                where="central_composite blocks",
                remedy="use fewer blocks",
            )
        points.blocks = chosen.block_of_run
    return repeated(points, replicates)


def _star(k: int, alpha: float, block: int) -> Points:
    rows = np.zeros((2 * k, k))
    for factor in range(k):
        rows[2 * factor, factor], rows[2 * factor + 1, factor] = -alpha, alpha
    return Points.of(rows, "axial", block)


def _with_centers(cube: Points, star: Points, in_block: list[int], k: int) -> Points:
    """Factorial, axial and centre points, block by block."""
    if len(in_block) == 1:
        return cube + star + center_rows(in_block[0], k)
    labels = np.asarray(cube.blocks)
    parts = []
    for block, centers in enumerate(in_block, 1):
        last = block == len(in_block)
        body = star if last else Points.of(cube.coded[labels == block], "factorial", block)
        parts.append(body + center_rows(centers, k, block))
    points = parts[0]
    for part in parts[1:]:
        points = points + part
    return points


def _is_rotatable(coded: FloatArray) -> bool:
    """Fourth moments: [iiii] = 3 [iijj] (odd moments vanish by symmetry)."""
    pure = (coded[:, 0] ** 4).sum()
    mixed = (coded[:, 0] ** 2 * coded[:, 1] ** 2).sum()
    return bool(abs(pure - 3 * mixed) <= 1e-9 * pure)


def _quadratics_are_orthogonal(coded: FloatArray) -> bool:
    squares = coded**2
    return is_orthogonal(squares - squares.mean(axis=0))


def _verify(points: Points, kind: str, factorial_runs: int, axial_runs: int, centers: int) -> None:
    coded = points.coded
    refuse_unless(points.types.count("factorial") == factorial_runs, "number of factorial runs")
    refuse_unless(points.types.count("axial") == axial_runs, "number of axial runs")
    refuse_unless(points.types.count("center") == centers, "number of centre points")
    refuse_unless(is_balanced(coded) and is_orthogonal(coded), "orthogonality")
    k = coded.shape[1]
    interactions = second_order_columns(coded)[:, 1 + k : 1 + k + k * (k - 1) // 2]
    refuse_unless(
        is_orthogonal(np.hstack([coded, interactions])), "two-factor interactions are clear"
    )
    if kind in ("rotatable", "inscribed"):
        refuse_unless(_is_rotatable(coded), "rotatability")
    if kind == "orthogonal":
        refuse_unless(_quadratics_are_orthogonal(coded), "orthogonality of the quadratics")


def _warnings(
    factors: list[Factor],
    axial: float,
    centers: int,
    blocks: int,
    blocks_orthogonal: bool,
    model: FloatArray,
) -> list[str]:
    warnings = []
    for factor in factors:
        below = natural_value(factor, -axial)
        if factor.low is not None and factor.low >= 0 and float(below) < 0:
            warnings.append(
                f"the lower axial setting of {factor.name} is {float(below):g}, below zero: "
                "use an inscribed or face-centred design if that cannot be run"
            )
    if centers < 3:
        warnings.append("fewer than 3 centre points: pure error is poorly estimated")
    if blocks > 1 and not blocks_orthogonal:
        warnings.append(
            "the blocks are not orthogonal to the second-order model; alpha_type "
            "orthogonal_blocks makes them so"
        )
    if np.linalg.matrix_rank(model) < model.shape[1]:
        warnings.append("the second-order model cannot be fitted without centre points")
    return warnings
