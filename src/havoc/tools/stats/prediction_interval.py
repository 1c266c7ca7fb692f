"""Prediction interval: where the next values of the same process will fall.

Sources: G. J. Hahn and W. Q. Meeker, Statistical Intervals, section 4.7 and 4.8;
G. J. Hahn (1969) for the exact simultaneous factors.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from msgspec import Meta
from scipy import stats

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Confidence, Name, Unit
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


class PredictionInterval(Outcome):
    """``pi_low`` to ``pi_high`` (also ``low``, ``high``) holds the ``m`` next values or their mean.

    ``k`` is the factor of mean ± k s; ``k_bonferroni`` and ``k_exact`` are both
    routes for several future values (equal for one).
    """

    pi_low: float
    pi_high: float
    low: float
    high: float
    level: float
    side: str
    of: str
    m: int
    name: str
    n: int
    mean: float
    sd: float
    k: float
    margin: float
    k_bonferroni: float | None = None
    k_exact: float | None = None


@tool(
    "prediction_interval",
    title="Prediction interval",
    source="Hahn and Meeker, Statistical Intervals, 4.7-4.8; Hahn (1969)",
)
def prediction_interval(
    data: Data = None,
    n: Size = None,
    mean: Mean = None,
    sd: Sd = None,
    m: Annotated[int, Meta(ge=1, le=10_000, description="number of future values")] = 1,
    of: Annotated[
        Literal["values", "mean"],
        Meta(description="all m future values, or only their mean"),
    ] = "values",
    confidence: Confidence = 0.95,
    side: Side = "two_sided",
    kind: Annotated[
        Literal["bonferroni", "exact"],
        Meta(description="factor for several future values: bonferroni (cautious) or exact"),
    ] = "bonferroni",
    name: Name = "the process",
    unit: Unit = "",
) -> PredictionInterval:
    """Between which limits will the next value, or the next m values, fall?

    Use it for one future part, a small lot or the mean of a lot; for a share of all
    parts use a tolerance interval. Assumes normal values and an unchanged process.
    """
    size, centre, spread = normal_sample(data, n, mean, sd)
    if centre is None or spread is None:
        missing = "mean" if centre is None else "sd"
        raise InputError(f"no {missing} given", where=missing, remedy="give values, or n, mean, sd")
    two_sided = side == "two_sided"
    bonferroni = exact = None
    if of == "mean":
        tail = (1 - confidence) / (2 if two_sided else 1)
        k = float(stats.t.isf(tail, size - 1)) * math.sqrt(1 / m + 1 / size)
        method = "Student t interval of the mean of future values"
    else:
        bonferroni = normal_factors.prediction_bonferroni(size, m, confidence, two_sided=two_sided)
        exact = (
            bonferroni
            if m == 1
            else normal_factors.prediction_exact(size, m, confidence, two_sided=two_sided)
        )
        k = bonferroni if kind == "bonferroni" else exact
        method = "Student t interval of one future value"
        if m > 1:
            method = f"simultaneous interval of future values, {kind} factor"
    low, high = around(centre, k * spread, side)
    values = values_of(data)
    return PredictionInterval(
        method=method,
        unit=unit,
        pi_low=low,
        pi_high=high,
        low=low,
        high=high,
        level=confidence,
        side=side,
        of=of,
        m=m,
        name=name,
        n=size,
        mean=centre,
        sd=spread,
        k=k,
        margin=k * spread,
        k_bonferroni=bonferroni,
        k_exact=exact,
        assumptions=[
            normal_residuals(values, "normal values")
            if values is not None
            else Check(name="normal values", status="unknown", detail="no values given to check"),
            INDEPENDENCE,
        ],
        warnings=["all values are equal: the interval has no width"] if spread == 0 else [],
        charts=[]
        if values is None
        else [
            values_with_limits(
                values,
                f"{name} and the limits for what comes next",
                unit,
                mean=centre,
                low=low,
                high=high,
                label="prediction",
            )
        ],
    )


@prediction_interval.narrates
def _narrate(result: PredictionInterval) -> Narrative:
    if result.of == "mean":
        what = "the mean of the next {{m}} values"
    elif result.m == 1:
        what = "the next value"
    else:
        what = "all of the next {{m}} values"
    if result.side == "upper":
        place = "will be at most {{pi_high:unit}}"
    elif result.side == "lower":
        place = "will be at least {{pi_low:unit}}"
    else:
        place = "will lie between {{pi_low}} and {{pi_high:unit}}"
    return Narrative(
        conclusion=f"With {{{{level:%}}}} confidence {what} of {{{{name}}}} {place}.",
        details=[
            "This is the mean {{mean:unit}} and {{k}} standard deviations of {{sd:unit}}, "
            "and holds as long as the process does not change."
        ],
        key_figures=[
            ("lower limit", "{{pi_low:unit}}"),
            ("upper limit", "{{pi_high:unit}}"),
            ("mean", "{{mean:unit}}"),
            ("standard deviation", "{{sd:unit}}"),
            ("factor k", "{{k}}"),
        ],
    )


@prediction_interval.verifies
def _verify(result: PredictionInterval, **_: object) -> list[Recomputed]:
    """The single-value factor by the exact double integral, or the t tail of a mean."""
    two_sided = result.side == "two_sided"
    if result.of == "mean":
        t = result.k / math.sqrt(1 / result.m + 1 / result.n)
        tail = float(stats.t.cdf(-t, result.n - 1)) * (2 if two_sided else 1)
        return [
            Recomputed(
                name="1 - level",
                value=1 - result.level,
                recomputed=tail,
                route="tail probability of Student's t",
            )
        ]
    if result.m > 1:
        return []
    again = normal_factors.prediction_exact(result.n, 1, result.level, two_sided=two_sided)
    return [
        Recomputed(
            name="k",
            value=result.k,
            recomputed=again,
            route="double integral over mean and standard deviation",
            rtol=1e-5,
        )
    ]
