"""Laney charts: p' and u', whose limits follow the variation between samples.

With very large samples the binomial or Poisson limits are so narrow that ordinary
changes between days fall outside. The counts are standardised, and the moving range
of the standardised counts says how many times wider the limits must be (sigma Z).

Source: D. B. Laney (2002), Improved control charts for attributes, Quality
Engineering 14 (4), 531-537.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.result import Recomputed
from havoc.tools.spc.attributes import counts_chart
from havoc.tools.spc.chart_result import ControlChart
from havoc.tools.spc.constants import MOVING_RANGE_D2
from havoc.tools.spc.panels import Basis, make_panel, scalar
from havoc.tools.spc.variables import Chart

ORDINARY = {"laney_p": "p", "laney_u": "u"}


def laney_chart(
    kind: str,
    counts: FloatArray | None,
    sizes: FloatArray | None,
    standard: float | None,
    basis: Basis,
    rules: list[str],
) -> Chart:
    """p' chart (``kind`` laney_p) or u' chart (laney_u)."""
    if counts is None:
        raise InputError(
            "a Laney chart needs the counts, since its limits follow their variation",
            where="defectives or defects",
            remedy="give the counts and the sample sizes",
        )
    ordinary = ORDINARY[kind]
    plain = counts_chart(ordinary, counts, sizes, standard, basis, rules)
    panel = plain.panels[0]
    z = (panel.values - panel.center) / panel.sigma
    used = basis.used(counts.size, "samples")
    steps = np.abs(np.diff(z))[used[1:] & used[:-1]]
    if steps.size == 0:
        raise InputError(
            "no two neighbouring samples are left, so sigma Z is unknown",
            where="data",
            remedy="give at least two samples in the order of time",
        )
    sigma_z = float(steps.mean()) / MOVING_RANGE_D2
    if sigma_z <= 0:
        raise InputError(
            "all standardised counts are equal, so sigma Z is zero and there are no limits",
            where="data",
            remedy="check the counts and the sample sizes",
        )
    widened = make_panel(
        f"{ordinary}'",
        panel.axis,
        panel.values,
        panel.center,
        panel.sigma * sigma_z,
        basis.n_sigma,
        floor=0.0,
        ceiling=1.0 if ordinary == "p" else np.inf,
    )
    widened.rules = rules
    beyond = (panel.values > panel.ucl) | (panel.values < panel.lcl)
    return Chart(
        panels=[widened],
        figures=plain.figures
        | {
            "lcl": scalar(widened.lcl),
            "ucl": scalar(widened.ucl),
            "sigma_z": sigma_z,
            "ordinary_out_of_limits_count": int(beyond.sum()),
        },
        rate=plain.rate,
        method=f"Laney {ordinary}' chart, {'binomial' if ordinary == 'p' else 'Poisson'} sigma "
        f"times sigma Z (mean moving range of the standardised counts / 1.128), around the "
        f"{'given' if standard is not None else 'pooled'} average, limits at "
        f"{basis.n_sigma:g} sigma, kept at or above zero",
        warnings=plain.warnings,
    )


def verify_laney(
    result: ControlChart, counts: list[float], sample_size: float | list[float] | None
) -> list[Recomputed]:
    """Sigma Z and the last upper limit from the counts themselves, value by value."""
    sizes = sample_size if isinstance(sample_size, list) else [sample_size or 1.0]
    sizes = sizes * len(counts) if len(sizes) == 1 else sizes
    rate = math.fsum(counts) / math.fsum(sizes)
    unit = math.sqrt(rate * (1 - rate) if result.kind == "laney_p" else rate)
    z = [(x - n * rate) / (unit * math.sqrt(n)) for x, n in zip(counts, sizes, strict=True)]
    sigma_z = math.fsum(abs(b - a) for a, b in itertools.pairwise(z)) / (len(z) - 1) / 1.128
    upper = rate + result.n_sigma * sigma_z * unit / math.sqrt(sizes[-1])
    if result.kind == "laney_p":
        upper = min(upper, 1.0)
    last = result.ucl[-1] if isinstance(result.ucl, list) else result.ucl
    assert result.sigma_z is not None and last is not None
    return [
        Recomputed(
            name="sigma_z",
            value=result.sigma_z,
            recomputed=sigma_z,
            route="standardised counts instead of rates, exact summation",
        ),
        Recomputed(name="last ucl", value=last, recomputed=upper, route="textbook formula"),
    ]
