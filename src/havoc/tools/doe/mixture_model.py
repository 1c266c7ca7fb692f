"""Scheffe polynomials of mixture proportions: columns, fit, sequential tests, optimum.

Sources: H. Scheffe (1958), J. R. Statist. Soc. B 20, 344; J. A. Cornell, Experiments with
Mixtures, chapters 2 and 5 (analysis of variance without a constant term, pseudo-components).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
from scipy import optimize, stats

from havoc.tools.doe.least_squares import Fit, fit, independent_columns
from havoc.tools.parameters import FloatArray

Order = Literal["linear", "quadratic", "special_cubic", "full_cubic"]
ORDERS: tuple[Order, ...] = ("linear", "quadratic", "special_cubic", "full_cubic")


class OrderTest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One order of the polynomial, and what it adds to the order before it."""

    order: str
    terms: int
    residual_sd: float
    r_squared: float
    r_squared_adjusted: float
    r_squared_predicted: float | None = None
    F_added: float | None = None
    p_added: float | None = None
    p_lack_of_fit: float | None = None


def term_names(names: Sequence[str], order: str) -> list[str]:
    found = list(names)
    if order != "linear":
        found += [f"{a}*{b}" for a, b in itertools.combinations(names, 2)]
    if order == "full_cubic":
        found += [f"{a}*{b}*({a}-{b})" for a, b in itertools.combinations(names, 2)]
    if order in {"special_cubic", "full_cubic"}:
        found += [f"{a}*{b}*{c}" for a, b, c in itertools.combinations(names, 3)]
    return found


def scheffe_columns(shares: FloatArray, order: str) -> FloatArray:
    """Columns in the order of :func:`term_names`."""
    q = shares.shape[1]
    pairs = list(itertools.combinations(range(q), 2))
    columns = [shares]
    if order != "linear":
        columns += [(shares[:, i] * shares[:, j])[:, None] for i, j in pairs]
    if order == "full_cubic":
        columns += [
            (shares[:, i] * shares[:, j] * (shares[:, i] - shares[:, j]))[:, None] for i, j in pairs
        ]
    if order in {"special_cubic", "full_cubic"}:
        columns += [
            (shares[:, i] * shares[:, j] * shares[:, k])[:, None]
            for i, j, k in itertools.combinations(range(q), 3)
        ]
    return np.hstack(columns)


def carries(shares: FloatArray, order: str, spare: int) -> bool:
    """Whether the blends determine the polynomial and leave ``spare`` degrees of freedom."""
    columns = scheffe_columns(shares, order)
    if len(shares) < columns.shape[1] + spare:
        return False
    kept = len(independent_columns(columns[:, 1:], columns[:, :1]))
    return bool(kept == columns.shape[1] - 1)


def compare_orders(
    shares: FloatArray, values: FloatArray, pure: tuple[float, int] | None
) -> list[OrderTest]:
    """Every order that the blends carry, each against the largest smaller one it contains."""
    total = float(((values - values.mean()) ** 2).sum())
    found: list[OrderTest] = []
    fits: dict[str, Fit] = {}
    for order in ORDERS:
        if not carries(shares, order, 1):
            continue
        own = fit(scheffe_columns(shares, order), values)
        if own.rss == 0 or any(before.df == own.df for before in fits.values()):
            continue
        before = list(fits.values())[-1] if fits else None
        added = _added(before, own)
        fits[order] = own
        press = _press(own)
        found.append(
            OrderTest(
                order=order,
                terms=len(own.coefficients),
                residual_sd=float(np.sqrt(own.rss / own.df)),
                r_squared=1 - own.rss / total,
                r_squared_adjusted=1 - own.rss / own.df / (total / (len(values) - 1)),
                r_squared_predicted=None if press is None else 1 - press / total,
                F_added=added[0] if added else None,
                p_added=added[1] if added else None,
                p_lack_of_fit=_lack(own, pure),
            )
        )
    return found


def _added(before: Fit | None, own: Fit) -> tuple[float, float] | None:
    if before is None:
        return None
    df = before.df - own.df
    f = max(before.rss - own.rss, 0.0) / df / (own.rss / own.df)
    return f, float(stats.f.sf(f, df, own.df))


def _press(own: Fit) -> float | None:
    rest = 1 - own.leverages
    return None if np.any(rest < 1e-9) else float(((own.residuals / rest) ** 2).sum())


def _lack(own: Fit, pure: tuple[float, int] | None) -> float | None:
    if pure is None or pure[0] <= 0 or own.df <= pure[1]:
        return None
    df = own.df - pure[1]
    f = max(own.rss - pure[0], 0.0) / df / (pure[0] / pure[1])
    return float(stats.f.sf(f, df, pure[1]))


def predict(
    blends: FloatArray, order: str, own: Fit, low: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Predicted mean and its standard error per unit of residual deviation."""
    columns = scheffe_columns(to_pseudo(blends, low), order)
    return columns @ own.coefficients, np.sqrt(((columns @ own.inverse_root) ** 2).sum(axis=1))


def to_pseudo(shares: FloatArray, low: FloatArray) -> FloatArray:
    """L-pseudo-components; unchanged for lower bounds of zero."""
    scaled: FloatArray = (shares - low) / (1 - float(low.sum()))
    return scaled


def best_blend(
    order: str,
    own: Fit,
    low: FloatArray,
    region: tuple[FloatArray, FloatArray],
    starts: FloatArray,
    goal: str,
    target: float | None,
) -> FloatArray:
    """The best blend within the tested range of every component."""

    def loss(blend: FloatArray) -> float:
        value = float(predict(blend[None, :], order, own, low)[0][0])
        if target is not None:
            return (value - target) ** 2
        return value if goal == "minimize" else -value

    whole = {"type": "eq", "fun": lambda blend: float(blend.sum()) - 1}
    bounds = list(zip(*region, strict=True))
    generator = np.random.default_rng(1)
    weights = generator.dirichlet(np.ones(len(starts)), size=200)
    candidates = np.vstack([starts, weights @ starts])
    ranked = sorted(candidates, key=loss)
    best: FloatArray = ranked[0]
    for start in ranked[:8]:
        found = optimize.minimize(
            loss, start, bounds=bounds, constraints=[whole], method="SLSQP",
            options={"ftol": 1e-13, "maxiter": 300},
        )  # fmt: skip
        point = np.clip(np.asarray(found.x, dtype=np.float64), *region)
        if abs(float(point.sum()) - 1) < 1e-9 and loss(point) < loss(best):
            best = point
    return best


def trace_of(
    component: int,
    reference: FloatArray,
    region: tuple[FloatArray, FloatArray],
    low: FloatArray,
    direction: str,
    points: int,
) -> FloatArray:
    """Blends along the effect direction of a component, inside the tested ranges.

    Cox: the others keep their proportions to each other. Piepel: the same in pseudo-components,
    so that the line runs to the vertex of the restricted region.
    """
    origin = low if direction == "piepel" else np.zeros_like(low)
    room = 1 - float(origin.sum())
    scaled = (reference - origin) / room
    # Along the line every share is a straight function of that of the component.
    slopes = -scaled / max(1 - float(scaled[component]), 1e-12)
    slopes[component] = 1.0
    offsets = reference - slopes * reference[component]
    first, last = float(region[0][component]), float(region[1][component])
    for slope, offset, least, most in zip(slopes, offsets, *region, strict=True):
        if abs(slope) > 1e-12:
            ends = sorted(((least - offset) / slope, (most - offset) / slope))
            first, last = max(first, ends[0]), min(last, ends[1])
    if last - first <= 1e-12:
        return np.zeros((0, len(low)))
    blends: FloatArray = offsets + np.outer(np.linspace(first, last, points), slopes)
    return np.clip(blends, region[0], region[1])
