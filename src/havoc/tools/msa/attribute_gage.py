"""Analytic study of a go/no-go gage: bias and repeatability from acceptance counts.

Parts of known size are offered to the gage many times. The share of acceptances against
the size is the gage performance curve; a normal curve fitted to it gives the size at which
the gage really decides (bias) and how sharply it decides (repeatability).

Source: AIAG, Measurement Systems Analysis, 4th edition, III-C (analytic method); D. J. Finney,
Probit Analysis (1971), chapter 3.
"""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from msgspec import Meta
from scipy import special

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, FloatArray, Name, Unit, as_sample
from havoc.tools.result import Check, Narrative, Outcome, Recomputed

# Repeatability spans the sizes from 0.5 % to 99.5 % acceptance; AIAG divides it by 1.08.
_SPAN = 2 * 2.5758293035489004
ADJUSTMENT = 1.08
_AIAG_T = 31.3
_AIAG_PARTS, _AIAG_TRIALS = 8, 20


class AttributeGage(Outcome):
    """``intercept`` and ``slope`` are those of the normal score of acceptance on size.

    ``bias`` is limit plus intercept over slope, ``repeatability`` the adjusted width (99 %)
    of the zone in which the gage decides by chance, ``sigma`` its standard deviation.
    ``t`` and ``p_value`` test the bias by the formula of AIAG, ``regression_*`` by the line.
    ``gray_low`` to ``gray_high`` is the zone between 0.5 and 99.5 % acceptance.
    """

    name: str
    parts: int
    used: int
    trials: int
    limit: float
    limit_side: str
    intercept: float
    slope: float
    r_squared: float
    bias: float
    repeatability_unadjusted: float
    repeatability: float
    sigma: float
    gray_low: float
    gray_high: float
    decision_size: float
    alpha: float
    level: float
    regression_t: float
    regression_df: float
    regression_p: float
    p_value: float
    significant: bool
    t: float | None = None
    df: float | None = None
    tolerance: float | None = None
    pct_tolerance: float | None = None


@tool(
    "attribute_gage",
    title="Attribute gage study, analytic method",
    source="AIAG Measurement Systems Analysis, 4th edition, III-C",
)
def attribute_gage(
    reference: Annotated[list[float], Meta(description="certified size of each part")],
    acceptances: Annotated[list[float], Meta(description="how often the gage accepted each part")],
    trials: Annotated[
        Annotated[int, Meta(ge=2)], Meta(description="how often each part was offered")
    ] = 20,
    lsl: Annotated[
        float | None, Meta(description="lower limit that the gage checks (or give usl)")
    ] = None,
    usl: Annotated[float | None, Meta(description="upper limit that the gage checks")] = None,
    tolerance: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="width of the tolerance, for the percentage"),
    ] = None,
    alpha: Alpha = 0.05,
    name: Name = "the gage",
    unit: Unit = "",
) -> AttributeGage:
    """Does a go/no-go gage decide at the right size, and how sharply?

    Use it for a gage that only accepts or rejects, with eight parts or more of known size
    around one limit, each offered twenty times: one part always rejected, one always
    accepted, six in between. Bias is the distance from the limit to the size that is
    accepted half of the time, repeatability the width of the zone of chance. Assumes normal
    gage errors that do not depend on the size, and independent trials.
    """
    limit, side = _limit(lsl, usl)
    x, counts = _read(reference, acceptances, trials)
    x, counts = _informative(x, counts, trials, side)
    share = _share(counts, trials)
    score = np.asarray(special.ndtri(share), dtype=np.float64)
    center = float(x.mean())
    dx, dy = x - center, score - float(score.mean())
    slope = float(dx @ dy) / float(dx @ dx)
    if slope * (1 if side == "lower" else -1) <= 0:
        raise InputError(
            "acceptances do not "
            + ("rise" if side == "lower" else "fall")
            + " with the size, as they must at this limit",
            where="acceptances, lsl, usl",
            remedy="check whether the limit is the lower or the upper one",
        )
    intercept = float(score.mean()) - slope * center
    residual = dy - slope * dx
    df = x.size - 2
    bias = limit + intercept / slope
    width = _SPAN / abs(slope)
    decision = -intercept / slope
    spread = math.sqrt(max(float(residual @ residual) / df, 1e-300))
    error = spread * math.sqrt(1 / x.size + (limit - center) ** 2 / float(dx @ dx))
    regression_t = (intercept + slope * limit) / error * (1 if slope > 0 else -1)
    p_value = 2 * float(special.stdtr(df, -abs(regression_t)))
    result = AttributeGage(
        method="least squares of the normal score of acceptance (counts moved by one half) on "
        "the size; one always rejected and one always accepted part at the ends",
        unit=unit,
        name=name,
        parts=len(reference),
        used=x.size,
        trials=trials,
        limit=limit,
        limit_side=side,
        intercept=intercept,
        slope=slope,
        r_squared=1 - float(residual @ residual) / float(dy @ dy),
        bias=bias,
        repeatability_unadjusted=width,
        repeatability=width / ADJUSTMENT,
        sigma=1 / abs(slope),
        gray_low=decision - width / 2,
        gray_high=decision + width / 2,
        decision_size=decision,
        alpha=alpha,
        level=1 - alpha,
        regression_t=regression_t,
        regression_df=float(df),
        regression_p=p_value,
        p_value=p_value,
        significant=p_value < alpha,
    )
    _aiag_test(result)
    if tolerance is not None:
        result.tolerance = tolerance
        result.pct_tolerance = 100 * result.repeatability / tolerance
    _remark(result, residual, spread)
    result.charts = [_chart(result, x, share)]
    return result


def _limit(lsl: float | None, usl: float | None) -> tuple[float, str]:
    if (lsl is None) == (usl is None):
        raise InputError(
            "the limit is missing" if lsl is None else "two limits are given",
            where="lsl, usl",
            remedy="give the one limit that the parts lie around; study the other by itself",
        )
    limit = lsl if lsl is not None else usl
    assert limit is not None
    if not math.isfinite(limit):
        raise InputError(
            "the limit must be a finite number",
            where="lsl, usl",
            remedy="give the limit as a number, or leave it out",
        )
    return limit, "lower" if lsl is not None else "upper"


def _read(
    reference: list[float], acceptances: list[float], trials: int
) -> tuple[FloatArray, FloatArray]:
    x, counts = as_sample(reference, "reference"), as_sample(acceptances, "acceptances")
    if x.size != counts.size:
        raise InputError(
            f"{x.size} parts but {counts.size} counts of acceptances",
            where="reference, acceptances",
            remedy="every part needs its count",
        )
    bad = np.flatnonzero((counts < 0) | (counts > trials) | (counts != np.floor(counts)))
    if bad.size:
        i = int(bad[0])
        raise InputError(
            f"part {i + 1} was accepted {counts[i]:g} times out of {trials}",
            where="acceptances, trials",
            remedy="give whole numbers from 0 to the number of trials",
        )
    order = np.argsort(x, kind="stable")
    return x[order], counts[order]


def _informative(
    x: FloatArray, counts: FloatArray, trials: int, side: str
) -> tuple[FloatArray, FloatArray]:
    """The parts in between, with the nearest always rejected and always accepted one."""
    between = np.flatnonzero((counts > 0) & (counts < trials))
    if between.size < 2:
        raise InputError(
            f"{between.size} parts were accepted sometimes, and 2 at least (6 usually) are needed",
            where="acceptances",
            remedy="choose parts nearer to the limit; a part always accepted or always rejected "
            "says little",
        )
    kept = list(between)
    never, always = np.flatnonzero(counts == 0), np.flatnonzero(counts == trials)
    lower, upper = (never, always) if side == "lower" else (always, never)
    if lower.size:
        kept.append(lower[-1])
    if upper.size:
        kept.append(upper[0])
    kept.sort()
    if len(kept) < 3 or np.ptp(x[kept]) == 0:
        raise InputError(
            "three parts of different size are needed for the line",
            where="reference",
            remedy="offer more parts around the limit",
        )
    return x[kept], counts[kept]


def _share(counts: FloatArray, trials: int) -> FloatArray:
    """AIAG: the count moved by one half towards the middle."""
    moved = counts + np.where(counts < trials / 2, 0.5, np.where(counts > trials / 2, -0.5, 0.0))
    return np.asarray(moved / trials, dtype=np.float64)


def _aiag_test(result: AttributeGage) -> None:
    """t = 31.3 |bias| / repeatability, tabled for eight parts and twenty trials."""
    if result.used != _AIAG_PARTS or result.trials != _AIAG_TRIALS:
        result.warnings.append(
            f"the t test of AIAG needs {_AIAG_PARTS} parts (six of them accepted sometimes) and "
            f"{_AIAG_TRIALS} trials; the test of the fitted line is given instead"
        )
        return
    result.t, result.df = _AIAG_T * abs(result.bias) / result.repeatability, result.trials - 1.0
    result.p_value = 2 * float(special.stdtr(result.df, -result.t))
    result.significant = result.p_value < result.alpha
    result.method += "; t test of the bias by AIAG, 31.3 bias / repeatability"


def _remark(result: AttributeGage, residual: FloatArray, spread: float) -> None:
    worst = float(np.max(np.abs(residual)))
    straight = result.r_squared >= 0.9 and worst < 3 * spread + 1e-9
    result.assumptions.append(
        Check(
            name="normal gage error",
            status="ok" if straight else "violated",
            detail=f"normal scores against size: R-squared {result.r_squared:.3g}",
        )
    )


def _chart(result: AttributeGage, x: FloatArray, share: FloatArray) -> ChartSpec:
    reach = 0.1 * (result.gray_high - result.gray_low)
    grid = np.linspace(
        min(result.gray_low, float(x[0])) - reach, max(result.gray_high, float(x[-1])) + reach, 121
    )
    curve = special.ndtr(result.intercept + result.slope * grid)
    limit = Limit(
        label="LSL" if result.limit_side == "lower" else "USL",
        role="specification",
        value=result.limit,
        orientation="vertical",
    )
    half = Limit(
        label="decides at", role="reference", value=result.decision_size, orientation="vertical"
    )
    ends = [float(x[0]), float(x[-1])]
    return ChartSpec(
        kind="attribute_gage",
        title=f"{result.name}: share of acceptances against the size of the part",
        panels=[
            Panel(
                title="Gage performance curve",
                x_label=result.unit or "size",
                y_label="share accepted",
                series=[
                    Series(name="parts", kind="points", x=x.tolist(), y=share.tolist()),
                    Series(name="normal curve", kind="line", x=grid.tolist(), y=curve.tolist()),
                ],
                limits=[limit, half],
            ),
            Panel(
                title="Normal scores",
                x_label=result.unit or "size",
                y_label="normal score",
                series=[
                    Series(
                        name="parts",
                        kind="points",
                        x=x.tolist(),
                        y=np.asarray(special.ndtri(share)).tolist(),
                    ),
                    Series(
                        name="line",
                        kind="line",
                        x=ends,
                        y=[result.intercept + result.slope * end for end in ends],
                    ),
                ],
            ),
        ],
    )


@attribute_gage.narrates
def _narrate(result: AttributeGage) -> Narrative:
    verdict = (
        "{{name}} has a bias of {{bias:unit}}"
        if result.significant
        else "A bias of {{name}} cannot be shown ({{bias:unit}})"
    )
    details = [
        "It accepts half of the parts of size {{decision_size:unit}}, where the limit is "
        "{{limit:unit}}.",
        "Between {{gray_low}} and {{gray_high:unit}} its decision is left to chance; the adjusted "
        "repeatability is {{repeatability:unit}}.",
    ]
    if result.t is not None:
        details.insert(0, "t = {{t}}, df = {{df}}, p {{p_value:p}} (AIAG).")
    else:
        details.insert(
            0, "t = {{regression_t}}, df = {{regression_df}}, p {{regression_p:p}} (fitted line)."
        )
    if result.pct_tolerance is not None:
        details.append("Repeatability takes {{pct_tolerance}} percent of the tolerance.")
    return Narrative(
        conclusion=f"{verdict} (p {{{{p_value:p}}}}); its repeatability is "
        "{{repeatability:unit}}.",
        details=details,
        key_figures=[
            ("bias", "{{bias:unit}}"),
            ("repeatability, adjusted", "{{repeatability:unit}}"),
            ("p-value of the bias", "{{p_value}}"),
            ("slope", "{{slope}}"),
            ("intercept", "{{intercept}}"),
        ],
    )


@attribute_gage.verifies
def _verify(
    result: AttributeGage, reference: list[float], acceptances: list[float], **_: object
) -> list[Recomputed]:
    """The line once more by numpy's polynomial fit."""
    x, counts = _read(reference, acceptances, result.trials)
    x, counts = _informative(x, counts, result.trials, result.limit_side)
    slope, intercept = np.polyfit(x, special.ndtri(_share(counts, result.trials)), 1)
    return [
        Recomputed(
            name="bias",
            value=result.bias,
            recomputed=result.limit + float(intercept / slope),
            route="polynomial fit of numpy",
            rtol=1e-5,
            atol=1e-9 * max(abs(result.limit), 1e-3),
        )
    ]
