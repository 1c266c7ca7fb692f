"""One axis of a terminal chart: its range, its ticks, its logarithm."""

from __future__ import annotations

import math

import numpy as np

from havoc.charts.prepare import FloatArray
from havoc.formatting import figure

LARGEST = 1e300


class Scale:
    """One axis: from values to what is drawn (the logarithm on a logarithmic axis)."""

    def __init__(self, values: list[float], logarithmic: bool, margin: float) -> None:
        self.logarithmic = logarithmic
        known = [v for v in self(np.array(values, dtype=np.float64)).tolist() if math.isfinite(v)]
        low, high = (min(known), max(known)) if known else (0.0, 1.0)
        low, high = max(low, -LARGEST), min(high, LARGEST)
        room = (high - low) * margin if high > low else abs(high) * 0.05 or 0.5
        self.low, self.high = low - room, high + room

    def __call__(self, values: FloatArray) -> FloatArray:
        if not self.logarithmic:
            return values
        logarithms: FloatArray = np.log10(np.where(values > 0, values, np.nan))
        return logarithms

    def one(self, value: float) -> float:
        return float(self(np.array([value]))[0])

    def ticks(self, count: int) -> tuple[list[float], list[str]]:
        if self.logarithmic:
            decades = range(math.floor(self.low), math.ceil(self.high) + 1)
            steps = (1, 2, 5) if self.high - self.low < 2 else (1,)
            values = [factor * 10.0**decade for decade in decades for factor in steps]
        else:
            values = round_values(self.low, self.high, count)
        inside = [value for value in values if self.low <= self.one(value) <= self.high]
        return [self.one(value) for value in inside], [figure(value) for value in inside]


def round_values(low: float, high: float, count: int) -> list[float]:
    """Values such as 0, 20, 40 between ``low`` and ``high``, at most ``count`` or so."""
    raw = (high - low) / max(count, 1)
    if raw <= 0 or not math.isfinite(raw):
        return [low]
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if unit * factor >= raw * 0.999)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [float(f"{index * step:.12g}") for index in range(first, last + 1)]
