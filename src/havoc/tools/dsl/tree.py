"""What a script means: files and statements, each one call of a tool.

Every way of writing a script (statements, JSON or YAML documents, the older
keyword lines) is read into this tree, so that all of them run and are written
in the same way. A factor is a plain mapping with ``name`` and either ``low``
and ``high`` or ``levels``, and ``unit`` if it has one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True)
class Reference:
    """Data by name: ``@bore.diameter`` is ``Reference(("bore", "diameter"))``.

    Where the name of the data ends and that of the column begins is decided
    when the data are known. ``by`` refers to labels that split the column.
    """

    parts: tuple[str, ...]
    by: tuple[str, ...] = ()


Value: TypeAlias = "bool | int | float | str | Reference | list[Value] | dict[str, Value] | None"


@dataclass(frozen=True)
class Statement:
    """One call. ``line`` is where it stands in its script, 0 if it stands in none."""

    operation: str
    arguments: dict[str, Value]
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Script:
    """``sources`` are the files that the script names, by the name that it gives them."""

    statements: tuple[Statement, ...] = ()
    sources: dict[str, str] = field(default_factory=dict)
