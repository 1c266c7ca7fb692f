"""Variants of the Weibull fit: a failure-free time, and limits from the likelihood ratio.

Sources: R. B. Abernethy, The New Weibull Handbook, 3.4 (failure-free time by the best
straight line); W. Q. Meeker and L. A. Escobar (1998), 8.3 and 11.7.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
from scipy import optimize, special

from havoc.charts import ChartSpec
from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.reliability import life_fit
from havoc.tools.reliability.life_data import Lives
from havoc.tools.reliability.life_estimates import at_time, life_at, mean_limits, parameters
from havoc.tools.reliability.life_fit import Fitted, mean_of
from havoc.tools.reliability.life_likelihood import log_likelihood
from havoc.tools.reliability.life_result import probability_plot
from havoc.tools.reliability.likelihood_limits import Profile
from havoc.tools.reliability.location_scale import (
    Fit,
    Ranks,
    adjusted_ranks,
    check_estimable,
    line_through,
)
from havoc.tools.reliability.observations import Observations
from havoc.tools.reliability.turnbull import correlation
from havoc.tools.reliability.weibull_result import AtTime, WeibullFit

_MOST_FOR_RATIO = 20_000
_DRAWN = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 95.0)


def observations(lives: Lives) -> Observations:
    """The same units with their limits."""
    return Observations(
        lower=lives.time,
        upper=np.where(lives.failed, lives.time, np.inf),
        weight=lives.weight,
    )


def check_variants(distribution: str, method: str, interval: str, shape: float | None) -> None:
    if interval == "likelihood_ratio" and (
        method != "mle" or shape is not None or distribution == "weibull_3"
    ):
        raise InputError(
            "likelihood-ratio limits belong to maximum likelihood with one or two parameters",
            where="interval",
            remedy="use interval wald, or method mle",
        )
    if distribution == "weibull_3" and shape is not None:
        raise InputError(
            "a known shape and a failure-free time are not fitted together",
            where="shape, distribution",
            remedy="leave one of them out",
        )


def ratio_limits(
    result: WeibullFit, fit: Fit, lives: Lives, distribution: str, confidence: float
) -> None:
    """Replace the normal limits of ``result`` by those of the likelihood ratio."""
    if lives.time.size > _MOST_FOR_RATIO:
        raise InputError(
            f"likelihood-ratio limits are worked out for up to {_MOST_FOR_RATIO} times",
            where="interval",
            remedy="use interval wald, which is as good for so many",
        )
    fitted = Fitted(
        distribution=distribution,
        theta=np.array([fit.mu, math.log(fit.sigma)]),
        loglik=fit.loglik,
    )
    profile = Profile(fitted, observations(lives), confidence)
    rows = {row.name: row for row in parameters(fitted, 0.0, profile)}
    if distribution == "lognormal":
        low, high = rows["mu"].ci_low, rows["mu"].ci_high
        result.scale_low = None if low is None else math.exp(low)
        result.scale_high = None if high is None else math.exp(high)
        result.shape_low, result.shape_high = rows["sigma"].ci_low, rows["sigma"].ci_high
    else:
        result.scale_low, result.scale_high = rows["scale"].ci_low, rows["scale"].ci_high
        if "shape" in rows:
            result.shape_low, result.shape_high = rows["shape"].ci_low, rows["shape"].ci_high
    result.mttf_low = result.mttf_high = None
    if distribution == "exponential":
        result.mttf_low, result.mttf_high = result.scale_low, result.scale_high
    result.b_lives = [
        msgspec.structs.replace(
            life, **_ends("ci_low", "ci_high", profile.quantile_limits(life.share))
        )
        for life in result.b_lives
    ]
    if result.at_times:
        result.at_times = [_ratio_at(row, profile) for row in result.at_times]


def _ends(
    low: str, high: str, limits: tuple[float | None, float | None]
) -> dict[str, float | None]:
    return {low: limits[0], high: limits[1]}


def _ratio_at(row: AtTime, profile: Profile) -> AtTime:
    if not 0 < row.F < 1:
        return row
    low, high = profile.share_limits(row.time)
    return msgspec.structs.replace(
        row,
        F_low=low,
        F_high=high,
        reliability_low=None if high is None else 1 - high,
        reliability_high=None if low is None else 1 - low,
    )


# --- failure-free time -----------------------------------------------------------------------


class Threshold(msgspec.Struct, kw_only=True):
    """A three-parameter fit and how it was found; ``points`` are times and median ranks."""

    fitted: Fitted
    estimation: str
    method: str
    note: str = ""


def fit_threshold(
    lives: Lives, time: FloatArray, share: FloatArray, method: str, regression: str
) -> Threshold:
    """Maximum likelihood, or the straightest line; the line too where the likelihood has no top."""
    if lives.failures < 4:
        raise InputError(
            f"{lives.failures} failures are too few for three parameters",
            where="distribution",
            remedy="fit the two-parameter Weibull distribution",
        )
    note = ""
    if method == "mle":
        try:
            return Threshold(
                fitted=life_fit.fit("weibull_3", observations(lives)),
                estimation="mle",
                method="three-parameter Weibull distribution, maximum likelihood, normal limits",
            )
        except InputError as error:
            note = (
                f"{error.what}; the threshold is taken from the straightest probability plot "
                "instead, without limits"
            )
    first, spread = float(time.min()), float(np.ptp(time))
    if spread == 0:
        raise InputError(
            "all failures have the same time, so a line cannot be drawn",
            where="time",
            remedy="record the times with a finer resolution",
        )
    y = np.log(-np.log1p(-share))

    def bend(log_gap: float) -> float:
        return -float(np.corrcoef(np.log(time - first + math.exp(log_gap)), y)[0, 1])

    grid = np.linspace(math.log(1e-4 * spread), math.log(max(first, 1e-3 * spread)), 80)
    values = [bend(float(u)) for u in grid]
    best = int(np.argmin(values))
    ends = grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)]
    found = optimize.minimize_scalar(bend, bounds=ends, method="bounded", options={"xatol": 1e-10})
    log_gap = float(found.x) if float(found.fun) <= values[best] else float(grid[best])
    threshold = first - math.exp(log_gap)
    mu, sigma = line_through(np.log(time - threshold), y, regression)
    theta = np.array([mu, math.log(sigma), threshold])
    return Threshold(
        fitted=Fitted(
            distribution="weibull_3",
            theta=theta,
            loglik=log_likelihood("weibull_3", theta, observations(lives)),
        ),
        estimation=regression,
        method="three-parameter Weibull distribution, failure-free time of the straightest "
        "probability plot (Abernethy), then rank regression, no limits",
        note=note,
    )


def three_parameters(
    lives: Lives,
    method: str,
    ranks: Ranks,
    percents: list[float],
    asked: list[float],
    confidence: float,
    name: str,
    unit: str,
) -> WeibullFit:
    """The result of a fit with a failure-free time."""
    check_estimable(lives)
    time, share = adjusted_ranks(lives, ranks)
    regression = "rank_regression_y" if method == "rank_regression_y" else "rank_regression"
    found = fit_threshold(lives, time, share, method, regression)
    z = float(special.ndtri(0.5 + confidence / 2))
    result = _result(found, lives, time, share, percents, asked, confidence, z)
    result.name, result.unit = name, unit
    result.charts = [threshold_plot(result, found, time, share, z)]
    return result


def _result(
    found: Threshold,
    lives: Lives,
    time: FloatArray,
    share: FloatArray,
    percents: list[float],
    asked: list[float],
    confidence: float,
    z: float,
) -> WeibullFit:
    fitted = found.fitted
    rows = {row.name: row for row in parameters(fitted, z, None)}
    low, high = mean_limits(fitted, z)
    result = WeibullFit(
        method=found.method,
        distribution="weibull_3",
        estimation=found.estimation,
        name="",
        shape=rows["shape"].estimate,
        shape_low=rows["shape"].ci_low,
        shape_high=rows["shape"].ci_high,
        scale=rows["scale"].estimate,
        scale_low=rows["scale"].ci_low,
        scale_high=rows["scale"].ci_high,
        threshold=rows["threshold"].estimate,
        threshold_low=rows["threshold"].ci_low,
        threshold_high=rows["threshold"].ci_high,
        level=confidence,
        B10=float(fitted.quantile(0.1)[0]),
        b_lives=[life_at(fitted, percent, z, None) for percent in percents],
        mttf=mean_of(fitted),
        mttf_low=low,
        mttf_high=high,
        median=float(fitted.quantile(0.5)[0]),
        failure_mode="constant",
        n=lives.n,
        failures=lives.failures,
        suspended=lives.n - lives.failures,
        loglik=fitted.loglik,
        aic=2 * fitted.free - 2 * fitted.loglik,
        plot_correlation=correlation(fitted, time, share),
    )
    if asked:
        result.at_times = [at_time(fitted, value, z, None) for value in asked]
        result.at = [row.time for row in result.at_times]
        result.F = [row.F for row in result.at_times]
        result.reliability = [row.reliability for row in result.at_times]
    if found.note:
        result.warnings.append(found.note)
    if fitted.threshold < 0:
        result.warnings.append(
            "the threshold is below zero: units had used up some of their life, or two "
            "parameters are enough"
        )
    return result


def threshold_plot(
    result: WeibullFit, found: Threshold, time: FloatArray, share: FloatArray, z: float
) -> ChartSpec:
    drawn = [] if found.fitted.covariance is None else _DRAWN
    lives = [life_at(found.fitted, percent, z, None) for percent in drawn]
    return probability_plot(found.fitted, time, share, result.name, result.unit, lives)
