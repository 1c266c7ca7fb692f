"""Lenth's pseudo standard error: which effects of an unreplicated design stand out.

Source: R. V. Lenth, Quick and Easy Analysis of Unreplicated Factorials,
Technometrics 31 (1989) 469-473.
"""

from __future__ import annotations

import msgspec
import numpy as np
from scipy import stats

from havoc.tools.parameters import FloatArray


class Lenth(msgspec.Struct, frozen=True, kw_only=True):
    """``margin`` is the individual limit (ME), ``simultaneous_margin`` that for all (SME)."""

    pse: float
    df: float
    margin: float
    simultaneous_margin: float


def lenth(effects: FloatArray, alpha: float) -> Lenth:
    """Pseudo standard error of the effects and the limits at level ``alpha``."""
    size = np.abs(effects)
    start = 1.5 * float(np.median(size))
    inner = size[size < 2.5 * start]
    pse = 1.5 * float(np.median(inner)) if inner.size else start
    df = len(effects) / 3
    gamma = (1 + (1 - alpha) ** (1 / len(effects))) / 2
    return Lenth(
        pse=pse,
        df=df,
        margin=float(stats.t.ppf(1 - alpha / 2, df)) * pse,
        simultaneous_margin=float(stats.t.ppf(gamma, df)) * pse,
    )
