"""Training records as they stand in JSONL files, checked field by field.

A record for fine-tuning is one of

* ``{"prompt": text, "completion": answer}``, with ``"system"`` and ``"tool_calls"`` if wanted;
  the calls come before the completion, which they lead to
* ``{"messages": [{"role": "system"|"user"|"assistant"|"tool", "content": …}]}``; an
  assistant's ``"tool_calls"`` come after its content

An answer is a text or a list of segments: ``{"reason": text}``, ``{"tool": {"tool": name,
"args": {…}}}``, ``{"result": anything}`` (what the runtime writes back), ``{"text": text}``.
A record of a preference has ``"chosen"`` and ``"rejected"`` answers instead of a completion,
or beside messages. With ``"slots": true`` slot tokens such as ``<d0>`` in its texts count.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from havoc.configuration import refuse_unknown
from havoc.data.sources import kind, parse_object, source_files
from havoc.data.streams import read_lines
from havoc.errors import InputError
from havoc.tokenizer.conversation import ROLES, Segment, Turn, check_follows

SEGMENTS = ("reason", "tool", "result", "text")

# Fields that say something about a record and are not trained on.
ABOUT = ("id", "source", "split", "licence", "license", "answer", "author", "meta")


@dataclass(frozen=True, slots=True)
class Record:
    """A conversation that ends with the assistant; ``where`` names file and line."""

    turns: tuple[Turn, ...]
    slots: bool
    where: str


@dataclass(frozen=True, slots=True)
class Preference:
    """A conversation that waits for the assistant, with a better and a worse answer."""

    turns: tuple[Turn, ...]
    chosen: Turn
    rejected: Turn
    slots: bool
    where: str


def read_records(files: Sequence[str | os.PathLike[str]]) -> Iterator[Record]:
    """The fine-tuning records of JSONL files or folders, in order.

    InputError: a file that is missing, for evaluation only or damaged, and whatever a
    record gets wrong (with file, line and field).
    """
    for where, fields in _objects(files):
        yield _record(fields, where)


def read_preferences(files: Sequence[str | os.PathLike[str]]) -> Iterator[Preference]:
    """The preference records of JSONL files or folders, in order. InputError as above."""
    for where, fields in _objects(files):
        yield _preference(fields, where)


def canonical_json(value: Any, where: str) -> str:
    """One form for equal values: no spaces, keys in order, ``tool`` and ``operation`` first."""
    try:
        return json.dumps(
            _ordered(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False
        )
    except (ValueError, RecursionError):
        raise InputError(
            "holds a number that JSON has not (NaN or infinite), or is nested too deeply",
            where=where,
            remedy="write null or a text instead",
        ) from None


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (key not in ("tool", "operation"), key))
        return {key: _ordered(value[key]) for key in keys}
    if isinstance(value, list):
        return [_ordered(entry) for entry in value]
    return value


def _objects(files: Sequence[str | os.PathLike[str]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in files:
        found = False
        for file in source_files(path).files:
            if kind(file.path.name) != "records":
                raise InputError(
                    "holds no records",
                    where=str(file.path),
                    remedy="name .jsonl files, also with .gz or .zst",
                )
            for number, line in read_lines(file.path):
                where = f"{file.path}:{number}"
                found = True
                yield where, parse_object(line, where)
        if not found:
            raise InputError("holds no record", where=str(path), remedy="name a file with records")


def _record(fields: dict[str, Any], where: str) -> Record:
    if "messages" in fields:
        refuse_unknown(fields, ("messages", "slots", *ABOUT), where=where, what="field")
        turns = _messages(fields["messages"], where)
        if turns[-1].role != "assistant":
            raise InputError(
                f"the last message is by {turns[-1].role}, so there is nothing to learn",
                where=f"{where}: messages",
                remedy="end with a message by assistant",
            )
    else:
        known = ("prompt", "completion", "system", "tool_calls", "messages", "slots", *ABOUT)
        refuse_unknown(fields, known, where=where, what="field")
        calls = _calls(fields.get("tool_calls", []), f"{where}: tool_calls")
        if "completion" not in fields:
            raise _missing("completion", where)
        answer = _answer(fields["completion"], f"{where}: completion", bool(calls))
        turns = (*_prompt(fields, where), Turn("assistant", (*calls, *answer)))
    return Record(turns, _flag(fields.get("slots", False), f"{where}: slots"), where)


def _preference(fields: dict[str, Any], where: str) -> Preference:
    asked = ("messages",) if "messages" in fields else ("prompt", "system", "messages")
    refuse_unknown(
        fields, (*asked, "chosen", "rejected", "slots", *ABOUT), where=where, what="field"
    )
    if "messages" in fields:
        turns = _messages(fields["messages"], where)
        if turns[-1].role not in ("user", "tool"):
            raise InputError(
                f"the last message is by {turns[-1].role}",
                where=f"{where}: messages",
                remedy="end with what chosen and rejected are answers to",
            )
    else:
        turns = _prompt(fields, where)
    answers = []
    for name in ("chosen", "rejected"):
        if name not in fields:
            raise _missing(name, where)
        answers.append(Turn("assistant", _answer(fields[name], f"{where}: {name}", False)))
    if answers[0] == answers[1]:
        raise InputError(
            "chosen and rejected are the same", where=where, remedy="leave the record out"
        )
    slots = _flag(fields.get("slots", False), f"{where}: slots")
    return Preference(turns, answers[0], answers[1], slots, where)


def _prompt(fields: dict[str, Any], where: str) -> tuple[Turn, ...]:
    if "prompt" not in fields:
        raise _missing("prompt", where)
    turns = []
    if "system" in fields:
        turns.append(_said("system", fields["system"], f"{where}: system"))
    turns.append(_said("user", fields["prompt"], f"{where}: prompt"))
    return tuple(turns)


def _messages(value: object, where: str) -> tuple[Turn, ...]:
    if not isinstance(value, list) or not value:
        raise InputError(
            "is not a list of messages",
            where=f"{where}: messages",
            remedy='write [{"role": "user", "content": …}, {"role": "assistant", "content": …}]',
        )
    turns: list[Turn] = []
    for number, message in enumerate(value):
        place = f"{where}: messages[{number}]"
        turn = _message(_object(message, place), place)
        before = turns[-1] if turns else None
        check_follows(before.role if before else None, turn.role, place)
        if turn.role == "tool" and before and before.role == "assistant":
            _ends_in_call(before, place)
        turns.append(turn)
    return tuple(turns)


def _ends_in_call(turn: Turn, where: str) -> None:
    if turn.segments[-1].kind != "tool":
        raise InputError(
            "a result follows an answer that ends without a tool call",
            where=where,
            remedy="end the assistant's message with the call",
        )


def _message(fields: dict[str, Any], where: str) -> Turn:
    refuse_unknown(fields, ("role", "content", "tool_calls"), where=where, what="field")
    role = fields.get("role")
    refuse_unknown([role], ROLES, where=where, what="role")
    role = str(role)
    if role != "assistant":
        if "tool_calls" in fields:
            raise InputError(
                f"a message by {role} calls no tools", where=where, remedy="remove tool_calls"
            )
        if "content" not in fields:
            raise _missing("content", where)
        if role == "tool":
            result = _result(fields["content"], f"{where}.content")
            return Turn(role, (Segment("result", result),))
        return _said(role, fields["content"], f"{where}.content")
    calls = _calls(fields.get("tool_calls", []), f"{where}.tool_calls")
    content = fields.get("content")
    if content is None and calls:  # as chat interfaces write a message that only calls
        content = ""
    if content is None:
        raise _missing("content", where)
    return Turn(role, (*_answer(content, f"{where}.content", bool(calls)), *calls))


def _said(role: str, value: object, where: str) -> Turn:
    text = _text(value, where)
    if not text.strip():
        raise InputError("is empty", where=where, remedy="leave the record or the field out")
    return Turn(role, (Segment("text", text),))


def _answer(value: object, where: str, has_calls: bool) -> tuple[Segment, ...]:
    """A text or a list of segments; it may be empty only if there are calls beside it."""
    if isinstance(value, str):
        value = [{"text": value}] if value.strip() else []
    if not isinstance(value, list):
        raise InputError(
            f"is a JSON {type(value).__name__}",
            where=where,
            remedy="write a text or a list of segments",
        )
    segments = tuple(_segment(entry, f"{where}[{n}]") for n, entry in enumerate(value))
    if all(segment.kind == "result" for segment in segments) and not has_calls:
        raise InputError(
            "is empty: the assistant says nothing",
            where=where,
            remedy="write an answer, or leave the record out",
        )
    return segments


def _segment(value: object, where: str) -> Segment:
    fields = _object(value, where)
    refuse_unknown(fields, SEGMENTS, where=where, what="kind of segment")
    if len(fields) != 1:
        raise InputError(
            f"a segment has one key, this one {len(fields)}",
            where=where,
            remedy=f"write one of {', '.join(SEGMENTS)}",
        )
    name, content = next(iter(fields.items()))
    place = f"{where}.{name}"
    if name == "tool":
        return _call(content, place)
    if name == "result":
        return Segment(name, _result(content, place))
    return Segment(name, _text(content, place))


def _calls(value: object, where: str) -> tuple[Segment, ...]:
    if not isinstance(value, list):
        raise InputError("is not a list", where=where, remedy='write [{"tool": …, "args": {…}}]')
    return tuple(_call(entry, f"{where}[{n}]") for n, entry in enumerate(value))


def _call(value: object, where: str) -> Segment:
    fields = _object(value, where)
    refuse_unknown(fields, ("tool", "args"), where=where, what="field")
    for name in ("tool", "args"):
        if name not in fields:
            raise _missing(name, where)
    _text(fields["tool"], f"{where}.tool")
    _object(fields["args"], f"{where}.args")
    return Segment("tool", canonical_json(fields, where))


def _result(value: object, where: str) -> str:
    return value if isinstance(value, str) else canonical_json(value, where)


def _object(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(
            f"is a JSON {type(value).__name__}", where=where, remedy="write an object {…}"
        )
    return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise InputError(
            f"is a JSON {type(value).__name__}", where=where, remedy="write a text in quotes"
        )
    return value


def _flag(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise InputError(f"{value!r} is not a yes or no", where=where, remedy="write true or false")
    return value


def _missing(name: str, where: str) -> InputError:
    return InputError(f"the field {name!r} is missing", where=where, remedy="add it")
