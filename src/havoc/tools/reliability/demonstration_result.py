"""What a demonstration test returns, how it reads and how it is drawn."""

from __future__ import annotations

import msgspec

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.tools.result import Narrative, Outcome


class DemonstrationPlan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is needed when ``failures`` are allowed: units, or total test time for an MTBF."""

    failures: int
    n: int | None = None
    total_test_time: float | None = None
    test_time: float | None = None


class DemonstrationTest(Outcome):
    """What ``solved_for`` names was computed; the rest was given.

    ``n`` units are tested for ``life_ratio`` times the required life (``test_time`` for
    the required ``time``) with at most ``failures`` failures. ``reliability`` is the one at
    the required life, ``reliability_in_test`` the one at the end of the longer or shorter
    test, ``confidence_reached`` what the whole number of units gives. For an MTBF,
    ``total_test_time`` is the sum over all units. ``plans`` compares numbers of failures.
    """

    solved_for: str
    failures: int
    n: int | None = None
    reliability: float | None = None
    confidence: float | None = None
    confidence_reached: float | None = None
    reliability_in_test: float | None = None
    shape: float | None = None
    scale: float | None = None
    time: float | None = None
    test_time: float | None = None
    life_ratio: float | None = None
    acceleration_factor: float | None = None
    mtbf: float | None = None
    failure_rate: float | None = None
    total_test_time: float | None = None
    plans: list[DemonstrationPlan] | None = None


def chart(result: DemonstrationTest) -> ChartSpec:
    rows = [plan for plan in result.plans or [] if plan.n is not None]
    return ChartSpec(
        kind="demonstration_plans",
        title="Units to test by the number of failures allowed",
        panels=[
            Panel(
                x_label="failures allowed",
                y_label="units",
                series=[
                    Series(
                        name="units",
                        x=[float(plan.failures) for plan in rows],
                        y=[float(plan.n or 0) for plan in rows],
                    )
                ],
                limits=[Limit(label="this plan", role="reference", value=float(result.n or 0))],
            )
        ],
    )


def narrate(result: DemonstrationTest) -> Narrative:
    plural = "" if result.failures == 1 else "s"
    allowed = (
        "without a failure"
        if result.failures == 0
        else f"with at most {{{{failures}}}} failure{plural}"
    )
    if result.mtbf is not None:
        return _narrate_mean_life(result, allowed)
    details = []
    if result.solved_for == "n":
        conclusion = (
            f"Test {{{{n}}}} units {allowed} to show a reliability of {{{{reliability:%}}}} with "
            "{{confidence:%}} confidence."
        )
        details.append("The whole number of units reaches {{confidence_reached:%}} confidence.")
    elif result.solved_for == "reliability":
        conclusion = (
            f"{{{{n}}}} units tested {allowed} show a reliability of at least "
            "{{reliability:%}} with {{confidence:%}} confidence."
        )
    elif result.solved_for == "confidence":
        conclusion = (
            f"{{{{n}}}} units tested {allowed} show a reliability of {{{{reliability:%}}}} with "
            "{{confidence:%}} confidence."
        )
    elif result.solved_for == "test_time":
        how_long = (
            "for {{test_time:unit}} ({{life_ratio}} lives)"
            if result.test_time is not None
            else "for {{life_ratio}} required lives"
        )
        conclusion = (
            f"Each of the {{{{n}}}} units must run {how_long} {allowed} to show a reliability of "
            "{{reliability:%}} with {{confidence:%}} confidence."
        )
    else:
        enough = (result.confidence_reached or 0) >= (result.confidence or 1)
        verdict = "are enough" if enough else "are not enough"
        conclusion = (
            f"{{{{n}}}} units tested {allowed} {verdict}: they show a reliability of "
            "{{reliability:%}} with {{confidence_reached:%}} confidence, and {{confidence:%}} is "
            "wanted."
        )
    if result.life_ratio is not None and result.solved_for != "test_time":
        details.append("Each unit is tested for {{life_ratio}} required lives.")
    if result.shape is not None:
        details.append("The Weibull shape of {{shape}} is taken as known.")
    if result.time is not None and not result.acceleration_factor:
        details.append("The required life is {{time:unit}}.")
    for i, row in enumerate(result.plans or []):
        if row.failures == result.failures + 1 and row.n is not None:
            details.append(f"One failure more allowed takes {{{{plans.{i}.n}}}} units.")
    figures = [("units", "{{n}}"), ("reliability", "{{reliability:%}}")]
    figures.append(("confidence", "{{confidence:%}}"))
    if result.test_time is not None:
        figures.append(("test time of each unit", "{{test_time:unit}}"))
    return Narrative(conclusion=conclusion, details=details, key_figures=figures)


def _narrate_mean_life(result: DemonstrationTest, allowed: str) -> Narrative:
    details = []
    if result.solved_for == "mtbf":
        conclusion = (
            f"{{{{total_test_time:unit}}}} of test {allowed} show a mean time between failures of "
            "at least {{mtbf:unit}} with {{confidence:%}} confidence."
        )
    else:
        conclusion = (
            f"{{{{total_test_time:unit}}}} of test in total {allowed} show a mean time between "
            "failures of {{mtbf:unit}} with {{confidence:%}} confidence."
        )
    if result.n is not None and result.test_time is not None:
        details.append("That is {{test_time:unit}} for each of the {{n}} units.")
    for i, plan in enumerate((result.plans or [])[1:8], start=1):
        if plan.total_test_time is not None:
            details.append(
                f"With {{{{plans.{i}.failures}}}} failures allowed it takes "
                f"{{{{plans.{i}.total_test_time:unit}}}}."
            )
    return Narrative(
        conclusion=conclusion,
        details=details,
        key_figures=[
            ("total test time", "{{total_test_time:unit}}"),
            ("mean time between failures", "{{mtbf:unit}}"),
            ("confidence", "{{confidence:%}}"),
        ],
    )
