"""Run lengths of a chart with any set of run rules.

Rules that look only at the zone of each point (limits, k of m, all within, all beyond,
opposite sides) form a finite Markov chain: its states hold what later points need to know of
earlier ones (C. W. Champ and W. H. Woodall 1987, Technometrics 29, 393). A trend or an
alternation compares neighbouring values, which no finite chain of zones knows; with such a
rule the chain runs on simulated points, beside counters of the steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
from scipy import sparse, special
from scipy.sparse.linalg import splu

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.spc.detectors import (
    RULES,
    AllBeyond,
    AllWithin,
    Alternating,
    BeyondLimits,
    CountBeyond,
    IntArray,
    Opposite,
    Trend,
)
from havoc.tools.spc.run_length_chains import LONGEST, NEVER, RunLength

MOST_STATES = 60_000
# Simulated points in all; the number of runs follows from how long one is.
_MOST_POINTS = 20_000_000
_PILOT_RUNS, _PILOT_POINTS = 400, 4_000_000
_FEWEST_RUNS, _MOST_RUNS = 400, 40_000

SIGNAL = -1


class Zones(msgspec.Struct, frozen=True, kw_only=True):
    """A chain over zones: ``following[state, zone]``, SIGNAL where a rule fires; start is 0."""

    cuts: FloatArray
    following: IntArray

    def probabilities(self, shift: float) -> FloatArray:
        below = special.ndtr(np.concatenate(([-np.inf], self.cuts - shift, [np.inf])))
        return np.asarray(np.diff(below), dtype=np.float64)

    def run_length(self, shift: float) -> RunLength:
        states = self.following.shape[0]
        origin, zone = np.nonzero(self.following != SIGNAL)
        matrix = sparse.csc_matrix(
            (self.probabilities(shift)[zone], (origin, self.following[origin, zone])),
            shape=(states, states),
        )
        solver = splu(sparse.eye(states, format="csc") - matrix)
        mean = solver.solve(np.ones(states))
        value = float(mean[0])
        if not 0 < value < LONGEST:
            return NEVER
        double = float(solver.solve(mean)[0])
        return value, math.sqrt(max(2 * double - value - value**2, 0.0))


class Simulated(msgspec.Struct, frozen=True, kw_only=True):
    """Run lengths of so many simulated runs."""

    mean: float
    sd: float
    runs: int

    @property
    def standard_error(self) -> float:
        return self.sd / math.sqrt(self.runs)


def needs_simulation(rules: Sequence[str]) -> bool:
    return any(isinstance(RULES[rule].detect, Trend | Alternating) for rule in rules)


@lru_cache(maxsize=32)
def zones(rules: tuple[str, ...], limit: float) -> Zones:
    """The chain of the limits and those of ``rules`` that look at zones."""
    watches = [_Limits(limit)]
    for rule in rules:
        if not RULES[rule].warning_only:
            watches += _watches(RULES[rule].detect)
    cuts = sorted({cut for watch in watches for cut in watch.cuts})
    inside = [(low + high) / 2 for low, high in pairwise(cuts)]
    middles = [cuts[0] - 1, *inside, cuts[-1] + 1]
    # What a watch sees of a point depends on its zone only.
    seen = [[watch.see(middle) for watch in watches] for middle in middles]
    start = tuple(0 for _ in watches)
    index: dict[tuple[int, ...], int] = {start: 0}
    queue = [start]
    rows: list[list[int]] = []
    for state in queue:
        row = []
        for sights in seen:
            following = []
            for watch, memory, sight in zip(watches, state, sights, strict=True):
                kept = watch.step(memory, sight)
                if kept == SIGNAL:
                    break
                following.append(kept)
            else:
                key = tuple(following)
                if key not in index:
                    index[key] = len(index)
                    queue.append(key)
                row.append(index[key])
                continue
            row.append(SIGNAL)
        rows.append(row)
        if len(index) > MOST_STATES:
            raise InputError(
                f"the chain of these rules has more than {MOST_STATES} states",
                where="rules",
                remedy="ask for fewer rules",
            )
    return Zones(cuts=np.asarray(cuts), following=np.asarray(rows, dtype=np.int64))


class _Limits(msgspec.Struct, frozen=True):
    """Beyond the limits: nothing to remember."""

    limit: float

    @property
    def cuts(self) -> list[float]:
        return [-self.limit, self.limit]

    def see(self, z: float) -> int:
        return int(abs(z) > self.limit)

    def step(self, memory: int, sight: int) -> int:
        return SIGNAL if sight else 0


class _Count(msgspec.Struct, frozen=True):
    """``needed`` marks among the last ``window`` points; the memory is a bit a point."""

    needed: int
    window: int
    cuts: list[float]
    marks: Callable[[float], bool]

    def see(self, z: float) -> int:
        return int(self.marks(z))

    def step(self, memory: int, sight: int) -> int:
        recent = (memory << 1 | sight) & ((1 << self.window) - 1)
        if sight and recent.bit_count() >= self.needed:
            return SIGNAL
        return _useful(recent, self.needed, self.window)


@lru_cache(maxsize=100_000)
def _useful(recent: int, needed: int, window: int) -> int:
    """The bits that can still take part in a signal; forgetting the others joins states."""
    kept = 0
    for age in range(1, window):
        if recent >> (age - 1) & 1:
            for ahead in range(1, window - age + 1):
                younger = recent & ((1 << (window - ahead)) - 1)
                if ahead + younger.bit_count() >= needed:
                    kept |= 1 << (age - 1)
                    break
    return kept


class _Opposite(msgspec.Struct, frozen=True):
    """Remembers on which side the last point lay: 1 above, 2 below."""

    distance: float

    @property
    def cuts(self) -> list[float]:
        return [-self.distance, self.distance]

    def see(self, z: float) -> int:
        return 1 if z > self.distance else 2 if z < -self.distance else 0

    def step(self, memory: int, sight: int) -> int:
        return SIGNAL if memory + sight == 3 and memory and sight else sight


def _watches(detect: Any) -> list[Any]:
    """What a rule remembers, one watch a side; none for rules that compare neighbours."""
    if isinstance(detect, CountBeyond):
        d = detect.distance
        return [
            _Count(detect.needed, detect.window, [d], lambda z: z > d),
            _Count(detect.needed, detect.window, [-d], lambda z: z < -d),
        ]
    if isinstance(detect, AllWithin | AllBeyond):
        d, inner = detect.distance, isinstance(detect, AllWithin)
        return [_Count(detect.points, detect.points, [-d, d], lambda z: (abs(z) < d) == inner)]
    if isinstance(detect, Opposite):
        return [_Opposite(detect.distance)]
    assert isinstance(detect, BeyondLimits | Trend | Alternating)
    return []


def simulate(rules: Sequence[str], limit: float, shift: float, seed: int) -> Simulated:
    """Run lengths with rules that compare neighbours, on random normal points."""
    chain = zones(tuple(rules), limit)
    neighbours = [RULES[rule].detect for rule in rules]
    pilot = _runs(chain, neighbours, shift, _PILOT_RUNS, seed, _PILOT_POINTS)
    runs = int(min(max(_MOST_POINTS / pilot.mean(), _FEWEST_RUNS), _MOST_RUNS))
    lengths = _runs(chain, neighbours, shift, runs, seed, 10 * _MOST_POINTS)
    return Simulated(mean=float(lengths.mean()), sd=float(lengths.std(ddof=1)), runs=runs)


def _runs(
    chain: Zones, neighbours: Sequence[Any], shift: float, runs: int, seed: int, most: int
) -> FloatArray:
    """The lengths of ``runs`` runs, side by side; those that signalled leave."""
    source = np.random.default_rng(seed)
    rising = min((item.points - 1 for item in neighbours if isinstance(item, Trend)), default=0)
    turning = min(
        (item.points - 2 for item in neighbours if isinstance(item, Alternating)), default=0
    )
    lengths = np.empty(runs)
    finished = points = drawn = 0
    state = np.zeros(runs, dtype=np.int64)
    last = np.zeros(runs)
    up = np.zeros(runs, dtype=np.int64)
    turns = np.zeros(runs, dtype=np.int64)
    step = np.zeros(runs, dtype=np.int64)
    while state.size:
        drawn += 1
        points += state.size
        if points > most:
            raise InputError(
                f"the run length is too long to simulate (more than {most // runs} points)",
                where="rules, limits",
                remedy="bring the limits nearer, or leave out rules that compare neighbours",
            )
        z = source.standard_normal(state.size) + shift
        state = chain.following[state, np.searchsorted(chain.cuts, z)]
        signal = state == SIGNAL
        if drawn > 1:
            new = np.where(z > last, 1, -1)
            # ``up`` counts the steps in one direction, with its sign.
            up = np.where(new * up > 0, up + new, new)
            turns = np.where(new * step < 0, turns + 1, 0)
            step = new
            if rising:
                signal |= np.abs(up) >= rising
            if turning:
                signal |= turns >= turning
        ended = int(np.count_nonzero(signal))
        if ended:
            lengths[finished : finished + ended] = drawn
            finished += ended
            stay = ~signal
            state, z = state[stay], z[stay]
            up, turns, step = up[stay], turns[stay], step[stay]
        last = z
    return lengths


def zone_chart(shift: float, scores: Sequence[float], signal: float) -> RunLength:
    """A zone chart: the scores of one side add up to a signal (Davis, Homer, Woodall 1990)."""
    chances = Zones(
        cuts=np.asarray([-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]), following=np.empty((0, 0), int)
    ).probabilities(shift)
    below = list(zip(chances[:4].tolist(), scores[::-1], strict=True))
    above = list(zip(chances[4:].tolist(), scores, strict=True))
    start = (0, 0.0)
    index = {start: 0}
    queue = [start]
    entries: list[tuple[int, int, float]] = []
    for side, total in queue:
        for sign, parts in ((-1, below), (1, above)):
            for chance, score in parts:
                reached = score + (total if sign == side else 0.0)
                if reached >= signal:
                    continue
                key = (sign, reached)
                if key not in index:
                    index[key] = len(index)
                    queue.append(key)
                entries.append((index[side, total], index[key], chance))
    matrix = np.zeros((len(index), len(index)))
    for origin, destination, chance in entries:
        matrix[origin, destination] += chance
    mean = np.linalg.solve(np.eye(len(index)) - matrix, np.ones(len(index)))
    double = np.linalg.solve(np.eye(len(index)) - matrix, mean)
    value = float(mean[0])
    return value, math.sqrt(max(2 * float(double[0]) - value - value**2, 0.0))
