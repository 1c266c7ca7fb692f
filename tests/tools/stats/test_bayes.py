"""Posteriors of means and proportions: against scipy, simulation, and what symmetry demands."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from havoc.errors import InputError
from havoc.tools import registry
from havoc.tools.stats.bayes_means import Difference, ScaledT, jzs_effect
from havoc.tools.stats.beta_posterior import Beta, DifferenceOfProportions

A = [4.81, 4.17, 4.41, 3.59, 5.87, 3.83, 6.03, 4.89, 4.32, 4.69]
B = [6.31, 5.12, 5.54, 5.50, 5.37, 5.29, 4.92, 6.15, 5.80, 5.26]


def means(**arguments: Any) -> dict[str, Any]:
    return registry.execute("bayes_two_sample", arguments).to_json()


def shares(**arguments: Any) -> dict[str, Any]:
    return registry.execute("bayes_proportions", arguments).to_json()


# means ---------------------------------------------------------------------------------


def test_with_one_variance_the_reference_posterior_is_the_t_interval() -> None:
    found = means(group1=A, group2=B, equal_var=True)
    peer = stats.ttest_ind(A, B).confidence_interval()
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((peer.low, peer.high), rel=1e-9)
    # P(A above B) is the one-sided p-value of the test that it is below.
    assert found["probability_greater"] == pytest.approx(
        stats.ttest_ind(A, B, alternative="less").pvalue
    )


def test_pairs_are_the_one_sample_t_interval() -> None:
    found = means(group1=A, group2=B, paired=True)
    peer = stats.ttest_rel(A, B).confidence_interval()
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((peer.low, peer.high), rel=1e-9)


@pytest.mark.parametrize(("first", "second"), [(1.0, 2.0), (3.0, 8.0), (40.0, 2.5), (200.0, 150.0)])
def test_the_difference_of_two_t_by_quadrature(first: float, second: float) -> None:
    posterior = Difference(
        ScaledT(center=1.0, scale=0.5, df=first), ScaledT(center=0.2, scale=1.5, df=second)
    )
    for value in (-4.0, 0.0, 0.8, 3.0):
        peer = integrate.quad(
            lambda z, value=value: (
                stats.t.cdf((value + 0.2 + 1.5 * z - 1) / 0.5, first) * stats.t.pdf(z, second)
            ),
            -np.inf,
            np.inf,
            epsabs=1e-11,
            limit=500,
        )[0]
        assert posterior.at_most(value) == pytest.approx(peer, abs=1e-8)
    low, high = posterior.interval(0.9)
    assert posterior.at_most(high) - posterior.at_most(low) == pytest.approx(0.9, abs=1e-9)


@pytest.mark.parametrize(
    ("t", "df", "size"), [(0.0, 9, 10), (2.5, 18, 5), (-3, 60, 15.5), (15, 8, 9), (1.0, 1, 2)]
)
def test_the_effect_by_noncentral_t_of_scipy(t: float, df: float, size: float) -> None:
    found = jzs_effect(t, df, size, 0.7, 0.95)

    def product(effect: float) -> float:
        log_ratio = stats.nct.logpdf(t, df, effect * math.sqrt(size)) - stats.t.logpdf(t, df)
        return math.exp(log_ratio) * stats.cauchy.pdf(effect, scale=0.7)

    center = t / math.sqrt(size)
    width = 12 * math.sqrt(1 / size + center**2 / (2 * df))
    whole = integrate.quad(product, center - width, center + width, points=[center], limit=400)[0]
    assert found.log_bayes_factor == pytest.approx(math.log(whole), abs=2e-3)
    inside = integrate.quad(product, *found.equal_tailed, limit=400)[0]
    assert inside / whole == pytest.approx(0.95, abs=2e-3)
    low, high = found.highest_density
    assert product(low) == pytest.approx(product(high), rel=1e-3)
    assert high - low <= found.equal_tailed[1] - found.equal_tailed[0] + 1e-9


@settings(max_examples=5, deadline=None)
@given(st.floats(-50, 50), st.floats(0.1, 20))
def test_shift_and_scale_of_the_unit(shift: float, scale: float) -> None:
    base = means(group1=A, group2=B, prior="weakly_informative")
    moved = means(
        group1=[shift + scale * value for value in A],
        group2=[shift + scale * value for value in B],
        prior="weakly_informative",
    )
    assert moved["difference"] == pytest.approx(scale * base["difference"], rel=1e-6)
    assert moved["probability_greater"] == pytest.approx(base["probability_greater"], rel=1e-5)
    assert moved["log_bayes_factor"] == pytest.approx(base["log_bayes_factor"], rel=1e-6)


def test_exchanging_the_groups_turns_everything_round() -> None:
    one, other = means(group1=A, group2=B), means(group1=B, group2=A)
    assert one["difference"] == pytest.approx(-other["difference"])
    assert one["ci_low"] == pytest.approx(-other["ci_high"])
    assert one["probability_greater"] == pytest.approx(other["probability_less"])
    assert one["effect_low"] == pytest.approx(-other["effect_high"], abs=1e-5)


def test_a_prior_of_no_worth_is_near_the_reference_and_a_strong_one_decides() -> None:
    reference = means(group1=A, group2=B)
    strong = means(group1=A, group2=B, prior="weakly_informative", prior_n=1000.0, prior_mean=5.0)
    assert abs(strong["difference"]) < 0.02 * abs(reference["difference"])
    weak = means(group1=A, group2=B, prior="weakly_informative")
    assert abs(weak["difference"]) == pytest.approx(0.865 * 10 / 11)


def test_summaries_do_as_well_as_values() -> None:
    given = [{"n": 10, "mean": float(np.mean(v)), "sd": float(np.std(v, ddof=1))} for v in (A, B)]
    assert means(group1=given[0], group2=given[1])["ci_low"] == pytest.approx(
        means(group1=A, group2=B)["ci_low"]
    )


def test_rope_probabilities_add_up_and_decide() -> None:
    found = means(group1=A, group2=B, rope=0.1)
    total = found["rope_below"] + found["rope_inside"] + found["rope_above"]
    assert total == pytest.approx(1.0)
    assert found["rope_decision"] == "different by more than the margin"
    assert means(group1=A, group2=B, rope=5.0)["rope_decision"] == "practically equivalent"
    assert means(group1=A, group2=B, rope=0.5)["rope_decision"] == "undecided"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"group1": [1.0], "group2": [2.0, 3.0]}, "at least 2"),
        ({"group1": [1.0, 1.0], "group2": [2.0, 2.0]}, "no variation"),
        ({"group1": [1.0, 1.0], "group2": [2.0, 3.0]}, "one group is constant"),
        ({"group1": [1.0, 2.0], "group2": [2.0, 3.0], "paired": True}, "differences are equal"),
        ({"group1": A, "group2": B[:-1], "paired": True}, "partner"),
        ({"group1": A, "group2": [math.nan, 1.0]}, "finite"),
        ({"group1": A, "group2": B, "rope_low": 1.0}, "both ends"),
        ({"group1": A, "group2": B, "rope_low": 1.0, "rope_high": 0.0}, "not below"),
        ({"group1": A, "group2": B, "prior_mean": 4.0}, "reference prior has no mean"),
        ({"group1": {"n": 5, "mean": 1.0, "sd": 1.0}, "group2": A, "paired": True}, "values"),
    ],
)
def test_bad_groups_are_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        means(**arguments)


# proportions -----------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 30), st.integers(0, 30), st.integers(0, 30), st.integers(0, 30),
    st.sampled_from([0.5, 1.0]),
)  # fmt: skip
def test_probability_by_the_sum_of_whole_numbers(
    x1: int, y1: int, x2: int, y2: int, prior: float
) -> None:
    """P(p1 > p2) has a closed sum where the shapes of the second are whole (uniform prior)."""
    first, second = Beta(a=x1 + prior, b=y1 + prior), Beta(a=x2 + 1.0, b=y2 + 1.0)
    found = DifferenceOfProportions(second, first).at_most(0.0)
    # P(p2 <= p1) = 1 - sum over k < a2 of E[C(n, k) p1^k (1 - p1)^(n - k)], n = a2 + b2 - 1.
    from scipy import special

    n = x2 + y2 + 1
    total = sum(
        math.exp(
            special.gammaln(n + 1)
            - special.gammaln(k + 1)
            - special.gammaln(n - k + 1)
            + special.betaln(first.a + k, first.b + n - k)
            - special.betaln(first.a, first.b)
        )
        for k in range(x2 + 1)
    )
    assert found == pytest.approx(1 - total, abs=1e-7)


def test_the_difference_by_simulation() -> None:
    generator = np.random.default_rng(1)
    first, second = generator.beta(2.5, 18.5, 400_000), generator.beta(7.5, 23.5, 400_000)
    found = shares(successes1=2, trials1=20, successes2=7, trials2=30)
    difference = first - second
    assert found["probability_greater"] == pytest.approx(np.mean(difference > 0), abs=0.003)
    low, high = np.quantile(difference, [0.025, 0.975])
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((low, high), abs=0.003)
    assert found["posterior_sd"] == pytest.approx(difference.std(), abs=1e-3)
    assert found["hdi_high"] - found["hdi_low"] <= found["ci_high"] - found["ci_low"]


def test_large_counts_are_normal() -> None:
    found = shares(successes1=250_000, trials1=1_000_000, successes2=251_000, trials2=1_000_000)
    z = -0.001 / math.sqrt(0.25 * 0.75 / 1e6 + 0.251 * 0.749 / 1e6)
    assert found["probability_greater"] == pytest.approx(stats.norm.cdf(z), rel=2e-3)


def test_one_proportion_is_the_jeffreys_interval() -> None:
    found = shares(successes1=3, trials1=20, p0=0.1)
    interval = registry.execute(
        "confidence_interval", {"successes": 3, "trials": 20, "kind": "jeffreys"}
    ).to_json()
    assert found["ci_low"] == pytest.approx(interval["ci_low"])
    assert found["probability_greater"] == pytest.approx(stats.beta.sf(0.1, 3.5, 17.5))
    posterior = stats.beta(3.5, 17.5)
    assert posterior.pdf(found["hdi_low"]) == pytest.approx(
        posterior.pdf(found["hdi_high"]), rel=1e-4
    )


def test_nothing_found_has_its_highest_density_at_zero() -> None:
    found = shares(successes1=0, trials1=30)
    assert found["hdi_low"] == 0.0
    assert stats.beta.cdf(found["hdi_high"], 0.5, 30.5) == pytest.approx(0.95)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"successes1": 5, "trials1": 4}, "successes"),
        ({"successes1": 1, "trials1": 4, "successes2": 1}, "both"),
        ({"successes1": 1, "trials1": 4, "rope": 0.1}, "rope"),
        (
            {"successes1": 1, "trials1": 4, "successes2": 1, "trials2": 9, "p0": 0.1},
            "one proportion",
        ),
        ({"successes1": 1, "trials1": 4, "prior_a": 1.0}, "both shapes"),
        ({"successes1": 1, "trials1": 4, "prior_a": 1e-9, "prior_b": 1.0}, "outside"),
        ({"successes1": 1, "trials1": 4, "confidence": 1.5}, "confidence"),
    ],
)
def test_bad_counts_are_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        shares(**arguments)


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("bayes_two_sample", {"group1": A, "group2": B}),
        ("bayes_two_sample", {"group1": A, "group2": B, "paired": True}),
        ("bayes_proportions", {"successes1": 3, "trials1": 20}),
        ("bayes_proportions", {"successes1": 0, "trials1": 20, "successes2": 9, "trials2": 9}),
    ],
)
def test_figures_are_recomputed(operation: str, arguments: dict[str, Any]) -> None:
    outcome = registry.execute(operation, arguments).outcome
    checks = registry.get(operation).verify(outcome, arguments)
    assert checks and all(check.agrees for check in checks)
