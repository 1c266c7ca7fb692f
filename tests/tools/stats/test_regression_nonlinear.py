"""Nonlinear fits: named curves find their own start, trouble has a name."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from havoc.errors import InputError
from havoc.reason import ask
from havoc.tools import registry
from havoc.tools.stats.nonlinear_catalogue import CURVES
from havoc.tools.stats.nonlinear_fit import linear_parameters, written_model
from havoc.tools.symbolic.syntax import read

tool = registry.get("regression_nonlinear")


def run(**arguments: Any) -> Any:
    return tool(**arguments)


TRUE: dict[str, tuple[list[float], dict[str, float]]] = {
    "exponential": ([0, 1, 2, 3, 4, 5, 6], {"a": 5.0, "b": -0.4}),
    "exponential_offset": ([0, 2, 4, 6, 9, 12, 20], {"Asym": 80.0, "R0": 20.0, "k": 0.25}),
    "saturation": ([1, 2, 4, 8, 16, 30], {"Asym": 40.0, "k": 0.15}),
    "power": ([1, 2, 3, 5, 8, 13], {"a": 2.0, "b": 1.7}),
    "michaelis_menten": ([0.1, 0.3, 1, 3, 10, 30], {"Vm": 12.0, "K": 2.0}),
    "hill": ([0.2, 0.5, 1, 2, 4, 8, 16, 32], {"Vm": 9.0, "K": 3.0, "h": 2.2}),
    "logistic": ([0, 5, 10, 15, 20, 25, 30, 40], {"Asym": 100.0, "xmid": 15.0, "scal": 4.0}),
    "logistic_4p": (
        [0, 5, 10, 15, 20, 25, 30, 40],
        {"A": 10.0, "B": 100.0, "xmid": 18.0, "scal": 3.0},
    ),
    "gompertz": ([0, 4, 8, 12, 16, 24, 32, 40], {"Asym": 60.0, "b": 4.0, "k": 0.15}),
    "weibull_growth": (
        [1, 2, 4, 7, 10, 14, 18, 22, 27],
        {"Asym": 160.0, "Drop": 115.0, "k": 0.004, "pwr": 2.4},
    ),
    "biexponential": (
        [0.2, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12],
        {"A1": 4.0, "A2": 1.5, "k1": 1.8, "k2": 0.2},
    ),
    "arrhenius": ([300, 320, 340, 360, 380, 400], {"A": 5e6, "B": 4000.0}),
    "gaussian_peak": (
        [1, 2, 3, 4, 5, 6, 7, 8],
        {"height": 10.0, "center": 4.6, "width": 1.3},
    ),
}


@pytest.mark.parametrize("curve", CURVES)
def test_a_named_curve_finds_its_parameters_without_a_start(curve: str) -> None:
    x, true = TRUE[curve]
    data = {"x": np.array(x, dtype=float)}
    model = written_model(CURVES[curve].formula, data, "y")
    exact = model.value([true[name] for name in model.parameters])
    noise = np.random.default_rng(4).normal(size=len(x))
    y = exact + 0.002 * float(np.ptp(exact)) * noise
    result = run(x=x, y=y.tolist(), curve=curve, profile=False)
    fitted = model.value(result.estimates)
    assert np.abs(fitted - exact).max() < 0.02 * float(np.ptp(exact))
    if curve == "biexponential":  # the two terms may change places
        assert sorted([result.by_name["k1"], result.by_name["k2"]]) == pytest.approx(
            [0.2, 1.8], rel=0.2
        )
    else:
        for name, value in true.items():
            assert abs(result.by_name[name] - value) < 6 * result.by_name[f"se_{name}"]


def test_estimates_and_errors_agree_with_curve_fit() -> None:
    x = np.linspace(0.5, 9, 30)
    y = 3 * np.exp(-0.5 * x) + 1 + 0.05 * np.sin(17 * x)
    result = run(x=x.tolist(), y=y.tolist(), formula="a*exp(-k*x)+c", profile=False, at=4.0)
    best, covariance = optimize.curve_fit(
        lambda x, a, c, k: a * np.exp(-k * x) + c, x, y, p0=[3, 1, 0.5], xtol=1e-14, ftol=1e-14
    )
    assert result.estimates == pytest.approx(best, rel=1e-6)
    assert result.std_errors == pytest.approx(np.sqrt(np.diag(covariance)), rel=1e-5)
    g = np.array([math.exp(-4 * best[2]), 1, -4 * best[0] * math.exp(-4 * best[2])])
    (point,) = result.predictions
    margin = stats.t.ppf(0.975, 27) * math.sqrt(g @ covariance @ g)
    assert point.ci_high - point.fit == pytest.approx(margin, rel=1e-5)
    wider = stats.t.ppf(0.975, 27) * math.sqrt(g @ covariance @ g + result.residual_stdev**2)
    assert point.fit - point.pi_low == pytest.approx(wider, rel=1e-5)


def test_a_linear_model_gives_the_intervals_of_regression_by_both_ways() -> None:
    x, y = [1, 2, 3, 4, 5, 6.0], [2.1, 3.9, 6.2, 7.8, 10.1, 11.7]
    line = registry.get("regression_linear")(x=x, y=y)
    result = run(x=x, y=y, formula="b0 + b1*x")
    for item, term in zip(result.parameters, line.terms, strict=True):
        assert item.estimate == pytest.approx(term.estimate, rel=1e-9)
        assert item.profile_low == pytest.approx(term.ci_low, rel=1e-5)
        assert item.profile_high == pytest.approx(term.ci_high, rel=1e-5)
    assert any("linear in all its parameters" in text for text in result.warnings)


def test_two_predictors() -> None:
    rng = np.random.default_rng(1)
    t, c = rng.uniform(1, 5, 25), rng.uniform(0.1, 2, 25)
    y = 4 * np.exp(-0.3 * t) * c**0.7 + rng.normal(0, 0.01, 25)
    result = run(
        predictors={"t": t.tolist(), "c": c.tolist()},
        y=y.tolist(),
        formula="y = k0*exp(-k1*t)*c^m",
        at={"t": 2.0, "c": 1.0},
    )
    assert result.by_name["m"] == pytest.approx(0.7, abs=0.05)
    assert result.predicted == pytest.approx(4 * math.exp(-0.6), abs=0.05)


@settings(max_examples=10, deadline=None)
@given(st.floats(0.1, 50), st.floats(0.2, 20))
def test_units_of_x_and_y_scale_the_parameters(scale_x: float, scale_y: float) -> None:
    x, y = np.array([1, 2, 3, 5, 7, 10.0]), np.array([109, 149, 149, 191, 213, 224.0])
    base = run(x=x.tolist(), y=y.tolist(), curve="saturation", profile=False)
    other = run(
        x=(x * scale_x).tolist(), y=(y * scale_y).tolist(), curve="saturation", profile=False
    )
    assert other.by_name["Asym"] == pytest.approx(base.by_name["Asym"] * scale_y, rel=1e-5)
    assert other.by_name["k"] == pytest.approx(base.by_name["k"] / scale_x, rel=1e-5)
    assert other.r_squared == pytest.approx(base.r_squared, rel=1e-6)


def test_what_is_conditionally_linear() -> None:
    assert linear_parameters(read("b1*(1-exp(-b2*x))"), ["b1", "b2"]) == ["b1"]
    assert linear_parameters(read("b1*b2*x/(1+b2*x)"), ["b1", "b2"]) == ["b1"]
    assert linear_parameters(read("a + b*x - (c/3)*x^2"), ["a", "b", "c"]) == ["a", "b", "c"]
    assert linear_parameters(read("b1/(1+b2*x)+b3"), ["b1", "b2", "b3"]) == ["b1", "b3"]


X, Y = [1.0, 2, 3, 4, 5, 6], [2.2, 3.9, 6.1, 8.0, 9.9, 12.2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"formula": "a*b*x"}, "a and b cannot be told apart"),
        ({"formula": "a*x + b*0*x"}, "b has no effect"),
        ({"formula": "3*x"}, "no parameter to estimate"),
        ({"formula": "a + b"}, "does not use x"),
        ({"formula": "a*x", "curve": "power"}, "either a formula or a curve"),
        ({}, "either a formula or a curve"),
        ({"formula": "a*foo(x)"}, "there is no function foo"),
        ({"formula": "a*exp(b*x) + c", "start": [1.0]}, "1 starting values for 3 parameters"),
        ({"formula": "a*x^b", "start": {"a": 1.0, "q": 2.0}}, "there is no parameter q"),
        ({"formula": "ln(a - 100*x)", "start": [1.0]}, "no finite value in row 1"),
        ({"formula": "b1*x+b2*x^2+b3*x^3+b4*x^4+b5*x^5+b6"}, "6 rows for 6 parameters"),
        ({"formula": "2*y = a*x"}, "not the name of the response"),
        ({"formula": "a*x", "at": {"z": 1.0}}, "does not name the predictors"),
        ({"curve": "power", "x": [1.0, 1, 1, 1, 1, 1]}, "no variation"),
        ({"curve": "power", "y": [3.0] * 6}, "no variation"),
        ({"curve": "power", "y": [1.0, 2.0]}, "every value needs its partner"),
        ({"curve": "power", "y": [1.0, 2, 3, math.nan, 5, 6]}, "not a finite number"),
    ],
)
def test_trouble_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        run(**{"x": X, "y": Y} | arguments)


def test_a_search_that_runs_away_is_not_answered() -> None:
    """A straight line has no asymptote: the exponential's parameters go to infinity."""
    y = [float(2 * v) + 1e-9 * (-1) ** i for i, v in enumerate(X)]
    with pytest.raises(InputError, match="no convergence"):
        run(x=X, y=y, curve="saturation")


def test_a_curve_through_every_point_is_said() -> None:
    y = [2 * v**1.5 for v in X]
    result = run(x=X, y=y, curve="power")
    assert any("perfect fit" in text for text in result.warnings)
    assert result.by_name["b"] == pytest.approx(1.5, rel=1e-9)


def test_open_profiles_are_said() -> None:
    """With points only far below saturation the data do not bound the asymptote."""
    x = [1.0, 2, 3, 4, 5, 6]
    y = [2.05, 3.86, 6.02, 7.7, 9.9, 11.5]
    result = run(x=x, y=y, curve="michaelis_menten")
    assert result.parameters[1].profile_high is None
    assert any("open on a side" in text for text in result.warnings)


def test_plain_questions() -> None:
    table = {"dose": X, "response": [3.1, 5.2, 6.4, 7.6, 8.1, 8.9]}
    for question, formula in [
        (
            "Fit response = Vmax*dose/(Km+dose) by nonlinear regression",
            "response = Vmax*dose/(Km+dose)",
        ),
        ("Fit a power law of response over dose", "a*x^b"),
        (
            "nonlinear fit: exponential approach to a plateau of response on dose",
            CURVES["exponential_offset"].formula,
        ),
    ]:
        answer = ask(question, table)
        assert answer.status == "answered", question
        assert answer.tool_calls[0].operation == "regression_nonlinear"
        assert answer.tool_calls[0].result is not None
        assert answer.tool_calls[0].result["formula"] == formula


def test_a_fit_without_a_curve_is_asked_back() -> None:
    answer = ask("nonlinear regression of b on a", {"a": X, "b": Y})
    assert answer.status == "needs_clarification"
    assert "curve" in answer.answer
