"""Two requests in one breath: told by the names of both methods."""

from __future__ import annotations

import pytest

from havoc.reading.question import read_question
from havoc.reason.companions import companions
from havoc.reason.planners import DEFAULT, planner_of


@pytest.mark.parametrize(
    ("question", "pair"),
    [
        (
            "Is the process stable, and if yes what is Cpk, LSL 7 USL 9: 8.1 7.9 8.0 8.2 8.1",
            {"control_chart", "capability"},
        ),
        (
            "differentiate t^3 - 12*t, afterwards solve t^3 - 12*t = 0",
            {"derivative", "solve"},
        ),
        (
            "I-MR chart plus Western Electric rules for 21 22 20 23 22 21 24",
            {"control_chart", "runs_rules"},
        ),
        (
            "P1: 4.1 4.3 4.0 4.2; P2: 4.6 4.9 4.4 5.1. Levene first, then compare the averages",
            {"equal_variance", "t_test_two_sample"},
        ),
        (
            "Weibull of 120 180 260 300 h; also demonstrate R90 C90 without failure, how many?",
            {"weibull_fit", "demonstration_test"},
        ),
    ],
)
def test_both_are_planned(question: str, pair: set[str]) -> None:
    plan = planner_of(DEFAULT).plan(read_question(question))
    assert {binding.operation for binding in plan.bindings} == pair


@pytest.mark.parametrize(
    "question",
    [
        "Normality failed, so which Ppk can be given for 3 4 9 12 30, USL 40?",
        "The ANOVA came out significant: which pairs differ? a 1 2 1; b 4 5 4; c 1 1 2",
        "Cpk of 4.1 4.2 4.0, the data are lognormal, USL 5",
        "Tukey for a 1 2 1; b 4 5 4; c 1 1 2",
        "power of a 2^3 with two replicates, effect 2, sigma 1",
    ],
)
def test_what_was_done_already_is_no_request(question: str) -> None:
    assert companions(question) is None


@pytest.mark.parametrize("piece", ["normality ", "not ", "and then ", "design of a ", "1 "])
def test_long_texts_are_looked_at_in_part(piece: str) -> None:
    companions(piece * 20_000)
