"""Building an optimiser for the network, and its state by names."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from havoc.errors import InputError
from havoc.model.config import HavocConfig
from havoc.model.network import HavocModel
from havoc.train.optimizers import (
    NamedOptimizer,
    OptimizerSettings,
    build_optimizer,
    load_optimizer_tensors,
    optimizer_tensors,
    parameter_groups,
)

NAMES = ["adamw", "muon", "adamw8bit", "apollo"]
KINDS = [*NAMES, "adamw, offloaded", "muon, offloaded", "muon, fused"]


def settings_of(kind: str) -> OptimizerSettings:
    name, _, how = kind.partition(", ")
    return OptimizerSettings(name, offload=how == "offloaded", fused_backward=how == "fused")


def network(*, tied: bool = True, seed: int = 0) -> HavocModel:
    config = HavocConfig(
        vocab_size=64, d_model=32, num_layers=2, num_heads=4, num_kv_heads=2, d_ff=48,
        head_dim=8, max_seq_len=16, tie_embeddings=tied,
    )  # fmt: skip
    return HavocModel(config).initialise(seed)


def train(model: HavocModel, optimizer: NamedOptimizer, steps: range, rate: float = 3e-3) -> float:
    """Steps of next-token prediction on drawn tokens, the same for the same numbers."""
    last = 0.0
    for step in steps:
        generator = torch.Generator().manual_seed(step)
        tokens = torch.randint(0, 64, (2, 9), generator=generator)
        for group in optimizer.param_groups:
            group["lr"] = rate * group["lr_scale"]
        loss = model(tokens[:, :-1], tokens[:, 1:]) / 16
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        last = float(loss.detach())
    return last


def weights(model: nn.Module) -> dict[str, Tensor]:
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


def test_groups_of_the_network() -> None:
    groups = parameter_groups(network(tied=False))
    assert set(groups.embeddings) == {"embedding.weight", "head.weight"}
    assert all(name.endswith("norm.weight") for name in groups.vectors)
    assert len(groups.vectors) == 5 and len(groups.matrices) == 8
    assert set(groups.matrices) == {
        f"layers.{layer}.{part}.weight"
        for layer in (0, 1)
        for part in ("attention.qkv", "attention.output", "mlp.gate_up", "mlp.down")
    }


def test_norms_do_not_decay_and_embeddings_have_their_own_rate() -> None:
    model = network()
    settings = OptimizerSettings("muon", weight_decay=0.3, embedding_lr_scale=5.0)
    optimizer = build_optimizer(model, settings)
    seen = {
        name: (group["weight_decay"], group["lr_scale"])
        for group in optimizer.param_groups
        for name in group["param_names"]
    }
    assert seen["embedding.weight"] == (0.3, 5.0)
    assert seen["norm.weight"] == (0.0, 1.0)
    assert seen["layers.1.mlp.down.weight"] == (0.3, 1.0)


def test_adamw_is_that_of_torch() -> None:
    ours, theirs = network(), network()
    mine = build_optimizer(ours, OptimizerSettings("adamw"))
    decayed = [p for p in theirs.parameters() if p.ndim == 2]
    rest = [p for p in theirs.parameters() if p.ndim < 2]
    reference = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}],
        lr=3e-3, betas=(0.9, 0.95), eps=1e-8, foreach=False,
    )  # fmt: skip
    train(ours, mine, range(10))
    for step in range(10):
        tokens = torch.randint(0, 64, (2, 9), generator=torch.Generator().manual_seed(step))
        (theirs(tokens[:, :-1], tokens[:, 1:]) / 16).backward()
        reference.step()
        reference.zero_grad()
    for name, tensor in weights(ours).items():
        torch.testing.assert_close(tensor, weights(theirs)[name], atol=2e-6, rtol=1e-5)


@pytest.mark.parametrize("name", KINDS)
def test_a_saved_state_goes_on_bit_for_bit(name: str) -> None:
    model = network()
    optimizer = build_optimizer(model, settings_of(name))
    train(model, optimizer, range(3))
    tensors, plain = optimizer_tensors(optimizer)
    saved, kept, numbers = save(tensors), weights(model), dict(plain)
    train(model, optimizer, range(3, 6))

    again = network(seed=1)
    resumed = build_optimizer(again, settings_of(name))
    again.load_state_dict(kept, strict=False)
    load_optimizer_tensors(resumed, load(saved), numbers)
    train(again, resumed, range(3, 6))
    for key, tensor in weights(model).items():
        assert torch.equal(tensor, weights(again)[key]), key
    for key, tensor in optimizer_tensors(optimizer)[0].items():
        assert torch.equal(tensor, optimizer_tensors(resumed)[0][key]), key


@pytest.mark.parametrize("name", KINDS)
def test_the_layout_is_there_before_the_first_step(name: str) -> None:
    model = network()
    optimizer = build_optimizer(model, settings_of(name))
    before = {key: tensor.shape for key, tensor in optimizer_tensors(optimizer)[0].items()}
    train(model, optimizer, range(2))
    after = {key: tensor.shape for key, tensor in optimizer_tensors(optimizer)[0].items()}
    assert before == after
    parameters = {name for name, _ in model.named_parameters()}
    assert {key.rpartition("/")[0] for key in after} == parameters


@pytest.mark.parametrize("name", KINDS)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(name: str) -> None:
    model = network()
    optimizer = build_optimizer(model, settings_of(name))
    train(model, optimizer, range(2))
    tensors, plain = optimizer_tensors(optimizer)
    before = {key: tensor.clone() for key, tensor in tensors.items()}
    key = next(key for key in tensors if key.startswith("layers.1.mlp.down.weight/"))
    ones = {other: torch.ones_like(tensor) for other, tensor in tensors.items()}
    less = {other: tensor for other, tensor in ones.items() if other != key}
    wrong: list[tuple[dict[str, Tensor], str]] = [
        (less, "is missing"),
        ({**ones, "layers.9.norm/exp_avg": torch.ones(2)}, "belongs to no parameter"),
        ({**ones, key: torch.ones(2)}, r"the optimiser has"),
        ({**ones, key: ones[key].double()}, "float64"),
        ({}, "is missing"),
    ]
    for given, message in wrong:
        with pytest.raises(InputError, match=message):
            load_optimizer_tensors(optimizer, given, plain)
    with pytest.raises(InputError, match="belongs to no parameter"):
        load_optimizer_tensors(optimizer, ones, {**plain, "nobody/step": 1})
    for other, tensor in optimizer_tensors(optimizer)[0].items():
        assert torch.equal(tensor, before[other])


@pytest.mark.parametrize("name", [*NAMES])
def test_it_learns_one_batch(name: str) -> None:
    model = network()
    optimizer = build_optimizer(model, settings_of(name))
    first = train(model, optimizer, range(1))
    for _ in range(40):
        last = train(model, optimizer, range(1), rate=1e-2)
    assert last < 0.2 * first


def test_frozen_parameters_are_in_no_group() -> None:
    model = network()
    model.embedding.weight.requires_grad_(False)
    optimizer = build_optimizer(model, OptimizerSettings("muon"))
    before = model.embedding.weight.clone()
    train(model, optimizer, range(2))
    assert torch.equal(before, model.embedding.weight)


def test_a_parameter_that_no_group_takes_is_an_error() -> None:
    model = nn.Sequential(nn.Conv1d(4, 4, 3, bias=False))
    with pytest.raises(InputError, match=r"^0\.weight: has 3 dimensions"):
        build_optimizer(model, OptimizerSettings())


def test_a_weight_shared_between_groups_is_an_error() -> None:
    model = nn.ModuleDict({"table": nn.Embedding(8, 8), "layer": nn.Linear(8, 8, bias=False)})
    model["layer"].weight = model["table"].weight
    with pytest.raises(InputError, match=r"^layer\.weight: is the same weight as table\.weight"):
        build_optimizer(model, OptimizerSettings())


def test_a_group_that_is_left_out_or_doubled_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from havoc.train.optimizers import build

    model = network()
    less = parameter_groups(model)
    less.vectors.popitem()
    monkeypatch.setattr(build, "parameter_groups", lambda _: less)
    with pytest.raises(InputError, match="is in 0 groups"):
        build_optimizer(model, OptimizerSettings("muon"))
    doubled = parameter_groups(model)
    doubled.embeddings.update([next(iter(doubled.matrices.items()))])
    monkeypatch.setattr(build, "parameter_groups", lambda _: doubled)
    with pytest.raises(InputError, match="is in 2 groups"):
        build_optimizer(model, OptimizerSettings("muon"))


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"name": "adam"}, "optimizer"),
        ({"weight_decay": -0.1}, "weight_decay"),
        ({"eps": float("nan")}, "eps"),
        ({"betas": (0.9, 1.0)}, "betas"),
        ({"momentum": 1.5}, "momentum"),
        ({"apollo_rank": -1}, "apollo_rank"),
        ({"clip_each_parameter": 1.0}, "clip_each_parameter"),
        ({"clip_each_parameter": -1.0, "fused_backward": True}, "clip_each_parameter"),
        ({"fused_backward": True, "offload": True}, "fused_backward"),
        ({"muon_scaling": "rms"}, "muon_scaling"),
        ({"embedding_lr_scale": float("inf")}, "embedding_lr_scale"),
    ],
)
def test_impossible_settings_are_refused(values: dict[str, object], named: str) -> None:
    with pytest.raises(InputError, match=f"^{named}: ") as caught:
        OptimizerSettings(**values)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
