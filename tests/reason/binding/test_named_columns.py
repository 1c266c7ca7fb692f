"""Which columns of a file a question means: by name, one letter off, or none, then it is asked."""

from __future__ import annotations

import random
from statistics import fmean
from typing import Any

import pytest

from havoc import ask
from havoc.reason.binding.mention import _is_misspelled

random.seed(3)
ROWS = 60
PARTS: dict[str, list[Any]] = {
    "lot": [1 + row // 5 for row in range(ROWS)],
    "machine": [f"M{1 + row % 3}" for row in range(ROWS)],
    "shift": ["day" if row % 2 else "night" for row in range(ROWS)],
    "diameter_mm": [10 + 0.05 * random.gauss(0, 1) for _ in range(ROWS)],
    "weight_g": [55 + random.gauss(0, 1) for _ in range(ROWS)],
    "temp_C": [180 + 5 * random.gauss(0, 1) for _ in range(ROWS)],
}
PARTS["strength_MPa"] = [100 + 0.8 * value + random.gauss(0, 3) for value in PARTS["temp_C"]]


def arguments(question: str) -> dict[str, Any]:
    answer = ask(question, PARTS)
    assert answer.status == "answered", answer.conclusion
    return answer.tool_calls[0].args


@pytest.mark.parametrize("name", ["diameter_mm", "diameter", "diamter"])
def test_one_column_is_taken_by_its_name(name: str) -> None:
    assert arguments(f"tolerance interval 95/99 for {name}")["data"] == PARTS["diameter_mm"]


def test_a_correlation_takes_the_two_named_columns() -> None:
    args = arguments("correlation weight diameter")
    assert {args["x_name"], args["y_name"]} == {"weight_g", "diameter_mm"}


@pytest.mark.parametrize(
    "question",
    [
        "multiple regression strength_MPa vs temp_C weight_g",
        "regress strenght on temp and weight",
    ],
)
def test_a_model_takes_the_named_predictors_only(question: str) -> None:
    args = arguments(question)
    assert args["response"] == "strength_MPa"
    assert set(args["predictors"]) == {"temp_C", "weight_g"}


def test_a_prediction_at_a_named_setting() -> None:
    args = arguments("predict strength at temp 185")
    assert (args["x_name"], args["y_name"], args["at"]) == ("temp_C", "strength_MPa", [185.0])


@pytest.mark.parametrize(
    "question", ["t test weight machine M1 M2", "is the weight_g of M2 different from M1"]
)
def test_two_named_levels_of_three_are_compared(question: str) -> None:
    answer = ask(question, PARTS)
    assert answer.tool_calls[0].operation == "t_test_two_sample"
    args = answer.tool_calls[0].args
    assert {args["name1"], args["name2"]} == {"M1", "M2"}


def test_two_named_factors_are_a_two_way_analysis() -> None:
    args = arguments("anova weight by machine, shift")
    assert (args["name_a"], args["name_b"]) == ("machine", "shift")


def test_a_named_level_restricts_the_rows() -> None:
    answer = ask("mean of weight_g for M2", PARTS)
    chosen = [
        value
        for value, machine in zip(PARTS["weight_g"], PARTS["machine"], strict=True)
        if machine == "M2"
    ]
    result = answer.tool_calls[0].result
    assert result is not None
    assert result["mean"] == pytest.approx(fmean(chosen))
    assert "machine = M2" in answer.conclusion


@pytest.mark.parametrize("question", ["t test", "diameter_mm", "t test of weight by machine"])
def test_what_could_mean_several_things_is_asked_back(question: str) -> None:
    answer = ask(question, PARTS)
    assert answer.status == "needs_clarification"
    assert answer.conclusion


def test_a_count_chart_takes_its_own_counts() -> None:
    data = {
        "day": list(range(1, 13)),
        "inspected": [100] * 12,
        "defectives": [8, 7, 9, 6, 8, 7, 10, 6, 9, 8, 7, 8],
        "defects": [12, 9, 14, 8, 11, 10, 13, 9, 12, 10, 9, 11],
    }
    for question in ("c chart of defects", "u chart of the defects column, size inspected"):
        assert ask(question, data).tool_calls[0].args["defects"] == data["defects"]
    assert ask("p chart", data).tool_calls[0].args["defectives"] == data["defectives"]


def test_three_settings_and_a_response_are_a_designed_experiment() -> None:
    runs = [(a, b, c) for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)] * 2
    data = {
        "temp": [run[0] for run in runs],
        "press": [run[1] for run in runs],
        "time": [run[2] for run in runs],
        "yield": [60 + 4 * run[0] + 2 * run[1] + random.gauss(0, 0.5) for run in runs],
    }
    answer = ask("which factors matter for yield?", data)
    assert answer.tool_calls[0].operation == "doe_analyze"
    assert set(answer.tool_calls[0].args["factors"]) == {"temp", "press", "time"}


@pytest.mark.parametrize(
    ("name", "word", "same"),
    [
        ("strength", "strenght", True),
        ("diameter", "diamter", True),
        ("weight", "wieght", True),
        ("weight", "weigth", True),
        ("weight", "freight", False),
        ("strength", "stress", False),
    ],
)
def test_one_letter_off(name: str, word: str, same: bool) -> None:
    assert _is_misspelled(name, word) is same
