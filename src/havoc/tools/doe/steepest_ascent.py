"""Path of steepest ascent or descent from a fitted first- or second-order surface.

Sources: Box & Wilson (1951), J. R. Statist. Soc. B 13, 1; Myers, Montgomery & Anderson-Cook,
Response Surface Methodology, chapter 5 (path, confidence cone of the direction) and 6.4; R. V.
Lenth (2009), J. Stat. Software 32(7) (paths of second-order fits).
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta
from scipy import stats

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.doe.factors import Coding
from havoc.tools.doe.quadratic import canonical_analysis
from havoc.tools.doe.steepest_ascent_result import SteepestAscent, narrate
from havoc.tools.doe.surface_fit import FittedSurface, fit_surface, region_of, terms_of
from havoc.tools.doe.surface_path import (
    PathPoint,
    actual_of,
    coordinate_panel,
    path_chart,
    path_points,
    ridge_point,
)
from havoc.tools.parameters import Alpha, FloatArray, Name, Unit
from havoc.tools.result import Recomputed

WHERE = "steepest_ascent"
_SHORTEST = 1e-9


@tool(
    "steepest_ascent",
    title="Path of steepest ascent",
    source="Box & Wilson (1951); Myers, Montgomery & Anderson-Cook, RSM, ch. 5",
)
def steepest_ascent(
    factors: Annotated[
        dict[str, list[float]], Meta(description="settings of each factor, natural or coded")
    ],
    response: Annotated[list[float], Meta(description="measured response of every run")],
    block: Annotated[list[str | float], Meta(description="block of every run")] = [],  # noqa: B006
    kind: Annotated[
        Literal["linear", "ridge", "canonical"],
        Meta(
            description="linear: first-order fit; ridge: curved path of a second-order fit; "
            "canonical: line from the stationary point along its main axis"
        ),
    ] = "linear",
    goal: Annotated[
        Literal["maximize", "minimize"], Meta(description="ascent or descent")
    ] = "maximize",
    steps: Annotated[int, Meta(ge=1, le=200, description="number of steps")] = 10,
    step: Annotated[
        float, Meta(gt=0, le=100, description="length of a step, as step_unit says")
    ] = 1.0,
    step_unit: Annotated[
        Literal["coded", "actual", "distance"],
        Meta(
            description="coded or actual units of the step factor, or coded distance along the path"
        ),
    ] = "coded",
    step_factor: Annotated[
        str, Meta(description="factor whose step is given; by default the one of largest slope")
    ] = "",
    center: Coding = {},  # noqa: B006
    half_range: Coding = {},  # noqa: B006
    alpha: Alpha = 0.05,
    response_name: Name = "the response",
    unit: Unit = "",
) -> SteepestAscent:
    """Which settings should be tried next to improve the response fastest?

    Use it after a first experiment far from the optimum: it gives the settings along the path in
    coded and in real units with the predicted response and the interval for one run. Run
    experiments along the path until the response gets worse, then make a new experiment there.
    Assumes that the fitted surface holds near the centre, independent errors of constant
    variance, and comparable coded units: the path depends on the coding.
    """
    model = "first_order" if kind == "linear" else "second_order"
    fitted = fit_surface(factors, response, block, model, center, half_range, WHERE)
    if fitted.fit.rss == 0 and fitted.fit.df > 0:
        raise InputError(
            "the model fits every response exactly, so there is no error to judge the path by",
            where=f"{WHERE} response",
            remedy="check the resolution of the measurement",
        )
    region = region_of(fitted, {}, WHERE)
    names = [scale.name for scale in fitted.scales]
    origin = np.zeros(len(names))
    if step < _SHORTEST:
        raise InputError(
            f"a step of {step:g} goes nowhere", where="step", remedy="give a step such as 1"
        )
    if kind == "linear":
        points, leading = _line(fitted, names, goal, steps, step, step_unit, step_factor)
    elif kind == "ridge":
        length = _length(step, step_unit, step_factor)
        found = [
            ridge_point(fitted.surface, number * length, goal)[0] for number in range(steps + 1)
        ]
        points, leading = found, names[int(np.abs(found[1]).argmax())]
    else:
        origin, axis = _main_axis(fitted, goal)
        length = _length(step, step_unit, step_factor)
        points = [origin + number * length * axis for number in range(-steps, steps + 1)]
        leading = names[int(np.abs(axis).argmax())]
    signed = (
        [number * _length(step, step_unit, step_factor) for number in range(-steps, steps + 1)]
        if kind == "canonical"
        else None
    )
    path = path_points(fitted, region, points, alpha, origin, signed)
    return _result(
        fitted,
        path,
        points,
        goal=goal,
        kind=kind,
        leading=leading,
        steps=steps,
        alpha=alpha,
        response_name=response_name,
        unit=unit,
    )


steepest_ascent.narrates(narrate)


@steepest_ascent.verifies
def _recompute(result: SteepestAscent, **_: object) -> list[Recomputed]:
    """Along a straight path of a plane the prediction grows by slope times distance."""
    if result.kind != "linear":
        return []
    slopes = {term.term: term.coefficient for term in result.terms}
    size = math.hypot(*(slopes[name] for name in result.factor_names))
    sign = 1 if result.goal == "maximize" else -1
    last = result.path[-1]
    return [
        Recomputed(
            name="last_predicted",
            value=result.last_predicted,
            recomputed=result.start_predicted + sign * size * last.distance,
            route="length of the slope times the distance",
            rtol=1e-9,
        )
    ]


def _line(
    fitted: FittedSurface,
    names: list[str],
    goal: str,
    steps: int,
    step: float,
    step_unit: str,
    step_factor: str,
) -> tuple[list[FloatArray], str]:
    """Points on the straight path, and the factor that sets the pace."""
    slope = fitted.surface.linear if goal == "maximize" else -fitted.surface.linear
    if not np.any(slope):
        raise InputError(
            "all slopes are zero, so there is no way up",
            where=f"{WHERE} response",
            remedy="use response_surface for a surface near its optimum",
        )
    if step_factor and step_factor not in names:
        raise InputError(
            f"there is no factor {step_factor}",
            where=f"{WHERE} step_factor",
            remedy=f"use one of {', '.join(names[:8])}",
        )
    leading = names.index(step_factor) if step_factor else int(np.abs(slope).argmax())
    if step_unit == "distance":
        move = slope / float(np.linalg.norm(slope)) * step
    else:
        if slope[leading] == 0:
            raise InputError(
                f"the slope of {names[leading]} is zero, so it cannot set the pace",
                where=f"{WHERE} step_factor",
                remedy="name another factor",
            )
        coded = step if step_unit == "coded" else step / fitted.scales[leading].half_range
        move = slope / abs(float(slope[leading])) * coded
    return [number * move for number in range(steps + 1)], names[leading]


def _length(step: float, step_unit: str, step_factor: str) -> float:
    if step_unit == "actual" or step_factor:
        raise InputError(
            "the path of a second-order surface is curved or skew, so its steps are distances",
            where=f"{WHERE} step_unit",
            remedy="give step as a coded distance, without a step factor",
        )
    return step


def _main_axis(fitted: FittedSurface, goal: str) -> tuple[FloatArray, FloatArray]:
    """Stationary point and the axis of steepest ascent (or descent) from it."""
    canonical = canonical_analysis(fitted.surface)
    if canonical.stationary is None:
        raise InputError(
            "the surface has no stationary point to start from",
            where=f"{WHERE} kind",
            remedy="use kind ridge",
        )
    axis = canonical.eigenvectors[:, 0 if goal == "maximize" else -1]
    # The sign of an axis is arbitrary: its largest part points up.
    return canonical.stationary, axis * np.sign(axis[int(np.abs(axis).argmax())])


def _result(
    fitted: FittedSurface,
    path: list[PathPoint],
    points: list[FloatArray],
    *,
    goal: str,
    kind: str,
    leading: str,
    steps: int,
    alpha: float,
    response_name: str,
    unit: str,
) -> SteepestAscent:
    ols = fitted.fit
    names = [scale.name for scale in fitted.scales]
    total = float(((fitted.values - fitted.values.mean()) ** 2).sum())
    move = points[1] - points[0]
    f, p_value = _slope_test(fitted)
    angle, excluded = _cone(fitted, alpha) if kind == "linear" else (None, None)
    best = (max if goal == "maximize" else min)(path, key=lambda point: point.predicted)
    start = path[len(path) // 2] if kind == "canonical" else path[0]
    word = "ascent" if goal == "maximize" else "descent"
    chart = path_chart(
        path,
        1 - alpha,
        response_name,
        unit,
        f"Predicted {response_name} along the path of steepest {word}",
    )
    chart.panels.append(coordinate_panel(path, names))
    pure = fitted.pure
    return SteepestAscent(
        method=_method(kind),
        unit=unit,
        response_name=response_name,
        factor_names=names,
        coding=fitted.scales,
        goal=goal,
        kind=kind,
        alpha=alpha,
        level=1 - alpha,
        n=len(fitted.values),
        terms=terms_of(fitted, alpha),
        direction=(move / float(np.linalg.norm(move))).tolist(),
        increment=[
            float(value) * scale.half_range
            for value, scale in zip(move, fitted.scales, strict=True)
        ],
        path=path,
        steps=steps,
        first_actual=actual_of(fitted.scales, points[1]),
        last_actual=path[-1].actual,
        last_predicted=path[-1].predicted,
        last_pi_low=path[-1].pi_low,
        last_pi_high=path[-1].pi_high,
        best_step=best.step,
        best_actual=best.actual,
        best_predicted=best.predicted,
        start_predicted=start.predicted,
        r_squared=1 - ols.rss / total,
        df_residual=ols.df,
        residual_sd=math.sqrt(ols.rss / ols.df) if ols.df else None,
        leading_factor=leading,
        F_slope=f,
        p_slope=p_value,
        significant=None if p_value is None else p_value < alpha,
        F_lack_of_fit=pure.f if pure else None,
        p_lack_of_fit=pure.p_value if pure else None,
        cone_angle_degrees=angle,
        direction_share_excluded=excluded,
        warnings=_warnings(path, p_value, pure.p_value if pure else None, excluded, alpha, kind),
        charts=[chart],
    )


def _method(kind: str) -> str:
    return {
        "linear": "first-order model by least squares in coded units; moves in proportion to the "
        "slopes",
        "ridge": "second-order model by least squares in coded units; best point at each distance "
        "from the centre (ridge analysis)",
        "canonical": "second-order model by least squares in coded units; line from the "
        "stationary point along the axis of its largest rise (descent: fall)",
    }[kind] + "; intervals for given settings, predictions for the first block"


def _slope_test(fitted: FittedSurface) -> tuple[float | None, float | None]:
    """F test that all first-order coefficients are zero."""
    ols, k = fitted.fit, len(fitted.scales)
    if ols.df == 0 or ols.rss == 0:
        return None, None
    start = 1 + fitted.n_blocks
    covariance = (ols.inverse_root @ ols.inverse_root.T)[start : start + k, start : start + k]
    slopes = ols.coefficients[start : start + k]
    f = float(slopes @ np.linalg.solve(covariance, slopes)) / k / (ols.rss / ols.df)
    return f, float(stats.f.sf(f, k, ols.df))


def _cone(fitted: FittedSurface, alpha: float) -> tuple[float | None, float | None]:
    """Half angle of the confidence cone of the direction, and the share of directions beyond it.

    Box & Draper (2007), 6.7: needs slopes of equal variance, as in orthogonal designs.
    """
    ols, k = fitted.fit, len(fitted.scales)
    start = 1 + fitted.n_blocks
    own = ols.unscaled[start : start + k]
    covariance = (ols.inverse_root @ ols.inverse_root.T)[start : start + k, start : start + k]
    if k < 2 or ols.df == 0 or ols.rss == 0:
        return None, None
    if float(np.abs(covariance - own.mean() * np.eye(k)).max()) > 1e-6 * float(own.mean()):
        return None, None
    variance = float(own.mean()) * ols.rss / ols.df
    size = float(fitted.surface.linear @ fitted.surface.linear)
    sine = (k - 1) * variance * float(stats.f.ppf(1 - alpha, k - 1, ols.df)) / size
    if sine >= 1:
        return 90.0, 0.5
    angle = math.asin(math.sqrt(sine))
    if angle == 0:
        return 0.0, 1.0
    inside = float(stats.t.sf(math.sqrt(k - 1) / math.tan(angle), k - 1))
    return math.degrees(angle), 1 - inside


def _warnings(
    path: list[PathPoint],
    p_slope: float | None,
    p_lack: float | None,
    excluded: float | None,
    alpha: float,
    kind: str,
) -> list[str]:
    warnings = []
    if any(not point.inside for point in path):
        warnings.append("the path leaves the tested region: its predictions are extrapolations")
    if p_slope is not None and p_slope >= alpha:
        warnings.append("the slopes are not significant, so the direction is uncertain")
    if p_lack is not None and p_lack < alpha:
        warnings.append(
            "the lack of fit is significant: a plane does not describe the runs"
            if kind == "linear"
            else "the lack of fit is significant: the surface is more complicated"
        )
    if excluded is not None and excluded < 0.9:
        warnings.append("the direction is poorly determined: replicate the experiment")
    return warnings
