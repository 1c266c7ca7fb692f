"""Which group a training sample comes from: in closed form, by weight."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from havoc.data.randomness import check_seed, permutation
from havoc.errors import InputError

BLOCK = 1000  # samples
SMALLEST_SHARE = Fraction(1, BLOCK)


class Mixture:
    """Assigns every sample index to a group, and to its number within that group.

    Samples come in blocks of 1000. After any number of blocks each group has had its
    share of the samples to within one, by the largest remainders of the exact shares, so
    that no rounding adds up. Within a block the order is random. Everything follows
    from the index, the weights and the seed: there is no state to save.

    InputError: no group, weights that are not positive, or a share below 0.1 % (for
    which one block would hold no whole sample).
    """

    def __init__(self, weights: Mapping[str, float], seed: int) -> None:
        self.seed = check_seed(seed)
        self.groups = tuple(weights)
        if not self.groups:
            raise InputError("has no groups", where="mixture", remedy="name at least one")
        for name, weight in weights.items():
            if not (math.isfinite(weight) and weight > 0):
                raise InputError(
                    f"the weight {weight} is not positive",
                    where=f"group {name}",
                    remedy="give a weight above 0",
                )
        # Exact: the decimal number that a person wrote, not the nearest binary one.
        exact = [Fraction(repr(float(weight))) for weight in weights.values()]
        self.shares = tuple(weight / sum(exact) for weight in exact)
        for name, share in zip(self.groups, self.shares, strict=True):
            if share < SMALLEST_SHARE:
                raise InputError(
                    f"its share of the mixture is {float(share):.2g}, below 0.001",
                    where=f"group {name}",
                    remedy="raise its weight, or join it with another group",
                )
        self._block = -1
        self._members: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._numbers: NDArray[np.int64] = np.empty(0, dtype=np.int64)

    def assign(self, index: int) -> tuple[str, int]:
        """The group of sample ``index`` (from 0) and which sample of that group it is."""
        if index < 0:
            raise InputError(f"{index} is negative", where="sample", remedy="samples start at 0")
        block, offset = divmod(index, BLOCK)
        if block != self._block:
            self._open(block)
        return self.groups[self._members[offset]], int(self._numbers[offset])

    def counts(self, blocks: int) -> list[int]:
        """Samples of each group in the first ``blocks`` blocks."""
        ideal = [share * BLOCK * blocks for share in self.shares]
        counts = [math.floor(value) for value in ideal]
        missing = BLOCK * blocks - sum(counts)
        # Ties go to the earlier group. A share of at least 1/BLOCK adds at least 1 to the
        # whole part in every block, so that counts never go back.
        by_remainder = sorted(range(len(ideal)), key=lambda g: (counts[g] - ideal[g], g))
        for group in by_remainder[:missing]:
            counts[group] += 1
        return counts

    def _open(self, block: int) -> None:
        before, after = self.counts(block), self.counts(block + 1)
        sizes = [end - start for start, end in zip(before, after, strict=True)]
        members = np.repeat(np.arange(len(sizes)), sizes)
        numbers = np.concatenate(
            [np.arange(start, end) for start, end in zip(before, after, strict=True)]
        )
        order = permutation(BLOCK, "mixture", self.seed, block)
        self._members = members[order]
        # The samples of a group keep their order: its k-th place in the block is its k-th sample.
        self._numbers = np.empty(BLOCK, dtype=np.int64)
        for group in range(len(sizes)):
            self._numbers[self._members == group] = numbers[members == group]
        self._block = block
