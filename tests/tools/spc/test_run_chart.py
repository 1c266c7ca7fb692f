"""Run charts against enumeration of all orders, published limits and invariances."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from havoc.errors import InputError
from havoc.reason import ask
from havoc.tools import registry


def chart(**arguments: Any) -> dict[str, Any]:
    return registry.execute("run_chart", arguments).to_json()


def runs(signs: list[int]) -> int:
    return len(list(itertools.groupby(signs)))


def test_exact_p_values_count_the_orders_of_seven_values() -> None:
    orders = list(itertools.permutations(range(7)))
    up_down = [runs([int(b > a) for a, b in itertools.pairwise(order)]) for order in orders]
    for values in ([0, 1, 2, 3, 6, 5, 4], [3, 1, 4, 0, 6, 2, 5], [0, 2, 1, 4, 3, 5, 6]):
        found = chart(data=values, p_values="exact")
        seen = found["runs_up_down"]
        assert found["p_trends"] == pytest.approx(np.mean([r <= seen for r in up_down]))
        assert found["p_oscillation"] == pytest.approx(np.mean([r >= seen for r in up_down]))


def test_exact_p_values_count_the_orders_of_two_kinds() -> None:
    values = [1, 2, 9, 8, 7, 3, 10, 4, 6]
    found = chart(data=values, p_values="exact")
    above = found["above_median"]
    seen = []
    for places in itertools.combinations(range(9), above):
        seen.append(runs([int(i in places) for i in range(9)]))
    assert found["p_clustering"] == pytest.approx(
        np.mean([r <= found["runs_about_median"] for r in seen])
    )
    assert found["p_mixtures"] == pytest.approx(
        np.mean([r >= found["runs_about_median"] for r in seen])
    )


# Anhøj and Olesen (2014), table 1: useful observations, longest run, fewest crossings.
@pytest.mark.parametrize(
    ("points", "longest", "fewest"),
    [(10, 6, 2), (12, 7, 3), (16, 7, 4), (20, 7, 6), (24, 8, 8), (30, 8, 10), (40, 8, 14)],
)
def test_the_limits_of_anhoej(points: int, longest: int, fewest: int) -> None:
    values = np.random.default_rng(points).normal(size=points)
    found = chart(data=values.tolist())
    assert (found["longest_run_limit"], found["fewest_crossings"]) == (longest, fewest)


PATTERNS: list[tuple[list[float], str]] = [
    ([1, 2, 1, 2, 1, 1, 2, 1, 2, 1, 8, 9, 8, 9, 8, 9, 8, 8, 9, 8], "clustering"),
    ([1, 9, 2, 8, 1, 9, 1, 8, 2, 9, 1, 9, 2, 8, 1, 9, 1, 8, 2, 9], "mixtures"),
    (list(range(20)), "trends"),
    ([5, 6, 4, 7, 3, 8, 2, 9, 1, 10, 0, 11, 5.1, 6.1, 4.1, 7.1, 3.1, 8.1, 2.1, 9.1], "oscillation"),
]


@pytest.mark.parametrize(("values", "pattern"), PATTERNS)
def test_each_pattern_is_named(values: list[float], pattern: str) -> None:
    found = chart(data=values)
    assert pattern in found["patterns"] and found["significant"]


def test_independent_values_are_rarely_called_a_pattern() -> None:
    source = np.random.default_rng(2)
    found = [chart(data=source.normal(size=60).tolist()) for _ in range(200)]
    for name in ("p_clustering", "p_mixtures", "p_trends", "p_oscillation"):
        assert np.mean([item[name] < 0.05 for item in found]) < 0.1


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-50, 50), min_size=8, max_size=60), st.floats(0.5, 20))
def test_a_change_of_scale_changes_nothing(values: list[int], factor: float) -> None:
    try:
        plain = chart(data=values)
    except InputError:
        return
    other = chart(data=[factor * value + 3 for value in values])
    for name in ("runs_about_median", "runs_up_down", "p_clustering", "p_trends", "crossings"):
        assert other[name] == plain[name]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1e3, 1e3, allow_subnormal=False), min_size=6, max_size=40, unique=True))
def test_reading_backwards_changes_no_run(values: list[float]) -> None:
    plain, other = chart(data=values), chart(data=values[::-1])
    for name in ("runs_about_median", "runs_up_down", "longest_run_about_median"):
        assert other[name] == plain[name]


def test_values_on_the_median_count_below_or_not_at_all() -> None:
    values = [1, 5, 3, 3, 5, 1, 3, 6, 2]
    below, dropped = chart(data=values), chart(data=values, ties="drop")
    assert below["above_median"] + below["below_median"] == 9
    assert dropped["above_median"] + dropped["below_median"] == 6


def test_subgroups_are_plotted_by_mean_or_median() -> None:
    values = np.random.default_rng(3).normal(size=60)
    means = chart(data=values.tolist(), subgroup_size=3)
    plain = chart(data=values.reshape(-1, 3).mean(axis=1).tolist())
    assert means["runs_up_down"] == plain["runs_up_down"]
    assert means["median"] == pytest.approx(plain["median"])
    medians = chart(data=values.tolist(), subgroup_size=3, plotted="median")
    assert medians["median"] == pytest.approx(np.median(np.median(values.reshape(-1, 3), axis=1)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"data": []}, "at least 2"),
        ({"data": [3, 3, 3]}, "all 3 values equal"),
        ({"data": [1, 2]}, "too few"),
        ({"data": [1, float("nan"), 2]}, "finite"),
        ({"data": [1, 2, 3, 4, 5], "subgroup_size": 2}, "do not divide"),
        ({"data": [1, 2] * 1500, "p_values": "exact"}, "up to 2000"),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        registry.execute("run_chart", arguments)


def test_runs_are_verified_by_grouping() -> None:
    arguments = {"data": np.random.default_rng(1).normal(size=50).round(1).tolist()}
    result = registry.execute("run_chart", arguments)
    checks = registry.get("run_chart").verify(result.outcome, arguments)
    assert len(checks) == 2 and all(check.agrees for check in checks)


def test_asking_for_a_run_chart() -> None:
    values = np.random.default_rng(1).normal(size=30).tolist()
    answer = ask("Draw a run chart of the fill weight", {"fill weight": values})
    assert answer.status == "answered"
    assert answer.tool_calls[0].operation == "run_chart"
