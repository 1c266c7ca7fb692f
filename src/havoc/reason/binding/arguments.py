"""What a binder fills: the arguments of one call, and for each where it came from.

An argument that is not there or wrong raises :class:`NeedsInput` with one precise
counter-question.
"""

from __future__ import annotations

from typing import Any

import msgspec

from havoc.errors import HavocError
from havoc.reading.roles import Scalar


class NeedsInput(HavocError):
    """Something is missing or wrong; ``ask`` is the counter-question."""

    def __init__(self, what: str, ask: str) -> None:
        super().__init__(what, remedy=ask)
        self.ask = ask


class Binding(msgspec.Struct, kw_only=True):
    """Arguments of one call, and for each where it came from."""

    operation: str
    args: dict[str, Any] = {}
    provenance: dict[str, str] = {}
    roles: list[tuple[str, list[tuple[Any, str]]]] = []
    warnings: list[tuple[str, list[tuple[Any, str]]]] = []
    more: list[Binding] = []

    def set(self, name: str, value: Any, source: str = "") -> None:
        self.args[name] = value
        if source:
            self.provenance[name] = source

    def take(self, name: str, scalar: Scalar | None, *, fraction: bool = False) -> bool:
        """Set ``name`` from a scalar, if there is one."""
        if scalar is None:
            return False
        self.set(name, scalar.fraction if fraction else scalar.value, source_of(scalar))
        return True

    def take_count(self, name: str, scalar: Scalar | None) -> bool:
        """Set ``name`` from a scalar that must be a whole number."""
        if scalar is None:
            return False
        if scalar.value != int(scalar.value):
            raise NeedsInput(
                f"{name.replace('_', ' ')} must be a whole number",
                f"which whole number is the {name.replace('_', ' ')}?",
            )
        self.set(name, int(scalar.value), source_of(scalar))
        return True

    def echo(self, text: str, *values: tuple[Any, str]) -> None:
        """Say which role was inferred: ``text`` has one ``{}`` for every (value, source)."""
        self.roles.append((text, list(values)))

    def warn(self, text: str, *values: tuple[Any, str]) -> None:
        self.warnings.append((text, list(values)))


def source_of(scalar: Scalar) -> str:
    return f"question[{scalar.start}:{scalar.end}]"
