"""Non-normal capability against scipy's fits, published tables and simulated truth."""

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
from havoc.tools.spc import anderson_darling, fitted_models, johnson
from havoc.tools.spc.fitted_models import FITS

Run = Callable[..., dict[str, Any]]
RUNOUT = [5.0, 6.0, 7.0, 9.0, 8.0, 6.0, 14.0, 22.0, 7.0, 8.0]
SKEWED = stats.weibull_min(1.7, scale=3).rvs(80, random_state=5)


def study(**arguments: Any) -> dict[str, Any]:
    return registry.execute("capability_nonnormal", arguments).quantities


PEERS: dict[str, Callable[[Any], Any]] = {
    "weibull": lambda x: stats.weibull_min(*stats.weibull_min.fit(x, floc=0)),
    "gamma": lambda x: stats.gamma(*stats.gamma.fit(x, floc=0)),
    "exponential": lambda x: stats.expon(scale=np.mean(x)),
    "largest_extreme_value": lambda x: stats.gumbel_r(*stats.gumbel_r.fit(x)),
    "lognormal": lambda x: stats.lognorm(
        np.std(np.log(x), ddof=1), scale=math.exp(np.mean(np.log(x)))
    ),
}


@pytest.mark.parametrize("name", list(PEERS))
def test_fits_percentiles_and_tails_agree_with_scipy(run: Run, name: str) -> None:
    law = PEERS[name](SKEWED)
    found = run("capability_nonnormal", data=SKEWED.tolist(), lsl=0.05, usl=12.0, method=name)
    low, median, high = law.ppf([0.00135, 0.5, 0.99865])
    assert (found["x_low"], found["x_median"], found["x_high"]) == pytest.approx(
        (low, median, high), rel=2e-4
    )
    assert found["Ppu"] == pytest.approx((12 - median) / (high - median), rel=5e-4)
    assert found["Ppl"] == pytest.approx((median - 0.05) / (median - low), rel=5e-4)
    assert found["Pp"] == pytest.approx(11.95 / (high - low), rel=5e-4)
    assert found["Ppk"] == min(found["Ppl"], found["Ppu"])
    assert found["ppm_above"] == pytest.approx(1e6 * law.sf(12), rel=2e-3)
    assert found["ppm_below"] == pytest.approx(1e6 * law.cdf(0.05), rel=2e-3, abs=1e-9)


def test_lambda_and_its_interval_agree_with_scipy(run: Run) -> None:
    found = run("capability_nonnormal", data=SKEWED.tolist(), usl=12.0, method="box_cox")
    transformed, best, (low, high) = stats.boxcox(SKEWED, alpha=0.05)
    assert found["lambda"] == pytest.approx(best, abs=1e-5)
    assert (found["lambda_low"], found["lambda_high"]) == pytest.approx((low, high), abs=1e-5)
    limit = (12**best - 1) / best
    ppu = (limit - transformed.mean()) / (3 * transformed.std(ddof=1))
    assert found["Ppu"] == found["Ppk"] == pytest.approx(ppu, rel=1e-5)
    assert found["ppm"] == pytest.approx(1e6 * stats.norm.sf(3 * ppu), rel=1e-3)
    assert found["Ppk_z"] == pytest.approx(ppu, rel=1e-5)


def test_a_lambda_of_zero_is_the_lognormal_distribution(run: Run) -> None:
    given_zero = run(
        "capability_nonnormal", data=SKEWED.tolist(), usl=12.0, method="box_cox", **{"lambda": 0}
    )
    lognormal = run("capability_nonnormal", data=SKEWED.tolist(), usl=12.0, method="lognormal")
    assert given_zero["Ppk_percentile"] == pytest.approx(lognormal["Ppk"])
    assert given_zero["ppm"] == pytest.approx(lognormal["ppm"])
    assert given_zero["anderson_darling"] == pytest.approx(lognormal["anderson_darling"])


@pytest.mark.parametrize(
    ("law", "family"),
    [
        (stats.johnsonsu(-1.2, 1.5, loc=2, scale=3), "SU"),
        (stats.johnsonsb(0.8, 1.1, loc=1, scale=5), "SB"),
    ],
)
def test_johnson_finds_the_family_and_its_parameters(law: Any, family: str) -> None:
    grid = (np.arange(1, 20_002) - 0.5) / 20_001
    curve = johnson.fit_johnson(law.ppf(grid))
    assert curve.family == family
    gamma, eta = law.args
    assert (curve.gamma, curve.eta) == pytest.approx((gamma, eta), rel=0.02)
    assert (curve.epsilon, curve.scale) == pytest.approx(
        (law.kwds["loc"], law.kwds["scale"]), rel=0.02
    )
    x = law.ppf([0.01, 0.5, 0.9])
    assert curve.backward(curve.forward(x)) == pytest.approx(x)
    step = 1e-6
    assert curve.slope(x) == pytest.approx(
        (curve.forward(x + step) - curve.forward(x - step)) / (2 * step), rel=1e-5
    )


def test_johnson_indices_are_on_the_transformed_scale(run: Run) -> None:
    found = run("capability_nonnormal", data=RUNOUT, lsl=2.0, usl=30.0, method="johnson")
    p = found["parameters"]
    assert found["distribution"] == "johnson_su"

    def forward(x: Any) -> Any:
        return p["gamma"] + p["eta"] * np.arcsinh((np.asarray(x) - p["epsilon"]) / p["lambda"])

    scores = forward(RUNOUT)
    assert found["Ppu"] == pytest.approx((forward(30) - scores.mean()) / (3 * scores.std(ddof=1)))
    assert found["Ppl"] == pytest.approx((scores.mean() - forward(2)) / (3 * scores.std(ddof=1)))


@pytest.mark.parametrize(
    ("name", "draw"),
    [
        ("weibull", lambda generator: generator.weibull(1.5, (400, 30))),
        ("largest_extreme_value", lambda generator: generator.gumbel(0, 1, (400, 30))),
        ("exponential", lambda generator: generator.exponential(1, (400, 30))),
        ("gamma", lambda generator: generator.gamma(2, 1, (400, 30))),
        ("lognormal", lambda generator: generator.lognormal(0, 1, (400, 30))),
    ],
)
def test_a_true_model_is_rejected_at_its_level(name: str, draw: Callable[[Any], Any]) -> None:
    rejected = 0
    for sample in np.sort(draw(np.random.default_rng(11)), axis=1):
        model = FITS[name](sample)
        a2 = anderson_darling.statistic(model.log_cdf(sample), model.log_sf(sample))
        shape = model.parameters.get("shape", 1.0)
        rejected += anderson_darling.p_value(model.goodness, a2, 30, shape) < 0.10
    # 40 of 400 are expected; four standard deviations are 24.
    assert 16 <= rejected <= 64


def test_the_statistic_agrees_with_scipy() -> None:
    model = fitted_models.fit_normal(np.sort(SKEWED))
    ordered = np.sort(SKEWED)
    a2 = anderson_darling.statistic(model.log_cdf(ordered), model.log_sf(ordered))
    peer = stats.goodness_of_fit(
        stats.norm,
        SKEWED,
        known_params={"loc": SKEWED.mean(), "scale": SKEWED.std(ddof=1)},
        statistic="ad",
        n_mc_samples=1,
    )
    assert a2 == pytest.approx(peer.statistic)


def test_normal_values_give_the_normal_index_by_every_route(run: Run) -> None:
    grid = (np.arange(1, 4001) - 0.5) / 4000
    values = stats.norm(20, 2).ppf(grid)
    reference = registry.execute("capability", {"data": values, "usl": 28.0, "lsl": 14.0})
    wanted = reference.quantities["Ppk"]
    for method in ("box_cox", "percentile", "johnson"):
        found = run("capability_nonnormal", data=values.tolist(), lsl=14.0, usl=28.0, method=method)
        assert found["Ppk"] == pytest.approx(wanted, rel=0.03), method


def test_auto_takes_the_first_that_fits_and_reports_all(run: Run) -> None:
    values = np.random.default_rng(4).weibull(1.2, 300) * 5
    found = run("capability_nonnormal", data=values.tolist(), usl=40.0)
    rows = {row["name"]: row for row in found["fits"]}
    assert list(rows)[:5] == list(PEERS_ORDER)
    assert rows["lognormal"]["fits"] is False
    assert found["distribution"] == "weibull"
    assert found["chosen_by"] == "auto"
    assert found["normal_p"] < 0.001
    assert found["other_fits"] >= 1
    assert found["other_Ppk_low"] <= found["other_Ppk_high"]


PEERS_ORDER = ("lognormal", "weibull", "gamma", "exponential", "largest_extreme_value")


def test_when_nothing_fits_it_is_said(run: Run) -> None:
    values = np.concatenate([np.random.default_rng(1).normal(m, 0.05, 150) for m in (1, 2, 9)])
    found = run("capability_nonnormal", data=values.tolist(), usl=12.0)
    assert found["fits_data"] is False
    assert not any(row.get("fits") for row in found["fits"])


def test_a_small_sample_has_no_percentiles(run: Run) -> None:
    found = run("capability_nonnormal", data=RUNOUT, lsl=1.0, usl=30.0, method="percentile")
    low, median, high = np.quantile(RUNOUT, [0.00135, 0.5, 0.99865])
    assert found["Ppk"] == pytest.approx(
        min((median - 1) / (median - low), (30 - median) / (high - median))
    )
    assert "capable" not in found
    large = run("capability_nonnormal", data=(RUNOUT * 100), lsl=1.0, usl=60.0, method="percentile")
    assert large["capable"] is True


def test_limits_outside_the_model(run: Run) -> None:
    below = run("capability_nonnormal", data=RUNOUT, lsl=-1.0, usl=30.0, method="weibull")
    assert below["ppm_below"] == 0
    boxed = run("capability_nonnormal", data=RUNOUT, lsl=-1.0, usl=30.0, method="box_cox")
    assert boxed["ppm_below"] == 0
    boundary = run(
        "capability_nonnormal", data=RUNOUT, lsl=0.0, usl=30.0, lower_boundary=True, method="gamma"
    )
    assert "Ppl" not in boundary
    beyond = run("capability_nonnormal", data=RUNOUT, usl=-5.0, method="weibull")
    assert beyond["fraction_out"] == pytest.approx(1.0)
    assert beyond["Ppk"] < 0


def test_zero_leaves_only_what_allows_zero(run: Run) -> None:
    found = run("capability_nonnormal", data=[0.0, 0.1, 0.4, 0.2, 0.9, 1.7, 0.3, 0.05], usl=5.0)
    reasons = {row["name"]: row.get("reason", "") for row in found["fits"]}
    for name in ("lognormal", "weibull", "gamma", "exponential", "box_cox"):
        assert "above zero" in reasons[name]
    assert found["distribution"] == "largest_extreme_value"


@given(
    st.lists(st.floats(0.1, 50), min_size=8, max_size=40).filter(lambda v: np.std(np.log(v)) > 0.1),
    st.floats(0.01, 100),
    st.sampled_from(["weibull", "lognormal", "gamma", "exponential", "box_cox"]),
)
@settings(max_examples=60, deadline=None)
def test_indices_do_not_depend_on_the_unit(values: list[float], scale: float, method: str) -> None:
    first = study(data=values, usl=60.0, method=method)
    second = study(data=[v * scale for v in values], usl=60.0 * scale, method=method)
    assert second["Ppk"] == pytest.approx(first["Ppk"], rel=1e-4, abs=1e-6)
    assert second["anderson_darling"] == pytest.approx(first["anderson_darling"], rel=1e-3)


def test_a_million_values() -> None:
    values = np.random.default_rng(0).lognormal(0, 0.5, 1_000_000)
    found = study(data=values, usl=8.0, method="lognormal")
    median, high = 1.0, math.exp(0.5 * 2.99998)
    assert found["Ppk"] == pytest.approx((8 - median) / (high - median), rel=0.01)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"data": [1.0, 2.0], "usl": 3.0}, "at least 3"),
        ({"data": [], "usl": 3.0}, "at least 3"),
        ({"data": [2.0] * 9, "usl": 3.0}, "all 9 values equal"),
        ({"data": [1.0, 2.0, float("nan")], "usl": 3.0}, "not a finite"),
        ({"data": RUNOUT}, "no specification limit"),
        ({"data": RUNOUT, "lsl": 9.0, "usl": 3.0}, "not below"),
        (
            {"data": [0.8, 0.9, -0.2, 1.1], "usl": 2.0, "method": "box_cox"},
            "smallest value is -0.2",
        ),
        ({"data": [0.8, 0.9, -0.2, 1.1], "usl": 2.0, "method": "exponential"}, "above zero"),
        ({"data": [0.8, 0.9, 0.2, 1.1], "usl": 2.0, "method": "johnson"}, "needs 6"),
        ({"data": [1.0] * 20 + [2.0], "usl": 3.0, "method": "johnson"}, "no curve"),
        ({"data": RUNOUT, "usl": 30.0, "method": "cauchy"}, "method"),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        study(**arguments)
