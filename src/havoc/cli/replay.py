"""Run the recorded calls of an answer again; they must give the same figures.

havoc ask "…" --json > answer.json
havoc replay answer.json
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

import msgspec

from havoc.errors import HavocError, InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("answer", metavar="ANSWER_JSON", help="what havoc ask --json wrote")


def execute(namespace: argparse.Namespace) -> int:
    differences = replay(_read(namespace.answer))
    for line in differences:
        print(line)
    if differences:
        print(f"{len(differences)} of the recorded results do not come out the same")
        return 1
    print("every recorded call, on the values recorded with it, gives the same figures")
    return 0


MOST_CALLS = 1000
_CALL_REFERENCE = re.compile(r"[rv]\d+$")


class _Call(msgspec.Struct):
    operation: str
    args: dict[str, Any] = {}
    result: dict[str, Any] | None = None


class _Recorded(msgspec.Struct):
    """The parts of an answer object that are compared."""

    tool_calls: list[_Call]
    figures: list[dict[str, Any]] = []
    conclusion: str = ""


def _read(path: str) -> dict[str, Any]:
    try:
        body: Any = msgspec.json.decode(Path(path).read_bytes())
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", where=path, remedy="check the path"
        ) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise InputError(
            f"not JSON ({error})", where=path, remedy="write it with havoc ask --json"
        ) from None
    try:
        recorded = msgspec.convert(body, _Recorded)
    except msgspec.ValidationError as error:
        raise InputError(
            f"this is no answer object ({error})",
            where=path,
            remedy="write it with havoc ask --json",
        ) from None
    if len(recorded.tool_calls) > MOST_CALLS:
        raise InputError(
            f"{len(recorded.tool_calls)} recorded calls; an answer has at most {MOST_CALLS}",
            where=path,
            remedy="write it with havoc ask --json",
        )
    answer: dict[str, Any] = body
    return answer


def replay(answer: dict[str, Any]) -> list[str]:
    """One line for every recorded result or shown figure that does not come out the same."""
    from havoc.tools import registry

    differences: list[str] = []
    again_by_call: dict[str, Any] = {}
    for position, call in enumerate(answer["tool_calls"], start=1):
        if call.get("result") is None:
            continue
        name = f"call {call.get('id', position)} {call.get('operation')}"
        try:
            result = registry.execute(str(call["operation"]), call.get("args") or {})
        except HavocError as error:
            differences.append(f"{name}: fails now: {error}")
            continue
        recorded = {key: value for key, value in call["result"].items() if key != "provenance"}
        if call.get("key") and call["key"] != result.key:
            differences.append(f"{name}: the arguments were changed after the answer was given")
        again = msgspec.json.decode(msgspec.json.encode(result.to_json()))
        again_by_call[str(call.get("id"))] = {**again, "args": call.get("args") or {}}
        changed = sorted(key for key in {*recorded, *again} if recorded.get(key) != again.get(key))
        if changed:
            differences.append(f"{name}: different {', '.join(changed)}")
    return differences + _changed_figures(answer, again_by_call)


def _changed_figures(answer: dict[str, Any], again: dict[str, Any]) -> list[str]:
    """Figures of the text that are not those of the calls, and digits that belong to none."""
    from havoc.reason.audit import written_as
    from havoc.reason.render import resolve

    differences, texts = [], []
    for item in answer.get("figures") or []:
        reference, text = str(item.get("reference")), str(item.get("text"))
        texts.append(text)
        root = reference.split(".")[0]
        if root not in again:
            if _CALL_REFERENCE.match(root):
                differences.append(f"figure {text!r}: its call {root} is not recorded")
            continue
        try:
            value, unit = resolve(reference, again)
        except HavocError as error:
            differences.append(f"figure {text!r}: {error}")
            continue
        # infinities and missing values have no JSON form, so they cannot be compared
        if value is not None and (value != item.get("value") or not written_as(value, unit, text)):
            differences.append(f"figure {text!r}: {reference} is another value")
    left = str(answer.get("conclusion") or "")
    for text in sorted(set(texts), key=len, reverse=True):
        left = left.replace(text, "")
    if any(character.isdigit() for character in left):
        differences.append("the conclusion: a figure in it comes from no call and no input")
    return differences
