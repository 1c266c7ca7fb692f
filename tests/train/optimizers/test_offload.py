"""The optimiser in main memory makes the steps of the ordinary one."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from havoc.train.optimizers import NamedOptimizer, OptimizerSettings, build_optimizer
from havoc.train.optimizers.muon import matrix_rows
from havoc.train.optimizers.offload import OffloadedOptimizer


def network(dtype: torch.dtype = torch.float32) -> nn.Module:
    torch.manual_seed(0)
    model = nn.ModuleDict(
        {"embedding": nn.Embedding(32, 80), "up": nn.Linear(80, 64), "norm": nn.LayerNorm(64)}
    ).to(dtype)
    model["up"].weight.matrix_rows = (48, 16)  # type: ignore[union-attr]
    return model


def steps(model: nn.Module, optimizer: NamedOptimizer, numbers: range, rate: float = 1e-2) -> None:
    for step in numbers:
        generator = torch.Generator().manual_seed(step)
        for parameter in model.parameters():
            drawn = torch.randn(parameter.shape, generator=generator)
            parameter.grad = drawn.to(parameter.dtype)
        for group in optimizer.param_groups:
            group["lr"] = rate * group["lr_scale"]
        optimizer.step()
        optimizer.zero_grad()


@pytest.mark.parametrize("name", ["adamw", "muon", "adamw8bit", "apollo"])
def test_it_equals_the_ordinary_step_bit_for_bit(name: str) -> None:
    results = []
    for offload in (False, True):
        model = network()
        steps(model, build_optimizer(model, OptimizerSettings(name, offload=offload)), range(6))
        results.append([parameter.detach() for parameter in model.parameters()])
    for a, b in zip(*results, strict=True):
        assert torch.equal(a, b)


def test_fused_weights_are_split_as_their_model_says() -> None:
    optimizer = build_optimizer(network(), OptimizerSettings("muon", offload=True))
    [up] = [
        parameter
        for group in optimizer.param_groups
        for name, parameter in zip(group["param_names"], group["params"], strict=True)
        if name == "up.weight"
    ]
    assert matrix_rows(up) == [48, 16]


def test_small_steps_are_not_rounded_away_in_half_precision() -> None:
    """One step of 1e-5 is below the precision of bfloat16, a thousand are not."""
    moved = {}
    for offload in (False, True):
        weight = nn.ParameterDict({"a": nn.Parameter(torch.ones(8, dtype=torch.bfloat16))})
        optimizer = build_optimizer(weight, OptimizerSettings(offload=offload))
        for _ in range(1000):
            weight["a"].grad = torch.ones(8, dtype=torch.bfloat16)
            for group in optimizer.param_groups:
                group["lr"] = 1e-5
            optimizer.step()
        moved[offload] = 1 - weight["a"].detach().float().mean().item()
    assert moved[False] == 0
    assert moved[True] == pytest.approx(0.01, rel=0.2)


def test_weights_set_from_outside_are_taken_over() -> None:
    model, other = network(), network()
    optimizer = build_optimizer(model, OptimizerSettings(offload=True))
    reference = build_optimizer(other, OptimizerSettings())
    for network_, optimizer_ in ((model, optimizer), (other, reference)):
        steps(network_, optimizer_, range(2))
        with torch.no_grad():
            for parameter in network_.parameters():
                parameter.fill_(0.25)
        steps(network_, optimizer_, range(2, 4))
    for a, b in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_swap_and_back_loses_no_digits() -> None:
    """As the average of the weights does for a validation."""
    results = []
    for swap in (False, True):
        model = network(torch.bfloat16)
        optimizer = build_optimizer(model, OptimizerSettings(offload=True))
        for step in range(20):
            steps(model, optimizer, range(step, step + 1), rate=1e-4)
            if swap:
                with torch.no_grad():
                    for parameter in model.parameters():
                        own = parameter.detach().clone()
                        parameter.zero_()
                        parameter.copy_(own)
        results.append(_masters(optimizer))
    for a, b in zip(*results, strict=True):
        assert torch.equal(a, b)


def test_gradients_are_forgotten_on_the_device() -> None:
    model = network()
    optimizer = build_optimizer(model, OptimizerSettings(offload=True))
    assert isinstance(optimizer, OffloadedOptimizer)
    steps(model, optimizer, range(1))
    assert all(parameter.grad is None for parameter in model.parameters())
    model["norm"].weight.grad = torch.ones(64)  # type: ignore[index]
    optimizer.zero_grad(set_to_none=False)
    assert torch.equal(model["norm"].weight.grad, torch.zeros(64))  # type: ignore[index]


def test_a_parameter_without_a_gradient_stays_though_it_had_one() -> None:
    model = network()
    optimizer = build_optimizer(model, OptimizerSettings(offload=True))
    steps(model, optimizer, range(1))
    before = [parameter.detach().clone() for parameter in model.parameters()]
    optimizer.step()
    for parameter, value in zip(model.parameters(), before, strict=True):
        assert torch.equal(parameter, value)


def _masters(optimizer: NamedOptimizer) -> list[Tensor]:
    return [state["master"].clone() for state in optimizer.state.values()]
