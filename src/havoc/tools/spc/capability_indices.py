"""Indices, intervals and defect rates of a normal process against its limits.

Sources: V. E. Kane (1986), J. Quality Technology 18, 41 (Cp, Cpk); A. F. Bissell
(1990), Applied Statistics 39, 331 (interval of Cpk); L. K. Chan, S. W. Cheng and
F. A. Spiring (1988), J. Quality Technology 20, 162 (Cpm); R. A. Boyles (1991),
J. Quality Technology 23, 17 (interval of Cpm).
"""

from __future__ import annotations

import math

import msgspec
from scipy import special

from havoc.errors import InputError
from havoc.tools.magnitude import LARGEST

PER_MILLION = 1e6


class Specification(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of what is accepted. A boundary is a limit that no part can pass."""

    lsl: float | None
    usl: float | None
    target: float | None = None
    lower_boundary: bool = False
    upper_boundary: bool = False

    @property
    def low(self) -> float | None:
        return None if self.lower_boundary else self.lsl

    @property
    def high(self) -> float | None:
        return None if self.upper_boundary else self.usl


def checked_specification(
    lsl: float | None,
    usl: float | None,
    target: float | None,
    lower_boundary: bool,
    upper_boundary: bool,
) -> Specification:
    """The limits, refused where they contradict each other."""
    for name, value in (("lsl", lsl), ("usl", usl), ("target", target)):
        if value is not None and not math.isfinite(value):
            raise InputError(
                "a limit must be a finite number",
                where=name,
                remedy="give the limit as a number, or leave it out",
            )
    if lsl is None and usl is None:
        raise InputError(
            "no specification limit is given",
            where="lsl, usl",
            remedy="give lsl, usl or both",
        )
    if lsl is not None and usl is not None and lsl >= usl:
        raise InputError(
            f"the lower limit {lsl:g} is not below the upper limit {usl:g}",
            where="lsl, usl",
            remedy="swap them or correct the typing error",
        )
    for flag, value, name in (
        (lower_boundary, lsl, "lower_boundary"),
        (upper_boundary, usl, "upper_boundary"),
    ):
        if flag and value is None:
            raise InputError("a boundary needs its limit", where=name, remedy="give the limit")
    if lower_boundary and upper_boundary:
        raise InputError(
            "both limits are boundaries, so nothing can be out of specification",
            where="lower_boundary, upper_boundary",
            remedy="mark only the limit that no part can pass",
        )
    return Specification(
        lsl=lsl,
        usl=usl,
        target=target,
        lower_boundary=lower_boundary,
        upper_boundary=upper_boundary,
    )


class Indices(msgspec.Struct, frozen=True, kw_only=True):
    """Potential (both limits), lower, upper and the smaller of the two."""

    both: float | None
    lower: float | None
    upper: float | None
    smaller: float


def indices(mean: float, sigma: float, spec: Specification) -> Indices:
    """Cp, Cpl, Cpu, Cpk with the within sigma; Pp, Ppl, Ppu, Ppk with the overall one."""
    low, high = spec.low, spec.high
    lower = None if low is None else (mean - low) / (3 * sigma)
    upper = None if high is None else (high - mean) / (3 * sigma)
    sides = [side for side in (lower, upper) if side is not None]
    if max(abs(side) for side in sides) > LARGEST:
        raise InputError(
            f"a standard deviation of {sigma:g} is nothing beside the distance to the limits",
            where="sigma",
            remedy="check the standard deviation and the units",
        )
    return Indices(
        both=None if low is None or high is None else (high - low) / (6 * sigma),
        lower=lower,
        upper=upper,
        smaller=min(sides),
    )


def cpm(mean: float, sigma: float, spec: Specification) -> tuple[float | None, float | None]:
    """Cpm, and Cpm* where the target is not in the middle.

    Cpm is the tolerance over six root mean squares of the deviation from the
    target; Cpm* takes the limit nearer to the target, over three of them. With
    one limit there is only the latter.
    """
    if spec.target is None:
        return None, None
    spread = math.hypot(sigma, mean - spec.target)
    room = [
        distance
        for distance in (
            None if spec.low is None else spec.target - spec.low,
            None if spec.high is None else spec.high - spec.target,
        )
        if distance is not None
    ]
    star = min(room) / (3 * spread)
    if len(room) < 2:
        return None, star
    centred = math.isclose(room[0], room[1], rel_tol=1e-9)
    return sum(room) / (6 * spread), None if centred else star


def ratio_interval(value: float, n: int, confidence: float) -> tuple[float, float]:
    """Chi-square interval of Cp or Pp with n - 1 degrees of freedom."""
    df = n - 1
    tail = (1 - confidence) / 2
    return (
        value * math.sqrt(float(special.chdtri(df, 1 - tail)) / df),
        value * math.sqrt(float(special.chdtri(df, tail)) / df),
    )


def smaller_standard_error(value: float, n: int) -> float:
    """Bissell's standard error of Cpk or Ppk."""
    return math.sqrt(1 / (9 * n) + value**2 / (2 * (n - 1)))


def smaller_interval(value: float, n: int, confidence: float) -> tuple[float, float]:
    """Bissell's interval of Cpk or Ppk."""
    margin = float(special.ndtri((1 + confidence) / 2)) * smaller_standard_error(value, n)
    return value - margin, value + margin


def smaller_bound(value: float, n: int, confidence: float) -> float:
    """One-sided lower confidence bound of Cpk or Ppk."""
    return value - float(special.ndtri(confidence)) * smaller_standard_error(value, n)


def cpm_interval(value: float, offset: float, n: int, confidence: float) -> tuple[float, float]:
    """Boyles' interval; ``offset`` is (mean - target) / sigma."""
    square = offset**2
    df = n * (1 + square) ** 2 / (1 + 2 * square)
    tail = (1 - confidence) / 2
    return (
        value * math.sqrt(float(special.chdtri(df, 1 - tail)) / df),
        value * math.sqrt(float(special.chdtri(df, tail)) / df),
    )


def _log_inside(z_lsl: float | None, z_usl: float | None) -> float:
    """Logarithm of the share of a normal population between the limits."""
    high = math.inf if z_usl is None else z_usl
    low = -math.inf if z_lsl is None else -z_lsl
    if low > 0:
        low, high = -high, -low
    upper, lower = float(special.log_ndtr(high)), float(special.log_ndtr(low))
    return upper + math.log(-math.expm1(lower - upper))


class Tails(msgspec.Struct, frozen=True, kw_only=True):
    """Expected parts per million outside, and the distances behind them in sigma."""

    below: float
    above: float
    z_lsl: float | None
    z_usl: float | None
    z_bench: float

    @property
    def total(self) -> float:
        return self.below + self.above


def tails(mean: float, sigma: float, spec: Specification) -> Tails:
    """Normal tails beyond the limits; Z bench is the normal quantile of their sum."""
    z_lsl = None if spec.low is None else (mean - spec.low) / sigma
    z_usl = None if spec.high is None else (spec.high - mean) / sigma
    below = 0.0 if z_lsl is None else float(special.ndtr(-z_lsl))
    above = 0.0 if z_usl is None else float(special.ndtr(-z_usl))
    total = below + above
    if total > 0.5:
        # from the logarithm of the share inside, so that it stays finite with all outside
        z_bench = float(special.ndtri_exp(_log_inside(z_lsl, z_usl)))
    elif total > 1e-300:
        z_bench = -float(special.ndtri(total))
    else:
        z_bench = min(z for z in (z_lsl, z_usl) if z is not None)
    return Tails(
        below=PER_MILLION * below,
        above=PER_MILLION * above,
        z_lsl=z_lsl,
        z_usl=z_usl,
        z_bench=z_bench,
    )
