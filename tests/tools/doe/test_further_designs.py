"""Taguchi arrays, mixtures, Latin hypercubes and squares, desirability."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pydoe
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from havoc.errors import InputError
from havoc.tools import registry
from havoc.tools.doe.orthogonal_arrays import LEVELS, orthogonal_array

CASES = Path(__file__).parents[2] / "reference" / "cases"


def run(operation, **arguments):
    declared = registry.get(operation)
    outcome = declared(**arguments)
    assert all(check.agrees for check in declared.verify(outcome, arguments))
    declared.narrate(outcome)
    return outcome


def expected(name):
    return json.loads((CASES / f"{name}.json").read_text())["expected"]


@pytest.mark.parametrize("name", LEVELS)
def test_every_pair_of_array_columns_is_balanced(name):
    array = orthogonal_array(name)
    assert array.shape == (int(name[1:]), len(LEVELS[name]))
    for first, second in itertools.combinations(range(array.shape[1]), 2):
        counts = Counter(map(tuple, array[:, [first, second]].tolist()))
        assert len(counts) == LEVELS[name][first] * LEVELS[name][second]
        assert len(set(counts.values())) == 1


# Rows as printed (Taguchi & Konishi; also NIST/SEMATECH e-Handbook and every textbook table).
@pytest.mark.parametrize(
    ("name", "row", "printed"),
    [
        ("L4", 4, "2 2 1"),
        ("L8", 3, "1 2 2 1 1 2 2"),
        ("L8", 6, "2 1 2 2 1 2 1"),
        ("L9", 4, "2 1 2 3"),
        ("L9", 9, "3 3 2 1"),
        ("L16", 2, "1 1 1 1 1 1 1 2 2 2 2 2 2 2 2"),
        ("L27", 4, "1 2 2 2 1 1 1 2 2 2 3 3 3"),
        ("L27", 10, "2 1 2 3 1 2 3 1 2 3 1 2 3"),
    ],
)
def test_arrays_are_the_printed_ones(name, row, printed):
    assert orthogonal_array(name)[row - 1].tolist() == [int(level) for level in printed.split()]


def test_reference_taguchi():
    design = run("taguchi", n_factors=4, n_levels=3)
    for name, item in expected("des-l9").items():
        assert getattr(design, name) == item["value"]


@pytest.mark.parametrize(
    ("count", "levels", "array"),
    [
        (3, 2, "L4"),
        (4, 2, "L8"),
        (7, 2, "L8"),
        (11, 2, "L12"),
        (15, 2, "L16"),
        (7, 3, "L18"),
        (13, 3, "L27"),
        (6, 5, "L25"),
    ],
)
def test_smallest_array_is_taken(count, levels, array):
    assert run("taguchi", n_factors=count, n_levels=levels).array == array


def test_four_factors_in_l8_are_clear_of_pairs():
    design = run("taguchi", n_factors=4)
    assert design.columns_used == [1, 2, 4, 7]


def test_mixed_levels_go_to_l18_in_real_units():
    design = run(
        "taguchi",
        factors=[
            {"name": "alloy", "levels": ["A356", "A380", "ADC12"]},
            {"name": "pour", "levels": [680, 700, 720], "unit": "C"},
            {"name": "lube", "levels": ["yes", "no"]},
        ],
    )
    assert design.array == "L18"
    assert Counter(row[0] for row in design.natural) == {"A356": 6, "A380": 6, "ADC12": 6}
    assert Counter(row[2] for row in design.natural) == {"yes": 9, "no": 9}


def test_reference_simplex_lattice():
    design = run("mixture", n_components=3, degree=2)
    wanted = expected("des-simplex")
    assert design.runs == wanted["runs"]["value"]
    assert sorted(design.points) == sorted(map(list, wanted["points"]["value"]))


@pytest.mark.parametrize(("q", "degree"), [(2, 3), (3, 3), (4, 2), (5, 2), (8, 3)])
def test_lattice_is_that_of_pydoe(q, degree):
    peer = pydoe.simplex_lattice_design(q, degree)
    ours = run("mixture", n_components=q, degree=degree).points
    assert sorted(np.round(ours, 9).tolist()) == sorted(np.round(peer, 9).tolist())


@pytest.mark.parametrize("q", [2, 3, 4, 5])
def test_centroid_is_that_of_pydoe(q):
    peer = pydoe.simplex_centroid_design(q)
    ours = run("mixture", n_components=q, method="simplex_centroid").points
    assert sorted(np.round(ours, 9).tolist()) == sorted(np.round(peer, 9).tolist())


@settings(max_examples=25, deadline=None)
@given(
    bounds=st.lists(st.floats(0, 20), min_size=2, max_size=5),
    augmented=st.booleans(),
)
def test_blends_respect_bounds_and_total(bounds, augmented):
    components = [{"name": f"c{i}", "low": low} for i, low in enumerate(bounds)]
    design = run("mixture", components=components, total=120, augmented=augmented)
    amounts = np.array(design.natural, dtype=float)
    assert np.allclose(amounts.sum(axis=1), 120)
    assert np.all(amounts >= np.array(bounds) - 1e-9)


@settings(max_examples=25, deadline=None)
@given(
    k=st.integers(1, 5),
    runs=st.integers(2, 30),
    seed=st.integers(0, 1000),
    criterion=st.sampled_from(["maximin", "correlation", "random", "centered"]),
)
def test_latin_hypercube_has_one_run_in_every_strip(k, runs, seed, criterion):
    arguments = {"n_factors": k, "runs": runs, "seed": seed, "criterion": criterion}
    design, again = run("latin_hypercube", **arguments), run("latin_hypercube", **arguments)
    assert design.coded == again.coded
    strips = np.sort(np.floor((np.array(design.coded) + 1) / 2 * runs - 1e-9), axis=0)
    assert np.array_equal(strips, np.tile(np.arange(runs)[:, None], k))


def test_maximin_spreads_better_than_one_random_sample():
    arguments = {"n_factors": 3, "runs": 15, "seed": 4}
    best = run("latin_hypercube", criterion="maximin", **arguments)
    plain = run("latin_hypercube", criterion="random", **arguments)
    assert best.smallest_distance > plain.smallest_distance


@settings(max_examples=25, deadline=None)
@given(size=st.integers(3, 12), seed=st.integers(0, 1000), randomize=st.booleans())
def test_latin_square_has_each_treatment_once(size, seed, randomize):
    design = run("latin_square", size=size, seed=seed, randomize=randomize)
    square = np.array(design.square)
    assert all(len(set(row)) == size for row in square)
    assert all(len(set(column)) == size for column in square.T)
    cells = {(row[1], row[2]): row[0] for row in design.natural}
    assert all(
        cells[str(i + 1), str(j + 1)] == square[i, j] for i in range(size) for j in range(size)
    )


@pytest.mark.parametrize("size", [3, 4, 5, 7, 8, 9, 12, 16, 20, 24, 32])
def test_graeco_latin_pairs_occur_once(size):
    greek = [f"g{index}" for index in range(size)]
    design = run("latin_square", size=size, treatments2=greek)
    pairs = {
        (first, second)
        for row, other in zip(design.square, design.second_square, strict=True)
        for first, second in zip(row, other, strict=True)
    }
    assert len(pairs) == size**2
    second = np.array(design.second_square)
    assert all(len(set(line)) == size for line in [*second, *second.T])


def test_reference_desirability():
    outcome = run(
        "desirability",
        responses=[
            {
                "name": "yield",
                "goal": "maximize",
                "low": 30,
                "target": 70,
                "weight": 2,
                "value": 55,
            },
            {"name": "impurity", "goal": "minimize", "target": 1, "high": 3, "value": 1.2},
        ],
    )
    wanted = expected("desir-max")
    assert outcome.overall == pytest.approx(wanted["overall"]["value"], rel=1e-9)
    for name, value in outcome.by_name.items():
        assert value == pytest.approx(wanted[name]["value"], rel=1e-9)


def test_desirability_is_zero_outside_and_one_at_the_target():
    for value, wanted in [(4, 0), (5, 0), (6.5, 0.5), (8, 1), (9.5, 0.5), (11, 0), (12, 0)]:
        goal = {"goal": "target", "low": 5, "target": 8, "high": 11, "value": value}
        outcome = run("desirability", responses=[goal])
        assert outcome.overall == pytest.approx(wanted)
        assert outcome.acceptable == (wanted > 0)


def test_importance_weighs_the_mean():
    outcome = run("desirability", d=[0.82, 0.64, 0.91], weights=[3, 1, 2])
    assert outcome.overall == pytest.approx((0.82**3 * 0.64 * 0.91**2) ** (1 / 6))


def test_best_setting_beats_a_grid():
    responses = [
        {"name": "y1", "expression": "70+5*x1-3*x2", "goal": "maximize", "low": 60, "high": 80},
        {
            "name": "y2",
            "expression": "20 + 2 x1 + 4 x2",
            "goal": "target",
            "low": 18,
            "target": 22,
            "high": 26,
        },
    ]
    factors = [{"name": "x1", "low": -1, "high": 1}, {"name": "x2", "low": -1, "high": 1}]
    outcome = run("desirability", responses=responses, factors=factors)
    x1, x2 = np.meshgrid(np.linspace(-1, 1, 201), np.linspace(-1, 1, 201))
    first = np.clip((70 + 5 * x1 - 3 * x2 - 60) / 20, 0, 1)
    second = np.clip(1 - np.abs(20 + 2 * x1 + 4 * x2 - 22) / 4, 0, 1)
    assert outcome.overall >= np.sqrt(first * second).max() - 1e-9


@pytest.mark.parametrize(
    ("operation", "arguments", "words"),
    [
        ("taguchi", {"n_factors": 5, "n_levels": 4}, "no standard array"),
        ("taguchi", {"n_factors": 5, "n_levels": 3, "array": "L9"}, "cannot hold"),
        ("taguchi", {}, "no factors"),
        ("mixture", {}, "no components"),
        ("mixture", {"components": ["a", "a"]}, "same name"),
        (
            "mixture",
            {"components": [{"name": "a", "low": 0.6}, {"name": "b", "low": 0.6}]},
            "nothing",
        ),
        (
            "mixture",
            {"components": [{"name": "a", "high": 0.5}, "b"], "method": "simplex_lattice"},
            "upper bound",
        ),
        ("mixture", {"n_components": 12, "degree": 6, "replicates": 1000}, "runs"),
        ("latin_hypercube", {"runs": 10}, "no factors"),
        ("latin_hypercube", {"runs": 10000, "n_factors": 50}, "too many"),
        ("latin_square", {}, "no size"),
        ("latin_square", {"treatments": ["a", "b", "c"], "rows": [1, 2]}, "2 rows"),
        ("latin_square", {"treatments": ["a", "b", "a"]}, "same name"),
        ("latin_square", {"size": 6, "treatments2": list("abcdef")}, "Graeco"),
        ("desirability", {}, "no responses"),
        ("desirability", {"d": [1.2]}, "between 0 and 1"),
        ("desirability", {"responses": [{"goal": "maximize", "value": 3}]}, "low and target"),
        (
            "desirability",
            {"responses": [{"goal": "maximize", "low": 5, "high": 2, "value": 3}]},
            "rising order",
        ),
        (
            "desirability",
            {
                "responses": [
                    {"name": "a", "goal": "maximize", "low": 1, "high": 2},
                    {"name": "b", "goal": "maximize", "low": 1, "high": 2, "value": 1.5},
                ]
            },
            "neither a value",
        ),
        (
            "desirability",
            {"responses": [{"goal": "maximize", "low": 1, "high": 2, "expression": "x"}]},
            "need factors",
        ),
    ],
)
def test_bad_requests_are_refused_in_one_line(operation, arguments, words):
    with pytest.raises(InputError) as refused:
        registry.get(operation)(**arguments)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
