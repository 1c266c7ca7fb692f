"""Factors with any number of levels: their coded settings and back to real units."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from havoc.tools.doe.factors import Factor, natural_value
from havoc.tools.parameters import FloatArray

IntArray = NDArray[np.int64]


def with_levels(factor: Factor, n_levels: int) -> Factor:
    """The factor with its levels listed; level numbers where only their count is given."""
    if factor.levels:
        return factor
    if factor.low is not None and factor.high is not None:
        count = factor.n_levels or 2
        step = (factor.high - factor.low) / (count - 1)
        between = [round(factor.low + step * index, 12) for index in range(1, count - 1)]
        return msgspec.structs.replace(factor, levels=[factor.low, *between, factor.high])
    count = factor.n_levels or n_levels
    if count > 2:
        numbers: list[float | str] = [float(level) for level in range(1, count + 1)]
        return msgspec.structs.replace(factor, levels=numbers)
    return msgspec.structs.replace(factor, levels=[-1.0, 1.0])


def as_range(factor: Factor) -> Factor:
    if factor.categorical or len(factor.levels) != 2:
        return factor
    low, high = (float(level) for level in factor.levels)
    return Factor(name=factor.name, low=min(low, high), high=max(low, high), unit=factor.unit)


def scale_of(factor: Factor) -> list[float]:
    """Coded setting of every level: numbers in half ranges, labels evenly spread."""
    if factor.categorical:
        count = len(factor.levels)
        return [-1 + 2 * index / (count - 1) for index in range(count)]
    numbers = [float(level) for level in factor.levels]
    low, high = min(numbers), max(numbers)
    return [(2 * number - low - high) / (high - low) for number in numbers]


def coded_rows(factors: list[Factor], combinations: IntArray) -> FloatArray:
    scales = [np.array(scale_of(sorted_levels(factor))) for factor in factors]
    return np.column_stack(
        [scale[column] for scale, column in zip(scales, combinations.T, strict=True)]
    )


def sorted_levels(factor: Factor) -> Factor:
    """Numeric levels ascending, so that standard order runs from low to high."""
    if factor.categorical:
        return factor
    ascending: list[float | str] = sorted(float(level) for level in factor.levels)
    return msgspec.structs.replace(factor, levels=ascending)


def natural_rows(factors: list[Factor], coded: FloatArray) -> list[list[float | str]]:
    columns: list[list[float | str]] = []
    for factor, column in zip(factors, coded.T.tolist(), strict=True):
        ordered = sorted_levels(factor)
        settings: dict[float, float | str] = dict(
            zip(scale_of(ordered), ordered.levels, strict=True)
        )
        if 0.0 not in settings and len(factor.levels) == 2 and not factor.categorical:
            settings[0.0] = natural_value(as_range(factor), 0.0)
        columns.append([settings[value] for value in column])
    return [list(row) for row in zip(*columns, strict=True)]
