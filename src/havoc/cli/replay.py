"""Run the recorded calls of an answer again; they must give the same figures.

havoc ask "…" --json > answer.json
havoc replay answer.json
"""

from __future__ import annotations

import argparse
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
    print("every recorded call gives the same figures")
    return 0


def _read(path: str) -> dict[str, Any]:
    try:
        body = msgspec.json.decode(Path(path).read_bytes())
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", where=path, remedy="check the path"
        ) from None
    except msgspec.DecodeError as error:
        raise InputError(
            f"not JSON ({error})", where=path, remedy="write it with havoc ask --json"
        ) from None
    if not isinstance(body, dict) or not isinstance(body.get("tool_calls"), list):
        raise InputError(
            "this is no answer object", where=path, remedy="write it with havoc ask --json"
        )
    return body


def replay(answer: dict[str, Any]) -> list[str]:
    """One line for every recorded result that does not come out the same."""
    from havoc.tools import registry

    differences = []
    for position, call in enumerate(answer["tool_calls"], start=1):
        if not isinstance(call, dict) or call.get("result") is None:
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
        changed = sorted(key for key in {*recorded, *again} if recorded.get(key) != again.get(key))
        if changed:
            differences.append(f"{name}: different {', '.join(changed)}")
    return differences
