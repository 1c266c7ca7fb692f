"""Gage studies written into a sentence."""

from __future__ import annotations

import pytest

from effort import processor_seconds
from havoc.reading.study_layout import read_study_layout


@pytest.mark.parametrize(
    ("text", "parts", "operators", "nested"),
    [
        (
            "M1 Tom 4.1/4.2 Uwe 4.0/4.1. M2 Tom 4.8/4.9, Uwe 4.7/4.7.",
            ["M1"] * 4 + ["M2"] * 4,
            ["Tom", "Tom", "Uwe", "Uwe"] * 2,
            False,
        ),
        (
            "tom: 1: 4.1 4.2, 2: 4.8 4.9. uwe: 1: 4.0 4.1, 2: 4.7 4.7. anova",
            ["1", "1", "2", "2"] * 2,
            ["tom"] * 4 + ["uwe"] * 4,
            False,
        ),
        (
            "rod 1: op X 4.1 4.2, op Y 4.0 4.1; rod 2: op X 4.8 4.9, op Y 4.7 4.7; tol 2",
            ["rod 1"] * 4 + ["rod 2"] * 4,
            ["X", "X", "Y", "Y"] * 2,
            False,
        ),
        (
            "Tom took parts 1,2 (4.1 4.2 | 4.8 4.9), Uwe took parts 3,4 (4.0 4.1 | 4.7 4.7)",
            ["part 1", "part 1", "part 2", "part 2", "part 3", "part 3", "part 4", "part 4"],
            ["Tom"] * 4 + ["Uwe"] * 4,
            True,
        ),
        (
            "lot a op 7 41 42, lot b op 7 48 49, lot c op 8 40 41, lot d op 8 47 47",
            ["a", "a", "b", "b", "c", "c", "d", "d"],
            ["op 7"] * 4 + ["op 8"] * 4,
            True,
        ),
    ],
)
def test_labels_hold_until_the_next_of_their_kind(text, parts, operators, nested):
    study = read_study_layout(text)
    assert study is not None
    assert [study.parts, study.operators, study.nested] == [parts, operators, nested]
    tenths = (
        sorted(study.values) if max(study.values) > 10 else sorted(10 * v for v in study.values)
    )
    assert tenths == pytest.approx([40, 41, 41, 42, 47, 47, 48, 49])


@pytest.mark.parametrize(
    "text",
    [
        "M1 Tom 4.1/4.2 Uwe 4.0/4.1. M2 Tom 4.8/4.9.",  # a cell is missing
        "M1 Tom 4.1/4.2 Uwe 4.0. M2 Tom 4.8/4.9, Uwe 4.7/4.7.",  # a reading is missing
        "line 1 gave 4.1 4.2 and line 2 gave 4.8 4.9",
        "mean 4.1, sd 0.2, lsl 3, usl 5",
    ],
)
def test_an_unbalanced_or_other_text_is_no_study(text):
    assert read_study_layout(text) is None


@pytest.mark.parametrize("unit", ["1 ", "a1 ", "part 1 ", "1,", "a: ", "part 1,", "1.1."])
def test_hostile_text_is_read_quickly(unit):
    with processor_seconds(5):
        read_study_layout(unit * 60_000)
