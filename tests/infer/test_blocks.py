"""The blocks of the cache: nothing leaks, no block has two owners, prefixes are found exactly."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from havoc.infer.backend import BLOCK
from havoc.infer.blocks import BlockPool


def filled(pool: BlockPool, tokens: list[int]) -> list[int]:
    """Take blocks for ``tokens``, those already known first, and make them findable."""
    blocks = pool.find(tokens)
    while len(blocks) * BLOCK < len(tokens):
        block = pool.take()
        assert block is not None
        blocks.append(block)
    pool.record(blocks, tokens, len(tokens) // BLOCK)
    return blocks


def test_a_known_beginning_is_shared() -> None:
    pool = BlockPool(10)
    first = filled(pool, [*range(40)])
    second = filled(pool, [*range(32), 99, 98])
    assert first[:2] == second[:2] and first[2] != second[2]
    assert pool.held == 4
    pool.release(first)
    pool.release(second)
    assert pool.held == 0 and pool.available == 10
    assert pool.find([*range(40)]) == first[:2]


def test_the_same_tokens_after_others_are_another_prefix() -> None:
    pool = BlockPool(10)
    filled(pool, [1] * BLOCK + [7] * BLOCK)
    assert len(pool.find([2] * BLOCK + [7] * BLOCK)) == 0
    assert len(pool.find([7] * BLOCK)) == 0


def test_what_was_unused_longest_makes_room_first() -> None:
    pool = BlockPool(2)
    for tokens in ([1] * BLOCK, [2] * BLOCK):
        pool.release(filled(pool, tokens))
    pool.release(pool.find([1] * BLOCK))  # used again
    taken = pool.take()
    assert taken is not None
    assert pool.find([2] * BLOCK) == [] and len(pool.find([1] * BLOCK)) == 1
    assert pool.take() is None


def test_the_same_prefix_computed_twice_is_kept_once() -> None:
    pool = BlockPool(4)
    tokens = [5] * (2 * BLOCK)
    one = [pool.take(), pool.take()]
    two = [pool.take(), pool.take()]
    pool.record(one, tokens, 2)  # type: ignore[arg-type]
    pool.record(two, tokens, 2)  # type: ignore[arg-type]
    pool.release(two)  # type: ignore[arg-type]
    assert pool.find(tokens) == one and pool.available == 2


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.lists(st.integers(0, 2), min_size=1, max_size=70)),
        max_size=40,
    )
)
def test_no_block_leaks_or_has_two_owners(moves: list[tuple[int, list[int]]]) -> None:
    pool = BlockPool(12)
    held: list[tuple[list[int], list[int]]] = []
    for kind, tokens in moves:
        if kind == 0 and held:
            pool.release(held.pop(0)[0])
            continue
        blocks = pool.find(tokens)
        while len(blocks) * BLOCK < len(tokens):
            block = pool.take()
            if block is None:
                break
            blocks.append(block)
        if len(blocks) * BLOCK < len(tokens):
            pool.release(blocks)
            continue
        pool.record(blocks, tokens, len(tokens) // BLOCK)
        held.append((blocks, tokens))
    used = {block for blocks, _ in held for block in blocks}
    assert pool.held == len(used)
    for block in used:
        # who shares a block has the same tokens up to its end
        owners = [(item.index(block), tokens) for item, tokens in held if block in item]
        assert len({tuple(tokens[: (place + 1) * BLOCK]) for place, tokens in owners}) == 1
    for blocks, _ in held:
        pool.release(blocks)
    assert pool.available == 12
