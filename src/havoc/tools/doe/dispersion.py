"""Dispersion effects: does a factor change the scatter rather than the mean?

Source: G. E. P. Box and R. D. Meyer (1986), Technometrics 28, 19 (dispersion effects from
fractional designs); Montgomery, Design and Analysis of Experiments, 8.4.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.tools.doe.effect_terms import Term, all_terms, column_of, term_name
from havoc.tools.parameters import FloatArray

FEWEST = 3
MAX_TERMS = 60


class DispersionEffect(msgspec.Struct, frozen=True, kw_only=True):
    """Scatter of the residuals at the low and the high level of a column;
    ``log_ratio`` = ln(sd_high^2 / sd_low^2), about zero where the scatter is the same."""

    term: str
    sd_low: float
    sd_high: float
    log_ratio: float


def dispersion_effects(
    coded: FloatArray, residuals: FloatArray, names: Sequence[str]
) -> list[DispersionEffect]:
    """Main effects and two-factor interactions on the scatter, largest first."""
    k = len(names)
    order = 2 if k + k * (k - 1) // 2 <= MAX_TERMS else 1
    found: list[DispersionEffect] = []
    seen: set[bytes] = set()
    for term in all_terms(k, min(order, k)):
        effect = _effect(term, coded, residuals, names, seen)
        if effect is not None:
            found.append(effect)
    return sorted(found, key=lambda item: -abs(item.log_ratio))


def _effect(
    term: Term, coded: FloatArray, residuals: FloatArray, names: Sequence[str], seen: set[bytes]
) -> DispersionEffect | None:
    column = column_of(term, coded)
    key = (column * (1 if column[np.flatnonzero(column)[0]] > 0 else -1)).tobytes()
    low, high = residuals[column < 0], residuals[column > 0]
    if key in seen or min(len(low), len(high)) < FEWEST:
        return None
    seen.add(key)
    spread = float(low.std(ddof=1)), float(high.std(ddof=1))
    if min(spread) <= 1e-9 * float(np.abs(residuals).max()):
        return None
    return DispersionEffect(
        term=term_name(term, names),
        sd_low=spread[0],
        sd_high=spread[1],
        log_ratio=2 * math.log(spread[1] / spread[0]),
    )


def dispersion_chart(effects: Sequence[DispersionEffect], response_name: str) -> ChartSpec:
    return ChartSpec(
        kind="dispersion",
        title=f"Dispersion effects on {response_name}: long bars change the scatter",
        panels=[
            Panel(
                x_scale="category",
                y_label="ln of the ratio of variances, high to low",
                series=[
                    Series(
                        name="log ratio",
                        kind="bars",
                        x=[effect.term for effect in effects[:30]],
                        y=[effect.log_ratio for effect in effects[:30]],
                    )
                ],
                limits=[Limit(label="same scatter", role="center", value=0.0)],
            )
        ],
    )
