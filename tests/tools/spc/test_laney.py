"""Laney charts against their definition and the ordinary charts they widen."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from havoc.errors import InputError
from havoc.tools import registry

Run = Callable[..., dict[str, Any]]
CALLS = {"sample_size": [20100, 19800, 20500, 21000, 19950]}
BAD = [310, 402, 288, 455, 350]


def chart(**arguments: Any) -> dict[str, Any]:
    return registry.execute("control_chart", arguments).quantities


def test_limits_are_those_of_the_p_chart_times_sigma_z(run: Run) -> None:
    wide = run("control_chart", kind="laney_p", defectives=BAD, **CALLS)
    plain = chart(kind="p", defectives=BAD, **CALLS)
    half = np.subtract(plain["ucl"], plain["center"])
    assert wide["ucl"] == pytest.approx(list(wide["center"] + wide["sigma_z"] * half))
    assert wide["ordinary_out_of_limits_count"] == plain["out_of_limits_count"] == 2
    assert wide["in_control"]


def test_sigma_z_is_the_moving_range_of_the_standardised_defects(run: Run) -> None:
    counts, sizes = [14, 12, 20, 11, 7], [10, 8, 13, 10, 9.5]
    found = run("control_chart", kind="laney_u", defects=counts, sample_size=sizes)
    rate = sum(counts) / sum(sizes)
    z = [(x / n - rate) / (rate / n) ** 0.5 for x, n in zip(counts, sizes, strict=True)]
    steps = [abs(b - a) for a, b in itertools.pairwise(z)]
    assert found["sigma_z"] == pytest.approx(statistics.fmean(steps) / 1.128)


def test_a_baseline_and_exclusions_shape_sigma_z(run: Run) -> None:
    counts, sizes = [*BAD, 900, 300], [20000.0] * 7
    all_of_them = chart(kind="laney_p", defectives=counts, sample_size=sizes)
    first = run("control_chart", kind="laney_p", defectives=counts, sample_size=sizes, baseline=5)
    without = run(
        "control_chart", kind="laney_p", defectives=counts, sample_size=sizes, exclude=[6]
    )
    alone = chart(kind="laney_p", defectives=BAD, sample_size=20000)
    assert first["sigma_z"] == pytest.approx(alone["sigma_z"])
    assert without["sigma_z"] < all_of_them["sigma_z"]
    assert first["out_of_limits"] == [6]


def test_zones_do_not_apply_and_limits_stay_between_zero_and_one() -> None:
    found = chart(kind="laney_p", defectives=[90, 99, 40, 97], sample_size=100)
    assert found["ucl"] == 1.0 and found["lcl"] >= 0
    rules = chart(kind="laney_p", defectives=BAD, rules="nelson", **CALLS)["rules"]
    assert "nelson_5" not in rules and "nelson_2" in rules


@given(
    counts=st.lists(st.integers(1, 400), min_size=3, max_size=30).filter(lambda x: len(set(x)) > 1)
)
@settings(max_examples=40, deadline=None)
def test_order_reversed_gives_the_same_limits(counts: list[int]) -> None:
    forward = chart(kind="laney_u", defects=counts, sample_size=10)
    backward = chart(kind="laney_u", defects=counts[::-1], sample_size=10)
    assert forward["sigma_z"] == pytest.approx(backward["sigma_z"])
    assert forward["ucl"] == pytest.approx(backward["ucl"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"kind": "laney_p", "defectives": [3, 4]}, "size of every sample"),
        ({"kind": "laney_p", "sample_size": 100, "pbar": 0.1}, "needs the counts"),
        ({"kind": "laney_p", "defectives": [5, 5, 5], "sample_size": 100}, "sigma Z is zero"),
        ({"kind": "laney_p", "defectives": [0, 0, 0], "sample_size": 100}, "every count is zero"),
        ({"kind": "laney_p", "defectives": [3, 101], "sample_size": 100}, "out of 100"),
        ({"kind": "laney_u", "defects": [3], "sample_size": 100}, "no two neighbouring"),
        ({"kind": "laney_u", "defects": [3, -1], "sample_size": 100}, "whole number"),
    ],
)
def test_bad_input_is_refused_in_one_line(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        chart(**arguments)
