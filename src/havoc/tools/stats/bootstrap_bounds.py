"""Bootstrap intervals from resampled values, and how far chance in the resampling moves them.

Sources: A. C. Davison and D. V. Hinkley (1997), Bootstrap Methods and their
Application, 5.2 (basic, studentised), 5.3 (percentile, BCa) and equation 5.8
(interpolation on the normal scale); B. Efron (1987) for BCa.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
import numpy as np
from scipy import special

from havoc.tools.parameters import FloatArray

Bounds = tuple[float, float]
BATCHES = 10


class Replicates(msgspec.Struct, frozen=True, kw_only=True):
    """The statistic of every resample, and its studentised form where there is one."""

    estimate: float
    values: FloatArray
    studentised: FloatArray | None
    standard_error: float | None
    acceleration: float


class Adjusted(msgspec.Struct, frozen=True, kw_only=True):
    """The BCa interval with what it is made of."""

    bounds: Bounds
    bias_correction: float
    levels: Bounds


def at_level(ordered: FloatArray, level: float) -> float:
    """Quantile of resampled values, interpolated on the normal scale (equation 5.8)."""
    rank = (ordered.size + 1) * level
    k = math.floor(rank + 1e-9)
    if k < 1:
        return float(ordered[0])
    if k >= ordered.size:
        return float(ordered[-1])
    if rank - k < 1e-9:
        return float(ordered[k - 1])
    low, high = (float(special.ndtri(i / (ordered.size + 1))) for i in (k, k + 1))
    share = (float(special.ndtri(level)) - low) / (high - low)
    return float(ordered[k - 1] + share * (ordered[k] - ordered[k - 1]))


def percentile(replicates: Replicates, confidence: float) -> Bounds:
    ordered = np.sort(replicates.values)
    tail = (1 - confidence) / 2
    return at_level(ordered, tail), at_level(ordered, 1 - tail)


def basic(replicates: Replicates, confidence: float) -> Bounds:
    low, high = percentile(replicates, confidence)
    return 2 * replicates.estimate - high, 2 * replicates.estimate - low


def studentised(replicates: Replicates, confidence: float) -> Bounds | None:
    if replicates.studentised is None or replicates.standard_error is None:
        return None
    ordered = np.sort(replicates.studentised)
    tail = (1 - confidence) / 2
    return (
        replicates.estimate - replicates.standard_error * at_level(ordered, 1 - tail),
        replicates.estimate - replicates.standard_error * at_level(ordered, tail),
    )


def bca(replicates: Replicates, confidence: float) -> Adjusted | None:
    """None if every resample lies on one side of the estimate."""
    values, estimate = replicates.values, replicates.estimate
    # Resamples that equal the estimate, as medians often do, count half on either side.
    near = 1e-12 * max(abs(estimate), float(np.ptp(values)))
    below = float(np.mean(values < estimate - near))
    above = float(np.mean(values > estimate + near))
    share = below + (1 - below - above) / 2
    if not 0 < share < 1:
        return None
    shift = float(special.ndtri(share))
    levels = []
    for z in special.ndtri([(1 - confidence) / 2, (1 + confidence) / 2]):
        moved = shift + z
        levels.append(
            float(special.ndtr(shift + moved / (1 - replicates.acceleration * moved)))
            if replicates.acceleration * moved < 1
            else 1.0
        )
    ordered = np.sort(values)
    return Adjusted(
        bounds=(at_level(ordered, levels[0]), at_level(ordered, levels[1])),
        bias_correction=shift,
        levels=(levels[0], levels[1]),
    )


def monte_carlo_error(
    replicates: Replicates, interval: Callable[[Replicates], Bounds | None]
) -> Bounds:
    """Standard error of both bounds by the number of resamples, from ten batches of them."""
    found = []
    for part in range(BATCHES):
        batch = msgspec.structs.replace(
            replicates,
            values=replicates.values[part::BATCHES],
            studentised=None
            if replicates.studentised is None
            else replicates.studentised[part::BATCHES],
        )
        bounds = interval(batch)
        if bounds is not None:
            found.append(bounds)
    if len(found) < 2:
        return math.nan, math.nan
    spread = np.std(np.asarray(found), axis=0, ddof=1) / math.sqrt(len(found))
    return float(spread[0]), float(spread[1])
