"""Columns of tables as the values of parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from havoc.errors import InputError
from havoc.reading.index_columns import measured_columns
from havoc.reading.table import Column, Table
from havoc.tools.signature import Parameter


def column_of(table: Table, name: str) -> Column:
    """The column ``name``. Raises InputError naming the columns that there are."""
    column = table.column(name)
    if column is None:
        known = ", ".join(column.name for column in table.columns[:20])
        raise InputError(
            f"there is no column {name!r}", where=table.source, remedy=f"it has {known}"
        )
    return column


def column_values(
    table: Table, column: Column, *, alone: bool = True, missing: bool = False
) -> list[Any]:
    """The values of a column without the missing ones, or with them if ``missing`` may stay.

    Missing values after the last value only mean that the column is shorter.
    Missing values in between are left out when the column stands ``alone``;
    beside other columns of the same table that would pair wrong rows, so it is
    refused.
    """
    values: list[Any] = list(column.values)
    if missing:
        return values
    while values and values[-1] is None:
        values.pop()
    if not alone and None in values:
        raise InputError(
            f"row {values.index(None) + 1} of column {column.name!r} is empty",
            where=table.source,
            remedy="remove the rows with empty cells, so that the columns stay paired",
        )
    return [value for value in values if value is not None]


def table_value(table: Table, parameter: Parameter, *, alone: bool = True) -> Any:
    """A whole table as what ``parameter`` takes: its one column, its groups or its rows."""
    numeric = [column for column in table.columns if column.kind == "number"]
    if parameter.takes_groups and not (parameter.takes_rows and len(numeric) == 1) and numeric:
        single = alone and len(numeric) == 1
        return {
            column.name: column_values(table, column, alone=single, missing=parameter.takes_missing)
            for column in numeric
        }
    measured = measured_columns(table)
    if parameter.takes_rows and len(measured) > 1:
        return _rows(table, measured)
    candidates = numeric or table.columns
    if len(candidates) == 1:
        return column_values(table, candidates[0], alone=alone, missing=parameter.takes_missing)
    names = ", ".join(column.name for column in table.columns[:20]) or "no columns"
    raise InputError(
        f"{parameter.name} takes one column, and the table has {names}",
        where=table.source,
        remedy="name the column",
    )


def _rows(table: Table, columns: Sequence[Column]) -> list[list[float]]:
    rows = zip(*(column.values for column in columns), strict=True)
    measured = [[float(value) for value in row if value is not None] for row in rows]
    return [row for row in measured if row]


def split_by(table: Table, column: Column, labels: Column) -> dict[str, list[Any]]:
    """The values of a column as one list for each label, in the order of appearance."""
    groups: dict[str, list[Any]] = {}
    for value, label in zip(column.values, labels.values, strict=True):
        if value is not None and label is not None:
            name = f"{label:g}" if isinstance(label, float) else str(label)
            groups.setdefault(name, []).append(value)
    if not groups:
        raise InputError(
            f"columns {column.name!r} and {labels.name!r} have no row in common",
            where=table.source,
            remedy="give columns of the same rows",
        )
    return groups
