"""Model matrices for optimal designs: numeric factors coded, labels by contrasts.

A label with m levels takes m - 1 columns whose sum of squares over the levels
is m and which are orthogonal to each other (Helmert contrasts), so that the
determinant does not depend on the order of the labels.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from havoc.errors import InputError
from havoc.tools.doe.factors import Factor
from havoc.tools.parameters import FloatArray

ModelName = Literal["linear", "interactions", "quadratic"]
Term = tuple[tuple[int, int], ...]
"""Factors of a term with their powers; labels have power one."""


class OptimalModel(msgspec.Struct, frozen=True, kw_only=True):
    """Columns of the model matrix, each a product of basic columns.

    Basic columns are a one, then the coded setting of a number or the contrasts
    of a label, factor by factor; ``products`` has one row of positions a column.
    """

    factors: list[Factor]
    names: list[str]
    contrasts: dict[int, FloatArray]
    products: NDArray[np.int64]

    def expand(self, points: FloatArray) -> FloatArray:
        """Model matrix of settings: coded numbers, and positions of labels."""
        basic = [np.ones((len(points), 1))]
        for index in range(len(self.factors)):
            if index in self.contrasts:
                positions = np.rint(points[:, index]).astype(np.int64)
                basic.append(self.contrasts[index][positions])
            else:
                basic.append(points[:, index : index + 1])
        columns = np.hstack(basic)
        matrix: FloatArray = columns[:, self.products[:, 0]]
        for place in range(1, self.products.shape[1]):
            matrix = matrix * columns[:, self.products[:, place]]
        return matrix


def contrasts_of(levels: int) -> FloatArray:
    """Orthogonal contrasts of ``levels`` labels, each with mean square one."""
    matrix = np.zeros((levels, levels - 1))
    for column in range(levels - 1):
        matrix[: column + 1, column] = -1.0
        matrix[column + 1, column] = column + 1.0
        matrix[:, column] *= math.sqrt(levels / ((column + 1) * (column + 2)))
    return matrix


def model_of(
    factors: Sequence[Factor], model: ModelName, extra: Sequence[str], where: str
) -> OptimalModel:
    """The named model and the terms that are added to it."""
    count = len(factors)
    terms: list[Term] = [((index, 1),) for index in range(count)]
    if model != "linear":
        terms += [
            ((first, 1), (second, 1)) for first, second in itertools.combinations(range(count), 2)
        ]
    if model == "quadratic":
        terms += [((index, 2),) for index in range(count) if not factors[index].categorical]
    for text in extra:
        term = _term(text, factors, f"{where} terms")
        if term not in terms:
            terms.append(term)
    contrasts = {
        index: contrasts_of(len(factor.levels))
        for index, factor in enumerate(factors)
        if factor.categorical
    }
    names, products = _products(factors, terms, contrasts)
    return OptimalModel(factors=list(factors), names=names, contrasts=contrasts, products=products)


def _products(
    factors: Sequence[Factor], terms: Sequence[Term], contrasts: dict[int, FloatArray]
) -> tuple[list[str], NDArray[np.int64]]:
    """Names of the model columns, intercept first, and the basic columns that each multiplies."""
    basic: list[list[tuple[str, int]]] = []
    position = 1
    for index, factor in enumerate(factors):
        width = contrasts[index].shape[1] if index in contrasts else 1
        basic.append(
            [
                (
                    f"{factor.name}[{column + 1}]" if index in contrasts else factor.name,
                    position + column,
                )
                for column in range(width)
            ]
        )
        position += width
    degree = max((sum(power for _, power in term) for term in terms), default=1)
    names, rows = ["intercept"], [[0] * degree]
    for term in terms:
        for parts in itertools.product(*(basic[index] for index, _ in term)):
            names.append(
                "*".join(
                    name if power == 1 else f"{name}^{power}"
                    for (name, _), (_, power) in zip(parts, term, strict=True)
                )
            )
            row = [
                column
                for (_, column), (_, power) in zip(parts, term, strict=True)
                for _ in range(power)
            ]
            rows.append(row + [0] * (degree - len(row)))
    return names, np.array(rows, dtype=np.int64)


def _term(text: str, factors: Sequence[Factor], where: str) -> Term:
    names = [factor.name.lower() for factor in factors]
    powers: dict[int, int] = {}
    for part in re.split(r"\s*[*:×]\s*", text.strip()):
        base, _, power = part.partition("^")
        if base.strip().lower() not in names or (power and power.strip() != "2"):
            raise InputError(
                f"{text!r} is not a term", where=where, remedy="write A*B or A^2 with factor names"
            )
        index = names.index(base.strip().lower())
        powers[index] = powers.get(index, 0) + (2 if power else 1)
    if any(
        power > 2 or (power > 1 and factors[index].categorical) for index, power in powers.items()
    ):
        raise InputError(
            f"{text!r} has too high a power", where=where, remedy="use powers up to 2 of numbers"
        )
    return tuple(sorted(powers.items()))
