"""The question as a network reads it: slots and value classes where figures stood.

"212 of 380 preferred it, alpha 5%" becomes "<n0> hundreds of <n1> hundreds preferred it , alpha
<n2> digit %". No figure is left, so none can be copied wrongly; what decides between methods
(a zero, a share, two columns of equal length, a factor with two levels) stays readable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from havoc.reading.prose import MASK, NumberList
from havoc.reading.question import Reading
from havoc.reading.table import Column, Table

MOST_CHARACTERS = 1_500
"""Of prose on each side; the request of a longer text stands at its beginning or its end."""
MOST_COLUMNS = 8
LISTS, COLUMNS, NUMBERS = 16, 16, 24

_NUMBER = re.compile(r"(?:\d++(?:[.,]\d++)?|\.\d++)(?:[eE][-+]?\d++)?")
_NOTATIONS = (
    (re.compile(r"2\s*+\^\s*+[{(]?\s*+(?:\d|k)\s*+-\s*+\d[)}]?"), " fractional power "),
    (re.compile(r"\b[23]\s*+\^\s*+\d"), " full power "),
)
_MASKED = re.compile(f"{MASK}+")
_BLANKS = re.compile(r"\s+")
_DIGITS = re.compile(r"\d+")
_COLUMN_SLOT = re.compile(r"<c\d+>")
_PERCENT = re.compile(r"\s{0,2}%|\s{1,2}(?:percent|pct)\b", re.IGNORECASE)
_MINUS = re.compile(r"(?:^|[\s=:(\[])-$")
_SIZES = ((2, "pair"), (5, "few"), (12, "some"), (30, "many"))


def question_view(reading: Reading, earlier_operation: str = "") -> str:
    """The text that a network is trained on and asked with, in one line of lower case.

    ``earlier_operation`` is that of the turn before, for a follow-up. Slots beyond those that
    the vocabulary has share the last one.
    """
    spans = [*_lists(reading), *_pasted(reading)]
    spans += _found(reading.plain, spans)
    spans.sort()
    parts, at = [], 0
    for start, end, written in spans:
        if start >= at:
            parts += [reading.plain[at:start].lower(), written]
            at = end
    parts.append(reading.plain[at:].lower())
    text = _shortened(_BLANKS.sub(" ", "".join(parts).replace(MASK, " ")).strip())
    before = f"after {earlier_operation.replace('_', ' ')} : " if earlier_operation else ""
    files = reading.tables[: len(reading.tables) - reading.pasted]
    return _BLANKS.sub(" ", f"{before}{text} {''.join(_tables(files, 0))}").strip()


def number_class(written: str) -> str:
    """What kind of number it is, in a word: zero, one, digit, tens, fraction, decimal …"""
    text = written.replace(",", ".").lower()
    value = float(text)
    if value == 0:
        return "zero"
    if value == 1:
        return "one"
    if "." in text or "e" in text:
        return "fraction" if value < 1 else "decimal"
    return next((name for most, name in ((10, "digit"), (100, "tens"), (1000, "hundreds"))
                 if value < most), "big")  # fmt: skip


def list_class(values: Sequence[float | None]) -> str:
    """How many values and of which kind: "few dec", "many int", "some binary"."""
    return f"{_size(len(values))} {_kind(value for value in values if value is not None)}"


def _size(count: int) -> str:
    return next((name for most, name in _SIZES if count <= most), "lots")


def _kind(values: Iterable[float]) -> str:
    found = set(values)
    if not found:
        return "missing"
    if found <= {0.0, 1.0}:
        return "binary"
    return "int" if all(float(value).is_integer() for value in found) else "dec"


def question_slots(reading: Reading) -> dict[str, Any]:
    """What the slots of ``question_view`` stand for: ``<d0>`` a list, ``<n0>`` a number (a share
    where a percent sign follows it), ``<c0>`` the values of a column.

    A slot that several share is left out: nothing points at one of them.
    """
    slots: dict[str, Any] = {}
    shared: set[str] = set()

    def add(slot: str, value: Any) -> None:
        if slot in slots:
            shared.add(slot)
        slots[slot] = value

    lists = _lists(reading)
    for (_, _, written), item in zip(lists, _long_lists(reading), strict=True):
        add(written.split()[0], list(item.values))
    columns = [column for table in reading.tables for column in table.columns[:MOST_COLUMNS]]
    written = "".join(_tables(reading.tables, 0))
    for slot, column in zip(_COLUMN_SLOT.findall(written), columns, strict=True):
        add(slot, list(column.values))
    for start, end, text in _found(reading.plain, [*lists, *_pasted(reading)]):
        slot = text.split()[0]
        if slot.startswith("<n"):
            add(slot, _value(reading.plain, start, end))
    return {
        slot: value for slot, value in slots.items() if slot not in shared and value is not None
    }


def _value(plain: str, start: int, end: int) -> float | None:
    """The number at a place of the normalised text; None where a comma leaves it open."""
    try:
        value = float(plain[start:end])
    except ValueError:
        return None
    if _MINUS.search(plain, max(0, start - 2), start):
        value = -value
    return value / 100 if _PERCENT.match(plain, end) else value


Span = tuple[int, int, str]


def _long_lists(reading: Reading) -> list[NumberList]:
    return [item for block in reading.blocks for item in block.lists if len(item.values) > 1]


def _lists(reading: Reading) -> list[Span]:
    spans: list[Span] = []
    before = 0
    for item in _long_lists(reading):
        same = "same " if len(item.values) == before else ""
        slot = min(len(spans), LISTS - 1)
        spans.append((item.start, item.end, f" <d{slot}> {list_class(item.values)} {same}"))
        before = len(item.values)
    return spans


def _pasted(reading: Reading) -> list[Span]:
    """The places of pasted tables, which reading has masked, in the order of the tables."""
    first = len(reading.tables) - reading.pasted
    columns = sum(len(table.columns) for table in reading.tables[:first])
    written = _tables(reading.tables[first:], columns)
    places = list(_MASKED.finditer(reading.plain))
    return [(place.start(), place.end(), text)
            for place, text in zip(places, written, strict=False)]  # fmt: skip


def _tables(tables: Sequence[Table], columns: int) -> list[str]:
    written = []
    for table in tables:
        shown = [
            f"<c{min(columns + number, COLUMNS - 1)}> {_column(column)}"
            for number, column in enumerate(table.columns[:MOST_COLUMNS])
        ]
        more = " ; more" if len(table.columns) > MOST_COLUMNS else ""
        written.append(f" [table {_size(table.rows)} rows {' ; '.join(shown)}{more}] ")
        columns += len(table.columns)
    return written


def _column(column: Column) -> str:
    present = [value for value in column.values if value is not None]
    different = len(set(present))
    levels = {2: "two", 3: "three"}.get(
        different, "levels" if 2 * different < len(present) else "free"
    )
    if column.kind == "number":
        kind = _kind(value for value in present if isinstance(value, (int, float)))
    else:
        kind = "text"
    name = _DIGITS.sub("", column.name).lower()[:40]
    return f"{name} {kind} {levels}"


def _found(plain: str, taken: Sequence[Span]) -> list[Span]:
    """Notations of designs, and the numbers that stand alone."""
    covered = bytearray(len(plain))
    for start, end, _ in taken:
        covered[start:end] = b"\x01" * (end - start)
    spans: list[Span] = []
    for pattern, written in _NOTATIONS:
        for match in pattern.finditer(plain):
            if not any(covered[match.start() : match.end()]):
                covered[match.start() : match.end()] = b"\x01" * len(match[0])
                spans.append((match.start(), match.end(), written))
    count = 0
    for match in _NUMBER.finditer(plain):
        if any(covered[match.start() : match.end()]):
            continue
        slot = f"<n{min(count, NUMBERS - 1)}>"
        spans.append((match.start(), match.end(), f" {slot} {number_class(match[0])} "))
        count += 1
    return spans


def _shortened(text: str) -> str:
    if len(text) <= 2 * MOST_CHARACTERS:
        return text
    return f"{text[:MOST_CHARACTERS]} ... {text[-MOST_CHARACTERS:]}"
