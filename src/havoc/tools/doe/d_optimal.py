"""D-optimal designs: the runs that determine a given model best.

Sources: V. V. Fedorov, Theory of Optimal Experiments (1972); Cook & Nachtsheim,
Technometrics 22 (1980) 315; Meyer & Nachtsheim, Technometrics 37 (1995) 60;
NIST/SEMATECH e-Handbook 5.5.2.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.declaration import tool
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
from havoc.tools.doe.exchange import exchange_coordinates, exchange_points, log_determinant
from havoc.tools.doe.factors import (
    Factor,
    FactorCount,
    Factors,
    coded_value,
    named_factors,
    natural_value,
)
from havoc.tools.doe.levels import scale_of, sorted_levels
from havoc.tools.doe.optimal_model import ModelName, OptimalModel, model_of
from havoc.tools.doe.region import BoolArray, Constraint, allowed, check_constraints
from havoc.tools.parameters import FloatArray, Seed
from havoc.tools.result import Narrative, Recomputed

MAX_FACTORS = 15
MAX_PARAMETERS = 100
MAX_OPTIMAL_RUNS = 500
MANY_CANDIDATES = 3000
FINE_LEVELS = 11
WORK = 4e8


class DOptimal(Design):
    """``det_information_per_run`` is det(X'X)^(1/p)/n, ``D_unnormalised`` det(X'X) itself and
    ``D_efficiency`` hundred times the former; ``A_efficiency`` is p/(n trace((X'X)^-1)) and
    ``G_efficiency`` p/(n largest prediction variance at the points searched), in percent. X holds
    the ``model_terms`` of coded settings, labels as orthogonal contrasts."""

    model: str
    model_terms: list[str]
    n_parameters: int
    det_information_per_run: float
    D_unnormalised: float
    log_determinant: float
    D_efficiency: float
    A_efficiency: float
    G_efficiency: float
    average_variance: float
    distinct_runs: int
    df_residual: int
    existing_runs: int
    added_runs: int
    n_candidates: int


@tool(
    "d_optimal",
    title="D-optimal design",
    source="Fedorov (1972); Cook & Nachtsheim (1980); NIST/SEMATECH e-Handbook 5.5.2",
)
def d_optimal(
    runs: Annotated[
        int, Meta(ge=2, le=MAX_OPTIMAL_RUNS, description="runs, existing ones included")
    ],
    factors: Factors = [],  # noqa: B006
    n_factors: FactorCount = None,
    model: Annotated[ModelName, Meta(description="model that is to be fitted")] = "linear",
    terms: Annotated[
        list[str], Meta(description="terms beyond the model, such as A*B or A^2")
    ] = [],  # noqa: B006
    levels: Annotated[
        int, Meta(ge=2, le=21, description="levels of a numeric range that are tried")
    ]
    | None = None,
    constraints: Annotated[list[Constraint], Meta(description="settings that are impossible")] = [],  # noqa: B006
    existing: Annotated[
        list[list[float | str]], Meta(description="runs made already, in the order of the factors")
    ] = [],  # noqa: B006
    existing_coded: Annotated[
        bool, Meta(description="existing runs are coded, low is minus one")
    ] = False,
    block_size: Annotated[int, Meta(ge=2, description="runs of a block")] | None = None,
    starts: Annotated[int, Meta(ge=1, le=200, description="random starts of the search")] = 20,
    randomize: Randomize = True,
    seed: Seed = 1,
) -> DOptimal:
    """Which runs determine this model best, when no standard design fits?

    Use it for an irregular region, factors with many levels, a fixed number of
    runs, or to augment runs that were made already. The runs are the best of
    several searches from random starts, so a slightly better design may exist.
    The design is best for this model only: it does not show what the model
    leaves out. Numbers are coded from -1 at low to +1 at high.
    """
    where = "d_optimal"
    listed = [
        _prepared(factor)
        for factor in named_factors(factors, n_factors, where=where, minimum=1, maximum=MAX_FACTORS)
    ]
    check_constraints(constraints, listed, where)
    described = model_of(listed, model, terms, where)
    parameters = len(described.names)
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
    if len(existing) >= runs:
        raise InputError(
            f"{len(existing)} runs exist and {runs} are asked for in all",
            where=f"{where} runs",
            remedy="give the total number of runs, existing ones included",
        )
    check_size(runs, where)
    curved = model == "quadratic" or any("^" in text for text in terms)
    scales = [_scale(factor, curved, bool(constraints), levels, len(listed)) for factor in listed]
    done = _existing(existing, existing_coded, listed, where)

    def feasible(points: FloatArray) -> BoolArray:
        return allowed(constraints, _natural_columns(listed, points), len(points))

    points, searched = _search(
        described, scales, feasible, done, runs - len(done), starts, seed, where
    )
    points = points[np.lexsort(points.T[::-1])]
    design = np.vstack([done, points])
    matrix = described.expand(design)
    logarithm = log_determinant(matrix)
    if logarithm == -math.inf:
        raise InputError(
            "no runs were found that determine the model in this region",
            where=where,
            remedy="give more levels or runs, a smaller model, or fewer constraints",
        )
    refuse_unless(bool(feasible(points).all()), "every new run keeps to the constraints")
    refuse_unless(len(design) == runs, "number of runs")
    inverse = np.linalg.inv(matrix.T @ matrix)
    reference = described.expand(searched)
    variance = np.einsum("ij,jk,ik->i", reference, inverse, reference)
    table = Points.of(design, "optimal")
    table.types = ["existing"] * len(done) + ["optimal"] * len(points)
    if block_size is not None:
        table.blocks = _blocks(runs, block_size, where)
    columns = _natural_columns(listed, design)
    natural = [list(row) for row in zip(*columns.values(), strict=True)]
    per_run = math.exp(logarithm / parameters) / runs
    warnings = [
        "the best of a search from random starts: a slightly better design may exist",
    ]
    if runs == parameters:
        warnings.append("as many runs as parameters: nothing is left to estimate the error")
    if block_size is not None:
        warnings.append(
            "the blocks are cut from the random order; block effects are not in the model"
        )
    return DOptimal(
        method=(
            f"D-optimal for the {model} model ({parameters} parameters) by "
            f"exchange, {starts} random starts with seed {seed}; {order_in_words(randomize, seed)}"
        ),
        **assemble(
            "d_optimal",
            listed,
            table,
            replicates=1,
            randomize=randomize,
            seed=seed,
            natural=natural,
        ),
        model=model,
        model_terms=described.names,
        n_parameters=parameters,
        det_information_per_run=per_run,
        D_unnormalised=math.exp(logarithm) if logarithm < 700 else math.inf,
        log_determinant=logarithm,
        D_efficiency=100 * per_run,
        A_efficiency=100 * parameters / (runs * float(np.trace(inverse))),
        G_efficiency=100 * parameters / (runs * float(variance.max())),
        average_variance=float(variance.mean()),
        distinct_runs=len(np.unique(np.round(design, 9), axis=0)),
        df_residual=runs - parameters,
        existing_runs=len(done),
        added_runs=len(points),
        n_candidates=len(searched),
        warnings=warnings,
    )


@d_optimal.narrates
def _narrate(result: DOptimal) -> Narrative:
    conclusion = (
        "The D-optimal design of {{factor_names}} takes {{runs}} runs for the {{n_parameters}} "
        "parameters of the model, with a D-efficiency of {{D_efficiency}} percent."
    )
    if result.existing_runs:
        conclusion = (
            "Add {{added_runs}} runs to the {{existing_runs}} existing ones: the {{runs}} runs "
            "then determine the {{n_parameters}} parameters of the model with a D-efficiency of "
            "{{D_efficiency}} percent."
        )
    return design_narrative(
        result,
        conclusion,
        ["{{distinct_runs}} of the settings differ; {{df_residual}} degrees of freedom are left."],
        [
            ("D-efficiency in percent", "{{D_efficiency}}"),
            ("information per run", "{{det_information_per_run}}"),
            ("model", "{{model}}"),
        ],
    )


@d_optimal.verifies
def _recompute(result: DOptimal, terms: list[str] | None = None, **_: object) -> list[Recomputed]:
    """The determinant by elimination, from the listed settings."""
    model: ModelName = msgspec.convert(result.model, ModelName)
    described = model_of(result.factors, model, terms or [], "d_optimal")
    matrix = described.expand(np.array(result.coded) if _numeric(result) else _positions(result))
    _, logarithm = np.linalg.slogdet(matrix.T @ matrix)
    return [
        *recount(result),
        Recomputed(
            name="log_determinant",
            value=result.log_determinant,
            recomputed=float(logarithm),
            route="LU decomposition of X'X",
        ),
    ]


def _numeric(result: DOptimal) -> bool:
    return not any(factor.categorical for factor in result.factors)


def _positions(result: DOptimal) -> FloatArray:
    """Settings with labels as their positions."""
    columns = [
        [float(factor.levels.index(row[index])) for row in result.natural]
        if factor.categorical
        else [row[index] for row in result.coded]
        for index, factor in enumerate(result.factors)
    ]
    return np.array(columns, dtype=np.float64).T


def _prepared(factor: Factor) -> Factor:
    """A range, or its levels in rising order; a count of levels becomes numbered labels."""
    if factor.levels:
        ordered = sorted_levels(factor)
        if factor.categorical:
            return ordered
        numbers = [float(level) for level in ordered.levels]
        return msgspec.structs.replace(ordered, low=numbers[0], high=numbers[-1])
    if factor.n_levels is not None and factor.low is None and factor.n_levels > 2:
        labels: list[float | str] = [f"level {index}" for index in range(1, factor.n_levels + 1)]
        return Factor(name=factor.name, levels=labels, unit=factor.unit)
    if factor.low is None:
        return Factor(name=factor.name, low=-1.0, high=1.0, unit=factor.unit)
    return factor


def _scale(
    factor: Factor, curved: bool, constrained: bool, levels: int | None, count: int
) -> FloatArray:
    """The settings that are tried: positions of labels, coded numbers."""
    if factor.categorical:
        return np.arange(len(factor.levels), dtype=np.float64)
    if factor.levels:
        return np.array(scale_of(factor))
    if levels is None:
        levels = 3 if curved else 2
        if constrained:
            levels = FINE_LEVELS if count <= 4 else 5
    return np.round(np.linspace(-1, 1, levels), 12)


def _natural_columns(factors: list[Factor], points: FloatArray) -> dict[str, list[float | str]]:
    columns: dict[str, list[float | str]] = {}
    for factor, column in zip(factors, points.T.tolist(), strict=True):
        if factor.categorical:
            columns[factor.name] = [factor.levels[round(value)] for value in column]
        else:
            known = {value: natural_value(_range(factor), value) for value in set(column)}
            columns[factor.name] = [known[value] for value in column]
    return columns


def _range(factor: Factor) -> Factor:
    return Factor(name=factor.name, low=factor.low, high=factor.high)


def _existing(
    rows: list[list[float | str]], coded: bool, factors: list[Factor], where: str
) -> FloatArray:
    """Runs that were made already, as coded settings and positions of labels."""
    done = np.empty((len(rows), len(factors)))
    for number, row in enumerate(rows):
        place = f"{where} existing run {number + 1}"
        if len(row) != len(factors):
            raise InputError(
                f"{len(row)} settings for {len(factors)} factors",
                where=place,
                remedy="give one setting for every factor",
            )
        for index, (factor, value) in enumerate(zip(factors, row, strict=True)):
            if factor.categorical:
                if value not in factor.levels:
                    raise InputError(
                        f"{value} is not a level of {factor.name}", where=place, remedy="correct it"
                    )
                done[number, index] = factor.levels.index(value)
            elif isinstance(value, str) or not math.isfinite(value):
                raise InputError(
                    f"the setting of {factor.name} is not a number",
                    where=place,
                    remedy="correct it",
                )
            else:
                done[number, index] = value if coded else coded_value(_range(factor), value)
    return done


def _search(
    described: OptimalModel,
    scales: list[FloatArray],
    feasible: Callable[[FloatArray], BoolArray],
    done: FloatArray,
    added: int,
    starts: int,
    seed: int,
    where: str,
) -> tuple[FloatArray, FloatArray]:
    """The new settings, and the settings that were compared."""
    generator = np.random.default_rng(seed)
    fixed = described.expand(done)
    size = math.prod(map(len, scales))
    if size <= MANY_CANDIDATES:
        grid = np.array(list(itertools.product(*scales)))
        grid = grid[feasible(grid)]
        if not len(grid):
            raise InputError(
                "the constraints leave no setting", where=where, remedy="relax a constraint"
            )
        candidates = described.expand(grid)
        effort = len(candidates) * candidates.shape[1] ** 2 * added * 8
        starts = max(2, min(starts, int(WORK * 6 / max(effort, 1))))
        chosen = exchange_points(candidates, fixed, added, starts, generator)
        return grid[chosen], grid
    sample = np.column_stack([generator.choice(scale, size=4096) for scale in scales])
    sample = sample[feasible(sample)]
    if len(sample) < 40:
        raise InputError(
            "the constraints leave hardly any setting", where=where, remedy="relax a constraint"
        )
    effort = added * len(scales) * (fixed.shape[1] ** 2 * 40 + 2e5)
    starts = max(1, min(starts, int(WORK * 3 / effort)))
    points = exchange_coordinates(
        scales, described.expand, feasible, fixed, added, starts, generator
    )
    return points, np.vstack([sample, points])


def _blocks(runs: int, size: int, where: str) -> list[int]:
    if runs % size:
        raise InputError(
            f"{runs} runs do not divide into blocks of {size}",
            where=f"{where} block_size",
            remedy="choose a number of runs that does",
        )
    return blocks_of(runs, runs // size)
