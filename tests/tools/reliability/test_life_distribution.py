"""Life distributions under any censoring: R survreg, Meeker and Escobar, properties."""

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
from havoc.tools.reliability.observations import read_observations
from havoc.tools.reliability.turnbull import plot_points

Run = Callable[..., dict[str, Any]]

# Meeker and Escobar (1998), table C.2: distance to failure of shock absorbers, km.
SHOCK = [
    6700, 6950, 7820, 8790, 9120, 9660, 9820, 11310, 11690, 11850, 11880, 12140, 12200, 12870,
    13150, 13330, 13470, 14040, 14300, 17520, 17540, 17890, 18450, 18960, 18980, 19410, 20100,
    20100, 20150, 20320, 20900, 22700, 23490, 26510, 27410, 27490, 27890, 28100,
]  # fmt: skip
FAILED = (0, 4, 12, 14, 18, 19, 26, 30, 31, 33, 35)
EVENT = [int(i in FAILED) for i in range(len(SHOCK))]
# Heat exchanger tubes with cracks at yearly inspections, table 1.2: three plants.
TUBES = {
    "lower": [None, 1, 2, 1, 2, 3],
    "upper": [1, 2, 3, None, None, None],
    "counts": [4, 5, 2, 99, 95, 95],
}
# Alloy T7987, thousands of cycles; five specimens survived 300.
ALLOY = [
    94, 96, 99, 99, 104, 108, 112, 114, 117, 117, 118, 121, 121, 123, 129, 131, 133, 135, 136,
    139, 139, 140, 141, 141, 143, 144, 149, 149, 152, 153, 159, 159, 159, 159, 162, 168, 168, 169,
    170, 170, 171, 172, 173, 176, 177, 180, 180, 184, 187, 188, 189, 190, 196, 197, 203, 205, 211,
    213, 224, 226, 227, 256, 257, 269, 271, 274, 291,
]  # fmt: skip

# R 4.2.2, survival: survreg(Surv(time, event) ~ 1, dist): coefficient, scale, log likelihood,
# standard errors of the coefficient and of ln scale.
SURVREG = {
    "weibull": (10.2298632, 0.316408604, -123.995361, 0.109890478, 0.231237228),
    "lognormal": (10.1447707, 0.53006803, -124.60855, 0.144175172, 0.212581795),
    "loglogistic": (10.12914, 0.280981761, -124.36544, 0.122225195, 0.236271365),
    "normal": (24570.8735, 8356.31673, -124.230094, 2265.37964, 0.209086074),
    "logistic": (24544.4164, 4765.27469, -124.547618, 2114.27845, 0.227072426),
    "smallest_extreme_value": (26896.4423, 5668.57996, -124.622933, 1908.85243, 0.218381999),
}
SURVREG_INTERVAL = {
    "weibull": (3.16209059, 0.743209833, -54.4147053, 0.798339414, 0.327279279),
    "lognormal": (3.73756699, 1.69628565, -54.3504678, 0.993730806, 0.316270516),
    "loglogistic": (3.10383247, 0.730401255, -54.4067197, 0.78314582, 0.326489985),
    "normal": (7.74221799, 3.10288615, -54.8669626, 1.79505809, 0.312051685),
    "logistic": (6.67841469, 1.36476129, -55.0260373, 1.43314136, 0.31958855),
    "smallest_extreme_value": (6.79912399, 1.3917864, -55.0460648, 1.46287068, 0.320267102),
}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"time": SHOCK, "event": EVENT}, SURVREG),
        (TUBES, SURVREG_INTERVAL),
    ],
)
def test_survreg_of_r(data: dict[str, Any], expected: dict[str, Any], run: Run) -> None:
    for distribution, (mu, sigma, loglik, mu_error, log_error) in expected.items():
        fit = run("life_distribution", distribution=distribution, **data)
        assert fit["loglik"] == pytest.approx(loglik, rel=1e-8)
        rows = {row["name"]: row for row in fit["parameters"]}
        if distribution == "weibull":
            assert math.log(fit["scale"]) == pytest.approx(mu, rel=1e-6)
            assert 1 / fit["shape"] == pytest.approx(sigma, rel=1e-6)
            assert rows["scale"]["se"] / fit["scale"] == pytest.approx(mu_error, rel=1e-5)
            assert rows["shape"]["se"] / fit["shape"] == pytest.approx(log_error, rel=1e-5)
        else:
            assert fit["mu"] == pytest.approx(mu, rel=1e-6)
            assert fit["sigma"] == pytest.approx(sigma, rel=1e-6)
            assert rows["mu"]["se"] == pytest.approx(mu_error, rel=1e-5)
            assert rows["sigma"]["se"] / fit["sigma"] == pytest.approx(log_error, rel=1e-5)


def test_published_shock_absorbers(run: Run) -> None:
    """Meeker and Escobar (1998), chapter 8: eta 27 719, beta 3.16, likelihood-ratio limits."""
    fit = run("life_distribution", time=SHOCK, event=EVENT, interval="likelihood_ratio", at=10000)
    assert fit["scale"] == pytest.approx(27_719, abs=1)
    assert fit["shape"] == pytest.approx(3.16, abs=0.005)
    assert fit["shape_low"] < 3.16 < fit["shape_high"]


def test_likelihood_ratio_limits_lie_where_the_profile_has_fallen(run: Run) -> None:
    """At each limit the best likelihood with that value fixed is lower by chi-squared / 2."""
    fit = run("life_distribution", time=SHOCK, event=EVENT, interval="likelihood_ratio", at=10000)
    drop = stats.chi2.ppf(0.95, 1) / 2
    time, failed = np.array(SHOCK, float), np.array(EVENT) == 1

    def loglik(shape: float, scale: float) -> float:
        law = stats.weibull_min(shape, scale=scale)
        return float(law.logpdf(time[failed]).sum() + law.logsf(time[~failed]).sum())

    for shape in (fit["shape_low"], fit["shape_high"]):
        scale = (np.sum(time**shape) / failed.sum()) ** (1 / shape)
        assert fit["loglik"] - loglik(shape, scale) == pytest.approx(drop, abs=1e-5)
    shapes = np.linspace(1, 8, 7001)
    for life in (fit["b_lives"][0]["ci_low"], fit["b_lives"][0]["ci_high"]):
        best = max(loglik(b, life / (-math.log(0.9)) ** (1 / b)) for b in shapes[::10])
        assert fit["loglik"] - best == pytest.approx(drop, abs=1e-3)
    row = fit["at_times"][0]
    for share in (row["F_low"], row["F_high"]):
        best = max(loglik(b, 10000 / (-math.log(1 - share)) ** (1 / b)) for b in shapes[::10])
        assert fit["loglik"] - best == pytest.approx(drop, abs=1e-3)


@pytest.mark.parametrize(
    ("distribution", "threshold", "mu", "sigma", "loglik"),
    [
        # R 4.2.2: survreg on time - threshold, optimize over the threshold
        ("weibull_3", 92.992752, 4.5354358, 0.75748889, -363.94286),
        ("lognormal_3", 72.029005, 4.5022273, 0.61277421, -364.21194),
        ("loglogistic_3", 80.261643, 4.402534, 0.39536497, -364.01682),
    ],
)
def test_thresholds_of_alloy_t7987(
    distribution: str, threshold: float, mu: float, sigma: float, loglik: float, run: Run
) -> None:
    fit = run(
        "life_distribution",
        time=[*ALLOY, 300], counts=[1] * len(ALLOY) + [5], event=[1] * len(ALLOY) + [0],
        distribution=distribution,
    )  # fmt: skip
    assert fit["threshold"] == pytest.approx(threshold, rel=1e-5)
    assert fit["loglik"] == pytest.approx(loglik, rel=5e-8)
    found = math.log(fit["scale"]) if distribution == "weibull_3" else fit["mu"]
    assert found == pytest.approx(mu, rel=1e-5)
    spread = 1 / fit["shape"] if distribution == "weibull_3" else fit["sigma"]
    assert spread == pytest.approx(sigma, rel=1e-5)


def test_gamma_agrees_with_scipy(run: Run) -> None:
    rng = np.random.default_rng(3)
    life = rng.gamma(2.5, 40, 60)
    limit = float(np.quantile(life, 0.75))
    failed, time = life <= limit, np.minimum(life, limit)
    shape, _, scale = stats.gamma.fit(
        stats.CensoredData(uncensored=time[failed], right=time[~failed]), floc=0
    )
    fit = run(
        "life_distribution",
        time=time.tolist(), event=failed.astype(int).tolist(), distribution="gamma", at=60,
    )  # fmt: skip
    assert fit["shape"] == pytest.approx(shape, rel=2e-3)
    assert fit["scale"] == pytest.approx(scale, rel=2e-3)
    assert fit["F"] == pytest.approx(stats.gamma(fit["shape"], scale=fit["scale"]).cdf(60))
    assert fit["mttf"] == pytest.approx(fit["shape"] * fit["scale"])


def test_weibull_fit_and_life_distribution_are_one(run: Run) -> None:
    one = run("weibull_fit", time=SHOCK, event=EVENT, at=10000, b_life=[1, 5])
    other = run("life_distribution", time=SHOCK, event=EVENT, at=10000, b_life=[1, 5])
    for name in ("shape", "scale", "shape_low", "scale_high", "B10", "loglik", "aic", "F", "mttf",
                 "mttf_low", "plot_correlation"):  # fmt: skip
        assert other[name] == pytest.approx(one[name], rel=1e-6), name
    for mine, theirs in zip(other["b_lives"], one["b_lives"], strict=True):
        assert mine["ci_low"] == pytest.approx(theirs["ci_low"], rel=1e-6)
    assert other["at_times"][0]["F_low"] == pytest.approx(one["at_times"][0]["F_low"], rel=1e-6)


def test_turnbull_of_right_censored_intervals_is_the_product_limit() -> None:
    """Inspections at the same times for all: Turnbull's estimate is the life-table one."""
    data = read_observations(None, None, None, [4, 5, 2, 99, 95, 95],
                             TUBES["lower"], TUBES["upper"])  # fmt: skip
    time, share = plot_points(data)
    assert time.tolist() == [1, 2, 3]
    one = 4 / 300
    two = 1 - (1 - one) * (1 - 5 / 197)
    three = 1 - (1 - two) * (1 - 2 / 97)
    assert share.tolist() == pytest.approx([one, two, three], rel=1e-6)


@settings(max_examples=15, deadline=None)
@given(
    factor=st.floats(0.01, 1000),
    distribution=st.sampled_from(["weibull", "lognormal", "gamma", "loglogistic", "normal"]),
)
def test_the_unit_of_time_does_not_matter(factor: float, distribution: str) -> None:
    plain = registry.execute(
        "life_distribution", {"time": SHOCK, "event": EVENT, "distribution": distribution}
    ).quantities
    scaled = registry.execute(
        "life_distribution",
        {"time": [t * factor for t in SHOCK], "event": EVENT, "distribution": distribution},
    ).quantities
    assert scaled["B10"] == pytest.approx(plain["B10"] * factor, rel=1e-5)
    assert scaled["b_lives"][0]["ci_high"] == pytest.approx(
        plain["b_lives"][0]["ci_high"] * factor, rel=1e-4
    )


def test_narrow_intervals_become_exact_times(run: Run) -> None:
    exact = run("life_distribution", time=SHOCK[:10])
    narrow = run(
        "life_distribution",
        lower=[t - 0.01 for t in SHOCK[:10]], upper=[t + 0.01 for t in SHOCK[:10]],
    )  # fmt: skip
    assert narrow["shape"] == pytest.approx(exact["shape"], rel=1e-6)


def test_left_censored_exponential(run: Run) -> None:
    """Quantal response: 12 of 40 had failed by 100: F(100) = 0.3."""
    fit = run(
        "life_distribution",
        lower=[None, 100], upper=[100, None], counts=[12, 28], distribution="exponential",
    )  # fmt: skip
    assert fit["scale"] == pytest.approx(-100 / math.log(0.7), rel=1e-8)
    assert (fit["left_censored"], fit["right_censored"]) == (12, 28)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "no times"),
        ({"time": [1, 2], "lower": [1], "upper": [2]}, "both given"),
        ({"time": [5, 6, 7], "event": [0, 0, 0]}, "none of 3 units"),
        ({"time": [5, 6, 7], "event": [1, 0, 0]}, "single failure"),
        ({"time": [5, 5, 5]}, "no spread"),
        ({"time": [0, 5, 5]}, "positive"),
        ({"lower": [1, None], "upper": [2]}, "same units"),
        ({"lower": [3, 1], "upper": [2, 4]}, "unit 1"),
        ({"lower": [None], "upper": [None]}, "unit 1"),
        ({"lower": [1, 2], "upper": [2, 3], "counts": [1]}, "counts"),
        ({"time": [1, 2, 3], "distribution": "weibull_3"}, "too few"),
        ({"time": SHOCK, "distribution": "gamma", "interval": "likelihood_ratio"}, "gamma"),
        ({"time": [1, 2, 4, 8, 16, 32, 64], "distribution": "weibull_3"}, "rises without end"),
        ({"time": [1, 2, float("nan")]}, "time 3"),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        registry.execute("life_distribution", arguments)
