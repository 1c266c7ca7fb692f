"""Linear models of factors with any number of levels: columns, sums of squares, means.

Every factor is coded by the deviation of its levels from their mean (sum to zero), so that a
coefficient never depends on which level comes first, type III sums of squares are those of
Minitab and JMP, and a mean over a factor is the model without the columns of that factor.

Source: S. R. Searle (1987), Linear Models for Unbalanced Data, chapters 4 and 12.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from havoc.errors import InputError
from havoc.tools.doe.least_squares import Fit, fit, independent_columns
from havoc.tools.parameters import FloatArray

IntArray = NDArray[np.int64]
Term = tuple[int, ...]
MAX_FACTORS = 10
MOST_RUNS = 200_000
MAX_COLUMNS = 1500


class LevelFactor(msgspec.Struct, frozen=True, kw_only=True):
    """A factor: its levels in their order, and the level of every run."""

    name: str
    levels: list[str]
    index: IntArray
    columns: FloatArray

    @property
    def df(self) -> int:
        return len(self.levels) - 1


def level_factor(
    name: str, values: Sequence[str | float | None], where: str, *, least: int = 2
) -> LevelFactor:
    """The levels of a column: numbers ascending, labels in the order of their appearance."""
    if any(value is None for value in values):
        raise InputError("a setting is missing", where=where, remedy="give the level of every run")
    given = [value for value in values if value is not None]
    if any(isinstance(value, float) and not math.isfinite(value) for value in given):
        raise InputError("a level is not a finite number", where=where, remedy="correct it")
    numeric = all(isinstance(value, (int, float)) for value in given)
    labels = [value if isinstance(value, str) else f"{value:g}" for value in given]
    distinct = list(dict.fromkeys(labels))
    if numeric:
        distinct.sort(key=float)
    if len(distinct) < least:
        raise InputError(
            f"every run has the level {distinct[0] if distinct else 'none'}",
            where=where,
            remedy="leave this factor out, or give runs at a second level",
        )
    place = {label: position for position, label in enumerate(distinct)}
    index = np.array([place[label] for label in labels], dtype=np.int64)
    return LevelFactor(
        name=name, levels=distinct, index=index, columns=sum_to_zero(len(distinct))[index]
    )


def sum_to_zero(levels: int) -> FloatArray:
    """Coding of each level: an identity above a row of minus ones."""
    return np.vstack([np.eye(levels - 1), -np.ones((1, levels - 1))])


def read_factors(
    factors: Mapping[str, Sequence[str | float]], rows: int, where: str
) -> list[LevelFactor]:
    """All factors of an experiment. Raises InputError for wrong lengths and single levels."""
    if not 1 <= len(factors) <= MAX_FACTORS:
        raise InputError(
            f"{len(factors)} factors, but it takes 1 to {MAX_FACTORS}",
            where=f"{where} factors",
            remedy="give the level of each factor in every run",
        )
    if rows > MOST_RUNS:
        raise InputError(
            f"{rows} runs are too many for the analysis of an experiment",
            where=f"{where} factors",
            remedy="use general_linear_model, or a sample of the rows",
        )
    for name, values in factors.items():
        if len(values) != rows:
            raise InputError(
                f"{len(values)} levels but {rows} responses",
                where=f"{where} factor {name}",
                remedy="give one level for every response",
            )
    read = [
        level_factor(name, values, f"{where} factor {name}") for name, values in factors.items()
    ]
    for factor in read:
        if len(factor.levels) > max(60, rows // 2):
            raise InputError(
                f"{len(factor.levels)} different levels among {rows} runs",
                where=f"{where} factor {factor.name}",
                remedy="a measured variable is a predictor: use regression_multiple or "
                "response_surface",
            )
    return read


def term_columns(term: Term, factors: Sequence[LevelFactor]) -> FloatArray:
    """Columns of a main effect or an interaction: products of the columns of its factors."""
    columns = factors[term[0]].columns
    for position in term[1:]:
        other = factors[position].columns
        columns = (columns[:, :, None] * other[:, None, :]).reshape(len(columns), -1)
    return columns


def term_label(term: Term, factors: Sequence[LevelFactor]) -> str:
    return ":".join(factors[position].name for position in term)


def terms_up_to(count: int, order: int) -> list[Term]:
    return [
        term for size in range(1, order + 1) for term in itertools.combinations(range(count), size)
    ]


def parse_terms(terms: Sequence[str], factors: Sequence[LevelFactor], where: str) -> list[Term]:
    """``A``, ``A:B`` or ``A*B`` (which stands for A, B and A:B) as terms, hierarchy kept."""
    names = [factor.name for factor in factors]
    found: list[Term] = []
    for text in terms:
        separator = "*" if "*" in text and text not in names else ":"
        parts = [text] if text in names else [part.strip() for part in text.split(separator)]
        unknown = [part for part in parts if part not in names]
        if unknown or len(set(parts)) != len(parts):
            raise InputError(
                f"the term {text!r} is not made of the factors {', '.join(names[:8])}",
                where=where,
                remedy="write it as A, A:B or A*B",
            )
        term = tuple(sorted(names.index(part) for part in parts))
        for size in range(1, len(term) + 1):
            found += itertools.combinations(term, size)
    return sorted(set(found), key=lambda term: (len(term), term))


class FactorFit(msgspec.Struct, kw_only=True):
    """A fitted model: ``base`` columns (mean, blocks, covariates), then those of every term."""

    terms: list[Term]
    places: list[slice]
    columns: FloatArray
    fit: Fit
    n_base: int


def fit_terms(
    terms: Sequence[Term],
    factors: Sequence[LevelFactor],
    base: FloatArray,
    values: FloatArray,
    where: str,
) -> FactorFit:
    """Least squares. Raises InputError naming the first term that the runs cannot estimate."""
    parts, places, start = [base], [], base.shape[1]
    for term in terms:
        width = int(np.prod([factors[position].df for position in term]))
        if start + width > MAX_COLUMNS:
            raise InputError(
                f"the model has more than {MAX_COLUMNS} columns",
                where=f"{where} factors",
                remedy="leave interactions out (order)",
            )
        parts.append(term_columns(term, factors))
        places.append(slice(start, start + width))
        start += width
    lost = inestimable(terms, factors, base)
    if lost is not None:
        raise InputError(
            f"the runs cannot estimate {term_label(lost, factors)}: combinations of levels are "
            "missing or it is confounded with the terms before it",
            where=f"{where} factors",
            remedy="leave the term out (order or terms), or add the missing combinations",
        )
    columns = np.hstack(parts)
    if len(values) < columns.shape[1]:
        raise InputError(
            f"{len(values)} runs cannot carry {columns.shape[1]} coefficients",
            where=f"{where} response",
            remedy="add runs, or leave interactions out",
        )
    return FactorFit(
        terms=list(terms),
        places=places,
        columns=columns,
        fit=fit(columns, values),
        n_base=base.shape[1],
    )


def inestimable(
    terms: Sequence[Term], factors: Sequence[LevelFactor], base: FloatArray
) -> Term | None:
    """The first term whose columns depend on those before it, or None."""
    distinct = np.unique(
        np.column_stack([base, *(factor.index for factor in factors)]), axis=0, return_index=True
    )[1]
    rows = np.sort(distinct)
    small = [
        msgspec.structs.replace(factor, index=factor.index[rows], columns=factor.columns[rows])
        for factor in factors
    ]
    space = base[rows]
    for term in terms:
        columns = term_columns(term, small)
        if len(independent_columns(columns, space)) < columns.shape[1]:
            return term
        space = np.hstack([space, columns])
    return None


def sums_of_squares(
    model: FactorFit, base: FloatArray, values: FloatArray, ss_type: int
) -> list[float]:
    """Sum of squares of every term: 1 sequential, 2 each after all that do not contain it, 3 each
    after all others."""
    found = []
    widths = [(place.start, place.stop) for place in model.places]

    def rss(kept: Sequence[int]) -> float:
        chosen = [base, *(model.columns[:, slice(*widths[position])] for position in kept)]
        return fit(np.hstack(chosen), values).rss

    everything = range(len(model.terms))
    for position, term in enumerate(model.terms):
        if ss_type == 1:
            without = list(range(position))
            with_it = [*without, position]
        elif ss_type == 2:
            without = [
                other
                for other in everything
                if other != position and not set(term) < set(model.terms[other])
            ]
            with_it = [*without, position]
        else:
            without = [other for other in everything if other != position]
            with_it = list(everything)
        found.append(max(rss(without) - rss(with_it), 0.0))
    return found


def mean_contrast(
    model: FactorFit, factors: Sequence[LevelFactor], setting: Mapping[int, int]
) -> FloatArray:
    """Coefficients of the mean at the given levels, averaged over the levels of all others."""
    contrast = np.zeros(model.columns.shape[1])
    contrast[0] = 1.0
    for term, place in zip(model.terms, model.places, strict=True):
        if set(term) <= set(setting):
            row = np.ones(1)
            for position in term:
                factor = factors[position]
                coding = sum_to_zero(len(factor.levels))[setting[position]]
                row = (row[:, None] * coding[None, :]).ravel()
            contrast[place] = row
    return contrast


def is_balanced(factors: Sequence[LevelFactor]) -> bool:
    """Every combination of levels equally often."""
    cells: IntArray = np.zeros(len(factors[0].index), dtype=np.int64)
    full = 1
    for factor in factors:
        cells = cells * len(factor.levels) + factor.index
        full *= len(factor.levels)
    counts = np.unique(cells, return_counts=True)[1]
    return bool(len(counts) == full and np.ptp(counts) == 0)


def contains_only(term: Term, kept: Sequence[Term]) -> bool:
    """A term may leave the model only if no kept interaction contains it (hierarchy)."""
    return not any(set(term) < set(other) for other in kept)
