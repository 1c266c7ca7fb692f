"""Questions on gages, skewed values, run lengths, odds and power become arguments."""

from __future__ import annotations

from typing import Any

import pytest

from havoc.reading.question import read_question
from havoc.reason.binding import NeedsInput, bind

SKEWED = [0.2, 0.5, 0.3, 1.9, 0.4, 0.8]


@pytest.mark.parametrize(
    ("operation", "question", "expected"),
    [
        (
            "gage_type1",
            "Cg and Cgk, master 4.000, tolerance 0.08: 4.001 4.002 4.000 4.001 3.999",
            {"reference": 4.0, "tolerance": 0.08, "data": [4.001, 4.002, 4.0, 4.001, 3.999]},
        ),
        (
            "gage_type1",
            "the 20.00 mm ring was read 20.01 20.02 20.00 20.01 on the bench, tol +/- 0.2",
            {"reference": 20.0, "tolerance": 0.4, "data": [20.01, 20.02, 20.0, 20.01]},
        ),
        (
            "gage_type1",
            "type 1: ref 8.00, mean 8.01, s 0.004, n = 30, T = 0.2, use 15 % and 4 sigma",
            {
                "reference": 8.0,
                "mean": 8.01,
                "sd": 0.004,
                "n": 30,
                "tolerance": 0.2,
                "percent_of_tolerance": 15.0,
                "study_multiplier": 4.0,
            },
        ),
        (
            "gage_bias_linearity",
            "ref 3 reads 3.1 3.2, ref 6 reads 6.1 6.0, ref 9 reads 8.9 8.8. linear?",
            {"reference": [3.0, 6.0, 9.0], "measured": [[3.1, 3.2], [6.1, 6.0], [8.9, 8.8]]},
        ),
        (
            "gage_bias_linearity",
            "linearity?\nref\tmeas\n5\t5.1\n5\t5.2\n10\t10.0\n10\t9.9",
            {"reference": [5.0, 5.0, 10.0, 10.0], "measured": [5.1, 5.2, 10.0, 9.9]},
        ),
        (
            "gage_bias_linearity",
            "bias of the scale, certified 50.0 g: 50.1 50.2 50.1 50.3, process variation 3",
            {"reference": 50.0, "measured": [50.1, 50.2, 50.1, 50.3], "process_variation": 3.0},
        ),
        (
            "capability_nonnormal",
            "lognormal ppk, USL 5: 0.2 0.5 0.3 1.9 0.4 0.8",
            {"method": "lognormal", "usl": 5.0, "data": SKEWED},
        ),
        (
            "capability_nonnormal",
            "runout is skewed 0.2 0.5 0.3 1.9 0.4 0.8 and shall remain below 4",
            {"usl": 4.0, "data": SKEWED},
        ),
        (
            "arl",
            "xbar chart, n=6, 3 sigma limits, shift of 0.7 sigma: average run length?",
            {"kind": "xbar", "subgroup_size": 6, "limits": 3.0, "shift": 0.7},
        ),
        (
            "arl",
            "we measure 4 every 3 hours, the mean slips two sigma, when do we know",
            {"subgroup_size": 4, "interval_hours": 3.0, "shift": 2.0},
        ),
        (
            "arl",
            "in-control and out-of-control ARL of a CUSUM with k = 0.4 and h = 6, shift 0.8 sigma",
            {"kind": "cusum", "k": 0.4, "h": 6.0, "shift": [0.0, 0.8]},
        ),
        (
            "arl",
            "EWMA lambda 0.3, L 2.9, delta = 1.2",
            {"kind": "ewma", "lambda": 0.3, "limits": 2.9, "shift": 1.2},
        ),
        (
            "logistic_regression",
            "logit: speed 1 2 3 4 5 6, jam 0 0 1 0 1 1. chance of jam at 3.5",
            {"x": [1, 2, 3, 4, 5, 6], "y": [0, 0, 1, 0, 1, 1], "x_new": 3.5},
        ),
        (
            "logistic_regression",
            "drop height and breaks: 10 cm 0/8, 20 cm 3/8, 30 cm 7/8. LD50?",
            {"x": [10, 20, 30], "events": [0, 3, 7], "trials": [8, 8, 8], "probability": 0.5},
        ),
        (
            "logistic_regression",
            "torque and result: 5 pass, 6 fail, 7 pass, 8 fail, 9 fail. How do the odds change?",
            {"x": [5, 6, 7, 8, 9], "y": [0, 1, 0, 1, 1]},
        ),
        (
            "doe_power",
            "power of a 2^3 in duplicate for an effect of 4 if sigma is 2.5, alpha 0.1",
            {"n_factors": 3, "replicates": 2, "effect": 4.0, "sigma": 2.5, "alpha": 0.1},
        ),
        (
            "doe_power",
            "smallest effect of a 2^(5-2) with 90 % power, sd 3",
            {"n_factors": 5, "runs": 8, "power": 0.9, "sigma": 3.0},
        ),
    ],
)
def test_what_is_read(operation: str, question: str, expected: dict[str, Any]) -> None:
    args = bind(operation, read_question(question)).args
    assert {name: args.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("operation", "question", "what"),
    [
        ("gage_type1", "Cgk of 3.01 3.02 3.00 3.01", "reference"),
        ("gage_type1", "Cgk, master 3.00, readings 3.01 3.02 3.00 3.01", "tolerance"),
        ("gage_type1", "Cg, ref 3.0, tol 0.1, readings 3.0 3.0 3.0 3.0", "no spread"),
        ("gage_bias_linearity", "is my gage linear?", "reference"),
        ("capability_nonnormal", "box-cox ppk, usl 3: 0.4 -0.2 1.1 0.9", "not above zero"),
        ("capability_nonnormal", "weibull ppk of 0.4 0.2 1.1 0.9", "limits are missing"),
        ("arl", "ARL of my EWMA with lambda 0.2?", "limits is missing"),
        ("arl", "ARL of our cusum", "decision interval"),
        ("logistic_regression", "logit: x 1 2 3 4, y 0 0 0 0", "all outcomes are the same"),
        ("logistic_regression", "do a logistic regression", "outcome of each unit"),
        ("doe_power", "power for an effect of 2 with sigma 1?", "size of the design"),
        ("doe_power", "what is the power of a 2^3?", "effect to be found"),
    ],
)
def test_what_is_missing_is_asked_for(operation: str, question: str, what: str) -> None:
    with pytest.raises(NeedsInput, match=what):
        bind(operation, read_question(question))
