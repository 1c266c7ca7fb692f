"""Desirability functions of single responses, and their weighted geometric mean.

Source: G. Derringer and R. Suich (1980), Journal of Quality Technology 12, 214, equations 2-5.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta

from havoc.errors import InputError


class Response(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One response: its goal and limits, and its value or the expression that predicts it.

    ``values`` has one value for each of several settings that are compared, ``measured`` one for
    each run of an experiment, whose settings stand in ``runs``.

    maximize: desirability rises from low to target (or high). minimize: it falls from target (or
    low) to high. target: it rises from low to target and falls from there to high.
    """

    name: str = ""
    goal: Literal["maximize", "minimize", "target"]
    value: float | None = None
    values: list[float] = []
    expression: str = ""
    measured: list[float] = []
    low: float | None = None
    target: float | None = None
    high: float | None = None
    weight: Annotated[float, Meta(gt=0)] = 1.0
    importance: Annotated[float, Meta(gt=0)] = 1.0


class Limits(msgspec.Struct, frozen=True):
    """Desirability is 0 outside low and high, 1 from ``top_low`` to ``top_high``."""

    low: float
    top_low: float
    top_high: float
    high: float


def individual(value: float, limits: Limits, weight: float) -> float:
    """Desirability of one value (Derringer & Suich, equations 2 and 3)."""
    if limits.top_low <= value <= limits.top_high:
        return 1.0
    if value <= limits.low or value >= limits.high:
        return 0.0
    if value < limits.top_low:
        return float(((value - limits.low) / (limits.top_low - limits.low)) ** weight)
    return float(((limits.high - value) / (limits.high - limits.top_high)) ** weight)


def limits_of(response: Response, where: str) -> Limits:
    place = f"{where} {response.name}"
    if response.goal == "maximize":
        low, top = response.low, response.target if response.target is not None else response.high
        needed = "low and target"
    elif response.goal == "minimize":
        low, top = response.target if response.target is not None else response.low, response.high
        needed = "target and high"
    else:
        low, top = response.low, response.high
        needed = "low, target and high"
    if low is None or top is None or (response.goal == "target" and response.target is None):
        raise InputError(f"{needed} are needed", where=place, remedy=f"give {needed}")
    if not (math.isfinite(low) and math.isfinite(top)) or low >= top:
        raise InputError(
            f"its limits {low:g} and {top:g} are not in rising order",
            where=place,
            remedy="give the lower limit below the upper one",
        )
    if response.goal == "maximize":
        return Limits(low, top, math.inf, math.inf)
    if response.goal == "minimize":
        return Limits(-math.inf, -math.inf, low, top)
    target = response.target if response.target is not None else low
    if not low < target < top:
        raise InputError(
            f"the target {target:g} is not between {low:g} and {top:g}",
            where=place,
            remedy="give low, target and high in rising order",
        )
    return Limits(low, target, target, top)


def overall_of(d: list[float], importance: list[float]) -> float:
    """Geometric mean weighted by importance."""
    total = math.fsum(importance)
    powers = [value ** (weight / total) for value, weight in zip(d, importance, strict=True)]
    return float(np.prod(powers))
