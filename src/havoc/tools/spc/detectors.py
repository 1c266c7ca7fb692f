"""What each run rule looks for, as counts in a sliding window over the points.

A point exactly on a limit or zone boundary is not beyond it, a point on the
center line is on neither side, and equal neighbours are neither rising nor
falling.

Sources: Western Electric Company, Statistical Quality Control Handbook (1956);
L. S. Nelson (1984), J. Quality Technology 16, 237; J. O. Westgard et al. (1981),
Clinical Chemistry 27, 493.
"""

from __future__ import annotations

from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from havoc.tools.parameters import FloatArray

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


class Track(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a rule: where it fires, which points take part, in how long a window."""

    fires: BoolArray
    members: BoolArray
    side: str = ""


class PlottedSeries(msgspec.Struct, frozen=True, kw_only=True):
    """Distances from the center in sigma, and which points lie beyond the limits."""

    z: FloatArray
    above: BoolArray
    below: BoolArray
    tolerance: float


class Detector(Protocol):
    """Where a rule fires; what it looks for is in its fields, for run lengths too."""

    def __call__(self, series: PlottedSeries) -> list[Track]: ...


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    window: int
    detect: Detector
    needs_zones: bool = True
    warning_only: bool = False


def _recent(mask: BoolArray, window: int) -> NDArray[np.int8]:
    """How many of the last ``window`` points, this one included, are marked."""
    # Windows are short: a few additions of bytes are faster than differences of long sums.
    marks = mask.view(np.int8)
    counts = marks.copy()
    for lag in range(1, min(window, marks.size)):
        counts[lag:] += marks[:-lag]
    return counts


class BeyondLimits(msgspec.Struct, frozen=True):
    """A point beyond the control limits."""

    def __call__(self, series: PlottedSeries) -> list[Track]:
        return [
            Track(fires=series.above, members=series.above, side="above the upper limit"),
            Track(fires=series.below, members=series.below, side="below the lower limit"),
        ]


class CountBeyond(msgspec.Struct, frozen=True):
    """``needed`` of ``window`` points further than ``distance`` sigma on one side."""

    needed: int
    window: int
    distance: float

    def __call__(self, series: PlottedSeries) -> list[Track]:
        where = f"more than {self.distance:g} sigma " if self.distance else ""
        tracks = []
        for sign, side in ((1.0, "above"), (-1.0, "below")):
            marked = sign * series.z > self.distance + series.tolerance
            fires = marked & (_recent(marked, self.window) >= self.needed)
            tracks.append(Track(fires=fires, members=marked, side=f"{where}{side} the center line"))
        return tracks


class Trend(msgspec.Struct, frozen=True):
    """``points`` in a row rising or falling."""

    points: int

    def __call__(self, series: PlottedSeries) -> list[Track]:
        steps = np.diff(series.z, prepend=series.z[:1])
        everywhere = np.ones(series.z.size, dtype=np.bool_)
        needed = self.points - 1
        return [
            Track(
                fires=_recent(sign * steps > series.tolerance, needed) == needed,
                members=everywhere,
                side=side,
            )
            for sign, side in ((1.0, "rising"), (-1.0, "falling"))
        ]


class Alternating(msgspec.Struct, frozen=True):
    """``points`` in a row alternating up and down."""

    points: int

    def __call__(self, series: PlottedSeries) -> list[Track]:
        steps = np.diff(series.z, prepend=series.z[:1])
        direction = np.where(np.abs(steps) > series.tolerance, np.sign(steps), 0.0)
        turns = np.zeros(series.z.size, dtype=np.bool_)
        turns[1:] = direction[1:] * direction[:-1] < 0
        fires = _recent(turns, self.points - 2) == self.points - 2
        return [Track(fires=fires, members=np.ones_like(turns), side="alternating up and down")]


class AllWithin(msgspec.Struct, frozen=True):
    """``points`` in a row nearer than ``distance`` sigma to the center line."""

    points: int
    distance: float

    def __call__(self, series: PlottedSeries) -> list[Track]:
        marked = np.abs(series.z) < self.distance - series.tolerance
        fires = _recent(marked, self.points) == self.points
        side = f"within {self.distance:g} sigma of the center line"
        return [Track(fires=fires, members=marked, side=side)]


class AllBeyond(msgspec.Struct, frozen=True):
    """``points`` in a row further than ``distance`` sigma, on either side."""

    points: int
    distance: float

    def __call__(self, series: PlottedSeries) -> list[Track]:
        marked = np.abs(series.z) > self.distance + series.tolerance
        fires = _recent(marked, self.points) == self.points
        side = f"further than {self.distance:g} sigma from the center line, on either side"
        return [Track(fires=fires, members=marked, side=side)]


class Opposite(msgspec.Struct, frozen=True):
    """Neighbours beyond ``distance`` on opposite sides."""

    distance: float

    def __call__(self, series: PlottedSeries) -> list[Track]:
        high = series.z > self.distance + series.tolerance
        low = series.z < -self.distance - series.tolerance
        fires = np.zeros(series.z.size, dtype=np.bool_)
        fires[1:] = (high[1:] & low[:-1]) | (low[1:] & high[:-1])
        side = f"on opposite sides, each further than {self.distance:g} sigma"
        return [Track(fires=fires, members=high | low, side=side)]


RULES: dict[str, Rule] = {
    "nelson_1": Rule(
        name="a point beyond the control limits",
        window=1,
        detect=BeyondLimits(),
        needs_zones=False,
    ),
    "nelson_2": Rule(
        name="9 points in a row on one side of the center line",
        window=9,
        detect=CountBeyond(9, 9, 0.0),
        needs_zones=False,
    ),
    "nelson_3": Rule(
        name="6 points in a row rising or falling",
        window=6,
        detect=Trend(6),
        needs_zones=False,
    ),
    "nelson_4": Rule(
        name="14 points in a row alternating up and down",
        window=14,
        detect=Alternating(14),
        needs_zones=False,
    ),
    "nelson_5": Rule(
        name="2 of 3 points beyond 2 sigma on one side",
        window=3,
        detect=CountBeyond(2, 3, 2.0),
    ),
    "nelson_6": Rule(
        name="4 of 5 points beyond 1 sigma on one side",
        window=5,
        detect=CountBeyond(4, 5, 1.0),
    ),
    "nelson_7": Rule(
        name="15 points in a row within 1 sigma",
        window=15,
        detect=AllWithin(15, 1.0),
    ),
    "nelson_8": Rule(
        name="8 points in a row beyond 1 sigma, on either side",
        window=8,
        detect=AllBeyond(8, 1.0),
    ),
    "western_electric_1": Rule(
        name="a point beyond the control limits",
        window=1,
        detect=BeyondLimits(),
        needs_zones=False,
    ),
    "western_electric_2": Rule(
        name="2 of 3 points beyond 2 sigma on one side",
        window=3,
        detect=CountBeyond(2, 3, 2.0),
    ),
    "western_electric_3": Rule(
        name="4 of 5 points beyond 1 sigma on one side",
        window=5,
        detect=CountBeyond(4, 5, 1.0),
    ),
    "western_electric_4": Rule(
        name="8 points in a row on one side of the center line",
        window=8,
        detect=CountBeyond(8, 8, 0.0),
        needs_zones=False,
    ),
    "westgard_1_2s": Rule(
        name="a point beyond 2 sigma (warning)",
        window=1,
        detect=CountBeyond(1, 1, 2.0),
        warning_only=True,
    ),
    "westgard_1_3s": Rule(
        name="a point beyond 3 sigma",
        window=1,
        detect=CountBeyond(1, 1, 3.0),
    ),
    "westgard_2_2s": Rule(
        name="2 points in a row beyond 2 sigma on one side",
        window=2,
        detect=CountBeyond(2, 2, 2.0),
    ),
    "westgard_R_4s": Rule(
        name="2 points in a row beyond 2 sigma on opposite sides",
        window=2,
        detect=Opposite(2.0),
    ),
    "westgard_4_1s": Rule(
        name="4 points in a row beyond 1 sigma on one side",
        window=4,
        detect=CountBeyond(4, 4, 1.0),
    ),
    "westgard_10x": Rule(
        name="10 points in a row on one side of the center line",
        window=10,
        detect=CountBeyond(10, 10, 0.0),
        needs_zones=False,
    ),
}
