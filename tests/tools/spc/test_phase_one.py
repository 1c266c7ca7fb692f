"""Phase I limits: rounds, log, causes, and what is never taken out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from havoc.errors import InputError
from havoc.tools import registry

Run = Callable[..., dict[str, Any]]
CALM = [10.1, 9.9, 10.0, 10.2, 9.8, 10.1, 10.0, 9.9, 10.1, 10.2, 9.8, 10.0, 10.1, 9.9, 10.0]
DISTURBED = [*CALM[:6], 14.9, *CALM[6:]]


def phase_one(**arguments: Any) -> dict[str, Any]:
    return registry.execute("phase_one", arguments).quantities


def chart(**arguments: Any) -> dict[str, Any]:
    return registry.execute("control_chart", arguments).quantities


def test_limits_are_those_of_a_chart_without_the_points(run: Run) -> None:
    found = run("phase_one", kind="i_mr", data=DISTURBED)
    assert found["removed"] == [7]
    alone = chart(kind="i_mr", data=DISTURBED, exclude=[7])
    for name in ("center", "lcl", "ucl", "sigma_within"):
        assert found[name] == pytest.approx(alone[name])
    trial = chart(kind="i_mr", data=DISTURBED)
    assert found["trial_ucl"] == pytest.approx(trial["ucl"])
    (entry,) = found["log"]
    assert (entry["point"], entry["round"], entry["value"]) == (7, 1, 14.9)
    assert entry["ucl_before"] == pytest.approx(trial["ucl"])
    assert entry["ucl_after"] == pytest.approx(alone["ucl"])
    assert entry["cause"] == "not stated"


def test_a_calm_process_loses_nothing(run: Run) -> None:
    found = run("phase_one", kind="i_mr", data=CALM)
    assert found["removed"] == [] and found["rounds"] == 0 and found["in_control"]


def test_a_removal_can_uncover_another(run: Run) -> None:
    data = [*CALM, 100.0, *CALM, 11.5, *CALM]
    found = run("phase_one", kind="i_mr", data=data)
    assert [(entry["round"], entry["point"]) for entry in found["log"]] == [(1, 16), (2, 32)]
    assert len(found["history"]) == 3
    assert found["history"][0]["points_used"] == 47


def test_only_points_with_a_cause_go_where_asked(run: Run) -> None:
    data = [*DISTURBED, 14.9, *CALM]
    found = run(
        "phase_one",
        kind="i_mr",
        data=data,
        remove="with_cause",
        assignable_causes={"7": "the tool broke"},
    )
    assert found["removed"] == [7] and found["log"][0]["cause"] == "the tool broke"
    (kept,) = (item for item in found["kept_signals"] if item["panel"] == "I")
    assert kept["point"] == 17 and "no assignable cause" in kept["why_kept"]
    assert not found["in_control"]


def test_a_moving_range_is_reported_and_never_removed(run: Run) -> None:
    data = [10.0, 10.1, 9.9, 10.1, 10.0, 9.9, 10.6, 9.4, 10.0, 10.1, 9.9, 10.0, 10.1, 10.0]
    found = run("phase_one", kind="i_mr", data=data, n_sigma=4)
    panels = {item["panel"] for item in found["kept_signals"]}
    assert panels == {"MR"} and found["removed"] == []


def test_a_subgroup_goes_for_its_mean_or_for_its_spread(run: Run) -> None:
    generator = np.random.default_rng(2)
    rows = generator.normal(50, 1, (20, 5))
    rows[4] += 6
    rows[11] = [45, 55, 50, 44, 56]
    found = run("phase_one", kind="xbar_r", subgroups=rows.tolist())
    assert {(entry["point"], entry["panel"]) for entry in found["log"]} >= {(5, "Xbar"), (12, "R")}
    alone = chart(kind="xbar_r", subgroups=rows.tolist(), exclude=found["removed"])
    assert found["spread_ucl"] == pytest.approx(alone["r_ucl"])


def test_run_rules_take_out_the_point_that_fires(run: Run) -> None:
    data = [*CALM, 10.19, 10.21, 10.2, 10.22, 10.21, 10.2, 10.19, 10.2, *CALM]
    limits = phase_one(kind="i_mr", data=data)
    found = run("phase_one", kind="i_mr", data=data, rules="western_electric")
    assert limits["removed"] == [] and found["removed"]
    assert all(entry["rule"].startswith("western_electric") for entry in found["log"])


def test_counts_of_samples_of_different_size(run: Run) -> None:
    counts, sizes = [4, 5, 6, 3, 40, 5, 4, 6], [100, 120, 110, 90, 100, 130, 95, 105]
    found = run("phase_one", kind="p", defectives=counts, sample_size=sizes)
    assert found["removed"] == [5]
    assert found["center"] == pytest.approx(33 / 750)
    assert len(found["ucl"]) == 8


def test_points_taken_out_stay_on_the_chart_and_are_marked() -> None:
    result = registry.execute("phase_one", {"kind": "i_mr", "data": DISTURBED})
    (series,) = result.outcome.charts[0].panels[0].series
    assert len(series.y) == len(DISTURBED)
    assert [(flag.index, flag.label) for flag in series.flags] == [(6, "removed")]
    assert any("without a stated cause: point 7" in text for text in result.outcome.warnings)


def test_rounds_that_run_out_are_said() -> None:
    data = [*CALM, 100.0, *CALM, 11.5, *CALM]
    found = phase_one(kind="i_mr", data=data, max_rounds=1)
    assert found["removed"] == [16] and not found["in_control"]
    assert {item["why_kept"] for item in found["kept_signals"] if item["panel"] == "I"} == {
        "the rounds were used up"
    }


@given(data=st.lists(st.floats(-100, 100), min_size=10, max_size=40))
@settings(max_examples=50, deadline=None)
def test_every_point_out_is_in_the_log_and_none_left_signals(data: list[float]) -> None:
    try:
        found = phase_one(kind="i_mr", data=data)
    except InputError:
        return
    assert sorted({entry["point"] for entry in found["log"]}) == found["removed"]
    used = [x for i, x in enumerate(data, start=1) if i not in found["removed"]]
    if found["rounds"] < 10:
        slack = 1e-6 * (1 + found["ucl"] - found["lcl"])
        assert max(used) <= found["ucl"] + slack and min(used) >= found["lcl"] - slack


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "no data given"),
        ({"kind": "i_mr", "data": [3.0, 3.0, 3.0]}, "all 3 values equal"),
        ({"kind": "ewma", "data": CALM}, "ewma"),
        ({"kind": "i_mr", "data": CALM, "assignable_causes": {"99": "x"}}, "no point '99'"),
        ({"kind": "i_mr", "data": CALM, "assignable_causes": {"a": "x"}}, "no point 'a'"),
        ({"kind": "p", "defectives": [1, 2]}, "size"),
        ({"kind": "xbar_r", "data": CALM}, "subgroup size is missing"),
        ({"kind": "p", "defectives": [0, 100, 0, 100], "sample_size": 100}, "two processes"),
    ],
)
def test_bad_input_is_refused_in_one_line(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        phase_one(**arguments)
