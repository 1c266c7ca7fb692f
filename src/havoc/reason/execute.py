"""EXECUTE: run the ready subgoals of the graph, in order, within the budget."""

from __future__ import annotations

from typing import Any, Literal

from havoc.errors import HavocError
from havoc.reason.answer import ToolCall
from havoc.reason.workspace import Workspace
from havoc.tools import ToolResult, registry
from havoc.tools.facade import facade_of


def execute_graph(workspace: Workspace) -> None:
    """Run every ready subgoal until none is left or the budget is spent."""
    while ready := workspace.graph.ready():
        for subgoal in ready:
            if not workspace.affordable():
                workspace.stopped = (
                    f"the {workspace.route.budget.name} budget was spent before "
                    f"{subgoal.description.lower()} could run"
                )
                return
            result = call(
                workspace,
                subgoal.operation,
                subgoal.args,
                purpose="answer",
                provenance=subgoal.provenance,
                why=subgoal.description,
            )
            subgoal.status = "done" if result is not None else "failed"
        workspace.graph.skip_blocked()


def call(
    workspace: Workspace,
    operation: str,
    args: dict[str, Any],
    *,
    purpose: Literal["answer", "check"],
    why: str,
    provenance: dict[str, str] | None = None,
) -> ToolResult | None:
    """One tool call, recorded with its arguments, result or error. None if it failed."""
    workspace.spent += 1
    result_id = f"r{len(workspace.calls) + 1}"
    record = ToolCall(
        id=result_id,
        tool=facade_of(operation),
        operation=operation,
        purpose=purpose,
        args={**args},
        why=why,
    )
    workspace.calls.append(record)
    try:
        result = registry.execute(operation, args)
    except HavocError as error:
        record.error = str(error)
        return None
    record.args = result.args
    record.key = result.key
    record.result = {**result.to_json(), "provenance": provenance or {}}
    workspace.results[result_id] = result
    return result
