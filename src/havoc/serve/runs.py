"""Training runs as their folders tell: what each is about, and where it stands. No torch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from havoc.text import printable

RUN = "run.json"
METRICS = "metrics.jsonl"
MOST = 200
TAIL_BYTES = 65_536
TEXT_LIMIT = 200


def listed(folder: str) -> list[dict[str, Any]]:
    """The runs directly below ``folder``, the latest first. What cannot be read says so."""
    try:
        entries = [entry for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    runs = [Path(entry.path) for entry in entries if (Path(entry.path) / RUN).is_file()]
    runs.sort(key=lambda path: (path / RUN).stat().st_mtime, reverse=True)
    return [_described(path) for path in runs[:MOST]]


def _described(path: Path) -> dict[str, Any]:
    body: dict[str, Any] = {"name": printable(path.name, TEXT_LIMIT)}
    try:
        about = msgspec.json.decode((path / RUN).read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError, msgspec.ValidationError, RecursionError):
        return {**body, "state": "damaged"}
    body["phase"] = printable(about.get("phase", ""), TEXT_LIMIT)
    body["parameters"] = about.get("config")
    body["bundle"] = (path / "bundle").is_dir()
    last = _last_event(path / METRICS)
    body["state"] = {"finished": "finished", "failed": "failed", "stopped": "stopped"}.get(
        str(last.get("event", "")), "running or interrupted"
    )
    body["step"] = last.get("step", 0)
    body["last"] = {
        name: printable(value, TEXT_LIMIT) if isinstance(value, str) else value
        for name, value in last.items()
    }
    return body


def _last_event(path: Path) -> dict[str, Any]:
    """The last whole line of the run's events."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL_BYTES))
            lines = file.read().split(b"\n")
    except OSError:
        return {}
    for line in reversed(lines[:-1]):
        try:
            return msgspec.json.decode(line, type=dict[str, Any])
        except (msgspec.DecodeError, msgspec.ValidationError, RecursionError):
            continue
    return {}
