"""The GGUF export: llama.cpp reads it to the same ids, logits and continuations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bundle_examples import OVERLAPS, small_bundle
from havoc.bundle.gguf import export_gguf, interleaved
from havoc.errors import InputError
from havoc.model.generate import continue_tokens
from havoc.model.loading import load_model
from havoc.tokenizer.special import NAMES
from llama_peer import open_peer, peer_ids, peer_logits, peer_tokens
from training_examples import documents, small_tokenizer

WIDE: dict[str, Any] = {"d_model": 64, "d_ff": 96, "max_seq_len": 256}
OTHER: dict[str, Any] = {
    **WIDE,
    "num_kv_heads": 1,
    "head_dim": 16,
    "tie_embeddings": False,
    "rope_theta": 500_000.0,
    "norm_eps": 1e-3,
}


@pytest.mark.parametrize("shape", [WIDE, OTHER], ids=["tied", "untied"])
def test_llama_cpp_goes_on_with_the_same_tokens(shape: dict[str, Any], tmp_path: Path) -> None:
    bundle = small_bundle(tmp_path / "bundle", **shape)
    peer = open_peer(export_gguf(bundle, tmp_path / "a.gguf", precision="fp32"))
    model, tokenizer = load_model(bundle), small_tokenizer()
    prompts = [[1, *tokenizer.encode(text)[:30]] for text in documents()[:12]]
    for prompt in prompts:
        assert peer_tokens(peer, prompt, 24) == continue_tokens(model, prompt, 24)
    with torch.no_grad():
        ours = model(torch.tensor(prompts[:1]))[0].numpy()
    assert ours.std() > 0.5
    assert np.abs(peer_logits(peer, prompts[0]) - ours).max() < 1e-3


@pytest.mark.parametrize(("precision", "most"), [("fp16", 1e-3), ("q8_0", 0.02)])
def test_narrower_files_hold_the_rounded_weights(
    precision: str, most: float, tmp_path: Path
) -> None:
    bundle = small_bundle(tmp_path / "bundle", **WIDE, init_std=0.05)
    path = export_gguf(bundle, tmp_path / "a.gguf", precision=precision)
    held = {
        tensor.name: gguf.dequantize(tensor.data, tensor.tensor_type)
        for tensor in gguf.GGUFReader(path).tensors
    }
    down = bundle.weights.read("layers.1.mlp.down.weight")
    blocks = np.abs(down).reshape(len(down), -1, 32).max(axis=-1, keepdims=True)
    # half a step; the scale of a block is itself an fp16, which is up to 2^-11 off
    step = {"fp16": np.abs(down).reshape(len(down), -1, 32) * 2**-10, "q8_0": blocks / 127}
    off = np.abs(held["blk.1.ffn_down.weight"] - down).reshape(len(down), -1, 32)
    assert (off <= step[precision] * (0.5 + 127 * 2**-11) + 2**-25).all()
    np.testing.assert_array_equal(held["output_norm.weight"], bundle.weights.read("norm.weight"))
    assert "output.weight" not in held
    ids = [1, *small_tokenizer().encode(documents()[3])[:60]]
    with torch.no_grad():
        ours = load_model(bundle)(torch.tensor([ids]))[0].numpy()
    theirs = peer_logits(open_peer(path), ids)
    assert np.sqrt(np.mean((theirs - ours) ** 2)) < most * ours.std()


def test_queries_change_places_as_llama_cpp_wants_it() -> None:
    rows = np.arange(2 * 6, dtype=np.float32).reshape(12, 1)  # two heads of six
    assert interleaved(rows, 2)[:, 0].tolist() == [0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11]


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("vocabulary")
    return open_peer(export_gguf(small_bundle(folder / "bundle", **WIDE), folder / "a.gguf"))


def test_real_text_has_the_same_ids_in_llama_cpp(peer: Any) -> None:
    tokenizer = small_tokenizer()
    for text in documents():
        if not any(exception in text for exception in (*OVERLAPS, "▁")):
            assert peer_ids(peer, text) == tokenizer.encode(text)
    assert peer.tokenize(b"x") == [tokenizer.bos, *tokenizer.encode("x")]
    assert (peer.token_bos(), peer.token_eos()) == (tokenizer.bos, tokenizer.eos)
    assert peer.detokenize(tokenizer.encode("5 ≥ é\n")) == "5 ≥ é\n".encode()
    assert peer.tokenize(b"<user>", add_bos=False, special=True) == [6]


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="▁\0"), max_size=80).filter(
        lambda text: not any(name in text for name in (*NAMES, *OVERLAPS))
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
def test_any_text_has_the_same_ids_in_llama_cpp(peer: Any, text: str) -> None:
    assert peer_ids(peer, text) == small_tokenizer().encode(text)


def test_the_exceptions_are_those_that_are_documented(peer: Any) -> None:
    tokenizer = small_tokenizer()
    assert "Cp-value" in OVERLAPS
    for text in ("▁", "Cp-value"):
        assert peer_ids(peer, text) != tokenizer.encode(text)
    assert all(number >= 128 for name in NAMES for number in tokenizer.encode(name))


@pytest.mark.parametrize(
    ("changes", "precision", "said"),
    [
        ({"activation": "gelu"}, "fp16", "activation: llama.cpp has no llama with 'gelu'"),
        ({"sliding_window": 8}, "fp16", "sliding_window: llama.cpp has no"),
        ({"d_ff": 40}, "q8_0", "d_ff: 40 is no multiple of 32"),
        ({}, "q4_k", "dtype: there is no precision 'q4_k'"),
    ],
)
def test_what_llama_cpp_cannot_compute_is_refused(
    changes: dict[str, Any], precision: str, said: str, tmp_path: Path
) -> None:
    bundle = small_bundle(tmp_path / "bundle", **changes)
    with pytest.raises(InputError, match=said):
        export_gguf(bundle, tmp_path / "a.gguf", precision=precision)
    assert [entry.name for entry in tmp_path.iterdir()] == ["bundle"]
