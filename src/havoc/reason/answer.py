"""The answer object: what ``havoc ask --json``, the Python call and the server return."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from havoc.charts.spec import ChartSpec

SCHEMA_VERSION = 1

Status = Literal["answered", "needs_clarification", "declined", "out_of_scope"]
BudgetName = Literal["MICRO", "LIGHT", "MEDIUM", "HEAVY"]


class ToolCall(msgspec.Struct, kw_only=True):
    """One executed call. ``args`` holds all that ``havoc replay`` needs."""

    id: str
    tool: str
    operation: str
    purpose: Literal["answer", "check"]
    args: dict[str, Any]
    result: dict[str, Any] | None = None
    error: str | None = None
    key: str = ""
    why: str = ""
    verdict: str = ""


class Citation(msgspec.Struct, kw_only=True):
    """A source of what is said, with the words quoted from it."""

    id: str
    title: str
    source: str
    quote: str


class TraceEntry(msgspec.Struct, kw_only=True):
    stage: str
    summary: str
    ms: float


class FigureSource(msgspec.Struct, kw_only=True):
    """Provenance of one figure of the answer text."""

    text: str
    reference: str
    value: Any
    source: str


class AnswerTable(msgspec.Struct, kw_only=True):
    """Rows of a result, such as a run sheet or the pairs of a comparison. ``source`` names it."""

    title: str
    source: str
    columns: list[str]
    rows: list[list[Any]]


class Answer(msgspec.Struct, kw_only=True):
    """The published answer. ``answer`` is Markdown; ``status`` decides how to read it."""

    question: str
    status: Status
    answer: str
    conclusion: str
    confidence: float
    caveats: list[str] = []
    budget: BudgetName = "LIGHT"
    tool_calls: list[ToolCall] = []
    citations: list[Citation] = []
    charts: list[ChartSpec] = []
    trace: list[TraceEntry] = []
    model: str = "rules"
    versions: dict[str, str] = {}
    details: list[str] = []
    tables: list[AnswerTable] = []
    key_figures: list[tuple[str, str]] = []
    roles: list[str] = []
    figures: list[FigureSource] = []
    checks: list[str] = []
    dsl: str = ""
    python: str = ""
    id: str | None = None
    schema_version: int = SCHEMA_VERSION

    def to_dict(self) -> dict[str, Any]:
        plain: dict[str, Any] = msgspec.to_builtins(self)
        if self.id is None:
            plain.pop("id")
        return plain


def answer_schema() -> dict[str, Any]:
    """JSON Schema of the answer object."""
    schema: dict[str, Any] = msgspec.json.schema(Answer)
    return schema
