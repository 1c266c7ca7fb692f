"""A folder, or a large file, that appears complete or not at all."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from havoc.errors import InputError
from havoc.files import sync_directory, sync_file

TEMPORARY = ".havoc-"


class NewFolder:
    """A folder that is being written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, content: bytes | Iterable[bytes | memoryview]) -> str:
        """Write one file, wait until it is on the disk, and return its SHA-256."""
        digest = hashlib.sha256()
        with (self.path / name).open("wb") as stream:
            for chunk in (content,) if isinstance(content, bytes) else content:
                stream.write(chunk)
                digest.update(chunk)
            stream.flush()
            os.fsync(stream.fileno())
        return digest.hexdigest()


@contextmanager
def new_folder(path: str | os.PathLike[str]) -> Iterator[NewFolder]:
    """Fill a temporary folder beside ``path``; it takes that name when the block ends well.

    What was there under that name before stays until then. Raises InputError where it cannot
    be written (no space, no permission), and leaves nothing behind.
    """
    target = Path(path)
    temporary = target.parent / f"{TEMPORARY}{secrets.token_hex(8)}.tmp"
    old = target.parent / f"{TEMPORARY}{secrets.token_hex(8)}.old"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir()
        yield NewFolder(temporary)
        sync_directory(temporary)
        if target.exists():
            os.rename(target, old)
        os.rename(temporary, target)
        sync_directory(target.parent)
    except OSError as error:
        if not target.exists() and old.exists():
            os.rename(old, target)
        raise InputError(
            f"cannot be written ({error.strerror or error})",
            where=str(target),
            remedy="free space, or name a place that is writable",
        ) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)


@contextmanager
def new_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """The temporary name of a file to write; it becomes ``path`` when the block ends well.

    Raises InputError where it cannot be written, and leaves nothing behind.
    """
    target = Path(path)
    temporary = target.parent / f"{TEMPORARY}{secrets.token_hex(8)}.part"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        sync_file(temporary)
        os.replace(temporary, target)
        sync_directory(target.parent)
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror or error})",
            where=str(target),
            remedy="free space, or name a place that is writable",
        ) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def remove_folder(path: Path) -> None:
    """Remove a folder as a whole: a process killed meanwhile leaves no half of it by its name."""
    temporary = path.parent / f"{TEMPORARY}{secrets.token_hex(8)}.tmp"
    with suppress(OSError):
        os.rename(path, temporary)
        shutil.rmtree(temporary, ignore_errors=True)


def remove_leftovers(parent: Path) -> None:
    """Remove what a killed process left half-written in ``parent``."""
    for entry in parent.glob(f"{TEMPORARY}*.tmp"):
        shutil.rmtree(entry, ignore_errors=True)
