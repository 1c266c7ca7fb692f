"""Acceptance sampling by attributes: what a plan accepts, and which plan to take.

Sources: D. C. Montgomery, Introduction to Statistical Quality Control, 7th edition,
chapter 15; NIST/SEMATECH e-Handbook 6.2.3; ISO 2859-1 (see ``sampling_standard``).
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.reliability.sampling_result import (
    AcceptanceSampling,
    OperatingPoint,
    chart,
    narrate,
    top_of_curve,
)
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
from havoc.tools.result import Recomputed

Share = Annotated[float, Meta(gt=0, lt=1)]
Quality = Annotated[float, Meta(ge=0, le=1)]


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
        Inspection, Meta(description="normal, tightened or reduced inspection of the standard")
    ] = "normal",
) -> AcceptanceSampling:
    """How likely is a lot accepted, or how many units must be inspected?

    With n and c: the OC curve, the probability of acceptance at p; with lot_size also
    AOQ, AOQL and ATI of rectifying inspection. With aql and ltpd: the smallest plan
    that keeps both risks. With c and ltpd: the sample size (c = 0 plans). With
    lot_size and aql: the single plan of ISO 2859-1 (ANSI/ASQ Z1.4), normal, tightened
    or reduced (as in ANSI/ASQ Z1.4); with c = 0 as well, the c = 0 plan that protects
    the consumer as the plan of the standard does. Use it for units judged good or bad;
    double_sampling takes a second sample where the first does not decide, and
    acceptance_sampling_variables works on measured values. Assumes a random sample and
    units judged without error.
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
    goal, letters, gap = "oc", None, 0
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
        gap = letters.r - letters.c - 1
        if c == 0 and standard_c > 0:
            goal, gap = "zero", 0
            ltpd = quality_at(beta, letters.n, letters.r - 1)
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
    result = _evaluate(goal, n, c, p, aql, ltpd, alpha, beta, lot_size, distribution, gap)
    if letters is not None:
        result.code_letter, result.plan_letter = letters.code_letter, letters.plan_letter
        result.level, result.inspection = level, inspection
        if letters.n >= lot_size and goal == "standard":  # type: ignore[operator]
            result.warnings.append(
                f"the plan takes {letters.n} units and the lot has {lot_size}: inspect all of it"
            )
        if gap:
            result.warnings.append(
                f"with more than {letters.c} and fewer than {letters.r} defectives the lot "
                "passes, and inspection goes back to normal"
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
    gap: int,
) -> AcceptanceSampling:
    # In the gap of reduced inspection the lot still passes.
    passes = c + gap
    p95, p50, p10 = (quality_at(share, n, passes, law, lot_size) for share in (0.95, 0.5, 0.1))
    result = AcceptanceSampling(
        method=_METHODS[goal] + f", {law} probabilities",
        goal=goal,
        n=n,
        c=c,
        r=passes + 1,
        ac=c,
        re=passes + 1,
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
        result.pa_aql = float(acceptance(aql, n, passes, law, lot_size)[0])
        result.producer_risk = 1 - result.pa_aql
    if ltpd is not None:
        result.pa_ltpd = float(acceptance(ltpd, n, passes, law, lot_size)[0])
        result.consumer_risk = result.pa_ltpd
    _at_qualities(result, p, law)
    if lot_size is not None and lot_size > n:
        result.aoql, result.aoql_at = outgoing_limit(n, passes, law, lot_size)
    if lot_size is not None and law == "binomial" and n > 0.1 * lot_size:
        result.warnings.append(
            f"the sample is {100 * n / lot_size:.0f} % of the lot: for a single lot the "
            "hypergeometric distribution is exact"
        )
    result.charts = [chart(result, law)]
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
        top = top_of_curve(result)
        qualities = np.round(np.linspace(0, top, 11)[1:], 6)
    else:
        qualities = np.atleast_1d(np.asarray(p, dtype=np.float64))
        if qualities.size == 0:
            raise InputError("the list is empty", where="p", remedy="give a fraction defective")
    pa = acceptance(qualities, result.n, result.r - 1, law, result.lot_size)
    aoq: list[float] | None = None
    ati: list[float] | None = None
    if result.lot_size is not None and result.lot_size >= result.n:
        quality, inspected = outgoing(qualities, result.n, result.r - 1, law, result.lot_size)
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


acceptance_sampling.narrates(narrate)


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
    n, c = result.n, min(result.r - 1, result.n)
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
