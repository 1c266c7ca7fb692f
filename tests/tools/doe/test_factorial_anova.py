"""General factorials: invariances, reduction, missing combinations, bad input."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from havoc.errors import InputError
from havoc.reason import ask
from havoc.tools import registry

TOOL = registry.get("factorial_anova")
LEVELS = list(itertools.product(["a", "b", "c"], [1, 2], ["low", "high"], [1, 2]))
FACTORS = {
    "material": [run[0] for run in LEVELS],
    "speed": [run[1] for run in LEVELS],
    "load": [run[2] for run in LEVELS],
}


def response(seed: int = 1) -> list[float]:
    generator = np.random.default_rng(seed)
    effect = {"a": 0.0, "b": 3.0, "c": -2.0}
    return [
        effect[run[0]] + 2 * run[1] + float(noise)
        for run, noise in zip(LEVELS, generator.standard_normal(len(LEVELS)), strict=True)
    ]


def test_balanced_types_agree_and_parts_add_up() -> None:
    tables = [TOOL(factors=FACTORS, response=response(), ss_type=kind).anova for kind in (1, 2, 3)]
    for one, two, three in zip(*tables, strict=True):
        assert one.ss == pytest.approx(two.ss, abs=1e-9) == pytest.approx(three.ss, abs=1e-9)
    rows = {row.source: row.ss for row in tables[2]}
    assert sum(ss for name, ss in rows.items() if name != "total") == pytest.approx(rows["total"])


@settings(max_examples=20, deadline=None)
@given(st.floats(-1e3, 1e3), st.floats(0.01, 100), st.integers(0, 50))
def test_shift_and_scale_leave_f_alone(shift: float, scale: float, seed: int) -> None:
    values = np.array(response(seed))
    plain = TOOL(factors=FACTORS, response=values)
    moved = TOOL(factors=FACTORS, response=values * scale + shift)
    for one, two in zip(plain.anova, moved.anova, strict=True):
        if one.F is not None:
            assert pytest.approx(one.F, rel=1e-5) == two.F


def test_run_order_and_level_names_do_not_matter() -> None:
    order = np.random.default_rng(3).permutation(len(LEVELS))
    values = response()
    plain = TOOL(factors=FACTORS, response=values)
    shuffled = TOOL(
        factors={name: [f"L{column[row]}" for row in order] for name, column in FACTORS.items()},
        response=[values[row] for row in order],
    )
    assert shuffled.p_values == pytest.approx(plain.p_values)


def test_reduction_keeps_the_hierarchy() -> None:
    result = TOOL(factors=FACTORS, response=response(), reduce="backward")
    kept = [row.source for row in result.anova if row.p_value is not None]
    assert "material" in kept and "speed" in kept
    assert "material:speed:load" in result.terms_removed
    for term in kept:
        if ":" in term:
            assert all(part in kept for part in term.split(":"))


def test_without_replicates_the_highest_interaction_is_the_error() -> None:
    half = [row for row, run in enumerate(LEVELS) if run[3] == 1]
    result = TOOL(
        factors={name: [column[row] for row in half] for name, column in FACTORS.items()},
        response=[response()[row] for row in half],
    )
    assert result.pooled == ["material:speed:load"]
    assert result.df_error == 2


def test_missing_combinations_are_named() -> None:
    kept = [row for row, run in enumerate(LEVELS) if run[:2] != ("c", 2)]
    factors = {name: [column[row] for row in kept] for name, column in FACTORS.items()}
    values = [response()[row] for row in kept]
    result = TOOL(factors=factors, response=values)
    assert "material:speed" in result.not_estimable
    with pytest.raises(InputError, match="material:speed"):
        TOOL(factors=factors, response=values, terms=["material*speed"])


def test_means_follow_the_highest_setting() -> None:
    result = TOOL(factors=FACTORS, response=response(), order=1)
    assert result.highest["material"] == "b"
    assert result.highest["speed"] == "2"
    cell = TOOL(factors=FACTORS, response=response()).cell_means[0]
    own = [
        value
        for value, run in zip(response(), LEVELS, strict=True)
        if run[0] == cell.levels[0] and str(run[1]) == cell.levels[1]
    ]
    assert cell.mean == pytest.approx(np.mean(own))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"factors": {"A": [1, 1, 1, 1]}, "response": [1, 2, 3, 4]}, "every run has the level"),
        ({"factors": {"A": [1, 2, 1]}, "response": [1, 2, 3, 4]}, "3 levels but 4"),
        ({"factors": {"A": [1, 2, 1, 2]}, "response": [5, 5, 5, 5]}, "no variation"),
        ({"factors": {"A": [1, 2, 1, 2]}, "response": [1, 2, 1, 2]}, "exactly"),
        ({"factors": {}, "response": [1, 2, 3]}, "0 factors"),
        ({"factors": {"A": [1, 2, 1, float("nan")]}, "response": [1, 2, 3, 4]}, "finite"),
        (
            {"factors": {"A": [1, 2, 1, 2], "B": [1, 1, 2, 2]}, "response": [1, 2, 3, 5],
             "terms": ["A*B"]},
            "no degree of freedom",
        ),
        ({"factors": {"A": [1, 2, 1, 2]}, "response": [1, 2, 3, 5], "terms": ["Z"]}, "Z"),
        (
            {"factors": {"x": [float(i) for i in range(80)]},
             "response": [float(i % 7) for i in range(80)]},
            "different levels",
        ),
    ],
)  # fmt: skip
def test_bad_input_is_named(arguments: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        TOOL(**arguments)


def test_many_runs_are_fast() -> None:
    count = 100_000
    generator = np.random.default_rng(1)
    result = TOOL(
        factors={"A": generator.integers(0, 3, count), "B": generator.integers(0, 2, count)},
        response=generator.standard_normal(count),
    )
    assert result.df_error == count - 6


def test_asked_in_words() -> None:
    data = {**{name: [str(v) for v in column] for name, column in FACTORS.items()}}
    answer = ask(
        "Four-way ANOVA of the wear, with two-factor interactions only",
        {**data, "wear": response()},
    )
    assert answer.status == "answered"
    (call,) = (call for call in answer.tool_calls if call.purpose == "answer")
    assert call.operation == "factorial_anova"
    assert call.args["order"] == 2
