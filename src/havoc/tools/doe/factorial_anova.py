"""General factorial: any number of factors with any number of levels.

Sources: D. C. Montgomery, Design and Analysis of Experiments, 5.4 (general factorial) and 4.1
(blocks); S. R. Searle (1987), Linear Models for Unbalanced Data.
"""

from __future__ import annotations

import itertools
import math
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta
from scipy import stats

from havoc.charts import ChartSpec
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.doe.effect_charts import residual_chart
from havoc.tools.doe.factor_charts import (
    CellMean,
    LevelMean,
    cell_means,
    interaction_chart,
    level_means,
    main_effect_chart,
)
from havoc.tools.doe.factor_model import (
    FactorFit,
    LevelFactor,
    Term,
    fit_terms,
    inestimable,
    is_balanced,
    level_factor,
    parse_terms,
    read_factors,
    sums_of_squares,
    term_label,
    terms_up_to,
)
from havoc.tools.doe.factor_tests import (
    SUB_ROWS,
    FactorTest,
    backward,
    block_row,
    checks_of,
    error_rows,
    refuse_without_error,
    term_row,
    width_of,
)
from havoc.tools.doe.factorial_anova_result import FactorialAnova, narrate
from havoc.tools.doe.least_squares import PureError, lack_of_fit, r_squared_predicted
from havoc.tools.parameters import Alpha, FloatArray, Name, Sample, Unit, as_sample
from havoc.tools.result import Recomputed

WHERE = "factorial_anova"


@tool(
    "factorial_anova",
    title="Analysis of a general factorial experiment",
    source="Montgomery, Design and Analysis of Experiments, 5.4; Searle (1987)",
)
def factorial_anova(
    factors: Annotated[
        dict[str, list[str | float]], Meta(description="level of each factor in every run")
    ],
    response: Sample,
    block: Annotated[list[str | float], Meta(description="block of every run")] = [],  # noqa: B006
    order: Annotated[
        int,
        Meta(ge=1, le=10, description="highest interactions; by default all that leave an error"),
    ]
    | None = None,
    terms: Annotated[
        list[str], Meta(description="exact model, such as A, B, A:B; A*B is A, B and A:B")
    ] = [],  # noqa: B006
    reduce: Annotated[
        Literal["none", "backward"],
        Meta(description="drop terms that are not significant, keeping the hierarchy"),
    ] = "none",
    ss_type: Annotated[
        Literal[1, 2, 3], Meta(description="type of the sums of squares; 3 as Minitab and JMP")
    ] = 3,
    alpha: Alpha = 0.05,
    response_name: Name = "the response",
    unit: Unit = "",
) -> FactorialAnova:
    """Which of several factors, and which of their interactions, change the response?

    Use it for factorial experiments with any number of factors and levels, full or incomplete,
    replicated or not, with or without blocks. For two levels each, doe_analyze adds effects,
    Lenth's method and curvature; for measured covariates use general_linear_model; for factors
    that are hard to change use split_plot_analysis. Assumes fixed factors and independent, near
    normal errors of one variance. Without replicates the highest interaction stands in for the
    error.
    """
    values = as_sample(response, f"{WHERE} response", minimum=3, varying=True)
    read = read_factors(factors, len(values), WHERE)
    base = _base(block, len(values))
    wanted, pooled, lost = _model(read, base, values, order, terms)
    model = fit_terms(wanted, read, base, values, WHERE)
    refuse_without_error(model, values, WHERE)
    removed: list[str] = []
    if reduce == "backward":
        model, removed = backward(model, read, base, values, ss_type, alpha, WHERE)
    return _result(
        model,
        read,
        base,
        values,
        removed=removed,
        pooled=pooled,
        lost=lost,
        ss_type=ss_type,
        alpha=alpha,
        response_name=response_name,
        unit=unit,
    )


factorial_anova.narrates(narrate)


@factorial_anova.verifies
def _recompute(
    result: FactorialAnova,
    response: list[float],
    factors: dict[str, list[str | float]],
    block: list[str | float],
    **_: object,
) -> list[Recomputed]:
    """Balanced data: main effects follow from the plain means, and the parts add up."""
    if not result.balanced or block:
        return []
    values = np.asarray(response, dtype=np.float64)
    parts = [row.ss for row in result.anova if row.source not in SUB_ROWS]
    checks = [
        Recomputed(
            name="ss_total",
            value=result.ss_total,
            recomputed=math.fsum(parts),
            route="sum of the parts",
            rtol=1e-8,
        )
    ]
    for row in result.anova:
        if row.source in factors:
            labels = np.array([str(value) for value in factors[row.source]])
            groups = [values[labels == label] for label in np.unique(labels)]
            checks.append(
                Recomputed(
                    name=f"ss of {row.source}",
                    value=row.ss,
                    recomputed=math.fsum(
                        len(group) * (float(group.mean()) - float(values.mean())) ** 2
                        for group in groups
                    ),
                    route="squared deviations of the level means",
                    atol=1e-12 * result.ss_total,
                )
            )
    return checks


def _base(block: list[str | float], rows: int) -> FloatArray:
    """The mean and, coded to sum to zero, the blocks."""
    ones = np.ones((rows, 1))
    if not block:
        return ones
    if len(block) != rows:
        raise InputError(
            f"{len(block)} blocks but {rows} responses",
            where=f"{WHERE} block",
            remedy="give the block of every run",
        )
    return np.hstack([ones, level_factor("block", block, f"{WHERE} block").columns])


def _model(
    factors: list[LevelFactor],
    base: FloatArray,
    values: FloatArray,
    order: int | None,
    terms: list[str],
) -> tuple[list[Term], list[str], list[str]]:
    """The terms of the model, the interactions taken as error, and those that are lost."""
    if terms:
        return parse_terms(terms, factors, f"{WHERE} terms"), [], []
    if order is not None:
        return terms_up_to(len(factors), min(order, len(factors))), [], []
    size = len(factors)
    while size > 1:
        kept = terms_up_to(len(factors), size)
        width = sum(math.prod(factors[place].df for place in term) for term in kept)
        if base.shape[1] + width < len(values) and inestimable(kept, factors, base) is None:
            break
        size -= 1
    kept = terms_up_to(len(factors), size)
    dropped = [
        term_label(term, factors)
        for term in itertools.combinations(range(len(factors)), size + 1)
        if size < len(factors)
    ][:10]
    above = terms_up_to(len(factors), min(size + 1, len(factors)))
    confused = inestimable(above, factors, base) is not None
    return kept, ([] if confused else dropped), (dropped if confused else [])


def _result(
    model: FactorFit,
    factors: list[LevelFactor],
    base: FloatArray,
    values: FloatArray,
    *,
    removed: list[str],
    pooled: list[str],
    lost: list[str],
    ss_type: int,
    alpha: float,
    response_name: str,
    unit: str,
) -> FactorialAnova:
    total = float(((values - values.mean()) ** 2).sum())
    error, df = model.fit.rss / model.fit.df, model.fit.df
    sums = sums_of_squares(model, base, values, ss_type)
    rows = [
        term_row(
            term_label(term, factors), width_of(place), ss, error, df, total, model.fit.rss, alpha
        )
        for term, place, ss in zip(model.terms, model.places, sums, strict=True)
    ]
    tested = {row.source: row.p_value for row in rows if row.p_value is not None}
    significant = [row.source for row in rows if row.significant]
    codes = np.column_stack([factor.index for factor in factors]).astype(np.float64)
    pure = lack_of_fit(codes, base[:, 1:], values, model.fit)
    inverse = model.fit.inverse_root
    covariance = error * (inverse @ inverse.T)
    critical = float(stats.t.ppf(1 - alpha / 2, df))
    means = level_means(model, factors, covariance, critical)
    cells = cell_means(model, factors, covariance)
    extremes = _extremes(model, factors, base)
    balanced = is_balanced(factors)
    warnings = _warnings(pooled, lost, removed, balanced, pure, alpha)
    return FactorialAnova(
        method=(
            f"general factorial, type {'I' * ss_type} sums of squares, levels coded to sum to "
            "zero; means weigh every level of the other factors alike"
        ),
        unit=unit,
        response_name=response_name,
        n=len(values),
        factor_names=[factor.name for factor in factors],
        levels={factor.name: factor.levels for factor in factors},
        ss_type=ss_type,
        balanced=balanced,
        anova=[
            *block_row(model, base, values, error, df, total, alpha, ss_type),
            *rows,
            *error_rows(model, pure, total, len(values)),
        ],
        p_values=tested,
        significant_terms=significant,
        terms_removed=removed,
        pooled=pooled,
        not_estimable=lost,
        significant=bool(significant),
        alpha=alpha,
        level=1 - alpha,
        ss_error=model.fit.rss,
        df_error=df,
        ss_total=total,
        df_total=len(values) - 1,
        ms_error=error,
        residual_sd=math.sqrt(error),
        r_squared=1 - model.fit.rss / total,
        r_squared_adjusted=1 - error * (len(values) - 1) / total,
        r_squared_predicted=r_squared_predicted(model.fit, total),
        grand_mean=float(values.mean()),
        strongest=max(rows, key=lambda row: row.contribution or 0.0).source,
        means=means,
        cell_means=cells,
        **extremes,
        ss_lack_of_fit=pure.ss_lack_of_fit if pure and pure.df_lack_of_fit else None,
        df_lack_of_fit=pure.df_lack_of_fit if pure and pure.df_lack_of_fit else None,
        F_lack_of_fit=pure.f if pure else None,
        p_lack_of_fit=pure.p_value if pure else None,
        assumptions=checks_of(model, codes),
        warnings=warnings,
        charts=_charts(model, means, cells, rows, values, response_name, unit),
    )


def _extremes(model: FactorFit, factors: list[LevelFactor], base: FloatArray) -> dict[str, Any]:
    """The tested combinations that the model predicts highest and lowest, over all blocks."""
    codes = np.column_stack([factor.index for factor in factors])
    settings, first = np.unique(codes, axis=0, return_index=True)
    rows = model.columns[first].copy()
    rows[:, 1 : base.shape[1]] = 0.0
    predicted = rows @ model.fit.coefficients
    found: dict[str, Any] = {}
    for name, place in (("highest", int(predicted.argmax())), ("lowest", int(predicted.argmin()))):
        labels = [
            factor.levels[int(code)] for factor, code in zip(factors, settings[place], strict=True)
        ]
        found[name] = {factor.name: label for factor, label in zip(factors, labels, strict=True)}
        found[f"{name}_levels"] = labels
        found[f"{name}_mean"] = float(predicted[place])
    return found


def _warnings(
    pooled: list[str],
    lost: list[str],
    removed: list[str],
    balanced: bool,
    pure: PureError | None,
    alpha: float,
) -> list[str]:
    warnings = []
    if pooled:
        warnings.append(
            f"there is no error beside {', '.join(pooled)}: it is taken as the error, so an "
            "interaction of that order hides other effects"
        )
    if lost:
        warnings.append(
            f"{', '.join(lost)} cannot be estimated: it is confounded with blocks, or "
            "combinations of levels are missing"
        )
    if removed:
        warnings.append("p-values after the reduction of a model are smaller than they should be")
    if not balanced:
        warnings.append("the combinations are not run equally often: effects are adjusted")
    if pure is not None and pure.p_value is not None and pure.p_value < alpha:
        warnings.append("lack of fit: interactions that were left out are significant")
    return warnings


def _charts(
    model: FactorFit,
    means: list[LevelMean],
    cells: list[CellMean],
    rows: list[FactorTest],
    values: FloatArray,
    response_name: str,
    unit: str,
) -> list[ChartSpec]:
    strength = {row.source: row.F or 0.0 for row in rows}
    pairs = dict.fromkeys((cell.factors[0], cell.factors[1]) for cell in cells)
    strongest = sorted(pairs, key=lambda pair: -strength.get(":".join(pair), 0.0))
    return [
        main_effect_chart(means, float(values.mean()), response_name, unit),
        *interaction_chart(cells, strongest, response_name, unit),
        residual_chart(model.fit.fitted, model.fit.residuals, response_name, unit),
    ]
