"""What an engine needs of whatever computes the network: one call a step, for a whole batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from havoc.model.config import HavocConfig

BLOCK = 16
"""Positions of one block of the cache of keys and values."""

Integers = NDArray[np.int32]
Flags = NDArray[np.bool_]
NO_MASKS: Integers = np.zeros((0, 0), np.int32)
NO_FLAGS: Flags = np.zeros(0, np.bool_)


@dataclass(frozen=True, slots=True)
class Step:
    """Tokens of any number of sequences, those of one sequence side by side and in order.

    ``tokens``, ``positions`` and ``sequences`` are [tokens]; ``sequences`` names a row of
    ``tables`` [sequences, blocks], which lists the blocks that hold a sequence's positions.
    ``wanted`` are the places of the tokens whose logits are computed. ``masks`` [wanted, words
    of 32 bits] say which ids may come, the lowest bit first (none: all); ``best_only`` [wanted]
    where the likeliest of them is enough.
    """

    tokens: Integers
    positions: Integers
    sequences: Integers
    tables: Integers
    wanted: Integers
    masks: Integers = field(default_factory=lambda: NO_MASKS)
    best_only: Flags = field(default_factory=lambda: NO_FLAGS)


class Logits(NamedTuple):
    """What a step gives: ``values`` [wanted, vocabulary] and ``best`` [wanted].

    ``values`` are minus infinity where ``masks`` forbid. ``best`` is the first of the likeliest
    ids, -1 where there is none or where the network overflowed. Where only the best was asked
    for and there is one, the row of ``values`` holds nothing.
    """

    values: NDArray[np.float32]
    best: Integers


class Backend(Protocol):
    """A network with its weights. A token's result does not depend on what is beside it."""

    @property
    def config(self) -> HavocConfig: ...
    @property
    def description(self) -> str:
        """What computes, and with which weights."""

    def new_cache(self, blocks: int) -> Any:
        """Room for ``blocks`` blocks of keys and values."""

    def run(self, cache: Any, step: Step) -> Logits:
        """Read the tokens of a step; what may follow the wanted ones."""
