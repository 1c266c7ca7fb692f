"""Formulas in sentences: where they begin and where they end."""

import pytest

from effort import processor_seconds
from havoc.reason.binding.formulas import find_formulas


def written(text: str) -> list[str]:
    return [item.text for item in find_formulas(text)]


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("how steep is 5 + 2 sin(t) l/min at the start", "5 + 2 sin(t)"),
        ("simplify (a^2-b^2)/(a-b), thanks", "(a^2-b^2)/(a-b)"),
        ("heat is 3 + 0.5 t kW all day", "3 + 0.5 t"),
        ("roots of 0.02 v^2 - 1.4 v + 20 = 0?", "0.02 v^2 - 1.4 v + 20 = 0"),
        ("integrate -ln(exp(-(t/eta)^beta)) in t", "-ln(exp(-(t/eta)^beta))"),
        ("partial of ln(x)*x^2 w.r.t. x", "ln(x)*x^2"),
        ("rate v = Vmax*S/(Km+S) please", "v = Vmax*S/(Km+S)"),
        ("level = 100*(1-exp(-t/12)) of the tank", "level = 100*(1-exp(-t/12))"),
        ("the (2x-1)(x+4)(x-3) term", "(2x-1)(x+4)(x-3)"),
        ("tidy sqrt(x^2*y^4)/(x*y) (from rev B)", "sqrt(x^2*y^4)/(x*y)"),
        ("derivative of x³ - 4x", "x^3 - 4x"),
        ("curve e^-x", "e^-x"),
        ("d of sin x please", "sin x"),
        ("max(x, 2) + 1 as a curve", "max(x, 2) + 1"),
    ],
)
def test_the_formula_is_taken_whole_and_alone(text: str, formula: str) -> None:
    heaviest = max(find_formulas(text), key=lambda item: item.weight)
    assert heaviest.text == formula


@pytest.mark.parametrize(
    "text",
    [
        "convert 12 l/min for the B-line",
        "is the t-test on line 3 and/or line 4 significant",
        "torque 45 in-lbf, drawing 22-7, part 9021-C",
        "40mm bar at 120 m/min",
        "differentiate the response function for me",
    ],
)
def test_words_and_units_are_no_formulas(text: str) -> None:
    assert [item for item in find_formulas(text) if item.weight > 3] == []


def test_two_equations_side_by_side_are_two() -> None:
    assert written("3a+2b=16 a-b=2") == ["3a+2b=16", "a-b=2"]
    assert written("0.2 v = 3 = 4") == ["0.2 v = 3 = 4"]
    assert written("2a + 3b = 12 and a - b = 1; a and b?") == ["2a + 3b = 12", "a - b = 1"]


def test_definitions_and_values_are_told_apart() -> None:
    first, second = find_formulas("q(t) = 3t with p = .01")
    assert (first.name, first.argument, first.right_side) == ("q", "t", "3t")
    assert (second.name, second.value) == ("p", 0.01)


def test_an_incomplete_formula_is_not_made_whole_by_leaving_something_out() -> None:
    assert written("solve 3x + = 12") == ["3x + = 12"]
    assert written("derive 2x + at once") == ["2x +"]


def test_positions_point_into_the_text() -> None:
    text = "slope of y=2x^3-x at x=4"
    found = find_formulas(text)
    assert found
    for item in found:
        assert text[item.start : item.end] == item.text


@pytest.mark.parametrize(
    "piece", ["(", "x*", "sin(", "a-", "1 ", "x = ", "(x+1)", "e^", "-", "x = 1 "]
)
def test_long_texts_are_read_in_linear_time(piece: str) -> None:
    with processor_seconds(5):
        find_formulas(piece * (6000 // len(piece)))
