"""Fine-tuning on records: what the loss counts, what is learned, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from havoc.bundle import Bundle
from havoc.data.records import SftDataset
from havoc.errors import InputError
from havoc.model.loading import load_model
from havoc.train.data import to_tensors
from havoc.train.phases import Where, sft
from havoc.train.records import RecordTask
from havoc.train.runs import read_run, resumed_settings
from havoc.train.settings import TrainSettings
from havoc.train.tracking import read_events
from training_examples import small_tokenizer
from tuning_examples import (
    OPERATIONS,
    answer,
    preferences,
    small_bundle,
    tool_records,
    write_lines,
)

SMALL: dict[str, Any] = {
    "max_steps": 10,
    "batch_size": 2,
    "sequence_length": 96,
    "learning_rate": 1e-2,
    "min_learning_rate": 1e-3,
    "warmup_steps": 2,
    "weight_decay": 0.0,
    "save_every": 5,
    "eval_every": 0,
    "log_every": 5,
    "threads": 1,
}
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return small_bundle(tmp_path_factory.mktemp("base") / "bundle")


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lines(tmp_path_factory.mktemp("records") / "r.jsonl", tool_records())


@pytest.fixture(scope="module")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    record = {"prompt": "And you?", "completion": "Nobody asked that."}
    return write_lines(tmp_path_factory.mktemp("held_out") / "r.jsonl", [record])


@pytest.fixture(scope="module")
def learned(
    base: Bundle, records: Path, held_out: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A run that has read the records often enough."""
    out = tmp_path_factory.mktemp("learned") / "run"
    changes = {"optimizer": "muon", "learning_rate": 2e-2, "batch_size": 3}
    tune(base, records, out, held_out, max_steps=60, eval_every=30, **changes)
    return out


def tune(
    base: Bundle, records: Path, out: Path, held_out: Path | None = None, **changes: Any
) -> Bundle:
    settings = TrainSettings(**{**SMALL, **changes})
    sft(base, settings, [records], held_out, Where(out, quiet=True))
    return Bundle.open(out / "bundle")


def dataset(path: Path) -> SftDataset:
    return SftDataset([path], small_tokenizer(), 96, 0)


# what the loss counts ------------------------------------------------------------------


def test_the_loss_is_that_of_the_completions(base: Bundle, tmp_path: Path) -> None:
    """Against each record alone: log-softmax, summed over the tokens of its completion."""
    path = write_lines(tmp_path / "r.jsonl", tool_records()[:3])
    task = RecordTask(dataset(path), None, 2)
    model = load_model(base)
    batch = task.batch(range(2))  # two sequences hold the three records
    tokenizer = small_tokenizer()
    special = tokenizer.special
    expected, counted = 0.0, 0
    for record in tool_records()[:3]:
        call = json.dumps(record["completion"][0]["tool"], separators=(",", ":"))
        asked = [tokenizer.bos, special["<user>"], *tokenizer.encode(record["prompt"])]
        asked.append(special["<assistant>"])
        told = [special["<tool>"], *tokenizer.encode(call), special["</tool>"], tokenizer.eos]
        with torch.no_grad():
            logits = model(torch.tensor([asked + told]))[0].double()
        log_p = torch.log_softmax(logits, -1)
        for place, token in enumerate(told, len(asked)):
            expected -= float(log_p[place - 1, token])
        counted += len(told)
    assert task.weight(batch) == counted
    with torch.no_grad():
        loss = float(task.loss(model, to_tensors(batch, CPU)))
    assert loss == pytest.approx(expected, rel=1e-5)
    assert task.tokens(batch) == 2 * 96


def test_prompts_and_results_teach_nothing(tmp_path: Path) -> None:
    """What counts is what the assistant writes, and that it ends there."""
    call = {"tool": {"tool": "t", "args": {}}}
    said = '<tool>{"tool":"t","args":{}}</tool>3<eos>'
    asked = {"role": "user", "content": "How large is the mean?"}
    turns = [
        asked,
        {"role": "assistant", "content": [call]},
        {"role": "tool", "content": {"mean": 3}},
        {"role": "assistant", "content": "3"},
    ]
    answer = [call, {"result": {"mean": 3}}, {"text": "3"}]
    for record in ({"messages": turns}, {"prompt": asked["content"], "completion": answer}):
        task = RecordTask(dataset(write_lines(tmp_path / "r.jsonl", [record])), None, 1)
        targets = task.batch([0])["targets"][0]
        assert small_tokenizer().decode(targets[targets >= 0].tolist(), control=True) == said


def test_a_neighbour_in_the_sequence_is_not_seen(base: Bundle, tmp_path: Path) -> None:
    losses = []
    for number, part in enumerate((slice(1), slice(1, 2), slice(2))):
        path = write_lines(tmp_path / f"{number}.jsonl", tool_records()[part])
        task = RecordTask(SftDataset([path], small_tokenizer(), 127, 0), None, 1)
        assert task.batch([0])["segments"].max() == len(tool_records()[part])
        with torch.no_grad():
            losses.append(float(task.loss(load_model(base), to_tensors(task.batch([0]), CPU))))
    assert losses[2] == pytest.approx(losses[0] + losses[1], rel=1e-5)


# what is learned -----------------------------------------------------------------------


def test_a_small_network_learns_to_call(base: Bundle, learned: Path) -> None:
    bundle = Bundle.open(learned / "bundle")
    model = load_model(bundle)
    for operation, question in OPERATIONS.items():
        call = f'{{"tool":"python_math","args":{{"operation":"{operation}"}}}}'
        assert answer(model, question) == f"<tool>{call}</tool>"
    assert bundle.card["base_weights"] == base.card["files"]["model.safetensors"]


def test_held_out_records_are_measured_not_learned(
    learned: Path, records: Path, held_out: Path
) -> None:
    bundle = Bundle.open(learned / "bundle")
    figures = [e for e in read_events(learned / "metrics.jsonl") if e["event"] == "validation"]
    assert [event["step"] for event in figures] == [30, 60]
    model = load_model(bundle)
    with torch.no_grad():
        figure = RecordTask(dataset(records), dataset(held_out), 2).validate(model, CPU, 0)
        trained = RecordTask(dataset(records), None, 2).validate(model, CPU, 0)
    assert figures[-1]["loss"] == pytest.approx(figure["loss"], rel=1e-4)
    assert figure["perplexity"] == pytest.approx(np.exp(figure["loss"]))
    assert trained["loss"] < 0.1 and figure["loss"] > 2.0
    assert bundle.card["validated_on"] == "held-out samples"
    assert "figure on held-out samples" in (learned / "card.md").read_text("utf-8")


def test_the_card_says_what_was_left_out_and_not_held_out(base: Bundle, tmp_path: Path) -> None:
    long = {"prompt": "What? " * 100, "completion": "Nothing."}
    path = write_lines(tmp_path / "r.jsonl", [*tool_records(), long])
    bundle = tune(base, path, tmp_path / "run", max_steps=2)
    assert bundle.card["validated_on"] == "training samples"
    assert "figure on training samples" in (tmp_path / "run" / "card.md").read_text("utf-8")
    assert bundle.card["samples"]["training_records"] == len(OPERATIONS)
    assert bundle.card["samples"]["too_long_and_left_out"] == 1
    first = read_events(tmp_path / "run" / "metrics.jsonl")[0]
    assert (first["event"], first["too_long_and_left_out"]) == ("run", 1)


# resuming ------------------------------------------------------------------------------


def test_a_resumed_tuning_equals_an_undisturbed_one(
    base: Bundle, records: Path, tmp_path: Path
) -> None:
    calm = tune(base, records, tmp_path / "calm")
    out = tmp_path / "cut"
    settings = TrainSettings(**{**SMALL, "minutes": 1e-6})
    assert sft(base, settings, [records], None, Where(out, quiet=True)).step == 1
    settings = resumed_settings(read_run(out), {})
    sft(base, settings, [records], None, Where(out, resume=True, quiet=True))
    cut = Bundle.open(out / "bundle")
    for name in calm.weights.entries:
        assert np.array_equal(calm.weights.read(name), cut.weights.read(name))


def test_a_tuning_goes_on_only_with_what_it_began_with(
    base: Bundle, records: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    settings = TrainSettings(**{**SMALL, "minutes": 1e-6})
    sft(base, settings, [records], None, Where(out, quiet=True))
    again = Where(out, resume=True, quiet=True)
    other = write_lines(tmp_path / "other.jsonl", tool_records()[:4])
    with pytest.raises(InputError, match="the data is not what the run began with"):
        sft(base, settings, [other], None, again)
    tuned = tune(base, records, tmp_path / "tuned")
    with pytest.raises(InputError, match="the base is not what the run began with"):
        sft(tuned, settings, [records], None, again)


# what is refused -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", r"bad\.jsonl:2: is not JSON"),
        ("[]", r"bad\.jsonl:2: is a JSON list"),
        ('{"prompt": "a"}', r"bad\.jsonl:2: is no record; write prompt and completion"),
        (json.dumps(preferences()[0]), r"bad\.jsonl:2: holds preferences.*havoc train polish"),
        ('{"prompt": "a", "completion": ""}', r"bad\.jsonl:2: completion: is empty"),
    ],
)
def test_broken_records_are_named(base: Bundle, tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(json.dumps(tool_records()[0]) + "\n" + line + "\n")
    with pytest.raises(InputError, match=said):
        tune(base, path, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_nothing_to_train_on_is_refused(base: Bundle, tmp_path: Path) -> None:
    empty = write_lines(tmp_path / "empty.jsonl", [])
    for path, said in (
        (empty, "holds no record"),
        (tmp_path / "none.jsonl", "does not exist"),
        (write_lines(tmp_path / "a_TEST.jsonl", tool_records()), "is for evaluation only"),
        (tmp_path, "holds"),
    ):
        with pytest.raises(InputError, match=said):
            tune(base, path, tmp_path / "run")
    long = write_lines(tmp_path / "long.jsonl", [{"prompt": "a " * 300, "completion": "b"}])
    with pytest.raises(InputError, match="none of 1 records fits into 96 tokens"):
        tune(base, long, tmp_path / "run")
    with pytest.raises(InputError, match=r"is 256; the network has 128 positions"):
        tune(base, long, tmp_path / "run", sequence_length=256)
    assert not (tmp_path / "run").exists()
