"""ARBITER: a written rule that weighs the arguments.

Each argument changes the confidence by a fixed factor, by its stance: a check that
agrees leaves it, a doubt costs a tenth, a decision that turns round costs four
tenths, whatever it was that spoke. The verdict is ``disputed`` when a check comes
to the other decision, ``qualified`` when one raises a doubt, else ``supported``.
"""

from __future__ import annotations

from havoc.reason.workspace import Workspace

FACTORS = {"supports": 1.0, "neutral": 1.0, "weakens": 0.9, "overturns": 0.6}
BASE_CONFIDENCE = {True: 0.94, False: 0.85}
"""With counter-analyses and without. Chosen on labelled questions so that of the answers with a
confidence of 0.9 or more at least 97 in 100 do what was asked (docs/planning.md)."""


def arbitrate(workspace: Workspace) -> None:
    """Set verdict and confidence. An argument that cites no result counts nothing."""
    cited = [item for item in workspace.arguments if item.cites in workspace.results]
    workspace.lower_confidence(BASE_CONFIDENCE[workspace.route.budget.argue])
    for argument in cited:
        workspace.lower_confidence(FACTORS[argument.stance])
    stances = {argument.stance for argument in cited}
    if "overturns" in stances:
        workspace.verdict = "disputed"
    elif "weakens" in stances:
        workspace.verdict = "qualified"
    failed = [item for item in workspace.calls if item.purpose == "answer" and item.error]
    if failed:
        workspace.lower_confidence(0.3)
