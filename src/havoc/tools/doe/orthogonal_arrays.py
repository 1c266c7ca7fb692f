"""Standard orthogonal arrays, levels counted from 1, columns in the published order.

Source: G. Taguchi and S. Konishi, Orthogonal Arrays and Linear Graphs (1987);
the arrays of two, three and five levels are written as their generating rules.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]

_L12 = """
1 1 1 1 1 1 1 1 1 1 1
1 1 1 1 1 2 2 2 2 2 2
1 1 2 2 2 1 1 1 2 2 2
1 2 1 2 2 1 2 2 1 1 2
1 2 2 1 2 2 1 2 1 2 1
1 2 2 2 1 2 2 1 2 1 1
2 1 2 2 1 1 2 2 1 2 1
2 1 2 1 2 2 2 1 1 1 2
2 1 1 2 2 2 1 2 2 1 1
2 2 2 1 1 1 1 2 2 1 2
2 2 1 2 1 2 1 1 1 2 2
2 2 1 1 2 1 2 1 2 2 1
"""
_L18 = """
1 1 1 1 1 1 1 1
1 1 2 2 2 2 2 2
1 1 3 3 3 3 3 3
1 2 1 1 2 2 3 3
1 2 2 2 3 3 1 1
1 2 3 3 1 1 2 2
1 3 1 2 1 3 2 3
1 3 2 3 2 1 3 1
1 3 3 1 3 2 1 2
2 1 1 3 3 2 2 1
2 1 2 1 1 3 3 2
2 1 3 2 2 1 1 3
2 2 1 2 3 1 3 2
2 2 2 3 1 2 1 3
2 2 3 1 2 3 2 1
2 3 1 3 2 3 1 2
2 3 2 1 3 1 2 3
2 3 3 2 1 2 3 1
"""

LEVELS: dict[str, list[int]] = {
    "L4": [2] * 3,
    "L8": [2] * 7,
    "L9": [3] * 4,
    "L12": [2] * 11,
    "L16": [2] * 15,
    "L18": [2] + [3] * 7,
    "L25": [5] * 6,
    "L27": [3] * 13,
    "L32": [2] * 31,
}
"""Number of levels of every column of every array, in the order of size."""


def orthogonal_array(name: str) -> IntArray:
    """The array, one row a run."""
    if name == "L12":
        return _typed(_L12)
    if name == "L18":
        return _typed(_L18)
    runs, levels = int(name[1:]), LEVELS[name][0]
    return _two_level(runs) if levels == 2 else _prime_level(runs, levels)


def _typed(text: str) -> IntArray:
    return np.array([[int(entry) for entry in row.split()] for row in text.split("\n") if row])


def _two_level(runs: int) -> IntArray:
    """Column j is the sum mod 2 of the basic columns in its bits; column 1 changes slowest."""
    basic = runs.bit_length() - 1
    rows = np.array(list(itertools.product((0, 1), repeat=basic)))
    columns = [
        rows[:, [bit for bit in range(basic) if column >> bit & 1]].sum(axis=1) % 2
        for column in range(1, runs)
    ]
    return np.column_stack(columns) + 1


def _prime_level(runs: int, levels: int) -> IntArray:
    """Each basic column, followed by its sums with multiples of all columns before it."""
    basic = round(np.log(runs) / np.log(levels))
    rows = np.array(list(itertools.product(range(levels), repeat=basic)))
    columns: list[IntArray] = []
    for member in range(basic):
        combined = [rows[:, member]]
        for earlier in range(member):
            combined = [
                (column + factor * rows[:, earlier]) % levels
                for factor in range(levels)
                for column in combined
            ]
        columns += combined
    return np.column_stack(columns) + 1
