"""Mixture designs: simplex lattice, simplex centroid, extreme vertices.

With lower bounds a simplex design is built in pseudo-components: the amount of
a component is its bound plus its share of what the bounds leave. With upper
bounds too the region is no simplex, and its extreme vertices are run.

Sources: H. Scheffe (1958, 1963), J. R. Statist. Soc. B 20, 344 and 25, 235;
NIST/SEMATECH e-Handbook 5.5.4; extreme vertices McLean & Anderson (1966).
"""

from __future__ import annotations

import itertools
import math
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.doe.design import (
    Design,
    Points,
    Randomize,
    Replicates,
    assemble,
    check_size,
    design_narrative,
    order_in_words,
    recount,
    refuse_unless,
    repeated,
)
from havoc.tools.doe.exchange import exchange_points, log_determinant
from havoc.tools.doe.extreme_vertices import centroids, extreme_vertices, implied_bounds
from havoc.tools.doe.factors import LETTERS, Factor
from havoc.tools.doe.simplex_points import augment, centroid, lattice, types_of
from havoc.tools.parameters import FloatArray, Seed
from havoc.tools.result import Narrative, Recomputed

MANY_VERTICES = 120


class Mixture(Design):
    """``points`` are the distinct blends in pseudo-components; ``natural`` are amounts.

    With upper bounds ``vertices`` counts the corners of the region and ``reachable`` holds the
    lowest and highest amount of each component that any blend can have.
    """

    degree: int
    total: float
    points: list[list[float]]
    distinct_runs: int
    pure_blends: int
    vertices: int | None = None
    edge_centroids: int | None = None
    face_centroids: int | None = None
    reachable: dict[str, list[float]] | None = None
    D_efficiency: float | None = None


class Component(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One component, with the least and the largest amount that a blend may hold."""

    name: str
    low: Annotated[float, Meta(ge=0)] = 0.0
    high: float | None = None
    unit: str = ""


@tool(
    "mixture",
    title="Mixture design",
    source="Scheffe (1958, 1963); NIST/SEMATECH e-Handbook 5.5.4",
)
def mixture(
    components: Annotated[
        list[Component | str], Meta(description="components: names, or name with low and high")
    ] = [],  # noqa: B006
    n_components: Annotated[int, Meta(ge=2, le=12)] | None = None,
    method: Annotated[
        Literal["simplex_lattice", "simplex_centroid", "extreme_vertices"],
        Meta(description="kind of design; extreme vertices if there are upper bounds"),
    ]
    | None = None,
    degree: Annotated[
        int, Meta(ge=1, le=6, description="degree of the lattice, or of the polynomial")
    ] = 2,
    runs: Annotated[
        int, Meta(ge=2, le=500, description="blends to choose from all vertices and centroids")
    ]
    | None = None,
    augmented: Annotated[
        bool, Meta(description="add the overall centroid and the axial check blends")
    ] = False,
    total: Annotated[float, Meta(gt=0, description="amount that each blend adds up to")] = 1.0,
    replicates: Replicates = 1,
    randomize: Randomize = True,
    seed: Seed = 1,
) -> Mixture:
    """Which blends show how the proportions of the components act?

    Use it when the factors are parts of a whole: the response depends on the
    proportions only. The lattice fits a Scheffe polynomial of its degree, the
    centroid design all blending terms. Components may have lower bounds. With
    upper bounds the extreme vertices of the region are taken, with the
    centroids of its edges (for a quadratic), of its faces, and of all; if fewer
    runs are wanted, those that determine the Scheffe polynomial best (D-optimal).
    Augmented designs add blends half-way from the centroid to the corners, which
    show whether the polynomial fits inside. Assumes that the total amount does not
    matter; with process factors or limits on sums of components use d_optimal.
    """
    where = "mixture"
    listed = check_components(components, n_components, where)
    if method is None:
        method = "extreme_vertices" if _bounded_above(listed, total) else "simplex_lattice"
    if method == "extreme_vertices":
        return _vertices_design(
            listed,
            degree,
            runs,
            total,
            augmented=augmented,
            replicates=replicates,
            randomize=randomize,
            seed=seed,
        )
    _check_simplex(listed, total, where)
    q = len(listed)
    count = math.comb(q + degree - 1, degree) if method == "simplex_lattice" else 2**q - 1
    if runs is not None and runs != count:
        raise InputError(
            f"this design takes {count} runs, not {runs}",
            where=f"{where} runs",
            remedy="leave runs out, or use method extreme_vertices",
        )
    check_size(count * replicates, where)
    blends = lattice(q, degree) if method == "simplex_lattice" else centroid(q)
    if augmented:
        blends = augment(blends, q)
    refuse_unless(bool(np.allclose(blends.sum(axis=1), 1.0)), "blends add up to the whole")
    refuse_unless(len(blends) >= count, "number of blends")
    points = repeated(Points.of(blends, "blend"), replicates)
    points.types = types_of(points.coded)
    low = np.array([component.low for component in listed])
    amounts = low + (total - low.sum()) * points.coded
    natural: list[list[float | str]] = np.round(amounts, 12).tolist()
    largest = amounts.max(axis=0).tolist()
    factors = [
        Factor(name=component.name, low=component.low, high=high, unit=component.unit)
        for component, high in zip(listed, largest, strict=True)
    ]
    kind = f"simplex lattice of degree {degree}" if method == "simplex_lattice" else "centroid"
    bounded = "; proportions in pseudo-components above the lower bounds" if low.any() else ""
    return Mixture(
        method=f"{kind} mixture design{bounded}; {order_in_words(randomize, seed)}",
        **assemble(
            method,
            factors,
            points,
            replicates=replicates,
            randomize=randomize,
            seed=seed,
            natural=natural,
        ),
        degree=degree if method == "simplex_lattice" else q,
        total=total,
        points=blends.tolist(),
        distinct_runs=len(blends),
        pure_blends=sum(1 for blend in blends if np.count_nonzero(blend) == 1),
    )


def _vertices_design(
    listed: list[Component],
    degree: int,
    runs: int | None,
    total: float,
    *,
    augmented: bool,
    replicates: int,
    randomize: bool,
    seed: int,
) -> Mixture:
    """Extreme vertices with their centroids, or the best blends among them."""
    where = "mixture"
    low = np.array([component.low for component in listed])
    high = np.array([total if item.high is None else item.high for item in listed])
    reach_low, reach_high = implied_bounds(low, high, total, f"{where} components")
    corners = extreme_vertices(reach_low, reach_high, total)
    if len(corners) < 2:
        raise InputError(
            "the bounds leave a single blend", where=f"{where} components", remedy="widen a bound"
        )
    many = len(corners) > MANY_VERTICES
    edges, faces = (
        centroids(corners, reach_low, reach_high, total) if not many else (corners[:0],) * 2
    )
    parts = [("vertex", corners)]
    if degree >= 2 or runs is not None:
        parts.append(("edge centroid", edges))
    if len(listed) > 3:
        parts.append(("face centroid", faces))
    center = corners.mean(axis=0, keepdims=True)
    parts.append(("overall centroid", center))
    if augmented:
        parts.append(("axial", (corners + center) / 2))
    blends = np.vstack([rows for _, rows in parts])
    kinds = [kind for kind, rows in parts for _ in rows]
    _, first = np.unique(np.round(blends / total, 9), axis=0, return_index=True)
    kept = np.sort(first)
    blends, kinds = blends[kept], [kinds[row] for row in kept]
    efficiency = None
    chosen = ""
    if runs is not None:
        blends, kinds, efficiency = _best_blends(blends, kinds, degree, runs, total, seed, where)
        chosen = f", {runs} of them chosen D-optimally"
    check_size(len(blends) * replicates, where)
    within = (blends >= reach_low - 1e-7 * total) & (blends <= reach_high + 1e-7 * total)
    refuse_unless(bool(within.all()), "blends within the bounds")
    refuse_unless(bool(np.allclose(blends.sum(axis=1), total)), "blends add up to the whole")
    points = repeated(
        Points(coded=blends / total, types=kinds, blocks=[1] * len(blends)), replicates
    )
    natural: list[list[float | str]] = np.round(np.tile(blends, (replicates, 1)), 10).tolist()
    factors = [
        Factor(name=item.name, low=bottom, high=top, unit=item.unit)
        for item, bottom, top in zip(listed, reach_low.tolist(), reach_high.tolist(), strict=True)
    ]
    warnings = [
        f"{item.name} cannot reach {bound:g}: the bounds of the others leave {reached:g}"
        for item, bounds, limits in zip(
            listed,
            np.column_stack([low, high]).tolist(),
            np.column_stack([reach_low, reach_high]).tolist(),
            strict=True,
        )
        for bound, reached in zip(bounds, limits, strict=True)
        if abs(bound - reached) > 1e-9 * total and (item.high is not None or bound == bounds[0])
    ]
    if many:
        warnings.append(
            f"{len(corners)} vertices: centroids of edges and faces were left out; ask for fewer "
            "runs"
        )
    return Mixture(
        method=(
            f"extreme vertices with centroids{chosen} (McLean & Anderson); "
            f"{order_in_words(randomize, seed)}"
        ),
        **assemble(
            "extreme_vertices",
            factors,
            points,
            replicates=replicates,
            randomize=randomize,
            seed=seed,
            natural=natural,
        ),
        degree=degree,
        total=total,
        points=(blends / total).tolist(),
        distinct_runs=len(np.unique(np.round(blends / total, 9), axis=0)),
        pure_blends=0,
        vertices=len(corners),
        edge_centroids=kinds.count("edge centroid"),
        face_centroids=kinds.count("face centroid"),
        reachable={
            item.name: [bottom, top]
            for item, bottom, top in zip(
                listed, reach_low.tolist(), reach_high.tolist(), strict=True
            )
        },
        D_efficiency=efficiency,
        warnings=warnings,
    )


def _best_blends(
    blends: FloatArray,
    kinds: list[str],
    degree: int,
    runs: int,
    total: float,
    seed: int,
    where: str,
) -> tuple[FloatArray, list[str], float]:
    """The blends with the largest determinant for the Scheffe polynomial."""
    model = scheffe(blends / total, degree)
    if runs < model.shape[1]:
        raise InputError(
            f"{runs} runs cannot determine the {model.shape[1]} terms of the polynomial",
            where=f"{where} runs",
            remedy=f"give at least {model.shape[1]} runs or degree 1",
        )
    generator = np.random.default_rng(seed)
    # Scaled columns: amounts of very different size must not decide by rounding.
    scaled = model / np.abs(model).max(axis=0)
    chosen = exchange_points(scaled, np.empty((0, model.shape[1])), runs, 10, generator)
    logarithm = log_determinant(scaled[chosen])
    if logarithm == -math.inf:
        raise InputError(
            "the bounds are too narrow to determine the polynomial",
            where=f"{where} components",
            remedy="use degree 1 or wider bounds",
        )
    efficiency = 100 * math.exp(log_determinant(model[chosen]) / model.shape[1]) / runs
    return blends[chosen], [kinds[row] for row in chosen.tolist()], efficiency


def scheffe(shares: FloatArray, degree: int) -> FloatArray:
    """Scheffe polynomial of degree 1 or 2 (higher ones are judged by their quadratic part)."""
    columns = [shares]
    if degree >= 2:
        pairs = list(itertools.combinations(range(shares.shape[1]), 2))
        columns.append(np.column_stack([shares[:, i] * shares[:, j] for i, j in pairs]))
    return np.hstack(columns)


@mixture.narrates
def _narrate(result: Mixture) -> Narrative:
    if result.vertices is not None:
        return design_narrative(
            result,
            "The mixture design of {{factor_names}} takes {{runs}} runs; the bounds leave a region "
            "with {{vertices}} extreme vertices.",
            ["Every blend adds up to {{total}}."],
            [("extreme vertices", "{{vertices}}"), ("different blends", "{{distinct_runs}}")],
        )
    return design_narrative(
        result,
        "The mixture design of {{factor_names}} takes {{runs}} runs with {{distinct_runs}} "
        "different blends.",
        ["Every blend adds up to {{total}}."],
        [("pure blends", "{{pure_blends}}")],
    )


@mixture.verifies
def _recompute(result: Mixture, **_: object) -> list[Recomputed]:
    sums = [math.fsum(float(value) for value in row) for row in result.natural]
    return [
        *recount(result),
        Recomputed(
            name="total",
            value=result.total,
            recomputed=max(sums, key=lambda value: abs(value - result.total)),
            route="sum of the amounts of the worst blend",
        ),
    ]


def check_components(
    components: list[Component | str], n_components: int | None, where: str
) -> list[Component]:
    if not components and n_components is None:
        raise InputError("no components given", where=where, remedy="name the components")
    named: list[Component | str] = components or list(LETTERS[: n_components or 0])
    listed = [Component(name=item) if isinstance(item, str) else item for item in named]
    if not 2 <= len(listed) <= 12:
        raise InputError(
            f"{len(listed)} components, but it takes 2 to 12",
            where=f"{where} components",
            remedy="change the number of components",
        )
    names = [component.name for component in listed]
    if len(set(names)) != len(names) or not all(name.strip() for name in names):
        raise InputError(
            "two components have the same name or none", where=where, remedy="name them differently"
        )
    for item in listed:
        ends = [item.low, math.inf if item.high is None else item.high]
        if not math.isfinite(item.low) or math.isnan(ends[1]) or ends[0] > ends[1]:
            raise InputError(
                f"the bounds {ends[0]:g} and {ends[1]:g} are not in rising order",
                where=f"{where} component {item.name}",
                remedy="give a low end below the high end",
            )
    return listed


def _bounded_above(listed: list[Component], total: float) -> bool:
    """An upper bound below what the lower bounds of the others leave."""
    bottom = math.fsum(item.low for item in listed)
    return any(
        item.high is not None and item.high < total - bottom + item.low - 1e-9 * total
        for item in listed
    )


def _check_simplex(listed: list[Component], total: float, where: str) -> None:
    """A simplex needs lower bounds that leave something, and no upper ones."""
    bounds = [item.low for item in listed]
    if math.fsum(bounds) >= total:
        raise InputError(
            f"the lower bounds add up to {math.fsum(bounds):g}, which leaves nothing of {total:g}",
            where=f"{where} components",
            remedy="lower the bounds or give the total",
        )
    if _bounded_above(listed, total):
        raise InputError(
            "there are upper bounds below what a simplex design would reach",
            where=f"{where} components",
            remedy="use method extreme_vertices, or remove the upper bounds",
        )
