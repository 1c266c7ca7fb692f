"""Each run rule alone: a plain restatement, its boundaries, its false-alarm rate."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from havoc.errors import InputError
from havoc.tools.spc.detectors import RULES
from havoc.tools.spc.rules import apply_rules, rule_ids

Window = Sequence[float]


def signals(z: Sequence[float], rule: str) -> list[int]:
    """Points (from 1) at which the rule fires on a series with center 0 and sigma 1."""
    found = apply_rules(np.asarray(z, dtype=float), 0.0, 1.0, [rule])
    return sorted(point for item in found.violations for point in item.signal_points)


# The rules once more, as one would read them aloud: the last points, newest last.
def one_side(window: Window, needed: int, distance: float) -> bool:
    return any(
        sum(side * value > distance for value in window) >= needed and side * window[-1] > distance
        for side in (1, -1)
    )


def monotone(window: Window) -> bool:
    steps = [b - a for a, b in itertools.pairwise(window)]
    return all(step > 0 for step in steps) or all(step < 0 for step in steps)


def zigzag(window: Window) -> bool:
    steps = [b - a for a, b in itertools.pairwise(window)]
    return all(a * b < 0 for a, b in itertools.pairwise(steps))


PLAIN: dict[str, tuple[int, bool, Callable[[Window], bool]]] = {
    # rule: points looked at, whether that many are needed, the statement
    "nelson_1": (1, True, lambda w: abs(w[-1]) > 3),
    "nelson_2": (9, True, lambda w: one_side(w, 9, 0)),
    "nelson_3": (6, True, monotone),
    "nelson_4": (14, True, zigzag),
    "nelson_5": (3, False, lambda w: one_side(w, 2, 2)),
    "nelson_6": (5, False, lambda w: one_side(w, 4, 1)),
    "nelson_7": (15, True, lambda w: all(abs(value) < 1 for value in w)),
    "nelson_8": (8, True, lambda w: all(abs(value) > 1 for value in w)),
    "western_electric_1": (1, True, lambda w: abs(w[-1]) > 3),
    "western_electric_2": (3, False, lambda w: one_side(w, 2, 2)),
    "western_electric_3": (5, False, lambda w: one_side(w, 4, 1)),
    "western_electric_4": (8, True, lambda w: one_side(w, 8, 0)),
    "westgard_1_2s": (1, True, lambda w: abs(w[-1]) > 2),
    "westgard_1_3s": (1, True, lambda w: abs(w[-1]) > 3),
    "westgard_2_2s": (2, True, lambda w: one_side(w, 2, 2)),
    "westgard_R_4s": (2, True, lambda w: max(w) > 2 and min(w) < -2),
    "westgard_4_1s": (4, True, lambda w: one_side(w, 4, 1)),
    "westgard_10x": (10, True, lambda w: one_side(w, 10, 0)),
}


def plain_signals(z: Sequence[float], rule: str) -> list[int]:
    length, whole, states = PLAIN[rule]
    fired = []
    for end in range(1, len(z) + 1):
        window = z[max(0, end - length) : end]
        if (len(window) == length or not whole) and states(window):
            fired.append(end)
    return fired


def test_every_rule_is_restated() -> None:
    assert set(PLAIN) == set(RULES)


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=60, deadline=None)
@given(
    z=st.lists(
        st.one_of(
            st.sampled_from([-3.5, -3.0, -2.5, -2.0, -1.5, -1.0, -0.5, 0.0]),
            st.sampled_from([0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5]),
            st.sampled_from([2.5, 1.5]),
        ),
        min_size=1,
        max_size=60,
    )
)
def test_rule_agrees_with_its_plain_statement(rule: str, z: list[float]) -> None:
    assert signals(z, rule) == plain_signals(z, rule)


@pytest.mark.parametrize("rule", RULES)
def test_rule_agrees_on_random_series(rule: str) -> None:
    generator = np.random.default_rng(7)
    for scale in (0.4, 1.0, 2.5):
        z = (scale * generator.standard_normal(400)).tolist()
        assert signals(z, rule) == plain_signals(z, rule)


FIRES_AT = {
    "nelson_1": [0, 0, 3.001],
    "nelson_2": [0.1] * 9,
    "nelson_3": [0.0, 0.1, 0.2, 0.3, 0.4, 0.5],
    "nelson_4": [0.1, -0.1] * 7,
    "nelson_5": [2.1, 0.0, 2.1],
    "nelson_6": [1.1, 1.1, -0.5, 1.1, 1.1],
    "nelson_7": [0.5, -0.9] * 7 + [0.9],
    "nelson_8": [1.1, -1.1] * 4,
    "western_electric_1": [0, -3.001],
    "western_electric_2": [-2.1, 0.0, -2.1],
    "western_electric_3": [-1.1, -1.1, 0.5, -1.1, -1.1],
    "western_electric_4": [-0.1] * 8,
    "westgard_1_2s": [0, 2.001],
    "westgard_1_3s": [0, 3.001],
    "westgard_2_2s": [2.1, 2.1],
    "westgard_R_4s": [2.1, -2.1],
    "westgard_4_1s": [1.1] * 4,
    "westgard_10x": [0.1] * 10,
}


@pytest.mark.parametrize("rule", RULES)
def test_rule_fires_at_the_last_point_needed_and_not_before(rule: str) -> None:
    series = FIRES_AT[rule]
    assert signals(series, rule) == [len(series)]
    assert signals(series[:-1], rule) == []


def test_points_exactly_on_a_limit_or_zone_line_are_not_beyond_it() -> None:
    # In binary (10.4 - 10) / 0.2 is a hair above 2, and (10.3 - 10) / 0.1 a hair above 3.
    assert (10.4 - 10.0) / 0.2 > 2
    assert (10.3 - 10.0) / 0.1 > 3
    assert apply_rules(np.asarray([10.4, 10.4]), 10.0, 0.2, ["nelson_5"]).violations == []
    assert apply_rules(np.asarray([10.3, 9.7]), 10.0, 0.1, ["westgard_1_3s"]).violations == []
    assert apply_rules(np.asarray([10.3, 9.7]), 10.0, 0.1, ["nelson_1"]).violations == []
    assert apply_rules(np.asarray([10.3001]), 10.0, 0.1, ["nelson_1"]).above == [1]


def test_two_of_three_does_not_fire_again_on_a_point_near_the_center() -> None:
    assert signals([2.5, 2.5, 0.0], "nelson_5") == [2]


def test_two_of_three_needs_one_side() -> None:
    assert signals([2.5, -2.5, 0.0], "nelson_5") == []


def test_equal_neighbours_break_a_trend() -> None:
    assert signals([0.0, 0.1, 0.2, 0.2, 0.3, 0.4, 0.5], "nelson_3") == []


def test_a_long_run_is_one_violation_that_names_all_its_points() -> None:
    found = apply_rules(np.asarray([-1.0] + [0.5] * 12 + [-1.0]), 0.0, 1.0, ["nelson_2"])
    (violation,) = found.violations
    assert violation.points == list(range(2, 14))
    assert violation.signal_points == [10, 11, 12, 13]
    assert "points 2 to 13 above the center line" in violation.reason


def test_each_point_may_have_its_own_sigma_and_limits() -> None:
    values = np.asarray([1.5, 1.5])
    found = apply_rules(values, 0.0, np.asarray([1.0, 0.4]), ["nelson_1"])
    assert found.violations[0].points == [2]
    assert found.above == [2]


@pytest.mark.parametrize(
    ("given_name", "expected"),
    [
        ("nelson", [f"nelson_{i}" for i in range(1, 9)]),
        ("western_electric", [f"western_electric_{i}" for i in range(1, 5)]),
        ("none", []),
        ("limits", ["nelson_1"]),
        ([1, 2, "5"], ["nelson_1", "nelson_2", "nelson_5"]),
        (["2of3", "4_of_5"], ["nelson_5", "nelson_6"]),
        (["WE 4", "1-3s", "R-4s"], ["western_electric_4", "westgard_1_3s", "westgard_R_4s"]),
        (["western_electric", 3], [f"western_electric_{i}" for i in range(1, 5)] + ["nelson_3"]),
    ],
)
def test_rules_are_found_by_the_names_people_use(
    given_name: str | list[int | str], expected: list[str]
) -> None:
    assert rule_ids(given_name) == expected


@pytest.mark.parametrize("unknown", [9, 0, "nelson_9", "", "10 of 11"])
def test_unknown_rules_are_refused(unknown: int | str) -> None:
    with pytest.raises(InputError, match="no run rule"):
        rule_ids([unknown])


# In-control average run lengths: C. W. Champ and W. H. Woodall (1987), Technometrics 29, 393.
PUBLISHED_ARL = {
    ("western_electric_1",): 370.40,
    ("western_electric_1", "western_electric_2"): 225.44,
    ("western_electric_1", "western_electric_3"): 166.05,
    ("western_electric_1", "western_electric_4"): 152.73,
    tuple(rule_ids("western_electric")): 91.75,
    # A run of r on one side comes on average after 2^r - 1 points.
    ("nelson_2",): 511.0,
}


@pytest.mark.parametrize("rules", PUBLISHED_ARL)
def test_average_run_length_in_control_agrees_with_the_literature(rules: tuple[str, ...]) -> None:
    expected = PUBLISHED_ARL[rules]
    generator = np.random.default_rng(20)
    lengths = []
    for _ in range(300):
        series = generator.standard_normal(int(12 * expected))
        found = apply_rules(series, 0.0, 1.0, rules)
        lengths.append(min(item.signal_points[0] for item in found.violations))
    error = np.std(lengths, ddof=1) / np.sqrt(len(lengths))
    assert abs(np.mean(lengths) - expected) < 3.5 * error


def test_a_million_points_are_judged_completely_and_listed_briefly() -> None:
    series = np.random.default_rng(1).standard_normal(1_000_000)
    found = apply_rules(series, 0.0, 1.0, rule_ids("nelson"))
    assert len(found.violations) <= 200
    beyond = int(np.sum(np.abs(series) > 3))
    assert len(found.above) + len(found.below) == beyond
    assert found.counts["nelson_1"] == pytest.approx(beyond, rel=0.02)
