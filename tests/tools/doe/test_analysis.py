"""Effects and response surfaces against R, published examples, statsmodels and theory."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from havoc.charts import Grid
from havoc.errors import InputError
from havoc.tools import registry

CASES = Path(__file__).parents[2] / "reference" / "cases"
FILTRATION = json.loads((CASES / "doe-filtration.json").read_text())
CHEMREACT1 = json.loads((CASES / "doe-chemreact-fo.json").read_text())
CHEMREACT = json.loads((CASES / "rsm-chemreact.json").read_text())


def run(operation="doe_analyze", **arguments):
    declared = registry.get(operation)
    outcome = declared(**arguments)
    assert all(check.agrees for check in declared.verify(outcome, arguments))
    narrative = declared.narrate(outcome)
    for text in [narrative.conclusion, *narrative.details]:
        outside = "".join(part.split("}}")[-1] for part in text.split("{{"))
        assert not any(character.isdigit() for character in outside), text
    return outcome


def close(found, item):
    assert np.allclose(found, item["value"], rtol=item.get("rtol", 0), atol=item.get("atol", 1e-12))


# --- two-level experiments ------------------------------------------------------------------


def test_filtration_rate_effects_of_r():
    data = FILTRATION["data"]
    for arguments in (
        {"factors": {name: data[name] for name in "ABCD"}},
        {"n_factors": 4},
        {"factors": {name: ["-" if v < 0 else "+" for v in data[name]] for name in "ABCD"}},
        {"factors": {name: [20 if v < 0 else 60 for v in data[name]] for name in "ABCD"}},
        {"factors": {name: ["old" if v < 0 else "new" for v in data[name]] for name in "ABCD"}},
    ):
        outcome = run(response=data["y"], **arguments)
        for name, item in FILTRATION["expected"].items():
            found = outcome.mean if name == "mean" else outcome.effects_by_name[name]
            close(found, item)
        # Montgomery, Example 6.2: these five stand out, PSE 2.625 and margin 6.75 by Lenth.
        assert outcome.significant_terms == ["A", "C", "D", "AC", "AD"]
        assert outcome.lenth_pse == pytest.approx(2.625)
        assert outcome.lenth_margin == pytest.approx(6.748, abs=1e-3)
        assert outcome.lenth_simultaneous_margin == pytest.approx(13.70, abs=1e-2)
        assert outcome.judged_by == "lenth"


def test_filtration_rate_reduced_is_the_published_regression():
    outcome = run(response=FILTRATION["data"]["y"], n_factors=4, reduce="backward")
    # Montgomery, Table 6.13: residual sum of squares 195.13 with 10 degrees of freedom.
    assert outcome.df_residual == 10
    residual = next(row for row in outcome.anova if row.source == "residual")
    assert residual.ss == pytest.approx(195.125)
    assert outcome.r_squared == pytest.approx(0.9660, abs=1e-4)
    assert [row.term for row in outcome.effects] == ["A", "C", "D", "AC", "AD"]


def test_given_effects_are_judged_by_lenth():
    full = run(response=FILTRATION["data"]["y"], n_factors=4)
    given_effects = {row.term: row.effect for row in full.effects}
    outcome = run(effects=given_effects)
    assert outcome.lenth_pse == pytest.approx(full.lenth_pse)
    assert outcome.significant_terms == full.significant_terms


def test_chemical_process_with_centre_points_of_r():
    data = CHEMREACT1["data"]
    outcome = run(
        response=data["Yield"],
        factors={"Time": data["Time"], "Temp": data["Temp"]},
        center=[85, 175],
        half_range=[5, 5],
    )
    for name, item in CHEMREACT1["expected"].items():
        close(getattr(outcome, name), item)
    assert outcome.curvature_significant
    assert outcome.curvature == pytest.approx(84.0667 - 81.875, abs=1e-3)
    # Effects are tested against the three centre points, without the curvature.
    assert outcome.residual_sd**2 == pytest.approx(0.0866667 / 2, rel=1e-5)
    assert outcome.significant_terms == ["Time", "Temp"]


def test_signs_of_a_two_by_two():
    outcome = run(
        response=[10, 14, 12, 20],
        factors={"A": ["-", "+", "-", "+"], "B": ["-", "-", "+", "+"]},
    )
    assert outcome.effects_by_name == {"effect_A": 6, "effect_B": 4, "effect_AB": 2}
    assert outcome.judged_by == "none" and not outcome.significant


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), replicates=st.integers(2, 3), k=st.integers(1, 3))
def test_replicated_factorial_is_ordinary_least_squares(seed, replicates, k):
    generator = np.random.default_rng(seed)
    values = generator.normal(50, 5, size=replicates * 2**k)
    outcome = run(response=values, n_factors=k, model="full")
    coded = np.array([[1.0 if i >> j & 1 else -1.0 for j in range(k)] for i in range(2**k)])
    columns = [np.ones(2**k)]
    names = ["A", "B", "C"][:k]
    for row in outcome.effects:
        columns.append(np.prod([coded[:, names.index(letter)] for letter in row.term], axis=0))
    peer = sm.OLS(values, np.tile(np.column_stack(columns), (replicates, 1))).fit()
    assert np.allclose(outcome.coefficients, peer.params)
    assert np.allclose([row.p_value for row in outcome.effects], peer.pvalues[1:])
    assert np.allclose([row.std_error for row in outcome.effects], peer.bse[1:])
    assert outcome.r_squared == pytest.approx(peer.rsquared)
    assert outcome.r_squared_adjusted == pytest.approx(peer.rsquared_adj)
    interval = 2 * np.asarray(peer.conf_int())[1:]
    assert np.allclose([[row.ci_low, row.ci_high] for row in outcome.effects], interval)


@settings(max_examples=25, deadline=None)
@given(shift=st.floats(-100, 100), scale=st.floats(0.1, 50))
def test_effects_follow_shift_and_scale(shift, scale):
    base = run(response=FILTRATION["data"]["y"], n_factors=4)
    moved = run(response=[scale * y + shift for y in FILTRATION["data"]["y"]], n_factors=4)
    assert moved.significant_terms == base.significant_terms
    assert np.allclose(
        [row.effect for row in moved.effects], [scale * row.effect for row in base.effects]
    )


def test_aliases_of_a_half_fraction_are_named():
    outcome = run(response=[12, 18, 11, 17, 13, 26, 12, 25], n_factors=4, generators=["D=ABC"])
    assert outcome.aliased["AB"] == ["CD"]
    assert outcome.aliased["A"] == ["BCD"]
    assert outcome.not_estimable == ["ABCD"]
    negative = run(response=[12, 18, 11, 17], n_factors=3, generators=["C=-AB"])
    assert negative.aliased["A"] == ["-BC"]


def test_blocks_take_the_confounded_effect():
    blocks = [1, 2, 2, 1, 2, 1, 1, 2]
    values = [12.0, 18, 11, 17, 13, 26, 12, 25]
    plain = run(response=values, n_factors=3)
    outcome = run(response=values, n_factors=3, block=blocks)
    assert outcome.confounded_with_blocks == ["ABC"]
    assert "effect_ABC" not in outcome.effects_by_name
    for name, effect in outcome.effects_by_name.items():
        assert effect == pytest.approx(plain.effects_by_name[name], abs=1e-9)


def test_plackett_burman_estimates_main_effects_only():
    matrix = registry.get("plackett_burman")(n_factors=5, runs=12)
    coded = np.array(matrix.coded)
    response = 20 + coded @ [3, 0, -2, 0, 0] + [0.1, -0.1] * 6
    outcome = run(response=response, n_factors=5, design="plackett_burman")
    assert {row.term for row in outcome.effects} == set("ABCDE")
    assert outcome.significant_terms == ["A", "C"]
    assert outcome.df_residual == 6


def test_backward_reduction_keeps_the_hierarchy():
    generator = np.random.default_rng(5)
    coded = np.tile([[a, b, c] for c in (-1, 1) for b in (-1, 1) for a in (-1, 1)], (3, 1))
    response = 5 * coded[:, 0] * coded[:, 1] + generator.normal(0, 0.5, 24)
    outcome = run(
        response=response,
        factors={"p": coded[:, 0], "q": coded[:, 1], "r": coded[:, 2]},
        reduce="backward",
    )
    kept = [row.term for row in outcome.effects]
    assert {"p", "q", "pq"} <= set(kept)
    assert "pqr" in outcome.terms_removed
    assert "pq" in outcome.significant_terms


def test_lack_of_fit_of_a_reduced_model():
    outcome = run(
        response=[1.0, 1.2, 3.0, 3.2, 2.0, 2.2, 9.0, 9.2],
        factors={"A": [-1, -1, 1, 1, -1, -1, 1, 1], "B": [-1, -1, -1, -1, 1, 1, 1, 1]},
        terms=["A", "B"],
    )
    assert outcome.ss_pure_error == pytest.approx(0.08)
    assert outcome.df_lack_of_fit == 1
    assert outcome.p_lack_of_fit < 0.001


def test_charts_are_the_standard_ones():
    outcome = run(response=FILTRATION["data"]["y"], n_factors=4, reduce="backward")
    kinds = [chart.kind for chart in outcome.charts]
    assert kinds == ["pareto_effects", "half_normal", "main_effects", "interactions", "residuals"]
    assert outcome.charts[0].panels[0].limits[0].value == pytest.approx(outcome.limit)


def test_a_million_runs():
    generator = np.random.default_rng(1)
    response = np.tile([1.0, 2, 3, 5, 1, 2, 3, 5], 125_000) + generator.normal(size=1_000_000)
    outcome = run(response=response, n_factors=3)
    assert outcome.effects_by_name["effect_B"] == pytest.approx(2.5, abs=0.02)


def test_false_alarms_keep_their_level():
    generator = np.random.default_rng(3)
    alarms = [
        row.significant
        for _ in range(150)
        for row in run(response=generator.normal(size=16), n_factors=3).effects
    ]
    assert 0.03 < np.mean(alarms) < 0.075


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"response": []}, "at least 2"),
        ({"effects": [1, 2]}, "at least 3"),
        ({"effects": [0, 0, 0, 1]}, "most effects are zero"),
        ({"response": [1, 1, 1, 1], "n_factors": 2}, "all 4 responses"),
        ({"response": [1, 2, float("nan"), 3], "n_factors": 2}, "finite"),
        ({"response": [1, 2, 3], "n_factors": 2}, "multiple of the 4"),
        ({"response": [1, 2, 3], "factors": {"A": [1, -1]}}, "2 settings but 3"),
        ({"response": [1, 2, 3, 4], "factors": {"A": [1, 2, 3, 4]}}, "low, a high"),
        ({"response": [1, 2], "factors": {"A": [5, 5]}}, "every run"),
        ({"response": [1, 2, 3], "factors": {"A": ["x", "y", "z"]}}, "3 different"),
        ({"response": [1, 2, 3, 5], "n_factors": 2, "terms": ["AX"]}, "not made of"),
        ({"response": [1, 2, 3, 5], "n_factors": 2, "block": [1, 2]}, "2 blocks"),
        ({"response": [1, 2, 3, 5], "n_factors": 2, "method": "t"}, "uses up"),
        ({"response": [1, 2, 3, 5], "n_factors": 2, "alpha": 7}, "alpha"),
        (
            {"response": [1, 2, 3], "factors": {"A": [-1, 1, 0], "B": [1, -1, 1]}},
            "not a two-level",
        ),
        ({"response": [1, 2, 3, 4], "n_factors": 40}, "40 factors"),
    ],
)  # fmt: skip
def test_bad_data_are_refused_in_one_line(arguments, words):
    with pytest.raises(InputError) as refused:
        registry.get("doe_analyze")(**arguments)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


# --- response surfaces ----------------------------------------------------------------------


def test_chemical_process_surface_of_r():
    data = CHEMREACT["data"]
    outcome = run(
        "response_surface",
        factors={"Time": data["Time"], "Temp": data["Temp"]},
        response=data["Yield"],
        block=data["Block"],
    )
    for name, item in CHEMREACT["expected"].items():
        close(getattr(outcome, name), item)
    assert outcome.kind == "maximum"
    assert outcome.stationary_in_region
    assert outcome.best_setting_actual == pytest.approx(outcome.stationary_point_actual, abs=1e-4)
    grid = outcome.charts[0].panels[0].grid
    assert isinstance(grid, Grid) and len(grid.z) == len(grid.y)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), k=st.integers(2, 4))
def test_surface_is_ordinary_least_squares(seed, k):
    generator = np.random.default_rng(seed)
    design = registry.get("central_composite")(n_factors=k, center_points=4)
    coded = np.array(design.coded)
    response = generator.normal(100, 10, size=len(coded))
    names = [f"x{i}" for i in range(k)]
    outcome = run(
        "response_surface",
        factors=dict(zip(names, coded.T.tolist(), strict=False)),
        response=response,
    )
    columns = [np.ones(len(coded)), *coded.T]
    columns += [coded[:, i] * coded[:, j] for i in range(k) for j in range(i + 1, k)]
    columns += list((coded**2).T)
    peer = sm.OLS(response, np.column_stack(columns)).fit()
    assert np.allclose(outcome.coefficients, peer.params)
    assert np.allclose([term.p_value for term in outcome.terms], peer.pvalues)
    assert pytest.approx(peer.fvalue) == outcome.F
    assert outcome.p_value == pytest.approx(peer.f_pvalue)
    assert outcome.r_squared_adjusted == pytest.approx(peer.rsquared_adj)
    best = np.array(outcome.best_setting_coded)
    row = [1, *best, *(best[i] * best[j] for i in range(k) for j in range(i + 1, k)), *best**2]
    mean = peer.get_prediction([row])
    assert outcome.best_predicted == pytest.approx(float(mean.predicted_mean[0]))
    low, high = mean.conf_int()[0]
    assert (outcome.best_ci_low, outcome.best_ci_high) == pytest.approx((low, high))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), goal=st.sampled_from(["maximize", "minimize"]))
def test_no_tested_setting_beats_the_best(seed, goal):
    generator = np.random.default_rng(seed)
    design = registry.get("box_behnken")(n_factors=3)
    coded = np.array(design.coded)
    response = generator.normal(size=len(coded))
    outcome = run(
        "response_surface",
        factors=dict(zip("abc", coded.T.tolist(), strict=False)),
        response=response,
        goal=goal,
    )
    b = np.array(outcome.coefficients)
    points = generator.uniform(-1, 1, size=(4000, 3))
    points = points[(points**2).sum(axis=1) <= 2]
    x, y, z = points.T
    predicted = np.column_stack(
        [np.ones(len(points)), x, y, z, x * y, x * z, y * z, x**2, y**2, z**2]
    ) @ b  # fmt: skip
    sign = 1 if goal == "maximize" else -1
    assert sign * outcome.best_predicted >= (sign * predicted).max() - 1e-9


@settings(max_examples=25, deadline=None)
@given(center=st.floats(-50, 50), half=st.floats(0.1, 20))
def test_surface_does_not_depend_on_the_units(center, half):
    data = CHEMREACT["data"]
    time = (np.array(data["Time"]) - 85) / 5
    plain = run("response_surface", factors={"t": time}, response=data["Yield"])
    moved = run("response_surface", factors={"t": center + half * time}, response=data["Yield"])
    assert np.allclose(plain.coefficients, moved.coefficients, atol=1e-6)
    assert moved.stationary_point_actual[0] == pytest.approx(
        center + half * plain.stationary_point_actual[0], abs=1e-5
    )


@pytest.mark.parametrize(
    ("expression", "kind", "point"),
    [
        ("80 + 3*x1 + 2*x2 - 4*x1^2 - 3*x2^2 + 1*x1*x2", "maximum", [20 / 47, 19 / 47]),
        ("52 - 2*x1 + 4*x2 + 3*x1^2 - 5*x2^2", "saddle", [1 / 3, 0.4]),
        ("y = (x - 2)**2 + (z+1)^2", "minimum", [2, -1]),
        ("10 + (a + b)^2", "ridge", None),
        ("40 + 3 A + 1.5 B", "none", None),
        ("12 - u - v + 2u^2 + 2v^2 + 2uv", "minimum", [1 / 6, 1 / 6]),
        ("5 + x1 + x2 - x1^2 - x2^2 + x1x2", "maximum", [1, 1]),
    ],
)
def test_given_polynomials(expression, kind, point):
    outcome = run("response_surface", expression=expression)
    assert outcome.kind == kind
    assert outcome.stationary_point_coded == (None if point is None else pytest.approx(point))


def test_coefficients_and_expression_agree():
    coefficients = {"b0": 80, "b1": 3, "b2": 2, "b11": -4, "b22": -3, "b12": 1}
    first = run("response_surface", coefficients=coefficients)
    second = run("response_surface", expression="80 + 3 x1 + 2x2 - 4x1² - 3x2² + x1·x2")
    assert first.coefficients == second.coefficients == [80, 3, 2, 1, -4, -3]


def test_steepest_ascent_follows_the_slope():
    outcome = run("response_surface", expression="40 + 3 A + 1.5 B", steps=3)
    assert [step.coded for step in outcome.path] == [[0, 0], [1, 0.5], [2, 1], [3, 1.5]]
    assert outcome.path[-1].predicted == pytest.approx(40 + 9 + 2.25)


def test_goal_target_and_bounds():
    outcome = run(
        "response_surface",
        expression="10 + 2*x",
        goal="target",
        target=13,
        bounds={"x": [-5, 5]},
    )
    assert outcome.best_setting == {"x": pytest.approx(1.5)}
    edge = run("response_surface", expression="10 + 2*x", bounds={"x": [-5, 5]})
    assert edge.best_setting == {"x": pytest.approx(5)} and edge.best_on_edge
    both = run("response_surface", expression="x + z", bounds=[-2, 2], goal="minimize")
    assert both.best_predicted == pytest.approx(-4)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "nothing to analyse"),
        ({"factors": {"x": [1, 2, 3]}, "response": [1, 2]}, "at least 3"),
        ({"factors": {"x": [1, 2]}, "response": [1, 2, 3]}, "2 settings but 3"),
        ({"factors": {"x": [1, 2, 3]}, "response": [5, 5, 5]}, "no variation"),
        ({"factors": {"x": [1, 1, 1, 1]}, "response": [1, 2, 3, 4]}, "every run"),
        ({"factors": {"x": [1, 2, 1, 2]}, "response": [1, 2, 3, 4]}, "cannot estimate x^2"),
        ({"factors": {"x": [1, 2, 3], "z": [1, 2, 1]}, "response": [1, 2, 4]}, "cannot carry"),
        ({"expression": "x1^3"}, "powers"),
        ({"expression": "x1^2*x2"}, "second order"),
        ({"expression": "__import__('os')"}, "not understood"),
        ({"expression": "3 + "}, "ends too early"),
        ({"expression": "(" * 900}, "nested"),
        ({"expression": "(1 + x"}, "not closed"),
        ({"expression": "3*" + "-" * 900 + "x"}, "nested"),
        ({"expression": "x + " * 1000}, "too long"),
        ({"expression": "7"}, "no variable"),
        ({"expression": "x", "coefficients": {"b0": 1}}, "two polynomials"),
        ({"expression": "x", "goal": "target"}, "target"),
        ({"expression": "x", "bounds": {"x": [3, 1]}}, "low and a high"),
        ({"expression": "x", "bounds": {"z": [1, 2]}}, "no factor z"),
    ],
)
def test_bad_surfaces_are_refused_in_one_line(arguments, words):
    with pytest.raises(InputError) as refused:
        registry.get("response_surface")(**arguments)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
