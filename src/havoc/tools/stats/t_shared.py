"""What the t tests share: the error of a mean, p-value and interval of t, the chart of values."""

from __future__ import annotations

import math

from scipy import stats

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.errors import InputError
from havoc.tools.parameters import Summary


def standard_error_of(summary: Summary, where: str) -> float:
    if summary.n < 2:
        raise InputError("1 value given, at least 2 needed", where=where, remedy="add measurements")
    if summary.sd == 0:
        raise InputError(
            "the standard deviation is 0, so there is no variation to compare with",
            where=where,
            remedy="check the resolution of the measurement",
        )
    return summary.sd / math.sqrt(summary.n)


def p_value_of(t: float, df: float, alternative: str) -> float:
    if alternative == "less":
        return float(stats.t.cdf(t, df))
    if alternative == "greater":
        return float(stats.t.sf(t, df))
    return float(2 * stats.t.sf(abs(t), df))


def interval_of(
    center: float, standard_error: float, df: float, alpha: float, alternative: str
) -> tuple[float, float]:
    """Two-sided interval, or the one-sided bound that matches the alternative."""
    if alternative == "two_sided":
        margin = float(stats.t.ppf(1 - alpha / 2, df)) * standard_error
        return center - margin, center + margin
    margin = float(stats.t.ppf(1 - alpha, df)) * standard_error
    return (-math.inf, center + margin) if alternative == "less" else (center - margin, math.inf)


def dot_chart(
    groups: dict[str, list[float]], title: str, unit: str, reference: float | None = None
) -> ChartSpec:
    series = [
        Series(name=name, kind="points", x=[name] * len(values), y=list(values))
        for name, values in groups.items()
    ]
    means = Series(
        name="mean",
        kind="points",
        x=list(groups),
        y=[math.fsum(values) / len(values) for values in groups.values()],
    )
    limits = (
        [Limit(label="reference", role="reference", value=reference)]
        if reference is not None
        else []
    )
    return ChartSpec(
        kind="individual_values",
        title=title,
        panels=[
            Panel(
                y_label=unit or "value", x_scale="category", series=[*series, means], limits=limits
            )
        ],
    )
