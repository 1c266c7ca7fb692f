"""Gage repeatability and reproducibility where every operator has parts of his own.

A destroyed part cannot be measured again, so each operator measures parts of his own;
the repeats are units that are alike enough to stand for one part (of one batch).

Sources: AIAG, Measurement Systems Analysis, 4th edition, chapter IV (non-replicable
systems); R. K. Burdick, C. M. Borror and D. C. Montgomery (2005), Design and Analysis
of Gauge R&R Studies, chapter 2 (nested model), with Montgomery, Design and Analysis of
Experiments, section 14.1 (expected mean squares).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.msa.component_intervals import nested_forms
from havoc.tools.msa.components import Components, anova_row
from havoc.tools.msa.gage_charts import draw
from havoc.tools.msa.gage_result import AnovaRow, GageRR, narrate
from havoc.tools.msa.shares import add_intervals, gage_result, tolerance_width
from havoc.tools.msa.study import Labels, index_labels
from havoc.tools.parameters import Confidence, FloatArray, Name, Unit, as_sample
from havoc.tools.result import Check, Narrative, Recomputed
from havoc.tools.spc.constants import range_moments

_Positive = Annotated[float, Meta(gt=0)] | None


class NestedStudy(msgspec.Struct, frozen=True, kw_only=True):
    """``values[operator, part, trial]``; ``parts`` are those of each operator."""

    values: FloatArray
    parts: list[list[str]]
    operators: list[str]
    shared: bool


@tool(
    "gage_rr_nested",
    title="Gage R&R, nested study",
    source="AIAG Measurement Systems Analysis, 4th edition, IV; Burdick, Borror and Montgomery "
    "(2005), chapter 2",
)
def gage_rr_nested(
    data: Annotated[list[float], Meta(description="the measurements, one a row")],
    parts: Annotated[
        Labels,
        Meta(description="part (or batch) of each measurement; its operator makes it unique"),
    ],
    operators: Annotated[Labels, Meta(description="operator of each measurement")],
    tolerance: Annotated[_Positive, Meta(description="width of the tolerance, USL - LSL")] = None,
    lsl: Annotated[float | None, Meta(description="lower limit, instead of tolerance")] = None,
    usl: Annotated[float | None, Meta(description="upper limit, instead of tolerance")] = None,
    study_multiplier: Annotated[
        float, Meta(gt=0, description="study variation is this many standard deviations")
    ] = 6.0,
    confidence: Confidence = 0.95,
    name: Name = "the gage",
    unit: Unit = "",
) -> GageRR:
    """Is the measurement system good enough, if every operator has parts of his own?

    Use it for destructive tests, and wherever a part is measured by one operator
    only: the parts are nested within the operators. The repeats of a part are units
    from one batch that are as alike as can be. Every operator needs the same number
    of parts and every part the same number of repeats; for other data use
    gage_rr_expanded. Assumes that the units of a part do not differ, since their
    differences count as repeatability, that operators got their parts at random, and
    normal errors of equal spread.
    """
    width = tolerance_width(tolerance, lsl, usl)
    study = _read(data, parts, operators)
    components, rows = _components(study.values)
    result = gage_result(components, width, study_multiplier, name, unit)
    result.method = (
        "nested ANOVA, parts within operators, both random; negative components set to zero; "
        f"study variation {study_multiplier:g} standard deviations; categories 1.41 PV / GRR, cut "
        "to a whole number; intervals: chi-square for repeatability, modified large sample for "
        "the other components, generalized inference for the shares"
    )
    result.anova = rows
    named = {row.source: row for row in rows}
    result.F_operator, result.p_operator = named["operator"].F, named["operator"].p_value
    result.F_part, result.p_part = named["part (operator)"].F, named["part (operator)"].p_value
    result.operator_count, result.part_count, result.trial_count = study.values.shape
    result.measurements = study.values.size
    add_intervals(result, nested_forms(*study.values.shape[1:]), confidence)
    result.assumptions = _assumptions(study)
    result.warnings = _warnings(study, named["operator"], named["part (operator)"])
    result.charts = [draw(result, study.values, study.parts, study.operators, nested=True)]
    return result


def _read(data: list[float], parts: Labels, operators: Labels) -> NestedStudy:
    values = as_sample(data, "data", minimum=8)
    for where, column in (("parts", parts), ("operators", operators)):
        if len(column) != values.size:
            raise InputError(
                f"{values.size} measurements but {len(column)} labels",
                where=where,
                remedy="every measurement needs its part and its operator",
            )
    operator_names, operator_index = index_labels(operators)
    if len(operator_names) < 2:
        raise InputError(
            "one operator only: a nested study needs at least 2 operators",
            where="operators",
            remedy="let a second operator measure parts of his own",
        )
    part_names, part_index = index_labels(parts)
    owner: dict[tuple[int, int], int] = {}
    own: list[list[str]] = [[] for _ in operator_names]
    cells = []
    for i, j in zip(operator_index, part_index, strict=True):
        if (i, j) not in owner:
            owner[i, j] = len(own[i])
            own[i].append(part_names[j])
        cells.append((i, owner[i, j]))
    counts = {len(names) for names in own}
    if len(counts) > 1:
        few = min(range(len(own)), key=lambda i: len(own[i]))
        raise InputError(
            f"operator {operator_names[few]} measured {len(own[few])} parts, others up to "
            f"{max(counts)}",
            where="parts, operators",
            remedy="complete the study, or use gage_rr_expanded, which takes unbalanced data",
        )
    count = counts.pop()
    if count < 2:
        raise InputError(
            "every operator measured one part only, so parts and operators cannot be told apart",
            where="parts",
            remedy="give every operator two parts or more",
        )
    return _balanced(values, cells, own, operator_names, count)


def _balanced(
    values: FloatArray,
    cells: list[tuple[int, int]],
    own: list[list[str]],
    operators: list[str],
    count: int,
) -> NestedStudy:
    place = np.asarray([i * count + j for i, j in cells])
    repeats = np.bincount(place, minlength=len(operators) * count)
    if repeats.min() != repeats.max():
        at = int(np.argmin(repeats))
        raise InputError(
            f"part {own[at // count][at % count]} of operator {operators[at // count]} has "
            f"{repeats[at]} measurements, others up to {repeats.max()}",
            where="data",
            remedy="complete the study, or use gage_rr_expanded, which takes unbalanced data",
        )
    if repeats[0] < 2:
        raise InputError(
            "every part has one measurement, so repeatability cannot be seen",
            where="data",
            remedy="measure two or more units of every part (batch)",
        )
    names = [set(parts) for parts in own]
    return NestedStudy(
        values=values[np.argsort(place, kind="stable")].reshape(
            len(operators), count, int(repeats[0])
        ),
        parts=own,
        operators=operators,
        shared=all(item == names[0] for item in names),
    )


def _components(values: FloatArray) -> tuple[Components, list[AnovaRow]]:
    """Operators are tested by the parts, parts by the repeats."""
    centred = values - values.mean()
    o, p, r = centred.shape
    part_means, operator_means = centred.mean(axis=2), centred.mean(axis=(1, 2))
    ss_operator = p * r * float(operator_means @ operator_means)
    between = part_means - operator_means[:, None]
    ss_part = r * float(np.sum(between * between))
    within = centred - part_means[:, :, None]
    ss_error = float(np.sum(within * within))
    noise = 1e-24 * values.size * float(np.max(np.abs(values)) ** 2)
    ss_error = ss_error if ss_error > noise else 0.0
    df_operator, df_part, df_error = o - 1, o * (p - 1), o * p * (r - 1)
    ms_part, ms_error = ss_part / df_part, ss_error / df_error
    rows = [
        anova_row("operator", ss_operator, df_operator, ms_part, df_part),
        anova_row("part (operator)", ss_part, df_part, ms_error, df_error),
        anova_row("repeatability", ss_error, df_error, None, 0),
    ]
    components = Components(
        repeatability=ms_error,
        operator=max((rows[0].ms - ms_part) / (p * r), 0.0),
        interaction=0.0,
        part=max((ms_part - ms_error) / r, 0.0),
    )
    return components, rows


def _warnings(study: NestedStudy, operator: AnovaRow, part: AnovaRow) -> list[str]:
    o, p, _ = study.values.shape
    warnings = []
    if study.shared:
        warnings.append(
            "all operators have parts of the same names; they are taken for different parts: if "
            "every operator measured the very same parts, use gage_rr (crossed)"
        )
    if operator.F is not None and operator.F < 1:
        warnings.append(
            "the estimate of the operator variance is negative and was set to zero: the operators "
            "differ less than the parts they were given"
        )
    if part.F is not None and part.F < 1:
        warnings.append(
            "the estimate of the part variance is negative and was set to zero: parts differ less "
            "than repeats do"
        )
    if o < 3:
        warnings.append(f"{o} operators make a rough estimate of reproducibility; 3 are usual")
    if o * p < 10:
        warnings.append(f"{o * p} parts say little about the variation between parts")
    return warnings


def _assumptions(study: NestedStudy) -> list[Check]:
    ranges = np.ptp(study.values, axis=2)
    mean, sd = range_moments(study.values.shape[2])
    limit = float(ranges.mean()) * (1 + 3 * sd / mean)
    at = np.argwhere(ranges > limit * (1 + 1e-9))
    cells = ", ".join(
        f"part {study.parts[i][j]} of {study.operators[i]}" for i, j in at[:5].tolist()
    )
    return [
        Check(
            name="consistent trials",
            status="violated" if cells else "ok",
            detail=f"the range of the repeats is above {limit:.4g} for {cells}"
            if cells
            else f"no range of the repeats is above {limit:.4g}",
        ),
        Check(
            name="units of a part alike",
            status="unknown",
            detail="differences between the units of a part (batch) count as repeatability and "
            "cannot be told from it",
        ),
    ]


@gage_rr_nested.narrates
def _narrate(result: GageRR) -> Narrative:
    told = narrate(result)
    details = [
        "{{operator_count}} operators measured {{part_count}} parts of their own each, "
        "{{trial_count}} units a part.",
        *told.details[1:],
        "Differences between the units of one part count as repeatability.",
    ]
    return Narrative(conclusion=told.conclusion, details=details, key_figures=told.key_figures)


@gage_rr_nested.verifies
def _verify(
    result: GageRR, data: list[float], parts: Labels, operators: Labels, **_: object
) -> list[Recomputed]:
    """Sums of squares again, from totals in exact rational arithmetic."""
    if len(data) > 5000 or not result.anova:
        return []
    study = _read(data, parts, operators)
    exact = np.vectorize(Fraction, otypes=[object])(study.values)
    o, p, r = study.values.shape
    total = exact.sum()
    by_operator, by_part = exact.sum(axis=(1, 2)), exact.sum(axis=2)
    squares = sum(t * t for t in by_operator) / (p * r)
    inner = sum(t * t for t in by_part.ravel()) / r
    named = {row.source: row for row in result.anova}
    return [
        Recomputed(
            name="ss_operator",
            value=named["operator"].ss,
            recomputed=float(squares - total * total / (o * p * r)),
            route="totals in exact rational arithmetic",
        ),
        Recomputed(
            name="ss_part",
            value=named["part (operator)"].ss,
            recomputed=float(inner - squares),
            route="totals in exact rational arithmetic",
        ),
    ]
