"""Lifetimes, demonstrations and integrals in everyday words: what is bound, no tool run."""

from __future__ import annotations

from typing import Any

import pytest

from havoc.reading.question import read_question
from havoc.reason.binding import BINDERS
from havoc.reason.binding.arguments import Binding, NeedsInput
from havoc.reason.binding.evidence import Evidence


def bound(operation: str, question: str) -> dict[str, Any]:
    binding = Binding(operation=operation)
    BINDERS[operation](Evidence(read_question(question)), binding)
    return binding.args


@pytest.mark.parametrize(
    ("question", "time", "censored"),
    [
        (
            "Hours 80 (broke), 120 (pulled for another reason), 150 (broke), 200 (still fine)",
            [80, 120, 150, 200],
            [0, 1, 0, 1],
        ),
        ("7 9 9 fail, 12 returned unfailed, 15 fail, 20 and 26 still out there",
            [7, 9, 9, 12, 15, 20, 26], [0, 0, 0, 1, 0, 1, 1]),
        ("stopped at 400 h with two still spinning; the others went at 120, 190, 310",
            [120, 190, 310, 400, 400], [0, 0, 0, 1, 1]),
        ("5 died at 31, 42, 50, 66, 71, other 3 pulled at 90 unbroken",
            [31, 42, 50, 66, 71, 90, 90, 90], [0, 0, 0, 0, 0, 1, 1, 1]),
        ("h,state\n50,failed\n70,removed ok\n90,failed\n95,removed ok\n",
            [50, 70, 90, 95], [0, 1, 0, 1]),
        ("the chains lasted 30 41 52 66 days", [30, 41, 52, 66], [0, 0, 0, 0]),
        ("survival of 1.5e4 2.5e4 3.5e4 cycles", [15000, 25000, 35000], [0, 0, 0]),
        ("tool, days, snapped(1)/taken out(0)\nA 3 1\nB 5 0\nC 6 1\nD 8 1\n",
            [3, 5, 6, 8], [0, 1, 0, 0]),
    ],
)  # fmt: skip
def test_one_group_of_lives(question: str, time: list[float], censored: list[int]) -> None:
    args = bound("kaplan_meier", question)
    assert (args["time"], args["censored"]) == (time, censored)


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("old t=5,9,12 e=1,1,0 new t=8,14,20 e=1,0,0", ["old", "new"]),
        (
            "Welded arms failed at 5, 9, 11 weeks and one ran to 12. "
            "Forged arms 8, 14, 17 and two ran to 20.",
            ["Welded", "Forged"],
        ),
    ],
)
def test_two_groups_of_lives(question: str, names: list[str]) -> None:
    groups = bound("kaplan_meier", question)["groups"]
    assert list(groups) == names
    assert [sum(group["censored"]) for group in groups.values()] == [1, 2]


@pytest.mark.parametrize(
    ("operation", "question", "expected"),
    [
        (
            "demonstration_test",
            "must last 800 h with 97 %, 90 % sure; I can run each one 1600 h, shape about 2",
            {"time": 800.0, "test_time": 1600.0, "shape": 2.0, "reliability": 0.97},
        ),
        ("demonstration_test", "40 pumps run, 3 died, 90 % confidence", {"n": 40, "failures": 3}),
        (
            "weibull_fit",
            "shape 1.8, characteristic life 60 000 km, share failed before 20 000 km",
            {"scale": 60000.0, "at": 20000.0},
        ),
        ("integral", "inflow 3*t + 2, from hour 1 to hour 5", {"lower": "1", "upper": "5"}),
        ("integral", "speed 2*sqrt(t), total after 4 hours from 0", {"lower": "0", "upper": "4"}),
        ("integral", "G(3)-G(1) for g=x*exp(-x)", {"lower": "1", "upper": "3"}),
        ("derivative", "slope in t of c*(1-exp(-k t))", {"variable": "t"}),
        ("solve", "turn V = pi*r^2*h around to r", {"variable": "r"}),
    ],
)
def test_everyday_words(operation: str, question: str, expected: dict[str, Any]) -> None:
    args = bound(operation, question)
    assert {name: args.get(name) for name in expected} == expected


@pytest.mark.parametrize("operation", ["kaplan_meier", "life_distribution", "weibull_fit"])
def test_a_part_of_a_percentage_is_no_time(operation: str) -> None:
    assert "at" not in bound(operation, "at 120 % coverage: 5.1 5.3 5.2 5.4 5.0")


@pytest.mark.parametrize(
    "said",
    [
        "5 9 12 h, still running at 50 h: 99999999999 units",
        "5 9 12, 99999999999 still running at 50",
    ],
)
def test_more_survivors_than_a_study_has_are_asked_about(said: str) -> None:
    with pytest.raises(NeedsInput, match="survivors are too many"):
        bound("kaplan_meier", said)


def test_a_count_that_no_study_has_is_asked_about() -> None:
    with pytest.raises(NeedsInput, match="too many") as asked:
        bound("weibull_fit", "hours,count\n100,2\n150,999999999999\n200,1\n")
    assert "row 2" in asked.value.ask
