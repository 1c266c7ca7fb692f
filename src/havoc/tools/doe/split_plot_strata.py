"""Strata of a split-plot experiment: which term is compared with which error."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import stats

from havoc.errors import InputError
from havoc.tools.doe.factor_model import FactorFit, LevelFactor, term_label
from havoc.tools.parameters import FloatArray

IntArray = NDArray[np.int64]


class Stratum(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One layer of randomisation and what is left in it as error."""

    name: str
    units: int
    df_error: int
    ss_error: float
    ms_error: float | None = None


class SplitPlotTest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Test of a term against the error of its own stratum.

    ``p_value_randomized`` is what an analysis would give that takes the runs for completely
    randomised: the usual mistake.
    """

    source: str
    stratum: str
    df: int
    df_error: float | None = None
    ss: float | None = None
    ms: float | None = None
    F: float | None = None
    p_value: float | None = None
    significant: bool | None = None
    p_value_randomized: float | None = None


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """A layer of the layout and the unit of every run in it."""

    name: str
    units: IntArray


def numbered(labels: Sequence[object]) -> IntArray:
    """Units numbered in the order of their appearance."""
    place: dict[object, int] = {}
    return np.array([place.setdefault(label, len(place)) for label in labels], dtype=np.int64)


def within(outer: IntArray, inner: IntArray) -> IntArray:
    """Units of ``inner`` told apart where they lie in different units of ``outer``."""
    return numbered(list(zip(outer.tolist(), inner.tolist(), strict=True)))


def layers_of(
    factors: Sequence[LevelFactor],
    hard: Sequence[str],
    whole_plot: Sequence[str | float],
    block: Sequence[str | float],
    sub_plot: Sequence[str | float],
    rows: int,
    where: str,
) -> list[Layer]:
    """Blocks, whole plots and sub-plots, each numbered within the layer above it."""
    for name, labels in (("whole_plot", whole_plot), ("block", block), ("sub_plot", sub_plot)):
        if labels and len(labels) != rows:
            raise InputError(
                f"{len(labels)} labels but {rows} responses",
                where=f"{where} {name}",
                remedy="give one for every response",
            )
    names = [factor.name for factor in factors]
    unknown = [name for name in hard if name not in names]
    if unknown:
        raise InputError(
            f"there is no factor {unknown[0]}",
            where=f"{where} whole_plot_factors",
            remedy=f"use the names of the factors: {', '.join(names[:8])}",
        )
    if not hard and not whole_plot:
        raise InputError(
            "it is not said which runs belong together",
            where=where,
            remedy="name the factors that are hard to change (whole_plot_factors), or give the "
            "whole plot of every run",
        )
    outer = numbered(block) if block else np.zeros(rows, dtype=np.int64)
    if whole_plot:
        plots = within(outer, numbered(whole_plot))
    else:
        plots = outer
        for factor in factors:
            if factor.name in hard:
                plots = within(plots, factor.index)
    layers = []
    if block and int(outer.max()) > 0:
        layers.append(Layer(name="blocks", units=outer))
    layers.append(Layer(name="whole plots", units=plots))
    if sub_plot:
        layers.append(Layer(name="sub-plots", units=within(plots, numbered(sub_plot))))
    for above, layer in zip([None, *layers], layers, strict=False):
        units = int(layer.units.max()) + 1
        if units == rows or units == (int(above.units.max()) + 1 if above else 1):
            raise InputError(
                f"there are {units} {layer.name} for {rows} runs, so nothing is split",
                where=where,
                remedy="check the labels; use factorial_anova for a completely randomised "
                "experiment",
            )
    return layers


def evenly_filled(units: IntArray) -> bool:
    return bool(np.ptp(np.bincount(units)) == 0)


def hard_to_change(factors: Sequence[LevelFactor], layers: Sequence[Layer]) -> list[str]:
    """Factors that never change within a whole plot."""
    units = next(layer for layer in layers if layer.name == "whole plots").units
    return [
        factor.name
        for factor in factors
        if len(np.unique(np.column_stack([units, factor.index]), axis=0)) == int(units.max()) + 1
    ]


def averaged(columns: FloatArray, units: IntArray) -> FloatArray:
    """Every value replaced by the mean of its unit."""
    sums = np.zeros((int(units.max()) + 1, columns.shape[1]))
    np.add.at(sums, units, columns)
    means: FloatArray = (sums / np.bincount(units)[:, None])[units]
    return means


def layered(columns: FloatArray, layers: Sequence[Layer]) -> list[FloatArray]:
    """The part of the columns that varies in each layer and not in the layers above it."""
    parts = []
    above = np.broadcast_to(columns.mean(axis=0), columns.shape)
    for layer in layers:
        here = averaged(columns, layer.units)
        parts.append(here - above)
        above = here
    parts.append(columns - above)
    return parts


def strata_of(model: FactorFit, layers: Sequence[Layer]) -> list[int] | None:
    """The stratum of every term, or None where a term is spread over several."""
    found = []
    for place in model.places:
        columns = model.columns[:, place]
        sizes = [float((part**2).sum()) for part in layered(columns, layers)]
        own = int(np.argmax(sizes))
        if sum(sizes) - sizes[own] > 1e-9 * sizes[own]:
            return None
        found.append(own)
    return found


def analyse_strata(
    model: FactorFit,
    factors: Sequence[LevelFactor],
    places: Sequence[int],
    layers: Sequence[Layer],
    values: FloatArray,
    alpha: float,
) -> tuple[list[SplitPlotTest], list[Stratum]]:
    """Analysis of variance in every stratum (balanced layouts)."""
    names = [layer.name for layer in layers] + ["runs"]
    counts = [int(layer.units.max()) + 1 for layer in layers] + [len(values)]
    parts = layered(values[:, None], layers)
    tests: list[SplitPlotTest] = []
    strata: list[Stratum] = []
    freedom_above = 1
    for number, (name, count, part) in enumerate(zip(names, counts, parts, strict=True)):
        rest = part[:, 0]
        freedom = count - freedom_above
        freedom_above = count
        own: list[tuple[str, int, float]] = []
        for term, columns, place in zip(model.terms, model.places, places, strict=True):
            if place != number:
                continue
            basis = np.linalg.qr(model.columns[:, columns])[0]
            taken = basis @ (basis.T @ rest)
            own.append((term_label(term, factors), basis.shape[1], float(taken @ taken)))
            rest = rest - taken
            freedom -= basis.shape[1]
        ss = float(rest @ rest) if freedom > 0 else 0.0
        if ss <= 1e-22 * float(values @ values):
            ss = 0.0
        strata.append(
            Stratum(
                name=name,
                units=count,
                df_error=freedom,
                ss_error=ss,
                ms_error=ss / freedom if freedom > 0 else None,
            )
        )
        for source, df, square in own:
            tests.append(_test(source, name, df, square, strata[-1], alpha))
    return tests, strata


def _test(
    source: str, stratum: str, df: int, ss: float, error: Stratum, alpha: float
) -> SplitPlotTest:
    if not error.ms_error:
        return SplitPlotTest(source=source, stratum=stratum, df=df, ss=ss, ms=ss / df)
    f = ss / df / error.ms_error
    p_value = float(stats.f.sf(f, df, error.df_error))
    return SplitPlotTest(
        source=source,
        stratum=stratum,
        df=df,
        df_error=float(error.df_error),
        ss=ss,
        ms=ss / df,
        F=f,
        p_value=p_value,
        significant=p_value < alpha,
    )


def components_of(strata: Sequence[Stratum]) -> tuple[dict[str, float], list[str]]:
    """Variances by equating mean squares with their expectations; names of those below zero."""
    total = strata[-1].units
    found: dict[str, float] = {}
    negative = []
    for stratum, below in pairwise(strata):
        if stratum.ms_error is None or below.ms_error is None:
            continue
        value = (stratum.ms_error - below.ms_error) / (total / stratum.units)
        if value < 0:
            negative.append(stratum.name)
        found[stratum.name] = max(value, 0.0)
    if strata[-1].ms_error is not None:
        found["runs"] = strata[-1].ms_error
    return found, negative
