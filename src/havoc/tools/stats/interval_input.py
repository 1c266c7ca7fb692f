"""A normal sample for an interval, given as values, as a summary, or as n alone."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray, Summary, as_sample

Data = Annotated[
    list[float] | Summary | None, Meta(description="measured values, or {n, mean, sd}")
]
Size = Annotated[
    Annotated[int, Meta(ge=1)] | None, Meta(description="sample size, instead of data")
]
Mean = Annotated[float | None, Meta(description="sample mean, instead of data")]
Sd = Annotated[
    Annotated[float, Meta(ge=0)] | None,
    Meta(description="sample standard deviation (n - 1), instead of data"),
]
Side = Annotated[
    Literal["two_sided", "lower", "upper"],
    Meta(description="an interval, or only a lower or upper bound"),
]


def normal_sample(
    data: list[float] | Summary | None, n: int | None, mean: float | None, sd: float | None
) -> tuple[int, float | None, float | None]:
    """Size, mean and standard deviation; the last two may be absent if only n is given."""
    if isinstance(data, list):
        sample = as_sample(data, "data", minimum=2)
        return sample.size, math.fsum(sample.tolist()) / sample.size, float(np.std(sample, ddof=1))
    if data is not None:
        n, mean, sd = data.n, data.mean, data.sd
    if n is None:
        raise InputError("no data given", where="data", remedy="give values, or n with mean and sd")
    if n < 2:
        raise InputError(f"n is {n}, at least 2 needed", where="n", remedy="add measurements")
    for value, label in ((mean, "mean"), (sd, "sd")):
        if value is not None and not math.isfinite(value):
            raise InputError(
                f"{label} must be a finite number", where=label, remedy="give a number"
            )
    return n, mean, sd


def values_of(data: list[float] | Summary | None) -> FloatArray | None:
    """The measured values, if they were given."""
    return np.asarray(data, dtype=np.float64) if isinstance(data, list) else None


def around(mean: float, half: float, side: str) -> tuple[float, float]:
    """mean ± half, or the one bound that was asked for."""
    low = -math.inf if side == "upper" else mean - half
    high = math.inf if side == "lower" else mean + half
    return low, high
