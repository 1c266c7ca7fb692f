"""Two-way analysis of variance, balanced or not, with or without interaction.

The sums of squares come from ``two_way_cells``.

Sources: D. C. Montgomery, Design and Analysis of Experiments, 5.3; S. R.
Searle (1987), Linear Models for Unbalanced Data.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta
from scipy import special

from havoc.charts import ChartSpec, Panel, Series
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, FloatArray, Name, Unit, as_sample
from havoc.tools.result import Check, Narrative, Outcome, Recomputed
from havoc.tools.stats import precise_sums
from havoc.tools.stats.assumption_checks import INDEPENDENCE, equal_variances, normal_residuals
from havoc.tools.stats.two_way_cells import Effects, Layout, layout_of

Levels = Annotated[
    list[str | float], Meta(description="level of the factor for each value of the response")
]


class Cell(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One combination of levels."""

    a: str
    b: str
    n: int
    mean: float
    sd: float | None = None


class LevelMean(msgspec.Struct, frozen=True, kw_only=True):
    """``mean`` of the cell means of the level (unweighted), and its number of values."""

    level: str
    n: int
    mean: float


class TwoWayAnova(Outcome):
    """Factor A is ``name_a``, B is ``name_b``; without interaction the AB figures are absent."""

    name_a: str
    name_b: str
    response_name: str
    ss_type: int
    interaction: bool
    balanced: bool
    n: int
    ss_A: float
    ss_B: float
    ss_error: float
    ss_total: float
    df_A: float
    df_B: float
    df_error: float
    df_total: float
    ms_A: float
    ms_B: float
    ms_error: float
    F_A: float
    F_B: float
    p_A: float
    p_B: float
    significant_A: bool
    significant_B: bool
    significant: bool
    alpha: float
    partial_eta_squared_A: float
    partial_eta_squared_B: float
    r_squared: float
    r_squared_adjusted: float
    residual_stdev: float
    grand_mean: float
    best_a: str
    best_b: str
    lowest_a: str
    lowest_b: str
    levels_a: list[LevelMean]
    levels_b: list[LevelMean]
    cells: list[Cell]
    ss_AB: float | None = None
    df_AB: float | None = None
    ms_AB: float | None = None
    F_AB: float | None = None
    p_AB: float | None = None
    significant_AB: bool | None = None
    partial_eta_squared_AB: float | None = None


@tool(
    "anova_two_way",
    title="Two-way analysis of variance",
    source="Montgomery, Design and Analysis of Experiments, 5.3; Searle (1987)",
)
def anova_two_way(
    factor_a: Levels,
    factor_b: Levels,
    response: Annotated[list[float], Meta(description="measured values")],
    interaction: Annotated[
        bool | None,
        Meta(description="test the interaction; by default wherever there are repeats"),
    ] = None,
    ss_type: Annotated[
        Literal[1, 2, 3], Meta(description="type of the sums of squares; 3 as Minitab and JMP")
    ] = 3,
    alpha: Alpha = 0.05,
    name_a: Name = "factor A",
    name_b: Name = "factor B",
    response_name: Name = "response",
    unit: Unit = "",
) -> TwoWayAnova:
    """Do two factors matter, and does the effect of one depend on the other?

    Use it for a response measured at combinations of two factors, three lists
    of equal length. One value in each cell gives an analysis without
    interaction (as for blocks). Assumes independent, near-normal errors of one
    variance.
    """
    values = as_sample(response, "response", minimum=3, varying=True)
    labels_a, labels_b = _labels(factor_a), _labels(factor_b)
    if not len(labels_a) == len(labels_b) == values.size:
        raise InputError(
            f"{len(labels_a)}, {len(labels_b)} and {values.size} entries",
            where="factor_a, factor_b, response",
            remedy="give the level of both factors for every value",
        )
    centred = precise_sums.deviations(values)
    layout, cell_of = layout_of(labels_a, labels_b, centred, name_a, name_b)
    cells_used, full = layout.sizes.size, len(layout.levels_a) * len(layout.levels_b)
    warnings = precise_sums.precision_warnings(values)
    repeats = values.size > cells_used
    with_interaction = repeats if interaction is None else interaction
    if with_interaction and not repeats:
        warnings.append("one value in each cell leaves no error beside the interaction: left out")
        with_interaction = False
    if cells_used < full:
        warnings.append(f"{full - cells_used} of {full} combinations hold no value")
        if ss_type == 3 and with_interaction:
            ss_type = 2
            warnings.append("type III is not defined with empty cells: type II is given")
    fit = Effects(layout, with_interaction)
    if fit.df_error < 1:
        raise InputError(
            "no degree of freedom is left for the error",
            where="response",
            remedy="repeat some combinations",
        )
    sums = fit.sums(ss_type)
    total = math.fsum((centred * centred).tolist())
    if fit.ss_error <= 1e-24 * total:
        raise InputError(
            "the model fits every value exactly, so there is no error to compare with",
            where="response",
            remedy="check the resolution of the measurement",
        )
    ms_error = fit.ss_error / fit.df_error

    def f_and_p(effect: str) -> tuple[float, float]:
        square, df = sums[effect]
        statistic = square / df / ms_error
        return statistic, float(special.fdtrc(df, fit.df_error, statistic))

    (f_a, p_a), (f_b, p_b) = f_and_p("A"), f_and_p("B")
    origin = precise_sums.mean(values)
    residuals = centred - fit.fitted()[cell_of]
    levels_a = _level_means(layout, origin, layout.levels_a, layout.index_a)
    levels_b = _level_means(layout, origin, layout.levels_b, layout.index_b)
    cells = _cells(layout, origin)
    result = TwoWayAnova(
        method=f"two-way ANOVA, type {'I' * ss_type} sums of squares, "
        f"{'with' if with_interaction else 'without'} interaction",
        unit=unit,
        name_a=name_a,
        name_b=name_b,
        response_name=response_name,
        ss_type=ss_type,
        interaction=with_interaction,
        balanced=bool(cells_used == full and np.ptp(layout.sizes) == 0),
        n=values.size,
        ss_A=sums["A"][0],
        ss_B=sums["B"][0],
        ss_error=fit.ss_error,
        ss_total=total,
        df_A=sums["A"][1],
        df_B=sums["B"][1],
        df_error=fit.df_error,
        df_total=values.size - 1.0,
        ms_A=sums["A"][0] / sums["A"][1],
        ms_B=sums["B"][0] / sums["B"][1],
        ms_error=ms_error,
        F_A=f_a,
        F_B=f_b,
        p_A=p_a,
        p_B=p_b,
        significant_A=p_a < alpha,
        significant_B=p_b < alpha,
        significant=min(p_a, p_b) < alpha,
        alpha=alpha,
        partial_eta_squared_A=sums["A"][0] / (sums["A"][0] + fit.ss_error),
        partial_eta_squared_B=sums["B"][0] / (sums["B"][0] + fit.ss_error),
        r_squared=1 - fit.ss_error / total,
        r_squared_adjusted=1 - ms_error * (values.size - 1) / total,
        residual_stdev=math.sqrt(ms_error),
        grand_mean=origin,
        best_a=max(levels_a, key=lambda item: item.mean).level,
        best_b=max(levels_b, key=lambda item: item.mean).level,
        lowest_a=min(levels_a, key=lambda item: item.mean).level,
        lowest_b=min(levels_b, key=lambda item: item.mean).level,
        levels_a=levels_a,
        levels_b=levels_b,
        cells=cells,
        assumptions=_checks(residuals, cell_of, cells_used, repeats),
        warnings=warnings,
        charts=_charts(layout, cells, levels_a, levels_b, name_a, name_b, response_name, unit),
    )
    if with_interaction:
        result.ss_AB, result.df_AB = sums["AB"]
        result.ms_AB = result.ss_AB / result.df_AB
        result.F_AB, result.p_AB = f_and_p("AB")
        result.significant_AB = result.p_AB < alpha
        result.significant = result.significant or result.significant_AB
        result.partial_eta_squared_AB = result.ss_AB / (result.ss_AB + fit.ss_error)
    return result


@anova_two_way.narrates
def _narrate(result: TwoWayAnova) -> Narrative:
    tests = "{{name_a}}: p {{p_A:p}}; {{name_b}}: p {{p_B:p}}"
    if result.interaction:
        tests += "; interaction: p {{p_AB:p}}"
    effects = [
        name
        for name, found in (
            ("{{name_a}}", result.significant_A),
            ("{{name_b}}", result.significant_B),
        )
        if found
    ]
    if result.significant_AB:
        verdict = (
            "{{name_a}} and {{name_b}} interact: the effect of one depends on the level of the "
            "other"
        )
    elif effects:
        verb = "matters" if len(effects) == 1 else "matter"
        verdict = f"{' and '.join(effects)} {verb}"
        if result.interaction:
            verdict += ", with no evidence of an interaction"
    else:
        verdict = "There is no evidence that {{name_a}} or {{name_b}} matters"
    details = [
        "Among the levels of {{name_a}}, {{best_a}} is highest and {{lowest_a}} lowest; among "
        "those of {{name_b}}, {{best_b}} is highest and {{lowest_b}} lowest.",
        "The model explains {{r_squared:%}} of the variation; the standard deviation of the error "
        "is {{residual_stdev:unit}}.",
    ]
    if result.significant_AB:
        details.insert(0, "Read the interaction chart before the single effects.")
    figures = [
        ("F of {{name_a}}", "{{F_A}} (p {{p_A:p}})"),
        ("F of {{name_b}}", "{{F_B}} (p {{p_B:p}})"),
    ]
    if result.interaction:
        figures.append(("F of the interaction", "{{F_AB}} (p {{p_AB:p}})"))
    figures.append(("degrees of freedom of the error", "{{df_error}}"))
    return Narrative(conclusion=f"{verdict} ({tests}).", details=details, key_figures=figures)


@anova_two_way.verifies
def _verify(result: TwoWayAnova, response: list[float], **_: object) -> list[Recomputed]:
    if not result.balanced:
        return []
    # Balanced data: the sums of squares follow from the means and add up.
    per_a = result.n / len(result.levels_a)
    center = math.fsum(level.mean for level in result.levels_a) / len(result.levels_a)
    square = per_a * math.fsum((level.mean - center) ** 2 for level in result.levels_a)
    parts = result.ss_A + result.ss_B + (result.ss_AB or 0.0) + result.ss_error
    offset = max(abs(result.grand_mean) / result.residual_stdev, 1.0)
    slack = 1e-14 * offset**2 * result.ss_error + 1e-12 * result.ss_total
    return [
        Recomputed(
            name="ss_A",
            value=result.ss_A,
            recomputed=square,
            route="means of the levels",
            atol=slack,
        ),
        Recomputed(
            name="ss_total",
            value=result.ss_total,
            recomputed=parts,
            route="sum of the parts",
            atol=slack,
        ),
    ]


def _labels(levels: list[str | float]) -> list[str]:
    return [level if isinstance(level, str) else f"{level:g}" for level in levels]


def _level_means(
    layout: Layout, origin: float, levels: list[str], index: np.ndarray
) -> list[LevelMean]:
    return [
        LevelMean(
            level=level,
            n=int(layout.sizes[index == i].sum()),
            mean=origin + float(layout.means[index == i].mean()),
        )
        for i, level in enumerate(levels)
    ]


def _cells(layout: Layout, origin: float) -> list[Cell]:
    return [
        Cell(
            a=layout.levels_a[int(layout.index_a[i])],
            b=layout.levels_b[int(layout.index_b[i])],
            n=int(layout.sizes[i]),
            mean=origin + float(layout.means[i]),
            sd=math.sqrt(layout.within[i] / (layout.sizes[i] - 1)) if layout.sizes[i] > 1 else None,
        )
        for i in range(layout.sizes.size)
    ]


def _checks(residuals: FloatArray, cell_of: np.ndarray, cells: int, repeats: bool) -> list[Check]:
    checks = [normal_residuals(residuals)]
    if repeats and cells <= 100:
        checks.append(equal_variances([residuals[cell_of == cell] for cell in range(cells)]))
    return [*checks, INDEPENDENCE]


def _charts(
    layout: Layout,
    cells: list[Cell],
    levels_a: list[LevelMean],
    levels_b: list[LevelMean],
    name_a: str,
    name_b: str,
    response_name: str,
    unit: str,
) -> list[ChartSpec]:
    label = unit or response_name
    lines = [
        Series(
            name=f"{name_b} {level}",
            x=[cell.a for cell in cells if cell.b == level],
            y=[cell.mean for cell in cells if cell.b == level],
        )
        for level in layout.levels_b
    ]
    return [
        ChartSpec(
            kind="interaction",
            title=f"Mean {response_name}: lines that are not parallel speak for an interaction",
            panels=[Panel(x_label=name_a, y_label=label, x_scale="category", series=lines)],
        ),
        ChartSpec(
            kind="main_effects",
            title=f"Mean {response_name} at each level of {name_a} and of {name_b}",
            panels=[
                Panel(
                    title=name,
                    x_label=name,
                    y_label=label,
                    x_scale="category",
                    series=[
                        Series(
                            name="mean",
                            x=[item.level for item in levels],
                            y=[item.mean for item in levels],
                        )
                    ],
                )
                for name, levels in ((name_a, levels_a), (name_b, levels_b))
            ],
        ),
    ]
