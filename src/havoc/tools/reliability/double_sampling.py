"""Double and multiple sampling by attributes, plans of one's own and of the standard.

Sources: D. C. Montgomery, Introduction to Statistical Quality Control, 7th edition, 15.3;
MIL-STD-105E (1989), tables III and IV (ANSI/ASQ Z1.4).
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import FloatArray
from havoc.tools.reliability.multistage import (
    Stage,
    find_double,
    follow,
    outgoing,
    quality_at,
    read_stages,
    standard_stages,
)
from havoc.tools.reliability.multistage_result import (
    DoubleSampling,
    StagedPoint,
    charts,
    narrate,
    passing,
    top_of_curve,
)
from havoc.tools.reliability.sampling_standard import Inspection, Level
from havoc.tools.reliability.single_plan import find_plan
from havoc.tools.result import Recomputed

Share = Annotated[float, Meta(gt=0, lt=1)]
Quality = Annotated[float, Meta(ge=0, le=1)]
Size = Annotated[int, Meta(ge=1)]
Number = Annotated[int, Meta(ge=-1)]


@tool(
    "double_sampling",
    title="Double and multiple sampling",
    source="Montgomery, Statistical Quality Control, 15.3; MIL-STD-105E, tables III and IV "
    "(ANSI/ASQ Z1.4)",
)
def double_sampling(
    n: Annotated[
        list[Size] | None, Meta(description="sizes of the samples, two or more: [50, 100]")
    ] = None,
    accept: Annotated[
        list[Number] | None,
        Meta(description="acceptance number after each sample, all defectives so far counted"),
    ] = None,
    reject: Annotated[
        list[Number] | None,
        Meta(description="rejection number after each sample; left out: the last accept + 1"),
    ] = None,
    p: Annotated[
        Quality | list[Quality] | None,
        Meta(description="fraction defective of the lot, or several"),
    ] = None,
    aql: Annotated[
        Annotated[float, Meta(gt=0, le=0.5)] | None,
        Meta(description="acceptable quality limit, a fraction (one percent is 0.01)"),
    ] = None,
    ltpd: Annotated[
        Share | None, Meta(description="quality to be rejected (LTPD, RQL, LQ), a fraction")
    ] = None,
    alpha: Annotated[Share, Meta(description="producer's risk at aql")] = 0.05,
    beta: Annotated[Share, Meta(description="consumer's risk at ltpd")] = 0.10,
    ratio: Annotated[
        Annotated[int, Meta(ge=1, le=5)],
        Meta(description="size of the second sample in first samples, for aql with ltpd"),
    ] = 1,
    lot_size: Annotated[Size | None, Meta(description="units in the lot")] = None,
    plan: Annotated[
        Literal["double", "multiple"],
        Meta(description="two samples, or the seven of the standard's multiple plans"),
    ] = "double",
    level: Annotated[Level, Meta(description="inspection level (with lot_size and aql)")] = "II",
    inspection: Annotated[
        Inspection, Meta(description="normal, tightened or reduced inspection")
    ] = "normal",
) -> DoubleSampling:
    """How does a plan with a second sample decide, and how many units does it take?

    With n and accept: the OC curve, the average sample number (ASN) and, with lot_size,
    AOQ and ATI. With lot_size and aql: the double plan of MIL-STD-105E (ANSI/ASQ Z1.4),
    normal, tightened or reduced, or its multiple plan for normal inspection. With aql
    and ltpd: the double plan with both risks and the smallest ASN at the AQL. Use it
    where inspection is costly and most lots are clearly good or bad, because then the
    first, smaller sample decides. Assumes a stream of lots (binomial), random samples
    and units judged without error. ISO 2859-1:1999 changed a few rejection numbers of
    double plans, and has five samples in its multiple plans: these are not covered.
    """
    gap = 0
    standard = None
    if n is not None:
        if not accept or not n:
            raise InputError(
                "the acceptance numbers are missing",
                where="accept",
                remedy="give one for every sample, for example [1, 3]",
            )
        goal = "oc" if p is not None else "curve"
        stages = read_stages(
            list(n), list(accept), list(reject) if reject else [accept[-1] + 1] * len(accept)
        )
    elif aql is not None and ltpd is not None:
        if not aql < ltpd:
            raise InputError(
                f"aql {aql:g} is not below ltpd {ltpd:g}",
                where="aql, ltpd",
                remedy="ltpd is the quality to reject, worse than aql",
            )
        goal, stages = "find", find_double(aql, ltpd, alpha, beta, ratio)
    elif aql is not None and lot_size is not None:
        goal = "standard"
        standard = standard_stages(lot_size, 100 * aql, level, inspection, plan)
        stages, gap = standard.stages, standard.gap
    else:
        raise InputError(
            "not enough is given to work out a plan",
            where="double_sampling",
            remedy="give n and accept, aql and ltpd, or lot_size and aql",
        )
    if lot_size is not None and stages[-1].cumulative_n > lot_size:
        raise InputError(
            f"the samples take {stages[-1].cumulative_n} units, and the lot has {lot_size}",
            where="n, lot_size",
            remedy="inspect the whole lot, or use the single plan of acceptance_sampling",
        )
    counted = passing(stages, gap)
    result = DoubleSampling(
        method=_METHODS[goal if goal != "standard" else plan],
        goal=goal,
        samples=len(stages),
        stages=stages,
        lot_size=lot_size,
        aql=aql,
        ltpd=ltpd,
        p95=quality_at(counted, 0.95),
        p50=quality_at(counted, 0.5),
        p10=quality_at(counted, 0.1),
    )
    if len(stages) == 2:
        first, second = stages
        result.n1, result.c1, result.re1 = first.n, first.ac, first.re
        result.n2, result.c2, result.re2 = second.n, second.ac, second.re
    _risks(result, counted)
    _at_qualities(result, counted, p)
    if goal == "find":
        assert aql is not None and ltpd is not None
        result.alpha, result.beta = alpha, beta
        result.single_n, result.single_c = find_plan(aql, ltpd, alpha, beta)
    if standard is not None:
        result.code_letter, result.plan_letter = standard.code_letter, standard.plan_letter
        result.level, result.inspection = level, inspection
        result.single_n, result.single_c = standard.single_n, standard.single_c
        if gap:
            result.warnings.append(
                f"with more than {stages[-1].ac} and fewer than {stages[-1].re} defectives in "
                "both samples the lot passes, and inspection goes back to normal"
            )
        if standard.code_letter != standard.plan_letter:
            result.warnings.append(
                f"the arrow of the table leads from code letter {standard.code_letter} to the "
                f"plan of {standard.plan_letter}"
            )
    if lot_size is not None and stages[-1].cumulative_n > 0.1 * lot_size:
        result.warnings.append(
            f"the samples may take {100 * stages[-1].cumulative_n / lot_size:.0f} % of the lot: "
            "the binomial probabilities are approximate for a single lot"
        )
    result.charts = charts(result, counted)
    return result


_METHODS = {
    "oc": "sampling in stages, binomial probabilities",
    "curve": "sampling in stages, binomial probabilities",
    "find": "double sampling plan through two points of the OC curve with the smallest average "
    "sample number at the AQL, r1 = r2 = c2 + 1, binomial probabilities",
    "double": "double sampling plan of MIL-STD-105E (ANSI/ASQ Z1.4), binomial probabilities",
    "multiple": "multiple sampling plan of MIL-STD-105E (ANSI/ASQ Z1.4), binomial probabilities",
}


def _risks(result: DoubleSampling, stages: list[Stage]) -> None:
    if result.aql is not None:
        course = follow(stages, np.array([result.aql]))
        result.pa_aql, result.asn_aql = float(course.pa[0]), float(course.sampled[0])
        result.producer_risk = 1 - result.pa_aql
    if result.ltpd is not None:
        result.pa_ltpd = float(follow(stages, np.array([result.ltpd])).pa[0])
        result.consumer_risk = result.pa_ltpd
    lot = result.lot_size
    if lot is not None and lot > stages[-1].cumulative_n:
        grid = np.linspace(0.0, min(1.0, 2.5 * (result.p10 or 0.4)), 4001)
        quality, _ = outgoing(stages, follow(stages, grid), grid, lot)
        best = int(np.argmax(quality))
        near = np.linspace(grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)], 201)
        fine, _ = outgoing(stages, follow(stages, near), near, lot)
        result.aoql, result.aoql_at = float(fine.max()), float(near[int(np.argmax(fine))])


def _at_qualities(
    result: DoubleSampling, stages: list[Stage], p: float | list[float] | None
) -> None:
    if p is None:
        if result.goal != "curve":
            return
        qualities: FloatArray = np.round(np.linspace(0, top_of_curve(result), 11)[1:], 6)
    else:
        qualities = np.atleast_1d(np.asarray(p, dtype=np.float64))
        if qualities.size == 0:
            raise InputError("the list is empty", where="p", remedy="give a fraction defective")
    course = follow(stages, qualities)
    rows: dict[str, list[float]] = {
        "p": qualities.tolist(),
        "pa": course.pa.tolist(),
        "pa_first": course.accepted[:, 0].tolist(),
        "asn": course.sampled.tolist(),
        "asn_curtailed": course.curtailed.tolist(),
    }
    if result.lot_size is not None:
        quality, inspected = outgoing(stages, course, qualities, result.lot_size)
        rows["aoq"], rows["ati"] = quality.tolist(), inspected.tolist()
    decided = (course.accepted[:, 0] + course.rejected[:, 0]).tolist()
    result.by_quality = [
        StagedPoint(decided_first=decided[i], **{name: row[i] for name, row in rows.items()})
        for i in range(qualities.size)
    ]
    for name, row in rows.items():
        setattr(result, name, row[0] if isinstance(p, float) else row)


double_sampling.narrates(narrate)


@double_sampling.verifies
def _verify(result: DoubleSampling, **_: object) -> list[Recomputed]:
    """Probabilities of a double plan from sums of exact binomial terms."""
    if result.samples != 2 or result.stages[-1].cumulative_n > 5000:
        return []
    first, second = result.stages
    # a lot in the gap of reduced inspection passes
    last = second.re - 1
    return [
        Recomputed(
            name="pa",
            value=row.pa,
            recomputed=_cdf(first.ac, first.n, row.p)
            + math.fsum(
                _pmf(d, first.n, row.p) * _cdf(last - d, second.n, row.p)
                for d in range(first.ac + 1, first.re)
            ),
            route="binomial terms summed over what the first sample leaves open",
            rtol=1e-7,
        )
        for row in (result.by_quality or [])[:3]
    ]


def _pmf(k: int, n: int, p: float) -> float:
    return math.comb(n, k) * p**k * (1 - p) ** (n - k)


def _cdf(k: int, n: int, p: float) -> float:
    return math.fsum(_pmf(i, n, p) for i in range(min(k, n) + 1))
