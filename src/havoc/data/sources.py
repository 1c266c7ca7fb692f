"""Documents out of files and folders, streamed one at a time."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from havoc.configuration import meant
from havoc.data.streams import COMPRESSIONS, read_lines, read_text
from havoc.errors import InputError

TEXT_SUFFIXES = (".txt", ".md")
RECORD_SUFFIXES = (".jsonl", ".json")

_HALF_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")

# Files that hold evaluation items carry this in their name, in capital letters.
EVALUATION_MARK = "TEST"


@dataclass(frozen=True, slots=True)
class Document:
    """One text with where it comes from and the terms it stands under."""

    text: str
    id: str
    source: str
    licence: str


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of a source: where it lies, and its name relative to the source."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class SourceFiles:
    """The files of a source in reading order, and those left out with the reason."""

    files: tuple[SourceFile, ...]
    skipped: tuple[tuple[str, str], ...]


def is_evaluation(path: str | os.PathLike[str]) -> bool:
    """Whether the file's name says that it is for evaluation only."""
    return EVALUATION_MARK in PurePath(path).name


def kind(name: str) -> str | None:
    """Whether a file of this name is "text" or "records"; None for anything else."""
    bare = name.lower()
    for compression in COMPRESSIONS:
        bare = bare.removesuffix(compression)
    if bare.endswith(TEXT_SUFFIXES):
        return "text"
    return "records" if bare.endswith(RECORD_SUFFIXES) else None


def source_files(path: str | os.PathLike[str]) -> SourceFiles:
    """The files that ``read_source`` reads: ``path`` itself or, sorted, those below a folder.

    In a folder, evaluation files and files of other types are left out and listed.
    InputError: missing, of another type, for evaluation only, or nothing to read.
    """
    place = Path(path)
    if place.is_dir():
        return _folder_files(place)
    if not place.exists():
        raise InputError("does not exist", where=str(place), remedy="check the path of the source")
    if is_evaluation(place):
        raise InputError(
            f"is for evaluation only ({EVALUATION_MARK} in its name) and never trained on",
            where=str(place),
            remedy="leave it out of the sources; name it under decontaminate",
        )
    if kind(place.name) is None:
        raise InputError(
            "is not a file of a known type",
            where=str(place),
            remedy="sources are .txt, .md, .jsonl or .json files, also with .gz or .zst",
        )
    return SourceFiles((SourceFile(place, place.name),), ())


def _folder_files(folder: Path) -> SourceFiles:
    files: list[SourceFile] = []
    skipped: list[tuple[str, str]] = []
    for name in sorted(_names_below(folder)):
        if is_evaluation(name):
            skipped.append((name, "for evaluation only"))
        elif kind(name) is None:
            skipped.append((name, "not a file of a known type"))
        else:
            files.append(SourceFile(folder / name, name))
    if not files:
        raise InputError(
            "holds nothing to train on",
            where=str(folder),
            remedy="put .txt, .md or .jsonl files there (also .gz or .zst), or name another folder",
        )
    return SourceFiles(tuple(files), tuple(skipped))


def _names_below(folder: Path) -> Iterator[str]:
    """Names relative to ``folder`` of all files below it that are not hidden."""

    def refuse(error: OSError) -> None:
        raise InputError(
            f"cannot be listed ({error.strerror or error})",
            where=str(error.filename or folder),
            remedy="check its permissions",
        ) from None

    for place, directories, names in os.walk(folder, onerror=refuse):
        directories[:] = [name for name in directories if not name.startswith(".")]
        for name in names:
            if not name.startswith("."):
                yield (Path(place) / name).relative_to(folder).as_posix()


def read_source(path: str | os.PathLike[str], text_field: str = "text") -> Iterator[Document]:
    """The documents of a file or folder, in order, holding one in memory at a time.

    A text file is one document; a JSONL file holds one a line, an object with
    ``text_field`` and, if it knows them, ``id``, ``source`` and ``licence``.
    InputError: see ``source_files``; also a damaged file, bad JSON, a missing field
    (with file and line), or no document at all.
    """
    found = False
    for file in source_files(path).files:
        for document in read_file(file, text_field):
            found = True
            yield document
    if not found:
        raise InputError(
            "holds no document", where=str(path), remedy="name a source that is not empty"
        )


def read_file(file: SourceFile, text_field: str = "text") -> Iterator[Document]:
    """The documents of one file of a source; a file without any yields nothing."""
    if kind(file.path.name) == "text":
        text = read_text(file.path)
        if text.strip():
            yield Document(text, file.name, file.name, "unknown")
        return
    for number, line in read_lines(file.path):
        where = f"{file.path}:{number}"
        yield _document(parse_object(line, where), file.name, number, where, text_field)


def parse_object(line: str, where: str) -> dict[str, Any]:
    """The JSON object on one line. InputError naming ``where`` for anything else."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        detail = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise InputError(
            f"is not JSON ({detail})", where=where, remedy="write one JSON object on each line"
        ) from None
    if not isinstance(record, dict):
        raise InputError(
            f"is a JSON {type(record).__name__}, not an object",
            where=where,
            remedy="write one JSON object on each line",
        )
    if _HALF_SURROGATE.search(line):
        _refuse_half_surrogates(record, where)
    return record


def _refuse_half_surrogates(record: dict[str, Any], where: str) -> None:
    """JSON can escape half of a surrogate pair, which is no character and not UTF-8."""
    try:
        json.dumps(record, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise InputError(
            "holds half of a surrogate pair (\\ud800 to \\udfff), which is no Unicode text",
            where=where,
            remedy="write the file again as UTF-8",
        ) from None


def _document(
    record: dict[str, Any], name: str, number: int, where: str, text_field: str
) -> Document:
    if text_field not in record:
        remedy = meant(text_field, map(str, record), f"it has: {', '.join(record) or 'none'}")
        raise InputError(f"the record has no field {text_field!r}", where=where, remedy=remedy)
    text = record[text_field]
    if not isinstance(text, str):
        raise InputError(
            f"field {text_field!r} is not a text",
            where=where,
            remedy="write the document as a JSON string",
        )
    licence = record.get("licence", record.get("license"))
    return Document(
        text,
        str(record.get("id", f"{name}:{number}")),
        str(record.get("source", name)),
        str(licence) if licence else "unknown",
    )
