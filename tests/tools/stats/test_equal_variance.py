"""Tests of variances against R, scipy and the NIST handbook."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from havoc.errors import InputError
from havoc.tools import registry

CASES = Path(__file__).parents[2] / "reference" / "cases"
FIRST = [9.8, 10.3, 10.1, 9.6, 10.4]
SECOND = [10.0, 10.1, 9.9, 10.0, 10.1, 9.95]


def variances(**arguments: Any) -> dict[str, Any]:
    return registry.execute("equal_variance", arguments).quantities


def test_insect_sprays_agree_with_r() -> None:
    content = json.loads((CASES / "eqvar-insectsprays.json").read_text())
    groups: dict[str, list[float]] = {}
    for value, label in zip(content["data"]["y"], content["data"]["group"], strict=True):
        groups.setdefault(label, []).append(value)
    found = variances(groups=groups)
    for quantity, expected in content["expected"].items():
        assert found[quantity] == pytest.approx(expected["value"], rel=1e-9), quantity
    assert found["p_value"] == found["levene_p"]


def test_whole_numbers_agree_with_scipy() -> None:
    groups = {"a": [1, 2, 5, 9], "b": [3, 3, 4, 5, 2], "c": [8, 1, 4]}
    found = variances(groups=groups)
    samples = [np.asarray(group, dtype=float) for group in groups.values()]
    assert found["bartlett_K2"] == pytest.approx(stats.bartlett(*samples).statistic)
    assert found["levene_F"] == pytest.approx(stats.levene(*samples).statistic)
    assert found["fligner_p"] == pytest.approx(stats.fligner(*samples).pvalue)


def test_two_variances() -> None:
    found = variances(group1=FIRST, group2=SECOND, method="f_test")
    ratio = np.var(FIRST, ddof=1) / np.var(SECOND, ddof=1)
    assert found["F"] == pytest.approx(ratio)
    assert found["p_value"] == pytest.approx(2 * stats.f.sf(ratio, 4, 5))
    assert found["ci_low"] == pytest.approx(ratio / stats.f.ppf(0.975, 4, 5))
    assert found["ci_high"] == pytest.approx(ratio / stats.f.ppf(0.025, 4, 5))
    one_sided = variances(group1=FIRST, group2=SECOND, alternative="greater")
    assert one_sided["p_value"] == pytest.approx(stats.f.sf(ratio, 4, 5))
    assert one_sided["ci_high"] == math.inf


def test_summaries_give_what_values_give() -> None:
    by_values = variances(group1=FIRST, group2=SECOND, method="f_test")
    by_summary = variances(
        group1={"n": 5, "mean": 0, "sd": float(np.std(FIRST, ddof=1))},
        group2={"n": 6, "mean": 0, "sd": float(np.std(SECOND, ddof=1))},
    )
    assert by_summary["decided_by"] == by_values["decided_by"]
    for quantity in ("F", "p_value", "ci_low", "bartlett_K2"):
        assert by_summary[quantity] == pytest.approx(by_values[quantity])


def test_one_variance_of_the_handbook() -> None:
    # NIST handbook 1.3.5.8: 100 gears, sd 0.0062789 against 0.1: chi-square 0.3903, df 99.
    found = variances(
        data={"n": 100, "mean": 0.99764, "sd": 0.6278908e-02}, sigma0=0.1, alternative="less"
    )
    assert found["chi2"] == pytest.approx(0.3903, abs=5e-5)
    assert found["df"] == 99
    assert found["significant"]
    interval = variances(data=FIRST, sigma0=0.2)
    square = 4 * np.var(FIRST, ddof=1)
    assert interval["ci_low"] == pytest.approx(math.sqrt(square / stats.chi2.ppf(0.975, 4)))


def test_offset_does_not_matter() -> None:
    plain = variances(group1=FIRST, group2=SECOND)
    moved = variances(
        group1=[value + 1e9 for value in FIRST], group2=[value + 1e9 for value in SECOND]
    )
    assert moved["levene_F"] == pytest.approx(plain["levene_F"], rel=1e-6)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"group1": FIRST},
        {"groups": {"a": FIRST}},
        {"group1": [1.0], "group2": FIRST},
        {"group1": [2.0, 2.0], "group2": [3.0, 3.0]},
        {"group1": [2.0, 2.0, 2.0], "group2": FIRST, "method": "bartlett"},
        {"groups": {"a": FIRST, "b": SECOND, "c": FIRST}, "method": "f_test"},
        {"groups": {"a": FIRST, "b": SECOND, "c": FIRST}, "alternative": "less"},
        {"sigma0": 0.1},
        {"data": [1.0], "sigma0": 0.1},
        {"data": FIRST, "sigma0": 0.0},
        {
            "group1": {"n": 5, "mean": 0, "sd": 1},
            "group2": {"n": 5, "mean": 0, "sd": 2},
            "method": "levene",
        },
    ],
)
def test_bad_input_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        variances(**arguments)
