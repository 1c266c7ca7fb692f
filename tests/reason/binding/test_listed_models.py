"""Models whose columns are written as lists in a sentence: which list is what."""

from __future__ import annotations

from typing import Any

import pytest

from havoc.reading.listed_columns import counted_range, read_listed_columns, read_listed_rows
from havoc.reading.question import read_question
from havoc.reason.binding import NeedsInput, bind
from havoc.tools import registry

LISTS = "gap 1 2 3 4 5 6 7 8; rm 310 325 300 340 315 330 305 320; oil 2 1 3 2 1 3 2 1"
WEAR = "wear 2.1 3.9 6.2 7.8 10.1 12.2 13.8 16.1"


def bound(operation: str, question: str) -> dict[str, Any]:
    args = bind(operation, read_question(question)).args
    registry.execute(operation, args)
    return args


def test_lists_with_labels_and_names() -> None:
    found = read_listed_columns(
        "stops 4 7 3 9 from heat 180 190 185 195, nozzle B A B A and hours run (exposure) 2 2 1 3"
    )
    assert [(item.name, item.values, item.note) for item in found] == [
        ("stops", [4.0, 7.0, 3.0, 9.0], ""),
        ("heat", [180.0, 190.0, 185.0, 195.0], ""),
        ("nozzle", ["B", "A", "B", "A"], ""),
        ("hours run", [2.0, 2.0, 1.0, 3.0], "exposure"),
    ]


def test_rows_of_a_label_and_figures() -> None:
    found = read_listed_rows("old 40 % 5, new 42 % 3, old 50 % 8, new 51 % 6")
    assert [item.values for item in found] == [
        ["old", "new", "old", "new"],
        [40.0, 42.0, 50.0, 51.0],
        [5.0, 3.0, 8.0, 6.0],
    ]
    assert counted_range("weeks 3-6: 4 5 6 8", 4) == ("weeks", [3.0, 4.0, 5.0, 6.0])


@pytest.mark.parametrize(
    ("question", "settings"),
    [
        (f"backward elimination, alpha to remove 0.08: {LISTS}; {WEAR}",
         {"direction": "backward", "alpha_to_remove": 0.08, "alpha_to_enter": 0.08}),
        (f"forward, enter .12. {WEAR} on {LISTS}",
         {"direction": "forward", "alpha_to_enter": 0.12}),
        (f"stepwise by BIC for {WEAR}: {LISTS}. oil must stay in", {"criterion": "bic",
         "keep": ["oil"]}),
        (f"{WEAR}. Candidates: {LISTS}. In at .05 and out at .1",
         {"alpha_to_enter": 0.05, "alpha_to_remove": 0.1}),
    ],
)  # fmt: skip
def test_stepwise_selection(question: str, settings: dict[str, Any]) -> None:
    args = bound("regression_stepwise", question)
    assert args["response"] == "wear"
    assert list(args["predictors"]) == ["gap", "rm", "oil"]
    assert args["predictors"]["oil"] == [2.0, 1.0, 3.0, 2.0, 1.0, 3.0, 2.0, 1.0]
    rest = {"y", "response", "predictors"}
    assert {name: value for name, value in args.items() if name not in rest} == settings


def test_best_subsets_of_few_terms() -> None:
    args = bound(
        "best_subsets", f"three best models of each size, at most two terms. {LISTS}; {WEAR}"
    )
    assert (args["response"], args["each"], args["largest"]) == ("wear", 3, 2)


@pytest.mark.parametrize(
    ("question", "args"),
    [
        (
            "dents per door went 2 3 7 9 13 18 at speed 10 20 30 40 50 60, what count at 70?",
            {"counts": [2, 3, 7, 9, 13, 18], "x": [10, 20, 30, 40, 50, 60], "x_new": 70},
        ),
        (
            "stops 4 7 3 9 12 5; heat 180 190 180 195 200 185; hours watched 2 2 1 2 2 2",
            {
                "counts": [4, 7, 3, 9, 12, 5],
                "exposure": [2, 2, 1, 2, 2, 2],
                "x": [180, 190, 180, 195, 200, 185],
            },
        ),
        (
            "leaks in months 1-6: 9 7 8 5 3 2, how fast do they fall",
            {"counts": [9, 7, 8, 5, 3, 2], "x": [1, 2, 3, 4, 5, 6]},
        ),
    ],
)
def test_counts_and_exposure(question: str, args: dict[str, Any]) -> None:
    found = bound("poisson_regression", question)
    kept = {"counts", "x", "exposure", "x_new", "predictors"}
    assert {name: value for name, value in found.items() if name in kept} == args


@pytest.mark.parametrize(
    ("question", "args"),
    [
        (
            "cooling T=Ta+(T0-Ta)*exp(-k*x): min 0 5 10 15 20 25 degC 800 570 415 310 240 190. "
            "start with Ta 30 T0 800 k .05",
            {"x": [0, 5, 10, 15, 20, 25], "start": {"Ta": 30, "T0": 800, "k": 0.05}},
        ),
        (
            "uptake a*x/(b+x): minutes 1 3 8 20 60 100, grams 4 10 19 29 37 39. after 150 min?",
            {"x": [1, 3, 8, 20, 60, 100], "at": 150},
        ),
        (
            "pump off, exp decay: sec 0 2 4 6 8 10 bar 90 67 49 37 27 20",
            {"x": [0, 2, 4, 6, 8, 10], "curve": "exponential"},
        ),
    ],
)
def test_curves(question: str, args: dict[str, Any]) -> None:
    found = bound("regression_nonlinear", question)
    assert {name: value for name, value in found.items() if name in args} == args


@pytest.mark.parametrize(
    ("operation", "question", "args"),
    [
        ("bayes_two_sample",
         "less than 4 kg is nothing to us. A: 81 84 79 85; B: 90 88 93 91. chance of a real gap?",
         {"rope": 4}),
        ("bayes_two_sample",
         "how likely do they lie within -0.2 to +0.2 mm of each other? A 5.1 5.3 5.0 B 5.2 5.1 5.4",
         {"rope": 0.2}),
        ("bayes_proportions", "A 9 of 80, B 3 of 82; up to 2 percentage points I do not care",
         {"successes1": 9, "trials2": 82, "rope": 0.02}),
        ("bayes_proportions", "line,scrap,made\nA,7,90\nB,15,95\nis B really worse?",
         {"successes1": 7, "trials1": 90, "successes2": 15, "trials2": 95, "name1": "A"}),
        ("bayes_proportions", "30 relays were cycled and none failed, P(rate < 5 %)?",
         {"successes1": 0, "trials1": 30, "p0": 0.05}),
        ("p_value_adjustment", "torque p=0.004, width 0.03, mass .2 - which survive at 10 %?",
         {"p_values": [0.004, 0.03, 0.2], "names": ["torque", "width", "mass"], "alpha": 0.1}),
        ("bootstrap_interval", "upper quartile, resample 3000 times, 90 %: 4 9 5 6 12 7 30 8 11 6",
         {"statistic": "quantile", "probability": 0.75, "resamples": 3000, "confidence": 0.9}),
    ],
)  # fmt: skip
def test_margins_and_levels(operation: str, question: str, args: dict[str, Any]) -> None:
    found = bound(operation, question)
    assert {name: value for name, value in found.items() if name in args} == args


def test_a_statistic_without_a_tool_is_said() -> None:
    with pytest.raises(NeedsInput, match="no interval for slope"):
        bound("bootstrap_interval", "bootstrap the slope: x 1 2 3 4 5, y 2 4 5 8 11")
