"""Mood's median test: do groups have the same median, whatever their outliers?

Sources: A. M. Mood (1954); G. W. Brown and A. M. Mood (1951); W. J. Conover (1999),
Practical Nonparametric Statistics, 4.3.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta
from scipy import special

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, FloatArray, Groups, Name, Unit, as_sample
from havoc.tools.result import Check, Narrative, Outcome, Recomputed
from havoc.tools.stats.assumption_checks import INDEPENDENCE
from havoc.tools.stats.group_charts import individual_values
from havoc.tools.stats.interval_bounds import median_bounds


class MedianGroup(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``ci_low`` to ``ci_high`` is the order-statistic interval of the median, if there is one."""

    name: str
    n: int
    median: float
    iqr: float
    at_most: int
    above: int
    ci_low: float | None = None
    ci_high: float | None = None


class MoodMedian(Outcome):
    """``overall_median`` is that of all values; each group counts its values up to and above it."""

    chi2: float
    df: float
    p_value: float
    significant: bool
    alpha: float
    level: float
    overall_median: float
    n: int
    group_count: int
    groups: list[MedianGroup]
    cramers_v: float
    highest: str
    lowest: str
    smallest_expected: float
    name: str


@tool(
    "mood_median",
    title="Mood's median test",
    source="Brown and Mood (1951); Conover (1999) 4.3",
)
def mood_median(
    groups: Groups,
    ties: Annotated[
        Literal["below", "above", "leave_out"],
        Meta(description="where values equal to the overall median count; below as Minitab"),
    ] = "below",
    alpha: Alpha = 0.05,
    name: Name = "group",
    unit: Unit = "",
) -> MoodMedian:
    """Do two or more groups have the same median?

    Use it instead of the Kruskal-Wallis test where outliers are gross or values
    are cut off, because only above or below counts; it needs more values for
    the same power. Assumes independent values and distributions of equal shape
    near the median. Chi-square of the counts without correction, as Minitab.
    """
    if len(groups) < 2:
        raise InputError(
            f"{len(groups)} group given, at least 2 needed", where="groups", remedy="add a group"
        )
    samples = {label: as_sample(values, f"groups, {label}") for label, values in groups.items()}
    everything = np.concatenate(list(samples.values()))
    middle = float(np.median(everything))
    counts = np.asarray([_sides(sample, middle, ties) for sample in samples.values()])
    rows, columns, total = counts.sum(axis=1), counts.sum(axis=0), float(counts.sum())
    if (columns == 0).any():
        side = "above" if columns[1] == 0 else "below"
        raise InputError(
            f"no value lies {side} the overall median {middle:g}",
            where="groups",
            remedy="count ties on the other side, or check the resolution of the measurement",
        )
    if (rows == 0).any():
        raise InputError(
            f"group {list(samples)[int(np.argmin(rows))]} has only values equal to the median",
            where="groups",
            remedy="count ties below or above",
        )
    expected = np.outer(rows, columns) / total
    chi2 = math.fsum(((counts - expected) ** 2 / expected).ravel().tolist())
    df = float(len(samples) - 1)
    p_value = float(special.chdtrc(df, chi2))
    described = [
        _describe(label, sample, counts[i], alpha)
        for i, (label, sample) in enumerate(samples.items())
    ]
    smallest = float(expected.min())
    check = Check(
        name="expected counts of 5 or more",
        status="ok" if smallest >= 5 else "violated",
        detail=f"the smallest expected count is {smallest:.3g}",
    )
    return MoodMedian(
        method="Mood's median test, Pearson chi-square without correction, values equal to the "
        f"overall median count {ties.replace('_', ' ')}",
        unit=unit,
        chi2=chi2,
        df=df,
        p_value=p_value,
        significant=p_value < alpha,
        alpha=alpha,
        level=1 - alpha,
        overall_median=middle,
        n=everything.size,
        group_count=len(samples),
        groups=described,
        cramers_v=math.sqrt(chi2 / total),
        highest=max(described, key=lambda item: item.median).name,
        lowest=min(described, key=lambda item: item.median).name,
        smallest_expected=smallest,
        name=name,
        assumptions=[check, INDEPENDENCE],
        warnings=[f"{check.detail}: prefer kruskal_wallis or permutation_test"]
        if smallest < 5
        else [],
        charts=[
            individual_values(
                {label: sample.tolist() for label, sample in samples.items()},
                f"Every {name}: all values, its median and the overall median",
                unit,
                reference=middle,
                center={item.name: item.median for item in described},
                center_name="median",
            )
        ],
    )


@mood_median.narrates
def _narrate(result: MoodMedian) -> Narrative:
    verdict = (
        "The medians differ: {{highest}} is highest and {{lowest}} lowest"
        if result.significant
        else "There is no evidence that the medians differ"
    )
    return Narrative(
        conclusion=f"{verdict} (chi-square = {{{{chi2}}}}, df = {{{{df}}}}, p {{{{p_value:p}}}}).",
        details=["The overall median is {{overall_median:unit}}."],
        key_figures=[
            (
                f"median of {{{{groups.{i}.name}}}}",
                f"{{{{groups.{i}.median:unit}}}} ({{{{groups.{i}.at_most}}}} up to and "
                f"{{{{groups.{i}.above}}}} above the overall median)",
            )
            for i in range(min(len(result.groups), 12))
        ],
    )


@mood_median.verifies
def _verify(result: MoodMedian, **_: object) -> list[Recomputed]:
    # chi2 = n^2 / (A B) (sum a_i^2 / n_i - A^2 / n), with a_i above and A of all.
    above = sum(group.above for group in result.groups)
    total = sum(group.above + group.at_most for group in result.groups)
    parts = math.fsum(group.above**2 / (group.above + group.at_most) for group in result.groups)
    again = total**2 / (above * (total - above)) * (parts - above**2 / total)
    return [
        Recomputed(
            name="chi2",
            value=result.chi2,
            recomputed=again,
            route="n² / (A B) · (Σ a² / n − A² / n)",
            atol=1e-12 * total,
        )
    ]


def _sides(sample: FloatArray, middle: float, ties: str) -> tuple[int, int]:
    below, above = int((sample < middle).sum()), int((sample > middle).sum())
    equal = sample.size - below - above
    if ties == "below":
        return below + equal, above
    return (below, above + equal) if ties == "above" else (below, above)


def _describe(label: str, sample: FloatArray, counts: FloatArray, alpha: float) -> MedianGroup:
    low, high = median_bounds(np.sort(sample), alpha / 2)
    q1, q3 = np.quantile(sample, [0.25, 0.75])
    known = math.isfinite(low) and math.isfinite(high)
    return MedianGroup(
        name=label,
        n=sample.size,
        median=float(np.median(sample)),
        iqr=float(q3 - q1),
        at_most=int(counts[0]),
        above=int(counts[1]),
        ci_low=low if known else None,
        ci_high=high if known else None,
    )
