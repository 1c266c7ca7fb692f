"""Two-level fractions with least aliasing: which columns the added factors take.

A regular two-level fraction of 2^m runs is a choice of columns of the full 2^m
factorial; a column is a bit mask over the m basic factors. Minimum aberration
(Fries & Hunter 1980) minimises the number of shortest defining words, then of
the next longer, and so on. By Xu (2003) this is the same as minimising, in
turn, the power moments sum(s^2), sum(s^3), … of the row sums s of the design,
which are quick to compute for every candidate column at once.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from havoc.tools.doe.factors import LETTERS

HIGHEST_MOMENT = 8
BEAM = 60
BUDGET = 1 << 20
"""Designs kept at each step, and the most cells of their sign tables, which bounds the time."""

# Generators as printed in Montgomery, Design and Analysis of Experiments, Table 8.14 and in the
# NIST/SEMATECH e-Handbook 5.3.3.4.7, by (factors, runs). Everything else is searched.
CATALOGUE: dict[tuple[int, int], str] = {
    (3, 4): "AB",
    (4, 8): "ABC",
    (5, 8): "AB AC",
    (5, 16): "ABCD",
    (6, 8): "AB AC BC",
    (6, 16): "ABC BCD",
    (6, 32): "ABCDE",
    (7, 8): "AB AC BC ABC",
    (7, 16): "ABC BCD ACD",
    (7, 32): "ABCD ABDE",
    (7, 64): "ABCDEF",
    (8, 16): "BCD ACD ABC ABD",
    (8, 32): "ABC ABD BCDE",
    (8, 64): "ABCD ABEF",
    (8, 128): "ABCDEFG",
    (9, 16): "ABC BCD ACD ABD ABCD",
    (9, 32): "BCDE ACDE ABDE ABCE",
    (9, 64): "ABCD ACEF CDEF",
    (9, 128): "ACDFG BCEFG",
    (10, 16): "ABC BCD ACD ABD ABCD AB",
    (10, 32): "ABCD ABCE ABDE ACDE BCDE",
    (10, 64): "BCDF ACDF ABDE ABCE",
    (10, 128): "ABCG BCDE ACDF",
    (11, 16): "ABC BCD ACD ABD ABCD AB AC",
}


def mask_of(word: str, symbols: str = LETTERS) -> int:
    """``ABD`` as a bit mask over the factors."""
    mask = 0
    for letter in word:
        mask ^= 1 << symbols.index(letter)
    return mask


def word_of(mask: int, symbols: str = LETTERS) -> str:
    """The letters of a bit mask."""
    return "".join(letter for bit, letter in enumerate(symbols) if mask >> bit & 1)


@functools.lru_cache(maxsize=256)
def _searched(n_factors: int, n_basic: int) -> tuple[int, ...]:
    return tuple(search_columns(n_factors, n_basic))


def fraction_columns(n_factors: int, n_basic: int) -> list[int]:
    """Columns of all factors, basic ones first, for 2^n_basic runs."""
    listed = CATALOGUE.get((n_factors, 1 << n_basic))
    if listed is not None:
        return [1 << bit for bit in range(n_basic)] + [mask_of(word) for word in listed.split()]
    return list(_searched(n_factors, n_basic))


def search_columns(n_factors: int, n_basic: int, *, repeats: bool = False) -> list[int]:
    """Basic columns and the added ones with the least aberration that a beam search finds.

    With ``repeats`` two factors may share a column, which is what confounding a
    full factorial in small blocks needs (a resolution II "fraction"). Up to half
    as many factors as runs fit in columns of an odd number of letters, where
    every defining word is even: this second search never misses resolution IV.
    """
    everything = list(range(1, 1 << n_basic))
    searches = [_beam_search(n_factors, n_basic, everything, repeats=repeats)]
    odd = [column for column in everything if column.bit_count() % 2]
    if n_basic < n_factors <= len(odd) and not repeats:
        searches.append(_beam_search(n_factors, n_basic, odd, repeats=False))
    return min(searches)[1]


def _beam_search(
    n_factors: int, n_basic: int, allowed: list[int], *, repeats: bool
) -> tuple[tuple[int, ...], list[int]]:
    """(power moments, columns) of the best design found."""
    runs = 1 << n_basic
    width = max(2, min(BEAM, BUDGET // runs**2))
    signs = _sign_table(n_basic)
    basic = [1 << bit for bit in range(n_basic)]
    sums = signs[:, basic].sum(axis=1)
    beam = [(tuple(_moments(sums[:, None])[:, 0].tolist()), basic, sums)]
    for _ in range(n_factors - n_basic):
        found: dict[tuple[int, ...], tuple[list[int], int, NDArray[np.int64]]] = {}
        for _, chosen, sums in beam:
            free = np.array(allowed if repeats else sorted(set(allowed) - set(chosen)))
            moments = _moments(sums[:, None] + signs[:, free])
            for column, key in zip(free.tolist(), map(tuple, moments.T.tolist()), strict=True):
                known = found.get(key)
                if known is None or (known[0] is chosen and _plainer(column, known[1])):
                    found[key] = (chosen, column, sums)
        beam = [
            (key, [*chosen, column], sums + signs[:, column])
            for key, (chosen, column, sums) in sorted(found.items(), key=lambda item: item[0])[
                :width
            ]
        ]
    return beam[0][0], beam[0][1]


def _plainer(column: int, other: int) -> bool:
    """Shorter generators first, then alphabetical order of their letters."""
    return (column.bit_count(), word_of(column)) < (other.bit_count(), word_of(other))


def _sign_table(n_basic: int) -> NDArray[np.int64]:
    """-1/+1 of every column (bit mask) in every run; low is -1, so AB is the product A times B."""
    runs = np.arange(1 << n_basic)
    table = np.ones((len(runs), len(runs)), dtype=np.int64)
    for bit in range(n_basic):
        factor = np.where(runs >> bit & 1, 1, -1)
        table[:, (runs >> bit & 1).astype(bool)] *= factor[:, None]
    return table


def _moments(sums: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.array([(sums**power).sum(axis=0) for power in range(2, HIGHEST_MOMENT + 1)])


def two_level_rows(columns: list[int], signs: list[int], n_basic: int) -> NDArray[np.float64]:
    """The coded design in standard order (first factor changes fastest)."""
    runs = np.arange(1 << n_basic)
    basic = np.where(runs[:, None] >> np.arange(n_basic) & 1, 1.0, -1.0)
    rows = np.empty((len(runs), len(columns)))
    for position, (column, sign) in enumerate(zip(columns, signs, strict=True)):
        members = [bit for bit in range(n_basic) if column >> bit & 1]
        rows[:, position] = sign * basic[:, members].prod(axis=1)
    return rows
