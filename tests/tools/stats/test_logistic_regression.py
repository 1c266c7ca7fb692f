"""Logistic regression against statsmodels, published fits and scikit-learn."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from havoc.errors import InputError
from havoc.tools import registry
from havoc.tools.stats import logistic_fit

Run = Callable[..., dict[str, Any]]
# O-rings of the space shuttle: temperature and thermal distress (Dalal et al., 1989).
TEMPERATURE = [
    66, 70, 69, 68, 67, 72, 73, 70, 57, 63, 70, 78, 67, 53, 67, 75, 70, 81, 76, 79, 75, 76, 58,
]  # fmt: skip
DISTRESS = [0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1]
# Bliss (1935): beetles killed by carbon disulphide, log10 of the concentration.
DOSE = [1.6907, 1.7242, 1.7552, 1.7842, 1.8113, 1.8369, 1.8610, 1.8839]
BEETLES = [59, 60, 62, 56, 63, 59, 62, 60]
KILLED = [6, 13, 18, 28, 52, 53, 61, 60]


def fit(**arguments: Any) -> dict[str, Any]:
    return registry.execute("logistic_regression", arguments).quantities


def test_the_shuttle_data_agree_with_the_published_fit(run: Run) -> None:
    found = run("logistic_regression", x=TEMPERATURE, y=DISTRESS, x_new=31.0)
    # Dalal, Fowlkes and Hoadley; as in Christensen: 15.043 and -0.2322, deviance 20.315.
    assert found["intercept"] == pytest.approx(15.0429, abs=5e-5)
    assert found["slope"] == pytest.approx(-0.2322, abs=5e-5)
    assert found["slope_se"] == pytest.approx(0.1082, abs=5e-5)
    assert found["deviance"] == pytest.approx(20.315, abs=5e-4)
    assert found["null_deviance"] == pytest.approx(28.267, abs=5e-4)
    assert found["prediction"] == pytest.approx(0.9996, abs=5e-5)


def test_the_beetles_agree_with_the_published_fit(run: Run) -> None:
    found = run("logistic_regression", x=DOSE, events=KILLED, trials=BEETLES)
    # Dobson, An Introduction to Generalized Linear Models, table 7.4.
    assert found["intercept"] == pytest.approx(-60.72, abs=5e-3)
    assert found["slope"] == pytest.approx(34.27, abs=5e-3)
    assert (found["intercept_se"], found["slope_se"]) == pytest.approx((5.18, 2.91), abs=5e-3)
    assert found["deviance"] == pytest.approx(11.23, abs=5e-3)
    assert found["ed50"] == pytest.approx(60.717 / 34.270, abs=1e-4)
    assert found["x_at_ci_low"] < found["ed50"] < found["x_at_ci_high"]


def test_several_predictors_agree_with_statsmodels(run: Run) -> None:
    generator = np.random.default_rng(2)
    one, two = generator.normal(10, 2, 200), generator.normal(-3, 5, 200)
    supplier = generator.choice(["b", "a", "c"], 200)
    linear = 0.6 * (one - 10) - 0.2 * two + 0.8 * (supplier == "a") - 1
    y = (generator.random(200) < 1 / (1 + np.exp(-linear))).astype(float)
    found = run(
        "logistic_regression",
        predictors={"one": one.tolist(), "two": two.tolist(), "supplier": supplier.tolist()},
        y=y.tolist(),
    )
    order = list(dict.fromkeys(supplier.tolist()))
    design = np.column_stack(
        [np.ones(200), one, two, *[(supplier == level).astype(float) for level in order[1:]]]
    )
    peer = sm.Logit(y, design).fit(disp=0)
    assert found["coefficients"] == pytest.approx(peer.params.tolist(), rel=1e-7)
    assert found["std_errors"] == pytest.approx(peer.bse.tolist(), rel=1e-7)
    assert [t["p_value"] for t in found["terms"]] == pytest.approx(peer.pvalues[1:].tolist())
    assert found["lr_chi2"] == pytest.approx(peer.llr)
    assert found["p_value"] == pytest.approx(peer.llr_pvalue)
    assert found["mcfadden_r2"] == pytest.approx(peer.prsquared)
    assert found["aic"] == pytest.approx(peer.aic)
    low, high = np.exp(peer.conf_int()[1])
    first = found["terms"][0]
    assert (first["odds_ratio_low"], first["odds_ratio_high"]) == pytest.approx((low, high))
    assert found["auc"] == pytest.approx(roc_auc_score(y, peer.predict()))


def test_predictions_agree_with_statsmodels(run: Run) -> None:
    found = run("logistic_regression", x=TEMPERATURE, y=DISTRESS, x_new=[60.0, 75.0])
    model = sm.GLM(DISTRESS, sm.add_constant(TEMPERATURE), family=sm.families.Binomial()).fit()
    frame = model.get_prediction([[1.0, 60.0], [1.0, 75.0]]).summary_frame(alpha=0.05)
    for row, prediction in enumerate(found["predictions"]):
        assert prediction["probability"] == pytest.approx(frame["mean"].iloc[row])
        assert prediction["ci_low"] == pytest.approx(frame["mean_ci_lower"].iloc[row], rel=1e-5)
        assert prediction["ci_high"] == pytest.approx(frame["mean_ci_upper"].iloc[row], rel=1e-5)


def test_hosmer_lemeshow_by_hand() -> None:
    generator = np.random.default_rng(9)
    x = np.sort(generator.normal(0, 1, 100))
    y = (generator.random(100) < 1 / (1 + np.exp(-x))).astype(float)
    model = logistic_fit.fit(x[:, None], ["x"], y, np.ones(100))
    found = logistic_fit.hosmer_lemeshow(model.fitted, y, np.ones(100))
    order = np.argsort(model.fitted)
    chi2 = 0.0
    for part in np.split(order, 10):
        expected = model.fitted[part].sum()
        chi2 += (y[part].sum() - expected) ** 2 / (expected * (1 - expected / 10))
    assert found is not None
    assert found.chi2 == pytest.approx(chi2)
    assert found.df == 8
    assert found.p_value == pytest.approx(stats.chi2.sf(chi2, 8))


def test_units_and_groups_of_units_agree(run: Run) -> None:
    units_x = [d for d, n in zip(DOSE, BEETLES, strict=True) for _ in range(n)]
    units_y = [float(i < k) for n, k in zip(BEETLES, KILLED, strict=True) for i in range(n)]
    grouped = run("logistic_regression", x=DOSE, events=KILLED, trials=BEETLES)
    single = run("logistic_regression", x=units_x, y=units_y)
    for name in ("slope", "intercept", "slope_se", "lr_chi2", "ed50", "auc"):
        assert single[name] == pytest.approx(grouped[name], rel=1e-6), name


def test_the_interval_of_a_level_inverts_the_band(run: Run) -> None:
    found = run("logistic_regression", x=DOSE, events=KILLED, trials=BEETLES, probability=0.9)
    bounds = [found["x_at_ci_low"], found["x_at_ci_high"]]
    band = run("logistic_regression", x=DOSE, events=KILLED, trials=BEETLES, x_new=bounds)
    assert band["predictions"][0]["ci_high"] == pytest.approx(0.9)
    assert band["predictions"][1]["ci_low"] == pytest.approx(0.9)


def test_labels_and_the_odds_per_many_units(run: Run) -> None:
    words = ["yes" if value else "no" for value in DISTRESS]
    found = run("logistic_regression", x=TEMPERATURE, y=words, per=10)
    assert found["odds_ratio"] == pytest.approx(math.exp(10 * -0.232163), rel=1e-4)
    other = run("logistic_regression", x=TEMPERATURE, y=words, event="no")
    assert other["slope"] == pytest.approx(0.232163, rel=1e-4)


@given(
    st.lists(st.tuples(st.integers(-20, 20), st.booleans()), min_size=10, max_size=40),
    st.floats(0.01, 100),
    st.floats(-100, 100),
)
@settings(max_examples=40, deadline=None)
def test_the_unit_of_x_does_not_matter(
    rows: list[tuple[int, bool]], scale: float, shift: float
) -> None:
    x, y = [float(a) for a, _ in rows], [float(b) for _, b in rows]
    events = [a for a, b in zip(x, y, strict=True) if b]
    others = [a for a, b in zip(x, y, strict=True) if not b]
    assume(len(events) > 1 and len(others) > 1)
    assume(max(others) > min(events) and max(events) > min(others) and len(set(x)) > 2)
    first = fit(x=x, y=y)
    second = fit(x=[value * scale + shift for value in x], y=y)
    assert second["slope"] * scale == pytest.approx(first["slope"], rel=1e-5, abs=1e-7)
    assert second["deviance"] == pytest.approx(first["deviance"], rel=1e-8)
    flipped = fit(x=x, y=[1 - value for value in y])
    assert flipped["slope"] == pytest.approx(-first["slope"], rel=1e-6, abs=1e-8)


def test_half_a_million_units_and_a_steep_curve() -> None:
    generator = np.random.default_rng(5)
    x = generator.normal(0, 4, 500_000)
    y = (generator.random(500_000) < 1 / (1 + np.exp(-(4 * x - 1)))).astype(float)
    found = fit(x=x, y=y)
    assert found["slope"] == pytest.approx(4, rel=0.02)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": [1, 2, 3, 4, 5], "y": [0, 0, 0, 1, 1]}, "between 3 and 4"),
        ({"x": [1, 2, 3, 4, 5], "y": [1, 1, 0, 0, 0]}, "below"),
        ({"x": [1, 2, 3, 3, 5], "y": [0, 0, 0, 1, 1]}, "no finite value"),
        (
            {
                "predictors": {"a": [1, 2, 3, 4, 5, 6], "b": [2, 1, 4, 3, 6, 5]},
                "y": [0, 0, 0, 1, 1, 1],
            },
            "separate",
        ),
        (
            {"predictors": {"s": list("aabbab"), "a": [1, 3, 2, 5, 4, 4]}, "y": [1, 1, 0, 1, 1, 0]},
            "separate",
        ),
        ({"x": [1, 2, 3, 4, 5], "y": [1, 1, 1, 1, 1]}, "all outcomes are the same"),
        ({"x": [1, 2, 3], "events": [0, 0, 0], "trials": [5, 5, 5]}, "all outcomes are the same"),
        ({"x": [1, 2, 3], "events": [1, 6, 0], "trials": [5, 5, 5]}, "6 events in 5 trials"),
        ({"x": [1, 2, 3], "events": [1, 2, 3]}, "number of trials"),
        ({"x": [1, 2, 3], "y": [0, 1]}, "3 values but 2 outcomes"),
        ({"x": [1, 2, 3, 4], "y": [0, 1, 2, 0]}, "outcome 3 is 2"),
        ({"x": [1, 2, 3, 4], "y": ["up", "down", "up", "up"]}, "which of up and down"),
        ({"x": [1, 2, 3, 4], "y": ["a", "b", "c", "a"]}, "3 different outcomes"),
        ({"x": [2, 2, 2, 2], "y": [0, 1, 0, 1]}, "all values equal 2"),
        ({"x": [1, 2, float("nan"), 4], "y": [0, 1, 0, 1]}, "not a finite"),
        ({"y": [0, 1, 0, 1]}, "either x or predictors"),
        ({"x": [1, 2, 3, 4]}, "either y or events"),
        ({"x": [1, 2], "y": [0, 1]}, "2 observations for 2"),
        (
            {
                "predictors": {"a": [1, 2, 3, 4, 5], "b": [2, 4, 6, 8, 10]},
                "y": [0, 1, 0, 1, 0],
            },
            "collinear predictors",
        ),
        (
            {"predictors": {"a": [1, 2, 3, 4]}, "y": [0, 1, 0, 1], "x_new": {"b": 3}},
            "do not name",
        ),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        fit(**arguments)


def test_separation_by_two_predictors_together_is_named(run: Run) -> None:
    """Neither predictor separates the outcomes alone, their sum does."""
    a = [0.0, 1, 2, 3, 4, 0, 1, 2, 3, 4]
    b = [4.0, 3, 2, 1, 0, 5.5, 4.2, 3.1, 2.6, 1.4]
    y = [0.0] * 5 + [1.0] * 5
    with pytest.raises(InputError, match="separate the outcomes completely"):
        run("logistic_regression", predictors={"a": a, "b": b}, y=y)


def test_a_level_without_events_is_named(run: Run) -> None:
    labels = ["A"] * 6 + ["B"] * 6
    with pytest.raises(InputError, match="separate the outcomes"):
        run("logistic_regression", predictors={"line": labels}, y=[0.0] * 6 + [0, 1, 0, 1, 1, 0])


def test_predictors_that_move_together_are_warned_of() -> None:
    rng = np.random.default_rng(3)
    a = rng.normal(size=60)
    b = a + rng.normal(0, 0.1, 60)
    y = (rng.random(60) < 1 / (1 + np.exp(-a))).astype(float)
    result = registry.get("logistic_regression")(
        predictors={"a": a.tolist(), "b": b.tolist()}, y=y.tolist()
    )
    assert any("variance inflation factor" in text for text in result.warnings)
