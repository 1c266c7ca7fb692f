"""Mixtures with upper bounds, and several settings compared by desirability."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial import HalfspaceIntersection

from havoc.errors import InputError
from havoc.tools import registry

# McLean & Anderson, Technometrics 8 (1966) 447: magnesium, two nitrates and binder of a flare.
FLARE = [
    {"name": "magnesium", "low": 0.40, "high": 0.60},
    {"name": "sodium nitrate", "low": 0.10, "high": 0.50},
    {"name": "strontium nitrate", "low": 0.10, "high": 0.50},
    {"name": "binder", "low": 0.03, "high": 0.08},
]
FLARE_VERTICES = {
    (0.40, 0.10, 0.47, 0.03), (0.40, 0.10, 0.42, 0.08), (0.60, 0.10, 0.27, 0.03),
    (0.60, 0.10, 0.22, 0.08), (0.40, 0.47, 0.10, 0.03), (0.40, 0.42, 0.10, 0.08),
    (0.60, 0.27, 0.10, 0.03), (0.60, 0.22, 0.10, 0.08),
}  # fmt: skip


def run(operation, **arguments):
    declared = registry.get(operation)
    typed = declared.validate(arguments)
    outcome = declared(**typed)
    assert all(check.agrees for check in declared.verify(outcome, typed))
    declared.narrate(outcome)
    return outcome


def test_axial_blends_lie_half_way_to_the_vertices():
    design = run("mixture", components=FLARE, degree=1, augmented=True)
    rows = {kind: [] for kind in design.point_types}
    for row, kind in zip(design.natural, design.point_types, strict=True):
        rows[kind].append([float(value) for value in row])
    (center,) = rows["overall centroid"]
    expected = (np.array(rows["vertex"]) + center) / 2
    assert np.allclose(sorted(rows["axial"]), sorted(expected.tolist()))


def test_the_published_vertices_are_found():
    design = run("mixture", components=FLARE, degree=1)
    vertices = {
        tuple(round(float(value), 6) for value in row)
        for row, kind in zip(design.natural, design.point_types, strict=True)
        if kind == "vertex"
    }
    assert vertices == FLARE_VERTICES
    # The paper adds the centroids of the six faces and the overall centroid.
    assert (design.vertices, design.face_centroids, design.runs) == (8, 6, 15)
    assert design.natural[-1] == pytest.approx([0.5, 0.2225, 0.2225, 0.055])
    assert any("cannot reach 0.5" in warning for warning in design.warnings)


def test_edges_are_counted_by_euler():
    design = run("mixture", components=FLARE)
    assert design.vertices - design.edge_centroids + design.face_centroids == 2


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 0.4), st.floats(0.1, 0.7)), min_size=3, max_size=5))
def test_vertices_are_those_of_the_half_spaces(bounds):
    low = np.array([round(bottom, 3) for bottom, _ in bounds])
    high = np.minimum(1, np.round(low + [width for _, width in bounds], 3))
    assume(low.sum() < 0.97 and high.sum() > 1.03)
    design = run(
        "mixture",
        components=[
            {"name": f"c{i}", "low": a, "high": b}
            for i, (a, b) in enumerate(zip(low.tolist(), high.tolist(), strict=True))
        ],
        method="extreme_vertices",
        degree=1,
    )
    blends = np.array(design.natural, dtype=float)
    assert np.allclose(blends.sum(axis=1), 1)
    assert np.all(blends >= low - 1e-9) and np.all(blends <= high + 1e-9)
    # Qhull on the first q - 1 components: a x <= b as rows (a, -b).
    q = len(low)
    eye = np.eye(q - 1)
    rows = np.vstack(
        [
            np.column_stack([-eye, low[:-1]]),
            np.column_stack([eye, -high[:-1]]),
            np.append(np.ones(q - 1), -(1 - low[-1])),
            np.append(-np.ones(q - 1), 1 - high[-1]),
        ]
    )
    inner = blends.mean(axis=0)[:-1]
    assume(np.all(rows[:, :-1] @ inner + rows[:, -1] < -1e-6))
    peer = HalfspaceIntersection(rows, inner).intersections
    peer = np.unique(np.round(peer, 6), axis=0)
    ours = np.array(
        [row[:-1] for row, kind in zip(blends, design.point_types, strict=True) if kind == "vertex"]
    )
    assert len(ours) == len(peer)
    assert np.allclose(np.unique(np.round(ours, 6), axis=0), peer, atol=2e-6)


def test_fewer_runs_are_the_best_ones():
    parts = [
        {"name": "resin", "low": 70, "high": 85, "unit": "%"},
        {"name": "softener", "low": 10, "high": 25},
        {"name": "salt", "low": 2, "high": 5},
    ]
    design = run("mixture", components=parts, total=100, runs=12)
    assert design.runs == 12
    assert design.D_efficiency > 0
    blends = np.array(design.natural, dtype=float) / 100
    model = np.column_stack(
        [blends, *(blends[:, i] * blends[:, j] for i, j in [(0, 1), (0, 2), (1, 2)])]
    )
    value = math.exp(np.linalg.slogdet(model.T @ model)[1] / 6) / 12 * 100
    assert design.D_efficiency == pytest.approx(value, rel=1e-6)
    worse = run("mixture", components=parts, total=100, degree=2)
    everything = np.array(worse.natural, dtype=float) / 100
    random = everything[np.random.default_rng(0).integers(0, len(everything), 12)]
    model = np.column_stack(
        [random, *(random[:, i] * random[:, j] for i, j in [(0, 1), (0, 2), (1, 2)])]
    )
    assert np.linalg.slogdet(model.T @ model)[1] <= 6 * math.log(value * 12 / 100) + 1e-9


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"components": [{"name": "a", "high": 0.3}, {"name": "b", "high": 0.3}]}, "upper bounds"),
        (
            {
                "components": [
                    {"name": "a", "low": 0.6, "high": 0.7},
                    {"name": "b", "low": 0.6, "high": 0.8},
                ],
                "method": "extreme_vertices",
            },
            "lower bounds",
        ),
        ({"components": [{"name": "a", "low": 0.5, "high": 0.3}, "b"]}, "rising order"),
        ({"components": FLARE, "runs": 5}, "10 terms"),
        ({"n_components": 3, "runs": 9}, "6 runs"),
    ],
)
def test_bad_requests_are_refused_in_one_line(arguments, words):
    declared = registry.get("mixture")
    with pytest.raises(InputError) as refused:
        declared(**declared.validate(arguments))
    assert words in str(refused.value)


def test_several_settings_are_ranked():
    responses = [
        {"name": "yield", "goal": "maximize", "low": 70, "target": 90, "values": [80, 90, 70]},
        {"name": "dirt", "goal": "minimize", "target": 1, "high": 5, "values": [3, 3, 1]},
    ]
    result = run("desirability", responses=responses, settings=["I", "II", "III"])
    assert [item.overall for item in result.alternatives] == pytest.approx([0.5, math.sqrt(0.5), 0])
    assert result.best_alternative == "II"
    assert [item.rank for item in result.alternatives] == [2, 1, 3]
    assert result.overall == pytest.approx(math.sqrt(0.5))


def test_settings_must_have_all_values():
    with pytest.raises(InputError, match="values"):
        registry.get("desirability")(
            **registry.get("desirability").validate(
                {
                    "responses": [
                        {"goal": "maximize", "low": 1, "high": 2, "values": [1, 2]},
                        {"goal": "maximize", "low": 1, "high": 2, "values": [1]},
                    ]
                }
            )
        )
