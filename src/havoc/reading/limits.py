"""How much is read at most, and the errors that say so."""

from __future__ import annotations

from havoc.errors import InputError

MAX_FILE_BYTES = 200_000_000
MAX_LINE_BYTES = 50_000_000
MAX_COLUMNS = 10_000
MAX_ROWS = 5_000_000
MAX_CELLS = 20_000_000


def check_size(rows: int, columns: int, source: str) -> None:
    """Raise InputError if a table would have too many rows, columns or cells."""
    if columns > MAX_COLUMNS:
        raise InputError(
            f"has more than {MAX_COLUMNS:,} columns",
            where=source,
            remedy="keep the columns that the analysis needs",
        )
    if rows > MAX_ROWS or rows * columns > MAX_CELLS:
        raise InputError(
            f"has more than {MAX_ROWS:,} rows or {MAX_CELLS:,} cells",
            where=source,
            remedy="keep the columns that the analysis needs, or read a part of the rows",
        )
