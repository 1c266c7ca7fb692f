"""What ``havoc plan`` counts, against what torch really keeps and allocates."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from havoc.errors import InputError
from havoc.model.config import HavocConfig, preset, preset_names
from havoc.model.count import parameter_count
from havoc.model.network import HavocModel, build
from havoc.train.optimizers import build_optimizer
from havoc.train.plan import Request, as_object, plan, recomputing
from havoc.train.plan_memory import Peak, moments, peak
from havoc.train.plan_states import state_bytes, step_workspace
from havoc.train.plan_tensors import Step, kept, shared_tensors
from havoc.train.settings import TrainSettings
from havoc.train.trainer import PRECISIONS, optimizer_settings

GROUPED = HavocConfig(
    vocab_size=512, d_model=64, num_layers=3, num_heads=4, num_kv_heads=2, d_ff=96, head_dim=16
)
ODD = HavocConfig(
    vocab_size=1001,
    d_model=72,
    num_layers=5,
    num_heads=3,
    num_kv_heads=3,
    d_ff=100,
    head_dim=22,
    tie_embeddings=False,
)
SHAPES = {
    "grouped": GROUPED,
    "odd, untied": ODD,
    "relu_squared": GROUPED.replace(activation="relu_squared"),
    "gelu, one head of keys": GROUPED.replace(activation="gelu", num_kv_heads=1),
    "window": GROUPED.replace(sliding_window=5),
}
SETTINGS: dict[str, dict[str, Any]] = {
    "fp32": {},
    "every block again": {"activation_checkpointing": 1},
    "every second block again": {"activation_checkpointing": 2},
    "bf16 products": {"precision": "bf16"},
    "bf16 products, again": {"precision": "bf16", "activation_checkpointing": 2},
    "bf16 weights": {"precision": "bf16", "weights": "bf16"},
    "bf16 weights, again": {"precision": "bf16", "weights": "bf16", "activation_checkpointing": 1},
}


def step_of(config: HavocConfig, documents: bool = True, **values: Any) -> Step:
    settings = TrainSettings(**{"batch_size": 2, "sequence_length": 33, **values})
    return Step(config, settings, "cpu", documents)


def network(step: Step) -> HavocModel:
    settings = step.settings
    model = build(
        step.config,
        compute_dtype=PRECISIONS[settings.precision],
        checkpoint_every=settings.activation_checkpointing,
    ).initialise(0)
    return model.to(PRECISIONS[settings.weights]).train()


def loss_of(model: HavocModel, step: Step) -> Tensor:
    shape = step.settings.batch_size, step.settings.sequence_length
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randint(0, step.config.vocab_size, shape, generator=generator)
    tokens = tokens.to(torch.int32)
    segments = torch.zeros(shape, dtype=torch.int32)
    segments[:, shape[1] // 2 :] = 1
    loss: Tensor = model(tokens, tokens.clone(), segments if step.documents else None)
    return loss


def kept_by_autograd(step: Step) -> int:
    """Bytes of the different storages that autograd saves, parameters and tables left out."""
    model = network(step)
    own = {
        tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers())
    }
    seen: dict[int, int] = {}
    alive = []  # a freed storage must not give its address to another

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            seen[storage.data_ptr()] = storage.nbytes()
            alive.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss_of(model, step)
    # the counter of the checkpointing itself is an empty tensor
    return sum(seen.values())


def allocated(program: Any) -> int:
    """The most bytes of tensors that ``program`` has at once, beside those there before."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        program()
    events = [
        (event.start_ns(), event.nbytes())
        for event in profiler.profiler.kineto_results.events()  # type: ignore[union-attr]
        if event.name() == "[memory]"
    ]
    live = most = 0
    for _, size in sorted(events, key=lambda event: event[0]):
        live += size
        most = max(most, live)
    return most


# parameters and tensors -----------------------------------------------------------------


@pytest.mark.parametrize("name", preset_names())
def test_parameters_are_those_of_the_network(name: str) -> None:
    config = preset(name)
    counted = as_object(plan(Request(config, TrainSettings())))["network"]["parameters"]
    assert counted == build(config, "meta").parameter_count()


def test_the_largest_preset_has_its_true_count() -> None:
    assert parameter_count(preset("havoc-7b")) == 5_957_685_248


@pytest.mark.parametrize("documents", [True, False])
@pytest.mark.parametrize("values", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("config", SHAPES.values(), ids=SHAPES)
def test_activations_are_what_autograd_keeps(
    config: HavocConfig, values: dict[str, Any], documents: bool
) -> None:
    step = step_of(config, documents, **values)
    assert sum(kept(step).values()) == kept_by_autograd(step)


@given(
    layers=st.integers(1, 4),
    kv_heads=st.integers(1, 3),
    shared=st.integers(1, 3),
    half=st.integers(1, 12),
    d_model=st.integers(1, 40),
    d_ff=st.integers(1, 60),
    tied=st.booleans(),
    batch=st.integers(1, 3),
    length=st.integers(2, 40),
    every=st.integers(0, 3),
)
@hypothesis_settings(max_examples=25, deadline=None)
def test_activations_of_any_shape(
    layers: int,
    kv_heads: int,
    shared: int,
    half: int,
    d_model: int,
    d_ff: int,
    tied: bool,
    batch: int,
    length: int,
    every: int,
) -> None:
    config = HavocConfig(
        vocab_size=130,
        d_model=d_model,
        num_layers=layers,
        num_heads=kv_heads * shared,
        num_kv_heads=kv_heads,
        d_ff=d_ff,
        head_dim=2 * half,
        tie_embeddings=tied,
    )
    step = step_of(config, batch_size=batch, sequence_length=length, activation_checkpointing=every)
    assert sum(kept(step).values()) == kept_by_autograd(step)


# the peak -------------------------------------------------------------------------------


def predicted(step: Step) -> int:
    """Tensors at the peak, without those that a step finds there."""
    parts = peak(step).parts
    tables = 8 * step.config.max_seq_len * step.config.head_dim
    before = parts["weights"] + parts["optimizer"] + tables + 12 * step.positions
    counted = ("weights", "gradients", "optimizer", "activations", "copies", "workspace")
    return sum(parts[part] for part in counted) - before


@pytest.mark.parametrize("config", [GROUPED, ODD, SHAPES["relu_squared"]])
@pytest.mark.parametrize(
    "values",
    [
        {},
        {"activation_checkpointing": 1},
        {"activation_checkpointing": 2},
        {"optimizer": "adamw8bit"},
        {"optimizer": "apollo"},
        {"fused_backward": True, "max_gradient_norm": 0.0, "activation_checkpointing": 1},
    ],
    ids=lambda values: ",".join(values) or "adamw",
)
def test_the_peak_is_what_a_step_allocates(config: HavocConfig, values: dict[str, Any]) -> None:
    step = step_of(config, batch_size=4, sequence_length=128, **values)
    model = network(step)
    optimizer = build_optimizer(model, optimizer_settings(step.settings))

    def once() -> None:
        (loss_of(model, step) * 0.01).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    once()
    assert predicted(step) == pytest.approx(allocated(once), rel=0.06)


@pytest.mark.parametrize("weights", ["fp32", "bf16"])
@pytest.mark.parametrize(
    ("name", "rank"), [("adamw", 0), ("muon", 0), ("adamw8bit", 0), ("apollo", 0), ("apollo", 1)]
)
def test_states_and_workspace_of_the_optimisers(name: str, rank: int, weights: str) -> None:
    config = GROUPED.replace(d_model=128, d_ff=320)
    step = step_of(config, optimizer=name, apollo_rank=rank, weights=weights, precision=weights)
    model = network(step)
    optimizer = build_optimizer(model, optimizer_settings(step.settings))
    found = sum(
        tensor.untyped_storage().nbytes()
        for state in optimizer.state.values()
        for tensor in state.values()
        if isinstance(tensor, Tensor) and tensor.ndim
    )
    assert state_bytes(step) == found
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    tables = 2 << 20 if name == "adamw8bit" else 0  # there since the first step
    assert step_workspace(step) - tables == pytest.approx(
        allocated(optimizer.step), rel=0.25, abs=4096
    )


@pytest.mark.parametrize(
    ("values", "at"),
    [
        ({}, "loss"),
        ({"activation_checkpointing": 1}, "backward of block"),
        ({"optimizer": "muon", "batch_size": 1, "sequence_length": 2}, "optimiser step"),
    ],
)
def test_where_the_peak_is(values: dict[str, Any], at: str) -> None:
    step = step_of(GROUPED.replace(d_model=128, d_ff=320), **{"batch_size": 16, **values})
    assert at in peak(step).moment


# strategies -----------------------------------------------------------------------------


def row(config: HavocConfig, name: str, **values: Any) -> Peak:
    settings = TrainSettings(batch_size=1, sequence_length=4096)
    rows = plan(Request(config, settings, **values)).rows
    return next(row.peak for row in rows if row.strategy.name == name)


def test_the_parts_are_the_total_and_grow_with_the_batch() -> None:
    for batch in (1, 2, 4):
        settings = TrainSettings(batch_size=batch, sequence_length=512)
        for small in plan(Request(preset("havoc-25m"), settings)).rows:
            assert sum(small.peak.parts.values()) == small.peak.total
            assert all(small.largest[part] >= size for part, size in small.peak.parts.items())
    sizes = [
        peak(step_of(GROUPED, batch_size=batch, sequence_length=64)).total for batch in (1, 2, 4)
    ]
    assert sizes == sorted(sizes) and len(set(sizes)) == 3


def test_checkpointing_costs_a_third_at_most() -> None:
    config = preset("havoc-7b")
    assert recomputing(config, TrainSettings()) == 1
    every, second = (
        recomputing(config, TrainSettings(sequence_length=4096, activation_checkpointing=n))
        for n in (1, 2)
    )
    assert 1.3 < every < 4 / 3 and second - 1 == pytest.approx((every - 1) / 2)


def test_the_first_that_fits_is_named_or_what_is_missing() -> None:
    config = preset("havoc-7b")
    settings = TrainSettings(batch_size=1, sequence_length=4096)
    fits = plan(Request(config, settings, memory=24 * 10**9))
    assert fits.best is not None and fits.best.fits
    assert fits.best is next(row for row in fits.rows if row.fits)
    nothing = plan(Request(config, settings, memory=10 * 10**9))
    assert nothing.best is None
    missing = as_object(nothing)["missing_bytes"]
    assert missing == min(row.peak.total for row in nothing.rows) - 10 * 10**9


def test_a_plan_exactly_as_large_as_the_device_fits() -> None:
    settings = TrainSettings()
    config = preset("havoc-8m")
    size = plan(Request(config, settings)).rows[0].peak.total
    assert plan(Request(config, settings, memory=size)).rows[0].fits is True
    assert plan(Request(config, settings, memory=size - 1)).rows[0].fits is False


def test_processes_share_weights_gradients_and_states() -> None:
    config = preset("havoc-7b")
    alone = row(config, "adamw, bf16 products, checkpointing")
    shared = row(config, "adamw, bf16 products, checkpointing", processes=8)
    for part in ("weights", "optimizer"):
        assert shared.parts[part] == pytest.approx(alone.parts[part] / 8, rel=0.01)
    names = {row.strategy.name for row in plan(Request(config, TrainSettings(), processes=8)).rows}
    assert not any(name.startswith(("adamw8bit", "offload")) for name in names)


def test_an_offload_leaves_states_to_main_memory() -> None:
    away = row(preset("havoc-7b"), "offload, bf16 weights, checkpointing")
    assert away.parts["optimizer"] == 0
    # fp32 weights, their gradients, two moments
    assert away.host == 16 * 5_957_685_248


def test_accumulation_keeps_all_gradients() -> None:
    def gradients(count: int) -> list[int]:
        step = step_of(GROUPED, gradient_accumulation=count)
        return [moment.parts["gradients"] for moment in moments(step)]

    assert min(gradients(2)) >= 4 * parameter_count(GROUPED)
    assert min(gradients(1)) == 0


def test_time_follows_the_rate() -> None:
    settings = TrainSettings(batch_size=1, sequence_length=4096)
    result = plan(
        Request(preset("havoc-7b"), settings, rate={"bf16": 80e12, "fp32": 40e12}, tokens=1e9)
    )
    rows = {row.strategy.name: row for row in result.rows}
    plain, again = rows["adamw, bf16 products"], rows["adamw, bf16 products, checkpointing"]
    assert plain.tokens_per_second and again.tokens_per_second and plain.seconds
    assert plain.tokens_per_second / again.tokens_per_second == pytest.approx(again.compute)
    assert plain.seconds == pytest.approx(1e9 / plain.tokens_per_second)
    assert rows["offload, bf16 weights, checkpointing"].seconds is None
    untimed = plan(Request(preset("havoc-7b"), settings)).rows
    assert {(row.tokens_per_second, row.seconds) for row in untimed} == {(None, None)}


def test_the_cache_of_keys_and_values() -> None:
    from havoc.model.cache import KVCache

    config = preset("havoc-3m")
    cache = KVCache(config, 3, 100)
    generation = plan(
        Request(config, TrainSettings(), device="cpu", generate_batch=3, generate_context=100)
    ).generation
    assert generation.cache == cache.keys.nbytes + cache.values.nbytes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"device": "tpu"}, "device: there is no device 'tpu'"),
        ({"processes": 0}, "processes: is 0"),
        ({"generate_batch": -1}, "batch: is -1"),
        ({"generate_context": 5000}, "context: is 5000; the network has 1024 positions"),
        (
            {"settings": TrainSettings(sequence_length=5000)},
            "sequence_length: is 5000; the network has 1024 positions",
        ),
    ],
)
def test_impossible_requests_are_refused(changes: dict[str, Any], message: str) -> None:
    request = {"config": preset("havoc-3m"), "settings": TrainSettings(), **changes}
    with pytest.raises(InputError, match=message):
        Request(**request)


def test_every_strategy_is_a_run_that_training_takes() -> None:
    for device in ("cuda", "cpu"):
        result = plan(Request(preset("havoc-3m"), TrainSettings(), device=device))
        for one in result.rows:
            settings = dataclasses.replace(TrainSettings(), **one.strategy.changes)
            optimizer_settings(settings)
        assert len({one.strategy.name for one in result.rows}) == len(result.rows)
    assert shared_tensors(step_of(GROUPED))["tokens"] == 4 * 66
