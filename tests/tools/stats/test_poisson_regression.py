"""Poisson, quasi-Poisson and negative binomial regression against statsmodels, and its refusals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from havoc.errors import InputError
from havoc.reason import ask
from havoc.tools import registry

tool = registry.get("poisson_regression")
RNG = np.random.default_rng(11)
A, B = RNG.normal(20, 4, 40), RNG.uniform(0, 1, 40)
SIZE = RNG.uniform(1, 9, 40)
COUNTS = RNG.poisson(SIZE * np.exp(0.2 + 0.05 * A - 0.8 * B)).astype(float)


def run(**arguments: Any) -> Any:
    return tool(**arguments)


def fitted(**more: Any) -> Any:
    return run(
        counts=COUNTS.tolist(),
        predictors={"a": A.tolist(), "b": B.tolist()},
        exposure=SIZE.tolist(),
        **more,
    )


def test_a_model_with_exposure_agrees_with_statsmodels() -> None:
    result = fitted()
    peer = sm.GLM(
        COUNTS, sm.add_constant(np.column_stack([A, B])), sm.families.Poisson(), exposure=SIZE
    ).fit(tol=1e-12)
    assert result.coefficients == pytest.approx(peer.params, rel=1e-7)
    assert result.std_errors == pytest.approx(peer.bse, rel=1e-6)
    assert result.deviance == pytest.approx(peer.deviance)
    assert result.null_deviance == pytest.approx(peer.null_deviance)
    assert result.pearson_chi2 == pytest.approx(peer.pearson_chi2)
    assert result.log_likelihood == pytest.approx(peer.llf)
    assert result.aic == pytest.approx(peer.aic)
    low, high = peer.conf_int()[1]
    assert result.terms[0].ci_low == pytest.approx(low)
    assert result.terms[0].rate_ratio_high == pytest.approx(math.exp(high))


def test_the_negative_binomial_agrees_with_statsmodels() -> None:
    rng = np.random.default_rng(2)
    counts = rng.negative_binomial(3, 3 / (3 + np.exp(1 + 0.05 * A))).astype(float)
    result = run(counts=counts.tolist(), x=A.tolist(), family="negative_binomial")
    peer = sm.NegativeBinomial(counts, sm.add_constant(A)).fit(disp=0, gtol=1e-10)
    assert result.coefficients == pytest.approx(peer.params[:2], rel=1e-4)
    assert result.theta == pytest.approx(1 / peer.params[2], rel=1e-4)
    assert result.log_likelihood == pytest.approx(peer.llf, rel=1e-8)


def test_quasi_poisson_widens_the_errors_by_the_dispersion() -> None:
    plain, quasi = fitted(), fitted(family="quasi_poisson")
    ratio = np.array(quasi.std_errors) / np.array(plain.std_errors)
    assert ratio == pytest.approx(math.sqrt(plain.dispersion))
    assert quasi.coefficients == plain.coefficients


@settings(max_examples=15, deadline=None)
@given(st.floats(0.01, 100), st.floats(0.01, 100))
def test_units_of_exposure_and_predictor_do_not_matter(size: float, unit: float) -> None:
    base = fitted()
    other = run(
        counts=COUNTS.tolist(),
        predictors={"a": (A * unit).tolist(), "b": B.tolist()},
        exposure=(SIZE * size).tolist(),
        per=unit,
    )
    assert other.terms[0].rate_ratio == pytest.approx(base.terms[0].rate_ratio, rel=1e-6)
    assert other.deviance == pytest.approx(base.deviance, rel=1e-8)
    assert other.intercept == pytest.approx(base.intercept - math.log(size), abs=1e-6)


def test_a_prediction_and_its_interval() -> None:
    result = fitted(x_new={"a": 21.0, "b": 0.4})
    linear = np.array([1, 21, 0.4]) @ np.array(result.coefficients)
    assert result.prediction == pytest.approx(math.exp(linear))
    (point,) = result.predictions
    assert point.ci_low < point.rate < point.ci_high


def test_overdispersion_is_named_and_the_way_out_offered() -> None:
    counts = [0.0, 30, 2, 25, 1, 40, 3, 22, 0, 35, 4, 28]
    result = run(counts=counts, x=[float(v) for v in range(12)])
    assert result.overdispersed
    assert any("quasi_poisson or negative_binomial" in text for text in result.warnings)


def test_a_million_counts() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=300_000)
    counts = rng.poisson(np.exp(0.3 + 0.2 * x)).astype(float)
    result = run(counts=counts.tolist(), x=x.tolist())
    assert result.slope == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"counts": [1.0, 2.5, 3, 4]}, "count 2 is 2.5"),
        ({"counts": [1.0, -2, 3, 4]}, "count 2 is -2"),
        ({"counts": [0.0, 0, 0, 0]}, "all counts are zero"),
        ({"exposure": [1.0, 0, 1, 1]}, "exposure 2 is 0"),
        ({"exposure": [1.0, 1]}, "every count needs its exposure"),
        ({"x": [2.0, 2, 2, 2]}, "all values equal 2"),
        ({"x": [2.0, 1, 2]}, "every outcome needs its value"),
        ({"x": None}, "either x or predictors"),
        (
            {"x": None, "predictors": {"s": ["A", "A", "B", "B"]}, "counts": [3.0, 4, 0, 0]},
            "separation",
        ),
        ({"x": None, "predictors": {"s": ["A", "A", "A", "A"]}}, "1 different labels"),
        (
            {"x": None, "predictors": {"a": [1.0, 2, 3, 5], "b": [2.0, 4, 6, 10]}},
            "collinear predictors: b follows",
        ),
        (
            {
                "x": None,
                "predictors": {n: [float(i == j) for i in range(4)] for j, n in enumerate("abc")},
            },
            "4 observations for 4 coefficients",
        ),
        ({"counts": [5.0, 5, 6, 5], "family": "negative_binomial"}, "no finite theta"),
        ({"x_new": math.inf}, "finite number"),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        run(**{"counts": [1.0, 4, 3, 9], "x": [1.0, 2, 3, 4.5]} | arguments)


def test_a_separating_number_is_named() -> None:
    """All events lie beyond a gap in x: the slope has no finite value."""
    with pytest.raises(InputError, match="grows without end"):
        run(counts=[0.0, 0, 0, 0, 3], predictors={"x": [1.0, 2, 3, 4, 5], "z": [1.0, 0, 1, 0, 1]})


def test_plain_questions() -> None:
    table = {
        "defects": [2.0, 5, 3, 8, 7, 12],
        "speed": [10.0, 20, 15, 30, 28, 40],
        "area": [1.0, 2, 1, 2, 2, 2],
    }
    answer = ask("Poisson regression of defects on speed, area is the exposure", table)
    assert answer.status == "answered"
    assert answer.tool_calls[0].args["exposure"] == table["area"]
    assert answer.tool_calls[0].args["x"] == table["speed"]
    answer = ask(
        "Does the defect count depend on speed? Use a Poisson model",
        {k: table[k] for k in ("defects", "speed")},
    )
    assert answer.tool_calls[0].operation == "poisson_regression"
    assert answer.status == "answered"
    answer = ask("Poisson regression please")
    assert answer.status == "needs_clarification"
