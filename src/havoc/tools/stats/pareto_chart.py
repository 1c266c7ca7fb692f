"""Pareto chart: which few causes make most of the trouble?

Sources: J. M. Juran (1951), Quality Control Handbook; NIST/SEMATECH e-Handbook 6.1.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Annotated

import msgspec
from msgspec import Meta

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Name
from havoc.tools.result import Narrative, Outcome, Recomputed

OTHERS = "other"
MOST_DRAWN = 40


class ParetoItem(msgspec.Struct, frozen=True, kw_only=True):
    """``share`` and ``cumulative`` are fractions of the total; ``vital`` marks the few."""

    name: str
    count: float
    share: float
    cumulative: float
    vital: bool


class Pareto(Outcome):
    """``vital`` are the causes needed to reach ``threshold`` of the total."""

    total: float
    category_count: int
    items: list[ParetoItem]
    vital: list[str]
    vital_count: int
    vital_share: float
    threshold: float
    largest: str
    largest_share: float
    name: str
    combined: list[str]


@tool(
    "pareto_chart",
    title="Pareto chart",
    source="Juran (1951); NIST/SEMATECH e-Handbook 6.1",
)
def pareto_chart(
    counts: Annotated[
        dict[str, Annotated[float, Meta(ge=0)]] | None,
        Meta(description="count, cost or time of every category"),
    ] = None,
    observations: Annotated[
        list[str] | None, Meta(description="instead of counts: the category of every single defect")
    ] = None,
    threshold: Annotated[
        float, Meta(gt=0, le=1, description="share of the total that makes the vital few")
    ] = 0.8,
    combine_after: Annotated[
        float,
        Meta(gt=0, le=1, description="smaller categories beyond this share become one, last bar"),
    ] = 1.0,
    name: Name = "category",
) -> Pareto:
    """Which few categories make most of the total?

    Use it to decide where to work first: defects by type, downtime by cause,
    complaints by product, or cost instead of counts where a rare defect is dear.
    Assumes that categories exclude each other and that counts come from one
    period and one amount of production; the order says nothing about chance.
    """
    given = _counts(counts, observations)
    total = math.fsum(given.values())
    if total <= 0:
        raise InputError("all counts are 0", where="counts", remedy="enter the counts")
    # Largest first; categories of the same size in the order given.
    ordered = sorted(given.items(), key=lambda item: -item[1])
    kept, combined = _combined(ordered, total, combine_after)
    items, running, reached = [], 0.0, False
    for label, count in kept:
        running += count
        vital = not reached and label != OTHERS
        reached = reached or running >= threshold * total * (1 - 1e-12)
        items.append(
            ParetoItem(
                name=label,
                count=count,
                share=count / total,
                cumulative=min(running / total, 1.0),
                vital=vital,
            )
        )
    vital_names = [item.name for item in items if item.vital]
    return Pareto(
        method=f"categories by falling size; vital few reach {threshold:.0%} of the total",
        total=total,
        category_count=len(given),
        items=items,
        vital=vital_names,
        vital_count=len(vital_names),
        vital_share=math.fsum(item.share for item in items if item.vital),
        threshold=threshold,
        largest=ordered[0][0],
        largest_share=ordered[0][1] / total,
        name=name,
        combined=combined,
        charts=[_chart(items, threshold, name)],
    )


@pareto_chart.narrates
def _narrate(result: Pareto) -> Narrative:
    details = ["The largest is {{largest}} with {{largest_share:%}} of the total {{total}}."]
    if result.combined:
        details.append("The smallest categories are drawn as one: {{combined}}.")
    verb = "makes" if result.vital_count == 1 else "make"
    return Narrative(
        conclusion=f"{{{{vital_count}}}} of {{{{category_count}}}} categories {verb} "
        "{{vital_share:%}} of the total: {{vital}}.",
        details=details,
        key_figures=[
            (
                f"{{{{items.{i}.name}}}}",
                f"{{{{items.{i}.count}}}} ({{{{items.{i}.share:%}}}}, together "
                f"{{{{items.{i}.cumulative:%}}}})",
            )
            for i in range(min(len(result.items), 12))
        ],
    )


@pareto_chart.verifies
def _verify(result: Pareto, **_: object) -> list[Recomputed]:
    return [
        Recomputed(
            name="items.0.share",
            value=result.items[0].share,
            recomputed=1 - math.fsum(item.count for item in result.items[1:]) / result.total,
            route="one minus all others",
            atol=1e-12,
        )
    ]


def _counts(counts: dict[str, float] | None, observations: list[str] | None) -> dict[str, float]:
    if (counts is None) == (observations is None):
        raise InputError(
            "give either counts or observations",
            where="pareto_chart",
            remedy="give exactly one of them",
        )
    if counts is None:
        counts = {label: float(count) for label, count in Counter(observations or []).items()}
    if not counts:
        raise InputError("no category given", where="counts", remedy="name each with its count")
    for label, count in counts.items():
        if not math.isfinite(count):
            raise InputError(
                "the count is not a finite number",
                where=f"counts, {label}",
                remedy="enter the count",
            )
    return counts


def _combined(
    ordered: list[tuple[str, float]], total: float, share: float
) -> tuple[list[tuple[str, float]], list[str]]:
    """Categories up to ``share`` of the total, the rest (two or more) as one at the end."""
    running = 0.0
    for place, (_, count) in enumerate(ordered):
        running += count
        if running >= share * total * (1 - 1e-12):
            rest = ordered[place + 1 :]
            if share >= 1 or len(rest) < 2:
                return ordered, []
            together = (OTHERS, math.fsum(count for _, count in rest))
            return [*ordered[: place + 1], together], [label for label, _ in rest]
    return ordered, []


def _chart(items: list[ParetoItem], threshold: float, name: str) -> ChartSpec:
    shown = items[:MOST_DRAWN]
    names = [item.name for item in shown]
    return ChartSpec(
        kind="pareto",
        title=f"Share of every {name}, largest first, and their sum",
        panels=[
            Panel(
                y_label="% of the total",
                x_scale="category",
                series=[
                    Series(
                        name="share", kind="bars", x=names, y=[100 * item.share for item in shown]
                    ),
                    Series(
                        name="cumulative",
                        kind="line_points",
                        x=names,
                        y=[100 * item.cumulative for item in shown],
                    ),
                ],
                limits=[Limit(label="vital few", role="reference", value=100 * threshold)],
            )
        ],
        notes=[]
        if len(shown) == len(items)
        else [f"the first {len(shown)} of {len(items)} categories are drawn"],
    )
