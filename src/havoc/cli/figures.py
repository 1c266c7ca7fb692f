"""Figures as aligned text: one a line, lists of records as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from havoc.formatting import figure
from havoc.text import printable

ROWS_SHOWN = 60
CELL_LIMIT = 60


def figures_as_text(quantities: Mapping[str, Any]) -> str:
    """Named figures, one a line; lists of records as tables below them."""
    simple = {name: value for name, value in quantities.items() if not _is_records(value)}
    width = max((len(name) for name in simple), default=0)
    lines = [f"  {name:<{width}}  {_cell(value)}" for name, value in simple.items()]
    for name, value in quantities.items():
        if _is_records(value):
            lines += ["", f"  {name}", *_records_as_lines(value)]
    return "\n".join(lines)


def _is_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _records_as_lines(records: Sequence[Mapping[str, Any]]) -> list[str]:
    names = list(dict.fromkeys(name for record in records for name in record))
    rows = [[_cell(record.get(name, "")) for name in names] for record in records[:ROWS_SHOWN]]
    lines = table_as_lines(names, rows)
    if len(records) > ROWS_SHOWN:
        lines.append(f"    … {len(records) - ROWS_SHOWN} more; --json gives all")
    return lines


def table_as_lines(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of text under their names, columns aligned."""
    widths = [
        max(len(printable(cell)) for cell in column) for column in zip(names, *rows, strict=True)
    ]
    return [
        "    "
        + "  ".join(
            f"{printable(cell):<{width}}" for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in [names, *rows]
    ]


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{name} {_cell(item)}" for name, item in list(value.items())[:12])
        return printable(inner, CELL_LIMIT * 2)
    if isinstance(value, list):
        shown = ", ".join(_cell(item) for item in value[:12])
        more = f", … ({len(value)})" if len(value) > 12 else ""
        return printable(f"{shown}{more}", CELL_LIMIT * 2)
    if isinstance(value, str):
        return printable(value, CELL_LIMIT * 2)
    return figure(value)
