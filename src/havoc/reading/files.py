"""Files of data as tables: CSV, TSV, text, XLSX, XLS, Parquet, JSON and JSON Lines."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from havoc.errors import InputError
from havoc.reading.columns import drop_total_column
from havoc.reading.delimited_file import read_delimited
from havoc.reading.header import make_unique
from havoc.reading.limits import MAX_FILE_BYTES, check_size
from havoc.reading.numbers import shorten
from havoc.reading.structured import (
    column_from_values,
    read_json,
    read_json_lines,
    table_from_object,
)
from havoc.reading.table import Table

__all__ = ["read_table", "table_from_object"]

_PARQUET = b"PAR1"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_MARKUP = (b"<html", b"<!doctype", b"<table", b"<?xml", b"<svg")
MAX_PARQUET_BYTES = 2_000_000_000


def read_table(path: str | os.PathLike[str], *, sheet: str | None = None) -> Table:
    """The table in a file. ``sheet`` names the sheet of a workbook.

    What the file is, is seen from its first bytes, then from its suffix. Raises
    InputError, in one line with the name of the file, if it cannot be read.
    """
    source = shorten(os.fspath(path) if isinstance(path, (str, Path)) else str(path), 200)
    data = _read(Path(path), source)
    suffix = Path(path).suffix.casefold()
    workbook = data[:4] in _ZIP or data[:8] == _OLE
    if sheet is not None and not workbook:
        raise InputError(
            "is no workbook", where=source, remedy="leave the sheet out, it has only one table"
        )
    if workbook:
        from havoc.reading.workbook import read_workbook

        return read_workbook(data, source, sheet)
    if data[:4] == _PARQUET:
        return _read_parquet(data, source)
    if data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_MARKUP):
        raise InputError("is HTML or XML", where=source, remedy="save the table as .xlsx or .csv")
    if suffix in (".json", ".jsonl", ".ndjson"):
        text = _text(data, source)
        if suffix == ".json":
            return read_json(text, source)
        return read_json_lines(text.split("\n"), source)
    return read_delimited(data, source, delimiter="\t" if suffix in (".tsv", ".tab") else None)


def _read(path: Path, source: str) -> bytes:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError("is a directory", where=source, remedy="name a file in it")
        if not stat.S_ISREG(status.st_mode):
            raise InputError(
                "is no regular file", where=source, remedy="save the data to a file first"
            )
        too_large = status.st_size > MAX_FILE_BYTES
        with path.open("rb") as file:
            data = b"" if too_large else file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise InputError(
            "there is no such file", where=source, remedy="check the path and the spelling"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the name is not valid"
        raise InputError(
            f"cannot be read ({reason})",
            where=source,
            remedy="check the path and the right to read it",
        ) from None
    if too_large or len(data) > MAX_FILE_BYTES:
        raise InputError(
            f"is larger than {MAX_FILE_BYTES // 1_000_000} MB",
            where=source,
            remedy="keep the rows and columns that the analysis needs",
        )
    if not data.strip(b"\x00\t\n\r \xef\xbb\xbf\xff\xfe"):
        raise InputError(
            "is empty", where=source, remedy="give a file with at least one row of values"
        )
    return data


def _text(data: bytes, source: str) -> str:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise InputError("is not UTF-8", where=source, remedy="save it as UTF-8") from None


def _read_parquet(data: bytes, source: str) -> Table:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(pa.BufferReader(data))
        meta = file.metadata
        check_size(meta.num_rows, meta.num_columns, source)
        groups = (meta.row_group(index) for index in range(meta.num_row_groups))
        if sum(group.total_byte_size for group in groups) > MAX_PARQUET_BYTES:
            check_size(meta.num_rows, 1 << 60, source)
        arrow = file.read()
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        raise InputError(
            f"cannot be read as Parquet ({shorten(str(error), 80)})",
            where=source,
            remedy="write the file again, or give it as CSV",
        ) from None
    warnings: list[str] = []
    columns = []
    for position, (field, column) in enumerate(zip(arrow.schema, arrow.columns, strict=True)):
        values = _parquet_values(column, field, source)
        columns.append(column_from_values(field.name, values, position, source, warnings))
    if not columns or arrow.num_rows == 0:
        raise InputError("holds no rows", where=source, remedy="give at least one row of values")
    make_unique(columns, warnings, header=True)
    drop_total_column(columns, warnings)
    return Table(source=source, columns=columns, warnings=warnings)


def _parquet_values(column: Any, field: Any, source: str) -> list[Any]:
    import pyarrow as pa

    kind = field.type
    if pa.types.is_nested(kind):
        raise InputError(
            f"column {shorten(field.name)!r} holds lists or objects",
            where=source,
            remedy="give columns of single values",
        )
    plain = pa.types.is_floating(kind) or pa.types.is_integer(kind)
    if plain and column.null_count == 0:
        values: list[Any] = column.to_numpy().astype(float).tolist()
        return values
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        raise InputError(
            f"column {shorten(field.name)!r} holds bytes",
            where=source,
            remedy="give columns of numbers or text",
        )
    return list(column.to_pylist())
