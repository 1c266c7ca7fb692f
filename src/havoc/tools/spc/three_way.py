"""Three-way chart (I-MR-R/S, between and within): batches that differ by nature.

Where the subgroups themselves differ (batches, wafers, castings), limits of the means
from the variation within subgroups are far too narrow. The means are charted as
individual values with their moving range, and the variation within on an R or S chart.

Source: D. J. Wheeler (1995), Advanced Topics in Statistical Process Control (three-way
charts, batches).
"""

from __future__ import annotations

import itertools
import math

import msgspec

from havoc.errors import InputError
from havoc.tools.result import Recomputed
from havoc.tools.spc.chart_result import ControlChart
from havoc.tools.spc.panels import Basis
from havoc.tools.spc.subgroups import LARGEST_FOR_RANGE, Subgroups
from havoc.tools.spc.variables import Chart, individuals_chart, xbar_chart


def three_way_chart(
    groups: Subgroups | None, basis: Basis, rules: list[str], sigma_method: str
) -> Chart:
    """Individuals and moving range of the subgroup means, R or S within subgroups."""
    if groups is None:
        raise InputError(
            "a three-way chart needs the values of every subgroup",
            where="data or subgroups",
            remedy="give subgroups, or data with subgroup_size",
        )
    if groups.sizes.size < 2:
        raise InputError(
            "a three-way chart needs at least two subgroups",
            where="subgroups",
            remedy="give more subgroups",
        )
    size = groups.size
    kind = "xbar_r" if size is not None and size <= LARGEST_FOR_RANGE else "xbar_s"
    # A given sigma is that of the subgroup means; the variation within comes from the data.
    within_basis = msgspec.structs.replace(basis, sigma=None)
    within = xbar_chart(kind, groups, None, within_basis, sigma_method, rules)
    between = individuals_chart(groups.means, basis, rules)
    sigma_within = float(within.figures["sigma_within"])
    sigma_means = float(between.figures["sigma_within"])
    # Unequal subgroups: the mean of 1 / n says how much of the means' variance is within.
    inverse = float((1 / groups.sizes).mean())
    variance = sigma_means**2 - sigma_within**2 * inverse
    sigma_between = math.sqrt(max(variance, 0.0))
    figures = {
        **{name: value for name, value in within.figures.items() if name[:2] in ("r_", "s_")},
        **{
            name: value
            for name, value in within.figures.items()
            if name in ("rbar", "sbar", "subgroup_size", "subgroup_sizes")
        },
        **{
            name: value
            for name, value in between.figures.items()
            if name not in ("sigma_within", "constants")
        },
        "sigma_within": sigma_within,
        "sigma_means": sigma_means,
        "sigma_between": sigma_between,
        "sigma_between_within": math.hypot(sigma_between, sigma_within),
    }
    location, moving = between.panels
    location.name, location.axis = "I", "subgroup mean"
    moving.axis = "moving range of means"
    warnings = []
    if variance <= 0:
        warnings.append(
            "no variation between subgroups beyond that within; an Xbar chart says the same"
        )
    letter = "R" if kind == "xbar_r" else "S"
    return Chart(
        panels=[location, moving, within.panels[1]],
        figures=figures,
        method=f"three-way chart (I-MR-{letter}, between and within): means as individual values, "
        f"sigma of the means from their mean moving range / 1.128; within: {within.method}",
        warnings=warnings,
    )


def verify_three_way(result: ControlChart, rows: list[list[float]]) -> list[Recomputed]:
    """The limits of the means by exact sums, and the variances put together again."""
    means = [math.fsum(row) / len(row) for row in rows]
    center = math.fsum(means) / len(means)
    steps = math.fsum(abs(b - a) for a, b in itertools.pairwise(means)) / (len(means) - 1)
    assert isinstance(result.ucl, float)
    checks = [
        Recomputed(
            name="ucl",
            value=result.ucl,
            recomputed=center + result.n_sigma * steps / 1.128,
            route="individuals limits of the subgroup means, exact summation",
        )
    ]
    if result.sigma_between and result.sigma_means is not None and result.sigma_within is not None:
        inverse = math.fsum(1 / len(row) for row in rows) / len(rows)
        checks.append(
            Recomputed(
                name="sigma_means",
                value=result.sigma_means,
                recomputed=math.sqrt(result.sigma_between**2 + result.sigma_within**2 * inverse),
                route="variance between plus variance within / n",
            )
        )
    return checks
