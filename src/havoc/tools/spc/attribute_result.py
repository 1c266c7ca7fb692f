"""What a capability study of counts returns, how it reads and how it is drawn."""

from __future__ import annotations

import numpy as np

from havoc.charts import ChartSpec, Limit, Panel, Series, decimate
from havoc.tools.parameters import FloatArray
from havoc.tools.result import Narrative, Outcome
from havoc.tools.spc.panels import draw as draw_chart


class AttributeCapability(Outcome):
    """``rate`` is the fraction defective or the defects per unit, with its exact interval.

    The same figure stands as ``pct_defective`` and ``ppm`` (binomial) or ``dpu``
    (Poisson). ``z`` is the normal quantile of the share of good units. ``cumulative``
    is the rate up to each sample, ``settled`` whether its last third stays within the
    interval; ``size_trend_p`` tests the rate against the sample size. ``stable`` is the
    verdict of the p or u chart.
    """

    kind: str
    name: str
    samples: int
    inspected: float
    total_count: float
    rate: float
    ci_low: float
    ci_high: float
    level: float
    rate_min: float
    rate_max: float
    mean_count: float
    fraction_defective: float | None = None
    pct_defective: float | None = None
    pct_defective_ci_low: float | None = None
    pct_defective_ci_high: float | None = None
    ppm: float | None = None
    ppm_ci_low: float | None = None
    ppm_ci_high: float | None = None
    dpu: float | None = None
    dpu_ci_low: float | None = None
    dpu_ci_high: float | None = None
    mean_count_ci_low: float | None = None
    mean_count_ci_high: float | None = None
    yield_without_defect: float | None = None
    z: float | None = None
    z_ci_low: float | None = None
    z_ci_high: float | None = None
    target: float | None = None
    capable: bool | None = None
    capable_with_confidence: bool | None = None
    cumulative: list[float] | None = None
    settled: bool | None = None
    size_trend_z: float | None = None
    size_trend_p: float | None = None
    stable: bool | None = None
    signals: int | None = None
    out_of_limits: list[int] | None = None


def narrate(result: AttributeCapability) -> Narrative:
    if result.kind == "binomial":
        rate = "{{pct_defective}} percent of the units of {{name}} are defective"
        interval = "between {{pct_defective_ci_low}} and {{pct_defective_ci_high}} percent"
    else:
        rate = "{{name}} makes {{dpu}} defects per unit"
        interval = "between {{dpu_ci_low}} and {{dpu_ci_high}}"
    conclusion = f"{rate} (with {{{{level:%}}}} confidence {interval})"
    if result.capable is not None:
        conclusion += (
            "; the target of {{target}} is met with confidence"
            if result.capable_with_confidence
            else "; the target of {{target}} is met by the estimate, but not assured"
            if result.capable
            else "; the target of {{target}} is not met"
        )
    conclusion += "."
    if result.stable is False:
        conclusion += " The rate is not stable, so it does not predict the future."
    details = [
        "{{total_count}} were found on {{inspected}} units in {{samples}} samples, from "
        "{{rate_min}} to {{rate_max}} a unit."
    ]
    if result.z is not None:
        details.append(
            "Process Z is {{z}}, the normal quantile of the share of "
            + ("good units." if result.kind == "binomial" else "units without a defect.")
        )
    if result.settled is not None:
        details.append(
            "The cumulative rate has settled, so there are enough samples."
            if result.settled
            else "The cumulative rate has not settled: take more samples, or find what changed."
        )
    if result.size_trend_p is not None:
        details.append(
            "The rate does not depend on the sample size (p {{size_trend_p:p}})."
            if result.size_trend_p >= 0.05
            else "The rate depends on the sample size (p {{size_trend_p:p}}): the samples are not "
            "alike."
        )
    if result.out_of_limits:
        details.append("Beyond the limits of the chart: samples {{out_of_limits}}.")
    figures = [
        (label, f"{{{{{field}}}}}")
        for label, field in (
            ("percent defective", "pct_defective"),
            ("parts per million defective", "ppm"),
            ("defects per unit", "dpu"),
            ("units without a defect, share", "yield_without_defect"),
            ("process Z", "z"),
            ("units inspected", "inspected"),
        )
        if getattr(result, field) is not None
    ]
    return Narrative(conclusion=conclusion, details=details, key_figures=figures)


def draw(
    result: AttributeCapability, counts: FloatArray, sizes: FloatArray, panel: object
) -> ChartSpec:
    """Chart of the rate, cumulative rate, rate against the sample size, histogram."""
    percent = result.kind == "binomial"
    scale, label = (100.0, "% defective") if percent else (1.0, "defects per unit")
    rates = scale * counts / sizes
    panels: list[Panel] = []
    if isinstance(panel, tuple):
        chart, found = panel
        panels += draw_chart("p" if percent else "u", "", [chart], [found], "sample").panels
    shown = decimate(counts.size)
    cumulative = result.cumulative or []
    panels.append(
        Panel(
            title="Cumulative",
            x_label="sample",
            y_label=label,
            series=[
                Series(
                    name=f"cumulative {label}",
                    x=[i + 1 for i in shown],
                    y=[scale * cumulative[i] for i in shown],
                )
            ],
            limits=[
                Limit(label="rate", role="center", value=scale * result.rate),
                Limit(label="upper", role="reference", value=scale * result.ci_high),
                Limit(label="lower", role="reference", value=scale * result.ci_low),
            ],
        )
    )
    if float(np.ptp(sizes)) > 0:
        panels.append(
            Panel(
                title="Rate and sample size",
                x_label="units inspected",
                y_label=label,
                series=[
                    Series(
                        name=label,
                        kind="points",
                        x=[float(sizes[i]) for i in shown],
                        y=[float(rates[i]) for i in shown],
                    )
                ],
                limits=[Limit(label="rate", role="center", value=scale * result.rate)],
            )
        )
    panels.append(_histogram(result, rates, label, scale))
    verdict = "stable" if result.stable else "not stable" if result.stable is False else "observed"
    return ChartSpec(
        kind="capability_attribute",
        title=f"{result.name}: {scale * result.rate:.4g} {label}, {verdict}",
        panels=panels,
    )


def _histogram(result: AttributeCapability, rates: FloatArray, label: str, scale: float) -> Panel:
    bins = min(max(int(np.ceil(np.sqrt(rates.size))), 5), 40)
    heights, edges = np.histogram(rates, bins=bins)
    limits = [Limit(label="rate", role="center", value=scale * result.rate, orientation="vertical")]
    if result.target is not None:
        limits.append(
            Limit(
                label="target",
                role="target",
                value=scale * result.target,
                orientation="vertical",
            )
        )
    return Panel(
        title="Distribution",
        x_label=label,
        y_label="samples",
        series=[
            Series(
                name="samples",
                kind="bars",
                x=((edges[:-1] + edges[1:]) / 2).tolist(),
                y=heights.astype(float).tolist(),
            )
        ],
        limits=limits,
    )
