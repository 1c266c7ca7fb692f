"""The pragmatist: is the result large enough to matter, and is there enough data?

Rules of thumb with a source, applied to the answering results: Cohen's (1988)
boundaries for standardised effects, and the width of the interval beside the
estimate. It never changes a decision; it says how to read it.
"""

from __future__ import annotations

from havoc.reason.workspace import Argument, Workspace
from havoc.tools.result import Outcome

SMALL_EFFECT = 0.2
LARGE_EFFECT = 0.8
FEW_VALUES = 6


def weigh_practically(workspace: Workspace) -> None:
    """Add the pragmatist's arguments for every answering call."""
    for record in workspace.calls:
        result = workspace.results.get(record.id)
        if record.purpose != "answer" or result is None:
            continue
        for text in _remarks(result.outcome, record.id):
            workspace.arguments.append(
                Argument(side="pragmatist", text=text, cites=record.id, stance="neutral")
            )


def _remarks(outcome: Outcome, result_id: str) -> list[str]:
    remarks = []
    name = next(
        (
            field
            for field in ("hedges_g", "cohen_d", "cohen_h")
            if getattr(outcome, field, None) is not None
        ),
        "",
    )
    significant = getattr(outcome, "significant", None)
    if name and significant is not None:
        size = abs(float(getattr(outcome, name)))
        reference = f"{{{{{result_id}.{name}}}}}"
        if significant and size < SMALL_EFFECT:
            remarks.append(
                f"The effect is statistically clear but small (standardised {reference}); "
                "decide whether it matters in practice."
            )
        elif not significant and size > LARGE_EFFECT:
            remarks.append(
                f"The estimated effect is large (standardised {reference}) although it is not "
                "significant: the data may be too few to show it."
            )
    smallest = min(
        (
            int(getattr(outcome, field))
            for field in ("n", "n1", "n2")
            if getattr(outcome, field, None) is not None
        ),
        default=FEW_VALUES,
    )
    if significant is not None and smallest < FEW_VALUES:
        remarks.append("With so few values per group only a large difference can be found.")
    return remarks
