"""Confidence interval of a mean, spread, median, proportion or rate.

Sources: NIST/SEMATECH e-Handbook 7.2.2.1 (mean), 7.2.3.1 (standard deviation),
7.2.4.1 (proportion); C. J. Clopper and E. S. Pearson (1934); E. B. Wilson (1927);
F. Garwood (1936) for the Poisson rate; W. J. Conover for the median.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta
from scipy import stats

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Confidence, Name, Summary, Unit, as_sample
from havoc.tools.result import Check, Recomputed
from havoc.tools.stats.assumption_checks import INDEPENDENCE, normal_residuals
from havoc.tools.stats.confidence_interval_result import WORDS, ConfidenceInterval, narrate
from havoc.tools.stats.group_charts import individual_values
from havoc.tools.stats.interval_bounds import (
    median_bounds,
    median_rank,
    proportion_bounds,
    rate_bounds,
    sided,
)
from havoc.tools.stats.interval_input import Data, Mean, Sd, Side, Size

Parameter = Literal["mean", "sd", "variance", "median", "proportion", "rate"]


@tool(
    "confidence_interval",
    title="Confidence interval",
    source="NIST/SEMATECH e-Handbook 7.2.2.1, 7.2.3.1, 7.2.4.1; Garwood (1936)",
)
def confidence_interval(
    data: Data = None,
    parameter: Annotated[
        Parameter | None,
        Meta(description="what to estimate; by default what the given data allow"),
    ] = None,
    n: Size = None,
    mean: Mean = None,
    sd: Sd = None,
    sigma: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="known standard deviation of the process (z interval)"),
    ] = None,
    successes: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(description="number of units with the property, for a proportion"),
    ] = None,
    trials: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="number of units inspected")
    ] = None,
    events: Annotated[
        Annotated[int, Meta(ge=0)] | None, Meta(description="number of events, for a rate")
    ] = None,
    exposure: Annotated[
        float, Meta(gt=0, description="units, hours or area over which events were counted")
    ] = 1.0,
    confidence: Confidence = 0.95,
    side: Side = "two_sided",
    kind: Annotated[
        Literal["clopper_pearson", "wilson", "agresti_coull", "jeffreys", "wald"],
        Meta(description="interval of a proportion; clopper_pearson is exact"),
    ] = "clopper_pearson",
    name: Name = "the sample",
    unit: Unit = "",
) -> ConfidenceInterval:
    """Between which limits does the true mean, spread, proportion or rate lie?

    Use it with every estimate that leads to a decision; give values, or a summary,
    or counts. A mean uses Student's t (z with a known sigma), a standard deviation
    the chi-square distribution, a median the order statistics, a proportion the
    exact binomial interval, a rate the exact Poisson interval. With no defect in a
    sample, ``upper`` is the limit on the defect rate. Assumes independent values;
    a standard deviation needs normal ones, a mean about 15 or near-normal ones.
    """
    parameter = parameter or _guess(data, mean, sd, successes, trials, events)
    if parameter == "proportion":
        return _proportion(_counts(data, successes, trials, n), confidence, side, kind, name)
    if parameter == "rate":
        if events is None:
            raise InputError("no count given", where="events", remedy="give the number of events")
        return _rate(events, exposure, confidence, side, name)
    values = data if isinstance(data, list) else None
    if parameter == "median":
        return _median(values, confidence, side, name, unit)
    size, centre, spread = _summary(data, parameter, n, mean, sd, sigma)
    if parameter == "mean":
        result = _mean(size, centre, spread, sigma, confidence, side, name, unit)
    else:
        result = _spread(parameter, size, spread, confidence, side, name, unit)
    if values is not None:
        result.assumptions = [normal_residuals(np.asarray(values), "normal values"), INDEPENDENCE]
        result.charts = [
            individual_values({name: values}, f"{name}: every value and the mean", unit)
        ]
    return result


def _guess(
    data: list[float] | Summary | None,
    mean: float | None,
    sd: float | None,
    successes: int | None,
    trials: int | None,
    events: int | None,
) -> Parameter:
    if successes is not None or trials is not None:
        return "proportion"
    if events is not None:
        return "rate"
    if data is None and mean is None and sd is not None:
        return "sd"
    return "mean"


def _summary(
    data: list[float] | Summary | None,
    parameter: str,
    n: int | None,
    mean: float | None,
    sd: float | None,
    sigma: float | None,
) -> tuple[int, float, float]:
    """Size, mean and standard deviation, from values or from what was given instead."""
    if isinstance(data, list):
        needed = 1 if sigma is not None and parameter == "mean" else 2
        sample = as_sample(data, "data", minimum=needed)
        spread = float(np.std(sample, ddof=1)) if sample.size > 1 else 0.0
        return sample.size, math.fsum(sample.tolist()) / sample.size, spread
    if data is not None:
        n, mean, sd = data.n, data.mean, data.sd
    if n is None:
        raise InputError("no data given", where="data", remedy="give values, or n with mean and sd")
    for value, label in ((mean, "mean"), (sd, "sd"), (sigma, "sigma")):
        if value is not None and not math.isfinite(value):
            raise InputError(
                f"{label} must be a finite number", where=label, remedy="give a number"
            )
    if parameter == "mean":
        if mean is None:
            raise InputError("no mean given", where="mean", remedy="give the sample mean")
        if sigma is not None:
            return n, mean, sd or 0.0
    if sd is None:
        raise InputError("no sd given", where="sd", remedy="give the sample standard deviation")
    if n < 2:
        raise InputError(f"n is {n}, at least 2 needed", where="n", remedy="add measurements")
    return n, mean if mean is not None else math.nan, sd


def _counts(
    data: list[float] | Summary | None, successes: int | None, trials: int | None, n: int | None
) -> tuple[int, int]:
    if isinstance(data, list) and successes is None:
        sample = as_sample(data, "data", minimum=1)
        if not np.isin(sample, (0.0, 1.0)).all():
            raise InputError(
                "a proportion needs zeros and ones", where="data", remedy="or give counts"
            )
        return int(sample.sum()), sample.size
    trials = trials if trials is not None else n
    if successes is None or trials is None:
        missing = "successes" if successes is None else "trials"
        raise InputError(
            f"{missing} is missing", where=missing, remedy="give both successes and trials"
        )
    if successes > trials:
        raise InputError(
            f"{successes} successes in {trials} trials", where="successes", remedy="swap them?"
        )
    return successes, trials


def _mean(
    n: int,
    mean: float,
    sd: float,
    sigma: float | None,
    confidence: float,
    side: str,
    name: str,
    unit: str,
) -> ConfidenceInterval:
    spread = sd if sigma is None else sigma
    distribution = stats.norm() if sigma is not None else stats.t(n - 1)
    error = spread / math.sqrt(n)
    margin = float(distribution.ppf((1 + confidence) / 2)) * error
    one_sided = float(distribution.ppf(confidence)) * error
    low, high = sided(
        (mean - margin, mean + margin),
        mean - one_sided,
        mean + one_sided,
        side,
        (-math.inf, math.inf),
    )
    return ConfidenceInterval(
        method="Student t interval of the mean, standard deviation with n - 1"
        if sigma is None
        else "z interval of the mean with a known standard deviation",
        unit=unit,
        parameter="mean",
        name=name,
        estimate=mean,
        ci_low=low,
        ci_high=high,
        lower=mean - one_sided,
        upper=mean + one_sided,
        level=confidence,
        side=side,
        n=n,
        mean=mean,
        sd=sd if sigma is None or sd else None,
        sigma=sigma,
        standard_error=error,
        df=n - 1 if sigma is None else None,
        margin=margin if side == "two_sided" else one_sided,
        warnings=["all values are equal: the interval has no width"] if spread == 0 else [],
    )


def _spread(
    parameter: str, n: int, sd: float, confidence: float, side: str, name: str, unit: str
) -> ConfidenceInterval:
    """Chi-square interval of a variance, or of its square root."""
    df = n - 1

    def bound(probability: float) -> float:
        variance = df * sd**2 / float(stats.chi2.ppf(probability, df))
        return variance if parameter == "variance" else math.sqrt(variance)

    tail = (1 - confidence) / 2
    lower, upper = bound(confidence), bound(1 - confidence)
    low, high = sided((bound(1 - tail), bound(tail)), lower, upper, side, (0.0, math.inf))
    return ConfidenceInterval(
        method=f"chi-square interval of the {WORDS[parameter]}",
        unit=unit if parameter == "sd" or not unit else f"{unit}²",
        parameter=parameter,
        name=name,
        estimate=sd**2 if parameter == "variance" else sd,
        ci_low=low,
        ci_high=high,
        lower=lower,
        upper=upper,
        level=confidence,
        side=side,
        n=n,
        sd=sd,
        df=df,
        assumptions=[
            Check(
                name="normal values",
                status="unknown",
                detail="this interval depends strongly on normality; no values given to check it",
            )
        ],
    )


def _median(
    values: list[float] | None, confidence: float, side: str, name: str, unit: str
) -> ConfidenceInterval:
    """Order statistics whose binomial coverage is at least the confidence."""
    if values is None:
        raise InputError("a median needs the values", where="data", remedy="give the values")
    ordered = np.sort(as_sample(values, "data", minimum=2))
    n = ordered.size

    tail = (1 - confidence) / 2
    lower, upper = median_bounds(ordered, 1 - confidence)
    low, high = sided(median_bounds(ordered, tail), lower, upper, side, (-math.inf, math.inf))
    used = median_rank(n, tail if side == "two_sided" else 1 - confidence)
    miss = float(stats.binom.cdf(used - 1, n, 0.5)) if used else 0.0
    warnings = []
    if math.isinf(low) and math.isinf(high):
        warnings.append(
            f"{n} values are too few for an order-statistic interval at this confidence"
        )
    return ConfidenceInterval(
        method="order-statistic interval of the median (binomial, conservative)",
        unit=unit,
        parameter="median",
        name=name,
        estimate=float(np.median(ordered)),
        ci_low=low,
        ci_high=high,
        lower=lower,
        upper=upper,
        level=confidence,
        side=side,
        n=n,
        achieved_level=1 - (2 * miss if side == "two_sided" else miss),
        warnings=warnings,
        assumptions=[INDEPENDENCE],
    )


def _proportion(
    counts: tuple[int, int], confidence: float, side: str, kind: str, name: str
) -> ConfidenceInterval:
    x, n = counts
    two = proportion_bounds(x, n, (1 - confidence) / 2, kind)
    lower, upper = proportion_bounds(x, n, 1 - confidence, kind)
    low, high = sided(two, lower, upper, side, (0.0, 1.0))
    names = {
        "clopper_pearson": "exact binomial interval (Clopper-Pearson)",
        "wilson": "score interval (Wilson), no continuity correction",
        "agresti_coull": "Agresti-Coull interval",
        "jeffreys": "Jeffreys interval",
        "wald": "normal approximation (Wald)",
    }
    warnings = []
    if kind == "wald" and min(x, n - x) < 10:
        warnings.append("the Wald interval is poor with fewer than 10 of either kind; use wilson")
    return ConfidenceInterval(
        method=names[kind],
        parameter="proportion",
        name=name,
        estimate=x / n,
        proportion=x / n,
        ci_low=low,
        ci_high=high,
        lower=lower,
        upper=upper,
        level=confidence,
        side=side,
        n=n,
        successes=x,
        trials=n,
        warnings=warnings,
        assumptions=[INDEPENDENCE],
    )


def _rate(
    events: int, exposure: float, confidence: float, side: str, name: str
) -> ConfidenceInterval:
    lower, upper = rate_bounds(events, exposure, 1 - confidence)
    two = rate_bounds(events, exposure, (1 - confidence) / 2)
    low, high = sided(two, lower, upper, side, (0.0, math.inf))
    return ConfidenceInterval(
        method="exact Poisson interval (Garwood)",
        parameter="rate",
        name=name,
        estimate=events / exposure,
        ci_low=low,
        ci_high=high,
        lower=lower,
        upper=upper,
        level=confidence,
        side=side,
        events=events,
        exposure=exposure,
        assumptions=[INDEPENDENCE],
    )


confidence_interval.narrates(narrate)


@confidence_interval.verifies
def _verify(result: ConfidenceInterval, **_: object) -> list[Recomputed]:
    """Tail probability at the reported one-sided bound, which must be one minus the level."""
    tail = 1 - result.level
    route = "tail probability at the upper bound"
    if result.parameter == "mean" and result.standard_error:
        z = (result.upper - result.estimate) / result.standard_error
        again = float(stats.norm.sf(z) if result.df is None else stats.t.sf(z, result.df))
    elif result.parameter in ("sd", "variance") and result.sd and result.df:
        variance = result.upper if result.parameter == "variance" else result.upper**2
        again = float(stats.chi2.cdf(result.df * result.sd**2 / variance, result.df))
    elif result.parameter == "proportion" and "Clopper" in result.method and result.upper < 1:
        again = float(stats.binom.cdf(result.successes, result.trials, result.upper))
    elif result.parameter == "rate" and result.exposure:
        again = float(stats.poisson.cdf(result.events, result.upper * result.exposure))
    else:
        return []
    return [Recomputed(name="1 - level", value=tail, recomputed=again, route=route, rtol=1e-7)]
