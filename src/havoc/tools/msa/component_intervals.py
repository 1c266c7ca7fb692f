"""Confidence intervals of variance components and of their shares.

A component is a linear combination of mean squares. One mean square has the exact
chi-square interval; a combination has the modified large-sample interval.

Sources: F. A. Graybill and C.-M. Wang (1980), J. Amer. Statist. Assoc. 75, 869 (sums);
N. Ting, R. K. Burdick, F. A. Graybill, S. Jeyaratnam and T.-F. C. Lu (1990), J. Statist.
Comput. Simul. 35, 135 (differences); R. K. Burdick, C. M. Borror and D. C. Montgomery
(2005), Design and Analysis of Gauge R&R Studies, chapter 3 and appendix B (shares by
generalized inference: M. Hamada and S. Weerahandi (2000), J. Quality Technology 32, 241).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec
import numpy as np
from scipy import special

from havoc.tools.msa.gage_result import AnovaRow, ComponentInterval
from havoc.tools.parameters import FloatArray

Form = dict[str, float]
"""Coefficient of each mean square, by the name of its source."""

_DRAWS = 100_000
_SEED = 20_240_501


class Forms(msgspec.Struct, frozen=True, kw_only=True):
    """How each component follows from the mean squares of the analysis of variance."""

    repeatability: Form
    operator: Form
    interaction: Form
    part: Form


def crossed_forms(shape: tuple[int, ...], pooled: bool | None) -> Forms:
    """Two-way random model; ``pooled`` is None for one operator, True without interaction."""
    p, o, r = shape
    if pooled is None:
        return Forms(
            repeatability={"repeatability": 1.0},
            operator={},
            interaction={},
            part={"part": 1 / r, "repeatability": -1 / r},
        )
    test = "repeatability" if pooled else "part x operator"
    return Forms(
        repeatability={"repeatability": 1.0},
        operator={"operator": 1 / (p * r), test: -1 / (p * r)},
        interaction={} if pooled else {"part x operator": 1 / r, "repeatability": -1 / r},
        part={"part": 1 / (o * r), test: -1 / (o * r)},
    )


def nested_forms(parts: int, trials: int) -> Forms:
    """Parts within operators."""
    return Forms(
        repeatability={"repeatability": 1.0},
        operator={
            "operator": 1 / (parts * trials),
            "part (operator)": -1 / (parts * trials),
        },
        interaction={},
        part={"part (operator)": 1 / trials, "repeatability": -1 / trials},
    )


def component_intervals(
    forms: Forms, rows: list[AnovaRow], confidence: float
) -> list[ComponentInterval]:
    """Interval of every component and of their sums, as variance and standard deviation.

    A component that was set to zero is left out of the sums, as in the estimates.
    """
    squares = {row.source: (row.ms, row.df) for row in rows}
    kept = {
        name: form
        for name, form in (
            ("repeatability", forms.repeatability),
            ("operator", forms.operator),
            ("interaction", forms.interaction),
            ("part", forms.part),
        )
        if form and (name == "repeatability" or _value(form, squares) > 0)
    }
    sums = {
        "repeatability": ["repeatability"],
        "reproducibility": ["operator", "interaction"],
        "grr": ["repeatability", "operator", "interaction"],
        "part": ["part"],
        "total": ["repeatability", "operator", "interaction", "part"],
    }
    forms_of = {"operator": forms.operator, "interaction": forms.interaction, "part": forms.part}
    found = []
    for source, names in sums.items():
        form = _added([kept[name] for name in names if name in kept])
        variance = _value(form, squares) if form else 0.0
        if not form:
            # All components of it were set to zero: their own form still has an upper bound.
            form = _added([forms_of[name] for name in names if forms_of.get(name)])
            if not form:
                continue
        low, high = modified_large_sample(form, squares, 1 - confidence)
        high = max(high, variance)
        found.append(
            ComponentInterval(
                source=source,
                variance=variance,
                var_ci_low=low,
                var_ci_high=high,
                sd_ci_low=math.sqrt(low),
                sd_ci_high=math.sqrt(high),
                interval="chi-square, exact" if len(form) == 1 else "modified large sample",
            )
        )
    return found


def _added(forms: list[Form]) -> Form:
    total: Form = {}
    for form in forms:
        for name, coefficient in form.items():
            total[name] = total.get(name, 0.0) + coefficient
    return {name: value for name, value in total.items() if abs(value) > 1e-12}


def _value(form: Form, squares: Mapping[str, tuple[float, int]]) -> float:
    return math.fsum(c * squares[name][0] for name, c in form.items())


def modified_large_sample(
    form: Form, squares: Mapping[str, tuple[float, int]], alpha: float
) -> tuple[float, float]:
    """Interval of a combination of mean squares, kept at or above zero.

    Products of terms of the same sign are not corrected for, as in Graybill and Wang.
    """
    tail = alpha / 2
    terms = [(c * squares[name][0], squares[name][1]) for name, c in form.items()]
    estimate = math.fsum(value for value, _ in terms)
    lower = upper = 0.0
    for value, df in terms:
        g = 1 - df / float(special.chdtri(df, tail))
        h = df / float(special.chdtri(df, 1 - tail)) - 1
        lower += ((g if value > 0 else h) * value) ** 2
        upper += ((h if value > 0 else g) * value) ** 2
    for plus, df1 in terms:
        for minus, df2 in terms:
            if plus <= 0 or minus >= 0:
                continue
            f_high = float(special.fdtri(df1, df2, 1 - tail))
            f_low = float(special.fdtri(df1, df2, tail))
            g1 = 1 - df1 / float(special.chdtri(df1, tail))
            h1 = df1 / float(special.chdtri(df1, 1 - tail)) - 1
            g2 = 1 - df2 / float(special.chdtri(df2, tail))
            h2 = df2 / float(special.chdtri(df2, 1 - tail)) - 1
            cross_low = ((f_high - 1) ** 2 - (g1 * f_high) ** 2 - h2**2) / f_high
            cross_high = ((1 - f_low) ** 2 - (h1 * f_low) ** 2 - g2**2) / f_low
            lower += cross_low * plus * -minus
            upper += cross_high * plus * -minus
    return (
        max(estimate - math.sqrt(max(lower, 0.0)), 0.0),
        max(estimate + math.sqrt(max(upper, 0.0)), 0.0),
    )


def share_interval(
    forms: Forms, rows: list[AnovaRow], confidence: float
) -> tuple[float, float] | None:
    """Gage variance over total variance, by generalized inference with a fixed seed."""
    if any(row.ms <= 0 for row in rows if row.source in _names(forms)):
        return None
    generator = np.random.default_rng(_SEED)
    drawn = {
        row.source: row.ss / generator.chisquare(row.df, _DRAWS)
        for row in rows
        if row.source in _names(forms)
    }

    def sample(form: Form) -> FloatArray:
        total = np.zeros(_DRAWS)
        for name, coefficient in form.items():
            total += coefficient * drawn[name]
        return np.maximum(total, 0.0)

    gage = sample(forms.repeatability) + sample(forms.operator) + sample(forms.interaction)
    share = gage / (gage + sample(forms.part))
    tail = (1 - confidence) / 2
    low, high = np.quantile(share, [tail, 1 - tail])
    return float(low), float(high)


def _names(forms: Forms) -> set[str]:
    return {
        name
        for form in (forms.repeatability, forms.operator, forms.interaction, forms.part)
        for name in form
    }
