"""The power-law process against MIL-HDBK-189, NIST and simulation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from havoc.errors import InputError
from havoc.tools import registry
from havoc.tools.reliability import power_law

Run = Callable[..., dict[str, Any]]

# NIST e-Handbook 8.4.5.1: test stopped at 1500 hours.
NIST = [5.0, 40, 43, 175, 389, 712, 747, 795, 1299, 1478]
# MIL-HDBK-189: test stopped at the twenty-second failure.
HANDBOOK = [
    2.7, 10.3, 12.5, 30.6, 57.0, 61.3, 80.0, 109.5, 125.0, 128.6, 143.8, 167.9, 229.2, 296.7,
    320.6, 328.2, 366.2, 396.7, 421.1, 438.2, 501.2, 620.0,
]  # fmt: skip


def test_case_study_of_nist(run: Run) -> None:
    """Unbiased beta 0.4835 (alpha 0.516), lambda 0.2913, MTBF at the end 310.234."""
    result = run("reliability_growth", times=NIST, end_time=1500, estimator="unbiased")
    assert result["beta"] == pytest.approx(0.4835, abs=5e-5)
    assert result["rate"] == pytest.approx(0.2913, abs=5e-5)
    assert result["mtbf"] == pytest.approx(310.234, abs=1e-3)


def test_example_of_the_handbook(run: Run) -> None:
    """beta 0.6142, lambda 0.4239, MTBF 45.883."""
    result = run("reliability_growth", times=HANDBOOK, at=1000, mtbf_goal=80)
    assert result["beta"] == pytest.approx(0.6142, abs=5e-5)
    assert result["rate"] == pytest.approx(0.4239, abs=5e-5)
    assert result["mtbf"] == pytest.approx(45.883, abs=1e-3)
    assert result["trend"] == "improving"
    assert result["mtbf_at"] < 80 < result["time_to_goal"]
    growth = power_law.Growth(beta=result["beta"], rate=result["rate"], failures=22, end=620)
    assert growth.mtbf(result["time_to_goal"]) == pytest.approx(80)


def test_grouped_example_of_the_handbook(run: Run) -> None:
    """Failures between inspections: beta 0.81361, lambda 0.44585."""
    result = run(
        "reliability_growth",
        interval_ends=[62, 100, 187, 210, 350, 500], counts=[12, 6, 15, 3, 18, 16],
    )  # fmt: skip
    assert result["beta"] == pytest.approx(0.81361, abs=5e-6)
    assert result["rate"] == pytest.approx(0.44585, abs=5e-6)
    assert result["mtbf_low"] < result["mtbf"] < result["mtbf_high"]


def test_narrow_groups_are_exact_times(run: Run) -> None:
    exact = run("reliability_growth", times=NIST, end_time=1500)
    ends: list[float] = []
    counts: list[int] = []
    for t in NIST:
        ends += [t - 0.005, t + 0.005]
        counts += [0, 1]
    grouped = run("reliability_growth", interval_ends=[*ends, 1500], counts=[*counts, 0])
    assert grouped["beta"] == pytest.approx(exact["beta"], rel=1e-4)


def test_limits_of_the_mtbf_are_quantiles_of_its_distribution() -> None:
    """Ended at a failure: estimate over truth is a product of chi-squared variables."""
    rng = np.random.default_rng(2)
    n, beta, rate = 8, 0.6, 0.5
    arrivals = np.cumsum(rng.exponential(size=(100_000, n)), axis=1)
    times = (arrivals / rate) ** (1 / beta)
    end = times[:, -1]
    estimate = end * np.log(end[:, None] / times).sum(axis=1) / n**2
    truth = end ** (1 - beta) / (rate * beta)
    low, high = power_law.mtbf_factors(n, 0.9, stopped=False)
    assert np.mean(truth < low * estimate) == pytest.approx(0.05, abs=0.003)
    assert np.mean(truth > high * estimate) == pytest.approx(0.05, abs=0.003)


@pytest.mark.parametrize("stopped", [True, False])
def test_limits_of_beta_are_quantiles_of_its_distribution(stopped: bool) -> None:
    """Given their number, failures before the end are uniform in time to the power beta."""
    rng = np.random.default_rng(12)
    n, beta = 6, 0.7
    before = rng.random((100_000, n if stopped else n - 1)) ** (1 / beta)
    estimate = n / -np.log(before).sum(axis=1)
    low, high = power_law.beta_limits(1.0, n, 0.9, stopped=stopped)
    assert np.mean(beta < low * estimate) == pytest.approx(0.05, abs=0.003)
    assert np.mean(beta > high * estimate) == pytest.approx(0.05, abs=0.003)


def test_limits_of_a_test_ended_at_a_time_cover_at_least_as_promised() -> None:
    """Crow (1982): conservative, because the number of failures is discrete."""
    rng = np.random.default_rng(3)
    beta, expected, end = 0.7, 9.0, 100.0
    numbers = rng.poisson(expected, 4000)
    truth = end / (beta * expected)
    inside, used = 0, 0
    factors = {int(n): power_law.mtbf_factors(int(n), 0.9, stopped=True) for n in set(numbers)
               if n >= 2}  # fmt: skip
    for n in numbers:
        if n < 2:
            continue
        used += 1
        times = end * rng.random(n) ** (1 / beta)
        estimate = end * np.log(end / times).sum() / n**2
        low, high = factors[int(n)]
        inside += low * estimate <= truth <= high * estimate
    assert inside / used >= 0.89


def test_trend_tests(run: Run) -> None:
    result = run("reliability_growth", times=NIST, end_time=1500)
    chi2 = 2 * sum(math.log(1500 / t) for t in NIST)
    assert result["chi2"] == pytest.approx(chi2)
    tail = float(min(stats.chi2.cdf(chi2, 20), stats.chi2.sf(chi2, 20)))
    assert result["p_value"] == pytest.approx(2 * tail)
    u = (np.mean(NIST) - 750) / (1500 / math.sqrt(120))
    assert result["laplace"] == pytest.approx(u)


def test_wear_is_found(run: Run) -> None:
    times = (1000 * np.linspace(0.05, 1, 20) ** 0.4).tolist()
    assert run("reliability_growth", times=times)["trend"] == "deteriorating"
    even = np.linspace(50, 1000, 20).tolist()
    assert run("reliability_growth", times=even)["trend"] == "none"


@settings(max_examples=20, deadline=None)
@given(factor=st.floats(0.01, 1e4))
def test_the_unit_of_time_does_not_matter(factor: float) -> None:
    plain = registry.execute("reliability_growth", {"times": HANDBOOK}).quantities
    scaled = registry.execute(
        "reliability_growth", {"times": [t * factor for t in HANDBOOK]}
    ).quantities
    assert scaled["beta"] == pytest.approx(plain["beta"], rel=1e-9)
    assert scaled["mtbf_high"] == pytest.approx(plain["mtbf_high"] * factor, rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "no failure times"),
        ({"times": [5, 6], "interval_ends": [5]}, "both given"),
        ({"times": [5]}, "too few"),
        ({"times": [5], "end_time": 9}, "too few"),
        ({"times": [0, 5, 9]}, "before the test"),
        ({"times": [5, 50], "end_time": 20}, "after the end"),
        ({"times": [20, 20], "end_time": 20}, "at the end"),
        ({"interval_ends": [10, 20], "counts": [1]}, "2 intervals"),
        ({"interval_ends": [20, 10], "counts": [3, 4]}, "rise"),
        ({"interval_ends": [10, 20], "counts": [0, 9]}, "no trend"),
        ({"interval_ends": [10, 20], "counts": [3, 9], "end_time": 30}, "last interval"),
        ({"times": [1, math.inf, 3]}, "finite"),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        registry.execute("reliability_growth", arguments)
