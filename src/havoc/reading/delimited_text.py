"""Pasted tables whose cells are parted by tabs, pipes, semicolons or commas."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import msgspec

from havoc.reading.columns import build_table, pad_rows
from havoc.reading.header import has_header
from havoc.reading.numbers import is_missing
from havoc.reading.page import Page, Reader, is_name, is_ruler, name_at_end
from havoc.reading.table import Table

DELIMITERS = ("\t", "|", ";", ",")
MAX_COLUMNS = 1000

# "M1: 5", "lathe 3: 10.02" or "n=5", but not the time "8:00".
_LABELLED = re.compile(r"[^\W\d_][\w)]{0,40}\s?[:=]\s?[-+.]?[0-9]|[\w)]\s?[:=]\s+[-+.]?[0-9]")
_PAIR = re.compile(r"[-+−]?[0-9]+,[0-9]+")
_CUT_NUMBER = re.compile(r"[±=]\s?[0-9]{1,6}$")
"""What stands before the comma of "bore 6 ±0,05": a number with a decimal comma, not two cells."""
_PIECES = re.compile(r",\s+|;\s*|\s*/\s*|\s+")


class Segment(msgspec.Struct):
    """Rows that stand together: their cells, the lines they stand on, a header if there is one."""

    rows: list[list[str]]
    lines: list[int]
    header: list[str] | None = None
    header_line: int = -1
    header_offset: int = 0


def delimited_tables(
    page: Page, reader: Reader, delimiter: str
) -> Iterator[tuple[int, int, Table]]:
    """Tables with this delimiter, as start and end in the text and the table."""
    for run in _runs(page, delimiter):
        rows = _split(page, run, delimiter)
        for segment in _segments(rows, run, reader, delimiter):
            built = _build(segment, reader, delimiter, page)
            if built is None:
                continue
            first = segment.header_line if segment.header is not None else segment.lines[0]
            page.claim(first, segment.lines[-1])
            yield built


def _runs(page: Page, delimiter: str) -> Iterator[list[int]]:
    """Lines with the delimiter that follow each other, or that one blank line always parts."""
    lines = [
        index
        for index, text in enumerate(page.texts)
        if delimiter in text and not page.claimed[index] and not is_ruler(text)
    ]
    run: list[int] = []
    step = 0
    for index in lines:
        gap = _gap(page, run[-1], index) if run else 0
        if run and (gap < 0 or (step and gap != step)):
            # A title, a blank line, a header and rows that touch: the header goes with the rows.
            shared = run[-1:] if step == 2 and gap == 1 else []
            yield run[: len(run) - len(shared)]
            run, step = shared, 0
        if run:
            step = gap
        run.append(index)
    if run:
        yield run


def _gap(page: Page, before: int, index: int) -> int:
    """1 for lines that touch (rulers aside), 2 for one blank line between, -1 for more."""
    if index - before > 4:
        return -1
    blank = 0
    for line in range(before + 1, index):
        if not page.texts[line].strip():
            blank += 1
        elif not is_ruler(page.texts[line]):
            return -1
    return blank + 1 if blank <= 1 else -1


def _split(page: Page, run: list[int], delimiter: str) -> list[list[str]]:
    texts = [page.texts[index] for index in run]
    if delimiter != "|":
        return [text.split(delimiter) for text in texts]
    stripped = [text.strip() for text in texts]
    leading = all(text.startswith("|") for text in stripped)
    trailing = all(text.endswith("|") for text in stripped)
    return [
        text[(1 if leading else 0) : (-1 if trailing and len(text) > 1 else None)].split("|")
        for text in stripped
    ]


def _segments(
    rows: list[list[str]], run: list[int], reader: Reader, delimiter: str
) -> Iterator[Segment]:
    index = after = 0
    found = False
    while index < len(rows):
        if not _is_data(rows[index], reader, delimiter):
            index += 1
            continue
        first, width = index, len(rows[index])
        while index < len(rows) and (
            _is_data(rows[index], reader, delimiter) or _is_gap_row(rows[index], width)
        ):
            index += 1
        segment = Segment(rows[first:index], run[first:index])
        if first > after:
            _take_header(segment, rows[first - 1], run[first - 1], delimiter)
        after = index
        found = True
        yield segment
    if not found and len(rows) >= 3 and delimiter != ",":
        # A table of labels only, such as the ratings of inspectors.
        same = len({len(row) for row in rows}) == 1
        if same and all(
            is_name(c, strict=delimiter == ";") or is_missing(c) for row in rows for c in row
        ):
            yield Segment(rows, run)


def _is_data(row: list[str], reader: Reader, delimiter: str) -> bool:
    """Does the row hold a number, and nothing but short cells?"""
    if len(row) > MAX_COLUMNS:
        return False
    if delimiter == "," and any(
        _CUT_NUMBER.search(before) and behind[:1].isdigit() for before, behind in pairwise(row)
    ):
        return False
    words = 6 if delimiter in "\t|" else 3
    numbers = 0
    for cell in row:
        if reader.is_number(cell):
            numbers += 1
            continue
        if len(cell) > 60:
            return False
        text = cell.strip()
        if text == "+" or reader.is_value(cell):
            continue
        if delimiter in ";,":
            if not any(char.isalpha() for char in text) or _LABELLED.search(text):
                return False
            if text[-1] in ".?!:":
                return False
        elif _pieces(cell, reader):
            numbers += 1
            continue
        if len(text.split()) > words:
            return False
    return numbers > 0


def _is_gap_row(row: list[str], width: int) -> bool:
    """A row inside a table whose numbers are all missing ("Lou,")."""
    return len(row) == width and any(is_missing(cell) for cell in row[1:]) and len(row[0]) <= 40


def _take_header(segment: Segment, cells: list[str], line: int, delimiter: str) -> None:
    """Take the row above as the header if its cells can be names."""
    width = Counter(len(row) for row in segment.rows).most_common(1)[0][0]
    offset = 0
    if len(cells) == width - 1 and (delimiter == "|" or cells[0].strip()):
        cells = ["", *cells]
    elif len(cells) > width and delimiter in ";,":
        offset = sum(len(cell) + 1 for cell in cells[:-width])
        cells = cells[-width:]
    elif len(cells) > width and not any(cell.strip() for cell in cells[width:]):
        cells = cells[:width]
    if len(cells) != width and len(cells) not in {len(row) for row in segment.rows}:
        return
    strict = delimiter == ","
    alone = all(len(cell.split()) <= 1 for cell in cells[1:])
    begin, name = name_at_end(cells[0], alone=alone) if cells[0].strip() else (0, "")
    names = [name, *(cell.strip() for cell in cells[1:])]
    if not all(is_name(n, strict=strict) for n in names[1:]):
        return
    if name and not is_name(name, strict=strict):
        return
    if (
        delimiter == ","
        and any(c[:1] == " " for c in cells[1:])
        and not any(cell[:1] == " " for row in segment.rows for cell in row[1:])
    ):
        return
    segment.header, segment.header_line = names, line
    segment.header_offset = offset + begin


def _build(
    segment: Segment, reader: Reader, delimiter: str, page: Page
) -> tuple[int, int, Table] | None:
    rows, header = segment.rows, segment.header
    warnings: list[str] = []
    width = len(header) if header else Counter(len(row) for row in rows).most_common(1)[0][0]
    if width < 2 or (header is None and not _stands_alone(rows, width, delimiter, reader)):
        return None
    first_number = 2 if header else 1
    numbers: list[int] = list(range(first_number, first_number + len(rows)))
    cells, numbers = pad_rows(rows, width, numbers, warnings)
    if delimiter in "\t|":
        cells, numbers = _one_value_a_cell(cells, numbers, reader, warnings)
    if not cells or (header is None and len(cells) < 2):
        return None
    start = page.starts[segment.lines[0]]
    if header is not None:
        cells, numbers = [header, *cells], [1, *numbers]
        start = page.starts[segment.header_line] + segment.header_offset
    end = page.end(segment.lines[-1])
    named = header is not None or has_header(cells)
    if not named:
        turned = _turned(cells, reader)
        if turned:
            cells, numbers, named = turned, list(range(1, len(turned) + 1)), True
            warnings.append("each row was read as a series named by its first cell")
    table = build_table(
        cells,
        source=f"question[{start}:{end}]",
        header=named,
        row_numbers=numbers,
        warnings=warnings,
    )
    if all(column.missing == table.rows for column in table.columns):
        return None
    return start, end, table


def _stands_alone(rows: list[list[str]], width: int, delimiter: str, reader: Reader) -> bool:
    """Are rows without names above them a table, not a list that runs over several lines?"""
    if len(rows) < 2 or sum(len(row) == width for row in rows) < max(2, 0.6 * len(rows)):
        return False
    if all(row[0].rstrip().endswith(":") for row in rows):
        return False
    if delimiter in "\t|":
        return True
    if any(len(row) != width for row in rows):
        return False
    plain = all(reader.is_value(cell) for row in rows for cell in row)
    if plain and all(not row[-1].strip() for row in rows[:-1]):
        return False
    if (
        delimiter == ","
        and width == 2
        and all(_PAIR.fullmatch(",".join(row).strip()) for row in rows)
    ):
        return _are_pairs(rows)
    return True


def _are_pairs(rows: list[list[str]]) -> bool:
    """ "1,12" below "2,15" are pairs; "12,5" below "13,1" are numbers with a decimal comma."""
    counting = [row[0].strip() for row in rows] == [str(i + 1) for i in range(len(rows))]
    lengths = {len(row[1].strip()) for row in rows}
    return counting or max(lengths) - min(lengths) > 1


def _pieces(cell: str, reader: Reader) -> list[str]:
    """The numbers of a cell that holds several ("18.1, 18.4")."""
    if len(cell) > 200:
        return []
    pieces = _PIECES.split(cell.strip())
    if 2 <= len(pieces) <= 50 and all(reader.is_number(piece) for piece in pieces):
        return pieces
    return []


def _one_value_a_cell(
    rows: list[list[str]], numbers: list[int], reader: Reader, warnings: list[str]
) -> tuple[list[list[str]], list[int]]:
    """A row whose cells hold several readings each becomes several rows."""
    kept: list[list[str]] = []
    kept_numbers: list[int] = []
    spread = []
    for row, number in zip(rows, numbers, strict=True):
        pieces = [[] if reader.cell(cell).kind != "text" else _pieces(cell, reader) for cell in row]
        counts = {len(piece) for piece in pieces if piece}
        if len(counts) != 1:
            kept.append(row)
            kept_numbers.append(number)
            continue
        spread.append(number)
        for index in range(counts.pop()):
            kept.append([p[index] if p else cell for p, cell in zip(pieces, row, strict=True)])
            kept_numbers.append(number)
    if spread:
        warnings.append(
            f"{len(spread)} row(s) with several readings in a cell became one row for each reading"
        )
    return kept, kept_numbers


def _turned(rows: list[list[str]], reader: Reader) -> list[list[str]] | None:
    """Rows such as "before 12 14 11 13" turned into columns; None if they are records."""
    width = len(rows[0])
    if width < 4 or width - 1 < len(rows):
        return None
    labels = [row[0].strip() for row in rows]
    if len(set(labels)) < len(labels) or any(reader.is_value(label) for label in labels):
        return None
    if not all(reader.is_value(cell) for row in rows for cell in row[1:]):
        return None
    return [list(column) for column in zip(*rows, strict=True)]
