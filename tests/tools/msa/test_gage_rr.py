"""Gage R&R against R, Minitab's published AIAG figures and the AIAG worksheet."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from havoc.errors import InputError
from havoc.tools import registry

CASES = Path(__file__).parents[2] / "reference" / "cases"
AIAG = json.loads((CASES / "grr-aiag.json").read_text())
STUDY = {
    "data": AIAG["data"]["y"],
    "parts": AIAG["data"]["part"],
    "operators": AIAG["data"]["operator"],
}
Run = Callable[..., dict[str, Any]]


def analyse(**arguments: Any) -> dict[str, Any]:
    return registry.execute("gage_rr", arguments).quantities


def simulated(
    parts: int = 6, operators: int = 3, trials: int = 2, interaction: float = 0.0, seed: int = 1
) -> dict[str, Any]:
    generator = np.random.default_rng(seed)
    part = generator.normal(0, 5, parts)
    operator = generator.normal(0, 1, operators)
    cross = generator.normal(0, interaction, (parts, operators))
    rows: dict[str, list[Any]] = {"data": [], "parts": [], "operators": []}
    for i in range(parts):
        for j in range(operators):
            for _ in range(trials):
                noise = generator.normal(0, 0.5)
                rows["data"].append(float(part[i] + operator[j] + cross[i, j] + noise))
                rows["parts"].append(f"P{i}")
                rows["operators"].append(f"O{j}")
    return rows


def test_the_aiag_study_agrees_with_r_and_minitab(run: Run) -> None:
    found = run("gage_rr", **STUDY, **AIAG["params"])
    for name, expected in AIAG["expected"].items():
        assert found[name] == pytest.approx(expected["value"], rel=expected["rtol"]), name
    assert found["interaction_dropped"] is True
    assert found["verdict"] == "marginal"
    assert (found["part_count"], found["operator_count"], found["trial_count"]) == (10, 3, 3)


def test_the_aiag_worksheet_is_reproduced(run: Run) -> None:
    # AIAG, MSA 4th edition, figure III-B 16: EV, AV, GRR, PV, TV and their percentages.
    found = run("gage_rr", **STUDY, method="xbar_r")
    for source, sd, percent in (
        ("repeatability", 0.20188, 17.62),
        ("reproducibility", 0.22963, 20.04),
        ("grr", 0.30575, 26.68),
        ("part", 1.10456, 96.38),
    ):
        assert found[f"sd_{source}"] == pytest.approx(sd, rel=2e-3)
        assert found[f"pct_study_var_{source}"] == pytest.approx(percent, abs=0.03)
    assert found["sd_total"] == pytest.approx(1.14610, rel=1e-3)
    assert found["ndc"] == 5


def test_worksheet_figures_give_the_same_as_the_measurements(run: Run) -> None:
    values = np.asarray(STUDY["data"]).reshape(3, 10, 3)
    found = run(
        "gage_rr",
        rbar=float(np.ptp(values, axis=2).mean()),
        xdiff=float(np.ptp(values.mean(axis=(1, 2)))),
        rp=float(np.ptp(values.mean(axis=(0, 2)))),
        parts=10,
        operators=3,
        trials=3,
    )
    whole = analyse(**STUDY, method="xbar_r")
    assert found["var_grr"] == pytest.approx(whole["var_grr"])
    assert found["var_part"] == pytest.approx(whole["var_part"])


@pytest.mark.parametrize("interaction", [0.0, 3.0])
def test_anova_agrees_with_statsmodels(run: Run, interaction: float) -> None:
    import pandas
    from statsmodels.formula.api import ols
    from statsmodels.stats.anova import anova_lm

    study = simulated(interaction=interaction)
    found = run("gage_rr", **study)
    frame = pandas.DataFrame(study)
    table = anova_lm(ols("data ~ C(parts) * C(operators)", frame).fit())
    by_name = {row["source"]: row for row in found["anova"]}
    cross = table.loc["C(parts):C(operators)"]
    assert by_name["part"]["ss"] == pytest.approx(table.loc["C(parts)", "sum_sq"])
    assert by_name["operator"]["ss"] == pytest.approx(table.loc["C(operators)", "sum_sq"])
    assert found["interaction_F"] == pytest.approx(cross["F"])
    assert found["interaction_p"] == pytest.approx(cross["PR(>F)"])
    assert found["interaction_dropped"] == (cross["PR(>F)"] > 0.05)
    if not found["interaction_dropped"]:
        # Parts are tested by the interaction, not by the error.
        assert found["F_part"] == pytest.approx(table.loc["C(parts)", "mean_sq"] / cross["mean_sq"])
        assert found["var_interaction"] == pytest.approx(
            (cross["mean_sq"] - table.loc["Residual", "mean_sq"]) / 2
        )


def test_known_standard_deviations_are_enough(run: Run) -> None:
    found = run("gage_rr", ev=0.12, av=0.08, pv=0.6, tolerance=4)
    grr = math.hypot(0.12, 0.08)
    assert found["sd_grr"] == pytest.approx(grr)
    assert found["pct_sv"] == pytest.approx(100 * grr / math.hypot(grr, 0.6))
    assert found["pct_tolerance_grr"] == pytest.approx(100 * 6 * grr / 4)
    assert found["ndc"] == int(1.41 * 0.6 / grr)
    with_total = run("gage_rr", grr=0.1, tv=0.5)
    assert with_total["sd_part"] == pytest.approx(math.sqrt(0.24))


def test_components_recover_the_truth_on_average() -> None:
    shares = [analyse(**simulated(10, 3, 3, interaction=1.0, seed=s)) for s in range(60)]
    assert np.mean([f["var_repeatability"] for f in shares]) == pytest.approx(0.25, rel=0.1)
    assert np.mean([f["var_interaction"] for f in shares]) == pytest.approx(1.0, rel=0.15)


def test_one_operator_shows_repeatability_only(run: Run) -> None:
    found = run("gage_rr", **simulated(operators=1))
    assert found["var_reproducibility"] == 0
    assert "interaction_p" not in found


def test_rows_may_come_in_any_order_and_labels_may_be_numbers() -> None:
    order = np.random.default_rng(0).permutation(90)
    shuffled = {
        "data": [STUDY["data"][i] for i in order],
        "parts": [float(STUDY["parts"][i]) for i in order],
        "operators": [STUDY["operators"][i] for i in order],
    }
    assert analyse(**shuffled)["var_grr"] == pytest.approx(analyse(**STUDY)["var_grr"])


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    shift=st.integers(-1000, 1000),
    scale=st.sampled_from([0.01, 1.0, 40.0]),
)
def test_shares_do_not_depend_on_the_unit(seed: int, shift: int, scale: float) -> None:
    study = simulated(seed=seed, interaction=1.0)
    moved = {**study, "data": [value * scale + shift for value in study["data"]]}
    first, second = analyse(**study), analyse(**moved)
    assert second["pct_study_var_grr"] == pytest.approx(first["pct_study_var_grr"], rel=1e-6)
    assert second["var_part"] == pytest.approx(first["var_part"] * scale**2, rel=1e-6)


def test_a_wild_reading_is_pointed_out() -> None:
    study = simulated(parts=10)
    study["data"][7] += 40.0
    outcome = registry.execute("gage_rr", study).outcome
    assert outcome.assumptions[0].status == "violated"
    assert "part P1 by O0" in outcome.assumptions[0].detail


BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "neither measurements nor standard deviations"),
    ({"data": [1.0] * 4}, "part of each measurement"),
    ({"data": [1.0, 2, 3, 4], "parts": ["a", "a", "b", "b"]}, "operator of each"),
    ({"data": [1.0, 2, 3, 4], "parts": ["a"], "operators": ["x"] * 4}, "4 measurements but 1"),
    (
        {"data": [1.0, 2, 3, 4, 5], "parts": [1, 1, 2, 2, 2], "operators": ["x"] * 5},
        "part 1 was measured 2 times by operator x, others up to 3",
    ),
    (
        {"data": [1.0, 2, 3, 4], "parts": [1, 1, 2, 2], "operators": ["x", "y", "x", "y"]},
        "measured once",
    ),
    (
        {"data": [1.0, 2, 3, 4], "parts": [1, 1, 1, 1], "operators": ["x", "y", "x", "y"]},
        "at least 2 parts",
    ),
    (
        {"data": [5.0] * 4, "parts": [1, 1, 2, 2], "operators": ["x"] * 4},
        "all measurements are equal",
    ),
    ({"ev": 0.1, "av": 0.1}, "between parts is missing"),
    ({"grr": 0.5, "tv": 0.2}, "below that of the gage"),
    ({"rbar": 0.1, "rp": 1.0}, "numbers of parts, operators and trials"),
    ({"ev": 1, "pv": 2, "lsl": 5, "usl": 1}, "not below"),
    ({"ev": 1, "pv": 2, "tolerance": 0}, "> 0"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_input_is_refused_in_one_line(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        analyse(**arguments)
    assert "\n" not in str(caught.value)
