"""Rows of cells to a table: header, units, types, and a word about every repair.

Nothing is dropped in silence: a cell that does not fit its column becomes a
missing value and a warning that names row and column. Rows are numbered as a
spreadsheet numbers them, the header counting as a row.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from havoc.errors import InputError
from havoc.reading.header import (
    VOTING_CELLS,
    has_header,
    make_unique,
    split_unit,
    writes_decimal_comma,
)
from havoc.reading.numbers import (
    TEXT_MISSING_MARKERS,
    Cell,
    decimal_votes,
    is_missing,
    read_cell,
    shorten,
)
from havoc.reading.table import Column, Table

# A column is a column of numbers if at least this share of its filled cells are numbers.
MOSTLY_NUMBERS = 0.8
# From this share on it is said that a column with numbers was read as labels.
LABELS_WORTH_A_WORD = 0.3
NAMED_CELLS = 5
MAX_TOTALS = 8

TOTAL_LABELS = frozenset(
    """total totals sum sums subtotal sub-total summe gesamt somme suma totale insgesamt Σ
    ∑""".split()
) | {"grand total"}
SUMMARY_LABELS = frozenset(
    """avg avg. average mean mittelwert moyenne media stdev std sd st.dev. stddev min max minimum
    maximum range median count n""".split()
) | {"std dev", "st dev", "std. dev."}


_SIGNS = frozenset({"+", "-", "−", "–", "0", "", "+1", "-1", "1", "−1"})
_ONLY_SIGNS = frozenset({"+", "-", "−", "–", "0"})


def build_table(
    rows: Sequence[Sequence[str]],
    *,
    source: str,
    header: bool | None = None,
    row_numbers: Sequence[int] | None = None,
    decimal_comma: bool | None = None,
    semicolons: bool = False,
    warnings: Iterable[str] = (),
) -> Table:
    """A table from rows of equal length. ``header`` None: see whether the first row is one.

    ``semicolons``: the cells were separated by semicolons.
    """
    notes = list(warnings)
    numbers = row_numbers or range(1, len(rows) + 1)
    if header is None:
        header = has_header(rows)
    body = rows[1:] if header else rows
    numbers = numbers[1:] if header else numbers
    body, numbers = _without_totals(body, numbers, notes)
    width = len(rows[0]) if rows else 0
    columns = [[row[index] for row in body] for index in range(width)]
    names = list(rows[0]) if header else [""] * width
    for index, name in enumerate(names):
        if is_formula(name):
            notes.append(
                f"the name of column {index + 1} ({shorten(name)!r}) looks like a formula: "
                "kept as text, never computed"
            )
    if decimal_comma is None:
        decimal_comma = writes_decimal_comma(columns, semicolons=semicolons)
    signs = any(_is_sign_column(cells) for cells in columns)
    built = []
    for index, (name, cells) in enumerate(zip(names, columns, strict=True)):
        if width > 1 and not name.strip() and all(not cell.strip() for cell in cells):
            continue
        built.append(
            build_column(
                clean_text(name),
                cells,
                numbers,
                position=index,
                source=source,
                decimal_comma=_own_mark(cells, decimal_comma),
                signs=signs,
                warnings=notes,
            )
        )
    make_unique(built, notes, header=header)
    drop_total_column(built, notes)
    return Table(source=source, columns=built, warnings=notes, header=header)


def _own_mark(cells: Sequence[str], table: bool) -> bool:
    """A column that is clear about its decimal mark follows itself, else the table."""
    votes = decimal_votes(cells[:VOTING_CELLS])
    return votes > 0 if votes else table


def _is_sign_column(cells: Sequence[str]) -> bool:
    """The + and − of a two-level design, with 0 for a centre point."""
    if any(cell.strip() not in _SIGNS for cell in cells[:50]):
        return False
    filled = {cell.strip() for cell in cells}
    return "+" in filled and filled <= _SIGNS


def build_column(
    name: str,
    cells: Sequence[str],
    row_numbers: Sequence[int],
    *,
    position: int,
    source: str,
    decimal_comma: bool = False,
    signs: bool = False,
    warnings: list[str],
) -> Column:
    """One column: numbers if it is mostly numbers, else labels."""
    title = f"column {name!r}" if name else f"column {position + 1}"
    if _is_sign_column(cells) or (signs and {cell.strip() for cell in cells} <= _ONLY_SIGNS):
        values = [cell.strip().replace("−", "-").replace("–", "-") or None for cell in cells]
        return Column(name=name, kind="text", values=values)
    known: dict[str, Cell] = {}
    read: list[Cell] = []
    for text in cells:
        cell = known.get(text)
        if cell is None:
            cell = known[text] = read_cell(text, decimal_comma)
        read.append(cell)
    kinds = Counter(cell.kind for cell in read)
    numbers, texts = kinds["number"], kinds["text"]
    infinite = kinds["infinite"]
    if numbers + infinite == 0 and (texts or kinds["censored"]):
        return _text_column(name, cells, title, row_numbers, warnings)
    if texts and numbers + infinite < max(3, MOSTLY_NUMBERS * (numbers + infinite + texts) - 0.001):
        if numbers >= LABELS_WORTH_A_WORD * (numbers + texts):
            warnings.append(
                f"{title} was read as labels: {numbers} of {numbers + texts} cells are numbers"
            )
        return _text_column(name, cells, title, row_numbers, warnings)
    if infinite:
        index = next(i for i, cell in enumerate(read) if cell.kind == "infinite")
        raise InputError(
            f"{shorten(cells[index])!r} is not a finite number",
            where=f"{source}, row {row_numbers[index]}, {title}",
            remedy="correct the cell, or empty it if the value is missing",
        )
    header_name, header_unit = split_unit(name)
    unit = _common_unit(read, header_unit)
    values_out: list[float | None] = []
    troubles: dict[str, list[int]] = {}
    for index, cell in enumerate(read):
        value = cell.value
        if value is not None and cell.unit and cell.unit != unit and (unit or cell.unit == "%"):
            troubles.setdefault(
                f"has another unit than {unit!r}" if unit else "is in %", []
            ).append(index)
            value = None if unit else value
        values_out.append(value)
        if cell.kind == "text":
            kind = (
                "is a formula, which is never computed"
                if is_formula(cells[index])
                else "is not a number"
            )
            troubles.setdefault(kind, []).append(index)
        elif cell.kind == "censored":
            troubles.setdefault("is censored, not a number", []).append(index)
        elif cell.spread is not None:
            troubles.setdefault("has a part after ±, which was set aside", []).append(index)
    title = f"column {header_name!r}" if header_name else title
    for what, places in troubles.items():
        end = "" if "±" in what or what == "is in %" else ": read as missing"
        warnings.append(f"{title}: {_places(cells, row_numbers, places)} {what}{end}")
    grouped = [index for index, cell in enumerate(read) if cell.grouped]
    if grouped and not any(_certain_grouping(cells[index]) for index in range(len(cells))):
        index = grouped[0]
        warnings.append(
            f"{title}: {cells[index].strip()!r} was read as {read[index].value:g} "
            "(the mark is taken to separate thousands)"
        )
    return Column(name=header_name, kind="number", values=values_out, unit=unit)


def _certain_grouping(cell: str) -> bool:
    return len(re.findall(r"[,.]", cell[:64])) >= 2


def _common_unit(read: Sequence[Cell], header_unit: str) -> str:
    units = Counter(cell.unit for cell in read if cell.unit)
    if header_unit or not units:
        return header_unit
    unit, count = units.most_common(1)[0]
    # A stray % among plain numbers is no unit of the column: it is reported instead.
    return "" if count * 2 < sum(cell.kind == "number" for cell in read) else unit


def _text_column(
    name: str, cells: Sequence[str], title: str, row_numbers: Sequence[int], warnings: list[str]
) -> Column:
    values: list[str | None] = []
    formulas = []
    cleaned: dict[str, str | None] = {}
    for index, cell in enumerate(cells):
        if cell not in cleaned:
            cleaned[cell] = text_value(cell)
        values.append(cleaned[cell])
        if cell[:1] in "=@+-\t" and cell and is_formula(cell):
            formulas.append(index)
    if formulas:
        warnings.append(
            f"{title}: {_places(cells, row_numbers, formulas)} looks like a formula: "
            "kept as text, never computed"
        )
    return Column(name=name, kind="text", values=values)


def _places(cells: Sequence[str], row_numbers: Sequence[int], places: Sequence[int]) -> str:
    named = [
        f"row {row_numbers[i]} ({shorten(cells[i].strip(), 24)!r})" for i in places[:NAMED_CELLS]
    ]
    more = len(places) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def is_formula(cell: str) -> bool:
    """Would a spreadsheet compute this cell? ("=A1+1", "@cmd", "+cmd|…")"""
    cell = cell.strip()
    if cell[:1] in ("=", "@"):
        return len(cell) > 1
    return cell[:1] in ("+", "-") and any(char in cell for char in "|(!") and len(cell) > 2


def text_value(cell: str) -> str | None:
    """A cell of a column of labels."""
    text = clean_text(cell)
    return None if text in TEXT_MISSING_MARKERS else text


def clean_text(text: str) -> str:
    """A label on one line, without control and direction characters."""
    text = text.strip()
    if text.isprintable():
        return text
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _without_totals(
    body: Sequence[Sequence[str]], numbers: Sequence[int], warnings: list[str]
) -> tuple[Sequence[Sequence[str]], Sequence[int]]:
    """Leave out rows of totals and averages at the end: they are no observations."""
    labels = [row[0].strip().rstrip(":=").casefold() for row in body[-MAX_TOTALS:]]
    observed = len(body) - sum(label in SUMMARY_LABELS for label in labels)
    end = len(body)
    while end > 2 and labels:
        label = labels.pop()
        # "n, mean, sd" below each other are a table of their own, not its foot.
        foot = label in SUMMARY_LABELS and observed >= 3 and label not in labels
        if label not in TOTAL_LABELS and not foot:
            break
        if not any(read_cell(cell).value is not None for cell in body[end - 1][1:]):
            break
        name = shorten(body[end - 1][0].strip())
        warnings.append(f"row {numbers[end - 1]} ({name!r}) is no observation and was left out")
        end -= 1
    return body[:end], numbers[:end]


def drop_total_column(columns: list[Column], warnings: list[str]) -> None:
    """Leave out a last column named total that is the sum of the others in every row."""
    last = columns[-1] if columns else None
    if last is None or last.kind != "number" or last.name.casefold() not in TOTAL_LABELS:
        return
    others = [column for column in columns[:-1] if column.kind == "number"]
    if len(others) < 2 or len(last.values) < 2:
        return
    for row in zip(*(column.values for column in others), last.values, strict=True):
        *parts, total = row
        if total is None or any(not isinstance(part, float) for part in parts):
            return
        if abs(sum(parts) - total) > 1e-9 * max(1.0, abs(total)):
            return
    columns.pop()
    warnings.append(f"column {last.name!r} is the sum of the other columns and was left out")


def pad_rows(
    rows: Sequence[Sequence[str]], width: int, numbers: Sequence[int], warnings: list[str]
) -> tuple[list[list[str]], list[int]]:
    """Rows of one width: short rows get missing cells, long rows are left out, with a warning."""
    if all(len(row) == width for row in rows):
        return [list(row) for row in rows], list(numbers)
    kept, kept_numbers = [], []
    short, long = [], []
    for row, number in zip(rows, numbers, strict=True):
        cells = list(row)
        while len(cells) > width and is_missing(cells[-1]) and not cells[-1].strip():
            cells.pop()
        if len(cells) > width:
            long.append(number)
            continue
        if len(cells) < width:
            short.append(number)
            cells += [""] * (width - len(cells))
        kept.append(cells)
        kept_numbers.append(number)
    if short:
        warnings.append(f"{_rows(short)} fewer than {width} cells: the rest was read as missing")
    if long:
        warnings.append(f"{_rows(long)} more than {width} cells: left out")
    return kept, kept_numbers


def _rows(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f"row {numbers[0]} has"
    named = ", ".join(str(number) for number in numbers[: 2 * NAMED_CELLS])
    more = len(numbers) - 2 * NAMED_CELLS
    return f"rows {named}{f' and {more} more' if more > 0 else ''} have"
