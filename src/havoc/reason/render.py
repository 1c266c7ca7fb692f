"""Answers are written with references; this module fills them and remembers where.

``{{r1.p_value:p}}`` is field ``p_value`` of result ``r1``; ``{{f2}}`` is a fact
taken from the question or its data. Rendering returns the text and one
:class:`Figure` for every filled reference, so that the audit can tell a figure
that came from a result from one that did not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from havoc.errors import HavocError
from havoc.formatting import figure

REFERENCE = re.compile(r"\{\{\s*(?P<path>[^{}:\s]+)\s*(?::(?P<spec>[^{}]*))?\}\}")
_BARE = re.compile(r"\{\{(?!r\d|f\d)")


class Figure(msgspec.Struct, kw_only=True):
    """A filled reference: where in the text, what it shows, where the value came from."""

    text: str
    reference: str
    value: Any
    source: str
    start: int = 0
    end: int = 0


class Rendered(msgspec.Struct, kw_only=True):
    text: str
    figures: list[Figure]


class UnknownReference(HavocError):
    """The text points at something that no result or input holds."""


def scope(text: str, result_id: str) -> str:
    """Make references that are relative to a result absolute: ``{{t}}`` to ``{{r1.t}}``."""
    return _BARE.sub(f"{{{{{result_id}.", text)


def render(template: str, scopes: Mapping[str, Any], sources: Mapping[str, str]) -> Rendered:
    """Fill every reference of ``template``.

    ``scopes`` maps ``r1`` or ``f1`` to a value (a plain JSON object, or a fact),
    ``sources`` says where each came from. Raises UnknownReference.
    """
    parts: list[str] = []
    figures: list[Figure] = []
    length = 0
    position = 0
    for match in REFERENCE.finditer(template):
        literal = template[position : match.start()]
        value, unit = resolve(match["path"], scopes)
        text = _written(match["path"], value, (match["spec"] or "").strip(), unit)
        parts += [literal, text]
        length += len(literal)
        root = match["path"].split(".")[0]
        figures.append(
            Figure(
                text=text,
                reference=match["path"],
                value=value,
                source=sources.get(root, ""),
                start=length,
                end=length + len(text),
            )
        )
        length += len(text)
        position = match.end()
    parts.append(template[position:])
    return Rendered(text="".join(parts), figures=figures)


def _written(path: str, value: Any, spec: str, unit: str) -> str:
    try:
        return figure(value, spec, unit)
    except (TypeError, ValueError, OverflowError):
        raise UnknownReference(
            f"it cannot be written with the format {spec!r}", where=f"reference {path}"
        ) from None


def resolve(path: str, scopes: Mapping[str, Any]) -> tuple[Any, str]:
    """The value at ``path`` and the unit of the result it belongs to."""
    root, *keys = path.split(".")
    if root not in scopes:
        raise UnknownReference(f"there is no {root}", where=f"reference {path}")
    value: Any = scopes[root]
    unit = value.get("unit", "") if isinstance(value, Mapping) else ""
    for key in keys:
        if isinstance(value, Mapping) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            raise UnknownReference(f"{root} has no {'.'.join(keys)}", where=f"reference {path}")
    return value, unit
