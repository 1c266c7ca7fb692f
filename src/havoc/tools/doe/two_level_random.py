"""Two-level effects with random blocks: effects confounded with blocks stay in the model."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import stats

from havoc.errors import InputError
from havoc.tools.doe.two_level_model import EffectRow, TwoLevelModel
from havoc.tools.doe.variance_components import contrast_interval, fit_mixed
from havoc.tools.parameters import FloatArray

RANDOM_BLOCKS = "random blocks by restricted maximum likelihood, Kenward-Roger tests"


class RandomBlocks(msgspec.Struct, frozen=True, kw_only=True):
    """Effects and curvature judged with blocks as a sample of all blocks."""

    rows: list[EffectRow]
    coefficients: FloatArray
    residual_sd: float
    block_sd: float
    curvature: dict[str, Any]


def random_blocks(
    model: TwoLevelModel,
    terms: list[str],
    columns: FloatArray,
    values: FloatArray,
    is_center: NDArray[np.bool_],
    block: list[str | float],
    alpha: float,
    where: str,
) -> RandomBlocks:
    """Restricted maximum likelihood for the terms of the model (``columns`` without the mean)."""
    labels = [str(label) for label in block]
    names = list(dict.fromkeys(labels))
    if len(names) < 2:
        raise InputError(
            "random blocks need at least two blocks",
            where=f"{where} block",
            remedy="give the block of every run",
        )
    groups = np.array([names.index(label) for label in labels], dtype=np.int64)
    matrix = np.column_stack([np.ones(len(values)), columns])
    curved = model.curvature
    if curved:
        matrix = np.column_stack([matrix, is_center.astype(np.float64)])
    if len(values) <= matrix.shape[1] + 1:
        raise InputError(
            "no error is left beside the effects and the blocks",
            where=f"{where} block",
            remedy="give a smaller model (model or terms), or replicate the runs",
        )
    fitted = fit_mixed(matrix, values, [groups], f"{where} block")
    rows = []
    for position, term in enumerate(terms, 1):
        contrast = np.eye(matrix.shape[1])[position]
        value, error, df, low, high = contrast_interval(fitted, contrast, "kenward_roger", alpha)
        p_value = float(2 * stats.t.sf(abs(value / error), df))
        rows.append(
            EffectRow(
                term=term,
                effect=2 * value,
                coefficient=value,
                significant=p_value < alpha,
                std_error=error,
                t=value / error,
                p_value=p_value,
                ci_low=2 * low,
                ci_high=2 * high,
            )
        )
    curvature: dict[str, Any] = {}
    if curved:
        contrast = np.eye(matrix.shape[1])[-1]
        value, error, df, _, _ = contrast_interval(fitted, contrast, "kenward_roger", alpha)
        p_value = float(2 * stats.t.sf(abs(value / error), df))
        curvature = {
            "curvature": value,
            "F_curvature": (value / error) ** 2,
            "p_curvature": p_value,
            "curvature_significant": p_value < alpha,
        }
    return RandomBlocks(
        rows=rows,
        coefficients=fitted.coefficients[: len(terms) + 1],
        residual_sd=math.sqrt(float(fitted.components[-1])),
        block_sd=math.sqrt(float(fitted.components[0])),
        curvature=curvature,
    )
