"""Studies of gages in everyday words: what is bound, without running the tool."""

from __future__ import annotations

import math
from typing import Any

import pytest

from havoc.reading.question import read_question
from havoc.reason.binding import BINDERS
from havoc.reason.binding.arguments import Binding
from havoc.reason.binding.evidence import Evidence


def bound(operation: str, question: str) -> dict[str, Any]:
    binding = Binding(operation=operation)
    BINDERS[operation](Evidence(read_question(question)), binding)
    return binding.args


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (
            "weight 5: 5.02 5.03\nweight 15: 15.01 15.04\nweight 25: 24.97 24.99",
            {
                "reference": [5.0, 15.0, 25.0],
                "measured": [[5.02, 5.03], [15.01, 15.04], [24.97, 24.99]],
            },
        ),
        (
            "linearity: ref4 → 4.1,4.2; ref8 → 8.0,8.1",
            {"reference": [4.0, 8.0], "measured": [[4.1, 4.2], [8.0, 8.1]]},
        ),
        (
            "bias at 2 mm -0.01, at 6 mm +0.04, twelve readings at each",
            {"reference": [2.0, 6.0], "bias": [-0.01, 0.04], "n": 12},
        ),
        ("masters 1 2 3 read 1.1 2.0 2.9, PV = 0.8", {"process_variation": 0.8}),
    ],
)
def test_bias_and_linearity(question: str, expected: dict[str, Any]) -> None:
    args = bound("gage_bias_linearity", question)
    assert {name: args.get(name) for name in expected} == expected


def test_type_1_from_a_summary() -> None:
    args = bound(
        "gage_type1", "25 repeats on the 20 mm pin: average 20.01, scatter 0.004, tol (USL-LSL) 0.2"
    )
    assert args == {"mean": 20.01, "sd": 0.004, "n": 25, "reference": 20.0, "tolerance": 0.2}


def test_variance_components_become_standard_deviations() -> None:
    values = "repeatability 0.0009, reproducibility 0.0004, part-to-part 0.04"
    args = bound("gage_rr", f"VarComp: {values}")
    assert args == {"ev": math.sqrt(0.0009), "av": math.sqrt(0.0004), "pv": math.sqrt(0.04)}
    assert bound("gage_rr", f"standard deviations: {values}")["ev"] == 0.0009
    assert bound("gage_rr", "variance components: EV 0.03, AV 0.02, PV 0.2")["ev"] == 0.03


def test_ratings_name_their_standard() -> None:
    args = bound("attribute_agreement", "Lu=y,n,y,y Mo=y,y,y,n expert=y,n,y,n")
    assert args == {
        "raters": {"Lu": ["y", "n", "y", "y"], "Mo": ["y", "y", "y", "n"]},
        "standard": ["y", "n", "y", "n"],
    }
