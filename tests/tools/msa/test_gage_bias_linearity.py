"""Bias and linearity against R and AIAG's published study, scipy and statsmodels."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from havoc.errors import InputError
from havoc.tools import registry

CASES = Path(__file__).parents[2] / "reference" / "cases"
AIAG = json.loads((CASES / "linearity-aiag.json").read_text())
Run = Callable[..., dict[str, Any]]


def study(**arguments: Any) -> dict[str, Any]:
    return registry.execute("gage_bias_linearity", arguments).quantities


def test_the_aiag_study_agrees_with_r_and_the_manual(run: Run) -> None:
    found = run("gage_bias_linearity", **AIAG["data"])
    for name, expected in AIAG["expected"].items():
        assert found[name] == pytest.approx(expected["value"], rel=expected["rtol"]), name
    # AIAG MSA 4th edition: s = 0.23954, t of the slope -12.043, of the intercept 10.158.
    assert found["residual_sd"] == pytest.approx(0.23954, abs=5e-6)
    assert found["slope_t"] == pytest.approx(-12.043, abs=5e-4)
    assert found["intercept_t"] == pytest.approx(10.158, abs=5e-4)
    assert found["zero_in_band"] is False
    assert found["significant"] is True


def test_the_band_and_the_tests_agree_with_statsmodels(run: Run) -> None:
    found = run("gage_bias_linearity", **AIAG["data"])
    x = np.asarray(AIAG["data"]["reference"], dtype=float)
    y = np.asarray(AIAG["data"]["measured"]) - x
    fit = sm.OLS(y, sm.add_constant(x)).fit()
    low, high = fit.conf_int()[1]
    assert (found["slope_ci_low"], found["slope_ci_high"]) == pytest.approx((low, high))
    assert found["intercept_p"] == pytest.approx(fit.pvalues[0])
    band = fit.get_prediction([[1.0, 2.0], [1.0, 10.0]]).conf_int()
    first, last = found["parts"][0], found["parts"][-1]
    assert (first["fitted_low"], first["fitted_high"]) == pytest.approx(tuple(band[0]))
    assert (last["fitted_low"], last["fitted_high"]) == pytest.approx(tuple(band[1]))
    # Lack of fit: the cell-means model against the line.
    cells = sm.OLS(y, (x[:, None] == np.unique(x)).astype(float)).fit()
    f_value = ((fit.ssr - cells.ssr) / 3) / (cells.ssr / 55)
    assert found["lack_of_fit_F"] == pytest.approx(f_value)
    assert found["lack_of_fit_p"] == pytest.approx(stats.f.sf(f_value, 3, 55))


def test_each_part_has_a_one_sample_t_test(run: Run) -> None:
    found = run("gage_bias_linearity", **AIAG["data"])
    for i, reference in enumerate([2, 4, 6, 8, 10]):
        readings = AIAG["data"]["measured"][12 * i : 12 * i + 12]
        peer = stats.ttest_1samp(readings, reference)
        assert found["parts"][i]["t"] == pytest.approx(peer.statistic)
        assert found["parts"][i]["p_value"] == pytest.approx(peer.pvalue)


def test_percentages_of_the_process_variation(run: Run) -> None:
    found = run("gage_bias_linearity", **AIAG["data"], process_variation=16.5368)
    # Minitab's worked example of the same data: linearity 2.17734, 13.2 %, bias 0.3 %.
    assert found["linearity"] == pytest.approx(2.17735, abs=2e-5)
    assert found["pct_linearity"] == pytest.approx(13.2, abs=0.05)
    assert found["pct_bias"] == pytest.approx(0.3, abs=0.05)


def test_rows_of_readings_and_deviations_give_the_same(run: Run) -> None:
    rows = np.asarray(AIAG["data"]["measured"]).reshape(5, 12)
    first = run("gage_bias_linearity", **AIAG["data"])
    second = run("gage_bias_linearity", reference=[2, 4, 6, 8, 10], measured=rows.tolist())
    offsets = rows - np.asarray([[2], [4], [6], [8], [10]])
    third = run("gage_bias_linearity", reference=[2, 4, 6, 8, 10], bias=offsets.tolist())
    for name in ("slope", "intercept", "slope_p", "bias", "bias_p"):
        assert second[name] == pytest.approx(first[name])
        assert third[name] == pytest.approx(first[name])


def test_one_reference_is_a_study_of_bias(run: Run) -> None:
    readings = [5.02, 5.03, 5.01, 5.02, 5.04]
    found = run("gage_bias_linearity", reference=5.0, measured=readings, process_variation=0.6)
    peer = stats.ttest_1samp(readings, 5.0)
    assert found["bias"] == pytest.approx(0.024)
    assert found["bias_t"] == pytest.approx(peer.statistic)
    assert found["bias_p"] == pytest.approx(peer.pvalue)
    assert found["pct_bias"] == pytest.approx(4.0)
    assert "slope" not in found
    same = run("gage_bias_linearity", reference=[5.0] * 5, measured=readings)
    assert same["bias_p"] == pytest.approx(peer.pvalue)


def test_a_summary_of_one_reference(run: Run) -> None:
    found = run("gage_bias_linearity", reference=60.0, mean=60.4, sd=0.5, n=12)
    assert found["bias_t"] == pytest.approx(0.4 / (0.5 / 12**0.5))
    assert found["significant"] is True


def test_means_alone_still_have_a_slope(run: Run) -> None:
    found = run("gage_bias_linearity", reference=[2, 4, 6], measured=[2.1, 4.0, 6.2])
    peer = stats.linregress([2, 4, 6], [0.1, 0.0, 0.2])
    assert found["slope"] == pytest.approx(peer.slope)
    assert found["slope_p"] == pytest.approx(peer.pvalue)
    assert "p_value" not in found["parts"][0]


def test_readings_on_a_line_are_not_tested(run: Run) -> None:
    found = run("gage_bias_linearity", reference=[1, 2, 3], measured=[1.1, 2.2, 3.3])
    assert found["slope"] == pytest.approx(0.1)
    assert "slope_p" not in found
    two = run("gage_bias_linearity", reference=[1, 2], measured=[1.1, 2.3])
    assert two["slope"] == pytest.approx(0.2)


@given(
    st.lists(st.floats(-5, 5), min_size=6, max_size=12).filter(lambda v: np.std(v) > 0.01),
    st.floats(0.1, 10),
)
@settings(max_examples=40, deadline=None)
def test_the_slope_does_not_depend_on_the_unit(noise: list[float], scale: float) -> None:
    reference = [float(i // 2) for i in range(len(noise))]
    first = study(reference=reference, bias=noise)
    second = study(reference=[r * scale for r in reference], bias=[v * scale for v in noise])
    assert second["slope"] == pytest.approx(first["slope"], rel=1e-6, abs=1e-9)
    assert second["bias"] == pytest.approx(first["bias"] * scale, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"reference": [1, 2]}, "no readings"),
        ({"reference": [1, 2], "measured": [1.0], "bias": [0.1]}, "both given"),
        ({"reference": [1, 2], "measured": [1.0]}, "2 reference values but 1"),
        ({"reference": [1, float("nan")], "measured": [1.0, 2.0]}, "not a finite"),
        ({"reference": [1, 2], "measured": [1.0, float("inf")]}, "not a finite"),
        ({"reference": [], "measured": []}, "at least 1"),
        ({"reference": 5.0, "measured": [5.1]}, "at least 2"),
        ({"reference": 5.0, "measured": [5.1, 5.1, 5.1]}, "all readings are equal"),
        ({"reference": 5.0, "mean": 5.1, "sd": 0.1}, "readings are missing"),
        ({"reference": float("nan"), "measured": [5.1, 5.2]}, "finite"),
        ({"reference": [1, 2], "measured": [1, 2], "process_variation": 0}, "process_variation"),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        study(**arguments)
