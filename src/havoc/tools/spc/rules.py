"""Run rules: which points of a series are unlikely if the process is stable.

Every rule looks at the distance from the center line in standard deviations
(z) and counts points in a sliding window, so that a million points take a
fraction of a second. A point exactly on a limit or zone boundary is not beyond
it, a point on the center line is on neither side, and equal neighbours are
neither rising nor falling.

Sources: Western Electric Company, Statistical Quality Control Handbook (1956);
L. S. Nelson (1984), J. Quality Technology 16, 237; J. O. Westgard et al. (1981),
Clinical Chemistry 27, 493.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

Rules = Annotated[
    Literal["none", "limits", "western_electric", "nelson", "westgard"] | list[int | str],
    Meta(
        description="run rules: a set (limits is points beyond the limits only), or a list of "
        "rules such as nelson_2, western_electric_4, westgard_2_2s, 2_of_3; a bare number is "
        "the Nelson rule"
    ),
]

# So many violations are spelled out; the count is always complete.
MOST_VIOLATIONS = 200
_SHOWN_POINTS = 8


class Violation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``points`` take part (1-based), the rule fires at each of ``signal_points``."""

    rule: str
    name: str
    points: list[int]
    signal_points: list[int]
    reason: str
    panel: str = ""
    warning_only: bool = False

    @property
    def label(self) -> str:
        """The rule without its set, to write next to a point: ``2``, ``2_2s``."""
        return re.sub(r"^(nelson|western_electric|westgard)_", "", self.rule)


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """Points beyond the limits, and violations (capped; ``counts`` is complete)."""

    violations: list[Violation] = []
    counts: dict[str, int] = {}
    above: list[int] = []
    below: list[int] = []

    @property
    def total(self) -> int:
        return sum(self.counts.values())


class _Track(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a rule: where it fires, which points take part, in how long a window."""

    fires: BoolArray
    members: BoolArray
    side: str = ""


class _Series(msgspec.Struct, frozen=True, kw_only=True):
    """Distances from the center in sigma, and which points lie beyond the limits."""

    z: FloatArray
    above: BoolArray
    below: BoolArray
    tolerance: float


Detector = Callable[[_Series], list[_Track]]


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    window: int
    detect: Detector
    needs_zones: bool = True
    warning_only: bool = False


def _recent(mask: BoolArray, window: int) -> IntArray:
    """How many of the last ``window`` points, this one included, are marked."""
    total = np.concatenate(([0], np.cumsum(mask, dtype=np.int64)))
    last = np.arange(1, mask.size + 1)
    return total[last] - total[np.maximum(last - window, 0)]


def _beyond_limits(series: _Series) -> list[_Track]:
    return [
        _Track(fires=series.above, members=series.above, side="above the upper limit"),
        _Track(fires=series.below, members=series.below, side="below the lower limit"),
    ]


def _count_beyond(needed: int, window: int, distance: float) -> Detector:
    """``needed`` of ``window`` points further than ``distance`` sigma on one side."""
    where = f"more than {distance:g} sigma " if distance else ""

    def detect(series: _Series) -> list[_Track]:
        tracks = []
        for sign, side in ((1.0, "above"), (-1.0, "below")):
            marked = sign * series.z > distance + series.tolerance
            fires = marked & (_recent(marked, window) >= needed)
            tracks.append(
                _Track(fires=fires, members=marked, side=f"{where}{side} the center line")
            )
        return tracks

    return detect


def _trend(points: int) -> Detector:
    def detect(series: _Series) -> list[_Track]:
        steps = np.diff(series.z, prepend=series.z[:1])
        everywhere = np.ones(series.z.size, dtype=np.bool_)
        return [
            _Track(
                fires=_recent(sign * steps > series.tolerance, points - 1) == points - 1,
                members=everywhere,
                side=side,
            )
            for sign, side in ((1.0, "rising"), (-1.0, "falling"))
        ]

    return detect


def _alternating(points: int) -> Detector:
    def detect(series: _Series) -> list[_Track]:
        steps = np.diff(series.z, prepend=series.z[:1])
        direction = np.where(np.abs(steps) > series.tolerance, np.sign(steps), 0.0)
        turns = np.zeros(series.z.size, dtype=np.bool_)
        turns[1:] = direction[1:] * direction[:-1] < 0
        fires = _recent(turns, points - 2) == points - 2
        return [_Track(fires=fires, members=np.ones_like(turns), side="alternating up and down")]

    return detect


def _all_within(points: int, distance: float) -> Detector:
    def detect(series: _Series) -> list[_Track]:
        marked = np.abs(series.z) < distance - series.tolerance
        fires = _recent(marked, points) == points
        side = f"within {distance:g} sigma of the center line"
        return [_Track(fires=fires, members=marked, side=side)]

    return detect


def _all_beyond(points: int, distance: float) -> Detector:
    def detect(series: _Series) -> list[_Track]:
        marked = np.abs(series.z) > distance + series.tolerance
        fires = _recent(marked, points) == points
        side = f"further than {distance:g} sigma from the center line, on either side"
        return [_Track(fires=fires, members=marked, side=side)]

    return detect


def _opposite(distance: float) -> Detector:
    """Neighbours beyond ``distance`` on opposite sides."""

    def detect(series: _Series) -> list[_Track]:
        high = series.z > distance + series.tolerance
        low = series.z < -distance - series.tolerance
        fires = np.zeros(series.z.size, dtype=np.bool_)
        fires[1:] = (high[1:] & low[:-1]) | (low[1:] & high[:-1])
        side = f"on opposite sides, each further than {distance:g} sigma"
        return [_Track(fires=fires, members=high | low, side=side)]

    return detect


RULES: dict[str, Rule] = {
    "nelson_1": Rule(
        name="a point beyond the control limits",
        window=1,
        detect=_beyond_limits,
        needs_zones=False,
    ),
    "nelson_2": Rule(
        name="9 points in a row on one side of the center line",
        window=9,
        detect=_count_beyond(9, 9, 0.0),
        needs_zones=False,
    ),
    "nelson_3": Rule(
        name="6 points in a row rising or falling",
        window=6,
        detect=_trend(6),
        needs_zones=False,
    ),
    "nelson_4": Rule(
        name="14 points in a row alternating up and down",
        window=14,
        detect=_alternating(14),
        needs_zones=False,
    ),
    "nelson_5": Rule(
        name="2 of 3 points beyond 2 sigma on one side",
        window=3,
        detect=_count_beyond(2, 3, 2.0),
    ),
    "nelson_6": Rule(
        name="4 of 5 points beyond 1 sigma on one side",
        window=5,
        detect=_count_beyond(4, 5, 1.0),
    ),
    "nelson_7": Rule(
        name="15 points in a row within 1 sigma",
        window=15,
        detect=_all_within(15, 1.0),
    ),
    "nelson_8": Rule(
        name="8 points in a row beyond 1 sigma, on either side",
        window=8,
        detect=_all_beyond(8, 1.0),
    ),
    "western_electric_1": Rule(
        name="a point beyond the control limits",
        window=1,
        detect=_beyond_limits,
        needs_zones=False,
    ),
    "western_electric_2": Rule(
        name="2 of 3 points beyond 2 sigma on one side",
        window=3,
        detect=_count_beyond(2, 3, 2.0),
    ),
    "western_electric_3": Rule(
        name="4 of 5 points beyond 1 sigma on one side",
        window=5,
        detect=_count_beyond(4, 5, 1.0),
    ),
    "western_electric_4": Rule(
        name="8 points in a row on one side of the center line",
        window=8,
        detect=_count_beyond(8, 8, 0.0),
        needs_zones=False,
    ),
    "westgard_1_2s": Rule(
        name="a point beyond 2 sigma (warning)",
        window=1,
        detect=_count_beyond(1, 1, 2.0),
        warning_only=True,
    ),
    "westgard_1_3s": Rule(
        name="a point beyond 3 sigma",
        window=1,
        detect=_count_beyond(1, 1, 3.0),
    ),
    "westgard_2_2s": Rule(
        name="2 points in a row beyond 2 sigma on one side",
        window=2,
        detect=_count_beyond(2, 2, 2.0),
    ),
    "westgard_R_4s": Rule(
        name="2 points in a row beyond 2 sigma on opposite sides",
        window=2,
        detect=_opposite(2.0),
    ),
    "westgard_4_1s": Rule(
        name="4 points in a row beyond 1 sigma on one side",
        window=4,
        detect=_count_beyond(4, 4, 1.0),
    ),
    "westgard_10x": Rule(
        name="10 points in a row on one side of the center line",
        window=10,
        detect=_count_beyond(10, 10, 0.0),
        needs_zones=False,
    ),
}

_ALIASES = {
    "limits": "nelson_1",
    "beyond_limits": "nelson_1",
    "run": "nelson_2",
    "trend": "nelson_3",
    "alternating": "nelson_4",
    "2_of_3": "nelson_5",
    "4_of_5": "nelson_6",
    "stratification": "nelson_7",
    "mixture": "nelson_8",
}


def rule_ids(rules: str | Sequence[int | str]) -> list[str]:
    """The ids of RULES that a set name or a list of names stands for."""
    if isinstance(rules, str):
        if rules == "none":
            return []
        if rules == "limits":
            return ["nelson_1"]
        return [rule for rule in RULES if rule.startswith(f"{rules}_")]
    found: list[str] = []
    for item in rules:
        for rule in _resolve(item):
            if rule not in found:
                found.append(rule)
    return found


def _resolve(item: int | str) -> list[str]:
    text = str(item).strip()
    plain = re.sub(r"[\s\-.]+", "_", text)
    plain = re.sub(r"^we_", "western_electric_", plain, flags=re.IGNORECASE)
    plain = re.sub(r"^(\d)of(\d)$", r"\1_of_\2", plain)
    if plain.lower() in ("western_electric", "nelson", "westgard"):
        return rule_ids(plain.lower())
    lowered = {rule.lower(): rule for rule in RULES}
    for candidate in (plain, f"nelson_{plain}", f"westgard_{plain}"):
        if candidate.lower() in lowered:
            return [lowered[candidate.lower()]]
    if plain.lower() in _ALIASES:
        return [_ALIASES[plain.lower()]]
    raise InputError(
        f"there is no run rule {text!r}",
        where="rules",
        remedy="use a Nelson number from 1 to 8, western_electric_1 to _4, or westgard_1_3s ...",
    )


def without_zones(rules: list[str]) -> list[str]:
    """Those that hold on a chart whose distribution is not symmetric."""
    return [rule for rule in rules if not RULES[rule].needs_zones]


def limits_only(rules: list[str]) -> list[str]:
    """Those that hold for ranges and standard deviations: a point beyond the limits."""
    return [rule for rule in rules if rule in ("nelson_1", "western_electric_1")]


def tolerance(values: FloatArray, sigma: FloatArray) -> float:
    """Distance in sigma that is rounding, so that 10.4 is not beyond 10 + 2 x 0.2."""
    if values.size == 0:
        return 1e-9
    smallest = float(np.min(sigma))
    largest = float(np.max(np.abs(values)))
    return 1e-9 + (8 * float(np.finfo(np.float64).eps) * largest / smallest if smallest else 0.0)


def apply_rules(
    values: FloatArray,
    center: FloatArray | float,
    sigma: FloatArray | float,
    rules: Sequence[str],
    *,
    lower: FloatArray | float | None = None,
    upper: FloatArray | float | None = None,
    n_sigma: float = 3.0,
    panel: str = "",
    positions: IntArray | None = None,
) -> Findings:
    """Apply ``rules`` (ids) to a series.

    ``lower`` and ``upper`` are the control limits where they are not
    ``n_sigma`` standard deviations from the center; ``positions`` are the
    numbers of the points, 1, 2, 3 ... if not given.
    """
    numbers = np.arange(1, values.size + 1) if positions is None else positions
    sigmas = np.broadcast_to(np.asarray(sigma, dtype=np.float64), values.shape)
    slack = tolerance(values, sigmas)
    usable = np.where(sigmas > 0, sigmas, 1.0)
    z = (values - center) / usable
    low = (center - n_sigma * sigmas) if lower is None else lower
    high = (center + n_sigma * sigmas) if upper is None else upper
    series = _Series(
        z=z,
        above=values > high + slack * sigmas,
        below=values < low - slack * sigmas,
        tolerance=slack,
    )
    violations: list[Violation] = []
    counts: dict[str, int] = {}
    for rule_id in rules:
        rule = RULES[rule_id]
        found = 0
        for track in rule.detect(series):
            events = _events(track.fires, rule.window)
            found += len(events)
            room = MOST_VIOLATIONS - len(violations)
            violations.extend(
                _violation(rule_id, rule, track, first, last, panel, numbers)
                for first, last in events[: max(room, 0)]
            )
        if found:
            counts[rule_id] = found
    violations.sort(key=lambda item: (item.signal_points[0], item.rule))
    return Findings(
        violations=violations,
        counts=counts,
        above=numbers[series.above].tolist(),
        below=numbers[series.below].tolist(),
    )


def _events(fires: BoolArray, window: int) -> list[tuple[int, int]]:
    """First and last firing point of each group of firings whose windows overlap or touch."""
    at = np.flatnonzero(fires)
    if at.size == 0:
        return []
    breaks = np.flatnonzero(np.diff(at) > window)
    starts = np.concatenate(([0], breaks + 1))
    ends = np.concatenate((breaks, [at.size - 1]))
    return [(int(at[start]), int(at[end])) for start, end in zip(starts, ends, strict=True)]


def _violation(
    rule_id: str,
    rule: Rule,
    track: _Track,
    first: int,
    last: int,
    panel: str,
    numbers: IntArray,
) -> Violation:
    begin = max(first - rule.window + 1, 0)
    points = numbers[begin + np.flatnonzero(track.members[begin : last + 1])].tolist()
    signals = numbers[first + np.flatnonzero(track.fires[first : last + 1])].tolist()
    return Violation(
        rule=rule_id,
        name=rule.name,
        points=points,
        signal_points=signals,
        reason=f"{rule.name}: {name_points(points)} {track.side}",
        panel=panel,
        warning_only=rule.warning_only,
    )


def name_points(points: Sequence[int]) -> str:
    """``point 4``, ``points 4 and 6`` or ``points 4 to 12``."""
    if len(points) == 1:
        return f"point {points[0]}"
    if len(points) > 2 and points[-1] - points[0] == len(points) - 1:
        return f"points {points[0]} to {points[-1]}"
    shown = [str(point) for point in points[:_SHOWN_POINTS]]
    if len(points) > _SHOWN_POINTS:
        return f"points {', '.join(shown)} and {len(points) - _SHOWN_POINTS} more"
    return f"points {', '.join(shown[:-1])} and {shown[-1]}"
