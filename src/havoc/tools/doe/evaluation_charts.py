"""Charts of a judged design: fraction of design space, power of the terms, correlations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.tools.doe.term_power import EffectPower
from havoc.tools.parameters import FloatArray

MOST_BARS = 40
MOST_CELLS = 44
CLASSES = (
    (1e-6, 0.25, "up to a quarter"),
    (0.25, 0.5, "up to a half"),
    (0.5, 0.999, "more than a half"),
    (0.999, 1.0, "complete"),
)
SIDES: tuple[Literal["horizontal", "vertical"], ...] = ("horizontal", "vertical")


def evaluation_charts(
    variance: FloatArray,
    effects: Sequence[EffectPower],
    names: Sequence[str],
    correlation: FloatArray,
    fitted: int,
) -> list[ChartSpec]:
    charts = []
    if len(variance):
        charts.append(_space(variance))
    tested = [item for item in effects if item.power is not None]
    if tested:
        charts.append(_power(tested))
    if len(names) > 1 and np.abs(np.triu(correlation, 1)).max() > 1e-6:
        charts.append(_color_map(names, correlation, fitted))
    return charts


def _space(variance: FloatArray) -> ChartSpec:
    shares = np.linspace(0, 1, 101)
    return ChartSpec(
        kind="fraction_of_design_space",
        title="How well a mean is predicted in which part of the region",
        panels=[
            Panel(
                x_label="fraction of the region",
                y_label="variance of a predicted mean, in error variances",
                series=[
                    Series(
                        name="variance not exceeded",
                        kind="line",
                        x=shares.tolist(),
                        y=np.quantile(variance, shares).tolist(),
                    )
                ],
                limits=[
                    Limit(label="median", role="reference", value=float(np.median(variance))),
                    Limit(label="mean", role="center", value=float(variance.mean())),
                ],
            )
        ],
        description="The flatter and lower the curve, the better the design predicts everywhere.",
    )


def _power(effects: Sequence[EffectPower]) -> ChartSpec:
    shown = sorted(effects, key=lambda item: item.power or 0.0)[:MOST_BARS]
    notes = []
    if len(effects) > MOST_BARS:
        notes.append(f"the {MOST_BARS} weakest of {len(effects)} terms")
    return ChartSpec(
        kind="power_of_terms",
        title="The chance to find each term",
        panels=[
            Panel(
                x_label="term",
                y_label="power",
                x_scale="category",
                series=[
                    Series(
                        name="power",
                        kind="bars",
                        x=[item.name for item in shown],
                        y=[item.power or 0.0 for item in shown],
                    )
                ],
                limits=[Limit(label="usual power", role="target", value=0.8)],
            )
        ],
        notes=notes,
    )


def _color_map(names: Sequence[str], correlation: FloatArray, fitted: int) -> ChartSpec:
    """A point for every pair of terms that is correlated, by how much."""
    count = min(len(names), MOST_CELLS)
    size = np.abs(correlation[:count, :count])
    np.fill_diagonal(size, 0.0)
    series = []
    for low, high, label in CLASSES:
        rows, columns = np.nonzero((size > low) & (size <= high))
        if len(rows):
            series.append(
                Series(
                    name=label,
                    kind="points",
                    x=(columns + 1.0).tolist(),
                    y=(rows + 1.0).tolist(),
                )
            )
    notes = [
        "terms in order: "
        + ", ".join(f"{place} {name}" for place, name in enumerate(names[:count], 1))
    ]
    if count < len(names):
        notes.append(f"the first {count} of {len(names)} terms")
    limits = [
        Limit(label="end of the model", role="reference", value=fitted + 0.5, orientation=side)
        for side in SIDES
    ]
    return ChartSpec(
        kind="correlation_map",
        title="Which terms are correlated with each other",
        panels=[
            Panel(
                x_label="number of the term",
                y_label="number of the term",
                series=series,
                limits=limits if fitted < count else [],
            )
        ],
        notes=notes,
    )
