"""The global norm of gradients."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from havoc.train.optimizers import clip_gradients


def parameters() -> list[nn.Parameter]:
    made = [
        nn.Parameter(torch.zeros(3)),
        nn.Parameter(torch.zeros(2, 2)),
        nn.Parameter(torch.ones(1)),
    ]
    made[0].grad, made[1].grad = torch.full((3,), 2.0), torch.full((2, 2), 1.0)
    return made


@pytest.mark.parametrize("limit", [0.5, 4.0, 100.0])
def test_it_is_that_of_torch(limit: float) -> None:
    ours, theirs = parameters(), parameters()
    norm = clip_gradients(ours, limit)
    expected = torch.nn.utils.clip_grad_norm_(theirs, limit)
    assert isinstance(norm, torch.Tensor) and norm.item() == pytest.approx(4.0)
    torch.testing.assert_close(norm, expected)
    for a, b in zip(ours[:2], theirs[:2], strict=True):
        torch.testing.assert_close(a.grad, b.grad)


def test_limit_zero_measures_only() -> None:
    made = parameters()
    assert clip_gradients(made, 0.0).item() == pytest.approx(math.sqrt(16))
    assert made[0].grad is not None and made[0].grad[0] == 2.0
