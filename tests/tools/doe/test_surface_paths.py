"""Paths of steepest ascent and ridges: geometry, descent, bad input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from havoc.errors import InputError
from havoc.reason import ask
from havoc.tools import registry
from havoc.tools.doe.quadratic import Quadratic
from havoc.tools.doe.surface_path import ridge_point

ASCENT = registry.get("steepest_ascent")
RIDGE = registry.get("ridge_analysis")
CASES = Path(__file__).parents[2] / "reference" / "methods"
YIELD = json.loads((CASES / "steepest_ascent-yield.json").read_text("utf-8"))["args"]
BAKING = json.loads((CASES / "ridge_analysis-baking.json").read_text("utf-8"))["args"]

numbers = st.floats(-5, 5).map(lambda value: round(value, 3))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(numbers, min_size=3, max_size=3),
    st.lists(numbers, min_size=6, max_size=6),
    st.floats(0.1, 3),
)
def test_no_point_of_the_sphere_beats_the_ridge(
    linear: list[float], upper: list[float], radius: float
) -> None:
    curvature = np.zeros((3, 3))
    curvature[np.triu_indices(3)] = upper
    surface = Quadratic(
        constant=1.0, linear=np.array(linear), curvature=(curvature + curvature.T) / 2
    )
    directions = np.random.default_rng(0).standard_normal((400, 3))
    sphere = radius * directions / np.linalg.norm(directions, axis=1, keepdims=True)
    values = [surface(point) for point in sphere]
    for goal, worst in (("maximize", max(values)), ("minimize", -min(values))):
        point, _ = ridge_point(surface, radius, goal)
        assert np.linalg.norm(point) == pytest.approx(radius, rel=1e-5)
        sign = 1 if goal == "maximize" else -1
        assert sign * surface(point) >= worst - 1e-6 * (1 + abs(worst))


def test_descent_is_ascent_of_the_negative() -> None:
    down = ASCENT(**{**YIELD, "goal": "minimize"})
    up = ASCENT(**{**YIELD, "response": [-value for value in YIELD["response"]]})
    assert down.last_actual == pytest.approx(up.last_actual)
    assert down.last_predicted == pytest.approx(-up.last_predicted)


def test_steps_in_real_units_of_a_named_factor() -> None:
    result = ASCENT(**YIELD, step=2.0, step_unit="actual", step_factor="temperature", steps=3)
    assert result.increment[1] == pytest.approx(2.0)
    assert result.path[3].actual[1] == pytest.approx(155 + 6)
    assert result.path[1].coded[0] / result.path[1].coded[1] == pytest.approx(0.775 / 0.325)


def test_the_cone_of_the_direction() -> None:
    # Myers, Montgomery & Anderson-Cook, 5.5: sin^2 = (k - 1) s_b^2 F / sum of squared slopes.
    result = ASCENT(**YIELD)
    from scipy import stats

    error = result.terms[1].std_error ** 2
    sine = error * stats.f.ppf(0.95, 1, result.df_residual) / (0.775**2 + 0.325**2)
    assert np.sin(np.radians(result.cone_angle_degrees)) ** 2 == pytest.approx(sine)
    # In the plane the cone takes 2 theta of 2 pi.
    assert result.direction_share_excluded == pytest.approx(1 - result.cone_angle_degrees / 180)


def test_the_canonical_path_starts_at_the_stationary_point() -> None:
    arguments = {key: value for key, value in BAKING.items() if key != "radii"}
    result = ASCENT(**arguments, kind="canonical", steps=2, step=0.5)
    middle = result.path[2]
    assert middle.distance == 0
    # R package rsm, vignette: stationary point of anal5.
    assert middle.coded == pytest.approx([1.0644952, -9.3180901, 0.2810583], rel=1e-6)
    assert not middle.inside
    value = result.path[3].predicted - middle.predicted
    assert value == pytest.approx(-0.03002067 * 0.25, rel=1e-5)


def test_intervals_widen_beyond_the_tested_region() -> None:
    widths = [point.pi_high - point.pi_low for point in ASCENT(**YIELD).path]
    assert widths == sorted(widths)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"step_factor": "pressure"}, "no factor pressure"),
        ({"kind": "ridge"}, "cannot"),
        ({"factors": {"time": [1, 1, 1], "t": [1, 2, 3]}, "response": [1, 2, 3]}, "every run"),
        ({"response": [1.0] * 9}, "no variation"),
        ({"factors": {"time": [1, 2, 3]}}, "3 settings but 9"),
    ],
)
def test_bad_input_is_named(change: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ASCENT(**{**YIELD, **change})


def test_bad_radii_are_named() -> None:
    with pytest.raises(InputError, match="radius"):
        RIDGE(**{**BAKING, "radii": [-1.0]})


def test_asked_in_words() -> None:
    data = {"time": YIELD["factors"]["time"], "temperature": YIELD["factors"]["temperature"],
            "yield": YIELD["response"]}  # fmt: skip
    answer = ask("Steepest ascent path with 6 steps, step of 10 min in time", data)
    assert answer.status == "answered"
    (call,) = (call for call in answer.tool_calls if call.purpose == "answer")
    assert (call.operation, call.args["steps"], call.args["step"]) == ("steepest_ascent", 6, 10.0)
    assert call.args["step_factor"] == "time" and call.args["step_unit"] == "actual"


def test_a_polynomial_still_goes_to_the_response_surface() -> None:
    answer = ask("path of steepest ascent from y = 40 + 0.8 x1 + 0.3 x2, step 1 in x1, five steps")
    (call,) = (call for call in answer.tool_calls if call.purpose == "answer")
    assert call.operation == "response_surface"


def test_ridge_analysis_asked_in_words() -> None:
    data = {**BAKING["factors"], "block": [str(b) for b in BAKING["block"]],
            "rating": BAKING["response"]}  # fmt: skip
    answer = ask("Ridge analysis of the rating up to radius 1.5, please", data)
    assert answer.status == "answered"
    (call,) = (call for call in answer.tool_calls if call.purpose == "answer")
    assert call.operation == "ridge_analysis" and call.args["max_radius"] == 1.5
    assert len(call.args["block"]) == 24
