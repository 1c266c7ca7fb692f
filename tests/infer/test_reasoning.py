"""Taking apart what a network writes: any split gives the same pieces, and nothing is guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from havoc.infer.reasoning import (
    CLOSES,
    OPENS,
    Piece,
    ReasoningTokenFormatter,
    ReasoningTokenParser,
)
from havoc.tokenizer.special import SPECIAL
from training_examples import small_tokenizer

TOKENIZER = small_tokenizer()


def ids_of(*parts: str) -> list[int]:
    """Control ids by name, other texts by the vocabulary."""
    return [
        number
        for part in parts
        for number in ([SPECIAL[part]] if part in SPECIAL else TOKENIZER.encode(part))
    ]


def parsed(ids: list[int], size: int = 1) -> tuple[list[Piece], list[str]]:
    parser = ReasoningTokenParser(TOKENIZER)
    pieces: list[Piece] = []
    for start in range(0, len(ids), size):
        for piece in parser.push(ids[start : start + size]):
            if pieces and pieces[-1].path == piece.path:
                pieces[-1] = Piece(piece.path, pieces[-1].text + piece.text)
            else:
                pieces.append(piece)
    pieces += parser.finish()
    return pieces, [problem.what for problem in parser.problems]


def test_segments_come_out_with_their_place() -> None:
    ids = ids_of(
        *("<reason>", "two groups ", "<falsify>", "or one?", "</falsify>", " fine", "</reason>"),
        *("<tool>", '{"tool":"x"}', "</tool>", "<result>", "µ", "</result>", "Yes."),
    )
    pieces, problems = parsed(ids)
    assert pieces == [
        Piece(("reason",), "two groups "),
        Piece(("reason", "falsify"), "or one?"),
        Piece(("reason",), " fine"),
        Piece(("tool",), '{"tool":"x"}'),
        Piece(("result",), "µ"),
        Piece((), "Yes."),
    ]
    assert problems == []


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        (("</reason>", "x"), "</reason> within plain text"),
        (("<reason>", "x"), "<reason> is left open"),
        (("<reason>", "<tool>", "x", "</reason>"), "<tool> within reason"),
        (("<reason>", "x", "</tool>", "</reason>"), "</tool> within reason"),
        (("<tool>", "<doubt>", "</tool>"), "<doubt> within tool"),
        (("<reason>", "<doubt>", "<step>", "</doubt>", "</reason>"), "<step> within reason/doubt"),
        (("[thinking]", "x"), "<thinking> is left open"),
    ],
)
def test_malformed_nesting_is_reported(parts: tuple[str, ...], problem: str) -> None:
    pieces, problems = parsed(ids_of(*parts))
    assert problem in problems
    assert "".join(piece.text for piece in pieces) == "x" * parts.count("x")


@given(
    st.lists(
        st.one_of(st.sampled_from([*OPENS, *CLOSES, 2, 64]), st.integers(128, 1023), st.just(300)),
        max_size=40,
    ),
    st.integers(2, 9),
)
def test_how_the_ids_come_makes_no_difference(ids: list[int], size: int) -> None:
    whole, problems = parsed(ids, 1)
    assert parsed(ids, size) == (whole, problems)
    assert all(len(piece.path) <= 2 for piece in whole)


def test_the_formatter_labels_each_segment() -> None:
    formatter = ReasoningTokenFormatter()
    first = formatter.format([Piece(("reason",), "two "), Piece(("reason",), "groups")])
    rest = formatter.format([Piece(("reason", "doubt"), "?"), Piece((), "Yes.")])
    assert first + rest == "[reason] two groups\n[reason / doubt] ?\nYes."
