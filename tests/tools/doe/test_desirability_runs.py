"""The best compromise of measured responses: intervals, limits, sensitivity."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from havoc.errors import InputError
from havoc.reason import ask
from havoc.tools import registry

TOOL = registry.get("desirability")
CASES = Path(__file__).parents[2] / "reference" / "methods"
RUNS = json.loads((CASES / "desirability-intervals.json").read_text("utf-8"))["args"]
TIRE = json.loads((CASES / "desirability-tire.json").read_text("utf-8"))["args"]


def test_intervals_are_those_of_each_surface() -> None:
    result = TOOL(**RUNS)
    for prediction, response in zip(result.predictions, RUNS["responses"], strict=True):
        own = registry.get("response_surface")(factors=RUNS["runs"], response=response["measured"])
        assert prediction.r_squared == pytest.approx(own.r_squared)
        assert prediction.ci_low < prediction.predicted < prediction.ci_high
        assert prediction.pi_low < prediction.ci_low
    assert result.predictions[0].inside_limits is True
    assert any("viscosity" in warning for warning in result.warnings)


def test_linear_limits_are_kept() -> None:
    limit = {"coefficients": {"x1": 1.0, "x2": 1.0}, "most": -0.5}
    result = TOOL(**TIRE, constraints=[limit])
    assert result.best_setting["x1"] + result.best_setting["x2"] <= -0.5 + 1e-6
    assert result.overall < TOOL(**TIRE).overall


def test_bounds_narrow_the_search() -> None:
    result = TOOL(**RUNS, bounds={"temperature": [172.0, 176.0]})
    assert 172 - 1e-9 <= result.best_setting["temperature"] <= 176
    assert result.overall < 0.7408


def test_sensitivity_is_the_overall_beside_the_optimum() -> None:
    result = TOOL(**TIRE)
    assert all(
        max(item.overall_low, item.overall_high) <= result.overall + 1e-9
        for item in result.sensitivity
    )
    assert result.starts_agreeing >= 6
    assert result.most_sensitive in {"x1", "x2", "x3"}
    item = result.sensitivity[2]
    assert item.high_setting - result.best_setting["x3"] == pytest.approx(0.1 * 2 * 1.633)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"constraints": [{"coefficients": {"z": 1.0}, "most": 1.0}]}, "no factor z"),
        ({"constraints": [{"coefficients": {"time": 1.0}}]}, "no limit"),
        ({"constraints": [{"coefficients": {"time": 1.0}, "most": -5.0}]}, "keeps all limits"),
        ({"runs": {}}, "factors"),
        ({"runs": {"time": [1.0] * 13}}, "every run"),
    ],
)
def test_bad_input_is_named(change: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        TOOL(**{**RUNS, **change})


def test_a_response_without_measurements_is_named() -> None:
    responses = [dict(response) for response in RUNS["responses"]]
    del responses[1]["measured"]
    with pytest.raises(InputError, match="viscosity"):
        TOOL(**{**RUNS, "responses": responses})


def test_the_optimum_is_not_beaten_by_a_grid() -> None:
    result = TOOL(**TIRE)
    b = [139.12, 16.49, 17.88, 10.91, -4.01, -3.45, -1.57, 5.13, 7.13, 7.88]
    x1, x2, x3 = (result.best_setting[name] for name in ("x1", "x2", "x3"))
    value = np.dot(b, [1, x1, x2, x3, x1**2, x2**2, x3**2, x1 * x2, x1 * x3, x2 * x3])
    assert result.responses[0].value == pytest.approx(value)


def test_limits_alone_give_the_rule() -> None:
    result = TOOL(
        responses=[
            {"name": "pull", "goal": "maximize", "low": 400.0, "target": 600.0},
            {"name": "gap", "goal": "target", "low": 1.0, "target": 2.0, "high": 4.0, "weight": 2.0,
             "importance": 3.0},
        ]
    )  # fmt: skip
    assert result.overall is None and result.responses == []
    pull, gap = result.rules
    assert (pull.zero_below, pull.half_below, pull.one) == (400, 500, 600)
    assert pull.half_above is pull.zero_above is None and (pull.share, gap.share) == (0.25, 0.75)
    # Derringer & Suich, equation 3: ((4 - y) / 2)^2 = 0.5 above the target
    assert gap.half_above == pytest.approx(4 - 2 * 0.5**0.5)
    for value in (gap.half_below, gap.half_above):
        again = TOOL(
            responses=[{"name": "gap", "goal": "target", "low": 1.0, "target": 2.0, "high": 4.0,
                        "weight": 2.0, "value": value}]
        )  # fmt: skip
        assert again.overall == pytest.approx(0.5)


def test_the_rule_is_told_in_words() -> None:
    answer = ask("peel max from 2 to 6, haze min from 0 to 4: one desirability score for both?")
    assert answer.status == "answered", answer.answer
    assert "peel: unacceptable up to 2, ideal from 6 on, half as good at 4" in "\n".join(
        answer.details
    )
