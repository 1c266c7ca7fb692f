"""Stepwise selection of predictors, by p-values or by an information criterion.

Sources: D. C. Montgomery, E. A. Peck, G. G. Vining, Introduction to Linear Regression
Analysis, 10.2.2; A. Miller, Subset Selection in Regression (2002), chapters 3 and 6; F. E.
Harrell, Regression Modeling Strategies (2015), 4.3 (what selection does to p-values).
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta

from havoc.charts import ChartSpec, Panel, Series
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, FloatArray, Name, Sample, Seed, Unit
from havoc.tools.result import Narrative, Recomputed
from havoc.tools.stats.predictor_columns import Predictor, PredictorColumns
from havoc.tools.stats.regression_charts import residual_charts
from havoc.tools.stats.selection_result import (
    SelectedModel,
    fold_of,
    read_table,
    selected_model,
)
from havoc.tools.stats.stepwise_search import Criterion, Direction, Rules, Step, search
from havoc.tools.stats.subset_search import Reduced, reduce, refuse_dependent

FOLDS = 10
# Rows times squared columns up to which the selection is repeated in every fold.
FOLD_WORK = 30_000_000

Threshold = Annotated[float, Meta(gt=0, lt=1)]


class StepwiseRegression(SelectedModel, kw_only=True):
    """``steps`` is the log. ``r_squared_cv`` repeats the whole selection without each fold
    of rows and predicts them, so that it pays for the search as ``r_squared`` does not."""

    direction: str
    criterion: str
    steps: list[Step]
    steps_taken: int
    alpha_to_enter: float | None = None
    alpha_to_remove: float | None = None
    r_squared_cv: float | None = None
    folds: int | None = None
    selection_stability: float | None = None


@tool(
    "regression_stepwise",
    title="Stepwise regression",
    source="Montgomery, Peck, Vining, Introduction to Linear Regression Analysis, 10.2.2; "
    "Miller, Subset Selection in Regression (2002)",
)
def regression_stepwise(
    predictors: Annotated[
        dict[str, Predictor], Meta(description="candidate predictors, numbers or labels")
    ],
    y: Sample,
    direction: Annotated[
        Direction, Meta(description="forward adds, backward removes, both may do either")
    ] = "both",
    criterion: Annotated[
        Criterion, Meta(description="p_value as in Minitab, aic or bic as in R's step")
    ] = "p_value",
    alpha_to_enter: Annotated[
        Threshold, Meta(description="largest p-value with which a term enters")
    ] = 0.15,
    alpha_to_remove: Annotated[
        Threshold, Meta(description="a term with a p-value above this leaves")
    ] = 0.15,
    start: Annotated[
        Literal["auto", "empty", "full"],
        Meta(description="first model; auto: full for backward and for both by aic or bic"),
    ] = "auto",
    keep: Annotated[list[str], Meta(description="predictors that stay in every model")] = [],  # noqa: B006
    response: Name = "y",
    alpha: Alpha = 0.05,
    unit: Unit = "",
    seed: Seed = 0,
) -> StepwiseRegression:
    """Which few of many predictors explain the response, found step by step?

    Use it to thin out many candidate predictors where no theory names them; a label with
    several levels enters or leaves as one. Assumes what regression assumes, and one thing
    more is lost: after the search, p-values are too small and R-squared too large, so the
    model needs fresh data or the cross-validated R-squared, which repeats the search.
    """
    table, measured = read_table("regression_stepwise", predictors, y)
    rules = _rules(table, direction, criterion, alpha_to_enter, alpha_to_remove, start, keep)
    if rules.criterion == "p_value" and direction == "both" and alpha_to_enter > alpha_to_remove:
        raise InputError(
            f"alpha_to_enter {alpha_to_enter:g} above alpha_to_remove {alpha_to_remove:g} lets a "
            "term enter and leave for ever",
            where="alpha_to_enter",
            remedy="make it at most alpha_to_remove",
        )
    reduced = reduce(table.columns, measured)
    width = table.columns.shape[1]
    if measured.size <= width + 1 and (rules.full or measured.size <= len(rules.keep) + 2):
        raise InputError(
            f"{measured.size} rows for {width + 1} coefficients: the full model cannot be fitted "
            "(n < p)",
            where="predictors",
            remedy="use forward selection, or add rows",
        )
    if rules.full:
        refuse_dependent(reduced, table.terms)
    selected, steps = search(table, reduced, rules)
    full = reduced.rest / (measured.size - width - 1) if measured.size > width + 1 else None
    fields, fit = selected_model(table, measured, selected, response, alpha, full)
    result = StepwiseRegression(
        method=_method(rules),
        unit=unit,
        direction=direction,
        criterion=criterion.replace("_", "-"),
        steps=steps,
        steps_taken=len(steps) - 1,
        alpha_to_enter=alpha_to_enter if criterion == "p_value" else None,
        alpha_to_remove=alpha_to_remove if criterion == "p_value" else None,
        **fields,
    )
    _cross_validate(result, table, measured, rules, seed)
    _warn(result, reduced)
    result.charts = [_history(result), *(residual_charts(fit, response) if fit else [])]
    return result


def _rules(
    table: PredictorColumns,
    direction: Direction,
    criterion: Criterion,
    enter: float,
    remove: float,
    start: str,
    keep: list[str],
) -> Rules:
    unknown = [name for name in keep if name not in table.names]
    if unknown:
        raise InputError(
            f"there is no predictor {unknown[0]}",
            where="keep",
            remedy=f"use {', '.join(table.names[:12])}",
        )
    full = start == "full" or (
        start == "auto"
        and (direction == "backward" or (direction == "both" and criterion != "p_value"))
    )
    if (direction == "forward" and full) or (direction == "backward" and not full):
        raise InputError(
            f"{direction} selection cannot start from the {'full' if full else 'empty'} model",
            where="start",
            remedy="use direction both, or leave start out",
        )
    return Rules(
        direction=direction,
        criterion=criterion,
        enter=enter,
        remove=remove,
        keep=tuple(name for name in table.names if name in set(keep)),
        full=full,
    )


def _method(rules: Rules) -> str:
    ways = {
        "forward": "forward selection",
        "backward": "backward elimination",
        "both": "stepwise selection",
    }
    if rules.criterion == "p_value":
        by = f"by p-values (enter {rules.enter:g}, remove {rules.remove:g}), as Minitab"
    else:
        by = f"by {rules.criterion.upper()} = n ln(SSE/n) + k p, as R's step"
    return f"{ways[rules.direction]} {by}, from the {'full' if rules.full else 'empty'} model"


def _cross_validate(
    result: StepwiseRegression,
    table: PredictorColumns,
    y: FloatArray,
    rules: Rules,
    seed: int,
) -> None:
    """R-squared of rows that neither the search nor the fit has seen."""
    n, width = table.columns.shape
    folds = n if n <= 2 * FOLDS else FOLDS
    smallest = n - math.ceil(n / folds)
    if n * width * width * folds > FOLD_WORK or (rules.full and smallest <= width + 1):
        return
    place = fold_of(n, folds, seed)
    squares, same = 0.0, 0
    for fold in range(folds):
        inside, outside = place != fold, place == fold
        part = table.columns[inside]
        if (np.ptp(part, axis=0) == 0).any() or np.ptp(y[inside]) == 0:
            return
        reduced = reduce(part, y[inside])
        if rules.full and np.abs(np.diag(reduced.triangle)).min() < 1e-9:
            return
        selected, _ = search(table, reduced, rules)
        same += set(selected) == set(result.selected)
        columns = [i for i, source in enumerate(table.sources) if source in set(selected)]
        design = np.column_stack([np.ones(inside.sum()), part[:, columns]])
        scale = np.abs(design).max(axis=0)
        slopes = np.linalg.lstsq(design / scale, y[inside], rcond=None)[0] / scale
        new = np.column_stack([np.ones(outside.sum()), table.columns[outside][:, columns]])
        squares += float(((y[outside] - new @ slopes) ** 2).sum())
    result.r_squared_cv = 1 - squares / result.ss_total
    result.folds = folds
    result.selection_stability = same / folds


def _warn(result: StepwiseRegression, reduced: Reduced) -> None:
    result.warnings.insert(
        0,
        "the predictors were chosen with the same rows: p-values and intervals of the final model "
        "are too good, and another sample may choose others; confirm it with new data",
    )
    if not result.selected:
        result.warnings.append("no predictor met the criterion, so the model is the mean alone")
    if reduced.triangle.shape[0] < reduced.triangle.shape[1]:
        result.warnings.append(
            f"more candidate columns than rows (n < p: {reduced.n} rows, "
            f"{reduced.triangle.shape[1]} columns): chance alone finds good predictors"
        )
    cv = result.r_squared_cv
    if cv is not None and result.r_squared - cv > 0.1:
        result.warnings.append(
            f"R-squared falls from {result.r_squared:.3f} to {cv:.3f} when the search is repeated "
            "without the rows that are predicted: the model is fitted to chance"
        )
    if result.selection_stability is not None and result.selection_stability < 0.5:
        result.warnings.append(
            f"only {100 * result.selection_stability:.0f} % of the repeated searches choose these "
            "predictors"
        )


def _history(result: StepwiseRegression) -> ChartSpec:
    labels = [
        f"{step.number} {step.term}"
        if step.number == 0
        else f"{step.number} {step.action} {step.term}"
        for step in result.steps
    ]
    by = "aic" if result.criterion == "p-value" else result.criterion
    return ChartSpec(
        kind="selection_history",
        title=f"Each step of the selection of predictors of {result.response}",
        panels=[
            Panel(
                title="share of the variation explained",
                x_label="step",
                y_label="R-squared",
                x_scale="category",
                series=[
                    Series(name="R-squared", x=labels, y=[s.r_squared for s in result.steps]),
                    Series(name="adjusted", x=labels, y=[s.adj_r_squared for s in result.steps]),
                ],
            ),
            Panel(
                title=f"{by.upper()} (less is better)",
                x_label="step",
                y_label=by.upper(),
                x_scale="category",
                series=[
                    Series(name=by.upper(), x=labels, y=[getattr(s, by) for s in result.steps])
                ],
            ),
        ],
    )


@regression_stepwise.narrates
def _narrate(result: StepwiseRegression) -> Narrative:
    both = result.direction == "both"
    way = "Selection in both directions" if both else "The {{direction}} selection"
    if result.selected:
        verdict = (
            f"{way} by {{{{criterion}}}} keeps {{{{selected}}}} to predict {{{{response}}}}, with "
            "R-squared {{r_squared:%}}"
        )
    else:
        verdict = (
            f"{way} by {{{{criterion}}}} finds no predictor of {{{{response}}}} that meets the "
            "criterion"
        )
    if result.r_squared_cv is not None and result.selected:
        verdict += "; on rows that the search has not seen it is {{r_squared_cv:%}}"
    details = ["Fitted model: {{equation}}."]
    details += [
        f"Step {{{{steps.{i}.number}}}}: {{{{steps.{i}.term}}}} "
        + ("enters" if step.action == "enter" else "leaves")
        + f" (p {{{{steps.{i}.p_value:p}}}}), R-squared {{{{steps.{i}.r_squared:%}}}}."
        for i, step in enumerate(result.steps[:16])
        if step.action != "start"
    ]
    if result.left_out:
        details.append("Left out: {{left_out}}.")
    figures = [
        ("R-squared", "{{r_squared:%}}"),
        ("adjusted R-squared", "{{adj_r_squared:%}}"),
        ("residual standard deviation", "{{residual_stdev:unit}}"),
        ("Akaike's criterion", "{{aic}}"),
    ]
    if result.r_squared_predicted is not None:
        figures.append(("predicted R-squared (PRESS)", "{{r_squared_predicted:%}}"))
    if result.r_squared_cv is not None:
        figures.append(("R-squared with the search repeated", "{{r_squared_cv:%}}"))
    if result.cp is not None:
        figures.append(("Mallows' statistic", "{{cp}}"))
    return Narrative(conclusion=f"{verdict}.", details=details, key_figures=figures)


@regression_stepwise.verifies
def _verify(
    result: StepwiseRegression, predictors: dict[str, Predictor], y: list[float], **_: Any
) -> list[Recomputed]:
    return refit(result, predictors, y)


def refit(
    result: SelectedModel, predictors: dict[str, Predictor], y: list[float]
) -> list[Recomputed]:
    """Residual sum of squares of the chosen model again by singular values."""
    table, measured = read_table("", predictors, y)
    columns = [i for i, source in enumerate(table.sources) if source in set(result.selected)]
    centred = table.columns[:, columns] - table.columns[:, columns].mean(axis=0)
    response = measured - measured.mean()
    square = float(response @ response)
    if columns:
        size = np.linalg.norm(centred, axis=0)
        slopes = np.linalg.lstsq(centred / size, response, rcond=None)[0]
        gap = response - centred / size @ slopes
        square = float(gap @ gap)
    return [
        Recomputed(
            name="ss_residual",
            value=result.ss_residual,
            recomputed=square,
            route="singular value decomposition",
            atol=1e-10 * result.ss_total,
        )
    ]
