"""Points of the probability plot and goodness of fit of a life distribution.

Exact and right-censored times take Johnson's adjusted ranks with Benard's median ranks;
data with left or interval censoring the estimate of Turnbull (JRSS B 38 (1976) 290-295).
The adjusted Anderson-Darling statistic measures the fit at these points in Minitab's
form (the integral of Anderson and Darling over the steps of the plotted points).
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from havoc.tools.parameters import FloatArray
from havoc.tools.reliability import life_families as families
from havoc.tools.reliability.life_data import Lives
from havoc.tools.reliability.life_fit import Fitted
from havoc.tools.reliability.location_scale import adjusted_ranks
from havoc.tools.reliability.observations import Observations

_MOST_STEPS = 500
_TOLERANCE = 1e-9


def plot_points(data: Observations) -> tuple[FloatArray, FloatArray]:
    """Times and estimated fractions failed, free of a distribution."""
    if bool((data.exact | data.right).all()):
        order = np.lexsort((data.right, data.lower))
        lives = Lives(time=data.lower[order], failed=~data.right[order], weight=data.weight[order])
        return adjusted_ranks(lives)
    return _turnbull(data)


def _turnbull(data: Observations) -> tuple[FloatArray, FloatArray]:
    """Self-consistent masses of the innermost intervals; the fraction at their right ends."""
    low = np.where(data.exact, np.nextafter(data.lower, -np.inf), data.lower)
    ends = sorted({*((x, 1) for x in low), *((x, 0) for x in data.upper)})
    # an innermost interval is a left end directly followed by a right end
    cells = [
        (one[0], two[0]) for one, two in itertools.pairwise(ends) if one[1] == 1 and two[1] == 0
    ]
    left = np.array([cell[0] for cell in cells])
    right = np.array([cell[1] for cell in cells])
    inside = (left[None, :] >= low[:, None]) & (right[None, :] <= data.upper[:, None])
    mass = np.full(len(cells), 1 / len(cells))
    for _ in range(_MOST_STEPS):
        shares = inside * mass
        total = shares.sum(axis=1, keepdims=True)
        new = (data.weight[:, None] * shares / total).sum(axis=0) / data.weight.sum()
        moved = float(np.max(np.abs(new - mass)))
        mass = new
        if moved < _TOLERANCE:
            break
    share = np.cumsum(mass)
    kept = np.isfinite(right) & (mass > 1e-12) & (share < 1 - 1e-9)
    return right[kept], share[kept]


def correlation(fitted: Fitted, time: FloatArray, share: FloatArray) -> float | None:
    """Correlation of the points on the axes in which the distribution is a straight line."""
    if time.size < 3 or np.ptp(time) == 0:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        if fitted.distribution == "gamma":
            # gamma has no straight axes: observed against fitted times
            x, y = time, fitted.quantile(share)
        else:
            x = np.log(time - fitted.threshold) if families.on_log(fitted.distribution) else time
            y = families.quantile(families.standard_of(fitted.distribution), share)
    sound = np.isfinite(x) & np.isfinite(y)
    if sound.sum() < 3 or np.ptp(x[sound]) == 0:
        return None
    return float(np.corrcoef(x[sound], y[sound])[0, 1])


def anderson_darling(fitted: Fitted, time: FloatArray, share: FloatArray, n: int) -> float | None:
    """n times the integral of (F_n - F)^2 / (F (1 - F)) over F, F_n a step function.

    The last step ends at F = 1 - 1e-12.
    """
    if time.size == 0:
        return None
    times, last = np.unique(time[::-1], return_index=True)
    steps = share[::-1][last]
    z = np.clip(fitted.share(times), 1e-300, 1 - 1e-12)
    z = np.append(z, 1 - 1e-12)
    before = np.concatenate([[0.0], z[:-1]])
    level = np.concatenate([[0.0], steps])
    total = -(z - before) - np.log1p(-z) + np.log1p(-before)
    total += 2 * level * (np.log1p(-z) - np.log1p(-before))
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(level > 0, np.log(z) - np.log(np.maximum(before, 1e-300)), 0.0)
    total += level**2 * (logs - np.log1p(-z) + np.log1p(-before))
    value = float(n * total.sum())
    return value if math.isfinite(value) else None
