"""Short runs: many parts in small numbers on one chart of one process.

The deviation chart (DNOM, difference from nominal) takes the nominal of each part away
and suits parts that vary alike. The Z chart also divides by the standard deviation of
each part and suits parts that vary differently. Single values get an individuals and a
moving range panel, subgroups a mean and a range panel.

Sources: Montgomery, Introduction to Statistical Quality Control, 10.1 (short production
runs); D. R. Bothe (1989), A powerful new control chart for job shops, ASQC Annual Quality
Congress; D. J. Wheeler (1991), Short Run SPC. Sigma options of the Z chart as Minitab's
Z-MR chart names them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
from scipy import special

from havoc.errors import InputError
from havoc.tools.parameters import FloatArray
from havoc.tools.result import Check, Recomputed
from havoc.tools.spc.chart_result import ControlChart, PartFigures
from havoc.tools.spc.constants import MOVING_RANGE_D2
from havoc.tools.spc.detectors import BoolArray, IntArray
from havoc.tools.spc.panels import Basis
from havoc.tools.spc.subgroups import Subgroups, within_sigma
from havoc.tools.spc.variables import Chart, individuals_chart, xbar_chart

ShortRunMethod = Literal["deviation", "z"]
PartSigma = Literal["part", "run", "constant", "relative"]

_SIGMA_WORDS = {
    "part": "by part (all runs of a part together)",
    "run": "by run",
    "constant": "constant, pooled over all parts",
    "relative": "relative to size, pooled over all parts on the logarithms",
}


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """Which part every point belongs to (``index`` into ``names``), and the nominals.

    ``nominals`` are NaN where none is given.
    """

    names: list[str]
    index: IntArray
    nominals: FloatArray


def read_parts(
    points: int,
    parts: Sequence[str | float] | None,
    nominals: dict[str, float] | Sequence[float] | None,
) -> Parts | None:
    """Parts and nominals of ``points`` points; None if the values are deviations already."""
    if parts is None and nominals is None:
        return None
    if isinstance(nominals, dict) and parts is None:
        raise InputError(
            "nominals of named parts are given, but not which value belongs to which part",
            where="parts",
            remedy="give the part of every value, or one nominal for every value",
        )
    each = None if nominals is None or isinstance(nominals, dict) else list(nominals)
    for where, column in (("parts", parts), ("nominals", each)):
        if column is not None and len(column) != points:
            raise InputError(
                f"{len(column)} {where} for {points} points",
                where=where,
                remedy="give one for every value (for every subgroup, if there are subgroups)",
            )
    labels = [_label(item) for item in (parts if parts is not None else each or ())]
    names = list(dict.fromkeys(labels))
    place = {name: i for i, name in enumerate(names)}
    index = np.asarray([place[label] for label in labels], dtype=np.int64)
    known = np.full(len(names), np.nan)
    if isinstance(nominals, dict):
        given = {_label(name): value for name, value in nominals.items()}
        missing = [name for name in names if name not in given]
        if missing:
            raise InputError(
                f"part {missing[0]} has no nominal", where="nominals", remedy="give its nominal"
            )
        known = np.asarray([given[name] for name in names], dtype=np.float64)
    elif each is not None:
        known[index] = each
        moved = np.flatnonzero(known[index] != np.asarray(each))
        if moved.size:
            raise InputError(
                f"part {labels[moved[0]]} has two nominals, {each[moved[0]]:g} and "
                f"{known[index[moved[0]]]:g}",
                where="nominals",
                remedy="give every part one nominal",
            )
    if not np.isfinite(known).all() and nominals is not None:
        raise InputError(
            "a nominal is not a finite number", where="nominals", remedy="enter the nominal"
        )
    return Parts(names=names, index=index, nominals=known)


def short_run_chart(
    values: FloatArray | None,
    groups: Subgroups | None,
    parts: Parts | None,
    method: ShortRunMethod,
    part_sigma: PartSigma | None,
    basis: Basis,
    rules: list[str],
) -> Chart:
    """Deviation or Z chart of single ``values`` or of subgroups."""
    points = values if groups is None else groups.means
    if points is None:
        raise InputError("no data given", where="data", remedy="give the measured values")
    if method == "z" and parts is None:
        raise InputError(
            "a Z chart needs the part of every value, to know how much each part varies",
            where="parts",
            remedy="give parts, or use short_run_method deviation",
        )
    if method == "deviation" and part_sigma is not None:
        raise InputError(
            "a deviation chart has one sigma for all parts",
            where="part_sigma",
            remedy="use short_run_method z, or leave part_sigma out",
        )
    if method == "deviation":
        return _deviation_chart(points, groups, parts, basis, rules)
    assert parts is not None
    return _z_chart(points, groups, parts, part_sigma or "part", basis, rules)


def _deviation_chart(
    points: FloatArray,
    groups: Subgroups | None,
    parts: Parts | None,
    basis: Basis,
    rules: list[str],
) -> Chart:
    centers, how = _centers(points, parts, basis)
    deviations = points if parts is None else points - centers[parts.index]
    if groups is None:
        chart = individuals_chart(deviations, basis, rules)
        chart.panels[0].axis = "deviation from nominal"
    else:
        shifted = msgspec.structs.replace(groups, means=deviations)
        chart = xbar_chart("xbar_r", shifted, None, basis, "auto", rules)
        chart.panels[0].axis = "mean deviation from nominal"
    chart.method = f"short-run deviation chart (DNOM), deviations from {how}; {chart.method}"
    if parts is not None:
        sigmas = np.full(len(parts.names), chart.figures["sigma_within"])
        chart.figures["part_figures"] = _figures(points, parts, centers, sigmas)
        chart.assumptions.append(_equal_spread(deviations, parts))
        if not np.isfinite(parts.nominals).all():
            chart.warnings.append(
                "no nominals given: each part is taken from its own mean, so a part that is off "
                "its nominal as a whole is not seen"
            )
    chart.figures["deviations"] = deviations.tolist()
    return chart


def _z_chart(
    points: FloatArray,
    groups: Subgroups | None,
    parts: Parts,
    part_sigma: PartSigma,
    basis: Basis,
    rules: list[str],
) -> Chart:
    if part_sigma == "relative":
        if groups is not None:
            raise InputError(
                "sigma relative to size is for single values",
                where="part_sigma",
                remedy="use part or constant with subgroups",
            )
        if points.min() <= 0:
            raise InputError(
                f"sigma relative to size takes logarithms, and one value is {points.min():g}",
                where="part_sigma",
                remedy="use part, run or constant",
            )
        points = np.log(points)
        if np.isfinite(parts.nominals).all():
            if parts.nominals.min() <= 0:
                raise InputError(
                    "a nominal must be above zero for logarithms",
                    where="nominals",
                    remedy="leave out the logarithms, or give nominals above zero",
                )
            parts = msgspec.structs.replace(parts, nominals=np.log(parts.nominals))
    centers, how = _centers(points, parts, basis)
    if part_sigma == "run":
        labels = _runs(parts.index)
        centers_of_points = centers[parts.index]
        if not np.isfinite(parts.nominals).all():
            centers_of_points = _means(points, labels)[labels]
            how = "the mean of each run"
    else:
        labels, centers_of_points = parts.index, centers[parts.index]
    if basis.sigma is not None:
        sigmas = np.full(int(labels.max()) + 1, basis.sigma)
    elif groups is not None:
        sigmas = _sigmas_of_subgroups(groups, parts, part_sigma, basis)
    else:
        sigmas = _sigmas(points, labels, part_sigma, parts, basis.used(points.size))
    each = sigmas[labels]
    standard = msgspec.structs.replace(basis, mean=0.0, sigma=1.0)
    if groups is None:
        z = (points - centers_of_points) / each
        chart = individuals_chart(z, standard, rules)
        chart.panels[0].name, chart.panels[0].axis = "Z", "standardised value"
        chart.panels[1].axis = "moving range of Z"
    else:
        z = (points - centers_of_points) / each
        scaled = msgspec.structs.replace(groups, means=z, ranges=groups.ranges / each)
        chart = xbar_chart("xbar_r", scaled, None, standard, "auto", rules)
        chart.panels[0].name, chart.panels[0].axis = "Z", "standardised mean"
        chart.panels[1].axis = "range over sigma"
    chart.figures.pop("sigma_within")
    chart.figures["z"] = z.tolist()
    if part_sigma != "run":
        chart.figures["part_figures"] = _figures(points, parts, centers, sigmas)
    source = "given" if basis.sigma is not None else _SIGMA_WORDS[part_sigma]
    estimate = "mean moving range / 1.128" if groups is None else "mean range / d2"
    chart.method = (
        f"short-run Z chart, deviations from {how}, sigma {source}"
        f"{'' if basis.sigma is not None else f', {estimate}'}; limits at {basis.n_sigma:g} sigma"
    )
    few = np.bincount(labels)
    if part_sigma in ("part", "run") and basis.sigma is None and few.min() < 10:
        chart.warnings.append(
            f"sigma of some {part_sigma}s rests on {int(few.min())} points only; pool it "
            "(part_sigma constant or relative) where the parts vary alike"
        )
    return chart


def _centers(points: FloatArray, parts: Parts | None, basis: Basis) -> tuple[FloatArray, str]:
    """What is taken away from the points of each part: its nominal, else its mean."""
    if parts is None:
        return np.zeros(1), "nominal, as given"
    if np.isfinite(parts.nominals).all():
        return parts.nominals, "the nominal of each part"
    used = basis.used(points.size)
    unseen = [name for i, name in enumerate(parts.names) if not np.any(used & (parts.index == i))]
    if unseen:
        raise InputError(
            f"no point of part {unseen[0]} is left to take its mean from",
            where="nominals",
            remedy="give nominals, or exclude fewer points",
        )
    return _means(points[used], parts.index[used]), "the mean of each part"


def _means(points: FloatArray, labels: IntArray) -> FloatArray:
    origin = float(points[0])
    return np.asarray(
        origin + np.bincount(labels, weights=points - origin) / np.bincount(labels),
        dtype=np.float64,
    )


def _runs(index: IntArray) -> IntArray:
    """Number of the run (from 0) that every point belongs to."""
    return np.concatenate(([0], np.cumsum(index[1:] != index[:-1]))).astype(np.int64)


def _sigmas(
    points: FloatArray, labels: IntArray, part_sigma: str, parts: Parts, used: BoolArray
) -> FloatArray:
    """Mean moving range / 1.128 of each label, or one for all: steps within a label only."""
    order = np.argsort(labels[used], kind="stable")
    sorted_labels, sorted_points = labels[used][order], points[used][order]
    inside = sorted_labels[1:] == sorted_labels[:-1]
    steps, owner = np.abs(np.diff(sorted_points))[inside], sorted_labels[1:][inside]
    count = int(labels.max()) + 1
    if part_sigma in ("constant", "relative"):
        sigma = float(steps.mean()) / MOVING_RANGE_D2 if steps.size else 0.0
        if sigma <= 0:
            raise _no_variation("the parts do", "give sigma, or check the resolution")
        return np.full(count, sigma)
    number = np.bincount(owner, minlength=count)
    totals = np.bincount(owner, weights=steps, minlength=count)
    bad = np.flatnonzero(totals <= 0)
    if bad.size:
        i = int(bad[0])
        what = f"run {i + 1}" if part_sigma == "run" else f"part {parts.names[i]}"
        if number[i] == 0:
            raise InputError(
                f"{what} has a single value, so its variation is unknown",
                where="part_sigma",
                remedy="use part_sigma constant or relative, or short_run_method deviation",
            )
        raise _no_variation(f"{what} does", "use part_sigma constant, or check the resolution")
    return np.asarray(totals / number / MOVING_RANGE_D2, dtype=np.float64)


def _no_variation(who: str, remedy: str) -> InputError:
    return InputError(f"{who} not vary, so there is no sigma", where="data", remedy=remedy)


def _sigmas_of_subgroups(
    groups: Subgroups, parts: Parts, part_sigma: str, basis: Basis
) -> FloatArray:
    if part_sigma == "run":
        raise InputError(
            "sigma by run is for single values",
            where="part_sigma",
            remedy="use part or constant with subgroups",
        )
    used = basis.used(groups.sizes.size, "subgroups")
    if part_sigma == "constant":
        sigmas = np.full(len(parts.names), within_sigma(groups, "rbar", used).sigma)
    else:
        sigmas = np.asarray(
            [
                within_sigma(groups, "rbar", used & (parts.index == i)).sigma
                for i in range(len(parts.names))
            ]
        )
    flat = np.flatnonzero(sigmas <= 0)
    if flat.size:
        raise _no_variation(
            f"part {parts.names[int(flat[0])]} does", "use part_sigma constant, or give sigma"
        )
    return sigmas


def _figures(
    points: FloatArray, parts: Parts, centers: FloatArray, sigmas: FloatArray
) -> list[PartFigures]:
    means = _means(points, parts.index)
    number = np.bincount(parts.index)
    return [
        PartFigures(
            part=name,
            points=int(number[i]),
            nominal=float(parts.nominals[i]) if math.isfinite(parts.nominals[i]) else None,
            mean=float(means[i]),
            center=float(centers[i]),
            sigma=float(sigmas[i]),
        )
        for i, name in enumerate(parts.names)
    ]


def _equal_spread(deviations: FloatArray, parts: Parts) -> Check:
    """Brown-Forsythe test that the parts vary alike, as one sigma for all supposes."""
    name = "parts vary alike"
    number = np.bincount(parts.index)
    several = number >= 2
    chosen = several[parts.index]
    groups, points = int(several.sum()), int(chosen.sum())
    if groups < 2 or points - groups < 4:
        return Check(name=name, status="unknown", detail="too few values of each part to judge")
    medians = np.zeros(number.size)
    for i in np.flatnonzero(several):
        medians[i] = np.median(deviations[parts.index == i])
    away = np.abs(deviations - medians[parts.index])[chosen]
    _, labels = np.unique(parts.index[chosen], return_inverse=True)
    sizes = np.bincount(labels)
    means = np.bincount(labels, weights=away) / sizes
    within = float(np.sum((away - means[labels]) ** 2)) / (points - groups)
    between = float(np.sum(sizes * (means - away.mean()) ** 2)) / (groups - 1)
    if within <= 0:
        return Check(name=name, status="unknown", detail="the values are too coarse to judge")
    p_value = float(special.fdtrc(groups - 1, points - groups, between / within))
    if p_value < 0.05:
        return Check(
            name=name,
            status="violated",
            detail=f"Brown-Forsythe test p = {p_value:.2g}: the parts vary differently, use "
            "short_run_method z",
        )
    return Check(name=name, status="ok", detail=f"Brown-Forsythe test p = {p_value:.2g}")


def _label(item: str | float) -> str:
    if isinstance(item, float) and item.is_integer():
        return str(int(item))
    return str(item)


def verify_short_run(result: ControlChart) -> list[Recomputed]:
    """The limits from the plotted points, by exact sums."""
    if not isinstance(result.ucl, float):
        return []
    if result.z is not None:
        upper = result.n_sigma / math.sqrt(result.subgroup_size or 1)
        return [
            Recomputed(
                name="ucl", value=result.ucl, recomputed=upper, route="limits of standard values"
            )
        ]
    if result.deviations is None or result.subgroup_size is not None:
        return []
    points = result.deviations
    center = math.fsum(points) / len(points)
    steps = math.fsum(abs(b - a) for a, b in itertools.pairwise(points)) / (len(points) - 1)
    return [
        Recomputed(
            name="ucl",
            value=result.ucl,
            recomputed=center + result.n_sigma * steps / 1.128,
            route="mean + 2.66 mean moving ranges of the deviations, exact summation",
        )
    ]
