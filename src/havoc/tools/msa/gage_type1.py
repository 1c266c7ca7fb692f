"""Type 1 gage study: Cg and Cgk of repeated readings of one reference part.

Sources: Bosch, Quality Management in the Bosch Group, booklet 10, procedure 1 (a
spread of six standard deviations, criterion 1.33); VDA volume 5 and the guidelines
of the car makers behind it (20 % of the tolerance, spread of four or six).
"""

from __future__ import annotations

import math
import statistics
from typing import Annotated

import numpy as np
from msgspec import Meta
from scipy import special

from havoc.charts import ChartSpec, Limit, Panel, Series, decimate
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, FloatArray, Name, Unit, as_sample
from havoc.tools.result import Check, Narrative, Outcome, Recomputed

USUAL_READINGS = 25
# A gage should resolve a twentieth of the tolerance (Bosch booklet 10).
FINEST_SHARE = 0.05
_Positive = Annotated[float, Meta(gt=0)] | None


class GageType1(Outcome):
    """``bias`` is mean minus reference; ``ci_low`` and ``ci_high`` bound it.

    ``allowed_spread`` is the share of the tolerance that the spread may fill.
    ``pct_var_repeatability`` is the spread as a percentage of the tolerance,
    ``pct_var_repeatability_bias`` the same with the bias counted in (allowed share
    over Cgk). ``tolerance_min_*`` is the smallest tolerance for which the index
    reaches ``criterion``.
    """

    name: str
    n: int
    mean: float
    sd: float
    reference: float
    tolerance: float
    percent_of_tolerance: float
    study_multiplier: float
    allowed_spread: float
    Cg: float
    Cg_ci_low: float
    Cg_ci_high: float
    Cgk: float
    criterion: float
    capable: bool
    repeatable: bool
    pct_var_repeatability: float
    tolerance_min_Cg: float
    tolerance_min_Cgk: float
    bias: float
    bias_pct_tolerance: float
    t: float
    df: float
    p_value: float
    significant: bool
    alpha: float
    level: float
    ci_low: float
    ci_high: float
    pct_var_repeatability_bias: float | None = None
    resolution: float | None = None
    resolution_pct_tolerance: float | None = None
    resolution_ok: bool | None = None
    lsl: float | None = None
    usl: float | None = None


@tool(
    "gage_type1",
    title="Type 1 gage study",
    source="Bosch booklet 10, procedure 1; VDA volume 5",
)
def gage_type1(
    reference: Annotated[float, Meta(description="certified value of the part that was measured")],
    data: Annotated[
        list[float] | None, Meta(description="repeated readings of the one part, in order")
    ] = None,
    mean: Annotated[float | None, Meta(description="instead of data: mean of the readings")] = None,
    sd: Annotated[_Positive, Meta(description="and their standard deviation (n - 1)")] = None,
    n: Annotated[
        Annotated[int, Meta(ge=2)] | None, Meta(description="and how many readings there were")
    ] = None,
    tolerance: Annotated[_Positive, Meta(description="full width of the tolerance")] = None,
    lsl: Annotated[float | None, Meta(description="lower limit, instead of tolerance")] = None,
    usl: Annotated[float | None, Meta(description="upper limit, instead of tolerance")] = None,
    percent_of_tolerance: Annotated[
        float,
        Meta(gt=0, le=100, description="share of the tolerance that the gage may use, in percent"),
    ] = 20.0,
    study_multiplier: Annotated[
        float,
        Meta(
            gt=0,
            description="spread of the gage in standard deviations: 6 (Bosch) or 4 (older VDA)",
        ),
    ] = 6.0,
    cg_required: Annotated[
        float, Meta(gt=0, description="smallest Cg and Cgk that are accepted")
    ] = 1.33,
    resolution: Annotated[_Positive, Meta(description="smallest step the gage shows")] = None,
    alpha: Alpha = 0.05,
    name: Name = "the gage",
    unit: Unit = "",
) -> GageType1:
    """Is the gage itself capable: repeatability (Cg) and bias (Cgk) on one reference part?

    Use it before a study with operators: one person measures one part of known
    value 25 to 50 times. Cg compares a fifth of the tolerance with the spread of
    the readings, Cgk takes the bias off first; both should reach 1.33. The t
    test says whether the bias is real. Assumes independent, near-normal readings
    with the part removed and put back each time.
    """
    width = _tolerance(tolerance, lsl, usl)
    if not math.isfinite(reference):
        raise InputError(
            "the reference must be a finite number", where="reference", remedy="give a number"
        )
    values = None
    if data is not None:
        if mean is not None or sd is not None:
            raise InputError(
                "readings and a summary are both given",
                where="data, mean, sd",
                remedy="give the readings, or mean, sd and n",
            )
        values = as_sample(data, "data", minimum=2)
        n, mean, sd = _summary(values)
    if mean is None or sd is None or n is None:
        raise InputError(
            "the readings are missing",
            where="data",
            remedy="give the readings, or mean, sd and n",
        )
    if not math.isfinite(mean) or not math.isfinite(sd):
        raise InputError(
            "mean and sd must be finite numbers",
            where="mean, sd",
            remedy="give mean and sd as numbers",
        )
    result = _study(
        n, mean, sd, reference, width, percent_of_tolerance, study_multiplier, cg_required, alpha
    )
    result.name, result.unit, result.lsl, result.usl = name, unit, lsl, usl
    _check_resolution(result, values, resolution)
    _warn(result, values)
    if values is not None:
        result.charts = [_chart(result, values)]
    return result


def _tolerance(tolerance: float | None, lsl: float | None, usl: float | None) -> float:
    if lsl is not None and usl is not None:
        if not lsl < usl:
            raise InputError(
                f"the lower limit {lsl:g} is not below the upper limit {usl:g}",
                where="lsl, usl",
                remedy="swap them",
            )
        if tolerance is not None and not math.isclose(tolerance, usl - lsl, rel_tol=1e-6):
            raise InputError(
                f"tolerance {tolerance:g} is not the distance of the limits, {usl - lsl:g}",
                where="tolerance, lsl, usl",
                remedy="give the full width or the limits",
            )
        tolerance = usl - lsl
    if tolerance is None:
        raise InputError(
            "the tolerance is missing",
            where="tolerance",
            remedy="give its full width, or lsl and usl",
        )
    if not math.isfinite(tolerance):
        raise InputError(
            "the tolerance must be a finite number", where="tolerance", remedy="give a number"
        )
    return tolerance


def _summary(values: FloatArray) -> tuple[int, float, float]:
    origin = float(values[0])
    shifted = values - origin
    if np.ptp(shifted) == 0:
        raise InputError(
            f"all {values.size} readings are {origin:g}, so the spread is zero and Cg does not "
            "exist",
            where="data",
            remedy="read the gage with more digits; its resolution is too coarse for this study",
        )
    return values.size, origin + float(shifted.mean()), float(shifted.std(ddof=1))


def _study(
    n: int,
    mean: float,
    sd: float,
    reference: float,
    width: float,
    percent: float,
    multiplier: float,
    criterion: float,
    alpha: float,
) -> GageType1:
    allowed = percent / 100 * width
    spread = multiplier * sd
    bias = mean - reference
    cg = allowed / spread
    cgk = (allowed / 2 - abs(bias)) / (spread / 2)
    df = n - 1
    error = sd / math.sqrt(n)
    t = bias / error
    margin = float(special.stdtrit(df, 1 - alpha / 2)) * error
    p_value = 2 * float(special.stdtr(df, -abs(t)))
    return GageType1(
        method=f"Cg = {percent:g} % of the tolerance over {multiplier:g} standard deviations "
        "(n - 1), Cgk with the bias taken off; "
        + {6.0: "Bosch booklet 10", 4.0: "four standard deviations as in VDA 5"}.get(
            multiplier, "own multiplier"
        )
        + "; t test of the bias; chi-square interval of Cg",
        name="",
        n=n,
        mean=mean,
        sd=sd,
        reference=reference,
        tolerance=width,
        percent_of_tolerance=percent,
        study_multiplier=multiplier,
        allowed_spread=allowed,
        Cg=cg,
        Cg_ci_low=cg * math.sqrt(float(special.chdtri(df, 1 - alpha / 2)) / df),
        Cg_ci_high=cg * math.sqrt(float(special.chdtri(df, alpha / 2)) / df),
        Cgk=cgk,
        criterion=criterion,
        capable=cg >= criterion and cgk >= criterion,
        repeatable=cg >= criterion,
        pct_var_repeatability=percent / cg,
        pct_var_repeatability_bias=percent / cgk if cgk > 0 else None,
        tolerance_min_Cg=criterion * spread / (percent / 100),
        tolerance_min_Cgk=(criterion * spread + 2 * abs(bias)) / (percent / 100),
        bias=bias,
        bias_pct_tolerance=100 * bias / width,
        t=t,
        df=float(df),
        p_value=p_value,
        significant=p_value < alpha,
        alpha=alpha,
        level=1 - alpha,
        ci_low=bias - margin,
        ci_high=bias + margin,
    )


def _check_resolution(
    result: GageType1, values: FloatArray | None, resolution: float | None
) -> None:
    """Given, or the smallest step between different readings (the true step is not larger)."""
    source = "given"
    if resolution is None and values is not None:
        steps = np.diff(np.unique(values))
        steps = steps[steps > 1e-9 * max(1.0, abs(result.mean))]
        if steps.size:
            resolution, source = float(steps.min()), "smallest step seen in the readings"
    if resolution is None:
        return
    share = resolution / result.tolerance
    result.resolution, result.resolution_pct_tolerance = resolution, 100 * share
    result.resolution_ok = share <= FINEST_SHARE * (1 + 1e-6)
    result.assumptions.append(
        Check(
            name="resolution",
            status="ok" if result.resolution_ok else "violated",
            detail=f"{resolution:.4g} ({source}) is {100 * share:.3g} % of the tolerance; "
            "5 % is the most",
        )
    )


def _warn(result: GageType1, values: FloatArray | None) -> None:
    if result.n < USUAL_READINGS:
        result.warnings.append(
            f"{result.n} readings make a rough standard deviation; 50 are usual, "
            f"{USUAL_READINGS} the least"
        )
    if values is not None and np.unique(values).size < 4:
        result.warnings.append(
            f"only {np.unique(values).size} different readings: the step of the gage hides part of "
            "its spread"
        )
    if abs(result.bias) > result.tolerance:
        result.warnings.append(
            "the bias is larger than the tolerance: check the reference value and its unit"
        )


def _chart(result: GageType1, values: FloatArray) -> ChartSpec:
    shown = decimate(values.size)
    half = result.allowed_spread / 2
    limits = [
        Limit(label="reference", role="target", value=result.reference),
        Limit(label="mean", role="center", value=result.mean),
        Limit(label="allowed, above", role="specification", value=result.reference + half),
        Limit(label="allowed, below", role="specification", value=result.reference - half),
    ]
    return ChartSpec(
        kind="gage_type1",
        title=f"{result.name}: readings of one part against its reference",
        panels=[
            Panel(
                x_label="reading",
                y_label=result.unit or "value",
                series=[
                    Series(
                        name="reading",
                        x=[i + 1 for i in shown],
                        y=[float(values[i]) for i in shown],
                    )
                ],
                limits=limits,
            )
        ],
        notes=[]
        if len(shown) == values.size
        else [f"{len(shown)} of {values.size} readings are drawn"],
    )


@gage_type1.narrates
def _narrate(result: GageType1) -> Narrative:
    if result.capable:
        conclusion = "Capable: Cg = {{Cg}} and Cgk = {{Cgk}} of {{name}} reach {{criterion}}"
    elif result.repeatable:
        conclusion = (
            "Not capable: Cg = {{Cg}} of {{name}} reaches {{criterion}}, but the bias of "
            "{{bias:unit}} pulls Cgk down to {{Cgk}}"
        )
    else:
        conclusion = (
            "Not capable: the spread of {{name}} is too wide, Cg = {{Cg}} and Cgk = {{Cgk}} "
            "against {{criterion}}"
        )
    real = "is significant" if result.significant else "is not significant"
    details = [
        "The bias of {{bias:unit}} "
        + real
        + " (t = {{t}}, df = {{df}}, p {{p_value:p}}); its {{level:%}} confidence interval runs "
        "from {{ci_low}} to {{ci_high:unit}}.",
        "{{study_multiplier}} standard deviations fill {{pct_var_repeatability}} percent of the "
        "tolerance of {{tolerance:unit}}; {{percent_of_tolerance}} percent are allowed.",
        "Cgk would reach the criterion from a tolerance of {{tolerance_min_Cgk:unit}} on.",
    ]
    if result.resolution_ok is False:
        details.append(
            "The resolution of {{resolution:unit}} is {{resolution_pct_tolerance}} percent of the "
            "tolerance, which is too coarse."
        )
    return Narrative(
        conclusion=conclusion + ".",
        details=details,
        key_figures=[
            ("Cg", "{{Cg}}"),
            ("Cgk", "{{Cgk}}"),
            ("bias", "{{bias:unit}}"),
            ("p-value of the bias", "{{p_value}}"),
            ("standard deviation", "{{sd:unit}}"),
            ("readings", "{{n}}"),
        ],
    )


@gage_type1.verifies
def _verify(result: GageType1, data: list[float] | None, **_: object) -> list[Recomputed]:
    """From the readings in exact rational arithmetic; Cgk as the nearer of two sides."""
    if data is None or len(data) > 20_000:
        return []
    mean, sd = statistics.fmean(data), statistics.stdev(data)
    half = result.percent_of_tolerance / 200 * result.tolerance
    upper, lower = result.reference + half - mean, mean - (result.reference - half)
    return [
        Recomputed(
            name="Cg",
            value=result.Cg,
            recomputed=2 * half / (result.study_multiplier * sd),
            route="statistics.stdev, exact rational arithmetic",
        ),
        Recomputed(
            name="Cgk",
            value=result.Cgk,
            recomputed=min(upper, lower) / (result.study_multiplier * sd / 2),
            route="distance of the mean to the nearer limit of the allowed range",
            rtol=1e-5,
        ),
    ]
