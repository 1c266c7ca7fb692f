"""Plans of ANSI/ASQ Z1.9 for measured values: code letters, k and M of the master tables.

A plan for unknown standard deviation has the sample size of its code letter; k (form 1)
and M (form 2, percent nonconforming) lie in tables B-1 and B-3. Tightened inspection
takes the column of the next smaller AQL, reduced inspection a smaller sample and the
column of the next larger AQL. For known standard deviation the tables D give sample
size and M, and k follows from M. Where the table has an arrow, the next larger letter
that has a plan is taken, sample size and constant.

Source: ANSI/ASQ Z1.9-2003, tables A-2, B-1, B-3, B-4, D-3 and D-4; the values of
MIL-STD-414 (1957) for the same sample sizes. Every k is checked against its M through the
relation of the standard (B-3 note), every known-sigma plan against the OC curve of the
plan that it matches. The range method (section C) and ISO 3951-1 are not covered.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Literal

import msgspec

from havoc.errors import InputError

Level = Literal["I", "II", "III", "S-3", "S-4"]
Inspection = Literal["normal", "tightened", "reduced"]

_LETTERS = "BCDEFGHIJKLMNP"
_SIZES = (3, 4, 5, 7, 10, 15, 20, 25, 35, 50, 75, 100, 150, 200)
_REDUCED_SIZES = (3, 3, 3, 3, 4, 5, 7, 10, 15, 20, 25, 30, 50, 75)
# The first column is read for tightened inspection at AQL 0.10 only, the last one for
# reduced inspection at AQL 10.
_COLUMNS = (0.065, 0.10, 0.15, 0.25, 0.40, 0.65, 1.0, 1.5, 2.5, 4.0, 6.5, 10.0, 15.0)
AQL_PERCENT = _COLUMNS[1:-1]

_LARGEST_LOT = (
    8, 15, 25, 50, 90, 150, 280, 400, 500, 1200, 3200, 10_000, 35_000, 150_000, 500_000,
)  # fmt: skip
_CODE_LETTERS: dict[str, str] = {
    "S-3": "BBBBBBBCCDEFGHHH",
    "S-4": "BBBBBCDEEFGHIJKK",
    "I": "BBBCDEFGGHIJKLMN",
    "II": "BBCDEFGHIJKLMNPP",
    "III": "CDEFGHIJJKLMNPPP",
}

# M in percent by sample size, one value a column; None where the table has an arrow.
_M: dict[int, tuple[float | None, ...]] = {
    3: (None,) * 8 + (7.59, 18.86, 26.94, 33.69, 40.47),
    4: (None,) * 6 + (1.49, 5.46, 10.88, 16.41, 22.84, 29.43, 36.79),
    5: (None,) * 4 + (0.041, 1.34, 3.33, 5.82, 9.80, 14.37, 20.19, 26.55, 33.94),
    7: (None, 0.005, 0.087, 0.421, 1.05, 2.13, 3.54, 5.34, 8.40, 12.19, 17.34, 23.30, 30.50),
    10: (0.077, 0.179, 0.349, 0.714, 1.27, 2.14, 3.27, 4.72, 7.26, 10.53, 15.17, 20.73, 27.65),
    15: (0.186, 0.311, 0.491, 0.839, 1.33, 2.09, 3.06, 4.32, 6.55, 9.48, 13.74, 18.97, 25.63),
    20: (0.228, 0.356, 0.531, 0.864, 1.33, 2.03, 2.93, 4.10, 6.18, 8.95, 13.01, 18.07, 24.58),
    25: (0.250, 0.378, 0.551, 0.874, 1.32, 2.00, 2.86, 3.97, 5.98, 8.65, 12.60, 17.55, 23.97),
    30: (None, None, 0.567, 0.885, 1.32, 1.98, 2.82, 3.91, 5.87, 8.48, 12.37, 17.25, 23.61),
    35: (0.253, 0.373, 0.534, 0.833, 1.24, 1.87, 2.66, 3.70, 5.58, 8.11, 11.89, 16.67, None),
    50: (0.243, 0.355, 0.503, 0.778, 1.16, 1.73, 2.47, 3.44, 5.21, 7.61, 11.23, 15.87, 21.99),
    75: (0.225, 0.326, 0.461, 0.711, 1.06, 1.59, 2.27, 3.17, 4.83, 7.10, 10.58, 15.07, 21.05),
    100: (0.218, 0.315, 0.444, 0.684, 1.02, 1.52, 2.18, 3.06, 4.67, 6.88, 10.29, 14.71, None),
    150: (0.202, 0.292, 0.412, 0.636, 0.946, 1.42, 2.05, 2.88, 4.42, 6.56, 9.86, 14.18, None),
    200: (0.204, 0.294, 0.414, 0.637, 0.945, 1.42, 2.04, 2.86, 4.39, 6.52, 9.80, 14.11, None),
}
# k as printed, for the columns 0.10 to 10; what is missing follows from M.
_K: dict[int, tuple[float | None, ...]] = {
    3: (None,) * 7 + (1.12, 0.958, 0.765, 0.566),
    4: (None,) * 5 + (1.45, 1.34, 1.17, 1.01, 0.814, 0.617),
    5: (None,) * 4 + (1.65, 1.53, 1.40, 1.24, 1.07, 0.874, 0.675),
    7: (None,) * 2 + (2.00, 1.88, 1.75, 1.62, 1.50, 1.33, 1.15, 0.955, 0.755),
    10: (None, 2.24, 2.11, 1.98, 1.84, 1.72, 1.58, 1.41, 1.23, 1.03, 0.828),
    15: (2.42, 2.32, 2.20, 2.06, 1.91, 1.79, 1.65, 1.47, 1.30, 1.09, 0.886),
    20: (2.47, 2.36, 2.24, 2.11, 1.96, 1.82, 1.69, 1.51, 1.33, 1.12, 0.917),
    25: (2.50, 2.40, 2.26, 2.14, 1.98, 1.85, 1.72, 1.53, 1.35, 1.14, 0.936),
    35: (2.54, 2.45, 2.31, 2.18, 2.03, 1.89, 1.76, 1.57, 1.39, 1.18, 0.969),
    50: (2.60, 2.50, 2.35, 2.22, 2.08, 1.93, 1.80, 1.61, 1.42, 1.21, 1.00),
    75: (2.66, 2.55, 2.41, 2.27, 2.12, 1.98, 1.84, 1.65, 1.46, 1.24, 1.03),
    100: (2.69, 2.58, 2.43, 2.29, 2.14, 2.00, 1.86, 1.67, 1.48, 1.26, 1.05),
    150: (2.73, 2.61, 2.47, 2.33, 2.18, 2.03, 1.89, 1.70, 1.51, 1.29, 1.07),
    200: (2.73, 2.62, 2.47, 2.33, 2.18, 2.04, 1.89, 1.70, 1.51, 1.29, 1.07),
}
# Known standard deviation, normal and tightened: (sample size, M) by code letter and column
# 0.065 to 10; arrows are already followed.
_KNOWN: dict[str, tuple[tuple[int, float], ...]] = {
    "B": ((3, 0.114), (4, 0.290), (3, 0.369), (2, 0.310), (2, 0.510), (2, 1.28), (2, 2.73),
          (2, 3.90), (2, 6.11), (2, 9.27), (3, 17.74), (3, 24.22)),
    "C": ((3, 0.114), (4, 0.290), (3, 0.369), (2, 0.310), (2, 0.510), (2, 1.28), (2, 2.73),
          (2, 3.90), (2, 6.11), (2, 9.27), (3, 17.74), (3, 24.22)),
    "D": ((3, 0.114), (4, 0.290), (3, 0.369), (2, 0.310), (2, 0.510), (2, 1.28), (2, 2.23),
          (2, 3.00), (3, 7.56), (3, 10.79), (3, 15.60), (4, 22.97)),
    "E": ((3, 0.114), (4, 0.290), (3, 0.369), (2, 0.310), (2, 0.510), (4, 1.94), (3, 2.76),
          (3, 3.85), (4, 6.99), (4, 9.97), (5, 15.21), (5, 20.80)),
    "F": ((3, 0.114), (4, 0.290), (3, 0.369), (3, 0.568), (3, 0.959), (4, 1.88), (4, 2.58),
          (4, 3.87), (5, 6.05), (5, 8.92), (6, 13.89), (7, 19.46)),
    "G": ((3, 0.114), (4, 0.290), (4, 0.399), (4, 0.681), (5, 1.09), (5, 1.76), (6, 2.57),
          (6, 3.77), (7, 5.83), (8, 8.62), (9, 12.88), (11, 17.88)),
    "H": ((4, 0.161), (5, 0.296), (5, 0.445), (6, 0.721), (6, 1.14), (7, 1.75), (7, 2.62),
          (8, 3.68), (9, 5.68), (10, 8.43), (12, 12.35), (14, 17.36)),
    "I": ((6, 0.230), (6, 0.321), (6, 0.478), (7, 0.756), (8, 1.14), (8, 1.80), (9, 2.59),
          (10, 3.63), (11, 5.60), (13, 8.13), (15, 12.04), (17, 17.05)),
    "J": ((7, 0.226), (8, 0.330), (9, 0.469), (9, 0.760), (10, 1.14), (11, 1.73), (12, 2.49),
          (14, 3.43), (15, 5.34), (18, 7.72), (20, 11.57), (24, 16.23)),
    "K": ((11, 0.217), (11, 0.326), (12, 0.461), (13, 0.721), (14, 1.08), (16, 1.62), (17, 2.35),
          (19, 3.28), (22, 4.98), (25, 7.34), (29, 10.93), (33, 15.61)),
    "L": ((15, 0.211), (16, 0.308), (17, 0.438), (19, 0.673), (21, 1.00), (23, 1.51), (25, 2.19),
          (28, 3.05), (32, 4.68), (36, 6.95), (42, 10.40), (49, 14.87)),
    "M": ((20, 0.207), (22, 0.296), (23, 0.423), (25, 0.655), (27, 0.980), (30, 1.47), (33, 2.12),
          (36, 2.99), (42, 4.55), (48, 6.75), (55, 10.17), (64, 14.58)),
    "N": ((30, 0.193), (31, 0.283), (34, 0.397), (37, 0.615), (40, 0.921), (44, 1.39), (49, 2.00),
          (54, 2.82), (61, 4.35), (73, 6.48), (82, 9.76), (95, 14.09)),
    "P": ((40, 0.196), (42, 0.285), (45, 0.402), (49, 0.620), (54, 0.920), (59, 1.39), (65, 2.00),
          (71, 2.82), (81, 4.34), (93, 6.46), (109, 9.73), (127, 14.02)),
}  # fmt: skip


class VariablesPlan(msgspec.Struct, frozen=True, kw_only=True):
    """``m`` in percent; ``k`` is None where only M is tabulated."""

    code_letter: str
    n: int
    m: float
    k: float | None


def code_letter(lot_size: int, level: Level) -> str:
    """Sample size code letter (table A-2)."""
    return _CODE_LETTERS[level][bisect_left(_LARGEST_LOT, lot_size)]


def nearest_aql(percent: float) -> int:
    """Column of the AQL, or InputError with its neighbours."""
    for place, value in enumerate(AQL_PERCENT, start=1):
        if abs(value - percent) <= 1e-9 * value:
            return place
    place = bisect_left(AQL_PERCENT, percent)
    near = " and ".join(f"{value:g} %" for value in AQL_PERCENT[max(place - 1, 0) : place + 1])
    raise InputError(
        f"AQL {percent:g} % is not in the tables of ANSI Z1.9",
        where="aql",
        remedy=f"the nearest are {near}; or give ltpd for a plan of your own",
    )


def standard_plan(
    lot_size: int, aql_percent: float, level: Level, inspection: Inspection, *, known: bool
) -> VariablesPlan:
    """Sample size with k and M for unknown, or known, standard deviation."""
    column = nearest_aql(aql_percent)
    letter = code_letter(lot_size, level)
    row = _LETTERS.index(letter)
    if inspection == "tightened":
        column -= 1
    if known:
        if inspection == "reduced":
            raise InputError(
                "reduced inspection with known standard deviation is not covered",
                where="inspection, sigma",
                remedy="use normal inspection, or the plan for unknown standard deviation",
            )
        size, share = _KNOWN[letter][column]
        return VariablesPlan(code_letter=letter, n=size, m=share, k=None)
    sizes = _REDUCED_SIZES if inspection == "reduced" else _SIZES
    if inspection == "reduced":
        column += 1
    larger = (size for size in sizes[row:] if _M[size][column] is not None)
    size = next(larger)
    m = _M[size][column]
    assert m is not None
    printed = _K.get(size)
    # _K has the columns from 0.10 to 10
    k = printed[column - 1] if printed is not None and 1 <= column <= len(printed) else None
    return VariablesPlan(code_letter=letter, n=size, m=m, k=k)
