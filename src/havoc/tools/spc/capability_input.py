"""Mean and standard deviations of the process under study, from values or a summary."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray, as_sample
from havoc.tools.spc import subgroups as grouping
from havoc.tools.spc.constants import MOVING_RANGE_D2
from havoc.tools.spc.subgroups import LARGEST_FOR_RANGE, Subgroups


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """Mean and the two standard deviations, and where they come from."""

    mean: float
    within: float
    overall: float
    n: int | None
    convention: str
    values: FloatArray | None = None
    groups: Subgroups | None = None
    one_sigma: bool = False


def from_data(
    data: list[float] | None,
    subgroup_size: int | None,
    subgroups: list[list[float]] | None,
    mean: float | None,
    standards: dict[str, float | None],
    sigma_method: str,
) -> Process:
    if mean is not None or standards["sd"] or standards["sigma_overall"]:
        raise InputError(
            "values and a summary are both given",
            where="data, mean, sd",
            remedy="give the values, or mean and standard deviation",
        )
    if data is not None and subgroups is not None:
        raise InputError(
            "give either data or subgroups", where="capability", remedy="give exactly one of them"
        )
    groups = None
    if subgroups is not None:
        groups = grouping.from_rows(subgroups)
    elif data is not None and (subgroup_size or 1) > 1:
        groups = grouping.from_values(data, subgroup_size or 1)
    given = groups.values.tolist() if groups is not None else data or []
    values = as_sample(given, "data", minimum=2, varying=True)
    if groups is not None and groups.size == 1:
        groups = None
    origin = float(values[0])
    shifted = values - origin
    known = standards["sigma"] or standards["sigma_within"]
    if known:
        within, how = known, "given"
    elif groups is None:
        if sigma_method not in ("auto", "mr"):
            raise InputError(
                f"{sigma_method} needs subgroups",
                where="sigma_method",
                remedy="give subgroup_size or subgroups, or use mr",
            )
        within = float(np.abs(np.diff(shifted)).mean()) / MOVING_RANGE_D2
        how = "mean moving range of two / 1.128"
    else:
        spread = grouping.within_sigma(
            groups, _within_method(groups, sigma_method), np.ones(groups.sizes.size, np.bool_)
        )
        within, how = spread.sigma, spread.method
    if within <= 0:
        raise InputError(
            "the variation within subgroups is zero, so Cp and Cpk do not exist",
            where="subgroups",
            remedy="check the resolution of the measurement",
        )
    return Process(
        mean=origin + float(shifted.mean()),
        within=within,
        overall=float(shifted.std(ddof=1)),
        n=values.size,
        convention=f"within sigma: {how}; overall sigma: standard deviation with n - 1",
        values=values,
        groups=groups,
    )


def _within_method(groups: Subgroups, sigma_method: str) -> str:
    if sigma_method == "mr":
        raise InputError(
            "moving ranges are for single values",
            where="sigma_method",
            remedy="use rbar, sbar or pooled, or give the values without subgroups",
        )
    if sigma_method != "auto":
        return sigma_method
    small = groups.size is not None and groups.size <= LARGEST_FOR_RANGE
    return "rbar" if small else "pooled"


def from_summary(mean: float | None, standards: dict[str, float | None], n: int | None) -> Process:
    if mean is None or not math.isfinite(mean):
        raise InputError(
            "neither values nor a mean are given",
            where="data, mean",
            remedy="give data, or mean and a standard deviation",
        )
    within = standards["sigma_within"] or standards["sigma"] or standards["sd"]
    overall = standards["sigma_overall"] or standards["sd"] or standards["sigma"]
    if within is None and overall is None:
        raise InputError(
            "the standard deviation is missing",
            where="sd",
            remedy="give sd, or sigma_within and sigma_overall",
        )
    one = within is None or overall is None or within == overall
    first = within if within is not None else overall
    second = overall if overall is not None else within
    assert first is not None and second is not None
    return Process(
        mean=mean,
        within=first,
        overall=second,
        n=n,
        convention="one standard deviation given, used as within and as overall sigma"
        if one
        else "within and overall sigma given",
        one_sigma=one,
    )
