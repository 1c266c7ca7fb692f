"""Events of a run: one schema, written as JSON lines and handed to every tracker. No torch.

An event is one flat object: ``event`` (run, train, validation, sample, saved, stopped,
finished), ``step``, ``time`` (seconds since the epoch) and named values.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any, Protocol

import msgspec

from havoc.errors import InputError
from havoc.files import write_atomic

METRICS = "metrics.jsonl"


class Tracker(Protocol):
    """Whatever wants to see the events of a run."""

    def log(self, event: dict[str, Any]) -> None:
        """Take one event."""

    def close(self) -> None:
        """The run ends."""


class JsonLines:
    """``metrics.jsonl``: every event, one a line."""

    def __init__(self, folder: Path, resumed_at: int | None) -> None:
        """After a resume, events later than the step that it resumes at are dropped: they are
        about to happen again."""
        path = folder / METRICS
        if resumed_at is not None and path.exists():
            kept = [event for event in read_events(path) if event["step"] <= resumed_at]
            write_atomic(path, b"".join(msgspec.json.encode(event) + b"\n" for event in kept))
        self._file = path.open("ab")

    def log(self, event: dict[str, Any]) -> None:
        self._file.write(msgspec.json.encode(event) + b"\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class TensorBoard:
    """Scalars for TensorBoard, under ``tensorboard/`` of the run."""

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise _missing("tensorboard") from None
        self._writer = SummaryWriter(str(folder / "tensorboard"))

    def log(self, event: dict[str, Any]) -> None:
        for name, value in event.items():
            if isinstance(value, float) and name != "time":
                self._writer.add_scalar(
                    f"{event['event']}/{name}", value, event["step"], walltime=event["time"]
                )
        if event["event"] == "sample":
            self._writer.add_text("sample", event["text"], event["step"])

    def close(self) -> None:
        self._writer.close()


class WeightsAndBiases:
    """Weights & Biases; without an account set WANDB_MODE=offline."""

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        try:
            import wandb
        except ImportError:
            raise _missing("wandb") from None
        self._run = wandb.init(dir=folder, project="havoc", name=folder.name, config=settings)

    def log(self, event: dict[str, Any]) -> None:
        values = {
            f"{event['event']}/{name}": value
            for name, value in event.items()
            if isinstance(value, float) and name != "time"
        }
        self._run.log(values, step=event["step"])

    def close(self) -> None:
        self._run.finish()


class ProgressLine:
    """One line on standard error, rewritten in a terminal, else written at each event."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._terminal = sys.stderr.isatty()

    def log(self, event: dict[str, Any]) -> None:
        if event["event"] == "train":
            text = (
                f"step {event['step']}/{self._total}  loss {event['loss']:.4f}  "
                f"lr {event['learning_rate']:.2e}  {event['tokens_per_second']:,.0f} tokens/s  "
                f"MFU {event['mfu']:.0%}  {_duration(event['seconds_left'])} left"
            )
            end = "" if self._terminal else "\n"
            print(f"\r\033[K{text}" if self._terminal else text, end=end, file=sys.stderr)
            sys.stderr.flush()
        elif event["event"] == "validation":
            start = "\r\033[K" if self._terminal else ""
            values = "  ".join(
                f"{name.replace('_', ' ')} {value:.4f}"
                for name, value in event.items()
                if isinstance(value, float) and name != "time"
            )
            print(f"{start}step {event['step']}  validation: {values}", file=sys.stderr)

    def close(self) -> None:
        if self._terminal:
            print(file=sys.stderr)


class Events:
    """Sends every event to every tracker."""

    def __init__(self, trackers: list[Tracker]) -> None:
        self._trackers = trackers

    def log(self, event: str, step: int, **values: Any) -> None:
        body = {"event": event, "step": step, "time": time.time(), **values}
        for tracker in self._trackers:
            tracker.log(body)

    def close(self) -> None:
        for tracker in self._trackers:
            tracker.close()


def open_trackers(
    folder: Path,
    names: tuple[str, ...],
    settings: dict[str, Any],
    *,
    total: int,
    resumed_at: int | None,
    quiet: bool,
) -> Events:
    """The trackers of a run. InputError for one that is not known or not installed."""
    trackers: list[Tracker] = [JsonLines(folder, resumed_at)]
    for name in names:
        if name == "tensorboard":
            trackers.append(TensorBoard(folder))
        elif name == "wandb":
            trackers.append(WeightsAndBiases(folder, settings))
        else:
            raise InputError(
                f"there is no tracker {name!r}", where="track", remedy="give tensorboard or wandb"
            )
    if not quiet:
        trackers.append(ProgressLine(total))
    return Events(trackers)


def read_events(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """The events of a ``metrics.jsonl``, without a last line that a killed process cut short."""
    lines = Path(path).read_bytes().split(b"\n")
    events = []
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            events.append(msgspec.json.decode(line, type=dict[str, Any]))
        except msgspec.DecodeError:
            if number >= len(lines) - 1:
                break
            raise InputError(
                "is no event", where=f"{path}:{number}", remedy="restore the file from a copy"
            ) from None
    return events


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _missing(package: str) -> InputError:
    return InputError(f"{package} is not installed", where="track", remedy=f"pip install {package}")
