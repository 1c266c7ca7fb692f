"""CSV, TSV and other text files.

Large files go a fast way if they are clean (every row has as many cells as the
first, every cell of a column of numbers is one); as soon as something is odd the
whole file goes the careful way, which names row and column of what it repairs.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from havoc.errors import InputError
from havoc.reading.columns import (
    SUMMARY_LABELS,
    TOTAL_LABELS,
    build_table,
    is_formula,
    pad_rows,
    text_value,
)
from havoc.reading.header import writes_decimal_comma
from havoc.reading.limits import MAX_COLUMNS, MAX_LINE_BYTES, MAX_ROWS, check_size
from havoc.reading.numbers import MISSING_MARKERS, read_cell, shorten
from havoc.reading.table import Column, Table

FAST_BYTES = 500_000
SAMPLE_BYTES = 256_000
SAMPLE_LINES = 200
MAX_TITLE_ROWS = 20
MAX_LABELS = 50_000

_SEPARATOR_LINE = re.compile(r"sep=(.)", re.IGNORECASE)
_PAIR = re.compile(r"\s*[-+−]?[0-9]+,[0-9]+\s*")
_LINE_END = re.compile(r"\r\n|\n|\r")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


class _Layout(msgspec.Struct):
    """How the file is written. ``delimiter`` "" is one column, " " any blanks."""

    encoding: str
    delimiter: str
    skip: int = 0
    decimal_comma: bool | None = None
    warnings: list[str] = []


def read_delimited(data: bytes, source: str, *, delimiter: str | None = None) -> Table:
    """A table from the bytes of a text file."""
    encoding, warnings = _encoding(data, source)
    if encoding == "utf-16":
        data, encoding = data.decode("utf-16", errors="replace").encode(), "utf-8-sig"
        _check_text(data, source)
    _check_lines(data, source)
    layout = _layout(data, encoding, delimiter)
    layout.warnings = warnings + layout.warnings
    if len(data) > FAST_BYTES and encoding == "utf-8-sig":
        table = _read_fast(data, layout, source)
        if table is not None:
            return table
    return _read_carefully(_lines(data, layout), layout, source)


def _encoding(data: bytes, source: str) -> tuple[str, list[str]]:
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16", []
    _check_text(data, source)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), 1 << 22):
            decoder.decode(data[start : start + (1 << 22)])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252", ["the text is not UTF-8: it was read as Windows-1252 (Western European)"]
    return "utf-8-sig", []


def _check_text(data: bytes, source: str) -> None:
    if _CONTROL.search(data[:SAMPLE_BYTES]):
        raise InputError(
            "is no text file",
            where=source,
            remedy="give CSV, TSV, XLSX, XLS, Parquet or JSON; save text as UTF-8",
        )


def _check_lines(data: bytes, source: str) -> None:
    """Refuse a line that is too long without looking at every line."""
    position = 0
    while len(data) - position > MAX_LINE_BYTES:
        end = data.rfind(b"\n", position, position + MAX_LINE_BYTES)
        if end < 0:
            raise InputError(
                f"has a line of more than {MAX_LINE_BYTES:,} bytes",
                where=source,
                remedy="write one row of the table on each line",
            )
        position = end + 1


def _layout(data: bytes, encoding: str, delimiter: str | None) -> _Layout:
    sample = data[:SAMPLE_BYTES].decode(encoding, errors="ignore")
    lines = _LINE_END.split(sample)
    if len(data) > SAMPLE_BYTES and len(lines) > 1:
        lines.pop()
    lines = lines[:SAMPLE_LINES]
    declared = _SEPARATOR_LINE.fullmatch(lines[0].strip()) if lines else None
    if declared:
        return _Layout(encoding, declared[1], skip=1)
    filled = [line for line in lines if line.strip()]
    if delimiter is not None and any(delimiter in line for line in filled):
        return _Layout(encoding, delimiter)
    for mark, share in (("\t", 0.8), (";", 0.8), ("|", 0.8), (",", 0.5)):
        counts = _widths(filled, mark)
        width, count = max(counts.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
        if width < 2 or count < share * len(filled):
            continue
        if mark == "," and width == 2 and _is_decimal_list(filled):
            note = "each line was read as one number with a decimal comma"
            return _Layout(encoding, "", decimal_comma=True, warnings=[note])
        return _Layout(encoding, mark)
    widths = Counter(len(line.split()) for line in filled)
    width, count = widths.most_common(1)[0] if widths else (0, 0)
    quantities = sum(read_cell(line).kind == "number" for line in filled)
    if width >= 2 and count >= 0.8 * len(filled) and quantities * 2 < len(filled):
        last = filled[-1].split()
        if sum(read_cell(cell).kind in ("number", "missing") for cell in last) * 2 >= width:
            return _Layout(encoding, " ")
    return _Layout(encoding, "")


def _widths(lines: list[str], mark: str) -> Counter[int]:
    """How many lines have how many cells. A quotation mark left open is left out of account."""
    try:
        return Counter(len(row) for row in csv.reader(lines, delimiter=mark, strict=True) if row)
    except csv.Error:
        return Counter(line.count(mark) + 1 for line in lines)


def _is_decimal_list(lines: list[str]) -> bool:
    """ "12,5" below "13,1": one column with a decimal comma, not two columns."""
    body = lines if _PAIR.fullmatch(lines[0]) else lines[1:]
    if not body or not all(_PAIR.fullmatch(line) for line in body):
        return False
    if body is not lines:
        return "," not in lines[0]
    firsts = [line.split(",")[0].strip() for line in body]
    digits = {len(line.strip().split(",")[1]) for line in body}
    return firsts != [str(i + 1) for i in range(len(body))] and len(digits) == 1


def _lines(data: bytes, layout: _Layout) -> Iterator[str]:
    stream = io.TextIOWrapper(
        io.BytesIO(data), encoding=layout.encoding, errors="replace", newline=""
    )
    for number, line in enumerate(stream):
        if number >= layout.skip:
            yield line


def _rows(lines: Iterable[str], layout: _Layout, source: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of every line that is not blank."""
    if layout.delimiter in ("", " "):
        for number, line in enumerate(lines, 1 + layout.skip):
            cells = line.split() if layout.delimiter else [line.strip()]
            if cells and cells != [""]:
                yield number, cells
        return
    mark = layout.delimiter

    def narrow() -> Iterator[str]:
        for line in lines:
            if len(line) > MAX_COLUMNS and line.count(mark) > MAX_COLUMNS:
                check_size(1, MAX_COLUMNS + 1, source)
            yield line

    reader = csv.reader(narrow(), delimiter=mark, strict=True)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            long = "field larger" in str(error)
            raise InputError(
                "a quotation mark is not closed"
                if long or "end of data" in str(error)
                else "quotation marks are wrong",
                where=f"{source}, row {reader.line_num + layout.skip}",
                remedy='close the mark, or write "" for a mark within a cell',
            ) from None
        if row and (row[0].strip() or any(cell.strip() for cell in row)):
            yield reader.line_num + layout.skip, row


def _read_carefully(lines: Iterable[str], layout: _Layout, source: str) -> Table:
    rows: list[list[str]] = []
    numbers: list[int] = []
    width = 0
    for number, row in _rows(lines, layout, source):
        width = max(width, len(row))
        if len(rows) % 1000 == 0:
            check_size(len(rows), width, source)
        rows.append(row)
        numbers.append(number)
    check_size(len(rows), width, source)
    return table_from_rows(
        rows,
        numbers,
        source,
        decimal_comma=layout.decimal_comma,
        semicolons=layout.delimiter == ";",
        warnings=layout.warnings,
    )


def table_from_rows(
    rows: list[list[str]],
    numbers: list[int],
    source: str,
    *,
    decimal_comma: bool | None = None,
    semicolons: bool = False,
    aligned: bool = False,
    warnings: Iterable[str] = (),
) -> Table:
    """A table from rows of a file: titles above it left out, ragged rows mended.

    ``aligned``: the cells are in their columns for certain, as in a workbook, so a
    longer row only means a note beside the table.
    """
    notes = list(warnings)
    if not rows:
        raise InputError("holds no data", where=source, remedy="give at least one row of values")
    sample = Counter(_filled_width(row) for row in rows[:SAMPLE_LINES])
    width = max(sample.items(), key=lambda item: (item[1], item[0]))[0]
    first = 0
    while first < min(len(rows) - 1, MAX_TITLE_ROWS) and width > 1 and _is_title(rows[first]):
        title = next(cell for cell in rows[first] if cell.strip())
        notes.append(f"row {numbers[first]} ({shorten(title.strip())!r}) was left out as a title")
        first += 1
    width = max(width, _filled_width(rows[first]))
    if aligned:
        width = max(map(_filled_width, rows[first:]))
    cells, kept = pad_rows(rows[first:], width, numbers[first:], notes)
    if not cells:
        raise InputError("holds no rows of one width", where=source, remedy="correct the rows")
    if len(cells) == 1 and not any(read_cell(cell).kind == "number" for cell in cells[0]):
        raise InputError(
            "has a header and no rows", where=source, remedy="give at least one row of values"
        )
    return build_table(
        cells,
        source=source,
        row_numbers=kept,
        decimal_comma=decimal_comma,
        semicolons=semicolons,
        warnings=notes,
    )


def _filled_width(row: list[str]) -> int:
    width = len(row)
    while width and not row[width - 1].strip():
        width -= 1
    return width


def _is_title(row: list[str]) -> bool:
    filled = [cell for cell in row if cell.strip()]
    return len(filled) == 1 and read_cell(filled[0]).kind == "text"


def _read_fast(data: bytes, layout: _Layout, source: str) -> Table | None:
    """A clean file by Arrow's reader; None if it is not clean."""
    if len(layout.delimiter) != 1 or layout.delimiter == " " or layout.skip:
        return None
    sample = data[: data.rfind(b"\n", 0, SAMPLE_BYTES) + 1].decode("utf-8-sig", errors="ignore")
    try:
        rows = list(_rows(io.StringIO(sample, newline=""), layout, source))
        numbers, cells = [number for number, _ in rows], [row for _, row in rows]
        if numbers[:2] != [1, 2]:
            return None
        head = table_from_rows(
            cells, numbers, source, semicolons=layout.delimiter == ";", warnings=layout.warnings
        )
    except InputError:
        return None
    width = len(cells[0])
    if len(head.columns) != width or head.warnings != layout.warnings:
        return None
    check_size(min(data.count(b"\n"), MAX_ROWS + 1), width, source)
    body = [[row[index] for row in cells[1:]] for index in range(width)]
    columns = _arrow_columns(
        data,
        layout.delimiter,
        numeric=[column.kind == "number" for column in head.columns],
        decimal_comma=writes_decimal_comma(body, semicolons=layout.delimiter == ";"),
        skip=int(head.header),
    )
    if columns is None:
        return None
    for column, values in zip(head.columns, columns, strict=True):
        column.values = values
    if _ends_in_total(head.columns):
        return None
    return head


def _arrow_columns(
    data: bytes, delimiter: str, *, numeric: list[bool], decimal_comma: bool, skip: int
) -> list[list[float | None] | list[str | None]] | None:
    import numpy as np
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    names = [str(index) for index in range(len(numeric))]
    types = {
        name: pa.float64() if number else pa.dictionary(pa.int32(), pa.string())
        for name, number in zip(names, numeric, strict=True)
    }
    markers = {form for marker in MISSING_MARKERS for form in (marker, marker.upper())}
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(data),
            read_options=arrow_csv.ReadOptions(column_names=names, skip_rows=skip),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=b'"' in data
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=types,
                null_values=sorted(markers | {"NaN", "#N/A"}),
                strings_can_be_null=False,
                decimal_point="," if decimal_comma else ".",
            ),
        )
    except pa.ArrowException:
        return None
    columns: list[list[float | None] | list[str | None]] = []
    for name, number in zip(names, numeric, strict=True):
        column = table.column(name)
        if not number:
            labels = _labels(column.combine_chunks())
            if labels is None:
                return None
            columns.append(labels)
            continue
        array = column.to_numpy()
        if np.isinf(array).any():
            return None
        values = array.tolist()
        if np.isnan(array).any():
            values = [value if value == value else None for value in values]
        columns.append(values)
    if all(None in values for values in columns) and any(
        all(value is None for value in row) for row in zip(*columns, strict=True)
    ):
        return None
    return columns


def _labels(array: Any) -> list[str | None] | None:
    """Labels cleaned once for each different one; None if a number or a formula is among them."""
    levels: list[str] = array.dictionary.to_pylist()
    if len(levels) > MAX_LABELS:
        return None
    cleaned: list[str | None] = []
    for level in levels:
        if is_formula(level) or read_cell(level).kind in ("number", "infinite"):
            return None
        cleaned.append(text_value(level))
    return [cleaned[code] for code in array.indices.to_pylist()]


def _ends_in_total(columns: list[Column]) -> bool:
    last = columns[0].values[-1] if columns and columns[0].values else None
    return isinstance(last, str) and last.casefold() in TOTAL_LABELS | SUMMARY_LABELS
