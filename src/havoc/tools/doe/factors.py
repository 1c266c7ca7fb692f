"""Factors of an experiment: their ranges or levels, and coded <-> natural units.

A coded setting is the distance from the middle of the range in half ranges, so
that low is -1 and high is +1. The conversion is done in decimal arithmetic on
the figures as they were typed: the middle of 0.1 and 0.7 is 0.4, not 0.39999….
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

from havoc.errors import InputError

LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZabcdefghjklmnopqrstuvwxyz"
"""Factor letters in the usual order; I is the identity and names no factor."""


class Factor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One factor: a range (``low``, ``high``) or ``levels`` (numbers or labels)."""

    name: str
    low: float | None = None
    high: float | None = None
    levels: list[float | str] = []
    n_levels: Annotated[int, Meta(ge=2)] | None = None
    unit: str = ""

    @property
    def categorical(self) -> bool:
        return any(isinstance(level, str) for level in self.levels)

    @property
    def label(self) -> str:
        return f"{self.name} [{self.unit}]" if self.unit else self.name


Factors = Annotated[
    list[Factor | str],
    Meta(description="factors: name with low and high, or levels, and a unit; or only names"),
]
FactorCount = (
    Annotated[int, Meta(ge=1, description="number of factors, when they have no names or ranges")]
    | None
)

Coding = Annotated[
    dict[str, float] | list[float],
    Meta(description="coding of each factor, by name or in the order of the factors"),
]


def letters(count: int) -> list[str]:
    return list(LETTERS[:count])


def named_factors(
    factors: Sequence[Factor | str],
    n_factors: int | None,
    *,
    where: str,
    minimum: int,
    maximum: int,
) -> list[Factor]:
    """The factors as given, or A, B, C … coded -1 to +1. Checks count, names and ranges."""
    if not factors and n_factors is None:
        raise InputError("no factors given", where=where, remedy="give factors or n_factors")
    count = len(factors) or n_factors or 0
    if factors and n_factors is not None and n_factors != len(factors):
        raise InputError(
            f"n_factors is {n_factors} but {len(factors)} factors are listed",
            where=where,
            remedy="leave n_factors out",
        )
    if not minimum <= count <= maximum:
        raise InputError(
            f"{count} factors, but it takes {minimum} to {maximum}",
            where=f"{where} factors",
            remedy="choose another design or fewer factors" if count > maximum else "add factors",
        )
    if not factors:
        return [Factor(name=letter) for letter in letters(count)]
    listed = [Factor(name=item) if isinstance(item, str) else item for item in factors]
    for position, factor in enumerate(listed, 1):
        _check(factor, f"{where} factor {factor.name or position}")
    names = [factor.name for factor in listed]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise InputError(
            f"two factors are named {repeated}", where=where, remedy="name each factor differently"
        )
    return listed


def _check(factor: Factor, where: str) -> None:
    if not factor.name.strip():
        raise InputError("the factor has no name", where=where, remedy="name it")
    ends = [factor.low, factor.high]
    if (factor.low is None) != (factor.high is None):
        raise InputError("only one end of the range is given", where=where, remedy="give both")
    numbers = [value for value in [*ends, *factor.levels] if isinstance(value, (int, float))]
    if not all(math.isfinite(number) for number in numbers):
        raise InputError("a level is not a finite number", where=where, remedy="correct it")
    if factor.low is not None and factor.high is not None and factor.low >= factor.high:
        relation = "equals" if factor.low == factor.high else "is above"
        raise InputError(
            f"low {factor.low:g} {relation} high {factor.high:g}",
            where=where,
            remedy="give a low end below the high end",
        )
    if factor.levels:
        if len(set(map(str, factor.levels))) != len(factor.levels):
            raise InputError("a level is listed twice", where=where, remedy="list each level once")
        if len(factor.levels) < 2:
            raise InputError(
                "1 level given, at least 2 needed", where=where, remedy="add a level or drop it"
            )
    if factor.n_levels is not None and factor.levels and factor.n_levels != len(factor.levels):
        raise InputError(
            f"n_levels is {factor.n_levels} but {len(factor.levels)} levels are listed",
            where=where,
            remedy="leave n_levels out",
        )


def two_level(factors: Sequence[Factor], where: str) -> list[Factor]:
    """Every factor with exactly two levels: a range, or two numbers or labels."""
    return [_two_level(factor, f"{where} factor {factor.name}") for factor in factors]


def _two_level(factor: Factor, where: str) -> Factor:
    count = len(factor.levels) or factor.n_levels or 2
    if count != 2:
        raise InputError(
            f"{count} levels, but this design has 2",
            where=where,
            remedy="keep two levels or use full_factorial or taguchi",
        )
    if factor.levels and not factor.categorical:
        low, high = sorted(float(level) for level in factor.levels)
        return Factor(name=factor.name, low=low, high=high, unit=factor.unit)
    if factor.levels or factor.low is not None:
        return msgspec.structs.replace(factor, n_levels=None)
    return Factor(name=factor.name, low=-1.0, high=1.0, unit=factor.unit)


def continuous(factors: Sequence[Factor], where: str) -> list[Factor]:
    """Every factor with a numeric range, as response-surface designs need."""
    return [_continuous(factor, f"{where} factor {factor.name}") for factor in factors]


def _continuous(factor: Factor, where: str) -> Factor:
    if factor.categorical:
        raise InputError(
            "its levels are labels, but a response-surface design needs a numeric range",
            where=where,
            remedy="give low and high, or run one design for each label",
        )
    if factor.levels:
        numbers = sorted(float(level) for level in factor.levels)
        low, high = numbers[0], numbers[-1]
        if any(not math.isclose(value, (low + high) / 2) for value in numbers[1:-1]):
            raise InputError(
                "its levels are not low, middle, high in equal steps",
                where=where,
                remedy="give low and high",
            )
        return Factor(name=factor.name, low=low, high=high, unit=factor.unit)
    if factor.low is None:
        return Factor(name=factor.name, low=-1.0, high=1.0, unit=factor.unit)
    return msgspec.structs.replace(factor, n_levels=None)


def natural_value(factor: Factor, coded: float) -> float | str:
    """The setting in real units; a label for a two-level categorical factor."""
    if factor.categorical:
        return factor.levels[0] if coded < 0 else factor.levels[1]
    low, high = _ends(factor)
    if coded == -1:
        return float(low)
    if coded == 1:
        return float(high)
    return float((low + high) / 2 + Decimal(repr(float(coded))) * (high - low) / 2)


def coded_value(factor: Factor, natural: float) -> float:
    """The coded setting of a numeric factor: -1 at low, +1 at high."""
    low, high = _ends(factor)
    return float((2 * Decimal(repr(float(natural))) - low - high) / (high - low))


def _ends(factor: Factor) -> tuple[Decimal, Decimal]:
    low = -1.0 if factor.low is None else float(factor.low)
    high = 1.0 if factor.high is None else float(factor.high)
    return Decimal(repr(low)), Decimal(repr(high))


def by_name(
    given: dict[str, float] | list[float], names: list[str], where: str
) -> dict[str, float]:
    """One value a factor, given by name or in the order of the factors."""
    if isinstance(given, dict):
        unknown = [name for name in given if name not in names]
        if unknown:
            raise InputError(f"there is no factor {unknown[0]}", where=where, remedy="correct it")
        return given
    if len(given) != len(names):
        raise InputError(
            f"{len(given)} values for {len(names)} factors", where=where, remedy="give one each"
        )
    return dict(zip(names, given, strict=True))
