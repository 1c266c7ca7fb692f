"""The shape of a network: what a preset, a bundle and a training run agree on. No torch."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from havoc.configuration import meant, read_mapping, settings_of
from havoc.errors import InputError

ACTIVATIONS = ("silu", "gelu", "relu_squared")
FILE_NAME = "config.json"
_MOST = 1 << 24


@dataclass(frozen=True, slots=True)
class HavocConfig:
    """A decoder: pre-norm blocks of grouped-query attention and a gated MLP.

    ``d_model`` is the width of the residual stream, ``num_heads`` query heads share
    ``num_kv_heads`` key and value heads of ``head_dim``, ``d_ff`` is the width of the MLP.
    ``sliding_window`` limits attention to that many last positions (None: all).
    Raises InputError for a shape that no network can have.
    """

    vocab_size: int
    d_model: int
    num_layers: int
    num_heads: int
    num_kv_heads: int
    d_ff: int
    head_dim: int
    max_seq_len: int = 4096
    rope_theta: float = 10_000.0
    norm_eps: float = 1e-5
    init_std: float = 0.02
    activation: str = "silu"
    tie_embeddings: bool = True
    sliding_window: int | None = None

    def __post_init__(self) -> None:
        for name in (
            *("vocab_size", "d_model", "num_layers", "num_heads", "num_kv_heads"),
            *("d_ff", "head_dim", "max_seq_len"),
        ):
            value = getattr(self, name)
            if not 1 <= value <= _MOST:
                raise _impossible(name, f"is {value}", f"give a whole number from 1 to {_MOST}")
        if self.num_heads % self.num_kv_heads:
            raise _impossible(
                "num_kv_heads",
                f"{self.num_kv_heads} key and value heads do not divide {self.num_heads} heads",
                "give a divisor",
            )
        if self.head_dim % 2:
            raise _impossible(
                "head_dim", f"{self.head_dim} is odd", "rotary positions turn pairs: give even"
            )
        if self.activation not in ACTIVATIONS:
            raise _impossible(
                "activation", f"is {self.activation!r}", f"give one of {', '.join(ACTIVATIONS)}"
            )
        if self.sliding_window is not None and self.sliding_window < 1:
            raise _impossible("sliding_window", f"is {self.sliding_window}", "give 1 or more")
        for name in ("rope_theta", "norm_eps", "init_std"):
            value = getattr(self, name)
            if not 0 < value < float("inf"):
                raise _impossible(name, f"is {value}", "give a positive number")

    @property
    def qkv_rows(self) -> tuple[int, int, int]:
        """Rows of the query, key and value parts of the fused projection."""
        kv = self.num_kv_heads * self.head_dim
        return self.num_heads * self.head_dim, kv, kv

    def replace(self, **changes: Any) -> HavocConfig:
        """A copy with other values. Raises InputError as the constructor does."""
        return from_mapping({**dataclasses.asdict(self), **changes}, where="config")

    def to_json(self) -> bytes:
        """The content of ``config.json``."""
        body = {"model_type": "havoc", **dataclasses.asdict(self)}
        return msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n"


def from_mapping(values: dict[str, Any], *, where: str) -> HavocConfig:
    """A config from plain values. Unknown keys are refused, with the name that was meant."""
    values = {name: value for name, value in values.items() if name != "model_type"}
    return settings_of(HavocConfig, values, where=where)


def read_config(path: str | os.PathLike[str]) -> HavocConfig:
    """Read ``config.json`` (JSON or YAML), or the folder that holds it."""
    file = Path(path)
    if file.is_dir():
        file = file / FILE_NAME
    return from_mapping(read_mapping(file), where=str(file))


def preset_names() -> list[str]:
    """The presets that ship, from small to large."""
    from havoc.model.count import parameter_count

    names = [
        entry.name.removesuffix(".yaml")
        for entry in resources.files("havoc.model").joinpath("presets").iterdir()
        if entry.name.endswith(".yaml")
    ]
    return sorted(names, key=lambda name: parameter_count(preset(name)))


def preset(name: str, **changes: Any) -> HavocConfig:
    """The shape of a preset, with ``changes``. Raises InputError for a name that is not there."""
    file = resources.files("havoc.model").joinpath("presets", f"{Path(name).name}.yaml")
    if not file.is_file():
        names = preset_names()
        raise InputError(
            f"there is no preset {name!r}",
            where="preset",
            remedy=meant(name, names, f"the presets: {', '.join(names)}"),
        )
    with resources.as_file(file) as path:
        config = read_config(path)
    return config.replace(**changes) if changes else config


def _impossible(name: str, what: str, remedy: str) -> InputError:
    return InputError(what, where=name, remedy=remedy)
