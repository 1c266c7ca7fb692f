"""The loop: what a step computes, what a checkpoint restores, and what stops a run."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from havoc.bundle import Bundle
from havoc.configuration import read_mapping
from havoc.data import PackedDataset
from havoc.errors import InputError
from havoc.model import HavocConfig
from havoc.model.loading import load_model
from havoc.model.network import HavocModel, build
from havoc.train.checkpoint import checkpoint_path, checkpoints, load_checkpoint
from havoc.train.data import PretrainTask
from havoc.train.phases import Where, pretrain, read_run, resumed_settings
from havoc.train.settings import TrainSettings, settings_from
from havoc.train.tracking import Events, read_events
from havoc.train.trainer import Trainer, TrainingStopped
from training_examples import ROOT, small_config, small_tokenizer

SMALL: dict[str, Any] = {
    "max_steps": 12,
    "batch_size": 4,
    "sequence_length": 32,
    "warmup_steps": 2,
    "learning_rate": 1e-2,
    "save_every": 4,
    "eval_every": 6,
    "eval_sequences": 8,
    "log_every": 3,
    "sample_tokens": 4,
    "threads": 1,
}


def run(shards: Path, out: Path, resume: bool = False, **changes: Any) -> Bundle | None:
    """A run of the pretraining; its bundle if it came to its end."""
    settings = TrainSettings(**{**SMALL, **changes})
    where = Where(out, resume, prompts=("The",), quiet=True)
    pretrain(small_config(), settings, shards, small_tokenizer(), where)
    return Bundle.open(out / "bundle") if (out / "bundle").exists() else None


def weights(bundle: Bundle | None) -> dict[str, Any]:
    assert bundle is not None
    return {name: np.array(bundle.weights.read(name)) for name in bundle.weights.entries}


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)


class Trained:
    """A trainer on the small shards, in memory."""

    def __init__(self, shards: Path, folder: Path, **changes: Any) -> None:
        self.settings = TrainSettings(**{**SMALL, **changes})
        self.model = build(small_config()).initialise(0)
        dataset = PackedDataset(shards, self.settings.sequence_length, 0)
        task = PretrainTask(dataset, self.settings.batch_size)
        folder.mkdir(exist_ok=True)
        self.trainer = Trainer(self.model, task, self.settings, folder, Events([]))


# what a step computes ------------------------------------------------------------------


def test_a_step_is_that_of_a_plain_loop(shards: Path, tmp_path: Path) -> None:
    """Ours against a loop written out with torch's own cross-entropy and AdamW."""
    ours = Trained(shards, tmp_path, max_gradient_norm=0.5)
    plain = build(small_config()).initialise(0)
    decayed = [p for p in plain.parameters() if p.ndim == 2]
    norms = [p for p in plain.parameters() if p.ndim == 1]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": norms, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.95), eps=1e-8)
    dataset = PackedDataset(shards, 32, 0)
    for step in range(4):
        figures = ours.trainer.step()
        ours.trainer.progress.step += 1
        batch = dataset.batch(range(4 * step, 4 * step + 4))
        logits = plain(torch.from_numpy(batch.tokens), segments=torch.from_numpy(batch.segments))
        targets = torch.from_numpy(batch.targets).long()
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(plain.parameters(), 0.5)
        for group in optimizer.param_groups:
            group["lr"] = figures["learning_rate"]
        optimizer.step()
        optimizer.zero_grad()
        assert figures["loss"] == pytest.approx(float(loss.detach()), rel=1e-5)
        assert figures["gradient_norm"] == pytest.approx(float(norm), rel=1e-4)
    for a, b in zip(ours.model.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)


def test_accumulated_gradients_are_those_of_one_batch(shards: Path, tmp_path: Path) -> None:
    one = Trained(shards, tmp_path / "one", batch_size=4)
    parts = Trained(shards, tmp_path / "parts", batch_size=1, gradient_accumulation=4)
    for _ in range(3):
        a, b = one.trainer.step(), parts.trainer.step()
        one.trainer.progress.step += 1
        parts.trainer.progress.step += 1
        assert a["loss"] == pytest.approx(b["loss"], rel=1e-5)
        assert a["gradient_norm"] == pytest.approx(b["gradient_norm"], rel=1e-3)


@pytest.mark.parametrize("optimizer", ["adamw", "muon", "adamw8bit", "apollo"])
def test_every_optimiser_learns(shards: Path, tmp_path: Path, optimizer: str) -> None:
    trained = Trained(shards, tmp_path, optimizer=optimizer, max_steps=30)
    losses = []
    for _ in range(30):
        losses.append(trained.trainer.step()["loss"])
        trained.trainer.progress.step += 1
    assert np.mean(losses[-8:]) < np.mean(losses[:4]) - 0.5


@pytest.mark.parametrize(
    "changes",
    [
        {"precision": "bf16"},
        {"precision": "fp16"},
        {"precision": "bf16", "weights": "bf16"},
    ],
)
def test_half_precision_learns(shards: Path, tmp_path: Path, changes: dict[str, str]) -> None:
    losses = [event["loss"] for event in events_of(shards, tmp_path / "run", **changes)]
    assert losses[-1] < losses[0]


def events_of(shards: Path, out: Path, **changes: Any) -> list[dict[str, Any]]:
    run(shards, out, **changes)
    return [event for event in read_events(out / "metrics.jsonl") if event["event"] == "train"]


# a whole run ---------------------------------------------------------------------------


def test_a_run_leaves_a_bundle_a_card_and_its_events(shards: Path, tmp_path: Path) -> None:
    bundle = run(shards, tmp_path / "run")
    assert bundle is not None
    assert bundle.card["tokens"] == 12 * 4 * 32 and bundle.card["phase"] == "pretrain"
    kinds = [event["event"] for event in read_events(tmp_path / "run" / "metrics.jsonl")]
    assert [kinds.count(kind) for kind in ("run", "train", "validation", "finished")] == [
        1,
        4,
        2,
        1,
    ]
    assert "bits per byte" in (tmp_path / "run" / "card.md").read_text()
    # the last checkpoints stay, and the best
    names = [path.name for path in checkpoints(tmp_path / "run" / "checkpoints")]
    assert names[-2:] == ["step-00000008", "step-00000012"]
    model = load_model(bundle)
    assert isinstance(model, HavocModel)


def test_bits_per_byte_are_those_of_the_whole_documents(shards: Path, tmp_path: Path) -> None:
    trained = Trained(shards, tmp_path, eval_sequences=0)
    figures = trained.trainer.validate()
    dataset = PackedDataset(shards, 32, 0, "validation")
    validation = dataset.validation()
    nats = 0.0
    for batch in validation:
        targets = torch.from_numpy(batch.targets).long()
        with torch.no_grad():
            logits = trained.model(
                torch.from_numpy(batch.tokens), segments=torch.from_numpy(batch.segments)
            )
        nats += float(
            torch.nn.functional.cross_entropy(
                logits.flatten(0, 1), targets.flatten(), reduction="sum"
            )
        )
    assert figures["bits_per_byte"] == pytest.approx(nats / np.log(2) / validation.bytes, rel=1e-5)
    # a network that has learned nothing needs about log2(vocabulary) bits a token
    assert figures["loss"] == pytest.approx(np.log(1024), rel=0.05)


def test_the_same_seed_gives_the_same_weights_and_another_does_not(
    shards: Path, tmp_path: Path
) -> None:
    first, again, other = (
        weights(run(shards, tmp_path / str(n), seed=seed)) for n, seed in enumerate((1, 1, 2))
    )
    assert same(first, again) and not same(first, other)


# resuming ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"optimizer": "muon", "ema_decay": 0.9},
        {"optimizer": "adamw8bit"},
        {"optimizer": "apollo", "schedule": "wsd"},
        {"optimizer": "apollo", "apollo_rank": 1},
        {"fused_backward": True, "max_gradient_norm": 0.0},
        {"offload_optimizer": True, "activation_checkpointing": 1},
        {"precision": "bf16", "gradient_accumulation": 2},
        {"dropout": 0.2, "activation_checkpointing": 1},
    ],
)
def test_a_resumed_run_equals_an_undisturbed_one(
    shards: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    calm = weights(run(shards, tmp_path / "calm", **changes))
    run(shards, tmp_path / "cut", **changes)
    shutil.rmtree(tmp_path / "cut" / "bundle")
    for path in checkpoints(tmp_path / "cut" / "checkpoints")[1:]:
        shutil.rmtree(path)
    assert same(calm, weights(run(shards, tmp_path / "cut", resume=True, **changes)))
    steps = [
        e["step"] for e in read_events(tmp_path / "cut" / "metrics.jsonl") if e["event"] == "train"
    ]
    assert steps == [3, 6, 9, 12]


def test_fifty_kills_change_nothing(tmp_path: Path) -> None:
    """A few of the fifty here; all of them with tests/train/killed_runs.py FOLDER 50 SEED."""
    done = subprocess.run(
        [sys.executable, "tests/train/killed_runs.py", str(tmp_path), "8", "3"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "tests:src", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout)["equal"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_first(shards: Path, tmp_path: Path, number: int) -> None:
    trained = Trained(shards, tmp_path, max_steps=10_000, eval_every=0, save_every=10_000)
    task = trained.trainer.task
    draw = task.batch

    def drawn(indices: Any) -> Any:
        if indices[0] == 4 * 5:
            os.kill(os.getpid(), number)
        return draw(indices)

    task.batch = drawn  # type: ignore[method-assign]
    progress = trained.trainer.run()
    assert progress.step == 6
    assert checkpoint_path(tmp_path / "checkpoints", progress.step).is_dir()


def test_the_time_limit_saves_and_stops(shards: Path, tmp_path: Path) -> None:
    assert run(shards, tmp_path / "run", minutes=1e-6) is None
    assert load_checkpoint(checkpoints(tmp_path / "run" / "checkpoints")[-1]).step == 1
    settings = resumed_settings(read_run(tmp_path / "run"), {"minutes": 0.0})
    assert settings.max_steps == 12


# what stops a run ----------------------------------------------------------------------


def test_other_data_is_refused(shards: Path, tmp_path: Path) -> None:
    run(shards, tmp_path / "run", minutes=1e-6)
    with pytest.raises(InputError, match="data is not what the run began with"):
        run(shards, tmp_path / "run", resume=True, sequence_length=16)
    with pytest.raises(InputError, match="holds a run already"):
        run(shards, tmp_path / "run")
    with pytest.raises(InputError, match=r"learning_rate: is 0.5, the run began with 0.01"):
        resumed_settings(read_run(tmp_path / "run"), {"learning_rate": 0.5})


@pytest.mark.parametrize(
    "name", ["model.safetensors", "optimizer.safetensors", "state.json", "checksums.json"]
)
@pytest.mark.parametrize("fault", ["truncated", "flipped", "missing"])
def test_a_damaged_checkpoint_is_refused_before_anything_is_computed(
    shards: Path, tmp_path: Path, name: str, fault: str
) -> None:
    run(shards, tmp_path / "run", max_steps=8, eval_every=0)
    shutil.rmtree(tmp_path / "run" / "bundle")
    first, last = checkpoints(tmp_path / "run" / "checkpoints")
    path = last / name
    content = bytearray(path.read_bytes())
    if fault == "missing":
        path.unlink()
    else:
        content = content[: len(content) // 2] if fault == "truncated" else content
        content[len(content) // 3] ^= 4
        path.write_bytes(content)
    with pytest.raises(
        InputError, match=f"{name}: is missing, truncated or altered; remove {last.name}"
    ):
        run(shards, tmp_path / "run", resume=True, max_steps=8, eval_every=0)
    assert load_checkpoint(first).step == 4
    shutil.rmtree(last)
    assert run(shards, tmp_path / "run", resume=True, max_steps=8, eval_every=0) is not None


def test_a_full_disk_leaves_the_last_checkpoint(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full from the second checkpoint on: every write of its files fails."""
    import havoc.train.checkpoint as module

    saved = module.save_file

    def full(tensors: Any, path: Path) -> None:
        if "step-00000004" in [entry.name for entry in path.parent.parent.iterdir()]:
            path.write_bytes(b"a part")
            raise OSError(28, "No space left on device")
        saved(tensors, path)

    monkeypatch.setattr(module, "save_file", full)
    with pytest.raises(InputError, match=r"No space left on device.*free space"):
        run(shards, tmp_path / "run", eval_every=0)
    folder = tmp_path / "run" / "checkpoints"
    assert [path.name for path in folder.iterdir()] == ["step-00000004"]
    monkeypatch.undo()
    calm = weights(run(shards, tmp_path / "calm", eval_every=0))
    assert same(calm, weights(run(shards, tmp_path / "run", resume=True, eval_every=0)))


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_batch(
    shards: Path, tmp_path: Path
) -> None:
    trained = Trained(shards, tmp_path)
    trained.trainer.step()
    trained.trainer.progress.step = 1
    with torch.no_grad():
        trained.model.norm.weight[3] = float("nan")
    before = [parameter.clone() for parameter in trained.model.parameters()]
    with pytest.raises(TrainingStopped, match=r"step 2: the loss is nan.*failed-step-2.*lower the"):
        trained.trainer.run()
    with np.load(tmp_path / "failed-step-2-rank-0.npz", allow_pickle=False) as kept:
        wanted = PackedDataset(shards, 32, 0).batch(range(4, 8))
        assert np.array_equal(kept["tokens_0"], wanted.tokens)
    for a, b in zip(trained.model.parameters(), before, strict=True):
        assert torch.equal(a, b) or torch.isnan(b).any()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"learning_rat": 1}, "no setting 'learning_rat'.*did you mean learning_rate"),
        ({"max_steps": 0}, "max_steps: is 0"),
        ({"batch_size": "many"}, "batch_size"),
        ({"optimizer": "sgd"}, "optimizer: is sgd; give one of adamw, muon"),
        ({"min_learning_rate": 1.0}, "min_learning_rate"),
        ({"fused_backward": True}, "needs gradient_accumulation 1 and max_gradient_norm 0"),
        ({"precision": "fp16", "offload_optimizer": True}, "scales the loss"),
        ({"ema_decay": 1.0}, "ema_decay: is 1.0"),
        ({"minutes": float("inf")}, "minutes: is inf"),
    ],
)
def test_settings_that_no_run_can_have_are_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        settings_from(values, where="settings")


def test_settings_come_from_yaml(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("max_steps: 7\nlearning_rate: 1e-3\n")
    settings = settings_from(read_mapping(tmp_path / "s.yaml"), where="s")
    assert (settings.max_steps, settings.learning_rate) == (7, 0.001)
    for content in ("- a", "a: [", "\x00"):
        (tmp_path / "s.yaml").write_text(content)
        with pytest.raises(InputError, match=r"s\.yaml"):
            read_mapping(tmp_path / "s.yaml")


def test_a_vocabulary_of_another_size_is_refused(shards: Path, tmp_path: Path) -> None:
    config: HavocConfig = small_config(vocab_size=2000)
    with pytest.raises(InputError, match="tokenizer has 1024 ids, the network 2000"):
        pretrain(config, TrainSettings(**SMALL), shards, small_tokenizer(), Where(tmp_path / "r"))
    with pytest.raises(InputError, match="is 128; the network has 64 positions"):
        run(shards, tmp_path / "long", sequence_length=128)
    assert not (tmp_path / "r").exists()
