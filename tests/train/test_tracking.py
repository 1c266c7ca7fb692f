"""The events of a run, and what each tracker makes of them."""

from __future__ import annotations

import io
import json
import re
import struct
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from havoc.errors import InputError
from havoc.train.phases import Where, pretrain
from havoc.train.settings import TrainSettings
from havoc.train.tracking import (
    EVENTS,
    JsonLines,
    ProgressLine,
    check_trackers,
    open_trackers,
    read_events,
)
from training_examples import small_config, small_tokenizer

SMALL: dict[str, Any] = {
    "max_steps": 8,
    "batch_size": 4,
    "sequence_length": 32,
    "warmup_steps": 2,
    "save_every": 4,
    "eval_every": 4,
    "eval_sequences": 4,
    "log_every": 2,
    "sample_tokens": 4,
    "threads": 1,
}

TRAIN = {
    "event": "train",
    "step": 30,
    "time": 1.0,
    "loss": 2.5,
    "learning_rate": 3e-4,
    "gradient_norm": 0.5,
    "tokens": 4096,
    "tokens_per_second": 12345.6,
    "mfu": 0.421,
    "seconds_left": 600.0,
}
VALIDATION = {"event": "validation", "step": 30, "time": 1.0, "loss": 2.25, "bits_per_byte": 1.5}
SAMPLE = {"event": "sample", "step": 30, "time": 1.0, "prompt": "The", "text": " mean\n\x1b[2Jis"}


class Event(msgspec.Struct, forbid_unknown_fields=False):
    """What every event has."""

    event: str
    step: int
    time: float


class Terminal(io.StringIO):
    """A standard error that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def run(shards: Path, out: Path, *track: str, resume: bool = False, **changes: Any) -> None:
    settings = TrainSettings(**{**SMALL, **changes})
    where = Where(out, resume, track=track, prompts=("The",), quiet=True)
    pretrain(small_config(), settings, shards, small_tokenizer(), where)


# metrics.jsonl -------------------------------------------------------------------------


def test_every_line_is_an_event_of_the_schema(shards: Path, tmp_path: Path) -> None:
    run(shards, tmp_path / "run")
    lines = (tmp_path / "run" / "metrics.jsonl").read_bytes().splitlines()
    events = [msgspec.json.decode(line, type=Event) for line in lines]
    assert [(event.event, event.step) for event in events] == [
        ("run", 0),
        *(("train", 2), ("train", 4), ("validation", 4), ("sample", 4)),
        *(("train", 6), ("train", 8), ("validation", 8), ("sample", 8)),
        ("finished", 8),
    ]
    assert {event.event for event in events} <= set(EVENTS)
    assert sorted(event.time for event in events) == [event.time for event in events]
    bodies = {event["event"]: event for event in map(json.loads, lines)}
    assert bodies["run"]["phase"] == "pretrain" and bodies["run"]["training_tokens"] > 0
    assert set(bodies["train"]) == set(TRAIN)
    assert bodies["train"]["tokens"] == 8 * 4 * 32
    assert set(bodies["validation"]) >= {"loss", "perplexity", "bits_per_byte"}
    assert bodies["sample"]["prompt"] == "The" and isinstance(bodies["sample"]["text"], str)
    assert read_events(tmp_path / "run" / "metrics.jsonl") == list(map(json.loads, lines))


def test_a_line_that_was_cut_short_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    whole = msgspec.json.encode(TRAIN) + b"\n"
    for cut in range(len(whole) - 1):
        path.write_bytes(whole + whole[:cut])
        assert read_events(path) == [TRAIN]
    path.write_bytes(whole + whole[:-1])  # only the line break is missing
    assert read_events(path) == [TRAIN, TRAIN]
    path.write_bytes(whole + b"\0" * 40)  # as some file systems leave it after a power cut
    assert read_events(path) == [TRAIN]


@pytest.mark.parametrize("line", [b"{", b"[1]", b"\xff", b'{"step": 1}', b'{"event": "train"}'])
def test_a_damaged_line_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "metrics.jsonl"
    whole = msgspec.json.encode(TRAIN) + b"\n"
    path.write_bytes(whole + line + b"\n" + whole)
    with pytest.raises(InputError, match=r"metrics\.jsonl:2: is no event; remove that line"):
        read_events(path)


def test_a_resumed_run_drops_what_is_about_to_happen_again(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    events = [{**TRAIN, "step": step} for step in (2, 4, 6)]
    path.write_bytes(b"".join(msgspec.json.encode(event) + b"\n" for event in events) + b'{"ev')
    lines = JsonLines(tmp_path, resumed_at=4)
    lines.log({**TRAIN, "step": 5})
    lines.close()
    assert [event["step"] for event in read_events(path)] == [2, 4, 5]
    # a run that begins in a folder drops nothing
    lines = JsonLines(tmp_path, resumed_at=None)
    lines.log({**TRAIN, "step": 1})
    lines.close()
    assert [event["step"] for event in read_events(path)] == [2, 4, 5, 1]


def test_a_finished_run_that_is_resumed_ends_once(shards: Path, tmp_path: Path) -> None:
    run(shards, tmp_path / "run")
    run(shards, tmp_path / "run", resume=True)
    kinds = [event["event"] for event in read_events(tmp_path / "run" / "metrics.jsonl")]
    assert kinds.count("finished") == 1 and kinds.count("validation") == 2


# TensorBoard ---------------------------------------------------------------------------


def curves(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard shows, read by its own reader."""
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    accumulator = reader.EventAccumulator(str(folder))
    accumulator.Reload()
    return {
        tag: [(event.step, event.value) for event in accumulator.Scalars(tag)]
        for tag in accumulator.Tags()["scalars"]
    }


def test_tensorboard_shows_the_numbers_of_the_events(shards: Path, tmp_path: Path) -> None:
    run(shards, tmp_path / "run", "tensorboard")
    shown = curves(tmp_path / "run" / "tensorboard")
    for event in read_events(tmp_path / "run" / "metrics.jsonl"):
        if event["event"] in ("train", "validation"):
            for name in ("loss", "tokens", "bits_per_byte", "learning_rate"):
                if name in event:
                    points = dict(shown[f"{event['event']}/{name}"])
                    assert points[event["step"]] == pytest.approx(event[name], rel=1e-6)
    assert [step for step, _ in shown["train/loss"]] == [2, 4, 6, 8]


def test_tensorboard_shows_each_step_of_a_resumed_run_once(shards: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    run(shards, out, "tensorboard")
    (out / "checkpoints" / "step-00000008").rename(tmp_path / "away")
    run(shards, out, "tensorboard", resume=True)
    assert [step for step, _ in curves(out / "tensorboard")["train/loss"]] == [2, 4, 6, 8]


# Weights & Biases ----------------------------------------------------------------------


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    for name in ("WANDB_CONFIG_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))


def test_weights_and_biases_works_offline(shards: Path, tmp_path: Path, offline: None) -> None:
    out = tmp_path / "run"
    run(shards, out, "wandb", minutes=1e-6)
    run(shards, out, "wandb", resume=True)
    records = sorted((out / "wandb").glob("offline-run-*/run-*.wandb"))
    assert len(records) == 2
    # both belong to one run
    assert {path.stem for path in records} == {f"run-{(out / 'wandb-id').read_text()}"}
    losses = {
        event["step"]: event["loss"]
        for event in read_events(out / "metrics.jsonl")
        if event["event"] == "train"
    }
    deadline = time.monotonic() + 20
    while scalars_of(records[1]).keys() != losses.keys() and time.monotonic() < deadline:
        time.sleep(0.2)  # a process of wandb's own writes the file, a moment later
    assert scalars_of(records[1]) == pytest.approx(losses)


def scalars_of(path: Path) -> dict[int, float]:
    """The training losses by step in the record of an offline run.

    The file is a log as LevelDB writes it: after 7 bytes, blocks of 32 KiB with pieces that
    have a header of checksum (4 bytes), length (2) and kind (1: whole, 4: last piece).
    """
    from wandb.proto import wandb_internal_pb2

    content, place, whole, found = path.read_bytes(), 7, b"", {}
    while place + 7 <= len(content):
        left = 32768 - place % 32768
        if left < 7:
            place += left
            continue
        length, kind = struct.unpack_from("<HB", content, place + 4)
        whole += content[place + 7 : place + 7 + length]
        place += 7 + length
        if kind not in (1, 4):
            continue
        record = wandb_internal_pb2.Record()
        record.ParseFromString(whole)
        whole = b""
        values = {
            item.key or "/".join(item.nested_key): json.loads(item.value_json)
            for item in record.history.item
        }
        if "train/loss" in values:
            found[values["_step"]] = values["train/loss"]
    return found


def test_weights_and_biases_without_an_account_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import wandb

    def refuse(**settings: Any) -> None:
        raise wandb.errors.UsageError("No API key configured")

    monkeypatch.setattr(wandb, "init", refuse)
    with pytest.raises(InputError, match=r"No API key configured.*WANDB_MODE=offline"):
        open_trackers(tmp_path, ("wandb",), {}, total=1, resumed_at=None, quiet=True)


# which trackers there are --------------------------------------------------------------


def test_a_tracker_that_is_not_there_is_refused_before_the_run(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="there is no tracker 'mlflow'; give tensorboard or wandb"):
        run(shards, tmp_path / "run", "mlflow")
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(InputError, match="tensorboard is not installed; pip install tensorboard"):
        run(shards, tmp_path / "run", "tensorboard")
    assert not (tmp_path / "run").exists()
    check_trackers(())


# standard error ------------------------------------------------------------------------


def test_quiet_says_nothing(
    shards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(shards, tmp_path / "run")
    assert capsys.readouterr() == ("", "")


def test_a_run_tells_what_it_does(
    shards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = Where(tmp_path / "run", prompts=("The",))
    pretrain(small_config(), TrainSettings(**SMALL), shards, small_tokenizer(), where)
    lines = capsys.readouterr().err.splitlines()
    assert re.fullmatch(
        r"pretrain: [\d,]+ parameters; [\d,]+ training tokens, [\d,]+ held out tokens; "
        r"8 steps of 4 sequences \([\d.e-]+ times through\)",
        lines[0],
    )
    assert re.fullmatch(
        r"step 2/8  loss \d\.\d{4}  lr \d\.\d\de-0\d  [\d,]+ tokens/s  MFU \d+%  \d+ s left",
        lines[1],
    )
    assert lines[3].startswith("step 4  validation: loss ")
    assert lines[4].startswith("  The → ")
    assert not any("\x1b" in line or "\r" in line for line in lines)


def in_a_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a terminal of that width gets from a few events."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr("havoc.train.tracking._columns", lambda: columns)
    line = ProgressLine(60)
    line.log({"event": "run", "step": 0, "time": 0.0})
    for event in (TRAIN, TRAIN, VALIDATION, SAMPLE, TRAIN):
        line.log(event)
    line.close()
    line.close()
    return terminal.getvalue()


def test_in_a_terminal_one_line_is_rewritten(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = in_a_terminal(120, monkeypatch)
    text = "step 30/60  loss 2.5000  lr 3.00e-04  12,346 tokens/s  MFU 42%  10 min left"
    assert shown.count(f"\r\x1b[K[##########..........] {text}") == 3
    assert "\r\x1b[Kstep 30  validation: loss 2.25  bits per byte 1.5\n" in shown
    # what the network wrote cannot steer the terminal
    assert "\n  The → mean [2Jis\n" in shown
    assert shown.count("\n") == 3 and shown.endswith("\n")


@pytest.mark.parametrize(("columns", "bar"), [(89, "[#####.....] "), (84, "[##...] "), (80, "")])
def test_a_narrow_terminal_has_room_for_what_matters(
    columns: int, bar: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = re.split(r"\r\x1b\[K|\n", in_a_terminal(columns, monkeypatch))
    assert lines[1].startswith(f"{bar}step 30/60") and lines[1].endswith("10 min left")
    assert len(lines[1]) < columns
    assert max(map(len, re.split(r"\r\x1b\[K|\n", in_a_terminal(40, monkeypatch)))) < 60


@pytest.mark.parametrize(
    ("seconds", "said"), [(5.0, "5 s left"), (600.0, "10 min left"), (9000.0, "2.5 h left")]
)
def test_the_time_left_is_readable(
    seconds: float, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ProgressLine(60).log({**TRAIN, "seconds_left": seconds})
    assert capsys.readouterr().err.endswith(f"MFU 42%  {said}\n")
