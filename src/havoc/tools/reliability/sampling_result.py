"""What a sampling plan returns, how it reads and how it is drawn."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.tools.reliability.single_plan import Law, acceptance, outgoing
from havoc.tools.result import Narrative, Outcome

_CURVE_POINTS = 101
_SHOWN = 8


class OperatingPoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``pa`` is the probability of acceptance at the fraction defective ``p``."""

    p: float
    pa: float
    rejected: float
    aoq: float | None = None
    ati: float | None = None


class AcceptanceSampling(Outcome):
    """Take ``n`` units; accept the lot with at most ``c`` defectives, reject at ``r`` or more.

    ``pa`` is the probability of acceptance at ``p`` (both a number for one quality,
    lists for several); ``by_quality`` holds the same as rows. ``aoq`` (average outgoing
    quality), ``aoql`` (its worst value, at the incoming quality ``aoql_at``) and ``ati``
    (average total inspection) assume that rejected lots are screened. ``ac`` and ``re``
    repeat c and r under the names of ISO 2859-1; in reduced inspection r may exceed c by
    more than one, and a lot between them passes (``pa`` counts it), but inspection goes
    back to normal. ``p95`` and ``p10`` are the qualities
    accepted with these percentages; all qualities are fractions.
    """

    goal: str
    n: int
    c: int
    r: int
    law: str
    ac: int
    re: int
    lot_size: int | None = None
    p: float | list[float] | None = None
    pa: float | list[float] | None = None
    by_quality: list[OperatingPoint] | None = None
    aql: float | None = None
    ltpd: float | None = None
    pa_aql: float | None = None
    pa_ltpd: float | None = None
    producer_risk: float | None = None
    consumer_risk: float | None = None
    alpha: float | None = None
    beta: float | None = None
    p95: float | None = None
    p50: float | None = None
    p10: float | None = None
    aoq: float | list[float] | None = None
    ati: float | list[float] | None = None
    aoql: float | None = None
    aoql_at: float | None = None
    code_letter: str | None = None
    plan_letter: str | None = None
    level: str | None = None
    inspection: str | None = None


def top_of_curve(result: AcceptanceSampling) -> float:
    """Quality up to which the OC curve is worth drawing, a round figure."""
    end = 1.5 * result.p10 if result.p10 else 3 * (result.c + 2.3) / result.n
    given = [x for x in (result.ltpd, result.aql) if x is not None and x < 1]
    end = min(max([end, *(1.2 * x for x in given)]), 1.0)
    step = 10.0 ** math.floor(math.log10(end))
    return min(math.ceil(end / step) * step, 1.0)


def chart(result: AcceptanceSampling, law: Law) -> ChartSpec:
    top = top_of_curve(result)
    if result.by_quality:
        top = max(top, max(row.p for row in result.by_quality))
    grid = np.linspace(0.0, top, _CURVE_POINTS)
    pa = acceptance(grid, result.n, result.r - 1, law, result.lot_size)
    series = [Series(name="probability of acceptance", kind="line", x=grid.tolist(), y=pa.tolist())]
    if result.by_quality and len(result.by_quality) <= _CURVE_POINTS:
        series.append(
            Series(
                name="asked for",
                kind="points",
                x=[row.p for row in result.by_quality],
                y=[row.pa for row in result.by_quality],
            )
        )
    limits = [
        Limit(label=label, role="reference", value=value, orientation="vertical")
        for label, value in (("AQL", result.aql), ("LTPD", result.ltpd))
        if value is not None and value <= top
    ]
    panels = [
        Panel(
            x_label="fraction defective",
            y_label="probability of acceptance",
            series=series,
            limits=limits,
        )
    ]
    if result.lot_size is not None and result.aoql is not None:
        quality, inspected = outgoing(grid, result.n, result.r - 1, law, result.lot_size)
        panels.append(
            Panel(
                x_label="fraction defective",
                y_label="average outgoing quality",
                series=[Series(name="AOQ", kind="line", x=grid.tolist(), y=quality.tolist())],
                limits=[Limit(label="AOQL", role="reference", value=result.aoql)],
            )
        )
        panels.append(
            Panel(
                x_label="fraction defective",
                y_label="average total inspection",
                series=[Series(name="ATI", kind="line", x=grid.tolist(), y=inspected.tolist())],
                limits=[Limit(label="lot size", role="reference", value=float(result.lot_size))],
            )
        )
    return ChartSpec(
        kind="oc_curve",
        title=f"A sample of {result.n} that accepts on {result.c}: chance of acceptance by quality",
        panels=panels,
    )


def narrate(result: AcceptanceSampling) -> Narrative:
    most = (
        "without a defective"
        if result.c == 0
        else f"with at most {{{{c}}}} defective{'' if result.c == 1 else 's'}"
    )
    plan = f"inspect {{{{n}}}} units, accept {most} and reject with {{{{r}}}} or more"
    rows = result.by_quality or []
    if result.goal == "oc" and isinstance(result.pa, float):
        conclusion = (
            "A lot with {{p:%}} defective is accepted with probability {{pa:%}} by the plan of "
            f"{{{{n}}}} units that accepts {most}."
        )
    elif result.goal == "oc":
        shown = "; ".join(
            f"{{{{by_quality.{i}.pa:%}}}} at {{{{by_quality.{i}.p:%}}}} defective"
            for i in range(min(len(rows), _SHOWN))
        )
        conclusion = (
            f"The plan of {{{{n}}}} units that accepts {most} accepts a lot with probability "
            f"{shown}."
        )
    elif result.goal == "curve":
        conclusion = f"The plan of {{{{n}}}} units accepts a lot {most}"
        if result.p95 is not None and result.p10 is not None:
            conclusion += (
                ": good lots up to {{p95:%}} defective nearly always pass, lots with {{p10:%}} "
                "or more rarely do"
            )
        if result.aoql is not None:
            conclusion += "; the average outgoing quality is at worst {{aoql:%}} (AOQL)"
        conclusion += "."
    elif result.goal == "standard":
        conclusion = (
            f"For a lot of {{{{lot_size}}}}, AQL {{{{aql:%}}}}, level {{{{level}}}} and "
            f"{{{{inspection}}}} inspection: {plan} (code letter {{{{code_letter}}}})."
        )
    else:
        conclusion = f"{plan[0].upper()}{plan[1:]}."
    details = []
    if result.goal == "zero":
        details.append(
            "The plan accepts a lot with {{ltpd:%}} defective with at most {{beta:%}} probability, "
            "as the plan of the standard for this lot and AQL does."
        )
    if result.pa_aql is not None:
        details.append(
            "At the AQL of {{aql:%}} a lot is accepted with {{pa_aql:%}}, a producer's risk of "
            "{{producer_risk:%}}."
        )
    if result.pa_ltpd is not None:
        details.append("At {{ltpd:%}} defective the consumer's risk is {{consumer_risk:%}}.")
    if result.aoql is not None:
        details.append(
            "With rejected lots sorted completely, the average outgoing quality is never worse "
            "than {{aoql:%}} (AOQL, at {{aoql_at:%}} incoming)."
        )
    if isinstance(result.aoq, float):
        details.append(
            "At {{p:%}} incoming the average outgoing quality is {{aoq:%}} and {{ati}} units a lot "
            "are inspected on average."
        )
    if result.p95 is not None and result.p10 is not None:
        details.append(
            "Lots with {{p95:%}} defective pass nineteen times in twenty, lots with {{p10:%}} one "
            "time in ten."
        )
    figures = [("sample size", "{{n}}"), ("acceptance number", "{{c}}")]
    if isinstance(result.pa, float):
        figures.append(("probability of acceptance", "{{pa:%}}"))
    if result.aoql is not None:
        figures.append(("AOQL", "{{aoql:%}}"))
    return Narrative(conclusion=conclusion, details=details, key_figures=figures)
