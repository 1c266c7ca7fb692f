"""Polishing: the DPO loss against its formula, what it does, and which records it takes."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from havoc.bundle import Bundle
from havoc.data.records import PreferenceDataset
from havoc.errors import InputError
from havoc.model.loading import load_model
from havoc.model.network import HavocModel
from havoc.train.data import to_tensors
from havoc.train.phases import Where, polish
from havoc.train.preference import PreferenceTask, answer_log_probability
from havoc.train.record_kinds import CONVERSATIONS, PREFERENCES, check_kind, record_kind
from havoc.train.runs import read_run, resumed_settings
from havoc.train.settings import TrainSettings
from havoc.train.tracking import read_events
from training_examples import small_tokenizer
from tuning_examples import preferences, small_bundle, tool_records, write_lines

SMALL: dict[str, Any] = {
    "max_steps": 8,
    "batch_size": 4,
    "sequence_length": 64,
    "learning_rate": 3e-3,
    "min_learning_rate": 3e-4,
    "warmup_steps": 1,
    "save_every": 4,
    "eval_every": 4,
    "log_every": 4,
    "threads": 1,
}
CPU = torch.device("cpu")
BETA = 0.3
MIXED = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return small_bundle(tmp_path_factory.mktemp("base") / "bundle")


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lines(tmp_path_factory.mktemp("pairs") / "p.jsonl", preferences())


@pytest.fixture(scope="module")
def polished(base: Bundle, pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("polished") / "run"
    polish(base, TrainSettings(**SMALL), [pairs], None, BETA, Where(out, quiet=True))
    return out


def changed(base: Bundle) -> HavocModel:
    """The network of ``base`` after some noise."""
    model = load_model(base)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.02 * torch.randn(parameter.shape, generator=generator)
    return model


def task_on(base: Bundle, path: Path) -> PreferenceTask:
    dataset = PreferenceDataset([path], small_tokenizer(), 64, 0)
    return PreferenceTask(dataset, None, load_model(base), BETA)


def log_probability(model: HavocModel, prompt: str, answer: str) -> Tensor:
    """Of the answer and its end after the prompt: one record, no padding, float64."""
    tokenizer = small_tokenizer()
    special = tokenizer.special
    asked = [tokenizer.bos, special["<user>"], *tokenizer.encode(prompt), special["<assistant>"]]
    told = [*tokenizer.encode(answer), tokenizer.eos]
    logits = model(torch.tensor([asked + told[:-1]]))[0, len(asked) - 1 :].double()
    cross_entropy = torch.nn.functional.cross_entropy(logits, torch.tensor(told), reduction="sum")
    return -cross_entropy


# the loss ------------------------------------------------------------------------------


def test_the_loss_and_its_gradient_are_those_of_equation_7(base: Bundle, tmp_path: Path) -> None:
    """Written out pair by pair, of answers of different length."""
    path = write_lines(tmp_path / "p.jsonl", preferences()[:3])
    task, model, reference = task_on(base, path), changed(base), load_model(base)
    batch = task.batch(range(3))
    assert task.weight(batch) == 3 and task.tokens(batch) == 2 * 3 * 64
    ours = task.loss(model, to_tensors(batch, CPU))
    ours.backward()
    gradient = model.layers[0].mlp.down.weight.grad.clone()
    model.zero_grad()
    expected = torch.zeros((), dtype=torch.float64)
    for record in preferences()[:3]:
        ratio = {}
        for side in ("chosen", "rejected"):
            with torch.no_grad():
                before = log_probability(reference, record["prompt"], record[side])
            ratio[side] = log_probability(model, record["prompt"], record[side]) - before
        expected -= torch.log(torch.sigmoid(BETA * (ratio["chosen"] - ratio["rejected"])))
    assert float(ours.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)
    expected.backward()
    torch.testing.assert_close(gradient, model.layers[0].mlp.down.weight.grad, rtol=1e-3, atol=1e-6)


def test_at_the_beginning_nothing_is_preferred(base: Bundle, pairs: Path) -> None:
    task = task_on(base, pairs)
    with torch.no_grad():
        figures = task.validate(load_model(base), CPU, 0)
    assert figures["loss"] == pytest.approx(math.log(2), abs=1e-6)
    assert figures["chosen_gained_more"] == 0.0


def test_padding_is_not_counted(base: Bundle, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "p.jsonl", preferences()[:1])
    batch = to_tensors(task_on(base, path).batch([0]), CPU)
    model = load_model(base)
    record = preferences()[0]
    with torch.no_grad():
        for side in ("chosen", "rejected"):
            ours = answer_log_probability(model, batch[side], batch[f"{side}_targets"])
            expected = log_probability(model, record["prompt"], record[side])
            assert float(ours) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("beta", [0.0, -1.0, 10.0, math.nan])
def test_a_beta_that_weighs_nothing_is_refused(base: Bundle, pairs: Path, beta: float) -> None:
    dataset = PreferenceDataset([pairs], small_tokenizer(), 64, 0)
    with pytest.raises(InputError, match="beta: is"):
        PreferenceTask(dataset, None, load_model(base), beta)


# a run ---------------------------------------------------------------------------------


def test_the_chosen_answers_gain(base: Bundle, pairs: Path, polished: Path) -> None:
    figures = [e for e in read_events(polished / "metrics.jsonl") if e["event"] == "validation"]
    assert figures[-1]["loss"] < 0.3 and figures[-1]["chosen_gained_more"] == 1.0
    after = load_model(Bundle.open(polished / "bundle"))
    before = load_model(base)
    with torch.no_grad():
        for record in preferences():
            gain = {
                side: float(log_probability(after, record["prompt"], record[side]))
                - float(log_probability(before, record["prompt"], record[side]))
                for side in ("chosen", "rejected")
            }
            assert gain["chosen"] > gain["rejected"]
    card = Bundle.open(polished / "bundle").card
    assert card["samples"]["beta"] == BETA and card["samples"]["training_pairs"] == 8


def test_the_network_that_it_began_with_stays(base: Bundle, pairs: Path) -> None:
    reference = load_model(base)
    dataset = PreferenceDataset([pairs], small_tokenizer(), 64, 0)
    task, model = PreferenceTask(dataset, None, reference, BETA), changed(base)
    task.loss(model, to_tensors(task.batch(range(2)), CPU)).backward()
    assert all(p.grad is None for p in reference.parameters())
    assert all(p.grad is not None for p in model.parameters())


def test_held_out_pairs_are_what_is_measured(base: Bundle, pairs: Path, tmp_path: Path) -> None:
    turned = [
        {**record, "chosen": record["rejected"], "rejected": record["chosen"]}
        for record in preferences()
    ]
    held_out = write_lines(tmp_path / "turned.jsonl", turned)
    settings = TrainSettings(**SMALL)
    polish(base, settings, [pairs], held_out, BETA, Where(tmp_path / "run", quiet=True))
    card = Bundle.open(tmp_path / "run" / "bundle").card
    assert card["validated_on"] == "held-out samples"
    assert card["validation"]["chosen_gained_more"] == 0.0 and card["validation"]["loss"] > 1.0


def test_a_resumed_polishing_equals_an_undisturbed_one(
    base: Bundle, pairs: Path, polished: Path, tmp_path: Path
) -> None:
    out = tmp_path / "cut"
    settings = TrainSettings(**{**SMALL, "minutes": 1e-6})
    assert polish(base, settings, [pairs], None, BETA, Where(out, quiet=True)).step == 1
    run = read_run(out)
    assert run.beta == BETA
    again = Where(out, resume=True, quiet=True)
    with pytest.raises(InputError, match="the beta is not what the run began with"):
        polish(base, resumed_settings(run, {}), [pairs], None, 0.5, again)
    polish(base, resumed_settings(run, {}), [pairs], None, BETA, again)
    calm, cut = Bundle.open(polished / "bundle"), Bundle.open(out / "bundle")
    for name in calm.weights.entries:
        assert np.array_equal(calm.weights.read(name), cut.weights.read(name))


# which records it takes ----------------------------------------------------------------


def test_conversations_are_learned_as_they_are(base: Bundle, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "talk.jsonl", [MIXED, *tool_records()])
    out = tmp_path / "run"
    settings = TrainSettings(**{**SMALL, "max_steps": 4})
    polish(base, settings, [path], None, None, Where(out, quiet=True))
    card = Bundle.open(out / "bundle").card
    assert card["phase"] == "polish" and card["samples"]["training_records"] == 7
    assert "perplexity" in card["validation"]
    with pytest.raises(InputError, match=r"beta: weighs chosen against rejected.*leave it out"):
        polish(base, settings, [path], None, 0.1, Where(tmp_path / "other", quiet=True))


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        (preferences()[0], PREFERENCES),
        ({"messages": MIXED["messages"][:1], "chosen": "x", "rejected": "y"}, PREFERENCES),
        (MIXED, CONVERSATIONS),
        ({"prompt": "a", "completion": "b"}, CONVERSATIONS),
        ({"messages": [], "prompt": "a", "chosen": "b", "rejected": "c"}, PREFERENCES),
    ],
)
def test_the_kind_follows_from_the_records(
    tmp_path: Path, record: dict[str, Any], kind: str
) -> None:
    path = write_lines(tmp_path / "r.jsonl", [record, record])
    assert record_kind([path]) == kind
    check_kind([path], kind, "polish")
    other = CONVERSATIONS if kind == PREFERENCES else PREFERENCES
    with pytest.raises(InputError, match=rf"r\.jsonl:1: holds {kind}, not {other}"):
        check_kind([path], other, "polish")


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (
            json.dumps(MIXED),
            r"p\.jsonl:2: holds conversations, but \S*p\.jsonl:1 holds preferences",
        ),
        ('{"prompt": "a"}', r"p\.jsonl:2: is no record; write prompt and completion, or messages"),
        (
            '{"prompt": "a", "completion": "b", "chosen": "c", "rejected": "d"}',
            r"p\.jsonl:2: is both a conversation and a preference",
        ),
        ("[1]", r"p\.jsonl:2: is a JSON list"),
        ('{"prompt": "a", "chosen": "b"}', r"p\.jsonl:2: the field 'rejected' is missing"),
        (
            '{"prompt": "a", "chosen": "b", "rejected": "b"}',
            r"p\.jsonl:2: chosen and rejected are the same",
        ),
    ],
)
def test_mixed_and_unclear_files_are_refused(
    base: Bundle, tmp_path: Path, second: str, said: str
) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text(json.dumps(preferences()[0]) + "\n" + second + "\n")
    out = tmp_path / "run"
    with pytest.raises(InputError, match=said):
        polish(base, TrainSettings(**SMALL), [path], None, None, Where(out, quiet=True))
    assert not out.exists()


def test_held_out_records_are_of_the_same_kind(base: Bundle, pairs: Path, tmp_path: Path) -> None:
    talk = write_lines(tmp_path / "talk.jsonl", [MIXED])
    out = tmp_path / "run"
    with pytest.raises(InputError, match=r"talk\.jsonl:1: holds conversations, not preferences"):
        polish(base, TrainSettings(**SMALL), [pairs], talk, None, Where(out, quiet=True))
    with pytest.raises(InputError, match=r"empty\.jsonl: holds no record"):
        empty = write_lines(tmp_path / "empty.jsonl", [])
        polish(base, TrainSettings(**SMALL), [empty], None, None, Where(out, quiet=True))
    assert not out.exists()
