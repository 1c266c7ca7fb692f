"""Shewhart charts of measured values: Xbar-R, Xbar-S, individuals with moving range.

Sources: NIST/SEMATECH e-Handbook 6.3.2.1 and 6.3.2.2; Montgomery, Introduction to
Statistical Quality Control, 6.2 to 6.4 (unequal sizes: 6.3.2).
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.result import Check
from havoc.tools.spc import constants
from havoc.tools.spc.detectors import BoolArray, IntArray
from havoc.tools.spc.panels import Basis, ChartPanel, make_panel, scalar
from havoc.tools.spc.rules import limits_only
from havoc.tools.spc.subgroups import Subgroups, per_size, within_sigma


class Chart(msgspec.Struct, kw_only=True):
    """Panels of a chart, its figures by name of the result, and what was done.

    ``rate`` is the average of a count chart.
    """

    panels: list[ChartPanel]
    figures: dict[str, Any]
    method: str
    assumptions: list[Check] = []
    warnings: list[str] = []
    rate: float = 0.0


def xbar_chart(
    kind: str,
    groups: Subgroups | None,
    subgroup_size: int | None,
    basis: Basis,
    sigma_method: str,
    rules: list[str],
    rbar: float | None = None,
    sbar: float | None = None,
) -> Chart:
    """Xbar with R (``kind`` xbar_r) or S (xbar_s); limits only if ``groups`` is None."""
    if groups is None:
        if subgroup_size is None or basis.mean is None:
            raise InputError(
                "limits from summaries need the grand mean and the subgroup size",
                where="mean, subgroup_size",
                remedy="give mean, subgroup_size and rbar, sbar or sigma",
            )
        sizes = np.asarray([subgroup_size], dtype=np.int64)
        used = np.ones(1, dtype=np.bool_)
    else:
        sizes = groups.sizes
        used = basis.used(sizes.size, "subgroups")
        if groups.size == 1:
            raise InputError(
                "subgroups of 1 value have no range",
                where="subgroup_size",
                remedy="use an individuals chart (i_mr)",
            )
    sigma, how = _within(kind, groups, subgroup_size, basis, sigma_method, used, rbar, sbar)
    _require_positive(sigma)
    if basis.mean is not None:
        center = basis.mean
    else:
        assert groups is not None
        weight = sizes[used] / sizes[used].sum()
        origin = float(groups.means[0])
        center = origin + float(weight @ (groups.means[used] - origin))
    means = groups.means if groups is not None else np.empty(0)
    location = make_panel(
        "Xbar",
        "subgroup mean",
        means,
        center,
        sigma / np.sqrt(sizes),
        basis.n_sigma,
        count=sizes.size,
    )
    location.rules = rules
    spread = _spread_panel(kind, groups, sizes, sigma, basis.n_sigma)
    spread.rules = limits_only(rules)
    letter = "r" if kind == "xbar_r" else "s"
    figures: dict[str, Any] = {
        "center": center,
        "lcl": scalar(location.lcl),
        "ucl": scalar(location.ucl),
        "xbar_center": center,
        "xbarbar": center,
        "xbar_lcl": scalar(location.lcl),
        "xbar_ucl": scalar(location.ucl),
        f"{letter}_center": scalar(spread.center),
        f"{letter}_lcl": scalar(spread.lcl),
        f"{letter}_ucl": scalar(spread.ucl),
        "sigma_within": sigma,
    }
    if bool(np.all(sizes == sizes[0])):
        size = int(sizes[0])
        figures["subgroup_size"] = size
        figures[f"{letter}bar"] = float(spread.center[0])
        wanted = ("d2", "d3", "c4", "A2", "D3", "D4") if letter == "r" else ("c4", "A3", "B3", "B4")
        if size <= constants.LARGEST_RANGE_SIZE:
            table = constants.factors(size, basis.n_sigma)
            figures["constants"] = {name: table[name] for name in wanted}
    else:
        figures["subgroup_sizes"] = sizes.tolist()
    name = "Xbar-R" if letter == "r" else "Xbar-S"
    return Chart(
        panels=[location, spread],
        figures=figures,
        method=f"{name} chart, sigma {how}, limits at {basis.n_sigma:g} sigma",
    )


def _within(
    kind: str,
    groups: Subgroups | None,
    subgroup_size: int | None,
    basis: Basis,
    sigma_method: str,
    used: BoolArray,
    rbar: float | None,
    sbar: float | None,
) -> tuple[float, str]:
    """Sigma within subgroups: given, from a given mean range or s, or from the data."""
    size = subgroup_size if groups is None else groups.size
    if basis.sigma is not None:
        return basis.sigma, "given"
    if (rbar is not None or sbar is not None) and size is None:
        raise InputError(
            "rbar and sbar need one subgroup size",
            where="subgroup_size",
            remedy="give sigma, or subgroups of equal size",
        )
    if rbar is not None and size is not None:
        return rbar / constants.d2(size), "from the given mean range / d2"
    if sbar is not None and size is not None:
        return sbar / constants.c4(size), "from the given mean standard deviation / c4"
    if groups is None:
        raise InputError(
            "limits from summaries need the mean range, the mean standard deviation or sigma",
            where="rbar, sbar, sigma",
            remedy="give one of them",
        )
    chosen = sigma_method
    if chosen in ("auto", "mr"):
        chosen = "rbar" if kind == "xbar_r" else "sbar"
    spread = within_sigma(groups, chosen, used)
    return spread.sigma, f"from the {spread.method}"


def _spread_panel(
    kind: str,
    groups: Subgroups | None,
    sizes: IntArray,
    sigma: float,
    n_sigma: float,
) -> ChartPanel:
    """R or S panel; subgroups without a known spread are left out."""
    letter, axis = ("R", "range") if kind == "xbar_r" else ("S", "standard deviation")
    if groups is None:
        values, positions, shown = np.empty(0), None, sizes
    else:
        column = groups.ranges if kind == "xbar_r" else groups.sds
        known = np.isfinite(column)
        if not known.any():
            values, positions, shown = np.empty(0), None, sizes[:1]
        else:
            values, positions, shown = column[known], np.flatnonzero(known) + 1, sizes[known]
    if kind == "xbar_r":
        center = per_size(shown, constants.d2) * sigma
        spread = per_size(shown, constants.d3) * sigma
    else:
        mean = per_size(shown, constants.c4)
        center = mean * sigma
        spread = np.sqrt(1 - mean**2) * sigma
    return make_panel(
        letter,
        axis,
        values,
        center,
        spread,
        n_sigma,
        floor=0.0,
        positions=positions,
        count=shown.size,
    )


def individuals_chart(
    values: FloatArray | None,
    basis: Basis,
    rules: list[str],
    mr_bar: float | None = None,
) -> Chart:
    """Individuals and moving range; sigma is the mean moving range / 1.128."""
    if values is None and (basis.mean is None or (mr_bar is None and basis.sigma is None)):
        raise InputError(
            "limits from summaries need the mean and the mean moving range or sigma",
            where="mean, mr_bar",
            remedy="give mean and mr_bar, or data",
        )
    moving = np.abs(np.diff(values)) if values is not None else np.empty(0)
    used = basis.used(values.size) if values is not None else np.ones(1, dtype=np.bool_)
    if basis.sigma is not None:
        sigma, how = basis.sigma, "given"
    elif mr_bar is not None:
        sigma, how = mr_bar / constants.MOVING_RANGE_D2, "from the given mean moving range / 1.128"
    else:
        assert values is not None
        pairs = used[1:] & used[:-1]
        if not pairs.any():
            raise InputError(
                "no two neighbouring values are left, so there is no moving range",
                where="data",
                remedy="give at least two values in the order of production, or sigma",
            )
        sigma = float(moving[pairs].mean()) / constants.MOVING_RANGE_D2
        how = "from the mean moving range of two / 1.128"
    _require_positive(sigma)
    if basis.mean is not None:
        center = basis.mean
    else:
        assert values is not None
        origin = float(values[0])
        center = origin + float(np.mean(values[used] - origin))
    location = make_panel(
        "I",
        "individual value",
        values if values is not None else np.empty(0),
        center,
        sigma,
        basis.n_sigma,
    )
    location.rules = rules
    mean_range, sd_range = constants.range_moments(2)
    middle = sigma * constants.MOVING_RANGE_D2
    spread = make_panel(
        "MR",
        "moving range",
        moving,
        middle,
        middle * sd_range / mean_range,
        basis.n_sigma,
        floor=0.0,
        positions=np.arange(2, moving.size + 2),
    )
    spread.rules = limits_only(rules)
    table = constants.factors(2, basis.n_sigma)
    return Chart(
        panels=[location, spread],
        figures={
            "center": center,
            "lcl": float(location.lcl[0]),
            "ucl": float(location.ucl[0]),
            "mr_bar": middle,
            "mr_center": middle,
            "mr_lcl": float(spread.lcl[0]),
            "mr_ucl": float(spread.ucl[0]),
            "sigma_within": sigma,
            "constants": {
                "d2": constants.MOVING_RANGE_D2,
                "E2": basis.n_sigma / constants.MOVING_RANGE_D2,
                "D3": table["D3"],
                "D4": table["D4"],
            },
        },
        method=f"I-MR chart, sigma {how}, limits at {basis.n_sigma:g} sigma",
    )


def _require_positive(sigma: float) -> None:
    if sigma <= 0 or not np.isfinite(sigma):
        raise InputError(
            "the variation within subgroups is zero, so there are no limits",
            where="data",
            remedy="check the resolution of the measurement, or give sigma",
        )
