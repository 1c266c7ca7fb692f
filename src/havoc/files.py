"""Writing a file so that nothing half-written is ever seen under its name."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from havoc.errors import InputError


def write_atomic(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write ``data`` to ``path``: a temporary file beside it, fsync, rename.

    Whoever reads ``path`` sees the old content or the new, never a part of it,
    also after a power cut. Raises InputError if the place cannot be written.
    """
    if "\0" in os.fspath(path):
        raise InputError(
            "is not a file name", where=ascii(os.fspath(path)), remedy="give another name"
        )
    # Through a symbolic link, the file that it names is replaced, not the link.
    target = Path(os.path.realpath(path))
    if os.path.isdir(target):
        raise InputError("is a directory", where=str(path), remedy="give the name of a file")
    if os.path.exists(target) and not os.path.isfile(target):
        raise InputError("is not a regular file", where=str(path), remedy="give another name")
    temporary = target.parent / f".havoc-{secrets.token_hex(8)}.tmp"
    try:
        # Created as any new file is, so that the umask decides who may read it.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(target):
            os.chmod(temporary, os.stat(target).st_mode & 0o777)
        os.replace(temporary, target)
        sync_directory(target.parent)
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror or error})",
            where=str(path),
            remedy="give a path in a directory that exists, is writable and has space left",
        ) from None
    finally:
        with suppress(OSError):
            os.unlink(temporary)
    return target


def sync_directory(directory: Path) -> None:
    """Make the rename itself durable. Some file systems cannot, and that is no failure."""
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sync_file(path: Path) -> None:
    """Wait until the content of a file is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
