"""APOLLO: against the algorithm of the paper written in numpy, and its promises."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from havoc.errors import InputError
from havoc.train.optimizers import Apollo
from havoc.train.optimizers.apollo import projection

Array = NDArray[np.float64]
CPU = torch.device("cpu")


def reference(
    weight: Array, gradients: list[Array], rank: int, scaling: str, refresh: int, growth: float
) -> Array:
    """Algorithm 1 for a wide matrix (channels are columns), moments corrected as AdamW's."""
    small, _ = weight.shape
    first = second = np.zeros(())
    before = None
    for step, g in enumerate(gradients):
        p = projection(rank, small, 0, "0", step // refresh, CPU).double().numpy()
        r = p @ g
        first = 0.9 * first + 0.1 * r
        second = 0.95 * second + 0.05 * r**2
        d = (first / (1 - 0.9 ** (step + 1))) / (np.sqrt(second / (1 - 0.95 ** (step + 1))) + 1e-8)
        if scaling == "channel":
            s = np.linalg.norm(d, axis=0) / np.linalg.norm(r, axis=0)
        else:
            s = np.linalg.norm(d) / np.linalg.norm(r)
        update = np.sqrt(small / rank) * s * g
        length = float(np.linalg.norm(update))
        if before is not None and length > growth * before:
            update = update * (growth * before / length)
            length = growth * before
        before = length
        weight = weight - 0.01 * 0.1 * weight - 0.01 * update
    return weight


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("rank", "scaling"), [(4, "channel"), (1, "tensor")])
@pytest.mark.parametrize("growth", [1.01, 1e9])
def test_it_is_the_algorithm_of_the_paper(
    rank: int, scaling: str, growth: float, turned: bool
) -> None:
    gradients = [_drawn(step + 1, (12, 20)) * (1 + step % 3) for step in range(12)]
    start = _drawn(0, (12, 20))
    weight = nn.Parameter(start.T.contiguous() if turned else start.clone())
    optimizer = Apollo(
        [weight], lr=0.01, weight_decay=0.1, rank=rank, scaling=scaling, refresh=5, growth=growth
    )
    for gradient in gradients:
        weight.grad = gradient.T.contiguous() if turned else gradient
        optimizer.step()
    expected = reference(
        start.double().numpy(),
        [gradient.double().numpy() for gradient in gradients],
        rank, scaling, 5, growth,
    )  # fmt: skip
    result = (weight.T if turned else weight).detach().double().numpy()
    np.testing.assert_allclose(result, expected, atol=2e-5)


@pytest.mark.parametrize(("rank", "scaling"), [(0, "channel"), (1, "tensor")])
def test_a_step_is_about_as_long_as_adamws(rank: int, scaling: str) -> None:
    """Theorem A.4: with α = √(n / r). Over many gradients, without the limiter."""
    lengths: dict[str, list[float]] = {"apollo": [], "adamw": []}
    for name, made in lengths.items():
        weight = nn.Parameter(torch.zeros(64, 256))
        optimizer: torch.optim.Optimizer
        if name == "apollo":
            optimizer = Apollo(
                [weight], 1.0, weight_decay=0.0, rank=rank, scaling=scaling, growth=1e9
            )
        else:
            optimizer = torch.optim.AdamW([weight], 1.0, betas=(0.9, 0.95), weight_decay=0.0)
        for step in range(40):
            before = weight.detach().clone()
            # gradients that agree with each other in part, of a size that AdamW takes out
            weight.grad = 1e-3 * (_drawn(0, (64, 256)) + _drawn(step + 1, (64, 256)))
            optimizer.step()
            made.append((weight.detach() - before).norm().item())
    ratio = np.mean(lengths["apollo"][10:]) / np.mean(lengths["adamw"][10:])
    assert 0.8 < ratio < 1.25


@pytest.mark.parametrize(
    ("rank", "shape", "numbers"),
    [
        (0, (256, 768), 2 * 64 * 768 + 1),
        (0, (768, 256), 2 * 64 * 768 + 1),
        (1, (256, 768), 2 * 768 + 1),
        (1000, (8, 16), 2 * 8 * 16 + 1),
    ],
)
def test_bytes_of_state(rank: int, shape: tuple[int, int], numbers: int) -> None:
    """2 r max(m, n) + 1 numbers, whatever the number of steps: no projection is kept."""
    weight = nn.Parameter(torch.zeros(shape))
    optimizer = Apollo([weight], rank=rank)
    for _ in range(2):
        state = optimizer.state[weight]
        used = sum(t.numel() * t.element_size() for t in state.values() if isinstance(t, Tensor))
        assert used == 4 * numbers
        weight.grad = _drawn(0, shape)
        optimizer.step()


def test_no_step_grows_faster_than_allowed() -> None:
    weight = nn.Parameter(torch.zeros(8, 16))
    optimizer = Apollo([weight], lr=1.0, weight_decay=0.0, rank=2, growth=1.01)
    last = None
    for step in range(30):
        before = weight.detach().clone()
        weight.grad = _drawn(step, (8, 16)) * (100.0 if step == 15 else 1.0)
        optimizer.step()
        length = (weight.detach() - before).norm().item()
        assert last is None or length <= last * 1.01 * (1 + 1e-5)
        last = length


def test_the_projection_depends_on_seed_name_and_turn_alone() -> None:
    drawn = projection(4, 100, 0, "a", 0, CPU)
    assert torch.equal(drawn, projection(4, 100, 0, "a", 0, CPU))
    for other in ((1, "a", 0), (0, "b", 0), (0, "a", 1)):
        assert not torch.equal(drawn, projection(4, 100, *other, CPU))
    gram = projection(400, 300, 0, "a", 0, CPU)
    assert gram.square().mean().item() == pytest.approx(1 / 400, rel=0.02)


def test_a_zero_gradient_moves_nothing() -> None:
    weight = nn.Parameter(_drawn(0, (6, 9)))
    before = weight.detach().clone()
    optimizer = Apollo([weight], lr=0.1, weight_decay=0.0)
    weight.grad = torch.zeros(6, 9)
    optimizer.step()
    assert torch.equal(weight, before)
    weight.grad = _drawn(1, (6, 9))
    optimizer.step()
    assert not torch.equal(weight, before) and weight.isfinite().all()


@pytest.mark.parametrize(
    ("shape", "settings"),
    [
        ((4,), {}),
        ((4, 4), {"rank": -1}),
        ((4, 4), {"refresh": 0}),
        ((4, 4), {"growth": 1.0}),
        ((4, 4), {"scaling": "row"}),
    ],
)
def test_what_it_cannot_train_is_refused(
    shape: tuple[int, ...], settings: dict[str, object]
) -> None:
    with pytest.raises(InputError, match="apollo"):
        Apollo([nn.Parameter(torch.zeros(shape))], **settings)  # type: ignore[arg-type]


def _drawn(seed: int, shape: tuple[int, ...]) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))
