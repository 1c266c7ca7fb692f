"""Acceptance sampling by attributes: what a plan accepts, and which plan to take.

Sources: D. C. Montgomery, Introduction to Statistical Quality Control, 7th edition,
chapter 15; NIST/SEMATECH e-Handbook 6.2.3; ISO 2859-1 (see ``sampling_standard``).
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.reliability.sampling_standard import Inspection, Level, standard_plan
from havoc.tools.reliability.single_plan import (
    Law,
    acceptance,
    find_plan,
    outgoing,
    outgoing_limit,
    quality_at,
    smallest_sample,
)
from havoc.tools.result import Narrative, Outcome, Recomputed

_CURVE_POINTS = 101
_SHOWN = 8

Share = Annotated[float, Meta(gt=0, lt=1)]
Quality = Annotated[float, Meta(ge=0, le=1)]


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
    repeat c and r under the names of ISO 2859-1. ``p95`` and ``p10`` are the qualities
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


@tool(
    "acceptance_sampling",
    title="Acceptance sampling",
    source="Montgomery, Statistical Quality Control, chapter 15; NIST e-Handbook 6.2.3; ISO 2859-1",
)
def acceptance_sampling(
    n: Annotated[Annotated[int, Meta(ge=1)] | None, Meta(description="sample size")] = None,
    c: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(description="acceptance number: the lot passes with at most c defectives"),
    ] = None,
    p: Annotated[
        Quality | list[Quality] | None,
        Meta(description="fraction defective of the lot, or several"),
    ] = None,
    aql: Annotated[
        Annotated[float, Meta(gt=0, le=10)] | None,
        Meta(description="acceptable quality limit, a fraction (one percent is 0.01)"),
    ] = None,
    ltpd: Annotated[
        Share | None, Meta(description="quality to be rejected (LTPD, RQL, LQ), a fraction")
    ] = None,
    alpha: Annotated[Share, Meta(description="producer's risk at aql")] = 0.05,
    beta: Annotated[Share, Meta(description="consumer's risk at ltpd")] = 0.10,
    lot_size: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="units in the lot")
    ] = None,
    distribution: Annotated[
        Literal["binomial", "hypergeometric", "poisson"],
        Meta(description="binomial for a stream of lots, hypergeometric for one lot of lot_size"),
    ] = "binomial",
    level: Annotated[
        Level, Meta(description="inspection level of ISO 2859-1 (with lot_size and aql)")
    ] = "II",
    inspection: Annotated[
        Inspection, Meta(description="normal or tightened inspection of ISO 2859-1")
    ] = "normal",
) -> AcceptanceSampling:
    """How likely is a lot accepted, or how many units must be inspected?

    With n and c: the OC curve, the probability of acceptance at p; with lot_size also
    AOQ, AOQL and ATI of rectifying inspection. With aql and ltpd: the smallest plan
    that keeps both risks. With c and ltpd: the sample size (c = 0 plans). With
    lot_size and aql: the single plan of ISO 2859-1 (ANSI/ASQ Z1.4), normal or
    tightened; with c = 0 as well, the c = 0 plan that protects the consumer as the
    plan of the standard does. Reduced inspection, double sampling and variables plans
    are not covered. Assumes a random sample and units judged without error.
    """
    if distribution == "hypergeometric" and lot_size is None:
        raise InputError(
            "the hypergeometric distribution needs the lot size",
            where="lot_size",
            remedy="give lot_size, or use binomial",
        )
    if aql is not None and ltpd is not None and not aql < ltpd:
        raise InputError(
            f"aql {aql:g} is not below ltpd {ltpd:g}",
            where="aql, ltpd",
            remedy="ltpd is the quality to reject, worse than aql",
        )
    goal, letters = "oc", None
    if n is not None and c is not None:
        goal = "curve" if p is None else "oc"
    elif aql is not None and ltpd is not None and c is None:
        goal = "find"
        n, c = find_plan(aql, ltpd, alpha, beta, distribution, lot_size)
    elif ltpd is not None:
        goal, c = "size", c or 0
        n = smallest_sample(c, ltpd, beta, distribution, lot_size)
        if n is None:
            raise InputError(
                f"no sample of this lot keeps the risk below {beta:g}",
                where="lot_size",
                remedy="inspect the whole lot",
            )
    elif aql is not None and lot_size is not None:
        goal = "standard"
        letters = standard_plan(lot_size, 100 * aql, level, inspection)
        n, standard_c = min(letters.n, lot_size), letters.c
        if c == 0 and standard_c > 0:
            goal = "zero"
            ltpd = quality_at(beta, letters.n, standard_c)
            assert ltpd is not None
            distribution = "hypergeometric"
            n = smallest_sample(0, ltpd, beta, distribution, lot_size) or lot_size
        else:
            c = standard_c
    else:
        raise InputError(
            "not enough is given to work out a plan",
            where="acceptance_sampling",
            remedy="give n and c, aql and ltpd, c and ltpd, or lot_size and aql",
        )
    assert n is not None and c is not None
    if c >= n and not (goal == "standard" and n == lot_size):
        raise InputError(
            f"with n = {n} and c = {c} every lot is accepted",
            where="n, c",
            remedy="the acceptance number must be below the sample size",
        )
    if lot_size is not None and n > lot_size:
        raise InputError(
            f"the sample of {n} is larger than the lot of {lot_size}",
            where="n, lot_size",
            remedy="inspect the whole lot, or check the figures",
        )
    result = _evaluate(goal, n, c, p, aql, ltpd, alpha, beta, lot_size, distribution)
    if letters is not None:
        result.code_letter, result.plan_letter = letters.code_letter, letters.plan_letter
        result.level, result.inspection = level, inspection
        if letters.n >= lot_size and goal == "standard":  # type: ignore[operator]
            result.warnings.append(
                f"the plan takes {letters.n} units and the lot has {lot_size}: inspect all of it"
            )
        if letters.code_letter != letters.plan_letter:
            result.warnings.append(
                f"the arrow of the table leads from code letter {letters.code_letter} to the plan "
                f"of {letters.plan_letter}"
            )
    return result


def _evaluate(
    goal: str,
    n: int,
    c: int,
    p: float | list[float] | None,
    aql: float | None,
    ltpd: float | None,
    alpha: float,
    beta: float,
    lot_size: int | None,
    law: Law,
) -> AcceptanceSampling:
    p95, p50, p10 = (quality_at(share, n, c, law, lot_size) for share in (0.95, 0.5, 0.1))
    result = AcceptanceSampling(
        method=_METHODS[goal] + f", {law} probabilities",
        goal=goal,
        n=n,
        c=c,
        r=c + 1,
        ac=c,
        re=c + 1,
        law=law,
        lot_size=lot_size,
        aql=aql,
        ltpd=ltpd,
        p95=p95,
        p50=p50,
        p10=p10,
    )
    if goal in ("find", "size", "zero"):
        result.beta = beta
    if goal == "find":
        result.alpha = alpha
    if aql is not None and aql < 1:
        result.pa_aql = float(acceptance(aql, n, c, law, lot_size)[0])
        result.producer_risk = 1 - result.pa_aql
    if ltpd is not None:
        result.pa_ltpd = float(acceptance(ltpd, n, c, law, lot_size)[0])
        result.consumer_risk = result.pa_ltpd
    _at_qualities(result, p, law)
    if lot_size is not None and lot_size > n:
        result.aoql, result.aoql_at = outgoing_limit(n, c, law, lot_size)
    if lot_size is not None and law == "binomial" and n > 0.1 * lot_size:
        result.warnings.append(
            f"the sample is {100 * n / lot_size:.0f} % of the lot: for a single lot the "
            "hypergeometric distribution is exact"
        )
    result.charts = [_chart(result, law)]
    return result


_METHODS = {
    "oc": "single sampling plan, probability of acceptance",
    "curve": "single sampling plan, OC curve",
    "find": "smallest single sampling plan through two points of the OC curve",
    "size": "smallest sample for the acceptance number and the consumer's risk",
    "standard": "single sampling plan of ISO 2859-1 (ANSI/ASQ Z1.4)",
    "zero": "plan that accepts on zero with the consumer's risk of the plan of ISO 2859-1",
}


def _at_qualities(result: AcceptanceSampling, p: float | list[float] | None, law: Law) -> None:
    if p is None:
        if result.goal != "curve":
            return
        top = _top_of_curve(result)
        qualities = np.round(np.linspace(0, top, 11)[1:], 6)
    else:
        qualities = np.atleast_1d(np.asarray(p, dtype=np.float64))
        if qualities.size == 0:
            raise InputError("the list is empty", where="p", remedy="give a fraction defective")
    pa = acceptance(qualities, result.n, result.c, law, result.lot_size)
    aoq: list[float] | None = None
    ati: list[float] | None = None
    if result.lot_size is not None and result.lot_size >= result.n:
        quality, inspected = outgoing(qualities, result.n, result.c, law, result.lot_size)
        aoq, ati = quality.tolist(), inspected.tolist()
    result.by_quality = [
        OperatingPoint(
            p=float(quality),
            pa=float(value),
            rejected=1 - float(value),
            aoq=None if aoq is None else aoq[i],
            ati=None if ati is None else ati[i],
        )
        for i, (quality, value) in enumerate(zip(qualities, pa, strict=True))
    ]
    single = isinstance(p, float)
    result.p = float(qualities[0]) if single else qualities.tolist()
    result.pa = float(pa[0]) if single else pa.tolist()
    if aoq is not None and ati is not None:
        result.aoq, result.ati = (aoq[0], ati[0]) if single else (aoq, ati)


def _top_of_curve(result: AcceptanceSampling) -> float:
    """Quality up to which the OC curve is worth drawing, a round figure."""
    end = 1.5 * result.p10 if result.p10 else 3 * (result.c + 2.3) / result.n
    given = [x for x in (result.ltpd, result.aql) if x is not None and x < 1]
    end = min(max([end, *(1.2 * x for x in given)]), 1.0)
    step = 10.0 ** math.floor(math.log10(end))
    return min(math.ceil(end / step) * step, 1.0)


def _chart(result: AcceptanceSampling, law: Law) -> ChartSpec:
    top = _top_of_curve(result)
    if result.by_quality:
        top = max(top, max(row.p for row in result.by_quality))
    grid = np.linspace(0.0, top, _CURVE_POINTS)
    pa = acceptance(grid, result.n, result.c, law, result.lot_size)
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
        quality, _ = outgoing(grid, result.n, result.c, law, result.lot_size)
        panels.append(
            Panel(
                x_label="fraction defective",
                y_label="average outgoing quality",
                series=[Series(name="AOQ", kind="line", x=grid.tolist(), y=quality.tolist())],
                limits=[Limit(label="AOQL", role="reference", value=result.aoql)],
            )
        )
    return ChartSpec(
        kind="oc_curve",
        title=f"A sample of {result.n} that accepts on {result.c}: chance of acceptance by quality",
        panels=panels,
    )


@acceptance_sampling.narrates
def _narrate(result: AcceptanceSampling) -> Narrative:
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


@acceptance_sampling.verifies
def _verify(result: AcceptanceSampling, **_: object) -> list[Recomputed]:
    """Probabilities summed term by term with exact integers; plans tried one unit smaller."""
    rows = [(row.p, row.pa, "pa") for row in (result.by_quality or [])[:3]]
    if result.aql is not None and result.pa_aql is not None:
        rows.append((result.aql, result.pa_aql, "pa_aql"))
    if result.ltpd is not None and result.pa_ltpd is not None:
        rows.append((result.ltpd, result.pa_ltpd, "pa_ltpd"))
    if result.c > 300 or result.n > 20_000 or result.law == "poisson":
        return []
    return [
        Recomputed(
            name=name,
            value=value,
            recomputed=_summed(result, p),
            route="terms of the distribution summed",
            rtol=1e-7,
        )
        for p, value, name in rows
    ]


def _summed(result: AcceptanceSampling, p: float) -> float:
    n, c = result.n, min(result.c, result.n)
    if result.law == "hypergeometric":
        assert result.lot_size is not None
        bad = round(p * result.lot_size)
        good = result.lot_size - bad
        ways = sum(math.comb(bad, k) * math.comb(good, n - k) for k in range(c + 1) if n - k >= 0)
        return ways / math.comb(result.lot_size, n)
    if p in (0.0, 1.0):
        return 1.0 if p == 0 else float(c >= n)
    return math.fsum(
        math.exp(
            math.lgamma(n + 1)
            - math.lgamma(k + 1)
            - math.lgamma(n - k + 1)
            + k * math.log(p)
            + (n - k) * math.log1p(-p)
        )
        for k in range(c + 1)
    )
