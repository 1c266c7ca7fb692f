"""Life distributions against R survival (reference case), scipy's censored fits, properties."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from havoc.errors import InputError
from havoc.tools import registry

Run = Callable[..., dict[str, Any]]

MOTORS = [1764, 2772, 3444, 3542, 3780, 4860, 5196, 5448, 5448, 5448]
MOTORS_EVENT = [1, 1, 1, 1, 1, 1, 1, 0, 0, 0]


def test_motorettes_of_r(run: Run) -> None:
    fit = run("weibull_fit", time=MOTORS, event=MOTORS_EVENT, at=2000, b_life=[5, 1])
    assert fit["shape"] == pytest.approx(2.87806532494088, rel=1e-6)
    assert fit["scale"] == pytest.approx(5066.60703442387, rel=1e-6)
    assert fit["B10"] == pytest.approx(2318.14795744126, rel=1e-6)
    assert fit["loglik"] == pytest.approx(-64.4056637552288, rel=1e-9)
    assert fit["F"] == pytest.approx(1 - math.exp(-((2000 / fit["scale"]) ** fit["shape"])))
    assert [life["percent"] for life in fit["b_lives"]] == [5, 1, 10]


def _numeric_covariance(fit: dict[str, Any]) -> np.ndarray:
    """Covariance of ln scale and ln shape from differences of the likelihood of the motors."""
    time, failed = np.array(MOTORS, float), np.array(MOTORS_EVENT) == 1

    def negative(parameters: np.ndarray) -> float:
        scale, shape = np.exp(parameters)
        law = stats.weibull_min(shape, scale=scale)
        return -float(law.logpdf(time[failed]).sum() + law.logsf(time[~failed]).sum())

    center = np.log([fit["scale"], fit["shape"]])
    step, hessian = 1e-4, np.empty((2, 2))
    for i in range(2):
        for j in range(2):
            e, f = np.eye(2)[i] * step, np.eye(2)[j] * step
            hessian[i, j] = (
                negative(center + e + f)
                - negative(center + e - f)
                - negative(center - e + f)
                + negative(center - e - f)
            ) / (4 * step * step)
    return np.linalg.inv(hessian)


@pytest.mark.parametrize("method", ["mle", "rank_regression"])
def test_limits_come_from_the_curvature_of_the_likelihood(method: str, run: Run) -> None:
    fit = run(
        "weibull_fit", time=MOTORS, event=MOTORS_EVENT, confidence=0.9, at=2000, method=method
    )
    covariance = _numeric_covariance(fit)
    errors = np.sqrt(np.diag(covariance))
    z = stats.norm.ppf(0.95)
    assert fit["scale_high"] == pytest.approx(fit["scale"] * math.exp(z * errors[0]), rel=1e-4)
    assert fit["shape_low"] == pytest.approx(fit["shape"] / math.exp(z * errors[1]), rel=1e-4)

    # ln(-ln R) = shape (ln t - ln scale); its slopes by ln scale and ln shape.
    place = fit["shape"] * math.log(2000 / fit["scale"])
    slope = np.array([-fit["shape"], place])
    error = math.sqrt(slope @ covariance @ slope)
    row = fit["at_times"][0]
    assert row["F_low"] == pytest.approx(1 - math.exp(-math.exp(place - z * error)), rel=1e-4)
    assert row["F_high"] == pytest.approx(1 - math.exp(-math.exp(place + z * error)), rel=1e-4)

    # ln B10 = ln scale + ln(-ln 0.9) / shape.
    quantile = math.log(-math.log(0.9)) / fit["shape"]
    slope = np.array([1.0, -quantile])
    factor = math.exp(z * math.sqrt(slope @ covariance @ slope))
    assert fit["b_lives"][0]["ci_low"] == pytest.approx(fit["B10"] / factor, rel=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_weibull_and_lognormal_agree_with_scipy(seed: int, run: Run) -> None:
    rng = np.random.default_rng(seed)
    life = 100 * rng.weibull(0.7 + seed, 40)
    limit = float(np.quantile(life, 0.7))
    failed, time = life <= limit, np.minimum(life, limit)
    data = stats.CensoredData(uncensored=time[failed], right=time[~failed])
    shape, _, scale = stats.weibull_min.fit(data, floc=0)
    ours = run("weibull_fit", time=time.tolist(), event=failed.astype(int).tolist())
    assert ours["shape"] == pytest.approx(shape, rel=2e-3)
    assert ours["scale"] == pytest.approx(scale, rel=2e-3)
    sigma, _, median = stats.lognorm.fit(data, floc=0)
    log = run(
        "weibull_fit",
        time=time.tolist(),
        event=failed.astype(int).tolist(),
        distribution="lognormal",
        at=50,
    )
    assert log["sigma"] == pytest.approx(sigma, rel=2e-3)
    assert log["scale"] == pytest.approx(median, rel=2e-3)
    law = stats.lognorm(log["sigma"], scale=log["scale"])
    assert log["reliability"] == pytest.approx(law.sf(50), rel=1e-9)
    assert log["B10"] == pytest.approx(law.ppf(0.1), rel=1e-9)
    assert log["mttf"] == pytest.approx(law.mean(), rel=1e-9)
    likelihood = law.logpdf(time[failed]).sum() + law.logsf(time[~failed]).sum()
    assert log["loglik"] == pytest.approx(likelihood, rel=1e-10)


def test_exponential_is_time_over_failures(run: Run) -> None:
    fit = run("weibull_fit", time=MOTORS, event=MOTORS_EVENT, distribution="exponential")
    assert fit["scale"] == pytest.approx(sum(MOTORS) / 7)
    assert fit["mttf"] == pytest.approx(fit["scale"])
    assert fit["failure_rate"] == pytest.approx(7 / sum(MOTORS))
    assert fit["failure_mode"] == "constant"


def test_weibayes(run: Run) -> None:
    fit = run("weibull_fit", time=[1500, 1750, 2000], censored=[0, 1, 1], shape=2.0)
    assert fit["scale"] == pytest.approx(math.sqrt(1500**2 + 1750**2 + 2000**2))
    assert fit["estimation"] == "weibayes"


def test_rank_regression_with_ranks_worked_by_hand(run: Run) -> None:
    """Johnson's rule: the rank grows by (n + 1 - last rank) / (1 + units from here on).

    Two failures take ranks 1 and 2; after two suspensions 2 + 7 / 5 = 3.4; after one
    more 3.4 + 5.6 / 3.
    """
    time = [544, 663, 802, 897, 914, 939, 1084, 1099]
    event = [1, 1, 0, 0, 1, 0, 1, 0]
    ranks = [1.0, 2.0, 3.4, 3.4 + 5.6 / 3]
    median_ranks = [(rank - 0.3) / 8.4 for rank in ranks]
    y = np.log(-np.log1p(-np.array(median_ranks)))
    x = np.log([544, 663, 914, 1084])
    slope, intercept = np.polyfit(y, x, 1)
    fit = run("weibull_fit", time=time, event=event, method="rank_regression")
    assert fit["shape"] == pytest.approx(1 / slope, rel=1e-9)
    assert fit["scale"] == pytest.approx(math.exp(intercept), rel=1e-9)


def test_rank_regression_of_ranks_on_times(run: Run) -> None:
    """Y on X by numpy; exact median ranks are medians of beta distributions."""
    times = [16.0, 34.0, 53.0, 75.0, 93.0, 120.0]
    rank = np.arange(1, 7)
    share = stats.beta.median(rank, 7 - rank)
    y = np.log(-np.log1p(-share))
    slope, intercept = np.polyfit(np.log(times), y, 1)
    fit = run("weibull_fit", time=times, method="rank_regression_y", ranks="exact")
    assert fit["shape"] == pytest.approx(slope, rel=1e-9)
    assert fit["scale"] == pytest.approx(math.exp(-intercept / slope), rel=1e-9)
    line = run("weibull_fit", time=times, method="rank_regression", ranks="exact")
    # the two lines meet in the correlation
    ratio = line["shape"] / fit["shape"]
    assert ratio == pytest.approx(1 / line["plot_correlation"] ** 2, rel=1e-9)
    # ReliaSoft, Life Data Analysis, the Weibull distribution, example of rank regression on Y
    assert fit["shape"] == pytest.approx(1.4301, abs=2e-4)
    assert fit["scale"] == pytest.approx(76.318, abs=2e-3)


def test_likelihood_ratio_limits(run: Run) -> None:
    """Where the profile likelihood of the motors has fallen by half the chi-squared quantile."""
    fit = run("weibull_fit", time=MOTORS, event=MOTORS_EVENT, interval="likelihood_ratio", at=2000)
    time, failed = np.array(MOTORS, float), np.array(MOTORS_EVENT) == 1
    drop = stats.chi2.ppf(0.95, 1) / 2
    for shape in (fit["shape_low"], fit["shape_high"]):
        law = stats.weibull_min(shape, scale=(np.sum(time**shape) / 7) ** (1 / shape))
        loglik = law.logpdf(time[failed]).sum() + law.logsf(time[~failed]).sum()
        assert fit["loglik"] - loglik == pytest.approx(drop, abs=1e-5)
    row = fit["at_times"][0]
    assert row["F_low"] < fit["F"] < row["F_high"]
    exponential = run(
        "weibull_fit", time=MOTORS, event=MOTORS_EVENT, interval="likelihood_ratio",
        distribution="exponential",
    )  # fmt: skip
    total = sum(MOTORS)
    for mean in (exponential["scale_low"], exponential["scale_high"]):
        loglik = -7 * math.log(mean) - total / mean
        assert exponential["loglik"] - loglik == pytest.approx(drop, abs=1e-6)
    log = run(
        "weibull_fit", time=MOTORS, event=MOTORS_EVENT, interval="likelihood_ratio",
        distribution="lognormal",
    )  # fmt: skip
    assert log["scale_low"] < log["scale"] < log["scale_high"]


def test_failure_free_time(run: Run) -> None:
    """The likelihood of shifted times: subtracting the threshold gives the two-parameter fit."""
    rng = np.random.default_rng(8)
    times = (100 + 50 * rng.weibull(2.0, 200)).round(3)
    fit = run("weibull_fit", time=times.tolist(), distribution="weibull_3", at=120)
    plain = run("weibull_fit", time=(times - fit["threshold"]).tolist())
    assert fit["shape"] == pytest.approx(plain["shape"], rel=1e-5)
    assert fit["scale"] == pytest.approx(plain["scale"], rel=1e-5)
    assert fit["B10"] == pytest.approx(plain["B10"] + fit["threshold"], rel=1e-6)
    assert fit["threshold_low"] < fit["threshold"] < fit["threshold_high"]
    assert fit["threshold"] == pytest.approx(100, abs=5)
    assert fit["F"] == pytest.approx(
        stats.weibull_min(fit["shape"], loc=fit["threshold"], scale=fit["scale"]).cdf(120)
    )


def test_a_likelihood_without_maximum_falls_back_to_the_plot(run: Run) -> None:
    times = [210, 220, 235, 260, 300, 345]
    fit = run("weibull_fit", time=times, distribution="weibull_3")
    assert fit["estimation"] == "rank_regression"
    two = run("weibull_fit", time=times, method="rank_regression")
    assert fit["plot_correlation"] > two["plot_correlation"]
    assert 0 < fit["threshold"] < 210
    for other in (fit["threshold"] - 1, fit["threshold"] + 1):
        shifted = run("weibull_fit", time=[t - other for t in times], method="rank_regression")
        assert shifted["plot_correlation"] < fit["plot_correlation"]


def test_known_parameters(run: Run) -> None:
    law = stats.weibull_min(2.1, scale=5000)
    one = run("weibull_fit", shape=2.1, scale=5000, at=1000)
    assert one["F"] == pytest.approx(law.cdf(1000))
    assert one["reliability"] == pytest.approx(law.sf(1000))
    assert one["B10"] == pytest.approx(law.ppf(0.1))
    assert one["mttf"] == pytest.approx(law.mean())
    two = run("weibull_fit", shape=2.1, scale=5000, at=[0, 1000])
    assert two["F"] == pytest.approx([0, law.cdf(1000)])


def test_counts_are_repeated_units(run: Run) -> None:
    short = run("weibull_fit", time=[10, 20, 30], counts=[2, 3, 5], censored=[0, 0, 1])
    long = run("weibull_fit", time=[10] * 2 + [20] * 3 + [30] * 5, censored=[0] * 5 + [1] * 5)
    for name in ("shape", "scale", "loglik", "n", "failures", "plot_correlation"):
        assert short[name] == pytest.approx(long[name])


@pytest.mark.parametrize(
    ("time", "mode"),
    [
        ([88, 95, 101, 110, 118], "wear_out"),
        ([12, 35, 60, 140, 300, 710], "random"),
        ([0.01, 0.3, 0.9, 8, 40, 90, 400, 3000, 0.002, 15000], "early"),
    ],
)
def test_the_shape_is_read(time: list[float], mode: str, run: Run) -> None:
    assert run("weibull_fit", time=time)["failure_mode"] == mode


@settings(max_examples=40, deadline=None)
@given(
    life=st.lists(st.floats(0.5, 500), min_size=4, max_size=25, unique=True),
    factor=st.floats(1e-3, 1e3),
)
def test_a_change_of_unit_scales_the_lives(life: list[float], factor: float) -> None:
    event = [int(i % 3 != 2) for i in range(len(life))]
    failed = [t for t, e in zip(life, event, strict=True) if e]
    if max(failed) / min(failed) < 1.01:
        return
    for method in ("mle", "rank_regression"):
        one = registry.execute(
            "weibull_fit", {"time": life, "event": event, "method": method}
        ).quantities
        two = registry.execute(
            "weibull_fit",
            {"time": [factor * t for t in life], "event": event, "method": method},
        ).quantities
        assert two["shape"] == pytest.approx(one["shape"], rel=1e-6)
        assert two["scale"] == pytest.approx(factor * one["scale"], rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    life=st.lists(st.floats(0.5, 500), min_size=3, max_size=25, unique=True),
    family=st.sampled_from(["weibull", "lognormal"]),
)
def test_no_better_likelihood_nearby(life: list[float], family: str) -> None:
    if max(life) / min(life) < 1.01:
        return
    fit = registry.execute("weibull_fit", {"time": life, "distribution": family}).quantities
    law = stats.weibull_min if family == "weibull" else stats.lognorm

    def negative(parameters: Any) -> float:
        shape, scale = np.exp(parameters)
        return -float(law.logpdf(life, shape, scale=scale).sum())

    start = np.log([fit["shape"], fit["scale"]])
    best = optimize.minimize(negative, start, method="Nelder-Mead", options={"xatol": 1e-7})
    assert fit["loglik"] >= -best.fun - 1e-6


def test_a_million_units() -> None:
    time = (100 * np.random.default_rng(1).weibull(1.5, 1_000_000)).tolist()
    fit = registry.execute("weibull_fit", {"time": time})
    assert fit.quantities["shape"] == pytest.approx(1.5, rel=5e-3)
    assert len(fit.outcome.charts[0].panels[0].series[0].x) <= 2000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"time": [800]}, "single failure"),
        ({"time": [], "event": []}, "no times"),
        ({"time": [120, 340, -15, 560]}, "time 3 is -15"),
        ({"time": [1, 2, math.nan]}, "time 3"),
        ({"time": [1, 2, 3], "event": [1, 1]}, "3 times but 2"),
        ({"time": [1, 2, 3], "event": [1, 1, 2]}, "event"),
        ({"time": [1, 2], "event": [1, 1], "censored": [0, 0]}, "both given"),
        ({"time": [5, 5, 5]}, "longest time"),
        ({"time": [5, 6, 7], "event": [0, 0, 0]}, "no failure"),
        ({"time": [5, 6, 7], "event": [0, 0, 0], "shape": 2.0}, "none of 3 units failed"),
        ({"shape": 2.0}, "no times and no parameters"),
        ({"time": [1, 2, 3], "scale": 4.0}, "known scale"),
        ({"time": [1, 2, 3], "b_life": 100}, "b_life"),
        ({"time": [1, 2, 3], "shape": 2.0, "method": "rank_regression"}, "maximum likelihood"),
        ({}, "no times and no parameters"),
        ({"time": [1, 2, 3], "distribution": "weibull_3"}, "too few for three"),
        ({"time": [1, 2, 3, 4], "distribution": "weibull_3", "shape": 2.0}, "known shape"),
        ({"distribution": "weibull_3", "shape": 2.0, "scale": 9.0}, "failure-free time"),
        ({"time": [1, 2, 3], "interval": "likelihood_ratio", "shape": 2.0}, "likelihood-ratio"),
        (
            {"time": [4, 4, 4, 4, 9], "event": [1, 1, 1, 1, 0], "distribution": "weibull_3"},
            "same time",
        ),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        registry.execute("weibull_fit", arguments)
