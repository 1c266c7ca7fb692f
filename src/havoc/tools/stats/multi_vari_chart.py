"""Multi-vari chart: which source of variation is the large one?

Sources: L. A. Seder (1950), Industrial Quality Control 7; D. Shainin and P. Shainin (1988);
NIST/SEMATECH e-Handbook 7.4.3 for the sums of squares.
"""

from __future__ import annotations

import itertools
import math
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import FloatArray, Name, Sample, Unit, as_sample
from havoc.tools.result import Narrative, Outcome, Recomputed

MOST_FACTORS = 4
MOST_LEVELS = 40
MOST_PANELS = 9
WITHIN = "within one combination"


class LevelMean(msgspec.Struct, frozen=True, kw_only=True):
    level: str
    n: int
    mean: float


class VariationSource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``range_of_means`` between the levels; ``share`` is that of the total sum of squares."""

    name: str
    levels: int
    sum_of_squares: float
    share: float
    means: list[LevelMean]
    range_of_means: float | None = None


class CellMean(msgspec.Struct, frozen=True, kw_only=True):
    cell: str
    n: int
    mean: float
    range: float


class MultiVari(Outcome):
    """``sources`` lists factors, their combination beyond the single factors, and the rest.

    ``largest`` names the source with the largest share of the variation. Shares of
    unbalanced data add up only roughly.
    """

    n: int
    total_sum_of_squares: float
    grand_mean: float
    sources: list[VariationSource]
    cells: list[CellMean]
    largest: str
    largest_share: float
    second: str
    balanced: bool
    mean_range_within: float
    response_name: str


@tool(
    "multi_vari_chart",
    title="Multi-vari chart",
    source="Seder (1950); Shainin and Shainin (1988)",
)
def multi_vari_chart(
    response: Sample,
    factors: Annotated[
        dict[str, list[str]],
        Meta(description="level of each of one to four factors for every value, first on the axis"),
    ],
    response_name: Name = "the response",
    unit: Unit = "",
) -> MultiVari:
    """Where does the variation come from: within a part, from part to part, over time?

    Use it at the start of an improvement, with factors such as position, part,
    machine, shift or day, to see which family of causes is worth studying. It
    describes and does not test: follow with an analysis of variance or a gage
    study. Assumes values taken in a planned way, best one to five in every
    combination of levels.
    """
    sample = as_sample(response, "response", minimum=2, varying=True)
    codes, levels = _codes(factors, sample.size)
    centred = sample - sample.mean()
    total = float(centred @ centred)
    sources = [_source(name, codes[name], levels[name], sample, centred) for name in levels]
    cells, cell_index = _cells(codes, levels)
    counts = np.bincount(cell_index, minlength=len(cells))
    between = float((np.bincount(cell_index, weights=centred) ** 2 / counts).sum())
    if len(levels) > 1:
        joint = max(between - math.fsum(source.sum_of_squares for source in sources), 0.0)
        sources.append(
            VariationSource(
                name="combination of the factors",
                levels=len(cells),
                sum_of_squares=joint,
                share=joint / total,
                means=[],
            )
        )
    ranges = [float(np.ptp(sample[cell_index == i])) for i in range(len(cells))]
    if counts.max() > 1:
        within = max(total - between, 0.0)
        sources.append(
            VariationSource(
                name=WITHIN,
                levels=len(cells),
                sum_of_squares=within,
                share=within / total,
                means=[],
            )
        )
    ordered = sorted(sources, key=lambda source: -source.share)
    complete = math.prod(len(names) for names in levels.values()) == len(cells)
    balanced = bool(complete and counts.min() == counts.max())
    means = np.bincount(cell_index, weights=sample) / counts
    repeated = [found for found, count in zip(ranges, counts, strict=True) if count > 1]
    return MultiVari(
        method="means of levels and of their combinations; shares of the total sum of squares",
        unit=unit,
        n=sample.size,
        total_sum_of_squares=total,
        grand_mean=float(sample.mean()),
        sources=sources,
        cells=[
            CellMean(cell=cell, n=int(count), mean=float(mean), range=found)
            for cell, count, mean, found in zip(cells, counts, means, ranges, strict=True)
        ],
        largest=ordered[0].name,
        largest_share=ordered[0].share,
        second=ordered[1].name if len(ordered) > 1 else "",
        balanced=balanced,
        mean_range_within=math.fsum(repeated) / len(repeated) if repeated else 0.0,
        response_name=response_name,
        warnings=[]
        if balanced
        else ["the combinations are not equally filled: shares of the variation overlap"],
        charts=[_chart(sample, codes, levels, response_name, unit)],
    )


@multi_vari_chart.narrates
def _narrate(result: MultiVari) -> Narrative:
    details = ["Next is {{second}}."] if result.second else []
    details.append("This describes the sample; an analysis of variance tells it from chance.")
    return Narrative(
        conclusion="Most of the variation of {{response_name}} comes from {{largest}} "
        "({{largest_share:%}} of the sum of squares).",
        details=details,
        key_figures=[
            (
                f"{{{{sources.{i}.name}}}}",
                f"{{{{sources.{i}.share:%}}}}"
                + (
                    f", means differ by up to {{{{sources.{i}.range_of_means:unit}}}}"
                    if source.means
                    else ""
                ),
            )
            for i, source in enumerate(result.sources)
        ],
    )


@multi_vari_chart.verifies
def _verify(result: MultiVari, response: list[float], **_: object) -> list[Recomputed]:
    import statistics

    return [
        Recomputed(
            name="total_sum_of_squares",
            value=result.total_sum_of_squares,
            recomputed=statistics.pvariance(response) * len(response),
            route="variance of the Python standard library",
            rtol=1e-6,
        )
    ]


def _codes(
    factors: dict[str, list[str]], size: int
) -> tuple[dict[str, NDArray[np.int64]], dict[str, list[str]]]:
    if not 1 <= len(factors) <= MOST_FACTORS:
        raise InputError(
            f"{len(factors)} factors given, 1 to {MOST_FACTORS} possible",
            where="factors",
            remedy="name the sources of variation, one column of levels each",
        )
    codes, levels = {}, {}
    for name, column in factors.items():
        if len(column) != size:
            raise InputError(
                f"{len(column)} levels for {size} values",
                where=f"factors, {name}",
                remedy="give the level of every value",
            )
        names = list(dict.fromkeys(column))
        if not 2 <= len(names) <= MOST_LEVELS:
            raise InputError(
                f"{len(names)} different levels, 2 to {MOST_LEVELS} can be drawn",
                where=f"factors, {name}",
                remedy="leave the factor out, or group its levels",
            )
        place = {level: i for i, level in enumerate(names)}
        codes[name] = np.asarray([place[level] for level in column], dtype=np.int64)
        levels[name] = names
    return codes, levels


def _source(
    name: str,
    codes: NDArray[np.int64],
    levels: list[str],
    sample: FloatArray,
    centred: FloatArray,
) -> VariationSource:
    counts = np.bincount(codes)
    means = np.bincount(codes, weights=sample) / counts
    square = float((np.bincount(codes, weights=centred) ** 2 / counts).sum())
    return VariationSource(
        name=name,
        levels=len(levels),
        range_of_means=float(np.ptp(means)),
        sum_of_squares=square,
        share=square / float(centred @ centred),
        means=[
            LevelMean(level=level, n=int(count), mean=float(mean))
            for level, count, mean in zip(levels, counts, means, strict=True)
        ],
    )


def _cells(
    codes: dict[str, NDArray[np.int64]], levels: dict[str, list[str]]
) -> tuple[list[str], NDArray[np.int64]]:
    """Names of the combinations that occur, and the combination of every value."""
    rows = list(zip(*(column.tolist() for column in codes.values()), strict=True))
    found = sorted(set(rows))
    place = {row: i for i, row in enumerate(found)}
    names = [
        ", ".join(names[i] for i, names in zip(row, levels.values(), strict=True)) for row in found
    ]
    return names, np.asarray([place[row] for row in rows], dtype=np.int64)


def _chart(
    sample: FloatArray,
    codes: dict[str, NDArray[np.int64]],
    levels: dict[str, list[str]],
    name: str,
    unit: str,
) -> ChartSpec:
    """First factor along the axis, second as lines, third and fourth as panels."""
    axis, *rest = levels
    lines, panels = rest[:1], rest[1:]
    combinations = list(itertools.product(*(range(len(levels[panel])) for panel in panels)))
    grand = float(sample.mean())
    drawn = []
    for combination in combinations[:MOST_PANELS]:
        here = np.ones(sample.size, dtype=bool)
        for panel, level in zip(panels, combination, strict=True):
            here &= codes[panel] == level
        drawn.append(
            Panel(
                title=", ".join(
                    f"{panel} {levels[panel][level]}"
                    for panel, level in zip(panels, combination, strict=True)
                ),
                x_label=axis,
                y_label=unit or name,
                x_scale="category",
                series=_lines(sample, here, codes, levels, axis, lines),
                limits=[Limit(label="mean of all", role="center", value=grand)],
            )
        )
    return ChartSpec(
        kind="multi_vari",
        title=f"{name}: means, with the range of each combination",
        panels=drawn,
        notes=[]
        if len(drawn) == len(combinations)
        else [f"the first {len(drawn)} of {len(combinations)} panels are drawn"],
    )


def _lines(
    sample: FloatArray,
    here: NDArray[np.bool_],
    codes: dict[str, NDArray[np.int64]],
    levels: dict[str, list[str]],
    axis: str,
    lines: list[str],
) -> list[Series]:
    series = []
    for place, label in enumerate(levels[lines[0]] if lines else ["mean"]):
        chosen = here & (codes[lines[0]] == place) if lines else here
        x, y, low, high = [], [], [], []
        for level, text in enumerate(levels[axis]):
            values = sample[chosen & (codes[axis] == level)]
            if values.size:
                x.append(text)
                y.append(float(values.mean()))
                low.append(float(values.min()))
                high.append(float(values.max()))
        if x:
            series.append(
                Series(
                    name=f"{lines[0]} {label}" if lines else label,
                    kind="line_points",
                    x=x,
                    y=y,
                    low=low,
                    high=high,
                )
            )
    return series
