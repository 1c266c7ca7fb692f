"""Moving average chart: the mean of the last values, for small lasting shifts.

Source: Montgomery, Introduction to Statistical Quality Control, 9.3.
"""

from __future__ import annotations

import math

import numpy as np

from havoc.errors import InputError
from havoc.tools.result import Recomputed
from havoc.tools.spc.chart_result import ControlChart
from havoc.tools.spc.panels import ChartPanel
from havoc.tools.spc.variables import Chart
from havoc.tools.spc.weighted import Location

DEFAULT_SPAN = 3


def moving_average_chart(location: Location, span: int, n_sigma: float) -> Chart:
    """Mean of the last ``span`` values or subgroup means, fewer at the start."""
    count = location.values.size
    if span > count:
        raise InputError(
            f"a span of {span} is longer than the {count} points",
            where="span",
            remedy="use a shorter span",
        )
    # Deviations from the target keep the digits of large values.
    totals = np.concatenate(([0.0], np.cumsum(location.values - location.target)))
    numbers = np.arange(1, count + 1)
    width = np.minimum(numbers, span)
    averages = location.target + (totals[numbers] - totals[numbers - width]) / width
    spread = location.standard_error / np.sqrt(width)
    final = n_sigma * location.standard_error / math.sqrt(span)
    panel = ChartPanel(
        name="MA",
        axis="moving average",
        values=averages,
        positions=numbers,
        center=np.full(count, location.target),
        lcl=location.target - n_sigma * spread,
        ucl=location.target + n_sigma * spread,
        sigma=spread,
    )
    return Chart(
        panels=[panel],
        figures={
            "center": location.target,
            "target": location.target,
            "lcl": panel.lcl.tolist(),
            "ucl": panel.ucl.tolist(),
            "lcl_steady": location.target - final,
            "ucl_steady": location.target + final,
            "moving_average": averages.tolist(),
            "span": span,
            "sigma_within": location.sigma,
        },
        method=f"moving average chart, span {span} (fewer values at the start, with wider "
        f"limits), limits at {n_sigma:g} sigma, center at the "
        f"{'given target' if location.target_given else 'mean of the data'}, "
        f"sigma {location.sigma_source}",
    )


def verify_moving_average(result: ControlChart, data: list[float]) -> list[Recomputed]:
    """The last average once more, from its own values."""
    assert result.moving_average is not None and result.span is not None
    last = math.fsum(data[-result.span :]) / result.span
    assert result.ucl_steady is not None and result.target is not None
    assert result.sigma_within is not None
    return [
        Recomputed(
            name="last moving average",
            value=result.moving_average[-1],
            recomputed=last,
            route="exact summation of the last values",
        ),
        Recomputed(
            name="ucl_steady",
            value=result.ucl_steady,
            recomputed=result.target
            + math.sqrt(result.n_sigma**2 * result.sigma_within**2 / result.span),
            route="textbook formula",
        ),
    ]
