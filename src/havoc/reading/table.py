"""A table as the user gave it: named columns of numbers or of labels."""

from __future__ import annotations

from typing import Literal

import msgspec


class Column(msgspec.Struct, kw_only=True):
    """One column. ``values`` holds floats (``number``) or strings (``text``); None is missing."""

    name: str
    kind: Literal["number", "text"]
    values: list[float | None] | list[str | None]
    unit: str = ""

    @property
    def present(self) -> list[float] | list[str]:
        """The values without the missing ones."""
        return [value for value in self.values if value is not None]  # type: ignore[return-value]

    @property
    def missing(self) -> int:
        return sum(value is None for value in self.values)


class Table(msgspec.Struct, kw_only=True):
    """Columns of equal length and where they came from (``bore.csv``, ``question[12:80]``).

    ``warnings`` says what was repaired or left out, with row and column.
    ``header`` is False when the names were made up because the table had none.
    """

    source: str
    columns: list[Column]
    warnings: list[str] = []
    header: bool = True

    @property
    def rows(self) -> int:
        return len(self.columns[0].values) if self.columns else 0

    def column(self, name: str) -> Column | None:
        for column in self.columns:
            if column.name.casefold() == name.casefold():
                return column
        return None
