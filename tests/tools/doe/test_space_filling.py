"""Space-filling designs against published optima, brute force and formulas."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist
from scipy.stats import qmc

from havoc.errors import InputError
from havoc.tools import registry


def run(**arguments):
    declared = registry.get("space_filling")
    typed = declared.validate(arguments)
    outcome = declared(**typed)
    assert all(check.agrees for check in declared.verify(outcome, typed))
    declared.narrate(outcome)
    return outcome


def unit(design):
    return (np.array(design.coded) + 1) / 2


@pytest.mark.parametrize("runs", [5, 6, 7, 8])
def test_the_best_of_all_latin_hypercubes_is_found(runs):
    permutations = np.array(list(itertools.permutations(range(runs))))
    least = np.full(len(permutations), np.inf)
    for i, j in itertools.combinations(range(runs), 2):
        apart = (i - j) ** 2 + (permutations[:, i] - permutations[:, j]) ** 2
        least = np.minimum(least, apart)
    design = run(runs=runs, n_factors=2)
    assert (runs * design.smallest_distance) ** 2 == pytest.approx(least.max())


# Best known packings of points in a unit square (E. Specht, Packomania).
@pytest.mark.parametrize(
    ("runs", "largest"),
    [(4, 1.0), (5, 0.70711), (6, 0.60093), (7, 0.53590), (9, 0.5), (10, 0.42128), (13, 0.36610)],
)
def test_points_lie_as_far_apart_as_the_best_known_ones(runs, largest):
    found = run(runs=runs, n_factors=2, kind="maximin").smallest_distance
    assert 0.99 * largest < found <= largest + 1e-5


def test_uniform_designs_are_more_even_than_the_best_of_many_random_ones():
    design = run(runs=20, n_factors=3, kind="uniform")
    sampler = qmc.LatinHypercube(d=3, rng=5)
    others = [qmc.discrepancy(sampler.random(20)) for _ in range(300)]
    assert design.centered_discrepancy_squared < min(others)
    assert design.centered_discrepancy < min(x.centered_discrepancy for x in design.comparison)


def test_it_is_better_than_the_plain_latin_hypercube():
    plain = registry.get("latin_hypercube")
    for runs, factors in ((12, 3), (40, 5)):
        other = plain(**plain.validate({"runs": runs, "n_factors": factors}))
        ours = run(runs=runs, n_factors=factors)
        assert ours.smallest_distance > 1.2 * other.smallest_distance


def test_discrepancies_are_those_of_hickernell():
    points = unit(run(runs=11, n_factors=2, kind="halton"))
    total = 0.0
    for x, y in itertools.product(points, repeat=2):
        product = 1.0
        for a, b in zip(x, y, strict=True):
            product *= 1.5 - abs(a - b) * (1 - abs(a - b))
        total += product
    around = total / 121 - (4 / 3) ** 2
    design = run(runs=11, n_factors=2, kind="halton")
    assert design.wraparound_discrepancy**2 == pytest.approx(around, rel=1e-6)


@settings(max_examples=8, deadline=None)
@given(st.integers(2, 40), st.integers(1, 5), st.integers(0, 1000))
def test_one_run_in_every_strip(runs, factors, seed):
    for kind in ("maximin_lhs", "uniform"):
        points = unit(run(runs=runs, n_factors=factors, kind=kind, seed=seed))
        strips = np.sort(np.floor(points * runs), axis=0)
        assert np.array_equal(strips, np.tile(np.arange(runs)[:, None], factors))


def test_each_label_has_a_latin_hypercube_of_its_own():
    design = run(runs=24, factors=["a", "b", {"name": "oil", "levels": ["x", "y", "z"]}])
    assert (design.slices, design.runs_per_slice, design.latin) == (3, 8, True)
    for label in "xyz":
        rows = np.array([row[:2] for row in design.natural if row[2] == label], dtype=float)
        strips = np.sort(np.floor((rows + 1) / 2 * 8), axis=0)
        assert np.array_equal(strips, np.tile(np.arange(8)[:, None], 2))
        assert pdist((rows + 1) / 2).min() >= design.smallest_distance_in_slice - 1e-12


def test_runs_that_do_not_divide_by_the_labels_are_told():
    design = run(runs=10, factors=["a", {"name": "oil", "levels": ["x", "y", "z"]}])
    assert design.runs_per_slice == 3
    assert any("do not divide" in text for text in design.warnings)


def test_constraints_are_kept_and_the_rest_is_filled():
    limit = [{"coefficients": {"a": 1, "b": 1}, "most": 0}]
    for kind in ("maximin", "sobol", "halton"):
        design = run(runs=20, factors=["a", "b"], kind=kind, constraints=limit)
        assert max(sum(row) for row in design.natural) <= 1e-9
    far = run(runs=20, factors=["a", "b"], kind="maximin", constraints=limit)
    near = run(runs=20, factors=["a", "b"], kind="sobol", constraints=limit)
    assert far.smallest_distance > 1.5 * near.smallest_distance


def test_a_sequence_is_continued_by_more_runs():
    short = run(runs=16, n_factors=3, kind="sobol", seed=4)
    long = run(runs=32, n_factors=3, kind="sobol", seed=4)
    assert long.coded[:16] == short.coded


def test_many_runs_are_done_soon():
    design = run(runs=1000, n_factors=10)
    assert design.latin and design.smallest_distance > design.comparison[1].smallest_distance


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"runs": 10}, "no factors"),
        ({"runs": 10, "factors": [{"name": "m", "levels": ["x", "y"]}]}, "no numeric factor"),
        ({"runs": 2000, "n_factors": 30}, "too many"),
        ({"runs": 600, "n_factors": 2, "kind": "maximin"}, "too many"),
        (
            {"runs": 5, "factors": ["a", {"name": "m", "levels": ["x", "y", "z"]}]},
            "too few for each",
        ),
        (
            {
                "runs": 5,
                "factors": ["a"],
                "constraints": [{"coefficients": {"a": 1}, "most": 0}],
            },
            "does not keep",
        ),
        (
            {
                "runs": 5,
                "factors": ["a"],
                "kind": "sobol",
                "constraints": [{"coefficients": {"a": 1}, "most": -2}],
            },
            "leave 0",
        ),
        ({"runs": 5, "factors": [{"name": "a", "levels": [1.0, 2.0, 5.0]}]}, "listed levels"),
    ],
)
def test_bad_requests_are_refused_in_one_line(arguments, words):
    with pytest.raises(InputError) as refused:
        run(**arguments)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
