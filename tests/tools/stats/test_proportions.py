"""Proportions and event rates against R, statsmodels, scipy and published examples."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint
from statsmodels.stats.rates import confint_poisson

from havoc.errors import InputError
from havoc.tools import registry

CASES = Path(__file__).parents[2] / "reference" / "cases"
ALTERNATIVES = ["two_sided", "less", "greater"]


def run(operation: str, **arguments: Any) -> dict[str, Any]:
    return registry.execute(operation, arguments).quantities


def test_handbook_wafers_agree_with_r() -> None:
    case = json.loads((CASES / "binom-handbook.json").read_text())
    found = run("proportion_one", successes=26, trials=200, p0=0.1, alternative="greater")
    for quantity, expected in case["expected"].items():
        assert found[quantity] == pytest.approx(expected["value"], rel=1e-9), quantity


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_exact_test_agrees_with_scipy(data: st.DataObject) -> None:
    trials = data.draw(st.integers(1, 400))
    successes = data.draw(st.integers(0, trials))
    p0 = data.draw(st.sampled_from([0.01, 0.1, 0.25, 0.5, 0.73]))
    alternative = data.draw(st.sampled_from(ALTERNATIVES))
    found = run(
        "proportion_one", successes=successes, trials=trials, p0=p0, alternative=alternative
    )
    peer = stats.binomtest(successes, trials, p0, alternative.replace("_", "-"))
    assert found["exact_p_value"] == pytest.approx(peer.pvalue, rel=1e-8)
    interval = peer.proportion_ci(0.95)
    assert found["ci_low"] == pytest.approx(interval.low, abs=1e-9)
    assert found["ci_high"] == pytest.approx(interval.high, abs=1e-9)
    score = peer.proportion_ci(0.95, method="wilson")
    assert found["wilson_low"] == pytest.approx(score.low, abs=1e-9)
    assert found["wilson_high"] == pytest.approx(score.high, abs=1e-9)


def test_zero_failures_give_the_one_sided_limit() -> None:
    found = run("proportion_one", successes=0, trials=299)
    assert found["upper"] == pytest.approx(1 - 0.05 ** (1 / 299), rel=1e-12)
    assert "p_value" not in found
    low, high = proportion_confint(0, 299, method="beta")
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((low, high))


def test_large_numbers_are_fast_and_exact() -> None:
    found = run("proportion_one", successes=100_400, trials=1_000_000, p0=0.1)
    assert found["exact_p_value"] == pytest.approx(
        stats.binomtest(100_400, 1_000_000, 0.1).pvalue, rel=1e-6
    )


def test_two_proportions_agree_with_the_reference_question() -> None:
    found = run("proportion_two", successes1=12, trials1=250, successes2=6, trials2=260)
    assert found["z"] == pytest.approx(1.5248412090921435, rel=1e-12)
    assert found["p_value"] == pytest.approx(0.12729870860490977, rel=1e-12)
    assert found["fisher_p_value"] == pytest.approx(
        stats.fisher_exact([[12, 238], [6, 254]]).pvalue
    )


def test_newcombe_interval_of_the_published_examples() -> None:
    # Newcombe (1998) table II, method 10: 56/70 against 48/80, and 10/10 against 0/20.
    found = run("proportion_two", successes1=56, trials1=70, successes2=48, trials2=80)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    extreme = run("proportion_two", successes1=10, trials1=10, successes2=0, trials2=20)
    assert (extreme["ci_low"], extreme["ci_high"]) == pytest.approx((0.6791, 1.0), abs=5e-5)
    low, high = confint_proportions_2indep(56, 70, 48, 80, method="newcomb", compare="diff")
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((low, high))


def test_ratios_agree_with_statsmodels() -> None:
    from statsmodels.stats.contingency_tables import Table2x2

    found = run("proportion_two", successes1=31, trials1=400, successes2=12, trials2=380)
    peer = Table2x2([[31, 369], [12, 368]])
    assert found["odds_ratio"] == pytest.approx(peer.oddsratio)
    assert (found["odds_ratio_low"], found["odds_ratio_high"]) == pytest.approx(
        peer.oddsratio_confint()
    )
    assert found["risk_ratio"] == pytest.approx(peer.riskratio)
    assert (found["risk_ratio_low"], found["risk_ratio_high"]) == pytest.approx(
        peer.riskratio_confint()
    )


def test_no_successes_anywhere() -> None:
    found = run("proportion_two", successes1=0, trials1=25, successes2=0, trials2=26)
    assert found["p_value"] == 1.0
    assert "risk_ratio" not in found


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("proportion_one", {"successes": 5, "trials": 4}),
        ("proportion_one", {"successes": 1, "trials": 0}),
        ("proportion_one", {"successes": -1, "trials": 4}),
        ("proportion_one", {"successes": 1, "trials": 4, "p0": 1.0}),
        ("proportion_one", {"successes": 1, "trials": 4, "alpha": 0}),
        ("proportion_two", {"successes1": 1, "trials1": 4, "successes2": 5, "trials2": 4}),
        ("poisson_rate", {}),
        ("poisson_rate", {"count": 3, "exposure": 0}),
        ("poisson_rate", {"count": -1}),
        ("poisson_rate", {"count": 3, "rate0": -1.0}),
        ("poisson_rate", {"count1": 3}),
        ("poisson_rate", {"count": 3, "count1": 3, "count2": 4}),
    ],
)
def test_bad_input_is_refused(operation: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        run(operation, **arguments)


def test_rate_agrees_with_r() -> None:
    # R poisson.test(137, 24.19893): rate 5.661407, interval 4.753125 to 6.692709, p < 2.2e-16.
    found = run("poisson_rate", count=137, exposure=24.19893, rate0=1.0)
    assert found["rate"] == pytest.approx(5.661407, rel=1e-6)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((4.753125, 6.692709), rel=1e-6)
    assert found["p_value"] < 2.2e-16


def test_two_rates_agree_with_r() -> None:
    # R poisson.test(c(11, 6 + 8 + 7), c(800, 1083 + 1050 + 878)):
    # ratio 1.971488, interval 0.8584264 to 4.277205 (published: p 0.07967).
    found = run("poisson_rate", count1=11, exposure1=800, count2=21, exposure2=3011)
    assert found["p_value"] == pytest.approx(0.07967, abs=5e-6)
    assert found["rate_ratio"] == pytest.approx(1.971488, rel=1e-6)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((0.8584264, 4.277205), rel=1e-4)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 300), st.floats(0.1, 200), st.sampled_from(ALTERNATIVES))
def test_exact_rate_test_sums_the_distribution(
    count: int, expected: float, alternative: str
) -> None:
    found = run("poisson_rate", count=count, rate0=expected, alternative=alternative)
    chance = stats.poisson.pmf(range(1200), expected)
    if alternative == "less":
        direct = chance[: count + 1].sum()
    elif alternative == "greater":
        direct = chance[count:].sum()
    else:
        direct = chance[chance <= chance[count] * (1 + 1e-7)].sum()
    assert found["p_value"] == pytest.approx(min(direct, 1.0), rel=1e-6, abs=1e-13)


def test_rate_interval_agrees_with_statsmodels() -> None:
    low, high = confint_poisson(31, 25, method="exact-c")
    found = run("poisson_rate", count=31, exposure=25)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((low, high))
    none = run("poisson_rate", count=0, exposure=100)
    assert none["ci_low"] == 0
    assert none["upper"] == pytest.approx(-math.log(0.05) / 100)


def test_no_event_at_all() -> None:
    found = run("poisson_rate", count1=0, exposure1=10, count2=0, exposure2=20)
    assert found["p_value"] == 1.0
    one_empty = run("poisson_rate", count1=4, exposure1=10, count2=0, exposure2=20)
    assert one_empty["ci_high"] == math.inf
    assert "rate_ratio" not in one_empty
