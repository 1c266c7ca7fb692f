"""Checking the names of settings and fields, with a proposal for a misspelt one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from havoc.errors import InputError


def refuse_unknown(names: Iterable[object], known: Iterable[str], *, where: str, what: str) -> None:
    """InputError for the first of ``names`` that is not ``known``; ``what`` is e.g. "field"."""
    allowed = list(known)
    for name in names:
        if name not in allowed:
            near = difflib.get_close_matches(str(name), allowed, n=1)
            raise InputError(
                f"unknown {what} {str(name)!r}",
                where=where,
                remedy=f"did you mean {near[0]!r}?" if near else f"known: {', '.join(allowed)}",
            )
