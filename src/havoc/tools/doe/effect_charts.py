"""Standard charts of a two-level analysis: Pareto, half-normal, main effects, interactions,
residuals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from havoc.charts import ChartSpec, Flag, Limit, Panel, Series, decimate
from havoc.tools.doe.factors import Factor
from havoc.tools.parameters import FloatArray

MAX_BARS = 30
MAX_INTERACTIONS = 3


def charts(
    *,
    rows: list[tuple[str, float, bool]],
    limit: float | None,
    factors: Sequence[Factor],
    coded: FloatArray,
    values: FloatArray,
    terms: Sequence[tuple[int, ...]],
    fitted: FloatArray,
    residuals: FloatArray | None,
    response_name: str,
    unit: str,
) -> list[ChartSpec]:
    drawn = effect_sizes(rows, limit, response_name, unit)
    drawn.append(_main_effects(factors, coded, values, response_name, unit))
    pairs = [
        (abs(effect), term)
        for (_, effect, _), term in zip(rows, terms, strict=True)
        if len(term) == 2
    ]
    if pairs:
        strongest = [term for _, term in sorted(pairs, reverse=True)[:MAX_INTERACTIONS]]
        drawn.append(_interactions(strongest, factors, coded, values, response_name, unit))
    if residuals is not None:
        drawn.append(residual_chart(fitted, residuals, response_name, unit))
    return drawn


def effect_sizes(
    rows: list[tuple[str, float, bool]], limit: float | None, response_name: str, unit: str
) -> list[ChartSpec]:
    """Pareto chart and, with three effects or more, the half-normal plot."""
    drawn = [_pareto(rows, limit, response_name, unit)]
    if len(rows) > 2:
        drawn.append(_half_normal(rows, response_name, unit))
    return drawn


def _pareto(
    rows: list[tuple[str, float, bool]], limit: float | None, response_name: str, unit: str
) -> ChartSpec:
    ordered = sorted(rows, key=lambda row: -abs(row[1]))
    shown = ordered[:MAX_BARS]
    standing = [name for name, _, significant in shown if significant]
    return ChartSpec(
        kind="pareto_effects",
        title=f"Effects on {response_name}, largest first: "
        + (f"{', '.join(standing[:5])} stand out" if standing else "none stands out"),
        panels=[
            Panel(
                x_scale="category",
                y_label=f"size of the effect{f' [{unit}]' if unit else ''}",
                series=[
                    Series(
                        name="effect",
                        kind="bars",
                        x=[name for name, _, _ in shown],
                        y=[abs(effect) for _, effect, _ in shown],
                    )
                ],
                limits=[Limit(label="limit", role="reference", value=limit)] if limit else [],
            )
        ],
        notes=[f"the {MAX_BARS} largest of {len(rows)} effects"] if len(rows) > MAX_BARS else [],
    )


def _half_normal(rows: list[tuple[str, float, bool]], response_name: str, unit: str) -> ChartSpec:
    ordered = sorted(rows, key=lambda row: abs(row[1]))
    count = len(ordered)
    quantiles = stats.norm.ppf(0.5 + 0.5 * (np.arange(count) + 0.5) / count)
    return ChartSpec(
        kind="half_normal",
        title=f"Half-normal plot of the effects on {response_name}: real effects lie to the right",
        panels=[
            Panel(
                x_label=f"size of the effect{f' [{unit}]' if unit else ''}",
                y_label="half-normal quantile",
                series=[
                    Series(
                        name="effect",
                        kind="points",
                        x=[abs(effect) for _, effect, _ in ordered],
                        y=[float(quantile) for quantile in quantiles],
                        flags=[
                            Flag(index=index, label=name)
                            for index, (name, _, significant) in enumerate(ordered)
                            if significant
                        ],
                    )
                ],
            )
        ],
    )


def _ends(factor: Factor) -> tuple[str, str]:
    if factor.categorical:
        return str(factor.levels[0]), str(factor.levels[1])
    if factor.low is None or factor.high is None:
        return "-", "+"
    return f"{factor.low:g}", f"{factor.high:g}"


def _main_effects(
    factors: Sequence[Factor], coded: FloatArray, values: FloatArray, response_name: str, unit: str
) -> ChartSpec:
    series = []
    for index, factor in enumerate(factors):
        low, high = _ends(factor)
        series.append(
            Series(
                name=factor.name,
                x=[f"{factor.name} {low}", f"{factor.name} {high}"],
                y=[
                    float(values[coded[:, index] < 0].mean()),
                    float(values[coded[:, index] > 0].mean()),
                ],
            )
        )
    corners = np.all(coded != 0, axis=1)
    return ChartSpec(
        kind="main_effects",
        title=f"Mean of {response_name} at the low and high setting of every factor",
        panels=[
            Panel(
                x_scale="category",
                y_label=unit or response_name,
                series=series,
                limits=[Limit(label="mean", role="center", value=float(values[corners].mean()))],
            )
        ],
    )


def _interactions(
    pairs: Sequence[tuple[int, ...]],
    factors: Sequence[Factor],
    coded: FloatArray,
    values: FloatArray,
    response_name: str,
    unit: str,
) -> ChartSpec:
    panels = []
    for first, second in pairs:
        x_ends, line_ends = _ends(factors[first]), _ends(factors[second])
        series = []
        for sign, label in zip((-1, 1), line_ends, strict=True):
            means = [
                values[(coded[:, first] == x_sign) & (coded[:, second] == sign)]
                for x_sign in (-1, 1)
            ]
            if all(len(cell) for cell in means):
                series.append(
                    Series(
                        name=f"{factors[second].name} {label}",
                        x=list(x_ends),
                        y=[float(cell.mean()) for cell in means],
                    )
                )
        panels.append(
            Panel(
                title=f"{factors[first].name} by {factors[second].name}",
                x_label=factors[first].name,
                x_scale="category",
                y_label=unit or response_name,
                series=series,
            )
        )
    return ChartSpec(
        kind="interactions",
        title=f"Interactions on {response_name}: lines that are not parallel interact",
        panels=panels,
    )


def residual_chart(
    fitted: FloatArray, residuals: FloatArray, response_name: str, unit: str
) -> ChartSpec:
    """Residuals against fitted values, and their normal plot."""
    indices = decimate(len(residuals))
    ordered = np.sort(residuals)
    count = len(residuals)
    quantiles = stats.norm.ppf((np.arange(count) + 0.5) / count)
    return ChartSpec(
        kind="residuals",
        title=f"Residuals of {response_name}: no pattern and a straight line are wanted",
        panels=[
            Panel(
                x_label=f"fitted {response_name}",
                y_label=f"residual{f' [{unit}]' if unit else ''}",
                series=[
                    Series(
                        name="residual",
                        kind="points",
                        x=fitted[indices].tolist(),
                        y=residuals[indices].tolist(),
                    )
                ],
                limits=[Limit(label="zero", role="center", value=0.0)],
            ),
            Panel(
                x_label="normal quantile",
                y_label="residual in order",
                series=[
                    Series(
                        name="normal plot",
                        kind="points",
                        x=quantiles[indices].tolist(),
                        y=ordered[indices].tolist(),
                    )
                ],
            ),
        ],
        notes=[f"{len(indices)} of {count} runs drawn"] if len(indices) < count else [],
    )
