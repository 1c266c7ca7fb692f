"""What charts of special kinds say beyond their limits."""

from __future__ import annotations

from havoc.tools.spc.chart_result import ControlChart

_MOST_STAGES = 6
_MOST_PARTS = 6


def details_of_kind(result: ControlChart) -> list[str]:
    """Sentences on the kind of chart; every figure is a reference."""
    details: list[str] = []
    if result.sigma_z is not None:
        law = "binomial" if result.kind == "laney_p" else "Poisson"
        details.append(
            f"Sigma Z is {{{{sigma_z}}}}: the samples vary {{{{sigma_z}}}} times as much as {law} "
            "chance alone would make them; an ordinary chart would put "
            "{{ordinary_out_of_limits_count}} points beyond its limits."
        )
    if result.kind in ("g", "t"):
        details += _rare_events(result)
    if result.part_figures:
        details += [
            f"Part {{{{part_figures.{i}.part}}}}: mean {{{{part_figures.{i}.mean}}}}, taken from "
            f"{{{{part_figures.{i}.center}}}}, sigma {{{{part_figures.{i}.sigma}}}}."
            for i in range(min(len(result.part_figures), _MOST_PARTS))
        ]
    if result.sigma_between is not None:
        details.append(
            "Standard deviation between subgroups {{sigma_between}}, within "
            "{{sigma_within}}, both together {{sigma_between_within}}."
        )
    if result.stages:
        details += _stages(result)
    return details


def _rare_events(result: ControlChart) -> list[str]:
    said = []
    if result.above_limits:
        said.append("Above the upper limit the events have become rarer ({{above_limits}}).")
    if result.below_limits:
        said.append("Below the lower limit the events come more often ({{below_limits}}).")
    if result.mean_between is not None:
        said.append("The interval between two events is {{mean_between:unit}} on average.")
    return said


def _stages(result: ControlChart) -> list[str]:
    assert result.stages is not None
    said = [
        f"Stage {{{{stages.{i}.stage}}}} (points {{{{stages.{i}.first}}}} to "
        f"{{{{stages.{i}.last}}}}): mean {{{{stages.{i}.mean}}}}"
        + (
            f", limits {{{{stages.{i}.lcl}}}} to {{{{stages.{i}.ucl}}}}."
            if isinstance(stage.lcl, float) and isinstance(stage.ucl, float)
            else "."
        )
        for i, stage in enumerate(result.stages[:_MOST_STAGES])
    ]
    for name in ("stage_test", "stage_spread_test"):
        test = getattr(result, name)
        if test is not None:
            said.append(
                f"{{{{{name}.test}}}}: p {{{{{name}.p_value:p}}}}"
                + (
                    f", difference {{{{{name}.difference}}}} ({{{{{name}.ci_low}}}} to "
                    f"{{{{{name}.ci_high}}}})."
                    if test.difference is not None
                    else "."
                )
            )
    return said


def stages_verdict(result: ControlChart) -> str:
    """Whether the stages differ, as the beginning of the conclusion."""
    level, spread = result.stage_test, result.stage_spread_test
    if level is None and spread is None:
        return ""
    if not result.stages_differ:
        return (
            "The stages do not differ significantly (p {{stage_test.p_value:p}}). " if level else ""
        )
    if level is not None and level.significant:
        moved = (
            " by {{stage_test.difference}}"
            if level.difference is not None and result.kind not in ("g", "t")
            else ""
        )
        and_spread = ", and so does the variation" if spread and spread.significant else ""
        return (
            f"The stages differ: the level changes{moved} (p {{{{stage_test.p_value:p}}}})"
            f"{and_spread}. "
        )
    return (
        "The stages differ in their variation (p {{stage_spread_test.p_value:p}}), not in level. "
    )


def limit_words(result: ControlChart) -> str:
    """The limits, where one pair of figures does not say it."""
    if result.kind in ("ewma", "moving_average"):
        return ", limits {{lcl_steady}} to {{ucl_steady}} in the steady state"
    return ", limits that vary with the sample size"
