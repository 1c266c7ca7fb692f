"""Which ids may come, as words of 32 bits with the lowest first, and as ids."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from havoc.infer.constraints import Matcher


def bits_of(allowed: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Rows of flags [rows, vocabulary] as words."""
    wide = np.zeros((len(allowed), -(-allowed.shape[1] // 32) * 32), bool)
    wide[:, : allowed.shape[1]] = allowed
    return np.packbits(wide, axis=1, bitorder="little").view(np.int32)


def allowed_by(matcher: Matcher) -> NDArray[np.int64]:
    """The ids that may come next."""
    return np.flatnonzero(np.unpackbits(matcher.allowed().view(np.uint8), bitorder="little"))
