"""Signs told in words, vectors of R, two lists joined by "and", numbers of patients."""

from __future__ import annotations

from typing import Any

import pytest

from havoc.reading.question import read_question
from havoc.reason.binding import bind


def args(operation: str, question: str) -> dict[str, Any]:
    return bind(operation, read_question(question)).args


@pytest.mark.parametrize(
    ("question", "positive", "negative"),
    [
        ("Sign test: the new blade was better in 11 of the pairs, worse in 3", 11, 3),
        ("14 pairs, better in 11, worse in 3. sign test", 11, 3),
        ("down in 2 shops, up in 9 shops; only the direction", 9, 2),
        ("9 were faster and 2 slower", 9, 2),
        ("2 got worse, 9 got better", 9, 2),
        ("signs: + + - + + - + +", 6, 2),
    ],
)
def test_signs_are_counted_by_the_word_beside_them(
    question: str, positive: int, negative: int
) -> None:
    found = args("sign_test", question)
    assert (found["positive"], found["negative"]) == (positive, negative)


def test_vectors_of_r_are_lists() -> None:
    found = args("equal_variance", "var.test(a, b), a = c(22, 25, 27), b = c(30,18,35)")
    assert found["groups"] == {"a": [22.0, 25.0, 27.0], "b": [30.0, 18.0, 35.0]}
    factors = args("full_factorial", "factors: speed=c(50,90), heat=c(10,30)")["factors"]
    assert [factor["levels"] for factor in factors] == [[50.0, 90.0], [10.0, 30.0]]


@pytest.mark.parametrize(
    ("text", "lists"),
    [
        ("tau between 3, 7, 5, 9, 8 and 1, 5, 2, 6, 6", [[3, 7, 5, 9, 8], [1, 5, 2, 6, 6]]),
        ("waits 12, 15, 11, 70 and 18, 22, 25", [[12, 15, 11, 70], [18, 22, 25]]),
        ("mean of 3, 4, 5, 7, 8 and 6", [[3, 4, 5, 7, 8, 6]]),
        ("mean of 3, 4 and 5, 6, 7", [[3, 4, 5, 6, 7]]),
    ],
)
def test_an_and_between_two_lists_parts_them(text: str, lists: list[list[float]]) -> None:
    blocks = read_question(text).blocks
    assert [item.values for block in blocks for item in block.lists] == lists


def test_numbers_of_patients_are_not_measured() -> None:
    found = args(
        "wilcoxon_signed_rank",
        "subject_id,before,after\n101,8.1,7.2\n102,9.3,8.8\n103,7.7,7.5\n104,8.8,8.1\ndid it drop",
    )
    assert found["group1"] == [8.1, 9.3, 7.7, 8.8]
    assert found["alternative"] == "greater"


def test_variances_that_are_not_supposed_equal() -> None:
    data = "H: 0.52 0.49 0.55 and K: 0.61 0.44 0.70"
    for words, equal in (
        ("without supposing that their variances are equal", False),
        ("the variances cannot be taken as equal", False),
        ("equal variances assumed", True),
    ):
        assert args("t_test_two_sample", f"t test of {data}, {words}")["equal_var"] is equal


def test_an_inequality_is_the_alternative() -> None:
    assert args("t_test_one_sample", "mu > 6.0? 6.2 6.4 5.9 6.5")["alternative"] == "greater"
    assert args("t_test_one_sample", "mu < 6.0? 5.2 5.4 5.9 5.5")["alternative"] == "less"


def test_points_are_no_decimal_commas() -> None:
    reading = read_question("temp and load of each run: (20,50) (21,52) (20,51), which one is odd?")
    lists = [item.values for block in reading.blocks for item in block.lists]
    assert lists == [[20, 50], [21, 52], [20, 51]]
    assert read_question("Werte (12,5) und (13,1)").plain == "Werte (12.5) und (13.1)"
