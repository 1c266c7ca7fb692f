"""Two-level fractions and Plackett-Burman designs against brute force, pydoe and tables."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pydoe
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from havoc.errors import InputError
from havoc.tools import registry
from havoc.tools.doe.aberration import CATALOGUE, fraction_columns, search_columns
from havoc.tools.doe.confounding import alias_classes

CASES = Path(__file__).parents[2] / "reference" / "cases"
LETTERS = "ABCDEFGHJKLMNOPQ"


def run(operation="fractional_factorial", **arguments):
    declared = registry.get(operation)
    outcome = declared(**arguments)
    assert all(check.agrees for check in declared.verify(outcome, arguments))
    return outcome


def expected(name):
    return json.loads((CASES / f"{name}.json").read_text())["expected"]


def brute_force(coded, order):
    """Aliases of main effects and pairs, and defining words, by comparing columns."""
    k = coded.shape[1]
    columns = {
        "".join(LETTERS[m] for m in members): coded[:, members].prod(axis=1)
        for size in range(1, order + 1)
        for members in itertools.combinations(range(k), size)
    }
    words = {
        ("" if column[0] > 0 else "-") + name
        for name, column in columns.items()
        if np.ptp(column) == 0
    }
    aliases = {}
    for name, column in columns.items():
        if len(name) <= 2 and np.ptp(column):
            aliases[name] = {
                ("" if np.array_equal(column, other) else "-") + other_name
                for other_name, other in columns.items()
                if other_name != name and abs(column @ other) == len(coded)
            }
    return words, aliases


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_alias_structure_is_that_of_the_columns(data):
    basic = data.draw(st.integers(2, 4))
    added = data.draw(st.integers(1, 3))
    words = [
        "".join(word)
        for size in range(2, basic + 1)
        for word in itertools.combinations(LETTERS[:basic], size)
    ]
    added = min(added, len(words))
    chosen = data.draw(
        st.lists(st.sampled_from(words), min_size=added, max_size=added, unique=True)
    )
    signs = data.draw(st.lists(st.sampled_from(["", "-"]), min_size=added, max_size=added))
    generators = [
        f"{LETTERS[basic + index]}={sign}{word}"
        for index, (sign, word) in enumerate(zip(signs, chosen, strict=False))
    ]
    design = run(generators=generators, foldover=data.draw(st.booleans()))
    coded = np.array(design.coded)
    found_words, aliases = brute_force(coded, basic + added)
    assert set(design.defining_words) == found_words
    assert {name: set(others) for name, others in design.aliases.items()} == aliases
    assert design.resolution == min((len(w.lstrip("-")) for w in found_words), default=0)
    assert np.array_equal(coded.T @ coded, np.eye(coded.shape[1]) * len(coded))


def test_seven_factors_in_eight_runs():
    design = run(n_factors=7, runs=8)
    for name, item in expected("des-ff7-4").items():
        found = design.n_factors if name == "factors" else getattr(design, name)
        assert found == item["value"]


def test_reference_alias_structure():
    wanted = expected("des-ff5-2")
    design = run(generators=["D=AB", "E=AC"])
    assert design.runs == wanted["runs"]["value"]
    assert design.resolution == wanted["resolution"]["value"]
    assert set(design.defining_words) == set(wanted["defining_words"]["value"])
    assert set(design.aliases["A"]) == set(wanted["aliases_A"]["value"])
    assert set(design.aliases["BC"]) == set(wanted["aliases_BC"]["value"])


def test_half_fraction_of_three():
    design = run(generators=["C=AB"])
    assert design.aliases == {
        "A": ["BC"], "B": ["AC"], "C": ["AB"], "AB": ["C"], "AC": ["B"], "BC": ["A"],
    }  # fmt: skip
    assert design.defining_relation == "I = ABC"
    assert design.resolution_roman == "III"


def test_resolution_table():
    for name, item in expected("des-res-table").items():
        factors, runs = name.removeprefix("r").split("_")
        assert run(n_factors=int(factors), runs=int(runs)).resolution == item["value"]
        assert run(n_factors=int(factors)).resolutions_by_runs[runs] == item["value"]


# Highest resolution of 2^(k-p), Montgomery Table 8.14.
@pytest.mark.parametrize(
    ("runs", "resolutions"),
    [
        (8, {4: 4, 5: 3, 6: 3, 7: 3}),
        (16, {5: 5, 6: 4, 7: 4, 8: 4, 9: 3, 10: 3, 11: 3, 15: 3}),
        (32, {6: 6, 7: 4, 8: 4, 9: 4, 10: 4, 11: 4, 16: 4, 17: 3}),
        (64, {7: 7, 8: 5, 9: 4, 10: 4, 11: 4, 12: 4}),
        (128, {8: 8, 9: 6, 10: 5, 11: 5, 12: 4}),
    ],
)
def test_highest_resolutions(runs, resolutions):
    for k, resolution in resolutions.items():
        assert run(n_factors=k, runs=runs).resolution == resolution


def _word_lengths(columns):
    words = alias_classes(columns, [1] * len(columns), 5).get(0, [])
    return [sum(word.order == order for word in words) for order in (3, 4, 5)]


# Words of length 3, 4, 5 of the minimum-aberration designs, Chen, Sun & Wu (1993).
@pytest.mark.parametrize(
    ("k", "basic", "lengths"),
    [
        (9, 4, [4, 14, 8]),
        (12, 4, [16, 39, 48]),
        (9, 5, [0, 6, 8]),
        (10, 5, [0, 10, 16]),
        (12, 5, [0, 38, 0]),
        (16, 5, [0, 140, 0]),
        (9, 6, [0, 1, 4]),
        (11, 6, [0, 4, 14]),
        (13, 6, [0, 14, 28]),
        (16, 6, [0, 43, 81]),
    ],
)
def test_search_finds_minimum_aberration(k, basic, lengths):
    assert _word_lengths(search_columns(k, basic)) == lengths


def test_printed_generators_have_minimum_aberration_too():
    for k, runs in CATALOGUE:
        basic = runs.bit_length() - 1
        assert _word_lengths(fraction_columns(k, basic)) == _word_lengths(search_columns(k, basic))


def test_design_is_that_of_pydoe():
    design = run(n_factors=6, runs=16)
    peer = pydoe.fracfact("a b c d abc bcd")
    assert sorted(map(tuple, design.coded)) == sorted(map(tuple, peer.tolist()))


def test_resolution_asked_for():
    assert run(n_factors=5, resolution="V").runs == 16
    assert run(n_factors=7, resolution=3).runs == 8
    assert run(n_factors=6).resolution == 4
    assert run(n_factors=12, resolution=5).runs == 256


def test_foldover_clears_main_effects():
    design = run(n_factors=7, runs=8, foldover=True)
    assert (design.runs, design.resolution) == (16, 4)
    assert design.blocks == [1] * 8 + [2] * 8
    single = run(generators=["D=AB", "E=AC"], foldover="A")
    assert set(single.defining_words) == {"BCDE"}
    assert "ABD" in single.confounded_with_blocks


def test_blocks_never_hide_a_main_effect():
    for k, runs, blocks in [(5, 16, 2), (6, 16, 2), (7, 16, 4), (8, 32, 4), (6, 32, 8)]:
        design = run(n_factors=k, runs=runs, blocks=blocks)
        coded, block = np.array(design.coded), np.array(design.blocks)
        for b in set(design.blocks):
            assert np.all(coded[block == b].sum(axis=0) == 0)
        assert set(np.bincount(block)[1:]) == {runs // blocks}


def test_named_factors_keep_their_names_beside_the_letters():
    design = run(
        factors=[
            {"name": "temp 1", "low": 20, "high": 30},
            {"name": "resin", "levels": ["X", "Y"]},
            {"name": "p", "low": 1, "high": 3},
            {"name": "speed", "low": 5, "high": 9},
        ],
        runs=8,
        center_points=2,
    )
    assert design.letters == {"A": "temp 1", "B": "resin", "C": "p", "D": "speed"}
    assert {row[1] for row in design.natural} == {"X", "Y"}
    assert design.runs == 10


def test_single_letter_names_are_used_as_letters():
    assert run(generators=["S=PQR"]).defining_words == ["PQRS"]
    assert run(generators=["d = a*b*c"]).defining_words == ["ABCD"]
    assert run(generators=["I=-ABCD"]).generators == ["D=-ABC"]


@pytest.mark.parametrize("n_factors", range(2, 48))
def test_plackett_burman_is_orthogonal_and_balanced(n_factors):
    design = run("plackett_burman", n_factors=n_factors)
    coded = np.hstack([np.array(design.coded), np.array(design.dummy_coded)])
    runs = 4 * (n_factors // 4 + 1)
    assert coded.shape == (runs, runs - 1)
    assert np.array_equal(coded.T @ coded, runs * np.eye(runs - 1))
    assert np.all(coded.sum(axis=0) == 0)


def test_reference_plackett_burman():
    design = run("plackett_burman", n_factors=11)
    for name, item in expected("des-pb11").items():
        assert getattr(design, name) == item["value"]
    assert design.coded[0] == [float(sign) for sign in design.first_row_generator]


def test_plackett_burman_foldover_clears_main_effects():
    design = run("plackett_burman", n_factors=5, runs=12, foldover=True)
    coded = np.array(design.coded)
    assert len(coded) == 24
    for a, b in itertools.combinations(range(5), 2):
        assert np.all(coded.T @ (coded[:, a] * coded[:, b]) == 0)


def test_twelve_runs_match_pydoe_up_to_the_order_of_rows_and_columns():
    ours = np.array(run("plackett_burman", n_factors=11).coded)
    peer = pydoe.pbdesign(11)
    # Triple products of columns are +-N/3 in both: the same class of Hadamard matrices.
    for matrix in (ours, peer):
        triples = {
            abs(float(matrix[:, list(t)].prod(axis=1).sum()))
            for t in itertools.combinations(range(11), 3)
        }
        assert triples == {4.0}


@pytest.mark.parametrize(
    ("operation", "arguments", "words"),
    [
        ("fractional_factorial", {"n_factors": 7, "runs": 12}, "power of 2"),
        ("fractional_factorial", {"n_factors": 9, "runs": 8}, "cannot separate"),
        ("fractional_factorial", {"n_factors": 3, "runs": 8}, "full factorial"),
        ("fractional_factorial", {"n_factors": 7, "runs": 16, "resolution": 5}, "at most"),
        ("fractional_factorial", {"n_factors": 4, "resolution": 5}, "at most"),
        ("fractional_factorial", {"n_factors": 40}, "3 to 31"),
        ("fractional_factorial", {"n_factors": 4, "generators": ["D=AX"]}, "not one of"),
        ("fractional_factorial", {"generators": ["nonsense"]}, "not a generator"),
        ("fractional_factorial", {"generators": ["D=AB", "D=AC"]}, "twice"),
        ("fractional_factorial", {"generators": ["D=AE", "E=AB"]}, "basic factors"),
        ("fractional_factorial", {"generators": ["D=AB"], "runs": 16}, "16 runs asked"),
        ("fractional_factorial", {"generators": ["D=AB"], "resolution": 4}, "III, not IV"),
        ("fractional_factorial", {"n_factors": 5, "runs": 8, "blocks": 4}, "main effect"),
        ("fractional_factorial", {"n_factors": 5, "foldover": "Z"}, "does not name"),
        ("fractional_factorial", {"factors": ["a", "b", {"name": "c", "n_levels": 3}]}, "3 levels"),
        ("plackett_burman", {"n_factors": 12, "runs": 12}, "cannot hold"),
        ("plackett_burman", {"n_factors": 7, "runs": 10}, "multiple of 4"),
        ("plackett_burman", {}, "no factors"),
        ("plackett_burman", {"n_factors": 500}, "2 to 95"),
    ],
)
def test_bad_requests_are_refused_in_one_line(operation, arguments, words):
    with pytest.raises(InputError) as refused:
        registry.get(operation)(**arguments)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
