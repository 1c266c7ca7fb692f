"""What a variables sampling plan returns, how it reads and how it is drawn."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.charts.spec import decimate
from havoc.tools.reliability.variables_plan import acceptance
from havoc.tools.result import Narrative, Outcome

_CURVE_POINTS = 101
_SHOWN = 8


class VariablesPoint(msgspec.Struct, frozen=True, kw_only=True):
    """``pa`` is the probability of acceptance at the fraction nonconforming ``p``."""

    p: float
    pa: float
    rejected: float


class AcceptanceSamplingVariables(Outcome):
    """Measure ``n`` units; the lot passes if the quality index reaches ``k`` (form 1), or if
    the estimated fraction nonconforming is at most ``M`` (form 2).

    ``q_upper`` = (usl - mean) / s and ``q_lower`` = (mean - lsl) / s are the indices,
    ``p_upper`` and ``p_lower`` the estimated fractions beyond each limit, ``p_estimate``
    their sum, ``accepted`` the decision. ``sigma_method`` says whether the standard
    deviation is estimated from the sample (unknown) or given (known). ``attributes_n`` and
    ``attributes_c`` are the single plan by attributes for the same two risks. All
    qualities are fractions; the OC curve is for units beyond one limit.
    """

    goal: str
    n: int
    k: float
    M: float
    sigma_method: str
    form: str
    aql: float | None = None
    ltpd: float | None = None
    alpha: float | None = None
    beta: float | None = None
    pa_aql: float | None = None
    pa_ltpd: float | None = None
    producer_risk: float | None = None
    consumer_risk: float | None = None
    p: float | list[float] | None = None
    pa: float | list[float] | None = None
    by_quality: list[VariablesPoint] | None = None
    p95: float | None = None
    p50: float | None = None
    p10: float | None = None
    lot_size: int | None = None
    code_letter: str | None = None
    level: str | None = None
    inspection: str | None = None
    attributes_n: int | None = None
    attributes_c: int | None = None
    accepted: bool | None = None
    decision: str | None = None
    n_measured: int | None = None
    mean: float | None = None
    s: float | None = None
    sigma: float | None = None
    lsl: float | None = None
    usl: float | None = None
    q_upper: float | None = None
    q_lower: float | None = None
    p_upper: float | None = None
    p_lower: float | None = None
    p_estimate: float | None = None


def charts(result: AcceptanceSamplingVariables, values: list[float]) -> list[ChartSpec]:
    top = 1.5 * (result.p10 or 0.1)
    given = [1.2 * x for x in (result.aql, result.ltpd) if x is not None]
    asked = [row.p for row in result.by_quality or []]
    top = min(max([top, *given, *asked]), 1.0)
    step = 10.0 ** math.floor(math.log10(top))
    grid = np.linspace(0.0, min(math.ceil(top / step) * step, 1.0), _CURVE_POINTS)
    known = result.sigma_method == "known"
    pa = acceptance(grid, result.n, result.k, known=known)
    series = [Series(name="probability of acceptance", kind="line", x=grid.tolist(), y=pa.tolist())]
    if result.by_quality:
        series.append(
            Series(name="asked for", kind="points", x=asked, y=[r.pa for r in result.by_quality])
        )
    limits = [
        Limit(label=label, role="reference", value=value, orientation="vertical")
        for label, value in (("AQL", result.aql), ("LTPD", result.ltpd))
        if value is not None and value <= grid[-1]
    ]
    drawn = [
        ChartSpec(
            kind="oc_curve",
            title=f"{result.n} measured units, k = {result.k:.4g}: chance of acceptance by quality",
            panels=[
                Panel(
                    x_label="fraction nonconforming",
                    y_label="probability of acceptance",
                    series=series,
                    limits=limits,
                )
            ],
        )
    ]
    if values:
        drawn.append(_sample(result, values))
    return drawn


def _sample(result: AcceptanceSamplingVariables, values: list[float]) -> ChartSpec:
    chosen = decimate(len(values))
    limits = [Limit(label="mean", role="center", value=result.mean)]
    spread = result.sigma if result.sigma is not None else result.s
    assert spread is not None
    for label, value, side in (("LSL", result.lsl, 1), ("USL", result.usl, -1)):
        if value is not None:
            limits.append(Limit(label=label, role="specification", value=value))
            if result.form == "k":
                limits.append(
                    Limit(
                        label=f"mean must stay {'above' if side > 0 else 'below'}",
                        role="control",
                        value=value + side * result.k * spread,
                    )
                )
    verdict = "passes" if result.accepted else "does not pass"
    return ChartSpec(
        kind="individual_values",
        title=f"The measured sample: the lot {verdict}",
        panels=[
            Panel(
                x_label="unit",
                y_label=f"value [{result.unit}]" if result.unit else "value",
                series=[
                    Series(
                        name="measured",
                        kind="points",
                        x=[float(i + 1) for i in chosen],
                        y=[values[i] for i in chosen],
                    )
                ],
                limits=limits,
            )
        ],
    )


def narrate(result: AcceptanceSamplingVariables) -> Narrative:
    sigma = "known standard deviation" if result.sigma_method == "known" else "unknown sigma"
    rule = (
        "accept if the quality index (limit minus mean, in standard deviations) is at least {{k}}"
        if result.form == "k"
        else "accept if the estimated share nonconforming is at most {{M:%}}"
    )
    rows = result.by_quality or []
    details = []
    if result.accepted is not None:
        verdict = "Accept the lot" if result.accepted else "Reject the lot"
        if result.form == "k":
            side = "q_upper" if result.q_upper is not None else "q_lower"
            relation = "reaches" if result.accepted else "does not reach"
            conclusion = f"{verdict}: the quality index {{{{{side}}}}} {relation} k = {{{{k}}}}."
        else:
            relation = "at most" if result.accepted else "more than"
            conclusion = (
                f"{verdict}: the estimated share nonconforming is {{{{p_estimate:%}}}}, {relation} "
                "M = {{M:%}}."
            )
        details.append(
            "The {{n_measured}} values have mean {{mean:unit}} and standard deviation {{s:unit}}."
        )
        if result.form == "k":
            details.append("The estimated share nonconforming is {{p_estimate:%}}.")
        if result.p_upper is not None and result.p_lower is not None:
            details.append(
                "Beyond the upper limit lie an estimated {{p_upper:%}}, beyond the lower limit "
                "{{p_lower:%}}."
            )
        details.append(f"The plan: measure {{{{n}}}} units and {rule}.")
    elif result.goal == "oc" and isinstance(result.pa, float):
        conclusion = (
            "A lot with {{p:%}} nonconforming is accepted with probability {{pa:%}} by the plan "
            f"of {{{{n}}}} measured units with k = {{{{k}}}} ({sigma})."
        )
    elif result.goal == "standard":
        conclusion = (
            "For a lot of {{lot_size}}, AQL {{aql:%}}, level {{level}} and {{inspection}} "
            f"inspection: measure {{{{n}}}} units ({sigma}, code letter {{{{code_letter}}}}) and "
            f"{rule}."
        )
    else:
        conclusion = f"Measure {{{{n}}}} units ({sigma}) and {rule}."
    if result.form == "k":
        details.append("The same plan in form two: an estimated share of at most M = {{M:%}}.")
    if result.goal == "oc" and not isinstance(result.pa, float):
        details += [
            f"At {{{{by_quality.{i}.p:%}}}} nonconforming a lot is accepted with "
            f"{{{{by_quality.{i}.pa:%}}}}."
            for i in range(min(len(rows), _SHOWN))
        ]
    if result.pa_aql is not None:
        details.append(
            "At the AQL of {{aql:%}} a lot is accepted with {{pa_aql:%}}, a producer's risk of "
            "{{producer_risk:%}}."
        )
    if result.pa_ltpd is not None:
        details.append("At {{ltpd:%}} nonconforming the consumer's risk is {{consumer_risk:%}}.")
    if result.attributes_n is not None:
        details.append(
            "Counting defectives instead would take {{attributes_n}} units for the same risks."
        )
    if result.p95 is not None and result.p10 is not None:
        details.append(
            "Lots with {{p95:%}} nonconforming pass nineteen times in twenty, lots with {{p10:%}} "
            "one time in ten."
        )
    figures = [("sample size", "{{n}}"), ("k", "{{k}}"), ("M", "{{M:%}}")]
    if result.p_estimate is not None:
        figures.insert(0, ("estimated share nonconforming", "{{p_estimate:%}}"))
    return Narrative(conclusion=conclusion, details=details, key_figures=figures)
