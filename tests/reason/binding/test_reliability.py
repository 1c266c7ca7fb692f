"""Questions about lifetimes, demonstrations and sampling plans: what the binders take from them."""

from __future__ import annotations

from typing import Any

import pytest

from havoc.reading.question import read_question
from havoc.reason import ask
from havoc.reason.binding import NeedsInput, bind


def arguments(operation: str, question: str) -> dict[str, Any]:
    return bind(operation, read_question(question)).args


@pytest.mark.parametrize(
    ("question", "time", "censored"),
    [
        ("weibull 120, 150+, 180, 210+ (+ = suspended)", [120, 150, 180, 210], [0, 1, 0, 1]),
        ("hours 500 F 620 F 700 S 850 F weibull shape", [500, 620, 700, 850], [0, 0, 1, 0]),
        ("days: 12 F, 15 C, 18 F, 21 F, 30 C. weibull", [12, 15, 18, 21, 30], [0, 1, 0, 0, 1]),
        ("weibull 4, 6*, 9, 12*, 15 where * is censored", [4, 6, 9, 12, 15], [0, 1, 0, 1, 0]),
        ("weibull: 22 31 35 with 2 suspended at 60", [22, 31, 35, 60, 60], [0, 0, 0, 1, 1]),
        (
            "broke after 1450, 2210 and 2890 h; another two reached 4000 h. Weibull",
            [1450, 2210, 2890, 4000, 4000],
            [0, 0, 0, 1, 1],
        ),
        (
            "suspended units at 500 and 600, failures at 200 310 420. weibull",
            [200, 310, 420, 500, 600],
            [0, 0, 0, 1, 1],
        ),
        ("months 3 5 8 11 and status 1 1 0 1, weibull", [3, 5, 8, 11], [0, 0, 1, 0]),
        ("t=3,5,8,12 c=0,0,1,0 (1=censored) weibull", [3, 5, 8, 12], [0, 0, 1, 0]),
        ("weibull fit of 3k 5k 9k cycles", [3000, 5000, 9000], None),
        ("hours,status\n150,F\n220,F\n300,S\n420,F\nweibull", [150, 220, 300, 420], [0, 0, 1, 0]),
        ("time|event\n2|1\n3|1\n6|0\n9|1\nweibull", [2, 3, 6, 9], [0, 0, 1, 0]),
    ],
)  # fmt: skip
def test_survivors_are_told_from_failures(
    question: str, time: list[float], censored: list[int] | None
) -> None:
    args = arguments("weibull_fit", question)
    assert args["time"] == time
    assert args.get("censored") == censored


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("12 bearings on test, failed at 210 340 400 510 h. Weibull?", "12 units were on test"),
        ("Weibull for 120 340 -15 560", "-15"),
        ("weibull, one failure at 800 h", "failure"),
        ("weibull for 100 200 300, some of these had not failed", "not failed"),
        ("weibull for 100 200 300 h, the remaining ones: see page 7", "other units"),
        ("fit a weibull please", "times to failure"),
    ],
)
def test_lifetimes_that_would_mislead_are_asked_about(question: str, words: str) -> None:
    with pytest.raises(NeedsInput, match=words):
        arguments("weibull_fit", question)


def test_what_is_wanted_of_a_life_distribution() -> None:
    args = arguments("weibull_fit", "Weibull of 210 340 420 510, B5 and B1, 90 % confidence")
    assert args["b_life"] == [5, 1]
    assert args["confidence"] == 0.9
    assert arguments("weibull_fit", "beta 2.1, eta 5000 h: failed by 1000 h?") == {
        "shape": 2.1,
        "scale": 5000.0,
        "unit": "h",
        "at": 1000.0,
    }
    wanted = arguments("weibull_fit", "weibull 150 220 310 420: when to change for 5% risk?")
    assert wanted["b_life"] == 5
    assert "confidence" not in wanted


def test_groups_of_survival_times_keep_their_names() -> None:
    args = arguments(
        "kaplan_meier", "log rank: old seals 10 12 15 19+ 21, new seals 14 18+ 22 25 30+"
    )
    assert args["groups"] == {
        "old seals": {"time": [10, 12, 15, 19, 21], "censored": [0, 0, 0, 1, 0]},
        "new seals": {"time": [14, 18, 22, 25, 30], "censored": [0, 1, 0, 0, 1]},
    }
    assert "unit" not in arguments("kaplan_meier", "km 5 8 12+ 15")


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("R99 C90, two failures allowed: sample size?",
         {"reliability": 0.99, "confidence": 0.9, "failures": 2}),
        ("we tested 45 pumps with 1 failure, which reliability at 90% confidence",
         {"n": 45, "failures": 1, "confidence": 0.9}),
        ("15 samples, slope 1.8, R95/C90 for 2000 h. how long each?",
         {"n": 15, "shape": 1.8, "reliability": 0.95, "confidence": 0.9, "time": 2000.0,
          "time_unit": "h", "failures": 0}),
        ("MTBF 800 h with 90 % confidence and r=0, 1, 2. Total time?",
         {"mtbf": 800.0, "unit": "h", "confidence": 0.9, "failures": [0, 1, 2]}),
        ("sure 95% that 9 in 10 latches survive, none can break. how many?",
         {"reliability": 0.9, "confidence": 0.95, "failures": 0}),
    ],
)  # fmt: skip
def test_demonstrations(question: str, expected: dict[str, Any]) -> None:
    assert arguments("demonstration_test", question) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("AQL 0.5% LTPD 3% producer risk 5% consumer risk 10%",
         {"aql": 0.005, "ltpd": 0.03, "alpha": 0.05, "beta": 0.1}),
        ("producer's risk 0.05 at AQL 0.015, consumer's risk 0.10 at LTPD 0.07",
         {"aql": 0.015, "ltpd": 0.07, "alpha": 0.05, "beta": 0.1}),
        ("95% chance to take it at 1% bad, 10% chance at 6% bad. what plan",
         {"aql": 0.01, "ltpd": 0.06, "alpha": 0.05, "beta": 0.1}),
        ("lot of 150 parts, n=20 c=0, hypergeometric chance to accept with 4% defective",
         {"lot_size": 150, "n": 20, "c": 0, "p": 0.04, "distribution": "hypergeometric"}),
        ("sample 13, reject if 1 or more bad. chance at 2 % and 10 % bad?",
         {"n": 13, "c": 0, "p": [0.02, 0.1]}),
        ("check 80 of each delivery of 2000, refuse when more than 2 bad. 5% bad lot?",
         {"lot_size": 2000, "n": 80, "c": 2, "p": 0.05}),
        ("lot 12000, AQL 1.5, level S-3, tightened",
         {"lot_size": 12000, "aql": 0.015, "level": "S-3", "inspection": "tightened"}),
        ("accept zero, RQL 2%, consumer risk 5%", {"c": 0, "ltpd": 0.02, "beta": 0.05}),
    ],
)  # fmt: skip
def test_sampling_plans(question: str, expected: dict[str, Any]) -> None:
    assert arguments("acceptance_sampling", question) == expected


@pytest.mark.parametrize(
    ("operation", "question", "words"),
    [
        ("acceptance_sampling", "plan n = 50, c = 60, acceptance at 2 %?", "60"),
        ("acceptance_sampling", "AQL 1.0 for our springs", "AQL alone"),
        ("acceptance_sampling", "which plan for a lot of 800", "quality level"),
        ("demonstration_test", "prove 120% reliability at 90% confidence", "120 %"),
        ("demonstration_test", "30 tested and no failures, what reliability", "confidence"),
        ("demonstration_test", "how many for 95% confidence, zero failures", "what must be shown"),
        ("kaplan_meier", "is survival in arm 2 better?", "time of every unit"),
    ],
)
def test_what_is_missing_is_asked(operation: str, question: str, words: str) -> None:
    with pytest.raises(NeedsInput, match=words):
        arguments(operation, question)


def test_answers_end_to_end() -> None:
    answer = ask("n=50 c=1: chance to accept a lot with 2 % bad?")
    assert answer.status == "answered"
    (call,) = [item for item in answer.tool_calls if item.purpose == "answer"]
    assert call.operation == "acceptance_sampling"
    assert call.result is not None
    assert call.result["pa"] == pytest.approx(0.98**50 + 50 * 0.02 * 0.98**49)
    assert "73.577 %" in answer.answer
