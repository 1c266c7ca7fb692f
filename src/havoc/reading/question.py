"""A question with its data, read into typed slots.

A slot is something a planner can point at: a list ``<d0>``, a column ``<c0>``, a
number ``<n0>``, a label ``<l0>``; each keeps name, unit, role and where it stood,
so that every figure of an answer can be traced to the character or the cell it
came from.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from havoc.instructions import without_instructions
from havoc.reading import prose, roles
from havoc.reading.glossary import in_english
from havoc.reading.grid import FoundTable, find_tables
from havoc.reading.notation import normalise
from havoc.reading.prose import Block
from havoc.reading.roles import Scalar
from havoc.reading.table import Column, Table

MAX_QUESTION = 200_000
_FIRST_OF_A_LIST = re.compile(r"[:=,;][ \t]*-?\d+(?:[.,]\d+)?[ \t]*\r?\n$")


class Slot(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Something in the question or its data that a plan can point at."""

    id: str
    kind: Literal["list", "column", "number", "label"]
    name: str
    source: str
    role: str = ""
    unit: str = ""
    length: int = 1


class Series(msgspec.Struct, kw_only=True):
    """A named list of numbers with its origin, wherever it stood."""

    name: str
    values: list[float | None]
    source: str
    unit: str = ""
    slot: str = ""

    @property
    def numbers(self) -> list[float]:
        return [value for value in self.values if value is not None]

    @property
    def missing(self) -> int:
        return len(self.values) - len(self.numbers)


class Reading(msgspec.Struct, kw_only=True):
    """What was read. ``remaining`` is the normalised text without what was claimed."""

    text: str
    plain: str
    remaining: str
    tables: list[Table]
    scalars: list[Scalar]
    blocks: list[Block]
    slots: list[Slot] = []
    pasted: int = 0
    left_aside: bool = False
    """Sentences that speak to the program were in the text; blanks stand in their place."""
    turns: tuple[Reading, ...] = ()
    """The follow-up and the turn before it, where this reading joins the two."""

    def scalar(self, *names: str) -> Scalar | None:
        """The first scalar that has one of the roles, in the order of the roles."""
        for name in names:
            for item in self.scalars:
                if item.role == name:
                    return item
        return None

    def all(self, role: str) -> list[Scalar]:
        return [item for item in self.scalars if item.role == role]

    @property
    def series(self) -> list[Series]:
        """All lists of two or more numbers in prose, in the order of the text."""
        found = []
        for block in self.blocks:
            for item in block.lists:
                found.append(
                    Series(
                        name=item.label,
                        values=item.values,
                        source=f"question[{item.start}:{item.end}]",
                        unit=item.unit,
                    )
                )
        return found


def read_question(text: str, tables: Sequence[Table] = ()) -> Reading:
    """Read a question and the tables that came with it."""
    text = text[:MAX_QUESTION]
    asked = without_instructions(text)
    left_aside = asked != text and bool(asked.strip(" .()"))
    if left_aside:
        text = asked
    pasted = [found for found in find_tables(text) if not _continues_a_list(text, found)]
    visible = text
    for found in pasted:
        visible = prose.mask(visible, found.start, found.end)
    plain = in_english(normalise(visible))
    scalars, remaining = roles.read_scalars(plain)
    blocks = prose.read_blocks(remaining)
    reading = Reading(
        text=text,
        plain=plain,
        remaining=prose.mask_overflow(remaining),
        tables=[*tables, *(found.table for found in pasted)],
        scalars=scalars,
        blocks=blocks,
        pasted=len(pasted),
        left_aside=left_aside,
    )
    reading.slots = _slots(reading)
    return reading


def _continues_a_list(text: str, found: FoundTable) -> bool:
    """One column of numbers below a line that ends in a number: a list, not a table.

    "values: 1.5" and every further value on a line of its own.
    """
    columns = found.table.columns
    before = text[max(0, found.start - 60) : found.start]
    return (
        len(columns) == 1
        and columns[0].kind == "number"
        and _FIRST_OF_A_LIST.search(before) is not None
    )


def _slots(reading: Reading) -> list[Slot]:
    slots = []
    for index, series in enumerate(reading.series):
        slots.append(
            Slot(
                id=f"<d{index}>",
                kind="list",
                name=series.name,
                source=series.source,
                unit=series.unit,
                length=len(series.values),
            )
        )
    columns: list[tuple[Table, Column]] = [
        (table, column) for table in reading.tables for column in table.columns
    ]
    for index, (table, column) in enumerate(columns):
        slots.append(
            Slot(
                id=f"<c{index}>",
                kind="column" if column.kind == "number" else "label",
                name=column.name,
                source=f"{table.source}#{column.name}",
                unit=column.unit,
                length=len(column.values),
            )
        )
    for index, scalar in enumerate(reading.scalars):
        slots.append(
            Slot(
                id=f"<n{index}>",
                kind="number",
                name=scalar.role,
                role=scalar.role,
                source=f"question[{scalar.start}:{scalar.end}]",
                unit=scalar.unit,
            )
        )
    return slots
