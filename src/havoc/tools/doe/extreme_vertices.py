"""Blends on the boundary of a mixture region with upper and lower bounds.

Sources: R. A. McLean and V. L. Anderson, Technometrics 8 (1966) 447-454 (all
vertices: one component takes what the bounds of the others leave); R. D. Snee
and D. W. Marquardt, Technometrics 16 (1974) 399-408; J. A. Cornell, Experiments
with Mixtures (2002), chapter 4 (centroids of edges and faces, implied bounds).
"""

from __future__ import annotations

import itertools

import numpy as np

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray

TOLERANCE = 1e-9


def implied_bounds(
    low: FloatArray, high: FloatArray, total: float, where: str
) -> tuple[FloatArray, FloatArray]:
    """The bounds that can be reached. Raises InputError where no blend is possible."""
    if low.sum() > total + TOLERANCE * total:
        raise InputError(
            f"the lower bounds add up to {low.sum():g}, above the total of {total:g}",
            where=where,
            remedy="lower a bound or give the total",
        )
    if high.sum() < total - TOLERANCE * total:
        raise InputError(
            f"the upper bounds add up to {high.sum():g}, below the total of {total:g}",
            where=where,
            remedy="raise a bound or give the total",
        )
    reach_low = np.maximum(low, total - (high.sum() - high))
    reach_high = np.minimum(high, total - (low.sum() - low))
    return np.round(reach_low, 12), np.round(reach_high, 12)


def extreme_vertices(low: FloatArray, high: FloatArray, total: float) -> FloatArray:
    """All vertices: every component but one at a bound, the one left over within its own."""
    q = len(low)
    choices = np.array(list(itertools.product((0, 1), repeat=q - 1)), dtype=bool)
    slack = TOLERANCE * max(total, 1.0)
    found = []
    for free in range(q):
        others = [index for index in range(q) if index != free]
        blends = np.empty((len(choices), q))
        blends[:, others] = np.where(choices, high[others], low[others])
        blends[:, free] = total - blends[:, others].sum(axis=1)
        inside = (blends[:, free] >= low[free] - slack) & (blends[:, free] <= high[free] + slack)
        blends[:, free] = np.clip(blends[:, free], low[free], high[free])
        found.append(blends[inside])
    blends = np.round(np.vstack(found), 12)
    _, first = np.unique(np.round(blends / total, 9), axis=0, return_index=True)
    return blends[np.sort(first)]


def centroids(
    vertices: FloatArray, low: FloatArray, high: FloatArray, total: float
) -> tuple[FloatArray, FloatArray]:
    """Centroids of the edges and of the faces on a bound (the constraint planes)."""
    slack = 1e-7 * max(total, 1.0)
    # Bounds that a vertex lies on: first the lower ones, then the upper ones.
    active = np.hstack([np.abs(vertices - low) < slack, np.abs(vertices - high) < slack])
    fixed = (active[:, : len(low)] | active[:, len(low) :]) & (high - low > slack)
    moving = int((high - low > slack).sum())
    edges = []
    for first, second in itertools.combinations(range(len(vertices)), 2):
        together = active[first] & active[second]
        shared = (together[: len(low)] | together[len(low) :]) & fixed[first]
        if shared.sum() >= moving - 2:
            edges.append((vertices[first] + vertices[second]) / 2)
    faces = []
    for bound in range(active.shape[1]):
        members = vertices[active[:, bound]]
        if len(members) > 2 and len(members) < len(vertices):
            faces.append(members.mean(axis=0))
    q = len(low)
    return np.array(edges).reshape(-1, q), np.array(faces).reshape(-1, q)
