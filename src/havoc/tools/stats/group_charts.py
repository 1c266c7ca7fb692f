"""Charts that several tests share: individual values by group, and intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from havoc.charts import ChartSpec, Limit, Panel, Series, decimate


def individual_values(
    groups: Mapping[str, Sequence[float]],
    title: str,
    unit: str,
    *,
    reference: float | None = None,
    center: Mapping[str, float] | None = None,
    center_name: str = "mean",
) -> ChartSpec:
    """Every value of every group over its name, with the mean (or ``center``) of each."""
    limit = max(2000 // max(len(groups), 1), 20)
    shown = {
        name: [values[i] for i in decimate(len(values), limit)] for name, values in groups.items()
    }
    total = sum(len(values) for values in groups.values())
    drawn = sum(len(values) for values in shown.values())
    series = [
        Series(name=name, kind="points", x=[name] * len(values), y=list(values))
        for name, values in shown.items()
    ]
    middle = center or {name: math.fsum(values) / len(values) for name, values in groups.items()}
    series.append(Series(name=center_name, kind="points", x=list(groups), y=list(middle.values())))
    return ChartSpec(
        kind="individual_values",
        title=title,
        panels=[
            Panel(
                y_label=unit or "value",
                x_scale="category",
                series=series,
                limits=[]
                if reference is None
                else [Limit(label="reference", role="reference", value=reference)],
            )
        ],
        notes=[] if drawn == total else [f"{drawn} of {total} values are drawn"],
    )


def interval_chart(
    title: str,
    names: Sequence[str],
    centers: Sequence[float],
    lows: Sequence[float],
    highs: Sequence[float],
    *,
    label: str,
    reference: float | None = None,
    reference_label: str = "no difference",
    kind: str = "interval_plot",
    notes: Sequence[str] = (),
) -> ChartSpec:
    """A point and an interval for every name."""
    return ChartSpec(
        kind=kind,
        title=title,
        panels=[
            Panel(
                y_label=label,
                x_scale="category",
                series=[
                    Series(
                        name=label,
                        kind="points",
                        x=list(names),
                        y=list(centers),
                        low=list(lows),
                        high=list(highs),
                    )
                ],
                limits=[]
                if reference is None
                else [Limit(label=reference_label, role="reference", value=reference)],
            )
        ],
        notes=list(notes),
    )
