"""D-optimal designs, their constraints, and definitive screening designs."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from havoc.errors import InputError
from havoc.tools import registry
from havoc.tools.doe.conference import ORDERS, conference_matrix
from havoc.tools.doe.optimal_model import contrasts_of


def run(operation, **arguments):
    declared = registry.get(operation)
    typed = declared.validate(arguments)
    outcome = declared(**typed)
    assert all(check.agrees for check in declared.verify(outcome, typed))
    declared.narrate(outcome)
    return outcome


# The largest determinant of a matrix of n rows of -1 and 1 (Hadamard's problem; OEIS A003433).
@pytest.mark.parametrize(
    ("n", "largest"), [(3, 4), (4, 16), (5, 48), (6, 160), (7, 576), (8, 4096), (9, 14336)]
)
def test_saturated_designs_reach_the_largest_determinant(n, largest):
    design = run("d_optimal", runs=n, n_factors=n - 1, starts=60)
    assert design.D_unnormalised == pytest.approx(largest**2, rel=1e-9)
    assert design.df_residual == 0


def test_a_full_factorial_is_found_where_it_is_best():
    design = run("d_optimal", runs=8, n_factors=3, model="interactions")
    assert design.D_efficiency == pytest.approx(100)
    assert sorted(map(tuple, design.coded)) == sorted(itertools.product([-1.0, 1.0], repeat=3))


def test_the_determinant_is_that_of_the_listed_settings():
    design = run("d_optimal", runs=12, n_factors=2, model="quadratic")
    x, y = np.array(design.coded).T
    matrix = np.column_stack([np.ones(12), x, y, x * y, x * x, y * y])
    assert design.D_unnormalised == pytest.approx(np.linalg.det(matrix.T @ matrix))
    inverse = np.linalg.inv(matrix.T @ matrix)
    assert design.A_efficiency == pytest.approx(100 * 6 / (12 * np.trace(inverse)))
    grid = np.array(list(itertools.product([-1, 0, 1], repeat=2)), dtype=float)
    rows = np.column_stack([np.ones(9), grid, grid.prod(axis=1), grid[:, 0] ** 2, grid[:, 1] ** 2])
    worst = max(float(row @ inverse @ row) for row in rows)
    assert design.G_efficiency == pytest.approx(100 * 6 / (12 * worst))


def test_the_same_seed_gives_the_same_design():
    first = run("d_optimal", runs=11, n_factors=4, seed=3)
    assert first.coded == run("d_optimal", runs=11, n_factors=4, seed=3).coded


def test_labels_are_spread_evenly():
    design = run(
        "d_optimal",
        runs=12,
        factors=[
            {"name": "binder", "levels": ["k", "l", "m"]},
            {"name": "mill", "levels": ["x", "y"]},
        ],
    )
    counts = [sum(row[0] == label for row in design.natural) for label in "klm"]
    assert counts == [4, 4, 4]
    assert design.D_efficiency == pytest.approx(100)


@pytest.mark.parametrize("levels", [2, 3, 5, 8])
def test_contrasts_are_orthogonal_and_of_equal_weight(levels):
    matrix = contrasts_of(levels)
    assert np.allclose(matrix.sum(axis=0), 0)
    assert np.allclose(matrix.T @ matrix, levels * np.eye(levels - 1))


TWO = [{"name": "heat", "low": 0, "high": 10}, {"name": "belt", "low": 0, "high": 10}]


def test_a_linear_limit_is_kept_and_used_to_the_edge():
    design = run(
        "d_optimal",
        runs=8,
        factors=TWO,
        constraints=[{"coefficients": {"heat": 1, "belt": 1}, "most": 15}],
    )
    sums = [sum(row) for row in design.natural]
    assert max(sums) == pytest.approx(15)
    assert [0.0, 10.0] in design.natural
    assert [10.0, 0.0] in design.natural


def test_settings_that_exclude_each_other_are_not_run():
    design = run(
        "d_optimal",
        runs=10,
        factors=[*TWO, {"name": "oil", "levels": ["thin", "thick"]}],
        model="interactions",
        constraints=[
            {"forbidden": {"heat": {"above": 7}, "belt": {"above": 7}}},
            {"forbidden": {"heat": {"below": 1}, "oil": {"equals": ["thick"]}}},
        ],
    )
    for heat, belt, oil in design.natural:
        assert not (heat > 7 and belt > 7)
        assert not (heat < 1 and oil == "thick")


def test_existing_runs_stay_and_are_completed():
    existing = [[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]]
    design = run("d_optimal", runs=9, factors=TWO, model="quadratic", existing=existing)
    assert design.natural[:4] == existing
    assert design.point_types == ["existing"] * 4 + ["optimal"] * 5
    # The nine points of the grid, as without the corners being given.
    assert design.D_unnormalised == pytest.approx(5184)
    coded = run(
        "d_optimal",
        runs=9,
        factors=TWO,
        model="quadratic",
        existing=[[-1, -1], [1, -1], [-1, 1], [1, 1]],
        existing_coded=True,
    )
    assert coded.natural[:4] == [[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]]


def test_many_factors_go_through_coordinate_exchange():
    design = run("d_optimal", runs=20, n_factors=12)
    assert design.n_candidates > 3000
    assert design.D_efficiency > 95


def test_named_terms_are_added_to_the_model():
    plain = run("d_optimal", runs=8, factors=["A", "B", "C"])
    with_term = run("d_optimal", runs=8, factors=["A", "B", "C"], terms=["A*B", "C^2"])
    assert with_term.n_parameters == plain.n_parameters + 2
    assert with_term.model_terms[-2:] == ["A*B", "C^2"]


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 4), st.integers(0, 6), st.floats(-50, 50), st.floats(0.5, 40))
def test_units_do_not_matter(k, extra, low, width):
    ranges = [{"name": f"f{i}", "low": low, "high": low + width} for i in range(k)]
    ours = run("d_optimal", runs=k + 1 + extra, factors=ranges, starts=3)
    coded = run("d_optimal", runs=k + 1 + extra, n_factors=k, starts=3)
    assert ours.log_determinant == pytest.approx(coded.log_determinant)


# --- definitive screening -------------------------------------------------------------------


@pytest.mark.parametrize("order", ORDERS)
def test_conference_matrices(order):
    matrix = conference_matrix(order)
    assert np.allclose(matrix.T @ matrix, (order - 1) * np.eye(order))
    assert np.all(np.diag(matrix) == 0)
    assert np.all(np.abs(matrix).sum(axis=0) == order - 1)


# Runs of Jones & Nachtsheim (2011), table of designs: 2k + 1 for even, 2k + 3 for odd k.
@pytest.mark.parametrize(
    ("k", "runs"), [(4, 9), (5, 13), (6, 13), (7, 17), (8, 17), (9, 21), (10, 21), (12, 25)]
)
def test_definitive_screening_has_the_published_size_and_structure(k, runs):
    design = run("definitive_screening", n_factors=k)
    coded = np.array(design.coded)
    assert design.runs == runs
    assert design.orthogonal and design.main_effects_clear
    assert design.largest_correlation == pytest.approx(0, abs=1e-12)
    # Each factor is in the middle in three runs: one of each fold-over pair, and the centre.
    assert np.all((coded == 0).sum(axis=0) == 3)
    assert np.allclose(coded[: runs // 2], -coded[runs // 2 : runs - 1])
    squares = np.column_stack([coded[:, i] * coded[:, j] for i in range(k) for j in range(i, k)])
    assert np.allclose(coded.T @ squares, 0)


def test_fake_factors_extra_runs_and_total_runs_agree():
    fake = run("definitive_screening", n_factors=6, fake_factors=2)
    assert fake.runs == 17
    assert fake.coded == run("definitive_screening", n_factors=6, extra_runs=4).coded
    assert fake.coded == run("definitive_screening", n_factors=6, runs=17).coded
    both = np.hstack([np.array(fake.coded), np.array(fake.fake_coded)])
    assert np.allclose(both.T @ both, 14 * np.eye(8))


def test_a_label_has_no_middle():
    design = run(
        "definitive_screening",
        factors=["a", "b", "c", "d", "e", {"name": "lube", "levels": ["dry", "wet"]}],
    )
    assert design.runs == 14
    assert {row[5] for row in design.natural} == {"dry", "wet"}
    assert design.main_effects_clear
    assert 0 < design.largest_correlation < 0.2
    assert not design.orthogonal


def test_extra_center_points_are_added():
    design = run("definitive_screening", n_factors=6, extra_center_points=2)
    assert design.runs == 15
    assert design.center_points == 3


# Jones & Nachtsheim (2016): one centre run a block, mirrored runs together.
@pytest.mark.parametrize(("k", "blocks"), [(6, 2), (6, 3), (7, 4), (10, 5)])
def test_blocks_keep_mirrored_runs_together(k, blocks):
    design = run("definitive_screening", n_factors=k, blocks=blocks)
    coded, block = np.array(design.coded), np.array(design.blocks)
    assert design.runs == 2 * design.conference_order + blocks
    for number in range(1, blocks + 1):
        own = coded[block == number]
        assert np.allclose(own.sum(axis=0), 0)
        assert sum(not row.any() for row in own) == 1
        assert {tuple(row) for row in own} == {tuple(-row + 0.0) for row in own}
    rows = [np.ones(len(coded)), *coded.T, *(coded[:, :2] ** 2).T]
    rows += [(block == number).astype(float) for number in range(2, blocks + 1)]
    assert np.linalg.matrix_rank(np.array(rows)) == len(rows)
    assert np.array(design.fake_coded).shape == (design.runs, design.fake_factors)


@pytest.mark.parametrize(
    ("operation", "arguments", "words"),
    [
        ("definitive_screening", {"n_factors": 6, "blocks": 4}, "at most 3 blocks"),
        ("d_optimal", {"runs": 3, "n_factors": 2, "model": "quadratic"}, "6 parameters"),
        ("d_optimal", {"runs": 5}, "no factors"),
        ("d_optimal", {"runs": 5, "factors": ["a"], "terms": ["a*b"]}, "not a term"),
        ("d_optimal", {"runs": 200, "n_factors": 15, "model": "quadratic"}, "136 parameters"),
        (
            "d_optimal",
            {"runs": 5, "factors": TWO, "constraints": [{"coefficients": {"x": 1}, "most": 1}]},
            "no factor x",
        ),
        (
            "d_optimal",
            {"runs": 5, "factors": TWO, "constraints": [{"coefficients": {"heat": 1}}]},
            "no limit",
        ),
        (
            "d_optimal",
            {
                "runs": 5,
                "factors": TWO,
                "constraints": [{"coefficients": {"heat": 1}, "most": -1}],
            },
            "no setting",
        ),
        (
            "d_optimal",
            {
                "runs": 5,
                "factors": TWO,
                "constraints": [{"coefficients": {"heat": 1}, "most": 0}],
            },
            "no runs were found",
        ),
        ("d_optimal", {"runs": 4, "factors": TWO, "existing": [[1.0]]}, "2 factors"),
        ("d_optimal", {"runs": 4, "factors": TWO, "existing": [[math.nan, 1.0]]}, "number"),
        ("d_optimal", {"runs": 9, "factors": TWO, "block_size": 4}, "blocks of 4"),
        ("definitive_screening", {"n_factors": 2}, "2 factors"),
        ("definitive_screening", {"n_factors": 40}, "40 factors"),
        ("definitive_screening", {"n_factors": 6, "runs": 14}, "14 runs"),
        ("definitive_screening", {"n_factors": 6, "extra_runs": 3}, "adds two"),
        (
            "definitive_screening",
            {"factors": ["a", "b", "c", {"name": "d", "levels": ["x", "y", "z"]}]},
            "3 labels",
        ),
    ],
)
def test_bad_requests_are_refused_in_one_line(operation, arguments, words):
    declared = registry.get(operation)
    with pytest.raises(InputError) as refused:
        declared(**declared.validate(arguments))
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
