"""General linear model: factors and covariates together, analysis of covariance.

Sources: D. C. Montgomery, Design and Analysis of Experiments, 15.3 (analysis of covariance)
and 15.2 (unbalanced data); S. R. Searle, Linear Models for Unbalanced Data (1987); S. R.
Searle, F. M. Speed, G. A. Milliken (1980), Am. Stat. 34, 216 (adjusted means).
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta
from scipy import special

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, FloatArray, Name, Unit, as_sample
from havoc.tools.result import Check, Narrative, Recomputed
from havoc.tools.stats.adjusted_means import Adjustment, add_comparisons, add_means
from havoc.tools.stats.assumption_checks import INDEPENDENCE, equal_variances, normal_residuals
from havoc.tools.stats.glm_result import (
    Effect,
    GeneralLinearModel,
    Slope,
    covariance_chart,
    means_chart,
)
from havoc.tools.stats.linear_model_fit import LinearFit, joint_test
from havoc.tools.stats.linear_terms import Labels, Terms, read_terms, refuse_aliased
from havoc.tools.stats.regression_charts import charts_of_residuals

SUMS = {1: "sequential (type I)", 2: "hierarchical (type II)", 3: "adjusted (type III)"}


@tool(
    "general_linear_model",
    title="General linear model",
    source="Montgomery, Design and Analysis of Experiments, 15.2 and 15.3; Searle (1987)",
)
def general_linear_model(
    response: Annotated[list[float], Meta(description="measured values")],
    factors: Annotated[
        dict[str, Labels], Meta(description="levels of each named factor, row by row")
    ] = {},  # noqa: B006
    covariates: Annotated[
        dict[str, list[float]], Meta(description="values of each named covariate, row by row")
    ] = {},  # noqa: B006
    interactions: Annotated[
        bool | list[str],
        Meta(description="all pairs of factors, or products such as machine*diameter"),
    ] = False,
    ss_type: Annotated[
        Literal[1, 2, 3],
        Meta(description="sums of squares: 1 sequential, 2 hierarchical, 3 adjusted"),
    ] = 3,
    compare: Annotated[
        str | None, Meta(description="factor whose adjusted means are compared in pairs")
    ] = None,
    adjust: Annotated[
        Adjustment, Meta(description="adjustment of the comparisons for their number")
    ] = "tukey",
    alpha: Alpha = 0.05,
    response_name: Name = "response",
    unit: Unit = "",
) -> GeneralLinearModel:
    """Which factors and covariates matter, and what are the means after adjustment?

    Use it for unbalanced data with several factors, or to take out a covariate (analysis
    of covariance) before levels are compared. Assumes independent normal errors of equal
    spread, effects that add up but for the interactions asked for, and covariates with
    one slope for all levels (this is tested). Empty cells of an interaction are refused.
    """
    measured = as_sample(response, "response", minimum=3, varying=True)
    if not factors and not covariates:
        raise InputError(
            "there is neither a factor nor a covariate",
            where="factors",
            remedy="name at least one",
        )
    terms = read_terms(factors, covariates, interactions, measured.size)
    refuse_aliased(terms)
    fit = LinearFit(terms, measured)
    if fit.ss_error <= 1e-24 * fit.ss_total:
        raise InputError(
            "the model fits every value exactly, so there is no error to compare with",
            where="response",
            remedy="check the resolution of the measurement",
        )
    result = _result(fit, ss_type, alpha, response_name, unit)
    add_means(result, fit, measured)
    if compare is not None and compare not in terms.factors:
        raise InputError(
            f"there is no factor {compare}",
            where="compare",
            remedy=f"name one of {', '.join(terms.factors) or 'the factors'}",
        )
    if terms.factors:
        add_comparisons(result, fit, compare or next(iter(terms.factors)), adjust)
    _slopes_test(result, terms, measured, factors, covariates, interactions)
    _assess(result, fit)
    result.charts = [
        *([means_chart(result, unit)] if terms.factors else []),
        *(
            [covariance_chart(fit, measured, response_name, unit)]
            if len(terms.factors) == 1 and len(terms.covariates) == 1
            else []
        ),
        *charts_of_residuals(fit.fitted, fit.residuals, response_name),
    ]
    return result


def _result(
    fit: LinearFit, ss_type: int, alpha: float, response_name: str, unit: str
) -> GeneralLinearModel:
    terms = fit.terms
    effects = []
    for name, places, square in zip(terms.names, terms.places, fit.sums(ss_type), strict=True):
        test = joint_test(square, len(places), fit.ss_error, fit.df_error)
        effects.append(
            Effect(
                term=name,
                df=test.df,
                ss=square,
                ms=square / test.df,
                F=test.F,
                p_value=test.p_value,
                significant=test.p_value < alpha,
                partial_eta_squared=square / (square + fit.ss_error),
            )
        )
    df_model = fit.width - 1
    model = joint_test(fit.ss_total - fit.ss_error, df_model, fit.ss_error, fit.df_error)
    spare = 1 - fit.leverage
    press = math.fsum(((fit.residuals / spare) ** 2).tolist()) if spare.min() > 1e-9 else None
    cells = _cells(terms)
    by_name: dict[str, float] = {}
    for effect in effects:
        by_name |= {
            f"F_{effect.term}": effect.F,
            f"p_{effect.term}": effect.p_value,
            f"ss_{effect.term}": effect.ss,
            f"df_{effect.term}": float(effect.df),
        }
    return GeneralLinearModel(
        method=f"general linear model by least squares, {SUMS[ss_type]} sums of squares"
        + (", factors coded to sum to zero" if ss_type == 3 else ""),
        unit=unit,
        response_name=response_name,
        factors=list(terms.factors),
        covariates=list(terms.covariates),
        ss_type=ss_type,
        ss_name=SUMS[ss_type],
        effects=effects,
        by_name=by_name,
        significant_terms=[effect.term for effect in effects if effect.significant],
        n=fit.n,
        df_model=df_model,
        df_error=fit.df_error,
        ss_model=fit.ss_total - fit.ss_error,
        ss_error=fit.ss_error,
        ss_total=fit.ss_total,
        ms_error=fit.ms_error,
        F=model.F,
        p_value=model.p_value,
        significant=model.p_value < alpha,
        alpha=alpha,
        level=1 - alpha,
        r_squared=1 - fit.ss_error / fit.ss_total,
        r_squared_adjusted=1 - fit.ms_error * (fit.n - 1) / fit.ss_total,
        residual_stdev=math.sqrt(fit.ms_error),
        balanced=bool(np.ptp(np.bincount(cells)) == 0) if terms.factors else False,
        r_squared_predicted=1 - press / fit.ss_total if press is not None else None,
        coefficients=[_slope(fit, name, alpha) for name in terms.covariates],
    )


def _cells(terms: Terms) -> Any:
    """Number of the combination of levels of each row."""
    if not terms.factors:
        return np.zeros(len(terms.matrix), dtype=np.int64)
    _, cells = np.unique(
        np.column_stack([factor.codes for factor in terms.factors.values()]),
        axis=0,
        return_inverse=True,
    )
    return cells.reshape(-1)


def _slope(fit: LinearFit, name: str, alpha: float) -> Slope:
    column = fit.terms.places[fit.terms.parts.index((name,))][0]
    value = float(fit.coefficients[column])
    error = math.sqrt(float(fit.unscaled[column, column]) * fit.ms_error)
    margin = float(special.stdtrit(fit.df_error, 1 - alpha / 2)) * error
    return Slope(
        covariate=name,
        slope=value,
        se=error,
        t=value / error,
        p_value=2 * float(special.stdtr(fit.df_error, -abs(value / error))),
        ci_low=value - margin,
        ci_high=value + margin,
        mean=float(fit.terms.covariates[name].mean()),
    )


def _slopes_test(
    result: GeneralLinearModel,
    terms: Terms,
    y: FloatArray,
    factors: dict[str, Labels],
    covariates: dict[str, list[float]],
    interactions: bool | list[str],
) -> None:
    """Do the covariates have one slope at all levels? By adding every product of the two."""
    mixed = any(
        any(name in factors for name in part) and any(name in covariates for name in part)
        for part in terms.parts
    )
    if not factors or not covariates or mixed:
        return
    products = ["*".join(part) for part in terms.parts if len(part) > 1]
    products += [f"{factor}*{name}" for factor in factors for name in covariates]
    try:
        larger = read_terms(factors, covariates, products, y.size)
        refuse_aliased(larger)
    except InputError:
        return
    fit = LinearFit(larger, y)
    df = fit.width - terms.matrix.shape[1]
    test = joint_test(max(result.ss_error - fit.ss_error, 0.0), df, fit.ss_error, fit.df_error)
    result.F_slopes, result.df_slopes, result.p_slopes = test.F, df, test.p_value
    result.assumptions.append(
        Check(
            name="equal slopes",
            status="ok" if test.p_value >= 0.05 else "violated",
            detail=f"products of covariates and factors: F = {test.F:.3g}, p = {test.p_value:.3g}",
        )
    )
    if test.p_value < 0.05:
        result.warnings.append(
            "the slope of the covariate differs between levels, so a difference of adjusted means "
            "holds only at the mean of the covariate; add the product to the model"
        )


def _assess(result: GeneralLinearModel, fit: LinearFit) -> None:
    result.assumptions.append(normal_residuals(fit.residuals))
    cells = _cells(fit.terms)
    count = int(cells.max()) + 1
    if 1 < count <= 100:
        result.assumptions.append(
            equal_variances([fit.residuals[cells == cell] for cell in range(count)])
        )
    result.assumptions.append(INDEPENDENCE)
    if fit.terms.factors and not result.balanced and result.ss_type == 1:
        result.warnings.append(
            "sequential sums of squares of unbalanced data depend on the order of the terms"
        )
    crossed = [
        part
        for part in fit.terms.parts
        if len(part) > 1 and result.by_name[f"p_{'*'.join(part)}"] < result.alpha
    ]
    if crossed and result.compared and any(result.compared in part for part in crossed):
        result.warnings.append(
            f"{result.compared} takes part in an interaction that is significant: its adjusted "
            "means are averages over different effects"
        )
    for name, values in fit.terms.covariates.items():
        column = fit.terms.places[fit.terms.parts.index((name,))][0]
        spread = float(((values - values.mean()) ** 2).sum())
        inflation = float(fit.unscaled[column, column]) * spread
        if inflation > 10 and not any(name in part for part in fit.terms.parts if len(part) > 1):
            result.warnings.append(
                f"collinear: the covariate {name} nearly follows from the other terms (variance "
                f"inflation {inflation:.3g})"
            )


@general_linear_model.narrates
def _narrate(result: GeneralLinearModel) -> Narrative:
    tests = "; ".join(
        f"{{{{effects.{i}.term}}}}: p {{{{effects.{i}.p_value:p}}}}"
        for i in range(min(len(result.effects), 8))
    )
    if result.significant_terms:
        verdict = "{{response_name}} depends on {{significant_terms}}"
    else:
        verdict = "There is no evidence that any term of the model matters for {{response_name}}"
    details = []
    if result.compared is not None:
        details.append(
            "After adjustment {{compared}} is highest at {{highest}} and lowest at {{lowest}}."
        )
        found = [i for i, item in enumerate(result.comparisons) if item.significant][:8]
        details += [
            f"{{{{comparisons.{i}.pair}}}}: {{{{comparisons.{i}.difference:unit}}}} "
            f"({{{{level:%}}}} interval {{{{comparisons.{i}.ci_low}}}} to "
            f"{{{{comparisons.{i}.ci_high}}}}, adjusted p {{{{comparisons.{i}.p_adjusted:p}}}})."
            for i in found
        ]
        if not found and result.comparisons:
            details.append(
                "No pair of levels of {{compared}} differs significantly ({{adjustment}})."
            )
    details += [
        f"One more unit of {{{{coefficients.{i}.covariate}}}} changes {{{{response_name}}}} by "
        f"{{{{coefficients.{i}.slope}}}} ({{{{level:%}}}} interval "
        f"{{{{coefficients.{i}.ci_low}}}} to {{{{coefficients.{i}.ci_high}}}})."
        for i in range(min(len(result.coefficients), 6))
    ]
    if result.p_slopes is not None:
        differ = "differ" if result.p_slopes < 0.05 else "do not differ significantly"
        details.append(f"The slopes {differ} between the levels (p {{{{p_slopes:p}}}}).")
    details.append(
        "The model explains {{r_squared:%}} of the variation; the standard deviation of the error "
        "is {{residual_stdev:unit}}."
    )
    figures = [
        (
            f"F of {{{{effects.{i}.term}}}}",
            f"{{{{effects.{i}.F}}}} (p {{{{effects.{i}.p_value:p}}}})",
        )
        for i in range(min(len(result.effects), 8))
    ]
    figures += [
        ("sums of squares", "{{ss_name}}"),
        ("degrees of freedom of the error", "{{df_error}}"),
    ]
    return Narrative(conclusion=f"{verdict} ({tests}).", details=details, key_figures=figures)


@general_linear_model.verifies
def _verify(
    result: GeneralLinearModel,
    response: list[float],
    factors: dict[str, Labels],
    covariates: dict[str, list[float]],
    interactions: bool | list[str],
    **_: object,
) -> list[Recomputed]:
    """The error again from indicator columns, and an adjusted mean as an average of fits."""
    y = np.asarray(response, dtype=np.float64)
    terms = read_terms(factors, covariates, interactions, y.size)
    blocks = [np.ones((y.size, 1))]
    for part in terms.parts:
        block = np.ones((y.size, 1))
        for name in part:
            factor = terms.factors.get(name)
            own = (
                np.eye(len(factor.levels))[factor.codes][:, 1:]
                if factor is not None
                else (terms.covariates[name] - terms.covariates[name].mean())[:, None]
            )
            block = (block[:, :, None] * own[:, None, :]).reshape(y.size, -1)
        blocks.append(block)
    design = np.hstack(blocks)
    if design.shape[1] * y.size > 2_000_000:
        return []
    scale = np.linalg.norm(design, axis=0)
    slopes = np.linalg.lstsq(design / scale, y - y.mean(), rcond=None)[0] / scale
    gap = y - y.mean() - design @ slopes
    again = [
        Recomputed(
            name="ss_error",
            value=result.ss_error,
            recomputed=float(gap @ gap),
            route="indicator columns and singular values",
            atol=1e-9 * result.ss_total,
        )
    ]
    if len(terms.factors) == 1 and all(len(part) == 1 for part in terms.parts):
        # one factor: the adjusted mean is the plain mean, moved along the slopes
        (factor,) = terms.factors.values()
        inside = factor.codes == 0
        moved = math.fsum(
            item.slope * (item.mean - float(terms.covariates[item.covariate][inside].mean()))
            for item in result.coefficients
        )
        again.append(
            Recomputed(
                name=f"adjusted mean of {factor.levels[0]}",
                value=result.adjusted_means[0].mean,
                recomputed=float(y[inside].mean()) + moved,
                route="plain mean moved along the slopes",
            )
        )
    return again
