"""Full factorial designs: every combination of the levels.

Two-level factors can have centre points and can be run in blocks; a block
smaller than a replicate is confounded with the interactions that the
minimum-aberration choice gives up first.

Sources: NIST/SEMATECH e-Handbook 5.3.3.3; D. C. Montgomery, Design and
Analysis of Experiments, chapters 6 and 7 (confounding in blocks).
"""

from __future__ import annotations

import itertools
import math
from typing import Annotated

import numpy as np
from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.doe.aberration import search_columns, word_of
from havoc.tools.doe.design import (
    Blocks,
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
    level_pairs_are_balanced,
    middle_rows,
    order_in_words,
    recount,
    refuse_unless,
    repeated,
)
from havoc.tools.doe.factors import (
    Factor,
    FactorCount,
    Factors,
    named_factors,
)
from havoc.tools.doe.levels import IntArray, as_range, coded_rows, natural_rows, with_levels
from havoc.tools.parameters import Seed
from havoc.tools.result import Narrative, Recomputed


class FullFactorial(Design):
    """``levels`` are the numbers of levels, ``distinct_runs`` their product.

    ``block_generators`` and ``confounded`` are words of factor letters (A the first factor) that
    cannot be told from block differences; both are empty if blocks are whole replicates.
    """

    levels: list[int]
    distinct_runs: int
    orthogonal: bool
    block_generators: list[str]
    confounded: list[str]


@tool(
    "full_factorial",
    title="Full factorial design",
    source="NIST/SEMATECH e-Handbook 5.3.3.3; Montgomery, DAE, ch. 6-7",
)
def full_factorial(
    factors: Factors = [],  # noqa: B006
    n_factors: FactorCount = None,
    n_levels: Annotated[
        int, Meta(ge=2, description="levels of every factor that has no range or levels")
    ] = 2,
    center_points: CenterPoints = 0,
    replicates: Replicates = 1,
    blocks: Blocks = 1,
    randomize: Randomize = True,
    seed: Seed = 1,
) -> FullFactorial:
    """Which runs test every combination of the factor levels?

    Use it for a few factors (two to five at two levels), when all interactions
    matter or a factor has labels or more than two levels. A factor given as low
    and high has two levels. Centre points, for a check of curvature, are run in
    addition to the replicated combinations and need numeric two-level factors
    (labels are run with the middle of the numeric factors). Assumes that every
    combination can be run and that each run is set up anew. Settings are in the
    unit of each factor; coded -1 is low, +1 is high.
    """
    where = "full_factorial"
    given = named_factors(factors, n_factors, where=where, minimum=1, maximum=50)
    listed = [with_levels(factor, n_levels) for factor in given]
    levels = [len(factor.levels) for factor in listed]
    distinct = math.prod(levels)
    two_level = set(levels) == {2}
    check_size(distinct * replicates + center_points, where)
    if center_points and not two_level:
        raise InputError(
            "centre points need factors with two levels",
            where=f"{where} center_points",
            remedy="leave centre points out, or give each numeric factor a low and a high",
        )
    combinations = np.array(
        [combination[::-1] for combination in itertools.product(*map(range, levels[::-1]))]
    )
    block_of, generators, confounded = _blocking(
        combinations, replicates, blocks, two_level=two_level
    )
    coded = coded_rows(listed, combinations)
    base = Points.of(coded, "factorial")
    points = repeated(base, replicates)
    points.blocks = block_of
    points = in_block_order(points + middle_rows(listed, center_points, blocks, where))
    natural = natural_rows(listed, points.coded)
    corners = [row for row, kind in zip(natural, points.types, strict=True) if kind == "factorial"]
    _verify(points, corners, levels, replicates, center_points, two_level)
    output = [as_range(factor) for factor in listed]
    parts = [
        "full factorial design, " + " x ".join(map(str, levels)),
        "coded -1 low, +1 high; labels of more than two levels are coded evenly from -1 to +1",
        order_in_words(randomize, seed, blocks),
    ]
    if generators:
        parts.insert(1, f"blocks confounded with {', '.join(generators)}")
    return FullFactorial(
        method="; ".join(parts),
        **assemble(
            "full_factorial",
            output,
            points,
            replicates=replicates,
            randomize=randomize,
            seed=seed,
            natural=natural,
        ),
        levels=levels,
        distinct_runs=distinct,
        orthogonal=True,
        block_generators=generators,
        confounded=confounded,
        warnings=_warnings(listed, confounded, replicates, center_points, two_level),
    )


@full_factorial.narrates
def _narrate(result: FullFactorial) -> Narrative:
    if result.center_points:
        conclusion = (
            "The full factorial in {{factor_names}} takes {{runs}} runs: {{distinct_runs}} "
            "combinations with {{replicates}} run each, and {{center_points}} centre points."
        )
    else:
        conclusion = (
            "The full factorial in {{factor_names}} takes {{runs}} runs: {{distinct_runs}} "
            "combinations with {{replicates}} run each."
        )
    details = ["All main effects and interactions can be estimated independently of each other."]
    if result.confounded:
        details = [
            "The blocks cannot be told apart from {{confounded}}; all other effects are estimated "
            "independently of the blocks."
        ]
    return design_narrative(result, conclusion, details, [("levels", "{{levels}}")])


@full_factorial.verifies
def _recompute(result: FullFactorial, **_: object) -> list[Recomputed]:
    corners = {
        tuple(row)
        for row, kind in zip(result.natural, result.point_types, strict=True)
        if kind == "factorial"
    }
    return [
        *recount(result),
        Recomputed(
            name="distinct_runs",
            value=result.distinct_runs,
            recomputed=float(len(corners)),
            route="distinct settings in the design",
        ),
    ]


def _blocking(
    combinations: IntArray, replicates: int, blocks: int, *, two_level: bool
) -> tuple[list[int], list[str], list[str]]:
    """Block of every row (replicate after replicate), generators, and what they confound."""
    count, n_factors = combinations.shape
    replicate = np.repeat(np.arange(replicates), count)
    if replicates % blocks == 0:
        return (replicate // (replicates // blocks) + 1).tolist(), [], []
    per_replicate = blocks // replicates if blocks % replicates == 0 else blocks
    power = per_replicate.bit_length() - 1
    if not two_level or per_replicate != 1 << power or per_replicate >= count:
        remedy = (
            "use a number of blocks that divides the replicates"
            if not two_level
            else "use 2, 4, 8 … blocks with at least 2 runs each, or one block a replicate"
        )
        raise InputError(
            f"{blocks} blocks do not fit {count} combinations and {replicates} replicate(s)",
            where="full_factorial blocks",
            remedy=remedy,
        )
    # The defining words of the 2^(k-p) fraction of least aberration confound least.
    columns = search_columns(n_factors, n_factors - power, repeats=True)
    words = [
        1 << (n_factors - power + index) | columns[n_factors - power + index]
        for index in range(power)
    ]
    index = np.zeros(count, dtype=np.int64)
    for bit, word in enumerate(words):
        members = [factor for factor in range(n_factors) if word >> factor & 1]
        # Even number of high levels in the word, or odd: the two halves.
        index += (combinations[:, members].sum(axis=1) % 2) << bit
    span = {0}
    for word in words:
        span |= {other ^ word for other in span}
    confounded = sorted((word_of(mask) for mask in span if mask), key=lambda w: (len(w), w))
    offset = replicate * per_replicate if blocks % replicates == 0 and replicates > 1 else 0
    return (
        (np.tile(index, replicates) + offset + 1).tolist(),
        [word_of(word) for word in words],
        confounded,
    )


def _verify(
    points: Points,
    corners: list[list[float | str]],
    levels: list[int],
    replicates: int,
    center_points: int,
    two_level: bool,
) -> None:
    distinct = math.prod(levels)
    refuse_unless(len(corners) == distinct * replicates, "number of runs")
    refuse_unless(len({tuple(row) for row in corners}) == distinct, "every combination is there")
    refuse_unless(points.types.count("center") == center_points, "number of centre points")
    if len(corners) <= 4096:
        refuse_unless(
            level_pairs_are_balanced(list(zip(*corners, strict=True))), "balance of level pairs"
        )
    if two_level:
        refuse_unless(is_balanced(points.coded), "balance")
        refuse_unless(is_orthogonal(points.coded), "orthogonality")


def _warnings(
    factors: list[Factor],
    confounded: list[str],
    replicates: int,
    center_points: int,
    two_level: bool,
) -> list[str]:
    warnings = []
    if any(len(word) < 3 for word in confounded):
        warnings.append("blocks this small cannot be told apart from some two-factor interactions")
    if replicates == 1 and not center_points:
        warnings.append(
            "no replicates and no centre points: there is no estimate of pure error, so effects "
            "are judged by Lenth's method or a half-normal plot"
        )
    if len(factors) > 5 and two_level:
        warnings.append("a fractional factorial screens this many factors in far fewer runs")
    return warnings
