"""The row that every analysis of variance in this package is made of."""

from __future__ import annotations

import msgspec


class AnovaRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row of an analysis of variance."""

    source: str
    df: int
    ss: float
    ms: float | None = None
    F: float | None = None
    p_value: float | None = None
