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

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import (
    Confidence,
    FloatArray,
    Name,
    Sample,
    Seed,
    Unit,
    as_sample,
    same_length,
)
from havoc.tools.result import Narrative, Outcome, Recomputed
from havoc.tools.stats import bootstrap_bounds, bootstrap_statistics
from havoc.tools.stats.assumption_checks import INDEPENDENCE
from havoc.tools.stats.bootstrap_bounds import Bounds, Replicates
from havoc.tools.stats.bootstrap_statistics import Statistic

USUAL_RESAMPLES = 9999
FEWEST_RESAMPLES = 199
# Values drawn in all resamples together; sorting each resample costs about five times as much.
MOST_DRAWN = 200_000_000
MOST_SORTED = 40_000_000
CHUNK = 2_000_000
# Resamples without a defined statistic (no variation in them) beyond this share: no interval.
MOST_UNDEFINED = 0.02

StatisticName = Literal[
    "mean",
    "median",
    "sd",
    "quantile",
    "cpk",
    "difference_of_means",
    "difference_of_medians",
    "ratio_of_means",
    "correlation",
]
Interval = Literal["bca", "percentile", "basic", "studentised"]
INTERVAL_NAMES = {
    "bca": "BCa (bias-corrected and accelerated)",
    "percentile": "percentile",
    "basic": "basic (reflected percentiles)",
    "studentised": "studentised (bootstrap t, delta-method variance)",
}


class BootstrapInterval(Outcome):
    """``ci_low`` to ``ci_high`` is the interval asked for (``interval``); all stand beside it.

    ``bias`` is the mean of the resampled values minus the estimate,
    ``standard_error`` their standard deviation. ``monte_carlo_error_low`` and ``_high``
    are the standard errors of the two bounds that come from drawing ``resamples``
    resamples and no more. ``excludes_no_difference`` says, for a difference (ratio,
    correlation), whether the interval leaves out zero (one, zero).
    """

    statistic: str
    estimate: float
    ci_low: float
    ci_high: float
    level: float
    interval: str
    bias: float
    standard_error: float
    resamples: int
    seed: int
    monte_carlo_error_low: float
    monte_carlo_error_high: float
    percentile_low: float
    percentile_high: float
    basic_low: float
    basic_high: float
    acceleration: float
    n: int
    name: str
    name1: str
    name2: str
    paired: bool
    n2: int | None = None
    bca_low: float | None = None
    bca_high: float | None = None
    bias_correction: float | None = None
    studentised_low: float | None = None
    studentised_high: float | None = None
    probability: float | None = None
    lsl: float | None = None
    usl: float | None = None
    excludes_no_difference: bool | None = None


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
    samples, kind = _samples(data, group1, group2, x, y, statistic, paired)
    paired = paired or kind == "correlation"
    chosen = _statistic(kind, probability, lsl, usl)
    _enough(samples, chosen, kind)
    count = _resamples(samples, chosen, resamples, confidence)
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
    result.charts = [_chart(result, replicates.values, unit)]
    return result


@bootstrap_interval.narrates
def _narrate(result: BootstrapInterval) -> Narrative:
    of = "{{name1}} and {{name2}}" if result.excludes_no_difference is not None else "{{name}}"
    details = [
        "The bounds come from {{resamples}} resamples (seed {{seed}}); with other resamples they "
        "would move by about {{monte_carlo_error_low}} and {{monte_carlo_error_high}}."
    ]
    if result.excludes_no_difference is not None:
        nothing = "one" if result.statistic == "ratio of means" else "zero"
        relation = "leaves out" if result.excludes_no_difference else "includes"
        details.insert(0, f"The interval {relation} {nothing}.")
    figures = [
        ("estimate", "{{estimate:unit}}"),
        ("lower end", "{{ci_low:unit}}"),
        ("upper end", "{{ci_high:unit}}"),
        ("bootstrap standard error", "{{standard_error:unit}}"),
        ("bias", "{{bias:unit}}"),
        ("percentile interval", "{{percentile_low}} to {{percentile_high}}"),
        ("basic interval", "{{basic_low}} to {{basic_high}}"),
    ]
    if result.bca_low is not None:
        figures.append(("BCa interval", "{{bca_low}} to {{bca_high}}"))
    if result.studentised_low is not None:
        figures.append(("studentised interval", "{{studentised_low}} to {{studentised_high}}"))
    quantile = " ({{probability:%}})" if result.probability is not None else ""
    return Narrative(
        conclusion=f"With {{{{level:%}}}} confidence the {{{{statistic}}}}{quantile} of {of} lies "
        "between {{ci_low}} and {{ci_high:unit}} (estimate {{estimate:unit}}, bootstrap "
        "{{interval}}).",
        details=details,
        key_figures=figures,
    )


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


def _samples(
    data: list[float] | None,
    group1: list[float] | None,
    group2: list[float] | None,
    x: list[float] | None,
    y: list[float] | None,
    statistic: StatisticName | None,
    paired: bool,
) -> tuple[list[FloatArray], StatisticName]:
    """The samples as given, and the statistic that they allow."""
    two = group1 is not None and group2 is not None
    columns = x is not None and y is not None
    if (data is not None) + two + columns != 1:
        raise InputError(
            "give data, or group1 and group2, or x and y",
            where="bootstrap_interval",
            remedy="one of the three forms",
        )
    one_sample = ("mean", "median", "sd", "quantile", "cpk")
    if data is not None:
        kind: StatisticName = statistic or "mean"
        if kind not in one_sample:
            raise InputError(
                f"{kind} needs two samples", where="statistic", remedy="give group1 and group2"
            )
        return [as_sample(data, "data", minimum=3, varying=True)], kind
    given = {"x": x, "y": y} if columns else {"group1": group1, "group2": group2}
    samples = [as_sample(values or [], where, minimum=3) for where, values in given.items()]
    kind = statistic or ("correlation" if columns else "difference_of_means")
    if kind in one_sample:
        raise InputError(
            f"{kind} needs one sample",
            where="statistic",
            remedy="give data, or ask for a difference, ratio or correlation",
        )
    if kind == "correlation" or paired:
        same_length(samples[0].tolist(), samples[1].tolist(), ", ".join(given))
    if all(np.ptp(sample) == 0 for sample in samples):
        raise InputError(
            "both samples are constant, so there is no variation to resample",
            where=", ".join(given),
            remedy="check the resolution of the measurement",
        )
    return samples, kind


def _statistic(
    kind: StatisticName, probability: float | None, lsl: float | None, usl: float | None
) -> Statistic:
    if kind == "median":
        return bootstrap_statistics.quantile(0.5, "median")
    if kind == "quantile":
        if probability is None:
            raise InputError(
                "no quantile given", where="probability", remedy="give it between 0 and 1"
            )
        return bootstrap_statistics.quantile(probability, "quantile")
    if kind == "cpk":
        if lsl is None and usl is None:
            raise InputError("no specification limit given", where="lsl, usl", remedy="give one")
        if lsl is not None and usl is not None and lsl >= usl:
            raise InputError(
                f"the lower limit {lsl:g} is not below the upper {usl:g}",
                where="lsl, usl",
                remedy="swap them",
            )
        return bootstrap_statistics.cpk(lsl, usl)
    return {
        "mean": bootstrap_statistics.MEAN,
        "sd": bootstrap_statistics.SD,
        "difference_of_means": bootstrap_statistics.DIFFERENCE_OF_MEANS,
        "difference_of_medians": bootstrap_statistics.DIFFERENCE_OF_MEDIANS,
        "ratio_of_means": bootstrap_statistics.RATIO_OF_MEANS,
        "correlation": bootstrap_statistics.CORRELATION,
    }[kind]


def _enough(samples: list[FloatArray], statistic: Statistic, kind: str) -> None:
    if min(sample.size for sample in samples) < statistic.minimum:
        raise InputError(
            f"{min(sample.size for sample in samples)} values, at least {statistic.minimum} needed",
            where="bootstrap_interval",
            remedy="add measurements",
        )
    if kind == "correlation" and any(np.ptp(sample) == 0 for sample in samples):
        raise InputError(
            "a constant column has no correlation",
            where="x, y",
            remedy="check the resolution of the measurement",
        )
    if kind == "ratio_of_means" and (samples[1] <= 0).any() and (samples[1] >= 0).any():
        mean, error = samples[1].mean(), samples[1].std(ddof=1) / math.sqrt(samples[1].size)
        if abs(mean) < 3 * error:
            raise InputError(
                "the mean of the second group is not clearly different from zero, so a ratio to "
                "it has no interval",
                where="group2",
                remedy="ask for the difference of means",
            )


def _resamples(
    samples: list[FloatArray], statistic: Statistic, wanted: int | None, confidence: float
) -> int:
    size = sum(sample.size for sample in samples)
    most = (MOST_SORTED if statistic.sorts else MOST_DRAWN) // size
    if most < FEWEST_RESAMPLES:
        raise InputError(
            f"{size} values are too many to resample",
            where="bootstrap_interval",
            remedy="use confidence_interval: with so many values its formulas hold",
        )
    if wanted is not None and wanted > most:
        raise InputError(
            f"{wanted} resamples of {size} values are too many",
            where="resamples",
            remedy=f"ask for at most {most}",
        )
    count = wanted if wanted is not None else min(USUAL_RESAMPLES, most)
    if (count + 1) * (1 - confidence) / 2 < 1 - 1e-9:
        raise InputError(
            f"{count} resamples cannot give a {confidence:.4%} interval",
            where="resamples",
            remedy=f"ask for at least {math.ceil(2 / (1 - confidence)) - 1}",
        )
    return count


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


def _chart(result: BootstrapInterval, values: FloatArray, unit: str) -> ChartSpec:
    """Histogram of the resampled values with the interval."""
    bins = 1 if np.ptp(values) == 0 else min(40, max(10, math.ceil(math.log2(values.size)) * 3))
    counts, edges = np.histogram(values, bins=bins)
    lines: list[tuple[str, float, Literal["center", "control"]]] = [
        ("estimate", result.estimate, "center"),
        ("lower end", result.ci_low, "control"),
        ("upper end", result.ci_high, "control"),
    ]
    return ChartSpec(
        kind="bootstrap",
        title=f"The {result.statistic} of {result.resamples} resamples, with the "
        f"{result.level:.4g} interval",
        panels=[
            Panel(
                x_label=f"{result.statistic}{f' [{result.unit}]' if result.unit else ''}",
                y_label="resamples",
                series=[
                    Series(
                        name="resamples",
                        kind="bars",
                        x=((edges[:-1] + edges[1:]) / 2).tolist(),
                        y=counts.astype(float).tolist(),
                    )
                ],
                limits=[
                    Limit(label=label, role=role, value=value, orientation="vertical")
                    for label, value, role in lines
                ],
            )
        ],
    )
