"""Where a run lies and what it needs beside it. No torch."""

from __future__ import annotations

import os
from pathlib import Path

from havoc.errors import InputError


def check_writable(folder: Path) -> None:
    """Raise InputError unless ``folder``, or the nearest that exists above, takes new entries."""
    place = folder.absolute()
    while not (place.exists() or place.is_symlink()):
        place = place.parent
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        why = "not writable" if place.is_dir() else "no folder"
        raise InputError(f"{place} is {why}", where=str(folder), remedy="name another --out")


def recorded_path(folder: Path, path: Path) -> str:
    """How ``run.json`` of ``folder`` names a path: within the run folder, or as a whole."""
    whole, base = path.resolve(), folder.resolve()
    return str(whole.relative_to(base) if whole.is_relative_to(base) else whole)


def located(folder: Path, recorded: str) -> Path:
    """Where a path of ``run.json`` lies now. InputError where it is no longer there."""
    for path in (folder / recorded, Path(recorded)):
        if path.exists():
            return path
    raise InputError(
        "is no longer there, and the run needs it",
        where=recorded,
        remedy="put it back, or name where it lies now with the option that it came with",
    )
