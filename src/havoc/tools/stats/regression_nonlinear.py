"""Nonlinear least squares of a curve that is written down or chosen by name.

Sources: D. M. Bates and D. G. Watts, Nonlinear Regression Analysis and Its Applications
(1988), chapters 2, 3 and 6; NIST Statistical Reference Datasets, nonlinear regression.
"""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from msgspec import Meta
from scipy import special

from havoc.errors import InputError
from havoc.formatting import figure
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, FloatArray, Name, Sample, Unit, as_sample, same_length
from havoc.tools.result import Recomputed
from havoc.tools.stats import nonlinear_result, precise_sums
from havoc.tools.stats.nonlinear_catalogue import CURVES, Curve
from havoc.tools.stats.nonlinear_fit import (
    Model,
    NonlinearFit,
    fit,
    linear_parameters,
    profile_limits,
    written_model,
)
from havoc.tools.stats.nonlinear_result import NonlinearRegression, Parameter, narrate
from havoc.tools.stats.nonlinear_start import starting_values
from havoc.tools.stats.regression_charts import charts_of_residuals
from havoc.tools.stats.regression_checks import extrapolation_warnings

# Values times parameters up to which profiles take less than about a second.
PROFILE_WORK = 20_000
MOST_VALUES = 500_000
STRONG_CORRELATION = 0.999

Start = Annotated[
    dict[str, float] | list[float] | None,
    Meta(description="starting values, {parameter: value} or a list in the order b1, b2, ..."),
]
Setting = Annotated[
    float | dict[str, float] | list[float] | None,
    Meta(description="settings at which to predict: x, or {predictor: value}"),
]


@tool(
    "regression_nonlinear",
    title="Nonlinear regression",
    source="Bates and Watts, Nonlinear Regression Analysis (1988), chapters 2, 3 and 6; NIST StRD",
)
def regression_nonlinear(
    y: Sample,
    x: Annotated[
        list[float] | None, Meta(description="the one predictor, a value for each of y")
    ] = None,
    predictors: Annotated[
        dict[str, list[float]] | None,
        Meta(description="instead of x: named predictors, as the formula names them"),
    ] = None,
    formula: Annotated[
        str | None,
        Meta(description="the model, such as b1*(1-exp(-b2*x)); other names are parameters"),
    ] = None,
    curve: Annotated[
        Curve | None, Meta(description="instead of a formula: a named curve in x")
    ] = None,
    start: Start = None,
    at: Setting = None,
    profile: Annotated[
        bool, Meta(description="also give profile-likelihood intervals of the parameters")
    ] = True,
    alpha: Alpha = 0.05,
    x_name: Name = "x",
    response: Name = "y",
    unit: Unit = "",
) -> NonlinearRegression:
    """Which parameters of a given curve fit the measurements best?

    Use it when the form of the curve is known (decay, saturation, growth, a law of
    physics) and its parameters do not enter as simple factors; without starting values
    the data suggest them. Assumes that the formula is right, independent rows and normal
    scatter of constant spread about the curve. Where the search does not converge, or
    two parameters cannot be told apart, this is an error and no figure is given.
    """
    measured = as_sample(y, "y", minimum=2, varying=True)
    data = _data(x, predictors, y, x_name, formula)
    if (formula is None) == (curve is None):
        raise InputError(
            "give either a formula or a curve by its name",
            where="regression_nonlinear",
            remedy=f"write a formula such as b1*exp(-b2*x), or name {', '.join(CURVES)}",
        )
    named = CURVES[curve] if curve is not None else None
    if named is not None and (len(data) != 1):
        raise InputError("a named curve has one predictor", where="predictors", remedy="give x")
    if named is not None:
        data = {"x": next(iter(data.values()))}
    model = written_model(named.formula if named else formula or "", data, response)
    if measured.size <= len(model.parameters):
        raise InputError(
            f"{measured.size} rows for {len(model.parameters)} parameters leave nothing to "
            "estimate the scatter from",
            where="y",
            remedy="add rows or use a curve with fewer parameters",
        )
    if start is None:
        starts = starting_values(model, measured, named.positive if named else ())
        source = "searched on a grid of the data's own scales"
    else:
        starts, source = [_given_start(start, model)], "given"
    found = fit(model, measured, starts)
    result = _result(found, measured, response, alpha, profile, source)
    result.curve = named.title if named else None
    result.unit = unit
    label = x_name if "x" in data and len(data) == 1 else next(iter(data))
    result.charts = [
        *(
            [nonlinear_result.curve_chart(found, measured, label, response, alpha)]
            if len(data) == 1
            else []
        ),
        *charts_of_residuals(found.fitted, found.residuals, response),
    ]
    if at is not None:
        _predict(result, found, at, alpha)
    _warn(result, found)
    return result


def _data(
    x: list[float] | None,
    predictors: dict[str, list[float]] | None,
    y: list[float],
    x_name: str,
    formula: str | None,
) -> dict[str, FloatArray]:
    if (x is None) == (predictors is None):
        raise InputError(
            "give either x or predictors",
            where="regression_nonlinear",
            remedy="x for one predictor, predictors for named ones",
        )
    named = {"x": x} if x is not None else predictors or {}
    if not named:
        raise InputError("there is no predictor", where="predictors", remedy="name at least one")
    if len(y) * len(named) > MOST_VALUES:
        raise InputError(
            f"{len(y)} rows are too many for a search", where="y", remedy="use a sample of them"
        )
    data = {}
    for name, values in named.items():
        same_length(values, y, f"{name}, y")
        data[name] = as_sample(values, name, varying=True)
    return data


def _given_start(start: dict[str, float] | list[float], model: Model) -> FloatArray:
    names = model.parameters
    if isinstance(start, list):
        if len(start) != len(names):
            raise InputError(
                f"{len(start)} starting values for {len(names)} parameters",
                where="start",
                remedy=f"give one for each of {', '.join(names)}",
            )
        values = start
    else:
        unknown = [name for name in start if name not in names]
        missing = [name for name in names if name not in start]
        if unknown or missing:
            raise InputError(
                f"there is no parameter {unknown[0]}" if unknown else f"{missing[0]} has no start",
                where="start",
                remedy=f"give one for each of {', '.join(names)}",
            )
        values = [start[name] for name in names]
    found = as_sample(values, "start")
    if not np.isfinite(model.value(found)).all():
        row = int(np.flatnonzero(~np.isfinite(model.value(found)))[0]) + 1
        raise InputError(
            f"at the starting values the model has no finite value in row {row}",
            where="start",
            remedy="give starting values inside its domain",
        )
    return found


def _result(
    found: NonlinearFit,
    y: FloatArray,
    response: str,
    alpha: float,
    profile: bool,
    source: str,
) -> NonlinearRegression:
    n, p, df = y.size, found.estimates.size, found.df_residual
    quantile = float(special.stdtrit(df, 1 - alpha / 2))
    errors = np.sqrt(np.diag(found.unscaled) * found.variance)
    profiled = profile and not found.perfect and n * p * p <= PROFILE_WORK
    parameters = []
    for k, name in enumerate(found.model.parameters):
        estimate, error = float(found.estimates[k]), float(errors[k])
        low, high = profile_limits(found, y, k, quantile) if profiled else (None, None)
        t = estimate / error if error > 0 else math.copysign(1e300, estimate)
        parameters.append(
            Parameter(
                name=name,
                estimate=estimate,
                std_error=error,
                t=t,
                p_value=2 * float(special.stdtr(df, -abs(t))),
                ci_low=estimate - quantile * error,
                ci_high=estimate + quantile * error,
                start=float(found.start[k]),
                profile_low=low,
                profile_high=high,
            )
        )
    ss_total = precise_sums.deviations(y)
    total = float(ss_total @ ss_total)
    square = max(found.ss_residual, 1e-300)
    log_likelihood = -n / 2 * (math.log(2 * math.pi * square / n) + 1)
    lack = nonlinear_result.lack_of_fit(found, y)
    together = nonlinear_result.correlation(found)
    names = found.model.parameters
    return NonlinearRegression(
        method="nonlinear least squares by Levenberg-Marquardt with exact derivatives; standard "
        "errors and intervals by linearisation"
        + (", profile intervals by likelihood" if profiled else ""),
        response=response,
        predictors=list(found.model.data),
        formula=found.model.text,
        equation=f"{response}: {found.model.text.split('=')[-1].strip()} with "
        + ", ".join(f"{item.name} = {figure(item.estimate)}" for item in parameters),
        parameters=parameters,
        estimates=found.estimates.tolist(),
        std_errors=errors.tolist(),
        by_name={item.name: item.estimate for item in parameters}
        | {f"se_{item.name}": item.std_error for item in parameters},
        n=n,
        df_residual=df,
        residual_ss=found.ss_residual,
        residual_stdev=math.sqrt(found.variance),
        r_squared=1 - found.ss_residual / total,
        log_likelihood=log_likelihood,
        aic=2 * (p + 1) - 2 * log_likelihood,
        bic=math.log(n) * (p + 1) - 2 * log_likelihood,
        alpha=alpha,
        level=1 - alpha,
        start_source=source,
        relative_offset=found.relative_offset,
        iterations=found.iterations,
        max_correlation=together[0] if together else None,
        correlated_first=names[together[1]] if together else None,
        correlated_second=names[together[2]] if together else None,
        F_lack_of_fit=lack.get("F_lack_of_fit"),
        p_lack_of_fit=lack.get("p_lack_of_fit"),
        df_lack_of_fit=int(lack["df_lack_of_fit"]) if lack else None,
        df_pure_error=int(lack["df_pure_error"]) if lack else None,
        assumptions=nonlinear_result.checks(found, lack.get("p_lack_of_fit")),
    )


def _predict(
    result: NonlinearRegression,
    found: NonlinearFit,
    at: float | dict[str, float] | list[float],
    alpha: float,
) -> None:
    names = list(found.model.data)
    rows = []
    for setting in at if isinstance(at, list) else [at]:
        if isinstance(setting, dict):
            if set(setting) != set(names):
                raise InputError(
                    "the setting does not name the predictors",
                    where="at",
                    remedy=f"give a value for each of {', '.join(names)}",
                )
            rows.append([setting[name] for name in names])
        elif len(names) == 1:
            rows.append([setting])
        else:
            raise InputError(
                "there are several predictors, and each needs its setting",
                where="at",
                remedy=f"give {', '.join(names)}",
            )
    if not rows:
        raise InputError("no setting given", where="at", remedy=f"give {', '.join(names)}")
    table = np.array([as_sample(row, "at") for row in rows])
    settings = dict(zip(names, table.T, strict=True))
    result.predictions = nonlinear_result.predict(found, settings, alpha)
    if not all(math.isfinite(item.fit) for item in result.predictions):
        raise InputError(
            "the model has no finite value at this setting", where="at", remedy="give another"
        )
    result.predicted = result.predictions[0].fit
    measured = np.column_stack(list(found.model.data.values()))
    result.warnings += extrapolation_warnings(measured, names, table)


def _warn(result: NonlinearRegression, found: NonlinearFit) -> None:
    if found.perfect:
        result.warnings.append(
            "perfect fit: the residuals are zero up to rounding, so intervals say nothing"
        )
    if len(linear_parameters(found.model.tree, found.model.parameters)) == result.n - (
        result.df_residual
    ):
        result.warnings.append(
            "the model is linear in all its parameters; linear, multiple or polynomial "
            "regression gives the same fit with more diagnostics"
        )
    if result.max_correlation is not None and abs(result.max_correlation) > STRONG_CORRELATION:
        result.warnings.append(
            f"{result.correlated_first} and {result.correlated_second} are nearly exchangeable "
            f"(correlation {result.max_correlation:.4f}): trust their joint curve more than either"
        )
    profiled = "profile" in result.method
    bent = [
        item.name
        for item in result.parameters
        if profiled and (item.profile_low is None or item.profile_high is None)
    ]
    if bent:
        result.warnings.append(
            f"the profile interval of {', '.join(bent)} is open on a side: the data do not bound it"
        )
    lopsided = [
        item.name
        for item in result.parameters
        if item.profile_low is not None
        and item.profile_high is not None
        and not 0.8
        < (item.profile_high - item.estimate) / (item.estimate - item.profile_low)
        < 1.25
    ]
    if lopsided:
        result.warnings.append(
            f"the profile interval of {', '.join(lopsided)} is not symmetric: use it instead of "
            "the linearised one"
        )


regression_nonlinear.narrates(narrate)


@regression_nonlinear.verifies
def _verify(
    result: NonlinearRegression,
    y: list[float],
    x: list[float] | None,
    predictors: dict[str, list[float]] | None,
    **_: object,
) -> list[Recomputed]:
    """A Gauss-Newton step with derivatives by central differences must stand still."""
    given = {"x": x} if x is not None else predictors or {}
    data = {name: np.asarray(values, dtype=np.float64) for name, values in given.items()}
    if len(result.predictors) == 1:
        data = {result.predictors[0]: next(iter(data.values()))}
    model = written_model(result.formula, data, result.response)
    at, values = np.array(result.estimates), np.asarray(y, dtype=np.float64)
    errors = np.array(result.std_errors)
    steps = np.maximum(1e-4 * errors, 1e-7 * np.abs(at))
    columns = []
    for k, step in enumerate(steps):
        shift = np.zeros(at.size)
        shift[k] = step
        columns.append((model.value(at + shift) - model.value(at - shift)) / (2 * step))
    residuals = values - model.value(at)
    size = np.linalg.norm(np.column_stack(columns), axis=0)
    move = np.linalg.lstsq(np.column_stack(columns) / size, residuals, rcond=None)[0] / size
    again = [
        Recomputed(
            name=item.name,
            value=item.estimate,
            recomputed=item.estimate + float(step),
            route="one more Gauss-Newton step with numerical derivatives",
            atol=1e-3 * item.std_error + 1e-9 * abs(item.estimate),
        )
        for item, step in zip(result.parameters, move, strict=True)
    ]
    again.append(
        Recomputed(
            name="residual_ss",
            value=result.residual_ss,
            recomputed=math.fsum((residuals * residuals).tolist()),
            route="residuals of the written formula",
            atol=1e-20 * float(values @ values),
        )
    )
    return again
