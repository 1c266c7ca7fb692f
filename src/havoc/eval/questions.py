"""Question sets: the reference questions with their figures, and labelled authors.

The reference set is right when the tool is right and every expected figure is met,
or when the right refusal comes. The labelled sets are scored twice: the operation
(or status), and the whole plan, that is operation, status and every labelled
argument that can be compared.
"""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import msgspec

from havoc.errors import InputError
from havoc.eval.figures import missing_figures
from havoc.eval.plans import plan_matches
from havoc.reading.question import read_question
from havoc.reason import ask
from havoc.reason.answer import Answer
from havoc.reason.planner import Context, Plan, Planner
from havoc.reason.planners import DEFAULT, planner_of
from havoc.reason.questions import Question, read_questions
from havoc.tools import registry

REFUSALS = {
    "clarify": {"needs_clarification"},
    "none": {"out_of_scope", "declined", "answered"},
}
FAMILIES = {
    "anova": {"anova_one_way", "anova_two_way"},
    "nonparametric": {
        "mann_whitney", "wilcoxon_signed_rank", "kruskal_wallis", "friedman", "sign_test",
    },
    "proportion_test": {"proportion_one", "proportion_two"},
    "chi_square": {"chi_square_independence", "chi_square_fit"},
    "control_chart": {"control_chart", "control_chart_constants"},
    "confidence_interval": {"confidence_interval", "proportion_one"},
}  # fmt: skip


class Score(msgspec.Struct, kw_only=True):
    """Right out of all, with the Wilson 95 % interval."""

    name: str
    right: int
    total: int

    @property
    def share(self) -> float:
        return self.right / self.total if self.total else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        if not self.total:
            return math.nan, math.nan
        z, n, p = 1.959963984540054, self.total, self.share
        center = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return center - half, center + half


class Report(msgspec.Struct, kw_only=True):
    scores: list[Score] = []
    wrong: list[str] = []


def grade_reference(answer: Answer, item: dict[str, Any]) -> str:
    """Why the answer to a reference question is wrong, or an empty string."""
    wanted = item["expected_tool_operation"]
    if wanted in REFUSALS:
        computed = [call for call in answer.tool_calls if call.purpose == "answer" and call.result]
        if answer.status not in REFUSALS[wanted] or computed:
            return f"status {answer.status}, wanted {wanted}"
        if wanted == "none" and answer.status == "answered" and "explain" not in item["key_args"]:
            return "explained instead of refused"
        return ""
    operations = {call.operation for call in answer.tool_calls if call.purpose == "answer"}
    if not operations & FAMILIES.get(wanted, {wanted}):
        return f"operation {', '.join(sorted(operations)) or answer.status}, wanted {wanted}"
    results = [
        call.result for call in answer.tool_calls if call.purpose == "answer" and call.result
    ]
    missing = missing_figures(results, item["expected_answer"] or {})
    return f"figures not met: {', '.join(missing)}" if missing else ""


def evaluate_reference(path: Path, planner: Planner | None = None) -> tuple[Score, list[str]]:
    right, wrong = 0, []
    items = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    for item in items:
        reason = grade_reference(ask(item["question"], planner=planner or DEFAULT), item)
        right += not reason
        if reason:
            wrong.append(f"{item['id']}: {reason}: {item['question'][:90]!r}")
    return Score(name="reference questions", right=right, total=len(items)), wrong


def plan_for(question: Question, planner: Planner | None = None) -> Plan:
    """The plan for a labelled question, by the planner that ``havoc.ask`` takes by itself."""
    context = None
    if question.context and isinstance(question.context.get("question"), str):
        context = Context(
            reading=read_question(question.context["question"]),
            operation=str(question.context.get("op") or ""),
        )
    planner = planner or planner_of(DEFAULT)
    return planner.plan(read_question(question.question), context)


def operation_right(plan: Plan, question: Question) -> bool:
    """Right operation (or the right status where nothing is to be computed)."""
    if question.status in {"concept", "declined", "out_of_scope"}:
        return plan.outcome == question.status
    if not question.operations:
        return plan.outcome == "needs_clarification"
    chosen = [binding.operation for binding in plan.bindings] or [plan.operation]
    if len(question.operations) > 1:
        return set(question.operations) == {*chosen, *plan.unavailable}
    meant = {*chosen, *plan.unavailable, plan.guesses[0].name if plan.guesses else ""}
    return question.operations[0] in meant


def evaluate_author(path: Path, planner: Planner | None = None) -> tuple[Score, Score, list[str]]:
    """Operation score and whole-plan score of one author."""
    questions = read_questions(path)
    operation, whole, wrong = 0, 0, []
    for question in questions:
        plan = plan_for(question, planner)
        named = operation_right(plan, question)
        operation += named
        complete = named and (plan_matches(plan, question) or plan_refused(plan, question))
        whole += complete
        if not complete:
            wrong.append(
                f"{question.id} {question.status} {question.op} -> {plan.outcome} "
                f"{[binding.operation for binding in plan.bindings] or plan.operation}: "
                f"{question.question[:110]!r}"
            )
    name = path.stem
    return (
        Score(name=f"{name} operation", right=operation, total=len(questions)),
        Score(name=f"{name} whole plan", right=whole, total=len(questions)),
        wrong,
    )


def plan_refused(plan: Plan, question: Question) -> bool:
    """Asked back after all: the plan runs, and the tool refuses data that cannot carry it."""
    if question.status != "needs_clarification" or plan.outcome != "execute":
        return False
    try:
        for binding in plan.bindings:
            registry.execute(binding.operation, binding.args)
    except InputError:
        return True
    return False


def evaluate_questions(
    reference: Path | None,
    authors: list[Path],
    *,
    sample: int | None = None,
    planner: Planner | None = None,
) -> Report:
    """Scores of the reference set and of every author file."""
    report = Report()
    if reference is not None:
        score, wrong = evaluate_reference(reference, planner)
        report.scores.append(score)
        report.wrong += wrong
    for path in authors:
        operation, whole, wrong = evaluate_author(path, planner)
        report.scores += [operation, whole]
        report.wrong += (
            wrong if sample is None else random.Random(0).sample(wrong, min(sample, len(wrong)))
        )
    return report
