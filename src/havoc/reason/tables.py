"""Tables of an answer: the quantities of a result that are rows already.

A run sheet, an ANOVA table, the terms of a model, the pairs of a comparison, the
violations of run rules: whatever a result holds as a list of records is shown as
a table, and each cell is the figure of the result.
"""

from __future__ import annotations

from typing import Any

from havoc.reason.answer import AnswerTable
from havoc.tools.result import ToolResult

LEFT_OUT = frozenset({"factors", "cells", "contributions", "slots"})
MAX_ROWS = 200


def tables_of(result_id: str, result: ToolResult) -> list[AnswerTable]:
    """One table for every list of records in a result."""
    tables = []
    for name, value in result.quantities.items():
        if name in LEFT_OUT or not _is_records(value):
            continue
        records = [_flat(record) for record in value[:MAX_ROWS]]
        columns = list(dict.fromkeys(key for record in records for key in record))
        tables.append(
            AnswerTable(
                title=name.replace("_", " "),
                source=f"{result_id}.{name}",
                columns=columns,
                rows=[[record.get(column) for column in columns] for record in records],
            )
        )
    return tables


def _is_records(value: Any) -> bool:
    return (
        isinstance(value, list) and len(value) > 0 and all(isinstance(item, dict) for item in value)
    )


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    """Nested records become columns of their own; lists are written out."""
    flat: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, dict):
            flat.update(value)
        elif isinstance(value, list):
            flat[key] = ", ".join(str(item) for item in value)
        else:
            flat[key] = value
    return flat
