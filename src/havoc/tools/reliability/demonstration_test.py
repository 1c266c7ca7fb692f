"""Reliability demonstration: how many units, how long, or what was shown.

Sources: W. Q. Meeker, L. A. Escobar and F. G. Pascual, Statistical Methods for
Reliability Data, 2nd edition (2022), 10.6; C. J. Clopper and E. S. Pearson (1934) for
the exact binomial limit; success run with Weibull slope: C. Lipson and N. J. Sheth,
Statistical Design and Analysis of Engineering Experiments (1973); MTBF: NIST/SEMATECH
e-Handbook 8.3.1.2 (chi-square limit of the exponential).
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta
from scipy import special, stats

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Unit
from havoc.tools.reliability.demonstration_result import (
    DemonstrationPlan,
    DemonstrationTest,
    chart,
    narrate,
)
from havoc.tools.result import Check, Recomputed

_MOST_UNITS = 50_000_000
_COMPARED_FAILURES = 5

Share = Annotated[float, Meta(gt=0, lt=1)]
PositiveNumber = Annotated[float, Meta(gt=0)]
Failures = Annotated[int, Meta(ge=0, le=10_000)]

_HOURS = {
    "s": 1 / 3600, "sec": 1 / 3600, "second": 1 / 3600, "min": 1 / 60, "minute": 1 / 60,
    "h": 1.0, "hr": 1.0, "hour": 1.0, "d": 24.0, "day": 24.0, "wk": 168.0, "week": 168.0,
    "mo": 730.5, "month": 730.5, "y": 8766.0, "yr": 8766.0, "year": 8766.0,
}  # fmt: skip


@tool(
    "demonstration_test",
    title="Reliability demonstration test",
    source="Meeker, Escobar and Pascual (2022), 10.6; Clopper and Pearson (1934); "
    "NIST e-Handbook 8.3.1.2",
)
def demonstration_test(
    reliability: Annotated[
        Share | None, Meta(description="share that must survive the required life")
    ] = None,
    confidence: Annotated[
        Share | None, Meta(description="confidence of the statement, between 0 and 1")
    ] = None,
    failures: Annotated[
        Failures | list[Failures], Meta(description="failures allowed (or seen); a list compares")
    ] = 0,
    n: Annotated[
        Annotated[int, Meta(ge=1, le=_MOST_UNITS)] | None, Meta(description="units tested")
    ] = None,
    shape: Annotated[
        PositiveNumber | None,
        Meta(description="known Weibull shape (beta), to trade test time for units"),
    ] = None,
    scale: Annotated[
        PositiveNumber | None,
        Meta(description="scale (eta) to be demonstrated, with shape and test_time or n"),
    ] = None,
    time: Annotated[PositiveNumber | None, Meta(description="required life")] = None,
    test_time: Annotated[PositiveNumber | None, Meta(description="test time of each unit")] = None,
    life_ratio: Annotated[
        PositiveNumber | None, Meta(description="test time in required lives, instead of test_time")
    ] = None,
    acceleration_factor: Annotated[
        PositiveNumber, Meta(description="one hour of test counts for this many in use")
    ] = 1.0,
    mtbf: Annotated[
        PositiveNumber | None, Meta(description="mean time between failures to be demonstrated")
    ] = None,
    total_test_time: Annotated[
        PositiveNumber | None,
        Meta(description="test time summed over units, to find the MTBF shown"),
    ] = None,
    distribution: Annotated[
        Literal["weibull", "exponential"],
        Meta(description="exponential takes shape one and allows mtbf"),
    ] = "weibull",
    time_unit: Annotated[str, Meta(description="unit of time, if it differs from the test's")] = "",
    test_time_unit: Annotated[str, Meta(description="unit of test_time")] = "",
    unit: Unit = "",
) -> DemonstrationTest:
    """How many units, or how long a test, proves a reliability; or what did a test prove?

    With reliability and confidence: the sample size for the failures allowed (exact
    binomial; no failure is the success run). With n and confidence: the reliability
    shown. With n, reliability and confidence and a Weibull shape: the test time of each
    unit. With n and reliability: the confidence. With mtbf: the total test time of an
    exponential life (time-terminated, chi-square). Assumes units like those in use, a
    test like the use, and, where time is traded for units, a shape that is truly known.
    """
    allowed = failures if isinstance(failures, list) else [failures]
    if not allowed:
        raise InputError("the list is empty", where="failures", remedy="give a number of failures")
    if distribution == "exponential":
        shape = shape or 1.0
    if mtbf is not None or total_test_time is not None:
        result = _mean_life(allowed, confidence, mtbf, total_test_time, n, test_time)
        result.unit = unit
        return result
    time_in_unit = _same_unit(time, time_unit, test_time, test_time_unit)
    ratio = _ratio(time_in_unit, test_time, life_ratio, acceleration_factor, shape, scale)
    if scale is not None:
        reliability, ratio = _for_scale(scale, shape, test_time, acceleration_factor)
    return_unit = unit or test_time_unit or time_unit
    result = _binomial(allowed, reliability, confidence, n, shape, ratio)
    result.scale = scale
    result.time, result.test_time = time, test_time
    if acceleration_factor != 1:
        result.acceleration_factor = acceleration_factor
    if result.solved_for == "test_time" and result.life_ratio is not None:
        base = time_in_unit if time_in_unit is not None else scale
        if base is not None:
            result.test_time = base * result.life_ratio / acceleration_factor
    elif test_time is not None and result.n is not None:
        result.total_test_time = test_time * result.n
    result.unit = return_unit
    return result


def _same_unit(
    time: float | None, time_unit: str, test_time: float | None, test_unit: str
) -> float | None:
    """The required life in the unit of the test."""
    if time is None or test_time is None or not time_unit or not test_unit:
        return time
    one, other = (word.lower().strip() for word in (time_unit, test_unit))
    if one.rstrip("s") == other.rstrip("s"):
        return time
    hours = [_HOURS.get(word) or _HOURS.get(word.rstrip("s")) for word in (one, other)]
    if hours[0] is None or hours[1] is None:
        raise InputError(
            f"{time_unit} cannot be converted to {test_unit}",
            where="time_unit, test_time_unit",
            remedy="give both in the same unit",
        )
    return time * hours[0] / hours[1]


def _ratio(
    time: float | None,
    test_time: float | None,
    life_ratio: float | None,
    factor: float,
    shape: float | None,
    scale: float | None,
) -> float | None:
    if life_ratio is None and (test_time is None or scale is not None):
        return None
    if life_ratio is None:
        assert test_time is not None
        if time is None:
            raise InputError(
                "test_time needs the required life",
                where="time",
                remedy="give time, or life_ratio",
            )
        life_ratio = test_time / time
    ratio = life_ratio * factor
    if shape is None and not math.isclose(ratio, 1.0):
        raise InputError(
            f"a test of {ratio:g} lives counts only with a known shape",
            where="shape",
            remedy="give the Weibull shape (or test exactly one life)",
        )
    return ratio


def _for_scale(
    scale: float, shape: float | None, test_time: float | None, factor: float
) -> tuple[float, float | None]:
    """A scale to be shown is a reliability of exp(-1) at one characteristic life."""
    if shape is None:
        raise InputError(
            "a scale needs a known shape", where="shape", remedy="give the Weibull shape"
        )
    return math.exp(-1), None if test_time is None else test_time * factor / scale


def _binomial(
    allowed: list[int],
    reliability: float | None,
    confidence: float | None,
    n: int | None,
    shape: float | None,
    ratio: float | None,
) -> DemonstrationTest:
    r = allowed[0]
    power = 1.0 if ratio is None or shape is None else ratio**shape
    known = (reliability is not None, confidence is not None, n is not None)
    result = DemonstrationTest(
        method="exact binomial (Clopper-Pearson)"
        + ("" if power == 1 else ", Weibull with known shape between test and required life"),
        solved_for="n",
        failures=r,
        reliability=reliability,
        confidence=confidence,
        n=n,
        shape=shape,
        life_ratio=ratio,
        assumptions=_assumptions(shape, ratio),
    )
    if n is not None and max(allowed) >= n:
        raise InputError(
            f"{max(allowed)} failures among {n} units show nothing",
            where="failures, n",
            remedy="allow fewer failures or test more units",
        )
    if known == (True, True, False):
        assert reliability is not None and confidence is not None
        in_test = reliability**power
        counts = range(max(_COMPARED_FAILURES, *allowed) + 1) if len(allowed) == 1 else allowed
        result.n = sample_size(in_test, confidence, r)
        result.plans = [
            DemonstrationPlan(failures=k, n=sample_size(in_test, confidence, k))
            for k in (counts if max(allowed) <= 20 else allowed)
        ]
        result.reliability_in_test = in_test
        result.confidence_reached = shown_confidence(result.n, r, in_test)
        result.charts = [chart(result)]
    elif known == (False, True, True):
        assert confidence is not None and n is not None
        in_test = shown_reliability(n, r, confidence)
        result.solved_for, result.reliability_in_test = "reliability", in_test
        result.reliability = in_test ** (1 / power)
    elif known == (True, False, True):
        assert reliability is not None and n is not None
        result.solved_for = "confidence"
        result.reliability_in_test = reliability**power
        result.confidence = shown_confidence(n, r, result.reliability_in_test)
        result.confidence_reached = result.confidence
    elif known == (True, True, True):
        assert reliability is not None and confidence is not None and n is not None
        if ratio is not None or shape is None:
            result.solved_for = "verdict"
            result.reliability_in_test = reliability**power
            result.confidence_reached = shown_confidence(n, r, result.reliability_in_test)
        else:
            result.solved_for = "test_time"
            in_test = shown_reliability(n, r, confidence)
            result.reliability_in_test = in_test
            result.life_ratio = (math.log(in_test) / math.log(reliability)) ** (1 / shape)
            result.method += ", Weibull with known shape between test and required life"
    else:
        raise InputError(
            "not enough is given to work out a test",
            where="demonstration_test",
            remedy="give two of reliability, confidence and n, or mtbf and confidence",
        )
    return result


def _assumptions(shape: float | None, ratio: float | None) -> list[Check]:
    if shape is None or (ratio is not None and math.isclose(ratio, 1.0)):
        return []
    return [
        Check(
            name="the Weibull shape is known",
            status="unknown",
            detail="a wrong shape makes the statement wrong; take it from earlier failures",
        )
    ]


def shown_confidence(n: int, failures: int, reliability: float) -> float:
    """Probability of more failures than seen if the reliability were only this."""
    return float(stats.binom.sf(failures, n, 1 - reliability))


def shown_reliability(n: int, failures: int, confidence: float) -> float:
    """Lower Clopper-Pearson limit of the reliability."""
    return float(special.betaincinv(n - failures, failures + 1, 1 - confidence))


def sample_size(reliability: float, confidence: float, failures: int) -> int:
    """Fewest units with at least this confidence."""
    if reliability >= 1 - 1e-12:
        raise InputError(
            "the test shows too little of the life for any number of units",
            where="test_time",
            remedy="test longer, or lower the reliability",
        )

    def enough(n: int) -> bool:
        # The slack keeps a confidence that is met exactly from costing another unit.
        return shown_confidence(n, failures, reliability) >= confidence * (1 - 1e-12)

    low, high = failures, failures + 1
    while not enough(high):
        low, high = high, high * 2
        if high > _MOST_UNITS:
            raise InputError(
                f"more than {_MOST_UNITS} units would be needed",
                where="reliability, confidence",
                remedy="lower the reliability or the confidence",
            )
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _mean_life(
    allowed: list[int],
    confidence: float | None,
    mtbf: float | None,
    total: float | None,
    n: int | None,
    test_time: float | None,
) -> DemonstrationTest:
    r = allowed[0]
    if total is None and n is not None and test_time is not None and mtbf is None:
        total = n * test_time
    result = DemonstrationTest(
        method="exponential life, test ended at a fixed time, chi-square limit with "
        "two degrees of freedom more than twice the failures",
        solved_for="total_test_time",
        failures=r,
        n=n,
        confidence=confidence,
        mtbf=mtbf,
        test_time=test_time,
        total_test_time=total,
        assumptions=[
            Check(
                name="constant rate of failure",
                status="unknown",
                detail="hours of different units can be added only if units do not age",
            )
        ],
    )
    if mtbf is not None and confidence is not None:
        if total is not None:
            raise InputError(
                "mtbf, confidence and total_test_time are all given",
                where="demonstration_test",
                remedy="leave out the one to be worked out",
            )
        times = [mtbf * _mean_failures(k, confidence) for k in allowed]
        result.total_test_time = times[0]
        result.plans = [
            DemonstrationPlan(
                failures=k, total_test_time=value, test_time=None if n is None else value / n
            )
            for k, value in zip(allowed, times, strict=True)
        ]
        if n is not None:
            result.test_time = times[0] / n
    elif total is not None and confidence is not None:
        result.solved_for = "mtbf"
        result.mtbf = total / _mean_failures(r, confidence)
    elif total is not None and mtbf is not None:
        result.solved_for = "confidence"
        result.confidence = float(special.gammainc(r + 1, total / mtbf))
    else:
        raise InputError(
            "not enough is given to work out a test of the mean life",
            where="demonstration_test",
            remedy="give two of mtbf, confidence and total_test_time",
        )
    result.failure_rate = None if result.mtbf is None else 1 / result.mtbf
    return result


def _mean_failures(failures: int, confidence: float) -> float:
    """Expected failures at which so few are seen with probability 1 - confidence."""
    return float(special.gammaincinv(failures + 1, confidence))


demonstration_test.narrates(narrate)


@demonstration_test.verifies
def _verify(result: DemonstrationTest, **_: object) -> list[Recomputed]:
    """Binomial and Poisson terms summed, on both sides of a sample size."""
    if result.mtbf is not None and result.total_test_time and result.confidence is not None:
        expected = result.total_test_time / result.mtbf
        few = math.fsum(
            math.exp(-expected + k * math.log(expected) - math.lgamma(k + 1))
            for k in range(result.failures + 1)
        )
        return [
            Recomputed(
                name="confidence",
                value=result.confidence,
                recomputed=1 - few,
                route="Poisson terms summed",
                rtol=1e-8,
            )
        ]
    n, reached, in_test = result.n, result.confidence_reached, result.reliability_in_test
    if n is None or in_test is None or result.failures > 2000:
        return []
    counts = np.arange(result.failures + 1)
    terms = (
        special.gammaln(n + 1)
        - special.gammaln(counts + 1)
        - special.gammaln(n - counts + 1)
        + special.xlogy(counts, 1 - in_test)
        + (n - counts) * math.log(in_test)
    )
    value = reached if reached is not None else result.confidence
    return [
        Recomputed(
            name="confidence",
            value=float(value or 0.0),
            recomputed=1 - math.fsum(math.exp(term) for term in terms),
            route="binomial terms summed",
            rtol=1e-7,
        )
    ]
