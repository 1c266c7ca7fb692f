"""What a control chart returns and how it reads."""

from __future__ import annotations

import msgspec

from havoc.tools.result import Narrative, Outcome
from havoc.tools.spc.multivariate import MultivariateSignal
from havoc.tools.spc.rules import Violation

Limits = float | list[float]

COUNT_CHARTS = ("p", "np", "c", "u", "laney_p", "laney_u")
CHART_NAMES = {
    "xbar_r": "Xbar-R",
    "xbar_s": "Xbar-S",
    "i_mr": "I-MR",
    "p": "p",
    "np": "np",
    "c": "c",
    "u": "u",
    "ewma": "EWMA",
    "cusum": "CUSUM",
    "t2": "Hotelling T²",
    "generalized_variance": "generalized variance",
    "mewma": "MEWMA",
    "laney_p": "Laney p'",
    "laney_u": "Laney u'",
    "g": "g",
    "t": "t",
    "short_run": "short-run",
    "moving_average": "moving average",
    "zone": "zone",
    "three_way": "three-way",
}


class PartFigures(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a short-run chart: its own mean, what is taken away, and its sigma."""

    part: str
    points: int
    mean: float
    center: float
    sigma: float
    nominal: float | None = None


class StageFigures(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A stage, from point ``first`` to ``last``, with its own limits."""

    stage: str
    first: int
    last: int
    points: int
    mean: float
    center: Limits
    lcl: Limits
    ucl: Limits
    spread_center: Limits | None = None
    spread_lcl: Limits | None = None
    spread_ucl: Limits | None = None
    sigma_within: float | None = None
    sigma_z: float | None = None


class StageTest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Do the stages differ? ``difference`` (last minus first) only where there are two."""

    test: str
    statistic: float
    df: float
    p_value: float
    alpha: float
    significant: bool
    df_within: float | None = None
    difference: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None


class ControlChart(Outcome):
    """Figures of the chart; those of other kinds are absent.

    ``center``, ``lcl``, ``ucl`` are those of the main panel, a list where every
    point has its own limits. ``out_of_limits`` are the numbers (from 1) of its
    points beyond them, those above before those below; ``spread_out_of_limits``
    are those of the R, S or MR panel.
    ``violations`` holds all rules that fired on any panel. ``signals`` are the points of a
    T² or MEWMA chart above the limit, with what each characteristic contributes.
    """

    kind: str
    name: str
    points: int
    center: Limits
    n_sigma: float
    rules: list[str]
    chosen_because: str | None = None
    lcl: Limits | None = None
    ucl: Limits | None = None
    in_control: bool | None = None
    out_of_limits: list[int] | None = None
    out_of_limits_count: int | None = None
    above_limits: list[int] | None = None
    below_limits: list[int] | None = None
    spread_out_of_limits: list[int] | None = None
    violations: list[Violation] | None = None
    violations_count: int | None = None
    rule_counts: dict[str, int] | None = None
    baseline: int | None = None
    excluded: list[int] | None = None
    subgroup_size: int | None = None
    subgroup_sizes: list[int] | None = None
    sample_size: Limits | None = None
    total_count: float | None = None
    sigma_within: float | None = None
    xbarbar: float | None = None
    xbar_center: float | None = None
    xbar_lcl: Limits | None = None
    xbar_ucl: Limits | None = None
    rbar: float | None = None
    r_center: Limits | None = None
    r_lcl: Limits | None = None
    r_ucl: Limits | None = None
    sbar: float | None = None
    s_center: Limits | None = None
    s_lcl: Limits | None = None
    s_ucl: Limits | None = None
    mr_bar: float | None = None
    mr_center: float | None = None
    mr_lcl: float | None = None
    mr_ucl: float | None = None
    pbar: float | None = None
    cbar: float | None = None
    ubar: float | None = None
    target: float | None = None
    lambda_: float | None = msgspec.field(default=None, name="lambda")
    ewma: list[float] | None = None
    ucl_steady: float | None = None
    lcl_steady: float | None = None
    k: float | None = None
    h: float | None = None
    sh: list[float] | None = None
    sl: list[float] | None = None
    first_signal: int | None = None
    signal_direction: str | None = None
    shift_start: int | None = None
    shifted_mean: float | None = None
    constants: dict[str, float] | None = None
    variables: list[str] | None = None
    alpha: float | None = None
    arl0: float | None = None
    mean_vector: list[float] | None = None
    covariance: list[list[float]] | None = None
    ucl_phase1: float | None = None
    ucl_phase2: float | None = None
    t2: list[float] | None = None
    generalized_variance: list[float] | None = None
    mewma: list[float] | None = None
    signals: list[MultivariateSignal] | None = None
    sigma_z: float | None = None
    ordinary_out_of_limits_count: int | None = None
    mean_between: float | None = None
    event_probability: float | None = None
    shape: float | None = None
    scale: float | None = None
    transformed_center: float | None = None
    transformed_lcl: float | None = None
    transformed_ucl: float | None = None
    moving_average: list[float] | None = None
    span: int | None = None
    zone_scores: list[float] | None = None
    cumulative_scores: list[float] | None = None
    deviations: list[float] | None = None
    z: list[float] | None = None
    part_figures: list[PartFigures] | None = None
    sigma_means: float | None = None
    sigma_between: float | None = None
    sigma_between_within: float | None = None
    stages: list[StageFigures] | None = None
    stages_differ: bool | None = None
    stage_test: StageTest | None = None
    stage_spread_test: StageTest | None = None


def chart_title(result: ControlChart) -> str:
    """A sentence that says what is to be seen."""
    chart = f"{CHART_NAMES[result.kind]} chart of {result.name}"
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
        if len(result.rules) > 1:
            seen += " and no run rule fires"
    else:
        verdict = "{{name}} is not in statistical control"
        seen = f": {_signals(result)}"
    where = " ({{points}} points, " + chart + " chart)"
    details.append(f"Center line {{{{center}}}}{_limits(result)}.")
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
        conclusion=f"{verdict}{seen}{where}.",
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
        return (
            ", limits {{lcl_steady}} to {{ucl_steady}} in the steady state"
            if result.kind == "ewma"
            else ", limits that vary with the sample size"
        )
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
    }
    return [
        (label, f"{{{{{name}}}}}")
        for name, label in wanted.items()
        if isinstance(getattr(result, name), (int, float))
    ]
