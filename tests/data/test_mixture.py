"""Which group a sample comes from: by weight, in closed form, in any order of asking."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from havoc.data.mixture import BLOCK, Mixture
from havoc.errors import InputError

WEIGHTS = st.lists(st.floats(0.5, 100), min_size=1, max_size=6).map(
    lambda values: {f"g{n}": value for n, value in enumerate(values)}
)


@given(WEIGHTS, st.integers(0, 10**6))
def test_counts_follow_the_weights(weights: dict[str, float], blocks: int) -> None:
    mixture = Mixture(weights, 0)
    before, after = mixture.counts(blocks), mixture.counts(blocks + 1)
    assert sum(before) == BLOCK * blocks and sum(after) == BLOCK * (blocks + 1)
    total = sum(Fraction(repr(weight)) for weight in weights.values())
    for weight, start, end in zip(weights.values(), before, after, strict=True):
        share = Fraction(repr(weight)) / total
        assert abs(start - share * BLOCK * blocks) < 1
        assert end >= start
        assert abs(end - start - share * BLOCK) < 2
    # Largest remainders: nobody rounded down has a larger one than anybody rounded up.
    ideal = [Fraction(repr(w)) / total * BLOCK * blocks for w in weights.values()]
    up = [i - int(i) for i, count in zip(ideal, before, strict=True) if count > i]
    down = [i - int(i) for i, count in zip(ideal, before, strict=True) if count < i]
    assert not up or not down or min(up) >= max(down)


@settings(max_examples=30)
@given(WEIGHTS, st.integers(0, 50), st.integers(0, 2**40))
def test_a_block_holds_each_sample_of_its_groups_once(
    weights: dict[str, float], block: int, seed: int
) -> None:
    mixture = Mixture(weights, seed)
    found = [mixture.assign(block * BLOCK + offset) for offset in range(BLOCK)]
    before, after = mixture.counts(block), mixture.counts(block + 1)
    for name, start, end in zip(weights, before, after, strict=True):
        assert [n for group, n in found if group == name] == list(range(start, end))


def test_the_default_mixture_is_exact_in_every_block() -> None:
    mixture = Mixture({"domain": 60, "general": 30, "dialog": 10}, 1)
    for block in range(3):
        groups = Counter(mixture.assign(block * BLOCK + n)[0] for n in range(BLOCK))
        assert groups == {"domain": 600, "general": 300, "dialog": 100}


def test_the_order_of_asking_does_not_matter() -> None:
    weights = {"a": 2.0, "b": 1.0, "c": 0.37}
    indices = list(range(0, 5000, 7))
    straight = [Mixture(weights, 5).assign(i) for i in indices]
    shuffled = indices.copy()
    random.Random(0).shuffle(shuffled)
    mixture = Mixture(weights, 5)
    by_index = {i: mixture.assign(i) for i in shuffled}
    assert [by_index[i] for i in indices] == straight
    assert [Mixture(weights, 6).assign(i) for i in indices] != straight


def test_groups_are_mixed_within_a_block() -> None:
    groups = [Mixture({"a": 1, "b": 1}, 0).assign(n)[0] for n in range(BLOCK)]
    changes = sum(x != y for x, y in pairwise(groups))
    assert 400 < changes < 600  # 499.5 expected, standard deviation 16


def test_the_order_is_the_same_on_every_machine() -> None:
    mixture = Mixture({"a": 3, "b": 1}, 42)
    assert "".join(mixture.assign(n)[0] for n in range(1990, 2030)) == PINNED


PINNED = "aaaaaababaaaabaaabaabaaaabbbaaabababaaba"


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({}, "has no groups"),
        ({"a": 0}, "group a: the weight 0 is not positive"),
        ({"a": 1, "b": -2}, "group b"),
        ({"a": float("nan")}, "not positive"),
        ({"a": 1, "b": 2000}, "group a: its share of the mixture is 0.0005, below 0.001"),
    ],
)
def test_bad_weights(weights: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Mixture(weights, 0)


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5, True, "1"])
def test_bad_seeds(seed: object) -> None:
    with pytest.raises(InputError, match="seed"):
        Mixture({"a": 1}, seed)  # type: ignore[arg-type]


def test_negative_samples_are_refused() -> None:
    with pytest.raises(InputError, match="samples start at 0"):
        Mixture({"a": 1}, 0).assign(-1)
