"""Zone chart: points score by their zone, and the scores of one side add up.

A point within one sigma of the center line scores 0, within two sigma 2, within three
sigma 4, beyond 8. A point on the other side of the center line starts the sum afresh; a
sum of 8 or more is a signal. The sum is not set to zero after a signal (the usual
setting of Minitab).

Sources: A. H. Jaehn (1987), Zone control charts, SPC for operators, TAPPI Journal 70 (2);
R. B. Davis, A. Homer and W. H. Woodall (1990), Commun. Statist. Theory Meth. 19, 1581.
"""

from __future__ import annotations

import numpy as np

from havoc.tools.parameters import FloatArray
from havoc.tools.result import Recomputed
from havoc.tools.spc.chart_result import ControlChart
from havoc.tools.spc.panels import ChartPanel, make_panel
from havoc.tools.spc.rules import MOST_VIOLATIONS, Findings, Violation, name_points, tolerance
from havoc.tools.spc.variables import Chart
from havoc.tools.spc.weighted import Location

SCORES = (0.0, 2.0, 4.0, 8.0)
SIGNAL = 8.0


def zone_chart(location: Location) -> Chart:
    """Zone scores of values or subgroup means."""
    points = make_panel(
        "Xbar" if location.size > 1 else "I",
        "subgroup mean" if location.size > 1 else "individual value",
        location.values,
        location.target,
        location.standard_error,
        3.0,
    )
    z = (location.values - location.target) / location.standard_error
    slack = tolerance(location.values, points.sigma)
    scores = np.asarray(SCORES)[np.searchsorted((1.0, 2.0, 3.0), np.abs(z) - slack)]
    sums = _running(scores, np.where(np.abs(z) <= slack, 0.0, np.sign(z)))
    count = sums.size
    score = ChartPanel(
        name="zone",
        axis="cumulative score",
        values=sums,
        positions=np.arange(1, count + 1),
        center=np.zeros(count),
        lcl=np.full(count, -np.inf),
        ucl=np.full(count, SIGNAL),
        sigma=np.full(count, SIGNAL / 3),
        extra=_signals(sums),
    )
    return Chart(
        panels=[points, score],
        figures={
            "center": location.target,
            "lcl": float(points.lcl[0]),
            "ucl": float(points.ucl[0]),
            "sigma_within": location.sigma,
            "zone_scores": scores.tolist(),
            "cumulative_scores": sums.tolist(),
        },
        method="zone chart, scores 0, 2, 4, 8, summed on one side of the center line, signal at "
        "8, not set to zero after a signal (as Minitab), center at the "
        f"{'given mean' if location.target_given else 'mean of the data'}, "
        f"sigma {location.sigma_source}",
    )


def _running(scores: FloatArray, side: FloatArray) -> FloatArray:
    """Sums that start afresh where the side changes."""
    totals = np.cumsum(scores)
    fresh = np.concatenate(([True], side[1:] != side[:-1]))
    before = np.where(fresh, totals - scores, 0.0)
    return np.asarray(totals - np.maximum.accumulate(before), dtype=np.float64)


def _signals(sums: FloatArray) -> Findings:
    numbers = (np.flatnonzero(sums >= SIGNAL) + 1).tolist()
    violations = [
        Violation(
            rule="zone_score",
            name="a cumulative score of 8 or more",
            points=[number],
            signal_points=[number],
            reason=f"a cumulative score of {sums[number - 1]:g}: {name_points([number])}",
            panel="zone",
        )
        for number in numbers[:MOST_VIOLATIONS]
    ]
    return Findings(violations=violations, counts={"zone_score": len(numbers)} if numbers else {})


def verify_zone(result: ControlChart, data: list[float]) -> list[Recomputed]:
    """The highest sum once more, point by point as an operator adds it up."""
    assert isinstance(result.center, float) and result.sigma_within is not None
    assert result.cumulative_scores is not None
    total, side, highest = 0, 0, 0
    for value in data:
        distance = (value - result.center) / result.sigma_within
        here = (distance > 1e-9) - (distance < -1e-9)
        if here != side:
            total, side = 0, here
        size = abs(distance) - 1e-9
        total += 8 if size > 3 else 4 if size > 2 else 2 if size > 1 else 0
        highest = max(highest, total)
    return [
        Recomputed(
            name="highest score",
            value=max(result.cumulative_scores),
            recomputed=float(highest),
            route="scores added up point by point",
        )
    ]
