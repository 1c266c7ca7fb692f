"""Bootstrap intervals: against scipy, exhaustive resampling, and theory."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from havoc.errors import InputError
from havoc.tools import registry
from havoc.tools.stats import bootstrap_statistics
from havoc.tools.stats.bootstrap_bounds import Replicates, at_level, bca, percentile

AIR = [3, 5, 7, 18, 43, 85, 91, 98, 100, 130, 230, 487]
LONG = np.random.default_rng(5).gamma(2.0, 3.0, 60)


def run(**arguments: Any) -> dict[str, Any]:
    return registry.execute("bootstrap_interval", arguments).to_json()


def test_exhaustive_resampling_of_four_values_gives_the_percentiles() -> None:
    # All 4^4 resamples of 1, 2, 4, 8: the exact distribution that random resampling draws from.
    values = np.asarray([1.0, 2.0, 4.0, 8.0])
    means = np.sort([np.mean(row) for row in itertools.product(values, repeat=4)])
    found = run(data=values.tolist(), interval="percentile", confidence=0.9, resamples=99_999)
    assert found["standard_error"] == pytest.approx(means.std(), rel=0.01)
    assert found["ci_low"] == pytest.approx(np.quantile(means, 0.05), abs=0.26)
    assert found["ci_high"] == pytest.approx(np.quantile(means, 0.95), abs=0.26)


@pytest.mark.parametrize(
    ("name", "peer"),
    [
        ("mean", np.mean),
        ("median", np.median),
        ("sd", lambda v: np.std(v, ddof=1)),
    ],
)
def test_bca_and_basic_agree_with_scipy(name: str, peer: Any) -> None:
    found = run(data=LONG.tolist(), statistic=name)
    expected = stats.bootstrap(
        (LONG,), lambda v: peer(v), vectorized=False, n_resamples=9999, rng=np.random.default_rng(2)
    )
    slack = 6 * max(found["monte_carlo_error_low"], found["monte_carlo_error_high"])
    interval = expected.confidence_interval
    assert found["ci_low"] == pytest.approx(interval.low, abs=slack)
    assert found["ci_high"] == pytest.approx(interval.high, abs=slack)
    assert found["standard_error"] == pytest.approx(expected.standard_error, rel=0.05)


def test_two_samples_agree_with_scipy() -> None:
    other = LONG[:25] + 1.5
    found = run(group1=LONG.tolist(), group2=other.tolist())
    expected = stats.bootstrap(
        (LONG, other),
        lambda a, b, axis=-1: np.mean(a, axis=axis) - np.mean(b, axis=axis),
        n_resamples=9999,
        rng=np.random.default_rng(3),
    ).confidence_interval
    slack = 6 * found["monte_carlo_error_low"]
    assert (found["ci_low"], found["ci_high"]) == pytest.approx(tuple(expected), abs=slack)
    assert found["excludes_no_difference"] == (not found["ci_low"] <= 0 <= found["ci_high"])


@pytest.mark.parametrize(
    "statistic",
    [
        bootstrap_statistics.MEAN,
        bootstrap_statistics.SD,
        bootstrap_statistics.cpk(0.0, 40.0),
        bootstrap_statistics.cpk(None, 12.0),
        bootstrap_statistics.DIFFERENCE_OF_MEANS,
        bootstrap_statistics.RATIO_OF_MEANS,
        bootstrap_statistics.CORRELATION,
    ],
)
@pytest.mark.parametrize("paired", [False, True])
def test_influence_values_are_the_slope_of_the_statistic(statistic: Any, paired: bool) -> None:
    """Weight one value a little more, and the statistic moves by its influence.

    The deviation has n - 1 of the sample, not of its repetitions: some percent at thirty.
    """
    samples = [LONG[:30], 20 - LONG[30:] + LONG[:30] / 2][: statistic.samples]
    paired = paired or statistic.label == "correlation"
    found = statistic.influence(samples, paired)
    repeat = 4000
    for position, values in enumerate(found):
        for index in (0, 7, 29):
            heavy = [
                np.append(np.repeat(sample, repeat), sample[index])
                if paired or other == position
                else sample
                for other, sample in enumerate(samples)
            ]
            many = [
                np.repeat(sample, repeat) if paired or other == position else sample
                for other, sample in enumerate(samples)
            ]
            slope = (statistic.compute(heavy) - statistic.compute(many)) * heavy[position].size
            assert values[index] == pytest.approx(float(slope), rel=0.08, abs=5e-3)


def test_studentised_mean_is_near_the_t_interval_for_normal_values() -> None:
    normal = stats.norm.ppf((np.arange(40) + 0.5) / 40)
    found = run(data=normal.tolist(), interval="studentised")
    margin = stats.t.ppf(0.975, 39) * normal.std(ddof=1) / math.sqrt(40)
    assert found["ci_high"] == pytest.approx(margin, rel=0.05)
    assert found["ci_low"] == pytest.approx(-margin, rel=0.05)


def test_quantiles_are_interpolated_on_the_normal_scale() -> None:
    ordered = np.arange(1.0, 100.0)
    assert at_level(ordered, 0.05) == 5.0
    assert at_level(ordered, 0.5) == 50.0
    assert at_level(ordered, 0.001) == 1.0
    # Davison and Hinkley equation 5.8 at rank 5.5 of 99.
    z5, z55, z6 = stats.norm.ppf([0.05, 0.055, 0.06])
    assert at_level(ordered, 0.055) == pytest.approx(5 + (z55 - z5) / (z6 - z5))


def test_bca_without_bias_and_skewness_is_the_percentile_interval() -> None:
    values = stats.norm.ppf((np.arange(1, 10_000)) / 10_000)
    replicates = Replicates(
        estimate=0.0, values=values, studentised=None, standard_error=None, acceleration=0.0
    )
    found = bca(replicates, 0.95)
    assert found is not None
    assert found.bounds == pytest.approx(percentile(replicates, 0.95), abs=1e-9)


def test_the_same_seed_gives_the_same_figures() -> None:
    assert run(data=AIR, seed=4) == run(data=AIR, seed=4)
    assert run(data=AIR, seed=4)["ci_low"] != run(data=AIR, seed=5)["ci_low"]


def test_the_monte_carlo_error_is_that_of_repetition() -> None:
    lows = [
        run(data=AIR, interval="percentile", resamples=999, seed=seed)["ci_low"]
        for seed in range(40)
    ]
    stated = np.mean(
        [
            run(data=AIR, interval="percentile", resamples=999, seed=seed)["monte_carlo_error_low"]
            for seed in range(40)
        ]
    )
    assert stated == pytest.approx(np.std(lows, ddof=1), rel=0.5)


@settings(max_examples=15, deadline=None)
@given(st.floats(-1e3, 1e3), st.floats(0.01, 100))
def test_intervals_move_with_shift_and_scale(shift: float, scale: float) -> None:
    base = run(data=AIR, resamples=499)
    moved = run(data=[shift + scale * value for value in AIR], resamples=499)
    for name in ("ci_low", "ci_high", "percentile_low", "basic_high", "studentised_high"):
        assert moved[name] == pytest.approx(shift + scale * base[name], rel=1e-6, abs=1e-6 * scale)


def test_many_values_are_resampled_less_or_refused() -> None:
    found = run(data=np.arange(100_000.0).tolist())
    assert found["resamples"] == 2000
    assert "long" in found["warnings"][0]
    with pytest.raises(InputError, match="too many to resample"):
        run(data=np.arange(1_200_000.0).tolist())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "give data"),
        ({"data": [1.0, 2.0]}, "at least 3"),
        ({"data": [2.0, 2.0, 2.0, 2.0]}, "no variation"),
        ({"data": [1.0, math.nan, 2.0, 4.0]}, "not a finite number"),
        ({"data": AIR, "statistic": "correlation"}, "needs two samples"),
        ({"group1": AIR, "group2": AIR, "statistic": "median"}, "needs one sample"),
        ({"data": AIR, "statistic": "quantile"}, "no quantile"),
        ({"data": AIR, "statistic": "cpk"}, "no specification limit"),
        ({"data": AIR, "statistic": "cpk", "lsl": 5, "usl": 3}, "not below"),
        ({"data": AIR, "interval": "studentised", "statistic": "median"}, "no simple variance"),
        ({"data": AIR, "resamples": 199, "confidence": 0.999}, "cannot give"),
        ({"x": AIR, "y": AIR[:-1]}, "partner"),
        ({"x": AIR, "y": [1.0] * 12}, "constant column"),
        ({"group1": AIR, "group2": [-1.0, 1.0, 2.0, -2.5], "statistic": "ratio_of_means"}, "zero"),
        ({"group1": [1.0, 1.0, 1.0], "group2": [2.0, 2.0, 2.0]}, "constant"),
        ({"x": [1.0, 1.0, 1.0, 2.0], "y": [1.0, 2.0, 3.0, 4.0]}, "too few different"),
    ],
)
def test_bad_input_is_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        run(**arguments)


def test_few_values_are_said_to_be_few() -> None:
    assert "too short" in run(data=[1.0, 2.0, 4.0, 8.0])["warnings"][0]


def test_figures_are_recomputed() -> None:
    declared = registry.get("bootstrap_interval")
    for arguments in (
        {"data": AIR},
        {"data": AIR, "statistic": "median"},
        {"x": AIR, "y": AIR[::-1]},
    ):
        outcome = registry.execute("bootstrap_interval", arguments).outcome
        checks = declared.verify(outcome, arguments)
        assert checks and all(check.agrees for check in checks)
