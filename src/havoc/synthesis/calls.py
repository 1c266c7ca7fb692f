"""Whole answers for the network to learn: a reason, the call with slots, what it is answered with.

The call is what the binders made of the question, with a slot in the place of every figure; a
call with a figure that no slot stands for is not taught. The reason says in words what the call
is about to do, and holds no figure; the answer names fields of the result.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from havoc.tools import registry
from havoc.tools.facade import facade_of
from havoc.tools.result import ToolResult

LETTERS = "ABCDEFGH"
SUMMARY = {"n", "mean", "sd"}
"""Fields that stand for a sample, and keep their names; groups are lettered."""
FIELDS = 3
"""Figures of a result that the answer names."""
_DIGITS = re.compile(r"\d+")
_KINDS = {"d": "a list", "c": "a column", "n": "a number"}


def pointing_call(
    operation: str, args: Mapping[str, Any], slots: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The call whose arguments point at ``slots``; None where one is no slot's value.

    Names and units are left out where the tool does without them, and so are defaults.
    """
    schema = registry.get(operation).schema()
    pointed: dict[str, Any] = {"operation": operation}
    unused = dict(slots)
    for name, value in args.items():
        part = schema["properties"].get(name, {})
        if value is None or value == part.get("default", ...):
            continue
        if name not in schema.get("required", ()) and isinstance(value, str) and not _chosen(part):
            continue
        try:
            pointed[name] = _pointed(value, part, slots, unused)
        except LookupError:
            return None
    return {"tool": facade_of(operation), "args": pointed}


def reason_for(call: Mapping[str, Any]) -> str:
    """What the call does, in words: the method, which kinds of data it takes as what."""
    args = dict(call["args"])
    method = _words(args.pop("operation"))
    roles = [f"{_kinds(value)} as {_words(name)}" for name, value in args.items()]
    return ", ".join([f"{method} of {roles[0]}" if roles else method, *roles[1:]])


def answer_for(result: ToolResult, number: int) -> str:
    """The first figures of the result of call ``number`` (from 1), as references."""
    return ", ".join(
        f"{_words(name)} {{{{r{number}.{name}}}}}" for name in result.figure_names()[:FIELDS]
    )


def _pointed(
    value: Any, part: Mapping[str, Any], slots: Mapping[str, Any], unused: dict[str, Any]
) -> Any:
    """``value`` with slots in the place of figures. Raises LookupError where there is none.

    Of slots with equal values one that nothing points at yet (in ``unused``) is taken first.
    """
    if isinstance(value, bool) or (isinstance(value, str) and _chosen(part)):
        return value
    for slot, held in (*unused.items(), *slots.items()):
        if _equal(value, held):
            unused.pop(slot, None)
            return slot
    if isinstance(value, Mapping):
        if len(value) > len(LETTERS):
            raise LookupError
        names = value if set(value) <= SUMMARY else LETTERS
        return {
            name: _pointed(item, {}, slots, unused)
            for name, item in zip(names, value.values(), strict=False)
        }
    if isinstance(value, list) and value and all(isinstance(item, list) for item in value):
        return [_pointed(item, {}, slots, unused) for item in value]
    raise LookupError


def _equal(value: Any, held: Any) -> bool:
    if isinstance(value, list) and isinstance(held, list):
        return len(value) == len(held) and all(map(_equal, value, held))
    number = isinstance(value, int | float) and isinstance(held, int | float)
    return bool(value == held) if number or isinstance(value, str) else value is held is None


def _chosen(part: Mapping[str, Any]) -> bool:
    """Whether a text is one of several that the tool knows, which a grammar writes out."""
    return "enum" in part or any("enum" in kind for kind in part.get("anyOf", ()))


def _kinds(value: Any) -> str:
    if isinstance(value, str):
        return _KINDS.get(value[1], value) if value.startswith("<") else _words(value)
    if isinstance(value, Mapping | list):
        return "several lists"
    return "yes" if value is True else "no"


def _words(name: str) -> str:
    return " ".join(_DIGITS.sub("", name).replace("_", " ").split())
