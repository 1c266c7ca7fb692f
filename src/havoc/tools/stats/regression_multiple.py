"""Regression on several predictors.

Sources: NIST/SEMATECH e-Handbook 4.1.4.1 (linear least squares); D. C. Montgomery,
E. A. Peck, G. G. Vining, Introduction to Linear Regression Analysis, chapter 3.
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import (
    Alpha,
    FloatArray,
    Name,
    Sample,
    Unit,
    as_sample,
    same_length,
)
from havoc.tools.result import Narrative, Recomputed
from havoc.tools.stats.least_squares import least_squares, model_columns
from havoc.tools.stats.regression_charts import residual_charts
from havoc.tools.stats.regression_checks import (
    extrapolation_warnings,
    regression_checks,
    regression_warnings,
)
from havoc.tools.stats.regression_result import (
    Regression,
    predictions,
    regression_quantities,
)
from havoc.tools.stats.regression_shared import (
    Intercept,
    by_singular_values,
    common_details,
    constant_response,
    key_figures,
    prediction_text,
)

Factors = Annotated[
    dict[str, list[float]], Meta(description="values of each named predictor, row by row")
]
Setting = Annotated[
    dict[str, float] | list[dict[str, float]] | None,
    Meta(description="settings of the predictors at which to predict, {name: value}"),
]


class MultipleRegression(Regression, kw_only=True):
    """Result of a fit on several predictors; ``significant_terms`` are those with p < alpha."""

    significant_terms: list[str]
    strongest_term: str
    standardized_coefficients: list[float]


@tool(
    "regression_multiple",
    title="Regression on several predictors",
    source="NIST/SEMATECH e-Handbook 4.1.4.1; Montgomery, Peck, Vining, chapter 3",
)
def regression_multiple(
    predictors: Factors,
    y: Sample,
    response: Name = "y",
    intercept: Intercept = True,
    interactions: Annotated[
        bool, Meta(description="add the products of all pairs of predictors")
    ] = False,
    at: Setting = None,
    alpha: Alpha = 0.05,
    unit: Unit = "",
) -> MultipleRegression:
    """How does a response depend on several predictors together?

    Use it for tables of settings and a result; the coefficient of each predictor
    holds with the others fixed. Variance inflation factors above five say that
    predictors move together. Assumes effects that add up, independent rows and
    normal scatter of constant spread.
    """
    if not predictors:
        raise InputError(
            "no predictor given", where="predictors", remedy="name at least one column"
        )
    measured = as_sample(y, "y", minimum=3)
    names = list(predictors)
    samples = []
    for name, values in predictors.items():
        same_length(values, y, f"predictors {name}, y")
        samples.append(as_sample(values, f"predictors {name}"))
    if len(names) > measured.size:
        raise InputError(
            f"{len(names)} predictors for {measured.size} rows",
            where="predictors",
            remedy="add rows or use fewer predictors",
        )
    pairs = (
        [(i, j) for i in range(len(names)) for j in range(i + 1, len(names))]
        if interactions
        else []
    )
    term_names = names + [f"{names[i]}*{names[j]}" for i, j in pairs]

    def matrix(rows: FloatArray) -> FloatArray:
        return np.column_stack([rows, *(rows[:, i] * rows[:, j] for i, j in pairs)])

    raw = np.column_stack(samples)
    columns = model_columns(matrix(raw), term_names, intercept=intercept, where="predictors")
    fit = least_squares(columns, measured, term_names, "predictors, y")
    common = regression_quantities(
        fit,
        measured,
        response=response,
        predictors=names,
        term_names=term_names,
        alpha=alpha,
        with_vif=True,
    )
    terms = common["terms"][1:] if intercept else common["terms"]
    spread = float(np.std(measured, ddof=1))
    standardized = [
        term.estimate * float(np.std(column, ddof=1)) / spread if spread else 0.0
        for term, column in zip(terms, columns.raw.T, strict=True)
    ]
    result = MultipleRegression(
        method="least squares by orthogonalisation"
        + ("" if intercept else ", through the origin; R-squared and F about zero"),
        unit=unit,
        significant_terms=[term.name for term in terms if term.p_value < alpha],
        strongest_term=max(terms, key=lambda term: abs(term.t)).name,
        standardized_coefficients=standardized,
        assumptions=regression_checks(fit, common),
        warnings=regression_warnings(fit, common) + constant_response(measured, response),
        charts=residual_charts(fit, response),
        **common,
    )
    settings = [at] if isinstance(at, dict) else at or []
    if settings:
        rows = np.array([_row(setting, names) for setting in settings], dtype=np.float64)
        result.predictions = predictions(fit, term_names, matrix(rows), alpha)
        result.predicted = result.predictions[0].fit
        result.warnings += extrapolation_warnings(raw, names, rows)
    return result


def _row(setting: dict[str, float], names: list[str]) -> list[float]:
    unknown = sorted(set(setting) - set(names))
    missing = [name for name in names if name not in setting]
    if unknown or missing:
        raise InputError(
            f"unknown predictor {unknown[0]}" if unknown else f"no value for {missing[0]}",
            where="at",
            remedy=f"give a value for each of {', '.join(names)}",
        )
    return [float(value) for value in as_sample([setting[name] for name in names], "at")]


@regression_multiple.narrates
def _narrate_multiple(result: MultipleRegression) -> Narrative:
    if not result.significant:
        verdict = "There is no evidence that the predictors explain {{response}}"
    elif result.significant_terms:
        verdict = "{{response}} depends on {{significant_terms}}"
    else:
        verdict = (
            "The predictors together explain {{response}}, but no single coefficient is significant"
        )
    details = ["Fitted model: {{equation}}.", "The strongest single term is {{strongest_term}}."]
    if result.max_vif is not None:
        details.append("The largest variance inflation factor is {{max_vif}}.")
    if result.predictions:
        details.append(prediction_text())
    return Narrative(
        conclusion=(
            f"{verdict} (F = {{{{F}}}} with {{{{df_model}}}} and {{{{df_residual}}}} df, "
            "p {{p_value:p}}); R-squared {{r_squared:%}}, adjusted {{adj_r_squared:%}}."
        ),
        details=details + common_details(result),
        key_figures=key_figures(result),
    )


@regression_multiple.verifies
def _verify_multiple(
    result: MultipleRegression,
    predictors: dict[str, list[float]],
    y: list[float],
    interactions: bool,
    **_: Any,
) -> list[Recomputed]:
    raw = np.column_stack([np.asarray(values, dtype=np.float64) for values in predictors.values()])
    if interactions:
        count = raw.shape[1]
        products = [raw[:, i] * raw[:, j] for i in range(count) for j in range(i + 1, count)]
        raw = np.column_stack([raw, *products])
    return by_singular_values(result, raw, np.asarray(y, dtype=np.float64))
