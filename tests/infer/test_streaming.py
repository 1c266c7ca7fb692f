"""Text as it comes: the parts are the whole, characters stay whole, stop strings stop."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from havoc.infer.streaming import TextStream
from havoc.tokenizer import HavocTokenizer
from training_examples import small_tokenizer

TOKENIZER: HavocTokenizer = small_tokenizer()


def streamed(ids: list[int], sizes: list[int], stop: tuple[str, ...] = ()) -> list[str]:
    stream = TextStream(TOKENIZER, stop)
    parts = []
    while ids:
        size = sizes.pop() if sizes else 1
        parts.append(stream.push(ids[:size]))
        ids = ids[size:]
    return [*parts, stream.finish()]


@given(st.text(max_size=60), st.lists(st.integers(1, 5), max_size=30))
def test_the_parts_are_the_whole(text: str, sizes: list[int]) -> None:
    ids = TOKENIZER.encode(text)
    parts = streamed(ids, sizes)
    assert "".join(parts) == TOKENIZER.decode(ids)


@given(st.text("aμ😀é漢 ", min_size=1, max_size=30))
def test_no_part_ends_within_a_character(text: str) -> None:
    assert all("�" not in part for part in streamed(TOKENIZER.encode(text), []))


@given(st.lists(st.integers(128, 1023), max_size=40))
def test_any_ids_come_out_as_they_decode(ids: list[int]) -> None:
    whole = b"".join(map(TOKENIZER.piece_bytes, ids)).decode("utf-8", "replace")
    assert "".join(streamed(list(ids), [])) == whole


def test_control_ids_are_shown_where_asked_for() -> None:
    ids = [10, *TOKENIZER.encode("why"), 11, *TOKENIZER.encode("x")]
    shown, silent = TextStream(TOKENIZER, control=True), TextStream(TOKENIZER)
    assert shown.push(ids) + shown.finish() == "<reason>why</reason>x"
    assert silent.push(ids) + silent.finish() == "whyx"


@given(
    st.text("abc ", max_size=40),
    st.lists(st.text("abc ", min_size=1, max_size=4), min_size=1, max_size=3),
)
def test_the_text_ends_before_the_first_stop_string(text: str, stop: list[str]) -> None:
    whole = TOKENIZER.decode(TOKENIZER.encode(text))
    places = [place for place in map(whole.find, stop) if place >= 0]
    wanted = whole[: min(places)] if places else whole
    parts = streamed(TOKENIZER.encode(text), [], tuple(stop))
    # a part that is out cannot be called back: only whole stop strings count, in the order read
    assert "".join(parts).startswith(wanted[: len("".join(parts))])
    assert not any(one in "".join(parts) for one in stop)
    if not places:
        assert "".join(parts) == whole
