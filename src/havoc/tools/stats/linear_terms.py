"""Terms of a linear model: factors, covariates and their products, as columns.

Factors are coded to sum to zero, so that a term can be tested by leaving its columns out
(type III, as Minitab and JMP) and the mean over the levels of a factor is a row of zeros.

Source: S. R. Searle, Linear Models for Unbalanced Data (1987), chapters 4 and 9.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray, as_sample
from havoc.tools.stats.predictor_columns import label_text

MOST_LEVELS = 100
MOST_COLUMNS = 400
MOST_VALUES = 20_000_000
DEPENDENT = 1e-9

Labels = list[str | float]


class Factor(msgspec.Struct, frozen=True, kw_only=True):
    """Levels in the order of their appearance, and the place of each row among them."""

    name: str
    levels: list[str]
    codes: NDArray[np.int64]

    def coding(self) -> FloatArray:
        """One row a level: its own column, minus one everywhere for the last."""
        count = len(self.levels)
        return np.vstack([np.eye(count - 1), -np.ones(count - 1)])


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """The model matrix. ``names`` are the terms; ``places`` the columns of each.

    Column zero is the constant.
    """

    factors: dict[str, Factor]
    covariates: dict[str, FloatArray]
    parts: list[tuple[str, ...]]
    names: list[str]
    matrix: FloatArray
    places: list[list[int]]

    def columns(self, terms: Sequence[int]) -> list[int]:
        """Columns of the constant and of these terms."""
        return [0, *(column for term in terms for column in self.places[term])]

    def row(self, levels: dict[str, str], at: dict[str, float]) -> FloatArray:
        """Columns at these levels, the mean over the levels of every other factor, and at
        these values of the covariates."""
        blocks = [np.ones(1)]
        for part in self.parts:
            block = np.ones(1)
            for name in part:
                if name in self.factors:
                    factor = self.factors[name]
                    own = (
                        factor.coding()[factor.levels.index(levels[name])]
                        if name in levels
                        else np.zeros(len(factor.levels) - 1)
                    )
                else:
                    own = np.array([at[name]])
                block = np.outer(block, own).ravel()
            blocks.append(block)
        return np.concatenate(blocks)


def read_factor(name: str, values: Labels, rows: int) -> Factor:
    if len(values) != rows:
        raise InputError(
            f"{len(values)} levels but {rows} values of the response",
            where=name,
            remedy="every value needs its level",
        )
    labels = [label_text(value) for value in values]
    levels = list(dict.fromkeys(labels))
    if len(levels) < 2:
        raise InputError(
            f"the factor {name} has a single level", where=name, remedy="leave it out or vary it"
        )
    if len(levels) > MOST_LEVELS or len(levels) == rows:
        raise InputError(
            f"the factor {name} has {len(levels)} levels in {rows} rows",
            where=name,
            remedy="is it a measured column? then give it as a covariate",
        )
    place = {level: i for i, level in enumerate(levels)}
    return Factor(name=name, levels=levels, codes=np.array([place[label] for label in labels]))


def read_terms(
    factors: dict[str, Labels],
    covariates: dict[str, list[float]],
    interactions: bool | list[str],
    rows: int,
) -> Terms:
    """Terms of a model: every factor and covariate, and the interactions asked for."""
    doubled = set(factors) & set(covariates)
    if doubled:
        raise InputError(
            f"{sorted(doubled)[0]} is given as a factor and as a covariate",
            where="factors, covariates",
            remedy="give it as one of them",
        )
    read = {name: read_factor(name, values, rows) for name, values in factors.items()}
    numbers: dict[str, FloatArray] = {}
    for name, values in covariates.items():
        if len(values) != rows:
            raise InputError(
                f"{len(values)} values but {rows} of the response",
                where=name,
                remedy="every value of the response needs its covariate",
            )
        numbers[name] = as_sample(values, name, varying=True)
    mains = [*((name,) for name in read), *((name,) for name in numbers)]
    parts = [*mains, *_products(list(read), list(numbers), interactions)]
    for part in parts:
        _refuse_empty_cells([read[name] for name in part if name in read])
    blocks, places = [np.ones((rows, 1))], []
    width = 1
    for part in parts:
        size = math.prod(len(read[name].levels) - 1 if name in read else 1 for name in part)
        if width + size > MOST_COLUMNS or (width + size) * rows > MOST_VALUES:
            raise InputError(
                f"the model has more than {MOST_COLUMNS} coefficients or too many rows for them",
                where="factors",
                remedy="leave out interactions, or join levels",
            )
        block = np.ones((rows, 1))
        for name in part:
            own = read[name].coding()[read[name].codes] if name in read else numbers[name][:, None]
            block = (block[:, :, None] * own[:, None, :]).reshape(rows, -1)
        blocks.append(block)
        places.append(list(range(width, width + size)))
        width += size
    return Terms(
        factors=read,
        covariates=numbers,
        parts=parts,
        names=["*".join(part) for part in parts],
        matrix=np.hstack(blocks),
        places=places,
    )


def _products(
    factors: list[str], covariates: list[str], interactions: bool | list[str]
) -> list[tuple[str, ...]]:
    if interactions is True:
        return list(itertools.combinations(factors, 2))
    if interactions is False:
        return []
    known = [*factors, *covariates]
    products: list[tuple[str, ...]] = []
    for text in interactions:
        names = [name.strip() for name in text.replace(":", "*").replace("×", "*").split("*")]
        unknown = [name for name in names if name not in known]
        if unknown or len(names) < 2:
            raise InputError(
                f"{text!r} is no product of factors and covariates",
                where="interactions",
                remedy=f"write A*B with names among {', '.join(known[:12])}",
            )
        if len(set(names)) < len(names) and any(name in factors for name in names):
            raise InputError(
                f"{text!r} holds a factor twice", where="interactions", remedy="name each once"
            )
        product = tuple(sorted(names, key=known.index))
        if product not in products:
            products.append(product)
    return sorted(products, key=len)


def _refuse_empty_cells(factors: list[Factor]) -> None:
    if len(factors) < 2:
        return
    shape = [len(factor.levels) for factor in factors]
    codes = np.ravel_multi_index([factor.codes for factor in factors], shape)
    filled = np.bincount(codes, minlength=math.prod(shape)) > 0
    if filled.all():
        return
    first = np.unravel_index(int(np.flatnonzero(~filled)[0]), shape)
    cell = ", ".join(
        f"{factor.name} = {factor.levels[int(i)]}" for factor, i in zip(factors, first, strict=True)
    )
    empty = int((~filled).sum())
    raise InputError(
        f"empty cell: no value at {cell}"
        + (f" (and {empty - 1} more)" if empty > 1 else "")
        + f", so the interaction {'*'.join(factor.name for factor in factors)} cannot be estimated",
        where="interactions",
        remedy="leave the interaction out, join levels, or measure the cell",
    )


def refuse_aliased(terms: Terms) -> None:
    """Raise InputError naming the first term that follows from those before it."""
    rows, width = terms.matrix.shape
    if rows <= width:
        raise InputError(
            f"{rows} values for {width} coefficients leave no degree of freedom for the error",
            where="response",
            remedy="add values, or leave out terms",
        )
    scaled = terms.matrix / np.linalg.norm(terms.matrix, axis=0)
    own = np.abs(np.diag(np.linalg.qr(scaled, mode="r")))
    dependent = np.flatnonzero(own < DEPENDENT)
    if dependent.size:
        column = int(dependent[0])
        name = next(
            name for name, places in zip(terms.names, terms.places, strict=True) if column in places
        )
        raise InputError(
            f"the effect of {name} cannot be separated from the terms before it (aliased)",
            where="factors, covariates",
            remedy=f"leave {name} out, or measure the missing combinations",
        )
