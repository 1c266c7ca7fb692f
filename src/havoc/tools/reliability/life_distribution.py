"""A chosen distribution fitted to lifetimes under any censoring.

Source: W. Q. Meeker and L. A. Escobar, Statistical Methods for Reliability Data (1998),
chapters 2, 7, 8 and 11.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta
from scipy import optimize, special

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Confidence, Name, Unit
from havoc.tools.reliability import life_families as families
from havoc.tools.reliability.life_data import Censored, Counts, Events, Times
from havoc.tools.reliability.life_estimates import at_time, life_at, mean_limits, parameters
from havoc.tools.reliability.life_families import LABELS, Distribution
from havoc.tools.reliability.life_fit import Fitted, fit, mean_of
from havoc.tools.reliability.life_likelihood import log_likelihood
from havoc.tools.reliability.life_result import LifeDistribution, narrate, probability_plot
from havoc.tools.reliability.likelihood_limits import Profile
from havoc.tools.reliability.observations import Lower, Observations, Upper, read_observations
from havoc.tools.reliability.turnbull import anderson_darling, correlation, plot_points
from havoc.tools.result import Check, Recomputed

_STRAIGHT = 0.95
_FEW_FAILURES = 6
_RECOMPUTE = 2_000
_MOST_FOR_RATIO = 20_000
_DRAWN = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 95.0)

Percent = Annotated[float, Meta(gt=0, lt=100)]
TimeAsked = Annotated[float, Meta(ge=0)]


@tool(
    "life_distribution",
    title="Life distribution (any censoring)",
    source="Meeker and Escobar (1998), chapters 2, 7, 8 and 11; Turnbull (1976)",
)
def life_distribution(
    time: Times | None = None,
    event: Events | None = None,
    censored: Censored | None = None,
    counts: Counts | None = None,
    lower: Lower | None = None,
    upper: Upper | None = None,
    distribution: Annotated[Distribution, Meta(description="distribution of the life")] = "weibull",
    interval: Annotated[
        Literal["wald", "likelihood_ratio"],
        Meta(description="normal limits from the information matrix, or the likelihood ratio"),
    ] = "wald",
    b_life: Annotated[
        list[Percent] | Percent | None,
        Meta(description="percentages failed whose times are wanted: 10 for the B10 life"),
    ] = None,
    at: Annotated[
        list[TimeAsked] | TimeAsked | None,
        Meta(description="times at which failed share and reliability are wanted"),
    ] = None,
    confidence: Confidence = 0.95,
    name: Name = "the units",
    unit: Unit = "",
) -> LifeDistribution:
    """Which life has a chosen distribution, from exact, right, left or interval-censored data?

    Use it where units were only inspected at times (lower and upper limits), or for a
    distribution that weibull_fit does not have: normal, smallest and largest extreme
    value, logistic, loglogistic, gamma, and three-parameter forms with a failure-free
    time. Maximum likelihood; limits from the information matrix or the likelihood ratio.
    Assumes one failure mode, and that inspections and suspensions do not depend on the
    state of the unit. A three-parameter fit needs many failures; where its likelihood has
    no maximum that is said.
    """
    data = read_observations(time, event, censored, counts, lower, upper)
    asked = [] if at is None else [at] if isinstance(at, float) else list(at)
    wanted = [] if b_life is None else [b_life] if isinstance(b_life, float) else list(b_life)
    if any(not math.isfinite(value) for value in asked):
        raise InputError("must be a finite number", where="at", remedy="give a number")
    fitted = fit(distribution, data)
    profile = _profile(interval, fitted, data, confidence)
    z = float(special.ndtri(0.5 + confidence / 2))
    times, share = plot_points(data)
    between = ~data.exact & ~data.right
    percents = list(dict.fromkeys([*wanted, 10.0]))
    lives = [life_at(fitted, percent, z, profile) for percent in percents]
    result = LifeDistribution(
        method=f"maximum likelihood, {LABELS[distribution]} distribution, "
        + ("likelihood-ratio limits" if profile else "normal limits from the information matrix"),
        unit=unit,
        distribution=distribution,
        label=LABELS[distribution],
        name=name,
        level=confidence,
        interval=interval,
        n=data.n,
        failures=data.failures,
        right_censored=data.count(data.right),
        left_censored=data.count(between & data.left),
        interval_censored=data.count(between & ~data.left),
        parameters=parameters(fitted, z, profile),
        loglik=fitted.loglik,
        aic=2 * fitted.free - 2 * fitted.loglik,
        bic=fitted.free * math.log(data.n) - 2 * fitted.loglik,
        B10=float(fitted.quantile(0.1)[0]),
        median=float(fitted.quantile(0.5)[0]),
        b_lives=lives,
        ad_adjusted=anderson_darling(fitted, times, share, data.n),
        plot_correlation=correlation(fitted, times, share),
    )
    for row in result.parameters:
        setattr(result, row.name, row.estimate)
        setattr(result, f"{row.name}_low", row.ci_low)
        setattr(result, f"{row.name}_high", row.ci_high)
    mean = mean_of(fitted)
    if math.isfinite(mean):
        result.mttf = mean
        result.mttf_low, result.mttf_high = mean_limits(fitted, z)
    if asked:
        rows = [at_time(fitted, value, z, profile) for value in asked]
        single = isinstance(at, float)
        result.at_times = rows
        result.at = rows[0].time if single else [row.time for row in rows]
        result.F = rows[0].F if single else [row.F for row in rows]
        result.reliability = rows[0].reliability if single else [r.reliability for r in rows]
    _notes(result, fitted, data)
    drawn = [life_at(fitted, percent, z, None) for percent in _DRAWN]
    result.charts = [probability_plot(fitted, times, share, name, unit, drawn)]
    return result


def _profile(
    interval: str, fitted: Fitted, data: Observations, confidence: float
) -> Profile | None:
    if interval == "wald":
        return None
    if fitted.distribution == "gamma" or families.has_threshold(fitted.distribution):
        raise InputError(
            f"likelihood-ratio limits are not there for the {LABELS[fitted.distribution]} "
            "distribution",
            where="interval",
            remedy="use interval wald",
        )
    if data.lower.size > _MOST_FOR_RATIO:
        raise InputError(
            f"likelihood-ratio limits are worked out for up to {_MOST_FOR_RATIO} different times",
            where="interval",
            remedy="use interval wald, which is as good for so many",
        )
    return Profile(fitted, data, confidence)


def _notes(result: LifeDistribution, fitted: Fitted, data: Observations) -> None:
    label = LABELS[fitted.distribution]
    result.assumptions = [
        Check(
            name="one failure mode, censoring unrelated to failure",
            status="unknown",
            detail="the data cannot tell; separate the failure modes if parts failed differently",
        )
    ]
    if result.plot_correlation is not None:
        straight = result.plot_correlation >= _STRAIGHT
        result.assumptions.append(
            Check(
                name=f"{label} distribution",
                status="ok" if straight else "violated",
                detail=f"correlation of the points of the plot {result.plot_correlation:.4f}",
            )
        )
    if data.failures < _FEW_FAILURES:
        result.warnings.append(f"{data.failures} failures give wide limits")
    if fitted.covariance is None:
        result.warnings.append("the likelihood is so flat that no normal limits can be given")
    if fitted.threshold < 0:
        result.warnings.append(
            "the threshold is below zero: units had used up some of their life, or two "
            "parameters are enough"
        )
    if not families.on_log(fitted.distribution) and fitted.distribution != "gamma":
        below = float(fitted.share(0.0)[0])
        if below > 0.001:
            result.warnings.append(
                f"the {label} distribution puts {100 * below:.2g} % of the lives below zero"
            )


life_distribution.narrates(narrate)


@life_distribution.verifies
def _verify(
    result: LifeDistribution,
    time: list[float] | None,
    event: list[int] | None,
    censored: list[int] | None,
    counts: list[int] | None,
    lower: list[float | None] | None,
    upper: list[float | None] | None,
    **_: object,
) -> list[Recomputed]:
    """The maximum of the likelihood searched again without derivatives."""
    if result.n > _RECOMPUTE or families.has_threshold(result.distribution):
        return []
    data = read_observations(time, event, censored, counts, lower, upper)
    fitted = fit(result.distribution, data)
    free = fitted.free
    unit = np.array([math.exp(float(fitted.theta[1])), 1.0])
    if result.distribution == "gamma":
        unit = np.ones(2)

    def negative(step: np.ndarray) -> float:
        theta = fitted.theta.copy()
        theta[:free] += unit[:free] * step
        return -max(log_likelihood(result.distribution, theta, data), -1e300)

    start = np.full(free, 0.05)
    found = optimize.minimize(
        negative, start, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-10}
    )
    return [
        Recomputed(
            name="loglik",
            value=result.loglik,
            recomputed=-float(found.fun),
            route="maximum searched by the simplex of Nelder and Mead",
            rtol=1e-7,
            atol=1e-7,
        )
    ]
