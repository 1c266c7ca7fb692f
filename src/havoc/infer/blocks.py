"""Blocks of the cache of keys and values: who holds them, and which prefixes they hold.

A block that is full can be found again by the tokens in it and the block before it, so that a
shared beginning (a system prompt, the schemas of tools) is computed once. Blocks nobody holds
stay findable until room is needed, the longest unused first. Kwon et al. (2023), arXiv
2309.06180, section 4; keys are the tokens themselves, so no two prefixes are ever confused.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from havoc.infer.backend import BLOCK

_Key = tuple[int, tuple[int, ...]]
ROOT = 0


class BlockPool:
    """``count`` blocks, each free, held by one or more sequences, or kept for its prefix."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._free = list(range(count - 1, -1, -1))
        self._holders = [0] * count
        self._node = [ROOT] * count  # a number of its own for every block with a known prefix
        self._key: list[_Key | None] = [None] * count
        self._found: dict[_Key, int] = {}
        self._kept: OrderedDict[int, None] = OrderedDict()
        self._nodes = ROOT

    @property
    def available(self) -> int:
        """Blocks that can be taken."""
        return len(self._free) + len(self._kept)

    @property
    def held(self) -> int:
        """Blocks that sequences hold."""
        return self.count - self.available

    def take(self) -> int | None:
        """A block for one holder, or None if there is none."""
        if self._free:
            block = self._free.pop()
        elif self._kept:
            block, _ = self._kept.popitem(last=False)
            self._forget(block)
        else:
            return None
        self._holders[block] = 1
        return block

    def release(self, blocks: Sequence[int]) -> None:
        """One holder less for each; the last of a prefix becomes the first to be reused."""
        for block in reversed(blocks):
            self._holders[block] -= 1
            if self._holders[block] == 0:
                if self._key[block] is None:
                    self._free.append(block)
                else:
                    self._kept[block] = None

    def find(self, tokens: Sequence[int]) -> list[int]:
        """The blocks that hold the longest known beginning of ``tokens``, now held once more."""
        blocks: list[int] = []
        parent = ROOT
        for start in range(0, len(tokens) - BLOCK + 1, BLOCK):
            block = self._found.get((parent, tuple(tokens[start : start + BLOCK])))
            if block is None:
                break
            if self._holders[block] == 0:
                del self._kept[block]
            self._holders[block] += 1
            parent = self._node[block]
            blocks.append(block)
        return blocks

    def record(self, blocks: Sequence[int], tokens: Sequence[int], full: int) -> None:
        """Make the first ``full`` blocks of a sequence findable; those that are known stay."""
        parent = ROOT
        for number in range(full):
            block = blocks[number]
            if self._key[block] is None:
                key = (parent, tuple(tokens[number * BLOCK : (number + 1) * BLOCK]))
                twin = self._found.get(key)
                if twin is not None:  # computed twice at the same time: one is enough
                    parent = self._node[twin]
                    continue
                self._nodes += 1
                self._node[block] = self._nodes
                self._key[block] = key
                self._found[key] = block
            parent = self._node[block]

    def _forget(self, block: int) -> None:
        key = self._key[block]
        if key is not None:
            del self._found[key]
        self._key[block] = None
        self._node[block] = ROOT
