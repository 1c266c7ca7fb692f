"""The network that comes with the package: the planner's, trained on questions."""

from __future__ import annotations

from importlib import resources
from pathlib import Path


def shipped_bundle() -> Path | None:
    """Its folder; None where the package was made without it."""
    folder = Path(str(resources.files("havoc"))) / "reason" / "planner"
    return folder if folder.is_dir() else None
