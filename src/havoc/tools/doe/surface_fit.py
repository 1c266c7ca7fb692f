"""Fitting a response surface: model, tests, and the region where it can be trusted."""

from __future__ import annotations

import math

import msgspec
import numpy as np
from scipy import stats

from havoc.errors import InputError
from havoc.tools.doe.anova_row import AnovaRow, residual_rows
from havoc.tools.doe.factors import by_name
from havoc.tools.doe.least_squares import (
    Fit,
    PureError,
    block_dummies,
    fit,
    independent_columns,
    lack_of_fit,
)
from havoc.tools.doe.optimum import best_point
from havoc.tools.doe.quadratic import (
    Quadratic,
    second_order_columns,
    second_order_terms,
)
from havoc.tools.doe.surface_input import Scale, read_columns, scales_of
from havoc.tools.doe.variance_components import (
    MixedFit,
    adjusted_covariance,
    contrast_test,
    fit_mixed,
)
from havoc.tools.parameters import FloatArray, as_sample

MAX_STARTS = 60


class SurfaceTerm(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One coefficient of the model in coded units."""

    term: str
    coefficient: float
    std_error: float | None = None
    t: float | None = None
    p_value: float | None = None
    significant: bool | None = None
    df: float | None = None


class FittedSurface(msgspec.Struct, kw_only=True):
    """A fitted surface with the pieces that the report needs."""

    scales: list[Scale]
    coded: FloatArray
    values: FloatArray
    model: FloatArray
    fit: Fit
    names: list[str]
    n_blocks: int
    surface: Quadratic
    pure: PureError | None
    mixed: MixedFit | None = None

    @property
    def variance(self) -> float | None:
        """Variance of the error, or None where the model uses up all runs."""
        if self.mixed is not None:
            return float(self.mixed.components[-1])
        return self.fit.rss / self.fit.df if self.fit.df and self.fit.rss > 0 else None

    @property
    def covariance(self) -> FloatArray | None:
        """Covariance of the coefficients; for random blocks that of Kenward and Roger."""
        if self.mixed is not None:
            return adjusted_covariance(self.mixed)
        if self.variance is None:
            return None
        spread: FloatArray = self.variance * (self.fit.inverse_root @ self.fit.inverse_root.T)
        return spread

    def freedom(self, contrast: FloatArray) -> float:
        """Degrees of freedom of an estimate."""
        if self.mixed is None:
            return float(self.fit.df)
        return contrast_test(self.mixed, contrast[None, :], "kenward_roger").df_error

    def row(self, point: FloatArray) -> FloatArray:
        """Row of the model at a coded point, in the first block (random blocks: on average)."""
        count = self.model.shape[1] - self.n_blocks
        row = second_order_columns(point[None, :])[0, :count]
        return np.concatenate([row[:1], np.zeros(self.n_blocks), row[1:]])


class Region(msgspec.Struct, frozen=True, kw_only=True):
    """Where predictions are trusted, coded: a box and, with ``radius``, a sphere."""

    low: FloatArray
    high: FloatArray
    radius: float | None

    def holds(self, point: FloatArray) -> bool:
        inside = np.all((point >= self.low - 1e-9) & (point <= self.high + 1e-9))
        return bool(inside) and (
            self.radius is None or float(point @ point) <= self.radius**2 * (1 + 1e-9)
        )


def fit_surface(
    factors: dict[str, list[float]],
    response: list[float],
    block: list[str | float],
    model: str,
    center: dict[str, float] | list[float],
    half_range: dict[str, float] | list[float],
    where: str,
    *,
    random_block: bool = False,
) -> FittedSurface:
    values = as_sample(response, f"{where} response", minimum=3, varying=True)
    columns = read_columns(factors, len(values), where)
    names = list(columns)
    scales = scales_of(
        columns,
        by_name(center, names, f"{where} center"),
        by_name(half_range, names, f"{where} half_range"),
        where,
    )
    coded = np.column_stack([scale.coded(columns[scale.name]) for scale in scales])
    if block and len(block) != len(values):
        raise InputError(
            f"{len(block)} blocks but {len(values)} responses",
            where=f"{where} block",
            remedy="give the block of every run",
        )
    block_names, block_columns = block_dummies(block) if block else ([], np.zeros((len(values), 0)))
    if random_block and not block_names:
        raise InputError(
            "random blocks need at least two blocks",
            where=f"{where} block",
            remedy="give the block of every run",
        )
    k = len(names)
    count = {
        "second_order": 1 + 2 * k + k * (k - 1) // 2,
        "interactions": 1 + k + k * (k - 1) // 2,
        "first_order": 1 + k,
    }[model]
    if len(values) < count + len(block_names):
        raise InputError(
            f"{len(values)} runs cannot carry {count + len(block_names)} coefficients",
            where=f"{where} response",
            remedy="add runs (a central composite design has enough) or use a smaller model",
        )
    polynomial = second_order_columns(coded)[:, :count]
    matrix = np.column_stack([polynomial[:, :1], block_columns, polynomial[:, 1:]])
    terms = ["intercept", *(f"block {name}" for name in block_names)]
    terms += second_order_terms(names)[: count - 1]
    kept = independent_columns(matrix[:, 1:], matrix[:, :1])
    if len(kept) < matrix.shape[1] - 1:
        lost = next(index for index in range(matrix.shape[1] - 1) if index not in kept)
        raise InputError(
            f"the runs cannot estimate {terms[lost + 1]}",
            where=f"{where} factors",
            remedy="add runs such as axial and centre points, or use a smaller model",
        )
    fitted = fit(matrix, values)
    pure = lack_of_fit(coded, block_columns, values, fitted)
    mixed: MixedFit | None = None
    if random_block:
        if fitted.df < 1 or fitted.rss == 0:
            raise InputError(
                "no error is left beside the model and the blocks",
                where=f"{where} response",
                remedy="add runs, or use a smaller model",
            )
        groups = np.column_stack([block_columns @ np.arange(1, len(block_names) + 1)])[:, 0]
        mixed = fit_mixed(polynomial, values, [groups.astype(np.int64)], f"{where} block")
        matrix, terms = polynomial, [terms[0], *terms[1 + len(block_names) :]]
        fitted = msgspec.structs.replace(
            fitted,
            coefficients=mixed.coefficients,
            fitted=values - mixed.conditional,
            residuals=mixed.conditional,
            rss=float(mixed.conditional @ mixed.conditional),
        )
        block_names = []
    coefficients = np.zeros(1 + 2 * k + k * (k - 1) // 2)
    coefficients[0] = fitted.coefficients[0]
    coefficients[1:count] = fitted.coefficients[1 + len(block_names) :]
    return FittedSurface(
        scales=scales,
        coded=coded,
        values=values,
        model=matrix,
        fit=fitted,
        names=terms,
        n_blocks=len(block_names),
        surface=Quadratic.of(coefficients, k),
        pure=pure,
        mixed=mixed,
    )


def limits_of(
    scales: list[Scale],
    bounds: dict[str, list[float]] | list[float],
    tested: tuple[FloatArray, FloatArray] | None,
    where: str,
) -> tuple[FloatArray, FloatArray]:
    """Coded limits: the tested range, narrowed by the bounds that are given."""
    if isinstance(bounds, list):
        bounds = {scale.name: bounds for scale in scales} if bounds else {}
    low, high = np.zeros(len(scales)), np.zeros(len(scales))
    unknown = set(bounds) - {scale.name for scale in scales}
    if unknown:
        raise InputError(
            f"there is no factor {sorted(unknown)[0]}",
            where=f"{where} bounds",
            remedy="use the names of the factors",
        )
    for index, scale in enumerate(scales):
        given = bounds.get(scale.name)
        if given is None and tested is None:
            raise InputError(
                f"{scale.name} has no bounds", where=f"{where} bounds", remedy="give low and high"
            )
        if given is not None and (
            len(given) != 2 or not all(map(math.isfinite, given)) or given[0] >= given[1]
        ):
            raise InputError(
                f"the bounds of {scale.name} are not a low and a high limit",
                where=f"{where} bounds",
                remedy="give [low, high]",
            )
        ends = (
            [(limit - scale.center) / scale.half_range for limit in given] if given else [-1.0, 1.0]
        )
        low[index], high[index] = ends
        if tested is not None:
            first, last = float(tested[0][index]), float(tested[1][index])
            low[index] = first if given is None else max(first, ends[0])
            high[index] = last if given is None else min(last, ends[1])
            if low[index] > high[index]:
                raise InputError(
                    f"the bounds of {scale.name} lie outside the tested range",
                    where=f"{where} bounds",
                    remedy="predictions are only made inside the tested range",
                )
    return low, high


def region_of(
    fitted: FittedSurface, bounds: dict[str, list[float]] | list[float], where: str
) -> Region:
    tested = fitted.coded.min(axis=0), fitted.coded.max(axis=0)
    low, high = limits_of(fitted.scales, bounds, tested, where)
    radius = float(np.sqrt((fitted.coded**2).sum(axis=1).max()))
    corner = float(np.sqrt(np.maximum(low**2, high**2).sum()))
    # A cuboidal design has runs at its corners: there the box says it all.
    return Region(low=low, high=high, radius=radius if radius < corner * (1 - 1e-9) else None)


def best_setting_of(
    surface: Quadratic, region: Region, points: FloatArray, goal: str, target: float | None
) -> FloatArray:
    """The best setting in the region; searched from the tested points."""

    def loss(value: float) -> tuple[float, float]:
        if target is not None:
            return (value - target) ** 2, 2 * (value - target)
        return (value, 1.0) if goal == "minimize" else (-value, -1.0)

    middle = (region.low + region.high) / 2
    inside = np.clip(np.unique(np.round(points, 9), axis=0), region.low, region.high)
    scored = sorted(inside.tolist(), key=lambda point: loss(surface(np.array(point)))[0])
    starts = [middle, *(np.array(point) for point in scored[: MAX_STARTS - 1])]
    allowed = [start for start in starts if region.holds(start)] or [middle]
    return best_point(surface, region.low, region.high, region.radius, np.array(allowed), loss)


def terms_of(fitted: FittedSurface, alpha: float) -> list[SurfaceTerm]:
    ols, covariance = fitted.fit, fitted.covariance
    if covariance is None:
        return [
            SurfaceTerm(term=name, coefficient=float(value))
            for name, value in zip(fitted.names, ols.coefficients, strict=True)
        ]
    errors = np.sqrt(np.diag(covariance))
    ratios = ols.coefficients / errors
    freedom = np.array([fitted.freedom(row) for row in np.eye(len(ols.coefficients))])
    p_values = 2 * stats.t.sf(np.abs(ratios), freedom)
    return [
        SurfaceTerm(
            term=name,
            coefficient=float(value),
            std_error=float(error),
            t=float(ratio),
            p_value=float(p_value),
            significant=bool(p_value < alpha),
            df=float(df) if fitted.mixed is not None else None,
        )
        for name, value, error, ratio, p_value, df in zip(
            fitted.names, ols.coefficients, errors, ratios, p_values, freedom, strict=True
        )
    ]


def anova_of(fitted: FittedSurface, total: float) -> list[AnovaRow]:
    """Sequential sums of squares: blocks, linear, interactions, quadratics; residual parts."""
    if fitted.mixed is not None:
        return []
    ols, k = fitted.fit, len(fitted.scales)
    pairs = k * (k - 1) // 2
    sizes = [
        ("blocks", fitted.n_blocks),
        ("linear", k),
        ("two-factor interactions", pairs),
        ("pure quadratics", k),
    ]
    error = ols.rss / ols.df if ols.df and ols.rss > 0 else None
    rows: list[AnovaRow] = []
    used, before = 1, total
    for source, size in sizes:
        if size == 0 or used + size > fitted.model.shape[1]:
            continue
        used += size
        after = fit(fitted.model[:, :used], fitted.values).rss
        ss = max(before - after, 0.0)
        before = after
        f = ss / size / error if error else None
        rows.append(
            AnovaRow(
                source=source,
                df=size,
                ss=ss,
                ms=ss / size,
                F=f,
                p_value=float(stats.f.sf(f, size, ols.df)) if f is not None else None,
            )
        )
    return [*rows, *residual_rows(ols.df, ols.rss, fitted.pure, total, len(fitted.values))]


class SourceTest(msgspec.Struct, frozen=True, kw_only=True):
    """Test of all terms of one kind, with random blocks."""

    source: str
    df: int
    df_error: float
    F: float
    p_value: float


def source_tests(fitted: FittedSurface) -> list[SourceTest]:
    """Linear terms, interactions and squares, each tested together (Kenward-Roger)."""
    if fitted.mixed is None:
        return []
    k = len(fitted.scales)
    sizes = [("linear", k), ("two-factor interactions", k * (k - 1) // 2), ("pure quadratics", k)]
    found: list[SourceTest] = []
    start, width = 1, fitted.model.shape[1]
    for source, size in sizes:
        if size == 0 or start + size > width:
            continue
        test = contrast_test(fitted.mixed, np.eye(width)[start : start + size], "kenward_roger")
        start += size
        found.append(
            SourceTest(
                source=source, df=test.df, df_error=test.df_error, F=test.F, p_value=test.p_value
            )
        )
    return found
