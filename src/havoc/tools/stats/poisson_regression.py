"""Poisson regression: how a rate of counts depends on settings.

Sources: P. McCullagh and J. A. Nelder, Generalized Linear Models (1989), chapter 6; D. C.
Montgomery, E. A. Peck, G. G. Vining, Introduction to Linear Regression Analysis, 13.3;
the fit and its sources are in ``poisson_fit``.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta
from scipy import special

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, FloatArray, Name, as_sample
from havoc.tools.result import Check, Narrative, Recomputed
from havoc.tools.stats.poisson_fit import (
    CountFit,
    deviance_residuals,
    fit_counts,
    pearson,
)
from havoc.tools.stats.poisson_result import (
    PoissonRegression,
    RatePrediction,
    RateTerm,
    rate_band,
    rate_curve,
    residual_chart,
)
from havoc.tools.stats.predictor_columns import (
    Predictor,
    PredictorColumns,
    inflation_warning,
    read_predictors,
    require_rows,
    setting_rows,
)

Family = Literal["poisson", "quasi_poisson", "negative_binomial"]
FAMILIES = {
    "poisson": "Poisson",
    "quasi_poisson": "quasi-Poisson",
    "negative_binomial": "negative binomial",
}
# Pearson's chi-squared over its degrees of freedom beyond which Poisson errors mislead.
CLEARLY_MORE = 1.2


@tool(
    "poisson_regression",
    title="Poisson regression",
    source="McCullagh and Nelder, Generalized Linear Models (1989), chapter 6; "
    "Montgomery, Peck, Vining, 13.3",
)
def poisson_regression(
    counts: Annotated[list[float], Meta(description="number of events of each unit")],
    x: Annotated[
        list[float] | None, Meta(description="the one predictor, a value for each count")
    ] = None,
    predictors: Annotated[
        dict[str, Predictor] | None,
        Meta(description="instead of x: named predictors, numbers or labels"),
    ] = None,
    exposure: Annotated[
        list[float] | None,
        Meta(description="size of each unit: area, time, length; the rate is for one of them"),
    ] = None,
    family: Annotated[
        Family, Meta(description="quasi_poisson or negative_binomial where counts overscatter")
    ] = "poisson",
    x_new: Annotated[
        float | list[float] | dict[str, float | str] | None,
        Meta(description="setting (or settings) at which the rate is wanted"),
    ] = None,
    per: Annotated[
        float, Meta(gt=0, description="the rate ratio is for a change of this many units")
    ] = 1.0,
    alpha: Alpha = 0.05,
    x_name: Name = "x",
    name: Name = "the count",
) -> PoissonRegression:
    """How does a rate of defects or events depend on settings: rate ratios?

    Use it for counts without an upper limit (defects on a panel, stops of a machine) with
    numeric or labelled predictors; give the exposure where units differ in size. Assumes
    independent counts, a rate that multiplies with each predictor, and a variance equal
    to the mean: if Pearson's statistic says that they scatter more, use quasi-Poisson
    (wider errors, same rates) or the negative binomial.
    """
    values = _counts(counts)
    found = read_predictors("poisson_regression", x, predictors, x_name, values.size)
    offset = _offset(exposure, values.size)
    require_rows(values.size, found.columns.shape[1] + 1, "counts")
    _refuse_empty_level(found, values)
    binomial = family == "negative_binomial"
    model = fit_counts(found.columns, found.terms, values, offset, binomial)
    null = fit_counts(np.zeros((values.size, 0)), [], values, offset, binomial)
    result = _result(found, model, null, values, offset, family, per, alpha, name)
    if len(found.terms) == 1 and not found.levels:
        term = result.terms[0]
        result.slope, result.rate_ratio = term.coefficient, term.rate_ratio
        result.rate_ratio_ci_low, result.rate_ratio_ci_high = (
            term.rate_ratio_low,
            term.rate_ratio_high,
        )
        result.charts.append(rate_curve(result, found, model, values, offset))
    if x_new is not None:
        result.predictions = _predict(result, found, model, x_new)
        result.prediction = result.predictions[0].rate
    result.charts.append(residual_chart(result, model, values))
    _assess(result, found, values)
    return result


def _counts(counts: list[float]) -> FloatArray:
    values = as_sample(counts, "counts", minimum=3)
    wrong = np.flatnonzero((values < 0) | (values != np.floor(values)))
    if wrong.size:
        raise InputError(
            f"count {int(wrong[0]) + 1} is {values[wrong[0]]:g}, and counts are whole numbers from "
            "zero on",
            where="counts",
            remedy="give numbers of events, and the size of the units as exposure",
        )
    if values.sum() == 0:
        raise InputError(
            "all counts are zero, so no rate can be compared",
            where="counts",
            remedy="observe for longer",
        )
    return values


def _offset(exposure: list[float] | None, size: int) -> FloatArray:
    if exposure is None:
        return np.zeros(size)
    sizes = as_sample(exposure, "exposure")
    if sizes.size != size:
        raise InputError(
            f"{sizes.size} values but {size} counts",
            where="exposure",
            remedy="every count needs its exposure",
        )
    if sizes.min() <= 0:
        raise InputError(
            f"exposure {int(sizes.argmin()) + 1} is {sizes.min():g}",
            where="exposure",
            remedy="an exposure is above zero",
        )
    return np.log(sizes)


def _refuse_empty_level(found: PredictorColumns, counts: FloatArray) -> None:
    for name, levels in found.levels.items():
        places = [i for i, source in enumerate(found.sources) if source == name]
        members = [found.columns[:, i] > 0 for i in places]
        members.insert(0, ~np.logical_or.reduce(members))
        for level, inside in zip(levels, members, strict=True):
            if counts[inside].sum() == 0:
                raise InputError(
                    f"all counts at {name} = {level} are zero (separation), so its rate ratio has "
                    "no finite value",
                    where=name,
                    remedy="join the level with another, or leave it out",
                )


def _result(
    found: PredictorColumns,
    model: CountFit,
    null: CountFit,
    counts: FloatArray,
    offset: FloatArray,
    family: str,
    per: float,
    alpha: float,
    name: str,
) -> PoissonRegression:
    width = len(found.terms)
    df = counts.size - width - 1
    chi2 = pearson(counts, model.fitted, model.theta)
    dispersion = chi2 / df
    pearson_p = float(special.chdtrc(df, chi2))
    quasi = family == "quasi_poisson"
    spread = dispersion if quasi else 1.0
    errors = np.sqrt(np.diag(model.covariance) * spread)
    quantile = float(special.stdtrit(df, 1 - alpha / 2) if quasi else special.ndtri(1 - alpha / 2))
    statistics = model.coefficients / errors
    tails = special.stdtr(df, -np.abs(statistics)) if quasi else special.ndtr(-np.abs(statistics))
    terms = []
    for i, term in enumerate(found.terms, start=1):
        value, error = float(model.coefficients[i]), float(errors[i])
        unit = 1.0 if found.sources[i - 1] in found.levels else per
        low, high = value - quantile * error, value + quantile * error
        terms.append(
            RateTerm(
                term=term,
                labelled=found.sources[i - 1] in found.levels,
                coefficient=value,
                se=error,
                statistic=float(statistics[i]),
                p_value=2 * float(tails[i]),
                significant=bool(2 * tails[i] < alpha),
                ci_low=low,
                ci_high=high,
                rate_ratio=_exponential(unit * value),
                rate_ratio_low=_exponential(unit * low),
                rate_ratio_high=_exponential(unit * high),
            )
        )
    ratio = max(2 * (model.log_likelihood - null.log_likelihood), 0.0)
    f_value = ratio / width / dispersion if quasi and dispersion > 0 else None
    if f_value is not None:
        p_value = float(special.fdtrc(width, df, f_value))
    else:
        p_value = float(special.chdtrc(width, ratio))
    finite = math.isfinite(model.theta)
    parameters = width + 1 + finite
    zero_chance = (
        np.exp(-model.theta * np.log1p(model.fitted / model.theta))
        if finite
        else np.exp(-model.fitted)
    )
    labels = {
        "poisson": "Poisson model, maximum likelihood, logarithmic link; Wald z tests of "
        "coefficients, likelihood-ratio test of the model",
        "quasi_poisson": "quasi-Poisson model (errors widened by Pearson's dispersion), "
        "logarithmic link; t tests of coefficients, F test of the model",
        "negative_binomial": "negative binomial model with theta by maximum likelihood, "
        "logarithmic link; Wald z tests of coefficients, likelihood-ratio test of the model",
    }
    return PoissonRegression(
        method=labels[family],
        name=name,
        family=FAMILIES[family],
        n=counts.size,
        total=float(counts.sum()),
        coefficients=model.coefficients.tolist(),
        std_errors=errors.tolist(),
        terms=terms,
        intercept=float(model.coefficients[0]),
        intercept_se=float(errors[0]),
        deviance=model.deviance,
        null_deviance=float(
            np.square(
                deviance_residuals(counts, _null_fitted(null, model, counts, offset), model.theta)
            ).sum()
        ),
        df_residual=df,
        deviance_p=float(special.chdtrc(df, model.deviance)),
        pearson_chi2=chi2,
        pearson_p=pearson_p,
        dispersion=dispersion,
        overdispersed=pearson_p < 0.05 and dispersion > CLEARLY_MORE,
        zeros=int((counts == 0).sum()),
        zeros_expected=float(zero_chance.sum()),
        statistic_name="t" if quasi else "z",
        p_value=p_value,
        significant=p_value < alpha,
        alpha=alpha,
        level=1 - alpha,
        per=per,
        iterations=model.iterations,
        lr_chi2=None if quasi else ratio,
        lr_df=width,
        F=f_value,
        log_likelihood=None if quasi else model.log_likelihood,
        aic=None if quasi else 2 * parameters - 2 * model.log_likelihood,
        theta=model.theta if finite else None,
        theta_se=model.theta_se if finite else None,
    )


def _null_fitted(
    null: CountFit, model: CountFit, counts: FloatArray, offset: FloatArray
) -> FloatArray:
    """Means of the model without predictors, at the theta of the model with them."""
    if not math.isfinite(model.theta):
        return null.fitted
    level = float(null.coefficients[0])
    for _ in range(50):
        fitted = np.exp(level + offset)
        weight = 1 / (1 + fitted / model.theta)
        step = float(((counts - fitted) * weight).sum() / (fitted * weight).sum())
        level += step
        if abs(step) < 1e-13:
            break
    return np.exp(level + offset)


def _exponential(value: float) -> float:
    return math.exp(min(value, 700.0))


def _predict(
    result: PoissonRegression,
    found: PredictorColumns,
    model: CountFit,
    x_new: float | list[float] | dict[str, float | str],
) -> list[RatePrediction]:
    predictions = []
    for label, row in setting_rows(found, x_new):
        rate, low, high = rate_band(result, model, row[None, :])
        predictions.append(
            RatePrediction(
                at=label, rate=float(rate[0]), ci_low=float(low[0]), ci_high=float(high[0])
            )
        )
    return predictions


def _assess(result: PoissonRegression, found: PredictorColumns, counts: FloatArray) -> None:
    quasi = result.statistic_name == "t"
    scatter = f"Pearson chi-squared / df = {result.dispersion:.3g}, p = {result.pearson_p:.3g}"
    result.assumptions.append(
        Check(
            name="scatter of the counts",
            status="ok" if quasi or not result.overdispersed else "violated",
            detail=scatter + (" (taken into account)" if quasi else ""),
        )
    )
    result.assumptions.append(
        Check(
            name="independent counts",
            status="unknown",
            detail="cannot be seen from the counts: do events come in clusters?",
        )
    )
    if result.overdispersed and result.family == FAMILIES["poisson"]:
        result.warnings.append(
            f"overdispersion: the counts scatter {result.dispersion:.3g} times as much as Poisson "
            "counts, so standard errors are about "
            f"{math.sqrt(result.dispersion):.3g} times too small; ask for quasi_poisson or "
            "negative_binomial"
        )
    if result.pearson_p > 0.999 and result.family == FAMILIES["poisson"]:
        result.warnings.append(
            "underdispersion: the counts scatter less than Poisson counts; are they bounded or "
            "averaged?"
        )
    low = result.zeros - result.zeros_expected
    if low > 3 * math.sqrt(max(result.zeros_expected, 1.0)) and counts.size >= 20:
        result.warnings.append(
            f"{result.zeros} counts are zero and {result.zeros_expected:.1f} are expected: some "
            "units may be unable to have an event"
        )
    if float(counts.mean()) < 1 and result.family == FAMILIES["poisson"]:
        result.warnings.append(
            "the counts are small (mean below one), so the chi-squared p-values of deviance and "
            "Pearson are rough"
        )
    result.warnings += inflation_warning(found)


@poisson_regression.narrates
def _narrate(result: PoissonRegression) -> Narrative:
    first = result.terms[0]
    single = result.slope is not None
    if result.significant and single:
        direction = "rises" if first.coefficient > 0 else "falls"
        verdict = f"The rate of {{{{name}}}} {direction} with {{{{terms.0.term}}}}"
    elif result.significant:
        verdict = "The rate of {{name}} depends on the predictors"
    elif single:
        verdict = "There is no evidence that the rate of {{name}} depends on {{terms.0.term}}"
    else:
        verdict = "There is no evidence that the rate of {{name}} depends on the predictors"
    if result.F is not None:
        test = "F = {{F}} with {{lr_df}} and {{df_residual}} df, p {{p_value:p}}"
    else:
        test = "likelihood ratio {{lr_chi2}}, df = {{lr_df}}, p {{p_value:p}}"
    details = [
        f"{{{{terms.{i}.term}}}}: rate ratio {{{{terms.{i}.rate_ratio}}}}"
        + ("" if result.terms[i].labelled else " for a change of {{per}}")
        + f" ({{{{level:%}}}} interval {{{{terms.{i}.rate_ratio_low}}}} to "
        f"{{{{terms.{i}.rate_ratio_high}}}}, p {{{{terms.{i}.p_value:p}}}})."
        for i in range(min(len(result.terms), 10))
    ]
    fits = (
        "The counts scatter more than the model says"
        if result.overdispersed
        else ("The scatter of the counts fits the model")
    )
    details.append(
        f"{fits}: dispersion {{{{dispersion}}}} (Pearson chi-squared {{{{pearson_chi2}}}} with "
        "{{df_residual}} df, p {{pearson_p:p}}; deviance {{deviance}}, p {{deviance_p:p}})."
    )
    details.extend(
        f"At {{{{predictions.{i}.at}}}} the rate is {{{{predictions.{i}.rate}}}} ({{{{level:%}}}} "
        f"interval {{{{predictions.{i}.ci_low}}}} to {{{{predictions.{i}.ci_high}}}})."
        for i in range(min(len(result.predictions or []), 8))
    )
    figures = [
        ("p-value", "{{p_value}}"),
        ("deviance", "{{deviance}} with {{df_residual}} df"),
        ("dispersion", "{{dispersion}}"),
    ]
    if result.rate_ratio is not None:
        figures.insert(0, ("rate ratio", "{{rate_ratio}}"))
    if result.theta is not None:
        figures.append(("theta", "{{theta}}"))
    if result.aic is not None:
        figures.append(("Akaike's criterion", "{{aic}}"))
    if result.prediction is not None:
        figures.insert(0, ("rate at {{predictions.0.at}}", "{{prediction}}"))
    return Narrative(
        conclusion=f"{verdict} ({{{{family}}}} model, {test}).",
        details=details,
        key_figures=figures,
    )


@poisson_regression.verifies
def _verify(
    result: PoissonRegression,
    counts: list[float],
    x: list[float] | None,
    predictors: dict[str, Predictor] | None,
    exposure: list[float] | None,
    x_name: str,
    **_: object,
) -> list[Recomputed]:
    """The likelihood equations: observed and fitted counts have the same weighted sums."""
    values = np.asarray(counts, dtype=np.float64)
    found = read_predictors("poisson_regression", x, predictors, x_name, values.size)
    sizes = np.ones(values.size) if exposure is None else np.asarray(exposure, dtype=np.float64)
    mean = sizes * np.exp(
        result.intercept + found.columns @ np.asarray(result.coefficients[1:], dtype=np.float64)
    )
    weight = np.ones(values.size) if result.theta is None else 1 / (1 + mean / result.theta)
    names = ["counts", *(f"counts weighted with {term}" for term in found.terms)]
    columns = [np.ones(values.size), *found.columns.T]
    return [
        Recomputed(
            name=name,
            value=math.fsum((column * weight * values).tolist()),
            recomputed=math.fsum((column * weight * mean).tolist()),
            route="sum of the fitted counts",
            atol=1e-7 * float(np.abs(column * weight * values).sum()),
        )
        for name, column in zip(names, columns, strict=True)
    ]
