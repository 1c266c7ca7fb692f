"""Demonstration tests against published sample sizes, scipy and their own inverses."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from havoc.errors import InputError
from havoc.tools import registry

Run = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    ("reliability", "confidence", "failures", "n"),
    [
        # The tables of binomial demonstration tests in use in the automotive industry.
        (0.90, 0.90, 0, 22),
        (0.95, 0.90, 0, 45),
        (0.95, 0.95, 0, 59),
        (0.99, 0.90, 0, 230),
        (0.99, 0.95, 0, 299),
        (0.90, 0.90, 1, 38),
        (0.95, 0.95, 1, 93),
        (0.99, 0.95, 1, 473),
        (0.90, 0.95, 2, 61),
    ],
)
def test_sample_sizes(
    reliability: float, confidence: float, failures: int, n: int, run: Run
) -> None:
    result = run(
        "demonstration_test", reliability=reliability, confidence=confidence, failures=failures
    )
    assert result["n"] == n
    assert stats.binom.cdf(failures, n, 1 - reliability) <= 1 - confidence
    assert stats.binom.cdf(failures, n - 1, 1 - reliability) > 1 - confidence


def test_demonstrated_reliability(run: Run) -> None:
    none = run("demonstration_test", n=22, confidence=0.9)
    assert none["reliability"] == pytest.approx(0.1 ** (1 / 22))
    some = run("demonstration_test", n=50, failures=2, confidence=0.95)
    exact = stats.binomtest(48, 50, alternative="greater").proportion_ci(0.95, method="exact")
    assert some["reliability"] == pytest.approx(exact.low, rel=1e-9)


def test_confidence_of_a_finished_test(run: Run) -> None:
    result = run("demonstration_test", n=30, reliability=0.9)
    assert result["confidence"] == pytest.approx(1 - 0.9**30)


def test_longer_test_of_fewer_units(run: Run) -> None:
    """Success run with slope: n L^beta = ln(1 - C) / ln R."""
    result = run("demonstration_test", n=8, reliability=0.9, confidence=0.9, shape=2, time=500)
    ratio = math.sqrt(math.log(0.1) / (8 * math.log(0.9)))
    assert result["life_ratio"] == pytest.approx(ratio)
    assert result["test_time"] == pytest.approx(500 * ratio)
    units = run("demonstration_test", reliability=0.9, confidence=0.9, shape=2, life_ratio=2)
    assert units["n"] == math.ceil(math.log(0.1) / (4 * math.log(0.9)))


def test_units_of_time_are_converted(run: Run) -> None:
    result = run(
        "demonstration_test",
        reliability=0.98,
        confidence=0.6,
        shape=1.5,
        time=10,
        time_unit="yr",
        test_time=2000,
        test_time_unit="h",
        acceleration_factor=12,
    )
    ratio = 12 * 2000 / (10 * 8766)
    assert result["life_ratio"] == pytest.approx(ratio)
    assert result["n"] == math.ceil(math.log(0.4) / (ratio**1.5 * math.log(0.98)))


def test_scale_to_be_shown(run: Run) -> None:
    """Weibayes substantiation: n (t / eta)^beta = -ln(1 - C)."""
    result = run("demonstration_test", scale=4000, shape=1.8, test_time=2000, confidence=0.95)
    assert result["n"] == math.ceil(-math.log(0.05) / 0.5**1.8)


def test_total_time_for_a_mean_life(run: Run) -> None:
    result = run("demonstration_test", mtbf=1000, confidence=0.8, failures=1)
    assert result["total_test_time"] == pytest.approx(1000 * stats.chi2.ppf(0.8, 4) / 2)
    several = run("demonstration_test", mtbf=500, confidence=0.8, failures=[0, 1, 2])
    assert [plan["total_test_time"] for plan in several["plans"]] == pytest.approx(
        [500 * stats.chi2.ppf(0.8, 2 * r + 2) / 2 for r in range(3)]
    )
    shown = run(
        "demonstration_test", total_test_time=result["total_test_time"], confidence=0.8, failures=1
    )
    assert shown["mtbf"] == pytest.approx(1000)


@settings(max_examples=60, deadline=None)
@given(
    reliability=st.floats(0.5, 0.999), confidence=st.floats(0.5, 0.99), failures=st.integers(0, 6)
)
def test_the_sample_size_is_the_smallest_that_shows_it(
    reliability: float, confidence: float, failures: int
) -> None:
    given_plan = {"reliability": reliability, "confidence": confidence, "failures": failures}
    n = registry.execute("demonstration_test", given_plan).quantities["n"]
    shown = registry.execute(
        "demonstration_test", {"n": n, "confidence": confidence, "failures": failures}
    ).quantities["reliability"]
    assert shown >= reliability - 1e-9
    if n - 1 > failures:
        less = registry.execute(
            "demonstration_test", {"n": n - 1, "confidence": confidence, "failures": failures}
        ).quantities["reliability"]
        assert less < reliability + 1e-9


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"confidence": 0.9}, "not enough"),
        ({"reliability": 1.2, "confidence": 0.9}, "reliability"),
        ({"n": 5, "failures": 5, "confidence": 0.9}, "show nothing"),
        ({"reliability": 0.9, "confidence": 0.9, "life_ratio": 2}, "known shape"),
        ({"reliability": 0.9, "confidence": 0.9, "test_time": 5}, "required life"),
        ({"scale": 100, "confidence": 0.9, "n": 5}, "known shape"),
        ({"mtbf": 100}, "not enough"),
        ({"mtbf": 100, "confidence": 0.9, "total_test_time": 5}, "all given"),
        ({"reliability": 0.9, "confidence": 0.9, "failures": []}, "empty"),
        ({"reliability": 0.999999999, "confidence": 0.99}, "units would be needed"),
        (
            {
                "reliability": 0.9,
                "confidence": 0.9,
                "shape": 2,
                "time": 1,
                "time_unit": "km",
                "test_time": 3,
                "test_time_unit": "h",
            },
            "cannot be converted",
        ),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        registry.execute("demonstration_test", arguments)
