"""Reading small files that anybody may have written: bounded, and never trusted to be whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from havoc.errors import InputError

LARGEST_JSON = 64 << 20


def read_file(path: Path, most: int = LARGEST_JSON) -> bytes:
    """The content of a file of at most ``most`` bytes. InputError if it cannot be had."""
    try:
        with path.open("rb") as stream:
            content = stream.read(most + 1)
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", where=str(path), remedy="check the path"
        ) from None
    if len(content) > most:
        raise InputError(
            f"is larger than {most >> 20} MiB", where=str(path), remedy="check that it is the file"
        )
    return content


def json_object(content: bytes, where: str) -> dict[str, Any]:
    """The JSON object of a text. InputError, with ``where``, if it is none."""
    try:
        return msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InputError(
            "is no JSON object", where=where, remedy="get the file again from its source"
        ) from None


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file. InputError if there is none."""
    return json_object(read_file(path), str(path))
