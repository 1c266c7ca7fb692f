"""Change points against brute force, simulation and R's strucchange (in the reference cases)."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from havoc.errors import InputError
from havoc.reason import ask
from havoc.tools import registry
from havoc.tools.spc.segmentation import (
    best_partitions,
    change_p_value,
    f_statistics,
    place_quantile,
    residual_sum,
)


def change(**arguments: Any) -> dict[str, Any]:
    return registry.execute("change_point", arguments).to_json()


def stepped(*parts: tuple[int, float], seed: int = 1) -> np.ndarray:
    source = np.random.default_rng(seed)
    return np.concatenate([source.normal(mean, 1, count) for count, mean in parts])


def test_f_statistics_are_squares_of_pooled_t_tests() -> None:
    values = stepped((12, 0), (9, 1))
    found = f_statistics(values, 2)
    expected = [stats.ttest_ind(values[:k], values[k:]).statistic ** 2 for k in range(2, 20)]
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    result = change(data=values.tolist())
    assert result["sup_f"] == pytest.approx(max(expected))
    assert result["change_point"] == 2 + int(np.argmax(expected))


def test_partitions_are_the_best_of_all() -> None:
    values = stepped((5, 0), (4, 3), (5, -1))
    found = best_partitions(values, 2, 3)
    for changes in (1, 2, 3):
        every = [
            list(places)
            for places in itertools.combinations(range(2, 13), changes)
            if all(b - a >= 2 for a, b in itertools.pairwise([0, *places, 14]))
        ]
        best = min(residual_sum(values, places) for places in every)
        assert residual_sum(values, found[changes]) == pytest.approx(best)


@pytest.mark.parametrize("method", ["binary", "exact"])
def test_two_changes_are_found(method: str) -> None:
    result = change(data=stepped((40, 10), (40, 14), (40, 11)).tolist(), method=method)
    assert result["changes_count"] == 2
    for item, place in zip(result["changes"], (40, 80), strict=True):
        assert item["low"] <= place <= item["high"]
        assert abs(item["last_before"] - place) <= 2
        assert item["p_value"] < 0.01
    assert result["segments"][0]["n"] == result["changes"][0]["last_before"]


def test_the_level_is_kept_without_a_change() -> None:
    hits = [change(data=stepped((60, 5.0), seed=s).tolist(), permutations=199)["significant"]
            for s in range(80)]  # fmt: skip
    assert np.mean(hits) < 0.13


def test_permutation_and_asymptotic_p_values_are_close() -> None:
    values = stepped((300, 0), (300, 0.22), seed=3)
    exact, count = change_p_value(values, 5, 1999, 1)
    asymptotic, none = change_p_value(values, 5, 0, 1)
    assert count == 1999 and none == 0
    assert asymptotic == pytest.approx(exact, abs=0.02)


def test_the_same_seed_gives_the_same_p_value() -> None:
    values = stepped((20, 0), (20, 0.7)).tolist()
    first, again = change(data=values, seed=5), change(data=values, seed=5)
    assert first == again
    assert first["permutations"] == 1999 and "seed 5" in first["method"]


def test_quantiles_of_the_place_are_those_of_bai() -> None:
    # Bai (1997): 90 % 7, 95 % 11 (two-sided, equal variances).
    assert place_quantile(0.90) == pytest.approx(7.69, abs=0.02)
    assert place_quantile(0.95) == pytest.approx(11.03, abs=0.01)


def test_the_interval_covers_the_true_place() -> None:
    hits = []
    for seed in range(60):
        result = change(
            data=stepped((30, 0), (30, 1.5), seed=seed).tolist(),
            method="exact",
            changes=1,
            permutations=199,
        )
        hits.append(result["changes"][0]["low"] <= 30 <= result["changes"][0]["high"])
    assert np.mean(hits) > 0.85


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.floats(0.1, 50), st.floats(-1e4, 1e4))
def test_units_and_origin_do_not_move_the_change(seed: int, scale: float, origin: float) -> None:
    values = stepped((15, 0), (15, 2), seed=seed)
    plain = change(data=values.tolist(), permutations=199)
    other = change(data=(values * scale + origin).tolist(), permutations=199)
    assert other["change_point"] == plain["change_point"]
    assert other["sup_f"] == pytest.approx(plain["sup_f"], rel=1e-5)
    assert other["p_value"] == pytest.approx(plain["p_value"])


def test_reading_backwards_mirrors_the_change() -> None:
    values = stepped((17, 0), (23, 2))
    forward, back = change(data=values.tolist()), change(data=values[::-1].tolist())
    assert back["change_point"] == 40 - forward["change_point"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"data": [1, 2, 3]}, "at least 4"),
        ({"data": [5, 5, 5, 5]}, "all 4 values equal"),
        ({"data": [1, 1, 1, 5, 5, 5]}, "constant up to value 3"),
        ({"data": [1, 2, 3, 4, 5], "min_segment": 3}, "cannot hold two segments"),
        ({"data": [1, 2, 3, 4, 5], "changes": 2}, "exact search only"),
        ({"data": [1, 2, 4, 3, 5, 6], "changes": 5, "method": "exact"}, "no room for 5"),
        ({"data": [0.5] * 3000 + [1, 2], "method": "exact"}, "up to 3000"),
        ({"data": [1, 2, float("inf"), 4]}, "finite"),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        registry.execute("change_point", arguments)


def test_a_drifting_series_is_warned_about() -> None:
    source = np.random.default_rng(5)
    result = change(data=source.normal(size=200).cumsum().tolist(), max_changes=1)
    independence = next(c for c in result["assumptions"] if c["name"] == "independence in time")
    assert independence["status"] == "violated"
    assert any("max_changes" in text for text in result["warnings"])


def test_a_change_in_a_long_series_is_found() -> None:
    values = stepped((100_000, 0), (100_000, 0.1)).tolist()
    result = change(data=values)
    assert abs(result["change_point"] - 100_000) < 3000
    assert "asymptotic" in result["method"]


QUESTIONS = [
    "When did the mean of the flow change?",
    "Find the change points of the flow",
    "Is there a structural break in the flow?",
]


@pytest.mark.parametrize("question", QUESTIONS)
def test_asking_for_a_change_point(question: str) -> None:
    answer = ask(question, {"flow": stepped((20, 10), (20, 13)).tolist()})
    assert answer.status == "answered"
    assert answer.tool_calls[0].operation == "change_point"
    assert answer.tool_calls[0].result["changes_count"] == 1
