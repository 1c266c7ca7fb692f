"""Power, sample size and smallest detectable effect of the standard tests.

Sources: NIST/SEMATECH e-Handbook 7.2.2.2 (mean), 7.2.4.2 (proportion);
J. Cohen, Statistical Power Analysis for the Behavioral Sciences (1988).
"""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from msgspec import Meta
from scipy import stats

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.parameters import Alpha, Alternative, Unit
from havoc.tools.result import Recomputed
from havoc.tools.stats import power_functions as functions
from havoc.tools.stats.power_charts import margin_curve, power_curve
from havoc.tools.stats.power_result import (
    Design,
    PowerSampleSize,
    method_of,
    narrate,
    planning_check,
)

Share = Annotated[float, Meta(gt=0, lt=1)]
PositiveNumber = Annotated[float, Meta(gt=0)]

LARGEST_EFFECT = 1e3
ASSUMED_POWER = 0.8


@tool(
    "power_sample_size",
    title="Power and sample size",
    source="NIST/SEMATECH e-Handbook 7.2.2.2, 7.2.4.2; Cohen (1988)",
)
def power_sample_size(
    design: Annotated[
        Design | None, Meta(description="which comparison; by default what the values allow")
    ] = None,
    effect: Annotated[
        float | None,
        Meta(description="difference to detect, in the unit of the measurement (or a correlation)"),
    ] = None,
    sigma: Annotated[
        PositiveNumber | None,
        Meta(description="standard deviation (for pairs: of the differences)"),
    ] = None,
    effect_size: Annotated[
        PositiveNumber | None,
        Meta(description="standardised effect instead of effect and sigma: d, or f for anova"),
    ] = None,
    n: Annotated[
        Annotated[int, Meta(ge=2)] | None, Meta(description="units in each group (or pairs)")
    ] = None,
    power: Annotated[
        Share | None, Meta(description="probability of detecting the effect, between 0 and 1")
    ] = None,
    alpha: Alpha = 0.05,
    alternative: Alternative = "two_sided",
    groups: Annotated[
        Annotated[int, Meta(ge=2, le=1000)] | None, Meta(description="number of groups (anova)")
    ] = None,
    means: Annotated[list[float] | None, Meta(description="expected group means (anova)")] = None,
    between_var: Annotated[
        PositiveNumber | None, Meta(description="variance of the group means, k - 1 (anova)")
    ] = None,
    within_var: Annotated[
        PositiveNumber | None, Meta(description="variance within groups (anova), instead of sigma")
    ] = None,
    p1: Annotated[
        Share | None, Meta(description="proportion of the first group, or the reference")
    ] = None,
    p2: Annotated[
        Share | None, Meta(description="proportion of the second group, or the one to detect")
    ] = None,
    p: Annotated[
        Share | None, Meta(description="expected proportion, for an estimate with a margin")
    ] = None,
    margin: Annotated[
        PositiveNumber | None, Meta(description="half width of the confidence interval wanted")
    ] = None,
    unit: Unit = "",
) -> PowerSampleSize:
    """How many units are needed, what power do n units have, or what can they detect?

    Use it before data are taken: give all but one of effect (with sigma), n and
    power; the missing one is solved for. With ``margin`` the size for an estimate of
    that precision. ANOVA takes the group means, their variance, or the largest
    difference (the others in the middle, the least favourable case). Assumes
    independent units and normal values.
    """
    design = design or _guess(p1, p2, p, margin, groups, means, between_var)
    if within_var is not None:
        sigma = math.sqrt(within_var)
    for value, where in ((effect, "effect"), *((mean, "means") for mean in means or [])):
        if value is not None and not math.isfinite(value):
            raise InputError("must be a finite number", where=where, remedy="give a number")
    if design in ("mean_margin", "proportion_margin"):
        return _for_margin(design, margin, sigma, p if p is not None else p1, alpha, unit)
    two_sided = alternative == "two_sided"
    warnings: list[str] = []
    if design in ("one_proportion", "two_proportions"):
        result = _proportions(design, p1, p2, n, power, alpha, alternative, warnings)
    else:
        if design == "anova":
            groups = groups or (len(means) if means else None)
            effect_size = effect_size or _cohen_f(effect, sigma, groups, means, between_var)
        elif design == "correlation":
            effect_size = effect_size or (abs(effect) if effect is not None else None)
            if effect_size is not None and effect_size >= 1:
                raise InputError(
                    f"a correlation of {effect_size:g} is not below 1",
                    where="effect",
                    remedy="give a correlation between -1 and 1",
                )
        elif effect_size is None and effect is not None:
            effect_size = abs(effect) / _needed(sigma, "sigma", "give the standard deviation")
        if effect_size == 0:
            raise InputError(
                "an effect of 0 can never be shown",
                where="effect",
                remedy="give the smallest difference that matters",
            )
        result = _standardised(
            design, effect_size, n, power, alpha, alternative, two_sided, groups, warnings
        )
        result.sigma = sigma
        scale = sigma if design != "correlation" else 1.0
        if effect is not None:
            result.effect = effect
        elif scale is not None and result.effect_size is not None and design != "anova":
            result.effect = result.effect_size * scale
    result.unit = unit
    result.warnings = warnings + _low_power(result)
    return result


def _guess(
    p1: float | None,
    p2: float | None,
    p: float | None,
    margin: float | None,
    groups: int | None,
    means: list[float] | None,
    between_var: float | None,
) -> Design:
    if margin is not None:
        return "proportion_margin" if p is not None or p1 is not None else "mean_margin"
    if p1 is not None or p2 is not None:
        return "two_proportions"
    if between_var is not None or means or (groups or 0) > 2:
        return "anova"
    return "two_sample_t"


def _needed(value: float | None, where: str, remedy: str) -> float:
    if value is None:
        raise InputError(f"{where} is missing", where=where, remedy=remedy)
    return value


def _cohen_f(
    effect: float | None,
    sigma: float | None,
    groups: int | None,
    means: list[float] | None,
    between_var: float | None,
) -> float | None:
    """Root of the mean squared deviation of the group means, over sigma."""
    count = int(_needed(groups, "groups", "give the number of groups"))
    if effect is None and not means and between_var is None:
        return None
    spread = _needed(sigma, "sigma", "give sigma or within_var")
    if between_var is not None:
        return math.sqrt(between_var * (count - 1) / count) / spread
    if means:
        if len(means) != count:
            raise InputError(
                f"{len(means)} means for {count} groups", where="means", remedy="give one for each"
            )
        return float(np.std(means)) / spread
    assert effect is not None
    # Two groups at the ends, the others in the middle: the least that this range can show.
    return abs(effect) / math.sqrt(2 * count) / spread


def _standardised(
    design: Design,
    effect_size: float | None,
    n: int | None,
    power: float | None,
    alpha: float,
    alternative: str,
    two_sided: bool,
    groups: int | None,
    warnings: list[str],
) -> PowerSampleSize:
    """t tests, ANOVA and correlation: power is a function of n and a standardised effect."""
    count = {"two_sample_t": 2, "anova": int(groups or 2)}.get(design, 1)
    if design == "anova" and groups is None:
        raise InputError("groups is missing", where="groups", remedy="give the number of groups")

    def power_at(size: float, shift: float) -> float:
        if design == "anova":
            return functions.f_power(size, shift, alpha, groups=count)
        if design == "correlation":
            return functions.correlation_power(size, shift, alpha, two_sided=two_sided)
        return functions.t_power(size, shift, alpha, samples=count, two_sided=two_sided)

    least = 4.0 if design == "correlation" else 1.05
    largest = 1 - 1e-9 if design == "correlation" else LARGEST_EFFECT
    solved_for, target = _what_is_missing(effect_size, n, power, warnings)
    exact = float(n) if n is not None else 0.0
    if solved_for == "effect":
        assert n is not None and target is not None
        effect_size = functions.effect_for(lambda d: power_at(n, d), target, largest, "n, power")
    assert effect_size is not None
    size = effect_size
    if solved_for == "n":
        assert target is not None
        exact = functions.size_for(lambda m: power_at(m, size), target, least, "effect")
    units = n if n is not None else max(_rounded_up(exact), 4 if design == "correlation" else 2)
    reached = power_at(units, size)
    return PowerSampleSize(
        method=method_of(design),
        design=design,
        solved_for=solved_for,
        n=units,
        n_per_group=units,
        n_total=units * count,
        n_exact=exact,
        alpha=alpha,
        level=1 - alpha,
        alternative=alternative,
        power=reached,
        target_power=target,
        effect_size=size,
        groups=count if design == "anova" else None,
        assumptions=planning_check(),
        charts=[
            power_curve(design, lambda m: power_at(m, size), units, target, 4 if least > 2 else 2)
        ],
    )


def _proportions(
    design: Design,
    p1: float | None,
    p2: float | None,
    n: int | None,
    power: float | None,
    alpha: float,
    alternative: str,
    warnings: list[str],
) -> PowerSampleSize:
    first = _needed(p1, "p1", "give the reference proportion")
    two_sided = alternative == "two_sided"
    chosen = (
        functions.two_proportion_power
        if design == "two_proportions"
        else functions.proportion_power
    )

    def power_at(size: float, other: float) -> float:
        return chosen(size, first, other, alpha, two_sided=two_sided)

    if p2 is not None and p2 == first:
        raise InputError(
            "p1 and p2 are equal, so there is nothing to detect",
            where="p1, p2",
            remedy="give the share that is to be told from p1",
        )
    solved_for, target = _what_is_missing(p2, n, power, warnings)
    exact = float(n) if n is not None else 0.0
    if solved_for == "effect":
        assert n is not None and target is not None
        sign = -1.0 if alternative == "less" else 1.0
        room = (1 - first if sign > 0 else first) * (1 - 1e-9)
        shift = functions.effect_for(
            lambda step: power_at(n, first + sign * step), target, room, "n, power"
        )
        p2 = first + sign * shift
    assert p2 is not None
    other = p2
    if solved_for == "n":
        assert target is not None
        exact = functions.size_for(lambda m: power_at(m, other), target, 1.0, "p1, p2")
    units = n if n is not None else max(_rounded_up(exact), 2)
    if units * min(first, other, 1 - first, 1 - other) < 5:
        warnings.append(
            "fewer than 5 units of one kind are expected: the normal approximation is rough"
        )
    return PowerSampleSize(
        method=method_of(design),
        design=design,
        solved_for=solved_for,
        n=units,
        n_per_group=units,
        n_total=units * (2 if design == "two_proportions" else 1),
        n_exact=exact,
        alpha=alpha,
        level=1 - alpha,
        alternative=alternative,
        power=power_at(units, other),
        target_power=target,
        effect=other - first,
        effect_size=abs(2 * math.asin(math.sqrt(first)) - 2 * math.asin(math.sqrt(other))),
        p1=first,
        p2=other,
        assumptions=planning_check(),
        charts=[power_curve(design, lambda m: power_at(m, other), units, target, 2)],
    )


def _what_is_missing(
    effect: float | None, n: int | None, power: float | None, warnings: list[str]
) -> tuple[str, float | None]:
    """Which of effect, n and power to solve for, and the power aimed at."""
    if effect is not None and n is not None:
        return "power", power
    if effect is None and n is None:
        raise InputError(
            "neither effect nor n is given",
            where="power_sample_size",
            remedy="give the difference to detect (with sigma), or n",
        )
    if power is None:
        power = ASSUMED_POWER
        warnings.append(f"power was not given: {100 * ASSUMED_POWER:g} % is assumed")
    return ("n" if n is None else "effect"), power


def _for_margin(
    design: Design,
    margin: float | None,
    sigma: float | None,
    p: float | None,
    alpha: float,
    unit: str,
) -> PowerSampleSize:
    """Size of a sample whose confidence interval has a given half width."""
    half = _needed(margin, "margin", "give the half width of the interval")
    z = float(stats.norm.isf(alpha / 2))
    warnings = []
    estimated = None
    if design == "mean_margin":
        spread = _needed(sigma, "sigma", "give the standard deviation")
    else:
        if half >= 1:
            raise InputError(
                f"a margin of {half:g} is not a proportion", where="margin", remedy="1 % is 0.01"
            )
        if p is None:
            warnings.append("no proportion was given: the worst case of one half is assumed")
        spread = math.sqrt((p or 0.5) * (1 - (p or 0.5)))
    exact = (z * spread / half) ** 2
    if exact > functions.MOST_UNITS:
        raise InputError(
            f"more than {functions.MOST_UNITS:.0e} units would be needed",
            where="margin",
            remedy="allow a wider margin",
        )
    n = max(_rounded_up(exact), 2)
    if design == "mean_margin":
        estimated = max(n, 2)
        while float(stats.t.isf(alpha / 2, estimated - 1)) * spread / math.sqrt(estimated) > half:
            estimated += max(1, estimated // 1000)
    return PowerSampleSize(
        method=method_of(design),
        unit=unit,
        design=design,
        solved_for="n",
        n=n,
        n_per_group=n,
        n_total=n,
        n_exact=exact,
        alpha=alpha,
        level=1 - alpha,
        alternative="two_sided",
        margin=half,
        sigma=sigma,
        p1=None if design == "mean_margin" else p or 0.5,
        n_with_estimated_sd=estimated,
        warnings=warnings,
        assumptions=planning_check(),
        charts=[margin_curve(spread, z, n, half)],
    )


def _rounded_up(exact: float) -> int:
    """Next whole number, unless the solution is whole up to rounding."""
    return math.ceil(exact - 1e-9 * max(exact, 1.0))


def _low_power(result: PowerSampleSize) -> list[str]:
    if result.solved_for == "power" and result.power is not None and result.power < 0.5:
        return ["power below one half: a result without significance would say almost nothing"]
    return []


power_sample_size.narrates(narrate)


@power_sample_size.verifies
def _verify(result: PowerSampleSize, **_: object) -> list[Recomputed]:
    """Power of the t and F tests by integrating over the estimated variance."""
    if result.effect_size is None or result.power is None:
        return []
    two_sided = result.alternative == "two_sided"
    samples = {"two_sample_t": 2, "one_sample_t": 1, "paired_t": 1}.get(result.design)
    nodes, weights = np.polynomial.legendre.leggauss(400)
    if samples is not None:
        df = samples * (result.n - 1)
        shift = result.effect_size * math.sqrt(result.n / samples)
        critical = float(stats.t.isf(result.alpha / 2 if two_sided else result.alpha, df))
        # P(Z + shift > critical * S) averaged over S² ~ chi-square / df, by quantiles of S².
        levels = (nodes + 1) / 2
        spread = np.sqrt(stats.chi2.ppf(levels, df) / df)
        found = stats.norm.sf(critical * spread - shift)
        if two_sided:
            found = found + stats.norm.cdf(-critical * spread - shift)
        again = float(weights @ found) / 2
        route = "average of the normal power over the estimated variance"
    elif result.design == "anova" and result.groups is not None:
        df1, df2 = result.groups - 1, result.groups * (result.n - 1)
        critical = float(stats.f.isf(result.alpha, df1, df2))
        again = float(
            stats.ncf.sf(critical, df1, df2, result.groups * result.n * result.effect_size**2)
        )
        route = "scipy noncentral F"
    else:
        return []
    return [Recomputed(name="power", value=result.power, recomputed=again, route=route, rtol=1e-5)]
