"""Split-plot designs: hard-to-change factors stay fixed for a whole plot of runs.

Sources: Montgomery, Design and Analysis of Experiments, chapter 14;
NIST/SEMATECH e-Handbook 5.5.5; Bisgaard, J. Quality Technology 32 (2000) 39-56
for fractions within whole plots.
"""

from __future__ import annotations

import itertools
import math
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
    check_size,
    recount,
    refuse_unless,
)
from havoc.tools.doe.factors import Factors, named_factors
from havoc.tools.doe.levels import as_range, coded_rows, natural_rows, sorted_levels, with_levels
from havoc.tools.parameters import Seed
from havoc.tools.result import Narrative, Recomputed


class SplitPlot(Design):
    """``blocks`` of the rows are the whole plots, in the order in which they are made;
    ``replicate_of_whole_plot`` tells which replicate each belongs to. Effects of the whole-plot
    factors are tested with ``df_whole_plot_error``, all others with ``df_sub_plot_error``."""

    whole_plot_factors: list[str]
    sub_plot_factors: list[str]
    whole_plots: int
    whole_plot_combinations: int
    sub_plots_per_whole_plot: int
    replicate_of_whole_plot: list[int]
    in_blocks: bool
    df_whole_plot_error: int
    df_sub_plot_error: int
    fraction_in_whole_plots: bool


@tool(
    "split_plot",
    title="Split-plot design",
    source="NIST/SEMATECH e-Handbook 5.5.5; Montgomery, DAE, chapter 14",
)
def split_plot(
    whole_plot: Annotated[Factors, Meta(description="hard-to-change factors")],
    sub_plot: Annotated[Factors, Meta(description="easy-to-change factors")],
    whole_plots: Annotated[
        int, Meta(ge=1, le=1024, description="how often the hard factors are set")
    ]
    | None = None,
    replicates: Annotated[int, Meta(ge=1, le=1000, description="replicates of each whole plot")]
    | None = None,
    runs_per_whole_plot: Annotated[
        int, Meta(ge=2, description="runs inside a whole plot; all combinations if none")
    ]
    | None = None,
    blocks: Annotated[bool, Meta(description="each replicate is a block (day, batch)")] = False,
    randomize: Randomize = True,
    seed: Seed = 1,
) -> SplitPlot:
    """How are the runs laid out when a factor cannot be changed for every run?

    Use it where one or more factors are hard to change (oven, mould, bath). The
    order of the whole plots is random, and the order of the runs within each;
    the hard factors are set anew for every whole plot, also when two in a row
    have the same setting. Analyse with two error terms: the whole plots are
    the replicates of the hard factors, the runs within them are not. Assumes that
    whole plots are independent of each other and that the runs within one share
    its error.
    """
    where = "split_plot"
    hard = [
        with_levels(factor, 2)
        for factor in named_factors(
            whole_plot, None, where=f"{where} whole_plot", minimum=1, maximum=8
        )
    ]
    easy = [
        with_levels(factor, 2)
        for factor in named_factors(
            sub_plot, None, where=f"{where} sub_plot", minimum=1, maximum=12
        )
    ]
    names = [factor.name for factor in [*hard, *easy]]
    if len(set(names)) != len(names):
        raise InputError(
            "a factor is both hard and easy to change", where=where, remedy="name it once"
        )
    combinations = math.prod(len(factor.levels) for factor in hard)
    inside = math.prod(len(factor.levels) for factor in easy)
    times = _replicates(combinations, whole_plots, replicates, where)
    size = runs_per_whole_plot or inside
    check_size(combinations * times * max(size, 1), where)
    fraction = size != inside
    if fraction and (size * 2 != inside or any(len(factor.levels) != 2 for factor in easy)):
        raise InputError(
            f"{size} runs in a whole plot do not hold the {inside} combinations of the easy "
            "factors",
            where=f"{where} runs_per_whole_plot",
            remedy=f"use {inside} runs"
            + (f", or {inside // 2} for a half fraction" if inside > 2 else ""),
        )
    generator = np.random.default_rng(seed)
    plots = list(itertools.product(*(range(len(factor.levels)) for factor in hard)))
    runs_inside = list(itertools.product(*(range(len(factor.levels)) for factor in easy)))
    rows: list[tuple[int, ...]] = []
    whole: list[int] = []
    replicate_of: list[int] = []
    order = _plot_order(len(plots), times, blocks, randomize, generator)
    for position, (replicate, plot) in enumerate(order, 1):
        replicate_of.append(replicate)
        for run in runs_inside:
            # Half fractions: the parity of the easy settings changes with the hard ones and
            # from replicate to replicate, so that the halves complete each other.
            if fraction and (sum(run) + sum(plots[plot]) + replicate) % 2:
                continue
            rows.append((*plots[plot], *run))
            whole.append(position)
    factors = [*hard, *easy]
    coded = coded_rows(factors, np.array(rows))
    points = Points(coded=coded, types=["split-plot"] * len(rows), blocks=whole)
    refuse_unless(len(rows) == combinations * times * size, "number of runs")
    refuse_unless(_constant_in_plots(rows, whole, len(hard)), "hard factors fixed in a whole plot")
    wholes = combinations * times
    df_whole = wholes - combinations - ((times - 1) if blocks else 0)
    df_sub = (
        (wholes - combinations) * (inside - 1)
        if not fraction
        else _fraction_error(len(rows), wholes, combinations, inside)
    )
    return SplitPlot(
        method=(
            f"split-plot, {wholes} whole plots with {size} runs each; "
            + (
                f"whole plots and the runs within them randomised with seed {seed}"
                if randomize
                else "in standard order"
            )
        ),
        **assemble(
            "split_plot",
            [as_range(sorted_levels(factor)) for factor in factors],
            points,
            replicates=times,
            randomize=randomize,
            seed=seed,
            natural=natural_rows(factors, coded),
        ),
        whole_plot_factors=[factor.name for factor in hard],
        sub_plot_factors=[factor.name for factor in easy],
        whole_plots=wholes,
        whole_plot_combinations=combinations,
        sub_plots_per_whole_plot=size,
        replicate_of_whole_plot=replicate_of,
        in_blocks=blocks,
        df_whole_plot_error=df_whole,
        df_sub_plot_error=df_sub,
        fraction_in_whole_plots=fraction,
        warnings=_warnings(df_whole, fraction),
    )


@split_plot.narrates
def _narrate(result: SplitPlot) -> Narrative:
    details = [
        "Set the hard factors anew for every whole plot, also when the setting stays the same; "
        "make the runs of a whole plot in the order of the run sheet; its blocks are the whole "
        "plots.",
        "Test the hard factors against the variation between whole plots "
        "({{df_whole_plot_error}} degrees of freedom) and everything else against the variation "
        "within them ({{df_sub_plot_error}}).",
    ]
    return Narrative(
        conclusion=(
            "The split-plot design takes {{runs}} runs in {{whole_plots}} whole plots of "
            "{{sub_plots_per_whole_plot}}: {{whole_plot_factors}} is set once a whole plot, "
            "{{sub_plot_factors}} changes within it."
        ),
        details=details,
        key_figures=[
            ("runs", "{{runs}}"),
            ("whole plots", "{{whole_plots}}"),
            ("runs in a whole plot", "{{sub_plots_per_whole_plot}}"),
            ("replicates", "{{replicates}}"),
        ],
    )


@split_plot.verifies
def _recompute(result: SplitPlot, **_: object) -> list[Recomputed]:
    """Whole plots and their settings, counted from the run sheet."""
    changes = {
        (row.block, *(str(row.settings[name]) for name in result.whole_plot_factors))
        for row in result.run_sheet
    }
    return [
        *recount(result),
        Recomputed(
            name="whole_plots",
            value=float(result.whole_plots),
            recomputed=float(len(changes)),
            route="distinct settings of the hard factors by block of the run sheet",
        ),
    ]


def _replicates(
    combinations: int, whole_plots: int | None, replicates: int | None, where: str
) -> int:
    if whole_plots is None:
        return replicates or 1
    if whole_plots % combinations:
        raise InputError(
            f"{whole_plots} whole plots cannot hold the {combinations} settings of the hard "
            "factors equally often",
            where=f"{where} whole_plots",
            remedy=f"use a multiple of {combinations}",
        )
    if replicates is not None and replicates * combinations != whole_plots:
        raise InputError(
            f"{whole_plots} whole plots are not {replicates} replicates of {combinations} settings",
            where=f"{where} replicates",
            remedy="leave whole_plots or replicates out",
        )
    return whole_plots // combinations


def _plot_order(
    plots: int, times: int, blocks: bool, randomize: bool, generator: np.random.Generator
) -> list[tuple[int, int]]:
    """(replicate, combination) of the whole plots in the order in which they are made."""
    listed = [(replicate, plot) for replicate in range(1, times + 1) for plot in range(plots)]
    if not randomize:
        return listed
    if not blocks:
        return [listed[index] for index in generator.permutation(len(listed)).tolist()]
    shuffled = []
    for replicate in range(1, times + 1):
        shuffled += [(replicate, plot) for plot in generator.permutation(plots).tolist()]
    return shuffled


def _constant_in_plots(rows: list[tuple[int, ...]], whole: list[int], hard: int) -> bool:
    settings: dict[int, tuple[int, ...]] = {}
    return all(
        settings.setdefault(plot, row[:hard]) == row[:hard]
        for row, plot in zip(rows, whole, strict=True)
    )


def _fraction_error(runs: int, wholes: int, combinations: int, inside: int) -> int:
    """Runs less whole plots less the effects that change within them."""
    return max(0, runs - wholes - min(combinations * (inside - 1), runs - wholes))


def _warnings(df_whole: int, fraction: bool) -> list[str]:
    warnings = []
    if df_whole <= 0:
        warnings.append(
            "no whole plot is repeated, so the hard factors cannot be tested; make at least two "
            "replicates"
        )
    elif df_whole < 4:
        warnings.append("few whole plots: only large effects of the hard factors will show")
    if fraction:
        warnings.append(
            "half of the easy combinations in each whole plot: their highest interaction is "
            "confounded within it"
        )
    return warnings
