"""Questions about a concept: answered from the documentation of the methods.

Nothing is computed. Every passage is quoted from a tool's own documentation and
cited; what the documentation does not cover is said to be missing.
"""

from __future__ import annotations

import inspect

from havoc.reason.answer import Citation
from havoc.reason.patterns import hits
from havoc.reason.planner import Plan
from havoc.reason.workspace import Workspace
from havoc.tools import registry

LIMIT = 3


def explain(plan: Plan, workspace: Workspace) -> tuple[str, str]:
    """(conclusion, body) with every passage as a fact reference."""
    names = _operations(plan, workspace.question)
    parts = []
    for number, name in enumerate(names, start=1):
        declared = registry.get(name)
        text = declared.summary
        source = f"havoc documentation: {name}"
        title = workspace.fact(declared.title, source)
        passage = workspace.fact(text, source)
        result_note = inspect.getdoc(declared.result_type) or ""
        parts.append(f"**{title}.** {passage}")
        if result_note:
            parts.append(workspace.fact(result_note, source))
        parts.append(f"Source of the method: {workspace.fact(declared.source, source)}")
        workspace.citations.append(
            Citation(id=f"c{number}", title=declared.title, source=declared.source, quote=text)
        )
    if not parts:
        return (
            "The documentation of this version does not cover that concept.",
            "Ask about a method that havoc computes; `havoc run --list` names them.",
        )
    first = registry.get(names[0])
    headline = workspace.fact(
        first.summary.split("\n\n")[0].strip(), f"havoc documentation: {names[0]}"
    )
    title = workspace.fact(first.title, f"havoc documentation: {names[0]}")
    return f"{title}: {headline}", "\n\n".join(parts)


def _operations(plan: Plan, question: str) -> list[str]:
    """The methods that the question names, else the one it is closest to."""
    named = [name.split(".")[0] for name in hits(question)]
    known = [name for name in dict.fromkeys([plan.operation, *named]) if name in registry]
    ranked = {guess.name: position for position, guess in enumerate(plan.guesses)}
    known.sort(key=lambda name: ranked.get(name, len(ranked)))
    return known[:LIMIT]
