"""Files named on the command line as tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from havoc.errors import InputError
from havoc.reading.table import Table
from havoc.tools.columns import column_of, column_values, table_value
from havoc.tools.signature import Parameter


def load_table(path: Path) -> Table:
    """The table in a file; a workbook's first sheet."""
    from havoc.reading.files import read_file

    return read_file(path)[0]


def column_for(reference: str, parameter: Parameter, *, alone: bool = True) -> Any:
    """``bore.csv:diameter`` or ``bore.csv`` as a value of ``parameter``."""
    name, sign, column = reference.rpartition(":")
    if not sign or (not Path(name).exists() and Path(reference).exists()):
        name, column = reference, ""
    path = Path(name)
    if not path.exists():
        raise InputError("there is no such file", where=name, remedy="check the path after the @")
    table = load_table(path)
    if not column:
        return table_value(table, parameter, alone=alone)
    return column_values(
        table, column_of(table, column), alone=alone, missing=parameter.takes_missing
    )
