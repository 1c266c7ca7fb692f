"""What a tool returns: named quantities with their evidence.

A tool's own result is a subclass of :class:`Outcome` whose fields are the
quantities. The registry wraps it into a :class:`ToolResult`, which adds what
identifies the call, so that it can be cached, replayed and cited.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from havoc.charts.spec import ChartSpec


class Check(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An assumption of the method and what the data say about it."""

    name: str
    status: Literal["ok", "violated", "unknown"]
    detail: str


class Outcome(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Base of every result: the evidence that travels with the quantities.

    ``method`` names the method and the convention (which sigma, which sum of
    squares, which tie correction), so that two programs' figures can be
    compared. ``unit`` is the unit of the measured quantity.
    """

    method: str
    unit: str = ""
    assumptions: list[Check] = []
    warnings: list[str] = []
    charts: list[ChartSpec] = []


EVIDENCE_FIELDS = frozenset(Outcome.__struct_fields__)


class Narrative(msgspec.Struct, frozen=True, kw_only=True):
    """How a result reads. Every figure is a reference such as ``{{p_value:p}}``.

    References are relative to the result (``{{t}}``, ``{{effects.0.name}}``); a
    bare digit in any of these strings is refused by the audit. Names that a user
    chose (and that may contain digits) are quantities of the result too.
    """

    conclusion: str
    details: list[str] = []
    key_figures: list[tuple[str, str]] = []


class Recomputed(msgspec.Struct, frozen=True, kw_only=True):
    """A quantity worked out again by another route, for the audit."""

    name: str
    value: float
    recomputed: float
    route: str
    rtol: float = 1e-6
    atol: float = 1e-9

    @property
    def agrees(self) -> bool:
        if self.value == self.recomputed:
            return True
        return abs(self.value - self.recomputed) <= self.atol + self.rtol * abs(self.recomputed)


FIELDS_SHOWN = 12


class ToolResult(msgspec.Struct, kw_only=True):
    """One executed call. ``key`` identifies operation, version, arguments and data."""

    operation: str
    version: int
    key: str
    args: dict[str, Any]
    outcome: Outcome

    @property
    def quantities(self) -> dict[str, Any]:
        """The named figures as plain JSON values, without the evidence fields."""
        plain: dict[str, Any] = msgspec.to_builtins(self.outcome)
        return {name: value for name, value in plain.items() if name not in EVIDENCE_FIELDS}

    def figure_names(self) -> list[str]:
        """The names of the quantities that are one figure, in their order."""
        return [
            name
            for name, value in self.quantities.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        ]

    def fields(self) -> dict[str, list[str]]:
        """What a network reads of a result whose figures it is not to read: the first names."""
        return {"fields": self.figure_names()[:FIELDS_SHOWN]}

    def to_json(self) -> dict[str, Any]:
        """Quantities and evidence in one flat object; charts travel apart."""
        plain: dict[str, Any] = msgspec.to_builtins(self.outcome)
        plain.pop("charts", None)
        return plain

    def to_object(self) -> dict[str, Any]:
        """The call and its result as one JSON object."""
        return {
            "operation": self.operation,
            "version": self.version,
            "key": self.key,
            "args": self.args,
            "result": self.to_json(),
        }
