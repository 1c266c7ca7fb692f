"""Chi-square tests and Fisher's exact test against R, scipy and published examples."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.stats.contingency import odds_ratio

from havoc.errors import InputError
from havoc.tools import registry

CASES = Path(__file__).parents[2] / "reference" / "cases"


def run(operation: str, **arguments: Any) -> dict[str, Any]:
    return registry.execute(operation, arguments).quantities


def test_agresti_table_agrees_with_r() -> None:
    case = json.loads((CASES / "chi2-agresti.json").read_text())
    found = run("chi_square_independence", table=case["data"]["table"])
    for quantity, expected in case["expected"].items():
        assert found[quantity] == pytest.approx(expected["value"], rel=1e-9), quantity


def test_several_proportions_agree_with_r() -> None:
    case = json.loads((CASES / "prop4-smokers.json").read_text())
    found = run("chi_square_independence", successes=case["data"]["x"], trials=case["data"]["n"])
    for quantity, expected in case["expected"].items():
        assert found[quantity] == pytest.approx(expected["value"], rel=1e-9), quantity


def test_independence_agrees_with_scipy() -> None:
    table = [[12, 5, 3], [20, 4, 9]]
    peer = stats.chi2_contingency(table, correction=False)
    found = run("chi_square_independence", table=table)
    assert found["chi2"] == pytest.approx(peer.statistic)
    assert np.allclose(found["expected"], peer.expected_freq)
    likelihood = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")
    assert found["g_statistic"] == pytest.approx(likelihood.statistic)
    association = stats.contingency.association(table, method="cramer")
    assert found["cramers_v"] == pytest.approx(association)


def test_correction_only_when_asked_for() -> None:
    table = [[40, 10], [30, 20]]
    assert run("chi_square_independence", table=table)["chi2"] == pytest.approx(4.761904761904762)
    corrected = run("chi_square_independence", table=table, correction=True)
    assert corrected["chi2"] == pytest.approx(stats.chi2_contingency(table).statistic)


def test_adjusted_residuals_of_a_published_table() -> None:
    # Agresti (2007) table 2.5 and 2.6: women/Democrat 4.50, men/Republican 5.32.
    found = run("chi_square_independence", table=[[762, 327, 468], [484, 239, 477]])
    assert found["residuals"][0][0] == pytest.approx(4.50, abs=0.005)
    assert found["residuals"][1][2] == pytest.approx(5.32, abs=0.005)


def test_cramers_v_interval_inverts_the_noncentral_chi_square() -> None:
    table = [[762, 327, 468], [484, 239, 477]]
    found = run("chi_square_independence", table=table)
    for bound, tail in (("cramers_v_low", 0.025), ("cramers_v_high", 0.975)):
        noncentrality = found[bound] ** 2 * 2757
        assert stats.ncx2.sf(found["chi2"], 2, noncentrality) == pytest.approx(tail, abs=1e-6)


def test_few_expected_counts_are_warned_of() -> None:
    outcome = registry.execute("chi_square_independence", {"table": [[1, 9], [4, 3]]}).outcome
    assert "fisher_exact" in outcome.warnings[0]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.integers(1, 60), min_size=3, max_size=3), min_size=2, max_size=4))
def test_transposed_and_permuted_tables_give_the_same(table: list[list[int]]) -> None:
    plain = run("chi_square_independence", table=table)
    turned = run("chi_square_independence", table=np.transpose(table).tolist())
    permuted = run("chi_square_independence", table=table[::-1])
    assert turned["chi2"] == pytest.approx(plain["chi2"], abs=1e-9)
    assert permuted["chi2"] == pytest.approx(plain["chi2"], abs=1e-9)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"table": []},
        {"table": [[1, 2]]},
        {"table": [[1, 2], [3]]},
        {"table": [[1.5, 2], [3, 4]]},
        {"table": [[-1, 2], [3, 4]]},
        {"table": [[0, 0], [3, 4]]},
        {"table": [[0, 0], [0, 0]]},
        {"table": [[1, 2], [3, 4]], "rows": ["a"]},
        {"successes": [5, 2], "trials": [4, 9]},
        {"successes": [5, 2], "trials": [9]},
    ],
)
def test_bad_tables_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        run("chi_square_independence", **arguments)


def test_fit_agrees_with_scipy() -> None:
    observed = [52, 27, 21]
    found = run("chi_square_fit", observed=observed, expected=[0.5, 0.3, 0.2])
    peer = stats.chisquare(observed, [50, 30, 20])
    assert found["chi2"] == pytest.approx(peer.statistic)
    assert found["p_value"] == pytest.approx(peer.pvalue)
    ratio = run("chi_square_fit", observed=[315, 108, 101, 32], expected=[9, 3, 3, 1])
    # Mendel's peas: chi-square 0.470, p 0.9254 (published in many places).
    assert ratio["chi2"] == pytest.approx(0.470, abs=5e-4)
    assert ratio["p_value"] == pytest.approx(0.9254, abs=5e-5)


def test_poisson_fit_of_von_bortkiewicz() -> None:
    # Deaths by horse kick, 200 corps-years: 109 65 22 3 1, mean 0.61.
    found = run("chi_square_fit", observed=[109, 65, 22, 3, 1], distribution="poisson")
    assert found["rate"] == pytest.approx(0.61)
    assert found["expected"][:3] == pytest.approx([108.67, 66.29, 20.22], abs=0.005)
    assert sum(found["expected"]) == pytest.approx(200)
    assert found["df"] == 3
    pooled = run("chi_square_fit", observed=[109, 65, 22, 3, 1], distribution="poisson", pool=True)
    assert min(pooled["expected"]) > 4
    assert sum(pooled["observed"]) == 200


def test_given_rate_costs_no_degree_of_freedom() -> None:
    fitted = run("chi_square_fit", observed=[31, 18, 8, 3], distribution="poisson")
    given_rate = run("chi_square_fit", observed=[31, 18, 8, 3], distribution="poisson", rate=0.7)
    assert given_rate["df"] == fitted["df"] + 1


@pytest.mark.parametrize(
    "arguments",
    [
        {"observed": []},
        {"observed": [5]},
        {"observed": [0, 0]},
        {"observed": [1.5, 2]},
        {"observed": [1, 2], "expected": [1, 2, 3]},
        {"observed": [1, 2], "expected": [0, 1]},
        {"observed": [5, 6, 7], "categories": ["a"]},
        {"observed": [5, 6, 7], "distribution": "poisson", "values": [0, 2, 3]},
        {"observed": [5, 0, 0], "distribution": "poisson"},
        {"observed": [5, 6], "distribution": "poisson"},
    ],
)
def test_bad_fits_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        run("chi_square_fit", **arguments)


def test_tea_tasting_agrees_with_r() -> None:
    # R fisher.test(TeaTasting): p 0.4857, odds ratio 6.408309; one-sided 0.2429, limit 0.3135693.
    two_sided = run("fisher_exact", table=[[3, 1], [1, 3]])
    assert two_sided["p_value"] == pytest.approx(0.4857, abs=5e-5)
    assert two_sided["odds_ratio"] == pytest.approx(6.408309, rel=1e-5)
    one_sided = run("fisher_exact", table=[[3, 1], [1, 3]], alternative="greater")
    assert one_sided["p_value"] == pytest.approx(0.2429, abs=5e-5)
    assert one_sided["ci_low"] == pytest.approx(0.3135693, rel=1e-4)
    assert one_sided["ci_high"] == math.inf


def test_convictions_of_twins_agree_with_r() -> None:
    # R fisher.test(Convictions, alternative = "less"): p 0.0004652, limit 0.2849601, 0.04693661.
    found = run("fisher_exact", table=[[2, 15], [10, 3]], alternative="less")
    assert found["p_value"] == pytest.approx(0.0004652, abs=5e-8)
    assert found["ci_high"] == pytest.approx(0.2849601, rel=1e-4)
    assert found["odds_ratio"] == pytest.approx(0.04693661, rel=1e-4)


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(*[st.integers(1, 12)] * 4),
    st.sampled_from(["two_sided", "less", "greater"]),
)
def test_fisher_agrees_with_scipy(cells: tuple[int, int, int, int], alternative: str) -> None:
    table = [list(cells[:2]), list(cells[2:])]
    found = run("fisher_exact", table=table, alternative=alternative)
    name = alternative.replace("_", "-")
    assert found["p_value"] == pytest.approx(
        stats.fisher_exact(table, alternative=name).pvalue, rel=1e-9
    )
    peer = odds_ratio(table)
    assert found["odds_ratio"] == pytest.approx(peer.statistic, rel=1e-6)
    interval = peer.confidence_interval(0.95, alternative=name)
    assert found["ci_low"] == pytest.approx(interval.low, rel=1e-6)
    assert found["ci_high"] == pytest.approx(interval.high, rel=1e-6)


def test_empty_cells_and_columns() -> None:
    found = run("fisher_exact", table=[[11, 0], [3, 7]])
    assert found["odds_ratio"] == math.inf
    assert found["ci_high"] == math.inf
    nothing = run("fisher_exact", table=[[0, 11], [0, 9]])
    assert nothing["p_value"] == 1.0
    assert math.isnan(nothing["odds_ratio"])


@pytest.mark.parametrize("table", [[[1, 2, 3], [4, 5, 6]], [[0, 0], [1, 2]], [[1, 2]]])
def test_bad_fisher_tables_are_refused(table: list[list[int]]) -> None:
    with pytest.raises(InputError):
        run("fisher_exact", table=table)
