"""Run chart: values in the order of time around their median, and four tests of randomness.

Sources: A. Wald and J. Wolfowitz (1940), Ann. Math. Stat. 11, 147 (runs about
the median); J. V. Bradley (1968), Distribution-Free Statistical Tests, chapter 12 (runs up and
down); F. S. Swed and C. Eisenhart (1943), Ann. Math. Stat. 14, 66 (exact distribution); J. Anhøj
and A. V. Olesen (2014), PLoS ONE 9, e113825 (longest run, fewest crossings).
"""

from __future__ import annotations

import itertools
import math
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta
from scipy import special

from havoc.charts import ChartSpec, Flag, Limit, Panel, Series, decimate
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, FloatArray, Name, Sample, Unit, as_sample
from havoc.tools.result import Check, Narrative, Outcome, Recomputed

# The number of exact terms grows with the square of the points.
MOST_EXACT = 2000
PATTERNS = ("clustering", "mixtures", "trends", "oscillation")
_FEW_POINTS = 10


class RunChart(Outcome):
    """The runs of the plotted points and one p-value a pattern.

    ``p_clustering`` and ``p_mixtures`` are for too few and too many runs about the median,
    ``p_trends`` and ``p_oscillation`` for too few and too many runs up and down. ``patterns``
    names those below ``alpha``. ``longest_run_limit`` and ``fewest_crossings`` are the limits of
    Anhøj: a longer run or fewer crossings of the median are signs of a shift (``shifted``).
    """

    name: str
    points: int
    median: float
    alpha: float
    significant: bool
    patterns: list[str]
    runs_about_median: int
    expected_runs_about_median: float
    longest_run_about_median: int
    above_median: int
    below_median: int
    z_about_median: float
    p_clustering: float
    p_mixtures: float
    runs_up_down: int
    expected_runs_up_down: float
    longest_run_up_down: int
    z_up_down: float
    p_trends: float
    p_oscillation: float
    crossings: int
    fewest_crossings: int
    longest_run_limit: int
    shifted: bool
    plotted: str
    subgroup_size: int = 1


@tool(
    "run_chart",
    title="Run chart",
    source="Wald and Wolfowitz (1940); Bradley (1968); Anhøj and Olesen (2014)",
)
def run_chart(
    data: Sample,
    subgroup_size: Annotated[
        int, Meta(ge=1, description="how many consecutive values form a subgroup")
    ] = 1,
    plotted: Annotated[
        Literal["mean", "median"], Meta(description="what is plotted of each subgroup")
    ] = "mean",
    ties: Annotated[
        Literal["below", "drop"],
        Meta(description="values on the median: counted with those below (Minitab), or left out"),
    ] = "below",
    p_values: Annotated[
        Literal["normal", "exact"],
        Meta(description="normal approximation (Minitab), or the exact distribution of the runs"),
    ] = "normal",
    alpha: Alpha = 0.05,
    name: Name = "the process",
    unit: Unit = "",
) -> RunChart:
    """Do values in the order of time cluster, mix, drift or oscillate?

    Use it before or instead of a control chart, for any measure, also with few
    points and without limits: it needs no distribution and no sigma. Clustering
    points to shifts, mixtures to two sources, trends to drift, oscillation to
    overcorrection. Assumes values in the order of time and independent if nothing
    special goes on.
    """
    values = as_sample(data, "data", minimum=2, varying=True)
    points = _points(values, subgroup_size, plotted)
    median = float(np.median(points))
    sides = np.where(points > median, 1, np.where(points < median, -1, 0))
    about = np.where(sides > 0, 1, -1) if ties == "below" else sides[sides != 0]
    above, below = int(np.sum(about > 0)), int(np.sum(about < 0))
    steps = np.sign(np.diff(points))
    steps = steps[steps != 0]
    if not above or not below or steps.size < 2:
        raise InputError(
            "too few different values for runs on both sides of the median",
            where="data",
            remedy="give more points, or a finer resolution",
        )
    if p_values == "exact" and points.size > MOST_EXACT:
        raise InputError(
            f"exact p-values are worked out for up to {MOST_EXACT} points",
            where="p_values",
            remedy="use normal, which is as good for so many",
        )
    runs, longest = _runs(about)
    up_down, longest_step = _runs(steps)
    expected, z = _about(runs, above, below)
    length = steps.size + 1
    expected_steps = (2 * length - 1) / 3
    z_steps = (up_down - expected_steps) / math.sqrt((16 * length - 29) / 90)
    if p_values == "exact":
        clustering, mixtures = _exact_about(runs, above, below)
        trends, oscillation = _exact_steps(up_down, length)
    else:
        clustering, mixtures = float(special.ndtr(z)), float(special.ndtr(-z))
        trends, oscillation = float(special.ndtr(z_steps)), float(special.ndtr(-z_steps))
    found = dict(zip(PATTERNS, (clustering, mixtures, trends, oscillation), strict=True))
    useful = sides[sides != 0]
    useful_runs, useful_longest = _runs(useful)
    limit = round(math.log2(useful.size)) + 3
    fewest = _binomial_quantile(0.05, useful.size - 1)
    shifted = useful_longest > limit or useful_runs - 1 < fewest
    patterns = [pattern for pattern, p in found.items() if p < alpha]
    result = RunChart(
        method="runs about the median (values on it "
        f"{'count as below' if ties == 'below' else 'left out'}) and runs up and down (equal "
        f"neighbours joined), {'exact' if p_values == 'exact' else 'normal approximation of'} "
        "one-sided p-values",
        unit=unit,
        name=name,
        points=points.size,
        median=median,
        alpha=alpha,
        significant=bool(patterns),
        patterns=patterns,
        runs_about_median=runs,
        expected_runs_about_median=expected,
        longest_run_about_median=longest,
        above_median=above,
        below_median=below,
        z_about_median=z,
        p_clustering=clustering,
        p_mixtures=mixtures,
        runs_up_down=up_down,
        expected_runs_up_down=expected_steps,
        longest_run_up_down=longest_step,
        z_up_down=z_steps,
        p_trends=trends,
        p_oscillation=oscillation,
        crossings=useful_runs - 1,
        fewest_crossings=fewest,
        longest_run_limit=limit,
        shifted=shifted,
        plotted=plotted if subgroup_size > 1 else "value",
        subgroup_size=subgroup_size,
        assumptions=[
            Check(
                name="enough points",
                status="ok" if points.size >= _FEW_POINTS else "unknown",
                detail=f"{points.size} points, {_FEW_POINTS} or more tell something",
            )
        ],
    )
    tied = int(np.sum(sides == 0))
    if tied > 0.1 * points.size:
        result.warnings.append(
            f"{tied} of {points.size} points lie on the median, which the tests do not allow for"
        )
    result.charts = [_chart(result, values, points, useful_longest > limit, sides)]
    return result


def _points(values: FloatArray, size: int, plotted: str) -> FloatArray:
    if size == 1:
        return values
    if values.size % size:
        raise InputError(
            f"{values.size} values do not divide into subgroups of {size}",
            where="subgroup_size",
            remedy="leave out the incomplete subgroup",
        )
    rows = values.reshape(-1, size)
    return np.asarray(
        np.median(rows, axis=1) if plotted == "median" else rows.mean(axis=1), dtype=np.float64
    )


def _runs(signs: FloatArray) -> tuple[int, int]:
    """Number of runs of equal signs and the longest one."""
    starts = np.concatenate(([0], np.flatnonzero(np.diff(signs)) + 1, [signs.size]))
    lengths = np.diff(starts)
    return int(lengths.size), int(lengths.max())


def _binomial_quantile(chance: float, tosses: int) -> int:
    """The smallest number of heads among so many tosses that is not below the quantile."""
    spread = math.sqrt(tosses) / 2
    found = max(int(tosses / 2 + special.ndtri(chance) * spread - 3), 0)
    while special.bdtr(found, tosses, 0.5) < chance:
        found += 1
    return found


def _about(runs: int, above: int, below: int) -> tuple[float, float]:
    total = above + below
    product = 2 * above * below
    expected = 1 + product / total
    variance = product * (product - total) / (total**2 * (total - 1))
    return expected, (runs - expected) / math.sqrt(variance) if variance > 0 else 0.0


def _exact_about(runs: int, above: int, below: int) -> tuple[float, float]:
    """P(R <= runs) and P(R >= runs) of runs of two kinds in random order."""
    count = np.arange(2, 2 * min(above, below) + 2, dtype=np.float64)
    half = count // 2
    even = _log_choose(above - 1, half - 1) + _log_choose(below - 1, half - 1) + math.log(2)
    odd = np.logaddexp(
        _log_choose(above - 1, half) + _log_choose(below - 1, half - 1),
        _log_choose(above - 1, half - 1) + _log_choose(below - 1, half),
    )
    logs = np.where(count % 2 == 0, even, odd) - _log_choose(
        above + below, np.full(1, float(above))
    )
    chances = np.exp(logs)
    return _tails(chances, runs - 2)


def _log_choose(n: int, k: FloatArray) -> FloatArray:
    inside = (k >= 0) & (k <= n)
    kept = np.where(inside, k, 0)
    logs = special.gammaln(n + 1) - special.gammaln(kept + 1) - special.gammaln(n - kept + 1)
    return np.where(inside, logs, -np.inf)


def _exact_steps(runs: int, length: int) -> tuple[float, float]:
    """P(R <= runs) and P(R >= runs) of runs up and down, by André's recurrence."""
    chances = np.zeros(length)
    chances[1] = 1.0  # two values: one run
    r = np.arange(length)
    for n in range(3, length + 1):
        before = np.concatenate(([0.0, 0.0], chances))
        chances = (r * chances + 2 * before[1 : length + 1] + (n - r) * before[:length]) / n
        chances[n:] = 0.0
    return _tails(chances, runs)


def _tails(chances: FloatArray, at: int) -> tuple[float, float]:
    return min(float(chances[: at + 1].sum()), 1.0), min(float(chances[at:].sum()), 1.0)


def _chart(
    result: RunChart, values: FloatArray, points: FloatArray, long: bool, sides: FloatArray
) -> ChartSpec:
    verdict = " and ".join(result.patterns) if result.patterns else "no pattern"
    shown = decimate(points.size)
    flags = []
    if long:
        useful = np.flatnonzero(sides != 0)
        starts = np.flatnonzero(np.diff(sides[useful])) + 1
        runs = np.split(useful, starts)
        longest = set(max(runs, key=len).tolist())
        flags = [Flag(index=i, label="longest run") for i, at in enumerate(shown) if at in longest][
            :200
        ]
    series = [
        Series(
            name=f"subgroup {result.plotted}" if result.subgroup_size > 1 else "value",
            x=[float(at + 1) for at in shown],
            y=[float(points[at]) for at in shown],
            flags=flags,
        )
    ]
    if result.subgroup_size > 1 and values.size <= 2000:
        series.append(
            Series(
                name="single values",
                kind="points",
                x=[float(i // result.subgroup_size + 1) for i in range(values.size)],
                y=values.tolist(),
            )
        )
    return ChartSpec(
        kind="run_chart",
        title=f"Run chart of {result.name}: {verdict}",
        panels=[
            Panel(
                x_label="subgroup" if result.subgroup_size > 1 else "observation",
                y_label=result.unit or "value",
                series=series,
                limits=[Limit(label="median", role="center", value=result.median)],
            )
        ],
        notes=[f"a selection of the {points.size} points is drawn"]
        if len(shown) < points.size
        else [],
    )


_MEANING = {
    "clustering": "clustering (p {{p_clustering:p}}): the level shifts or cycles",
    "mixtures": "mixtures (p {{p_mixtures:p}}): two sources seem to alternate",
    "trends": "trends (p {{p_trends:p}}): the level drifts",
    "oscillation": "oscillation (p {{p_oscillation:p}}): values go up and down too regularly",
}


@run_chart.narrates
def _narrate(result: RunChart) -> Narrative:
    if result.patterns:
        told = "; ".join(_MEANING[pattern] for pattern in result.patterns)
        conclusion = f"{{{{name}}}} is not random in time: {told}."
    else:
        conclusion = (
            "There is no evidence of clustering, mixtures, trends or oscillation in {{name}} "
            "({{points}} points)."
        )
    return Narrative(
        conclusion=conclusion,
        details=[
            "About the median {{median:unit}} there are {{runs_about_median}} runs, "
            "{{expected_runs_about_median}} expected (clustering p {{p_clustering:p}}, mixtures "
            "p {{p_mixtures:p}}).",
            "Up and down there are {{runs_up_down}} runs, {{expected_runs_up_down}} expected "
            "(trends p {{p_trends:p}}, oscillation p {{p_oscillation:p}}).",
            "The longest run about the median has {{longest_run_about_median}} points, up to "
            "{{longest_run_limit}} are usual; the median is crossed {{crossings}} times, at least "
            "{{fewest_crossings}} are usual.",
        ],
        key_figures=[
            ("median", "{{median:unit}}"),
            ("p for clustering", "{{p_clustering}}"),
            ("p for mixtures", "{{p_mixtures}}"),
            ("p for trends", "{{p_trends}}"),
            ("p for oscillation", "{{p_oscillation}}"),
        ],
    )


@run_chart.verifies
def _verify(
    result: RunChart, data: list[float], ties: str, subgroup_size: int, **_: object
) -> list[Recomputed]:
    if len(data) > 20_000 or subgroup_size > 1:
        return []
    marks = [value > result.median for value in data if ties == "below" or value != result.median]
    runs = len(list(itertools.groupby(marks)))
    rises = [b > a for a, b in itertools.pairwise(data) if a != b]
    steps = len(list(itertools.groupby(rises)))
    return [
        Recomputed(
            name=name, value=float(value), recomputed=float(again), route="grouping neighbours"
        )
        for name, value, again in (
            ("runs_about_median", result.runs_about_median, runs),
            ("runs_up_down", result.runs_up_down, steps),
        )
    ]
