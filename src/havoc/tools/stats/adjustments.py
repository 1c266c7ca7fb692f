"""P-values adjusted for their number, as R's ``p.adjust``.

Sources: S. Holm (1979); Y. Hochberg (1988), Biometrika 75, 800; G. Hommel (1988),
Biometrika 75, 383, algorithm of S. P. Wright (1992); Z. Šidák (1967); Y. Benjamini and
Y. Hochberg (1995); Y. Benjamini and D. Yekutieli (2001).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from havoc.tools.parameters import FloatArray

METHODS = {
    "holm": "Holm",
    "hochberg": "Hochberg",
    "hommel": "Hommel",
    "bonferroni": "Bonferroni",
    "sidak": "Šidák",
    "holm_sidak": "Holm-Šidák",
    "benjamini_hochberg": "Benjamini-Hochberg (false discovery rate)",
    "benjamini_yekutieli": "Benjamini-Yekutieli (false discovery rate, any dependence)",
}
FALSE_DISCOVERY_RATE = frozenset({"benjamini_hochberg", "benjamini_yekutieli"})
# Hommel's procedure compares every p-value with every subset size.
MOST_FOR_HOMMEL = 5000


def adjusted(p_values: Sequence[float], method: str) -> list[float]:
    """Adjusted p-values in the order given; another ``method`` leaves them as they are."""
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    result = np.empty(p.size)
    result[order] = _of_ascending(p[order], method)
    return [float(value) for value in np.minimum(result, 1.0)]


def _of_ascending(p: FloatArray, method: str) -> FloatArray:
    count = p.size
    rank = np.arange(count) + 1
    if method == "bonferroni":
        return p * count
    if method == "sidak":
        return _sidak(p, np.full(count, float(count)))
    if method == "holm":
        return np.maximum.accumulate(p * (count - rank + 1))
    if method == "holm_sidak":
        return np.maximum.accumulate(_sidak(p, np.asarray(count - rank + 1.0)))
    if method == "hochberg":
        return _step_up(p * (count - rank + 1))
    if method == "hommel":
        return _hommel(p)
    if method == "benjamini_hochberg":
        return _step_up(p * count / rank)
    if method == "benjamini_yekutieli":
        return _step_up(p * count / rank * float((1 / rank).sum()))
    return p


def _sidak(p: FloatArray, count: FloatArray) -> FloatArray:
    return np.asarray(-np.expm1(count * np.log1p(-np.minimum(p, 1 - 1e-16))))


def _step_up(scaled: FloatArray) -> FloatArray:
    return np.asarray(np.minimum.accumulate(scaled[::-1])[::-1])


def _hommel(p: FloatArray) -> FloatArray:
    """Wright's algorithm: subsets of every size, from all down to two."""
    n = p.size
    rank = np.arange(1, n + 1)
    best = np.full(n, float((n * p / rank).min())) if n else p
    for size in range(n - 1, 1, -1):
        low, high = np.arange(n - size + 1), np.arange(n - size + 1, n)
        bound = float((size * p[high] / np.arange(2, size + 1)).min())
        step = np.empty(n)
        step[low] = np.minimum(size * p[low], bound)
        step[high] = step[n - size]
        best = np.maximum(best, step)
    return np.maximum(best, p)
