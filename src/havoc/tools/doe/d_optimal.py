"""Optimal designs: the runs that determine a given model best.

Sources: V. V. Fedorov, Theory of Optimal Experiments (1972); Cook & Nachtsheim,
Technometrics 22 (1980) 315; Meyer & Nachtsheim, Technometrics 37 (1995) 60;
A. C. Atkinson, A. N. Donev and R. D. Tobias, Optimum Experimental Designs, with
SAS (2007), chapters 10 to 15; NIST/SEMATECH e-Handbook 5.5.2.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.doe.axes import Axis, coded_points, feasibility, natural_rows
from havoc.tools.doe.design import (
    Design,
    Points,
    Randomize,
    assemble,
    blocks_of,
    check_size,
    design_narrative,
    order_in_words,
    recount,
    refuse_unless,
)
from havoc.tools.doe.exchange import log_determinant
from havoc.tools.doe.factors import FactorCount, Factors, named_factors
from havoc.tools.doe.mixture import Component, check_components
from havoc.tools.doe.optimal_model import ModelName, OptimalModel, model_of
from havoc.tools.doe.optimal_region import (
    MOST_CANDIDATES,
    Region,
    build,
    component_axes,
    process_axes,
)
from havoc.tools.doe.optimal_search import Task, search, with_blocks
from havoc.tools.doe.region import Constraint, check_constraints
from havoc.tools.parameters import FloatArray, Seed
from havoc.tools.result import Narrative, Recomputed

MAX_FACTORS = 15
MAX_PARAMETERS = 130
MAX_OPTIMAL_RUNS = 500
Rows = list[list[float | str]]


class DOptimal(Design, kw_only=True):
    """``det_information_per_run`` is det(X'X)^(1/p)/n, ``D_unnormalised`` det(X'X) itself and
    ``D_efficiency`` hundred times the former; ``A_efficiency`` is p/(n trace((X'X)^-1)) and
    ``G_efficiency`` p/(n largest prediction variance at the points searched), in percent.
    ``average_variance`` is the mean prediction variance in sigma squared (the I criterion). X
    holds the ``model_terms`` of coded settings, labels as orthogonal contrasts; with blocks their
    contrasts too, and they count among the p parameters."""

    criterion: str
    model: str
    model_terms: list[str]
    n_parameters: int
    det_information_per_run: float
    D_unnormalised: float
    log_determinant: float
    D_efficiency: float
    A_efficiency: float
    G_efficiency: float
    average_variance: float | None = None
    distinct_runs: int
    df_residual: int
    existing_runs: int
    added_runs: int
    n_candidates: int
    starts: int
    n_components: int = 0
    first_block: int = 0


@tool(
    "d_optimal",
    title="Optimal design (D, A or I)",
    source="Fedorov (1972); Cook & Nachtsheim (1980); Meyer & Nachtsheim (1995); "
    "NIST/SEMATECH e-Handbook 5.5.2",
    version=2,
)
def d_optimal(
    runs: Annotated[
        int, Meta(ge=2, le=MAX_OPTIMAL_RUNS, description="runs, existing ones included")
    ],
    factors: Factors = [],  # noqa: B006
    n_factors: FactorCount = None,
    model: Annotated[ModelName, Meta(description="model that is to be fitted")] = "linear",
    terms: Annotated[
        list[str], Meta(description="terms beyond the model, such as A*B, A^2 or A^3")
    ] = [],  # noqa: B006
    criterion: Annotated[
        Literal["D", "A", "I"],
        Meta(
            description="what is made best: D the coefficients together (screening), A their mean "
            "variance, I the mean variance of predictions (response surfaces)"
        ),
    ] = "D",
    levels: Annotated[
        int, Meta(ge=2, le=21, description="levels of a numeric range that are tried")
    ]
    | None = None,
    continuous: Annotated[
        bool, Meta(description="ranges may take any setting between the levels that are tried")
    ] = False,
    candidates: Annotated[
        Rows, Meta(description="the only settings that are possible, in the order of the factors")
    ] = [],  # noqa: B006
    components: Annotated[
        list[Component | str],
        Meta(description="components of a mixture, before the (process) factors"),
    ] = [],  # noqa: B006
    total: Annotated[float, Meta(gt=0, description="what the components add up to")] = 1.0,
    constraints: Annotated[
        list[Constraint],
        Meta(description="settings that are impossible: linear limits, forbidden combinations"),
    ] = [],  # noqa: B006
    existing: Annotated[
        Rows, Meta(description="runs made already, in the order of the factors")
    ] = [],  # noqa: B006
    existing_coded: Annotated[
        bool, Meta(description="existing runs are coded, low is minus one")
    ] = False,
    existing_block: Annotated[
        bool, Meta(description="the existing runs are a block of their own (made earlier)")
    ] = False,
    block_size: Annotated[int, Meta(ge=2, description="runs of a block")] | None = None,
    starts: Annotated[
        int, Meta(ge=1, le=1000, description="random starts; as many as a few seconds allow")
    ]
    | None = None,
    randomize: Randomize = True,
    seed: Seed = 1,
) -> DOptimal:
    """Which runs determine this model best, when no standard design fits?

    Use it for an irregular region, factors with many levels, a fixed number of
    runs, blocks of an odd size, mixtures with process factors, or to augment
    runs that were made already. Take D to find which effects are real, I to
    predict from a quadratic model, A in between. Assumes that the model is right:
    the design is best for it only, and does not show what it leaves out; keep a
    few runs more than parameters. The best of several searches from random starts
    is taken, so a slightly better design may exist. Numbers are coded from -1 at
    low to +1 at high, components as shares of the total.
    """
    where = "d_optimal"
    axes = _axes(factors, n_factors, components, total, where)
    listed = [axis.factor for axis in axes]
    check_constraints(constraints, listed, where)
    described = model_of(listed, model, terms, where, len(components))
    done = coded_points(existing, axes, f"{where} existing run", is_coded=existing_coded)
    if len(done) >= runs:
        raise InputError(
            f"{len(done)} runs exist and {runs} are asked for in all",
            where=f"{where} runs",
            remedy="give the total number of runs, existing ones included",
        )
    blocks = _blocks(runs, len(done), block_size, existing_block, where)
    _check_counts(runs, len(described.names) + max(blocks) - 1, where)
    feasible = feasibility(constraints, axes)
    given = _candidates(candidates, axes, where)
    generator = np.random.default_rng(seed)
    region = build(axes, described, feasible, constraints, levels, False, given, generator, where)
    task = Task(
        model=described,
        feasible=feasible,
        done=done,
        blocks=blocks,
        criterion=criterion,
        starts=starts,
        continuous=continuous,
    )
    points, times = search(task, region, generator, where)
    if continuous and given is None and not components:
        # Between the levels of a coarse search the best settings may be out of its reach.
        fine = build(axes, described, feasible, constraints, levels, True, None, generator, where)
        others, _ = search(task, fine, generator, where)
        points = max((points, others), key=lambda found: task.worth(found, region))
    if max(blocks) == 1:
        points = points[np.lexsort(points.T[::-1])]
    design = np.vstack([done, points])
    refuse_unless(len(design) == runs, "number of runs")
    refuse_unless(
        feasible is None or bool(feasible(points).all()), "every new run keeps to the constraints"
    )
    figures = _figures(described, region, design, blocks, where)
    table = Points.of(design, "optimal")
    table.types = ["existing"] * len(done) + ["optimal"] * len(points)
    table.blocks = blocks
    return DOptimal(
        method=_method(criterion, model, region, figures["n_parameters"], times, randomize, seed),
        **assemble(
            f"{criterion.lower()}_optimal",
            listed,
            table,
            replicates=1,
            randomize=randomize,
            seed=seed,
            natural=natural_rows(axes, design),
        ),
        criterion=criterion,
        model=model,
        **figures,
        distinct_runs=len(np.unique(np.round(design, 9), axis=0)),
        df_residual=runs - figures["n_parameters"],
        existing_runs=len(done),
        added_runs=len(points),
        n_candidates=len(region.spread),
        starts=times,
        n_components=len(components),
        warnings=_warnings(runs, figures["n_parameters"], blocks),
    )


@d_optimal.narrates
def _narrate(result: DOptimal) -> Narrative:
    conclusion = (
        "The {{criterion}}-optimal design of {{factor_names}} takes {{runs}} runs for the "
        "{{n_parameters}} parameters of the model, with a D-efficiency of {{D_efficiency}} percent."
    )
    if result.existing_runs:
        conclusion = (
            "Add {{added_runs}} runs to the {{existing_runs}} existing ones: the {{runs}} runs "
            "then determine the {{n_parameters}} parameters of the model with a D-efficiency of "
            "{{D_efficiency}} percent."
        )
    details = [
        "{{distinct_runs}} of the settings differ; {{df_residual}} degrees of freedom are left."
    ]
    figures = [
        ("D-efficiency in percent", "{{D_efficiency}}"),
        ("A-efficiency in percent", "{{A_efficiency}}"),
        ("G-efficiency in percent", "{{G_efficiency}}"),
        ("information per run", "{{det_information_per_run}}"),
        ("model", "{{model}}"),
    ]
    if result.average_variance is not None:
        details.append(
            "A prediction has a variance of {{average_variance}} error variances on average over "
            "the region."
        )
        figures.insert(3, ("mean prediction variance", "{{average_variance}}"))
    return design_narrative(result, conclusion, details, figures)


@d_optimal.verifies
def _recompute(result: DOptimal, terms: list[str] | None = None, **_: object) -> list[Recomputed]:
    """Determinant and trace by elimination, from the listed settings."""
    model: ModelName = msgspec.convert(result.model, ModelName)
    described = model_of(result.factors, model, terms or [], "d_optimal", result.n_components)
    columns = [
        [float(factor.levels.index(row[index])) for row in result.natural]
        if factor.categorical
        else [row[index] for row in result.coded]
        for index, factor in enumerate(result.factors)
    ]
    points = np.array(columns, dtype=np.float64).T
    matrix = with_blocks(described.expand(points), result.blocks)
    _, logarithm = np.linalg.slogdet(matrix.T @ matrix)
    triangle = np.linalg.inv(np.linalg.qr(matrix)[1])
    return [
        *recount(result),
        Recomputed(
            name="log_determinant",
            value=result.log_determinant,
            recomputed=float(logarithm),
            route="LU decomposition of X'X",
        ),
        Recomputed(
            name="A_efficiency",
            value=result.A_efficiency,
            recomputed=100 * matrix.shape[1] / (result.runs * float((triangle**2).sum())),
            route="QR decomposition of X",
        ),
    ]


def _axes(
    factors: Factors,
    n_factors: int | None,
    components: list[Component | str],
    total: float,
    where: str,
) -> list[Axis]:
    named = (
        named_factors(factors, n_factors, where=where, minimum=1, maximum=MAX_FACTORS)
        if factors or n_factors is not None or not components
        else []
    )
    if not components:
        return process_axes(named)
    mixed = check_components(components, None, where)
    repeated = {item.name for item in mixed} & {factor.name for factor in named}
    if repeated:
        raise InputError(
            f"{min(repeated)} is both a component and a factor",
            where=where,
            remedy="name it once",
        )
    bounds = [(item.name, item.low, item.high, item.unit) for item in mixed]
    return component_axes(bounds, total, f"{where} components") + process_axes(named)


def _check_counts(runs: int, parameters: int, where: str) -> None:
    if parameters > MAX_PARAMETERS:
        raise InputError(
            f"the model has {parameters} parameters", where=where, remedy="use a smaller model"
        )
    if runs < parameters:
        raise InputError(
            f"{runs} runs cannot determine the {parameters} parameters of the model",
            where=f"{where} runs",
            remedy=f"give at least {parameters} runs or a smaller model",
        )
    check_size(runs, where)


def _candidates(rows: Rows, axes: list[Axis], where: str) -> FloatArray | None:
    if not rows:
        return None
    if len(rows) > MOST_CANDIDATES:
        raise InputError(
            f"{len(rows)} candidates are more than the {MOST_CANDIDATES} that are compared",
            where=f"{where} candidates",
            remedy="thin them out",
        )
    points = coded_points(rows, axes, f"{where} candidate")
    mixed = [index for index, axis in enumerate(axes) if axis.kind == "component"]
    if mixed and not np.allclose(points[:, mixed].sum(axis=1), 1.0, atol=1e-6):
        raise InputError(
            "the components of a candidate do not add up to the total",
            where=f"{where} candidates",
            remedy="correct the candidates or the total",
        )
    return points


def _blocks(runs: int, done: int, size: int | None, separate: bool, where: str) -> list[int]:
    """Block of every row, existing runs first."""
    first = [1] * done if separate else []
    free = runs - len(first)
    if size is None:
        return first + [2 if first else 1] * free
    if free % size:
        raise InputError(
            f"{free} runs do not divide into blocks of {size}",
            where=f"{where} block_size",
            remedy="choose a number of runs that does",
        )
    offset = 1 if first else 0
    return first + [block + offset for block in blocks_of(free, free // size)]


def _figures(
    described: OptimalModel, region: Region, design: FloatArray, blocks: list[int], where: str
) -> dict[str, Any]:
    """Determinant and efficiencies of the design. Raises InputError if it is singular."""
    matrix = with_blocks(described.expand(design), blocks)
    runs, parameters = matrix.shape
    logarithm = log_determinant(matrix)
    if logarithm == -math.inf:
        raise InputError(
            "no runs were found that determine the model in this region",
            where=where,
            remedy="give more levels or runs, a smaller model, or fewer constraints",
        )
    inverse = np.linalg.inv(matrix.T @ matrix)
    count = len(described.names)
    own = inverse[:count, :count]
    reference = described.expand(region.spread)
    variance = np.einsum("ij,jk,ik->i", reference, own, reference, optimize=True)
    per_run = math.exp(logarithm / parameters) / runs
    return {
        "model_terms": described.names
        + [f"block[{index}]" for index in range(1, parameters - count + 1)],
        "n_parameters": parameters,
        "det_information_per_run": per_run,
        "D_unnormalised": math.exp(logarithm) if logarithm < 700 else math.inf,
        "log_determinant": logarithm,
        "D_efficiency": 100 * per_run,
        "A_efficiency": 100 * parameters / (runs * float(np.trace(inverse))),
        "G_efficiency": 100 * count / (runs * float(variance.max())),
        "average_variance": None if region.weights is None else float(np.sum(own * region.weights)),
    }


def _method(
    criterion: str,
    model: str,
    region: Region,
    parameters: int,
    times: int,
    randomize: bool,
    seed: int,
) -> str:
    how = "coordinate exchange" if region.candidates is None else "exchange of candidates"
    return (
        f"{criterion}-optimal for the {model} model ({parameters} parameters) by {how}, {times} "
        f"random starts with seed {seed}; prediction variance averaged {region.mean}; "
        f"{order_in_words(randomize, seed)}"
    )


def _warnings(runs: int, parameters: int, blocks: list[int]) -> list[str]:
    warnings = ["the best of a search from random starts: a slightly better design may exist"]
    if runs == parameters:
        warnings.append("as many runs as parameters: nothing is left to estimate the error")
    if max(blocks) > 1:
        warnings.append("blocks count as fixed effects: their differences take parameters")
    return warnings
