"""Simultaneous comparisons against scipy, statsmodels and Dunnett's published table."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from havoc.errors import InputError
from havoc.tools import registry
from havoc.tools.stats.range_distributions import (
    dunnett_quantile,
    dunnett_sf,
    studentized_range_quantile,
    studentized_range_sf,
)

OILS = {
    "old": [41.0, 43.5, 42.2, 40.9],
    "X": [38.1, 37.5, 39.4],
    "Y": [42.8, 40.1, 45.6, 47.0, 39.9],
}


def compare(**arguments: Any) -> dict[str, Any]:
    return registry.execute("multiple_comparison", arguments).quantities


@pytest.mark.parametrize(
    ("q", "groups", "df"),
    [(3.5, 4, 16), (3.0, 2, 1), (8, 10, 2), (12, 4, 16), (5, 20, 100), (4, 3, 2000), (0.2, 3, 8)],
)
def test_studentized_range_agrees_with_scipy(q: float, groups: int, df: float) -> None:
    peer = stats.studentized_range.sf(q, groups, df)
    assert studentized_range_sf(q, groups, df) == pytest.approx(peer, rel=1e-6, abs=1e-12)


def test_studentized_range_quantile_of_the_tables() -> None:
    # Upper 5 % points: NIST/Pearson and Hartley tables.
    assert studentized_range_quantile(0.95, 3, 10) == pytest.approx(3.877, abs=6e-4)
    assert studentized_range_quantile(0.95, 4, 16) == pytest.approx(4.046, abs=6e-4)
    assert studentized_range_quantile(0.99, 5, 20) == pytest.approx(5.29, abs=6e-3)


def test_dunnett_quantile_of_the_published_table() -> None:
    # Dunnett (1955) one-sided and Dunnett (1964) two-sided, equal sizes, 5 %.
    assert dunnett_quantile(0.95, [5] * 3, 5, 20) == pytest.approx(2.54, abs=0.006)
    assert dunnett_quantile(0.95, [4] * 2, 4, 9) == pytest.approx(2.61, abs=0.006)
    assert dunnett_quantile(0.95, [5] * 3, 5, 16, "greater") == pytest.approx(2.23, abs=0.006)
    # With one treated group it is Student's t.
    assert dunnett_quantile(0.95, [6], 6, 10) == pytest.approx(stats.t.ppf(0.975, 10), rel=1e-7)


def test_dunnett_p_values_agree_with_scipy() -> None:
    treated = [np.asarray(OILS["X"]), np.asarray(OILS["Y"])]
    peer = stats.dunnett(*treated, control=np.asarray(OILS["old"]), rng=1)
    found = compare(groups=OILS, method="dunnett", control="old")
    values = [item["p_adjusted"] for item in found["comparisons"]]
    assert values == pytest.approx(peer.pvalue.tolist(), abs=2e-4)
    assert dunnett_sf(0.0, [3, 5], 4, 9) == 1.0


@pytest.mark.parametrize(("method", "equal_var"), [("tukey", True), ("games_howell", False)])
def test_all_pairs_agree_with_scipy(method: str, equal_var: bool) -> None:
    peer = stats.tukey_hsd(*OILS.values(), equal_var=equal_var)
    interval = peer.confidence_interval(0.95)
    found = compare(groups=OILS, method=method)
    for (i, j), item in zip(itertools.combinations(range(3), 2), found["comparisons"], strict=True):
        assert item["pair"] == f"{list(OILS)[j]}-{list(OILS)[i]}"
        assert item["difference"] == pytest.approx(peer.statistic[j, i])
        assert item["p_adjusted"] == pytest.approx(peer.pvalue[j, i], abs=1e-9)
        assert item["ci_low"] == pytest.approx(interval.low[j, i], rel=1e-6)
        assert item["ci_high"] == pytest.approx(interval.high[j, i], rel=1e-6)


def test_pairwise_t_agrees_with_the_pooled_t() -> None:
    raw = [item["p_adjusted"] for item in compare(groups=OILS, method="fisher_lsd")["comparisons"]]
    arrays = [np.asarray(group) for group in OILS.values()]
    pooled = sum(a.var(ddof=1) * (a.size - 1) for a in arrays) / (sum(a.size for a in arrays) - 3)
    for (i, j), p_value in zip(itertools.combinations(range(3), 2), raw, strict=True):
        t = (arrays[j].mean() - arrays[i].mean()) / np.sqrt(
            pooled * (1 / arrays[i].size + 1 / arrays[j].size)
        )
        assert p_value == pytest.approx(2 * stats.t.sf(abs(t), 9))
    for method in ("bonferroni", "holm", "sidak"):
        found = [item["p_adjusted"] for item in compare(groups=OILS, method=method)["comparisons"]]
        assert found == pytest.approx(multipletests(raw, method=method)[1].tolist())


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("bonferroni", "bonferroni"),
        ("holm", "holm"),
        ("sidak", "sidak"),
        ("benjamini_hochberg", "fdr_bh"),
    ],
)
def test_adjusted_p_values_agree_with_statsmodels(ours: str, theirs: str) -> None:
    p_values = [0.012, 0.03, 0.004, 0.21, 0.03]
    found = compare(p_values=p_values, method=ours)
    assert found["p_adjusted"] == pytest.approx(multipletests(p_values, method=theirs)[1].tolist())


def test_significance_and_interval_agree() -> None:
    for method in ("tukey", "games_howell", "dunnett", "bonferroni", "sidak", "fisher_lsd"):
        for item in compare(groups=OILS, method=method)["comparisons"]:
            assert item["significant"] == (item["ci_low"] * item["ci_high"] > 0), method


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"groups": OILS, "p_values": [0.1]},
        {"groups": OILS, "method": "dunnett", "control": "nobody"},
        {"groups": OILS, "method": "benjamini_hochberg"},
        {"p_values": [0.1, 1.5]},
        {"p_values": []},
        {"groups": {"a": [1, 1], "b": [1, 1]}},
        {"groups": {"a": [1, 1], "b": [1, 1], "c": [1, 2]}, "method": "games_howell"},
        {"groups": {str(i): [1.0, 2.0] for i in range(200)}},
    ],
)
def test_bad_input_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        compare(**arguments)
