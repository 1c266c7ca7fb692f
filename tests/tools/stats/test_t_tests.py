"""t tests against R, scipy and their own invariances."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from havoc.errors import InputError
from havoc.tools import registry

CASES = Path(__file__).parents[2] / "reference" / "cases"
ALTERNATIVES = {"two_sided": "two-sided", "less": "less", "greater": "greater"}
VALUES = st.lists(
    st.floats(min_value=-1e4, max_value=1e4).map(lambda value: round(value, 3)),
    min_size=3,
    max_size=20,
).filter(lambda values: np.std(values) > 0.01)
SHIFT = st.floats(min_value=-1e3, max_value=1e3)
SCALE = st.floats(min_value=1e-2, max_value=1e3)


def t_test(kind: str, **arguments: Any) -> dict[str, Any]:
    return registry.execute(f"t_test_{kind}", arguments).quantities


def case(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CASES / f"{name}.json").read_text())
    return found


def met(found: dict[str, Any], expected: dict[str, Any]) -> None:
    for name, wanted in expected.items():
        value = found["mean_difference" if name == "mean_diff" else name]
        assert value == pytest.approx(
            wanted["value"], rel=wanted.get("rtol", 0), abs=wanted.get("atol", 0)
        ), name


def test_r_one_sample() -> None:
    reference = case("t1-cement")
    found = t_test("one_sample", data=reference["data"]["y"], mu0=reference["params"]["mu"])
    met(found, reference["expected"])


def test_r_two_samples() -> None:
    reference = case("t2-cement")
    first, second = list(reference["data"].values())[:2]
    params = reference.get("params") or {}
    options = {key: params[key] for key in ("alternative", "equal_var") if key in params}
    met(t_test("two_sample", group1=first, group2=second, **options), reference["expected"])


def test_r_paired() -> None:
    reference = case("paired-shoes")
    first, second = list(reference["data"].values())[:2]
    params = reference.get("params") or {}
    options = {key: params[key] for key in ("alternative",) if key in params}
    met(t_test("paired", group1=first, group2=second, **options), reference["expected"])


@given(VALUES, VALUES, st.sampled_from(sorted(ALTERNATIVES)), st.booleans())
def test_two_samples_agree_with_scipy(
    first: list[float], second: list[float], alternative: str, equal_var: bool
) -> None:
    found = t_test(
        "two_sample", group1=first, group2=second, alternative=alternative, equal_var=equal_var
    )
    peer = stats.ttest_ind(
        first, second, equal_var=equal_var, alternative=ALTERNATIVES[alternative]
    )
    assert found["t"] == pytest.approx(peer.statistic, rel=1e-7, abs=1e-9)
    assert found["df"] == pytest.approx(peer.df, rel=1e-9)
    assert found["p_value"] == pytest.approx(peer.pvalue, rel=1e-6, abs=1e-12)
    interval = peer.confidence_interval(0.95)
    scale = abs(found["mean_difference"]) + found["standard_error"]
    assert found["ci_low"] == pytest.approx(interval.low, rel=1e-7, abs=1e-9 * scale)
    assert found["ci_high"] == pytest.approx(interval.high, rel=1e-7, abs=1e-9 * scale)
    assert found["significant"] == (found["p_value"] < 0.05)


@given(VALUES, st.floats(min_value=-100, max_value=100), st.sampled_from(sorted(ALTERNATIVES)))
def test_one_sample_agrees_with_scipy(data: list[float], mu0: float, alternative: str) -> None:
    found = t_test("one_sample", data=data, mu0=mu0, alternative=alternative, alpha=0.1)
    peer = stats.ttest_1samp(data, mu0, alternative=ALTERNATIVES[alternative])
    assert found["t"] == pytest.approx(peer.statistic, rel=1e-7, abs=1e-9)
    assert found["p_value"] == pytest.approx(peer.pvalue, rel=1e-6, abs=1e-12)
    interval = peer.confidence_interval(0.9)
    scale = abs(found["mean"]) + found["standard_error"]
    assert found["ci_low"] == pytest.approx(interval.low, rel=1e-7, abs=1e-9 * scale)
    assert found["ci_high"] == pytest.approx(interval.high, rel=1e-7, abs=1e-9 * scale)
    assert found["level"] == pytest.approx(0.9)


@given(VALUES, st.data())
def test_paired_agrees_with_scipy_and_with_one_sample(
    first: list[float], data: st.DataObject
) -> None:
    second = [value + data.draw(st.integers(min_value=-50, max_value=50)) / 10 for value in first]
    differences = [a - b for a, b in zip(first, second, strict=True)]
    assume(np.std(differences) > 0.01)
    found = t_test("paired", group1=first, group2=second)
    peer = stats.ttest_rel(first, second)
    assert found["t"] == pytest.approx(peer.statistic, rel=1e-6, abs=1e-8)
    assert found["p_value"] == pytest.approx(peer.pvalue, rel=1e-5, abs=1e-12)
    single = t_test("one_sample", data=differences, mu0=0)
    for name in ("t", "df", "p_value", "ci_low", "ci_high", "cohen_d"):
        assert found[name] == pytest.approx(single[name], rel=1e-9, abs=1e-12), name
    given = t_test("paired", differences=differences)
    assert given["t"] == found["t"] and given["n"] == len(first)


@given(VALUES, VALUES, SHIFT, SCALE)
def test_neither_shift_nor_scale_changes_the_decision(
    first: list[float], second: list[float], shift: float, scale: float
) -> None:
    plain = t_test("two_sample", group1=first, group2=second)
    moved = t_test(
        "two_sample",
        group1=[scale * value + shift for value in first],
        group2=[scale * value + shift for value in second],
    )
    for name in ("t", "df", "p_value", "cohen_d", "hedges_g"):
        assert moved[name] == pytest.approx(plain[name], rel=1e-4, abs=1e-6), name
    for name in ("mean_difference", "ci_low", "ci_high"):
        assert moved[name] == pytest.approx(scale * plain[name], rel=1e-4, abs=1e-4 * scale), name


@given(VALUES, VALUES)
def test_swapping_the_groups_turns_the_sign(first: list[float], second: list[float]) -> None:
    forward = t_test("two_sample", group1=first, group2=second, alternative="greater")
    back = t_test("two_sample", group1=second, group2=first, alternative="less")
    assert forward["t"] == pytest.approx(-back["t"])
    assert forward["p_value"] == pytest.approx(back["p_value"])
    assert forward["ci_low"] == pytest.approx(-back["ci_high"])
    assert forward["ci_high"] == math.inf and back["ci_low"] == -math.inf
    other = t_test("two_sample", group1=first, group2=second, alternative="less")
    assert forward["p_value"] + other["p_value"] == pytest.approx(1)


@given(VALUES, VALUES, st.booleans())
def test_a_summary_gives_what_its_values_give(
    first: list[float], second: list[float], equal_var: bool
) -> None:
    def summary(values: list[float]) -> dict[str, float]:
        return {
            "n": len(values),
            "mean": float(np.mean(values)),
            "sd": float(np.std(values, ddof=1)),
        }

    from_values = t_test("two_sample", group1=first, group2=second, equal_var=equal_var)
    from_summary = t_test(
        "two_sample", group1=summary(first), group2=summary(second), equal_var=equal_var
    )
    for name in ("t", "df", "p_value", "ci_low", "ci_high", "cohen_d"):
        assert from_summary[name] == pytest.approx(from_values[name], rel=1e-9, abs=1e-12), name
    one = t_test("one_sample", data=summary(first), mu0=1.5)
    assert one["t"] == pytest.approx(t_test("one_sample", data=first, mu0=1.5)["t"], rel=1e-9)


@pytest.mark.parametrize("kind", ["one_sample", "two_sample", "paired"])
def test_p_is_uniform_without_an_effect(kind: str) -> None:
    random = np.random.default_rng(20)
    p_values = []
    for _ in range(400):
        first, second = random.normal(10, 2, 8), random.normal(10, 2, 8)
        arguments = (
            {"data": first, "mu0": 10.0}
            if kind == "one_sample"
            else {"group1": first, "group2": second}
        )
        p_values.append(t_test(kind, **arguments)["p_value"])
    assert stats.kstest(p_values, "uniform").pvalue > 0.01


def test_the_interval_covers_as_often_as_it_says() -> None:
    random = np.random.default_rng(21)
    covered = 0
    for _ in range(400):
        found = t_test("one_sample", data=random.normal(3, 1, 6), mu0=0, alpha=0.2)
        covered += found["ci_low"] <= 3 <= found["ci_high"]
    assert stats.binomtest(covered, 400, 0.8).pvalue > 0.01


def test_effect_sizes() -> None:
    # Cohen's d of the pooled standard deviation; Hedges (1981) correction 1 - 3 / (4 m - 1).
    found = t_test("two_sample", group1=[1.0, 2, 3, 4], group2=[3.0, 4, 5, 6])
    assert found["cohen_d"] == pytest.approx(-2 / math.sqrt(5 / 3))
    assert found["hedges_g"] == pytest.approx(found["cohen_d"] * (1 - 3 / 23))


def test_shapes_of_the_text(run: Any) -> None:
    data = {"group1": [1.0, 2, 3, 4], "group2": [3.0, 4, 5, 7]}
    for alternative in ALTERNATIVES:
        run("t_test_two_sample", **data, alternative=alternative, unit="mm")
        run("t_test_paired", **data, alternative=alternative)
        run("t_test_one_sample", data=data["group1"], mu0=1, alternative=alternative)
        run("t_test_one_sample", data={"n": 5, "mean": 3, "sd": 1}, mu0=3, alternative=alternative)


@pytest.mark.parametrize(
    ("kind", "arguments", "says"),
    [
        ("one_sample", {"data": [], "mu0": 1}, "0 values given"),
        ("one_sample", {"data": [1.0], "mu0": 1}, "1 value given"),
        ("one_sample", {"data": [2.0, 2.0], "mu0": 1}, "standard deviation is 0"),
        ("one_sample", {"data": [1.0, math.nan], "mu0": 1}, "value 2 is not a finite number"),
        ("one_sample", {"data": [1.0, math.inf], "mu0": 1}, "value 2 is not a finite number"),
        ("one_sample", {"data": {"n": 1, "mean": 3, "sd": 1}, "mu0": 1}, "1 value given"),
        ("one_sample", {"data": {"n": 5, "mean": 3, "sd": -1}, "mu0": 1}, "sd"),
        ("one_sample", {"data": {"n": 5, "mean": math.nan, "sd": 1}, "mu0": 1}, "finite"),
        ("one_sample", {"data": [1.0, 2.0], "mu0": 1, "alpha": 7}, "alpha"),
        ("one_sample", {"data": [1.0, 2.0], "mu0": math.nan}, "mu0"),
        ("one_sample", {"data": [1.0, 2.0]}, "mu0"),
        ("one_sample", {"data": ["a"], "mu0": 1}, "data"),
        ("two_sample", {"group1": [1.0, 2.0], "group2": []}, "group2"),
        ("two_sample", {"group1": [1.0], "group2": [1.0, 2.0]}, "at least 2"),
        ("two_sample", {"group1": [5.0, 5.0], "group2": [5.0, 5.0]}, "constant"),
        ("two_sample", {"group1": [1.0, 2.0], "group2": [1.0, 2.0], "alternative": "both"}, "both"),
        ("paired", {"group1": [1.0, 2.0], "group2": [1.0]}, "2 and 1 values"),
        ("paired", {"group1": [1.0, 2.0], "group2": [2.0, 3.0]}, "standard deviation is 0"),
        ("paired", {"group1": [1.0, 2.0]}, "either both groups or the differences"),
        ("paired", {}, "either both groups"),
    ],
)
def test_bad_input_is_one_line_with_the_place(
    kind: str, arguments: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError) as caught:
        t_test(kind, **arguments)
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_a_million_values() -> None:
    data = np.random.default_rng(4).normal(5, 1, 1_000_000).tolist()
    found = t_test("one_sample", data=data, mu0=5)
    assert found["n"] == 1_000_000 and found["df"] == 999_999
