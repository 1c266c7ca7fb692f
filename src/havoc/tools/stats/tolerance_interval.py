"""Tolerance interval: limits that hold a share of all parts with a confidence.

Sources: NIST/SEMATECH e-Handbook 7.2.6.3 and 7.2.6.4; ISO 16269-6; K. Krishnamoorthy
and T. Mathew, Statistical Tolerance Regions (2009); S. S. Wilks (1941) for the
distribution-free limits; W. G. Howe (1969).
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta
from scipy import optimize, stats

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Confidence, FloatArray, Name, Unit, as_sample
from havoc.tools.result import Check, Narrative, Outcome, Recomputed
from havoc.tools.stats import normal_factors
from havoc.tools.stats.assumption_checks import INDEPENDENCE, normal_residuals
from havoc.tools.stats.interval_charts import values_with_limits
from havoc.tools.stats.interval_input import (
    Data,
    Mean,
    Sd,
    Side,
    Size,
    around,
    normal_sample,
    values_of,
)

Coverage = Annotated[
    float, Meta(gt=0, lt=1, description="share of the population between the limits")
]


class ToleranceInterval(Outcome):
    """Limits ``ti_low`` to ``ti_high`` (also ``low``, ``high``), if mean and sd are known.

    ``k`` is the factor used; ``k_two_sided`` and ``k_one_sided`` are the exact normal
    factors, ``k_howe`` the approximation. The distribution-free interval reports the
    ranks it used, the confidence it ``achieved_confidence``, the share that smallest
    and largest value cover at the stated confidence (``covered_by_range``), and how
    many values smallest and largest would need (``n_required``).
    """

    kind: str
    side: str
    coverage: float
    confidence: float
    name: str
    n: int | None = None
    ti_low: float | None = None
    ti_high: float | None = None
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    sd: float | None = None
    k: float | None = None
    k_two_sided: float | None = None
    k_one_sided: float | None = None
    k_howe: float | None = None
    rank_low: int | None = None
    rank_high: int | None = None
    achieved_confidence: float | None = None
    covered_by_range: float | None = None
    n_required: int | None = None


@tool(
    "tolerance_interval",
    title="Tolerance interval",
    source="NIST/SEMATECH e-Handbook 7.2.6.3-7.2.6.4; ISO 16269-6; Wilks (1941)",
)
def tolerance_interval(
    data: Data = None,
    n: Size = None,
    mean: Mean = None,
    sd: Sd = None,
    coverage: Coverage = 0.95,
    confidence: Confidence = 0.95,
    side: Side = "two_sided",
    kind: Annotated[
        Literal["normal", "howe", "nonparametric"],
        Meta(description="exact normal factor, Howe's approximation, or distribution-free"),
    ] = "normal",
    name: Name = "the process",
    unit: Unit = "",
) -> ToleranceInterval:
    """Between which limits do, say, 99 % of all parts lie, with a given confidence?

    Use it to set or to judge specification limits. Give values, or n with mean and
    sd, or n alone for the factors k. Assumes independent values of a stable process;
    the normal interval depends strongly on normality, the distribution-free one
    assumes no shape but needs many values
    (93 for 95 % coverage at 95 % confidence between smallest and largest).
    """
    if kind == "nonparametric":
        return _nonparametric(data, n, coverage, confidence, side, name, unit)
    size, centre, spread = normal_sample(data, n, mean, sd)
    two_sided = normal_factors.tolerance_two_sided(size, coverage, confidence)
    one_sided = normal_factors.tolerance_one_sided(size, coverage, confidence)
    howe = normal_factors.tolerance_howe(size, coverage, confidence)
    k = one_sided if side != "two_sided" else howe if kind == "howe" else two_sided
    low = high = None
    if centre is not None and spread is not None:
        low, high = around(centre, k * spread, side)
    values = values_of(data)
    charts = []
    if values is not None and centre is not None and low is not None and high is not None:
        title = f"{name} with limits for {100 * coverage:g} % of all values"
        charts = [
            values_with_limits(
                values, title, unit, mean=centre, low=low, high=high, label="tolerance"
            )
        ]
    route = (
        "noncentral t factor"
        if side != "two_sided"
        else "Howe's factor"
        if kind == "howe"
        else "exact factor by numerical integration"
    )
    return ToleranceInterval(
        method=f"normal tolerance interval, {route}",
        unit=unit,
        kind=kind,
        side=side,
        coverage=coverage,
        confidence=confidence,
        name=name,
        n=size,
        ti_low=low,
        ti_high=high,
        low=low,
        high=high,
        mean=centre,
        sd=spread,
        k=k,
        k_two_sided=two_sided,
        k_one_sided=one_sided,
        k_howe=howe,
        assumptions=[
            normal_residuals(values, "normal values")
            if values is not None
            else Check(name="normal values", status="unknown", detail="no values given to check"),
            INDEPENDENCE,
        ],
        warnings=[f"only {size} values: the limits are very wide"] if size < 6 else [],
        charts=charts,
    )


def _nonparametric(
    data: object,
    n: int | None,
    coverage: float,
    confidence: float,
    side: str,
    name: str,
    unit: str,
) -> ToleranceInterval:
    """Order statistics; their coverage follows a beta distribution whatever the population."""
    values: FloatArray | None = None
    if isinstance(data, list):
        values = np.sort(as_sample(data, "data", minimum=2))
        n = values.size
    result = ToleranceInterval(
        method="distribution-free tolerance interval (order statistics, Wilks)",
        unit=unit,
        kind="nonparametric",
        side=side,
        coverage=coverage,
        confidence=confidence,
        name=name,
        n=n,
        n_required=_sample_size(coverage, confidence, side),
        assumptions=[INDEPENDENCE],
    )
    if n is None:
        return result
    if n < 2:
        raise InputError(f"n is {n}, at least 2 needed", where="n", remedy="add measurements")
    both = side == "two_sided"
    removed = _values_outside(n, coverage, confidence, 2 if both else 1)
    enough = removed is not None
    outside = removed if removed is not None else (2 if both else 1)
    below = 0 if side == "upper" else outside // 2 + outside % 2 if both else outside
    above = 0 if side == "lower" else outside // 2 if both else outside
    result.rank_low = below or None
    result.rank_high = n + 1 - above if above else None
    result.achieved_confidence = _confidence(n, coverage, outside)
    result.covered_by_range = float(
        stats.beta.ppf(1 - confidence, n - 1, 2) if both else stats.beta.ppf(1 - confidence, n, 1)
    )
    if values is not None:
        result.ti_low = result.low = float(values[below - 1]) if below else -math.inf
        result.ti_high = result.high = float(values[n - above]) if above else math.inf
        result.charts = [
            values_with_limits(
                np.asarray(data, dtype=np.float64),
                f"{name} with distribution-free limits for {100 * coverage:g} % of all values",
                unit,
                mean=float(values.mean()),
                low=result.low,
                high=result.high,
                label="tolerance",
            )
        ]
    if not enough:
        result.warnings.append(
            f"{n} values are too few: {result.n_required} are needed; smallest and largest value "
            f"reach a confidence of {100 * result.achieved_confidence:.1f} % only"
        )
    return result


def _confidence(n: int, coverage: float, outside: int) -> float:
    """Probability that n + 1 - outside gaps between order statistics cover the share."""
    return float(stats.beta.sf(coverage, n + 1 - outside, outside))


def _values_outside(n: int, coverage: float, confidence: float, least: int) -> int | None:
    """Most gaps that may be left outside with the confidence kept; None if not even ``least``."""
    if _confidence(n, coverage, least) < confidence:
        return None
    low, high = least, n
    while low < high:
        middle = (low + high + 1) // 2
        if _confidence(n, coverage, middle) >= confidence:
            low = middle
        else:
            high = middle - 1
    return low


def _sample_size(coverage: float, confidence: float, side: str) -> int:
    """Values needed so that smallest and largest (or one of them) are the limits."""
    if side != "two_sided":
        return max(math.ceil(math.log1p(-confidence) / math.log(coverage) - 1e-12), 1)
    high = 4.0
    while _confidence_real(high, coverage) < confidence:
        high *= 2
    exact = float(optimize.brentq(lambda n: _confidence_real(n, coverage) - confidence, 1.0, high))
    return max(math.ceil(exact - 1e-9), 2)


def _confidence_real(n: float, coverage: float) -> float:
    return float(1 - n * coverage ** (n - 1) + (n - 1) * coverage**n)


@tolerance_interval.narrates
def _narrate(result: ToleranceInterval) -> Narrative:
    promise = "at least {{coverage:%}} of {{name}} with {{confidence:%}} confidence"
    figures = []
    if result.k is not None:
        figures = [
            ("factor k used", "{{k}}"),
            ("k, two-sided", "{{k_two_sided}}"),
            ("k, one-sided", "{{k_one_sided}}"),
        ]
    details = []
    if result.n_required is not None:
        details.append(
            "Smallest and largest value serve as limits from {{n_required}} values on."
            if result.side == "two_sided"
            else "The extreme value serves as the limit from {{n_required}} values on."
        )
        figures.append(("values needed", "{{n_required}}"))
    if result.achieved_confidence is not None:
        details.append("The confidence reached with these ranks is {{achieved_confidence:%}}.")
    if result.ti_low is None or result.ti_high is None:
        if result.k is not None:
            conclusion = (
                f"The mean and {{{{k}}}} standard deviations hold {promise} (sample of {{{{n}}}}); "
                "k is {{k_two_sided}} for both sides and {{k_one_sided}} for one."
            )
        elif result.n is not None:
            ends = "Smallest and largest" if result.side == "two_sided" else "The extreme one"
            conclusion = (
                f"{ends} of {{{{n}}}} values hold at least {{{{covered_by_range:%}}}} of "
                "{{name}} with {{confidence:%}} confidence."
            )
        else:
            conclusion = f"{{{{n_required}}}} values are needed to hold {promise}."
        return Narrative(conclusion=conclusion, details=details, key_figures=figures)
    if result.side == "upper":
        place = "The upper limit {{ti_high:unit}} holds"
    elif result.side == "lower":
        place = "The lower limit {{ti_low:unit}} holds"
    else:
        place = "The limits {{ti_low}} to {{ti_high:unit}} hold"
    short = result.achieved_confidence is not None and (
        result.achieved_confidence < result.confidence
    )
    if short:
        place = (
            "There are too few values to promise {{confidence:%}} confidence; "
            + place[0].lower()
            + place[1:]
        )
        promise = "at least {{coverage:%}} of {{name}} with only {{achieved_confidence:%}}"
    return Narrative(
        conclusion=f"{place} {promise}.",
        details=details,
        key_figures=[
            ("lower limit", "{{ti_low:unit}}"),
            ("upper limit", "{{ti_high:unit}}"),
            *figures,
        ],
    )


@tolerance_interval.verifies
def _verify(result: ToleranceInterval, **_: object) -> list[Recomputed]:
    if result.k is None or result.n is None or result.kind == "howe":
        return []
    n, k = result.n, result.k
    if result.side == "two_sided":
        # Krishnamoorthy and Mathew's integral, over z > 0, with the noncentral chi-square radius.
        def held(z: float) -> float:
            radius = float(stats.ncx2.ppf(result.coverage, 1, z * z / n))
            return float(stats.chi2.sf((n - 1) * radius / k**2, n - 1) * 2 * stats.norm.pdf(z))

        nodes, weights = np.polynomial.legendre.leggauss(60)
        again = sum(
            4.5 * float(w) * held(4.5 * (float(x) + 1)) for x, w in zip(nodes, weights, strict=True)
        )
        route = "confidence by the integral over the noncentral chi-square radius"
    else:
        z = float(stats.norm.ppf(result.coverage))
        again = float(stats.nct.cdf(k * math.sqrt(n), n - 1, z * math.sqrt(n)))
        route = "confidence by the noncentral t distribution"
    return [
        Recomputed(
            name="confidence", value=result.confidence, recomputed=again, route=route, rtol=1e-6
        )
    ]
