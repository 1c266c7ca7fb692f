"""What a bootstrap interval reports: its figures, its words and its chart."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.tools.parameters import FloatArray
from havoc.tools.result import Narrative, Outcome


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


def narrate(result: BootstrapInterval) -> Narrative:
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


def chart(result: BootstrapInterval, values: FloatArray, unit: str) -> ChartSpec:
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
