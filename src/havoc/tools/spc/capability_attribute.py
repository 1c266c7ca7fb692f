"""Capability of counts: defective units (binomial) and defects (Poisson).

Sources: C. J. Clopper and E. S. Pearson (1934), Biometrika 26, 404 and F. Garwood (1936),
Biometrika 28, 437 (exact intervals); P. Armitage (1955), Biometrics 11, 375 (trend of a
proportion); Montgomery, Introduction to Statistical Quality Control, 7.2 and 7.3 (charts).
"""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from msgspec import Meta
from scipy import special

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Confidence, FloatArray, Name
from havoc.tools.result import Check, Recomputed
from havoc.tools.spc.attribute_result import AttributeCapability, draw, narrate
from havoc.tools.spc.attributes import as_counts, as_sizes, counts_chart, dispersion_check
from havoc.tools.spc.capability_indices import PER_MILLION
from havoc.tools.spc.panels import Basis, judge
from havoc.tools.spc.rules import Rules, rule_ids, without_zones
from havoc.tools.stats.binomial import clopper_pearson

# The cumulative rate has settled if its last third stays within the interval of the whole.
_LAST_SHARE = 1 / 3
_USUAL_SAMPLES = 25


@tool(
    "capability_attribute",
    title="Capability of defective units or defects",
    source="Clopper and Pearson (1934); Garwood (1936); Montgomery, Introduction to Statistical "
    "Quality Control, 7.2 and 7.3",
)
def capability_attribute(
    defectives: Annotated[
        list[float] | None, Meta(description="defective units in each sample (binomial)")
    ] = None,
    defects: Annotated[
        list[float] | None, Meta(description="instead: defects in each sample (Poisson)")
    ] = None,
    sample_size: Annotated[
        float | list[float] | None,
        Meta(description="units inspected in each sample: one number, or one for every count"),
    ] = None,
    target: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="largest fraction defective, or defects per unit, that is accepted"),
    ] = None,
    confidence: Confidence = 0.95,
    rules: Rules = "limits",
    name: Name = "the process",
) -> AttributeCapability:
    """How many defective units, or defects per unit, does the process make?

    Use it for counts of pass and fail (defectives) or of defects on units (defects). The
    rate comes with its exact interval, as percent, as parts per million and as process Z.
    The p or u chart shows whether the rate is stable, the cumulative rate whether there
    are enough samples, and the rate against the sample size whether the two are related.
    Assumes independent units with one rate (binomial) or independent defects (Poisson).
    """
    if (defectives is None) == (defects is None):
        raise InputError(
            "no counts given" if defects is None else "defectives and defects are both given",
            where="defectives, defects",
            remedy="give defective units, or defects",
        )
    kind = "p" if defectives is not None else "u"
    counts = as_counts(defectives or defects or [], "defectives" if kind == "p" else "defects")
    if counts.size == 0:
        raise InputError("no counts given", where="defectives, defects", remedy="give the counts")
    sizes = as_sizes(1.0 if sample_size is None and kind == "u" else sample_size, counts, kind)
    if sizes is None:
        raise InputError(
            "the number of units inspected is missing",
            where="sample_size",
            remedy="give one number, or one for every count",
        )
    sizes = np.broadcast_to(sizes, counts.shape).astype(np.float64)
    if kind == "p" and np.any(sizes != np.floor(sizes)):
        raise InputError(
            "a sample size is a whole number of units",
            where="sample_size",
            remedy="give the number of units looked at",
        )
    result = _rates(kind, counts, sizes, target, confidence, name)
    _cumulative(result, counts, sizes)
    _trend(result, counts, sizes)
    panel = _stability(result, kind, counts, sizes, rule_ids(rules))
    _warn(result, counts, sizes)
    result.charts = [draw(result, counts, sizes, panel)]
    return result


def _rates(
    kind: str,
    counts: FloatArray,
    sizes: FloatArray,
    target: float | None,
    confidence: float,
    name: str,
) -> AttributeCapability:
    found, inspected = float(counts.sum()), float(sizes.sum())
    rate = found / inspected
    alpha = 1 - confidence
    rates = counts / sizes
    result = AttributeCapability(
        method="",
        kind="binomial" if kind == "p" else "poisson",
        name=name,
        samples=counts.size,
        inspected=inspected,
        total_count=found,
        rate=rate,
        ci_low=0.0,
        ci_high=0.0,
        level=confidence,
        rate_min=float(rates.min()),
        rate_max=float(rates.max()),
        mean_count=float(counts.mean()),
    )
    if kind == "p":
        if target is not None and target >= 1:
            raise InputError(
                f"a target of {target:g} is not a fraction",
                where="target",
                remedy="give it as a fraction, such as 0.02 for 2 %",
            )
        low, high = clopper_pearson(int(found), int(inspected), alpha)
        result.method = "pooled fraction defective, Clopper-Pearson interval; Z of its normal tail"
        result.fraction_defective, result.pct_defective = rate, 100 * rate
        result.pct_defective_ci_low, result.pct_defective_ci_high = 100 * low, 100 * high
        result.ppm = PER_MILLION * rate
        result.ppm_ci_low, result.ppm_ci_high = PER_MILLION * low, PER_MILLION * high
        result.z, result.z_ci_low, result.z_ci_high = _z(rate), _z(high), _z(low)
    else:
        low = float(special.gammaincinv(found, alpha / 2)) / inspected if found else 0.0
        high = float(special.gammainccinv(found + 1, alpha / 2)) / inspected
        result.method = (
            "defects per unit, pooled, exact Poisson interval (Garwood); yield is the share of "
            "units without a defect, exp(-DPU), and Z its normal quantile"
        )
        result.dpu, result.dpu_ci_low, result.dpu_ci_high = rate, low, high
        if float(np.ptp(sizes)) == 0:
            size = float(sizes[0])
            result.mean_count_ci_low, result.mean_count_ci_high = low * size, high * size
        result.yield_without_defect = math.exp(-rate)
        result.z = _z(-math.expm1(-rate))
        result.z_ci_low, result.z_ci_high = _z(-math.expm1(-high)), _z(-math.expm1(-low))
    result.ci_low, result.ci_high = low, high
    if target is not None:
        result.target = target
        result.capable = rate <= target
        result.capable_with_confidence = high <= target
    return result


def _z(share: float) -> float | None:
    return -float(special.ndtri(share)) if 0 < share < 1 else None


def _cumulative(result: AttributeCapability, counts: FloatArray, sizes: FloatArray) -> None:
    result.cumulative = (np.cumsum(counts) / np.cumsum(sizes)).tolist()
    if counts.size < 6:
        return
    last = np.asarray(result.cumulative[-math.ceil(counts.size * _LAST_SHARE) :])
    result.settled = bool(np.all((last >= result.ci_low) & (last <= result.ci_high)))
    result.assumptions.append(
        Check(
            name="enough samples",
            status="ok" if result.settled else "violated",
            detail="the last third of the cumulative rate "
            + ("stays" if result.settled else "does not stay")
            + " within the confidence interval of the whole",
        )
    )


def _trend(result: AttributeCapability, counts: FloatArray, sizes: FloatArray) -> None:
    """Score test of the rate against the sample size (Armitage; Poisson likewise)."""
    if float(np.ptp(sizes)) == 0 or counts.size < 3:
        return
    rate = result.rate
    variance = rate * (1 - rate) if result.kind == "binomial" else rate
    center = float(sizes @ sizes) / float(sizes.sum())
    score = float((counts - rate * sizes) @ (sizes - center))
    spread = variance * float(sizes @ (sizes - center) ** 2)
    if spread <= 0:
        return
    result.size_trend_z = score / math.sqrt(spread)
    result.size_trend_p = 2 * float(special.ndtr(-abs(result.size_trend_z)))
    related = result.size_trend_p < 0.05
    result.assumptions.append(
        Check(
            name="rate independent of the sample size",
            status="violated" if related else "ok",
            detail=f"score test of trend: z = {result.size_trend_z:.3g}, "
            f"p = {result.size_trend_p:.3g}",
        )
    )


def _stability(
    result: AttributeCapability,
    kind: str,
    counts: FloatArray,
    sizes: FloatArray,
    rules: list[str],
) -> object:
    """The p or u chart of the same counts; None where there are no limits."""
    if counts.size < 2 or result.rate <= 0 or (kind == "p" and result.rate >= 1):
        return None
    basis = Basis()
    chart = counts_chart(kind, counts, sizes, None, basis, without_zones(rules))
    found = judge(chart.panels[0], basis.n_sigma)
    result.out_of_limits = [*found.above, *found.below]
    result.signals = found.total
    result.stable = found.total == 0 and not result.out_of_limits
    detail = f"{kind} chart of the same counts: no signal"
    if not result.stable:
        first = found.violations[0].reason if found.violations else "a point beyond the limits"
        detail = f"{kind} chart of the same counts: {first}"
    result.assumptions += [
        Check(name="stable process", status="ok" if result.stable else "violated", detail=detail),
        dispersion_check(kind, counts, sizes, result.rate),
    ]
    return chart.panels[0], found


def _warn(result: AttributeCapability, counts: FloatArray, sizes: FloatArray) -> None:
    if result.rate == 0:
        result.warnings.append(
            "nothing was found in any sample, so only the upper bound of the rate is informative"
        )
    if result.kind == "binomial" and result.rate == 1:
        result.warnings.append("every unit is defective, so no process Z exists")
    if counts.size < _USUAL_SAMPLES:
        result.warnings.append(
            f"{counts.size} samples say little about stability; {_USUAL_SAMPLES} are usual"
        )
    smallest = float((result.rate * sizes).min())
    if 0 < smallest < 1:
        result.warnings.append(
            f"less than one count ({smallest:.2g}) is expected in the smallest sample; larger "
            "samples tell more"
        )


capability_attribute.narrates(narrate)


@capability_attribute.verifies
def _verify(
    result: AttributeCapability,
    defectives: list[float] | None,
    defects: list[float] | None,
    **_: object,
) -> list[Recomputed]:
    """The bounds put back into the exact distribution give the tail probability."""
    count = math.fsum(defectives or defects or [])
    tail = (1 - result.level) / 2
    n = result.inspected
    if result.kind == "binomial":
        # the binomial tail as an incomplete beta function, which takes any number of units
        upper = float(special.betaincc(count + 1, n - count, result.ci_high)) if count < n else tail
        lower = float(special.betainc(count, n - count + 1, result.ci_low)) if count else tail
    else:
        upper = float(special.pdtr(count, n * result.ci_high))
        lower = float(special.pdtrc(count - 1, n * result.ci_low)) if count else tail
    return [
        Recomputed(
            name=name,
            value=value,
            recomputed=tail,
            route="tail of the exact distribution at the bound",
            rtol=1e-5,
        )
        for name, value in (("ci_high", upper), ("ci_low", lower))
    ]
