"""Columns of a two-level experiment as coded settings, whatever way they were written.

Low and high may be natural units, -1 and 1, signs, or labels. A run with every
numeric factor in the middle of its range is a centre point.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from havoc.errors import InputError
from havoc.tools.doe.aberration import two_level_rows
from havoc.tools.doe.factors import Factor, coded_value, letters
from havoc.tools.doe.generators import Fraction, fraction_from_generators
from havoc.tools.doe.plackett_burman import published_matrix
from havoc.tools.parameters import FloatArray

LOW_WORDS = frozenset({"-", "−", "–", "-1", "−1", "low", "lo", "l", "min", "no", "off", "false"})
HIGH_WORDS = frozenset({"+", "+1", "1", "high", "hi", "h", "max", "yes", "on", "true"})
CENTER_WORDS = frozenset({"0", "center", "centre", "mid", "middle"})


class TwoLevelData(msgspec.Struct, kw_only=True):
    """Coded settings (-1, 0, +1) and how each factor was coded."""

    factors: list[Factor]
    coded: FloatArray

    @property
    def is_center(self) -> NDArray[np.bool_]:
        """Rows with a factor in its middle."""
        middle: NDArray[np.bool_] = np.any(self.coded == 0, axis=1)
        return middle


def from_columns(
    columns: Mapping[str, Sequence[float | str]],
    rows: int,
    center: Mapping[str, float],
    half_range: Mapping[str, float],
    where: str,
) -> TwoLevelData:
    """The columns as given, coded. Raises InputError for anything but two levels and a middle."""
    factors, coded = [], []
    for name, values in columns.items():
        place = f"{where} factor {name}"
        if len(values) != rows:
            raise InputError(
                f"{len(values)} settings but {rows} responses",
                where=place,
                remedy="give one setting for every response",
            )
        factor, column = _code(name, values, center.get(name), half_range.get(name), place)
        factors.append(factor)
        coded.append(column)
    matrix = np.column_stack(coded)
    numeric = [not factor.categorical for factor in factors]
    middle = matrix[:, numeric] == 0
    partial = np.any(middle, axis=1) & ~np.all(middle, axis=1)
    if np.any(partial):
        row = int(np.flatnonzero(partial)[0]) + 1
        raise InputError(
            f"run {row} has one factor in the middle and another at an end, so this is not a "
            "two-level design",
            where=where,
            remedy="use response_surface",
        )
    return TwoLevelData(factors=factors, coded=matrix)


def _code(
    name: str,
    values: Sequence[float | str],
    center: float | None,
    half_range: float | None,
    where: str,
) -> tuple[Factor, FloatArray]:
    numbers = _numbers(values)
    if numbers is None:
        return _code_labels(name, [str(value).strip() for value in values], where)
    if not np.all(np.isfinite(numbers)):
        raise InputError("a setting is not a finite number", where=where, remedy="correct it")
    low, high = float(numbers.min()), float(numbers.max())
    if center is not None and half_range is not None:
        low, high = center - half_range, center + half_range
    if low >= high:
        raise InputError(
            f"every run has the setting {low:g}", where=where, remedy="leave this factor out"
        )
    factor = Factor(name=name, low=low, high=high)
    distinct, position = np.unique(numbers, return_inverse=True)
    settings = np.array([coded_value(factor, value) for value in distinct[:6].tolist()])
    rounded = np.round(settings)
    if (
        len(distinct) > 3
        or np.any(np.abs(settings - rounded) > 1e-6)
        or np.any(np.abs(rounded) > 1)
    ):
        listed = ", ".join(f"{value:g}" for value in distinct[:6])
        raise InputError(
            f"its settings {listed} are not a low, a high and their middle",
            where=where,
            remedy="give nominal settings, or use response_surface or regression_multiple",
        )
    return factor, rounded[position.ravel()]


def _numbers(values: Sequence[float | str]) -> FloatArray | None:
    """The settings as numbers, or None if one of them is a word or a bare sign."""
    if all(isinstance(value, (int, float)) for value in values):
        return np.asarray(values, dtype=np.float64)
    try:
        return np.array([float(str(value).replace("−", "-")) for value in values])
    except ValueError:
        return None


def _code_labels(name: str, values: list[str], where: str) -> tuple[Factor, FloatArray]:
    distinct = list(dict.fromkeys(values))
    middle = [value for value in distinct if value.lower() in CENTER_WORDS]
    ends = [value for value in distinct if value not in middle]
    if len(ends) != 2 or len(middle) > 1:
        raise InputError(
            f"{len(distinct)} different settings ({', '.join(distinct[:5])}), but 2 are needed",
            where=where,
            remedy="keep two levels, or use anova_two_way for more",
        )
    first, second = ends
    if first.lower() in HIGH_WORDS or second.lower() in LOW_WORDS:
        first, second = second, first
    code = {first: -1.0, second: 1.0, **dict.fromkeys(middle, 0.0)}
    signs = first.lower() in LOW_WORDS and second.lower() in HIGH_WORDS
    factor = Factor(name=name) if signs or middle else Factor(name=name, levels=[first, second])
    return factor, np.array([code[value] for value in values])


def in_standard_order(
    count: int,
    n_factors: int | None,
    names: Sequence[str],
    generators: Sequence[str],
    design: str,
    where: str,
) -> TwoLevelData:
    """The design that ``count`` responses in standard order belong to (replicates follow)."""
    if design == "plackett_burman":
        return _plackett_burman(count, n_factors, names, where)
    if generators:
        fraction = fraction_from_generators(list(names), n_factors, generators, where)
    else:
        k = n_factors or len(names) or count.bit_length() - 1
        if not 1 <= k <= 15:
            raise InputError(
                f"{k} factors cannot be analysed in standard order",
                where=f"{where} n_factors",
                remedy="give 1 to 15 factors",
            )
        factors = [Factor(name=name) for name in (names or letters(k))]
        fraction = Fraction.of(factors, "", k, [1 << bit for bit in range(k)])
    runs = 1 << fraction.n_basic
    if count % runs:
        raise InputError(
            f"{count} responses are not a multiple of the {runs} runs of the design",
            where=f"{where} response",
            remedy="give the factor columns, or a response for every run in standard order",
        )
    rows = two_level_rows(fraction.columns, fraction.signs, fraction.n_basic)
    return TwoLevelData(factors=fraction.factors, coded=np.tile(rows, (count // runs, 1)))


def _plackett_burman(
    count: int, n_factors: int | None, names: Sequence[str], where: str
) -> TwoLevelData:
    k = n_factors or len(names) or count - 1
    matrix = published_matrix(count, k, where)
    return TwoLevelData(
        factors=[Factor(name=name) for name in (names or letters(k))], coded=matrix[:, :k]
    )
