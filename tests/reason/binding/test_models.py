"""Correlation and regression: which list is x, which is y, and what is to be predicted."""

from typing import Any

import pytest

from havoc.reading.question import read_question
from havoc.reason.binding import Binding, NeedsInput, bind
from havoc.tools import registry


def bound(operation: str, question: str) -> Binding:
    binding = bind(operation, read_question(question))
    for call in (binding, *binding.more):
        registry.execute(call.operation, call.args)
    return binding


def arguments(operation: str, question: str) -> dict[str, Any]:
    return bound(operation, question).args


@pytest.mark.parametrize(
    ("question", "x_name"),
    [
        ("how does weight depend on pressure? weight 10 12 14, pressure 2 3 4", "pressure"),
        ("line of wear on distance: wear 1.1 2.0 3.2; distance 10 20 30", "distance"),
        ("wear vs distance; distance 10 20 30 40; wear 1.1 2.0 3.2 3.9", "distance"),
        ("effect of cure time on hardness: hardness 50 55 61; cure time 10 20 35", "cure time"),
        ("predict scrap from humidity: scrap 2 3 3 5, humidity 30 35 42 50", "humidity"),
        ("how the loss (1.1 1.9 3.2 mg) grows with soak time (10 20 35 d)", "soak time"),
        ("speed 10 20 30, torque 98 85 71: straight line", "speed"),
        ("regression: y = 5 7 8 11, x = 1 2 3 4", "x"),
    ],
)
def test_x_is_decided_by_words_and_then_by_order(question: str, x_name: str) -> None:
    binding = bound("regression_linear", question)
    assert binding.args["x_name"] == x_name
    assert binding.roles, "the chosen roles are told"


def test_swapping_the_lists_in_the_text_does_not_swap_the_roles() -> None:
    first = arguments("regression_linear", "fit wear on load: load 1 2 3 4, wear 2.1 3.9 6.2 7.8")
    second = arguments("regression_linear", "fit wear on load: wear 2.1 3.9 6.2 7.8, load 1 2 3 4")
    assert first["x"] == second["x"]
    assert first["y"] == second["y"]


def test_a_value_list_before_at_is_the_response() -> None:
    args = arguments(
        "regression_polynomial", "efficiency 70 81 88 84 % at 10 20 30 40 Nm, parabola"
    )
    assert args["x"] == [10, 20, 30, 40]


@pytest.mark.parametrize(
    "question",
    [
        "points 1/2.1 2/3.9 3/6.2 4/7.8, fit a line",
        "fit a line (1; 2.1), (2; 3.9), (3; 6.2), (4; 7.8)",
        "line through 1 kN: 2.1; 2 kN: 3.9; 3 kN: 6.2; 4 kN: 7.8 mm",
        "stretch 1kN 2.1mm 2kN 3.9mm 3kN 6.2mm 4kN 7.8mm, slope?",
        "load 1 2 3 4: 2.1 3.9 6.2 7.8, slope per kN?",
        "line: load 1 2 3 4 → 2.1 3.9 6.2 7.8",
    ],
)
def test_points_however_they_are_written(question: str) -> None:
    args = arguments("regression_linear", question)
    assert (args["x"], args["y"]) == ([1, 2, 3, 4], [2.1, 3.9, 6.2, 7.8])


def test_an_identifier_before_a_list_is_no_value() -> None:
    question = (
        "batch 7F-220, months 0 3 6 9, assay 100.4 99.9 99.6 98.9, trend line, value at 12 months"
    )
    args = arguments("regression_linear", question)
    assert args["x"] == [0, 3, 6, 9]
    assert args["at"] == [12]


LINE = "temp 50 60 70 80 C, yield 60 66 71 79 %. "


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        ("Straight line, what yield at 75?", [75]),
        ("predict yield for temp 65 and 75", [65, 75]),
        ("Line please, value at x = 72.5", [72.5]),
        ("Line, 95 % band, slope per 10 C. Part 9021, drawing 22-7.", None),
    ],
)
def test_settings_at_which_to_predict(words: str, settings: list[float] | None) -> None:
    assert arguments("regression_linear", LINE + words).get("at") == settings


@pytest.mark.parametrize(
    ("question", "target"),
    [
        ("speed 10 12 14 16, coat gsm 82 75 70 61. what speed for 65 gsm", 65),
        ("conc 0 5 10 20, signal 0.01 0.12 0.22 0.43; unknown gave a signal of 0.30", 0.3),
        ("months 0 3 6 9: 100 99.5 99.1 98.4; when does the line fall below 95 %", 95),
    ],
)
def test_responses_to_read_back(question: str, target: float) -> None:
    assert arguments("regression_linear", question)["y_target"] == target


def test_a_line_through_the_origin() -> None:
    args = arguments("regression_linear", "no intercept: force 1 2 3 4, stretch 2.1 3.9 6.2 7.8")
    assert args["intercept"] is False


@pytest.mark.parametrize(
    ("words", "degree"),
    [("quadratic", 2), ("third order polynomial", 3), ("H = a + bQ + cQ²", 2), ("a curve", 2)],
)
def test_the_degree_of_a_curve(words: str, degree: int) -> None:
    args = arguments("regression_polynomial", f"{words}: Q 0 10 20 30 40, H 52 50 45 37 25")
    assert args["degree"] == degree


@pytest.mark.parametrize(
    ("question", "response"),
    [
        ("model hardness from carbon and temper: ", "hardness"),
        ("hardness ~ carbon + temper: ", "hardness"),
        ("influence of carbon and temper on hardness: ", "hardness"),
        ("hardness depends on carbon and temper, equation: ", "hardness"),
        ("does temper or carbon drive hardness more: ", "hardness"),
    ],
)
def test_the_response_of_several_variables(question: str, response: str) -> None:
    data = "hardness 310 290 365 340 420; carbon .2 .25 .3 .35 .4; temper 20 40 20 40 20"
    args = arguments("regression_multiple", question + data)
    assert args["response"] == response
    assert list(args["predictors"]) == ["carbon", "temper"]


def test_settings_and_products_of_several_predictors() -> None:
    question = (
        "km 20 35 28 50 42 31 stops 8 12 15 10 18 9 mins 95 140 150 155 200 120. "
        "mins from km and stops, predict 30km 14 stops"
    )
    args = arguments("regression_multiple", question)
    assert args["at"] == {"km": 30, "stops": 14}
    assert args["response"] == "mins"
    product = "with interaction: a 1 2 3 4 5 6, b 2 1 4 3 6 4, y 3 4 6 5 9 8"
    assert arguments("regression_multiple", product)["interactions"] is True


def test_a_correlation_matrix_is_every_pair() -> None:
    binding = bound("correlation", "correlation matrix: Ra 1 2 3 4; force 2 4 5 9; temp 4 3 2 2")
    pairs = [(call.args["x_name"], call.args["y_name"]) for call in (binding, *binding.more)]
    assert pairs == [("Ra", "force"), ("Ra", "temp"), ("force", "temp")]


@pytest.mark.parametrize(
    ("words", "kind"),
    [("spearman rho", "spearman"), ("kendall tau", "kendall"), ("pearson", "pearson")],
)
def test_the_coefficient_is_the_one_named(words: str, kind: str) -> None:
    assert arguments("correlation", f"{words} of a 1 2 3 4 and b 2 1 4 3")["kind"] == kind


@pytest.mark.parametrize(
    ("operation", "question", "missing"),
    [
        ("regression_linear", "regress y on x", "two lists"),
        ("regression_linear", "fit x 1 2 3 4 y 1 2", "4 and 2 values"),
        ("regression_linear", "line for x 3 3 3 y 1 2 3", "equal"),
        ("correlation", "correlate 1 2 3 with 2 2 2", "equal"),
        ("regression_polynomial", "degree 7 polynomial x 1 2 3 4 y 2 3 5 8", "at least 8"),
        ("regression_multiple", "x1 1 2 3 x2 2 1 4 y 3 4 5", "3 rows"),
    ],
)
def test_what_is_missing_or_impossible_is_asked(
    operation: str, question: str, missing: str
) -> None:
    with pytest.raises(NeedsInput, match=missing) as error:
        bound(operation, question)
    assert error.value.ask
