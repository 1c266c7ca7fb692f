"""Survival curves against scipy's empirical distribution, statsmodels and worked examples."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from havoc.errors import InputError
from havoc.tools import registry

Run = Callable[..., dict[str, Any]]

# Remission times of leukaemia, Freireich et al. (1963), the example of the log-rank test.
MERCAPTOPURINE = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
STILL_WELL = [0, 0, 0, 1, 0, 1, 0, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


def test_remission_times(run: Run) -> None:
    result = run("kaplan_meier", time=MERCAPTOPURINE, censored=STILL_WELL, at=[10, 23])
    assert result["survival"] == pytest.approx([0.7529, 0.4482], abs=5e-5)
    steps = {step["time"]: step for step in result["steps"]}
    assert steps[6]["survival"] == pytest.approx(0.8571, abs=5e-5)
    assert steps[6]["se"] == pytest.approx(0.0764, abs=5e-5)
    assert steps[10]["se"] == pytest.approx(0.0963, abs=5e-5)
    assert result["median"] == 23
    assert steps[6]["at_risk"] == 21


def test_log_rank_of_the_remission_times(run: Run) -> None:
    result = run(
        "kaplan_meier",
        groups={
            "6-MP": {"time": MERCAPTOPURINE, "censored": STILL_WELL},
            "placebo": {"time": PLACEBO},
        },
    )
    assert result["chi2"] == pytest.approx(16.79, abs=5e-3)
    assert result["df"] == 1
    assert result["significant"]
    assert [round(curve["expected_events"], 2) for curve in result["curves"]] == [19.25, 10.75]


def test_against_scipy() -> None:
    rng = np.random.default_rng(3)
    life, limit = rng.exponential(10, 60).round(1) + 0.1, rng.exponential(15, 60).round(1) + 0.1
    time, failed = np.minimum(life, limit), life <= limit
    data = stats.CensoredData(uncensored=time[failed], right=time[~failed])
    theirs = stats.ecdf(data).sf
    result = registry.execute(
        "kaplan_meier", {"time": time.tolist(), "event": failed.astype(int).tolist()}
    ).quantities
    for step in result["steps"]:
        assert step["survival"] == pytest.approx(float(theirs.evaluate(step["time"])), abs=1e-12)
    plain = registry.execute(
        "kaplan_meier",
        {"time": time.tolist(), "event": failed.astype(int).tolist(), "interval": "greenwood"},
    ).quantities
    for method, ours in (("linear", plain), ("log-log", result)):
        interval = theirs.confidence_interval(0.95, method=method)
        for step in ours["steps"]:
            if 0 < step["survival"] < 1:
                low = float(interval.low.evaluate(step["time"]))
                high = float(interval.high.evaluate(step["time"]))
                assert (step["ci_low"], step["ci_high"]) == pytest.approx((low, high), abs=1e-9)


def test_log_rank_against_scipy_and_statsmodels() -> None:
    from statsmodels.duration.survfunc import survdiff

    rng = np.random.default_rng(5)
    groups, times, events, labels = {}, [], [], []
    for i, name in enumerate("abc"):
        time = rng.exponential(10 + 4 * i, 20).round(0) + 1
        event = rng.integers(0, 2, 20)
        groups[name] = {"time": time.tolist(), "event": event.tolist()}
        times += time.tolist()
        events += event.tolist()
        labels += [name] * 20
    ours = registry.execute("kaplan_meier", {"groups": groups}).quantities
    chi2, p_value = survdiff(times, events, labels)
    assert ours["chi2"] == pytest.approx(chi2, rel=1e-9)
    assert ours["p_value"] == pytest.approx(p_value, rel=1e-9)
    two = {name: groups[name] for name in "ab"}
    pair = registry.execute("kaplan_meier", {"groups": two}).quantities
    samples = [
        stats.CensoredData(
            uncensored=[t for t, e in zip(g["time"], g["event"], strict=True) if e],
            right=[t for t, e in zip(g["time"], g["event"], strict=True) if not e],
        )
        for g in two.values()
    ]
    theirs = stats.logrank(*samples)
    assert pair["chi2"] == pytest.approx(theirs.statistic**2, rel=1e-9)
    assert pair["p_value"] == pytest.approx(theirs.pvalue, rel=1e-9)


@settings(max_examples=50, deadline=None)
@given(time=st.lists(st.integers(0, 40), min_size=1, max_size=40))
def test_without_censoring_it_is_the_empirical_survival(time: list[int]) -> None:
    result = registry.execute("kaplan_meier", {"time": [float(t) for t in time]}).quantities
    for step in result["steps"]:
        above = sum(t > step["time"] for t in time) / len(time)
        assert step["survival"] == pytest.approx(above, abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(
    units=st.lists(st.tuples(st.integers(1, 30), st.integers(0, 1)), min_size=2, max_size=40),
    power=st.floats(0.3, 3),
)
def test_survival_falls_and_only_order_matters(units: list[tuple[int, int]], power: float) -> None:
    time, event = [float(t) for t, _ in units], [e for _, e in units]
    one = registry.execute("kaplan_meier", {"time": time, "event": event}).quantities
    values = [step["survival"] for step in one["steps"]]
    assert values == sorted(values, reverse=True)
    for step in one["steps"]:
        if "ci_low" in step:
            assert step["ci_low"] <= step["survival"] + 1e-12
            assert step["survival"] <= step["ci_high"] + 1e-12
    two = registry.execute(
        "kaplan_meier", {"time": [t**power for t in time], "event": event}
    ).quantities
    assert [step["survival"] for step in two["steps"]] == pytest.approx(values)


def test_counts_are_repeated_units(run: Run) -> None:
    short = run("kaplan_meier", time=[5, 9, 9], event=[1, 1, 0], counts=[2, 1, 3])
    long = run("kaplan_meier", time=[5, 5, 9, 9, 9, 9], event=[1, 1, 1, 0, 0, 0])
    assert short["steps"] == long["steps"]


def test_no_median_without_enough_failures(run: Run) -> None:
    result = run("kaplan_meier", time=[5, 9, 12, 14], event=[1, 0, 0, 0], at=20)
    assert "median" not in result
    assert result["survival"] == 0.75
    nothing = run("kaplan_meier", time=[5, 9], event=[0, 0])
    assert nothing["steps"][-1]["survival"] == 1
    alike = run("kaplan_meier", groups={"a": {"time": [5], "event": [0]}, "b": {"time": [6]}})
    assert alike.get("p_value") is None


def test_large_samples_keep_a_short_table() -> None:
    time = np.random.default_rng(1).exponential(10, 300_000).tolist()
    result = registry.execute("kaplan_meier", {"time": time}).quantities
    assert len(result["steps"]) <= 200
    assert result["median"] == pytest.approx(10 * math.log(2), rel=0.02)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "no times"),
        ({"time": []}, "no times"),
        ({"time": [1.0], "groups": {"a": {"time": [1.0]}}}, "both given"),
        ({"time": [1, -2]}, "time 2 is -2"),
        ({"time": [1, 2], "event": [1]}, "2 times but 1"),
        ({"groups": {"a": {"time": [1, 2]}, "b": {"time": []}}}, "groups b"),
        ({"groups": {}}, "0 groups"),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        registry.execute("kaplan_meier", arguments)
