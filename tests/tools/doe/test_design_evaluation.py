"""Evaluation of designs against other programs, formulas and brute force."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.outliers_influence import variance_inflation_factor

from havoc.errors import InputError
from havoc.tools import registry
from havoc.tools.doe.two_level_structure import two_level_structure


def run(**arguments):
    declared = registry.get("design_evaluation")
    typed = declared.validate(arguments)
    outcome = declared(**typed)
    assert all(check.agrees for check in declared.verify(outcome, typed))
    declared.narrate(outcome)
    return outcome


def made(operation, **arguments):
    return {"operation": operation, "arguments": arguments}


def irregular(runs=11, factors=3, seed=0):
    generator = np.random.default_rng(seed)
    return {f"f{index}": generator.uniform(2, 9, runs).tolist() for index in range(factors)}


def test_variance_inflation_and_power_agree_with_other_libraries():
    design = irregular()
    result = run(design=design, model="linear", effect=3, sigma=1.5)
    coded = np.column_stack(
        [2 * (np.array(c) - min(c)) / (max(c) - min(c)) - 1 for c in design.values()]
    )
    matrix = np.column_stack([np.ones(11), coded])
    inverse = np.linalg.inv(matrix.T @ matrix)
    for index in range(1, 4):
        item = result.coefficients[index]
        assert item.vif == pytest.approx(variance_inflation_factor(matrix, index))
        shift = (3 / 1.5 / 2) / math.sqrt(inverse[index, index])
        critical = stats.t.isf(0.025, 7)
        power = stats.nct.sf(critical, 7, shift) + stats.nct.cdf(-critical, 7, shift)
        assert item.power == pytest.approx(power, abs=1e-7)
    assert result.leverage == pytest.approx(np.diag(matrix @ inverse @ matrix.T))


def test_what_minitab_and_sas_print():
    result = run(design=irregular(), model="linear")
    leverage = np.array(result.leverage)
    assert result.minitab.V_optimality == pytest.approx(4 / 11)
    assert result.minitab.G_optimality == pytest.approx(leverage.mean() / leverage.max())
    assert result.minitab.D_optimality ** (1 / 4) / 11 == pytest.approx(result.D_efficiency / 100)
    assert result.minitab.A_optimality == pytest.approx(400 / 11 / result.A_efficiency)
    assert result.G_efficiency_root == pytest.approx(
        100 * math.sqrt(4 / 11 / result.maximum_variance)
    )


def test_the_mean_variance_is_that_of_a_fine_grid():
    result = run(design=irregular(14, 2, 3), model="quadratic")
    middle = (np.arange(200) + 0.5) / 100 - 1
    x, y = (axis.ravel() for axis in np.meshgrid(middle, middle))
    rows = np.column_stack([np.ones(x.size), x, y, x * y, x * x, y * y])
    design = np.array(list(irregular(14, 2, 3).values()))
    a, b = (2 * (c - c.min()) / (c.max() - c.min()) - 1 for c in design)
    matrix = np.column_stack([np.ones(14), a, b, a * b, a * a, b * b])
    variance = np.einsum("ij,jk,ik->i", rows, np.linalg.inv(matrix.T @ matrix), rows)
    assert result.average_variance == pytest.approx(variance.mean(), rel=1e-3)
    assert result.maximum_variance >= variance.max()
    assert result.median_variance == pytest.approx(np.median(variance), rel=0.03)
    fractions = {item.fraction: item.variance for item in result.fraction_of_design_space}
    assert fractions[0.9] == pytest.approx(np.quantile(variance, 0.9), rel=0.06)
    assert list(fractions.values()) == sorted(fractions.values())


def test_a_rotatable_design_in_a_sphere():
    result = run(
        made_by=made("central_composite", n_factors=2, alpha_type="rotatable"), region="sphere"
    )
    # Worst at the radius of the star runs, the same in all directions: by the formula.
    assert "sphere of radius 1.414" in result.method
    inside = run(made_by=made("central_composite", n_factors=2, alpha_type="rotatable"))
    assert result.n_parameters == 6 and inside.average_variance < result.maximum_variance


def test_wanted_precision_in_a_share_of_the_region():
    easy = run(made_by=made("box_behnken", n_factors=3), half_width=10, model="quadratic")
    hard = run(made_by=made("box_behnken", n_factors=3), half_width=1.7, model="quadratic")
    assert easy.fraction_precise == 1
    assert 0 < hard.fraction_precise < 1


# Published: resolutions, and Deng & Tang (1999) 3.67 for the twelve-run Plackett-Burman design.
@pytest.mark.parametrize(
    ("factors", "runs", "resolution"), [(4, 8, 4), (5, 16, 5), (7, 8, 3), (8, 16, 4), (6, 32, 6)]
)
def test_resolution_of_regular_fractions(factors, runs, resolution):
    two = run(made_by=made("fractional_factorial", n_factors=factors, runs=runs)).two_level
    assert (two.resolution, two.regular) == (resolution, True)
    assert two.generalized_resolution == pytest.approx(resolution)


def test_plackett_burman_is_not_regular():
    result = run(made_by=made("plackett_burman", n_factors=6, runs=12), model="linear")
    assert not result.two_level.regular
    assert result.two_level.generalized_resolution == pytest.approx(3 + 2 / 3)
    # Each main effect is shifted by a third of every interaction that it is not part of.
    sizes = {round(abs(item.coefficient), 9) for item in result.aliases if item.term != "intercept"}
    assert sizes == {round(1 / 3, 9)}
    assert result.largest_alias_correlation == pytest.approx(1 / 3)


def test_defining_words_by_brute_force():
    full = np.array(list(itertools.product([-1.0, 1.0], repeat=4)))
    design = np.column_stack([full, full[:, 0] * full[:, 1] * full[:, 2], full[:, 1:].prod(axis=1)])
    found = two_level_structure(design, list("ABCDEF"))
    words = {
        "".join("ABCDEF"[i] for i in chosen)
        for size in range(1, 7)
        for chosen in itertools.combinations(range(6), size)
        if abs(design[:, chosen].prod(axis=1).sum()) == 16
    }
    assert set(found.defining_words) == words == {"ABCE", "BCDF", "ADEF"}
    assert found.word_counts["4"] == 3


def test_the_alias_matrix_is_what_bias_shows():
    """Fit a response made of the potential terms alone: the estimates are the alias columns."""
    design = irregular(12, 3, 5)
    result = run(design=design, model="linear")
    coded = np.column_stack(
        [2 * (np.array(c) - min(c)) / (max(c) - min(c)) - 1 for c in design.values()]
    )
    matrix = np.column_stack([np.ones(12), coded])
    index = result.potential_terms.index("f0*f2")
    estimate = np.linalg.lstsq(matrix, coded[:, 0] * coded[:, 2], rcond=None)[0]
    assert [row[index] for row in result.alias_matrix] == pytest.approx(estimate, abs=1e-9)


def test_blocks_take_degrees_of_freedom_and_precision():
    full = list(itertools.product([-1.0, 1.0], repeat=3))
    columns = {name: [row[i] for row in full] for i, name in enumerate("ABC")}
    confounded = ["a" if np.prod(row[:2]) > 0 else "b" for row in full]
    plain = run(design=columns, model="linear")
    blocked = run(design=columns, model="linear", blocks=confounded)
    assert (plain.df_residual, blocked.df_residual) == (4, 3)
    assert blocked.coefficients[1].standard_error == pytest.approx(1 / math.sqrt(8))
    with pytest.raises(InputError, match="A\\*B cannot be told"):
        run(design=columns, model="interactions", blocks=confounded)


def test_the_convention_of_power_matters_for_squares_only():
    call = made("box_behnken", n_factors=3)
    jmp, other = run(made_by=call), run(made_by=call, power_convention="range")
    ours, theirs = ({item.name: item.power for item in r.effects} for r in (jmp, other))
    assert ours["A*B"] == theirs["A*B"] and ours["A^2"] < theirs["A^2"]


@pytest.mark.parametrize(
    "call",
    [
        made("mixture", n_components=3, augmented=True),
        made("definitive_screening", n_factors=5),
        made("taguchi", array="L9"),
        made("latin_square", size=4),
        made("d_optimal", runs=14, n_factors=3, block_size=7),
        made("d_optimal", runs=14, components=["a", "b", "c"], factors=["heat"]),
        made("space_filling", runs=20, n_factors=3),
    ],
)
def test_designs_of_other_operations_can_be_judged(call):
    result = run(made_by=call)
    assert 0 < result.D_efficiency <= 100 + 1e-9
    assert sum(result.leverage) == pytest.approx(result.n_parameters + result.n_blocks - 1)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 99), st.floats(-1e3, 1e3), st.floats(0.01, 1e3))
def test_units_and_the_order_of_runs_do_not_matter(seed, shift, scale):
    design = irregular(10, 2, seed)
    moved = {name: [scale * v + shift for v in column[::-1]] for name, column in design.items()}
    ours, other = run(design=design, model="linear"), run(design=moved, model="linear")
    assert ours.D_efficiency == pytest.approx(other.D_efficiency, rel=1e-6)
    assert ours.average_variance == pytest.approx(other.average_variance, rel=1e-6)
    assert ours.leverage[::-1] == pytest.approx(other.leverage, rel=1e-5)


def test_a_just_determined_design_has_no_power():
    result = run(made_by=made("plackett_burman", n_factors=11))
    assert result.lowest_power is None and result.df_residual == 0
    assert any("no degrees of freedom" in text for text in result.warnings)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "either the design or"),
        ({"design": {"a": [1.0, 2.0], "b": [1.0]}}, "differ in length"),
        ({"design": {"a": [1.0, 1.0, 1.0]}}, "constant"),
        ({"design": {"a": [1.0, math.nan, 2.0]}}, "not a finite"),
        ({"design": {"a": ["x", "x"]}}, "one label"),
        ({"design": {"a": [1.0, 2.0, 3.0], "b": [2.0, 4.0, 6.0]}}, "b cannot be told"),
        ({"design": {"a": [1.0, 2.0]}, "model": "quadratic"}, "a^2 cannot be told"),
        ({"design": {"a": [1.0, 2.0, 3.0]}, "blocks": ["x"]}, "1 blocks for 3 runs"),
        ({"design": {"a": [1.0, 2.0, 3.0]}, "factors": ["z"]}, "z is no column"),
        ({"made_by": {"operation": "t_test_paired"}}, "give either both groups"),
        ({"made_by": {"operation": "doe_power", "arguments": {"n_factors": 3}}}, "does not make"),
        ({"made_by": {"operation": "nothing"}}, "no operation"),
        (
            {
                "made_by": {
                    "operation": "split_plot",
                    "arguments": {"whole_plot": ["a"], "sub_plot": ["b"]},
                }
            },
            "two error terms",
        ),
    ],
)
def test_bad_requests_are_refused_in_one_line(arguments, words):
    with pytest.raises(InputError) as refused:
        run(**arguments)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
