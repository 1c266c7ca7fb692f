"""What an analysis after Taguchi reports: its figures, its words and its charts."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np

from havoc.charts import ChartSpec, Panel, Series
from havoc.tools.parameters import FloatArray
from havoc.tools.result import Narrative, Outcome

Goal = Literal["smaller", "larger", "nominal"]


FORMULAS = {
    "smaller": "smaller is better, -10 log10(mean of y^2)",
    "larger": "larger is better, -10 log10(mean of 1/y^2)",
    "nominal": "nominal is best, 10 log10(mean^2 / s^2)",
}


class LevelMean(msgspec.Struct, frozen=True, kw_only=True):
    """Mean S/N ratio (in decibels) and mean response at one level of a factor."""

    level: float | str
    sn: float
    mean: float
    best: bool


class FactorResponse(msgspec.Struct, frozen=True, kw_only=True):
    """Level means of one factor. ``delta`` is the largest minus the smallest S/N ratio, ``rank``
    one for the largest delta, ``share`` its part of the sum of squares of the S/N ratios."""

    name: str
    levels: list[LevelMean]
    delta: float
    rank: int
    best_level: float | str
    share: float | None = None


class TaguchiAnalysis(Outcome):
    """S/N ratios in decibels, larger always better; ``sn`` has one a run.

    ``predicted_sn`` and ``predicted_mean`` are those of the best levels by the additive model.
    ``sn_ratio`` is that of a single setting.
    """

    goal: str
    n: int
    runs: int
    sn: list[float]
    means: list[float]
    sds: list[float | None]
    overall_mean: float
    mean_sn: float
    sn_ratio: float | None = None
    best_run: int | None = None
    array: str | None = None
    factors: list[FactorResponse] | None = None
    best_levels: dict[str, float | str] | None = None
    strongest: str | None = None
    predicted_sn: float | None = None
    predicted_mean: float | None = None
    target: float | None = None
    distance_from_target: float | None = None


def narrate(result: TaguchiAnalysis) -> Narrative:
    if result.sn_ratio is not None:
        return Narrative(
            conclusion="The signal-to-noise ratio of this setting is {{sn_ratio}} decibels; a "
            "larger ratio is better.",
            key_figures=[("S/N ratio", "{{sn_ratio}}"), ("mean", "{{means.0}}")],
        )
    if result.factors is None:
        return Narrative(
            conclusion="Run {{best_run}} is the most robust: it has the largest signal-to-noise "
            "ratio.",
            details=["S/N ratios of the runs in decibels: {{sn}}."],
            key_figures=[("best run", "{{best_run}}"), ("mean S/N", "{{mean_sn}}")],
        )
    shown = range(min(len(result.factors), 15))
    best = ", ".join(
        f"{{{{factors.{index}.name}}}} at {{{{factors.{index}.best_level}}}}" for index in shown
    )
    return Narrative(
        conclusion=f"Set {best}: these levels have the largest signal-to-noise ratios. "
        "{{strongest}} matters most.",
        details=[
            "Expected at these levels, if the factors add up: S/N {{predicted_sn}} decibels, mean "
            "{{predicted_mean}}; confirm it by a run.",
            "S/N ratios of the runs in decibels: {{sn}}.",
        ],
        key_figures=[
            *(
                (
                    f"delta of {{{{factors.{index}.name}}}} (rank {{{{factors.{index}.rank}}}})",
                    f"{{{{factors.{index}.delta}}}}",
                )
                for index in shown
            ),
            ("predicted S/N", "{{predicted_sn}}"),
        ],
    )


def level_chart(factors: list[FactorResponse]) -> ChartSpec:
    strongest = min(factors, key=lambda item: item.rank).name
    return ChartSpec(
        kind="main_effects",
        title=f"S/N ratio at each level: {strongest} matters most, the highest point is best",
        panels=[
            Panel(
                x_scale="category",
                y_label="mean S/N ratio [dB]",
                series=[
                    Series(
                        name=item.name,
                        x=[f"{item.name} {_text(level.level)}" for level in item.levels],
                        y=[level.sn for level in item.levels],
                    )
                    for item in factors[:15]
                ],
            )
        ],
        notes=["the first fifteen factors"] if len(factors) > 15 else [],
    )


def _text(level: float | str) -> str:
    return level if isinstance(level, str) else f"{level:g}"


def run_chart(sn: FloatArray) -> ChartSpec:
    return ChartSpec(
        kind="signal_to_noise",
        title=f"S/N ratio of each run: run {int(np.argmax(sn)) + 1} is the most robust",
        panels=[
            Panel(
                x_scale="category",
                y_label="S/N ratio [dB]",
                series=[
                    Series(
                        name="S/N",
                        kind="bars",
                        x=[str(run) for run in range(1, len(sn) + 1)],
                        y=sn.tolist(),
                    )
                ],
            )
        ],
    )
