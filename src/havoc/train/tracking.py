"""Events of a run: one schema, written as JSON lines and handed to every tracker. No torch.

An event is one flat object: ``event`` (one of EVENTS), ``step`` (optimiser steps done),
``time`` (seconds since the epoch) and named values: texts, numbers, yes or no.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import msgspec

from havoc.errors import InputError
from havoc.files import write_atomic
from havoc.text import printable, shorten

METRICS = "metrics.jsonl"
EVENTS = ("run", "train", "validation", "sample", "stopped", "failed", "finished")
TRACKERS = ("tensorboard", "wandb")
WANDB_ID = "wandb-id"
LEAST_BAR, MOST_BAR = 4, 20
SAMPLE_WIDTH = 160


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
        about to happen again, as is the end."""
        path = folder / METRICS
        if resumed_at is not None and path.exists():
            kept = [
                event
                for event in read_events(path)
                if event["step"] <= resumed_at and event["event"] != "finished"
            ]
            write_atomic(path, b"".join(msgspec.json.encode(event) + b"\n" for event in kept))
        self._file = path.open("ab")

    def log(self, event: dict[str, Any]) -> None:
        self._file.write(msgspec.json.encode(event) + b"\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class TensorBoard:
    """Scalars for TensorBoard, under ``tensorboard/`` of the run."""

    def __init__(self, folder: Path, resumed_at: int | None) -> None:
        """After a resume, TensorBoard hides what was written later than that step."""
        from torch.utils.tensorboard import SummaryWriter

        purged = None if resumed_at is None else resumed_at + 1
        self._writer = SummaryWriter(str(folder / "tensorboard"), purge_step=purged)

    def log(self, event: dict[str, Any]) -> None:
        for name, value in _scalars(event).items():
            self._writer.add_scalar(name, value, event["step"], walltime=event["time"])
        if event["event"] == "sample":
            text = f"{event['prompt']} → {event['text']}"
            self._writer.add_text("sample", text, event["step"], walltime=event["time"])

    def close(self) -> None:
        self._writer.close()


class WeightsAndBiases:
    """Weights & Biases; without an account set WANDB_MODE=offline."""

    def __init__(self, folder: Path, settings: dict[str, Any], quiet: bool) -> None:
        """A resumed run goes on as the same run there. InputError where it cannot start."""
        import wandb

        identity = folder / WANDB_ID
        number = identity.read_text() if identity.exists() else secrets.token_hex(4)
        try:
            self._run = wandb.init(
                dir=folder,
                project="havoc",
                name=folder.resolve().name,
                config=settings,
                id=number,
                resume="allow",
                settings=wandb.Settings(silent=quiet),
            )
        except wandb.Error as error:
            raise InputError(
                f"cannot start ({error})",
                where="track wandb",
                remedy="log in with wandb login, or set WANDB_MODE=offline",
            ) from None
        write_atomic(identity, number.encode())

    def log(self, event: dict[str, Any]) -> None:
        values = _scalars(event)
        if values:
            self._run.log(values, step=event["step"])

    def close(self) -> None:
        self._run.finish()


class ProgressLine:
    """Standard error: in a terminal one line that is rewritten, else one line an event."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._terminal = sys.stderr.isatty()
        self._open = False

    def log(self, event: dict[str, Any]) -> None:
        if event["event"] == "train":
            self._show(self._training(event), event["step"] / self._total)
        elif event["event"] == "validation":
            values = "  ".join(
                f"{name.replace('_', ' ')} {value:.4g}"
                for name, value in event.items()
                if isinstance(value, float) and name != "time"
            )
            self._write(f"step {event['step']}  validation: {values}")
        elif event["event"] == "sample":
            text = f"  {printable(event['prompt'])} → {printable(event['text'])}"
            self._write(shorten(text, SAMPLE_WIDTH))

    def close(self) -> None:
        if self._open:
            print(file=sys.stderr)
            self._open = False

    def _training(self, event: dict[str, Any]) -> str:
        return (
            f"step {event['step']}/{self._total}  loss {event['loss']:.4f}  "
            f"lr {event['learning_rate']:.2e}  {event['tokens_per_second']:,.0f} tokens/s  "
            f"MFU {event['mfu']:.0%}  {_duration(event['seconds_left'])} left"
        )

    def _show(self, text: str, done: float) -> None:
        """A line that the next one takes the place of, where that is possible."""
        if not self._terminal:
            print(text, file=sys.stderr, flush=True)
            return
        columns = _columns() - 1  # a line that wraps could not be taken back
        bar = min(MOST_BAR, columns - len(text) - len("[] "))
        if bar >= LEAST_BAR:
            filled = round(bar * done)
            text = f"[{'#' * filled}{'.' * (bar - filled)}] {text}"
        print(f"\r\033[K{shorten(text, columns)}", end="", file=sys.stderr, flush=True)
        self._open = True

    def _write(self, text: str) -> None:
        """A line that stays."""
        start = "\r\033[K" if self._open else ""
        print(f"{start}{text}", file=sys.stderr, flush=True)
        self._open = False


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
    check_trackers(names)
    trackers: list[Tracker] = [JsonLines(folder, resumed_at)]
    if "tensorboard" in names:
        trackers.append(TensorBoard(folder, resumed_at))
    if "wandb" in names:
        trackers.append(WeightsAndBiases(folder, settings, quiet))
    if not quiet:
        trackers.append(ProgressLine(total))
    return Events(trackers)


def check_trackers(names: Sequence[str]) -> None:
    """Raise InputError for a tracker that is not known, or whose package is not installed."""
    for name in names:
        if name not in TRACKERS:
            raise InputError(
                f"there is no tracker {name!r}",
                where="track",
                remedy=f"give {' or '.join(TRACKERS)}",
            )
        if importlib.util.find_spec(name) is None:
            raise InputError(
                f"{name} is not installed", where="track", remedy=f"pip install {name}"
            )


def read_events(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """The events of a ``metrics.jsonl``, without a last line that a killed process cut short.

    Raises InputError naming file and line for anything else that is no event.
    """
    lines = Path(path).read_bytes().split(b"\n")
    events = []
    for number, line in enumerate(lines, 1):
        event: Any = None
        with suppress(msgspec.DecodeError, RecursionError):
            event = msgspec.json.decode(line)
        if isinstance(event, dict) and type(event.get("step")) is int and "event" in event:
            events.append(event)
        elif line and number < len(lines):  # the last piece ends without a line break
            raise InputError(
                "is no event", where=f"{path}:{number}", remedy="remove that line, and resume"
            )
    return events


def _scalars(event: dict[str, Any]) -> dict[str, float]:
    """The numbers of an event that make a curve, under the names that trackers show."""
    if event["event"] not in ("train", "validation"):
        return {}
    return {
        f"{event['event']}/{name}": value
        for name, value in event.items()
        if isinstance(value, int | float) and name not in ("step", "time", "seconds_left")
    }


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):  # a terminal that has no size, or is none after all
        return 80


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
