"""XLSX and XLS workbooks.

The archive is measured before it is opened: what it unpacks to, how far its cells
are spread, how often its longest text is used. Formulas are never computed and
links never followed; what a spreadsheet program stored last is read.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import msgspec

from havoc.errors import InputError
from havoc.reading.delimited_file import table_from_rows
from havoc.reading.limits import check_size
from havoc.reading.numbers import shorten
from havoc.reading.structured import cell_text
from havoc.reading.table import Table

MAX_UNPACKED_BYTES = 800_000_000
MAX_ENTRIES = 5_000
MAX_ROW_BYTES = 64_000_000
MAX_TEXT_BYTES = 2_000_000_000
CHUNK = 1 << 20

_CELL = re.compile(rb"""\br\s?=\s?["']([A-Za-z]{1,3})([0-9]{1,7})["']""")
_NO_VALUE = re.compile(
    rb"(?:<f\b[^<>]{0,400}/>|</f>)\s{0,20}(?:<v\s?/>|<v>\s{0,20}</v>)?\s{0,20}</c>"
)
_ERROR = re.compile(rb"""<c\b[^<>]{0,200}\bt\s?=\s?["']e["']""")
_SHARED = re.compile(rb"""\bt\s?=\s?["']s["']""")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


class SheetScan(msgspec.Struct):
    """What a sheet's XML holds, seen before it is read."""

    first_row: int = 10_000_000
    last_row: int = 0
    first_column: int = 100_000
    last_column: int = 0
    formulas_without_value: int = 0
    errors: int = 0
    shared_texts: int = 0


def read_workbook(data: bytes, source: str, sheet: str | None = None) -> Table:
    """One sheet of a workbook: ``sheet``, or the first that holds anything."""
    import python_calamine

    scans: dict[str, SheetScan] = {}
    if data[:2] == b"PK":
        scans = scan_archive(data, source)
    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = [
            item.name
            for item in workbook.sheets_metadata
            if item.typ == python_calamine.SheetTypeEnum.WorkSheet
        ]
        name, rows, numbers = _choose(workbook, names, sheet, source)
    except InputError:
        raise
    except python_calamine.PasswordError:
        raise InputError(
            "is protected by a password", where=source, remedy="save it without one"
        ) from None
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # a damaged file may panic in the reader, which is no Exception
        raise InputError(
            f"cannot be read as a workbook ({shorten(str(error), 80)})",
            where=source,
            remedy="open it in a spreadsheet program and save it as .xlsx or .csv",
        ) from None
    warnings = []
    others = [shorten(other) for other in names if other != name]
    if others and sheet is None:
        warnings.append(f"sheet {shorten(name)!r} was read; not read: {', '.join(others[:10])}")
    scan = scans.get(name)
    if scan and scan.formulas_without_value:
        warnings.append(
            f"{scan.formulas_without_value} formula cell(s) without a stored value were read as "
            "missing: open the workbook in a spreadsheet program and save it"
        )
    if scan and scan.errors:
        warnings.append(f"{scan.errors} cell(s) hold an error such as #DIV/0!: read as missing")
    where = f"{source}[{shorten(name)}]" if len(names) > 1 else source
    return table_from_rows(rows, numbers, where, aligned=True, warnings=warnings)


def _choose(
    workbook: Any, names: list[str], sheet: str | None, source: str
) -> tuple[str, list[list[str]], list[int]]:
    """The sheet to read: its name, its filled rows and their numbers."""
    if sheet is not None:
        matching = [name for name in names if name.casefold() == sheet.casefold()]
        if not matching:
            known = ", ".join(shorten(name) for name in names[:10])
            raise InputError(
                f"has no sheet {shorten(sheet)!r}", where=source, remedy=f"it has {known}"
            )
        names = matching[:1]
    for name in names:
        page = workbook.get_sheet_by_name(name)
        if page.start is None or not page.height:
            continue
        check_size(page.height, page.width, source)
        rows, numbers = [], []
        for number, row in enumerate(page.iter_rows(), 1):
            cells = [cell_text(value, source) for value in row]
            if any(cell.strip() for cell in cells):
                rows.append(cells)
                numbers.append(number)
        if rows:
            return name, rows, numbers
    raise InputError("holds no data", where=source, remedy="give a sheet with values")


def scan_archive(data: bytes, source: str) -> dict[str, SheetScan]:
    """Measure an XLSX archive. Raises InputError if it would unpack to too much."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, UnicodeError):
        raise InputError(
            "is a damaged workbook", where=source, remedy="save it again as .xlsx or .csv"
        ) from None
    names = {entry.filename for entry in entries}
    if "xl/workbook.xml" not in names:
        raise InputError(
            "is no XLSX workbook", where=source, remedy="save the table as .xlsx or .csv"
        )
    if len(entries) > MAX_ENTRIES or sum(e.file_size for e in entries) > MAX_UNPACKED_BYTES:
        raise _too_large(source)
    scans: dict[str, SheetScan] = {}
    small: dict[str, bytes] = {}
    unpacked = longest = 0
    for entry in entries:
        scan = SheetScan()
        text = 0
        kept = b""
        for block in _blocks(data, entry, source):
            unpacked += len(block)
            if unpacked > MAX_UNPACKED_BYTES:
                raise _too_large(source)
            if entry.filename.startswith("xl/worksheets/"):
                kept = _scan_block(scan, kept + block, source)
            elif entry.filename == "xl/sharedStrings.xml":
                kept, text = _longest_text(kept + block, text)
            elif entry.filename in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
                kept += block
        longest = max(longest, text, len(kept) if "sharedStrings" in entry.filename else 0)
        if entry.filename.startswith("xl/worksheets/"):
            _scan_complete(scan, kept)
            _check_spread(scan, source)
            scans[entry.filename] = scan
        else:
            small[entry.filename] = kept
    if longest * sum(scan.shared_texts for scan in scans.values()) > MAX_TEXT_BYTES:
        raise _too_large(source)
    return _by_name(scans, small)


def _too_large(source: str) -> InputError:
    return InputError(
        f"unpacks to more than {MAX_UNPACKED_BYTES // 1_000_000} MB",
        where=source,
        remedy="save the sheet as CSV",
    )


def _blocks(data: bytes, entry: zipfile.ZipInfo, source: str) -> Iterator[bytes]:
    """The unpacked content of an entry, as it really is and not as the directory claims."""
    start = entry.header_offset
    name, extra = data[start + 26 : start + 28], data[start + 28 : start + 30]
    begin = start + 30 + int.from_bytes(name, "little") + int.from_bytes(extra, "little")
    packed = memoryview(data)[begin : begin + entry.compress_size]
    if entry.compress_type == zipfile.ZIP_STORED:
        yield from (bytes(packed[i : i + CHUNK]) for i in range(0, len(packed), CHUNK))
        return
    decompressor = zlib.decompressobj(-zlib.MAX_WBITS)
    rest: bytes | memoryview = packed
    try:
        while not decompressor.eof:
            block = decompressor.decompress(rest, CHUNK)
            rest = decompressor.unconsumed_tail
            if not block and not rest:
                return
            yield block
    except zlib.error:
        raise InputError(
            "is a damaged workbook", where=source, remedy="save it again as .xlsx or .csv"
        ) from None


def _scan_block(scan: SheetScan, buffer: bytes, source: str) -> bytes:
    """Look at the complete rows of a sheet's XML and return what comes after them."""
    end = buffer.rfind(b"</row>")
    if end < 0:
        if len(buffer) > MAX_ROW_BYTES:
            raise _too_large(source)
        return buffer
    _scan_complete(scan, buffer[: end + 6])
    return buffer[end + 6 :]


def _scan_complete(scan: SheetScan, text: bytes) -> None:
    letters: set[bytes] = set()
    rows: set[bytes] = set()
    for letter, row in _CELL.findall(text):
        letters.add(letter)
        rows.add(row)
    for letter in letters:
        column = 0
        for code in letter.upper():
            column = column * 26 + code - 64
        scan.first_column = min(scan.first_column, column)
        scan.last_column = max(scan.last_column, column)
    if rows:
        indices = [int(row) for row in rows]
        scan.first_row = min(scan.first_row, *indices)
        scan.last_row = max(scan.last_row, *indices)
    if b"<f" in text:
        scan.formulas_without_value += sum(1 for _ in _NO_VALUE.finditer(text))
    scan.errors += len(_ERROR.findall(text))
    scan.shared_texts += len(_SHARED.findall(text))


def _check_spread(scan: SheetScan, source: str) -> None:
    """Two cells far apart make a reader that keeps a full grid ask for all the cells between."""
    if scan.last_row:
        height = scan.last_row - scan.first_row + 1
        width = scan.last_column - scan.first_column + 1
        check_size(height, width, source)


def _longest_text(buffer: bytes, longest: int) -> tuple[bytes, int]:
    pieces = buffer.split(b"</si>")
    return pieces[-1], max([longest, *(len(piece) for piece in pieces[:-1])])


def _by_name(scans: dict[str, SheetScan], small: dict[str, bytes]) -> dict[str, SheetScan]:
    """Scans by the name of the sheet. Without readable names there is nothing to report."""
    workbook = small.get("xl/workbook.xml", b"")
    relations = small.get("xl/_rels/workbook.xml.rels", b"")
    if b"<!DOCTYPE" in workbook + relations or b"<!ENTITY" in workbook + relations:
        return {}
    try:
        targets = {
            item.get("Id"): (item.get("Target") or "").lstrip("/")
            for item in ElementTree.fromstring(relations)
        }
        sheets = ElementTree.fromstring(workbook).iter()
        named = {
            item.get("name", ""): targets.get(item.get(_RELATION), "")
            for item in sheets
            if item.tag.endswith("}sheet")
        }
    except ElementTree.ParseError:
        return {}
    found = {}
    for name, target in named.items():
        path = target if target.startswith("xl/") else f"xl/{target}"
        if path in scans:
            found[name] = scans[path]
    return found
