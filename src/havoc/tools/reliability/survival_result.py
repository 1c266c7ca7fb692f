"""What a survival curve returns, how it reads and how it is drawn."""

from __future__ import annotations

import msgspec
import numpy as np

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.charts.spec import decimate
from havoc.tools.parameters import FloatArray
from havoc.tools.reliability.product_limit import Curve
from havoc.tools.result import Narrative, Outcome

_SHOWN = 6


class SurvivalStep(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Survival just after ``time``. ``at_risk`` counts the units just before it."""

    time: float
    at_risk: int
    events: int
    censored: int
    survival: float
    group: str | None = None
    se: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None


class SurvivalAt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Survival at a time that was asked for."""

    time: float
    survival: float
    failed: float
    group: str | None = None
    ci_low: float | None = None
    ci_high: float | None = None


class SurvivalCurve(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One group. ``median`` is missing where less than half have failed."""

    name: str
    n: int
    events: int
    censored: int
    last_time: float
    last_survival: float
    median: float | None = None
    median_low: float | None = None
    median_high: float | None = None
    expected_events: float | None = None


class KaplanMeier(Outcome):
    """``curves`` holds one row a group; for a single group its figures stand on top as well.

    ``steps`` is the survival table, ``at_times`` the survival at the times asked for, both
    with the name of the group where there are several. ``survival`` (with
    ``ci_low`` and ``ci_high``) belongs to the times ``at``: a number for one time, lists
    for several. ``chi2``, ``df`` and ``p_value`` are the log-rank test,
    ``wilcoxon_chi2`` and ``wilcoxon_p_value`` that of Gehan and Breslow, which gives early
    failures more weight.
    """

    name: str
    level: float
    interval: str
    n: int
    events: int
    censored: int
    curves: list[SurvivalCurve]
    steps: list[SurvivalStep]
    at_times: list[SurvivalAt] | None = None
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
    wilcoxon_chi2: float | None = None
    wilcoxon_p_value: float | None = None


def chart(
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


def narrate(result: KaplanMeier) -> Narrative:
    details: list[str] = []
    conclusion = _compared(result) if len(result.curves) > 1 else _one_curve(result)
    for i, curve in enumerate(result.curves[:_SHOWN]):
        who = f"Of {{{{curves.{i}.n}}}} units" + (
            f" in {{{{curves.{i}.name}}}}" if len(result.curves) > 1 else ""
        )
        text = (
            f"{who} {{{{curves.{i}.events}}}} failed; still working or taken off: "
            f"{{{{curves.{i}.censored}}}}."
        )
        if len(result.curves) > 1 and curve.median is not None:
            text = f"{text[:-1]}; the median life is {{{{curves.{i}.median:unit}}}}."
        details.append(text)
    for j, row in enumerate((result.at_times or [])[:_SHOWN]):
        path = f"at_times.{j}"
        limits = (
            f" ({{{{level:%}}}} limits {{{{{path}.ci_low:%}}}} and {{{{{path}.ci_high:%}}}})"
            if row.ci_low is not None
            else ""
        )
        group = f" of {{{{{path}.group}}}}" if row.group is not None else ""
        details.append(
            f"At {{{{{path}.time:unit}}}} the survival{group} is {{{{{path}.survival:%}}}}{limits}."
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
    if result.significant and len(result.curves) == 2:
        # The group with fewer failures than the log-rank test expects of it lives longer.
        gains = [(curve.expected_events or 0.0) - curve.events for curve in result.curves]
        longer = 0 if gains[0] > gains[1] else 1
        return (
            f"The units of {{{{curves.{longer}.name}}}} live longer than those of "
            f"{{{{curves.{1 - longer}.name}}}} {test}."
        )
    if result.significant:
        return f"The survival of the groups differs {test}."
    return f"There is no evidence that the survival of the groups differs {test}."


def _one_curve(result: KaplanMeier) -> str:
    if result.at_times:
        text = "{{at_times.0.survival:%}} survive {{at_times.0.time:unit}}"
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
    return (
        "More than half survive: after {{curves.0.last_time:unit}} the survival of {{name}} is "
        "still {{curves.0.last_survival:%}}, so there is no median yet."
    )
