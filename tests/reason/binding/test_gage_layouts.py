"""Readings of gage studies in everyday layouts: what is bound, and that the tool takes it."""

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


GAP = [4.1, 4.2, 5.0, 5.2, 4.0, 4.3, 5.1, 5.3]
DISC = ["1", "1", "2", "2"] * 2


@pytest.mark.parametrize(
    "question",
    [
        "Expanded gage study, disc is the part, of the gap: disc 1: left 4.1 4.2, right 4.0 4.3; "
        "disc 2: left 5.0 5.2, right 5.1 5.3",
        "disc is the part. left: disc 1 4.1 4.2, disc 2 5.0 5.2; right: disc 1 4.0 4.3, disc 2 5.1 5.3",  # noqa: E501
        "disc is the part\nside disc gap\nleft 1 4.1\nleft 1 4.2\nleft 2 5.0\nleft 2 5.2\n"
        "right 1 4.0\nright 1 4.3\nright 2 5.1\nright 2 5.3",
        "disc is the part; gap 4.1 4.2 5.0 5.2 4.0 4.3 5.1 5.3; disc 1 1 2 2 1 1 2 2; "
        "side left left left left right right right right",
    ],
)
def test_one_study_in_four_layouts(question: str) -> None:
    args = bound("gage_rr_expanded", question)
    assert args["part"] == "disc"
    (side,) = (levels for name, levels in args["factors"].items() if name != "disc")
    found = sorted(zip(args["data"], args["factors"]["disc"], side, strict=True))
    wanted = zip(GAP, DISC, ["left"] * 4 + ["right"] * 4, strict=True)
    assert found == sorted(wanted)


def test_labels_that_a_later_block_leaves_out() -> None:
    args = bound(
        "gage_rr_expanded",
        "part x operator x day, tol 3. day 1: part 1 Eva 7.1 Kurt 7.3, part 2 Eva 8.0 Kurt 8.1; "
        "day 2: 7.0 7.4 8.2 8.3; day 3: 7.2 7.2 8.1 8.0",
    )
    assert args["data"] == [7.1, 7.3, 8.0, 8.1, 7.0, 7.4, 8.2, 8.3, 7.2, 7.2, 8.1, 8.0]
    assert args["factors"] == {
        "day": ["1"] * 4 + ["2"] * 4 + ["3"] * 4,
        "part": ["1", "1", "2", "2"] * 3,
        "operator": ["Eva", "Kurt"] * 6,
    }
    assert (args["part"], args["tolerance"]) == ("part", 3.0)


def test_names_of_the_readings_of_every_row_stand_in_brackets() -> None:
    args = bound(
        "gage_rr_expanded",
        "s1: bar A 30.1 31.2 30.4, bar B 35.0 35.5 35.2 (g1 g2 g3); s2: bar A 30.3 31.0 30.6, "
        "bar B 35.1 35.9 35.4. bar is the part, gages and shifts are the rest, 20 to 50 allowed",
    )
    assert args["factors"]["bar"] == ["A"] * 3 + ["B"] * 3 + ["A"] * 3 + ["B"] * 3
    assert ["g1", "g2", "g3"] * 4 in args["factors"].values() or ["1", "2", "3"] * 4 in args[
        "factors"
    ].values()
    assert (args["lsl"], args["usl"]) == (20.0, 50.0)


def test_columns_of_a_wide_table_are_a_factor_where_the_question_speaks_of_them() -> None:
    table = "who;disc;k1;k2\nA;1;50;51\nA;2;60;62\nB;1;49;52\nB;2;61;63\n"
    args = bound("gage_rr_expanded", f"{table}k1 and k2 are two calipers. disc is the part")
    assert args["data"] == [50.0, 51.0, 60.0, 62.0, 49.0, 52.0, 61.0, 63.0]
    assert list(args["factors"].values())[2] == ["k1", "k2"] * 4


def test_nested_and_fixed_factors_and_a_model_without_interactions() -> None:
    question = (
        "part lab tech y\na X t1 5.0\na X t1 5.1\nb X t1 6.2\nb X t1 6.1\na X t2 5.2\na X t2 5.1\n"
        "b X t2 6.3\nb X t2 6.0\na Y t3 5.4\na Y t3 5.3\nb Y t3 6.5\nb Y t3 6.4\na Y t4 5.2\n"
        "a Y t4 5.5\nb Y t4 6.3\nb Y t4 6.6\n"
    )
    args = bound("gage_rr_expanded", question + "tech is nested in lab, 5.15 sigma, 90 % limits")
    assert args["nested"] == {"tech": "lab"}
    assert (args["study_multiplier"], args["confidence"]) == (5.15, 0.9)
    question = (
        "shaft 1: old 3.1 3.2, new 3.3 3.4; shaft 2: old 4.1 4.0, new 4.2 4.4; shaft is the part, "
    )
    args = bound("gage_rr_expanded", question + "old and new are fixed, main effects only")
    (probe,) = (name for name in args["factors"] if name != "shaft")
    assert args["fixed"] == [probe] and sorted(args["terms"]) == sorted(args["factors"])


def test_what_is_no_part_for_certain_is_asked() -> None:
    question = "expanded study. A: x 1.1 1.2, y 2.1 2.2; B: x 1.3 1.1, y 2.4 2.2"
    with pytest.raises(NeedsInput, match="named as the part"):
        bound("gage_rr_expanded", question)
    # nobody can tell whose the last readings are
    question = (
        "J p1 2.1 2.2, p2 2.6 2.5; K p1 2.0 2.3, p2 2.7 2.5; L was ill but p1 got 2.2, p2 2.4"
    )
    with pytest.raises(NeedsInput):
        bound("gage_rr_expanded", question)


PULL = [6.1, 6.3, 7.0, 7.2, 5.8, 5.9, 6.6, 6.5]


@pytest.mark.parametrize(
    ("question", "parts", "operators"),
    [
        ("each broke its own wires. Ada: w1 6.1 6.3, w2 7.0 7.2; Bob: w3 5.8 5.9, w4 6.6 6.5",
         ["w1", "w2", "w3", "w4"], ["Ada", "Bob"]),
        ("Ada pulled wires 11 and 12 (6.1 6.3; 7.0 7.2), Bob pulled 21 and 22 (5.8 5.9; 6.6 6.5).",
         ["11", "12", "21", "22"], ["Ada", "Bob"]),
        ("The wire breaks. Ada had two reels (6.1 6.3 and 7.0 7.2), Bob two others (5.8 5.9 and 6.6 6.5)",  # noqa: E501
         ["1", "2", "1", "2"], ["Ada", "Bob"]),
        ("Day shift: lots k1 (6.1 6.3) and k2 (7.0 7.2), night shift: k3 (5.8 5.9) and k4 (6.6 6.5)",  # noqa: E501
         ["k1", "k2", "k3", "k4"], ["Day shift", "night shift"]),
        ("operator,reel,pull 1,pull 2\nAda,a,6.1,6.3\nAda,b,7.0,7.2\nBob,c,5.8,5.9\nBob,d,6.6,6.5",
         ["a", "b", "c", "d"], ["Ada", "Bob"]),
    ],
)  # fmt: skip
def test_everybody_with_parts_of_his_own(
    question: str, parts: list[str], operators: list[str]
) -> None:
    args = bound("gage_rr_nested", question)
    assert args["data"] == PULL
    assert args["parts"] == [part for part in parts for _ in range(2)]
    assert args["operators"] == [name for name in operators for _ in range(4)]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("five readings, tolerance 0.5 wide", {"tolerance": 0.5}),
        ("good for 4 to 9 N?", {"lsl": 4.0, "usl": 9.0}),
        ("six sigma", {"study_multiplier": 6.0}),
        ("95 % limits please", {"confidence": 0.95}),
    ],
)
def test_what_a_study_is_judged_by(words: str, expected: dict[str, Any]) -> None:
    study = "Ada: w1 6.1 6.3, w2 7.0 7.2; Bob: w3 5.8 5.9, w4 6.6 6.5. "
    args = bound("gage_rr_nested", study + words)
    names = ("tolerance", "lsl", "usl", "study_multiplier", "confidence")
    assert {name: args[name] for name in names if name in args} == expected


MASTER = [[9.98, 10.01], [10.02, 10.0], [9.99, 10.03], [10.05, 10.01]]


@pytest.mark.parametrize(
    ("readings", "times"),
    [
        (
            "day 2 9.98 10.01, day 5 10.02 10.00, day 9 9.99 10.03, day 20 10.05 10.01",
            [2, 5, 9, 20],
        ),
        ("2: 9.98 10.01\n5: 10.02 10.00\n9: 9.99 10.03\n20: 10.05 10.01\n", [2, 5, 9, 20]),
        ("days 2, 5, 9, 20: 9.98/10.01, 10.02/10.00, 9.99/10.03, 10.05/10.01", [2, 5, 9, 20]),
        ("9.98 10.01 | 10.02 10.00 | 9.99 10.03 | 10.05 10.01", None),
    ],
)
def test_occasions_of_a_stability_study(readings: str, times: list[float] | None) -> None:
    args = bound("gage_stability", f"master block of 10.000 mm, 0.4 tol?\n{readings}\nany drift?")
    assert args["subgroups"] == MASTER and args["reference"] == 10.0
    assert args.get("times") == times


def test_readings_of_an_occasion_are_counted_in_words() -> None:
    text = "block 60.5 HRC, three hits a day: 60.1 60.4 60.3 60.8 60.5 60.2 60.6 60.9 60.1 60.7 60.2 60.3"  # noqa: E501
    args = bound("gage_stability", text + ", 1 % level")
    assert len(args["data"]) == 12 and args["subgroup_size"] == 3
    assert (args["reference"], args["alpha"]) == (60.5, 0.01)


SIZES, COUNTS = [2.0, 2.1, 2.2, 2.3, 2.4, 2.5, 2.6, 2.7], [20, 18, 15, 11, 8, 4, 2, 0]


@pytest.mark.parametrize(
    "told",
    [
        " ".join(f"{size}-{count}" for size, count in zip(SIZES, COUNTS, strict=True)),
        ", ".join(f"{size}:{count}" for size, count in zip(SIZES, COUNTS, strict=True)),
        "; ".join(f"{size} mm {count}" for size, count in zip(SIZES, COUNTS, strict=True)),
        f"pins {' '.join(map(str, SIZES))} passed {' '.join(map(str, COUNTS))} of 20",
        f"went through {'/'.join(map(str, COUNTS))} times for sizes {'/'.join(map(str, SIZES))}",
        "size,ok\n" + "\n".join(f"{s},{c}" for s, c in zip(SIZES, COUNTS, strict=True)) + "\n",
    ],
)
def test_sizes_and_counts_of_a_gage_that_says_yes_or_no(told: str) -> None:
    args = bound(
        "attribute_gage", f"snap gage, 20 tries each, should switch at 2.35\n{told}\nbias?"
    )
    assert (args["reference"], args["acceptances"]) == (SIZES, COUNTS)
    assert args["usl"] == 2.35 and "lsl" not in args and args.get("trials", 20) == 20


def test_a_rising_count_makes_the_limit_the_lower_one() -> None:
    pairs = "4.0 0, 4.2 3, 4.4 7, 4.6 12, 4.8 16, 5.0 22, 5.2 24, 5.4 25"
    args = bound(
        "attribute_gage", f"25 offers each, tolerance 2, limit 4.7: {pairs}; bias at 10 %?"
    )
    assert args["lsl"] == 4.7 and args["trials"] == 25
    assert (args["tolerance"], args["alpha"]) == (2.0, 0.1)
    with pytest.raises(NeedsInput, match="limit"):
        bound("attribute_gage", f"25 offers each: {pairs}")
