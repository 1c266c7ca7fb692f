"""Restrictions of an experimental region: linear limits, and settings that exclude each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from havoc.errors import InputError
from havoc.tools.doe.factors import Factor
from havoc.tools.parameters import FloatArray


class Condition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Settings of one factor: above or below a number, or exactly these."""

    above: float | None = None
    below: float | None = None
    equals: list[float | str] = []


class Constraint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Either a linear limit, ``least`` <= sum of ``coefficients`` times settings <= ``most``, or
    ``forbidden``: settings in which all the named conditions hold at once are left out."""

    coefficients: dict[str, float] = {}
    least: float | None = None
    most: float | None = None
    forbidden: dict[str, Condition] = {}


BoolArray = NDArray[np.bool_]


def check_constraints(
    constraints: Sequence[Constraint], factors: Sequence[Factor], where: str
) -> None:
    """Names and kinds of all constraints. Raises InputError."""
    known = {factor.name: factor for factor in factors}
    for number, constraint in enumerate(constraints, 1):
        place = f"{where} constraint {number}"
        if bool(constraint.coefficients) == bool(constraint.forbidden):
            raise InputError(
                "it needs either coefficients or forbidden settings",
                where=place,
                remedy="give one of them",
            )
        if constraint.coefficients and constraint.least is None and constraint.most is None:
            raise InputError("it has no limit", where=place, remedy="give least or most")
        for name in (*constraint.coefficients, *constraint.forbidden):
            if name not in known:
                raise InputError(
                    f"there is no factor {name}", where=place, remedy="correct the name"
                )
            condition = constraint.forbidden.get(name)
            needs_number = (
                condition is None or condition.above is not None or (condition.below is not None)
            )
            if needs_number and known[name].categorical:
                raise InputError(
                    f"{name} has labels, so it has no limit",
                    where=place,
                    remedy="forbid labels with equals",
                )


def allowed(
    constraints: Sequence[Constraint], natural: Mapping[str, Sequence[float | str]], rows: int
) -> BoolArray:
    """Which rows keep to all constraints; ``natural`` holds the settings by factor."""
    kept = np.ones(rows, dtype=bool)
    for constraint in constraints:
        if constraint.coefficients:
            total: FloatArray = np.zeros(rows)
            for name, coefficient in constraint.coefficients.items():
                total = total + coefficient * np.asarray(natural[name], dtype=np.float64)
            slack = 1e-9 * (1 + np.abs(total))
            if constraint.most is not None:
                kept &= total <= constraint.most + slack
            if constraint.least is not None:
                kept &= total >= constraint.least - slack
        else:
            together = np.ones(rows, dtype=bool)
            for name, condition in constraint.forbidden.items():
                together &= _holds(condition, natural[name])
            kept &= ~together
    return kept


def _holds(condition: Condition, values: Sequence[float | str]) -> BoolArray:
    held = np.ones(len(values), dtype=bool)
    if condition.equals:
        held &= np.array([value in condition.equals for value in values])
    if condition.above is not None or condition.below is not None:
        numbers = np.asarray(values, dtype=np.float64)
        slack = 1e-9 * (1 + np.abs(numbers))
        if condition.above is not None:
            held &= numbers > condition.above + slack
        if condition.below is not None:
            held &= numbers < condition.below - slack
    return held
