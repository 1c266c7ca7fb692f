"""Acceptance sampling by variables: plans for measured values, and the decision on a lot.

Sources: ANSI/ASQ Z1.9-2003 (MIL-STD-414); G. J. Lieberman and G. J. Resnikoff (1955);
D. C. Montgomery, Introduction to Statistical Quality Control, 7th edition, chapter 16.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta
from scipy import integrate, stats

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import LowerLimit, Summary, Unit, UpperLimit, as_sample
from havoc.tools.reliability import single_plan
from havoc.tools.reliability.variables_plan import (
    acceptance,
    constant_of,
    find_plan,
    quality_at,
    share_beyond,
)
from havoc.tools.reliability.variables_result import (
    AcceptanceSamplingVariables,
    VariablesPoint,
    charts,
    narrate,
)
from havoc.tools.reliability.variables_standard import Inspection, Level, standard_plan
from havoc.tools.result import Check, Recomputed

_NORMAL_ALPHA = 0.05
_MOST_FOR_SHAPIRO = 5000

Share = Annotated[float, Meta(gt=0, lt=1)]
Quality = Annotated[float, Meta(ge=0, le=1)]


@tool(
    "acceptance_sampling_variables",
    title="Acceptance sampling by variables",
    source="ANSI/ASQ Z1.9-2003 (MIL-STD-414), tables A-2, B and D; Lieberman and Resnikoff (1955); "
    "Montgomery, Statistical Quality Control, chapter 16",
)
def acceptance_sampling_variables(
    data: Annotated[
        list[float] | Summary | None,
        Meta(description="measured values of the sample, or {n, mean, sd}, to decide on the lot"),
    ] = None,
    lsl: LowerLimit = None,
    usl: UpperLimit = None,
    lot_size: Annotated[
        Annotated[int, Meta(ge=2)] | None, Meta(description="units in the lot")
    ] = None,
    aql: Annotated[
        Share | None, Meta(description="acceptable quality limit, a fraction (one percent is 0.01)")
    ] = None,
    ltpd: Annotated[
        Share | None, Meta(description="quality to be rejected (LTPD, RQL, LQ), a fraction")
    ] = None,
    alpha: Annotated[Share, Meta(description="producer's risk at aql")] = 0.05,
    beta: Annotated[Share, Meta(description="consumer's risk at ltpd")] = 0.10,
    n: Annotated[
        Annotated[int, Meta(ge=2, le=100_000)] | None, Meta(description="sample size of a plan")
    ] = None,
    k: Annotated[
        Annotated[float, Meta(ge=-10, le=10)] | None,
        Meta(description="acceptability constant of a plan"),
    ] = None,
    sigma: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="known standard deviation of the process, where it is known"),
    ] = None,
    sigma_method: Annotated[
        Literal["unknown", "known"] | None,
        Meta(description="known takes fewer units; by default known if sigma is given"),
    ] = None,
    form: Annotated[
        Literal["k", "M"] | None,
        Meta(
            description="decide by the quality index (k) or by the estimated share (M); two "
            "limits always take M"
        ),
    ] = None,
    p: Annotated[
        Quality | list[Quality] | None,
        Meta(description="fraction nonconforming whose chance of acceptance is wanted"),
    ] = None,
    level: Annotated[Level, Meta(description="inspection level of ANSI Z1.9")] = "II",
    inspection: Annotated[
        Inspection, Meta(description="normal, tightened or reduced inspection of ANSI Z1.9")
    ] = "normal",
    unit: Unit = "",
) -> AcceptanceSamplingVariables:
    """Does a lot pass by its measured values, or how many units must be measured?

    With lot_size and aql: the plan of ANSI/ASQ Z1.9 (MIL-STD-414), form k or M, unknown
    standard deviation (normal, tightened, reduced) or known (normal, tightened). With aql
    and ltpd: the smallest plan that keeps both risks (noncentral t). With n and k: the OC
    curve. With data and a limit as well: the decision on the lot. Use it instead of
    acceptance_sampling where a characteristic is measured: it takes far fewer units.
    Assumes normally distributed values and random samples; one quality characteristic.
    ISO 3951-1 has its own tables, and the range method of Z1.9 is not covered.
    """
    known = sigma_method == "known" or (sigma_method is None and sigma is not None)
    for value, where in ((lsl, "lsl"), (usl, "usl")):
        if value is not None and not math.isfinite(value):
            raise InputError("must be a finite number", where=where, remedy="give a number")
    if lsl is not None and usl is not None and not lsl < usl:
        raise InputError(
            f"lsl {lsl:g} is not below usl {usl:g}", where="lsl, usl", remedy="exchange them"
        )
    sample = _read(data)
    chosen = form or ("M" if lsl is not None and usl is not None else "k")
    if chosen == "k" and lsl is not None and usl is not None:
        raise InputError(
            "with two limits form k would pass lots that are bad at both",
            where="form",
            remedy="leave out form: the estimated shares beyond both limits are added (M)",
        )
    result = _plan(lot_size, aql, ltpd, alpha, beta, n, k, known, level, inspection, sample)
    result.form, result.unit = chosen, unit
    result.p95, result.p50, result.p10 = (
        quality_at(share, result.n, result.k, known=known) for share in (0.95, 0.5, 0.1)
    )
    for quality, name in ((aql, "aql"), (ltpd, "ltpd")):
        if quality is not None:
            pa = float(acceptance(quality, result.n, result.k, known=known)[0])
            setattr(result, f"pa_{name}", pa)
    if result.pa_aql is not None:
        result.producer_risk = 1 - result.pa_aql
    result.consumer_risk = result.pa_ltpd
    _at_qualities(result, p, known)
    values: list[float] = []
    if sample is not None:
        values = [] if isinstance(data, Summary) else list(data or [])
        _decide(result, sample, lsl, usl, sigma, known, values)
    elif lsl is not None or usl is not None:
        result.lsl, result.usl = lsl, usl
    if lot_size is not None and result.n > lot_size:
        result.warnings.append(
            f"the plan takes {result.n} units and the lot has {lot_size}: measure all of it"
        )
    result.charts = charts(result, values)
    return result


def _read(data: list[float] | Summary | None) -> Summary | None:
    if data is None:
        return None
    if isinstance(data, Summary):
        if not (math.isfinite(data.mean) and math.isfinite(data.sd)):
            raise InputError(
                "mean and sd must be finite numbers",
                where="data",
                remedy="give mean and sd as numbers",
            )
        sample = data
    else:
        values = as_sample(data, "data", minimum=2)
        sample = Summary(n=values.size, mean=float(values.mean()), sd=float(values.std(ddof=1)))
    return sample


def _plan(
    lot_size: int | None,
    aql: float | None,
    ltpd: float | None,
    alpha: float,
    beta: float,
    n: int | None,
    k: float | None,
    known: bool,
    level: Level,
    inspection: Inspection,
    sample: Summary | None,
) -> AcceptanceSamplingVariables:
    words = "known" if known else "unknown"
    result = AcceptanceSamplingVariables(
        method="", goal="", n=0, k=0.0, M=0.0, sigma_method=words, form="", lot_size=lot_size
    )
    result.aql, result.ltpd = aql, ltpd
    least = 2 if known else 3
    if k is not None and (n is not None or sample is not None):
        size = n if n is not None else sample.n if sample is not None else 0
        if size < least:
            raise InputError(
                f"{size} units are not enough for {words} standard deviation",
                where="n",
                remedy=f"take at least {least}",
            )
        result.goal, result.n, result.k = "oc", size, k
        result.M = share_beyond(k, size, known=known)
        result.method = "plan given by n and k"
    elif aql is not None and ltpd is not None:
        if not aql < ltpd:
            raise InputError(
                f"aql {aql:g} is not below ltpd {ltpd:g}",
                where="aql, ltpd",
                remedy="ltpd is the quality to reject, worse than aql",
            )
        size, constant = find_plan(aql, ltpd, alpha, beta, known=known)
        result.goal, result.n, result.k = "find", max(size, least), constant
        result.M = share_beyond(constant, result.n, known=known)
        result.alpha, result.beta = alpha, beta
        result.attributes_n, result.attributes_c = single_plan.find_plan(aql, ltpd, alpha, beta)
        result.method = "smallest plan through two points of the OC curve" + (
            " (normal distribution)" if known else " (noncentral t distribution)"
        )
    elif aql is not None and lot_size is not None:
        plan = standard_plan(lot_size, 100 * aql, level, inspection, known=known)
        result.goal, result.n, result.M = "standard", plan.n, plan.m / 100
        result.k = (
            plan.k if plan.k is not None else round(constant_of(result.M, plan.n, known=known), 3)
        )
        result.code_letter, result.level, result.inspection = plan.code_letter, level, inspection
        result.method = "single plan of ANSI/ASQ Z1.9 (MIL-STD-414)"
        if plan.k is None:
            result.warnings.append("k is computed from the M of the table by its own relation")
    else:
        raise InputError(
            "not enough is given to work out a plan",
            where="acceptance_sampling_variables",
            remedy="give lot_size and aql, aql and ltpd, or n and k",
        )
    result.method += f", {words} standard deviation"
    return result


def _decide(
    result: AcceptanceSamplingVariables,
    sample: Summary,
    lsl: float | None,
    usl: float | None,
    sigma: float | None,
    known: bool,
    values: list[float],
) -> None:
    if lsl is None and usl is None:
        raise InputError(
            "there is no specification limit to judge the values by",
            where="lsl, usl",
            remedy="give one or both",
        )
    if sample.n < result.n:
        raise InputError(
            f"{sample.n} values are given and the plan takes {result.n}",
            where="data",
            remedy="measure the missing units",
        )
    if known and sigma is None:
        raise InputError(
            "the known standard deviation is missing", where="sigma", remedy="give sigma"
        )
    spread = sigma if known and sigma is not None else sample.sd
    if spread == 0:
        raise InputError(
            "all values are equal, so the standard deviation is zero and the plan does not apply",
            where="data",
            remedy="check the resolution of the measurement, or count defectives",
        )
    if sample.n > result.n:
        result.warnings.append(
            f"the plan takes {result.n} units and {sample.n} were measured; all are used"
        )
    result.n_measured, result.mean, result.s = sample.n, sample.mean, sample.sd
    result.sigma, result.lsl, result.usl = (sigma if known else None), lsl, usl
    if usl is not None:
        result.q_upper = (usl - sample.mean) / spread
        result.p_upper = share_beyond(result.q_upper, sample.n, known=known)
    if lsl is not None:
        result.q_lower = (sample.mean - lsl) / spread
        result.p_lower = share_beyond(result.q_lower, sample.n, known=known)
    result.p_estimate = min((result.p_upper or 0.0) + (result.p_lower or 0.0), 1.0)
    if result.form == "k":
        index = result.q_upper if result.q_upper is not None else result.q_lower
        assert index is not None
        result.accepted = index >= result.k
    else:
        result.accepted = result.p_estimate <= result.M
    result.decision = "accept" if result.accepted else "reject"
    result.assumptions = [_normality(values)]


def _normality(values: list[float]) -> Check:
    if not 3 <= len(values) <= _MOST_FOR_SHAPIRO or np.ptp(values) == 0:
        return Check(
            name="normal distribution",
            status="unknown",
            detail="not tested: the estimate of the share in the tail rests on it",
        )
    p_value = float(stats.shapiro(values).pvalue)
    return Check(
        name="normal distribution",
        status="violated" if p_value < _NORMAL_ALPHA else "ok",
        detail=f"Shapiro-Wilk p = {p_value:.3g}; the share in the tail rests on normality",
    )


def _at_qualities(
    result: AcceptanceSamplingVariables, p: float | list[float] | None, known: bool
) -> None:
    if p is None:
        return
    qualities = np.atleast_1d(np.asarray(p, dtype=np.float64))
    if qualities.size == 0:
        raise InputError("the list is empty", where="p", remedy="give a fraction nonconforming")
    pa = acceptance(qualities, result.n, result.k, known=known)
    result.by_quality = [
        VariablesPoint(p=float(q), pa=float(v), rejected=1 - float(v))
        for q, v in zip(qualities, pa, strict=True)
    ]
    single = isinstance(p, float)
    result.p = float(qualities[0]) if single else qualities.tolist()
    result.pa = float(pa[0]) if single else pa.tolist()


acceptance_sampling_variables.narrates(narrate)


@acceptance_sampling_variables.verifies
def _verify(result: AcceptanceSamplingVariables, **_: object) -> list[Recomputed]:
    """Acceptance integrated over the distribution of s; the estimate over the beta density."""
    known = result.sigma_method == "known"
    checks = [
        Recomputed(
            name=name,
            value=value,
            recomputed=_integrated(quality, result.n, result.k, known),
            route="normal probability of the mean, integrated over the chi distribution of s",
            rtol=1e-5,
            atol=1e-8,
        )
        for name, quality, value in (
            ("pa_aql", result.aql, result.pa_aql),
            ("pa_ltpd", result.ltpd, result.pa_ltpd),
        )
        if quality is not None and value is not None and 0 < quality < 1
    ]
    if result.q_upper is not None and result.p_upper is not None and result.n_measured is not None:
        checks.append(
            Recomputed(
                name="p_upper",
                value=result.p_upper,
                recomputed=_student(result.q_upper, result.n_measured, known),
                route="Student's t with n - 2 degrees of freedom",
            )
        )
    return checks


def _integrated(p: float, n: int, k: float, known: bool) -> float:
    distance = float(stats.norm.isf(p))
    root = math.sqrt(n)
    if known:
        return 0.5 * math.erfc(-root * (distance - k) / math.sqrt(2))
    spread = stats.chi(n - 1, scale=1 / math.sqrt(n - 1))

    def at(s: float) -> float:
        return float(stats.norm.cdf(root * (distance - k * s)) * spread.pdf(s))

    low, high = float(spread.ppf(1e-13)), float(spread.isf(1e-13))
    middle = float(spread.median())
    parts = (integrate.quad(at, *ends, limit=200)[0] for ends in ((low, middle), (middle, high)))
    return math.fsum(parts)


def _student(q: float, n: int, known: bool) -> float:
    """The beta estimate in the form of Kolmogorov: t = u sqrt(n - 2) / sqrt(1 - u^2)."""
    if known:
        return 0.5 * math.erfc(q * math.sqrt(n / (n - 1)) / math.sqrt(2))
    u = q * math.sqrt(n) / (n - 1)
    if abs(u) >= 1:
        return 0.0 if u > 0 else 1.0
    return float(stats.t.sf(u * math.sqrt(n - 2) / math.sqrt(1 - u * u), n - 2))
