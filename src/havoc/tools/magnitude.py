"""Figures that double precision can carry through sums of fourth powers.

A moment of order four of 1e80 overflows, and one of 1e-90 vanishes: the result
would be infinite, zero or not a number. Measured values are nowhere near that,
so they are refused before anything is computed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from havoc.errors import InputError
from havoc.tools.parameters import Alpha, Confidence

LARGEST = 1e60
SMALLEST = 1e-60
NEAREST = 1e-9
"""How near to 0 or 1 a level may be: a quantile beyond it is rounded to infinity."""


def within_range(arguments: msgspec.Struct) -> None:
    """Raise InputError if a figure among ``arguments`` is too large, too small or not finite.

    In lists only the size is looked at: whether a gap may stand in a column, the
    tool decides. A single figure may be as near to zero as it likes.
    """
    for field in msgspec.structs.fields(arguments):
        value = getattr(arguments, field.name)
        if field.type in (Alpha, Confidence):
            _check_level(value, field.encode_name)
        _check(value, field.encode_name)


def _check_level(value: float, where: str) -> None:
    if not NEAREST <= value <= 1 - NEAREST:
        raise InputError(
            f"a level of {value:.15g} leaves no finite limits",
            where=where,
            remedy="give a level such as 0.05 for alpha or 0.95 for confidence",
        )


def _check(value: Any, where: str) -> None:
    if isinstance(value, float):
        _check_figure(value, where)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            _check(item, f"{where} {key}")
    elif isinstance(value, msgspec.Struct):
        for field in msgspec.structs.fields(value):
            _check(getattr(value, field.name), f"{where} {field.encode_name}")
    elif isinstance(value, (list, tuple)) and value:
        _check_list(value, where)


def _check_figure(value: float, where: str) -> None:
    if not math.isfinite(value):
        raise InputError(
            f"{value} is not a finite number", where=where, remedy="give the figure itself"
        )
    if abs(value) > LARGEST:
        raise _too_large(value, where)


def _check_list(values: list[Any] | tuple[Any, ...], where: str) -> None:
    kinds = set(map(type, values))
    if not kinds <= {float, int, bool, type(None)}:
        for place, item in enumerate(values, start=1):
            if not isinstance(item, str):
                _check(item, f"{where} {place}")
        return
    figures = values if kinds == {float} else [item for item in values if type(item) is float]
    if not figures:
        return
    largest = max(max(figures), -min(figures))
    if LARGEST < largest < math.inf:
        raise _too_large(largest, where)
    # a few figures beside zero are left to the tool: a column of them cannot be squared
    if 0 < largest < SMALLEST and len(set(values)) > 8:
        raise InputError(
            f"no value is further from zero than {largest:g}, too close to compute with",
            where=where,
            remedy=f"check the entries, or give them in a smaller unit (from {SMALLEST:g})",
        )


def _too_large(value: float, where: str) -> InputError:
    return InputError(
        f"{value:g} is too large to compute with",
        where=where,
        remedy=f"check the entry, or give it in a larger unit (up to {LARGEST:g})",
    )
