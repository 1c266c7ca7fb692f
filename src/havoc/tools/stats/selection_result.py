"""What a selection of predictors reports about the model it ends with."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import special

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray, as_sample
from havoc.tools.result import Check, Outcome
from havoc.tools.stats import precise_sums
from havoc.tools.stats.least_squares import Fit, least_squares, model_columns
from havoc.tools.stats.predictor_columns import PredictorColumns, read_predictors
from havoc.tools.stats.regression_checks import regression_checks, regression_warnings
from havoc.tools.stats.regression_result import Term, regression_quantities

MOST_TERMS = 200
MOST_VALUES = 20_000_000
_TAKEN = (
    "equation", "terms", "coefficients", "std_errors", "df_model", "df_residual", "F", "p_value",
    "r_squared", "adj_r_squared", "r_squared_predicted", "press", "residual_stdev",
    "ss_residual", "max_vif",
)  # fmt: skip


class SelectedModel(Outcome, kw_only=True):
    """The model that a selection ends with.

    ``selected`` names its predictors and ``left_out`` the others. P-values, F and intervals
    are those of the model as if it had been chosen beforehand; after a selection they are
    too good. ``r_squared_predicted`` is from leaving out each row (PRESS) of this model;
    ``cp`` is Mallows' statistic against the model of all predictors.
    """

    response: str
    predictors: list[str]
    selected: list[str]
    left_out: list[str]
    equation: str
    coefficients: list[float]
    std_errors: list[float]
    n: int
    df_model: int
    df_residual: int
    ss_residual: float
    ss_total: float
    r_squared: float
    adj_r_squared: float
    residual_stdev: float
    aic: float
    bic: float
    alpha: float
    level: float
    terms: list[Term] = msgspec.field(default_factory=list)
    F: float | None = None
    p_value: float | None = None
    press: float | None = None
    r_squared_predicted: float | None = None
    cp: float | None = None
    max_vif: float | None = None


def read_table(
    operation: str, predictors: dict[str, list[float | str]], y: list[float]
) -> tuple[PredictorColumns, FloatArray]:
    """Predictors as columns beside a response that varies."""
    measured = as_sample(y, "y", minimum=4, varying=True)
    if len(predictors) > MOST_TERMS or len(predictors) * measured.size > MOST_VALUES:
        raise InputError(
            f"{len(predictors)} predictors of {measured.size} rows are too many",
            where="predictors",
            remedy=f"use up to {MOST_TERMS} predictors",
        )
    return read_predictors(operation, None, predictors, "x", measured.size), measured


def selected_model(
    table: PredictorColumns,
    y: FloatArray,
    selected: list[str],
    response: str,
    alpha: float,
    full_variance: float | None,
) -> tuple[dict[str, Any], Fit | None]:
    """Fields of :class:`SelectedModel`, and the fit (none where no predictor is in)."""
    places = [i for i, source in enumerate(table.sources) if source in set(selected)]
    fields: dict[str, Any] = {
        "response": response,
        "predictors": table.names,
        "selected": selected,
        "left_out": [name for name in table.names if name not in set(selected)],
        "n": y.size,
        "alpha": alpha,
        "level": 1 - alpha,
    }
    fit = None
    if places:
        names = [table.terms[i] for i in places]
        columns = model_columns(table.columns[:, places], names, intercept=True, where="predictors")
        fit = least_squares(columns, y, names, "predictors, y")
        found = regression_quantities(
            fit,
            y,
            response=response,
            predictors=selected,
            term_names=names,
            alpha=alpha,
            with_vif=True,
        )
        fields |= {name: found[name] for name in _TAKEN if name in found}
        fields["ss_total"] = fit.ss_total
        fields["assumptions"] = regression_checks(fit, found)
        fields["warnings"] = regression_warnings(fit, found)
    else:
        fields |= _constant(y, response)
    residual, coefficients = fields["ss_residual"], len(places) + 1
    fields["aic"] = information(residual, y.size, coefficients, 2.0)
    fields["bic"] = information(residual, y.size, coefficients, math.log(y.size))
    if full_variance:
        fields["cp"] = residual / full_variance - y.size + 2 * coefficients
    return fields, fit


def information(ss_residual: float, n: int, coefficients: int, weight: float) -> float:
    """n ln(SSE / n) + weight * coefficients, as R's step and extractAIC."""
    return n * math.log(max(ss_residual, 1e-300) / n) + weight * coefficients


def _constant(y: FloatArray, response: str) -> dict[str, Any]:
    """The model that holds only the mean."""
    spread = precise_sums.deviations(y)
    square = float(spread @ spread)
    mean = precise_sums.mean(y)
    deviation = math.sqrt(square / (y.size - 1))
    error = deviation / math.sqrt(y.size)
    press = square * (y.size / (y.size - 1)) ** 2
    return {
        "equation": f"{response} = {mean:.6g}",
        "coefficients": [mean],
        "std_errors": [error],
        "df_model": 0,
        "df_residual": y.size - 1,
        "ss_residual": square,
        "ss_total": square,
        "r_squared": 0.0,
        "adj_r_squared": 0.0,
        "residual_stdev": deviation,
        "press": press,
        "r_squared_predicted": 1 - press / square,
        "assumptions": [
            Check(
                name="form of the model",
                status="unknown",
                detail="no predictor is in the model",
            )
        ],
        "warnings": [],
    }


def partial_p(less: float, more: float, df: int, df_residual: int) -> tuple[float, float]:
    """F and p of the terms that lower the residual sum of squares from ``less`` to ``more``."""
    gain = max(less - more, 0.0)
    if more <= 0:
        return (1e300, 0.0) if gain > 0 else (0.0, 1.0)
    statistic = min(gain / df / (more / df_residual), 1e300)
    return statistic, float(special.fdtrc(df, df_residual, statistic))


def fold_of(rows: int, folds: int, seed: int) -> NDArray[np.int64]:
    """Number of the fold of every row; each row is its own where there are as many."""
    if folds >= rows:
        return np.arange(rows)
    place = np.arange(rows) % folds
    return np.random.default_rng(seed).permutation(place)
