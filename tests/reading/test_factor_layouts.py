"""Factors of a design in the layouts that people write them in."""

from __future__ import annotations

import pytest

from havoc.reading.factors import read_factors
from havoc.reading.notation import normalise


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("etch[20,40] purge[1,5]", [("etch", [20, 40]), ("purge", [1, 5])]),
        ("Ofen(150,180), Zeit(2,4)", [("Ofen", [150, 180]), ("Zeit", [2, 4])]),
        ("mesh (60,120,240), speed 5-9", [("mesh", [60, 120, 240]), ("speed", [5, 9])]),
        ('{"heat": [150, 170], "dwell": [5, 9]}', [("heat", [150, 170]), ("dwell", [5, 9])]),
        ("u∈[0,1] w∈[2,8]", [("u", [0, 1]), ("w", [2, 8])]),
        ("gap 2 vs 4 mm, glue low or high", [("gap", [2, 4]), ("glue", ["low", "high"])]),
        ("heat low 150 high 190, dwell min 5 max 9", [("heat", [150, 190]), ("dwell", [5, 9])]),
        ("heat: 150 (low), 190 (high)", [("heat", [150, 190])]),
        ("tilt ±5 deg, dose 2-4", [("tilt", [-5, 5]), ("dose", [2, 4])]),
        ("a 1-3, b 4-6, c 7-9", [("a", [1, 3]), ("b", [4, 6]), ("c", [7, 9])]),
        ("v 1-9 w 0-4 u 10-30", [("v", [1, 9]), ("w", [0, 4]), ("u", [10, 30])]),
        ("wall glass or rubber, feed 2 or 5", [("wall", ["glass", "rubber"]), ("feed", [2, 5])]),
        ("1 or 2 coats, film A|B", [("coats", [1, 2]), ("film", ["A", "B"])]),
    ],
)  # fmt: skip
def test_layouts(text: str, expected: list[tuple[str, list[object]]]) -> None:
    found = [
        (item.name, item.levels or [item.low, item.high]) for item in read_factors(normalise(text))
    ]
    assert found == expected


@pytest.mark.parametrize(
    "text",
    [
        "is it good or bad, and should I stop or go on?",
        "we cannot exceed low/high of the machine",
        "the mean is 5 and the margin ±2",
    ],
)
def test_talk_is_no_factor(text: str) -> None:
    assert read_factors(normalise(text)) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mean (12,5) and 3,1", "mean (12.5) and 3.1"),
        ("a cost of 1,200 and (4,500)", "a cost of  1200 and ( 4500)"),
        ("speed(50,90), 3,5 mm", "speed(50,90), 3.5 mm"),
        ("rate[100,200]", "rate[100,200]"),
    ],
)
def test_a_pair_in_brackets_is_no_decimal_comma(text: str, expected: str) -> None:
    assert normalise(text) == expected
