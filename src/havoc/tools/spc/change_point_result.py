"""What a search for change points reports: its figures, its words and its chart."""

from __future__ import annotations

import msgspec
import numpy as np

from havoc.charts import ChartSpec, Flag, Limit, Panel, Series, decimate
from havoc.tools.parameters import FloatArray
from havoc.tools.result import Narrative, Outcome


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A change after value ``last_before`` (counted from 1).

    ``low`` and ``high`` bound the last value before it at the confidence of the result.
    ``f`` and ``p_value`` compare the two segments beside the change; ``shift_in_sigma`` is in
    standard deviations within the segments.
    """

    last_before: int
    first_after: int
    low: int
    high: int
    mean_before: float
    mean_after: float
    shift: float
    p_value: float
    shift_in_sigma: float | None = None
    f: float | None = None


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """Values ``first`` to ``last`` (counted from 1) with one mean."""

    first: int
    last: int
    n: int
    mean: float
    sd: float | None


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """The best partition with so many changes, and its criterion (smaller is better)."""

    changes: int
    places: list[int]
    rss: float
    bic: float


class ChangePoint(Outcome):
    """``change_point`` is the last value before the most likely single change, ``sup_f`` its F.

    ``p_value`` tests it against no change at all; ``cusum`` and ``cusum_p_value`` are the
    OLS-CUSUM test of the same. ``changes`` are those that were accepted; ``candidates`` the
    best partition for every number of them (exact search only).
    """

    name: str
    points: int
    change_point: int
    sup_f: float
    p_value: float
    significant: bool
    alpha: float
    level: float
    permutations: int
    seed: int
    cusum: float
    cusum_p_value: float
    changes_count: int
    changes: list[Change]
    segments: list[Segment]
    sigma: float
    mean: float
    min_segment: int
    bic: float | None = None
    bic_no_change: float | None = None
    candidates: list[Candidate] | None = None


def chart(result: ChangePoint, values: FloatArray) -> ChartSpec:
    shown = sorted({*decimate(values.size), *(change.last_before for change in result.changes)})
    place = {at: i for i, at in enumerate(shown)}
    x = [float(at + 1) for at in shown]
    level = np.concatenate([np.full(part.n, part.mean) for part in result.segments])
    sums = np.cumsum(values - result.mean)
    lines = [
        Limit(
            label=f"change after {change.last_before}",
            role="reference",
            value=change.last_before + 0.5,
            orientation="vertical",
        )
        for change in result.changes
    ]
    verdict = (
        f"the mean changes after {', '.join(str(c.last_before) for c in result.changes)}"
        if result.changes
        else "no change of the mean"
    )
    return ChartSpec(
        kind="change_point",
        title=f"{result.name}: {verdict}",
        panels=[
            Panel(
                title="values and the mean of every segment",
                x_label="observation",
                y_label=result.unit or "value",
                series=[
                    Series(
                        name="value",
                        x=x,
                        y=[float(values[at]) for at in shown],
                        flags=[
                            Flag(index=place[change.last_before], label="first after the change")
                            for change in result.changes
                        ],
                    ),
                    Series(
                        name="mean of the segment",
                        kind="step",
                        x=x,
                        y=[float(level[at]) for at in shown],
                    ),
                ],
                limits=lines,
            ),
            Panel(
                title="sum of the deviations from the overall mean, bent where the mean changes",
                x_label="observation",
                y_label="cumulative sum",
                series=[Series(name="cumulative sum", kind="line", x=x,
                               y=[float(sums[at]) for at in shown])],
                limits=lines,
            ),
        ],
        notes=[f"a selection of the {values.size} points is drawn"]
        if len(shown) < values.size
        else [],
    )  # fmt: skip


def narrate(result: ChangePoint) -> Narrative:
    details = []
    if result.changes:
        count = "once" if len(result.changes) == 1 else "{{changes_count}} times"
        conclusion = (
            f"The mean of {{{{name}}}} changed {count}: after value {{{{changes.0.last_before}}}}, "
            "from {{changes.0.mean_before}} to {{changes.0.mean_after:unit}} "
            "(p {{changes.0.p_value:p}})"
        )
        rest = [
            f"after value {{{{changes.{i}.last_before}}}} to {{{{changes.{i}.mean_after:unit}}}} "
            f"(p {{{{changes.{i}.p_value:p}}}})"
            for i in range(1, min(len(result.changes), 6))
        ]
        conclusion += "".join(f", {text}" for text in rest) + "."
        details += [
            f"With {{{{level:%}}}} confidence value {{{{changes.{i}.low}}}} to "
            f"{{{{changes.{i}.high}}}} was the last before the change; the shift is "
            f"{{{{changes.{i}.shift:unit}}}}, that is {{{{changes.{i}.shift_in_sigma}}}} standard "
            "deviations."
            for i in range(min(len(result.changes), 6))
        ]
    else:
        conclusion = (
            "There is no evidence that the mean of {{name}} changed (p {{p_value:p}}); the most "
            "likely place would be after value {{change_point}}."
        )
    if result.candidates is not None:
        details.append("The criterion falls from {{bic_no_change}} without a change to {{bic}}.")
    return Narrative(
        conclusion=conclusion,
        details=details,
        key_figures=[
            ("most likely change after value", "{{change_point}}"),
            ("largest F", "{{sup_f}}"),
            ("p-value", "{{p_value}}"),
            ("changes accepted", "{{changes_count}}"),
            ("standard deviation within segments", "{{sigma:unit}}"),
        ],
    )
