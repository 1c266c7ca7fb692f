"""The network on the processor, by the compiled runtime (``native/``)."""

from __future__ import annotations

import os
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from havoc.errors import InputError
from havoc.infer.backend import BLOCK, Step
from havoc.infer.quantise import int8_codes, ternary_codes
from havoc.model.config import ACTIVATIONS, HavocConfig

try:
    from havoc.infer import _native
except ImportError as error:  # pragma: no cover - the package is built with it
    raise InputError(
        f"the compiled runtime cannot be loaded ({error})",
        where="havoc.infer",
        remedy="install havoc with a C++ compiler at hand: pip install .",
    ) from None

assert _native.BLOCK == BLOCK
KINDS = ("fp32", "int8", "ternary")
"""How weights are held. ternary leaves the embedding and the head at int8."""


class Weights(Protocol):
    """Arrays by the name of the weight, as ``havoc.bundle.TensorFile`` has them."""

    def read(self, name: str) -> NDArray[Any]: ...


class NativeBackend:
    """A network with packed weights. Raises InputError for a kind or kernels not there."""

    def __init__(
        self,
        config: HavocConfig,
        weights: Weights,
        kind: str = "fp32",
        *,
        threads: int = 0,
        kernels: str = "",
    ) -> None:
        """``threads`` 0: as many as the processor has. ``kernels``: the best, or by name."""
        if kind not in KINDS:
            raise InputError(f"is {kind!r}", where="kind", remedy=f"give one of {', '.join(KINDS)}")
        if kernels and kernels not in _native.kernels():
            raise InputError(
                f"this processor has no {kernels!r}",
                where="kernels",
                remedy=f"give one of {', '.join(_native.kernels())}",
            )
        self.config = config
        self.kind = kind
        self._network = _native.Network(
            vocab_size=config.vocab_size,
            d_model=config.d_model,
            num_layers=config.num_layers,
            num_heads=config.num_heads,
            num_kv_heads=config.num_kv_heads,
            d_ff=config.d_ff,
            head_dim=config.head_dim,
            max_seq_len=config.max_seq_len,
            sliding_window=config.sliding_window or 0,
            activation=ACTIVATIONS.index(config.activation),
            norm_eps=config.norm_eps,
            rope_theta=config.rope_theta,
            threads=threads or len(os.sched_getaffinity(0)),
            kernels=kernels,
        )
        self._load(weights)

    @property
    def description(self) -> str:
        return f"native {self._network.kernels}, {self.kind}"

    @property
    def weight_bytes(self) -> int:
        """Bytes of the packed weights."""
        return int(self._network.weight_bytes)

    def new_cache(self, blocks: int) -> Any:
        return self._network.cache(blocks)

    def run(self, cache: Any, step: Step) -> NDArray[np.float32]:
        shape = (len(step.wanted), self.config.vocab_size)
        logits = (
            np.full(shape, -np.inf, np.float32)
            if len(step.columns)
            else np.empty(shape, np.float32)
        )
        try:
            self._network.run(
                cache,
                step.tokens,
                step.positions,
                step.sequences,
                step.tables,
                step.wanted,
                step.columns,
                logits,
            )
        except ValueError as error:
            raise InputError(str(error), where="step") from None
        return logits

    def _load(self, weights: Weights) -> None:
        outer = "int8" if self.kind == "ternary" else self.kind
        self._matrix("embedding", weights.read("embedding.weight"), outer)
        if not self.config.tie_embeddings:
            self._matrix("head", weights.read("head.weight"), outer)
        self._vector("norm", weights.read("norm.weight"))
        for layer in range(self.config.num_layers):
            place = f"layers.{layer}."
            for norm in ("attention_norm", "mlp_norm"):
                self._vector(place + norm, weights.read(f"{place}{norm}.weight"))
            gate_up = weights.read(f"{place}mlp.gate_up.weight")
            for name, weight in (
                ("qkv", weights.read(f"{place}attention.qkv.weight")),
                ("output", weights.read(f"{place}attention.output.weight")),
                ("gate", gate_up[: self.config.d_ff]),
                ("up", gate_up[self.config.d_ff :]),
                ("down", weights.read(f"{place}mlp.down.weight")),
            ):
                self._matrix(place + name, weight, self.kind)
        self._network.check_complete()

    def _vector(self, name: str, values: NDArray[Any]) -> None:
        self._network.set_floats(name, _floats(values, name))

    def _matrix(self, name: str, weight: NDArray[Any], kind: str) -> None:
        weight = _floats(weight, name)
        if kind == "fp32":
            self._network.set_floats(name, weight)
            return
        codes, scale = (int8_codes if kind == "int8" else ternary_codes)(weight)
        self._network.set_codes(name, kind, codes, scale)


def _floats(values: NDArray[Any], name: str) -> NDArray[np.float32]:
    floats = np.ascontiguousarray(values, np.float32)
    if not np.isfinite(floats).all():
        raise InputError(
            "holds values that are no numbers", where=name, remedy="use another checkpoint"
        )
    return floats
