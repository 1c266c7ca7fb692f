"""What a life distribution returns, how it reads and how it is drawn."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from havoc.charts import ChartSpec, Panel, Series
from havoc.charts.spec import decimate
from havoc.tools.reliability.life_data import Lives
from havoc.tools.reliability.location_scale import (
    Fit,
    Ranks,
    adjusted_ranks,
    standard_quantile,
)
from havoc.tools.result import Narrative, Outcome

_SHOWN = 6


class BLife(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``life`` is the time by which ``percent`` of the units has failed."""

    percent: float
    share: float
    life: float
    ci_low: float | None = None
    ci_high: float | None = None


class AtTime(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Probability of failure ``F`` by ``time`` and of survival; intervals for both."""

    time: float
    F: float
    reliability: float
    F_low: float | None = None
    F_high: float | None = None
    reliability_low: float | None = None
    reliability_high: float | None = None


class WeibullFit(Outcome):
    """``shape`` (beta) and ``scale`` (eta, the characteristic life) of the Weibull distribution.

    For the lognormal distribution ``scale`` is the median, ``shape`` the standard
    deviation of the log lifetime, ``mu`` its mean. ``F``, ``reliability`` (with their
    limits in ``at_times``) belong to the times ``at``: a number for one time, lists for
    several. ``B10`` is always given, other B-lives in ``b_lives``. ``failure_mode`` says
    whether the rate of failure falls, is constant or rises; ``plot_correlation`` is the
    correlation of the points of the probability plot. With three parameters ``threshold``
    is the failure-free time, and ``scale`` counts from there.
    """

    distribution: str
    estimation: str
    name: str
    shape: float
    scale: float
    level: float
    B10: float
    b_lives: list[BLife]
    mttf: float
    median: float
    failure_mode: str
    n: int | None = None
    failures: int | None = None
    suspended: int | None = None
    shape_low: float | None = None
    shape_high: float | None = None
    scale_low: float | None = None
    scale_high: float | None = None
    mttf_low: float | None = None
    mttf_high: float | None = None
    threshold: float | None = None
    threshold_low: float | None = None
    threshold_high: float | None = None
    failure_rate: float | None = None
    mu: float | None = None
    sigma: float | None = None
    loglik: float | None = None
    aic: float | None = None
    plot_correlation: float | None = None
    at: float | list[float] | None = None
    F: float | list[float] | None = None
    reliability: float | list[float] | None = None
    at_times: list[AtTime] | None = None


_MODES = {
    "wear_out": "the rate of failure rises with age (wear-out)",
    "early": "the rate of failure falls with age (early failures)",
    "random": "a constant rate of failure (random failures) cannot be excluded",
    "constant": "the rate of failure is taken as constant (random failures)",
    "lognormal": "the rate of failure rises at first and falls later",
}


def narrate(result: WeibullFit) -> Narrative:
    details: list[str] = []
    times = result.at_times or []
    parameters = {
        "weibull": "Weibull shape {{shape}}, scale {{scale:unit}}",
        "weibull_3": "Weibull shape {{shape}}, scale {{scale:unit}}, failure-free time "
        "{{threshold:unit}}",
        "exponential": "the mean life is {{scale:unit}} (exponential)",
        "lognormal": "lognormal with median {{scale:unit}} and log standard deviation {{shape}}",
    }[result.distribution]
    mode = _MODES[result.failure_mode]
    if times:
        first = (
            "By {{at_times.0.time:unit}} a share of {{at_times.0.F:%}} has failed; the reliability "
            "is {{at_times.0.reliability:%}}"
        )
        conclusion = f"{first} ({parameters})."
        details.extend(_at_time(i, row) for i, row in enumerate(times[:_SHOWN]) if _worth(i, row))
        details.append(f"{mode[0].upper()}{mode[1:]}.")
    else:
        conclusion = (
            f"For {{{{name}}}}: {parameters}; {{{{b_lives.0.share:%}}}} have failed after "
            f"{{{{b_lives.0.life:unit}}}}, and {mode}."
        )
    if result.shape_low is not None and result.distribution != "exponential":
        details.append(
            "The {{level:%}} confidence interval of the shape runs from {{shape_low}} to "
            "{{shape_high}}, that of the scale from {{scale_low}} to {{scale_high:unit}}."
        )
    elif result.scale_low is not None:
        details.append(
            "The {{level:%}} confidence interval of the scale runs from {{scale_low}} to "
            "{{scale_high:unit}}."
        )
    if result.threshold_low is not None:
        details.append(
            "The {{level:%}} confidence interval of the failure-free time runs from "
            "{{threshold_low}} to {{threshold_high:unit}}."
        )
    for i, life in enumerate(result.b_lives[:_SHOWN]):
        row = f"b_lives.{i}"
        limits = (
            f" ({{{{level:%}}}} limits {{{{{row}.ci_low}}}} and {{{{{row}.ci_high:unit}}}})"
            if life.ci_low is not None
            else ""
        )
        details.append(
            f"After {{{{{row}.life:unit}}}} a share of {{{{{row}.share:%}}}} has failed{limits}."
        )
    if math.isfinite(result.mttf):
        details.append("The mean time to failure is {{mttf:unit}}.")
    if result.failures is not None:
        details.append("{{failures}} of {{n}} units failed, {{suspended}} were still working.")
    figures = [
        ("shape", "{{shape}}"),
        ("scale", "{{scale:unit}}"),
        ("life of the first tenth (B-ten)", "{{B10:unit}}"),
        ("mean time to failure", "{{mttf:unit}}"),
    ]
    if times:
        figures.insert(0, ("failed by the time asked", "{{at_times.0.F:%}}"))
    return Narrative(conclusion=conclusion, details=details, key_figures=figures)


def _worth(position: int, row: AtTime) -> bool:
    return position > 0 or row.F_low is not None


def _at_time(position: int, row: AtTime) -> str:
    path = f"at_times.{position}"
    limits = (
        f", with {{{{level:%}}}} limits {{{{{path}.F_low:%}}}} and {{{{{path}.F_high:%}}}}"
        if row.F_low is not None
        else ""
    )
    return f"By {{{{{path}.time:unit}}}} a share of {{{{{path}.F:%}}}} has failed{limits}."


def plot_points(
    lives: Lives, fit: Fit, ranks: Ranks = "benard"
) -> tuple[list[float], list[float], list[float]]:
    """Failure times, median ranks and their place on the axis of the probability plot."""
    time, share = adjusted_ranks(lives, ranks)
    chosen = decimate(time.size)
    shares = [float(share[i]) for i in chosen]
    axis = [standard_quantile(fit.family, value) for value in shares]
    return [float(time[i]) for i in chosen], shares, axis


def probability_plot(
    lives: Lives,
    fit: Fit,
    name: str,
    unit: str,
    label: str,
    interval: float,
    ranks: Ranks = "benard",
) -> ChartSpec:
    """Median ranks and the fitted line with the limits of its times."""
    times, _, axis = plot_points(lives, fit, ranks)
    low = min(axis[0], standard_quantile(fit.family, 0.01))
    high = max(axis[-1], standard_quantile(fit.family, 0.99))
    grid = np.linspace(low, high, 41)
    line = [math.exp(fit.mu + fit.sigma * z) for z in grid]
    series = [
        Series(name="failures (median ranks)", kind="points", x=times, y=axis),
        Series(name="fit", kind="line", x=line, y=grid.tolist()),
    ]
    if fit.covariance is not None:
        errors = [fit.error(1.0, fit.sigma * z) or 0.0 for z in grid]
        for side, sign in (("lower limit", -1), ("upper limit", 1)):
            series.append(
                Series(
                    name=side,
                    kind="line",
                    x=[
                        math.exp(math.log(t) + sign * interval * e)
                        for t, e in zip(line, errors, strict=True)
                    ],
                    y=grid.tolist(),
                )
            )
    words = "ln(-ln(1 - F))" if fit.family == "weibull" else "normal quantile of F"
    notes = [] if len(times) == lives.failures else ["an even selection of the failures is drawn"]
    return ChartSpec(
        kind="probability_plot",
        title=f"{name}: failures lie on the line if the {label} distribution fits",
        panels=[
            Panel(
                x_label=f"time [{unit}]" if unit else "time",
                y_label=f"share failed, on the scale {words}",
                x_scale="log",
                y_ticks={
                    f"{share:g} %": standard_quantile(fit.family, share / 100)
                    for share in PERCENT_TICKS
                },
                series=series,
            )
        ],
        notes=notes,
    )


PERCENT_TICKS = (0.1, 1, 5, 10, 20, 30, 50, 70, 90, 95, 99, 99.9)
"""Shares failed that are written on the axis of a probability plot."""


def curve(fit: Fit, name: str, unit: str, rows: list[AtTime]) -> ChartSpec:
    """Share failed over time for known parameters."""
    end = fit.quantile(0.995)
    grid = np.linspace(0.0, max([end, *(row.time for row in rows)]), 81)
    series = [
        Series(
            name="share failed",
            kind="line",
            x=grid.tolist(),
            y=[fit.failed_share(float(t)) for t in grid],
        )
    ]
    if rows:
        series.append(
            Series(
                name="asked for",
                kind="points",
                x=[row.time for row in rows],
                y=[row.F for row in rows],
            )
        )
    return ChartSpec(
        kind="failure_curve",
        title=f"{name}: share failed by age",
        panels=[
            Panel(
                x_label=f"time [{unit}]" if unit else "time", y_label="share failed", series=series
            )
        ],
    )
