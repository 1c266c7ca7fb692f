"""What an engine needs of whatever computes the network: one call a step, for a whole batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from havoc.model.config import HavocConfig

BLOCK = 16
"""Positions of one block of the cache of keys and values."""

Integers = NDArray[np.int32]
NONE: Integers = np.zeros(0, np.int32)


@dataclass(frozen=True, slots=True)
class Step:
    """Tokens of any number of sequences, those of one sequence side by side and in order.

    ``tokens``, ``positions`` and ``sequences`` are [tokens]; ``sequences`` names a row of
    ``tables`` [sequences, blocks], which lists the blocks that hold a sequence's positions.
    ``wanted`` are the places of the tokens whose logits are computed; ``columns`` the blocks of
    16 ids whose logits are computed (none: all).
    """

    tokens: Integers
    positions: Integers
    sequences: Integers
    tables: Integers
    wanted: Integers
    columns: Integers = field(default_factory=lambda: NONE)


class Backend(Protocol):
    """A network with its weights. A token's result does not depend on what is beside it."""

    @property
    def config(self) -> HavocConfig: ...
    @property
    def description(self) -> str:
        """What computes, and with which weights."""

    def new_cache(self, blocks: int) -> Any:
        """Room for ``blocks`` blocks of keys and values."""

    def run(self, cache: Any, step: Step) -> NDArray[np.float32]:
        """Logits [wanted, vocabulary]; minus infinity where ``columns`` leaves them out."""
