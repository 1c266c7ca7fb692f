"""Stability, go/no-go gages, repeated and ordered ratings; R's figures are in tests/reference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from havoc.errors import InputError
from havoc.tools import registry
from havoc.tools.msa.gage_stability import d2_star

Run = Callable[..., dict[str, Any]]
GO = {
    "reference": [-0.05, -0.045, -0.04, -0.035, -0.03, -0.025, -0.02, -0.015, -0.01],
    "acceptances": [0, 1, 2, 5, 8, 12, 17, 20, 20],
}


@pytest.mark.parametrize(
    ("size", "count", "star", "df"),
    # AIAG MSA 4th edition, appendix C.
    [(2, 1, 1.41421, 1.0), (3, 1, 1.91155, 2.0), (10, 1, 3.17905, 7.7), (5, 20, 2.334, 72.7)],
)
def test_d2_star_is_that_of_aiag(size: int, count: int, star: float, df: float) -> None:
    found = d2_star(size, count)
    assert found[0] == pytest.approx(star, abs=6e-4)
    assert found[1] == pytest.approx(df, abs=0.06)


def occasions(drift: float = 0.0, seed: int = 2, count: int = 24) -> list[list[float]]:
    generator = np.random.default_rng(seed)
    return [(10 + drift * i + generator.normal(0, 0.02, 5)).tolist() for i in range(count)]


def test_a_drift_is_found_and_measured_in_units_of_time(run: Run) -> None:
    steady = run("gage_stability", subgroups=occasions(), reference=10.0, tolerance=0.5)
    assert steady["stable"] and not steady["drifts"] and not steady["bias_significant"]
    moved = run("gage_stability", subgroups=occasions(0.003), times=list(range(0, 240, 10)))
    assert moved["drifts"] and moved["drift"] == pytest.approx(0.0003, rel=0.3)
    assert moved["drift_total"] == pytest.approx(230 * moved["drift"])


def test_the_interval_of_the_bias_is_that_of_aiag(run: Run) -> None:
    found = run("gage_stability", subgroups=occasions(count=20), reference=9.99)
    star, df = d2_star(5, 20)
    from scipy import stats

    margin = 2.32593 / star * stats.t.ppf(0.975, df) * found["sigma_repeatability"] / 10
    assert found["bias_ci_high"] - found["bias"] == pytest.approx(margin, rel=1e-4)


def test_single_readings_and_unequal_occasions(run: Run) -> None:
    single = run("gage_stability", data=[row[0] for row in occasions()], reference=10.0)
    assert single["chart"] == "I-MR" and "bias_ci_low_means" not in single
    rows = occasions()
    rows[3] = rows[3][:2]
    assert run("gage_stability", subgroups=rows)["chart"] == "Xbar-S"


def test_an_upper_limit_mirrors_a_lower_one(run: Run) -> None:
    lower = run("attribute_gage", **GO, lsl=-0.02)
    upper = run(
        "attribute_gage",
        reference=[-x for x in GO["reference"]],
        acceptances=GO["acceptances"],
        usl=0.02,
    )
    assert upper["bias"] == pytest.approx(-lower["bias"])
    assert upper["repeatability"] == pytest.approx(lower["repeatability"])
    assert upper["regression_t"] == pytest.approx(-lower["regression_t"])


def test_other_plans_than_that_of_aiag_take_the_test_of_the_line(run: Run) -> None:
    found = run("attribute_gage", **{**GO, "trials": 25}, lsl=-0.02)
    assert "t" not in found and found["p_value"] == found["regression_p"]


def ratings(trials: int = 3) -> dict[str, list[Any]]:
    """Ann always right; Bob passes bad unit 5 once; Cid rejects good unit 1 always."""
    truth = ["good"] * 4 + ["bad"] * 4
    rows: dict[str, list[Any]] = {"response": [], "parts": [], "operators": [], "standard": []}
    for rater in ("Ann", "Bob", "Cid"):
        for t in range(trials):
            for unit, right in enumerate(truth, start=1):
                said = right
                if rater == "Bob" and unit == 5 and t == 0:
                    said = "good"
                if rater == "Cid" and unit == 1:
                    said = "bad"
                for name, value in zip(rows, (said, unit, rater, right), strict=True):
                    rows[name].append(value)
    return rows


def test_effectiveness_miss_and_false_alarm_rates_are_counted(run: Run) -> None:
    found = run("attribute_agreement", **ratings())
    ann, bob, cid = found["appraisers"]
    assert (ann["effectiveness"], ann["miss_rate"], ann["false_alarm_rate"]) == (1, 0, 0)
    assert (bob["agreed"], bob["repeat_agreed"]) == (7, 7)
    assert bob["miss_rate"] == pytest.approx(1 / 12) and bob["false_alarm_rate"] == 0
    assert cid["false_alarm_rate"] == pytest.approx(3 / 12) and cid["repeat_agreement"] == 1
    assert (ann["verdict"], cid["verdict"]) == ("acceptable", "unacceptable")
    assert found["system_effectiveness"] == pytest.approx(6 / 8)
    assert found["between_agreement"] == pytest.approx(6 / 8)
    assert found["raters"] == 3 and found["trials"] == 3
    # Cohen's kappa of the matched decisions: 23 of 24 agree.
    pair = found["pairs"][0]
    assert pair["agreement"] == pytest.approx(23 / 24)
    assert pair["kappa"] == pytest.approx((23 / 24 - 0.5) / 0.5)


def test_fleiss_within_a_rater_is_that_of_his_trials_as_raters(run: Run) -> None:
    rows = ratings()
    long = run("attribute_agreement", **rows)
    bob = [
        value
        for value, who in zip(rows["response"], rows["operators"], strict=True)
        if who == "Bob"
    ]
    wide = run(
        "attribute_agreement",
        raters={f"t{t}": bob[8 * t : 8 * t + 8] for t in range(3)},
        method="fleiss",
    )
    assert long["appraisers"][1]["kappa_within"] == pytest.approx(wide["kappa"])


def test_full_concordance_is_one_and_constant_ratings_have_none(run: Run) -> None:
    same = run("attribute_agreement", raters={"a": [1, 2, 3], "b": [1, 2, 3]}, ordinal=True)
    assert same["kendall_w"] == pytest.approx(1)
    none = run("attribute_agreement", raters={"a": [1, 1, 1], "b": [1, 1, 1]}, ordinal=True)
    assert "kendall_w" not in none


@pytest.mark.parametrize(
    ("operation", "arguments", "message"),
    [
        ("gage_stability", {}, "no readings given"),
        ("gage_stability", {"data": [1.0, 2.0, 3.0]}, "3 occasions"),
        ("gage_stability", {"data": [1.0] * 9}, "equal"),
        ("gage_stability", {"data": [1.0, 2.0, 3.0, 4.0]}, "line exactly"),
        ("gage_stability", {"subgroups": occasions(), "times": [1.0, 2.0]}, "but 2 times"),
        ("gage_stability", {"data": [1, 2, 1, 3], "times": [4, 3, 2, 1]}, "ascending"),
        ("gage_stability", {"data": [1, 2, 1, 3], "times": [1, 1, 1, 1]}, "times are equal"),
        ("attribute_gage", {**GO}, "limit is missing"),
        ("attribute_gage", {**GO, "lsl": 1, "usl": 2}, "two limits"),
        ("attribute_gage", {**GO, "usl": -0.02}, "fall with the size"),
        ("attribute_gage", {**GO, "trials": 10, "lsl": -0.02}, "12 times out of 10"),
        (
            "attribute_gage",
            {"reference": [1, 2, 3], "acceptances": [0, 20, 20], "lsl": 2},
            "0 parts were accepted sometimes",
        ),
        ("attribute_gage", {"reference": [1], "acceptances": [0, 2], "lsl": 2}, "1 parts but 2"),
        ("attribute_agreement", {"response": ["a", "b"]}, "unit or the rater"),
        (
            "attribute_agreement",
            {"response": ["a"] * 3, "parts": [1, 1, 2], "operators": ["x"] * 3},
            "rated unit 2 1 times",
        ),
        ("attribute_agreement", {**ratings(), "bad": "ugly"}, "no rating is 'ugly'"),
        ("attribute_agreement", {**ratings(), "standard": ["good"] * 3}, "3 standard values"),
    ],
)
def test_what_cannot_be_analysed_is_named(
    operation: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        registry.execute(operation, arguments)
