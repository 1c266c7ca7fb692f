"""Split-plot designs: what stays fixed, what is random, and the degrees of freedom."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from havoc.errors import InputError
from havoc.tools import registry


def run(**arguments):
    declared = registry.get("split_plot")
    typed = declared.validate(arguments)
    outcome = declared(**typed)
    assert all(check.agrees for check in declared.verify(outcome, typed))
    declared.narrate(outcome)
    return outcome


OVEN = [{"name": "oven", "levels": [160, 190]}]
EASY = [{"name": "coat", "levels": ["none", "wax", "film"]}]


def test_hard_factors_are_fixed_within_a_whole_plot():
    design = run(whole_plot=OVEN, sub_plot=EASY, replicates=3)
    assert (design.runs, design.whole_plots, design.sub_plots_per_whole_plot) == (18, 6, 3)
    by_plot: dict[int, set[object]] = {}
    for row in design.run_sheet:
        by_plot.setdefault(row.block, set()).add(row.settings["oven"])
    assert all(len(values) == 1 for values in by_plot.values())
    # The run sheet makes one whole plot after the other.
    blocks = [row.block for row in design.run_sheet]
    assert blocks == sorted(blocks)


# Montgomery, DAE, table 14.16: a levels of the whole-plot factor, b of the sub-plot factor, r
# replicates as blocks: whole-plot error (a - 1)(r - 1), sub-plot error a(b - 1)(r - 1).
@pytest.mark.parametrize(("a", "b", "r"), [(2, 3, 3), (3, 4, 3), (4, 2, 5)])
def test_degrees_of_freedom_are_those_of_the_textbook(a, b, r):
    design = run(
        whole_plot=[{"name": "pulp", "n_levels": a}],
        sub_plot=[{"name": "heat", "n_levels": b}],
        replicates=r,
        blocks=True,
    )
    assert design.df_whole_plot_error == (a - 1) * (r - 1)
    assert design.df_sub_plot_error == a * (b - 1) * (r - 1)
    total = r - 1 + (a - 1) + (a - 1) * (r - 1) + (b - 1) + (a - 1) * (b - 1)
    assert design.runs - 1 == total + design.df_sub_plot_error


def test_blocks_hold_each_setting_once():
    design = run(whole_plot=OVEN, sub_plot=EASY, replicates=4, blocks=True)
    ovens = {}
    for row in design.run_sheet:
        ovens[row.block] = row.settings["oven"]
    order = [ovens[plot] for plot in sorted(ovens)]
    assert all(sorted(order[start : start + 2]) == [160, 190] for start in range(0, 8, 2))


def test_half_fractions_complete_each_other():
    design = run(
        whole_plot=["A", "B"], sub_plot=["P", "Q", "R"], whole_plots=8, runs_per_whole_plot=4
    )
    assert design.runs == 32
    counts = Counter(tuple(row) for row in design.natural)
    assert len(counts) == 32 and set(counts.values()) == {1}


def test_the_order_is_random_and_repeatable():
    first = run(whole_plot=OVEN, sub_plot=EASY, replicates=6, seed=1)
    assert first.run_sheet == run(whole_plot=OVEN, sub_plot=EASY, replicates=6, seed=1).run_sheet
    assert first.run_sheet != run(whole_plot=OVEN, sub_plot=EASY, replicates=6, seed=2).run_sheet
    plain = run(whole_plot=OVEN, sub_plot=EASY, replicates=2, randomize=False)
    assert [row.settings["oven"] for row in plain.run_sheet] == [160] * 3 + [190] * 3 + [
        160
    ] * 3 + [190] * 3


def test_one_replicate_says_that_the_hard_factor_cannot_be_tested():
    design = run(whole_plot=OVEN, sub_plot=EASY)
    assert design.df_whole_plot_error == 0
    assert any("cannot be tested" in warning for warning in design.warnings)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 4), st.integers(2, 4), st.integers(1, 4), st.integers(0, 99))
def test_every_combination_is_run_in_every_replicate(a, b, r, seed):
    design = run(
        whole_plot=[{"name": "w", "n_levels": a}],
        sub_plot=[{"name": "s", "n_levels": b}],
        replicates=r,
        seed=seed,
    )
    assert set(Counter(map(tuple, design.natural)).values()) == {r}
    assert len(design.natural) == a * b * r


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"whole_plot": OVEN, "sub_plot": EASY, "whole_plots": 5}, "5 whole plots"),
        ({"whole_plot": OVEN, "sub_plot": OVEN}, "both hard and easy"),
        ({"whole_plot": OVEN, "sub_plot": EASY, "runs_per_whole_plot": 2}, "3 combinations"),
        ({"whole_plot": [], "sub_plot": EASY}, "no factors"),
        (
            {"whole_plot": OVEN, "sub_plot": EASY, "whole_plots": 4, "replicates": 3},
            "4 whole plots",
        ),
    ],
)
def test_bad_requests_are_refused_in_one_line(arguments, words):
    declared = registry.get("split_plot")
    with pytest.raises(InputError) as refused:
        declared(**declared.validate(arguments))
    assert words in str(refused.value)
