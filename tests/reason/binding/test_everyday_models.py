"""Models, lifetimes, demonstrations and formulas as they are typed: what is bound, no tool run."""

from __future__ import annotations

from typing import Any

import pytest

from havoc.reading.question import read_question
from havoc.reason.binding import NeedsInput, bind


def arguments(operation: str, question: str) -> dict[str, Any]:
    return bind(operation, read_question(question)).args


def chosen(args: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: args.get(name) for name in names}


@pytest.mark.parametrize(
    ("question", "x", "events", "trials"),
    [
        (
            "Shear at 10 N 2, 20 N 5, 30 N 11, 40 N 19 broke, twenty at each load",
            [10, 20, 30, 40], [2, 5, 11, 19], 20,
        ),
        (
            "torque 4 6 8 10; stripped threads 0 3 8 14 out of 15. Where do 5 % strip?",
            [4, 6, 8, 10], [0, 3, 8, 14], 15,
        ),
        (
            "at 2, 4, 8 and 16 ppm 1, 6, 13 and 18 of 18 larvae died",
            [2, 4, 8, 16], [1, 6, 13, 18], 18,
        ),
        (
            "Druck 1 2 3 4 bar, undicht 0 2 7 11 von 12",
            [1, 2, 3, 4], [0, 2, 7, 11], 12,
        ),
        (
            "concentration,killed\n0.5,3\n1,9\n2,17\n4,24\n25 insects per dose. LC50?",
            [0.5, 1, 2, 4], [3, 9, 17, 24], 25,
        ),
        (
            "number of sprouts of 30 at 5 10 15 20 C: 2 9 21 28",
            [5, 10, 15, 20], [2, 9, 21, 28], 30,
        ),
    ],
)  # fmt: skip
def test_events_out_of_trials_said_once(
    question: str, x: list[float], events: list[float], trials: int
) -> None:
    args = arguments("logistic_regression", question)
    assert chosen(args, "x", "events") == {"x": x, "events": events}
    assert args["trials"] == [trials] * len(x)


@pytest.mark.parametrize(
    ("question", "x", "y"),
    [
        ("cure min 1 to 6, blister: y y n y n n", [1, 2, 3, 4, 5, 6], [1, 1, 0, 1, 0, 0]),
        ("3,1 4,0 5,1 6,0 7,0 (h, ok)", [3, 4, 5, 6, 7], [1, 0, 1, 0, 0]),
        ("bar/leak: 2,0; 3,0; 4,1; 5,0; 6,1", [2, 3, 4, 5, 6], [0, 0, 1, 0, 1]),
    ],
)
def test_each_unit_with_its_outcome(question: str, x: list[float], y: list[float]) -> None:
    assert chosen(arguments("logistic_regression", question), "x", "y") == {"x": x, "y": y}


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("hours 10 20 30 40, failed 1 4 9 24 of 20", "more events than trials"),
        ("hours 10 20 30 40, failed 1 4 9 14", "needs the outcome"),
    ],
)
def test_trials_are_not_guessed(question: str, said: str) -> None:
    with pytest.raises(NeedsInput, match=said):
        arguments("logistic_regression", question)


@pytest.mark.parametrize(
    ("question", "time", "censored"),
    [
        (
            "Motor hrs: 410 F\n655 F\n700 S\n812 F\n900 S\nWeibull",
            [410, 655, 700, 812, 900],
            [0, 0, 1, 0, 1],
        ),
        (
            "pannes à 210 340 455 h, deux autres encore en marche à 600 h",
            [210, 340, 455, 600, 600],
            [0, 0, 0, 1, 1],
        ),
        (
            "Ausfälle nach 210, 340, 455 Stunden, drei laufen noch bei 600",
            [210, 340, 455, 600, 600, 600],
            [0, 0, 0, 1, 1, 1],
        ),
        (
            "leaked at 31 44 58 weeks, the other two made it through all 80",
            [31, 44, 58, 80, 80],
            [0, 0, 0, 1, 1],
        ),
        (
            "12 fail, 15 removed, 19 fail, 24 removed, 30 fail",
            [12, 15, 19, 24, 30],
            [0, 1, 0, 1, 0],
        ),
        (
            "unit,weeks,state\n1,5,leak\n2,7,leak\n3,9,ended\n4,11,leak\n5,12,ended",
            [5, 7, 9, 11, 12],
            [0, 0, 1, 0, 1],
        ),
    ],
)
def test_survivors_in_other_words(question: str, time: list[float], censored: list[int]) -> None:
    assert chosen(arguments("kaplan_meier", question), "time", "censored") == {
        "time": time,
        "censored": censored,
    }


def test_two_designs_in_two_sentences() -> None:
    args = arguments(
        "kaplan_meier",
        "Old design broke at 100 140 200, three still fine at 250. New design broke at 180 220, "
        "one good at 250. Which lives longer?",
    )
    assert args["groups"] == {
        "Old": {"time": [100, 140, 200, 250, 250, 250], "censored": [0, 0, 0, 1, 1, 1]},
        "New": {"time": [180, 220, 250], "censored": [0, 0, 1]},
    }


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("fail times 12, 15, oops, 19, 24+", "oops"),
        ("failures at 100 200 300 h and one I don't remember", "not known"),
        ("20 units tested, 3 failed at 40 60 90", "20 units were on test"),
    ],
)
def test_what_is_missing_among_the_times_is_asked_for(question: str, said: str) -> None:
    with pytest.raises(NeedsInput, match=said):
        arguments("kaplan_meier", question)


def test_survivors_before_another_count() -> None:
    args = arguments("weibull_fit", "2 died at 20 30 h, 3 alive at 100; 5 units tested")
    assert chosen(args, "time", "censored") == {
        "time": [20, 30, 100, 100, 100], "censored": [0, 0, 1, 1, 1],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("question", "at"),
    [
        ("beta 2.1 eta 900 h, what fraction lasts 500 h?", 500),
        ("beta 1.4 eta 30k cycles, survival at 10k", 10_000),
        ("shape 1.2 scale 80 weeks, failures during a 52 week warranty?", 52),
        ("beta 2 eta 400 h: reliability on 150 h", 150),
        ("fiabilité à 300 h avec beta 2 eta 900 h", 300),
    ],
)
def test_ages_at_which_to_tell_the_reliability(question: str, at: float) -> None:
    assert arguments("weibull_fit", question)["at"] == at


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("90/95, one failure allowed, n?", {"reliability": 0.9, "confidence": 0.95, "failures": 1}),
        (
            "Zuverlässigkeit 95 %, Vertrauen 90 %, keine Ausfälle, wie viele Teile?",
            {"reliability": 0.95, "confidence": 0.9, "failures": 0},
        ),
        (
            "fiabilidad 90 % confianza 95 % sin fallos, cuántas piezas",
            {"reliability": 0.9, "confidence": 0.95, "failures": 0},
        ),
        (
            "R95/C80 at 12k cycles, rig runs them to 24k, beta 2. sample size? chamber takes 6",
            {
                "reliability": 0.95,
                "confidence": 0.8,
                "time": 12000,
                "test_time": 24000,
                "shape": 2,
                "n": None,
            },
        ),
        (
            "shape 1.6, test twice the design life with no failures, R 95 % C 90 %",
            {"shape": 1.6, "life_ratio": 2, "failures": 0},
        ),
        (
            "beta 2, every unit run for 2.5 mission lengths, R=0.9 C=0.9, zero fails",
            {"shape": 2, "life_ratio": 2.5},
        ),
        (
            "run 30 units to 1000 h no failures; required life 500 h, slope 1.5, confidence 90 %",
            {"test_time": 1000, "time": 500},
        ),
    ],
)
def test_what_a_demonstration_is_told(question: str, expected: dict[str, Any]) -> None:
    args = arguments("demonstration_test", question)
    assert chosen(args, *expected) == expected


def test_a_goal_without_confidence_is_asked_for() -> None:
    with pytest.raises(NeedsInput, match="confidence"):
        arguments("demonstration_test", "prove 95 % reliability")


@pytest.mark.parametrize(
    ("question", "expression", "lower", "upper"),
    [
        ("work of 2*x+3 across 30 mm starting at 5", "2*x+3", "5", "35"),
        ("Integral von 4*x^3 von 1 bis 2", "4*x^3", "1", "2"),
        ("integral de x^2+1 desde 0 hasta 3", "x^2+1", "0", "3"),
        ("intégrale de 3*t+1 de 1 à 4", "3*t+1", "1", "4"),
        ("integrate exp(-3x) zero to infinity", "exp(-3x)", "0", "inf"),
        ("∫₁³ x^2 dx", "x^2", "1", "3"),
        ("q = 5 - 0.1*t, total over the first eight hours", "5 - 0.1*t", "0", "8"),
        ("flow is 7*t*exp(-t/2), amount (t = 1 … 9)", "7*t*exp(-t/2)", "1", "9"),
    ],
)
def test_limits_as_they_are_told(question: str, expression: str, lower: str, upper: str) -> None:
    args = arguments("integral", question)
    assert chosen(args, "expression", "lower", "upper") == {
        "expression": expression, "lower": lower, "upper": upper,
    }  # fmt: skip


def test_what_stands_behind_the_d_is_the_variable() -> None:
    args = arguments("integral", "∫₀ᵀ k*A dt with A constant")
    assert chosen(args, "variable", "lower", "upper") == {
        "variable": "t", "lower": "0", "upper": "T",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("operation", "question", "variable"),
    [
        ("derivative", "m*g*h/(2*t) sensitivity to the drop height h", "h"),
        ("derivative", "C = a*exp(-b*T) + c, partial with respect to temperature T", "T"),
        ("solve", "P = 2*pi*n*M/60, rearrange for the torque M", "M"),
        ("solve", "F = m*a rearrange for a", "a"),
    ],
)
def test_the_variable_behind_its_meaning(operation: str, question: str, variable: str) -> None:
    assert arguments(operation, question)["variable"] == variable


def test_equations_in_parentheses_behind_a_figure() -> None:
    args = arguments(
        "solve", "the sum is 30 (u + v = 30) and the difference makes 4 (u - v = 4), each?"
    )
    assert args["expression"] == ["u + v = 30", "u - v = 4"]


def test_powers_of_functions() -> None:
    args = arguments("simplify", "simplify cos²x - sin²x + tan^2 y")
    assert args["expression"] == "cos(x)^2 - sin(x)^2 + tan(y)^2"


@pytest.mark.parametrize(
    ("question", "x", "y"),
    [
        ("day1 2.1 day2 2.6 day3 3.2 day4 3.9 straight line", [1, 2, 3, 4], [2.1, 2.6, 3.2, 3.9]),
        (
            "cycle 100: 0.5 mm, cycle 200: 0.9 mm, cycle 300: 1.6 mm, slope?",
            [100, 200, 300],
            [0.5, 0.9, 1.6],
        ),
        ("(1,20) (2,25) (4,31) (5,40) line", [1, 2, 4, 5], [20, 25, 31, 40]),
        ("9,12; 4,31; 6,25; 3,40 any line?", [9, 4, 6, 3], [12, 31, 25, 40]),
    ],
)
def test_points_as_they_are_typed(question: str, x: list[float], y: list[float]) -> None:
    assert chosen(arguments("regression_linear", question), "x", "y") == {"x": x, "y": y}


@pytest.mark.parametrize(
    ("wording", "degree"),
    [
        ("Polynom vom Grad 3", 3), ("a polynomial of order four", 4), ("power of three", 3),
        ("cubic, times in seconds, give R squared", 3), ("2nd order", 2), ("third-degree curve", 3),
    ],
)  # fmt: skip
def test_the_degree_of_a_polynomial(wording: str, degree: int) -> None:
    question = f"x 1 2 3 4 5 6 7 y 1 4 8 18 23 37 40 {wording}"
    assert arguments("regression_polynomial", question)["degree"] == degree


@pytest.mark.parametrize(
    ("question", "at"),
    [
        ("hours 1 2 3 4 5, mm 0.5 0.9 1.6 2.1 2.4; what will it be after 8 hours", [8]),
        ("x 1 2 3 4 5 y 0.5 0.9 1.6 2.1 2.4 wie hoch bei 7", [7]),
        ("wear by week: 1 0.4, 2 0.7, 3 1.2, 4 1.5. Where is it in week 6?", [6]),
    ],
)
def test_where_to_predict(question: str, at: list[float]) -> None:
    assert arguments("regression_linear", question)["at"] == at


ROUGHNESS = "speed,feed,depth,Ra\n1,2,3,4\n2,3,1,5\n3,1,2,6\n2,2,2,5\n1,3,3,4\n3,3,1,7\n"


@pytest.mark.parametrize(
    ("request_", "predictors"),
    [
        ("model the finish with feed and depth as predictors", ["feed", "depth"]),
        ("finish using speed, feed and depth", ["speed", "feed", "depth"]),
        ("what drives Ra", ["speed", "feed", "depth"]),
    ],
)
def test_predictors_that_are_listed(request_: str, predictors: list[str]) -> None:
    args = arguments("regression_multiple", ROUGHNESS + request_)
    assert (list(args["predictors"]), args["response"]) == (predictors, "Ra")


def test_three_lists_are_correlated_in_pairs() -> None:
    binding = bind(
        "correlation",
        read_question("r between temp 20 22 25 30, rh 50 48 44 40, yield 88 87 90 93"),
    )
    pairs = [(call.args["x_name"], call.args["y_name"]) for call in (binding, *binding.more)]
    assert pairs == [("temp", "rh"), ("temp", "yield"), ("rh", "yield")]


def test_figures_between_slashes_share_their_unit() -> None:
    binding = bind("unit_conversion", read_question("15/40/90 psi as bar"))
    assert [call.args["value"] for call in (binding, *binding.more)] == [15, 40, 90]
    assert arguments("unit_conversion", "3/8 in to mm")["value"] == 0.375


@pytest.mark.parametrize(
    "question",
    ["mean with 99% interval of 14 15 13 16", "14 15 13 16: how sure is the mean at 99%"],
)
def test_the_level_of_an_interval_is_no_mean(question: str) -> None:
    assert arguments("confidence_interval", question)["confidence"] == 0.99


def test_a_risk_in_another_language() -> None:
    args = arguments("anova_one_way", "A 3,1 3,3 B 3,6 3,8 C 3,2 3,0 avec risque 10 %")
    assert args["alpha"] == 0.1


def test_one_predictor_of_a_table_with_three_named_columns_is_a_line() -> None:
    """The binders of lines and of models hand over to each other, and must not go round."""
    question = (
        "hardness,carbon,temper\n52,18,250\n48,18,350\n60,22,250\n57,22,350\n55,20,250\n51,20,350\n"
        "what simultaneous influence carbon & temper upon hardness & what hardness at 21 and 300"
    )
    for operation in ("regression_linear", "regression_multiple"):
        binding = bind(operation, read_question(question))
        assert binding.operation in {"regression_linear", "regression_multiple"}


def test_the_first_and_the_last_of_a_range_of_columns_stand_for_all_between() -> None:
    rows = [
        (7, 26, 6, 78.5),
        (1, 29, 15, 74.3),
        (11, 56, 8, 104.3),
        (11, 31, 8, 87.6),
        (7, 52, 6, 95),
    ]
    table = "\n".join(",".join(map(str, row)) for row in [("x1", "x2", "x3", "y"), *rows])
    args = bind("regression_multiple", read_question(f"{table}\nheat y vs x1..x3")).args
    assert list(args["predictors"]) == ["x1", "x2", "x3"] and args["response"] == "y"
