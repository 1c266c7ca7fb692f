"""Hashes of words: equal for equal words, wherever they stand, and only for those."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from havoc.data.shingles import gram_hashes, split_words, word_hashes

TEXT = st.text(
    st.one_of(st.characters(codec="utf-8"), st.sampled_from("aAbB12 _-.,'ß\u0130µ²𝑥中")),
    max_size=80,
)


@given(TEXT, TEXT)
def test_equal_words_and_no_others_have_equal_hashes(first: str, second: str) -> None:
    words = split_words(first) + split_words(second)
    hashes = [*word_hashes(first).tolist(), *word_hashes(second).tolist()]
    assert len(words) == len(hashes)
    assert len(set(words)) == len(set(hashes)) == len(set(zip(words, hashes, strict=True)))


@given(st.text(st.characters(max_codepoint=0x7F), max_size=80))
def test_ascii_words_are_those_of_a_regular_expression(text: str) -> None:
    assert split_words(text) == re.findall(r"\w+", text.lower(), re.ASCII)


@given(TEXT, TEXT)
def test_what_stands_around_does_not_count(text: str, other: str) -> None:
    padded = f"{other} – {text}! {other}"
    around = len(split_words(other))
    found = word_hashes(padded)[around:][: len(split_words(text))]
    assert np.array_equal(found, word_hashes(text))


@given(st.lists(st.sampled_from("abc"), max_size=12), st.integers(1, 5))
def test_runs_are_equal_exactly_if_their_words_are(words: list[str], size: int) -> None:
    hashes = gram_hashes(word_hashes(" ".join(words)), size).tolist()
    runs = [tuple(words[i : i + size]) for i in range(len(words) - size + 1)]
    assert len(hashes) == len(runs)
    assert len(set(hashes)) == len(set(runs)) == len(set(zip(hashes, runs, strict=True)))


def test_no_two_of_many_words_collide() -> None:
    numbers = [f"{n:x}" for n in range(200_000)]
    assert len(set(word_hashes(" ".join(numbers)).tolist())) == len(numbers)


def test_hashes_are_the_same_in_every_run() -> None:
    assert word_hashes("Process").tolist() == word_hashes("process").tolist()
    assert word_hashes("process capability").tolist() == PINNED


PINNED = [16002592374067142602, 2915245123286052050]
