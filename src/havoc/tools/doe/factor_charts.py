"""Main effect and interaction charts of factors with any number of levels."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.tools.doe.factor_model import FactorFit, LevelFactor, mean_contrast
from havoc.tools.parameters import FloatArray

MAX_PANELS = 6
MAX_LINES = 12


class LevelMean(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Model mean of a level (all levels of the other factors weigh the same) with its interval."""

    factor: str
    level: str
    n: int
    mean: float
    std_error: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None


class CellMean(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Model mean of a combination of the levels of two interacting factors."""

    factors: list[str]
    levels: list[str]
    n: int
    mean: float
    std_error: float | None = None


def level_means(
    model: FactorFit,
    factors: Sequence[LevelFactor],
    covariance: FloatArray | None,
    critical: float,
) -> list[LevelMean]:
    """Means of every level; ``covariance`` is that of the coefficients, or None without error."""
    means = []
    for position, factor in enumerate(factors):
        if (position,) not in model.terms:
            continue
        for level, label in enumerate(factor.levels):
            contrast = mean_contrast(model, factors, {position: level})
            mean = float(contrast @ model.fit.coefficients)
            error = (
                float(np.sqrt(contrast @ covariance @ contrast)) if covariance is not None else None
            )
            means.append(
                LevelMean(
                    factor=factor.name,
                    level=label,
                    n=int((factor.index == level).sum()),
                    mean=mean,
                    std_error=error,
                    ci_low=mean - critical * error if error is not None else None,
                    ci_high=mean + critical * error if error is not None else None,
                )
            )
    return means


def cell_means(
    model: FactorFit, factors: Sequence[LevelFactor], covariance: FloatArray | None
) -> list[CellMean]:
    """Means of the combinations of every two-factor interaction in the model."""
    means = []
    for term in model.terms:
        if len(term) != 2:
            continue
        first, second = (factors[position] for position in term)
        for i, one in enumerate(first.levels):
            for j, other in enumerate(second.levels):
                contrast = mean_contrast(model, factors, {term[0]: i, term[1]: j})
                means.append(
                    CellMean(
                        factors=[first.name, second.name],
                        levels=[one, other],
                        n=int(((first.index == i) & (second.index == j)).sum()),
                        mean=float(contrast @ model.fit.coefficients),
                        std_error=float(np.sqrt(contrast @ covariance @ contrast))
                        if covariance is not None
                        else None,
                    )
                )
    return means


def main_effect_chart(
    means: Sequence[LevelMean], average: float, response_name: str, unit: str
) -> ChartSpec:
    series = []
    for name in dict.fromkeys(mean.factor for mean in means):
        own = [mean for mean in means if mean.factor == name]
        series.append(
            Series(
                name=name,
                x=[f"{name} {mean.level}" for mean in own],
                y=[mean.mean for mean in own],
                low=[mean.ci_low for mean in own if mean.ci_low is not None],
                high=[mean.ci_high for mean in own if mean.ci_high is not None],
            )
        )
    return ChartSpec(
        kind="main_effects",
        title=f"Mean of {response_name} at every level of every factor",
        panels=[
            Panel(
                x_scale="category",
                y_label=unit or response_name,
                series=series,
                limits=[Limit(label="mean", role="center", value=average)],
            )
        ],
    )


def interaction_chart(
    cells: Sequence[CellMean], strongest: Sequence[tuple[str, str]], response_name: str, unit: str
) -> list[ChartSpec]:
    """One panel for each pair of factors, the strongest interactions first."""
    panels = []
    for first, second in strongest[:MAX_PANELS]:
        own = [cell for cell in cells if cell.factors == [first, second]]
        lines = list(dict.fromkeys(cell.levels[1] for cell in own))[:MAX_LINES]
        panels.append(
            Panel(
                title=f"{first} by {second}",
                x_label=first,
                x_scale="category",
                y_label=unit or response_name,
                series=[
                    Series(
                        name=f"{second} {line}",
                        x=[cell.levels[0] for cell in own if cell.levels[1] == line],
                        y=[cell.mean for cell in own if cell.levels[1] == line],
                    )
                    for line in lines
                ],
            )
        )
    if not panels:
        return []
    return [
        ChartSpec(
            kind="interactions",
            title=f"Interactions on {response_name}: lines that are not parallel interact",
            panels=panels,
        )
    ]
