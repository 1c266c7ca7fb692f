"""Ridge analysis: the best response at every distance from the centre of the design.

Sources: A. E. Hoerl (1959), Chem. Eng. Progress 55, 69; N. R. Draper (1963), Technometrics 5, 469;
Myers, Montgomery & Anderson-Cook, Response Surface Methodology, 6.4.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from havoc.charts import ChartSpec
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.doe.factors import Coding
from havoc.tools.doe.quadratic import Quadratic, canonical_analysis
from havoc.tools.doe.surface_fit import fit_surface, region_of
from havoc.tools.doe.surface_input import Scale
from havoc.tools.doe.surface_path import (
    PathPoint,
    coordinate_panel,
    path_chart,
    path_points,
    ridge_point,
)
from havoc.tools.parameters import Alpha, Name, Unit, as_sample
from havoc.tools.result import Narrative, Outcome, Recomputed

WHERE = "ridge_analysis"


class RidgeAnalysis(Outcome):
    """``path`` has the best point on the sphere of every radius; ``multipliers`` its Lagrange
    multiplier (absent at the centre). ``edge_*`` is the best point at the farthest radius that
    the tested region holds."""

    response_name: str
    factor_names: list[str]
    coding: list[Scale]
    goal: str
    alpha: float
    level: float
    n: int
    kind: str
    eigenvalues: list[float]
    center_predicted: float
    path: list[PathPoint]
    multipliers: list[float | None]
    edge_radius: float
    edge_setting: dict[str, float]
    edge_actual: list[float]
    edge_predicted: float
    r_squared: float
    df_residual: int
    residual_sd: float | None = None
    edge_ci_low: float | None = None
    edge_ci_high: float | None = None
    edge_pi_low: float | None = None
    edge_pi_high: float | None = None


@tool(
    "ridge_analysis",
    title="Ridge analysis of a response surface",
    source="Hoerl (1959); Draper (1963), Technometrics 5, 469; Myers et al., RSM, 6.4",
)
def ridge_analysis(
    factors: Annotated[
        dict[str, list[float]], Meta(description="settings of each factor, natural or coded")
    ],
    response: Annotated[list[float], Meta(description="measured response of every run")],
    block: Annotated[list[str | float], Meta(description="block of every run")] = [],  # noqa: B006
    goal: Annotated[
        Literal["maximize", "minimize"], Meta(description="what is wanted")
    ] = "maximize",
    radii: Annotated[
        list[float], Meta(description="coded distances from the centre; else even steps")
    ] = [],  # noqa: B006
    max_radius: Annotated[
        float, Meta(gt=0, le=100, description="farthest distance; by default the outermost run")
    ]
    | None = None,
    steps: Annotated[int, Meta(ge=1, le=200, description="number of even steps")] = 10,
    center: Coding = {},  # noqa: B006
    half_range: Coding = {},  # noqa: B006
    alpha: Alpha = 0.05,
    response_name: Name = "the response",
    unit: Unit = "",
) -> RidgeAnalysis:
    """What is the best response at each distance from the centre, and at which settings?

    Use it when the stationary point of a second-order surface is a saddle, lies on a ridge or
    outside the tested region: it shows which way to go and how much is gained. Settings may be
    natural or coded. Assumes a second-order surface with independent errors of constant variance,
    and comparable coded units. Predictions hold for the first block.
    """
    fitted = fit_surface(factors, response, block, "second_order", center, half_range, WHERE)
    region = region_of(fitted, {}, WHERE)
    outermost = float(np.sqrt((fitted.coded**2).sum(axis=1).max()))
    distances = _distances(radii, max_radius or outermost, steps)
    found = [ridge_point(fitted.surface, distance, goal) for distance in distances]
    path = path_points(fitted, region, [point for point, _ in found], alpha, distances=distances)
    held = [point for point in path if point.inside]
    edge = held[-1] if held else path[0]
    canonical = canonical_analysis(fitted.surface)
    names = [scale.name for scale in fitted.scales]
    total = float(((fitted.values - fitted.values.mean()) ** 2).sum())
    verb = "highest" if goal == "maximize" else "lowest"
    drawn = path_chart(
        path,
        1 - alpha,
        response_name,
        unit,
        f"Ridge of {verb} {response_name} against the distance from the centre",
    )
    return RidgeAnalysis(
        method=(
            "second-order model by least squares in coded units; best point on spheres about the "
            "centre by Lagrange multipliers; intervals for given settings, predictions for the "
            "first block"
        ),
        unit=unit,
        response_name=response_name,
        factor_names=names,
        coding=fitted.scales,
        goal=goal,
        alpha=alpha,
        level=1 - alpha,
        n=len(fitted.values),
        kind=canonical.kind,
        eigenvalues=canonical.eigenvalues.tolist(),
        center_predicted=fitted.surface.constant,
        path=path,
        multipliers=[None if math.isinf(multiplier) else multiplier for _, multiplier in found],
        edge_radius=edge.distance,
        edge_setting=dict(zip(names, edge.actual, strict=True)),
        edge_actual=edge.actual,
        edge_predicted=edge.predicted,
        edge_ci_low=edge.ci_low,
        edge_ci_high=edge.ci_high,
        edge_pi_low=edge.pi_low,
        edge_pi_high=edge.pi_high,
        r_squared=1 - fitted.fit.rss / total,
        residual_sd=math.sqrt(fitted.fit.rss / fitted.fit.df) if fitted.fit.df else None,
        df_residual=fitted.fit.df,
        warnings=_warnings(path, fitted.fit.df),
        charts=[
            drawn,
            ChartSpec(
                kind="path",
                title=f"Settings along the ridge of {verb} {response_name}",
                panels=[coordinate_panel(path, names)],
            ),
        ],
    )


@ridge_analysis.narrates
def _narrate(result: RidgeAnalysis) -> Narrative:
    place = ", ".join(
        f"{{{{factor_names.{index}}}}} = {{{{edge_actual.{index}}}}}"
        for index in range(len(result.factor_names))
    )
    sign = 1.0 if result.goal == "maximize" else -1.0
    verb, back = ("rises", "falls") if sign > 0 else ("falls", "rises")
    inside = [i for i, point in enumerate(result.path) if point.inside]
    best = max(inside, key=lambda i: sign * result.path[i].predicted, default=0)
    gain = sign * (result.path[best].predicted - result.edge_predicted)
    details = []
    if gain > 0 and best > 0:
        # The ridge passes over the stationary point before it reaches the edge of the region.
        top = ", ".join(
            f"{{{{factor_names.{index}}}}} = {{{{path.{best}.actual.{index}}}}}"
            for index in range(len(result.factor_names))
        )
        conclusion = (
            f"The best predicted {{{{response_name}}}} on the ridge is "
            f"{{{{path.{best}.predicted:unit}}}}, at {top} (coded distance "
            f"{{{{path.{best}.distance}}}} from the centre, where {{{{center_predicted:unit}}}} "
            "is predicted)."
        )
        details.append(
            f"Beyond it the prediction {back} to {{{{edge_predicted:unit}}}} at the coded distance "
            f"{{{{edge_radius}}}}, at {place}."
        )
    else:
        conclusion = (
            f"From the centre to the coded distance {{{{edge_radius}}}} the best predicted "
            f"{{{{response_name}}}} {verb} from {{{{center_predicted:unit}}}} to "
            f"{{{{edge_predicted:unit}}}}, reached at {place}."
        )
    if result.edge_ci_low is not None:
        details.append(
            "There the {{level:%}} confidence interval of the mean runs from {{edge_ci_low}} to "
            "{{edge_ci_high:unit}}, the prediction interval of one run from {{edge_pi_low}} to "
            "{{edge_pi_high:unit}}."
        )
    details.append(
        {
            "maximum": "The surface has a maximum, so the ridge of highest response ends there.",
            "minimum": "The surface has a minimum, so the ridge of lowest response ends there.",
            "saddle": "The surface is a saddle: along the ridge it keeps changing.",
            "ridge": "The surface has no single stationary point.",
        }.get(result.kind, "The surface has no curvature.")
    )
    if any(not point.inside for point in result.path):
        details.append("Part of the path lies outside the tested region: confirm it by runs.")
    return Narrative(
        conclusion=conclusion,
        details=details,
        key_figures=[("eigenvalues", "{{eigenvalues}}"), ("R squared", "{{r_squared}}")],
    )


@ridge_analysis.verifies
def _recompute(
    result: RidgeAnalysis,
    factors: dict[str, list[float]],
    response: list[float],
    block: list[str | float],
    **_: object,
) -> list[Recomputed]:
    """The best of many random points on the outermost sphere is not better than the ridge."""
    center = {scale.name: scale.center for scale in result.coding}
    half = {scale.name: scale.half_range for scale in result.coding}
    fitted = fit_surface(factors, response, block, "second_order", center, half, WHERE)
    last = result.path[-1]
    return [
        Recomputed(
            name=f"path.{len(result.path) - 1}.predicted",
            value=last.predicted,
            recomputed=_searched(fitted.surface, last, result.goal),
            route="projected gradient search on the sphere from many starts",
            rtol=1e-6,
            atol=1e-8 * (1 + abs(last.predicted)),
        )
    ]


def _searched(surface: Quadratic, last: PathPoint, goal: str) -> float:
    """Best value on the sphere, by rising along it from many starts."""
    sign = -1.0 if goal == "minimize" else 1.0
    if last.distance == 0:
        return surface.constant
    generator = np.random.default_rng(1)
    points = generator.standard_normal((64, len(last.coded)))
    points *= last.distance / np.linalg.norm(points, axis=1, keepdims=True)
    # Power iteration on a shifted matrix rises at every round on the sphere.
    shift = float(np.abs(np.linalg.eigvalsh(surface.curvature)).max()) * 1.01
    moves = sign * surface.curvature + shift * np.eye(len(last.coded))
    for _ in range(5000):
        points = points @ moves.T + sign * surface.linear / 2
        points *= last.distance / np.linalg.norm(points, axis=1, keepdims=True)
    return float(max(sign * surface(point) for point in points) * sign)


def _distances(radii: list[float], farthest: float, steps: int) -> list[float]:
    if not radii:
        even: list[float] = np.linspace(0.0, farthest, steps + 1).tolist()
        return even
    given = as_sample(radii, f"{WHERE} radii")
    if np.any(given < 0) or given.max() > 100:
        raise InputError(
            "a radius is not between 0 and 100",
            where=f"{WHERE} radii",
            remedy="give coded distances from the centre",
        )
    return [float(radius) for radius in np.unique(given)]


def _warnings(path: list[PathPoint], df: int) -> list[str]:
    warnings = []
    if any(not point.inside for point in path):
        warnings.append("part of the path lies outside the tested region")
    if df == 0:
        warnings.append("the model uses up all runs, so there are no intervals")
    return warnings
