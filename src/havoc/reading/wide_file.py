"""A delimited file of many columns, read a block of columns at a time.

``read_table`` holds a whole table and cleans it cell by cell; a file with thousands of measured
columns is larger than that. Here only the columns of one block are in memory, as float64, and
the file is read once a block. The first row names the columns; a cell that is no number makes
its column a column of text.
"""

from __future__ import annotations

import csv
import math
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from havoc.errors import InputError
from havoc.reading.limits import MAX_LINE_BYTES
from havoc.reading.numbers import MISSING_MARKERS, read_cell, shorten

SAMPLE_ROWS = 50
MAX_COLUMNS = 1_000_000
DELIMITERS = ("\t", ";", "|", ",")
_MEGABYTE = 1_000_000
_READ_BYTES = 8 * _MEGABYTE
_DECIMAL_COMMA = re.compile(r"\s*[-+]?\d+,\d+\s*")


class WideColumn(msgspec.Struct, frozen=True, kw_only=True):
    """``values`` has NaN where a cell is empty; ``fault`` says why a column has no values."""

    name: str
    values: NDArray[np.float64]
    fault: str = ""


class WideFile(msgspec.Struct, frozen=True, kw_only=True):
    """What the file holds: ``numeric`` are the indices of the columns of numbers."""

    path: Path
    names: list[str]
    numeric: list[int]
    rows: int
    delimiter: str
    decimal_comma: bool
    skip: int

    def columns(self, chosen: Sequence[int], memory: int) -> Iterator[WideColumn]:
        """The columns with these indices, so many of them at once as ``memory`` bytes hold."""
        # Arrow's batches and the result are there together, so a value counts twice.
        at_once = max(1, int(memory / (16 * max(self.rows, 1))))
        for start in range(0, len(chosen), at_once):
            yield from self._block(chosen[start : start + at_once])

    def _block(self, chosen: Sequence[int]) -> Iterator[WideColumn]:
        import pyarrow as pa

        try:
            values = self._numbers(chosen)
        except pa.ArrowException as error:
            if "parse error" in str(error):
                raise self._ragged(str(error)) from None
            # Some cell is no number: column by column, so that only its own is lost.
            yield from self._columns_with_faults(chosen)
            return
        for place, index in enumerate(chosen):
            yield WideColumn(name=self.names[index], values=values[:, place])

    def _numbers(self, chosen: Sequence[int]) -> NDArray[np.float64]:
        import pyarrow as pa

        values = np.empty((self.rows, len(chosen)), order="F")
        filled = 0
        for batch in self._batches(chosen, pa.float64()):
            if filled + batch.num_rows > self.rows:
                raise InputError("changed while it was read", where=str(self.path))
            for place in range(len(chosen)):
                values[filled : filled + batch.num_rows, place] = batch.column(place).to_numpy(
                    zero_copy_only=False
                )
            filled += batch.num_rows
        return values[:filled]

    def _ragged(self, message: str) -> InputError:
        """The row that has another number of cells than the first."""
        with self.path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            reader = csv.reader(file, delimiter=self.delimiter)
            for row in reader:
                if row and len(row) != len(self.names):
                    return InputError(
                        f"row {reader.line_num} has {len(row)} cells and the first row "
                        f"{len(self.names)}",
                        where=str(self.path),
                        remedy="give every row a cell for each column",
                    )
        return InputError(
            f"cannot be read as CSV ({shorten(message, 80)})",
            where=str(self.path),
            remedy="write the file again",
        )

    def _columns_with_faults(self, chosen: Sequence[int]) -> Iterator[WideColumn]:
        import pyarrow as pa

        if len(chosen) > 1:
            half = len(chosen) // 2
            yield from self._block(chosen[:half])
            yield from self._block(chosen[half:])
            return
        cells: list[str | None] = []
        for batch in self._batches(chosen, pa.string()):
            cells += batch.column(0).to_pylist()
        row, cell = next(
            (number, cell)
            for number, cell in enumerate(cells, start=1)
            if cell is not None and not _is_number(cell, self.decimal_comma)
        )
        yield WideColumn(
            name=self.names[chosen[0]],
            values=np.empty(0),
            fault=f"value {row} is {shorten(cell, 30)!r}, not a number",
        )

    def _batches(self, chosen: Sequence[int], kind: Any) -> Iterator[Any]:
        from pyarrow import csv as arrow_csv

        columns = [str(index) for index in chosen]
        markers = {form for marker in MISSING_MARKERS for form in (marker, marker.upper())}
        reader = arrow_csv.open_csv(
            self.path,
            read_options=arrow_csv.ReadOptions(
                column_names=[str(index) for index in range(len(self.names))],
                skip_rows=self.skip,
                block_size=max(_READ_BYTES, 40 * len(self.names)),
            ),
            parse_options=arrow_csv.ParseOptions(delimiter=self.delimiter),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=columns,
                column_types=dict.fromkeys(columns, kind),
                null_values=sorted(markers | {"NaN", "#N/A"}),
                strings_can_be_null=True,
                decimal_point="," if self.decimal_comma else ".",
            ),
        )
        yield from reader


def _is_number(cell: str, decimal_comma: bool) -> bool:
    text = cell.strip()
    if decimal_comma:
        text = text.replace(",", ".")
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def open_wide(path: str | os.PathLike[str]) -> WideFile:
    """Look at the head of the file and count its rows."""
    where = Path(path)
    source = shorten(str(path), 200)
    try:
        with where.open("rb") as file:
            # Lines, and no line longer than this: a header of many names is long.
            head = [file.readline(MAX_LINE_BYTES + 1) for _ in range(SAMPLE_ROWS + 1)]
        rows = _count_lines(where)
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror or error})",
            where=source,
            remedy="check the path and the right to read it",
        ) from None
    if max(map(len, head)) > MAX_LINE_BYTES:
        raise InputError(
            f"has a line of more than {MAX_LINE_BYTES:,} bytes",
            where=source,
            remedy="write one row of the table on each line",
        )
    if head[0][:4] in (b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0"):
        raise InputError(
            "is no text file",
            where=source,
            remedy="save the table as CSV, one column a characteristic",
        )
    text = b"".join(head).decode("utf-8-sig", errors="replace")
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise InputError("is empty", where=source, remedy="give a file with rows of values")
    delimiter = max(DELIMITERS, key=lines[0].count)
    if not lines[0].count(delimiter):
        delimiter = ","
    try:
        cells = list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        raise InputError(
            "quotation marks are wrong", where=source, remedy='write "" for a mark within a cell'
        ) from None
    first, body = cells[0], cells[1:]
    if len(first) > MAX_COLUMNS:
        raise InputError(f"has more than {MAX_COLUMNS:,} columns", where=source)
    for number, row in enumerate(body, start=2):
        if len(row) != len(first):
            raise InputError(
                f"row {number} has {len(row)} cells and the first row {len(first)}",
                where=source,
                remedy="give every row a cell for each column",
            )
    commas = delimiter != "," and any(
        _DECIMAL_COMMA.fullmatch(cell) for row in body for cell in row[:200]
    )
    header = not all(_is_number(cell, commas) or not cell.strip() for cell in first)
    names = _unique([cell.strip() for cell in first] if header else [""] * len(first))
    sample = body if header else cells
    if not sample:
        raise InputError("has a header and no rows", where=source, remedy="give rows of values")
    numeric = [
        index for index in range(len(names)) if _is_numeric([row[index] for row in sample], commas)
    ]
    return WideFile(
        path=where,
        names=names,
        numeric=numeric,
        rows=rows - int(header),
        delimiter=delimiter,
        decimal_comma=commas,
        skip=int(header),
    )


def _is_numeric(cells: Sequence[str], decimal_comma: bool) -> bool:
    """All cells are numbers or missing, and one is a number."""
    found = False
    for cell in cells:
        if _is_number(cell, decimal_comma):
            found = True
        elif read_cell(cell).kind != "missing":
            return False
    return found


def _unique(names: Sequence[str]) -> list[str]:
    taken: set[str] = set()
    found = []
    for number, name in enumerate(names, start=1):
        label = plain = name or f"column {number}"
        copy = 2
        while label in taken:
            label, copy = f"{plain}_{copy}", copy + 1
        taken.add(label)
        found.append(label)
    return found


def _count_lines(path: Path) -> int:
    """Lines that are not empty at most: an upper bound of the rows."""
    count, last = 0, b"\n"
    with path.open("rb") as file:
        while chunk := file.read(_READ_BYTES):
            count += chunk.count(b"\n")
            last = chunk[-1:]
    return count + (last != b"\n")
