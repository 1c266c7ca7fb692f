"""How settings are scored where only the limits of the responses are known yet.

Source: G. Derringer and R. Suich (1980), Journal of Quality Technology 12, 214, equations 2-5.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np

from havoc.charts import ChartSpec, Panel, Series
from havoc.tools.doe.desirability_functions import Limits, Response, individual, limits_of
from havoc.tools.result import Narrative, Recomputed

_STEPS_OF_CURVE = 41


class ScoringRule(msgspec.Struct, frozen=True, kw_only=True):
    """How one response is scored: its value at desirability 0, one half and 1, on each side.

    ``zero_below`` and ``half_below`` belong to the side on which more is better, ``zero_above``
    and ``half_above`` to the other; a side that does not count is None. ``share`` is the
    importance as a share of all.
    """

    name: str
    goal: str
    zero_below: float | None
    half_below: float | None
    one: float
    half_above: float | None
    zero_above: float | None
    share: float


def rules_of(responses: list[Response], limits: list[Limits]) -> list[ScoringRule]:
    """The rule of every response, from its limits and its weight."""
    total = math.fsum(response.importance for response in responses)
    rules = []
    for response, own in zip(responses, limits, strict=True):
        rises, falls = math.isfinite(own.low), math.isfinite(own.high)
        half = 0.5 ** (1 / response.weight)
        rules.append(
            ScoringRule(
                name=response.name,
                goal=response.goal,
                zero_below=own.low if rises else None,
                half_below=own.low + half * (own.top_low - own.low) if rises else None,
                one=own.top_low if rises else own.top_high,
                half_above=own.high - half * (own.high - own.top_high) if falls else None,
                zero_above=own.high if falls else None,
                share=response.importance / total,
            )
        )
    return rules


def chart_of_rules(responses: list[Response], limits: list[Limits]) -> ChartSpec:
    """The desirability of each response over its limits, one panel each."""
    panels = []
    for response, own in zip(responses, limits, strict=True):
        start = own.low if math.isfinite(own.low) else own.top_high
        end = own.high if math.isfinite(own.high) else own.top_low
        x = sorted({*np.linspace(start, end, _STEPS_OF_CURVE).tolist(), *_peak(own)})
        panels.append(
            Panel(
                x_label=response.name,
                y_label="desirability",
                series=[
                    Series(
                        name="desirability",
                        kind="line",
                        x=list(x),
                        y=[individual(value, own, response.weight) for value in x],
                    )
                ],
            )
        )
    return ChartSpec(
        kind="desirability_functions",
        title="Desirability of each response over its limits",
        panels=panels,
    )


def _peak(own: Limits) -> list[float]:
    """The target, so that the curve reaches 1 there."""
    return [own.top_low] if own.top_low == own.top_high else []


def narrate_rules(rules: list[ScoringRule]) -> Narrative:
    """The rule in words."""
    details = []
    for index, rule in enumerate(rules):
        below = f"{{{{rules.{index}.zero_below}}}}"
        one, above = f"{{{{rules.{index}.one}}}}", f"{{{{rules.{index}.zero_above}}}}"
        name = f"{{{{rules.{index}.name}}}}"
        if rule.goal == "maximize":
            text = f"{name}: unacceptable up to {below}, ideal from {one} on"
        elif rule.goal == "minimize":
            text = f"{name}: ideal up to {one}, unacceptable from {above} on"
        else:
            text = f"{name}: ideal at {one}, unacceptable up to {below} and from {above} on"
        halves = [side for side in ("half_below", "half_above") if getattr(rule, side) is not None]
        at = " and ".join(f"{{{{rules.{index}.{side}}}}}" for side in halves)
        details.append(
            f"{text}, half as good at {at}; {{{{rules.{index}.share:%}}}} of the importance."
        )
    return Narrative(
        conclusion=(
            "No value to score was given, so this is the rule: each response gets a desirability "
            "between zero (unacceptable) and one (ideal), and the setting with the largest "
            "geometric mean of them, weighted by importance, is the best compromise; one "
            "unacceptable response makes the whole unacceptable."
        ),
        details=details,
        key_figures=[
            (f"ideal {{{{rules.{index}.name}}}}", f"{{{{rules.{index}.one}}}}")
            for index in range(min(len(rules), 10))
        ],
    )


def halves_again(rules: list[ScoringRule], responses: list[Response]) -> list[Recomputed]:
    """The desirability at every value that is said to be half as good as the ideal."""
    return [
        Recomputed(
            name=f"half of {rule.name}",
            value=individual(value, limits_of(response, "desirability"), response.weight),
            recomputed=0.5,
            route="desirability at the value said to be half as good",
        )
        for rule, response in zip(rules, responses, strict=True)
        for value in (rule.half_below, rule.half_above)
        if value is not None
    ]
