"""Run rules: which points of a series are unlikely if the process is stable.

The rules themselves are in ``detectors``; here they are found by name, applied
to a series and turned into violations that name the points and the reason. A
million points take a fraction of a second.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.spc.detectors import RULES, BoolArray, IntArray, PlottedSeries, Rule, Track

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
        """The rule without its set, to write next to a point: ``2``, ``2-2s``."""
        return re.sub(r"^(nelson|western_electric|westgard)_", "", self.rule).replace("_", "-")


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """Points beyond the limits, and violations (capped; ``counts`` is complete)."""

    violations: list[Violation] = []
    counts: dict[str, int] = {}
    above: list[int] = []
    below: list[int] = []

    @property
    def total(self) -> int:
        return sum(self.counts.values())


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
    series = PlottedSeries(
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


def moved(found: Findings, by: int) -> Findings:
    """Findings whose points are counted ``by`` points later."""
    return Findings(
        violations=[
            msgspec.structs.replace(
                item,
                points=[point + by for point in item.points],
                signal_points=[point + by for point in item.signal_points],
                reason=item.reason.replace(
                    name_points(item.points), name_points([point + by for point in item.points])
                ),
            )
            for item in found.violations
        ],
        counts=found.counts,
        above=[point + by for point in found.above],
        below=[point + by for point in found.below],
    )


def merged(parts: Sequence[Findings]) -> Findings:
    """Findings of several pieces of a series as one."""
    counts: dict[str, int] = {}
    for part in parts:
        for rule, number in part.counts.items():
            counts[rule] = counts.get(rule, 0) + number
    violations = [item for part in parts for item in part.violations]
    violations.sort(key=lambda item: (item.signal_points[0], item.rule))
    return Findings(
        violations=violations[:MOST_VIOLATIONS],
        counts=counts,
        above=sorted({point for part in parts for point in part.above}),
        below=sorted({point for part in parts for point in part.below}),
    )


def _events(fires: BoolArray, window: int) -> list[tuple[int, int]]:
    """First and last firing point of each group of firings whose windows overlap or touch."""
    at = np.flatnonzero(fires)
    if at.size == 0:
        return []
    breaks = np.flatnonzero(np.diff(at) > window)
    starts = np.concatenate(([0], breaks + 1))
    ends = np.concatenate((breaks, [at.size - 1]))
    return list(zip(at[starts].tolist(), at[ends].tolist(), strict=True))


def _violation(
    rule_id: str,
    rule: Rule,
    track: Track,
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
