"""What a question could mean: plans side by side, each tried on the data before one is chosen.

The wording (and, where there is one, the network) name the likeliest operations and statuses.
For each, and for pairs where two requests are joined, the arguments are bound; whether that
works and how much of the data it uses says more about the meaning than the wording alone.
``features`` describe a candidate for the weights that choose (``choice``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from havoc.reading.question import Reading
from havoc.reading.turns import merge
from havoc.reason.binding import BINDERS
from havoc.reason.named import named_operation
from havoc.reason.patterns import hits
from havoc.reason.planner import (
    Context,
    Plan,
    RulePlanner,
    bind_all,
    joins_requests,
    separate,
    status_plan,
)
from havoc.reason.refinement import refine
from havoc.reason.wording import STATUSES, Guess

MOST = 5
"""Labels that each opinion may propose."""
LEAST = 0.03
"""Probability of a label in either opinion from which it is tried: below, the choice is as good
without it (``train_choice.py``), and a question tries half as many."""
FLOOR = 1e-4
FEATURES = (
    *("rules", "wording", "wording first", "model", "model first", "both first"),
    *("execute", "asks back", "concept", "declined", "out of scope", "unclear"),
    *("status with data", "execute without data", "asks back though another executes"),
    *("lists unused", "numbers unused", "tables unused", "arguments"),
    *("pair", "pair wording", "pair joined", "named", "rule hits", "refined", "unavailable"),
)
_SPAN = re.compile(r"question\[(\d+):(\d+)\]")
_NUMBER = re.compile(r"(?<![\w.])\d++(?:[.,]\d++)?")


@dataclass(frozen=True, slots=True)
class Candidate:
    """``labels`` as they were proposed, the plan they lead to, and ``features`` [FEATURES]."""

    labels: tuple[str, ...]
    plan: Plan
    features: NDArray[np.float64]


def candidates(
    reading: Reading,
    context: Context | None,
    wording: Sequence[Guess],
    model: Sequence[Guess] | None,
) -> list[Candidate]:
    """The plans to choose from, that of the rules first. ``model`` None: there is no network."""
    rules = RulePlanner().plan_from(list(wording), reading, context)
    merged = reading if context is None else merge(reading, context.reading)
    found: dict[tuple[str, ...], tuple[tuple[str, ...], Plan, bool]] = {}
    found[_key(rules)] = (_labels(rules), rules, False)
    for labels in _proposed(reading, wording, model):
        plan, refined = _planned(labels, merged, list(wording))
        found.setdefault(_key(plan), (labels, plan, refined))
    executes = any(plan.outcome == "execute" for _, plan, _ in found.values())
    opinions = [_probabilities(wording), _probabilities(model or ())]
    return [
        Candidate(labels, plan, _features(labels, plan, refined, merged, opinions, rules, executes))
        for labels, plan, refined in found.values()
    ]


def _proposed(
    reading: Reading, wording: Sequence[Guess], model: Sequence[Guess] | None
) -> list[tuple[str, ...]]:
    guesses = [*wording[:MOST], *(model or ())[:MOST]]
    likely = [guess.name for guess in guesses if guess.probability >= LEAST]
    named = named_operation(reading.text)
    if named:
        likely.append(named)
    singles = [(name,) for name in dict.fromkeys(likely)]
    if not joins_requests(reading.text):
        return list(singles)
    names = dict.fromkeys(guess.name for guess in guesses)
    operations = [name for name in names if name not in STATUSES][:4]
    pairs = [
        (first, second)
        for first in operations
        for second in operations
        if first != second and separate(first, second)
    ]
    return [*singles, *pairs]


def _planned(labels: tuple[str, ...], merged: Reading, guesses: list[Guess]) -> tuple[Plan, bool]:
    if labels[0] in STATUSES:
        return status_plan(labels[0], guesses, merged), False
    operations = refine(list(labels), merged)
    return bind_all(operations, merged, guesses), operations != list(labels)


def _labels(plan: Plan) -> tuple[str, ...]:
    if plan.outcome == "execute":
        return tuple(dict.fromkeys(binding.operation for binding in plan.bindings))
    if plan.outcome == "needs_clarification":
        return (plan.operation,) if plan.asks_for_arguments else ("unclear",)
    return (plan.outcome,)


def _key(plan: Plan) -> tuple[str, ...]:
    if plan.outcome == "execute":
        return ("execute", *(binding.operation for binding in plan.bindings))
    if plan.outcome == "needs_clarification":
        return (plan.outcome, plan.operation if plan.asks_for_arguments else "")
    return (plan.outcome,)


def _probabilities(guesses: Sequence[Guess]) -> dict[str, float]:
    return {guess.name: guess.probability for guess in guesses}


def _log(probability: float) -> float:
    return math.log(max(probability, FLOOR))


def _features(
    labels: tuple[str, ...],
    plan: Plan,
    refined: bool,
    reading: Reading,
    opinions: Sequence[Mapping[str, float]],
    rules: Plan,
    executes: bool,
) -> NDArray[np.float64]:
    wording, model = opinions
    first = labels[0]
    best = [max(opinion, key=lambda name: opinion[name], default="") for opinion in opinions]
    lists, numbers, tables = _unused(plan, reading)
    has_data = bool(reading.tables) or any(
        len(item.values) > 2 for block in reading.blocks for item in block.lists
    )
    status = first in STATUSES
    pair = len(labels) > 1
    hit = sum(name.startswith(f"{first}.") for name in hits(reading.text))
    values = {
        "rules": plan is rules,
        "wording": _log(wording.get(first, 0.0)),
        "wording first": best[0] == first,
        "model": _log(model.get(first, 0.0)) if model else 0.0,
        "model first": best[1] == first,
        "both first": best[0] == best[1] == first,
        "execute": plan.outcome == "execute",
        "asks back": plan.outcome == "needs_clarification" and not status,
        "concept": first == "concept",
        "declined": first == "declined",
        "out of scope": first == "out_of_scope",
        "unclear": first == "unclear",
        "status with data": status and has_data,
        "execute without data": plan.outcome == "execute" and not has_data,
        "asks back though another executes": plan.outcome == "needs_clarification" and executes,
        "lists unused": lists,
        "numbers unused": numbers,
        "tables unused": tables,
        "arguments": math.log1p(sum(len(binding.args) for binding in plan.bindings)),
        "pair": pair,
        "pair wording": _log(wording.get(labels[-1], 0.0)) if pair else 0.0,
        "pair joined": pair and joins_requests(reading.text),
        "named": named_operation(reading.text) == first,
        "rule hits": min(hit, 3),
        "refined": refined,
        "unavailable": not status and first not in BINDERS,
    }
    return np.array([float(values[name]) for name in FEATURES])


def _unused(plan: Plan, reading: Reading) -> tuple[float, float, float]:
    """Shares of the lists, single numbers and tables that the plan leaves aside."""
    if plan.outcome != "execute":
        return 0.0, 0.0, 0.0
    sources = " ".join(source for binding in plan.bindings for source in _sources(binding))
    spans = [(int(start), int(end)) for start, end in _SPAN.findall(sources)]

    def used(start: int, end: int) -> bool:
        return any(start < last and first < end for first, last in spans)

    lists = [i for block in reading.blocks for i in block.lists if len(i.values) > 2]
    inside = [(item.start, item.end) for item in lists]
    numbers = [
        match.span()
        for match in _NUMBER.finditer(reading.plain[:4000])
        if not any(start <= match.start() < end for start, end in inside)
    ]
    return (
        _share([not used(start, end) for start, end in inside]),
        _share([not used(*span) for span in numbers]),
        _share([table.source not in sources for table in reading.tables]),
    )


def _sources(binding: object) -> list[str]:
    provenance: Mapping[str, str] = getattr(binding, "provenance", {})
    return [str(source) for source in provenance.values()]


def _share(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags) if flags else 0.0
