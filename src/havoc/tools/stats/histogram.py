"""Histogram: shape, place and spread of values, against a fitted curve and limits.

Sources: NIST/SEMATECH e-Handbook 1.3.3.14; widths of classes: H. A. Sturges (1926),
D. Freedman and P. Diaconis (1981), D. W. Scott (1979).
"""

from __future__ import annotations

import itertools
import math
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import FloatArray, LowerLimit, Name, Sample, Unit, UpperLimit, as_sample
from havoc.tools.result import Narrative, Outcome, Recomputed
from havoc.tools.stats import precise_sums

MOST_CLASSES = 500


class Histogram(Outcome):
    """``edges`` has one entry more than ``counts``; a class holds its lower edge.

    ``below_lsl`` and ``above_usl`` count values beyond the limits. ``fullest_low`` to
    ``fullest_high`` is the class with most values.
    """

    name: str
    n: int
    mean: float
    sd: float
    min: float
    max: float
    class_count: int
    class_width: float
    edges: list[float]
    counts: list[int]
    rule: str
    fullest_low: float
    fullest_high: float
    fullest_count: int
    skewness: float
    peaks: int
    lsl: float | None = None
    usl: float | None = None
    target: float | None = None
    below_lsl: int | None = None
    above_usl: int | None = None
    outside_share: float | None = None


@tool(
    "histogram",
    title="Histogram",
    source="NIST/SEMATECH e-Handbook 1.3.3.14; Freedman and Diaconis (1981)",
)
def histogram(
    data: Sample,
    bins: Annotated[
        Annotated[int, Meta(ge=1, le=MOST_CLASSES)] | None,
        Meta(description="number of classes; by the rule if left out"),
    ] = None,
    rule: Annotated[
        Literal["auto", "sturges", "freedman_diaconis", "scott", "square_root"],
        Meta(description="how many classes; auto takes the finer of Sturges and Freedman-Diaconis"),
    ] = "auto",
    normal_curve: Annotated[
        bool, Meta(description="draw the normal curve with the mean and deviation of the values")
    ] = True,
    lsl: LowerLimit = None,
    usl: UpperLimit = None,
    target: Annotated[float | None, Meta(description="target value")] = None,
    name: Name = "the values",
    unit: Unit = "",
) -> Histogram:
    """How are the values spread: one peak or two, symmetric or skewed, inside the limits?

    Use it first on every column of measurements, with the specification limits
    where there are some. Assumes nothing, but below thirty values its shape is
    mostly chance, and it hides the order in time: draw a run or control chart too.
    """
    sample = as_sample(data, "data", minimum=2, varying=True)
    if lsl is not None and usl is not None and lsl >= usl:
        raise InputError(
            f"the lower limit {lsl:g} is not below the upper {usl:g}",
            where="lsl, usl",
            remedy="swap them",
        )
    for value, label in ((lsl, "lsl"), (usl, "usl"), (target, "target")):
        if value is not None and not math.isfinite(value):
            raise InputError(
                "the limit is not a finite number",
                where=label,
                remedy="give the limit as a number, or leave it out",
            )
    centred = precise_sums.deviations(sample)
    count = bins or _class_count(centred, rule)
    counts, edges = np.histogram(centred, bins=count)
    mean = precise_sums.mean(sample)
    sd = float(centred.std(ddof=1))
    fullest = int(np.argmax(counts))
    result = Histogram(
        method="classes of equal width, "
        + (f"{count} as asked for" if bins else f"their number by the rule {rule}"),
        unit=unit,
        name=name,
        n=sample.size,
        mean=mean,
        sd=sd,
        min=float(sample.min()),
        max=float(sample.max()),
        class_count=count,
        class_width=float(edges[1] - edges[0]),
        edges=(edges + mean).tolist(),
        counts=counts.tolist(),
        rule="given" if bins else rule,
        fullest_low=float(edges[fullest] + mean),
        fullest_high=float(edges[fullest + 1] + mean),
        fullest_count=int(counts[fullest]),
        skewness=float(np.mean((centred / centred.std()) ** 3)),
        peaks=_peaks(counts),
        lsl=lsl,
        usl=usl,
        target=target,
        warnings=precise_sums.precision_warnings(sample),
    )
    if lsl is not None or usl is not None:
        result.below_lsl = int((sample < lsl).sum()) if lsl is not None else None
        result.above_usl = int((sample > usl).sum()) if usl is not None else None
        outside = (result.below_lsl or 0) + (result.above_usl or 0)
        result.outside_share = outside / sample.size
    if sample.size < 30:
        result.warnings.append(f"{sample.size} values only: the shape is mostly chance")
    result.charts = [_chart(result, normal_curve)]
    return result


@histogram.narrates
def _narrate(result: Histogram) -> Narrative:
    shape = "near symmetric"
    if result.skewness > 0.5:
        shape = "skewed, with the long tail to the right"
    elif result.skewness < -0.5:
        shape = "skewed, with the long tail to the left"
    peaks = "" if result.peaks < 2 or result.n < 50 else ", with {{peaks}} peaks"
    details = [
        "Most values ({{fullest_count}} of {{n}}) lie between {{fullest_low}} and "
        "{{fullest_high:unit}}; the classes are {{class_width:unit}} wide."
    ]
    if result.outside_share is not None:
        details.append("Outside the limits lie {{outside_share:%}} of the values.")
    return Narrative(
        conclusion=f"{{{{name}}}}: {shape}{peaks}, about {{{{mean:unit}}}} with standard deviation "
        "{{sd:unit}}.",
        details=details,
        key_figures=[
            ("values", "{{n}}"),
            ("mean", "{{mean:unit}}"),
            ("standard deviation", "{{sd:unit}}"),
            ("classes", "{{class_count}}"),
            ("skewness", "{{skewness}}"),
        ],
    )


@histogram.verifies
def _verify(result: Histogram, data: list[float], **_: object) -> list[Recomputed]:
    if len(data) > 100_000:
        return []
    low, high = result.fullest_low, result.fullest_high
    slack = 1e-9 * result.class_width
    inside = sum(low - slack <= value < high - slack for value in data)
    if abs(high - result.max) <= slack:
        inside = sum(value >= low - slack for value in data)
    near = sum(abs(value - edge) <= 2 * slack for value in data for edge in (low, high))
    return [
        Recomputed(
            name="fullest_count",
            value=float(result.fullest_count),
            recomputed=float(inside),
            route="counting value by value",
            # A value within rounding of an edge may count on either side.
            atol=0.5 + near,
        )
    ]


def _class_count(centred: FloatArray, rule: str) -> int:
    n, reach = centred.size, float(np.ptp(centred))
    q1, q3 = np.quantile(centred, [0.25, 0.75])
    sturges = math.ceil(math.log2(n)) + 1
    width = {
        "freedman_diaconis": 2 * float(q3 - q1) / n ** (1 / 3),
        "scott": 3.49 * float(centred.std(ddof=1)) / n ** (1 / 3),
    }
    if rule == "sturges":
        count = sturges
    elif rule == "square_root":
        count = math.ceil(math.sqrt(n))
    elif rule == "auto":
        fine = width["freedman_diaconis"]
        count = max(sturges, math.ceil(reach / fine) if fine > 0 else sturges)
        # One heavy outlier must not cut the rest into hundreds of classes.
        count = min(count, max(4 * sturges, 40))
    else:
        count = math.ceil(reach / width[rule]) if width[rule] > 0 else sturges
    return min(max(count, 1), MOST_CLASSES)


def _peaks(counts: FloatArray) -> int:
    """Peaks of the counts smoothed over three classes, at least a third of the highest."""
    if counts.size < 5:
        return 1
    smooth = np.convolve(counts, [0.25, 0.5, 0.25], mode="same")
    inner = np.concatenate([[-1.0], smooth, [-1.0]])
    rises = (inner[1:-1] > inner[:-2]) & (inner[1:-1] >= inner[2:])
    high = rises & (smooth >= smooth.max() / 3)
    places = np.flatnonzero(high)
    # Two peaks count as two only if the valley between falls to less than two thirds.
    found = 1 if places.size else 0
    for before, after in itertools.pairwise(places.tolist()):
        valley = float(smooth[before : after + 1].min())
        found += valley < 2 / 3 * min(smooth[before], smooth[after])
    return max(int(found), 1)


def _chart(result: Histogram, normal_curve: bool) -> ChartSpec:
    edges = np.asarray(result.edges)
    series = [
        Series(
            name="count",
            kind="bars",
            x=((edges[:-1] + edges[1:]) / 2).tolist(),
            y=[float(count) for count in result.counts],
        )
    ]
    if normal_curve:
        x = np.linspace(edges[0], edges[-1], 121)
        z = (x - result.mean) / result.sd
        density = np.exp(-z * z / 2) / (result.sd * math.sqrt(2 * math.pi))
        series.append(
            Series(
                name="normal curve",
                kind="line",
                x=x.tolist(),
                y=(density * result.n * result.class_width).tolist(),
            )
        )
    lines: list[tuple[str, Literal["specification", "target", "center"], float | None]] = [
        ("LSL", "specification", result.lsl),
        ("USL", "specification", result.usl),
        ("target", "target", result.target),
        ("mean", "center", result.mean),
    ]
    limits = [
        Limit(label=label, role=role, value=value, orientation="vertical")
        for label, role, value in lines
        if value is not None
    ]
    return ChartSpec(
        kind="histogram",
        title=f"{result.name}: how often each value occurs",
        panels=[
            Panel(x_label=result.unit or "value", y_label="count", series=series, limits=limits)
        ],
    )
