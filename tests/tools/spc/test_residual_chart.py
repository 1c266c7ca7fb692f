"""Residual charts of autocorrelated series; coefficients against R are in the reference cases."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from havoc.errors import InputError
from havoc.reason import ask
from havoc.tools import registry
from havoc.tools.spc.time_series import autocorrelations, best_order, fit_autoregression


def chart(**arguments: Any) -> dict[str, Any]:
    return registry.execute("residual_chart", arguments).to_json()


def autoregressive(
    count: int, *coefficients: float, mean: float = 50.0, seed: int = 1
) -> np.ndarray:
    source = np.random.default_rng(seed)
    shocks = source.normal(size=count + 200)
    values = np.zeros(count + 200)
    for i in range(len(coefficients), values.size):
        past = sum(c * values[i - 1 - lag] for lag, c in enumerate(coefficients))
        values[i] = past + shocks[i]
    return values[200:] + mean


def test_the_model_finds_coefficients_and_mean() -> None:
    result = chart(data=autoregressive(3000, 0.6, 0.25).tolist())
    assert result["order"] == 2
    found = [item["estimate"] for item in result["coefficients"]]
    assert found[1:] == pytest.approx([0.6, 0.25], abs=0.06)
    assert result["process_mean"] == pytest.approx(50, abs=1)
    assert result["sigma_residuals"] == pytest.approx(1, abs=0.05)


def test_memory_is_taken_out_and_false_alarms_with_it() -> None:
    result = chart(data=autoregressive(400, 0.8).tolist(), rules="limits")
    assert result["acf_before"][0] > 0.7
    assert abs(result["acf_after"][0]) < result["acf_limit"]
    assert result["adequate"] and result["ljung_box_before"]["p_value"] < 1e-6
    assert result["raw_out_of_limits_count"] > 20
    assert result["out_of_limits_count"] <= 4


def test_a_spike_is_found_at_its_own_number() -> None:
    values = autoregressive(200, 0.7)
    values[120] += 7
    for model in ("ar", "ewma"):
        result = chart(data=values.tolist(), model=model)
        assert 121 in result["out_of_limits"]
        assert not result["in_control"]


def test_a_shift_after_the_baseline_is_found() -> None:
    values = autoregressive(150, 0.5)
    values[100:] += 5
    result = chart(data=values.tolist(), baseline=100)
    assert 101 in result["out_of_limits"]
    assert result["baseline"] == 100


def test_residuals_are_those_of_the_regression_on_the_value_before() -> None:
    values = autoregressive(60, 0.5)
    result = chart(data=values.tolist(), order=1)
    slope, intercept = np.polyfit(values[:-1], values[1:], 1)
    np.testing.assert_allclose(
        result["residuals"], values[1:] - intercept - slope * values[:-1], atol=1e-8
    )


def test_a_random_walk_is_followed_by_the_ewma() -> None:
    values = np.random.default_rng(3).normal(size=400).cumsum()
    result = chart(data=values.tolist(), model="ewma")
    assert result["lambda"] > 0.85
    fixed = chart(data=values.tolist(), model="ewma", **{"lambda": 0.4})
    assert fixed["sse"] > result["sse"]


def test_the_order_of_aic_is_the_best_of_the_criterion() -> None:
    values = autoregressive(500, 0.5, 0.0, 0.3)
    most = 8
    response = values[most:]
    scores = []
    for order in range(1, most + 1):
        design = np.column_stack(
            [np.ones(500 - most), *(values[most - lag : 500 - lag] for lag in range(1, order + 1))]
        )
        rss = np.linalg.lstsq(design, response, rcond=None)[1][0]
        scores.append(response.size * np.log(rss / response.size) + 2 * (order + 1))
    assert best_order(values, most, "least_squares") == 1 + int(np.argmin(scores))


@settings(max_examples=20, deadline=None)
@given(st.floats(0.1, 100), st.floats(-1e5, 1e5), st.sampled_from(["least_squares", "yule_walker"]))
def test_units_and_origin_leave_the_coefficients(scale: float, origin: float, fit: str) -> None:
    values = autoregressive(100, 0.6)
    plain = fit_autoregression(values, 2, fit)
    other = fit_autoregression(values * scale + origin, 2, fit)
    np.testing.assert_allclose(other.coefficients, plain.coefficients, atol=1e-6)
    np.testing.assert_allclose(
        other.residuals(values * scale + origin), scale * plain.residuals(values), atol=1e-5 * scale
    )


def test_independent_values_are_told_to_need_no_model() -> None:
    result = chart(data=np.random.default_rng(6).normal(size=200).tolist(), order=1)
    assert any("no autocorrelation" in text for text in result["warnings"])


def test_autocorrelations_of_a_constant_are_zero() -> None:
    assert autocorrelations(np.ones(10), 3).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"data": [1, 2, 3]}, "at least 8"),
        ({"data": [4.0] * 20}, "all 20 values equal"),
        ({"data": [float(i) for i in range(30)], "order": 1}, "predicts every value exactly"),
        ({"data": [1.0, 2.0] * 12, "order": 2}, "collinear|exactly"),
        ({"data": [1, 2, 4, 3, 5, 2, 4, 1, 3], "order": 9}, "needs at least"),
        ({"data": [1, 2, 4, 3, 5, 2, 4, 1, 3], "baseline": 50}, "more than the 9 values"),
        ({"data": [3, 3, 3, 3, 3, 2, 4, 1, 3], "baseline": 5}, "all equal"),
        ({"data": [1, 2, 4, 3, 5, 2, 4, float("nan"), 3]}, "finite"),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        registry.execute("residual_chart", arguments)


def test_residuals_are_verified_by_prediction() -> None:
    for options in ({"order": 2}, {"model": "ewma"}, {"fit": "yule_walker"}):
        arguments = {"data": autoregressive(80, 0.5).tolist(), **options}
        result = registry.execute("residual_chart", arguments)
        checks = registry.get("residual_chart").verify(result.outcome, arguments)
        assert checks and all(check.agrees for check in checks)


def test_a_long_series_is_charted() -> None:
    values = np.random.default_rng(1).normal(size=100_000).tolist()
    assert np.isfinite(chart(data=values)["center"])


QUESTIONS = [
    ("The temperature is autocorrelated; draw a chart with an AR(1) model", "ar"),
    ("Residual control chart of the temperature with an EWMA forecast", "ewma"),
    ("Monitor the temperature, which is strongly autocorrelated", "ar"),
]


@pytest.mark.parametrize(("question", "model"), QUESTIONS)
def test_asking_for_a_residual_chart(question: str, model: str) -> None:
    answer = ask(question, {"temperature": autoregressive(60, 0.6).tolist()})
    assert answer.status == "answered"
    (call,) = (call for call in answer.tool_calls if call.purpose == "answer")
    assert (call.operation, call.result["model"]) == ("residual_chart", model)
