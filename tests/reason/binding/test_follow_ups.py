"""Follow-ups that change a figure of the earlier turn, with their sources."""

from __future__ import annotations

from typing import Any

import pytest

from havoc.reading.question import read_question
from havoc.reading.turns import merge
from havoc.reason.binding import Binding, NeedsInput, bind


def both(operation: str, now: str, earlier: str) -> Binding:
    return bind(operation, merge(read_question(now), read_question(earlier)))


@pytest.mark.parametrize(
    ("operation", "now", "earlier", "changed"),
    [
        (
            "control_chart",
            "oops, each lot was 250 not 300",
            "p chart, 4 6 3 7 5 bad out of 300",
            {"sample_size": 250},
        ),
        (
            "power_sample_size",
            "use 85 rather than 90",
            "detect a shift of 3 with sd 4, power 90 %, two lines",
            {"power": 0.85, "sigma": 4.0, "effect": 3.0},
        ),
        (
            "power_sample_size",
            "change the 4 to 5",
            "detect a shift of 3 with sd 4, power 90 %, two lines",
            {"power": 0.9, "sigma": 5.0, "effect": 3.0},
        ),
        (
            "power_sample_size",
            "and with 95?",
            "how many to find a difference of 2 if sd is 3, power 80 %",
            {"power": 0.95, "sigma": 3.0, "effect": 2.0},
        ),
        (
            "arl",
            "what about 8 parts",
            "xbar n=4, mean moves 1.2 sigma, how many subgroups until it is seen",
            {"subgroup_size": 8, "shift": 1.2},
        ),
        (
            "capability",
            "the lsl has moved to 4.85, again please",
            "Cpk of 5.01 5.03 4.98 5.02 5.00, LSL 4.9 USL 5.1",
            {"lsl": 4.85, "usl": 5.1},
        ),
        (
            "tolerance_interval",
            "rather 90 % content",
            "95/99 tolerance interval 7.1 7.3 7.2 7.0 7.4 7.2",
            {"coverage": 0.9, "confidence": 0.99},
        ),
        (
            "regression_linear",
            "and when is it down to 93 %?",
            "months 0 3 6 9 12; content 100.3 99.5 98.8 98.2 97.4, when does it reach 95 %",
            {"y_target": 93.0},
        ),
        (
            "capability",
            "nicht 10,2 sondern 10,3",
            "Cpk 10,0 10,1 9,9 10,05 LSL 9,7 USL 10,2",
            {"lsl": 9.7, "usl": 10.3},
        ),
    ],
)
def test_the_change_is_applied_and_the_rest_stays(
    operation: str, now: str, earlier: str, changed: dict[str, Any]
) -> None:
    args = both(operation, now, earlier).args
    assert {name: args.get(name) for name in changed} == changed


def test_the_new_figure_has_its_own_place_and_the_data_keep_theirs() -> None:
    now, earlier = "10 instead of 9 please", "sd 4, shift 9, power 0.8: how many per line?"
    binding = both("power_sample_size", now, earlier)
    text = f"{now}\n{earlier}"
    places = {
        name: text[slice(*map(int, source.removeprefix("question[").rstrip("]").split(":")))]
        for name, source in binding.provenance.items()
        if source.startswith("question[") and "," not in source
    }
    assert binding.args["effect"] == 10.0
    assert places["effect"] == "10"
    assert places["sigma"] == "4"
    assert any("instead of" in text for text, _ in binding.roles)


def test_which_of_two_figures_is_meant_is_asked() -> None:
    with pytest.raises(NeedsInput, match="takes the place of") as asked:
        both("capability", "and with 5?", "Cpk 4.9 5.1 5.0 5.2, LSL 4, USL 6")
    assert "4 or 6" in asked.value.ask


def test_the_name_of_a_slide_is_no_change() -> None:
    args = both("power_sample_size", "put it on slide 4", "sd 3, shift 2, power 0.8, how many").args
    assert (args["sigma"], args["effect"]) == (3.0, 2.0)


@pytest.mark.parametrize(
    "now", ["and for the other machine?", "again with the second batch", "now with the new limits"]
)
def test_data_of_another_one_are_asked_for(now: str) -> None:
    with pytest.raises(NeedsInput, match="other one"):
        both("capability", now, "Cpk 4.9 5.1 5.0 5.2, LSL 4.5, USL 5.5")


@pytest.mark.parametrize("piece", ["1 not 2 ", "not 1 ", "90 instead of ", "1 % rather than 2 % "])
def test_long_turns_are_no_more_work_than_their_length(piece: str) -> None:
    both("describe", piece * 400, "5.1 5.2 5.3 mean? " + piece * 400)
