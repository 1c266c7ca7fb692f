"""The vocabulary of another model: its ids, and text that must not become control."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.processors import TemplateProcessing

from foreign_examples import byte_level_tokenizer
from havoc.errors import InputError
from havoc.tokenizer.foreign import ForeignTokenizer
from training_examples import documents

SETTINGS = {
    "bos_token": {"content": "<|start|>"},
    "eos_token": "<|end|>",
    "pad_token": None,
    "chat_template": "{{ messages }}",
}
PEER = byte_level_tokenizer("smollm")
DOCUMENT = PEER.to_str().encode()
OURS = ForeignTokenizer(DOCUMENT, json.dumps(SETTINGS).encode())


def changed(**changes: Any) -> bytes:
    return json.dumps({**json.loads(DOCUMENT), **changes}).encode()


def test_it_says_what_the_vocabulary_has() -> None:
    assert (OURS.bos, OURS.eos, OURS.pad) == (0, 1, None)
    assert OURS.vocab_size == PEER.get_vocab_size()
    assert OURS.special["<|end|>"] == 1 and dict(OURS.special) == {"<|start|>": 0, "<|end|>": 1}
    assert "<user>" not in OURS.special and len(OURS.special) == 2
    with pytest.raises(InputError, match="no control token '<user>'"):
        OURS.special["<user>"]
    assert OURS.chat_template == "{{ messages }}" and not OURS.add_bos
    assert OURS.piece(2) == "<tool>" and len(OURS.digest) == 64


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_text_comes_back_and_has_the_ids_of_tokenizers(text: str) -> None:
    ids = OURS.encode(text)
    assert ids == PEER.encode(text, add_special_tokens=False).ids
    assert OURS.decode(ids) == text
    assert b"".join(map(OURS.piece_bytes, ids)).decode() == text


@given(st.lists(st.sampled_from(["<|start|>", "<|end|>", "<|", "end", "|>", " ", "x"]), max_size=9))
def test_no_text_becomes_a_control_id(parts: list[str]) -> None:
    text = "".join(parts)
    ids = OURS.encode(text)
    assert not {0, 1} & set(ids)
    assert OURS.decode(ids) == text


def test_control_ids_are_left_out_or_shown() -> None:
    ids = [0, *OURS.encode("a é"), 1, *OURS.encode(" b")]
    assert OURS.decode(ids) == "a é b"
    assert OURS.decode(ids, control=True) == "<|start|>a é<|end|> b"
    with pytest.raises(InputError, match=f"id {OURS.vocab_size} is outside"):
        OURS.decode([OURS.vocab_size])


def test_many_texts_and_bad_text() -> None:
    texts = list(documents()[:20])
    assert OURS.encode_many(texts) == [OURS.encode(text) for text in texts]
    with pytest.raises(InputError, match="character 2: half of a surrogate"):
        OURS.encode("a\ud800")
    with pytest.raises(InputError, match="no slot tokens"):
        OURS.encode("<d0>", slots=True)


def test_a_first_token_is_known_but_not_put() -> None:
    peer = Tokenizer.from_str(DOCUMENT.decode())
    peer.post_processor = TemplateProcessing("<|start|> $A", special_tokens=[("<|start|>", 0)])
    begun = ForeignTokenizer(peer.to_str().encode(), json.dumps(SETTINGS).encode())
    assert begun.add_bos and begun.encode("x") == OURS.encode("x")


def test_a_vocabulary_that_cuts_and_pads_does_not() -> None:
    peer = Tokenizer.from_str(DOCUMENT.decode())
    peer.enable_truncation(3)
    peer.enable_padding(length=8)
    text = documents()[0]
    assert ForeignTokenizer(peer.to_str().encode()).encode(text) == OURS.encode(text)


def test_a_control_token_that_merges_spell_is_refused_in_text() -> None:
    body = json.loads(DOCUMENT)
    vocab = body["model"]["vocab"]
    spelled = next(
        token
        for token in vocab
        if token.isascii() and token.isalpha() and OURS.encode(token) == [vocab[token]]
    )
    body["added_tokens"].append(
        {"id": vocab[spelled], "content": spelled, "special": True}
        | dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    )
    hostile = ForeignTokenizer(json.dumps(body).encode())
    with pytest.raises(InputError, match=f"the text spells '{spelled}'"):
        hostile.encode(spelled)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b"", "no JSON object"),
        (b"[1]", "no JSON object"),
        (b"\xff\xfe", "no JSON object"),
        (b"{}", "has no model"),
        (changed(model={"type": "BPE", "dropout": 0.1, "vocab": {}, "merges": []}), "at random"),
        (changed(model={"type": "Word"}), "not what tokenizers reads"),
        (changed(model={"type": "BPE", "vocab": {"a": 0}, "merges": [["a", "b"]]}), "tokenizers"),
        (changed(decoder={"type": "Nothing"}), "not what tokenizers reads"),
        (changed(model={"type": "BPE", "vocab": {"a": 1 << 30}, "merges": []}), "has 10737"),
    ],
)
def test_a_damaged_vocabulary_is_refused(document: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        ForeignTokenizer(document)


def test_it_is_read_from_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        ForeignTokenizer.load(tmp_path)
    (tmp_path / "tokenizer.json").write_bytes(DOCUMENT)
    assert ForeignTokenizer.load(tmp_path).bos is None
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(SETTINGS))
    assert ForeignTokenizer.load(tmp_path).digest == OURS.digest


def test_a_vocabulary_at_which_the_library_panics_is_refused() -> None:
    """The library then raises what is no Exception."""
    body = json.loads(DOCUMENT)
    peer = Tokenizer.from_str(DOCUMENT.decode())
    peer.post_processor = TemplateProcessing("<|start|> $A", special_tokens=[("<|start|>", 0)])
    body["post_processor"] = json.loads(peer.to_str())["post_processor"]
    body["post_processor"]["special_tokens"] = {}
    with pytest.raises(InputError, match="not what tokenizers reads"):
        ForeignTokenizer(json.dumps(body).encode())
