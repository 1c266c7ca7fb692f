"""Full factorial, Box-Behnken and central composite designs against pydoe, theory and tables."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pydoe
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from havoc.errors import InputError
from havoc.tools import registry
from havoc.tools.doe.factors import Factor, coded_value, natural_value

CASES = Path(__file__).parents[2] / "reference" / "cases"


def run(operation, **arguments):
    declared = registry.get(operation)
    outcome = declared(**arguments)
    assert all(check.agrees for check in declared.verify(outcome, arguments))
    narrative = declared.narrate(outcome)
    assert not any(
        character.isdigit()
        for text in [narrative.conclusion, *narrative.details]
        for part in text.split("{{")
        for character in part.split("}}")[-1]
    )
    return outcome


def rows(matrix):
    return sorted(tuple(np.round(row, 9).tolist()) for row in np.asarray(matrix, dtype=float))


def case(name):
    return json.loads((CASES / f"{name}.json").read_text())["expected"]


RANGES = [
    {"name": "temp", "low": 150, "high": 200, "unit": "C"},
    {"name": "time", "low": 10, "high": 30, "unit": "min"},
    {"name": "pH", "low": 4, "high": 8},
]


# --- full factorial -------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
def test_two_level_factorial_is_that_of_pydoe(k):
    assert rows(run("full_factorial", n_factors=k).coded) == rows(pydoe.ff2n(k))


def test_standard_order_changes_the_first_factor_fastest():
    design = run("full_factorial", n_factors=3)
    assert [row[0] for row in design.coded] == [-1, 1] * 4
    assert [row[2] for row in design.coded] == [-1] * 4 + [1] * 4


def test_mixed_levels_and_labels_give_every_combination_once():
    design = run(
        "full_factorial",
        factors=[
            {"name": "oven", "levels": ["old", "new", "spare"]},
            {"name": "time", "levels": [30, 10, 20]},
            {"name": "fan", "low": 1, "high": 2},
        ],
    )
    assert design.runs == 18
    assert set(map(tuple, design.natural)) == set(
        itertools.product(["old", "new", "spare"], [10, 20, 30], [1, 2])
    )
    assert design.levels == [3, 3, 2]


def test_centre_points_are_added_to_the_replicated_corners():
    design = run("full_factorial", factors=RANGES, center_points=3, replicates=2)
    assert design.runs == 19
    middle = [
        row
        for row, kind in zip(design.natural, design.point_types, strict=False)
        if kind == "center"
    ]
    assert middle == [[175.0, 20.0, 6.0]] * 3


def test_centre_points_with_labels_take_each_label():
    design = run(
        "full_factorial",
        factors=[{"name": "x", "low": 1, "high": 2}, {"name": "c", "levels": ["a", "b"]}],
        center_points=4,
    )
    middle = [
        row
        for row, kind in zip(design.natural, design.point_types, strict=False)
        if kind == "center"
    ]
    assert sorted(row[1] for row in middle) == ["a", "a", "b", "b"]
    assert {row[0] for row in middle} == {1.5}


# Best confounding of 2^k in blocks as printed in Montgomery, Table 7.9, by word length.
@pytest.mark.parametrize(
    ("k", "blocks", "lengths"),
    [
        (3, 2, [3]),
        (3, 4, [2, 2, 2]),
        (4, 2, [4]),
        (4, 4, [2, 3, 3]),
        (5, 2, [5]),
        (5, 4, [3, 3, 4]),
        (5, 8, [2, 2, 3, 3, 3, 3, 4]),
        (6, 4, [4, 4, 4]),
        (6, 8, [3, 3, 3, 3, 4, 4, 4]),
        (7, 4, [4, 4, 6]),
        (7, 8, [4, 4, 4, 4, 4, 4, 4]),
    ],
)
def test_blocks_confound_as_little_as_the_published_schemes(k, blocks, lengths):
    design = run("full_factorial", n_factors=k, blocks=blocks)
    found = sorted(len(word) for word in design.confounded)
    assert (found[0], sum(found)) >= (lengths[0], sum(lengths))
    coded, block = np.array(design.coded), np.array(design.blocks)
    # Confounded words are constant in every block; all other effects average zero in each.
    for size in range(1, k + 1):
        for members in itertools.combinations(range(k), size):
            word = "".join("ABCDEFG"[member] for member in members)
            means = [coded[block == b][:, members].prod(axis=1).mean() for b in set(design.blocks)]
            assert all(abs(m) == (1 if word in design.confounded else 0) for m in means)


def test_replicates_as_blocks_confound_nothing():
    design = run("full_factorial", n_factors=2, replicates=3, blocks=3)
    assert design.confounded == []
    for block in (1, 2, 3):
        own = [row for row, b in zip(design.coded, design.blocks, strict=False) if b == block]
        assert rows(own) == rows(pydoe.ff2n(2))


@settings(max_examples=30, deadline=None)
@given(
    k=st.integers(2, 5),
    replicates=st.integers(1, 3),
    centers=st.integers(0, 5),
    seed=st.integers(0, 2**20),
)
def test_run_order_is_a_seeded_permutation(k, replicates, centers, seed):
    arguments = {"n_factors": k, "replicates": replicates, "center_points": centers, "seed": seed}
    design, again = run("full_factorial", **arguments), run("full_factorial", **arguments)
    assert sorted(design.run_order) == list(range(1, design.runs + 1))
    assert design.run_order == again.run_order
    assert [row.run for row in design.run_sheet] == list(range(1, design.runs + 1))
    for row in design.run_sheet:
        assert design.run_order[row.standard - 1] == row.run
        assert list(row.settings.values()) == design.natural[row.standard - 1]
    columns = np.array(design.coded)
    assert np.all(columns.sum(axis=0) == 0)
    assert np.array_equal(columns.T @ columns, np.eye(k) * replicates * 2**k)


def test_blocks_are_run_one_after_the_other():
    design = run("full_factorial", n_factors=4, blocks=4, seed=7)
    assert [row.block for row in design.run_sheet] == sorted(design.blocks)
    assert [row.standard for row in design.run_sheet] != list(range(1, 17))


def test_standard_order_when_not_randomised():
    assert run("full_factorial", n_factors=3, randomize=False).run_order == list(range(1, 9))


@given(
    low=st.floats(-1e6, 1e6, allow_nan=False),
    width=st.floats(1e-3, 1e6),
    coded=st.floats(-3, 3),
)
def test_coding_goes_there_and_back(low, width, coded):
    factor = Factor(name="x", low=low, high=low + width)
    assert natural_value(factor, -1.0) == low
    assert natural_value(factor, 1.0) == low + width
    back = coded_value(factor, float(natural_value(factor, coded)))
    assert back == pytest.approx(coded, abs=1e-6 + 1e-9 * abs(low) / width)


def test_middle_of_decimal_ranges_is_exact():
    assert natural_value(Factor(name="x", low=0.1, high=0.7), 0.0) == 0.4
    assert coded_value(Factor(name="x", low=0.1, high=0.7), 0.4) == 0.0


# --- Box-Behnken ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("k", "total"), [(3, 15), (4, 27), (5, 46), (6, 54), (7, 62)]
)  # Box & Behnken (1960), with 3 or 6 centre points
def test_box_behnken_has_the_published_runs(k, total):
    design = run("box_behnken", n_factors=k)
    assert design.runs == total
    coded = np.array(design.coded)
    assert np.array_equal(coded.sum(axis=0), np.zeros(k))
    gram = coded.T @ coded
    assert np.array_equal(gram, np.diag(np.diag(gram)))
    assert np.linalg.matrix_rank(_quadratic(coded)) == design.n_coefficients


@pytest.mark.parametrize("k", [3, 4, 5])
def test_box_behnken_is_that_of_pydoe(k):
    design = run("box_behnken", n_factors=k, center_points=1)
    assert rows(design.coded) == rows(pydoe.bbdesign(k, center=1))


def test_reference_box_behnken():
    expected = case("des-bbd3")
    design = run("box_behnken", factors=RANGES, center_points=3)
    for name, item in expected.items():
        assert getattr(design, name) == item["value"]
    assert {row[0] for row in design.natural} == {150.0, 175.0, 200.0}
    assert [200.0, 30.0, 8.0] not in design.natural


@pytest.mark.parametrize(("k", "blocks"), [(4, 3), (5, 2), (6, 2), (7, 2)])
def test_box_behnken_blocks_are_orthogonal_to_the_model(k, blocks):
    design = run("box_behnken", n_factors=k, blocks=blocks, center_points=6)
    model, block = _quadratic(np.array(design.coded)), np.array(design.blocks)
    means = np.array([model[block == b].mean(axis=0) for b in range(1, blocks + 1)])
    assert np.ptp(means, axis=0).max() < 1e-12
    assert len(set(np.bincount(block)[1:])) == 1


# --- central composite ----------------------------------------------------------------------


def _quadratic(coded):
    k = coded.shape[1]
    columns = [np.ones(len(coded)), *coded.T, *(coded**2).T]
    columns += [coded[:, i] * coded[:, j] for i in range(k) for j in range(i)]
    return np.column_stack(columns)


# NIST/SEMATECH e-Handbook 5.3.3.6.1 and 5.3.3.6.3.
@pytest.mark.parametrize(
    ("k", "core", "alpha", "total"),
    [
        (2, "full", 1.414, 13),
        (3, "full", 1.682, 20),
        (4, "full", 2.000, 30),
        (5, "full", 2.378, 52),
        (5, "fractional", 2.000, 33),
        (6, "fractional", 2.378, 54),
    ],
)
def test_rotatable_designs_of_the_handbook(k, core, alpha, total):
    design = run("central_composite", n_factors=k, core=core)
    assert design.alpha == pytest.approx(alpha, abs=5e-4)
    assert design.runs == total
    assert design.rotatable


@pytest.mark.parametrize("name", ["des-ccd-rot2", "des-ccd-rot4", "des-cci2"])
def test_reference_central_composite(name):
    k = 4 if name.endswith("4") else 2
    kind = "inscribed" if "cci" in name else "rotatable"
    design = run("central_composite", n_factors=k, alpha_type=kind)
    for field, item in case(name).items():
        assert getattr(design, field) == pytest.approx(item["value"], rel=1e-9)


@pytest.mark.parametrize("k", [2, 3, 4])
@pytest.mark.parametrize(
    ("kind", "face"), [("rotatable", "ccc"), ("face_centered", "ccf"), ("inscribed", "cci")]
)
def test_central_composite_is_that_of_pydoe(k, kind, face):
    design = run("central_composite", n_factors=k, alpha_type=kind, center_points=4)
    peer = pydoe.ccdesign(k, center=(4, 0), alpha="rotatable", face=face)
    assert rows(design.coded) == rows(peer)


@settings(max_examples=40, deadline=None)
@given(
    k=st.integers(2, 6),
    centers=st.integers(0, 12),
    replicates=st.integers(1, 3),
)
def test_orthogonal_alpha_makes_the_quadratics_orthogonal(k, centers, replicates):
    design = run(
        "central_composite",
        n_factors=k,
        alpha_type="orthogonal",
        center_points=centers,
        replicates=replicates,
    )
    squares = np.array(design.coded) ** 2
    correlation = np.corrcoef(squares.T)
    assert np.abs(correlation - np.eye(k)).max() < 1e-9
    assert design.orthogonal_quadratics


@settings(max_examples=40, deadline=None)
@given(k=st.integers(2, 6), replicates=st.integers(1, 3), centers=st.integers(1, 8))
def test_rotatable_variance_depends_on_the_distance_only(k, replicates, centers):
    design = run("central_composite", n_factors=k, replicates=replicates, center_points=centers)
    model = _quadratic(np.array(design.coded))
    inverse = np.linalg.inv(model.T @ model)
    generator = np.random.default_rng(k)
    directions = generator.normal(size=(8, k))
    points = _quadratic(directions / np.linalg.norm(directions, axis=1)[:, None])
    variance = ((points @ inverse) * points).sum(axis=1)
    assert np.ptp(variance) < 1e-9 * variance.max()


@pytest.mark.parametrize(
    ("k", "blocks", "centers", "alpha"),
    [(2, 2, 6, math.sqrt(2)), (3, 3, 6, 1.633), (4, 3, 6, 2.0), (5, 2, 8, None)],
)  # Box & Hunter (1957): Table of orthogonal blocking; k = 3 uses 4 + 2 centre points, two a block
def test_orthogonal_blocks(k, blocks, centers, alpha):
    design = run(
        "central_composite",
        n_factors=k,
        alpha_type="orthogonal_blocks",
        blocks=blocks,
        center_points=centers,
    )
    assert design.blocks_orthogonal
    if alpha is not None:
        assert design.alpha == pytest.approx(alpha, abs=5e-4)
    model, block = _quadratic(np.array(design.coded)), np.array(design.blocks)
    means = np.array([model[block == b].mean(axis=0) for b in range(1, blocks + 1)])
    assert np.ptp(means, axis=0).max() < 1e-9


def test_blocks_that_are_not_orthogonal_are_said_to_be_so():
    design = run("central_composite", n_factors=3, blocks=2, center_points=6)
    assert not design.blocks_orthogonal
    assert any("not orthogonal" in warning for warning in design.warnings)


def test_custom_alpha_and_axial_settings_in_real_units():
    design = run(
        "central_composite",
        factors=[{"name": "x", "low": 2, "high": 4}, {"name": "y", "low": 0, "high": 1}],
        alpha=1.5,
    )
    assert design.alpha_type == "custom"
    assert [1.5, 0.5] in design.natural
    assert any("below zero" in warning for warning in design.warnings)


def test_inscribed_design_stays_inside():
    design = run("central_composite", factors=RANGES, alpha_type="inscribed")
    for factor, column in zip(RANGES, zip(*design.natural, strict=False), strict=False):
        assert (min(column), max(column)) == (factor["low"], factor["high"])


# --- refusals -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "arguments", "words"),
    [
        ("full_factorial", {}, "no factors"),
        ("full_factorial", {"n_factors": 40}, "1099511627776 runs"),
        ("full_factorial", {"factors": [{"name": "a", "low": 5, "high": 5}]}, "equals"),
        ("full_factorial", {"factors": [{"name": "a", "low": 6, "high": 5}]}, "above"),
        ("full_factorial", {"factors": [{"name": "a", "low": 6}]}, "one end"),
        ("full_factorial", {"factors": [{"name": "a", "levels": [1]}]}, "1 level"),
        ("full_factorial", {"factors": [{"name": "a", "levels": [1, 1]}]}, "twice"),
        ("full_factorial", {"factors": ["a", "a"]}, "two factors"),
        ("full_factorial", {"factors": [" "]}, "no name"),
        ("full_factorial", {"factors": ["a"], "n_factors": 2}, "listed"),
        ("full_factorial", {"n_factors": 3, "blocks": 3}, "3 blocks"),
        ("full_factorial", {"n_factors": 2, "n_levels": 3, "center_points": 2}, "centre points"),
        ("full_factorial", {"factors": [{"name": "a", "low": math.nan, "high": 1}]}, "finite"),
        ("box_behnken", {"n_factors": 2}, "3 to 7"),
        ("box_behnken", {"n_factors": 8}, "3 to 7"),
        ("box_behnken", {"factors": [*RANGES[:2], {"name": "c", "levels": ["x", "y"]}]}, "labels"),
        ("box_behnken", {"n_factors": 3, "blocks": 2}, "orthogonal blocks"),
        ("box_behnken", {"n_factors": 4, "blocks": 3, "center_points": 4}, "shared equally"),
        ("central_composite", {"n_factors": 1}, "2 to 11"),
        ("central_composite", {"n_factors": 3, "alpha_type": "custom"}, "alpha is missing"),
        ("central_composite", {"n_factors": 3, "core": "fractional"}, "resolution V"),
        ("central_composite", {"n_factors": 3, "blocks": 4}, "blocks"),
        ("central_composite", {"n_factors": 3, "alpha": 2, "alpha_type": "face"}, "alpha 1"),
    ],
)
def test_bad_requests_are_refused_in_one_line(operation, arguments, words):
    with pytest.raises(InputError) as refused:
        registry.get(operation)(**arguments)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
