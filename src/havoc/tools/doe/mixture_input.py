"""What a mixture analysis starts from: blends as shares, bounds, order of the model."""

from __future__ import annotations

import math

import numpy as np

from havoc.errors import InputError
from havoc.tools.doe.least_squares import fit, lack_of_fit
from havoc.tools.doe.mixture_model import (
    ORDERS,
    Order,
    OrderTest,
    carries,
    term_names,
)
from havoc.tools.parameters import FloatArray, as_sample

WHERE = "mixture_analysis"


def read_blends(
    components: dict[str, list[float]], rows: int
) -> tuple[list[str], FloatArray, float]:
    """Names, shares and the total that every blend adds up to."""
    if not 2 <= len(components) <= 12:
        raise InputError(
            f"{len(components)} components, but it takes 2 to 12",
            where=f"{WHERE} components",
            remedy="give the shares of each component in every blend",
        )
    for name, column in components.items():
        if len(column) != rows:
            raise InputError(
                f"{len(column)} shares but {rows} responses",
                where=f"{WHERE} component {name}",
                remedy="give one share for every response",
            )
    amounts = np.column_stack(
        [as_sample(column, f"{WHERE} component {name}") for name, column in components.items()]
    )
    if np.any(amounts < 0):
        raise InputError(
            "an amount is negative", where=f"{WHERE} components", remedy="correct the amount"
        )
    sums = amounts.sum(axis=1)
    total = float(np.median(sums))
    off = np.abs(sums - total) > 0.005 * abs(total)
    if total <= 0 or np.any(off):
        run = int(np.flatnonzero(off)[0]) + 1 if np.any(off) else 1
        raise InputError(
            f"blend {run} adds up to {sums[run - 1]:g}, not to {total:g}",
            where=f"{WHERE} components",
            remedy="a mixture has one total: correct the blend, or use response_surface",
        )
    shares: FloatArray = amounts / sums[:, None]
    for name, column in zip(components, shares.T, strict=True):
        if np.ptp(column) < 1e-9:
            raise InputError(
                f"every blend has the same share of {name}",
                where=f"{WHERE} component {name}",
                remedy="leave this component out",
            )
    return list(components), shares, total


def lower_bounds_of(
    names: list[str],
    shares: FloatArray,
    lower: dict[str, float],
    pseudo: bool,
    direction: str,
) -> FloatArray:
    unknown = set(lower) - set(names)
    if unknown:
        raise InputError(
            f"there is no component {sorted(unknown)[0]}",
            where=f"{WHERE} lower",
            remedy="use the names of the components",
        )
    low = np.array(
        [lower.get(name, float(column.min())) for name, column in zip(names, shares.T, strict=True)]
    )
    if (pseudo or direction == "piepel") and float(low.sum()) >= 1 - 1e-9:
        raise InputError(
            f"the lower bounds add up to {low.sum():g}, which leaves nothing to vary",
            where=f"{WHERE} lower",
            remedy="give lower bounds as shares below one in total",
        )
    return low


def pure_error_of(shares: FloatArray, values: FloatArray) -> tuple[float, int] | None:
    ones = np.ones((len(values), 1))
    pure = lack_of_fit(shares, np.zeros((len(values), 0)), values, fit(ones, values))
    return None if pure is None else (pure.ss_pure_error, pure.df_pure_error)


def order_of(
    model: str, shares: FloatArray, orders: list[OrderTest], names: list[str], alpha: float
) -> Order:
    if model == "auto":
        return suggested_order(orders, names, len(shares), alpha)
    chosen = next(order for order in ORDERS if order == model)
    if not carries(shares, chosen, 0):
        count = len(term_names(names, chosen))
        able = [order.order for order in orders]
        raise InputError(
            f"{len(shares)} blends cannot determine the {count} terms of the "
            f"{chosen.replace('_', ' ')} model",
            where=f"{WHERE} model",
            remedy=f"use model {able[-1]}" if able else "add blends",
        )
    return chosen


def suggested_order(orders: list[OrderTest], names: list[str], count: int, alpha: float) -> Order:
    """The highest order whose terms add significantly to those before."""
    if not orders:
        raise InputError(
            f"{count} blends cannot determine a model of {len(names)} components",
            where=f"{WHERE} components",
            remedy="add blends",
        )
    chosen = orders[0].order
    for test in orders[1:]:
        if test.p_added is not None and test.p_added < alpha:
            chosen = test.order
    return next(order for order in ORDERS if order == chosen)


def reference_of(names: list[str], shares: FloatArray, given: dict[str, float]) -> FloatArray:
    """The given blend, or the middle of the different blends that were run."""
    if not given:
        distinct = np.unique(np.round(shares, 9), axis=0)
        middle: FloatArray = distinct.mean(axis=0)
        return middle
    missing = [name for name in names if name not in given]
    total = math.fsum(given.values())
    if missing or len(given) != len(names) or total <= 0 or min(given.values()) < 0:
        raise InputError(
            "the reference blend needs a share of every component",
            where=f"{WHERE} reference",
            remedy=f"give {', '.join(names)}",
        )
    return np.array([given[name] / total for name in names])
