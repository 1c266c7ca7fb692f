"""Kappa against R (irr), statsmodels, scikit-learn and published examples."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa

from havoc.errors import InputError
from havoc.tools import registry

CASES = Path(__file__).parents[2] / "reference" / "cases"
Run = Callable[..., dict[str, Any]]


def agree(**arguments: Any) -> dict[str, Any]:
    return registry.execute("attribute_agreement", arguments).quantities


def test_fleiss_diagnoses_agree_with_irr(run: Run) -> None:
    case = json.loads((CASES / "kappa-fleiss.json").read_text())
    found = run("attribute_agreement", **case["data"])
    for name, expected in case["expected"].items():
        assert found[name] == pytest.approx(expected["value"], rel=expected["rtol"]), name
    assert (found["kind"], found["units"], found["raters"]) == ("fleiss", 30, 6)
    # Fleiss (1971), table 2: kappa of each category.
    assert [row["kappa"] for row in found["by_category"]] == pytest.approx(
        [0.245, 0.245, 0.520, 0.471, 0.566], abs=0.002
    )


@pytest.mark.parametrize("weights", ["none", "linear", "quadratic"])
def test_cohen_agrees_with_statsmodels(run: Run, weights: str) -> None:
    # Fleiss, Cohen and Everitt (1969): 200 patients, three diagnoses.
    table = [[53, 5, 2], [11, 14, 5], [1, 6, 3]]
    found = run("attribute_agreement", table=table, weights=weights)
    kinds = {"none": None, "linear": "linear", "quadratic": "quadratic"}
    peer = cohens_kappa(np.asarray(table), wt=kinds[weights])
    assert found["kappa"] == pytest.approx(peer.kappa)
    assert found["se"] == pytest.approx(peer.std_kappa)
    assert found["se_null"] == pytest.approx(peer.std_kappa0)
    assert found["z"] == pytest.approx(peer.z_value)
    assert found["p_value"] == pytest.approx(peer.pvalue_one_sided)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((peer.kappa_low, peer.kappa_upp))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=8, max_size=60))
def test_ratings_and_their_table_give_the_same_kappa(pairs: list[tuple[int, int]]) -> None:
    first, second = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
    found = agree(rater1=first, rater2=second)
    if "kappa" not in found:
        assert len({*first, *second}) == 1
        return
    assert found["kappa"] == pytest.approx(cohen_kappa_score(first, second), abs=1e-12)
    assert agree(rater1=second, rater2=first)["kappa"] == pytest.approx(found["kappa"])


def test_fleiss_counts_of_units_by_categories(run: Run) -> None:
    counts = [[4, 0, 0], [1, 3, 0], [0, 1, 3], [3, 1, 0], [0, 0, 4]]
    found = run("attribute_agreement", table=counts, method="fleiss")
    assert found["kappa"] == pytest.approx(fleiss_kappa(np.asarray(counts)))
    assert found["all_agree"] == pytest.approx(0.4)


def test_jackknife_interval_covers_the_truth() -> None:
    generator = np.random.default_rng(3)
    hits = 0
    for _ in range(300):
        truth = generator.random(80) < 0.5
        rows = np.where(generator.random((3, 80)) < 0.15, ~truth, truth)
        found = agree(ratings=[[str(value) for value in unit] for unit in rows.T])
        # Two raters agree with probability 0.745, half of it by chance at most: kappa 0.49.
        hits += found["ci_low"] <= 0.49 <= found["ci_high"]
    assert hits / 300 == pytest.approx(0.95, abs=0.04)


def test_raters_are_compared_with_the_standard_and_with_each_other(run: Run) -> None:
    standard = ["ok", "nok", "ok", "nok", "ok", "ok", "nok", "ok"]
    found = run(
        "attribute_agreement",
        raters={
            "Ann": standard,
            "Bo": ["ok", "ok", *standard[2:]],
            "Cy 2": ["nok", *standard[1:7], "nok"],
        },
        standard=standard,
    )
    assert [row["agreed"] for row in found["against_standard"]] == [8, 7, 6]
    assert found["against_standard"][0]["kappa"] == pytest.approx(1.0)
    assert len(found["pairs"]) == 3
    assert found["all_agree"] == pytest.approx(5 / 8)


def test_one_rater_and_the_standard(run: Run) -> None:
    found = run(
        "attribute_agreement",
        raters={"Bob": ["P", "F", "P", "P", "F", "P"]},
        standard=["P", "P", "P", "F", "F", "P"],
    )
    assert found["kind"] == "standard"
    assert found["kappa"] == pytest.approx(
        cohen_kappa_score([1, 0, 1, 1, 0, 1], [1, 1, 1, 0, 0, 1])
    )


def test_full_agreement_on_several_categories_is_one(run: Run) -> None:
    found = run("attribute_agreement", raters={"a": [1, 2, 3, 1], "b": [1, 2, 3, 1]})
    assert found["kappa"] == pytest.approx(1.0)
    assert found["verdict"] == "good"


def test_a_single_category_has_no_kappa(run: Run) -> None:
    found = run("attribute_agreement", raters={"a": ["ok"] * 5, "b": ["ok"] * 5})
    assert "kappa" not in found
    assert found["verdict"] == "undefined"


def test_numbers_are_ordered_by_size_for_weights() -> None:
    first, second = [1, 2, 10, 10, 2, 1, 10], [2, 2, 10, 2, 2, 1, 10]
    found = agree(rater1=first, rater2=second, weights="linear")
    assert found["categories"] == ["1", "2", "10"]
    assert found["kappa"] == pytest.approx(
        cohen_kappa_score(first, second, labels=[1, 2, 10], weights="linear")
    )


def test_under_chance_agreement_p_values_are_uniform() -> None:
    generator = np.random.default_rng(8)
    rejected = 0
    for _ in range(400):
        ratings = generator.integers(0, 3, (80, 4)).astype(float).tolist()
        rejected += agree(ratings=ratings)["significant"]
    assert rejected / 400 == pytest.approx(0.05, abs=0.03)


BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "no ratings given"),
    ({"ratings": []}, "no ratings given"),
    ({"table": []}, "differ in length"),
    ({"table": [[1, 2], [3]]}, "differ in length"),
    ({"table": [[0, 0], [0, 0]]}, "all counts are zero"),
    ({"table": [[1, 2, 3], [3, 4, 5]]}, "2 rows and 3 columns"),
    ({"table": [[1.5, 2], [3, 1]]}, "not a whole number"),
    ({"table": [[1, -2], [3, 1]]}, ">= 0"),
    ({"table": [[2, 1], [1, 1]], "method": "fleiss"}, "unit 2 has 2 ratings"),
    ({"table": [[2, 1], [1, 1]], "categories": ["a"]}, "1 names for 2"),
    ({"rater1": ["a", "b"]}, "second rater"),
    ({"rater1": ["a", "b"], "rater2": ["a"]}, "rated 1 units"),
    ({"raters": {"x": ["a", "b"]}}, "nothing to compare"),
    ({"raters": {"x": ["a"], "y": ["b"]}, "standard": ["a", "b"]}, "1 units but 2 standard"),
    ({"ratings": [["a", "b"], ["a"]]}, "unit 2 has 1 ratings"),
    ({"ratings": [["a", "b", "c"]], "method": "cohen"}, "compares two raters"),
    ({"rater1": ["a"], "rater2": ["b"], "categories": ["a"]}, "not among the categories"),
    ({"rater1": [i + 0.5 for i in range(300)], "rater2": [1] * 300}, "not categories"),
    ({"rater1": ["a"], "rater2": ["b"], "table": [[1]]}, "more than once"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_input_is_refused_in_one_line(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        agree(**arguments)
    assert "\n" not in str(caught.value)
