"""Search for the setting of largest overall desirability, and what is around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from scipy import optimize

from havoc.errors import InputError
from havoc.tools.doe.desirability_functions import Limits, Response, individual, overall_of
from havoc.tools.doe.factors import Factor
from havoc.tools.doe.polynomial import read_polynomial
from havoc.tools.doe.quadratic import Quadratic
from havoc.tools.doe.region import Constraint
from havoc.tools.doe.surface_fit import FittedSurface, Region, fit_surface, region_of
from havoc.tools.doe.surface_input import Scale, quadratic_of
from havoc.tools.doe.surface_path import band_at
from havoc.tools.parameters import FloatArray

DRAWN = 4096
STARTS = 12
STEP = 0.1


class Sensitivity(msgspec.Struct, frozen=True, kw_only=True):
    """Overall desirability when one factor leaves its best setting by a tenth of its range."""

    factor: str
    low_setting: float
    overall_low: float
    high_setting: float
    overall_high: float


class Prediction(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a response is predicted to be at the best setting: mean, and one further run."""

    name: str
    predicted: float
    ci_low: float | None = None
    ci_high: float | None = None
    pi_low: float | None = None
    pi_high: float | None = None
    r_squared: float | None = None
    inside_limits: bool | None = None


class Problem(msgspec.Struct, kw_only=True):
    """Surfaces over coded factors, the region that may be searched, and extra limits."""

    scales: list[Scale]
    surfaces: list[Quadratic]
    fits: list[FittedSurface]
    region: Region
    constraints: list[Constraint]
    limits: list[Limits]
    responses: list[Response]

    def values(self, point: FloatArray) -> list[float]:
        return [surface(point) for surface in self.surfaces]

    def actual(self, point: FloatArray) -> list[float]:
        return [scale.actual(float(x)) for scale, x in zip(self.scales, point, strict=True)]

    def overall(self, point: FloatArray) -> float:
        return overall_of(
            [
                individual(value, own, response.weight)
                for value, own, response in zip(
                    self.values(point), self.limits, self.responses, strict=True
                )
            ],
            [response.importance for response in self.responses],
        )

    def excess(self, point: FloatArray) -> float:
        """How far a point lies outside the sphere and the limits; zero inside."""
        out = 0.0
        if self.region.radius is not None:
            out += max(float(np.linalg.norm(point)) - self.region.radius, 0.0)
        settings = dict(zip((scale.name for scale in self.scales), self.actual(point), strict=True))
        for constraint in self.constraints:
            size = sum(abs(own) for own in constraint.coefficients.values())
            total = sum(own * settings[name] for name, own in constraint.coefficients.items())
            if constraint.most is not None:
                out += max(total - constraint.most, 0.0) / size
            if constraint.least is not None:
                out += max(constraint.least - total, 0.0) / size
        return out


def problem_of_expressions(
    responses: list[Response],
    limits: list[Limits],
    factors: list[Factor],
    constraints: list[Constraint],
    where: str,
) -> Problem:
    """Surfaces as given, over the ranges of the factors."""
    if not factors:
        raise InputError(
            "the expressions need factors with a range",
            where=f"{where} factors",
            remedy="give name, low and high of each factor",
        )
    names = [factor.name for factor in factors]
    low = np.array([-1.0 if factor.low is None else factor.low for factor in factors])
    high = np.array([1.0 if factor.high is None else factor.high for factor in factors])
    if np.any(low >= high):
        raise InputError(
            "a factor has no range", where=f"{where} factors", remedy="give low below high"
        )
    surfaces: list[Quadratic] = []
    for response in responses:
        if not response.expression:
            raise InputError(
                "it has no expression but others have",
                where=f"{where} {response.name}",
                remedy="give an expression for every response",
            )
        place = f"{where} {response.name}"
        surfaces.append(quadratic_of(read_polynomial(response.expression, place), names, place)[1])
    _check(constraints, names, where)
    return Problem(
        scales=[Scale(name=name, center=0.0, half_range=1.0) for name in names],
        surfaces=surfaces,
        fits=[],
        region=Region(low=low, high=high, radius=None),
        constraints=constraints,
        limits=limits,
        responses=responses,
    )


def problem_of_runs(
    responses: list[Response],
    limits: list[Limits],
    runs: dict[str, list[float]],
    block: list[str | float],
    model: str,
    bounds: dict[str, list[float]] | list[float],
    constraints: list[Constraint],
    where: str,
) -> Problem:
    """Surfaces fitted to the runs of one experiment; only the tested region is searched."""
    fits = []
    for response in responses:
        if not response.measured:
            raise InputError(
                "it has no measured values but others have",
                where=f"{where} {response.name}",
                remedy="give one measured value of every response for each run",
            )
        fits.append(
            fit_surface(runs, response.measured, block, model, {}, {}, f"{where} {response.name}")
        )
    _check(constraints, list(runs), where)
    return Problem(
        scales=fits[0].scales,
        surfaces=[own.surface for own in fits],
        fits=fits,
        region=region_of(fits[0], bounds, where),
        constraints=constraints,
        limits=limits,
        responses=responses,
    )


def _check(constraints: Sequence[Constraint], names: Sequence[str], where: str) -> None:
    for number, constraint in enumerate(constraints, 1):
        place = f"{where} constraint {number}"
        unknown = [name for name in constraint.coefficients if name not in names]
        if unknown:
            raise InputError(
                f"there is no factor {unknown[0]}", where=place, remedy="correct the name"
            )
        if constraint.forbidden or not any(constraint.coefficients.values()):
            raise InputError(
                "only linear limits can be kept here",
                where=place,
                remedy="give coefficients with least or most",
            )
        if constraint.least is None and constraint.most is None:
            raise InputError("it has no limit", where=place, remedy="give least or most")


def best_setting(problem: Problem, where: str) -> tuple[FloatArray, int]:
    """The best coded point, and how many of the searches ended there."""
    low, high = problem.region.low, problem.region.high
    spread = high - low
    k = len(low)

    def loss(unit: FloatArray) -> float:
        point = low + np.clip(unit, 0, 1) * spread
        return 1e3 * problem.excess(point) - problem.overall(point)

    generator = np.random.default_rng(1)
    starts = np.vstack([np.full((1, k), 0.5), generator.random((DRAWN, k))])
    ranked = sorted(starts, key=loss)
    if problem.excess(low + ranked[0] * spread) > 0:
        raise InputError(
            "no setting was found that keeps all limits",
            where=f"{where} constraints",
            remedy="relax a limit, or widen the ranges of the factors",
        )
    found = [
        # The desirability has kinks, so the search uses no derivatives.
        _polished(loss, start, k)
        for start in ranked[:STARTS]
    ]
    best = min([*found, ranked[0]], key=loss)
    reached = sum(1 for unit in found if loss(unit) <= loss(best) + 1e-6)
    return low + np.clip(best, 0, 1) * spread, reached


def _polished(loss: Callable[[FloatArray], float], start: FloatArray, k: int) -> FloatArray:
    unit = start
    for _ in range(2):
        # A second round from where the first one ended frees a collapsed simplex.
        result = optimize.minimize(
            loss,
            unit,
            method="Nelder-Mead",
            bounds=[(0.0, 1.0)] * k,
            options={"maxiter": 400 * k, "xatol": 1e-10, "fatol": 1e-13},
        )
        unit = np.clip(np.asarray(result.x, dtype=np.float64), 0, 1)
    return unit


def sensitivities(problem: Problem, best: FloatArray) -> list[Sensitivity]:
    """Overall desirability a tenth of the range to either side, one factor at a time."""
    found = []
    for index, scale in enumerate(problem.scales):
        move = STEP * float(problem.region.high[index] - problem.region.low[index])
        settings, overall = [], []
        for sign in (-1, 1):
            point = best.copy()
            point[index] = np.clip(
                point[index] + sign * move, problem.region.low[index], problem.region.high[index]
            )
            settings.append(scale.actual(float(point[index])))
            overall.append(problem.overall(point))
        found.append(
            Sensitivity(
                factor=scale.name,
                low_setting=settings[0],
                overall_low=overall[0],
                high_setting=settings[1],
                overall_high=overall[1],
            )
        )
    return found


def predictions(problem: Problem, best: FloatArray, alpha: float) -> list[Prediction]:
    """Every response at the best setting with its intervals."""
    found = []
    for fitted, response, own in zip(problem.fits, problem.responses, problem.limits, strict=True):
        band = band_at(fitted, best, alpha)
        total = float(((fitted.values - fitted.values.mean()) ** 2).sum())
        found.append(
            Prediction(
                name=response.name,
                predicted=fitted.surface(best),
                ci_low=band.ci_low if band else None,
                ci_high=band.ci_high if band else None,
                pi_low=band.pi_low if band else None,
                pi_high=band.pi_high if band else None,
                r_squared=1 - fitted.fit.rss / total,
                inside_limits=None
                if band is None
                else bool(own.low <= band.pi_low and band.pi_high <= own.high),
            )
        )
    return found
