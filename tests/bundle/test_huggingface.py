"""The export that ``transformers`` reads: the same logits, the same ids."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer

from bundle_examples import small_bundle
from havoc.bundle.huggingface import export_huggingface
from havoc.bundle.precision import converted
from havoc.bundle.tensors import open_tensors, widened
from havoc.bundle.tokenizer_json import havoc_document, to_json
from havoc.errors import InputError
from havoc.model.loading import load_model
from havoc.tokenizer.special import NAMES
from training_examples import documents, small_tokenizer

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
PEER = Tokenizer.from_str(to_json(havoc_document(small_tokenizer())).decode())


def peer_logits(folder: Path, tokens: torch.Tensor) -> torch.Tensor:
    model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
    with torch.no_grad():
        logits: torch.Tensor = model.eval()(tokens).logits
    return logits


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, "LlamaForCausalLM"),
        ({"tie_embeddings": False, "rope_theta": 500_000.0}, "LlamaForCausalLM"),
        ({"num_kv_heads": 1, "head_dim": 16, "norm_eps": 1e-3}, "LlamaForCausalLM"),
        ({"num_kv_heads": 4, "activation": "gelu"}, "LlamaForCausalLM"),
        ({"activation": "relu_squared"}, "LlamaForCausalLM"),
        ({"sliding_window": 7}, "MistralForCausalLM"),
    ],
)
def test_the_logits_are_those_of_transformers(
    changes: dict[str, Any], kind: str, tmp_path: Path
) -> None:
    bundle = small_bundle(tmp_path / "bundle", **changes)
    export_huggingface(bundle, tmp_path / "hf")
    assert json.loads((tmp_path / "hf" / "config.json").read_bytes())["architectures"] == [kind]
    tokens = torch.randint(0, 1024, (16, 48), generator=torch.Generator().manual_seed(1))
    theirs = peer_logits(tmp_path / "hf", tokens)
    with torch.no_grad():
        ours = load_model(bundle)(tokens)
    assert ours.std() > 0.5, "logits that are all alike would compare nothing"
    assert float((ours - theirs).abs().max()) <= 1e-4


@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_narrower_weights_are_the_rounded_ones(precision: str, tmp_path: Path) -> None:
    bundle = small_bundle(tmp_path / "bundle")
    export_huggingface(bundle, tmp_path / "hf", precision=precision)
    held = open_tensors(tmp_path / "hf" / "model.safetensors").read("model.embed_tokens.weight")
    kind = {"fp16": torch.float16, "bf16": torch.bfloat16}[precision]
    wanted = torch.from_numpy(bundle.weights.read("embedding.weight").copy()).to(kind).float()
    assert torch.equal(torch.from_numpy(held.astype(np.float32)), wanted)
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "hf", local_files_only=True)
    assert model.dtype == kind


@given(st.lists(st.floats(width=32), min_size=1, max_size=50))
def test_bfloat16_is_rounded_as_torch_does(values: list[float]) -> None:
    array = np.array(values, np.float32)
    ours = widened(converted(array, "bf16", "x"))
    theirs = torch.from_numpy(array).to(torch.bfloat16).float().numpy()
    np.testing.assert_array_equal(ours, theirs)


def test_what_fp16_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"x: holds a value beyond 65504.*bf16"):
        converted(np.array([1.0, 7e4], np.float32), "fp16", "x")
    bundle = small_bundle(tmp_path / "bundle")
    with pytest.raises(InputError, match="no precision 'int3'"):
        export_huggingface(bundle, tmp_path / "hf", precision="int3")
    assert [entry.name for entry in tmp_path.iterdir()] == ["bundle"]


@given(TEXT.filter(lambda text: not any(name in text for name in NAMES)))
@settings(max_examples=500)
def test_any_text_has_the_same_ids(text: str) -> None:
    ids = small_tokenizer().encode(text)
    assert PEER.encode(text, add_special_tokens=False).ids == ids
    assert PEER.decode(ids, skip_special_tokens=False) == text


def test_text_made_of_pieces_has_the_same_ids() -> None:
    """Where merges compete: runs and mixtures of what the vocabulary holds."""
    tokenizer, draw = small_tokenizer(), random.Random(3)
    pieces = [tokenizer.piece(number).replace("▁", " ") for number in range(128, 1024)]
    for _ in range(4000):
        base = "".join(draw.choices(pieces, k=draw.randint(1, 4))).replace("<0x", "")
        text = "".join(draw.choices(base, k=draw.randint(1, 40))) if draw.random() < 0.5 else base
        assert PEER.encode(text, add_special_tokens=False).ids == tokenizer.encode(text), text


def test_real_text_through_the_tokenizer_of_transformers(tmp_path: Path) -> None:
    export_huggingface(small_bundle(tmp_path / "bundle"), tmp_path / "hf")
    peer, ours = AutoTokenizer.from_pretrained(tmp_path / "hf"), small_tokenizer()
    # a page that spells a control token makes that token there
    plain = [part for part in documents() if not any(name in part for name in NAMES)]
    text = "\n\n".join(plain)
    ids = ours.encode(text)
    assert peer(text, add_special_tokens=False).input_ids == ids
    assert peer(text).input_ids == [ours.bos, *ids]
    assert peer.decode(ids) == text
    assert peer("<user>12 ± 3", add_special_tokens=False).input_ids[0] == 6
    assert (peer.bos_token_id, peer.eos_token_id, peer.pad_token_id) == (1, 2, 0)
    assert peer.decode([1, 6, *ours.encode("x"), 2], skip_special_tokens=True) == "x"
