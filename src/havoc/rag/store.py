"""Where bases lie, who may write one, and how a new generation takes the place of the old.

    HOME/NAME/CURRENT           the name of the generation in force
    HOME/NAME/generation-…/     generations; those not in force are removed by the next writer
    HOME/NAME/lock              held while a writer works; a killed writer lets go of it

A killed writer leaves an unnamed generation behind and the named one untouched.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path

from havoc.errors import InputError
from havoc.files import sync_directory, write_atomic
from havoc.rag.index import Index

BUILTIN = "builtin"
HOME_VARIABLE = "HAVOC_HOME"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_GENERATION = re.compile(r"generation-[0-9]{6}-[0-9a-f]{8}")
KEPT = 1


def home() -> Path:
    """The folder of all bases: HAVOC_HOME/kb, else the user's data folder."""
    if chosen := os.environ.get(HOME_VARIABLE):
        return Path(chosen) / "kb"
    if os.name == "nt":
        data = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    else:
        data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(data) / "havoc" / "kb"


def place_of(name: str, folder: Path | None = None) -> Path:
    """The folder of a base. InputError: a name that is none, or leads elsewhere."""
    if name == BUILTIN:
        return Path(str(files("havoc.rag").joinpath(BUILTIN)))
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{ascii(name)[:60]} is no name for a knowledge base",
            where="kb",
            remedy="use small letters, digits, - and _",
        )
    return (folder or home()) / name


def names(folder: Path | None = None) -> list[str]:
    """The bases there are, the built-in one first."""
    top = folder or home()
    own = sorted(path.parent.name for path in top.glob("*/CURRENT")) if top.is_dir() else []
    return [BUILTIN, *own]


def current(place: Path) -> Path | None:
    """The generation in force, or None for a base without one."""
    try:
        named = (place / "CURRENT").read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    if not _GENERATION.fullmatch(named):
        raise InputError(
            "the index is damaged (CURRENT names no generation)",
            where=f"knowledge base {place.name}",
            remedy="remove the base and add its documents again",
        )
    return place / named


def open_current(place: Path) -> Index | None:
    """The index in force. It is read again where a writer has just replaced it."""
    for attempt in (1, 2, 3):
        generation = current(place)
        if generation is None:
            return None
        try:
            return Index(generation)
        except InputError:
            if attempt == 3 or current(place) == generation:
                raise
    return None


def new_generation(place: Path) -> Path:
    """A name for the next generation; nothing is created."""
    now = current(place)
    number = int(now.name.split("-")[1]) + 1 if now is not None else 1
    return place / f"generation-{number:06d}-{secrets.token_hex(4)}"


def put_in_force(place: Path, generation: Path) -> None:
    """Name ``generation`` as the one that is read, then remove those before the last."""
    sync_directory(generation)
    before = current(place)
    write_atomic(place / "CURRENT", f"{generation.name}\n".encode("ascii"))
    for path in place.glob("generation-*"):
        # Who has just read the old name may still open it.
        if path not in (generation, before):
            with suppress(OSError):
                shutil.rmtree(path)


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Hold the lock of a base. InputError: built in, not writable, another writer at work."""
    if place.name == BUILTIN:
        raise InputError(
            "the built-in base cannot be changed",
            where=f"knowledge base {BUILTIN}",
            remedy="add your documents to a base of your own with --kb NAME",
        )
    try:
        place.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(place / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror or error})",
            where=f"knowledge base {place.name}",
            remedy=f"name another folder with {HOME_VARIABLE}",
        ) from None
    try:
        try:
            _lock(descriptor)
        except OSError:
            raise InputError(
                "is being changed by another process",
                where=f"knowledge base {place.name}",
                remedy="wait until it is done",
            ) from None
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
