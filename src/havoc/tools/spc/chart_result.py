"""What a control chart returns."""

from __future__ import annotations

import msgspec

from havoc.tools.result import Outcome
from havoc.tools.spc.multivariate_signals import MultivariateSignal
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
