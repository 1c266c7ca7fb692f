"""The run-rules tool: center and sigma, run tests, bad input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from statsmodels.sandbox.stats.runs import runstest_1samp

from havoc.errors import InputError
from havoc.tools import registry


def judge(**arguments: Any) -> dict[str, Any]:
    return registry.execute("runs_rules", arguments).quantities


@pytest.mark.parametrize("rules", ["none", "limits", "nelson", "western_electric", "westgard"])
def test_every_set_of_rules_reads_well_and_is_verified(
    run: Callable[..., dict[str, Any]], rules: str
) -> None:
    data = np.random.default_rng(9).normal(10, 2, 80).tolist()
    assert run("runs_rules", data=data, rules=rules)["points"] == 80


def test_control_limits_give_center_and_sigma() -> None:
    found = judge(data=[101, 102, 101, 103, 102, 101, 104, 102, 103], lcl=94, ucl=106)
    assert (found["center"], found["sigma"]) == (100, 2)
    assert found["rules_violated"] == ["nelson_2"]
    assert found["first_signal"] == 9


def test_center_and_sigma_are_estimated_from_the_data() -> None:
    found = judge(data=[1.0, 3.0, 2.0, 6.0])
    assert found["center"] == pytest.approx(3.0)
    assert found["sigma"] == pytest.approx((2 + 1 + 4) / 3 / 1.128)


def test_westgard_warning_does_not_put_the_series_out_of_control() -> None:
    found = judge(data=[8.62, 8.93, 8.55, 8.4], mean=8.5, sigma=0.2, rules="westgard")
    assert found["rules_violated"] == ["westgard_1_2s"]
    assert found["in_control"] is True
    found = judge(data=[8.62, 8.93, 8.95, 8.55, 8.4], mean=8.5, sigma=0.2, rules="westgard")
    assert found["rules_violated"] == ["westgard_1_2s", "westgard_2_2s"]
    assert found["in_control"] is False


def test_runs_about_the_median_agree_with_statsmodels() -> None:
    data = np.random.default_rng(5).normal(size=61)[:60]
    found = judge(data=data, rules="none")
    z, p_value = runstest_1samp(data, cutoff="median", correction=False)
    assert found["z"] == pytest.approx(z)
    assert found["p_value"] == pytest.approx(p_value)


def test_clustering_trend_and_oscillation_are_told_apart() -> None:
    clustered = judge(data=[1.0, 1.2, 1.1, 1.3, 1.2, 3.1, 3.3, 3.2, 3.4, 3.1] * 2, rules="none")
    assert clustered["p_clustering"] < 0.05 < clustered["p_mixtures"]
    rising = judge(data=[float(i) for i in range(20)], rules="none")
    assert rising["p_trends"] < 1e-6
    zigzag = judge(data=[0.0, 1.0] * 15, rules="none")
    assert zigzag["p_oscillation"] < 1e-3
    assert zigzag["runs_up_down"] == 29


def test_number_of_runs_up_and_down_has_the_published_moments() -> None:
    generator = np.random.default_rng(3)
    counts = [
        judge(data=generator.normal(size=25), rules="none")["runs_up_down"] for _ in range(400)
    ]
    assert np.mean(counts) == pytest.approx((2 * 25 - 1) / 3, abs=0.4)
    assert np.var(counts, ddof=1) == pytest.approx((16 * 25 - 29) / 90, rel=0.25)


def test_chart_flags_the_signal_with_the_rule_number() -> None:
    outcome = registry.execute(
        "runs_rules", {"data": [0.0, 0.0, 5.0, 0.0], "mean": 0, "sigma": 1}
    ).outcome
    (series,) = outcome.charts[0].panels[0].series
    assert [(flag.index, flag.label) for flag in series.flags] == [(2, "1")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"data": []}, "at least 2 needed"),
        ({"data": [1.0]}, "at least 2 needed"),
        ({"data": [2.0, 2.0, 2.0]}, "no variation"),
        ({"data": [1.0, float("nan")]}, "value 2 is not a finite number"),
        ({"data": [1.0, 2.0], "lcl": 5, "ucl": 1}, "not below the upper limit"),
        ({"data": [1.0, 2.0], "mean": 9, "lcl": 0, "ucl": 4}, "not between the control limits"),
        ({"data": [1.0, 2.0], "sigma": 0}, "> 0"),
        ({"data": [1.0, 2.0], "rules": ["nelson_12"]}, "no run rule"),
        ({"data": [1.0, 2.0], "rules": "shewhart"}, "shewhart"),
    ],
)
def test_bad_input_is_refused_in_one_line(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        judge(**arguments)
    assert "\n" not in str(caught.value)
