"""A crossed study from long columns: measurement, part, operator."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray, as_sample

Labels = list[str | float]


class CrossedStudy(msgspec.Struct, frozen=True, kw_only=True):
    """``values[part, operator, trial]``."""

    values: FloatArray
    parts: list[str]
    operators: list[str]


def label(value: str | float) -> str:
    """Labels as text; 3.0 and 3 are the same part."""
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(
            f"{value} is no label or rating", where="labels", remedy="name the missing entry"
        )
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def read_study(
    data: list[float], parts: Labels | int | None, operators: Labels | int | None
) -> CrossedStudy:
    """The balanced array, or an InputError that names the cell at fault."""
    values = as_sample(data, "data", minimum=4)
    if not isinstance(parts, list):
        raise InputError(
            "the part of each measurement is missing",
            where="parts",
            remedy="give a column as long as data",
        )
    if not isinstance(operators, list):
        raise InputError(
            "the operator of each measurement is missing",
            where="operators",
            remedy="give a column as long as data",
        )
    for name, column in (("parts", parts), ("operators", operators)):
        if len(column) != values.size:
            raise InputError(
                f"{values.size} measurements but {len(column)} labels",
                where=name,
                remedy="every measurement needs its part and its operator",
            )
    part_names, part_index = index_labels(parts)
    operator_names, operator_index = index_labels(operators)
    if len(part_names) < 2:
        raise InputError("at least 2 parts are needed", where="parts", remedy="measure more parts")
    counts = np.zeros((len(part_names), len(operator_names)), dtype=np.int64)
    np.add.at(counts, (part_index, operator_index), 1)
    _require_crossed(counts, part_names, operator_names)
    cell = np.asarray(part_index) * len(operator_names) + np.asarray(operator_index)
    order = np.argsort(cell, kind="stable")
    return CrossedStudy(
        values=values[order].reshape(*counts.shape, int(counts[0, 0])),
        parts=part_names,
        operators=operator_names,
    )


def index_labels(column: Labels) -> tuple[list[str], list[int]]:
    """Distinct labels in the order of appearance, and the place of each row among them."""
    names: dict[str, int] = {}
    index = [names.setdefault(label(value), len(names)) for value in column]
    return list(names), index


def _require_crossed(
    counts: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    parts: list[str],
    operators: list[str],
) -> None:
    if counts.min() != counts.max():
        part, operator = np.argwhere(counts == counts.min())[0].tolist()
        raise InputError(
            f"part {parts[part]} was measured {counts[part, operator]} times by operator "
            f"{operators[operator]}, others up to {counts.max()} times",
            where="parts, operators",
            remedy="a crossed study needs every operator to measure every part equally often; "
            "gage_rr_expanded takes unbalanced data",
        )
    if counts.min() < 2:
        raise InputError(
            "every part was measured once by every operator, so repeatability cannot be seen",
            where="data",
            remedy="measure every part at least twice",
        )
