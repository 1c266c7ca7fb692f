"""g and t charts against scipy's distributions and their definitions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from havoc.errors import InputError
from havoc.tools import registry

Run = Callable[..., dict[str, Any]]
DAYS = [40, 12, 65, 33, 8, 51, 90]
TAIL = stats.norm.sf(3)


def chart(**arguments: Any) -> dict[str, Any]:
    return registry.execute("control_chart", arguments).quantities


def test_probability_limits_are_interpolated_percentiles(run: Run) -> None:
    found = run("control_chart", kind="g", data=DAYS)
    chance = (6 / 7) / (np.mean(DAYS) + 1)
    assert found["event_probability"] == pytest.approx(chance)
    until = np.arange(0, 2000)
    levels = stats.geom(chance).cdf(until)
    expected = np.interp([0.5, 1 - TAIL], levels, until) - 1
    assert [found["center"], found["ucl"]] == pytest.approx(list(expected))
    assert found["lcl"] == 0


def test_a_given_chance_needs_no_data(run: Run) -> None:
    found = run("control_chart", kind="g", pbar=0.01)
    assert found["mean_between"] == pytest.approx(99)
    assert "violations" not in found
    by_mean = run("control_chart", kind="g", mean=99)
    assert by_mean["ucl"] == pytest.approx(found["ucl"])


def test_sigma_limits_lie_around_the_mean_and_runs_do_not_count(run: Run) -> None:
    found = run("control_chart", kind="g", data=DAYS, event_limits="sigma")
    mean = np.mean(DAYS)
    assert found["ucl"] == pytest.approx(mean + 3 * np.sqrt(mean * (mean + 1)))
    assert found["rules"] == ["western_electric_1"]
    assert "western_electric_4" in chart(kind="g", data=DAYS)["rules"]


def test_zeros_in_a_row_are_benneyans_signal(run: Run) -> None:
    quiet = run("control_chart", kind="g", data=[21, 12, 4, 0, 0, 12, 20])
    assert quiet["in_control"]
    found = run("control_chart", kind="g", data=[21, 12, 4, 0, 0, 0, 12, 20])
    (violation,) = found["violations"]
    assert (violation["rule"], violation["points"]) == ("benneyan", [4, 5, 6])
    assert violation["signal_points"] == [6]
    assert not found["in_control"]


def test_a_long_gap_is_above_and_says_rarer(run: Run) -> None:
    found = run("control_chart", kind="g", data=[*DAYS * 3, 2000])
    assert found["above_limits"] == [22] and not found["below_limits"]


@pytest.mark.parametrize("scale", [1.0, 0.01, 1e6])
def test_weibull_limits_are_scipys_percentiles(run: Run, scale: float) -> None:
    times = scale * np.array([286, 948, 536, 124, 816, 729, 4, 143, 431, 8, 2837, 596])
    found = run("control_chart", kind="t", data=times.tolist())
    shape, _, size = stats.weibull_min.fit(times / scale, floc=0)
    law = stats.weibull_min(shape, scale=scale * size)
    assert found["shape"] == pytest.approx(shape, rel=2e-4)
    assert found["ucl"] == pytest.approx(law.ppf(1 - TAIL), rel=2e-3)
    assert found["center"] == pytest.approx(law.median(), rel=2e-3)


def test_exponential_and_nelson_limits_are_asked_for_by_name(run: Run) -> None:
    times = [286, 948, 0, 124, 816]
    found = run("control_chart", kind="t", data=times, event_limits="exponential")
    assert found["ucl"] == pytest.approx(stats.expon(scale=np.mean(times)).isf(TAIL))
    found = run("control_chart", kind="t", data=times, event_limits="nelson")
    roots = np.power(times, 1 / 3.6)
    upper = roots.mean() + 3 * np.abs(np.diff(roots)).mean() / 1.128
    assert found["transformed_ucl"] == pytest.approx(upper)
    assert found["ucl"] == pytest.approx(upper**3.6)
    found = run("control_chart", kind="t", mean=100, event_limits="exponential")
    assert found["center"] == pytest.approx(100 * np.log(2))


@given(data=st.lists(st.integers(0, 500), min_size=2, max_size=40).filter(any))
@settings(max_examples=60, deadline=None)
def test_limits_are_ordered_and_finite(data: list[int]) -> None:
    for method in ("probability", "sigma"):
        found = chart(kind="g", data=data, event_limits=method)
        assert 0 <= found["lcl"] <= found["center"] < found["ucl"] < float("inf")


def test_a_million_intervals_are_charted() -> None:
    data = np.random.default_rng(3).geometric(0.02, 10**6).astype(float) - 1
    found = chart(kind="g", data=data.tolist(), rules="limits")
    assert 0 <= found["lcl"] <= found["center"] < found["ucl"] < float("inf")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"kind": "g"}, "needs the intervals"),
        ({"kind": "g", "data": [4]}, "at least two intervals"),
        ({"kind": "g", "data": [1.5, 2]}, "use a t chart"),
        ({"kind": "g", "data": [0, 0, 0]}, "every interval is zero"),
        ({"kind": "g", "data": [4, 5], "event_limits": "weibull"}, "do not belong to a g chart"),
        ({"kind": "t", "data": [4, 5, 6], "event_limits": "sigma"}, "do not belong to a t chart"),
        ({"kind": "t", "data": [4, 0, 6, 5]}, "no place on a Weibull"),
        ({"kind": "t", "data": [4, 4, 4]}, "not all equal"),
        ({"kind": "t", "data": [4, 4, 4], "event_limits": "nelson"}, "do not vary"),
        ({"kind": "t", "data": [4, -4, 4]}, "value 2 is not a time"),
        ({"kind": "t", "data": [4, float("nan")]}, "value 2 is not a time"),
        ({"kind": "t", "data": [4, 5, 6], "mean": 5}, "exponential limits only"),
        ({"kind": "i_mr", "data": [4, 5, 6], "event_limits": "nelson"}, "has no event limits"),
    ],
)
def test_bad_input_is_refused_in_one_line(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said) as error:
        chart(**arguments)
    assert "\n" not in str(error.value)
