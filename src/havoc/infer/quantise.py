"""Weights rounded to codes: int8 with a scale a row, ternary with a scale a matrix. No torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Codes = tuple[NDArray[np.int8], NDArray[np.float32]]
"""Codes [rows, inputs] and scales [rows]: weight = scale · code."""


def int8_codes(weight: NDArray[np.float32]) -> Codes:
    """Codes from -127 to 127, the largest weight of each row becoming 127.

    Rounding to nearest puts each weight within half a scale of its code.
    """
    largest = np.abs(weight).max(axis=1)
    scale = (np.where(largest > 0, largest, 1.0) / 127.0).astype(np.float32)
    return np.rint(weight / scale[:, None]).astype(np.int8), scale


def ternary_codes(weight: NDArray[np.float32]) -> Codes:
    """Codes -1, 0 and 1 times the mean magnitude of the matrix (absmean).

    Ma et al. (2024), arXiv 2402.17764, equations 1 to 3: a weight below half the scale is zero.
    """
    mean = float(np.abs(weight).mean(dtype=np.float64)) or 1.0
    codes = np.clip(np.rint(weight / np.float32(mean)), -1, 1).astype(np.int8)
    return codes, np.full(weight.shape[0], mean, np.float32)
