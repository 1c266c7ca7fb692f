"""The network on the processor, by the compiled runtime (``native/``)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from havoc.bundle.codes import Codes, codes_of
from havoc.errors import InputError
from havoc.infer.backend import BLOCK, Logits, Step
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
MOST_THREADS = 256


class Weights(Protocol):
    """Arrays by the name of the weight, as ``havoc.bundle.TensorFile`` has them."""

    def read(self, name: str) -> NDArray[Any]: ...
    def kind(self, name: str) -> str: ...
    def codes(self, name: str) -> Codes | None: ...


class NativeBackend:
    """A network with packed weights. Raises InputError for a kind or kernels not there."""

    def __init__(
        self,
        config: HavocConfig,
        weights: Weights,
        kind: str = "",
        *,
        threads: int = 0,
        kernels: str = "",
    ) -> None:
        """``kind`` of KINDS (none: as the weights are stored). ``threads`` 0: as many as the
        processor has. ``kernels``: the best, or by name."""
        if not kind:
            stored = weights.kind("layers.0.attention.qkv.weight")
            kind = "fp32" if stored == "floats" else stored
        if kind not in KINDS:
            raise InputError(f"is {kind!r}", where="kind", remedy=f"give one of {', '.join(KINDS)}")
        if kernels and kernels not in _native.kernels():
            raise InputError(
                f"this processor has no {kernels!r}",
                where="kernels",
                remedy=f"give one of {', '.join(_native.kernels())}",
            )
        if not 0 <= threads <= MOST_THREADS:
            raise InputError(
                f"is {threads}", where="threads", remedy=f"give 0 (all) to {MOST_THREADS}"
            )
        self.config = config
        self.kind = kind
        with _in_one_line("config"):
            self._network = _native.Network(
                vocab_size=config.vocab_size,
                d_model=config.d_model,
                num_layers=config.num_layers,
                num_heads=config.num_heads,
                num_kv_heads=config.num_kv_heads,
                d_ff=config.d_ff,
                head_dim=config.head_dim,
                max_seq_len=config.max_seq_len,
                # a window beyond the context limits nothing, and may be no int of C++
                sliding_window=min(config.sliding_window or 0, config.max_seq_len),
                activation=ACTIVATIONS.index(config.activation),
                norm_eps=config.norm_eps,
                rope_theta=config.rope_theta,
                threads=threads or _processors(),
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
        with _in_one_line(f"a cache of {blocks:,} blocks"):
            return self._network.cache(blocks)

    def run(self, cache: Any, step: Step) -> Logits:
        rows = len(step.wanted)
        made = Logits(
            np.empty((rows, self.config.vocab_size), np.float32), np.empty(rows, np.int32)
        )
        with _in_one_line("step"):
            self._network.run(
                cache,
                step.tokens,
                step.positions,
                step.sequences,
                step.tables,
                step.wanted,
                step.masks,
                step.best_only,
                made.values,
                made.best,
            )
        return made

    def _load(self, weights: Weights) -> None:
        d_ff = self.config.d_ff
        self._matrices(weights, "embedding.weight", [("embedding", slice(None))])
        if not self.config.tie_embeddings:
            self._matrices(weights, "head.weight", [("head", slice(None))])
        self._vector("norm", weights.read("norm.weight"))
        for layer in range(self.config.num_layers):
            place = f"layers.{layer}."
            for norm in ("attention_norm", "mlp_norm"):
                self._vector(place + norm, weights.read(f"{place}{norm}.weight"))
            for name, ours in (
                ("attention.qkv", [("qkv", slice(None))]),
                ("attention.output", [("output", slice(None))]),
                ("mlp.gate_up", [("gate", slice(d_ff)), ("up", slice(d_ff, None))]),
                ("mlp.down", [("down", slice(None))]),
            ):
                parts = [(place + part, rows) for part, rows in ours]
                self._matrices(weights, f"{place}{name}.weight", parts)
        self._network.check_complete()

    def _vector(self, name: str, values: NDArray[Any]) -> None:
        with _in_one_line(name):
            self._network.set_floats(name, _floats(values, name))

    def _matrices(self, weights: Weights, name: str, parts: list[tuple[str, slice]]) -> None:
        """The rows of one stored weight as the matrices of the runtime."""
        outer = name in ("embedding.weight", "head.weight")
        kind = "int8" if self.kind == "ternary" and outer else self.kind
        if kind == "fp32":
            floats = _floats(weights.read(name), name)
            for part, rows in parts:
                with _in_one_line(name):
                    self._network.set_floats(part, floats[rows])
            return
        codes = weights.codes(name) if weights.kind(name) == kind else None
        if codes is None:
            codes = codes_of(name, _floats(weights.read(name), name), kind, self.config)
        for part, rows in parts:
            scale = _floats(codes[1][rows], name)
            with _in_one_line(name):
                self._network.set_codes(part, kind, np.ascontiguousarray(codes[0][rows]), scale)


def _processors() -> int:
    """Those that this process may use, where the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return min(MOST_THREADS, len(os.sched_getaffinity(0)))
    return min(MOST_THREADS, os.cpu_count() or 1)


@contextmanager
def _in_one_line(where: str) -> Iterator[None]:
    """What the runtime refuses, and memory or threads that are not there, as InputError."""
    try:
        yield
    except ValueError as error:
        raise InputError(str(error), where=where) from None
    except MemoryError:
        raise InputError(
            "there is not enough memory", where=where, remedy="use a smaller model or cache"
        ) from None
    except RuntimeError as error:
        raise InputError(
            f"the system gives no thread ({error})", where=where, remedy="give fewer threads"
        ) from None


def _floats(values: NDArray[Any], name: str) -> NDArray[np.float32]:
    floats = np.ascontiguousarray(values, np.float32)
    if not np.isfinite(floats).all():
        raise InputError(
            "holds values that are no numbers", where=name, remedy="use another checkpoint"
        )
    return floats
