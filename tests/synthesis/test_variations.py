"""What each variation may and may not change."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from havoc.synthesis import VARIATIONS
from havoc.synthesis.variations import decimal_commas, misspelled, reordered, terse

QUESTION = "Please compare the average fill of both nozzles. A: 12.1 12.3 11.9 B: 12.6 12.8 12.5"


@pytest.mark.parametrize("name", sorted(VARIATIONS))
def test_the_same_source_gives_the_same_text(name: str) -> None:
    first, second = (VARIATIONS[name](QUESTION, random.Random(4)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("name", sorted(set(VARIATIONS) - {"distracted", "decimal commas"}))
@given(seed=st.integers(0, 10_000))
def test_figures_stay_and_none_is_added(name: str, seed: int) -> None:
    changed = VARIATIONS[name](QUESTION, random.Random(seed))
    if changed is not None:
        assert sorted(re.findall(r"\d+\.\d+", changed)) == sorted(re.findall(r"\d+\.\d+", QUESTION))


@given(text=st.text(max_size=200), seed=st.integers(0, 100))
def test_any_text_can_be_varied(text: str, seed: int) -> None:
    for vary in VARIATIONS.values():
        changed = vary(text, random.Random(seed))
        assert changed is None or isinstance(changed, str)


def test_misspelling_keeps_short_words() -> None:
    for seed in range(50):
        changed = misspelled("is it ok at 5", random.Random(seed))
        assert changed is None


def test_terse_leaves_small_words_out() -> None:
    assert terse("Could you tell me the spread of it?", random.Random(1)) == "tell spread"


def test_decimal_commas_only_where_no_list_has_commas() -> None:
    assert decimal_commas("12.4 12.6 12.9", random.Random(1)) == "12,4 12,6 12,9"
    assert decimal_commas("12.4, 12.6, 12.9", random.Random(1)) is None


def test_reordering_moves_whole_sentences() -> None:
    assert reordered("One here. Two there.", random.Random(1)) == "Two there. One here."
    assert reordered("a\tb\n\n1\t2", random.Random(1)) is None
