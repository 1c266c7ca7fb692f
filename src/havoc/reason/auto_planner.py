"""The planner that weighs the others: wording, network, and what the data can carry.

Candidates are tried on the data (``candidates``); a linear score over their features chooses.
Its weights, and those of the probability that the chosen plan is right as a whole, are learned
by ``benchmarks/train_choice.py`` from questions of authors whom neither the wording nor the
network had seen. A probability that low that asking is cheaper than being wrong lowers the
confidence of the answer; it never adds a figure.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

import msgspec
import numpy as np
from numpy.typing import NDArray

from havoc.errors import InputError
from havoc.reading.question import Reading
from havoc.reading.turns import merge
from havoc.reason.candidates import FEATURES, Candidate, candidates
from havoc.reason.named import named_operation
from havoc.reason.planner import (
    Context,
    Plan,
    RulePlanner,
    companion_plan,
    empty_plan,
    operation_before,
)
from havoc.reason.planner_model import PlannerModel, shipped_model
from havoc.reason.wording import guess, shipped

Floats = NDArray[np.float64]
FILE_NAME = "choice.npz"
LONGEST = 8_000
"""Characters up to which several plans are tried; no labelled question is half as long."""
LIKELY, SURE = 0.3, 0.9
"""Probabilities of the wording from which the plan of the rules stands: beside a file, and
where it asks back for what the method needs."""


_ASKS = [FEATURES.index("asks back"), FEATURES.index("unclear")]
ASKING = 1.75
"""Added to the score of a plan that asks back: a question too many costs a turn, a figure computed
from what is missing costs an audit (``docs/planning.md`` has what it costs and brings)."""


class AutoPlanner:
    """Rules, wording and the network, weighed by what became of their plans on the data."""

    name = "auto"

    def __init__(self, model: PlannerModel | None = None) -> None:
        """``model`` None: the network that ships with the package."""
        self._model = model or shipped_model()
        self._choice = shipped_choice()

    def plan(self, reading: Reading, context: Context | None = None) -> Plan:
        if not reading.text.strip():
            return empty_plan()
        before = operation_before(context)
        wording = guess(reading, before)
        if len(reading.text) > LONGEST:
            return RulePlanner().plan_from(wording, reading, context)
        found = candidates(reading, context, wording, self._model.guesses(reading, before))
        rules = found[0]
        from_file = len(reading.tables) > reading.pasted
        sure = wording[0].probability
        if (
            (from_file and sure >= LIKELY)
            or (rules.plan.asks_for_arguments and sure >= SURE)
            or not set(_operations(rules.plan)) <= set(shipped().classes)
            or named_operation(reading.text) in rules.labels
        ):
            # no labelled question comes with a file, or asks for a method that is called by its
            # name, or for an analysis that the data decide: nothing was learned about these
            return rules.plan
        chosen, probability = self._choice.best(found)
        merged = reading if context is None else merge(reading, context.reading)
        both = companion_plan(_operations(chosen.plan), reading, merged, wording)
        if both is not None:
            return msgspec.structs.replace(both, probability=probability)
        return msgspec.structs.replace(chosen.plan, probability=probability)


def _operations(plan: Plan) -> list[str]:
    named = [plan.operation] if plan.operation else []
    return [binding.operation for binding in plan.bindings] or named


class Choice(msgspec.Struct, frozen=True):
    """Weights over FEATURES [features], and those of the probability of being right.

    The latter over the lead, the features, and one for each of ``operations``, because the
    arguments of some are harder to read than those of others.
    """

    mean: Floats
    scale: Floats
    weights: Floats
    calibration: Floats
    operations: tuple[str, ...]

    def best(self, found: list[Candidate]) -> tuple[Candidate, float]:
        """The candidate with the highest score, and the probability that its plan is right."""
        features = np.array([item.features for item in found])
        scores = self.scores(features)
        place = int(np.argmax(scores))
        described = self.evidence(features[place], scores, place, found[place].labels[0])
        return found[place], float(1 / (1 + np.exp(-(self.calibration @ described))))

    def scores(self, features: Floats) -> Floats:
        """[candidates] of features [candidates, FEATURES]."""
        standardised: Floats = (features - self.mean) / self.scale
        asks = features[:, _ASKS].sum(axis=1)
        scores: Floats = standardised @ self.weights + ASKING * asks
        return scores

    def evidence(self, features: Floats, scores: Floats, place: int, operation: str) -> Floats:
        """What the probability depends on: the lead over the others, and the candidate itself."""
        others = np.delete(scores, place)
        lead = min(scores[place] - others.max(), 5.0) if len(others) else 5.0
        share = scores[place] - np.log(np.exp(scores - scores.max()).sum()) - scores.max()
        named = [operation == name for name in self.operations]
        described: Floats = np.concatenate(
            [[1.0, share, lead], (features - self.mean) / self.scale, named]
        )
        return described


@cache
def shipped_choice() -> Choice:
    """The weights in the package. Raises InputError where they belong to other features."""
    path = resources.files("havoc.reason") / FILE_NAME
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        if tuple(str(stored["features"]).split("\n")) != FEATURES:
            raise InputError(
                "holds weights of other features",
                where=FILE_NAME,
                remedy="learn them again with benchmarks/train_choice.py",
            )
        return Choice(
            **{name: stored[name] for name in ("mean", "scale", "weights", "calibration")},
            operations=tuple(str(stored["operations"]).split("\n")),
        )
