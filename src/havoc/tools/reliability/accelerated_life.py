"""Life at use conditions from a test at higher stress: Arrhenius, inverse power, exponential.

Source: W. Q. Meeker and L. A. Escobar, Statistical Methods for Reliability Data (1998),
chapters 18 and 19; W. Nelson, Accelerated Testing (1990), chapters 2 and 5.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta
from scipy import optimize, special

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Confidence, FloatArray, Name, Unit, as_sample, same_length
from havoc.tools.reliability import life_families as families
from havoc.tools.reliability.accelerated_life_result import (
    AcceleratedLife,
    Coefficient,
    StressLevel,
    chart,
    narrate,
)
from havoc.tools.reliability.life_data import Censored, Counts, Events, Lives, Times, read_lives
from havoc.tools.reliability.life_regression import Regression, fit_regression
from havoc.tools.reliability.location_scale import Fit
from havoc.tools.reliability.location_scale import fit as fit_one
from havoc.tools.reliability.stress_scale import transformed
from havoc.tools.reliability.weibull_result import AtTime, BLife
from havoc.tools.result import Check, Recomputed

_RECOMPUTE = 5_000

Percent = Annotated[float, Meta(gt=0, lt=100)]


@tool(
    "accelerated_life",
    title="Accelerated life test",
    source="Meeker and Escobar (1998), chapters 18 and 19; Nelson, Accelerated Testing (1990)",
)
def accelerated_life(
    time: Times,
    stress: Annotated[
        list[float], Meta(description="stress of each unit: temperature in Celsius, voltage, load")
    ],
    event: Events | None = None,
    censored: Censored | None = None,
    counts: Counts | None = None,
    model: Annotated[
        Literal["arrhenius", "inverse_power", "exponential"],
        Meta(
            description="arrhenius for temperature in Celsius, inverse_power for voltage or "
            "load, exponential for ln life linear in the stress"
        ),
    ] = "arrhenius",
    distribution: Annotated[
        Literal["weibull", "lognormal", "exponential", "loglogistic"],
        Meta(description="distribution of the life at one stress"),
    ] = "weibull",
    use_stress: Annotated[
        float | None, Meta(description="stress in use, for which the life is wanted")
    ] = None,
    b_life: Annotated[
        list[Percent] | Percent | None,
        Meta(description="percentages failed whose times at use are wanted"),
    ] = None,
    at: Annotated[
        list[Annotated[float, Meta(gt=0)]] | Annotated[float, Meta(gt=0)] | None,
        Meta(description="times at use for which failed share and reliability are wanted"),
    ] = None,
    confidence: Confidence = 0.95,
    name: Name = "the units",
    unit: Unit = "",
) -> AcceleratedLife:
    """How long will units live in use, if they were tested at higher stress?

    Use it for a test at two or more constant stresses: temperature (Arrhenius), voltage,
    load or pressure (inverse power law), or any stress in which ln life is linear
    (exponential). Maximum likelihood with units still working; life at the use stress
    with limits, activation energy or power, acceleration factor. Assumes the same failure
    mode and the same spread of ln life at every stress, and that the law holds down to
    the use stress: the limits do not hold if it does not.
    """
    lives, x, stresses = _read(time, stress, event, censored, counts, model)
    design = np.stack([np.ones(x.size), x], axis=1)
    fixed = 1.0 if distribution == "exponential" else None
    fitted = fit_regression(distribution, lives, design, fixed_sigma=fixed)
    z = float(special.ndtri(0.5 + confidence / 2))
    free = design.shape[1] + (0 if fixed else 1)
    result = AcceleratedLife(
        method=f"{_MODELS[model]}, {families.LABELS[distribution]} life, maximum likelihood, "
        "normal limits on the log scale",
        unit=unit,
        name=name,
        model=model,
        distribution=distribution,
        level=confidence,
        n=lives.n,
        failures=lives.failures,
        intercept=float(fitted.coefficients[0]),
        slope=float(fitted.coefficients[1]),
        sigma=fitted.sigma,
        loglik=fitted.loglik,
        aic=2 * free - 2 * fitted.loglik,
        coefficients=_coefficients(fitted, z, model),
        levels=[],
    )
    if fitted.standard == "sev":
        result.shape = 1 / fitted.sigma
    slope = result.coefficients[1]
    if model == "arrhenius":
        result.activation_energy = slope.estimate
        result.activation_energy_low, result.activation_energy_high = slope.ci_low, slope.ci_high
    elif model == "inverse_power":
        result.power, result.power_low, result.power_high = (
            slope.estimate, slope.ci_low, slope.ci_high,
        )  # fmt: skip
    _levels(result, fitted, lives, stresses, distribution)
    if use_stress is not None:
        asked = [] if at is None else [at] if isinstance(at, float) else list(at)
        percents = [] if b_life is None else [b_life] if isinstance(b_life, float) else list(b_life)
        _at_use(result, fitted, use_stress, percents, asked, z, stresses)
        if isinstance(at, float) and result.at_times:
            row = result.at_times[0]
            result.at, result.F, result.reliability = row.time, row.F, row.reliability
    elif at is not None or b_life is not None:
        raise InputError(
            "the stress in use is missing", where="use_stress", remedy="give use_stress"
        )
    _notes(result, fitted)
    result.charts = [chart(result, fitted, lives, stresses)]
    return result


_MODELS = {
    "arrhenius": "Arrhenius law in the absolute temperature",
    "inverse_power": "inverse power law",
    "exponential": "exponential law (ln life linear in the stress)",
}


def _read(
    time: list[float],
    stress: list[float],
    event: list[int] | None,
    censored: list[int] | None,
    counts: list[int] | None,
    model: str,
) -> tuple[Lives, FloatArray, FloatArray]:
    same_length(time, stress, "time, stress")
    lives = read_lives(time, event, censored, counts)
    failed = (
        np.asarray(event) == 1
        if event is not None
        else np.asarray(censored) == 0
        if censored is not None
        else np.ones(len(time), dtype=bool)
    )
    # the order in which read_lives sorts
    order = np.lexsort((~failed, np.asarray(time, dtype=np.float64)))
    stresses = as_sample(stress, "stress")[order]
    x = transformed(model, stresses)
    working = np.unique(stresses[lives.failed])
    if working.size < 2:
        raise InputError(
            "failures at one stress only, so nothing is known of its effect"
            if working.size
            else f"none of {lives.n} units failed, so no life can be estimated",
            where="stress",
            remedy="a second stress needs failures too" if working.size else "test on",
        )
    if lives.failures < 3:
        raise InputError(
            f"{lives.failures} failures cannot give intercept, slope and spread",
            where="time",
            remedy="test on, or more units",
        )
    if np.ptp(x) < 1e-9 * max(1.0, float(np.abs(x).max())):
        raise InputError("the stresses hardly differ", where="stress", remedy="check them")
    return lives, x, stresses


def _coefficients(fitted: Regression, z: float, model: str) -> list[Coefficient]:
    names = {"arrhenius": "activation energy", "inverse_power": "power"}
    rows = []
    for place, label in enumerate(("intercept", names.get(model, "slope"))):
        value = float(fitted.coefficients[place])
        error = (
            None if fitted.covariance is None else math.sqrt(float(fitted.covariance[place, place]))
        )
        rows.append(
            Coefficient(
                name=label,
                estimate=value,
                se=error,
                ci_low=None if error is None else value - z * error,
                ci_high=None if error is None else value + z * error,
            )
        )
    return rows


def _levels(
    result: AcceleratedLife,
    fitted: Regression,
    lives: Lives,
    stresses: FloatArray,
    distribution: str,
) -> None:
    """Each stress on its own, and the likelihood-ratio test against the common law."""
    half = float(families.quantile(fitted.standard, np.array([0.5]))[0])
    total, parameters = 0.0, 0
    complete = True
    for value in np.unique(stresses):
        chosen = stresses == value
        own = Lives(
            time=lives.time[chosen], failed=lives.failed[chosen], weight=lives.weight[chosen]
        )
        x = transformed(result.model, np.array([value]))[0]
        median = math.exp(result.intercept + result.slope * x + result.sigma * half)
        single = _own_fit(own, distribution)
        if single is None:
            complete = False
        else:
            total += single.loglik
            parameters += 1 if distribution == "exponential" else 2
        result.levels.append(
            StressLevel(
                stress=float(value),
                n=own.n,
                failures=own.failures,
                median=median,
                own_median=None if single is None else math.exp(single.mu + half * single.sigma),
                own_sigma=None if single is None else single.sigma,
            )
        )
    free = 2 if distribution == "exponential" else 3
    if complete and parameters > free:
        chi2 = max(2 * (total - fitted.loglik), 0.0)
        result.lack_of_fit_chi2, result.lack_of_fit_df = chi2, parameters - free
        result.lack_of_fit_p_value = float(special.chdtrc(parameters - free, chi2))


def _own_fit(lives: Lives, distribution: str) -> Fit | None:
    if distribution == "exponential":
        if lives.failures == 0:
            return None
        mean = float(lives.weight @ lives.time) / lives.failures
        loglik = -lives.failures * (math.log(mean) + 1)
        return Fit(family="weibull", mu=math.log(mean), sigma=1.0, loglik=loglik)
    if distribution == "loglogistic":
        return None
    try:
        return fit_one("lognormal" if distribution == "lognormal" else "weibull", lives)
    except InputError:
        return None


def _at_use(
    result: AcceleratedLife,
    fitted: Regression,
    use_stress: float,
    percents: list[float],
    asked: list[float],
    z: float,
    stresses: FloatArray,
) -> None:
    if not math.isfinite(use_stress):
        raise InputError("must be a finite number", where="use_stress", remedy="give a number")
    x = float(transformed(result.model, np.array([use_stress]), "use_stress")[0])
    ends = transformed(result.model, np.array([stresses.min(), stresses.max()]))
    highest = float(ends[int(np.argmin(result.slope * ends))])
    result.use_stress = use_stress
    log_factor = result.slope * (x - highest)
    if abs(log_factor) > 600:
        raise InputError(
            f"a stress of {use_stress:g} is so far from the test that the life has no meaning",
            where="use_stress",
            remedy="check its unit (temperatures are in Celsius)",
        )
    result.acceleration_factor = math.exp(log_factor)
    mu = result.intercept + result.slope * x
    lives = []
    for percent in dict.fromkeys([*percents, 10.0, 50.0]):
        place = float(families.quantile(fitted.standard, np.array([percent / 100]))[0])
        log_life = mu + result.sigma * place
        error = _error(fitted, np.array([1.0, x, result.sigma * place]))
        low, high = (
            (None, None)
            if error is None
            else (math.exp(log_life - z * error), math.exp(min(log_life + z * error, 700)))
        )
        lives.append(
            BLife(
                percent=percent, share=percent / 100, life=math.exp(log_life),
                ci_low=low, ci_high=high,
            )
        )  # fmt: skip
    result.b_lives = lives
    by_percent = {life.percent: life for life in lives}
    result.B10_use = by_percent[10.0].life
    half = by_percent[50.0]
    result.median_use, result.median_use_low = half.life, half.ci_low
    result.median_use_high = half.ci_high
    if asked:
        result.at_times = [_at_time(fitted, x, mu, result.sigma, t, z) for t in asked]
        result.at = [row.time for row in result.at_times]
        result.F = [row.F for row in result.at_times]
        result.reliability = [row.reliability for row in result.at_times]


def _error(fitted: Regression, slope: FloatArray) -> float | None:
    if fitted.covariance is None:
        return None
    slope = slope[: fitted.covariance.shape[0]]
    return math.sqrt(float(slope @ fitted.covariance @ slope))


def _at_time(
    fitted: Regression, x: float, mu: float, sigma: float, time: float, z: float
) -> AtTime:
    place = (math.log(time) - mu) / sigma
    failed = float(families.share(fitted.standard, np.array([place]))[0])
    error = _error(fitted, np.array([-1 / sigma, -x / sigma, -place]))
    row: dict[str, float] = {}
    if error is not None:
        ends = families.share(fitted.standard, np.array([place - z * error, place + z * error]))
        low, high = float(ends[0]), float(ends[1])
        row = {"F_low": low, "F_high": high, "reliability_low": 1 - high}
        row["reliability_high"] = 1 - low
    return AtTime(time=time, F=failed, reliability=1 - failed, **row)


def _notes(result: AcceleratedLife, fitted: Regression) -> None:
    result.assumptions = [
        Check(
            name="same failure mode at every stress, law valid down to use",
            status="unknown",
            detail="the data cannot tell; compare the failed parts with those from the field",
        )
    ]
    if result.lack_of_fit_p_value is not None:
        result.assumptions.append(
            Check(
                name="common law and common spread",
                status="violated" if result.lack_of_fit_p_value < 0.05 else "ok",
                detail=f"likelihood ratio against a fit of each stress alone, "
                f"chi-squared {result.lack_of_fit_chi2:.3g} with {result.lack_of_fit_df} degrees "
                f"of freedom, p = {result.lack_of_fit_p_value:.3g}",
            )
        )
    slope = result.coefficients[1]
    wrong = result.slope <= 0 if result.model != "exponential" else result.slope >= 0
    if wrong:
        result.warnings.append("life does not fall as the stress rises: check stress and model")
    elif (
        slope.ci_low is not None
        and slope.ci_high is not None
        and (slope.ci_low <= 0 <= slope.ci_high)
    ):
        result.warnings.append("the effect of the stress is not proved by these data")
    if fitted.covariance is None:
        result.warnings.append("the likelihood is so flat that no limits can be given")


accelerated_life.narrates(narrate)


@accelerated_life.verifies
def _verify(
    result: AcceleratedLife,
    time: list[float],
    stress: list[float],
    event: list[int] | None,
    censored: list[int] | None,
    counts: list[int] | None,
    **_: object,
) -> list[Recomputed]:
    """The maximum of the likelihood searched again without derivatives."""
    if len(time) > _RECOMPUTE or result.distribution == "exponential":
        return []
    lives, x, _stresses = _read(time, stress, event, censored, counts, result.model)
    standard = families.standard_of(result.distribution)
    y, center = np.log(lives.time), float(x.mean())

    def negative(step: FloatArray) -> float:
        mu = result.intercept + step[0] + (result.slope + step[1]) * x - step[1] * center
        sigma = result.sigma * math.exp(float(step[2]))
        z = np.clip((y - mu) / sigma, -1e6, 1e6)
        density = families.log_density(standard, z) - math.log(sigma) - y
        terms = np.where(lives.failed, density, families.log_survival(standard, z))
        return -float(lives.weight @ terms)

    start = np.array([0.02, 0.02 * max(abs(result.slope), 0.1), 0.02])
    found = optimize.minimize(
        negative, start, method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 4000},
    )  # fmt: skip
    return [
        Recomputed(
            name="loglik",
            value=result.loglik,
            recomputed=-float(found.fun),
            route="maximum searched by the simplex of Nelder and Mead",
            rtol=1e-7,
            atol=1e-6,
        )
    ]
