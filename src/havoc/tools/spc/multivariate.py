"""Charts of several characteristics at once: Hotelling T², generalized variance, MEWMA.

Sources: Montgomery, Introduction to Statistical Quality Control, 11.3 to 11.6; C. A. Lowry et al.
(1992), Technometrics 34, 46 (MEWMA); limits and covariances in ``multivariate_estimate``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.spc.detectors import BoolArray
from havoc.tools.spc.multivariate_estimate import Estimate, distances, estimate
from havoc.tools.spc.multivariate_input import (
    Characteristics,
    CovarianceMethod,
    Joint,
    Standards,
    as_characteristics,
    as_standards,
    covariance_factor,
)
from havoc.tools.spc.multivariate_run_length import mewma_limit
from havoc.tools.spc.multivariate_signals import decompose
from havoc.tools.spc.panels import Basis, ChartPanel, scalar
from havoc.tools.spc.variables import Chart
from havoc.tools.spc.weighted import smooth


def multivariate_chart(
    kind: str,
    joint: Joint,
    basis: Basis,
    size: int,
    *,
    weight: float,
    limit: float | None,
    steady: bool,
) -> Chart:
    """The chart of ``kind`` over the columns; ``weight`` and the others are of a MEWMA."""
    given = as_characteristics(joint.columns, size)
    standards, names = as_standards(
        joint.mean_vector, joint.covariance, joint.samples, given.names if given else None
    )
    if kind == "generalized_variance":
        return generalized_variance_chart(given, standards, basis, size, names)
    if kind == "t2":
        alpha = float(special.ndtr(-basis.n_sigma)) if joint.alpha is None else joint.alpha
        return t2_chart(given, standards, basis, size, joint.method, alpha, names)
    if given is None:
        raise InputError("no values given", where="columns", remedy="give columns")
    return mewma_chart(
        given, standards, basis, size, joint.method, weight, limit, joint.arl0, steady, names
    )


def t2_chart(
    given: Characteristics | None,
    standards: Standards,
    basis: Basis,
    size: int,
    method: CovarianceMethod,
    alpha: float,
    names: list[str],
) -> Chart:
    """Hotelling T²; each point has the limit of its phase."""
    known, used = estimate(given, standards, basis, size, method)
    factor = covariance_factor(known.covariance, names)
    later = known.limit(alpha, own=False)
    figures: dict[str, Any] = {
        "variables": names,
        "alpha": alpha,
        "mean_vector": known.mean.tolist(),
        "covariance": known.covariance.tolist(),
        "ucl_phase2": later,
        "subgroup_size": size if size > 1 else None,
    }
    earlier = later
    if standards.samples or not standards.given:
        earlier = known.limit(alpha, own=True)
        figures["ucl_phase1"] = earlier
    if given is None:
        figures |= {"center": known.limit(0.5, own=False), "lcl": 0.0, "ucl": later}
        return Chart(panels=[_panel("T²", np.empty(0), 0.0, later)], figures=figures,
                     method=_t2_method(known, standards, method, alpha, used))  # fmt: skip
    deviations = given.means(size) - known.mean
    statistic = size * distances(deviations, factor)
    ucl = np.where(used, earlier, later)
    center = known.limit(0.5, own=bool(used.all()))
    panel = _panel("T²", statistic, center, ucl)
    figures |= {
        "center": center,
        "lcl": 0.0,
        "ucl": scalar(panel.ucl),
        "t2": statistic.tolist(),
        "signals": decompose(names, deviations, known, factor, statistic, ucl, used,
                             np.full(statistic.size, float(size))),
    }  # fmt: skip
    return Chart(
        panels=[panel],
        figures=figures,
        method=_t2_method(known, standards, method, alpha, used),
        warnings=_small_sample(known, int(used.sum())),
    )


def _t2_method(
    known: Estimate,
    standards: Standards,
    method: str,
    alpha: float,
    used: BoolArray,
) -> str:
    if math.isinf(known.df):
        law = "chi-square limit (parameters known)"
    elif standards.given or not used.all():
        law = "beta limit for points of phase I, F limit for new ones"
        if known.size > 1:
            law = "F limits of phase I for points that set them, of phase II for new ones"
        if standards.given:
            law = "F limit of phase II"
    elif known.size > 1:
        law = "F limit of phase I"
    elif method == "sample":
        law = "beta limit of phase I"
    else:
        law = "chi-square limit of phase I (Williams, Woodall, Birch and Sullivan)"
    return f"Hotelling T² chart, {known.source}, {law}, alpha {alpha:.6g} a point"


def _small_sample(known: Estimate, used: int) -> list[str]:
    wanted = 10 * known.count
    if math.isinf(known.df) or not used or used * known.size >= wanted:
        return []
    return [
        f"{used * known.size} observations set a covariance matrix of {known.count} "
        f"characteristics; {wanted} or more are usual"
    ]


def generalized_variance_chart(
    given: Characteristics | None,
    standards: Standards,
    basis: Basis,
    size: int,
    names: list[str],
) -> Chart:
    """Determinants of the subgroups' covariance matrices (Montgomery 11.35)."""
    p = len(names)
    if size <= p:
        raise InputError(
            f"subgroups of {size} cannot show the joint variation of {p} characteristics",
            where="subgroup_size",
            remedy=f"use subgroups of at least {p + 1}, or a T² chart of single observations",
        )
    used = np.zeros(0, dtype=np.bool_)
    values = np.empty(0)
    within = np.empty((0, p, p))
    if given is not None:
        within = given.within(size)
        values = np.maximum(np.linalg.det(within), 0.0)
        used = basis.used(values.size)
    b1, b2 = variance_factors(p, size)
    if standards.covariance is not None:
        covariance = standards.covariance
        covariance_factor(covariance, names)
        true, source = float(np.linalg.det(covariance)), "given covariance"
        if standards.samples:
            true, source = true / b1, "given pooled covariance / b1"
    else:
        covariance = within[used].mean(axis=0)
        covariance_factor(covariance, names)
        true, source = float(np.linalg.det(covariance)) / b1, "pooled covariance / b1"
    center, spread = b1 * true, math.sqrt(b2) * true
    count = max(values.size, 1)
    panel = ChartPanel(
        name="generalized variance",
        axis="determinant of the covariance matrix",
        values=values,
        positions=np.arange(1, values.size + 1),
        center=np.full(count, center),
        lcl=np.full(count, max(center - basis.n_sigma * spread, 0.0)),
        ucl=np.full(count, center + basis.n_sigma * spread),
        sigma=np.full(count, spread),
    )
    figures: dict[str, Any] = {
        "variables": names,
        "covariance": covariance.tolist(),
        "center": center,
        "lcl": float(panel.lcl[0]),
        "ucl": float(panel.ucl[0]),
        "subgroup_size": size,
        "constants": {"b1": b1, "b2": b2},
    }
    if values.size:
        figures["generalized_variance"] = values.tolist()
    return Chart(
        panels=[panel],
        figures=figures,
        method=f"generalized variance chart, {source}, limits at {basis.n_sigma:g} sigma, "
        "kept at or above zero",
    )


def variance_factors(p: int, n: int) -> tuple[float, float]:
    """b1 and b2: mean of the determinant over the true one, and its variance (11.34)."""
    logs = [math.log(n - i) for i in range(1, p + 1)]
    first = math.exp(math.fsum(logs) - p * math.log(n - 1))
    shifted = math.prod(n - j + 2 for j in range(1, p + 1))
    plain = math.prod(n - j for j in range(1, p + 1))
    return first, plain * (shifted - plain) / (n - 1) ** (2 * p)


def mewma_chart(
    given: Characteristics,
    standards: Standards,
    basis: Basis,
    size: int,
    method: CovarianceMethod,
    weight: float,
    limit: float | None,
    arl0: float,
    steady: bool,
    names: list[str],
) -> Chart:
    """Distance of the exponentially weighted mean vector from its target."""
    known, used = estimate(given, standards, basis, size, method)
    factor = covariance_factor(known.covariance, names)
    h = mewma_limit(len(names), weight, arl0) if limit is None else limit
    deviations = given.means(size) - known.mean
    weighted = np.column_stack([smooth(column, 0.0, weight) for column in deviations.T])
    count = weighted.shape[0]
    share = np.full(count, weight / (2 - weight))
    if not steady:
        share *= -np.expm1(2 * np.arange(1, count + 1) * math.log1p(-weight)) if weight < 1 else 1.0
    scale = size / share
    statistic = scale * distances(weighted, factor)
    ucl = np.full(count, h)
    center = float(special.chdtri(len(names), 0.5))
    panel = _panel("MEWMA", statistic, center, ucl)
    variance = "steady-state" if steady else "exact"
    source = f"computed for an in-control run length of {arl0:g}" if limit is None else "given"
    return Chart(
        panels=[panel],
        figures={
            "variables": names,
            "mean_vector": known.mean.tolist(),
            "covariance": known.covariance.tolist(),
            "subgroup_size": size if size > 1 else None,
            "center": center,
            "lcl": 0.0,
            "ucl": h,
            "h": h,
            "lambda_": weight,
            "arl0": arl0 if limit is None else None,
            "mewma": statistic.tolist(),
            "signals": decompose(names, weighted, known, factor, statistic, ucl, used, scale),
        },
        method=f"MEWMA chart, lambda {weight:g}, {known.source}, {variance} covariance of the "
        f"weighted means, limit {source}",
        warnings=_small_sample(known, int(used.sum())),
    )


def _panel(name: str, values: FloatArray, center: float, ucl: FloatArray | float) -> ChartPanel:
    count = max(values.size, 1)
    upper = np.broadcast_to(np.asarray(ucl, dtype=np.float64), (count,))
    return ChartPanel(
        name=name,
        axis=f"{name} statistic",
        values=values,
        positions=np.arange(1, values.size + 1),
        center=np.full(count, center),
        lcl=np.full(count, -np.inf),
        ucl=upper,
        sigma=(upper - center) / 3,
    )
