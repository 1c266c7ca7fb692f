"""AdamW with 8-bit moments: against torchao, and against AdamW in full precision."""

from __future__ import annotations

import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from havoc.train.optimizers import AdamW8bit
from havoc.train.optimizers.quantisation import BLOCK, dequantise, dynamic_levels, quantise

SIGNED, UNSIGNED = torch.tensor(dynamic_levels(True)), torch.tensor(dynamic_levels(False))


def test_the_levels_are_those_of_torchao() -> None:
    quant_utils = pytest.importorskip("torchao.optim.quant_utils")
    for signed, ours in ((True, SIGNED), (False, UNSIGNED)):
        theirs = torch.tensor(quant_utils.create_dynamic_map(signed))
        assert len(ours) == 256
        torch.testing.assert_close(ours, theirs, atol=1e-8, rtol=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 1200), st.integers(0, 1000), st.floats(-12, 6), st.booleans())
def test_what_comes_back_is_the_nearest_level_of_its_block(
    count: int, seed: int, magnitude: float, signed: bool
) -> None:
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(count, generator=generator) * 10**magnitude
    values = values if signed else values.square()
    levels = SIGNED if signed else UNSIGNED
    codes, scales = quantise(values, signed=signed)
    assert codes.shape == values.shape and codes.dtype == torch.uint8
    assert scales.shape == ((count + BLOCK - 1) // BLOCK,)
    back = dequantise(codes, scales, signed=signed)
    for start in range(0, count, BLOCK):
        block, result = values[start : start + BLOCK], back[start : start + BLOCK]
        top = block.abs().max()
        distances = (block[:, None] - levels * top).abs()
        if not signed:
            # the level zero is for zero alone
            distances[block > 0, 0] = torch.inf
        nearest = distances.min(dim=1).values
        # at the border of two levels either may be taken
        assert ((block - result).abs() <= nearest + 2**-11 * block.abs() + 1e-7 * top).all()
        # the largest of a block is exact; of the negative ones there is no level -1
        if block.max() == top:
            torch.testing.assert_close(result.max(), top, rtol=1e-6, atol=0)


def test_a_positive_number_never_becomes_zero_where_it_divides() -> None:
    values = torch.tensor([1.0, 1e-9, 1e-30, 0.0])
    back = dequantise(*quantise(values, signed=False), signed=False)
    assert (back[:3] > 0).all() and back[3] == 0


def test_zeros_stay_zeros() -> None:
    for signed in (True, False):
        back = dequantise(*quantise(torch.zeros(300), signed=signed), signed=signed)
        assert torch.equal(back, torch.zeros(300))


def test_thirty_steps_equal_those_of_torchao() -> None:
    torchao = pytest.importorskip("torchao.optim")
    ours, theirs = (nn.Parameter(_drawn(0, (64, 128))) for _ in range(2))
    mine = AdamW8bit([ours], lr=1e-2, betas=(0.9, 0.95), weight_decay=0.1)
    reference = torchao.AdamW8bit([theirs], lr=1e-2, betas=(0.9, 0.95), weight_decay=0.1)
    with torch.compiler.set_stance("force_eager"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for step in range(30):
            ours.grad, theirs.grad = (_drawn(step + 1, (64, 128)) for _ in range(2))
            mine.step()
            reference.step()
    difference = (ours.detach() - theirs.detach()).abs()
    # they may round a number that lies on the border of two levels the other way
    assert difference.mean() < 3e-4 and difference.max() < 1e-2


def test_it_follows_adamw_in_full_precision() -> None:
    """Linear regression: the losses agree within 5 percent all the way down."""
    features, target = _drawn(1, (256, 64)), _drawn(2, (64, 96))
    losses: dict[str, list[float]] = {}
    for name in ("ours", "full"):
        weight = nn.Parameter(torch.zeros(64, 96))
        optimizer: torch.optim.Optimizer
        if name == "ours":
            optimizer = AdamW8bit([weight], lr=2e-2, weight_decay=0.0)
        else:
            optimizer = torch.optim.AdamW([weight], lr=2e-2, betas=(0.9, 0.95), weight_decay=0.0)
        losses[name] = []
        for _ in range(120):
            optimizer.zero_grad()
            loss = (features @ (weight - target)).square().mean()
            loss.backward()
            optimizer.step()
            losses[name].append(loss.item())
    for a, b in zip(losses["ours"], losses["full"], strict=True):
        assert a == pytest.approx(b, rel=0.05, abs=0.02 * losses["full"][0])
    assert losses["ours"][-1] < 0.05 * losses["ours"][0]


def test_two_bytes_of_state_a_parameter() -> None:
    for shape in ((512, 256), (16384, 256)):
        weight = nn.Parameter(torch.zeros(shape))
        state = AdamW8bit([weight]).state[weight]
        used = sum(t.numel() * t.element_size() for t in state.values() if isinstance(t, Tensor))
        assert used / weight.numel() <= 2.1


@pytest.mark.parametrize("shape", [(5, 1000), (4097,), (70, 333), (7, 9)])
def test_any_shape_and_chunk_gives_the_same(
    shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    results = []
    for chunk in (1 << 22, BLOCK):
        monkeypatch.setattr("havoc.train.optimizers.adamw_8bit.CHUNK", chunk)
        weight = nn.Parameter(_drawn(0, shape))
        optimizer = AdamW8bit([weight], lr=1e-2)
        for step in range(5):
            weight.grad = _drawn(step, shape)
            optimizer.step()
        results.append(weight.detach())
    assert torch.equal(*results)
    assert results[0].isfinite().all()


def test_small_parameters_keep_full_precision() -> None:
    ours, theirs = (nn.Parameter(_drawn(0, (300,))) for _ in range(2))
    mine = AdamW8bit([ours], lr=1e-2, weight_decay=0.1)
    reference = torch.optim.AdamW([theirs], lr=1e-2, betas=(0.9, 0.95), weight_decay=0.1)
    for step in range(10):
        ours.grad, theirs.grad = (_drawn(step, (300,)) for _ in range(2))
        mine.step()
        reference.step()
    torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-5)


def _drawn(seed: int, shape: tuple[int, ...]) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))
