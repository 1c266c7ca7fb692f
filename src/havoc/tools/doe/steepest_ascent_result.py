"""What a path of steepest ascent reports: its figures and its words."""

from __future__ import annotations

from havoc.tools.doe.surface_fit import SurfaceTerm
from havoc.tools.doe.surface_input import Scale
from havoc.tools.doe.surface_path import PathPoint
from havoc.tools.result import Narrative, Outcome


class SteepestAscent(Outcome):
    """``path`` starts at the centre of the design (canonical: at the stationary point).

    ``direction`` has length one in coded units; ``increment`` is the move of every factor in its
    own units for one step. ``direction_share_excluded`` is the share of all directions that the
    confidence cone of the direction rules out: above 0.9 the direction is well determined.
    """

    response_name: str
    factor_names: list[str]
    coding: list[Scale]
    goal: str
    kind: str
    alpha: float
    level: float
    n: int
    terms: list[SurfaceTerm]
    direction: list[float]
    increment: list[float]
    path: list[PathPoint]
    steps: int
    first_actual: list[float]
    last_actual: list[float]
    last_predicted: float
    best_step: int
    best_actual: list[float]
    best_predicted: float
    start_predicted: float
    r_squared: float
    df_residual: int
    leading_factor: str
    F_slope: float | None = None
    p_slope: float | None = None
    significant: bool | None = None
    residual_sd: float | None = None
    last_pi_low: float | None = None
    last_pi_high: float | None = None
    F_lack_of_fit: float | None = None
    p_lack_of_fit: float | None = None
    cone_angle_degrees: float | None = None
    direction_share_excluded: float | None = None


def narrate(result: SteepestAscent) -> Narrative:
    names = range(len(result.factor_names))
    word = "ascent" if result.goal == "maximize" else "descent"
    move = ", ".join(
        f"{{{{factor_names.{index}}}}} by {{{{increment.{index}}}}}" for index in names
    )
    end = ", ".join(
        f"{{{{factor_names.{index}}}}} = {{{{last_actual.{index}}}}}" for index in names
    )
    interval = (
        "; one run there is predicted between {{last_pi_low}} and {{last_pi_high:unit}}"
        if result.last_pi_low is not None
        else ""
    )
    if result.kind == "linear":
        conclusion = (
            f"The path of steepest {word} changes {move} at every step; after {{{{steps}}}} steps, "
            f"at {end}, the model predicts {{{{last_predicted:unit}}}}{interval}."
        )
    else:
        conclusion = (
            f"The path of steepest {word} leads to {end}, where the model predicts "
            f"{{{{last_predicted:unit}}}}{interval}."
        )
    details = []
    if result.significant is False:
        details.append(
            "The slope is not significant (p {{p_slope:p}}), so the direction may be chance."
        )
    if result.direction_share_excluded is not None:
        details.append(
            "The {{level:%}} confidence cone rules out {{direction_share_excluded:%}} of all "
            "directions."
        )
    if any(not point.inside for point in result.path):
        details.append(
            "The path leaves the tested region: run experiments along it until the response gets "
            "worse."
        )
    if result.p_lack_of_fit is not None:
        details.append("Lack of fit of the model: p {{p_lack_of_fit:p}}.")
    shown = result.path[1:7] if result.kind == "linear" else result.path[:6]
    start = result.path.index(shown[0]) if shown else 0
    return Narrative(
        conclusion=conclusion,
        details=details,
        key_figures=[
            *(
                (
                    f"step {{{{path.{start + offset}.step}}}}",
                    _place(start + offset, names),
                )
                for offset in range(len(shown))
            ),
            ("R squared", "{{r_squared}}"),
        ],
    )


def _place(row: int, names: range) -> str:
    setting = ", ".join(
        f"{{{{factor_names.{index}}}}} = {{{{path.{row}.actual.{index}}}}}" for index in names
    )
    return f"{setting}: {{{{path.{row}.predicted:unit}}}}"
