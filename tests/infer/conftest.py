"""A small network with its vocabulary, for the tests of the engine."""

from __future__ import annotations

import pytest
from drawn_networks import SMALL, RandomWeights

from havoc.infer.native import NativeBackend
from havoc.tokenizer import HavocTokenizer
from training_examples import small_tokenizer


@pytest.fixture(scope="session")
def tokenizer() -> HavocTokenizer:
    return small_tokenizer()


@pytest.fixture(scope="session")
def backend(tokenizer: HavocTokenizer) -> NativeBackend:
    config = SMALL.replace(vocab_size=tokenizer.vocab_size)
    return NativeBackend(config, RandomWeights(config, spread=0.2), "fp32", threads=1)
