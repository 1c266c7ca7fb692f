"""Single sampling plans of ISO 2859-1 (ANSI/ASQ Z1.4, formerly MIL-STD-105).

Code letters from lot size and inspection level; sample size, acceptance and
rejection number for normal, tightened and reduced inspection. The acceptance numbers
lie on diagonals of the master tables (letter and AQL one step each), so a cell is
found from the sum of its two places, arrows included.

Source: MIL-STD-105E (1989), tables I, II-A, II-B and II-C. ISO 2859-1 tables 1, 2-A
and 2-B repeat the first three; reduced inspection is that of MIL-STD-105E and ANSI/ASQ
Z1.4, with a gap between acceptance and rejection number (ISO 2859-1:1999 has none).
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Literal

import msgspec

from havoc.errors import InputError

Level = Literal["I", "II", "III", "S-1", "S-2", "S-3", "S-4"]
Inspection = Literal["normal", "tightened", "reduced"]

_LETTERS = "ABCDEFGHJKLMNPQRS"
_SAMPLE_SIZES = (2, 3, 5, 8, 13, 20, 32, 50, 80, 125, 200, 315, 500, 800, 1250, 2000, 3150)
_REDUCED_SIZES = (2, 2, 2, 3, 5, 8, 13, 20, 32, 50, 80, 125, 200, 315, 500, 800)
# AQL in percent nonconforming, or nonconformities per hundred units.
AQL_PERCENT = (
    0.010, 0.015, 0.025, 0.040, 0.065, 0.10, 0.15, 0.25, 0.40, 0.65, 1.0, 1.5, 2.5, 4.0, 6.5, 10.0,
    15.0, 25.0, 40.0, 65.0, 100.0, 150.0, 250.0, 400.0, 650.0, 1000.0,
)  # fmt: skip

_LARGEST_LOT = (
    8, 15, 25, 50, 90, 150, 280, 500, 1200, 3200, 10_000, 35_000, 150_000, 500_000,
)  # fmt: skip
_CODE_LETTERS: dict[str, str] = {
    "S-1": "AAAABBBBCCCCDDD",
    "S-2": "AAABBBCCCDDDEEE",
    "S-3": "AABBCCDDEEFFGGH",
    "S-4": "AABCCDEEFGGHJJK",
    "I": "AABCCDEFGHJKLMN",
    "II": "ABCDEFGHJKLMNPQ",
    "III": "BCDEFGHJKLMNPQR",
}

# Sum of letter place and AQL place -> acceptance number; below the first entry and
# where "down" is said the next larger sample is used, otherwise the next smaller one.
_ACCEPT: dict[str, dict[int, int]] = {
    "normal": {14: 0, 17: 1, 18: 2, 19: 3, 20: 5, 21: 7, 22: 10, 23: 14, 24: 21, 25: 30, 26: 44},
    "tightened": {15: 0, 18: 1, 19: 2, 20: 3, 21: 5, 22: 8, 23: 12, 24: 18, 25: 27, 26: 41},
    "reduced": {14: 0, 17: 0, 18: 1, 19: 1, 20: 2, 21: 3, 22: 5, 23: 7, 24: 10},
}
# Rejection numbers of reduced inspection; otherwise the acceptance number and one.
_REDUCED_REJECT = {14: 1, 17: 2, 18: 3, 19: 4, 20: 5, 21: 6, 22: 8, 23: 10, 24: 13}
_DOWN: dict[str, frozenset[int]] = {
    "normal": frozenset({16}), "tightened": frozenset({16, 17}), "reduced": frozenset({16}),
}  # fmt: skip
_LAST_LETTER_OF_LARGE_NUMBERS = _LETTERS.index("E")
_LARGE_NUMBERS_FROM = 25
_LAST_LETTER = {
    "normal": _LETTERS.index("R"), "tightened": _LETTERS.index("S"), "reduced": _LETTERS.index("R"),
}  # fmt: skip
# Reduced plans for many nonconformities per hundred units are not on the diagonals.
_LARGEST_REDUCED_AQL = 10.0


class StandardPlan(msgspec.Struct, frozen=True, kw_only=True):
    """``code_letter`` of the lot, ``plan_letter`` where the arrows of the table led to."""

    code_letter: str
    plan_letter: str
    n: int
    c: int
    aql_percent: float
    diagonal: int

    @property
    def r(self) -> int:
        """Rejection number; reduced inspection leaves a gap above the acceptance number."""
        return self.c + 1 if self.reject is None else self.reject

    reject: int | None = None


def code_letter(lot_size: int, level: Level) -> str:
    """Sample size code letter (table I)."""
    return _CODE_LETTERS[level][bisect_left(_LARGEST_LOT, lot_size)]


def nearest_aql(percent: float) -> float:
    """The AQL of the tables, or InputError with its neighbours."""
    for value in AQL_PERCENT:
        if abs(value - percent) <= 1e-9 * value:
            return value
    place = bisect_left(AQL_PERCENT, percent)
    near = " and ".join(f"{value:g} %" for value in AQL_PERCENT[max(place - 1, 0) : place + 1])
    raise InputError(
        f"AQL {percent:g} % is not in the tables of ISO 2859-1",
        where="aql",
        remedy=f"the nearest are {near}; or give ltpd for a plan of your own",
    )


def standard_plan(
    lot_size: int, aql_percent: float, level: Level, inspection: Inspection
) -> StandardPlan:
    """The single sampling plan, arrows followed."""
    aql = nearest_aql(aql_percent)
    if inspection == "reduced" and aql > _LARGEST_REDUCED_AQL:
        raise InputError(
            f"reduced inspection is covered up to an AQL of {_LARGEST_REDUCED_AQL:g} %",
            where="aql, inspection",
            remedy="use normal inspection",
        )
    column = AQL_PERCENT.index(aql)
    letter = code_letter(lot_size, level)
    row = _LETTERS.index(letter)
    accept = _ACCEPT[inspection]
    sizes = _REDUCED_SIZES if inspection == "reduced" else _SAMPLE_SIZES
    seen: set[int] = set()
    while row not in seen and 0 <= row <= _LAST_LETTER[inspection]:
        seen.add(row)
        total = row + column
        large = total >= _LARGE_NUMBERS_FROM and row > _LAST_LETTER_OF_LARGE_NUMBERS
        if total in accept and not large:
            return StandardPlan(
                code_letter=letter,
                plan_letter=_LETTERS[row],
                n=sizes[row],
                c=accept[total],
                aql_percent=aql,
                diagonal=total,
                reject=_REDUCED_REJECT[total] if inspection == "reduced" else None,
            )
        down = total < min(accept) or total in _DOWN[inspection]
        # below the last row there is nothing, so its arrow points up
        row += 1 if down and row < _LAST_LETTER[inspection] else -1
    raise InputError(
        f"the tables have no {inspection} plan for code letter {letter} and AQL {aql:g} %",
        where="aql",
        remedy="take another AQL or inspection level",
    )
