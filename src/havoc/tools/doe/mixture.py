"""Mixture designs: simplex lattice and simplex centroid, with lower bounds.

With lower bounds the design is built in pseudo-components: the amount of a
component is its bound plus its share of what the bounds leave.

Sources: H. Scheffe (1958, 1963), J. R. Statist. Soc. B 20, 344 and 25, 235;
NIST/SEMATECH e-Handbook 5.5.4.
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
from havoc.tools.doe.factors import LETTERS, Factor
from havoc.tools.parameters import FloatArray, Seed
from havoc.tools.result import Narrative, Recomputed


class Mixture(Design):
    """``points`` are the distinct blends in pseudo-components; ``natural`` are amounts."""

    degree: int
    total: float
    points: list[list[float]]
    distinct_runs: int
    pure_blends: int


class Component(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One component, with the least amount that a blend must hold."""

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
        list[Component | str], Meta(description="components: names, or name with low bound")
    ] = [],  # noqa: B006
    n_components: Annotated[int, Meta(ge=2, le=12)] | None = None,
    method: Annotated[
        Literal["simplex_lattice", "simplex_centroid"], Meta(description="kind of design")
    ] = "simplex_lattice",
    degree: Annotated[int, Meta(ge=1, le=6, description="degree of the lattice")] = 2,
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
    centroid design all blending terms. Components may have lower bounds.
    """
    where = "mixture"
    listed = _components(components, n_components, total, where)
    q = len(listed)
    count = math.comb(q + degree - 1, degree) if method == "simplex_lattice" else 2**q - 1
    check_size(count * replicates, where)
    blends = _lattice(q, degree) if method == "simplex_lattice" else _centroid(q)
    if augmented:
        blends = _augment(blends, q)
    refuse_unless(bool(np.allclose(blends.sum(axis=1), 1.0)), "blends add up to the whole")
    refuse_unless(len(blends) >= count, "number of blends")
    points = repeated(Points.of(blends, "blend"), replicates)
    points.types = _types(points.coded)
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


@mixture.narrates
def _narrate(result: Mixture) -> Narrative:
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


def _components(
    components: list[Component | str], n_components: int | None, total: float, where: str
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
    bounds = [component.low for component in listed]
    if not all(map(math.isfinite, bounds)) or math.fsum(bounds) >= total:
        raise InputError(
            f"the lower bounds add up to {math.fsum(bounds):g}, which leaves nothing of {total:g}",
            where=f"{where} components",
            remedy="lower the bounds or give the total",
        )
    for component in listed:
        reach = total - math.fsum(bounds) + component.low
        if component.high is not None and component.high < reach - 1e-9:
            raise InputError(
                f"{component.name} has an upper bound of {component.high:g}, below the "
                f"{reach:g} that a simplex design would reach",
                where=f"{where} components",
                remedy="only lower bounds are possible; remove the upper bounds",
            )
    return listed


def _lattice(q: int, degree: int) -> FloatArray:
    """All blends with proportions 0, 1/m, …, 1: pure blends first."""
    rows = (
        [row for row in itertools.product(range(degree + 1), repeat=q) if sum(row) == degree]
        if q * math.log(degree + 1) < 14
        else _compositions(q, degree)
    )
    ordered = sorted(rows, key=lambda row: (sum(value > 0 for value in row), [-v for v in row]))
    return np.array(ordered, dtype=np.float64) / degree


def _compositions(q: int, total: int) -> list[tuple[int, ...]]:
    """All ways to write ``total`` as an ordered sum of ``q`` whole numbers."""
    rows = []
    for bars in itertools.combinations(range(total + q - 1), q - 1):
        edges = (-1, *bars, total + q - 1)
        rows.append(tuple(edges[i + 1] - edges[i] - 1 for i in range(q)))
    return rows


def _centroid(q: int) -> FloatArray:
    """Equal parts of every non-empty subset of the components."""
    rows = []
    for size in range(1, q + 1):
        for members in itertools.combinations(range(q), size):
            row = np.zeros(q)
            row[list(members)] = 1 / size
            rows.append(row)
    return np.array(rows)


def _augment(blends: FloatArray, q: int) -> FloatArray:
    """The centroid and the points half-way from it to each pure blend, where not there yet."""
    center = np.full((1, q), 1 / q)
    axial = (np.eye(q) + center) / 2
    extra = [
        row for row in np.vstack([center, axial]) if not np.any(np.all(np.isclose(blends, row), 1))
    ]
    return np.vstack([blends, *extra]) if extra else blends


def _types(blends: FloatArray) -> list[str]:
    kinds = {1: "pure", 2: "binary", 3: "ternary"}
    return [kinds.get(int(np.count_nonzero(row)), "interior") for row in blends]
