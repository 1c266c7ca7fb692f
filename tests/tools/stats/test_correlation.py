"""Correlation against R and scipy."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from havoc.errors import InputError
from havoc.tools import registry

CASE = Path(__file__).parents[2] / "reference" / "cases" / "cor-tuna.json"
Run = Callable[..., dict[str, Any]]
RANKS = ([1, 2, 3, 4, 5, 6], [2, 1, 4, 3, 6, 5])


def test_values_of_r(run: Run) -> None:
    content = json.loads(CASE.read_text())
    found = run("correlation", **content["data"])
    for quantity, entry in content["expected"].items():
        assert found[quantity] == pytest.approx(entry["value"], rel=1e-9), quantity


@pytest.mark.parametrize(
    ("kind", "r"), [("pearson", 0.8285714), ("spearman", 0.8285714), ("kendall", 0.6)]
)
def test_the_chosen_kind_decides(run: Run, kind: str, r: float) -> None:
    found = run("correlation", x=RANKS[0], y=RANKS[1], kind=kind)
    assert found["r"] == pytest.approx(r, rel=1e-6)
    assert found["p_value"] == found[f"{kind}_p"]
    assert found["significant"] == (found["p_value"] < 0.05)


def test_exact_spearman_counts_all_orders(run: Run) -> None:
    x, y = [1, 2, 3, 4, 5, 6, 7], [2, 1, 5, 3, 4, 7, 6]
    seen = sum((a - b) ** 2 for a, b in zip(x, y, strict=True))
    distances = [
        sum((a - b) ** 2 for a, b in zip(x, order, strict=True))
        for order in itertools.permutations(x)
    ]
    share = sum(d <= seen for d in distances) / len(distances)
    assert run("correlation", x=x, y=y)["spearman_p"] == pytest.approx(2 * share)


def test_ties_and_many_values_agree_with_scipy(run: Run) -> None:
    generator = np.random.default_rng(11)
    x = generator.integers(0, 9, 60).astype(float)
    y = x + generator.integers(0, 9, 60)
    found = run("correlation", x=x, y=y)
    for mine, peer in (
        ("pearson", stats.pearsonr(x, y)),
        ("spearman", stats.spearmanr(x, y)),
        ("kendall", stats.kendalltau(x, y)),
    ):
        name = {"pearson": "pearson_r", "spearman": "spearman_rho", "kendall": "kendall_tau"}[mine]
        assert found[name] == pytest.approx(peer.statistic)
        assert found[f"{mine}_p"] == pytest.approx(peer.pvalue)
    interval = stats.pearsonr(x, y).confidence_interval()
    assert (found["ci_low"], found["ci_high"]) == pytest.approx(tuple(interval))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-99, 99), st.integers(-99, 99)), min_size=5, max_size=20, unique=True
    ),
    st.floats(0.1, 100),
    st.integers(-(10**6), 10**6),
)
def test_shift_scale_and_swap(pairs: list[tuple[int, int]], scale: float, shift: int) -> None:
    x, y = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
    if len(set(x)) == 1 or len(set(y)) == 1:
        return
    plain = registry.execute("correlation", {"x": x, "y": y}).quantities
    moved = registry.execute(
        "correlation", {"x": y, "y": [-(scale * v + shift) for v in x]}
    ).quantities
    for name in ("pearson_r", "spearman_rho", "kendall_tau"):
        assert moved[name] == pytest.approx(-plain[name], abs=1e-7)


def test_perfect_relation(run: Run) -> None:
    found = run("correlation", x=[1, 2, 3, 4], y=[2, 4, 6, 8])
    assert found["pearson_r"] == 1 and found["pearson_p"] == 0
    assert (found["ci_low"], found["ci_high"]) == (1, 1)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"x": [4, 4, 4], "y": [1, 3, 2]}, "no variation"),
        ({"x": [1, 2], "y": [1, 2]}, "at least 3"),
        ({"x": [1, 2, 3], "y": [1, 2]}, "partner"),
        ({"x": [1, 2, 3], "y": [1, 2, 4], "alpha": 7}, "< 1"),
    ],
)
def test_bad_input_is_named(bad: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        registry.execute("correlation", bad)
