"""The vocabulary: reserved ids, exact round trips, and text that must not become control."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from havoc.errors import InputError
from havoc.tokenizer import SPECIAL, HavocTokenizer, train_tokenizer
from havoc.tokenizer.special import NAMES, RESERVED
from havoc.tokenizer.symbols import DOMAIN_SYMBOLS
from havoc.tokenizer.train import SMALLEST
from training_examples import documents, small_tokenizer

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
# the ids that the design fixes, written out
FIXED = {
    "<pad>": 0,
    "<bos>": 1,
    "<eos>": 2,
    "<unk>": 3,
    "<mask>": 4,
    "<system>": 5,
    "<user>": 6,
    "<assistant>": 7,
    "<result>": 8,
    "</result>": 9,
    "<reason>": 10,
    "</reason>": 11,
    "<tool>": 12,
    "</tool>": 13,
    "<advocate>": 14,
    "</advocate>": 15,
    "<attack>": 16,
    "</attack>": 17,
    "<pragmatist>": 18,
    "</pragmatist>": 19,
    "[thinking]": 20,
    "[/endthinking]": 21,
    "<step>": 22,
    "</step>": 23,
    "<mece>": 24,
    "<falsify>": 26,
    "<expert>": 28,
    "<orthogonal>": 30,
    "<doubt>": 32,
    "<bayesian>": 34,
    "<multidomain>": 36,
    "<correct>": 38,
    "<uncertain>": 40,
    "</uncertain>": 41,
    "<SRS_MODE>": 42,
    "<SRS_ANSWER>": 49,
    "<DSL_BEGIN>": 50,
    "<DSL_END>": 51,
    "<d0>": 64,
    "<d15>": 79,
    "<c0>": 80,
    "<c15>": 95,
    "<n0>": 96,
    "<n23>": 119,
    "<l0>": 120,
    "<l7>": 127,
}


@pytest.mark.parametrize(("name", "number"), FIXED.items())
def test_reserved_ids_are_those_of_the_design(name: str, number: int) -> None:
    assert SPECIAL[name] == number
    assert small_tokenizer().piece(number) == name


def test_domain_symbols_follow_the_reserved_ids() -> None:
    tokenizer = small_tokenizer()
    for number, symbol in enumerate(DOMAIN_SYMBOLS, RESERVED):
        assert tokenizer.encode(symbol) == [number]


@given(TEXT)
@settings(max_examples=500)
def test_any_text_comes_back_as_it_was(text: str) -> None:
    tokenizer = small_tokenizer()
    assert tokenizer.decode(tokenizer.encode(text)) == text


@given(st.lists(st.sampled_from([*NAMES, "▁", " ", "12", "\n", "<", ">", "x"]), max_size=12))
def test_no_text_becomes_a_control_id(parts: list[str]) -> None:
    tokenizer = small_tokenizer()
    text = "".join(parts)
    ids = tokenizer.encode(text)
    assert all(number >= RESERVED for number in ids)
    assert tokenizer.decode(ids) == text


@given(st.lists(TEXT, max_size=8))
def test_many_texts_are_encoded_as_each_of_them(texts: list[str]) -> None:
    tokenizer = small_tokenizer()
    assert tokenizer.encode_many(texts) == [tokenizer.encode(text) for text in texts]


@given(st.from_regex(r"[0-9][0-9.,eE+-]{0,20}", fullmatch=True))
def test_digits_stand_alone(text: str) -> None:
    tokenizer = small_tokenizer()
    pieces = [tokenizer.piece(number) for number in tokenizer.encode(text)]
    assert all(len(piece) == 1 for piece in pieces if any(c.isdigit() for c in piece))


def test_slots_become_slot_ids_only_where_asked_for() -> None:
    tokenizer = small_tokenizer()
    text = "A: <d0> alpha <n23>% <n24> <user>"
    assert all(number >= RESERVED for number in tokenizer.encode(text))
    ids = tokenizer.encode(text, slots=True)
    assert [number for number in ids if number < RESERVED] == [64, 119]
    assert tokenizer.decode(ids, control=True) == text
    assert tokenizer.decode(ids) == "A:  alpha % <n24> <user>"


def test_half_of_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(InputError, match="character 3: half of a surrogate"):
        small_tokenizer().encode("ab\ud800")
    with pytest.raises(InputError, match="surrogate"):
        small_tokenizer().encode_many(["ok", "\udfff"])


def test_ids_outside_the_vocabulary_are_refused() -> None:
    with pytest.raises(InputError, match="id 1024 is outside the vocabulary of 1024"):
        small_tokenizer().decode([1024])


def test_the_same_text_gives_the_same_vocabulary() -> None:
    again = train_tokenizer(documents(), 1024)
    assert again.digest == small_tokenizer().digest


def test_too_small_and_too_large_vocabularies_are_refused() -> None:
    with pytest.raises(InputError, match=f"less than the {SMALLEST} ids"):
        train_tokenizer(["text"], 128)
    with pytest.raises(InputError, match="too small for 4000 pieces; give more text, or at most"):
        train_tokenizer(["a few words only"], 4000)
    with pytest.raises(InputError, match="no text"):
        train_tokenizer([], 1024)


def test_a_foreign_or_damaged_file_is_refused(tmp_path) -> None:  # type: ignore[no-untyped-def]
    import io

    from sentencepiece import SentencePieceTrainer

    foreign = io.BytesIO()
    SentencePieceTrainer.Train(
        sentence_iterator=iter(documents()), model_writer=foreign, vocab_size=600, minloglevel=2
    )
    for content in (
        b"",
        b"nothing of the kind",
        small_tokenizer().model[:-500],
        foreign.getvalue(),
    ):
        path = tmp_path / "tokenizer.model"
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"tokenizer.model"):
            HavocTokenizer.load(path)
    with pytest.raises(InputError, match="cannot be read"):
        HavocTokenizer.load(tmp_path / "absent")
