"""Statistics of many resamples at once, and the influence of every value on them.

A sample is an array whose last axis runs over the values; any axes before it are
resamples. ``influence`` is the empirical influence function, which gives the
delta-method variance and, for long samples, the acceleration.

Source: A. C. Davison and D. V. Hinkley (1997), Bootstrap Methods and their
Application, 2.7 and 5.3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from havoc.tools.parameters import FloatArray

Samples = Sequence[FloatArray]


class Statistic(msgspec.Struct, frozen=True, kw_only=True):
    """``sorts``: needs the order of the values, so it is slower and has no simple variance."""

    label: str
    samples: int
    compute: Callable[[Samples], FloatArray]
    influence: Callable[[Samples, bool], list[FloatArray]]
    sorts: bool = False
    minimum: int = 3


def _mean(samples: Samples) -> FloatArray:
    return np.asarray(samples[0].mean(axis=-1))


def _mean_influence(samples: Samples, paired: bool) -> list[FloatArray]:
    return [_centred(samples[0])]


def _centred(sample: FloatArray) -> FloatArray:
    return np.asarray(sample - sample.mean(axis=-1, keepdims=True))


def _sd(samples: Samples) -> FloatArray:
    return np.asarray(samples[0].std(axis=-1, ddof=1))


def _sd_influence(samples: Samples, paired: bool) -> list[FloatArray]:
    square = _centred(samples[0]) ** 2
    return [_centred(square) / (2 * samples[0].std(axis=-1, ddof=1, keepdims=True))]


def quantile(probability: float, label: str) -> Statistic:
    """The quantile of Hyndman-Fan type 7, as R and Excel."""

    def compute(samples: Samples) -> FloatArray:
        return np.asarray(np.quantile(samples[0], probability, axis=-1))

    def influence(samples: Samples, paired: bool) -> list[FloatArray]:
        # Up to the density at the quantile, which the acceleration does not need.
        below = samples[0] <= np.quantile(samples[0], probability, axis=-1, keepdims=True)
        return [probability - below.astype(np.float64)]

    return Statistic(label=label, samples=1, compute=compute, influence=influence, sorts=True)


def cpk(lsl: float | None, usl: float | None) -> Statistic:
    """Distance to the nearer limit in three standard deviations (n - 1) of all values."""

    def sides(sample: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        mean, sd = sample.mean(axis=-1), sample.std(axis=-1, ddof=1)
        upper = np.full_like(mean, np.inf) if usl is None else (usl - mean) / (3 * sd)
        lower = np.full_like(mean, np.inf) if lsl is None else (mean - lsl) / (3 * sd)
        return np.asarray(lower), np.asarray(upper), np.asarray(sd)

    def compute(samples: Samples) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            lower, upper, _ = sides(samples[0])
        return np.minimum(lower, upper)

    def influence(samples: Samples, paired: bool) -> list[FloatArray]:
        with np.errstate(divide="ignore", invalid="ignore"):
            lower, upper, sd = (side[..., None] for side in sides(samples[0]))
            sign = np.where(lower < upper, 1.0, -1.0)
            z = _centred(samples[0]) / sd
            return [sign * z / 3 - np.minimum(lower, upper) * _centred(z**2) / 2]

    return Statistic(label="Cpk", samples=1, compute=compute, influence=influence)


def _difference_of_means(samples: Samples) -> FloatArray:
    return np.asarray(samples[0].mean(axis=-1) - samples[1].mean(axis=-1))


def _difference_influence(samples: Samples, paired: bool) -> list[FloatArray]:
    first, second = _centred(samples[0]), -_centred(samples[1])
    return [first + second] if paired else [first, second]


def _difference_of_medians(samples: Samples) -> FloatArray:
    return np.asarray(np.median(samples[0], axis=-1) - np.median(samples[1], axis=-1))


def _median_difference_influence(samples: Samples, paired: bool) -> list[FloatArray]:
    first, second = (
        0.5 - (sample <= np.median(sample, axis=-1, keepdims=True)).astype(np.float64)
        for sample in samples
    )
    return [first - second] if paired else [first, -second]


def _ratio(samples: Samples) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(samples[0].mean(axis=-1) / samples[1].mean(axis=-1))


def _ratio_influence(samples: Samples, paired: bool) -> list[FloatArray]:
    base = samples[1].mean(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = samples[0].mean(axis=-1, keepdims=True) / base
        first, second = _centred(samples[0]) / base, -ratio * _centred(samples[1]) / base
    return [first + second] if paired else [first, second]


def _correlation(samples: Samples) -> FloatArray:
    x, y = _centred(samples[0]), _centred(samples[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(
            (x * y).sum(axis=-1) / np.sqrt((x * x).sum(axis=-1) * (y * y).sum(axis=-1))
        )


def _correlation_influence(samples: Samples, paired: bool) -> list[FloatArray]:
    with np.errstate(divide="ignore", invalid="ignore"):
        x, y = (
            _centred(sample) / sample.std(axis=-1, keepdims=True)
            for sample in (samples[0], samples[1])
        )
        r = (x * y).mean(axis=-1, keepdims=True)
        return [x * y - r * (x**2 + y**2) / 2]


MEAN = Statistic(label="mean", samples=1, compute=_mean, influence=_mean_influence)
SD = Statistic(label="standard deviation", samples=1, compute=_sd, influence=_sd_influence)
DIFFERENCE_OF_MEANS = Statistic(
    label="difference of means",
    samples=2,
    compute=_difference_of_means,
    influence=_difference_influence,
)
DIFFERENCE_OF_MEDIANS = Statistic(
    label="difference of medians",
    samples=2,
    compute=_difference_of_medians,
    influence=_median_difference_influence,
    sorts=True,
)
RATIO_OF_MEANS = Statistic(
    label="ratio of means", samples=2, compute=_ratio, influence=_ratio_influence
)
CORRELATION = Statistic(
    label="correlation",
    samples=2,
    compute=_correlation,
    influence=_correlation_influence,
    minimum=4,
)


def delta_variance(statistic: Statistic, samples: Samples, paired: bool) -> FloatArray:
    """Sum over samples of sum l squared over n squared (Davison and Hinkley 2.36)."""
    total = np.zeros(samples[0].shape[:-1])
    for values in statistic.influence(samples, paired):
        total = total + (values**2).sum(axis=-1) / values.shape[-1] ** 2
    return np.asarray(total)


# Up to this size the acceleration comes from the jackknife, which lists n by n values.
JACKKNIFE_TO = 1500


def acceleration(statistic: Statistic, samples: Samples, paired: bool) -> float:
    """Skewness of the influence values over six (Davison and Hinkley 5.3, several samples)."""
    if max(sample.size for sample in samples) <= JACKKNIFE_TO:
        influences = _jackknife(statistic, samples, paired)
    else:
        influences = statistic.influence(samples, paired)
    cubes = sum(float((values**3).sum()) / values.size**3 for values in influences)
    squares = sum(float((values**2).sum()) / values.size**2 for values in influences)
    return cubes / (6 * squares**1.5) if squares > 0 else 0.0


def _jackknife(statistic: Statistic, samples: Samples, paired: bool) -> list[FloatArray]:
    """(n - 1) (mean of the leave-one-out values - each), for every sample."""
    result = []
    for position in range(1 if paired else len(samples)):
        n = samples[position].size
        kept = np.arange(n - 1)[None, :] + (np.arange(n - 1)[None, :] >= np.arange(n)[:, None])
        shortened = [
            sample[kept]
            if paired or other == position
            else np.broadcast_to(sample, (n, sample.size))
            for other, sample in enumerate(samples)
        ]
        values = statistic.compute(shortened)
        result.append((n - 1) * (values.mean() - values))
    return result
