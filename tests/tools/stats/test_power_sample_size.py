"""Power and sample size against R, statsmodels, published examples and simulation."""

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
from statsmodels.stats.power import FTestAnovaPower, TTestIndPower, TTestPower

from havoc.errors import InputError
from havoc.tools import registry

CASES = Path(__file__).parents[2] / "reference" / "cases"
Run = Callable[..., dict[str, Any]]


def plan(**arguments: Any) -> dict[str, Any]:
    return registry.execute("power_sample_size", arguments).quantities


def test_two_sample_t_of_r(run: Run) -> None:
    expected = json.loads((CASES / "power-t2.json").read_text())["expected"]
    found = run("power_sample_size", effect=1, sigma=1, power=0.9)
    assert found["n_exact"] == pytest.approx(expected["n_exact"]["value"], rel=1e-5)
    assert found["n"] == expected["n"]["value"]
    assert found["n_total"] == 46


def test_anova_of_r(run: Run) -> None:
    expected = json.loads((CASES / "power-anova.json").read_text())["expected"]
    found = run("power_sample_size", groups=4, between_var=1, within_var=3, power=0.8)
    assert found["n_exact"] == pytest.approx(expected["n_exact"]["value"], rel=1e-5)
    assert found["n"] == expected["n"]["value"]


def test_one_sigma_needs_seventeen(run: Run) -> None:
    assert run("power_sample_size", effect_size=1, power=0.8)["n_per_group"] == 17


@pytest.mark.parametrize("alternative", ["two_sided", "greater"])
@pytest.mark.parametrize("effect_size", [0.2, 0.75, 1.5])
def test_t_tests_agree_with_statsmodels(run: Run, effect_size: float, alternative: str) -> None:
    peer_alternative = "two-sided" if alternative == "two_sided" else "larger"
    for design, peer in (("two_sample_t", TTestIndPower()), ("one_sample_t", TTestPower())):
        found = run(
            "power_sample_size",
            design=design,
            effect_size=effect_size,
            n=12,
            alternative=alternative,
        )
        assert found["power"] == pytest.approx(
            peer.power(effect_size, 12, 0.05, alternative=peer_alternative), rel=1e-9
        )
        size = run(
            "power_sample_size",
            design=design,
            effect_size=effect_size,
            power=0.85,
            alternative=alternative,
        )["n_exact"]
        assert size == pytest.approx(
            peer.solve_power(
                effect_size, None, alpha=0.05, power=0.85, alternative=peer_alternative
            ),
            rel=1e-6,
        )


def test_anova_power_agrees_with_statsmodels(run: Run) -> None:
    found = run("power_sample_size", design="anova", groups=5, effect_size=0.4, n=9)
    assert found["power"] == pytest.approx(FTestAnovaPower().power(0.4, 45, 0.05, k_groups=5))


def test_anova_from_means_and_from_range(run: Run) -> None:
    means = run("power_sample_size", means=[9.75, 10, 10, 10.25], sigma=0.4, power=0.85)
    spread = run("power_sample_size", design="anova", groups=4, effect=0.5, sigma=0.4, power=0.85)
    assert spread["n_exact"] == pytest.approx(means["n_exact"])


def test_two_proportions_of_fleiss(run: Run) -> None:
    """R power.prop.test(p1 = .50, p2 = .75, power = .90) prints n = 76.7."""
    assert run("power_sample_size", p1=0.5, p2=0.75, power=0.9)["n_exact"] == pytest.approx(
        76.7, abs=0.06
    )


def test_one_proportion_by_the_formula_of_the_handbook(run: Run) -> None:
    """The formula of NIST handbook 7.2.4.2, one-sided, 5 % and 90 % power."""
    by_hand = ((1.644854 * 0.3 + 1.281552 * 0.4) / 0.1) ** 2
    found = run(
        "power_sample_size",
        design="one_proportion",
        p1=0.1,
        p2=0.2,
        power=0.9,
        alternative="greater",
    )
    assert found["n_exact"] == pytest.approx(by_hand, rel=1e-6)
    assert found["n"] == math.ceil(by_hand) == 102


def test_margins(run: Run) -> None:
    mean = run("power_sample_size", margin=2, sigma=7)
    assert mean["n"] == math.ceil((1.959964 * 7 / 2) ** 2) == 48
    n = mean["n_with_estimated_sd"]
    assert stats.t.ppf(0.975, n - 1) * 7 / math.sqrt(n) <= 2
    assert stats.t.ppf(0.975, n - 2) * 7 / math.sqrt(n - 1) > 2
    assert run("power_sample_size", margin=0.03, p=0.5)["n"] == 1068
    assert run("power_sample_size", design="correlation", effect=0.3, power=0.8)["n"] == 85


def test_power_is_what_simulation_finds(run: Run) -> None:
    generator = np.random.default_rng(2)
    first = generator.normal(0.75, 1, size=(20_000, 10))
    second = generator.normal(0, 1, size=(20_000, 10))
    share = float((stats.ttest_ind(first, second, axis=1).pvalue < 0.05).mean())
    found = run("power_sample_size", effect=3, sigma=4, n=10)
    assert found["power"] == pytest.approx(share, abs=0.012)
    assert found["solved_for"] == "power"


@settings(max_examples=25, deadline=None)
@given(st.floats(0.1, 3), st.integers(3, 60), st.floats(0.55, 0.99))
def test_the_three_questions_are_one(effect: float, n: int, power: float) -> None:
    detectable = plan(n=n, power=power, design="two_sample_t")["effect_size"]
    assert plan(n=n, effect_size=detectable)["power"] == pytest.approx(power, rel=1e-8)
    assert plan(effect_size=detectable, power=power)["n_exact"] == pytest.approx(n, rel=1e-6)
    assert plan(effect_size=effect, n=n + 1)["power"] >= plan(effect_size=effect, n=n)["power"]


def test_power_not_given_is_said() -> None:
    outcome = registry.execute("power_sample_size", {"p1": 0.06, "p2": 0.03}).outcome
    assert outcome.target_power == 0.8
    assert any("assumed" in text for text in outcome.warnings)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({}, "neither effect nor n"),
        ({"power": 0.9}, "neither effect nor n"),
        ({"effect": 1}, "sigma is missing"),
        ({"effect": 1, "sigma": 0}, "> 0"),
        ({"effect": 0, "sigma": 1}, "never be shown"),
        ({"effect": 1e-9, "sigma": 1}, "units would be needed"),
        ({"effect": math.nan, "sigma": 1}, "finite"),
        ({"effect": 1, "sigma": 1, "alpha": 7}, "< 1"),
        ({"p1": 0.1, "p2": 0.1}, "nothing to detect"),
        ({"p1": 1.5, "p2": 0.1}, "< 1"),
        ({"design": "anova", "effect_size": 0.3}, "groups is missing"),
        ({"design": "correlation", "effect": 1.2, "power": 0.8}, "not below 1"),
        ({"margin": 1e-9, "sigma": 1}, "units would be needed"),
        ({"margin": 2}, "sigma is missing"),
        ({"n": 20, "power": 0.01, "design": "one_sample_t"}, "not above the significance"),
    ],
)
def test_bad_input_is_named(bad: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        plan(**bad)
