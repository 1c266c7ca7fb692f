"""Optimal designs: time and D-efficiency beside pydoe, in one run.

    python benchmarks/optimal_designs.py

Both search the same three-level candidates for a quadratic model, alternately, REPEATS times.
D-efficiency is 100 det(X'X)^(1/p)/n, worked out here from the runs of either. "bound" is
the largest that any weights on the candidates can reach (continuous theory, multiplicative
algorithm), so a hundred percent of it is out of reach for most numbers of runs. pydoe is
run with its modified Fedorov exchange and alpha = 0.01; with alpha = 0 it starts from a
singular design for five factors and stays there. It takes each candidate once. Its models
are full polynomials, so the ten-factor design for interactions without squares has no peer.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from pydoe import generate_candidate_set, optimal_design
from table import print_table

from havoc.tools import registry

FloatArray = NDArray[np.float64]
REPEATS = 5
CASES = ((2, 8), (3, 14), (4, 25), (5, 30))


def model(points: FloatArray, squares: bool = True) -> FloatArray:
    pairs = itertools.combinations(range(points.shape[1]), 2)
    columns = [points[:, i] * points[:, j] for i, j in pairs]
    if squares:
        columns += list((points**2).T)
    return np.column_stack([np.ones(len(points)), points, *columns])


def efficiency(points: FloatArray, squares: bool = True) -> float:
    rows = model(points, squares)
    sign, logarithm = np.linalg.slogdet(rows.T @ rows)
    return 100 * float(np.exp(logarithm / rows.shape[1])) / len(rows) if sign > 0 else 0.0


def bound(candidates: FloatArray) -> float:
    weights = np.full(len(candidates), 1 / len(candidates))
    for _ in range(400):
        information = candidates.T @ (candidates * weights[:, None])
        variance = np.einsum("ij,ij->i", candidates @ np.linalg.inv(information), candidates)
        weights *= variance / candidates.shape[1]
    root = float(np.exp(np.linalg.slogdet(information)[1] / candidates.shape[1]))
    return 100 * root * float(variance.max()) / candidates.shape[1]


def ours(factors: int, runs: int, seed: int, name: str = "quadratic") -> FloatArray:
    declared = registry.get("d_optimal")
    arguments = {"runs": runs, "n_factors": factors, "model": name, "seed": seed}
    return np.array(declared(**arguments).coded)


def theirs(factors: int, runs: int) -> FloatArray:
    points = generate_candidate_set(factors, n_levels=3)
    design, _ = optimal_design(points, runs, 2, "D", "modified_fedorov", alpha=0.01)
    return np.asarray(design, dtype=np.float64)


def timed(search: Callable[[], FloatArray]) -> tuple[float, FloatArray]:
    started = time.perf_counter()
    points = search()
    return time.perf_counter() - started, points


def spread(values: list[float], digits: int) -> str:
    middle = statistics.median(values)
    return f"{middle:.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def main() -> None:
    ours(2, 8, 1)
    rows = []
    for factors, runs in CASES:
        own: list[tuple[float, FloatArray]] = []
        other: list[tuple[float, FloatArray]] = []
        for seed in range(1, REPEATS + 1):
            own.append(timed(partial(ours, factors, runs, seed)))
            other.append(timed(partial(theirs, factors, runs)))
        levels = np.array(list(itertools.product((-1.0, 0.0, 1.0), repeat=factors)))
        rows.append(
            (
                f"{factors} factors, {runs} runs, quadratic",
                spread([seconds for seconds, _ in own], 2),
                spread([seconds for seconds, _ in other], 2),
                spread([a[0] / b[0] for a, b in zip(own, other, strict=True)], 1),
                spread([efficiency(points) for _, points in own], 2),
                spread([efficiency(points) for _, points in other], 2),
                f"{bound(model(levels)):.2f}",
            )
        )
    large = [timed(partial(ours, 10, 60, seed, "interactions")) for seed in (1, 2, 3)]
    rows.append(
        (
            "10 factors, 60 runs, interactions",
            spread([seconds for seconds, _ in large], 2),
            "",
            "",
            spread([efficiency(points, squares=False) for _, points in large], 2),
            "",
            "100.00",
        )
    )
    print_table(
        f"Search for D-optimal designs, median (and range) of {REPEATS} alternating searches",
        (
            "",
            "havoc, s",
            "pydoe, s",
            "time ratio",
            "havoc, D-eff. %",
            "pydoe, D-eff. %",
            "bound %",
        ),
        rows,
    )


if __name__ == "__main__":
    main()
