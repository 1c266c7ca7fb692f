"""Best subsets regression: the best models of every size among all of them.

Sources: D. C. Montgomery, E. A. Peck, G. G. Vining, Introduction to Linear Regression
Analysis, 10.1.3 and 10.2.1; C. L. Mallows (1973), Technometrics 15, 661; the search and its
sources are in ``subset_search``.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta

from havoc.charts import ChartSpec, Panel, Series
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, FloatArray, Name, Sample, Unit
from havoc.tools.result import Narrative, Recomputed
from havoc.tools.stats import precise_sums
from havoc.tools.stats.predictor_columns import PredictorColumns
from havoc.tools.stats.regression_charts import residual_charts
from havoc.tools.stats.regression_stepwise import refit
from havoc.tools.stats.selection_result import (
    SelectedModel,
    information,
    read_table,
    selected_model,
)
from havoc.tools.stats.subset_search import (
    PERFECT,
    Reduced,
    Subset,
    all_subsets,
    reduce,
    refuse_dependent,
)

MOST_PREDICTORS = 31
Criterion = Literal["adj_r_squared", "cp", "aic", "bic", "press"]
CRITERION_NAMES = {
    "adj_r_squared": "adjusted R-squared",
    "cp": "Mallows' statistic",
    "aic": "Akaike's criterion",
    "bic": "the Bayesian information criterion",
    "press": "the predicted R-squared",
}


class ModelRow(msgspec.Struct, frozen=True, kw_only=True):
    """One model; ``size`` counts its predictors without the intercept."""

    size: int
    predictors: list[str]
    r_squared: float
    adj_r_squared: float
    r_squared_predicted: float
    cp: float
    residual_stdev: float
    aic: float
    bic: float
    press: float


class BestSubsets(SelectedModel, kw_only=True):
    """``models`` lists the best of every size; the chosen one is fitted in full.

    ``best_by_*`` name the predictors of the best model by each criterion; for the predicted
    R-squared it is the best among those listed. ``models_possible`` is the number of models
    of which these are the best; the search is exact.
    """

    criterion: str
    criterion_name: str
    models: list[ModelRow]
    models_possible: int
    best_by_adj_r_squared: list[str]
    best_by_cp: list[str]
    best_by_aic: list[str]
    best_by_bic: list[str]
    best_by_press: list[str]


@tool(
    "best_subsets",
    title="Best subsets regression",
    source="Montgomery, Peck, Vining, Introduction to Linear Regression Analysis, 10.2.1; "
    "Furnival and Wilson (1974), Technometrics 16, 499",
)
def best_subsets(
    predictors: Annotated[
        dict[str, list[float]],
        Meta(description="candidate predictors, up to 31 columns of numbers"),
    ],
    y: Sample,
    criterion: Annotated[
        Criterion, Meta(description="by which of the listed models the final one is chosen")
    ] = "cp",
    each: Annotated[
        int, Meta(ge=1, le=20, description="number of models listed of every size")
    ] = 2,
    largest: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="largest number of predictors of a model"),
    ] = None,
    keep: Annotated[list[str], Meta(description="predictors that stay in every model")] = [],  # noqa: B006
    response: Name = "y",
    alpha: Alpha = 0.05,
    unit: Unit = "",
) -> BestSubsets:
    """Which subset of the predictors is best, among all possible models?

    Use it with up to some thirty numeric candidates to see how many predictors are worth
    having, and which models are about as good as the best. The search is exact: no model
    of a size is better than the first listed. Assumes what regression assumes; p-values of
    a chosen model are too small, so confirm it with new data or by the predicted R-squared.
    """
    table, measured = read_table(
        "best_subsets", {name: [*values] for name, values in predictors.items()}, y
    )
    width = table.columns.shape[1]
    if width > MOST_PREDICTORS:
        raise InputError(
            f"{width} predictors, all subsets are searched for up to {MOST_PREDICTORS}",
            where="predictors",
            remedy="use stepwise selection",
        )
    if measured.size <= width + 1:
        raise InputError(
            f"{measured.size} rows for {width + 1} coefficients: the full model cannot be fitted "
            "(n < p)",
            where="predictors",
            remedy="add rows, or use forward selection",
        )
    unknown = [name for name in keep if name not in table.names]
    if unknown:
        raise InputError(
            f"there is no predictor {unknown[0]}",
            where="keep",
            remedy=f"use {', '.join(table.names[:12])}",
        )
    kept = [i for i, name in enumerate(table.names) if name in set(keep)]
    most = min(largest or width, width)
    if most < len(kept):
        raise InputError(
            f"{len(kept)} predictors are kept, and a model may have {most}",
            where="largest",
            remedy="raise it",
        )
    reduced = reduce(table.columns, measured)
    refuse_dependent(reduced, table.terms)
    if reduced.rest <= PERFECT * reduced.ss_total:
        raise InputError(
            "the model of all predictors meets every value (perfect fit), so there is no error "
            "to judge subsets by",
            where="y",
            remedy="leave out the predictor from which the response was worked out",
        )
    found = all_subsets(reduced, kept, most, each)
    variance = reduced.rest / (measured.size - width - 1)
    centred = precise_sums.deviations(measured)
    rows = [
        _row(table, centred, reduced, subset, variance)
        for size in sorted(found)
        if size > 0
        for subset in found[size]
    ]
    best = {kind: _best(rows, kind) for kind in CRITERION_NAMES}
    fields, fit = selected_model(
        table, measured, best[criterion].predictors, response, alpha, variance
    )
    result = BestSubsets(
        method="all subsets by leaps and bounds (exact), AIC and BIC = n ln(SSE/n) + k p",
        unit=unit,
        criterion=criterion.replace("_", "-"),
        criterion_name=CRITERION_NAMES[criterion],
        models=rows,
        models_possible=2 ** (width - len(kept)),
        best_by_adj_r_squared=best["adj_r_squared"].predictors,
        best_by_cp=best["cp"].predictors,
        best_by_aic=best["aic"].predictors,
        best_by_bic=best["bic"].predictors,
        best_by_press=best["press"].predictors,
        **fields,
    )
    result.warnings.insert(
        0,
        "the model was chosen with the same rows: its p-values and intervals are too good, and "
        "models with nearly the same criterion are as credible; confirm it with new data",
    )
    result.charts = [
        _chart(rows, response),
        *(residual_charts(fit, response) if fit else []),
    ]
    return result


def _row(
    table: PredictorColumns,
    centred: FloatArray,
    reduced: Reduced,
    subset: Subset,
    variance: float,
) -> ModelRow:
    n, size, square = reduced.n, len(subset.columns), subset.ss_residual
    press = _press(table.columns[:, list(subset.columns)], centred)
    return ModelRow(
        size=size,
        predictors=[table.names[i] for i in subset.columns],
        r_squared=1 - square / reduced.ss_total,
        adj_r_squared=1 - square / (n - size - 1) / (reduced.ss_total / (n - 1)),
        r_squared_predicted=1 - press / reduced.ss_total,
        cp=square / variance - n + 2 * (size + 1),
        residual_stdev=math.sqrt(square / (n - size - 1)),
        aic=information(square, n, size + 1, 2.0),
        bic=information(square, n, size + 1, math.log(n)),
        press=press,
    )


def _press(columns: FloatArray, response: FloatArray) -> float:
    """Sum of squared residuals of each row from the fit to the others."""
    centred = columns - columns.mean(axis=0)
    q, _ = np.linalg.qr(centred / np.linalg.norm(centred, axis=0))
    spare = 1 - 1 / response.size - (q**2).sum(axis=1)
    residuals = response - q @ (q.T @ response)
    return math.fsum(((residuals / np.maximum(spare, 1e-12)) ** 2).tolist())


def _best(rows: list[ModelRow], kind: str) -> ModelRow:
    rising = kind == "adj_r_squared"
    return min(rows, key=lambda row: -getattr(row, kind) if rising else getattr(row, kind))


def _chart(rows: list[ModelRow], response: str) -> ChartSpec:
    """Mallows' statistic and adjusted R-squared against the number of predictors."""
    sizes = [float(row.size) for row in rows]
    lowest = sorted({row.size for row in rows})
    return ChartSpec(
        kind="best_subsets",
        title=f"Best models of {response}: good ones lie near or below the line of Mallows",
        panels=[
            Panel(
                x_label="predictors",
                y_label="Mallows' Cp",
                series=[
                    Series(name="model", kind="points", x=sizes, y=[row.cp for row in rows]),
                    Series(
                        name="Cp = p",
                        kind="line",
                        x=[float(size) for size in lowest],
                        y=[float(size + 1) for size in lowest],
                    ),
                ],
            ),
            Panel(
                x_label="predictors",
                y_label="R-squared",
                series=[
                    Series(
                        name="adjusted",
                        kind="points",
                        x=sizes,
                        y=[row.adj_r_squared for row in rows],
                    ),
                    Series(
                        name="predicted",
                        kind="points",
                        x=sizes,
                        y=[row.r_squared_predicted for row in rows],
                    ),
                ],
            ),
        ],
    )


@best_subsets.narrates
def _narrate(result: BestSubsets) -> Narrative:
    details = [
        "Fitted model: {{equation}}.",
        "By adjusted R-squared the best is {{best_by_adj_r_squared}}; by Mallows' statistic "
        "{{best_by_cp}}; by the Bayesian criterion {{best_by_bic}}; by predicted R-squared "
        "{{best_by_press}}.",
    ]
    shown: list[int] = []
    for place, row in enumerate(result.models):
        if len(shown) < 12 and all(result.models[i].size != row.size for i in shown):
            shown.append(place)
    details += [
        f"Best with {{{{models.{i}.size}}}}: {{{{models.{i}.predictors}}}} (R-squared "
        f"{{{{models.{i}.r_squared:%}}}}, adjusted {{{{models.{i}.adj_r_squared:%}}}}, Mallows "
        f"{{{{models.{i}.cp}}}})."
        for i in shown
    ]
    return Narrative(
        conclusion="Among all {{models_possible}} models of {{response}}, {{selected}} is best by "
        "{{criterion_name}}: R-squared {{r_squared:%}}, adjusted {{adj_r_squared:%}}, Mallows' "
        "statistic {{cp}}.",
        details=details,
        key_figures=[
            ("R-squared", "{{r_squared:%}}"),
            ("adjusted R-squared", "{{adj_r_squared:%}}"),
            *(
                [("predicted R-squared (PRESS)", "{{r_squared_predicted:%}}")]
                if result.r_squared_predicted is not None
                else []
            ),
            ("Mallows' statistic", "{{cp}}"),
            ("residual standard deviation", "{{residual_stdev:unit}}"),
        ],
    )


@best_subsets.verifies
def _verify(
    result: BestSubsets, predictors: dict[str, list[float]], y: list[float], **_: Any
) -> list[Recomputed]:
    return refit(result, {name: [*values] for name, values in predictors.items()}, y)
