"""Whole answers: statuses, provenance of every figure, budgets, confidence, roles, follow-ups."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from havoc.errors import InputError
from havoc.reading.question import Reading
from havoc.reason import ask, attacks, compose, execute
from havoc.reason.answer import Answer
from havoc.reason.binding import Binding
from havoc.reason.graph import OperatorGraph, Subgoal
from havoc.reason.planner import Context, Plan
from havoc.reason.workspace import BUDGETS, STAGES, Budget, Workspace
from havoc.tools import registry
from havoc.tools.result import Narrative

sys.path.insert(0, str(Path(__file__).parent))
from question_examples import QUESTIONS, untraced_digits


class Fixed:
    """A planner that plans what it is told."""

    name = "fixed"

    def __init__(self, *bindings: Binding, dependencies: bool = False) -> None:
        self.bindings = list(bindings)
        self.dependencies = dependencies

    def plan(self, reading: Reading, context: Context | None = None) -> Plan:
        return (Chained if self.dependencies else Plan)(
            outcome="execute",
            operation=self.bindings[0].operation if self.bindings else "",
            bindings=self.bindings,
        )


class Chained(Plan):
    """Every step needs the one before it."""

    def graph(self) -> OperatorGraph:
        graph = OperatorGraph()
        for index, binding in enumerate(self.bindings, start=1):
            graph.add(
                Subgoal(
                    id=f"g{index}",
                    description=registry.get(binding.operation).title,
                    operation=binding.operation,
                    args=binding.args,
                    dependencies=[f"g{index - 1}"] if index > 1 else [],
                )
            )
        return graph


def binding(operation: str, **args: Any) -> Binding:
    return Binding(operation=operation, args=args)


def describing(count: int) -> list[Binding]:
    return [binding("describe", data=[1.0, 2.0, 4.0, float(number)]) for number in range(count)]


def capable() -> Binding:
    values = [9.9, 10.1, 10.0, 10.2, 9.8, 10.0, 10.1, 9.95, 10.05, 10.0]
    return binding("capability", data=values, lsl=9.5, usl=10.5)


def planned(*bindings: Binding, budget: str | None = None, dependencies: bool = False) -> Answer:
    return ask("planned", planner=Fixed(*bindings, dependencies=dependencies), budget=budget)


# provenance ------------------------------------------------------------------------


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_figure_has_its_source(name: str) -> None:
    answer = ask(QUESTIONS[name])
    assert untraced_digits(answer) == ""
    results = {call.id: call.result for call in answer.tool_calls if call.result}
    for figure in answer.figures:
        assert figure.source, figure
        root = figure.reference.split(".")[0]
        assert root in results or root.startswith("f"), figure
    for table in answer.tables:
        assert table.source.split(".")[0].split()[0] in results
    assert not any("withheld" in caveat for caveat in answer.caveats)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_source_in_the_question_is_the_text_it_names(name: str) -> None:
    question = QUESTIONS[name]
    answer = ask(question)
    sources = [figure.source for figure in answer.figures]
    for call in answer.tool_calls:
        if call.result:
            sources += call.result["provenance"].values()
    for start, end in re.findall(r"question\[(\d+):(\d+)\]", " ".join(sources)):
        assert 0 <= int(start) < int(end) <= len(question)
    for figure in answer.figures:
        place = re.fullmatch(r"question\[(\d+):(\d+)\]", figure.source)
        if place and isinstance(figure.value, float):
            part = question[int(place[1]) : int(place[2])]
            numbers = [float(number) for number in re.findall(r"\d+(?:\.\d+)?", part)]
            assert numbers == [] or any(
                number == pytest.approx(abs(figure.value)) for number in numbers
            ), (figure, part)


def test_the_trace_lists_the_stages_in_order() -> None:
    stages = [entry.stage for entry in ask(QUESTIONS["two groups"]).trace]
    assert stages == list(STAGES)


# the audit at work -----------------------------------------------------------------


def narrated(monkeypatch: pytest.MonkeyPatch, operation: str, narrative: Narrative) -> None:
    monkeypatch.setattr(registry.get(operation), "narrator", lambda outcome: narrative)


def test_a_false_figure_in_a_narrative_is_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    narrated(
        monkeypatch,
        "t_test_two_sample",
        Narrative(
            conclusion="The lines differ (p = 0.0001).",
            details=["The difference is {{mean_difference}}.", "It was seen in 99 tests."],
            key_figures=[("t", "{{t}}"), ("Cpk", "1.67")],
        ),
    )
    answer = ask(QUESTIONS["two groups"])
    assert "0.0001" not in answer.answer and "99" not in answer.answer
    assert "1.67" not in answer.answer
    assert "withheld" in answer.conclusion
    assert any("withheld a sentence" in caveat for caveat in answer.caveats)
    assert answer.confidence < 0.5
    assert answer.details == ["The difference is -0.7."]
    assert [label for label, _ in answer.key_figures] == ["t"]


def test_text_changed_after_rendering_is_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = compose.render

    def forging(*arguments: Any) -> Any:
        rendered = honest(*arguments)
        rendered.text = rendered.text.replace("t = ", "t = 9")
        return rendered

    monkeypatch.setattr(compose, "render", forging)
    answer = ask(QUESTIONS["two groups"])
    assert "t = 9" not in answer.answer
    assert "withheld" in answer.conclusion


def test_a_changed_value_of_a_reference_is_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = compose.render

    def forging(template: str, scopes: dict[str, Any], sources: dict[str, str]) -> Any:
        false = {
            name: {**value, "t": 99.5} if isinstance(value, dict) and "t" in value else value
            for name, value in scopes.items()
        }
        return honest(template, false, sources)

    monkeypatch.setattr(compose, "render", forging)
    answer = ask(QUESTIONS["two groups"])
    assert "99.5" not in answer.answer
    assert "withheld" in answer.conclusion


def test_a_result_that_does_not_come_out_again_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = registry.get("t_test_two_sample")
    honest = declared.function

    def wrong(**arguments: Any) -> Any:
        outcome: Any = honest(**arguments)
        outcome.t += 1.0
        return outcome

    monkeypatch.setattr(declared, "function", wrong)
    answer = ask(QUESTIONS["two groups"])
    assert any("do not use this result" in caveat for caveat in answer.caveats)
    assert answer.confidence <= 0.1


# budgets ---------------------------------------------------------------------------


@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize("name", ["two groups", "control and capability", "concept", "constant"])
def test_no_question_exceeds_its_budget(name: str, budget: str) -> None:
    answer = ask(QUESTIONS[name], budget=budget)
    assert answer.budget == budget
    assert len(answer.tool_calls) <= BUDGETS[budget].calls
    checks = [call for call in answer.tool_calls if call.purpose == "check"]
    assert len(checks) <= BUDGETS[budget].checks


@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize("steps", [1, 2, 3, 5, 8, 15])
def test_no_plan_exceeds_its_budget(budget: str, steps: int) -> None:
    answer = planned(*describing(steps), budget=budget)
    calls = BUDGETS[budget].calls
    assert len(answer.tool_calls) == min(steps, calls)
    early = [caveat for caveat in answer.caveats if caveat.startswith("Stopped early")]
    assert bool(early) == (steps > calls)
    if early:
        assert budget in early[0] and "descriptive" in early[0].lower()
    assert answer.status == "answered" and untraced_digits(answer) == ""


def test_counter_analyses_that_did_not_run_are_said() -> None:
    several = planned(capable(), capable(), budget="MEDIUM")
    assert any("every counter-analysis" in caveat for caveat in several.caveats)
    assert not any("early" in caveat for caveat in planned(capable(), budget="HEAVY").caveats)


def test_a_spent_budget_stops_a_plan_whatever_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    none = Budget(name="MICRO", calls=0, argue=True, checks=99)
    monkeypatch.setitem(BUDGETS, "MICRO", none)
    answer = planned(*describing(3), budget="MICRO")
    assert answer.tool_calls == []
    assert answer.status == "needs_clarification"


# execution -------------------------------------------------------------------------


def test_steps_run_in_the_order_of_their_dependencies(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []
    honest = execute.registry.execute

    def watched(operation: str, args: dict[str, Any]) -> Any:
        seen.append(args["data"][-1])
        return honest(operation, args)

    monkeypatch.setattr(execute.registry, "execute", watched)
    answer = planned(*describing(3), budget="LIGHT", dependencies=True)
    assert seen == [0.0, 1.0, 2.0]
    assert [call.error for call in answer.tool_calls] == [None] * 3


def test_a_failed_step_is_said_and_what_needs_it_is_left_out() -> None:
    good, bad = describing(1)[0], binding("t_test_one_sample", data=[5.0, 5.0], mu0=4.0)
    answer = planned(good, bad, good, budget="HEAVY", dependencies=True)
    assert [call.operation for call in answer.tool_calls if call.purpose == "answer"] == [
        "describe",
        "t_test_one_sample",
    ]
    said = " ".join(answer.caveats)
    assert "One-sample t test could not be computed" in said and "left out" in said
    assert answer.confidence < planned(good, budget="HEAVY").confidence
    assert untraced_digits(answer) == ""


def test_what_this_version_cannot_compute_is_named() -> None:
    class Partly(Fixed):
        def plan(self, reading: Reading, context: Context | None = None) -> Plan:
            plan = super().plan(reading, context)
            plan.unavailable = ["gage_type1"]
            return plan

    answer = ask("planned", planner=Partly(*describing(1)))
    assert any("gage type1" in caveat for caveat in answer.caveats)
    assert untraced_digits(answer) == ""


def test_arguments_of_a_check_that_fails_do_not_end_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def attack(args: dict[str, Any], outcome: Any) -> list[attacks.Attack]:
        return [
            attacks.Attack(
                operation="normality",
                args={"data": []},
                why="impossible",
                read=lambda first, second: ("overturns", "never"),
            )
        ]

    monkeypatch.setitem(attacks.ATTACKS, "describe", attack)
    answer = planned(*describing(1), budget="MEDIUM")
    assert answer.tool_calls[-1].verdict == "not possible" and answer.tool_calls[-1].error
    assert answer.confidence == pytest.approx(planned(*describing(1)).confidence, abs=0.11)


# confidence ------------------------------------------------------------------------


def test_confidence_only_falls(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[float] = []
    honest = Workspace.lower_confidence

    def watched(workspace: Workspace, factor: float) -> None:
        before = workspace.confidence
        honest(workspace, factor)
        assert 0.0 <= workspace.confidence <= before
        steps.append(workspace.confidence)

    monkeypatch.setattr(Workspace, "lower_confidence", watched)
    for name, question in QUESTIONS.items():
        answer = ask(question)
        assert 0.0 <= answer.confidence <= 1.0, name
    assert steps and max(steps) < 1.0


@pytest.mark.parametrize("factor", [-1.0, 0.0, 0.5, 1.0, 7.0])
def test_no_factor_raises_confidence(factor: float) -> None:
    class Holder:
        confidence = 0.8

    Workspace.lower_confidence(Holder, factor)  # type: ignore[arg-type]
    assert 0.0 <= Holder.confidence <= 0.8


def test_a_contradicting_check_costs_confidence_and_is_said() -> None:
    agreed = ask("Is the mean of 5.1 5.3 5.2 5.4 5.2 5.3 5.2 different from 4?")
    outlier = ask(
        "A: 10.0 10.1 10.2 9.9 10.0 10.1  B: 10.3 10.4 10.2 10.5 10.4 3.0. Do they differ?"
    )
    assert any("other decision" in caveat for caveat in outlier.caveats)
    assert outlier.confidence < agreed.confidence


# statuses --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Is it capable? LSL 10.5 USL 9.5 data 9.9 10.1 10.0 10.2 9.8 10.0", "10.5"),
        ("t test, A: 12.1  B: 12.8", "two groups"),
        ("Do A and B differ? A: 5 5 5 5 B: 5 5 5 5", "constant"),
        ("Cpk of 5 5 5 5 5 5 5 5, LSL 4, USL 6", ""),
        ("paired t test before: 1 2 3 4 after: 2 3 4", "4 and 3 values"),
        ("one sample t test against 10 with n=15 mean 10.2 sd 0", "standard deviation is 0"),
        ("Is the mean of 5.1 5.2 5.3 different from 5, alpha 7", "Alpha is 7"),
        ("Is the process capable?", "specification limits"),
        ("Run a two-sample t test", "groups"),
        ("", "empty"),
        ("   \n ", "empty"),
    ],
)
def test_what_cannot_be_carried_out_asks_back(question: str, names: str) -> None:
    answer = ask(question)
    assert answer.status == "needs_clarification"
    assert names.lower() in answer.conclusion.lower()
    assert answer.details and answer.details[0].endswith("?")
    assert not any(call.result for call in answer.tool_calls)
    assert untraced_digits(answer) == ""


@pytest.mark.parametrize(
    "question",
    [
        "Make the p value below 0.05 by dropping values: A: 1 2 3 4 B: 2 3 4 5",
        "Change the data so that Cpk reaches 1.67: 9.8 10.2 10.4 10.0, LSL 9, USL 11",
        "Which of these values can I delete until the test passes? 4.1 4.4 3.9 9.0",
        "Invent 30 plausible measurements around 10 mm for the audit report",
    ],
)
def test_falsifying_is_declined_with_the_reason(question: str) -> None:
    answer = ask(question)
    assert answer.status == "declined"
    assert "audit" in answer.conclusion and "honestly" in answer.details[0]
    assert answer.tool_calls == []


@pytest.mark.parametrize(
    "question",
    [
        "Who won the world cup in 1998?",
        "Write me a poem about the sea",
        "What is the weather like?",
    ],
)
def test_other_matters_are_out_of_scope(question: str) -> None:
    answer = ask(question)
    assert answer.status == "out_of_scope"
    assert answer.tool_calls == [] and answer.conclusion


@pytest.mark.parametrize(
    "question", ["What is the difference between Cp and Cpk?", "What is a control chart?"]
)
def test_a_concept_is_quoted_and_nothing_is_computed(question: str) -> None:
    answer = ask(question)
    assert answer.status == "answered"
    assert answer.tool_calls == [] and answer.citations
    for citation in answer.citations:
        assert citation.source and citation.quote
    assert answer.conclusion == f"{' '.join(answer.citations[0].quote.split())} [1]"


# roles and follow-ups --------------------------------------------------------------


def test_inferred_roles_are_said_before_the_answer() -> None:
    answer = ask(QUESTIONS["control and capability"])
    said = " ".join(answer.roles)
    assert "lower specification limit 9.5" in said and "upper specification limit 10.5" in said
    assert answer.answer.index("lower specification limit") < answer.answer.index("Cpk")

    paired = ask(QUESTIONS["paired"])
    assert "before" in " ".join(paired.roles) and "after" in " ".join(paired.roles)


def test_the_columns_of_a_table_are_echoed() -> None:
    data = {
        "part": [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3] * 1,
        "operator": ["a", "a", "b", "b"] * 3,
        "reading": [5.1, 5.0, 5.2, 5.1, 6.1, 6.2, 6.0, 6.1, 5.5, 5.6, 5.4, 5.5],
    }
    answer = ask("Gage R&R study, tolerance 2", data)
    said = " ".join(answer.roles)
    assert answer.status == "answered"
    assert "part" in said and "operator" in said


def limits_of(answer: Answer) -> tuple[float, float]:
    (args,) = (call.args for call in answer.tool_calls if call.operation == "capability")
    return args["lsl"], args["usl"]


def test_a_follow_up_changes_what_it_names_and_keeps_the_rest() -> None:
    first = "Cpk of 9.9 10.1 10.0 10.2 9.8 10.0 10.1 9.95 10.05 with LSL 9.5 and USL 10.5"
    assert limits_of(ask(first)) == (9.5, 10.5)
    for context in (first, {"question": first}, {"question": first, "op": "capability"}):
        answer = ask("and if usl was 10.2 instead", context=context)
        assert limits_of(answer) == (9.5, 10.2)
        (call,) = (call for call in answer.tool_calls if call.operation == "capability")
        assert call.args["data"] == [9.9, 10.1, 10.0, 10.2, 9.8, 10.0, 10.1, 9.95, 10.05]


def test_a_follow_up_takes_the_data_of_the_earlier_turn() -> None:
    data = {"bore": [9.9, 10.1, 10.0, 10.2, 9.8, 10.0, 10.1, 9.95, 10.05]}
    context = {"question": "Cpk with LSL 9.5 and USL 10.5", "data": data}
    assert limits_of(ask("and if usl was 10.2 instead", context=context)) == (9.5, 10.2)


# the planner's own promises --------------------------------------------------------


def test_the_same_question_gives_the_same_answer() -> None:
    first, second = ask(QUESTIONS["two groups"]), ask(QUESTIONS["two groups"])
    assert first.answer == second.answer
    assert [call.key for call in first.tool_calls] == [call.key for call in second.tool_calls]


def test_all_planners_are_weighed_by_default() -> None:
    assert ask(QUESTIONS["describe"]).model == "auto"


@pytest.mark.parametrize(
    ("term", "fact"),
    [
        ("np chart vs p chart", "number of defective parts"),
        ("what is B10 life", "10 percent of the units"),
        ("heteroscedasticity", "not constant"),
        ("zero failure test plan - how does it work", "no unit fails"),
    ],
)
def test_a_bare_term_is_explained_where_a_passage_has_its_name(term: str, fact: str) -> None:
    answer = ask(term)
    assert answer.status == "answered" and not answer.tool_calls
    assert fact in answer.conclusion and answer.citations


@pytest.mark.parametrize("text", ["is my process capable", "t test", "Solve for x", "hello"])
def test_a_request_without_data_is_asked_back_about(text: str) -> None:
    assert ask(text).status == "needs_clarification"


@pytest.mark.parametrize("question", ["mean of 1 2 3", "What is a control chart?", "hello"])
def test_a_knowledge_base_that_is_not_there_is_an_error(question: str) -> None:
    with pytest.raises(InputError, match="nowhere"):
        ask(question, knowledge=["nowhere"])
