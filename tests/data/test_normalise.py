"""Normal form: stable, visible characters as they were."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from havoc.data.normalise import normalise

MESSY = st.text(
    st.one_of(
        st.characters(codec="utf-8"),
        st.sampled_from("\r\n\n\n \t\v\f\x00\x1b\x85\u200b\u200d\ufeff\u2028\xada\u0301\u0323µΩ"),
    ),
    max_size=60,
)


@given(MESSY)
def test_twice_is_once(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(MESSY)
def test_what_may_stand_in_it(text: str) -> None:
    result = normalise(text)
    assert unicodedata.is_normalized("NFC", result)
    assert not {c for c in result if unicodedata.category(c) == "Cc"} - {"\n", "\t"}
    assert not set(result) & set("\u200b\u200c\u200d\ufeff\u2060\u200e\u202e\xad\u2028\r")
    assert "\n\n\n\n" not in result
    assert all(line == line.rstrip() for line in result.split("\n"))
    assert not result.startswith("\n") and not result.endswith("\n")


@given(MESSY)
def test_visible_characters_stay(text: str) -> None:
    def visible(content: str) -> str:
        kept = "".join(
            character
            for character in content
            if unicodedata.category(character) not in ("Cc", "Cf") and not character.isspace()
        )
        return unicodedata.normalize("NFC", kept)

    # Only between characters that a space kept apart does taking all spaces out compose.
    assert visible(normalise(text)) == visible(text)


@pytest.mark.parametrize("symbol", "µμ²³±×÷σΩαβ°√∑∫≤≥≠≈∞→·½‰Å…–—“”’")
def test_domain_symbols_stay(symbol: str) -> None:
    assert normalise(f"a {symbol} b") == f"a {symbol} b"


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        ("a  \t\n\n\n\n\n\nb", "a\n\n\nb"),
        ("a\n\n\nb", "a\n\n\nb"),
        ("\ufeffno\u200b-\x07break", "no-break"),
        ("u\u0308ber", "über"),
        ("u\u200b\u0308ber", "über"),
        ("page\fpage\x85line\u2028line", "page\npage\nline\nline"),
        ("  indented\n\tcode", "  indented\n\tcode"),
        ("\u2126", "Ω"),
        ("\n \n", ""),
    ],
)
def test_examples(text: str, result: str) -> None:
    assert normalise(text) == result


def test_long_runs_of_spaces_take_no_square_of_time() -> None:
    assert normalise(" " * 2_000_000 + "x") == " " * 2_000_000 + "x"
    assert normalise("\n" * 2_000_000 + "x") == "x"
