"""The graders: they accept what is right and nothing else."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from havoc.cli import main
from havoc.eval.figures import matches, missing_figures
from havoc.eval.plans import plan_matches
from havoc.eval.questions import (
    Score,
    evaluate_author,
    evaluate_reference,
    grade_reference,
    operation_right,
)
from havoc.reason import ask
from havoc.reason.binding import Binding
from havoc.reason.planner import Plan
from havoc.reason.questions import Question

TWO = "Do they differ? A: 12.1 12.3 11.9 12.0 B: 12.8 12.6 13.0 12.7"


@pytest.mark.parametrize(
    ("value", "expected", "right"),
    [
        (1.0001, {"value": 1.0, "rtol": 1e-3}, True),
        (1.01, {"value": 1.0, "rtol": 1e-3}, False),
        (0.0005, {"value": 0.0, "atol": 1e-3}, True),
        (math.nan, {"value": 1.0, "rtol": 1e-3}, False),
        (None, {"value": 1.0, "rtol": 1e-3}, False),
        (True, {"value": 1.0, "rtol": 1e-3}, True),
        ("1.0", {"value": 1.0, "rtol": 1e-3}, False),
        ([1.0, 2.0], {"value": [1.0, 2.0]}, True),
        ([1.0], {"value": [1.0, 2.0]}, False),
        ([2.0, 1.0], {"value": [1.0, 2.0]}, False),
        (["AB", "C"], {"value": ["C", "BA"], "match": "set"}, True),
        (["AB"], {"value": ["C", "BA"], "match": "set"}, False),
        (3, {"value": 3, "match": "exact"}, True),
        (4, {"value": 3, "match": "exact"}, False),
    ],
)
def test_matching(value: Any, expected: dict[str, Any], right: bool) -> None:
    assert matches(value, expected) is right


def test_a_missing_or_wrong_figure_is_named() -> None:
    expected = {"t": {"value": 2.0, "rtol": 1e-3}, "df": {"value": 6, "rtol": 0}}
    assert missing_figures([{"t": 2.0001, "df": 6}], expected) == []
    assert missing_figures([{"t": 2.1, "df": 6}], expected) == ["t"]
    assert missing_figures([{"df": 6}], expected) == ["t"]
    assert missing_figures([], expected) == ["t", "df"]


def question(**more: Any) -> Question:
    base: dict[str, Any] = {"id": "x1", "author": "x", "question": TWO, "status": "answered"}
    return Question(**(base | more))


def plan(operation: str = "t_test_two_sample", **args: Any) -> Plan:
    return Plan(
        outcome="execute",
        operation=operation,
        bindings=[Binding(operation=operation, args=args)],
    )


def test_a_plan_must_hold_every_number_of_the_label() -> None:
    label = question(op="t_test_two_sample", args={"group1": [1.0, 2.5], "alpha": 0.01})
    assert plan_matches(plan(group1=[1.0, 2.5], group2=[9.0], alpha=0.01), label)
    assert plan_matches(plan(group1=[1.0, 2.5], group2=[9.0], confidence=0.99), label)
    assert not plan_matches(plan(group1=[1.0, 2.6], group2=[9.0], alpha=0.01), label)
    assert not plan_matches(plan(group1=[1.0, 2.5], group2=[9.0]), label)
    directed = question(op="t_test_two_sample", args={"alternative": "greater"})
    assert plan_matches(plan(alternative="greater"), directed)
    assert not plan_matches(plan(alternative="less"), directed)
    assert not plan_matches(plan(), directed)


def test_a_status_must_be_met() -> None:
    refused = question(op=None, status="declined")
    assert plan_matches(Plan(outcome="declined"), refused)
    assert operation_right(Plan(outcome="declined"), refused)
    assert not plan_matches(plan(), refused)
    assert not operation_right(plan(), refused)
    assert not plan_matches(Plan(outcome="out_of_scope"), question(op="describe"))
    unclear = question(op=None, status="needs_clarification")
    assert operation_right(Plan(outcome="needs_clarification"), unclear)
    assert not operation_right(plan(), unclear)


def test_two_requests_need_both_operations() -> None:
    both = question(op=["control_chart", "capability"])
    assert not operation_right(plan("capability"), both)
    joined = plan("capability")
    joined.bindings.append(Binding(operation="control_chart"))
    assert operation_right(joined, both)


def reference(**more: Any) -> dict[str, Any]:
    item = {
        "id": "q1",
        "question": TWO,
        "expected_tool_operation": "t_test_two_sample",
        "expected_answer": {"t": {"value": -5.7966, "rtol": 1e-4}},
        "key_args": {},
    }
    return item | more


def test_a_reference_question_needs_tool_and_figures() -> None:
    answer = ask(TWO)
    assert grade_reference(answer, reference()) == ""
    assert "figures not met: t" in grade_reference(
        answer, reference(expected_answer={"t": {"value": -5.9, "rtol": 1e-4}})
    )
    assert "operation" in grade_reference(answer, reference(expected_tool_operation="capability"))
    assert "status answered" in grade_reference(
        answer, reference(expected_tool_operation="clarify", expected_answer=None)
    )
    asked = ask("Is the process capable?")
    assert grade_reference(asked, reference(expected_tool_operation="clarify")) == ""
    assert grade_reference(asked, reference()) != ""


def test_a_share_has_its_interval() -> None:
    # Wilson interval of 8 of 10: 0.4902 to 0.9433.
    low, high = Score(name="x", right=8, total=10).interval
    assert (low, high) == (pytest.approx(0.4902, abs=5e-5), pytest.approx(0.9433, abs=5e-5))
    assert math.isnan(Score(name="x", right=0, total=0).share)


def test_files_are_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    questions = tmp_path / "reference.jsonl"
    questions.write_text(
        "\n".join(json.dumps(item) for item in (reference(), reference(id="q2", question="Hello")))
    )
    score, wrong = evaluate_reference(questions)
    assert (score.right, score.total) == (1, 2) and wrong[0].startswith("q2")
    author = tmp_path / "author-x.jsonl"
    lines = [
        {
            "id": "x1", "author": "x", "question": TWO, "op": "t_test_two_sample",
            "args": {"group1": [12.1, 12.3, 11.9, 12.0]}, "status": "answered",
        },
        {
            "id": "x2", "author": "x", "question": TWO, "op": "capability",
            "args": {}, "status": "answered",
        },
    ]  # fmt: skip
    author.write_text("\n".join(json.dumps(line) for line in lines))
    operation, whole, missed = evaluate_author(author)
    assert (operation.right, whole.right, whole.total) == (1, 1, 2)
    assert missed[0].startswith("x2")

    command = ["eval", "questions", "--reference", str(questions), "--authors", str(author)]
    assert main([*command, "--wrong"]) == 0
    shown = capsys.readouterr().out
    assert "reference questions" in shown and "1 of     2" in shown and "q2" in shown
    assert main(["eval", "questions", "--reference", str(tmp_path / "none")]) == 2
    author.write_text("no json\n")
    assert main(command) == 2
    assert "author-x.jsonl:1" in capsys.readouterr().err
