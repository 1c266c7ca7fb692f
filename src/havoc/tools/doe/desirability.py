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

from havoc.charts import ChartSpec, Limit, Panel, Series
from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.doe.desirability_functions import (
    Limits,
    Response,
    individual,
    limits_of,
    overall_of,
)
from havoc.tools.doe.desirability_rules import (
    ScoringRule,
    chart_of_rules,
    halves_again,
    narrate_rules,
    rules_of,
)
from havoc.tools.doe.desirability_search import (
    Prediction,
    Problem,
    Sensitivity,
    best_setting,
    predictions,
    problem_of_expressions,
    problem_of_runs,
    sensitivities,
)
from havoc.tools.doe.factors import Factor
from havoc.tools.doe.region import Constraint
from havoc.tools.parameters import Alpha, FloatArray
from havoc.tools.result import Narrative, Outcome, Recomputed

METHOD = "Derringer-Suich desirability, geometric mean weighted by importance"


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

    Where no value is given ``overall`` is None, and ``rules`` say how a setting is scored.

    ``best_setting`` is the setting of the factors that makes ``overall`` largest, if the responses
    are given as expressions or measured in the runs of an experiment; ``predictions`` has the
    intervals of each response there, ``sensitivity`` what becomes of ``overall`` around it,
    ``starts_agreeing`` how many of the searches ended there. Of several settings the figures are
    those of ``best_alternative``; ``alternatives`` has them all.
    """

    overall: float | None
    responses: list[ResponseDesirability]
    by_name: dict[str, float]
    weakest: str | None
    acceptable: bool | None
    rules: list[ScoringRule] | None = None
    best_setting: dict[str, float] | None = None
    factor_names: list[str] | None = None
    best_values: list[float] | None = None
    predictions: list[Prediction] | None = None
    sensitivity: list[Sensitivity] | None = None
    most_sensitive: str | None = None
    starts_agreeing: int | None = None
    alpha: float | None = None
    level: float | None = None
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
    runs: Annotated[
        dict[str, list[float]],
        Meta(description="settings of each factor in every run, where responses were measured"),
    ] = {},  # noqa: B006
    block: Annotated[list[str | float], Meta(description="block of every run")] = [],  # noqa: B006
    model: Annotated[
        Literal["second_order", "interactions", "first_order"],
        Meta(description="model fitted to measured responses"),
    ] = "second_order",
    bounds: Annotated[
        dict[str, list[float]] | list[float],
        Meta(description="low and high limit for the best setting, of each factor or of all"),
    ] = {},  # noqa: B006
    constraints: Annotated[
        list[Constraint],
        Meta(description="linear limits: least <= sum of coefficients times settings <= most"),
    ] = [],  # noqa: B006
    alpha: Alpha = 0.05,
) -> Desirability:
    """How good is a setting for all responses together, and which setting is best?

    Use it when several responses must be met at once. Give measured or
    predicted values to judge one setting; limits alone give the rule by which
    settings are scored; to find the best setting give an
    expression of each response in the factors (with their ranges), or the runs
    of an experiment with all responses measured: then each response at the
    optimum has its confidence and prediction interval. Assumes that the fitted
    models hold in the tested region and that the limits say what is acceptable.
    """
    where = "desirability"
    if d and responses:
        raise InputError(
            "desirabilities and responses are both given",
            where=where,
            remedy="give exactly one of d and responses",
        )
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
    limits = [limits_of(response, where) for response in named]
    if any(response.values for response in named):
        return _of_alternatives(named, limits, settings, where)
    setting: dict[str, float] | None = None
    problem = None
    if runs or any(response.measured for response in named):
        problem = problem_of_runs(named, limits, runs, block, model, bounds, constraints, where)
    elif any(response.expression for response in named):
        problem = problem_of_expressions(named, limits, factors, constraints, where)
    if problem is not None:
        point, reached = best_setting(problem, where)
        setting = dict(
            zip((scale.name for scale in problem.scales), problem.actual(point), strict=True)
        )
        values = problem.values(point)
    elif all(response.value is None for response in named):
        return _scoring(named, limits)
    else:
        values = [_value(response, where) for response in named]
    result = _outcome(
        [response.name for response in named],
        values,
        [
            individual(value, own, response.weight)
            for value, own, response in zip(values, limits, named, strict=True)
        ],
        [response.importance for response in named],
        setting,
    )
    if problem is not None:
        _around(result, problem, point, reached, alpha)
    return result


def _around(
    result: Desirability, problem: Problem, point: FloatArray, reached: int, alpha: float
) -> None:
    """Intervals at the optimum, and how fast it is lost around it."""
    result.starts_agreeing = reached
    result.sensitivity = sensitivities(problem, point)
    losses = [min(item.overall_low, item.overall_high) for item in result.sensitivity]
    result.most_sensitive = result.sensitivity[int(np.argmin(losses))].factor
    result.charts.append(_sensitivity_chart(result.sensitivity, problem.overall(point)))
    if not problem.fits:
        return
    result.predictions = predictions(problem, point, alpha)
    result.alpha, result.level = alpha, 1 - alpha
    risky = [item.name for item in result.predictions if item.inside_limits is False]
    if risky:
        result.warnings.append(
            f"a single run at the best setting may leave the limits of {', '.join(risky)}: the "
            "prediction interval reaches beyond them"
        )


@desirability.narrates
def _narrate(result: Desirability) -> Narrative:
    if result.rules is not None:
        return narrate_rules(result.rules)
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
    spans = [
        f"{{{{predictions.{index}.name}}}} is predicted at {{{{predictions.{index}.predicted}}}}; "
        f"its mean lies between {{{{predictions.{index}.ci_low}}}} and "
        f"{{{{predictions.{index}.ci_high}}}}, a single run between "
        f"{{{{predictions.{index}.pi_low}}}} and {{{{predictions.{index}.pi_high}}}} "
        "({{level:%}} intervals)."
        for index, item in enumerate(result.predictions or [])
        if item.pi_low is not None
    ]
    if result.most_sensitive is not None:
        spans.append("Hold {{most_sensitive}} most tightly: the compromise suffers most from it.")
    return Narrative(
        conclusion=conclusion,
        details=[
            *spans,
            *(
                f"{{{{alternatives.{index}.name}}}}: overall desirability "
                f"{{{{alternatives.{index}.overall}}}}."
                for index in range(min(len(result.alternatives or []), 12))
            ),
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
    if result.overall is None:
        return halves_again(result.rules or [], responses)
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


def _sensitivity_chart(items: list[Sensitivity], overall: float) -> ChartSpec:
    return ChartSpec(
        kind="sensitivity",
        title="Overall desirability when one factor moves by a tenth of its range",
        panels=[
            Panel(
                x_scale="category",
                y_label="overall desirability",
                series=[
                    Series(
                        name="lower",
                        kind="points",
                        x=[item.factor for item in items],
                        y=[item.overall_low for item in items],
                    ),
                    Series(
                        name="higher",
                        kind="points",
                        x=[item.factor for item in items],
                        y=[item.overall_high for item in items],
                    ),
                ],
                limits=[Limit(label="best", role="target", value=overall)],
            )
        ],
    )


def _value(response: Response, where: str) -> float:
    if response.value is None or not math.isfinite(response.value):
        raise InputError(
            "it has neither a value nor an expression",
            where=f"{where} {response.name}",
            remedy="give the value, or an expression for every response",
        )
    return response.value


def _scoring(responses: list[Response], limits: list[Limits]) -> Desirability:
    """How every response is scored, where there is no value to score yet."""
    return Desirability(
        method=METHOD,
        overall=None,
        responses=[],
        by_name={},
        weakest=None,
        acceptable=None,
        rules=rules_of(responses, limits),
        warnings=["no values were given: give those of each setting to have them ranked"],
        charts=[chart_of_rules(responses, limits)],
    )


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


def _of_alternatives(
    responses: list[Response], limits: list[Limits], names: list[str], where: str
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
        warnings.append("the setting rests on the models of the responses; confirm it by a run")
        if overall == 0:
            warnings.append("no setting in the ranges was found that is acceptable for all")
    return Desirability(
        method=METHOD,
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
