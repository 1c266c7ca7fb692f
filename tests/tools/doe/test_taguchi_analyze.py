"""Signal-to-noise ratios and best levels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from havoc.errors import InputError
from havoc.tools import registry
from havoc.tools.doe.orthogonal_arrays import orthogonal_array


def run(**arguments):
    declared = registry.get("taguchi_analyze")
    typed = declared.validate(arguments)
    outcome = declared(**typed)
    assert all(check.agrees for check in declared.verify(outcome, typed))
    declared.narrate(outcome)
    return outcome


# Ratios that the definitions give without a calculator (Phadke 1989, chapter 5).
@pytest.mark.parametrize(
    ("goal", "values", "decibels"),
    [
        ("smaller", [1, 1, 1], 0),
        ("smaller", [10, 10], -20),
        ("smaller", [3, 4, 3], -10 * math.log10(34 / 3)),
        ("larger", [10, 10], 20),
        ("larger", [1, 0.5], -10 * math.log10(2.5)),
        ("nominal", [9, 10, 11], 20),
        ("nominal", [99, 101], 10 * math.log10(100**2 / 2)),
    ],
)
def test_ratios_follow_their_definitions(goal, values, decibels):
    assert run(goal=goal, response=values).sn_ratio == pytest.approx(decibels, abs=1e-12)


def test_best_levels_by_hand():
    # L4 with A, B, C on its columns: 111, 122, 212, 221.
    result = run(
        goal="larger",
        response=[[10, 10], [100, 100], [10, 10], [1000, 1000]],
        array="L4",
        factors=["A", "B", "C"],
    )
    assert result.sn == pytest.approx([20, 40, 20, 60])
    by_name = {item.name: item for item in result.factors}
    assert [level.sn for level in by_name["A"].levels] == pytest.approx([30, 40])
    assert [level.sn for level in by_name["B"].levels] == pytest.approx([20, 50])
    assert [level.sn for level in by_name["C"].levels] == pytest.approx([40, 30])
    assert result.best_levels == {"A": 2.0, "B": 2.0, "C": 1.0}
    assert [by_name[name].rank for name in "ABC"] == [2, 1, 3]
    assert result.strongest == "B"
    # 35 + (40 - 35) + (50 - 35) + (40 - 35)
    assert result.predicted_sn == pytest.approx(60)
    assert result.best_run == 4


def test_shares_add_up_on_a_saturated_array():
    generator = np.random.default_rng(4)
    result = run(goal="smaller", response=generator.uniform(1, 5, 8).tolist(), array="L8")
    assert len(result.factors) == 7
    assert sum(item.share for item in result.factors) == pytest.approx(1)
    assert any("one value a run" in warning for warning in result.warnings)


def test_levels_keep_their_settings():
    response = [[float(row[0])] * 2 for row in orthogonal_array("L9")]
    result = run(
        goal="larger",
        response=response,
        array="L9",
        factors=[
            {"name": "temp", "levels": [120, 130, 140]},
            {"name": "film", "levels": ["X", "Y", "Z"]},
        ],
    )
    assert result.best_levels["temp"] == 140
    assert result.factors[1].delta == pytest.approx(0, abs=1e-9)
    assert [level.level for level in result.factors[1].levels] == ["X", "Y", "Z"]


def test_means_and_deviations_are_enough_for_nominal():
    whole = run(goal="nominal", response=[[9, 10, 11], [19, 21, 23]])
    summed = run(goal="nominal", means=[10, 21], sds=[1, 2], target=15)
    assert summed.sn == pytest.approx(whole.sn)
    assert summed.distance_from_target == pytest.approx(0.5)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0.5, 1e3), min_size=2, max_size=8),
    st.floats(0.01, 100),
    st.sampled_from(["smaller", "larger"]),
)
def test_a_change_of_unit_shifts_the_ratio(values, factor, goal):
    plain = run(goal=goal, response=values).sn_ratio
    scaled = run(goal=goal, response=[value * factor for value in values]).sn_ratio
    shift = 20 * math.log10(factor) * (-1 if goal == "smaller" else 1)
    assert scaled == pytest.approx(plain + shift, abs=1e-8)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"goal": "larger"}, "missing"),
        ({"goal": "larger", "response": [1, 0, 2]}, "above 0"),
        ({"goal": "smaller", "response": [1, -1]}, "0 or more"),
        ({"goal": "smaller", "response": [0, 0]}, "infinite"),
        ({"goal": "nominal", "response": [5]}, "2 repeats"),
        ({"goal": "nominal", "response": [5, 5]}, "no spread"),
        ({"goal": "nominal", "response": [-1, 1]}, "not defined"),
        ({"goal": "larger", "means": [1], "sds": [1]}, "nominal is best only"),
        ({"goal": "nominal", "means": [1, 2], "sds": [1]}, "2 means"),
        ({"goal": "larger", "response": [1, 2, 3], "array": "L4"}, "3 values"),
        ({"goal": "larger", "response": [[1, 2], [3, 4]], "array": "L4"}, "2 runs"),
        ({"goal": "larger", "response": [[1, 2], 3]}, "single values"),
        (
            {
                "goal": "larger",
                "response": [1, 2, 3, 4],
                "array": "L4",
                "factors": ["A"],
                "columns": [9],
            },
            "columns 9",
        ),
    ],
)
def test_bad_requests_are_refused_in_one_line(arguments, words):
    declared = registry.get("taguchi_analyze")
    with pytest.raises(InputError) as refused:
        declared(**declared.validate(arguments))
    assert words in str(refused.value)
