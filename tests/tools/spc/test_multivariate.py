"""Charts of several characteristics against numpy, distributions, R (spc) and invariances."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from havoc.errors import InputError
from havoc.reason import ask
from havoc.tools import registry
from havoc.tools.spc.multivariate import variance_factors
from havoc.tools.spc.multivariate_run_length import mewma, mewma_limit, t2

SEED = 4


def chart(**arguments: Any) -> dict[str, Any]:
    return registry.execute("control_chart", arguments).to_json()


def columns_of(values: np.ndarray) -> dict[str, list[float]]:
    return {f"x{i + 1}": column.tolist() for i, column in enumerate(values.T)}


def measured(rows: int, p: int, seed: int = SEED) -> np.ndarray:
    source = np.random.default_rng(seed)
    return source.normal(size=(rows, p)) @ (np.eye(p) + 0.5) + 10 * np.arange(p)


# R 4.2.2, package spc 0.6.7: mewma.crit(lambda, 200, p); the table of Prabhu and Runger (1997)
# has 7.35, 8.64, 9.65, 10.08, 10.44, 10.58 for two and 11.22, 12.73 for four characteristics.
LIMITS = [
    (2, 0.05, 7.347277), (2, 0.10, 8.633581), (2, 0.20, 9.647573), (2, 0.30, 10.082982),
    (2, 0.50, 10.440516), (2, 0.80, 10.58164), (4, 0.05, 11.210507), (4, 0.10, 12.72311),
    (10, 0.05, 20.70058),
]  # fmt: skip


@pytest.mark.parametrize(("p", "weight", "expected"), LIMITS)
def test_mewma_limits_agree_with_the_r_package_spc(p: int, weight: float, expected: float) -> None:
    assert mewma_limit(p, weight, 200.0) == pytest.approx(expected, rel=1e-4)


# R 4.2.2, package spc 0.6.7: mewma.arl(lambda, h, p, delta = distance^2, r = 50).
RUN_LENGTHS = [
    (1.0, 2, 0.10, 8.66, 10.1459), (0.5, 2, 0.05, 7.35, 26.5688), (2.0, 2, 0.80, 10.58, 4.753336),
    (1.0, 4, 0.10, 12.73, 12.15299), (3.0, 2, 0.20, 9.65, 2.417688),
    (1.0, 10, 0.05, 22.67, 19.0806),
]  # fmt: skip


@pytest.mark.parametrize(("distance", "p", "weight", "limit", "expected"), RUN_LENGTHS)
def test_mewma_run_lengths_after_a_shift_agree_with_the_r_package_spc(
    distance: float, p: int, weight: float, limit: float, expected: float
) -> None:
    assert mewma(distance, p, weight, limit)[0] == pytest.approx(expected, rel=1e-3)


def test_a_mewma_of_weight_one_is_a_t2_chart() -> None:
    limit = mewma_limit(3, 1.0, 200.0)
    assert limit == pytest.approx(stats.chi2.isf(1 / 200, 3))
    mean, sd = mewma(0.0, 3, 1.0, limit)
    assert mean == pytest.approx(200, rel=1e-6)
    assert sd == pytest.approx(np.sqrt(1 - 1 / 200) * 200, rel=1e-6)
    assert mewma(1.5, 3, 1.0, limit)[0] == pytest.approx(1 / t2(1.5, 3, limit), rel=1e-5)


def test_t2_is_the_mahalanobis_distance_and_the_mean_of_all_is_known() -> None:
    values = measured(60, 4)
    found = chart(kind="t2", columns=columns_of(values))
    centred = values - values.mean(axis=0)
    expected = np.einsum("ij,jk,ik->i", centred, np.linalg.inv(np.cov(values.T)), centred)
    np.testing.assert_allclose(found["t2"], expected, rtol=1e-9)
    assert sum(found["t2"]) == pytest.approx(4 * 59)


def test_the_contribution_is_the_fall_of_t2_without_the_characteristic() -> None:
    values = measured(40, 3)
    values[10, 1] += 9
    found = chart(kind="t2", columns=columns_of(values))
    (signal,) = found["signals"]
    assert (signal["point"], signal["variable"]) == (11, "x2")
    assert "x2 is high" in signal["reason"]
    for part in signal["contributions"]:
        kept = {name: v for name, v in columns_of(values).items() if name != part["variable"]}
        without = chart(kind="t2", columns=kept)["t2"][10]
        assert part["contribution"] == pytest.approx(signal["statistic"] - without, rel=1e-8)


def test_a_broken_relation_is_told_from_a_shift() -> None:
    source = np.random.default_rng(SEED)
    first = source.normal(size=100)
    values = np.column_stack([first, first + 0.1 * source.normal(size=100)])
    values[50] = [1.0, -1.0]
    found = chart(kind="t2", columns=columns_of(values))
    signal = next(item for item in found["signals"] if item["point"] == 51)
    assert {part["how"] for part in signal["contributions"]} == {"relation"}
    assert "does not fit the others" in signal["reason"]


def test_the_limits_of_both_phases_keep_their_false_alarm_rate() -> None:
    source, m, p, alpha = np.random.default_rng(SEED), 20, 2, 0.05
    first = later = 0
    for _ in range(300):
        values = source.normal(size=(m + 5, p))
        found = chart(kind="t2", columns=columns_of(values), baseline=m, alpha=alpha)
        first += sum(point <= m for point in found["above_limits"])
        later += sum(point > m for point in found["above_limits"])
    assert first / (300 * m) == pytest.approx(alpha, abs=0.012)
    assert later / (300 * 5) == pytest.approx(alpha, abs=0.02)


@pytest.mark.parametrize(("m", "p"), [(20, 2), (40, 4)])
def test_the_limit_with_successive_differences_keeps_its_false_alarm_rate(m: int, p: int) -> None:
    source, alpha, later = np.random.default_rng(SEED), 0.05, 0
    first = 0
    for _ in range(200):
        values = source.normal(size=(m + 10, p))
        found = chart(
            kind="t2",
            columns=columns_of(values),
            baseline=m,
            alpha=alpha,
            covariance_method="differences",
        )
        first += sum(point <= m for point in found["above_limits"])
        later += sum(point > m for point in found["above_limits"])
    assert first / (200 * m) == pytest.approx(alpha, abs=0.015)
    assert later / (200 * 10) == pytest.approx(alpha, abs=0.025)


def test_known_parameters_have_a_chi_square_limit() -> None:
    found = chart(
        kind="t2",
        columns=columns_of(measured(10, 2)),
        mean_vector=[0, 10],
        covariance=[[2.5, 2], [2, 2.5]],
        alpha=0.005,
    )
    assert found["ucl"] == pytest.approx(stats.chi2.isf(0.005, 2))
    assert "ucl_phase1" not in found


def test_the_default_false_alarm_rate_is_that_beyond_three_sigma_on_one_side() -> None:
    found = chart(kind="t2", columns=columns_of(measured(30, 2)))
    assert found["alpha"] == pytest.approx(stats.norm.sf(3))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.floats(0.1, 100), min_size=3, max_size=3),
    st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=3),
    st.sampled_from(["t2", "mewma"]),
)
def test_units_and_origins_do_not_matter(
    scale: list[float], origin: list[float], kind: str
) -> None:
    values = measured(30, 3)
    plain = chart(kind=kind, columns=columns_of(values))[kind]
    other = chart(kind=kind, columns=columns_of(values * np.array(scale) + np.array(origin)))[kind]
    np.testing.assert_allclose(other, plain, rtol=1e-6)


def test_the_order_of_the_characteristics_does_not_matter() -> None:
    values = measured(30, 3)
    named = columns_of(values)
    turned = dict(reversed(list(named.items())))
    np.testing.assert_allclose(
        chart(kind="t2", columns=turned)["t2"], chart(kind="t2", columns=named)["t2"], rtol=1e-9
    )


def test_generalized_variance_factors_are_the_moments_of_the_determinant() -> None:
    source = np.random.default_rng(SEED)
    p, n = 2, 6
    values = source.normal(size=(40_000, n, p))
    centred = values - values.mean(axis=1, keepdims=True)
    found = np.linalg.det(np.einsum("gij,gik->gjk", centred, centred) / (n - 1))
    b1, b2 = variance_factors(p, n)
    assert found.mean() == pytest.approx(b1, rel=0.02)
    assert found.var() == pytest.approx(b2, rel=0.08)


def test_one_characteristic_of_a_generalized_variance_chart_is_the_s2_chart() -> None:
    b1, b2 = variance_factors(1, 5)
    assert (b1, b2) == pytest.approx((1.0, 2 / 4))


def test_mewma_finds_a_small_shift_that_t2_misses() -> None:
    values = np.random.default_rng(SEED).normal(size=(80, 2))
    values[50:] += 0.8
    options: dict[str, Any] = {"columns": columns_of(values), "baseline": 50}
    assert not chart(kind="t2", **options)["out_of_limits"]
    found = chart(kind="mewma", **{**options, "lambda": 0.1})["out_of_limits"]
    assert found and min(found) > 50


def test_results_are_verified_by_another_route() -> None:
    named = columns_of(measured(40, 3))
    requests: list[dict[str, Any]] = [
        {"kind": "t2", "columns": named},
        {"kind": "t2", "columns": named, "subgroup_size": 4},
        {"kind": "mewma", "columns": named},
        {"kind": "mewma", "columns": named, "subgroup_size": 2, "steady_limits": True},
        {"kind": "generalized_variance", "columns": named, "subgroup_size": 5},
    ]
    for request in requests:
        result = registry.execute("control_chart", request)
        checks = registry.get("control_chart").verify(result.outcome, request)
        assert checks and all(check.agrees for check in checks), request


BAD: list[tuple[dict[str, Any], str]] = [
    ({"kind": "t2", "columns": {"a": [1, 2, 3]}}, "needs at least 2"),
    ({"kind": "t2", "columns": {"a": [1, 2, 3], "b": [1, 2]}}, "different numbers of values"),
    ({"kind": "t2", "columns": {"a": [1, 2, 3, 4], "b": [5, 5, 5, 5]}}, "all 4 values equal 5"),
    ({"kind": "t2", "columns": {"a": [1, 2, 3], "b": [3, 1, 5]}}, "too few"),
    (
        {"kind": "t2", "columns": {"a": [1, 2, 3, 5, 4], "b": [2, 4, 6, 10, 8]}},
        "singular, these characteristics determine one another",
    ),
    ({"kind": "t2", "columns": {"a": [1, float("nan"), 3], "b": [3, 1, 5]}}, "not a finite"),
    ({"kind": "t2"}, "no characteristics"),
    ({"kind": "mewma"}, "no characteristics"),
    (
        {"kind": "t2", "columns": {"a": [1, 2, 4, 3, 2], "b": [3, 1, 5, 1, 2]}, "subgroup_size": 2},
        "do not divide",
    ),
    (
        {
            "kind": "generalized_variance",
            "columns": {"a": [1, 2, 4, 3], "b": [3, 1, 5, 1]},
            "subgroup_size": 2,
        },
        "cannot show the joint variation",
    ),
    (
        {"kind": "t2", "mean_vector": [0, 0], "covariance": [[1, 2], [2, 1]]},
        "not positive definite",
    ),
    ({"kind": "t2", "mean_vector": [0, 0], "covariance": [[1, 0.5], [0.2, 1]]}, "not symmetric"),
    ({"kind": "t2", "mean_vector": [0, 0], "covariance": [[1, 0.5]]}, "1 rows"),
    (
        {"kind": "t2", "mean_vector": [0], "columns": {"a": [1, 2, 4, 3], "b": [3, 1, 5, 1]}},
        "1 means for 2",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_unusable_input_is_a_named_error(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        registry.execute("control_chart", arguments)


def test_a_hundred_thousand_observations_of_ten_characteristics_are_charted() -> None:
    named = columns_of(measured(100_000, 10))
    result = registry.execute("control_chart", {"kind": "t2", "columns": named})
    (panel,) = result.outcome.charts[0].panels
    assert len(panel.series[0].y) <= 2300


QUESTIONS = [
    ("Hotelling T2 chart of these", "t2"),
    ("Are a and b jointly in control? Use a T-squared chart", "t2"),
    ("Monitor both with a MEWMA chart, lambda 0.1", "mewma"),
    ("Generalized variance chart in subgroups of 5", "generalized_variance"),
]


@pytest.mark.parametrize(("question", "kind"), QUESTIONS)
def test_asking_reaches_the_chart(question: str, kind: str) -> None:
    values = measured(30, 2)
    answer = ask(question, {"a": values[:, 0].tolist(), "b": values[:, 1].tolist()})
    assert answer.status == "answered"
    (call,) = (call for call in answer.tool_calls if call.purpose == "answer")
    assert (call.operation, call.result["kind"]) == ("control_chart", kind)


def test_a_generalized_variance_chart_asks_for_the_subgroup_size() -> None:
    values = measured(30, 2)
    answer = ask(
        "generalized variance chart", {"a": values[:, 0].tolist(), "b": values[:, 1].tolist()}
    )
    assert answer.status == "needs_clarification"
