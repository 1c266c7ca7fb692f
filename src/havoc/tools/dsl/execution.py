"""Running a script: references become data, statements become calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from havoc.errors import InputError
from havoc.reading.table import Column, Table
from havoc.tools.columns import column_of, column_values, split_by, table_value
from havoc.tools.declaration import registry
from havoc.tools.dsl.tree import Reference, Script, Statement, Value
from havoc.tools.result import ToolResult
from havoc.tools.signature import Parameter, signature


def execute_script(script: Script, data: Mapping[str, Table] | None = None) -> list[ToolResult]:
    """Run every statement in order. ``data`` holds the tables that references name."""
    return list(execute_statements(script, data or {}))


def execute_statements(script: Script, data: Mapping[str, Table]) -> Iterator[ToolResult]:
    for statement in script.statements:
        yield execute_statement(statement, data)


def execute_statement(statement: Statement, data: Mapping[str, Table]) -> ToolResult:
    """Run one statement. Raises InputError naming its line."""
    try:
        return registry.execute(statement.operation, resolved(statement, data))
    except InputError as error:
        if not statement.line:
            raise
        where = f"line {statement.line}, {error.where}" if error.where else f"line {statement.line}"
        raise InputError(error.what, where=where, remedy=error.remedy) from None


def resolved(statement: Statement, data: Mapping[str, Table]) -> dict[str, Any]:
    """The arguments of a statement with every reference replaced by its data."""
    parameters = signature(registry.get(statement.operation))
    alone = sum(_references(value) for value in statement.arguments.values()) < 2
    arguments: dict[str, Any] = {}
    for name, value in statement.arguments.items():
        parameter = parameters.get(name)
        if parameter is None:
            raise InputError(
                f"{name} is no parameter of {statement.operation}",
                remedy=f"it takes {', '.join(parameters)}",
            )
        if isinstance(value, Reference) and not value.by:
            parameter = _fitting(parameter, value, data, parameters, statement)
        found = _resolve(value, data, parameter, alone=alone)
        if isinstance(value, Reference) and value.by and not parameter.takes_groups:
            arguments |= _as_pair(found, name, parameters, statement)
        else:
            arguments[parameter.name] = found
    return arguments


def _fitting(
    parameter: Parameter,
    reference: Reference,
    data: Mapping[str, Table],
    parameters: dict[str, Parameter],
    statement: Statement,
) -> Parameter:
    """The parameter that a whole table fits.

    A table of several columns is no single sample: where the tool has another
    parameter for rows (subgroups) or for named groups, it goes there.
    """
    table, column = _find(reference.parts, data)
    wide = sum(item.kind == "number" for item in table.columns) > 1
    if column is not None or not wide or parameter.takes_rows or parameter.takes_groups:
        return parameter
    others = [item for name, item in parameters.items() if name not in statement.arguments]
    for other in others:
        if other.takes_rows:
            return other
    return next((other for other in others if other.takes_groups), parameter)


def _references(value: Value) -> int:
    if isinstance(value, Reference):
        return 1
    if isinstance(value, list):
        return sum(map(_references, value))
    return sum(map(_references, value.values())) if isinstance(value, dict) else 0


def _resolve(value: Value, data: Mapping[str, Table], parameter: Parameter, *, alone: bool) -> Any:
    if isinstance(value, list):
        return [_resolve(item, data, parameter, alone=alone) for item in value]
    if isinstance(value, dict):
        return {name: _resolve(item, data, parameter, alone=alone) for name, item in value.items()}
    if not isinstance(value, Reference):
        return value
    table, column = _find(value.parts, data)
    if value.by:
        by_table, labels = _find(value.by, data)
        if column is None or labels is None or by_table is not table:
            raise InputError(
                "BY takes two columns of the same data", remedy="such as @runs.y BY @runs.line"
            )
        return split_by(table, column, labels)
    if column is None:
        return table_value(table, parameter, alone=alone)
    return column_values(table, column, alone=alone, missing=parameter.takes_missing)


def _find(parts: tuple[str, ...], data: Mapping[str, Table]) -> tuple[Table, Column | None]:
    """The data whose name is the longest beginning of ``parts``, and the column that follows."""
    for count in range(len(parts), 0, -1):
        table = data.get(".".join(parts[:count]))
        if table is not None:
            rest = ".".join(parts[count:])
            return table, column_of(table, rest) if rest else None
    name = ".".join(parts)
    known = f"; there is {', '.join(data)}" if data else ""
    raise InputError(
        f"there is no data named {name!r}{known}",
        where=f"@{name}",
        remedy='name its file: DATA name = "file.csv" in the script or --data name=file.csv',
    )


def _as_pair(
    groups: dict[str, Any], name: str, parameters: dict[str, Parameter], statement: Statement
) -> dict[str, Any]:
    """Two labels as ``group1`` and ``group2`` with their names."""
    if not {"group1", "group2"} <= parameters.keys() or name != "group1":
        raise InputError(f"{statement.operation} does not take groups for {name}")
    if len(groups) != 2:
        raise InputError(
            f"{statement.operation} compares two groups, and the labels are "
            f"{', '.join(list(groups)[:8])}",
            remedy="use a test for several groups, such as anova_one_way",
        )
    pair: dict[str, Any] = {}
    for number, (label, values) in enumerate(groups.items(), start=1):
        pair[f"group{number}"] = values
        if f"name{number}" in parameters and f"name{number}" not in statement.arguments:
            pair[f"name{number}"] = label
    return pair
