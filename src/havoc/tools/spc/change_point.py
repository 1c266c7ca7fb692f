"""Change points: after which value did the mean of a process change?

The search and its sources are in ``segmentation``; W. A. Taylor (2000), Change-point analysis,
is the binary segmentation with a test at every split.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta
from scipy import stats

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import (
    Alpha,
    Confidence,
    FloatArray,
    Name,
    Sample,
    Seed,
    Unit,
    as_sample,
)
from havoc.tools.result import Check, Recomputed
from havoc.tools.spc import segmentation
from havoc.tools.spc.change_point_result import (
    Candidate,
    Change,
    ChangePoint,
    Segment,
    chart,
    narrate,
)
from havoc.tools.spc.chart_input import independence

MOST_CHANGES = 50


@tool(
    "change_point",
    title="Change point",
    source="Hinkley (1970), Biometrika 57, 1; Bai and Perron (2003); Taylor (2000)",
)
def change_point(
    data: Sample,
    method: Annotated[
        Literal["binary", "exact"],
        Meta(
            description="several changes: one after another, each tested (binary), or the least "
            "squares partition with the number of changes by BIC (exact, R strucchange)"
        ),
    ] = "binary",
    max_changes: Annotated[
        int, Meta(ge=1, le=MOST_CHANGES, description="at most so many changes")
    ] = 5,
    changes: Annotated[
        Annotated[int, Meta(ge=1, le=MOST_CHANGES)] | None,
        Meta(description="exact search: so many changes, instead of the number by BIC"),
    ] = None,
    min_segment: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="fewest values between changes; 2 (binary), or 15 % of them (exact)"),
    ] = None,
    permutations: Annotated[
        int, Meta(ge=199, le=99_999, description="random orders that a p-value is worked out from")
    ] = 1999,
    seed: Seed = 1,
    alpha: Alpha = 0.05,
    confidence: Confidence = 0.95,
    name: Name = "the process",
    unit: Unit = "",
) -> ChangePoint:
    """After which value did the mean change, and how sure is that?

    Use it after a control chart has signalled, to find when the change happened, or on
    historical data to find shifts. The most likely change maximises the likelihood of
    normal values with one standard deviation; its p-value comes from random orders of
    the same values with a fixed seed (from an asymptotic formula for very long series).
    Assumes independent values with constant spread around a mean that jumps; a slow
    drift is cut into steps, and autocorrelated values give false changes.
    """
    values = as_sample(data, "data", minimum=4, varying=True)
    values_scaled = values - values[0]
    least = min_segment or (2 if method == "binary" else max(math.floor(0.15 * values.size), 2))
    split = segmentation.likely_split(values_scaled, least)
    if split is None:
        raise InputError(
            f"{values.size} values cannot hold two segments of {least}",
            where="min_segment",
            remedy="use a smaller min_segment or more data",
        )
    if not math.isfinite(split.f):
        raise InputError(
            f"the values are constant up to value {split.first} and constant after it, so there "
            "is no variation to test the change against",
            where="data",
            remedy="check the resolution of the measurement",
        )
    if changes is not None and method == "binary":
        raise InputError(
            "the number of changes is given for the exact search only",
            where="changes",
            remedy="use method exact, or max_changes",
        )
    p_value, done = segmentation.change_p_value(values_scaled, least, permutations, seed)
    candidates = None
    if method == "exact":
        candidates = _candidates(values_scaled, least, changes or max_changes)
        splits = _chosen(candidates, changes)
    else:
        splits = segmentation.binary_splits(
            values_scaled, least, max_changes, alpha, permutations, seed
        )
    cusum, cusum_p = segmentation.cusum_statistic(values_scaled)
    parts = np.split(values, splits)
    rss = segmentation.residual_sum(values_scaled, splits)
    degrees = max(values.size - len(parts), 1)
    sigma = math.sqrt(rss / degrees)
    found = _changes(values_scaled, values, splits, least, sigma, confidence, permutations, seed)
    result = ChangePoint(
        method=_method(method, least, done, seed, changes),
        unit=unit,
        name=name,
        points=values.size,
        change_point=split.first,
        sup_f=split.f,
        p_value=p_value,
        significant=p_value < alpha,
        alpha=alpha,
        level=confidence,
        permutations=done,
        seed=seed,
        cusum=cusum,
        cusum_p_value=cusum_p,
        changes_count=len(splits),
        changes=found,
        segments=_segments(values, splits),
        sigma=sigma,
        mean=float(values[0] + values_scaled.mean()),
        min_segment=least,
        candidates=candidates,
        assumptions=_checks(values, parts),
    )
    if candidates is not None:
        result.bic = candidates[len(splits)].bic
        result.bic_no_change = candidates[0].bic
    if method == "binary" and len(splits) == max_changes:
        result.warnings.append(f"the search stopped at max_changes = {max_changes}")
    result.charts = [chart(result, values)]
    return result


def _candidates(values: FloatArray, least: int, most: int) -> list[Candidate]:
    if values.size > segmentation.MOST_EXACT:
        raise InputError(
            f"the exact search takes up to {segmentation.MOST_EXACT} values",
            where="method",
            remedy="use binary",
        )
    found = []
    for splits in segmentation.best_partitions(values, least, most):
        rss = segmentation.residual_sum(values, splits)
        if rss <= 0:
            raise InputError(
                f"with {len(splits)} changes the segments have no variation left",
                where="data",
                remedy="check the resolution of the measurement, or use a larger min_segment",
            )
        found.append(
            Candidate(
                changes=len(splits), places=splits, rss=rss, bic=segmentation.bic(values, splits)
            )
        )
    return found


def _chosen(candidates: list[Candidate], wanted: int | None) -> list[int]:
    if wanted is None:
        return min(candidates, key=lambda item: item.bic).places
    if wanted >= len(candidates):
        raise InputError(
            f"there is no room for {wanted} changes, at most {len(candidates) - 1}",
            where="changes, min_segment",
            remedy="use fewer changes or a smaller min_segment",
        )
    return candidates[wanted].places


def _method(method: str, least: int, permutations: int, seed: int, changes: int | None) -> str:
    how = (
        f"{permutations} permutations, seed {seed}"
        if permutations
        else "asymptotic tail of the standardised bridge (Csörgő and Horváth)"
    )
    search = {
        "binary": "binary segmentation, every split tested at alpha",
        "exact": "least squares partition (dynamic programming), number of changes "
        + ("given" if changes else "by BIC"),
    }[method]
    return (
        f"likelihood ratio of a change in the mean of normal values, p-value by {how}; {search}; "
        f"at least {least} values a segment"
    )


def _changes(
    scaled: FloatArray,
    values: FloatArray,
    splits: list[int],
    least: int,
    sigma: float,
    confidence: float,
    permutations: int,
    seed: int,
) -> list[Change]:
    edges = [0, *splits, values.size]
    # Divided by n, as the likelihood of the place has it.
    likely_sigma = math.sqrt(segmentation.residual_sum(scaled, splits) / values.size)
    found = []
    for before, at, after in zip(edges, edges[1:], edges[2:], strict=False):
        first, second = scaled[before:at], scaled[at:after]
        shift = float(second.mean() - first.mean())
        beside = scaled[before:after]
        p, _ = segmentation.change_p_value(beside, least, permutations, seed)
        inner = segmentation.residual_sum(beside, [at - before])
        gain = segmentation.residual_sum(beside, []) - inner
        low, high = segmentation.place_interval(
            at, shift, likely_sigma, confidence, before + 1, after - 1
        )
        found.append(
            Change(
                last_before=at,
                first_after=at + 1,
                low=low,
                high=high,
                mean_before=float(values[before:at].mean()),
                mean_after=float(values[at:after].mean()),
                shift=shift,
                shift_in_sigma=shift / sigma if sigma else None,
                f=gain * (beside.size - 2) / inner if inner > 0 else None,
                p_value=p,
            )
        )
    return found


def _segments(values: FloatArray, splits: list[int]) -> list[Segment]:
    edges = [0, *splits, values.size]
    return [
        Segment(
            first=start + 1,
            last=end,
            n=end - start,
            mean=float(values[start:end].mean()),
            sd=float(values[start:end].std(ddof=1)) if end - start > 1 else None,
        )
        for start, end in pairwise(edges)
    ]


def _checks(values: FloatArray, parts: list[FloatArray]) -> list[Check]:
    residuals = np.concatenate([part - part.mean() for part in parts])
    if np.ptp(residuals) == 0:
        return []
    checks = [independence(residuals)]
    spreads = [part for part in parts if part.size >= 3 and np.ptp(part) > 0]
    if len(spreads) >= 2:
        p = float(stats.levene(*spreads, center="median").pvalue)
        checks.append(
            Check(
                name="constant spread",
                status="ok" if p >= 0.05 else "violated",
                detail=f"Levene's test of the segments, p = {p:.3g}",
            )
        )
    return checks


change_point.narrates(narrate)


@change_point.verifies
def _verify(result: ChangePoint, data: list[float], **_: object) -> list[Recomputed]:
    if len(data) > 20_000:
        return []
    k = result.change_point
    if min(k, len(data) - k) < 2:
        return []
    peer = stats.ttest_ind(data[:k], data[k:])
    return [
        Recomputed(
            name="sup_f",
            value=result.sup_f,
            recomputed=float(peer.statistic) ** 2,
            route="square of the pooled t of the values before and after",
        )
    ]
