"""Bootstrap intervals: how uncertain is a statistic, without a distribution behind it?

Sources: B. Efron (1987), Better bootstrap confidence intervals; A. C. Davison and
D. V. Hinkley (1997), Bootstrap Methods and their Application, chapters 2 and 5.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Confidence, FloatArray, Name, Sample, Seed, Unit
from havoc.tools.result import Recomputed
from havoc.tools.stats import bootstrap_bounds, bootstrap_statistics
from havoc.tools.stats.assumption_checks import INDEPENDENCE
from havoc.tools.stats.bootstrap_bounds import Bounds, Replicates
from havoc.tools.stats.bootstrap_input import (
    FEWEST_RESAMPLES,
    USUAL_RESAMPLES,
    StatisticName,
    check_enough,
    resamples_of,
    samples_of,
    statistic_of,
)
from havoc.tools.stats.bootstrap_result import BootstrapInterval, chart, narrate
from havoc.tools.stats.bootstrap_statistics import Statistic

CHUNK = 2_000_000
# Resamples without a defined statistic (no variation in them) beyond this share: no interval.
MOST_UNDEFINED = 0.02

Interval = Literal["bca", "percentile", "basic", "studentised"]
INTERVAL_NAMES = {
    "bca": "BCa (bias-corrected and accelerated)",
    "percentile": "percentile",
    "basic": "basic (reflected percentiles)",
    "studentised": "studentised (bootstrap t, delta-method variance)",
}


@tool(
    "bootstrap_interval",
    title="Bootstrap interval",
    source="Efron (1987); Davison and Hinkley (1997), chapter 5",
)
def bootstrap_interval(
    data: Annotated[Sample | None, Meta(description="one sample: its measured values")] = None,
    group1: Sample | None = None,
    group2: Sample | None = None,
    x: Annotated[list[float] | None, Meta(description="correlation: first column")] = None,
    y: Annotated[list[float] | None, Meta(description="correlation: second column")] = None,
    statistic: Annotated[
        StatisticName | None,
        Meta(description="what to estimate; by default mean, difference of means, correlation"),
    ] = None,
    interval: Annotated[
        Interval, Meta(description="kind of interval that is the answer; all are reported")
    ] = "bca",
    confidence: Confidence = 0.95,
    resamples: Annotated[
        Annotated[int, Meta(ge=FEWEST_RESAMPLES, le=1_000_000)] | None,
        Meta(description="number of resamples; 9999 unless the data are very long"),
    ] = None,
    seed: Seed = 1,
    paired: Annotated[
        bool, Meta(description="group1 and group2 belong together value by value")
    ] = False,
    probability: Annotated[
        Annotated[float, Meta(gt=0, lt=1)] | None, Meta(description="which quantile, 0 to 1")
    ] = None,
    lsl: Annotated[float | None, Meta(description="Cpk: lower specification limit")] = None,
    usl: Annotated[float | None, Meta(description="Cpk: upper specification limit")] = None,
    name: Name = "the sample",
    name1: Name = "group 1",
    name2: Name = "group 2",
    unit: Unit = "",
) -> BootstrapInterval:
    """Between which limits does a statistic lie, without assuming a distribution?

    Use it where no formula gives the interval (median, quantile, ratio, Cpk of
    skewed values, correlation of values that are not normal) or to check one
    that does. Values are drawn from the sample with replacement, again and
    again. Assumes independent values and a sample that shows the spread of the
    population: below ten values every bootstrap interval is too short, and
    extreme quantiles need many values. A Cpk uses the standard deviation of all
    values (as Ppk), because resampling forgets the order.
    """
    samples, kind = samples_of(data, group1, group2, x, y, statistic, paired)
    paired = paired or kind == "correlation"
    chosen = statistic_of(kind, probability, lsl, usl)
    check_enough(samples, chosen, kind)
    count = resamples_of(samples, chosen, resamples, confidence)
    warnings = []
    if count < USUAL_RESAMPLES and resamples is None:
        warnings.append(f"the samples are long: {count} resamples instead of {USUAL_RESAMPLES}")
    replicates = _replicates(samples, chosen, paired, count, seed, warnings)
    adjusted = bootstrap_bounds.bca(replicates, confidence)
    found: dict[str, Bounds | None] = {
        "bca": adjusted.bounds if adjusted else None,
        "percentile": bootstrap_bounds.percentile(replicates, confidence),
        "basic": bootstrap_bounds.basic(replicates, confidence),
        "studentised": bootstrap_bounds.studentised(replicates, confidence),
    }
    bounds = _asked(found, interval, chosen)
    errors = bootstrap_bounds.monte_carlo_error(replicates, _again(interval, confidence))
    _warn(warnings, samples, replicates, adjusted, interval, count)
    null = {"ratio_of_means": 1.0, "correlation": 0.0}.get(kind, 0.0)
    result = BootstrapInterval(
        method=f"bootstrap, {INTERVAL_NAMES[interval]}; quantiles of resamples interpolated on "
        "the normal scale; "
        + (
            "acceleration from the jackknife"
            if max(sample.size for sample in samples) <= bootstrap_statistics.JACKKNIFE_TO
            else "acceleration from influence values"
        )
        + ("; Cpk with the standard deviation of all values (Ppk)" if kind == "cpk" else ""),
        unit="" if kind in ("cpk", "ratio_of_means", "correlation") else unit,
        statistic=chosen.label,
        estimate=replicates.estimate,
        ci_low=bounds[0],
        ci_high=bounds[1],
        level=confidence,
        interval=INTERVAL_NAMES[interval],
        bias=float(replicates.values.mean()) - replicates.estimate,
        standard_error=float(replicates.values.std(ddof=1)),
        resamples=count,
        seed=seed,
        monte_carlo_error_low=errors[0],
        monte_carlo_error_high=errors[1],
        percentile_low=found["percentile"][0] if found["percentile"] else math.nan,
        percentile_high=found["percentile"][1] if found["percentile"] else math.nan,
        basic_low=found["basic"][0] if found["basic"] else math.nan,
        basic_high=found["basic"][1] if found["basic"] else math.nan,
        acceleration=replicates.acceleration,
        n=samples[0].size,
        name=name,
        name1="x" if kind == "correlation" and name1 == "group 1" else name1,
        name2="y" if kind == "correlation" and name2 == "group 2" else name2,
        paired=paired,
        n2=samples[1].size if len(samples) > 1 and not paired else None,
        bias_correction=adjusted.bias_correction if adjusted else None,
        probability=probability if kind == "quantile" else None,
        lsl=lsl if kind == "cpk" else None,
        usl=usl if kind == "cpk" else None,
        excludes_no_difference=not bounds[0] <= null <= bounds[1] if len(samples) > 1 else None,
        assumptions=[INDEPENDENCE],
        warnings=warnings,
    )
    if adjusted:
        result.bca_low, result.bca_high = adjusted.bounds
    if found["studentised"]:
        result.studentised_low, result.studentised_high = found["studentised"]
    result.charts = [chart(result, replicates.values, unit)]
    return result


bootstrap_interval.narrates(narrate)


@bootstrap_interval.verifies
def _verify(
    result: BootstrapInterval,
    data: list[float] | None,
    group1: list[float] | None,
    group2: list[float] | None,
    x: list[float] | None,
    y: list[float] | None,
    **_: object,
) -> list[Recomputed]:
    if data is not None and result.statistic == "mean":
        again, route = math.fsum(data) / len(data), "exact summation"
        # The spread of resampled means is known: sqrt((n - 1) / n) s / sqrt(n).
        theory = statistics.stdev(data) * math.sqrt((result.n - 1) / result.n) / result.n**0.5
        spread = [
            Recomputed(
                name="standard_error",
                value=result.standard_error,
                recomputed=theory,
                route="standard error of a mean by formula",
                rtol=6 / math.sqrt(2 * result.resamples),
            )
        ]
    elif data is not None and result.statistic in ("median", "standard deviation"):
        spread = []
        again = statistics.median(data) if result.statistic == "median" else statistics.stdev(data)
        route = "Python standard library"
    elif group1 and group2 and result.statistic == "difference of medians":
        spread = []
        again, route = statistics.median(group1) - statistics.median(group2), "standard library"
    elif group1 and group2 and result.statistic in ("difference of means", "ratio of means"):
        spread = []
        first, second = math.fsum(group1) / len(group1), math.fsum(group2) / len(group2)
        again = first - second if result.statistic.startswith("difference") else first / second
        route = "exact summation"
    elif x and y:
        spread, again, route = [], statistics.correlation(x, y), "Python standard library"
    else:
        return []
    return [
        Recomputed(name="estimate", value=result.estimate, recomputed=again, route=route),
        *spread,
    ]


def _replicates(
    samples: list[FloatArray],
    statistic: Statistic,
    paired: bool,
    count: int,
    seed: int,
    warnings: list[str],
) -> Replicates:
    generator = np.random.default_rng(seed)
    estimate = float(statistic.compute(samples))
    error = None if statistic.sorts else _delta_error(statistic, samples, paired)
    size = sum(sample.size for sample in samples)
    rows = max(CHUNK // size, 1)
    values, pivots = [], []
    for start in range(0, count, rows):
        drawn = min(rows, count - start)
        picks = [generator.integers(0, sample.size, (drawn, sample.size)) for sample in samples[:1]]
        if len(samples) > 1:
            picks.append(
                picks[0]
                if paired
                else generator.integers(0, samples[1].size, (drawn, samples[1].size))
            )
        chosen = [sample[pick] for sample, pick in zip(samples, picks, strict=True)]
        value = statistic.compute(chosen)
        values.append(value)
        if not statistic.sorts:
            variance = bootstrap_statistics.delta_variance(statistic, chosen, paired)
            with np.errstate(divide="ignore", invalid="ignore"):
                pivots.append((value - estimate) / np.sqrt(variance))
    replicated = np.concatenate(values)
    defined = np.isfinite(replicated)
    if not defined.all():
        undefined = int((~defined).sum())
        if undefined > MOST_UNDEFINED * count:
            raise InputError(
                f"{undefined} of {count} resamples have no {statistic.label}: too few different "
                "values",
                where="bootstrap_interval",
                remedy="add measurements",
            )
        warnings.append(f"{undefined} of {count} resamples had no {statistic.label}: left out")
    pivot = np.concatenate(pivots) if pivots else None
    if pivot is not None:
        pivot = pivot[np.isfinite(pivot)]
        if pivot.size < (1 - MOST_UNDEFINED) * count or not error:
            pivot = None
    return Replicates(
        estimate=estimate,
        values=replicated[defined],
        studentised=pivot,
        standard_error=error,
        acceleration=bootstrap_statistics.acceleration(statistic, samples, paired),
    )


def _delta_error(statistic: Statistic, samples: list[FloatArray], paired: bool) -> float:
    """Standard error of the statistic by the delta method."""
    return math.sqrt(float(bootstrap_statistics.delta_variance(statistic, samples, paired)))


def _asked(found: dict[str, Bounds | None], interval: str, statistic: Statistic) -> Bounds:
    bounds = found[interval]
    if bounds is not None:
        return bounds
    if interval == "studentised":
        raise InputError(
            f"a {statistic.label} has no simple variance to studentise with"
            if statistic.sorts
            else "too many resamples have no variation to studentise with",
            where="interval",
            remedy="use bca or percentile",
        )
    raise InputError(
        "every resample lies on one side of the estimate, so there is no BCa interval",
        where="interval",
        remedy="use percentile, or add measurements",
    )


def _again(interval: str, confidence: float) -> Callable[[Replicates], Bounds | None]:
    def bounds(replicates: Replicates) -> Bounds | None:
        if interval == "bca":
            adjusted = bootstrap_bounds.bca(replicates, confidence)
            return adjusted.bounds if adjusted else None
        if interval == "percentile":
            return bootstrap_bounds.percentile(replicates, confidence)
        if interval == "basic":
            return bootstrap_bounds.basic(replicates, confidence)
        return bootstrap_bounds.studentised(replicates, confidence)

    return bounds


def _warn(
    warnings: list[str],
    samples: list[FloatArray],
    replicates: Replicates,
    adjusted: bootstrap_bounds.Adjusted | None,
    interval: str,
    count: int,
) -> None:
    smallest = min(sample.size for sample in samples)
    if smallest < 10:
        warnings.append(f"{smallest} values only: bootstrap intervals of so few are too short")
    distinct = np.unique(replicates.values).size
    if distinct < 20:
        warnings.append(
            f"the resampled values take only {distinct} different values: the bounds are as coarse"
        )
    if interval == "bca" and adjusted is not None:
        low, high = adjusted.levels
        if low * (count + 1) < 1 or (1 - high) * (count + 1) < 1:
            warnings.append("BCa reaches the extreme resamples: take more resamples")
