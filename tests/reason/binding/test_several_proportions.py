"""Counts of several groups out of the numbers inspected, in the forms that people write."""

from __future__ import annotations

from typing import Any

import pytest

from havoc.reading.question import read_question
from havoc.reason.binding import NeedsInput, bind
from havoc.tools import registry


def bound(question: str) -> dict[str, Any]:
    args = bind("proportions_k", read_question(question)).args
    registry.execute("proportions_k", args)
    return args


@pytest.mark.parametrize(
    ("question", "args"),
    [
        (
            "press,nok,checked\nP1,4,200\nP2,9,210\nP3,15,190\nsame scrap rate at 1 %?",
            {
                "successes": [4, 9, 15],
                "trials": [200, 210, 190],
                "names": ["P1", "P2", "P3"],
                "alpha": 0.01,
            },
        ),
        (
            "mould\tshots\tflash\nA\t310\t12\nB\t295\t4\nC\t300\t9\nequal shares?",
            {"successes": [12, 4, 9], "trials": [310, 295, 300], "names": ["A", "B", "C"]},
        ),
        (
            "dents on four lines 12 30 9 14, cars looked at 240 260 255 250, do the lines differ",
            {"successes": [12, 30, 9, 14], "trials": [240, 260, 255, 250]},
        ),
        (
            "Rejects out of 150 per shift: early 4, late 9, night 17. All alike?",
            {
                "successes": [4, 9, 17],
                "trials": [150] * 3,
                "names": ["early", "late", "night"],
            },
        ),
        (
            "five ovens, 600 loaves each, burnt 11 25 14 9 18 - is one of them off?",
            {"successes": [11, 25, 14, 9, 18], "trials": [600] * 5},
        ),
        (
            "starts failed at 1 bar 2, at 2 bar 7, at 3 bar 12 out of 90 tries; does it climb?",
            {
                "successes": [2, 7, 12],
                "trials": [90] * 3,
                "names": ["1 bar", "2 bar", "3 bar"],
                "trend": True,
                "scores": [1.0, 2.0, 3.0],
            },
        ),
        (
            "leaks 4/100 9/98 12/101 at 2, 4 and 8 bar. trend with pressure as score?",
            {
                "successes": [4, 9, 12],
                "trials": [100, 98, 101],
                "trend": True,
                "scores": [2.0, 4.0, 8.0],
            },
        ),
        (
            "age 1 / 5 / 9 months\nleaking 3 / 8 / 20\ntested 80 / 82 / 79\nis there a trend",
            {
                "successes": [3, 8, 20],
                "trials": [80, 82, 79],
                "trend": True,
                "scores": [1.0, 5.0, 9.0],
            },
        ),
    ],
)
def test_counts_and_sizes(question: str, args: dict[str, Any]) -> None:
    assert bound(question) == args


def test_what_is_missing_is_asked_for() -> None:
    with pytest.raises(NeedsInput, match="counts out of a number inspected"):
        bound("rejects early 4, late 9, night 17: do the shifts differ?")


def test_more_events_than_units_are_impossible() -> None:
    with pytest.raises(NeedsInput, match="52 events out of 50"):
        bound("scrap 3 of 50, 52 of 50, 4 of 50 on the three machines, same share?")
