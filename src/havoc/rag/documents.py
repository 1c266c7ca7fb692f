"""A document as the knowledge base takes it: blocks of text under headings, with limits.

A document is untrusted. Reading one never runs it, never opens a second file and never
goes to the network; what is too large or not what its name says is refused in one line.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Literal

import msgspec

from havoc.errors import InputError
from havoc.text import printable

MAX_FILE_BYTES = 64_000_000
MAX_TEXT = 20_000_000
MAX_FILES = 20_000
ID_LENGTH = 200

Kind = Literal["heading", "text", "code", "item"]


class Block(msgspec.Struct, frozen=True):
    """A paragraph, list item, piece of code, or heading. ``page`` counts from 1; 0 is none."""

    text: str
    kind: Kind = "text"
    level: int = 0
    page: int = 0


class Document(msgspec.Struct, kw_only=True):
    """What is indexed as one unit: updated, removed and cited under its ``id``."""

    id: str
    title: str
    blocks: list[Block]
    source: str = ""
    licence: str = ""
    warnings: list[str] = []


def read_document(
    path: str | os.PathLike[str], *, id: str = "", title: str = "", source: str = "",
    licence: str = "",
) -> Document:  # fmt: skip
    """Read a text, Markdown, HTML, PDF or DOCX file.

    ``id`` defaults to the file name, ``title`` to the first heading, ``source`` to the id.
    Raises InputError: not a regular file, of no known kind, too large, damaged.
    """
    place = _regular_file(path)
    kind = KINDS.get(place.suffix.lower())
    if kind is None:
        raise InputError(
            f"documents of the kind {printable(place.suffix, 20) or 'without an ending'} are not "
            "read",
            where=_named(place),
            remedy=f"save it as one of {', '.join(KINDS)}",
        )
    blocks, warnings = _blocks_of(place, kind)
    if not any(block.kind != "heading" and block.text.strip() for block in blocks):
        raise InputError(
            "holds no text",
            where=_named(place),
            remedy="a scan has to pass text recognition first" if kind == "pdf" else "check it",
        )
    name = clean_id(id or place.name)
    heading = next((block.text for block in blocks if block.kind == "heading"), "")
    return Document(
        id=name,
        title=printable(title or heading or place.stem, 200),
        blocks=blocks,
        source=printable(source or name, 500),
        licence=printable(licence, 200),
        warnings=warnings,
    )


def _blocks_of(place: Path, kind: str) -> tuple[list[Block], list[str]]:
    # Each reader is imported when a document needs it.
    if kind == "pdf":
        from havoc.rag.pdf_text import read_pdf

        return read_pdf(place)
    data = place.read_bytes()
    if kind == "docx":
        from havoc.rag.docx_text import read_docx

        return read_docx(data, _named(place)), []
    text, warnings = decoded(data, _named(place))
    if kind == "html":
        from havoc.rag.html_text import html_blocks

        return html_blocks(text), warnings
    from havoc.rag.plain_text import markdown_blocks, text_blocks

    return (markdown_blocks(text) if kind == "markdown" else text_blocks(text)), warnings


KINDS = {
    ".txt": "text",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".pdf": "pdf",
    ".docx": "docx",
}


def decoded(data: bytes, where: str) -> tuple[str, list[str]]:
    """UTF-8, or UTF-16 with its mark; otherwise Windows-1252 with a warning."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return _limited(data.decode("utf-16"), where), []
        except UnicodeDecodeError:
            raise InputError("is no valid UTF-16", where=where, remedy="save as UTF-8") from None
    if b"\0" in data:
        raise InputError("is no text file (it holds zero bytes)", where=where, remedy="check it")
    try:
        return _limited(data.decode("utf-8-sig"), where), []
    except UnicodeDecodeError as error:
        text = data.decode("cp1252", "replace")
        return _limited(text, where), [
            f"not UTF-8 (byte {error.start + 1}); read as Windows-1252, check its special signs"
        ]


def _limited(text: str, where: str) -> str:
    if len(text) > MAX_TEXT:
        raise InputError(
            f"has {len(text)} characters, at most {MAX_TEXT} are read",
            where=where,
            remedy="split it",
        )
    return text


def clean_id(text: str) -> str:
    """A document id from a name: relative, forward slashes, nothing that leads elsewhere."""
    parts = [
        printable(part)
        for part in PurePosixPath(text.replace("\\", "/")).parts
        if part not in ("/", "..", ".")
    ]
    name = "/".join(part for part in parts if part).replace("#", "_")[-ID_LENGTH:]
    if not name:
        raise InputError("is no document id", where=ascii(text)[:80], remedy="give letters")
    return name


def files_below(path: str | os.PathLike[str]) -> Iterator[tuple[Path, str]]:
    """(file, id) of one file, or of every readable file of a folder; links are not followed."""
    top = Path(path)
    if "\0" in os.fspath(path):
        raise InputError("is not a file name", where=ascii(os.fspath(path))[:80])
    if not top.is_dir():
        yield top, top.name
        return
    found = 0
    for folder, folders, names in os.walk(top, followlinks=False):
        folders.sort()
        for name in sorted(names):
            file = Path(folder) / name
            if file.suffix.lower() not in KINDS or file.is_symlink():
                continue
            found += 1
            if found > MAX_FILES:
                raise InputError(f"holds more than {MAX_FILES} documents", where=_named(top))
            yield file, file.relative_to(top).as_posix()


def _regular_file(path: str | os.PathLike[str]) -> Path:
    place = Path(path)
    try:
        status = place.stat()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a file name"
        raise InputError(
            f"cannot be read ({reason})", where=_named(place), remedy="check the path"
        ) from None
    if not stat.S_ISREG(status.st_mode):
        raise InputError("is not a regular file", where=_named(place), remedy="name a file")
    if status.st_size > MAX_FILE_BYTES:
        raise InputError(
            f"has {status.st_size} bytes, at most {MAX_FILE_BYTES} are read",
            where=_named(place),
            remedy="split it",
        )
    return place


def _named(place: Path) -> str:
    """The file name alone: an error says which document, not where it lies."""
    return printable(place.name, 120) or "document"
