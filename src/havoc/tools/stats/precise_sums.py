"""Sums that survive a large offset: 1000000000000.4 carries one digit of variation.

Every sum of squares here is formed from deviations. Where the offset is large
against the spread, the deviations are taken in decimal arithmetic from the
values as they were written (the shortest decimal of each float), because the
binary rounding of 1000000000000.4 alone is a thousandth of its last digit.

Reference: NIST Statistical Reference Datasets, analysis of variance, SmLs07.
"""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray

# Offset over spread from which decimal arithmetic pays, and from which we warn.
DECIMAL_FROM = 1e3
WARN_FROM = 1e7
# More different values than this are measurements of full width: binary is as good.
MOST_DISTINCT = 200_000
# Beyond this a sum of squares leaves the range of a float.
LARGEST = 1e150


def mean(values: FloatArray) -> float:
    """Mean from an exactly rounded sum. Raises InputError where squares would overflow."""
    if values.size and float(np.abs(values).max()) > LARGEST:
        raise InputError(
            f"values beyond {LARGEST:g} cannot be squared",
            where="data",
            remedy="use a larger unit of measurement",
        )
    return math.fsum(values.tolist()) / values.size


def deviations(values: FloatArray) -> FloatArray:
    """``values`` minus a common constant near their mean, with no digit lost.

    The constant is the same for all values, so differences and sums of squares
    about a mean are unchanged; it is removed so that the deviations sum to zero.
    """
    center = mean(values)
    if 0 < np.ptp(values) < 1 / LARGEST:
        raise InputError(
            f"values that differ by less than {1 / LARGEST:g} cannot be squared",
            where="data",
            remedy="use a smaller unit of measurement",
        )
    shifted = _from_decimals(values) if offset_ratio(values) > DECIMAL_FROM else None
    if shifted is None:
        shifted = values - center
    return shifted - mean(shifted)


def _from_decimals(values: FloatArray) -> FloatArray | None:
    distinct, inverse = np.unique(values, return_inverse=True)
    if distinct.size > MOST_DISTINCT:
        return None
    origin = Decimal(repr(float(distinct[distinct.size // 2])))
    written = [float(Decimal(repr(value)) - origin) for value in distinct.tolist()]
    return np.asarray(written, dtype=np.float64)[inverse]


def sum_of_squares(values: FloatArray) -> float:
    """Sum of squares about the mean, from an exactly rounded sum."""
    centred = values - mean(values)
    return math.fsum((centred * centred).tolist())


def offset_ratio(values: FloatArray) -> float:
    """Largest magnitude over the range: how many times the variation is buried."""
    spread = float(np.ptp(values)) if values.size else 0.0
    return float(np.abs(values).max()) / spread if spread > 0 else 0.0


def precision_warnings(values: FloatArray) -> list[str]:
    """A warning if the values differ only in their last digits."""
    ratio = offset_ratio(values)
    if ratio < WARN_FROM:
        return []
    return [
        f"precision: the values differ only after {math.floor(math.log10(ratio))} leading digits; "
        "they were read as the decimals they are written as, but subtract the common offset "
        "before recording if you can"
    ]
