"""Bias and linearity of a gage over its range.

Parts of known value are measured; the deviations are regressed on the reference.
Sources: AIAG, Measurement Systems Analysis, 4th edition, chapter III-B (bias by a
t test, linearity by the line of bias on reference, percentages of the process
variation).
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Annotated

import numpy as np
from msgspec import Meta
from scipy import special

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.msa.bias_result import BiasLinearity, ReferenceBias, draw, narrate
from havoc.tools.parameters import Alpha, FloatArray, Name, Unit, as_sample
from havoc.tools.result import Check, Recomputed

_Positive = Annotated[float, Meta(gt=0)] | None
_Readings = list[float | list[float]]
_Columns = tuple[FloatArray, FloatArray]


@tool(
    "gage_bias_linearity",
    title="Gage bias and linearity",
    source="AIAG Measurement Systems Analysis, 4th edition, III-B",
)
def gage_bias_linearity(
    reference: Annotated[
        list[float] | float,
        Meta(description="reference value of each reading (or of each row), or the one reference"),
    ],
    measured: Annotated[
        _Readings | None,
        Meta(description="readings, one for each reference value, or a row of them for each"),
    ] = None,
    bias: Annotated[
        _Readings | None, Meta(description="instead: deviations from the reference")
    ] = None,
    mean: Annotated[
        float | None, Meta(description="for one reference: mean of the readings")
    ] = None,
    sd: Annotated[_Positive, Meta(description="and their standard deviation (n - 1)")] = None,
    n: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="readings behind the mean, or behind every value that is a mean"),
    ] = None,
    process_variation: Annotated[
        _Positive, Meta(description="six standard deviations of the process, for the percentages")
    ] = None,
    alpha: Alpha = 0.05,
    name: Name = "the gage",
    unit: Unit = "",
) -> BiasLinearity:
    """Does the gage read wrong, and does its error depend on the size?

    Use it with parts of known value over the range of the gage, each measured
    several times (AIAG: five parts, twelve readings). One reference gives a study
    of bias only. Each part's bias has a t test of its own; the slope of bias
    against reference answers the question of linearity. Assumes independent
    readings of equal spread and reference values without error.
    """
    if not isinstance(reference, list):
        result = _one_reference(float(reference), measured, bias, mean, sd, n, alpha)
    else:
        references, deviations = _columns(reference, measured, bias)
        if np.unique(references).size == 1:
            result = _one_reference(
                float(references[0]), None, [*deviations.tolist()], None, None, None, alpha
            )
        else:
            result = _line(references, deviations, alpha)
            if n is not None and n > 1:
                result.warnings.append(
                    f"every value is a mean of {n} readings, so the spread of single readings is "
                    "not in the tests"
                )
    result.name, result.unit = name, unit
    if process_variation is not None:
        result.process_variation = process_variation
        result.pct_bias = 100 * abs(result.bias) / process_variation
        if result.slope is not None:
            result.linearity = abs(result.slope) * process_variation
    if isinstance(reference, list) and result.slope is not None:
        result.charts = draw(result, references, deviations)
    return result


def _columns(
    reference: list[float], measured: _Readings | None, bias: _Readings | None
) -> _Columns:
    """Reference and deviation of every reading."""
    given = measured if measured is not None else bias
    where = "measured" if measured is not None else "bias"
    if given is None or (measured is not None and bias is not None):
        raise InputError(
            "no readings given" if given is None else "readings and deviations are both given",
            where="gage_bias_linearity",
            remedy="give measured, or bias",
        )
    if len(given) != len(reference):
        raise InputError(
            f"{len(reference)} reference values but {len(given)} readings or rows of readings",
            where=f"reference, {where}",
            remedy="every reading (or row) needs its reference value",
        )
    rows = [row if isinstance(row, list) else [row] for row in given]
    references = as_sample(
        [value for value, row in zip(reference, rows, strict=True) for _ in row], "reference"
    )
    values = as_sample([value for row in rows for value in row], where)
    return references, values - references if measured is not None else values


def _one_reference(
    reference: float,
    measured: _Readings | None,
    bias: _Readings | None,
    mean: float | None,
    sd: float | None,
    n: int | None,
    alpha: float,
) -> BiasLinearity:
    if not math.isfinite(reference):
        raise InputError(
            "the reference must be a finite number", where="reference", remedy="give a number"
        )
    if measured is not None or bias is not None:
        rows = measured if measured is not None else bias or []
        flat = [value for row in rows for value in (row if isinstance(row, list) else [row])]
        values = as_sample(flat, "measured", minimum=2)
        deviations = values - reference if measured is not None else values
        n = deviations.size
        offset, spread = float(deviations.mean()), float(deviations.std(ddof=1))
    elif mean is not None and sd is not None and n is not None and n > 1:
        offset, spread = mean - reference, sd
    else:
        raise InputError(
            "the readings are missing",
            where="measured",
            remedy="give the readings, or mean, sd and n (two or more)",
        )
    if spread <= 1e-12 * max(abs(reference), abs(offset)):
        raise InputError(
            "all readings are equal, so the bias cannot be tested",
            where="measured",
            remedy="read the gage with more digits",
        )
    part = ReferenceBias(reference=reference, n=n, mean=reference + offset, bias=offset)
    _test_part(part, spread, alpha)
    return BiasLinearity(
        method="one-sample t test of the deviations from the reference, n - 1 degrees of freedom",
        name="",
        n=n,
        bias=offset,
        bias_per_part=[offset],
        references=[reference],
        parts=[part],
        alpha=alpha,
        level=1 - alpha,
        repeatability=spread,
        bias_t=part.t,
        bias_df=part.df,
        bias_p=part.p_value,
        bias_ci_low=part.ci_low,
        bias_ci_high=part.ci_high,
        p_value=part.p_value,
        significant=part.significant,
        t=part.t,
        df=part.df,
        ci_low=part.ci_low,
        ci_high=part.ci_high,
        warnings=[f"{n} readings say little about the bias; ten or more are usual"]
        if n < 10
        else [],
    )


def _test_part(part: ReferenceBias, spread: float, alpha: float) -> None:
    """t test of one part's bias from the spread of its own readings."""
    part.sd = spread
    if spread == 0 or part.n < 2:
        return
    df, error = part.n - 1, spread / math.sqrt(part.n)
    margin = float(special.stdtrit(df, 1 - alpha / 2)) * error
    part.t, part.df = part.bias / error, float(df)
    part.p_value = 2 * float(special.stdtr(df, -abs(part.t)))
    part.significant = part.p_value < alpha
    part.ci_low, part.ci_high = part.bias - margin, part.bias + margin


def _line(references: FloatArray, deviations: FloatArray, alpha: float) -> BiasLinearity:
    levels, index = np.unique(references, return_inverse=True)
    counts = np.bincount(index)
    means = np.bincount(index, weights=deviations) / counts
    within = deviations - means[index]
    squares = np.bincount(index, weights=within * within)
    parts = []
    for i, level in enumerate(levels.tolist()):
        part = ReferenceBias(
            reference=level, n=int(counts[i]), mean=level + float(means[i]), bias=float(means[i])
        )
        if counts[i] > 1:
            spread = math.sqrt(float(squares[i]) / (int(counts[i]) - 1))
            # Equal readings leave rounding noise, which is no spread to test with.
            noise = 1e-12 * max(abs(level), abs(part.mean))
            _test_part(part, spread if spread > noise else 0.0, alpha)
        parts.append(part)
    result = _fit(references, deviations, alpha)
    result.bias_per_part = means.tolist()
    result.references = levels.tolist()
    result.parts = parts
    _band(result, references, alpha)
    _pooled(result, deviations, float(squares.sum()), levels.size, alpha)
    _assess(result, counts)
    return result


def _fit(references: FloatArray, deviations: FloatArray, alpha: float) -> BiasLinearity:
    n = references.size
    center, offset = float(references.mean()), float(deviations.mean())
    dx, dy = references - center, deviations - offset
    sxx, sxy, syy = float(dx @ dx), float(dx @ dy), float(dy @ dy)
    if sxx == 0:
        raise InputError(
            "the references lie too close together for a line",
            where="reference",
            remedy="check the references, or give them in a smaller unit",
        )
    slope = sxy / sxx
    intercept = offset - slope * center
    residuals = dy - slope * dx
    sse = float(residuals @ residuals)
    result = BiasLinearity(
        method="least squares of deviation on reference, every reading one point; bias of each "
        "part by its own standard deviation, average bias by the pooled one",
        name="",
        n=n,
        bias=offset,
        bias_per_part=[],
        references=[],
        parts=[],
        alpha=alpha,
        level=1 - alpha,
        slope=slope,
        intercept=intercept,
        r_squared=max(1 - sse / syy, 0.0) if syy > 0 else None,
        pct_linearity=100 * abs(slope),
    )
    df = n - 2
    noise = 1e-13 * float(np.abs(references).max())
    if df < 1 or math.sqrt(sse / n) <= noise:
        result.warnings.append(
            "the readings lie on the line exactly, so nothing can be tested; measure every part "
            "several times"
        )
        return result
    sigma = math.sqrt(sse / df)
    result.df, result.residual_sd = float(df), sigma
    result.slope_se = sigma / math.sqrt(sxx)
    result.intercept_se = sigma * math.sqrt(1 / n + center**2 / sxx)
    result.slope_t = slope / result.slope_se
    result.intercept_t = intercept / result.intercept_se
    result.slope_p = 2 * float(special.stdtr(df, -abs(result.slope_t)))
    result.intercept_p = 2 * float(special.stdtr(df, -abs(result.intercept_t)))
    margin = float(special.stdtrit(df, 1 - alpha / 2)) * result.slope_se
    result.slope_ci_low, result.slope_ci_high = slope - margin, slope + margin
    result.p_value, result.significant = result.slope_p, result.slope_p < alpha
    return result


def _band(result: BiasLinearity, references: FloatArray, alpha: float) -> None:
    """The fitted bias at each reference; does zero lie in the interval at all of them?"""
    assert result.slope is not None and result.intercept is not None
    center = float(references.mean())
    sxx = float(np.sum((references - center) ** 2))
    for part in result.parts:
        part.fitted = result.intercept + result.slope * part.reference
        if result.df is None or result.residual_sd is None:
            continue
        leverage = 1 / references.size + (part.reference - center) ** 2 / sxx
        quantile = float(special.stdtrit(result.df, 1 - alpha / 2))
        margin = quantile * result.residual_sd * math.sqrt(leverage)
        part.fitted_low, part.fitted_high = part.fitted - margin, part.fitted + margin
    if result.df is not None:
        result.zero_in_band = all(
            (part.fitted_low or 0.0) <= 0 <= (part.fitted_high or 0.0) for part in result.parts
        )


def _pooled(
    result: BiasLinearity, deviations: FloatArray, sse: float, groups: int, alpha: float
) -> None:
    """Average bias and lack of fit against the pooled spread of repeated readings."""
    n = deviations.size
    df = n - groups
    noise = 1e-12 * max(abs(part.mean) for part in result.parts)
    if df < 1 or math.sqrt(sse / df) <= noise:
        return
    spread = math.sqrt(sse / df)
    error = spread / math.sqrt(n)
    margin = float(special.stdtrit(df, 1 - alpha / 2)) * error
    result.repeatability, result.bias_df = spread, float(df)
    result.bias_t = result.bias / error
    result.bias_p = 2 * float(special.stdtr(df, -abs(result.bias_t)))
    result.bias_ci_low, result.bias_ci_high = result.bias - margin, result.bias + margin
    if groups > 2 and result.residual_sd is not None and result.df is not None:
        lack = max(result.residual_sd**2 * result.df - sse, 0.0)
        result.lack_of_fit_F = lack / (groups - 2) / spread**2
        result.lack_of_fit_p = float(special.fdtrc(groups - 2, df, result.lack_of_fit_F))


def _assess(result: BiasLinearity, counts: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> None:
    if result.lack_of_fit_p is not None:
        straight = result.lack_of_fit_p >= result.alpha
        result.assumptions.append(
            Check(
                name="straight line",
                status="ok" if straight else "violated",
                detail=f"lack of fit p = {result.lack_of_fit_p:.3g}",
            )
        )
    spreads = [part.sd for part in result.parts if part.sd]
    if len(spreads) > 1 and int(counts.min()) >= 3:
        ratio = max(spreads) / min(spreads)
        result.assumptions.append(
            Check(
                name="equal spread",
                status="ok" if ratio < 3 else "violated",
                detail=f"largest standard deviation of a part is {ratio:.2g} times the smallest",
            )
        )
    if counts.size < 5:
        result.warnings.append(
            f"{counts.size} reference values; five over the whole range are usual (AIAG)"
        )
    if int(counts.max()) == 1:
        result.warnings.append(
            "one value for each reference: the bias of a single part cannot be tested"
        )
    elif int(counts.min()) < 10:
        result.warnings.append(
            f"{int(counts.min())} readings of a part; ten or more are usual (AIAG)"
        )


gage_bias_linearity.narrates(narrate)


@gage_bias_linearity.verifies
def _verify(
    result: BiasLinearity,
    reference: list[float] | float,
    measured: _Readings | None,
    bias: _Readings | None,
    **_: object,
) -> list[Recomputed]:
    """Slope from raw sums in exact rational arithmetic."""
    if result.slope is None or not isinstance(reference, list) or result.n > 5000:
        return []
    given = measured if measured is not None else bias or []
    points = [
        (Fraction(x), Fraction(y) - (Fraction(x) if measured is not None else 0))
        for x, row in zip(reference, given, strict=True)
        for y in (row if isinstance(row, list) else [row])
    ]
    n, zero = len(points), Fraction(0)
    sx, sy = sum((x for x, _ in points), zero), sum((y for _, y in points), zero)
    sxx, sxy = sum((x * x for x, _ in points), zero), sum((x * y for x, y in points), zero)
    slope = (n * sxy - sx * sy) / (n * sxx - sx * sx)
    return [
        Recomputed(
            name="slope",
            value=result.slope,
            recomputed=float(slope),
            route="raw sums in exact rational arithmetic",
        )
    ]
