"""Which kind of records files hold: conversations, or preferences. No torch."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from havoc.data.sources import kind, parse_object, source_files
from havoc.data.streams import read_lines
from havoc.errors import InputError

CONVERSATIONS, PREFERENCES = "conversations", "preferences"

Files = Sequence[str | os.PathLike[str]]


def record_kind(files: Files) -> str:
    """CONVERSATIONS or PREFERENCES, which all records of ``files`` are.

    A preference has ``chosen`` and ``rejected`` answers; a conversation has ``messages``, or a
    ``completion``. InputError naming file and line: a record that is both or neither, or of
    another kind than those before it.
    """
    first = found = ""
    for where, record in _kinds(files):
        first, found = first or where, found or record
        if record != found:
            raise InputError(
                f"holds {record}, but {first} holds {found}",
                where=where,
                remedy="polish on one kind of records at a time",
            )
    if not found:
        raise InputError("holds no record", where=str(files[0]), remedy="name a file with records")
    return found


def check_kind(files: Files, wanted: str, phase: str) -> None:
    """Raise InputError naming the first record of another kind than ``wanted``."""
    for where, record in _kinds(files):
        if record != wanted:
            remedy = "name files of that kind"
            if phase == "sft":
                remedy = "havoc train polish takes preferences"
            raise InputError(f"holds {record}, not {wanted}", where=where, remedy=remedy)


def _kinds(files: Files) -> Iterator[tuple[str, str]]:
    for path in files:
        for file in source_files(path).files:
            if kind(file.path.name) != "records":
                raise InputError(
                    "holds no records",
                    where=str(file.path),
                    remedy="name .jsonl files, also with .gz or .zst",
                )
            for number, line in read_lines(file.path):
                where = f"{file.path}:{number}"
                yield where, _kind_of(parse_object(line, where).keys(), where)


def _kind_of(fields: Iterable[str], where: str) -> str:
    names = set(fields)
    preference = bool(names & {"chosen", "rejected"})
    conversation = "completion" in names or ("messages" in names and not preference)
    if preference == conversation:
        both = "is both a conversation and a preference" if preference else "is no record"
        raise InputError(
            both,
            where=where,
            remedy="write prompt and completion, or messages, or prompt, chosen and rejected",
        )
    return PREFERENCES if preference else CONVERSATIONS
