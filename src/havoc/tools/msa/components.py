"""Variance components of a measurement: by analysis of variance, by ranges, as given."""

from __future__ import annotations

import math

import msgspec
import numpy as np
from scipy import special

from havoc.errors import InputError
from havoc.tools.msa.gage_result import AnovaRow
from havoc.tools.msa.study import CrossedStudy, Labels
from havoc.tools.spc.constants import range_moments


class Components(msgspec.Struct, frozen=True, kw_only=True):
    """Variances. ``operator`` and ``interaction`` sum to the reproducibility."""

    repeatability: float
    operator: float
    interaction: float
    part: float

    @property
    def reproducibility(self) -> float:
        return self.operator + self.interaction

    @property
    def gage(self) -> float:
        return self.repeatability + self.reproducibility


def by_anova(study: CrossedStudy, alpha: float) -> tuple[Components, list[AnovaRow], bool | None]:
    """Components from mean squares; parts and operators are tested by the interaction."""
    values = study.values - study.values.mean()
    p, o, r = values.shape
    cells, part_means = values.mean(axis=2), values.mean(axis=(1, 2))
    operator_means = values.mean(axis=(0, 2))
    ss_part = o * r * float(part_means @ part_means)
    ss_operator = p * r * float(operator_means @ operator_means)
    rest = cells - part_means[:, None] - operator_means[None, :]
    ss_interaction = r * float(np.sum(rest * rest))
    within = values - cells[:, :, None]
    ss_error = float(np.sum(within * within))
    df_part, df_operator, df_error = p - 1, o - 1, p * o * (r - 1)
    if o == 1:
        ms_error = ss_error / df_error
        rows = [
            anova_row("part", ss_part, df_part, ms_error, df_error),
            anova_row("repeatability", ss_error, df_error, None, 0),
        ]
        components = Components(
            repeatability=ms_error,
            operator=0.0,
            interaction=0.0,
            part=max((ss_part / df_part - ms_error) / r, 0.0),
        )
        return components, rows, None
    df_interaction = df_part * df_operator
    ms_error = ss_error / df_error
    interaction = anova_row("part x operator", ss_interaction, df_interaction, ms_error, df_error)
    pooled = interaction.p_value is None or interaction.p_value > alpha
    if pooled:
        df_test = df_error + df_interaction
        ms_test = (ss_error + ss_interaction) / df_test
        repeatability, between = ms_test, 0.0
        last = anova_row("repeatability", ss_error + ss_interaction, df_test, None, 0)
    else:
        df_test, ms_test = df_interaction, ss_interaction / df_interaction
        repeatability, between = ms_error, max((ms_test - ms_error) / r, 0.0)
        last = anova_row("repeatability", ss_error, df_error, None, 0)
    components = Components(
        repeatability=repeatability,
        operator=max((ss_operator / df_operator - ms_test) / (p * r), 0.0),
        interaction=between,
        part=max((ss_part / df_part - ms_test) / (o * r), 0.0),
    )
    rows = [
        anova_row("part", ss_part, df_part, ms_test, df_test),
        anova_row("operator", ss_operator, df_operator, ms_test, df_test),
        interaction,
        last,
    ]
    return components, rows, pooled


def anova_row(source: str, ss: float, df: int, ms_test: float | None, df_test: int) -> AnovaRow:
    ms = ss / df
    if ms_test is None or ms_test <= 0:
        return AnovaRow(source=source, ss=ss, df=df, ms=ms)
    ratio = ms / ms_test
    return AnovaRow(
        source=source,
        ss=ss,
        df=df,
        ms=ms,
        F=ratio,
        p_value=float(special.fdtrc(df, df_test, ratio)),
    )


def by_ranges(
    mean_range: float, operator_range: float, part_range: float, shape: tuple[int, ...]
) -> Components:
    """AIAG worksheet: K1, K2, K3 are 1 / d2*, the bias-corrected d2 of few ranges."""
    p, o, r = shape
    repeatability = mean_range * _one_over_d2_star(r, p * o)
    variance = repeatability**2
    operator = 0.0
    if o > 1:
        spread = (operator_range * _one_over_d2_star(o, 1)) ** 2
        operator = max(spread - variance / (p * r), 0.0)
    return Components(
        repeatability=variance,
        operator=operator,
        interaction=0.0,
        part=(part_range * _one_over_d2_star(p, 1)) ** 2,
    )


def _one_over_d2_star(n: int, ranges: int) -> float:
    """1 / d2*; from 16 ranges on AIAG's table takes d2 itself."""
    mean, sd = range_moments(n)
    return 1 / (mean if ranges > 15 else math.sqrt(mean**2 + sd**2 / ranges))


def from_worksheet(
    rbar: float,
    xdiff: float | None,
    rp: float | None,
    parts: Labels | int | None,
    operators: Labels | int | None,
    trials: int | None,
) -> Components:
    if not isinstance(parts, int) or not isinstance(operators, int) or trials is None:
        raise InputError(
            "worksheet figures need the numbers of parts, operators and trials",
            where="parts, operators, trials",
            remedy="give all three",
        )
    if rp is None or (xdiff is None and operators > 1):
        raise InputError(
            "the range of the operator means or of the part means is missing",
            where="xdiff, rp",
            remedy="give both",
        )
    return by_ranges(rbar, xdiff or 0.0, rp, (parts, operators, trials))


def from_deviations(
    ev: float | None,
    av: float | None,
    grr: float | None,
    pv: float | None,
    tv: float | None,
) -> Components:
    if ev is None and grr is None:
        raise InputError(
            "neither measurements nor standard deviations are given",
            where="data, ev, av, pv",
            remedy="give data, parts and operators, or ev, av and pv",
        )
    repeatability, reproducibility = (ev or 0.0) ** 2, (av or 0.0) ** 2
    if ev is None and grr is not None:
        if av is not None and av > grr:
            raise InputError(
                "av is above grr, of which it is a part", where="av, grr", remedy="check the shares"
            )
        repeatability = grr**2 - reproducibility
    gage = repeatability + reproducibility
    if pv is not None:
        part = pv**2
    elif tv is not None:
        if tv**2 < gage:
            raise InputError(
                f"the total standard deviation {tv:g} is below that of the gage, "
                f"{math.sqrt(gage):g}",
                where="tv",
                remedy="check the figures",
            )
        part = tv**2 - gage
    else:
        raise InputError(
            "the variation between parts is missing",
            where="pv",
            remedy="give pv, or the total tv",
        )
    return Components(
        repeatability=repeatability, operator=reproducibility, interaction=0.0, part=part
    )
