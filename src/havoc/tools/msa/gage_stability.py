"""Stability of a measurement system: one master measured again and again over time.

Sources: AIAG, Measurement Systems Analysis, 4th edition, III-B (study of stability; study of
bias by the control chart method, with d2* and its degrees of freedom: P. B. Patnaik (1950),
Biometrika 37, 78); NIST/SEMATECH e-Handbook 2.2.2 (drift of a check standard).
"""

from __future__ import annotations

import math
from typing import Annotated, Any, cast

import numpy as np
from msgspec import Meta
from scipy import optimize, special

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.msa.stability_result import GageStability, line_chart, narrate
from havoc.tools.parameters import Alpha, FloatArray, Name, Unit, as_sample
from havoc.tools.result import Check, Recomputed
from havoc.tools.spc import subgroups as grouping
from havoc.tools.spc.chart_result import CHART_NAMES, ControlChart
from havoc.tools.spc.constants import range_moments
from havoc.tools.spc.control_chart import control_chart
from havoc.tools.spc.rules import Rules
from havoc.tools.spc.subgroups import Subgroups

_Positive = Annotated[float, Meta(gt=0)] | None


@tool(
    "gage_stability",
    title="Gage stability",
    source="AIAG Measurement Systems Analysis, 4th edition, III-B; NIST/SEMATECH e-Handbook 2.2.2",
)
def gage_stability(
    data: Annotated[
        list[float] | None, Meta(description="readings of the master in the order of time")
    ] = None,
    subgroup_size: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="how many consecutive readings belong to one occasion"),
    ] = None,
    subgroups: Annotated[
        list[list[float]] | None, Meta(description="instead of data: readings of each occasion")
    ] = None,
    times: Annotated[
        list[float] | None,
        Meta(description="time of each occasion (days, hours); 1, 2, 3 ... if not given"),
    ] = None,
    reference: Annotated[
        float | None, Meta(description="certified value of the master, for the bias")
    ] = None,
    tolerance: Annotated[
        _Positive, Meta(description="width of the tolerance, for the percentages")
    ] = None,
    rules: Rules = "western_electric",
    alpha: Alpha = 0.05,
    name: Name = "the gage",
    unit: Unit = "",
) -> GageStability:
    """Does the measurement system stay the same over time?

    Use it with one master (or check standard) measured on many occasions, three to five
    readings each. The control chart shows whether the system is stable, the line through
    the means of the occasions whether it drifts, and the reference value, if given, whether
    it is biased. Assumes a master that does not change itself, readings in the order of
    time and independent normal errors.
    """
    groups = _groups(data, subgroup_size, subgroups)
    x = _times(times, groups.sizes.size)
    drawn = cast(
        ControlChart,
        control_chart(
            subgroups=None if groups.size == 1 else _rows(groups),
            data=groups.values.tolist() if groups.size == 1 else None,
            rules=rules,
            name=name,
            unit=unit,
        ),
    )
    spread = {"xbar_r": "r", "xbar_s": "s", "i_mr": "mr"}[drawn.kind]
    sigma, df, how = _repeatability(groups)
    line = _drift(x, groups, alpha)
    origin = float(groups.values[0])
    result = GageStability(
        method=f"{CHART_NAMES[drawn.kind]} chart; drift: weighted least squares of the means of "
        f"the occasions on time, t test; repeatability {how}",
        unit=unit,
        name=name,
        chart=CHART_NAMES[drawn.kind],
        points=groups.sizes.size,
        n=groups.values.size,
        mean=origin + float((groups.values - origin).mean()),
        center=drawn.center,
        lcl=drawn.lcl,
        ucl=drawn.ucl,
        spread_center=getattr(drawn, f"{spread}_center"),
        spread_ucl=getattr(drawn, f"{spread}_ucl"),
        stable=bool(drawn.in_control),
        signals=drawn.violations_count or 0,
        violations=drawn.violations or [],
        sigma_repeatability=sigma,
        subgroup_size=groups.size,
        alpha=alpha,
        level=1 - alpha,
        **line,
    )
    if reference is not None:
        _bias(result, groups, reference, df)
    if tolerance is not None:
        result.tolerance = tolerance
        result.pct_tolerance_drift = 100 * abs(result.drift_total) / tolerance
        if result.bias is not None:
            result.pct_tolerance_bias = 100 * abs(result.bias) / tolerance
    _assess(result, drawn, groups)
    result.charts = [*drawn.charts, line_chart(result, x, groups)]
    return result


def _groups(
    data: list[float] | None, size: int | None, rows: list[list[float]] | None
) -> Subgroups:
    if (data is None) == (rows is None):
        raise InputError(
            "no readings given" if data is None else "data and subgroups are both given",
            where="data, subgroups",
            remedy="give data, or subgroups",
        )
    if rows is not None:
        groups = grouping.from_rows(rows)
    else:
        groups = grouping.from_values(data or [], size or 1)
    if groups.sizes.size < 4:
        raise InputError(
            f"{groups.sizes.size} occasions, at least 4 are needed to judge stability",
            where="data",
            remedy="measure the master on more occasions; 20 are usual",
        )
    as_sample(groups.values.tolist(), "data", minimum=4, varying=True)
    return groups


def _rows(groups: Subgroups) -> list[list[float]]:
    edges = np.cumsum(groups.sizes)[:-1]
    return [part.tolist() for part in np.split(groups.values, edges)]


def _times(times: list[float] | None, count: int) -> FloatArray:
    if times is None:
        return np.arange(1, count + 1, dtype=np.float64)
    x = as_sample(times, "times")
    if x.size != count:
        raise InputError(
            f"{count} occasions but {x.size} times",
            where="times",
            remedy="give the time of every occasion",
        )
    if np.any(np.diff(x) < 0):
        raise InputError(
            "the times are not in ascending order",
            where="times",
            remedy="sort the occasions by time",
        )
    if np.ptp(x) == 0:
        raise InputError("all times are equal", where="times", remedy="check the column")
    return x


def _repeatability(groups: Subgroups) -> tuple[float, float, str]:
    """Standard deviation within occasions, its degrees of freedom and where it is from."""
    count, size = groups.sizes.size, groups.size
    if size == 1:
        shifted = groups.values - groups.values[0]
        return float(shifted.std(ddof=1)), float(count - 1), "from the standard deviation (n - 1)"
    if size is not None and size <= grouping.LARGEST_FOR_RANGE:
        star, df = d2_star(size, count)
        return float(groups.ranges.mean()) / star, df, "from the mean range / d2* (AIAG)"
    used = groups.sizes > 1
    degrees = float(np.sum(groups.sizes[used] - 1))
    if degrees < 1:
        raise InputError("no occasion has two readings", where="subgroups", remedy="add readings")
    variance = float(np.sum((groups.sizes[used] - 1) * groups.sds[used] ** 2)) / degrees
    return math.sqrt(variance), degrees, "from the pooled standard deviation"


def d2_star(size: int, count: int) -> tuple[float, float]:
    """d2* and its degrees of freedom: a chi distribution with the moments of the mean range."""
    mean, sd = range_moments(size)
    star = math.sqrt(mean**2 + sd**2 / count)
    ratio = mean / star

    def gap(df: float) -> float:
        return float(special.poch(df / 2, 0.5) / math.sqrt(df / 2)) - ratio

    return star, float(optimize.brentq(gap, 0.2, 1e7, xtol=1e-9))


def _drift(x: FloatArray, groups: Subgroups, alpha: float) -> dict[str, Any]:
    """Line through the means, weighted with the number of readings."""
    weight = groups.sizes / groups.sizes.sum()
    y = groups.means - groups.means[0]
    dx, dy = x - float(weight @ x), y - float(weight @ y)
    sxx = float(weight @ (dx * dx))
    slope = float(weight @ (dx * dy)) / sxx
    residual = dy - slope * dx
    df = x.size - 2
    variance = float(weight @ (residual * residual)) / df / sxx
    scale = float(np.max(np.abs(groups.values)))
    if variance <= (1e-14 * scale) ** 2 / max(sxx, 1e-300):
        raise InputError(
            "the means of the occasions lie on a line exactly, so the drift cannot be tested",
            where="data",
            remedy="read the gage with more digits",
        )
    error = math.sqrt(variance)
    t = slope / error
    p_value = 2 * float(special.stdtr(df, -abs(t)))
    margin = float(special.stdtrit(df, 1 - alpha / 2)) * error
    return {
        "drift": slope,
        "drift_se": error,
        "drift_t": t,
        "drift_df": float(df),
        "drift_p": p_value,
        "drift_ci_low": slope - margin,
        "drift_ci_high": slope + margin,
        "drift_total": slope * float(np.ptp(x)),
        "drifts": p_value < alpha,
        "p_value": p_value,
        "significant": p_value < alpha,
    }


def _bias(result: GageStability, groups: Subgroups, reference: float, df: float) -> None:
    if not math.isfinite(reference):
        raise InputError(
            "the reference must be a finite number", where="reference", remedy="give a number"
        )
    if result.sigma_repeatability <= 0:
        raise InputError(
            "the readings of every occasion are equal, so the bias cannot be tested",
            where="data",
            remedy="read the gage with more digits",
        )
    result.reference, result.bias = reference, result.mean - reference
    result.bias_se = result.sigma_repeatability / math.sqrt(result.n)
    result.bias_t, result.bias_df = result.bias / result.bias_se, df
    result.bias_p = 2 * float(special.stdtr(df, -abs(result.bias_t)))
    result.bias_significant = result.bias_p < result.alpha
    margin = float(special.stdtrit(df, 1 - result.alpha / 2)) * result.bias_se
    if groups.size not in (1, None) and "d2*" in result.method:
        margin *= range_moments(groups.size or 2)[0] / d2_star(groups.size or 2, result.points)[0]
        result.method += "; interval of the bias with d2 / d2* (AIAG)"
    result.bias_ci_low, result.bias_ci_high = result.bias - margin, result.bias + margin
    if groups.size != 1:
        means = groups.means - reference
        center, count = float(means.mean()), means.size
        reach = float(special.stdtrit(count - 1, 1 - result.alpha / 2))
        reach *= float(means.std(ddof=1)) / math.sqrt(count)
        result.bias_ci_low_means, result.bias_ci_high_means = center - reach, center + reach


def _assess(result: GageStability, drawn: ControlChart, groups: Subgroups) -> None:
    detail = f"{result.chart} chart: no signal"
    if result.violations:
        first = result.violations[0]
        detail = f"{result.chart} chart: {result.signals} signals, first {first.reason}"
    result.assumptions = [
        Check(
            name="stable measurement",
            status="ok" if result.stable else "violated",
            detail=detail,
        ),
        *drawn.assumptions,
    ]
    if groups.size == 1:
        result.warnings.append(
            "one reading an occasion: repeatability cannot be told from changes over time"
        )
    elif result.sigma_repeatability > 0:
        size = float(np.mean(groups.sizes))
        ratio = float(groups.means.var(ddof=1)) * size / result.sigma_repeatability**2
        k = groups.sizes.size
        if ratio > float(special.fdtri(k - 1, max(result.n - k, 1), 0.95)):
            result.warnings.append(
                f"the means of the occasions vary {ratio:.2g} times as much (variance) as "
                "repeatability explains; the interval of the bias from the means is the safer one"
            )
    if result.points < 20:
        result.warnings.append(f"{result.points} occasions; 20 or more are usual (AIAG)")


gage_stability.narrates(narrate)


@gage_stability.verifies
def _verify(
    result: GageStability,
    data: list[float] | None,
    subgroups: list[list[float]] | None,
    **_: object,
) -> list[Recomputed]:
    """Mean and mean range by exact summation."""
    values = data or [value for row in subgroups or [] for value in row]
    checks = [
        Recomputed(
            name="mean",
            value=result.mean,
            recomputed=math.fsum(values) / len(values),
            route="exact summation",
        )
    ]
    if result.subgroup_size and result.subgroup_size > 1 and "d2*" in result.method:
        size = result.subgroup_size
        total = math.fsum(
            max(values[i : i + size]) - min(values[i : i + size])
            for i in range(0, len(values), size)
        )
        checks.append(
            Recomputed(
                name="mean range",
                value=result.sigma_repeatability * d2_star(size, result.points)[0],
                recomputed=total / result.points,
                route="ranges of the occasions, exact summation",
            )
        )
    return checks
