"""Arguments of quality and reliability studies, in the ways that people write them."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from effort import processor_seconds
from havoc.reading.question import read_question
from havoc.reading.turns import merge
from havoc.reason.binding import NeedsInput, bind

GAGE: list[tuple[str, str, dict[str, Any]]] = [
    (
        "gage_rr",
        "rod 1: Tom 4.1 4.2, Uwe 4.0 4.1; rod 2: Tom 4.8 4.9, Uwe 4.7 4.7. "
        "The tolerance, it's 3 in total",
        {"tolerance": 3.0, "operators": ["Tom", "Tom", "Uwe", "Uwe"] * 2},
    ),
    (
        "gage_rr",
        "two testers, 3 rods, twice: Tom 1.1 1.2 2.0 2.1 3.0 3.1; Uwe 1.2 1.2 2.1 2.1 3.1 3.0",
        {"parts": ["part 1", "part 1", "part 2", "part 2", "part 3", "part 3"] * 2},
    ),
    (
        "gage_rr",
        "Tom and Uwe, parts 1 2 3 1 2 3:\nTom 1.1 2.0 3.0 1.2 2.1 3.1\nUwe 1.2 2.1 3.1 1.2 2.1 3.0",
        {"parts": ["part 1", "part 2", "part 3"] * 4},
    ),
    (
        "gage_rr",
        "rbar 0.05, xdiff 0.02, rp 0.6 with 2 trials, 3 operators and 10 parts",
        {"rbar": 0.05, "xdiff": 0.02, "rp": 0.6, "trials": 2, "operators": 3, "parts": 10},
    ),
    ("gage_rr", "sigma_gage = 0.04, sigma_total = 0.3: ndc?", {"grr": 0.04, "tv": 0.3}),
    (
        "gage_rr",
        "part;who;m1;m2\n1;X;5.0;5.1\n2;X;6.2;6.2\n1;Y;5.1;5.1\n2;Y;6.3;6.2\ngage r&r?",
        {
            "data": [5.0, 6.2, 5.1, 6.3, 5.1, 6.2, 5.1, 6.2],
            "parts": ["1", "2"] * 4,
            "operators": ["X", "X", "Y", "Y"] * 2,
        },
    ),
]

SAMPLING: list[tuple[str, str, dict[str, Any]]] = [
    (
        "acceptance_sampling",
        "we pull forty and pass it with 2 bad; 3 % of them are bad, how often does it pass?",
        {"n": 40, "c": 2, "p": 0.03},
    ),
    (
        "acceptance_sampling",
        "take 80, send it back at 4 or more bad, truck is 2% bad",
        {"n": 80, "c": 3, "p": 0.02},
    ),
    (
        "acceptance_sampling",
        "check thirty, one bad = we return the lot, 2 % bad",
        {"n": 30, "c": 0},
    ),
    ("acceptance_sampling", "600 pcs, AQL 1.5, level I", {"lot_size": 600, "aql": 0.015}),
    (
        "acceptance_sampling",
        "two thousand pieces come in, 1 % bad is acceptable",
        {"lot_size": 2000, "aql": 0.01},
    ),
    (
        "acceptance_sampling",
        "a 2 % lot passes 95 times in 100, an 8 % lot only 10 in 100",
        {"aql": 0.02, "ltpd": 0.08, "alpha": 0.05, "beta": 0.1},
    ),
    (
        "acceptance_sampling",
        "c=0 plan, 90 % sure that a lot with 3 % bad is rejected",
        {"ltpd": 0.03, "beta": 0.1, "c": 0},
    ),
    (
        "acceptance_sampling",
        "double plan: first 20, accept at 0, reject at 2; second 20, take at 1, with 1 % bad",
        {"n": [20, 20], "accept": [0, 1], "reject": [2, 2], "p": 0.01},
    ),
    (
        "acceptance_sampling",
        "incoming check by measuring, 15 pieces, average 8.2, spread 0.2, minimum 7.5, k 1.6",
        {"k": 1.6, "lsl": 7.5, "data": {"n": 15, "mean": 8.2, "sd": 0.2}},
    ),
]

CAPABILITY: list[tuple[str, str, dict[str, Any]]] = [
    (
        "capability",
        "Ppk, min. 60 N: 71 68 74 70 66 73",
        {"lsl": 60.0, "data": [71, 68, 74, 70, 66, 73]},
    ),
    ("capability", "strength has to be 60 or more. 71 68 74 70 66 73", {"lsl": 60.0}),
    ("capability", "71 68 74 70 66 73, never above 80. index?", {"usl": 80.0}),
    ("capability", "leak 0.2 max; 0.11 0.12 0.15 0.14. Is 1.33 met?", {"usl": 0.2}),
    ("capability", "top limit 40 bottom 30. readings 34 36 35 33", {"lsl": 30.0, "usl": 40.0}),
    ("capability", "28 kg minimum and 32 maximum: 29.1 30.2 29.8 30.5", {"lsl": 28.0, "usl": 32.0}),
    (
        "capability",
        "dia 8.01 on average, sigma .02, allowed 8.00 -0.05/+0.1. ppm?",
        {"mean": 8.01, "sd": 0.02, "lsl": 7.95, "usl": 8.1},
    ),
    (
        "capability",
        "the bore runs 71.4 with sigma 2.2 and the gate is 65 to 80",
        {"mean": 71.4, "sd": 2.2, "lsl": 65.0, "usl": 80.0},
    ),
    (
        "capability",
        "40 rings, mean 12.1, StDev(Overall) 0.2, print says 11-13",
        {"n": 40, "mean": 12.1, "sd": 0.2, "lsl": 11.0, "usl": 13.0},
    ),
]


CHARTS: list[tuple[str, str, dict[str, Any]]] = [
    (
        "control_chart",
        "typos per letter: 7 typos in 4 letters, 3 in 2, 9 in 5. Unusual?",
        {"kind": "u", "defects": [7.0, 3.0, 9.0], "sample_size": [4.0, 2.0, 5.0]},
    ),
    (
        "control_chart",
        "no-shows 7 of 90, 3 of 80, 9/110: a special week?",
        {"kind": "p", "defectives": [7.0, 3.0, 9.0], "sample_size": [90.0, 80.0, 110.0]},
    ),
    (
        "control_chart",
        "lot,tested,fail\nA,400,12\nB,380,9\nC,410,15\nstable?",
        {"kind": "p", "defectives": [12.0, 9.0, 15.0], "sample_size": [400.0, 380.0, 410.0]},
    ),
    (
        "control_chart",
        "60 seals per box, leaking ones: 3 5 2 9 4",
        {"defectives": [3.0, 5.0, 2.0, 9.0, 4.0], "sample_size": 60.0},
    ),
    (
        "control_chart",
        "a chart with a memory, weight 0.3, tgt 10: 10.1 9.9 10.2 10.3 10.4",
        {"kind": "ewma", "lambda": 0.3, "target": 10.0},
    ),
    (
        "control_chart",
        "temp and pressure, one chart for both: temp 200 202 199 201 pressure 50 51 49 50",
        {"kind": "t2"},
    ),
    (
        "control_chart",
        "part,value\nA,30.1\nA,30.2\nB,45.3\nB,44.9\nNominal A 30, B 45. One chart?",
        {"kind": "short_run", "nominals": {"A": 30.0, "B": 45.0}},
    ),
    (
        "runs_rules",
        "limits 46-54, middle 50. 51 49 51 49 52 48 51",
        {"mean": 50.0, "lcl": 46.0, "ucl": 54.0},
    ),
]


@pytest.mark.parametrize(
    ("operation", "question", "expected"), [*GAGE, *SAMPLING, *CAPABILITY, *CHARTS]
)
def test_the_arguments_are_those_that_were_written(
    operation: str, question: str, expected: dict[str, Any]
) -> None:
    binding = bind(operation, read_question(question))
    for name, value in expected.items():
        assert binding.args.get(name) == value, name
        assert name in binding.provenance, name


@pytest.mark.parametrize(
    ("operation", "question"),
    [
        # rounds or repeats side by side: the values do not tell
        ("gage_rr", "3 rods, twice: Tom 1.1 1.2 1.0 1.1 1.0 1.1; Uwe 1.2 1.2 1.1 1.1 1.1 1.0"),
    ],
)
def test_what_the_question_leaves_open_is_asked(operation: str, question: str) -> None:
    with pytest.raises(NeedsInput):
        bind(operation, read_question(question))


@pytest.mark.parametrize(
    ("earlier", "now", "expected"),
    [
        ("Cpk of 9.8 9.9 10.1 9.7, LSL 9 USL 10.5", "sorry, USL is 11", {"lsl": 9.0, "usl": 11.0}),
        (
            "Cpk of 9.8 9.9 10.1 9.7, limits 9 to 11",
            "now tighten to 9.5-10.5",
            {"lsl": 9.5, "usl": 10.5},
        ),
        ("Cpk, mean 9.8, s 0.1, limits 9 to 11", "and with the mean moved to 10?", {"mean": 10.0}),
    ],
)
def test_what_a_follow_up_corrects_is_taken_from_it(
    earlier: str, now: str, expected: dict[str, Any]
) -> None:
    binding = bind("capability", merge(read_question(now), read_question(earlier)))
    assert {name: binding.args.get(name) for name in expected} == expected


@pytest.mark.parametrize("unit", ["1 to ", "min ", "upper a ", "1-", "allowed 1 ", "runs ", "one "])
def test_hostile_limits_are_read_quickly(unit: str) -> None:
    reading = read_question("Cpk mean 5 sigma 1 " + unit * 5_000)
    with contextlib.suppress(NeedsInput), processor_seconds(5):
        bind("capability", reading)
