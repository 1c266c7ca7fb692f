"""The run length of every kind of chart, and the limits for a wanted one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
from scipy import optimize, special

from havoc.errors import InputError
from havoc.tools.spc import multivariate_run_length as joint
from havoc.tools.spc import rule_chains
from havoc.tools.spc import run_length_chains as chains
from havoc.tools.spc.detectors import RULES

ZONE_SCORES, ZONE_SIGNAL = (0.0, 2.0, 4.0, 8.0), 8.0
JOINT = ("t2", "mewma")
SHEWHART = ("xbar", "i_mr")
USUAL_ARL0 = 200.0


class RunLengthFound(msgspec.Struct, frozen=True, kw_only=True):
    mean: float
    sd: float = math.nan
    standard_error: float | None = None
    runs: int | None = None


class Design(msgspec.Struct, kw_only=True):
    """What decides the run length; shifts are in sigma of single values.

    ``rules`` are those beside the limits. ``h`` is the decision interval of a CUSUM, and the
    limit of a T² or MEWMA statistic.
    """

    kind: str
    sides: str
    size: int
    limits: float
    weight: float
    k: float
    h: float
    rules: list[str]
    characteristics: int
    seed: int

    @property
    def simulated(self) -> bool:
        return rule_chains.needs_simulation(self.rules)

    @property
    def memoryless(self) -> bool:
        """Every point signals by itself, so that the run length is geometric."""
        return (self.kind in SHEWHART and not self.rules) or self.kind == "t2"

    @property
    def solved(self) -> str:
        return "h" if self.kind in ("cusum", *JOINT) else "limits"

    def at(self, shift: float) -> RunLengthFound:
        moved = shift * math.sqrt(self.size)
        if self.simulated:
            found = rule_chains.simulate(self.rules, self.limits, moved, self.seed)
            return RunLengthFound(
                mean=found.mean,
                sd=found.sd,
                standard_error=found.standard_error,
                runs=found.runs,
            )
        mean, sd = self._exact(moved)
        return RunLengthFound(mean=mean, sd=sd)

    def _exact(self, moved: float) -> chains.RunLength:
        if self.kind == "ewma":
            return chains.ewma(moved, self.weight, self.limits)
        if self.kind == "cusum":
            up = chains.cusum(moved, self.k, self.h)
            if self.sides == "upper":
                return up
            down = chains.cusum(-moved, self.k, self.h)
            total = 1 / up[0] + 1 / down[0]
            return (1 / total if total > 0 else math.inf), math.nan
        if self.kind == "t2":
            return chains.geometric(joint.t2(abs(moved), self.characteristics, self.h))
        if self.kind == "mewma":
            return joint.mewma(abs(moved), self.characteristics, self.weight, self.h)
        if self.kind == "zone":
            return rule_chains.zone_chart(moved, ZONE_SCORES, ZONE_SIGNAL)
        if self.rules:
            return rule_chains.zones(tuple(self.rules), self.limits).run_length(moved)
        if self.sides == "upper":
            return chains.geometric(float(special.ndtr(moved - self.limits)))
        return chains.shewhart(moved, self.limits)

    @property
    def states(self) -> int | None:
        """States of the chain of run rules."""
        if not self.rules:
            return None
        return int(rule_chains.zones(tuple(self.rules), self.limits).following.shape[0])

    @property
    def method(self) -> str:
        sides = "two-sided" if self.sides == "two_sided" else "upper side only"
        if self.simulated:
            return (
                f"simulation of the limits and {len(self.rules)} rules on normal points (rules "
                f"that compare neighbours have no exact chain), seed {self.seed}, with the "
                "standard error of the mean"
            )
        if self.rules:
            return f"Markov chain of the limits and {len(self.rules)} rules (Champ and Woodall)"
        return {
            "ewma": "Markov chain of the EWMA with asymptotic limits, zero state (Lucas and "
            "Saccucci)",
            "cusum": f"Markov chain of the tabular CUSUM, zero state, {sides} (Brook and Evans)",
            "t2": "geometric run length of T² with known parameters, noncentral chi-square",
            "mewma": "integral equation of the MEWMA with steady-state covariance, zero state "
            "(Rigdon; Runger and Prabhu)",
            "zone": "Markov chain of the zone scores 0, 2, 4, 8 with signal at 8 (Davis, Homer "
            "and Woodall)",
        }.get(self.kind, f"geometric run length of limits on independent normal points, {sides}")


def check(design: Design) -> None:
    """Raises InputError where the settings do not fit the kind of chart."""
    if design.kind == "i_mr" and design.size > 1:
        raise InputError(
            f"an individuals chart has single values, not {design.size}",
            where="subgroup_size",
            remedy="use kind xbar",
        )
    if design.rules and (design.kind not in SHEWHART or design.sides == "upper"):
        raise InputError(
            "run and zone rules belong to two-sided xbar and individuals charts",
            where="rules",
            remedy="leave rules out",
        )
    # A rule of one point beyond a distance is a limit of its own.
    zoned = [RULES[rule].detect for rule in design.rules if RULES[rule].window > 1]
    furthest = max((float(getattr(detect, "distance", 0.0)) for detect in zoned), default=0.0)
    if furthest >= design.limits:
        raise InputError(
            f"these zone rules need limits beyond {'two' if furthest == 2 else f'{furthest:g}'} "
            "standard deviations",
            where="limits",
            remedy="use 3",
        )
    if design.sides == "upper" and design.kind in ("ewma", "zone", *JOINT):
        raise InputError(
            f"a chart of kind {design.kind} is two-sided here",
            where="sides",
            remedy="use two_sided",
        )
    if design.kind in JOINT and design.characteristics > joint.MOST_DIMENSIONS:
        raise InputError(
            f"{design.characteristics} characteristics are more than {joint.MOST_DIMENSIONS}",
            where="characteristics",
            remedy="give fewer",
        )


def solve(design: Design, wanted: float) -> None:
    """Set the limits (or h) whose run length in control is the wanted one."""
    if design.rules or design.kind == "zone":
        raise InputError(
            "limits are not solved for together with zone rules", where="arl0", remedy="give limits"
        )
    if design.kind == "t2":
        design.h = float(special.chdtri(design.characteristics, 1 / wanted))
        return
    if design.kind == "mewma":
        design.h = joint.mewma_limit(design.characteristics, design.weight, wanted)
        return

    def miss(value: float) -> float:
        if design.kind == "cusum":
            design.h = value
        else:
            design.limits = value
        return math.log(min(design.at(0.0).mean, 1e300)) - math.log(wanted)

    low, high = (0.05, 5.0) if design.kind == "cusum" else (0.05, 3.0)
    if miss(low) > 0:
        raise InputError(
            f"a run length of {wanted:g} in control is too short for this chart",
            where="arl0",
            remedy="ask for a longer one",
        )
    while miss(high) < 0:
        low, high = high, 2 * high
    found = float(optimize.brentq(miss, low, high, xtol=1e-9))
    miss(found)


class CountDesign(msgspec.Struct, frozen=True, kw_only=True):
    """A chart of counts; a point beyond the limits signals, not one on them.

    ``low`` and ``high`` are limits of the count; ``scale`` turns a plotted value into it.
    """

    kind: str
    mean: float
    size: int
    low: float
    high: float

    @property
    def binomial(self) -> bool:
        return self.kind in ("p", "np")

    def p_signal(self, mean: float) -> float:
        low = math.ceil(self.low - 1e-9) - 1
        high = math.floor(self.high + 1e-9)
        if self.binomial:
            below = float(special.bdtr(low, self.size, mean)) if low >= 0 else 0.0
            above = float(special.bdtrc(high, self.size, mean)) if high < self.size else 0.0
            return below + above
        expected = mean if self.kind == "c" else mean * self.size
        below = float(special.pdtr(low, expected)) if low >= 0 else 0.0
        return below + float(special.pdtrc(high, expected))

    def sigma(self) -> float:
        if self.binomial:
            return math.sqrt(self.mean * (1 - self.mean) / self.size)
        return math.sqrt(self.mean / (1 if self.kind == "c" else self.size))


def count_design(
    kind: str,
    mean: float | None,
    shifted: Sequence[float],
    size: int,
    lcl: float | None,
    ucl: float | None,
    limits: float,
) -> tuple[CountDesign, float, float]:
    """The chart with its lower and upper limit as plotted, checked."""
    if mean is None or not shifted:
        raise InputError(
            "the mean before or after the shift is missing",
            where="mean, shifted_mean",
            remedy="give both: mean count (c), defects per unit (u), fraction defective (p, np)",
        )
    if kind in ("p", "np") and not all(0 < value < 1 for value in (mean, *shifted)):
        raise InputError(
            "a fraction defective lies between 0 and 1",
            where="mean, shifted_mean",
            remedy="give it as a fraction, such as 0.02",
        )
    if not all(math.isfinite(value) and value > 0 for value in shifted):
        raise InputError(
            "a mean count must be above zero", where="shifted_mean", remedy="give a mean above zero"
        )
    plain = CountDesign(kind=kind, mean=mean, size=size, low=0.0, high=0.0)
    scale = size if kind == "np" else 1
    center, sigma = mean * scale, plain.sigma() * scale
    high = center + limits * sigma if ucl is None else ucl
    low = max(center - limits * sigma, 0.0) if lcl is None else lcl
    if kind in ("p", "np") and ucl is None:
        high = min(high, float(scale))
    if ucl is not None and lcl is None and high < center:
        raise InputError("the upper limit is below the mean", where="ucl", remedy="correct it")
    if not low < high:
        raise InputError(
            "the lower limit is not below the upper one", where="lcl, ucl", remedy="swap them"
        )
    counted = 1 if kind in ("np", "c") else size
    return (
        CountDesign(kind=kind, mean=mean, size=size, low=low * counted, high=high * counted),
        low,
        high,
    )
