"""Charts of rare events: what lies between two events instead of counts per period.

The g chart takes counts between events (units, days, patients), which are geometric;
the t chart takes times, which are exponential or Weibull. A point above the limits says
that the events have become rarer, one below that they come more often.

Sources: J. C. Benneyan (2001), Number-between g-type statistical quality control charts,
Health Care Management Science 4, 305-318; F. C. Kaminsky et al. (1992), J. Quality
Technology 24, 63-69; L. S. Nelson (1994), A control chart for parts-per-million
nonconforming items, J. Quality Technology 26, 239-240; Montgomery, Introduction to
Statistical Quality Control, 7.3.5.
"""

from __future__ import annotations

import itertools
import math
from typing import Any, Literal

import numpy as np
from scipy import special

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.result import Recomputed
from havoc.tools.spc.attributes import as_counts
from havoc.tools.spc.chart_result import ControlChart
from havoc.tools.spc.constants import MOVING_RANGE_D2
from havoc.tools.spc.panels import Basis, ChartPanel
from havoc.tools.spc.rules import Findings, Violation, limits_only, name_points
from havoc.tools.spc.variables import Chart

EventLimits = Literal["auto", "probability", "sigma", "weibull", "exponential", "nelson"]
_METHODS = {"g": ("probability", "sigma"), "t": ("weibull", "exponential", "nelson")}

_LAW = {"weibull": "Weibull", "exponential": "exponential"}

# Nelson's power makes exponential times near normal.
POWER = 1 / 3.6

# At most so many runs of zeros are spelled out.
_MOST_RUNS = 50


def choose_limits(kind: str, event_limits: EventLimits) -> str:
    """The limits to compute: the first of the kind where none are named."""
    if event_limits == "auto":
        return _METHODS[kind][0]
    if event_limits not in _METHODS[kind]:
        raise InputError(
            f"{event_limits} limits do not belong to a {kind} chart",
            where="event_limits",
            remedy=f"use {' or '.join(_METHODS[kind])}",
        )
    return event_limits


def g_chart(
    data: list[float] | None,
    basis: Basis,
    rules: list[str],
    method: str,
    probability: float | None = None,
) -> Chart:
    """Counts between events. ``probability`` is the given chance of an event (pbar)."""
    given = probability
    if given is None and basis.mean is not None:
        if basis.mean <= 0:
            raise InputError(
                "the mean between events must be above zero",
                where="mean",
                remedy="give a mean above zero",
            )
        given = 1 / (basis.mean + 1)
    values = _between(data, "g") if data is not None else np.empty(0)
    if given is None:
        if values.size == 0:
            raise _no_data("g", "mean or pbar")
        used = values[basis.used(values.size)]
        given, mean, how = _event_probability(used, method)
    else:
        mean, how = 1 / given - 1, "given chance of an event"
    tail = float(special.ndtr(-basis.n_sigma))
    if method == "probability":
        center, lcl, ucl = (_geometric_quantile(given, q) for q in (0.5, tail, 1 - tail))
        how = f"percentiles of the geometric distribution, interpolated; {how}"
        where = f"percentiles of {basis.n_sigma:g} sigma ({tail:.5f} on either side)"
    else:
        spread = math.sqrt(mean * (mean + 1))
        center, lcl = mean, max(mean - basis.n_sigma * spread, 0.0)
        ucl = mean + basis.n_sigma * spread
        how = f"mean and standard deviation of the geometric distribution; {how}"
        where = f"at {basis.n_sigma:g} sigma, kept at or above zero"
    panel = _panel("g", "number between events", values, center, lcl, ucl, basis.n_sigma)
    # Around a mean, more than half of geometric counts lie below: runs would mislead.
    panel.rules = rules if method == "probability" else (limits_only(rules) or ["nelson_1"])
    panel.extra = _runs_of_zeros(values, given, tail)
    warnings = []
    if lcl <= 0 and values.size:
        warnings.append(
            "the lower limit is zero, so no single interval can show that the events come more "
            "often; look at runs below the center line"
        )
    return Chart(
        panels=[panel],
        figures={
            "center": center,
            "lcl": lcl,
            "ucl": ucl,
            "mean_between": mean,
            "event_probability": given,
        },
        method=f"g chart, {how}; limits {where}",
        warnings=warnings,
    )


def t_chart(data: list[float] | None, basis: Basis, rules: list[str], method: str) -> Chart:
    """Times between events, with limits of a fitted law or on Nelson's scale."""
    values = _between(data, "t") if data is not None else np.empty(0)
    if values.size == 0 and (basis.mean is None or method != "exponential"):
        raise _no_data("t", "mean with exponential limits")
    figures: dict[str, Any] = {}
    tail = float(special.ndtr(-basis.n_sigma))
    warnings = []
    if method == "nelson":
        center, lcl, ucl, figures = _nelson(values, basis)
        how = (
            "individuals limits of the times to the power 1 / 3.6 (Nelson), transformed back, "
            f"limits at {basis.n_sigma:g} sigma"
        )
    else:
        if basis.mean is not None and (method != "exponential" or basis.mean <= 0):
            raise InputError(
                "a given mean time fits exponential limits only, and must be above zero",
                where="mean",
                remedy="choose event_limits exponential, or leave the mean out",
            )
        shape = 1.0
        if method == "weibull":
            shape, scale = _weibull(values[basis.used(values.size)])
            figures["shape"] = shape
            if shape < 0.5:
                warnings.append(
                    f"the Weibull shape {shape:.2g} is far below one: events come in clusters, "
                    "and the limits are very wide"
                )
        elif basis.mean is not None:
            scale = basis.mean
        else:
            scale = float(values[basis.used(values.size)].mean())
        figures["scale"] = scale
        figures["mean_between"] = scale * math.gamma(1 + 1 / shape)
        center, lcl, ucl = (scale * (-math.log1p(-q)) ** (1 / shape) for q in (0.5, tail, 1 - tail))
        how = (
            f"percentiles of the {_LAW[method]} distribution"
            f"{' (maximum likelihood)' if basis.mean is None else ' with the given mean'}, "
            f"limits {tail:.5f} on either side"
        )
    panel = _panel("t", "time between events", values, center, lcl, ucl, basis.n_sigma)
    panel.rules = rules
    return Chart(
        panels=[panel],
        figures={"center": center, "lcl": lcl, "ucl": ucl, **figures},
        method=f"t chart, {how}",
        warnings=warnings,
    )


def _between(data: list[float], kind: str) -> FloatArray:
    try:
        values = as_counts(data, "data") if kind == "g" else np.asarray(data, dtype=np.float64)
    except InputError as error:
        raise InputError(error.what, where="data", remedy="use a t chart for times") from None
    if not np.isfinite(values).all() or np.any(values < 0):
        place = int(np.flatnonzero(~(np.isfinite(values) & (values >= 0)))[0])
        raise InputError(
            f"value {place + 1} is not a time between events",
            where="data",
            remedy="give times of zero or more",
        )
    if values.size < 2:
        raise InputError(
            "a chart of rare events needs at least two intervals",
            where="data",
            remedy="give what lies between every two events",
        )
    if not values.any():
        raise InputError(
            "every interval is zero, so there are no limits",
            where="data",
            remedy="count in smaller units, or chart counts per period (c or u chart)",
        )
    return values


def _no_data(kind: str, instead: str) -> InputError:
    return InputError(
        f"a {kind} chart needs the intervals between the events",
        where="data",
        remedy=f"give data, or {instead} for limits only",
    )


def _event_probability(used: FloatArray, method: str) -> tuple[float, float, str]:
    """Chance of an event at each unit, the mean between events, and how they were found."""
    mean = float(used.mean())
    if mean == 0:
        raise InputError(
            "every interval that may be used is zero, so there are no limits",
            where="data",
            remedy="exclude fewer points",
        )
    if method == "sigma":
        return 1 / (mean + 1), mean, "chance of an event 1 / (mean + 1)"
    if used.size < 2:
        raise InputError(
            "one interval says nothing about the variation",
            where="data",
            remedy="use more points, or give pbar",
        )
    share = (used.size - 1) / used.size
    return share / (mean + 1), mean, "chance of an event ((N - 1) / N) / (mean + 1)"


def _geometric_quantile(probability: float, level: float) -> float:
    """Count before an event, interpolated between the whole numbers around ``level``."""
    tries = math.floor(math.log1p(-level) / math.log1p(-probability))
    below = -math.expm1(tries * math.log1p(-probability))
    step = probability * (1 - probability) ** tries
    return max(tries + (level - below) / step - 1, 0.0)


def _runs_of_zeros(values: FloatArray, probability: float, tail: float) -> Findings | None:
    """Benneyan's test: so many zeros in a row that chance gives them less often than a limit."""
    needed = max(math.ceil(math.log(tail) / math.log(probability)), 1)
    edges = np.diff(np.concatenate(([0], (values == 0).astype(np.int64), [0])))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    long = np.flatnonzero(ends - starts >= needed)
    if long.size == 0:
        return None
    violations = []
    for i in long[:_MOST_RUNS]:
        points = list(range(int(starts[i]) + 1, int(ends[i]) + 1))
        violations.append(
            Violation(
                rule="benneyan",
                name=f"{needed} zeros in a row",
                points=points,
                signal_points=points[needed - 1 :],
                reason=f"{needed} zeros in a row: {name_points(points)}, events without a gap",
                panel="g",
            )
        )
    return Findings(violations=violations, counts={"benneyan": int(long.size)})


def _weibull(used: FloatArray) -> tuple[float, float]:
    # fitted_models needs scipy.stats, which the other charts start without
    from havoc.tools.spc.fitted_models import fit_weibull

    if used.min() <= 0:
        raise InputError(
            "a time of zero has no place on a Weibull distribution",
            where="data",
            remedy="use event_limits nelson or exponential, or a finer unit of time",
        )
    if used.size < 3 or np.ptp(used) == 0:
        raise InputError(
            "a Weibull distribution needs at least three times that are not all equal",
            where="data",
            remedy="use event_limits exponential, or give more times",
        )
    parameters = fit_weibull(used).parameters
    return parameters["shape"], parameters["scale"]


def _nelson(values: FloatArray, basis: Basis) -> tuple[float, float, float, dict[str, Any]]:
    transformed = values**POWER
    used = basis.used(values.size)
    steps = np.abs(np.diff(transformed))[used[1:] & used[:-1]]
    if steps.size == 0 or steps.max() == 0:
        raise InputError(
            "the times do not vary, so there are no limits",
            where="data",
            remedy="check the resolution of the times, or give more of them",
        )
    mr_bar = float(steps.mean())
    mean = float(transformed[used].mean())
    half = basis.n_sigma * mr_bar / MOVING_RANGE_D2
    lower, upper = mean - half, mean + half
    figures = {
        "transformed_center": mean,
        "transformed_lcl": lower,
        "transformed_ucl": upper,
        "mr_bar": mr_bar,
    }
    return mean**3.6, max(lower, 0.0) ** 3.6, upper**3.6, figures


def _panel(
    name: str,
    axis: str,
    values: FloatArray,
    center: float,
    lcl: float,
    ucl: float,
    n_sigma: float,
) -> ChartPanel:
    count = max(values.size, 1)
    return ChartPanel(
        name=name,
        axis=axis,
        values=values,
        positions=np.arange(1, values.size + 1),
        center=np.full(count, center),
        lcl=np.full(count, lcl),
        ucl=np.full(count, ucl),
        sigma=np.full(count, (ucl - center) / n_sigma),
    )


def verify_rare_events(result: ControlChart, data: list[float]) -> list[Recomputed]:
    """The limits put back into the distribution, and the estimates by another sum."""
    tail = 0.5 * math.erfc(result.n_sigma / math.sqrt(2))
    assert isinstance(result.ucl, float) and isinstance(result.center, float)
    if result.transformed_ucl is not None:
        roots = [value ** (1 / 3.6) for value in data]
        steps = math.fsum(abs(b - a) for a, b in itertools.pairwise(roots)) / (len(roots) - 1)
        upper = math.fsum(roots) / len(roots) + result.n_sigma * steps / 1.128
        route = "individuals limits of the transformed times, exact summation"
        return [Recomputed(name="ucl", value=result.ucl, recomputed=upper**3.6, route=route)]
    if result.scale is not None:
        shape = result.shape or 1.0
        beyond = math.exp(-((result.ucl / result.scale) ** shape))
        moment = (math.fsum(value**shape for value in data) / len(data)) ** (1 / shape)
        return [
            Recomputed(
                name="chance beyond ucl",
                value=tail,
                recomputed=beyond,
                route="survival function of the fitted distribution",
                rtol=1e-6,
            ),
            Recomputed(
                name="scale",
                value=result.scale,
                recomputed=moment,
                route="likelihood equation of the scale",
                rtol=1e-6,
            ),
        ]
    mean = math.fsum(data) / len(data)
    checks = [
        Recomputed(
            name="mean_between",
            value=result.mean_between or 0.0,
            recomputed=mean,
            route="exact summation",
        )
    ]
    if "percentiles" in result.method:
        chance = (len(data) - 1) / (math.fsum(data) + len(data))
        whole = math.floor(result.ucl + 1)
        low, high = (1 - (1 - chance) ** tries for tries in (whole, whole + 1))
        level = low + (result.ucl + 1 - whole) * (high - low)
        checks.append(
            Recomputed(
                name="chance up to ucl",
                value=1 - tail,
                recomputed=level,
                route="distribution function of the geometric distribution",
            )
        )
    else:
        variance = mean + mean * mean
        checks.append(
            Recomputed(
                name="ucl",
                value=result.ucl,
                recomputed=mean + result.n_sigma * math.sqrt(variance),
                route="variance of the geometric distribution",
            )
        )
    return checks
