"""Planners: from a question and its slots to an operator graph.

:class:`RulePlanner` is always there and needs no model file: wording decides the
operation, binders decide the arguments, and what is missing or impossible is
decided in code. Other planners implement the same ``plan``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from havoc.reading.question import Reading
from havoc.reading.turns import merge
from havoc.reason.binding import BINDERS, Binding, NeedsInput, bind
from havoc.reason.companions import companions
from havoc.reason.graph import OperatorGraph, Subgoal
from havoc.reason.named import named_operation
from havoc.reason.patterns import first_hit, hits, is_in_domain
from havoc.reason.refinement import refine
from havoc.reason.wording import STATUSES, Guess, guess
from havoc.tools import registry

SECOND_REQUEST = 0.12
_JOINED = re.compile(
    r"\b(?:and|then|also|plus|additionally|followed by|after that|too|as well|und|before)\b|\([ab]\)|[;,]\s*(?:and|then)\b|&|\bif so\b",
    re.IGNORECASE,
)


class Plan(msgspec.Struct, kw_only=True):
    """What a planner decided.

    ``outcome`` is ``execute`` with a graph, or a status with its ``reason``.
    ``operation`` is the operation meant, also when it cannot be executed.
    """

    outcome: Literal["execute", "needs_clarification", "declined", "out_of_scope", "concept"]
    operation: str = ""
    reason: str = ""
    ask: str = ""
    bindings: list[Binding] = []
    guesses: list[Guess] = []
    unavailable: list[str] = []
    asks_for_arguments: bool = False
    """The operation is clear, and something that it needs is missing or impossible."""
    probability: float | None = None
    """That the plan is right as a whole, where the planner is calibrated."""

    def graph(self) -> OperatorGraph:
        """The calls that answer the question, in the order asked."""
        graph = OperatorGraph()
        for index, binding in enumerate(self.bindings, start=1):
            graph.add(
                Subgoal(
                    id=f"g{index}",
                    description=registry.get(binding.operation).title,
                    operation=binding.operation,
                    args=binding.args,
                    provenance=binding.provenance,
                )
            )
        return graph


class Context(msgspec.Struct, kw_only=True):
    """The earlier turn of a follow-up."""

    reading: Reading
    operation: str = ""


class Planner(Protocol):
    """Anything that turns a question into a plan."""

    name: str

    def plan(self, reading: Reading, context: Context | None = None) -> Plan: ...


MOST_NAMES = 20


class RulePlanner:
    """Wording rules with learned weights for the operation, binders for the arguments."""

    name = "rules"

    def plan(self, reading: Reading, context: Context | None = None) -> Plan:
        if not reading.text.strip():
            return empty_plan()
        guesses = guess(reading, operation_before(context))
        return self.plan_from(guesses, reading, context)

    def plan_from(
        self, guesses: list[Guess], reading: Reading, context: Context | None = None
    ) -> Plan:
        """The plan that the rules make of what the wording is taken for, likeliest first."""
        best = guesses[0]
        if context is None and _only_names_columns(reading):
            return Plan(
                outcome="needs_clarification",
                reason="The question only names a column.",
                ask=_broad_question(reading),
                guesses=guesses,
            )
        merged = reading if context is None else merge(reading, context.reading)
        if best.name == "unclear" and _has_request(guesses):
            best = next(item for item in guesses if item.name not in STATUSES)
        if best.name in {"concept", "out_of_scope"} and _computable(best, reading):
            best = next(item for item in guesses if item.name not in STATUSES)
        if best.name == "concept" and context is None and not is_in_domain(reading.text):
            return status_plan("out_of_scope", guesses, merged)
        named = named_operation(reading.text)
        if named and best.name == "declined" and _declined_in_error(named, reading):
            return bind_all([named], merged, guesses)
        if named and best.name not in {"declined", "concept"}:
            return bind_all([named], merged, guesses)
        if best.name in STATUSES:
            return status_plan(best.name, guesses, merged)
        operations = refine(_requests(guesses, reading), merged)
        both = companion_plan(operations, reading, merged, guesses)
        return both or bind_all(operations, merged, guesses)


def companion_plan(
    operations: Sequence[str], reading: Reading, merged: Reading, guesses: list[Guess]
) -> Plan | None:
    """Both requests, where the text names two that go together and the data can carry both.

    ``operations`` is what the text was taken for: it must have seen one of them.
    """
    pair = companions(reading.text)
    if pair is None or not set(pair) & set(operations):
        return None
    plan = bind_all(list(pair), merged, guesses)
    bound = {binding.operation for binding in plan.bindings}
    return plan if plan.outcome == "execute" and bound == set(pair) else None


def empty_plan() -> Plan:
    """What is asked back where nothing was typed."""
    return Plan(
        outcome="needs_clarification",
        reason="The question is empty.",
        ask="What do you want to know about which data?",
    )


def operation_before(context: Context | None) -> str:
    """The operation of the earlier turn, said or guessed; nothing without an earlier turn."""
    if context is None:
        return ""
    return context.operation or _operation_of(context.reading)


def _declined_in_error(named: str, reading: Reading) -> bool:
    """A named method, no result that the data must give, and no wording of falsification.

    Phase I takes points out by its nature, and logs every one of them.
    """
    if _WANTS_RESULT.search(reading.text):
        return False
    return named == "phase_one" or not any(
        name.startswith("declined.") for name in hits(reading.text)
    )


_WANTS_RESULT = re.compile(
    r"\b(?:until|so\s+(?:that|it|the|we)|to\s+(?:get|make|pass|reach|hit)|pass(?:es)?|nobody|auditor"
    r"|customer|hide|without\s+(?:a\s+)?(?:log|trace|note)|look(?:s)?\s+(?:good|better|clean|stable)"
    r"|c\s?p\s?k?|ppk?|significant)\b",
    re.IGNORECASE,
)


def _only_names_columns(reading: Reading) -> bool:
    """A file and no request: every word of the question is the name of a column."""
    names = {column.name.lower() for table in reading.tables for column in table.columns}
    words = reading.text.lower().split()
    return 0 < len(words) <= MOST_NAMES and all(word.strip("?.,;") in names for word in words)


def _operation_of(reading: Reading) -> str:
    return next(item.name for item in guess(reading) if item.name not in STATUSES)


def _has_request(guesses: list[Guess]) -> bool:
    operation = next(item for item in guesses if item.name not in STATUSES)
    return operation.probability > 0.3 * guesses[0].probability


UNSURE = 0.7


def _asks_for_concept(reading: Reading) -> bool:
    return any(name.startswith("concept.") for name in hits(reading.text))


def _computable(best: Guess, reading: Reading) -> bool:
    """There are data or settings to work with, and the status is not sure."""
    if best.name == "concept" and reading.tables and not _asks_for_concept(reading):
        return True
    lists = any(len(item.values) >= 3 for block in reading.blocks for item in block.lists)
    if best.name == "out_of_scope" and (lists or reading.tables):
        return True
    return best.probability < UNSURE and (
        lists or bool(reading.tables) or len(reading.scalars) >= 2
    )


def joins_requests(text: str) -> bool:
    """Whether the wording could join two requests."""
    return _JOINED.search(text) is not None


def _requests(guesses: list[Guess], reading: Reading) -> list[str]:
    """The operations asked for: the best one, and a second where two are joined."""
    operations = [item for item in guesses if item.name not in STATUSES]
    chosen = [operations[0].name]
    second = operations[1]
    if (
        second.probability >= SECOND_REQUEST
        and joins_requests(reading.text)
        and separate(chosen[0], second.name)
    ):
        chosen.append(second.name)
        chosen.sort(key=lambda name: _position(name, reading.text))
    return chosen


_FAMILIES = (
    frozenset(
        {
            "t_test_one_sample",
            "t_test_two_sample",
            "t_test_paired",
            "mann_whitney",
            "wilcoxon_signed_rank",
            "sign_test",
            "anova_one_way",
            "anova_two_way",
            "kruskal_wallis",
            "friedman",
            "equivalence_test",
        }
    ),
    frozenset(
        {
            "full_factorial",
            "fractional_factorial",
            "plackett_burman",
            "box_behnken",
            "central_composite",
            "taguchi",
            "definitive_screening",
            "mixture",
            "latin_hypercube",
            "latin_square",
            "d_optimal",
            "split_plot",
            "response_surface",
            "doe_analyze",
        }
    ),
    frozenset({"capability", "capability_nonnormal"}),
    frozenset({"chi_square_independence", "chi_square_fit", "fisher_exact", "proportion_two"}),
    frozenset(
        {"regression_linear", "regression_multiple", "regression_polynomial", "logistic_regression"}
    ),
    frozenset({"gage_rr", "gage_type1"}),
    frozenset({"derivative", "solve", "simplify", "integral"}),
    frozenset({"proportion_one", "proportion_two"}),
    frozenset({"control_chart", "runs_rules", "arl"}),
    frozenset(
        {"control_chart", "t_test_paired", "t_test_two_sample", "wilcoxon_signed_rank", "sign_test"}
    ),
    frozenset({"confidence_interval", "t_test_one_sample"}),
    frozenset({"power_sample_size", "doe_power"}),
)


def separate(first: str, second: str) -> bool:
    """Two operations that are alternatives of each other are one request, not two."""
    return not any({first, second} <= family for family in _FAMILIES)


def _position(name: str, text: str) -> int:
    found = first_hit(name, text)
    return found if found is not None else len(text)


def status_plan(name: str, guesses: list[Guess], reading: Reading) -> Plan:
    """A plan that computes nothing, for one of STATUSES."""
    operation = next((item.name for item in guesses if item.name not in STATUSES), "")
    if name == "declined":
        return Plan(outcome="declined", operation=operation, guesses=guesses)
    if name == "out_of_scope":
        return Plan(outcome="out_of_scope", guesses=guesses)
    if name == "concept":
        return Plan(outcome="concept", operation=operation, guesses=guesses)
    return Plan(
        outcome="needs_clarification",
        operation=operation,
        reason="It is not clear what should be worked out.",
        ask=_broad_question(reading),
        guesses=guesses,
    )


def _broad_question(reading: Reading) -> str:
    if (
        any(len(item.values) > 1 for block in reading.blocks for item in block.lists)
        or reading.tables
    ):
        return (
            "What should be decided from these values: compare them with a target or with each "
            "other, check limits, or describe them?"
        )
    return "What do you want to decide, and which measurements do you have?"


def bind_all(operations: list[str], reading: Reading, guesses: list[Guess]) -> Plan:
    """The operations with their arguments, or what to ask back where one cannot be bound."""
    bindings: list[Binding] = []
    unavailable: list[str] = []
    for operation in operations:
        if operation not in BINDERS or operation not in registry:
            unavailable.append(operation)
            continue
        try:
            bound = bind(operation, reading)
            bindings += [bound, *bound.more]
        except NeedsInput as needed:
            if bindings:
                continue
            return Plan(
                outcome="needs_clarification",
                operation=operation,
                reason=_sentence(needed.what),
                ask=_sentence(needed.ask, "?"),
                guesses=guesses,
                asks_for_arguments=True,
            )
    if not bindings:
        name = unavailable[0]
        return Plan(
            outcome="out_of_scope",
            operation=name,
            reason=f"This version has no tool for {name.replace('_', ' ')}.",
            guesses=guesses,
            unavailable=unavailable,
        )
    return Plan(
        outcome="execute",
        operation=bindings[0].operation,
        bindings=bindings,
        guesses=guesses,
        unavailable=unavailable,
    )


def _sentence(text: str, end: str = ".") -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else text + end
