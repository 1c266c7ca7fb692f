"""Model matrices for optimal designs: numeric factors coded, labels by contrasts.

A label with m levels takes m - 1 columns whose sum of squares over the levels
is m and which are orthogonal to each other (Helmert contrasts), so that the
determinant does not depend on the order of the labels. Components of a mixture add up
to one, so their model has no intercept (Scheffe); with process factors it is that of
Kowalski, Cornell and Vining, Communications in Statistics 29 (2000) 2255-2280.
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
    term_of: list[str]
    """The term that each column belongs to; a label takes several columns."""

    def expand(self, points: FloatArray) -> FloatArray:
        """Model matrix of settings: coded numbers, and positions of labels."""
        basic = [np.ones((len(points), 1))]
        for index in range(len(self.factors)):
            basic.append(self._columns(index, points[:, index]))
        return self._multiplied(np.hstack(basic))

    def moments(self, nodes: Sequence[tuple[FloatArray, FloatArray]]) -> FloatArray:
        """Mean of f(x) f(x)' where each factor takes its nodes with their weights, independently.

        A column of the model is a product over the factors, so the mean of a product of two
        columns is a product of means over one factor each.
        """
        matrix = np.ones((len(self.names), len(self.names)))
        widths = [self._width(index) for index in range(len(self.factors))]
        for index, (values, weights) in enumerate(nodes):
            basic = np.ones((len(values), 1 + sum(widths)))
            first = 1 + sum(widths[:index])
            basic[:, first : first + widths[index]] = self._columns(index, values)
            part = self._multiplied(basic)
            matrix = matrix * (part.T @ (part * weights[:, None]))
        return matrix

    def _width(self, index: int) -> int:
        return self.contrasts[index].shape[1] if index in self.contrasts else 1

    def _columns(self, index: int, values: FloatArray) -> FloatArray:
        if index in self.contrasts:
            return self.contrasts[index][np.rint(values).astype(np.int64)]
        return values[:, None]

    def _multiplied(self, basic: FloatArray) -> FloatArray:
        matrix: FloatArray = basic[:, self.products[:, 0]]
        for place in range(1, self.products.shape[1]):
            matrix = matrix * basic[:, self.products[:, place]]
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
    factors: Sequence[Factor],
    model: ModelName,
    extra: Sequence[str],
    where: str,
    components: int = 0,
) -> OptimalModel:
    """The named model and the terms that are added to it.

    The first ``components`` factors are shares of a whole: no intercept and no squares of
    them, and process factors act through their products with the components.
    """
    count = len(factors)
    mains = range(components if components and model != "linear" else count)
    terms: list[Term] = [((index, 1),) for index in mains]
    if model != "linear":
        terms += [
            ((first, 1), (second, 1)) for first, second in itertools.combinations(range(count), 2)
        ]
    if model == "quadratic":
        terms += [
            ((index, 2),) for index in range(components, count) if not factors[index].categorical
        ]
    for text in extra:
        term = _term(text, factors, f"{where} terms")
        if term not in terms:
            terms.append(term)
    contrasts = {
        index: contrasts_of(len(factor.levels))
        for index, factor in enumerate(factors)
        if factor.categorical
    }
    return _described(factors, terms, contrasts, intercept=not components)


def term_name(factors: Sequence[Factor], term: Term) -> str:
    return "*".join(
        factors[index].name if power == 1 else f"{factors[index].name}^{power}"
        for index, power in term
    )


def _described(
    factors: Sequence[Factor],
    terms: Sequence[Term],
    contrasts: dict[int, FloatArray],
    *,
    intercept: bool,
) -> OptimalModel:
    """The model with its columns: intercept first, and the basic columns that each multiplies."""
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
    names, rows, owners = [], [], []
    if intercept:
        names, rows, owners = ["intercept"], [[0] * degree], ["intercept"]
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
            owners.append(term_name(factors, term))
    return OptimalModel(
        factors=list(factors),
        names=names,
        contrasts=contrasts,
        products=np.array(rows, dtype=np.int64),
        term_of=owners,
    )


def _term(text: str, factors: Sequence[Factor], where: str) -> Term:
    names = [factor.name.lower() for factor in factors]
    powers: dict[int, int] = {}
    for part in re.split(r"\s*[*:×]\s*", text.strip()):
        base, _, power = part.partition("^")
        if base.strip().lower() not in names or (power and power.strip() not in {"2", "3"}):
            raise InputError(
                f"{text!r} is not a term", where=where, remedy="write A*B or A^2 with factor names"
            )
        index = names.index(base.strip().lower())
        powers[index] = powers.get(index, 0) + (int(power) if power else 1)
    if any(
        power > 3 or (power > 1 and factors[index].categorical) for index, power in powers.items()
    ):
        raise InputError(
            f"{text!r} has too high a power", where=where, remedy="use powers up to 3 of numbers"
        )
    return tuple(sorted(powers.items()))
