"""The six panels of a gage study, in the order in which engineers know them."""

from __future__ import annotations

import math

import numpy as np

from havoc.charts import ChartSpec, Flag, Limit, Panel, Series, decimate
from havoc.tools.msa.gage_result import GageRR
from havoc.tools.parameters import FloatArray
from havoc.tools.spc.constants import range_moments

_MOST_LINES = 12


def draw(
    result: GageRR,
    values: FloatArray,
    parts: list[list[str]],
    operators: list[str],
    *,
    nested: bool = False,
) -> ChartSpec:
    """``values[operator, part, trial]``; ``parts`` names the parts of each operator."""
    drawn = operators[:_MOST_LINES]
    panels = [
        _components(result),
        _by_part(result, values, parts, operators, nested),
        _ranges(values, parts, drawn),
        _by_operator(result, values, operators),
        _means(result, values, parts, drawn),
    ]
    if not nested:
        panels.append(_interaction(result, values, parts[0], drawn))
    hidden = len(operators) - len(drawn)
    return ChartSpec(
        kind="gage_rr",
        title=f"{result.name}: gage R&R takes {result.pct_sv:.3g} % of the study variation",
        panels=panels,
        notes=[
            "Xbar chart: points beyond the limits are wanted, the gage then tells parts apart",
            *([f"{hidden} further operators are not drawn"] if hidden else []),
        ],
    )


def _components(result: GageRR) -> Panel:
    sources = ["gage R&R", "repeat", "reprod", "part to part"]
    fields = ["grr", "repeatability", "reproducibility", "part"]
    measures = [
        ("% contribution", "pct_contribution"),
        ("% study", "pct_study_var"),
    ]
    if result.tolerance is not None:
        measures.append(("% tolerance", "pct_tolerance"))
    return Panel(
        y_label="percent of the variation",
        x_scale="category",
        series=[
            Series(
                name=text,
                kind="bars",
                x=list(sources),
                y=[float(getattr(result, f"{prefix}_{field}")) for field in fields],
            )
            for text, prefix in measures
        ],
    )


def _ranges(values: FloatArray, parts: list[list[str]], operators: list[str]) -> Panel:
    ranges = np.ptp(values, axis=2)
    mean, sd = range_moments(values.shape[2])
    center = float(ranges.mean())
    low, high = center * max(1 - 3 * sd / mean, 0.0), center * (1 + 3 * sd / mean)
    return _chart_by_operator("R chart", "range", ranges, parts, operators, low, high)


def _means(
    result: GageRR, values: FloatArray, parts: list[list[str]], operators: list[str]
) -> Panel:
    means = values.mean(axis=2)
    trials = values.shape[2]
    reach = 3 * float(np.ptp(values, axis=2).mean()) / range_moments(trials)[0] / math.sqrt(trials)
    center = float(means.mean())
    return _chart_by_operator(
        "Xbar chart",
        result.unit or "mean",
        means,
        parts,
        operators,
        center - reach,
        center + reach,
        flagged=False,
    )


def _chart_by_operator(
    title: str,
    y_label: str,
    table: FloatArray,
    parts: list[list[str]],
    operators: list[str],
    low: float,
    high: float,
    *,
    flagged: bool = True,
) -> Panel:
    """Points of all operators side by side, as on a control chart."""
    series, start = [], 0
    for i, operator in enumerate(operators):
        shown = decimate(len(parts[i]), 2000 // len(operators))
        y = [float(table[i, j]) for j in shown]
        slack = 1e-9 * max(abs(high), abs(low))
        series.append(
            Series(
                name=operator,
                x=[start + j + 1 for j in shown],
                y=y,
                flags=[
                    Flag(index=k, label=f"part {parts[i][j]}")
                    for k, j in enumerate(shown)
                    if flagged and (table[i, j] > high + slack or table[i, j] < low - slack)
                ],
            )
        )
        start += len(parts[i])
    center = float(table.mean())
    return Panel(
        title=title,
        x_label="parts of each operator in turn",
        y_label=y_label,
        series=series,
        limits=[
            Limit(label="UCL", role="control", value=high),
            Limit(label="mean", role="center", value=center),
            Limit(label="LCL", role="control", value=low),
        ],
    )


def _by_part(
    result: GageRR,
    values: FloatArray,
    parts: list[list[str]],
    operators: list[str],
    nested: bool,
) -> Panel:
    """Every measurement of every part, and the means of the parts joined."""
    if nested:
        groups = [
            (f"{operators[i]} {part}", values[i, j])
            for i in range(len(operators))
            for j, part in enumerate(parts[i])
        ]
    else:
        groups = [(part, values[:, j].ravel()) for j, part in enumerate(parts[0])]
    return _dots("By part", "part", result.unit, groups)


def _by_operator(result: GageRR, values: FloatArray, operators: list[str]) -> Panel:
    groups = [(operator, values[i].ravel()) for i, operator in enumerate(operators)]
    return _dots("By operator", "operator", result.unit, groups)


def _dots(title: str, x_label: str, unit: str, groups: list[tuple[str, FloatArray]]) -> Panel:
    groups = [groups[i] for i in decimate(len(groups), 200)]
    room = max(2000 // len(groups), 1)
    x, y = [], []
    for label, column in groups:
        for i in decimate(column.size, max(room, 2)):
            x.append(label)
            y.append(float(column[i]))
    return Panel(
        title=title,
        x_label=x_label,
        y_label=unit or "measurement",
        x_scale="category",
        series=[
            Series(name="measurement", kind="points", x=x, y=y),
            Series(
                name="mean",
                kind="line_points",
                x=[label for label, _ in groups],
                y=[float(column.mean()) for _, column in groups],
            ),
        ],
    )


def _interaction(
    result: GageRR, values: FloatArray, parts: list[str], operators: list[str]
) -> Panel:
    means = values.mean(axis=2)
    shown = decimate(len(parts), 200)
    return Panel(
        title="Interaction",
        x_label="part",
        y_label=result.unit or "mean",
        x_scale="category",
        series=[
            Series(
                name=operator, x=[parts[j] for j in shown], y=[float(means[i, j]) for j in shown]
            )
            for i, operator in enumerate(operators)
        ],
    )
