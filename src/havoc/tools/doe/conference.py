"""Conference matrices: zero diagonal, otherwise -1 and +1, and C'C = (m - 1) I.

Sources: R. E. A. C. Paley, On orthogonal matrices, J. Math. Phys. 12 (1933)
311-320 (from squares in a finite field); V. Belevitch (1950); the doubling of
skew matrices is J. M. Goethals and J. J. Seidel, Canad. J. Math. 19 (1967) 1001.
"""

from __future__ import annotations

import itertools

import numpy as np

from havoc.tools.parameters import FloatArray

# Order: (prime, coefficients of the monic polynomial of the field, constant term first).
_FIELDS: dict[int, tuple[int, tuple[int, ...]]] = {
    4: (3, ()), 6: (5, ()), 8: (7, ()), 10: (3, (1, 0)), 12: (11, ()), 14: (13, ()),
    18: (17, ()), 20: (19, ()), 24: (23, ()), 26: (5, (2, 0)), 28: (3, (1, 2, 0)),
    30: (29, ()), 32: (31, ()),
}  # fmt: skip
ORDERS = sorted([*_FIELDS, 16])
"""Even orders up to 32; there is no conference matrix of order 22."""


def conference_matrix(order: int) -> FloatArray:
    """The conference matrix of this order (one of ``ORDERS``)."""
    if order == 16:
        half = conference_matrix(8)
        one = np.eye(8)
        return np.block([[half, half + one], [half - one, -half]])
    prime, polynomial = _FIELDS[order]
    elements = list(itertools.product(range(prime), repeat=max(len(polynomial), 1)))
    squares = {_product(x, x, prime, polynomial) for x in elements if any(x)}
    core = np.array(
        [[_character(a, b, prime, squares) for b in elements] for a in elements], dtype=np.float64
    )
    matrix = np.zeros((order, order))
    matrix[1:, 1:] = core
    matrix[0, 1:] = 1.0
    matrix[1:, 0] = 1.0 if (order - 1) % 4 == 1 else -1.0
    return matrix


def _character(
    a: tuple[int, ...], b: tuple[int, ...], prime: int, squares: set[tuple[int, ...]]
) -> float:
    """1 if a - b is a square of the field, -1 if it is not, 0 if it is zero."""
    difference = tuple((x - y) % prime for x, y in zip(a, b, strict=True))
    if not any(difference):
        return 0.0
    return 1.0 if difference in squares else -1.0


def _product(
    a: tuple[int, ...], b: tuple[int, ...], prime: int, polynomial: tuple[int, ...]
) -> tuple[int, ...]:
    """Product in the field; powers above the degree are reduced by the polynomial."""
    if not polynomial:
        return (a[0] * b[0] % prime,)
    degree = len(polynomial)
    full = [0] * (2 * degree - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            full[i + j] += x * y
    for power in range(2 * degree - 2, degree - 1, -1):
        for i, coefficient in enumerate(polynomial):
            full[power - degree + i] -= full[power] * coefficient
        full[power] = 0
    return tuple(value % prime for value in full[:degree])
