"""What a response surface is made from: settings with their coding, or a given polynomial."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from havoc.errors import InputError
from havoc.tools.doe.polynomial import Polynomial, read_polynomial
from havoc.tools.doe.quadratic import Quadratic
from havoc.tools.parameters import FloatArray, as_sample

MAX_FACTORS = 15


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """coded = (actual - center) / half_range."""

    name: str
    center: float
    half_range: float

    def coded(self, actual: FloatArray) -> FloatArray:
        return (actual - self.center) / self.half_range

    def actual(self, coded: float) -> float:
        return self.center + coded * self.half_range


def scales_of(
    columns: Mapping[str, FloatArray],
    center: Mapping[str, float],
    half_range: Mapping[str, float],
    where: str,
) -> list[Scale]:
    """Coding of every factor: as given, or with the factorial points at -1 and +1."""
    scales = []
    for name, values in columns.items():
        inferred_center, inferred_half = _infer(values, f"{where} factor {name}")
        half = half_range.get(name, inferred_half)
        if half <= 0:
            raise InputError(
                f"half range {half:g} is not positive", where=f"{where} {name}", remedy="correct it"
            )
        scales.append(Scale(name=name, center=center.get(name, inferred_center), half_range=half))
    return scales


def _infer(values: FloatArray, where: str) -> tuple[float, float]:
    """Middle of the range; half range to the factorial points of a composite design."""
    levels = np.unique(np.round(values, 9))
    if len(levels) < 2:
        raise InputError(
            f"every run has the setting {levels[0]:g}", where=where, remedy="leave this factor out"
        )
    center = float(levels[0] + levels[-1]) / 2
    spread = float(levels[-1] - levels[0])
    if len(levels) == 5:
        # Five symmetric levels: axial, factorial, centre, factorial, axial.
        symmetric = abs(levels[1] + levels[3] - 2 * levels[2]) <= 1e-6 * spread
        if symmetric and abs(levels[2] - center) <= 1e-6 * spread:
            return float(levels[2]), float(levels[3] - levels[1]) / 2
    return center, spread / 2


def read_columns(
    factors: Mapping[str, Sequence[float]], rows: int, where: str
) -> dict[str, FloatArray]:
    if not 1 <= len(factors) <= MAX_FACTORS:
        raise InputError(
            f"{len(factors)} factors, but it takes 1 to {MAX_FACTORS}",
            where=f"{where} factors",
            remedy="give the settings of each factor",
        )
    columns = {}
    for name, values in factors.items():
        if len(values) != rows:
            raise InputError(
                f"{len(values)} settings but {rows} responses",
                where=f"{where} factor {name}",
                remedy="give one setting for every response",
            )
        columns[name] = as_sample(values, f"{where} factor {name}")
    return columns


def quadratic_of(
    polynomial: Polynomial, names: Sequence[str], where: str
) -> tuple[list[str], Quadratic]:
    """The polynomial over its variables, in the given or natural order."""
    used = {name for monomial in polynomial for name in monomial}
    if not used:
        raise InputError("there is no variable", where=where, remedy="write x1, x2, …")
    unknown = sorted(used - set(names)) if names else []
    if unknown:
        raise InputError(
            f"{unknown[0]} is not one of the factors", where=where, remedy="correct the expression"
        )
    ordered = list(names) if names else sorted(used, key=_natural_key)
    if len(ordered) > MAX_FACTORS:
        raise InputError(
            f"{len(ordered)} variables are too many", where=where, remedy=f"use {MAX_FACTORS}"
        )
    k = len(ordered)
    linear, curvature = np.zeros(k), np.zeros((k, k))
    for monomial, value in polynomial.items():
        places = [ordered.index(name) for name in monomial]
        if len(places) == 1:
            linear[places[0]] += value
        elif len(places) == 2:
            curvature[places[0], places[1]] += value / 2
            curvature[places[1], places[0]] += value / 2
    constant = polynomial.get((), 0.0)
    return ordered, Quadratic(constant=constant, linear=linear, curvature=curvature)


def polynomial_of_coefficients(coefficients: Mapping[str, float], where: str) -> Polynomial:
    """``{"b0": 80, "b1": 3, "b11": -4, "b12": 1}`` or ``{"x1": 3, "x1*x2": 1}``."""
    polynomial: Polynomial = {}
    for key, value in coefficients.items():
        match = re.fullmatch(r"[bβ]([0-9])([0-9])?", key)
        if match and match[1] == "0":
            monomial: tuple[str, ...] = ()
        elif match:
            monomial = tuple(sorted(f"x{digit}" for digit in match.groups() if digit))
        elif key.lower() in ("intercept", "constant", "(intercept)", "1"):
            monomial = ()
        else:
            read = read_polynomial(key.replace(":", "*"), where)
            if len(read) != 1:
                raise InputError(
                    f"{key!r} is not one term", where=where, remedy="write b0, b1, b12 or x1*x2"
                )
            monomial = next(iter(read))
        polynomial[monomial] = polynomial.get(monomial, 0.0) + value
    return polynomial


def _natural_key(name: str) -> list[tuple[int, int, str]]:
    """x2 before x10."""
    return [
        (0, int(part), "") if part.isdecimal() else (1, 0, part)
        for part in re.split(r"([0-9]+)", name)
        if part
    ]
