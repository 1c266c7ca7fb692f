"""Confidence, prediction and tolerance intervals against scipy, published tables, simulation."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from havoc.errors import InputError
from havoc.tools import registry
from havoc.tools.stats import normal_factors

CASES = Path(__file__).parents[2] / "reference" / "cases"
Run = Callable[..., dict[str, Any]]
PULL = [22.0, 25, 21, 27, 24]


def test_mean_agrees_with_scipy(run: Run) -> None:
    data = [1.2, 1.4, 1.1, 1.5, 1.3]
    found = run("confidence_interval", data=data, confidence=0.9)
    peer = stats.ttest_1samp(data, 0).confidence_interval(0.9)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx(tuple(peer))
    assert found["mean"] == pytest.approx(1.3)
    one_sided = stats.ttest_1samp(data, 0, alternative="less").confidence_interval(0.9)
    assert found["upper"] == pytest.approx(one_sided.high)


def test_summary_gives_what_the_values_give(run: Run) -> None:
    values = run("confidence_interval", data=PULL)
    summary = {"n": 5, "mean": values["mean"], "sd": values["sd"]}
    for given_arguments in ({"data": summary}, summary):
        found = run("confidence_interval", **given_arguments)
        assert found["ci_low"] == pytest.approx(values["ci_low"])


def test_known_sigma_is_a_z_interval(run: Run) -> None:
    found = run("confidence_interval", n=9, mean=10, sigma=3, confidence=0.95)
    assert found["margin"] == pytest.approx(1.959963985)


def test_sd_by_the_formula_of_the_handbook(run: Run) -> None:
    """The formula of NIST handbook 7.2.3.1."""
    found = run("confidence_interval", n=100, sd=0.00628, parameter="sd")
    low, high = (0.00628 * math.sqrt(99 / stats.chi2.ppf(q, 99)) for q in (0.975, 0.025))
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((low, high))
    squared = run("confidence_interval", n=100, sd=0.00628, parameter="variance")
    assert squared["ci_high"] == pytest.approx(high**2)


def test_zero_defects_in_299(run: Run) -> None:
    found = run("confidence_interval", successes=0, trials=299)
    assert found["upper"] == pytest.approx(1 - 0.05 ** (1 / 299))
    bound = run("confidence_interval", successes=0, trials=299, side="upper")
    assert bound["ci_high"] == found["upper"] and bound["ci_low"] == 0


@pytest.mark.parametrize(
    ("kind", "peer"),
    [
        ("clopper_pearson", "beta"),
        ("wilson", "wilson"),
        ("agresti_coull", "agresti_coull"),
        ("jeffreys", "jeffreys"),
        ("wald", "normal"),
    ],
)
def test_proportions_agree_with_statsmodels(run: Run, kind: str, peer: str) -> None:
    for x, n in ((148, 152), (3, 40), (20, 40)):
        found = run("confidence_interval", successes=x, trials=n, kind=kind)
        low, high = proportion_confint(x, n, 0.05, peer)
        assert (found["ci_low"], found["ci_high"]) == pytest.approx((low, min(high, 1.0)))


def test_rate_agrees_with_garwood_table(run: Run) -> None:
    """Published exact limits for three events: 0.6187 and 8.7673."""
    found = run("confidence_interval", events=3, exposure=2)
    assert (2 * found["ci_low"], 2 * found["ci_high"]) == pytest.approx((0.6187, 8.7673), abs=1e-4)


def test_median_uses_the_published_ranks(run: Run) -> None:
    """Conover: for n = 16 the ranks 4 and 13 hold at least 95 %."""
    found = run("confidence_interval", data=list(range(1, 17)), parameter="median")
    assert (found["ci_low"], found["ci_high"]) == (4, 13)
    assert found["achieved_level"] == pytest.approx(1 - 2 * stats.binom.cdf(3, 16, 0.5))


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({}, "no data"),
        ({"data": []}, "at least 2"),
        ({"data": [1.0]}, "at least 2"),
        ({"data": [1, math.inf]}, "not a finite"),
        ({"n": 5, "mean": 3}, "no sd"),
        ({"n": 1, "mean": 3, "sd": 1}, "at least 2"),
        ({"n": 12, "mean": 8.8, "sd": -0.4}, ">= 0"),
        ({"successes": 5, "trials": 3}, "5 successes in 3"),
        ({"successes": 5}, "trials is missing"),
        ({"data": [8.1, 8.4], "confidence": 1.4}, "< 1"),
        ({"parameter": "median", "n": 5}, "needs the values"),
        ({"data": [1, 2, 3], "parameter": "proportion"}, "zeros and ones"),
    ],
)
def test_bad_confidence_input_is_named(bad: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        registry.execute("confidence_interval", bad)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-99, 99), min_size=3, max_size=12), st.integers(-999, 999))
def test_mean_interval_moves_with_the_data(values: list[int], shift: int) -> None:
    plain = registry.execute("confidence_interval", {"data": values}).quantities
    moved = registry.execute(
        "confidence_interval", {"data": [value + shift for value in values]}
    ).quantities
    assert moved["ci_low"] - shift == pytest.approx(plain["ci_low"], abs=1e-9)
    assert moved["margin"] == pytest.approx(plain["margin"], abs=1e-9)


def test_prediction_of_one_value_is_students(run: Run) -> None:
    found = run("prediction_interval", data=PULL)
    half = stats.t.ppf(0.975, 4) * np.std(PULL, ddof=1) * math.sqrt(1 + 1 / 5)
    assert found["pi_high"] - found["mean"] == pytest.approx(half)
    upper = run("prediction_interval", n=9, mean=1210, sd=14, side="upper", confidence=0.99)
    assert upper["pi_high"] == pytest.approx(1210 + 14 * stats.t.ppf(0.99, 8) * math.sqrt(10 / 9))
    assert upper["pi_low"] == -math.inf


def test_prediction_of_a_mean(run: Run) -> None:
    found = run("prediction_interval", data=PULL, m=5, of="mean")
    half = stats.t.ppf(0.975, 4) * np.std(PULL, ddof=1) * math.sqrt(1 / 5 + 1 / 5)
    assert found["margin"] == pytest.approx(half)


def test_simultaneous_prediction_holds_in_simulation(run: Run) -> None:
    generator = np.random.default_rng(5)
    past = generator.normal(size=(200_000, 6))
    following = generator.normal(size=(200_000, 3))
    centre, spread = past.mean(axis=1), past.std(axis=1, ddof=1)
    worst = np.abs(following - centre[:, None]).max(axis=1) / spread
    found = run("prediction_interval", n=6, mean=0, sd=1, m=3, kind="exact")
    assert float((worst < found["k_exact"]).mean()) == pytest.approx(0.95, abs=0.002)
    assert found["k_bonferroni"] > found["k_exact"] == found["k"]


def test_tolerance_factors_of_r(run: Run) -> None:
    content = json.loads((CASES / "tol-43.json").read_text())
    found = run("tolerance_interval", n=43, **content["params"])
    assert found["k_two_sided"] == pytest.approx(
        content["expected"]["k_two_sided"]["value"], rel=1e-8
    )
    assert found["k_one_sided"] == pytest.approx(
        content["expected"]["k_one_sided"]["value"], rel=1e-8
    )
    assert found["k_howe"] == pytest.approx(2.217, abs=5e-4)


@pytest.mark.parametrize(
    ("n", "coverage", "confidence", "k"),
    # ISO 16269-6 / Krishnamoorthy and Mathew, exact two-sided factors.
    [
        (2, 0.95, 0.95, 36.519),
        (5, 0.95, 0.95, 5.077),
        (20, 0.95, 0.95, 2.760),
        (10, 0.99, 0.99, 5.610),
    ],
)
def test_published_two_sided_factors(n: int, coverage: float, confidence: float, k: float) -> None:
    assert normal_factors.tolerance_two_sided(n, coverage, confidence) == pytest.approx(k, abs=6e-4)


def test_lower_tolerance_bound(run: Run) -> None:
    """B-basis factor of MIL-HDBK-17 for six values: 3.006."""
    found = run(
        "tolerance_interval", data=[5.1, 5.6, 4.9, 5.3, 5.5, 5.0], coverage=0.9, side="lower"
    )
    assert found["k"] == pytest.approx(3.006, abs=5e-4)
    assert found["ti_low"] == pytest.approx(found["mean"] - found["k"] * found["sd"])
    assert found["ti_high"] == math.inf


@pytest.mark.parametrize(
    ("coverage", "confidence", "side", "n"),
    # Published sample sizes: Wilks two-sided, success-run one-sided.
    [
        (0.95, 0.95, "two_sided", 93),
        (0.99, 0.95, "two_sided", 473),
        (0.90, 0.90, "two_sided", 38),
        (0.95, 0.95, "upper", 59),
        (0.99, 0.95, "lower", 299),
    ],
)
def test_distribution_free_sizes(
    run: Run, coverage: float, confidence: float, side: str, n: int
) -> None:
    found = run(
        "tolerance_interval",
        coverage=coverage,
        confidence=confidence,
        side=side,
        kind="nonparametric",
    )
    assert found["n_required"] == n


@pytest.mark.parametrize("n", [46, 60, 61, 76, 77, 89, 90, 101, 102, 200, 1000])
def test_distribution_free_limits_are_the_tightest_that_hold(run: Run, n: int) -> None:
    found = run(
        "tolerance_interval", data=list(range(1, n + 1)), coverage=0.9, kind="nonparametric"
    )
    covered = found["rank_high"] - found["rank_low"]
    assert found["achieved_confidence"] == pytest.approx(stats.binom.cdf(covered - 1, n, 0.9))
    assert stats.binom.cdf(covered - 1, n, 0.9) >= 0.95
    assert stats.binom.cdf(covered - 2, n, 0.9) < 0.95
    assert (found["ti_low"], found["ti_high"]) == (found["rank_low"], found["rank_high"])


def test_too_few_values_for_distribution_free_limits(run: Run) -> None:
    short = registry.execute(
        "tolerance_interval", {"data": [1, 3, 2, 9, 4], "kind": "nonparametric"}
    ).outcome
    assert any("too few" in text for text in short.warnings)
    counted = run("tolerance_interval", n=120, kind="nonparametric")
    share = counted["covered_by_range"]
    assert 1 - 120 * share**119 + 119 * share**120 == pytest.approx(0.95)


@pytest.mark.parametrize("operation", ["prediction_interval", "tolerance_interval"])
@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({}, "no data"),
        ({"n": 1, "mean": 5, "sd": 1}, "at least 2"),
        ({"data": [1, math.nan, 2]}, "not a finite"),
        ({"data": [1]}, "at least 2"),
    ],
)
def test_bad_interval_input_is_named(operation: str, bad: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        registry.execute(operation, bad)
