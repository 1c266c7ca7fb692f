"""Parts that the regressions share: wording, and the second solution for the audit."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from msgspec import Meta

from havoc.tools.parameters import FloatArray
from havoc.tools.result import Recomputed
from havoc.tools.stats.regression_result import Regression

Intercept = Annotated[
    bool, Meta(description="fit a constant; without it the model goes through the origin")
]


def constant_response(y: FloatArray, name: str) -> list[str]:
    if np.ptp(y) > 0:
        return []
    return [f"constant response: all values of {name} are equal, so there is nothing to explain"]


def prediction_text() -> str:
    return (
        "The predicted mean is {{predictions.0.fit:unit}} ({{level:%}} interval "
        "{{predictions.0.ci_low}} to {{predictions.0.ci_high}}); one new value lies between "
        "{{predictions.0.pi_low}} and {{predictions.0.pi_high:unit}}."
    )


def common_details(result: Regression) -> list[str]:
    details = ["The residual standard deviation is {{residual_stdev:unit}}."]
    if result.p_lack_of_fit is not None:
        lacks = "shows" if result.p_lack_of_fit < result.alpha else "shows no"
        details.append(
            f"The test against repeated settings {lacks} lack of fit (p {{{{p_lack_of_fit:p}}}})."
        )
    if result.influential_rows:
        details.append("Rows with the largest influence: {{influential_rows}}.")
    return details


def key_figures(result: Regression) -> list[tuple[str, str]]:
    figures = [
        ("R-squared", "{{r_squared:%}}"),
        ("F", "{{F}}"),
        ("p-value", "{{p_value}}"),
        ("residual standard deviation", "{{residual_stdev:unit}}"),
    ]
    if result.r_squared_predicted is not None:
        figures.append(("predicted R-squared", "{{r_squared_predicted:%}}"))
    if result.predicted is not None:
        figures.append(("prediction", "{{predicted:unit}}"))
    return figures


def by_singular_values(result: Regression, columns: FloatArray, y: FloatArray) -> list[Recomputed]:
    """R-squared and residual sd again by singular values of scaled columns (numpy lstsq)."""
    constant = result.has_intercept
    working = columns - columns.mean(axis=0) if constant else columns
    response = y - y.mean() if constant else y
    working = working / np.linalg.norm(working, axis=0)
    solution = np.linalg.lstsq(working, response, rcond=None)[0]
    residuals = response - working @ solution
    ss_residual = float(residuals @ residuals)
    route = "singular value decomposition"
    return [
        Recomputed(
            name="r_squared",
            value=result.r_squared,
            recomputed=1 - ss_residual / float(response @ response) if response.any() else 0.0,
            route=route,
        ),
        Recomputed(
            name="residual_stdev",
            value=result.residual_stdev,
            recomputed=math.sqrt(ss_residual / result.df_residual),
            route=route,
            atol=1e-9 * float(np.abs(y).max()),
        ),
    ]
