"""Measured values with the limits of an interval."""

from __future__ import annotations

import math

from havoc.charts import ChartSpec, Limit, Panel, Series, decimate
from havoc.tools.parameters import FloatArray


def values_with_limits(
    values: FloatArray, title: str, unit: str, *, mean: float, low: float, high: float, label: str
) -> ChartSpec:
    """Values in their order, the mean, and the finite limits."""
    shown = decimate(values.size)
    limits = [Limit(label="mean", role="center", value=mean)]
    limits += [
        Limit(label=f"{label}, {end}", role="reference", value=bound)
        for end, bound in (("lower", low), ("upper", high))
        if math.isfinite(bound)
    ]
    return ChartSpec(
        kind="values_with_limits",
        title=title,
        panels=[
            Panel(
                x_label="order",
                y_label=unit or "value",
                series=[
                    Series(
                        name="measured",
                        kind="points",
                        x=[float(i + 1) for i in shown],
                        y=values[shown].tolist(),
                    )
                ],
                limits=limits,
            )
        ],
        notes=[]
        if len(shown) == values.size
        else [f"{len(shown)} of {values.size} values are drawn"],
    )
