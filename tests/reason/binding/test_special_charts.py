"""Laney, rare-event, short-run and staged charts, asked for in words."""

from __future__ import annotations

from typing import Any

import pytest

from havoc.reason import ask

VALVE = "286 948 536 124 816 729 4 143 431 8"
FLOW = [9, 10, 11, 9, 10, 12, 9, 10, 13, 15, 14, 15, 16, 14, 15, 14, 16]


def arguments(question: str, data: Any = None) -> tuple[str, dict[str, Any]]:
    answer = ask(question, data)
    assert answer.status == "answered", answer.answer
    (call,) = (item for item in answer.tool_calls if item.purpose == "answer")
    return call.operation, call.args


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("samples are huge, Laney chart: n 12000 15000 11000, bad 130 190 90", "laney_p"),
        ("p' chart (Laney) bad/n: 120/9000 180/9500 90/8800 210/9100", "laney_p"),
        ("u' chart: defects 120 180 90 210 on areas 9000 9500 8800 9100", "laney_u"),
        ("days between lost time accidents 40 12 65 33 8 51 90. chart for rare stuff", "g"),
        ("g chart of 120 80 200 15 90 310", "g"),
        (f"t chart of hours between failures: {VALVE}", "t"),
        ("Hours between stops 1.5 2.5 0.7 9.1, rare event chart", "t"),
        ("moving average chart with span 3: 9.4 8.0 9.3 11.7 12.2 10.2", "moving_average"),
        ("zone chart of 9.4 8.0 9.3 11.7 12.2 10.2", "zone"),
    ],
)
def test_the_name_chooses_the_kind(question: str, expected: str) -> None:
    operation, args = arguments(question)
    assert (operation, args["kind"]) == ("control_chart", expected)


def test_an_ewma_and_a_p_chart_stay_what_they_are() -> None:
    question = "EWMA chart (exponentially weighted moving average) lambda 0.2: 9.4 8 9.3 11.7 12.2"
    assert arguments(question)[1]["kind"] == "ewma"
    question = "p chart of the defectives 3 4 2 6 out of 100 120 90 110, in control?"
    assert arguments(question)[1]["kind"] == "p"


@pytest.mark.parametrize(
    ("question", "method"),
    [
        (f"t chart with Nelson's transform, time between failures {VALVE}", "nelson"),
        (f"t chart, exponential, hours between failures {VALVE}", "exponential"),
        ("g chart with sigma limits of 12 80 20 15 90 31", "sigma"),
    ],
)
def test_limits_of_rare_events_are_named(question: str, method: str) -> None:
    args = arguments(question)[1]
    assert args["event_limits"] == method and "rules" not in args


def test_parts_with_their_nominals_in_prose() -> None:
    question = (
        "deviation from nominal chart. PN 7701 (nom 20.00): 20.01 19.99 20.02; "
        "PN 7702 (nom 35.50): 35.52 35.49; PN 7710 (nom 12.00): 12.01 12.00 11.98."
    )
    args = arguments(question)[1]
    assert args["nominals"] == {"7701": 20.0, "7702": 35.5, "7710": 12.0}
    assert args["parts"] == ["7701"] * 3 + ["7702"] * 2 + ["7710"] * 3
    assert args["data"][-1] == 11.98
    args = arguments("DNOM: target 5: 5.1 4.9; target 8: 8.2 8.1; target 3: 3.0 3.4.")[1]
    assert args["nominals"] == {"5": 5.0, "8": 8.0, "3": 3.0} and len(args["data"]) == 6


def test_parts_in_a_table_and_in_lists() -> None:
    table = {"part": ["A", "A", "B", "B"], "nominal": [10, 10, 25, 25], "x": [10.1, 9.9, 25.2, 25]}
    args = arguments("short-run chart of deviation from nominal", table)[1]
    assert args["parts"] == table["part"] and args["data"] == table["x"]
    args = arguments(
        "deviations from nominal are charted. Nominals 100, 100, 250, 250 mg; "
        "masses 101.2, 99.6, 251.0, 248.7 mg. Short-run chart."
    )[1]
    assert args["nominals"] == [100, 100, 250, 250] and args["data"][0] == 101.2


def test_noted_deviations_keep_their_signs() -> None:
    args = arguments("control chart, dev from nominal um: +3 -2 +1 +4 -1 +12 +2 0. anything off")[1]
    assert args["data"] == [3, -2, 1, 4, -1, 12, 2, 0] and "nominals" not in args


def test_z_mr_takes_its_sigma_option() -> None:
    table = {"part": ["A", "A", "B", "B"], "x": [10.1, 9.9, 25.2, 25]}
    args = arguments("Z-MR chart of x, sigma pooled over the parts", table)[1]
    assert (args["short_run_method"], args["part_sigma"]) == ("z", "constant")


def test_a_three_way_chart_needs_its_subgroups() -> None:
    question = "three-way chart of thickness"
    data = {"thickness": [50, 51, 52, 49, 50, 51, 48, 49, 52, 24, 27, 26]}
    assert ask(question, data).status == "needs_clarification"
    assert arguments(f"{question}, subgroups of 3", data)[1]["subgroup_size"] == 3


def test_stages_begin_where_the_words_say() -> None:
    question = "I-MR chart with separate limits before and after point 9"
    assert arguments(question, {"y": FLOW})[1]["stages"] == [10]
    question = "I-MR chart, new limits from point 10"
    assert arguments(question, {"y": FLOW})[1]["stages"] == [10]
    data = {"y": FLOW, "phase": ["old"] * 9 + ["new"] * 8}
    assert arguments("staged I-MR chart of y", data)[1]["stages"] == data["phase"]
    question = "Control chart before/after: before 9 10 11 9 10 12; after 13 15 14 15 16 14"
    assert arguments(question)[1]["stages"] == [7]


def test_a_stage_without_a_beginning_is_asked_for() -> None:
    answer = ask("staged I-MR chart", {"y": FLOW})
    assert answer.status == "needs_clarification" and "begin" in answer.answer


def test_phase_one_reads_causes_and_removes_only_what_was_asked() -> None:
    data = {"y": [10.1, 9.9, 10.0, 10.2, 9.8, 10.1, 14.9, 10.0, 9.9, 10.1, 10.2, 9.8]}
    operation, args = arguments(
        "Phase I limits of y without the points beyond them. Point 7 was a broken tool.", data
    )
    assert operation == "phase_one"
    assert args["assignable_causes"] == {"7": "a broken tool"} and "remove" not in args
    args = arguments("Phase I limits of y, remove only points with a known cause", data)[1]
    assert args["remove"] == "with_cause"


@pytest.mark.parametrize(
    "question", ["g chart please", "Laney p' chart of 3 4 5", "short run chart: 5 6 7 8"]
)
def test_what_is_missing_is_asked_for(question: str) -> None:
    assert ask(question).status == "needs_clarification"
