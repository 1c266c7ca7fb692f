"""Relabellings of data: all of them where they are few, else a seeded random draw.

Each function returns the relabelled data as a matrix with one row a relabelling;
where all are listed, the one that was observed is among them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from havoc.tools.parameters import FloatArray

IntArray = NDArray[np.int64]

MANY = 2**60
"""More ways than can be listed; the exact number of so many takes minutes."""


def split_count(sizes: Sequence[int]) -> int:
    """In how many ways all values can be dealt into groups of these sizes, ``MANY`` at most."""
    if math.lgamma(sum(sizes) + 1) - sum(math.lgamma(n + 1) for n in sizes) > math.log(MANY):
        return MANY
    count, left = 1, sum(sizes)
    for size in sizes:
        count *= math.comb(left, size)
        left -= size
    return count


def all_splits(sizes: Sequence[int]) -> IntArray:
    """Every deal: a row holds the positions of the first group, then of the second, …"""
    rows = np.arange(sum(sizes), dtype=np.int64)[None, :]
    done = 0
    for size in sizes[:-1]:
        rest = rows.shape[1] - done
        picks = np.fromiter(
            itertools.chain.from_iterable(itertools.combinations(range(rest), size)),
            dtype=np.int64,
            count=math.comb(rest, size) * size,
        ).reshape(-1, size)
        taken = np.zeros((picks.shape[0], rest), dtype=bool)
        np.put_along_axis(taken, picks, True, axis=1)
        left = np.nonzero(~taken)[1].reshape(picks.shape[0], rest - size)
        order = np.concatenate([picks, left], axis=1)
        free = rows[:, done:][:, order].reshape(-1, rest)
        rows = np.concatenate([np.repeat(rows[:, :done], picks.shape[0], axis=0), free], axis=1)
        done += size
    return rows


def all_orders(n: int) -> IntArray:
    """Every order of n positions."""
    return np.fromiter(
        itertools.chain.from_iterable(itertools.permutations(range(n))),
        dtype=np.int64,
        count=math.factorial(n) * n,
    ).reshape(-1, n)


def random_orders(n: int, count: int, generator: np.random.Generator) -> IntArray:
    """``count`` random orders of n positions."""
    return generator.permuted(np.tile(np.arange(n), (count, 1)), axis=1)


def all_signs(n: int) -> FloatArray:
    """Every choice of n signs, the unchanged one first."""
    bits = np.arange(2**n)[:, None] >> np.arange(n)[None, :] & 1
    return np.asarray(1.0 - 2.0 * bits)


def random_signs(n: int, count: int, generator: np.random.Generator) -> FloatArray:
    """``count`` random choices of n signs."""
    return np.asarray(1.0 - 2.0 * generator.integers(0, 2, (count, n)))
