"""The average of the weights."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load, save
from torch import nn

from havoc.errors import InputError
from havoc.train.ema import WeightAverage


def moved(model: nn.Module, step: int) -> None:
    generator = torch.Generator().manual_seed(step)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))


def test_it_is_the_average_of_torch() -> None:
    """torch.optim.swa_utils.AveragedModel with the same decay in every update."""
    model = nn.Linear(5, 3)
    average = WeightAverage(model, 0.9)
    decays = iter([min(0.9, (1 + n) / (10 + n)) for n in range(200)])
    reference = torch.optim.swa_utils.AveragedModel(
        model, avg_fn=lambda mean, now, _: torch.lerp(now, mean, next_decay[0])
    )
    reference.n_averaged += 1
    next_decay = [0.0]
    for step in range(120):
        moved(model, step)
        next_decay[0] = next(decays)
        average.update(model)
        reference.update_parameters(model)
    for name, parameter in reference.module.named_parameters():
        torch.testing.assert_close(average.averaged()[name], parameter.detach())


def test_the_warm_up_forgets_the_first_weights() -> None:
    model = nn.Linear(4, 4)
    average = WeightAverage(model, 0.9999)
    moved(model, 1)
    for _ in range(100):
        average.update(model)
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(
            average.averaged()[name], parameter.detach(), atol=1e-4, rtol=1e-4
        )


def test_half_precision_weights_are_averaged_in_float32() -> None:
    model = nn.Linear(4, 4).to(torch.bfloat16)
    average = WeightAverage(model, 0.99)
    assert {tensor.dtype for tensor in average.averaged().values()} == {torch.float32}
    average.update(model)
    with average.swapped_in(model):
        assert model.weight.dtype == torch.bfloat16


def test_a_saved_state_goes_on_bit_for_bit() -> None:
    model = nn.Linear(4, 4)
    average = WeightAverage(model, 0.99)
    for step in range(5):
        moved(model, step)
        average.update(model)
    saved = save(average.state())
    other = WeightAverage(nn.Linear(4, 4), 0.99)
    other.load(load(saved))
    for step in range(5, 10):
        moved(model, step)
        average.update(model)
        other.update(model)
    for name, tensor in average.state().items():
        assert torch.equal(tensor, other.state()[name]), name


def test_the_network_gets_its_own_weights_back_also_after_an_error() -> None:
    model = nn.Linear(4, 4)
    average = WeightAverage(model, 0.5)
    moved(model, 3)
    average.update(model)
    own = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    with pytest.raises(RuntimeError, match="stop"), average.swapped_in(model):
        for name, parameter in model.named_parameters():
            assert torch.equal(parameter, average.averaged()[name])
            assert not torch.equal(parameter, own[name])
        raise RuntimeError("stop")
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, own[name])


def test_another_networks_state_is_refused() -> None:
    average = WeightAverage(nn.Linear(4, 4), 0.9)
    good = average.state()
    for wrong in (
        {"weight": good["weight"]},
        {**good, "more": torch.ones(1)},
        {**good, "weight": torch.ones(3, 3)},
    ):
        with pytest.raises(InputError, match="resume with the network"):
            average.load(wrong)


@pytest.mark.parametrize("decay", [-0.1, 1.0, float("nan")])
def test_impossible_decays_are_refused(decay: float) -> None:
    with pytest.raises(InputError, match=r"^ema_decay: "):
        WeightAverage(nn.Linear(2, 2), decay)
