"""ARGUE: what supports the result, and what could overturn it.

Every argument cites a result; one that cites nothing is not recorded. The attack
is made of tool calls: the robust or nonparametric alternative, sensitivity to single
values, stability. Which attacks a method gets stands in :data:`havoc.reason.attacks.ATTACKS`.
"""

from __future__ import annotations

from havoc.reason.answer import ToolCall
from havoc.reason.attacks import ATTACKS, Attack, Stance
from havoc.reason.execute import call
from havoc.reason.workspace import Argument, Workspace
from havoc.tools.result import ToolResult

_ASSUMPTION_STANCES: dict[str, Stance] = {
    "ok": "supports",
    "violated": "weakens",
    "unknown": "neutral",
}


def argue(workspace: Workspace) -> None:
    """Run advocate and attack over the answering calls, as far as the budget goes."""
    answering = [item for item in workspace.calls if item.purpose == "answer" and item.result]
    for item in answering:
        result = workspace.results[item.id]
        _advocate(workspace, item, result)
    limit = workspace.route.budget.checks
    done = 0
    for item in answering:
        result = workspace.results[item.id]
        attacker = ATTACKS.get(item.operation)
        for attack in attacker(result.args, result.outcome) if attacker else ():
            if done >= limit or not workspace.affordable():
                workspace.stopped = workspace.stopped or (
                    f"the {workspace.route.budget.name} budget was spent before every "
                    "counter-analysis could run"
                )
                return
            done += 1
            _run(workspace, item, result, attack)


def _run(workspace: Workspace, item: ToolCall, result: ToolResult, attack: Attack) -> None:
    checked = call(workspace, attack.operation, attack.args, purpose="check", why=attack.why)
    record = workspace.calls[-1]
    if checked is None:
        record.verdict = "not possible"
        return
    stance, text = attack.read(result.outcome, checked.outcome)
    text = text.replace("{{", f"{{{{{record.id}.")
    workspace.arguments.append(Argument(side="attack", text=text, cites=record.id, stance=stance))


def _advocate(workspace: Workspace, item: ToolCall, result: ToolResult) -> None:
    for index, check in enumerate(result.outcome.assumptions):
        stance = _ASSUMPTION_STANCES[check.status]
        place = f"{item.id}.assumptions.{index}"
        reference = f"{{{{{place}.name}}}}: {{{{{place}.detail}}}}"
        workspace.arguments.append(
            Argument(
                side="advocate" if stance == "supports" else "attack",
                text=reference,
                cites=item.id,
                stance=stance,
            )
        )
