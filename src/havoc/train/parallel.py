"""One process or many: the same loop, started by torchrun.

``ddp`` keeps a whole network in every process and averages gradients; ``fsdp`` (FSDP2) shares
weights, gradients and optimiser states out. Zhao et al. (2023), arXiv 2304.11277.
"""

from __future__ import annotations

import gc
import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

from havoc.errors import InputError
from havoc.model.network import HavocModel


def check_processes(kind: str) -> None:
    """InputError where ``kind`` and how the process was started disagree."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if kind == "none" and world > 1:
        raise InputError(
            f"torchrun started {world} processes, but nothing is shared between them",
            where="parallel",
            remedy="give --parallel ddp or --parallel fsdp",
        )
    if kind != "none" and "RANK" not in os.environ:
        raise InputError(
            f"{kind} needs processes that torchrun starts",
            where="parallel",
            remedy="torchrun --nproc-per-node N -m havoc train …",
        )


@dataclass(slots=True)
class Parallel:
    """How the processes of a run share the work; ``single`` for one process."""

    kind: str
    rank: int
    size: int
    device: torch.device
    _mesh: Any = None

    @classmethod
    def single(cls, device: torch.device) -> Parallel:
        return cls("none", 0, 1, device)

    @classmethod
    def start(cls, kind: str, device: str) -> Parallel:
        """Join the processes that torchrun started. InputError where kind and start disagree."""
        check_processes(kind)
        if kind == "none":
            return cls.single(torch.device(device))
        place = torch.device(device)
        if place.type == "cuda":
            place = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
            torch.cuda.set_device(place)
        _join(place.type)
        return cls(kind, dist.get_rank(), dist.get_world_size(), place)

    @property
    def first(self) -> bool:
        return self.rank == 0

    @property
    def sharded(self) -> bool:
        return self.kind == "fsdp"

    def wrap(self, model: HavocModel) -> Any:
        """The network as the loop calls it."""
        if self.kind == "ddp":
            return nn.parallel.DistributedDataParallel(
                model, device_ids=[self.device] if self.device.type == "cuda" else None
            )
        if self.kind == "fsdp":
            from torch.distributed.device_mesh import init_device_mesh
            from torch.distributed.fsdp import fully_shard

            mesh = self._mesh = init_device_mesh(self.device.type, (self.size,))
            rows = {
                name: p.matrix_rows
                for name, p in model.named_parameters()
                if hasattr(p, "matrix_rows")
            }
            for block in model.layers:
                fully_shard(block, mesh=mesh)
            fully_shard(model, mesh=mesh)
            for name, parameter in model.named_parameters():
                if name in rows:
                    parameter.matrix_rows = rows[name]  # type: ignore[attr-defined]
        return model

    @contextmanager
    def sync(self, model: Any, *, last: bool) -> Iterator[None]:
        """Exchange gradients in the last forward pass of a step only."""
        if self.kind == "ddp" and not last:
            with model.no_sync():
                yield
            return
        if self.kind == "fsdp":
            model.set_requires_gradient_sync(last)
        yield

    def forget_gathered(self, model: Any) -> None:
        """Free whole weights that a forward pass without a backward pass has left gathered.

        Otherwise the next forward pass would use them, though the shares have changed since.
        """
        if self.kind == "fsdp":
            model.reshard()

    def sum(self, value: float) -> float:
        """The sum of a number over the processes."""
        if self.size == 1:
            return value
        total = torch.tensor(value, dtype=torch.float64, device=self.device)
        dist.all_reduce(total)
        return float(total)

    def agree(self, wish: bool) -> bool:
        """Whether any process wishes to stop: all do, or none."""
        return self.sum(float(wish)) > 0

    def wait(self) -> None:
        """Wait for the other processes."""
        if self.size > 1:
            dist.barrier()

    def finish(self) -> None:
        """Leave the group of processes, when no network that it was wrapped for is left.

        gloo's threads end here, or they would take the process down: a thread that drops the
        tensor it last summed asks for the interpreter, which must not be ending by then, nor
        locked by whoever waits for the thread. The group itself waits unlocked; the reducer of
        DistributedDataParallel would not, so it must not be the last to hold the group.
        """
        if self.kind == "none":
            return
        if self._mesh is not None:
            # remembered for ever in caches of how operations were shared out, with the group
            getattr(self._mesh, "_pg_registry", {}).clear()
        gc.collect()
        dist.destroy_process_group()


@contextmanager
def first_process_first(device: str) -> Iterator[None]:
    """Of the processes of torchrun, the first one runs the block, then the others."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield
        return
    _join(torch.device(device).type)
    first = dist.get_rank() == 0
    if not first:
        dist.barrier()
    yield
    if first:
        dist.barrier()


def _join(device_type: str) -> None:
    if not dist.is_initialized():
        # these modules would hold the group for ever, in default arguments, if they came later
        for name in ("fsdp", "nn"):
            importlib.import_module(f"torch.distributed.{name}")
        # the others wait while the first one prepares data, which may take hours
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if device_type == "cuda" else "gloo", timeout=timedelta(hours=12)
        )
