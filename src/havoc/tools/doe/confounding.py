"""Algebra of regular two-level fractions: aliases, defining words, blocks.

Every factor is a column, a bit mask over the basic factors; the column of an
effect is the XOR of the columns of its factors. Effects with the same column
are aliases; effects with column 0 are the defining words.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from havoc.tools.doe.aberration import two_level_rows, word_of
from havoc.tools.doe.factors import LETTERS

FULL_ALGEBRA = 12
"""Up to this many factors all effects are enumerated, beyond it only low orders."""


class Effect(msgspec.Struct, frozen=True):
    """An effect (bit mask over the factors) and the sign of its column."""

    mask: int
    sign: int

    @property
    def order(self) -> int:
        return self.mask.bit_count()

    def word(self, relative_to: int = 1, symbols: str = LETTERS) -> str:
        return ("-" if self.sign * relative_to < 0 else "") + word_of(self.mask, symbols)


class BlockChoice(msgspec.Struct, frozen=True):
    """Block of every run, and what the blocks are confounded with."""

    columns: list[int]
    block_of_run: list[int]
    main_effects: int
    two_factor_interactions: int
    confounded: list[int]


def effects_up_to(order: int, columns: list[int], signs: list[int]) -> Iterator[tuple[int, Effect]]:
    """(column, effect) of all effects of at most ``order`` factors, lower orders first."""
    for size in range(1, order + 1):
        for members in itertools.combinations(range(len(columns)), size):
            column, mask, sign = 0, 0, 1
            for factor in members:
                column ^= columns[factor]
                mask |= 1 << factor
                sign *= signs[factor]
            yield column, Effect(mask, sign)


def alias_classes(columns: list[int], signs: list[int], order: int) -> dict[int, list[Effect]]:
    """Effects of at most ``order`` factors by their column; column 0 holds the defining words."""
    classes: dict[int, list[Effect]] = {}
    for column, effect in effects_up_to(order, columns, signs):
        classes.setdefault(column, []).append(effect)
    return classes


def resolution_of(columns: list[int]) -> int:
    """Length of the shortest defining word; 0 if there is none (a full factorial)."""
    rank = rank_of(columns)
    if rank == len(columns):
        return 0
    for size in range(1, rank + 2):
        for members in itertools.combinations(columns, size):
            column = 0
            for member in members:
                column ^= member
            if column == 0:
                return size
    return rank + 1


def rank_of(columns: list[int]) -> int:
    """Number of independent columns (rank over the field of two elements)."""
    basis: list[int] = []
    for column in columns:
        for pivot in basis:
            column = min(column, column ^ pivot)
        if column:
            basis.append(column)
    return len(basis)


def choose_block_columns(columns: list[int], basic: int, power: int) -> BlockChoice:
    """``power`` independent columns whose blocks confound the fewest low-order effects.

    Block effects are compared by the numbers of main effects, two- and
    three-factor interactions among their aliases. All choices are tried for up
    to 50 000 of them; beyond that columns are added one at a time.
    """
    weights = _low_order_counts(columns, basic)
    candidates = list(range(1, 1 << basic))
    spans: list[tuple[tuple[int, int, int], list[int]]] = [((0, 0, 0), [])]
    for _ in range(power):
        grown: dict[frozenset[int], tuple[tuple[int, int, int], list[int]]] = {}
        for _, chosen in spans:
            span = _span(chosen)
            for column in candidates:
                if column in span:
                    continue
                wider = frozenset(_span([*chosen, column]) - {0})
                if wider not in grown:
                    cost = tuple(weights[list(wider)].sum(axis=0).tolist())
                    grown[wider] = (cost, [*chosen, column])
        spans = sorted(grown.values(), key=lambda item: item[0])[:40]
    _, best = spans[0]
    rows = two_level_rows(best, [1] * len(best), basic)
    block_of_run = (((rows > 0).astype(int) << np.arange(power)).sum(axis=1) + 1).tolist()
    confounded = sorted(_span(best) - {0})
    totals = weights[confounded].sum(axis=0)
    return BlockChoice(best, block_of_run, int(totals[0]), int(totals[1]), confounded)


def _span(columns: list[int]) -> set[int]:
    span = {0}
    for column in columns:
        span |= {member ^ column for member in span}
    return span


def _low_order_counts(columns: list[int], basic: int) -> NDArray[np.int64]:
    """For every column: its numbers of main effects, two- and three-factor interactions."""
    counts = np.zeros((1 << basic, 3), dtype=np.int64)
    for column, effect in effects_up_to(3, columns, [1] * len(columns)):
        counts[column, effect.order - 1] += 1
    return counts
