"""What a life distribution and a comparison of several return, how they read and are drawn."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from havoc.charts import ChartSpec, Panel, Series
from havoc.charts.spec import decimate
from havoc.tools.parameters import FloatArray
from havoc.tools.reliability import life_families as families
from havoc.tools.reliability.life_estimates import Parameter
from havoc.tools.reliability.life_families import LABELS
from havoc.tools.reliability.life_fit import Fitted
from havoc.tools.reliability.weibull_result import PERCENT_TICKS, AtTime, BLife
from havoc.tools.result import Narrative, Outcome

_SHOWN = 6
_GRID = 61


class LifeDistribution(Outcome):
    """A distribution of lifetimes fitted to exact and censored data.

    ``parameters`` holds the estimates with standard errors and limits; ``shape``, ``scale``,
    ``mu``, ``sigma`` and ``threshold`` repeat those that the distribution has. ``B10`` is the
    time by which a tenth has failed, other percentiles are in ``b_lives``; ``F`` and
    ``reliability`` belong to the times ``at``. ``ad_adjusted`` is the Anderson-Darling
    statistic at the plotted points, ``plot_correlation`` their correlation.
    """

    distribution: str
    label: str
    name: str
    level: float
    interval: str
    n: int
    failures: int
    right_censored: int
    left_censored: int
    interval_censored: int
    parameters: list[Parameter]
    loglik: float
    aic: float
    bic: float
    B10: float
    median: float
    b_lives: list[BLife]
    shape: float | None = None
    shape_low: float | None = None
    shape_high: float | None = None
    scale: float | None = None
    scale_low: float | None = None
    scale_high: float | None = None
    mu: float | None = None
    mu_low: float | None = None
    mu_high: float | None = None
    sigma: float | None = None
    sigma_low: float | None = None
    sigma_high: float | None = None
    threshold: float | None = None
    threshold_low: float | None = None
    threshold_high: float | None = None
    mttf: float | None = None
    mttf_low: float | None = None
    mttf_high: float | None = None
    ad_adjusted: float | None = None
    plot_correlation: float | None = None
    at: float | list[float] | None = None
    F: float | list[float] | None = None
    reliability: float | list[float] | None = None
    at_times: list[AtTime] | None = None


class Candidate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One distribution of a comparison; ``delta_aic`` is its distance from the best."""

    distribution: str
    label: str
    parameters: list[Parameter]
    loglik: float
    aic: float
    bic: float
    delta_aic: float
    B10: float
    median: float
    ad_adjusted: float | None = None
    correlation: float | None = None


class DistributionComparison(Outcome):
    """Distributions of lifetimes in the order of Akaike's criterion (``aic``), best first.

    ``close`` counts those within two of the best: the data do not tell them apart.
    ``best_by_ad`` and ``best_by_correlation`` name the best by the two measures of the
    probability plot. ``not_fitted`` names those that the data could not carry.
    """

    name: str
    n: int
    failures: int
    censored: int
    best: str
    best_label: str
    candidates: list[Candidate]
    close: int
    best_by_ad: str | None = None
    best_by_correlation: str | None = None
    not_fitted: list[str] | None = None
    B10_low: float | None = None
    B10_high: float | None = None


def _axis(fitted: Fitted, share: FloatArray) -> FloatArray:
    if fitted.distribution == "gamma":
        return fitted.quantile(share)
    return families.quantile(families.standard_of(fitted.distribution), share)


def _panel(
    fitted: Fitted, time: FloatArray, share: FloatArray, unit: str, lives: list[BLife] | None
) -> Panel:
    """Points, the fitted line and, with ``lives``, the limits of its times."""
    chosen = decimate(time.size)
    gamma = fitted.distribution == "gamma"
    logs = families.on_log(fitted.distribution) and not gamma
    shift = fitted.threshold
    grid = np.linspace(*_axis_range(fitted, share), _GRID)
    line = grid if gamma else _times_on_axis(fitted, grid)
    series = [
        Series(
            name="failures",
            kind="points",
            x=[float(time[i] - shift) for i in chosen],
            y=[float(y) for y in _axis(fitted, share[chosen])],
        ),
        Series(name="fit", kind="line", x=(line - shift).tolist(), y=grid.tolist()),
    ]
    if lives:
        rows = [row for row in lives if row.ci_low is not None and row.ci_high is not None]
        y = [float(v) for v in _axis(fitted, np.array([row.share for row in rows]))]
        for label, values in (
            ("lower limit", [row.ci_low for row in rows]),
            ("upper limit", [row.ci_high for row in rows]),
        ):
            points = [
                (value - shift, place)
                for value, place in zip(values, y, strict=True)
                if value is not None and (not logs or value > shift)
            ]
            series.append(
                Series(name=label, kind="line", x=[p[0] for p in points], y=[p[1] for p in points])
            )
    places = _axis(fitted, np.array(PERCENT_TICKS) / 100)
    ticks = {f"{percent:g} %": float(y) for percent, y in zip(PERCENT_TICKS, places, strict=True)}
    words = "time" if not shift else "time beyond the threshold"
    return Panel(
        title=LABELS[fitted.distribution],
        x_label=f"{words} [{unit}]" if unit else words,
        y_label="share failed, on the scale of the fitted distribution",
        x_scale="log" if logs else "linear",
        y_ticks=ticks,
        series=series,
    )


def _axis_range(fitted: Fitted, share: FloatArray) -> tuple[float, float]:
    low = min(float(share.min()), 0.01) if share.size else 0.01
    high = max(float(share.max()), 0.9) if share.size else 0.9
    ends = _axis(fitted, np.array([low, high]))
    return float(ends[0]), float(ends[1])


def _times_on_axis(fitted: Fitted, axis: FloatArray) -> FloatArray:
    y = fitted.theta[0] + math.exp(float(fitted.theta[1])) * axis
    if not families.on_log(fitted.distribution):
        return np.asarray(y, dtype=np.float64)
    return np.asarray(fitted.threshold + np.exp(np.minimum(y, 700.0)), dtype=np.float64)


def probability_plot(
    fitted: Fitted,
    time: FloatArray,
    share: FloatArray,
    name: str,
    unit: str,
    lives: list[BLife],
) -> ChartSpec:
    label = LABELS[fitted.distribution]
    return ChartSpec(
        kind="probability_plot",
        title=f"{name}: the points follow the line if the {label} distribution fits",
        panels=[_panel(fitted, time, share, unit, lives)],
        notes=[] if time.size <= 2000 else ["an even selection of the points is drawn"],
    )


def comparison_plot(
    fits: list[Fitted], time: FloatArray, share: FloatArray, name: str, unit: str
) -> ChartSpec:
    return ChartSpec(
        kind="probability_plot",
        title=f"{name}: the straighter the points, the better the distribution",
        panels=[_panel(fitted, time, share, unit, None) for fitted in fits],
    )


_WORDS = {
    "shape": "shape {{%s.estimate}}",
    "scale": "scale {{%s.estimate:unit}}",
    "mu": "mu {{%s.estimate}}",
    "sigma": "sigma {{%s.estimate}}",
    "threshold": "threshold {{%s.estimate:unit}}",
}


def narrate(result: LifeDistribution) -> Narrative:
    words = ", ".join(
        _WORDS[row.name] % f"parameters.{i}" for i, row in enumerate(result.parameters)
    )
    times = result.at_times or []
    details = []
    if times:
        conclusion = (
            "By {{at_times.0.time:unit}} a share of {{at_times.0.F:%}} has failed; the "
            "reliability is {{at_times.0.reliability:%}} ({{label}} distribution: " + words + ")."
        )
    else:
        conclusion = (
            "For {{name}} the {{label}} distribution has " + words + "; a tenth has failed after "
            "{{B10:unit}}, half after {{median:unit}}."
        )
    for i, row in enumerate(result.parameters):
        if row.ci_low is not None and row.ci_high is not None:
            details.append(
                f"The {{{{level:%}}}} interval of {row.name} runs from "
                f"{{{{parameters.{i}.ci_low}}}} to {{{{parameters.{i}.ci_high}}}}."
            )
    for i, life in enumerate(result.b_lives[:_SHOWN]):
        limits = (
            f" ({{{{level:%}}}} limits {{{{b_lives.{i}.ci_low}}}} and "
            f"{{{{b_lives.{i}.ci_high:unit}}}})"
            if life.ci_low is not None and life.ci_high is not None
            else ""
        )
        details.append(
            f"After {{{{b_lives.{i}.life:unit}}}} a share of {{{{b_lives.{i}.share:%}}}} has "
            f"failed{limits}."
        )
    for i, at in enumerate(times[:_SHOWN]):
        limits = (
            f", with {{{{level:%}}}} limits {{{{at_times.{i}.F_low:%}}}} and "
            f"{{{{at_times.{i}.F_high:%}}}}"
            if at.F_low is not None
            else ""
        )
        details.append(
            f"By {{{{at_times.{i}.time:unit}}}} a share of {{{{at_times.{i}.F:%}}}} has "
            f"failed{limits}."
        )
    if result.mttf is not None:
        details.append("The mean life is {{mttf:unit}}.")
    details.append("{{failures}} of {{n}} units failed.")
    figures = [(row.name, f"{{{{parameters.{i}.estimate}}}}") for i, row in
               enumerate(result.parameters)]  # fmt: skip
    figures.append(("life of the first tenth", "{{B10:unit}}"))
    return Narrative(conclusion=conclusion, details=details, key_figures=figures)


def narrate_comparison(result: DistributionComparison) -> Narrative:
    others = result.close - 1
    if others == 0:
        conclusion = (
            "The {{best_label}} distribution fits {{name}} best, and clearly better than the "
            "others (Akaike's criterion {{candidates.0.aic:.2f}})."
        )
    else:
        names = ", ".join(f"{{{{candidates.{i}.label}}}}" for i in range(1, min(others, 4) + 1))
        conclusion = (
            "The {{best_label}} distribution fits {{name}} best (Akaike's criterion "
            f"{{{{candidates.0.aic:.2f}}}}), but the data do not tell it from: {names}."
        )
    details = [
        f"{{{{candidates.{i}.label}}}}: criterion {{{{candidates.{i}.aic:.2f}}}}"
        + (
            f", correlation {{{{candidates.{i}.correlation:.4f}}}}"
            if row.correlation is not None
            else ""
        )
        + f", a tenth failed after {{{{candidates.{i}.B10:unit}}}}."
        for i, row in enumerate(result.candidates)
    ]
    if result.close > 1:
        details.append(
            "Among those that fit about as well, the life of the first tenth runs from "
            "{{B10_low}} to {{B10_high:unit}}: use what is known of the failure to choose."
        )
    details.append("{{failures}} of {{n}} units failed.")
    return Narrative(
        conclusion=conclusion,
        details=details,
        key_figures=[
            ("best distribution", "{{best_label}}"),
            ("life of the first tenth", "{{candidates.0.B10:unit}}"),
        ],
    )
