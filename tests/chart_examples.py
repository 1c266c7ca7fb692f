"""Charts of every kind that the renderers must draw."""

from __future__ import annotations

import itertools
import math

from havoc.charts import ChartSpec, Flag, Grid, Limit, Panel, Series

OBSERVATIONS = [74.0 + 0.01 * math.sin(1.7 * i) for i in range(25)]
OBSERVATIONS[17] = 74.05
MANY_NAMES = [f"n{number}" for number in range(300)]
HOSTILE = "\x1b[31m$x^2$\n<script>alert(1)</script>\x07\u202e[bold]\\$"


def control_chart() -> ChartSpec:
    moving = [abs(b - a) for a, b in itertools.pairwise(OBSERVATIONS)]
    return ChartSpec(
        kind="i_mr",
        title="One point lies beyond the limits",
        notes=["limits from all values"],
        panels=[
            Panel(
                title="Individual values",
                y_label="mm",
                series=[
                    Series(
                        name="bore",
                        x=[float(i) for i in range(1, 26)],
                        y=OBSERVATIONS,
                        flags=[Flag(index=17, label="rule 1: one point beyond three sigma")],
                    )
                ],
                limits=[
                    Limit(label="UCL", role="control", value=74.03),
                    Limit(label="CL", role="center", value=74.001),
                    Limit(label="LCL", role="control", value=73.97),
                    Limit(label="+2s", role="warning", value=74.02),
                    Limit(label="USL", role="specification", value=74.031),
                ],
            ),
            Panel(
                title="Moving range",
                x_label="observation",
                y_label="mm",
                series=[Series(name="MR", x=[float(i) for i in range(2, 26)], y=moving)],
                limits=[Limit(label="UCL", role="control", value=0.04)],
            ),
        ],
    )


def attribute_chart() -> ChartSpec:
    return ChartSpec(
        kind="p",
        title="Proportion defective",
        panels=[
            Panel(
                x_scale="category",
                y_label="proportion",
                series=[Series(name="p", x=["lot 1", "lot 2", "lot 3"], y=[0.02, 0.05, 0.03])],
                limits=[Limit(label="UCL", role="control", values=[0.08, 0.09, 0.085])],
            )
        ],
    )


def histogram() -> ChartSpec:
    grid = [9.0 + 0.05 * i for i in range(41)]
    return ChartSpec(
        kind="capability",
        title="The spread fits the tolerance",
        panels=[
            Panel(
                x_label="mm",
                y_label="count",
                series=[
                    Series(name="values", kind="bars", x=[9.8, 9.9, 10.0, 10.1], y=[2.0, 9, 8, 3]),
                    Series(
                        name="normal",
                        kind="line",
                        x=grid,
                        y=[9 * math.exp(-50 * (value - 10) ** 2) for value in grid],
                    ),
                ],
                limits=[
                    Limit(label=label, role="specification", value=value, orientation="vertical")
                    for label, value in (("LSL", 9.5), ("USL", 10.5))
                ],
            )
        ],
    )


def pareto() -> ChartSpec:
    return ChartSpec(
        kind="pareto",
        title="Temperature stands out",
        panels=[
            Panel(
                x_scale="category",
                x_label="effect",
                y_label="standardized effect",
                series=[
                    Series(
                        name="effects",
                        kind="bars",
                        x=["temperature of the bath", "pressure in the line", "operator on shift"],
                        y=[8.25, 2.125, 0.75],
                        flags=[Flag(index=0, label="significant")],
                    )
                ],
                limits=[Limit(label="critical t", role="reference", value=2.31)],
            )
        ],
    )


def contour() -> ChartSpec:
    x = [150.0 + 5 * i for i in range(11)]
    y = [1.0 + 0.4 * i for i in range(11)]
    return ChartSpec(
        kind="contour",
        title="The maximum lies inside",
        panels=[
            Panel(
                x_label="temperature",
                y_label="pressure",
                grid=Grid(
                    x=x,
                    y=y,
                    z=[[80 - 0.01 * (a - 180) ** 2 - 2 * (b - 3) ** 2 for a in x] for b in y],
                    z_label="yield, %",
                ),
                series=[Series(name="runs", kind="points", x=[150.0, 200.0], y=[1.0, 5.0])],
            )
        ],
    )


def groups() -> ChartSpec:
    return ChartSpec(
        kind="individual_values",
        title="Line A and line B",
        panels=[
            Panel(
                x_scale="category",
                y_label="mm",
                series=[
                    Series(name="line A", kind="points", x=["line A"] * 3, y=[1.0, 2.0, 2.0]),
                    Series(name="line B", kind="points", x=["line B"] * 3, y=[3.0, 4.0, 5.0]),
                    Series(name="mean", kind="points", x=["line A", "line B"], y=[1.667, 4.0]),
                ],
            )
        ],
    )


def regression() -> ChartSpec:
    x = [10.0 * 1.3**i for i in range(12)]
    y = [100 - 10 * math.log(value) for value in x]
    return ChartSpec(
        kind="regression",
        title="Thickness falls with speed",
        panels=[
            Panel(
                x_label="speed",
                y_label="thickness",
                x_scale="log",
                y_scale="log",
                series=[
                    Series(name="runs", kind="points", x=x, y=[value + 1 for value in y]),
                    Series(
                        name="fit",
                        kind="line",
                        x=x,
                        y=y,
                        low=[value - 2 for value in y],
                        high=[value + 2 for value in y],
                    ),
                ],
            )
        ],
    )


def hostile(text: str = HOSTILE) -> ChartSpec:
    """A user's text at every place where a chart takes text."""
    return ChartSpec(
        kind="hostile",
        title=text,
        description=text,
        notes=[text],
        panels=[
            Panel(
                title=text,
                x_label=text,
                y_label=text,
                x_scale="category",
                series=[
                    Series(
                        name=text, x=[text, "b"], y=[1.0, 2.0], flags=[Flag(index=0, label=text)]
                    ),
                    Series(name=text + "2", kind="points", x=[text, "b"], y=[2.0, 1.0]),
                ],
                limits=[Limit(label=text, role="control", value=1.5)],
            )
        ],
    )


def awkward() -> list[ChartSpec]:
    """Charts that are legal and hard to draw."""
    nan, inf = math.nan, math.inf
    panels = [
        Panel(),
        Panel(series=[Series(name="empty", x=[], y=[])]),
        Panel(series=[Series(name="one", x=[1.0], y=[5.0])]),
        Panel(series=[Series(name="constant", x=[1.0, 2.0], y=[5.0, 5.0])]),
        Panel(series=[Series(name="gaps", x=[1.0, 2.0, 3.0], y=[nan, inf, 2.0])]),
        Panel(series=[Series(name="nothing", x=[1.0, 2.0], y=[nan, nan])]),
        Panel(series=[Series(name="huge", x=[1.0, 2.0], y=[-1e300, 1e300])]),
        Panel(series=[Series(name="tiny", x=[1e-300, 2e-300], y=[1e-300, 3e-300])]),
        Panel(y_scale="log", series=[Series(name="negative", x=[1.0, 2.0, 3.0], y=[-1.0, 0, 9])]),
        Panel(
            series=[Series(name="open", x=[1.0], y=[1.0], low=[-inf], high=[2.0])],
            limits=[Limit(label="none", role="control")],
        ),
        Panel(series=[Series(name="flags", x=[1.0], y=[1.0], flags=[Flag(index=9, label="x")])]),
        Panel(grid=Grid(x=[1.0, 2.0], y=[1.0, 2.0], z=[[3.0, 3.0], [3.0, 3.0]], z_label="z")),
        Panel(grid=Grid(x=[1.0, 2.0], y=[1.0, 2.0], z=[[nan, nan], [nan, nan]], z_label="z")),
        Panel(grid=Grid(x=[1.0], y=[1.0, 2.0], z=[[1.0], [2.0]], z_label="z")),
        Panel(
            grid=Grid(x=[1.0, 2.0, 3.0], y=[1.0, 2.0], z=[[1.0, nan, 2], [3, 4, 5]], z_label="z")
        ),
        Panel(
            x_scale="category",
            series=[Series(name="many", kind="bars", x=MANY_NAMES, y=[1.0] * 300)],
        ),
    ]
    return [ChartSpec(kind="awkward", title="", panels=[panel]) for panel in panels] + [
        ChartSpec(kind="none", title="No panel", panels=[])
    ]


ALL = [
    control_chart,
    attribute_chart,
    histogram,
    pareto,
    contour,
    groups,
    regression,
    hostile,
]
