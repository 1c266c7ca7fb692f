"""The network that comes with the package: the planner's, trained on questions."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path


def shipped_bundle() -> Path | None:
    """Its folder; None where the package was made without it.

    It lies beside the planner, which is found and not imported: an installation that is edited in
    place has its files in several folders.
    """
    found = find_spec("havoc.reason")
    places = [] if found is None else list(found.submodule_search_locations or ())
    folders = (Path(place) / "planner" for place in places)
    return next((folder for folder in folders if folder.is_dir()), None)
