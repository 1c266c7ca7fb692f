"""Definitive screening designs: main effects and curvature in little more than 2k runs.

Sources: B. Jones and C. J. Nachtsheim, A Class of Three-Level Designs for
Definitive Screening in the Presence of Second-Order Effects, J. Quality
Technology 43 (2011) 1-15, and (2013) 45, 121-129 for two-level factors; Xiao,
Lin and Bai, J. Quality Technology 44 (2012) 2-8 for conference matrices; Jones
and Nachtsheim, Technometrics 58 (2016) 74-83 for blocks.
"""

from __future__ import annotations

import itertools
from typing import Annotated

import numpy as np
from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.doe.conference import ORDERS, conference_matrix
from havoc.tools.doe.design import (
    Blocks,
    Design,
    Points,
    Randomize,
    Replicates,
    assemble,
    blocks_are_orthogonal,
    blocks_of,
    check_size,
    design_narrative,
    in_block_order,
    is_balanced,
    is_orthogonal,
    order_in_words,
    recount,
    refuse_unless,
    repeated,
)
from havoc.tools.doe.factors import Factor, FactorCount, Factors, continuous, named_factors
from havoc.tools.parameters import FloatArray, Seed
from havoc.tools.result import Narrative, Recomputed


class DefinitiveScreening(Design):
    """``conference_order`` is m of the 2m + 1 runs; ``fake_factors`` columns carry no factor and
    estimate the error (``fake_coded`` are their rows). ``orthogonal`` tells that the main effects
    are orthogonal to each other, ``largest_correlation`` how far they are from it, and
    ``main_effects_clear`` that they are clear of all second-order effects."""

    conference_order: int
    fake_factors: int
    fake_coded: list[list[float]]
    orthogonal: bool
    largest_correlation: float
    main_effects_clear: bool
    n_categorical: int
    distinct_runs: int


@tool(
    "definitive_screening",
    title="Definitive screening design",
    source="Jones & Nachtsheim (2011), J. Quality Technology 43, 1; Xiao, Lin & Bai (2012)",
)
def definitive_screening(
    factors: Factors = [],  # noqa: B006
    n_factors: FactorCount = None,
    fake_factors: Annotated[
        int, Meta(ge=0, le=20, description="columns without a factor, each adds two runs")
    ] = 0,
    runs: Annotated[int, Meta(ge=9, description="runs in all, reached by fake factors")]
    | None = None,
    extra_runs: Annotated[
        int, Meta(ge=0, le=40, description="runs beyond the smallest design, two for a fake factor")
    ] = 0,
    extra_center_points: Annotated[
        int, Meta(ge=0, le=100, description="centre points beyond the one of the design")
    ] = 0,
    center_points: Annotated[
        int, Meta(ge=1, le=101, description="centre points in all, those of the design included")
    ]
    | None = None,
    replicates: Replicates = 1,
    blocks: Blocks = 1,
    randomize: Randomize = True,
    seed: Seed = 1,
) -> DefinitiveScreening:
    """Which few runs at three levels show main effects and curvature?

    Use it for four or more factors with numeric ranges of which few matter.
    Main effects are orthogonal to each other and clear of two-factor
    interactions and squares; second-order effects are partly correlated with
    each other. The runs are 2k + 1 for even k and 2k + 3 for odd k. Factors
    with two labels are possible, at a small loss of orthogonality. Fake factors
    give degrees of freedom for the error. Blocks keep each run with its mirror
    image and have a centre run each, so they bias no main effect; squares are
    still estimated. Assumes that few effects are real.
    """
    where = "definitive_screening"
    listed = named_factors(factors, n_factors, where=where, minimum=3, maximum=ORDERS[-1])
    listed = [_checked(factor, where) for factor in listed]
    k = len(listed)
    labels = [index for index, factor in enumerate(listed) if factor.categorical]
    order = _order(k, fake_factors, extra_runs, runs, bool(labels), where)
    matrix = conference_matrix(order)
    refuse_unless(
        bool(np.allclose(matrix.T @ matrix, (order - 1) * np.eye(order))), "conference matrix"
    )
    half = matrix if not labels else _without_zeros(matrix, labels)
    if blocks > order // 2:
        raise InputError(
            f"{blocks} blocks for {order} pairs of mirrored runs leave too few in each",
            where=f"{where} blocks",
            remedy=f"use at most {order // 2} blocks",
        )
    middle = np.zeros(((2 if labels else 1) * blocks, order))
    if labels:
        middle[::2, labels], middle[1::2, labels] = -1.0, 1.0
    if center_points is not None:
        if extra_center_points:
            raise InputError(
                "center_points and extra_center_points are both given",
                where=where,
                remedy="give exactly one of them",
            )
        if center_points < len(middle) or replicates > 1:
            raise InputError(
                f"{center_points} centre points in all, and the design has "
                f"{len(middle) * replicates} of its own",
                where=f"{where} center_points",
                remedy="give more, or extra_center_points",
            )
        extra_center_points = center_points - len(middle)
    full = np.vstack([half, -half, middle])
    coded = full[:, :k]
    kinds = ["screening"] * (2 * order) + ["center"] * len(middle)
    pairs = blocks_of(order, blocks)
    places = [*pairs, *pairs, *blocks_of(len(middle), blocks)]
    check_size(len(full) * replicates + extra_center_points, where)
    points = repeated(Points(coded=coded, types=kinds, blocks=places), replicates)
    if extra_center_points:
        added = np.zeros((extra_center_points, k))
        for row in range(extra_center_points):
            added[row, labels] = -1.0 if row % 2 else 1.0
        shared = Points.of(added, "center")
        shared.blocks = [1 + row % blocks for row in range(extra_center_points)]
        points = points + shared
    fake = np.tile(full[:, k:], (replicates, 1))
    if blocks > 1:
        order_of = np.argsort(points.blocks, kind="stable")
        padded = np.vstack([fake, np.zeros((extra_center_points, fake.shape[1]))])
        fake = padded[order_of]
        points = in_block_order(points)
    refuse_unless(
        blocks == 1
        or extra_center_points > 0
        or blocks_are_orthogonal(points.coded, points.blocks),
        "blocks that bias no main effect",
    )
    clear = _clear_of_second_order(points.coded)
    correlation = _largest_correlation(points.coded)
    refuse_unless(labels != [] or is_orthogonal(coded), "orthogonality of the main effects")
    refuse_unless(is_balanced(coded), "balance")
    refuse_unless(clear or extra_center_points % 2 == 1, "main effects clear of second order")
    warnings = []
    if labels:
        warnings.append(
            "factors with two labels cost a little orthogonality: the main effects are correlated "
            f"by up to {correlation:.3g}"
        )
    if order == k and not extra_center_points and replicates == 1:
        warnings.append(
            "no fake factors: if several effects are real, too little is left to estimate the error"
        )
    if k < 5:
        warnings.append("with fewer than five factors a central composite design shows more")
    return DefinitiveScreening(
        method=(
            f"definitive screening design from the conference matrix of order {order}, folded "
            f"over; coded -1 low, 0 middle, +1 high; {order_in_words(randomize, seed, blocks)}"
        ),
        **assemble(
            "definitive_screening",
            listed,
            points,
            replicates=replicates,
            randomize=randomize,
            seed=seed,
        ),
        conference_order=order,
        fake_factors=order - k,
        fake_coded=fake.tolist(),
        orthogonal=is_orthogonal(points.coded),
        largest_correlation=correlation,
        main_effects_clear=clear,
        n_categorical=len(labels),
        distinct_runs=len(np.unique(coded, axis=0)),
        warnings=warnings,
    )


@definitive_screening.narrates
def _narrate(result: DefinitiveScreening) -> Narrative:
    details = ["Main effects are clear of two-factor interactions and squares."]
    if result.fake_factors:
        details.append(
            "Columns without a factor (fake factors) that estimate the error: {{fake_factors}}."
        )
    return design_narrative(
        result,
        "The definitive screening design of {{factor_names}} takes {{runs}} runs at three levels.",
        details,
        [("fake factors", "{{fake_factors}}"), ("order", "{{conference_order}}")],
    )


@definitive_screening.verifies
def _recompute(result: DefinitiveScreening, **_: object) -> list[Recomputed]:
    """Largest inner product of a main effect with a second-order effect, by plain sums."""
    columns = list(zip(*result.coded, strict=True))[:12]
    worst = max(
        abs(sum(a * b * c for a, b, c in zip(columns[i], columns[j], columns[m], strict=True)))
        for i in range(len(columns))
        for j in range(len(columns))
        for m in range(j, len(columns))
    )
    return [
        *recount(result),
        Recomputed(
            name="main_effects_clear",
            value=float(result.main_effects_clear),
            recomputed=float(worst < 1e-9),
            route="sums of products of three columns",
        ),
    ]


def _checked(factor: Factor, where: str) -> Factor:
    if factor.categorical:
        if len(factor.levels) != 2:
            raise InputError(
                f"{len(factor.levels)} labels, but this design takes 2",
                where=f"{where} factor {factor.name}",
                remedy="keep two labels, or use d_optimal",
            )
        return factor
    return continuous([factor], where)[0]


def _order(k: int, fake: int, extra: int, runs: int | None, labels: bool, where: str) -> int:
    """Order of the conference matrix: room for the factors and the fake ones."""
    smallest = next(order for order in ORDERS if order >= k)
    middle = 2 if labels else 1
    if runs is not None:
        order, odd = divmod(runs - middle, 2)
        if odd or order not in ORDERS or order < k:
            possible = ", ".join(
                str(2 * size + middle) for size in [s for s in ORDERS if s >= k][:3]
            )
            raise InputError(
                f"there is no definitive screening design of {k} factors in {runs} runs",
                where=f"{where} runs",
                remedy=f"use {possible} runs",
            )
        return order
    if extra % 2:
        raise InputError(
            f"{extra} extra runs, but a fake factor adds two",
            where=f"{where} extra_runs",
            remedy="give an even number of extra runs",
        )
    wanted = max(k + fake, smallest + extra // 2)
    found = next((order for order in ORDERS if order >= wanted), None)
    if found is None:
        raise InputError(
            f"{k} factors and {wanted - k} fake ones are too many",
            where=where,
            remedy=f"use at most {ORDERS[-1]} columns",
        )
    return found


def _without_zeros(matrix: FloatArray, labels: list[int]) -> FloatArray:
    """A label has no middle: its zero becomes low or high, whichever disturbs least."""
    best: tuple[float, FloatArray] | None = None
    for signs in itertools.islice(itertools.product((1.0, -1.0), repeat=len(labels)), 256):
        trial = matrix.copy()
        trial[labels, labels] = signs
        determinant = float(np.linalg.slogdet(trial.T @ trial)[1])
        if best is None or determinant > best[0] + 1e-9:
            best = (determinant, trial)
    assert best is not None
    return best[1]


def _clear_of_second_order(coded: FloatArray) -> bool:
    """Every main effect is orthogonal to every square and interaction."""
    pairs = [
        coded[:, first] * coded[:, second]
        for first in range(coded.shape[1])
        for second in range(first, coded.shape[1])
    ]
    return bool(np.all(np.abs(coded.T @ np.column_stack(pairs)) < 1e-9))


def _largest_correlation(coded: FloatArray) -> float:
    correlation = np.asarray(np.corrcoef(coded.T)) - np.eye(coded.shape[1])
    return float(np.abs(correlation).max())
