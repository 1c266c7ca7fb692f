"""Columns and geometry of the full second-order polynomial in coded units."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from havoc.tools.parameters import FloatArray


def second_order_columns(coded: FloatArray) -> FloatArray:
    """Intercept, linear, two-factor interactions, pure quadratics, in this order."""
    k = coded.shape[1]
    columns = [np.ones(len(coded)), *coded.T]
    columns += [coded[:, i] * coded[:, j] for i, j in itertools.combinations(range(k), 2)]
    columns += [column**2 for column in coded.T]
    return np.column_stack(columns)


def second_order_terms(names: Sequence[str]) -> list[str]:
    """Names of the columns after the intercept: ``A``, ``A:B``, ``A^2``."""
    pairs = [f"{a}:{b}" for a, b in itertools.combinations(names, 2)]
    return [*names, *pairs, *(f"{name}^2" for name in names)]
