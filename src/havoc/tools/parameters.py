"""Types of tool parameters, with their bounds, and how samples are checked.

The annotations are the only place where a bound is written: JSON Schema, the
command line, the DSL and the docs read it from here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from havoc.errors import InputError

FloatArray = NDArray[np.float64]

ROUNDING = 1e-13
"""Values that differ by less than this share of their size differ by rounding."""

Sample = Annotated[list[float], Meta(description="measured values")]
Alpha = Annotated[float, Meta(gt=0, lt=1, description="significance level, between 0 and 1")]
Confidence = Annotated[float, Meta(gt=0, lt=1, description="confidence level, between 0 and 1")]
Alternative = Annotated[
    Literal["two_sided", "less", "greater"],
    Meta(description="direction of the alternative hypothesis"),
]
Unit = Annotated[str, Meta(description="unit of the measured values")]
Name = Annotated[str, Meta(description="name used in the answer")]
LowerLimit = Annotated[float | None, Meta(description="lower specification limit")]
UpperLimit = Annotated[float | None, Meta(description="upper specification limit")]
Positive = Annotated[float, Meta(gt=0)]
Count = Annotated[int, Meta(ge=0)]
Seed = Annotated[int, Meta(ge=0, description="seed of the random order; the same seed, same order")]


class Summary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sample given as size, mean and standard deviation (n - 1) instead of values."""

    n: Annotated[int, Meta(ge=1)]
    mean: float
    sd: Annotated[float, Meta(ge=0)]


SampleOrSummary = Annotated[
    list[float] | Summary, Meta(description="measured values, or {n, mean, sd}")
]
Groups = Annotated[dict[str, list[float]], Meta(description="measured values of each named group")]


def as_sample(
    values: Sequence[float],
    where: str,
    *,
    minimum: int = 1,
    varying: bool = False,
) -> FloatArray:
    """``values`` as float64, checked.

    Raises InputError if a value is not finite, if there are fewer than
    ``minimum`` values, or, with ``varying``, if all are equal.
    """
    sample = np.asarray(values, dtype=np.float64)
    finite = np.isfinite(sample)
    if not finite.all():
        position = int(np.flatnonzero(~finite)[0]) + 1
        raise InputError(
            f"value {position} is not a finite number",
            where=where,
            remedy="remove it or enter the measured value",
        )
    if sample.size < minimum:
        raise InputError(
            f"{_counted(sample.size)} given, at least {minimum} needed",
            where=where,
            remedy="add measurements",
        )
    if varying and sample.size and alike(sample):
        raise InputError(
            f"all {sample.size} values equal {sample[0]:g}, so there is no variation to analyse"
            if np.ptp(sample) == 0
            else f"the {sample.size} values differ only where double precision rounds, so there "
            "is no variation to analyse",
            where=where,
            remedy="check the resolution of the measurement",
        )
    return sample


def alike(sample: FloatArray) -> bool:
    """Whether the values are equal, or equal but for the last digits of double precision."""
    return bool(np.ptp(sample) <= ROUNDING * np.abs(sample).max())


def _counted(count: int) -> str:
    return f"{count} value" if count == 1 else f"{count} values"


def same_length(first: Sequence[float], second: Sequence[float], where: str) -> None:
    """Raise InputError unless both have the same number of values."""
    if len(first) != len(second):
        raise InputError(
            f"{len(first)} and {len(second)} values, but every value needs its partner",
            where=where,
            remedy="give both columns the same number of values",
        )


def as_summary(values: Sequence[float] | Summary, where: str) -> Summary:
    """Size, mean and standard deviation (n - 1) of a sample, or the summary as given."""
    if isinstance(values, Summary):
        if not (math.isfinite(values.mean) and math.isfinite(values.sd)):
            raise InputError(
                "mean and sd must be finite numbers",
                where=where,
                remedy="give mean and sd as numbers",
            )
        return values
    sample = as_sample(values, where, minimum=2)
    return Summary(n=sample.size, mean=float(sample.mean()), sd=float(sample.std(ddof=1)))
