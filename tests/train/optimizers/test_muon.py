"""Muon: against torch.optim.Muon, and what orthogonalising promises."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from havoc.errors import InputError
from havoc.train.optimizers.muon import Muon
from havoc.train.optimizers.newton_schulz import orthogonalise

SHAPES = [(16, 16), (16, 16), (8, 24), (24, 8), (16, 40), (40, 16)]


def weights(shapes: list[tuple[int, int]], seed: int = 0) -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(seed)
    return [nn.Parameter(torch.randn(shape, generator=generator)) for shape in shapes]


def gradients(parameters: list[nn.Parameter], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for parameter in parameters:
        parameter.grad = torch.randn(parameter.shape, generator=generator)


@pytest.mark.parametrize("scaling", ["match_rms_adamw", "original"])
@pytest.mark.parametrize("nesterov", [True, False])
def test_ten_steps_equal_those_of_torch(scaling: str, nesterov: bool) -> None:
    """torch multiplies in bfloat16 everywhere; so do we here."""
    ours, theirs = weights(SHAPES), weights(SHAPES)
    common = {"lr": 0.02, "weight_decay": 0.1, "momentum": 0.9, "nesterov": nesterov}
    mine = Muon(ours, **common, scaling=scaling, dtype=torch.bfloat16)  # type: ignore[arg-type]
    reference = torch.optim.Muon(theirs, **common, adjust_lr_fn=scaling)  # type: ignore[arg-type]
    start = [parameter.detach().clone() for parameter in ours]
    for step in range(10):
        gradients(ours, step)
        gradients(theirs, step)
        mine.step()
        reference.step()
    for a, b, first in zip(ours, theirs, start, strict=True):
        moved = (b.detach() - first).norm()
        assert (a.detach() - b.detach()).norm() < 0.01 * moved
        torch.testing.assert_close(
            mine.state[a]["momentum_buffer"], reference.state[b]["momentum_buffer"]
        )


def test_float32_is_the_same_direction_as_bfloat16() -> None:
    matrix = torch.randn(3, 32, 64, generator=torch.Generator().manual_seed(1))
    full, half = orthogonalise(matrix), orthogonalise(matrix, dtype=torch.bfloat16).float()
    assert full.dtype == torch.float32
    assert float(nn.functional.cosine_similarity(full.flatten(), half.flatten(), 0)) > 0.999


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3), st.integers(2, 40), st.integers(2, 40), st.integers(0, 1000))
def test_singular_values_come_close_to_one_and_vectors_stay(
    count: int, rows: int, columns: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    short = min(rows, columns)
    left = torch.linalg.qr(torch.randn(count, rows, short, generator=generator))[0]
    right = torch.linalg.qr(torch.randn(count, columns, short, generator=generator))[0]
    values = 0.05 + torch.rand(count, short, generator=generator)
    matrices = left @ torch.diag_embed(values) @ right.mT
    result = orthogonalise(7.0 * matrices)
    assert result.shape == matrices.shape
    middle = left.mT @ result @ right
    singular = torch.diagonal(middle, dim1=1, dim2=2)
    assert singular.min() > 0.5 and singular.max() < 1.5
    torch.testing.assert_close(middle, torch.diag_embed(singular), atol=2e-3, rtol=0)
    torch.testing.assert_close(result, left @ middle @ right.mT, atol=2e-3, rtol=0)


@pytest.mark.parametrize("rank", [1, 3, 16])
def test_the_iteration_on_the_square_matrix_gives_the_same(
    rank: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = torch.Generator().manual_seed(rank)
    left = torch.randn(2, 16, rank, generator=generator)
    matrices = left @ torch.randn(2, rank, 64, generator=generator)
    short = orthogonalise(matrices)
    monkeypatch.setattr("havoc.train.optimizers.newton_schulz.LONG", 1e9)
    long = orthogonalise(matrices)
    assert not torch.equal(short, long)
    torch.testing.assert_close(short, long, atol=2e-5, rtol=0)


def test_a_zero_gradient_gives_no_update_and_no_nan() -> None:
    assert torch.equal(orthogonalise(torch.zeros(2, 4, 6)), torch.zeros(2, 4, 6))


@pytest.mark.parametrize("scaling", ["match_rms_adamw", "original"])
def test_a_fused_weight_equals_its_matrices_trained_separately(scaling: str) -> None:
    rows = (16, 8, 8)
    separate = weights([(count, 24) for count in rows])
    fused = nn.Parameter(torch.cat([parameter.detach() for parameter in separate]))
    fused.matrix_rows = rows  # type: ignore[attr-defined]
    whole = nn.Parameter(fused.detach().clone())
    optimizers = [Muon(each, lr=0.01, scaling=scaling) for each in (separate, [fused], [whole])]
    for step in range(3):
        gradients(separate, step)
        joined = torch.cat([_gradient(parameter) for parameter in separate])
        fused.grad, whole.grad = joined, joined.clone()
        for optimizer in optimizers:
            optimizer.step()
    joined = torch.cat([parameter.detach() for parameter in separate])
    torch.testing.assert_close(fused.detach(), joined, atol=1e-6, rtol=1e-5)
    assert float((whole.detach() - joined).abs().max()) > 1e-3


def test_a_matrix_does_not_depend_on_those_it_is_batched_with() -> None:
    together, alone = weights(SHAPES), weights(SHAPES)[:1]
    for parameters in (together, alone):
        optimizer = Muon(parameters, lr=0.01)
        gradients(parameters, 1)
        optimizer.step()
    torch.testing.assert_close(together[0], alone[0], atol=1e-6, rtol=1e-5)


def test_large_matrices_are_not_batched_and_come_out_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    results = []
    for limit in (1 << 24, 1):
        monkeypatch.setattr("havoc.train.optimizers.muon.BATCH_ELEMENTS", limit)
        parameters = weights(SHAPES)
        optimizer = Muon(parameters, lr=0.01)
        gradients(parameters, 1)
        optimizer.step()
        results.append(parameters)
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-5)


def test_parameters_without_a_gradient_stay() -> None:
    parameters = weights([(4, 4), (4, 4)])
    before = parameters[1].detach().clone()
    optimizer = Muon(parameters, lr=0.1)
    parameters[0].grad = torch.ones(4, 4)
    optimizer.step()
    assert torch.equal(parameters[1], before)


@pytest.mark.parametrize(
    ("parameter", "rows", "settings"),
    [
        (torch.zeros(4), None, {}),
        (torch.zeros(4, 3, 2), None, {}),
        (torch.zeros(4, 3), (2, 3), {}),
        (torch.zeros(4, 3), (4, 0), {}),
        (torch.zeros(4, 3), None, {"scaling": "keller"}),
        (torch.zeros(4, 3), None, {"momentum": 1.0}),
        (torch.zeros(4, 3), None, {"steps": 0}),
    ],
)
def test_what_it_cannot_train_is_refused(
    parameter: Tensor, rows: tuple[int, ...] | None, settings: dict[str, object]
) -> None:
    weight = nn.Parameter(parameter)
    if rows is not None:
        weight.matrix_rows = rows  # type: ignore[attr-defined]
    with pytest.raises(InputError, match="; "):
        Muon([weight], **settings)  # type: ignore[arg-type]


def _gradient(parameter: nn.Parameter) -> Tensor:
    assert parameter.grad is not None
    return parameter.grad
