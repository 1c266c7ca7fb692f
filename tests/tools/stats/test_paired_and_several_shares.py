"""McNemar, several proportions with trend, Mood's medians, Bonett, Hsu: against peers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from havoc.errors import InputError
from havoc.tools import registry
from havoc.tools.stats import bonett

ODD = [3.1, 2.7, 4.9, 3.3, 8.8, 2.9, 3.5, 4.1, 2.2, 3.8, 6.4]


def run(operation: str, **arguments: Any) -> dict[str, Any]:
    return registry.execute(operation, arguments).to_json()


# McNemar ------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(*[st.integers(0, 60)] * 4)
def test_mcnemar_agrees_with_statsmodels(a: int, b: int, c: int, d: int) -> None:
    from statsmodels.stats.contingency_tables import mcnemar as peer

    if b + c == 0:
        return
    found = run("mcnemar", table=[[a, b], [c, d]])
    assert found["p_exact"] == pytest.approx(peer([[a, b], [c, d]], exact=True).pvalue)
    plain = peer([[a, b], [c, d]], exact=False, correction=False)
    assert (found["chi2"], found["p_chi2"]) == pytest.approx((plain.statistic, plain.pvalue))
    if b != c:
        corrected = peer([[a, b], [c, d]], exact=False, correction=True)
        assert found["chi2_corrected"] == pytest.approx(corrected.statistic)
        assert found["p_corrected"] == pytest.approx(corrected.pvalue)
    assert found["p_mid"] <= found["p_exact"] + 1e-12


def test_mcnemar_mid_p_by_hand() -> None:
    # Fagerland, Lydersen and Laake: twice the tail less the probability of the count itself.
    found = run("mcnemar", first_only=1, second_only=7, method="mid_p")
    tail = stats.binom.cdf(1, 8, 0.5)
    assert found["p_value"] == pytest.approx(2 * tail - stats.binom.pmf(1, 8, 0.5))


def test_mcnemar_interval_of_the_difference() -> None:
    # Bonett and Price (2012): (b + 1, c + 1) of n + 2.
    found = run("mcnemar", table=[[20, 14], [5, 11]])
    p12, p21 = 15 / 52, 6 / 52
    margin = 1.959963985 * math.sqrt((p12 + p21 - (p12 - p21) ** 2) / 52)
    assert found["ci_low"] == pytest.approx(p12 - p21 - margin)
    assert found["ci_high"] == pytest.approx(p12 - p21 + margin)


def test_mcnemar_one_sided_and_turned_round() -> None:
    up = run("mcnemar", first_only=14, second_only=5, alternative="greater")
    down = run("mcnemar", first_only=5, second_only=14, alternative="less")
    assert up["p_value"] == pytest.approx(down["p_value"])
    assert up["p_value"] == pytest.approx(stats.binomtest(14, 19, alternative="greater").pvalue)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "give either"),
        ({"first_only": 3}, "give either"),
        ({"table": [[5, 0], [0, 6]]}, "no pair differs"),
        ({"table": [[5, 1, 1], [2, 6, 1]]}, "two by two"),
        ({"table": [[5, -1], [2, 6]]}, "0.0"),
        ({"table": [[5, 1.5], [2, 6]]}, "whole"),
        ({"first_only": -1, "second_only": 4}, "0"),
    ],
)
def test_bad_pairs_are_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        run("mcnemar", **arguments)


# several proportions ------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 40)), min_size=2, max_size=6))
def test_several_proportions_agree_with_the_table(pairs: list[tuple[int, int]]) -> None:
    trials = [x + y for x, y in pairs]
    successes = [x for x, _ in pairs]
    if sum(successes) == 0:
        return
    found = run("proportions_k", successes=successes, trials=trials, trend=True)
    peer = stats.chi2_contingency(np.asarray([(x, y) for x, y in pairs]).T, correction=False)
    assert found["chi2"] == pytest.approx(peer.statistic, abs=1e-9)
    assert found["p_any"] == pytest.approx(peer.pvalue)
    # The trend is the correlation of score and outcome: chi2 = n r^2.
    score = np.repeat(np.arange(1, len(pairs) + 1), trials)
    outcome = np.concatenate([np.repeat([1, 0], [x, y]) for x, y in pairs])
    r = np.corrcoef(score, outcome)[0, 1]
    assert found["trend_chi2"] == pytest.approx(len(score) * r * r, abs=1e-8)


def test_two_groups_are_the_z_test() -> None:
    several = run("proportions_k", successes=[12, 25], trials=[80, 90])
    two = run("proportion_two", successes1=12, trials1=80, successes2=25, trials2=90)
    assert several["p_value"] == pytest.approx(two["p_value"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"successes": [1, 2], "trials": [3]}, "2 successes but 1"),
        ({"successes": [1], "trials": [3]}, "1 groups"),
        ({"successes": [1, 5], "trials": [3, 4]}, "successes of"),
        ({"successes": [0, 0], "trials": [3, 4]}, "same extreme"),
        ({"successes": [3, 4], "trials": [3, 4]}, "same extreme"),
        ({"successes": [1, 2], "trials": [3, 4], "scores": [1, 1]}, "differ"),
        ({"successes": [1, 2], "trials": [3, 4], "scores": [1]}, "1 scores"),
        ({"successes": [1, 2], "trials": [3, 4], "names": ["a"]}, "1 names"),
    ],
)
def test_bad_proportions_are_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        run("proportions_k", **arguments)


# medians ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ties", "peer"), [("below", "below"), ("above", "above"), ("leave_out", "ignore")]
)
def test_mood_agrees_with_scipy(ties: str, peer: str) -> None:
    generator = np.random.default_rng(4)
    groups = {name: generator.integers(0, 9, 14).astype(float) for name in "abc"}
    found = run("mood_median", groups={k: v.tolist() for k, v in groups.items()}, ties=ties)
    expected = stats.median_test(*groups.values(), ties=peer, correction=False)
    assert (found["chi2"], found["p_value"]) == pytest.approx((expected.statistic, expected.pvalue))
    assert found["overall_median"] == expected.median


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"groups": {"a": ODD}}, "at least 2"),
        ({"groups": {"a": ODD, "b": []}}, "at least 1"),
        ({"groups": {"a": [1.0, 1.0], "b": [1.0, 1.0]}}, "no value lies above"),
        (
            {"groups": {"a": [2.0, 2.0], "b": [1.0, 2.0, 3.0]}, "ties": "leave_out"},
            "only values equal",
        ),
        ({"groups": {"a": ODD, "b": [math.nan]}}, "not a finite"),
    ],
)
def test_bad_medians_are_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        run("mood_median", **arguments)


# Bonett -------------------------------------------------------------------------------


def test_bonett_is_near_chi_square_for_many_normal_values() -> None:
    sample = stats.norm.ppf((np.arange(2000) + 0.5) / 2000)
    low, high = bonett.one_sample(sample, 0.025) or (0, 0)
    chi = np.sqrt(1999 * sample.var(ddof=1) / stats.chi2.ppf([0.975, 0.025], 1999))
    assert (low, high) == pytest.approx(tuple(chi), rel=5e-3)


def test_bonett_turned_round_is_the_reciprocal() -> None:
    first, second = np.asarray(ODD), np.asarray([5.0, 5.2, 4.7, 5.5, 5.1, 4.9, 5.3])
    one, other = bonett.two_samples(first, second, 0.05), bonett.two_samples(second, first, 0.05)
    assert one is not None and other is not None
    assert one[0] == pytest.approx(other[0])
    assert one[1][0] == pytest.approx(1 / other[1][1])


def test_bonett_decides_as_its_interval() -> None:
    first, second = np.asarray(ODD), np.asarray([5.0, 5.2, 4.7, 5.5, 5.1, 4.9, 5.3])
    p_value, _ = bonett.two_samples(first, second, 0.05) or (1.0, (0, 0))
    _, (low, _) = bonett.two_samples(first, second, p_value) or (1.0, (0, 0))
    assert low == pytest.approx(1.0, abs=1e-6)


def test_bonett_needs_values() -> None:
    with pytest.raises(InputError, match="two groups"):
        run("equal_variance", groups={"a": ODD, "b": ODD, "c": ODD}, method="bonett")
    with pytest.raises(InputError, match="needs the values"):
        run(
            "equal_variance",
            group1={"n": 9, "mean": 0.0, "sd": 1.0},
            group2={"n": 9, "mean": 0.0, "sd": 2.0},
            method="bonett",
        )
    with pytest.raises(InputError, match="cannot be computed"):
        run("equal_variance", group1=[1.0, 2.0, 4.0], group2=[1.0, 3.0, 4.0], method="bonett")


# comparisons with the best ------------------------------------------------------------


def test_hsu_turned_round_by_the_sign_of_the_values() -> None:
    groups = {"a": [1.0, 2.0, 3.5], "b": [2.0, 3.0, 4.1], "c": [6.0, 7.5, 8.0]}
    turned = {name: [-value for value in values] for name, values in groups.items()}
    largest = run("multiple_comparison", groups=groups, method="hsu_mcb")
    smallest = run("multiple_comparison", groups=turned, method="hsu_mcb", best="smallest")
    assert largest["best_candidates"] == smallest["best_candidates"] == ["c"]
    for one, other in zip(largest["comparisons"], smallest["comparisons"], strict=True):
        assert one["ci_low"] == pytest.approx(-other["ci_high"], abs=1e-12)
        assert one["p_adjusted"] == pytest.approx(other["p_adjusted"])


def test_hsu_with_two_groups_is_the_one_sided_t_test() -> None:
    first, second = [1.0, 2.0, 3.5, 2.2], [2.0, 3.0, 4.1, 3.9]
    found = run("multiple_comparison", groups={"a": first, "b": second}, method="hsu_mcb")
    peer = stats.ttest_ind(first, second, alternative="less").pvalue
    assert found["comparisons"][0]["p_adjusted"] == pytest.approx(peer, rel=1e-6)


def test_scheffe_of_two_groups_is_the_t_test() -> None:
    first, second = [1.0, 2.0, 3.5, 2.2], [2.0, 3.0, 4.1, 3.9]
    found = run("multiple_comparison", groups={"a": first, "b": second}, method="scheffe")
    assert found["comparisons"][0]["p_adjusted"] == pytest.approx(
        stats.ttest_ind(first, second).pvalue
    )


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("mcnemar", {"table": [[20, 14], [5, 11]]}),
        ("mood_median", {"groups": {"a": ODD, "b": [value + 2 for value in ODD]}}),
        ("proportions_k", {"successes": [3, 9, 4], "trials": [30, 40, 35]}),
    ],
)
def test_figures_are_recomputed(operation: str, arguments: dict[str, Any]) -> None:
    outcome = registry.execute(operation, arguments).outcome
    checks = registry.get(operation).verify(outcome, arguments)
    assert checks and all(check.agrees for check in checks)
