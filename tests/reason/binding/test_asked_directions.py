"""Directions asked without a question mark, by with and without, and in a follow-up."""

import pytest

from havoc.reading.question import read_question
from havoc.reason.binding import bind


@pytest.mark.parametrize(
    ("question", "alternative"),
    [
        ("with primer 5 6 7 6, without 8 9 8 9. Is it smaller with?", "less"),
        ("without shield 8 9 8 9, with shield 5 6 7 6. Is it higher without?", "greater"),
        ("with foil: 5 6 7 6. Without foil: 8 9 8 9. is foil lower?", "less"),
        ("before the rebuild: 8 9 8 9. after: 5 6 7 6. was it longer before?", "greater"),
        ("po zmianie 5 6 7 6, przed 8 9 8 9. after is shorter or not", "less"),
        ("coarse 5 6 7 6 min; fine 8 9 8 9 min. I claim coarse is faster (5 % risk).", "less"),
        ("one side only: before is smaller\nbefore 5 6 7 6 after 8 9 8 9, changed?", "less"),
        ("before 8 9 8 9 after 5 6 7 6, before is more time than after, prove it", "greater"),
    ],
)  # fmt: skip
def test_the_direction_of_two_groups(question: str, alternative: str) -> None:
    args = bind("t_test_two_sample", read_question(question)).args
    assert args.get("alternative") == alternative
