"""Restrictions of an experimental region: linear limits, and settings that exclude each other."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from havoc.errors import InputError
from havoc.tools.doe.factors import Factor


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
