"""Cells of two factors as people write them: labels in any order, tables, rows by columns."""

import pytest

from havoc.reading.question import read_question
from havoc.reason.binding import Binding, NeedsInput, bind
from havoc.tools import registry


def bound(question: str) -> Binding:
    binding = bind("anova_two_way", read_question(question))
    registry.execute(binding.operation, binding.args)
    return binding


def cells(binding: Binding) -> list[tuple[str, str, float]]:
    columns = (binding.args[name] for name in ("factor_a", "factor_b", "response"))
    return sorted(zip(*columns, strict=True))


@pytest.mark.parametrize(
    ("question", "levels"),
    [
        (
            "Oil X press 1: 2 3; Oil X press 2: 4 6; Oil Y press 1: 1 2; Oil Y press 2: 5 7",
            "X Y 1 2",
        ),
        (
            "resin R7 at 150 C: 2, 3. resin R7 at 170 C: 4, 6. resin R9 at 150 C: 1, 2. "
            "resin R9 at 170 C: 5, 7. Both?",
            "R7 R9 150 170",
        ),
        ("Q1 dawn 2 3 dusk 4 6 ; Q2 dawn 1 2 dusk 5 7. same dusk effect?", "Q1 Q2 dawn dusk"),
        (
            "Day shift old tool 2 3, day shift new tool 4 6, night shift old tool 1 2, "
            "night shift new tool 5 7",
            "Day night old new",
        ),
        (
            "bank/speed/wear: K,1,2; K,1,3; K,2,4; K,2,6; L,1,1; L,1,2; L,2,5; L,2,7. interaction?",
            "K L 1 2",
        ),
        (
            "with primer & wet: 2 3; with primer & dry: 4 6; without primer & wet: 1 2; "
            "without primer & dry: 5 7",
            "with without wet dry",
        ),
        (
            "cuve 1, été: 2 3; cuve 1, hiver: 4 6; cuve 2, été: 1 2; cuve 2, hiver: 5 7",
            "1 2 été hiver",
        ),
    ],
)
def test_cells_with_labels_in_prose(question: str, levels: str) -> None:
    first, second, low, high = levels.split()
    assert cells(bound(question)) == sorted(
        [
            (first, low, 2.0), (first, low, 3.0), (first, high, 4.0), (first, high, 6.0),
            (second, low, 1.0), (second, low, 2.0), (second, high, 5.0), (second, high, 7.0),
        ]
    )  # fmt: skip


def test_the_last_cell_is_no_confidence_level() -> None:
    binding = bound("bank/speed: K,1,88; K,1,86; K,2,91; K,2,92; L,1,84; L,1,85; L,2,97; L,2,95.")
    assert "alpha" not in binding.args


def test_time_and_day_are_factors_where_they_repeat() -> None:
    table = (
        "temp,time,pull\nlow,short,20\nlow,long,25\nlow,short,21\nlow,long,24\n"
        "high,short,28\nhigh,long,26\nhigh,short,27\nhigh,long,25"
    )
    args = bound(f"two-way anova\n{table}").args
    assert (args["name_a"], args["name_b"], args["response_name"]) == ("temp", "time", "pull")
    rows = "day,tech,ash\n1,AB,9.2\n1,CD,8.8\n2,AB,8.9\n2,CD,8.4\n3,AB,9.6\n3,CD,9.1"
    args = bound(f"{rows}\nHow much is day, how much tech?").args
    assert args["response"] == [9.2, 8.8, 8.9, 8.4, 9.6, 9.1]


def test_a_wide_table_with_several_readings_a_cell() -> None:
    args = bound(
        "kiln\t900C\t950C\nK1\t8.1, 8.4\t9.9, 9.2\nK2\t7.8, 7.0\t8.3, 8.2\ninteraction?"
    ).args
    assert len(args["response"]) == 8
    assert set(args["factor_b"]) == {"900C", "950C"}


@pytest.mark.parametrize(
    ("question", "columns"),
    [
        (
            "rows are ovens, columns are trays (top, mid, low). O1: 7 6 5; O2: 8 7 9",
            ["top", "mid", "low"],
        ),
        ("press P1: 7 6 5; P2: 8 7 9 (coils 4-6), block out the coil", ["4", "5", "6"]),
        ("Kim and Lea each tried glue U, V and W once. Kim: 7 6 5, Lea: 8 7 9", ["U", "V", "W"]),
    ],
)
def test_rows_by_named_columns(question: str, columns: list[str]) -> None:
    args = bound(question).args
    assert args["factor_b"] == columns * 2
    assert args["response"] == [7.0, 6.0, 5.0, 8.0, 7.0, 9.0]


@pytest.mark.parametrize(
    "question",
    [
        "two-way anova, do they interact?",
        "two-way anova A: 5 6 7 B: 6 7 8",
        "Redo it without the interaction and compare again: 5 6 7 and 6 7 8",
        "A hot: 5 6; A cold: 7 8; B hot: 6 6 - two way please",
    ],
)
def test_an_incomplete_layout_is_asked_back(question: str) -> None:
    with pytest.raises(NeedsInput):
        bind("anova_two_way", read_question(question))
