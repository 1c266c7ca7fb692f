"""Tables from objects: JSON, the data of a question, data frames, arrays."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from havoc.errors import InputError
from havoc.reading.columns import build_column, build_table, clean_text, drop_total_column
from havoc.reading.header import VOTING_CELLS, make_unique, split_unit
from havoc.reading.limits import MAX_LINE_BYTES, check_size
from havoc.reading.numbers import detect_decimal_comma, shorten
from havoc.reading.table import Column, Table

MAX_DEPTH = 3

_Named = tuple[str, Sequence[Any]]


def table_from_object(obj: object, source: str = "data") -> Table:
    """A table from what a program hands over.

    - ``{"A": [1, 2], "B": [3, 4]}``: an object of columns. A single value is a column of
      length one (``{"n": 43}``); shorter columns end in missing values.
    - ``{"subgroups": [[1, 2], [3, 4]]}``: rows within a column. Position k of every row
      becomes the column "subgroups k", so that row i of the table is the i-th inner list;
      short inner lists end in missing values. ``{"Amy": [[…]], "Ron": [[…]]}`` gives
      "Amy 1", "Amy 2", "Ron 1", "Ron 2".
    - ``[{"x": 1, "y": 2}, …]``: a list of records.
    - ``[[1, 2], [3, 4]]``: a list of rows, the first one a header if it is one.
    - ``[1, 2, 3]``: one column without a name.
    - data frames and arrays of numpy with one or two dimensions.

    Raises InputError for infinite numbers, deeper nesting and anything else.
    """
    if hasattr(obj, "dtypes") and hasattr(obj, "columns") and hasattr(obj, "items"):
        return _from_columns([(str(name), series.tolist()) for name, series in obj.items()], source)
    if hasattr(obj, "dtype") and hasattr(obj, "tolist"):
        obj = [obj.tolist()] if getattr(obj, "ndim", 1) == 0 else obj.tolist()
    if isinstance(obj, Table):
        return obj
    if isinstance(obj, Mapping):
        return _from_columns(_named_columns(obj, source), source)
    if isinstance(obj, (list, tuple)):
        return _from_list(obj, source)
    raise InputError(
        "no table was given" if obj is None else f"a {type(obj).__name__} is no table",
        where=source,
        remedy="give an object of columns, a list of records or a list of rows",
    )


def _named_columns(obj: Mapping[Any, Any], source: str, depth: int = 0) -> list[_Named]:
    if depth > MAX_DEPTH:
        raise InputError("is nested too deeply", where=source, remedy="give an object of columns")
    columns: list[_Named] = []
    for key, value in obj.items():
        name = str(key)
        if hasattr(value, "tolist"):
            value = value.tolist()
        if isinstance(value, Mapping):
            # A mapping within: its columns, named with both names.
            within = _named_columns(value, source, depth + 1)
            columns += [(f"{name} {inner}", cells) for inner, cells in within]
        elif not isinstance(value, (list, tuple)):
            columns.append((name, [value]))
        elif value and all(isinstance(item, (list, tuple)) for item in value):
            positions = _positions(value, source)
            columns += [(f"{name} {k}", cells) for k, cells in enumerate(positions, 1)]
        else:
            columns.append((name, list(value)))
        check_size(0, len(columns), source)
    return columns


def _from_list(items: Sequence[Any], source: str) -> Table:
    if not items:
        raise InputError("holds no data", where=source, remedy="give at least one value")
    if all(isinstance(item, Mapping) for item in items):
        names = dict.fromkeys(key for item in items for key in item)
        check_size(len(items), len(names), source)
        columns = [(str(name), [item.get(name) for item in items]) for name in names]
        return _from_columns(columns, source)
    if all(isinstance(item, (list, tuple)) for item in items):
        if items[0] and all(isinstance(cell, str) for cell in items[0]):
            rows = [[cell_text(cell, source) for cell in row] for row in items]
            width = max(map(len, rows))
            check_size(len(rows), width, source)
            rows = [row + [""] * (width - len(row)) for row in rows]
            return build_table(rows, source=source)
        return _from_columns([("", cells) for cells in _positions(items, source)], source)
    return _from_columns([("", items)], source)


def _positions(rows: Sequence[Sequence[Any]], source: str) -> list[list[Any]]:
    """Rows turned into columns. Short rows end in missing values."""
    width = max(map(len, rows))
    check_size(len(rows), width, source)
    return [[row[k] if k < len(row) else None for row in rows] for k in range(width)]


def _from_columns(named: Sequence[_Named], source: str) -> Table:
    if not named:
        raise InputError("holds no columns", where=source, remedy="give at least one column")
    rows = max(len(cells) for _, cells in named)
    if rows == 0:
        raise InputError("holds no values", where=source, remedy="give at least one value")
    check_size(rows, len(named), source)
    warnings: list[str] = []
    lengths = {len(cells) for _, cells in named if len(cells) != 1}
    if len(lengths) > 1:
        warnings.append("the columns differ in length: the shorter ones end in missing values")
    columns = []
    for position, (name, cells) in enumerate(named):
        name = clean_text(name)
        column = column_from_values(name, cells, position, source, warnings)
        column.values += [None] * (rows - len(cells))
        columns.append(column)
    header = any(name for name, _ in named)
    make_unique(columns, warnings, header=header)
    drop_total_column(columns, warnings)
    return Table(source=source, columns=columns, warnings=warnings, header=header)


def column_from_values(
    name: str, values: Sequence[Any], position: int, source: str, warnings: list[str]
) -> Column:
    """A column from values of any type: numbers as they are, the rest as cells are read."""
    numbers = _plain_numbers(values)
    if numbers is not None:
        name, unit = split_unit(name)
        return Column(name=name, kind="number", values=numbers, unit=unit)
    texts = [cell_text(value, source) for value in values]
    return build_column(
        name,
        texts,
        range(1, len(texts) + 1),
        position=position,
        source=source,
        decimal_comma=detect_decimal_comma(v for v in values[:VOTING_CELLS] if isinstance(v, str)),
        warnings=warnings,
    )


def _plain_numbers(values: Sequence[Any]) -> list[float | None] | None:
    """Finite numbers and missing values as they are; None if anything else is among them."""
    if not {type(value) for value in values} <= {float, int, type(None)}:
        return None
    try:
        numbers = [None if value is None or value != value else float(value) for value in values]
    except OverflowError:
        return None
    if not any(number is not None for number in numbers):
        return None
    return None if any(number in (math.inf, -math.inf) for number in numbers) else numbers


def cell_text(value: object, source: str) -> str:
    """A value as the text of a cell."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        return "" if math.isnan(number) else repr(number)
    if isinstance(value, (Decimal, Fraction)):
        return "" if value != value else repr(float(value))
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if hasattr(value, "item"):
        return cell_text(value.item(), source)
    if isinstance(value, (Mapping, list, tuple, set)):
        raise InputError(
            "a cell holds a list or an object",
            where=source,
            remedy="give single values, or rows of single values",
        )
    return "" if type(value).__name__ in ("NaTType", "NAType") else str(value)


def read_json(text: str, source: str) -> Table:
    """A table from JSON text."""
    return table_from_object(_parse(text, source), source)


def read_json_lines(lines: Iterable[str], source: str) -> Table:
    """A table from JSON Lines: one record or one row a line."""
    items = [
        _parse(line, f"{source}, line {number}")
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]
    return table_from_object(items, source)


def _parse(text: str, source: str) -> Any:
    if len(text) > MAX_LINE_BYTES:
        raise InputError(
            f"has more than {MAX_LINE_BYTES:,} characters of JSON",
            where=source,
            remedy="give large data as CSV or Parquet",
        )
    try:
        return json.loads(text, object_pairs_hook=_object(source), parse_constant=_constant(source))
    except RecursionError:
        what, remedy = "is nested too deeply", "give an object of columns or a list of rows"
    except ValueError as error:
        detail = getattr(error, "msg", "") or "a number has too many digits"
        line = getattr(error, "lineno", 0)
        what = f"is no valid JSON ({shorten(detail)}{f', line {line}' if line else ''})"
        remedy = "correct the file, or give the data as CSV"
    raise InputError(what, where=source, remedy=remedy)


def _object(source: str) -> Callable[[list[tuple[str, Any]]], dict[str, Any]]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) < len(pairs):
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen:
                    raise InputError(
                        f"the name {shorten(key)!r} is given twice in one object",
                        where=source,
                        remedy="rename one of the two",
                    )
                seen.add(key)
        return result

    return unique


def _constant(source: str) -> Callable[[str], float]:
    def constant(text: str) -> float:
        if text == "NaN":
            return math.nan
        raise InputError(
            f"{text} is not a finite number",
            where=source,
            remedy="correct the value, or write null if it is missing",
        )

    return constant
