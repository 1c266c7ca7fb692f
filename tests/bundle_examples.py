"""What tests of the bundle share: a small network in a bundle, with logits worth comparing."""

from __future__ import annotations

from pathlib import Path

import torch

from havoc.bundle import Bundle, write_bundle
from havoc.model.network import HavocModel
from havoc.tokenizer.symbols import DOMAIN_SYMBOLS
from training_examples import small_config, small_tokenizer

OVERLAPS = [
    a + b[size:]
    for a in DOMAIN_SYMBOLS
    for b in DOMAIN_SYMBOLS
    for size in range(1, min(len(a), len(b)))
    if a.endswith(b[:size])
]
"""Where llama.cpp takes the longer of two overlapping symbols and SentencePiece the first."""


def small_bundle(folder: Path, **changes: object) -> Bundle:
    """A drawn network. Its weights are large, so that attention is far from uniform and the
    likeliest token far from the second."""
    config = small_config(**{"init_std": 0.3, **changes})
    model = HavocModel(config).initialise(7)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim < 2:  # norms that are all ones would hide a mix-up
                weight.uniform_(0.5, 1.5, generator=torch.Generator().manual_seed(len(name)))
    tensors = {name: weight.detach().numpy() for name, weight in model.named_parameters()}
    write_bundle(folder, config, tensors, small_tokenizer(), {"made": "for a test"})
    return Bundle.open(folder)
