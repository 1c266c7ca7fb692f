"""Rank and sign tests against R, scipy, published examples and each other."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from effort import processor_seconds
from havoc.errors import InputError
from havoc.tools import registry
from havoc.tools.stats import rank_inputs

CASES = Path(__file__).parents[2] / "reference" / "cases"
ALTERNATIVES = ["two_sided", "less", "greater"]
# Hollander and Wolfe (1973): permeability of membranes, and depression scores.
AT_TERM = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
EARLY = [1.15, 0.88, 0.90, 0.74, 1.21]


def run(operation: str, **arguments: Any) -> dict[str, Any]:
    return registry.execute(operation, arguments).quantities


def case(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((CASES / f"{name}.json").read_text())
    return content


def test_membranes_agree_with_r() -> None:
    # R wilcox.test(x, y, alternative = "g"): W = 35, p = 0.1272; two-sided estimate 0.305.
    found = run("mann_whitney", group1=AT_TERM, group2=EARLY, alternative="greater")
    assert found["U"] == 35
    assert found["p_value"] == pytest.approx(0.1272, abs=5e-5)
    assert found["shift"] == pytest.approx(0.305)
    assert found["ci_high"] == math.inf


def test_interval_covers_what_the_test_keeps() -> None:
    # Shifts inside the interval are not rejected, shifts outside are.
    found = run("mann_whitney", group1=AT_TERM, group2=EARLY)
    for shift, kept in (
        (found["ci_low"] + 1e-6, True),
        (found["ci_high"] - 1e-6, True),
        (found["ci_low"] - 1e-6, False),
        (found["ci_high"] + 1e-6, False),
    ):
        moved = [value - shift for value in AT_TERM]
        assert (run("mann_whitney", group1=moved, group2=EARLY)["p_value"] > 0.05) == kept


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 30), min_size=2, max_size=12),
    st.lists(st.integers(0, 30), min_size=2, max_size=12),
    st.sampled_from(ALTERNATIVES),
)
def test_mann_whitney_agrees_with_scipy(x: list[int], y: list[int], alternative: str) -> None:
    if len(set(x + y)) == 1:
        return
    found = run("mann_whitney", group1=x, group2=y, alternative=alternative)
    tied = len(set(x + y)) < len(x + y)
    assert found["exact"] == (not tied)
    peer = stats.mannwhitneyu(
        x,
        y,
        alternative=alternative.replace("_", "-"),
        method="asymptotic" if tied else "exact",
    )
    assert found["U"] == peer.statistic
    assert found["p_value"] == pytest.approx(peer.pvalue, rel=1e-9)
    swapped = run("mann_whitney", group1=y, group2=x)
    assert swapped["shift"] == pytest.approx(-found["shift"], abs=1e-9)
    assert swapped["rank_biserial"] == pytest.approx(-found["rank_biserial"], abs=1e-12)


def test_exact_distributions_count_all_orders() -> None:
    counts = np.zeros(13)
    for chosen in itertools.combinations(range(7), 3):
        counts[sum(chosen) - 3] += 1
    assert rank_inputs.rank_sum_distribution(3, 4) == pytest.approx(counts / counts.sum())
    ways = np.zeros(16)
    for signs in itertools.product([0, 1], repeat=5):
        ways[sum(rank * sign for rank, sign in zip(range(1, 6), signs, strict=True))] += 1
    assert rank_inputs.signed_rank_distribution(5) == pytest.approx(ways / 32)
    assert rank_inputs.rank_sum_distribution(49, 49).sum() == pytest.approx(1, abs=1e-12)


def test_estimates_of_large_samples_agree_with_the_listed_pairs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(5)
    x, y = rng.normal(0.3, 1, 300), rng.normal(0, 1, 250)
    listed = [run("mann_whitney", group1=x, group2=y), run("wilcoxon_signed_rank", data=x)]
    monkeypatch.setattr(rank_inputs, "MOST_PAIRS", 10)
    found = [run("mann_whitney", group1=x, group2=y), run("wilcoxon_signed_rank", data=x)]
    for quantity in ("shift", "ci_low", "ci_high"):
        assert found[0][quantity] == pytest.approx(listed[0][quantity], abs=2e-4)
    for quantity in ("pseudo_median", "ci_low", "ci_high"):
        assert found[1][quantity] == pytest.approx(listed[1][quantity], abs=2e-4)


def test_two_hundred_thousand_values() -> None:
    rng = np.random.default_rng(5)
    first, second = rng.normal(size=100_000), rng.normal(size=100_000)
    with processor_seconds(20):
        found = run("mann_whitney", group1=first, group2=second)
    assert abs(found["shift"]) < 0.02


def test_depression_scores_agree_with_r() -> None:
    content = case("wilcoxon-depression")
    found = run(
        "wilcoxon_signed_rank",
        group1=content["data"]["before"],
        group2=content["data"]["after"],
        alternative="greater",
    )
    for quantity, expected in content["expected"].items():
        assert found[quantity] == pytest.approx(expected["value"], rel=1e-9)
    # R conf.int: pseudomedian 0.46, one-sided limit 0.175 (published in Hollander and Wolfe).
    assert found["pseudo_median"] == pytest.approx(0.46)
    assert found["ci_low"] == pytest.approx(0.175)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(-20, 20).filter(bool), min_size=2, max_size=15),
    st.sampled_from(ALTERNATIVES),
)
def test_signed_rank_agrees_with_scipy(data: list[int], alternative: str) -> None:
    found = run("wilcoxon_signed_rank", data=data, alternative=alternative)
    peer = stats.wilcoxon(
        data,
        correction=True,
        alternative=alternative.replace("_", "-"),
        method="exact" if found["exact"] else "asymptotic",
    )
    assert found["p_value"] == pytest.approx(peer.pvalue, rel=1e-9)
    mirrored = run("wilcoxon_signed_rank", data=[-value for value in data])
    assert mirrored["pseudo_median"] == pytest.approx(-found["pseudo_median"])


def test_equal_decimals_tie() -> None:
    # 0.3 - 0.2 and 0.2 - 0.1 differ in binary; as decimals they are the same difference.
    found = run("wilcoxon_signed_rank", group1=[0.3, 0.2, 0.9], group2=[0.2, 0.1, 0.1])
    assert not found["exact"]


def test_median_is_tested_against_a_value() -> None:
    data = [28, 33, 41, 29, 35, 60, 31, 38]
    moved = run("wilcoxon_signed_rank", data=[value - 30 for value in data])
    found = run("wilcoxon_signed_rank", data=data, mu0=30)
    assert found["p_value"] == moved["p_value"]
    assert found["pseudo_median"] == pytest.approx(moved["pseudo_median"] + 30)


def test_kruskal_agrees_with_r() -> None:
    content = case("kruskal-mucociliary")
    found = run("kruskal_wallis", groups=content["data"])
    for quantity, expected in content["expected"].items():
        assert found[quantity] == pytest.approx(expected["value"], rel=1e-9)


def test_kruskal_of_two_groups_is_the_mann_whitney_test() -> None:
    groups = {"a": [3, 5, 4, 4, 8], "b": [7, 8, 6, 9, 9, 4]}
    found = run("kruskal_wallis", groups=groups)
    peer = stats.mannwhitneyu(*groups.values(), use_continuity=False, method="asymptotic")
    assert found["p_value"] == pytest.approx(peer.pvalue)
    assert found["H"] == pytest.approx(stats.kruskal(*groups.values()).statistic)
    # With two groups Dunn's z squared is H.
    assert found["comparisons"][0]["z"] ** 2 == pytest.approx(found["H"])


def test_friedman_agrees_with_scipy() -> None:
    groups = {"a": [6, 5, 7, 6, 4], "b": [8, 7, 9, 7, 8], "c": [5, 6, 7, 5, 3]}
    found = run("friedman", groups=groups)
    peer = stats.friedmanchisquare(*groups.values())
    assert found["chi2"] == pytest.approx(peer.statistic)
    assert found["p_value"] == pytest.approx(peer.pvalue)
    rows = np.transpose(list(groups.values())).tolist()
    assert run("friedman", table=rows, columns=["a", "b", "c"])["chi2"] == found["chi2"]


def test_friedman_rounding_times_agree_with_r() -> None:
    # Hollander and Wolfe (1973) p. 140, R ?friedman.test: 11.143, df 2, p 0.003805.
    round_out = [
        5.40, 5.85, 5.20, 5.55, 5.90, 5.45, 5.40, 5.45, 5.25, 5.85, 5.25,
        5.65, 5.60, 5.05, 5.50, 5.45, 5.55, 5.45, 5.50, 5.65, 5.70, 6.30,
    ]  # fmt: skip
    narrow = [
        5.50, 5.70, 5.60, 5.50, 5.85, 5.55, 5.40, 5.50, 5.15, 5.80, 5.20,
        5.55, 5.35, 5.00, 5.50, 5.55, 5.55, 5.50, 5.45, 5.60, 5.65, 6.30,
    ]  # fmt: skip
    wide = [
        5.55, 5.75, 5.50, 5.40, 5.70, 5.60, 5.35, 5.35, 5.00, 5.70, 5.10,
        5.45, 5.45, 4.95, 5.40, 5.50, 5.35, 5.55, 5.25, 5.40, 5.55, 6.25,
    ]  # fmt: skip
    found = run("friedman", groups={"round": round_out, "narrow": narrow, "wide": wide})
    assert found["chi2"] == pytest.approx(11.143, abs=5e-4)
    assert found["p_value"] == pytest.approx(0.003805, abs=5e-7)


def test_sign_test_is_the_binomial_test() -> None:
    found = run("sign_test", positive=10, negative=2, ties=1)
    assert found["p_value"] == pytest.approx(stats.binomtest(10, 12).pvalue)
    pairs = run("sign_test", group1=[3, 5, 2, 8, 6, 4], group2=[4, 7, 5, 9, 6, 8])
    assert (pairs["positive"], pairs["negative"], pairs["ties"]) == (0, 5, 1)


def test_median_interval_of_the_sign_test() -> None:
    # n = 10: order statistics 2 and 9, confidence 1 - 2 * 11 / 1024.
    data = [12, 9, 14, 55, 11, 8, 13, 120, 16, 18]
    found = run("sign_test", data=data, mu0=10)
    assert (found["ci_low"], found["ci_high"]) == (9, 55)
    assert found["ci_level"] == pytest.approx(1 - 22 / 1024)
    assert "ci_low" not in run("sign_test", data=[1, 2, 3], mu0=0)


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("mann_whitney", {"group1": [], "group2": [1.0]}),
        ("mann_whitney", {"group1": [2.0, 2], "group2": [2.0]}),
        ("mann_whitney", {"group1": [math.nan], "group2": [2.0]}),
        ("wilcoxon_signed_rank", {}),
        ("wilcoxon_signed_rank", {"group1": [1, 2], "group2": [1]}),
        ("wilcoxon_signed_rank", {"group1": [1, 2], "group2": [1, 2]}),
        ("wilcoxon_signed_rank", {"data": [1], "group1": [1], "group2": [2]}),
        ("kruskal_wallis", {"groups": {"a": [1, 2]}}),
        ("kruskal_wallis", {"groups": {"a": [1, 1], "b": [1]}}),
        ("friedman", {}),
        ("friedman", {"groups": {"a": [1, 2], "b": [1]}}),
        ("friedman", {"groups": {"a": [1, 2], "b": [1, 2]}}),
        ("friedman", {"table": [[1, 2], [3]]}),
        ("sign_test", {}),
        ("sign_test", {"positive": 0, "negative": 0}),
        ("sign_test", {"positive": 3}),
        ("sign_test", {"data": [5, 5], "mu0": 5}),
    ],
)
def test_bad_input_is_refused(operation: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        run(operation, **arguments)
