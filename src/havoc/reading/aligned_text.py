"""Pasted tables whose columns are parted by blanks only."""

from __future__ import annotations

import re
from collections.abc import Iterator

from havoc.reading.columns import build_table
from havoc.reading.page import SENTENCE_WORDS, Page, Reader, is_name, is_ruler
from havoc.reading.table import Table

MAX_LINE = 2000
MAX_TOKENS = 100
MAX_RATING_LEVELS = 3
MIN_RATINGS = 4
MAX_RATERS = 100
MIN_RECORDS = 4

_WIDE = re.compile(r" {2,}")
_PAIR = re.compile(r"[0-9]+(?:[.,][0-9]+)?/[0-9]+(?:[.,][0-9]+)?")
_DIGIT = re.compile(r"[0-9]")


def aligned_tables(page: Page, reader: Reader) -> Iterator[tuple[int, int, Table]]:
    """Tables of lines such as "180  2  71" below "temp  press  yield"."""
    for first, last in _runs(page, reader):
        for begin, rows, paired in _pieces(page, first, last):
            header, header_line = _header(page, begin, rows)
            if not _is_table(rows, header, reader, paired=paired):
                continue
            end_line = begin + len(rows) - 1
            start_line = header_line if header else begin
            start, end = page.starts[start_line], page.end(end_line)
            table = build_table(
                [header, *rows] if header else rows,
                source=f"question[{start}:{end}]",
                header=header is not None,
            )
            page.claim(start_line, end_line)
            yield start, end, table


def _runs(page: Page, reader: Reader) -> Iterator[tuple[int, int]]:
    """Lines in a row that could be rows of a table: first and last."""
    first = -1
    for index in range(len(page.texts) + 1):
        if page.free(index) and _is_candidate(page.texts[index], reader):
            first = index if first < 0 else first
        elif first >= 0:
            yield first, index - 1
            first = -1


def _is_candidate(line: str, reader: Reader) -> bool:
    if len(line) > MAX_LINE or " " not in line or "|" in line or not _DIGIT.search(line):
        return False
    tokens = line.split()
    if not 2 <= len(tokens) <= MAX_TOKENS:
        return False
    if tokens[0] == "A" and len(tokens) > 2:
        tokens = tokens[1:]  # the first of the units A, B, C …
    numbers = 0
    for token in tokens:
        if reader.is_number(token) or _PAIR.fullmatch(token):
            numbers += 1
        elif reader.is_value(token):
            continue
        elif token[-1] in ":=?!;," or token[0] in "([=" or token.casefold() in SENTENCE_WORDS:
            return False
    return numbers > 0


def _pieces(page: Page, first: int, last: int) -> Iterator[tuple[int, list[list[str]], bool]]:
    """The lines cut into cells, and cut where the number of cells changes.

    True for rows such as "P1 5.4/5.2", whose pair becomes two cells.
    """
    texts = page.texts[first : last + 1]
    wide = [_WIDE.split(text.strip()) for text in texts]
    if len(wide[0]) < 2 or len({len(row) for row in wide}) > 1:
        wide = [text.split() for text in texts]
    paired = all(len(row) == 2 and _PAIR.fullmatch(row[1]) for row in wide)
    if paired:
        wide = [[row[0], *row[1].split("/")] for row in wide]
    begin = 0
    for index in range(1, len(wide) + 1):
        if index == len(wide) or len(wide[index]) != len(wide[begin]):
            yield first + begin, wide[begin:index], paired
            begin = index


def _header(page: Page, begin: int, rows: list[list[str]]) -> tuple[list[str] | None, int]:
    line = begin - 1
    if page.free(line) and is_ruler(page.texts[line]):
        line -= 1
    if not page.free(line) or len(page.texts[line]) > MAX_LINE:
        return None, -1
    width = len(rows[0])
    text = page.texts[line].strip()
    for names in (_WIDE.split(text), text.split()):
        if not all(is_name(name, strict=True) for name in names):
            continue
        if len(names) == width:
            return names, line
        if len(names) == width - 1 and width > 2 and not _DIGIT.match(rows[0][0]):
            return ["", *names], line
    return None, -1


def _is_table(
    rows: list[list[str]], header: list[str] | None, reader: Reader, *, paired: bool
) -> bool:
    if len(rows) < 2 or len(rows[0]) < 2:
        return False
    columns = list(zip(*rows, strict=True))
    full = [all(reader.is_value(cell) for cell in column) for column in columns]
    if header is not None:
        # Names without a blank corner must be different, as words of a sentence often are not.
        return any(full) and len(set(header)) == len(header)
    return (
        all(full)
        or (paired and all(full[1:]))
        or (len(rows) >= MIN_RECORDS and _are_records(columns, full, reader))
    )


def _are_records(columns: list[tuple[str, ...]], full: list[bool], reader: Reader) -> bool:
    """ "B101 21 2.51": a label and two quantities, not two readings of one ("A 5.1 5.2")."""
    if len(columns) != 3 or full != [False, True, True] or len(set(columns[0])) < len(columns[0]):
        return False
    first, second = (
        [value for cell in column if (value := reader.cell(cell).value) is not None]
        for column in columns[1:]
    )
    if not first or not second:
        return False
    return min(first) > max(second) or min(second) > max(first)


def rating_tables(page: Page, reader: Reader) -> Iterator[tuple[int, int, Table]]:
    """Rows of ratings, one appraiser a line: "lin g g n g" below "omar g n n g"."""
    index = 0
    while index < len(page.texts):
        rows: list[list[str]] = []
        while page.free(index + len(rows)):
            row = _rating_row(page.texts[index + len(rows)], reader)
            if row is None or (rows and len(row) != len(rows[0])):
                break
            rows.append(row)
        levels = {cell for row in rows for cell in row[1:]}
        named = not {row[0] for row in rows} & levels  # a first word that is a rating names nobody
        if named and 2 <= len(rows) <= MAX_RATERS and len(levels) <= MAX_RATING_LEVELS:
            end_line = index + len(rows) - 1
            start, end = page.starts[index], page.end(end_line)
            page.claim(index, end_line)
            turned = [list(column) for column in zip(*rows, strict=True)]
            yield start, end, build_table(turned, source=f"question[{start}:{end}]", header=True)
        index += max(1, len(rows))


def _rating_row(line: str, reader: Reader) -> list[str] | None:
    if len(line) > MAX_LINE or " " not in line or "|" in line:
        return None
    label, colon, rest = line.partition(":")
    name, *tokens = [label.strip(), *rest.split()] if colon else line.split() or [""]
    if not is_name(name, strict=True):
        return None
    if not MIN_RATINGS <= len(tokens) <= MAX_TOKENS or len(set(tokens)) > MAX_RATING_LEVELS:
        return None
    if any(len(token) > 8 or reader.is_number(token) or not token[0].isalpha() for token in tokens):
        return None
    return [name, *tokens]
