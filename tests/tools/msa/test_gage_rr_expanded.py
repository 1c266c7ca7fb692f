"""Expanded gage study: lme4's and nlme's figures are in tests/reference/methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from havoc.errors import InputError
from havoc.tools import registry

Run = Callable[..., dict[str, Any]]


def study(
    parts: int = 5, operators: int = 3, gages: int = 2, trials: int = 2, seed: int = 1
) -> dict[str, Any]:
    generator = np.random.default_rng(seed)
    part, operator = generator.normal(0, 3, parts), generator.normal(0, 1, operators)
    gage, cross = generator.normal(0, 0.5, gages), generator.normal(0, 0.6, (parts, operators))
    data: list[float | None] = []
    labels: dict[str, list[str]] = {"part": [], "operator": [], "gage": []}
    for i in range(parts):
        for j in range(operators):
            for k in range(gages):
                for _ in range(trials):
                    noise = generator.normal(0, 0.4)
                    data.append(float(part[i] + operator[j] + gage[k] + cross[i, j] + noise))
                    for name, value in zip(labels, (i, j, k), strict=True):
                        labels[name].append(f"{name[0].upper()}{value}")
    return {"data": data, "factors": labels}


@pytest.mark.parametrize("seed", [1, 4, 5, 6])
def test_balanced_data_without_zero_components_give_the_same_by_both_methods(
    run: Run, seed: int
) -> None:
    terms = ["part", "operator", "part*operator"]
    likelihood = run("gage_rr_expanded", **study(seed=seed), terms=terms)
    squares = run("gage_rr_expanded", **study(seed=seed), terms=terms, method="anova")
    for first, second in zip(likelihood["terms"], squares["terms"], strict=True):
        assert first["variance"] == pytest.approx(second["variance"], rel=1e-4)
    # The expected information of balanced data gives the variance of a mean square, 2 MS^2 / df.
    error = squares["terms"][-1]
    assert likelihood["terms"][-1]["standard_error"] == pytest.approx(
        error["variance"] * np.sqrt(2 / error["df"]), rel=1e-4
    )


def test_part_and_operator_alone_agree_with_the_crossed_study(run: Run) -> None:
    rows = study(gages=1, trials=3)
    found = run(
        "gage_rr_expanded",
        data=rows["data"],
        factors={name: rows["factors"][name] for name in ("part", "operator")},
        method="anova",
        tolerance=30,
    )
    other = run(
        "gage_rr",
        data=rows["data"],
        parts=rows["factors"]["part"],
        operators=rows["factors"]["operator"],
        alpha_interaction=1.0,
        tolerance=30,
    )
    for name in (
        "var_part",
        "var_reproducibility",
        "var_grr",
        "pct_sv",
        "pct_tolerance_grr",
        "ndc",
    ):
        assert found[name] == pytest.approx(other[name]), name


def test_mean_squares_of_unbalanced_data_agree_with_their_expectations(run: Run) -> None:
    """Over many simulated studies the estimates average to the true variances."""
    truth, sums, rounds = np.array([4.0, 1.0, 0.25]), np.zeros(3), 150
    generator = np.random.default_rng(8)
    part = [i for i in range(8) for _ in range(9)][::1]
    operator = [j for _ in range(8) for j in range(3) for _ in range(3)]
    keep = [k for k in range(72) if generator.random() < 0.7]
    labels = {"part": [f"p{part[k]}" for k in keep], "operator": [f"o{operator[k]}" for k in keep]}
    for _ in range(rounds):
        a, b = generator.normal(0, 2, 8), generator.normal(0, 1, 3)
        y = [float(a[part[k]] + b[operator[k]] + generator.normal(0, 0.5)) for k in keep]
        result = registry.execute(
            "gage_rr_expanded",
            {"data": y, "factors": labels, "terms": ["part", "operator"], "method": "anova"},
        ).outcome
        sums += [term.variance for term in result.terms]
    assert sums / rounds == pytest.approx(truth, rel=0.2)


def test_rows_with_gaps_are_left_out_and_counted(run: Run) -> None:
    rows = study()
    gaps = {**rows, "data": [None if i % 7 == 0 else y for i, y in enumerate(rows["data"])]}
    kept = [i for i in range(len(rows["data"])) if i % 7]
    without = {
        "data": [rows["data"][i] for i in kept],
        "factors": {name: [column[i] for i in kept] for name, column in rows["factors"].items()},
    }
    first, second = run("gage_rr_expanded", **gaps), run("gage_rr_expanded", **without)
    assert first["missing"] == 9 and second["missing"] == 0
    assert first["var_grr"] == pytest.approx(second["var_grr"])


def test_an_interaction_without_repeats_is_left_out_by_itself_and_refused_by_name(run: Run) -> None:
    rows = study(gages=1, trials=1)
    factors = {name: rows["factors"][name] for name in ("part", "operator")}
    found = run("gage_rr_expanded", data=rows["data"], factors=factors)
    assert found["left_out"] == ["part*operator"]
    with pytest.raises(InputError, match="cannot be told from"):
        registry.execute(
            "gage_rr_expanded",
            {"data": rows["data"], "factors": factors, "terms": ["part", "part*operator"]},
        )


def test_a_fixed_gage_is_an_effect_and_no_variance(run: Run) -> None:
    found = run("gage_rr_expanded", **study(), fixed=["gage"])
    assert {item["factor"] for item in found["fixed_effects"]} == {"gage"}
    assert sum(item["effect"] for item in found["fixed_effects"]) == pytest.approx(0, abs=1e-9)
    assert "gage" not in {item["term"] for item in found["terms"]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"part": "lot"}, "no factor 'lot'"),
        ({"fixed": ["shift"]}, "shift is not a factor"),
        ({"fixed": ["part"]}, "no random term stands for the parts"),
        ({"fixed": ["part", "operator", "gage"]}, "all terms are fixed"),
        ({"terms": ["part", "day"]}, "'day' is not a factor"),
        ({"terms": ["part*part"]}, "names a factor twice"),
        ({"nested": {"part": "day"}}, "'day' is not a factor"),
        ({"data": [1.0] * 60}, "all measurements are equal"),
        ({"data": [None] * 60}, "0 measurements are left"),
        ({"data": [float("inf")] * 60}, "infinite"),
        ({"data": [1.0, 2.0]}, "2 measurements but 60 labels"),
    ],
)
def test_what_cannot_be_analysed_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        registry.execute("gage_rr_expanded", {**study(), **change})


def test_one_level_and_equal_repeats_are_named() -> None:
    rows = study()
    rows["factors"]["operator"] = ["O1"] * 60
    with pytest.raises(InputError, match="operator has one level only"):
        registry.execute("gage_rr_expanded", rows)
    twice = study(trials=1, gages=1)
    factors = {name: [v for v in col for _ in (0, 1)] for name, col in twice["factors"].items()}
    factors.pop("gage")
    data = [value for value in twice["data"] for _ in (0, 1)]
    with pytest.raises(InputError, match="repeatability is zero"):
        registry.execute("gage_rr_expanded", {"data": data, "factors": factors})
    too_many = {"part": [str(i) for i in range(3000)], "operator": ["a", "b"] * 1500}
    with pytest.raises(InputError, match="levels"):
        registry.execute(
            "gage_rr_expanded", {"data": list(map(float, range(3000))), "factors": too_many}
        )
