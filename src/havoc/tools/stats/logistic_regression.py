"""Logistic regression: how the chance of an event depends on settings.

Sources: Hosmer and Lemeshow, Applied Logistic Regression (2000); E. C. Fieller (1954),
J. Roy. Statist. Soc. B 16, 175 (interval of the level for a given chance); the fit
and its sources are in ``logistic_fit``.
"""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from msgspec import Meta
from scipy import special

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, Name
from havoc.tools.result import Check, Narrative, Recomputed
from havoc.tools.stats import logistic_fit
from havoc.tools.stats.logistic_fit import LogisticFit
from havoc.tools.stats.logistic_input import (
    Observations,
    Outcomes,
    read_observations,
)
from havoc.tools.stats.logistic_result import (
    Coefficient,
    LogisticRegression,
    Prediction,
    logistic_chart,
)
from havoc.tools.stats.predictor_columns import Predictor, inflation_warning, setting_rows

# Events (or non-events, if fewer) per coefficient below which estimates are unsteady.
FEW_EVENTS = 10


@tool(
    "logistic_regression",
    title="Logistic regression",
    source="Hosmer and Lemeshow, Applied Logistic Regression (2000)",
)
def logistic_regression(
    x: Annotated[
        list[float] | None, Meta(description="the one predictor, a value for each outcome")
    ] = None,
    predictors: Annotated[
        dict[str, Predictor] | None,
        Meta(description="instead of x: named predictors, numbers or labels"),
    ] = None,
    y: Annotated[
        Outcomes | None, Meta(description="outcome of each unit: 0 and 1, or two labels")
    ] = None,
    event: Annotated[
        str | None, Meta(description="which label of y is the event whose chance is modelled")
    ] = None,
    events: Annotated[
        list[float] | None, Meta(description="instead of y: number of events at each setting")
    ] = None,
    trials: Annotated[
        list[float] | None, Meta(description="and number of units tested at each setting")
    ] = None,
    x_new: Annotated[
        float | list[float] | dict[str, float | str] | None,
        Meta(description="setting (or settings) at which the chance is wanted"),
    ] = None,
    probability: Annotated[
        Annotated[float, Meta(gt=0, lt=1)] | None,
        Meta(description="chance for which the level of x is wanted; 0.5 gives ED50 or LD50"),
    ] = None,
    per: Annotated[
        float, Meta(gt=0, description="the odds ratio is for a change of this many units")
    ] = 1.0,
    alpha: Alpha = 0.05,
    x_name: Name = "x",
    name: Name = "the event",
) -> LogisticRegression:
    """How does the chance of an event depend on settings: odds ratio, S-curve, ED50?

    Use it for outcomes of two kinds (pass or fail, leak or not), unit by unit or
    as events out of trials, and numeric or labelled predictors. Assumes
    independent units and log odds that are linear in the predictors. If the
    predictors separate the outcomes, no finite answer exists and this is said.
    """
    seen = read_observations(x, predictors, x_name, y, event, events, trials)
    single = seen.columns.shape[1] == 1 and not seen.levels
    if single:
        _refuse_one_sided(seen, seen.terms[0])
    model = logistic_fit.fit(seen.columns, seen.terms, seen.events, seen.trials)
    result = _result(seen, model, per, alpha, name)
    if single:
        _single(result, model, 0.5 if probability is None else probability)
    elif probability is not None:
        raise InputError(
            "the level for a given chance needs a single numeric predictor",
            where="probability",
            remedy="use x_new to predict at settings instead",
        )
    if x_new is not None:
        result.predictions = _predict(seen, model, x_new, alpha)
        result.prediction = result.predictions[0].probability
    _assess(result, seen, model)
    if single:
        result.charts = [logistic_chart(result, seen, model)]
    return result


def _refuse_one_sided(seen: Observations, x_name: str) -> None:
    """With one predictor separation is plain to see, and the gap can be named."""
    column = seen.columns[:, 0]
    with_event, without = column[seen.events > 0], column[seen.events < seen.trials]
    for below, above, side in (
        (without, with_event, "above"),
        (with_event, without, "below"),
    ):
        if below.max() <= above.min():
            raise InputError(
                f"all events lie {side} all other outcomes (the change is between "
                f"{below.max():g} and {above.min():g}), so the slope has no finite value",
                where=x_name,
                remedy="test more units in that range, or use a wider overlap",
            )


def _result(
    seen: Observations, model: LogisticFit, per: float, alpha: float, name: str
) -> LogisticRegression:
    quantile = float(special.ndtri(1 - alpha / 2))
    errors = np.sqrt(np.diag(model.covariance))
    z = model.coefficients / errors
    p_values = 2 * special.ndtr(-np.abs(z))
    terms = []
    for i, term in enumerate(seen.terms, start=1):
        value, error = float(model.coefficients[i]), float(errors[i])
        unit = 1.0 if seen.predictors.sources[i - 1] in seen.levels else per
        low, high = value - quantile * error, value + quantile * error
        terms.append(
            Coefficient(
                term=term,
                labelled=seen.predictors.sources[i - 1] in seen.levels,
                coefficient=value,
                se=error,
                z=float(z[i]),
                p_value=float(p_values[i]),
                significant=bool(p_values[i] < alpha),
                ci_low=low,
                ci_high=high,
                odds_ratio=_exponential(unit * value),
                odds_ratio_low=_exponential(unit * low),
                odds_ratio_high=_exponential(unit * high),
            )
        )
    ratio = max(2 * (model.log_likelihood - model.null_log_likelihood), 0.0)
    count, width = seen.events.size, len(terms)
    lr_p = float(special.chdtrc(width, ratio))
    return LogisticRegression(
        method="maximum likelihood by Newton's method, logit link; Wald tests and intervals of "
        "coefficients, likelihood-ratio test of the model",
        name=name,
        event=seen.event,
        n=int(seen.trials.sum()),
        observations=count,
        events=int(seen.events.sum()),
        coefficients=model.coefficients.tolist(),
        std_errors=errors.tolist(),
        terms=terms,
        intercept=float(model.coefficients[0]),
        intercept_se=float(errors[0]),
        intercept_p=float(p_values[0]),
        log_likelihood=model.log_likelihood,
        deviance=_deviance(seen, model.log_likelihood),
        null_deviance=_deviance(seen, model.null_log_likelihood),
        df_residual=count - width - 1,
        lr_chi2=ratio,
        lr_df=width,
        lr_p=lr_p,
        p_value=lr_p,
        significant=lr_p < alpha,
        alpha=alpha,
        level=1 - alpha,
        mcfadden_r2=1 - model.log_likelihood / model.null_log_likelihood,
        aic=2 * (width + 1) - 2 * model.log_likelihood,
        auc=logistic_fit.concordance(model.fitted, seen.events, seen.trials),
        per=per,
        iterations=model.iterations,
    )


def _exponential(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf


def _deviance(seen: Observations, log_likelihood: float) -> float:
    """Twice the distance of the log-likelihood from that of the observed shares."""
    hits, misses = seen.events, seen.trials - seen.events
    saturated = special.xlogy(hits, hits / seen.trials)
    saturated += special.xlogy(misses, misses / seen.trials)
    return max(2 * (float(saturated.sum()) - log_likelihood), 0.0)


def _single(result: LogisticRegression, model: LogisticFit, probability: float) -> None:
    term = result.terms[0]
    result.slope, result.slope_se = term.coefficient, term.se
    result.slope_z, result.slope_p = term.z, term.p_value
    result.odds_ratio = term.odds_ratio
    result.odds_ratio_ci_low, result.odds_ratio_ci_high = term.odds_ratio_low, term.odds_ratio_high
    result.probability = probability
    result.x_at = (float(special.logit(probability)) - result.intercept) / term.coefficient
    result.ed50 = -result.intercept / term.coefficient
    bounds = _fieller(model, probability, result.alpha)
    if bounds is not None:
        result.x_at_ci_low, result.x_at_ci_high = bounds


def _fieller(model: LogisticFit, probability: float, alpha: float) -> tuple[float, float] | None:
    """Levels whose predicted log odds are compatible with the wanted ones; None if unbounded."""
    a, b = (float(value) for value in model.coefficients)
    gap = a - float(special.logit(probability))
    v = model.covariance
    square = float(special.chdtri(1, alpha))
    lead = b * b - square * float(v[1, 1])
    middle = gap * b - square * float(v[0, 1])
    last = gap * gap - square * float(v[0, 0])
    root = middle * middle - lead * last
    if lead <= 0 or root < 0:
        return None
    return (-middle - math.sqrt(root)) / lead, (-middle + math.sqrt(root)) / lead


def _predict(
    seen: Observations,
    model: LogisticFit,
    x_new: float | list[float] | dict[str, float | str],
    alpha: float,
) -> list[Prediction]:
    quantile = float(special.ndtri(1 - alpha / 2))
    predictions = []
    for label, row in setting_rows(seen.predictors, x_new):
        full = np.concatenate([[1.0], row])
        linear = float(full @ model.coefficients)
        margin = quantile * math.sqrt(float(full @ model.covariance @ full))
        predictions.append(
            Prediction(
                at=label,
                probability=float(special.expit(linear)),
                ci_low=float(special.expit(linear - margin)),
                ci_high=float(special.expit(linear + margin)),
            )
        )
    return predictions


def _assess(result: LogisticRegression, seen: Observations, model: LogisticFit) -> None:
    test = logistic_fit.hosmer_lemeshow(model.fitted, seen.events, seen.trials)
    if test is not None:
        result.hosmer_lemeshow_chi2, result.hosmer_lemeshow_df = test.chi2, test.df
        result.hosmer_lemeshow_p = test.p_value
        result.assumptions.append(
            Check(
                name="fit of the curve",
                status="ok" if test.p_value >= 0.05 else "violated",
                detail=f"Hosmer-Lemeshow p = {test.p_value:.3g}",
            )
        )
    rarer = min(result.events, result.n - result.events)
    if rarer < FEW_EVENTS * len(result.terms):
        result.warnings.append(
            f"{rarer} units have the rarer outcome; ten for each coefficient are usual, with fewer "
            "odds ratios come out too large"
        )
    result.warnings += inflation_warning(seen.predictors)
    if result.slope is not None and result.x_at is not None:
        column = seen.columns[:, 0]
        if not column.min() <= result.x_at <= column.max():
            result.warnings.append(
                f"the level {result.x_at:.4g} lies outside the tested range "
                f"{column.min():g} to {column.max():g}"
            )
        if result.x_at_ci_low is None:
            result.warnings.append(
                "Wald's test does not rule out a slope of zero, so the level for a given chance "
                "has no finite interval"
            )


@logistic_regression.narrates
def _narrate(result: LogisticRegression) -> Narrative:
    first = result.terms[0]
    if result.significant and len(result.terms) == 1:
        direction = "rises" if first.coefficient > 0 else "falls"
        verdict = f"The chance of {{{{name}}}} {direction} with {{{{terms.0.term}}}}"
    elif result.significant:
        verdict = "The chance of {{name}} depends on the predictors"
    elif len(result.terms) == 1:
        verdict = "There is no evidence that the chance of {{name}} depends on {{terms.0.term}}"
    else:
        verdict = "There is no evidence that the chance of {{name}} depends on the predictors"
    details = []
    for i, term in enumerate(result.terms[:8]):
        change = "" if term.labelled else " for a change of {{per}}"
        details.append(
            f"{{{{terms.{i}.term}}}}: odds ratio {{{{terms.{i}.odds_ratio}}}}{change} "
            f"({{{{level:%}}}} interval {{{{terms.{i}.odds_ratio_low}}}} to "
            f"{{{{terms.{i}.odds_ratio_high}}}}, p {{{{terms.{i}.p_value:p}}}})."
        )
    if result.x_at is not None:
        bounds = (
            " ({{level:%}} interval {{x_at_ci_low}} to {{x_at_ci_high}})"
            if result.x_at_ci_low is not None
            else ""
        )
        details.append(f"A chance of {{{{probability:%}}}} is reached at {{{{x_at}}}}{bounds}.")
    details.extend(
        f"At {{{{predictions.{i}.at}}}} the chance is {{{{predictions.{i}.probability:%}}}} "
        f"({{{{level:%}}}} interval {{{{predictions.{i}.ci_low:%}}}} to "
        f"{{{{predictions.{i}.ci_high:%}}}})."
        for i in range(min(len(result.predictions or []), 8))
    )
    figures = [
        ("likelihood ratio", "{{lr_chi2}}"),
        ("p-value", "{{p_value}}"),
        ("McFadden's r squared", "{{mcfadden_r2}}"),
        ("events", "{{events}} of {{n}}"),
    ]
    if result.odds_ratio is not None:
        figures.insert(0, ("odds ratio", "{{odds_ratio}}"))
        figures.insert(1, ("level for a chance of {{probability:%}}", "{{x_at}}"))
    if result.prediction is not None:
        figures.insert(0, ("chance at {{predictions.0.at}}", "{{prediction:%}}"))
    return Narrative(
        conclusion=f"{verdict} (likelihood ratio {{{{lr_chi2}}}}, df = {{{{lr_df}}}}, "
        "p {{p_value:p}}).",
        details=details,
        key_figures=figures,
    )


@logistic_regression.verifies
def _verify(
    result: LogisticRegression,
    x: list[float] | None,
    y: Outcomes | None,
    events: list[float] | None,
    trials: list[float] | None,
    **_: object,
) -> list[Recomputed]:
    """The likelihood equations: fitted and observed events have the same sum, and with x too."""
    if x is None or len(x) > 100_000:
        return []
    if events is not None and trials is not None:
        hits, sizes = events, trials
    elif y is not None and all(isinstance(value, (int, float)) for value in y):
        hits = [value for value in y if not isinstance(value, str)]
        sizes = [1.0] * len(hits)
    else:
        return []
    chances = [1 / (1 + math.exp(-(result.intercept + (result.slope or 0.0) * v))) for v in x]
    expected = math.fsum(size * p for size, p in zip(sizes, chances, strict=True))
    weighted = math.fsum(v * size * p for v, size, p in zip(x, sizes, chances, strict=True))
    return [
        Recomputed(
            name="events",
            value=float(result.events),
            recomputed=expected,
            route="sum of the fitted chances",
        ),
        Recomputed(
            name="events weighted with x",
            value=math.fsum(v * hit for v, hit in zip(x, hits, strict=True)),
            recomputed=weighted,
            route="sum of x times the fitted chances",
        ),
    ]
