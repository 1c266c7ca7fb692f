"""Tables of counts in sentences: with a word for every count, for the first row, or for none."""

import pytest

from havoc.reading.question import read_question
from havoc.reason.binding import Binding, bind
from havoc.tools import registry


def bound(question: str, operation: str = "chi_square_independence") -> Binding:
    binding = bind(operation, read_question(question))
    registry.execute(binding.operation, binding.args)
    return binding


@pytest.mark.parametrize(
    ("question", "columns"),
    [
        (
            "early: 41 whole, 13 bent, 6 torn; late: 39, 21, 10. same mix?",
            ["whole", "bent", "torn"],
        ),
        (
            "Shift A: 41 minor 13 major 6 fatal. Shift B: 39/21/10. Linked?",
            ["minor", "major", "fatal"],
        ),
        (
            "P1 -> 41 dents, 13 cuts, 6 burns; P2 -> 39 dents, 21 cuts, 10 burns",
            ["dents", "cuts", "burns"],
        ),
        ("by plant: CZ Low 41 Mid 13 High 6; MX Low 39 Mid 21 High 10", ["Low", "Mid", "High"]),
        (
            "In spring 41 were for size, 13 for colour, 6 for price. In autumn 39 size, 21 "
            "colour, 10 price.",
            ["size", "colour", "price"],
        ),
    ],
)
def test_rows_of_three_counts(question: str, columns: list[str]) -> None:
    args = bound(question).args
    assert args["table"] == [[41.0, 13.0, 6.0], [39.0, 21.0, 10.0]]
    assert args["columns"] == columns


@pytest.mark.parametrize(
    "question",
    [
        "Post on time 160 late 24, rail 150/31, road 120/40: is lateness a matter of the carrier?",
        "on time 160, late 24 for tour 1; on time 150, late 31 for tour 2; on time "
        "120, late 40 for tour 3",
        "post: 24 late of 184; rail: 31 late of 181; road: 40 late of 160 - linked to the carrier?",
    ],
)
def test_three_rows_of_two_counts(question: str) -> None:
    table = [sorted(map(float, row), reverse=True) for row in bound(question).args["table"]]
    assert table == [[160.0, 24.0], [150.0, 31.0], [120.0, 40.0]]


@pytest.mark.parametrize(
    "question",
    [
        "30 coated parts: 2 rusted. 25 bare parts: 9 rusted",
        "30 parts coated 2 rusted; 25 parts bare 9 rusted",
        "of 30 from bath 1 2 rusted, of 25 from bath 2 9 rusted",
    ],
)
def test_the_size_before_the_part(question: str) -> None:
    assert bound(question, "fisher_exact").args["table"] == [[2, 28], [9, 16]]


def test_cells_by_their_letters() -> None:
    args = bound("exact test for a=4, b=15, c=11, d=8", "fisher_exact").args
    assert args["table"] == [[4.0, 15.0], [11.0, 8.0]]
