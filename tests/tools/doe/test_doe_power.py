"""Power of two-level designs against statsmodels, noncentral F and simulation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import TTestIndPower

from havoc.errors import InputError
from havoc.tools import registry

Run = Callable[..., dict[str, Any]]


def power(**arguments: Any) -> dict[str, Any]:
    return registry.execute("doe_power", arguments).quantities


@pytest.mark.parametrize("times", [3, 5, 12])
def test_one_factor_is_the_two_sample_t_test(run: Run, times: int) -> None:
    found = run("doe_power", n_factors=1, replicates=times, effect=1.3, sigma=0.9)
    peer = TTestIndPower().power(1.3 / 0.9, times, 0.05)
    assert found["power"] == pytest.approx(peer, rel=1e-7)
    assert found["error_df"] == 2 * times - 2


@pytest.mark.parametrize(
    ("arguments", "runs", "df"),
    [
        # Replicated: all terms of the base design are fitted, pure error remains.
        ({"n_factors": 3, "replicates": 2}, 16, 8),
        ({"n_factors": 2, "replicates": 4}, 16, 12),
        # Once: main effects are fitted.
        ({"n_factors": 4}, 16, 11),
        ({"n_factors": 5, "runs": 16}, 16, 10),
        ({"n_factors": 7, "runs": 12}, 12, 4),
        ({"n_factors": 3, "runs": 8}, 8, 4),
        # Center points add themselves less the test of curvature.
        ({"n_factors": 5, "runs": 16, "center_points": 3}, 16, 12),
        ({"n_factors": 4, "model": "interactions"}, 16, 5),
        ({"n_factors": 3, "replicates": 2, "blocks": 2}, 16, 7),
    ],
)
def test_power_by_noncentral_f(run: Run, arguments: dict[str, Any], runs: int, df: int) -> None:
    found = run("doe_power", effect=1.5, sigma=1.0, **arguments)
    assert (found["runs"], found["error_df"]) == (runs, df)
    critical = stats.f.isf(0.05, 1, df)
    assert found["power"] == pytest.approx(stats.ncf.sf(critical, 1, df, runs * 1.5**2 / 4))


def test_simulation_agrees(run: Run) -> None:
    found = run("doe_power", n_factors=2, replicates=3, effect=2.0, sigma=1.5)
    generator = np.random.default_rng(12)
    signs = np.asarray([[-1, -1], [1, -1], [-1, 1], [1, 1]] * 3, dtype=float)
    design = np.column_stack([np.ones(12), signs, signs[:, 0] * signs[:, 1]])
    y = signs[:, 0] + generator.normal(0, 1.5, (20_000, 12))
    beta = y @ design / 12
    residual = np.sum((y - beta @ design.T) ** 2, axis=1) / 8
    t = beta[:, 1] / np.sqrt(residual / 12)
    share = np.mean(np.abs(t) > stats.t.isf(0.025, 8))
    assert found["power"] == pytest.approx(share, abs=4 * 0.5 / 20_000**0.5)


def test_replicates_are_the_least_that_suffice(run: Run) -> None:
    found = run("doe_power", n_factors=3, effect=2.0, sigma=1.5, power=0.9)
    assert found["power"] >= 0.9
    fewer = power(n_factors=3, effect=2.0, sigma=1.5, replicates=found["replicates"] - 1)
    assert fewer["power"] < 0.9
    # Wheeler's rule of thumb: (7 sigma / effect) squared runs for a power of 0.9.
    assert found["runs"] == pytest.approx((7 * 1.5 / 2) ** 2, rel=0.2)


def test_the_effect_solved_for_has_that_power(run: Run) -> None:
    found = run("doe_power", n_factors=5, runs=16, power=0.8, sigma=0.6)
    assert found["solved_for"] == "effect"
    again = run("doe_power", n_factors=5, runs=16, effect=found["effect"], sigma=0.6)
    assert again["power"] == pytest.approx(0.8)
    assert again["effect_for_usual_power"] == pytest.approx(found["effect"])


def test_without_error_sigma_is_known(run: Run) -> None:
    found = run("doe_power", runs=12, effect=5.0, sigma=3.0)
    shift = 5 * 12**0.5 / 6
    expected = stats.norm.sf(1.959964 - shift) + stats.norm.cdf(-1.959964 - shift)
    assert found["power"] == pytest.approx(expected, rel=1e-6)
    assert "error_df" not in found


def test_several_effects(run: Run) -> None:
    found = run("doe_power", n_factors=5, runs=16, effect=[2, 3, 4], sigma=2.2)
    assert [row["effect"] for row in found["table"]] == [2, 3, 4]
    powers = [row["power"] for row in found["table"]]
    assert powers == sorted(powers)
    assert found["power"] == powers[0]


@given(
    st.integers(1, 6),
    st.integers(2, 8),
    st.floats(0.2, 4),
    st.floats(0.01, 100),
)
@settings(max_examples=40, deadline=None)
def test_only_the_ratio_of_effect_and_sigma_counts(
    factors: int, times: int, ratio: float, sigma: float
) -> None:
    first = power(n_factors=factors, replicates=times, effect=ratio)["power"]
    second = power(n_factors=factors, replicates=times, effect=ratio * sigma, sigma=sigma)["power"]
    more = power(n_factors=factors, replicates=times + 1, effect=ratio)["power"]
    assert second == pytest.approx(first, rel=1e-6)
    assert 0.05 <= first <= more + 1e-9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"effect": 1.0}, "neither factors nor runs"),
        ({"n_factors": 40, "effect": 1.0}, "too many runs"),
        ({"n_factors": 3, "runs": 10, "effect": 1.0}, "no 10 runs"),
        ({"n_factors": 9, "runs": 8, "effect": 1.0}, "cannot estimate 9"),
        ({"n_factors": 3, "effect": 0.0}, "above zero"),
        ({"n_factors": 3, "effect": float("nan")}, "not a finite number"),
        ({"n_factors": 3, "effect": []}, "no effect"),
        ({"n_factors": 3, "effect": 1.0, "sigma": 0.0}, "sigma"),
        ({"n_factors": 3, "effect": 1.0, "sigma": float("inf")}, "finite"),
        ({"n_factors": 3, "effect": 1.0, "power": 0.03}, "not above the significance"),
        ({"n_factors": 3, "effect": 1.0, "power": 1.2}, "power"),
        ({"n_factors": 2, "effect": 1e-6, "power": 0.9}, "replicates would be needed"),
        ({"n_factors": 3, "effect": 1.0, "replicates": 0}, "replicates"),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        power(**arguments)
