"""Power and margin against the number of units."""

from __future__ import annotations

import numpy as np

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.tools.stats.power_functions import PowerFunction
from havoc.tools.stats.power_result import WORDS, Design

CURVE_POINTS = 41


def power_curve(
    design: Design,
    power_at: PowerFunction,
    n: int,
    target: float | None,
    least: int,
) -> ChartSpec:
    high = max(2 * n, least + 8)
    sizes = sorted({round(size) for size in np.linspace(least, high, CURVE_POINTS)} | {n})
    limits = [Limit(label="size", role="reference", value=float(n), orientation="vertical")]
    if target is not None:
        limits.append(Limit(label="power wanted", role="target", value=target))
    return ChartSpec(
        kind="power_curve",
        title=f"Power of the {WORDS[design]} against the number of units in each group",
        panels=[
            Panel(
                x_label="units in each group",
                y_label="power",
                series=[
                    Series(
                        name="power",
                        kind="line",
                        x=[float(size) for size in sizes],
                        y=[power_at(size) for size in sizes],
                    )
                ],
                limits=limits,
            )
        ],
    )


def margin_curve(spread: float, z: float, n: int, margin: float) -> ChartSpec:
    sizes = np.unique(np.linspace(2, max(2 * n, 10), CURVE_POINTS).round())
    return ChartSpec(
        kind="margin_curve",
        title="Margin of the estimate against the number of units",
        panels=[
            Panel(
                x_label="units",
                y_label="margin",
                series=[
                    Series(
                        name="margin",
                        kind="line",
                        x=sizes.tolist(),
                        y=(z * spread / np.sqrt(sizes)).tolist(),
                    )
                ],
                limits=[
                    Limit(label="margin wanted", role="target", value=margin),
                    Limit(label="size", role="reference", value=float(n), orientation="vertical"),
                ],
            )
        ],
    )
