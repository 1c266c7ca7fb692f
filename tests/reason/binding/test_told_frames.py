"""Layouts of factors in running text: parallel lists, nested measurements, squares, records."""

from __future__ import annotations

from typing import Any

import pytest

from havoc.reading.question import read_question
from havoc.reason.binding import NeedsInput, bind
from havoc.tools import registry


def _args(operation: str, question: str) -> dict[str, Any]:
    """The arguments of the question, which the tool takes."""
    binding = bind(operation, read_question(question))
    registry.execute(binding.operation, binding.args)
    return binding.args


def test_split_plot_knows_the_plots_by_what_they_settle() -> None:
    args = _args(
        "split_plot_analysis",
        "Drying was set once per tray stack. S1 warm: thin 41 thick 47; S2 cool: thin 30 thick 38; "
        "S3 warm: thin 43 thick 46; S4 cool: thin 31 thick 40. Which is real?",
    )
    assert args["response"] == [41, 47, 30, 38, 43, 46, 31, 40]
    assert args["whole_plot"] == ["S1", "S1", "S2", "S2", "S3", "S3", "S4", "S4"]
    (hard,) = args["whole_plot_factors"]
    assert args["factors"][hard] == ["warm", "warm", "cool", "cool"] * 2


def test_values_without_labels_take_the_order_of_the_first_group() -> None:
    args = _args(
        "split_plot_analysis",
        "K1 wet 20 kN 61, 30 kN 70; K2 dry 52, 55; K3 wet 63, 72; K4 dry 50, 57. Split plot.",
    )
    assert args["response"] == [61, 70, 52, 55, 63, 72, 50, 57]
    assert [20, 30] * 4 in args["factors"].values()


def test_parallel_lists_of_labels_and_numbers() -> None:
    args = _args(
        "factorial_anova",
        "Anova please: gate a a b b a a b b; pack 3 5 3 5 3 5 3 5; weight 11 14 12 19 10 15 13 18.",
    )
    assert args["factors"] == {
        "gate": ["a", "a", "b", "b"] * 2,
        "pack": [3, 5] * 4,
    }
    assert args["response"] == [11, 14, 12, 19, 10, 15, 13, 18]


def test_factors_with_repeats_in_prose() -> None:
    args = _args(
        "factorial_anova",
        "gloss by resin and lamp: R1 uv 71 73, R1 ir 64 66, R2 uv 80 79, R2 ir 60 61.",
    )
    assert args["response"] == [71, 73, 64, 66, 80, 79, 60, 61]
    assert ["R1"] * 4 + ["R2"] * 4 in args["factors"].values()


def test_latin_square_by_the_order_of_its_cells() -> None:
    args = _args(
        "latin_square_analysis",
        "Latin square of four inks:\nA7.1 B8.0 C6.4 D9.2\nB8.3 C6.6 D9.0 A7.4\n"
        "C6.1 D9.5 A7.0 B8.4\nD9.1 A7.3 B8.2 C6.0\nDo the inks differ?",
    )
    assert args["treatment"] == list("ABCDBCDACDABDABC")
    assert args["rows"] == [1] * 4 + [2] * 4 + [3] * 4 + [4] * 4
    assert args["columns"] == [1, 2, 3, 4] * 4
    assert args["response"][:5] == [7.1, 8.0, 6.4, 9.2, 8.3]


def test_latin_square_takes_no_layout_that_is_none() -> None:
    with pytest.raises(NeedsInput):
        bind("latin_square_analysis", read_question("Latin square? A 5 B 6 / A 7 B 8"))


def test_mixed_model_groups_are_random_and_nested_by_their_labels() -> None:
    args = _args(
        "mixed_model",
        "Variance components: P1: v1 5.1 5.3, v2 4.8 4.7; P2: v3 6.0 6.2, v4 5.5 5.4; "
        "P3: v5 4.1 4.4, v6 4.9 4.6.",
    )
    outer, inner = args["random"]
    assert args["random"][outer] == ["P1"] * 4 + ["P2"] * 4 + ["P3"] * 4
    assert args["nested"] == {inner: outer}


def test_covariate_and_response_behind_each_group() -> None:
    args = _args(
        "general_linear_model",
        "Strength for glue K 31 35 33 38 at humidity 40 44 43 49, for glue M 28 30 37 34 at "
        "humidity 41 45 55 50. Is M weaker at equal humidity?",
    )
    assert args["response"] == [31, 35, 33, 38, 28, 30, 37, 34]
    assert list(args["covariates"].values()) == [[40, 44, 43, 49, 41, 45, 55, 50]]
    assert list(args["factors"].values()) == [["K"] * 4 + ["M"] * 4]


def test_shares_and_results_in_slashes() -> None:
    args = _args(
        "mixture_analysis",
        "Linear mixture model, wax/oil/resin: 50/30/20 4.1, 60/20/20 4.9, 40/40/20 3.2, "
        "50/20/30 5.6, 60/30/10 3.9, 45/30/25 4.6",
    )
    assert args["components"] == {
        "wax": [50, 60, 40, 50, 60, 45],
        "oil": [30, 20, 40, 20, 30, 30],
        "resin": [20, 20, 20, 30, 10, 25],
    }
    assert args["response"] == [4.1, 4.9, 3.2, 5.6, 3.9, 4.6]
    assert args["model"] == "linear"


def test_results_and_levels_of_an_orthogonal_array() -> None:
    args = _args(
        "taguchi_analyze",
        "L4 with heat (150, 170), hold 4/6, die d1/d2; porosity of each run: 3.1 3.4, 2.2 2.0, "
        "4.0 4.4, 2.9 3.0. Lower is better.",
    )
    assert args["response"] == [[3.1, 3.4], [2.2, 2.0], [4.0, 4.4], [2.9, 3.0]]
    assert args["factors"] == [
        {"name": "heat", "levels": [150, 170]},
        {"name": "hold", "levels": [4, 6]},
        {"name": "die", "levels": ["d1", "d2"]},
    ]


def test_radii_steps_and_coding_of_a_path() -> None:
    runs = "a -1 1 -1 1 -1 1 0 0 0 0; b -1 -1 1 1 0 0 -1 1 0 0; y 5 7 6 9 5.5 8 6 7.4 6.9 7"
    ridge = _args("ridge_analysis", f"Best y at radii 0.4, 0.8 and 1.2? {runs}")
    assert ridge["radii"] == [0.4, 0.8, 1.2]
    path = _args(
        "steepest_ascent",
        "heat 60 80 60 80 70; flow 2 2 4 4 3; yield 31 38 35 44 36. Path of steepest ascent in "
        "steps of 5 degrees of heat, seven points; centre 70 and 3, half ranges 10 and 1.",
    )
    assert (path["step"], path["step_factor"], path["steps"]) == (5, "heat", 7)
    assert path["half_range"] == {"heat": 10, "flow": 1}


def test_signs_and_lists_are_a_design() -> None:
    args = _args(
        "design_evaluation",
        "Is this any good? A: + - + - + - + -\nB: + + - - + + - -\n"
        "C: + + + + - - - -\neffect 2, sigma 1",
    )
    assert args["design"]["A"] == [1, -1] * 4
    assert (args["effect"], args["sigma"]) == (2, 1)


def test_families_of_variation_with_a_told_order() -> None:
    args = _args(
        "multi_vari_chart",
        "Multi-vari chart, wall in mm: T1 2.01 2.05 2.11; T2 2.31 2.36 2.40; T3 1.90 1.95 2.02 "
        "(position 1, 2, 3).",
    )
    assert args["response"] == [2.01, 2.05, 2.11, 2.31, 2.36, 2.40, 1.90, 1.95, 2.02]
    assert args["factors"]["position"] == ["1", "2", "3"] * 3
