"""Nested gage study: published variances are in tests/reference/methods; the rest is here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from havoc.errors import InputError
from havoc.tools import registry
from havoc.tools.msa.component_intervals import crossed_forms, modified_large_sample, nested_forms

Run = Callable[..., dict[str, Any]]


def study(
    operators: int = 3,
    parts: int = 5,
    trials: int = 2,
    seed: int = 1,
    sd: tuple[float, ...] = (1, 2, 0.5),
) -> dict[str, list[Any]]:
    generator = np.random.default_rng(seed)
    rows: dict[str, list[Any]] = {"data": [], "parts": [], "operators": []}
    for i in range(operators):
        level = generator.normal(0, sd[0])
        for j in range(parts):
            part = generator.normal(0, sd[1])
            for _ in range(trials):
                rows["data"].append(float(level + part + generator.normal(0, sd[2])))
                rows["parts"].append(f"{i}-{j}")
                rows["operators"].append(f"O{i}")
    return rows


def test_it_agrees_with_the_restricted_likelihood(run: Run) -> None:
    rows = study(seed=4)
    found = run("gage_rr_nested", **rows, tolerance=20)
    other = run(
        "gage_rr_expanded",
        data=rows["data"],
        factors={"part": rows["parts"], "operator": rows["operators"]},
        nested={"part": "operator"},
    )
    named = {row["term"]: row["variance"] for row in other["terms"]}
    assert found["var_operator"] == pytest.approx(named["operator"], rel=1e-4)
    assert found["var_part"] == pytest.approx(named["part(operator)"], rel=1e-5)
    assert found["var_repeatability"] == pytest.approx(named["repeatability"], rel=1e-5)
    assert found["pct_tolerance_grr"] == pytest.approx(100 * 6 * found["sd_grr"] / 20)


def test_the_intervals_agree_with_burdick_borror_and_montgomery() -> None:
    # J. Quality Technology 35 (2003), 342: 10 parts, 3 operators, 3 trials.
    squares = {
        "part": (437.328, 9),
        "operator": (19.633, 2),
        "part x operator": (2.695, 18),
        "repeatability": (0.511, 60),
    }
    forms = crossed_forms((10, 3, 3), False)
    assert modified_large_sample(forms.part, squares, 0.05) == pytest.approx(
        (22.69, 161.64), abs=0.01
    )
    gage = {"operator": 1 / 30, "part x operator": 9 / 30, "repeatability": 2 / 3}
    assert modified_large_sample(gage, squares, 0.05) == pytest.approx((1.20, 27.02), abs=0.01)


def test_one_mean_square_has_the_chi_square_interval() -> None:
    from scipy import stats

    low, high = modified_large_sample({"e": 0.5}, {"e": (4.0, 12)}, 0.1)
    assert low == pytest.approx(2.0 * 12 / stats.chi2.ppf(0.95, 12))
    assert high == pytest.approx(2.0 * 12 / stats.chi2.ppf(0.05, 12))


def test_the_interval_of_a_part_variance_covers_as_often_as_it_says() -> None:
    generator = np.random.default_rng(3)
    truth, trials, rounds, hits = 4.0, 2, 2000, 0
    form = nested_forms(5, trials).part
    for _ in range(rounds):
        part = (trials * truth + 1.0) * generator.chisquare(12) / 12
        error = 1.0 * generator.chisquare(15) / 15
        squares = {"part (operator)": (part, 12), "repeatability": (error, 15)}
        low, high = modified_large_sample(form, squares, 0.1)
        hits += low <= truth <= high
    assert hits / rounds == pytest.approx(0.9, abs=0.02)


def test_a_negative_component_is_zero_and_said(run: Run) -> None:
    rows = study(sd=(0, 3, 0.1), seed=2)
    result = registry.execute("gage_rr_nested", rows)
    found = result.quantities
    assert found["var_operator"] == 0
    assert found["var_grr"] == pytest.approx(found["var_repeatability"])
    assert any("negative" in text for text in result.outcome.warnings)
    gage = next(item for item in found["intervals"] if item["source"] == "grr")
    assert gage["interval"] == "chi-square, exact"


def test_the_same_parts_for_all_are_pointed_out() -> None:
    rows = study()
    rows["parts"] = [text.split("-")[1] for text in rows["parts"]]
    warnings = registry.execute("gage_rr_nested", rows).outcome.warnings
    assert any("crossed" in text for text in warnings)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.floats(0.1, 100), st.floats(-1000, 1000))
def test_shares_do_not_depend_on_unit_or_origin(seed: int, scale: float, shift: float) -> None:
    rows = study(seed=seed)
    first = registry.execute("gage_rr_nested", rows).quantities
    moved = rows | {"data": [scale * value + shift for value in rows["data"]]}
    second = registry.execute("gage_rr_nested", moved).quantities
    assert second["pct_sv"] == pytest.approx(first["pct_sv"], rel=1e-6, abs=1e-6)
    assert second["pct_study_var_grr_ci_high"] == pytest.approx(
        first["pct_study_var_grr_ci_high"], rel=1e-6, abs=1e-6
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: {name: column[:-1] for name, column in rows.items()}, "has 1 measurements"),
        (lambda rows: {name: column[:-2] for name, column in rows.items()}, "measured 4 parts"),
        (lambda rows: {name: column[:10] for name, column in rows.items()}, "one operator only"),
        (lambda rows: {name: column[::2] for name, column in rows.items()}, "one measurement"),
        (lambda rows: rows | {"parts": rows["operators"]}, "one part only"),
        (lambda rows: rows | {"data": [1.0] * 30}, "all measurements are equal"),
        (lambda rows: rows | {"data": [float("nan"), *rows["data"][1:]]}, "not a finite number"),
        (lambda rows: rows | {"parts": rows["parts"][:-1]}, "30 measurements but 29 labels"),
        (lambda rows: rows | {"lsl": 2.0, "usl": 1.0}, "not below"),
    ],
)
def test_what_cannot_be_analysed_is_named(change: Callable[..., Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        registry.execute("gage_rr_nested", change(study()))
