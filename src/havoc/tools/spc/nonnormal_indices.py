"""Capability indices of values that are not normal, by quantiles of their model."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from havoc.tools.spc.capability_indices import Specification
from havoc.tools.spc.fitted_models import Model

LOW, HIGH = 0.00135, 0.99865


class Indices(msgspec.Struct, frozen=True, kw_only=True):
    Pp: float | None
    Ppl: float | None
    Ppu: float | None
    percentiles: bool

    @property
    def Ppk(self) -> float | None:
        sides = [side for side in (self.Ppl, self.Ppu) if side is not None]
        return min(sides) if sides else None


def from_percentiles(low: float, median: float, high: float, spec: Specification) -> Indices:
    lower = upper = both = None
    if spec.low is not None and -math.inf < low < median:
        lower = (median - spec.low) / (median - low)
    if spec.high is not None and median < high < math.inf:
        upper = (spec.high - median) / (high - median)
    if spec.low is not None and spec.high is not None and 0 < high - low < math.inf:
        both = (spec.high - spec.low) / (high - low)
    return Indices(Pp=both, Ppl=lower, Ppu=upper, percentiles=True)


def indices_of(model: Model, spec: Specification) -> Indices:
    """On the transformed scale where both limits exist there, otherwise from percentiles."""
    low, median, high = (float(x) for x in model.quantile(np.asarray([LOW, 0.5, HIGH])))
    by_percentiles = from_percentiles(low, median, high, spec)
    if model.forward is None:
        return by_percentiles
    limits = [
        None if limit is None else float(model.forward(np.asarray(limit)))
        for limit in (spec.low, spec.high)
    ]
    inside = all(limit is None or model.low < limit < model.high for limit in (spec.low, spec.high))
    if not inside or any(limit is not None and not math.isfinite(limit) for limit in limits):
        return by_percentiles
    lower = None if limits[0] is None else (model.mean - limits[0]) / (3 * model.sd)
    upper = None if limits[1] is None else (limits[1] - model.mean) / (3 * model.sd)
    both = None
    if limits[0] is not None and limits[1] is not None:
        both = (limits[1] - limits[0]) / (6 * model.sd)
    return Indices(Pp=both, Ppl=lower, Ppu=upper, percentiles=False)


def tails(model: Model, spec: Specification) -> tuple[float, float]:
    """Logarithms of the expected fractions below and above."""
    below = above = -math.inf
    if spec.low is not None and spec.low > model.low:
        below = 0.0 if spec.low >= model.high else float(model.log_cdf(np.asarray(spec.low)))
    if spec.high is not None and spec.high < model.high:
        above = 0.0 if spec.high <= model.low else float(model.log_sf(np.asarray(spec.high)))
    return below, above
