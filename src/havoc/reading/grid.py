"""Tables pasted into a question.

Found are cells parted by tabs, pipes, semicolons, commas or aligned by blanks, with
or without a header, and a column of numbers below a line of text. Sentences with
commas and labelled lists ("A: 12.1 12.3") are left to ``prose``.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from havoc.errors import InputError
from havoc.reading.aligned_text import aligned_tables, rating_tables
from havoc.reading.columns import build_table
from havoc.reading.delimited_text import DELIMITERS, delimited_tables
from havoc.reading.page import Page, Reader, is_name, name_at_end, read_page
from havoc.reading.table import Table

MIN_LIST = 3
MAX_LINES = 200_000
MAX_TABLES = 1000


class FoundTable(msgspec.Struct, kw_only=True):
    """A table and where it stands: ``text[start:end]``."""

    start: int
    end: int
    table: Table


def find_tables(text: str) -> list[FoundTable]:
    """Every table in ``text``, in the order of the text.

    A table without a header has ``header`` False and columns named "column 1" …
    Raises InputError for an infinite number in a column of numbers, and for a text
    with so many lines that it belongs in a file.
    """
    if text.count("\n") >= MAX_LINES:
        raise InputError(
            f"the question has more than {MAX_LINES:,} lines", remedy="put the data in a file"
        )
    page = read_page(text)
    reader = Reader()
    found: list[tuple[int, int, Table]] = []
    for tables in (
        *(delimited_tables(page, reader, mark) for mark in DELIMITERS if mark in text),
        aligned_tables(page, reader),
        rating_tables(page, reader),
        _number_lists(page, reader),
    ):
        for table in tables:
            found.append(table)
            if len(found) > MAX_TABLES:
                raise InputError(
                    f"the question has more than {MAX_TABLES:,} tables",
                    remedy="put the data in a file",
                )
    return [
        FoundTable(start=start, end=end, table=table)
        for start, end, table in sorted(found, key=lambda item: item[0])
    ]


def _number_lists(page: Page, reader: Reader) -> Iterator[tuple[int, int, Table]]:
    """One number a line, named by the line above if that is short."""
    first = -1
    for index in range(len(page.texts) + 1):
        if page.free(index) and _is_list_line(page.texts[index], reader):
            first = index if first < 0 else first
            continue
        if first >= 0:
            table = _number_list(page, reader, first, index - 1)
            if table:
                yield table
        first = -1


def _is_list_line(line: str, reader: Reader) -> bool:
    return bool(line) and len(line) <= 60 and bool(line.strip()) and reader.is_value(line)


def _number_list(
    page: Page, reader: Reader, first: int, last: int
) -> tuple[int, int, Table] | None:
    cells = [text.strip() for text in page.texts[first : last + 1]]
    if sum(reader.is_number(cell) for cell in cells) < MIN_LIST:
        return None
    start, end = page.starts[first], page.end(last)
    rows = [[cell] for cell in cells]
    name = ""
    if page.free(first - 1):
        line = page.texts[first - 1]
        begin, name = name_at_end(line[-400:])
        name = name if len(name.split()) <= 4 and is_name(name, strict=True) else ""
        if any(word.isdigit() for word in name.split()):
            name = ""
        if name:
            start = page.starts[first - 1] + max(0, len(line) - 400) + begin
            rows.insert(0, [name])
    page.claim(first, last)
    table = build_table(rows, source=f"question[{start}:{end}]", header=bool(name))
    return start, end, table
