"""A tool's result on the terminal: what it means first, then every figure."""

from __future__ import annotations

from typing import Any

import msgspec

from havoc.cli.figures import figures_as_text
from havoc.reason.render import render, scope
from havoc.text import printable
from havoc.tools.declaration import registry
from havoc.tools.result import ToolResult

PARAGRAPH_LIMIT = 2000


def pretty(body: Any) -> str:
    """Indented JSON; what is not a finite number is null."""
    return msgspec.json.format(msgspec.json.encode(body), indent=2).decode()


def as_text(result: ToolResult) -> str:
    """Title, conclusion, figures, what was assumed and what to beware of."""
    declared = registry.get(result.operation)
    outcome = result.outcome
    narrative = declared.narrate(outcome)
    lines = [declared.title, ""]
    lines += [_filled(text, result) for text in (narrative.conclusion, *narrative.details)]
    lines += ["", figures_as_text(result.quantities), "", f"method: {printable(outcome.method)}"]
    lines += [
        printable(f"assumption {check.status}: {check.name} ({check.detail})", PARAGRAPH_LIMIT)
        for check in outcome.assumptions
    ]
    lines += [printable(f"warning: {text}", PARAGRAPH_LIMIT) for text in outcome.warnings]
    return "\n".join(lines)


def _filled(template: str, result: ToolResult) -> str:
    filled = render(scope(template, "r1"), {"r1": result.to_json()}, {})
    return printable(filled.text, PARAGRAPH_LIMIT)
