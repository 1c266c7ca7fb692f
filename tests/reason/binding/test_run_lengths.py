"""Run lengths asked in words: the chart, its limits and the shift."""

from __future__ import annotations

from typing import Any

import pytest

from havoc.reason import ask

QUESTIONS: list[tuple[str, dict[str, Any]]] = [
    (
        "What is the ARL of a MEWMA chart with lambda 0.1, h = 8.64, two characteristics, for a "
        "shift of 1.5?",
        {"kind": "mewma", "lambda": 0.1, "h": 8.64, "characteristics": 2, "shift": [1.5]},
    ),
    (
        "ARL of a Hotelling T2 chart for three characteristics with ARL0 = 200, shift of 2",
        {"kind": "t2", "characteristics": 3, "arl0": 200.0, "shift": [2.0]},
    ),
    (
        "What is the average run length of a p chart with n = 100 when the fraction moves from "
        "10% to 15%?",
        {"kind": "p", "mean": 0.1, "shifted_mean": 0.15, "subgroup_size": 100},
    ),
    (
        "What is the ARL of an np chart, samples of 50, p-bar 0.2, if it rises to 0.4?",
        {"kind": "np", "mean": 0.2, "shifted_mean": 0.4, "subgroup_size": 50},
    ),
    (
        "How long is the run length of an individuals chart with Nelson rules, shift 1 sigma",
        {"kind": "i_mr", "rules": "nelson", "shift": 1.0},
    ),
    ("What is the run length of a zone chart for a 1 sigma shift?", {"kind": "zone"}),
]


@pytest.mark.parametrize(("question", "expected"), QUESTIONS)
def test_a_run_length_is_bound(question: str, expected: dict[str, Any]) -> None:
    answer = ask(question)
    assert answer.status == "answered"
    (call,) = (call for call in answer.tool_calls if call.purpose == "answer")
    assert call.operation == "arl"
    assert {name: call.args.get(name) for name in expected} == expected


def test_a_shift_of_the_mean_is_no_working_shift() -> None:
    answer = ask("What is the ARL of an individuals chart at a shift of 1 sigma?")
    assert "interval_hours" not in answer.tool_calls[0].args


def test_a_p_chart_without_its_sample_size_is_asked_back() -> None:
    answer = ask("What is the ARL of a p chart if the fraction moves from 10% to 15%?")
    assert answer.status == "needs_clarification"
