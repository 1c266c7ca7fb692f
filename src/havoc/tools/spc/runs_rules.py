"""Run rules and run tests on any series.

Sources: the rules are those of ``rules``; runs about the median: A. Wald and
J. Wolfowitz (1940), Ann. Math. Stat. 11, 147; runs up and down: J. V. Bradley
(1968), Distribution-Free Statistical Tests, chapter 12.
"""

from __future__ import annotations

import itertools
import math
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta
from scipy import special

from havoc.charts import Limit
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, FloatArray, Name, Sample, Unit, as_sample
from havoc.tools.result import Narrative, Outcome, Recomputed
from havoc.tools.spc.constants import MOVING_RANGE_D2
from havoc.tools.spc.panels import ChartPanel, draw, judge, make_panel
from havoc.tools.spc.rules import MOST_VIOLATIONS, Findings, Rules, Violation, rule_ids


class RunsRules(Outcome):
    """Rules that fired, with points numbered from 1, and the run tests of the series.

    ``in_control`` ignores warning rules. ``p_clustering`` and ``p_mixtures`` are
    one-sided p-values of too few and too many runs about the median (``z`` and
    ``p_value`` are the two-sided test), ``p_trends`` and ``p_oscillation`` of
    too few and too many runs up and down.
    """

    name: str
    points: int
    center: float
    sigma: float
    lcl: float
    ucl: float
    rules: list[str]
    in_control: bool
    violations: list[Violation]
    violations_count: int
    rules_violated: list[str]
    rule_counts: dict[str, int]
    out_of_limits: list[int]
    out_of_limits_count: int
    alpha: float
    significant: bool | None = None
    first_signal: int | None = None
    first_reason: str | None = None
    median: float | None = None
    runs_about_median: int | None = None
    expected_runs_about_median: float | None = None
    longest_run_about_median: int | None = None
    z: float | None = None
    p_value: float | None = None
    p_clustering: float | None = None
    p_mixtures: float | None = None
    runs_up_down: int | None = None
    expected_runs_up_down: float | None = None
    longest_run_up_down: int | None = None
    p_trends: float | None = None
    p_oscillation: float | None = None


@tool(
    "runs_rules",
    title="Run rules",
    source="Western Electric (1956); Nelson (1984), J. Quality Technology 16, 237",
)
def runs_rules(
    data: Sample,
    mean: Annotated[
        float | None, Meta(description="center line; mean of the data if absent")
    ] = None,
    sigma: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="standard deviation; mean moving range / 1.128 if absent"),
    ] = None,
    lcl: Annotated[float | None, Meta(description="lower control limit, instead of sigma")] = None,
    ucl: Annotated[float | None, Meta(description="upper control limit, instead of sigma")] = None,
    rules: Rules = "nelson",
    n_sigma: Annotated[
        float, Meta(gt=0, le=10, description="distance of the limits in standard deviations")
    ] = 3.0,
    alpha: Alpha = 0.05,
    name: Name = "the series",
    unit: Unit = "",
) -> RunsRules:
    """Does a series show patterns: shifts, trends, cycles, points beyond the limits?

    Use it for points of an existing chart (give mean and sigma, or the control
    limits) or for any series in the order of time. Nelson's eight rules by
    default, the four Western Electric zone rules, or Westgard's rules for
    laboratory controls. Assumes independent values, symmetric around the center
    line. Tests of the number of runs need no sigma.
    """
    values = as_sample(
        data, "data", minimum=2, varying=sigma is None and lcl is None and ucl is None
    )
    center, spread, source = _center_and_sigma(values, mean, sigma, lcl, ucl, n_sigma)
    ids = rule_ids(rules)
    panel = make_panel("series", name, values, center, spread, n_sigma)
    if lcl is not None:
        panel.lcl = np.full(values.size, lcl)
    if ucl is not None:
        panel.ucl = np.full(values.size, ucl)
    panel.rules = ids
    found = judge(panel, n_sigma)
    signals = [item for item in found.violations if not item.warning_only]
    first = min(signals, key=lambda item: item.signal_points[0], default=None)
    result = RunsRules(
        method=f"{_set_name(rules)}, {source}; runs about the median leave out values equal to it",
        unit=unit,
        name=name,
        points=values.size,
        center=center,
        sigma=spread,
        lcl=float(panel.lcl[0]),
        ucl=float(panel.ucl[0]),
        rules=ids,
        in_control=not signals,
        violations=found.violations,
        violations_count=found.total,
        rules_violated=list(found.counts),
        rule_counts=found.counts,
        out_of_limits=[*found.above, *found.below],
        out_of_limits_count=len(found.above) + len(found.below),
        alpha=alpha,
        first_signal=first.signal_points[0] if first else None,
        first_reason=first.reason if first else None,
    )
    _about_median(result, values)
    _up_and_down(result, values)
    if found.total > len(found.violations):
        result.warnings.append(f"{found.total} violations, the first {MOST_VIOLATIONS} are listed")
    _draw(result, panel, found, spread, n_sigma)
    return result


def _draw(
    result: RunsRules, panel: ChartPanel, found: Findings, sigma: float, n_sigma: float
) -> None:
    verdict = "no rule fires" if result.in_control else f"{result.violations_count} signals"
    chart = draw(
        "run_chart", f"{result.name}: {verdict}", [panel], [found], "observation", result.unit
    )
    zones = [
        Limit(label=f"{side:+d} sigma", role="warning", value=result.center + side * sigma)
        for side in (2, 1, -1, -2)
        if abs(side) < n_sigma
    ]
    drawn = msgspec.structs.replace(chart.panels[0], limits=[*chart.panels[0].limits, *zones])
    result.charts = [msgspec.structs.replace(chart, panels=[drawn])]


def _set_name(rules: str | list[int | str]) -> str:
    names = {
        "none": "no rule",
        "limits": "control limits only",
        "western_electric": "Western Electric rules",
        "nelson": "Nelson rules",
        "westgard": "Westgard rules",
    }
    return names[rules] if isinstance(rules, str) else "chosen rules"


def _center_and_sigma(
    values: FloatArray,
    mean: float | None,
    sigma: float | None,
    lcl: float | None,
    ucl: float | None,
    n_sigma: float,
) -> tuple[float, float, str]:
    """Center line and sigma: given, from given limits, or from the data."""
    if lcl is not None and ucl is not None and lcl >= ucl:
        raise InputError(
            f"the lower limit {lcl:g} is not below the upper limit {ucl:g}",
            where="lcl, ucl",
            remedy="swap them",
        )
    center = mean
    if center is None:
        if lcl is not None and ucl is not None:
            center = (lcl + ucl) / 2
        else:
            center = float(values[0] + np.mean(values - values[0]))
    distances = []
    if ucl is not None:
        distances.append(ucl - center)
    if lcl is not None:
        distances.append(center - lcl)
    if distances and min(distances) <= 0:
        raise InputError(
            f"the center line {center:g} is not between the control limits",
            where="mean, lcl, ucl",
            remedy="check the limits",
        )
    if sigma is not None:
        return center, sigma, "sigma given"
    if distances:
        spread = sum(distances) / len(distances) / n_sigma
        return center, spread, f"sigma from the control limits at {n_sigma:g} sigma"
    spread = float(np.abs(np.diff(values)).mean()) / MOVING_RANGE_D2
    return center, spread, "sigma from the mean moving range of two / 1.128"


def _about_median(result: RunsRules, values: FloatArray) -> None:
    median = float(np.median(values))
    sides = np.sign(values - median)
    sides = sides[sides != 0]
    result.median = median
    above, below = int(np.sum(sides > 0)), int(np.sum(sides < 0))
    total = above + below
    if not above or not below:
        return
    runs, longest = _runs(sides)
    expected = 1 + 2 * above * below / total
    variance = 2 * above * below * (2 * above * below - total) / (total**2 * (total - 1))
    result.runs_about_median = runs
    result.longest_run_about_median = longest
    result.expected_runs_about_median = expected
    if variance <= 0:
        return
    z = (runs - expected) / math.sqrt(variance)
    result.z = z
    result.p_clustering = float(special.ndtr(z))
    result.p_mixtures = float(special.ndtr(-z))
    result.p_value = float(2 * special.ndtr(-abs(z)))
    result.significant = result.p_value < result.alpha


def _up_and_down(result: RunsRules, values: FloatArray) -> None:
    steps = np.sign(np.diff(values))
    steps = steps[steps != 0]
    if steps.size < 2:
        return
    count = steps.size + 1
    runs, longest = _runs(steps)
    expected = (2 * count - 1) / 3
    variance = (16 * count - 29) / 90
    z = (runs - expected) / math.sqrt(variance)
    result.runs_up_down = runs
    result.longest_run_up_down = longest
    result.expected_runs_up_down = expected
    result.p_trends = float(special.ndtr(z))
    result.p_oscillation = float(special.ndtr(-z))


def _runs(signs: FloatArray) -> tuple[int, int]:
    """Number of runs of equal signs and the longest one."""
    starts = np.concatenate(([0], np.flatnonzero(np.diff(signs)) + 1, [signs.size]))
    lengths = np.diff(starts)
    return int(lengths.size), int(lengths.max())


@runs_rules.narrates
def _narrate(result: RunsRules) -> Narrative:
    details = [f"{{{{violations.{i}.reason}}}}." for i in range(min(len(result.violations), 10))]
    if result.in_control:
        conclusion = "No rule fires on {{name}} ({{points}} points"
    else:
        conclusion = "{{name}} is not in control: {{first_reason}} ({{points}} points"
    conclusion += ", center line {{center}}, sigma {{sigma:unit}})."
    if result.p_value is not None:
        details.append(
            "Runs about the median: {{runs_about_median}} against {{expected_runs_about_median}} "
            "expected (z = {{z}}, p {{p_value:p}})."
        )
    return Narrative(
        conclusion=conclusion,
        details=details,
        key_figures=[
            ("signals", "{{violations_count}}"),
            ("points beyond the limits", "{{out_of_limits_count}}"),
            ("center line", "{{center}}"),
            ("lower control limit", "{{lcl}}"),
            ("upper control limit", "{{ucl}}"),
        ],
    )


@runs_rules.verifies
def _verify(result: RunsRules, data: list[float], **_: object) -> list[Recomputed]:
    if len(data) > 20_000:
        return []
    slack = 1e-9 * result.sigma
    outside = sum(1 for value in data if value > result.ucl + slack or value < result.lcl - slack)
    checks = [
        Recomputed(
            name="out_of_limits_count",
            value=float(result.out_of_limits_count),
            recomputed=float(outside),
            route="count of values beyond the limits",
        )
    ]
    if result.runs_about_median is not None and result.median is not None:
        sides = [value > result.median for value in data if value != result.median]
        checks.append(
            Recomputed(
                name="runs_about_median",
                value=float(result.runs_about_median),
                recomputed=float(len(list(itertools.groupby(sides)))),
                route="grouping equal neighbours",
            )
        )
    return checks
