"""One-way analysis of variance against NIST, R, scipy, statsmodels and published tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from havoc.errors import InputError
from havoc.tools import registry

CASES = Path(__file__).parents[2] / "reference" / "cases"
WEAR = {"A": [5.1, 5.2, 5.0, 5.4], "B": [5.6, 5.5, 5.7], "C": [5.1, 5.3, 5.2, 5.9, 4.6]}


def anova(**arguments: Any) -> dict[str, Any]:
    return registry.execute("anova_one_way", arguments).quantities


def case(name: str) -> tuple[dict[str, list[float]], dict[str, Any]]:
    content = json.loads((CASES / f"{name}.json").read_text())
    groups: dict[str, list[float]] = {}
    for value, label in zip(content["data"]["y"], content["data"]["group"], strict=True):
        groups.setdefault(str(label), []).append(value)
    return groups, content["expected"]


@pytest.mark.parametrize("name", ["sirstv", "smls01", "smls04", "smls07"])
def test_certified_values_of_nist(name: str) -> None:
    groups, expected = case(f"nist-anova-{name}")
    found = anova(groups=groups)
    for quantity, entry in expected.items():
        # Even with values near 1e12: a naive sum of squares has no correct digit there.
        assert found[quantity] == pytest.approx(entry["value"], rel=1e-12), quantity


def test_lost_precision_is_said() -> None:
    groups, _ = case("nist-anova-smls07")
    warnings = registry.execute("anova_one_way", {"groups": groups}).outcome.warnings
    assert any(text.startswith("precision") for text in warnings)
    plain, _ = case("nist-anova-smls01")
    assert not registry.execute("anova_one_way", {"groups": plain}).outcome.warnings


@pytest.mark.parametrize("name", ["anova-handbook", "anova-plasma"])
def test_tukey_agrees_with_r(name: str) -> None:
    groups, expected = case(name)
    found = anova(groups=groups)
    pairs = {item["pair"]: item for item in found["comparisons"]}
    for quantity, entry in expected.items():
        if quantity.startswith("tukey_diff_"):
            value = pairs[quantity.removeprefix("tukey_diff_")]["difference"]
            assert value == pytest.approx(entry["value"], abs=entry["atol"])
        elif quantity.startswith("tukey_padj_"):
            value = pairs[quantity.removeprefix("tukey_padj_")]["p_adjusted"]
            assert value == pytest.approx(entry["value"], abs=1e-9)
        else:
            assert found[quantity] == pytest.approx(entry["value"], rel=entry["rtol"])


def test_welch_agrees_with_statsmodels() -> None:
    from statsmodels.stats.oneway import anova_oneway

    found = anova(groups=WEAR, equal_var=False)
    peer = anova_oneway([np.asarray(group) for group in WEAR.values()], use_var="unequal")
    assert found["F"] == pytest.approx(peer.statistic)
    assert found["df_within"] == pytest.approx(peer.df_denom)
    assert found["p_value"] == pytest.approx(peer.pvalue)
    assert found["posthoc"] == "games_howell"


def test_summaries_give_what_values_give() -> None:
    summaries = {
        name: {"n": len(v), "mean": float(np.mean(v)), "sd": float(np.std(v, ddof=1))}
        for name, v in WEAR.items()
    }
    for equal_var in (True, False):
        by_values = anova(groups=WEAR, equal_var=equal_var)
        by_summary = anova(groups=summaries, equal_var=equal_var)
        for quantity in ("F", "p_value", "ss_between", "ss_within", "omega_squared"):
            assert by_summary[quantity] == pytest.approx(by_values[quantity])


def test_interval_of_eta_squared_inverts_the_noncentral_f() -> None:
    groups, _ = case("anova-plasma")
    found = anova(groups=groups)
    for bound, tail in (("eta_squared_low", 0.025), ("eta_squared_high", 0.975)):
        share = found[bound]
        noncentrality = share / (1 - share) * 20
        assert stats.ncf.sf(found["F"], 3, 16, noncentrality) == pytest.approx(tail, abs=1e-6)


def test_two_groups_give_the_squared_t() -> None:
    first, second = WEAR["A"], WEAR["B"]
    found = anova(groups={"A": first, "B": second})
    assert found["F"] == pytest.approx(stats.ttest_ind(first, second).statistic ** 2)


def test_dunnett_compares_with_the_control() -> None:
    found = anova(groups=WEAR, control="B")
    assert found["posthoc"] == "dunnett"
    assert [item["pair"] for item in found["comparisons"]] == ["A-B", "C-B"]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 50), min_size=2, max_size=6), min_size=2, max_size=5).filter(
        lambda groups: any(len(set(group)) > 1 for group in groups)
    ),
    st.sampled_from([0.0, 1e3, -1e6, 1e9]),
)
def test_offset_and_order_do_not_matter(groups: list[list[int]], offset: float) -> None:
    plain = anova(groups={str(i): group for i, group in enumerate(groups)}, posthoc="none")
    moved = anova(
        groups={str(i): [value + offset for value in reversed(g)] for i, g in enumerate(groups)},
        posthoc="none",
    )
    assert moved["F"] == pytest.approx(plain["F"], rel=1e-9, abs=1e-12)
    assert plain["ss_between"] + plain["ss_within"] == pytest.approx(plain["ss_total"])


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ({}, "at least 2"),
        ({"a": [1, 2, 3]}, "at least 2"),
        ({"a": [1.0], "b": [2.0]}, "single value"),
        ({"a": [1, 1], "b": [2, 2]}, "constant"),
        ({"a": [1, float("inf")], "b": [2, 2]}, "finite"),
        ({"a": [], "b": [2, 2]}, "at least 1"),
        ({"a": [1, 2], "b": {"n": 3, "mean": 1, "sd": 1}}, "same form"),
    ],
)
def test_bad_groups_are_refused(groups: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        anova(groups=groups)
