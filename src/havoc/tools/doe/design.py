"""What every experimental design returns, and how one is put together and checked.

Rows are in standard order; ``run_order`` says when each row is run and
``run_sheet`` lists the runs in that order, as they are handed to the operator.
No design leaves this package before its structure has been checked: counts,
balance, and orthogonality where the theory promises it.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta

from havoc.charts import ChartSpec, Panel, Series
from havoc.errors import HavocError, InputError
from havoc.tools.doe.factors import Factor, natural_value
from havoc.tools.parameters import FloatArray
from havoc.tools.result import Narrative, Outcome, Recomputed

MAX_RUNS = 16384
TOLERANCE = 1e-9

Replicates = Annotated[int, Meta(ge=1, le=1000, description="how often each point is run")]
Blocks = Annotated[int, Meta(ge=1, le=1024, description="blocks (days, batches) to spread it over")]
Randomize = Annotated[bool, Meta(description="randomise the run order (within blocks)")]
CenterPoints = Annotated[int, Meta(ge=0, le=1000, description="centre points in total")]


class SheetRow(msgspec.Struct, frozen=True, kw_only=True):
    """One run, as handed to the operator."""

    run: int
    standard: int
    block: int
    point_type: str
    settings: dict[str, float | str]


class Design(Outcome):
    """A design. ``coded``, ``natural``, ``point_types``, ``blocks`` and ``run_order`` have one
    entry a row in standard order; ``run_order`` is the position at which the row is run."""

    design_type: str
    runs: int
    n_factors: int
    factor_names: list[str]
    factors: list[Factor]
    coded: list[list[float]]
    natural: list[list[float | str]]
    standard_order: list[int]
    run_order: list[int]
    point_types: list[str]
    center_points: int
    replicates: int
    blocks: list[int]
    n_blocks: int
    randomize: bool
    seed: int
    run_sheet: list[SheetRow]


class Points(msgspec.Struct, kw_only=True):
    """Rows of a design under construction, in standard order."""

    coded: FloatArray
    types: list[str]
    blocks: list[int]

    @classmethod
    def of(cls, coded: FloatArray, kind: str, block: int = 1) -> Points:
        return cls(coded=coded, types=[kind] * len(coded), blocks=[block] * len(coded))

    def __add__(self, other: Points) -> Points:
        return Points(
            coded=np.vstack([self.coded, other.coded]),
            types=self.types + other.types,
            blocks=self.blocks + other.blocks,
        )


def center_rows(count: int, n_factors: int, block: int = 1) -> Points:
    return Points.of(np.zeros((count, n_factors)), "center", block)


def repeated(points: Points, times: int) -> Points:
    """The whole set of rows again, ``times`` times in all."""
    return Points(
        coded=np.tile(points.coded, (times, 1)),
        types=points.types * times,
        blocks=points.blocks * times,
    )


def in_block_order(points: Points) -> Points:
    """The rows sorted by block; the order within a block stays."""
    order = np.argsort(points.blocks, kind="stable").tolist()
    return Points(
        coded=points.coded[order],
        types=[points.types[row] for row in order],
        blocks=[points.blocks[row] for row in order],
    )


def blocks_of(total: int, blocks: int) -> list[int]:
    """Block of each of ``total`` runs that are spread evenly over the blocks."""
    return [block for block, share in enumerate(shares(total, blocks), 1) for _ in range(share)]


def middle_rows(factors: Sequence[Factor], total: int, blocks: int, where: str) -> Points:
    """Centre points: the middle of numeric factors, at the combinations of two-level labels."""
    if not total:
        return center_rows(0, len(factors))
    labels = [factor.categorical for factor in factors]
    if all(labels):
        raise InputError(
            "centre points need a numeric factor, but all factors have labels",
            where=f"{where} center_points",
            remedy="leave centre points out",
        )
    middles = list(itertools.product(*[(-1.0, 1.0) if label else (0.0,) for label in labels]))
    if total % len(middles):
        raise InputError(
            f"{total} centre points cannot be shared equally by the {len(middles)} combinations "
            "of the labels",
            where=f"{where} center_points",
            remedy=f"give a multiple of {len(middles)}",
        )
    rows = np.array([middles[index % len(middles)] for index in range(total)])
    return Points(coded=rows, types=["center"] * total, blocks=blocks_of(total, blocks))


def shares(total: int, parts: int) -> list[int]:
    """``total`` spread over ``parts`` as evenly as it goes, larger shares first."""
    return [total // parts + (part < total % parts) for part in range(parts)]


def check_size(runs: int, where: str) -> None:
    """Raise InputError before anything of that size is built."""
    if runs > MAX_RUNS:
        raise InputError(
            f"{runs} runs are more than the {MAX_RUNS} that are built",
            where=where,
            remedy="use fewer factors, levels or replicates, or a fraction",
        )


def assemble(
    design_type: str,
    factors: Sequence[Factor],
    points: Points,
    *,
    replicates: int,
    randomize: bool,
    seed: int,
    natural: list[list[float | str]] | None = None,
) -> dict[str, Any]:
    """The fields that all designs share, with settings in real units and the run order."""
    count = len(points.coded)
    if natural is None:
        natural = _natural_rows(factors, points.coded)
    order = _run_order(points.blocks, randomize, seed)
    names = [factor.name for factor in factors]
    by_run = sorted(range(count), key=order.__getitem__)
    sheet = [
        SheetRow(
            run=order[row],
            standard=row + 1,
            block=points.blocks[row],
            point_type=points.types[row],
            settings=dict(zip(names, natural[row], strict=True)),
        )
        for row in by_run
    ]
    return {
        "design_type": design_type,
        "runs": count,
        "n_factors": len(factors),
        "factor_names": names,
        "factors": list(factors),
        "coded": (points.coded + 0.0).tolist(),
        "natural": natural,
        "standard_order": list(range(1, count + 1)),
        "run_order": order,
        "point_types": points.types,
        "center_points": points.types.count("center"),
        "replicates": replicates,
        "blocks": points.blocks,
        "n_blocks": len(set(points.blocks)),
        "randomize": randomize,
        "seed": seed,
        "run_sheet": sheet,
        "charts": _design_chart(factors, natural, points.types),
    }


def order_in_words(randomize: bool, seed: int, blocks: int = 1) -> str:
    """How the run order came about, for ``method``."""
    if not randomize:
        return "run in standard order"
    within = " within each block" if blocks > 1 else ""
    return f"run order randomised{within} with seed {seed}"


def _natural_rows(factors: Sequence[Factor], coded: FloatArray) -> list[list[float | str]]:
    columns: list[list[float | str]] = []
    for factor, column in zip(factors, coded.T.tolist(), strict=True):
        settings = {value: natural_value(factor, value) for value in set(column)}
        columns.append([settings[value] for value in column])
    return [list(row) for row in zip(*columns, strict=True)]


def _run_order(blocks: Sequence[int], randomize: bool, seed: int) -> list[int]:
    """Position of every row: blocks one after the other, random within each."""
    generator = np.random.default_rng(seed)
    order = [0] * len(blocks)
    position = 1
    for block in sorted(set(blocks)):
        rows = np.flatnonzero(np.asarray(blocks) == block)
        if randomize:
            rows = generator.permutation(rows)
        for row in rows.tolist():
            order[row] = position
            position += 1
    return order


# --- structure checks -----------------------------------------------------------------------


def refuse_unless(condition: bool, what: str) -> None:
    """A wrong design is never returned."""
    if not condition:
        raise HavocError(
            f"the generated design failed its own check: {what}",
            where="design",
            remedy="please report it; nothing was returned",
        )


def is_balanced(coded: FloatArray) -> bool:
    """Every column sums to zero."""
    return bool(np.all(np.abs(coded.sum(axis=0)) <= TOLERANCE * max(len(coded), 1)))


def is_orthogonal(coded: FloatArray) -> bool:
    """The columns of X are orthogonal to each other."""
    products = coded.T @ coded
    off = products - np.diag(np.diag(products))
    return bool(np.all(np.abs(off) <= TOLERANCE * max(len(coded), 1)))


def level_pairs_are_balanced(columns: Sequence[Sequence[Any]]) -> bool:
    """For every two columns each combination of their levels appears equally often."""
    for first in range(len(columns)):
        for second in range(first):
            counts = Counter(zip(columns[first], columns[second], strict=True))
            expected = len(set(columns[first])) * len(set(columns[second]))
            if len(counts) != expected or len(set(counts.values())) != 1:
                return False
    return True


def blocks_are_orthogonal(model: FloatArray, blocks: Sequence[int]) -> bool:
    """Every model column has the same mean in each block, so blocks bias no coefficient."""
    labels = np.asarray(blocks)
    means = np.array([model[labels == block].mean(axis=0) for block in sorted(set(blocks))])
    return bool(np.all(np.ptp(means, axis=0) <= 1e-8))


# --- how a design reads ---------------------------------------------------------------------


def design_key_figures(result: Design) -> list[tuple[str, str]]:
    figures = [("runs", "{{runs}}"), ("factors", "{{factor_names}}")]
    if result.center_points:
        figures.append(("centre points", "{{center_points}}"))
    if result.n_blocks > 1:
        figures.append(("blocks", "{{n_blocks}}"))
    return figures


def order_sentence(result: Design) -> str:
    if not result.randomize:
        return "The runs are listed in standard order; randomise them unless that is impossible."
    return "Run them in the order of the run sheet, which was randomised with seed {{seed}}."


def design_narrative(
    result: Design,
    conclusion: str,
    details: list[str],
    figures: list[tuple[str, str]] | None = None,
) -> Narrative:
    return Narrative(
        conclusion=conclusion,
        details=[*details, order_sentence(result)],
        key_figures=[*design_key_figures(result), *(figures or [])],
    )


def recount(result: Design) -> list[Recomputed]:
    """Runs by the run sheet, and the largest inner product of two factor columns by X'X."""
    return [
        Recomputed(
            name="runs",
            value=result.runs,
            recomputed=float(len({row.run for row in result.run_sheet})),
            route="distinct runs of the run sheet",
        ),
    ]


def _design_chart(
    factors: Sequence[Factor], natural: list[list[float | str]], types: list[str]
) -> list[ChartSpec]:
    """The points over the first two numeric factors."""
    numeric = [index for index, factor in enumerate(factors) if not factor.categorical][:2]
    if len(numeric) < 2:
        return []
    first, second = numeric
    series = []
    for kind in dict.fromkeys(types):
        points = sorted(
            {
                (float(row[first]), float(row[second]))
                for row, row_kind in zip(natural, types, strict=True)
                if row_kind == kind
            }
        )[:500]
        series.append(
            Series(name=kind, kind="points", x=[x for x, _ in points], y=[y for _, y in points])
        )
    return [
        ChartSpec(
            kind="design_points",
            title=f"The settings of {factors[first].name} and {factors[second].name} that are run",
            panels=[
                Panel(x_label=factors[first].label, y_label=factors[second].label, series=series)
            ],
        )
    ]
