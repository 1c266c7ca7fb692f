"""Tensors that FSDP shares out over processes, and plain ones alike."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from havoc.errors import InputError


def whole(tensor: Tensor) -> Tensor:
    """The tensor put together from all processes; a plain one as it is."""
    full = getattr(tensor, "full_tensor", None)
    result: Tensor = tensor if full is None else full()
    return result


def share(tensor: Tensor, like: Any) -> Tensor:
    """This process's part of a tensor that every process has, laid out as ``like``."""
    if not hasattr(like, "full_tensor"):
        return tensor.to(like.device)
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(
        tensor.to(like.device), like.device_mesh, like.placements, src_data_rank=None
    )


def refuse_sharded(parameter: Tensor, where: str, remedy: str) -> None:
    """Raises InputError for a weight that is shared out over processes."""
    if hasattr(parameter, "full_tensor"):
        raise InputError("cannot train weights that fsdp shares out", where=where, remedy=remedy)
