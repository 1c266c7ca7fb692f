"""Permutation tests: against scipy, listing by hand, and what exactness promises."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from havoc.errors import InputError
from havoc.tools import registry
from havoc.tools.stats import permutation_draws as draws

FIRST = [4.2, 5.1, 3.9, 6.0, 5.5]
SECOND = [6.1, 5.9, 7.2, 6.6]


def run(**arguments: Any) -> dict[str, Any]:
    return registry.execute("permutation_test", arguments).to_json()


@pytest.mark.parametrize("alternative", ["two_sided", "less", "greater"])
def test_two_groups_agree_with_scipy(alternative: str) -> None:
    found = run(group1=FIRST, group2=SECOND, alternative=alternative)
    peer = stats.permutation_test(
        (FIRST, SECOND),
        lambda a, b, axis=-1: np.mean(a, axis=axis) - np.mean(b, axis=axis),
        n_resamples=np.inf,
        alternative=alternative.replace("_", "-"),
    )
    assert found["exact"] and found["permutations"] == math.comb(9, 4)
    # scipy doubles the smaller tail; these counts by size of the difference.
    if alternative != "two_sided":
        assert found["p_value"] == pytest.approx(peer.pvalue)
    else:
        null = np.abs(peer.null_distribution)
        share = np.mean(null >= abs(found["observed"]) * (1 - 1e-9))
        assert found["p_value"] == pytest.approx(share)


def test_pairs_agree_with_scipy() -> None:
    peer = stats.permutation_test(
        (FIRST[:4], SECOND),
        lambda a, b, axis=-1: np.mean(a - b, axis=axis),
        permutation_type="samples",
        n_resamples=np.inf,
        alternative="less",
    )
    found = run(group1=FIRST[:4], group2=SECOND, paired=True, alternative="less")
    assert found["p_value"] == pytest.approx(peer.pvalue)
    assert found["permutations"] == 16


def test_three_groups_by_listing() -> None:
    groups = {"a": [1.0, 2.0, 3.0], "b": [2.5, 4.0], "c": [6.0, 5.0]}
    values = np.concatenate(list(groups.values()))
    observed = stats.f_oneway(*groups.values()).statistic
    seen = [
        stats.f_oneway(values[list(p[:3])], values[list(p[3:5])], values[list(p[5:])]).statistic
        for p in itertools.permutations(range(7))
    ]
    found = run(groups=groups)
    assert found["permutations"] == 210
    assert found["F"] == pytest.approx(observed)
    assert found["p_value"] == pytest.approx(np.mean(np.asarray(seen) >= observed * (1 - 1e-9)))


def test_correlation_by_listing() -> None:
    x, y = [1.0, 2.0, 4.0, 7.0, 8.0], [2.0, 1.0, 5.0, 6.0, 4.0]
    r = np.corrcoef(x, y)[0, 1]
    seen = [abs(np.corrcoef(order, y)[0, 1]) for order in itertools.permutations(x)]
    found = run(x=x, y=y)
    assert found["p_value"] == pytest.approx(np.mean(np.asarray(seen) >= abs(r) - 1e-12))


def test_medians_by_listing() -> None:
    both = np.asarray(FIRST + SECOND)
    observed = np.median(FIRST) - np.median(SECOND)
    seen = []
    for taken in itertools.combinations(range(9), 5):
        rest = [i for i in range(9) if i not in taken]
        seen.append(np.median(both[list(taken)]) - np.median(both[rest]))
    found = run(group1=FIRST, group2=SECOND, statistic="difference_of_medians")
    share = np.mean(np.abs(seen) >= abs(observed) - 1e-9)
    assert found["p_value"] == pytest.approx(share)


@pytest.mark.parametrize("paired", [False, True])
def test_the_interval_holds_the_shifts_that_are_not_rejected(paired: bool) -> None:
    rng = np.random.default_rng(8)
    first, second = rng.normal(1, 1, 9).round(3), rng.normal(0, 1, 9).round(3)
    found = run(group1=first.tolist(), group2=second.tolist(), paired=paired)
    low, high = found["ci_low"], found["ci_high"]
    for shift, inside in (
        (low - 1e-6, False),
        (low + 1e-6, True),
        (high - 1e-6, True),
        (high + 1e-6, False),
    ):
        # Both one-sided tests at half the level decide, as the interval has equal tails.
        p_values = [
            run(
                group1=(first - shift).tolist(),
                group2=second.tolist(),
                paired=paired,
                alternative=side,
            )["p_value"]
            for side in ("less", "greater")
        ]
        assert (min(p_values) > 0.025) == inside


def test_the_interval_of_a_slope() -> None:
    rng = np.random.default_rng(2)
    x = np.arange(8.0)
    y = (2 * x + rng.normal(0, 1, 8)).round(3)
    found = run(x=x.tolist(), y=y.tolist())
    assert found["slope"] == pytest.approx(stats.linregress(x, y).slope)
    for slope, inside in ((found["ci_low"] - 1e-4, False), (found["ci_low"] + 1e-4, True)):
        p_value = run(x=x.tolist(), y=(y - slope * x).tolist(), alternative="greater")["p_value"]
        assert (p_value > 0.025) == inside


def test_random_relabelling_is_near_the_exact_p_value() -> None:
    rng = np.random.default_rng(3)
    first, second = rng.normal(0.8, 1, 10).tolist(), rng.normal(0, 1, 10).tolist()
    exact = run(group1=first, group2=second)
    assert exact["exact"]
    longer = run(group1=[*first, *first], group2=[*second, *second], permutations=4999)
    assert not longer["exact"]
    assert longer["p_low"] <= longer["p_value"] <= longer["p_high"]
    assert longer["p_value"] == (longer["as_extreme"] + 1) / 5000


def test_p_values_are_uniform_without_an_effect() -> None:
    """Exact: the chance of p at most k / total is exactly k / total, over all labellings."""
    values = np.asarray([0.3, 1.7, 2.9, 4.2, 6.1, 7.7])
    found = []
    for taken in itertools.combinations(range(6), 3):
        rest = [i for i in range(6) if i not in taken]
        first, second = values[list(taken)].tolist(), values[rest].tolist()
        found.append(run(group1=first, group2=second, alternative="greater")["p_value"])
    assert sorted(found) == pytest.approx(np.arange(1, 21) / 20)


def test_every_split_is_listed_once() -> None:
    for sizes in ([2, 3], [2, 2, 1], [1, 1, 2], [3]):
        rows = draws.all_splits(sizes)
        assert len(rows) == draws.split_count(sizes)
        edges = np.cumsum(sizes)[:-1]
        seen = {tuple(tuple(sorted(part)) for part in np.split(row, edges)) for row in rows}
        assert len(seen) == len(rows)
        assert all(sorted(row) == list(range(sum(sizes))) for row in rows.tolist())
    assert len({tuple(row) for row in draws.all_signs(4).tolist()}) == 16


@settings(max_examples=20, deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e3))
def test_p_values_do_not_depend_on_shift_and_scale(shift: float, scale: float) -> None:
    base = run(group1=FIRST, group2=SECOND)
    moved = run(
        group1=[shift + scale * value for value in FIRST],
        group2=[shift + scale * value for value in SECOND],
    )
    assert moved["p_value"] == pytest.approx(base["p_value"], abs=0.009)


def test_too_few_relabellings_are_said() -> None:
    found = run(group1=[1.0, 2.0], group2=[3.0, 4.0])
    assert "cannot be below" in found["warnings"][0]
    assert "ci_low" not in found


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "give group1"),
        ({"group1": FIRST, "group2": [1.0] * 4, "x": FIRST, "y": FIRST}, "give group1"),
        ({"group1": [2.0, 2.0], "group2": [2.0, 2.0]}, "all values are equal"),
        ({"group1": FIRST, "group2": SECOND, "paired": True}, "partner"),
        ({"group1": FIRST, "group2": FIRST, "paired": True}, "differences are zero"),
        ({"group1": FIRST, "group2": [math.inf]}, "not a finite number"),
        ({"groups": {"a": [1.0]}}, "at least 2"),
        ({"groups": {"a": [1.0], "b": [2.0], "c": [3.0]}}, "no group has two"),
        ({"groups": {"a": [1.0, 1.0], "b": [2.0, 2.0], "c": [3.0]}}, "constant"),
        ({"x": [1.0, 2.0, 3.0], "y": [1.0, 1.0, 1.0]}, "no variation"),
        ({"group1": FIRST, "group2": SECOND, "statistic": "f", "alternative": "less"}, "direction"),
        ({"group1": FIRST, "group2": SECOND, "statistic": "correlation"}, "does not fit"),
        ({"group1": [0.0, 1.0] * 300_000, "group2": [0.5] * 600_000}, "too many"),
    ],
)
def test_bad_input_is_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        run(**arguments)


def test_figures_are_recomputed() -> None:
    declared = registry.get("permutation_test")
    for arguments in (
        {"group1": FIRST, "group2": SECOND},
        {"groups": {"a": FIRST, "b": SECOND, "c": FIRST[:3]}},
        {"x": FIRST, "y": FIRST[::-1]},
    ):
        outcome = registry.execute("permutation_test", arguments).outcome
        checks = declared.verify(outcome, arguments)
        assert checks and all(check.agrees for check in checks)


def test_relabellings_of_long_columns_are_not_counted_out() -> None:
    assert draws.split_count([10**6, 10**6]) == draws.MANY
    assert draws.split_count([3, 2, 2]) == 210
