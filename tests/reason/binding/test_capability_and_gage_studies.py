"""Questions on batches, counts, sixpacks and further gage studies become arguments."""

from __future__ import annotations

from typing import Any

import pytest

from havoc.reason import ask
from havoc.reason.binding.capability_studies import named_distributions

YIELD = [1545, 1440, 1440, 1520, 1580, 1540, 1555, 1490, 1560, 1495, 1595, 1550, 1605, 1510, 1560]
BATCH = ["A"] * 5 + ["B"] * 5 + ["C"] * 5
CROSSED = {
    "part": [p for p in "1234" for _ in range(4)],
    "operator": ["Ann", "Ann", "Bob", "Bob"] * 4,
    "value": [1.1, 1.0, 1.3, 1.2, 2.1, 2.2, 2.3, 2.2, 3.0, 3.1, 3.3, 3.2, 0.5, 0.6, 0.9, 0.8],
}


@pytest.mark.parametrize(
    ("question", "data", "operation", "expected"),
    [
        (
            "between/within capability of yield, LSL 1300 USL 1750",
            {"yield": YIELD, "batch": BATCH},
            "capability_between_within",
            {"lsl": 1300.0, "usl": 1750.0, "subgroups": [YIELD[:5], YIELD[5:10], YIELD[10:]]},
        ),
        (
            "B/W capability by components of variance, LSL 1300 USL 1750",
            {"yield": YIELD, "batch": BATCH},
            "capability_between_within",
            {"between_method": "anova"},
        ),
        (
            "capability sixpack, LSL 1300, USL 1750, subgroups of 5",
            {"yield": YIELD},
            "capability_sixpack",
            {"subgroup_size": 5, "lsl": 1300.0, "usl": 1750.0},
        ),
        (
            "a six pack with a lognormal distribution, USL 1750",
            {"yield": YIELD},
            "capability_sixpack",
            {"distribution": "lognormal", "usl": 1750.0},
        ),
        (
            "binomial capability of 92 defective out of 1250 units",
            None,
            "capability_attribute",
            {"defectives": [92.0], "sample_size": [1250.0]},
        ),
        (
            "Poisson capability analysis, target 0.2",
            {"defects": [3, 5, 2, 6], "inspected": [20, 22, 19, 25]},
            "capability_attribute",
            {"defects": [3.0, 5.0, 2.0, 6.0], "target": 0.2},
        ),
        (
            "binomial capability, target 5 %",
            {"defectives": [3, 5, 2, 6], "inspected": [20, 22, 19, 25]},
            "capability_attribute",
            {"target": 0.05},
        ),
        (
            "expanded gage R&R of value, operator is fixed, tolerance 4",
            CROSSED,
            "gage_rr_expanded",
            {"part": "part", "fixed": ["operator"], "tolerance": 4.0},
        ),
        (
            "expanded gage R&R, parts within operators",
            {**CROSSED, "part": [f"{i // 2}" for i in range(16)]},
            "gage_rr_expanded",
            {"nested": {"part": "operator"}},
        ),
        (
            "destructive gage R&R",
            {**CROSSED, "operator": ["Ann"] * 8 + ["Bob"] * 8},
            "gage_rr_nested",
            {"data": CROSSED["value"]},
        ),
        (
            "gage stability: is the master drifting? reference 10",
            {
                "day": [1, 3, 4, 9, 12],
                "r1": [10.1, 10, 9.9, 10, 10.2],
                "r2": [10, 10, 9.8, 10, 10.1],
            },
            "gage_stability",
            {"reference": 10.0, "times": [1.0, 3.0, 4.0, 9.0, 12.0]},
        ),
        (
            "attribute gage study by the analytic method, upper limit 5, 25 trials",
            {"size": [4.8, 4.9, 5, 5.1, 5.2], "accepted": [25, 20, 12, 5, 0]},
            "attribute_gage",
            {"usl": 5.0, "trials": 25, "acceptances": [25.0, 20.0, 12.0, 5.0, 0.0]},
        ),
        (
            "attribute agreement: effectiveness of the appraisers",
            {
                "part": ["1", "1", "2", "2"] * 2,
                "appraiser": ["Ann"] * 4 + ["Bob"] * 4,
                "rating": ["ok", "ok", "ng", "ng", "ok", "ng", "ng", "ng"],
                "standard": ["ok", "ok", "ng", "ng"] * 2,
            },
            "attribute_agreement",
            {"operators": ["Ann"] * 4 + ["Bob"] * 4, "parts": ["1", "1", "2", "2"] * 2},
        ),
    ],
)
def test_the_question_reaches_its_study(
    question: str, data: dict[str, Any] | None, operation: str, expected: dict[str, Any]
) -> None:
    answer = ask(question, data)
    assert answer.status == "answered", answer.answer
    (call,) = (call for call in answer.tool_calls if call.purpose == "answer")
    assert call.operation == operation
    for name, value in expected.items():
        assert call.args[name] == value, name


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("capability sixpack of the bore", "specification limit"),
        ("between/within capability, LSL 1 USL 3: 1 2 3 2 1 2 3", "batch"),
        ("binomial capability of the line", "found in each sample"),
        ("nested gage R&R of the tensile test", "operator"),
        ("expanded gage R&R", "factors belong"),
        ("gage stability of the caliper", "readings"),
        ("attribute gage study of the plug", "how often was it accepted"),
    ],
)
def test_what_is_missing_is_asked_for(question: str, asked: str) -> None:
    answer = ask(question)
    assert answer.status == "needs_clarification"
    assert asked in answer.answer


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("three-parameter Weibull", ["weibull_3p"]),
        ("a loglogistic fit", ["loglogistic"]),
        ("logistic, then lognormal", ["logistic", "lognormal"]),
        ("smallest extreme value", ["smallest_extreme_value"]),
        ("2-parameter exponential", ["exponential_2p"]),
        ("plain values", []),
    ],
)
def test_distributions_are_read_once_each(text: str, names: list[str]) -> None:
    assert named_distributions(text) == names
