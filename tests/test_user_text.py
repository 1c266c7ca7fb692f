"""Text from users is shown, never obeyed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from havoc.text import encodable, printable, printable_lines, shorten, to_ascii


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain name", "plain name"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("a\nb\tc\r\nd", "a b c d"),
        ("\x9b31m", "31m"),
        ("left\u202eright\u2066", "leftright"),
        ("\u200bzero\ufeff width", "zero width"),
        ("\ud800 half", "half"),
        ("Zürich ± 5 µm 测量", "Zürich ± 5 µm 测量"),
        ("", ""),
    ],
)
def test_known_texts(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_no_control_character_is_left(text: str, limit: int) -> None:
    shown = printable(text, limit)
    assert len(shown) <= limit
    assert not any(unicodedata.category(character).startswith("C") for character in shown)
    assert printable(shown) == shown
    assert not any(
        unicodedata.category(c).startswith("C") for c in printable_lines(text) if c != "\n"
    )


def test_lines_keep_their_indentation() -> None:
    assert printable_lines("a\n    b\x1b[2J\r\nc") == "a\n    b[2J\nc"


def test_shortening_says_so() -> None:
    assert shorten("abcdef", 4) == "abc…"
    assert shorten("abcd", 4) == "abcd"


@given(st.text())
def test_everything_has_an_ascii_form(text: str) -> None:
    assert to_ascii(text).isascii()


def test_an_encoding_without_a_character_gets_its_counterpart() -> None:
    assert encodable("R̄ ≤ 3 µm → ∞", "ascii") == "R <= 3 um > inf"
    assert encodable("Zürich", "latin-1") == "Zürich"
    assert encodable("Zürich", "ascii") == "Zurich"
    assert encodable("x", "no-such-encoding") == "x"
