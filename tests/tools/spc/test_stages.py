"""Staged limits against charts of the single stages, and tests against scipy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from havoc.errors import InputError
from havoc.tools import registry
from havoc.tools.spc.stages import welch

Run = Callable[..., dict[str, Any]]
BEFORE = [9.0, 10, 11, 9, 10, 12, 9, 10, 13]
AFTER = [15.0, 14, 15, 16, 14, 15, 14, 16]


def chart(**arguments: Any) -> dict[str, Any]:
    return registry.execute("control_chart", arguments).quantities


def test_every_stage_has_the_limits_of_a_chart_of_its_own(run: Run) -> None:
    found = run("control_chart", kind="i_mr", data=BEFORE + AFTER, stages=[10])
    for stage, values in zip(found["stages"], (BEFORE, AFTER), strict=True):
        alone = chart(kind="i_mr", data=values)
        for name in ("center", "lcl", "ucl", "sigma_within"):
            assert stage[name] == pytest.approx(alone[name])
        assert stage["spread_ucl"] == pytest.approx(alone["mr_ucl"])
    assert [stage["stage"] for stage in found["stages"]] == ["before", "after"]
    assert found["ucl"][0] != found["ucl"][-1]
    assert found["in_control"]
    assert not chart(kind="i_mr", data=BEFORE + AFTER)["in_control"]


def test_rules_and_moving_ranges_do_not_reach_across_stages(run: Run) -> None:
    data = [1.0, 2, 1, 2, 1, 2, 101, 102, 101, 102, 101, 102]
    found = run("control_chart", kind="i_mr", data=data, stages=[7])
    assert found["out_of_limits"] == []
    assert 7 not in (found.get("spread_out_of_limits") or [])
    eight = [1.0] * 4 + [3.0] * 4 + [1.0, 1.2] + [12.0] * 4 + [10.0] * 4 + [10.2, 9.9]
    labels = ["a"] * 10 + ["b"] * 10
    found = run("control_chart", kind="i_mr", data=eight, stages=labels)
    assert "western_electric_4" not in found["rule_counts"]


def test_points_are_numbered_through_all_stages(run: Run) -> None:
    data = [5.0, 5.2, 4.9, 5.1, 5.0, 5.1, 4.9, 7.0, 7.1, 6.9, 7.0, 7.2, 6.9, 9.5, 7.0, 7.1]
    found = run("control_chart", kind="i_mr", data=data, stages=[8])
    assert found["out_of_limits"] == [14]
    assert found["spread_out_of_limits"] == [14, 15]


def test_two_stages_are_compared_by_welchs_t(run: Run) -> None:
    test = run("control_chart", kind="i_mr", data=BEFORE + AFTER, stages=[10])["stage_test"]
    expected = stats.ttest_ind(AFTER, BEFORE, equal_var=False)
    interval = expected.confidence_interval()
    assert (test["statistic"], test["p_value"], test["df"]) == pytest.approx(
        (expected.statistic, expected.pvalue, expected.df)
    )
    assert (test["ci_low"], test["ci_high"]) == pytest.approx((interval.low, interval.high))
    assert test["significant"]


def test_welch_of_many_stages_agrees_with_the_t_test_for_two() -> None:
    found = welch([np.array(BEFORE), np.array(AFTER)], "x")
    assert found is not None
    expected = stats.ttest_ind(BEFORE, AFTER, equal_var=False)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert welch([np.array([1.0, 1.0]), np.array([1.0, 2.0])], "x") is None


def test_counts_are_compared_by_chi_square(run: Run) -> None:
    found = run(
        "control_chart",
        kind="p",
        defectives=[12, 15, 8, 10, 4, 5, 3, 2],
        sample_size=100,
        stages=["old"] * 4 + ["new"] * 4,
    )
    table = [[45, 355], [14, 386]]
    expected = stats.chi2_contingency(table, correction=False)
    assert found["stage_test"]["statistic"] == pytest.approx(expected.statistic)
    assert found["stage_test"]["p_value"] == pytest.approx(expected.pvalue)
    assert found["stage_test"]["difference"] == pytest.approx(-0.0775)


@pytest.mark.parametrize(
    "arguments",
    [
        {"kind": "xbar_r", "data": [float(i * 7 % 11) for i in range(24)], "subgroup_size": 3},
        {"kind": "xbar_s", "subgroups": [[1.0, 2, 4], [2.0, 3], [2.0, 5, 3], [1.0, 4]] * 2},
        {"kind": "np", "defectives": [3, 4, 5, 3, 6, 2, 1, 2], "sample_size": 50},
        {"kind": "c", "defects": [3, 4, 5, 3, 6, 2, 1, 2]},
        {"kind": "u", "defects": [3, 4, 5, 3, 6, 2, 1, 2], "sample_size": [5, 6] * 4},
        {"kind": "laney_p", "defectives": [30, 40, 50, 30, 60, 20, 10, 20], "sample_size": 500},
        {"kind": "g", "data": [30, 40, 50, 30, 60, 0, 0, 20]},
        {"kind": "t", "data": [30, 40, 50, 30, 60, 20, 10, 25], "event_limits": "nelson"},
        {"kind": "three_way", "data": [float(i * 7 % 11) for i in range(24)], "subgroup_size": 3},
    ],
)
def test_every_shewhart_kind_can_be_staged(run: Run, arguments: dict[str, Any]) -> None:
    found = run("control_chart", stages=[5], **arguments)
    assert [stage["points"] for stage in found["stages"]] == [4, 4]
    assert found["stages_differ"] in (True, False)
    half = {
        name: value[: len(value) // 2] if isinstance(value, list) and len(value) > 1 else value
        for name, value in arguments.items()
    }
    alone = chart(**half)
    assert found["stages"][0]["ucl"] == pytest.approx(alone["ucl"])


def test_a_run_of_zeros_keeps_its_place_in_the_second_stage(run: Run) -> None:
    data = [20, 30, 25, 40, 22, 31, 26, 0, 0, 0, 60, 70]
    found = run("control_chart", kind="g", data=data, stages=[7])
    (violation,) = found["violations"]
    assert violation["points"] == [8, 9, 10] and "points 8 to 10" in violation["reason"]


def test_excluded_points_count_through_all_stages(run: Run) -> None:
    data = [*BEFORE, 15.0, 14, 40, 16, 14, 15, 14, 16]
    found = run("control_chart", kind="i_mr", data=data, stages=[10], exclude=[12])
    alone = chart(kind="i_mr", data=data[9:], exclude=[3])
    assert found["stages"][1]["ucl"] == pytest.approx(alone["ucl"])
    assert found["out_of_limits"] == [12]


def test_the_chart_marks_where_a_stage_begins() -> None:
    result = registry.execute(
        "control_chart", {"kind": "i_mr", "data": BEFORE + AFTER, "stages": [10]}
    )
    marks = [
        (limit.label, limit.value)
        for limit in result.outcome.charts[0].panels[0].limits
        if limit.orientation == "vertical"
    ]
    assert marks == [("before", 0.5), ("after", 9.5)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"stages": ["a"] * 17}, "one stage only"),
        ({"stages": ["a", "b"]}, "2 stages for 17 points"),
        ({"stages": [0]}, "rising points between 2 and 17"),
        ({"stages": [18]}, "rising points"),
        ({"stages": [9, 5]}, "rising points"),
        ({"stages": [17]}, "stage after holds a single point"),
        ({"stages": ["a"] * 8 + ["b"] * 4 + ["a"] * 5}, "comes again"),
        ({"stages": [10], "mean": 10}, "given standards"),
        ({"stages": [10], "baseline": 5}, "given standards"),
        ({"stages": [10], "kind": "ewma"}, "EWMA chart has no stages"),
        ({"stages": [10], "data": [1.0] * 9 + AFTER}, "stage before: .*equal 1"),
        ({"stages": [10], "exclude": [40]}, "no point 40"),
    ],
)
def test_bad_input_is_refused_in_one_line(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        chart(**{"kind": "i_mr", "data": BEFORE + AFTER, **arguments})
