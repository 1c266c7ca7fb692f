"""Change points: after which value did the mean of a process change?

The search and its sources are in ``segmentation``; W. A. Taylor (2000), Change-point analysis,
is the binary segmentation with a test at every split.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta
from scipy import stats

from havoc.charts import ChartSpec, Flag, Limit, Panel, Series, decimate
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
from havoc.tools.result import Check, Narrative, Outcome, Recomputed
from havoc.tools.spc import segmentation
from havoc.tools.spc.chart_input import independence

MOST_CHANGES = 50


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A change after value ``last_before`` (counted from 1).

    ``low`` and ``high`` bound the last value before it at the confidence of the result.
    ``f`` and ``p_value`` compare the two segments beside the change; ``shift_in_sigma`` is in
    standard deviations within the segments.
    """

    last_before: int
    first_after: int
    low: int
    high: int
    mean_before: float
    mean_after: float
    shift: float
    p_value: float
    shift_in_sigma: float | None = None
    f: float | None = None


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """Values ``first`` to ``last`` (counted from 1) with one mean."""

    first: int
    last: int
    n: int
    mean: float
    sd: float | None


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """The best partition with so many changes, and its criterion (smaller is better)."""

    changes: int
    places: list[int]
    rss: float
    bic: float


class ChangePoint(Outcome):
    """``change_point`` is the last value before the most likely single change, ``sup_f`` its F.

    ``p_value`` tests it against no change at all; ``cusum`` and ``cusum_p_value`` are the
    OLS-CUSUM test of the same. ``changes`` are those that were accepted; ``candidates`` the
    best partition for every number of them (exact search only).
    """

    name: str
    points: int
    change_point: int
    sup_f: float
    p_value: float
    significant: bool
    alpha: float
    level: float
    permutations: int
    seed: int
    cusum: float
    cusum_p_value: float
    changes_count: int
    changes: list[Change]
    segments: list[Segment]
    sigma: float
    mean: float
    min_segment: int
    bic: float | None = None
    bic_no_change: float | None = None
    candidates: list[Candidate] | None = None


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
    result.charts = [_chart(result, values)]
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


def _chart(result: ChangePoint, values: FloatArray) -> ChartSpec:
    shown = sorted({*decimate(values.size), *(change.last_before for change in result.changes)})
    place = {at: i for i, at in enumerate(shown)}
    x = [float(at + 1) for at in shown]
    level = np.concatenate([np.full(part.n, part.mean) for part in result.segments])
    sums = np.cumsum(values - result.mean)
    lines = [
        Limit(
            label=f"change after {change.last_before}",
            role="reference",
            value=change.last_before + 0.5,
            orientation="vertical",
        )
        for change in result.changes
    ]
    verdict = (
        f"the mean changes after {', '.join(str(c.last_before) for c in result.changes)}"
        if result.changes
        else "no change of the mean"
    )
    return ChartSpec(
        kind="change_point",
        title=f"{result.name}: {verdict}",
        panels=[
            Panel(
                title="values and the mean of every segment",
                x_label="observation",
                y_label=result.unit or "value",
                series=[
                    Series(
                        name="value",
                        x=x,
                        y=[float(values[at]) for at in shown],
                        flags=[
                            Flag(index=place[change.last_before], label="first after the change")
                            for change in result.changes
                        ],
                    ),
                    Series(
                        name="mean of the segment",
                        kind="step",
                        x=x,
                        y=[float(level[at]) for at in shown],
                    ),
                ],
                limits=lines,
            ),
            Panel(
                title="sum of the deviations from the overall mean, bent where the mean changes",
                x_label="observation",
                y_label="cumulative sum",
                series=[Series(name="cumulative sum", kind="line", x=x,
                               y=[float(sums[at]) for at in shown])],
                limits=lines,
            ),
        ],
        notes=[f"a selection of the {values.size} points is drawn"]
        if len(shown) < values.size
        else [],
    )  # fmt: skip


@change_point.narrates
def _narrate(result: ChangePoint) -> Narrative:
    details = []
    if result.changes:
        count = "once" if len(result.changes) == 1 else "{{changes_count}} times"
        conclusion = (
            f"The mean of {{{{name}}}} changed {count}: after value {{{{changes.0.last_before}}}}, "
            "from {{changes.0.mean_before}} to {{changes.0.mean_after:unit}} "
            "(p {{changes.0.p_value:p}})"
        )
        rest = [
            f"after value {{{{changes.{i}.last_before}}}} to {{{{changes.{i}.mean_after:unit}}}} "
            f"(p {{{{changes.{i}.p_value:p}}}})"
            for i in range(1, min(len(result.changes), 6))
        ]
        conclusion += "".join(f", {text}" for text in rest) + "."
        details += [
            f"With {{{{level:%}}}} confidence value {{{{changes.{i}.low}}}} to "
            f"{{{{changes.{i}.high}}}} was the last before the change; the shift is "
            f"{{{{changes.{i}.shift:unit}}}}, that is {{{{changes.{i}.shift_in_sigma}}}} standard "
            "deviations."
            for i in range(min(len(result.changes), 6))
        ]
    else:
        conclusion = (
            "There is no evidence that the mean of {{name}} changed (p {{p_value:p}}); the most "
            "likely place would be after value {{change_point}}."
        )
    if result.candidates is not None:
        details.append("The criterion falls from {{bic_no_change}} without a change to {{bic}}.")
    return Narrative(
        conclusion=conclusion,
        details=details,
        key_figures=[
            ("most likely change after value", "{{change_point}}"),
            ("largest F", "{{sup_f}}"),
            ("p-value", "{{p_value}}"),
            ("changes accepted", "{{changes_count}}"),
            ("standard deviation within segments", "{{sigma:unit}}"),
        ],
    )


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
