"""Charts with memory for small, lasting shifts: EWMA and tabular CUSUM.

Sources: NIST/SEMATECH e-Handbook 6.3.2.3 and 6.3.2.4; Montgomery, Introduction to
Statistical Quality Control, 9.1 (estimate of the shifted mean: equation 9.6) and 9.2.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import numpy as np

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.spc.panels import ChartPanel
from havoc.tools.spc.variables import Chart

DEFAULT_K = 0.5
DEFAULT_H = 5.0


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """The plotted statistic: values or subgroup means, and its standard deviation."""

    values: FloatArray
    target: float
    target_given: bool
    sigma: float
    sigma_source: str
    sigma_given: bool
    size: int = 1

    @property
    def standard_error(self) -> float:
        return self.sigma / float(np.sqrt(self.size))


def ewma_chart(location: Location, weight: float, n_sigma: float, steady: bool) -> Chart:
    """Exponentially weighted moving average from the target, limits at ``n_sigma``."""
    smoothed = smooth(location.values, location.target, weight)
    final = location.standard_error * float(np.sqrt(weight / (2 - weight)))
    count = location.values.size
    decay = (1 - weight) ** (2 * np.arange(1, count + 1, dtype=np.float64))
    spread = np.full(count, final) if steady else final * np.sqrt(1 - decay)
    panel = ChartPanel(
        name="EWMA",
        axis="weighted moving average",
        values=smoothed,
        positions=np.arange(1, count + 1),
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
            "lcl": location.target - n_sigma * final if steady else panel.lcl.tolist(),
            "ucl": location.target + n_sigma * final if steady else panel.ucl.tolist(),
            "lcl_steady": location.target - n_sigma * final,
            "ucl_steady": location.target + n_sigma * final,
            "ewma": smoothed.tolist(),
            "lambda_": weight,
            "sigma_within": location.sigma,
        },
        method=f"EWMA chart, lambda {weight:g}, limits at {n_sigma:g} sigma "
        f"({'steady-state' if steady else 'exact for every point, widening to the steady state'}), "
        f"start at the {'given target' if location.target_given else 'mean of the data'}, "
        f"sigma {location.sigma_source}",
    )


def smooth(values: FloatArray, start: float, weight: float) -> FloatArray:
    """Exponentially weighted moving averages that begin at ``start``."""
    level, kept = start, 1 - weight
    smoothed = []
    for value in values.tolist():
        level = weight * value + kept * level
        smoothed.append(level)
    return np.asarray(smoothed)


def cusum_chart(
    location: Location,
    k: float | None,
    h: float | None,
    units: Literal["auto", "sigma", "data"],
) -> Chart:
    """Two one-sided cumulative sums of deviations from the target beyond the allowance k."""
    in_data_units = units == "data" or (
        units == "auto" and not location.sigma_given and (k is not None or h is not None)
    )
    scale = 1.0 if in_data_units else location.standard_error
    if in_data_units and (k is None or h is None):
        raise InputError(
            "k and h in data units must both be given",
            where="k, h",
            remedy="give both, or give sigma and let k and h be multiples of it",
        )
    allowance = (DEFAULT_K if k is None else k) * scale
    decision = (DEFAULT_H if h is None else h) * scale
    deviations = location.values - location.target
    high = _one_sided(deviations - allowance)
    low = _one_sided(-deviations - allowance)
    count = high.size
    positions = np.arange(1, count + 1)
    panels = [
        ChartPanel(
            name=name,
            axis=axis,
            values=sums,
            positions=positions,
            center=np.zeros(count),
            lcl=np.full(count, -np.inf),
            ucl=np.full(count, decision),
            sigma=np.full(count, location.standard_error),
        )
        for name, axis, sums in (
            ("CUSUM high", "cumulative sum above target", high),
            ("CUSUM low", "cumulative sum below target", low),
        )
    ]
    figures: dict[str, Any] = {
        "center": location.target,
        "target": location.target,
        "sh": high.tolist(),
        "sl": low.tolist(),
        "k": allowance,
        "h": decision,
        "sigma_within": location.sigma,
    }
    slack = 1e-9 * decision
    signals = np.flatnonzero((high > decision + slack) | (low > decision + slack))
    if signals.size:
        at = int(signals[0])
        upward = bool(high[at] > decision + slack)
        sums = high if upward else low
        zeros = np.flatnonzero(sums[: at + 1] <= 0)
        start = int(zeros[-1]) + 1 if zeros.size else 0
        run = at - start + 1
        step = allowance + float(sums[at]) / run
        figures |= {
            "first_signal": at + 1,
            "signal_direction": "up" if upward else "down",
            "shift_start": start + 1,
            "shifted_mean": location.target + (step if upward else -step),
        }
    which = "data units" if in_data_units else "multiples of the standard error, sigma / sqrt(n)"
    return Chart(
        panels=panels,
        figures=figures,
        method=f"tabular CUSUM, k = {allowance:.6g} and h = {decision:.6g} in data units (given as "
        f"{which}), target {'given' if location.target_given else 'the mean of the data'}, "
        f"sigma {location.sigma_source}",
        warnings=[
            "k and h were read as data units because no sigma was given; give sigma to have "
            "them read as multiples of it"
        ]
        if in_data_units and units == "auto"
        else [],
    )


def _one_sided(steps: FloatArray) -> FloatArray:
    """Sum that restarts at zero: the running total minus its lowest value so far."""
    total = np.cumsum(steps)
    lowest = np.minimum.accumulate(np.minimum(total, 0.0))
    return np.asarray(total - lowest, dtype=np.float64)
