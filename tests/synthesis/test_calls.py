"""Whole answers: calls point at slots and lose no figure, reasons and answers hold none."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from havoc.errors import HavocError
from havoc.infer.call_grammar import resolved
from havoc.reading.question import read_question
from havoc.reading.view import question_slots
from havoc.reason.binding import bind
from havoc.reason.questions import read_questions
from havoc.synthesis import Coverage, synthesize
from havoc.synthesis.calls import answer_for, pointing_call, reason_for
from havoc.tools import registry
from havoc.tools.facade import execute_json

QUESTIONS = Path(__file__).parents[1] / "questions"


def call_of(operation: str, question: str) -> dict[str, Any] | None:
    reading = read_question(question)
    return pointing_call(operation, bind(operation, reading).args, question_slots(reading))


def test_lists_numbers_and_choices_stand_in_the_call_as_slots_or_words() -> None:
    question = "Is oven A hotter than oven B at alpha 1 %? A: 201 203 199 B: 196 197 195"
    call = call_of("t_test_two_sample", question)
    assert call == {
        "tool": "python_math",
        "args": {
            "operation": "t_test_two_sample",
            "alpha": "<n0>",
            "group1": "<d0>",
            "group2": "<d1>",
            "alternative": "greater",
        },
    }
    assert reason_for(call).startswith("t test two sample of a ")


def test_groups_are_lettered_and_a_sample_keeps_its_fields() -> None:
    groups = call_of("anova_one_way", "anova of X: 1 2 4 Y: 2 3 3 Z: 5 6 8")
    assert groups is not None
    assert groups["args"]["groups"] == {"A": "<d0>", "B": "<d1>", "C": "<d2>"}
    sample = call_of("t_test_one_sample", "n=20 mean=5.2 s=0.3, test against 5")
    assert sample is not None
    assert set(sample["args"]["data"]) == {"n", "mean", "sd"}


def test_of_equal_values_each_slot_is_pointed_at_once() -> None:
    call = call_of("friedman", "friedman test, three judges: 3 1 2; 3 1 2; 1 2 3")
    assert call is not None
    assert len(set(call["args"]["groups"].values())) == 3


def test_a_call_with_a_figure_that_no_slot_stands_for_is_not_taught() -> None:
    assert pointing_call("t_test_one_sample", {"data": [1.0, 2.0], "mu0": 3.0}, {}) is None
    slots = {"<d0>": [1.0, 2.0]}
    assert pointing_call("t_test_one_sample", {"data": [1.0, 2.0], "mu0": 3.0}, slots) is None


@pytest.mark.parametrize("author", ["b", "h"])
def test_every_call_resolves_to_what_the_binders_read(author: str) -> None:
    taught = 0
    for item in read_questions(QUESTIONS / f"author-{author}.jsonl")[::3]:
        if item.status != "answered" or len(item.operations) != 1 or item.context:
            continue
        reading = read_question(item.question)
        slots = question_slots(reading)
        try:
            args = bind(item.operations[0], reading).args
            call = pointing_call(item.operations[0], args, slots)
            if call is None:
                continue
            wanted = registry.execute(item.operations[0], args)
            given = execute_json(resolved(call, slots))
        except HavocError:
            continue
        taught += 1
        first = wanted.figure_names()[:1]
        assert [given.quantities[n] for n in first] == [wanted.quantities[n] for n in first]
        assert not re.search(r"[0-9<>{}]", reason_for(call))
        shown = re.sub(r"\{\{r1\.\w+\}\}", "", answer_for(wanted, 1))
        assert not re.search(r"\d", shown)
    assert taught > 40


def test_whole_records_come_beside_those_that_name_the_operation() -> None:
    coverage = Coverage()
    questions = read_questions(QUESTIONS / "author-b.jsonl")[:60]
    records = list(synthesize(questions, 3, 0, coverage))
    whole = [record for record in records if record["meta"].get("form") == "whole"]
    assert len(whole) == sum(coverage.whole.values()) > 20
    for record in whole:
        kinds = [next(iter(segment)) for segment in record["completion"]]
        assert kinds[0] == "reason" and kinds[1] == "tool" and kinds[2] == "result"
        assert kinds[-1] == "text"
        assert not re.search(r"[\d<>{}]", record["completion"][0]["reason"])
