"""Networks with weights drawn at random, for the tests of the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from havoc.bundle import weight_shapes
from havoc.model.config import HavocConfig


class RandomWeights:
    """Weights by name, drawn once; ``read`` as a bundle's file has it."""

    def __init__(self, config: HavocConfig, seed: int = 0, spread: float = 0.05) -> None:
        generator = np.random.default_rng(seed)
        self._arrays = {
            name: (
                generator.normal(0, spread, shape)
                if len(shape) == 2
                else 1 + generator.normal(0, 0.1, shape)
            ).astype(np.float32)
            for name, shape in weight_shapes(config).items()
        }

    def names(self) -> list[str]:
        return list(self._arrays)

    def read(self, name: str) -> NDArray[Any]:
        return self._arrays[name]

    def kind(self, name: str) -> str:
        return "floats"

    def codes(self, name: str) -> None:
        return None

    def replace(self, name: str, values: NDArray[Any]) -> None:
        self._arrays[name] = values


@dataclass
class Drawn:
    """What both backends load: a shape and its weights."""

    config: HavocConfig
    weights: RandomWeights


SMALL = HavocConfig(
    vocab_size=512,
    d_model=64,
    num_layers=2,
    num_heads=4,
    num_kv_heads=2,
    d_ff=96,
    head_dim=16,
    max_seq_len=256,
)
