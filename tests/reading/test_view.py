"""The text that a network reads: no figure, every slot, and what decides between methods."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from havoc.reading.question import read_question
from havoc.reading.table import Column, Table
from havoc.reading.view import list_class, number_class, question_slots, question_view

SLOT = re.compile(r"<[dcn](\d+)>")


def view(text: str, before: str = "") -> str:
    return question_view(read_question(text), before)


def test_figures_become_slots_with_their_class() -> None:
    assert view("0 failures in 60 units, 95% sure?") == (
        "<n0> zero failures in <n1> tens units, <n2> tens % sure?"
    )
    assert view("alpha 0.05 and 1200 parts, ratio 1") == (
        "alpha <n0> fraction and <n1> big parts, ratio <n2> one"
    )


def test_lists_say_how_many_of_which_kind_and_whether_they_are_alike() -> None:
    assert view("A: 1.2 1.3 1.1 B: 1.4 1.6 1.5, same?") == (
        "a: <d0> few dec b: <d1> few dec same , same?"
    )


def test_a_pasted_table_shows_its_columns_and_their_levels() -> None:
    text = view(
        "oven,days\n" + "\n".join(f"{o},{d}" for o, d in zip("ABABAB", "481259", strict=True))
    )
    assert "<c0> oven text two" in text
    assert "<c1> days int" in text


def test_a_file_is_described_after_the_question() -> None:
    table = Table(
        columns=[Column(name="w7", kind="number", values=[0.0, 1.0] * 4)],
        source="a.csv",
        header=True,
    )
    assert question_view(read_question("how many fail", [table])).endswith(
        "[table some rows <c0> w binary two]"
    )


def test_designs_in_powers_are_told_apart() -> None:
    assert "fractional power" in view("a 2^(7-4) please")
    assert "full power" in view("a 2^3 with centre points")


def test_a_follow_up_names_what_came_before() -> None:
    assert view("and with alpha 1%?", "t_test_paired").startswith("after t test paired : ")


@given(st.text(max_size=300))
def test_no_figure_is_left_whatever_is_typed(text: str) -> None:
    rest = SLOT.sub("", view(text))
    assert not re.search(r"[0-9]", rest)


@given(st.lists(st.floats(0, 1e6), min_size=30, max_size=60))
def test_slots_stay_within_the_vocabulary(values: list[float]) -> None:
    text = view(" and then ".join(f"x{chr(97 + i % 26)} {value}" for i, value in enumerate(values)))
    assert all(int(number) < 24 for number in SLOT.findall(text))


@pytest.mark.parametrize(
    ("written", "name"),
    [
        *(("0", "zero"), ("1", "one"), ("7", "digit"), ("42", "tens"), ("250", "hundreds")),
        *(("0.05", "fraction"), ("12,4", "decimal"), ("1e-3", "fraction"), ("5000", "big")),
    ],
)
def test_classes_of_numbers(written: str, name: str) -> None:
    assert number_class(written) == name


def test_classes_of_lists() -> None:
    assert list_class([0.0, 1.0, 1.0]) == "few binary"
    assert list_class([1.0, 2.0]) == "pair int"
    assert list_class([None, None]) == "pair missing"
    assert list_class([0.5] * 40) == "lots dec"


def test_slots_stand_for_what_stood_in_their_place() -> None:
    reading = read_question("A: 1.2 1.3 1.1 B: 1.4 1.6 1.5, shift -0.5, alpha 5 %, lot 1200?")
    assert question_slots(reading) == {
        "<d0>": [1.2, 1.3, 1.1],
        "<d1>": [1.4, 1.6, 1.5],
        "<n0>": -0.5,
        "<n1>": 0.05,
        "<n2>": 1200.0,
    }


def test_columns_of_a_file_and_of_a_pasted_table_are_numbered_as_in_the_view() -> None:
    file = Table(
        source="runs.csv",
        columns=[Column(name="oven", kind="text", values=["A", "B"])],
        header=True,
    )
    reading = read_question("days,load\n4,7\n8,9\n1,6\nwhich oven?", [file])
    slots = question_slots(reading)
    text = question_view(reading)
    assert slots["<c0>"] == ["A", "B"]
    for slot, name in (("<c1>", "days"), ("<c2>", "load")):
        assert f"{slot} {name}" in text
    assert slots["<c1>"] == [4.0, 8.0, 1.0] and slots["<c2>"] == [7.0, 9.0, 6.0]


def test_a_slot_that_several_figures_share_stands_for_none_of_them() -> None:
    reading = read_question("weigh " + " kg then ".join(str(n) for n in range(40, 70)) + " kg")
    slots = question_slots(reading)
    assert slots["<n0>"] == 40.0 and "<n23>" not in slots


@given(st.text(max_size=200))
def test_every_slot_stands_in_the_text(text: str) -> None:
    reading = read_question(text)
    assert set(question_slots(reading)) <= set(re.findall(r"<[dcn]\d+>", question_view(reading)))
