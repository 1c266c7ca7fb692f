"""Adjusted p-values: against statsmodels, and orders that must hold between procedures."""

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
from havoc.tools.stats.adjustments import METHODS, adjusted

P_LISTS = st.lists(st.floats(0, 1), min_size=1, max_size=25)
PEERS = {
    "holm": "holm",
    "hochberg": "simes-hochberg",
    "hommel": "hommel",
    "bonferroni": "bonferroni",
    "sidak": "sidak",
    "holm_sidak": "holm-sidak",
    "benjamini_hochberg": "fdr_bh",
    "benjamini_yekutieli": "fdr_by",
}


def run(**arguments: Any) -> dict[str, Any]:
    return registry.execute("p_value_adjustment", arguments).to_json()


@pytest.mark.parametrize("method", list(METHODS))
def test_agrees_with_statsmodels(method: str) -> None:
    from statsmodels.stats.multitest import multipletests

    generator = np.random.default_rng(3)
    for size in (1, 2, 3, 9, 40):
        p_values = generator.uniform(0, 1, size) ** 3
        peer = multipletests(p_values, method=PEERS[method])[1]
        np.testing.assert_allclose(adjusted(p_values.tolist(), method), peer, rtol=1e-9, atol=1e-12)


@settings(max_examples=100, deadline=None)
@given(P_LISTS)
def test_procedures_stand_in_their_order(p_values: list[float]) -> None:
    found = {method: np.asarray(adjusted(p_values, method)) for method in METHODS}
    slack = 1e-12
    for less, more in (
        ("hommel", "hochberg"),
        ("hochberg", "holm"),
        ("holm", "bonferroni"),
        ("sidak", "bonferroni"),
        ("holm_sidak", "holm"),
        ("benjamini_hochberg", "hommel"),
        ("benjamini_hochberg", "benjamini_yekutieli"),
    ):
        assert (found[less] <= found[more] + slack).all(), (less, more)
    assert all((values >= np.asarray(p_values) - slack).all() for values in found.values())


@settings(max_examples=40, deadline=None)
@given(P_LISTS, st.randoms())
def test_order_does_not_matter(p_values: list[float], random: Any) -> None:
    places = list(range(len(p_values)))
    random.shuffle(places)
    for method in METHODS:
        base = adjusted(p_values, method)
        shuffled = adjusted([p_values[i] for i in places], method)
        assert shuffled == pytest.approx([base[i] for i in places])


def test_hommel_is_the_closure_of_simes() -> None:
    """By definition: the largest Simes p-value of all subsets that hold the hypothesis."""
    p_values = [0.012, 0.03, 0.031, 0.2, 0.9]
    best = [0.0] * 5
    for subset in range(1, 32):
        members = [i for i in range(5) if subset >> i & 1]
        ordered = sorted(p_values[i] for i in members)
        simes = min(len(members) * p / (k + 1) for k, p in enumerate(ordered))
        for i in members:
            best[i] = max(best[i], simes)
    assert adjusted(p_values, "hommel") == pytest.approx(best)


def test_names_and_counts() -> None:
    found = run(p_values=[0.001, 0.02, 0.6], names=["length", "mass", "colour"])
    assert found["rejected_names"] == ["length", "mass"]
    assert found["rejected"] == found["rejected_unadjusted"] == 2
    assert found["by_method"][0] == {"procedure": "Holm", "rejected": 2}


def test_scipy_agrees_on_the_false_discovery_rate() -> None:
    p_values = [0.01, 0.04, 0.03, 0.2]
    for method, name in (("benjamini_hochberg", "bh"), ("benjamini_yekutieli", "by")):
        assert adjusted(p_values, method) == pytest.approx(
            stats.false_discovery_control(p_values, method=name)
        )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"p_values": []}, "no p-value"),
        ({"p_values": [0.1, 1.2]}, "1.0"),
        ({"p_values": [0.1, math.nan]}, "expected float"),
        ({"p_values": [0.1, 0.2], "names": ["a"]}, "1 names for 2"),
        ({"p_values": [0.1] * 6000, "method": "hommel"}, "too many"),
        ({"p_values": [0.1], "alpha": 7}, "alpha"),
    ],
)
def test_bad_input_is_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        run(**arguments)


@pytest.mark.parametrize("method", list(METHODS))
def test_figures_are_recomputed(method: str) -> None:
    arguments = {"p_values": [0.01, 0.04, 0.03, 0.2], "method": method}
    outcome = registry.execute("p_value_adjustment", arguments).outcome
    checks = registry.get("p_value_adjustment").verify(outcome, arguments)
    assert all(check.agrees for check in checks)
