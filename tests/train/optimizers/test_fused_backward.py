"""The step inside the backward pass equals the ordinary one, and frees the gradients."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from havoc.errors import InputError
from havoc.train.optimizers import OptimizerSettings, build_optimizer
from havoc.train.optimizers.fused_backward import FusedBackward
from havoc.train.optimizers.state import NamedOptimizer


class Small(nn.Module):
    """Two matrices, a vector, and an embedding that is the output head as well."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(64, 80)
        self.up = nn.Linear(80, 96)
        self.down = nn.Linear(96, 80, bias=False)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embedding(tokens)
        x = x + self.down(torch.tanh(self.up(x)))
        return x @ self.embedding.weight.T


def run(model: Small, optimizer: NamedOptimizer, steps: int) -> None:
    for step in range(steps):
        tokens = torch.randint(0, 64, (4, 9), generator=torch.Generator().manual_seed(step))
        logits = model(tokens[:, :-1])
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
        for group in optimizer.param_groups:
            group["lr"] = 1e-2 / (step + 1) * group["lr_scale"]
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()


def built(name: str, **settings: object) -> tuple[Small, NamedOptimizer]:
    torch.manual_seed(0)
    model = Small()
    return model, build_optimizer(model, OptimizerSettings(name, **settings))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["adamw", "adamw8bit", "apollo", "muon"])
def test_it_equals_the_ordinary_step_bit_for_bit(name: str) -> None:
    ordinary, fused = built(name), built(name, fused_backward=True)
    for model, optimizer in (ordinary, fused):
        run(model, optimizer, 6)
    for (key, a), b in zip(ordinary[0].named_parameters(), fused[0].parameters(), strict=True):
        assert torch.equal(a, b), key


def test_no_gradient_is_left_and_at_most_one_was_there() -> None:
    model, optimizer = built("adamw", fused_backward=True)
    most = 0

    def count(*_: object) -> None:
        nonlocal most
        most = max(most, sum(p.grad is not None for p in model.parameters()))

    for module in (model.up, model.down):
        module.register_full_backward_hook(count)
    run(model, optimizer, 2)
    assert most <= 1
    assert all(parameter.grad is None for parameter in model.parameters())


def test_each_parameter_is_clipped_for_itself() -> None:
    limit = 1e-3
    model, optimizer = built("adamw", fused_backward=True, clip_each_parameter=limit)
    expected = copy.deepcopy(model)
    for parameter in expected.parameters():
        parameter._post_accumulate_grad_hooks = None
    reference = build_optimizer(expected, OptimizerSettings("adamw"))
    run(model, optimizer, 1)
    tokens = torch.randint(0, 64, (4, 9), generator=torch.Generator().manual_seed(0))
    logits = expected(tokens[:, :-1])
    nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten()).backward()
    for parameter in expected.parameters():
        assert parameter.grad is not None
        norm = parameter.grad.norm()
        parameter.grad *= (limit / (norm + 1e-6)).clamp(max=1.0)
    for group in reference.param_groups:
        group["lr"] = 1e-2 * group["lr_scale"]
    reference.step()
    for a, b in zip(model.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_removed_it_leaves_gradients_alone() -> None:
    model, optimizer = built("adamw", fused_backward=True)
    assert isinstance(optimizer, FusedBackward)
    optimizer.remove()
    before = model.up.weight.detach().clone()
    model(torch.zeros(1, 2, dtype=torch.long)).sum().backward()
    assert model.up.weight.grad is not None
    assert torch.equal(model.up.weight, before)


def test_ddp_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    with pytest.raises(InputError, match=r"^fused_backward: .*ddp"):
        built("adamw", fused_backward=True)
