"""The operator graph: subgoals with dependencies, executed in order.

A plan is a graph of tool calls. A subgoal becomes ready when everything that it
depends on is done; a cycle is an error when the graph is built, not later.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from havoc.errors import HavocError


class Subgoal(msgspec.Struct, kw_only=True):
    """One step of a plan. ``args`` are tool arguments, ``provenance`` says where each came from."""

    id: str
    description: str
    operation: str
    args: dict[str, Any]
    provenance: dict[str, str] = {}
    purpose: Literal["answer", "check"] = "answer"
    dependencies: list[str] = []
    constraints: list[str] = []
    expected_output: str = ""
    status: Literal["pending", "done", "failed", "skipped"] = "pending"
    confidence: float = 1.0


class PlanError(HavocError):
    """The plan cannot be executed: a cycle, or a dependency that does not exist."""


class OperatorGraph:
    """Subgoals in dependency order."""

    def __init__(self, subgoals: list[Subgoal] | None = None) -> None:
        self._subgoals: dict[str, Subgoal] = {}
        for subgoal in subgoals or []:
            self.add(subgoal)

    def add(self, subgoal: Subgoal) -> None:
        """Add a subgoal; what it depends on must be in the graph already, so no cycle exists."""
        if subgoal.id in self._subgoals:
            raise PlanError(f"subgoal {subgoal.id} exists already", where="plan")
        missing = [name for name in subgoal.dependencies if name not in self._subgoals]
        if missing:
            raise PlanError(f"{subgoal.id} depends on unknown {', '.join(missing)}", where="plan")
        self._subgoals[subgoal.id] = subgoal

    def __iter__(self) -> Iterator[Subgoal]:
        return iter(self._subgoals.values())

    def __len__(self) -> int:
        return len(self._subgoals)

    def __getitem__(self, name: str) -> Subgoal:
        return self._subgoals[name]

    def ready(self) -> list[Subgoal]:
        """Pending subgoals whose dependencies are all done."""
        return [
            subgoal
            for subgoal in self
            if subgoal.status == "pending"
            and all(self._subgoals[name].status == "done" for name in subgoal.dependencies)
        ]

    def skip_blocked(self) -> list[Subgoal]:
        """Mark what can never become ready (a dependency failed) as skipped."""
        blocked = []
        for subgoal in self:
            if subgoal.status == "pending" and any(
                self._subgoals[name].status in {"failed", "skipped"}
                for name in subgoal.dependencies
            ):
                subgoal.status = "skipped"
                blocked.append(subgoal)
        return blocked
