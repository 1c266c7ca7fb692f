"""Gage repeatability and reproducibility of a crossed study.

Every operator measures every part several times. The variance of a measurement
splits into repeatability (the gage), reproducibility (the operators and their
interaction with the parts) and the parts themselves.

Sources: AIAG, Measurement Systems Analysis, 4th edition, chapter III-B; R. K.
Burdick, C. M. Borror and D. C. Montgomery (2003), J. Quality Technology 35, 342.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from havoc.tools.declaration import tool
from havoc.tools.msa.component_intervals import crossed_forms
from havoc.tools.msa.components import (
    by_anova,
    by_ranges,
    from_deviations,
    from_worksheet,
)
from havoc.tools.msa.gage_charts import draw
from havoc.tools.msa.gage_result import AnovaRow, GageRR, narrate
from havoc.tools.msa.shares import add_intervals, gage_result, tolerance_width
from havoc.tools.msa.study import CrossedStudy, Labels, read_study
from havoc.tools.parameters import Confidence, Name, Unit
from havoc.tools.result import Check, Recomputed
from havoc.tools.spc.constants import range_moments

_Positive = Annotated[float, Meta(gt=0)] | None
_NotNegative = Annotated[float, Meta(ge=0)] | None


@tool(
    "gage_rr",
    title="Gage R&R, crossed study",
    source="AIAG Measurement Systems Analysis, 4th edition, III-B",
)
def gage_rr(
    data: Annotated[list[float] | None, Meta(description="the measurements, one a row")] = None,
    parts: Annotated[
        Labels | Annotated[int, Meta(ge=2)] | None,
        Meta(description="part of each measurement (or, with rbar, the number of parts)"),
    ] = None,
    operators: Annotated[
        Labels | Annotated[int, Meta(ge=1)] | None,
        Meta(description="operator of each measurement (or, with rbar, their number)"),
    ] = None,
    method: Annotated[
        Literal["anova", "xbar_r"],
        Meta(description="analysis of variance, or averages and ranges (AIAG worksheet)"),
    ] = "anova",
    tolerance: Annotated[_Positive, Meta(description="width of the tolerance, USL - LSL")] = None,
    lsl: Annotated[float | None, Meta(description="lower limit, instead of tolerance")] = None,
    usl: Annotated[float | None, Meta(description="upper limit, instead of tolerance")] = None,
    study_multiplier: Annotated[
        float, Meta(gt=0, description="study variation is this many standard deviations")
    ] = 6.0,
    alpha_interaction: Annotated[
        float,
        Meta(ge=0, le=1, description="the interaction is dropped if its p-value is above"),
    ] = 0.05,
    ev: Annotated[
        _NotNegative, Meta(description="known standard deviation of repeatability")
    ] = None,
    av: Annotated[
        _NotNegative, Meta(description="known standard deviation of reproducibility")
    ] = None,
    grr: Annotated[
        _NotNegative, Meta(description="known standard deviation of the gage, instead of ev, av")
    ] = None,
    pv: Annotated[_NotNegative, Meta(description="known standard deviation between parts")] = None,
    tv: Annotated[
        _Positive, Meta(description="known total standard deviation, instead of pv")
    ] = None,
    rbar: Annotated[_NotNegative, Meta(description="mean range of the trials (xbar_r)")] = None,
    xdiff: Annotated[_NotNegative, Meta(description="range of the operator means (xbar_r)")] = None,
    rp: Annotated[_NotNegative, Meta(description="range of the part means (xbar_r)")] = None,
    trials: Annotated[
        Annotated[int, Meta(ge=2)] | None, Meta(description="trials a part, with rbar")
    ] = None,
    confidence: Confidence = 0.95,
    name: Name = "the gage",
    unit: Unit = "",
) -> GageRR:
    """Is the measurement system good enough: repeatability and reproducibility?

    Use it for a crossed study: every operator measures every part at least
    twice. Balanced data are needed. Standard deviations that are already known
    (ev, av, pv) or the AIAG worksheet figures (rbar, xdiff, rp) do as well.
    Below 10 % of the study variation a system is good, above 30 % it is not
    usable; at least five distinct categories are wanted. Assumes parts that
    span the process and blind, randomised trials.
    """
    width = tolerance_width(tolerance, lsl, usl)
    warnings: list[str] = []
    study = None
    rows: list[AnovaRow] = []
    pooled: bool | None = None
    if data is not None:
        study = read_study(data, parts, operators)
        if method == "anova":
            components, rows, pooled = by_anova(study, alpha_interaction)
            text = "crossed ANOVA, " + (
                f"interaction dropped (p above {alpha_interaction:g})"
                if pooled
                else "with interaction"
            )
        else:
            components = by_ranges(
                float(np.ptp(study.values, axis=2).mean()),
                float(np.ptp(study.values.mean(axis=(0, 2)))),
                float(np.ptp(study.values.mean(axis=(1, 2)))),
                study.values.shape,
            )
            text = "averages and ranges with d2* constants (AIAG)"
        warnings = _study_warnings(study)
    elif rbar is not None:
        components = from_worksheet(rbar, xdiff, rp, parts, operators, trials)
        text = "averages and ranges with d2* constants (AIAG), from worksheet figures"
    else:
        components = from_deviations(ev, av, grr, pv, tv)
        text = "from given standard deviations"
    result = gage_result(components, width, study_multiplier, name, unit)
    result.method = (
        f"{text}; negative components set to zero; study variation "
        f"{study_multiplier:g} standard deviations; categories 1.41 PV / GRR, cut to a whole number"
    )
    result.warnings = warnings
    if study is not None:
        result.part_count, result.operator_count, result.trial_count = study.values.shape
        result.measurements = study.values.size
        result.charts = [
            draw(
                result,
                study.values.transpose(1, 0, 2),
                [study.parts] * len(study.operators),
                study.operators,
            )
        ]
        result.assumptions = _assumptions(study)
    if rows:
        result.anova = rows
        result.interaction_dropped = pooled
        assert study is not None
        add_intervals(result, crossed_forms(study.values.shape, pooled), confidence)
        result.method += (
            "; intervals: chi-square for repeatability, modified large sample for the other "
            "components (Burdick, Borror and Montgomery), generalized inference for the shares"
        )
        named = {row.source: row for row in rows}
        if "part x operator" in named:
            result.interaction_F = named["part x operator"].F
            result.interaction_p = named["part x operator"].p_value
        result.F_part, result.p_part = named["part"].F, named["part"].p_value
        if "operator" in named:
            result.F_operator, result.p_operator = named["operator"].F, named["operator"].p_value
    return result


gage_rr.narrates(narrate)


def _study_warnings(study: CrossedStudy) -> list[str]:
    p, o, _ = study.values.shape
    warnings = []
    if p < 5:
        warnings.append(f"{p} parts say little about the variation between parts; 10 are usual")
    if o == 1:
        warnings.append("one operator only: reproducibility cannot be seen")
    elif o < 3:
        warnings.append(f"{o} operators make a rough estimate of reproducibility; 3 are usual")
    return warnings


def _assumptions(study: CrossedStudy) -> list[Check]:
    """Are the ranges of the trials in control? One wild reading spoils repeatability."""
    ranges = np.ptp(study.values, axis=2)
    trials = study.values.shape[2]
    mean, sd = range_moments(trials)
    limit = float(ranges.mean()) * (1 + 3 * sd / mean)
    at = np.argwhere(ranges > limit * (1 + 1e-9))
    if at.size == 0:
        detail = f"no range of the trials is above {limit:.4g}"
        return [Check(name="consistent trials", status="ok", detail=detail)]
    cells = ", ".join(f"part {study.parts[i]} by {study.operators[j]}" for i, j in at[:5].tolist())
    return [
        Check(
            name="consistent trials",
            status="violated",
            detail=f"the range of the trials is above {limit:.4g} for {cells}",
        )
    ]


@gage_rr.verifies
def _verify(
    result: GageRR,
    data: list[float] | None,
    parts: Labels | int | None,
    operators: Labels | int | None,
    method: str,
    **_: object,
) -> list[Recomputed]:
    """Sums of squares again, from totals in exact rational arithmetic."""
    if data is None or method != "anova" or len(data) > 5000 or not result.anova:
        return []
    study = read_study(data, parts, operators)
    exact = np.vectorize(Fraction, otypes=[object])(study.values)
    p, o, r = study.values.shape
    total = exact.sum()
    correction = total * total / (p * o * r)
    by_part, by_cell = exact.sum(axis=(1, 2)), exact.sum(axis=2)
    ss_part = float(sum(t * t for t in by_part) / (o * r) - correction)
    squares = sum(value * value for value in exact.ravel())
    ss_error = float(squares - sum(t * t for t in by_cell.ravel()) / r)
    named = {row.source: row for row in result.anova}
    checks = [
        Recomputed(
            name="ss_part",
            value=named["part"].ss,
            recomputed=ss_part,
            route="totals in exact rational arithmetic",
        )
    ]
    if not result.interaction_dropped:
        checks.append(
            Recomputed(
                name="var_repeatability",
                value=result.var_repeatability,
                recomputed=ss_error / (p * o * (r - 1)),
                route="totals in exact rational arithmetic",
            )
        )
    return checks
