"""Points that fill a unit cube evenly, and figures that say how evenly.

Sources: M. E. Johnson, L. M. Moore and D. Ylvisaker, J. Statist. Plann. Inference 26 (1990)
131-148 (maximin distance); M. D. Morris and T. J. Mitchell, J. Statist. Plann. Inference 43
(1995) 381-402 (maximin Latin hypercubes by exchange, the criterion phi_p); F. J. Hickernell,
Mathematics of Computation 67 (1998) 299-322 (centred and wrap-around discrepancy); P. Z. G.
Qian, J. Amer. Statist. Assoc. 107 (2012) 393-399 (sliced Latin hypercubes).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist, pdist
from scipy.stats import qmc

from havoc.tools.parameters import FloatArray

POWER = 15
ROUNDS = 12_000
PATIENCE = 12
KICKS = 3
PARTNERS = 200
DESCENT = 700
SOFT = (8.0, 20.0, 60.0)
HARD = 3000.0
# Numbers that are handled in all rounds of a search together, about a second's worth.
WORK = 3e7
MOST_PAIRS = 25_000_000


def smallest_distance(points: FloatArray) -> float:
    return float(pdist(points).min())


def phi(points: FloatArray, power: int = POWER) -> float:
    """Sum of the distances to the power -p, to the power 1/p: small where no two are close."""
    distance = pdist(points)
    least = distance.min()
    if least == 0:
        return float("inf")
    return float(np.sum((least / distance) ** power) ** (1 / power) / least)


def discrepancies(points: FloatArray) -> tuple[float, float]:
    """Centred and wrap-around L2 discrepancy of Hickernell, square roots."""
    centered = qmc.discrepancy(points, method="CD")
    around = qmc.discrepancy(points, method="WD")
    return float(np.sqrt(max(centered, 0.0))), float(np.sqrt(max(around, 0.0)))


def covering_radius(points: FloatArray, generator: np.random.Generator) -> float:
    """The farthest that a place of the cube is from its nearest point, over a sample of places."""
    dimensions = points.shape[1]
    count = int(np.clip(MOST_PAIRS // max(len(points), 1), 100, 4096))
    places = generator.uniform(size=(count, dimensions))
    if dimensions <= 10:
        corners = np.array(np.meshgrid(*[[0.0, 1.0]] * dimensions)).reshape(dimensions, -1).T
        places = np.vstack([places, corners])
    return float(cdist(places, points).min(axis=1).max())


def largest_correlation(points: FloatArray) -> float:
    if points.shape[1] < 2 or np.any(np.ptp(points, axis=0) == 0):
        return 0.0
    matrix = np.asarray(np.corrcoef(points.T)) - np.eye(points.shape[1])
    return float(np.abs(matrix).max())


def sliced_ranks(
    runs: int, slices: int, dimensions: int, generator: np.random.Generator
) -> FloatArray:
    """Ranks 0 … runs - 1 a column; row r lies in slice ``r % slices``.

    Every slice is a Latin hypercube of its own: of each group of as many neighbouring ranks as
    there are slices, it holds one.
    """
    size = runs // slices
    ranks = np.empty((runs, dimensions))
    for column in range(dimensions):
        groups = np.array([group * slices + generator.permutation(slices) for group in range(size)])
        for part in range(slices):
            ranks[part::slices, column] = generator.permutation(groups[:, part])
    return ranks


def maximin_ranks(ranks: FloatArray, slices: int, generator: np.random.Generator) -> FloatArray:
    """Ranks whose smallest distance is large, by exchanges within a column and slice.

    ``ranks`` is where the search begins; what makes it a (sliced) Latin hypercube is kept. A
    search goes downhill on the sum of distance^-16; where it ends, a few exchanges at random
    begin the next one.
    """
    runs = len(ranks)
    most = int(
        np.clip(
            WORK / (min(runs // slices, PARTNERS) * runs * 12 + 2500), 100, min(ROUNDS, 300 * runs)
        )
    )
    search = _Exchanges(ranks.copy(), slices, generator)
    best, best_order, best_energy = ranks, _order(ranks), np.inf
    calm = 0
    for _ in range(most):
        calm = 0 if search.step() else calm + 1
        if calm < PATIENCE:
            continue
        calm = 0
        total = float(search.energy.sum())
        if total < best_energy * (1 + 1e-12):
            order = _order(search.ranks)
            if order > best_order:
                best, best_order = search.ranks.copy(), order
            best_energy = total
            kept = search.ranks.copy()
        else:
            search = _Exchanges(kept.copy(), slices, generator)
        for _ in range(KICKS):
            search.kick()
    return search.ranks if _order(search.ranks) > best_order else best


def _order(ranks: FloatArray) -> tuple[float, int]:
    """The smallest squared distance, then how few pairs have it."""
    squares = np.rint(pdist(ranks, "sqeuclidean"))
    least = float(squares.min())
    return least, -int((squares == least).sum())


class _Exchanges:
    """A Latin hypercube of ranks with its squared distances, changed by exchanges."""

    def __init__(self, ranks: FloatArray, slices: int, generator: np.random.Generator) -> None:
        self.ranks, self.slices, self.generator = ranks, slices, generator
        runs, dimensions = ranks.shape
        self.scale = dimensions * runs ** (2 - 2 / dimensions) / 6
        self.squares = cdist(ranks, ranks, "sqeuclidean")
        np.fill_diagonal(self.squares, np.inf)
        self.energy = self._repulsion(self.squares).sum(axis=1)
        self.turn = 0

    def _repulsion(self, squares: FloatArray) -> FloatArray:
        eighth: FloatArray = ((self.scale / squares) ** 2) ** 2
        return eighth * eighth

    def step(self) -> bool:
        """The best exchange of one run in one column, if it helps."""
        runs, dimensions = self.ranks.shape
        self.turn += 1
        row = int(self.generator.integers(runs)) if self.turn % 2 else int(self.energy.argmax())
        column = int(self.generator.integers(dimensions))
        partners = np.arange(row % self.slices, runs, self.slices)
        partners = partners[partners != row]
        if len(partners) > PARTNERS:
            partners = self.generator.choice(partners, PARTNERS, replace=False)
        own, other = self._after(row, partners, column)
        change = (
            self._repulsion(own).sum(axis=1)
            + self._repulsion(other).sum(axis=1)
            - self.energy[row]
            - self.energy[partners]
        )
        pick = int(change.argmin())
        if change[pick] >= -1e-12 * self.energy[row]:
            return False
        self._take(row, int(partners[pick]), column, own[pick], other[pick])
        return True

    def kick(self) -> None:
        runs, dimensions = self.ranks.shape
        row, column = int(self.generator.integers(runs)), int(self.generator.integers(dimensions))
        partners = np.arange(row % self.slices, runs, self.slices)
        partner = partners[self.generator.integers(len(partners))]
        if partner == row:
            return
        own, other = self._after(row, np.array([partner]), column)
        self._take(row, int(partner), column, own[0], other[0])

    def _after(
        self, row: int, partners: NDArray[np.int64], column: int
    ) -> tuple[FloatArray, FloatArray]:
        """Squared distances of the run and of each partner once they are exchanged."""
        values = self.ranks[:, column]
        shift = (values[None, :] - values[partners][:, None]) ** 2 - (values - values[row]) ** 2
        own = self.squares[row] + shift
        other = self.squares[partners] - shift
        places = np.arange(len(partners))
        own[places, partners] = other[:, row] = self.squares[row, partners]
        own[:, row] = other[places, partners] = np.inf
        return own, other

    def _take(
        self, row: int, partner: int, column: int, own: FloatArray, other: FloatArray
    ) -> None:
        for place, after in ((row, own), (partner, other)):
            self.energy += self._repulsion(after) - self._repulsion(self.squares[place])
            self.squares[place] = after
            self.squares[:, place] = after
        self.ranks[[row, partner], column] = self.ranks[[partner, row], column]
        self.energy[row] = self._repulsion(own).sum()
        self.energy[partner] = self._repulsion(other).sum()


def packed_points(runs: int, dimensions: int, generator: np.random.Generator) -> FloatArray:
    """Points anywhere in the cube with a large smallest distance: they repel each other.

    Many sets at once go down the slope of log sum distance^-p, with p rising and the steps
    shrinking; a step is as long in a flat direction as in a steep one (Adam).
    """
    sets = int(np.clip(6e4 / (runs**2 * dimensions), 2, 60))
    points = generator.uniform(size=(sets, runs, dimensions))
    mean, square = np.zeros_like(points), np.zeros_like(points)
    own = np.diag(np.full(runs, np.inf))
    best, best_distance = points.copy(), np.zeros(sets)
    for number in range(DESCENT):
        done = number / DESCENT
        # Runs that push each other softly at first end in other patterns than hard ones.
        first = np.array(SOFT)[np.arange(sets) % len(SOFT)][:, None, None]
        power = first * (HARD / first) ** done
        apart = points[:, :, None, :] - points[:, None, :, :]
        squares = np.maximum((apart**2).sum(axis=3), 1e-18) + own
        least = squares.min(axis=(1, 2))
        better = least > best_distance
        best[better], best_distance[better] = points[better], least[better]
        share = (least[:, None, None] / squares) ** (power / 2)
        share /= share.sum(axis=(1, 2))[:, None, None]
        slope = -((share / squares)[:, :, :, None] * apart).sum(axis=2)
        mean = 0.8 * mean + 0.2 * slope
        square = 0.95 * square + 0.05 * slope**2
        step = 0.1 * (1e-5 / 0.1) ** done * runs ** (-1 / dimensions)
        points = np.clip(points - step * mean / (np.sqrt(square) + 1e-12), 0.0, 1.0)
    return np.asarray(best[int(best_distance.argmax())], dtype=np.float64)


def farthest_points(candidates: FloatArray, runs: int, others: FloatArray) -> list[int]:
    """Candidates taken one after the other, each as far from those before as possible.

    Then each in turn is exchanged for the candidate that is farthest from the rest. ``others``
    are runs at other labels: they count as twice as far away as they are.
    """
    beyond = np.full(len(candidates), np.inf)
    if len(others):
        beyond = 2 * cdist(candidates, others).min(axis=1)
    center = candidates.mean(axis=0)
    first = beyond if len(others) else ((candidates - center) ** 2).sum(axis=1)
    chosen = [int(first.argmax())]
    nearest = np.minimum(beyond, cdist(candidates, candidates[chosen])[:, 0])
    while len(chosen) < runs:
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, cdist(candidates, candidates[chosen[-1:]])[:, 0])
    for _ in range(10):
        moved = False
        for place in range(runs if runs > 1 else 0):
            rest = [row for index, row in enumerate(chosen) if index != place]
            gap = np.minimum(beyond, cdist(candidates, candidates[rest]).min(axis=1))
            pick = int(gap.argmax())
            if gap[pick] > gap[chosen[place]] * (1 + 1e-9):
                chosen[place], moved = pick, True
        if not moved:
            break
    return chosen
