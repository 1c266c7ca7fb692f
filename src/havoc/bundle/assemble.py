"""From the weights of another format to a bundle: what both imports do alike."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from havoc.bundle.layout import Part, parts
from havoc.bundle.tensors import TensorSource, widened
from havoc.errors import InputError
from havoc.model.config import HavocConfig


class Checkpoint(Protocol):
    """Tensors of another format, by their name there."""

    @property
    def where(self) -> str:
        """The name of the file or folder, for errors."""

    def shapes(self) -> Mapping[str, tuple[int, ...]]: ...

    def kind(self, name: str) -> str:
        """F32, F16 or BF16: what ``read`` gives."""

    def read(self, name: str) -> NDArray[Any]:
        """The values of a tensor; bfloat16 as its bits."""


Turn = Callable[[NDArray[Any], int], NDArray[Any]]
"""Puts the rows of queries or keys [heads · D, d] into our order."""


def assembled(
    config: HavocConfig,
    names: Mapping[str, tuple[str, ...]],
    checkpoint: Checkpoint,
    *,
    turn: Turn = lambda rows, heads: rows,
    ignored: Iterable[str] = (),
) -> dict[str, TensorSource]:
    """Our weights, each made of the tensors that ``names`` lists for it.

    The embedding and the head may have more rows than the vocabulary has ids: these are
    padding and are left out. Raises InputError unless the checkpoint holds exactly the
    tensors of such a network, apart from ``ignored``.
    """
    held = checkpoint.shapes()
    if config.num_layers > len(held):
        raise _unfit(checkpoint, f"holds {len(held)} tensors for {config.num_layers} layers")
    made: dict[str, TensorSource] = {}
    used = set(ignored)
    for ours, found in parts(config, names).items():
        for part in found:
            _check(checkpoint, part, held.get(part.name), padded=ours in _BY_TOKEN)
            used.add(part.name)
        kinds = {checkpoint.kind(part.name) for part in found}
        kind = kinds.pop() if len(kinds) == 1 else "F32"
        rows = sum(part.shape[0] for part in found)
        make = partial(_joined, checkpoint, found, kind, turn)
        made[ours] = TensorSource(kind, (rows, *found[0].shape[1:]), make)
    extra = sorted(held.keys() - used)
    if extra:
        raise _unfit(
            checkpoint,
            f"holds {extra[0]}, which a network of havoc has no place for"
            + (f" (and {len(extra) - 1} more)" if extra[1:] else ""),
        )
    return made


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


_BY_TOKEN = ("embedding.weight", "head.weight")


def _check(
    checkpoint: Checkpoint, part: Part, shape: tuple[int, ...] | None, *, padded: bool
) -> None:
    if shape is None:
        raise _unfit(checkpoint, f"holds no {part.name}")
    fits = shape == part.shape or (
        padded and len(shape) == 2 and shape[1:] == part.shape[1:] and shape[0] > part.shape[0]
    )
    if not fits:
        raise _unfit(checkpoint, f"{part.name} is {shape}, its shape should be {part.shape}")


def _joined(checkpoint: Checkpoint, found: list[Part], kind: str, turn: Turn) -> NDArray[Any]:
    arrays = []
    for part in found:
        array = checkpoint.read(part.name)[: part.shape[0]]
        if checkpoint.kind(part.name) != kind:
            bits = checkpoint.kind(part.name) == "BF16"
            array = widened(array) if bits else array.astype(np.float32)
        arrays.append(turn(array, part.heads) if part.heads else array)
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _unfit(checkpoint: Checkpoint, what: str) -> InputError:
    return InputError(
        what,
        where=checkpoint.where,
        remedy="havoc imports plain networks of the Llama family: take another file of the model",
    )
