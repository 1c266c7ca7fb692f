"""McNemar's counts of pairs, told in words."""

from __future__ import annotations

from typing import Any

import pytest

from havoc.reading.question import read_question
from havoc.reason.binding import NeedsInput, bind
from havoc.tools import registry


def bound(question: str) -> dict[str, Any]:
    args = bind("mcnemar", read_question(question)).args
    registry.execute("mcnemar", args)
    return args


@pytest.mark.parametrize(
    ("question", "args"),
    [
        (
            "80 seals looked at by camera and by eye: camera only 7 rejects, eye only 15",
            {"first_only": 7, "second_only": 15, "name1": "camera", "name2": "eye"},
        ),
        (
            "60 people before and after: pass-pass 30, pass-fail 4, fail-pass 14, fail-fail 12",
            {"table": [[30, 4], [14, 12]]},
        ),
        (
            # what both did in the first cell is the event: the old one failed alone 17 times
            "fail both 8, old pass new fail 5, old fail new pass 17, pass both 90",
            {"table": [[8, 17], [5, 90]]},
        ),
        (
            "120 lids were inspected twice. Both operator 1 and operator 2 accepted 77, only "
            "operator 1 accepted 6, only operator 2 accepted 19, neither 18.",
            {"table": [[77, 6], [19, 18]], "name1": "operator 1", "name2": "operator 2"},
        ),
        (
            "X-ray found 12 voids which the tap test missed, the tap test found 3 X-ray missed",
            {"first_only": 12, "second_only": 3},
        ),
        ("mcnemar: 9 only warm 2 only cold, mid-p",
         {"first_only": 9, "second_only": 2, "method": "mid_p"}),
        ("31 vs 12 discordant pairs, is that a shift?", {"first_only": 31, "second_only": 12}),
        ("of 90 relays 14 went from pass to fail and 3 from fail to pass",
         {"first_only": 14, "second_only": 3}),
        (
            "pads at month 0 and month 6\n      m6 ok  m6 bad\nm0 ok   44   11\nm0 bad   2   9",
            {"table": [[44, 11], [2, 9]], "name1": "month 0", "name2": "month 6"},
        ),
        (
            "one-sided: does the jig find more than the gauge? jig alone 16, gauge alone 6",
            {"first_only": 16, "second_only": 6, "name1": "jig", "name2": "gauge",
             "alternative": "greater"},
        ),
    ],
)  # fmt: skip
def test_counts_of_pairs_in_words(question: str, args: dict[str, Any]) -> None:
    assert bound(question) == args


@pytest.mark.parametrize(
    "question",
    [
        "the same 60 people before and after the course, who changed?",
        "only 7 of the parts were bad the second time",
    ],
)
def test_missing_counts_are_asked_for(question: str) -> None:
    with pytest.raises(NeedsInput, match="counts of pairs"):
        bound(question)
