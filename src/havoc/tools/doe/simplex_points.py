"""Blends on a simplex: lattice, centroid and the axial points that check the model."""

from __future__ import annotations

import itertools
import math

import numpy as np

from havoc.tools.parameters import FloatArray


def lattice(q: int, degree: int) -> FloatArray:
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


def centroid(q: int) -> FloatArray:
    """Equal parts of every non-empty subset of the components."""
    rows = []
    for size in range(1, q + 1):
        for members in itertools.combinations(range(q), size):
            row = np.zeros(q)
            row[list(members)] = 1 / size
            rows.append(row)
    return np.array(rows)


def augment(blends: FloatArray, q: int) -> FloatArray:
    """The centroid and the points half-way from it to each pure blend, where not there yet."""
    center = np.full((1, q), 1 / q)
    axial = (np.eye(q) + center) / 2
    extra = [
        row for row in np.vstack([center, axial]) if not np.any(np.all(np.isclose(blends, row), 1))
    ]
    return np.vstack([blends, *extra]) if extra else blends


def types_of(blends: FloatArray) -> list[str]:
    kinds = {1: "pure", 2: "binary", 3: "ternary"}
    return [kinds.get(int(np.count_nonzero(row)), "interior") for row in blends]
