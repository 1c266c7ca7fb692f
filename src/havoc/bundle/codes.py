"""Weights rounded to codes: int8 with a scale a row, ternary with a scale a matrix. No torch.

In a bundle such a matrix is ``X.weight`` as I8 [rows, inputs], or as U8 [rows, inputs/4] with
four ternary codes a byte (code + 1, the first in the lowest bits), and ``X.scale`` [rows].
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from havoc.errors import InputError
from havoc.model.config import HavocConfig

if TYPE_CHECKING:
    from havoc.bundle.bundle import Bundle

KINDS = ("int8", "ternary")
Codes = tuple[NDArray[np.int8], NDArray[np.float32]]
"""Codes [rows, inputs] and scales [rows]: weight = scale · code."""


def int8_codes(weight: NDArray[np.float32]) -> Codes:
    """Codes from -127 to 127, the largest weight of each row becoming 127.

    Rounding to nearest puts each weight within half a scale of its code.
    """
    largest = np.abs(weight).max(axis=1)
    # a row of (nearly) nothing must not be divided by zero
    scale = np.maximum(largest / np.float32(127), np.finfo(np.float32).tiny)
    return np.rint(weight / scale[:, None]).astype(np.int8), scale


def ternary_codes(weight: NDArray[np.float32], rows: Sequence[int] = ()) -> Codes:
    """Codes -1, 0 and 1 times the mean magnitude of the matrix (absmean).

    ``rows`` are those of the matrices that ``weight`` holds one below the other (none: one).
    Ma et al. (2024), arXiv 2402.17764, equations 1 to 3: a weight below half the scale is zero.
    """
    edges = np.cumsum(rows, dtype=np.int64)[:-1]
    scales = []
    for part in np.split(weight, edges):
        mean = float(np.abs(part).mean(dtype=np.float64))
        # a matrix of (nearly) nothing must not be divided by zero
        scales.append(np.full(len(part), max(mean, np.finfo(np.float32).tiny), np.float32))
    scale = np.concatenate(scales)
    return np.clip(np.rint(weight / scale[:, None]), -1, 1).astype(np.int8), scale


def matrix_rows(name: str, config: HavocConfig) -> tuple[int, ...]:
    """The rows of the matrices that a fused weight holds (none: it is one matrix)."""
    if name.endswith("qkv.weight"):
        return config.qkv_rows
    return (config.d_ff, config.d_ff) if name.endswith("gate_up.weight") else ()


def codes_of(name: str, weight: NDArray[np.float32], kind: str, config: HavocConfig) -> Codes:
    """The codes of a weight by its name; embedding and head are int8 in every kind."""
    if kind == "int8" or name in ("embedding.weight", "head.weight"):
        return int8_codes(weight)
    return ternary_codes(weight, matrix_rows(name, config))


def packed_ternary(codes: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Four codes a byte, [rows, inputs/4]."""
    groups = (codes + 1).astype(np.uint8).reshape(len(codes), -1, 4)
    packed: NDArray[np.uint8] = (groups << np.asarray([0, 2, 4, 6], np.uint8)).sum(
        axis=2, dtype=np.uint8
    )
    return packed


def unpacked_ternary(packed: NDArray[np.uint8]) -> NDArray[np.int8]:
    """The codes [rows, inputs] of packed bytes [rows, inputs/4]."""
    codes = (packed[:, :, None] >> np.asarray([0, 2, 4, 6], np.uint8)) & 3
    return codes.reshape(len(packed), -1).astype(np.int8) - np.int8(1)


def scale_name(name: str) -> str:
    """The name of the scales of a weight."""
    return name.removesuffix(".weight") + ".scale"


def quantise_bundle(bundle: Bundle, kind: str, out: str | os.PathLike[str]) -> Path:
    """Write ``bundle`` with its matrices as codes. InputError for a kind that is not there."""
    from havoc.bundle.bundle import weight_shapes, write_bundle

    if kind not in KINDS:
        raise InputError(f"is {kind!r}", where="kind", remedy=f"give one of {', '.join(KINDS)}")
    config = bundle.config
    tensors: dict[str, NDArray[Any]] = {}
    for name, shape in weight_shapes(config).items():
        weight = np.asarray(bundle.weights.read(name), np.float32)
        if len(shape) == 1:
            tensors[name] = weight
            continue
        codes, tensors[scale_name(name)] = codes_of(name, weight, kind, config)
        ternary = kind == "ternary" and name not in ("embedding.weight", "head.weight")
        if ternary and shape[1] % 4:
            raise InputError(
                f"{name} has rows of {shape[1]}, no multiple of 4",
                where=str(bundle.path),
                remedy="use int8",
            )
        tensors[name] = packed_ternary(codes) if ternary else codes
    card = {key: value for key, value in bundle.card.items() if key not in ("files", "version")}
    card["weights"] = {"kind": kind, "from": bundle.card["files"]}
    return write_bundle(out, config, tensors, bundle.tokenizer, card)
