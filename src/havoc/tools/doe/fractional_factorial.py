"""Two-level fractional factorial designs 2^(k-p) with their complete algebra.

Sources: G. E. P. Box and J. S. Hunter, The 2^(k-p) Fractional Factorial
Designs, Technometrics 3 (1961) 311-351; Fries & Hunter (1980) for minimum
aberration; NIST/SEMATECH e-Handbook 5.3.3.4; Montgomery, DAE, chapter 8.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.doe.aberration import fraction_columns, two_level_rows
from havoc.tools.doe.alias_report import (
    aliases_by_effect,
    by_order,
    clear_effects,
    confounded_words,
    word_lengths,
)
from havoc.tools.doe.confounding import (
    FULL_ALGEBRA,
    alias_classes,
    choose_block_columns,
    rank_of,
    resolution_of,
)
from havoc.tools.doe.design import (
    Blocks,
    CenterPoints,
    Design,
    Points,
    Randomize,
    Replicates,
    assemble,
    blocks_of,
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
from havoc.tools.doe.fraction_choice import (
    MAX_BASIC,
    MAX_FACTORS,
    Resolution,
    _resolutions,
    basic_for,
    roman,
    wanted_resolution,
)
from havoc.tools.doe.generators import Fraction, fraction_from_generators, symbols_of
from havoc.tools.parameters import Seed
from havoc.tools.result import Narrative, Recomputed


class FractionalFactorial(Design):
    """Words are written in the letters of ``letters`` (letter -> factor name).

    ``aliases`` gives for each effect of one or two factors all effects of up to
    ``alias_order`` factors that it cannot be told from, signed; ``clear_effects`` are main effects
    and two-factor interactions that are aliased only with higher orders. ``resolutions_by_runs``
    is the highest resolution of this number of factors by number of runs.
    """

    fraction: str
    resolution: int
    resolution_roman: str
    generators: list[str]
    defining_words: list[str]
    defining_relation: str
    word_length_pattern: dict[str, int]
    aliases: dict[str, list[str]]
    alias_order: int
    clear_effects: list[str]
    letters: dict[str, str]
    distinct_runs: int
    foldover: str
    orthogonal: bool
    confounded_with_blocks: list[str]
    resolutions_by_runs: dict[str, int]


@tool(
    "fractional_factorial",
    title="Two-level fractional factorial design",
    source="Box & Hunter (1961), Technometrics 3, 311; NIST/SEMATECH e-Handbook 5.3.3.4",
)
def fractional_factorial(
    factors: Factors = [],  # noqa: B006
    n_factors: FactorCount = None,
    runs: Annotated[int, Meta(ge=2, description="runs of the fraction: 4, 8, 16, 32 …")]
    | None = None,
    resolution: Annotated[Resolution, Meta(description="resolution that is needed at least")]
    | None = None,
    generators: Annotated[
        list[str], Meta(description="generators such as D=AB or E=-AC; searched if none")
    ] = [],  # noqa: B006
    foldover: Annotated[
        bool | str,
        Meta(description="add the mirror image: true for all factors, or the letters to reverse"),
    ] = False,
    center_points: CenterPoints = 0,
    replicates: Replicates = 1,
    blocks: Blocks = 1,
    alias_order: Annotated[int, Meta(ge=1, description="list aliases of up to so many factors")]
    | None = None,
    randomize: Randomize = True,
    seed: Seed = 1,
) -> FractionalFactorial:
    """Which fraction of a two-level factorial screens these factors, and what is aliased?

    Use it for four or more factors at two levels when a full factorial is too
    long. Without generators the design of minimum aberration is taken: for the
    given runs, or the smallest one of the given resolution, or else the
    smallest of resolution IV (three factors: III). Assumes that high-order
    interactions are negligible; the alias structure says which effects are
    then confused. Coded -1 is low, +1 is high.
    """
    where = "fractional_factorial"
    fraction = _fraction(factors, n_factors, runs, resolution, generators, where)
    listed = two_level(fraction.factors, where)
    symbols, basic = fraction.symbols, fraction.n_basic
    folded = _folded(foldover, symbols, where)
    base_runs = 1 << basic
    check_size(base_runs * replicates * (2 if folded else 1) + center_points, where)
    rows = two_level_rows(fraction.columns, fraction.signs, basic)
    points = Points.of(rows, "factorial")
    columns = list(fraction.columns)
    n_blocks = blocks
    block_columns: list[int] = []
    if folded:
        if blocks not in (1, 2):
            raise InputError(
                "a fold-over is run in 2 blocks: the fraction and its mirror image",
                where=f"{where} blocks",
                remedy="leave blocks out",
            )
        n_blocks = 2
        mirror = np.where([folded >> factor & 1 for factor in range(len(listed))], -1.0, 1.0)
        points = points + Points.of(rows * mirror, "factorial", 2)
        # The fold is one more basic factor: it is 1 in the mirror image, where signs reverse.
        columns = [
            column | (1 << basic if folded >> factor & 1 else 0)
            for factor, column in enumerate(columns)
        ]
        block_columns = [1 << basic]
    elif blocks > 1 and replicates % blocks:
        points.blocks, block_columns = _confounded_blocks(columns, basic, blocks, where)
    points = repeated(points, replicates)
    if not block_columns and blocks > 1:
        points.blocks = blocks_of(len(points.coded), blocks)
    corners = points.coded
    points = in_block_order(points + middle_rows(listed, center_points, n_blocks, where))

    order = min(alias_order or (len(listed) if len(listed) <= FULL_ALGEBRA else 3), len(listed))
    searched = max(order, 4 if len(listed) > FULL_ALGEBRA else len(listed))
    classes = alias_classes(columns, fraction.signs, searched)
    reached = resolution_of(columns)
    words = sorted(classes.get(0, []), key=by_order)
    refuse_unless(len(corners) == base_runs * replicates * (2 if folded else 1), "number of runs")
    refuse_unless(points.types.count("center") == center_points, "number of centre points")
    refuse_unless(reached < 3 or is_orthogonal(points.coded), "orthogonality")
    refuse_unless(is_balanced(points.coded), "balance")
    refuse_unless(not words or words[0].order == reached, "resolution")
    letters = dict(zip(symbols, [factor.name for factor in listed], strict=True))
    added = len(listed) - rank_of(columns)
    warnings = _warnings(reached, replicates, center_points, len(listed))
    confounded = confounded_words(classes, block_columns, symbols)
    if any(len(word.lstrip("-")) == 2 for word in confounded):
        warnings.append(
            "the blocks cannot be told apart from some two-factor interactions: "
            + ", ".join(word for word in confounded if len(word.lstrip("-")) == 2)
        )
    origin = "generators as given" if generators else "generators of minimum aberration"
    return FractionalFactorial(
        method=(
            f"2^({len(listed)}-{len(listed) - basic}) fractional factorial, {origin} "
            f"({', '.join(fraction.generators)})"
            f"{', folded over' if folded else ''}; coded -1 low, +1 high; "
            f"{order_in_words(randomize, seed, n_blocks)}"
        ),
        **assemble(
            "fractional_factorial",
            listed,
            points,
            replicates=replicates,
            randomize=randomize,
            seed=seed,
        ),
        fraction=f"2^({len(listed)}-{added})",
        resolution=reached,
        resolution_roman=roman(reached),
        generators=fraction.generators,
        defining_words=[effect.word(symbols=symbols) for effect in words],
        defining_relation=" = ".join(["I", *(effect.word(symbols=symbols) for effect in words)]),
        word_length_pattern=word_lengths(words),
        aliases=aliases_by_effect(classes, order, symbols),
        alias_order=order,
        clear_effects=clear_effects(classes, symbols),
        letters=letters,
        distinct_runs=base_runs * (2 if folded else 1),
        foldover=_foldover_in_words(folded, symbols),
        orthogonal=is_orthogonal(points.coded),
        confounded_with_blocks=confounded,
        resolutions_by_runs=_resolutions(len(listed)),
        warnings=warnings,
    )


@fractional_factorial.narrates
def _narrate(result: FractionalFactorial) -> Narrative:
    meaning = {
        3: "Main effects are aliased with two-factor interactions: use it to screen, and confirm "
        "what it finds.",
        4: "Main effects are clear of two-factor interactions, which are aliased with each other.",
    }
    if result.resolution == 0:
        clear = "The fold-over completes the full factorial, so nothing is aliased."
    else:
        clear = meaning.get(
            result.resolution,
            "Main effects and two-factor interactions are clear of each other."
            if result.resolution > 4
            else "Some main effects are aliased with each other: choose other generators.",
        )
    conclusion = (
        "The {{fraction}} design in {{factor_names}} takes {{runs}} runs at resolution "
        "{{resolution_roman}}."
        if result.resolution
        else "The design in {{factor_names}} takes {{runs}} runs."
    )
    details = [clear]
    if 0 < len(result.defining_words) <= 15:
        details.append("Defining relation: {{defining_relation}}.")
    return design_narrative(
        result,
        conclusion,
        details,
        [("resolution", "{{resolution_roman}}"), ("generators", "{{generators}}")],
    )


@fractional_factorial.verifies
def _recompute(result: FractionalFactorial, **_: object) -> list[Recomputed]:
    """Every defining word by multiplying its columns in the design itself."""
    rows = np.array(
        [
            row
            for row, kind in zip(result.coded, result.point_types, strict=True)
            if kind == "factorial"
        ]
    )
    position = {letter: index for index, letter in enumerate(result.letters)}
    checks = recount(result)
    for word in result.defining_words[:32]:
        members = [position[letter] for letter in word.lstrip("-")]
        checks.append(
            Recomputed(
                name=f"defining word {word}",
                value=-1.0 if word.startswith("-") else 1.0,
                recomputed=float(rows[:, members].prod(axis=1).mean()),
                route="product of the columns of the design",
            )
        )
    return checks


def _fraction(
    factors: Factors,
    n_factors: int | None,
    runs: int | None,
    resolution: int | str | None,
    generators: list[str],
    where: str,
) -> Fraction:
    if generators:
        fraction = fraction_from_generators(factors, n_factors, generators, where)
        if len(fraction.factors) > MAX_FACTORS or fraction.n_basic > MAX_BASIC:
            raise InputError(
                f"{len(fraction.factors)} factors in {1 << fraction.n_basic} runs are too many",
                where=where,
                remedy=f"use at most {MAX_FACTORS} factors and {1 << MAX_BASIC} runs",
            )
        if runs is not None and runs != 1 << fraction.n_basic:
            raise InputError(
                f"{runs} runs asked for, but the generators make {1 << fraction.n_basic}",
                where=f"{where} runs",
                remedy="leave runs or generators out",
            )
        needed = wanted_resolution(resolution)
        reached = resolution_of(fraction.columns)
        if needed > reached:
            raise InputError(
                f"the generators give resolution {roman(reached)}, not {roman(needed)}",
                where=f"{where} resolution",
                remedy="leave the generators out",
            )
        return fraction
    listed = named_factors(factors, n_factors, where=where, minimum=3, maximum=MAX_FACTORS)
    k = len(listed)
    basic = basic_for(k, runs, wanted_resolution(resolution), where)
    columns = fraction_columns(k, basic)
    symbols = symbols_of(listed)
    return Fraction.of(listed, symbols, basic, columns)


def _folded(foldover: bool | str, symbols: str, where: str) -> int:
    """Bit mask of the factors whose signs are reversed."""
    if isinstance(foldover, bool):
        return (1 << len(symbols)) - 1 if foldover else 0
    letters = foldover.replace(",", "").replace(" ", "")
    if letters.lower() in ("full", "none", "all"):
        return 0 if letters.lower() == "none" else (1 << len(symbols)) - 1
    if not letters or any(letter not in symbols for letter in letters):
        raise InputError(
            f"{foldover!r} does not name factors",
            where=f"{where} foldover",
            remedy=f"give true, or letters among {symbols}",
        )
    return sum(1 << symbols.index(letter) for letter in set(letters))


def _foldover_in_words(folded: int, symbols: str) -> str:
    if not folded:
        return "none"
    if folded == (1 << len(symbols)) - 1:
        return "all factors"
    return ", ".join(letter for bit, letter in enumerate(symbols) if folded >> bit & 1)


def _confounded_blocks(
    columns: list[int], basic: int, blocks: int, where: str
) -> tuple[list[int], list[int]]:
    power = blocks.bit_length() - 1
    if blocks != 1 << power or power >= basic:
        raise InputError(
            f"{1 << basic} runs cannot be split into {blocks} balanced blocks",
            where=f"{where} blocks",
            remedy="use 2, 4, 8 … blocks with at least 2 runs each",
        )
    chosen = choose_block_columns(columns, basic, power)
    if chosen.main_effects:
        raise InputError(
            f"in {blocks} blocks of {(1 << basic) // blocks} runs a main effect would be "
            "confounded with blocks",
            where=f"{where} blocks",
            remedy="use fewer blocks or more runs",
        )
    return chosen.block_of_run, chosen.confounded


def _warnings(
    reached: int,
    replicates: int,
    center_points: int,
    k: int,
) -> list[str]:
    warnings = []
    if reached == 3:
        warnings.append(
            "resolution III: a main effect can be a two-factor interaction in disguise; a "
            "fold-over separates them"
        )
    if 0 < reached < 3:
        warnings.append("some main effects are aliased with each other; choose other generators")
    if k > FULL_ALGEBRA:
        warnings.append(
            f"with {k} factors the defining words are listed up to 4 letters and the aliases up "
            "to 3"
        )
    if replicates == 1 and not center_points:
        warnings.append(
            "no replicates and no centre points: effects are judged by Lenth's method or a "
            "half-normal plot"
        )
    return warnings
