"""The state that the stages share, and the append-only log of what they did."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import msgspec

from havoc.reading.question import Reading
from havoc.reason.answer import BudgetName, Citation, ToolCall
from havoc.reason.graph import OperatorGraph
from havoc.tools.result import ToolResult

Stage = Literal["MODE", "GROUND", "PLAN", "EXECUTE", "ARGUE", "ARBITER", "AUDIT", "ANSWER"]
STAGES: tuple[Stage, ...] = (
    "MODE",
    "GROUND",
    "PLAN",
    "EXECUTE",
    "ARGUE",
    "ARBITER",
    "AUDIT",
    "ANSWER",
)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the log. ``data`` is plain JSON."""

    stage: Stage
    summary: str
    ms: float
    data: dict[str, Any] = {}


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """A hard limit of tool calls, and whether counter-analyses run (PRIME)."""

    name: BudgetName
    calls: int
    argue: bool
    checks: int


BUDGETS: dict[str, Budget] = {
    "MICRO": Budget(name="MICRO", calls=1, argue=False, checks=0),
    "LIGHT": Budget(name="LIGHT", calls=3, argue=False, checks=0),
    "MEDIUM": Budget(name="MEDIUM", calls=7, argue=True, checks=4),
    "HEAVY": Budget(name="HEAVY", calls=12, argue=True, checks=10),
}


class Route(msgspec.Struct, kw_only=True):
    """What the router decided (MODE)."""

    task: str
    difficulty: Literal["TRIVIAL", "NORMAL", "HARD", "CRITICAL"]
    risk: Literal["LOW", "MEDIUM", "HIGH"]
    budget: Budget


class Argument(msgspec.Struct, kw_only=True):
    """A point for or against the result. It cites a result id, or it counts nothing."""

    side: Literal["advocate", "attack", "pragmatist"]
    text: str
    cites: str
    stance: Literal["supports", "weakens", "overturns", "neutral"]


class Workspace(msgspec.Struct, kw_only=True):
    """Everything known about one question while it is being answered."""

    question: str
    reading: Reading
    route: Route
    graph: OperatorGraph
    results: dict[str, ToolResult] = {}
    calls: list[ToolCall] = []
    facts: dict[str, Any] = {}
    fact_sources: dict[str, str] = {}
    roles: list[str] = []
    caveats: list[str] = []
    arguments: list[Argument] = []
    citations: list[Citation] = []
    verdict: str = "supported"
    confidence: float = 1.0
    spent: int = 0
    stopped: str = ""
    events: list[Event] = []
    on_event: Callable[[Event], None] | None = None

    def fact(self, value: Any, source: str, spec: str = "") -> str:
        """Record something the user gave and return the reference that shows it."""
        name = f"f{len(self.facts) + 1}"
        self.facts[name] = value
        self.fact_sources[name] = source
        return f"{{{{{name}:{spec}}}}}" if spec else f"{{{{{name}}}}}"

    def lower_confidence(self, factor: float) -> None:
        """Confidence only falls."""
        self.confidence *= min(max(factor, 0.0), 1.0)

    def affordable(self) -> bool:
        """Is there a call left in the budget?"""
        return self.spent < self.route.budget.calls

    @contextmanager
    def stage(self, name: Stage) -> Iterator[dict[str, Any]]:
        """Time a stage and append its event; the body fills ``summary`` and ``data``."""
        notes: dict[str, Any] = {"summary": "", "data": {}}
        started = time.perf_counter()
        try:
            yield notes
        finally:
            event = Event(
                stage=name,
                summary=notes["summary"],
                ms=round((time.perf_counter() - started) * 1000, 2),
                data=notes["data"],
            )
            self.events.append(event)
            if self.on_event is not None:
                self.on_event(event)
