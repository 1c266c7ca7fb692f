"""What phase I returns, how it reads, and its center by a second route."""

from __future__ import annotations

import math

import msgspec

from havoc.tools.result import Narrative, Outcome, Recomputed
from havoc.tools.spc.chart_result import CHART_NAMES, Limits


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a point was taken out in ``round``, with the limits that judged it and the next ones.

    ``limits_after`` are those of the panel once all points of the round were out; limits of
    a point of its own (samples of different size) are those at this point.
    """

    round: int
    point: int
    panel: str
    value: float
    rule: str
    reason: str
    lcl_before: float
    ucl_before: float
    lcl_after: float
    ucl_after: float
    cause: str


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A point that signals and stays in, and why it stays."""

    point: int
    panel: str
    value: float
    reason: str
    why_kept: str


class Round(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Limits of a round: 0 are the trial limits with all points."""

    round: int
    points_used: int
    removed: list[int]
    center: Limits
    lcl: Limits
    ucl: Limits
    spread_center: Limits | None = None
    spread_lcl: Limits | None = None
    spread_ucl: Limits | None = None


class PhaseOne(Outcome):
    """Limits before and after, and the log of every point that was taken out.

    ``center``, ``lcl`` and ``ucl`` are the final limits, ``trial_center``, ``trial_lcl`` and
    ``trial_ucl`` those of all points. ``in_control`` says that no point used is beyond the final
    limits.
    """

    kind: str
    name: str
    points: int
    points_used: int
    removed: list[int]
    removed_count: int
    share_removed: float
    rounds: int
    in_control: bool
    center: Limits
    lcl: Limits
    ucl: Limits
    trial_center: Limits
    trial_lcl: Limits
    trial_ucl: Limits
    log: list[Removal]
    kept_signals: list[Kept]
    history: list[Round]
    rules: list[str]
    chosen_because: str | None = None
    spread_center: Limits | None = None
    spread_lcl: Limits | None = None
    spread_ucl: Limits | None = None
    sigma_within: float | None = None
    sigma_z: float | None = None


def narrate(result: PhaseOne) -> Narrative:
    chart = CHART_NAMES[result.kind]
    final = (
        "{{lcl}} to {{ucl:unit}} around {{center}}"
        if isinstance(result.ucl, float)
        else "that vary with the sample size"
    )
    if not result.removed:
        conclusion = (
            f"Nothing was taken out: the trial limits of the {chart} chart stand, {final}."
            if result.in_control
            else "Nothing was taken out, though points signal; limits of the "
            f"{chart} chart {final}."
        )
    else:
        points = "point" if result.points == 1 else "points"
        conclusion = (
            f"{{{{removed_count}}}} of {{{{points}}}} {points} left the basis of the limits of the "
            f"{chart} chart ({{{{removed}}}}); the limits are now {final}."
        )
    details = []
    if result.removed and isinstance(result.trial_ucl, float):
        details.append(
            "The trial limits with all points were {{trial_lcl}} to {{trial_ucl:unit}} around "
            "{{trial_center}}."
        )
    details += [
        f"Round {{{{log.{i}.round}}}}: point {{{{log.{i}.point}}}} of the "
        f"{{{{log.{i}.panel}}}} chart ({{{{log.{i}.value}}}}), {{{{log.{i}.reason}}}}; limits "
        f"{{{{log.{i}.lcl_before}}}} to {{{{log.{i}.ucl_before}}}} before, "
        f"{{{{log.{i}.lcl_after}}}} to {{{{log.{i}.ucl_after}}}} after; "
        f"cause: {{{{log.{i}.cause}}}}."
        for i in range(min(len(result.log), 12))
    ]
    details += [
        f"Kept though it signals: point {{{{kept_signals.{i}.point}}}} of the "
        f"{{{{kept_signals.{i}.panel}}}} chart, {{{{kept_signals.{i}.why_kept}}}}."
        for i in range(min(len(result.kept_signals), 8))
    ]
    figures = [("points taken out", "{{removed_count}}"), ("rounds", "{{rounds}}")]
    if isinstance(result.ucl, float):
        figures += [
            ("lower control limit", "{{lcl}}"),
            ("center line", "{{center}}"),
            ("upper control limit", "{{ucl}}"),
        ]
    return Narrative(conclusion=conclusion, details=details, key_figures=figures)


def verify(
    result: PhaseOne,
    data: list[float] | None,
    subgroups: list[list[float]] | None,
    subgroup_size: int | None,
    defectives: list[float] | None,
    defects: list[float] | None,
    sample_size: float | list[float] | None,
    **_: object,
) -> list[Recomputed]:
    """The final center from the points that are left, gathered anew."""
    out = set(result.removed)
    if not isinstance(result.center, float) or result.points > 20_000:
        return []
    counts = defectives or defects or (data if result.kind == "c" else None)
    if counts is not None:
        sizes = sample_size if isinstance(sample_size, list) else [sample_size or 1.0]
        sizes = sizes * len(counts) if len(sizes) == 1 else sizes
        left = [i for i in range(len(counts)) if i + 1 not in out]
        per = math.fsum(1.0 if result.kind == "c" else sizes[i] for i in left)
        center = math.fsum(counts[i] for i in left) / per
        if result.kind == "np":
            center *= sizes[0]
    else:
        rows = subgroups
        if rows is None and data is not None:
            size = subgroup_size or 1
            rows = [data[i : i + size] for i in range(0, len(data), size)]
        values = [value for i, row in enumerate(rows or []) if i + 1 not in out for value in row]
        center = math.fsum(values) / len(values)
    return [
        Recomputed(
            name="center",
            value=result.center,
            recomputed=center,
            route="exact summation over the points that are left",
        )
    ]
