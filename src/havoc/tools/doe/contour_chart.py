"""Contour chart of a response surface over its two most influential factors."""

from __future__ import annotations

import numpy as np

from havoc.charts import ChartSpec, Grid, Panel, Series
from havoc.tools.doe.quadratic import Quadratic
from havoc.tools.doe.surface_fit import Region
from havoc.tools.doe.surface_input import Scale
from havoc.tools.parameters import FloatArray

GRID = 41


def contour(
    surface: Quadratic,
    scales: list[Scale],
    region: Region,
    best: FloatArray | None,
    points: FloatArray | None,
    response_name: str,
) -> list[ChartSpec]:
    """Predicted response over the two most influential factors, others at the best setting."""
    if len(scales) < 2:
        return []
    spread = (region.high - region.low) / 2
    influence = np.abs(surface.linear) * spread + np.abs(surface.curvature) @ spread * spread
    first, second = sorted(np.argsort(influence)[::-1][:2].tolist())
    base = best if best is not None else (region.low + region.high) / 2
    x = np.linspace(region.low[first], region.high[first], GRID)
    y = np.linspace(region.low[second], region.high[second], GRID)
    grid = np.tile(base, (GRID * GRID, 1))
    grid[:, first], grid[:, second] = np.tile(x, GRID), np.repeat(y, GRID)
    z = surface.constant + grid @ surface.linear + ((grid @ surface.curvature) * grid).sum(axis=1)
    across, up = scales[first], scales[second]
    series = []
    if points is not None:
        shown = np.unique(np.round(points[:, [first, second]], 9), axis=0)[:500]
        series.append(
            Series(
                name="runs",
                kind="points",
                x=[across.actual(value) for value in shown[:, 0].tolist()],
                y=[up.actual(value) for value in shown[:, 1].tolist()],
            )
        )
    if best is not None:
        series.append(
            Series(
                name="best setting",
                kind="points",
                x=[across.actual(float(best[first]))],
                y=[up.actual(float(best[second]))],
            )
        )
    held = [
        f"{scale.name} = {scale.actual(float(base[index])):.4g}"
        for index, scale in enumerate(scales)
        if index not in (first, second)
    ]
    return [
        ChartSpec(
            kind="contour",
            title=f"Predicted {response_name} over {across.name} and {up.name}",
            panels=[
                Panel(
                    x_label=across.name,
                    y_label=up.name,
                    series=series,
                    grid=Grid(
                        x=[across.actual(value) for value in x.tolist()],
                        y=[up.actual(value) for value in y.tolist()],
                        z=z.reshape(GRID, GRID).tolist(),
                        z_label=response_name,
                    ),
                )
            ],
            notes=[f"held at {', '.join(held)}"] if held else [],
        )
    ]
