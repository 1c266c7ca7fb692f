"""Weibull, exponential and lognormal lifetimes, with units still working (suspensions).

Sources: W. Q. Meeker and L. A. Escobar, Statistical Methods for Reliability Data
(1998), chapters 7 and 8; R. B. Abernethy, The New Weibull Handbook (rank regression,
Weibayes); NIST/SEMATECH e-Handbook 8.1.6.2 and 8.4.1.
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
from havoc.tools.reliability import location_scale
from havoc.tools.reliability.life_data import Censored, Counts, Events, Lives, Times, read_lives
from havoc.tools.reliability.location_scale import Family, Fit, Ranks
from havoc.tools.reliability.weibull_options import (
    check_variants,
    ratio_limits,
    three_parameters,
)
from havoc.tools.reliability.weibull_result import (
    AtTime,
    BLife,
    WeibullFit,
    curve,
    narrate,
    plot_points,
    probability_plot,
)
from havoc.tools.result import Check, Recomputed

_FEW_FAILURES = 6
_STRAIGHT = 0.95
# Logarithm of the longest life that a number can hold.
_LONGEST_LOG = 600.0
# Sample sizes up to which the second route of the audit is tried.
_RECOMPUTE = 20_000

Method = Literal["mle", "rank_regression", "rank_regression_y"]
Percent = Annotated[float, Meta(gt=0, lt=100)]
PositiveNumber = Annotated[float, Meta(gt=0)]
TimeAsked = Annotated[float, Meta(ge=0)]


@tool(
    "weibull_fit",
    title="Life distribution (Weibull)",
    source="Meeker and Escobar (1998), chapters 7 and 8; Abernethy, The New Weibull Handbook; "
    "NIST e-Handbook 8.4.1",
)
def weibull_fit(
    time: Times | None = None,
    event: Events | None = None,
    censored: Censored | None = None,
    counts: Counts | None = None,
    distribution: Annotated[
        Literal["weibull", "exponential", "lognormal", "weibull_3"],
        Meta(description="distribution of the life; weibull_3 adds a failure-free time"),
    ] = "weibull",
    method: Annotated[
        Method,
        Meta(
            description="maximum likelihood, or a line through the median ranks: times on ranks "
            "(X on Y) or ranks on times (Y on X)"
        ),
    ] = "mle",
    ranks: Annotated[
        Ranks, Meta(description="median ranks by Benard's approximation or exact (beta)")
    ] = "benard",
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
    shape: Annotated[
        PositiveNumber | None,
        Meta(description="known shape (beta); with times, only the scale is fitted (Weibayes)"),
    ] = None,
    scale: Annotated[
        PositiveNumber | None, Meta(description="known scale (eta); needs no times")
    ] = None,
    name: Name = "the units",
    unit: Unit = "",
) -> WeibullFit:
    """How long do units live: shape, scale, B-lives, and how many fail by a given time?

    Use it for times to failure with or without units that were still working (right
    censored), or with known shape and scale for the share failed at given times. A
    shape below one means early failures, one a constant rate, above one wear-out.
    Limits are two-sided, from the observed information on the log scale, or from the
    likelihood ratio; for rank regression they are the information limits at its
    estimates. Other distributions and inspections at intervals: life_distribution.
    Assumes one failure mode and that units were not taken off because they were about
    to fail.
    """
    asked = [] if at is None else [at] if isinstance(at, float) else list(at)
    percents = [] if b_life is None else [b_life] if isinstance(b_life, float) else list(b_life)
    for value, where in [(shape, "shape"), (scale, "scale"), *((t, "at") for t in asked)]:
        if value is not None and not math.isfinite(value):
            raise InputError("must be a finite number", where=where, remedy="give a number")
    percents = list(dict.fromkeys([*percents, 10.0]))
    z = float(special.ndtri(0.5 + confidence / 2))
    if time is None:
        fit = _known(distribution, shape, scale)
        lives = None
    else:
        if scale is not None:
            raise InputError(
                "times and a known scale are both given",
                where="scale",
                remedy="give exactly one of them",
            )
        lives = read_lives(time, event, censored, counts)
        check_variants(distribution, method, interval, shape)
        if distribution == "weibull_3":
            result = three_parameters(lives, method, ranks, percents, asked, confidence, name, unit)
            result.failure_mode = _failure_mode(result, "weibull")
            _single(result, at)
            result.assumptions = [_ONE_MODE]
            if result.plot_correlation is not None:
                result.assumptions.append(
                    _straightness(result.plot_correlation, "three-parameter Weibull")
                )
            return result
        if shape is not None and 10 / shape > _LONGEST_LOG:
            raise InputError(
                f"with a shape of {shape:g} the B-lives are beyond every time",
                where="shape",
                remedy="give the known shape, usually between 0.5 and 10",
            )
        fit = _estimate(lives, distribution, method, shape, ranks)
    if abs(fit.mu) + 10 * fit.sigma > _LONGEST_LOG:
        raise InputError(
            f"with a shape of {1 / fit.sigma:.3g} the B-lives are beyond every time",
            where="shape" if time is None else "time",
            remedy="check the entries; a shape is usually between 0.5 and 10",
        )
    fixed_sigma = distribution == "exponential" or (lives is not None and shape is not None)
    result = _result(fit, distribution, lives, percents, asked, confidence, z, fixed_sigma)
    result.name, result.unit = name, unit
    _single(result, at)
    if lives is None:
        result.method = f"known parameters, {distribution} distribution function"
        result.estimation = "given"
        result.scale = scale if scale is not None else result.scale
        result.charts = [curve(fit, name, unit, result.at_times or [])]
        return result
    result.method = _method(distribution, method, shape, ranks, interval)
    result.estimation = "weibayes" if shape is not None else method
    if interval == "likelihood_ratio":
        ratio_limits(result, fit, lives, distribution, confidence)
        result.failure_mode = _failure_mode(result, distribution)
    result.assumptions = _checks(lives, fit, result, distribution, ranks)
    if lives.failures < _FEW_FAILURES:
        result.warnings.append(
            f"{lives.failures} failures give wide limits, and maximum likelihood overestimates "
            "the shape of small samples"
        )
    label = "Weibull" if distribution == "weibull" else distribution
    result.charts = [probability_plot(lives, fit, name, unit, label, z, ranks)]
    return result


def _single(result: WeibullFit, at: float | list[float] | None) -> None:
    """One time asked for gives numbers instead of lists."""
    if isinstance(at, float) and result.at_times:
        row = result.at_times[0]
        result.at, result.F, result.reliability = row.time, row.F, row.reliability


def _known(distribution: str, shape: float | None, scale: float | None) -> Fit:
    if distribution == "weibull_3":
        raise InputError(
            "known parameters with a failure-free time are not covered",
            where="distribution",
            remedy="subtract it from the times, and use weibull",
        )
    if scale is None or (shape is None and distribution != "exponential"):
        raise InputError(
            "no times and no parameters",
            where="weibull_fit",
            remedy="give time, or shape and scale",
        )
    if distribution == "lognormal":
        return Fit(family="lognormal", mu=math.log(scale), sigma=shape or 1.0, loglik=math.nan)
    sigma = 1.0 if distribution == "exponential" else 1 / (shape or 1.0)
    return Fit(family="weibull", mu=math.log(scale), sigma=sigma, loglik=math.nan)


def _estimate(
    lives: Lives, distribution: str, method: Method, shape: float | None, ranks: Ranks
) -> Fit:
    if distribution == "exponential" or shape is not None:
        if distribution == "lognormal" or method != "mle":
            raise InputError(
                "a fixed shape is fitted by maximum likelihood of the Weibull distribution only",
                where="shape, method",
                remedy="leave out shape, or use method mle",
            )
        return _fixed_shape(lives, 1.0 if distribution == "exponential" else float(shape or 1.0))
    family: Family = "lognormal" if distribution == "lognormal" else "weibull"
    if method != "mle":
        return location_scale.rank_regression(family, lives, method, ranks)
    return location_scale.fit(family, lives)


def _fixed_shape(lives: Lives, shape: float) -> Fit:
    """Scale for a given shape: (sum of t^shape / failures)^(1 / shape)."""
    if lives.failures == 0:
        raise InputError(
            f"none of {lives.n} units failed, so there is no estimate of the scale",
            where="event",
            remedy="use demonstration_test for what a test without failure shows",
        )
    log_time = np.log(lives.time)
    top = float(log_time.max())
    total = float(np.dot(lives.weight, np.exp(shape * (log_time - top))))
    mu = top + math.log(total / lives.failures) / shape
    sigma = 1 / shape
    return Fit(
        family="weibull",
        mu=mu,
        sigma=sigma,
        loglik=location_scale.log_likelihood("weibull", lives, mu, sigma),
        covariance=np.array([[sigma**2 / lives.failures, 0.0], [0.0, 0.0]]),
    )


def _method(distribution: str, method: str, shape: float | None, ranks: str, interval: str) -> str:
    if shape is not None:
        return "Weibull with known shape (Weibayes), limits on the log scale"
    how = (
        "maximum likelihood"
        if method == "mle"
        else f"rank regression {'Y on X' if method.endswith('_y') else 'X on Y'}, "
        f"median ranks (Johnson, {'Benard' if ranks == 'benard' else 'exact'})"
    )
    law = {
        "weibull": "two-parameter Weibull distribution",
        "exponential": "exponential distribution",
        "lognormal": "two-parameter lognormal distribution",
    }[distribution]
    limits = (
        "likelihood-ratio limits"
        if interval == "likelihood_ratio"
        else "normal limits on the log scale"
    )
    return f"{law}, {how}, {limits}"


def _result(
    fit: Fit,
    distribution: str,
    lives: Lives | None,
    percents: list[float],
    asked: list[float],
    confidence: float,
    z: float,
    fixed_sigma: bool,
) -> WeibullFit:
    lognormal = fit.family == "lognormal"
    shape = fit.sigma if lognormal else 1 / fit.sigma
    scale = math.exp(fit.mu)
    result = WeibullFit(
        method="",
        distribution=distribution,
        estimation="",
        name="",
        shape=shape,
        scale=scale,
        level=confidence,
        B10=fit.quantile(0.1),
        b_lives=[_b_life(fit, percent, z) for percent in percents],
        mttf=fit.mean(),
        median=fit.quantile(0.5),
        failure_mode="constant",
    )
    result.scale_low, result.scale_high = _log_limits(scale, fit.error(1.0, 0.0), z)
    if not fixed_sigma:
        result.shape_low, result.shape_high = _log_limits(shape, fit.error(0.0, 1.0), z)
    by_sigma = fit.sigma**2 if lognormal else fit.sigma * float(special.digamma(1 + fit.sigma))
    if math.isfinite(result.mttf):
        result.mttf_low, result.mttf_high = _log_limits(result.mttf, fit.error(1.0, by_sigma), z)
    if lognormal:
        result.mu, result.sigma = fit.mu, fit.sigma
    if distribution == "exponential":
        result.failure_rate = 1 / scale
    result.failure_mode = _failure_mode(result, distribution)
    if asked:
        rows = [_at_time(fit, value, z) for value in asked]
        result.at_times = rows
        result.at = [row.time for row in rows]
        result.F = [row.F for row in rows]
        result.reliability = [row.reliability for row in rows]
    if lives is not None:
        result.n, result.failures = lives.n, lives.failures
        result.suspended = lives.n - lives.failures
        result.loglik = fit.loglik
        result.aic = 2 * (1 if fixed_sigma else 2) - 2 * fit.loglik
    return result


def _log_limits(value: float, error: float | None, z: float) -> tuple[float | None, float | None]:
    """Limits of a positive quantity from the standard error of its logarithm."""
    if error is None:
        return None, None
    factor = math.exp(min(z * error, 700.0))
    return value / factor, value * factor


def _b_life(fit: Fit, percent: float, z: float) -> BLife:
    share = percent / 100
    life = fit.quantile(share)
    error = fit.error(1.0, fit.sigma * location_scale.standard_quantile(fit.family, share))
    low, high = _log_limits(life, error, z)
    return BLife(percent=percent, share=share, life=life, ci_low=low, ci_high=high)


def _at_time(fit: Fit, time: float, z: float) -> AtTime:
    failed = fit.failed_share(time)
    row: dict[str, float] = {}
    if time > 0 and fit.covariance is not None:
        place = (math.log(time) - fit.mu) / fit.sigma
        error = fit.error(-1 / fit.sigma, -place) or 0.0
        low = location_scale.standard_share(fit.family, place - z * error)
        high = location_scale.standard_share(fit.family, place + z * error)
        row = {
            "F_low": low,
            "F_high": high,
            "reliability_low": 1 - high,
            "reliability_high": 1 - low,
        }
    survived = (
        float(special.ndtr(-(math.log(time) - fit.mu) / fit.sigma))
        if fit.family == "lognormal" and time > 0
        else math.exp(-((time / math.exp(fit.mu)) ** (1 / fit.sigma)))
        if time > 0
        else 1.0
    )
    return AtTime(time=time, F=failed, reliability=survived, **row)


def _failure_mode(result: WeibullFit, distribution: str) -> str:
    if distribution != "weibull":
        return "constant" if distribution == "exponential" else "lognormal"
    low = result.shape if result.shape_low is None else result.shape_low
    high = result.shape if result.shape_high is None else result.shape_high
    if low > 1:
        return "wear_out"
    if high < 1:
        return "early"
    return "constant" if low == high == 1 else "random"


_ONE_MODE = Check(
    name="one failure mode, suspensions unrelated to failure",
    status="unknown",
    detail="the data cannot tell; separate the failure modes if parts failed differently",
)


def _checks(
    lives: Lives, fit: Fit, result: WeibullFit, distribution: str, ranks: Ranks
) -> list[Check]:
    times, _, axis = plot_points(lives, fit, ranks)
    if lives.failures < 3 or np.ptp(times) == 0:
        return [_ONE_MODE]
    result.plot_correlation = float(np.corrcoef(np.log(times), axis)[0, 1])
    return [_ONE_MODE, _straightness(result.plot_correlation, distribution)]


def _straightness(correlation: float, label: str) -> Check:
    return Check(
        name=f"{label} distribution",
        status="ok" if correlation >= _STRAIGHT else "violated",
        detail=f"correlation of the points of the probability plot {correlation:.4f}",
    )


weibull_fit.narrates(narrate)


@weibull_fit.verifies
def _verify(
    result: WeibullFit,
    time: list[float] | None,
    event: list[int] | None,
    censored: list[int] | None,
    counts: list[int] | None,
    **_: object,
) -> list[Recomputed]:
    """The profile equation of the shape solved by bisection, or the distribution function."""
    if result.distribution in ("lognormal", "weibull_3"):
        return []
    checks = [
        Recomputed(
            name="F",
            value=row.F,
            recomputed=1 - math.exp(-((row.time / result.scale) ** result.shape)),
            route="distribution function written out",
            atol=1e-12,
        )
        for row in (result.at_times or [])[:3]
    ]
    if time is None or result.estimation.startswith("rank_regression") or len(time) > _RECOMPUTE:
        return checks
    lives = read_lives(time, event, censored, counts)
    log_time = np.log(lives.time) - float(np.log(lives.time).max())
    failed = lives.weight * lives.failed

    def profile(shape: float) -> float:
        power = lives.weight * np.exp(shape * log_time)
        return float(power @ log_time / power.sum() - 1 / shape - failed @ log_time / failed.sum())

    shape = result.shape
    if result.estimation == "mle" and result.distribution == "weibull":
        low, high = result.shape / 4, result.shape * 4
        shape = float(optimize.brentq(profile, low, high, xtol=1e-12))
        checks.append(
            Recomputed(
                name="shape",
                value=result.shape,
                recomputed=shape,
                route="profile likelihood equation by bisection",
            )
        )
    total = math.fsum(
        float(w) * float(t) ** shape
        for w, t in zip(lives.weight, lives.time / lives.time.max(), strict=True)
    )
    checks.append(
        Recomputed(
            name="scale",
            value=result.scale,
            recomputed=float(lives.time.max()) * (total / lives.failures) ** (1 / shape),
            route="power mean of the times",
        )
    )
    return checks
