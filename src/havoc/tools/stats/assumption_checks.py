"""What the data say about an assumption, in the same words for every test."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from scipy import stats

from havoc.tools.parameters import FloatArray
from havoc.tools.result import Check

LEVEL = 0.05


def equal_variances(groups: Sequence[FloatArray]) -> Check:
    """Levene's test about medians at the 5 % level."""
    usable = [group for group in groups if group.size > 1]
    if len(usable) < 2 or all(np.ptp(group) == 0 for group in usable):
        return Check(name="equal variances", status="unknown", detail="too few values to tell")
    if max(group.size for group in usable) < 3:
        return Check(name="equal variances", status="unknown", detail="two values a group at most")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        p_value = float(stats.levene(*usable, center="median").pvalue)
    if not np.isfinite(p_value):
        return Check(name="equal variances", status="unknown", detail="too few values to tell")
    return Check(
        name="equal variances",
        status="ok" if p_value >= LEVEL else "violated",
        detail=f"Levene (median) p = {p_value:.3g}",
    )


def normal_residuals(residuals: FloatArray, name: str = "normal residuals") -> Check:
    """Shapiro-Wilk at the 5 % level; in large samples the shape matters more than the test."""
    if residuals.size < 3 or np.ptp(residuals) == 0:
        return Check(name=name, status="unknown", detail="too few values to tell")
    if residuals.size > 5000:
        skewness = float(stats.skew(residuals))
        return Check(
            name=name,
            status="ok" if abs(skewness) < 1 else "violated",
            detail=f"{residuals.size} values, skewness {skewness:.2f}; means are near normal",
        )
    p_value = float(stats.shapiro(residuals).pvalue)
    return Check(
        name=name,
        status="ok" if p_value >= LEVEL else "violated",
        detail=f"Shapiro-Wilk p = {p_value:.3g}",
    )


INDEPENDENCE = Check(
    name="independent values",
    status="unknown",
    detail="cannot be seen from the values: were the runs in random order?",
)
