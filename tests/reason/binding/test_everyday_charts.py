"""Charts asked for in everyday words: tallies, constants, subgroups, settings."""

from __future__ import annotations

from typing import Any

import pytest

from havoc.reading.question import read_question
from havoc.reason.binding import NeedsInput, bind
from havoc.tools import registry


def bound(operation: str, question: str) -> dict[str, Any]:
    """The arguments, which the tool has accepted."""
    binding = bind(operation, read_question(question))
    assert binding.operation == operation
    registry.execute(operation, binding.args)
    return binding.args


@pytest.mark.parametrize(
    ("question", "size"),
    [
        ("c4 for n=14?", 14),
        ("we weigh four bags each hour; what does R bar get multiplied with", 4),
        ("D3 and D4 with six bottles per sample", 6),
        ("is 2.059 the d2 of fours?", 4),
        ("d2 of a moving range", 2),
        ("factors for pairs", 2),
        ("my table stops at 10, I need B4 for a subgroup of 18", 18),
    ],
)
def test_the_subgroup_of_the_constants(question: str, size: int) -> None:
    assert bound("control_chart_constants", question)["subgroup_size"] == size


def test_constants_for_other_limits_than_three_sigma() -> None:
    args = bound("control_chart_constants", "A2 at 2.5 sigma instead of 3, five bolts each")
    assert args == {"subgroup_size": 5, "n_sigma": 2.5}
    with pytest.raises(NeedsInput, match="subgroup"):
        bound("control_chart_constants", "what are A2 and D4?")


RUST = {"rust": 12.0, "paint": 40.0, "bent lug": 7.0}


@pytest.mark.parametrize(
    "question",
    [
        "rust 12 paint 40 bent lug 7, what first?",
        "Last month's returns were rust (12), paint (40), bent lug (7). Pareto",
        "rejects wk 31: rust=12; paint=40; bent lug=7",
        "rust 12 / paint 40 / bent lug 7 - which few?",
        "rank them\nrust: 12\npaint: 40\nbent lug: 7\n",
        "we counted 12 rust, 40 paint and 7 bent lug",
        "59 complaints this year, rust 12x, paint 40x, bent lug 7x",
    ],
)
def test_tallies_in_prose(question: str) -> None:
    assert bound("pareto_chart", question)["counts"] == RUST


def test_numbered_categories() -> None:
    args = bound("pareto_chart", "hours per cavity: cavity 7 12, cavity 9 40, cavity 11 5")
    assert args["counts"] == {"cavity 7": 12.0, "cavity 9": 40.0, "cavity 11": 5.0}
    args = bound("pareto_chart", "stops by line. 7: 12x, 9: 40x, 11: 5x")
    assert args["counts"] == {"7": 12.0, "9": 40.0, "11": 5.0}


def test_single_cases_and_shares() -> None:
    called = ["rust", "paint", "rust", "lug", "rust", "paint"]
    for text in ("codes: " + " ".join(called), ", ".join(called) + " - as called out"):
        assert bound("pareto_chart", text)["observations"] == called
    args = bound("pareto_chart", "seventy percent line, lump what is beyond 95 %: a 5, b 9, c 30")
    assert (args["threshold"], args["combine_after"]) == (0.7, 0.95)
    assert bound("pareto_chart", "80/20 of rust 12, paint 40")["threshold"] == 0.8


RUN = "5.1 5.4 | 5.0 5.2 | 5.6 5.5 | 5.3 5.7 | 5.2 5.8 | 5.9 5.4"


def test_subgroups_of_a_run_chart() -> None:
    args = bound("run_chart", f"medians of the pairs over time: {RUN}")
    assert (len(args["data"]), args["subgroup_size"], args["plotted"]) == (12, 2, "median")
    args = bound("run_chart", "in order: 7 9 8 6 9 10 7 8 11 12")
    assert args["data"] == [7, 9, 8, 6, 9, 10, 7, 8, 11, 12] and "subgroup_size" not in args


STEP = "20 21 19 20 22 21 28 27 29 28 27 28"


def test_settings_of_a_change_point_search() -> None:
    args = bound(
        "change_point",
        f"{STEP}: did the mean jump? 2999 shuffles, seed 8, 1 %, at least 3 values per segment",
    )
    assert (args["permutations"], args["seed"], args["min_segment"]) == (2999, 8, 3)
    assert args["alpha"] == 0.01
    assert bound("change_point", f"at most two steps: {STEP}")["max_changes"] == 2


def test_settings_of_a_residual_chart() -> None:
    values = "30 31 33 34 33 31 30 28 27 28 30 32 33 34 40"
    args = bound("residual_chart", f"the first ten are the base, ar1, 2.5 sigma, 10 %: {values}")
    assert (args["baseline"], args["order"], args["n_sigma"], args["alpha"]) == (10, 1, 2.5, 0.1)
    table = "minute,level\n" + "\n".join(f"{i},{v}" for i, v in enumerate(values.split(), 1))
    args = bound("residual_chart", f"{table}\nfirst 10 minutes are the base")
    assert args["name"] == "level" and args["data"][0] == 30.0 and args["baseline"] == 10


def test_phase_one_with_causes_rounds_and_subgroups() -> None:
    values = "4.1 4.2 4.0 4.3 4.1 9.0 4.2 4.1 4.0 4.2 4.3 4.1"
    args = bound(
        "phase_one", f"reading no. 6 had a reason (door open), at most two rounds: {values}"
    )
    assert args["assignable_causes"] == {"6": "door open"} and args["max_rounds"] == 2
    args = bound("phase_one", f"#6 door open, drop only where we know why. 3 sigma. {values}")
    assert args["remove"] == "with_cause" and args["n_sigma"] == 3.0 and len(args["data"]) == 12
    args = bound(
        "phase_one", "trial limits, xbar-r, pairs 5.1 5.9, 5.4 5.2, 5.6 5.0, 5.3 5.7, 5.5 5.1"
    )
    assert args["subgroups"][2] == [5.6, 5.0] and args["kind"] == "xbar_r"


VALUES = "70 74 71 69 77 73 72 75 70 78"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("six bins, lines at 65 & 85", {"bins": 6, "lsl": 65.0, "usl": 85.0}),
        ("with 65, 72 and 85 s as marks", {"lsl": 65.0, "target": 72.0, "usl": 85.0}),
        ("must stay below 85", {"usl": 85.0}),
        ("relative to the lower limit of 65", {"lsl": 65.0}),
        ("min 65, put the bell over", {"lsl": 65.0, "normal_curve": True}),
    ],
)
def test_lines_of_a_histogram(words: str, expected: dict[str, Any]) -> None:
    args = bound("histogram", f"{words}. times: {VALUES}")
    names = ("bins", "lsl", "usl", "target", "normal_curve")
    assert {name: args[name] for name in names if name in args} == expected


def test_fences_and_line_of_a_box_plot() -> None:
    groups = "vat A 70 74 71 69 77, vat B 73 72 75 70 78"
    args = bound("box_plot", f"{groups}, fences at 3 iqr, line at 76")
    assert (args["reach"], args["reference"]) == (3.0, 76.0)
    args = bound("box_plot", f"whiskers out to 2.0 times the interquartile range: {VALUES}")
    assert args["reach"] == 2.0 and "reference" not in args
