"""Mixed model: fixed effects beside random factors, with variance components.

Sources: D. Bates, M. Maechler, B. Bolker, S. Walker (2015), J. Stat. Softw. 67(1); S. R.
Searle, G. Casella, C. E. McCulloch, Variance Components (1992); D. C. Montgomery, Design and
Analysis of Experiments, chapters 13 and 14; the degrees of freedom are in
``mixed_inference``.
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
from havoc.tools.stats.assumption_checks import normal_residuals
from havoc.tools.stats.linear_terms import Labels, Terms, read_terms, refuse_aliased
from havoc.tools.stats.mixed_estimates import (
    fixed_coefficients,
    fixed_effects,
    level_means,
    predicted_levels,
    variance_components,
)
from havoc.tools.stats.mixed_fit import MixedModel, Solved, no_error_variance
from havoc.tools.stats.mixed_inference import Inference
from havoc.tools.stats.mixed_result import (
    MixedModelResult,
    effects_chart,
)
from havoc.tools.stats.random_terms import RandomTerm, read_random, refuse_confounded
from havoc.tools.stats.regression_charts import charts_of_residuals

FEW_LEVELS = 5
DF_NAMES = {"satterthwaite": "Satterthwaite", "kenward_roger": "Kenward-Roger"}


@tool(
    "mixed_model",
    title="Mixed model with random factors",
    source="Bates, Maechler, Bolker, Walker (2015), J. Stat. Softw. 67(1); "
    "Searle, Casella, McCulloch, Variance Components (1992)",
)
def mixed_model(
    response: Annotated[list[float], Meta(description="measured values")],
    random: Annotated[
        dict[str, Labels],
        Meta(description="random factors: those whose levels are a sample of many (batch, block)"),
    ],
    factors: Annotated[
        dict[str, Labels], Meta(description="levels of each fixed factor, row by row")
    ] = {},  # noqa: B006
    covariates: Annotated[
        dict[str, list[float]], Meta(description="values of each covariate, row by row")
    ] = {},  # noqa: B006
    interactions: Annotated[
        bool | list[str], Meta(description="all pairs of fixed factors, or products such as A*B")
    ] = False,
    nested: Annotated[
        dict[str, str], Meta(description="inner factor to the factor it lies in, {cask: batch}")
    ] = {},  # noqa: B006
    random_interactions: Annotated[
        list[str], Meta(description="random products such as worker*machine")
    ] = [],  # noqa: B006
    estimation: Annotated[
        Literal["reml", "ml"], Meta(description="restricted or full maximum likelihood")
    ] = "reml",
    df_method: Annotated[
        Literal["satterthwaite", "kenward_roger"],
        Meta(description="degrees of freedom of the tests of fixed effects"),
    ] = "satterthwaite",
    alpha: Alpha = 0.05,
    response_name: Name = "response",
    unit: Unit = "",
) -> MixedModelResult:
    """Where does the variation come from, and what do fixed factors do beside it?

    Use it when levels are a sample (batches, operators, blocks, days) and values within a
    level belong together: variance components, blocks with treatments, nested sampling,
    unbalanced too. Assumes random intercepts that are normal and independent, normal
    errors of equal spread. A variance that is estimated as zero (singular fit) is said.
    """
    measured = as_sample(response, "response", minimum=3, varying=True)
    if df_method == "kenward_roger" and estimation == "ml":
        raise InputError(
            "Kenward-Roger degrees of freedom need restricted maximum likelihood",
            where="df_method",
            remedy="use estimation reml, or satterthwaite",
        )
    groups = read_random(random, nested, random_interactions, factors, measured.size)
    terms = read_terms(factors, covariates, interactions, measured.size)
    refuse_aliased(terms)
    refuse_confounded(groups, terms.matrix)
    codes = [group.codes for group in groups]
    model = MixedModel(measured, terms.matrix, codes, reml=estimation == "reml")
    fit = model.fit()
    if fit.square <= 1e-20 * model.total:
        raise no_error_variance()
    inference = Inference(model, fit, kenward_roger=df_method == "kenward_roger")
    result = _result(
        measured, terms, groups, model, fit, inference, estimation, df_method, alpha, response_name
    )
    result.unit = unit
    fitted, residuals = _residuals(measured, terms, groups, fit, inference)
    _assess(result, residuals)
    margin = float(special.ndtri(1 - alpha / 2))
    result.charts = [
        *effects_chart(result, margin),
        *charts_of_residuals(fitted, residuals, response_name),
    ]
    return result


def _result(
    y: FloatArray,
    terms: Terms,
    groups: list[RandomTerm],
    model: MixedModel,
    fit: Solved,
    inference: Inference,
    estimation: str,
    df_method: str,
    alpha: float,
    response_name: str,
) -> MixedModelResult:
    components = variance_components(y, terms, groups, model, fit, alpha)
    effects = fixed_effects(terms, inference, alpha)
    total = math.fsum(item.variance for item in components)
    by_name: dict[str, float] = {}
    for effect in effects:
        by_name |= {f"F_{effect.term}": effect.F, f"p_{effect.term}": effect.p_value}
    for item in components:
        by_name |= {f"var_{item.name}": item.variance, f"sd_{item.name}": item.sd}
    zero = [group.name for group, ratio in zip(groups, fit.ratios, strict=True) if ratio == 0]
    parameters = model.p + model.count + 1
    return MixedModelResult(
        method=("restricted maximum likelihood (REML)" if model.reml else "maximum likelihood (ML)")
        + f", random intercepts; fixed effects by {DF_NAMES[df_method]} degrees of freedom, type "
        "III; variance intervals by profile likelihood (ML), their tests by likelihood ratio",
        response_name=response_name,
        estimation=estimation.upper(),
        df_method=DF_NAMES[df_method],
        factors=list(terms.factors),
        covariates=list(terms.covariates),
        random=[group.name for group in groups],
        n=y.size,
        components=components,
        total_variance=total,
        icc=(total - fit.sigma2) / total,
        largest_component=max(components, key=lambda item: item.variance).name,
        effects=effects,
        coefficients=fixed_coefficients(terms, inference, alpha),
        means=level_means(terms, inference, alpha),
        random_effects=predicted_levels(groups, model, fit),
        by_name=by_name,
        significant_terms=[effect.term for effect in effects if effect.significant],
        significant=any(effect.significant for effect in effects)
        or any(item.p_value is not None and item.p_value < alpha for item in components),
        singular=bool(zero),
        singular_components=zero,
        residual_stdev=math.sqrt(fit.sigma2),
        criterion=fit.deviance,
        log_likelihood=-fit.deviance / 2,
        aic=fit.deviance + 2 * parameters,
        alpha=alpha,
        level=1 - alpha,
    )


def _residuals(
    y: FloatArray, terms: Terms, groups: list[RandomTerm], fit: Solved, inference: Inference
) -> tuple[FloatArray, FloatArray]:
    """Fitted values with the random effects in them, and what is left."""
    fitted = inference.model.origin + terms.matrix @ inference.slopes
    for k, group in enumerate(groups):
        fitted = fitted + (fit.ratios[k] * fit.zpy[inference.model.block(k)])[group.codes]
    return fitted, y - fitted


def _assess(result: MixedModelResult, residuals: FloatArray) -> None:
    result.assumptions.append(normal_residuals(residuals))
    for name in result.random:
        values = np.array([item.effect for item in result.random_effects if item.factor == name])
        if values.size >= 5 and np.ptp(values) > 0:
            result.assumptions.append(normal_residuals(values, f"normal effects of {name}"))
    result.assumptions.append(
        Check(
            name="random sample of levels",
            status="unknown",
            detail="cannot be seen from the values: do the levels stand for many others?",
        )
    )
    if result.singular:
        result.warnings.append(
            f"singular fit: the variance of {', '.join(result.singular_components)} is estimated "
            "as zero; its levels differ no more than the error alone explains"
        )
    result.warnings += [
        f"{item.name} has {item.levels} levels, so its variance is known very roughly"
        for item in result.components[:-1]
        if item.levels < FEW_LEVELS
    ]
    if not any(item.sd_high is not None for item in result.components):
        result.warnings.append("too many levels for profile intervals of the variances")


@mixed_model.narrates
def _narrate(result: MixedModelResult) -> Narrative:
    shares = ", ".join(
        f"{{{{components.{i}.name}}}} {{{{components.{i}.share:%}}}}"
        for i in range(min(len(result.components), 8))
    )
    parts = f"The variation of {{{{response_name}}}} that is random comes from {shares}"
    if result.effects:
        tests = "; ".join(
            f"{{{{effects.{i}.term}}}}: p {{{{effects.{i}.p_value:p}}}}"
            for i in range(min(len(result.effects), 6))
        )
        lead = (
            "{{response_name}} depends on {{significant_terms}}"
            if result.significant_terms
            else "There is no evidence that the fixed terms matter for {{response_name}}"
        )
        conclusion = f"{lead} ({tests}, {{{{df_method}}}}). {parts}."
    else:
        conclusion = f"{parts}."
    details = []
    for i, item in enumerate(result.components[:8]):
        text = f"{{{{components.{i}.name}}}}: standard deviation {{{{components.{i}.sd:unit}}}}"
        if item.sd_high is not None:
            text += (
                f" ({{{{level:%}}}} interval {{{{components.{i}.sd_low}}}} to "
                f"{{{{components.{i}.sd_high}}}})"
            )
        if item.p_value is not None:
            text += f", p {{{{components.{i}.p_value:p}}}}"
        details.append(f"{text}.")
    details.append(
        "The mean is {{coefficients.0.estimate:unit}} ({{level:%}} interval "
        "{{coefficients.0.ci_low}} to {{coefficients.0.ci_high}})."
    )
    details += [
        f"One more unit of {{{{coefficients.{i}.name}}}} changes it by "
        f"{{{{coefficients.{i}.estimate}}}} ({{{{coefficients.{i}.ci_low}}}} to "
        f"{{{{coefficients.{i}.ci_high}}}})."
        for i in range(1, min(len(result.coefficients), 6))
    ]
    details += [
        f"{{{{means.{i}.factor}}}} {{{{means.{i}.level}}}}: mean {{{{means.{i}.mean:unit}}}} "
        f"({{{{means.{i}.ci_low}}}} to {{{{means.{i}.ci_high}}}})."
        for i in range(min(len(result.means), 8))
    ]
    if result.singular:
        details.append(
            "The fit is singular: the variance of {{singular_components}} is estimated as zero."
        )
    return Narrative(
        conclusion=conclusion,
        details=details,
        key_figures=[
            ("intraclass correlation (all random factors)", "{{icc}}"),
            ("error standard deviation", "{{residual_stdev:unit}}"),
            ("log-likelihood ({{estimation}})", "{{log_likelihood}}"),
            ("Akaike's criterion", "{{aic}}"),
        ],
    )


@mixed_model.verifies
def _verify(
    result: MixedModelResult,
    response: list[float],
    random: dict[str, Labels],
    factors: dict[str, Labels],
    covariates: dict[str, list[float]],
    interactions: bool | list[str],
    nested: dict[str, str],
    random_interactions: list[str],
    **_: Any,
) -> list[Recomputed]:
    """The likelihood again from the whole covariance matrix of the values."""
    y = np.asarray(response, dtype=np.float64)
    if y.size > 600:
        return []
    groups = read_random(random, nested, random_interactions, factors, y.size)
    x = read_terms(factors, covariates, interactions, y.size).matrix
    v = result.components[-1].variance * np.eye(y.size)
    for group, item in zip(groups, result.components, strict=False):
        v += item.variance * (group.codes[:, None] == group.codes)
    inverse = np.linalg.inv(v)
    information = x.T @ inverse @ x
    centred = y - y.mean()
    slopes = np.linalg.solve(information, x.T @ inverse @ centred)
    gap = centred - x @ slopes
    reml = result.estimation == "REML"
    deviance = float(np.linalg.slogdet(v)[1]) + float(gap @ inverse @ gap)
    deviance += (y.size - (x.shape[1] if reml else 0)) * math.log(2 * math.pi)
    if reml:
        deviance += float(np.linalg.slogdet(information)[1])
    return [
        Recomputed(
            name="log_likelihood",
            value=result.log_likelihood,
            recomputed=-deviance / 2,
            route="covariance matrix of all values",
            rtol=1e-7,
        )
    ]
