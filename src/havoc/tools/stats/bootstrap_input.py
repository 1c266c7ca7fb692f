"""What a bootstrap interval is given: samples, their statistic, the number of resamples."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray, as_sample, same_length
from havoc.tools.stats import bootstrap_statistics
from havoc.tools.stats.bootstrap_statistics import Statistic

USUAL_RESAMPLES = 9999
FEWEST_RESAMPLES = 199
# Values drawn in all resamples together; sorting each resample costs about five times as much.
MOST_DRAWN = 200_000_000
MOST_SORTED = 40_000_000


StatisticName = Literal[
    "mean",
    "median",
    "sd",
    "quantile",
    "cpk",
    "difference_of_means",
    "difference_of_medians",
    "ratio_of_means",
    "correlation",
]


def samples_of(
    data: list[float] | None,
    group1: list[float] | None,
    group2: list[float] | None,
    x: list[float] | None,
    y: list[float] | None,
    statistic: StatisticName | None,
    paired: bool,
) -> tuple[list[FloatArray], StatisticName]:
    """The samples as given, and the statistic that they allow."""
    two = group1 is not None and group2 is not None
    columns = x is not None and y is not None
    if (data is not None) + two + columns != 1:
        raise InputError(
            "give data, or group1 and group2, or x and y",
            where="bootstrap_interval",
            remedy="one of the three forms",
        )
    one_sample = ("mean", "median", "sd", "quantile", "cpk")
    if data is not None:
        kind: StatisticName = statistic or "mean"
        if kind not in one_sample:
            raise InputError(
                f"{kind} needs two samples", where="statistic", remedy="give group1 and group2"
            )
        return [as_sample(data, "data", minimum=3, varying=True)], kind
    given = {"x": x, "y": y} if columns else {"group1": group1, "group2": group2}
    samples = [as_sample(values or [], where, minimum=3) for where, values in given.items()]
    kind = statistic or ("correlation" if columns else "difference_of_means")
    if kind in one_sample:
        raise InputError(
            f"{kind} needs one sample",
            where="statistic",
            remedy="give data, or ask for a difference, ratio or correlation",
        )
    if kind == "correlation" or paired:
        same_length(samples[0].tolist(), samples[1].tolist(), ", ".join(given))
    if all(np.ptp(sample) == 0 for sample in samples):
        raise InputError(
            "both samples are constant, so there is no variation to resample",
            where=", ".join(given),
            remedy="check the resolution of the measurement",
        )
    return samples, kind


def statistic_of(
    kind: StatisticName, probability: float | None, lsl: float | None, usl: float | None
) -> Statistic:
    if kind == "median":
        return bootstrap_statistics.quantile(0.5, "median")
    if kind == "quantile":
        if probability is None:
            raise InputError(
                "no quantile given", where="probability", remedy="give it between 0 and 1"
            )
        return bootstrap_statistics.quantile(probability, "quantile")
    if kind == "cpk":
        if lsl is None and usl is None:
            raise InputError("no specification limit given", where="lsl, usl", remedy="give one")
        if lsl is not None and usl is not None and lsl >= usl:
            raise InputError(
                f"the lower limit {lsl:g} is not below the upper {usl:g}",
                where="lsl, usl",
                remedy="swap them",
            )
        return bootstrap_statistics.cpk(lsl, usl)
    return {
        "mean": bootstrap_statistics.MEAN,
        "sd": bootstrap_statistics.SD,
        "difference_of_means": bootstrap_statistics.DIFFERENCE_OF_MEANS,
        "difference_of_medians": bootstrap_statistics.DIFFERENCE_OF_MEDIANS,
        "ratio_of_means": bootstrap_statistics.RATIO_OF_MEANS,
        "correlation": bootstrap_statistics.CORRELATION,
    }[kind]


def check_enough(samples: list[FloatArray], statistic: Statistic, kind: str) -> None:
    if min(sample.size for sample in samples) < statistic.minimum:
        raise InputError(
            f"{min(sample.size for sample in samples)} values, at least {statistic.minimum} needed",
            where="bootstrap_interval",
            remedy="add measurements",
        )
    if kind == "correlation" and any(np.ptp(sample) == 0 for sample in samples):
        raise InputError(
            "a constant column has no correlation",
            where="x, y",
            remedy="check the resolution of the measurement",
        )
    if kind == "ratio_of_means" and (samples[1] <= 0).any() and (samples[1] >= 0).any():
        mean, error = samples[1].mean(), samples[1].std(ddof=1) / math.sqrt(samples[1].size)
        if abs(mean) < 3 * error:
            raise InputError(
                "the mean of the second group is not clearly different from zero, so a ratio to "
                "it has no interval",
                where="group2",
                remedy="ask for the difference of means",
            )


def resamples_of(
    samples: list[FloatArray], statistic: Statistic, wanted: int | None, confidence: float
) -> int:
    size = sum(sample.size for sample in samples)
    most = (MOST_SORTED if statistic.sorts else MOST_DRAWN) // size
    if most < FEWEST_RESAMPLES:
        raise InputError(
            f"{size} values are too many to resample",
            where="bootstrap_interval",
            remedy="use confidence_interval: with so many values its formulas hold",
        )
    if wanted is not None and wanted > most:
        raise InputError(
            f"{wanted} resamples of {size} values are too many",
            where="resamples",
            remedy=f"ask for at most {most}",
        )
    count = wanted if wanted is not None else min(USUAL_RESAMPLES, most)
    if (count + 1) * (1 - confidence) / 2 < 1 - 1e-9:
        raise InputError(
            f"{count} resamples cannot give a {confidence:.4%} interval",
            where="resamples",
            remedy=f"ask for at least {math.ceil(2 / (1 - confidence)) - 1}",
        )
    return count
