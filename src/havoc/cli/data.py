"""Files named on the command line as tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from havoc.reading.table import Table
from havoc.tools.columns import column_of, column_values, table_value
from havoc.tools.signature import Parameter


def load_table(path: Path) -> Table:
    """The table in a file; of a workbook its first sheet."""
    from havoc.reading.files import read_table

    return read_table(path)


def column_for(reference: str, parameter: Parameter, *, alone: bool = True) -> Any:
    """``bore.csv:diameter`` or ``bore.csv`` as a value of ``parameter``."""
    name, sign, column = reference.rpartition(":")
    if not sign or (not Path(name).exists() and Path(reference).exists()):
        name, column = reference, ""
    table = load_table(Path(name))
    if not column:
        return table_value(table, parameter, alone=alone)
    return column_values(
        table, column_of(table, column), alone=alone, missing=parameter.takes_missing
    )
