"""Box plot: middle, spread and outliers of one or several groups side by side.

Sources: J. W. Tukey (1977), Exploratory Data Analysis, 2C and 2D; R. McGill, J. W. Tukey and
W. A. Larsen (1978) for the notches; R. J. Hyndman and Y. Fan (1996) for the quartiles.
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
from havoc.tools.parameters import FloatArray, Groups, Name, Positive, Sample, Unit, as_sample
from havoc.tools.result import Narrative, Outcome, Recomputed

MOST_GROUPS = 60
MOST_OUTLIERS = 200


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """``whisker_low`` and ``whisker_high`` are the last values within the fences.

    ``notch_low`` to ``notch_high`` is the median plus and minus 1.58 iqr / sqrt(n): notches
    that do not overlap speak for different medians.
    """

    name: str
    n: int
    mean: float
    median: float
    q1: float
    q3: float
    iqr: float
    whisker_low: float
    whisker_high: float
    notch_low: float
    notch_high: float
    outlier_count: int
    outliers: list[float]


class BoxPlot(Outcome):
    """One box a group; ``outlier_count`` counts the values beyond the fences of all."""

    boxes: list[Box]
    group_count: int
    n: int
    reach: float
    quartiles: str
    outlier_count: int
    highest: str
    lowest: str
    widest: str
    name: str


QUARTILES = {
    "type7": "quartiles of Hyndman-Fan type 7 (R quantile, Excel)",
    "type6": "quartiles of Hyndman-Fan type 6 (Minitab)",
    "hinges": "Tukey's hinges (R boxplot)",
}


@tool(
    "box_plot",
    title="Box plot",
    source="Tukey (1977) 2C; McGill, Tukey and Larsen (1978)",
)
def box_plot(
    data: Annotated[Sample | None, Meta(description="one sample: its measured values")] = None,
    groups: Annotated[
        Groups | None, Meta(description="instead of data: values of each named group")
    ] = None,
    quartiles: Annotated[
        Literal["type7", "type6", "hinges"],
        Meta(description="how quartiles are taken: type7 as R and Excel, type6 as Minitab"),
    ] = "type7",
    reach: Annotated[
        Positive, Meta(description="fences stand so many interquartile ranges from the box")
    ] = 1.5,
    reference: Annotated[float | None, Meta(description="target or limit to draw")] = None,
    name: Name = "the values",
    unit: Unit = "",
) -> BoxPlot:
    """How do groups compare in middle, spread and outliers?

    Use it to look at groups before a test, or at one column for skewness and
    outliers. Values beyond the fences are shown one by one; in normal values
    about seven in a thousand lie there, so a point outside is no proof of a
    fault. Assumes nothing, but needs about five values a group to mean much.
    """
    if (data is None) == (groups is None):
        raise InputError(
            "give either data or groups", where="box_plot", remedy="give exactly one of them"
        )
    given = {name: data} if data is not None else dict(groups or {})
    if not 1 <= len(given) <= MOST_GROUPS:
        raise InputError(
            f"{len(given)} groups given, 1 to {MOST_GROUPS} possible",
            where="groups",
            remedy="give another number of groups",
        )
    boxes = [
        _box(label, as_sample(values or [], label, minimum=1), quartiles, reach)
        for label, values in given.items()
    ]
    few = [box.name for box in boxes if box.n < 5]
    return BoxPlot(
        method=f"{QUARTILES[quartiles]}; fences {reach:g} interquartile ranges from the box",
        unit=unit,
        boxes=boxes,
        group_count=len(boxes),
        n=sum(box.n for box in boxes),
        reach=reach,
        quartiles=quartiles,
        outlier_count=sum(box.outlier_count for box in boxes),
        highest=max(boxes, key=lambda box: box.median).name,
        lowest=min(boxes, key=lambda box: box.median).name,
        widest=max(boxes, key=lambda box: box.iqr).name,
        name=name,
        warnings=[f"fewer than 5 values in {', '.join(few[:5])}: look at the values themselves"]
        if few
        else [],
        charts=[_chart(boxes, name, unit, reference)],
    )


@box_plot.narrates
def _narrate(result: BoxPlot) -> Narrative:
    if result.group_count == 1:
        conclusion = (
            "{{boxes.0.name}}: median {{boxes.0.median:unit}}, the middle half between "
            "{{boxes.0.q1}} and {{boxes.0.q3:unit}}"
        )
    else:
        conclusion = (
            "The median is highest in {{highest}} and lowest in {{lowest}}; {{widest}} spreads most"
        )
    beyond = {0: "no value lies", 1: "one value lies"}.get(
        result.outlier_count, "{{outlier_count}} values lie"
    )
    return Narrative(
        conclusion=f"{conclusion}; {beyond} beyond the fences.",
        details=[
            f"Beyond the fences in {{{{boxes.{i}.name}}}}: {{{{boxes.{i}.outliers}}}}."
            for i, box in enumerate(result.boxes[:12])
            if box.outliers
        ],
        key_figures=[
            (
                f"{{{{boxes.{i}.name}}}}",
                f"median {{{{boxes.{i}.median:unit}}}}, quartiles {{{{boxes.{i}.q1}}}} and "
                f"{{{{boxes.{i}.q3}}}}, n = {{{{boxes.{i}.n}}}}",
            )
            for i in range(min(len(result.boxes), 16))
        ],
    )


@box_plot.verifies
def _verify(
    result: BoxPlot, data: list[float] | None, groups: dict[str, list[float]] | None, **_: object
) -> list[Recomputed]:
    import statistics

    values = data if data is not None else next(iter((groups or {}).values()))
    return [
        Recomputed(
            name="boxes.0.median",
            value=result.boxes[0].median,
            recomputed=statistics.median(values),
            route="statistics.median of the Python standard library",
        )
    ]


def _box(label: str, sample: FloatArray, quartiles: str, reach: float) -> Box:
    ordered = np.sort(sample)
    n = ordered.size
    median = float(np.median(ordered))
    if quartiles == "hinges":
        half = (n + 1) // 2
        q1, q3 = float(np.median(ordered[:half])), float(np.median(ordered[n - half :]))
    else:
        method = "linear" if quartiles == "type7" else "weibull"
        q1, q3 = (
            float(np.quantile(ordered, share, method=method))  # type: ignore[call-overload]
            for share in (0.25, 0.75)
        )
    iqr = q3 - q1
    inside = ordered[(ordered >= q1 - reach * iqr) & (ordered <= q3 + reach * iqr)]
    outside = ordered[(ordered < q1 - reach * iqr) | (ordered > q3 + reach * iqr)]
    notch = 1.58 * iqr / math.sqrt(n)
    return Box(
        name=label,
        n=n,
        mean=math.fsum(ordered.tolist()) / n,
        median=median,
        q1=q1,
        q3=q3,
        iqr=iqr,
        whisker_low=float(inside[0]) if inside.size else q1,
        whisker_high=float(inside[-1]) if inside.size else q3,
        notch_low=median - notch,
        notch_high=median + notch,
        outlier_count=outside.size,
        outliers=outside[:MOST_OUTLIERS].tolist(),
    )


def _chart(boxes: list[Box], name: str, unit: str, reference: float | None) -> ChartSpec:
    names = [box.name for box in boxes]
    outliers = [(box.name, value) for box in boxes for value in box.outliers]
    series = [
        Series(
            name="median",
            kind="points",
            x=names,
            y=[box.median for box in boxes],
            low=[box.whisker_low for box in boxes],
            high=[box.whisker_high for box in boxes],
            box_low=[box.q1 for box in boxes],
            box_high=[box.q3 for box in boxes],
        ),
        Series(name="mean", kind="points", x=names, y=[box.mean for box in boxes]),
    ]
    if outliers:
        series.append(
            Series(
                name="beyond the fences",
                kind="points",
                x=[label for label, _ in outliers],
                y=[value for _, value in outliers],
            )
        )
    return ChartSpec(
        kind="box_plot",
        title=f"Median, quartiles and range of {name}",
        panels=[
            Panel(
                y_label=unit or "value",
                x_scale="category",
                series=series,
                limits=[]
                if reference is None
                else [Limit(label="reference", role="reference", value=reference)],
            )
        ],
        notes=[f"the first {MOST_OUTLIERS} of the values beyond the fences of a group are drawn"]
        if any(box.outlier_count > MOST_OUTLIERS for box in boxes)
        else [],
    )
