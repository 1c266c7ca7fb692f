"""Three-way, zone and moving average charts against their definitions."""

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
ROWS = [[1.0, 2.0, 1.5], [7.0, 8.0, 7.5], [3.0, 3.5, 2.5], [9.0, 9.5, 10.0], [5.0, 5.5, 4.5]]


def chart(**arguments: Any) -> dict[str, Any]:
    return registry.execute("control_chart", arguments).quantities


def test_three_way_puts_the_means_on_an_individuals_chart(run: Run) -> None:
    found = run("control_chart", kind="three_way", subgroups=ROWS)
    means = chart(kind="i_mr", data=[float(np.mean(row)) for row in ROWS])
    within = chart(kind="xbar_r", subgroups=ROWS)
    for name in ("center", "lcl", "ucl", "mr_bar", "mr_ucl"):
        assert found[name] == pytest.approx(means[name])
    for name in ("rbar", "r_ucl", "sigma_within"):
        assert found[name] == pytest.approx(within[name])
    variance = means["sigma_within"] ** 2 - within["sigma_within"] ** 2 / 3
    assert found["sigma_between"] == pytest.approx(variance**0.5)
    assert found["in_control"] and not within["in_control"]


def test_three_way_takes_standard_deviations_for_large_or_unequal_subgroups(run: Run) -> None:
    rows = [[*row, 1.0] if i % 2 else row for i, row in enumerate(ROWS)]
    found = run("control_chart", kind="three_way", subgroups=rows)
    assert "s_ucl" in found and "rbar" not in found
    big = chart(kind="three_way", data=[float(i % 7) for i in range(60)], subgroup_size=12)
    assert big["s_center"] > 0


def test_three_way_says_when_nothing_lies_between_the_subgroups() -> None:
    result = registry.execute(
        "control_chart",
        {"kind": "three_way", "subgroups": [[1, 9], [2, 8.2], [1.5, 8.6], [0, 10.1]]},
    )
    assert result.quantities["sigma_between"] == 0
    assert any("no variation between" in warning for warning in result.outcome.warnings)


def test_zone_scores_add_up_on_one_side_and_start_afresh_on_the_other(run: Run) -> None:
    data = [0.5, 1.5, 2.5, -0.5, -3.5, 0.0, 1.0, 2.0, 3.0, 3.1]
    found = run("control_chart", kind="zone", data=data, mean=0, sigma=1)
    assert found["zone_scores"] == [0, 2, 4, 0, 8, 0, 0, 2, 4, 8]
    assert found["cumulative_scores"] == [0, 2, 6, 0, 8, 0, 0, 2, 6, 14]
    assert [item["signal_points"] for item in found["violations"]] == [[5], [10]]
    assert not found["in_control"]


def test_zone_chart_of_subgroup_means_uses_their_standard_error(run: Run) -> None:
    found = run("control_chart", kind="zone", subgroups=[[1.0, 1.2], [0, 0.2]], mean=0, sigma=1)
    assert found["zone_scores"] == [2, 0]


@given(data=st.lists(st.floats(-4, 4), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_a_mirrored_process_has_the_same_scores(data: list[float]) -> None:
    one = chart(kind="zone", data=data, mean=0, sigma=1)
    other = chart(kind="zone", data=[-x for x in data], mean=0, sigma=1)
    assert one["cumulative_scores"] == other["cumulative_scores"]


def test_moving_average_and_its_limits(run: Run) -> None:
    data = [10.5, 9.0, 11.0, 14.0, 13.5, 10.0]
    found = run("control_chart", kind="moving_average", data=data, span=3, mean=10, sigma=1)
    expected = [10.5, 9.75, *np.convolve(data, np.ones(3) / 3, "valid")]
    assert found["moving_average"] == pytest.approx(expected)
    widths = [10 + 3 / k**0.5 for k in (1, 2, 3, 3, 3, 3)]
    assert found["ucl"] == pytest.approx(widths)
    assert found["out_of_limits"] == [5, 6]


def test_moving_average_keeps_the_digits_of_large_values() -> None:
    data = [1e9 + x for x in (0.1, 0.2, 0.15, 0.3, 0.1, 0.2)]
    found = chart(kind="moving_average", data=data, span=2)
    assert found["moving_average"][1] - 1e9 == pytest.approx(0.15, abs=1e-6)


@pytest.mark.parametrize("kind", ["zone", "moving_average"])
def test_a_million_points_are_charted(kind: str) -> None:
    data = np.random.default_rng(1).normal(size=10**6).tolist()
    found = chart(kind=kind, data=data)
    assert found["center"] == pytest.approx(np.mean(data))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"kind": "three_way"}, "values of every subgroup"),
        ({"kind": "three_way", "data": [1, 2, 3]}, "subgroup size is missing"),
        ({"kind": "three_way", "subgroups": [[1, 2]]}, "at least two subgroups"),
        ({"kind": "three_way", "subgroups": [[1], [2], [3]]}, "have no range"),
        ({"kind": "three_way", "subgroups": [[1, 2], [1, 2]]}, "variation"),
        ({"kind": "zone"}, "at least 1 needed"),
        ({"kind": "zone", "data": [3, 3, 3]}, "variation is zero"),
        ({"kind": "moving_average", "data": [3, 4], "span": 3}, "longer than the 2 points"),
        ({"kind": "moving_average", "data": [3, 4], "span": 1}, ">= 2"),
        ({"kind": "ewma", "data": [3, 4], "span": 2}, "EWMA chart has no span"),
    ],
)
def test_bad_input_is_refused_in_one_line(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        chart(**arguments)
