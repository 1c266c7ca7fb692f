"""What the average run length tool returns."""

from __future__ import annotations

import msgspec

from havoc.tools.result import Outcome


class RunLengthAt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``sd`` is the standard deviation of the run length, ``time`` the mean time to a signal.

    ``standard_error`` is that of a simulated ``arl``, ``mean`` the mean count or fraction.
    """

    shift: float
    arl: float
    sd: float | None = None
    p_signal: float | None = None
    time: float | None = None
    standard_error: float | None = None
    mean: float | None = None


class AverageRunLength(Outcome):
    """``arl0`` is the run length in control, ``arl`` (and ``arl1``) that at ``shift``.

    Shifts are in standard deviations of single values; of several ``characteristics`` the
    shift is the Mahalanobis distance. ``p_signal`` is the chance that one point signals and
    ``beta`` that it does not (charts with limits only). ``standard_error`` and
    ``arl0_standard_error`` are there where the run lengths were simulated in so many ``runs``.
    ``time_to_signal`` and ``time_to_false_alarm`` are in hours.
    """

    name: str
    kind: str
    sides: str
    shift: float
    arl: float
    arl0: float
    table: list[RunLengthAt]
    subgroup_size: int = 1
    limits: float | None = None
    weight: float | None = msgspec.field(default=None, name="lambda")
    k: float | None = None
    h: float | None = None
    arl1: float | None = None
    sd_run_length: float | None = None
    median_run_length: float | None = None
    p_signal: float | None = None
    beta: float | None = None
    false_alarm_rate: float | None = None
    solved_for: str | None = None
    interval_hours: float | None = None
    time_to_signal: float | None = None
    time_to_false_alarm: float | None = None
    mean: float | None = None
    shifted_mean: float | None = None
    lcl: float | None = None
    ucl: float | None = None
    rules: list[str] | None = None
    characteristics: int | None = None
    states: int | None = None
    standard_error: float | None = None
    arl0_standard_error: float | None = None
    runs: int | None = None
    seed: int | None = None
