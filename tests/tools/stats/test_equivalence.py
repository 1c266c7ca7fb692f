"""Equivalence tests against statsmodels and their own interval."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.weightstats import DescrStatsW, ttost_ind, ttost_paired

from havoc.errors import InputError
from havoc.tools import registry

SENDER = [99.5, 100.1, 99.8, 100.3]
RECEIVER = [98.9, 99.6, 99.2, 99.0]


def equivalence(**arguments: Any) -> dict[str, Any]:
    return registry.execute("equivalence_test", arguments).quantities


@pytest.mark.parametrize("equal_var", [True, False])
def test_two_samples_agree_with_statsmodels(equal_var: bool) -> None:
    found = equivalence(group1=SENDER, group2=RECEIVER, low=-0.5, high=1.5, equal_var=equal_var)
    p_value, lower, upper = ttost_ind(
        np.asarray(SENDER),
        np.asarray(RECEIVER),
        -0.5,
        1.5,
        usevar="pooled" if equal_var else "unequal",
    )
    assert found["p_value"] == pytest.approx(p_value)
    assert (found["t_lower"], found["p_lower"]) == pytest.approx(lower[:2])
    assert (found["t_upper"], found["p_upper"]) == pytest.approx(upper[:2])
    assert found["level"] == pytest.approx(0.9)


def test_pairs_agree_with_statsmodels() -> None:
    found = equivalence(group1=SENDER, group2=RECEIVER, margin=1.2, paired=True)
    peer = ttost_paired(np.asarray(SENDER), np.asarray(RECEIVER), -1.2, 1.2)
    assert found["p_value"] == pytest.approx(peer[0])


def test_one_sample_agrees_with_statsmodels() -> None:
    found = equivalence(data=SENDER, mu0=100, margin=0.6)
    peer = DescrStatsW(np.asarray(SENDER) - 100).ttost_mean(-0.6, 0.6)
    assert found["p_value"] == pytest.approx(peer[0])
    differences = equivalence(data=[-0.1, 0.2, 0.05, 0.12], margin=0.6, paired=True)
    assert differences["mu0"] == 0


def test_summaries_give_what_values_give() -> None:
    summary = [
        {"n": len(v), "mean": float(np.mean(v)), "sd": float(np.std(v, ddof=1))}
        for v in (SENDER, RECEIVER)
    ]
    by_values = equivalence(group1=SENDER, group2=RECEIVER, margin=2)
    by_summary = equivalence(group1=summary[0], group2=summary[1], margin=2)
    for quantity in ("p_value", "ci_low", "ci_high", "df"):
        assert by_summary[quantity] == pytest.approx(by_values[quantity])


def test_ratio_is_the_difference_of_logarithms() -> None:
    found = equivalence(group1=SENDER, group2=RECEIVER, low=0.8, high=1.25, scale="ratio")
    logs = equivalence(
        group1=np.log(SENDER), group2=np.log(RECEIVER), low=math.log(0.8), high=math.log(1.25)
    )
    assert found["p_value"] == pytest.approx(logs["p_value"])
    assert found["ci_low"] == pytest.approx(math.exp(logs["ci_low"]))


def test_one_bound_is_non_inferiority() -> None:
    found = equivalence(group1=SENDER, group2=RECEIVER, low=-0.5)
    assert "p_upper" not in found
    assert found["p_value"] == found["p_lower"]


def test_proportions() -> None:
    found = equivalence(successes1=180, trials1=200, successes2=176, trials2=200, margin=0.1)
    error = math.sqrt(0.9 * 0.1 / 200 + 0.88 * 0.12 / 200)
    assert found["z_lower"] == pytest.approx((0.02 + 0.1) / error)
    assert found["z_upper"] == pytest.approx((0.02 - 0.1) / error)
    assert found["equivalent"]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(-50, 50), min_size=2, max_size=10).filter(lambda v: len(set(v)) > 1),
    st.floats(0.5, 60),
    st.sampled_from([0.01, 0.05, 0.2]),
)
def test_the_interval_tells_the_same_as_the_tests(
    values: list[int], margin: float, alpha: float
) -> None:
    found = equivalence(data=values, mu0=0.3, margin=margin, alpha=alpha)
    inside = -margin < found["ci_low"] and found["ci_high"] < margin
    assert found["equivalent"] == inside


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"group1": SENDER, "group2": RECEIVER},
        {"group1": SENDER, "margin": 1},
        {"group1": SENDER, "group2": RECEIVER, "low": 2, "high": 1},
        {"group1": SENDER, "group2": RECEIVER, "margin": 1, "high": 1},
        {"group1": SENDER, "group2": RECEIVER, "margin": -1},
        {"group1": SENDER, "group2": RECEIVER[:2], "margin": 1, "paired": True},
        {"group1": [1, 1], "group2": [1, 1], "margin": 1},
        {"group1": [-1, 2], "group2": [1, 3], "low": 0.8, "high": 1.25, "scale": "ratio"},
        {"data": SENDER, "margin": 1},
        {"data": [1.0], "mu0": 1, "margin": 1},
        {"data": SENDER, "mu0": 100, "margin": 1, "alpha": 0.6},
        {"successes1": 3, "trials1": 2, "successes2": 1, "trials2": 2, "margin": 0.1},
        {"successes1": 3, "margin": 0.1},
    ],
)
def test_bad_input_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        equivalence(**arguments)
