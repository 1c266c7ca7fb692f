"""Reliability growth of a system that is repaired and improved: the Crow-AMSAA model.

Sources: MIL-HDBK-189C (2011), chapter 5; L. H. Crow (1982); NIST e-Handbook 8.4.5.1.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta
from scipy import stats

from havoc.charts import ChartSpec, Panel, Series
from havoc.charts.spec import decimate
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, Confidence, FloatArray, Name, Unit, as_sample
from havoc.tools.reliability import power_law
from havoc.tools.reliability.power_law import Growth
from havoc.tools.result import Check, Narrative, Outcome, Recomputed

_GRID = 81
_MOST_FOR_FACTORS = 2000


class ReliabilityGrowth(Outcome):
    """Mean number of failures by t is ``rate`` t^``beta``; ``beta`` below one is growth.

    ``mtbf`` is the present (instantaneous) mean time between failures at ``end_time``, with
    limits ``mtbf_low`` and ``mtbf_high``; ``mtbf_cumulative`` is the test time over all
    failures, ``intensity`` the present rate of failure. ``trend`` says what the test of a
    constant rate (``chi2``, ``df``, ``p_value``) found: improving, deteriorating or none;
    ``laplace`` is a second test. ``cvm`` and ``cvm_p_value`` test the power law itself.
    """

    name: str
    failures: int
    end_time: float
    stopped_by: str
    estimator: str
    level: float
    beta: float
    rate: float
    mtbf: float
    mtbf_cumulative: float
    intensity: float
    alpha: float
    trend: str
    beta_low: float | None = None
    beta_high: float | None = None
    mtbf_low: float | None = None
    mtbf_high: float | None = None
    chi2: float | None = None
    df: int | None = None
    p_value: float | None = None
    significant: bool | None = None
    laplace: float | None = None
    laplace_p_value: float | None = None
    cvm: float | None = None
    cvm_p_value: float | None = None
    fit_chi2: float | None = None
    fit_df: int | None = None
    fit_p_value: float | None = None
    at: float | None = None
    expected_failures: float | None = None
    expected_more: float | None = None
    mtbf_at: float | None = None
    mtbf_goal: float | None = None
    time_to_goal: float | None = None


@tool(
    "reliability_growth",
    title="Reliability growth (Crow-AMSAA)",
    source="MIL-HDBK-189C (2011), chapter 5; Crow, Technometrics 24 (1982) 67-72; "
    "NIST e-Handbook 8.4.5.1",
)
def reliability_growth(
    times: Annotated[
        list[float] | None,
        Meta(description="cumulative test times of the failures of one system, or of all together"),
    ] = None,
    end_time: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="test time at the end; left out: the test ended with the last failure"),
    ] = None,
    interval_ends: Annotated[
        list[float] | None,
        Meta(description="instead of times: cumulative test time at the end of each interval"),
    ] = None,
    counts: Annotated[
        list[Annotated[int, Meta(ge=0)]] | None,
        Meta(description="with interval_ends: failures in each interval"),
    ] = None,
    estimator: Annotated[
        Literal["mle", "unbiased"],
        Meta(description="beta by maximum likelihood, or with the bias of small samples removed"),
    ] = "mle",
    at: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="test time for which failures and MTBF are to be predicted"),
    ] = None,
    mtbf_goal: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="MTBF to be reached: at which test time, if growth goes on?"),
    ] = None,
    confidence: Confidence = 0.90,
    alpha: Alpha = 0.05,
    name: Name = "the system",
    unit: Unit = "",
) -> ReliabilityGrowth:
    """Does the system become more reliable, what is its MTBF now, and where does it go?

    Use it for the failures of a repairable system under development (test, fix, test), or
    to see whether a system in use ages: times since the start of the test, not times
    between failures. The power-law process (Duane plot, Crow-AMSAA) with exact limits of
    beta and of the present MTBF, and tests of a constant rate. Assumes that the failures
    form a Poisson process whose rate changes smoothly with test time, repairs that take
    no time, and one configuration at a time; big redesigns break it.
    """
    if (times is None) == (interval_ends is None):
        raise InputError(
            "no failure times given" if times is None else "times and interval_ends are both given",
            where="times",
            remedy="give times, or interval_ends with counts",
        )
    if interval_ends is not None:
        result, growth, points = _grouped(interval_ends, counts, confidence, alpha, end_time)
    else:
        assert times is not None
        result, growth, points = _exact(times, end_time, estimator, confidence, alpha)
    result.name, result.unit = name, unit
    if at is not None:
        result.at = at
        result.expected_failures = growth.expected(at)
        result.expected_more = result.expected_failures - growth.expected(growth.end)
        result.mtbf_at = growth.mtbf(at)
        if at > 2 * growth.end:
            result.warnings.append(
                f"{at:g} is far beyond the test: the prediction holds only if growth goes on"
            )
    if mtbf_goal is not None:
        result.mtbf_goal = mtbf_goal
        if growth.beta < 1:
            log_time = math.log(mtbf_goal * growth.rate * growth.beta) / (1 - growth.beta)
            if log_time < 700:
                result.time_to_goal = math.exp(log_time)
        if result.time_to_goal is None:
            result.warnings.append("without growth the goal is not reached by testing on")
    result.charts = _charts(result, growth, points)
    return result


def _exact(
    times: list[float], end_time: float | None, estimator: str, confidence: float, alpha: float
) -> tuple[ReliabilityGrowth, Growth, tuple[FloatArray, FloatArray]]:
    sample = np.sort(as_sample(times, "times", minimum=1))
    if sample[0] <= 0:
        raise InputError(
            f"a failure at {sample[0]:g} lies before the test",
            where="times",
            remedy="give cumulative test times above zero",
        )
    stopped = end_time is not None
    end = float(end_time) if end_time is not None else float(sample[-1])
    least = 2 if stopped else 3
    if sample.size < least:
        raise InputError(
            f"{sample.size} failures are too few for a trend",
            where="times",
            remedy=f"at least {least} are needed; use demonstration_test for an MTBF",
        )
    if sample[-1] > end:
        raise InputError(
            f"a failure at {sample[-1]:g} is after the end of the test at {end:g}",
            where="times, end_time",
            remedy="give cumulative times and the end of the test in the same unit",
        )
    if float(np.sum(np.log(end / sample))) <= 0:
        raise InputError(
            "all failures are at the end of the test", where="times", remedy="check the times"
        )
    n = sample.size
    growth = power_law.from_times(sample, end, stopped=stopped, unbiased=estimator == "unbiased")
    plain = power_law.from_times(sample, end, stopped=stopped, unbiased=False)
    result = _result(growth, confidence, alpha, "time" if stopped else "failure")
    result.estimator = estimator
    result.method = (
        f"power-law process, {'maximum likelihood' if estimator == 'mle' else 'unbiased beta'}, "
        f"test ended at a {result.stopped_by}, exact limits (Crow)"
    )
    result.beta_low, result.beta_high = power_law.beta_limits(
        plain.beta, n, confidence, stopped=stopped
    )
    if n <= _MOST_FOR_FACTORS:
        low, high = power_law.mtbf_factors(n, confidence, stopped=stopped)
        present = plain.mtbf(end)
        result.mtbf_low = low * present
        result.mtbf_high = high * present if math.isfinite(high) else None
    result.chi2, result.df, result.p_value = power_law.trend_test(sample, end, stopped=stopped)
    result.laplace, result.laplace_p_value = power_law.laplace_test(sample, end, stopped=stopped)
    if n >= 3:
        result.cvm, result.cvm_p_value = power_law.cramer_von_mises(sample, end, stopped=stopped)
    _trend(result)
    if result.cvm_p_value is not None:
        result.assumptions.append(
            Check(
                name="power-law process",
                status="violated" if result.cvm_p_value < 0.1 else "ok",
                detail=f"Cramer-von Mises {result.cvm:.3f}, simulated p = {result.cvm_p_value:.3g}",
            )
        )
    return result, growth, (sample, np.arange(1, n + 1, dtype=np.float64))


def _grouped(
    interval_ends: list[float],
    counts: list[int] | None,
    confidence: float,
    alpha: float,
    end_time: float | None,
) -> tuple[ReliabilityGrowth, Growth, tuple[FloatArray, FloatArray]]:
    ends = as_sample(interval_ends, "interval_ends", minimum=2)
    if counts is None or len(counts) != ends.size:
        raise InputError(
            f"{ends.size} intervals but {len(counts or [])} counts",
            where="interval_ends, counts",
            remedy="give the failures of every interval",
        )
    if ends[0] <= 0 or bool((np.diff(ends) <= 0).any()):
        raise InputError(
            "the ends of the intervals must rise from above zero",
            where="interval_ends",
            remedy="give cumulative test times",
        )
    if end_time is not None and end_time != ends[-1]:
        raise InputError(
            f"the last interval ends at {ends[-1]:g}, not at {end_time:g}",
            where="end_time",
            remedy="leave it out",
        )
    number = np.asarray(counts, dtype=np.float64)
    if number.sum() < 3 or np.count_nonzero(number) < 2:
        raise InputError(
            f"{int(number.sum())} failures in {np.count_nonzero(number)} intervals show no trend",
            where="counts",
            remedy="test on, or use demonstration_test for an MTBF",
        )
    growth = power_law.from_counts(ends, number)
    result = _result(growth, confidence, alpha, "time")
    result.method = "power-law process, maximum likelihood of grouped failures, normal limits"
    covariance = power_law.counts_information(growth, ends)
    z = float(stats.norm.ppf(0.5 + confidence / 2))
    spread = math.exp(z * math.sqrt(float(covariance[1, 1])))
    result.beta_low, result.beta_high = growth.beta / spread, growth.beta * spread
    # MTBF = T / (beta lambda T^beta)
    both = np.array([1.0, 1.0])
    spread = math.exp(z * math.sqrt(float(both @ covariance @ both)))
    result.mtbf_low, result.mtbf_high = result.mtbf / spread, result.mtbf * spread
    widths = np.diff(ends, prepend=0.0)
    even = number.sum() * widths / ends[-1]
    result.chi2 = 2 * float(
        np.sum(np.where(number > 0, number * np.log(np.maximum(number, 1e-300) / even), 0.0))
    )
    expected = growth.rate * np.diff(np.concatenate([[0.0], ends]) ** growth.beta)
    gap = 2 * float(
        np.sum(np.where(number > 0, number * np.log(np.maximum(number, 1e-300) / expected), 0.0))
    )
    # likelihood ratio of the power law against a constant rate
    result.chi2, result.df = max(result.chi2 - gap, 0.0), 1
    result.p_value = float(stats.chi2.sf(result.chi2, 1))
    if ends.size > 2:
        result.fit_chi2 = float(np.sum((number - expected) ** 2 / expected))
        result.fit_df = ends.size - 2
        result.fit_p_value = float(stats.chi2.sf(result.fit_chi2, result.fit_df))
        result.assumptions.append(
            Check(
                name="power-law process",
                status="violated" if result.fit_p_value < 0.1 else "ok",
                detail=f"chi-squared {result.fit_chi2:.3g}, p = {result.fit_p_value:.3g}",
            )
        )
    _trend(result)
    return result, growth, (ends, np.cumsum(number))


def _result(growth: Growth, confidence: float, alpha: float, stopped_by: str) -> ReliabilityGrowth:
    present = growth.mtbf(growth.end)
    return ReliabilityGrowth(
        method="",
        name="",
        failures=growth.failures,
        end_time=growth.end,
        stopped_by=stopped_by,
        estimator="mle",
        level=confidence,
        beta=growth.beta,
        rate=growth.rate,
        mtbf=present,
        mtbf_cumulative=growth.end / growth.failures,
        intensity=1 / present,
        alpha=alpha,
        trend="none",
        assumptions=[
            Check(
                name="Poisson process, one configuration at a time",
                status="unknown",
                detail="the data cannot tell; failures in clusters or a big redesign break it",
            )
        ],
    )


def _trend(result: ReliabilityGrowth) -> None:
    assert result.p_value is not None
    result.significant = result.p_value < result.alpha
    if result.significant:
        result.trend = "improving" if result.beta < 1 else "deteriorating"


_TRENDS = {
    "improving": "The failures of {{name}} come further and further apart: reliability grows",
    "deteriorating": "The failures of {{name}} come closer and closer together: it wears out",
    "none": "The failures of {{name}} show no trend that the data can prove",
}


@reliability_growth.narrates
def _narrate(result: ReliabilityGrowth) -> Narrative:
    upper = "{{mtbf_high:unit}}" if result.mtbf_high is not None else "without an upper limit"
    conclusion = f"{_TRENDS[result.trend]} (p {{{{p_value:p}}}}); the MTBF now is {{{{mtbf:unit}}}}"
    if result.mtbf_low is not None:
        joined = f"{{{{mtbf_low}}}} to {upper}" if result.mtbf_high is not None else (
            f"at least {{{{mtbf_low:unit}}}}, {upper}"
        )  # fmt: skip
        conclusion += f", with {{{{level:%}}}} limits {joined}"
    conclusion += "."
    details = [
        "The exponent beta is {{beta}} ({{level:%}} limits {{beta_low}} and {{beta_high}}); below "
        "one is growth, above one is ageing.",
        "{{failures}} failures in {{end_time:unit}}; averaged over the whole test the MTBF is "
        "{{mtbf_cumulative:unit}}.",
    ]
    if result.laplace is not None:
        details.append("The Laplace test gives {{laplace}} (p {{laplace_p_value:p}}).")
    if result.at is not None:
        details.append(
            "By {{at:unit}} of test time {{expected_failures:.1f}} failures are expected, "
            "{{expected_more:.1f}} of them still to come; the MTBF then is {{mtbf_at:unit}}."
        )
    if result.time_to_goal is not None:
        details.append(
            "If growth goes on, an MTBF of {{mtbf_goal:unit}} is reached at {{time_to_goal:unit}} "
            "of test time."
        )
    return Narrative(
        conclusion=conclusion,
        details=details,
        key_figures=[("MTBF now", "{{mtbf:unit}}"), ("beta", "{{beta}}"), ("p", "{{p_value:p}}")],
    )


def _charts(
    result: ReliabilityGrowth, growth: Growth, points: tuple[FloatArray, FloatArray]
) -> list[ChartSpec]:
    times, number = points
    chosen = decimate(times.size)
    x = [float(times[i]) for i in chosen]
    seen = [float(number[i]) for i in chosen]
    grid = np.geomspace(min(x) * 0.8, max(growth.end, result.at or 0.0), _GRID)
    words = f"test time [{result.unit}]" if result.unit else "test time"
    return [
        ChartSpec(
            kind="reliability_growth",
            title=f"{result.name}: failures so far, and the power law",
            panels=[
                Panel(
                    x_label=words,
                    y_label="failures",
                    series=[
                        Series(name="failures", kind="points", x=x, y=seen),
                        Series(
                            name="power law", kind="line", x=grid.tolist(),
                            y=[growth.expected(float(t)) for t in grid],
                        ),
                    ],
                ),
                Panel(
                    title="Duane plot",
                    x_label=words,
                    y_label="MTBF",
                    x_scale="log",
                    y_scale="log",
                    series=[
                        Series(
                            name="test time over failures", kind="points", x=x,
                            y=[t / k for t, k in zip(x, seen, strict=True) if k > 0]
                            if all(k > 0 for k in seen)
                            else [t / max(k, 1.0) for t, k in zip(x, seen, strict=True)],
                        ),
                        Series(
                            name="present MTBF", kind="line", x=grid.tolist(),
                            y=[growth.mtbf(float(t)) for t in grid],
                        ),
                    ],
                ),
            ],
            notes=[] if times.size == len(chosen) else ["an even selection is drawn"],
        )
    ]  # fmt: skip


@reliability_growth.verifies
def _verify(result: ReliabilityGrowth, times: list[float] | None, **_: object) -> list[Recomputed]:
    """The process is Poisson: as many failures are expected as were seen; MTBF by the slope."""
    growth = Growth(
        beta=result.beta, rate=result.rate, failures=result.failures, end=result.end_time
    )
    h = 1e-6 * result.end_time
    slope = (growth.expected(result.end_time + h) - growth.expected(result.end_time - h)) / (2 * h)
    checks = [
        Recomputed(
            name="failures",
            value=float(result.failures),
            recomputed=growth.expected(result.end_time),
            route="mean number of failures at the end of the test",
        ),
        Recomputed(
            name="mtbf",
            value=result.mtbf,
            recomputed=1 / slope,
            route="slope of the mean number of failures by differences",
            rtol=1e-5,
        ),
    ]
    if times is not None and result.stopped_by == "failure" and result.failures <= 200:
        checks.append(
            Recomputed(
                name="probability at the lower limit of the MTBF",
                value=(1 + result.level) / 2,
                recomputed=power_law.recomputed_mtbf_factor(result.failures, result.level),
                route="product of chi-squared variables by adaptive quadrature",
                rtol=1e-5,
            )
        )
    return checks
