"""Power of the standard tests as a function of size and standardised effect.

t and F tests use the exact noncentral distributions; tests of proportions and of a
correlation use the usual normal approximations.

Sources: J. Cohen, Statistical Power Analysis (1988); R. V. Lenth (2001); NIST/SEMATECH
e-Handbook 7.2.2.2 and 7.2.4.2; J. L. Fleiss, B. Levin and M. C. Paik, Statistical
Methods for Rates and Proportions (2003), chapter 4.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from scipy import optimize, special, stats

from havoc.errors import InputError

MOST_UNITS = 1e9
# Above this noncentrality the power is one to the last digit of a double.
CERTAIN = 60.0

PowerFunction = Callable[[float], float]


def t_power(n: float, effect_size: float, alpha: float, *, samples: int, two_sided: bool) -> float:
    """Power of a t test; ``n`` per group, effect in standard deviations (not negative)."""
    df = samples * (n - 1)
    noncentrality = effect_size * math.sqrt(n / samples)
    critical = float(stats.t.isf(alpha / 2 if two_sided else alpha, df))
    if noncentrality - critical > CERTAIN:
        return 1.0
    power = float(stats.nct.sf(critical, df, noncentrality))
    if two_sided:
        wrong_side = float(stats.nct.cdf(-critical, df, noncentrality))
        power += wrong_side if math.isfinite(wrong_side) else 0.0
    return min(power, 1.0)


def f_power(n: float, effect_size: float, alpha: float, *, groups: int) -> float:
    """Power of one-way ANOVA; effect is Cohen's f (sd of the group means over sigma)."""
    df1, df2 = groups - 1, groups * (n - 1)
    noncentrality = groups * n * effect_size**2
    critical = float(stats.f.isf(alpha, df1, df2))
    if math.sqrt(noncentrality) - math.sqrt(df1 * critical) > CERTAIN:
        return 1.0
    return 1 - float(special.ncfdtr(df1, df2, noncentrality, critical))


def proportion_power(n: float, p0: float, p1: float, alpha: float, *, two_sided: bool) -> float:
    """Power of the z test of one proportion against ``p0`` when the truth is ``p1``."""
    z = float(stats.norm.isf(alpha / 2 if two_sided else alpha))
    spread = math.sqrt(p1 * (1 - p1))
    shift = abs(p1 - p0) * math.sqrt(n)
    return float(stats.norm.cdf((shift - z * math.sqrt(p0 * (1 - p0))) / spread))


def two_proportion_power(n: float, p1: float, p2: float, alpha: float, *, two_sided: bool) -> float:
    """Power of the pooled z test of two proportions; ``n`` per group."""
    z = float(stats.norm.isf(alpha / 2 if two_sided else alpha))
    pooled = (p1 + p2) / 2
    spread = math.sqrt(p1 * (1 - p1) + p2 * (1 - p2))
    shift = abs(p1 - p2) * math.sqrt(n)
    return float(stats.norm.cdf((shift - z * math.sqrt(2 * pooled * (1 - pooled))) / spread))


def correlation_power(n: float, r: float, alpha: float, *, two_sided: bool) -> float:
    """Power of the test that a correlation is zero, by Fisher's z."""
    z = float(stats.norm.isf(alpha / 2 if two_sided else alpha))
    return float(stats.norm.cdf(math.atanh(abs(r)) * math.sqrt(max(n - 3, 0.0)) - z))


def size_for(power_at: PowerFunction, power: float, least: float, where: str) -> float:
    """Real-valued n at which the power is reached, at least ``least``."""
    if power_at(least) >= power:
        return least
    high = 2 * least
    while power_at(high) < power:
        high *= 2
        if high > MOST_UNITS:
            raise InputError(
                f"more than {MOST_UNITS:.0e} units would be needed",
                where=where,
                remedy="the effect is too small to be shown; check effect and sigma",
            )
    return float(optimize.brentq(lambda n: power_at(n) - power, high / 2, high, rtol=1e-13))


def effect_for(power_at: PowerFunction, power: float, high: float, where: str) -> float:
    """Effect between 0 and ``high`` at which the power is reached."""
    if power_at(high) < power:
        raise InputError(
            "no effect is large enough for this power with so few units",
            where=where,
            remedy="raise n or lower the power",
        )
    low = 0.0
    if power_at(low) >= power:
        raise InputError(
            "this power is not above the significance level", where=where, remedy="raise the power"
        )
    return float(optimize.brentq(lambda effect: power_at(effect) - power, low, high, rtol=1e-12))
