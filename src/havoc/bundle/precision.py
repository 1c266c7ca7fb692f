"""Weights in another precision, with values that do not fit refused."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from havoc.errors import InputError

NAMES = {"fp32": "F32", "fp16": "F16", "bf16": "BF16"}
"""Precisions by the name that a user gives, with the name of safetensors."""


def converted(array: NDArray[Any], precision: str, where: str) -> NDArray[Any]:
    """``array`` in a precision of ``NAMES``; bfloat16 as its bits, uint16.

    Rounded to nearest, ties to even. Raises InputError, with ``where``, if a value is too
    large for fp16.
    """
    if precision == "fp32":
        return np.asarray(array, np.float32)
    if precision == "bf16":
        return _bfloat16_bits(np.asarray(array, np.float32))
    with np.errstate(over="ignore"):
        half = np.asarray(array, np.float16)
    if np.isinf(half).any() and not np.isinf(array).any():
        raise InputError(
            "holds a value beyond 65504, the largest of fp16",
            where=where,
            remedy="export as fp32 or bf16",
        )
    return half


def _bfloat16_bits(array: NDArray[np.float32]) -> NDArray[np.uint16]:
    bits = np.ascontiguousarray(array).view(np.uint32)
    rounded = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    # a NaN could be rounded to infinity: it keeps its sign and becomes the quiet one
    quiet = (bits & np.uint32(0x8000_0000)) | np.uint32(0x7FC0_0000)
    chosen = np.where(np.isnan(array), quiet, rounded)
    return (chosen >> np.uint32(16)).astype(np.uint16)
