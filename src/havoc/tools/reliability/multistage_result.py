"""What a double or multiple sampling plan returns, how it reads and how it is drawn."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.tools.reliability.multistage import Stage, follow, outgoing
from havoc.tools.result import Narrative, Outcome

_CURVE_POINTS = 81
_SHOWN = 7


class StagedPoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """At the fraction defective ``p``: chance of acceptance and the work that it takes.

    ``pa_first`` is the chance that the first sample accepts, ``decided_first`` that it
    decides; ``asn`` the average number of units sampled, ``asn_curtailed`` the same if
    later samples stop at the defective that rejects the lot.
    """

    p: float
    pa: float
    pa_first: float
    decided_first: float
    asn: float
    asn_curtailed: float
    aoq: float | None = None
    ati: float | None = None


class DoubleSampling(Outcome):
    """``stages`` holds sample size, acceptance and rejection number of every sample.

    For a double plan ``n1, c1, re1, n2, c2, re2`` repeat them. ``pa``, ``asn``,
    ``asn_curtailed``, ``aoq`` and ``ati`` belong to ``p`` (a number for one quality, lists
    for several; rows in ``by_quality``). ``single_n`` and ``single_c`` are the single plan
    with the same protection. All qualities are fractions.
    """

    goal: str
    samples: int
    stages: list[Stage]
    n1: int | None = None
    c1: int | None = None
    re1: int | None = None
    n2: int | None = None
    c2: int | None = None
    re2: int | None = None
    lot_size: int | None = None
    p: float | list[float] | None = None
    pa: float | list[float] | None = None
    pa_first: float | list[float] | None = None
    asn: float | list[float] | None = None
    asn_curtailed: float | list[float] | None = None
    aoq: float | list[float] | None = None
    ati: float | list[float] | None = None
    by_quality: list[StagedPoint] | None = None
    aql: float | None = None
    ltpd: float | None = None
    pa_aql: float | None = None
    pa_ltpd: float | None = None
    asn_aql: float | None = None
    producer_risk: float | None = None
    consumer_risk: float | None = None
    alpha: float | None = None
    beta: float | None = None
    p95: float | None = None
    p50: float | None = None
    p10: float | None = None
    aoql: float | None = None
    aoql_at: float | None = None
    code_letter: str | None = None
    plan_letter: str | None = None
    level: str | None = None
    inspection: str | None = None
    single_n: int | None = None
    single_c: int | None = None


def passing(stages: list[Stage], gap: int) -> list[Stage]:
    """Stages in which a lot in the gap of reduced inspection counts as accepted."""
    if gap == 0:
        return stages
    last = stages[-1]
    return [*stages[:-1], msgspec.structs.replace(last, ac=last.re - 1)]


def top_of_curve(result: DoubleSampling) -> float:
    given = [1.2 * x for x in (result.ltpd, result.aql) if x is not None]
    end = min(max([1.5 * (result.p10 or 0.1), *given]), 1.0)
    step = 10.0 ** math.floor(math.log10(end))
    return min(math.ceil(end / step) * step, 1.0)


def charts(result: DoubleSampling, stages: list[Stage]) -> list[ChartSpec]:
    """OC curve with the single plan's, then sample number, outgoing quality, inspection."""
    top = top_of_curve(result)
    if result.by_quality:
        top = max(top, *(row.p for row in result.by_quality))
    grid = np.linspace(0.0, top, _CURVE_POINTS)
    course = follow(stages, grid)
    x = grid.tolist()
    marks = [
        Limit(label=label, role="reference", value=value, orientation="vertical")
        for label, value in (("AQL", result.aql), ("LTPD", result.ltpd))
        if value is not None and value <= top
    ]
    curves = [Series(name="probability of acceptance", kind="line", x=x, y=course.pa.tolist())]
    first = course.accepted[:, 0].tolist()
    curves.append(Series(name="accepted by the first sample", kind="line", x=x, y=first))
    work = [
        Series(name="average sample number", kind="line", x=x, y=course.sampled.tolist()),
        Series(name="with curtailment", kind="line", x=x, y=course.curtailed.tolist()),
    ]
    single = (
        [Limit(label="single plan", role="reference", value=float(result.single_n))]
        if result.single_n
        else []
    )
    panels = [
        Panel(
            x_label="fraction defective",
            y_label="probability of acceptance",
            series=curves,
            limits=marks,
        ),
        Panel(
            x_label="fraction defective",
            y_label="average sample number",
            series=work,
            limits=single,
        ),
    ]
    if result.lot_size is not None and result.aoql is not None:
        quality, inspected = outgoing(stages, course, grid, result.lot_size)
        panels.append(
            Panel(
                x_label="fraction defective",
                y_label="average outgoing quality",
                series=[Series(name="AOQ", kind="line", x=x, y=quality.tolist())],
                limits=[Limit(label="AOQL", role="reference", value=result.aoql)],
            )
        )
        panels.append(
            Panel(
                x_label="fraction defective",
                y_label="average total inspection",
                series=[Series(name="ATI", kind="line", x=x, y=inspected.tolist())],
            )
        )
    return [
        ChartSpec(
            kind="oc_curve",
            title=f"Up to {result.samples} samples: chance of acceptance and units sampled",
            panels=panels,
        )
    ]


def narrate(result: DoubleSampling) -> Narrative:
    if result.samples == 2:
        plan = (
            "take {{n1}} units, accept with at most {{c1}} and reject with {{stages.0.re}} or more "
            "defectives; otherwise take {{n2}} more, accept with at most {{c2}} and reject with "
            "{{stages.1.re}} or more in both samples together"
        )
    else:
        plan = (
            "take up to {{samples}} samples of {{stages.0.n}} units with the acceptance and "
            "rejection numbers below"
        )
    if result.goal == "standard":
        conclusion = (
            f"For a lot of {{{{lot_size}}}}, AQL {{{{aql:%}}}}, level {{{{level}}}} and "
            f"{{{{inspection}}}} inspection: {plan} (code letter {{{{code_letter}}}})."
        )
    elif result.goal == "find":
        conclusion = f"{plan[0].upper()}{plan[1:]}."
    elif isinstance(result.pa, float):
        conclusion = (
            "A lot with {{p:%}} defective is accepted with probability {{pa:%}}, after "
            "{{asn:.1f}} units on average."
        )
    else:
        conclusion = (
            f"The plan is: {plan}. Lots up to {{{{p95:%}}}} defective nearly always pass, lots "
            "with {{p10:%}} or more rarely do."
        )
    details = []
    if result.samples > 2:
        details += [
            f"After {{{{stages.{i}.cumulative_n}}}} units: "
            + (
                "no acceptance yet"
                if stage.ac < 0
                else f"accept with at most {{{{stages.{i}.ac}}}}"
            )
            + f", reject with {{{{stages.{i}.re}}}} or more defectives."
            for i, stage in enumerate(result.stages)
        ]
    if isinstance(result.pa, float):
        details.append("The first sample accepts with {{pa_first:%}}.")
        details.append(
            "If later samples stop at the defective that rejects the lot, {{asn_curtailed:.1f}} "
            "units are enough on average."
        )
    else:
        details += [
            f"At {{{{by_quality.{i}.p:%}}}} defective: accepted with {{{{by_quality.{i}.pa:%}}}}, "
            f"{{{{by_quality.{i}.asn:.1f}}}} units on average."
            for i in range(min(len(result.by_quality or []), _SHOWN))
        ]
    if result.pa_aql is not None:
        details.append(
            "At the AQL of {{aql:%}} a lot is accepted with {{pa_aql:%}}, after {{asn_aql:.1f}} "
            "units on average."
        )
    if result.pa_ltpd is not None:
        details.append("At {{ltpd:%}} defective the consumer's risk is {{consumer_risk:%}}.")
    if result.single_n is not None:
        details.append(
            "The single plan with the same protection takes {{single_n}} units and accepts with "
            "at most {{single_c}} defectives."
        )
    if result.aoql is not None:
        details.append(
            "With rejected lots sorted completely, the average outgoing quality is never worse "
            "than {{aoql:%}} (AOQL, at {{aoql_at:%}} incoming)."
        )
    figures = [("first sample", "{{stages.0.n}}"), ("samples", "{{samples}}")]
    if isinstance(result.pa, float):
        figures.append(("probability of acceptance", "{{pa:%}}"))
        figures.append(("average sample number", "{{asn:.1f}}"))
    return Narrative(conclusion=conclusion, details=details, key_figures=figures)
