"""Charts of a mixture analysis: contours over the triangle, response traces."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from havoc.charts import ChartSpec, Flag, Grid, Panel, Series
from havoc.tools.parameters import FloatArray

GRID = 61
HEIGHT = math.sqrt(3) / 2

Prediction = Callable[[FloatArray], FloatArray]


def ternary(
    names: Sequence[str],
    chosen: Sequence[int],
    fixed: FloatArray,
    region: tuple[FloatArray, FloatArray],
    points: FloatArray,
    best: FloatArray | None,
    prediction: Prediction,
    response_name: str,
) -> ChartSpec:
    """Predicted response over three components; all others stay as in ``fixed``."""
    first, second, third = chosen
    held = [index for index in range(len(names)) if index not in chosen]
    room = 1 - float(fixed[held].sum())
    across = np.linspace(0.0, 1.0, GRID)
    up = np.linspace(0.0, HEIGHT, GRID)
    x, y = np.meshgrid(across, up)
    top = y / HEIGHT
    right = x - top / 2
    left = 1 - top - right
    blends = np.tile(fixed, (GRID * GRID, 1))
    for index, share in ((first, left), (second, right), (third, top)):
        blends[:, index] = share.ravel() * room
    slack = 1e-9
    inside = np.all((blends >= region[0] - slack) & (blends <= region[1] + slack), axis=1)
    inside &= np.all(blends >= -slack, axis=1)
    z = np.full(len(blends), np.nan)
    if inside.any():
        z[inside] = prediction(blends[inside])
    corners = [names[first], names[second], names[third]]
    series = [
        Series(name="triangle", kind="line", x=[0.0, 1.0, 0.5, 0.0], y=[0.0, 0.0, HEIGHT, 0.0]),
        Series(
            name="pure component",
            kind="points",
            x=[0.0, 1.0, 0.5],
            y=[0.0, 0.0, HEIGHT],
            flags=[Flag(index=index, label=corner) for index, corner in enumerate(corners)],
        ),
        _series("blends run", points, chosen, room),
    ]
    if best is not None:
        series.append(_series("best blend", best[None, :], chosen, room))
    return ChartSpec(
        kind="ternary_contour",
        title=f"Predicted {response_name} over {corners[0]}, {corners[1]} and {corners[2]}",
        panels=[
            Panel(
                x_label=f"{corners[0]} at the left, {corners[1]} at the right",
                y_label=f"{corners[2]} at the top",
                series=series,
                grid=Grid(
                    x=across.tolist(),
                    y=up.tolist(),
                    z=z.reshape(GRID, GRID).tolist(),
                    z_label=response_name,
                ),
            )
        ],
        notes=[f"held at {', '.join(f'{names[i]} = {fixed[i]:.4g}' for i in held)}"]
        if held
        else [],
    )


def _series(name: str, blends: FloatArray, chosen: Sequence[int], room: float) -> Series:
    shares = np.unique(np.round(blends[:, list(chosen)] / room, 9), axis=0)[:500]
    return Series(
        name=name,
        kind="points",
        x=(shares[:, 1] + shares[:, 2] / 2).tolist(),
        y=(shares[:, 2] * HEIGHT).tolist(),
    )


def trace_chart(
    names: Sequence[str],
    traces: Sequence[tuple[FloatArray, FloatArray]],
    reference: FloatArray,
    direction: str,
    response_name: str,
    unit: str,
) -> ChartSpec:
    """Prediction while one component changes, from the reference blend."""
    series = [
        Series(
            name=name,
            kind="line",
            x=(blends[:, index] - reference[index]).tolist(),
            y=predicted.tolist(),
        )
        for index, (name, (blends, predicted)) in enumerate(zip(names, traces, strict=True))
        if len(blends) > 1
    ]
    word = {"cox": "Cox", "piepel": "Piepel"}[direction]
    return ChartSpec(
        kind="response_trace",
        title=f"Response trace ({word}): a steep line is a component that {response_name} feels",
        panels=[
            Panel(
                x_label="change of the share from the reference blend",
                y_label=unit or response_name,
                series=series,
            )
        ],
        notes=[
            "reference blend: "
            + ", ".join(
                f"{name} = {share:.4g}"
                for name, share in zip(names, reference.tolist(), strict=True)
            )
        ],
    )
