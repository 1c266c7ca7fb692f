"""Control chart constants for any subgroup size, integrated rather than copied.

For n normal values with standard deviation one, d2 and d3 are the mean and the
standard deviation of the range, c4 is the mean of the standard deviation. All
factors of the Shewhart charts follow from these three.

Source: ASTM STP 15D / Montgomery, Introduction to Statistical Quality Control,
appendix VI; range distribution: L. H. C. Tippett (1925), Biometrika 17, 364.
"""

from __future__ import annotations

import functools
import math
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta
from scipy import special

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.result import Narrative, Outcome, Recomputed

LARGEST_RANGE_SIZE = 1000

# Individuals charts divide the mean moving range by the tabulated 1.128, as
# published charts and other programs do, and not by 1.128379...
MOVING_RANGE_D2 = 1.128


@functools.cache
def range_moments(n: int) -> tuple[float, float]:
    """d2 and d3: mean and standard deviation of the range of ``n`` normal values."""
    if not 2 <= n <= LARGEST_RANGE_SIZE:
        raise InputError(
            f"ranges of {n} values are not used on a control chart",
            where="subgroup_size",
            remedy=f"use subgroups of 2 to {LARGEST_RANGE_SIZE}, or standard deviations (xbar_s)",
        )
    nodes, weights = np.polynomial.legendre.leggauss(300)
    x, x_weights = 9.0 * nodes, 9.0 * weights
    width = 9.0 * (nodes + 1.0)
    density = np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    between = special.ndtr(x[:, None] + width[None, :]) - special.ndtr(x)[:, None]
    below = (x_weights * n * density) @ between ** (n - 1)
    above = 1.0 - below
    mean = float(9.0 * weights @ above)
    second = float(9.0 * weights @ (2.0 * width * above))
    return mean, math.sqrt(second - mean * mean)


def d2(n: int) -> float:
    return range_moments(n)[0]


def d3(n: int) -> float:
    return range_moments(n)[1]


def c4(n: int) -> float:
    """Mean of the standard deviation (n - 1) of ``n`` normal values."""
    half = (n - 1) / 2
    return float(special.poch(half, 0.5) / math.sqrt(half))


def factors(n: int, n_sigma: float = 3.0) -> dict[str, float]:
    """All factors of the Shewhart charts for subgroups of ``n``."""
    mean_range, sd_range = range_moments(n)
    mean_sd = c4(n)
    sd_sd = math.sqrt(max(1 - mean_sd**2, 0.0))
    root = math.sqrt(n)
    return {
        "d2": mean_range,
        "d3": sd_range,
        "c4": mean_sd,
        "A": n_sigma / root,
        "A2": n_sigma / (mean_range * root),
        "A3": n_sigma / (mean_sd * root),
        "B3": max(1 - n_sigma * sd_sd / mean_sd, 0.0),
        "B4": 1 + n_sigma * sd_sd / mean_sd,
        "B5": max(mean_sd - n_sigma * sd_sd, 0.0),
        "B6": mean_sd + n_sigma * sd_sd,
        "D1": max(mean_range - n_sigma * sd_range, 0.0),
        "D2": mean_range + n_sigma * sd_range,
        "D3": max(1 - n_sigma * sd_range / mean_range, 0.0),
        "D4": 1 + n_sigma * sd_range / mean_range,
        "E2": n_sigma / mean_range,
        "E3": n_sigma / mean_sd,
    }


class ControlChartConstants(Outcome):
    """Factors for subgroups of ``subgroup_size`` and limits at ``n_sigma`` sigma."""

    subgroup_size: int
    n_sigma: float
    d2: float
    d3: float
    c4: float
    A: float
    A2: float
    A3: float
    B3: float
    B4: float
    B5: float
    B6: float
    D1: float
    D2: float
    D3: float
    D4: float
    E2: float
    E3: float


@tool(
    "control_chart_constants",
    title="Control chart constants",
    source="Montgomery, Introduction to Statistical Quality Control, appendix VI",
)
def control_chart_constants(
    subgroup_size: Annotated[
        int, Meta(ge=2, le=LARGEST_RANGE_SIZE, description="values in a subgroup")
    ],
    n_sigma: Annotated[
        float, Meta(gt=0, le=10, description="distance of the limits in standard deviations")
    ] = 3.0,
) -> ControlChartConstants:
    """Which factors (A2, D3, D4, d2, c4 ...) belong to a subgroup size?

    Use it to compute control limits by hand or to check a table. Assumes normal
    values. A2, D3, D4 multiply the mean range, A3, B3, B4 the mean standard
    deviation, E2 and E3 are for individual values.
    """
    return msgspec.convert(
        {
            "method": "moments of the range and standard deviation of normal values, integrated",
            "subgroup_size": subgroup_size,
            "n_sigma": n_sigma,
            **factors(subgroup_size, n_sigma),
        },
        ControlChartConstants,
    )


@control_chart_constants.narrates
def _narrate(result: ControlChartConstants) -> Narrative:
    shown = ["d2", "d3", "c4", "A2", "A3", "B3", "B4", "D3", "D4", "E2"]
    names = {
        "d2": "mean range over sigma (d-two)",
        "d3": "standard deviation of the range over sigma (d-three)",
        "c4": "mean standard deviation over sigma (c-four)",
        "A2": "mean chart from the mean range (A-two)",
        "A3": "mean chart from the mean standard deviation (A-three)",
        "B3": "lower limit of the S chart (B-three)",
        "B4": "upper limit of the S chart (B-four)",
        "D3": "lower limit of the R chart (D-three)",
        "D4": "upper limit of the R chart (D-four)",
        "E2": "individual values from the mean range (E-two)",
    }
    return Narrative(
        conclusion="For subgroups of {{subgroup_size}} the mean range is {{d2}} sigma (d-two) and "
        "the mean standard deviation {{c4}} sigma (c-four); the mean chart uses A-two = {{A2}}, "
        "the R chart D-three = {{D3}} and D-four = {{D4}}.",
        key_figures=[(names[name], f"{{{{{name}}}}}") for name in shown],
    )


@control_chart_constants.verifies
def _verify(result: ControlChartConstants, **_: object) -> list[Recomputed]:
    n = result.subgroup_size
    nodes, weights = np.polynomial.legendre.leggauss(400)
    x = 9.0 * nodes
    lower = special.ndtr(x)
    mean_range = float(9.0 * weights @ (1 - lower**n - special.ndtr(-x) ** n))
    mean_sd = math.sqrt(2 / (n - 1)) * math.exp(math.lgamma(n / 2) - math.lgamma((n - 1) / 2))
    return [
        Recomputed(
            name="d2",
            value=result.d2,
            recomputed=mean_range,
            route="integral of the distributions of the extremes",
        ),
        Recomputed(name="c4", value=result.c4, recomputed=mean_sd, route="gamma functions"),
    ]
