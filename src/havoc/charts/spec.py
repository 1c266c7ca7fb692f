"""ChartSpec: one JSON description of a chart, drawn by every renderer.

A chart is a title (a sentence that says what is to be seen) and panels stacked
from top to bottom. Nothing in it is code and nothing is a URL, so a chart can
come out of a file or a network without being able to reach anything.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

MAX_POINTS = 2000

# Numbers, or names of categories.
Axis = Sequence[float | str]


class Flag(msgspec.Struct, frozen=True, kw_only=True):
    """A marked point: ``index`` into the series (0-based) and why."""

    index: int
    label: str


class Series(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Values to draw. ``x`` and ``y`` have equal length.

    ``low``/``high`` add an interval to every point, ``box_low``/``box_high`` a box (the
    quartiles of a box plot), ``flags`` marks points.
    """

    name: str
    x: Axis
    y: list[float]
    kind: Literal["line", "points", "line_points", "bars", "step"] = "line_points"
    low: list[float] = []
    high: list[float] = []
    box_low: list[float] = []
    box_high: list[float] = []
    flags: list[Flag] = []


class Limit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line across the panel: one value, or one value a point (``values``)."""

    label: str
    role: Literal["center", "control", "warning", "specification", "target", "reference"]
    value: float | None = None
    values: list[float] = []
    orientation: Literal["horizontal", "vertical"] = "horizontal"


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """A surface: ``z[row][column]`` over ``y[row]`` and ``x[column]``."""

    x: list[float]
    y: list[float]
    z: list[list[float]]
    z_label: str


class Panel(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One coordinate system. ``y_ticks`` writes words or percents at places of the scale."""

    title: str = ""
    x_label: str = ""
    y_label: str = ""
    x_scale: Literal["linear", "log", "category"] = "linear"
    y_scale: Literal["linear", "log"] = "linear"
    y_ticks: dict[str, float] = {}
    series: list[Series] = []
    limits: list[Limit] = []
    grid: Grid | None = None


class ChartSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A chart. ``kind`` names the standard chart (``i_mr``, ``pareto`` …)."""

    kind: str
    title: str
    panels: list[Panel]
    description: str = ""
    notes: list[str] = []


def read_chart(plain: Mapping[str, Any]) -> ChartSpec:
    """The chart in a JSON object; ``null`` among its values is a value that is missing."""
    return msgspec.convert(_gaps_as_nan(plain), ChartSpec)


def _gaps_as_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _gaps_as_nan(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [math.nan if item is None else _gaps_as_nan(item) for item in value]
    return value


def decimate(count: int, limit: int = MAX_POINTS) -> list[int]:
    """Indices to draw out of ``count`` points: all, or an even selection of ``limit``."""
    if count <= limit:
        return list(range(count))
    step = (count - 1) / (limit - 1)
    return sorted({round(i * step) for i in range(limit)})
