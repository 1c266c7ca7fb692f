"""Weights that FSDP2 holds as distributed tensors, here over a single process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

from havoc.errors import InputError
from havoc.train.ema import WeightAverage
from havoc.train.optimizers import (
    OptimizerSettings,
    build_optimizer,
    load_optimizer_tensors,
    optimizer_tensors,
)
from havoc.train.optimizers.sharded import share, whole


@pytest.fixture
def mesh() -> Iterator[dist.DeviceMesh]:
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield init_device_mesh("cpu", (1,))
    dist.destroy_process_group()


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(16, 24), nn.Linear(24, 8, bias=False))


Tensors = dict[str, torch.Tensor]


def train(model: nn.Module, settings: OptimizerSettings) -> tuple[Tensors, Tensors, Tensors]:
    """Weights, their average, and the state of the optimiser after three steps, whole."""
    for parameter in model.parameters():
        if tuple(parameter.shape) == (24, 16):
            parameter.matrix_rows = (16, 8)  # type: ignore[attr-defined]
    optimizer = build_optimizer(model, settings)
    average = WeightAverage(model, 0.5)
    for step in range(3):
        x = torch.randn(4, 16, generator=torch.Generator().manual_seed(step))
        model(x).square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()
        average.update(model)
    average.load(average.state())
    weights = {name: whole(p.detach()) for name, p in model.named_parameters()}
    state = {name: whole(tensor) for name, tensor in optimizer_tensors(optimizer)[0].items()}
    return weights, average.state(), state


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("name", ["adamw", "muon", "apollo"])
def test_sharded_weights_take_the_same_steps(name: str, fused: bool, mesh: dist.DeviceMesh) -> None:
    sharded = network()
    fully_shard(sharded, mesh=mesh)
    assert all(isinstance(parameter, DTensor) for parameter in sharded.parameters())
    expected = train(network(), OptimizerSettings(name))
    result = train(sharded, OptimizerSettings(name, fused_backward=fused))
    for ours, theirs in zip(result, expected, strict=True):
        assert ours.keys() == theirs.keys()
        for key, tensor in ours.items():
            torch.testing.assert_close(tensor, theirs[key])


def test_a_whole_state_is_shared_out_when_it_is_loaded(mesh: dist.DeviceMesh) -> None:
    sharded = network()
    fully_shard(sharded, mesh=mesh)
    optimizer = build_optimizer(sharded, OptimizerSettings("muon"))
    tensors, plain = optimizer_tensors(optimizer)
    drawn = {key: torch.randn(tensor.shape) for key, tensor in tensors.items()}
    load_optimizer_tensors(optimizer, drawn, plain)
    for key, tensor in optimizer_tensors(optimizer)[0].items():
        assert isinstance(tensor, DTensor) == isinstance(tensors[key], DTensor)
        assert torch.equal(whole(tensor), drawn[key])
    assert any(isinstance(tensor, DTensor) for tensor in tensors.values())


@pytest.mark.parametrize(
    "settings", [OptimizerSettings("adamw8bit"), OptimizerSettings(offload=True)]
)
def test_what_cannot_be_sharded_is_refused(
    settings: OptimizerSettings, mesh: dist.DeviceMesh
) -> None:
    sharded = network()
    fully_shard(sharded, mesh=mesh)
    with pytest.raises(InputError, match="fsdp"):
        build_optimizer(sharded, settings)


def test_a_share_is_laid_out_as_its_model(mesh: dist.DeviceMesh) -> None:
    sharded = network()
    fully_shard(sharded, mesh=mesh)
    like = next(iter(sharded.parameters()))
    part = share(torch.ones(24, 16), like)
    assert isinstance(part, DTensor) and part.placements == like.placements
    assert torch.equal(whole(part), torch.ones(24, 16))
