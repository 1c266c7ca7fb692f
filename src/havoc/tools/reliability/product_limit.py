"""Product-limit survival, its variance and intervals, and the log-rank test.

Sources: E. L. Kaplan and P. Meier (1958); J. D. Kalbfleisch and R. L. Prentice, The
Statistical Analysis of Failure Time Data, 2nd edition (2002), 1.4 (Greenwood, log-log
interval, log-rank); R. Brookmeyer and J. Crowley (1982) for the median.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
from scipy import special, stats

from havoc.tools.parameters import FloatArray
from havoc.tools.reliability.life_data import Lives


class Curve(msgspec.Struct, kw_only=True):
    """One step per distinct time: at risk, failures, censored there, and survival after it."""

    time: FloatArray
    at_risk: FloatArray
    events: FloatArray
    censored: FloatArray
    survival: FloatArray
    error: FloatArray
    low: FloatArray
    high: FloatArray


def estimate(lives: Lives, confidence: float, interval: str) -> Curve:
    time, place = np.unique(lives.time, return_inverse=True)
    failed = np.bincount(place, lives.weight * lives.failed, time.size).astype(np.float64)
    leaving = np.bincount(place, lives.weight, time.size).astype(np.float64)
    at_risk = leaving[::-1].cumsum()[::-1]
    survival = np.asarray(np.cumprod(1 - failed / at_risk), dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(
            np.where(at_risk > failed, failed / (at_risk * (at_risk - failed)), 0)
        )
        error = np.where(survival > 0, survival * np.sqrt(greenwood), np.nan)
        z = float(special.ndtri(0.5 + confidence / 2))
        if interval == "greenwood":
            low, high = survival - z * error, survival + z * error
        else:
            exponent = np.exp(z * np.sqrt(greenwood) / np.abs(np.log(survival)))
            low, high = survival**exponent, survival ** (1 / exponent)
    # No limits where nobody survives; certainty before the first failure.
    low = np.where(survival == 1, 1.0, np.where(survival > 0, low, np.nan))
    high = np.where(survival == 1, 1.0, np.where(survival > 0, high, np.nan))
    return Curve(
        time=time,
        at_risk=at_risk,
        events=failed,
        censored=leaving - failed,
        survival=survival,
        error=error,
        low=np.clip(low, 0, 1),
        high=np.clip(high, 0, 1),
    )


def at(curve: Curve, time: float) -> tuple[float, float | None, float | None]:
    """Survival with limits at a time; limits are unknown where survival is zero."""
    place = int(np.searchsorted(curve.time, time, side="right")) - 1
    if place < 0:
        return 1.0, 1.0, 1.0
    low, high = float(curve.low[place]), float(curve.high[place])
    known = math.isfinite(low) and math.isfinite(high)
    return float(curve.survival[place]), low if known else None, high if known else None


def median(curve: Curve, level: float = 0.5) -> float | None:
    """Time at which survival falls to one half; the middle of the step if it is exactly one half.

    This is the convention of R's survival package.
    """
    return _crossing(curve.time[curve.events > 0], curve.survival[curve.events > 0], level)


def median_limits(curve: Curve) -> tuple[float | None, float | None]:
    """Times where the limits of the curve fall below one half."""
    steps = curve.events > 0
    time = curve.time[steps]
    return (
        _first_below(time, curve.low[steps]),
        _first_below(time, curve.high[steps]),
    )


def _crossing(time: FloatArray, survival: FloatArray, level: float) -> float | None:
    below = np.flatnonzero(survival <= level + 1e-12)
    if below.size == 0:
        return None
    first = int(below[0])
    if abs(survival[first] - level) <= 1e-12 and first + 1 < time.size:
        return float((time[first] + time[first + 1]) / 2)
    return float(time[first])


def _first_below(time: FloatArray, limit: FloatArray) -> float | None:
    below = np.flatnonzero(limit <= 0.5)
    return float(time[int(below[0])]) if below.size else None


class LogRank(msgspec.Struct, kw_only=True):
    observed: list[float]
    expected: list[float]
    chi2: float
    df: int
    p_value: float


def log_rank(groups: list[Lives]) -> LogRank | None:
    """Observed and expected failures of each group; None where nothing can be compared."""
    return _weighted(groups, gehan=False)


def wilcoxon(groups: list[Lives]) -> LogRank | None:
    """Generalised Wilcoxon test of Gehan and Breslow: each failure time weighs its units at risk.

    Early differences count more than in the log-rank test; observed and expected are weighted.
    """
    return _weighted(groups, gehan=True)


def _weighted(groups: list[Lives], *, gehan: bool) -> LogRank | None:
    times = np.unique(np.concatenate([group.time[group.failed] for group in groups]))
    if times.size == 0:
        return None
    at_risk = np.stack([_at_risk(group, times) for group in groups])
    failed = np.stack([_failed_at(group, times) for group in groups])
    total, deaths = at_risk.sum(axis=0), failed.sum(axis=0)
    expected = at_risk * (deaths / total)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(total > 1, deaths * (total - deaths) / (total**2 * (total - 1)), 0.0)
    if gehan:
        failed, expected, factor = failed * total, expected * total, factor * total**2
    difference = (failed - expected).sum(axis=1)
    variance = np.diag((at_risk * total * factor).sum(axis=1)) - (at_risk * factor) @ at_risk.T
    reduced = variance[:-1, :-1]
    rank = int(np.linalg.matrix_rank(reduced))
    if rank == 0:
        return None
    chi2 = float(difference[:-1] @ np.linalg.pinv(reduced) @ difference[:-1])
    return LogRank(
        observed=failed.sum(axis=1).tolist(),
        expected=expected.sum(axis=1).tolist(),
        chi2=chi2,
        df=rank,
        p_value=float(stats.chi2.sf(chi2, rank)),
    )


def _at_risk(lives: Lives, times: FloatArray) -> FloatArray:
    remaining = np.append(lives.weight[::-1].cumsum()[::-1], 0.0)
    return np.asarray(remaining[np.searchsorted(lives.time, times, side="left")], dtype=np.float64)


def _failed_at(lives: Lives, times: FloatArray) -> FloatArray:
    place = np.searchsorted(times, lives.time[lives.failed])
    return np.bincount(place, lives.weight[lives.failed], times.size).astype(np.float64)
