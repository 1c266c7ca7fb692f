"""Space-filling designs: runs spread evenly over the whole region.

Sources: T. J. Santner, B. J. Williams and W. I. Notz, The Design and Analysis of Computer
Experiments (2nd ed., 2018), chapter 5; K.-T. Fang, R. Li and A. Sudjianto, Design and
Modeling for Computer Experiments (2006), chapters 2 and 3; for the single methods see
``spread_points``.
"""

from __future__ import annotations

import itertools
import math
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta
from scipy.stats import qmc

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.doe.axes import Axis, axis_of, feasibility, natural_rows
from havoc.tools.doe.design import (
    Design,
    Points,
    assemble,
    design_key_figures,
    recount,
    refuse_unless,
)
from havoc.tools.doe.exchange import IntArray
from havoc.tools.doe.factors import FactorCount, Factors, named_factors
from havoc.tools.doe.region import Constraint, check_constraints
from havoc.tools.doe.spread_points import (
    covering_radius,
    discrepancies,
    farthest_points,
    largest_correlation,
    maximin_ranks,
    packed_points,
    phi,
    sliced_ranks,
    smallest_distance,
)
from havoc.tools.parameters import FloatArray, Seed
from havoc.tools.result import Narrative, Recomputed

Method = Literal["maximin_lhs", "uniform", "sobol", "halton", "maximin"]
MOST_CELLS = 40_000
MOST_RUNS = 2000
MOST_PACKED = 1000
MOST_SLICES = 60
COMPARED = 25
CANDIDATES = 4000


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """How evenly points lie; of several random sets the middle one."""

    name: str
    smallest_distance: float
    centered_discrepancy: float


class SpaceFilling(Design, kw_only=True):
    """Figures are those of the numeric factors in the unit cube: ``smallest_distance`` of two
    runs, ``covering_radius`` from any place to its nearest run (estimated), ``phi_p`` (p = 15),
    ``centered_discrepancy`` and ``wraparound_discrepancy`` (square roots; ``..._squared`` is
    the form of scipy). ``comparison`` holds the same for other points of this size.
    ``slices`` are the combinations of labels, each with ``runs_per_slice`` runs that fill the
    region on their own."""

    kind: str
    smallest_distance: float
    covering_radius: float
    phi_p: float
    centered_discrepancy: float
    centered_discrepancy_squared: float
    wraparound_discrepancy: float
    largest_correlation: float
    latin: bool
    comparison: list[Spread]
    slices: int
    runs_per_slice: int
    smallest_distance_in_slice: float | None = None


@tool(
    "space_filling",
    title="Space-filling design",
    source="Santner, Williams & Notz (2018), ch. 5; Fang, Li & Sudjianto (2006); "
    "Morris & Mitchell (1995)",
)
def space_filling(
    runs: Annotated[int, Meta(ge=2, le=MOST_RUNS, description="number of runs")],
    factors: Factors = [],  # noqa: B006
    n_factors: FactorCount = None,
    kind: Annotated[
        Method,
        Meta(
            description="maximin_lhs: Latin hypercube with the runs far apart; uniform: Latin "
            "hypercube of least centred discrepancy; sobol or halton: a sequence that can be "
            "continued; maximin: runs as far apart as possible, many of them on the edges"
        ),
    ] = "maximin_lhs",
    constraints: Annotated[
        list[Constraint],
        Meta(description="settings that are impossible; with maximin, sobol or halton"),
    ] = [],  # noqa: B006
    seed: Seed = 1,
) -> SpaceFilling:
    """Which runs fill the whole region evenly, for a computer experiment or an unknown shape?

    Use it for simulations (no error from run to run), for a surrogate model such as a
    Gaussian process, and for a first look where the response may have any shape. Take
    maximin_lhs for up to a few hundred runs, uniform where the mean over the region is
    wanted, sobol for many runs or when runs are added later, maximin when the edges matter.
    Labels are allowed: each combination of them gets runs that fill the region on their own
    (sliced Latin hypercube), so runs should be a multiple of their number. Assumes that all
    numeric factors matter about equally over their range. It is no design to estimate the
    terms of a polynomial with few runs: take d_optimal or box_behnken for that.
    """
    where = "space_filling"
    given = named_factors(factors, n_factors, where=where, minimum=1, maximum=100)
    axes = [_axis(axis_of(factor), where) for factor in given]
    check_constraints(constraints, [axis.factor for axis in axes], where)
    numbers = [index for index, axis in enumerate(axes) if axis.kind == "number"]
    labels = [index for index, axis in enumerate(axes) if axis.kind == "label"]
    slices = math.prod(len(axes[index].listed) for index in labels)
    _check(runs, len(numbers), slices, kind, bool(constraints), where)
    generator = np.random.default_rng(seed)
    if constraints:
        unit, part = _within(axes, numbers, labels, runs, kind, constraints, generator, where)
    else:
        unit = _filled(kind, runs, len(numbers), slices, generator)
        part = np.arange(runs, dtype=np.int64) % slices
    combinations = list(itertools.product(*(axes[index].listed for index in labels)))
    points = np.empty((runs, len(axes)))
    points[:, numbers] = np.round(2 * unit - 1, 12)
    points[:, labels] = np.array(combinations)[part] if labels else 0.0
    latin = bool(
        np.all(np.sort(np.floor(unit * runs * (1 - 1e-12)), axis=0) == np.arange(runs)[:, None])
    )
    refuse_unless(kind not in {"maximin_lhs", "uniform"} or latin, "one run in every strip")
    centered, around = discrepancies(unit)
    sizes = [int((part == index).sum()) for index in range(slices)]
    return SpaceFilling(
        method=_method(kind, slices, bool(constraints), seed),
        **assemble(
            f"space_filling_{kind}",
            [axis.factor for axis in axes],
            Points.of(points, "space filling"),
            replicates=1,
            randomize=False,
            seed=seed,
            natural=natural_rows(axes, points),
        ),
        kind=kind,
        smallest_distance=smallest_distance(unit),
        covering_radius=covering_radius(unit, generator),
        phi_p=min(phi(unit), 1e12),
        centered_discrepancy=centered,
        centered_discrepancy_squared=centered**2,
        wraparound_discrepancy=around,
        largest_correlation=largest_correlation(unit),
        latin=latin,
        comparison=_comparison(runs, len(numbers), generator),
        slices=slices,
        runs_per_slice=min(sizes),
        smallest_distance_in_slice=_within_slices(unit, part, slices),
        warnings=_warnings(kind, runs, len(numbers), sizes),
    )


@space_filling.narrates
def _narrate(result: SpaceFilling) -> Narrative:
    conclusion = (
        "The design spreads {{runs}} runs evenly over {{factor_names}}: any two are at least "
        "{{smallest_distance}} apart on a scale from zero to one, random points only "
        "{{comparison.0.smallest_distance}}."
    )
    details = [
        "The centred discrepancy is {{centered_discrepancy}} (random points "
        "{{comparison.0.centered_discrepancy}}, smaller is more even); no place of the region is "
        "farther than about {{covering_radius}} from a run."
    ]
    if result.latin:
        details.append("Each factor has one run in every one of {{runs}} strips of its range.")
    if result.slices > 1:
        details.append(
            "Each of the {{slices}} combinations of labels has at least {{runs_per_slice}} runs "
            "that fill the region on their own."
        )
    return Narrative(
        conclusion=conclusion,
        details=details,
        key_figures=[
            *design_key_figures(result),
            ("smallest distance", "{{smallest_distance}}"),
            ("centred discrepancy", "{{centered_discrepancy}}"),
            ("largest correlation", "{{largest_correlation}}"),
        ],
    )


@space_filling.verifies
def _recompute(result: SpaceFilling, **_: object) -> list[Recomputed]:
    """Smallest distance over all pairs, and the centred discrepancy by Hickernell's formula."""
    numbers = [index for index, factor in enumerate(result.factors) if not factor.categorical]
    unit = (np.array(result.coded)[:, numbers] + 1) / 2
    checks = recount(result)
    if len(unit) > 500:
        return checks
    apart = np.abs(unit[:, None, :] - unit[None, :, :])
    squares = (apart**2).sum(axis=2) + np.diag(np.full(len(unit), np.inf))
    middle = np.abs(unit - 0.5)
    single = np.prod(1 + middle / 2 - middle**2 / 2, axis=1).sum()
    double = np.prod(1 + (middle[:, None] + middle[None, :] - apart) / 2, axis=2).sum()
    value = (13 / 12) ** unit.shape[1] - 2 * single / len(unit) + double / len(unit) ** 2
    return [
        *checks,
        Recomputed(
            name="smallest_distance",
            value=result.smallest_distance,
            recomputed=float(np.sqrt(squares.min())),
            route="all pairs of runs",
        ),
        Recomputed(
            name="centered_discrepancy_squared",
            value=result.centered_discrepancy_squared,
            recomputed=float(value),
            route="Hickernell's formula",
            atol=1e-10,
        ),
    ]


def _axis(axis: Axis, where: str) -> Axis:
    if axis.kind == "number" and axis.listed and len(axis.listed) > 2:
        raise InputError(
            f"{axis.factor.name} has listed levels, and a space-filling design takes any setting",
            where=where,
            remedy="give low and high, or name the levels as labels",
        )
    return msgspec.structs.replace(axis, listed=[]) if axis.kind == "number" else axis


def _check(
    runs: int, dimensions: int, slices: int, kind: str, constrained: bool, where: str
) -> None:
    if not dimensions:
        raise InputError(
            "there is no numeric factor to spread the runs over",
            where=where,
            remedy="use full_factorial for labels",
        )
    most = MOST_PACKED if kind == "maximin" else MOST_CELLS
    if runs * dimensions > most and not constrained:
        raise InputError(
            f"{runs} runs of {dimensions} numeric factors are too many for {kind}",
            where=where,
            remedy="use sobol or fewer runs" if kind != "sobol" else "use fewer runs",
        )
    if slices > min(MOST_SLICES, runs // 2) and slices > 1:
        raise InputError(
            f"{runs} runs for {slices} combinations of labels leave too few for each",
            where=f"{where} runs",
            remedy=f"give at least {2 * slices} runs, at most {MOST_SLICES} combinations",
        )
    if constrained and kind in {"maximin_lhs", "uniform"}:
        raise InputError(
            "a Latin hypercube does not keep to constraints",
            where=f"{where} kind",
            remedy="use kind maximin, sobol or halton",
        )


def _filled(
    kind: str, runs: int, dimensions: int, slices: int, generator: np.random.Generator
) -> FloatArray:
    """Points in the unit cube; row r belongs to slice r modulo the slices."""
    if kind == "maximin":
        return packed_points(runs, dimensions, generator)
    if kind in {"sobol", "halton"}:
        return _sequence(kind, runs, dimensions, generator)
    whole = slices if runs % slices == 0 else 1
    if kind == "uniform" and whole == 1:
        return _uniform(runs, dimensions, generator)
    ranks = sliced_ranks(runs, whole, dimensions, generator)
    ranks = maximin_ranks(ranks, whole, generator)
    return (ranks + 0.5) / runs


def _sequence(kind: str, runs: int, dimensions: int, generator: np.random.Generator) -> FloatArray:
    if kind == "halton":
        return np.asarray(qmc.Halton(d=dimensions, rng=generator).random(runs))
    sampler = qmc.Sobol(d=dimensions, rng=generator)
    return np.asarray(sampler.random_base2(max(1, math.ceil(math.log2(runs)))))[:runs]


def _uniform(runs: int, dimensions: int, generator: np.random.Generator) -> FloatArray:
    """Latin hypercubes in the middle of the strips, the one of least centred discrepancy."""
    tries = int(np.clip(300 / (runs * dimensions), 1, 4))
    found = [
        np.asarray(
            qmc.LatinHypercube(
                d=dimensions, scramble=False, optimization="random-cd", rng=generator
            ).random(runs)
        )
        for _ in range(tries)
    ]
    return min(found, key=lambda points: float(qmc.discrepancy(points)))


def _within(
    axes: list[Axis],
    numbers: list[int],
    labels: list[int],
    runs: int,
    kind: str,
    constraints: list[Constraint],
    generator: np.random.Generator,
    where: str,
) -> tuple[FloatArray, IntArray]:
    """Points that keep to the constraints, with the combination of labels of each."""
    feasible = feasibility(constraints, axes)
    assert feasible is not None
    combinations = list(itertools.product(*(axes[index].listed for index in labels)))
    share = [
        runs // len(combinations) + (i < runs % len(combinations)) for i in range(len(combinations))
    ]
    unit: list[FloatArray] = []
    part: list[int] = []
    for number, (combination, count) in enumerate(zip(combinations, share, strict=True)):
        sampler = _sequence(
            "halton" if kind == "halton" else "sobol", 16 * CANDIDATES, len(numbers), generator
        )
        points = np.empty((len(sampler), len(axes)))
        points[:, numbers] = 2 * sampler - 1
        points[:, labels] = combination
        kept = sampler[feasible(points)]
        if len(kept) < count:
            raise InputError(
                f"the constraints leave {len(kept)} of {len(sampler)} points",
                where=where,
                remedy="relax a constraint or narrow the ranges to the region",
            )
        kept = kept[: max(CANDIDATES, count)]
        others = np.vstack(unit) if unit else kept[:0]
        chosen = farthest_points(kept, count, others) if kind == "maximin" else list(range(count))
        unit.append(kept[chosen])
        part += [number] * count
    return np.vstack(unit), np.array(part)


def _comparison(runs: int, dimensions: int, generator: np.random.Generator) -> list[Spread]:
    """Random points, random Latin hypercubes, and the best of a hundred of these."""
    times = COMPARED if runs * dimensions <= 2000 else 1
    random = [generator.uniform(size=(runs, dimensions)) for _ in range(times)]
    sampler = qmc.LatinHypercube(d=dimensions, rng=generator)
    latin = [np.asarray(sampler.random(runs)) for _ in range(times)]
    best = max((np.asarray(sampler.random(runs)) for _ in range(4 * times)), key=smallest_distance)
    return [
        _middle("random points", random),
        _middle("random Latin hypercube", latin),
        _middle(f"best of {4 * times} Latin hypercubes", [best]),
    ]


def _middle(name: str, sets: list[FloatArray]) -> Spread:
    return Spread(
        name=name,
        smallest_distance=float(np.median([smallest_distance(points) for points in sets])),
        centered_discrepancy=float(np.median([discrepancies(points)[0] for points in sets])),
    )


def _within_slices(unit: FloatArray, part: IntArray, slices: int) -> float | None:
    if slices == 1:
        return None
    return min(smallest_distance(unit[part == index]) for index in range(slices))


def _method(kind: str, slices: int, constrained: bool, seed: int) -> str:
    names = {
        "maximin_lhs": "maximin Latin hypercube by exchanges on phi_p "
        "(Morris & Mitchell), runs in the middle of the strips",
        "uniform": "Latin hypercube of least centred discrepancy (uniform design) by exchanges",
        "sobol": "scrambled Sobol sequence",
        "halton": "scrambled Halton sequence",
        "maximin": "maximin distance design in the whole cube",
    }
    text = names[kind]
    if constrained:
        text += ", of the points that keep to the constraints"
    if slices > 1:
        text += f", {slices} slices for the labels"
    return f"{text}; seed {seed}; figures in the unit cube of the numeric factors"


def _warnings(kind: str, runs: int, dimensions: int, sizes: list[int]) -> list[str]:
    warnings = []
    if kind == "sobol" and runs & (runs - 1):
        warnings.append("a Sobol sequence is balanced at powers of two only")
    if len(set(sizes)) > 1:
        warnings.append(
            f"{runs} runs do not divide by {len(sizes)} combinations of labels: the slices are not "
            "equal, and no longer Latin hypercubes"
        )
    if runs < 10 * dimensions:
        warnings.append(
            f"about ten runs a factor ({10 * dimensions}) are usual for a surrogate model"
        )
    if kind == "maximin":
        warnings.append("many runs lie on the edges; projected on few factors they may coincide")
    return warnings
