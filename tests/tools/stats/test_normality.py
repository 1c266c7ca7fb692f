"""Normality tests against R (stats, nortest), statsmodels and simulation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.diagnostic import lilliefors, normal_ad

from havoc.errors import InputError
from havoc.tools import registry
from havoc.tools.stats import normality as module

CASES = Path(__file__).parents[2] / "reference" / "cases"


def normality(**arguments: Any) -> dict[str, Any]:
    return registry.execute("normality", arguments).quantities


def test_precipitation_agrees_with_r() -> None:
    content = json.loads((CASES / "normality-precip.json").read_text())
    found = normality(data=content["data"]["y"])
    for quantity, expected in content["expected"].items():
        assert found[quantity] == pytest.approx(expected["value"], rel=1e-6), quantity


def test_reference_question() -> None:
    found = normality(data=[49.1, 50.2, 50.9, 49.7, 50.0, 50.4, 49.5, 50.6, 49.9, 50.1])
    assert found["W"] == pytest.approx(0.9958923700474459, rel=1e-6)
    assert found["p_value"] == pytest.approx(0.9999201668957722, rel=1e-5)


@pytest.mark.parametrize("size", [8, 25, 150, 2000])
@pytest.mark.parametrize("shape", ["normal", "gamma"])
def test_statistics_agree_with_statsmodels(size: int, shape: str) -> None:
    rng = np.random.default_rng(size)
    data = rng.normal(size=size) if shape == "normal" else rng.gamma(3.0, size=size)
    found = normality(data=data)
    a2, p_value = normal_ad(data)
    assert found["anderson_darling_A2"] == pytest.approx(a2, rel=1e-9)
    assert found["anderson_darling_p"] == pytest.approx(p_value, rel=1e-6, abs=1e-12)
    distance, _ = lilliefors(data)
    assert found["lilliefors_D"] == pytest.approx(distance, rel=1e-9)


def test_lilliefors_p_value_of_the_table() -> None:
    # Dallal and Wilkinson's critical values at 5 %: n = 20 0.192, n = 30 0.159.
    for n, critical in ((20, 0.192), (30, 0.159)):
        z = stats.norm.ppf((np.arange(1, n + 1) - 0.5) / n)
        distance, _ = module._lilliefors(z)
        assert distance < critical
    data = np.random.default_rng(4).normal(size=40) ** 2
    found = normality(data=data)
    _, p_value = lilliefors(data, pvalmethod="approx")
    assert found["lilliefors_p"] == pytest.approx(p_value, abs=2e-3)


def test_ryan_joiner_critical_value_by_simulation() -> None:
    rng = np.random.default_rng(11)
    for n in (10, 50):
        samples = np.sort(rng.normal(size=(4000, n)), axis=1)
        below = np.mean(
            [module._ryan_joiner(row - row.mean()) for row in samples]
            < np.float64(module._ryan_joiner_critical(n))
        )
        assert below == pytest.approx(0.05, abs=0.012)


def test_method_chooses_what_decides() -> None:
    data = np.random.default_rng(1).exponential(size=30)
    for method, quantity in (
        ("shapiro_wilk", "shapiro_p"),
        ("anderson_darling", "anderson_darling_p"),
        ("lilliefors", "lilliefors_p"),
    ):
        found = normality(data=data, method=method)
        assert found["p_value"] == found[quantity]


def test_large_samples_leave_shapiro_out() -> None:
    found = normality(data=np.random.default_rng(1).normal(size=200_000))
    assert "W" not in found
    assert found["p_value"] == found["anderson_darling_p"]


def test_offset_and_scale_do_not_matter() -> None:
    data = [0.4, 0.1, 0.9, 0.3, 0.7, 0.2, 1.9, 0.5]
    plain = normality(data=data)
    moved = normality(data=[1e9 + value for value in data])
    turned = normality(data=[-3 * value for value in data])
    for found in (moved, turned):
        assert found["W"] == pytest.approx(plain["W"], rel=1e-6)
        assert found["anderson_darling_A2"] == pytest.approx(plain["anderson_darling_A2"], rel=1e-6)


@pytest.mark.parametrize("data", [[], [1.0, 2.0], [3.0] * 9, [1.0, 2.0, float("nan")]])
def test_bad_data_are_refused(data: list[float]) -> None:
    with pytest.raises(InputError):
        normality(data=data)
