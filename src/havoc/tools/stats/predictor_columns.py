"""Predictors of a regression as columns: numbers as they are, labels against their first level."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray, alike, as_sample

Predictor = list[float | str]
MOST_LEVELS = 50


class PredictorColumns(msgspec.Struct, frozen=True, kw_only=True):
    """Columns without the constant; ``sources`` names the predictor of each column.

    ``levels`` holds the labels of the predictors that are factors; the first is the one
    that the others are compared with.
    """

    columns: FloatArray
    terms: list[str]
    sources: list[str]
    levels: dict[str, list[str]]

    @property
    def names(self) -> list[str]:
        """The predictors, each once."""
        return list(dict.fromkeys(self.sources))


def read_predictors(
    operation: str,
    x: list[float] | None,
    predictors: dict[str, Predictor] | None,
    x_name: str,
    rows: int,
) -> PredictorColumns:
    """Columns of ``x`` or of the named ``predictors``, each with ``rows`` values."""
    if (x is None) == (predictors is None):
        raise InputError(
            "give either x or predictors",
            where=operation,
            remedy="x for one predictor, predictors for named ones",
        )
    named: Mapping[str, Predictor] = (
        predictors if predictors is not None else {x_name: [*(x or [])]}
    )
    if not named:
        raise InputError("there is no predictor", where="predictors", remedy="name at least one")
    columns: list[FloatArray] = []
    terms: list[str] = []
    sources: list[str] = []
    levels: dict[str, list[str]] = {}
    for name, values in named.items():
        if len(values) != rows:
            raise InputError(
                f"{len(values)} values but {rows} outcomes",
                where=name,
                remedy="every outcome needs its value",
            )
        if all(isinstance(value, (int, float)) for value in values):
            column = as_sample([value for value in values if not isinstance(value, str)], name)
            if alike(column):
                raise InputError(
                    f"all values equal {column[0]:g}",
                    where=name,
                    remedy="a predictor must take two values at least",
                )
            columns.append(column)
            terms.append(name)
            sources.append(name)
            continue
        labels = np.asarray([label_text(value) for value in values])
        found = list(dict.fromkeys(labels.tolist()))
        if not 2 <= len(found) <= MOST_LEVELS:
            raise InputError(
                f"{len(found)} different labels",
                where=name,
                remedy=f"a factor needs 2 to {MOST_LEVELS}",
            )
        levels[name] = found
        for level in found[1:]:
            columns.append((labels == level).astype(np.float64))
            terms.append(f"{name} {level} (against {found[0]})")
            sources.append(name)
    return PredictorColumns(
        columns=np.column_stack(columns), terms=terms, sources=sources, levels=levels
    )


def label_text(value: float | str) -> str:
    """A level as text; a gap among the levels is refused."""
    if not isinstance(value, str) and not math.isfinite(value):
        raise InputError(
            f"{value} is no level of a factor", where="levels", remedy="name the missing entry"
        )
    return value if isinstance(value, str) else f"{value:g}"


def require_rows(rows: int, coefficients: int, where: str) -> None:
    """Raise InputError unless there are more rows than coefficients."""
    if rows <= coefficients:
        raise InputError(
            f"{rows} observations for {coefficients} coefficients",
            where=where,
            remedy="add observations or leave out predictors",
        )


def standardised(columns: FloatArray, terms: Sequence[str]) -> tuple[FloatArray, FloatArray]:
    """Model matrix of standardised columns with a constant, and what turns its coefficients back.

    Raises InputError naming the first column that follows from those before it.
    """
    center, scale = columns.mean(axis=0), columns.std(axis=0)
    design = np.column_stack([np.ones(columns.shape[0]), (columns - center) / scale])
    triangle = np.linalg.qr(design, mode="r")
    own = np.abs(np.diag(triangle)) / math.sqrt(columns.shape[0])
    dependent = np.flatnonzero(own[1:] < 1e-9)
    if dependent.size:
        raise InputError(
            f"collinear predictors: {terms[int(dependent[0])]} follows from the columns before it, "
            "so their effects cannot be told apart",
            where="predictors",
            remedy="leave it out",
        )
    back = np.diag(np.concatenate([[1.0], 1 / scale]))
    back[0, 1:] = -center / scale
    return design, back


def inflation(columns: FloatArray) -> list[float]:
    """Variance inflation factor of each column, from the inverse of the correlations."""
    if columns.shape[1] < 2:
        return []
    inverse = np.linalg.inv(np.corrcoef(columns, rowvar=False))
    return [float(value) for value in np.diag(inverse)]


def inflation_warning(predictors: PredictorColumns) -> list[str]:
    """A warning where a numeric predictor follows closely from the others."""
    factors = inflation(predictors.columns)
    numeric = [
        (value, name)
        for value, name, source in zip(factors, predictors.terms, predictors.sources, strict=False)
        if source not in predictors.levels
    ]
    if not numeric or max(numeric)[0] <= 5:
        return []
    value, name = max(numeric)
    return [
        f"collinear predictors: the variance inflation factor of {name} is {value:.3g} (above 5), "
        "so single coefficients are poorly determined"
    ]


def setting_rows(
    predictors: PredictorColumns, x_new: float | list[float] | dict[str, float | str]
) -> list[tuple[str, FloatArray]]:
    """Settings at which to predict, each with how it reads and its columns."""
    names = predictors.names
    if not isinstance(x_new, dict):
        if len(predictors.terms) > 1 or predictors.levels:
            raise InputError(
                "there are several predictors, and each needs its setting",
                where="x_new",
                remedy=f"give {', '.join(names)}",
            )
        values = x_new if isinstance(x_new, list) else [x_new]
        if not values or not all(math.isfinite(value) for value in values):
            raise InputError(
                "a setting must be a finite number",
                where="x_new",
                remedy="give one number for each predictor",
            )
        return [(f"{value:g}", np.asarray([value], dtype=np.float64)) for value in values]
    if set(x_new) != set(names):
        raise InputError(
            "the settings do not name the predictors",
            where="x_new",
            remedy=f"give {', '.join(names)}",
        )
    row: list[float] = []
    for name in names:
        value = x_new[name]
        if name not in predictors.levels:
            if isinstance(value, str) or not math.isfinite(value):
                raise InputError(
                    "a setting must be a finite number",
                    where=f"x_new {name}",
                    remedy="give one number for each predictor",
                )
            row.append(float(value))
            continue
        label = label_text(value)
        if label not in predictors.levels[name]:
            raise InputError(
                f"{label} is not among the labels",
                where=f"x_new {name}",
                remedy=f"use {', '.join(predictors.levels[name][:8])}",
            )
        row += [float(label == level) for level in predictors.levels[name][1:]]
    text = ", ".join(f"{name} = {label_text(x_new[name])}" for name in names)
    return [(text, np.asarray(row, dtype=np.float64))]
