"""Staged charts: limits of their own before and after a change, and whether it mattered.

Sources: Montgomery, Introduction to Statistical Quality Control, 7.2.1 (limits before and
after an adjustment);
B. L. Welch (1951), Biometrika 38, 330 (means with unequal variances); difference of two
means with Welch's degrees of freedom as NIST/SEMATECH e-Handbook 7.3.1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import msgspec
import numpy as np
from scipy import special

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.spc.chart_input import Given
from havoc.tools.spc.chart_kinds import Request, build
from havoc.tools.spc.chart_result import StageFigures, StageTest
from havoc.tools.spc.panels import Basis, ChartPanel, scalar
from havoc.tools.spc.rare_events import POWER
from havoc.tools.spc.rules import merged, moved
from havoc.tools.spc.variables import Chart

STAGED = (
    "xbar_r", "xbar_s", "i_mr", "p", "np", "c", "u", "laney_p", "laney_u", "g", "t", "three_way",
)  # fmt: skip

ALPHA = 0.05
_MOST_STAGES = 50
_SPREAD = ("R", "S", "MR")


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """Points ``start`` (0-based) up to, not including, ``end``."""

    name: str
    start: int
    end: int

    @property
    def label(self) -> str:
        """``stage adjusted``, and ``stage 3`` where the stage has no other name."""
        return self.name if self.name.startswith("stage ") else f"stage {self.name}"


def read_stages(stages: Sequence[int | str], points: int) -> list[Stage]:
    """Stages from a label for every point, or from the numbers where a new stage begins."""
    if len(stages) == points and points > 1:
        labels = [str(item) for item in stages]
        begins = [0, *(i for i in range(1, points) if labels[i] != labels[i - 1])]
        names = [labels[i] for i in begins]
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated is not None:
            raise InputError(
                f"stage {repeated} comes, goes and comes again",
                where="stages",
                remedy="give the points of a stage one after the other, or name them apart",
            )
    else:
        begins = [0, *_numbers(stages, points)]
        names = [f"stage {i}" for i in range(1, len(begins) + 1)]
        if len(names) == 2:
            names = ["before", "after"]
    if len(begins) < 2:
        raise InputError(
            "there is one stage only",
            where="stages",
            remedy="leave stages out, or say where the second stage begins",
        )
    if len(begins) > _MOST_STAGES:
        raise InputError(
            f"{len(begins)} stages are more than {_MOST_STAGES}",
            where="stages",
            remedy="give a label that stays the same within a stage",
        )
    found = [
        Stage(name=name, start=start, end=end)
        for name, (start, end) in zip(names, pairwise([*begins, points]), strict=True)
    ]
    short = next((stage for stage in found if stage.end - stage.start < 2), None)
    if short is not None:
        raise InputError(
            f"{short.label} holds a single point, which gives no limits",
            where="stages",
            remedy="give every stage at least two points",
        )
    return found


def _numbers(stages: Sequence[int | str], points: int) -> list[int]:
    numbers = [item for item in stages if isinstance(item, int)]
    if len(numbers) < len(stages):
        raise InputError(
            f"{len(stages)} stages for {points} points",
            where="stages",
            remedy="give a label for every point, or the numbers of the points where a new "
            "stage begins",
        )
    first = [number - 1 for number in numbers if number != 1]
    if any(not 0 < start < points for start in first) or first != sorted(set(first)):
        raise InputError(
            f"the stages must begin at rising points between 2 and {points}",
            where="stages",
            remedy="give the numbers (from 1) of the points where a new stage begins",
        )
    return first


def staged_chart(kind: str, request: Request, stages: Sequence[int | str]) -> Chart:
    """The chart of every stage side by side, and tests between the stages."""
    basis = request.basis
    standards = (basis.mean, basis.sigma, basis.baseline, request.rbar, request.sbar)
    more = (request.mr_bar, request.pbar, request.cbar, request.ubar)
    if any(item is not None for item in (*standards, *more)):
        raise InputError(
            "given standards and a baseline set one pair of limits, stages set their own",
            where="stages",
            remedy="leave the standards and the baseline out, or the stages",
        )
    points = request.given.points(kind)
    pieces = read_stages(stages, points)
    for number in basis.exclude:
        if number > points:
            basis.used(points)
    charts = [_of_stage(kind, request, piece) for piece in pieces]
    panels = [
        _side_by_side([chart.panels[i] for chart in charts], pieces)
        for i in range(min(len(chart.panels) for chart in charts))
    ]
    main = panels[0]
    tested = [
        _used(chart.panels[0].values, piece, basis)
        for chart, piece in zip(charts, pieces, strict=True)
    ]
    mean_test, spread_test = _tests(kind, request.given, charts, pieces, basis, tested)
    shared = ("subgroup_size", "sample_size")
    whole = {
        name: charts[0].figures[name]
        for name in shared
        if all(chart.figures.get(name) == charts[0].figures.get(name) for chart in charts)
        and name in charts[0].figures
    }
    if "total_count" in charts[0].figures:
        whole["total_count"] = sum(chart.figures["total_count"] for chart in charts)
    significant = [test.significant for test in (mean_test, spread_test) if test is not None]
    return Chart(
        panels=panels,
        figures={
            **whole,
            "center": scalar(main.center),
            "lcl": scalar(main.lcl),
            "ucl": scalar(main.ucl),
            "stages": [
                _figures(chart, piece, values)
                for chart, piece, values in zip(charts, pieces, tested, strict=True)
            ],
            "stage_test": mean_test,
            "stage_spread_test": spread_test,
            "stages_differ": any(significant) if significant else None,
        },
        method=f"{charts[0].method}; limits of every stage by itself, run rules within stages",
        assumptions=[
            msgspec.structs.replace(check, detail=f"{piece.label}: {check.detail}")
            for chart, piece in zip(charts, pieces, strict=True)
            for check in chart.assumptions
        ],
        warnings=list(
            dict.fromkeys(
                f"{piece.label}: {text}"
                for chart, piece in zip(charts, pieces, strict=True)
                for text in chart.warnings
            )
        ),
    )


def _of_stage(kind: str, request: Request, stage: Stage) -> Chart:
    exclude = [
        number - stage.start
        for number in request.basis.exclude
        if stage.start < number <= stage.end
    ]
    piece = msgspec.structs.replace(
        request,
        given=request.given.piece(kind, stage.start, stage.end),
        basis=msgspec.structs.replace(request.basis, exclude=exclude),
    )
    try:
        return build(kind, piece)
    except InputError as error:
        raise InputError(
            f"{stage.label}: {error.what}", where=error.where, remedy=error.remedy
        ) from None


def _side_by_side(parts: Sequence[ChartPanel], stages: Sequence[Stage]) -> ChartPanel:
    starts = np.concatenate(([0], np.cumsum([part.values.size for part in parts])[:-1]))
    named = [
        (stage.name, int(start), stage.start + 1)
        for stage, start in zip(stages, starts, strict=True)
    ]
    extras = [
        moved(part.extra, stage.start)
        for part, stage in zip(parts, stages, strict=True)
        if part.extra is not None
    ]
    return msgspec.structs.replace(
        parts[0],
        values=np.concatenate([part.values for part in parts]),
        positions=np.concatenate(
            [part.positions + stage.start for part, stage in zip(parts, stages, strict=True)]
        ),
        center=np.concatenate([part.center for part in parts]),
        lcl=np.concatenate([part.lcl for part in parts]),
        ucl=np.concatenate([part.ucl for part in parts]),
        sigma=np.concatenate([part.sigma for part in parts]),
        extra=merged(extras) if extras else None,
        stages=named,
    )


def _used(values: FloatArray, stage: Stage, basis: Basis) -> FloatArray:
    out = [
        number - 1 - stage.start for number in basis.exclude if stage.start < number <= stage.end
    ]
    return np.asarray(np.delete(values, out), dtype=np.float64)


def _figures(chart: Chart, stage: Stage, used: FloatArray) -> StageFigures:
    main = chart.panels[0]
    spread = next((panel for panel in chart.panels[1:] if panel.name in _SPREAD), None)
    return StageFigures(
        stage=stage.name,
        first=stage.start + 1,
        last=stage.end,
        points=stage.end - stage.start,
        mean=float(used.mean()),
        center=scalar(main.center),
        lcl=scalar(main.lcl),
        ucl=scalar(main.ucl),
        spread_center=None if spread is None else scalar(spread.center),
        spread_lcl=None if spread is None else scalar(spread.lcl),
        spread_ucl=None if spread is None else scalar(spread.ucl),
        sigma_within=chart.figures.get("sigma_within"),
        sigma_z=chart.figures.get("sigma_z"),
    )


# --- do the stages differ? ----------------------------------------------------------------


def _tests(
    kind: str,
    given: Given,
    charts: Sequence[Chart],
    stages: Sequence[Stage],
    basis: Basis,
    tested: Sequence[FloatArray],
) -> tuple[StageTest | None, StageTest | None]:
    """A test of the level and, for measured values, one of the variation."""
    if kind in ("p", "np", "c", "u"):
        counts, sizes = given.counts(kind)
        assert counts is not None
        units = np.ones(counts.size) if sizes is None else sizes
        totals = [
            (
                float(_used(counts[stage.start : stage.end], stage, basis).sum()),
                float(_used(units[stage.start : stage.end], stage, basis).sum()),
            )
            for stage in stages
        ]
        return _homogeneity(totals, binomial=kind in ("p", "np")), None
    if kind in ("g", "t"):
        roots = [values**POWER for values in tested]
        return welch(roots, "Welch's test of the intervals to the power 1 / 3.6"), None
    what = "values" if kind == "i_mr" else "plotted points"
    level = welch(tested, f"Welch's test of the means of the {what}")
    if kind in ("laney_p", "laney_u"):
        return level, None
    if kind == "i_mr":
        away = [np.abs(values - np.median(values)) for values in tested]
        return level, welch(away, "Welch's test of the absolute deviations from the stage median")
    spreads = []
    for chart, stage in zip(charts, stages, strict=True):
        panel = chart.panels[-1]
        spreads.append(panel.values[~np.isin(panel.positions + stage.start, basis.exclude)])
    name = "ranges" if charts[0].panels[-1].name == "R" else "standard deviations"
    return level, welch(spreads, f"Welch's test of the subgroup {name}")


def welch(samples: Sequence[FloatArray], name: str) -> StageTest | None:
    """Welch's t test of two samples, his F test of more; None where a sample does not vary."""
    sizes = np.asarray([sample.size for sample in samples], dtype=np.float64)
    if sizes.min() < 2:
        return None
    means = np.asarray([sample.mean() for sample in samples])
    variances = np.asarray([sample.var(ddof=1) for sample in samples])
    if variances.min() <= 0:
        return None
    weights = sizes / variances
    center = float(weights @ means) / float(weights.sum())
    groups = sizes.size
    lost = float(np.sum((1 - weights / weights.sum()) ** 2 / (sizes - 1)))
    within = (groups**2 - 1) / (3 * lost)
    between = float(weights @ (means - center) ** 2) / (groups - 1)
    statistic = between / (1 + 2 * (groups - 2) / (groups**2 - 1) * lost)
    p_value = float(special.fdtrc(groups - 1, within, statistic))
    test = StageTest(
        test=name,
        statistic=statistic,
        df=float(groups - 1),
        df_within=within,
        p_value=p_value,
        alpha=ALPHA,
        significant=p_value < ALPHA,
    )
    if groups > 2:
        return test
    difference = float(means[1] - means[0])
    error = math.sqrt(float(np.sum(variances / sizes)))
    half = float(special.stdtrit(within, 1 - ALPHA / 2)) * error
    return msgspec.structs.replace(
        test,
        statistic=difference / error,
        df=within,
        df_within=None,
        difference=difference,
        ci_low=difference - half,
        ci_high=difference + half,
    )


def _homogeneity(totals: Sequence[tuple[float, float]], *, binomial: bool) -> StageTest | None:
    """Chi-square test that all stages have one rate; the difference of two with Wald limits."""
    counts, units = (np.asarray(column) for column in zip(*totals, strict=True))
    rate = float(counts.sum() / units.sum())
    variance = units * rate * (1 - rate) if binomial else units * rate
    if variance.min() <= 0:
        return None
    statistic = float(np.sum((counts - units * rate) ** 2 / variance))
    if not binomial:
        name = "chi-square test of equal rates (Poisson)"
    else:
        name = "chi-square test of equal fractions (binomial)"
    df = counts.size - 1
    p_value = float(special.chdtrc(df, statistic))
    test = StageTest(
        test=name,
        statistic=statistic,
        df=float(df),
        p_value=p_value,
        alpha=ALPHA,
        significant=p_value < ALPHA,
    )
    if counts.size > 2:
        return test
    rates = counts / units
    errors = rates * (1 - rates) / units if binomial else rates / units
    half = float(special.ndtri(1 - ALPHA / 2)) * math.sqrt(float(errors.sum()))
    difference = float(rates[1] - rates[0])
    return msgspec.structs.replace(
        test, difference=difference, ci_low=difference - half, ci_high=difference + half
    )
