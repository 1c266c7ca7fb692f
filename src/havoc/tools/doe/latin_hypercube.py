"""Latin hypercube samples: space-filling designs for simulations and emulators.

Source: M. D. McKay, R. J. Beckman and W. J. Conover, Technometrics 21 (1979)
239-245; maximin distance: M. E. Johnson et al. (1990), J. Statist. Plann. Inf.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from msgspec import Meta
from scipy.spatial.distance import pdist
from scipy.stats import qmc

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.doe.design import (
    Design,
    Points,
    assemble,
    design_key_figures,
    recount,
    refuse_unless,
)
from havoc.tools.doe.factors import FactorCount, Factors, continuous, named_factors
from havoc.tools.parameters import FloatArray, Seed
from havoc.tools.result import Narrative, Recomputed

CANDIDATES = 100
MAX_CELLS = 200_000


class LatinHypercube(Design):
    """``smallest_distance`` is that of two runs in the unit cube, ``largest_correlation`` that
    of two factors; every factor has one run in each of as many strips as there are runs."""

    criterion: str
    smallest_distance: float
    largest_correlation: float


@tool(
    "latin_hypercube",
    title="Latin hypercube sample",
    source="McKay, Beckman & Conover (1979), Technometrics 21, 239",
)
def latin_hypercube(
    runs: Annotated[int, Meta(ge=2, le=10000, description="number of runs")],
    factors: Factors = [],  # noqa: B006
    n_factors: FactorCount = None,
    criterion: Annotated[
        Literal["maximin", "correlation", "random", "centered"],
        Meta(
            description="choose the sample with the largest smallest distance, the smallest "
            "correlation, none, or with runs in the middle of the strips"
        ),
    ] = "maximin",
    seed: Seed = 1,
) -> LatinHypercube:
    """Which runs fill the whole region evenly, for a simulation or a first look?

    Use it for numeric factors when the response may have any shape, above all
    for computer experiments: each run has new settings of every factor. The
    best of many random samples is taken. Assumes that the factors act
    independently of each other over their ranges (no forbidden settings); for
    labels, limits or a better spread use space_filling. Settings are in real units.
    """
    where = "latin_hypercube"
    given = named_factors(factors, n_factors, where=where, minimum=1, maximum=100)
    listed = continuous(given, where)
    k = len(listed)
    if runs * k > MAX_CELLS:
        raise InputError(
            f"{runs} runs of {k} factors are too many", where=where, remedy="use fewer runs"
        )
    tries = 1 if criterion in ("random", "centered") or runs > 500 else CANDIDATES
    sampler = qmc.LatinHypercube(
        d=k, scramble=criterion != "centered", rng=np.random.default_rng(seed)
    )
    samples = [np.asarray(sampler.random(runs), dtype=np.float64) for _ in range(tries)]
    score = _correlation if criterion == "correlation" else lambda sample: -_distance(sample)
    best = min(samples, key=score) if tries > 1 else samples[0]
    strips = np.sort(np.floor(best * runs).astype(int), axis=0)
    refuse_unless(bool(np.all(strips == np.arange(runs)[:, None])), "one run in every strip")
    points = Points.of(np.round(2 * best - 1, 12), "sample")
    return LatinHypercube(
        method=(
            f"Latin hypercube sample, criterion {criterion}, best of {tries} with seed {seed}; "
            "coded -1 low, +1 high"
        ),
        **assemble("latin_hypercube", listed, points, replicates=1, randomize=False, seed=seed),
        criterion=criterion,
        smallest_distance=_distance(best),
        largest_correlation=_correlation(best),
    )


@latin_hypercube.narrates
def _narrate(result: LatinHypercube) -> Narrative:
    return Narrative(
        conclusion=(
            "The Latin hypercube spreads {{runs}} runs over {{factor_names}}, one in every strip "
            "of each factor."
        ),
        details=["The largest correlation between two factors is {{largest_correlation}}."],
        key_figures=design_key_figures(result),
    )


@latin_hypercube.verifies
def _recompute(result: LatinHypercube, **_: object) -> list[Recomputed]:
    unit = (np.array(result.coded) + 1) / 2
    difference = unit[:, None, :] - unit[None, :, :] if len(unit) <= 500 else np.zeros((0, 0, 0))
    checks = recount(result)
    if difference.size:
        squares = (difference**2).sum(axis=2) + np.diag(np.full(len(unit), np.inf))
        checks.append(
            Recomputed(
                name="smallest_distance",
                value=result.smallest_distance,
                recomputed=float(np.sqrt(squares.min())),
                route="all pairs of runs",
            )
        )
    return checks


def _distance(sample: FloatArray) -> float:
    return float(pdist(sample).min()) if len(sample) <= 5000 else 0.0


def _correlation(sample: FloatArray) -> float:
    if sample.shape[1] < 2:
        return 0.0
    correlations = np.asarray(np.corrcoef(sample.T))[np.triu_indices(sample.shape[1], 1)]
    return float(np.abs(correlations).max())
