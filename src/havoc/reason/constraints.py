"""Constraints that a sound answer meets, checked in AUDIT.

What is asked of a task is written in :data:`CONSTRAINTS`: a sample large enough,
assumptions looked at, an effect size reported, a stable baseline, a design that is
balanced. A violation lowers the confidence by the factor of its severity; what a
result says nothing about is neither met nor violated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from havoc.reason.workspace import Workspace
from havoc.tools.result import Outcome

Severity = Literal["LOW", "MEDIUM", "HIGH", "CRITICAL"]
FACTORS: dict[Severity, float] = {"LOW": 0.95, "MEDIUM": 0.9, "HIGH": 0.8, "CRITICAL": 0.5}
ENOUGH_VALUES = 8
EFFECT_SIZES = (
    "cohen_d", "hedges_g", "cohen_h", "cohen_w", "eta_squared", "partial_eta_squared_A",
    "cramers_v", "rank_biserial", "epsilon_squared", "kendall_w", "r", "r_squared",
    "odds_ratio", "rate_ratio", "proportion", "kappa", "W", "variance_ratio",
)  # fmt: skip


class Constraint(msgspec.Struct, frozen=True, kw_only=True):
    """``check`` returns True (met), False (violated) or None (the result does not say)."""

    name: str
    severity: Severity
    check: Callable[[Outcome], bool | None]
    advice: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    result_id: str
    constraint: Constraint
    met: bool | None


def _enough_values(outcome: Outcome) -> bool | None:
    sizes = [getattr(outcome, name, None) for name in ("n", "n1", "n2")]
    known = [size for size in sizes if isinstance(size, int)]
    if getattr(outcome, "significant", None) is None or not known:
        return None
    return min(known) >= ENOUGH_VALUES


def _assumptions_checked(outcome: Outcome) -> bool | None:
    if not outcome.assumptions:
        return None
    return all(check.status != "violated" for check in outcome.assumptions)


def _effect_size(outcome: Outcome) -> bool | None:
    if getattr(outcome, "significant", None) is None:
        return None
    return any(getattr(outcome, name, None) is not None for name in EFFECT_SIZES) or None


def _stable(outcome: Outcome) -> bool | None:
    stable = getattr(outcome, "stable", None)
    return stable if isinstance(stable, bool) else None


def _orthogonal(outcome: Outcome) -> bool | None:
    orthogonal = getattr(outcome, "orthogonal", None)
    return orthogonal if isinstance(orthogonal, bool) else None


def _main_effects_clear(outcome: Outcome) -> bool | None:
    resolution = getattr(outcome, "resolution", None)
    return resolution > 3 if isinstance(resolution, int) else None  # III aliases main effects


CONSTRAINTS: dict[str, tuple[Constraint, ...]] = {
    "STATS": (
        Constraint(
            name="sample size",
            severity="LOW",
            check=_enough_values,
            advice="More values would narrow the intervals.",
        ),
        Constraint(
            name="assumptions",
            severity="LOW",  # the arbiter weighs each violated assumption already
            check=_assumptions_checked,
            advice="An assumption of the method looks violated; see the checks.",
        ),
        Constraint(
            name="effect size",
            severity="MEDIUM",
            check=_effect_size,
            advice="No effect size is reported.",
        ),
    ),
    "SPC": (
        Constraint(
            name="stable baseline",
            severity="HIGH",
            check=_stable,
            advice="The process is not stable; find the cause before using the indices.",
        ),
        Constraint(
            name="assumptions",
            severity="LOW",
            check=_assumptions_checked,
            advice="An assumption of the method looks violated; see the checks.",
        ),
    ),
    "DOE": (
        Constraint(
            name="orthogonality",
            severity="MEDIUM",
            check=_orthogonal,
            advice="The columns of the design are not orthogonal, so effects share information.",
        ),
        Constraint(
            name="clear main effects",
            severity="LOW",
            check=_main_effects_clear,
            advice="Main effects are aliased with two-factor interactions; see the aliases.",
        ),
    ),
}


def check_constraints(workspace: Workspace) -> list[Finding]:
    """Check every answering result; a violation costs confidence and gives a caveat."""
    findings = []
    for record in workspace.calls:
        result = workspace.results.get(record.id)
        if record.purpose != "answer" or result is None:
            continue
        for constraint in CONSTRAINTS.get(workspace.route.task, ()):
            met = constraint.check(result.outcome)
            findings.append(Finding(result_id=record.id, constraint=constraint, met=met))
            if met is False:
                workspace.lower_confidence(FACTORS[constraint.severity])
                if constraint.advice not in workspace.caveats:
                    workspace.caveats.append(constraint.advice)
    return findings
