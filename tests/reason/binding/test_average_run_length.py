"""Run lengths asked in everyday words: what is bound, without running the tool."""

from __future__ import annotations

from typing import Any

import pytest

from havoc.reading.question import read_question
from havoc.reason.binding import BINDERS
from havoc.reason.binding.arguments import Binding
from havoc.reason.binding.evidence import Evidence


def bound(question: str) -> Binding:
    binding = Binding(operation="arl")
    BINDERS["arl"](Evidence(read_question(question)), binding)
    return binding


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (
            "Six readings a sample, 3 sigma. The weight drifts by two sigma. When do I see it?",
            {"kind": "xbar", "limits": 3.0, "shift": 2.0, "subgroup_size": 6},
        ),
        (
            "smoothed chart, lambda 0.3, width 2.9, drift of half a sigma",
            {"kind": "ewma", "lambda": 0.3, "limits": 2.9, "shift": 0.5},
        ),
        (
            "one piece per shift, plain 3 sigma lines: how long until a false alarm?",
            {"kind": "i_mr", "limits": 3.0, "shift": 0.0, "interval_hours": 8.0},
        ),
        (
            "the cumulative sum chart with k 0.25 and h 8: how often for nothing?",
            {"kind": "cusum", "k": 0.25, "h": 8.0, "shift": 0.0},
        ),
        (
            "eight parts at a time, it moves one and a half sigma",
            {"kind": "xbar", "shift": 1.5, "subgroup_size": 8},
        ),
        (
            "fraction chart, 80 units every hour, usual 4 % bad, jumps to 9 %",
            {"kind": "p", "mean": 0.04, "shifted_mean": 0.09, "interval_hours": 1.0},
        ),
    ],
)
def test_a_chart_in_everyday_words(question: str, expected: dict[str, Any]) -> None:
    args = bound(question).args
    assert {name: args.get(name) for name in expected} == expected


def test_two_plans_keep_their_own_intervals() -> None:
    first = bound("n=4 every 20 min against n=9 every hour for a 1 sigma shift")
    (second,) = first.more
    assert (first.args["subgroup_size"], second.args["subgroup_size"]) == (4, 9)
    assert first.args["interval_hours"] == pytest.approx(1 / 3)
    assert second.args["interval_hours"] == 1.0
