"""What every renderer needs from a ChartSpec before it draws."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from havoc.charts.spec import Limit, Panel, Series
from havoc.formatting import figure
from havoc.text import printable, shorten

FloatArray = NDArray[np.float64]

LABEL_LENGTH = 60
CATEGORY_LENGTH = 24
MARK_LENGTH = 14

_RULE = re.compile(r"\b(?:rules?|tests?)\s*#?\s*(\d+(?:\s*(?:,|and|&)\s*\d+)*)", re.IGNORECASE)
_MEANS = frozenset({"mean", "means", "group mean", "group means", "median", "medians"})


class Points(NamedTuple):
    """A series as arrays of equal length; what cannot be drawn is NaN."""

    x: FloatArray
    y: FloatArray
    low: FloatArray | None
    high: FloatArray | None


class Mark(NamedTuple):
    """A flagged point: its place in the series and the short text beside it."""

    place: int
    text: str


def categories(panel: Panel) -> list[str] | None:
    """Names along the x axis in the order of their first appearance, or None if x is a number."""
    texts = any(isinstance(value, str) for series in panel.series for value in series.x[:1])
    if panel.x_scale != "category" and not texts:
        return None
    return list(dict.fromkeys(_name(value) for series in panel.series for value in series.x))


def _name(value: float | str) -> str:
    return value if isinstance(value, str) else figure(value)


def points(series: Series, names: list[str] | None) -> Points:
    """Coordinates of ``series``; on a category axis x is the position of the name."""
    count = min(len(series.x), len(series.y))
    if names is None:
        x = _finite(series.x[:count])
    else:
        position = {name: index for index, name in enumerate(names)}
        x = np.array([position[_name(value)] for value in series.x[:count]], dtype=np.float64)
    y = _finite(series.y[:count])
    if not series.low and not series.high:
        return Points(x, y, None, None)
    return Points(x, y, _bound(series.low, y), _bound(series.high, y))


def _finite(values: Sequence[float | str]) -> FloatArray:
    array = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    array[~np.isfinite(array)] = np.nan
    return array


def _bound(values: list[float], y: FloatArray) -> FloatArray:
    """One end of an interval; an open end, or a missing one, is drawn from the point itself."""
    bound = np.array(y)
    given = _finite(values[: len(y)])
    bound[: len(given)] = np.where(np.isnan(given), y[: len(given)], given)
    return bound


def thin(count: int, limit: int) -> NDArray[np.intp]:
    """Evenly spread indices, at most ``limit`` of them, first and last included."""
    if count <= limit:
        return np.arange(count)
    return np.unique(np.linspace(0, count - 1, limit).round().astype(np.intp))


def thin_extremes(y: FloatArray, limit: int) -> NDArray[np.intp]:
    """Indices of the smallest and the largest value of every stretch of a long series.

    Unlike an even selection, no spike is lost.
    """
    if len(y) <= limit:
        return np.arange(len(y))
    edges = np.linspace(0, len(y), max(limit // 2, 1) + 1).astype(np.intp)
    kept: list[int] = []
    for start, stop in itertools.pairwise(edges):
        stretch = y[start:stop]
        if np.isnan(stretch).all():
            continue
        kept += [start + int(np.nanargmin(stretch)), start + int(np.nanargmax(stretch))]
    return np.unique(np.array(kept, dtype=np.intp))


def is_mean(series: Series) -> bool:
    """Whether the points are means (or medians) laid over the values themselves."""
    return series.kind == "points" and series.name.strip().lower() in _MEANS


def names_its_category(series: Series) -> bool:
    """Whether the axis says already what the legend would say."""
    return bool(series.x) and all(value == series.name for value in series.x)


def marks(series: Series) -> list[Mark]:
    """Flagged points, one for each index, with rule numbers instead of sentences."""
    texts: dict[int, list[str]] = {}
    for flag in series.flags:
        if 0 <= flag.index < len(series.y):
            texts.setdefault(flag.index, [])
            text = flag_text(flag.label)
            if text and text not in texts[flag.index]:
                texts[flag.index].append(text)
    return [
        Mark(index, shorten(",".join(found), MARK_LENGTH)) for index, found in sorted(texts.items())
    ]


def flag_text(label: str) -> str:
    """What stands beside a flagged point: ``1`` for "rule 1: beyond 3 sigma", a name as it is."""
    rules = [number for found in _RULE.findall(label) for number in re.findall(r"\d+", found)]
    return ",".join(dict.fromkeys(rules)) if rules else printable(label, MARK_LENGTH)


def flag_key(panels: list[Panel], limit: int = 8) -> list[str]:
    """The full labels behind the short marks, once each, for a line under the chart."""
    labels = dict.fromkeys(
        printable(flag.label, 90)
        for panel in panels
        for series in panel.series
        for flag in series.flags
    )
    explained = [label for label in labels if flag_text(label) != label]
    return explained[:limit]


def limit_text(limit: Limit) -> str:
    """``UCL = 74.015``; of a limit that varies, its last value."""
    value = limit_value(limit)
    label = printable(limit.label, 28)
    says_zero = label.lower() == "zero" or (label and limit.role == "reference")
    if value is None or (value == 0 and says_zero):
        return label
    return f"{label} = {figure(value)}" if label else figure(value)


def limit_value(limit: Limit) -> float | None:
    """Where the label belongs: the value, or the last value of a limit that varies."""
    for value in (limit.value, *reversed(limit.values)):
        if value is not None and np.isfinite(value):
            return float(value)
    return None


def limit_x(limit: Limit, panel: Panel, names: list[str] | None) -> FloatArray:
    """x of every value of a limit that varies: of the series that has as many points."""
    count = len(limit.values)
    for series in panel.series:
        if len(series.x) == count:
            return points(series, names).x
    return np.arange(count, dtype=np.float64) + (0 if names is not None else 1)


def lies_flat(panel: Panel) -> bool:
    """Whether bars are drawn from left to right, so that long names can be read."""
    names = categories(panel)
    if not names or not panel.series or panel.grid is not None:
        return False
    if any(series.kind != "bars" for series in panel.series):
        return False
    if any(limit.orientation == "vertical" or limit.values for limit in panel.limits):
        return False
    return len(names) <= 40 and sum(len(name) + 2 for name in names) > 60


def apart(places: list[float], gap: float) -> list[float]:
    """``places`` moved as little as needed so that neighbours are ``gap`` apart."""
    order = sorted(range(len(places)), key=lambda index: places[index])
    groups: list[tuple[float, list[int]]] = []
    for index in order:
        center, members = places[index], [index]
        while groups:
            before, others = groups[-1]
            top = before + gap * (len(others) - 1) / 2
            if center - gap * (len(members) - 1) / 2 - top >= gap:
                break
            groups.pop()
            members = others + members
            center = sum(places[i] for i in members) / len(members)
        groups.append((center, members))
    moved = list(places)
    for center, members in groups:
        for rank, index in enumerate(members):
            moved[index] = center + gap * (rank - (len(members) - 1) / 2)
    return moved
