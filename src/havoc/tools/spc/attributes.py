"""Charts of counts: p and np for defective units, c and u for defects.

Sources: NIST/SEMATECH e-Handbook 6.3.3.1 and 6.3.3.2; Montgomery, Introduction to
Statistical Quality Control, 7.2 and 7.3.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray, as_sample
from havoc.tools.result import Check
from havoc.tools.spc.panels import Basis, make_panel, scalar
from havoc.tools.spc.variables import Chart

# Expected counts below this make the limits, which assume a normal count, coarse.
SMALL_COUNT = 5.0


def counts_chart(
    kind: str,
    counts: FloatArray | None,
    sizes: FloatArray | None,
    standard: float | None,
    basis: Basis,
    rules: list[str],
) -> Chart:
    """p, np, c or u chart. ``standard`` is the given pbar, cbar or ubar."""
    if kind != "c" and sizes is None:
        raise InputError(
            f"a {kind} chart needs the size of every sample",
            where="sample_size",
            remedy="give one number or a list as long as the counts",
        )
    length = counts.size if counts is not None else (sizes.size if sizes is not None else 1)
    n = np.ones(length) if sizes is None or kind == "c" else np.broadcast_to(sizes, (length,))
    rate = _rate(kind, counts, n, standard, basis)
    binomial = kind in ("p", "np")
    variance = rate * (1 - rate) if binomial else rate
    if variance <= 0:
        every = "unit is defective" if rate > 0 else "count is zero"
        raise InputError(
            f"every {every}, so there are no limits",
            where="data",
            remedy="use larger samples, or give the long-run average (pbar, cbar or ubar)",
        )
    scale = n if kind == "np" else np.ones(length)
    center = rate * scale
    sigma = np.sqrt(variance / n) * scale
    points = np.empty(0) if counts is None else (counts if kind in ("np", "c") else counts / n)
    ceiling = np.inf
    if binomial:
        ceiling = float(scale.max()) if kind == "np" else 1.0
    panel = make_panel(
        kind,
        {
            "p": "fraction defective",
            "np": "defective units",
            "c": "defects",
            "u": "defects per unit",
        }[kind],
        points,
        center,
        sigma,
        basis.n_sigma,
        floor=0.0,
        ceiling=ceiling,
        count=length,
    )
    panel.rules = rules
    bar = {"p": "pbar", "np": "pbar", "c": "cbar", "u": "ubar"}[kind]
    figures: dict[str, Any] = {
        "center": scalar(center),
        "lcl": scalar(panel.lcl),
        "ucl": scalar(panel.ucl),
        bar: rate,
    }
    if kind != "c":
        figures["sample_size"] = scalar(n)
    if counts is not None:
        figures["total_count"] = float(counts.sum())
    warnings = []
    smallest = float((rate * n).min())
    if smallest < SMALL_COUNT:
        warnings.append(
            f"the expected count is {smallest:.3g} in the smallest sample; below {SMALL_COUNT:g} "
            "the limits, which assume a near-normal count, are coarse"
        )
    return Chart(
        panels=[panel],
        figures=figures,
        rate=rate,
        method=f"{kind} chart, {'binomial' if binomial else 'Poisson'} variation around the "
        f"{'given' if standard is not None else 'pooled'} average, limits at "
        f"{basis.n_sigma:g} sigma, kept at or above zero",
        warnings=warnings,
    )


def _rate(
    kind: str, counts: FloatArray | None, n: FloatArray, standard: float | None, basis: Basis
) -> float:
    if standard is not None:
        if kind in ("p", "np") and standard >= 1:
            raise InputError(
                f"an average fraction defective of {standard:g} is not below 1",
                where="pbar",
                remedy="give it as a fraction, such as 0.02",
            )
        return standard
    if counts is None:
        raise InputError(
            "no counts given",
            where="defectives or defects",
            remedy="give the counts, or the average and the sample size for limits only",
        )
    used = basis.used(counts.size, "samples")
    return float(counts[used].sum() / n[used].sum())


def as_counts(values: list[float], where: str) -> FloatArray:
    """Counts as float64: whole numbers, none negative."""
    counts = as_sample(values, where)
    bad = np.flatnonzero((counts < 0) | (counts != np.floor(counts)))
    if bad.size:
        i = int(bad[0])
        raise InputError(
            f"value {i + 1} is {counts[i]:g}, but a count is a whole number, zero or more",
            where=where,
            remedy="give counts; for measured values use i_mr or an Xbar chart",
        )
    return counts


def as_sizes(
    sample_size: float | list[float] | None, counts: FloatArray | None, kind: str
) -> FloatArray | None:
    """Sample sizes, one or as many as there are counts, checked against the counts."""
    if sample_size is None:
        return None
    given = [float(sample_size)] if isinstance(sample_size, (int, float)) else list(sample_size)
    sizes = as_sample(given, "sample_size")
    if np.any(sizes <= 0):
        raise InputError(
            "a sample size must be above zero",
            where="sample_size",
            remedy="leave out samples without units",
        )
    if counts is None:
        return sizes
    if sizes.size not in (1, counts.size):
        raise InputError(
            f"{sizes.size} sample sizes for {counts.size} counts",
            where="sample_size",
            remedy="give one size, or one for every count",
        )
    sizes = np.broadcast_to(sizes, counts.shape)
    if kind in ("p", "np"):
        over = np.flatnonzero(counts > sizes)
        if over.size:
            i = int(over[0])
            raise InputError(
                f"sample {i + 1} has {counts[i]:g} defective units out of {sizes[i]:g}",
                where="defectives",
                remedy="check the columns: defective units cannot exceed the sample size",
            )
    return sizes


def dispersion_check(kind: str, counts: FloatArray, sizes: FloatArray | None, rate: float) -> Check:
    """Do the counts vary as a binomial or Poisson count does?"""
    n = np.ones(counts.size) if sizes is None else sizes
    expected = rate * n
    variance = expected * (1 - rate) if kind in ("p", "np") else expected
    statistic = float(np.sum((counts - expected) ** 2 / variance))
    df = counts.size - 1
    law = "binomial" if kind in ("p", "np") else "Poisson"
    if df < 1:
        return Check(name=f"{law} variation", status="unknown", detail="a single sample")
    ratio = statistic / df
    over = float(special.chdtrc(df, statistic))
    if over < 0.01:
        return Check(
            name=f"{law} variation",
            status="violated",
            detail=f"the counts vary {ratio:.3g} times as much (variance) as {law} counts do "
            f"(dispersion test, p = {over:.2g}): either special causes, or, with very large "
            "samples, limits that are too narrow",
        )
    return Check(
        name=f"{law} variation",
        status="ok",
        detail=f"variance ratio {ratio:.3g}, dispersion test p = {over:.2g}",
    )
