"""Charts, capability, sampling and gage studies in the words that engineers take for them."""

from __future__ import annotations

from typing import Any

import pytest

from effort import processor_seconds
from havoc.reading.question import read_question
from havoc.reason.binding import NeedsInput, bind

CAPABILITY: list[tuple[str, str, dict[str, Any]]] = [
    (
        "capability",
        "Assay averages 99.4 % (s 0.4), NLT 98.0 %, NMT 101.0 %. Ppk?",
        {"lsl": 98.0, "usl": 101.0, "mean": 99.4, "sd": 0.4},
    ),
    (
        "capability",
        "Dissolution >= 80 % at 45 min, mean 86, sd 2",
        {"lsl": 80.0, "mean": 86.0, "sd": 2.0},
    ),
    ("capability", "water < 4 %: 2.2 2.5 2.1 2.8", {"usl": 4.0, "data": [2.2, 2.5, 2.1, 2.8]}),
    (
        "capability",
        "200 g ± 3 %: 199 201 203 198",
        {"lsl": 194.0, "usl": 206.0, "target": 200.0, "data": [199.0, 201.0, 203.0, 198.0]},
    ),
    (
        "capability",
        "gap customer permits 1.1 till 1.4: 1.21 1.25 1.23 1.22",
        {"lsl": 1.1, "usl": 1.4, "data": [1.21, 1.25, 1.23, 1.22]},
    ),
    (
        "capability",
        "80 pcs avg 2.51 stdev .03 print 2.4-2.6",
        {"lsl": 2.4, "usl": 2.6, "mean": 2.51, "sd": 0.03, "n": 80},
    ),
    ("capability", "Cpk 1.21 with n=60, is 1.33 needed to be reached?", {"cpk": 1.21, "n": 60}),
    ("capability", "Cp = 1.8, Cpk = 1.4, n = 35: intervals?", {"cp": 1.8, "cpk": 1.4, "n": 35}),
    (
        "capability",
        "rejected with Cpk below 1.33. 5.1 5.2 5.0 5.15, spec 4.8 - 5.5",
        {"lsl": 4.8, "usl": 5.5, "cpk_required": 1.33, "data": [5.1, 5.2, 5.0, 5.15]},
    ),
    (
        "capability_nonnormal",
        "leak rate 4 9 6 22 7 5 s, 1–60, lognormal",
        {
            "lsl": 1.0,
            "usl": 60.0,
            "data": [4.0, 9.0, 6.0, 22.0, 7.0, 5.0],
            "method": "lognormal",
            "unit": "s",
        },
    ),
    (
        "capability_nonnormal",
        "skewed 0.1 0.3 0.2 0.9 0.15, NMT 1.5",
        {"usl": 1.5, "data": [0.1, 0.3, 0.2, 0.9, 0.15]},
    ),
]
CHARTS: list[tuple[str, str, dict[str, Any]]] = [
    (
        "control_chart",
        "every lot 60 pcs checked, NG 1 2 0 3 5",
        {"kind": "p", "defectives": [1.0, 2.0, 0.0, 3.0, 5.0], "sample_size": 60.0},
    ),
    (
        "control_chart",
        "400/shift, bad 6 9 4 12",
        {"kind": "p", "defectives": [6.0, 9.0, 4.0, 12.0], "sample_size": 400.0},
    ),
    (
        "control_chart",
        "6 rejects from 310, 9 from 280, 3 from 295",
        {"kind": "p", "defectives": [6.0, 9.0, 3.0], "sample_size": [310.0, 280.0, 295.0]},
    ),
    (
        "control_chart",
        "bad parts: 22 of 4.1e3, 17 of 3.6e3, 30 of 4.4e3",
        {"kind": "p", "defectives": [22.0, 17.0, 30.0], "sample_size": [4100.0, 3600.0, 4400.0]},
    ),
    (
        "control_chart",
        "defects 3, 8, 5 in 1.5, 2, 2.5 m2, u chart",
        {"kind": "u", "defects": [3.0, 8.0, 5.0], "sample_size": [1.5, 2.0, 2.5]},
    ),
    (
        "control_chart",
        "6 défauts sur 12 cartes, 9 sur 15, 4 sur 10",
        {"kind": "u", "defects": [6.0, 9.0, 4.0], "sample_size": [12.0, 15.0, 10.0]},
    ),
    (
        "control_chart",
        "p chart limits for 3.5 % defective on average and n = 250",
        {"kind": "p", "pbar": 0.035, "sample_size": 250.0},
    ),
    (
        "control_chart",
        "EWMA lambda .3 tgt 8 sig .4: 8.1 7.9 8.3 8.4",
        {"kind": "ewma", "data": [8.1, 7.9, 8.3, 8.4], "target": 8.0, "sigma": 0.4, "lambda": 0.3},
    ),
    (
        "control_chart",
        "cusum k=.5 h=4 target 0, deviations from nominal .2 .1 -.3 .6",
        {"kind": "cusum", "k": 0.5, "h": 4.0, "target": 0.0, "data": [0.2, 0.1, -0.3, 0.6]},
    ),
    (
        "control_chart",
        "targets 4 4 9 9, found 4.1 3.9 9.2 9.0. one chart",
        {
            "kind": "short_run",
            "short_run_method": "deviation",
            "data": [4.1, 3.9, 9.2, 9.0],
            "nominals": [4.0, 4.0, 9.0, 9.0],
        },
    ),
    (
        "control_chart",
        "subgroups of 6: means 20.1 20.4 19.9; SDs 0.3 0.4 0.2",
        {"kind": "xbar_s", "means": [20.1, 20.4, 19.9], "sds": [0.3, 0.4, 0.2], "subgroup_size": 6},
    ),
    (
        "control_chart",
        "mean = 40.2 mm, average range = .9 mm, 4 per subgroup",
        {"kind": "xbar_r", "mean": 40.2, "rbar": 0.9, "subgroup_size": 4},
    ),
    (
        "runs_rules",
        "Nelson tests 1, 4 and 6 on 3.1 3.4 2.9 3.3, mean 3.2 sigma .2",
        {"data": [3.1, 3.4, 2.9, 3.3], "mean": 3.2, "sigma": 0.2, "rules": [1, 4, 6]},
    ),
    (
        "runs_rules",
        "only 2 of 3 past 2 sigma: 3.1 3.4 2.9 3.3 mean 3.2 sigma .2",
        {"data": [3.1, 3.4, 2.9, 3.3], "mean": 3.2, "sigma": 0.2, "rules": ["2_of_3"]},
    ),
    (
        "arl",
        "tabular scheme k=.25 h=8, shift of half a sigma",
        {"kind": "cusum", "k": 0.25, "h": 8.0, "shift": 0.5},
    ),
    (
        "arl",
        "mean goes from 20 to 20.6, sigma 0.4, n = 3, how many samples",
        {"kind": "xbar", "limits": 3.0, "shift": 1.5, "subgroup_size": 3},
    ),
]
SAMPLING: list[tuple[str, str, dict[str, Any]]] = [
    (
        "acceptance_sampling",
        "120 rolls; S-3; AQL 2.5",
        {"lot_size": 120, "level": "S-3", "aql": 0.025},
    ),
    (
        "acceptance_sampling",
        "AQL (acceptable quality level) of 0.4 %, batch 2500",
        {"lot_size": 2500, "aql": 0.004},
    ),
    (
        "acceptance_sampling",
        "AQL 0.5% w/ 5% producer risk, RQL (LTPD) 3% w 10% consumer risk",
        {"aql": 0.005, "ltpd": 0.03, "alpha": 0.05, "beta": 0.1},
    ),
    (
        "acceptance_sampling",
        "pass lots at 1 % with 95 % and lots at 7 % with at most 10 %",
        {"aql": 0.01, "ltpd": 0.07, "alpha": 0.05, "beta": 0.1},
    ),
    (
        "acceptance_sampling",
        "we pull 40 and take the lot on zero bad; incoming 3 % defective",
        {"n": 40, "c": 0, "p": 0.03},
    ),
    (
        "acceptance_sampling",
        "take 30, if 3 bad then it goes back, 5 % bad comes in",
        {"n": 30, "c": 2, "p": 0.05},
    ),
    (
        "acceptance_sampling",
        "lots of 900, draw 80 and accept with up to 4 chipped ones",
        {"lot_size": 900, "n": 80, "c": 4},
    ),
    (
        "acceptance_sampling",
        "NQA 1,0 %, NQ limite 5 %, risque fournisseur 5 %, risque client 10 %",
        {"aql": 0.01, "ltpd": 0.05, "alpha": 0.05, "beta": 0.1},
    ),
    (
        "acceptance_sampling",
        "if I see zero bad I want to be 95 % sure it is under 2 % bad",
        {"c": 0, "ltpd": 0.02, "beta": 0.05},
    ),
]
TWICE = ["6.1", "6.2", "7.4", "7.5", "5.8", "5.9"]
GAGES: list[tuple[str, str, dict[str, Any]]] = [
    (
        "gage_rr",
        "robot cell, no operator: part 1 6.1 6.2, part 2 7.4 7.5, part 3 5.8 5.9",
        {
            "data": [float(item) for item in TWICE],
            "operators": ["gage"] * 6,
            "parts": ["part 1"] * 2 + ["part 2"] * 2 + ["part 3"] * 2,
        },
    ),
    (
        "gage_rr",
        "repeatability std dev .03, reproducibility std dev .02, part std dev .4. Tol. 2",
        {"tolerance": 2.0, "ev": 0.03, "av": 0.02, "pv": 0.4},
    ),
    (
        "gage_type1",
        "wzorzec 15,000, 30 pomiarów, średnia 15,002, s=0,004, T=0,1",
        {"mean": 15.002, "sd": 0.004, "n": 30, "tolerance": 0.1, "reference": 15.0},
    ),
    (
        "gage_type1",
        "25 weighings of a 40.00 g check weight: mean 40.02, s 0.01; tolerance 0.3",
        {"mean": 40.02, "sd": 0.01, "n": 25, "tolerance": 0.3, "reference": 40.0},
    ),
    (
        "gage_bias_linearity",
        "on the 5 block I got 5.01 and 5.02, on 10 10.03 and 10.01, on 20 20.05 and 20.06",
        {
            "reference": [5.0, 10.0, 20.0],
            "measured": [[5.01, 5.02], [10.03, 10.01], [20.05, 20.06]],
        },
    ),
    (
        "gage_bias_linearity",
        "mean error +.2 at 10, +.3 at 20, +.5 at 40 (8 readings each)",
        {"reference": [10.0, 20.0, 40.0], "bias": [0.2, 0.3, 0.5], "n": 8},
    ),
    (
        "gage_bias_linearity",
        "standards 5 / 15 / 30, found 5.1 5.2 / 15.2 15.1 / 30.4 30.5",
        {"reference": [5.0, 15.0, 30.0], "measured": [[5.1, 5.2], [15.2, 15.1], [30.4, 30.5]]},
    ),
    (
        "attribute_agreement",
        "both pass 40 both fail 30 they split 6 and 4",
        {"table": [[40, 6], [4, 30]], "categories": ["pass", "fail"]},
    ),
    (
        "attribute_agreement",
        "Rater 1 yes yes no yes; rater 2 yes no no yes",
        {"raters": {"Rater 1": ["yes", "yes", "no", "yes"], "rater 2": ["yes", "no", "no", "yes"]}},
    ),
    (
        "attribute_agreement",
        "same 4 panels: night matt gloss gloss matt; day matt gloss matt matt",
        {
            "raters": {
                "night": ["matt", "gloss", "gloss", "matt"],
                "day": ["matt", "gloss", "matt", "matt"],
            }
        },
    ),
]
SAMPLES: list[tuple[str, str, dict[str, Any]]] = [
    (
        "outlier_test",
        "one casting broke at 12, the others 30 31 29 32",
        {"data": [12.0, 30.0, 31.0, 29.0, 32.0]},
    ),
    (
        "outlier_test",
        "8.1 8.2 8.0 9.9 8.1, risk 1 %",
        {"data": [8.1, 8.2, 8.0, 9.9, 8.1], "alpha": 0.01},
    ),
    (
        "outlier_test",
        "generalised ESD, up to three outliers: 1.1 1.2 1.0 5.0 1.1 4.8 1.2",
        {
            "data": [1.1, 1.2, 1.0, 5.0, 1.1, 4.8, 1.2],
            "method": "generalized_esd",
            "max_outliers": 3,
        },
    ),
    (
        "describe",
        "P10/P90 and the 20 % trimmed mean: 3 5 4 9 6",
        {"data": [3.0, 5.0, 4.0, 9.0, 6.0], "percentiles": [10.0, 90.0], "trim": 0.2},
    ),
    (
        "normality",
        "α=0,01: 21.1 21.4 21.2 21.6 21.3",
        {"data": [21.1, 21.4, 21.2, 21.6, 21.3], "alpha": 0.01},
    ),
    (
        "prediction_interval",
        "7.1 7.3 7.2 7.5: which value should the next lot not exceed, 95 %?",
        {"data": [7.1, 7.3, 7.2, 7.5], "m": 1, "confidence": 0.95, "side": "upper"},
    ),
    (
        "prediction_interval",
        "7.1 7.3 7.2 7.5, 4 pcs more tomorrow",
        {"data": [7.1, 7.3, 7.2, 7.5], "m": 4},
    ),
    (
        "tolerance_interval",
        "min force which 99 % of parts will pass with 95 % confidence, avg 80 sd 3 n 25",
        {"coverage": 0.99, "confidence": 0.95, "n": 25, "mean": 80.0, "sd": 3.0, "side": "lower"},
    ),
]


@pytest.mark.parametrize(
    ("operation", "question", "expected"), [*CAPABILITY, *CHARTS, *SAMPLING, *GAGES, *SAMPLES]
)
def test_wording_becomes_arguments(operation: str, question: str, expected: dict[str, Any]) -> None:
    found = bind(operation, read_question(question)).args
    assert {name: found.get(name) for name in expected} == expected
    assert found.keys() - expected.keys() <= {"name", "unit", "kind", "cpk_required", "inspection"}


@pytest.mark.parametrize(
    ("operation", "question"),
    [
        ("capability", "Cpk for the order 20-4410: 6.2 6.3 6.1 6.4, drawing is not here"),
        ("control_chart", "chart of rejects 4 7 3 9 6"),
        ("control_chart", "in control? 7.1 7.3 7.2 . subgroup size was 4 or 5, not sure"),
        ("control_chart", "bad ones 3 6 2 8, we inspect a different number every day"),
        ("control_chart", "is it a u or c chart? flaws 12 9 15 7"),
        ("control_chart", "EWMA around the usual target: 4.1 4.2 4.0"),
        ("runs_rules", "Westgard rules for my controls 50 52 49 51"),
        ("arl", "how soon does my chart notice? I do not know the shift"),
        ("arl", "How fast will the chart find trouble?"),
        ("acceptance_sampling", "How many samples for AQL 0.65?"),
    ],
)
def test_what_is_left_open_is_asked(operation: str, question: str) -> None:
    with pytest.raises(NeedsInput):
        bind(operation, read_question(question))


@pytest.mark.parametrize(
    "piece",
    ["1,5 a ", "both good 5 ", "on 5 5.1 ", "A: 5 ", "12 of 300 ", "ok nok ", "5–7 ~", "P5 "],
)
def test_long_texts_are_read_in_linear_time(piece: str) -> None:
    reading = read_question(piece * (15_000 // len(piece)))
    operations = [
        "control_chart",
        "capability",
        "gage_bias_linearity",
        "attribute_agreement",
        "acceptance_sampling",
        "describe",
        "outlier_test",
        "arl",
    ]
    for operation in operations:
        with processor_seconds(5):
            try:
                bind(operation, reading)
            except NeedsInput:
                continue
