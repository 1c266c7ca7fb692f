"""Names of columns: is there a header, which unit does a name hold, are the names different?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from havoc.reading.numbers import UNIT_SYMBOLS, decimal_votes, is_unit, read_cell
from havoc.reading.table import Column

# So many cells of a column vote about its header and its decimal mark.
VOTING_CELLS = 2000

_BRACKET_UNIT = re.compile(r"(?P<name>.*\S)\s*[(\[](?P<unit>[^()\[\]]{0,16})[)\]]")
_LAST_WORD = re.compile(r"(?P<name>.*[^\s_/,])(?:,\s?|\s/\s|\s)(?P<unit>[^\s_]{1,10})")
# Words that are units and as often something else at the end of a name ("temp min", "pull in").
_DOUBTFUL_UNITS = frozenset(
    """min in a h d t c f k m n g l j s v w b pcs units points cycles day days""".split()
)
# One letter after an underscore is a unit only if it is hardly anything else ("peel_N").
_LETTERS = frozenset("ABDFHJKLMTdhmtl")


def writes_decimal_comma(columns: Sequence[Sequence[str]], *, semicolons: bool = False) -> bool:
    """Do the columns together write 0,42 for 0.42?

    Where semicolons stand between the cells, a comma is a decimal comma unless
    the cells say otherwise: who writes 12,050 for twelve thousand separates by commas.
    """
    cells = [cell for column in columns for cell in column[:VOTING_CELLS]]
    votes = decimal_votes(cells)
    if votes == 0 and semicolons:
        return any("," in cell for cell in cells)
    return votes > 0


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Is the first row the names of the columns below it?"""
    if len(rows) < 2:
        return False
    first, body = rows[0], rows[1:VOTING_CELLS]
    comma = writes_decimal_comma([list(column) for column in zip(*body, strict=False)])
    texts = 0
    for index, name in enumerate(first):
        cells = [row[index] for row in body if index < len(row)]
        kinds = Counter(read_cell(cell, comma).kind for cell in cells)
        head = read_cell(name.strip(), comma)
        if kinds["number"] > kinds["text"]:
            with_unit = head.unit and not any(read_cell(cell, comma).unit for cell in cells[:20])
            if (head.kind == "text" and not _looks_typed_over(name)) or with_unit:
                return True
            if head.kind == "number":
                texts = -len(first)
        elif head.kind == "text" and _is_level_free(name, cells):
            texts += 1
        elif name.strip() and name in cells:
            texts -= len(first)
    empty_corner = (
        not first[0].strip() and all(name.strip() for name in first[1:]) and len(first) > 2
    )
    if empty_corner and all(row and read_cell(row[0], comma).kind == "text" for row in body):
        return True
    return texts >= max(1, len(first) - 1)


def _looks_typed_over(name: str) -> bool:
    """ "12.1*" or "13x" above numbers is a marked reading, not a name."""
    return bool(re.match(r"[-+]?[0-9]+[.,][0-9]", name.strip()))


def _is_level_free(name: str, cells: Sequence[str]) -> bool:
    """A name does not come back among the labels below it, while labels often repeat."""
    return bool(name.strip()) and name not in cells


def split_unit(name: str) -> tuple[str, str]:
    """ "thickness (mm)" is "thickness" in mm; "burr_um" keeps its name and is in um."""
    if len(name) > 80:
        return name, ""
    match = _BRACKET_UNIT.fullmatch(name)
    if match:
        unit = match["unit"].strip()
        if is_unit(unit) or (unit in ("-", "1") and unit):
            return match["name"], "" if unit in ("-", "1") else unit
        return name, ""
    if name.endswith("%") and len(name) > 1 and not name[:-1].strip().isdigit():
        return name[:-1].strip(" _,/"), "%"
    words = name.split("_")
    if len(words) > 1 and (words[-1] in UNIT_SYMBOLS and words[-1] not in _LETTERS):
        over = len(words) > 2 and words[-2] in UNIT_SYMBOLS and words[-2] not in _LETTERS
        return name, f"{words[-2]}/{words[-1]}" if over else words[-1]
    match = _LAST_WORD.fullmatch(name)
    if match and is_unit(match["unit"]) and match["unit"].casefold() not in _DOUBTFUL_UNITS:
        return match["name"], match["unit"]
    return name, ""


def make_unique(columns: Sequence[Column], warnings: list[str], *, header: bool) -> None:
    """Names for columns without one, and different names for those that share one."""
    taken = {column.name.casefold() for column in columns if column.name}
    seen: set[str] = set()
    copies: Counter[str] = Counter()
    for index, column in enumerate(columns):
        if not column.name:
            label = header and index == 0 and column.kind == "text" and "row" not in taken
            column.name = "row" if label else f"column {index + 1}"
        name = column.name
        while name.casefold() in seen or (name != column.name and name.casefold() in taken):
            copies[column.name] += 1
            name = f"{column.name}_{copies[column.name] + 1}"
        if name != column.name:
            warnings.append(f"two columns are named {column.name!r}: the later is now {name!r}")
            column.name = name
        seen.add(name.casefold())
