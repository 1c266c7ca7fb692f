"""AUDIT: no figure without a source, and key figures recomputed another way.

Three checks, all mechanical:

* the template of a sentence holds no digit outside a reference,
* every digit of the rendered text lies inside a filled reference whose text is
  what its value formats to,
* what a tool can recompute by an independent route agrees.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import msgspec

from havoc.errors import HavocError
from havoc.formatting import figure
from havoc.reason.render import REFERENCE, Figure, Rendered, resolve
from havoc.tools import registry
from havoc.tools.result import Recomputed, ToolResult

_DIGIT_RUN = re.compile(r"\d[\d.,]*")


class FreeFigure(HavocError):
    """A figure that no result and no input holds."""


class Recheck(msgspec.Struct, kw_only=True):
    result_id: str
    operation: str
    recomputed: Recomputed


def check_template(template: str) -> None:
    """Refuse bare digits. Raises FreeFigure naming the first one."""
    bare = REFERENCE.sub(" ", template)
    found = _DIGIT_RUN.search(bare)
    if found:
        raise FreeFigure(
            f"the figure {found[0]!r} is written out instead of taken from a result",
            where=f"text {bare.strip()[:60]!r}",
        )


def check_rendered(rendered: Rendered, scopes: Mapping[str, Any], text: str | None = None) -> None:
    """Refuse every figure of the text that is not the figure of a recorded reference.

    ``text`` is the text as it will be shown, if something touched it after
    rendering. Raises FreeFigure.
    """
    shown = rendered.text if text is None else text
    for item in rendered.figures:
        value, unit = resolve(item.reference, scopes)
        if item.value != value and not (_is_nan(item.value) and _is_nan(value)):
            raise FreeFigure(
                f"{item.text!r} is not the value of {item.reference}", where="answer text"
            )
        if shown[item.start : item.end] != item.text or not written_as(value, unit, item.text):
            raise FreeFigure(
                f"{shown[item.start : item.end]!r} is not the value of {item.reference}",
                where="answer text",
            )
    _check_seams(shown, rendered.figures)
    found = _DIGIT_RUN.search(_blanked(shown, rendered.figures))
    if found:
        raise FreeFigure(
            f"the figure {found[0]!r} is in no tool result and not in the input",
            where=f"answer text at {found.start()}",
        )


def _blanked(text: str, figures: list[Figure]) -> str:
    """``text`` with every filled reference replaced by blanks."""
    parts, position = [], 0
    for item in figures:
        parts += [text[position : item.start], " " * (item.end - item.start)]
        position = item.end
    return "".join([*parts, text[position:]])


def _check_seams(text: str, figures: list[Figure]) -> None:
    """Refuse two figures written so close together that they read as a third one."""
    for first, second in pairwise(figures):
        glued = text[first.end : second.start] in {"", ".", ","}
        if glued and first.text[-1:].isdigit() and second.text[:1].isdigit():
            raise FreeFigure(
                f"{text[first.start : second.end]!r} is two figures that read as one",
                where="answer text",
            )


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and value != value


_SPECS = ("", "p", "%", "full", "unit")


def written_as(value: Any, unit: str, text: str) -> bool:
    """Is ``text`` one of the ways in which ``value`` may be written?"""
    if isinstance(value, (str, bool)) or value is None:
        return text == figure(value)
    if any(text == figure(value, spec, unit) for spec in _SPECS):
        return True
    return any(text == figure(value, f".{digits}{kind}") for digits in range(13) for kind in "fge")


def recheck(results: Mapping[str, ToolResult]) -> list[Recheck]:
    """Recompute key figures of every result by the independent route of its tool."""
    checks: list[Recheck] = []
    for result_id, result in results.items():
        declared = registry.get(result.operation)
        checks += [
            Recheck(result_id=result_id, operation=result.operation, recomputed=item)
            for item in declared.verify(result.outcome, result.args)
        ]
    return checks
