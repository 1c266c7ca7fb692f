"""Survival curves without a distribution, and the log-rank comparison of groups.

Sources: E. L. Kaplan and P. Meier, JASA 53 (1958) 457-481; M. Greenwood (1926);
J. D. Kalbfleisch and R. L. Prentice (2002), 1.4.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.charts.spec import decimate
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, Confidence, FloatArray, Name, Unit
from havoc.tools.reliability.life_data import Censored, Counts, Events, Lives, Times, read_lives
from havoc.tools.reliability.product_limit import (
    Curve,
    estimate,
    log_rank,
    median,
    median_limits,
)
from havoc.tools.reliability.product_limit import (
    at as survival_at,
)
from havoc.tools.result import Check, Narrative, Outcome, Recomputed

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


class SurvivalStep(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Survival just after ``time``. ``at_risk`` counts the units just before it."""

    time: float
    at_risk: int
    events: int
    censored: int
    survival: float
    se: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None


class SurvivalAt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    time: float
    survival: float
    failed: float
    ci_low: float | None = None
    ci_high: float | None = None


class SurvivalCurve(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One group. ``median`` is missing where less than half have failed."""

    name: str
    n: int
    events: int
    censored: int
    last_time: float
    steps: list[SurvivalStep]
    at_times: list[SurvivalAt] = []
    median: float | None = None
    median_low: float | None = None
    median_high: float | None = None
    expected_events: float | None = None


class KaplanMeier(Outcome):
    """``curves`` holds one curve a group; for a single group its figures stand on top as well.

    ``survival`` (with ``ci_low`` and ``ci_high``) belongs to the times ``at``: a number for
    one time, lists for several. ``chi2``, ``df`` and ``p_value`` are the log-rank test.
    """

    name: str
    level: float
    interval: str
    n: int
    events: int
    censored: int
    curves: list[SurvivalCurve]
    groups: list[str] | None = None
    median: float | None = None
    median_low: float | None = None
    median_high: float | None = None
    at: float | list[float] | None = None
    survival: float | list[float] | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    chi2: float | None = None
    df: int | None = None
    p_value: float | None = None
    significant: bool | None = None
    alpha: float | None = None


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
        _describe(label, samples[label], curve, asked, None if test is None else test.expected[i])
        for i, (label, curve) in enumerate(curves.items())
    ]
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
        assumptions=[
            Check(
                name="censoring unrelated to failure",
                status="unknown",
                detail="the data cannot tell; units taken off because they were failing bias it",
            )
        ],
        charts=[_chart(described, curves, name, unit)],
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
        row = curve.at_times[0]
        result.at, result.survival = row.time, row.survival
        result.ci_low, result.ci_high = row.ci_low, row.ci_high
    elif at:
        result.at = list(at)
        result.survival = [row.survival for row in curve.at_times]


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


def _describe(
    label: str, lives: Lives, curve: Curve, asked: list[float], expected: float | None
) -> SurvivalCurve:
    low, high = median_limits(curve)
    chosen = decimate(curve.time.size, _TABLE_ROWS)
    rows = [survival_at(curve, value) for value in asked]
    return SurvivalCurve(
        name=label,
        n=lives.n,
        events=lives.failures,
        censored=lives.n - lives.failures,
        last_time=float(curve.time[-1]),
        steps=[_step(curve, i) for i in chosen],
        at_times=[
            SurvivalAt(
                time=value, survival=row[0], failed=1 - row[0], ci_low=row[1], ci_high=row[2]
            )
            for value, row in zip(asked, rows, strict=True)
        ],
        median=median(curve),
        median_low=low,
        median_high=high,
        expected_events=expected,
    )


def _step(curve: Curve, i: int) -> SurvivalStep:
    return SurvivalStep(
        time=float(curve.time[i]),
        at_risk=int(curve.at_risk[i]),
        events=int(curve.events[i]),
        censored=int(curve.censored[i]),
        survival=float(curve.survival[i]),
        se=_finite(curve.error[i]),
        ci_low=_finite(curve.low[i]),
        ci_high=_finite(curve.high[i]),
    )


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _chart(
    described: list[SurvivalCurve], curves: dict[str, Curve], name: str, unit: str
) -> ChartSpec:
    series = []
    for item, curve in zip(described, curves.values(), strict=True):
        chosen = decimate(curve.time.size, 1000)
        alone = len(described) == 1
        series.append(
            Series(
                name=item.name,
                kind="step",
                x=[0.0, *(float(curve.time[i]) for i in chosen)],
                y=[1.0, *(float(curve.survival[i]) for i in chosen)],
                low=[1.0, *_drawn(curve.low, curve, chosen)] if alone else [],
                high=[1.0, *_drawn(curve.high, curve, chosen)] if alone else [],
            )
        )
        marks = [i for i in chosen if curve.censored[i] > 0]
        if marks:
            series.append(
                Series(
                    name=f"{item.name}: still working",
                    kind="points",
                    x=[float(curve.time[i]) for i in marks],
                    y=[float(curve.survival[i]) for i in marks],
                )
            )
    return ChartSpec(
        kind="survival_curve",
        title=f"{name}: share surviving by age",
        panels=[
            Panel(
                x_label=f"time [{unit}]" if unit else "time",
                y_label="share surviving",
                series=series,
                limits=[Limit(label="one half", role="reference", value=0.5)],
            )
        ],
    )


def _drawn(limit: FloatArray, curve: Curve, chosen: list[int]) -> list[float]:
    """A limit as drawn: the curve itself where the limit does not exist."""
    return [float(limit[i] if np.isfinite(limit[i]) else curve.survival[i]) for i in chosen]


@kaplan_meier.narrates
def _narrate(result: KaplanMeier) -> Narrative:
    details: list[str] = []
    conclusion = _compared(result) if len(result.curves) > 1 else _one_curve(result)
    for i, curve in enumerate(result.curves[:_SHOWN]):
        who = f"Of {{{{curves.{i}.n}}}} units" + (
            f" in {{{{curves.{i}.name}}}}" if len(result.curves) > 1 else ""
        )
        text = (
            f"{who} {{{{curves.{i}.events}}}} failed and {{{{curves.{i}.censored}}}} were still "
            "working."
        )
        if len(result.curves) > 1 and curve.median is not None:
            text = f"{text[:-1]}; the median life is {{{{curves.{i}.median:unit}}}}."
        details.append(text)
        for j, row in enumerate(curve.at_times[:_SHOWN]):
            path = f"curves.{i}.at_times.{j}"
            limits = (
                f" ({{{{level:%}}}} limits {{{{{path}.ci_low:%}}}} and {{{{{path}.ci_high:%}}}})"
                if row.ci_low is not None
                else ""
            )
            details.append(
                f"At {{{{{path}.time:unit}}}} the survival is {{{{{path}.survival:%}}}}{limits}."
            )
    figures = [("units", "{{n}}"), ("failures", "{{events}}")]
    if result.median is not None:
        figures.append(("median life", "{{median:unit}}"))
    if result.p_value is not None:
        figures.append(("p-value of the log-rank test", "{{p_value}}"))
    return Narrative(conclusion=conclusion, details=details, key_figures=figures)


def _compared(result: KaplanMeier) -> str:
    if result.p_value is None:
        return "The survival of the groups cannot be compared, because nothing failed."
    test = "(log-rank chi-square = {{chi2}}, df = {{df}}, p {{p_value:p}})"
    if result.significant:
        return f"The survival of the groups differs {test}."
    return f"There is no evidence that the survival of the groups differs {test}."


def _one_curve(result: KaplanMeier) -> str:
    curve = result.curves[0]
    if curve.at_times:
        text = "{{curves.0.at_times.0.survival:%}} survive {{curves.0.at_times.0.time:unit}}"
        if result.median is not None:
            text += "; the median life is {{median:unit}}"
        return f"{text}."
    if result.median is not None:
        low, high = result.median_low, result.median_high
        if low is not None and high is not None:
            limits = " ({{level:%}} limits {{median_low}} and {{median_high:unit}})"
        elif low is not None:
            limits = " (at least {{median_low:unit}} with {{level:%}} limits)"
        else:
            limits = ""
        return f"The median life of {{{{name}}}} is {{{{median:unit}}}}{limits}."
    last = f"curves.0.steps.{len(curve.steps) - 1}"
    return (
        f"More than half survive: after {{{{{last}.time:unit}}}} the survival of {{{{name}}}} is "
        f"still {{{{{last}.survival:%}}}}, so there is no median yet."
    )


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
    last = result.curves[0].steps[-1]
    share, remaining = 1.0, float(lives.n)
    units = zip(lives.time, lives.failed, lives.weight, strict=True)
    for moment, failed, weight in units:
        if moment > last.time:
            break
        if failed:
            share -= share * weight / remaining
        remaining -= weight
    return [
        Recomputed(
            name="survival after the last time",
            value=last.survival,
            recomputed=share,
            route="weight handed on to the right, unit by unit",
        )
    ]
