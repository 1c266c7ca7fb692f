"""Life studies in an engineer's words: repair logs, returns, inspections, stresses."""

from __future__ import annotations

from typing import Any

import pytest

from havoc.reading.question import read_question
from havoc.reason.binding import bind
from havoc.tools import registry


def bound(operation: str, question: str) -> dict[str, Any]:
    """The arguments without unit, after the tool has accepted them."""
    binding = bind(operation, read_question(question))
    registry.execute(binding.operation, binding.args)
    return {name: value for name, value in binding.args.items() if name != "unit"}


def system(*repairs: float, end: float, costs: list[float] | None = None) -> dict[str, Any]:
    told: dict[str, Any] = {"repairs": list(repairs), "end": end}
    return told | ({"costs": costs} if costs else {})


@pytest.mark.parametrize(
    ("question", "systems", "at"),
    [
        ("Forklift F1 was repaired at 210, 480 h (seen until 900), F2 at 350 h (until 700), "
         "F3 at 90, 410, 640 h (until 950). Repairs per truck by 500 h?",
         {"F1": system(210, 480, end=900), "F2": system(350, end=700),
          "F3": system(90, 410, 640, end=950)}, 500.0),
        ("kiln a 3 8 11; kiln b none; kiln c 6 - all watched for 14 months",
         {"kiln a": system(3, 8, 11, end=14), "kiln b": system(end=14),
          "kiln c": system(6, end=14)}, None),
        ("Kiel 1.4, 2.2, watched till 3.5; Ulm 0.8, watched till 2.9; Jena 2.6, watched till 4",
         {"Kiel": system(1.4, 2.2, end=3.5), "Ulm": system(0.8, end=2.9),
          "Jena": system(2.6, end=4)}, None),
        ("tool;repairs;seen until\nT1;120 260;400\nT2;310;380\nT3;55 190 340;420",
         {"T1": system(120, 260, end=400), "T2": system(310, end=380),
          "T3": system(55, 190, 340, end=420)}, None),
        ("cost of repairs: X1 30 h 250 EUR, 70 h 400 EUR (now 100 h), X2 45 h 90 EUR (now 80 h)",
         {"X1": system(30, 70, end=100, costs=[250, 400]), "X2": system(45, end=80, costs=[90])},
         None),
    ],
)  # fmt: skip
def test_repair_histories(question: str, systems: dict[str, Any], at: float | None) -> None:
    args = bound("repairable_mcf", question)
    assert args.pop("systems") == systems
    assert args.get("at") == at


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("shipped 700 650 720; returns of the first lot 3 5 6, of the second 2 4, of the third 3. "
         "Next four months?",
         {"shipped": [700, 650, 720], "returns": [[3, 5, 6], [None, 2, 4], [None, None, 3]],
          "periods": 4}),
        ("May: 310 sold, back 1, 2\nJune: 290 sold, back 2\n"
         "claims in the coming 3 months, 45 EUR each",
         {"shipped": [310, 290], "returns": [[1, 2], [None, 2]], "periods": 3,
          "cost_per_return": 45.0}),
        ("250 per month went out; returns 0 1 3 / 1 2 / 1. Warranty 24 months, 6 months ahead",
         {"shipped": [250] * 3, "returns": [[0, 1, 3], [None, 1, 2], [None, None, 1]],
          "warranty": 24.0, "periods": 6}),
        ("2 failed at 150 h, 4 at 320 h, 3 at 510 h, still running 260 at 900 h. Each runs 400 h a "
         "quarter; next 2 quarters?",
         {"time": [150, 320, 510, 900], "censored": [0, 0, 0, 1], "counts": [2, 4, 3, 260],
          "period": 400.0, "periods": 2}),
        ("age,units,status\n4,2,F\n7,3,F\n10,5,F\n12,800,S\nreturns over 5 periods",
         {"time": [4, 7, 10, 12], "censored": [0, 0, 0, 1], "counts": [2, 3, 5, 800],
          "periods": 5}),
    ],
)  # fmt: skip
def test_warranty(question: str, expected: dict[str, Any]) -> None:
    assert bound("warranty_prediction", question) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("cracked 0-40 h: 2, 40-80 h: 6, 80-120 h: 9, 4 still fine at 120. weibull",
         {"lower": [0, 40, 80, 120], "upper": [40, 80, 120, None], "counts": [2, 6, 9, 4],
          "distribution": "weibull"}),
        ("inspected: by 15 h 2, by 30 h 5, by 45 h 8, none by 45 h: 3; lognormal, median?",
         {"lower": [0, 15, 30, 45], "upper": [15, 30, 45, None], "counts": [2, 5, 8, 3],
          "distribution": "lognormal", "b_life": 50.0}),
        ("3 leaked between 0 and 6, 7 between 6 and 12, 5 between 12 and 18 months; normal",
         {"lower": [0, 6, 12], "upper": [6, 12, 18], "counts": [3, 7, 5],
          "distribution": "normal"}),
        ("lognormal: 310 x1, 350 x3, 420 x2, 500 x1; B10 and B20",
         {"time": [310, 350, 420, 500], "counts": [1, 3, 2, 1], "distribution": "lognormal",
          "b_life": [10.0, 20.0]}),
        ("44 52 58 63 71 h broke, two not at 90. weibull",
         {"time": [44, 52, 58, 63, 71, 90, 90], "censored": [0] * 5 + [1, 1],
          "distribution": "weibull"}),
    ],
)  # fmt: skip
def test_life_distributions(question: str, expected: dict[str, Any]) -> None:
    assert bound("life_distribution", question) == expected


def test_a_column_with_marks_is_one_list() -> None:
    args = bound(
        "distribution_comparison", "hours\n31\n44\n52\n60\n75\n90+\n90+\nwhich life model?"
    )
    assert args == {"time": [31, 44, 52, 60, 75, 90, 90], "censored": [0] * 5 + [1, 1]}


def test_status_under_a_name_that_asks() -> None:
    args = bound("distribution_comparison", "hours;still ok?\n20;0\n35;0\n48;0\n55;0\n70;0\n70;1")
    assert args == {"time": [20, 35, 48, 55, 70, 70], "censored": [0, 0, 0, 0, 0, 1]}


@pytest.mark.parametrize(
    ("question", "groups"),
    [
        ("Teflon 210, 260, 330 torn and 2 intact at 400; rubber 120, 150, 190, 240, all torn",
         {"Teflon": ([210, 260, 330, 400, 400], [0, 0, 0, 1, 1]),
          "rubber": ([120, 150, 190, 240], [0] * 4)}),
        ("1 = failed, 0 = test stopped\nnew: 33/1 41/1 50/0\nold: 18/1 24/1 29/1",
         {"new": ([33, 41, 50], [0, 0, 1]), "old": ([18, 24, 29], [0, 0, 0])}),
        ("lot\thours\tstatus (1=failed)\n"
         "3\t80\t1\n3\t95\t1\n3\t99\t0\n8\t60\t1\n8\t71\t1\n8\t99\t0",
         {"3": ([80, 95, 99], [0, 0, 1]), "8": ([60, 71, 99], [0, 0, 1])}),
    ],
)  # fmt: skip
def test_lives_of_groups(question: str, groups: dict[str, Any]) -> None:
    found = bound("life_comparison", question)["groups"]
    assert {name: (lives["time"], lives["censored"]) for name, lives in found.items()} == groups


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("75 °C: 800 950 1100 h; 95 °C: 310 380 h and one still ok at 500. Life at 45 °C?",
         {"time": [800, 950, 1100, 310, 380, 500], "censored": [0, 0, 0, 0, 0, 1],
          "stress": [75, 75, 75, 95, 95, 95], "use_stress": 45.0}),
        ("20 kN 55 61 70 / 30 kN 18 22 27 thousand strokes. at normal 12 kN?",
         {"time": [55, 61, 70, 18, 22, 27], "censored": [0] * 6,
          "stress": [20, 20, 20, 30, 30, 30], "model": "inverse_power", "use_stress": 12.0}),
        ("level 1 -> 40 52 60, 2 -> 15 19 25; log-linear model, extrapolate to 0.4",
         {"time": [40, 52, 60, 15, 19, 25], "censored": [0] * 6, "stress": [1, 1, 1, 2, 2, 2],
          "model": "exponential", "use_stress": 0.4}),
        ("bar;hours;burst\n6;700;1\n6;820;1\n6;900;0\n9;210;1\n9;260;1\n9;340;1\nwe run 4 bar",
         {"time": [700, 820, 900, 210, 260, 340], "censored": [0, 0, 1, 0, 0, 0],
          "stress": [6, 6, 6, 9, 9, 9], "use_stress": 4.0}),
    ],
)  # fmt: skip
def test_accelerated_tests(question: str, expected: dict[str, Any]) -> None:
    assert bound("accelerated_life", question) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("stops at 12, 40, 95, 180, 310 h of 400 h so far; when do we reach 150 h between stops?",
         {"times": [12, 40, 95, 180, 310], "end_time": 400.0, "mtbf_goal": 150.0}),
        ("faults after 7, 30, 66, 140, 260 h, 300 h run. What will it be at 900 h?",
         {"times": [7, 30, 66, 140, 260], "end_time": 300.0, "at": 900.0}),
        ("0-50 h 8, 50-100 h 5, 100-150 h 4, 150-200 h 2: is it growing?",
         {"interval_ends": [50, 100, 150, 200], "counts": [8, 5, 4, 2]}),
        ("til 40 h 9 fails, til 80 h 6 more, til 160 h 5 more",
         {"interval_ends": [40, 80, 160], "counts": [9, 6, 5]}),
        ("alarms per week 13 9 8 4 3, all repaired",
         {"interval_ends": [1, 2, 3, 4, 5], "counts": [13, 9, 8, 4, 3]}),
    ],
)  # fmt: skip
def test_reliability_growth(question: str, expected: dict[str, Any]) -> None:
    assert bound("reliability_growth", question) == expected
