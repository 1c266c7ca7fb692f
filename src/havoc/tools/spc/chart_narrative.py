"""How a control chart reads: the decision, the points, the limits."""

from __future__ import annotations

from havoc.tools.result import Narrative
from havoc.tools.spc.chart_result import CHART_NAMES, ControlChart
from havoc.tools.spc.chart_words import details_of_kind, limit_words, stages_verdict


def chart_title(result: ControlChart) -> str:
    """A sentence that says what is to be seen."""
    chart = f"{CHART_NAMES[result.kind]} chart of {result.name}"
    if result.stages is not None:
        chart += f" in {len(result.stages)} stages"
        if result.stages_differ is not None:
            chart += f", which {'differ' if result.stages_differ else 'do not differ'}"
    if result.in_control:
        return f"{chart}: no signal"
    found = result.violations_count or 0
    beyond = result.out_of_limits_count or 0
    if not found:
        return f"{chart}: {beyond} beyond the limits"
    return f"{chart}: {found} signal{'s' if found != 1 else ''}, {beyond} beyond the limits"


def narrate(result: ControlChart) -> Narrative:
    """Decision first: stable or not, which points, then the limits."""
    chart = CHART_NAMES[result.kind]
    figures = _limit_figures(result)
    if result.in_control is None:
        return Narrative(
            conclusion=f"The {chart} chart has its center line at {{{{center}}}}{_limits(result)}.",
            key_figures=figures,
        )
    details = []
    if result.in_control:
        verdict = "{{name}} is in statistical control"
        seen = ": no point is beyond the limits"
        if result.kind == "zone":
            seen = ": no cumulative score reaches the signal"
        elif len(result.rules) > 1:
            seen += " and no run rule fires"
    else:
        verdict = "{{name}} is not in statistical control"
        seen = f": {_signals(result)}"
    within = "Within the stages, " if result.stages else ""
    where = " ({{points}} points, " + chart + " chart)"
    if not result.stages:
        details.append(f"Center line {{{{center}}}}{_limits(result)}.")
    details += details_of_kind(result)
    if result.first_signal is not None:
        details.append(
            "The first signal comes at point {{first_signal}}; the shift seems to have begun at "
            "point {{shift_start}}, to a mean near {{shifted_mean:unit}}."
        )
    details += [
        f"At point {{{{signals.{i}.point}}}}: {{{{signals.{i}.reason}}}} (largest contribution "
        f"{{{{signals.{i}.variable}}}})."
        for i in range(min(len(result.signals or []), 5))
    ]
    listed = [
        f"{{{{violations.{i}.panel}}}}: {{{{violations.{i}.reason}}}}"
        for i in range(min(len(result.violations or []), 8))
    ]
    if result.chosen_because:
        details.append("The chart was chosen because {{chosen_because}}.")
    return Narrative(
        conclusion=f"{stages_verdict(result)}{within}{verdict}{seen}{where}.",
        details=[*details, *listed],
        key_figures=[*figures, ("signals", "{{violations_count}}")],
    )


def _signals(result: ControlChart) -> str:
    parts = []
    if result.kind == "cusum":
        return "the cumulative sum passes its limit first at point {{first_signal}}"
    if result.out_of_limits_count == 1:
        parts.append("point {{out_of_limits}} is beyond the limits")
    elif result.out_of_limits_count:
        parts.append("points {{out_of_limits}} are beyond the limits")
    if result.spread_out_of_limits:
        parts.append(
            "on the chart of variation {{spread_out_of_limits}} lies beyond the limits"
            if len(result.spread_out_of_limits) == 1
            else "on the chart of variation {{spread_out_of_limits}} lie beyond the limits"
        )
    run_rule = next(
        (
            i
            for i, item in enumerate(result.violations or [])
            if not item.rule.endswith(("nelson_1", "western_electric_1"))
        ),
        None,
    )
    if run_rule is not None:
        parts.append(f"{{{{violations.{run_rule}.reason}}}}")
    return "; ".join(parts)


def _limits(result: ControlChart) -> str:
    if result.kind == "cusum":
        return ", decision limit {{h}}"
    if result.kind in ("t2", "mewma"):
        both = ", upper limit {{ucl_phase1}} for points that set it, {{ucl_phase2}} for new ones"
        return both if isinstance(result.ucl, list) else ", upper limit {{ucl}}"
    if isinstance(result.ucl, list):
        return limit_words(result)
    return ", limits {{lcl}} to {{ucl:unit}}"


def _limit_figures(result: ControlChart) -> list[tuple[str, str]]:
    wanted = {
        "center": "center line",
        "lcl": "lower control limit",
        "ucl": "upper control limit",
        "lcl_steady": "steady-state lower limit",
        "ucl_steady": "steady-state upper limit",
        "rbar": "mean range",
        "r_lcl": "lower limit of the R chart",
        "r_ucl": "upper limit of the R chart",
        "sbar": "mean standard deviation",
        "s_lcl": "lower limit of the S chart",
        "s_ucl": "upper limit of the S chart",
        "mr_bar": "mean moving range",
        "mr_ucl": "upper limit of the MR chart",
        "sigma_within": "standard deviation within",
        "h": "decision limit",
        "first_signal": "first signal",
        "sigma_z": "sigma Z",
        "event_probability": "chance of an event",
        "mean_between": "mean between events",
        "shape": "Weibull shape",
        "sigma_between": "standard deviation between",
        "sigma_between_within": "standard deviation between and within",
        "span": "span",
    }
    return [
        (label, f"{{{{{name}}}}}")
        for name, label in wanted.items()
        if isinstance(getattr(result, name), (int, float))
    ]
