"""Checkpoints: everything a run needs to go on as if nothing had happened.

One folder a step: ``model.safetensors``, ``optimizer.safetensors``, ``ema.safetensors`` where
there is one, ``state.json`` (step, position in the data, plain optimiser state, scaler, the
digest of the data) and ``checksums.json``, written last. A folder appears under its name only
when all of it is on the disk. Nothing is unpickled.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from safetensors.torch import load_file, save_file
from torch import Tensor

from havoc.bundle.folder import NewFolder, new_folder, remove_folder, remove_leftovers
from havoc.bundle.tensors import open_tensors
from havoc.errors import InputError
from havoc.files import sync_file

VERSION = 1
_NAME = re.compile(r"^step-(\d{8})$")
STATE, SUMS = "state.json", "checksums.json"


@dataclass(slots=True)
class Checkpoint:
    """The state of a run after ``step`` optimiser steps.

    ``tensors`` maps a part (``model``, ``optimizer``, ``ema``) to its tensors by name;
    ``plain`` holds what is no tensor. ``shards`` is the folder that holds the tensors instead,
    where every process has written its part.
    """

    step: int
    tensors: dict[str, dict[str, Tensor]]
    plain: dict[str, Any] = field(default_factory=dict)
    shards: Path | None = None


def checkpoint_path(folder: Path, step: int) -> Path:
    """Where the checkpoint of a step lies."""
    return folder / f"step-{step:08d}"


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint as a whole. InputError where there is no space; nothing is left then."""
    target = checkpoint_path(folder, checkpoint.step)
    with new_folder(target) as new:
        names = []
        for part, tensors in checkpoint.tensors.items():
            names.append(f"{part}.safetensors")
            _save_tensors(new.path / names[-1], tensors)
        write_state(new, checkpoint.step, checkpoint.plain, names)
    return target


def write_state(new: NewFolder, step: int, plain: dict[str, Any], names: list[str]) -> None:
    """Write ``state.json``, and the checksums of it and of the tensor files ``names``."""
    new.write(STATE, msgspec.json.encode({"version": VERSION, "step": step, **plain}))
    sums = {name: file_digest(new.path / name) for name in [*names, STATE]}
    new.write(SUMS, msgspec.json.encode(sums))


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint and check it against its checksums, before anything is computed.

    Raises InputError naming the damaged file.
    """
    sums = _read_json(path / SUMS)
    for name, digest in sums.items():
        if Path(name).name != name:
            raise _damaged(path / SUMS)
        if not (path / name).is_file() or file_digest(path / name) != digest:
            raise _damaged(path / name)
    plain = _read_json(path / STATE)
    if plain.pop("version", None) != VERSION or STATE not in sums:
        raise InputError(
            "is of another version of havoc", where=str(path), remedy="use the version it is from"
        )
    tensors = {}
    shards = [path / name for name in sums if name.startswith("shard-")]
    for name in sums:
        if name.endswith(".safetensors") and not shards:
            open_tensors(path / name)
            tensors[name.removesuffix(".safetensors")] = load_file(path / name)
    return Checkpoint(int(plain.pop("step")), tensors, plain, path if shards else None)


def checkpoints(folder: Path) -> list[Path]:
    """The complete checkpoints of a run, oldest first."""
    return sorted(entry for entry in folder.glob("step-*") if _NAME.match(entry.name))


def latest_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint, if there is one. What a killed process left half-written goes."""
    remove_leftovers(folder)
    found = checkpoints(folder)
    return found[-1] if found else None


def prune(folder: Path, keep_last: int, best: int | None) -> None:
    """Remove all but the last checkpoints and the one of the best step."""
    for entry in checkpoints(folder)[:-keep_last]:
        if best is None or entry != checkpoint_path(folder, best):
            remove_folder(entry)


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    kept = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    try:
        save_file(kept, path)
    except OSError:
        raise
    except Exception as error:  # safetensors reports a full disk as an error of its own
        raise OSError(28, str(error)) from None
    sync_file(path)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError, RecursionError):
        raise _damaged(path) from None


def _damaged(path: Path) -> InputError:
    earlier = [entry.name for entry in checkpoints(path.parent.parent) if entry < path.parent]
    remedy = (
        f"remove {path.parent.name} to go on from {earlier[-1]}"
        if earlier
        else "there is no other checkpoint: start the run again"
    )
    return InputError("is missing, truncated or altered", where=str(path), remedy=remedy)
