"""Desirability: several responses judged, and set, together.

Each response is mapped to 0 (unacceptable) to 1 (ideal); the overall
desirability is the geometric mean, weighted by importance.

Source: G. Derringer and R. Suich, Simultaneous Optimization of Several Response
Variables, Journal of Quality Technology 12 (1980) 214-219.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta
from scipy import optimize

from havoc.charts import ChartSpec, Panel, Series
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.doe.factors import Factor
from havoc.tools.doe.polynomial import read_polynomial
from havoc.tools.doe.quadratic import Quadratic
from havoc.tools.doe.surface_input import quadratic_of
from havoc.tools.parameters import FloatArray
from havoc.tools.result import Narrative, Outcome, Recomputed

STARTS = 64


class Response(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One response: its goal and limits, and its value or the expression that predicts it.

    ``values`` has one value for each of several settings that are compared.

    maximize: desirability rises from low to target (or high). minimize: it falls from target (or
    low) to high. target: it rises from low to target and falls from there to high.
    """

    name: str = ""
    goal: Literal["maximize", "minimize", "target"]
    value: float | None = None
    values: list[float] = []
    expression: str = ""
    low: float | None = None
    target: float | None = None
    high: float | None = None
    weight: Annotated[float, Meta(gt=0)] = 1.0
    importance: Annotated[float, Meta(gt=0)] = 1.0


class ResponseDesirability(msgspec.Struct, frozen=True, kw_only=True):
    """One response and how desirable its value is."""

    name: str
    value: float
    desirability: float


class Alternative(msgspec.Struct, frozen=True, kw_only=True):
    """One of several settings: its overall desirability and that of each response."""

    name: str
    overall: float
    d: list[float]
    rank: int


class Desirability(Outcome):
    """``overall`` is the weighted geometric mean; ``by_name`` holds d_NAME of every response.

    ``best_setting`` is the setting of the factors that makes ``overall`` largest, if the responses
    are given as expressions. Of several settings the figures are those of ``best_alternative``;
    ``alternatives`` has them all.
    """

    overall: float
    responses: list[ResponseDesirability]
    by_name: dict[str, float]
    weakest: str
    acceptable: bool
    best_setting: dict[str, float] | None = None
    factor_names: list[str] | None = None
    best_values: list[float] | None = None
    alternatives: list[Alternative] | None = None
    best_alternative: str | None = None


@tool(
    "desirability",
    title="Desirability of several responses",
    source="Derringer & Suich (1980), J. Quality Technology 12, 214",
)
def desirability(
    responses: Annotated[
        list[Response], Meta(description="goal, limits and value or expression of each response")
    ] = [],  # noqa: B006
    factors: Annotated[
        list[Factor], Meta(description="name, low and high of the factors in the expressions")
    ] = [],  # noqa: B006
    d: Annotated[
        list[float], Meta(description="individual desirabilities, if they are known already")
    ] = [],  # noqa: B006
    weights: Annotated[list[float], Meta(description="importance of each of d")] = [],  # noqa: B006
    settings: Annotated[
        list[str], Meta(description="names of the settings that are compared")
    ] = [],  # noqa: B006
) -> Desirability:
    """How good is a setting for all responses together, and which setting is best?

    Use it when several responses must be met at once. Give measured or
    predicted values to judge one setting, or an expression of each response in
    the factors (with their ranges) to find the best setting.
    """
    where = "desirability"
    if d:
        return _of_known(d, weights, where)
    if not responses:
        raise InputError("no responses given", where=where, remedy="give responses or d")
    named = [
        msgspec.structs.replace(response, name=response.name or f"response {index}")
        for index, response in enumerate(responses, 1)
    ]
    if len({response.name for response in named}) != len(named):
        raise InputError(
            "two responses have the same name", where=where, remedy="name each differently"
        )
    limits = [_limits(response, where) for response in named]
    if any(response.values for response in named):
        return _of_alternatives(named, limits, settings, where)
    setting: dict[str, float] | None = None
    if any(response.expression for response in named):
        setting, values = _optimum(named, limits, factors, where)
    else:
        values = [_value(response, where) for response in named]
    return _outcome(
        [response.name for response in named],
        values,
        [
            individual(value, own, response.weight)
            for value, own, response in zip(values, limits, named, strict=True)
        ],
        [response.importance for response in named],
        setting,
    )


@desirability.narrates
def _narrate(result: Desirability) -> Narrative:
    if result.best_setting is not None:
        place = ", ".join(
            f"{{{{factor_names.{index}}}}} = {{{{best_values.{index}}}}}"
            for index in range(len(result.best_setting))
        )
        conclusion = (
            f"The best compromise is {place} with an overall desirability of {{{{overall}}}}."
        )
    elif result.alternatives is not None and result.acceptable:
        conclusion = (
            "{{best_alternative}} is the best compromise with an overall desirability of "
            "{{overall}}; {{weakest}} holds it back most."
        )
    elif result.alternatives is not None:
        conclusion = "None of the settings is acceptable for all responses."
    elif result.acceptable:
        conclusion = (
            "The overall desirability is {{overall}}; the response that holds it back most is "
            "{{weakest}}."
        )
    else:
        conclusion = "The setting is unacceptable: {{weakest}} is outside its limits."
    return Narrative(
        conclusion=conclusion,
        details=[
            f"{{{{alternatives.{index}.name}}}}: overall desirability "
            f"{{{{alternatives.{index}.overall}}}}."
            for index in range(min(len(result.alternatives or []), 12))
        ],
        key_figures=[
            *(
                (
                    f"desirability of {{{{responses.{index}.name}}}}",
                    f"{{{{responses.{index}.desirability}}}}",
                )
                for index in range(min(len(result.responses), 10))
            ),
            ("overall desirability", "{{overall}}"),
        ],
    )


@desirability.verifies
def _recompute(
    result: Desirability, responses: list[Response], weights: list[float], **_: object
) -> list[Recomputed]:
    importance = (
        [response.importance for response in responses]
        if responses
        else weights or [1.0] * len(result.responses)
    )
    if any(item.desirability == 0 for item in result.responses):
        again = 0.0
    else:
        logs = [
            weight * math.log(item.desirability)
            for weight, item in zip(importance, result.responses, strict=True)
        ]
        again = math.exp(math.fsum(logs) / math.fsum(importance))
    return [
        Recomputed(
            name="overall", value=result.overall, recomputed=again, route="mean of the logarithms"
        )
    ]


class _Limits(msgspec.Struct, frozen=True):
    """Desirability is 0 outside low and high, 1 from ``top_low`` to ``top_high``."""

    low: float
    top_low: float
    top_high: float
    high: float


def individual(value: float, limits: _Limits, weight: float) -> float:
    """Desirability of one value (Derringer & Suich, equations 2 and 3)."""
    if limits.top_low <= value <= limits.top_high:
        return 1.0
    if value <= limits.low or value >= limits.high:
        return 0.0
    if value < limits.top_low:
        return float(((value - limits.low) / (limits.top_low - limits.low)) ** weight)
    return float(((limits.high - value) / (limits.high - limits.top_high)) ** weight)


def _limits(response: Response, where: str) -> _Limits:
    place = f"{where} {response.name}"
    if response.goal == "maximize":
        low, top = response.low, response.target if response.target is not None else response.high
        needed = "low and target"
    elif response.goal == "minimize":
        low, top = response.target if response.target is not None else response.low, response.high
        needed = "target and high"
    else:
        low, top = response.low, response.high
        needed = "low, target and high"
    if low is None or top is None or (response.goal == "target" and response.target is None):
        raise InputError(f"{needed} are needed", where=place, remedy=f"give {needed}")
    if not (math.isfinite(low) and math.isfinite(top)) or low >= top:
        raise InputError(
            f"its limits {low:g} and {top:g} are not in rising order",
            where=place,
            remedy="give the lower limit below the upper one",
        )
    if response.goal == "maximize":
        return _Limits(low, top, math.inf, math.inf)
    if response.goal == "minimize":
        return _Limits(-math.inf, -math.inf, low, top)
    target = response.target if response.target is not None else low
    if not low < target < top:
        raise InputError(
            f"the target {target:g} is not between {low:g} and {top:g}",
            where=place,
            remedy="give low, target and high in rising order",
        )
    return _Limits(low, target, target, top)


def _value(response: Response, where: str) -> float:
    if response.value is None or not math.isfinite(response.value):
        raise InputError(
            "it has neither a value nor an expression",
            where=f"{where} {response.name}",
            remedy="give the value, or an expression for every response",
        )
    return response.value


def _of_known(d: list[float], weights: list[float], where: str) -> Desirability:
    if any(not 0 <= value <= 1 for value in d):
        raise InputError(
            "a desirability is not between 0 and 1", where=f"{where} d", remedy="correct it"
        )
    if weights and (len(weights) != len(d) or any(not weight > 0 for weight in weights)):
        raise InputError(
            f"{len(weights)} weights for {len(d)} desirabilities, each above 0",
            where=f"{where} weights",
            remedy="give one positive weight for each",
        )
    names = [f"response {index}" for index in range(1, len(d) + 1)]
    return _outcome(names, d, d, weights or [1.0] * len(d), None)


def overall_of(d: list[float], importance: list[float]) -> float:
    """Geometric mean weighted by importance."""
    total = math.fsum(importance)
    powers = [value ** (weight / total) for value, weight in zip(d, importance, strict=True)]
    return float(np.prod(powers))


def _of_alternatives(
    responses: list[Response], limits: list[_Limits], names: list[str], where: str
) -> Desirability:
    """Several settings compared by their overall desirability."""
    counts = {len(response.values) for response in responses}
    if len(counts) != 1:
        raise InputError(
            f"the responses have {', '.join(map(str, sorted(counts)))} values",
            where=f"{where} values",
            remedy="give one value of every response for each setting",
        )
    count = counts.pop()
    if names and len(names) != count:
        raise InputError(
            f"{len(names)} names for {count} settings", where=where, remedy="name each once"
        )
    if not all(math.isfinite(value) for response in responses for value in response.values):
        raise InputError("a value is not finite", where=f"{where} values", remedy="correct it")
    called = names or [f"setting {index}" for index in range(1, count + 1)]
    importance = [response.importance for response in responses]
    own = [
        [
            individual(response.values[index], limit, response.weight)
            for response, limit in zip(responses, limits, strict=True)
        ]
        for index in range(count)
    ]
    totals = [overall_of(d, importance) for d in own]
    ranked = sorted(range(count), key=lambda index: -totals[index])
    best = ranked[0]
    result = _outcome(
        [response.name for response in responses],
        [response.values[best] for response in responses],
        own[best],
        importance,
        None,
    )
    result.alternatives = [
        Alternative(
            name=called[index], overall=totals[index], d=own[index], rank=ranked.index(index) + 1
        )
        for index in range(count)
    ]
    result.best_alternative = called[best]
    return result


def _optimum(
    responses: list[Response], limits: list[_Limits], factors: list[Factor], where: str
) -> tuple[dict[str, float], list[float]]:
    """The setting with the largest overall desirability, searched from a fixed set of starts."""
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
    weights = [response.importance for response in responses]

    def loss(unit: FloatArray) -> float:
        point = low + np.clip(unit, 0, 1) * (high - low)
        d = [
            individual(surface(point), own, response.weight)
            for surface, own, response in zip(surfaces, limits, responses, strict=True)
        ]
        return -overall_of(d, weights)

    generator = np.random.default_rng(1)
    starts = generator.random((4096, len(names)))
    ranked = sorted(starts, key=loss)[:STARTS]
    best = ranked[0]
    for start in ranked[:8]:
        # The desirability has kinks, so the search uses no derivatives.
        found = optimize.minimize(
            loss,
            start,
            method="Nelder-Mead",
            bounds=[(0.0, 1.0)] * len(names),
            options={"maxiter": 400 * len(names), "xatol": 1e-10, "fatol": 1e-12},
        )
        if found.fun < loss(best):
            best = np.clip(found.x, 0, 1)
    point = low + best * (high - low)
    values = [surface(point) for surface in surfaces]
    return dict(zip(names, point.tolist(), strict=True)), values


def _outcome(
    names: list[str],
    values: list[float],
    d: list[float],
    importance: list[float],
    setting: dict[str, float] | None,
) -> Desirability:
    overall = overall_of(d, importance)
    warnings = []
    if setting is not None:
        warnings.append("the setting rests on the given expressions; confirm it by a run")
        if overall == 0:
            warnings.append("no setting in the ranges was found that is acceptable for all")
    return Desirability(
        method="Derringer-Suich desirability, geometric mean weighted by importance",
        overall=overall,
        responses=[
            ResponseDesirability(name=name, value=value, desirability=own)
            for name, value, own in zip(names, values, d, strict=True)
        ],
        by_name={f"d_{name}": own for name, own in zip(names, d, strict=True)},
        weakest=names[int(np.argmin(d))],
        acceptable=overall > 0,
        best_setting=setting,
        factor_names=list(setting) if setting is not None else None,
        best_values=list(setting.values()) if setting is not None else None,
        warnings=warnings,
        charts=[
            ChartSpec(
                kind="desirability",
                title=f"Desirability of each response: {names[int(np.argmin(d))]} is the weakest",
                panels=[
                    Panel(
                        x_scale="category",
                        y_label="desirability",
                        series=[Series(name="desirability", kind="bars", x=list(names), y=list(d))],
                    )
                ],
            )
        ],
    )
