"""Survival curves without a distribution, and the log-rank comparison of groups.

Sources: E. L. Kaplan and P. Meier, JASA 53 (1958) 457-481; M. Greenwood (1926);
J. D. Kalbfleisch and R. L. Prentice (2002), 1.4.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta

from havoc.charts.spec import decimate
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, Confidence, Name, Unit
from havoc.tools.reliability.life_data import Censored, Counts, Events, Lives, Times, read_lives
from havoc.tools.reliability.product_limit import (
    Curve,
    estimate,
    log_rank,
    median,
    median_limits,
    wilcoxon,
)
from havoc.tools.reliability.product_limit import (
    at as survival_at,
)
from havoc.tools.reliability.survival_result import (
    KaplanMeier,
    SurvivalAt,
    SurvivalCurve,
    SurvivalStep,
    chart,
    narrate,
)
from havoc.tools.result import Check, Recomputed

_TABLE_ROWS = 200
_SHOWN = 6
_MOST_GROUPS = 50
_RECOMPUTE = 5_000

TimeAsked = Annotated[float, Meta(ge=0)]


class GroupLives(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The lifetimes of one group."""

    time: list[float]
    event: list[int] | None = None
    censored: list[int] | None = None
    counts: list[int] | None = None


@tool(
    "kaplan_meier",
    title="Survival curve (Kaplan-Meier)",
    source="Kaplan and Meier (1958); Greenwood (1926); Kalbfleisch and Prentice (2002), 1.4",
)
def kaplan_meier(
    time: Times | None = None,
    event: Events | None = None,
    censored: Censored | None = None,
    counts: Counts | None = None,
    groups: Annotated[
        dict[str, GroupLives] | None,
        Meta(
            description="instead of time: {name: {time, event or censored}}, for the log-rank test"
        ),
    ] = None,
    at: Annotated[
        list[TimeAsked] | TimeAsked | None, Meta(description="times at which survival is wanted")
    ] = None,
    confidence: Confidence = 0.95,
    interval: Annotated[
        Literal["log_log", "greenwood"],
        Meta(description="pointwise limits: log-log, or plain Greenwood limits"),
    ] = "log_log",
    alpha: Alpha = 0.05,
    name: Name = "the units",
    unit: Unit = "",
) -> KaplanMeier:
    """Which share survives how long, without assuming a distribution; do groups differ?

    Use it for times to failure with units that were still working or were taken off
    (right censored). Several groups are compared by the log-rank test. A unit that is
    censored at the time of a failure counts as at risk there. Assumes that units were
    not taken off because they were about to fail.
    """
    samples = _samples(time, event, censored, counts, groups, name)
    curves = {label: estimate(lives, confidence, interval) for label, lives in samples.items()}
    asked = [] if at is None else [at] if isinstance(at, float) else list(at)
    test = log_rank(list(samples.values())) if len(samples) > 1 else None
    described = [
        _describe(label, samples[label], curve, None if test is None else test.expected[i])
        for i, (label, curve) in enumerate(curves.items())
    ]
    several = len(samples) > 1
    limits = "log-log limits" if interval == "log_log" else "plain Greenwood limits"
    result = KaplanMeier(
        method=f"product-limit estimate, {limits}, variance of Greenwood"
        + (", log-rank test" if len(samples) > 1 else ""),
        unit=unit,
        name=name,
        level=confidence,
        interval=interval,
        n=sum(lives.n for lives in samples.values()),
        events=sum(lives.failures for lives in samples.values()),
        censored=sum(lives.n - lives.failures for lives in samples.values()),
        curves=described,
        steps=[step for label, curve in curves.items() for step in _steps(curve, label, several)],
        at_times=[
            row for label, curve in curves.items() for row in _at(curve, asked, label, several)
        ]
        or None,
        assumptions=[
            Check(
                name="censoring unrelated to failure",
                status="unknown",
                detail="the data cannot tell; units taken off because they were failing bias it",
            )
        ],
        charts=[chart(described, curves, name, unit)],
    )
    if len(samples) == 1:
        _single(result, described[0], at)
    else:
        result.groups = list(samples)
        result.alpha = alpha
        if test is None:
            result.warnings.append("the groups cannot be compared: no failures with both at risk")
        else:
            result.chi2, result.df, result.p_value = test.chi2, test.df, test.p_value
            result.significant = test.p_value < alpha
            early = wilcoxon(list(samples.values()))
            if early is not None:
                result.wilcoxon_chi2, result.wilcoxon_p_value = early.chi2, early.p_value
    if result.events == 0:
        result.warnings.append("no unit failed, so the curve stays at one and has no median")
    if any(curve.time.size > _TABLE_ROWS for curve in curves.values()):
        result.warnings.append(
            f"the table shows an even selection of {_TABLE_ROWS} times; the estimate uses all"
        )
    late = [t for t in asked if any(t > c.last_time and c.censored for c in described)]
    if late:
        result.warnings.append(
            f"{late[0]:g} is after the last unit was seen: survival there is only bounded above"
        )
    return result


def _single(result: KaplanMeier, curve: SurvivalCurve, at: float | list[float] | None) -> None:
    result.median = curve.median
    result.median_low, result.median_high = curve.median_low, curve.median_high
    if isinstance(at, float):
        row = (result.at_times or [])[0]
        result.at, result.survival = row.time, row.survival
        result.ci_low, result.ci_high = row.ci_low, row.ci_high
    elif at:
        result.at = list(at)
        result.survival = [row.survival for row in result.at_times or []]


def _samples(
    time: list[float] | None,
    event: list[int] | None,
    censored: list[int] | None,
    counts: list[int] | None,
    groups: dict[str, GroupLives] | None,
    name: str,
) -> dict[str, Lives]:
    if (time is None) == (groups is None):
        raise InputError(
            "no times given" if time is None else "time and groups are both given",
            where="kaplan_meier",
            remedy="give time, or groups",
        )
    if time is not None:
        return {name: read_lives(time, event, censored, counts, allow_zero=True)}
    assert groups is not None
    if not 1 <= len(groups) <= _MOST_GROUPS:
        raise InputError(
            f"{len(groups)} groups given", where="groups", remedy=f"give one to {_MOST_GROUPS}"
        )
    return {
        label: read_lives(
            group.time,
            group.event,
            group.censored,
            group.counts,
            where=f"groups {label}",
            allow_zero=True,
        )
        for label, group in groups.items()
    }


def _describe(label: str, lives: Lives, curve: Curve, expected: float | None) -> SurvivalCurve:
    low, high = median_limits(curve)
    return SurvivalCurve(
        name=label,
        n=lives.n,
        events=lives.failures,
        censored=lives.n - lives.failures,
        last_time=float(curve.time[-1]),
        last_survival=float(curve.survival[-1]),
        median=median(curve),
        median_low=low,
        median_high=high,
        expected_events=expected,
    )


def _at(curve: Curve, asked: list[float], label: str, several: bool) -> list[SurvivalAt]:
    rows = []
    for time in asked:
        survival, low, high = survival_at(curve, time)
        rows.append(
            SurvivalAt(
                time=time,
                survival=survival,
                failed=1 - survival,
                group=label if several else None,
                ci_low=low,
                ci_high=high,
            )
        )
    return rows


def _steps(curve: Curve, label: str, several: bool) -> list[SurvivalStep]:
    return [
        SurvivalStep(
            time=float(curve.time[i]),
            at_risk=int(curve.at_risk[i]),
            events=int(curve.events[i]),
            censored=int(curve.censored[i]),
            survival=float(curve.survival[i]),
            group=label if several else None,
            se=_finite(curve.error[i]),
            ci_low=_finite(curve.low[i]),
            ci_high=_finite(curve.high[i]),
        )
        for i in decimate(curve.time.size, _TABLE_ROWS)
    ]


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


kaplan_meier.narrates(narrate)


@kaplan_meier.verifies
def _verify(
    result: KaplanMeier,
    time: list[float] | None,
    event: list[int] | None,
    censored: list[int] | None,
    counts: list[int] | None,
    **_: object,
) -> list[Recomputed]:
    """The weight of censored units handed on to the right (Efron), unit by unit."""
    if time is None or len(time) > _RECOMPUTE:
        return []
    lives = read_lives(time, event, censored, counts, allow_zero=True)
    last = result.curves[0]
    share, remaining = 1.0, float(lives.n)
    units = zip(lives.failed, lives.weight, strict=True)
    for failed, weight in units:
        if failed:
            share -= share * weight / remaining
        remaining -= weight
    return [
        Recomputed(
            name="survival after the last time",
            value=last.last_survival,
            recomputed=share,
            route="weight handed on to the right, unit by unit",
        )
    ]
