"""Descriptive statistics against NIST certified values, scipy and statsmodels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from effort import processor_seconds
from havoc.errors import InputError
from havoc.tools import registry

CASES = Path(__file__).parents[2] / "reference" / "cases"


def describe(**arguments: Any) -> dict[str, Any]:
    return registry.execute("describe", arguments).quantities


@pytest.mark.parametrize("name", ["lew", "michelso", "numacc1", "numacc3"])
def test_certified_values_of_nist(name: str) -> None:
    case = json.loads((CASES / f"nist-univ-{name}.json").read_text())
    found = describe(data=case["data"]["y"])
    for quantity, expected in case["expected"].items():
        # Closer than the case asks: thirteen digits.
        assert found[quantity] == pytest.approx(expected["value"], rel=1e-13), quantity


def test_numacc4_keeps_every_digit() -> None:
    # NIST NumAcc4: 10000000.2, then 10000000.1 and 10000000.3 in turn; certified sd 0.1.
    found = describe(data=[10000000.2] + [10000000.1, 10000000.3] * 500)
    assert found["stdev"] == pytest.approx(0.1, rel=1e-14)
    assert found["autocorrelation_lag1"] == pytest.approx(-0.999, rel=1e-13)


def test_shape_agrees_with_scipy() -> None:
    data = np.random.default_rng(3).gamma(2.0, size=57)
    found = describe(data=data, percentiles=[10, 90], trim=0.1)
    assert found["skewness"] == pytest.approx(stats.skew(data, bias=False))
    assert found["kurtosis"] == pytest.approx(stats.kurtosis(data, bias=False))
    assert found["trimmed_mean"] == pytest.approx(stats.trim_mean(data, 0.1))
    assert [item["value"] for item in found["percentiles"]] == pytest.approx(
        np.percentile(data, [10, 90]).tolist()
    )
    low, high = stats.t.interval(0.95, 56, data.mean(), stats.sem(data))
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((low, high))


def test_quartiles_as_minitab() -> None:
    # (n + 1) p positions: for 1..7 the quartiles are the second and sixth value.
    found = describe(data=[1, 2, 3, 4, 5, 6, 7], quantile_type=6)
    assert (found["q1"], found["median"], found["q3"]) == (2, 4, 6)
    assert describe(data=[1, 2, 3, 4, 5, 6, 7])["q1"] == 2.5


def test_missing_values_are_counted() -> None:
    found = describe(data=[5.1, None, 5.3, 5.2])
    assert (found["n"], found["n_used"], found["n_missing"]) == (4, 3, 1)
    assert found["mean"] == pytest.approx(5.2)


def test_groups_are_described_one_by_one() -> None:
    found = describe(groups={"a": [1, 2, 3], "b": [2, None, 6]})
    assert [item["mean"] for item in found["groups"]] == [2, 4]
    assert found["n_missing"] == 1


def test_one_value_and_constant_values() -> None:
    one = describe(data=[3.0])
    assert one["mean"] == 3.0
    assert "sd" not in one
    constant = describe(data=[2.0] * 5)
    assert constant["sd"] == 0
    assert "skewness" not in constant


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"data": []},
        {"data": [None]},
        {"data": [1.0, float("nan")]},
        {"data": [1], "trim": 0.5},
        {"data": [1e308, -1e308]},
        {"data": [1e-300, 2e-300]},
    ],
)
def test_bad_input_is_refused_in_one_line(arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        describe(**arguments)
    assert "\n" not in str(caught.value)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(-1000, 1000), min_size=3, max_size=30),
    st.integers(-100, 100),
    st.sampled_from([2.0, 0.5, -4.0]),
)
def test_moves_with_shift_and_scale(values: list[int], shift: int, scale: float) -> None:
    plain = describe(data=[float(value) for value in values])
    moved = describe(data=[scale * value + shift for value in values])
    assert moved["mean"] == pytest.approx(scale * plain["mean"] + shift, abs=1e-9)
    assert moved["sd"] == pytest.approx(abs(scale) * plain["sd"], abs=1e-9)


def test_a_million_values() -> None:
    data = np.random.default_rng(1).normal(10, 2, 1_000_000)
    with processor_seconds(20):
        found = describe(data=data)
    assert found["sd"] == pytest.approx(data.std(ddof=1), rel=1e-10)
