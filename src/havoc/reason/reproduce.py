"""The analysis as text that runs again: a DSL script and a Python script."""

from __future__ import annotations

import pprint
from typing import Any

from havoc.reason.answer import ToolCall

MAX_VALUES = 20_000


def as_python(calls: list[ToolCall]) -> str:
    """A Python script that repeats the answering calls, or an empty string without any."""
    answering = [call for call in calls if call.purpose == "answer" and call.result is not None]
    if not answering or _size([call.args for call in answering]) > MAX_VALUES:
        return ""
    lines = ["from havoc.tools import registry", ""]
    for call in answering:
        arguments = pprint.pformat(call.args, width=96, sort_dicts=False, compact=True)
        lines.append(f"{call.id} = registry.execute({call.operation!r}, {arguments})")
        lines.append(f"print({call.id}.quantities)")
    return "\n".join(lines) + "\n"


def as_dsl(calls: list[ToolCall]) -> str:
    """A DSL script that repeats the answering calls, or an empty string without any."""
    from havoc.tools.dsl import Script, Statement, format_script

    answering = [call for call in calls if call.purpose == "answer" and call.result is not None]
    if not answering or _size([call.args for call in answering]) > MAX_VALUES:
        return ""
    statements = tuple(Statement(call.operation, call.args) for call in answering)
    return format_script(Script(statements))


def _size(value: Any) -> int:
    if isinstance(value, dict):
        return sum(_size(item) for item in value.values())
    if isinstance(value, list):
        return sum(_size(item) for item in value) + 1
    return 1
