"""Checkpoints that every process writes its part of, for networks that no process holds whole.

PyTorch's distributed checkpoint (DCP), in the form that consists of safetensors files whose
headers say which part of which tensor they hold. So nothing is pickled, and the parts load on
any number of processes, one included. Folder, ``state.json`` and checksums are those of
``checkpoint.py``.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch.distributed as dist
from torch import Tensor
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.hf_storage import (
    HuggingFaceStorageReader,
    HuggingFaceStorageWriter,
)
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import save

from havoc.bundle.folder import NewFolder, new_folder
from havoc.errors import InputError
from havoc.files import sync_file
from havoc.train.checkpoint import checkpoint_path, write_state

PATTERN = "shard-*.safetensors"


def save_sharded(
    folder: Path, step: int, tensors: Mapping[str, Tensor], plain: dict[str, Any]
) -> None:
    """Write a checkpoint, each process its shares. Called by every process.

    ``tensors`` are those that the process has, shared out or whole.
    Raises InputError where there is no space; nothing is left then.
    """
    first = dist.get_rank() == 0
    with ExitStack() as stack:
        new: NewFolder | None = None
        if first:
            new = stack.enter_context(new_folder(checkpoint_path(folder, step)))
        place = [str(new.path) if new else ""]
        dist.broadcast_object_list(place, src=0)
        save(
            dict(tensors),
            storage_writer=HuggingFaceStorageWriter(place[0], save_distributed=True),
        )
        if new is not None:
            files = sorted(new.path.glob(PATTERN))
            for file in files:
                sync_file(file)
            write_state(new, step, plain, [file.name for file in files])


def load_sharded(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Read the parts of a checkpoint into ``tensors``, which are laid out as the process has them.

    Raises InputError where the checkpoint is of another network or other settings.
    """
    single = not dist.is_initialized()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            load(dict(tensors), storage_reader=HuggingFaceStorageReader(str(path)), no_dist=single)
    except (CheckpointException, RuntimeError, ValueError, KeyError) as error:
        raise InputError(
            f"does not hold the state of this run ({type(error).__name__})",
            where=str(path),
            remedy="resume with the network and the settings that the run began with",
        ) from None
