"""What an accelerated life test reports: its figures, its words and its chart."""

from __future__ import annotations

import msgspec
import numpy as np

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.charts.spec import decimate
from havoc.tools.parameters import FloatArray
from havoc.tools.reliability import life_families as families
from havoc.tools.reliability.life_data import Lives
from havoc.tools.reliability.life_regression import Regression
from havoc.tools.reliability.stress_scale import transformed
from havoc.tools.reliability.weibull_result import AtTime, BLife
from havoc.tools.result import Narrative, Outcome

_GRID = 41


class StressLevel(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One stress of the test: units, failures, fitted median, and a fit of its own."""

    stress: float
    n: int
    failures: int
    median: float
    own_median: float | None = None
    own_sigma: float | None = None


class Coefficient(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One coefficient of ln life, with its limits."""

    name: str
    estimate: float
    se: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None


class AcceleratedLife(Outcome):
    """ln life = ``intercept`` + ``slope`` times the transformed stress, spread ``sigma``.

    The transformed stress is 1 / (k T) for Arrhenius (``activation_energy`` in eV is the
    slope), -ln(stress) for the inverse power law (``power`` is the slope), the stress
    itself for the exponential law. ``shape`` = 1 / sigma for Weibull. ``median_use``, ``B10_use``
    and ``at_times`` are for the ``use_stress``; ``acceleration_factor`` is the life at use
    over that at the highest stress of the test. ``same_shape`` is the likelihood-ratio
    test that sigma is the same at all stresses.
    """

    name: str
    model: str
    distribution: str
    level: float
    n: int
    failures: int
    intercept: float
    slope: float
    sigma: float
    loglik: float
    aic: float
    coefficients: list[Coefficient]
    levels: list[StressLevel]
    shape: float | None = None
    activation_energy: float | None = None
    activation_energy_low: float | None = None
    activation_energy_high: float | None = None
    power: float | None = None
    power_low: float | None = None
    power_high: float | None = None
    use_stress: float | None = None
    acceleration_factor: float | None = None
    median_use: float | None = None
    median_use_low: float | None = None
    median_use_high: float | None = None
    B10_use: float | None = None
    b_lives: list[BLife] | None = None
    at: float | list[float] | None = None
    F: float | list[float] | None = None
    reliability: float | list[float] | None = None
    at_times: list[AtTime] | None = None
    lack_of_fit_chi2: float | None = None
    lack_of_fit_df: int | None = None
    lack_of_fit_p_value: float | None = None


def narrate(result: AcceleratedLife) -> Narrative:
    details = []
    if result.use_stress is not None:
        conclusion = (
            "At a use stress of {{use_stress}} half of {{name}} last {{median_use:unit}} and a "
            "tenth has failed after {{B10_use:unit}}; life there is {{acceleration_factor}} times "
            "that at the highest stress of the test."
        )
        for i, life in enumerate(result.b_lives or []):
            if life.ci_low is not None and life.ci_high is not None:
                details.append(
                    f"In use a share of {{{{b_lives.{i}.share:%}}}} has failed after "
                    f"{{{{b_lives.{i}.life:unit}}}} ({{{{level:%}}}} limits "
                    f"{{{{b_lives.{i}.ci_low}}}} and {{{{b_lives.{i}.ci_high:unit}}}})."
                )
    elif result.activation_energy is not None:
        conclusion = "The activation energy of {{name}} is {{activation_energy}} eV."
    elif result.power is not None:
        conclusion = "The life of {{name}} falls with the power {{power}} of the stress."
    else:
        conclusion = (
            "The logarithm of the life of {{name}} changes by {{slope}} per unit of stress."
        )
    for i, row in enumerate(result.at_times or []):
        limits = (
            f", with {{{{level:%}}}} limits {{{{at_times.{i}.F_low:%}}}} and "
            f"{{{{at_times.{i}.F_high:%}}}}"
            if row.F_low is not None
            else ""
        )
        details.append(
            f"By {{{{at_times.{i}.time:unit}}}} in use a share of {{{{at_times.{i}.F:%}}}} has "
            f"failed{limits}."
        )
    slope = result.coefficients[1]
    if slope.ci_low is not None:
        details.append(
            "{{coefficients.1.name}}: {{coefficients.1.estimate}}, {{level:%}} limits "
            "{{coefficients.1.ci_low}} and {{coefficients.1.ci_high}}."
        )
    if result.shape is not None and result.distribution != "exponential":
        details.append("The Weibull shape at every stress is {{shape}}.")
    details.append("{{failures}} of {{n}} units failed.")
    figures = [("slope", "{{slope}}"), ("spread of ln life", "{{sigma}}")]
    if result.median_use is not None:
        figures.insert(0, ("median life in use", "{{median_use:unit}}"))
    return Narrative(conclusion=conclusion, details=details, key_figures=figures)


def chart(
    result: AcceleratedLife, fitted: Regression, lives: Lives, stresses: FloatArray
) -> ChartSpec:
    low, high = float(stresses.min()), float(stresses.max())
    if result.use_stress is not None:
        low, high = min(low, result.use_stress), max(high, result.use_stress)
    grid = np.linspace(low, high, _GRID)
    x = transformed(result.model, grid)
    series = []
    for label, marked in (("failed", True), ("still working", False)):
        chosen = np.flatnonzero(lives.failed == marked)
        if chosen.size:
            kept = [int(chosen[i]) for i in decimate(chosen.size)]
            series.append(
                Series(
                    name=label, kind="points",
                    x=[float(stresses[i]) for i in kept], y=[float(lives.time[i]) for i in kept],
                )
            )  # fmt: skip
    for percent in (10, 50, 90):
        place = float(families.quantile(fitted.standard, np.array([percent / 100]))[0])
        line = np.exp(np.minimum(result.intercept + result.slope * x + result.sigma * place, 700))
        series.append(
            Series(name=f"{percent} % failed", kind="line", x=grid.tolist(), y=line.tolist())
        )
    use = result.use_stress
    return ChartSpec(
        kind="accelerated_life",
        title=f"{result.name}: life by stress, down to use",
        panels=[
            Panel(
                x_label="temperature [°C]" if result.model == "arrhenius" else "stress",
                y_label=f"time [{result.unit}]" if result.unit else "time",
                y_scale="log",
                series=series,
                limits=[]
                if use is None
                else [Limit(label="use", role="reference", value=use, orientation="vertical")],
            )
        ],
    )
