"""What a stability study returns, how it reads and how the drift is drawn."""

from __future__ import annotations

import numpy as np

from havoc.charts import ChartSpec, Limit, Panel, Series, decimate
from havoc.tools.parameters import FloatArray
from havoc.tools.result import Narrative, Outcome
from havoc.tools.spc.rules import Violation
from havoc.tools.spc.subgroups import Subgroups


class GageStability(Outcome):
    """``stable`` is the verdict of the control chart, ``drifts`` that of the line over time.

    ``drift`` is the slope per unit of time with its t test, ``drift_total`` the change over
    the whole study. ``bias`` and its test rest on the repeatability from the mean range
    (``sigma_repeatability``, ``bias_df``); ``bias_ci_*_means`` rest on the subgroup means,
    which also hold what changed between the occasions.
    """

    name: str
    chart: str
    points: int
    n: int
    mean: float
    center: float | list[float]
    stable: bool
    signals: int
    violations: list[Violation]
    sigma_repeatability: float
    alpha: float
    level: float
    drift: float
    drift_se: float
    drift_t: float
    drift_df: float
    drift_p: float
    drift_ci_low: float
    drift_ci_high: float
    drift_total: float
    drifts: bool
    p_value: float
    significant: bool
    lcl: float | list[float] | None = None
    ucl: float | list[float] | None = None
    spread_center: float | list[float] | None = None
    spread_ucl: float | list[float] | None = None
    subgroup_size: int | None = None
    reference: float | None = None
    bias: float | None = None
    bias_se: float | None = None
    bias_t: float | None = None
    bias_df: float | None = None
    bias_p: float | None = None
    bias_significant: bool | None = None
    bias_ci_low: float | None = None
    bias_ci_high: float | None = None
    bias_ci_low_means: float | None = None
    bias_ci_high_means: float | None = None
    tolerance: float | None = None
    pct_tolerance_drift: float | None = None
    pct_tolerance_bias: float | None = None


def narrate(result: GageStability) -> Narrative:
    if result.stable and not result.drifts:
        conclusion = "{{name}} is stable over {{points}} occasions and does not drift"
    elif result.stable:
        conclusion = (
            "{{name}} shows no signal on the control chart, but it drifts by {{drift_total:unit}} "
            "over the study"
        )
    else:
        conclusion = "{{name}} is not stable (signals on the {{chart}} chart: {{signals}})"
        if result.drifts:
            conclusion += ", and it drifts by {{drift_total:unit}} over the study"
    details = [
        "Drift: {{drift}} per unit of time (t = {{drift_t}}, df = {{drift_df}}, p {{drift_p:p}}).",
        "Standard deviation of repeatability: {{sigma_repeatability:unit}}.",
    ]
    if result.bias is not None:
        verdict = (
            "The bias of {{bias:unit}} is significant"
            if result.bias_significant
            else "A bias cannot be shown ({{bias:unit}})"
        )
        details.append(
            f"{verdict} (t = {{{{bias_t}}}}, df = {{{{bias_df}}}}, p {{{{bias_p:p}}}}); its "
            "{{level:%}} confidence interval runs from {{bias_ci_low}} to {{bias_ci_high:unit}}."
        )
    if result.pct_tolerance_drift is not None:
        details.append(
            "Over the study the drift takes {{pct_tolerance_drift}} percent of the tolerance."
        )
    details += [
        f"{{{{violations.{i}.panel}}}}: {{{{violations.{i}.reason}}}}."
        for i in range(min(len(result.violations), 5))
    ]
    figures = [
        ("signals", "{{signals}}"),
        ("drift over the study", "{{drift_total:unit}}"),
        ("p-value of the drift", "{{drift_p}}"),
        ("standard deviation of repeatability", "{{sigma_repeatability:unit}}"),
    ]
    if result.bias is not None:
        figures.append(("bias", "{{bias:unit}}"))
    return Narrative(conclusion=conclusion + ".", details=details, key_figures=figures)


def line_chart(result: GageStability, x: FloatArray, groups: Subgroups) -> ChartSpec:
    shown = decimate(x.size)
    center = float(np.average(x, weights=groups.sizes))
    level = float(np.average(groups.means, weights=groups.sizes))
    ends = [float(x[0]), float(x[-1])]
    limits = []
    if result.reference is not None:
        limits.append(Limit(label="reference", role="target", value=result.reference))
    return ChartSpec(
        kind="gage_drift",
        title=f"{result.name}: " + ("drifts" if result.drifts else "no drift to be seen"),
        panels=[
            Panel(
                x_label="time",
                y_label=result.unit or "mean of the occasion",
                series=[
                    Series(
                        name="mean of the occasion",
                        kind="points",
                        x=[float(x[i]) for i in shown],
                        y=[float(groups.means[i]) for i in shown],
                    ),
                    Series(
                        name="drift",
                        kind="line",
                        x=ends,
                        y=[level + result.drift * (end - center) for end in ends],
                    ),
                ],
                limits=limits,
            )
        ],
    )
